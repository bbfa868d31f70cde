"""The form of every field: what a string, a number or an instant on the wire may be."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from coalition.v1 import common_pb2
from partners.activities import ActivityKey
from partners.programmes.forms import YEARS, MoneyAmount
from partners.programmes.money import UnknownMoney, exponent_of
from partners.refusals import invalid
from partners.state import MembershipKey

SLUG = re.compile(r"[a-z][a-z0-9-]{1,31}")
"""Ids of participants, persons, programmes, choices."""

CURRENCY = re.compile(r"[A-Z][A-Z0-9-]{1,15}")
REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
MEMBER_NUMBER = re.compile(r"[A-Za-z0-9._:/-]{1,64}")
KIND = re.compile(r"[A-Z][A-Z_]{1,31}")
CATEGORY = re.compile(r"[A-Z][A-Z_]{0,31}")
TIER = re.compile(r"[A-Z][A-Z0-9_-]{0,31}")
REFERENCE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,126}[\x21-\x7e])?")
"""Printable ASCII without outer spaces: what looks the same to people is the same key."""

ATTRIBUTE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,62}[\x21-\x7e])?")
"""The same, shorter: what programmes ask for by its exact value."""

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)

KEYID = re.compile(r"[0-9a-f]{64}")
LINK_CODE = re.compile(r"[A-Z2-7]{10}")

MAX_REVISION = 1_000
"""An activity that was corrected a thousand times is a program that loops."""


def matching(pattern: re.Pattern[str], value: str, field: str) -> str:
    """A string of that form, or INVALID_ARGUMENT."""
    if pattern.fullmatch(value) is None:
        problem = f"is not of the form {pattern.pattern}" if value else "is missing"
        raise invalid(field, problem)
    return value


def optional(pattern: re.Pattern[str], value: str, field: str) -> str:
    """A string of that form, or empty."""
    return matching(pattern, value, field) if value else ""


def words(value: str, field: str, longest: int) -> str:
    """Text for people: not empty, printable, of at most so many characters."""
    if not value or len(value) > longest or not value.isprintable():
        raise invalid(field, f"is 1 to {longest} printable characters")
    return value


def positive(value: int, field: str) -> int:
    """A number above zero."""
    if value <= 0:
        raise invalid(field, f"is {value}; it has to be positive")
    return value


def not_negative(value: int, field: str) -> int:
    """A number from zero on."""
    if value < 0:
        raise invalid(field, f"is {value}; it cannot be negative")
    return value


def fraction(value: common_pb2.Fraction, field: str) -> Fraction:
    """An exact fraction, not negative."""
    if value.denominator <= 0 or value.numerator < 0:
        raise invalid(field, "needs a positive denominator and a numerator from zero on")
    return Fraction(value.numerator, value.denominator)


def instant(value: Timestamp, field: str) -> datetime:
    """A UTC instant of the years 1 to 9999, in whole microseconds."""
    try:
        if value.nanos % 1_000:
            raise invalid(field, "is finer than microseconds")
        return value.ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise invalid(field, "is not an instant of the years 1 to 9999") from error


def optional_instant(m: Message, field: str, prefix: str = "") -> datetime | None:
    """An instant, or None where the message has none."""
    return instant(getattr(m, field), prefix + field) if m.HasField(field) else None


def day(value: str, field: str) -> date:
    """A day of the calendar, YYYY-MM-DD, of the years in which programmes live."""
    if _DAY.fullmatch(value) is None:
        raise invalid(field, "is not of the form YYYY-MM-DD" if value else "is missing")
    try:
        found = date.fromisoformat(value)
    except ValueError as error:
        raise invalid(field, "is no day of the calendar") from error
    if found.year not in YEARS:
        raise invalid(field, f"is not of the years {YEARS.start} to {YEARS.stop - 1}")
    return found


def optional_day(value: str, field: str) -> date | None:
    """A day, or None where it is empty."""
    return day(value, field) if value else None


def money(value: common_pb2.Amount, field: str) -> MoneyAmount:
    """An amount of a currency of ISO 4217, from zero on."""
    try:
        exponent_of(value.currency)
    except UnknownMoney as error:
        raise invalid(f"{field}.currency", str(error)) from error
    return MoneyAmount(value.currency, not_negative(value.minor, f"{field}.minor"))


def membership_key(value: common_pb2.MembershipRef, field: str) -> MembershipKey:
    """Programme and member number."""
    return (
        matching(SLUG, value.programme, f"{field}.programme"),
        matching(MEMBER_NUMBER, value.member_number, f"{field}.member_number"),
    )


def activity_key(value: common_pb2.ActivityKey, field: str) -> ActivityKey:
    """A natural key; revision 0 means 1."""
    if value.revision > MAX_REVISION:
        raise invalid(f"{field}.revision", f"is above {MAX_REVISION}")
    return ActivityKey(
        supplier=matching(SLUG, value.supplier, f"{field}.supplier"),
        kind=matching(KIND, value.kind, f"{field}.kind"),
        reference=matching(REFERENCE, value.reference, f"{field}.reference"),
        revision=value.revision or 1,
    )


def known(value: int, names: dict[int, str], field: str) -> str:
    """The name of an enum's value; unspecified and unknown ones are refused."""
    if value not in names:
        raise invalid(field, f"is {value}; it has to be one of {', '.join(names.values())}")
    return names[value]


def enum_names(prefix: str, enum: Any, values: Iterable[str]) -> dict[int, str]:  # noqa: ANN401 - any
    """Names of an enum of the contract, without its prefix, by their number."""
    return {enum.Value(prefix + value): value for value in values}
