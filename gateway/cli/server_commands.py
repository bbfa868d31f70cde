"""Commands that open the database: init, serve, check, rotate-key."""

import json
import os
import re
import secrets
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import click
from rich.markup import escape
from sqlalchemy import Engine

from coalition.keyfiles import generate, write_key
from coalition.keyfiles import passphrase as read_passphrase
from coalition.profile import gateway_key, write_profile
from coalition.signing import public_bytes
from gateway import logs
from gateway.cli.database import (
    DEFAULT_DATA_DIR,
    checkpoint_option,
    database_options,
    kept_checkpoint,
    known_coalition,
    opened,
    out,
    passphrase_option,
    plain_errors,
    progress,
    require_not_behind,
    utc_now,
)
from gateway.database import upgrade
from gateway.founding import Founding, found, random_founding, rotate_gateway_key
from gateway.home import Home
from gateway.self_check import check_book
from gateway.server import Listen, ServerError
from gateway.workers import Work, serve_by_workers

DEFAULT_ADDRESS = "127.0.0.1:7466"
PASSPHRASE_BYTES = 24

MAX_WORKERS = 6
"""Each keeps up to a dozen connections to the database, and the embedded one takes a hundred."""

_SLUG = re.compile(r"[a-z][a-z0-9-]{1,31}")
_CURRENCY = re.compile(r"[A-Z][A-Z0-9-]{1,15}")


def _matching(pattern: re.Pattern[str]) -> Callable[[click.Context, click.Parameter, str], str]:
    def check(_: click.Context, __: click.Parameter, value: str) -> str:
        if pattern.fullmatch(value) is None:
            message = f"{value!r} is not of the form {pattern.pattern}"
            raise click.BadParameter(message)
        return value

    return check


@click.command()
@database_options
@passphrase_option
@click.option(
    "--generate-passphrase",
    is_flag=True,
    help="Make the passphrase file, with a random passphrase, where it is not there yet.",
)
@click.option("--operator", default="operator", show_default=True, callback=_matching(_SLUG))
@click.option("--name", default="Coalition", show_default=True, help="The operator's name.")
@click.option(
    "--currency",
    default="COIN",
    show_default=True,
    callback=_matching(_CURRENCY),
    help="Code of the shared currency.",
)
@click.option(
    "--exponent",
    type=click.IntRange(0, 6),
    default=2,
    show_default=True,
    help="Digits of the shared currency's minor unit.",
)
@click.option(
    "--administrators",
    default="admin-one,admin-two,admin-three",
    show_default=True,
    help="Ids of the persons who administer: at least two; three for guard rails.",
)
def init(  # noqa: PLR0913 - one parameter per option
    *,
    data_dir: Path,
    database_url: str | None,
    passphrase_file: Path | None,
    generate_passphrase: bool,
    operator: str,
    name: str,
    currency: str,
    exponent: int,
    administrators: str,
) -> None:
    """Make a new coalition: id, schema, operator, shared currency and keys."""
    with plain_errors():
        if generate_passphrase and passphrase_file is not None:
            _make_passphrase(passphrase_file)
        secret = read_passphrase(passphrase_file)
    home = Home(data_dir)
    if home.is_founded:
        message = f"{data_dir} holds a coalition already; give another --data-dir"
        raise click.ClickException(message)
    gateway = generate()
    people = {person: generate() for person in _people(administrators)}
    founding = random_founding(
        operator=operator,
        name=name,
        currency=currency,
        exponent=exponent,
        gateway=gateway,
        administrators=people,
    )
    with opened(data_dir, database_url, new=True) as (_, engine):
        written = [home.add_gateway_key(gateway, secret)]
        try:
            for person, key in people.items():
                write_key(home.key_path(person), key, secret)
                written.append(home.key_path(person))
            found(engine, founding, utc_now())
        except BaseException:
            for path in written:
                path.unlink()
            raise
        write_profile(home.profile_path, founding.profile)
    _tell_founded(home, founding, _serve_command(data_dir, database_url, passphrase_file))


def _serve_command(data_dir: Path, database_url: str | None, passphrase_file: Path | None) -> str:
    """What is typed next. A database's address is not repeated: there may be a password in it."""
    words = ["coalition", "serve"]
    if data_dir != DEFAULT_DATA_DIR:
        words += ["--data-dir", shlex.quote(str(data_dir))]
    if passphrase_file is not None:
        words += ["--passphrase-file", shlex.quote(str(passphrase_file))]
    if database_url is not None:
        words += ["--database-url", "..."]
    return " ".join(words)


def _people(administrators: str) -> list[str]:
    people = [person.strip() for person in administrators.split(",")]
    enough = len(set(people)) >= 2  # noqa: PLR2004 - one proposes, another approves
    if not enough or not all(map(_SLUG.fullmatch, people)):
        message = "needs at least two different ids, such as alice,bob"
        raise click.BadParameter(message, param_hint="--administrators")
    return people


