"""Sends a partner's file as signed batches: safe to interrupt, and to send again.

Every row has a request id of its own, made of the file's name, the row and an attempt, and
always the same bytes. A row that was sent before is answered with its first outcome, so
sending a file again counts nothing twice. A batch is only their envelope: its id comes from
what is in it, so that a client that keeps receipts finds the batches it has, and a batch
that the gateway will not take again under its id goes out under a new one.
"""

import hashlib
import uuid
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from coalition.activity_files.mapping import FileMapping
from coalition.activity_files.reading import Found, PassedOver, Row, read_activities
from coalition.activity_files.remedies import remedy
from coalition.activity_files.rows import BrokenRow
from coalition.activity_files.source import open_source
from coalition.answers import Answer, Decision
from coalition.client import Client
from coalition.errors import Refused
from coalition.v1.accrual_pb2 import AccrualResult, AccrueBatchRequest
from coalition.v1.envelope_pb2 import Receipt
from coalition.v1.members_pb2 import Balances, GetBalancesRequest

METHOD = "Accrual.AccrueBatch"

MAX_ITEMS = 1_000
"""Of one envelope, by the contract."""

BATCH_SIZE = 500
"""Far enough from one at a time, and a progress bar that moves."""

MAX_BATCH_BYTES = 3 * 1024 * 1024
"""Below gRPC's own limit of 4 MiB for a message, with room for the envelope."""

MAX_BROKEN_KEPT = 100
"""Broken rows that a report holds; the others are counted and go to `on_reject` as well."""

MAX_REASONS = 20
"""Reasons for passing rows over that are counted apart: a column can hold anything."""

BROKEN = "BROKEN_ROW"
"""Reason of a reject that was never sent."""

_STALE = frozenset({"REQUEST_ID_REUSED", "EXPIRED"})
"""Said of a batch whose id was used in another envelope, or that was kept for too long."""


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that does not count, and what to do about it."""

    line: int
    row: int
    reference: str
    reason: str
    message: str
    remedy: str


@dataclass(slots=True)
class SendReport:
    """What became of a file so far.

    `replayed` rows were accepted before this run, which is known where the first row's
    membership is of the sender's own programme; elsewhere they are among `accepted`.
    `points_minor` are by currency and reason, of both. `refused` is by reason, `broken` holds
    the first hundred.
    """

    name: str = ""
    rows: int = 0
    batches: int = 0
    accepted: int = 0
    replayed: int = 0
    legs: int = 0
    points_minor: Counter[tuple[str, str]] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    broken_rows: int = 0
    broken: list[BrokenRow] = field(default_factory=list)
    passed_over: Counter[str] = field(default_factory=Counter)

    @property
    def is_complete(self) -> bool:
        """Whether every row that was meant counts."""
        return not self.refused and not self.broken_rows


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a file is: bytes of it as it lies there; the total is None where unknown."""

    report: SendReport
    done_bytes: int
    total_bytes: int | None


@dataclass(frozen=True, slots=True)
class _Item:
    row: Row
    data: bytes


def request_id(name: str, row: int, attempt: int) -> str:
    """The id of a row for ever: of the file's name, not of what is in it."""
    digest = hashlib.sha256(name.encode()).hexdigest()[:16]
    return f"{digest}:{row}:{attempt}"


def send_file(  # noqa: PLR0913 - what a run depends on, each by name
    client: Client,
    file: Path | BinaryIO,
    mapping: FileMapping,
    *,
    name: str | None = None,
    attempt: int = 1,
    only: Container[int] | None = None,
    batch_size: int = BATCH_SIZE,
    report: SendReport | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
    on_reject: Callable[[Reject], None] = lambda _: None,
) -> SendReport:
    """Send the activities of a file, in order, one batch at a time; give what became of them.

    `name` is what the file is known by: by default its base name without .gz. A refused row
    stays refused under its attempt. `only` takes these rows and no others. A `report` that is
    given is filled in as answers come, so it holds what was done when this raises:
    ActivityFileError, Refused (a whole batch), Unavailable or BadAnswer. Whatever it raises,
    sending the same file again goes on where it stopped.
    """
    if not 0 < batch_size <= MAX_ITEMS or attempt < 1:
        message = f"a batch has 1 to {MAX_ITEMS} rows, and attempts count from 1"
        raise ValueError(message)
    run = _Run(client, SendReport() if report is None else report, attempt, on_reject)
    with open_source(file, name) as source, _one_at_a_time() as submit:
        run.report.name = source.name
        found = run.counted(read_activities(source, mapping), only)
        pending: Future[Answer] | None = None
        sent: list[_Item] = []
        # The next batch is made while the last one is on its way.
        for batch in _batches(_items(found, source.name, attempt), batch_size):
            if pending is not None:
                run.take(sent, pending.result())
                on_progress(Progress(run.report, source.position_bytes, source.size_bytes))
            run.note_size_before(batch[0])
            pending, sent = submit(run.deliver, batch), batch
        if pending is not None:
            run.take(sent, pending.result())
        on_progress(Progress(run.report, source.position_bytes, source.size_bytes))
    return run.report


