"""Default: a settlement is undone by two persons before anything of it is paid, and made anew."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from coalition.statements import read_statement, verify_statement
from partners.usecases.aborts import ApproveAbort, ProposeAbort, WithdrawAbort
from partners.usecases.payments import ConfirmPayment
from settlement.netting import Payment
from settlement.reports import SettlementReport, last_report
from settlement.run import Progress, SettlementDifference, SettlementUnderWay
from settlement.statements import positions, statements_of
from settlement.store import Stage
from support.net_debits import exposures
from support.settled_world import COMPANIES, World, settled_world
from support.use_case_bench import Outcome


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    with settled_world(database_url) as made:
        yield made


def business(world: World) -> None:
    """Alpha owes beta, beta owes gamma, gamma owes delta a little."""
    world.owe("alpha", "beta", 100)
    world.owe("beta", "gamma", 70)
    world.owe("gamma", "delta", 20)
    world.owe("gamma", "alpha", 15)


NETTED = (
    Payment("alpha", "beta", 30),
    Payment("alpha", "delta", 20),
    Payment("alpha", "gamma", 35),
)
APART = (
    Payment("alpha", "beta", 100),
    Payment("beta", "delta", 20),
    Payment("beta", "gamma", 50),
    Payment("gamma", "alpha", 15),
)


@pytest.fixture
def due(world: World) -> World:
    business(world)
    assert set(world.settle().payments) == set(NETTED)
    return world


def refused(outcome: Outcome, reason: str, words: str) -> None:
    assert (outcome.reason, words in outcome.message) == (reason, True), outcome.message


def told(report: SettlementReport) -> dict[str, tuple[bytes, bytes]]:
    return {name: (made.json, made.csv) for name, made in report.statements.items()}


def test_an_abort_undoes_the_settlement_line_by_line(due: World) -> None:
    with due.engine.connect() as connection:
        before = exposures(connection)
    outcome = due.abort()
    assert outcome.accepted is not None
    entry = outcome.accepted.entry
    with due.engine.connect() as connection:
        posted = last_report(connection).settlement
        assert posted is not None
        assert exposures(connection) == before
        rows = connection.execute(
            text("select kind, amount, debit, credit from line where number = :n order by index"),
            {"n": posted.post_number},
        ).all()
    assert outcome.lines == [(row.kind, row.credit, row.debit, row.amount) for row in rows]
    assert (entry.draft.kind, entry.draft.corrects, entry.window) == (
        "ABORT",
        posted.post_number,
        None,
    )
    assert due.open() == {}
    assert set(due.states().values()) == {"VOID"}
    assert (due.state(), due.window()) == ("ABORTED", "CUT")
    assert due.history()[-5:] == [
        ("ABORT_PROPOSED", "one"),
        ("VOID", "two"),
        ("VOID", "two"),
        ("VOID", "two"),
        ("ABORTED", "two"),
    ]
    assert due.sound()


def test_the_next_run_settles_the_window_anew(due: World) -> None:
    with due.engine.connect() as connection:
        before = last_report(connection)
    due.abort()
    after = due.settle()
    assert before.settlement is not None
    assert after.settlement is not None
    assert after.window is not None
    assert (after.settlement.settlement_id, after.settlement.supersedes) == (2, 1)
    assert (after.window.window_id, due.window(), due.state(2)) == (1, "CLOSED", "CLOSED")
    assert (after.positions, set(after.payments)) == (before.positions, set(NETTED))
    for name, made in after.statements.items():
        first, second = read_statement(before.statements[name].json), read_statement(made.json)
        assert second.section("OBLIGATIONS") == first.section("OBLIGATIONS")
        assert (second.supersedes, second.apart) == (1, ())
        assert made.previous_sha256 == before.statements[name].sha256
        assert second.previous_sha256 == before.statements[name].sha256.hex()
        assert second.position["opening_minor"] == first.position["opening_minor"]
        assert verify_statement(made.json, made.csv) == []
    assert due.sound()


def test_running_it_again_changes_nothing(due: World) -> None:
    due.abort()
    report = due.settle()
    assert due.settle() == report
    for payment in report.payments:
        assert not due.confirm(payment.payer, payment.payee, payment.amount, settlement=2).reason
    assert due.state(2) == "SETTLED"
    assert due.open() == {}
    assert due.settle() == report
    assert due.sound()


def test_who_is_set_apart_leaves_the_loss_with_its_counterparties(due: World) -> None:
    due.abort(1, "alpha")
    report = due.settle()
    assert set(report.payments) == set(APART)
    for name, made in report.statements.items():
        assert json.loads(made.json)["apart"] == "alpha"
        assert verify_statement(made.json, made.csv) == [], name
    for payment in APART:
        if "alpha" not in {payment.payer, payment.payee}:
            due.confirm(payment.payer, payment.payee, payment.amount, settlement=2)
    assert due.open() == {"alpha": -85, "beta": 100, "gamma": -15}
    assert due.sound()


def test_a_statement_that_nets_who_is_apart_is_found_out(due: World) -> None:
    due.abort(1, "alpha")
    fields = json.loads(due.settle().statements["beta"].json)
    payments = next(each for each in fields["sections"] if each["name"] == "PAYMENTS")
    for payment in payments["rows"]:
        if payment["payer"] == "alpha":
            payment["amount_minor"] = "99"
        elif payment["payee"] == "gamma":
            payment["amount_minor"] = "49"
    data = json.dumps(fields, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    assert "payments with alpha, settled apart is 99; it should be 100" in verify_statement(data)


def test_one_run_settles_all_that_was_aborted_and_tells_of_each(due: World) -> None:
    """By a timer also what is due, after them."""
    due.owe("delta", "alpha", 7)
    due.settle()
    due.owe("beta", "delta", 3)
    due.abort(2)
    due.abort(1)
    due.later(days=2)
    report = due.settle(only_due=True)
    told = [each.settlement for each in (*report.earlier, report)]
    assert [(s.settlement_id, s.window_id) for s in told if s is not None] == [
        (3, 1),
        (4, 2),
        (5, 3),
    ]
    assert due.sound()


def test_aborted_again_and_again(due: World) -> None:
    """Nobody is apart first, then one, then two; each names the one before."""
    due.abort()
    due.settle()
    due.abort(2, "alpha")
    due.settle()
    due.abort(3, "alpha", "gamma")
    last = due.settle()
    assert set(last.payments) == {
        Payment("alpha", "beta", 100),
        Payment("beta", "gamma", 70),
        Payment("gamma", "delta", 20),
        Payment("gamma", "alpha", 15),
    }
    assert last.settlement is not None
    assert (last.settlement.settlement_id, last.settlement.supersedes) == (4, 3)
    assert due.sound()


def test_an_older_window_is_settled_before_the_open_one(due: World) -> None:
    due.owe("delta", "alpha", 7)
    due.settle()
    due.owe("beta", "delta", 3)
    due.abort(1)
    assert (due.window(1), due.window(2)) == ("CUT", "CLOSED")
    third = due.settle()
    assert third.window is not None
    assert (third.window.window_id, third.positions["alpha"]) == (1, -85)
    assert read_statement(third.statements["alpha"].json).position["opening_minor"] == "7"
    fourth = due.settle()
    assert fourth.window is not None
    assert (fourth.window.window_id, fourth.positions["beta"]) == (3, -3)
    with due.engine.connect() as connection:
        assert positions(connection, 1) == third.positions
    assert due.sound()


def test_an_abort_while_another_settlement_runs(due: World) -> None:
    due.owe("delta", "alpha", 7)

    def meanwhile(stage: str, done: int, _total: int) -> None:
        if (stage, done) == (Stage.POST, 0):
            due.abort(1)

    due.settle(meanwhile)
    assert (due.state(1), due.state(2)) == ("ABORTED", "CLOSED")
    third = due.settle()
    assert third.settlement is not None
    assert third.settlement.supersedes == 1
    assert due.sound()


# Who, and when -------------------------------------------------------------------------------


def test_it_takes_two_persons(due: World) -> None:
    proposal = due.propose()
    refused(due.approve(proposal.number, by="one"), "SAME_PERSON", "another settlement operator")
    assert due.state() == "CLOSED"
    assert not due.approve(proposal.number, by="two").reason


@pytest.mark.parametrize("sender", [*COMPANIES])
def test_companies_abort_nothing(due: World, sender: str) -> None:
    assert due.propose(by=sender).reason == "NOT_AUTHORIZED"
    number = due.propose().number
    assert due.approve(number, by=sender).reason == "NOT_AUTHORIZED"


def test_one_proposal_at_a_time(due: World) -> None:
    first = due.propose()
    refused(due.propose(by="two"), "ALREADY_EXISTS", f"proposal {first.number}")
    withdrawn = due.bench.ask("two", WithdrawAbort(1, first.number, "alpha pays after all"))
    assert (withdrawn.result.state, withdrawn.result.ended_by) == ("WITHDRAWN", "two")
    refused(due.approve(first.number), "UNKNOWN_PROPOSAL", "waits")
    again = due.bench.ask("two", WithdrawAbort(1, first.number, "twice"))
    refused(again, "UNKNOWN_PROPOSAL", "waits")
    assert not due.abort().reason
    assert due.sound()


def test_a_proposal_is_of_its_settlement(due: World) -> None:
    due.owe("delta", "alpha", 7)
    due.settle()
    number = due.propose(1).number
    refused(due.approve(number, 2), "UNKNOWN_PROPOSAL", "waits")
    assert (due.state(1), due.state(2)) == ("CLOSED", "CLOSED")


def test_after_a_confirmation_nothing_is_aborted(due: World) -> None:
    number = due.propose().number
    due.confirm("alpha", "beta", 30)
    words = "confirmed: alpha to beta; what is paid is not undone, the rest stays due"
    refused(due.approve(number), "SETTLEMENT_STATE", words)
    refused(due.propose(), "SETTLEMENT_STATE", words)
    due.confirm("alpha", "gamma", 35)
    due.confirm("alpha", "delta", 20)
    refused(due.approve(number), "SETTLEMENT_STATE", "is SETTLED and cannot be aborted")
    assert due.sound()


def test_what_is_on_its_way_is_in_the_way(due: World) -> None:
    due.sent("alpha", "beta")
    words = "on their way: alpha to beta; let their payees confirm or dispute them"
    refused(due.propose(), "SETTLEMENT_STATE", words)
    due.dispute("alpha", "beta")
    number = due.propose().number
    due.sent("alpha", "gamma")
    refused(due.approve(number), "SETTLEMENT_STATE", "on their way: alpha to gamma")
    due.bench.ask("one", WithdrawAbort(1, number, "again, knowing"))
    assert not due.abort(1, despite_sent=True).reason
    assert set(due.states().values()) == {"VOID"}
    assert due.sound()


def test_twice_is_refused(due: World) -> None:
    number = due.propose().number
    done = due.approve(number)
    refused(due.approve(number), "UNKNOWN_PROPOSAL", "waits")
    refused(due.propose(), "SETTLEMENT_STATE", f"entry {done.number} aborted it")
    due.settle()
    refused(due.propose(), "SETTLEMENT_STATE", f"entry {done.number} aborted it")
    assert due.sound()


def test_what_is_void_is_not_confirmed(due: World) -> None:
    due.abort()
    for outcome in (
        due.confirm("alpha", "beta", 30),
        due.sent("alpha", "beta"),
        due.dispute("alpha", "beta"),
    ):
        refused(outcome, "PAYMENT_STATE", "the next settlement of its window says what is due")
    assert due.sound()


@pytest.mark.parametrize("settlement", [2, 7, 2**62])
def test_there_is_none(due: World, settlement: int) -> None:
    refused(due.propose(settlement), "UNKNOWN_SETTLEMENT", "there is no settlement")


class Killed(Exception):
    pass


def killed_at(reached: Stage, so_far: int) -> Progress:
    def progress(stage: str, done: int, _total: int) -> None:
        if (stage, done) == (reached, so_far):
            raise Killed

    return progress


@pytest.mark.parametrize("stage", [Stage.NET, Stage.POST, Stage.STATE, Stage.CLOSED])
def test_a_settlement_that_is_not_closed_is_not_aborted(world: World, stage: Stage) -> None:
    business(world)
    with pytest.raises(Killed):
        world.settle(killed_at(stage, 0))
    assert world.propose().reason in {"UNKNOWN_SETTLEMENT", "SETTLEMENT_STATE"}
    world.settle()
    assert not world.abort().reason
    assert world.sound()


@pytest.mark.parametrize("name", ["operator", "nobody"])
def test_who_has_no_part_is_not_set_apart(due: World, name: str) -> None:
    refused(due.propose(1, name), "UNKNOWN_PARTICIPANT", "neither owes nor is owed")


@pytest.fixture(scope="module")
def undisturbed() -> dict[str, dict[str, tuple[bytes, bytes]]]:
    return {}


@pytest.mark.parametrize("done", [0, 1], ids=["before", "before commit"])
@pytest.mark.parametrize("stage", list(Stage))
def test_killed_anywhere_and_run_again(
    due: World,
    stage: Stage,
    done: int,
    undisturbed: dict[str, dict[str, tuple[bytes, bytes]]],
) -> None:
    """Every run of the second settlement comes to the same bytes."""
    due.abort(1, "alpha")
    for _ in range(2):
        with pytest.raises(Killed):
            due.settle(killed_at(stage, done))
    assert due.sound()
    report = due.settle()
    assert told(report) == undisturbed.setdefault("bytes", told(report))
    assert due.settle() == report
    with due.engine.connect() as connection:
        kinds = connection.execute(
            text("select kind from entry where kind in ('SETTLEMENT', 'ABORT') order by number")
        )
        assert list(kinds.scalars()) == ["SETTLEMENT", "ABORT", "SETTLEMENT"]
        assert set(statements_of(connection, 1)) == set(statements_of(connection, 2))
    assert due.sound()


@pytest.mark.parametrize("stage", list(Stage))
def test_a_killed_process_leaves_what_the_next_one_finishes(
    due: World, stage: Stage, undisturbed: dict[str, dict[str, tuple[bytes, bytes]]]
) -> None:
    due.abort(1, "alpha")
    folder = Path(__file__).parent
    ended = subprocess.run(
        [
            sys.executable,
            folder / "killed_again.py",
            due.engine.url.render_as_string(hide_password=False),
            stage,
        ],
        env={**os.environ, "PYTHONPATH": str(folder.parent)},
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL
    report = when_the_server_noticed(due)
    assert told(report) == undisturbed.setdefault("bytes", told(report))
    assert due.sound()


def when_the_server_noticed(world: World) -> SettlementReport:
    """Settle; the server gives the lock of a dead process back once it sees that it is dead."""
    for _ in range(100):
        try:
            return world.settle()
        except SettlementUnderWay:
            time.sleep(0.1)
    return world.settle()


def test_a_difference_stops_the_second_run_too(due: World) -> None:
    due.abort()
    with due.engine.begin() as connection:
        connection.execute(
            text(
                "update line set amount = 99 where number = (select min(number) "
                "from line where kind = 'PRINCIPAL') and kind = 'PRINCIPAL'"
            )
        )
    with pytest.raises(SettlementDifference, match="window-sums"):
        due.settle()


@pytest.mark.parametrize("_time", range(5))
def test_a_confirmation_and_an_abort_at_once(due: World, _time: int) -> None:
    """Whichever has the writer's lock first; never both, never neither."""
    number = due.propose().number
    bench, barrier = due.bench, Barrier(2)
    asked = [
        bench.submission("beta", ConfirmPayment((1, "alpha", "beta"), 30, "R")),
        bench.submission("two", ApproveAbort(1, number)),
    ]

    def run(index: int) -> str:
        barrier.wait()
        return bench.batch(asked[index])[0].reason

    with ThreadPoolExecutor(2) as threads:
        reasons = list(threads.map(run, range(2)))
    assert reasons in (["", "SETTLEMENT_STATE"], ["PAYMENT_STATE", ""])
    assert due.state() == ("CLOSED" if not reasons[0] else "ABORTED")
    assert due.sound()


