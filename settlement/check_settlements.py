"""Checks of settlements: what they found, posted and told, each from what came before it."""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence

from sqlalchemy import Connection, text

from settlement import statements, store
from settlement.ledger.accounts import settlement as settlement_account
from settlement.ledger.entries import Coalition
from settlement.ledger.problems import Problem
from settlement.ledger.reading import lines_of
from settlement.netting import Obligation, Payment, bilateral, positions
from settlement.posting import SETTLEMENT_KIND, settlement_lines
from settlement.store import Settlement, Stage
from settlement.windows import get_window

NETTED = frozenset({Stage.NET, Stage.POST, Stage.STATE, Stage.CLOSED})
POSTED = NETTED - {Stage.NET}
STATED = POSTED - {Stage.POST}

OBLIGATIONS = """
    with summed as (
        select split_part(l.debit, '/', 2) as window, l.kind,
            split_part(split_part(l.debit, '/', 3), ':', 1) as debtor,
            split_part(split_part(l.debit, '/', 3), ':', 2) as creditor,
            count(*) as lines, sum(l.amount) as amount
        from line l join entry e using (number)
        where l.debit ^@ 'clearing/' and e.window_id is not null
            and split_part(l.debit, '/', 2) in
                (select window_id::text from settlement where stage <> 'CUT')
        group by 1, 2, 3, 4
    ), kept as (
        select s.window_id::text as window, o.*
        from settlement_obligation o join settlement s using (settlement_id)
    )
    select format('window %s, %s owes %s, %s', coalesce(k.window, s.window),
            coalesce(k.debtor, s.debtor), coalesce(k.creditor, s.creditor),
            coalesce(k.kind, s.kind)) as place,
        format('%s in %s lines', coalesce(k.amount, 0), coalesce(k.lines, 0)) as found,
        format('%s in %s lines', coalesce(s.amount, 0), coalesce(s.lines, 0)) as expected
    from summed s full join kept k on k.window = s.window and k.debtor = s.debtor
        and k.creditor = s.creditor and k.kind = s.kind
    where (k.amount, k.lines) is distinct from (s.amount, s.lines)
    order by 1
"""
"""What a settlement netted is the sum over the lines of its window's entries."""


SHOWN = """
    select format('settlement %s, %s', p.settlement_id, p.participant) as place,
        p.entries || ' entries' as found, f.entries || ' entries' as expected
    from settlement_position p
    join settlement s using (settlement_id)
    join settlement_window w using (window_id)
    cross join lateral (
        select count(distinct number) as entries from feed
        where number between w.first_number and w.cut_number
            and participant in (p.participant, '*')
    ) f
    where p.entries <> f.entries
    order by p.settlement_id, p.participant
"""
"""What a statement counts are the entries of its window's span that its feed holds."""


DAYS = """
    with told as (
        select s.settlement_id,
            concat_ws(', ', s.business_date, s.advice_date, s.settlement_date) as kept,
            concat_ws(', ', f ->> 'business_date', f ->> 'advice_date', f ->> 'settlement_date')
                as cut
        from settlement s join settlement_window w using (window_id)
        join entry e on e.number = w.cut_number and e.kind = 'CUT'
        cross join lateral (select convert_from(e.facts, 'UTF8')::jsonb as f) as facts
    )
    select 'settlement ' || settlement_id as place, kept as found, cut as expected
    from told where kept <> cut order by settlement_id
"""
"""A settlement has the days that the entry of its window's cut says."""


def settlement_problems(connection: Connection, settlement: Settlement) -> Iterator[Problem]:
    """Whether positions, payments and statements of a settlement agree among themselves.

    Reads what was stored, no lines: it takes no longer for more entries.
    """
    where = f"settlement {settlement.settlement_id}"
    if settlement.stage not in NETTED:
        return
    gross = store.load_gross(connection, settlement.settlement_id)
    stored = store.load_positions(connection, settlement.settlement_id)
    found = {position.participant: position.net_minor for position in stored}
    expected = positions((row.obligation for row in gross), settlement.participants)
    yield from _different("positions", where, found, expected)
    if total := sum(found.values()):
        yield Problem("positions", where, f"a sum of {total}", "a sum of 0")
    paid = store.load_payments(connection, settlement.settlement_id)
    yield from _payments(where, found, paid, settlement.apart)
    yield from _apart(where, settlement, bilateral(row.obligation for row in gross), paid)
    if settlement.stage in STATED:
        yield from _statement_hashes(connection, where, settlement, found)


def _different(
    check: str,
    where: str,
    found: Mapping[str, int],
    expected: Mapping[str, int],
) -> Iterator[Problem]:
    for name in sorted(found.keys() | expected.keys()):
        if found.get(name) != expected.get(name):
            there, due = str(found.get(name, "nothing")), str(expected.get(name, "nothing"))
            yield Problem(check, f"{where}, {name}", there, due)


def _payments(
    where: str,
    nets: Mapping[str, int],
    payments: Sequence[Payment],
    apart: Collection[str],
) -> Iterator[Problem]:
    """Payments bring every position to zero; of those netted nobody both pays and receives."""
    paid = dict.fromkeys(nets, 0)
    for payment in payments:
        paid[payment.payer] = paid.get(payment.payer, 0) - payment.amount
        paid[payment.payee] = paid.get(payment.payee, 0) + payment.amount
    yield from _different("payments", where, paid, nets)
    netted = [p for p in payments if {p.payer, p.payee}.isdisjoint(apart)]
    for name in sorted({p.payer for p in netted} & {p.payee for p in netted}):
        yield Problem("payments", f"{where}, {name}", "pays and receives", "one of them")


