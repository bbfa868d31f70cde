"""Promotions: when, for whom, up to what, and at whose cost."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest

from partners.activities import ActivityKey
from partners.directory import Permission
from partners.usecases.accrual import Accrue
from partners.usecases.agreements import Suspend
from partners.usecases.reversal import Reverse
from partners.usecases.tiers import Register
from support.coalition_day import NOON
from support.use_case_bench import Bench, Outcome, bench, definition, report, sample, stay


def rule(name: str, *more: str, points: int = 1) -> str:
    """A promotion of so many points per euro, for stays with its name as their attribute."""
    return "\n".join(
        [
            "[[earn]]",
            f'rule = "{name}"\nreason = "PROMOTION"\nactivity = "STAY"\nper = "money"',
            f'category = "ROOM"\ncurrency = "EUR"\npoints = "{points}"',
            f'where = {{ promo = ["{name}"] }}',
            *more,
            "",
        ]
    )


OTHER_RULES = """
[[earn]]
rule = "card"
activity = "CARD_SPEND"
per = "activity"
points = "10"
funder = "hotel"
[[earn]]
rule = "card-miles"
programme = "airline"
activity = "CARD_MILES"
per = "activity"
points = "10"
funder = "airline"
[[earn]]
rule = "own-miles"
programme = "airline"
activity = "OWN_MILES"
per = "activity"
points = "10"
[[earn]]
rule = "fare-class"
activity = "FLIGHT"
per = "mile"
points = "2"
where = { fare-class = ["J", "C"], brand = ["mainline"] }
"""

RULES = "".join(
    [
        rule(
            "march",
            "valid_from = 2026-03-01T00:00:00+01:00",
            "valid_to = 2026-03-02T00:00:00+01:00",
        ),
        rule("budget", "budget = 250"),
        rule("member-cap", "cap_per_member = 250"),
        rule("day-cap", "cap_per_day = 250"),
        rule("all-caps", "budget = 500", "cap_per_member = 300", "cap_per_day = 200"),
        rule("registered", "registration = true"),
        rule("least-most", "minimum = 50", "maximum = 150"),
        rule("bank-pays", 'funder = "bank"', points=2),
        rule("bank-pays-miles", 'programme = "airline"', 'funder = "bank"'),
        rule("airline-pays-miles", 'programme = "airline"', 'funder = "airline"'),
        rule("hotel-pays-miles", 'programme = "airline"'),
        rule("stranger-pays", 'funder = "stranger"'),
        rule("stranger-pays-miles", 'programme = "airline"', 'funder = "stranger"'),
        OTHER_RULES,
        '[[fx]]\ncurrency = "CNY"\nto = "EUR"\nrate = "0.125"\nvalid_from = 2026-01-01T00:00:00Z\n',
        '[[fx]]\ncurrency = "CNY"\nto = "EUR"\nrate = "0.15"\nvalid_from = 2026-03-01T12:00:00Z\n',
        '[[fx]]\ncurrency = "JPY"\nto = "EUR"\nrate = "0.006"\nvalid_from = 2026-01-01T00:00:00Z\n',
    ]
)

MEMBERS = ("H1", "H2", "H3")


@pytest.fixture(scope="module")
def world(module_database_url: str) -> Iterator[Bench]:
    """The bank pays the hotel 2 and the airline 150 for a point of a promotion; the hotel pays
    120 for a mile, and the airline bears what it gives away through the hotel."""
    with bench(module_database_url) as made:
        made.admit("hotel", "airline", "bank", "stranger")
        hotel = definition("hotel", "HOTEL-POINTS", rest=RULES)
        made.publish("hotel", hotel.replace("\ncustody", '\ntime_zone = "Europe/Madrid"\ncustody'))
        made.publish("airline", sample("airline"))
        funding = [Permission.FUND_PROMOTIONS]
        made.agree("hotel", "bank", price=2, fee=Fraction(1, 100), permissions=funding)
        made.agree("airline", "bank", price=150, fee=Fraction(1, 10), permissions=funding)
        both = [Permission.DOUBLE_DIP, Permission.FUND_PROMOTIONS]
        made.agree("airline", "hotel", price=120, fee=Fraction(1, 50), permissions=both)
        for number in MEMBERS:
            made.enrol("hotel", number)
        made.enrol("airline", "A1")
        made.link(("hotel", "H1"), ("airline", "A1"))
        yield made


def promoted(
    name: str, reference: str, euros: int = 100, number: str = "H1", **more: Any
) -> Accrue:
    """A stay under a promotion."""
    command = stay(number, reference, 100 * euros, **more)
    return with_attributes(command, promo=name)


def with_attributes(command: Accrue, **attributes: str) -> Accrue:
    named = tuple((name.replace("_", "-"), value) for name, value in attributes.items())
    return replace(command, activity=replace(command.activity, attributes=named))


def points(outcome: Outcome) -> int:
    return sum(leg.points_minor for leg in outcome.result.legs)


# When, and for whom -----------------------------------------------------------------------

PERIOD = {
    # from midnight to midnight of Madrid, which is an hour earlier in UTC
    datetime(2026, 2, 28, 22, 59, 59, tzinfo=UTC): 0,
    datetime(2026, 2, 28, 23, 0, tzinfo=UTC): 100,
    datetime(2026, 3, 1, 22, 59, 59, tzinfo=UTC): 100,
    datetime(2026, 3, 1, 23, 0, tzinfo=UTC): 0,
}


@pytest.mark.parametrize("start", PERIOD, ids=str)
def test_a_promotion_has_its_period(world: Bench, start: datetime) -> None:
    """By the activity's start, whenever it is reported."""
    with world.undone():
        assert points(world.ask("hotel", promoted("march", "a", started_at=start))) == PERIOD[start]


