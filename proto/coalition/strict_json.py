"""Reads hashed JSON without being lenient: two readers must never see two things in it."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from fractions import Fraction
from typing import NoReturn

INT64_MAX = 2**63 - 1

_INTEGER = re.compile(r"0|[1-9][0-9]{0,18}")
_TERM = re.compile(r"0|[1-9][0-9]{0,38}")
"""One half of a fraction: a product of two int64 fits."""
_SHA256 = re.compile(r"[0-9a-f]{64}")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)


class BadJson(ValueError):
    """These bytes are not JSON of the expected form; the message says where."""


def parse_object(data: bytes) -> dict[str, object]:
    """A JSON object in ASCII, without a key twice or a number that JSON does not know."""
    try:
        value: object = _DECODER.decode(data.decode("ascii"))
    except (ValueError, RecursionError) as problem:
        message = f"not JSON as specified: {problem}"
        raise BadJson(message) from None
    if not isinstance(value, dict):
        message = "not a JSON object"
        raise BadJson(message)
    return value


def require_keys(fields: Mapping[str, object], keys: frozenset[str]) -> None:
    """Raise BadJson unless exactly these keys are there."""
    if fields.keys() == keys:
        return
    missing, unknown = sorted(keys - fields.keys()), sorted(fields.keys() - keys)
    message = f"missing {missing}, unknown {unknown}"
    raise BadJson(message)


def require_canonical(data: bytes, fields: Mapping[str, object]) -> None:
    """Raise BadJson unless the bytes are the one encoding: keys sorted, no white space."""
    if _ENCODER.encode(fields).encode("ascii") != data:
        message = "not the canonical encoding (keys sorted, no white space, ASCII)"
        raise BadJson(message)


def text(fields: Mapping[str, object], key: str) -> str:
    """A text that is not empty."""
    value = fields[key]
    if not isinstance(value, str) or not value:
        raise _refused(key, value, "a text that is not empty")
    return value


def optional_text(fields: Mapping[str, object], key: str) -> str | None:
    """A text that is not empty, or null."""
    return None if fields[key] is None else text(fields, key)


def integer(fields: Mapping[str, object], key: str) -> int:
    """A decimal string from 0 to the largest int64, without leading zeros."""
    value = fields[key]
    if not isinstance(value, str) or not _INTEGER.fullmatch(value) or int(value) > INT64_MAX:
        raise _refused(key, value, "a decimal string that fits into 63 bits")
    return int(value)


def positive(fields: Mapping[str, object], key: str) -> int:
    """As integer, and not 0."""
    found = integer(fields, key)
    if found == 0:
        raise _refused(key, fields[key], "more than nothing")
    return found


def optional_integer(fields: Mapping[str, object], key: str) -> int | None:
    """As integer, or null."""
    return None if fields[key] is None else integer(fields, key)


def sha256(fields: Mapping[str, object], key: str) -> bytes:
    """A SHA-256 in lower-case hex, as its 32 bytes."""
    value = fields[key]
    if not isinstance(value, str) or not _SHA256.fullmatch(value):
        raise _refused(key, value, "64 lower-case hex digits")
    return bytes.fromhex(value)


def optional_sha256(fields: Mapping[str, object], key: str) -> bytes | None:
    """As sha256, or null."""
    return None if fields[key] is None else sha256(fields, key)


def instant(fields: Mapping[str, object], key: str) -> datetime:
    """An instant in UTC with exactly six digits after the second, and Z."""
    value = fields[key]
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        try:
            return datetime.fromisoformat(value).astimezone(UTC)
        except ValueError:
            pass
    raise _refused(key, value, "an instant such as 2026-01-05T12:00:00.000000Z")


def optional_fraction(fields: Mapping[str, object], key: str) -> Fraction | None:
    """Numerator/denominator in lowest terms, neither negative, or null."""
    value = fields[key]
    if value is None:
        return None
    if isinstance(value, str) and value.count("/") == 1:
        numerator, denominator = value.split("/")
        if _TERM.fullmatch(numerator) and _TERM.fullmatch(denominator) and denominator != "0":
            found = Fraction(int(numerator), int(denominator))
            if f"{found.numerator}/{found.denominator}" == value:
                return found
    raise _refused(key, value, "a fraction in lowest terms such as 120/1")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        message = "a key appears twice in one object"
        raise ValueError(message)
    return fields


def _refuse_constant(name: str) -> NoReturn:
    message = f"{name} is no JSON"
    raise ValueError(message)


def _refused(key: str, value: object, expected: str) -> BadJson:
    return BadJson(f"{key} is {value!r:.80}; expected {expected}")


# Made once: a feed has millions of objects.
_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse_constant)
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"))
