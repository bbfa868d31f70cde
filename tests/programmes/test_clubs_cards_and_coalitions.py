"""Programmes of which the sources state no figures: what each of them shows."""

from datetime import UTC, date, datetime
from fractions import Fraction

import pytest

from partners.programmes.forms import MoneyAmount
from partners.programmes.lapsing import expired_minor
from partners.programmes.model import JoiningWay
from partners.programmes.tiers import TierSource
from support.programme_life import JOINED, Life, life, sample, spent

DAY = date(2026, 5, 1)


@pytest.mark.parametrize(
    ("programme", "way"),
    [
        ("kempinski-private-concierge", JoiningWay.INVITATION),
        ("tai-pan-club", JoiningWay.INVITATION),
        ("super-8", JoiningWay.PURCHASE),
        ("paid-club", JoiningWay.PURCHASE),
        ("free-club", JoiningWay.APPLICATION),
    ],
)
def test_clubs_have_one_way_in_benefits_and_no_points(programme: str, way: JoiningWay) -> None:
    definition = sample(programme)
    assert definition.joining.ways == (way,)
    assert (definition.joining.price is not None) == (way is JoiningWay.PURCHASE)
    assert definition.currency is None
    assert definition.benefits
    assert life(programme).does("STAY", DAY, spent("USD", 100), {"night": 2}) == []


def test_what_membership_costs_assumed_prices() -> None:
    assert sample("super-8").joining.price == MoneyAmount("CNY", 50_00)
    assert sample("paid-club").joining.price == MoneyAmount("EUR", 99_00)


@pytest.mark.parametrize(
    ("programme", "airline", "miles"),
    [
        ("millennium-copthorne", "", [("airline", "BASE", 500)]),
        ("miles-only-hotels", "", [("airline", "BASE", 750)]),
        ("miles-only-hotels", "pacific-airline", [("pacific-airline", "BASE", 750)]),
    ],
)
def test_a_stay_earns_only_an_airlines_miles_assumed_figures(
    programme: str, airline: str, miles: list[tuple[str, str, int]]
) -> None:
    """Assumed: 500 a stay, or 250 a night."""
    member = life(programme, airline=airline)
    assert member.does("STAY", DAY, spent("USD", 100), {"night": 3}) == miles
    assert member.definition.currency is None


def test_favorite_guest_is_replaced_assumed_date_and_ratio() -> None:
    successor = sample("accor-successor")
    replaced = successor.replaces
    assert replaced is not None
    old = sample(replaced.programme)
    assert old.programme == "accor-favorite-guest"
    assert replaced.on == successor.valid_from == datetime(2008, 9, 1, tzinfo=UTC)
    assert replaced.ratio == 2
    assert set(replaced.tiers) == {tier.name for tier in old.tiers}
    assert [replaced.tiers[tier.name] for tier in old.tiers] == ["CLASSIC", "GOLD"]


def test_the_value_of_a_stay_is_the_same_before_and_after_assumed_rates() -> None:
    """Assumed: the new points are half as large, so twice as many are earned and carried over."""
    old, new = "accor-favorite-guest", "accor-successor"
    stay = spent("EUR", 100)
    assert life(old, date(2008, 1, 1)).does("STAY", date(2008, 8, 31), stay) == [(old, "BASE", 100)]
    assert life(new, date(2008, 9, 1)).does("STAY", date(2008, 9, 1), stay) == [(new, "BASE", 200)]


COMPANY = "single-company-points"


def test_a_threshold_of_entry_assumed_figure() -> None:
    """Assumed: 200 euros. What passes it earns nothing yet; then a point (of 100) per euro."""
    member = life(COMPANY)
    assert member.does("PURCHASE", date(2026, 1, 5), spent("EUR", "199.99", "GOODS")) == []
    assert member.tier(date(2026, 1, 5)) == "CUSTOMER"
    assert member.does("PURCHASE", date(2026, 1, 6), spent("EUR", "0.01", "GOODS")) == []
    assert member.tier(date(2026, 1, 6)) == "MEMBER"
    earned = member.does("PURCHASE", date(2026, 1, 7), spent("EUR", "12.34", "GOODS"))
    assert earned == [(COMPANY, "BASE", 12_34)]
    assert member.to(date(2036, 1, 1)) == "MEMBER"


