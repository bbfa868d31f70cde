"""`coalition send`: a file of activities, as signed batches."""

import csv
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from typing import BinaryIO, cast

import click
from rich import progress as bars

from coalition.activity_files import ActivityFileError, read_mapping
from coalition.activity_files.sending import (
    BATCH_SIZE,
    MAX_ITEMS,
    Progress,
    Reject,
    SendReport,
    send_file,
)
from gateway.cli import output
from gateway.cli.failures import INTERRUPTED, ROWS_REFUSED
from gateway.cli.points import UNKNOWN, Decimals, decimals_if_told
from gateway.cli.session import Session, signed_options

GO_ON = (
    "Nothing is lost and nothing counts twice: give the same command again, and it goes on. "
    "Rows that counted are answered as they were the first time."
)

_PATH = click.Path(dir_okay=False, path_type=Path)
_REJECT_COLUMNS = tuple(column.name for column in fields(Reject))


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--mapping", "mapping_file", required=True, type=_PATH, help="What is where (TOML).")
@click.option(
    "--name",
    help="What the file is known by; by default its name without folders and .gz. Rows are "
    "known by it and their number: keep it when you send a file again.",
)
@click.option(
    "--attempt",
    type=click.IntRange(1, 9999),
    default=1,
    show_default=True,
    help="A row that the rules refused stays refused; a higher attempt asks again.",
)
@click.option("--only", type=_PATH, help="Send only the rows in this file of rejects.")
@click.option("--rejects", type=_PATH, help="Write the rows that do not count, and why (CSV).")
@click.option(
    "--batch",
    type=click.IntRange(1, MAX_ITEMS),
    default=BATCH_SIZE,
    show_default=True,
    help="Rows in one envelope.",
)
@signed_options
def send(
    session: Session,
    *,
    file: Path,
    mapping_file: Path,
    name: str | None,
    attempt: int,
    only: Path | None,
    rejects: Path | None,
    batch: int,
) -> None:
    """Send the activities in FILE: CSV, JSON or JSON lines, plain or .gz, or - for a stream.

    May be interrupted and given again: every row counts once.
    """
    mapping = read_mapping(mapping_file)
    rows = None if only is None else _rows_in(only)
    report, known = SendReport(), UNKNOWN
    try:
        with session.client() as client, _written(rejects) as on_reject, _bar() as on_progress:
            send_file(
                client,
                cast("BinaryIO", sys.stdin.buffer) if str(file) == "-" else file,
                mapping,
                name=name,
                attempt=attempt,
                only=rows,
                batch_size=batch,
                report=report,
                on_progress=on_progress,
                on_reject=on_reject,
            )
            if report.points_minor and not session.as_json:
                known = decimals_if_told(client)
    except KeyboardInterrupt:
        _show(report, known, as_json=session.as_json, complete=False)
        output.note(f"Interrupted. {GO_ON}")
        sys.exit(INTERRUPTED)
    except BaseException:
        if report.batches:
            _show(report, known, as_json=session.as_json, complete=False)
            output.note(f"Stopped before the end. {GO_ON}")
        raise
    _show(report, known, as_json=session.as_json, complete=True)
    _tell_rejects(report, rejects)
    if not report.is_complete:
        sys.exit(ROWS_REFUSED)


def _rows_in(path: Path) -> frozenset[int]:
    """Rows of an earlier file of rejects."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return frozenset(int(row["row"]) for row in csv.DictReader(file))
    except (KeyError, TypeError, ValueError):
        message = f"{path} is no file of rejects: it has no column of row numbers"
        raise ActivityFileError(message) from None


@contextmanager
def _written(path: Path | None) -> Iterator[Callable[[Reject], None]]:
    """Takes rejects, and writes them where a file is named; the first ones are also shown."""
    if path is None:
        yield lambda _: None
        return
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, _REJECT_COLUMNS)
        writer.writeheader()
        yield lambda reject: writer.writerow(asdict(reject))


@contextmanager
def _bar() -> Iterator[Callable[[Progress], None]]:
    """A progress bar on standard error, where a person looks."""
    columns = (
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.TaskProgressColumn(),
        bars.TextColumn("{task.fields[rows]} rows"),
        bars.TimeRemainingColumn(),
    )
    silent = not sys.stderr.isatty()
    with bars.Progress(*columns, console=output.console(error=True), disable=silent) as bar:
        task = bar.add_task("sending", total=None, rows=0)

        def show(progress: Progress) -> None:
            report = progress.report
            bar.update(
                task,
                description=report.name,
                completed=progress.done_bytes,
                total=progress.total_bytes,
                rows=report.rows,
            )

        yield show


def _show(report: SendReport, known: Decimals, *, as_json: bool, complete: bool) -> None:
    if as_json:
        output.show_json({**as_dict(report), "finished": complete})
        return
    rows: list[tuple[str, output.Cell]] = [
        ("rows", report.rows),
        ("accepted", report.accepted),
        ("known already", report.replayed),
        *((f"refused: {reason}", count) for reason, count in report.refused.most_common()),
        ("broken", report.broken_rows),
        *((f"passed over: {why}", count) for why, count in report.passed_over.most_common()),
        *(
            (f"points: {currency} {reason}", known.in_currency(points, currency))
            for (currency, reason), points in sorted(report.points_minor.items())
        ),
    ]
    output.show_table(report.name, ("what", "count"), rows)


def as_dict(report: SendReport) -> dict[str, object]:
    """A report for machines."""
    return {
        "file": report.name,
        "rows": report.rows,
        "batches": report.batches,
        "accepted": report.accepted,
        "replayed": report.replayed,
        "legs": report.legs,
        "points_minor": [
            {"currency": currency, "reason": reason, "points_minor": points}
            for (currency, reason), points in sorted(report.points_minor.items())
        ],
        "refused": dict(report.refused),
        "broken": report.broken_rows,
        "passed_over": dict(report.passed_over),
    }


def _tell_rejects(report: SendReport, rejects: Path | None) -> None:
    if report.is_complete:
        return
    for broken in report.broken[:5]:
        output.note(str(broken))
    where = f"see {rejects}" if rejects else "name a file with --rejects to see all of them"
    count = report.broken_rows + sum(report.refused.values())
    output.note(f"{count} rows do not count: {where}.")
