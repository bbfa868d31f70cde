"""Breakage: a life table by age in months, against figures by hand and a plain computation."""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partners.breakage import Age, Estimate, State, estimate
from partners.lots import Gone, History
from partners.programmes.periods import add_months

DECEMBER = date(2025, 12, 1)


def month(index: int) -> date:
    """From 0, January 2025."""
    return add_months(date(2025, 1, 1), index)


def told(cohorts: Sequence[tuple[int, Sequence[int], Sequence[int]]]) -> History:
    """A cohort for each month from January 2025 on: issued, used by age, lapsed by age."""
    gone = [
        Gone(month(index), month(index + age), lapsed, amount)
        for index, (_, used, lost) in enumerate(cohorts)
        for lapsed, amounts in ((False, used), (True, lost))
        for age, amount in enumerate(amounts)
        if amount
    ]
    return History([(month(i), issued) for i, (issued, _, _) in enumerate(cohorts)], gone)


EVERY_MONTH = [
    (1_000, [400, 200, 100][: 12 - index], [0] * 11 + [30] if index == 0 else [])
    for index in range(12)
]
"""The example of docs/LIABILITIES.md."""


def test_the_worked_example() -> None:
    found = estimate(told(EVERY_MONTH), DECEMBER)

    assert found.state is State.ESTIMATED
    assert found.ages[:4] == (
        Age(12_000, 4_800, 0),
        Age(6_600, 2_200, 0),
        Age(4_000, 1_000, 0),
        Age(2_700, 0, 0),
    )
    assert found.ages[11] == Age(300, 0, 30)
    assert [c.outstanding_minor for c in found.cohorts] == [270, *[300] * 9, 400, 600]
    assert [c.breakage_minor for c in found.cohorts] == [270, *[300] * 11]
    assert (found.outstanding_minor, found.breakage_minor) == (3_970, 3_570)
    # At the least only a tenth lapses, at the age of eleven months, of all but January's.
    assert (found.lowest_minor, found.highest_minor) == (330, 3_570)


def test_what_is_older_than_any_seen_goes_on_as_the_oldest_did() -> None:
    """Ten of a hundred are used at every age; so for twelve months more, and then no more."""
    cohorts = []
    for index in range(12):
        left, used = 10**15, []
        for _ in range(12 - index):
            used.append(left // 10)
            left -= left // 10
        cohorts.append((10**15, used, []))

    found = estimate(told(cohorts), DECEMBER)

    january = found.cohorts[0]
    share = Fraction(january.breakage_minor, january.outstanding_minor)
    assert abs(share - Fraction(9, 10) ** 12) < Fraction(1, 10**12)
    assert found.lowest_minor == 0


@pytest.mark.parametrize(
    ("cohorts", "state", "months"),
    [
        ([], State.TOO_FEW_MONTHS, 0),
        (EVERY_MONTH[1:], State.TOO_FEW_MONTHS, 11),
        ([(1_000, [], [])] * 12, State.NOTHING_HAPPENED, 12),
    ],
)
def test_without_enough_data_there_is_no_estimate(
    cohorts: list[tuple[int, list[int], list[int]]], state: State, months: int
) -> None:
    last = month(max(0, len(cohorts) - 1))
    assert estimate(told(cohorts), last) == Estimate(state, months)


def test_what_went_before_it_was_issued_went_at_once() -> None:
    """A debt is met by what is earned later."""
    history = told(EVERY_MONTH)
    early = [*history.gone, Gone(month(5), month(3), lapsed=False, amount_minor=50)]

    found = estimate(History(history.issued, early), DECEMBER)

    assert found.ages[0].used_minor == 4_850


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[int, list[int], list[int]]]:
    months = draw(st.integers(12, 16))
    cohorts = []
    for index in range(months):
        left = issued = draw(st.integers(0, 10_000))
        used, lapsed = [], []
        for _ in range(months - index):
            for went in (used, lapsed):
                went.append(draw(st.integers(0, left // 4)))
                left -= went[-1]
        cohorts.append((issued, used, lapsed))
    return cohorts


@given(histories())
def test_a_plain_computation_finds_the_same(
    cohorts: list[tuple[int, list[int], list[int]]],
) -> None:
    """Each cohort is followed forwards, age by age, where the product goes backwards."""
    last = month(len(cohorts) - 1)
    found = estimate(told(cohorts), last)
    if found.state is not State.ESTIMATED:
        assert not any(sum(used) + sum(lapsed) for _, used, lapsed in cohorts)
        return
    expected = [plainly(cohorts, index) for index in range(len(cohorts))]
    assert found.breakage_minor == int(sum(expected) + Fraction(1, 2))
    assert sum(c.breakage_minor for c in found.cohorts) == found.breakage_minor
    for cohort, exact in zip(found.cohorts, expected, strict=True):
        assert abs(cohort.breakage_minor - exact) <= 1
    ordered = (found.lowest_minor, found.breakage_minor, found.highest_minor)
    assert [0, *sorted(ordered), found.outstanding_minor] == sorted(
        [0, *ordered, found.outstanding_minor]
    )
    assert list(ordered) == sorted(ordered)


def plainly(cohorts: list[tuple[int, list[int], list[int]]], index: int) -> Fraction:
    """What of a cohort is never used."""
    rates = [rate_at(cohorts, age) for age in range(len(cohorts))]
    known = [rate for rate in rates if rate[0]]
    oldest = [sum(part) for part in zip(*known[-6:], strict=True)]
    issued, used, lapsed = cohorts[index]
    left = Fraction(issued - sum(used) - sum(lapsed))
    never = Fraction(0)
    for risk, uses, lapses in [*rates[len(cohorts) - index :], *[oldest] * len(known)]:
        if risk:
            never += left * lapses / risk
            left -= left * (uses + lapses) / risk
    return never + left


def rate_at(cohorts: list[tuple[int, list[int], list[int]]], age: int) -> tuple[int, int, int]:
    """At risk, used and lapsed at an age."""
    risk = uses = lapses = 0
    for issued, used, lapsed in cohorts[: len(cohorts) - age]:
        risk += issued - sum(used[:age]) - sum(lapsed[:age])
        uses += used[age] if age < len(used) else 0
        lapses += lapsed[age] if age < len(lapsed) else 0
    return risk, uses, lapses