@pytest.mark.parametrize(
    ("eur", "points"),
    [
        (["0.05"], [1_00]),
        (["600"], [500_00]),
        (["450", "450", "450"], [450_00, 450_00, 100_00]),
    ],
)
def test_least_most_and_most_of_a_day_assumed_figures(eur: list[str], points: list[int]) -> None:
    member = life(COMPANY, tier="MEMBER")
    legs = [
        leg for money in eur for leg in member.does("PURCHASE", DAY, spent("EUR", money, "GOODS"))
    ]
    assert [earned for _, _, earned in legs] == points


def test_referrals_earn_up_to_a_cap_assumed_figures() -> None:
    member = life(COMPANY, tier="MEMBER")
    earned = [member.does("REFERRAL", date(2026, 1, n)) for n in range(1, 13)]
    assert earned == [[(COMPANY, "REFERRAL", 50_00)]] * 10 + [[]] * 2


def test_points_are_good_for_two_years_assumed_figure() -> None:
    expiry = sample(COMPANY).expiry
    assert expiry is not None
    by_day = {date(2024, 3, 1): 500, date(2025, 3, 1): 300}
    for today, gone in (
        (date(2026, 2, 28), 0),
        (date(2026, 3, 1), 500),
        (date(2027, 2, 28), 500),
        (date(2027, 3, 1), 800),
    ):
        found = expired_minor(
            expiry, balance_minor=800, by_day=by_day, today=today, since=date(2024, 1, 1)
        )
        assert found == gone


def test_points_that_came_first_are_spent_first() -> None:
    expiry = sample(COMPANY).expiry
    assert expiry is not None
    by_day = {date(2024, 3, 1): 500, date(2025, 3, 1): 300}
    found = expired_minor(
        expiry, balance_minor=350, by_day=by_day, today=date(2026, 3, 1), since=date(2024, 1, 1)
    )
    assert found == 50


COALITION = "coalition-points"


@pytest.mark.parametrize(
    ("kind", "spend", "quantities", "points"),
    [
        ("STAY", spent("EUR", 100), {}, 200),
        ("FLIGHT", [], {"mile": 1_000}, 250),
        ("CAR_RENTAL", [], {"day": 3}, 150),
        ("BILL", spent("EUR", 40, "TELEPHONE"), {}, 40),
        ("PURCHASE", spent("EUR", 25, "GOODS"), {}, 25),
        ("CARD_SPEND", spent("EUR", 25, "CARD"), {}, 12),
    ],
)
def test_one_currency_is_earned_everywhere_assumed_rates(
    kind: str, spend: list[tuple[str, str, int]], quantities: dict[str, int], points: int
) -> None:
    assert life(COALITION).does(kind, DAY, spend, quantities) == [(COALITION, "BASE", points)]


def test_whoever_reports_pays_and_awards_are_at_all_of_them() -> None:
    definition = sample(COALITION)
    kinds = {rule.activity for rule in definition.earn if rule.funder is None}
    assert len(kinds) == len(definition.awards) == 6


def test_a_share_is_kept_for_the_red_list_assumed_figures() -> None:
    award = sample(COALITION).award("hotel-night")
    assert award is not None
    assert (award.stock, award.reserved) == (100, 10)


@pytest.mark.parametrize(
    ("day", "registered", "extra"),
    [
        (date(2026, 6, 15), {"double-month"}, [300, 200]),
        (date(2026, 6, 15), set(), []),
        (date(2026, 5, 31), {"double-month"}, []),
        (date(2026, 7, 1), {"double-month"}, []),
    ],
)
def test_a_promotion_has_dates_registration_and_a_cap_assumed_figures(
    day: date, registered: set[str], extra: list[int]
) -> None:
    member = life(COALITION)
    member.registered = frozenset(registered)
    legs = [
        leg for _ in range(3) for leg in member.does("PURCHASE", day, spent("EUR", 300, "GOODS"))
    ]
    assert [points for _, reason, points in legs if reason == "BASE"] == [300] * 3
    assert [points for _, reason, points in legs if reason == "PROMOTION"] == extra


def test_the_promotion_is_the_operators_expense() -> None:
    (promotion,) = (rule for rule in sample(COALITION).earn if rule.registration)
    assert promotion.funder == "operator"


def test_a_shop_without_points_earns_the_shared_currency_assumed_rate() -> None:
    """Assumed: a hundredth of a unit per euro; here of a currency without decimals."""
    earned = life("coalition-shop").does("PURCHASE", DAY, spent("EUR", 250, "GOODS"))
    assert earned == [("operator", "BASE", 2)]


