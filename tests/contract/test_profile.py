"""The profile: what a partner knows of its coalition, and trusts."""

import json
from pathlib import Path
from typing import Any

import pytest

from coalition.profile import (
    Currency,
    Profile,
    ProfileError,
    gateway_key,
    read_profile,
    write_profile,
)
from coalition.signing import WeakKey, key_id

# Public key of RFC 8032, section 7.1, TEST 2.
PUBLIC = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")

PROFILE = Profile(
    coalition="0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    operator="operator",
    currency=Currency(code="COIN", exponent=2),
    gateway_keys=(gateway_key(PUBLIC),),
)


def test_profile_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    write_profile(path, PROFILE)
    found = read_profile(path)
    assert found == PROFILE
    assert found.keys == {key_id(PUBLIC): PUBLIC}
    assert json.loads(path.read_text()) == {
        "coalition": "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
        "operator": "operator",
        "currency": {"code": "COIN", "exponent": 2},
        "gateway_keys": [{"keyid": key_id(PUBLIC), "ed25519": PUBLIC.hex()}],
    }


def changed(**changes: Any) -> str:
    return json.dumps({**PROFILE.model_dump(mode="json"), **changes})


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "file: Invalid JSON"),
        ("{}", "coalition: Field required; operator: Field required"),
        (changed(gateway_keys=[]), "gateway_keys: "),
        (changed(operator="Operator"), "operator: "),
        (changed(currency={"code": "COIN", "exponent": 7}), "currency.exponent: "),
        (changed(colour="red"), "colour: "),
        (
            changed(gateway_keys=[{"keyid": "00" * 32, "ed25519": PUBLIC.hex()}]),
            "gateway_keys.0: .*keyid is not the SHA-256",
        ),
        (
            changed(gateway_keys=[{"keyid": key_id(bytes(32)), "ed25519": "00" * 32}]),
            "gateway_keys.0: .*low order",
        ),
    ],
)
def test_broken_profile_is_refused_in_words(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "profile.json"
    path.write_text(content)
    with pytest.raises(ProfileError, match=words):
        read_profile(path)


def test_missing_profile(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match=r"cannot read the profile .*No such file"):
        read_profile(tmp_path / "none")
    with pytest.raises(ProfileError, match=r"cannot write the profile .*No such file"):
        write_profile(tmp_path / "no" / "profile", PROFILE)


def test_weak_gateway_key_is_refused() -> None:
    with pytest.raises(WeakKey):
        gateway_key(bytes(32))
