"""Figures that no source states: they are as their definitions say, and so are their dates."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest

from partners.programmes.forms import MoneyAmount, Span
from partners.programmes.rules import Available
from support.programme_life import life, sample, spent

DAY = date(2026, 5, 1)
YEAR = Span(12, 0)


@pytest.mark.parametrize(
    ("programme", "prices"),
    [
        ("bank-customer-levels", [50_000, 40_000, 20_000]),
        ("coalition-points", [8_000, 4_000, 12_000, 5_000, 1_500, 1_500, 3_000]),
        ("gloria-partner", [6_000, 2_500, 1_500, 3_000, 2_000, 1_000]),
        ("hilton-hhonors", [20_000, 10_000]),
        ("hyatt-gold-passport", [8_000]),
        ("priority-club", [15_000]),
        ("restaurant-chain", [20]),
        ("single-company-points", [100]),
    ],
)
def test_prices_of_awards_assumed(programme: str, prices: list[int]) -> None:
    awards = sample(programme).awards
    assert [price.points for award in awards for price in award.prices] == prices


def test_a_coalitions_night_costs_points_and_money_assumed() -> None:
    award = sample("coalition-points").award("hotel-night")
    assert award is not None
    assert [price.money for price in award.prices] == [None, MoneyAmount("EUR", 45_00)]


def test_stock_and_share_of_the_red_list_assumed() -> None:
    nights = sample("gloria-partner").award("night")
    assert nights is not None
    assert (nights.stock, nights.reserved) == (200, 20)


def test_an_award_of_the_season_assumed() -> None:
    (gift,) = sample("single-company-points").awards
    assert gift.stock == 1_000
    assert gift.valid_from == datetime(2026, 11, 1, tzinfo=UTC)
    assert gift.valid_to == datetime(2027, 1, 1, tzinfo=UTC)
    assert (gift.voucher_holds, gift.cancellable) == (Span(3, 0), Span(0, 14))


@pytest.mark.parametrize(
    "programme", ["hilton-hhonors", "hyatt-gold-passport", "five-star-customer"]
)
def test_vouchers_hold_a_year_assumed(programme: str) -> None:
    definition = sample(programme)
    holds = {voucher.voucher_holds for voucher in definition.vouchers}
    holds |= {award.voucher_holds for award in definition.awards if award.voucher_holds}
    assert holds == {YEAR}


@pytest.mark.parametrize(
    ("programme", "zone"),
    [
        ("hilton-hhonors", "America/New_York"),
        ("hyatt-gold-passport", "America/Chicago"),
        ("tai-pan-club", "Asia/Hong_Kong"),
        ("super-8", "Asia/Shanghai"),
        ("telecom-club-cards", "Asia/Shanghai"),
        ("five-star-customer", "Asia/Shanghai"),
        ("bank-customer-levels", "Asia/Shanghai"),
        ("restaurant-chain", "Asia/Shanghai"),
        ("ecommerce-spend", "Asia/Shanghai"),
        ("ecommerce-purchases", "Asia/Shanghai"),
        ("ecommerce-satisfaction", "Asia/Shanghai"),
        ("ecommerce-any", "Asia/Shanghai"),
        ("ecommerce-all", "Asia/Shanghai"),
    ],
)
def test_where_days_begin_assumed(programme: str, zone: str) -> None:
    assert sample(programme).time_zone.key == zone


@pytest.mark.parametrize(
    ("programme", "kind", "unit", "count", "tier"),
    [
        ("accor-favorite-guest", "STAY", "night", 19, "GUEST"),
        ("accor-favorite-guest", "STAY", "night", 20, "FAVORITE"),
        ("accor-successor", "STAY", "night", 9, "CLASSIC"),
        ("accor-successor", "STAY", "night", 10, "SILVER"),
        ("accor-successor", "STAY", "night", 29, "SILVER"),
        ("accor-successor", "STAY", "night", 30, "GOLD"),
        ("pacific-airline", "FLIGHT", "mile", 24_999, "MEMBER"),
        ("pacific-airline", "FLIGHT", "mile", 49_999, "SILVER"),
        ("pacific-airline", "FLIGHT", "mile", 50_000, "GOLD"),
    ],
)
def test_thresholds_assumed(programme: str, kind: str, unit: str, count: int, tier: str) -> None:
    member = life(programme)
    member.does(kind, DAY, quantities={unit: count})
    assert member.tier(DAY) == tier


@pytest.mark.parametrize(
    ("flights", "tier"), [(19, "MEMBER"), (20, "SILVER"), (39, "SILVER"), (40, "GOLD")]
)
def test_tiers_by_flights_assumed(flights: int, tier: str) -> None:
    member = life("pacific-airline")
    for n in range(flights):
        member.does("FLIGHT", DAY + timedelta(days=n))
    assert member.tier(date(2026, 12, 31)) == tier


@pytest.mark.parametrize(
    ("cny", "tier"),
    [
        ("2399.99", "NONE"), ("2400", "SILVER"), ("4799.99", "SILVER"), ("4800", "GOLD"),
        ("11999.99", "GOLD"), ("12000", "DIAMOND"),
    ],
)  # fmt: skip
def test_the_older_telephone_scheme_assumed(cny: str, tier: str) -> None:
    member = life("telecom-club-cards", date(2012, 1, 1))
    (leg,) = member.does("BILL", date(2012, 5, 1), spent("CNY", cny, "TELEPHONE"))
    assert leg == ("telecom-club-cards", "BASE", int(Fraction(cny)))
    assert member.tier(date(2012, 5, 1)) == tier
    assert member.definition.benefits[0].tiers == ("GOLD", "DIAMOND")


def test_when_and_how_the_stars_replace_it_assumed() -> None:
    stars = sample("china-telecom-stars")
    assert stars.replaces is not None
    assert stars.replaces.on == stars.valid_from == datetime(2013, 12, 31, 16, tzinfo=UTC)
    assert stars.replaces.ratio == 1


@pytest.mark.parametrize(
    ("programme", "tier", "bonus"),
    [
        ("accor-favorite-guest", "FAVORITE", [20]),
        ("accor-successor", "SILVER", [50]),
        ("accor-successor", "GOLD", [100]),
    ],
)
def test_bonuses_assumed(programme: str, tier: str, bonus: list[int]) -> None:
    earned = life(programme, tier=tier).does("STAY", DAY, spent("EUR", 100))
    assert [points for _, reason, points in earned if reason == "TIER_BONUS"] == bonus


@pytest.mark.parametrize(
    ("cny", "tier"),
    [
        ("2999999.99", "ORDINARY"), ("3000000", "STAR"), ("5999999.99", "STAR"),
        ("6000000", "STAR-PLUS"), ("9999999.99", "STAR-PLUS"), ("10000000", "FIVE-STAR"),
    ],
)  # fmt: skip
def test_amounts_of_a_life_assumed(cny: str, tier: str) -> None:
    """Spent long ago, so that nothing but the whole life counts."""
    member = life("five-star-customer", date(2020, 1, 1))
    member.does("CARD_SPEND", date(2020, 3, 1), spent("CNY", cny, "CARD"))
    assert member.to(date(2029, 12, 31)) == tier


def test_what_the_middle_star_costs_assumed() -> None:
    stars = sample("five-star-customer").tiers[1:]
    assert stars[1].price == MoneyAmount("CNY", 8_000_00)
    assert {star.holds for star in stars} == {YEAR}


@pytest.mark.parametrize(
    ("cny", "purchases", "score", "tier"),
    [
        ("4999.99", 1, 0, "LEVEL-2"), ("5000", 1, 0, "LEVEL-3"), ("0", 19, 0, "LEVEL-2"),
        ("0", 20, 0, "LEVEL-3"), ("0", 1, 89, "LEVEL-2"), ("0", 1, 90, "LEVEL-3"),
        ("10000", 1, 0, "LEVEL-3"), ("10000.01", 1, 0, "LEVEL-4"), ("0", 50, 0, "LEVEL-4"),
    ],
)  # fmt: skip
def test_each_measure_of_any_by_itself_assumed(
    cny: str, purchases: int, score: int, tier: str
) -> None:
    member = life("ecommerce-any")
    for n in range(purchases):
        member.does("PURCHASE", DAY, spent("CNY", cny if n == 0 else 0, "GOODS"))
    for given in (10, score):
        member.does("SATISFACTION", DAY, quantities={"score": given})
    assert member.tier(DAY) == tier


@pytest.mark.parametrize(("score", "tier"), [(89, "LEVEL-2"), (90, "LEVEL-3")])
def test_all_measures_need_the_score_too_assumed(score: int, tier: str) -> None:
    """The score given last, not the sum of them."""
    member = life("ecommerce-all")
    for given in (5, score):
        member.does("SATISFACTION", DAY, quantities={"score": given})
    for _ in range(20):
        earned = member.does("PURCHASE", DAY, spent("CNY", 250, "GOODS"))
        assert earned == [("ecommerce-all", "BASE", 250)]
    assert member.tier(DAY) == tier


def test_foreign_money_and_the_price_of_missing_points_assumed() -> None:
    hotel = sample("hyatt-gold-passport")
    assert life(hotel.programme).does("STAY", DAY, spent("CNY", 8_000)) == [
        (hotel.programme, "BASE", 5_000)
    ]
    assert hotel.buying is not None
    assert (hotel.buying.price, hotel.buying.currency) == (Fraction(1, 100), "USD")


def test_dates_and_budget_of_a_promotion_assumed() -> None:
    (promotion,) = (rule for rule in sample("coalition-points").earn if rule.registration)
    assert promotion.valid_from == datetime(2026, 6, 1, tzinfo=UTC)
    assert promotion.valid_to == datetime(2026, 7, 1, tzinfo=UTC)
    assert promotion.budget == 1_000_000


def test_what_a_shop_gives_for_a_euro_assumed() -> None:
    (rule,) = sample("coalition-shop").earn
    assert rule.points == Fraction(1, 100)


def test_miles_count_after_the_flight_and_for_three_years_assumed() -> None:
    airline = sample("pacific-airline")
    assert {rule.available for rule in airline.earn} == {Available.AT_END}
    assert airline.takes_early("FLIGHT")
    assert airline.expiry is not None
    assert airline.expiry.gone_on(date(2026, 3, 1)) == date(2029, 3, 1)
    assert airline.expiry.notice_days == 60


def test_points_of_a_coalition_live_by_one_activity_in_twelve_months() -> None:
    expiry = sample("coalition-points").expiry
    assert expiry is not None
    assert expiry.gone_on(date(2026, 3, 1)) == date(2027, 3, 1)


def test_customers_refer_nobody_before_the_threshold_of_entry_assumed() -> None:
    assert life("single-company-points").does("REFERRAL", DAY) == []


def test_elected_points_are_no_base_points() -> None:
    member = life("hilton-hhonors", choice="points-and-points")
    earned = member.does("STAY", DAY, spent("USD", 5_999))
    assert [points for _, _, points in earned] == [59_990, 29_995]
    assert member.tier(DAY) == "BLUE"
