"""Hyatt Gold Passport: points or miles, never both; a shortfall that may be bought."""

from datetime import date
from fractions import Fraction

import pytest

from partners.programmes.levels import Keep
from support.programme_life import life, sample, spent

HOTEL = "hyatt-gold-passport"
DAY = date(2026, 5, 1)


@pytest.mark.parametrize(
    ("tier", "earned"),
    [
        ("GOLD", [(HOTEL, "BASE", 500)]),
        ("PLATINUM", [(HOTEL, "BASE", 500), (HOTEL, "TIER_BONUS", 75)]),
        ("DIAMOND", [(HOTEL, "BASE", 500), (HOTEL, "TIER_BONUS", 150)]),
    ],
)
def test_points_and_their_bonus(tier: str, earned: list[tuple[str, str, int]]) -> None:
    assert life(HOTEL, tier=tier).does("STAY", DAY, spent("USD", 100)) == earned


@pytest.mark.parametrize("tier", ["GOLD", "PLATINUM", "DIAMOND"])
@pytest.mark.parametrize("airline", ["airline", "pacific-airline"])
def test_who_takes_miles_gets_miles_alone_assumed_miles(tier: str, airline: str) -> None:
    """No points, no tier bonus, nothing of the named brands. Assumed: 500 miles a stay."""
    member = life(HOTEL, tier=tier, choice="miles", airline=airline)
    earned = member.does("STAY", DAY, spent("USD", 100), where={"brand": "park-hyatt"})
    assert earned == [(airline, "BASE", 500)]


@pytest.mark.parametrize(
    ("stays", "tier"), [(4, "GOLD"), (5, "PLATINUM"), (24, "PLATINUM"), (25, "DIAMOND")]
)
def test_tiers_by_stays_diamond_assumed(stays: int, tier: str) -> None:
    member = life(HOTEL)
    for n in range(stays):
        member.does("STAY", date(2026, 1 + n // 3, 1 + n), quantities={"night": 0})
    assert member.tier(date(2026, 12, 31)) == tier


@pytest.mark.parametrize(
    ("nights", "tier"), [(14, "GOLD"), (15, "PLATINUM"), (49, "PLATINUM"), (50, "DIAMOND")]
)
def test_tiers_by_nights_diamond_assumed(nights: int, tier: str) -> None:
    member = life(HOTEL)
    member.does("STAY", DAY, quantities={"night": nights})
    assert member.tier(DAY) == tier


def test_nights_of_two_calendar_years_do_not_add_up() -> None:
    member = life(HOTEL, date(2025, 1, 1))
    member.does("STAY", date(2025, 12, 20), quantities={"night": 10})
    member.does("STAY", date(2026, 1, 5), quantities={"night": 5})
    assert member.tier(date(2026, 1, 5)) == "GOLD"


@pytest.mark.parametrize(
    ("tier", "brand", "extra"),
    [
        ("DIAMOND", "park-hyatt", 500),
        ("DIAMOND", "grand-hyatt", 500),
        ("DIAMOND", "hyatt-regency", 0),
        ("PLATINUM", "park-hyatt", 0),
        ("GOLD", "grand-hyatt", 0),
    ],
)
def test_diamonds_get_500_more_at_two_brands_assumed_which(
    tier: str, brand: str, extra: int
) -> None:
    earned = life(HOTEL, tier=tier).does("STAY", DAY, spent("USD", 100), where={"brand": brand})
    assert [leg for leg in earned if leg[1] == "BRAND_BONUS"] == (
        [(HOTEL, "BRAND_BONUS", extra)] if extra else []
    )


def test_meeting_planners_earn_on_groups_assumed_rate() -> None:
    """Assumed: a point per dollar, up to 50,000. It counts neither as stay nor as nights."""
    member = life(HOTEL)
    assert member.does("GROUP", DAY, spent("USD", 20_000)) == [(HOTEL, "MEETING_PLANNER", 20_000)]
    assert member.does("GROUP", DAY, spent("USD", 90_000)) == [(HOTEL, "MEETING_PLANNER", 50_000)]
    assert member.progress.values == {}


def test_points_convert_to_miles_and_not_back() -> None:
    conversion = sample(HOTEL).conversion
    assert (conversion.out, conversion.into) == (True, False)


def test_a_tenth_of_an_award_may_be_bought_and_no_more() -> None:
    definition = sample(HOTEL)
    assert definition.buying is not None
    assert definition.buying.at_most == Fraction(1, 10)
    needed = definition.awards[0].prices[0].points
    assert needed * Fraction(10, 100) <= needed * definition.buying.at_most
    assert needed * Fraction(11, 100) > needed * definition.buying.at_most


def test_platinum_gets_a_voucher_for_every_three_stays() -> None:
    definition = sample(HOTEL)
    (voucher,) = definition.vouchers
    (stays,) = (c for c in definition.counters if c.counter == voucher.counter)
    assert voucher.every == 3
    assert voucher.tiers == ("PLATINUM",)
    assert (stays.activity, stays.per, stays.keep) == ("STAY", "activity", Keep.SUM)
