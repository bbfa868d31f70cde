"""A coalition as terms alone: what the oracle reckons with and the product is set up by.

Small on purpose: six participants with one programme each, of kinds whose rules the oracle knows.
What they agreed on is drawn from a number, so that a world is made anew from it.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
"""When a world is founded."""

BEGIN = START + timedelta(days=1)
"""When its history begins: a clock that goes back does not come to before the founding."""

OPERATOR = "operator"
PARTNERS = ("hotel", "airline", "rail", "card", "wallet")
PROGRAMMES = (*PARTNERS, OPERATOR)
"""Every participant has one programme, which is called as it is."""

SENDER = {OPERATOR: "admin-one"}
"""Who signs for a participant, where it is not itself."""

PERSONS = 3
DELIVERY_MINUTES = 240
AWARDS = (1, 50, 500, 2_000)

DOUBLE_DIP = "DOUBLE_DIP"
STATE_POINTS = "STATE_POINTS"
REPORT_ACTIVITIES = "REPORT_ACTIVITIES"
REDEEM = "REDEEM"


@dataclass(frozen=True)
class Programme:
    """`bears`: the funder bears what a member has spent; else the member owes it."""

    name: str
    code: str
    exponent: int
    outside: bool = False
    bears: bool = False


@dataclass(frozen=True)
class Deal:
    """What one may do with another's points, in shared minor units per minor unit of points."""

    programme: str
    buyer: str
    price: Fraction
    fee: Fraction
    cap: int
    permissions: frozenset[str]
    reimbursement: Fraction = Fraction(0)


@dataclass(frozen=True)
class Rate:
    """Shared minor units per minor unit of points, going in and coming out; parts kept."""

    rate_in: Fraction
    cost_out: Fraction
    fee: Fraction = Fraction(0)
    spread: Fraction = Fraction(0)


@dataclass(frozen=True)
class Limit:
    """How much a participant may owe on balance, in shared minor units."""

    cap: int
    prefunded: int
    reserve: int
    alerts: tuple[int, ...]

    @property
    def covered(self) -> int:
        return self.cap + self.prefunded


@dataclass(frozen=True)
class Person:
    """Somebody with linked memberships; `choice` is what stays bring besides points."""

    number: int
    programmes: tuple[str, ...]
    gold: bool
    choice: str


@dataclass(frozen=True)
class Rules:
    """What a dollar brings: in points of the hotel, and of others where they were chosen."""

    points: Fraction
    gold: Fraction
    beside: dict[str, Fraction]
    card_miles: Fraction


@dataclass(frozen=True)
class World:
    """The terms of a coalition."""

    number: int
    programmes: dict[str, Programme]
    deals: dict[tuple[str, str], Deal]
    rates: dict[str, Rate]
    limits: dict[str, Limit]
    persons: tuple[Person, ...]
    rules: Rules


CHOICES = {
    "points": None,
    "points-and-miles": "airline",
    "points-and-rail": "rail",
    "points-and-coins": OPERATOR,
}

_RATES = {
    "hotel": ((50, Fraction(101, 2), 47), (60, 61, Fraction(127, 2))),
    "airline": ((70, Fraction(693, 10), 71), (80, 83, Fraction(251, 3))),
    "rail": ((Fraction(31, 3), 10, 9), (12, Fraction(25, 2), 13)),
    "card": ((Fraction(1, 3), Fraction(2, 7), Fraction(3, 10)), (Fraction(3, 5), Fraction(2, 3))),
    "wallet": ((95, Fraction(187, 2), 97), (100, 101, Fraction(307, 3))),
}
"""Ways in and out to choose from: whatever is in force and however long a quote has stood, nobody
gains by going in a circle."""

_PARTS = (Fraction(0), Fraction(1, 50), Fraction(1, 47), Fraction(1, 100))


def rate_of(programme: str, chance: random.Random) -> Rate:
    """Terms that may be in force at any time."""
    ways_in, ways_out = _RATES[programme]
    fee, spread = chance.choice(_PARTS), chance.choice(_PARTS)
    return Rate(Fraction(chance.choice(ways_in)), Fraction(chance.choice(ways_out)), fee, spread)


def world_of(number: int) -> World:
    """The world of a number."""
    chance = random.Random(f"world {number}")
    bears = {name: chance.random() < 0.4 for name in PARTNERS}
    programmes = {
        name: Programme(name, code, exponent, outside=name == "wallet", bears=bears[name])
        for name, code, exponent in (
            ("hotel", "H-POINTS", 0),
            ("airline", "M-MILES", chance.choice((0, 0, 1))),
            ("rail", "R-POINTS", 0),
            ("card", "C-POINTS", 2),
            ("wallet", "W-POINTS", 0),
        )
    }
    programmes[OPERATOR] = Programme(OPERATOR, "COIN", 2)
    rated = [name for name in PARTNERS if chance.random() < 0.93 or name == "hotel"]
    return World(
        number,
        programmes,
        {(deal.programme, deal.buyer): deal for deal in _deals(chance)},
        {name: rate_of(name, chance) for name in rated},
        dict(_limits(chance)),
        tuple(_persons(chance)),
        Rules(
            Fraction(chance.choice((10, 7, Fraction(5, 2)))),
            Fraction(chance.choice((25, 50, 33)), 100),
            {
                "airline": Fraction(chance.choice((1, 2, Fraction(1, 3)))).limit_denominator(3),
                "rail": Fraction(chance.choice((1, 3))),
                OPERATOR: Fraction(chance.choice((5, 3)), 100),
            },
            Fraction(chance.choice((1, 2, Fraction(3, 2)))),
        ),
    )


