"""Random spending against an independent model: balances, what is pending, what is owed.

The model below knows nothing of the product's code but the names of its refusals.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from partners.check import check_agreed
from partners.context import Command
from partners.usecases.redemption import Capture, Refund, Void
from settlement.ledger.book import read_head
from settlement.ledger.check import check
from support.coalition_day import NOON
from support.holds import (
    ADMIN,
    OPERATOR,
    authorization,
    book_expired,
    give,
    may_redeem,
    spending_bench,
)
from support.use_case_bench import Bench

MEMBERS = ("1", "2")
BALANCE = 60
PRICES = {"shop": (9, 10), "cafe": (1, 3)}
"""Numerator and denominator of what each merchant is owed."""


@dataclass
class Promise:
    """A hold of the model."""

    number: int
    member: str
    merchant: str
    amount: int
    until: datetime
    state: str = "OPEN"
    taken: int = 0
    returned: int = 0

    def over_at(self, now: datetime) -> bool:
        return self.state == "OPEN" and self.until < now


@dataclass
class Model:
    """What should be, added up in the plainest way."""

    number: int
    now: datetime = NOON
    promises: list[Promise] = field(default_factory=list)
    spent: dict[str, int] = field(default_factory=lambda: dict.fromkeys(MEMBERS, 0))

    def held(self, member: str) -> int:
        mine = [p for p in self.promises if p.member == member and p.state == "OPEN"]
        return sum(p.amount for p in mine if not p.over_at(self.now))

    def pending(self, member: str) -> int:
        return sum(p.amount for p in self.promises if (p.member, p.state) == (member, "OPEN"))

    def owed(self, merchant: str) -> int:
        up, down = PRICES[merchant]
        return sum(
            (p.taken - p.returned) * up // down for p in self.promises if p.merchant == merchant
        )

    def hold(self, member: str, merchant: str, amount: int, days: int, *, at_once: bool) -> str:
        if amount > BALANCE - self.spent[member] - self.held(member):
            return "INSUFFICIENT_BALANCE"
        made = Promise(self._next(), member, merchant, amount, self.now + timedelta(days=days))
        if at_once:
            made.state, made.taken = "CAPTURED", amount
            self.spent[member] += amount
        self.promises.append(made)
        return ""

    def capture(self, promise: Promise, amount: int) -> str:
        refused = self._refused(promise)
        if refused or amount > promise.amount:
            return refused or "EXCEEDS_HOLD"
        promise.state, promise.taken = "CAPTURED", amount
        self.spent[promise.member] += amount
        self._next()
        return ""

    def void(self, promise: Promise) -> str:
        refused = self._refused(promise)
        if not refused:
            promise.state = "VOIDED"
            self._next()
        return refused

    def refund(self, promise: Promise, amount: int) -> str:
        refused = self._refused(promise)
        if refused in {"HOLD_VOIDED", "HOLD_EXPIRED"}:
            return refused
        if amount > promise.taken - promise.returned:
            return "EXCEEDS_REMAINDER"
        promise.returned += amount
        self.spent[promise.member] -= amount
        self._next()
        return ""

    def book_expired(self) -> list[int]:
        found = [p for p in self.promises if p.over_at(self.now)]
        for promise in found:
            promise.state = "EXPIRED"
            self._next()
        return [p.number for p in found]

    def _refused(self, promise: Promise) -> str:
        if promise.over_at(self.now):
            return "HOLD_EXPIRED"
        return "" if promise.state == "OPEN" else f"HOLD_{promise.state}"

    def _next(self) -> int:
        self.number += 1
        return self.number - 1


Step = tuple[str, tuple[int, ...]]

amounts = st.integers(1, 25)
which = st.integers(0, 5)
steps = st.one_of(
    st.tuples(
        st.just("hold"),
        st.tuples(st.integers(0, 1), st.integers(0, 1), amounts, st.integers(1, 3)),
    ),
    st.tuples(
        st.just("spend"),
        st.tuples(st.integers(0, 1), st.integers(0, 1), amounts, st.integers(1, 3)),
    ),
    st.tuples(st.just("capture"), st.tuples(which, st.integers(0, 25))),
    st.tuples(st.just("void"), st.tuples(which)),
    st.tuples(st.just("refund"), st.tuples(which, amounts)),
)
batches = st.lists(
    st.tuples(
        st.lists(steps, min_size=1, max_size=6),
        st.sampled_from([0, 0, 12, 25, 49]),
        st.booleans(),
    ),
    max_size=8,
)
"""What is sent together; how many hours pass after it; whether what expired is booked then."""


@pytest.fixture(scope="module")
def world(module_database_url: str) -> Iterator[Bench]:
    with spending_bench(module_database_url, balance=0) as made:
        made.enrol(OPERATOR, "2", sender=ADMIN)
        for merchant, price in PRICES.items():
            may_redeem(made, merchant, Fraction(*price))
        for member in MEMBERS:
            give(made, (OPERATOR, member), BALANCE)
        yield made


def asked(model: Model, step: Step) -> tuple[str, Command, str]:
    """Who sends what, and what the model says of it."""
    name, numbers = step
    if name in {"hold", "spend"}:
        member, merchant = MEMBERS[numbers[0]], list(PRICES)[numbers[1]]
        amount, days = numbers[2:]
        command = authorization(
            amount,
            membership=(OPERATOR, member),
            merchant=merchant,
            expires_at=model.now + timedelta(days=days),
            capture=name == "spend",
        )
        return ADMIN, command, model.hold(member, merchant, amount, days, at_once=name == "spend")
    if numbers[0] >= len(model.promises):
        return ADMIN, Void(10**9), "UNKNOWN_HOLD"
    promise = model.promises[-1 - numbers[0]]
    match name:
        case "capture":
            made: Command = Capture(promise.number, numbers[1])
            return promise.merchant, made, model.capture(promise, numbers[1])
        case "void":
            return promise.merchant, Void(promise.number), model.void(promise)
        case _:
            made = Refund(promise.number, numbers[1])
            return promise.merchant, made, model.refund(promise, numbers[1])


def run(world: Bench, model: Model, together: Sequence[Step]) -> None:
    sent, expected = [], []
    for step in together:
        sender, command, reason = asked(model, step)
        sent.append(world.submission(sender, command))
        expected.append(reason)
    assert [done.reason for done in world.batch(*sent)] == expected


def compare(world: Bench, model: Model, connection: Connection) -> None:
    rows = connection.execute(
        text(
            "select e.member_number, a.credits - a.debits as balance, a.debits_pending "
            "from member_account a join enrolment e using (member_id, programme)"
        )
    )
    assert {row.member_number: (row.balance, row.debits_pending) for row in rows} == {
        member: (BALANCE - model.spent[member], model.pending(member)) for member in MEMBERS
    }
    accounts = world.accounts(connection)
    for merchant in PRICES:
        found = accounts.get(f"clearing/1/{merchant}:{OPERATOR}", 0)
        assert found == model.owed(merchant)
    holds = connection.execute(
        text("select number, state, captured, refunded from redemption_hold order by number")
    )
    assert [tuple(row) for row in holds] == [
        (p.number, p.state, p.taken, p.returned) for p in model.promises
    ]


@given(batches=batches)
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_random_spending(world: Bench, batches: Sequence[tuple[list[Step], int, bool]]) -> None:
    with world.undone() as connection:
        model = Model(read_head(connection).size)
        try:
            for together, hours, books in batches:
                run(world, model, together)
                world.now = model.now = model.now + timedelta(hours=hours)
                if books:
                    assert book_expired(world) == model.book_expired()
                compare(world, model, connection)
            assert list(check_agreed(connection)) == []
            assert check(connection, world.coalition, lambda *_: None) == []
        finally:
            world.now = NOON
