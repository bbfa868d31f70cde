"""proto/SIGNING.md: every example is right, and enough to check the others with."""

import hashlib
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status

from coalition import methods, signing
from coalition.answers import open_receipt
from coalition.checkpoints import open_checkpoint, sign_checkpoint
from coalition.feed import open_feed_item
from coalition.records import facts_digest, leaf_hash, line_digest, lines_root, open_entry
from coalition.requests import Signer, header_of, sent_request
from coalition.tree import verify_consistency, verify_inclusion
from coalition.v1.accrual_pb2 import AccrualItem, AccrualResult, AccrueBatchRequest, AccrueRequest
from coalition.v1.envelope_pb2 import Envelope, FeedRecord, Receipt, Refusal, Signature
from coalition.v1.errors_pb2 import Reason

from . import signing_examples

TEXT = signing_examples.DOCUMENT.read_text(encoding="utf-8")
GIVEN = signing_examples.blocks(TEXT)
COALITION = json.loads(GIVEN["entry"])["coalition"]
GATEWAY_KEYS = {GIVEN["gateway.keyid"].decode(): GIVEN["gateway.public"]}
TYPES = {"receipt": Receipt, "refusal": Refusal, "feed": FeedRecord}


def answer(name: str) -> Envelope:
    """An answer of the document, put together from its payload and its signature."""
    signature = Signature(sig=GIVEN[f"{name}.sig"], keyid=GIVEN["gateway.keyid"].decode())
    return Envelope(
        payload=GIVEN[f"{name}.payload"],
        payload_type=methods.payload_type_of(TYPES[name]),
        signatures=[signature],
    )


def test_making_the_examples_again_changes_nothing() -> None:
    assert signing_examples.render(TEXT) == TEXT


def test_every_example_that_is_made_is_shown_once() -> None:
    names = [name for _, name, _ in signing_examples.BLOCK.findall(TEXT)]
    assert sorted(names) == sorted(signing_examples.examples())


@pytest.mark.parametrize("owner", ["partner", "gateway"])
def test_keys(owner: str) -> None:
    public = GIVEN[f"{owner}.public"]
    private = Ed25519PrivateKey.from_private_bytes(GIVEN[f"{owner}.seed"])
    assert signing.public_bytes(private) == public
    assert signing.key_id(public) == GIVEN[f"{owner}.keyid"].decode()
    signing.require_strong(public)


def test_proof_of_possession() -> None:
    keyid = GIVEN["partner.keyid"].decode()
    assert signing.proof_payload(COALITION, "hotel-h", keyid) == GIVEN["proof.payload"]
    public, proof = GIVEN["partner.public"], GIVEN["proof.sig"]
    signing.check_possession(public, COALITION, "hotel-h", proof)
    private = Ed25519PrivateKey.from_private_bytes(GIVEN["partner.seed"])
    assert signing.prove_possession(private, COALITION, "hotel-h") == proof


def test_request() -> None:
    payload, kind = GIVEN["request.payload"], methods.method("Accrual.Accrue").payload_type
    assert hashlib.sha256(payload).digest() == GIVEN["request.sha256"]
    assert signing.pae(kind, payload) == GIVEN["request.pae"]
    public = Ed25519PublicKey.from_public_bytes(GIVEN["partner.public"])
    signing.verify(public, kind, payload, GIVEN["request.sig"])
    envelope = Envelope.FromString(GIVEN["request.envelope"])
    assert (envelope.payload, envelope.payload_type) == (payload, kind)
    (signature,) = envelope.signatures
    assert signature.sig == GIVEN["request.sig"]
    assert signature.keyid.encode() == GIVEN["partner.keyid"]
    header = header_of(AccrueRequest.FromString(payload))
    assert (header.audience, header.sender) == (COALITION, "hotel-h")
    assert header.expires.seconds - header.created.seconds == 600


def test_batch() -> None:
    method, payload = methods.method("Accrual.AccrueBatch"), GIVEN["batch.payload"]
    public = Ed25519PublicKey.from_public_bytes(GIVEN["partner.public"])
    signing.verify(public, method.payload_type, payload, GIVEN["batch.sig"])
    assert AccrueBatchRequest.FromString(payload).items[0] == GIVEN["batch.item0"]
    sent = sent_request(method, payload)
    assert sent.sha256 == GIVEN["batch.sha256"]
    assert sent.items is not None
    assert sent.items[0].sha256 == GIVEN["batch.item0.sha256"]
    assert sent.items[0].request_id == AccrualItem.FromString(GIVEN["batch.item0"]).request_id


