"""The restaurant chain's multipliers and the shops' levels by spend, purchases and score."""

from datetime import date

import pytest

from partners.programmes.definition import parse_definition
from support.programme_life import Life, life, sample, sample_text, spent

DAY = date(2026, 5, 1)
CHAIN = "restaurant-chain"
SPEND = "ecommerce-spend"


@pytest.mark.parametrize(
    ("tier", "times"), [("MEMBER", 1), ("SILVER", 2), ("GOLD", 3), ("DIAMOND", 5)]
)
def test_a_point_per_100_yuan_times_1_2_3_5(tier: str, times: int) -> None:
    earned = life(CHAIN, tier=tier).does("MEAL", DAY, spent("CNY", 700, "MEAL"))
    assert earned[0] == (CHAIN, "BASE", 7)
    assert sum(points for _, _, points in earned) == 7 * times


@pytest.mark.parametrize(("cny", "points"), [("99.99", []), ("100", [1]), ("199.99", [1])])
def test_points_are_of_whole_hundreds(cny: str, points: list[int]) -> None:
    earned = life(CHAIN).does("MEAL", DAY, spent("CNY", cny, "MEAL"))
    assert [number for _, _, number in earned] == points


@pytest.mark.parametrize(
    ("cny", "tier"),
    [
        ("2999.99", "MEMBER"), ("3000", "SILVER"), ("9999.99", "SILVER"), ("10000", "GOLD"),
        ("29999.99", "GOLD"), ("30000", "DIAMOND"),
    ],
)  # fmt: skip
def test_levels_of_the_chain_assumed_figures(cny: str, tier: str) -> None:
    member = life(CHAIN)
    member.does("MEAL", DAY, spent("CNY", cny, "MEAL"))
    assert member.tier(DAY) == tier


def shopper(programme: str, cny: str = "0", purchases: int = 1, score: int = 0) -> Life:
    """Who spent so much in so many purchases of a year, and is so satisfied."""
    member = life(programme)
    if purchases:
        member.does("PURCHASE", DAY, spent("CNY", cny, "GOODS"))
    for _ in range(purchases - 1):
        member.does("PURCHASE", DAY)
    if score:
        member.does("SATISFACTION", DAY, quantities={"score": score})
    return member


@pytest.mark.parametrize(
    ("cny", "tier"),
    [
        ("499.99", "BUYER"), ("500", "LEVEL-1"), ("1999.99", "LEVEL-1"), ("2000", "LEVEL-2"),
        ("4999.99", "LEVEL-2"), ("5000", "LEVEL-3"), ("9999.99", "LEVEL-3"),
        ("10000", "LEVEL-3"), ("10000.01", "LEVEL-4"),
    ],
)  # fmt: skip
def test_levels_by_yearly_spend_and_the_last_above_10000(cny: str, tier: str) -> None:
    assert shopper(SPEND, cny).tier(DAY) == tier


@pytest.mark.parametrize(
    ("purchases", "tier"),
    [
        (0, "LEVEL-1"), (9, "LEVEL-1"), (10, "LEVEL-2"), (19, "LEVEL-2"), (20, "LEVEL-3"),
        (49, "LEVEL-3"), (50, "LEVEL-4"),
    ],
)  # fmt: skip
def test_levels_by_purchases_of_a_year(purchases: int, tier: str) -> None:
    assert shopper("ecommerce-purchases", purchases=purchases).tier(DAY) == tier


@pytest.mark.parametrize(
    ("score", "tier"),
    [
        (79, "BUYER"), (80, "LEVEL-1"), (89, "LEVEL-1"), (90, "LEVEL-2"), (94, "LEVEL-2"),
        (95, "LEVEL-3"), (100, "LEVEL-3"),
    ],
)  # fmt: skip
def test_levels_by_satisfaction(score: int, tier: str) -> None:
    assert shopper("ecommerce-satisfaction", score=score).tier(DAY) == tier


