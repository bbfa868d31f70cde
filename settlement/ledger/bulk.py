"""Many rows in one statement (binary COPY, unnest), and many statements in one round trip."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import psycopg
from psycopg.rows import namedtuple_row
from sqlalchemy import Column, Connection, Table, text
from sqlalchemy.dialects.postgresql.psycopg import dialect

_DIALECT = dialect()  # type: ignore[no-untyped-call]


def type_name(column: Column[Any]) -> str:
    """The column's type as PostgreSQL writes it, such as `bigint` or `smallint[]`."""
    return column.type.compile(_DIALECT).lower()


def driver_of(connection: Connection) -> psycopg.Connection[Any]:
    """The driver's own connection. Raises RuntimeError where it is closed."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        message = "the connection is closed"
        raise RuntimeError(message)  # noqa: TRY004 - closed, not of another kind
    return driver


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
    with driver_of(connection).cursor() as cursor:
        tell_listeners(connection, cursor, statement, {})
        with cursor.copy(statement.encode()) as copy:
            copy.set_types(types)
            for row in rows:
                copy.write_row(row)


@cache
def _copying(table: Table) -> tuple[str, tuple[str, ...]]:
    """The statement, and the types of its columns; tables are few, and described once."""
    columns = [column for column in table.columns if column.server_default is None]
    names = ", ".join(f'"{column.name}"' for column in columns)
    return f'COPY "{table.name}" ({names}) FROM STDIN (FORMAT BINARY)', tuple(
        map(type_name, columns)
    )


def insertion(table: Table, rows: Iterable[Sequence[object]]) -> "Statement":
    """Inserts rows, as `copy_rows` takes them, but together with other statements.

    COPY asks for two round trips of its own, and is twice as fast where rows are thousands.
    """
    words, types = _inserting(table)
    lists = list(zip(*rows, strict=True)) or [()] * len(types)
    bound = {
        name: [_numbers(one) for one in found] if kind.endswith("[]") else list(found)
        for (name, kind), found in zip(types.items(), lists, strict=True)
    }
    return Statement(words, bound)


@cache
def _inserting(table: Table) -> tuple[str, Mapping[str, str]]:
    """The statement, and the types of what it binds. Lists of numbers go as text, one by one."""
    types = {c.name: type_name(c) for c in table.columns if c.server_default is None}
    bound = ", ".join(
        f"%({name})b::{'text' if kind.endswith('[]') else kind}[]" for name, kind in types.items()
    )
    names = ", ".join(f'"{name}"' for name in types)
    chosen = ", ".join(f'"{name}"::{kind}' for name, kind in types.items())
    return (
        f'insert into "{table.name}" ({names}) select {chosen} '  # noqa: S608 - our names
        f"from unnest({bound}) as batch({names})"
    ), types


def _numbers(found: Iterable[int]) -> str:
    return f"{{{','.join(map(str, found))}}}"


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement as the driver takes it, with what is bound to it."""

    words: str
    bound: Mapping[str, object] = field(default_factory=dict)


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
    driver = driver_of(connection)
    cursors = [driver.cursor(row_factory=namedtuple_row) for _ in statements]
    with driver.pipeline():
        for statement, cursor in zip(statements, cursors, strict=True):
            tell_listeners(connection, cursor, statement.words, statement.bound)
            cursor.execute(statement.words.encode(), statement.bound)
    return cursors


def unnest(columns: Mapping[str, str]) -> str:
    """`unnest(cast(:a as bigint[]), ...) as batch(a, ...)`: parallel lists as a table.

    Takes column names with their PostgreSQL types; the statement binds a list to each.
    """
    casts = ", ".join(f"cast(:{name} as {kind}[])" for name, kind in columns.items())
    return f"unnest({casts}) as batch({', '.join(columns)})"
