"""Levels of a bank's customers, and the five-star customers among them."""

from datetime import date
from fractions import Fraction

import pytest

from partners.programmes.forms import MoneyAmount
from partners.programmes.lapsing import expired_minor
from partners.programmes.periods import add_months
from partners.programmes.tiers import TierSource, TierTerm, relegated
from support.programme_life import Life, life, sample, spent

BANK = "bank-customer-levels"
STARS = "five-star-customer"
DAY = date(2026, 5, 1)


def customer(cny: int | str, uses: int, products: int) -> Life:
    """Who spent so much by card in so many uses, and holds so many products."""
    member = life(BANK)
    member.does("HOLDINGS", DAY, quantities={"product": products})
    for n in range(uses):
        member.does("CARD_SPEND", DAY, spent("CNY", cny if n == 0 else 0, "CARD"))
    return member


@pytest.mark.parametrize(
    ("cny", "uses", "products", "tier"),
    [
        ("19999.99", 12, 1, "NORMAL"), (20_000, 11, 1, "NORMAL"), (20_000, 12, 1, "SILVER"),
        (50_000, 24, 1, "SILVER"), (50_000, 24, 2, "GOLD"), (150_000, 47, 3, "GOLD"),
        (150_000, 48, 3, "PLATINUM"), ("499999.99", 60, 4, "PLATINUM"),
        (500_000, 60, 4, "DIAMOND"),
    ],
)  # fmt: skip
def test_levels_by_spend_card_use_and_products_assumed_figures(
    cny: int | str, uses: int, products: int, tier: str
) -> None:
    assert customer(cny, uses, products).tier(DAY) == tier


def test_products_that_are_given_up_do_not_count() -> None:
    member = life(BANK)
    for products in (2, 2, 1):
        member.does("HOLDINGS", DAY, quantities={"product": products})
    for _ in range(24):
        member.does("CARD_SPEND", DAY, spent("CNY", 5_000, "CARD"))
    assert member.tier(DAY) == "SILVER"


def test_there_are_five_levels_and_no_bonus() -> None:
    tiers = sample(BANK).tiers
    assert [t.name for t in tiers] == ["NORMAL", "SILVER", "GOLD", "PLATINUM", "DIAMOND"]
    for tier in tiers:
        earned = life(BANK, tier=tier.name).does("CARD_SPEND", DAY, spent("CNY", 100, "CARD"))
        assert earned == [(BANK, "BASE", 100)]


def test_a_diamond_redeems_at_better_value_assumed_prices() -> None:
    award = sample(BANK).award("shopping-voucher")
    assert award is not None
    points = {price.tiers: price.points for price in award.prices}
    assert set(points) == {None, ("DIAMOND",)}
    assert points["DIAMOND",] < points[None]


def test_some_levels_have_awards_of_their_own_assumed() -> None:
    award = sample(BANK).award("airport-lounge")
    assert award is not None
    assert award.tiers == ("PLATINUM", "DIAMOND")


@pytest.mark.parametrize(
    ("tier", "times"), [("ORDINARY", 1), ("STAR", 3), ("STAR-PLUS", 4), ("FIVE-STAR", 5)]
)
def test_three_to_five_times_the_ordinary_rate(tier: str, times: int) -> None:
    earned = life(STARS, tier=tier).does("CARD_SPEND", DAY, spent("CNY", 100, "CARD"))
    assert sum(points for _, _, points in earned) == 100 * times


@pytest.mark.parametrize(
    ("cny", "tier"),
    [
        ("99999.99", "ORDINARY"), (100_000, "STAR"), (300_000, "STAR-PLUS"),
        ("999999.99", "STAR-PLUS"), (1_000_000, "FIVE-STAR"),
    ],
)  # fmt: skip
def test_levels_by_spend_assumed_figures(cny: int | str, tier: str) -> None:
    member = life(STARS)
    member.does("CARD_SPEND", DAY, spent("CNY", cny, "CARD"))
    assert member.tier(DAY) == tier


@pytest.mark.parametrize(
    ("deposits", "tier"),
    [
        ([1_000_000], "FIVE-STAR"),
        (["999999.99"], "ORDINARY"),
        ([600_000, 600_000], "ORDINARY"),
        ([600_000, 1_000_000, 1], "FIVE-STAR"),
    ],
)
def test_one_million_deposited_at_once_leads_straight_up(
    deposits: list[int | str], tier: str
) -> None:
    member = life(STARS)
    for cny in deposits:
        assert member.does("DEPOSIT", DAY, spent("CNY", cny, "DEPOSIT")) == []
    assert member.tier(DAY) == tier


