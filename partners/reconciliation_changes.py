"""What reconciliations and breaks change besides the book."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Self

from sqlalchemy import Table

from partners.changes import Change, Insertion, Modification
from partners.state import State
from settlement.ledger import break_tables
from settlement.ledger.breaks import Break, Step
from settlement.ledger.bulk import Addition, Writing
from settlement.ledger.partner_records import PartnerRecord


@dataclass(frozen=True, slots=True)
class RecordRow:
    """A row of a partner's record. Shared minor units; positive is received."""

    reference: str
    date: date
    amount_minor: int
    counterparty: str
    kind: str


@dataclass(frozen=True, slots=True)
class RecordOpened(Insertion):
    """A record is announced."""

    table: ClassVar[Table] = break_tables.reconciliation

    record: PartnerRecord

    def apply(self, state: State) -> None:
        """Add it."""
        state.records[self.record.number] = self.record

    def row(self) -> tuple[object, ...]:
        """The row."""
        r = self.record
        return (
            r.number,
            r.participant,
            r.window_id,
            r.file_sha256,
            r.rows,
            r.total_minor,
            r.amount_tolerance_minor,
            r.day_tolerance,
            r.time_zone,
            r.received_chunks,
            r.received_rows,
            r.received_total_minor,
            r.received_gross_minor,
            r.concluded_number,
            r.concluded_at,
            r.superseded_number,
        )


@dataclass(frozen=True, slots=True)
class RecordChanged(Modification):
    """More of a record has come, or it is concluded or superseded."""

    table: ClassVar[Table] = break_tables.reconciliation
    key: ClassVar[tuple[str, ...]] = ("number",)
    columns: ClassVar[tuple[str, ...]] = (
        "received_chunks",
        "received_rows",
        "received_total",
        "received_gross",
        "concluded_number",
        "concluded_at",
        "superseded_number",
    )

    record: PartnerRecord

    def apply(self, state: State) -> None:
        """Replace it."""
        state.records[self.record.number] = self.record

    def row(self) -> tuple[object, ...]:
        """Key and new values."""
        r = self.record
        return (
            r.number,
            r.received_chunks,
            r.received_rows,
            r.received_total_minor,
            r.received_gross_minor,
            r.concluded_number,
            r.concluded_at,
            r.superseded_number,
        )


@dataclass(frozen=True, slots=True)
class RowsAdded(Change):
    """Rows of a record, the first of which has this place in it, from 1."""

    reconciliation: int
    first: int
    rows: tuple[RecordRow, ...]

    def apply(self, state: State) -> None:
        """Nothing: rows are counted in their record."""

    @classmethod
    def writings(cls, changes: Sequence[Self]) -> Iterable[Writing]:
        """Insert the rows."""
        yield Addition(
            break_tables.reconciliation_row,
            [
                (
                    each.reconciliation,
                    place,
                    row.reference,
                    row.date,
                    row.amount_minor,
                    row.counterparty,
                    row.kind,
                )
                for each in changes
                for place, row in enumerate(each.rows, start=each.first)
            ],
        )


@dataclass(frozen=True, slots=True)
class StepTaken(Insertion):
    """Something was done about a break."""

    table: ClassVar[Table] = break_tables.break_step

    after: Break
    step: Step

    def apply(self, state: State) -> None:
        """Put the break as it stands after it."""
        state.found_breaks[self.after.break_id] = self.after

    def row(self) -> tuple[object, ...]:
        """The row."""
        s, adjustment = self.step, self.step.adjustment
        return (
            s.number,
            *s.break_id,
            s.kind,
            s.state,
            s.participant,
            s.sender,
            s.words,
            s.evidence_sha256,
            s.entry,
            "" if adjustment is None else adjustment.debtor,
            "" if adjustment is None else adjustment.creditor,
            None if adjustment is None else adjustment.amount_minor,
            s.taken_at,
        )
