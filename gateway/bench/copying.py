"""The reference of a batch accrual: COPY, as text, of the same lines into a table like theirs."""

import time
from collections.abc import Sequence

from sqlalchemy import Engine

from settlement.ledger.bulk import driver_of

COMMIT_ROWS = 5_000
"""Rows in a transaction of the reference."""


def lines_as_text(engine: Engine, after: int, upto: int) -> list[bytes]:
    """Lines of entries in COPY's text form: those of numbers from `after` up to below `upto`."""
    query = (
        'copy (select * from line where number >= %s and number < %s order by number, "index") '
        "to stdout"
    )
    with (
        engine.connect() as connection,
        driver_of(connection) as driver,
        driver.cursor() as cursor,
        cursor.copy(query, (after, upto)) as copy,
    ):
        return [bytes(row) for row in copy]


def copy_per_second(engine: Engine, lines: Sequence[bytes]) -> float:
    """Lines a second that COPY brings into an empty table with the key of `line`, durably."""
    chunks = [
        b"".join(lines[start : start + COMMIT_ROWS]) for start in range(0, len(lines), COMMIT_ROWS)
    ]
    with engine.connect() as connection, driver_of(connection) as driver:
        driver.execute("drop table if exists bench_line")
        driver.execute("create table bench_line (like line including defaults)")
        driver.execute('alter table bench_line add primary key (number, "index")')
        driver.commit()
        began = time.perf_counter()
        for chunk in chunks:
            with driver.cursor() as cursor, cursor.copy("copy bench_line from stdin") as copy:
                copy.write(chunk)
            driver.commit()
        seconds = time.perf_counter() - began
        driver.execute("drop table bench_line")
        driver.commit()
    return len(lines) / seconds
