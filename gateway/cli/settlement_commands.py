"""`coalition settlement`: windows, positions, statements, items."""

import hashlib
from pathlib import Path

import click

from coalition.checkpoints import open_checkpoint
from coalition.statement_reading import read_form
from coalition.v1 import settlement_pb2
from gateway.cli import output
from gateway.cli.document_command import document, fetch
from gateway.cli.item_export import write_items
from gateway.cli.session import Session, signed_options
from gateway.cli.settlement_life import LIFE_COMMANDS
from gateway.cli.types import in_major

_window_argument = click.argument("window", type=click.IntRange(min=1))


@click.group()
def settlement() -> None:
    """Windows, positions, statements; settlements with their history, and their abort."""


for _command in LIFE_COMMANDS:
    settlement.add_command(_command)


@settlement.command()
@signed_options
def windows(session: Session) -> None:
    """All windows, newest first."""
    request = settlement_pb2.ListWindowsRequest()
    found = session.read("Settlement.ListWindows", request, settlement_pb2.WindowList)
    output.show_list(
        found,
        found.windows,
        "Windows",
        [
            ("window", lambda w: w.window),
            ("state", lambda w: _state(w.state)),
            ("first", lambda w: w.first_number),
            ("last", lambda w: w.last_number or None),
            ("opened", lambda w: output.instant(w.opened_at)),
            ("cut", lambda w: output.instant(w.cut_at)),
        ],
        as_json=session.as_json,
    )


@settlement.command()
@_window_argument
@signed_options
def positions(session: Session, *, window: int) -> None:
    """Who receives (positive) and who pays (negative) in a window: yours, or all."""
    request = settlement_pb2.GetPositionsRequest(window=window)
    found = session.read("Settlement.GetPositions", request, settlement_pb2.PositionList)
    exponent = session.profile.currency.exponent
    output.show_list(
        found,
        found.positions,
        f"Positions of window {window} in {found.currency}",
        [
            ("participant", lambda p: p.participant),
            ("net", lambda p: in_major(p.net_minor, exponent)),
        ],
        as_json=session.as_json,
    )


@settlement.command()
@_window_argument
@click.option("--participant", default="", help="Whose, for an administrator; by default yours.")
@click.option(
    "--out",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Folder for the files; by default this one.",
)
@signed_options
def statement(session: Session, *, window: int, participant: str, folder: Path) -> None:
    """Fetch the statement of a closed window, verify it, write it as JSON and CSV.

    The checkpoint of the ledger that came with it is verified and written beside them.
    """
    found = fetch(session, window, participant)
    digest = hashlib.sha256(found.json).digest()
    covering = open_checkpoint(found.checkpoint, session.profile.coalition, session.profile.keys)
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    parts = (("json", found.json), ("csv", found.csv), ("checkpoint", covering.note))
    stem = folder / f"statement-{window}-{participant or session.sender}"
    before = stem.with_name(f"{stem.name}.json")
    if before.exists() and before.read_bytes() != found.json:
        # One that another took the place of is a link of the chain, and stays.
        stem = stem.with_name(f"{stem.name}.{read_form(found.json).settlement}")
    for suffix, data in parts:
        path = stem.with_name(f"{stem.name}.{suffix}")
        path.write_bytes(data)
        files[suffix] = str(path)
    if session.as_json:
        output.show_json({"window": window, "sha256": digest.hex(), "files": files})
    else:
        rows = [("sha256", digest.hex()), *files.items()]
        output.show_table(f"Statement of window {window}", ("what", "where"), rows)


@settlement.command()
@_window_argument
@click.option("--time-zone", default="UTC", show_default=True, help="Of the dates.")
@click.option(
    "--out",
    "path",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    default=Path("-"),
    help="File to write; by default standard output.",
)
@signed_options
def items(session: Session, *, window: int, time_zone: str, path: Path) -> None:
    """Your items of a window as the ledger has them, in the form of a record (CSV).

    What `coalition reconcile` takes; with --json one object a line. Amounts are net, in minor
    units, and positive ones are to be received.
    """
    with session.client() as client, click.open_file(str(path), "w", encoding="utf-8") as file:
        write_items(client, window, time_zone, file, as_json=session.as_json)


settlement.add_command(document)


def _state(value: settlement_pb2.WindowState) -> str:
    return output.enum_name(settlement_pb2.WindowState.Name(value), "WINDOW_STATE_")
