"""How a mapping takes values out of a row: exact numbers, instants, texts. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import (
    ROUND_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    Context,
    Decimal,
    Inexact,
    InvalidOperation,
    Overflow,
)
from types import MappingProxyType
from typing import Protocol

MAX_SHOWN = 60
"""Characters of a bad value that a message repeats."""

INT64_MAX = 2**63 - 1

ROUNDINGS: Mapping[str, str] = MappingProxyType(
    {"half-up": ROUND_HALF_UP, "half-even": ROUND_HALF_EVEN, "down": ROUND_DOWN}
)
"""Names of the roundings that a mapping may ask for. Half-up rounds 0.5 away from zero."""

FILE, ROW = "file", "row"
"""Names that a template knows besides the columns."""

ISO = "iso"
"""Format of instants as ISO 8601 writes them."""

_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,9})?", re.ASCII)
_MAX_MAGNITUDE, _MAX_DECIMALS = 15, 9
_FIELD = re.compile(r"\{([^{}]+)\}")

# 40 digits hold the product of three amounts; what needs more is refused, never rounded.
_EXACT = Context(prec=40, traps=[Inexact, InvalidOperation, Overflow])


@dataclass(eq=False)
class BadValue(Exception):
    """A value in a row cannot be used. `column` is empty where it is of several."""

    column: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        """For people."""
        return f"{self.column} {self.problem}: {self.remedy}".strip()


def shown(value: object) -> str:
    """A bad value for a message: short, and nothing in it that would not print."""
    text = str(value) if len(str(value)) <= MAX_SHOWN else str(value)[:MAX_SHOWN] + "..."
    return '"' + "".join(c if c.isprintable() else "?" for c in text) + '"'


@dataclass(frozen=True, slots=True)
class Record:
    """One row of a file as it stands there: values by column, not judged yet.

    `row` counts the file's rows from 1, `line` its lines. Values are texts, and in JSON also
    Decimal, bool, None, or what is no value of an activity.
    """

    file: str
    row: int
    line: int
    values: Mapping[str, object]
    decimal_mark: str = "."

    def text(self, column: str) -> str:
        """The text in a column; a number or a truth value as JSON writes it. Raises BadValue."""
        value = self._value(column)
        if isinstance(value, str):
            return value.strip()
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, Decimal):
            return str(value)
        if value is None:
            return ""
        raise BadValue(column, "holds no text or number", "write a single value there")

    def number(self, column: str) -> Decimal:
        """The exact number in a column. Raises BadValue."""
        value = self._value(column)
        if isinstance(value, Decimal):
            return _within_limits(value, column)
        text = self.text(column)
        if not text:
            raise BadValue(column, "is empty", "write a number")
        plain = text.replace(self.decimal_mark, ".") if self.decimal_mark != "." else text
        if isinstance(value, bool) or _NUMBER.fullmatch(plain) is None:
            remedy = f"write digits, and at most nine after a {self.decimal_mark!r}"
            raise BadValue(column, f"is {shown(text)}, which is no number", remedy)
        return Decimal(plain)

    def _value(self, column: str) -> object:
        try:
            return self.values[column]
        except KeyError:
            raise BadValue(column, "is missing", "add it to this row") from None


def _within_limits(value: Decimal, column: str) -> Decimal:
    exponent = value.as_tuple().exponent
    if (
        isinstance(exponent, int)
        and value.adjusted() < _MAX_MAGNITUDE
        and exponent >= -_MAX_DECIMALS
    ):
        return value
    problem = f"is {shown(value)}, out of range"
    raise BadValue(column, problem, "write at most 15 digits, and nine after the point")


class Number(Protocol):
    """An exact number made of the columns of a row."""

    def of(self, record: Record) -> Decimal:
        """The number for this row. Raises BadValue."""

    def columns(self) -> Iterator[str]:
        """The columns that it takes."""


@dataclass(frozen=True, slots=True)
class Column:
    """The number in a column."""

    name: str

    def of(self, record: Record) -> Decimal:
        """As the file has it."""
        return record.number(self.name)

    def columns(self) -> Iterator[str]:
        """The one."""
        yield self.name


@dataclass(frozen=True, slots=True)
class Constant:
    """The same number for every row."""

    value: Decimal

    def of(self, _: Record) -> Decimal:
        """The constant."""
        return self.value

    def columns(self) -> Iterator[str]:
        """None."""
        return iter(())


@dataclass(frozen=True, slots=True)
class Sum:
    """All parts added up."""

    parts: tuple[Number, ...]

    def of(self, record: Record) -> Decimal:
        """Exactly."""
        total = Decimal(0)
        for part in self.parts:
            total = _EXACT.add(total, part.of(record))
        return total

    def columns(self) -> Iterator[str]:
        """Those of all parts."""
        for part in self.parts:
            yield from part.columns()


@dataclass(frozen=True, slots=True)
class Product:
    """All parts multiplied."""

    parts: tuple[Number, ...]

    def of(self, record: Record) -> Decimal:
        """Exactly."""
        total = Decimal(1)
        for part in self.parts:
            total = _EXACT.multiply(total, part.of(record))
        return total

    def columns(self) -> Iterator[str]:
        """Those of all parts."""
        for part in self.parts:
            yield from part.columns()


def minor_units(number: Number, record: Record, exponent: int, rounding: str | None) -> int:
    """A number from zero on, times 10 to the exponent, as an integer that fits into 64 bits.

    Without a rounding, a number that is finer than that is a BadValue.
    """
    column = next(number.columns(), "")
    try:
        scaled = number.of(record).scaleb(exponent, _EXACT)
        whole = scaled.to_integral_value(ROUNDINGS.get(rounding or "", ROUND_DOWN))
    except (Inexact, InvalidOperation, Overflow):
        problem = "comes to more digits than can be computed exactly"
        raise BadValue(column, problem, "correct the row") from None
    if rounding is None and whole != scaled:
        problem = f"comes to {scaled.scaleb(-exponent)}, finer than {exponent} decimals"
        raise BadValue(column, problem, "correct it, or name a rounding in the mapping")
    if whole < 0:
        problem = f"comes to {scaled.scaleb(-exponent)}, below zero"
        raise BadValue(column, problem, "to take an activity back, reverse it")
    if whole > INT64_MAX:
        raise BadValue(column, "comes to more than 64 bits hold", "correct the row")
    return int(whole)


@dataclass(frozen=True, slots=True)
class Template:
    """A text with columns in braces, such as `{property}-{folio}`; also {file} and {row}."""

    text: str

    def of(self, record: Record) -> str:
        """The text for this row. Raises BadValue."""

        def filled(match: re.Match[str]) -> str:
            name = match[1]
            if name == FILE:
                return record.file
            return str(record.row) if name == ROW else record.text(name)

        return _FIELD.sub(filled, self.text)

    def columns(self) -> Iterator[str]:
        """The columns in braces."""
        return (name for name in _FIELD.findall(self.text) if name not in {FILE, ROW})

    @property
    def is_well_formed(self) -> bool:
        """Whether every brace is one of a pair around a name."""
        return bool(self.text) and not set(_FIELD.sub("", self.text)) & {"{", "}"}


def instant(record: Record, columns: tuple[str, ...], form: str) -> datetime:
    """The instant that the columns, joined by spaces, are in this format. UTC unless they say.

    Raises BadValue.
    """
    text = " ".join(record.text(column) for column in columns)
    name = ", ".join(columns)
    if not text.strip():
        raise BadValue(name, "is empty", "write when it was")
    try:
        found = datetime.fromisoformat(text) if form == ISO else datetime.strptime(text, form)  # noqa: DTZ007 - the zone comes next
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        wanted = "ISO 8601" if form == ISO else f"of the form {form}"
        problem = f"is {shown(text)}, which is not {wanted}"
        raise BadValue(name, problem, "correct the row, or the format in the mapping") from None
