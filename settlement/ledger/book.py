"""Writing the book: the writer's lock, and appending entries with all that follows from them."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from sqlalchemy import Connection, select

from settlement.ledger import tables
from settlement.ledger.accounts import Account
from settlement.ledger.bulk import Addition, Statement, Writing, parsed, send, unnest, write
from settlement.ledger.entries import Coalition, Draft, Entry, price_text
from settlement.ledger.exposure import added_exposure
from settlement.ledger.tree import Growth, grow
from settlement.ledger.values import value

FIRST_WINDOW = 1


class LedgerInconsistency(Exception):
    """The book would contradict itself; nothing is written."""


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the log: `size` entries, so the next number is `size`."""

    size: int
    accepted_at: datetime
    open_window: int
    window_opened_at: datetime
    directory_version: int
    frontier: tuple[bytes, ...]


@value
class Counters:
    """What was ever debited and credited, posted and pending."""

    debits: int = 0
    credits: int = 0
    debits_pending: int = 0
    credits_pending: int = 0

    @property
    def balance(self) -> int:
        """Credits minus debits, posted."""
        return self.credits - self.debits


def load_coalition(connection: Connection) -> Coalition | None:
    """The coalition of this database, None where none was made yet."""
    table = tables.coalition
    row = connection.execute(select(table)).one_or_none()
    if row is None:
        return None
    return Coalition(
        coalition_id=row.coalition_id,
        operator=row.operator,
        currency=row.currency,
        exponent=row.exponent,
        salt_key=bytes(row.salt_key),
    )


def create(connection: Connection, coalition: Coalition, now: datetime) -> Head:
    """Make an empty book. The caller appends the genesis entry in the same transaction."""
    connection.execute(
        tables.coalition.insert().values(
            one=True,
            coalition_id=coalition.coalition_id,
            operator=coalition.operator,
            currency=coalition.currency,
            exponent=coalition.exponent,
            salt_key=coalition.salt_key,
            created_at=now,
        ),
    )
    head = Head(0, now, FIRST_WINDOW, now, 0, ())
    connection.execute(
        tables.head.insert().values(
            one=True,
            size=0,
            accepted_at=now,
            open_window=FIRST_WINDOW,
            window_opened_at=now,
            directory_version=0,
            frontier=[],
        ),
    )
    return head


_READ_HEAD = Statement("select * from ledger_head")
_LOCK_HEAD = Statement("select * from ledger_head for update")


def read_head(connection: Connection, *, lock: bool = False) -> Head:
    """The end of the log. With `lock` the caller is the writer until its transaction ends.

    A writer's first statement: under READ COMMITTED everything read after it is current.
    """
    (found,) = send(connection, [_LOCK_HEAD if lock else _READ_HEAD])
    row = found.fetchone()
    if row is None:
        message = "the log has no end: the database has no coalition"
        raise LedgerInconsistency(message)
    return Head(
        size=row.size,
        accepted_at=row.accepted_at,
        open_window=row.open_window,
        window_opened_at=row.window_opened_at,
        directory_version=row.directory_version,
        frontier=tuple(map(bytes, row.frontier)),
    )


def place(coalition: Coalition, head: Head, draft: Draft, *, number: int, now: datetime) -> Entry:
    """Give a draft its number, its time and, for business, the open window."""
    return Entry(
        coalition=coalition,
        draft=draft,
        number=number,
        accepted_at=max(now, head.accepted_at),
        window=head.open_window if draft.business else None,
    )


def append(
    connection: Connection,
    head: Head,
    entries: Sequence[Entry],
    *,
    open_window: int | None = None,
) -> Head:
    """Write entries at the end of the log, with lines, counters and feeds; returns the new end.

    As `appended`. The caller holds the writer's lock.
    """
    grown, writings = appended(head, entries, open_window=open_window)
    write(connection, writings)
    return grown


def appended(
    head: Head, entries: Sequence[Entry], *, open_window: int | None = None
) -> tuple[Head, list[Writing]]:
    """The log's end with these entries on it, and what writes them with all that follows.

    `open_window` is given by a cut. Raises LedgerInconsistency where numbers would not be
    gapless; writing does where currencies do not agree.
    """
    if [entry.number for entry in entries] != list(range(head.size, head.size + len(entries))):
        message = f"numbers do not continue the log of size {head.size}"
        raise LedgerInconsistency(message)
    if not entries:
        return head, []
    tree = grow(head.frontier, head.size, [entry.leaf for entry in entries])
    grown = replace(
        head,
        size=head.size + len(entries),
        accepted_at=entries[-1].accepted_at,
        open_window=head.open_window if open_window is None else open_window,
        window_opened_at=(
            head.window_opened_at if open_window is None else entries[-1].accepted_at
        ),
        directory_version=max(
            [entry.number for entry in entries if entry.draft.directory],
            default=head.directory_version,
        ),
        frontier=tree.frontier,
    )
    return grown, _written(entries, grown, tree)


def _entry_row(entry: Entry) -> tuple[object, ...]:
    draft = entry.draft
    return (
        entry.number,
        draft.kind,
        draft.sender,
        entry.accepted_at,
        entry.window,
        draft.corrects,
        draft.request_sha256,
        entry.facts_bytes,
        entry.entry_bytes,
        entry.leaf,
    )


