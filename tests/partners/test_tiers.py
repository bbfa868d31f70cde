"""Tiers: reached, kept, lapsed, given and taken back, by each way of counting."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from partners.programmes.definition import ProgrammeDefinition, UnknownTier, parse_definition
from partners.programmes.forms import Span
from partners.programmes.progress import Progress
from partners.programmes.tiers import (
    Standing,
    TierSource,
    TierTerm,
    Verdict,
    evaluate,
    granted,
    relegated,
    taken_back,
    tier_on,
)

JOINED = date(2024, 1, 10)
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
"""
FOUR_TEN = """
[[tiers]]
name = "MEMBER"
[[tiers]]
name = "SILVER"
reached = [{ stays = 4 }]
price = "50 USD"
[[tiers]]
name = "GOLD"
reached = [{ stays = 10 }]
[[tiers]]
name = "DIAMOND"
reached = [{ stays = 28 }]
"""
STARS = (
    '[[tiers]]\nname = "NONE"\n'
    + "".join(
        f'[[tiers]]\nname = "STAR-{star}"\nreached = [{{ stays = {stays} }}]\n'
        for star, stays in ((1, 1), (2, 10), (3, 20), (4, 40))
    )
    + '[qualification]\nperiod = "monthly-rating"\nterm = "months"\n'
)
INVITED = """
[[tiers]]
name = "MEMBER"
[[tiers]]
name = "GOLD"
reached = [{ stays = 8855 }]
invitation = true
[[tiers]]
name = "PLATINUM"
reached = [{ stays = 27878 }]
[qualification]
period = "consecutive-months"
term = "months"
"""


def programme(tiers: str = FOUR_TEN, **qualification: str) -> ProgrammeDefinition:
    """A programme with these tiers, which are reached by stays."""
    if qualification.get("term") == "while-reached":
        tiers = tiers.replace('"50 USD"', '"50 USD"\nholds = "1 years"')
    keys = "".join(f"{key} = {value!r}\n" for key, value in qualification.items())
    table = "[qualification]\n" + keys if keys else ""
    return parse_definition((HEAD + tiers + table).encode())


def counted(*stays: tuple[date, int], counter: str = "stays") -> Progress:
    """So many stays on these days."""
    progress = Progress()
    for day, number in stays:
        progress.add(counter, day, 0, number)
    return progress


def term(
    tier: str,
    since: date = JOINED,
    until: date | None = None,
    source: TierSource = TierSource.REACHED,
) -> TierTerm:
    """A term of a tier."""
    return TierTerm(tier, since, until, source)


def member(progress: Progress, held: TierTerm | None = None) -> Standing:
    """A member since January 2024 who holds a tier, the entry tier unless told otherwise."""
    entry = term("MEMBER", source=TierSource.JOINED)
    return Standing(held or entry, progress, JOINED)


@pytest.mark.parametrize(
    ("qualification", "day", "until"),
    [
        ({"term": "period"}, date(2026, 5, 4), date(2026, 12, 31)),
        ({"term": "next-period"}, date(2026, 5, 4), date(2027, 12, 31)),
        ({"term": "months"}, date(2026, 5, 4), date(2027, 4, 30)),
        ({"term": "while-reached"}, date(2026, 5, 4), None),
        ({"period": "membership-year", "term": "period"}, date(2026, 1, 9), date(2026, 1, 9)),
        ({"period": "membership-year", "term": "period"}, date(2026, 1, 10), date(2027, 1, 9)),
        ({"period": "membership-year"}, date(2026, 1, 9), date(2027, 1, 9)),
        ({"period": "consecutive-months", "term": "months"}, date(2026, 5, 4), date(2027, 4, 30)),
    ],
)
def test_until_when_a_reached_tier_holds(
    qualification: dict[str, str], day: date, until: date | None
) -> None:
    verdict = evaluate(programme(**qualification), member(counted((day, 4))), day, day)
    assert verdict == Verdict((term("SILVER", day, until),))


@pytest.mark.parametrize(
    ("stays", "tier"),
    [(3, None), (4, "SILVER"), (9, "SILVER"), (10, "GOLD"), (27, "GOLD"), (28, "DIAMOND")],
)
def test_the_highest_tier_that_is_reached(stays: int, tier: str | None) -> None:
    day = date(2026, 6, 1)
    verdict = evaluate(programme(), member(counted((day, stays))), day, day)
    assert [t.tier for t in verdict.terms] == ([tier] if tier else [])


