"""Makes signed requests, and notes what their answers must name."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Self, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from google.protobuf.message import DecodeError, Message

from coalition import signing
from coalition.methods import Method
from coalition.v1.accrual_pb2 import AccrualItem, AccrueBatchRequest
from coalition.v1.envelope_pb2 import Envelope, Header, Signature

M = TypeVar("M", bound=Message)

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as its answer must name it; `items` are those of a batch, in order."""

    method: Method
    audience: str
    sender: str
    request_id: str
    sha256: bytes
    items: tuple["Sent", ...] | None = None


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs, for which coalition, with which key."""

    audience: str
    sender: str
    key: Ed25519PrivateKey
    keyid: str

    @classmethod
    def of(cls, audience: str, sender: str, key: Ed25519PrivateKey) -> Self:
        """A signer whose key id follows from the key."""
        return cls(audience, sender, key, signing.key_id(signing.public_bytes(key)))

    def payload(self, method: Method, message: Message, request_id: str, now: datetime) -> bytes:
        """A copy of the message with its header filled in, serialised once and for all.

        It lives as long as the method allows. Raises TypeError for another method's message
        and ValueError for a request id that is not of its form or a naive time.
        """
        if not isinstance(message, method.payload):
            needed, found = method.payload.DESCRIPTOR.name, message.DESCRIPTOR.name
            error = f"{method.short_name} takes a {needed}, not a {found}"
            raise TypeError(error)
        if not _REQUEST_ID.fullmatch(request_id):
            error = f"request id {request_id!r:.80} is not 1 to 64 of A-Z a-z 0-9 . _ : -"
            raise ValueError(error)
        if now.tzinfo is None:
            error = "the clock must give times with their zone"
            raise ValueError(error)
        header = Header(
            method=method.full_name,
            audience=self.audience,
            sender=self.sender,
            request_id=request_id,
            created=now,
            expires=now + method.lifetime,
        )
        filled = type(message)()
        filled.CopyFrom(message)
        header_of(filled).CopyFrom(header)
        return filled.SerializeToString()

    def envelope(self, method: Method, payload: bytes) -> Envelope:
        """The payload, signed: these bytes, never a new serialisation."""
        sig = signing.sign(self.key, method.payload_type, payload)
        return Envelope(
            payload=payload,
            payload_type=method.payload_type,
            signatures=[Signature(sig=sig, keyid=self.keyid)],
        )


def header_of(request: Message) -> Header:
    """The header of a request payload: its first field."""
    header: Header = request.header  # type: ignore[attr-defined]
    return header


def same_but_header(payload: bytes, message: Message) -> bool:
    """Whether a payload asks for what this message asks for, whenever it was made."""
    kept, asked = type(message).FromString(payload), type(message)()
    asked.CopyFrom(message)
    for request in (kept, asked):
        request.ClearField("header")
    return kept == asked


def sent_request(method: Method, payload: bytes) -> Sent:
    """What the answer to this payload must name. ValueError where it is no such payload."""
    try:
        request = method.payload.FromString(payload)
    except DecodeError:
        message = f"these bytes are no {method.payload.DESCRIPTOR.name}"
        raise ValueError(message) from None
    header = header_of(request)
    items: tuple[Sent, ...] | None = None
    if isinstance(request, AccrueBatchRequest):
        items = tuple(_sent_items(method, header, request.items))
    return Sent(
        method=method,
        audience=header.audience,
        sender=header.sender,
        request_id=header.request_id,
        sha256=hashlib.sha256(payload).digest(),
        items=items,
    )


def _sent_items(method: Method, header: Header, items: Iterable[bytes]) -> Iterator[Sent]:
    for item in items:
        try:
            request_id = AccrualItem.FromString(item).request_id
        except DecodeError:
            request_id = ""
        digest = hashlib.sha256(item).digest()
        yield Sent(method, header.audience, header.sender, request_id, digest)
