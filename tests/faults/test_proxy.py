"""The proxy finds the commits that it is to cut."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import make_url

from faults.proxy import ANSWER_BYTES, proxied
from gateway.self_check import check_book
from settlement.ledger.book import load_coalition
from support.coalition_day import coalition_day, stay


@pytest.mark.parametrize("at", [-1, 0, ANSWER_BYTES - 1])
def test_a_commit_is_cut_and_what_it_brought_counts_once(database_url: str, at: int) -> None:
    url = make_url(database_url)
    with TemporaryDirectory() as front:
        through = url.update_query_dict({"host": front}).render_as_string(hide_password=False)
        name = f".s.PGSQL.{url.query.get('port', url.port)}"
        with (
            proxied(Path(str(url.query["host"])) / name, Path(front) / name) as cutter,
            coalition_day(through) as day,
        ):
            day.settled_world()
            first = day.accrue(stay("H1", "before", 100)).receipt.number
            cutter.at = at
            assert day.accrue(stay("H1", "cut", 100)).receipt.number == first + 1
            assert cutter.cuts == 1
            assert day.accrue(stay("H1", "after", 100)).receipt.number == first + 2
            with day.engine.connect() as connection:
                coalition = load_coalition(connection)
            assert coalition is not None
            assert check_book(day.engine, coalition, lambda *_: None)[0] == []
