"""Measures matching against COPY: `python tests/support/reconciliation_bench.py [ROWS]`.

A window of so many stays, written straight into the tables, and a hotel's record of it with a few
planted differences. COPY is of the same rows, as text, into the table of rows with its index.
"""

import io
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
from sqlalchemy import Connection, Engine, text

from gateway.database import connect_engine, upgrade
from gateway.postgres import embedded_postgres, reachable_data_dir
from settlement import windows
from settlement.ledger.partner_records import load_records
from settlement.reconciliation import match
from settlement.windows import get_window
from support.handmade import COALITION, found

PLANTED_EVERY = 100_000


def stays(count: int) -> Iterator[tuple[int, str, int, int]]:
    """Number, reference, what the hotel owes, and the day of the window."""
    for number in range(1, count + 1):
        yield number, f"H1/{number:08d}/1", 1_000 + number % 50_000, number % 28 + 1


def _fill(driver: psycopg.Connection, count: int) -> None:
    accepted = "2026-01-28 12:00:00+00"
    with driver.cursor() as cursor:
        with cursor.copy(
            "copy entry (number, kind, sender, accepted_at, window_id, corrects, request_sha256, "
            "facts, entry_bytes, leaf) from stdin"
        ) as copy:
            for number, reference, _, day in stays(count):
                facts = {
                    "activity": {
                        "supplier": "hotel-h",
                        "kind": "STAY",
                        "reference": reference,
                        "revision": "1",
                    },
                    "started_at": f"2026-01-{day:02d}T12:00:00.000000Z",
                    "ended_at": None,
                    "spend": [["ROOM", "EUR", "20000"]],
                    "quantities": [["NIGHT", "2"]],
                    "attributes": [],
                    "programme": "hotel-h",
                    "programme_version": "12",
                    "skipped": [],
                }
                data = json.dumps(facts, sort_keys=True, separators=(",", ":")).encode()
                copy.write_row(
                    (number, "ACCRUAL", "hotel-h", accepted, 1, None, None, data, bytes(300), b"")
                )
        with cursor.copy(
            "copy line (number, index, kind, currency, amount, debit, credit) from stdin"
        ) as copy:
            for number, _, owed, _ in stays(count):
                points = ("HOTEL-POINTS", 2_000, "issued/hotel-h", "member/17/hotel-h")
                copy.write_row((number, 0, "BASE", *points))
                pair = ("clearing/1/hotel-h:airline-m", "clearing/1/airline-m:hotel-h")
                copy.write_row((number, 1, "PRINCIPAL", "COIN", owed, *pair))
        with cursor.copy("copy feed (participant, number, facts, lines) from stdin") as copy:
            for number, _, _, _ in stays(count):
                copy.write_row(("hotel-h", number, True, [0, 1]))
                copy.write_row(("airline-m", number, False, [1]))


def rows_of_record(count: int) -> Iterator[tuple[int, str, str, int]]:
    """The hotel's record, with a row in a hundred thousand left out, changed, doubled and so on."""
    row = 0
    for number, reference, owed, day in stays(count):
        planted = number // (PLANTED_EVERY // 10) % 4 if number % (PLANTED_EVERY // 10) == 0 else -1
        if planted == 0:
            continue
        for _ in range(2 if planted == 1 else 1):
            row += 1
            late = day % 28 + 1 if planted == 3 else day
            yield row, reference, f"2026-01-{late:02d}", -(owed + (planted == 2))


def cpu_seconds(connection: Connection) -> float:
    """What the session's server process has used: says more than time where others work too."""
    pid = connection.execute(text("select pg_backend_pid()")).scalar_one()
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(engine: Engine, count: int) -> None:
    with engine.begin() as connection:
        found(connection)
        driver = connection.connection.driver_connection
        assert driver is not None
        _fill(driver, count)
        connection.execute(text("update ledger_head set size = :size"), {"size": count + 1})
        cut = windows.cut(
            connection, COALITION, windows.open_window(connection).opened_at, lambda *_: {}
        )
        assert cut is not None
        window = cut.window
    total = sum(amount for *_, amount in rows_of_record(count))
    listed = sum(1 for _ in rows_of_record(count))
    text_of = io.StringIO()
    for row, reference, day, amount in rows_of_record(count):
        text_of.write(f"1\t{row}\t{reference}\t{day}\t{amount}\t\tSTAY\n")
    data = text_of.getvalue()
    with engine.begin() as connection:
        connection.execute(
            text(
                "insert into reconciliation values (1, 'hotel-h', 1, '', :rows, :total, 0, 0, "
                "'UTC', 1, :rows, :total, :gross)"
            ),
            {"rows": listed, "total": total, "gross": -total},
        )
    began = time.perf_counter()
    with engine.begin() as connection:
        used = cpu_seconds(connection)
        driver = connection.connection.driver_connection
        with driver.cursor() as cursor, cursor.copy("copy reconciliation_row from stdin") as copy:
            for start in range(0, len(data), 1 << 20):
                copy.write(data[start : start + (1 << 20)])
        copy_used = cpu_seconds(connection) - used
    copied = time.perf_counter() - began
    began = time.perf_counter()
    with engine.begin() as connection:
        used = cpu_seconds(connection)
        record = load_records(connection, [1])[1]
        window = get_window(connection, 1)
        assert cut is not None
        window = cut.window
        marks = [(used, "items")]
        result = match(
            connection,
            COALITION,
            record,
            window,
            lambda rule, *_: marks.append((cpu_seconds(connection), rule)),
        )
        match_used = cpu_seconds(connection) - used
    took = time.perf_counter() - began
    for (at, name), (until, _) in zip(marks, [*marks[1:], (used + match_used, "")], strict=True):
        sys.stdout.write(f"  {name:22} {until - at:6.2f} s\n")
    ratio = f"COPY {copied:.2f} s, matching {took:.2f} s, {took / copied:.1f} x"
    ratio += f"; of the server's CPU {copy_used:.2f} s, {match_used:.2f} s"
    ratio += f", {match_used / copy_used:.1f} x"
    sys.stdout.write(f"{listed} rows: {ratio}\n{dict(result.counts)}\n")


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with (
        tempfile.TemporaryDirectory() as folder,
        embedded_postgres(reachable_data_dir(Path(folder) / "pg")) as url,
    ):
        engine = connect_engine(url)
        with engine.begin() as connection:
            upgrade(connection)
        measure(engine, count)
        engine.dispose()


if __name__ == "__main__":
    main()
