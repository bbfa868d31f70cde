"""Signed notes: a text with signatures of named Ed25519 keys under it (C2SP, signed-note).

Only what this product needs: one signature is made, any number is read, and those of keys that
are not known are passed over, so that witnesses can sign beside the gateway.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = b"\x01"
"""Signature type of Ed25519 over the text of the note."""

KEY_HASH_BYTES = 4
SIGNATURE_BYTES = 64

MAX_NOTE_BYTES = 64 * 1024
"""A checkpoint has some 200 bytes, and a hundred more for each witness."""

_DASH = "\N{EM DASH} "
_FIRST_PRINTABLE = 0x20


class BadNote(Exception):
    """These bytes are no note that a known key has signed; the message says why not."""


@dataclass(frozen=True, slots=True)
class NoteKey:
    """A public key, 32 raw bytes, under the name that stands before its signatures."""

    name: str
    public: bytes

    @property
    def hash(self) -> bytes:
        """What tells its signatures from others' under the same name: 4 bytes."""
        named = self.name.encode() + b"\n" + ED25519 + self.public
        return hashlib.sha256(named).digest()[:KEY_HASH_BYTES]

    @property
    def vkey(self) -> str:
        """The key as other software for signed notes takes it."""
        return f"{self.name}+{self.hash.hex()}+{_base64(ED25519 + self.public)}"


def sign_note(text: str, name: str, private: Ed25519PrivateKey) -> bytes:
    """The text, which ends with a line break, signed under a name."""
    key = NoteKey(name, private.public_key().public_bytes_raw())
    signature = _base64(key.hash + private.sign(text.encode()))
    return f"{text}\n{_DASH}{name} {signature}\n".encode()


def open_note(note: bytes, keys: Iterable[NoteKey]) -> str:
    """The text of a note that at least one of these keys has signed, and none wrongly.

    Raises BadNote.
    """
    text, lines = _split(note)
    known = {(key.name, key.hash): key for key in keys}
    signers = 0
    for name, key_hash, signature in _signatures(lines):
        key = known.get((name, key_hash))
        if key is not None:
            _verify(key, text, signature)
            signers += 1
    if not signers:
        message = "it is signed by none of the keys that are known"
        raise BadNote(message)
    return text


def _split(note: bytes) -> tuple[str, list[str]]:
    """The text with its last line break, and the lines of signatures."""
    if len(note) > MAX_NOTE_BYTES:
        message = f"it has {len(note)} bytes; at most {MAX_NOTE_BYTES}"
        raise BadNote(message)
    try:
        whole = note.decode()
    except UnicodeDecodeError:
        message = "it is not UTF-8"
        raise BadNote(message) from None
    if any(ord(sign) < _FIRST_PRINTABLE and sign != "\n" for sign in whole):
        message = "it has control characters"
        raise BadNote(message)
    text, gap, signatures = whole.rpartition("\n\n")
    if not gap or not signatures.endswith("\n"):
        message = "it is no text, empty line, and lines of signatures"
        raise BadNote(message)
    return text + "\n", signatures[:-1].split("\n")


def _signatures(lines: Iterable[str]) -> Iterator[tuple[str, bytes, bytes]]:
    """Name, key hash and signature of each line."""
    for line in lines:
        name, _, encoded = line.removeprefix(_DASH).partition(" ")
        data = _decoded(encoded)
        if not line.startswith(_DASH) or not name or "+" in name or len(data) <= KEY_HASH_BYTES:
            message = f"a line of it is no signature: {line[:80]!r}"
            raise BadNote(message)
        yield name, data[:KEY_HASH_BYTES], data[KEY_HASH_BYTES:]


def _verify(key: NoteKey, text: str, signature: bytes) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, text.encode())
    except (InvalidSignature, ValueError):
        message = f"the signature of {key.name} does not hold: the text or it was changed"
        raise BadNote(message) from None


def _decoded(encoded: str) -> bytes:
    """The bytes of the one base64 form; empty where it is another or none."""
    try:
        data = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return b""
    return data if _base64(data) == encoded else b""


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
