"""Breaks: differences between a partner's record and the ledger, and what became of them.

A break comes from a report of a delivery, or from the reconciliation of a partner's record of a
window. It is known by the number of the entry that recorded it and, of a reconciliation, its place
among the findings. It is never edited: what became of it are its steps, one entry each, so how it
stood at any number of the log can be read for ever.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, text

from settlement.ledger.amounts import INT64_MAX
from settlement.ledger.bulk import unnest

BreakId = tuple[int, int]
"""Number of the entry that recorded it, and its place there: from 1, or 0 where it is alone."""


class Source(StrEnum):
    """Where a break comes from."""

    DELIVERY = "DELIVERY"
    RECONCILIATION = "RECONCILIATION"


class Kind(StrEnum):
    """How a record disagrees with the ledger: reports of deliveries, then rows of records."""

    LATE_CONFIRMATION = "LATE_CONFIRMATION"
    CONFIRMED_AFTER_REFUSAL = "CONFIRMED_AFTER_REFUSAL"
    REFUSED_AFTER_CONFIRMATION = "REFUSED_AFTER_CONFIRMATION"
    CONFIRMED_TWICE = "CONFIRMED_TWICE"
    AMOUNT_DIFFERS = "AMOUNT_DIFFERS"
    MISSING_AT_GATEWAY = "MISSING_AT_GATEWAY"
    MISSING_AT_PARTNER = "MISSING_AT_PARTNER"
    DATE_DIFFERS = "DATE_DIFFERS"
    DUPLICATE = "DUPLICATE"


BREAK_OUTCOMES = frozenset(
    {
        Kind.MISSING_AT_GATEWAY,
        Kind.MISSING_AT_PARTNER,
        Kind.AMOUNT_DIFFERS,
        Kind.DATE_DIFFERS,
        Kind.DUPLICATE,
    }
)
"""Findings of a reconciliation that are breaks once it is concluded."""


class State(StrEnum):
    """How far a break is."""

    OPEN = "OPEN"
    DISPUTED = "DISPUTED"
    RESOLVED = "RESOLVED"


class StepKind(StrEnum):
    """What somebody did about a break; those that resolve it are its resolution.

    SUPERSEDED is what a later reconciliation of the same window does to all that are not resolved.
    """

    DISPUTED = "DISPUTED"
    ADJUSTMENT_PROPOSED = "ADJUSTMENT_PROPOSED"
    WRITE_OFF_PROPOSED = "WRITE_OFF_PROPOSED"
    ACCEPTED = "ACCEPTED"
    CORRECTED = "CORRECTED"
    WRITTEN_OFF = "WRITTEN_OFF"
    SUPERSEDED = "SUPERSEDED"


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What a debtor is to owe a creditor besides, in shared minor units, above zero."""

    debtor: str
    creditor: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Step:
    """One thing done about a break. `number` is its entry; `entry` the one that corrected."""

    number: int
    break_id: BreakId
    kind: StepKind
    state: State
    participant: str
    sender: str
    words: str
    taken_at: datetime
    evidence_sha256: bytes | None = None
    entry: int | None = None
    adjustment: Adjustment | None = None


@dataclass(frozen=True, slots=True)
class Break:
    """A difference, as it stands at the number of the log for which it was read.

    `owner` bears it until it is resolved. Amounts are what the ledger and what the owner's record
    say: in shared minor units with the owner's sign, of a delivery in minor units of the target.
    """

    break_id: BreakId
    source: Source
    kind: Kind
    owner: str
    counterparty: str
    reference: str
    ledger_minor: int
    reported_minor: int
    opened_at: datetime
    window_id: int | None = None
    conversion: int | None = None
    entry: int | None = None
    row: int | None = None
    rows: int = 0
    ledger_date: date | None = None
    reported_date: date | None = None
    superseded_by: int | None = None
    steps: tuple[Step, ...] = field(default=())

    @property
    def state(self) -> State:
        """How far it is."""
        if self.superseded_by is not None:
            return State.RESOLVED
        return self.steps[-1].state if self.steps else State.OPEN

    @property
    def resolution(self) -> StepKind | None:
        """How it was resolved; None while it is not."""
        if self.superseded_by is not None:
            return StepKind.SUPERSEDED
        return self.steps[-1].kind if self.state is State.RESOLVED else None

    @property
    def resolved_number(self) -> int | None:
        """Number of the entry that resolved it."""
        if self.superseded_by is not None:
            return self.superseded_by
        return self.steps[-1].number if self.state is State.RESOLVED else None

    @property
    def difference_minor(self) -> int:
        """What the record says more than the ledger."""
        return self.reported_minor - self.ledger_minor

    def proposed(self, kind: StepKind) -> Step | None:
        """The last proposal of that kind."""
        return next((step for step in reversed(self.steps) if step.kind is kind), None)

    def age_days(self, now: datetime) -> int:
        """Whole days since it was recorded."""
        return max(0, (now - self.opened_at).days)


