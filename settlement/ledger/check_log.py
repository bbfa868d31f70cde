"""One pass over the log: numbers, times, bytes, digests, leaves, and the tree over them."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Row, text

from settlement.ledger.check_tiles import StoredTiles
from settlement.ledger.entries import (
    ENTRY_VERSION,
    FACTS_TAG,
    Coalition,
    canonical,
    facts_digest,
    line_digest,
    lines_root,
)
from settlement.ledger.problems import Problem
from settlement.ledger.reading import StoredLine
from settlement.ledger.tree import grow, leaf_hash

ROWS_AT_ONCE = 2_000
"""Fetched from the server at a time: a few megabytes."""

_INSTANT = (
    "coalesce(to_char(accepted_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), "
    "accepted_at::text)"
)
"""As text: a damaged instant may be one that no Python object can hold."""

_ENTRIES = text(
    f"select number, kind, sender, {_INSTANT} as accepted_at, window_id, corrects, "  # noqa: S608 - our own
    "request_sha256, facts, entry_bytes, leaf from entry order by number",
)
_LINES = text(
    'select number, "index", kind, currency, amount, debit, credit, funder, price, rule, terms '
    'from line order by number, "index"',
)
_HEAD = text(
    f"select size, {_INSTANT} as accepted_at, directory_version, frontier "  # noqa: S608 - our own
    "from ledger_head",
)


@dataclass(frozen=True, slots=True)
class LoggedEntry:
    """An entry as it stands in the book, with its lines."""

    row: Row[Any]
    lines: tuple[StoredLine, ...]

    @property
    def number(self) -> int:
        """Its number."""
        return int(self.row.number)

    @property
    def where(self) -> str:
        """How a problem names it."""
        return f"number {self.number}"


def entries_in(connection: Connection) -> int:
    """How many entries there are."""
    return int(connection.execute(text("select count(*) from entry")).scalar_one())


def check_log(
    connection: Connection,
    coalition: Coalition,
    progress: Callable[[int], None],
) -> Iterator[Problem]:
    """Every entry by itself and after the one before it, then the end of the log."""
    size = 0
    frontier: tuple[bytes, ...] = ()
    previous: LoggedEntry | None = None
    tiles = StoredTiles(connection)
    for entry, orphans in _logged(connection):
        for line in orphans:
            yield _orphan(line)
        if entry is None:
            break
        yield from _succession(size, previous, entry)
        yield from _lines(entry)
        yield from _bytes(coalition, entry)
        tree = grow(frontier, size, [leaf_hash(bytes(entry.row.entry_bytes))])
        for node, hashed in tree.tiles:
            yield from tiles.compare(node, hashed)
        frontier = tree.frontier
        size, previous = size + 1, entry
        progress(size)
    yield from tiles.rest()
    yield from _head(connection, size, frontier, previous)


def _logged(
    connection: Connection,
) -> Iterator[tuple[LoggedEntry | None, Iterable[StoredLine]]]:
    """Entries in order, each with the lines that stand before it and belong to none."""
    streamed = {"yield_per": ROWS_AT_ONCE}
    lines = _stored(connection.execute(_LINES, execution_options=streamed))
    line = next(lines, None)
    for row in connection.execute(_ENTRIES, execution_options=streamed):
        orphans: list[StoredLine] = []
        own: list[StoredLine] = []
        while line is not None and line.number <= row.number:
            (own if line.number == row.number else orphans).append(line)
            line = next(lines, None)
        yield LoggedEntry(row, tuple(own)), orphans
    if line is not None:
        yield None, chain([line], lines)


def _stored(rows: Any) -> Iterator[StoredLine]:  # noqa: ANN401 - a result
    for row in rows:
        yield StoredLine(*row)


def _orphan(line: StoredLine) -> Problem:
    where = f"number {line.number}, line {line.index}"
    return Problem("orphan-line", where, "a line without an entry", "an entry of that number")


def _succession(size: int, previous: LoggedEntry | None, entry: LoggedEntry) -> Iterator[Problem]:
    """Numbers are gapless from 0, time never goes backwards, corrections look back."""
    expected = 0 if previous is None else previous.number + 1
    if entry.number != expected:
        yield Problem("numbers", f"entry {size} of the log", entry.where, f"number {expected}")
    before = "" if previous is None else previous.row.accepted_at
    if entry.row.accepted_at < before:
        yield Problem("accepted-at", entry.where, entry.row.accepted_at, f"{before} or later")
    if entry.row.corrects is not None and entry.row.corrects >= entry.number:
        found = f"a correction of {entry.row.corrects}"
        yield Problem("corrects", entry.where, found, "an entry before it")


def _lines(entry: LoggedEntry) -> Iterator[Problem]:
    """Each line is one positive movement between two accounts, and of the entry's window."""
    for place, line in enumerate(entry.lines):
        where = f"{entry.where}, line {line.index}"
        if line.index != place:
            yield Problem("line-order", where, f"index {line.index}", f"index {place}")
        if line.amount <= 0 or line.debit == line.credit:
            found = f"{line.amount} from {line.debit} to {line.credit}"
            yield Problem("line-form", where, found, "a positive amount between two accounts")
        yield from _window(entry, line, where)


