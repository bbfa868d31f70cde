"""From an envelope as it came to a request that its sender signed for this very call.

The order of the checks is part of the contract (proto/SIGNING.md): what fails first is said.
What depends on time and on earlier requests is judged under the writer's lock.
"""

import hashlib
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, cast

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from google.protobuf.message import DecodeError, Message

from coalition.methods import Kind, Method
from coalition.signing import BadSignature, verify
from coalition.v1 import accrual_pb2, envelope_pb2
from gateway.translation import forms
from gateway.translation.commands import (
    accrual_item,
    command_of,
    kind_of,
    parse,
    parse_into,
    require_no_unknown_fields,
)
from partners.directory import Directory, Key
from partners.refusals import Reason, Refused, invalid
from partners.requests import Request, Submission
from settlement.ledger.values import value

MAX_ENVELOPE_BYTES = 4 * 1024 * 1024
"""gRPC's default message size; 1,000 items of an activity file take half a megabyte."""

MAX_ITEMS = 1_000

_CACHED_KEYS = 4_096


@lru_cache(maxsize=_CACHED_KEYS)
def _public_key(public: bytes) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(public)


@value
class Authenticated:
    """A request that its sender signed for this method and coalition, with its payload."""

    method: Method
    sender: str
    request_id: str
    keyid: str
    created: datetime
    expires: datetime
    received_at: datetime
    sha256: bytes
    payload: Message

    @property
    def longest(self) -> timedelta:
        """How long the method lets it live."""
        return self.method.lifetime


def authenticate(
    data: bytes,
    method: Method,
    directory: Directory,
    now: datetime,
) -> Authenticated:
    """Check an envelope up to its header, in order. Raises Refused.

    1. Size, outer parse, key by its hint, signature over the bytes that came.
    2. Payload type of this method, inner parse, no unknown fields.
    3. Header: well-formed, of the key's owner, this method, this coalition.
    """
    envelope, key = _verified(data, directory)
    if envelope.payload_type != method.payload_type:
        raise Refused(
            Reason.WRONG_PAYLOAD_TYPE,
            f"{method.full_name} takes {method.payload_type}",
            {"expected": method.payload_type},
        )
    payload = parse(method.payload, envelope.payload)
    require_no_unknown_fields(envelope)
    header = cast("Any", payload).header
    for field in ("method", "audience"):
        if not getattr(header, field):
            raise _malformed_header(invalid(f"header.{field}", "is missing"))
    request = Authenticated(
        method=method,
        sender=_header_form(forms.SLUG, header.sender, "header.sender"),
        request_id=_header_form(forms.REQUEST_ID, header.request_id, "header.request_id"),
        keyid=key.keyid,
        created=_header_instant(header, "created"),
        expires=_header_instant(header, "expires"),
        received_at=now,
        sha256=hashlib.sha256(envelope.payload).digest(),
        payload=payload,
    )
    _require_header(header, request, key, directory)
    return request


def _verified(data: bytes, directory: Directory) -> tuple[envelope_pb2.Envelope, Key]:
    if len(data) > MAX_ENVELOPE_BYTES:
        raise Refused(
            Reason.TOO_LARGE,
            f"the envelope has {len(data)} bytes; at most {MAX_ENVELOPE_BYTES} are accepted",
            {"limit": str(MAX_ENVELOPE_BYTES)},
        )
    envelope = envelope_pb2.Envelope()
    try:
        envelope.ParseFromString(data)
    except DecodeError as error:
        raise Refused(
            Reason.MALFORMED_ENVELOPE,
            "the request is not a coalition.v1.Envelope",
        ) from error
    if len(envelope.signatures) != 1:
        raise Refused(
            Reason.MALFORMED_ENVELOPE,
            f"a request carries exactly one signature, not {len(envelope.signatures)}",
        )
    signature = envelope.signatures[0]
    key = directory.keys.get(signature.keyid)
    if key is None:
        raise Refused(
            Reason.UNKNOWN_KEY,
            "no key of that id is registered; register it first",
            {"keyid": signature.keyid[:64]},
        )
    try:
        verify(_public_key(key.public), envelope.payload_type, envelope.payload, signature.sig)
    except BadSignature as error:
        raise Refused(
            Reason.BAD_SIGNATURE,
            "the signature does not hold for these bytes; see proto/SIGNING.md",
            {"keyid": key.keyid},
        ) from error
    return envelope, key