class Remedy(StrEnum):
    """What would end a break, as data for machines."""

    REPORT_ACTIVITY = "REPORT_ACTIVITY"
    BOOK_IN_RECORD = "BOOK_IN_RECORD"
    ADJUST = "ADJUST"
    CORRECT_DATE = "CORRECT_DATE"
    REMOVE_FROM_RECORD = "REMOVE_FROM_RECORD"
    TAKE_BACK_CREDIT = "TAKE_BACK_CREDIT"
    CREDIT_MEMBER = "CREDIT_MEMBER"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposed correction: in words, as data, and by how much the owner's record changes."""

    remedy: Remedy
    words: str
    amount_minor: int


_REMEDIES: dict[Kind, tuple[Remedy, str]] = {
    Kind.MISSING_AT_GATEWAY: (
        Remedy.REPORT_ACTIVITY,
        "report it, with its own date, or take it out of your record if it did not happen",
    ),
    Kind.MISSING_AT_PARTNER: (
        Remedy.BOOK_IN_RECORD,
        "book it in your record; if it did not happen, have it reversed",
    ),
    Kind.AMOUNT_DIFFERS: (
        Remedy.ADJUST,
        "accept the ledger's amount, or reverse and report again, or adjust by the difference",
    ),
    Kind.DATE_DIFFERS: (
        Remedy.CORRECT_DATE,
        "correct the date in your record: no money is in it",
    ),
    Kind.DUPLICATE: (
        Remedy.REMOVE_FROM_RECORD,
        "take what is there twice out of your record; the ledger counts it once",
    ),
    Kind.LATE_CONFIRMATION: (
        Remedy.TAKE_BACK_CREDIT,
        "take the credit back in your system: the conversion was undone, or adjust",
    ),
    Kind.CONFIRMED_AFTER_REFUSAL: (
        Remedy.TAKE_BACK_CREDIT,
        "take the credit back in your system: you refused the conversion before, or adjust",
    ),
    Kind.CONFIRMED_TWICE: (
        Remedy.TAKE_BACK_CREDIT,
        "take the second credit back in your system",
    ),
    Kind.REFUSED_AFTER_CONFIRMATION: (
        Remedy.CREDIT_MEMBER,
        "credit the member: you confirmed it before, and were paid for it, or adjust",
    ),
}


def proposal(found: Break) -> Proposal:
    """What would end a break."""
    remedy, words = _REMEDIES[found.kind]
    if found.source is Source.DELIVERY and found.kind is Kind.AMOUNT_DIFFERS:
        remedy, words = Remedy.CREDIT_MEMBER, "credit what the conversion says, and confirm that"
    return Proposal(remedy, words, -found.difference_minor)


_FOUND = """
select b.number, 0 as item, 'DELIVERY' as source, b.kind, b.owner, '' as counterparty,
    b.reference, b.ledger_minor, b.reported_minor, b.recorded_at as opened_at,
    null::bigint as window_id, b.conversion, b.conversion as entry, null::bigint as row,
    0::bigint as rows, null::date as ledger_date, null::date as reported_date,
    null::bigint as superseded_number
from delivery_break b where {delivery}
union all
select r.concluded_number, f.item, 'RECONCILIATION', f.outcome, r.participant, f.counterparty,
    f.reference, f.ledger_minor, f.reported_minor, r.concluded_at,
    r.window_id, null, f.entry, f.row,
    f.rows, f.ledger_date, f.reported_date,
    r.superseded_number
from reconciliation r join reconciliation_finding f on f.reconciliation = r.number
where f.outcome = any(:outcomes) and {reconciliation}
"""

_STEPS = f"""
select s.* from {unnest({"number": "bigint", "item": "integer"})}
join break_step s on s.break_number = batch.number and s.break_item = batch.item
where s.number <= :as_of order by s.number
"""  # noqa: S608 - names of this module


def load_breaks(connection: Connection, ids: Collection[BreakId]) -> dict[BreakId, Break]:
    """Breaks by their ids, as they stand now; one that is not there is left out."""
    numbers = {number for number, _ in ids}
    found = _read(
        connection,
        "b.number = any(:numbers)",
        "r.concluded_number = any(:numbers) and f.item = any(:items)",
        {"numbers": list(numbers), "items": list({item for _, item in ids})},
    )
    return {each.break_id: each for each in found if each.break_id in ids}


