"""Large books, made fast: one accrual that the gateway booked, copied by the database itself.

A copy differs in its number, its members and its activity. Bytes, digests, leaves, the hash tree
and all counters are the real ones: the self-check finds nothing wrong, and the gateway goes on
after it. Three things are not as the gateway would have them: members have no entry of their
enrolment, a request's hash is of no message, and requests are items of batches whose envelope and
answer are empty, so that only a replay would miss them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import sql
from sqlalchemy import Connection, Engine, text

from gateway.bench.problems import BenchError
from settlement.ledger.book import Counters, Head, read_head
from settlement.ledger.bulk import copy_rows, send
from settlement.ledger.entries import (
    ENTRY_VERSION,
    FACTS_PREFIX,
    LINE_PREFIX,
    LINES_ROOT_PREFIX,
    SALT_BYTES,
    Coalition,
    canonical,
    timestamp,
)
from settlement.ledger.exposure import added_exposure
from settlement.ledger.reading import StoredLine, lines_of
from settlement.ledger.tables import tree_node
from settlement.ledger.tree import grow

if TYPE_CHECKING:
    from settlement.ledger.accounts import Account

ENTRIES_PER_MEMBER = 50
AT_ONCE = 25_000
"""Entries in a transaction: it holds the writer's lock for some seconds."""

SPREAD = 7_919
"""A prime: whose turn it is jumps about, as members' business does."""

GROWN = ("entry", "line", "feed", "member_entry", "activity", "request", "member_account")

_Bound = Mapping[str, object]

LEAF_PREFIX = b"\x00"
"""Of a leaf's hash (RFC 6962, section 2.1)."""

_HMAC_BLOCK = 64
_INNER, _OUTER = 0x36, 0x5C
"""Of HMAC (RFC 2104): the salts are made by the database."""


@dataclass(frozen=True, slots=True)
class _Pattern:
    """The accrual that is copied, its lines, and its members' accounts (id, programme).

    `first` is the number of the first copy, which is also the first id of the new members.
    """

    entry: Any
    reference: str
    lines: Sequence[StoredLine]
    accounts: Sequence[tuple[int, str]]
    first: int
    members: int

    def marked(self, data: str) -> str:
        """Text in which a mark stands for each member's account."""
        for place, (member_id, programme) in enumerate(self.accounts):
            data = data.replace(f"member/{member_id}/{programme}", f"member/@{place}@/{programme}")
        return data

    def filled(self, expression: str) -> str:
        """SQL for marked text with the ids of a copy's members."""
        for place in range(len(self.accounts)):
            expression = f"replace({expression}, '@{place}@', m{place}::text)"
        return expression

    def member(self, place: int, turn: str) -> str:
        """SQL for the id of the member who has a turn."""
        return f"{self.first + place} + {len(self.accounts)} * ({turn})"

    @property
    def numbers(self) -> str:
        """SQL for the table `n`: numbers of copies, each with the ids of its members."""
        turn = f"(number - {self.first}) * {SPREAD} % {self.members}"
        ids = [f"{self.member(place, turn)} as m{place}" for place in range(len(self.accounts))]
        return (
            f"with n as materialized (select {', '.join(['number', *ids])} from "  # noqa: S608 - numbers
            "generate_series(cast(:first as bigint), cast(:last as bigint)) as number)"
        )


def fill(engine: Engine, coalition: Coalition, entries: int) -> None:
    """Bring the ledger to `entries` entries, beside a gateway or without one.

    Copies the newest accrual. Stopped anywhere it leaves a sound book, and goes on when it is
    called again. Raises BenchError where there is no accrual to copy.
    """
    with engine.connect() as connection:
        pattern = _pattern(connection, entries)
        if entries - pattern.first >= len(pattern.accounts):
            _prepare(connection, coalition, pattern)
            _add_members(connection, pattern)
            connection.commit()
            while (head := read_head(connection, lock=True)).size < entries:
                _add(connection, coalition, pattern, head, min(AT_ONCE, entries - head.size))
                connection.commit()
        connection.rollback()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in GROWN:
            connection.execute(text(f"vacuum (analyze) {table}"))


