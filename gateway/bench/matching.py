"""The row of reconciliation: matching a partner's file against COPY of the same file."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from sqlalchemy import Connection, text

from gateway.bench.books import Book, owed_minor, reference
from gateway.bench.problems import BenchError
from gateway.bench.rows import Goal, Row, compared
from settlement import windows
from settlement.ledger.book import read_head
from settlement.ledger.bulk import driver_of
from settlement.ledger.partner_records import load_records
from settlement.reconciliation import match
from settlement.windows import Window

Show = Callable[[str, int, int], None]

MATCHING_GOAL = Goal(6, 3, less=True)

_PLANTED_EVERY = 10_000
"""Of so many stays one is left out, told twice, changed, or told a day late, in turn."""

_PARTNER = "hotel"
_CHUNK = 1 << 20

_RECORD = text(
    "insert into reconciliation values "
    "(1, :partner, :window, '', :rows, :total, 0, 0, 'UTC', 1, :rows, :total, :gross)"
)


def matching_row(book: Book, entries: int, rounds: int, show: Show) -> Row:
    """Match the hotel's record of a window of so many stays, as often as there are rounds."""
    window, numbers, day = _window_of(book, entries)
    rows = list(_rows(numbers, day))
    data = "".join(f"1\t{number}\t{row}" for number, row in enumerate(rows, 1)).encode()
    total = sum(int(row.split("\t")[2]) for row in rows)
    with book.engine.begin() as connection:
        told = {"partner": _PARTNER, "window": window.window_id, "rows": len(rows)}
        connection.execute(_RECORD, {**told, "total": total, "gross": -total})
    pairs = []
    for done in range(rounds + 1):
        copied = _copied(book, data)
        pairs.append((_matched(book, window, entries), copied))
        show("Records are matched", done, rounds)
    return compared(
        f"matching a partner's file of {len(rows):,} rows",
        pairs[1:],  # the first round only warms up
        unit="s",
        against="COPY of that file",
        goal=MATCHING_GOAL,
    )


def _window_of(book: Book, entries: int) -> tuple[Window, range, datetime]:
    """A window that was cut, the numbers of its stays, and the day that these are of."""
    book.fill(entries)
    with book.engine.begin() as connection:
        size, day = read_head(connection).size, read_head(connection).accepted_at
        cut = windows.cut(connection, book.coalition, datetime.now(UTC), lambda *_: {})
    if cut is None:
        message = "the window was not cut"
        raise BenchError(message)
    return cut.window, range(size - entries, size), day


def _rows(numbers: range, day: datetime) -> Iterator[str]:
    """The hotel's record of stays, in COPY's text form, with a few differences."""
    dates = (f"{day:%Y-%m-%d}", f"{day:%Y-%m}-{day.day % 28 + 1:02d}")
    for index, number in enumerate(numbers):
        planted = index // _PLANTED_EVERY % 4 if index % _PLANTED_EVERY == 1 else -1
        if planted == 0:
            continue
        owed = owed_minor(number) + (planted == 2)  # noqa: PLR2004 - the third sort of them
        row = f"{reference(number)}\t{dates[planted == 3]}\t{-owed}\t\tSTAY\n"  # noqa: PLR2004
        yield row
        if planted == 1:
            yield row


def _copied(book: Book, data: bytes) -> float:
    """Seconds to bring the file into its table, durably."""
    with book.engine.connect() as connection, driver_of(connection) as driver:
        connection.execute(text("truncate reconciliation_row"))
        connection.commit()
        began = time.perf_counter()
        with driver.cursor() as cursor, cursor.copy("copy reconciliation_row from stdin") as copy:
            for start in range(0, len(data), _CHUNK):
                copy.write(data[start : start + _CHUNK])
        driver.commit()
        return time.perf_counter() - began


def _matched(book: Book, window: Window, entries: int) -> float:
    """Seconds to match it; what was found is taken back, so that it can be found again."""
    with book.engine.connect() as connection:
        began = time.perf_counter()
        result = match(connection, book.coalition, load_records(connection, [1])[1], window)
        seconds = time.perf_counter() - began
        _require_found(connection, result.items, entries)
        connection.rollback()
    return seconds


def _require_found(connection: Connection, items: int, entries: int) -> None:
    found = connection.execute(
        text("select count(*) from reconciliation_finding where reconciliation = 1")
    ).scalar_one()
    planted = (entries - 2) // _PLANTED_EVERY + 1 if entries > 1 else 0
    if items != entries or found < planted:
        message = (
            f"of {entries} stays {items} were matched, and {found} differences found where "
            f"{planted} were planted: it is no measurement"
        )
        raise BenchError(message)
