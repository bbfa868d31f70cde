"""Matching a partner's record of a window against the ledger: sets, in a fixed order of rules.

    EXACT                 reference, amount and date agree
    REFERENCE_AND_AMOUNT  the same without the date
    SAME_REFERENCE_SUM    many of one side sum up to the one of the other
    REFERENCE_PREFIX_SUM  likewise, where the references of the many begin with that of the one
    REFERENCE             the same reference, another amount
    AMOUNT_AND_DATE       a row without a reference, and the only item like it
    SUM_IS_ZERO           items that take each other back
    NOTHING_LEFT          what remains on either side

What a rule takes, later ones do not see. The outcome follows from the record's rows and the
ledger alone: whoever runs it again comes to the same findings, in the same order.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from sqlalchemy import Connection, text

from settlement import reconciliation_sql as sql
from settlement.ledger.entries import Coalition
from settlement.ledger.partner_records import MatchResult, PartnerRecord, load_result
from settlement.reconciliation_items import ITEMS, bound_of
from settlement.reconciliation_outcomes import Finding, Outcome, Rule, digest_of
from settlement.windows import Window, WindowState

LOCK = int.from_bytes(b"cmat")
"""First key of the advisory locks of matching; the second is of the record."""

SESSION = (
    "set local enable_seqscan = on",
    "set local enable_hashjoin = on",
    "set local enable_mergejoin = on",
    "set local enable_nestloop = off",
    "set local jit = off",
    "set local work_mem = '256MB'",
)
"""Whole windows are read at once, which the sessions of the gateway forbid (gateway.database). A
loop over what is thought to be few rows, because a table is new, would never end."""

Progress = Callable[[str, int, int], None]
"""Told the rule, and how many of how many are done."""


class MatchingUnderWay(Exception):
    """Another session is matching this record; its result will be there when it has ended."""


class NotMatchable(Exception):
    """A record that is not whole, or of a window that is open, has no outcome yet."""


def match(
    connection: Connection,
    coalition: Coalition,
    record: PartnerRecord,
    window: Window,
    progress: Progress = lambda *_: None,
) -> MatchResult:
    """Match a whole record of a window that was cut; once done, give what was found then.

    In the caller's transaction: until it commits nothing is changed. Raises NotMatchable, and
    MatchingUnderWay where another session is at it: nobody waits for work of minutes.
    """
    if window.state is WindowState.OPEN or not record.is_complete:
        raise NotMatchable(record.number)
    known = load_result(connection, record.number)
    if known is not None:
        return known
    _lock(connection, record.number)
    known = load_result(connection, record.number)  # of who held the lock until now
    if known is not None:
        return known
    for setting in SESSION:
        connection.execute(text(setting))
    ledger = bound_of(coalition, window, record.participant, record.time_zone)
    items, total = _load_items(connection, ledger)
    left = _match(connection, record, ledger, progress)
    connection.execute(text(sql.KEEP), {"reconciliation": record.number})
    counts = _counts(connection, record.rows - left)
    connection.execute(text(sql.DROP))
    return _save(connection, record.number, MatchResult(items, total, counts, 0, b""))


def _lock(connection: Connection, number: int) -> None:
    taken = connection.execute(
        text("select pg_try_advisory_xact_lock(:lock, cast(:number % 2147483647 as integer))"),
        {"lock": LOCK, "number": number},
    )
    if not taken.scalar_one():
        raise MatchingUnderWay(number)


def _load_items(connection: Connection, ledger: Mapping[str, object]) -> tuple[int, int]:
    """Put the ledger's side into `ledger_item`; how many they are, and their sum."""
    connection.execute(
        text(
            "create temp table ledger_item (number bigint, kind text, reference text, "
            "date date, amount bigint) on commit drop"
        )
    )
    used = _used(ITEMS, ledger)
    connection.execute(text(f"insert into ledger_item {ITEMS}"), used)
    connection.execute(text("analyze ledger_item"))
    found = connection.execute(text("select count(*), coalesce(sum(amount), 0) from ledger_item"))
    count, total = found.one()
    return int(count), int(total)