def _header_form(pattern: Any, value: str, field: str) -> str:  # noqa: ANN401 - a pattern
    try:
        return forms.matching(pattern, value, field)
    except Refused as refused:
        raise _malformed_header(refused) from refused


def _header_instant(header: Any, field: str) -> datetime:  # noqa: ANN401 - a header
    if not header.HasField(field):
        raise _malformed_header(invalid(f"header.{field}", "is missing"))
    try:
        return forms.instant(getattr(header, field), f"header.{field}")
    except Refused as refused:
        raise _malformed_header(refused) from refused


def _malformed_header(refused: Refused) -> Refused:
    return Refused(
        Reason.MALFORMED_HEADER,
        refused.message,
        refused.metadata,
        refused.violations,
    )


def _require_header(header: Any, request: Authenticated, key: Key, directory: Directory) -> None:  # noqa: ANN401
    method = request.method
    if request.sender != key.owner:
        raise Refused(
            Reason.WRONG_SENDER,
            f"the key is not one of {request.sender}",
            {"sender": request.sender},
        )
    if header.method != method.full_name:
        raise Refused(
            Reason.WRONG_METHOD,
            f"the request is for {header.method[:100]!r}, not for {method.full_name}",
            {"expected": method.full_name},
        )
    if header.audience != directory.coalition.coalition_id:
        raise Refused(
            Reason.WRONG_AUDIENCE,
            "the request is for another coalition; check the profile that you use",
            {"expected": directory.coalition.coalition_id},
        )


def submission_of(request: Authenticated, data: bytes) -> Submission:
    """The commands of a write. What is not of its form is told later: role and id come first."""
    if request.method.kind is not Kind.WRITE:
        message = f"{request.method.full_name} is not a write"
        raise ValueError(message)
    items: tuple[Request, ...] | None = None
    command, malformed = None, None
    try:
        if isinstance(request.payload, accrual_pb2.AccrueBatchRequest):
            items = ()
            items = _items(request, request.payload)
        else:
            command = command_of(request.payload)
    except Refused as refused:
        malformed = refused
    return Submission(
        head=Request(
            method=request.method.full_name,
            sender=request.sender,
            request_id=request.request_id,
            sha256=request.sha256,
            asks=kind_of(request.method.payload),
            command=command,
            malformed=malformed,
        ),
        keyid=request.keyid,
        created=request.created,
        expires=request.expires,
        longest=request.longest,
        received_at=request.received_at,
        envelope=data,
        items=items,
    )


def _items(request: Authenticated, batch: accrual_pb2.AccrueBatchRequest) -> tuple[Request, ...]:
    if not 0 < len(batch.items) <= MAX_ITEMS:
        raise invalid("items", f"has {len(batch.items)} items; 1 to {MAX_ITEMS} are accepted")
    return tuple(_item(request, data, index) for index, data in enumerate(batch.items))


def _item(request: Authenticated, data: bytes, index: int) -> Request:
    """An item; one that cannot be understood is reported and holds up nobody else."""
    field = f"items[{index}]"
    message = accrual_pb2.AccrualItem()
    request_id = ""
    try:
        parse_into(message, data)
        request_id = forms.matching(forms.REQUEST_ID, message.request_id, f"{field}.request_id")
        require_no_unknown_fields(message)
        if request_id == request.request_id:
            raise invalid(f"{field}.request_id", "is the batch's own; every item has another")
        command, malformed = accrual_item(message, field), None
    except Refused as refused:
        command, malformed = None, refused
    return Request(
        method=request.method.full_name,
        sender=request.sender,
        request_id=request_id,
        sha256=hashlib.sha256(data).digest(),
        asks=kind_of(request.method.payload),
        command=command,
        malformed=malformed,
    )