def test_a_member_registers_before_the_activity_starts(world: Bench) -> None:
    """At noon; the stay of that instant is the first that earns."""
    with world.undone():
        assert points(world.ask("hotel", promoted("registered", "a"))) == 0
        assert not world.ask("hotel", Register(("hotel", "H1"), "registered")).reason
        assert points(world.ask("hotel", promoted("registered", "b"))) == 0
        try:
            world.now = NOON + timedelta(hours=2)
            before, after = NOON - timedelta(seconds=1), NOON + timedelta(hours=1)
            late = promoted("registered", "c", started_at=before)
            starts = {"late": late, "same": promoted("registered", "d", started_at=NOON)}
            starts["next"] = promoted("registered", "e", started_at=after)
            starts["other"] = promoted("registered", "f", number="H2", started_at=after)
            done = {name: points(world.ask("hotel", ask)) for name, ask in starts.items()}
        finally:
            world.now = NOON

        assert done == {"late": 0, "same": 100, "next": 100, "other": 0}


def test_registration_in_the_batch_of_the_activity(world: Bench) -> None:
    """It counts from its own instant on, not for what was before it in the same batch."""
    with world.undone():
        done = world.batch(
            world.submission("hotel", promoted("registered", "a", started_at=NOON)),
            world.submission("hotel", Register(("hotel", "H1"), "registered")),
            world.submission("hotel", promoted("registered", "b", started_at=NOON)),
            world.submission("hotel", promoted("registered", "c")),
        )
        assert [points(done[index]) for index in (0, 2, 3)] == [0, 100, 0]


FLOWN = {
    "both attributes": ({"fare_class": "J", "brand": "mainline"}, 2_000),
    "the other class that counts": ({"fare_class": "C", "brand": "mainline"}, 2_000),
    "another class": ({"fare_class": "Y", "brand": "mainline"}, 0),
    "another brand": ({"fare_class": "J", "brand": "regional"}, 0),
    "one attribute is missing": ({"fare_class": "J"}, 0),
    "none": ({}, 0),
}


@pytest.mark.parametrize("name", FLOWN)
def test_attributes_decide_what_earns(world: Bench, name: str) -> None:
    attributes, expected = FLOWN[name]
    flight = stay("H1", "unused", spend=[], quantities=[("MILE", 1_000)])
    key = ActivityKey("hotel", "FLIGHT", "f")
    command = replace(flight, activity=replace(flight.activity, key=key))
    with world.undone():
        done = world.ask("hotel", with_attributes(command, **attributes))

        assert points(done) == expected


# Up to what -------------------------------------------------------------------------------

MONEY = {
    # euros, then the points: at least 50 where it gives any, at most 150
    0: 0,
    1: 50,
    49: 50,
    50: 50,
    51: 51,
    150: 150,
    151: 150,
    9_999: 150,
}


@pytest.mark.parametrize("euros", MONEY)
def test_at_least_and_at_most(world: Bench, euros: int) -> None:
    with world.undone():
        assert points(world.ask("hotel", promoted("least-most", "a", euros))) == MONEY[euros]


def given(world: Bench, name: str, *stays: tuple[str, int, datetime], together: bool) -> list[int]:
    """What stays of these members, of so many euros and days, earn in turn or in one batch."""
    commands = [
        promoted(name, f"{index}", euros, number, started_at=day)
        for index, (number, euros, day) in enumerate(stays)
    ]
    if together:
        done = world.batch(*(world.submission("hotel", command) for command in commands))
    else:
        done = [world.ask("hotel", command) for command in commands]
    return [points(outcome) for outcome in done]