@pytest.mark.parametrize(
    ("card", "merchant", "legs"),
    [
        ("co-brand-card", "a-shop", [("airline", "BASE", 80)]),
        ("co-brand-card", "airline", [("airline", "BASE", 80), ("airline", "PARTNER_BONUS", 80)]),
        ("affinity-card", "a-shop", [(COALITION, "BASE", 40)]),
    ],
)
def test_cards_earn_a_partners_points_at_the_issuers_expense_assumed_rates(
    card: str, merchant: str, legs: list[tuple[str, str, int]]
) -> None:
    member = life(card)
    earned = member.does("CARD_SPEND", DAY, spent("EUR", 80, "CARD"), where={"merchant": merchant})
    assert earned == legs
    assert member.definition.currency is None
    assert {rule.funder for rule in member.definition.earn} == {None}


AIRLINE = "pacific-airline"


@pytest.mark.parametrize(
    ("tier", "fare", "miles", "legs"),
    [
        ("MEMBER", "Y", 1_200, [("BASE", 1_200)]),
        ("MEMBER", "Y", 120, [("BASE", 500)]),
        ("SILVER", "Y", 1_200, [("BASE", 1_200), ("TIER_BONUS", 300)]),
        ("GOLD", "J", 1_200, [("BASE", 1_200), ("TIER_BONUS", 600), ("CABIN_BONUS", 600)]),
    ],
)
def test_miles_by_distance_tier_and_cabin_assumed_figures(
    tier: str, fare: str, miles: int, legs: list[tuple[str, int]]
) -> None:
    member = life(AIRLINE, tier=tier)
    earned = member.does("FLIGHT", DAY, quantities={"mile": miles}, where={"fare-class": fare})
    assert earned == [(AIRLINE, reason, points) for reason, points in legs]


@pytest.mark.parametrize("tier", ["SILVER", "GOLD"])
def test_the_other_airlines_cards_are_matched_assumed_term(tier: str) -> None:
    definition = sample(AIRLINE)
    (match,) = definition.tier(tier).match
    assert (match.programme, match.tier) == ("airline", tier)
    member = life(AIRLINE)
    member.takes(tier, TierSource.MATCHED, DAY, match.holds)
    assert member.to(date(2026, 10, 31)) == tier
    assert member.to(date(2026, 11, 1)) != tier


def test_membership_years_and_a_soft_landing_assumed_rules() -> None:
    member = life(AIRLINE, date(2025, 6, 15))
    member.does("FLIGHT", date(2026, 6, 14), quantities={"mile": 25_000})
    member.does("FLIGHT", date(2026, 6, 15), quantities={"mile": 25_000})
    assert member.tier(date(2026, 6, 15)) == "SILVER", "two years of membership"
    member.does("FLIGHT", date(2027, 6, 14), quantities={"mile": 25_000})
    assert member.tier(date(2027, 6, 14)) == "GOLD"
    assert member.until(date(2027, 6, 14)) == date(2028, 6, 14)
    assert member.to(date(2028, 6, 15)) == "SILVER"
    assert member.to(date(2029, 6, 14)) == "SILVER"
    assert member.to(date(2029, 6, 15)) == "MEMBER"


def test_an_award_may_cost_points_and_money_assumed_prices() -> None:
    award = sample("hilton-hhonors").award("free-night")
    assert award is not None
    assert [(price.points, price.money) for price in award.prices] == [
        (Fraction(20_000), None),
        (Fraction(10_000), MoneyAmount("USD", 80_00)),
    ]


@pytest.mark.parametrize(
    "programme", ["hilton-hhonors", "hyatt-gold-passport", "priority-club", "gloria-partner"]
)
def test_one_activity_in_twelve_months_keeps_all_points(programme: str) -> None:
    expiry = sample(programme).expiry
    assert expiry is not None
    active = {date(2025, 7, 1): 1, date(2026, 6, 30): 1}
    for today, gone in ((date(2027, 6, 29), 0), (date(2027, 6, 30), 900)):
        found = expired_minor(
            expiry, balance_minor=900, by_day=active, today=today, since=date(2025, 1, 1)
        )
        assert found == gone


def test_a_member_without_activity_stays_what_they_joined_as() -> None:
    for programme in ("hilton-hhonors", "gloria-partner", COALITION):
        member: Life = life(programme)
        assert member.to(date(2036, 1, 1)) == member.definition.entry_tier
        assert [term.since for term in member.terms] == [JOINED]
