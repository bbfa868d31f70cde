"""Many rows and many statements in a round trip: what is written is what is there."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from enum import IntEnum, StrEnum
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Date,
    DateTime,
    Engine,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    text,
)

from gateway.database import report_engine
from settlement.ledger import bulk
from settlement.ledger.bulk import MANY_ROWS, Addition, Statement, array, parsed, send, write

THING = Table(
    "bulk_thing",
    MetaData(),
    Column("number", BigInteger),
    Column("words", Text),
    Column("data", LargeBinary),
    Column("yes", Boolean),
    Column("day", Date),
    Column("at", DateTime(timezone=True)),
    Column("names", ARRAY(Text)),
    Column("places", ARRAY(SmallInteger)),
    Column("made", BigInteger, server_default=text("7")),
)

WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
INSTANTS = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
ROWS = st.tuples(
    st.integers(-(2**63), 2**63 - 1),
    WORDS | st.none() | st.sampled_from(["null", "{}", "a,b", '"', "\\", "\\x00"]),
    st.binary() | st.none(),
    st.booleans() | st.none(),
    st.dates() | st.none(),
    INSTANTS | st.none(),
    st.lists(WORDS),
    st.lists(st.integers(-(2**15), 2**15 - 1)),
)


class Colour(StrEnum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


@pytest.fixture(scope="module")
def engine(postgres_url: str) -> Iterator[Engine]:
    engine = report_engine(postgres_url)
    yield engine
    engine.dispose()


@pytest.fixture
def table(connection: Connection) -> Connection:
    THING.create(connection)
    return connection


def stored(connection: Connection) -> list[tuple[object, ...]]:
    rows = connection.execute(text("select * from bulk_thing"))
    return [tuple(bytes(v) if isinstance(v, memoryview) else v for v in row[:-1]) for row in rows]


@given(rows=st.lists(ROWS, max_size=4))
def test_rows_are_stored_as_they_are(engine: Engine, rows: Sequence[tuple[Any, ...]]) -> None:
    """Along with statements or by COPY: text with quotes, backslashes and commas, and nothing."""
    with engine.connect() as connection:
        THING.create(connection)
        write(connection, [Addition(THING, rows)])
        assert stored(connection) == rows
        connection.execute(THING.delete())
        bulk.copy_rows(connection, THING, rows)
        assert stored(connection) == rows
        connection.rollback()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], "{}"),
        ([1, -2], "{1,-2}"),
        ([1, None], "{1,null}"),
        ([True, False], "{True,False}"),
        ([Level.HIGH], "{3}"),
        ([Colour.RED, "NULL"], '{"red","NULL"}'),
        (['"', "\\"], '{"\\"","\\\\"}'),
        ([b"\x00\xff"], '{"\\\\x00ff"}'),
        ([date(2026, 11, 28)], '{"2026-11-28"}'),
        ([datetime(2026, 11, 28, tzinfo=UTC)], '{"2026-11-28T00:00:00+00:00"}'),
        ([[1, 2], []], '{"{1,2}","{}"}'),
    ],
)
def test_an_array_as_postgresql_reads_it(values: list[object], expected: str) -> None:
    assert array(values) == expected


def test_what_postgresql_cannot_hold_is_refused(table: Connection) -> None:
    row = (1, "\0", None, None, None, None, [], [])
    with pytest.raises(psycopg.DataError):
        write(table, [Addition(THING, [row])])


def of_number(number: int) -> tuple[object, ...]:
    return number, "some", b"", True, None, None, [], []


COUNT = Statement(parsed("update bulk_thing set number = (select count(*) from bulk_thing)"))


@pytest.mark.parametrize("many", [2, MANY_ROWS])
def test_in_the_order_in_which_it_is_given(table: Connection, many: int) -> None:
    """Whether rows go along or by COPY."""
    rows = [of_number(0)] * many
    write(table, [COUNT, Addition(THING, rows), COUNT, Addition(THING, rows)])
    found = sorted(row[0] for row in stored(table))
    assert found == [0] * many + [many] * many


@pytest.mark.parametrize(("many", "trips"), [(MANY_ROWS - 1, [3]), (MANY_ROWS, [1, 1])])
def test_few_rows_go_along(
    table: Connection, monkeypatch: pytest.MonkeyPatch, many: int, trips: list[int]
) -> None:
    made = []

    def counted(connection: Connection, statements: Sequence[Statement]) -> Sequence[object]:
        made.append(len(statements))
        return send(connection, statements)

    monkeypatch.setattr(bulk, "send", counted)
    write(table, [COUNT, Addition(THING, [of_number(1)] * many), COUNT])
    assert made == trips


def test_a_statement_is_checked(table: Connection) -> None:
    told: list[int] = []
    checked = Statement(COUNT.words, check=told.append)
    write(table, [Addition(THING, [of_number(1)] * 3), checked])
    assert told == [3]


def test_nothing_to_write(table: Connection) -> None:
    write(table, [])
    write(table, [Addition(THING, [])])
    assert stored(table) == []


def test_where_a_connection_breaks_the_pool_is_given_up(postgres_url: str) -> None:
    """Those that wait in it were made before, and are as likely to be dead."""
    engine = report_engine(postgres_url)
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with engine.connect() as one, engine.connect() as other, psycopg.connect(url) as killer:
        known = {pid_of(one), pid_of(other)}
        other.close()
        killer.execute("select pg_terminate_backend(%s)", (pid_of(one),))
        with pytest.raises(psycopg.OperationalError):
            send(one, [Statement("select 1")])
        with engine.connect() as fresh:
            assert pid_of(fresh) not in known
        one.invalidate()
    engine.dispose()


def pid_of(connection: Connection) -> int:
    with bulk.driver_of(connection) as driver:
        return driver.info.backend_pid


def test_statements_wait_for_each_other_in_the_buffer(
    table: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The driver looks for answers at every statement, by a method of its own that we replace."""
    looked = []
    original = psycopg.Pipeline._communicate_gen

    def counted(pipeline: psycopg.Pipeline) -> Iterator[Any]:
        looked.append(1)
        return original(pipeline)

    monkeypatch.setattr(psycopg.Pipeline, "_communicate_gen", counted)
    ten = send(table, [Statement("select 7")] * 10)
    assert [cursor.fetchone() for cursor in ten] == [(7,)] * 10
    assert looked == []
