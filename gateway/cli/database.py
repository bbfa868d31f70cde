"""What the commands that open a database share: their options, errors and progress."""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from sqlalchemy import Engine, make_url
from sqlalchemy.exc import ArgumentError, OperationalError

from coalition.keyfiles import KeyFileError
from coalition.profile import ProfileError
from gateway.checkpointing import CheckpointMismatch, KeptCheckpoint
from gateway.database import report_engine, upgrade
from gateway.founding import FoundingError
from gateway.home import Home
from gateway.postgres import EmbeddedPostgresError
from gateway.server import ServerError
from partners.directory_store import load_directory
from settlement.ledger.book import load_coalition
from settlement.ledger.entries import Coalition
from settlement.run import SettlementDifference, SettlementUnderWay

F = TypeVar("F", bound=Callable[..., Any])

out = Console(stderr=True)

DEFAULT_DATA_DIR = Path(".coalition")


def utc_now() -> datetime:
    """The clock of the real server."""
    return datetime.now(UTC)


def _options(*options: Callable[[F], F]) -> Callable[[F], F]:
    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


database_options = _options(
    click.option(
        "--data-dir",
        type=click.Path(file_okay=False, path_type=Path),
        default=DEFAULT_DATA_DIR,
        show_default=True,
        help="Keys, profile and the embedded database.",
    ),
    click.option("--database-url", help="A PostgreSQL of yours instead of the embedded one."),
)

passphrase_option = click.option(
    "--passphrase-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Holds the passphrase of the key files; else COALITION_PASSPHRASE does.",
)

checkpoint_option = click.option(
    "--checkpoint-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the newest checkpoint is kept; by default in the data directory. Best on another "
    "machine than the database.",
)


@contextmanager
def plain_errors() -> Iterator[None]:
    """What went wrong in one line, not in a traceback."""
    try:
        yield
    except (
        CheckpointMismatch,
        FoundingError,
        ServerError,
        SettlementDifference,
        SettlementUnderWay,
        EmbeddedPostgresError,
        KeyFileError,
        ProfileError,
    ) as error:
        raise click.ClickException(str(error)) from error
    except OperationalError as error:
        message = f"the database is out of reach: {str(error.orig).strip()}"
        raise click.ClickException(message) from error


@contextmanager
def opened(
    data_dir: Path,
    database_url: str | None,
    make_engine: Callable[[str], Engine] = report_engine,
    *,
    new: bool = False,
) -> Iterator[tuple[Home, Engine]]:
    """The data directory and its database; only a `new` one is made where there is none."""
    home = Home(data_dir)
    if database_url is None and not new and not home.is_founded:
        message = f"{data_dir} holds no coalition; make one with `coalition init`"
        raise click.ClickException(message)
    with plain_errors(), home.database(_sqlalchemy_url(database_url)) as url:
        engine = make_engine(url)
        try:
            yield home, engine
        finally:
            engine.dispose()


def _sqlalchemy_url(url: str | None) -> str | None:
    """Accept postgresql:// and postgres:// as people write them, and nothing else.

    What was given is not repeated: there may be a password in it.
    """
    if url is None:
        return None
    ours = re.sub(r"^postgres(ql)?(\+psycopg)?://", "postgresql+psycopg://", url)
    try:
        known = make_url(ours).drivername == "postgresql+psycopg"
    except (ArgumentError, ValueError):
        known = False
    if not known:
        message = "--database-url is not of the form postgresql://user@host:5432/name"
        raise click.ClickException(message)
    return ours


@contextmanager
def progress() -> Iterator[Callable[[str, int, int], None]]:
    """A bar per stage of something long, on standard error."""
    columns = (
        TextColumn("{task.description:<24}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=out, disable=not sys.stderr.isatty()) as bar:
        tasks: dict[str, Any] = {}

        def show(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=total)
            bar.update(tasks[stage], completed=done, total=total)

        yield show


def known_coalition(engine: Engine) -> tuple[Coalition, list[str]]:
    """The coalition of a database, whose schema is brought up to date, and its participants."""
    with engine.begin() as connection:
        upgrade(connection)
        coalition = load_coalition(connection)
        if coalition is None:
            message = "the database holds no coalition; make one with `coalition init`"
            raise ServerError(message)
        directory = load_directory(connection, coalition)
    return coalition, [p.principal_id for p in directory.participants()]


def kept_checkpoint(
    home: Home, checkpoint_file: Path | None, coalition: Coalition
) -> KeptCheckpoint | None:
    """The checkpoint that is kept of a database's coalition.

    None where no file is named and the data directory holds no coalition, or another one.
    Raises ProfileError.
    """
    if checkpoint_file is None and not home.profile_path.exists():
        return None
    profile = home.profile()
    if checkpoint_file is None and profile.coalition != coalition.coalition_id:
        return None
    path = home.checkpoint_path if checkpoint_file is None else checkpoint_file
    return KeptCheckpoint(path, profile.coalition, profile.keys)


def require_not_behind(home: Home, engine: Engine, checkpoint_file: Path | None) -> None:
    """Raise CheckpointMismatch where the database has not all that was signed.

    The schema is brought up to date before.
    """
    coalition, _ = known_coalition(engine)
    kept = kept_checkpoint(home, checkpoint_file, coalition)
    if kept is not None:
        with engine.connect() as connection:
            kept.require_extended(connection)
