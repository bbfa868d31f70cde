"""`coalition log`: checkpoints of the ledger, and what proves that it only grows."""

from collections.abc import Collection
from pathlib import Path

import click

from coalition.answers import BadAnswer
from coalition.checkpoints import Checkpoint, read_checkpoint, write_checkpoint
from coalition.client import Client
from coalition.evidence import open_kept
from coalition.log import fetch_checkpoint, prove_entries, prove_extension
from coalition.profile import Profile
from coalition.receipt_file import read_file
from coalition.tree import BadProof
from gateway.cli import output
from gateway.cli.failures import BadUse, NotProven
from gateway.cli.session import Session, signed_options

_FILE = click.Path(dir_okay=False, path_type=Path)

_keep_option = click.option(
    "--keep",
    type=_FILE,
    help="File with the newest checkpoint that you verified: the new one has to extend it, and "
    "takes its place.",
)


@click.group()
def log() -> None:
    """Checkpoints of the ledger, and proofs that it only grows."""


@log.command()
@_keep_option
@signed_options
def checkpoint(session: Session, *, keep: Path | None) -> None:
    """Fetch and verify the newest checkpoint; with --keep, see that it extends the last one."""
    with session.client() as client:
        newest, kept = _newest(client, session.profile, keep)
    rows = [*_rows(newest), ("extends", "" if kept is None else f"{kept.size} entries")]
    _show(session, "Checkpoint", rows, {"note": newest.note.decode()})


@log.command()
@click.argument("numbers", type=click.IntRange(min=0), nargs=-1)
@_keep_option
@signed_options
def prove(session: Session, *, numbers: tuple[int, ...], keep: Path | None) -> None:
    """Prove that entries of your --receipts file are in the ledger: all of them, or NUMBERS.

    Their leaves are computed from the file, and nothing that the gateway says is believed.
    """
    if session.receipts is None:
        message = "name the file with what you were answered: --receipts FILE"
        raise click.UsageError(message)
    leaves = _leaves(session.receipts, session.profile, numbers)
    with session.client() as client:
        newest, _ = _newest(client, session.profile, keep)
        proofs = dict(prove_entries(client, newest, leaves))
    listed = [
        {"number": number, "hashes": [each.hex() for each in proof]}
        for number, proof in proofs.items()
    ]
    rows = [*_rows(newest), ("entries proven", str(len(proofs)))]
    _show(session, "In the ledger", rows, {"note": newest.note.decode(), "proofs": listed})


@log.command()
@click.argument("earlier", type=_FILE)
@click.argument("later", type=_FILE, required=False)
@signed_options
def consistency(session: Session, *, earlier: Path, later: Path | None) -> None:
    """See that the ledger of a checkpoint extends that of an earlier one.

    LATER is a file as well; by default the newest checkpoint is fetched.
    """
    old = _read(earlier, session.profile)
    with session.client() as client:
        new = (
            fetch_checkpoint(client, session.profile)
            if later is None
            else _read(later, session.profile)
        )
        proof = prove_extension(client, old, new)
    rows = [*_rows(new), ("extends", f"{old.size} entries")]
    _show(session, "Consistent", rows, {"hashes": [each.hex() for each in proof]})


def _newest(
    client: Client, profile: Profile, keep: Path | None
) -> tuple[Checkpoint, Checkpoint | None]:
    """The newest checkpoint and the one kept before, which it is proven to extend."""
    newest = fetch_checkpoint(client, profile)
    if keep is None:
        return newest, None
    kept = read_checkpoint(keep, profile.coalition, profile.keys)
    if kept is not None:
        try:
            prove_extension(client, kept, newest)
        except BadProof as problem:
            refused = keep.with_name(f"{keep.name}.refused")
            write_checkpoint(refused, newest)
            message = (
                f"the ledger does not extend the one you know: {problem}. {keep} stays, the new "
                f"checkpoint is in {refused}; both are signed by the gateway, so keep both: "
                "together they are the evidence"
            )
            raise NotProven(message) from None
    write_checkpoint(keep, newest)
    return newest, kept


def _read(path: Path, profile: Profile) -> Checkpoint:
    found = read_checkpoint(path, profile.coalition, profile.keys)
    if found is None:
        message = f"there is no {path}"
        raise BadUse(message)
    return found


def _leaves(path: Path, profile: Profile, numbers: Collection[int]) -> dict[int, bytes]:
    """The leaves of what a receipt file holds, by number; of those named where any are."""
    leaves: dict[int, bytes] = {}
    for kept in read_file(path)[0]:
        if kept.envelope is None:
            continue
        try:
            answer = open_kept(kept, profile)
        except BadAnswer as problem:
            message = f"request {kept.request_id} in {path}: {problem}"
            raise NotProven(message) from None
        records = [outcome.record for outcome in answer.outcomes if outcome.record is not None]
        leaves.update((record.entry.number, record.leaf) for record in records)
    missing = set(numbers) - leaves.keys()
    if missing:
        message = f"{path} holds no entry {min(missing)}"
        raise BadUse(message)
    return {number: leaf for number, leaf in leaves.items() if not numbers or number in numbers}


def _rows(found: Checkpoint) -> list[tuple[str, str]]:
    return [("entries", str(found.size)), ("root", found.root.hex())]


def _show(
    session: Session, title: str, rows: list[tuple[str, str]], more: dict[str, object]
) -> None:
    if session.as_json:
        named = {name.replace(" ", "_"): value for name, value in rows if value}
        output.show_json({**named, **more})
    else:
        output.show_table(title, ("what", "is"), [row for row in rows if row[1]])
