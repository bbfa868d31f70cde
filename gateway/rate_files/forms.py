"""How figures are written in files of the rate book: exact numbers, ratios, parts, times."""

import re
from collections.abc import Callable
from fractions import Fraction
from typing import Annotated

from partners.programmes.forms import Form, mismatch

LONGEST_SECONDS = 366 * 86_400
"""As the gateway allows for a notice or a cooling-off: a year."""

_EXACT = re.compile(r"\d{1,15}(?:\.\d{1,9})?|\d{1,15}/[1-9]\d{0,14}", re.ASCII)
_RATIO = re.compile(r"(\d{1,15}(?:\.\d{1,9})?):(\d{1,15}(?:\.\d{1,9})?)", re.ASCII)
_SPAN = re.compile(r"(\d{1,8}) (second|minute|hour|day)s?", re.ASCII)
_SECONDS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400}

_EXAMPLE = 'such as 3000, "0.50" or "1/3" (a number with a point in quotes)'


def exact(value: object) -> Fraction | None:
    """A number from zero on, exactly; None where it is not written as one. Never a float."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    return Fraction(text) if isinstance(text, str) and _EXACT.fullmatch(text) else None


def ratio_of(value: object) -> Fraction | None:
    """Units of the target for one of the source: 3:1 is three for one; also 1/3 or 0.5."""
    match = _RATIO.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return exact(value)
    source, target = (Fraction(part) for part in match.groups())
    return target / source if source else None


def _read_amount(value: object) -> Fraction:
    found = exact(value)
    if found is None:
        raise mismatch(value, f"write a number from zero on, {_EXAMPLE}")
    return found


def _read_rate(value: object) -> Fraction:
    found = exact(value)
    if not found:
        raise mismatch(value, f"write a number above zero, {_EXAMPLE}")
    return found


def _read_ratio(value: object) -> Fraction:
    found = ratio_of(value)
    if not found:
        raise mismatch(
            value, 'write source to target, such as "3:1", or target per source, such as "1/3"'
        )
    return found


def _read_part(value: object) -> Fraction:
    percent = isinstance(value, str) and value.endswith("%")
    found = exact(value.removesuffix("%")) if isinstance(value, str) else exact(value)
    if found is None:
        raise mismatch(value, 'write a part in quotes, such as "2%" or "0.02"')
    return found / 100 if percent else found


def _read_seconds(value: object) -> int:
    match = _SPAN.fullmatch(value) if isinstance(value, str) else None
    seconds = int(match[1]) * _SECONDS[match[2]] if match else -1
    if not 0 <= seconds <= LONGEST_SECONDS:
        raise mismatch(value, 'write a length of time up to a year, such as "7 days" or "36 hours"')
    return seconds


def _form(read: Callable[[object], object], pattern: str, *, whole: bool = True) -> Form:
    text = {"type": "string", "pattern": pattern}
    return Form(read, {"anyOf": [text, {"type": "integer", "minimum": 0}]} if whole else text)


_NUMBER = r"^\d{1,15}(\.\d{1,9}|/[1-9]\d{0,14})?$"

Amount = Annotated[Fraction, _form(_read_amount, _NUMBER)]
"""From zero on, in whole units."""

Rate = Annotated[Fraction, _form(_read_rate, _NUMBER)]
"""Above zero: a rate, a price, or an amount of something."""

Ratio = Annotated[
    Fraction,
    _form(_read_ratio, r"^\d{1,15}(\.\d{1,9})?([:/]\d{1,15}(\.\d{1,9})?)?$"),
]
"""What the member gets for one unit of the source."""

Part = Annotated[Fraction, _form(_read_part, r"^\d{1,15}(\.\d{1,9})?%?$")]
"""A part of one, or a percentage."""

Seconds = Annotated[int, _form(_read_seconds, r"^\d{1,8} (second|minute|hour|day)s?$", whole=False)]
"""A length of time."""