DAY = datetime(2026, 2, 20, 12, tzinfo=UTC)
LATE = datetime(2026, 2, 20, 22, 59, tzinfo=UTC)
NEXT = datetime(2026, 2, 20, 23, tzinfo=UTC)
"""Midnight in Madrid, of the 21st of February."""

LIMITS: dict[str, list[tuple[str, int, datetime, int]]] = {
    # member, euros, start, points
    "budget": [
        ("H1", 100, DAY, 100),
        ("H2", 100, DAY, 100),
        ("H3", 100, DAY, 50),
        ("H1", 100, NEXT, 0),
    ],
    "member-cap": [
        ("H1", 200, DAY, 200),
        ("H2", 200, DAY, 200),
        ("H1", 200, NEXT, 50),
        ("H1", 200, NEXT, 0),
        ("H2", 20, NEXT, 20),
        ("H2", 200, NEXT, 30),
    ],
    "day-cap": [
        ("H1", 200, DAY, 200),
        ("H1", 200, LATE, 50),
        ("H1", 200, NEXT, 200),
        ("H2", 300, DAY, 250),
        ("H1", 200, NEXT, 50),
        ("H1", 200, DAY, 0),
    ],
    "all-caps": [
        ("H1", 500, DAY, 200),
        ("H1", 500, NEXT, 100),
        ("H2", 150, DAY, 150),
        ("H2", 150, DAY, 50),
        ("H3", 150, DAY, 0),
    ],
}


@pytest.mark.parametrize("name", LIMITS)
@pytest.mark.parametrize("together", [False, True])
def test_limits(world: Bench, name: str, *, together: bool) -> None:
    """One after the other, and within one batch."""
    stays = [step[:3] for step in LIMITS[name]]
    with world.undone():
        assert given(world, name, *stays, together=together) == [step[3] for step in LIMITS[name]]


def test_what_is_reversed_can_be_given_again(world: Bench) -> None:
    with world.undone():
        stays = [("H1", 200, DAY), ("H2", 200, DAY)]
        assert given(world, "budget", *stays, together=False) == [200, 50]
        key = ActivityKey("hotel", "STAY", "0")
        assert not world.ask("hotel", Reverse(key, "test")).reason
        later = promoted("budget", "later", 500, "H3", started_at=NEXT)
        assert points(world.ask("hotel", later)) == 200


def test_a_refused_stay_uses_nothing_of_a_limit(world: Bench) -> None:
    """Within one batch: the second is a duplicate of the first, and the third gets the rest."""
    with world.undone():
        one = promoted("budget", "a", 200, started_at=DAY)
        done = world.batch(
            world.submission("hotel", one),
            world.submission("hotel", one),
            world.submission("hotel", promoted("budget", "b", 200, "H2", started_at=DAY)),
        )
        assert [outcome.reason for outcome in done] == ["", "DUPLICATE_ACTIVITY", ""]
        assert [points(done[0]), points(done[2])] == [200, 50]


def test_points_that_nobody_can_receive_use_nothing(world: Bench) -> None:
    """H2 has no place with the airline: its miles are passed over."""
    with world.undone() as connection:
        before = world.accounts(connection)
        done = world.ask("hotel", promoted("bank-pays-miles", "a", number="H2"))

        assert (done.result.legs, done.result.skipped) == ((), ("airline",))
        assert world.accounts(connection) == before


# At whose cost ----------------------------------------------------------------------------

HOTEL_BANK = ("clearing/1/bank:hotel", "clearing/1/hotel:bank")
BANK_OPERATOR = ("clearing/1/bank:operator", "clearing/1/operator:bank")
BANK_AIRLINE = ("clearing/1/bank:airline", "clearing/1/airline:bank")
HOTEL_AIRLINE = ("clearing/1/hotel:airline", "clearing/1/airline:hotel")
HOTEL_OPERATOR = ("clearing/1/hotel:operator", "clearing/1/operator:hotel")

OWED: dict[str, tuple[str, int, dict[tuple[str, str], int]]] = {
    # 99 euros: who funds how many points, and who owes whom how much for them
    "bank-pays": ("bank", 198, {HOTEL_BANK: 396, BANK_OPERATOR: 3}),
    "bank-pays-miles": ("bank", 99, {BANK_AIRLINE: 14_850, BANK_OPERATOR: 1_485}),
    "airline-pays-miles": ("airline", 99, {}),
    "hotel-pays-miles": ("hotel", 99, {HOTEL_AIRLINE: 11_880, HOTEL_OPERATOR: 237}),
    "least-most": ("hotel", 99, {}),
}


