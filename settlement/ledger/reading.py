"""Reading the book: entries as they were written, feeds, and members' movements."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection, bindparam, select, text

from settlement.ledger import tables
from settlement.ledger.accounts import Account
from settlement.ledger.book import Counters
from settlement.ledger.bulk import unnest
from settlement.ledger.entries import (
    EVERYONE,
    FACTS_TAG,
    Coalition,
    Line,
    line_bytes,
    line_digest,
)


@dataclass(frozen=True, slots=True)
class StoredLine:
    """A line as it stands in the book."""

    number: int
    index: int
    kind: str
    currency: str
    amount: int
    debit: str
    credit: str
    funder: str | None
    price: str | None
    rule: str | None
    terms: int | None

    @property
    def data(self) -> bytes:
        """Its exact bytes."""
        return line_bytes(
            kind=self.kind,
            currency=self.currency,
            amount=self.amount,
            debit=self.debit,
            credit=self.credit,
            funder=self.funder,
            price=self.price,
            rule=self.rule,
            terms=self.terms,
        )

    def as_line(self) -> Line:
        """The line as a value. Who was shown it stands in the feed, not here."""
        return Line(
            kind=self.kind,
            amount=self.amount,
            debit=_account(self.debit, self.currency),
            credit=_account(self.credit, self.currency),
            parties=frozenset(),
            funder=self.funder,
            price=None if self.price is None else Fraction(self.price),
            rule=self.rule,
            terms=self.terms,
        )


def _account(code: str, currency: str) -> Account:
    if not code.startswith("member/"):
        return Account(code, currency)
    _, member_id, programme = code.split("/")
    return Account(code, currency, programme, int(member_id))


LINES_OF = 'select l.* from {batch} join line l using (number) order by number, "index"'
"""Lines of entries, in order; `{batch}` stands for their numbers as a table."""


def lines_of(
    connection: Connection,
    numbers: Iterable[int],
) -> Mapping[int, tuple[StoredLine, ...]]:
    """The lines of entries, in order, by number; an entry without lines is left out."""
    listed = list(numbers)
    if not listed:
        return {}
    statement = text(LINES_OF.format(batch=unnest({"number": "bigint"})))
    return by_number(connection.execute(statement, {"number": listed}))


def by_number(rows: Iterable[Sequence[Any]]) -> Mapping[int, tuple[StoredLine, ...]]:
    """Lines from the rows of LINES_OF, by the numbers of their entries."""
    found: dict[int, list[StoredLine]] = {}
    for line in (StoredLine(*row) for row in rows):
        found.setdefault(line.number, []).append(line)
    return {number: tuple(lines) for number, lines in found.items()}


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry as one participant is shown it; the other lines only by their digests."""

    number: int
    entry_bytes: bytes
    facts: bytes | None
    facts_salt: bytes | None
    digests: tuple[bytes, ...]
    lines: tuple[tuple[int, bytes, bytes], ...]
    """Index, salt and exact bytes of each line that is shown."""


def feed_page(
    connection: Connection,
    coalition: Coalition,
    participant: str,
    *,
    after: int,
    limit: int,
) -> list[Shown]:
    """The next entries that concern a participant or everyone, in order of their numbers.

    Numbers are given in commit order under the writer's lock: whoever reads on from the last
    number that they saw misses nothing. Each side is limited by itself: a limit on both together
    has the planner sort all that is left of a long feed.
    """
    rows = connection.execute(
        text(
            "select number, bool_or(f.facts) as facts, array_agg(i) filter (where i is not null) "
            "as lines, e.entry_bytes, e.facts as facts_bytes "
            "from ((select * from feed where participant = :me and number > :after "
            "       order by number limit :limit) "
            "      union all "
            "      (select * from feed where participant = :everyone and number > :after "
            "       order by number limit :limit)) f "
            "left join lateral unnest(f.lines) i on true "
            "join entry e using (number) group by number, e.entry_bytes, e.facts "
            "order by number limit :limit",
        ),
        {
            "me": participant,
            "everyone": EVERYONE,
            "after": after,
            "limit": limit,
        },
    ).all()
    lines = lines_of(connection, [row.number for row in rows])
    return [_shown(row, lines.get(row.number, ()), coalition) for row in rows]


def _shown(row: Any, lines: Sequence[StoredLine], coalition: Coalition) -> Shown:  # noqa: ANN401 - a row
    """As it stands; of a line that somebody deleted the digest is missing, and a reader sees it."""
    salts = [coalition.salt(row.number, index) for index in range(len(lines))]
    data = [line.data for line in lines]
    return Shown(
        number=row.number,
        entry_bytes=bytes(row.entry_bytes),
        facts=bytes(row.facts_bytes) if row.facts else None,
        facts_salt=coalition.salt(row.number, FACTS_TAG) if row.facts else None,
        digests=tuple(map(line_digest, salts, data)),
        lines=tuple((i, salts[i], data[i]) for i in sorted(row.lines or ()) if i < len(data)),
    )


@dataclass(frozen=True, slots=True)
class MemberMovement:
    """A line on a member's account; positive credits the member."""

    number: int
    accepted_at: datetime
    entry_kind: str
    facts: bytes
    line: StoredLine
    amount: int


def member_movements(
    connection: Connection,
    member_id: int,
    programme: str,
    *,
    after: int,
    entries: int,
) -> Iterator[MemberMovement]:
    """What moved on a member's account after a number, oldest first, of so many entries."""
    numbers = connection.execute(
        select(tables.member_entry.c.number)
        .where(
            tables.member_entry.c.member_id == member_id,
            tables.member_entry.c.programme == programme,
            tables.member_entry.c.number > after,
        )
        .order_by(tables.member_entry.c.number)
        .limit(entries),
    ).scalars()
    listed = list(numbers)
    code = f"member/{member_id}/{programme}"
    known = connection.execute(
        select(tables.entry).where(tables.entry.c.number.in_(bindparam("n", expanding=True))),
        {"n": listed},
    )
    entry_of = {row.number: row for row in known}
    for number, lines in lines_of(connection, listed).items():
        for line in lines:
            if code in {line.debit, line.credit}:
                entry = entry_of[number]
                sign = 1 if line.credit == code else -1
                yield MemberMovement(
                    number,
                    entry.accepted_at,
                    entry.kind,
                    bytes(entry.facts),
                    line,
                    sign * line.amount,
                )


FIRST_AFTER = """
    with recursive search (low, high) as (
        select 0::bigint, size from ledger_head
        union all
        select case when e.accepted_at > :instant then s.low else e.number + 1 end,
            case when e.accepted_at > :instant then e.number else s.high end
        from search s join entry e on e.number = (s.low + s.high) / 2
        where s.low < s.high
    )
    select max(low) from search
"""
"""One number: of the first entry after `:instant`, or the log's size."""
"""Halves the log: instants never go backwards, so none is looked at but on the way."""


def first_after(connection: Connection, instant: datetime) -> int:
    """Number of the first entry that was accepted after an instant; the log's size for none."""
    return int(connection.execute(text(FIRST_AFTER), {"instant": instant}).scalar_one())


def count_lines(connection: Connection) -> int:
    """How many lines the book has."""
    return int(connection.execute(text("select count(*) from line")).scalar_one())


def member_counters(connection: Connection, member_id: int, programme: str) -> Counters:
    """Counters of a member's account; all zero where nothing ever moved."""
    table = tables.member_account
    row = connection.execute(
        select(table).where(table.c.member_id == member_id, table.c.programme == programme),
    ).one_or_none()
    if row is None:
        return Counters()
    return Counters(row.debits, row.credits, row.debits_pending, row.credits_pending)
