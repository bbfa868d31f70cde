"""Settlement and self-check beside a running load, and two nights at once."""

import os
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import pytest
from sqlalchemy import create_engine, make_url, text

from coalition.v1 import accrual_pb2
from gateway.database import report_engine
from gateway.self_check import check_book
from partners.directory_store import money_at
from settlement.ledger.book import load_coalition
from settlement.run import SettlementUnderWay, settle
from settlement.statements import statements_of
from support.coalition_day import Day, coalition_day, stay

PARTNERS = ["hotel", "airline", "card"]


@pytest.fixture
def day(database_url: str) -> Iterator[Day]:
    with coalition_day(database_url) as day:
        day.settled_world()
        yield day


def test_nights_and_checks_while_stays_come_in(day: Day) -> None:
    """Every stay is in exactly one window, every check is clean, and the nets add up."""
    engine = report_engine(day.engine.url.render_as_string(hide_password=False))
    with engine.connect() as connection:
        coalition = load_coalition(connection)
    assert coalition is not None
    over, outcomes = Event(), Counter[str]()
    problems: list[object] = []

    def load(worker: int) -> int:
        sent = 0
        while not over.is_set():
            items = [
                stay("H1", f"{worker}-{sent}-{i}", request_id=f"{worker}-{sent}-{i}")
                for i in range(20)
            ]
            day.client("hotel").write(
                "Accrual.AccrueBatch",
                accrual_pb2.AccrueBatchRequest(items=[i.SerializeToString() for i in items]),
            )
            sent += 1
        return 20 * sent

    def night() -> None:
        while not over.is_set():
            try:
                settle(engine, coalition, PARTNERS, day.clock, money_at)
                outcomes["settled"] += 1
            except SettlementUnderWay:
                outcomes["under way"] += 1

    def look() -> None:
        while not over.is_set():
            problems.extend(check_book(engine, coalition, lambda *_: None)[0])
            outcomes["checked"] += 1

    day.client("hotel")
    with ThreadPoolExecutor(6) as pool:
        loads = [pool.submit(load, worker) for worker in range(3)]
        others = [pool.submit(night), pool.submit(night), pool.submit(look)]
        over.wait(6)
        over.set()
        total = sum(each.result() for each in loads)
        for each in others:
            each.result()

    last = settle(engine, coalition, PARTNERS, day.clock, money_at).settlement
    assert last is not None
    assert problems == []
    assert check_book(engine, coalition, lambda *_: None)[0] == []
    assert min(outcomes["settled"], outcomes["checked"]) > 0
    with engine.connect() as connection:
        for number in range(1, last.settlement_id + 1):
            made = statements_of(connection, number)
            assert set(made) == {*PARTNERS, "operator"}
        query = "select participant, sum(net) from settlement_position group by 1"
        rows = connection.execute(text(query))
        nets = {row[0]: int(row[1]) for row in rows}
    engine.dispose()
    assert nets == {
        "hotel": -24_480 * total,
        "airline": 24_000 * total,
        "operator": 480 * total,
        "card": 0,
    }
    assert day.balance("hotel", "H1") == 2_500 * total


FOUND = """
import sys
from gateway.database import report_engine
from gateway.founding import FoundingError, found
from support.coalition_day import NOON, founding_of
try:
    found(report_engine(sys.argv[1]), founding_of(sys.argv[2]), NOON)
except FoundingError:
    print("there is one")
else:
    print(sys.argv[2])
"""


def test_foundings_at_once_make_one_coalition(postgres_url: str) -> None:
    """In a database without a schema, as `coalition init` finds it."""
    with empty_database(postgres_url) as url:
        command = [sys.executable, "-c", FOUND, url]
        path = os.pathsep.join(filter(None, sys.path))
        runs = [
            subprocess.Popen(
                [*command, name],
                env={**os.environ, "PYTHONPATH": path},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for name in ("one", "two", "three")
        ]
        said = [run.communicate(timeout=60) for run in runs]
        assert [errors for _, errors in said] == ["", "", ""]
        engine = report_engine(url)
        with engine.connect() as connection:
            coalition = load_coalition(connection)
        engine.dispose()

    assert coalition is not None
    expected = ["there is one", "there is one", coalition.coalition_id]
    assert sorted(out.strip() for out, _ in said) == sorted(expected)


@contextmanager
def empty_database(url: str) -> Iterator[str]:
    name = f"test_{uuid.uuid4().hex}"
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(f"create database {name}"))
        yield make_url(url).set(database=name).render_as_string(hide_password=False)
        with engine.connect() as connection:
            connection.execute(text(f"drop database {name} with (force)"))
    finally:
        engine.dispose()