@pytest.mark.parametrize("name", OWED)
def test_who_owes_whom(world: Bench, name: str) -> None:
    funder, expected, owed = OWED[name]
    with world.undone() as connection:
        before = world.accounts(connection)
        done = world.ask("hotel", promoted(name, "a", 99))
        assert [(leg.funder, leg.points_minor) for leg in done.result.legs] == [(funder, expected)]
        balances = world.accounts(connection)
        clearing = {code: n for code, n in balances.items() if code.startswith("clearing/")}
        assert clearing == {
            code: sign * amount
            for pair, amount in owed.items()
            for code, sign in zip(pair, (-1, 1), strict=True)
        }
        half = Reverse(ActivityKey("hotel", "STAY", "a"), "test", Fraction(1, 2))
        assert not world.ask("hotel", half).reason
        assert not world.ask("hotel", replace(half, part=None)).reason
        assert world.accounts(connection) == before


def test_a_reporter_is_not_told_what_two_others_agreed_on(world: Bench) -> None:
    """The hotel learns who funds how many miles, not what the bank pays the airline for them."""
    half = Reverse(ActivityKey("hotel", "STAY", "a"), "test", Fraction(1, 2))
    with world.undone():
        earned = world.ask("hotel", promoted("bank-pays-miles", "a", 100))
        back = world.ask("hotel", half)
        for outcome, expected in ((earned, 100), (back, 50)):
            (leg,) = outcome.result.legs
            assert (leg.funder, leg.points_minor) == ("bank", expected)
            assert (leg.price, leg.owed_minor, leg.fee_minor, leg.terms) == (None, 0, 0, 0)


@pytest.mark.parametrize("name", ["stranger-pays", "stranger-pays-miles"])
def test_nobody_pays_who_has_not_agreed(world: Bench, name: str) -> None:
    with world.undone() as connection:
        before = world.accounts(connection)
        refused = world.ask("hotel", promoted(name, "a"))

        assert refused.reason == "NO_AGREEMENT"
        assert dict(refused.metadata)["permission"] == "FUND_PROMOTIONS"
        assert world.accounts(connection) == before


WITHDRAWN = {
    # the agreement that is no more, by programme and buyer; what then takes leave in vain
    ("hotel", "bank"): ["bank-pays", "bank-pays-miles"],
    ("airline", "bank"): ["bank-pays-miles"],
    ("airline", "hotel"): ["bank-pays-miles", "airline-pays-miles", "hotel-pays-miles"],
}


@pytest.mark.parametrize("pair", WITHDRAWN)
def test_a_suspended_agreement_funds_nothing(world: Bench, pair: tuple[str, str]) -> None:
    with world.undone():
        world.ask("hotel", promoted("least-most", "warm"))
        assert world.directory is not None
        number = next(
            a.number
            for a in world.directory.agreements.values()
            if (a.terms.programme, a.terms.buyer) == pair
        )
        assert not world.ask(pair[0], Suspend(number, suspended=True)).reason
        paid = ("bank-pays", "bank-pays-miles", "airline-pays-miles", "hotel-pays-miles")
        reasons = {name: world.ask("hotel", promoted(name, name)).reason for name in paid}

        assert reasons == {
            name: "NO_AGREEMENT" if name in WITHDRAWN[pair] else "" for name in reasons
        }


def test_leave_to_double_dip_is_no_leave_to_spend_the_issuers_money(world: Bench) -> None:
    """A new agreement without FUND_PROMOTIONS: the hotel still buys miles, the airline gives none
    away."""
    with world.undone():
        world.agree("airline", "hotel", price=120)
        assert world.ask("hotel", promoted("airline-pays-miles", "a")).reason == "NO_AGREEMENT"
        assert world.ask("hotel", promoted("hotel-pays-miles", "b")).reason == ""


@pytest.mark.parametrize(
    ("name", "programme", "buyer"),
    [
        ("bank-pays", "hotel", "bank"),
        ("bank-pays-miles", "airline", "bank"),
        ("hotel-pays-miles", "airline", "hotel"),
        ("airline-pays-miles", "airline", "hotel"),
    ],
)
def test_what_is_given_away_is_within_the_agreements_cap(
    world: Bench, name: str, programme: str, buyer: str
) -> None:
    """Also where the issuer itself bears what another gives: a cap of 300, of which 200 are used;
    half of them back leave room for as much again."""
    euros = 100 if name == "bank-pays" else 200
    both = [Permission.DOUBLE_DIP, Permission.FUND_PROMOTIONS]
    with world.undone():
        world.agree(programme, buyer, cap=300, permissions=both)
        assert points(world.ask("hotel", promoted(name, "a", euros))) == 200
        assert world.ask("hotel", promoted(name, "b", euros)).reason == "CAP_EXCEEDED"
        half = Reverse(ActivityKey("hotel", "STAY", "a"), "test", Fraction(1, 2))
        assert not world.ask("hotel", half).reason
        assert points(world.ask("hotel", promoted(name, "c", euros))) == 200
        assert world.ask("hotel", promoted(name, "d", 1)).reason == "CAP_EXCEEDED"