@pytest.mark.parametrize(
    ("period", "joined_on", "days", "reached"),
    [
        ("calendar-year", JOINED, (date(2026, 1, 1), date(2026, 12, 31)), 1),
        ("calendar-year", JOINED, (date(2025, 12, 31), date(2026, 1, 1)), 0),
        ("membership-year", JOINED, (date(2025, 1, 10), date(2026, 1, 9)), 1),
        ("membership-year", JOINED, (date(2026, 1, 9), date(2026, 1, 10)), 0),
        ("membership-year", date(2024, 2, 29), (date(2025, 2, 28), date(2026, 2, 27)), 1),
        ("membership-year", date(2024, 2, 29), (date(2026, 2, 27), date(2026, 2, 28)), 0),
        ("membership-year", date(2024, 2, 29), (date(2027, 2, 28), date(2028, 2, 28)), 1),
        ("membership-year", date(2024, 2, 29), (date(2028, 2, 28), date(2028, 2, 29)), 0),
    ],
)
def test_a_year_counts_from_its_first_to_its_last_day(
    period: str, joined_on: date, days: tuple[date, date], reached: int
) -> None:
    standing = replace(member(counted(*((day, 2) for day in days))), joined_on=joined_on)
    verdict = evaluate(programme(period=period), standing, days[1], days[1])
    assert [t.tier for t in verdict.terms] == ["SILVER"] * reached


@pytest.mark.parametrize(
    ("stays", "invitation"),
    [
        ([(date(2026, 1, 1), 1), (date(2026, 12, 31), 8_854)], "GOLD"),
        ([(date(2026, 1, 31), 1), (date(2027, 1, 1), 8_854)], None),
        ([(date(2026, 3, 15), 8_854)], None),
        ([(date(2026, 3, 15), 8_855)], "GOLD"),
    ],
)
def test_twelve_consecutive_months_bring_an_invitation(
    stays: list[tuple[date, int]], invitation: str | None
) -> None:
    """8,855 in months 1 to 12, and not in months 1 to 13."""
    last = stays[-1][0]
    verdict = evaluate(programme(INVITED), member(counted(*stays)), last, last)
    assert verdict == Verdict((), invitation)


def test_an_invitation_is_not_the_tier_and_a_higher_one_needs_none() -> None:
    day = date(2026, 3, 15)
    verdict = evaluate(programme(INVITED), member(counted((day, 27_878))), day, day)
    assert verdict == Verdict((term("PLATINUM", day, date(2027, 2, 28)),))
    held = granted(programme(INVITED), "GOLD", TierSource.INVITED, day, JOINED)
    assert held == term("GOLD", day, date(2027, 2, 28), TierSource.INVITED)
    assert evaluate(programme(INVITED), member(counted((day, 9_000)), held), day) == Verdict()


def test_who_accepted_an_invitation_keeps_the_tier_by_reaching_it_again() -> None:
    held = term("GOLD", date(2026, 3, 15), date(2027, 2, 28), TierSource.INVITED)
    for points, tier, source in (
        (8_855, "GOLD", TierSource.REACHED),
        (8_854, "MEMBER", TierSource.LAPSED),
    ):
        progress = counted((date(2026, 3, 15), 9_000), (date(2026, 9, 1), points))
        verdict = evaluate(programme(INVITED), member(progress, held), date(2027, 3, 1))
        until = date(2028, 2, 29) if tier == "GOLD" else None
        assert verdict == Verdict((term(tier, date(2027, 3, 1), until, source),))


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        # Joined on January 10: the month of joining is rated, from the month after on.
        (date(2024, 1, 31), []),
        (date(2024, 2, 1), [("STAR-2", date(2024, 2, 1), date(2025, 1, 31))]),
        (date(2024, 2, 17), [("STAR-2", date(2024, 2, 1), date(2025, 1, 31))]),
    ],
)
def test_a_newcomer_is_rated_from_the_month_after(
    today: date, expected: list[tuple[str, date, date]]
) -> None:
    standing = member(counted((date(2024, 1, 12), 10)), term("NONE", source=TierSource.JOINED))
    verdict = evaluate(programme(STARS), standing, today)
    assert [(t.tier, t.since, t.until) for t in verdict.terms] == expected


