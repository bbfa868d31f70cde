"""Checkpoints: what the gateway signs about the whole ledger, how many entries and which root.

The form is C2SP's tlog-checkpoint, a signed note, so that others' software can read, witness
and compare them. Who keeps one can see for ever whether a later ledger extends it.
"""

import base64
import binascii
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from coalition.notes import BadNote, NoteKey, open_note, sign_note
from coalition.tree import HASH_BYTES, verify_consistency

ORIGIN_PREFIX = "coalition/"
"""Comes before the coalition's id in the first line, and is the name of the gateway's keys."""

MAX_SIZE = 2**63 - 1
"""Entry numbers are int64."""

_LINES = 3


class BadCheckpoint(Exception):
    """These bytes are no checkpoint of this coalition's gateway; the message says why not."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The tree over the first `size` entries of a coalition has this root; `note` is signed."""

    coalition: str
    size: int
    root: bytes
    note: bytes


def origin(coalition: str) -> str:
    """The first line of a coalition's checkpoints."""
    return ORIGIN_PREFIX + coalition


def checkpoint_key(coalition: str, public: bytes) -> NoteKey:
    """A gateway's public key as it signs checkpoints."""
    return NoteKey(origin(coalition), public)


def sign_checkpoint(
    private: Ed25519PrivateKey, coalition: str, size: int, root: bytes
) -> Checkpoint:
    """The checkpoint, signed. The same key, size and root always give the same bytes."""
    name = origin(coalition)
    text = f"{name}\n{size}\n{base64.b64encode(root).decode()}\n"
    return Checkpoint(coalition, size, root, sign_note(text, name, private))


def open_checkpoint(note: bytes, coalition: str, keys: Mapping[str, bytes]) -> Checkpoint:
    """The checkpoint in a note, signed by one of the gateway's keys (raw, by key id).

    Lines after the third are extensions, and signed like the others; they mean nothing here.
    Raises BadCheckpoint.
    """
    try:
        text = open_note(note, (checkpoint_key(coalition, public) for public in keys.values()))
    except BadNote as problem:
        message = f"the checkpoint does not verify: {problem}"
        raise BadCheckpoint(message) from None
    lines = text.split("\n")[:-1]
    if len(lines) < _LINES or not all(lines):
        message = "the checkpoint has not its three lines: origin, size, root"
        raise BadCheckpoint(message)
    if lines[0] != origin(coalition):
        message = f"the checkpoint is one of {lines[0]}, not of {origin(coalition)}"
        raise BadCheckpoint(message)
    return Checkpoint(coalition, _size(lines[1]), _root(lines[2]), note)


def require_extends(old: Checkpoint, new: Checkpoint, proof: Sequence[bytes]) -> None:
    """Raise coalition.tree.BadProof unless the later ledger begins with the whole earlier one."""
    verify_consistency(old.size, old.root, new.size, new.root, proof)


def read_checkpoint(path: Path, coalition: str, keys: Mapping[str, bytes]) -> Checkpoint | None:
    """The checkpoint in a file; None where there is none. Raises BadCheckpoint, OSError."""
    try:
        note = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        return open_checkpoint(note, coalition, keys)
    except BadCheckpoint as problem:
        message = f"{path}: {problem}"
        raise BadCheckpoint(message) from None


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Put a checkpoint in the place of an earlier one: whole, and on the disk when it returns.

    Raises OSError; then the earlier one stands.
    """
    descriptor, made = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(checkpoint.note)
            file.flush()
            os.fsync(file.fileno())
        Path(made).replace(path)
    except BaseException:
        Path(made).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _size(line: str) -> int:
    """A decimal number without leading zeros."""
    plain = line.isascii() and line.isdecimal() and len(line) <= len(str(MAX_SIZE))
    if not plain or str(int(line)) != line or int(line) > MAX_SIZE:
        message = f"the checkpoint's size is {line[:40]!r}"
        raise BadCheckpoint(message)
    return int(line)


def _root(line: str) -> bytes:
    try:
        root = base64.b64decode(line, validate=True)
    except (binascii.Error, ValueError):
        root = b""
    if len(root) != HASH_BYTES or base64.b64encode(root).decode() != line:
        message = f"the checkpoint's root is {line[:80]!r}, not 32 bytes in base64"
        raise BadCheckpoint(message)
    return root
