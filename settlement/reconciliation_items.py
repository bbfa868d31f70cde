"""The ledger's side of a reconciliation: what a window holds for a participant, item by item.

An item is a business entry of the window with what it nets to for the participant, in shared
minor units; positive is to be received, and what nets to zero is none. Its reference is the one
that the participant knows it by (docs/RECONCILIATION.md), of facts that the participant was shown.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from settlement.ledger.accounts import clearing_prefix
from settlement.ledger.amounts import INT64_MAX
from settlement.ledger.entries import Coalition
from settlement.windows import Window

ITEMS = """
select number, kind,
    case
        when kind = 'ADJUSTMENT' and told is not null then 'break/' || (told ->> 'break')
        when kind = 'CONVERSION' then 'conversion/' || number
        when kind = 'CONVERSION_REVERSED' and corrects is not null then 'conversion/' || corrects
        when told -> 'activity' is not null then told -> 'activity' ->> 'reference'
        when told ->> 'reference' <> '' then told ->> 'reference'
        when told ->> 'hold' is not null then 'hold/' || (told ->> 'hold')
        else '#' || number
    end as reference,
    (coalesce((told ->> 'started_at')::timestamptz, accepted_at)
        at time zone cast(:zone as text))::date as date,
    amount, counterparty
from (
    select e.number, e.kind, e.corrects, e.accepted_at, o.amount, o.counterparty,
        case when f.facts then convert_from(e.facts, 'UTF8')::jsonb end as told
    from (
        select number, sum(amount)::bigint as amount,
            case when min(other) = max(other) then min(other) else '' end as counterparty
        from (
            select number, case when debit ^@ :mine then -amount else amount end as amount,
                substr(case when debit ^@ :mine then debit else credit end, :skipped) as other
            from line
            where number between :first and :last and currency = :currency
                and (debit ^@ :mine or credit ^@ :mine)
        ) l
        group by number
        having sum(amount) <> 0
    ) o
    join entry e on e.number = o.number and e.number between :first and :last
    left join feed f on f.number = e.number
        and f.participant = :participant and f.number between :first and :last
    where e.window_id is not null
    offset 0
) known
"""
"""The facts are parsed once: `offset 0` keeps the outer select from doing it per expression."""


@dataclass(frozen=True, slots=True)
class Item:
    """A business entry as a participant is to know it. Shared minor units; positive receives."""

    number: int
    kind: str
    reference: str
    date: date
    amount_minor: int
    counterparty: str
    """Empty where it is of several."""


def bound_of(
    coalition: Coalition, window: Window, participant: str, time_zone: str
) -> dict[str, object]:
    """What `ITEMS` is asked with. Dates are of the time zone, a name of the tz database."""
    mine = f"{clearing_prefix(window.window_id)}{participant}:"
    return {
        "mine": mine,
        "skipped": len(mine) + 1,
        "participant": participant,
        "first": window.first_number,
        "last": INT64_MAX if window.last_number is None else window.last_number,
        "currency": coalition.currency,
        "zone": time_zone,
    }


def items(  # noqa: PLR0913 - a page of what is whose
    connection: Connection,
    coalition: Coalition,
    window: Window,
    participant: str,
    *,
    time_zone: str,
    after: int,
    limit: int,
) -> Iterator[Item]:
    """A participant's items of a window after a number, in order of their numbers."""
    bound = bound_of(coalition, window, participant, time_zone)
    # Of the numbers alone, so that a page reads no more of the book than it tells.
    listed = connection.execute(
        text(
            "select distinct number from line where number between :after and :last "
            "and currency = :currency and (debit ^@ :mine or credit ^@ :mine) "
            "order by number limit :limit"
        ),
        {**bound, "after": max(after + 1, window.first_number), "limit": limit},
    ).scalars()
    numbers = list(listed)
    if not numbers:
        return
    page = {**bound, "first": numbers[0], "last": numbers[-1]}
    for row in connection.execute(text(f"{ITEMS} order by number"), page):
        yield Item(row.number, row.kind, row.reference, row.date, row.amount, row.counterparty)
