"""Whatever a client sends, it is told what is wrong; the gateway never fails at it.

Requests are made of random values, most of them extreme, by a generator with a fixed seed.
"""

import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from coalition.errors import Refused
from coalition.methods import METHODS, Method
from coalition.signing import key_id, public_bytes
from coalition.v1 import accrual_pb2, partners_pb2
from gateway.self_check import check_book
from gateway.statuses import STATUS_OF
from partners.refusals import Reason
from settlement.ledger.book import load_coalition
from support.coalition_day import NOON, Day, coalition_day, private_key, stay
from support.raw_calls import OK, Verdict, Wire, raw_wire

MESSAGES = 10
"""For each method and sender."""

MUTATIONS = 200

SAMPLE = (
    b'schema = 1\nprogramme = "hotel"\nname = "x"\nvalid_from = 9000-12-31T23:59:59.999999Z\n'
    b'custody = "gateway"\nreversal = "funder-bears"\n[currency]\ncode = "HOTEL-POINTS"\n'
)

VALUES: dict[int, list[Any]] = {
    FieldDescriptor.TYPE_INT64: [0, 1, -1, 5, 20_000, 2**63 - 1, -(2**63), 2**53 + 1, 10**18],
    FieldDescriptor.TYPE_UINT32: [0, 1, 2, 500, 1_000, 2**31 - 1, 2**31, 2**32 - 1],
    FieldDescriptor.TYPE_INT32: [0, 1_000, -1, 999_999_000, 2**31 - 1, -(2**31)],
    FieldDescriptor.TYPE_BOOL: [True, False],
    FieldDescriptor.TYPE_ENUM: [0, 1, 2, 3, 4, 99, -1, 2**31 - 1],
    FieldDescriptor.TYPE_STRING: [
        *("", "\0", "a\0b", "x" * 5_000, "é" * 64, "\u202e", "\U0001f600", "a\n", "'; drop table"),
        *("/", "a/b", "hotel/\0", "0", "9" * 18, "9" * 19, "-1", "١٢", "{", "%s", "%(x)s", ":me"),
        *("hotel", "airline", "operator", "gateway", "card", "H1", "A1", "STAY", "FLIGHT", "ROOM"),
        *("EUR", "XXX", "COIN", "HOTEL-POINTS", "GOLD", "points", "BASE", "A" * 10, "0" * 64),
        *("ab", "a" * 32, "A" * 32, "~" * 128, "r1", "property", "Garden", "night"),
        *("2026-03-02", "0001-01-01", "9999-12-31", "2026-02-30", "2026-3-2"),
    ],
    FieldDescriptor.TYPE_BYTES: [
        b"",
        b"\0",
        b"\xff" * 32,
        bytes(32),
        bytes(64),
        b"x" * 20_000,
        SAMPLE,
    ],
}
"""Values of every type of field, right ones among them so that some requests get far."""

INSTANTS = [
    *(0, 1, -1, 2**63 - 1, -(2**63), 253_402_300_799, 253_402_300_800),
    *(-62_135_596_800, -62_135_596_801, int(NOON.timestamp()), int(NOON.timestamp()) + 60),
]


def filled(kind: type[Message], rng: random.Random, depth: int = 0) -> Message:
    """A message with random fields. Extreme or absent, each with its own chance."""
    message = kind()
    for field in message.DESCRIPTOR.fields:
        if field.name == "header" or rng.random() < 0.1:
            continue
        count = rng.choice([0, 1, 1, 2, 60]) if field.is_repeated else 1
        for _ in range(count):
            _fill(message, field, rng, depth)
    return message


def _fill(message: Any, field: Any, rng: random.Random, depth: int) -> None:
    target = getattr(message, field.name)
    if field.type == field.TYPE_MESSAGE:
        part: Any = filled(field.message_type._concrete_class, rng, depth + 1)
        if field.message_type.name == "Timestamp":
            part.seconds = rng.choice(INSTANTS)
            part.nanos = rng.choice([0, 0, 0, 1_000, 999_999_000, 1, -1_000, 2**31 - 1])
        if field.is_repeated:
            target.append(part)
        else:
            target.CopyFrom(part)
        return
    value = rng.choice(VALUES[field.type])
    if field.type == field.TYPE_BYTES and field.name == "items":
        value = filled(accrual_pb2.AccrualItem, rng).SerializeToString()
    if field.is_repeated:
        target.append(value)
    else:
        setattr(message, field.name, value)


