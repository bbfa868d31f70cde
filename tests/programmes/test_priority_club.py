"""Priority Club: nights or points, Gold for money, and no double dip of any form."""

from datetime import date

import pytest

from partners.programmes.definition import BadDefinition, parse_definition
from partners.programmes.forms import MoneyAmount
from partners.programmes.tiers import TierSource
from support.programme_life import life, sample, sample_text, spent

CLUB = "priority-club"
DAY = date(2026, 5, 1)


@pytest.mark.parametrize(
    ("nights", "tier"), [(14, "CLUB"), (15, "GOLD"), (49, "GOLD"), (50, "PLATINUM")]
)
def test_tiers_by_nights(nights: int, tier: str) -> None:
    member = life(CLUB)
    member.does("STAY", DAY, quantities={"night": nights})
    assert member.tier(DAY) == tier


@pytest.mark.parametrize(
    ("usd", "points", "tier"),
    [
        ("1999.90", 19_999, "CLUB"),
        ("2000", 20_000, "GOLD"),
        ("5999.90", 59_999, "GOLD"),
        ("6000", 60_000, "PLATINUM"),
    ],
)
def test_tiers_by_points(usd: str, points: int, tier: str) -> None:
    member = life(CLUB)
    assert member.does("STAY", DAY, spent("USD", usd)) == [(CLUB, "BASE", points)]
    assert member.tier(DAY) == tier


@pytest.mark.parametrize(("tier", "bonus"), [("CLUB", 0), ("GOLD", 100), ("PLATINUM", 500)])
def test_the_bonus_is_of_base_points(tier: str, bonus: int) -> None:
    earned = life(CLUB, tier=tier).does("STAY", DAY, spent("USD", 100))
    assert earned == [(CLUB, "BASE", 1_000), *([(CLUB, "TIER_BONUS", bonus)] if bonus else [])]


def test_the_bonus_begins_in_the_year_and_lasts_with_the_tier_assumed() -> None:
    member = life(CLUB)
    member.does("STAY", date(2026, 5, 1), quantities={"night": 50})
    for day, bonus in (
        (date(2026, 5, 2), [500]),
        (date(2027, 12, 31), [500]),
        (date(2028, 1, 1), []),
    ):
        member.to(day)
        earned = member.does("STAY", day, spent("USD", 100))
        assert [points for _, reason, points in earned if reason == "TIER_BONUS"] == bonus


def test_gold_is_sold_for_50_dollars_and_platinum_is_not() -> None:
    club, gold, platinum = sample(CLUB).tiers
    assert gold.price == MoneyAmount("USD", 50_00)
    assert club.price is platinum.price is None


def test_bought_gold_has_its_bonus_for_a_year_assumed() -> None:
    member = life(CLUB)
    member.takes("GOLD", TierSource.PURCHASED, date(2026, 3, 15))
    earned = member.does("STAY", date(2026, 3, 16), spent("USD", 100))
    assert earned == [(CLUB, "BASE", 1_000), (CLUB, "TIER_BONUS", 100)]
    assert member.to(date(2027, 3, 14)) == "GOLD"
    assert member.to(date(2027, 3, 15)) == "CLUB"


def test_no_double_dip_of_any_form() -> None:
    assert sample(CLUB).exclusive
    dip = '[[earn]]\nrule = "dip"\nprogramme = "airline"\nactivity = "STAY"\nper = "activity"\n'
    with pytest.raises(BadDefinition, match="earns nothing elsewhere"):
        parse_definition((sample_text(CLUB) + dip + 'points = "1"\n').encode())
