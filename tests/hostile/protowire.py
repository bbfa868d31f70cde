"""Protobuf's wire format taken apart and put together, with no descriptor and no mercy."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

VARINT, FIXED64, BYTES, GROUP, END_GROUP, FIXED32 = range(6)

_WIDTHS = {FIXED64: 8, FIXED32: 4}


@dataclass(frozen=True, slots=True)
class Field:
    """One field as it stands there. Of BYTES `value` is the content, of VARINT its bytes."""

    number: int
    kind: int
    value: bytes
    length: bytes | None = None
    """What stands for the length of BYTES; None: the right one."""

    def but(self, **changes: object) -> "Field":
        """Changed."""
        return replace(self, **changes)

    def encoded(self) -> bytes:
        """Its bytes, whether they make sense or not."""
        key = varint(self.number << 3 | self.kind)
        if self.kind != BYTES:
            return key + self.value
        return key + (varint(len(self.value)) if self.length is None else self.length) + self.value


def varint(number: int, padding: int = 0) -> bytes:
    """A varint; `padding` bytes longer than it needs to be."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    for _ in range(padding):
        out[-1] |= 0x80
        out.append(0)
    return bytes(out)


def encoded(fields: Iterable[Field]) -> bytes:
    """Fields in a row."""
    return b"".join(field.encoded() for field in fields)


def taken_apart(data: bytes) -> list[Field] | None:
    """The fields of a message; None where the bytes are none, or hold a group."""
    fields, place = [], 0
    while place < len(data):
        key, place = _varint_at(data, place)
        kind = key & 7
        if place < 0 or not key >> 3:
            return None
        begin = place
        if kind == VARINT:
            _, place = _varint_at(data, place)
        elif kind == BYTES:
            size, begin = _varint_at(data, place)
            place = -1 if begin < 0 else begin + size
        else:
            place = begin + _WIDTHS[kind] if kind in _WIDTHS else -1
        if not 0 <= place <= len(data):
            return None
        fields.append(Field(key >> 3, kind, data[begin:place]))
    return fields


def _varint_at(data: bytes, place: int) -> tuple[int, int]:
    """A number, and where it ends; -1 where there is none."""
    number = shift = 0
    while 0 <= place < len(data) and shift < 70:
        byte = data[place]
        number |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return number, place
    return 0, -1