def test_a_star_that_rises_in_month_5_holds_months_5_to_16() -> None:
    held = term("STAR-1", date(2025, 1, 1), date(2025, 12, 31))
    progress = counted((date(2024, 12, 5), 1), (date(2025, 4, 30), 19))
    risen = term("STAR-3", date(2025, 5, 1), date(2026, 4, 30))
    for today in (date(2025, 5, 1), date(2025, 5, 31), date(2025, 12, 1)):
        assert evaluate(programme(STARS), member(progress, held), today) == Verdict((risen,))
    # Month 17 rates months 5 to 16, in which there was nothing.
    for today in (date(2026, 4, 30), date(2026, 5, 1)):
        verdict = evaluate(programme(STARS), member(progress, risen), today)
        fell = term("NONE", date(2026, 5, 1), None, TierSource.LAPSED)
        assert verdict == Verdict((fell,) if today == fell.since else ())


def test_a_star_only_rises_within_its_term() -> None:
    held = term("STAR-3", date(2025, 5, 1), date(2026, 4, 30))
    progress = counted((date(2025, 3, 1), 20), (date(2026, 3, 1), 10))
    assert evaluate(programme(STARS), member(progress, held), date(2026, 4, 1)) == Verdict()
    verdict = evaluate(programme(STARS), member(progress, held), date(2026, 5, 1))
    assert verdict == Verdict(
        (term("STAR-2", date(2026, 5, 1), date(2027, 4, 30), TierSource.LAPSED),)
    )


@pytest.mark.parametrize(
    ("fall", "stays", "tiers"),
    [
        ("to-reached", 0, ["MEMBER"]),
        ("to-reached", 4, ["SILVER"]),
        ("to-reached", 28, ["DIAMOND"]),
        ("one-step", 0, ["GOLD"]),
        ("one-step", 4, ["GOLD"]),
    ],
)
def test_what_follows_a_term(fall: str, stays: int, tiers: list[str]) -> None:
    """What was reached in 2026 holds in 2027, which is where Diamond of 2025 ends."""
    held = term("DIAMOND", date(2025, 6, 1), date(2026, 12, 31))
    progress = counted((date(2025, 6, 1), 28), (date(2026, 5, 1), stays))
    verdict = evaluate(programme(fall=fall), member(progress, held), date(2027, 1, 1))
    assert [t.tier for t in verdict.terms] == tiers
    until = date(2027, 12, 31)
    assert [t.until for t in verdict.terms] == [None if tiers == ["MEMBER"] else until]


def test_a_soft_landing_goes_down_step_by_step_over_missed_years() -> None:
    held = term("DIAMOND", date(2025, 6, 1), date(2025, 12, 31))
    definition = programme(fall="one-step", term="period")
    verdict = evaluate(definition, member(counted(), held), date(2030, 7, 1))
    assert [(t.tier, t.since, t.until) for t in verdict.terms] == [
        ("GOLD", date(2026, 1, 1), date(2026, 12, 31)),
        ("SILVER", date(2027, 1, 1), date(2027, 12, 31)),
        ("MEMBER", date(2028, 1, 1), None),
    ]


def test_reaching_a_tier_again_makes_it_hold_longer_where_terms_are_years() -> None:
    held = term("SILVER", date(2025, 6, 1), date(2026, 12, 31))
    day = date(2026, 8, 1)
    standing = member(counted((date(2025, 6, 1), 4), (day, 4)), held)
    assert evaluate(programme(), standing, day, day) == Verdict(
        (term("SILVER", day, date(2027, 12, 31)),)
    )
    by_months = evaluate(programme(term="months"), standing, day, day)
    assert by_months == Verdict()


def test_an_activity_that_is_reported_late_counts_on_its_own_day() -> None:
    """The fourth stay of 2025, reported in 2026: Silver from its day to the end of 2026."""
    late = date(2025, 12, 20)
    progress = counted((date(2025, 3, 1), 3), (late, 1))
    verdict = evaluate(programme(), member(progress), date(2026, 2, 1), late)
    assert verdict == Verdict((term("SILVER", late, date(2026, 12, 31)),))


def test_an_activity_that_is_reported_late_completes_what_came_after_it() -> None:
    """Stays 2 to 4 were there; the first, reported last, makes the fourth the fourth."""
    late, fourth = date(2026, 1, 5), date(2026, 3, 9)
    progress = counted((late, 1), (date(2026, 2, 1), 2), (fourth, 1))
    verdict = evaluate(programme(), member(progress), date(2026, 5, 1), late)
    assert verdict == Verdict((term("SILVER", fourth, date(2027, 12, 31)),))
    windows = programme(INVITED.replace("8855", "4"))
    assert evaluate(windows, member(progress), date(2027, 1, 20), late).invitation == "GOLD"