def test_the_yearly_fee_is_2000_to_20000_yuan() -> None:
    ordinary, *stars = sample(STARS).tiers
    assert ordinary.price is None
    prices = [star.price for star in stars]
    assert prices[0] == MoneyAmount("CNY", 2_000_00)
    assert prices[-1] == MoneyAmount("CNY", 20_000_00)
    assert all(prices[0] <= price <= prices[-1] for price in prices if price)


def test_a_fee_is_for_a_year() -> None:
    member = life(STARS)
    member.takes("FIVE-STAR", TierSource.PURCHASED, date(2026, 5, 1))
    assert member.to(date(2027, 4, 30)) == "FIVE-STAR"
    assert member.to(date(2027, 5, 1)) == "ORDINARY"


def test_spend_brings_the_fee_back_assumed_figures() -> None:
    vouchers = sample(STARS).vouchers
    assert {voucher.counter for voucher in vouchers} == {"spend"}
    assert [(voucher.tiers or ())[0] for voucher in vouchers] == ["STAR", "STAR-PLUS", "FIVE-STAR"]
    assert [voucher.every for voucher in vouchers] == [50_000, 200_000, 500_000]


def test_ten_years_make_a_star_for_life_assumed_figure() -> None:
    member = life(STARS, date(2010, 6, 15))
    assert member.to(date(2020, 6, 14)) == "ORDINARY"
    assert member.to(date(2020, 6, 15)) == "STAR"
    assert member.until(date(2020, 6, 15)) is None
    assert member.to(date(2050, 1, 1)) == "STAR"


@pytest.mark.parametrize(
    ("cny_a_year", "years", "tier"),
    [(99_000, 7, "ORDINARY"), (500_000, 6, "STAR"), (999_000, 7, "STAR-PLUS")],
)
def test_an_amount_makes_a_star_for_life_assumed_figures(
    cny_a_year: int, years: int, tier: str
) -> None:
    """Assumed: 3 millions for the lowest star, 6 for the middle one, 10 for the highest."""
    member = life(STARS, date(2020, 1, 1))
    for n in range(years):
        member.does("CARD_SPEND", date(2020 + n, 3, 1), spent("CNY", cny_a_year, "CARD"))
    assert member.to(date(2020 + years + 2, 1, 1)) == tier


def test_the_lowest_of_each_star_fall_at_the_review_assumed_part() -> None:
    ordinary, *stars = sample(STARS).tiers
    assert ordinary.lowest_fall is None
    assert {(star.lowest_fall, star.lowest_by) for star in stars} == {(Fraction(1, 10), "spend")}


def test_a_review_takes_one_step() -> None:
    definition, joined_on = sample(STARS), date(2020, 1, 1)
    first = date(2027, 1, 1)
    seen = []
    held = TierTerm("FIVE-STAR", date(2026, 1, 1), date(2026, 12, 31), TierSource.REACHED)
    for _ in range(4):
        held = relegated(definition, held, first, joined_on)
        seen.append((held.tier, held.until))
        assert held.source is TierSource.RELEGATED
    review = date(2027, 12, 31)
    assert seen == [
        ("STAR-PLUS", review),
        ("STAR", review),
        ("ORDINARY", None),
        ("ORDINARY", None),
    ]


def test_who_is_relegated_stays_so_the_next_night() -> None:
    member = life(STARS)
    member.does("CARD_SPEND", date(2026, 5, 1), spent("CNY", 300_000, "CARD"))
    review = date(2027, 1, 1)
    assert member.to(review) == "STAR-PLUS"
    held = member.terms[-1]
    member.terms.append(relegated(member.definition, held, review, member.joined_on))
    assert member.to(date(2027, 1, 2)) == "STAR"
    member.does("CARD_SPEND", date(2027, 2, 1), spent("CNY", 299_999, "CARD"))
    assert member.tier(date(2027, 2, 1)) == "STAR"
    member.does("CARD_SPEND", date(2027, 2, 2), spent("CNY", 1, "CARD"))
    assert member.tier(date(2027, 2, 2)) == "STAR-PLUS"


@pytest.mark.parametrize("earned_on", [date(2026, 1, 1), date(2026, 6, 30), date(2026, 12, 31)])
def test_ordinary_points_expire_after_12_to_24_months(earned_on: date) -> None:
    expiry = sample(STARS).expiry
    assert expiry is not None
    gone = expiry.gone_on(earned_on)
    assert add_months(earned_on, 12) <= gone <= add_months(earned_on, 24)
    for today, expired in ((date(2027, 12, 31), 0), (date(2028, 1, 1), 70)):
        found = expired_minor(
            expiry,
            balance_minor=70,
            by_day={earned_on: 70},
            today=today,
            since=date(2020, 1, 1),
        )
        assert found == expired


def test_points_of_stars_never_expire() -> None:
    definition = sample(STARS)
    assert definition.expiry is not None
    assert definition.expiry.exempt_tiers == tuple(t.name for t in definition.tiers[1:])