def _line_rows(entry: Entry) -> Iterable[tuple[object, ...]]:
    for index, line in enumerate(entry.draft.lines):
        yield (
            entry.number,
            index,
            line.kind,
            line.currency,
            line.amount,
            line.debit.code,
            line.credit.code,
            line.funder,
            None if line.price is None else price_text(line.price),
            line.rule,
            line.terms,
        )


def _feed_rows(entry: Entry) -> Iterable[tuple[object, ...]]:
    shown: dict[str, list[int]] = {party: [] for party in entry.draft.facts_parties}
    for index, line in enumerate(entry.draft.lines):
        for party in line.parties:
            shown.setdefault(party, []).append(index)
    for party, indices in shown.items():
        yield party, entry.number, party in entry.draft.facts_parties, indices


def _member_rows(entry: Entry) -> Iterable[tuple[object, ...]]:
    touched = {
        (account.member_id, account.programme)
        for line in entry.draft.lines
        for account in (line.debit, line.credit)
        if account.member_id is not None
    }
    for member_id, programme in touched:
        yield member_id, programme, entry.number


def movements(entries: Iterable[Entry]) -> Mapping[Account, Counters]:
    """What entries add to the counters of each account they touch."""
    debits: defaultdict[Account, int] = defaultdict(int)
    credits_: defaultdict[Account, int] = defaultdict(int)
    for entry in entries:
        for line in entry.draft.lines:
            debits[line.debit] += line.amount
            credits_[line.credit] += line.amount
    accounts = debits.keys() | credits_.keys()
    return {account: Counters(debits[account], credits_[account]) for account in accounts}


_COMPANY_COLUMNS = {"code": "text", "currency": "text", "debits": "bigint", "credits": "bigint"}
_MEMBER_COLUMNS = {
    "member_id": "bigint",
    "programme": "text",
    "currency": "text",
    "debits": "bigint",
    "credits": "bigint",
}


def _upsert(table: str, key: str, columns: Mapping[str, str]) -> str:
    names = ", ".join(columns)
    return (
        f"insert into {table} as account ({names}) select {names} from {unnest(columns)} "  # noqa: S608 - names are of this module
        f"on conflict ({key}) do update set debits = account.debits + excluded.debits, "
        "credits = account.credits + excluded.credits "
        "where account.currency = excluded.currency"
    )


_ADD_TO_COMPANIES = parsed(_upsert("company_account", "code", _COMPANY_COLUMNS))
_ADD_TO_MEMBERS = parsed(_upsert("member_account", "member_id, programme", _MEMBER_COLUMNS))


_MOVE_HEAD = parsed(
    "update ledger_head set size = :size, accepted_at = :accepted_at, "
    "open_window = :open_window, window_opened_at = :window_opened_at, "
    "directory_version = :directory_version, frontier = cast(:frontier as bytea[])"
)


def _written(entries: Sequence[Entry], grown: Head, tree: Growth) -> list[Writing]:
    """Hashes are kept of what is complete for ever; most batches complete nothing."""
    moved = movements(entries)
    companies = [(a, c) for a, c in moved.items() if a.member_id is None]
    members = [(a, c) for a, c in moved.items() if a.member_id is not None]
    tiles = [(node.level, node.place, hashed) for node, hashed in tree.tiles]
    return [
        Addition(tables.line, _of_each(entries, _line_rows)),
        Addition(tables.entry, list(map(_entry_row, entries))),
        Addition(tables.feed, _of_each(entries, _feed_rows)),
        Addition(tables.member_entry, _of_each(entries, _member_rows)),
        Addition(tables.tree_node, tiles),
        _added_to_companies(companies),
        _added_to_members(members),
        added_exposure(moved),
        _head_moved(grown),
    ]


def _of_each(
    entries: Iterable[Entry], rows: Callable[[Entry], Iterable[tuple[object, ...]]]
) -> list[tuple[object, ...]]:
    return [row for entry in entries for row in rows(entry)]


def _added_to_companies(moved: Sequence[tuple[Account, Counters]]) -> Statement:
    bound = {"code": [a.code for a, _ in moved], **_amounts(moved)}
    return Statement(_ADD_TO_COMPANIES, bound, partial(_require_all, moved))


def _added_to_members(moved: Sequence[tuple[Account, Counters]]) -> Statement:
    keys: dict[str, list[object]] = {
        "member_id": [a.member_id for a, _ in moved],
        "programme": [a.programme for a, _ in moved],
    }
    return Statement(_ADD_TO_MEMBERS, keys | _amounts(moved), partial(_require_all, moved))


def _head_moved(grown: Head) -> Statement:
    bound = {
        "size": grown.size,
        "accepted_at": grown.accepted_at,
        "open_window": grown.open_window,
        "window_opened_at": grown.window_opened_at,
        "directory_version": grown.directory_version,
        "frontier": list(grown.frontier),
    }
    return Statement(_MOVE_HEAD, bound)


def _amounts(moved: Sequence[tuple[Account, Counters]]) -> dict[str, list[object]]:
    return {
        "currency": [account.currency for account, _ in moved],
        "debits": [counters.debits for _, counters in moved],
        "credits": [counters.credits for _, counters in moved],
    }


def _require_all(moved: Sequence[tuple[Account, Counters]], written: int) -> None:
    """The upsert passes over an account of another currency: then the book would lie."""
    if written != len(moved):
        codes = ", ".join(account.code for account, _ in moved)
        message = f"an account is not of its line's currency, among: {codes}"
        raise LedgerInconsistency(message)
