"""`coalition receipts`: signed answers, kept or fetched."""

from dataclasses import asdict
from pathlib import Path

import click

from coalition.errors import Refused
from coalition.evidence import verify_all
from coalition.profile import read_profile
from coalition.receipt_file import read_file
from gateway.cli import output
from gateway.cli.failures import NotProven
from gateway.cli.session import Session, signed_options

_MAX_PROBLEMS = 20


@click.group()
def receipts() -> None:
    """Verify and show signed answers."""


@receipts.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--profile",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("coalition.json"),
    show_default=True,
    envvar="COALITION_PROFILE",
    help="The coalition's public profile.",
)
@click.option("--json", "as_json", is_flag=True, help="JSON instead of a table.")
def verify(file: Path, profile: Path, *, as_json: bool) -> None:
    """Verify every answer in a receipt file again, without a gateway."""
    found = verify_all(file, read_profile(profile))
    counts = {name: value for name, value in asdict(found).items() if name != "problems"}
    if as_json:
        output.show_json({**counts, "problems": found.problems})
    else:
        output.show_table(str(file), ("what", "count"), counts.items())
    if found.problems:
        more = len(found.problems) - _MAX_PROBLEMS
        told = [*found.problems[:_MAX_PROBLEMS], *([f"and {more} more"] if more > 0 else [])]
        message = f"{file} does not hold:\n  " + "\n  ".join(told)
        raise NotProven(message)


@receipts.command()
@click.argument("request_id")
@signed_options
def show(session: Session, *, request_id: str) -> None:
    """Fetch, verify and show the answer to one of your requests or rows."""
    with session.client() as client:
        answer = client.get_receipt(request_id)
    for outcome in answer.outcomes:
        output.show_outcome(outcome, as_json=session.as_json)


@receipts.command()
@signed_options
def resend(session: Session) -> None:
    """Send the requests in the --receipts file that have no answer yet, as they were.

    Whatever became of them, none counts twice.
    """
    if session.receipts is None:
        message = "name the file: --receipts FILE"
        raise click.UsageError(message)
    pending = [kept.request_id for kept in read_file(session.receipts)[0] if kept.pending]
    with session.client() as client:
        for request_id in pending:
            try:
                answer = client.resend(request_id)
            except Refused as refused:
                output.note(str(refused))
                continue
            for outcome in answer.outcomes:
                output.show_outcome(outcome, as_json=session.as_json)
    output.note(f"{len(pending)} requests were sent again.")
