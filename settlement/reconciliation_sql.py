"""The statements that match a partner's record of a window, each over whole sets.

They work on tables of their transaction: `ledger_item` (the ledger's side), `row_left` and
`item_left` (what no rule has taken yet), `found` (the findings). The order is in
`settlement.reconciliation`, the reasons in docs/adr/0019.
"""

from settlement.reconciliation_items import COUNTERPARTIES

ROWS = """
(
    select row, reference, date, amount, counterparty, kind from reconciliation_row
    where reconciliation = :reconciliation and not reference ^@ '#'
    union all
    select r.row, coalesce(i.reference, r.reference), r.date, r.amount, r.counterparty, r.kind
    from reconciliation_row r
    left join ledger_item i on '#' || i.number = r.reference
    where r.reconciliation = :reconciliation and r.reference ^@ '#'
) r
"""
"""The record's rows; one that names an entry by its number has the reference of that entry."""

WORK_TABLES = tuple(
    f"create temp table {name} ({columns}) on commit drop"
    for name, columns in (
        (
            "item_left",
            "number bigint, kind text, reference text, date date, amount bigint, counterparty text",
        ),
        (
            "row_left",
            "row bigint, reference text, date date, amount bigint, counterparty text, kind text",
        ),
        ("known", "reference text, number bigint, kind text"),
        ("differing", "reference text, date date, amount bigint, rows bigint, items bigint"),
        (
            "found",
            (
                "outcome text, rule text, reference text, counterparty text, kind text, "
                "row bigint, rows bigint, entry bigint, entries bigint, ledger_minor bigint, "
                "reported_minor bigint, ledger_date date, reported_date date"
            ),
        ),
    )
)

DROP = "drop table ledger_item, item_left, row_left, known, differing, found"

DIFFERING = f"""
insert into differing
select reference, date, amount, sum(rows), sum(items) from (
    select reference, date, amount, 1 as rows, 0 as items from {ROWS} where reference <> ''
    union all
    select reference, date, amount, 0, 1 from ledger_item
) sides
group by reference, date, amount having sum(rows) <> sum(items)
"""  # noqa: S608 - names of this module
"""One pass over both sides: where as many rows as items agree in all three, they match."""

ROWS_LEFT = f"""
insert into row_left
select row, reference, date, amount, counterparty, kind from (
    select r.*, d.items, row_number() over (
        partition by reference, date, amount order by row
    ) as place
    from differing d join {ROWS} using (reference, date, amount)
) r
where place > items
union all
select row, reference, date, amount, counterparty, kind from {ROWS} where reference = ''
"""  # noqa: S608 - names of this module

ITEMS_LEFT = """
insert into item_left
select number, kind, reference, date, amount, '' from (
    select i.*, d.rows, row_number() over (
        partition by reference, date, amount order by number
    ) as place
    from differing d join ledger_item i using (reference, date, amount)
) i
where place > rows
"""

LOOPS = "set local enable_nestloop = on"
"""From here on it is known how few rows there are."""

WITH_WHOM = f"""
update item_left set counterparty = with_whom.counterparty
from ({COUNTERPARTIES.replace("= any(:numbers)", "in (select number from item_left)")})
    with_whom
where with_whom.number = item_left.number
"""  # noqa: S608 - names of this module

KNOWN = """
insert into known
select reference, min(number), min(kind) from ledger_item
where reference in (select reference from row_left) group by reference
"""
"""References of rows that are left, and in the ledger: taken or not."""

_TAKEN = """
gone_rows as (delete from row_left using taken where row_left.row = taken.row),
gone_items as (delete from item_left using taken where item_left.number = taken.number)
insert into found
"""


