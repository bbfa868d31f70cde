"""Envelope bytes, signatures and key ids against what others published."""

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from coalition import signing
from coalition.answers import BadAnswer, open_answer
from coalition.v1.envelope_pb2 import Envelope, Receipt, Signature

from . import vectors

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
TYPE = "application/vnd.coalition.v1.Receipt"


def unbase64(text: str) -> bytes:
    """Standard or URL-safe: DSSE's JSON form takes both. Protobuf carries plain bytes."""
    return base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)


def verified_by(case: dict[str, Any], keys: dict[str, str]) -> set[str]:
    """Names of the keys, among those that a signature hints at, that signed the case."""
    payload, found = unbase64(case["payload"]), set()
    for signature in case["signatures"]:
        for name in [signature["keyid"]] if "keyid" in signature else list(keys):
            public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(keys[name]))
            try:
                signing.verify(public, case["payloadType"], payload, unbase64(signature["sig"]))
            except signing.BadSignature:
                continue
            found.add(name)
    return found


def test_dsse_vectors() -> None:
    """secure-systems-lab/dsse, testvectors/vectors.json @ 82043adf: PAE and signatures.

    A threshold of keys and the list of accepted types are the caller's; here they are the
    test's. An accepted case has the signatures of `threshold` different keys.
    """
    source = vectors.load("dsse.json")
    keys = {name: key["public"] for name, key in source["keys"].items()}
    assert source["vectors"]
    for case in source["vectors"]:
        pae = signing.pae(case["payloadType"], unbase64(case["payload"]))
        assert pae.hex() == case["pae_hex"], case["id"]
        known_type = case["payloadType"] in case["supportedPayloadTypes"]
        enough = len(verified_by(case, keys)) >= case["threshold"]
        assert (known_type and enough) == (case["expect"] == "accept"), case["id"]


def test_dsse_vectors_under_the_rule_of_one_signature() -> None:
    """The same cases as answers: other than one signature, or no key id, is refused."""
    source = vectors.load("dsse.json")
    keys = {name: bytes.fromhex(key["public"]) for name, key in source["keys"].items()}
    for case in source["vectors"]:
        envelope = Envelope(
            payload=unbase64(case["payload"]),
            payload_type=case["payloadType"],
            signatures=[
                Signature(sig=unbase64(s["sig"]), keyid=s.get("keyid", ""))
                for s in case["signatures"]
            ],
        )
        with pytest.raises(BadAnswer) as refusal:
            open_answer(envelope, keys, Receipt)
        if len(case["signatures"]) != 1:
            assert "2 signatures, not one" in str(refusal.value)
        elif case["expect"] == "accept":
            assert "not Receipt" in str(refusal.value), "signed well, of a type not asked for"


def test_rfc8032_vectors() -> None:
    """RFC 8032, section 7.1, by way of C2SP/wycheproof: raw Ed25519 of this library."""
    for case in vectors.load("ed25519_rfc8032.json")["cases"]:
        public = bytes.fromhex(case["public_key"])
        signing.require_strong(public)
        key = Ed25519PublicKey.from_public_bytes(public)
        key.verify(bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"]))


def test_lengths_in_the_encoding_are_of_bytes() -> None:
    assert signing.pae("tÿpe", b"\x00\xff") == b"DSSEv1 5 t\xc3\xbfpe 2 \x00\xff"
    assert signing.pae("", b"") == b"DSSEv1 0  0 "


def test_sign_and_verify() -> None:
    sig = signing.sign(KEY, TYPE, b"payload")
    assert sig == signing.sign(KEY, TYPE, b"payload")
    signing.verify(KEY.public_key(), TYPE, b"payload", sig)


@pytest.mark.parametrize(
    ("payload_type", "payload", "change"),
    [
        (TYPE, b"payloae", lambda sig: sig),
        (TYPE + "x", b"payload", lambda sig: sig),
        (TYPE, b"payload", lambda sig: sig[:-1]),
        (TYPE, b"payload", lambda sig: sig + b"\x00"),
        (TYPE, b"payload", lambda _: b""),
        (TYPE, b"payload", lambda sig: bytes([sig[0] ^ 1]) + sig[1:]),
        (TYPE, b"payload", lambda sig: sig[:63] + bytes([sig[63] ^ 0x80])),
    ],
    ids=["payload", "type", "short", "long", "empty", "first bit", "last bit"],
)
def test_whatever_differs_is_found(payload_type: str, payload: bytes, change: Any) -> None:
    sig = change(signing.sign(KEY, TYPE, b"payload"))
    with pytest.raises(signing.BadSignature):
        signing.verify(KEY.public_key(), payload_type, payload, sig)


def test_signature_with_s_beyond_the_order_is_refused() -> None:
    """RFC 8032, 5.1.7: S is below the order, or one signature could be written twice."""
    order = 2**252 + 27742317777372353535851937790883648493
    sig = signing.sign(KEY, TYPE, b"payload")
    larger = int.from_bytes(sig[32:], "little") + order
    with pytest.raises(signing.BadSignature):
        signing.verify(KEY.public_key(), TYPE, b"payload", sig[:32] + larger.to_bytes(32, "little"))


def test_possession() -> None:
    public = signing.public_bytes(KEY)
    proof = signing.prove_possession(KEY, "coalition-1", "hotel-h")
    signing.check_possession(public, "coalition-1", "hotel-h", proof)
    for audience, owner in (("coalition-2", "hotel-h"), ("coalition-1", "hotel-i")):
        with pytest.raises(signing.BadSignature):
            signing.check_possession(public, audience, owner, proof)
    other = signing.public_bytes(Ed25519PrivateKey.generate())
    with pytest.raises(signing.BadSignature):
        signing.check_possession(other, "coalition-1", "hotel-h", proof)


def test_key_id_is_the_hash_of_the_raw_bytes() -> None:
    assert signing.key_id(bytes(32)) == (
        "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925"
    )
