"""Ways to spoil a message: its bytes at random, or its fields at any level."""

from collections.abc import Callable, Mapping, Sequence
from random import Random

from hostile.protowire import (
    BYTES,
    END_GROUP,
    FIXED32,
    FIXED64,
    GROUP,
    VARINT,
    Field,
    encoded,
    taken_apart,
    varint,
)

Mutation = Callable[[bytes, Random], bytes]

INTERESTING = (
    b"\x00",
    b"\xff",
    b"\x7f",
    b"\x80",
    b"\xff" * 9 + b"\x01",
    b"\xff" * 10,
    b"\x80" * 9 + b"\x01",
    b"\xc3\x28",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\xf0\x9f\x98\x80",
    b"\xe2\x80\xae",
)
"""Ends of ranges, varints too long, broken UTF-8, half a surrogate, a byte order mark."""

NOT_UTF8 = (b"\xff", b"\xc3\x28", b"\xed\xa0\x80", b"a\xf5b", b"\xc0\x80")

DEPTH = 200
"""Beyond the hundred levels that protobuf allows."""


def flip(data: bytes, rng: Random) -> bytes:
    """One bit is another, or some are."""
    out = bytearray(data)
    for _ in range(rng.choice([1, 1, 1, 2, 8])):
        out[rng.randrange(len(out))] ^= 1 << rng.randrange(8)
    return bytes(out)


def cut(data: bytes, rng: Random) -> bytes:
    """It breaks off."""
    return data[: rng.randrange(len(data))]


def insert(data: bytes, rng: Random) -> bytes:
    """Something stands in between."""
    place = rng.randrange(len(data) + 1)
    what = rng.choice([*INTERESTING, rng.randbytes(rng.choice([1, 2, 9]))])
    return data[:place] + what + data[place:]


def delete(data: bytes, rng: Random) -> bytes:
    """Something is gone."""
    place = rng.randrange(len(data))
    return data[:place] + data[place + rng.choice([1, 2, 9, 40]) :]


def repeat(data: bytes, rng: Random) -> bytes:
    """A piece stands there again."""
    begin, end = sorted(rng.randrange(len(data) + 1) for _ in range(2))
    return data[:end] + data[begin:end] + data[end:]


def overwrite(data: bytes, rng: Random) -> bytes:
    """A piece is another."""
    place, what = rng.randrange(len(data)), rng.choice(INTERESTING)
    return data[:place] + what + data[place + len(what) :]


def twice(data: bytes, _: Random) -> bytes:
    """All of it again: protobuf reads both as one."""
    return data + data


BYTE_MUTATIONS: Mapping[str, Mutation] = {
    kind.__name__: kind for kind in (flip, cut, insert, delete, repeat, overwrite, twice)
}

FieldMutation = Callable[[list[Field], int, Random], list[Field]]


def _drop(fields: list[Field], at: int, _: Random) -> list[Field]:
    return fields[:at] + fields[at + 1 :]


def _duplicate(fields: list[Field], at: int, rng: Random) -> list[Field]:
    again = [fields[at]] * rng.choice([1, 1, 2, 100])
    place = rng.randrange(len(fields) + 1)
    return fields[:place] + again + fields[place:]


def _reorder(fields: list[Field], _: int, rng: Random) -> list[Field]:
    return rng.sample(fields, len(fields))


def _unknown(fields: list[Field], at: int, rng: Random) -> list[Field]:
    number = rng.choice([rng.randrange(1, 40), 1023, 19_000, 2**29 - 1])
    kind = rng.choice([VARINT, FIXED64, BYTES, FIXED32])
    value = {VARINT: b"\x01", FIXED64: bytes(8), BYTES: b"x" * rng.choice([0, 1, 300])}
    return [*fields[:at], Field(number, kind, value.get(kind, bytes(4))), *fields[at:]]


def _length_bomb(fields: list[Field], at: int, rng: Random) -> list[Field]:
    claimed = rng.choice([2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**64 - 1, 10**6])
    bomb = fields[at].but(kind=BYTES, length=varint(claimed))
    return [*fields[:at], bomb, *fields[at + 1 :]]


