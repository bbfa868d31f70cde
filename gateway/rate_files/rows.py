"""Published conversions as CSV: one row for the terms of a pair from one day to another."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from gateway.rate_files.forms import exact
from gateway.rate_files.problems import BadFile, Problem
from partners.programmes.forms import YEARS, mismatch, shown

MAX_FILE_BYTES = 1024 * 1024
"""A row has some 80 bytes, and a proposal 500 changes."""

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)

FEE_CURRENCY = "USD"
"""Of the columns fee_per_source_unit_usd and fee_cap_usd."""


def _read_name(value: object) -> str:
    fits = isinstance(value, str) and 1 < len(value) <= 32 and value.isascii()  # noqa: PLR2004
    if fits and isinstance(value, str) and value.replace("_", "").isalnum() and value[0].isalpha():
        return value
    raise mismatch(value, "write 2 to 32 letters, digits and underscores, a letter first")


def _read_units(value: object) -> int:
    number = exact(value)
    if number is None or number.denominator != 1 or not number:
        raise mismatch(value, "write a whole number above zero, such as 1000")
    return int(number)


def _read_figure(value: object) -> Fraction:
    number = exact(value)
    if not number:
        raise mismatch(value, "write a number above zero, such as 0.0006")
    return number


def _read_day(value: object) -> date:
    try:
        day = date.fromisoformat(str(value)) if _DAY.fullmatch(str(value)) else None
    except ValueError:
        day = None
    if day is None or day.year not in YEARS:
        raise mismatch(value, "write a day, such as 2026-01-31")
    return day


def _or_nothing(value: object) -> object:
    return None if value == "" else value


Name = Annotated[str, BeforeValidator(_read_name)]
Units = Annotated[int, BeforeValidator(_read_units)]
Figure = Annotated[Fraction, BeforeValidator(_read_figure)]
Day = Annotated[date, BeforeValidator(_read_day)]


class Columns(BaseModel):
    """One row, as its columns say. Empty columns are absent."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    source: Name
    target: Name
    source_units: Units
    target_units: Units
    minimum: Units
    increment: Units
    bonus_every_source_units: Units | None = None
    bonus_target_units: Units | None = None
    fee_per_source_unit_usd: Figure | None = None
    fee_cap_usd: Figure | None = None
    effective_from: Day
    effective_to: Day | None = None
    note: str = ""

    @model_validator(mode="after")
    def _agree(self) -> Self:
        """What one column says makes sense beside the others."""
        if self.source == self.target:
            raise _contradiction("target", "is the source", "convert between two programmes")
        if (self.bonus_every_source_units is None) is not (self.bonus_target_units is None):
            raise _contradiction(
                "bonus_target_units", "stands alone, or is missing", "fill both bonus columns"
            )
        if self.fee_cap_usd is not None and self.fee_per_source_unit_usd is None:
            raise _contradiction("fee_cap_usd", "caps no fee", "fill fee_per_source_unit_usd")
        if self.effective_to is not None and self.effective_to <= self.effective_from:
            raise _contradiction(
                "effective_to", "is not after effective_from", "name the first day without it"
            )
        return self


