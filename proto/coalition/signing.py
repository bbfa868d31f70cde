"""Signs and verifies bytes, as SIGNING.md specifies. Knows nothing of protobuf or gRPC."""

import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from coalition import ed25519_points as points

PAYLOAD_TYPE_PREFIX = "application/vnd.coalition.v1."
"""Comes before the name of the message in an envelope's payload_type."""

PROOF_TYPE = PAYLOAD_TYPE_PREFIX + "KeyProof"
"""Type of what a new key signs to show that its owner holds it."""

_COFACTOR = 8


class BadSignature(Exception):
    """The signature is not of that key over those bytes."""


class WeakKey(ValueError):
    """These bytes are no public key, or one under which others' signatures would verify."""


def pae(payload_type: str, payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding: the bytes that are signed. Lengths are in bytes."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def key_id(public: bytes) -> str:
    """Name of a public key: lower-case hex SHA-256 of its 32 raw bytes."""
    return hashlib.sha256(public).hexdigest()


def public_bytes(private: Ed25519PrivateKey) -> bytes:
    """The 32 raw bytes of a private key's public half."""
    return private.public_key().public_bytes_raw()


def sign(private: Ed25519PrivateKey, payload_type: str, payload: bytes) -> bytes:
    """The 64 bytes of the signature. The same key and bytes always give the same signature."""
    return private.sign(pae(payload_type, payload))


def verify(public: Ed25519PublicKey, payload_type: str, payload: bytes, sig: bytes) -> None:
    """Raise BadSignature unless sig is of this key over exactly this type and these bytes.

    Says nothing about the key: it was admitted by require_strong.
    """
    try:
        public.verify(sig, pae(payload_type, payload))
    except InvalidSignature:
        message = "the signature is not of that key over these bytes"
        raise BadSignature(message) from None


def require_strong(public: bytes) -> None:
    """Raise WeakKey unless these bytes may be registered as an Ed25519 public key.

    Refused: other than 32 bytes, an encoding that is not the canonical one, no point of the
    curve (RFC 8032, 5.1.3), and any point outside the subgroup of prime order. Among those
    are the eight of low order, under which one signature holds for many messages; under the
    rest, verifiers that honour RFC 8032 can disagree (some multiply by the cofactor, some
    do not). Keys that were generated as the RFC says always pass. Takes milliseconds.
    """
    try:
        point = points.decode(public)
    except ValueError as problem:
        message = f"not an Ed25519 public key: {problem}"
        raise WeakKey(message) from None
    if points.is_identity(points.multiply(_COFACTOR, point)):
        message = "a key of low order: anybody could sign for it; generate a new one"
        raise WeakKey(message)
    if not points.is_identity(points.multiply(points.ORDER, point)):
        message = "a key outside the subgroup of prime order; generate a new one"
        raise WeakKey(message)


def proof_payload(audience: str, owner: str, keyid: str) -> bytes:
    """What a new key signs so that nobody registers a key that they do not hold."""
    return f"coalition key proof\n{audience}\n{owner}\n{keyid}\n".encode()


def prove_possession(private: Ed25519PrivateKey, audience: str, owner: str) -> bytes:
    """The proof that goes into PublicKey.proof: for this key, this owner, this coalition."""
    keyid = key_id(public_bytes(private))
    return sign(private, PROOF_TYPE, proof_payload(audience, owner, keyid))


def check_possession(public: bytes, audience: str, owner: str, proof: bytes) -> None:
    """Raise WeakKey or BadSignature unless the key is strong and made this proof."""
    require_strong(public)
    key = Ed25519PublicKey.from_public_bytes(public)
    verify(key, PROOF_TYPE, proof_payload(audience, owner, key_id(public)), proof)