@pytest.mark.parametrize("confirmed_first", [True, False])
def test_both_in_one_batch(due: World, *, confirmed_first: bool) -> None:
    number = due.propose().number
    asked = [
        due.bench.submission("beta", ConfirmPayment((1, "alpha", "beta"), 30, "R")),
        due.bench.submission("two", ApproveAbort(1, number)),
    ]
    if not confirmed_first:
        asked.reverse()
    reasons = [outcome.reason for outcome in due.bench.batch(*asked)]
    assert reasons == ["", "SETTLEMENT_STATE" if confirmed_first else "PAYMENT_STATE"]
    assert due.sound()


def test_proposed_and_approved_in_one_batch(due: World) -> None:
    bench = due.bench
    with due.engine.connect() as connection:
        number = int(connection.execute(text("select size from ledger_head")).scalar_one())
    outcomes = bench.batch(
        bench.submission("one", ProposeAbort(1, "both at once", ("alpha",), despite_sent=False)),
        bench.submission("two", ApproveAbort(1, number)),
    )
    assert [outcome.reason for outcome in outcomes] == ["", ""]
    assert set(due.settle().payments) == set(APART)
    assert due.sound()


@pytest.fixture(scope="module")
def shared(module_database_url: str) -> Iterator[World]:
    with settled_world(module_database_url) as made:
        yield made