def test_a_late_activity_of_a_term_that_is_over_changes_nothing() -> None:
    late = date(2024, 12, 20)
    verdict = evaluate(
        programme(term="period"), member(counted((late, 10))), date(2026, 2, 1), late
    )
    assert [(t.tier, t.until) for t in verdict.terms] == [
        ("GOLD", date(2024, 12, 31)),
        ("MEMBER", None),
    ]


def test_a_threshold_can_ask_for_more_than_a_number() -> None:
    definition = programme(
        '[[tiers]]\nname = "MEMBER"\n[[tiers]]\nname = "TOP"\nreached = [{ stays = "> 10000" }]\n'
    )
    day = date(2026, 5, 1)
    for stays, tiers in ((10_000, []), (10_001, ["TOP"])):
        verdict = evaluate(definition, member(counted((day, stays))), day, day)
        assert [t.tier for t in verdict.terms] == tiers


LIFETIME = """
[[counters]]
counter = "years"
per = "membership_month"
factor = "1/12"
[[tiers]]
name = "MEMBER"
[[tiers]]
name = "GOLD"
reached = [{ stays = 10 }]
lifetime = [{ stays = 50, years = 2 }, { years = 10 }]
"""


@pytest.mark.parametrize(
    ("stays", "today", "since"),
    [
        (50, date(2026, 1, 9), None),
        (50, date(2026, 1, 10), date(2026, 1, 10)),
        (50, date(2029, 7, 1), date(2026, 1, 10)),
        (49, date(2034, 1, 9), None),
        (49, date(2034, 3, 1), date(2034, 1, 10)),
    ],
)
def test_a_tier_for_life(stays: int, today: date, since: date | None) -> None:
    """By nothing but time passing, on the day on which it has passed."""
    progress = counted((date(2024, 1, 20), 20), (date(2024, 9, 1), stays - 20))
    standing = member(progress, term("GOLD", date(2024, 3, 1), date(2025, 12, 31)))
    verdict = evaluate(programme(LIFETIME), standing, today)
    for_life = [t.since for t in verdict.terms if t.source is TierSource.LIFETIME]
    assert for_life == ([since] if since else [])
    if since:
        assert verdict.terms[-1] == term("GOLD", since, None, TierSource.LIFETIME)


def test_a_tier_holds_while_it_is_reached() -> None:
    definition = programme(period="consecutive-months", term="while-reached")
    progress = counted((date(2025, 3, 1), 6), (date(2025, 9, 1), 4))
    held = term("GOLD", date(2025, 9, 1))
    assert evaluate(definition, member(progress, held), date(2026, 2, 28)) == Verdict()
    fell = term("SILVER", date(2026, 3, 1), None, TierSource.LAPSED)
    assert evaluate(definition, member(progress, held), date(2026, 3, 1)) == Verdict((fell,))
    assert evaluate(definition, member(progress, fell), date(2026, 8, 31)) == Verdict()


@pytest.mark.parametrize("source", [TierSource.PURCHASED, TierSource.MATCHED, TierSource.DECIDED])
def test_what_was_given_holds_below_what_was_reached_and_lost(source: TierSource) -> None:
    given = term("SILVER", date(2026, 2, 1), date(2027, 1, 31), source)
    gold = term("GOLD", date(2025, 12, 1), date(2026, 6, 30))
    standing = replace(member(counted(), gold), earlier=(term("MEMBER"), given))
    verdict = evaluate(programme(term="months"), standing, date(2026, 7, 1))
    kept = term("SILVER", date(2026, 7, 1), date(2027, 1, 31), TierSource.LAPSED)
    assert verdict == Verdict((kept,))
    put_down = term("MEMBER", date(2026, 3, 1), None, TierSource.DECIDED)
    standing = replace(standing, earlier=(given, put_down))
    (fell,) = evaluate(programme(term="months"), standing, date(2026, 7, 1)).terms
    assert fell.tier == "MEMBER"


def test_a_tier_for_life_outlives_a_higher_threshold() -> None:
    life = term("GOLD", date(2025, 1, 1), None, TierSource.LIFETIME)
    top = term("DIAMOND", date(2025, 6, 1), date(2026, 12, 31))
    standing = replace(member(counted(), top), earlier=(life,))
    (kept,) = evaluate(programme(), standing, date(2027, 1, 1)).terms
    assert kept == term("GOLD", date(2027, 1, 1), None, TierSource.LIFETIME)


