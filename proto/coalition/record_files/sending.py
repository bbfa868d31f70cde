"""Sends a record in signed chunks, and has it concluded: safe to interrupt, and to send again.

Request ids come from what is in the file, how it is mapped, its window and rules: the same record
is one reconciliation, however often it is sent. A record of which something changed is another.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from google.protobuf.message import Message

from coalition.client import Client
from coalition.errors import Refused
from coalition.record_files.mapping import RecordMapping
from coalition.record_files.reading import BadRecord, Controls, read_record
from coalition.v1 import reconciliation_pb2 as pb

CHUNK_ROWS = 5_000
"""As many as the contract takes: some hundred kilobytes."""

PAGE = 2_000

M = TypeVar("M", bound=Message)


@dataclass(frozen=True, slots=True)
class Rules:
    """Of which window a record is, and how exactly it has to agree."""

    window: int
    amount_tolerance_minor: int = 0
    day_tolerance: int = 0
    time_zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Sending:
    """How far a record is: rows that have come, of how many; then it is matched."""

    rows: int
    total_rows: int
    matching: bool = False


@dataclass(frozen=True, slots=True)
class SentRecord:
    """A record that was concluded, and all that was found."""

    state: pb.ReconciliationState
    findings: tuple[pb.Finding, ...]


def send_record(
    client: Client,
    file: Path,
    mapping: RecordMapping,
    controls: Controls,
    rules: Rules,
    *,
    on_progress: Callable[[Sending], None] = lambda _: None,
) -> SentRecord:
    """Send a record that was surveyed, conclude it, and fetch what was found.

    Whatever it raises (Refused, Unavailable, BadAnswer; BadRecord where the file changed since),
    the same call goes on where this one stopped.
    """
    name = _name(controls, rules)
    opened = pb.OpenReconciliationRequest(
        window=rules.window,
        file_sha256=controls.sha256,
        rows=controls.rows,
        total_minor=controls.total_minor,
        amount_tolerance_minor=rules.amount_tolerance_minor,
        day_tolerance=rules.day_tolerance,
        time_zone=rules.time_zone,
    )
    first = _written(client, "Reconciliation.Open", opened, f"{name}:open")
    state = _now(client, first.reconciliation)
    for number, rows in _chunks(file, mapping):
        if number > state.received_chunks and not state.concluded_number:
            chunk = pb.AddRowsRequest(reconciliation=first.reconciliation, chunk=number, rows=rows)
            state = _written(client, "Reconciliation.AddRows", chunk, f"{name}:{number}")
        on_progress(Sending(state.received_rows, controls.rows))
    if (state.received_rows, state.received_total_minor) != (controls.rows, controls.total_minor):
        message = f"{file.name} changed while it was sent: give the command again"
        raise BadRecord(message)
    on_progress(Sending(state.received_rows, controls.rows, matching=True))
    conclude = pb.ConcludeRequest(reconciliation=first.reconciliation)
    if not state.concluded_number:
        _written(client, "Reconciliation.Conclude", conclude, f"{name}:conclude")
    found = tuple(read_findings(client, first.reconciliation))
    return SentRecord(_now(client, first.reconciliation), found)


def _name(controls: Controls, rules: Rules) -> str:
    """What the record is known by for ever, in its request ids."""
    told = "\n".join(
        (
            controls.sha256.hex(),
            controls.rows_sha256.hex(),
            str(rules.window),
            str(rules.amount_tolerance_minor),
            str(rules.day_tolerance),
            rules.time_zone,
            str(CHUNK_ROWS),
        )
    )
    return f"record:{hashlib.sha256(told.encode()).hexdigest()[:40]}"


def _chunks(file: Path, mapping: RecordMapping) -> Iterator[tuple[int, list[pb.RecordRow]]]:
    chunk: list[pb.RecordRow] = []
    number = 1
    for row in read_record(file, mapping):
        if isinstance(row, pb.RecordRow):
            chunk.append(row)
        if len(chunk) == CHUNK_ROWS:
            yield number, chunk
            number, chunk = number + 1, []
    if chunk:
        yield number, chunk


def _written(
    client: Client, method: str, message: Message, request_id: str
) -> pb.ReconciliationState:
    """One write. One that an earlier run was answered is answered with that."""
    try:
        answer = client.write(method, message, request_id)
    except Refused as refused:
        if refused.signed or refused.reason != "REQUEST_ID_REUSED":
            raise
        answer = client.get_receipt(request_id)
    outcome = answer.outcomes[0]
    return outcome.result_as(pb.ReconciliationState)


def _now(client: Client, number: int) -> pb.ReconciliationState:
    """The reconciliation as it stands now."""
    asked = pb.ListReconciliationsRequest(after_number=number - 1, page_size=1)
    found = client.read("Reconciliation.ListReconciliations", asked, pb.ReconciliationList)
    return found.reconciliations[0]


def read_findings(client: Client, number: int) -> Iterator[pb.Finding]:
    """All findings of a reconciliation, in order."""
    after = 0
    while True:
        asked = pb.ListFindingsRequest(reconciliation=number, after_item=after, page_size=PAGE)
        page = client.read("Reconciliation.ListFindings", asked, pb.FindingList)
        yield from page.findings
        if len(page.findings) < PAGE:
            return
        after = page.findings[-1].item