def list_breaks(
    connection: Connection,
    participant: str | None,
    *,
    after: BreakId,
    limit: int,
    only_open: bool = False,
    window_id: int | None = None,
) -> list[Break]:
    """Breaks that a participant owns or was asked to adjust (None: all), by id, after one."""
    mine = (
        "(cast(:participant as text) is null or {owner} = :participant or exists ("
        "select from break_step s where s.break_number = {number} and s.break_item = {item} "
        "and :participant in (s.debtor, s.creditor)))"
    )
    above = "{number} >= :number and ({number}, {item}) > (:number, :item)"
    unresolved = (
        "(not :only_open or not exists (select from break_step s where s.break_number = {number} "
        "and s.break_item = {item} and s.state = 'RESOLVED'))"
    )
    where = f"{mine} and {above} and {unresolved}"
    found = _read(
        connection,
        where.format(owner="b.owner", number="b.number", item="0")
        + " and cast(:window as bigint) is null",
        where.format(owner="r.participant", number="r.concluded_number", item="f.item")
        + " and (cast(:window as bigint) is null or r.window_id = :window)"
        + " and (not :only_open or r.superseded_number is null)",
        {
            "participant": participant,
            "number": after[0],
            "item": after[1],
            "only_open": only_open,
            "window": window_id,
        },
        limit=limit,
    )
    return list(found)


def breaks_between(connection: Connection, first: int, last: int) -> tuple[Break, ...]:
    """Everybody's breaks that were open at the last number, or resolved within (first, last].

    As of entry `last`: what came later is not seen, so it gives the same for ever. By id.
    """
    found = _read(
        connection,
        "b.number <= :as_of",
        "r.concluded_number <= :as_of "
        "and (r.superseded_number is null or r.superseded_number > :first)",
        {"first": first},
        as_of=last,
    )
    return tuple(
        each for each in found if each.resolved_number is None or each.resolved_number > first
    )


def _read(
    connection: Connection,
    delivery: str,
    reconciliation: str,
    bound: dict[str, object],
    *,
    as_of: int = INT64_MAX,
    limit: int | None = None,
) -> Iterator[Break]:
    """Breaks by id, each with its steps up to a number."""
    statement = _FOUND.format(delivery=delivery, reconciliation=reconciliation)
    rows = connection.execute(
        text(f"{statement} order by number, item limit :limit"),
        {**bound, "outcomes": sorted(BREAK_OUTCOMES), "as_of": as_of, "limit": limit},
    ).all()
    steps: dict[BreakId, list[Step]] = {}
    for step in _steps(connection, [(row.number, row.item) for row in rows], as_of):
        steps.setdefault(step.break_id, []).append(step)
    for row in rows:
        yield _break(row, steps.get((row.number, row.item), ()), as_of)


def _steps(connection: Connection, ids: Collection[BreakId], as_of: int) -> Iterator[Step]:
    if not ids:
        return
    rows = connection.execute(
        text(_STEPS),
        {"number": [n for n, _ in ids], "item": [i for _, i in ids], "as_of": as_of},
    )
    for row in rows:
        yield Step(
            number=row.number,
            break_id=(row.break_number, row.break_item),
            kind=StepKind(row.step),
            state=State(row.state),
            participant=row.participant,
            sender=row.sender,
            words=row.words,
            taken_at=row.taken_at,
            evidence_sha256=None if row.evidence_sha256 is None else bytes(row.evidence_sha256),
            entry=row.entry,
            adjustment=None
            if row.amount is None
            else Adjustment(row.debtor, row.creditor, row.amount),
        )


def _break(row: Any, steps: Iterable[Step], as_of: int) -> Break:  # noqa: ANN401 - a row
    taken = tuple(steps)
    resolved = bool(taken) and taken[-1].state is State.RESOLVED
    superseded = row.superseded_number
    if resolved or (superseded is not None and superseded > as_of):
        superseded = None
    return Break(
        break_id=(row.number, row.item),
        source=Source(row.source),
        kind=Kind(row.kind),
        owner=row.owner,
        counterparty=row.counterparty,
        reference=row.reference,
        ledger_minor=int(row.ledger_minor),
        reported_minor=int(row.reported_minor),
        opened_at=row.opened_at,
        window_id=row.window_id,
        conversion=row.conversion,
        entry=row.entry,
        row=row.row,
        rows=row.rows,
        ledger_date=row.ledger_date,
        reported_date=row.reported_date,
        superseded_by=superseded,
        steps=taken,
    )
