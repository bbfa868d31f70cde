"""Use cases of reconciliation: a partner's record of a window is announced, comes, is concluded."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from partners.context import Context, Decision
from partners.reconciliation_changes import RecordChanged, RecordOpened, RecordRow, RowsAdded
from partners.refusals import Reason, Refused
from partners.state import Needs
from settlement.ledger.amounts import INT64_MAX
from settlement.ledger.breaks import BREAK_OUTCOMES
from settlement.ledger.partner_records import MatchResult, PartnerRecord

MOST_BREAKS = 10_000
"""Of one record. Nobody works through more; it is the record of another window, or was mapped
wrongly, and its breaks would bury the others."""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """A reconciliation for its sender; the result once it is concluded."""

    record: PartnerRecord
    result: MatchResult | None = None


@dataclass(frozen=True, slots=True)
class Open:
    """Announce a record with its control totals. See PartnerRecord for units."""

    window_id: int
    file_sha256: bytes
    rows: int
    total_minor: int
    amount_tolerance_minor: int
    day_tolerance: int
    time_zone: str

    def add_needs(self, needs: Needs) -> None:
        """Nothing."""


def open_record(command: Open, context: Context) -> Decision:
    """By the participant whose record it is; WINDOW_OPEN for a window that was not cut."""
    if command.window_id >= context.window:
        raise Refused(
            Reason.WINDOW_OPEN,
            f"window {command.window_id} was not cut yet; the last one that was is "
            f"{context.window - 1}",
            {"window": str(command.window_id), "open_window": str(context.window)},
        )
    record = PartnerRecord(
        number=context.number,
        participant=context.participant,
        window_id=command.window_id,
        file_sha256=command.file_sha256,
        rows=command.rows,
        total_minor=command.total_minor,
        amount_tolerance_minor=command.amount_tolerance_minor,
        day_tolerance=command.day_tolerance,
        time_zone=command.time_zone,
    )
    return Decision(
        kind="RECONCILIATION_OPENED",
        facts=_declared(record),
        result=Reconciled(record),
        facts_parties=frozenset({record.participant, context.operator}),
        changes=(RecordOpened(record),),
        business=False,
    )


def _declared(record: PartnerRecord) -> dict[str, object]:
    return {
        "window": str(record.window_id),
        "participant": record.participant,
        "file_sha256": record.file_sha256.hex(),
        "rows": str(record.rows),
        "total": str(record.total_minor),
        "rules": {
            "amount_tolerance": str(record.amount_tolerance_minor),
            "day_tolerance": str(record.day_tolerance),
            "time_zone": record.time_zone,
        },
    }


@dataclass(frozen=True, slots=True)
class AddRows:
    """Hand in the next chunk of a record, from 1 without gaps."""

    reconciliation: int
    chunk: int
    rows: tuple[RecordRow, ...]

    def add_needs(self, needs: Needs) -> None:
        """The record."""
        needs.records.add(self.reconciliation)


def add_rows(command: AddRows, context: Context) -> Decision:
    """By whose record it is. RECORD_INCOMPLETE for another chunk than the next, or too many rows.

    OVERFLOW where the amounts, all taken as positive, pass 64 bits: so no sum over them can.
    """
    record = _own(command.reconciliation, context)
    _require_open(record)
    if command.chunk != record.received_chunks + 1:
        raise _incomplete(
            record, f"chunk {command.chunk} came, and {record.received_chunks + 1} is the next"
        )
    amounts = [row.amount_minor for row in command.rows]
    grown = replace(
        record,
        received_chunks=command.chunk,
        received_rows=record.received_rows + len(amounts),
        received_total_minor=record.received_total_minor + sum(amounts),
        received_gross_minor=record.received_gross_minor + sum(map(abs, amounts)),
    )
    if grown.received_rows > record.rows:
        raise _incomplete(record, f"more than the {record.rows} rows that were announced came")
    if grown.received_gross_minor > INT64_MAX:
        raise Refused(Reason.OVERFLOW, "the amounts of the record do not fit into 64 bits together")
    return Decision(
        kind="RECONCILIATION_ROWS",
        facts={
            "reconciliation": str(record.number),
            "chunk": str(command.chunk),
            "rows": str(len(amounts)),
        },
        result=Reconciled(grown),
        facts_parties=frozenset({record.participant}),
        changes=(
            RowsAdded(record.number, record.received_rows + 1, command.rows),
            RecordChanged(grown),
        ),
        business=False,
    )


@dataclass(frozen=True, slots=True)
class Conclude:
    """Record what matching a whole record found."""

    reconciliation: int

    def add_needs(self, needs: Needs) -> None:
        """The record with its result, and earlier records of its window."""
        needs.records.add(self.reconciliation)
        needs.results.add(self.reconciliation)


def conclude(command: Conclude, context: Context) -> Decision:
    """By whose record it is, once.

    1. The record is whole, by both control totals, and the last one announced of its window.
    2. It was matched: that is done before, without holding up anybody.
    3. Breaks of earlier records of the window that are not resolved are superseded.
    """
    record = _own(command.reconciliation, context)
    _require_open(record)
    if not record.is_complete:
        raise _incomplete(
            record,
            f"{record.received_rows} of {record.rows} rows have come, with a sum of "
            f"{record.received_total_minor} of {record.total_minor}; the file may be cut off",
        )
    earlier = context.state.records_of_window.get((record.participant, record.window_id), [])
    for other in earlier:
        if other.number > record.number:
            raise _state(record, f"a newer record of the window is reconciled, {other.number}")
    result = context.state.results.get(record.number)
    if result is None:
        raise Refused(
            Reason.UNAVAILABLE, "the record is not matched yet; try again with the same request id"
        )
    _require_few_breaks(record, result)
    done = replace(record, concluded_number=context.number, concluded_at=context.now)
    return Decision(
        kind="RECONCILIATION",
        facts={
            **_declared(record),
            "reconciliation": str(record.number),
            "items": str(result.items),
            "items_total": str(result.items_total_minor),
            "outcomes": {name: str(count) for name, count in result.counts.items()},
            "findings": str(result.findings),
            "findings_sha256": result.digest.hex(),
            "supersedes": [str(other.number) for other in earlier],
        },
        result=Reconciled(done, result),
        facts_parties=frozenset({record.participant, context.operator}),
        changes=(RecordChanged(done), *_superseded(earlier, context)),
        business=False,
    )


def _require_few_breaks(record: PartnerRecord, result: MatchResult) -> None:
    # Rows of a reference that is there too often are one break, so this counts more than enough.
    breaks = min(result.findings, sum(result.counts.get(name, 0) for name in BREAK_OUTCOMES))
    if breaks > MOST_BREAKS:
        raise Refused(
            Reason.TOO_MANY_DIFFERENCES,
            f"{breaks} differences were found in record {record.number}, more than {MOST_BREAKS}: "
            "see whether it is of another window, or its mapping is wrong",
            {"reconciliation": str(record.number), "differences": str(breaks)},
        )


def _superseded(earlier: list[PartnerRecord], context: Context) -> Iterator[RecordChanged]:
    for other in earlier:
        yield RecordChanged(replace(other, superseded_number=context.number))


def _own(number: int, context: Context) -> PartnerRecord:
    record = context.state.records.get(number)
    if record is None or record.participant != context.participant:
        raise Refused(
            Reason.NOT_FOUND,
            f"there is no reconciliation {number} of {context.participant}",
            {"reconciliation": str(number)},
        )
    return record


def _require_open(record: PartnerRecord) -> None:
    if record.concluded_number is not None:
        raise _state(record, f"it was concluded by entry {record.concluded_number}")


def _state(record: PartnerRecord, problem: str) -> Refused:
    return Refused(
        Reason.RECORD_INCOMPLETE,
        f"record {record.number} cannot be taken further: {problem}",
        {"reconciliation": str(record.number)},
    )


def _incomplete(record: PartnerRecord, problem: str) -> Refused:
    return Refused(
        Reason.RECORD_INCOMPLETE,
        f"record {record.number} is not whole: {problem}",
        {
            "reconciliation": str(record.number),
            "received_chunks": str(record.received_chunks),
            "received_rows": str(record.received_rows),
            "rows": str(record.rows),
        },
    )
