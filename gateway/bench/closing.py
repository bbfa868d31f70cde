"""Rows of the night: closing a window, and how long it takes until its statements are there."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import text

from gateway.bench.books import PARTICIPANTS, Book
from gateway.bench.rows import Goal, Row, compared
from partners.directory_store import money_at
from settlement.run import settle
from settlement.windows import open_window

Show = Callable[[str, int, int], None]

CLOSING_GOAL = Goal(2, 1, less=True, aims_at_value=True)
"""Of the ratio: it may not grow with entries, and twice is the noise of so short a time. Of the
time itself: under a second."""

STATEMENTS_GOAL = Goal(5, 1.5, less=True)

_BARE_SUM = text(
    "select debit, credit, kind, sum(amount) from line where number between :first and :last "
    "and currency = :currency group by debit, credit, kind"
)


@dataclass
class _Clock:
    """The clock of a run, which the run asks first when it begins to cut."""

    first_asked: float | None = field(default=None)

    def __call__(self) -> datetime:
        if self.first_asked is None:
            self.first_asked = time.perf_counter()
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class _Night:
    """Seconds of a settlement: in all, and from CUT until it is closed and told."""

    whole: float
    closing: float


def closing_rows(book: Book, small: int, large: int, rounds: int, show: Show) -> list[Row]:
    """Closing windows of `small` and of `large` entries in turn; statements of the large ones."""
    closings, statements = [], []
    _night(book, small)  # the first one only warms up
    for done in range(1, rounds + 1):
        little = _night(book, small)
        book.fill(large)
        summed = _bare_sum(book)
        big = _settled(book)
        closings.append((big.closing, little.closing))
        statements.append((big.whole, summed))
        show("Windows close", done, rounds)
    return [
        compared(
            f"closing a window of {large:,} entries, CUT to CLOSED",
            closings,
            unit="s",
            against=f"one of {small:,} entries, as many partners",
            goal=CLOSING_GOAL,
        ),
        compared(
            f"statements of a window of {large:,} entries",
            statements,
            unit="s",
            against="a bare sum, group by, over its lines",
            goal=STATEMENTS_GOAL,
        ),
    ]


def _night(book: Book, entries: int) -> _Night:
    book.fill(entries)
    return _settled(book)


def _settled(book: Book) -> _Night:
    clock = _Clock()
    began = time.perf_counter()
    settle(book.engine, book.coalition, PARTICIPANTS, clock, money_at)
    ended = time.perf_counter()
    if clock.first_asked is None:
        message = "the window was not cut"
        raise RuntimeError(message)
    return _Night(ended - began, ended - clock.first_asked)


def _bare_sum(book: Book) -> float:
    """Seconds to sum up the open window's lines in the shared currency, and do no more."""
    with book.engine.connect() as connection:
        first = open_window(connection).first_number
        bound = {"first": first, "last": 2**62, "currency": book.coalition.currency}
        began = time.perf_counter()
        connection.execute(_BARE_SUM, bound).all()
        return time.perf_counter() - began
