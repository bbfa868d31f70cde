"""Which rows are measured, how much of each, and in which order."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gateway.bench.books import book
from gateway.bench.closing import closing_rows
from gateway.bench.machine import machine, postgresql
from gateway.bench.matching import matching_row
from gateway.bench.memory import memory_row
from gateway.bench.rows import Row
from gateway.bench.size import ENTRIES, size_row
from gateway.bench.stages import Breakdown, breakdowns, profile
from gateway.bench.stand import Sizes, Stand, stand
from gateway.bench.throughput import batch_accruals, latency, single_accruals

Show = Callable[[str, int, int], None]

QUICK_ROWS = ("single", "latency", "batch", "closing", "matching", "stages")
ROWS = (*QUICK_ROWS, "size", "memory")
"""What --only takes. `closing` gives two rows, `stages` none."""

_SERVED = {"single", "latency", "batch", "stages", "memory"}

QUICK = Sizes(
    members=1_000,
    rounds=3,
    calls=2_000,
    in_flight=256,
    batches=6,
    batch_items=1_000,
    batches_in_flight=4,
    latency_seconds=5,
    small_window=1_000,
    windows=(100_000,),
    record_rows=100_000,
    entries=None,
    minutes=2,
)
FULL = Sizes(
    members=5_000,
    rounds=7,
    calls=6_000,
    in_flight=256,
    batches=20,
    batch_items=1_000,
    batches_in_flight=4,
    latency_seconds=10,
    small_window=1_000,
    windows=(100_000, 1_000_000),
    record_rows=1_000_000,
    entries=None,
    minutes=10,
)

MOST_LARGE_ROUNDS = 3
"""Rounds with a book of a million entries: each takes a minute and two gigabytes."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be measured: rows by name, how much, and against how many processes."""

    sizes: Sizes
    rows: Sequence[str]
    reference_workers: int
    folder: Path | None = None
    profile: Path | None = None


@dataclass
class Measured:
    """What came of it."""

    machine: Mapping[str, object]
    rows: list[Row] = field(default_factory=list)
    breakdowns: list[Breakdown] = field(default_factory=list)


def run(plan: Plan, show: Show) -> Measured:
    """Measure. Raises BenchError where anything does not work as it should."""
    measured = Measured(machine())
    if plan.profile is not None or _SERVED & set(plan.rows):
        with stand(plan.sizes, plan.folder) as made:
            measured.machine = {**measured.machine, **postgresql(made.engine)}
            _served(plan, made, measured, show)
    if "size" in plan.rows:
        entries = plan.sizes.entries or ENTRIES
        with stand(plan.sizes, plan.folder) as new, stand(plan.sizes, plan.folder) as large:
            measured.machine = {**measured.machine, **postgresql(new.engine)}
            measured.rows.append(size_row(new, large, entries, show))
    _written(plan, measured, show)
    return measured


def _served(plan: Plan, made: Stand, measured: Measured, show: Show) -> None:
    """The rows for which a gateway is asked."""
    wanted, sizes = set(plan.rows), plan.sizes
    if wanted & {"single", "latency"}:
        _answers(plan, made, measured, show)
    if "batch" in wanted:
        measured.rows.append(batch_accruals(made, show))
    if "stages" in wanted:
        measured.breakdowns += breakdowns(made, show)
    if plan.profile is not None:
        profile(made, plan.profile)
    if "memory" in wanted:
        measured.rows.append(memory_row(made, sizes.minutes, show))


def _answers(plan: Plan, made: Stand, measured: Measured, show: Show) -> None:
    """The rows that are held against signed answers."""
    with made.reference(plan.reference_workers) as reference:
        single = single_accruals(made, reference, show)
        if "single" in plan.rows:
            measured.rows.append(single)
        if "latency" in plan.rows:
            measured.rows.append(latency(made, reference, single.value / 2, show))


def _written(plan: Plan, measured: Measured, show: Show) -> None:
    """The rows for which a book is written straight into tables."""
    sizes = plan.sizes
    rounds = min(sizes.rounds, MOST_LARGE_ROUNDS)
    for entries in sizes.windows if "closing" in plan.rows else ():
        with book(plan.folder) as empty:
            measured.machine = {**measured.machine, **postgresql(empty.engine)}
            measured.rows += closing_rows(empty, sizes.small_window, entries, rounds, show)
    if "matching" in plan.rows:
        with book(plan.folder) as empty:
            measured.machine = {**measured.machine, **postgresql(empty.engine)}
            measured.rows.append(matching_row(empty, sizes.record_rows, rounds, show))