def _apart(
    where: str,
    settlement: Settlement,
    owed: Sequence[Obligation],
    payments: Sequence[Payment],
) -> Iterator[Problem]:
    """What is between a participant apart and another is paid as their own net, and no more."""
    apart = set(settlement.apart)
    expected = {
        f"{due.debtor} to {due.creditor}": due.amount
        for due in owed
        if not apart.isdisjoint((due.debtor, due.creditor))
    }
    found = {
        f"{paid.payer} to {paid.payee}": paid.amount
        for paid in payments
        if not apart.isdisjoint((paid.payer, paid.payee))
    }
    yield from _different("payments-apart", where, found, expected)


def _statement_hashes(
    connection: Connection,
    where: str,
    settlement: Settlement,
    nets: Mapping[str, int],
) -> Iterator[Problem]:
    made = statements.statements_of(connection, settlement.settlement_id)
    for name in sorted(nets.keys() ^ made.keys()):
        found, expected = ("a statement", "none") if name in made else ("none", "a statement")
        yield Problem("statements", f"{where}, {name}", found, expected)
    for name, statement in made.items():
        digest = hashlib.sha256(statement.json).digest()
        if digest != statement.sha256:
            found, expected = statement.sha256.hex(), digest.hex()
            yield Problem("statement-hash", f"{where}, {name}", found, expected)


def check_post(
    connection: Connection,
    coalition: Coalition,
    settlement: Settlement,
) -> Iterator[Problem]:
    """The entry of a settlement has the lines that follow from what was netted."""
    number = settlement.post_number
    where = f"settlement {settlement.settlement_id}, number {number}"
    if settlement.stage not in POSTED:
        return
    kind = connection.execute(text("select kind from entry where number = :n"), {"n": number})
    if (found := kind.scalar()) != SETTLEMENT_KIND or number is None:
        yield Problem("post", where, f"an entry of kind {found}", SETTLEMENT_KIND)
        return
    gross = store.load_gross(connection, settlement.settlement_id)
    expected = [
        (line.kind, line.currency, line.amount, line.debit.code, line.credit.code)
        for line in settlement_lines(
            coalition.currency,
            settlement.window_id,
            bilateral(row.obligation for row in gross),
            store.load_payments(connection, settlement.settlement_id),
        )
    ]
    posted = [
        (line.kind, line.currency, line.amount, line.debit, line.credit)
        for line in lines_of(connection, [number]).get(number, ())
    ]
    missing, extra = sorted(set(expected) - set(posted)), sorted(set(posted) - set(expected))
    if posted != expected:
        yield Problem("post", where, f"{extra or 'other order'}", f"{missing or 'this order'}")


def check_statements(
    connection: Connection,
    coalition: Coalition,
    settlement: Settlement,
) -> Iterator[Problem]:
    """Statements are, byte for byte, what follows from the book."""
    window = get_window(connection, settlement.window_id)
    if settlement.stage not in STATED or window is None:
        return
    made = statements.statements_of(connection, settlement.settlement_id)
    for expected in statements.compose(connection, coalition, settlement, window):
        where = f"settlement {settlement.settlement_id}, {expected.participant}"
        found = made.get(expected.participant)
        if found is not None and found.json != expected.json:
            yield Problem("statement-json", where, _clip(found.json), _clip(expected.json))
        if found is not None and found.csv != expected.csv:
            yield Problem("statement-csv", where, _clip(found.csv), _clip(expected.csv))
        if found is not None and found.previous_sha256 != expected.previous_sha256:
            there, due = _hex(found.previous_sha256), _hex(expected.previous_sha256)
            yield Problem("statement-chain", where, there, due)


def _clip(data: bytes) -> str:
    digest = hashlib.sha256(data).hexdigest()
    return f"{len(data)} bytes with SHA-256 {digest}"


def _hex(digest: bytes | None) -> str:
    return "none" if digest is None else digest.hex()


_DUE = text(
    "select number, debit, credit, amount from line "
    "where debit ^@ 'settlement/' or credit ^@ 'settlement/' order by number, \"index\"",
)


def check_openings(connection: Connection, settlements: Sequence[Settlement]) -> Iterator[Problem]:
    """What was open before each settlement is the sum over the lines before its entry."""
    lines = connection.execute(_DUE).all()
    balances: dict[str, int] = {}
    done = 0
    for settlement in settlements:
        if settlement.stage not in POSTED or settlement.post_number is None:
            continue
        while done < len(lines) and lines[done].number < settlement.post_number:
            line = lines[done]
            balances[line.debit] = balances.get(line.debit, 0) - line.amount
            balances[line.credit] = balances.get(line.credit, 0) + line.amount
            done += 1
        for position in store.load_positions(connection, settlement.settlement_id):
            code = settlement_account(position.participant, "").code
            expected = balances.get(code, 0)
            if position.opening_minor != expected:
                where = f"settlement {settlement.settlement_id}, {position.participant}"
                yield Problem("openings", where, str(position.opening_minor), str(expected))
