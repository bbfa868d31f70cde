"""What is due after a settlement: its payments, how far each is, and every step with its reason.

    CUT, NET, POST, STATE, CLOSED      the night, in this order
    SETTLED                            all of its payments are confirmed
    ABORTED                            undone before any was; its window is settled anew

A payment is DUE, then SENT where its payer says so, then CONFIRMED by its payee, which books it;
or VOID, with its settlement. A dispute takes SENT back to DUE.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, literal, select, text, tuple_, update

from settlement.ledger import accounts
from settlement.ledger.accounts import Account
from settlement.ledger.bulk import Statement, copy_rows, parsed
from settlement.ledger.due_tables import due, posted_settlement, settlement_abort, settlement_change
from settlement.ledger.entries import Entry, Line
from settlement.ledger.tables import entry

PAYMENT = "PAYMENT"
"""Kind of the entry that books a payment, and of its line."""

ABORT = "ABORT"
"""Kind of the entry that undoes a settlement's."""

DueKey = tuple[int, str, str]
"""Settlement, payer, payee."""


class DueState(StrEnum):
    """How far a payment is. CONFIRMED and VOID are for ever."""

    DUE = "DUE"
    SENT = "SENT"
    CONFIRMED = "CONFIRMED"
    VOID = "VOID"


OPEN = frozenset({DueState.DUE, DueState.SENT})
"""States in which a payment is owed."""


class PostedState(StrEnum):
    """How far a posted settlement is. SETTLED and ABORTED are for ever."""

    POSTED = "POSTED"
    CLOSED = "CLOSED"
    SETTLED = "SETTLED"
    ABORTED = "ABORTED"


class AbortState(StrEnum):
    """A proposal waits until another person approves it, or somebody withdraws it."""

    PROPOSED = "PROPOSED"
    APPROVED = "APPROVED"
    WITHDRAWN = "WITHDRAWN"


class Step(StrEnum):
    """A step of a settlement or, from DUE on, of one of its payments."""

    CUT = "CUT"
    NET = "NET"
    POST = "POST"
    STATE = "STATE"
    CLOSED = "CLOSED"
    SETTLED = "SETTLED"
    ABORT_PROPOSED = "ABORT_PROPOSED"
    ABORT_WITHDRAWN = "ABORT_WITHDRAWN"
    ABORTED = "ABORTED"
    DUE = "DUE"
    SENT = "SENT"
    DISPUTED = "DISPUTED"
    CONFIRMED = "CONFIRMED"
    VOID = "VOID"


@dataclass(frozen=True, slots=True)
class Due:
    """A payment of a settlement, in shared minor units.

    `reference` and `value_date` are the bank's, as the payer gave them; `disputed` is why the
    payee said last that it was not received. `ended_number` is of the entry by which it is
    CONFIRMED or VOID.
    """

    settlement_id: int
    payer: str
    payee: str
    amount_minor: int
    state: DueState
    posted_at: datetime
    reference: str = ""
    value_date: date | None = None
    disputed: str = ""
    ended_at: datetime | None = None
    ended_number: int | None = None

    @property
    def key(self) -> DueKey:
        """Its name."""
        return self.settlement_id, self.payer, self.payee


@dataclass(frozen=True, slots=True)
class PostedSettlement:
    """A settlement from its own entry on, which is `post_number`."""

    settlement_id: int
    window_id: int
    post_number: int
    posted_at: datetime
    state: PostedState
    abort_number: int | None = None


