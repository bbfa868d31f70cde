"""Requests that are broken in one way or in several: every check of the gateway, failed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from coalition.methods import METHODS
from coalition.signing import key_id, public_bytes
from coalition.v1 import agreements_pb2, feed_pb2, members_pb2, partners_pb2, rates_pb2
from gateway.authentication import MAX_ENVELOPE_BYTES
from partners.refusals import Reason
from support.coalition_day import Day, membership, private_key
from support.raw_calls import OK, Forge, Verdict, Wire

MANY = 10**15
"""A number that no entry of a test has."""

UNKNOWN_FIELD = b"\xfa\x3f\x01x"
"""Field 1023, one byte long: no message of the contract has it."""


def give_the_hotel_keys(day: Day) -> None:
    """Keys that are pending, revoked, no longer or not yet valid; and a request id is taken."""
    for name, dates in (
        ("hotel-pending", {}),
        ("hotel-revoked", {}),
        ("hotel-short", {"valid_to": day.clock.now + timedelta(hours=1)}),
        ("hotel-short-revoked", {"valid_to": day.clock.now + timedelta(hours=1)}),
        ("hotel-later", {"valid_from": day.clock.now + timedelta(days=9)}),
    ):
        key = day.public_key(name, "hotel")
        for which, instant in dates.items():
            getattr(key, which).FromDatetime(instant)
        day.client("hotel").write("Partners.RegisterKey", partners_pb2.RegisterKeyRequest(key=key))
        if name != "hotel-pending":
            day.approve_key(name)
    for name in ("hotel-revoked", "hotel-short-revoked"):
        revoke = partners_pb2.RevokeKeyRequest(keyid=key_id(public_bytes(private_key(name))))
        day.client("hotel").write("Partners.RevokeKey", revoke)
    day.client("hotel").write(
        "Members.Enrol", members_pb2.EnrolRequest(membership=membership("hotel", "T1")), "taken"
    )
    day.clock.forward(hours=2)


@dataclass
class Request:
    """A request that is right but for a rule, and what was done to it since."""

    forge: Forge
    on_envelope: list[Callable[[Any], None]] = field(default_factory=list)
    after: bytes = b""
    rule: str = ""

    def send(self, wire: Wire) -> Verdict:
        envelope = self.forge.envelope()
        for change in self.on_envelope:
            change(envelope)
        data = envelope.SerializeToString() + self.after
        call = wire.stream if self.forge.method.streaming else wire.call
        return call(self.forge.method.full_name, data)


def too_large(request: Request) -> None:
    size = MAX_ENVELOPE_BYTES
    request.after += b"\x7a" + b"\x80\x80\x80\x02" + bytes(size)


def two_signatures(request: Request) -> None:
    request.on_envelope.append(lambda e: e.signatures.append(e.signatures[0]))


def unknown_key(request: Request) -> None:
    request.on_envelope.append(lambda e: setattr(e.signatures[0], "keyid", "0" * 64))


def bad_signature(request: Request) -> None:
    request.on_envelope.append(lambda e: setattr(e.signatures[0], "sig", bytes(64)))


def wrong_type(request: Request) -> None:
    kind = "application/vnd.coalition.v1.Receipt"
    request.forge = request.forge.but(payload_type=kind)


def malformed_payload(request: Request) -> None:
    request.forge = request.forge.but(payload=request.forge.payload_bytes() + b"\xff")


def unknown_field(request: Request) -> None:
    request.forge = request.forge.but(payload=request.forge.payload_bytes() + UNKNOWN_FIELD)


def malformed_header(request: Request) -> None:
    request.forge = request.forge.but_header(created=None)


def wrong_sender(request: Request) -> None:
    request.forge = request.forge.but_header(sender="airline")


def wrong_method(request: Request) -> None:
    request.forge = request.forge.but_header(method="/coalition.v1.Accrual/Reverse")


def wrong_audience(request: Request) -> None:
    request.forge = request.forge.but_header(audience="another-coalition")


def revoked_key(request: Request) -> None:
    request.forge = request.forge.but(key=private_key("hotel-revoked"))


def reused_id(request: Request) -> None:
    request.forge = request.forge.but_header(request_id="taken")


def inactive_key(request: Request) -> None:
    revoked = request.forge.key.private_bytes_raw() == b"hotel-revoked".ljust(32, b"-")
    name = "hotel-short-revoked" if revoked else "hotel-pending"
    request.forge = request.forge.but(key=private_key(name))


def expired(request: Request) -> None:
    created = request.forge.created - timedelta(days=4)
    request.forge = request.forge.but(created=created)


def no_role(request: Request) -> None:
    request.forge = request.forge.but(
        method=METHODS["/coalition.v1.Rates/Approve"],
        message=rates_pb2.ApproveRequest(proposal=MANY),
    )


def invalid_argument(request: Request) -> None:
    message = type(request.forge.message)()
    message.CopyFrom(request.forge.message)
    if isinstance(message, rates_pb2.ApproveRequest):
        message.proposal = 0
    elif isinstance(message, agreements_pb2.AcceptRequest):
        message.agreement = -1
    else:
        message.membership.member_number = "\0"  # type: ignore[attr-defined]
    request.forge = request.forge.but(message=message)


FAULTS: list[tuple[Reason, Callable[[Request], None]]] = [
    (Reason.TOO_LARGE, too_large),
    (Reason.MALFORMED_ENVELOPE, two_signatures),
    (Reason.UNKNOWN_KEY, unknown_key),
    (Reason.BAD_SIGNATURE, bad_signature),
    (Reason.WRONG_PAYLOAD_TYPE, wrong_type),
    (Reason.MALFORMED_PAYLOAD, malformed_payload),
    (Reason.UNKNOWN_FIELDS, unknown_field),
    (Reason.MALFORMED_HEADER, malformed_header),
    (Reason.WRONG_SENDER, wrong_sender),
    (Reason.WRONG_METHOD, wrong_method),
    (Reason.WRONG_AUDIENCE, wrong_audience),
    (Reason.KEY_REVOKED, revoked_key),
    (Reason.REQUEST_ID_REUSED, reused_id),
    (Reason.KEY_NOT_ACTIVE, inactive_key),
    (Reason.EXPIRED, expired),
    (Reason.NOT_AUTHORIZED, no_role),
    (Reason.INVALID_ARGUMENT, invalid_argument),
]
"""Every check but the rules, in order, with what fails it."""

ORDER = [reason for reason, _ in FAULTS]
PARTS = [no_role, invalid_argument, expired, revoked_key, inactive_key]
BYTES = [malformed_payload, unknown_field]


def applied(request: Request, faults: list[Callable[[Request], None]]) -> Request:
    """Faults of the payload's parts come first, then those of its bytes, then the rest."""
    first = [fault for fault in PARTS if fault in faults]
    last = [fault for fault in reversed(BYTES) if fault in faults]
    middle = [fault for fault in faults if fault not in (*first, *last)]
    for fault in (*first, *middle, *last):
        fault(request)
    return request


def write_request(wire: Wire) -> Request:
    message = agreements_pb2.AcceptRequest(agreement=MANY)
    return Request(wire.forge("Agreements.Accept", message), rule="UNKNOWN_AGREEMENT")


def read_request(wire: Wire) -> Request:
    message = members_pb2.LookUpRequest(membership=membership("hotel", "nobody"))
    return Request(wire.forge("Members.LookUp", message), rule="UNKNOWN_MEMBERSHIP")


def feed_request(wire: Wire) -> Request:
    message = feed_pb2.FollowRequest(after_number=MANY, stop_at_end=True)
    return Request(wire.forge("Feed.Follow", message), rule=OK)
