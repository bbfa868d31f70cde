"""Tiers over years: when evaluations happen, and in which order, decides nothing."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from partners.programmes.definition import ProgrammeDefinition, parse_definition
from partners.programmes.progress import Progress
from partners.programmes.tiers import Standing, TierSource, TierTerm, evaluate, tier_on

JOINED = date(2024, 2, 29)
LAST = date(2026, 9, 15)
SPAN_DAYS = (LAST - JOINED).days
DAYS = [JOINED + timedelta(days=number) for number in range(SPAN_DAYS + 1)]
HEAD = """
schema = 1
programme = "hotel-h"
name = "Hotel H Rewards"
valid_from = 2015-01-01T00:00:00Z
custody = "gateway"
reversal = "negative-balance"
[[counters]]
counter = "stays"
activity = "STAY"
per = "activity"
[[counters]]
counter = "months"
per = "membership_month"
[[tiers]]
name = "MEMBER"
[[tiers]]
name = "SILVER"
reached = [{ stays = 4 }]
[[tiers]]
name = "GOLD"
reached = [{ stays = 10 }]
lifetime = [{ stays = 40, months = 20 }]
[[tiers]]
name = "DIAMOND"
reached = [{ stays = 20 }]
[qualification]
"""
QUALIFICATIONS = [
    'period = "calendar-year"\nterm = "period"',
    'period = "calendar-year"\nterm = "next-period"',
    'period = "calendar-year"\nterm = "next-period"\nfall = "one-step"',
    'period = "membership-year"\nterm = "next-period"',
    'period = "membership-year"\nterm = "period"\nfall = "one-step"',
    'period = "consecutive-months"\nterm = "months"',
    'period = "consecutive-months"\nmonths = 6\nterm = "months"\nfall = "one-step"',
    'period = "monthly-rating"\nterm = "months"',
    'period = "monthly-rating"\nmonths = 3\nterm = "months"\nterm_months = 5\nfall = "one-step"',
    'period = "calendar-year"\nterm = "while-reached"',
    'period = "consecutive-months"\nmonths = 6\nterm = "while-reached"',
]
nights = st.lists(st.sampled_from(DAYS), max_size=40)
BOUGHT = TierTerm("GOLD", JOINED, date(2025, 4, 10), TierSource.PURCHASED)

stays = st.lists(st.tuples(st.integers(0, SPAN_DAYS), st.integers(1, 12)), min_size=1, max_size=25)


def programme(qualification: str) -> ProgrammeDefinition:
    """Four tiers by stays, one of them for life as well."""
    return parse_definition((HEAD + qualification).encode())


def lived(
    definition: ProgrammeDefinition,
    stays: Iterable[tuple[int, int]],
    evaluated_on: Iterable[date],
    held: TierTerm | None = None,
) -> list[TierTerm]:
    """The terms of a member with these stays, evaluated at each of them and on these days."""
    by_day: dict[date, int] = {}
    for number, count in stays:
        by_day[DAYS[number]] = by_day.get(DAYS[number], 0) + count
    progress = Progress()
    terms = [held or TierTerm("MEMBER", JOINED, None, TierSource.JOINED)]
    for day in sorted(set(evaluated_on) | set(by_day)):
        touched = None
        if day in by_day:
            progress.add("stays", day, 0, by_day[day])
            touched = day
        standing = Standing(terms[-1], progress, JOINED, terms[:-1])
        terms += evaluate(definition, standing, day, touched).terms
    return terms


@pytest.mark.parametrize("qualification", QUALIFICATIONS[:-2])
@given(stays, st.sampled_from([None, BOUGHT]), nights)
@example([(5, 1), (40, 30), (300, 9), (700, 4)], BOUGHT, DAYS)
@settings(max_examples=15, deadline=None)
def test_a_nightly_job_that_never_ran_makes_no_difference(
    qualification: str,
    stays: Sequence[tuple[int, int]],
    held: TierTerm | None,
    nights: Sequence[date],
) -> None:
    """Whether on some nights or on all of them: not to the tier on any day, its end or source."""
    definition = programme(qualification)
    nightly = lived(definition, stays, [*nights, LAST], held)
    assert lived(definition, stays, [LAST], held) == nightly


@pytest.mark.parametrize("qualification", QUALIFICATIONS[-2:])
@given(stays, nights)
@settings(max_examples=15, deadline=None)
def test_what_holds_while_it_is_reached_has_no_past(
    qualification: str, stays: Sequence[tuple[int, int]], nights: Sequence[date]
) -> None:
    definition = programme(qualification)
    nightly, once = lived(definition, stays, [*nights, LAST]), lived(definition, stays, [LAST])
    assert (nightly[-1].tier, nightly[-1].until) == (once[-1].tier, once[-1].until)


@pytest.mark.parametrize("qualification", QUALIFICATIONS)
@given(stays)
@settings(max_examples=15, deadline=None)
def test_an_evaluation_that_is_repeated_changes_nothing(
    qualification: str, stays: Sequence[tuple[int, int]]
) -> None:
    definition = programme(qualification)
    terms = lived(definition, stays, [LAST])
    progress = Progress()
    for number, count in stays:
        progress.add("stays", DAYS[number], 0, count)
    again = evaluate(definition, Standing(terms[-1], progress, JOINED, terms[:-1]), LAST)
    assert again.terms == ()


@pytest.mark.parametrize("qualification", [q for q in QUALIFICATIONS if "one-step" not in q])
@given(
    st.lists(st.tuples(st.integers(310, 670), st.integers(1, 12)), min_size=1, max_size=8),
    st.data(),
)
@settings(max_examples=15, deadline=None)
def test_the_order_in_which_a_years_stays_are_reported_decides_nothing(
    qualification: str, stays: Sequence[tuple[int, int]], data: st.DataObject
) -> None:
    """All reported on one day after the last of them, each evaluated for itself.

    Not where terms that are over have a soft landing: a stay that is reported after them does not
    bring them back.
    """
    definition = programme(qualification)
    reported_on = max(DAYS[number] for number, _ in stays)

    def reported(ordered: Iterable[tuple[int, int]]) -> str:
        progress = Progress()
        terms = [TierTerm("MEMBER", JOINED, None, TierSource.JOINED)]
        for number, count in ordered:
            progress.add("stays", DAYS[number], 0, count)
            standing = Standing(terms[-1], progress, JOINED, terms[:-1])
            terms += evaluate(definition, standing, reported_on, DAYS[number]).terms
        return tier_on(terms, reported_on).tier

    assert reported(data.draw(st.permutations(stays))) == reported(stays)
