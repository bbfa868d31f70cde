"""The fewest payments: published figures, an independent search, and many participants."""

from collections.abc import Iterator
from itertools import combinations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.fewest import MOST
from settlement.netting import (
    Method,
    Obligation,
    Payment,
    bilateral,
    method,
    payments,
    positions,
    volume,
)

Listed = tuple[tuple[str, str, int], ...]

PUBLISHED: dict[str, tuple[Listed, dict[str, int], Listed]] = {
    # A treasury course's example of multilateral netting, in dollars: "Example 2 - Multilateral
    # Netting", https://www.scribd.com/document/495700079/tuition-CN-7
    "three subsidiaries": (
        (
            ("UK", "SA", 195_886),
            ("UK", "FR", 545_455),
            ("FR", "SA", 130_591),
            ("SA", "UK", 108_824),
            ("SA", "FR", 426_136),
        ),
        {"FR": 841_000, "SA": -208_483, "UK": -632_517},
        (("SA", "FR", 208_483), ("UK", "FR", 632_517)),
    ),
    # "Minimum cash flow", https://www.naukri.com/code360/problem-details/minimum-cash-flow_975372
    "four friends": (
        (("A", "B", 2_000), ("A", "C", 1_000), ("B", "C", 3_000), ("C", "A", 1_000)),
        {"A": -2_000, "B": -1_000, "C": 3_000},
        (("A", "C", 2_000), ("B", "C", 1_000)),
    ),
    # "Optimal account balancing" (LeetCode 465), where 0 gave 1 ten: 1 owes 0 ten. Its two
    # examples as https://hashl.com/algo/problem/optimal-account-balancing has them.
    "two payments": (
        (("1", "0", 10), ("0", "2", 5)),
        {"0": 5, "1": -10, "2": 5},
        (("1", "0", 5), ("1", "2", 5)),
    ),
    "one payment": (
        (("1", "0", 10), ("0", "1", 1), ("2", "1", 5), ("0", "2", 5)),
        {"0": 4, "1": -4, "2": 0},
        (("1", "0", 4),),
    ),
    # "What algorithm to use to determine minimum number of actions required to get the system
    # to Zero state?", Software Engineering Stack Exchange; A lent B 10, and so on.
    "lunch, ticket and gift": (
        (("B", "A", 10), ("A", "B", 1), ("C", "B", 5), ("A", "C", 5)),
        {"A": 4, "B": -4, "C": 0},
        (("B", "A", 4),),
    ),
}


@pytest.mark.parametrize("case", PUBLISHED.values(), ids=PUBLISHED)
def test_published_figures(case: tuple[Listed, dict[str, int], Listed]) -> None:
    owed, nets, due = case
    obligations = [Obligation(*row) for row in owed]
    assert positions(obligations) == nets
    assert positions(bilateral(obligations)) == nets
    assert payments(nets) == tuple(Payment(*row) for row in due)


def test_the_largest_first_would_make_five_of_four() -> None:
    nets = {"a": 10, "b": 49, "c": 50, "d": 65, "e": -75, "f": -99}
    assert method(nets) is Method.EXACT
    assert payments(nets) == (
        Payment("e", "a", 10),
        Payment("e", "d", 65),
        Payment("f", "b", 49),
        Payment("f", "c", 50),
    )


def every_way(nets: dict[str, int]) -> Iterator[Listed]:
    """All lists of payments from payers to receivers, each pair at most once, by search."""
    payer = min((name for name, net in nets.items() if net < 0), default=None)
    if payer is None:
        yield ()
        return
    receivers = sorted(name for name, net in nets.items() if net > 0)
    for chosen in (set_ for k in range(len(receivers)) for set_ in combinations(receivers, k + 1)):
        for amounts in shares(-nets[payer], [nets[name] for name in chosen]):
            given_ = dict(zip(chosen, amounts, strict=True))
            left = {n: net - given_.get(n, 0) for n, net in nets.items() if n != payer}
            first = tuple((payer, name, amount) for name, amount in given_.items())
            yield from (first + rest for rest in every_way(left))


def shares(total: int, most: list[int]) -> Iterator[list[int]]:
    """Every way to pay a total, at least one to each and at most what each receives."""
    if not most:
        if not total:
            yield []
        return
    for first in range(1, min(total, most[0]) + 1):
        yield from ([first, *rest] for rest in shares(total - first, most[1:]))


small = st.lists(st.integers(-5, 5), max_size=5).map(
    lambda nets: {f"p{i}": net for i, net in enumerate([*nets, -sum(nets)])},
)


@given(small)
def test_no_search_finds_fewer_or_an_earlier_list(nets: dict[str, int]) -> None:
    best = min(every_way(nets), key=lambda found: (len(found), found))
    assert payments(nets) == tuple(Payment(*row) for row in best)


def made(random: Random, count: int, largest: int) -> dict[str, int]:
    """Positions of so many, none of them zero."""
    while True:
        nets = [random.randint(1, largest) * random.choice((1, -1)) for _ in range(count - 1)]
        if total := sum(nets):
            return {f"p{i:04}": net for i, net in enumerate([*nets, -total])}


def left_after(nets: dict[str, int], found: tuple[Payment, ...]) -> dict[str, int]:
    left = dict(nets)
    for payment in found:
        left[payment.payer] += payment.amount
        left[payment.payee] -= payment.amount
    return {name: net for name, net in left.items() if net}


@pytest.mark.parametrize("largest", [1, 4, 30, 10**40])
@pytest.mark.parametrize("count", [MOST - 1, MOST, MOST + 1, 60, 500])
def test_many_participants(count: int, largest: int) -> None:
    nets = made(Random(f"{count} {largest}"), count, largest)
    found = payments(nets)
    assert method(nets) is (Method.EXACT if count <= MOST else Method.HEURISTIC)
    assert left_after(nets, found) == {}
    assert len(found) < count
    assert not {p.payer for p in found} & {p.payee for p in found}
    shuffled = list(nets.items())
    Random(1).shuffle(shuffled)
    assert payments(dict(shuffled)) == found


def test_groups_are_found_however_many_there_are() -> None:
    """Six groups as in the example of four payments, in disorder; and none of them is missed."""
    group = (10, 65, -75, 49, 50, -99)
    nets = {f"{i % 3}-{place}-{i}": net for i in range(3) for place, net in enumerate(group)}
    assert len(payments(nets)) == 12
    nets |= {f"x{i}": net for i, net in enumerate((1, -1, 7, -7))}
    assert method(nets) is Method.HEURISTIC
    assert len(payments(nets)) == 14


def test_zero_positions_do_not_count_for_the_method() -> None:
    nets = {f"p{i}": 0 for i in range(100)} | {"a": -1, "b": 1}
    assert method(nets) is Method.EXACT
    assert payments(nets) == (Payment("a", "b", 1),)


def test_volume() -> None:
    owed = [Obligation("a", "b", 60), Obligation("b", "a", 20), Obligation("b", "c", 10)]
    found = volume(owed, payments(positions(owed)))
    assert (found.gross, found.net, str(found.ratio)) == (90, 40, "4/9")
    assert found.ratio_words == "4/9 (44.44 %)"
    assert volume([], ()).ratio is None
    assert volume([], ()).ratio_words == ""
