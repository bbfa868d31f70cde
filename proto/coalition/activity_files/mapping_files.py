"""Reads mappings, and says of every problem on which line it is and what was meant."""

import difflib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from coalition.activity_files import mapping as models
from coalition.activity_files.mapping import FileMapping
from coalition.activity_files.values import shown

M = TypeVar("M", bound=BaseModel)

MAX_MAPPING_BYTES = 64 * 1024
"""A mapping of a large file has some fifty lines."""

MAX_LINE_CHARACTERS = 1_000
"""The parser takes quadratic time over a dotted key, and a key stands on one line."""

MAX_PROBLEMS = 20
"""Problems that are named at once: what a person mends in one go. Finding the lines of all that
a file of this size can have would take minutes."""


@dataclass(frozen=True, slots=True)
class MappingProblem:
    """One thing that is wrong with a mapping. `line` is None where it is of no one line."""

    line: int | None
    field: str
    problem: str

    def __str__(self) -> str:
        """For people, on one line."""
        place = f"line {self.line}, " if self.line else ""
        return f"{place}{self.field}: {self.problem}"


class BadMapping(ValueError):
    """A mapping cannot be used; `problems` say where and why."""

    def __init__(self, name: str, problems: Sequence[MappingProblem]) -> None:
        self.problems = tuple(problems)
        told = "; ".join(map(str, self.problems))
        super().__init__(f"the mapping {name} cannot be used: {told}")


def read_mapping(path: Path) -> FileMapping:
    """The mapping in a file. Raises BadMapping."""
    return read_mapping_as(FileMapping, path)


def read_mapping_as(model: type[M], path: Path) -> M:
    """The mapping in a file, of one kind of files. Raises BadMapping."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_MAPPING_BYTES + 1)
    except OSError as problem:
        reason = f"cannot be read ({problem.strerror})"
        raise BadMapping(str(path), [MappingProblem(None, "file", reason)]) from None
    return parse_mapping_as(model, data, str(path))


def parse_mapping(data: bytes, name: str = "given") -> FileMapping:
    """The mapping in these bytes; `name` is for messages. Raises BadMapping."""
    return parse_mapping_as(FileMapping, data, name)


def parse_mapping_as(model: type[M], data: bytes, name: str) -> M:
    """The mapping in these bytes, of one kind of files. Raises BadMapping."""
    if len(data) > MAX_MAPPING_BYTES:
        reason = f"is longer than {MAX_MAPPING_BYTES} bytes"
        raise BadMapping(name, [MappingProblem(None, "file", reason)])
    try:
        text = data.decode("utf-8-sig")
        _require_short_lines(text, name)
        document = tomllib.loads(text)
    except BadMapping:
        raise
    except (ValueError, RecursionError) as problem:  # a number can have too many digits
        reason = f"is not TOML ({problem})"
        raise BadMapping(name, [MappingProblem(None, "file", reason)]) from None
    try:
        return model.model_validate(document)
    except ValidationError as error:
        errors = error.errors(include_url=False)
        problems = [_located(model, text, found) for found in errors[:MAX_PROBLEMS]]
        if more := len(errors) - len(problems):
            problems.append(MappingProblem(None, "file", f"has {more} more problems"))
        raise BadMapping(name, problems) from None


def _require_short_lines(text: str, name: str) -> None:
    for number, line in enumerate(text.split("\n"), start=1):
        if len(line) > MAX_LINE_CHARACTERS:
            reason = f"has a line of {len(line)} characters: break it at {MAX_LINE_CHARACTERS}"
            raise BadMapping(name, [MappingProblem(number, "file", reason)])


def _located(model: type[BaseModel], text: str, error: Any) -> MappingProblem:  # noqa: ANN401 - pydantic's dictionary
    loc: tuple[str | int, ...] = error["loc"]
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc)
    field = "".join(parts).removeprefix(".") or "file"
    return MappingProblem(_line_of(text, loc), field, _message(model, error))


def _message(model: type[BaseModel], error: Any) -> str:  # noqa: ANN401 - pydantic's dictionary
    kind, found = error["type"], error["input"]
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        return f"is not a key of this table{_meant(model, error['loc'])}"
    told = str(error["msg"])
    return told if isinstance(found, dict | list) else f"{told}; it is {shown(found)}"


_PARTS: Mapping[str, type[BaseModel]] = {
    "csv": models.CsvForm,
    "activity": models.ActivityPart,
    "started_at": models.InstantPart,
    "ended_at": models.InstantPart,
    "spend": models.SpendPart,
    "quantity": models.QuantityPart,
    "attribute": models.AttributePart,
    "stated": models.StatedPart,
    "member": models.MemberPart,
    "date": models.InstantPart,
}


def _meant(model: type[BaseModel], loc: tuple[str | int, ...]) -> str:
    part = _PARTS.get(str(loc[0]), model) if len(loc) > 1 else model
    close = difflib.get_close_matches(str(loc[-1]), list(part.model_fields), n=1)
    return f"; did you mean {close[0]}?" if close else ""


_HEADER = re.compile(r"\s*\[\[?\s*([A-Za-z0-9_-]+)\s*\]\]?")
_KEY = re.compile(r"\s*([A-Za-z0-9_-]+|\"[^\"]*\")\s*[.=]")


def _line_of(text: str, loc: tuple[str | int, ...]) -> int | None:
    """The line of a key, else of its table, from 1. A mapping is two levels deep at most."""
    table = str(loc[0]) if loc else ""
    index = loc[1] if len(loc) > 1 and isinstance(loc[1], int) else 0
    key = next((part for part in loc[1:] if isinstance(part, str)), "")
    current, seen, of_table = "", -1, None
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            current = header[1]
            seen += current == table
            if current == table and seen == index:
                of_table = number
        elif found := _KEY.match(line):
            name = found[1].strip('"')
            if not current and name == table:
                return number
            if current == table and seen == index and name == key:
                return number
    return of_table