@pytest.mark.parametrize(
    ("stays", "expected"),
    [
        (10, None),
        (9, ("SILVER", date(2027, 12, 31))),
        (3, ("MEMBER", None)),
    ],
)
def test_what_was_reached_is_taken_back(
    stays: int, expected: tuple[str, date | None] | None
) -> None:
    reached_on = date(2026, 5, 1)
    held = term("GOLD", reached_on, date(2027, 12, 31))
    standing = member(counted((reached_on, stays)), held)
    back = taken_back(programme(), standing, date(2027, 3, 1))
    wanted = expected and TierTerm(expected[0], reached_on, expected[1], TierSource.TAKEN_BACK)
    assert back == wanted


def test_a_tier_that_later_activities_reach_as_well_is_not_taken_back() -> None:
    held = term("SILVER", date(2026, 1, 5), date(2027, 12, 31))
    progress = counted((date(2026, 1, 5), 1), (date(2026, 11, 1), 3))
    assert taken_back(programme(), member(progress, held), date(2027, 3, 1)) is None


def test_a_tier_that_was_kept_by_the_year_before_is_taken_back() -> None:
    kept = term("SILVER", date(2026, 1, 1), date(2026, 12, 31))
    today = date(2026, 2, 1)
    assert taken_back(programme(), member(counted((date(2025, 5, 1), 4)), kept), today) is None
    back = taken_back(programme(), member(counted((date(2025, 5, 1), 3)), kept), today)
    assert back == term("MEMBER", date(2026, 1, 1), None, TierSource.TAKEN_BACK)


def test_a_tier_that_was_extended_loses_what_extended_it() -> None:
    """Reached in 2025 and again in 2026: without 2026 it ends with 2026, not with 2027."""
    kept = term("SILVER", date(2026, 5, 1), date(2027, 12, 31))
    standing = member(counted((date(2025, 5, 1), 4), (date(2026, 5, 1), 3)), kept)
    back = taken_back(programme(), standing, date(2026, 6, 1))
    assert back == term("SILVER", date(2026, 5, 1), date(2026, 12, 31), TierSource.TAKEN_BACK)
    assert back is not None
    nothing = replace(standing, held=back, progress=counted((date(2025, 5, 1), 3)))
    fallen = taken_back(programme(), nothing, date(2026, 6, 1))
    assert fallen == term("MEMBER", date(2026, 5, 1), None, TierSource.TAKEN_BACK)


@pytest.mark.parametrize("source", sorted(set(TierSource) - {"REACHED", "LIFETIME", "TAKEN_BACK"}))
def test_what_was_not_reached_is_not_taken_back(source: TierSource) -> None:
    held = term("GOLD", JOINED, None, source)
    assert taken_back(programme(), member(counted(), held), date(2026, 1, 1)) is None


def test_taking_back_leaves_what_was_bought() -> None:
    bought = term("SILVER", date(2026, 1, 1), date(2026, 12, 31), TierSource.PURCHASED)
    held = term("GOLD", date(2026, 5, 1), date(2027, 12, 31))
    standing = replace(member(counted(), held), earlier=(bought,))
    back = taken_back(programme(), standing, date(2026, 6, 1))
    assert back == term("SILVER", date(2026, 5, 1), date(2026, 12, 31), TierSource.TAKEN_BACK)


def test_a_tier_that_is_bought_holds_as_it_says() -> None:
    day = date(2024, 2, 29)
    bought = granted(programme(), "SILVER", TierSource.PURCHASED, day, JOINED)
    assert bought == term("SILVER", day, date(2025, 12, 31), TierSource.PURCHASED)
    a_year = programme(FOUR_TEN.replace('"50 USD"', '"50 USD"\nholds = "12 months"'))
    assert granted(a_year, "SILVER", TierSource.PURCHASED, day, JOINED).until == date(2025, 2, 27)
    matched = granted(
        a_year, "SILVER", TierSource.MATCHED, day, JOINED, holds=Span(months=0, days=90)
    )
    assert matched.until == date(2024, 5, 28)
    with pytest.raises(UnknownTier):
        granted(programme(), "BRONZE", TierSource.MATCHED, day, JOINED)