def test_entry() -> None:
    digests = [GIVEN[f"line{index}.digest"] for index in range(3)]
    for index, digest in enumerate(digests):
        assert line_digest(GIVEN[f"line{index}.salt"], GIVEN[f"line{index}"]) == digest
    assert facts_digest(GIVEN["facts.salt"], GIVEN["facts"]) == GIVEN["facts.digest"]
    assert lines_root(digests) == GIVEN["lines_root"]
    entry = open_entry(GIVEN["entry"])
    assert (entry.lines_root, entry.facts) == (GIVEN["lines_root"], GIVEN["facts.digest"])
    assert entry.request_sha256 == GIVEN["request.sha256"]
    assert leaf_hash(GIVEN["entry"]) == GIVEN["leaf"]


def test_receipt() -> None:
    sent = sent_request(methods.method("Accrual.Accrue"), GIVEN["request.payload"])
    opened = open_receipt(answer("receipt"), GATEWAY_KEYS, sent)
    assert opened.record is not None
    assert opened.record.leaf == GIVEN["leaf"]
    assert [line.index for line in opened.record.lines] == [0, 1, 2]
    assert [leg.points_minor for leg in opened.result_as(AccrualResult).legs] == [2_000, 200]


def test_refusal() -> None:
    sent = sent_request(methods.method("Accrual.Accrue"), GIVEN["request.payload"])
    opened = open_receipt(answer("refusal"), GATEWAY_KEYS, sent)
    assert opened.outcomes[0].reason == "DUPLICATE_ACTIVITY"
    status, info, envelope = Status.FromString(GIVEN["refusal.status"]), ErrorInfo(), Envelope()
    assert status.details[0].Unpack(info)
    assert status.details[1].Unpack(envelope)
    assert (info.domain, info.reason) == ("coalition", "DUPLICATE_ACTIVITY")
    assert envelope == answer("refusal")


def test_feed() -> None:
    private = Ed25519PrivateKey.from_private_bytes(GIVEN["partner.seed"])
    reader = Signer.of(COALITION, "airline-m", private)
    item = open_feed_item(answer("feed"), GATEWAY_KEYS, reader, 122)
    assert item.record.leaf == GIVEN["leaf"]
    assert [line.index for line in item.record.lines] == [1, 2]
    assert item.record.facts is None


def hashes(name: str) -> list[bytes]:
    """The hashes of a proof, which stand one after the other."""
    return [GIVEN[name][at : at + 32] for at in range(0, len(GIVEN[name]), 32)]


def test_checkpoint() -> None:
    found = open_checkpoint(GIVEN["checkpoint.note"], COALITION, GATEWAY_KEYS)
    assert (found.size, found.root) == (125, GIVEN["tree.root"])
    private = Ed25519PrivateKey.from_private_bytes(GIVEN["gateway.seed"])
    assert sign_checkpoint(private, COALITION, 125, found.root) == found
    shown = "\n".join(f"    {line}".rstrip() for line in found.note.decode().splitlines())
    assert f"\n\n{shown}\n\n" in TEXT


def test_inclusion() -> None:
    verify_inclusion(GIVEN["leaf"], 123, 125, GIVEN["tree.root"], hashes("inclusion.proof"))


def test_consistency() -> None:
    roots = GIVEN["old.root"], GIVEN["tree.root"]
    verify_consistency(123, roots[0], 125, roots[1], hashes("consistency.proof"))


def test_every_reason_in_the_order_of_checks_is_in_the_contract() -> None:
    """And in that order, for the checks that come before the rules."""
    table = TEXT.partition("### Order of checks")[2].partition("`OVERLOADED`")[0]
    known = [name.removeprefix("REASON_") for name in Reason.DESCRIPTOR.values_by_name]
    first, last = known.index("TOO_LARGE"), known.index("INVALID_ARGUMENT")
    assert [word for word in table.split("`") if word in known] == known[first : last + 1]