def test_scores_do_not_add_up_and_the_level_follows_assumed_term() -> None:
    """Assumed: a level holds while the score does."""
    member = life("ecommerce-satisfaction")
    seen = []
    for n, score in enumerate([45, 45, 96, 85, 79, 92]):
        day = date(2026, 5, 1 + n)
        member.does("SATISFACTION", day, quantities={"score": score})
        seen.append(member.tier(day))
    assert seen == ["BUYER", "BUYER", "LEVEL-3", "LEVEL-1", "BUYER", "LEVEL-2"]


@pytest.mark.parametrize(
    ("cny", "purchases", "score", "any_tier", "all_tier"),
    [
        ("1999.99", 9, 79, "LEVEL-1", "LEVEL-1"),
        ("2000", 1, 0, "LEVEL-2", "LEVEL-1"),
        ("0", 10, 0, "LEVEL-2", "LEVEL-1"),
        ("0", 1, 80, "LEVEL-2", "LEVEL-1"),
        ("2000", 10, 80, "LEVEL-2", "LEVEL-2"),
        ("10000", 50, 79, "LEVEL-4", "LEVEL-1"),
        ("10000", 50, 95, "LEVEL-4", "LEVEL-3"),
        ("10000.01", 50, 95, "LEVEL-4", "LEVEL-4"),
        ("5000", 20, 95, "LEVEL-4", "LEVEL-3"),
        ("10000", 19, 89, "LEVEL-3", "LEVEL-2"),
    ],
)
def test_any_of_three_measures_or_all_of_them_assumed_what_goes_together(
    cny: str, purchases: int, score: int, any_tier: str, all_tier: str
) -> None:
    assert shopper("ecommerce-any", cny, purchases, score).tier(DAY) == any_tier
    assert shopper("ecommerce-all", cny, purchases, score).tier(DAY) == all_tier


@pytest.mark.parametrize("programme", [SPEND, "ecommerce-purchases", "ecommerce-any"])
def test_a_level_holds_to_the_end_of_the_next_year_assumed_term(programme: str) -> None:
    member = shopper(programme, "20000", purchases=60)
    assert member.until(DAY) == date(2027, 12, 31)
    assert member.to(date(2028, 1, 1)) == member.definition.entry_tier


def test_a_year_is_a_year_in_china() -> None:
    member = life(SPEND)
    member.does("PURCHASE", date(2026, 12, 31), spent("CNY", 9_000, "GOODS"))
    member.does("PURCHASE", date(2027, 1, 1), spent("CNY", 4_000, "GOODS"))
    assert member.tier(date(2027, 1, 1)) == "LEVEL-3"


def test_thresholds_move_from_a_date_on() -> None:
    """A version with a later date; what was reached before is kept for its term."""
    moved = sample_text(SPEND).replace("spend = 500 ", "spend = 800 ")
    moved = moved.replace("2000-01-01T00:00:00Z", "2026-07-01T00:00:00+08:00")
    versions = (sample(SPEND), parse_definition(moved.encode()))
    before, after = (Life(versions, date(2026, 1, 1)) for _ in range(2))
    before.does("PURCHASE", date(2026, 6, 30), spent("CNY", 600, "GOODS"))
    assert before.to(date(2026, 7, 1)) == "LEVEL-1"
    after.does("PURCHASE", date(2026, 7, 1), spent("CNY", 600, "GOODS"))
    assert after.to(date(2026, 7, 1)) == "BUYER"
    after.does("PURCHASE", date(2026, 7, 2), spent("CNY", 200, "GOODS"))
    assert after.to(date(2026, 7, 2)) == "LEVEL-1"


def test_shops_give_a_point_per_yuan_assumed() -> None:
    for programme in (SPEND, "ecommerce-purchases", "ecommerce-satisfaction", "ecommerce-any"):
        earned = life(programme).does("PURCHASE", DAY, spent("CNY", "19.90", "GOODS"))
        assert earned == [(programme, "BASE", 19)]
