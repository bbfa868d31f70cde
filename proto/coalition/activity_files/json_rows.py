"""Takes JSON apart: one array of objects, or an object on each line. Numbers stay exact.

A row's number is its place in the array, or its line; both from 1.
"""

import codecs
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from coalition.activity_files.rows import MAX_LINE_BYTES, BadRow, BrokenRow, Lines, decoded
from coalition.activity_files.source import ActivityFileError, Source
from coalition.activity_files.values import Record, shown

_CHUNK = 64 * 1024


def jsonl_records(source: Source) -> Iterator[Record | BrokenRow]:
    """The rows of a file with a JSON object on each line."""
    lines = Lines(source)
    while (found := lines.next()) is not None:
        number, data = found
        if number == 1:
            data = data.removeprefix(codecs.BOM_UTF8)
        if not data.strip():
            continue
        try:
            text = decoded(data, "utf-8")
            yield _record(source, number, number, _json(text))
        except BadRow as broken:
            yield BrokenRow(number, number, "", broken.problem, broken.remedy)


def _json(text: str) -> object:
    try:
        value, end = _DECODER.raw_decode(text.strip())
    except (json.JSONDecodeError, RecursionError) as problem:
        told = f"is not JSON ({problem})"
        raise BadRow(told, "correct the line") from None
    if end != len(text.strip()):
        told = "holds more than one JSON value"
        raise BadRow(told, "write one object on each line")
    return value


def _record(source: Source, row: int, line: int, value: object) -> Record | BrokenRow:
    if isinstance(value, _Repeated):
        remedy = "name each field once"
        return BrokenRow(row, line, value.key, "stands there twice", remedy)
    if not isinstance(value, dict):
        told = f"is {shown(value)}, not a JSON object"
        return BrokenRow(row, line, "", told, 'write {"column": value, ...}')
    return Record(source.name, row, line, value)


@dataclass(frozen=True, slots=True)
class _Repeated:
    key: str


@dataclass(frozen=True, slots=True)
class _NoNumber:
    text: str


def _pairs(pairs: list[tuple[str, object]]) -> Mapping[str, object] | _Repeated:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            break
        seen.add(name)
    return _Repeated(name)


def _decimal(text: str) -> object:
    try:
        return Decimal(text)
    except InvalidOperation:
        return _NoNumber(text)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_int=_decimal, parse_float=_decimal, parse_constant=_NoNumber
)
_SPACE = re.compile(r"[ \t\r\n]*")


@dataclass
class _Text:
    """The text of a JSON file, a window of it at a time."""

    source: Source
    buffer: str = ""
    position: int = 0
    line: int = 1
    ended: bool = False
    _decoder: codecs.IncrementalDecoder = field(
        default_factory=codecs.getincrementaldecoder("utf-8-sig")
    )

    def more(self) -> bool:
        """Read on; whether there was more. Raises BadRow for what is no UTF-8."""
        if self.ended:
            return False
        data = self.source.read(_CHUNK)
        self.ended = not data
        try:
            text = self._decoder.decode(data, final=self.ended)
        except UnicodeDecodeError:
            told = "is followed by bytes that are not UTF-8 text"
            raise BadRow(told, _WHOLE) from None
        self.buffer = self.buffer[self.position :] + text
        self.position = 0
        return not self.ended

    def peek(self) -> str:
        """The next character that is not white space; empty at the end."""
        while True:
            self._go_to(_SPACE.match(self.buffer, self.position).end())  # type: ignore[union-attr]
            if self.position < len(self.buffer):
                return self.buffer[self.position]
            if not self.more():
                return ""

    def skip(self) -> None:
        """Go past one character."""
        self._go_to(self.position + 1)

    def value(self) -> object:
        """The value that begins here. Raises BadRow."""
        while True:
            try:
                value, end = _DECODER.raw_decode(self.buffer, self.position)
            except RecursionError:
                told = "is nested too deep"
                raise BadRow(told, _WHOLE) from None
            except json.JSONDecodeError as problem:
                cut = len(self.buffer) - self.position
                if cut > MAX_LINE_BYTES or not self.more():
                    told = "breaks off" if self.ended else f"is not JSON ({problem.msg})"
                    raise BadRow(told, _WHOLE) from None
                continue
            # A number at the end of the window may go on behind it.
            if end < len(self.buffer) or not self.more():
                self._go_to(end)
                return value

    def _go_to(self, end: int) -> None:
        self.line += self.buffer.count("\n", self.position, end)
        self.position = end


_WHOLE = "nothing after it can be read: correct the file, and send it again under the same name"


def json_records(source: Source) -> Iterator[Record | BrokenRow]:
    """The objects of one JSON array; what follows a broken one cannot be told apart.

    Raises ActivityFileError where the file is no JSON array.
    """
    text, row = _Text(source), 0
    try:
        if text.peek() != "[":
            message = f"{source.name} is no JSON array: it should begin with ["
            raise ActivityFileError(message)
        text.skip()
        closed = text.peek() == "]"
        while not closed:
            row, line = row + 1, (text.peek(), text.line)[1]
            yield _record(source, row, line, text.value())
            closed = _after_element(text)
        _require_end(text)
    except BadRow as broken:
        yield BrokenRow(row, text.line, "", broken.problem, broken.remedy)


def _after_element(text: _Text) -> bool:
    """Whether the array ends here; else go past the comma."""
    following = text.peek()
    if following == ",":
        text.skip()
        return False
    if following == "]":
        return True
    told = f"is followed by {shown(following)}" if following else "breaks off"
    raise BadRow(told, _WHOLE)


def _require_end(text: _Text) -> None:
    text.skip()
    if text.peek():
        told = "is followed by more than the end of the array"
        raise BadRow(told, _WHOLE)
