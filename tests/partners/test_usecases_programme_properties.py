"""What holds of whatever happens: order, batches and splitting change nothing that they may not."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from partners.activities import ActivityKey
from partners.context import Command
from partners.directory import Permission
from partners.state import MembershipState
from partners.usecases.accrual import Accrue
from partners.usecases.awards import Redeem, UseVoucher
from partners.usecases.exchange import Convert
from partners.usecases.reversal import Reverse
from partners.usecases.tiers import Register
from support.coalition_day import NOON
from support.use_case_bench import (
    Bench,
    Outcome,
    bench,
    definition,
    quote,
    report,
    sample,
    stay,
    update,
)
from support.whole_state import balances_and_counters, everything

HOTEL_RULES = """
[[tiers]]
name = "MEMBER"
[[tiers]]
name = "SILVER"
bonus = "10%"
reached = [{ nights = 5 }]
[[tiers]]
name = "GOLD"
bonus = "25%"
reached = [{ nights = 10 }, { spend = 900 }]
[[counters]]
counter = "nights"
activity = "STAY"
per = "night"
[[counters]]
counter = "spend"
per = "money"
currency = "EUR"
[[counters]]
counter = "stays"
activity = "STAY"
per = "activity"
[[counters]]
counter = "dearest"
per = "money"
currency = "EUR"
keep = "largest"
[[choices]]
id = "points"
[[choices]]
id = "points-and-miles"
programmes = ["airline"]
[[earn]]
rule = "base"
activity = "STAY"
per = "money"
category = "ROOM"
currency = "EUR"
points = "10"
tier_bonus = true
[[earn]]
rule = "miles"
programme = "airline"
activity = "STAY"
per = "money"
category = "ROOM"
currency = "EUR"
points = "1/3"
choices = ["points-and-miles"]
[[earn]]
rule = "spring"
reason = "PROMOTION"
activity = "STAY"
per = "money"
category = "ROOM"
currency = "EUR"
points = "1"
budget = 700
cap_per_member = 300
cap_per_day = 120
[[earn]]
rule = "bank-week"
reason = "PROMOTION"
activity = "STAY"
per = "activity"
points = "7"
funder = "bank"
registration = true
[[earn]]
rule = "cruise"
activity = "CRUISE"
per = "money"
currency = "EUR"
points = "2"
available = "at-end"
[[vouchers]]
voucher = "breakfast"
name = "Breakfast"
counter = "stays"
every = 2
[[awards]]
award = "dinner"
name = "A dinner"
prices = [{ points = 500 }]
stock = 2
[expiry]
by = "age"
after = "24 months"
"""

PLAIN_RULES = """
[[counters]]
counter = "nights"
activity = "STAY"
per = "night"
[[counters]]
counter = "spend"
per = "money"
currency = "EUR"
[[earn]]
rule = "base"
activity = "STAY"
per = "money"
currency = "EUR"
points = "10"
[[earn]]
rule = "nights"
reason = "NIGHTS"
activity = "STAY"
per = "night"
points = "100"
[[earn]]
rule = "miles"
programme = "airline"
activity = "STAY"
per = "money"
currency = "EUR"
points = "2"
"""

AWARD = '[[awards]]\naward = "thing"\nname = "A thing"\nprices = [{ points = 400 }]\n'

HOTEL_MEMBERS = ("G", "M", "O")


@pytest.fixture(scope="module")
def world(module_database_url: str) -> Iterator[Bench]:
    """A hotel with everything, an inn of plain rules, and a programme whose funder bears."""
    with bench(module_database_url) as made:
        made.admit("hotel", "airline", "bank")
        made.publish("hotel", definition("hotel", "HOTEL-POINTS", rest=HOTEL_RULES))
        made.publish("hotel", definition("inn", "INN-POINTS", rest=PLAIN_RULES))
        made.publish("bank", definition("borne", "BORNE", reversal="funder-bears", rest=AWARD))
        made.publish("airline", sample("airline"))
        made.agree("airline", "hotel", price=Fraction(241, 7), fee=Fraction(1, 50), cap=900)
        fund, state = [Permission.FUND_PROMOTIONS], [Permission.STATE_POINTS]
        made.agree("hotel", "bank", price=Fraction(5, 3), fee=Fraction(1, 9), permissions=fund)
        made.agree("borne", "hotel", issuer="bank", price=3, fee=Fraction(1, 10), permissions=state)
        for programme in ("hotel", "airline"):
            made.rate(programme, 1, 1)
        for number in HOTEL_MEMBERS:
            made.enrol("hotel", number, choice="points-and-miles")
        made.enrol("inn", "I", sender="hotel")
        made.enrol("borne", "B", sender="bank")
        for number in ("A", "I"):
            made.enrol("airline", number)
        made.link(("hotel", "G"), ("airline", "A"))
        made.link(("inn", "I"), ("airline", "I"), ("hotel", "airline"))
        for number in ("G", "M"):
            gift = [("hotel", "GOODWILL", 600)]
            key = ActivityKey("hotel", "GIFT", f"to {number}")
            made.ask("hotel", report(("hotel", number), key, gift))
        quoted = made.ask("hotel", quote(("hotel", "G"), ("airline", "A"), 50))
        assert quoted.number == FIRST
        yield made


# One batch or many ------------------------------------------------------------------------

REFERENCES = st.sampled_from(["a", "b"])
NUMBERS = st.sampled_from(HOTEL_MEMBERS)
PARTS = st.sampled_from([None, Fraction(1, 3), Fraction(1, 2), Fraction(2, 7), Fraction(1)])
DAYS = st.integers(min_value=1, max_value=3)

Asked = tuple[str, Command]

FIRST = 33
"""Number of a quote that is open when a test begins; later ones, and vouchers, are guessed."""


def days_ago(days: int) -> Any:
    return NOON - timedelta(days=days)


STAYS = st.builds(
    lambda number, reference, minor, nights, days, revision: (
        "hotel",
        stay(
            number,
            reference,
            minor,
            revision,
            quantities=[("NIGHT", nights)],
            started_at=days_ago(days),
        ),
    ),
    NUMBERS,
    REFERENCES,
    st.integers(min_value=0, max_value=40_000),
    st.integers(min_value=0, max_value=6),
    DAYS,
    st.sampled_from([1, 1, 1, 1, 2]),
)

CRUISES = st.builds(
    lambda number, reference, minor: (
        "hotel",
        report(
            ("hotel", number),
            ActivityKey("hotel", "CRUISE", reference),
            spend=[("CABIN", "EUR", minor)],
            started_at=days_ago(1),
            ended_at=NOON + timedelta(days=1),
        ),
    ),
    NUMBERS,
    REFERENCES,
    st.integers(min_value=0, max_value=90_000),
)

STATED = st.builds(
    lambda reference, points: (
        "hotel",
        report(
            ("borne", "B"), ActivityKey("hotel", "GIFT", reference), [("borne", "BASE", points)]
        ),
    ),
    REFERENCES,
    st.integers(min_value=1, max_value=900),
)

REVERSALS = st.builds(
    lambda kind, reference, revision, part: (
        "hotel",
        Reverse(ActivityKey("hotel", kind, reference, revision), "test", part),
    ),
    st.sampled_from(["STAY", "STAY", "CRUISE", "GIFT"]),
    REFERENCES,
    st.sampled_from([1, 1, 1, 1, 2]),
    PARTS,
)

OTHERS: st.SearchStrategy[Asked] = st.one_of(
    st.builds(
        lambda n: ("hotel", Redeem(("hotel", n), "dinner", None, buy_missing=False)), NUMBERS
    ),
    st.just(("bank", Redeem(("borne", "B"), "thing", None, buy_missing=False))),
    st.builds(lambda n: ("hotel", Register(("hotel", n), "bank-week")), NUMBERS),
    st.builds(
        lambda n, choice: ("hotel", update("hotel", n, choice=choice)),
        NUMBERS,
        st.sampled_from(["points", "points-and-miles"]),
    ),
    st.builds(lambda n, tier: ("hotel", update("hotel", n, tier=tier)), NUMBERS, st.just("SILVER")),
    st.builds(
        lambda n, state: ("hotel", update("hotel", n, state=state)),
        NUMBERS,
        st.sampled_from([MembershipState.ACTIVE, MembershipState.BLOCKED]),
    ),
    st.builds(
        lambda n: ("hotel", UseVoucher(n)), st.integers(min_value=FIRST, max_value=FIRST + 18)
    ),
    st.just(("hotel", quote(("hotel", "G"), ("airline", "A"), 70))),
    st.builds(lambda n: ("hotel", Convert(n)), st.integers(min_value=FIRST, max_value=FIRST + 18)),
)

COMMANDS: st.SearchStrategy[list[Asked]] = st.lists(
    # Not one_of, which would make each of the others as likely as a stay.
    st.sampled_from([*[STAYS] * 4, CRUISES, STATED, *[REVERSALS] * 5, OTHERS, OTHERS]).flatmap(
        lambda kind: kind
    ),
    min_size=8,
    max_size=24,
)


def run(world: Bench, asked: Sequence[Asked], sizes: Sequence[int]) -> tuple[list[Outcome], Any]:
    """Outcomes and all tables, with the requests decided in batches of these sizes."""
    left = [
        world.submission(sender, command, f"p{index}")
        for index, (sender, command) in enumerate(asked)
    ]
    with world.undone() as connection:
        done: list[Outcome] = []
        world.notes.taken.clear()
        for size in sizes:
            done += world.batch(*left[:size])
            left = left[size:]
        return done, everything(connection)


def told(outcomes: Sequence[Outcome]) -> list[Any]:
    """What each request was told, but for names of the bench's own."""
    return [
        (o.reason, o.message, o.metadata, None if o.accepted is None else o.accepted.decision)
        for o in outcomes
    ]


