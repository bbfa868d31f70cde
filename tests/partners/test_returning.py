"""Parts of a conversion that go back: exact, monotone, never more than what was given for them."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partners.exchange.returning import shares, source_for, target_for

AMOUNT = st.integers(1, 10**12)

NEEDED = {
    # source, target, wanted of the source: units of the target, and what they bring
    "all of it": (1_000, 606, 1_000, 606, 1_000),
    "half": (1_000, 606, 500, 303, 500),
    "a third": (1_000, 606, 333, 202, 333),
    "two thirds bring one more": (1_000, 606, 667, 405, 668),
    "one unit": (1_000, 606, 1, 1, 1),
    "a coarse target": (1_000, 10, 49, 1, 100),
    "a fine target": (10, 1_000, 1, 100, 1),
    "one for all": (1_000, 1, 1, 1, 1_000),
}


@pytest.mark.parametrize("name", NEEDED)
def test_units_of_the_target_that_bring_what_is_wanted(name: str) -> None:
    source, target, wanted, taken, brought = NEEDED[name]

    assert target_for(source, target, wanted) == taken
    assert source_for(source, target, taken) == brought


@given(AMOUNT, AMOUNT, st.data())
def test_the_fewest_units_that_are_enough(source: int, target: int, data: st.DataObject) -> None:
    wanted = data.draw(st.integers(1, source))
    taken = target_for(source, target, wanted)

    assert 0 < taken <= target
    assert wanted <= source_for(source, target, taken)
    assert source_for(source, target, taken - 1) < wanted
    assert source_for(source, target, target) == source
    assert Fraction(source_for(source, target, taken), source) <= Fraction(taken, target)


@given(st.lists(st.integers(0, 10**6), max_size=5), st.data())
def test_shares_sum_to_their_part_and_never_shrink(amounts: list[int], data: st.DataObject) -> None:
    total = sum(amounts)
    cuts = sorted(data.draw(st.lists(st.integers(0, total), max_size=6)))
    split = [list(shares(amounts, part)) for part in [0, *cuts, total]]

    assert [sum(each) for each in split] == [0, *cuts, total]
    assert split[-1] == amounts
    for before, after in pairwise(split):
        assert all(one <= other for one, other in zip(before, after, strict=True))


def test_no_more_is_split_than_there_is() -> None:
    with pytest.raises(ValueError, match="not a part"):
        list(shares([2, 3], 6))
