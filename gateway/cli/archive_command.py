"""`coalition archive`: moves envelopes of old requests into files, and verifies such files."""

import json
from datetime import timedelta
from pathlib import Path

import click

from coalition.keyfiles import passphrase as read_passphrase
from coalition.profile import read_profile
from gateway.archive_files import ArchiveError, verify_archive
from gateway.archiving import Archive
from gateway.cli.database import (
    checkpoint_option,
    database_options,
    known_coalition,
    opened,
    passphrase_option,
    progress,
    require_not_behind,
    utc_now,
)

_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.group(name="archive")
def archive_command() -> None:
    """Move what is bulky and of settled windows out of the database, and prove it."""


@archive_command.command(name="write")
@click.argument("folder", type=_FOLDER)
@database_options
@checkpoint_option
@passphrase_option
@click.option(
    "--older-than",
    "days",
    type=click.IntRange(min=0),
    default=400,
    show_default=True,
    help="Days since a window was cut: a year and a month are for audits.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of words.")
def write(
    *,
    folder: Path,
    data_dir: Path,
    database_url: str | None,
    checkpoint_file: Path | None,
    passphrase_file: Path | None,
    days: int,
    as_json: bool,
) -> None:
    """Move the signed envelopes of settled windows into FOLDER. Runs beside the gateway.

    Answers, hashes and entries stay: whatever was answered is answered again as before. Interrupted
    it goes on when it is started again; run twice it changes nothing.
    """
    with opened(data_dir, database_url) as (home, engine), progress() as show:
        secret = read_passphrase(passphrase_file)
        require_not_behind(home, engine, checkpoint_file)
        coalition, _participants = known_coalition(engine)
        now = utc_now()
        archive = Archive(
            engine, coalition, folder, home.keyring(secret), dict(home.profile().keys)
        )
        try:
            files = archive.run(now - timedelta(days=days), now, show)
        except (ArchiveError, OSError) as problem:
            raise click.ClickException(str(problem)) from problem
    requests = sum(file.requests for file in files)
    if as_json:
        click.echo(json.dumps({"files": [file.name for file in files], "requests": requests}))
    else:
        click.echo(f"{requests} requests archived in {len(files)} files of {folder}.")


@archive_command.command(name="verify")
@click.argument("folder", type=click.Path(file_okay=False, exists=True, path_type=Path))
@click.option(
    "--profile",
    "profile_path",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("coalition.json"),
    show_default=True,
    help="The coalition's profile, with the gateway's public keys.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of words.")
def verify(*, folder: Path, profile_path: Path, as_json: bool) -> None:
    """See that every file of FOLDER is as the gateway signed it, without a database.

    Every request in it has the hash that the ledger's entries name, and its sender's signature.
    """
    profile = read_profile(profile_path)
    try:
        manifests = verify_archive(folder, profile.coalition, profile.keys)
    except ArchiveError as problem:
        raise click.ClickException(str(problem)) from problem
    requests = sum(manifest.requests for manifest in manifests)
    if as_json:
        click.echo(json.dumps({"files": len(manifests), "requests": requests}))
    else:
        click.echo(f"{len(manifests)} files with {requests} requests verified.")
