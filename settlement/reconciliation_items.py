"""The ledger's side of a reconciliation: what a window holds for a participant, item by item.

An item is a business entry of the window with what it nets to for the participant, in shared
minor units; positive is to be received, and what nets to zero is none. Its reference is the one
that the participant knows it by (docs/RECONCILIATION.md), of facts that the participant was shown.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from settlement.ledger.accounts import clearing_prefix
from settlement.ledger.amounts import INT64_MAX
from settlement.ledger.entries import Coalition
from settlement.windows import Window

ITEMS = r"""
select number, kind,
    case
        when told ^@ '{"activity"' and strpos(told, '\') = 0
            then split_part(split_part(told, '"reference"\:"', 2), '"', 1)
        when told ^@ '{"activity"' then told::jsonb -> 'activity' ->> 'reference'
        when kind = 'CONVERSION' then 'conversion/' || number
        when kind = 'CONVERSION_REVERSED' and corrects is not null then 'conversion/' || corrects
        when kind = 'ADJUSTMENT' then 'break/' || (told::jsonb ->> 'break')
        when coalesce(told::jsonb ->> 'reference', '') <> '' then told::jsonb ->> 'reference'
        when told::jsonb ->> 'hold' is not null then 'hold/' || (told::jsonb ->> 'hold')
        else '#' || number
    end as reference,
    (coalesce(nullif(split_part(split_part(told, ',"started_at"\:"', 2), '"', 1), '')::timestamptz,
        accepted_at) at time zone cast(:zone as text))::date as date,
    amount
from (
    select e.number, e.kind, e.corrects, e.accepted_at, o.amount,
        case when f.facts then convert_from(e.facts, 'UTF8') end as told
    from (
        select number, sum(case when debit ^@ :mine then -amount else amount end)::bigint as amount
        from line
        where number between :first and :last and currency = :currency
            and (debit ^@ :mine or credit ^@ :mine)
        group by number
    ) o
    join entry e on e.number = o.number and e.number between :first and :last
    left join feed f on f.number = e.number
        and f.participant = :participant and f.number between :first and :last
    where e.window_id is not null and o.amount <> 0
    offset 0
) known
"""
"""Facts are canonical JSON: the activity stands first, and no string holds a bare quote. So where
nothing is escaped a text is cut out of it, which is half the work of parsing it."""

COUNTERPARTIES = """
select number, case when min(other) = max(other) then min(other) else '' end as counterparty
from (
    select number, substr(case when debit ^@ :mine then debit else credit end, :skipped) as other
    from line where number = any(:numbers) and currency = :currency
        and (debit ^@ :mine or credit ^@ :mine)
) l
group by number
"""
"""With whom it is, empty where with several; asked for few numbers."""


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


@dataclass(frozen=True, slots=True)
class ItemPage:
    """Some items, and the last number that was looked at; `more` where others are above it."""

    items: tuple[Item, ...]
    last_number: int
    more: bool


def items(
    connection: Connection,
    coalition: Coalition,
    window: Window,
    participant: str,
    *,
    time_zone: str,
    after: int,
    limit: int,
) -> ItemPage:
    """A participant's items of a window after a number, by number, of at most so many entries."""
    bound = bound_of(coalition, window, participant, time_zone)
    # Of the numbers alone first, so that a page reads no more of the book than it tells.
    listed = connection.execute(
        text(
            "select distinct number from line where number between :after and :last "
            "and currency = :currency and (debit ^@ :mine or credit ^@ :mine) "
            "order by number limit :limit"
        ),
        {
            "after": max(after + 1, window.first_number),
            "last": bound["last"],
            "currency": coalition.currency,
            "mine": bound["mine"],
            "limit": limit,
        },
    ).scalars()
    numbers = list(listed)
    if not numbers:
        return ItemPage((), after, more=False)
    others = counterparties(connection, bound, numbers)
    page = {**bound, "first": numbers[0], "last": numbers[-1]}
    del page["skipped"]
    rows = connection.execute(text(f"{ITEMS} order by number"), page)
    found = tuple(
        Item(r.number, r.kind, r.reference, r.date, r.amount, others.get(r.number, ""))
        for r in rows
    )
    return ItemPage(found, numbers[-1], more=len(numbers) == limit)


def counterparties(
    connection: Connection, bound: Mapping[str, object], numbers: Collection[int]
) -> dict[int, str]:
    """With whom entries are, by number; empty where with several."""
    named = {name: bound[name] for name in ("mine", "skipped", "currency")}
    rows = connection.execute(text(COUNTERPARTIES), {**named, "numbers": list(numbers)})
    return {row.number: row.counterparty for row in rows}
