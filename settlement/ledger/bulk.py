"""Writing many rows in one statement: binary COPY for new rows, unnest for the others."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from psycopg import sql
from sqlalchemy import Column, Connection, Table
from sqlalchemy.dialects.postgresql import dialect

_DIALECT = dialect()  # type: ignore[no-untyped-call]


def type_name(column: Column[Any]) -> str:
    """The column's type as PostgreSQL writes it, such as `bigint` or `smallint[]`."""
    return column.type.compile(_DIALECT).lower()


def copy_rows(connection: Connection, table: Table, rows: Iterable[Sequence[object]]) -> None:
    """Insert rows, each with the columns of `table` in order, by binary COPY.

    What a server default fills is left out of the rows. Raises what the driver raises, such
    as psycopg.errors.UniqueViolation.
    """
    columns = [column for column in table.columns if column.server_default is None]
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        sql.Identifier(table.name),
        sql.SQL(", ").join(sql.Identifier(column.name) for column in columns),
    )
    driver = connection.connection.driver_connection
    if driver is None:
        message = "the connection is closed"
        raise RuntimeError(message)
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types([type_name(column) for column in columns])
        for row in rows:
            copy.write_row(row)


def unnest(columns: Mapping[str, str]) -> str:
    """`unnest(cast(:a as bigint[]), ...) as batch(a, ...)`: parallel lists as a table.

    Takes column names with their PostgreSQL types; the statement binds a list to each.
    """
    casts = ", ".join(f"cast(:{name} as {kind}[])" for name, kind in columns.items())
    return f"unnest({casts}) as batch({', '.join(columns)})"