@pytest.fixture(scope="module")
def day(module_database_url: str) -> Iterator[Day]:
    with coalition_day(module_database_url) as day:
        day.settled_world()
        day.accrue(stay("H1", "r1"))
        yield day
        with day.engine.connect() as connection:
            coalition = load_coalition(connection)
        assert coalition is not None
        problems, _ = check_book(day.engine, coalition, lambda *_: None)
        assert problems == []


@pytest.fixture(scope="module")
def wire(day: Day) -> Iterator[Wire]:
    with raw_wire(day) as wire:
        yield wire


def failed(verdict: Verdict) -> bool:
    """Not told what is wrong, or told that it is the gateway's fault."""
    if verdict.reason in {OK, ""}:
        return verdict.code is not grpc.StatusCode.OK
    return (
        verdict.code is not STATUS_OF[Reason(verdict.reason)]
        or verdict.reason in {"UNAVAILABLE", "OVERLOADED"}
        or verdict.domain != "coalition"
    )


@pytest.mark.parametrize("sender", ["hotel", "admin-one"])
@pytest.mark.parametrize("method", METHODS.values(), ids=lambda m: m.short_name)
def test_random_messages(wire: Wire, method: Method, sender: str) -> None:
    rng = random.Random(f"{method.full_name} {sender}")
    wrong = []
    for _ in range(MESSAGES):
        message = filled(method.payload, rng)
        if method.streaming:
            message.stop_at_end = True  # type: ignore[attr-defined]
        verdict = wire.send(wire.forge(method.short_name, message, sender))
        if failed(verdict):
            wrong.append(f"{verdict}\n{str(message)[:2_000]}")
    assert wrong == []


def test_mutated_envelopes(wire: Wire) -> None:
    rng = random.Random("envelopes")
    forge = wire.forge("Accrual.Accrue", accrual_pb2.AccrueRequest(accrual=stay("H1", "r1")))
    good = forge.data()
    wrong = []
    for _ in range(MUTATIONS):
        data = bytearray(good)
        for _ in range(rng.choice([1, 1, 2, 5])):
            place = rng.randrange(len(data))
            kind = rng.choice(["flip", "cut", "insert", "delete", "repeat"])
            if kind == "flip":
                data[place] ^= 1 << rng.randrange(8)
            elif kind == "cut":
                del data[place + 1 :]
            elif kind == "insert":
                data[place:place] = rng.randbytes(rng.choice([1, 2, 9]))
            elif kind == "delete":
                del data[place : place + rng.choice([1, 2, 9])]
            else:
                data += data[place:]
            data = data or bytearray(b"\0")
        verdict = wire.call(forge.method.full_name, bytes(data))
        if failed(verdict) or (verdict.reason == OK and not _same_meaning(bytes(data), good)):
            wrong.append(f"{verdict} {data.hex()}")
    assert wrong == []


def _same_meaning(data: bytes, good: bytes) -> bool:
    from coalition.v1.envelope_pb2 import Envelope  # noqa: PLC0415 - of this check alone

    return Envelope.FromString(data) == Envelope.FromString(good)


def test_mutated_payloads_under_a_good_signature(wire: Wire) -> None:
    rng = random.Random("payloads")
    forge = wire.forge("Accrual.Accrue", accrual_pb2.AccrueRequest(accrual=stay("H1", "r2")))
    good = forge.payload_bytes()
    wrong = []
    for _ in range(MUTATIONS):
        data = bytearray(good)
        place = rng.randrange(len(data))
        if rng.random() < 0.5:
            data[place] = rng.randrange(256)
        else:
            data[place:place] = rng.randbytes(rng.choice([1, 3]))
        verdict = wire.send(forge.but(payload=bytes(data)))
        if failed(verdict):
            wrong.append(f"{verdict} {data.hex()}")
    assert wrong == []


NESTED = {
    "groups": (b"\x83\x40" * 10_000, "MALFORMED_PAYLOAD"),
    "closed groups": (b"\x83\x40" * 10_000 + b"\x84\x40" * 10_000, "MALFORMED_PAYLOAD"),
    "end of a group": (b"\x84\x40", "MALFORMED_PAYLOAD"),
    "length beyond the end": (b"\x12\xff\xff\xff\xff\x0f", "MALFORMED_PAYLOAD"),
    "endless varint": (b"\x10" + b"\xff" * 11, "MALFORMED_PAYLOAD"),
    "field 0": (b"\x00\x01", "MALFORMED_PAYLOAD"),
}