@dataclass(frozen=True, slots=True)
class AbortProposal:
    """That a settlement be aborted; `number` is of the entry that proposed it.

    `apart` are participants whose bilateral nets the next settlement of the window does not net
    with others'. `despite_sent`: also while payments are said to be under way.
    """

    number: int
    settlement_id: int
    proposed_by: str
    proposed_at: datetime
    reason: str
    apart: tuple[str, ...]
    despite_sent: bool
    state: AbortState = AbortState.PROPOSED
    ended_by: str = ""
    ended_number: int | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A step with who took it, when and why; of the settlement itself where no payer is named."""

    settlement_id: int
    step: Step
    who: str
    at: datetime
    why: str = ""
    number: int | None = None
    payer: str = ""
    payee: str = ""

    @property
    def row(self) -> tuple[object, ...]:
        """As it is kept."""
        return (
            self.settlement_id,
            self.payer,
            self.payee,
            self.step,
            self.who,
            self.at,
            self.why,
            self.number,
        )


def payment_line(paid: Due, currency: str) -> Line:
    """The inverse of the line that made a payment due; shown to its two."""
    return Line(
        kind=PAYMENT,
        amount=paid.amount_minor,
        debit=accounts.settlement(paid.payee, currency),
        credit=accounts.settlement(paid.payer, currency),
        parties=frozenset({paid.payer, paid.payee}),
    )


def inverse(lines: Iterable[Line]) -> tuple[Line, ...]:
    """Lines of a settlement's entry with debit and credit exchanged, in the same order."""
    return tuple(
        Line(
            kind=line.kind,
            amount=line.amount,
            debit=line.credit,
            credit=line.debit,
            parties=frozenset({_owner(line.debit), _owner(line.credit)}),
        )
        for line in lines
    )


def _owner(account: Account) -> str:
    owner = accounts.owner(account.code)
    if owner is None:
        message = f"{account.code} is of no settlement"
        raise ValueError(message)
    return owner


def participants_of(lines: Iterable[Line]) -> frozenset[str]:
    """Whose accounts the lines of a settlement's entry move."""
    return frozenset(_owner(side) for line in lines for side in (line.debit, line.credit))


# What the night writes ---------------------------------------------------------------------


def post(
    connection: Connection,
    settlement_id: int,
    window_id: int,
    posted: Entry,
    payments: Iterable[tuple[str, str, int]],
) -> None:
    """Keep what a settlement's entry made due: (payer, payee, amount) each."""
    listed = list(payments)
    at, number = posted.accepted_at, posted.number
    connection.execute(
        posted_settlement.insert().values(
            settlement_id=settlement_id,
            window_id=window_id,
            post_number=number,
            posted_at=at,
            state=PostedState.POSTED,
        )
    )
    copy_rows(
        connection,
        due,
        (
            (settlement_id, payer, payee, amount, DueState.DUE, at, "", None, "", None, None)
            for payer, payee, amount in listed
        ),
    )
    record(
        connection,
        (
            Change(settlement_id, Step.DUE, posted.draft.sender, at, "", number, payer, payee)
            for payer, payee, _ in listed
        ),
    )


def close(connection: Connection, settlement_id: int, who: str, now: datetime) -> None:
    """Let payments be confirmed; a settlement without any is settled at once."""
    open_ = select(due.c.payer).where(due.c.settlement_id == settlement_id).limit(1)
    nothing_due = connection.execute(open_).first() is None
    state = PostedState.SETTLED if nothing_due else PostedState.CLOSED
    connection.execute(
        update(posted_settlement)
        .where(posted_settlement.c.settlement_id == settlement_id)
        .values(state=state)
    )
    if nothing_due:
        record(connection, [Change(settlement_id, Step.SETTLED, who, now, "nothing is due")])


def record(connection: Connection, changes: Iterable[Change]) -> None:
    """Keep steps for ever."""
    copy_rows(connection, settlement_change, (change.row for change in changes))


_REOPEN = parsed("update settlement_window set state = 'CUT' where window_id = any(:windows)")
"""By its name: the table is declared a room above, whose own the rest of it is."""


def reopening(windows: Sequence[int]) -> Statement:
    """Windows whose settlement was aborted are cut and not closed, until the next one is."""
    return Statement(_REOPEN, {"windows": list(windows)})


# Reading -----------------------------------------------------------------------------------


def posted_settlements(
    connection: Connection, settlement_ids: Iterable[int] | None = None
) -> dict[int, PostedSettlement]:
    """Posted settlements by id, oldest first: those named, or all."""
    query = select(posted_settlement).order_by(posted_settlement.c.settlement_id)
    if settlement_ids is not None:
        query = query.where(posted_settlement.c.settlement_id.in_(list(settlement_ids)))
    return {row.settlement_id: _posted(row) for row in connection.execute(query)}


def _posted(row: Row[Any]) -> PostedSettlement:
    return PostedSettlement(
        settlement_id=row.settlement_id,
        window_id=row.window_id,
        post_number=row.post_number,
        posted_at=row.posted_at,
        state=PostedState(row.state),
        abort_number=row.abort_number,
    )


