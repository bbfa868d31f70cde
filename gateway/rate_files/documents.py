"""Reads TOML documents by their models; says of every problem on which line it is."""

import difflib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from gateway.rate_files.problems import BadFile, Problem
from partners.programmes.findings import Finding
from partners.programmes.forms import printable, shown
from partners.programmes.toml_lines import locate

MAX_DOCUMENT_BYTES = 256 * 1024
"""The 500 changes of the largest proposal are a third of it."""

MAX_LINE_CHARACTERS = 1_000
"""The parser takes quadratic time over a dotted key, and a key stands on one line."""

MAX_FINDINGS = 200
"""Problems that are looked into, of which the first are named."""

_LINE = re.compile(r"line (\d+), column \d+\)")

_WORDS: Mapping[str, tuple[str, str]] = {
    "form": ("is {input}", "{remedy}"),
    "missing": ("is missing", "add it"),
    "bool_type": ("is {input}", "write true or false, without quotes"),
    "int_type": ("is {input}", "write a whole number, without quotes"),
    "too_long": ("has {actual_length} of them", "keep to {max_length}"),
    "too_short": ("is empty", "fill it, or leave it out"),
    "model_type": ("is {input}", "write a table there"),
    "dict_type": ("is {input}", "write tables there"),
    "tuple_type": ("is {input}", "write tables, each under [[{key}]], or a list"),
}
"""Problem and remedy by pydantic's type of an error."""


class Part(BaseModel):
    """A table of a document: what it does not know is refused, and nothing is coerced."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


M = TypeVar("M", bound=BaseModel)


class Document(Generic[M]):
    """A document that was read, with its text to find lines in."""

    def __init__(self, name: str, text: str, content: M) -> None:
        self.name = name
        self.content = content
        self._text = text

    def bad(self, findings: Iterable[Finding]) -> BadFile:
        """What was found wrong with it later, with lines."""
        return _located(self.name, self._text, list(findings))


def read_document(path: Path, model: type[M]) -> Document[M]:
    """A document by its model. Raises BadFile; OSError where it cannot be read."""
    with path.open("rb") as file:
        return parse_document(file.read(MAX_DOCUMENT_BYTES + 1), str(path), model)


def parse_document(data: bytes, name: str, model: type[M]) -> Document[M]:
    """The document in these bytes; `name` is for messages. Raises BadFile."""
    text = _decode(data, name)
    return Document(name, text, validated(_parse(text, name), name, model, text))


def validated(values: Mapping[str, Any], name: str, model: type[M], text: str = "") -> M:
    """What values come to; `text`, where there is one, says on which line each stands.

    Raises BadFile.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        errors = error.errors(include_url=False)[:MAX_FINDINGS]
        raise _located(name, text, [_finding(e, model) for e in errors]) from None


def _decode(data: bytes, name: str) -> str:
    if len(data) > MAX_DOCUMENT_BYTES:
        remedy = "propose it in parts"
        told = f"is longer than {MAX_DOCUMENT_BYTES} bytes"
        raise BadFile(name, [Problem(None, "file", told, remedy)])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        problem = Problem(line, "file", "is not UTF-8 text", "save it as UTF-8")
        raise BadFile(name, [problem]) from None
    for number, line_text in enumerate(text.split("\n"), start=1):
        if len(line_text) > MAX_LINE_CHARACTERS:
            told = f"has {len(line_text)} characters in one line"
            remedy = f"break it at {MAX_LINE_CHARACTERS}"
            raise BadFile(name, [Problem(number, "file", told, remedy)])
    return text


def _parse(text: str, name: str) -> Mapping[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        what, _, where = str(error).partition(" (at ")
        found = _LINE.match(where)
        line = int(found[1]) if found else text.rstrip().count("\n") + 1
        problem = Problem(line, "file", f"is not TOML ({what})", "see https://toml.io")
    except RecursionError:
        problem = Problem(None, "file", "is nested too deep", "use the tables of the schema")
    raise BadFile(name, [problem])


def _located(name: str, text: str, findings: Sequence[Finding]) -> BadFile:
    lines = locate(text, [finding.path for finding in findings])
    return BadFile(
        name,
        [
            Problem(line, _field(finding.path), finding.problem, finding.remedy)
            for line, finding in zip(lines, findings, strict=True)
        ],
    )


def _field(path: tuple[str | int, ...]) -> str:
    """Write a path as people do: pair[0].ratio."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return printable("".join(parts).removeprefix(".")) or "file"


def _finding(error: Any, model: type[BaseModel]) -> Finding:  # noqa: ANN401 - pydantic's dictionary
    path = tuple(part for part in error["loc"] if part != "[key]")
    if error["type"] == "extra_forbidden":
        return Finding(path, "is not a key of this table", _known_keys(path, model))
    problem, remedy = _WORDS.get(error["type"], ("is {input}", "{msg}"))
    details = {
        **error.get("ctx", {}),
        "input": shown(error["input"]),
        "msg": error["msg"],
        "key": printable(str(path[-1])) if path else "",
    }
    return Finding(path, problem.format(**details), remedy.format(**details))


def _known_keys(path: tuple[str | int, ...], model: type[BaseModel]) -> str:
    """Suggest the key that was meant, or name those that exist."""
    table = model
    for part in path[:-1]:
        field = table.model_fields.get(part) if isinstance(part, str) else None
        table = next(_models(field.annotation), table) if field else table
    known = list(table.model_fields)
    close = difflib.get_close_matches(str(path[-1]), known, n=1)
    return f"did you mean {close[0]}?" if close else f"remove it; known are {', '.join(known)}"


def _models(annotation: Any) -> Iterator[type[BaseModel]]:  # noqa: ANN401 - a form of a type
    """The models that an annotation names, within lists, tables and options too."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)