def paired(keys: tuple[str, ...], order: str, distance: str, rule: str, outcome: str) -> str:
    """Pair what is left by keys, one to one, and say what each pair comes to.

    Where one side has a single one of a key, the nearest of the other side is its pair; where both
    have several, they are paired in their order. `distance` is of `r` and `i`; the rest of a key
    stays.
    """
    key = ", ".join(keys)
    same = " and ".join(f"r.{each} = i.{each}" for each in keys)
    of_row = ", ".join(f"r.{each}" for each in keys)
    return f"""
    with r as (
        select *, count(*) over (partition by {key}) as n,
            row_number() over (partition by {key} order by {order}, row) as k
        from row_left where reference in (select reference from item_left)
    ), i as (
        select *, count(*) over (partition by {key}) as n,
            row_number() over (partition by {key} order by {order}, number) as k
        from item_left
    ), near as (
        select r.row, i.number, row_number() over (
            partition by {of_row} order by {distance}, r.row, i.number
        ) as place
        from r join i on {same} where r.n = 1 or i.n = 1
    ), taken as (
        select row, number from near where place = 1
        union all
        select r.row, i.number from r join i on {same} and r.k = i.k where r.n > 1 and i.n > 1
    ), {_TAKEN}
    select {outcome}, '{rule}', i.reference, coalesce(nullif(i.counterparty, ''), r.counterparty),
        i.kind, r.row, 1, i.number, 1, i.amount, r.amount, i.date, r.date
    from taken join r using (row) join i using (number)
    """  # noqa: S608 - names of this module


SAME_AMOUNT = paired(
    ("reference", "amount"),
    "date",
    "abs(r.date - i.date)",
    "REFERENCE_AND_AMOUNT",
    "case when abs(r.date - i.date) <= :days then 'MATCHED_WITHIN_TOLERANCE' "
    "else 'DATE_DIFFERS' end",
)

SAME_REFERENCE = paired(
    ("reference",),
    "amount, date",
    "abs(r.amount - i.amount), abs(r.date - i.date)",
    "REFERENCE",
    "case when abs(r.amount - i.amount) > :tolerance then 'AMOUNT_DIFFERS' "
    "when abs(r.date - i.date) > :days then 'DATE_DIFFERS' else 'MATCHED_WITHIN_TOLERANCE' end",
)

_BASE = r"regexp_replace(reference, '[-/.\:_ ][^-/.\:_ ]+$', '')"
"""A reference without its last part: what parts of one thing have in common. The colon is escaped
for SQLAlchemy."""


def _split(grouped: str, rule: str) -> str:
    """Several rows that sum up to the one item left of a reference."""
    return f"""
    with part as (select *, {grouped} as whole from row_left where reference <> ''),
    one as (
        select * from (
            select *, count(*) over (partition by reference) as n from item_left
        ) i where n = 1
    ), summed as (
        select whole, count(*) as rows, sum(amount) as amount, min(row) as row, min(date) as date
        from part where whole in (select reference from one) group by whole having count(*) > 1
    ), taken as (
        select p.row, one.number from summed s
        join one on one.reference = s.whole and one.amount = s.amount
        join part p on p.whole = s.whole
    ), {_TAKEN}
    select 'MATCHED_SPLIT', '{rule}', one.reference, one.counterparty, one.kind,
        s.row, s.rows, one.number, 1, one.amount, s.amount, one.date, s.date
    from summed s join one on one.reference = s.whole and one.amount = s.amount
    """  # noqa: S608 - names of this module


def _merged(grouped: str, rule: str) -> str:
    """The one row left of a reference that several items sum up to."""
    return f"""
    with part as (select *, {grouped} as whole from item_left),
    one as (
        select * from (
            select *, count(*) over (partition by reference) as n
            from row_left where reference <> ''
        ) r where n = 1
    ), summed as (
        select whole, count(*) as items, sum(amount) as amount, min(number) as number,
            min(date) as date, min(kind) as kind,
            case when min(counterparty) = max(counterparty) then min(counterparty) else '' end
                as counterparty
        from part where whole in (select reference from one) group by whole having count(*) > 1
    ), taken as (
        select one.row, p.number from summed s
        join one on one.reference = s.whole and one.amount = s.amount
        join part p on p.whole = s.whole
    ), {_TAKEN}
    select 'MATCHED_MERGED', '{rule}', one.reference, s.counterparty, s.kind,
        one.row, 1, s.number, s.items, s.amount, one.amount, s.date, one.date
    from summed s join one on one.reference = s.whole and one.amount = s.amount
    """  # noqa: S608 - names of this module


