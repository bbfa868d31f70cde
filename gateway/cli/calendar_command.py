"""`coalition calendar`: the next closings, so that a calendar can be read before it counts."""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import islice
from pathlib import Path

import click

from gateway.calendar_file import CALENDAR_FILE, calendar_in
from gateway.cli import output
from gateway.cli.database import DEFAULT_DATA_DIR, plain_errors, utc_now
from gateway.cli.types import DAY
from settlement.calendar import Calendar, CalendarEnded

calendar_option = click.option(
    "--calendar",
    type=click.Path(dir_okay=False, path_type=Path),
    help=f"TOML; else {CALENDAR_FILE} of the data directory; else every midnight UTC.",
)


@click.command(name="calendar")
@click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=DEFAULT_DATA_DIR,
    show_default=True,
    help="Where the calendar is.",
)
@calendar_option
@click.option("--from", "first", type=DAY, help="The first day to look at; by default today.")
@click.option("--count", type=click.IntRange(1, 1_000), default=10, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
def calendar_command(
    *,
    data_dir: Path,
    calendar: Path | None,
    first: date | None,
    count: int,
    as_json: bool,
) -> None:
    """Show the next closings: when each business date ends, and when that is told and paid."""
    chosen = calendar_in(data_dir, calendar)
    with plain_errors():
        listed = list(islice(_closings(chosen, first or chosen.business_date(utc_now())), count))
    rows = [closing_json(chosen, closing) for closing in listed]
    if as_json:
        output.show_json({"time_zone": chosen.time_zone, "closings": rows})
        return
    columns = ("business_date", "closes_at", "closes_at_local", "advice_date", "settlement_date")
    title = f"Closings in {chosen.time_zone}, {chosen.cycle}"
    output.show_table(title, columns, [[row[name] for name in columns] for row in rows])


def _closings(chosen: Calendar, day: date) -> Iterator[date]:
    """Closings from a day on, as far as they are known. Raises CalendarEnded without any."""
    closing = chosen.closing_from(day)
    while True:
        yield closing
        try:
            closing = chosen.closing_from(closing + timedelta(days=1))
        except CalendarEnded:
            return


def closing_json(chosen: Calendar, closing: date) -> dict[str, str]:
    """A closing with its instant and its other days, as ISO 8601 writes them."""
    days = chosen.days_of(closing)
    return {
        "business_date": days.business_date.isoformat(),
        "closes_at": chosen.closes_at(closing).isoformat().replace("+00:00", "Z"),
        "closes_at_local": chosen.closes_at_local(closing).isoformat(),
        "advice_date": days.advice_date.isoformat(),
        "settlement_date": days.settlement_date.isoformat(),
    }


def closing_words(chosen: Calendar, closing: date) -> str:
    """A closing for people."""
    local = chosen.closes_at_local(closing)
    return f"business date {closing} ends at {local:%Y-%m-%d %H:%M} ({chosen.time_zone})"
