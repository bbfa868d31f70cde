"""Public keys that no honest generator makes are refused, and why they must be."""

import hashlib

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from coalition import ed25519_points as points
from coalition import signing

P = 2**255 - 19
SIGN = 1 << 255

# y of the points of order 8, from y^2 = (sqrt(1 + D) - 1) / D; known from "Taming the many
# EdDSAs" (Chalkias, Garillot, Nikolaenko, 2020), table 1, and libsodium's blocklist.
Y8 = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826

LOW_ORDER = {
    "order 1": 1,
    "order 2": P - 1,
    "order 4": 0,
    "order 4, odd x": SIGN,
    "order 8": Y8,
    "order 8, odd x": Y8 | SIGN,
    "order 8, other y": P - Y8,
    "order 8, other y, odd x": (P - Y8) | SIGN,
}

NOT_CANONICAL = {
    "order 1, y + p": 1 + P,
    "order 1, y + p, odd x": (1 + P) | SIGN,
    "order 4, y + p": P,
    "order 4, y + p, odd x": P | SIGN,
    "largest y": 2**255 - 1,
    "largest y, odd x": 2**256 - 1,
    "x is zero and odd, order 1": 1 | SIGN,
    "x is zero and odd, order 2": (P - 1) | SIGN,
}


def encoded(number: int) -> bytes:
    return number.to_bytes(32, "little")


def encode(point: points.Point) -> bytes:
    """RFC 8032, 5.1.2."""
    x, y, z, _ = point
    inverse = pow(z, -1, P)
    return encoded((y * inverse % P) | ((x * inverse % P & 1) << 255))


BASE = points.decode(encoded(4 * pow(5, -1, P) % P))


def lax_verify(public: bytes, sig: bytes, message: bytes) -> bool:
    """The equation of RFC 8032, 5.1.7, without a word on which keys are admitted."""
    key, commitment = points.decode(public), points.decode(sig[:32])
    scalar = int.from_bytes(sig[32:], "little")
    digest = hashlib.sha512(sig[:32] + public + message).digest()
    challenge = int.from_bytes(digest, "little") % points.ORDER
    right = points.add(commitment, points.multiply(challenge, key))
    return encode(points.multiply(scalar, BASE)) == encode(right)


@pytest.mark.parametrize("number", LOW_ORDER.values(), ids=LOW_ORDER.keys())
def test_low_order_is_refused(number: int) -> None:
    point = points.decode(encoded(number))
    assert points.is_identity(points.multiply(8, point))
    with pytest.raises(signing.WeakKey, match="low order"):
        signing.require_strong(encoded(number))


def test_these_are_all_points_of_low_order() -> None:
    """Eight of them: the multiples of one point of order 8."""
    eighth = points.decode(encoded(Y8))
    multiples = {encode(points.multiply(n, eighth)) for n in range(8)}
    assert multiples == {encoded(number) for number in LOW_ORDER.values()}


@pytest.mark.parametrize("number", NOT_CANONICAL.values(), ids=NOT_CANONICAL.keys())
def test_encoding_that_is_not_canonical_is_refused(number: int) -> None:
    with pytest.raises(signing.WeakKey, match="canonical"):
        signing.require_strong(encoded(number))


def test_no_point_of_the_curve_is_refused() -> None:
    with pytest.raises(signing.WeakKey, match="no point"):
        signing.require_strong(encoded(2))


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_other_lengths_are_refused(length: int) -> None:
    with pytest.raises(signing.WeakKey, match=f"{length} bytes"):
        signing.require_strong(bytes(length))


def test_key_outside_the_subgroup_is_refused() -> None:
    """An honest key plus a point of low order: verifiers with and without cofactor disagree."""
    honest = points.decode(signing.public_bytes(Ed25519PrivateKey.generate()))
    for number in list(LOW_ORDER.values())[1:]:
        mixed = encode(points.add(honest, points.decode(encoded(number))))
        with pytest.raises(signing.WeakKey, match="subgroup"):
            signing.require_strong(mixed)


@settings(max_examples=10, deadline=None)
@given(st.binary(min_size=32, max_size=32))
def test_honest_keys_pass(seed: bytes) -> None:
    signing.require_strong(signing.public_bytes(Ed25519PrivateKey.from_private_bytes(seed)))


def test_why_one_signature_of_a_low_order_key_holds_for_every_message() -> None:
    """With the neutral point as key, R = neutral and S = 0 satisfy the equation always."""
    neutral = encoded(1)
    forged = neutral + bytes(32)
    for message in (b"pay nothing", b"pay everything"):
        assert lax_verify(neutral, forged, message)


def test_why_the_library_does_not_save_us() -> None:
    """`cryptography` admits the neutral point as a key and takes the forgery as a signature.

    Should a release refuse it one day, that is one lock more; require_strong stays ours.
    """
    neutral = encoded(1)
    forged, held = neutral + bytes(32), 0
    try:
        key = Ed25519PublicKey.from_public_bytes(neutral)
        for message in (b"pay nothing", b"pay everything"):
            key.verify(forged, message)
            held += 1
    except (InvalidSignature, ValueError):
        pytest.skip("this release of cryptography refuses it by itself")
    assert held == 2
    with pytest.raises(signing.WeakKey):
        signing.check_possession(neutral, "coalition-1", "hotel-h", forged)
