"""Private keys on disk: Ed25519 in encrypted PKCS#8 PEM, for their owner's eyes only."""

import os
import stat
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from coalition import pkcs8

PASSPHRASE_VARIABLE = "COALITION_PASSPHRASE"  # noqa: S105 - the name of a variable

SHORTEST_PASSPHRASE = 16
"""Characters below which a passphrase that somebody made up can be guessed by whoever has the file
and patience: six random words, or 20 random characters, cannot."""

_FEWEST_CHARACTERS = 6

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_OWNER_ONLY = stat.S_IRUSR | stat.S_IWUSR


class KeyFileError(Exception):
    """A key file or a passphrase cannot be used; the message says what to do."""


def generate() -> Ed25519PrivateKey:
    """A new private key from the system's random source."""
    return Ed25519PrivateKey.generate()


def passphrase(file: Path | None) -> bytes:
    """The passphrase in a file (without its line end), or else in COALITION_PASSPHRASE.

    Raises KeyFileError where there is none.
    """
    if file is None:
        found = os.fsencode(os.environ.get(PASSPHRASE_VARIABLE, ""))
        source = f"no passphrase: set {PASSPHRASE_VARIABLE} or give --passphrase-file"
    else:
        found = _read(file, "passphrase file").rstrip(b"\r\n")
        source = f"{file} is empty: it should hold the passphrase"
    if not found:
        raise KeyFileError(source)
    return found


def is_weak(passphrase: bytes) -> bool:
    """Whether a passphrase is too short, or of too few different characters, to protect a key."""
    return len(passphrase) < SHORTEST_PASSPHRASE or len(set(passphrase)) < _FEWEST_CHARACTERS


def write_key(path: Path, key: Ed25519PrivateKey, passphrase: bytes) -> None:
    """Write an encrypted key to a new file of mode 0600, durably.

    Raises KeyFileError where the file exists (a key is never overwritten), where it cannot
    be written, or where the passphrase is empty.
    """
    if not passphrase:
        message = "a key is not written without a passphrase"
        raise KeyFileError(message)
    plain = key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    pem = pkcs8.encrypted_pem(plain, passphrase)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    except FileExistsError:
        message = f"{path} exists; a key is never overwritten: choose another name"
        raise KeyFileError(message) from None
    except OSError as problem:
        message = f"cannot write {path}: {problem.strerror}"
        raise KeyFileError(message) from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())


def read_key(path: Path, passphrase: bytes) -> Ed25519PrivateKey:
    """The private key in a file that write_key wrote.

    Raises KeyFileError where the file is missing, open to others than its owner, no
    encrypted Ed25519 key, or encrypted with another passphrase.
    """
    pem = _read(path, "key file", private=True)
    if b"-----BEGIN ENCRYPTED PRIVATE KEY-----" not in pem:
        message = f"{path} is not an encrypted private key (PKCS#8 in PEM)"
        raise KeyFileError(message)
    try:
        key = serialization.load_pem_private_key(pem, passphrase)
    except (ValueError, TypeError):
        message = f"cannot decrypt {path}: wrong passphrase, or the file is damaged"
        raise KeyFileError(message) from None
    if not isinstance(key, Ed25519PrivateKey):
        message = f"{path} holds a key of another kind; an Ed25519 key is needed"
        raise KeyFileError(message)
    return key


def _read(path: Path, what: str, *, private: bool = False) -> bytes:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if private and os.name == "posix" and mode & _OTHERS:
                message = f"{path} can be read by others; say: chmod 600 {path}"
                raise KeyFileError(message)
            return file.read()
    except OSError as problem:
        message = f"cannot read the {what} {path}: {problem.strerror}"
        raise KeyFileError(message) from None
