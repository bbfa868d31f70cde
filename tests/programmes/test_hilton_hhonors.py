"""Hilton HHonors: four tiers within a year, bonuses on base points, Double Dip."""

from datetime import date, timedelta

import pytest

from partners.programmes.progress import Progress
from support.programme_life import Life, life, sample, spent

NEW_YEAR = date(2026, 1, 1)
HOTEL = "hilton-hhonors"


def stays(member: Life, number: int, year: int = 2026) -> None:
    """So many stays of a night without spend, a week apart."""
    first = date(year, 1, 3)
    for n in range(number):
        member.does("STAY", first + timedelta(weeks=n), quantities={"night": 1})


@pytest.mark.parametrize(
    ("number", "tier"),
    [(3, "BLUE"), (4, "SILVER"), (15, "SILVER"), (16, "GOLD"), (27, "GOLD"), (28, "DIAMOND")],
)
def test_tiers_by_stays(number: int, tier: str) -> None:
    member = life(HOTEL)
    stays(member, number)
    assert member.tier(date(2026, 12, 31)) == tier


@pytest.mark.parametrize(
    ("nights", "tier"),
    [(9, "BLUE"), (10, "SILVER"), (35, "SILVER"), (36, "GOLD"), (59, "GOLD"), (60, "DIAMOND")],
)
def test_tiers_by_nights(nights: int, tier: str) -> None:
    member = life(HOTEL)
    member.does("STAY", NEW_YEAR, quantities={"night": nights})
    assert member.tier(NEW_YEAR) == tier


def test_the_tenth_night_makes_silver_and_the_ninth_does_not() -> None:
    member = life(HOTEL)
    for day, nights, tier in ((1, 5, "BLUE"), (10, 4, "BLUE"), (20, 1, "SILVER")):
        member.does("STAY", date(2026, 3, day), quantities={"night": nights})
        assert member.tier(date(2026, 3, day)) == tier


@pytest.mark.parametrize(
    ("usd", "base_points", "tier"),
    [
        ("5999.90", 59_999, "BLUE"),
        ("6000", 60_000, "GOLD"),
        ("9999.90", 99_999, "GOLD"),
        ("10000", 100_000, "DIAMOND"),
    ],
)
def test_tiers_by_base_points(usd: str, base_points: int, tier: str) -> None:
    member = life(HOTEL)
    earned = member.does("STAY", NEW_YEAR, spent("USD", usd))
    assert earned == [(HOTEL, "BASE", base_points)]
    assert member.tier(NEW_YEAR) == tier


def test_bonus_points_are_not_base_points() -> None:
    member = life(HOTEL)
    member.does("STAY", date(2026, 2, 1), spent("USD", 6000))
    earned = member.does("STAY", date(2026, 3, 1), spent("USD", "3999.90"))
    assert earned == [(HOTEL, "BASE", 39_999), (HOTEL, "TIER_BONUS", 9_999)]
    assert member.tier(date(2026, 3, 1)) == "GOLD"
    member.does("STAY", date(2026, 4, 1), spent("USD", "0.10"))
    assert member.tier(date(2026, 4, 1)) == "DIAMOND"


def test_the_28th_stay_makes_a_diamond_and_the_29th_earns_half_as_much_again() -> None:
    member = life(HOTEL)
    stays(member, 27)
    base = (HOTEL, "BASE", 1_000)
    on_28th = member.does("STAY", date(2026, 9, 1), spent("USD", 100), {"night": 1})
    assert on_28th == [base, (HOTEL, "TIER_BONUS", 250)]
    on_29th = member.does("STAY", date(2026, 9, 2), spent("USD", 100), {"night": 1})
    assert on_29th == [base, (HOTEL, "TIER_BONUS", 500)]


