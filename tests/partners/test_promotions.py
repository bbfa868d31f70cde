"""Promotions and limits: what a rule gives at least, at most, to whom, until when, and who pays."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partners.activities import Activity, ActivityKey, Quantity, Spend
from partners.programmes.definition import ProgrammeDefinition, parse_definition
from partners.programmes.earning import CurrencyNotEarning, EarnedLeg, Earner, Given, earn

ARRIVAL = datetime(2026, 3, 5, 14, tzinfo=UTC)
MEMBER = Earner("MEMBER", "points")
HEAD = """
schema = 1
programme = "hotel-h"
name = "Hotel H Rewards"
valid_from = 2015-01-01T00:00:00Z
custody = "gateway"
reversal = "negative-balance"
tiers = [{ name = "MEMBER" }, { name = "GOLD", bonus = "25%" }, { name = "TOP", multiplier = "3" }]
[currency]
code = "H-POINTS"
exponent = 1
[[choices]]
id = "points"
[[choices]]
id = "miles"
programmes = ["airline-m", "airline-n"]
"""


def programme(*rules: str) -> ProgrammeDefinition:
    """Hotel H with these rules, of one point per euro unless they say otherwise."""
    return parse_definition((HEAD + "".join(rules)).encode())


def rule(name: str = "base", keys: str = "", per: str = 'per = "money"\ncurrency = "EUR"') -> str:
    """A rule for stays."""
    points = "" if "\npoints =" in keys or keys.startswith("points") else 'points = "1"\n'
    return f'[[earn]]\nrule = "{name}"\nactivity = "STAY"\n{per}\n{points}{keys}\n'


def stay(euros: str = "100", **changes: object) -> Activity:
    """A stay of two nights for so many euros."""
    whole, _, cents = euros.partition(".")
    activity = Activity(
        key=ActivityKey("hotel-h", "STAY", "folio-1"),
        started_at=ARRIVAL,
        ended_at=ARRIVAL + timedelta(days=2),
        spend=(Spend("ROOM", "EUR", int(whole) * 100 + int(cents or 0)),),
        quantities=(Quantity("NIGHT", 2),),
    )
    return replace(activity, **changes)  # type: ignore[arg-type]


def legs(
    definition: ProgrammeDefinition, activity: Activity, earner: Earner = MEMBER
) -> tuple[EarnedLeg, ...]:
    """What it earns; miles have no decimals."""
    return earn(definition, activity, earner, exponents={"airline-m": 0, "airline-n": 0})


def points(
    definition: ProgrammeDefinition, activity: Activity, earner: Earner = MEMBER
) -> list[int]:
    """The points of each leg, in tenths."""
    return [leg.points_minor for leg in legs(definition, activity, earner)]


@pytest.mark.parametrize(
    ("keys", "euros", "expected"),
    [
        ('minimum = "50"', "0.09", []),  # it gives nothing, and so not the minimum either
        ('minimum = "50"', "0.10", [500]),
        ('minimum = "50"', "49.99", [500]),
        ('minimum = "50"', "50.10", [501]),
        ('maximum = "80"', "79.99", [799]),
        ('maximum = "80"', "80", [800]),
        ('maximum = "80"', "1000000", [800]),
        ('minimum = "50"\nmaximum = "50"', "7", [500]),
    ],
)
def test_minimum_and_maximum_are_of_one_activity(
    keys: str, euros: str, expected: list[int]
) -> None:
    assert points(programme(rule(keys=keys)), stay(euros)) == expected


@pytest.mark.parametrize(
    ("keys", "given_before", "expected"),
    [
        ('cap_per_day = "150"', Given(to_member_on_day={"base": 0}), [1_000]),
        ('cap_per_day = "150"', Given(to_member_on_day={"base": 700}), [800]),
        ('cap_per_day = "150"', Given(to_member_on_day={"base": 1_500}), []),
        ('cap_per_day = "150"', Given(to_member_on_day={"base": 9_999}), []),
        ('cap_per_day = "150"', Given(to_member={"base": 1_500}, to_all={"base": 1_500}), [1_000]),
        ('cap_per_member = "150"', Given(to_member={"base": 1_000}), [500]),
        ('cap_per_member = "150"', Given(to_member_on_day={"base": 1_500}), [1_000]),
        ('budget = "150"', Given(to_all={"base": 1_400}), [100]),
        ('budget = "150"', Given(to_all={"other": 1_500}), [1_000]),
        ('budget = "150"', Given(to_member={"base": 1_500}), [1_000]),
        # The tightest decides.
        (
            'maximum = "90"\ncap_per_day = "80"\ncap_per_member = "70"\nbudget = "60"',
            Given(),
            [600],
        ),
        (
            'maximum = "50"\ncap_per_day = "80"\ncap_per_member = "70"\nbudget = "60"',
            Given(to_all={"base": 200}),
            [400],
        ),
        # A minimum does not lift a limit.
        ('minimum = "500"\nbudget = "60"', Given(), [600]),
    ],
)
def test_limits_count_what_was_given_before(
    keys: str, given_before: Given, expected: list[int]
) -> None:
    assert points(programme(rule(keys=keys)), stay(), replace(MEMBER, given=given_before)) == (
        expected
    )


def test_a_leg_says_which_limit_changed_it() -> None:
    definition = programme(rule(keys='points = "1/3"\nminimum = "40"\nbudget = "20.5"'))
    (leg,) = legs(definition, stay())
    assert leg.points_minor == 205
    assert leg.because == ("1/3 per EUR on 100.00 EUR; at least 40; the budget of 20.5 is used up")


@given(
    st.lists(st.integers(0, 50_000), max_size=12),
    st.integers(1, 3_000),
    st.sampled_from(["cap_per_member", "cap_per_day", "budget"]),
)
def test_a_cap_is_reached_exactly_and_never_passed(cents: list[int], cap: int, key: str) -> None:
    definition = programme(rule(keys=f'{key} = "{cap}"'))
    field = {"cap_per_day": "to_member_on_day", "cap_per_member": "to_member", "budget": "to_all"}
    total = 0
    for amount in cents:
        before = Given(**{field[key]: {"base": total}})
        spend = (Spend("ROOM", "EUR", amount),)
        total += sum(points(definition, stay(spend=spend), replace(MEMBER, given=before)))
    assert total == min(cap * 10, sum(amount // 10 for amount in cents))


def test_the_tier_adds_to_what_the_limits_left() -> None:
    definition = programme(rule(keys='tier_bonus = true\nmaximum = "80"'))
    assert points(definition, stay(), Earner("GOLD", "points")) == [800, 200]
    assert points(definition, stay(), Earner("TOP", "points")) == [800, 1_600]


def test_a_promotion_is_of_its_dates() -> None:
    dates = "valid_from = 2026-03-01T00:00:00Z\nvalid_to = 2026-04-01T00:00:00Z"
    definition = programme(rule(keys=dates))
    for started_at, earned in (
        (datetime(2026, 2, 28, 23, 59, 59, tzinfo=UTC), []),
        (datetime(2026, 3, 1, tzinfo=UTC), [1_000]),
        (datetime(2026, 3, 31, 23, 59, 59, tzinfo=UTC), [1_000]),
        (datetime(2026, 4, 1, tzinfo=UTC), []),
    ):
        assert points(definition, stay(started_at=started_at)) == earned


def test_a_promotion_can_ask_for_registration() -> None:
    definition = programme(rule(keys="registration = true"))
    assert points(definition, stay()) == []
    assert points(definition, stay(), replace(MEMBER, registered=frozenset({"other"}))) == []
    assert points(definition, stay(), replace(MEMBER, registered=frozenset({"base"}))) == [1_000]


def test_a_promotion_can_be_of_other_rules_points() -> None:
    double = rule("double", 'of = ["base", "nights"]\nreason = "PROMOTION"', 'per = "points"')
    definition = programme(
        rule(keys='tier_bonus = true\nmaximum = "60"'),
        rule("nights", 'points = "5"', 'per = "night"'),
        rule("hidden", 'tiers = ["TOP"]'),
        double,
    )
    found = legs(definition, stay(), Earner("GOLD", "points"))
    # Of 60 and 10 points, not of the tier's 15.
    assert [(leg.reason, leg.points_minor) for leg in found] == [
        ("BASE", 600),
        ("TIER_BONUS", 150),
        ("BASE", 100),
        ("PROMOTION", 700),
    ]


def test_points_of_another_currency_are_counted_whole() -> None:
    definition = programme(
        rule("miles", 'programme = "airline-m"\npoints = "7"', 'per = "night"'),
        rule("match", 'of = ["miles"]', 'per = "points"'),
    )
    assert points(definition, stay()) == [14, 140]


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ((), []),
        ((("brand", "regency"),), [1_000]),
        ((("rate", "best"), ("brand", "park")), [1_000]),
        ((("brand", "place"),), []),
        ((("property", "regency"),), []),
    ],
)
def test_a_rule_can_ask_for_attributes(
    attributes: tuple[tuple[str, str], ...], expected: list[int]
) -> None:
    definition = programme(rule(keys='where = { brand = ["regency", "park"] }'))
    assert points(definition, stay(attributes=attributes)) == expected


def test_all_attributes_must_be_there() -> None:
    definition = programme(rule(keys='where = { brand = ["park"], rate = ["best"] }'))
    both = (("brand", "park"), ("rate", "best"))
    assert points(definition, stay(attributes=both)) == [1_000]
    assert points(definition, stay(attributes=both[:1])) == []


def test_a_leg_names_who_pays_for_it() -> None:
    definition = programme(rule(), rule("card", 'funder = "bank-b"\ntier_bonus = true'))
    found = legs(definition, stay(), Earner("GOLD", "points"))
    assert [leg.funder for leg in found] == [None, "bank-b", "bank-b"]


@pytest.mark.parametrize(
    ("keys", "ended_at", "available_at"),
    [
        ("", ARRIVAL + timedelta(days=2), None),
        ('available = "at-end"', ARRIVAL + timedelta(days=2), ARRIVAL + timedelta(days=2)),
        ('available = "at-end"', None, None),
    ],
)
def test_points_can_be_held_until_the_stay_is_over(
    keys: str, ended_at: datetime | None, available_at: datetime | None
) -> None:
    found = legs(
        programme(rule(keys=keys + "\ntier_bonus = true")),
        stay(ended_at=ended_at),
        Earner("GOLD", "points"),
    )
    assert [leg.available_at for leg in found] == [available_at, available_at]


MILES = (
    rule("own", 'choices = ["points"]'),
    rule("miles-m", 'programme = "airline-m"\nchoices = ["miles"]'),
    rule("miles-n", 'programme = "airline-n"\npoints = "2"\nchoices = ["miles"]'),
)


@pytest.mark.parametrize(
    ("choice", "named", "expected"),
    [
        ("points", None, [("hotel-h", 1_000)]),
        ("points", "airline-n", [("hotel-h", 1_000)]),
        ("miles", None, [("airline-m", 100)]),
        ("miles", "airline-m", [("airline-m", 100)]),
        ("miles", "airline-n", [("airline-n", 200)]),
        # An airline that is no longer offered: the first one, not nothing.
        ("miles", "airline-o", [("airline-m", 100)]),
    ],
)
def test_a_member_names_one_of_several_programmes(
    choice: str, named: str | None, expected: list[tuple[str, int]]
) -> None:
    found = legs(programme(*MILES), stay(), Earner("MEMBER", choice, chosen_programme=named))
    assert [(leg.programme, leg.points_minor) for leg in found] == expected


FX = """
[[fx]]
currency = "USD"
to = "EUR"
rate = "0.5"
valid_from = 2026-04-01T00:00:00Z
[[fx]]
currency = "USD"
to = "EUR"
rate = "0.9"
valid_from = 2026-01-01T00:00:00Z
[[fx]]
currency = "JPY"
to = "EUR"
rate = "1/160"
valid_from = 2026-01-01T00:00:00Z
"""


@pytest.mark.parametrize(
    ("started_at", "spend", "expected"),
    [
        (ARRIVAL, [("USD", 10_000)], [900]),
        (datetime(2026, 3, 31, 23, 59, 59, tzinfo=UTC), [("USD", 10_000)], [900]),
        (datetime(2026, 4, 1, tzinfo=UTC), [("USD", 10_000)], [500]),
        (ARRIVAL, [("JPY", 16_000)], [1_000]),
        # Summed exactly, rounded once: 0.99 EUR and 1.01 USD are 1.899 EUR.
        (ARRIVAL, [("EUR", 99), ("USD", 101)], [18]),
        (ARRIVAL, [("USD", 11), ("JPY", 1)], [1]),
    ],
)
def test_foreign_money_counts_at_the_rate_of_the_day(
    started_at: datetime, spend: list[tuple[str, int]], expected: list[int]
) -> None:
    parts = tuple(Spend("ROOM", *part) for part in spend)
    activity = stay(started_at=started_at, spend=parts)
    assert points(programme(rule(), FX), activity) == expected


@pytest.mark.parametrize(
    ("currency", "started_at"),
    [("CHF", ARRIVAL), ("USD", datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC))],
)
def test_foreign_money_without_a_rate_is_refused(currency: str, started_at: datetime) -> None:
    activity = stay(started_at=started_at, spend=(Spend("ROOM", currency, 100),))
    with pytest.raises(CurrencyNotEarning, match=currency):
        points(programme(rule(), FX), activity)


def test_money_that_only_a_counter_would_count_is_refused_without_a_rate() -> None:
    """It would be missing from the tier, and nobody would know."""
    counter = '[[counters]]\ncounter = "spend"\nper = "money"\ncurrency = "EUR"\n{}\n'
    activity = stay(spend=(Spend("ROOM", "USD", 100),))
    with pytest.raises(CurrencyNotEarning, match="USD"):
        points(programme(counter.format("")), activity)
    assert points(programme(counter.format('activity = "CARD_SPEND"')), activity) == []
    assert points(programme(counter.format('category = "FOOD"')), activity) == []
    in_both = counter.format("") + counter.format("").replace("EUR", "USD")
    assert points(programme(in_both), activity) == []