def _match(
    connection: Connection,
    record: PartnerRecord,
    ledger: Mapping[str, object],
    progress: Progress,
) -> int:
    """All rules in order; how many rows were not matched exactly."""
    bound = {
        **ledger,
        "reconciliation": record.number,
        "tolerance": record.amount_tolerance_minor,
        "days": record.day_tolerance,
    }
    for statement in sql.WORK_TABLES:
        connection.execute(text(statement))
    rules: list[tuple[str, tuple[str, ...]]] = [
        ("EXACT", (sql.DIFFERING, "analyze differing", sql.ROWS_LEFT, sql.ITEMS_LEFT)),
        ("WITH_WHOM", (sql.LOOPS, sql.WITH_WHOM, sql.KNOWN, "analyze known")),
        ("REFERENCE_AND_AMOUNT", (sql.SAME_AMOUNT,)),
        ("SUMS", sql.SUMS),
        ("REFERENCE", (sql.SAME_REFERENCE,)),
        ("AMOUNT_AND_DATE", (sql.WITHOUT_REFERENCE,)),
        ("SUM_IS_ZERO", (sql.CANCELLED,)),
        ("NOTHING_LEFT", sql.REST),
    ]
    left = 0
    for done, (rule, statements) in enumerate(rules):
        progress(rule, done, len(rules))
        for statement in statements:
            connection.execute(text(statement), _used(statement, bound))
            if statement is sql.ITEMS_LEFT:
                left = connection.execute(text("select count(*) from row_left")).scalar_one()
        connection.execute(text("analyze row_left"))
        connection.execute(text("analyze item_left"))
    progress("NOTHING_LEFT", len(rules), len(rules))
    return int(left)


def _used(statement: str, bound: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in bound.items() if f":{name}" in statement}


def _counts(connection: Connection, exact: int) -> dict[str, int]:
    """How often each outcome: rows, and items where there is no row."""
    counted: Counter[str] = Counter({Outcome.MATCHED: exact})
    rows = connection.execute(
        text(
            "select outcome, sum(case when rows = 0 then entries else rows end) as n "
            "from found group by outcome"
        )
    )
    for row in rows:
        counted[row.outcome] += int(row.n)
    return {outcome: counted[outcome] for outcome in Outcome if counted[outcome]}


def _save(connection: Connection, number: int, found: MatchResult) -> MatchResult:
    count = 0

    def listed() -> Iterator[Finding]:
        nonlocal count
        for _, finding in findings(connection, number):
            count += 1
            yield finding

    digest = digest_of(listed())
    connection.execute(
        text(
            "insert into reconciliation_result "
            "values (:number, :items, :total, :counts, :findings, :digest)"
        ),
        {
            "number": number,
            "items": found.items,
            "total": found.items_total_minor,
            "counts": json.dumps(dict(found.counts)),
            "findings": count,
            "digest": digest,
        },
    )
    return MatchResult(found.items, found.items_total_minor, found.counts, count, digest)


FINDINGS_AT_ONCE = 5_000


def findings(
    connection: Connection, number: int, *, after: int = 0, limit: int | None = None
) -> Iterator[tuple[int, Finding]]:
    """Findings of a record with their places, from 1, in order."""
    given = 0
    while limit is None or given < limit:
        size = FINDINGS_AT_ONCE if limit is None else min(FINDINGS_AT_ONCE, limit - given)
        rows = connection.execute(
            text(
                "select * from reconciliation_finding where reconciliation = :number "
                "and item > :after order by item limit :size"
            ),
            {"number": number, "after": after, "size": size},
        ).all()
        for row in rows:
            yield (
                row.item,
                Finding(
                    outcome=Outcome(row.outcome),
                    rule=Rule(row.rule),
                    reference=row.reference,
                    counterparty=row.counterparty,
                    kind=row.kind,
                    row=row.row,
                    rows=row.rows,
                    entry=row.entry,
                    entries=row.entries,
                    ledger_minor=row.ledger_minor,
                    reported_minor=row.reported_minor,
                    ledger_date=row.ledger_date,
                    reported_date=row.reported_date,
                ),
            )
            after = row.item
        given += len(rows)
        if len(rows) < size:
            return
