"""The command `coalition bench`."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import click
from rich.console import Console

from gateway.bench.problems import BenchError
from gateway.bench.report import machine_words, rows_table, stages_table, to_json
from gateway.bench.suite import FULL, QUICK, QUICK_ROWS, ROWS, Measured, Plan, run
from gateway.cli.bench_chart import draw
from gateway.cli.database import progress
from gateway.cli.server_commands import serve
from gateway.cli.what_if_chart import require_drawable

WIDTH = 110
"""Where what is printed is not read on a terminal."""

_FILE = click.Path(dir_okay=False, path_type=Path)


def _default_workers() -> int:
    """How many processes `coalition serve` starts when it is not told."""
    default = serve.make_context("serve", []).params.get("workers")
    return default if isinstance(default, int) else 1


@click.command()
@click.option("--quick", is_flag=True, help="Under five minutes: fewer rounds, smaller books.")
@click.option(
    "--only",
    multiple=True,
    type=click.Choice(ROWS),
    help="Measure this only; may be given several times.",
)
@click.option("--workers", type=click.IntRange(1), help="As `coalition serve` takes it.")
@click.option("--members", type=click.IntRange(1), help="Members that take points and miles.")
@click.option("--rounds", type=click.IntRange(1), help="Rounds of every comparison.")
@click.option("--calls", type=click.IntRange(1), help="Single accruals in a round.")
@click.option("--batches", type=click.IntRange(1), help="Envelopes in a round of batches.")
@click.option("--batch-items", type=click.IntRange(1, 1_000), help="Stays in an envelope.")
@click.option("--window", type=click.IntRange(2), help="Entries of the large window to close.")
@click.option("--record-rows", type=click.IntRange(2), help="Rows of the record to match.")
@click.option("--entries", type=click.IntRange(1), help="Of the book for the row `size`.")
@click.option("--minutes", type=click.IntRange(2), help="Of load for the row `memory`.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="Where the throw-away databases are made, on the disk that is to be measured.",
)
@click.option("--chart", type=_FILE, help="Also draw it: a .svg or .png file.")
@click.option("--profile", type=_FILE, help="Write a profile of the server's threads (pstats).")
@click.option("--json", "as_json", is_flag=True, help="One JSON object as the last line.")
def bench(
    *,
    quick: bool,
    only: tuple[str, ...],
    workers: int | None,
    window: int | None,
    folder: Path | None,
    chart: Path | None,
    profile: Path | None,
    as_json: bool,
    **sizes: int | None,
) -> None:
    """Measure the gateway on this machine, as ratios to what the machine can do at best.

    Everything runs on databases of its own, gone at the end, and on loopback. The rows that
    need millions of entries, or minutes of load, are left out with --quick unless they are named.
    """
    if chart is not None:
        require_drawable(chart)
    given = {name: value for name, value in sizes.items() if value is not None}
    chosen = replace(QUICK if quick else FULL, workers=workers, **given)  # type: ignore[arg-type]
    if window is not None:
        chosen = replace(chosen, windows=(window,), small_window=max(1, window // 100))
    rows = only or (QUICK_ROWS if quick else ROWS)
    plan = Plan(chosen, rows, workers or _default_workers(), folder, profile)
    console = Console(file=sys.stderr if as_json else sys.stdout)
    try:
        with progress() as show:
            measured = run(plan, show)
    except BenchError as error:
        raise click.ClickException(str(error)) from error
    _tell(console, measured)
    if chart is not None:
        draw(measured, chart)
        console.print(f"The chart is in {chart}.")
    if as_json:
        click.echo(json.dumps(to_json(measured)))


def _tell(console: Console, measured: Measured) -> None:
    if not console.is_terminal:
        console.width = WIDTH
    console.print(machine_words(measured))
    if measured.rows:
        console.print(rows_table(measured.rows))
    if measured.breakdowns:
        console.print(stages_table(measured.breakdowns))