@contextmanager
def _one_at_a_time() -> Iterator[Callable[..., "Future[Answer]"]]:
    executor = ThreadPoolExecutor(1, thread_name_prefix="send")
    try:
        yield executor.submit
    finally:
        executor.shutdown(wait=False, cancel_futures=True)


def _items(rows: Iterable[Row], name: str, attempt: int) -> Iterator[_Item]:
    for row in rows:
        row.item.request_id = request_id(name, row.row, attempt)
        yield _Item(row, row.item.SerializeToString(deterministic=True))


def _batches(items: Iterable[_Item], size: int) -> Iterator[list[_Item]]:
    batch: list[_Item] = []
    total = 0
    for item in items:
        if batch and (len(batch) == size or total + len(item.data) > MAX_BATCH_BYTES):
            yield batch
            batch, total = [], 0
        batch.append(item)
        total += len(item.data)
    if batch:
        yield batch


@dataclass
class _Run:
    """One sending of one file."""

    client: Client
    report: SendReport
    attempt: int
    on_reject: Callable[[Reject], None]
    size_before: int | None = None

    def counted(self, found: Iterable[Found], only: Container[int] | None) -> Iterator[Row]:
        """The rows to send; what is not sent is counted and reported."""
        report = self.report
        for item in found:
            if only is not None and item.row not in only:
                continue
            report.rows += 1
            if isinstance(item, Row):
                yield item
            elif isinstance(item, PassedOver):
                known = item.reason in report.passed_over or len(report.passed_over) < MAX_REASONS
                report.passed_over[item.reason if known else "other reasons"] += 1
            else:
                self._broken(item)

    def _broken(self, item: BrokenRow) -> None:
        self.report.broken_rows += 1
        if len(self.report.broken) < MAX_BROKEN_KEPT:
            self.report.broken.append(item)
        problem = f"{item.column} {item.problem}".strip()
        self.on_reject(Reject(item.line, item.row, "", BROKEN, problem, item.remedy))

    def note_size_before(self, item: _Item) -> None:
        """Learn the ledger's size once, before anything is sent."""
        if self.report.batches or self.size_before is not None:
            return
        asked = GetBalancesRequest(membership=item.row.item.membership)
        try:
            found = self.client.read("Members.GetBalances", asked, Balances)
            self.size_before = found.as_of_number
        except Refused:
            # Not a membership of the sender's own programme: then nothing is told apart.
            self.size_before = 0

    def deliver(self, batch: list[_Item]) -> Answer:
        """One batch, under the id of its content, or else under a new one."""
        message = AccrueBatchRequest(items=[item.data for item in batch])
        try:
            return self.client.write(METHOD, message, _batch_id(batch))
        except Refused as refused:
            if refused.signed or refused.reason not in _STALE:
                raise
        return self.client.write(METHOD, message, f"batch:{uuid.uuid4().hex}")

    def take(self, batch: list[_Item], answer: Answer) -> None:
        """Count the outcomes of a batch."""
        self.report.batches += 1
        for item, decision in zip(batch, answer.outcomes, strict=True):
            if isinstance(decision.answer, Receipt):
                self._accepted(decision, decision.answer)
            else:
                self._refused(item.row, decision)

    def _accepted(self, decision: Decision, receipt: Receipt) -> None:
        report = self.report
        if receipt.number < (self.size_before or 0):
            report.replayed += 1
        else:
            report.accepted += 1
        result = decision.result_as(AccrualResult)
        report.legs += len(result.legs)
        for leg in result.legs:
            report.points_minor[leg.currency, leg.reason] += leg.points_minor

    def _refused(self, row: Row, decision: Decision) -> None:
        reason = decision.reason
        self.report.refused[reason] += 1
        told = "" if isinstance(decision.answer, Receipt) else decision.answer.message
        reject = Reject(
            row.line, row.row, row.reference, reason, told, remedy(reason, self.attempt)
        )
        self.on_reject(reject)


def _batch_id(batch: list[_Item]) -> str:
    digest = hashlib.sha256()
    for item in batch:
        digest.update(len(item.data).to_bytes(4, "big") + item.data)
    return f"batch:{digest.hexdigest()[:48]}"
