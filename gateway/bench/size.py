"""The row of size: whether a gateway with millions of entries behind it is as fast as a new one."""

from collections.abc import Callable

from gateway.bench.growth import fill
from gateway.bench.problems import BenchError
from gateway.bench.rows import Goal, Row, compared
from gateway.bench.stand import Stand
from gateway.bench.throughput import batch_round
from settlement.ledger.book import load_coalition

Show = Callable[[str, int, int], None]

SIZE_GOAL = Goal(0.8, 0.95)

ENTRIES = 10_000_000
"""How large a ledger is made unless it is said."""


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
    """Bring the ledger to so many entries, like one that the gateway booked. Raises BenchError."""
    batch_round(stand)
    with stand.engine.connect() as connection:
        coalition = load_coalition(connection)
    if coalition is None:
        message = "the database holds no coalition"
        raise BenchError(message)
    show("The book grows", 0, 1)
    fill(stand.engine, coalition, entries)
    show("The book grows", 1, 1)
