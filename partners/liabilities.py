"""What programmes owe their members in points, and the float of the shared currency.

A partner is told of its own programmes alone, and whoever acts for the operator of all.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, text

from partners import breakage, lots
from partners.directory import Programme
from partners.movements import Movement, movement_of
from partners.postings import PRINCIPAL
from partners.programmes.model import Custody
from partners.programmes.periods import add_months, first_of_month, local_day
from partners.queries import Asker
from partners.refusals import Reason, Refused
from settlement.ledger.book import read_head
from settlement.ledger.issuance import Issuance, issuance
from settlement.ledger.reading import first_after
from settlement.ledger.whole import whole_log


@dataclass(frozen=True, slots=True)
class RollForward:
    """A programme's points outstanding over a span: opening and movements sum to closing."""

    programme: Programme
    opening_minor: int
    movements: Mapping[Movement, int]
    """In their order, signed; those that are zero because nothing moved are left out."""
    closing_minor: int
    counted_minor: int
    """The closing by the counters of the account: a second path."""

    @property
    def agrees(self) -> bool:
        """Whether both paths lead to the same."""
        return self.closing_minor == self.counted_minor


def is_kept_by_partner(programme: Programme) -> bool:
    """Whether members' balances are in the partner's own system."""
    return programme.latest.definition.custody is Custody.PARTNER


def programme_told(asker: Asker, programme_id: str) -> Programme:
    """A programme with points of which the asker is told, or UNKNOWN_PROGRAMME.

    Whether another's programme is there is no secret, what is outstanding of it is: refused alike.
    """
    programme = asker.directory.programmes.get(programme_id)
    if programme is None or programme.currency is None or not _is_told(asker, programme):
        raise Refused(
            Reason.UNKNOWN_PROGRAMME,
            f"there is no programme {programme_id} of yours with points of its own",
            {"programme": programme_id},
        )
    return programme


def _is_told(asker: Asker, programme: Programme) -> bool:
    return asker.participant in {programme.partner, asker.directory.coalition.operator}


def roll_forward(
    connection: Connection, asker: Asker, programme_id: str, first: int, end: int
) -> list[RollForward]:
    """Of one programme, or (of an empty id) of all that the asker is told of, by id.

    Over the entries from `first` to before `end`. Raises UnknownMovement.
    """
    if programme_id:
        told = [programme_told(asker, programme_id)]
    else:
        programmes = asker.directory.programmes
        told = [programmes[name] for name in sorted(programmes) if programmes[name].currency]
        told = [programme for programme in told if _is_told(asker, programme)]
    accounts = {f"issued/{programme.programme_id}": programme for programme in told}
    found = issuance(connection, accounts, first, end)
    return [_rolled(programme, found[code]) for code, programme in accounts.items()]


def _rolled(programme: Programme, found: Issuance) -> RollForward:
    sums: dict[Movement, int] = {}
    for moved in found.moved:
        movement = movement_of(moved)
        sums[movement] = sums.get(movement, 0) + moved.amount
    return RollForward(
        programme,
        found.opening,
        {movement: sums[movement] for movement in Movement if movement in sums},
        found.closing,
        found.counted,
    )


@dataclass(frozen=True, slots=True)
class OutstandingPoints:
    """Points outstanding of a programme, by month of issue and funder."""

    programme: Programme
    points: lots.Outstanding
    before: int
    """Number of the first entry that is not in it."""


def outstanding(
    connection: Connection, asker: Asker, programme_id: str, before: int | None
) -> OutstandingPoints:
    """As of before a number of the log, or (None) as of now."""
    programme = programme_told(asker, programme_id)
    end = read_head(connection).size if before is None else before
    found = lots.outstanding(connection, _source(programme, end))
    return OutstandingPoints(programme, found, end)


def _source(programme: Programme, before: int) -> lots.Source:
    zone = programme.latest.definition.time_zone.key
    return lots.Source(programme.programme_id, programme.currency or "", zone, before)


@dataclass(frozen=True, slots=True)
class BreakageOf:
    """An estimate for a programme, as of the end of the month that begins on a day."""

    programme: Programme
    estimate: breakage.Estimate
    month: str
    """The last whole month: YYYY-MM."""


def estimate_breakage(connection: Connection, asker: Asker, programme_id: str) -> BreakageOf:
    """As of the end of the last whole month in the programme's time zone."""
    programme = programme_told(asker, programme_id)
    zone = programme.latest.definition.time_zone
    begun = first_of_month(local_day(asker.now, zone))
    last = add_months(begun, -1)
    month = f"{last:%Y-%m}"
    if is_kept_by_partner(programme):
        kept = breakage.Estimate(breakage.State.KEPT_BY_PARTNER)
        return BreakageOf(programme, kept, month)
    ended_at = datetime.combine(begun, time(), zone)
    before = first_after(connection, ended_at - timedelta(microseconds=1))
    history = lots.history(connection, _source(programme, before))
    return BreakageOf(programme, breakage.estimate(history, last), month)


