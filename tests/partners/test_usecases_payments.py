"""Payments after a settlement: by the word of both, whole, once, and never by anybody else."""

from collections.abc import Iterator

import pytest

from partners.activities import ActivityKey
from partners.exchange.terms import Limits
from partners.usecases.exchange import Convert
from partners.usecases.payments import ConfirmPayment
from settlement.store import Stage
from support.net_debits import exposures
from support.settled_world import VALUE_DATE, World, settled_world
from support.use_case_bench import Outcome, definition, quote, report


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    with settled_world(database_url) as made:
        yield made


@pytest.fixture
def due(world: World) -> World:
    """Alpha has to pay beta 60.00 and gamma 40.00."""
    world.owe("alpha", "beta", 60_00)
    world.owe("alpha", "gamma", 40_00)
    world.settle()
    return world


def test_a_payment_that_is_confirmed_is_booked(due: World) -> None:
    outcome = due.confirm("alpha", "beta", 60_00)
    assert outcome.lines == [("PAYMENT", "settlement/beta", "settlement/alpha", 60_00)]
    assert outcome.accepted is not None
    entry = outcome.accepted.entry
    assert (entry.draft.kind, entry.window, entry.draft.corrects) == ("PAYMENT", None, None)
    assert entry.draft.facts == {
        "settlement": "1",
        "posted": "10",
        "payer": "alpha",
        "payee": "beta",
        "amount": "6000",
        "reference": "R-1",
    }
    assert due.open() == {"alpha": -40_00, "gamma": 40_00}
    assert due.state() == "CLOSED"
    assert due.sound()


def test_the_last_one_settles(due: World) -> None:
    due.confirm("alpha", "beta", 60_00)
    due.later(days=1)
    outcome = due.confirm("alpha", "gamma", 40_00)
    assert due.state() == "SETTLED"
    assert due.open() == {}
    assert due.history()[-2:] == [("CONFIRMED", "gamma"), ("SETTLED", "gamma")]
    paid = due.dues()["alpha", "gamma"]
    assert (paid.ended_at, paid.ended_number) == (due.bench.now, outcome.number)
    assert due.sound()


def test_every_step_has_who_and_when_and_by_which_entry(due: World) -> None:
    due.sent("alpha", "beta")
    due.dispute("alpha", "beta")
    due.sent("alpha", "beta")
    due.confirm("alpha", "beta", 60_00)
    assert due.history() == [
        ("CUT", "operator"),
        ("NET", "operator"),
        ("DUE", "operator"),
        ("DUE", "operator"),
        ("POST", "operator"),
        ("STATE", "operator"),
        ("CLOSED", "operator"),
        ("SENT", "alpha"),
        ("DISPUTED", "beta"),
        ("SENT", "alpha"),
        ("CONFIRMED", "beta"),
    ]
    assert due.sound()


def test_sent_is_told_and_books_nothing(due: World) -> None:
    before = due.open()
    outcome = due.sent("alpha", "beta")
    assert outcome.lines == []
    sent = due.dues()["alpha", "beta"]
    assert (sent.state, sent.reference, sent.value_date) == ("SENT", "BANK-7", VALUE_DATE)
    assert due.open() == before
    assert due.sound()


def test_a_dispute_makes_it_due_again(due: World) -> None:
    due.sent("alpha", "beta")
    due.dispute("alpha", "beta")
    back = due.dues()["alpha", "beta"]
    assert (back.state, back.reference, back.value_date) == ("DUE", "", None)
    assert back.disputed == "nothing arrived"
    due.sent("alpha", "beta")
    assert due.dues()["alpha", "beta"].disputed == ""
    assert due.sound()


def refused(outcome: Outcome, reason: str, words: str) -> None:
    assert outcome.reason == reason
    assert words in outcome.message


def test_a_confirmation_counts_once(due: World) -> None:
    first = due.confirm("alpha", "beta", 60_00, request_id="same")
    assert due.confirm("alpha", "beta", 60_00, request_id="same") == first
    again = due.confirm("alpha", "beta", 60_00)
    refused(again, "PAYMENT_STATE", f"is CONFIRMED by entry {first.number}; nothing is left to do")
    assert due.open() == {"alpha": -40_00, "gamma": 40_00}
    assert due.sound()


@pytest.mark.parametrize("sender", ["gamma", "delta", "admin-one", "one"])
def test_a_payment_of_others_is_not_there(due: World, sender: str) -> None:
    for outcome in (
        due.confirm("alpha", "beta", 60_00, by=sender),
        due.sent("alpha", "beta", by=sender),
        due.dispute("alpha", "beta", by=sender),
        due.confirm("delta", "beta", 60_00, by=sender),
    ):
        refused(outcome, "UNKNOWN_PAYMENT", "has no payment")
    assert due.states() == {("alpha", "beta"): "DUE", ("alpha", "gamma"): "DUE"}


