"""`coalition verify`: a folder of evidence, without a gateway."""

from collections.abc import Sequence
from pathlib import Path

import click

from coalition.evidence_folder import Folder
from coalition.profile import read_profile
from coalition.verifying import Evidence, Report
from coalition.verifying import verify as verify_evidence
from gateway.cli import output
from gateway.cli.evidence_commands import KEPT, bar
from gateway.cli.failures import NotProven

_MAX_PROBLEMS = 20


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--profile",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("coalition.json"),
    show_default=True,
    envvar="COALITION_PROFILE",
    help="The coalition's public profile.",
)
@click.option(
    "--receipts",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="COALITION_RECEIPTS",
    help="Your receipt file: each receipt has to be in the feed.",
)
@click.option(
    "--receipts-whole",
    is_flag=True,
    help="The receipt file holds all you ever sent: whatever the feed answers has to be in it.",
)
@KEPT
@click.option("--json", "as_json", is_flag=True, help="JSON instead of a table.")
def verify(
    folder: Path,
    *,
    profile: Path,
    receipts: Path | None,
    receipts_whole: bool,
    kept: Sequence[Path],
    as_json: bool,
) -> None:
    """Prove a FOLDER of evidence offline: statements, feed, prices, log and receipts.

    Nothing is asked of a gateway. Exit code 0 says that everything is proven; what is wrong is
    told in words.
    """
    if receipts_whole and receipts is None:
        message = "--receipts-whole says something of the file that --receipts names"
        raise click.UsageError(message)
    evidence = Evidence(
        Folder(folder), read_profile(profile), receipts, receipts_whole=receipts_whole, kept=kept
    )
    with bar() as show:
        report = verify_evidence(evidence, show)
    if as_json:
        output.show_json(_as_dict(report))
    else:
        _show(folder, report)
    if not report.proven:
        told = report.problems[:_MAX_PROBLEMS]
        more = len(report.problems) - len(told) + report.more_problems
        told += [f"and {more} more"] if more else []
        message = f"{folder} does not hold:\n  " + "\n  ".join(told)
        raise NotProven(message)


def _show(folder: Path, report: Report) -> None:
    rows: list[tuple[str, output.Cell]] = list(report.counts.items())
    rows += [(f"  {reason}", count) for reason, count in sorted(report.not_recomputed.items())]
    output.show_table(f"Evidence of {report.participant} in {folder}", ("what", "count"), rows)
    for note in report.notes:
        output.note(note)
    if report.proven:
        output.note("Everything here is proven.")


def _as_dict(report: Report) -> dict[str, object]:
    return {
        "participant": report.participant,
        "proven": report.proven,
        "counts": {name.replace(" ", "_"): count for name, count in report.counts.items()},
        "not_recomputed": dict(sorted(report.not_recomputed.items())),
        "notes": report.notes,
        "problems": report.problems,
        "more_problems": report.more_problems,
    }
