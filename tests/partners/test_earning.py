"""What activities earn: the worked example, each measure, rounding, choices, refusals."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partners.activities import Activity, ActivityKey, Quantity, Spend
from partners.programmes.definition import (
    ProgrammeDefinition,
    UnknownChoice,
    UnknownTier,
    parse_definition,
)
from partners.programmes.earning import (
    CurrencyNotEarning,
    Earner,
    UnknownPointsCurrency,
    earn,
)
from partners.programmes.money import exponent_of
from settlement.ledger.amounts import INT64_MAX, AmountOverflow

ARRIVAL = datetime(2026, 1, 5, 14, tzinfo=UTC)
AIRLINE_EXPONENT = {"airline-m": 0}

HEAD = """
schema = 1
programme = "hotel-h"
name = "Hotel H Rewards"
valid_from = 2015-01-01T00:00:00Z
custody = "gateway"
reversal = "negative-balance"
tiers = [{ name = "MEMBER" }, { name = "GOLD", bonus = "25%" }, { name = "ODD", bonus = "12.5%" }]
choices = [{ id = "points" }, { id = "points-and-miles" }]
"""

WORKED_EXAMPLE = """
[[earn]]
rule = "room-base"
activity = "STAY"
per = "money"
category = "ROOM"
currency = "USD"
points = "10"
tier_bonus = true
choices = ["points", "points-and-miles"]
[[earn]]
rule = "stay-miles"
programme = "airline-m"
activity = "STAY"
per = "money"
category = "ROOM"
currency = "USD"
points = "1"
choices = ["points-and-miles"]
"""


def programme(rules: str, exponent: int = 0) -> ProgrammeDefinition:
    """Hotel H with these rules."""
    currency = f'[currency]\ncode = "H-POINTS"\nexponent = {exponent}\n'
    return parse_definition((HEAD + currency + rules).encode())


def rule(**values: str | bool) -> str:
    """A rule of one key per value; a STAY earning a point per activity unless told otherwise."""
    keys = {"rule": "a-rule", "activity": "STAY", "per": "activity", "points": "1", **values}
    lines = (
        f"{key} = {str(value).lower() if isinstance(value, bool) else repr(value)}"
        for key, value in keys.items()
    )
    return "[[earn]]\n" + "\n".join(lines) + "\n"


def activity(
    spend: Sequence[tuple[str, str, int]] = (),
    quantities: Sequence[tuple[str, int]] = (),
    kind: str = "STAY",
) -> Activity:
    """An activity of two nights with this spend and these quantities."""
    return Activity(
        key=ActivityKey("hotel-h", kind, "folio-1"),
        started_at=ARRIVAL,
        ended_at=ARRIVAL + timedelta(days=2),
        spend=tuple(Spend(*part) for part in spend),
        quantities=tuple(Quantity(*part) for part in quantities),
    )


def earned(
    definition: ProgrammeDefinition,
    what: Activity,
    tier: str = "MEMBER",
    choice: str = "points",
    exponents: Mapping[str, int] = AIRLINE_EXPONENT,
) -> list[tuple[str, str, int]]:
    """Programme, reason and points of each leg."""
    legs = earn(definition, what, Earner(tier, choice), exponents=exponents)
    return [(leg.programme, leg.reason, leg.points_minor) for leg in legs]


@pytest.mark.parametrize(
    ("tier", "choice", "expected"),
    [
        (
            "GOLD",
            "points-and-miles",
            [
                ("hotel-h", "BASE", 2_000),
                ("hotel-h", "TIER_BONUS", 500),
                ("airline-m", "BASE", 200),
            ],
        ),
        ("GOLD", "points", [("hotel-h", "BASE", 2_000), ("hotel-h", "TIER_BONUS", 500)]),
        ("MEMBER", "points", [("hotel-h", "BASE", 2_000)]),
    ],
)
def test_the_worked_example(tier: str, choice: str, expected: list[tuple[str, str, int]]) -> None:
    stay = activity([("ROOM", "USD", 20_000)])
    assert earned(programme(WORKED_EXAMPLE), stay, tier, choice) == expected


def test_legs_name_their_rule_and_say_why() -> None:
    stay = activity([("ROOM", "USD", 20_000)])
    member = Earner("GOLD", "points-and-miles")
    legs = earn(programme(WORKED_EXAMPLE), stay, member, exponents=AIRLINE_EXPONENT)
    assert [(leg.rule, leg.because) for leg in legs] == [
        ("room-base", "10 per USD on 200.00 USD"),
        ("room-base", "25% of these for tier GOLD"),
        ("stay-miles", "1 per USD on 200.00 USD"),
    ]


@pytest.mark.parametrize(
    ("rules", "what", "expected"),
    [
        pytest.param(
            rule(per="night", points="500"),
            activity(quantities=[("NIGHT", 2), ("MILE", 9), ("NIGHT", 1)]),
            [1_500],
            id="per-night-summed",
        ),
        pytest.param(
            rule(activity="FLIGHT", per="mile", points="0.5"),
            activity(quantities=[("MILE", 1_751)], kind="FLIGHT"),
            [875],
            id="per-mile-half-a-point",
        ),
        pytest.param(rule(points="250"), activity(), [250], id="per-activity"),
        pytest.param(
            rule(per="money", currency="CNY", points="1/100"),
            activity([("FOOD", "CNY", 29_999)]),
            [2],
            id="per-hundred",
        ),
        pytest.param(
            rule(per="money", currency="JPY", points="1/100"),
            activity([("ROOM", "JPY", 12_345)]),
            [123],
            id="yen-has-no-minor-unit",
        ),
        pytest.param(
            rule(per="money", currency="KWD", points="10"),
            activity([("ROOM", "KWD", 12_345)]),
            [123],
            id="dinar-has-three-decimals",
        ),
        pytest.param(
            rule(per="money", category="ROOM", currency="EUR", points="1"),
            activity([("ROOM", "EUR", 150), ("FOOD", "EUR", 900), ("ROOM", "EUR", 50)]),
            [2],
            id="one-category-summed-before-rounding",
        ),
        pytest.param(
            rule(per="money", currency="EUR", points="1"),
            activity([("ROOM", "EUR", 150), ("FOOD", "EUR", 900)]),
            [10],
            id="all-categories",
        ),
        pytest.param(
            rule(per="money", category="ROOM", currency="EUR", points="1")
            + rule(rule="in-usd", per="money", category="ROOM", currency="USD", points="2"),
            activity([("ROOM", "EUR", 100), ("ROOM", "USD", 100)]),
            [1, 2],
            id="two-currencies-each-by-its-rule",
        ),
        pytest.param(
            rule(per="money", category="ROOM", currency="EUR", points="1"),
            activity([("FOOD", "USD", 900)]),
            [],
            id="spend-that-no-rule-looks-at",
        ),
        pytest.param(
            rule(per="money", category="ROOM", currency="EUR", points="1"),
            activity([("ROOM", "EUR", 99)]),
            [],
            id="less-than-a-point-is-no-leg",
        ),
        pytest.param(rule(), activity(kind="FLIGHT"), [], id="no-rule-for-the-kind"),
        pytest.param(rule(per="mile"), activity(), [], id="nothing-to-count"),
        pytest.param("", activity([("ROOM", "EUR", 900)]), [], id="no-rules-at-all"),
    ],
)
def test_measures(rules: str, what: Activity, expected: list[int]) -> None:
    assert [points for _, _, points in earned(programme(rules), what)] == expected


@pytest.mark.parametrize(
    ("tier", "minor", "expected"),
    [
        ("ODD", 800, [8, 1]),
        ("ODD", 799, [7]),  # 12.5 % of 7 is 0.875
        ("GOLD", 499, [4, 1]),  # of the 4 points, not of 4.99
        ("GOLD", 399, [3]),
        ("MEMBER", 400, [4]),
    ],
)
def test_the_bonus_is_of_whole_points_and_floored(
    tier: str, minor: int, expected: list[int]
) -> None:
    definition = programme(rule(per="money", currency="EUR", tier_bonus=True))
    stay = activity([("ROOM", "EUR", minor)])
    assert [points for _, _, points in earned(definition, stay, tier)] == expected


def test_points_have_the_exponent_of_their_own_currency() -> None:
    rules = rule(points="1.5", tier_bonus=True) + rule(
        rule="miles", programme="airline-m", points="0.25"
    )
    assert earned(programme(rules, exponent=2), activity(), "GOLD", exponents={"airline-m": 3}) == [
        ("hotel-h", "BASE", 150),
        ("hotel-h", "TIER_BONUS", 37),
        ("airline-m", "BASE", 250),
    ]


def test_money_that_cannot_be_priced_is_refused_whatever_the_choice() -> None:
    stay = activity([("ROOM", "USD", 1_000), ("ROOM", "CHF", 1_000)])
    with pytest.raises(CurrencyNotEarning, match="CHF") as refused:
        earned(programme(WORKED_EXAMPLE), stay)
    assert (refused.value.currency, refused.value.accepted) == ("CHF", ("USD",))


def test_the_unknown_is_refused_by_name() -> None:
    definition, stay = programme(WORKED_EXAMPLE), activity([("ROOM", "USD", 1_000)])
    with pytest.raises(UnknownTier, match="PLATINUM"):
        earned(definition, stay, tier="PLATINUM")
    with pytest.raises(UnknownChoice, match="cash"):
        earned(definition, stay, choice="cash")
    with pytest.raises(UnknownPointsCurrency, match="airline-m"):
        earned(definition, stay, choice="points-and-miles", exponents={})
    assert earned(definition, stay, exponents={}) == [("hotel-h", "BASE", 100)]


@pytest.mark.parametrize("points", ["1000", "999999999999"])
def test_earning_overflows_loudly(points: str) -> None:
    definition = programme(rule(per="night", points=points))
    with pytest.raises(AmountOverflow):
        earned(definition, activity(quantities=[("NIGHT", INT64_MAX)]))


@pytest.mark.parametrize(
    ("name", "what", "tier", "choice", "expected"),
    [
        (
            "hotel",
            activity([("ROOM", "EUR", 20_000)]),
            "SILVER",
            "points-and-miles",
            [("hotel", "BASE", 2_000), ("hotel", "TIER_BONUS", 300), ("airline", "BASE", 200)],
        ),
        (
            "airline",
            activity(quantities=[("MILE", 1_751)], kind="FLIGHT"),
            "GOLD",
            "points",
            [("airline", "BASE", 1_751), ("airline", "TIER_BONUS", 875)],
        ),
        (
            "card",
            activity([("CARD", "EUR", 4_299)], kind="CARD_SPEND"),
            "MEMBER",
            "points",
            [("card", "BASE", 42)],
        ),
    ],
)
def test_the_sample_programmes(
    name: str, what: Activity, tier: str, choice: str, expected: list[tuple[str, str, int]]
) -> None:
    sample = files("partners.programmes.samples").joinpath(f"{name}.toml").read_bytes()
    definition = parse_definition(sample)
    assert earned(definition, what, tier, choice, {"airline": 0}) == expected


lines_of_spend = st.lists(
    st.tuples(st.sampled_from(["ROOM", "FOOD"]), st.just("EUR"), st.integers(0, 10**9)), max_size=6
)


fractions = st.fractions(Fraction(1, 10**6), 10**5, max_denominator=10**6)
bonuses = {"MEMBER": Fraction(0), "GOLD": Fraction(1, 4), "ODD": Fraction(1, 8)}


@given(
    lines_of_spend,
    fractions,
    st.sampled_from(["EUR", "JPY", "KWD", "CLF"]),
    st.integers(0, 6),
    st.sampled_from(sorted(bonuses)),
)
def test_each_leg_is_the_exact_number_rounded_down(
    spend: list[tuple[str, str, int]], points: Fraction, currency: str, exponent: int, tier: str
) -> None:
    """The oracle multiplies money by the rule's own words."""
    written = f"{points.numerator}/{points.denominator}"
    rules = rule(per="money", category="ROOM", currency=currency, points=written, tier_bonus=True)
    spend = [(category, currency, minor) for category, _, minor in spend]
    legs = earned(programme(rules, exponent), activity(spend), tier)

    money = Fraction(sum(m for c, _, m in spend if c == "ROOM"), 10 ** exponent_of(currency))
    base = int(money * points * 10**exponent)
    bonus = int(base * bonuses[tier])
    whole = [("hotel-h", "BASE", base), ("hotel-h", "TIER_BONUS", bonus)]
    assert legs == [leg for leg in whole if leg[2] > 0]


@given(lines_of_spend, st.data())
def test_order_of_spend_does_not_matter(
    spend: list[tuple[str, str, int]], data: st.DataObject
) -> None:
    definition = programme(rule(per="money", currency="EUR", tier_bonus=True))
    shuffled = data.draw(st.permutations(spend))
    assert earned(definition, activity(spend), "ODD") == earned(
        definition, activity(shuffled), "ODD"
    )
