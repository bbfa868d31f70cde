"""Makes the example bytes of proto/SIGNING.md, from hashlib and raw Ed25519 alone.

In the folder `tests`, `python -m contract.signing_examples` writes them into the document;
a test says that this would change nothing.
"""

import base64
import hashlib
import re
import textwrap
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from google.protobuf.any_pb2 import Any
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status

from coalition.v1.accrual_pb2 import (
    AccrualItem,
    AccrualResult,
    AccrueBatchRequest,
    AccrueRequest,
    Activity,
    Leg,
    Spend,
)
from coalition.v1.common_pb2 import ActivityKey, Amount, Fraction, MembershipRef
from coalition.v1.envelope_pb2 import (
    Envelope,
    FeedRecord,
    Header,
    Receipt,
    Refusal,
    Signature,
)
from coalition.v1.errors_pb2 import Reason

from .book import ACCEPTED_AT, COALITION, Entry, canonical

DOCUMENT = Path(__file__).resolve().parents[2] / "proto" / "SIGNING.md"
BLOCK = re.compile(r"^```(\w+) ([\w.]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

HEX_WIDTH = 96

# RFC 8032, section 7.1: the secret keys of TEST 1 and TEST 2.
PARTNER = Ed25519PrivateKey.from_private_bytes(
    bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
)
GATEWAY = Ed25519PrivateKey.from_private_bytes(
    bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
)
CREATED = datetime(2026, 1, 5, 12, tzinfo=UTC)


def pae(payload_type: str, payload: bytes) -> bytes:
    """The signed bytes, spelled out."""
    kind = payload_type.encode()
    lengths = [str(len(kind)).encode(), str(len(payload)).encode()]
    return b" ".join([b"DSSEv1", lengths[0], kind, lengths[1], payload])


def type_of(message: Message) -> str:
    """The payload_type of a message."""
    return f"application/vnd.coalition.v1.{message.DESCRIPTOR.name}"


def keyid(key: Ed25519PrivateKey) -> str:
    """The name of a key."""
    return hashlib.sha256(key.public_key().public_bytes_raw()).hexdigest()


def envelope(message: Message, key: Ed25519PrivateKey) -> Envelope:
    """A message, signed."""
    payload, payload_type = message.SerializeToString(deterministic=True), type_of(message)
    signature = Signature(sig=key.sign(pae(payload_type, payload)), keyid=keyid(key))
    return Envelope(payload=payload, payload_type=payload_type, signatures=[signature])


def header(method: str, request_id: str, lifetime: timedelta) -> Header:
    """A header as the hotel fills it in."""
    return Header(
        method=f"/coalition.v1.Accrual/{method}",
        audience=COALITION,
        sender="hotel-h",
        request_id=request_id,
        created=CREATED,
        expires=CREATED + lifetime,
    )


def stay(request_id: str, reference: str) -> AccrualItem:
    """A stay of 200.00 USD."""
    return AccrualItem(
        request_id=request_id,
        membership=MembershipRef(programme="hotel-h", member_number="H-000017"),
        activity=Activity(
            key=ActivityKey(supplier="hotel-h", kind="STAY", reference=reference, revision=1),
            started_at=datetime(2026, 1, 3, 14, tzinfo=UTC),
            ended_at=datetime(2026, 1, 5, 10, tzinfo=UTC),
            spend=[Spend(category="ROOM", amount=Amount(currency="USD", minor=20_000))],
        ),
    )


REQUEST = AccrueRequest(
    header=header("Accrue", "stay-4711", timedelta(minutes=10)),
    accrual=stay("", "H1/4711/1"),
)
BATCH = AccrueBatchRequest(
    header=header("AccrueBatch", "night-2026-01-05", timedelta(hours=72)),
    items=[
        stay(f"stay-{n}", f"H1/{n}/1").SerializeToString(deterministic=True) for n in (4712, 4713)
    ],
)


def receipt(request: bytes, entry: Entry) -> Receipt:
    """The answer to the stay: 2,000 points, 200 miles that cost 240.00."""
    legs = [
        Leg(
            programme="hotel-h",
            currency="H-POINTS",
            reason="BASE",
            points_minor=2_000,
            funder="hotel-h",
            rule="room-base",
            terms=9,
        ),
        Leg(
            programme="airline-m",
            currency="M-MILES",
            reason="BASE",
            points_minor=200,
            funder="hotel-h",
            price=Fraction(numerator=120, denominator=1),
            owed_minor=24_000,
            rule="room-miles",
            terms=12,
        ),
    ]
    made = Receipt(
        audience=COALITION,
        method=REQUEST.header.method,
        sender="hotel-h",
        request_id=REQUEST.header.request_id,
        request_sha256=request,
        number=entry.number,
        accepted_at=ACCEPTED_AT,
        record=entry.record(),
    )
    made.result.Pack(AccrualResult(legs=legs))
    return made


def refusal(request: bytes) -> Refusal:
    """The answer to the same stay, had it been reported before."""
    return Refusal(
        audience=COALITION,
        method=REQUEST.header.method,
        sender="hotel-h",
        request_id=REQUEST.header.request_id,
        request_sha256=request,
        reason=Reason.REASON_DUPLICATE_ACTIVITY,
        message="the activity was reported before",
        metadata={"reference": "H1/4711/1"},
        refused_at=ACCEPTED_AT,
    )


def status(refused: Envelope) -> Status:
    """The status that carries a signed refusal; 6 is gRPC's ALREADY_EXISTS."""
    info = ErrorInfo(
        reason="DUPLICATE_ACTIVITY", domain="coalition", metadata={"reference": "H1/4711/1"}
    )
    made = Status(code=6, message="the activity was reported before")
    for detail in (info, refused):
        packed = Any()
        packed.Pack(detail, deterministic=True)
        made.details.append(packed)
    return made


def key_examples() -> dict[str, bytes | str]:
    """Keys, their names, and the proof of possession."""
    proof = f"coalition key proof\n{COALITION}\nhotel-h\n{keyid(PARTNER)}\n".encode()
    kind = "application/vnd.coalition.v1.KeyProof"
    return {
        "partner.seed": PARTNER.private_bytes_raw(),
        "partner.public": PARTNER.public_key().public_bytes_raw(),
        "partner.keyid": keyid(PARTNER),
        "gateway.seed": GATEWAY.private_bytes_raw(),
        "gateway.public": GATEWAY.public_key().public_bytes_raw(),
        "gateway.keyid": keyid(GATEWAY),
        "proof.payload": proof,
        "proof.sig": PARTNER.sign(pae(kind, proof)),
    }


def request_examples(request: Envelope) -> dict[str, bytes | str]:
    """The stay as a request, and two more as a batch."""
    batch = envelope(BATCH, PARTNER)
    return {
        "request.payload": request.payload,
        "request.sha256": hashlib.sha256(request.payload).digest(),
        "request.pae": pae(request.payload_type, request.payload),
        "request.sig": request.signatures[0].sig,
        "request.envelope": request.SerializeToString(deterministic=True),
        "batch.payload": batch.payload,
        "batch.sha256": hashlib.sha256(batch.payload).digest(),
        "batch.item0": BATCH.items[0],
        "batch.item0.sha256": hashlib.sha256(BATCH.items[0]).digest(),
        "batch.sig": batch.signatures[0].sig,
    }


def entry_examples(entry: Entry) -> dict[str, bytes | str]:
    """The entry of the stay, from its lines up to the leaf."""
    made: dict[str, bytes | str] = {}
    for index, line in enumerate(entry.line_bytes):
        made[f"line{index}"] = line.decode()
        made[f"line{index}.salt"] = entry.salts[index]
        made[f"line{index}.digest"] = entry.digests[index]
    return made | {
        "facts": canonical(entry.facts).decode(),
        "facts.salt": entry.facts_salt,
        "facts.digest": str(entry.fields["facts"]),
        "lines_root": str(entry.fields["lines_root"]),
        "entry": entry.entry_bytes.decode(),
        "leaf": entry.leaf,
    }


LOG_SIZE, OLD_LOG_SIZE = 125, 123


def subtree(leaves: list[bytes]) -> bytes:
    """The root over leaves, by the definition of RFC 9162, section 2.1.1."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    pair = subtree(leaves[:split]) + subtree(leaves[split:])
    return hashlib.sha256(b"\x01" + pair).digest()


def checkpoint_note(size: int, root: bytes) -> bytes:
    """A checkpoint of the gateway, spelled out."""
    name = f"coalition/{COALITION}"
    text = f"{name}\n{size}\n{base64.b64encode(root).decode()}\n".encode()
    public = GATEWAY.public_key().public_bytes_raw()
    key_hash = hashlib.sha256(name.encode() + b"\n\x01" + public).digest()[:4]
    signature = base64.b64encode(key_hash + GATEWAY.sign(text))
    return text + "\n\N{EM DASH} ".encode() + name.encode() + b" " + signature + b"\n"


def tree_examples(entry: Entry) -> dict[str, bytes | str]:
    """A log of 125 entries with the stay at 123; the other leaves are those of their numbers."""
    d = [hashlib.sha256(b"\x00%d" % n).digest() for n in range(LOG_SIZE)]
    d[123] = entry.leaf
    # Entry 123 and the tree of 123 entries lie under 64, 32, 16, 8 and 2 of the leaves' subtrees.
    lefts = [subtree(d[:64]), subtree(d[64:96]), subtree(d[96:112]), subtree(d[112:120])]
    inclusion = [d[122], subtree(d[120:122]), d[124], *reversed(lefts)]
    consistency = [d[122], d[123], subtree(d[120:122]), d[124], *reversed(lefts)]
    root, old_root = subtree(d), subtree(d[:OLD_LOG_SIZE])
    return {
        "tree.root": root,
        "inclusion.proof": b"".join(inclusion),
        "old.root": old_root,
        "consistency.proof": b"".join(consistency),
        "checkpoint.note": checkpoint_note(LOG_SIZE, root),
    }


def examples() -> dict[str, str]:
    """Every example by name, as its block holds it."""
    request = envelope(REQUEST, PARTNER)
    digest = hashlib.sha256(request.payload).digest()
    entry = Entry(request_sha256=digest)
    feed = FeedRecord(
        audience=COALITION,
        participant="airline-m",
        number=entry.number,
        record=entry.record([1, 2], facts=False),
    )
    answers = {"receipt": receipt(digest, entry), "refusal": refusal(digest), "feed": feed}
    made = key_examples() | request_examples(request) | entry_examples(entry)
    made |= tree_examples(entry)
    for name, message in answers.items():
        signed = envelope(message, GATEWAY)
        made[f"{name}.payload"] = signed.payload
        made[f"{name}.sig"] = signed.signatures[0].sig
        if name == "refusal":
            made["refusal.status"] = status(signed).SerializeToString(deterministic=True)
    return {name: block_text(value) for name, value in made.items()}


def block_text(value: bytes | str) -> str:
    """A value as the inside of a block: text on one line, bytes as hex."""
    text = value if isinstance(value, str) else value.hex()
    lines = [text] if isinstance(value, str) else textwrap.wrap(text, HEX_WIDTH)
    return "".join(f"{line}\n" for line in lines)


def blocks(document: str) -> dict[str, bytes]:
    """The example bytes of a document, by name, as a stranger reads them."""
    found = {}
    for kind, name, text in BLOCK.findall(document):
        joined = "".join(text.split("\n"))
        found[name] = bytes.fromhex(joined) if kind == "hex" else joined.encode("ascii")
    return found


def render(document: str) -> str:
    """The document with every block's content made anew."""
    made = examples()
    return BLOCK.sub(lambda m: f"```{m[1]} {m[2]}\n{made[m[2]]}```", document)


if __name__ == "__main__":
    DOCUMENT.write_text(render(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