def _pattern(connection: Connection, entries: int) -> _Pattern:
    """The newest accrual, whose activity counted for nothing but points."""
    entry = connection.execute(
        text(
            "select e.*, a.reference from entry e join activity a using (number) "
            "where e.kind = 'ACCRUAL' and a.counted = '[]' "
            "and a.reversed_number is null order by number desc limit 1"
        )
    ).one_or_none()
    if entry is None:
        message = "there is no accrual to copy: book one, by a rule that counts for no tier"
        raise BenchError(message)
    lines = lines_of(connection, [entry.number])[entry.number]
    codes = (code.split("/") for line in lines for code in (line.debit, line.credit))
    accounts = dict.fromkeys((int(c[1]), c[2]) for c in codes if c[0] == "member")
    first = read_head(connection).size
    members = max(1, (entries - first) // ENTRIES_PER_MEMBER)
    return _Pattern(entry, entry.reference, lines, list(accounts), first, members)


def _prepare(connection: Connection, coalition: Coalition, pattern: _Pattern) -> None:
    """What the session needs: the salts as a function, the marked lines as a table."""
    key = coalition.salt_key.ljust(_HMAC_BLOCK, b"\0")
    salt = sql.SQL(
        "create or replace function pg_temp.salt(number bigint, tag int) returns bytea "
        "language sql immutable as $$ select substr(sha256({outer} || sha256({inner} "
        "|| int8send(number) || int4send(tag))), 1, {length}) $$"
    ).format(
        inner=sql.Literal(bytes(byte ^ _INNER for byte in key)),
        outer=sql.Literal(bytes(byte ^ _OUTER for byte in key)),
        length=SALT_BYTES,
    )
    connection.exec_driver_sql(salt.as_string(None).replace("%", "%%"))
    connection.execute(text("drop table if exists pg_temp.pattern"))
    connection.execute(
        text("create temp table pattern as select *, '' as data from line where number = :number"),
        {"number": pattern.entry.number},
    )
    connection.execute(
        text(
            "update pattern set debit = :debit, credit = :credit, data = :data "
            'where "index" = :index'
        ),
        [
            {
                "index": line.index,
                "debit": pattern.marked(line.debit),
                "credit": pattern.marked(line.credit),
                "data": pattern.marked(line.data.decode("ascii")),
            }
            for line in pattern.lines
        ],
    )


_COPIED = {
    "member_id": "{id}",
    "member_number": "'G' || {id}",
    "other_member_id": "{other}",
}
"""What differs in the rows of a new member."""


def _add_members(connection: Connection, pattern: _Pattern) -> None:
    """Memberships like those of the pattern; their ids are numbers of copies, so nobody else's."""
    for place, (member_id, programme) in enumerate(pattern.accounts):
        new = pattern.member(place, "k")
        here = f"member_id = {member_id} and programme = '{programme}'"
        for table in ("membership", "enrolment", "tier_term", "election"):
            _copy_rows_of(connection, pattern, table, here, id=new)
        for other, (other_id, other_programme) in enumerate(pattern.accounts):
            there = f"other_member_id = {other_id} and other_programme = '{other_programme}'"
            linked = pattern.member(other, "k")
            _copy_rows_of(connection, pattern, "link", f"{here} and {there}", id=new, other=linked)


def _copy_rows_of(
    connection: Connection, pattern: _Pattern, table: str, where: str, **ids: str
) -> None:
    """Insert, for every new member, a row like the one that is found."""
    row = connection.execute(text(f"select * from {table} limit 0"))  # noqa: S608 - our name
    shown = ", ".join(_COPIED.get(name, name).format(**ids) for name in row.keys())  # noqa: SIM118 - a result
    connection.execute(
        text(
            f"insert into {table} select {shown} from {table} "  # noqa: S608 - our names
            f"cross join generate_series(0, {pattern.members - 1}) as k where {where} "
            "on conflict do nothing"
        )
    )


def _add(
    connection: Connection, coalition: Coalition, pattern: _Pattern, head: Head, copies: int
) -> None:
    """So many copies at the end of the log, with all that follows from them."""
    if pattern.entry.window_id != head.open_window:
        message = "the newest accrual is of a window that was cut: book one in the open window"
        raise BenchError(message)
    bound: _Bound = {
        "first": head.size,
        "last": head.size + copies - 1,
        "like": pattern.entry.number,
    }
    _add_entries(connection, pattern, coalition, head, bound)
    debit, credit = pattern.filled("l.debit"), pattern.filled("l.credit")
    lines = (
        'insert into line (number, "index", kind, currency, amount, debit, credit, funder, price, '  # noqa: S608 - our names
        f'rule, terms) select n.number, l."index", l.kind, l.currency, l.amount, {debit}, '
        f"{credit}, l.funder, l.price, l.rule, l.terms from n cross join pattern l"
    )
    for statement in (lines, _FEEDS, _ACTIVITIES, _REQUESTS, _BATCH):
        connection.execute(text(f"{pattern.numbers} {statement}"), bound)
    _add_member_rows(connection, pattern, bound)
    _add_to_companies(connection, pattern, bound, copies)
    _end(connection, head, copies)


def _told(pattern: _Pattern) -> str:
    """The pattern's facts, with marks."""
    facts: str = pattern.entry.facts.decode("ascii")
    facts = facts.replace(f'"reference":"{pattern.reference}"', '"reference":"@reference@"')
    for place, (member_id, _) in enumerate(pattern.accounts):
        facts = facts.replace(f'"member":"{member_id}"', f'"member":"@{place}@"')
    return facts


def _stored(pattern: _Pattern, coalition: Coalition, head: Head) -> str:
    """The bytes of a copy, with marks: as `settlement.ledger.entries.Entry.entry_bytes`."""
    return canonical(
        {
            "accepted_at": timestamp(head.accepted_at),
            "coalition": coalition.coalition_id,
            "corrects": None,
            "facts": "@facts@",
            "kind": pattern.entry.kind,
            "lines": str(len(pattern.lines)),
            "lines_root": "@root@",
            "number": "@number@",
            "request": "@request@",
            "sender": pattern.entry.sender,
            "version": ENTRY_VERSION,
            "window": str(head.open_window),
        }
    ).decode("ascii")


def _add_entries(
    connection: Connection, pattern: _Pattern, coalition: Coalition, head: Head, bound: _Bound
) -> None:
    """The entries: their facts, their bytes and their leaves."""
    facts = pattern.filled("replace(:told, '@reference@', 'grown-' || number)")
    statement = f"""{pattern.numbers}, told as materialized (
    select *, convert_to({facts}, 'UTF8') as facts,
        sha256(convert_to('grown-' || number, 'UTF8')) as request from n
), hashed as materialized (
    select *, sha256({_hex(FACTS_PREFIX)} || pg_temp.salt(number, -1) || facts) as digest,
        sha256({_hex(LINES_ROOT_PREFIX)} || (
            select string_agg(sha256({_hex(LINE_PREFIX)} || pg_temp.salt(told.number, l."index")
                || convert_to({pattern.filled("l.data")}, 'UTF8')), '' order by l."index")
            from pattern l
        )) as root
    from told
), made as materialized (
    select *, convert_to(replace(replace(replace(replace(:stored,
        '@number@', number::text), '@request@', encode(request, 'hex')),
        '@facts@', encode(digest, 'hex')), '@root@', encode(root, 'hex')), 'UTF8') as stored
    from hashed
)
insert into entry (number, kind, sender, accepted_at, window_id, request_sha256, facts,
    entry_bytes, leaf)
select number, :kind, :sender, :at, :window, request, facts, stored,
    sha256({_hex(LEAF_PREFIX)} || stored) from made"""  # noqa: S608 - all of it is of this module
    connection.execute(
        text(statement),
        {
            **bound,
            "told": _told(pattern),
            "stored": _stored(pattern, coalition, head),
            "kind": pattern.entry.kind,
            "sender": pattern.entry.sender,
            "at": head.accepted_at,
            "window": head.open_window,
        },
    )


def _hex(data: bytes) -> str:
    """Bytes as SQL has them."""
    return f"decode('{data.hex()}', 'hex')"


_FEEDS = """
insert into feed (participant, number, facts, lines)
select participant, n.number, facts, lines from n cross join feed where feed.number = :like
"""
_ACTIVITIES = """
insert into activity (supplier, kind, reference, revision, number, reporter, counted,
    reversed_numerator, reversed_denominator, recovered)
select supplier, a.kind, 'grown-' || n.number, revision, n.number, reporter, counted,
    reversed_numerator, reversed_denominator, recovered
from n cross join activity a where a.number = :like
"""
_REQUESTS = """
insert into request (sender, request_id, sha256, method, keyid, number, decided_at, batch_id,
    batch_index)
select r.sender, 'grown-' || n.number, e.request_sha256, r.method, r.keyid, n.number,
    e.accepted_at, 'grown-batch-' || :first, 0
from n join entry e using (number) cross join request r where r.number = :like
"""
_BATCH = """
insert into request (sender, request_id, sha256, method, keyid, decided_at, envelope,
    answer_type, answer, answer_keyid)
select r.sender, 'grown-batch-' || :first, r.sha256, r.method, r.keyid, e.accepted_at, '',
    coalesce(r.answer_type, ''), '', coalesce(r.answer_keyid, '')
from n join entry e using (number) cross join (
    select sender, sha256, method, keyid, answer_type, answer_keyid from request
    where number = :like
) r where n.number = :first
"""
_USED = """
update agreement_usage u set used = u.used + :copies * m.points
from (select terms, sum(amount) as points from line
      where number = :like and debit ^@ 'issued/' group by terms) m
where m.terms = u.agreement
"""
_COMPANIES = """
insert into company_account as a (code, currency, debits, credits)
values (:code, :currency, :debits, :credits) on conflict (code)
do update set debits = a.debits + excluded.debits, credits = a.credits + excluded.credits
"""


def _add_member_rows(connection: Connection, pattern: _Pattern, bound: _Bound) -> None:
    """Members' histories and counters."""
    for place, (member_id, programme) in enumerate(pattern.accounts):
        code = f"member/{member_id}/{programme}"
        sums = {
            "debits": sum(line.amount for line in pattern.lines if line.debit == code),
            "credits": sum(line.amount for line in pattern.lines if line.credit == code),
        }
        currency = next(
            line.currency for line in pattern.lines if code in {line.debit, line.credit}
        )
        named = {**bound, "programme": programme}
        history = (
            "insert into member_entry (member_id, programme, number) "  # noqa: S608 - our names
            f"select m{place}, :programme, number from n"
        )
        connection.execute(text(f"{pattern.numbers} {history}"), named)
        counters = (
            "insert into member_account as a (member_id, programme, currency, debits, credits) "  # noqa: S608 - our names
            f"select m{place}, :programme, :currency, count(*) * :debits, count(*) * :credits "
            f"from n group by m{place} on conflict (member_id, programme) do update set "
            "debits = a.debits + excluded.debits, credits = a.credits + excluded.credits"
        )
        connection.execute(
            text(f"{pattern.numbers} {counters}"), {**named, **sums, "currency": currency}
        )


def _add_to_companies(
    connection: Connection, pattern: _Pattern, bound: _Bound, copies: int
) -> None:
    """Counters of companies, of who owes, and of the agreement."""
    moved: dict[Account, Counters] = {}
    for line in (stored.as_line() for stored in pattern.lines):
        for account, debits, credits_ in (
            (line.debit, line.amount, 0),
            (line.credit, 0, line.amount),
        ):
            was = moved.get(account, Counters())
            moved[account] = Counters(was.debits + copies * debits, was.credits + copies * credits_)
    send(connection, [added_exposure(moved)])
    for account, counters in moved.items():
        if account.member_id is None:
            connection.execute(
                text(_COMPANIES),
                {
                    "code": account.code,
                    "currency": account.currency,
                    "debits": counters.debits,
                    "credits": counters.credits,
                },
            )
    connection.execute(text(_USED), {**bound, "copies": copies})


def _end(connection: Connection, head: Head, copies: int) -> None:
    """The end of the log, and the tiles of the tree on the way to it."""
    leaves = connection.execute(
        text("select leaf from entry where number >= :first order by number"), {"first": head.size}
    ).scalars()
    tree = grow(head.frontier, head.size, [bytes(leaf) for leaf in leaves])
    copy_rows(connection, tree_node, ((n.level, n.place, hashed) for n, hashed in tree.tiles))
    connection.execute(
        text("update ledger_head set size = :size, frontier = :frontier"),
        {"size": head.size + copies, "frontier": list(tree.frontier)},
    )
