"""A book that is made large fast is sound, and business goes on after it."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from gateway.bench import growth
from gateway.bench.growth import fill
from gateway.bench.problems import BenchError
from gateway.database import report_engine
from gateway.self_check import check_book
from settlement.ledger.book import load_coalition
from support.coalition_day import Day, coalition_day, stay

ENTRIES = 400


@pytest.fixture
def day(database_url: str) -> Iterator[Day]:
    with coalition_day(database_url) as day:
        day.settled_world()
        yield day


def grown(day: Day, entries: int) -> int:
    """Grow the book, check all of it; its entries."""
    engine = report_engine(day.engine.url.render_as_string(hide_password=False))
    try:
        with engine.connect() as connection:
            coalition = load_coalition(connection)
        assert coalition is not None
        fill(engine, coalition, entries)
        problems, size = check_book(engine, coalition, lambda *_: None)
        assert problems == []
        return size
    finally:
        engine.dispose()


def test_a_grown_book_is_sound_and_goes_on(day: Day, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth, "AT_ONCE", 150)
    day.accrue(stay("H1", "pattern"))
    assert grown(day, ENTRIES) == ENTRIES
    with day.engine.connect() as connection:
        member, number = connection.execute(
            text(
                "select member_number, count(*) from membership join member_entry "
                "using (member_id, programme) where programme = 'hotel' and member_number ^@ 'G' "
                "group by 1 order by 1 limit 1"
            )
        ).one()
    assert number > 1
    day.accrue(stay(member, "after"))
    assert grown(day, ENTRIES + 300) == ENTRIES + 300
    assert grown(day, ENTRIES) == ENTRIES + 300


def test_a_book_without_an_accrual_is_refused(day: Day) -> None:
    with pytest.raises(BenchError, match="no accrual to copy"):
        grown(day, ENTRIES)
