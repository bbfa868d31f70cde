"""Which rows are measured, how much of each, and in which order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from gateway.bench.machine import machine, postgresql
from gateway.bench.rows import Row
from gateway.bench.stand import Sizes, Stand, stand
from gateway.bench.throughput import Show, batch_accruals, latency, single_accruals

ROWS = {
    "single": "single accruals a second",
    "latency": "how long they take at half of that rate",
    "batch": "lines a second in batches",
}
"""Rows by the name that --only takes."""

QUICK = Sizes(
    members=1_000,
    rounds=3,
    calls=3_000,
    in_flight=256,
    batches=8,
    batch_items=1_000,
    batches_in_flight=4,
)
FULL = Sizes(
    members=5_000,
    rounds=7,
    calls=6_000,
    in_flight=256,
    batches=20,
    batch_items=1_000,
    batches_in_flight=4,
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be measured."""

    sizes: Sizes
    rows: Sequence[str]
    reference_workers: int
    folder: Path | None = None

    @classmethod
    def of(
        cls,
        *,
        quick: bool,
        only: Sequence[str],
        workers: int | None,
        default_workers: int,
        rounds: int | None,
        calls: int | None,
        folder: Path | None,
    ) -> Self:
        """A plan from the command's options; None leaves a size to `quick`."""
        sizes = QUICK if quick else FULL
        sizes = Sizes(
            members=sizes.members,
            rounds=rounds or sizes.rounds,
            calls=calls or sizes.calls,
            in_flight=sizes.in_flight,
            batches=sizes.batches,
            batch_items=sizes.batch_items,
            batches_in_flight=sizes.batches_in_flight,
            workers=workers,
        )
        rows = [row for row in ROWS if not only or row in only]
        return cls(sizes, rows, workers or default_workers, folder)


@dataclass
class Measured:
    """What came of it."""

    machine: Mapping[str, object]
    rows: list[Row] = field(default_factory=list)


def run(plan: Plan, show: Show) -> Measured:
    """Measure. Raises BenchError where anything does not work as it should."""
    before = machine()
    with stand(plan.sizes, plan.folder) as made:
        measured = Measured({**before, **postgresql(made.engine)})
        _answers(plan, made, measured, show)
        if "batch" in plan.rows:
            measured.rows.append(batch_accruals(made, show))
    return measured


def _answers(plan: Plan, made: Stand, measured: Measured, show: Show) -> None:
    """The rows that are held against signed answers."""
    if not {"single", "latency"} & set(plan.rows):
        return
    with made.reference(plan.reference_workers) as reference:
        single = single_accruals(made, reference, show)
        if "single" in plan.rows:
            measured.rows.append(single)
        if "latency" in plan.rows:
            measured.rows.append(latency(made, reference, single.value / 2, show))