@pytest.mark.parametrize(
    ("tier", "bonus"), [("BLUE", 0), ("SILVER", 150), ("GOLD", 250), ("DIAMOND", 500)]
)
def test_the_bonus_of_each_tier(tier: str, bonus: int) -> None:
    earned = life(HOTEL, tier=tier).does("STAY", NEW_YEAR, spent("USD", 100))
    assert earned == [(HOTEL, "BASE", 1_000), *([(HOTEL, "TIER_BONUS", bonus)] if bonus else [])]


def test_the_year_begins_anew() -> None:
    member = life(HOTEL, date(2025, 1, 1))
    member.does("STAY", date(2025, 12, 30), quantities={"night": 9})
    member.does("STAY", date(2026, 1, 2), quantities={"night": 1})
    assert member.tier(date(2026, 1, 2)) == "BLUE"


@pytest.mark.parametrize(
    ("in_2027", "tier"), [(0, "BLUE"), (3, "BLUE"), (4, "SILVER"), (27, "GOLD"), (28, "DIAMOND")]
)
def test_a_tier_is_kept_only_by_reaching_it_again_assumed_term(in_2027: int, tier: str) -> None:
    """Assumed: it holds to the end of the year after the one that earned it."""
    member = life(HOTEL)
    stays(member, 28)
    stays(member, in_2027, year=2027)
    assert member.to(date(2027, 12, 31)) == "DIAMOND"
    assert member.to(date(2028, 1, 1)) == tier


def test_a_stay_that_is_reported_late_counts_in_its_own_year() -> None:
    member = life(HOTEL)
    member.does("STAY", date(2026, 12, 1), quantities={"night": 9})
    member.does("STAY", date(2026, 12, 30), quantities={"night": 1}, reported=date(2027, 1, 4))
    assert member.tier(date(2027, 1, 4)) == "SILVER"
    assert member.until(date(2027, 1, 4)) == date(2027, 12, 31)


def test_the_order_of_reports_changes_no_tier() -> None:
    days = [date(2026, 1, 1) + timedelta(days=9 * n) for n in range(29)]
    forwards, backwards = life(HOTEL), life(HOTEL)
    for day in days:
        forwards.does("STAY", day, spent("USD", 10), {"night": 1}, reported=days[-1])
    for day in reversed(days):
        backwards.does("STAY", day, spent("USD", 10), {"night": 1}, reported=days[-1])
    assert forwards.tier(days[-1]) == backwards.tier(days[-1]) == "DIAMOND"
    assert counters(forwards.progress) == counters(backwards.progress)


def counters(progress: Progress) -> dict[str, dict[date, int]]:
    return {name: progress.by_day(name) for name in progress.values}


@pytest.mark.parametrize(
    ("choice", "airline", "besides"),
    [
        ("", "", []),
        ("points-and-points", "", [(HOTEL, "ELECTED", 500)]),
        ("points-and-miles", "", [("airline", "BASE", 500)]),
        ("points-and-miles", "pacific-airline", [("pacific-airline", "BASE", 500)]),
    ],
)
def test_double_dip_is_elected_assumed_figures(
    choice: str, airline: str, besides: list[tuple[str, str, int]]
) -> None:
    """Assumed: half as many points more, or 500 miles a stay."""
    member = life(HOTEL, choice=choice, tier="GOLD", airline=airline)
    earned = member.does("STAY", NEW_YEAR, spent("USD", 100))
    assert earned == [(HOTEL, "BASE", 1_000), (HOTEL, "TIER_BONUS", 250), *besides]


@pytest.mark.parametrize(("day", "points"), [(date(2026, 6, 30), 1_100), (date(2026, 7, 1), 1_200)])
def test_money_counts_at_the_rate_of_the_day_assumed_rates(day: date, points: int) -> None:
    assert life(HOTEL).does("STAY", day, spent("EUR", 100)) == [(HOTEL, "BASE", points)]


def test_one_stay_in_twelve_months_keeps_points() -> None:
    expiry = sample(HOTEL).expiry
    assert expiry is not None
    assert expiry.activities == ("STAY",)
    assert expiry.gone_on(date(2026, 3, 15)) == date(2027, 3, 15)