WHO = st.sampled_from(COMPANIES)
ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("owe"), WHO, WHO, st.integers(1, 50)),
        st.tuples(st.just("settle")),
        st.tuples(st.just("confirm"), st.integers(0, 9)),
        st.tuples(st.just("sent"), st.integers(0, 9)),
        st.tuples(st.just("dispute"), st.integers(0, 9)),
        st.tuples(st.just("abort"), st.integers(0, 3), st.sets(WHO, max_size=2), st.booleans()),
    ),
    min_size=4,
    max_size=12,
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actions=ACTIONS)
def test_whatever_happens_the_books_agree(shared: World, actions: list[tuple[object, ...]]) -> None:
    """What is open in settlement and clearing is what was owed less what was confirmed."""
    for action in actions:
        _act(shared, action)
    with shared.engine.connect() as connection:
        owed = exposures(connection)
        expected = {row.participant: row.net for row in connection.execute(text(MODEL))}
    assert {name: net for name, net in owed.items() if net} == {
        name: int(net) for name, net in expected.items() if net
    }
    assert shared.sound()


MODEL = """
    select participant, sum(amount) as net from (
        select split_part(split_part(debit, '/', 3), ':', 1) as participant, amount
        from line where kind = 'PRINCIPAL'
        union all
        select split_part(split_part(debit, '/', 3), ':', 2), -amount
        from line where kind = 'PRINCIPAL'
        union all
        select payer, -amount from due where state = 'CONFIRMED'
        union all
        select payee, amount from due where state = 'CONFIRMED'
    ) sides group by participant
"""


