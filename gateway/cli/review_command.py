"""`coalition review`: what the passing of time does to tiers and points."""

import json
from dataclasses import asdict
from datetime import UTC, datetime, time
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from gateway.cli.database import (
    checkpoint_option,
    database_options,
    known_coalition,
    opened,
    require_not_behind,
    utc_now,
)
from gateway.cli.failures import BadUse
from gateway.reviewing import review
from partners.review import Finding


@click.command(name="review")
@database_options
@checkpoint_option
@click.option("--dry-run", is_flag=True, help="Show what it would do, and change nothing.")
@click.option(
    "--on",
    "day",
    type=click.DateTime(formats=["%Y-%m-%d"]),
    help="With --dry-run: as of the end of a day to come.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
def review_command(
    *,
    data_dir: Path,
    database_url: str | None,
    checkpoint_file: Path | None,
    dry_run: bool,
    day: datetime | None,
    as_json: bool,
) -> None:
    """Let tiers and points lapse whose time is up, and give notice of what will.

    Meant for every night. Run again, it goes on where it stopped, or changes nothing.
    """
    if day is not None and not dry_run:
        message = "--on shows what will be, so it takes --dry-run"
        raise BadUse(message)
    now = utc_now() if day is None else datetime.combine(day.date(), time.max, UTC)
    findings: list[Finding] = []
    with opened(data_dir, database_url) as (home, engine):
        require_not_behind(home, engine, checkpoint_file)
        coalition, _participants = known_coalition(engine)
        review(engine, coalition, now, writes=not dry_run, on_finding=findings.append)
    if as_json:
        found = [asdict(finding) for finding in findings]
        click.echo(json.dumps({"dry_run": dry_run, "findings": found}))
    else:
        _show(findings, dry_run=dry_run)


def _show(findings: list[Finding], *, dry_run: bool) -> None:
    table = Table(title="What would change" if dry_run else "What changed")
    for column in ("kind", "programme", "member", "what"):
        table.add_column(column)
    for finding in findings:
        table.add_row(finding.kind, finding.programme, finding.member_number, finding.what)
    Console().print(table)
    click.echo(f"{len(findings)} {'would be written' if dry_run else 'entries written'}.")
