"""The door to programme definitions: reads one, or says line by line what is broken."""

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from partners.programmes.catalogue import Award, AwardPrice, Buying, EarnedVoucher
from partners.programmes.contradictions import contradictions
from partners.programmes.findings import Finding
from partners.programmes.foreign_money import ForeignMoney
from partners.programmes.forms import MAX_SHOWN, printable, shown
from partners.programmes.lapsing import Expiry
from partners.programmes.levels import Counter, Match, Qualification, Tier
from partners.programmes.model import (
    Benefit,
    Choice,
    Conversion,
    Custody,
    Joining,
    PointsCurrency,
    ProgrammeDefinition,
    ReversalPolicy,
    Succession,
    UnknownChoice,
    UnknownTier,
    definition_schema,
)
from partners.programmes.rules import BASE, TIER_BONUS, EarnRule
from partners.programmes.toml_lines import Path, locate

__all__ = [
    "BASE",
    "TIER_BONUS",
    "BadDefinition",
    "Choice",
    "Custody",
    "EarnRule",
    "PointsCurrency",
    "Problem",
    "ProgrammeDefinition",
    "ReversalPolicy",
    "Tier",
    "UnknownChoice",
    "UnknownTier",
    "definition_schema",
    "parse_definition",
]

MAX_DEFINITION_BYTES = 256 * 1024
"""As in the contract (PublishProgramme). The largest definition of a known programme is a
hundredth of it."""

MAX_LINE_CHARACTERS = 1_000
"""The parser takes quadratic time over a dotted key, and a key stands on one line."""

MAX_PROBLEMS = 20
"""Problems that are named at once: what a person mends in one go, and what the error details
of a gRPC status (8 KiB of metadata by default) can carry."""

MAX_FINDINGS = 200
"""Problems that are looked into, of which the first are named. The largest document can have
80,000, and words for all of them would take the gateway seconds."""

_LINE = re.compile(r"line (\d+), column \d+\)")

_WORDS: Mapping[str, tuple[str, str]] = {
    "form": ("is {input}", "{remedy}"),
    "missing": ("is missing", "{addition}"),
    "enum": ("is {input}", "write {expected}"),
    "literal_error": ("is {input}", "write {expected}"),
    "bool_type": ("is {input}", "write true or false, without quotes"),
    "int_type": ("is {input}", "write a whole number, without quotes"),
    "greater_than_equal": ("is {input}", "write {ge} or more"),
    "less_than_equal": ("is {input}", "write {le} or less"),
    "too_long": ("has {actual_length} of them", "keep to {max_length}"),
    "too_short": ("is empty", "fill it, or leave the key out for its default"),
    "model_type": ("is {input}", "write a table there, such as [currency] or [[earn]]"),
    "dict_type": ("is {input}", "write a table in braces, as in {{ key = 1 }}"),
    "tuple_type": ("is {input}", "{listing}"),
}
"""Problem and remedy by pydantic's type of an error."""

_TABLES: Mapping[tuple[str, ...], type[BaseModel]] = {
    (): ProgrammeDefinition,
    ("currency",): PointsCurrency,
    ("joining",): Joining,
    ("tiers",): Tier,
    ("tiers", "match"): Match,
    ("qualification",): Qualification,
    ("counters",): Counter,
    ("choices",): Choice,
    ("earn",): EarnRule,
    ("fx",): ForeignMoney,
    ("conversion",): Conversion,
    ("expiry",): Expiry,
    ("awards",): Award,
    ("awards", "prices"): AwardPrice,
    ("vouchers",): EarnedVoucher,
    ("buying",): Buying,
    ("benefits",): Benefit,
    ("replaces",): Succession,
}
"""The models by the keys that lead to them, to name the keys that are known there."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a document that a person wrote, and how to mend it."""

    line: int | None
    """From 1; None where it is the document as a whole."""
    field: str
    """Such as `earn[0].points`, or a column."""
    problem: str
    remedy: str

    def __str__(self) -> str:
        """For people, on one line."""
        place = f"line {self.line}, " if self.line else ""
        return f"{place}{self.field} {self.problem}: {self.remedy}"


class BadDefinition(ValueError):
    """A definition that is not loaded. `problems` are in the order of the document."""

    def __init__(self, problems: Sequence[Problem], total: int | None = None) -> None:
        """Name the first of `total` problems; without it, of those given."""
        self.problems = tuple(problems[:MAX_PROBLEMS])
        rest = (len(problems) if total is None else total) - len(self.problems)
        more = [f"and {rest} more"] if rest else []
        super().__init__("\n".join([*map(str, self.problems), *more]))


def parse_definition(data: bytes) -> ProgrammeDefinition:
    """Read a programme definition: TOML, UTF-8.

    Raises BadDefinition with everything that is wrong, as far as it can be told at once.
    """
    text = _decode(data)
    _require_short_lines(text)
    document = _parse_toml(text)
    try:
        definition = ProgrammeDefinition.model_validate(document)
    except ValidationError as error:
        errors = _told_once(error.errors(include_url=False))
        found = [_finding(e) for e in errors[:MAX_FINDINGS]]
        raise _located(text, found, len(errors)) from None
    findings = list(contradictions(definition))
    if findings:
        raise _located(text, findings[:MAX_FINDINGS], len(findings))
    return definition


