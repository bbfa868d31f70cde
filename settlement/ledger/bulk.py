"""Many rows in one statement (binary COPY, unnest), and many statements in one round trip."""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import cache, partial
from typing import Any

import psycopg
from psycopg.rows import namedtuple_row
from sqlalchemy import Column, Connection, Table, text
from sqlalchemy.dialects.postgresql.psycopg import dialect

_DIALECT = dialect()  # type: ignore[no-untyped-call]

MANY_ROWS = 200
"""From how many rows on COPY, which takes two round trips of its own, is quicker."""


def type_name(column: Column[Any]) -> str:
    """The column's type as PostgreSQL writes it, such as `bigint` or `smallint[]`."""
    return column.type.compile(_DIALECT).lower()


@contextmanager
def driver_of(connection: Connection) -> Iterator[psycopg.Connection[Any]]:
    """The driver's own connection. Raises RuntimeError where it is closed.

    SQLAlchemy does not see that one breaks here. Those that wait in its pool were made before,
    and are given up as well.
    """
    driver = connection.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        message = "the connection is closed"
        raise RuntimeError(message)  # noqa: TRY004 - closed, not of another kind
    try:
        yield driver
    except psycopg.Error:
        if driver.broken:
            connection.engine.dispose()
        raise


def tell_listeners(
    connection: Connection, cursor: object, statement: str, bound: Mapping[str, object]
) -> None:
    """Tell whoever listens for statements of a connection of one that passes SQLAlchemy by."""
    for listener in connection.dispatch.before_cursor_execute:
        listener(connection, cursor, statement, bound, None, False)  # noqa: FBT003 - SQLAlchemy's


def copy_rows(connection: Connection, table: Table, rows: Iterable[Sequence[object]]) -> None:
    """Insert rows, each with the columns of `table` in order, by binary COPY.

    What a server default fills is left out of the rows. Raises what the driver raises, such
    as psycopg.errors.UniqueViolation.
    """
    statement, types = _copying(table)
    with driver_of(connection) as driver, driver.cursor() as cursor:
        tell_listeners(connection, cursor, statement, {})
        with cursor.copy(statement.encode()) as copy:
            copy.set_types(types)
            for row in rows:
                copy.write_row(row)


@cache
def _copying(table: Table) -> tuple[str, tuple[str, ...]]:
    """The statement, and the types of its columns; tables are few, and described once."""
    types = _filled(table)
    names = ", ".join(f'"{name}"' for name in types)
    return f'COPY "{table.name}" ({names}) FROM STDIN (FORMAT BINARY)', tuple(types.values())


