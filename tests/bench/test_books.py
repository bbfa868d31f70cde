"""Rows that are measured on a book written straight into tables."""

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from gateway.bench import matching
from gateway.bench.books import Book
from gateway.bench.closing import closing_rows
from gateway.bench.matching import matching_row
from gateway.bench.problems import BenchError
from gateway.database import report_engine
from gateway.founding import found
from settlement.ledger.book import read_head
from settlement.reports import last_report
from support.coalition_day import NOON, founding_of


@pytest.fixture
def book(database_url: str) -> Iterator[Book]:
    engine = report_engine(database_url)
    yield Book(engine, found(engine, founding_of(), NOON))
    engine.dispose()


def ignore(*_: object) -> None:
    """Nobody watches."""


def test_windows_of_such_a_book_close(book: Book) -> None:
    closing, statements = closing_rows(book, 10, 200, 2, ignore)
    assert closing.name == "closing a window of 200 entries, CUT to CLOSED"
    assert statements.name == "statements of a window of 200 entries"
    assert len(closing.ratios) == len(statements.ratios) == 2
    with book.engine.connect() as connection:
        report = last_report(connection)
        assert report.window is not None
        assert report.window.window_id == 5  # one to warm up, and two in each round
        owed = connection.execute(
            text(
                "select sum(amount) from line where currency = 'COIN' and number between "
                ":first and :last and debit ^@ 'clearing/5/hotel:'"
            ),
            {"first": report.window.first_number, "last": report.window.last_number},
        ).scalar_one()
    assert report.positions["hotel"] == -owed < 0
    assert sum(report.positions.values()) == 0


def test_a_record_of_such_a_book_is_matched(book: Book) -> None:
    row = matching_row(book, 50, 1, ignore)
    assert row.name == "matching a partner's file of 49 rows"  # the second stay is left out
    assert row.ratio > 0


def test_a_record_that_is_not_found_is_no_measurement(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matching, "match", lambda *_: SimpleNamespace(items=49))
    with pytest.raises(BenchError, match="of 50 stays 49 were matched, and 0 differences found"):
        matching_row(book, 50, 1, ignore)


def test_the_log_goes_on_after_it_was_filled(book: Book) -> None:
    with book.engine.connect() as connection:
        before = read_head(connection).size
    book.fill(37)
    with book.engine.connect() as connection:
        head = read_head(connection)
    assert head.size == before + 37
    assert len(head.frontier) == head.size.bit_count()
