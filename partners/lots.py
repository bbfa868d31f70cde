"""Which of the points that were issued are still there: first in, first out, holder by holder.

The rule is that of the review (`partners.programmes.lapsing.left_by_day`): points issued first are
used first, so that what a holder has is what came last. A lot is what one entry issued to one
holder at one funder's cost, net of what was taken back of it; lots go in the order of the log.
Members who were merged are one holder. All members of a partner that keeps their balances itself
are one.

Every query here reads the log up to a number, so that it can be asked as of then.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, text

from partners.movements import LAPSED, LOTS, LOTS_UNDONE, USES_UNDONE, entry_kinds, line_kinds
from settlement.ledger.values import value
from settlement.ledger.whole import whole_log

_HOLDERS = """
    merged as (
        select merged_member_id, kept_member_id from member_merge
        where programme = :programme and number < :before
            and (undone_number is null or undone_number >= :before)
    ), stands (member_id, holder_id) as (
        select merged_member_id, kept_member_id from merged
        union
        select s.member_id, m.kept_member_id from stands s
        join merged m on m.merged_member_id = s.holder_id
    ), holder as (
        select 'member/' || member_id || '/' || :programme as account,
            'member/' || holder_id || '/' || :programme as holder
        from stands
        where holder_id not in (select merged_member_id from merged)
    )
"""
"""Who stands for whom: each merged member's account with that of whoever holds its points."""

_LOTS = """
    moved as materialized (
        select number, l."index" as place, l.kind, l.debit, l.credit, l.amount,
            coalesce(l.funder, '') as funder, e.kind as entry_kind, e.corrects,
            cast(date_trunc('month', e.accepted_at at time zone :zone) as date) as month
        from line l join entry e using (number)
        where l.currency = :currency and number < :before
            and (l.debit = :issued or l.debit ^@ 'member/' or l.debit ^@ 'external/')
    ), made as (
        select number, credit as account, funder, min(place) as place, min(month) as month,
            sum(amount) as amount
        from moved where debit = :issued and entry_kind = any(:lots)
        group by number, credit, funder
    ), unmade as (
        select corrects as number, funder, sum(amount) as amount
        from moved where credit = :issued and entry_kind = any(:lots_undone)
        group by corrects, funder
    ), lot as (
        select coalesce(h.holder, made.account) as holder, number, place, funder, month,
            made.amount - coalesce(unmade.amount, 0) as amount
        from made left join unmade using (number, funder) left join holder h using (account)
    )
"""
"""What was issued to whom, and of it what was not taken back. An entry issues points of one
programme to one holder, so the entry that it corrects tells whose lot it was."""

_OUTSTANDING = text(
    f"""
    with recursive {_HOLDERS}, {_LOTS}, balance as (
        select coalesce(h.holder, side.account) as holder, sum(side.amount) as amount
        from moved m
        cross join lateral (values (m.credit, m.amount), (m.debit, -m.amount))
            as side (account, amount)
        left join holder h on h.account = side.account
        where side.account <> :issued
        group by 1
    ), later as (
        select holder, month, funder, amount, sum(amount) over (
            partition by holder order by number desc, place desc rows unbounded preceding
        ) - amount as amount_later
        from lot
    )
    select month, funder,
        sum(least(later.amount, greatest(0, balance.amount - amount_later))) as amount
    from later join balance using (holder) group by month, funder
    union all
    select null, 'debts', coalesce(sum(least(0, amount)), 0) from balance
    union all
    select null, 'unexplained', coalesce(sum(greatest(0, b.amount - coalesce(l.amount, 0))), 0)
    from balance b left join (select holder, sum(amount) as amount from lot group by holder) l
        using (holder)
    """  # noqa: S608 - all of it is of this module
)
"""Of each lot what is left of the holder's balance after those that came later."""

