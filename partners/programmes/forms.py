"""How the values of a programme definition are written: text forms, exact numbers, instants.

Each form reads what TOML gave, says what is wrong and how to mend it, and states itself in
the published schema.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import Annotated, Any, NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from partners.programmes.money import EXPONENTS, exponent_of

MAX_SHOWN = 60
"""Characters of a bad value that a message repeats."""

MAX_NAME = 100
"""Characters of a programme's name, as of a partner's."""

MAX_BONUS = Fraction(20)
"""Of base points. The dearest known programmes give five times the ordinary rate (+400 %);
beyond this a percentage was meant as points, or a decimal point moved."""

MAX_SPAN_MONTHS = 1_200
MAX_SPAN_DAYS = 36_600
"""A hundred years: beyond it a length of time was meant in another unit."""

YEARS = range(1900, 9001)
"""Years in which programmes live. Calendars are computed some centuries around them."""

_EXACT = re.compile(
    r"(?P<whole>\d{1,12})(?:\.(?P<part>\d{1,6})|/(?P<over>[1-9]\d{0,11}))?", re.ASCII
)
_MONEY_AMOUNT = re.compile(r"(?P<number>\d{1,12}(?:\.\d{1,4})?) (?P<currency>[A-Z]{3})", re.ASCII)
_SPAN = re.compile(r"(?P<number>\d{1,5}) (?P<unit>days|months|years)", re.ASCII)
_PERCENTAGE = re.compile(r"(?P<number>\d{1,5}(?:\.\d{1,4})?)%", re.ASCII)


@dataclass(frozen=True, eq=False)
class Form:
    """How a value is read, and its JSON schema; annotates a field of a pydantic model."""

    read: Callable[[Any], object]
    json_schema: Mapping[str, Any]

    def __get_pydantic_core_schema__(
        self, _source: object, _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Reading is the whole validation."""
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(
        self, _schema: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """The schema that is published."""
        return dict(self.json_schema)


def shown(value: object) -> str:
    """Write a bad value for a message as TOML would; what holds values only by its kind."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return str(value).lower()
    return printable(f'"{value}"' if isinstance(value, str) else str(value))


def printable(text: str) -> str:
    """Cut a text for a message and replace what would not print."""
    cut = text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "..."
    return "".join(c if c.isprintable() else "?" for c in cut)


def mismatch(value: object, remedy: str) -> PydanticCustomError:
    """A value that is not of its form, with what to write instead."""
    return PydanticCustomError("form", "is {found}", {"found": shown(value), "remedy": remedy})


def _token(pattern: str, remedy: str) -> Form:
    compiled = re.compile(pattern, re.ASCII)

    def read(value: object) -> str:
        if isinstance(value, str) and compiled.fullmatch(value):
            return value
        raise mismatch(value, remedy)

    return Form(read, {"type": "string", "pattern": f"^{pattern}$"})


def _read_name(value: object) -> str:
    if isinstance(value, str) and 0 < len(value) <= MAX_NAME and value.isprintable():
        return value
    raise mismatch(value, f"write 1 to {MAX_NAME} printable characters")


def _read_money(value: object) -> str:
    if isinstance(value, str) and value in EXPONENTS:
        return value
    raise mismatch(value, 'write a current currency code of ISO 4217, such as "EUR"')


def _read_points(value: object) -> Fraction:
    """An exact positive number; never a float, which cannot hold a tenth."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    match = _EXACT.fullmatch(text) if isinstance(text, str) else None
    if match and (number := Fraction(match[0])) > 0:
        return number
    raise mismatch(
        value,
        'write a positive number in quotes, such as "10", "0.5" or "1/3" (up to 12 digits, '
        "6 after the point)",
    )


def _read_percentage(value: object) -> Fraction:
    match = _PERCENTAGE.fullmatch(value) if isinstance(value, str) else None
    if match and (part := Fraction(match["number"]) / 100) <= MAX_BONUS:
        return part
    raise mismatch(value, f'write a percentage in quotes, such as "25%", up to {MAX_BONUS * 100}%')


class Threshold(NamedTuple):
    """What a counter has to reach; `above` where reaching it is not enough."""

    amount: Fraction
    above: bool

    def is_met_by(self, value: Fraction) -> bool:
        """Whether a counter's value is enough."""
        return value > self.amount if self.above else value >= self.amount


class MoneyAmount(NamedTuple):
    """A positive amount of money in minor units of its currency."""

    currency: str
    minor: int


class Span(NamedTuple):
    """A length of time, in whole months or in whole days."""

    months: int
    days: int


def _read_threshold(value: object) -> Threshold:
    above = isinstance(value, str) and value.startswith("> ")
    text = value[2:] if isinstance(value, str) and above else value
    try:
        return Threshold(_read_points(text), above)
    except PydanticCustomError:
        raise mismatch(
            value, 'write a positive number, such as 4 or "10.5", or "> 10000" where more is needed'
        ) from None


def _read_money_amount(value: object) -> MoneyAmount:
    match = _MONEY_AMOUNT.fullmatch(value) if isinstance(value, str) else None
    if match and match["currency"] in EXPONENTS:
        exact = Fraction(match["number"]) * 10 ** exponent_of(match["currency"])
        if exact > 0 and exact.denominator == 1:
            return MoneyAmount(match["currency"], int(exact))
    raise mismatch(value, 'write an amount and its currency of ISO 4217, such as "50 USD"')


def _read_span(value: object) -> Span:
    match = _SPAN.fullmatch(value) if isinstance(value, str) else None
    if match and (number := int(match["number"])) > 0:
        months = {"months": number, "years": 12 * number}.get(match["unit"], 0)
        days = number if match["unit"] == "days" else 0
        if months <= MAX_SPAN_MONTHS and days <= MAX_SPAN_DAYS:
            return Span(months, days)
    raise mismatch(value, 'write a length of time, such as "12 months", "2 years" or "30 days"')


def _read_zone(value: object) -> ZoneInfo:
    if isinstance(value, str) and value in available_timezones():
        return ZoneInfo(value)
    raise mismatch(value, 'write a time zone of the IANA database, such as "Europe/Madrid"')


def _read_instant(value: object) -> datetime:
    if isinstance(value, datetime) and value.tzinfo is not None and value.year in YEARS:
        return value.astimezone(UTC)
    raise mismatch(
        value,
        f"write date, time and offset of the years {YEARS.start} to {YEARS.stop - 1}, without "
        "quotes, such as 2026-01-01T00:00:00Z",
    )


Slug = Annotated[
    str,
    _token(
        r"[a-z][a-z0-9-]{1,31}",
        'write 2 to 32 lower-case letters, digits and hyphens, a letter first, such as "hotel-h"',
    ),
]
"""Id of a programme, choice or rule."""

PointsCode = Annotated[
    str,
    _token(
        r"[A-Z][A-Z0-9-]{1,15}",
        'write 2 to 16 upper-case letters, digits and hyphens, a letter first, such as "H-POINTS"',
    ),
]
"""Code of a points currency."""

TierName = Annotated[
    str,
    _token(
        r"[A-Z][A-Z0-9_-]{0,31}",
        "write up to 32 upper-case letters, digits, hyphens and underscores, a letter first, "
        'such as "GOLD"',
    ),
]
"""Name of a tier."""

Kind = Annotated[
    str,
    _token(
        r"[A-Z][A-Z_]{1,31}",
        'write 2 to 32 upper-case letters and underscores, such as "STAY"',
    ),
]
"""Kind of an activity, or reason of a leg."""

Category = Annotated[
    str,
    _token(
        r"[A-Z][A-Z_]{0,31}",
        'write up to 32 upper-case letters and underscores, such as "ROOM"',
    ),
]
"""What money was spent on."""

Measure = Annotated[
    str,
    _token(
        r"[a-z][a-z_]{0,31}",
        'write "money", "activity", or a unit in lower case, such as "night" or "mile"',
    ),
]
"""What points are counted by."""

Money = Annotated[str, Form(_read_money, {"type": "string", "pattern": "^[A-Z]{3}$"})]
"""Currency code of ISO 4217."""

Name = Annotated[str, Form(_read_name, {"type": "string", "minLength": 1, "maxLength": MAX_NAME})]
"""A name for people."""

Points = Annotated[
    Fraction,
    Form(
        _read_points,
        {
            "anyOf": [
                {"type": "string", "pattern": r"^\d{1,12}(\.\d{1,6}|/[1-9]\d{0,11})?$"},
                {"type": "integer", "minimum": 1},
            ]
        },
    ),
]
"""A positive number of points, exactly."""

Percentage = Annotated[
    Fraction, Form(_read_percentage, {"type": "string", "pattern": r"^\d{1,5}(\.\d{1,4})?%$"})
]
"""A part, written as a percentage."""

Instant = Annotated[datetime, Form(_read_instant, {"type": "string", "format": "date-time"})]
"""An instant with its offset, kept in UTC."""

Limit = Annotated[
    Threshold,
    Form(
        _read_threshold,
        {
            "anyOf": [
                {"type": "string", "pattern": r"^(> )?\d{1,12}(\.\d{1,6}|/[1-9]\d{0,11})?$"},
                {"type": "integer", "minimum": 1},
            ]
        },
    ),
]
"""What a counter has to reach: a number, or "> number" where it has to be more than that."""

Price = Annotated[
    MoneyAmount,
    Form(
        _read_money_amount,
        {"type": "string", "pattern": r"^\d{1,12}(\.\d{1,4})? [A-Z]{3}$"},
    ),
]
"""An amount of money with its currency, such as "50 USD"."""

Duration = Annotated[
    Span, Form(_read_span, {"type": "string", "pattern": r"^\d{1,5} (days|months|years)$"})
]
"""A length of time on the calendar, such as "12 months" or "30 days"."""

TimeZone = Annotated[ZoneInfo, Form(_read_zone, {"type": "string", "minLength": 1})]
"""Name of a time zone of the IANA database, such as "Asia/Shanghai"."""

AttributeValue = Annotated[
    str,
    _token(
        r"[!-~](?:[ -~]{0,62}[!-~])?",
        "write 1 to 64 printable ASCII characters without outer spaces",
    ),
]
"""What an attribute of an activity can be: a property, a brand, a fare class."""
