"""Whatever partners report in whatever order, an independent model knows what comes of it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from partners.activities import ActivityKey
from partners.check import check_agreed
from partners.due import end_due
from partners.usecases.delivery import Confirm, Refuse
from partners.usecases.exchange import Convert
from support.coalition_day import NOON
from support.use_case_bench import Bench, bench, definition, quote, report

GIVEN, GOT = 100, 50
"""Every conversion: 100 A at 1.00 are 50 V at 2.00, and nothing is left over."""

FIRST_BALANCE = 1_000


@dataclass
class Waiting:
    """A conversion as somebody keeps it on paper."""

    deadline: int
    state: str = "PENDING"
    credit: str = ""
    noted: list[tuple[str, int, str]] = field(default_factory=list)


@dataclass
class Paper:
    """The model: minutes instead of instants, lists instead of tables, no code of the product."""

    minute: int = 0
    conversions: list[Waiting] = field(default_factory=list)

    def timer(self) -> None:
        for one in self.conversions:
            if one.state == "PENDING" and self.minute >= one.deadline:
                one.state = "TIMED_OUT"

    def confirm(self, one: Waiting, amount: int, credit: str) -> str:
        if one.state == "PENDING" and self.minute >= one.deadline:
            one.state = "TIMED_OUT"
        if one.state == "TIMED_OUT":
            return self._note(one, "LATE_CONFIRMATION", amount, credit)
        if one.state == "REFUSED":
            return self._note(one, "CONFIRMED_AFTER_REFUSAL", amount, credit)
        if one.state == "PENDING" and amount == GOT:
            one.state, one.credit = "COMPLETED", credit
            return one.state
        if one.state == "COMPLETED" and credit != one.credit:
            return self._note(one, "CONFIRMED_TWICE", amount, credit)
        if amount != GOT:
            return self._note(one, "AMOUNT_DIFFERS", amount, credit)
        return "ALREADY_DELIVERED"

    def refuse(self, one: Waiting) -> str:
        if one.state == "PENDING":
            one.state = "TIMED_OUT" if self.minute >= one.deadline else "REFUSED"
            return one.state
        if one.state == "COMPLETED" and "REFUSED_AFTER_CONFIRMATION" not in {
            kind for kind, _, _ in one.noted
        }:
            return self._note(one, "REFUSED_AFTER_CONFIRMATION", 0, "no")
        return "ALREADY_DELIVERED"

    def _note(self, one: Waiting, kind: str, amount: int, words: str) -> str:
        if (kind, amount, words) in one.noted:
            return "ALREADY_DELIVERED"
        one.noted.append((kind, amount, words))
        return one.state

    @property
    def standing(self) -> int:
        return sum(one.state in {"PENDING", "COMPLETED"} for one in self.conversions)


@pytest.fixture(scope="module")
def world(module_database_url: str) -> Iterator[Bench]:
    with bench(module_database_url) as made:
        made.admit("alpha", "vault")
        made.publish("alpha", definition("alpha", "AA"))
        rest = "[conversion]\ndelivery_minutes = 60\n"
        made.publish("vault", definition("vault", "VV", custody="partner", rest=rest))
        made.rate("alpha", 100, 100)
        made.rate("vault", 200, 200)
        for programme in ("alpha", "vault"):
            made.enrol(programme, "1")
        made.link(("alpha", "1"), ("vault", "1"))
        key = ActivityKey("alpha", "GIFT", "1")
        assert not made.ask(
            "alpha", report(("alpha", "1"), key, [("alpha", "BASE", FIRST_BALANCE)])
        ).reason
        yield made


WHICH = st.integers(0, 3)
ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("convert")),
        st.tuples(
            st.just("confirm"), WHICH, st.sampled_from([GOT, GOT, GOT + 1]), st.sampled_from("ab")
        ),
        st.tuples(st.just("refuse"), WHICH),
        st.tuples(st.just("wait"), st.sampled_from([1, 29, 30, 59, 60])),
        st.tuples(st.just("timer")),
    ),
    min_size=4,
    max_size=16,
).map(lambda actions: [("convert",), *actions])


@settings(max_examples=60)
@given(actions=ACTIONS)
def test_the_book_and_the_paper_agree(world: Bench, actions: list[tuple[object, ...]]) -> None:
    with world.undone():
        try:
            _played(world, actions)
        finally:
            world.now = NOON


def _played(world: Bench, actions: list[tuple[object, ...]]) -> None:
    paper, numbers = Paper(), []
    for action in actions:
        match action:
            case ("convert",):
                if len(numbers) < 4:
                    numbers.append(_convert(world))
                    paper.conversions.append(Waiting(paper.minute + 60))
            case ("confirm", int(which), int(amount), str(credit)) if which < len(numbers):
                told = _told(world, Confirm(numbers[which], amount, credit))
                assert told == paper.confirm(paper.conversions[which], amount, credit)
            case ("refuse", int(which)) if which < len(numbers):
                told = _told(world, Refuse(numbers[which], "no"))
                assert told == paper.refuse(paper.conversions[which])
            case ("wait", int(minutes)):
                paper.minute += minutes
                world.now = NOON + timedelta(minutes=paper.minute)
            case ("timer",):
                assert world.connection is not None
                end_due(world.connection, world.coalition, world.now)
                paper.timer()
    _compare(world, paper, numbers)


def _convert(world: Bench) -> int:
    asked = world.ask("alpha", quote(("alpha", "1"), ("vault", "1"), GIVEN))
    return world.ask("alpha", Convert(asked.result.quote.number)).number


def _told(world: Bench, command: Confirm | Refuse) -> str:
    answered = world.ask("vault", command)
    return answered.reason or str(answered.result.conversion.state)


def _compare(world: Bench, paper: Paper, numbers: list[int]) -> None:
    connection = world.connection
    assert connection is not None
    states = dict(connection.execute(text("select number, state from conversion")).all())  # type: ignore[arg-type]
    assert [states[number] for number in numbers] == [one.state for one in paper.conversions]
    query = "select kind, reported_minor, reference from delivery_break where conversion = :n"
    for number, one in zip(numbers, paper.conversions, strict=True):
        rows = connection.execute(text(f"{query} order by number"), {"n": number})
        assert [tuple(row) for row in rows] == one.noted
    accounts = world.accounts(connection)
    assert world.balance_of("alpha", "1") == FIRST_BALANCE - GIVEN * paper.standing
    assert accounts.get("external/vault", 0) == GOT * paper.standing
    assert accounts.get("clearing/1/vault:alpha", 0) == 100 * GIVEN * paper.standing
    assert list(check_agreed(connection)) == []
