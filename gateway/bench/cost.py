"""What things cost in books of different sizes: `python -m gateway.bench.cost 10000 100000`.

One coalition grows from size to size (`gateway.bench.growth`). The tables that are printed are
those of docs/PERFORMANCE.md. Takes minutes, and two kilobytes of disk for each entry and more.
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import click
from sqlalchemy import Connection, text

from gateway.bench.books import PARTICIPANTS
from gateway.bench.growth import GROWN, fill
from gateway.bench.problems import BenchError
from gateway.bench.stand import Sizes, Stand, stand
from gateway.bench.throughput import batch_round
from gateway.database import connect_engine
from gateway.self_check import check_book
from partners.directory_store import money_at
from settlement.ledger.book import load_coalition
from settlement.ledger.entries import Coalition
from settlement.ledger.proving import prove_inclusion
from settlement.ledger.reading import feed_page, member_counters
from settlement.run import settle

SIZES = Sizes(
    members=50,
    rounds=1,
    calls=300,
    in_flight=64,
    batches=3,
    batch_items=1_000,
    batches_in_flight=1,
    latency_seconds=0,
    small_window=0,
    windows=(),
    record_rows=0,
    entries=0,
    minutes=0,
    workers=1,
)
TRIES = 30
BATCH_TRIES = 3
PAGE = 500

Costs = dict[str, float]


def run_growth(entries: Sequence[int], folder: Path | None = None) -> Iterator[tuple[int, Costs]]:
    """For each size, smallest first, what things cost. Raises BenchError."""
    with stand(SIZES, folder) as made:
        batch_round(made)
        for size in sorted(entries):
            batch_round(made)  # what is copied is of the open window
            coalition = _coalition(made)
            began = time.perf_counter()
            fill(made.engine, coalition, size)
            costs = {"growing, s": time.perf_counter() - began}
            yield size, costs | _measured(made, coalition)


def _coalition(made: Stand) -> Coalition:
    with made.engine.connect() as connection:
        coalition = load_coalition(connection)
    if coalition is None:
        message = "the stand has no coalition"
        raise BenchError(message)
    return coalition


def _measured(made: Stand, coalition: Coalition) -> Costs:
    items = SIZES.batches * SIZES.batch_items
    singles = made.accruals(made.stays.single(SIZES.calls), in_flight=SIZES.in_flight)
    costs = {
        "batch accrual, µs an item": 1e6
        * min(batch_round(made).seconds for _ in range(BATCH_TRIES))
        / items,
        "single accrual, 64 in flight, µs": 1e6
        * made.booked(singles, SIZES.calls).seconds
        / SIZES.calls,
    }
    return costs | _reads(made, coalition) | _night(made, coalition) | _bytes(made)


def _reads(made: Stand, coalition: Coalition) -> Costs:
    """Medians, on a session like the gateway's."""
    engine = connect_engine(made.url)
    size = made.entries()
    at = random.Random(size)  # noqa: S311 - places to look at

    def balance(connection: Connection) -> object:
        return member_counters(connection, at.randrange(size), "hotel")

    def page(connection: Connection) -> object:
        after = at.randrange(max(1, size - PAGE))
        return feed_page(connection, coalition, "hotel", after=after, limit=PAGE)

    def proof(connection: Connection) -> object:
        return prove_inclusion(connection, [at.randrange(size)], size)

    try:
        with engine.connect() as connection:
            return {
                "balance, ms": _milliseconds(balance, connection),
                "feed page of 500, ms": _milliseconds(page, connection),
                "proof of inclusion, ms": _milliseconds(proof, connection),
            }
    finally:
        engine.dispose()


def _milliseconds(read: Callable[[Connection], object], connection: Connection) -> float:
    seconds = []
    for _ in range(TRIES):
        began = time.perf_counter()
        read(connection)
        seconds.append(time.perf_counter() - began)
    return 1e3 * median(seconds)


def _night(made: Stand, coalition: Coalition) -> Costs:
    """The self-check, and closing the window of all entries since the last size."""
    began = time.perf_counter()
    problems, size = check_book(made.engine, coalition, lambda *_: None)
    checked = time.perf_counter()
    if problems:
        message = f"the book does not agree: {problems[0]}"
        raise BenchError(message)
    asked: list[float] = []

    def clock() -> datetime:
        asked.append(time.perf_counter())
        return datetime.now(UTC)

    settle(made.engine, coalition, PARTICIPANTS, clock, money_at)
    return {
        "check, µs an entry": 1e6 * (checked - began) / size,
        "CUT to CLOSED, s": time.perf_counter() - asked[0],
    }


def _bytes(made: Stand) -> Costs:
    """Bytes an entry of each table, with its indices."""
    with made.engine.connect() as connection:
        return {
            f"{table}, bytes an entry": connection.execute(
                text("select pg_total_relation_size(cast(:table as regclass))"), {"table": table}
            ).scalar_one()
            / made.entries()
            for table in GROWN
        }


@click.command()
@click.argument("entries", type=click.IntRange(min=5_000), nargs=-1, required=True)
@click.option("--dir", "folder", type=click.Path(file_okay=False, path_type=Path))
def main(*, entries: tuple[int, ...], folder: Path | None) -> None:
    """Print what things cost with so many entries behind them."""
    for size, costs in run_growth(entries, folder):
        click.echo(f"{size} entries")
        for name, cost in costs.items():
            click.echo(f"  {name:<34} {cost:,.4g}")


if __name__ == "__main__":
    main()
