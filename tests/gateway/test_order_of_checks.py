"""The order of checks of proto/SIGNING.md, on the wire: what fails first is said."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import combinations
from typing import Any

import grpc
import pytest

from coalition.methods import METHODS, Kind
from coalition.signing import key_id, public_bytes
from coalition.v1 import (
    accrual_pb2,
    agreements_pb2,
    feed_pb2,
    members_pb2,
    partners_pb2,
    rates_pb2,
)
from gateway.authentication import MAX_ENVELOPE_BYTES
from gateway.statuses import STATUS_OF
from partners.refusals import STORED, Reason
from support.coalition_day import Day, coalition_day, membership, private_key, stay
from support.raw_calls import OK, Forge, Verdict, Wire, raw_wire

MANY = 10**15
"""A number that no entry of a test has."""

UNKNOWN_FIELD = b"\xfa\x3f\x01x"
"""Field 1023, one byte long: no message of the contract has it."""


@pytest.fixture(scope="module")
def day(module_database_url: str) -> Iterator[Day]:
    with coalition_day(module_database_url) as day:
        day.settled_world()
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
            day.client("hotel").write(
                "Partners.RegisterKey", partners_pb2.RegisterKeyRequest(key=key)
            )
            if name != "hotel-pending":
                day.approve_key(name)
        for name in ("hotel-revoked", "hotel-short-revoked"):
            revoke = partners_pb2.RevokeKeyRequest(keyid=key_id(public_bytes(private_key(name))))
            day.client("hotel").write("Partners.RevokeKey", revoke)
        day.client("hotel").write(
            "Members.Enrol", members_pb2.EnrolRequest(membership=membership("hotel", "T1")), "taken"
        )
        day.clock.forward(hours=2)
        yield day


@pytest.fixture(scope="module")
def wire(day: Day) -> Iterator[Wire]:
    with raw_wire(day) as wire:
        yield wire


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
        method=METHODS["/coalition.v1.Rates/ApproveRate"],
        message=rates_pb2.ApproveRateRequest(proposal=MANY),
    )


def invalid_argument(request: Request) -> None:
    message = type(request.forge.message)()
    message.CopyFrom(request.forge.message)
    if isinstance(message, rates_pb2.ApproveRateRequest):
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


NOT_OF_READS = {reused_id, no_role}
NOT_OF_FEEDS = {*NOT_OF_READS, invalid_argument}


@pytest.mark.parametrize(
    ("make", "left_out"),
    [(write_request, set()), (read_request, NOT_OF_READS), (feed_request, NOT_OF_FEEDS)],
    ids=["write", "read", "feed"],
)
def test_of_two_faults_the_earlier_is_given(
    wire: Wire, make: Callable[[Wire], Request], left_out: set[Any]
) -> None:
    wrong = []
    faults = [(reason, fault) for reason, fault in FAULTS if fault not in left_out]
    for (reason, fault), (later, other) in combinations(faults, 2):
        request = applied(make(wire), [fault, other])
        verdict = request.send(wire)
        if verdict.reason != reason or verdict.code is not STATUS_OF[reason]:
            wrong.append(f"{reason} and {later}: {verdict.reason} {verdict.code.name}")
        assert verdict.signed is None
        assert verdict.domain == "coalition"
    assert wrong == []


@pytest.mark.parametrize("make", [write_request, read_request, feed_request])
def test_without_a_fault_the_rules_speak(wire: Wire, make: Callable[[Wire], Request]) -> None:
    request = make(wire)

    assert request.send(wire).reason == request.rule


@pytest.mark.parametrize(("reason", "fault"), FAULTS, ids=[str(r) for r in ORDER])
def test_a_fault_before_the_rules_leaves_no_trace(
    wire: Wire, reason: Reason, fault: Callable[[Request], None]
) -> None:
    update = members_pb2.UpdateMembershipRequest(membership=membership("hotel", "H1"), tier="GOLD")
    forge = wire.forge("Members.UpdateMembership", update)

    assert applied(Request(forge), [fault]).send(wire).reason == reason
    assert wire.send(forge).reason == OK


TAMPERED: dict[str, tuple[Callable[[Any], None], Reason]] = {
    "no signature": (lambda e: e.ClearField("signatures"), Reason.MALFORMED_ENVELOPE),
    "three signatures": (
        lambda e: e.signatures.extend([e.signatures[0]] * 2),
        Reason.MALFORMED_ENVELOPE,
    ),
    "no key id": (lambda e: e.signatures[0].ClearField("keyid"), Reason.UNKNOWN_KEY),
    "key id in upper case": (
        lambda e: setattr(e.signatures[0], "keyid", e.signatures[0].keyid.upper()),
        Reason.UNKNOWN_KEY,
    ),
    "key id too long": (
        lambda e: setattr(e.signatures[0], "keyid", "f" * 100_000),
        Reason.UNKNOWN_KEY,
    ),
    "no sig": (lambda e: e.signatures[0].ClearField("sig"), Reason.BAD_SIGNATURE),
    "sig cut": (
        lambda e: setattr(e.signatures[0], "sig", e.signatures[0].sig[:-1]),
        Reason.BAD_SIGNATURE,
    ),
    "sig with a byte more": (
        lambda e: setattr(e.signatures[0], "sig", e.signatures[0].sig + b"\0"),
        Reason.BAD_SIGNATURE,
    ),
    "another's sig": (
        lambda e: setattr(e.signatures[0], "keyid", key_id(public_bytes(private_key("airline")))),
        Reason.BAD_SIGNATURE,
    ),
    "byte of the payload": (
        lambda e: setattr(e, "payload", e.payload[:-1] + bytes([e.payload[-1] ^ 1])),
        Reason.BAD_SIGNATURE,
    ),
    "byte more in the payload": (
        lambda e: setattr(e, "payload", e.payload + b"\0"),
        Reason.BAD_SIGNATURE,
    ),
    "type exchanged after signing": (
        lambda e: setattr(e, "payload_type", "application/vnd.coalition.v1.OfferRequest"),
        Reason.BAD_SIGNATURE,
    ),
    "no payload": (lambda e: e.ClearField("payload"), Reason.BAD_SIGNATURE),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_a_tampered_envelope(wire: Wire, name: str) -> None:
    change, reason = TAMPERED[name]
    request = write_request(wire)
    request.on_envelope.append(change)

    assert request.send(wire).reason == reason


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", Reason.MALFORMED_ENVELOPE),
        (b"\xff", Reason.MALFORMED_ENVELOPE),
        (b"{}", Reason.MALFORMED_ENVELOPE),
        (b"\x12\x01\xff", Reason.MALFORMED_ENVELOPE),  # a payload_type that is not UTF-8
        (bytes(MAX_ENVELOPE_BYTES), Reason.MALFORMED_ENVELOPE),
        (bytes(MAX_ENVELOPE_BYTES + 1), Reason.TOO_LARGE),
    ],
    ids=["empty", "garbage", "json", "not-utf8", "largest", "one-byte-more"],
)
def test_bytes_that_are_no_envelope(wire: Wire, data: bytes, reason: Reason) -> None:
    assert wire.call("/coalition.v1.Accrual/Accrue", data).reason == reason


def test_far_too_large_is_cut_off_by_grpc(wire: Wire) -> None:
    verdict = wire.call("/coalition.v1.Accrual/Accrue", bytes(MAX_ENVELOPE_BYTES * 2))

    assert verdict.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "larger than max" in verdict.message


def test_an_unknown_field_is_refused_wherever_it_is(wire: Wire) -> None:
    def with_field(where: str) -> bytes:
        request = accrual_pb2.AccrueRequest(accrual=stay("H1", "unknown-field"))
        part = request
        for name in where.split(".") if where else ():
            part = getattr(part, name)
            part = part[0] if name in {"spend", "quantities"} else part
        part.MergeFromString(UNKNOWN_FIELD)
        forge = wire.forge("Accrual.Accrue", request)
        if where == "header":
            payload = forge.payload_bytes()
            header = forge.method.payload.FromString(payload).header.SerializeToString()
            longer = header + UNKNOWN_FIELD
            payload = b"\x0a" + bytes([len(longer)]) + longer + payload[2 + len(header) :]
            forge = forge.but(payload=payload)
        return forge.data()

    wheres = ["", "header", "accrual", "accrual.membership", "accrual.activity"]
    wheres += ["accrual.activity.spend", "accrual.activity.spend.amount", "accrual.activity.key"]
    wheres += ["accrual.activity.started_at"]
    full_name = "/coalition.v1.Accrual/Accrue"
    found = {where: wire.call(full_name, with_field(where)).reason for where in wheres}

    assert found == dict.fromkeys(wheres, "UNKNOWN_FIELDS")


def test_an_unknown_field_of_the_envelope_is_refused_after_its_signature(wire: Wire) -> None:
    forge = write_request(wire).forge
    envelope = forge.envelope()
    full_name = forge.method.full_name

    assert wire.call(full_name, envelope.SerializeToString() + UNKNOWN_FIELD).reason == (
        "UNKNOWN_FIELDS"
    )
    envelope.signatures[0].MergeFromString(UNKNOWN_FIELD)
    assert wire.call(full_name, envelope.SerializeToString()).reason == "UNKNOWN_FIELDS"
    envelope.signatures[0].sig = bytes(64)
    assert wire.call(full_name, envelope.SerializeToString()).reason == "BAD_SIGNATURE"


HEADERS: dict[str, dict[str, Any]] = {
    "no method": {"method": ""},
    "no audience": {"audience": ""},
    "no sender": {"sender": ""},
    "sender in upper case": {"sender": "HOTEL"},
    "no request id": {"request_id": ""},
    "request id too long": {"request_id": "x" * 65},
    "request id with a line break": {"request_id": "x\n"},
    "request id not ascii": {"request_id": "é"},
    "no created": {"created": None},
    "no expires": {"expires": None},
    "finer than microseconds": {"created": {"seconds": 1_772_452_800, "nanos": 1}},
    "year 10000": {"created": {"seconds": 253_402_300_800}},
    "before year 1": {"expires": {"seconds": -62_135_596_801}},
    "largest seconds": {"expires": {"seconds": 2**63 - 1}},
    "smallest seconds": {"created": {"seconds": -(2**63)}},
    "negative nanos": {"created": {"seconds": 1, "nanos": -1_000}},
    "too many nanos": {"created": {"seconds": 1, "nanos": 2_000_000_000}},
}


@pytest.mark.parametrize("name", HEADERS)
def test_a_header_that_is_not_of_its_form(wire: Wire, name: str) -> None:
    forge = write_request(wire).forge.but_header(**HEADERS[name])

    assert wire.send(forge).reason == "MALFORMED_HEADER"


def test_no_header_at_all(wire: Wire) -> None:
    forge = write_request(wire).forge.but(payload=b"\x10\x01")

    assert wire.send(forge).reason == "MALFORMED_HEADER"


SECOND = timedelta(seconds=1)
TIMES: dict[str, tuple[timedelta, timedelta, str]] = {
    # Created, from now on, and how long it lives beyond what the method allows.
    "just made": (timedelta(0), timedelta(0), OK),
    "about to expire": (-timedelta(minutes=10) + SECOND, timedelta(0), OK),
    "expires now": (-timedelta(minutes=10), timedelta(0), "EXPIRED"),
    "long ago": (-timedelta(days=1000), timedelta(0), "EXPIRED"),
    "a clock a minute ahead": (timedelta(seconds=60), timedelta(0), OK),
    "a clock further ahead": (timedelta(seconds=61), timedelta(0), "EXPIRED"),
    "lives too long": (timedelta(0), SECOND, "EXPIRED"),
    "lives for thousands of years": (timedelta(0), timedelta(days=2_000_000), "EXPIRED"),
    "lives not at all": (timedelta(seconds=30), -timedelta(minutes=10), "EXPIRED"),
    "expires before it is made": (
        timedelta(seconds=50),
        -timedelta(minutes=10, seconds=20),
        "EXPIRED",
    ),
}


@pytest.mark.parametrize("name", TIMES)
def test_times_of_a_request(wire: Wire, name: str) -> None:
    created, longer, expected = TIMES[name]
    update = members_pb2.UpdateMembershipRequest(membership=membership("hotel", "H1"))
    forge = wire.forge("Members.UpdateMembership", update)
    forge = forge.but(created=forge.created + created, lifetime=forge.lifetime + longer)

    assert wire.send(forge).reason == expected


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("hotel-pending", "KEY_NOT_ACTIVE"),
        ("hotel-short", "KEY_NOT_ACTIVE"),
        ("hotel-later", "KEY_NOT_ACTIVE"),
        ("hotel-revoked", "KEY_REVOKED"),
        ("gateway", "WRONG_SENDER"),
        ("nobody", "UNKNOWN_KEY"),
    ],
)
def test_keys_that_may_not_sign(wire: Wire, key: str, reason: str) -> None:
    for request in (write_request(wire), read_request(wire), feed_request(wire)):
        request.forge = request.forge.but(key=private_key(key))
        assert request.send(wire).reason == reason


def test_a_known_request_is_answered_by_any_key_that_is_not_revoked(wire: Wire, day: Day) -> None:
    """Also after it expired; the payload is the same, so the answer is the same bytes."""
    update = members_pb2.UpdateMembershipRequest(membership=membership("hotel", "H1"))
    forge = wire.forge("Members.UpdateMembership", update)
    payload = forge.payload_bytes()
    first = wire.send(forge)
    day.clock.forward(days=1)

    assert first.reason == OK
    for key in ("hotel", "hotel-pending", "hotel-short"):
        again = wire.send(forge.but(payload=payload, key=private_key(key)))
        assert again.answer == first.answer
    assert wire.send(forge.but(key=private_key("hotel-revoked"))).reason == "KEY_REVOKED"
    assert wire.send(forge.but(key=private_key("airline"))).reason == "WRONG_SENDER"
    reused = wire.send(forge.but_header(created=day.clock.now, expires=day.clock.now + SECOND))
    assert reused.reason == "REQUEST_ID_REUSED"


def test_request_ids_are_of_all_methods(wire: Wire) -> None:
    update = members_pb2.UpdateMembershipRequest(membership=membership("hotel", "H1"))
    forge = wire.forge("Members.UpdateMembership", update)
    assert wire.send(forge).reason == OK
    other = wire.forge("Agreements.Accept", agreements_pb2.AcceptRequest(agreement=1))

    assert wire.send(other.but_header(request_id=forge.request_id)).reason == "REQUEST_ID_REUSED"


def test_request_ids_are_of_each_sender(wire: Wire) -> None:
    update = members_pb2.UpdateMembershipRequest(membership=membership("airline", "A1"))
    forge = wire.forge("Members.UpdateMembership", update, sender="airline")

    assert wire.send(forge.but_header(request_id="taken")).reason == OK


def test_every_reason_has_a_status() -> None:
    assert set(STATUS_OF) == set(Reason)


def test_details_of_refusals(wire: Wire) -> None:
    """ErrorInfo always; BadRequest for fields; the signed refusal where it is stored."""
    stored = write_request(wire).send(wire)
    request = write_request(wire)
    invalid_argument(request)
    invalid = request.send(wire)

    assert stored.metadata == {"agreement": str(MANY)}
    assert stored.signed is not None
    assert stored.refusal is not None
    assert stored.refusal.message == stored.message
    assert (invalid.violations, invalid.signed) == (("agreement",), None)
    assert (stored.violations, stored.retry_seconds) == ((), None)
    assert Reason(stored.reason) in STORED
    assert invalid.code is grpc.StatusCode.INVALID_ARGUMENT


def test_no_method_is_forgotten() -> None:
    """Every method of the contract is a write or a read: the order holds for all."""
    assert {method.kind for method in METHODS.values()} == {Kind.WRITE, Kind.READ}
