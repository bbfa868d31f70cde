"""Checks of windows: their spans, what belongs to them, and what is left in their clearing."""

from collections.abc import Iterator, Mapping

from sqlalchemy import Connection, text

from settlement.ledger.accounts import clearing_prefix
from settlement.ledger.book import FIRST_WINDOW
from settlement.ledger.problems import Problem

_WINDOWS = text(
    "select window_id, first_number, cut_number, (select open_window from ledger_head) as open, "
    "lead(window_id) over (order by window_id) as next from settlement_window order by window_id",
)


def check_windows(connection: Connection) -> Iterator[Problem]:
    """Windows follow each other without a gap, and the last is the one that the head names."""
    window_id, first = FIRST_WINDOW, 0
    rows = connection.execute(_WINDOWS).all()
    for row in rows:
        where = f"window {row.window_id}"
        if row.window_id != window_id:
            yield Problem("windows", where, "after a gap", f"window {window_id}")
        if row.first_number != first:
            yield Problem("windows", where, f"first number {row.first_number}", str(first))
        if (row.cut_number is None) != (row.next is None):
            yield Problem("windows", where, f"cut at {row.cut_number}", "a cut, but of the last")
        window_id, first = row.window_id + 1, (row.cut_number or row.first_number) + 1
    if rows and rows[-1].window_id != rows[-1].open:
        found, expected = f"window {rows[-1].open} in the head", f"window {rows[-1].window_id}"
        yield Problem("windows", "open window", found, expected)
    if not rows:
        yield Problem("windows", "windows", "none", "one that is open")


_SPANS = """
    select 'number ' || e.number as place, 'window ' || e.window_id as found,
        coalesce('window ' || w.window_id, 'none') as expected
    from entry e
    left join settlement_window w
        on e.number between w.first_number and coalesce(w.cut_number, 9223372036854775807)
    where e.window_id is not null and e.window_id is distinct from w.window_id
    order by e.number
"""
"""Entries are stamped with the window in whose span they stand."""

_CUTS = """
    select coalesce('number ' || e.number, 'window ' || w.window_id) as place,
        case when e.number is null then 'cut at ' || w.cut_number else 'a CUT' end as found,
        case when e.number is null then 'a CUT of that number' else 'a window that ends there' end
            as expected
    from (select number from entry where kind = 'CUT') e
    full join (select * from settlement_window where cut_number is not null) w
        on w.cut_number = e.number
    where e.number is null or w.window_id is null
    order by 1
"""
"""Each CUT ends a window, each window that ended has its CUT."""

_STATES = """
    select 'window ' || w.window_id as place, w.state as found, s.state as expected
    from settlement_window w
    cross join lateral (
        select coalesce((
            select case when stage <> 'CLOSED' or p.state = 'ABORTED' then 'CUT' else 'CLOSED' end
            from settlement left join posted_settlement p using (settlement_id)
            where settlement.window_id = w.window_id order by settlement_id desc limit 1
        ), 'OPEN') as state
    ) s
    where w.state <> s.state
    order by w.window_id
"""
"""A window is open until its settlement begins, and closed when that is: the last, if aborted."""

_LEFT = """
    select 'account ' || code as place, format('debits %s, credits %s', debits, credits) as found,
        'nothing left after the settlement of its window' as expected
    from company_account
    join posted_settlement s on s.window_id::text = split_part(code, '/', 2)
        and s.state <> 'ABORTED'
    where code ^@ 'clearing/' and debits <> credits
    order by 1
"""
"""A settlement leaves nothing in the clearing of its window, unless it is undone."""

_UNPOSTED = """
    select 'number ' || e.number as place, 'clearing lines in a ' || e.kind || ' of no window'
        as found, 'the entry of a settlement' as expected
    from entry e
    where e.window_id is null
        and exists (select from line l where l.number = e.number and l.debit ^@ 'clearing/')
        and e.number not in (select post_number from settlement where post_number is not null)
        and e.number not in
            (select abort_number from posted_settlement where abort_number is not null)
    order by e.number
"""
"""Clearing moves by business of its window, by its settlement and the end of that: by no more."""

_TIMES = """
    select 'window ' || w.window_id as place, concat_ws(' ', w.opened_at, w.cut_at) as found,
        concat_ws(' ', o.accepted_at, c.accepted_at) as expected
    from settlement_window w
    left join entry c on c.number = w.cut_number
    left join entry o on o.number = greatest(w.first_number - 1, 0)
    where (w.opened_at, w.cut_at) is distinct from (o.accepted_at, c.accepted_at)
    union all
    select 'open window', h.window_opened_at::text, w.opened_at::text
    from ledger_head h join settlement_window w on w.window_id = h.open_window
    where h.window_opened_at <> w.opened_at
    order by 1
"""
"""A window opens with the CUT of the one before, the first with the coalition, and ends with its
own: what the shared currency is worth in money is pinned at these instants."""

WINDOW_CHECKS: Mapping[str, str] = {
    "window-spans": _SPANS,
    "window-cuts": _CUTS,
    "window-states": _STATES,
    "window-times": _TIMES,
    "clearing-left": _LEFT,
    "clearing-entries": _UNPOSTED,
}
"""By the name of the check: a query that gives (where, found, expected) per problem."""


def clearing_left(connection: Connection, window_id: int) -> Iterator[Problem]:
    """Clearing accounts of one window that are not at zero, as they stand now."""
    rows = connection.execute(
        text(
            "select code, debits, credits from company_account "
            "where code ^@ :prefix and debits <> credits order by code",
        ),
        {"prefix": clearing_prefix(window_id)},
    )
    for row in rows:
        found = f"debits {row.debits}, credits {row.credits}"
        yield Problem("clearing-left", f"account {row.code}", found, "nothing left")
