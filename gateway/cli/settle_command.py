"""`coalition settle`: closes the open window, on demand or when the calendar says so."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

import click
from rich.console import Console
from sqlalchemy import Engine

from gateway.calendar_file import calendar_in
from gateway.cli.calendar_command import calendar_option, closing_json, closing_words
from gateway.cli.database import (
    checkpoint_option,
    database_options,
    known_coalition,
    opened,
    plain_errors,
    progress,
    require_not_behind,
    utc_now,
)
from gateway.reports import settlement_json, show_settlement, statement_files
from partners.directory_store import money_at
from settlement.calendar import EVERY_MIDNIGHT, Calendar
from settlement.ledger.entries import Coalition
from settlement.reports import SettlementReport
from settlement.run import NothingDue, settle


def settle_now(
    engine: Engine,
    clock: Callable[[], datetime],
    show: Callable[[str, int, int], None],
    calendar: Calendar = EVERY_MIDNIGHT,
    *,
    only_due: bool = False,
) -> tuple[Coalition, SettlementReport]:
    """Settle what is open, or go on with what was begun. Raises NothingDue."""
    coalition, participants = known_coalition(engine)
    report = settle(
        engine,
        coalition,
        participants,
        clock,
        money_at,
        show,
        calendar=calendar,
        only_due=only_due,
    )
    return coalition, report


@click.command(name="settle")
@database_options
@checkpoint_option
@calendar_option
@click.option("--due", is_flag=True, help="Only if a closing of the calendar has passed.")
@click.option(
    "--out",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Also write every statement, as JSON and CSV, into this folder.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of tables.")
def settle_command(
    *,
    data_dir: Path,
    database_url: str | None,
    checkpoint_file: Path | None,
    calendar: Path | None,
    due: bool,
    folder: Path | None,
    as_json: bool,
) -> None:
    """Close the open window: cut, net, post, state. Run again, it goes on or changes nothing.

    With --due, for timers, a window is closed only where a closing of the calendar has passed
    since its first business: once, also after an outage.
    """
    agreed = calendar_in(data_dir, calendar)
    try:
        with opened(data_dir, database_url) as (home, engine), progress() as show:
            require_not_behind(home, engine, checkpoint_file)
            coalition, report = settle_now(engine, utc_now, show, agreed, only_due=due)
    except NothingDue:
        with plain_errors():
            _tell_nothing_due(agreed, as_json=as_json)
        return
    if folder is not None:
        write_files(folder, statement_files(report))
    if as_json:
        click.echo(json.dumps(settlement_json(report)))
    else:
        show_settlement(Console(), report, coalition)


def _tell_nothing_due(calendar: Calendar, *, as_json: bool) -> None:
    closing = calendar.next_closing(utc_now())
    if as_json:
        click.echo(json.dumps({"due": False, "next_closing": closing_json(calendar, closing)}))
    else:
        click.echo(f"Nothing is due. The next closing: {closing_words(calendar, closing)}.")


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files into a folder, which is made where it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
