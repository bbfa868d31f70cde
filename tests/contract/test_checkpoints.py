"""Signed notes and checkpoints: what is accepted, and in which words the rest is refused."""

import base64
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from coalition.checkpoints import (
    BadCheckpoint,
    Checkpoint,
    checkpoint_key,
    open_checkpoint,
    read_checkpoint,
    require_extends,
    sign_checkpoint,
    write_checkpoint,
)
from coalition.notes import BadNote, NoteKey, open_note, sign_note
from coalition.records import leaf_hash
from coalition.signing import key_id, public_bytes
from coalition.tree import BadProof, node_hash

from .vectors import load

COALITION = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
OLD_KEY, NEW_KEY, WITNESS = (
    Ed25519PrivateKey.from_private_bytes(bytes([n] * 32)) for n in (1, 2, 3)
)
KEYS = {key_id(public_bytes(key)): public_bytes(key) for key in (OLD_KEY, NEW_KEY)}
ROOT = leaf_hash(b"0")
NAME = f"coalition/{COALITION}"


def signed(text: str, key: Ed25519PrivateKey = NEW_KEY, name: str = NAME) -> bytes:
    return sign_note(text, name, key)


def lines(*texts: str) -> str:
    return "".join(f"{text}\n" for text in texts)


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


GOOD = lines(NAME, "7", encoded(ROOT))


def test_the_published_example() -> None:
    # C2SP, signed-note.md: "Example"; see ../shared/vectors/signed_note_example.json.
    found = load("signed_note_example.json")
    name, key_hash, public = found["vkey"].split("+", 2)
    key = NoteKey(name, base64.b64decode(public)[1:])
    assert (key.hash.hex(), key.vkey) == (key_hash, found["vkey"])
    assert open_note(found["note"].encode(), [key]) == "This is an example message.\n"


@pytest.mark.parametrize("key", [OLD_KEY, NEW_KEY])
def test_what_a_gateway_signs_is_read(key: Ed25519PrivateKey) -> None:
    made = sign_checkpoint(key, COALITION, 7, ROOT)
    assert open_checkpoint(made.note, COALITION, KEYS) == made
    assert made == Checkpoint(COALITION, 7, ROOT, signed(GOOD, key))
    assert sign_checkpoint(key, COALITION, 7, ROOT).note == made.note


def test_a_witness_may_sign_beside_the_gateway() -> None:
    """Before or after it; extension lines are signed with the rest."""
    text = GOOD + "an extension\n"
    by_gateway = signed(text).removeprefix(text.encode() + b"\n")
    by_witness = signed(text, WITNESS, "witness.example").removeprefix(text.encode() + b"\n")
    for both in (by_gateway + by_witness, by_witness + by_gateway):
        found = open_checkpoint(text.encode() + b"\n" + both, COALITION, KEYS)
        assert (found.size, found.root) == (7, ROOT)
    alone = text.encode() + b"\n" + by_witness
    with pytest.raises(BadCheckpoint, match="signed by none of the keys"):
        open_checkpoint(alone, COALITION, KEYS)


@pytest.mark.parametrize(
    ("note", "says"),
    [
        (b"", "no text, empty line"),
        (GOOD.encode(), "no text, empty line"),
        (signed(GOOD)[:-1], "no text, empty line"),
        (b"\xff" + signed(GOOD), "not UTF-8"),
        (signed(GOOD).replace(b"\n7\n", b"\r\n7\n"), "control characters"),
        (signed(GOOD).replace(b"\n7\n", b"\n8\n"), "does not hold"),
        (signed(GOOD) + b"x\n", "is no signature"),
        (signed(GOOD).replace("\N{EM DASH}".encode(), b"-"), "is no signature"),
        (signed(GOOD)[:-3] + b"\n", "is no signature"),
        (signed(GOOD, WITNESS), "signed by none of the keys"),
        (signed(GOOD, name="coalition/another"), "signed by none of the keys"),
        (signed(GOOD) + b"\x0a" * 70_000, "at most 65536"),
        (signed(lines(NAME, "7")), "three lines"),
        (signed(lines(NAME, "", "7", encoded(ROOT))), "three lines"),
        (signed(lines("coalition/another", "7", encoded(ROOT))), "one of coalition/another"),
        (signed(lines(NAME, "07", encoded(ROOT))), "size is '07'"),
        (signed(lines(NAME, "-1", encoded(ROOT))), "size is '-1'"),
        (signed(lines(NAME, "\N{SUPERSCRIPT TWO}", encoded(ROOT))), "size is"),
        (signed(lines(NAME, str(2**63), encoded(ROOT))), "size is"),
        (signed(lines(NAME, "9" * 5_000, encoded(ROOT))), "size is"),
        (signed(lines(NAME, "7", encoded(ROOT[:31]))), "not 32 bytes"),
        (signed(lines(NAME, "7", encoded(ROOT)[:-2] + "==")), "not 32 bytes"),
        (signed(lines(NAME, "7", ROOT.hex())), "not 32 bytes"),
    ],
)
def test_anything_else_is_refused_in_words(note: bytes, says: str) -> None:
    with pytest.raises(BadCheckpoint, match=says):
        open_checkpoint(note, COALITION, KEYS)


def test_one_wrong_signature_of_a_known_key_spoils_the_note() -> None:
    """As C2SP asks: a verifier does not pass over it because another one holds."""
    forged = signed(GOOD.replace("7", "8", 1), OLD_KEY).rpartition(b"\n\n")[2]
    with pytest.raises(BadNote, match="does not hold"):
        open_note(
            signed(GOOD) + forged, [checkpoint_key(COALITION, each) for each in KEYS.values()]
        )


def test_kept_in_a_file_and_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "newest"
    assert read_checkpoint(path, COALITION, KEYS) is None
    first, second = (sign_checkpoint(NEW_KEY, COALITION, size, ROOT) for size in (1, 2))
    for each in (first, second):
        write_checkpoint(path, each)
        assert read_checkpoint(path, COALITION, KEYS) == each
    assert [found.name for found in tmp_path.iterdir()] == ["newest"]


def test_a_file_that_cannot_be_replaced_stays(tmp_path: Path) -> None:
    path = tmp_path / "newest"
    path.mkdir()
    with pytest.raises(OSError, match="directory"):
        write_checkpoint(path, sign_checkpoint(NEW_KEY, COALITION, 1, ROOT))
    assert [found.name for found in tmp_path.iterdir()] == ["newest"]


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "newest"
    path.write_bytes(signed(GOOD)[:40])
    with pytest.raises(BadCheckpoint, match="newest: the checkpoint does not verify"):
        read_checkpoint(path, COALITION, KEYS)


def test_one_checkpoint_extends_another() -> None:
    a, b = leaf_hash(b"a"), leaf_hash(b"b")
    old = sign_checkpoint(OLD_KEY, COALITION, 1, a)
    new = sign_checkpoint(NEW_KEY, COALITION, 2, node_hash(a, b))
    require_extends(old, new, [b])
    with pytest.raises(BadProof, match="does not extend"):
        require_extends(old, sign_checkpoint(NEW_KEY, COALITION, 2, node_hash(b, a)), [b])
    with pytest.raises(BadProof, match="cannot extend one of 2"):
        require_extends(new, old, [])
