"""Windows: a cut-off is a number."""

import pytest
from sqlalchemy import Connection

from settlement.ledger.book import read_head
from settlement.windows import (
    Window,
    WindowState,
    cut,
    get_window,
    has_business,
    list_windows,
    open_window,
)
from support.handmade import COALITION, NOW, administration, double_dip, found, write


@pytest.fixture
def book(connection: Connection) -> Connection:
    found(connection)
    return connection


def test_the_first_window_begins_with_the_genesis_entry(book: Connection) -> None:
    assert list_windows(book) == [Window(1, WindowState.OPEN, 0, NOW)]
    assert open_window(book).window_id == read_head(book).open_window


def test_administration_is_no_business(book: Connection) -> None:
    write(book, administration)
    assert not has_business(book, open_window(book))
    assert cut(book, COALITION, NOW) is None
    assert read_head(book).size == 2


def test_the_cut_is_the_last_number_of_its_window(book: Connection) -> None:
    write(book, double_dip)
    window = cut(book, COALITION, NOW)
    assert window == get_window(book, 1)
    assert window is not None
    assert (window.state, window.first_number, window.last_number) == (WindowState.CUT, 0, 2)
    following = open_window(book)
    assert (following.window_id, following.first_number, following.state) == (2, 3, "OPEN")
    assert read_head(book).open_window == 2
    (entry,) = write(book, double_dip)
    assert (entry.number, entry.window) == (3, 2)
    assert [each.window_id for each in list_windows(book)] == [2, 1]


def test_there_is_no_such_window(book: Connection) -> None:
    assert get_window(book, 7) is None