_COHORTS = text(
    f"""
    with recursive {_HOLDERS}, {_LOTS}, went as (
        select number, debit as account, kind = any(:lapsed) as lapsed, min(month) as month,
            sum(amount) as amount
        from moved where credit = :issued and entry_kind <> all(:lots_undone)
        group by number, debit, kind = any(:lapsed)
    ), came_back as (
        select corrects as number, false as lapsed, sum(amount) as amount
        from moved where debit = :issued and entry_kind = any(:uses_undone)
        group by corrects
    ), gone as (
        select coalesce(h.holder, went.account) as holder, lapsed, month,
            sum(went.amount - coalesce(came_back.amount, 0)) as amount
        from went left join came_back using (number, lapsed) left join holder h using (account)
        group by 1, 2, 3
    ), issued_by_month as (
        select holder, month, sum(amount) as amount from lot group by holder, month
    ), issued_span as (
        select holder, month, sum(amount) over upto - amount as low, sum(amount) over upto as high
        from issued_by_month window upto as (partition by holder order by month)
    ), gone_span as (
        select holder, month, lapsed, sum(amount) over upto - amount as low,
            sum(amount) over upto as high
        from gone window upto as (partition by holder order by month, lapsed)
    )
    select i.month, g.month as gone_month, g.lapsed,
        sum(least(i.high, g.high) - greatest(i.low, g.low)) as amount
    from issued_span i join gone_span g
        on g.holder = i.holder and g.low < i.high and g.high > i.low
    group by i.month, g.month, g.lapsed
    union all
    select month, null, null, sum(amount) from issued_by_month group by month
    """  # noqa: S608 - all of it is of this module
)
"""Points issued in a month that went in a month.

A holder's points issued lie one after the other on a line, those that went on another: where the
two lie over each other, these are those. Within a month what was used goes before what lapsed.
"""


@dataclass(frozen=True, slots=True)
class Source:
    """Where the lots of a programme are, up to before a number of the log."""

    programme: str
    currency: str
    zone: str
    """Name of the time zone in which the programme's months begin."""
    before: int

    def bound(self) -> dict[str, Any]:
        """What every query here is given."""
        return {
            "programme": self.programme,
            "currency": self.currency,
            "issued": f"issued/{self.programme}",
            "zone": self.zone,
            "before": self.before,
            "lots": entry_kinds(LOTS),
            "lots_undone": entry_kinds(LOTS_UNDONE),
        }


@value
class Lot:
    """Points outstanding that were issued in a month at one participant's cost."""

    month: date
    """Its first day."""
    funder: str
    """Empty where points were converted in: the source's partner pays for those."""
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Outstanding:
    """Points outstanding of a programme: lots, debts and the unexplained sum to all of them."""

    lots: tuple[Lot, ...]
    debts_minor: int
    unexplained_minor: int

    @property
    def total_minor(self) -> int:
        """All points outstanding."""
        lots = sum(lot.amount_minor for lot in self.lots)
        return lots + self.debts_minor + self.unexplained_minor


def outstanding(connection: Connection, source: Source) -> Outstanding:
    """Points outstanding by month of issue and funder."""
    with whole_log(connection):
        rows = connection.execute(_OUTSTANDING, source.bound()).all()
    rest = {row.funder: int(row.amount) for row in rows if row.month is None}
    lots = [Lot(row.month, row.funder, int(row.amount)) for row in rows if row.month and row.amount]
    return Outstanding(
        tuple(sorted(lots, key=lambda lot: (lot.month, lot.funder))),
        rest["debts"],
        rest["unexplained"],
    )


@dataclass(frozen=True, slots=True)
class Gone:
    """Points of a month of issue that went in a month."""

    issued_month: date
    month: date
    lapsed: bool
    """Whether they lapsed; else they were used."""
    amount_minor: int


@dataclass(frozen=True, slots=True)
class History:
    """What was issued month by month, and what became of it."""

    issued: Sequence[tuple[date, int]]
    """By month, net of what was taken back."""
    gone: Sequence[Gone]


def history(connection: Connection, source: Source) -> History:
    """What became of the points of each month of issue."""
    more = {"lapsed": line_kinds(LAPSED), "uses_undone": entry_kinds(USES_UNDONE)}
    with whole_log(connection):
        rows = connection.execute(_COHORTS, source.bound() | more).all()
    return History(sorted(_issued(rows)), tuple(_gone(rows)))


def _issued(rows: Iterable[Any]) -> Iterable[tuple[date, int]]:
    return ((row.month, int(row.amount)) for row in rows if row.gone_month is None)


def _gone(rows: Iterable[Any]) -> Iterable[Gone]:
    return (
        Gone(row.month, row.gone_month, row.lapsed, int(row.amount))
        for row in rows
        if row.gone_month is not None
    )