def _act(world: World, action: tuple[object, ...]) -> None:
    with world.engine.connect() as connection:
        listed = connection.execute(
            text("select settlement_id, payer, payee, amount from due order by 1 desc, 2, 3")
        ).all()
        newest = connection.execute(text("select max(settlement_id) from settlement")).scalar()
    match action:
        case ("owe", str(debtor), str(creditor), int(amount)) if debtor != creditor:
            world.owe(debtor, creditor, amount)
        case ("settle",):
            world.settle()
        case ("abort", int(back), set(apart), bool(despite)) if newest:
            proposed = world.propose(newest - back, *sorted(apart), despite_sent=despite)
            if not proposed.reason:
                world.approve(proposed.number, newest - back)
        case (("confirm" | "sent" | "dispute") as what, int(index)) if index < len(listed):
            row = listed[index]
            pair = row.payer, row.payee
            if what == "confirm":
                world.confirm(*pair, row.amount, settlement=row.settlement_id)
            else:
                getattr(world, what)(*pair, settlement=row.settlement_id)


def test_a_proposal_that_the_log_does_not_hold_is_nobodys(due: World) -> None:
    """A row alone is no first person's word, and says nothing of who is apart."""
    with due.engine.begin() as connection:
        connection.execute(
            text(
                "insert into settlement_abort values "
                "(2, 1, 'one', now(), '', '{alpha}', false, 'PROPOSED', '', null)"
            )
        )
    refused(due.approve(2), "UNKNOWN_PROPOSAL", "waits")
    due.abort(1, "alpha")
    with due.engine.begin() as connection:
        connection.execute(text("update settlement_abort set apart = '{}'"))
    assert set(due.settle().payments) == set(APART)