def _make_passphrase(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(PASSPHRASE_BYTES) + "\n")


def _tell_founded(home: Home, founding: Founding, serve_command: str) -> None:
    out.print(f"Coalition [bold]{founding.coalition_id}[/] made in {home.path}.")
    out.print(f"  profile for partners: {home.profile_path}")
    for person in founding.administrators:
        out.print(f"  key of {person}: {home.key_path(person)} (encrypted; hand it over)")
    out.print(f"Next: {escape(serve_command)}", soft_wrap=True)


@click.command()
@database_options
@checkpoint_option
@passphrase_option
@click.option("--listen", default=DEFAULT_ADDRESS, show_default=True, help="host:port")
@click.option(
    "--tls-certificate",
    type=click.Path(dir_okay=False, path_type=Path),
    help="PEM; plain text is served on loopback only.",
)
@click.option("--tls-key", type=click.Path(dir_okay=False, path_type=Path), help="PEM.")
@click.option(
    "--workers",
    type=click.IntRange(1, MAX_WORKERS),
    default=lambda: min(len(os.sched_getaffinity(0)), MAX_WORKERS),
    show_default="one for each processor",
    help="Processes that serve the port.",
)
@click.option(
    "--log-level",
    type=click.Choice(["DEBUG", "INFO", "WARNING", "ERROR"]),
    default="INFO",
    show_default=True,
)
def serve(  # noqa: PLR0913 - one parameter per option
    *,
    data_dir: Path,
    database_url: str | None,
    checkpoint_file: Path | None,
    passphrase_file: Path | None,
    listen: str,
    tls_certificate: Path | None,
    tls_key: Path | None,
    workers: int,
    log_level: str,
) -> None:
    """Run the gateway until SIGTERM, then drain.

    A worker that ends by itself is started again.
    """
    logs.configure(log_level)
    with opened(data_dir, database_url) as (home, engine):
        secret = read_passphrase(passphrase_file)
        if not home.is_founded:
            message = f"{data_dir} holds no coalition; make one with `coalition init`"
            raise ServerError(message)
        with engine.begin() as connection:
            upgrade(connection)
        keyring = home.keyring(secret)
        work = Work(
            data_dir=data_dir,
            database_url=None if database_url is None else _url_of(engine),
            keys={keyid: key.private_bytes_raw() for keyid, key in keyring.keys.items()},
            current_key=keyring.current,
            clock=utc_now,
            listen=Listen(listen, tls_certificate, tls_key),
            checkpoint_file=checkpoint_file or home.checkpoint_path,
            log_level=log_level,
        )
        engine.dispose()
        serve_by_workers(work, workers, lambda port: out.print(f"Serving on port {port}."))


def _url_of(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


@click.command()
@database_options
@checkpoint_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
def check(
    *, data_dir: Path, database_url: str | None, checkpoint_file: Path | None, as_json: bool
) -> None:
    """Recompute every balance, window total and hash from the lines.

    The log is also compared with the checkpoint that is kept outside the database.
    """
    with opened(data_dir, database_url) as (home, engine), progress() as show:
        coalition, _participants = known_coalition(engine)
        kept = kept_checkpoint(home, checkpoint_file, coalition)
        checkpoint = None if kept is None else kept.read()
        problems, entries = check_book(engine, coalition, show, checkpoint)
    if as_json:
        click.echo(json.dumps({"entries": entries, "problems": [str(p) for p in problems]}))
    else:
        for problem in problems:
            click.echo(str(problem))
        verdict = f"{len(problems)} problems" if problems else "no problem"
        click.echo(f"{entries} entries checked: {verdict}.")
    if problems:
        sys.exit(1)


@click.command()
@database_options
@checkpoint_option
@passphrase_option
def rotate_key(
    *,
    data_dir: Path,
    database_url: str | None,
    checkpoint_file: Path | None,
    passphrase_file: Path | None,
) -> None:
    """Give the gateway a new key; old answers go on verifying. Restart the gateway after it."""
    with opened(data_dir, database_url) as (home, engine):
        secret = read_passphrase(passphrase_file)
        require_not_behind(home, engine, checkpoint_file)
        coalition, _ = known_coalition(engine)
        profile, key = home.profile(), generate()
        with engine.begin() as connection:
            registered = rotate_gateway_key(connection, coalition, public_bytes(key), utc_now())
            home.add_gateway_key(key, secret)
        keys = (*profile.gateway_keys, gateway_key(public_bytes(key)))
        write_profile(home.profile_path, profile.model_copy(update={"gateway_keys": keys}))
    out.print(f"New key {registered.keyid}; give partners the new {home.profile_path}.")
