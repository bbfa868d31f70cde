"""Attacks a gateway of its own with spoilt and forged envelopes, and counts what came of them.

    PYTHONPATH=tests python -m hostile.fuzz --envelopes 200000

Ends with 1 where one was accepted, answered as a fault, or left the ledger in disorder. The same
seed makes the same attempts.
"""

import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import click
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeElapsedColumn
from rich.table import Table

from gateway import logs
from gateway.postgres import embedded_postgres, reachable_data_dir
from hostile.judging import FAULT, Tally, Trial, run
from hostile.world import hostile_world
from support.raw_calls import raw_wire

SHARE = 0.05
"""Of the attempts that are whole calls; the others end at the door, ten times as fast."""

MOST_OUTCOMES = 4
"""That are named of an attack in the table."""

_out = Console()


@contextmanager
def _a_database() -> Iterator[str]:
    with (
        tempfile.TemporaryDirectory(prefix="coalition-fuzz-", ignore_cleanup_errors=True) as made,
        embedded_postgres(reachable_data_dir(Path(made)), durable=False) as url,
    ):
        yield url


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], None]]:
    columns = (*Progress.get_default_columns(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=_out) as progress:
        task = progress.add_task("Envelopes", total=total)
        yield lambda done: progress.update(task, completed=done)


def shown(tally: Tally) -> Table:
    """What came of every attack."""
    table = Table("attack", "made", "outcomes")
    by_attack: dict[str, Counter[str]] = {}
    for (attack, outcome), count in tally.counts.items():
        by_attack.setdefault(attack, Counter())[outcome] += count
    for attack, outcomes in by_attack.items():
        told = [f"{name} {count:,}" for name, count in outcomes.most_common(MOST_OUTCOMES)]
        rest = len(outcomes) - len(told)
        more = [f"and {rest} more"] if rest else []
        table.add_row(attack, f"{outcomes.total():,}", ", ".join([*told, *more]))
    return table


@click.command()
@click.option("--envelopes", type=click.IntRange(1, 10_000_000), default=200_000, show_default=True)
@click.option("--share", type=click.FloatRange(0, 1), default=SHARE, show_default=True)
@click.option("--seed", default="envelopes", show_default=True)
def main(envelopes: int, share: float, seed: str) -> None:
    """Attack a gateway with spoilt and forged envelopes."""
    logs.configure("CRITICAL")
    with _a_database() as url, hostile_world(url) as world, raw_wire(world.day) as wire:
        trial = Trial.begin(world, wire)
        with _progress(envelopes) as on_progress:
            run(trial, envelopes, share, Random(seed), on_progress=on_progress)
    tally = trial.tally
    _out.print(shown(tally))
    for problem in tally.wrong:
        _out.print(problem, markup=False)
    faults = sum(count for (_, outcome), count in tally.counts.items() if outcome == FAULT)
    _out.print(
        f"{tally.attempts:,} envelopes: {tally.wrongs:,} otherwise than allowed, of these "
        f"{faults:,} faults; the gateway answers, and its book agrees"
    )
    sys.exit(1 if tally.wrongs else 0)


if __name__ == "__main__":
    main()