def _huge_varint(fields: list[Field], at: int, rng: Random) -> list[Field]:
    value = rng.choice([b"\xff" * 9 + b"\x01", b"\xff" * 10 + b"\x01", b"\x80" * 500, b"\xff" * 9])
    return [*fields[:at], fields[at].but(kind=VARINT, value=value), *fields[at + 1 :]]


def _padded(fields: list[Field], at: int, rng: Random) -> list[Field]:
    """The same meaning in more bytes than it takes."""
    field, padding = fields[at], rng.choice([1, 2, 3])
    if field.kind == BYTES:
        field = field.but(length=varint(len(field.value), padding))
    return [*fields[:at], field, *fields[at + 1 :]]


def _not_text(fields: list[Field], at: int, rng: Random) -> list[Field]:
    value = rng.choice(NOT_UTF8)
    if rng.random() < 0.5:
        value = fields[at].value + value
    return [*fields[:at], fields[at].but(kind=BYTES, value=value), *fields[at + 1 :]]


def _other_number(fields: list[Field], at: int, rng: Random) -> list[Field]:
    return [*fields[:at], fields[at].but(number=rng.randrange(1, 13)), *fields[at + 1 :]]


def _other_kind(fields: list[Field], at: int, rng: Random) -> list[Field]:
    kind = rng.choice([VARINT, FIXED64, BYTES, GROUP, END_GROUP, FIXED32, 6, 7])
    return [*fields[:at], fields[at].but(kind=kind), *fields[at + 1 :]]


def _other_value(fields: list[Field], at: int, rng: Random) -> list[Field]:
    field = fields[at]
    if field.kind == BYTES:
        value = rng.choice([b"", b"\0", b"x" * 5_000, rng.randbytes(8), *INTERESTING])
    elif field.kind == VARINT:
        numbers = [0, 1, 2, 99, 2**31, 2**32, 2**53, 10**15, 2**63 - 1, 2**63, 2**64 - 1]
        value = varint(rng.choice(numbers))
    else:
        value = rng.randbytes(len(field.value))
    return [*fields[:at], field.but(value=value), *fields[at + 1 :]]


def _deep(fields: list[Field], at: int, rng: Random) -> list[Field]:
    field, levels = fields[at], rng.choice([5, DEPTH])
    value = field.value if field.kind == BYTES else b""
    for _ in range(levels):
        value = Field(field.number, BYTES, value).encoded()
    return [*fields[:at], field.but(kind=BYTES, value=value), *fields[at + 1 :]]


FIELD_MUTATIONS: Mapping[str, FieldMutation] = {
    kind.__name__.strip("_"): kind
    for kind in (
        _drop,
        _duplicate,
        _reorder,
        _unknown,
        _length_bomb,
        _huge_varint,
        _padded,
        _not_text,
        _other_number,
        _other_kind,
        _other_value,
        _deep,
    )
}


def spoil_fields(data: bytes, rng: Random, name: str | None = None) -> bytes:
    """A field at some level is spoilt; what is around it has the right lengths."""
    fields = taken_apart(data)
    if not fields:
        return flip(data, rng) if data else b"\xff"
    at = rng.randrange(len(fields))
    inner = taken_apart(fields[at].value) if fields[at].kind == BYTES else None
    if inner and rng.random() < 0.7:
        fields[at] = fields[at].but(value=spoil_fields(fields[at].value, rng, name))
        return encoded(fields)
    kind = FIELD_MUTATIONS[name or rng.choice(list(FIELD_MUTATIONS))]
    return encoded(kind(fields, at, rng))


def spoil_bytes(data: bytes, rng: Random) -> bytes:
    """Some bytes are spoilt, once or some times."""
    for _ in range(rng.choice([1, 1, 2, 4])):
        data = BYTE_MUTATIONS[rng.choice(list(BYTE_MUTATIONS))](data or b"\0", rng)
    return data


def splice(one: bytes, other: bytes, rng: Random) -> bytes:
    """The beginning of one, and the end of another."""
    return one[: rng.randrange(len(one) + 1)] + other[rng.randrange(len(other) + 1) :]


def spliced_fields(one: bytes, others: Sequence[bytes], rng: Random) -> bytes:
    """Fields of several messages, in any order."""
    fields = [f for data in (one, *others) for f in taken_apart(data) or []]
    return encoded(rng.sample(fields, rng.randrange(len(fields) + 1)))