def _contradiction(column: str, problem: str, remedy: str) -> PydanticCustomError:
    return PydanticCustomError(
        "contradiction", "{problem}", {"column": column, "problem": problem, "remedy": remedy}
    )


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a file: its place among the rows, from 1, and its line."""

    number: int
    line: int
    columns: Columns

    @property
    def pair(self) -> tuple[str, str]:
        """From which programme to which, as the file names them."""
        return self.columns.source, self.columns.target

    @property
    def ratio(self) -> Fraction:
        """Units of the target for one of the source."""
        return Fraction(self.columns.target_units, self.columns.source_units)

    @property
    def begins(self) -> datetime:
        """At midnight of UTC."""
        return _midnight(self.columns.effective_from)

    @property
    def ends(self) -> datetime | None:
        """The first midnight at which it does not hold any more; None: it stays."""
        until = self.columns.effective_to
        return None if until is None else _midnight(until)

    def holds(self, instant: datetime) -> bool:
        """Whether it is in force at an instant."""
        return self.begins <= instant and (self.ends is None or instant < self.ends)

    def overlaps(self, other: "Row") -> bool:
        """Whether there is an instant at which both hold."""
        first, second = sorted((self, other), key=lambda row: row.begins)
        return first.ends is None or second.begins < first.ends

    def __str__(self) -> str:
        """For people: row 39 (line 40), NECTAR to AVIOS 1600:1500."""
        c = self.columns
        until = "" if c.effective_to is None else f" to {c.effective_to}"
        return (
            f"row {self.number} (line {self.line}), {c.source} to {c.target} "
            f"{c.source_units}:{c.target_units}, from {c.effective_from}{until}"
        )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def read_rows(path: Path) -> tuple[Row, ...]:
    """The rows of a file. Raises BadFile with every bad row; OSError."""
    with path.open("rb") as file:
        return parse_rows(file.read(MAX_FILE_BYTES + 1), str(path))


def parse_rows(data: bytes, name: str) -> tuple[Row, ...]:
    """The rows in these bytes; `name` is for messages. Raises BadFile."""
    if len(data) > MAX_FILE_BYTES:
        told = f"is longer than {MAX_FILE_BYTES} bytes"
        raise BadFile(name, [Problem(None, "file", told, "load it in parts")])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BadFile(
            name, [Problem(line, "file", "is not UTF-8 text", "save it as UTF-8")]
        ) from None
    rows: list[Row] = []
    problems: list[Problem] = []
    for number, line, cells in _records(text, name, problems):
        try:
            rows.append(Row(number, line, Columns.model_validate(cells)))
        except ValidationError as error:
            problems += [_problem(line, found) for found in error.errors(include_url=False)]
    problems += _repeated(rows)
    if problems:
        raise BadFile(name, problems)
    if not rows:
        raise BadFile(name, [Problem(None, "file", "has no rows", "write one below the header")])
    return tuple(rows)


def _records(
    text: str, name: str, problems: list[Problem]
) -> Iterator[tuple[int, int, dict[str, str]]]:
    """Number, line and cells of each row; empty cells and empty lines are left out.

    Rows that are none are noted as problems. Raises BadFile for the header.
    """
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] = []
    number, line = 0, 1
    try:
        for cells in reader:
            if not header:
                header = _checked_header(cells, name)
            elif cells:
                number += 1
                if len(cells) == len(header):
                    found = zip(header, cells, strict=True)
                    yield number, line, {key: cell for key, cell in found if cell != ""}
                else:
                    told = f"has {len(cells)} cells, and the header {len(header)}"
                    problems.append(Problem(line, "row", told, "write one for each column"))
            line = reader.line_num + 1
    except csv.Error as error:
        problems.append(Problem(line, "row", f"is not CSV ({error})", "close what is quoted"))


def _checked_header(cells: list[str], name: str) -> list[str]:
    known = list(Columns.model_fields)
    needed = [key for key, field in Columns.model_fields.items() if field.is_required()]
    problems = [
        Problem(1, "header", f"has {shown(cell)}", f"known are {', '.join(known)}")
        for cell in cells
        if cell not in known
    ]
    problems += [
        Problem(1, "header", f"has {shown(cell)} twice", "name each column once")
        for cell, count in sorted(Counter(cells).items())
        if count > 1
    ]
    problems += [
        Problem(1, "header", f"lacks {cell}", "add the column")
        for cell in needed
        if cell not in cells
    ]
    if problems:
        raise BadFile(name, problems)
    return cells


def _problem(line: int, error: Any) -> Problem:  # noqa: ANN401 - pydantic's dictionary
    context: Mapping[str, str] = error.get("ctx", {})
    if error["type"] == "contradiction":
        return Problem(line, context["column"], context["problem"], context["remedy"])
    column = str(error["loc"][0])
    if error["type"] == "missing":
        return Problem(line, column, "is empty", "fill it")
    return Problem(line, column, f"is {shown(error['input'])}", context.get("remedy", "mend it"))


def _repeated(rows: list[Row]) -> Iterator[Problem]:
    """Rows of one pair that begin on one day and end on one say two things, or one twice."""
    in_order = sorted(rows, key=lambda row: (row.pair, row.begins, row.number))
    for one, other in pairwise(in_order):
        same = (one.pair, one.begins, one.ends) == (other.pair, other.begins, other.ends)
        if same:
            told = f"is of the same pair and days as line {one.line}"
            yield Problem(other.line, "row", told, "keep one of them, or date them apart")
