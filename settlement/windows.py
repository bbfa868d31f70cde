"""Windows: the spans of the log that settle together, and cutting one off."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection, Row, insert, select, text, update

from settlement import tables
from settlement.calendar import EVERY_MIDNIGHT, Calendar, Days
from settlement.ledger.book import FIRST_WINDOW, append, place, read_head
from settlement.ledger.entries import EVERYONE, Coalition, Draft, price_text

CUT_KIND = "CUT"

MoneyAt = Callable[[Connection, datetime, datetime], Mapping[str, Fraction]]
"""What a shared minor unit is worth in minor units of moneys, by currency, in a window that opened
at the first instant, as of the second; asked within the transaction of the cut, under the writer's
lock."""


class WindowState(StrEnum):
    """What a window takes: business, its settlement, nothing any more."""

    OPEN = "OPEN"
    CUT = "CUT"
    CLOSED = "CLOSED"


@dataclass(frozen=True, slots=True)
class Window:
    """A span of the log, from `first_number` to the number of its CUT (None while open)."""

    window_id: int
    state: WindowState
    first_number: int
    opened_at: datetime
    last_number: int | None = None
    cut_at: datetime | None = None


def open_first(connection: Connection, now: datetime) -> Window:
    """Open the first window of a new coalition; it begins with the genesis entry."""
    return _open(connection, FIRST_WINDOW, first_number=0, now=now)


def _open(connection: Connection, window_id: int, *, first_number: int, now: datetime) -> Window:
    connection.execute(
        insert(tables.window).values(
            window_id=window_id,
            state=WindowState.OPEN,
            first_number=first_number,
            opened_at=now,
        ),
    )
    return Window(window_id, WindowState.OPEN, first_number, now)


def list_windows(connection: Connection) -> list[Window]:
    """All windows, newest first."""
    table = tables.window
    rows = connection.execute(select(table).order_by(table.c.window_id.desc()))
    return [_window(row) for row in rows]


def _window(row: Row[Any]) -> Window:
    return Window(
        window_id=row.window_id,
        state=WindowState(row.state),
        first_number=row.first_number,
        opened_at=row.opened_at,
        last_number=row.cut_number,
        cut_at=row.cut_at,
    )


def get_window(connection: Connection, window_id: int) -> Window | None:
    """A window, None where there is none of that number."""
    table = tables.window
    row = connection.execute(select(table).where(table.c.window_id == window_id)).one_or_none()
    return None if row is None else _window(row)


def open_window(connection: Connection) -> Window:
    """The window that takes business now."""
    table = tables.window
    query = select(table).where(table.c.state == WindowState.OPEN)
    return _window(connection.execute(query).one())


_FIRST_BUSINESS = text(
    "select accepted_at from entry where number >= :first and window_id = :window "
    "order by number limit 1",
)


def first_business_at(connection: Connection, window: Window) -> datetime | None:
    """When the first entry of a window was accepted; administration and settlement are of none."""
    found = connection.execute(
        _FIRST_BUSINESS,
        {"first": window.first_number, "window": window.window_id},
    )
    return found.scalar_one_or_none()


@dataclass(frozen=True, slots=True)
class Cut:
    """A window that was cut off, and the days that the calendar gives it."""

    window: Window
    days: Days


def cut(
    connection: Connection,
    coalition: Coalition,
    now: datetime,
    money_at: MoneyAt,
    calendar: Calendar = EVERY_MIDNIGHT,
) -> Cut | None:
    """Cut the open window off and open the next one; None where no business is in it.

    The CUT entry is the last of the window's span. It pins what the shared currency is worth in
    money, in the window that ends and in the next one, and the days of the window. The caller
    commits, and until then nobody else writes. Raises CalendarEnded.
    """
    head = read_head(connection, lock=True)
    window = open_window(connection)
    began_at = first_business_at(connection, window)
    if began_at is None:
        return None
    following = window.window_id + 1
    opens_at = max(now, head.accepted_at)
    days = calendar.days(began_at, opens_at)
    draft = Draft(
        kind=CUT_KIND,
        sender=coalition.operator,
        facts={
            "window": str(window.window_id),
            "next_window": str(following),
            "business_date": days.business_date.isoformat(),
            "advice_date": days.advice_date.isoformat(),
            "settlement_date": days.settlement_date.isoformat(),
            "time_zone": calendar.time_zone,
            "money": _pinned(money_at(connection, window.opened_at, opens_at)),
            "next_money": _pinned(money_at(connection, opens_at, opens_at)),
        },
        facts_parties=frozenset({EVERYONE}),
    )
    entry = place(coalition, head, draft, number=head.size, now=opens_at)
    append(connection, head, [entry], open_window=following)
    connection.execute(
        update(tables.window)
        .where(tables.window.c.window_id == window.window_id)
        .values(state=WindowState.CUT, cut_number=entry.number, cut_at=entry.accepted_at),
    )
    _open(connection, following, first_number=entry.number + 1, now=entry.accepted_at)
    cut_off = replace(
        window,
        state=WindowState.CUT,
        last_number=entry.number,
        cut_at=entry.accepted_at,
    )
    return Cut(cut_off, days)


def _pinned(values: Mapping[str, Fraction]) -> dict[str, str]:
    return {currency: price_text(value) for currency, value in sorted(values.items())}


def close(connection: Connection, window_id: int) -> None:
    """A window's statements are out: it never changes again."""
    connection.execute(
        update(tables.window)
        .where(tables.window.c.window_id == window_id)
        .values(state=WindowState.CLOSED),
    )
