"""Loading what payments and aborts of settlements are decided by, and writing what they change."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from sqlalchemy import Connection, Table

from partners.changes import Change, Insertion, Modification
from partners.line_store import load_lines
from partners.state import State
from settlement.ledger import due_tables, dues
from settlement.ledger.bulk import Writing
from settlement.ledger.dues import AbortProposal, Due, PostedSettlement


async def load_settlements(connection: Connection, state: State, settlements: set[int]) -> None:
    """Posted settlements with all of their payments, lines, and proposals to abort them."""
    if not settlements:
        return
    state.settlements = dues.posted_settlements(connection, settlements)
    state.dues = {due.key: due for due in dues.dues_of(connection, settlements)}
    state.aborts = {made.number: made for made in dues.aborts_of(connection, settlements)}
    posted = [settlement.post_number for settlement in state.settlements.values()]
    await load_lines(state, posted)


@dataclass(frozen=True, slots=True)
class DueChanged(Modification):
    """A payment was sent, disputed, confirmed, or is void."""

    table: ClassVar[Table] = due_tables.due
    key: ClassVar[tuple[str, ...]] = ("settlement_id", "payer", "payee")
    columns: ClassVar[tuple[str, ...]] = (
        "state",
        "reference",
        "value_date",
        "disputed",
        "ended_at",
        "ended_number",
    )

    due: Due

    def apply(self, state: State) -> None:
        """Replace it."""
        state.dues[self.due.key] = self.due

    def row(self) -> tuple[object, ...]:
        """Key and new values."""
        d = self.due
        return (
            *d.key,
            d.state,
            d.reference,
            d.value_date,
            d.disputed,
            d.ended_at,
            d.ended_number,
        )


@dataclass(frozen=True, slots=True)
class SettlementChanged(Modification):
    """A settlement is settled, or was aborted."""

    table: ClassVar[Table] = due_tables.posted_settlement
    key: ClassVar[tuple[str, ...]] = ("settlement_id",)
    columns: ClassVar[tuple[str, ...]] = ("state", "abort_number")

    settlement: PostedSettlement

    def apply(self, state: State) -> None:
        """Replace it."""
        state.settlements[self.settlement.settlement_id] = self.settlement

    def row(self) -> tuple[object, ...]:
        """Key and new values."""
        s = self.settlement
        return s.settlement_id, s.state, s.abort_number


@dataclass(frozen=True, slots=True)
class WindowReopened(Change):
    """A window's settlement was aborted: it is cut, and waits for the next one."""

    window_id: int

    def apply(self, state: State) -> None:
        """Nothing: a batch does not settle."""

    @classmethod
    def writings(cls, changes: Sequence["WindowReopened"]) -> Iterable[Writing]:
        """Reopen them with one statement."""
        yield dues.reopening([change.window_id for change in changes])


@dataclass(frozen=True, slots=True)
class AbortProposed(Insertion):
    """Somebody proposed to abort a settlement."""

    table: ClassVar[Table] = due_tables.settlement_abort

    proposal: AbortProposal

    def apply(self, state: State) -> None:
        """Add it."""
        state.aborts[self.proposal.number] = self.proposal

    def row(self) -> tuple[object, ...]:
        """The row."""
        p = self.proposal
        return (
            p.number,
            p.settlement_id,
            p.proposed_by,
            p.proposed_at,
            p.reason,
            list(p.apart),
            p.despite_sent,
            p.state,
            p.ended_by,
            p.ended_number,
        )


@dataclass(frozen=True, slots=True)
class AbortEnded(Modification):
    """A proposal to abort was approved or withdrawn."""

    table: ClassVar[Table] = due_tables.settlement_abort
    key: ClassVar[tuple[str, ...]] = ("number",)
    columns: ClassVar[tuple[str, ...]] = ("state", "ended_by", "ended_number")

    proposal: AbortProposal

    def apply(self, state: State) -> None:
        """Replace it."""
        state.aborts[self.proposal.number] = self.proposal

    def row(self) -> tuple[object, ...]:
        """Key and new values."""
        p = self.proposal
        return p.number, p.state, p.ended_by, p.ended_number


@dataclass(frozen=True, slots=True)
class StepTaken(Insertion):
    """A step in the history of a settlement or a payment."""

    table: ClassVar[Table] = due_tables.settlement_change

    step: dues.Change

    def apply(self, state: State) -> None:
        """Nothing: history decides nothing."""

    def row(self) -> tuple[object, ...]:
        """The row."""
        return self.step.row