_OR_BASE = (
    f"case when reference in (select reference from {{other}}) then reference else {_BASE} end"  # noqa: S608 - names of this module
)

SUMS = (
    _split("reference", "SAME_REFERENCE_SUM"),
    _merged("reference", "SAME_REFERENCE_SUM"),
    _split(_OR_BASE.format(other="item_left"), "REFERENCE_PREFIX_SUM"),
    _merged(_OR_BASE.format(other="row_left"), "REFERENCE_PREFIX_SUM"),
)

WITHOUT_REFERENCE = f"""
with r as (
    select * from (
        select *, count(*) over (partition by amount, date) as n
        from row_left where reference = ''
    ) r where n = 1
), i as (
    select * from (
        select *, count(*) over (partition by amount, date) as n from item_left
    ) i where n = 1
), taken as (
    select r.row, i.number from r join i using (amount, date)
), {_TAKEN}
select 'MATCHED_WITHOUT_REFERENCE', 'AMOUNT_AND_DATE', i.reference,
    coalesce(nullif(i.counterparty, ''), r.counterparty), i.kind,
    r.row, 1, i.number, 1, i.amount, r.amount, i.date, r.date
from taken join r using (row) join i using (number)
"""  # noqa: S608 - names of this module

CANCELLED = """
with summed as (
    select reference, count(*) as items, min(number) as number, min(date) as date,
        min(kind) as kind,
        case when min(counterparty) = max(counterparty) then min(counterparty) else '' end
            as counterparty
    from item_left where reference not in (select reference from row_left)
    group by reference having count(*) > 1 and sum(amount) = 0
), gone as (
    delete from item_left using summed where item_left.reference = summed.reference
)
insert into found
select 'CANCELS_OUT', 'SUM_IS_ZERO', reference, counterparty, kind,
    null, 0, number, items, 0, 0, date, null
from summed
"""
"""What was booked and taken back in one window; a record may leave it out as well."""

_UNKNOWN = """
    select reference, amount, date, min(row) as row, count(*) as rows,
        min(counterparty) as counterparty, min(kind) as kind
    from row_left
    where reference <> '' and reference not in (select reference from known)
    group by reference, amount, date
"""

REST = (
    """
    insert into found
    select 'DUPLICATE', 'NOTHING_LEFT', r.reference, min(r.counterparty), known.kind, min(r.row),
        count(*), known.number, 0, 0, sum(r.amount), null, min(r.date)
    from row_left r join known on known.reference = r.reference
    group by r.reference, known.number, known.kind
    """,
    f"""
    insert into found
    select 'DUPLICATE', 'NOTHING_LEFT', reference, counterparty, kind,
        row, rows - 1, null, 0, 0, amount * (rows - 1), null, date
    from ({_UNKNOWN}) u where rows > 1
    """,  # noqa: S608 - names of this module
    f"""
    insert into found
    select 'MISSING_AT_GATEWAY', 'NOTHING_LEFT', reference, counterparty, kind,
        row, 1, null::bigint, 0, 0, amount, null::date, date
    from ({_UNKNOWN}) u
    union all
    select 'MISSING_AT_GATEWAY', 'NOTHING_LEFT', reference, counterparty, kind,
        row, 1, null, 0, 0, amount, null, date
    from row_left where reference = ''
    """,  # noqa: S608 - names of this module
    """
    insert into found
    select 'MISSING_AT_PARTNER', 'NOTHING_LEFT', reference, counterparty, kind,
        null, 0, number, 1, amount, 0, date, null
    from item_left
    """,
)
"""What no rule took. Rows beyond the ledger's of a reference that it knows are one finding."""

KEEP = """
insert into reconciliation_finding
select :reconciliation, row_number() over (
        order by reference collate "C", outcome collate "C", row nulls first, entry nulls first
    ), outcome, rule, reference, coalesce(counterparty, ''), coalesce(kind, ''),
    row, rows, entry, entries, ledger_minor, reported_minor, ledger_date, reported_date
from found
"""