def test_each_says_what_is_theirs_to_say(due: World) -> None:
    refused(due.confirm("alpha", "beta", 60_00, by="alpha"), "NOT_AUTHORIZED", "the payee")
    refused(due.sent("alpha", "beta", by="beta"), "NOT_AUTHORIZED", "the payer")
    due.sent("alpha", "beta")
    refused(due.dispute("alpha", "beta", by="alpha"), "NOT_AUTHORIZED", "the payee")


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        (59_99, "60.00 is due and 59.99 was named; a payment is confirmed whole: dispute it"),
        (60_01, "60.00 is due and 60.01 was named; a payment is confirmed whole: give the rest"),
    ],
)
def test_a_payment_is_confirmed_whole(due: World, amount: int, words: str) -> None:
    refused(due.confirm("alpha", "beta", amount), "WRONG_AMOUNT", words)
    assert due.states()["alpha", "beta"] == "DUE"


def test_states_are_left_in_their_order(due: World) -> None:
    refused(due.dispute("alpha", "beta"), "PAYMENT_STATE", "is DUE; only what its payer says")
    due.sent("alpha", "beta")
    refused(due.sent("alpha", "beta"), "PAYMENT_STATE", "is SENT; its payee confirms or disputes")
    due.confirm("alpha", "beta", 60_00)
    refused(due.sent("alpha", "beta"), "PAYMENT_STATE", "is CONFIRMED")
    refused(due.dispute("alpha", "beta"), "PAYMENT_STATE", "is CONFIRMED")
    assert due.sound()


def test_statements_come_first(world: World) -> None:
    class Killed(Exception):
        pass

    def killed(stage: str, _done: int, _total: int) -> None:
        if stage == Stage.STATE:
            raise Killed

    world.owe("alpha", "beta", 60_00)
    with pytest.raises(Killed):
        world.settle(killed)
    refused(world.confirm("alpha", "beta", 60_00), "SETTLEMENT_STATE", "is not closed yet")
    refused(world.sent("alpha", "beta"), "SETTLEMENT_STATE", "is not closed yet")
    assert world.sound()
    world.settle()
    assert not world.confirm("alpha", "beta", 60_00).reason
    assert world.sound()


def test_where_nothing_is_due_a_settlement_is_settled(world: World) -> None:
    world.owe("alpha", "beta", 5)
    world.owe("beta", "alpha", 5)
    world.settle()
    assert world.state() == "SETTLED"
    assert world.history()[-1] == ("SETTLED", "operator")
    assert world.sound()


def test_persons_confirm_what_the_operator_receives(world: World) -> None:
    world.owe("alpha", "operator", 5_00)
    world.owe("beta", "alpha", 5_00)
    world.settle()
    assert world.states() == {("beta", "operator"): "DUE"}
    assert not world.confirm("beta", "operator", 5_00, by="one").reason
    assert world.history()[-2:] == [("CONFIRMED", "one"), ("SETTLED", "one")]
    assert world.sound()


def test_two_confirmations_in_one_batch(due: World) -> None:
    """The second sees what the first did."""
    bench = due.bench
    asked = [
        bench.submission(payee, ConfirmPayment((1, "alpha", payee), amount, "R"))
        for payee, amount in (("beta", 60_00), ("beta", 60_00), ("gamma", 40_00))
    ]
    assert [outcome.reason for outcome in bench.batch(*asked)] == ["", "PAYMENT_STATE", ""]
    assert due.state() == "SETTLED"
    assert due.sound()


def test_a_partner_at_its_cap_does_business_again_once_it_paid(world: World) -> None:
    """What is settled is still owed; what is confirmed is not."""
    bench = world.bench
    for name in ("alpha", "beta"):
        bench.publish(name, definition(name, name.upper()))
        bench.rate(name, 1, 1)
        bench.enrol(name, "1")
        gift = report((name, "1"), ActivityKey(name, "GIFT", "1"), [(name, "BASE", 5_000)])
        assert not bench.ask(name, gift).reason
    bench.link(("alpha", "1"), ("beta", "1"))
    bench.published(Limits("alpha", 900))

    def convert(amount: int) -> str:
        asked = bench.ask("alpha", quote(("alpha", "1"), ("beta", "1"), amount))
        return bench.ask("alpha", Convert(asked.result.quote.number)).reason

    def owed() -> int:
        with world.engine.connect() as connection:
            return exposures(connection, ["alpha"])["alpha"]

    assert convert(900) == ""
    assert convert(1) == "LIMIT_EXCEEDED"
    world.settle()
    assert (owed(), convert(1)) == (900, "LIMIT_EXCEEDED")
    world.sent("alpha", "beta")
    assert (owed(), convert(1)) == (900, "LIMIT_EXCEEDED")
    assert not world.confirm("alpha", "beta", 900).reason
    assert (owed(), convert(900), convert(1)) == (0, "", "LIMIT_EXCEEDED")
    assert world.sound()


def test_a_payee_at_its_cap_can_confirm(world: World) -> None:
    """It comes to be owed less, which no limit stops."""
    world.owe("alpha", "beta", 100)
    world.settle()
    world.owe("beta", "gamma", 1_000)
    world.bench.published(Limits("beta", 900))
    assert not world.confirm("alpha", "beta", 100).reason
    assert world.sound()
