"""Windows: a cut-off is a number."""

import json
from datetime import datetime, timedelta
from fractions import Fraction

import pytest
from sqlalchemy import Connection

from settlement.ledger.book import read_head
from settlement.ledger.reading import feed_page
from settlement.windows import (
    Window,
    WindowState,
    cut,
    first_business_at,
    get_window,
    list_windows,
    open_window,
)
from support.handmade import COALITION, NOW, administration, double_dip, found, money_at, write


@pytest.fixture
def book(connection: Connection) -> Connection:
    found(connection)
    return connection


def test_the_first_window_begins_with_the_genesis_entry(book: Connection) -> None:
    assert list_windows(book) == [Window(1, WindowState.OPEN, 0, NOW)]
    assert open_window(book).window_id == read_head(book).open_window


def test_administration_is_no_business(book: Connection) -> None:
    write(book, administration)
    assert first_business_at(book, open_window(book)) is None
    assert cut(book, COALITION, NOW, money_at) is None
    assert read_head(book).size == 2


def test_the_cut_is_the_last_number_of_its_window(book: Connection) -> None:
    write(book, double_dip)
    made = cut(book, COALITION, NOW, money_at)
    assert made is not None
    window = made.window
    assert window == get_window(book, 1)
    assert (window.state, window.first_number, window.last_number) == (WindowState.CUT, 0, 2)
    following = open_window(book)
    assert (following.window_id, following.first_number, following.state) == (2, 3, "OPEN")
    assert read_head(book).open_window == 2
    (entry,) = write(book, double_dip)
    assert (entry.number, entry.window) == (3, 2)
    assert [each.window_id for each in list_windows(book)] == [2, 1]


def test_the_cut_pins_what_money_is_worth(book: Connection) -> None:
    """In the window that ends as it was when that opened, in the next one as it is now."""
    seen = []
    for day in (1, 2):
        write(book, double_dip)
        cut(book, COALITION, NOW + timedelta(days=day), money_at)
        shown = feed_page(book, COALITION, "hotel-h", after=0, limit=100)[-1]
        seen.append(json.loads(shown.facts or b""))

    assert [(f["window"], f["money"], f["next_money"]) for f in seen] == [
        ("1", {"EUR": "3/4", "USD": "1/1"}, {"EUR": "1/1", "USD": "1/1"}),
        ("2", {"EUR": "1/1", "USD": "1/1"}, {"EUR": "1/1", "USD": "1/1"}),
    ]


def test_money_is_asked_for_the_instant_at_which_the_next_window_opens(book: Connection) -> None:
    """The clock may have gone backwards; the log does not."""
    asked: list[datetime] = []

    def noting(_: Connection, at: datetime, by: datetime) -> dict[str, Fraction]:
        assert by == read_head(book).accepted_at
        asked.append(at)
        return {}

    write(book, double_dip)
    before = read_head(book).accepted_at
    cut(book, COALITION, NOW - timedelta(days=1), noting)

    assert asked == [NOW, before]
    assert asked[1] == open_window(book).opened_at == read_head(book).window_opened_at


def test_there_is_no_such_window(book: Connection) -> None:
    assert get_window(book, 7) is None
