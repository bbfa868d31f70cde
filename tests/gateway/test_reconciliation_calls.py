"""A partner's record from its file to its breaks, and what becomes of these: over the wire."""

import csv
import io
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from coalition.errors import Refused
from coalition.record_files import PLAIN, Rules, SentRecord, send_record, survey
from coalition.statements import read_statement, verify_statement
from coalition.v1 import accrual_pb2, rates_pb2, settlement_pb2
from coalition.v1 import reconciliation_pb2 as pb
from gateway.cli.item_export import write_items
from gateway.self_check import check_book
from partners.check import check_agreed
from settlement.check_reconciliations import reconciliation_problems
from settlement.ledger.book import load_coalition
from settlement.ledger.breaks import breaks_between
from settlement.reconciliation import LOCK
from settlement.run import settle
from support.coalition_day import Day, activity_key, coalition_day, stay
from support.evidence import fetch, verified

PARTNERS = ["hotel", "airline", "card"]
STAYS = 12


@dataclass
class World:
    """A window of stays that was settled, and the next one, which is open."""

    day: Day
    folder: Path
    names: Iterator[int] = field(default_factory=lambda: iter(range(10_000)))

    def settle(self) -> None:
        with self.day.engine.connect() as connection:
            coalition = load_coalition(connection)
        assert coalition is not None
        settle(self.day.engine, coalition, PARTNERS, self.day.clock, lambda *_: {})

    def items(self, sender: str = "hotel", window: int = 1) -> list[dict[str, str]]:
        out = io.StringIO()
        write_items(self.day.client(sender), window, "UTC", out, as_json=False)
        return list(csv.DictReader(io.StringIO(out.getvalue())))

    def file(self, rows: list[dict[str, str]]) -> Path:
        path = self.folder / f"record-{next(self.names)}.csv"
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(
                file, ("reference", "date", "amount", "counterparty", "kind", "number")
            )
            writer.writeheader()
            writer.writerows(rows)
        return path

    def reconcile(
        self, rows: list[dict[str, str]] | Path, sender: str = "hotel", **more: Any
    ) -> SentRecord:
        file = rows if isinstance(rows, Path) else self.file(rows)
        controls = survey(file, PLAIN)
        rules = Rules(more.pop("window", 1), **more)
        return send_record(self.day.client(sender), file, PLAIN, controls, rules)

    def breaks(self, sender: str = "hotel", **asked: Any) -> list[pb.Break]:
        request = pb.ListBreaksRequest(page_size=500, **asked)
        read = self.day.client(sender).read("Breaks.ListBreaks", request, pb.BreakList)
        return list(read.breaks)

    def one_break(self) -> pb.BreakRef:
        """A new break of the hotel: a row that the ledger does not have."""
        extra = {"reference": f"extra-{next(self.names)}", "date": "2026-03-01", "amount": "250"}
        state = self.reconcile([*self.items(), extra]).state
        (found,) = self.breaks(after_number=state.concluded_number - 1)
        return pb.BreakRef(break_number=found.break_number, item=found.item)

    def step(self, method: str, sender: str, message: Any) -> pb.Break:
        return self.day.client(sender).write(f"Breaks.{method}", message).result_as(pb.Break)