def _window(entry: LoggedEntry, line: StoredLine, where: str) -> Iterator[Problem]:
    """Obligations are of the entry's window; those of a settlement's entry it has none."""
    stamp = entry.row.window_id
    for code in (line.debit, line.credit):
        if code.startswith("clearing/") and stamp is not None:
            found, expected = "/".join(code.split("/")[:2]), f"clearing/{stamp}"
            if found != expected:
                yield Problem("window-stamp", where, found, expected)


def _bytes(coalition: Coalition, entry: LoggedEntry) -> Iterator[Problem]:
    """The stored bytes say what the rows say, and the leaf is theirs."""
    row, stored = entry.row, bytes(entry.row.entry_bytes)
    if entry.number >= 0:  # a negative one has no salt; its number is reported
        expected = _fields(coalition, entry)
        if stored != canonical(expected):
            yield from _disagreements(entry.where, stored, expected)
    if leaf_hash(stored) != bytes(row.leaf):
        yield Problem("leaf", entry.where, bytes(row.leaf).hex(), leaf_hash(stored).hex())


def _fields(coalition: Coalition, entry: LoggedEntry) -> dict[str, object]:
    """What the entry's bytes have to say, from its row and its lines."""
    row = entry.row
    salt = coalition.salt(entry.number, FACTS_TAG)
    digests = [
        line_digest(coalition.salt(entry.number, place), line.data)
        for place, line in enumerate(entry.lines)
    ]
    return {
        "accepted_at": row.accepted_at,
        "coalition": coalition.coalition_id,
        "corrects": None if row.corrects is None else str(row.corrects),
        "facts": facts_digest(salt, bytes(row.facts)).hex(),
        "kind": row.kind,
        "lines": str(len(entry.lines)),
        "lines_root": lines_root(digests).hex(),
        "number": str(entry.number),
        "request": None if row.request_sha256 is None else bytes(row.request_sha256).hex(),
        "sender": row.sender,
        "version": ENTRY_VERSION,
        "window": None if row.window_id is None else str(row.window_id),
    }


_CHECK_OF_KEY = {"facts": "facts", "lines": "lines", "lines_root": "lines"}
"""Which check a key of the entry's bytes belongs to; `entry-bytes` where it is not here."""


def _disagreements(where: str, stored: bytes, expected: dict[str, object]) -> Iterator[Problem]:
    """Which keys of the bytes say something else than the rows."""
    try:
        fields = json.loads(stored)
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        yield Problem("entry-bytes", where, "bytes that are no JSON object", "the entry's bytes")
        return
    different = [
        key
        for key in sorted(fields.keys() | expected.keys())
        if fields.get(key) != expected.get(key)
    ]
    for key in different:
        check = _CHECK_OF_KEY.get(key, "entry-bytes")
        yield Problem(check, where, f"{key} {fields.get(key)!r}", f"{key} {expected.get(key)!r}")
    if not different:
        yield Problem("entry-bytes", where, "the same in another form", "the one encoding")


def _head(
    connection: Connection,
    size: int,
    frontier: tuple[bytes, ...],
    last: LoggedEntry | None,
) -> Iterator[Problem]:
    """The end of the log is where its last entry is."""
    head = connection.execute(_HEAD).one_or_none()
    if head is None:
        yield Problem("head", "end of the log", "no row", "one row")
        return
    if head.size != size:
        yield Problem("head", "size", str(head.size), str(size))
    if last is not None and head.accepted_at != last.row.accepted_at:
        yield Problem("head", "accepted_at", str(head.accepted_at), last.row.accepted_at)
    if not 0 <= head.directory_version <= max(size - 1, 0):
        found = str(head.directory_version)
        yield Problem("head", "directory_version", found, "the number of an entry")
    stored = tuple(bytes(node) for node in head.frontier)
    if stored != frontier:
        yield Problem("tree", "frontier", _nodes(stored), _nodes(frontier))


def _nodes(frontier: tuple[bytes, ...]) -> str:
    return " ".join(node.hex()[:16] for node in frontier) or "nothing"
