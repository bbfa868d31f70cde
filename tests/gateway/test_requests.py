"""What a signed request must hold: fields, header, times, key and request id."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import grpc
import pytest

from coalition.methods import METHODS, Kind
from coalition.requests import header_of
from coalition.v1 import (
    accrual_pb2,
    agreements_pb2,
    members_pb2,
)
from gateway.statuses import STATUS_OF
from partners.refusals import STORED, Reason
from support.broken_requests import (
    MANY,
    UNKNOWN_FIELD,
    feed_request,
    give_the_hotel_keys,
    invalid_argument,
    read_request,
    write_request,
)
from support.coalition_day import Day, coalition_day, membership, private_key, stay
from support.raw_calls import OK, Wire, raw_wire


@pytest.fixture(scope="module")
def day(module_database_url: str) -> Iterator[Day]:
    with coalition_day(module_database_url) as day:
        day.settled_world()
        give_the_hotel_keys(day)
        yield day


@pytest.fixture(scope="module")
def wire(day: Day) -> Iterator[Wire]:
    with raw_wire(day) as wire:
        yield wire


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
            header = header_of(forge.method.payload.FromString(payload)).SerializeToString()
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
    assert stored.refusal.message == stored.message
    assert (invalid.violations, invalid.signed) == (("agreement",), None)
    assert (stored.violations, stored.retry_seconds) == ((), None)
    assert Reason(stored.reason) in STORED
    assert invalid.code is grpc.StatusCode.INVALID_ARGUMENT


def test_no_method_is_forgotten() -> None:
    """Every method of the contract is a write or a read: the order holds for all."""
    assert {method.kind for method in METHODS.values()} == {Kind.WRITE, Kind.READ}