def _deals(chance: random.Random) -> Iterator[Deal]:
    """Who may give whose points: most of what could be, at odd prices and within tight caps."""
    both = frozenset({DOUBLE_DIP, STATE_POINTS})
    terms = (
        ("airline", "hotel", both, (120, Fraction(361, 3))),
        ("rail", "hotel", both, (75, Fraction(151, 2))),
        (OPERATOR, "hotel", both | {REDEEM}, (1, Fraction(101, 100))),
        ("airline", "card", both, (150, Fraction(299, 2))),
        (OPERATOR, "card", frozenset({STATE_POINTS, REDEEM}), (1, Fraction(99, 100))),
        ("hotel", "card", both | {REPORT_ACTIVITIES}, (60, Fraction(179, 3))),
        ("card", "hotel", frozenset({STATE_POINTS}), (Fraction(7, 9), 1)),
        ("hotel", "airline", frozenset({STATE_POINTS}), (55, Fraction(111, 2))),
        (OPERATOR, "rail", frozenset({REDEEM}), (1, 1)),
        ("wallet", "hotel", frozenset({STATE_POINTS}), (100, Fraction(301, 3))),
    )
    for programme, buyer, permissions, prices in terms:
        if chance.random() < 0.08:
            continue
        cap = chance.choice((10**12, chance.randint(300, 6_000)))
        redeems = REDEEM in permissions
        yield Deal(
            programme,
            buyer,
            Fraction(chance.choice(prices)),
            chance.choice(_PARTS),
            cap,
            permissions,
            Fraction(chance.choice((95, 87)), 100) if redeems else Fraction(0),
        )


def _limits(chance: random.Random) -> Iterator[tuple[str, Limit]]:
    for name in (*PARTNERS, OPERATOR):
        if chance.random() < 0.5:
            cap = chance.choice((20_000, 60_000, 150_000))
            prefunded = chance.choice((0, 10_000))
            alerts = chance.choice(((50, 80), (), (90,)))
            yield name, Limit(cap, prefunded, chance.choice((0, 15_000)), alerts)


def _persons(chance: random.Random) -> Iterator[Person]:
    for number in range(PERSONS):
        programmes = PROGRAMMES
        if number == PERSONS - 1:
            programmes = tuple(n for n in PROGRAMMES if n == "hotel" or chance.random() < 0.7)
        yield Person(number, programmes, chance.random() < 0.5, chance.choice(tuple(CHOICES)))


def definition(world: World, name: str) -> str:
    """A programme as its partner publishes it."""
    of = world.programmes[name]
    custody = "partner" if of.outside else "gateway"
    reversal = "funder-bears" if of.bears else "negative-balance"
    head = (
        f'schema = 1\nprogramme = "{name}"\nname = "{name}"\nvalid_from = 2000-01-01T00:00:00Z\n'
        f'custody = "{custody}"\nreversal = "{reversal}"\n'
    )
    currency = f'[currency]\ncode = "{of.code}"\nexponent = {of.exponent}\n'
    if name == "hotel":
        return head + _hotel_head(world) + currency + _hotel_rules(world) + _awards()
    if name == "card":
        return (
            head
            + currency
            + _rule("card-miles", "CARD_SPEND", "CARD", world.rules.card_miles, "airline")
            + _awards()
        )
    if of.outside:
        return head + currency + f"[conversion]\ndelivery_minutes = {DELIVERY_MINUTES}\n"
    return head + currency + _awards()


def _hotel_head(world: World) -> str:
    choices = ", ".join(f'{{ id = "{choice}" }}' for choice in CHOICES)
    bonus = world.rules.gold * 100
    return (
        f'tiers = [{{ name = "MEMBER" }}, {{ name = "GOLD", bonus = "{bonus}%" }}]\n'
        f"choices = [{choices}]\n"
    )


def _hotel_rules(world: World) -> str:
    made = _rule("room-base", "STAY", "ROOM", world.rules.points, "", "tier_bonus = true\n")
    for choice, programme in CHOICES.items():
        if programme is not None:
            rate = world.rules.beside[programme]
            more = f'choices = ["{choice}"]\n'
            made += _rule(f"stay-{programme}", "STAY", "ROOM", rate, programme, more)
    return made


def _rule(
    rule: str, kind: str, category: str, points: Fraction, programme: str, more: str = ""
) -> str:
    to = f'programme = "{programme}"\n' if programme else ""
    return (
        f'[[earn]]\nrule = "{rule}"\n{to}activity = "{kind}"\nper = "money"\n'
        f'category = "{category}"\ncurrency = "USD"\npoints = "{points}"\n{more}'
    )


def _awards() -> str:
    return "".join(
        f'[[awards]]\naward = "for-{n}"\nname = "For {n}"\nprices = [{{ points = {n} }}]\n'
        for n in AWARDS
    )