REPORTED: dict[str, tuple[str, str, list[tuple[str, str, Permission]], str]] = {
    # who reports what; agreements besides (programme, buyer, leave); refused for want of what
    "the bank, at the hotel's cost by the hotel's own rule": (
        *("bank", "CARD_SPEND"),
        [("hotel", "bank", Permission.DOUBLE_DIP)],
        "",
    ),
    "the bank, without leave to give points": ("bank", "CARD_SPEND", [], "DOUBLE_DIP"),
    "the bank, at the airline's cost by the hotel's rule": (
        *("bank", "CARD_MILES"),
        [
            ("hotel", "bank", Permission.STATE_POINTS),
            ("airline", "bank", Permission.DOUBLE_DIP),
            ("airline", "hotel", Permission.FUND_PROMOTIONS),
        ],
        "",
    ),
    "the same, though it is the bank that may spend the airline's money": (
        *("bank", "CARD_MILES"),
        [
            ("hotel", "bank", Permission.STATE_POINTS),
            ("airline", "bank", Permission.DOUBLE_DIP),
            ("airline", "bank", Permission.FUND_PROMOTIONS),
            ("airline", "hotel", Permission.DOUBLE_DIP),
        ],
        "FUND_PROMOTIONS",
    ),
    "the airline itself, by the hotel's rule": ("airline", "OWN_MILES", [], ""),
}


@pytest.mark.parametrize("name", REPORTED)
def test_who_may_give_points_at_the_issuers_cost(world: Bench, name: str) -> None:
    """Nobody owes anybody for these; another's agreement has its cap all the same."""
    sender, kind, agreements, lacks = REPORTED[name]
    leave: dict[tuple[str, str], list[Permission]] = {("hotel", "bank"): [Permission.STATE_POINTS]}
    for programme, buyer, permission in agreements:
        leave.setdefault((programme, buyer), []).append(permission)
    with world.undone() as connection:
        for (programme, buyer), permissions in leave.items():
            world.agree(programme, buyer, cap=15, permissions=permissions)
        asked = [report(("hotel", "H1"), ActivityKey(sender, kind, str(n))) for n in (1, 2)]
        done, again = (world.ask(sender, command) for command in asked)

        assert dict(done.metadata).get("permission", "") == lacks
        if not lacks:
            assert points(done) == 10
            assert again.reason == ("" if sender == "airline" else "CAP_EXCEEDED")
        assert not [code for code in world.accounts(connection) if code.startswith("clearing")]


# What foreign money is worth --------------------------------------------------------------

NEW_RATE = datetime(2026, 3, 1, 12, tzinfo=UTC)

FOREIGN = {
    # currency, minor units, start: points. 1,600 CNY are 200 EUR at 0.125 and 240 at 0.15
    "before the new rate": ("CNY", 160_000, NEW_RATE - timedelta(seconds=1), 200),
    "from the new rate on": ("CNY", 160_000, NEW_RATE, 240),
    "rounded once, at the end": ("CNY", 160_007, NEW_RATE, 240),
    "no decimals": ("JPY", 10_000, NEW_RATE, 60),
    "the currency itself": ("EUR", 10_000, NEW_RATE, 100),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_foreign_money_by_the_rate_of_the_activitys_start(world: Bench, name: str) -> None:
    currency, minor, start, expected = FOREIGN[name]
    with world.undone():
        spend = [("ROOM", currency, minor)]
        command = stay("H1", "a", spend=spend, started_at=start)
        done = world.ask("hotel", with_attributes(command, promo="member-cap"))

        assert points(done) == expected


@pytest.mark.parametrize(
    ("currency", "start"), [("USD", NEW_RATE), ("CNY", datetime(2025, 12, 31, 23, tzinfo=UTC))]
)
def test_money_without_a_rate_is_refused(world: Bench, currency: str, start: datetime) -> None:
    with world.undone():
        command = stay("H1", "a", spend=[("ROOM", currency, 10_000)], started_at=start)
        refused = world.ask("hotel", with_attributes(command, promo="member-cap"))

        assert refused.reason == "UNKNOWN_CURRENCY"
