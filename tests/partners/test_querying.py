"""Loading as coroutines: what runs together is asked at once, in one round trip."""

from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import Connection, event, text

from partners.querying import Loading, Rows, ask, query, run, together
from settlement.ledger import bulk

NUMBER = {"number": "bigint"}


@pytest.fixture
def trips(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How many statements each round trip had."""
    found: list[int] = []

    def counted(connection: Connection, statements: list[bulk.Statement]) -> list[psycopg.Cursor]:
        found.append(len(statements))
        return bulk.send(connection, statements)

    monkeypatch.setattr("partners.querying.send", counted)
    return found


async def steps(told: list[str], name: str, count: int) -> None:
    for step in range(count):
        ((said,),) = await ask("select cast(:words as text) as said", words=f"{name}{step}")
        told.append(said)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((1,), [1]),
        ((3,), [1, 1, 1]),
        ((1, 1, 1), [3]),
        ((1, 3), [2, 1, 1]),
        ((2, 0, 1), [2, 1]),
        ((0, 0), []),
        ((), []),
    ],
)
def test_a_round_trip_asks_what_can_be_asked(
    connection: Connection, trips: list[int], counts: tuple[int, ...], expected: list[int]
) -> None:
    told: list[str] = []

    async def all_of_them() -> None:
        await together(*(steps(told, "abc"[i], count) for i, count in enumerate(counts)))

    run(connection, all_of_them())
    assert trips == expected
    assert sorted(told) == sorted(f"{'abc'[i]}{n}" for i, c in enumerate(counts) for n in range(c))


def test_together_within_together(connection: Connection, trips: list[int]) -> None:
    told: list[str] = []

    async def inner() -> None:
        await steps(told, "x", 1)
        await together(steps(told, "y", 2), steps(told, "z", 1))

    async def outer() -> None:
        await together(inner(), steps(told, "a", 2))
        told.append("end")

    run(connection, outer())
    assert trips == [2, 3, 1]
    assert told == ["x0", "a0", "y0", "z0", "a1", "y1", "end"]


def test_rows_go_to_who_asked(connection: Connection) -> None:
    found: dict[int, Rows] = {}

    async def numbers(count: int) -> None:
        keys = ((number,) for number in range(count))
        found[count] = await query("select number from {batch} order by 1", NUMBER, keys)

    async def all_of_them() -> None:
        await together(*(numbers(count) for count in (3, 0, 2)))

    run(connection, all_of_them())
    assert {count: [row.number for row in rows] for count, rows in found.items()} == {
        3: [0, 1, 2],
        0: [],
        2: [0, 1],
    }


def test_it_gives_what_the_coroutine_gives(connection: Connection) -> None:
    async def one() -> int:
        rows = await query("select sum(number) from {batch}", NUMBER, [(2,), (3,)], unused=None)
        return int(rows[0][0])

    assert run(connection, one()) == 5


def test_an_error_is_raised_as_the_driver_raises_it(connection: Connection) -> None:
    told: list[str] = []

    async def wrong() -> None:
        await ask("select 1 / cast(:zero as int)", zero=0)

    def both() -> Loading:
        async def asked() -> None:
            await together(steps(told, "a", 1), wrong())

        return asked()

    with pytest.raises(psycopg.errors.DivisionByZero), connection.begin_nested():
        run(connection, both())
    assert told == []
    assert connection.execute(text("select 1")).scalar_one() == 1


def test_listeners_hear_of_every_statement(connection: Connection) -> None:
    heard: list[str] = []
    event.listen(connection, "before_cursor_execute", lambda *said: heard.append(said[2]))
    run(connection, steps([], "a", 2))
    assert heard == ["select cast(%(words)s as text) as said"] * 2