def _decode(data: bytes) -> str:
    if len(data) > MAX_DEFINITION_BYTES:
        size, remedy = f"is {len(data)} bytes long", f"keep it below {MAX_DEFINITION_BYTES}"
        raise BadDefinition([Problem(None, "definition", size, remedy)])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        problem = Problem(line, "definition", "is not UTF-8 text", "save the file as UTF-8")
        raise BadDefinition([problem]) from None


def _require_short_lines(text: str) -> None:
    for number, line in enumerate(text.split("\n"), start=1):
        if len(line) > MAX_LINE_CHARACTERS:
            size = f"has {len(line)} characters in one line"
            remedy = f"break it at {MAX_LINE_CHARACTERS}"
            raise BadDefinition([Problem(number, "definition", size, remedy)])


def _parse_toml(text: str) -> Mapping[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        what, place, where = str(error).partition(" (at ")
        found = _LINE.match(where)
        number = int(found[1]) if found else text.rstrip().count("\n") + 1 if place else None
        problem = Problem(number, "definition", f"is not TOML ({what})", "see https://toml.io")
    except RecursionError:
        problem = Problem(None, "definition", "is nested too deep", "use the tables of the schema")
    raise BadDefinition([problem])


def _located(text: str, findings: Sequence[Finding], total: int) -> BadDefinition:
    lines = locate(text, [finding.path for finding in findings])
    problems = [
        Problem(line, _field(finding.path), finding.problem, finding.remedy)
        for line, finding in zip(lines, findings, strict=True)
    ]
    return BadDefinition(sorted(problems, key=lambda problem: problem.line or 0), total)


def _field(path: Path) -> str:
    """Write a path as people do: earn[0].points."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return printable("".join(parts).removeprefix("."))


def _finding(error: Mapping[str, Any]) -> Finding:
    """Say what pydantic found in the words of a definition."""
    path: Path = tuple(part for part in error["loc"] if part != "[key]")
    kind: str = error["type"]
    if kind == "extra_forbidden":
        return Finding(path, "is not a key of this table", _known_keys(path))
    problem, remedy = _WORDS.get(kind, ("is {input}", "{msg}"))
    details = {
        **error.get("ctx", {}),
        "input": shown(error["input"]),
        "msg": error["msg"],
        "addition": _addition(path) if kind == "missing" else "",
        "listing": _listing(path, error["input"]) if kind == "tuple_type" else "",
    }
    return Finding(path, problem.format(**details), remedy.format(**details))


def _told_once(errors: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Leave out that a list is too short where the reason is an entry that is refused anyway."""
    around = {error["loc"][:length] for error in errors for length in range(len(error["loc"]))}
    return [e for e in errors if e["type"] != "too_short" or e["loc"] not in around]


def _addition(path: Path) -> str:
    """How a key that is missing is added, where it takes one of some words."""
    words = [shown(word) for kind in _kinds_at(path) for word in _words(kind)]
    if not words:
        return "add it"
    *others, last = words
    either = f"{', '.join(others)} or {last}" if others else last
    return f"add it: {path[-1]} = {either}"


def _listing(path: Path, found: object) -> str:
    """How a list is written where something else was found."""
    key = printable(str(path[-1]))
    entries = [e for k in _kinds_at(path) if get_origin(k) is tuple for e in _kinds(get_args(k)[0])]
    if not any(_is_table(entry) for entry in entries):
        example = '"a", "b"' if isinstance(found, dict) else shown(found)
        return f"write a list: [{example}]"
    if len(path) == 1:
        return f"write tables, each under [[{key}]]"
    return f"put {'it' if isinstance(found, dict) else 'tables'} in a list: {key} = [{{ ... }}]"


def _kinds_at(path: Path) -> Iterator[Any]:
    """What may stand at a key of a table."""
    model = _TABLES.get(tuple(part for part in path[:-1] if isinstance(part, str)))
    for name, field in ({} if model is None else model.model_fields).items():
        if (field.alias or name) == path[-1]:
            yield from _kinds(field.annotation)


def _kinds(annotation: Any) -> Iterator[Any]:  # noqa: ANN401 - a form of a type
    """The types that an annotation stands for, without what annotates them."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _kinds(get_args(annotation)[0])
    elif origin in (Union, UnionType):
        for one in get_args(annotation):
            yield from _kinds(one)
    else:
        yield annotation


def _words(kind: Any) -> Sequence[object]:  # noqa: ANN401 - a form of a type
    if get_origin(kind) is Literal:
        return get_args(kind)
    is_enum = isinstance(kind, type) and issubclass(kind, Enum)
    return [member.value for member in kind] if is_enum else ()


def _is_table(kind: Any) -> bool:  # noqa: ANN401 - a form of a type
    is_model = isinstance(kind, type) and issubclass(kind, BaseModel)
    return is_model or get_origin(kind) is Mapping


def _known_keys(path: Path) -> str:
    """Suggest the key that was meant, or name those that exist."""
    model = _TABLES[tuple(part for part in path[:-1] if isinstance(part, str))]
    known = [field.alias or name for name, field in model.model_fields.items()]
    close = difflib.get_close_matches(str(path[-1])[:MAX_SHOWN], known, n=1)
    return f"did you mean {close[0]}?" if close else f"remove it; known are {', '.join(known)}"
