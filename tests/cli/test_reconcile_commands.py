"""`coalition reconcile`, `breaks` and `settlement items`: what they ask, and what they show."""

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from google.protobuf.message import Message

from coalition.requests import Sent
from coalition.v1 import reconciliation_pb2 as pb
from contract.fake_gateway import Act, FakeGateway, answer, receipt_of
from support.asked import asked

Run = Callable[..., Result]

BREAK = {"break_ref": {"break_number": "17", "item": 3}, "words": "x"}


def written(result: Message) -> Act:
    """The receipt of a write, with this result."""

    def make(sent: Sent) -> Message:
        receipt = receipt_of(sent)
        receipt.result.Pack(result)
        return receipt

    return answer(make)


REQUESTS: dict[str, tuple[str, dict[str, Any]]] = {
    "breaks list --open --window 2 --after 17.3": (
        "Breaks.ListBreaks",
        {
            "page_size": 500,
            "after_number": "17",
            "after_item": 3,
            "open": True,
            "window": "2",
        },
    ),
    "breaks list": ("Breaks.ListBreaks", {"page_size": 500}),
    "breaks accept 17.3 --words x": ("Breaks.Accept", BREAK),
    "breaks dispute 17.3 --words x": ("Breaks.Dispute", BREAK),
    "breaks write-off 17.3 --words x": ("Breaks.WriteOff", BREAK),
    "breaks correct 17.3 --words x --entry 40": ("Breaks.Correct", {**BREAK, "entry": "40"}),
    "breaks correct 17.3 --words x --debtor a-b --creditor c-d --amount 2.50": (
        "Breaks.Adjust",
        {
            **BREAK,
            "adjustment": {"debtor": "a-b", "creditor": "c-d", "amount_minor": "250"},
        },
    ),
}

FOUND = pb.Break(
    break_number=17,
    item=3,
    kind=pb.BREAK_KIND_DUPLICATE,
    owner="hotel-h",
    reported_minor=-606,
    reference="F-1",
    window=2,
    state=pb.BREAK_STATE_DISPUTED,
    proposed=pb.ProposedCorrection(remedy="REMOVE_FROM_RECORD", words="take it out"),
    steps=[pb.BreakStep(number=20, kind=pb.BREAK_STEP_KIND_DISPUTED, words="no")],
)


@pytest.mark.parametrize("command", REQUESTS)
def test_requests(command: str, partner: Run, gateway: FakeGateway) -> None:
    method, expected = REQUESTS[command]
    if command.split()[1] != "list":
        gateway.script = [written(FOUND)]
    done = partner(*command.split())
    assert done.exit_code == 0, done.output
    assert asked(gateway, method) == expected


def test_a_correction_is_by_an_entry_or_an_adjustment(partner: Run) -> None:
    for more in ((), ("--debtor", "a-b"), ("--entry", "1", "--amount", "1")):
        done = partner("breaks", "correct", "17", "--words", "x", *more)
        assert done.exit_code == 2
        assert "--entry, or --debtor" in done.stderr


def test_breaks_are_shown(partner: Run, gateway: FakeGateway) -> None:
    delivery = pb.Break(break_number=18, conversion=9, ledger_minor=500, reported_minor=40)
    shown = pb.BreakList(breaks=[FOUND, delivery])
    gateway.script = [lambda *_: shown] * 3
    listed = partner("breaks", "list").stdout
    words = listed.split()
    assert {"17.3", "DUPLICATE", "DISPUTED", "window", "2", "-6.06", "F-1"} <= set(words)
    assert {"conversion", "9", "500", "40"} <= set(words)
    assert listed.count("(minor units)") == 2
    assert "take it out" in partner("breaks", "show", "17.3").stdout
    missing = partner("breaks", "show", "17.4")
    assert (missing.exit_code, "no break 17.4" in missing.stderr) == (2, True)


def answers(found: list[pb.Finding]) -> Callable[..., Message]:
    """A gateway on which all of a record has come at once."""
    state = pb.ReconciliationState(
        reconciliation=30, window=2, rows=2, total_minor=-50, received_rows=2,
        received_chunks=1, received_total_minor=-50, concluded_number=33, items=2,
        outcomes=[pb.OutcomeCount(outcome="MATCHED", count=1)],
    )  # fmt: skip

    def answer(_: Any, method: Any, *__: Any) -> Message:
        if method.name == "ListFindings":
            return pb.FindingList(findings=found)
        return pb.ReconciliationList(reconciliations=[state])

    return answer


def record(folder: Path, text: str) -> Path:
    path = folder / "record.csv"
    path.write_text(text)
    return path


ROWS = "reference,date,amount\nF-1,2026-03-01,-100\nF-2,2026-03-02,50\n"


def test_a_record_is_opened_and_its_differences_are_written(
    partner: Run, gateway: FakeGateway, tmp_path: Path
) -> None:
    finding = pb.Finding(item=1, outcome="AMOUNT_DIFFERS", reference="F-1", row=1, rows=1)
    opened = written(pb.ReconciliationState(reconciliation=30))
    gateway.script = [opened, *[answers([finding])] * 3]
    file, out = record(tmp_path, ROWS), tmp_path / "differences.csv"
    done = partner(
        "reconcile", str(file), "--window", "2", "--differences", str(out), "--json",
        "--rows", "2", "--total", "-50",
    )  # fmt: skip
    assert done.exit_code == 6, done.output
    assert asked(gateway, "Reconciliation.Open") == {
        "window": "2",
        "file_sha256": base64.b64encode(hashlib.sha256(ROWS.encode()).digest()).decode(),
        "rows": "2",
        "total_minor": "-50",
        "time_zone": "UTC",
    }
    assert "AMOUNT_DIFFERS" in out.read_text()
    assert json.loads(done.stdout)["found"][0]["reference"] == "F-1"


BROKEN = {
    "no amount": ("reference,date,amount\nF-1,2026-03-01,x\n", "is no number", ()),
    "no date": ("reference,date,amount\nF-1,1st of May,1\n", "line 2: date", ()),
    "no column": ("reference,day,amount\nF-1,2026-03-01,1\n", "has no column 'date'", ()),
    "empty": ("", "is empty", ()),
    "too few rows": (ROWS, "rows of 2, not 3", ("--rows", "3")),
    "another total": (ROWS, "a total of -50, not 7", ("--total", "7")),
    "too fine": ("reference,date,amount\nF-1,2026-03-01,1.5\n", "finer than 0 decimals", ()),
}


@pytest.mark.parametrize("name", BROKEN)
def test_nothing_is_sent_of_a_file_that_is_not_whole(
    partner: Run, gateway: FakeGateway, tmp_path: Path, name: str
) -> None:
    text, told, options = BROKEN[name]
    file = record(tmp_path, text)
    done = partner("reconcile", str(file), "--window", "2", *options)
    assert done.exit_code == 2
    assert told in done.stderr
    assert gateway.seen == []


def test_items_are_written_as_a_record(partner: Run, gateway: FakeGateway) -> None:
    item = pb.Item(
        number=5, kind="ACCRUAL", reference="F-1", date="2026-03-01", amount_minor=-100,
        counterparty="airline",
    )  # fmt: skip
    gateway.script = [
        lambda *_: pb.ItemList(items=[item], more=True, next_after_number=5),
        lambda *_: pb.ItemList(),
    ]
    done = partner("settlement", "items", "2")
    assert done.stdout.splitlines() == [
        "reference,date,amount,counterparty,kind,number",
        "F-1,2026-03-01,-100,airline,ACCRUAL,5",
    ]
    assert asked(gateway, "Reconciliation.ListItems")["after_number"] == "5"
