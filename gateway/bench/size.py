"""The row of size: whether a gateway with millions of entries behind it is as fast as a new one."""

import importlib
from collections.abc import Callable
from importlib.util import find_spec

from gateway.bench.rows import Goal, Row, compared
from gateway.bench.stand import Stand
from gateway.bench.throughput import batch_round
from settlement.ledger.book import load_coalition

Show = Callable[[str, int, int], None]

SIZE_GOAL = Goal(0.8, 0.95)

GENERATOR = "gateway.bench.growth"
"""Makes large books fast, where it is there: `fill(engine, coalition, entries)`."""


def size_row(small: Stand, large: Stand, entries: int, show: Show) -> Row:
    """Batches into two coalitions in turn: a new one, and one of so many entries."""
    grow(large, entries, show)
    pairs = []
    rounds = small.sizes.rounds
    for done in range(rounds + 1):
        big, little = batch_round(large), batch_round(small)
        pairs.append((big.per_second, little.per_second))
        show("Large against new", done, rounds)
    return compared(
        f"batch accrual with {entries:,} entries behind it",
        pairs[1:],  # the first round only warms up
        unit="lines/s",
        against="the same when new",
        goal=SIZE_GOAL,
    )


def grow(stand: Stand, entries: int, show: Show) -> None:
    """Bring the ledger to so many entries: by the generator, or else by batches as usual."""
    if find_spec(GENERATOR) is not None:
        batch_round(stand)  # what is copied is an accrual that the gateway booked
        with stand.engine.connect() as connection:
            coalition = load_coalition(connection)
        importlib.import_module(GENERATOR).fill(stand.engine, coalition, entries)
    while (before := stand.entries()) < entries:
        batch_round(stand)
        show("The book grows", before, entries)