def test_relegation_is_one_step_and_is_not_undone_by_the_year_before() -> None:
    day = date(2027, 1, 1)
    progress = counted((date(2026, 5, 1), 10))
    held = term("GOLD", date(2026, 5, 1), date(2027, 12, 31))
    down = relegated(programme(), held, day, JOINED)
    assert down == term("SILVER", day, date(2027, 12, 31), TierSource.RELEGATED)
    assert evaluate(programme(), member(progress, down), date(2027, 3, 1)) == Verdict()
    entry = relegated(programme(), down, day, JOINED)
    assert entry == term("MEMBER", day, None, TierSource.RELEGATED)
    assert relegated(programme(), entry, day, JOINED).tier == "MEMBER"


def test_the_tier_of_a_day_is_what_was_recorded_last_of_what_had_begun() -> None:
    silver = term("SILVER", date(2026, 3, 1), date(2027, 12, 31))
    late_gold = term("GOLD", date(2026, 2, 1), date(2027, 12, 31))
    terms = [term("MEMBER"), silver, late_gold]
    for day, tier in (
        (date(2023, 1, 1), "MEMBER"),
        (date(2026, 1, 31), "MEMBER"),
        (date(2026, 2, 1), "GOLD"),
        (date(2026, 3, 1), "GOLD"),
    ):
        assert tier_on(terms, day).tier == tier
    assert tier_on(terms[:2], date(2026, 3, 1)) == silver


def test_new_thresholds_hold_from_the_day_of_their_version_on() -> None:
    easier = programme(STARS.replace("stays = 40", "stays = 20")).model_copy(
        update={"valid_from": datetime(2025, 9, 15, tzinfo=UTC)}
    )
    held = term("STAR-3", date(2025, 5, 1), date(2026, 4, 30))
    progress = counted((date(2025, 4, 1), 20), (date(2025, 8, 30), 1), (date(2025, 9, 20), 1))
    verdict = evaluate(easier, member(progress, held), date(2025, 12, 5))
    assert verdict == Verdict((term("STAR-4", date(2025, 10, 1), date(2026, 9, 30)),))


def test_a_late_activity_does_not_reach_behind_the_present_tier() -> None:
    """Gold of 2024 would be over: what followed it has been decided since."""
    fell = term("MEMBER", date(2026, 1, 1), None, TierSource.LAPSED)
    late = date(2024, 12, 20)
    standing = member(counted((late, 10)), fell)
    assert evaluate(programme(term="period"), standing, date(2026, 2, 1), late) == Verdict()


def test_a_tier_for_life_is_taken_back_with_what_reached_it() -> None:
    life = term("GOLD", date(2026, 1, 10), None, TierSource.LIFETIME)
    entry = term("MEMBER", source=TierSource.JOINED)
    for stays, tier in ((50, None), (49, "MEMBER")):
        standing = replace(member(counted((date(2024, 5, 1), stays)), life), earlier=(entry,))
        back = taken_back(programme(LIFETIME), standing, date(2026, 6, 1))
        assert (back and back.tier) == tier
    gone = term("MEMBER", date(2026, 1, 10), None, TierSource.TAKEN_BACK)
    held = term("GOLD", date(2026, 2, 1), date(2026, 12, 31))
    standing = replace(member(counted(), held), earlier=(life, gone))
    (fell,) = evaluate(programme(LIFETIME), standing, date(2027, 1, 1)).terms
    assert fell.tier == "MEMBER"


def test_an_accepted_invitation_holds_while_it_is_reached() -> None:
    definition = programme(INVITED.replace('"months"', '"while-reached"'))
    held = granted(definition, "GOLD", TierSource.INVITED, date(2026, 3, 15), JOINED)
    assert held.until is None
    progress = counted((date(2026, 3, 15), 8_855))
    assert evaluate(definition, member(progress, held), date(2027, 2, 28)) == Verdict()
    fell = term("MEMBER", date(2027, 3, 1), None, TierSource.LAPSED)
    assert evaluate(definition, member(progress, held), date(2027, 3, 1)) == Verdict((fell,))


def test_a_rating_looks_at_nothing_before_the_month_of_joining() -> None:
    """Who left and joined again starts anew."""
    none = term("NONE", source=TierSource.JOINED)
    progress = counted((date(2023, 12, 31), 10))
    standing = member(progress, none)
    assert evaluate(programme(STARS), standing, date(2024, 2, 1), date(2023, 12, 31)) == Verdict()