@pytest.mark.parametrize("name", NESTED)
def test_payloads_made_to_break_a_parser(wire: Wire, name: str) -> None:
    payload, reason = NESTED[name]
    forge = wire.forge("Accrual.Accrue", accrual_pb2.AccrueRequest())

    assert wire.send(forge.but(payload=forge.payload_bytes() + payload)).reason == reason


DEFINITIONS = {
    "nested arrays": b"a = " + b"[" * 10_000,
    "nested tables": b"a = " + b"{a=" * 10_000,
    "dotted keys": b".".join([b"a"] * 10_000) + b" = 1",
    "many tables": b"".join(b"[a%d]\n" % n for n in range(4_000)),
    "many rules": b"[[earn]]\n" * 4_000,
    "more rules than count": SAMPLE
    + b"".join(
        b'[[earn]]\nrule = "r%d"\nactivity = "STAY"\nper = "night"\npoints = 1\n' % n
        for n in range(101)
    ),
    "more tiers than there are": SAMPLE
    + b"".join(b'[[tiers]]\nname = "T%d"\n' % n for n in range(31)),
    "a long line": b"#" + b"x" * 200_000,
    "NUL": b"\0",
    "not UTF-8": b"\xff\xfe",
    "only a byte order mark": b"\xef\xbb\xbf",
    "huge number": b"schema = " + b"9" * 5_000,
    "year 1": SAMPLE.replace(b"9000-12-31T23:59:59.999999Z", b"0001-01-01T00:00:00+14:00"),
    "carriage returns": SAMPLE.replace(b"\n", b"\r"),
}


@pytest.mark.parametrize("name", DEFINITIONS)
def test_definitions_made_to_break_a_parser(wire: Wire, name: str) -> None:
    request = partners_pb2.PublishProgrammeRequest(definition=DEFINITIONS[name])

    assert wire.send(wire.forge("Partners.PublishProgramme", request)).reason == "BAD_DEFINITION"


LONG = {
    "many problems": b"".join(b"k%d_%s = 1\n" % (n, b"x" * 60) for n in range(40)),
    "not plain": "".join(f"'{n}{'é' * 60}' = 1\n" for n in range(40)).encode(),
}


@pytest.mark.parametrize("name", LONG)
def test_a_long_refusal_still_fits_into_a_status(day: Day, wire: Wire, name: str) -> None:
    """gRPC clients take 8 KiB of metadata; of what is larger they drop some, at random."""
    request = partners_pb2.PublishProgrammeRequest(definition=LONG[name])
    with pytest.raises(Refused) as caught:
        day.client("hotel").write("Partners.PublishProgramme", request)
    verdict = wire.send(wire.forge("Partners.PublishProgramme", request))

    assert caught.value.signed
    assert verdict.message.endswith("...")
    assert verdict.metadata_bytes < 7_000


def test_page_tokens_that_no_page_gave(wire: Wire) -> None:
    keyid = key_id(public_bytes(private_key("hotel")))
    for token in ("\0", "hotel", "hotel/", "/", "hotel/\0", "x" * 70_000, "'", "hotel/a/b"):
        request = partners_pb2.ListKeyUseRequest(keyid=keyid, page_token=token)
        verdict = wire.send(wire.forge("Partners.ListKeyUse", request))
        assert verdict.reason == "INVALID_ARGUMENT", token
        assert verdict.violations == ("page_token",)


def test_instants_at_the_ends_of_time(wire: Wire) -> None:
    """Years are written with four digits, and what began in year 1 is no error."""
    forge = wire.forge("Accrual.Accrue", accrual_pb2.AccrueRequest(accrual=stay("H1", "year-1")))
    first = stay("H1", "year-1", started_at=NOON.replace(year=1))
    verdict = wire.send(forge.but(message=accrual_pb2.AccrueRequest(accrual=first)))
    later = wire.send(forge.but(created=NOON.replace(year=9999), lifetime=timedelta(seconds=1)))

    assert verdict.reason == "UNKNOWN_PROGRAMME"
    assert "0001-03-02" in verdict.message
    assert later.reason == "REQUEST_ID_REUSED"
