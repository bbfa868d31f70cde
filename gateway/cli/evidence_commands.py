"""`coalition evidence`: collect what `coalition verify` proves."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click
from rich import progress as bars

from coalition.evidence_fetch import Fetch
from coalition.evidence_folder import EvidenceError, Folder
from gateway.cli import output
from gateway.cli.failures import BadUse
from gateway.cli.session import Session, signed_options

KEPT = click.option(
    "--kept",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    help="A checkpoint that you kept elsewhere, or had from somebody else.",
)


@click.group()
def evidence() -> None:
    """Collect signed records, statements and proofs into a folder."""


@evidence.command()
@click.option(
    "--window", type=click.IntRange(min=1), help="Statements up to this one; by default of all."
)
@click.option(
    "--out",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Folder of the evidence; one that is there grows.",
)
@click.option("--participant", default="", help="Whose, for a person of the operator.")
@KEPT
@signed_options
def fetch(
    session: Session, *, window: int | None, folder: Path, participant: str, kept: Sequence[Path]
) -> None:
    """Collect everything that proves your statements, for `coalition verify`.

    Given again with the same folder it fetches what is new: the feed after the last record,
    later statements, and the proof that the log then extends the log now.
    """
    with session.client() as client, bar() as show:
        whose = participant or session.sender
        made = Fetch(client, session.profile, whose, Folder(folder), show)
        try:
            made.run(window, kept)
        except EvidenceError as problem:
            raise BadUse(str(problem)) from None
    if session.as_json:
        output.show_json({"folder": str(folder), **made.fetched})
    else:
        output.show_table(f"Evidence in {folder}", ("new", "count"), made.fetched.items())


@contextmanager
def bar() -> Iterator[Callable[[str, int, int], None]]:
    """A bar for each part of something long, on standard error, where a person looks."""
    columns = (
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.TaskProgressColumn(),
        bars.TimeRemainingColumn(),
    )
    console = output.console(error=True)
    with bars.Progress(*columns, console=console, disable=not console.is_terminal) as shown:
        tasks: dict[str, bars.TaskID] = {}

        def show(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = shown.add_task(what, total=total or None)
            shown.update(tasks[what], completed=done, total=total or None)

        yield show
