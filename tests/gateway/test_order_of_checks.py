"""The order of checks of proto/SIGNING.md, on the wire: what fails first is said."""

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

import grpc
import pytest

from coalition.signing import key_id, public_bytes
from coalition.v1 import (
    members_pb2,
)
from gateway.authentication import MAX_ENVELOPE_BYTES
from gateway.statuses import STATUS_OF
from partners.refusals import Reason
from support.broken_requests import (
    FAULTS,
    ORDER,
    Request,
    applied,
    feed_request,
    give_the_hotel_keys,
    invalid_argument,
    no_role,
    read_request,
    reused_id,
    write_request,
)
from support.coalition_day import Day, coalition_day, membership, private_key
from support.raw_calls import OK, Wire, raw_wire


@pytest.fixture(autouse=True)
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unknown keys are looked up; here no other process admits any."""
    monkeypatch.setattr("gateway.directories.LOOK_AGAIN_SECONDS", 0.0)


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
