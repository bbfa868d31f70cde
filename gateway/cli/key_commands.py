"""`coalition key`: key files. Nothing here prints a private key."""

from pathlib import Path

import click
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from coalition.keyfiles import (
    SHORTEST_PASSPHRASE,
    generate,
    is_weak,
    passphrase,
    read_key,
    write_key,
)
from coalition.profile import read_profile
from coalition.signing import key_id, prove_possession, public_bytes
from gateway.cli import output

_PATH = click.Path(dir_okay=False, path_type=Path)

_passphrase_option = click.option(
    "--passphrase-file",
    type=_PATH,
    envvar="COALITION_PASSPHRASE_FILE",
    help="Holds the passphrase; else COALITION_PASSPHRASE does.",
)


@click.group()
def key() -> None:
    """Make and show key files."""


@key.command()
@click.argument("path", type=_PATH)
@_passphrase_option
def new(path: Path, passphrase_file: Path | None) -> None:
    """Make a new key in an encrypted file; show its id and its public half."""
    secret = passphrase(passphrase_file)
    made = generate()
    write_key(path, made, secret)
    _show(made)
    output.note(f"The private key is in {path}, encrypted. Next: coalition key proof {path}")
    if is_weak(secret):
        output.note(
            f"The passphrase is weak: take {SHORTEST_PASSPHRASE} characters or more that nobody "
            "can guess, such as six random words, and make the key anew"
        )


@key.command()
@click.argument("path", type=_PATH)
@_passphrase_option
def show(path: Path, passphrase_file: Path | None) -> None:
    """Show the id and the public half of a key."""
    _show(read_key(path, passphrase(passphrase_file)))


@key.command()
@click.argument("path", type=_PATH)
@_passphrase_option
@click.option(
    "--profile",
    type=_PATH,
    default=Path("coalition.json"),
    show_default=True,
    envvar="COALITION_PROFILE",
    help="The coalition's public profile.",
)
@click.option("--owner", required=True, metavar="ID", help="Who will own the key.")
def proof(path: Path, passphrase_file: Path | None, profile: Path, owner: str) -> None:
    """Show what an administrator needs to register the key: JSON, without a secret."""
    private = read_key(path, passphrase(passphrase_file))
    audience = read_profile(profile).coalition
    proven = prove_possession(private, audience, owner)
    output.show_json({"owner": owner, **_public(private), "proof": proven.hex()})


def _show(private: Ed25519PrivateKey) -> None:
    output.show_json(_public(private))


def _public(private: Ed25519PrivateKey) -> dict[str, str]:
    public = public_bytes(private)
    return {"keyid": key_id(public), "ed25519": public.hex()}