@cache
def _filled(table: Table) -> Mapping[str, str]:
    """Columns of a table that rows bring, with their types."""
    return {c.name: type_name(c) for c in table.columns if c.server_default is None}


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement as the driver takes it, with what is bound to it.

    Where `check` is given, it is told how many rows were touched, and raises where it may not be.
    """

    words: str
    bound: Mapping[str, object] = field(default_factory=dict)
    check: Callable[[int], None] | None = None


@dataclass(frozen=True, slots=True)
class Addition:
    """Rows to insert, as `copy_rows` takes them."""

    table: Table
    rows: Sequence[Sequence[object]]

    def statement(self) -> Statement:
        """One statement that inserts them, of which there are some."""
        lists = map(list, zip(*self.rows, strict=True))
        bound = dict(zip(_filled(self.table), lists, strict=True))
        return Statement(_inserting(self.table), bound)


Writing = Statement | Addition


@cache
def _inserting(table: Table) -> str:
    """Takes a list for each column. A list of lists goes as text, one by one."""
    types = _filled(table)
    names = ", ".join(f'"{name}"' for name in types)
    chosen = ", ".join(f'"{name}"::{kind}' for name, kind in types.items())
    flat = {name: "text" if kind.endswith("[]") else kind for name, kind in types.items()}
    casts = ", ".join(
        f"%({name}){'b' if kind == 'bytea' else 's'}::{kind}[]" for name, kind in flat.items()
    )
    return (
        f'insert into "{table.name}" ({names}) select {chosen} '  # noqa: S608 - our names
        f"from unnest({casts}) as batch({names})"
    )


@cache
def parsed(words: str) -> str:
    """A statement as the driver takes it, of one in which parameters are written `:name`.

    The statements of the product are few, and each is parsed once.
    """
    return str(text(words).compile(dialect=_DIALECT))


def send(connection: Connection, statements: Sequence[Statement]) -> list[psycopg.Cursor[Any]]:
    """Have statements executed in one round trip, in order; a cursor on what each gave.

    Raises what the driver raises.
    """
    with driver_of(connection) as driver, driver.pipeline() as pipeline:
        # By itself the driver sends, and looks for answers, at each statement.
        pipeline._communicate_gen = partial(_gathered, pipeline)  # type: ignore[method-assign]  # noqa: SLF001 - it has no name for it
        cursors = [driver.cursor(row_factory=namedtuple_row) for _ in statements]
        for statement, cursor in zip(statements, cursors, strict=True):
            tell_listeners(connection, cursor, statement.words, statement.bound)
            bound = {name: _as_bound(value) for name, value in statement.bound.items()}
            cursor.execute(statement.words.encode(), bound)
    return cursors


def _gathered(pipeline: psycopg.Pipeline) -> Generator[Any, Any, None]:
    """Let statements gather in the driver's buffer, from where they go when answers are fetched.

    Whoever waits for a socket lets another thread go on, which a busy one takes a while to return.
    """
    while pipeline.command_queue:
        pipeline.command_queue.popleft()()
    return
    yield  # nothing to wait for


def write(connection: Connection, writings: Iterable[Writing]) -> None:
    """Write in order, in as few round trips as that takes.

    Rows go along with the statements, or by COPY where they are many. Raises what the driver
    raises, and what a statement's check does.
    """
    together: list[Statement] = []
    for writing in writings:
        if isinstance(writing, Statement):
            together.append(writing)
        elif len(writing.rows) >= MANY_ROWS:
            _send_checked(connection, together)
            together = []
            copy_rows(connection, writing.table, writing.rows)
        elif writing.rows:
            together.append(writing.statement())
    _send_checked(connection, together)


def _send_checked(connection: Connection, statements: Sequence[Statement]) -> None:
    if not statements:
        return
    for statement, cursor in zip(statements, send(connection, statements), strict=True):
        if statement.check is not None:
            statement.check(cursor.rowcount)


def _as_bound(value: object) -> object:
    """Lists are written out, but for bytes: those have a form that is as short as they are."""
    if isinstance(value, list) and bytes not in set(map(type, value)):
        return array(value)
    return value


def array(values: Sequence[object]) -> str:
    """Values as PostgreSQL reads an array, for a parameter whose type the statement names.

    Written out, since the driver looks at every element to find that type.
    """
    plain = set(map(type, values)) <= {int}
    return f"{{{','.join(map(str if plain else _element, values))}}}"


def _element(value: object) -> str:
    """One of them: what text and quotes need no care of, as it is."""
    if isinstance(value, str):
        return _quoted(value)
    if value is None:
        return "null"
    if isinstance(value, bytes):
        return f'"\\\\x{value.hex()}"'
    if isinstance(value, date):  # or an instant
        return f'"{value.isoformat()}"'
    if isinstance(value, list | tuple):
        return _quoted(array(value))
    return str(value)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def unnest(columns: Mapping[str, str]) -> str:
    """`unnest(cast(:a as bigint[]), ...) as batch(a, ...)`: parallel lists as a table.

    Takes column names with their PostgreSQL types; the statement binds a list to each.
    """
    casts = ", ".join(f"cast(:{name} as {kind}[])" for name, kind in columns.items())
    return f"unnest({casts}) as batch({', '.join(columns)})"
