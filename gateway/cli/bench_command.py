"""The command `coalition bench`."""

import json
import sys
from pathlib import Path

import click
from rich.console import Console

from gateway.bench.problems import BenchError
from gateway.bench.report import as_table, machine_words, to_json
from gateway.bench.suite import ROWS, Plan, run
from gateway.cli.database import progress
from gateway.cli.server_commands import serve


def _default_workers() -> int:
    """How many processes `coalition serve` starts when it is not told."""
    default = serve.make_context("serve", []).params.get("workers")
    return default if isinstance(default, int) else 1


@click.command()
@click.option("--quick", is_flag=True, help="Under five minutes: fewer rounds, smaller books.")
@click.option(
    "--only",
    multiple=True,
    type=click.Choice(list(ROWS)),
    help="Measure this row only; may be given several times.",
)
@click.option("--workers", type=click.IntRange(1), help="As `coalition serve` takes it.")
@click.option("--rounds", type=click.IntRange(1), help="Rounds of every comparison.")
@click.option("--calls", type=click.IntRange(1), help="Calls in a round.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="Where the throw-away database is made, on the disk that is to be measured.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object as the last line.")
def bench(
    *,
    quick: bool,
    only: tuple[str, ...],
    workers: int | None,
    rounds: int | None,
    calls: int | None,
    folder: Path | None,
    as_json: bool,
) -> None:
    """Measure the gateway on this machine, as ratios to what the machine can do at best."""
    plan = Plan.of(
        quick=quick,
        only=only,
        workers=workers,
        default_workers=_default_workers(),
        rounds=rounds,
        calls=calls,
        folder=folder,
    )
    console = Console(file=sys.stderr if as_json else sys.stdout)
    try:
        with progress() as show:
            measured = run(plan, show)
    except BenchError as error:
        raise click.ClickException(str(error)) from error
    console.print(machine_words(measured))
    console.print(as_table(measured))
    if as_json:
        click.echo(json.dumps(to_json(measured)))
