"""`coalition reconcile`: a record of a window, matched against the ledger."""

import csv
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich import progress as bars

from coalition.record_files import (
    PLAIN,
    BadRecord,
    Controls,
    Rules,
    Sending,
    SentRecord,
    read_record_mapping,
    send_record,
    survey,
)
from coalition.v1 import reconciliation_pb2 as pb
from gateway.cli import output
from gateway.cli.failures import INTERRUPTED, BadUse, Disagreed
from gateway.cli.session import Session, signed_options
from gateway.cli.types import in_major

GO_ON = "Nothing is lost: give the same command again, and it goes on where it stopped."

MOST_SHOWN = 50
"""Findings in the table for people; all of them are in the file and in the JSON."""

COLUMNS = tuple(field.name for field in pb.Finding.DESCRIPTOR.fields)

BREAKS = frozenset(
    name.removeprefix("BREAK_KIND_")
    for name in pb.BreakKind.keys()  # noqa: SIM118 - an enum of protobuf
)

_PATH = click.Path(dir_okay=False, exists=True, path_type=Path)


@click.command()
@click.argument("file", type=_PATH)
@click.option("--window", type=click.IntRange(min=1), required=True, help="One that was cut.")
@click.option(
    "--mapping", "mapping_file", type=_PATH, help="What is where (TOML); by default reference, "
    "date and amount in minor units, as `coalition settlement items` writes them."
)  # fmt: skip
@click.option("--rows", type=click.IntRange(min=0), help="How many rows there have to be.")
@click.option("--total", type=int, help="What their amounts have to sum up to, in minor units.")
@click.option("--amount-tolerance", type=click.IntRange(min=0), default=0, help="Minor units.")
@click.option("--day-tolerance", type=click.IntRange(0, 366), default=0, help="Days.")
@click.option("--time-zone", default="UTC", show_default=True, help="Of the dates.")
@click.option(
    "--differences", type=click.Path(dir_okay=False, path_type=Path), help="Write findings (CSV)."
)
@signed_options
def reconcile(  # noqa: PLR0913 - a record's options, each by name
    session: Session,
    *,
    file: Path,
    window: int,
    mapping_file: Path | None,
    rows: int | None,
    total: int | None,
    amount_tolerance: int,
    day_tolerance: int,
    time_zone: str,
    differences: Path | None,
) -> None:
    """Match your record of a window, in FILE (CSV, JSON or JSON lines), against the ledger.

    May be interrupted and given again: the same record is one reconciliation. Exit code 6 where
    breaks were found.
    """
    mapping = PLAIN if mapping_file is None else read_record_mapping(mapping_file)
    rules = Rules(window, amount_tolerance, day_tolerance, time_zone)
    try:
        controls = survey(file, mapping)
        _require_totals(controls, rows, total)
        with session.client() as client, _bar() as on_progress:
            sent = send_record(client, file, mapping, controls, rules, on_progress=on_progress)
    except BadRecord as problem:
        for broken in problem.broken[1:10]:
            output.note(str(broken))
        raise BadUse(str(problem)) from None
    except KeyboardInterrupt:
        output.note(f"Interrupted. {GO_ON}")
        sys.exit(INTERRUPTED)
    if differences is not None:
        _write(differences, sent.findings)
    _show(sent, session.profile.currency.exponent, as_json=session.as_json)
    if sent.state.superseded_number:
        output.note("A later record of the window has taken its place: its breaks are superseded.")
        return
    breaks = sum(finding.outcome in BREAKS for finding in sent.findings)
    if breaks:
        number = sent.state.concluded_number
        message = f"{breaks} breaks are open: coalition breaks list --after {number - 1}"
        raise Disagreed(message)


def _require_totals(controls: Controls, rows: int | None, total: int | None) -> None:
    """A file that is not whole is refused before anything is sent."""
    for what, found, wanted in (
        ("rows", controls.rows, rows),
        ("a total", controls.total_minor, total),
    ):
        if wanted is not None and wanted != found:
            message = f"the file has {what} of {found}, not {wanted}: it is cut off, or another"
            raise BadRecord(message)


@contextmanager
def _bar() -> Iterator[Callable[[Sending], None]]:
    columns = (
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        bars.TimeRemainingColumn(),
    )
    silent = not sys.stderr.isatty()
    with bars.Progress(*columns, console=output.console(error=True), disable=silent) as bar:
        task = bar.add_task("sending rows", total=None)

        def show(sending: Sending) -> None:
            told = "matching" if sending.matching else "sending rows"
            bar.update(task, description=told, completed=sending.rows, total=sending.total_rows)

        yield show


def _write(path: Path, findings: Iterable[pb.Finding]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows([getattr(finding, name) for name in COLUMNS] for finding in findings)


def _show(sent: SentRecord, exponent: int, *, as_json: bool) -> None:
    state = sent.state
    if as_json:
        told = [output.as_dict(finding) for finding in sent.findings]
        output.show_json({**output.as_dict(state), "found": told})
        return
    title = f"Reconciliation {state.reconciliation} of window {state.window}"
    rows: list[tuple[str, output.Cell]] = [
        ("rows", state.rows),
        ("items of the ledger", state.items),
        *((outcome.outcome, outcome.count) for outcome in state.outcomes),
    ]
    output.show_table(title, ("what", "count"), rows)
    if not sent.findings:
        return
    listed = sent.findings[:MOST_SHOWN]
    output.show_table(
        "Findings",
        ("item", "outcome", "reference", "with", "row", "entry", "ledger", "record", "dates"),
        [_row(finding, exponent) for finding in listed],
    )
    if len(listed) < len(sent.findings):
        output.note(f"{len(sent.findings) - len(listed)} more: name a file with --differences.")


def _row(f: pb.Finding, exponent: int) -> tuple[output.Cell, ...]:
    ledger, record = (in_major(minor, exponent) for minor in (f.ledger_minor, f.reported_minor))
    dates = (
        f.ledger_date
        if f.ledger_date == f.reported_date
        else " / ".join((f.ledger_date or "-", f.reported_date or "-"))
    )
    of_rows = f"{f.row} (+{f.rows - 1})" if f.rows > 1 else f.row or None
    of_entries = f"{f.entry} (+{f.entries - 1})" if f.entries > 1 else f.entry or None
    return (
        f.item, f.outcome, f.reference, f.counterparty, of_rows, of_entries, ledger, record, dates
    )  # fmt: skip