@dataclass(frozen=True, slots=True)
class Interval:
    """A window with the numbers of its first entry and of the first one after it."""

    window: int
    first: int
    end: int


@dataclass
class FloatWindow:
    """What the shared currency brought and cost in a window, in its minor units."""

    window: int
    issued_receipts: int = 0
    converted_receipts: int = 0
    redeemed_reimbursements: int = 0
    converted_reimbursements: int = 0
    float_minor: int = 0
    """Receipts less reimbursements of all windows up to this one."""
    outstanding_minor: int = 0
    """Shared currency that members hold at its end."""

    @property
    def net(self) -> int:
        """What the window adds to the float."""
        receipts = self.issued_receipts + self.converted_receipts
        return receipts - self.redeemed_reimbursements - self.converted_reimbursements


_FLOAT = text(
    """
    with shared as (
        select number, bool_or(debit = :issued) as into_shared from line
        where number < :before and (debit = :issued or credit = :issued) group by number
    ), owed as (
        select l.number, l."index", e.window_id, e.kind as entry_kind, s.into_shared,
            case when split_part(l.credit, '/', 3) ^@ (:operator || ':') then l.amount
                 else -l.amount end as amount
        from line l join entry e using (number)
        join shared s on s.number = coalesce(e.corrects, e.number)
        where l.number < :before and l.kind = :principal and l.debit ^@ 'clearing/'
            and (split_part(l.debit, '/', 3) ^@ (:operator || ':')
                 or split_part(l.credit, '/', 3) ^@ (:operator || ':'))
    )
    select window_id, entry_kind, into_shared, sum(amount) as amount from owed
    where entry_kind <> all(:by_leg) or (
        select p.debit = :issued or p.credit = :issued from line p
        where p.number = owed.number and p."index" < owed."index"
            and (p.debit ^@ 'issued/' or p.credit ^@ 'issued/')
        order by p."index" desc limit 1
    )
    group by window_id, entry_kind, into_shared
    """
)
"""What the operator is owed (positive) or owes because of its currency.

What is owed for a leg of an accrual stands right after it; of any other event that moves the
currency all that is owed in principal is for that.
"""

_ISSUED = frozenset({"ACCRUAL", "REVERSAL"})
_SPENT = frozenset({"CAPTURE", "REFUND"})


def require_operator(asker: Asker) -> None:
    """The float is the operator's business alone."""
    if asker.participant != asker.directory.coalition.operator:
        raise Refused(Reason.NOT_AUTHORIZED, "the float is shown to the operator alone")


def float_by_window(
    connection: Connection, asker: Asker, intervals: Iterable[Interval]
) -> list[FloatWindow]:
    """The float of the shared currency by window, given oldest first."""
    require_operator(asker)
    listed = list(intervals)
    found = {interval.window: FloatWindow(interval.window) for interval in listed}
    shared = asker.directory.shared_programme
    issued = f"issued/{shared}"
    bound = {
        "issued": issued,
        "operator": asker.directory.coalition.operator,
        "principal": PRINCIPAL,
        "by_leg": sorted(_ISSUED),
        "before": listed[-1].end if listed else 0,
    }
    with whole_log(connection):
        rows = connection.execute(_FLOAT, bound).all()
        changes = _changes(connection, issued, listed)
    for row in rows:
        _add(found[row.window_id], row)
    float_minor = outstanding_minor = 0
    for window, change in zip(found.values(), changes, strict=True):
        float_minor += window.net
        outstanding_minor += change
        window.float_minor, window.outstanding_minor = float_minor, outstanding_minor
    return list(found.values())


def _add(window: FloatWindow, row: Any) -> None:  # noqa: ANN401 - a row
    amount = int(row.amount)
    if row.entry_kind in _ISSUED:
        window.issued_receipts += amount
    elif row.entry_kind in _SPENT:
        window.redeemed_reimbursements -= amount
    elif row.into_shared:
        window.converted_receipts += amount
    else:
        window.converted_reimbursements -= amount


def _changes(connection: Connection, issued: str, intervals: Sequence[Interval]) -> list[int]:
    """What each window added to the shared currency outstanding."""
    rows = connection.execute(
        text(
            "select w.at, coalesce(sum(case when debit = :issued then amount else -amount end), 0) "
            "as change from unnest(cast(:firsts as bigint[]), cast(:ends as bigint[])) "
            'with ordinality as w(first, "end", at) '
            'left join line on number >= first and number < "end" '
            "and (debit = :issued or credit = :issued) group by w.at order by w.at"
        ),
        {
            "issued": issued,
            "firsts": [interval.first for interval in intervals],
            "ends": [interval.end for interval in intervals],
        },
    )
    return [int(row.change) for row in rows]
