"""Let faults happen: `python -m faults --rounds 10 --only kills`."""

import json
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping

import click
from rich.console import Console
from rich.table import Table

from faults.cases import CASES
from faults.programs import NoRecovery
from faults.rounds import rounds
from faults.scene import Figures
from gateway.postgres import EmbeddedPostgresError

KILLS = "kills"
Outcome = tuple[str, Figures, float]


@click.command()
@click.option("--rounds", "count", default=14, show_default=True, help="How many kills under load.")
@click.option("--only", multiple=True, type=click.Choice([KILLS, *CASES]), help="These alone.")
@click.option("--seed", default=1, show_default=True, help="Moments of the kills.")
@click.option("--json", "as_json", is_flag=True, help="An object per fault instead of a table.")
def main(*, count: int, only: tuple[str, ...], seed: int, as_json: bool) -> None:
    """Faults under load; after each the ledger is checked and compared with partners' receipts."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: sys.exit(128 + number))  # what was started is ended
    found: list[Outcome] = []
    for outcome in outcomes(count, only or (KILLS, *CASES), seed):
        found.append(outcome)
        name, figures, seconds = outcome
        if as_json:
            click.echo(json.dumps({"fault": name, "seconds": seconds, **vars(figures)}))
        else:
            click.echo(_line(name, figures, seconds))
        for problem in figures.problems[:20]:
            click.echo(f"  {problem}", err=True)
    failed = sum(bool(figures.problems) for _, figures, _ in found)
    if not as_json:
        _show(found)
    sys.exit(1 if failed or not found else 0)


def outcomes(count: int, names: tuple[str, ...], seed: int) -> Iterator[Outcome]:
    """What was found after each fault; where one was not survived, that."""
    if KILLS in names:
        yield from rounds(count, seed)
    chosen: Mapping[str, Callable[[], Figures]] = {n: CASES[n] for n in CASES if n in names}
    for name, case in chosen.items():
        began = time.monotonic()
        try:
            figures = case()
        except (NoRecovery, EmbeddedPostgresError) as problem:
            figures = Figures(0, 0, 0, problems=[str(problem)])
        yield name, figures, time.monotonic() - began


def _line(name: str, figures: Figures, seconds: float) -> str:
    verdict = f"{len(figures.problems)} PROBLEMS" if figures.problems else "as it should be"
    return (
        f"{name:<22} {figures.acknowledged:>7} acknowledged {figures.entries:>7} entries "
        f"{figures.again:>6} sent again {seconds:>6.1f} s  {verdict}"
    )


def _show(found: list[Outcome]) -> None:
    """How often each happened, and what came of it."""
    table = Table(title="Faults under load")
    for heading in ("fault", "times", "seconds each", "problems"):
        table.add_column(heading, justify="left" if heading == "fault" else "right")
    for name in dict.fromkeys(name for name, _, _ in found):
        same = [(figures, seconds) for other, figures, seconds in found if other == name]
        each = sum(seconds for _, seconds in same) / len(same)
        problems = sum(len(figures.problems) for figures, _ in same)
        table.add_row(name, str(len(same)), f"{each:.1f}", str(problems))
    Console().print(table)


if __name__ == "__main__":
    main()