@pytest.fixture(scope="module")
def world(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with coalition_day(module_database_url) as day:
        day.settled_world()
        for number in range(STAYS):
            day.accrue(stay("H1", f"H1/{number}/1", 10_000 + 100 * number))
        day.accrue(stay("H1", "taken-back"))
        key = activity_key("hotel", "STAY", "taken-back")
        reverse = accrual_pb2.ReverseRequest(activity=key, reason="cancelled")
        day.client("hotel").write("Accrual.Reverse", reverse)
        terms = day.quote(("hotel", "H1"), ("airline", "A1"), 1_000)
        day.convert(terms.quote)
        made = World(day, tmp_path_factory.mktemp("records"))
        made.settle()
        yield made
        with day.engine.connect() as connection:
            coalition = load_coalition(connection)
        assert coalition is not None
        assert check_book(day.engine, coalition, lambda *_: None)[0] == []


def outcomes(sent: SentRecord) -> dict[str, int]:
    return {each.outcome: each.count for each in sent.state.outcomes}


def planted(reference: str, **changes: str) -> Callable[[list[dict[str, str]]], None]:
    def change(rows: list[dict[str, str]]) -> None:
        (row,) = (row for row in rows if row["reference"] == reference)
        row.update(changes)

    return change


def test_ones_own_items_are_a_record_that_agrees(world: World) -> None:
    for sender in ("hotel", "airline"):
        items = world.items(sender)
        sent = world.reconcile(items, sender)
        assert outcomes(sent) == {"MATCHED": len(items)}
        assert (sent.state.findings, sent.findings) == (0, ())
        assert sent.state.items_total_minor == sum(int(item["amount"]) for item in items)
    assert world.items("card") == []


def test_how_each_side_knows_an_entry(world: World) -> None:
    """The hotel by its folio; the airline, which is not shown that, by the entry's number."""
    hotel = {item["number"]: item["reference"] for item in world.items("hotel")}
    airline = {item["number"]: item["reference"] for item in world.items("airline")}
    (folio,) = (number for number, reference in hotel.items() if reference == "H1/3/1")
    assert airline[folio] == f"#{folio}"
    assert sorted(hotel.values())[-2:] == ["taken-back", "taken-back"]
    (conversion,) = (n for n, reference in hotel.items() if reference == f"conversion/{n}")
    assert airline[conversion] == f"conversion/{conversion}"


def test_the_same_file_twice_is_one_reconciliation(world: World) -> None:
    rows = world.items()
    planted("H1/2/1", amount="-1")(rows)
    file = world.file(rows)
    first, again = world.reconcile(file), world.reconcile(file)
    assert first == again
    assert outcomes(first) == {"MATCHED": len(rows) - 1, "AMOUNT_DIFFERS": 1}


def test_what_was_interrupted_goes_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coalition.record_files.sending.CHUNK_ROWS", 4)
    rows = world.items()
    planted("H1/1/1", date="2026-02-01")(rows)
    file, seen = world.file(rows), []
    controls = survey(file, PLAIN)

    def stops(sending: Any) -> None:
        seen.append(sending.rows)
        if len(seen) == 2:
            raise KeyboardInterrupt

    client = world.day.client("hotel")
    with suppress(KeyboardInterrupt):
        send_record(client, file, PLAIN, controls, Rules(1), on_progress=stops)
    sent = send_record(client, file, PLAIN, controls, Rules(1), on_progress=stops)
    assert outcomes(sent) == {"MATCHED": len(rows) - 1, "DATE_DIFFERS": 1}
    assert seen[:2] == [4, 8]
    assert sent.state.received_rows == len(rows)


def test_a_corrected_record_supersedes_the_breaks_of_the_first(world: World) -> None:
    rows = world.items()
    planted("H1/5/1", amount="-7")(rows)
    first = world.reconcile(rows)
    (found,) = world.breaks(after_number=first.state.concluded_number - 1)
    assert (found.kind, found.state) == (pb.BREAK_KIND_AMOUNT_DIFFERS, pb.BREAK_STATE_OPEN)
    corrected = world.reconcile(world.items(), day_tolerance=1)
    (after,) = world.breaks(after_number=first.state.concluded_number - 1)
    assert after.resolution == pb.BREAK_STEP_KIND_SUPERSEDED
    assert after.resolved_number == corrected.state.concluded_number
    assert world.breaks(open=True) == []


def test_of_two_at_once_the_one_that_was_announced_later_stands(world: World) -> None:
    client = world.day.client("hotel")

    def opened(salt: bytes) -> int:
        request = pb.OpenReconciliationRequest(window=1, file_sha256=salt * 32)
        answer = client.write("Reconciliation.Open", request)
        return answer.result_as(pb.ReconciliationState).reconciliation

    early, late = opened(b"a"), opened(b"b")
    done = client.write("Reconciliation.Conclude", pb.ConcludeRequest(reconciliation=late))
    assert {o.outcome for o in done.result_as(pb.ReconciliationState).outcomes} == {
        "CANCELS_OUT",
        "MISSING_AT_PARTNER",
    }
    with pytest.raises(Refused, match="a newer record") as refused:
        client.write("Reconciliation.Conclude", pb.ConcludeRequest(reconciliation=early))
    assert refused.value.reason == "RECORD_INCOMPLETE"


def test_neither_open_windows_nor_others_records_nor_cut_off_files(world: World) -> None:
    client = world.day.client("hotel")
    for window in (2, 3):
        with pytest.raises(Refused, match="WINDOW_OPEN"):
            world.reconcile([], window=window)
    request = pb.OpenReconciliationRequest(window=1, file_sha256=b"c" * 32, rows=2, total_minor=3)
    answer = client.write("Reconciliation.Open", request)
    number = answer.result_as(pb.ReconciliationState).reconciliation
    row = pb.RecordRow(reference="a", date="2026-03-01", amount_minor=1)

    def add(sender: str, chunk: int, *rows: pb.RecordRow) -> None:
        message = pb.AddRowsRequest(reconciliation=number, chunk=chunk, rows=rows)
        world.day.client(sender).write("Reconciliation.AddRows", message)

    with pytest.raises(Refused, match="NOT_FOUND"):
        add("airline", 1, row)
    with pytest.raises(Refused, match="RECORD_INCOMPLETE"):
        add("hotel", 2, row)
    with pytest.raises(Refused, match="RECORD_INCOMPLETE"):
        add("hotel", 1, row, row, row)
    add("hotel", 1, row)
    conclude = pb.ConcludeRequest(reconciliation=number)
    with pytest.raises(Refused, match="1 of 2 rows have come"):
        client.write("Reconciliation.Conclude", conclude, "conclude-it")
    add("hotel", 2, row)
    with pytest.raises(Refused, match="a sum of 2 of 3"):
        client.write("Reconciliation.Conclude", conclude)
    with pytest.raises(Refused, match="NOT_FOUND"):
        world.day.client("airline").write("Reconciliation.Conclude", conclude)
    asked = pb.ListFindingsRequest(reconciliation=number)
    with pytest.raises(Refused, match="NOT_FOUND"):
        world.day.client("airline").read("Reconciliation.ListFindings", asked, pb.FindingList)


def test_who_asks_while_it_is_matched_tries_again(world: World) -> None:
    """Nobody waits in the gateway; the client does, and gets the result."""
    rows = world.items()
    planted("H1/6/1", amount="-3")(rows)
    with world.day.engine.connect() as other:
        number = other.execute(text("select size from ledger_head")).scalar_one()
        lock = "select pg_try_advisory_xact_lock(:lock, :number)"
        assert other.execute(text(lock), {"lock": LOCK, "number": number}).scalar_one()
        threading.Timer(1.0, other.rollback).start()
        sent = world.reconcile(rows)
    assert sent.state.reconciliation == number
    assert outcomes(sent)["AMOUNT_DIFFERS"] == 1


def test_another_windows_file_is_not_buried_in_breaks(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("partners.usecases.reconciling.MOST_BREAKS", 20)
    rows = world.items()
    for row in rows:
        row["reference"] = "other-" + row["reference"]
    with pytest.raises(Refused, match="TOO_MANY_DIFFERENCES"):
        world.reconcile(rows)


def test_the_owner_accepts(world: World) -> None:
    found = world.one_break()
    accept = pb.AcceptBreakRequest(break_ref=found, words="we counted it twice")
    for stranger in ("airline", "admin-one"):
        with pytest.raises(Refused, match="UNKNOWN_BREAK"):
            world.step("Accept", stranger, accept)
    after = world.step("Accept", "hotel", accept)
    assert (after.state, after.resolution) == (
        pb.BREAK_STATE_RESOLVED,
        pb.BREAK_STEP_KIND_ACCEPTED,
    )
    assert after.proposed.remedy == "REPORT_ACTIVITY"
    with pytest.raises(Refused, match="BREAK_STATE"):
        world.step("Accept", "hotel", accept)


def test_a_dispute_with_evidence_then_an_adjustment_that_both_sign(world: World) -> None:
    found = world.one_break()
    evidence = b"e" * 32
    dispute = pb.DisputeBreakRequest(break_ref=found, words="see folio", evidence_sha256=evidence)
    disputed = world.step("Dispute", "hotel", dispute)
    assert disputed.state == pb.BREAK_STATE_DISPUTED
    assert disputed.steps[0].evidence_sha256 == evidence
    terms = pb.Adjustment(debtor="airline", creditor="hotel", amount_minor=250)
    adjust = pb.AdjustBreakRequest(break_ref=found, adjustment=terms, words="agreed by phone")
    with pytest.raises(Refused, match="UNKNOWN_BREAK"):
        world.step("Adjust", "airline", adjust)
    proposed = world.step("Adjust", "hotel", adjust)
    assert proposed.state == pb.BREAK_STATE_DISPUTED
    assert [b.item for b in world.breaks("airline", open=True)] == [found.item]
    with pytest.raises(Refused, match="UNKNOWN_BREAK"):
        world.step("Adjust", "card", adjust)
    other = pb.AdjustBreakRequest(
        break_ref=found,
        adjustment=pb.Adjustment(debtor="airline", creditor="hotel", amount_minor=200),
        words="that is too much",
    )
    assert world.step("Adjust", "airline", other).state == pb.BREAK_STATE_DISPUTED
    booked = world.step("Adjust", "hotel", other)
    assert (booked.state, booked.resolution) == (
        pb.BREAK_STATE_RESOLVED,
        pb.BREAK_STEP_KIND_CORRECTED,
    )
    assert booked.steps[-1].entry == booked.resolved_number
    query = "select kind, currency, amount, debit, credit from line where number = :n"
    with world.day.engine.connect() as connection:
        lines = connection.execute(text(query), {"n": booked.resolved_number}).all()
    (line,) = lines
    assert tuple(line)[:3] == ("ADJUSTMENT", "COIN", 200)
    assert line.debit.endswith("/airline:hotel")
    (item,) = (i for i in world.items(window=2) if i["kind"] == "ADJUSTMENT")
    assert (item["reference"], item["amount"]) == (
        f"break/{found.break_number}.{found.item}",
        "200",
    )


def test_an_entry_corrects(world: World) -> None:
    found = world.one_break()
    late = world.day.accrue(stay("H1", f"late-{found.break_number}")).receipt.number
    correct = pb.CorrectBreakRequest(break_ref=found, words="reported late")
    for entry in (1, found.break_number, late + 1_000):
        correct.entry = entry
        with pytest.raises(Refused, match="BREAK_STATE"):
            world.step("Correct", "hotel", correct)
    correct.entry = late
    assert world.step("Correct", "hotel", correct).resolution == pb.BREAK_STEP_KIND_CORRECTED


def test_a_write_off_takes_two_persons(world: World) -> None:
    found = world.one_break()
    write_off = pb.WriteOffBreakRequest(break_ref=found, words="not worth it")
    with pytest.raises(Refused, match="NOT_AUTHORIZED"):
        world.step("WriteOff", "hotel", write_off)
    first = world.step("WriteOff", "admin-one", write_off)
    assert first.state == pb.BREAK_STATE_OPEN
    with pytest.raises(Refused, match="SAME_PERSON"):
        world.step("WriteOff", "admin-one", write_off)
    done = world.step("WriteOff", "admin-two", write_off)
    assert done.resolution == pb.BREAK_STEP_KIND_WRITTEN_OFF
    assert [step.sender for step in done.steps] == ["admin-one", "admin-two"]


def test_breaks_as_of_any_number_of_the_log(world: World) -> None:
    """What stood at a number stands there for ever."""
    found = world.one_break()
    dispute = pb.DisputeBreakRequest(break_ref=found, words="no")
    disputed = world.step("Dispute", "hotel", dispute).steps[-1].number
    accept = pb.AcceptBreakRequest(break_ref=found, words="well then")
    accepted = world.step("Accept", "hotel", accept).resolved_number
    ident = (found.break_number, found.item)

    def told(first: int, last: int) -> list[str]:
        with world.day.engine.connect() as connection:
            listed = breaks_between(connection, first, last)
        return [f"{b.state} {b.resolution}" for b in listed if b.break_id == ident]

    assert told(0, found.break_number - 1) == []
    assert told(0, found.break_number) == ["OPEN None"]
    assert told(found.break_number, disputed) == ["DISPUTED None"]
    assert told(disputed, accepted) == ["RESOLVED ACCEPTED"]
    assert told(accepted, accepted + 1) == []


def test_ages_are_as_of_when_it_is_asked(world: World) -> None:
    found = world.one_break()
    world.day.clock.forward(days=3)
    (listed,) = world.breaks(open=True)
    assert (listed.item, listed.age_days) == (found.item, 3)
    world.step("Accept", "hotel", pb.AcceptBreakRequest(break_ref=found, words="yes"))
    world.day.clock.forward(days=3)
    (after,) = world.breaks(after_number=found.break_number - 1)
    assert after.age_days == 3


TAMPERED = {
    "update reconciliation set total = total + 1 where number = :record": "record-entry",
    "update reconciliation_row set amount = amount + 1 where reconciliation = :record "
    "and row = 1": "record-rows",
    "update reconciliation_finding set reported_minor = 0 where reconciliation = :record": (
        "record-findings"
    ),
    "update reconciliation_result set digest = decode('00', 'hex') "
    "where reconciliation = :record": "record-concluded",
    "update reconciliation set superseded_number = null where number = :earlier": (
        "record-superseded"
    ),
    "update break_step set state = 'OPEN' where number = :step": "break-step",
    "update break_step set sender = 'airline' where number = :step": "break-step-made",
    "update break_step set participant = 'airline' where number = :step": "break-step-made",
    "update break_step set taken_at = taken_at + interval '1 day' where number = :step": (
        "break-step-made"
    ),
    "update break_step set evidence_sha256 = decode('00', 'hex') where number = :step": (
        "break-step-made"
    ),
    "update break_step set debtor = 'hotel', creditor = 'airline', amount = 5 "
    "where number = :step": "break-step-made",
    "update reconciliation set amount_tolerance = 7 where number = :record": "record-rules",
    "update reconciliation set day_tolerance = 7 where number = :record": "record-rules",
    "update reconciliation set time_zone = 'Europe/Berlin' where number = :record": (
        "record-rules"
    ),
    "update reconciliation set concluded_at = concluded_at + interval '1 day' "
    "where number = :record": "record-rules",
    "delete from break_step where number = :step": "break-step",
}


@pytest.mark.parametrize("statement", TAMPERED)
def test_what_is_changed_behind_the_gateways_back_is_found(world: World, statement: str) -> None:
    world.one_break()
    found = world.one_break()
    accept = pb.AcceptBreakRequest(break_ref=found, words="yes")
    step = world.step("Accept", "hotel", accept).resolved_number
    query = (
        "select number, (select max(number) from reconciliation "
        "where superseded_number = :concluded) as earlier "
        "from reconciliation where concluded_number = :concluded"
    )
    with world.day.engine.connect() as connection:
        row = connection.execute(text(query), {"concluded": found.break_number}).one()
        known = {"record": row.number, "earlier": row.earlier, "step": step}
        bound = {name: value for name, value in known.items() if f":{name}" in statement}
        connection.execute(text(statement), bound)
        problems = [*check_agreed(connection), *reconciliation_problems(connection)]
        connection.rollback()
    assert TAMPERED[statement] in {problem.check for problem in problems}


def test_an_adjustment_is_no_more_than_the_difference_and_within_limits(
    database_url: str, tmp_path: Path
) -> None:
    with coalition_day(database_url) as day:
        day.settled_world()
        day.accrue(stay("H1", "one"))
        world = World(day, tmp_path)
        world.settle()
        limits = rates_pb2.Limits(participant="hotel", net_debit_cap_minor=100)
        day.published(rates_pb2.BookChange(limits=limits))  # it owes more than that already
        found = world.one_break()  # a difference of 250

        def adjust(sender: str, debtor: str, creditor: str, amount: int) -> pb.Break:
            terms = pb.Adjustment(debtor=debtor, creditor=creditor, amount_minor=amount)
            request = pb.AdjustBreakRequest(break_ref=found, adjustment=terms, words="agreed")
            return world.step("Adjust", sender, request)

        with pytest.raises(Refused, match="more than the difference of 250"):
            adjust("hotel", "airline", "hotel", 251)
        adjust("hotel", "hotel", "airline", 250)
        with pytest.raises(Refused, match="LIMIT_EXCEEDED"):
            adjust("airline", "hotel", "airline", 250)
        adjust("hotel", "airline", "hotel", 250)
        assert adjust("airline", "airline", "hotel", 250).state == pb.BREAK_STATE_RESOLVED
        for who in ("hotel", "airline"):
            assert verified(day, fetch(day, who, tmp_path / who)).problems == []


def test_a_break_is_in_statements_until_it_is_resolved(database_url: str, tmp_path: Path) -> None:
    """As it stood at each cut: open, then with its resolution, then no more."""
    with coalition_day(database_url) as day:
        day.settled_world()
        world = World(day, tmp_path)
        states = []
        for number in range(4):
            day.accrue(stay("H1", f"night-{number}"))
            if number == 1:
                found = world.one_break()
            if number == 2:
                world.step("Accept", "hotel", pb.AcceptBreakRequest(break_ref=found, words="ours"))
            world.settle()
            states.append([breaks_stated(day, who, number + 1) for who in ("hotel", "operator")])
        assert breaks_stated(day, "airline", 2) == []
    name = f"{found.break_number}.{found.item}"
    assert states == [
        [[], []],
        [[(name, "OPEN", "0", "250")]] * 2,
        [[(name, "ACCEPTED", "0", "250")]] * 2,
        [[], []],
    ]


def breaks_stated(day: Day, who: str, window: int) -> list[tuple[str, ...]]:
    request = settlement_pb2.GetStatementRequest(window=window, participant=who)
    sender = "admin-one" if who == "operator" else who
    answer = day.client(sender).read("Settlement.GetStatement", request, settlement_pb2.Statement)
    assert verify_statement(answer.json, answer.csv) == []
    columns = ("break", "state", "ledger_minor", "reported_minor")
    rows = read_statement(answer.json).section("BREAKS").rows
    return [tuple(row[column] for column in columns) for row in rows]