def without_answers(tables: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """All but the requests, whose answers are notes of the bench."""
    return {name: rows for name, rows in tables.items() if name != "request"}


@settings(max_examples=35, deadline=None)
@given(asked=COMMANDS)
def test_in_one_batch_or_in_many_gives_the_same_in_every_table(
    world: Bench, asked: list[Asked]
) -> None:
    """Entries with their bytes, balances, counters, tiers, vouchers, held points."""
    one_by_one, expected = run(world, asked, [1] * len(asked))
    together, found = run(world, asked, [len(asked)])
    assert told(together) == told(one_by_one)
    assert without_answers(found) == without_answers(expected)


# Legs and lines ---------------------------------------------------------------------------


def booked(outcome: Outcome, kinds: set[str] | None, side: str) -> int:
    return sum(
        amount
        for kind, debit, credit, amount in outcome.lines
        if (kinds is None or kind in kinds) and side in (debit, credit)
    )


@settings(max_examples=25, deadline=None)
@given(asked=st.lists(st.one_of(STAYS, CRUISES, STATED, REVERSALS), min_size=1, max_size=10))
def test_legs_sum_to_the_lines_of_their_entry(world: Bench, asked: list[Asked]) -> None:
    """Of an accrual and of a reversal alike: points by programme, what is owed, and fees."""
    with world.undone():
        for outcome in world.batch(*(world.submission(*one) for one in asked)):
            if outcome.accepted is None:
                continue
            legs = outcome.result.legs
            for programme in ("hotel", "airline", "borne"):
                points = sum(n.points_minor for n in legs if n.membership.programme == programme)
                assert booked(outcome, None, f"issued/{programme}") == points
            lines = [(kind, amount) for kind, _, _, amount in outcome.lines]
            owed = sum(amount for kind, amount in lines if kind == "PRINCIPAL")
            fees = sum(amount for kind, amount in lines if kind == "FEE")
            assert owed == sum(leg.owed_minor for leg in legs)
            assert fees == sum(leg.fee_minor for leg in legs)
            assert all(amount > 0 for _, amount in lines)


def owed_in_all(world: Bench, connection: Connection) -> int:
    return sum(n for code, n in world.accounts(connection).items() if code.startswith("clearing"))


@settings(max_examples=25, deadline=None)
@given(asked=COMMANDS)
def test_positions_always_sum_to_zero(world: Bench, asked: list[Asked]) -> None:
    with world.undone() as connection:
        world.batch(*(world.submission(*one) for one in asked))
        assert owed_in_all(world, connection) == 0


@settings(max_examples=25, deadline=None)
@given(
    asked=st.lists(st.one_of(STAYS, CRUISES), min_size=1, max_size=8),
    order=st.randoms(use_true_random=False),
    thirds=st.booleans(),
)
def test_taking_everything_back_restores_everything(
    world: Bench, asked: list[Asked], order: Any, *, thirds: bool
) -> None:
    """In whatever order, whole or in thirds: every balance and counter is what it was."""
    with world.undone() as connection:
        before = balances_and_counters(connection)
        done = world.batch(*(world.submission(*one) for one in asked))
        keys = [
            command.activity.key
            for (_, command), outcome in zip(asked, done, strict=True)
            if outcome.accepted is not None and isinstance(command, Accrue)
        ]
        parts = [Fraction(1, 3)] * 3 if thirds else [Fraction(1)]
        back = [Reverse(key, "test", part) for key in keys for part in parts]
        order.shuffle(back)
        taken = world.batch(*(world.submission("hotel", command) for command in back))

        assert {outcome.reason for outcome in taken} <= {""}
        assert balances_and_counters(connection) == before


# Order and splitting ----------------------------------------------------------------------


def inn_stay(reference: str, euros: int, nights: int, days: int, lines: int = 1) -> Asked:
    """A stay of whole euros, its bill in so many lines."""
    key = ActivityKey("hotel", "STAY", reference)
    share = 100 * euros // lines
    amounts = [share] * (lines - 1) + [100 * euros - share * (lines - 1)]
    spend = [("ROOM", "EUR", amount) for amount in amounts]
    quantities = [("NIGHT", nights)]
    command = report(
        ("inn", "I"), key, spend=spend, quantities=quantities, started_at=days_ago(days)
    )
    return "hotel", command


INN_STAYS = st.lists(
    st.tuples(
        st.integers(min_value=0, max_value=30),
        st.integers(min_value=0, max_value=6),
        st.integers(min_value=1, max_value=40),
    ),
    min_size=1,
    max_size=7,
)


def totals(world: Bench, asked: Sequence[Asked]) -> Any:
    """Balances and counters afterwards; at a price that leaves nothing to be rounded."""
    with world.undone() as connection:
        world.agree("airline", "hotel", price=120, fee=Fraction(1, 10))
        done = world.batch(*(world.submission(*one) for one in asked))
        assert {outcome.reason for outcome in done} <= {""}
        return balances_and_counters(connection)


@settings(max_examples=25, deadline=None)
@given(stays=INN_STAYS, order=st.randoms(use_true_random=False))
def test_the_order_of_reports_changes_no_total(
    world: Bench, stays: list[tuple[int, int, int]], order: Any
) -> None:
    """Under rules that look at one activity at a time."""
    asked = [inn_stay(f"{n}", *one) for n, one in enumerate(stays)]
    shuffled = list(asked)
    order.shuffle(shuffled)

    assert totals(world, shuffled) == totals(world, asked)


@settings(max_examples=25, deadline=None)
@given(stays=INN_STAYS)
def test_splitting_a_stay_changes_no_total(world: Bench, stays: list[tuple[int, int, int]]) -> None:
    """Into several lines of its bill, or by night into stays of their own: these rules give
    whole points for whole euros, so nothing is rounded."""
    whole, in_lines, by_night = [], [], []
    for n, (euros, nights, days) in enumerate(stays):
        whole.append(inn_stay(f"{n}", euros * nights, nights, days))
        in_lines.append(inn_stay(f"{n}", euros * nights, nights, days, lines=3))
        by_night += [inn_stay(f"{n}/{night}", euros, 1, days) for night in range(nights)]
    expected = totals(world, whole)
    points = sum(nights * (10 * euros + 100) for euros, nights, _ in stays)
    held = {programme: n for _, programme, n, *_ in expected["member_account"]}

    assert held.get("inn", 0) == points
    assert held.get("airline", 0) == sum(2 * euros * nights for euros, nights, _ in stays)
    assert totals(world, in_lines) == expected
    assert totals(world, by_night) == expected


PROMOTED = st.lists(
    st.tuples(NUMBERS, st.integers(min_value=0, max_value=200), DAYS), min_size=1, max_size=10
)


def given_in_all(stays: Sequence[tuple[str, int, int]]) -> int:
    """What the promotion can give at most: 120 a day, 300 a member, 700 in all."""
    members = {number for number, _, _ in stays}
    days = {day for _, _, day in stays}
    per_day = {
        (number, day): min(120, sum(e for n, e, d in stays if (n, d) == (number, day)))
        for number in members
        for day in days
    }
    per_member = [min(300, sum(per_day[number, day] for day in days)) for number in members]
    return min(700, sum(per_member))


@settings(max_examples=25, deadline=None)
@given(stays=PROMOTED, order=st.randoms(use_true_random=False))
def test_limits_give_the_same_in_all_in_any_order(
    world: Bench, stays: list[tuple[str, int, int]], order: Any
) -> None:
    """Who of the members gets it depends on the order; how much is given does not."""
    commands = [
        stay(number, f"{n}", 100 * euros, started_at=days_ago(day))
        for n, (number, euros, day) in enumerate(stays)
    ]
    order.shuffle(commands)
    with world.undone() as connection:
        world.agree("airline", "hotel", price=1)
        for command in commands:
            assert not world.ask("hotel", command).reason
        used = connection.execute(
            text("select coalesce(sum(used), 0) from rule_usage where rule = 'spring'")
        ).scalar_one()
        assert int(used) == given_in_all(stays)


@settings(max_examples=25, deadline=None)
@given(
    nights=st.lists(st.integers(min_value=0, max_value=5), min_size=1, max_size=6),
    order=st.randoms(use_true_random=False),
)
def test_the_tier_in_the_end_is_the_same_in_any_order(
    world: Bench, nights: list[int], order: Any
) -> None:
    """5 nights of the year make Silver and 10 Gold, whichever are reported first."""
    commands = [
        stay("M", f"{n}", 100, quantities=[("NIGHT", count)], started_at=days_ago(n + 1))
        for n, count in enumerate(nights)
    ]
    order.shuffle(commands)
    total = sum(nights)
    tier = "GOLD" if total >= 10 else "SILVER" if total >= 5 else "MEMBER"
    with world.undone():
        for command in commands:
            assert not world.ask("hotel", command).reason
        assert world.ask("hotel", update("hotel", "M")).result.membership.tier == tier


@settings(max_examples=25, deadline=None)
@given(
    stays=st.lists(st.tuples(st.integers(0, 90_000), DAYS), min_size=1, max_size=5),
    back=st.sets(st.integers(min_value=0, max_value=4)),
)
def test_a_stay_that_is_taken_back_is_as_if_it_had_not_been(
    world: Bench, stays: list[tuple[int, int]], back: set[int]
) -> None:
    """At the inn, where each stays by itself: what is left is what the others make."""

    def asked(index: int) -> Asked:
        minor, days = stays[index]
        sender, command = inn_stay(f"{index}", 0, 1, days)
        assert isinstance(command, Accrue)
        spend = tuple(replace(part, minor=minor) for part in command.activity.spend)
        return sender, replace(command, activity=replace(command.activity, spend=spend))

    every = [asked(index) for index in range(len(stays))]
    gone = [index for index in range(len(stays)) if index in back]
    kept = [every[index] for index in range(len(stays)) if index not in back]
    taken: list[Asked] = [
        ("hotel", Reverse(ActivityKey("hotel", "STAY", f"{index}"), "test")) for index in gone
    ]
    assert totals(world, every + taken) == totals(world, kept)
