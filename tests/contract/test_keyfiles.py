"""Key files: encrypted, for one pair of eyes, and clear about what is wrong."""

import base64
import hashlib
import os
import re
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from coalition import keyfiles, pkcs8
from coalition.keyfiles import KeyFileError
from coalition.pkcs8 import encrypted_pem
from coalition.signing import public_bytes

PASSPHRASE = b"correct horse"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "hotel.key"


def test_key_is_read_as_it_was_written(path: Path) -> None:
    key = keyfiles.generate()
    keyfiles.write_key(path, key, PASSPHRASE)
    assert public_bytes(keyfiles.read_key(path, PASSPHRASE)) == public_bytes(key)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert b"ENCRYPTED PRIVATE KEY" in path.read_bytes()
    assert key.private_bytes_raw() not in path.read_bytes()


def test_mode_is_0600_under_any_umask(path: Path) -> None:
    before = os.umask(0)
    try:
        keyfiles.write_key(path, keyfiles.generate(), PASSPHRASE)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_key_is_never_overwritten(path: Path) -> None:
    keyfiles.write_key(path, keyfiles.generate(), PASSPHRASE)
    before = path.read_bytes()
    with pytest.raises(KeyFileError, match="never overwritten"):
        keyfiles.write_key(path, keyfiles.generate(), PASSPHRASE)
    assert path.read_bytes() == before


def test_key_is_not_written_without_passphrase(path: Path) -> None:
    with pytest.raises(KeyFileError, match="without a passphrase"):
        keyfiles.write_key(path, keyfiles.generate(), b"")
    assert not path.exists()


def test_folder_is_missing(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match=r"cannot write .*No such file"):
        keyfiles.write_key(tmp_path / "no" / "key", keyfiles.generate(), PASSPHRASE)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o610])
def test_file_that_others_can_read_is_refused(path: Path, mode: int) -> None:
    keyfiles.write_key(path, keyfiles.generate(), PASSPHRASE)
    path.chmod(mode)
    with pytest.raises(KeyFileError, match="chmod 600"):
        keyfiles.read_key(path, PASSPHRASE)


def test_wrong_passphrase(path: Path) -> None:
    keyfiles.write_key(path, keyfiles.generate(), PASSPHRASE)
    for wrong in (b"wrong", b""):
        with pytest.raises(KeyFileError, match="wrong passphrase"):
            keyfiles.read_key(path, wrong)


def test_missing_file(path: Path) -> None:
    with pytest.raises(KeyFileError, match=r"cannot read the key file .*No such file"):
        keyfiles.read_key(path, PASSPHRASE)


def pem(key: X25519PrivateKey, encryption: serialization.KeySerializationEncryption) -> bytes:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, encryption)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not an encrypted private key"),
        (
            pem(X25519PrivateKey.generate(), serialization.NoEncryption()),
            "not an encrypted private key",
        ),
        (
            pem(X25519PrivateKey.generate(), serialization.BestAvailableEncryption(PASSPHRASE)),
            "another kind",
        ),
        (b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n", "damaged"),
    ],
    ids=["empty", "not encrypted", "not Ed25519", "damaged"],
)
def test_other_files_are_refused(path: Path, content: bytes, words: str) -> None:
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(KeyFileError, match=words):
        keyfiles.read_key(path, PASSPHRASE)


def test_passphrase_from_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COALITION_PASSPHRASE", "from the environment")
    file = tmp_path / "passphrase"
    file.write_bytes(b" spaces and \xc3\xbcmlauts stay \r\n")
    assert keyfiles.passphrase(file) == b" spaces and \xc3\xbcmlauts stay "
    file.write_bytes(b"\n")
    with pytest.raises(KeyFileError, match="is empty"):
        keyfiles.passphrase(file)
    with pytest.raises(KeyFileError, match="cannot read the passphrase file"):
        keyfiles.passphrase(tmp_path / "none")


def test_passphrase_from_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COALITION_PASSPHRASE", "from the environment")
    assert keyfiles.passphrase(None) == b"from the environment"
    monkeypatch.delenv("COALITION_PASSPHRASE")
    with pytest.raises(KeyFileError, match="COALITION_PASSPHRASE or give --passphrase-file"):
        keyfiles.passphrase(None)


def rounds_in(pem: bytes) -> int:
    """The count of rounds that stands in a key file, after the salt."""
    der = base64.b64decode(b"".join(pem.splitlines()[1:-1]))
    found = re.search(rb"\x04\x10.{16}\x02(.)", der, re.DOTALL)
    assert found is not None
    return int.from_bytes(der[found.end() : found.end() + found[1][0]])


@pytest.mark.parametrize("rounds", [1, 127, 128, 255, 256, 2_048, 600_000, 2**23])
def test_the_count_of_rounds_is_written(rounds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every length of the number; what it takes is not tried here."""
    monkeypatch.setattr(hashlib, "pbkdf2_hmac", lambda *_: b"k" * 32)

    assert rounds_in(encrypted_pem(b"any", PASSPHRASE, rounds)) == rounds


def test_a_key_file_is_slow_to_try(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is outside of tests, which have quick ones."""
    monkeypatch.setattr(pkcs8, "encrypted_pem", encrypted_pem)
    key = keyfiles.generate()
    keyfiles.write_key(path, key, PASSPHRASE)

    assert rounds_in(path.read_bytes()) == 600_000
    assert public_bytes(keyfiles.read_key(path, PASSPHRASE)) == public_bytes(key)
    for wrong in (b"", PASSPHRASE + b" "):
        with pytest.raises(KeyFileError, match="wrong passphrase"):
            keyfiles.read_key(path, wrong)


def test_two_files_of_one_key_and_passphrase_have_nothing_in_common(tmp_path: Path) -> None:
    key = keyfiles.generate()
    paths = [tmp_path / "one", tmp_path / "two"]
    for one in paths:
        keyfiles.write_key(one, key, PASSPHRASE)
    bodies = [b"".join(one.read_bytes().splitlines()[1:-1]) for one in paths]
    tails = [base64.b64decode(body)[-48:] for body in bodies]

    assert tails[0] != tails[1]


def test_a_file_that_the_library_wrote_is_read_as_before(path: Path) -> None:
    key = keyfiles.generate()
    form = serialization.PrivateFormat.PKCS8
    encryption = serialization.BestAvailableEncryption(PASSPHRASE)
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, encryption))
    path.chmod(0o600)

    assert public_bytes(keyfiles.read_key(path, PASSPHRASE)) == public_bytes(key)


@pytest.mark.parametrize(
    ("passphrase", "weak"),
    [
        (b"", True),
        (b"correct horse", True),
        (b"a" * 40, True),
        (b"abcabcabcabcabcabc", True),
        (b"correct horse battery staple", False),
        (b"kP3xq9ZrT0bVwM2uYs8A", False),
    ],
)
def test_weak_passphrases(passphrase: bytes, weak: bool) -> None:  # noqa: FBT001 - a table
    assert keyfiles.is_weak(passphrase) is weak