def dues_of(connection: Connection, settlement_ids: Iterable[int]) -> list[Due]:
    """All payments of settlements, by settlement, payer and payee."""
    query = select(due).where(due.c.settlement_id.in_(list(settlement_ids)))
    return sorted(map(_due, connection.execute(query)), key=lambda one: one.key)


def list_dues(
    connection: Connection,
    *,
    participant: str | None = None,
    only_open: bool = False,
    settlement_id: int | None = None,
    after: DueKey | None = None,
    limit: int,
) -> list[Due]:
    """Payments by settlement, payer and payee: of a participant, or of all; in pages."""
    query = select(due).order_by(*_KEY).limit(limit)
    if participant is not None:
        query = query.where((due.c.payer == participant) | (due.c.payee == participant))
    if only_open:
        query = query.where(due.c.state.in_(OPEN))
    if settlement_id is not None:
        query = query.where(due.c.settlement_id == settlement_id)
    if after is not None:
        query = query.where(tuple_(*_KEY) > tuple_(*map(literal, after)))
    return [_due(row) for row in connection.execute(query)]


_KEY = (due.c.settlement_id, due.c.payer.collate("C"), due.c.payee.collate("C"))


def unpaid_at(connection: Connection, instant: datetime) -> list[Due]:
    """Payments that were owed at an instant, whatever became of them since."""
    query = select(due).where(
        due.c.posted_at <= instant, due.c.ended_at.is_(None) | (due.c.ended_at > instant)
    )
    return sorted(map(_due, connection.execute(query)), key=lambda one: one.key)


def _due(row: Row[Any]) -> Due:
    return Due(
        settlement_id=row.settlement_id,
        payer=row.payer,
        payee=row.payee,
        amount_minor=row.amount,
        state=DueState(row.state),
        posted_at=row.posted_at,
        reference=row.reference,
        value_date=row.value_date,
        disputed=row.disputed,
        ended_at=row.ended_at,
        ended_number=row.ended_number,
    )


def aborts_of(
    connection: Connection, settlement_ids: Iterable[int] | None = None
) -> list[AbortProposal]:
    """Proposals to abort settlements, in the order in which they were made.

    Only those that the log holds, by the same sender: no row beside it is a person's word.
    """
    query = (
        select(settlement_abort)
        .join(entry, entry.c.number == settlement_abort.c.number)
        .where(
            entry.c.kind == Step.ABORT_PROPOSED, entry.c.sender == settlement_abort.c.proposed_by
        )
        .order_by(settlement_abort.c.number)
    )
    if settlement_ids is not None:
        query = query.where(settlement_abort.c.settlement_id.in_(list(settlement_ids)))
    return [_abort(row) for row in connection.execute(query)]


def _abort(row: Row[Any]) -> AbortProposal:
    return AbortProposal(
        number=row.number,
        settlement_id=row.settlement_id,
        proposed_by=row.proposed_by,
        proposed_at=row.proposed_at,
        reason=row.reason,
        apart=tuple(row.apart),
        despite_sent=row.despite_sent,
        state=AbortState(row.state),
        ended_by=row.ended_by,
        ended_number=row.ended_number,
    )


def changes_of(connection: Connection, settlement_id: int) -> Sequence[Change]:
    """The history of a settlement and its payments, oldest first."""
    table = settlement_change
    query = select(table).where(table.c.settlement_id == settlement_id).order_by(table.c.change_id)
    return [
        Change(
            settlement_id=row.settlement_id,
            step=Step(row.step),
            who=row.who,
            at=row.at,
            why=row.why,
            number=row.number,
            payer=row.payer,
            payee=row.payee,
        )
        for row in connection.execute(query)
    ]


_APART = text(
    "select convert_from(e.facts, 'UTF8')::jsonb -> 'apart' from posted_settlement p "
    "join entry e on e.number = p.abort_number and e.kind = 'ABORT' "
    "and e.corrects = p.post_number where p.settlement_id = :settlement"
)


def apart_by_abort(connection: Connection, settlement_id: int) -> tuple[str, ...]:
    """Whom the entry that aborted a settlement sets apart. Raises LookupError without one."""
    told = connection.execute(_APART, {"settlement": settlement_id}).scalar()
    if told is None:
        message = f"no entry aborted settlement {settlement_id}"
        raise LookupError(message)
    return tuple(told)
