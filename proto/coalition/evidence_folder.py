"""A partner's folder of evidence: what was collected online, and is verified offline.

    feed.jsonl                    every signed record of the feed, in order, only ever appended
    statement-<w>-<name>.json     statements of closed windows as they were made, and as CSV;
                                  .<settlement>.json where one took the place of another
    rates.json                    the rate book with its history, as exported
    checkpoints/<size>.txt        checkpoints of the log by the size of its tree
    inclusion.jsonl               proof for each record of the feed that its leaf is in a tree
    consistency.jsonl             proofs that a later tree extends an earlier one

A folder grows: fetched again, what is there stays and what is new is added. A last line that a
crash tore is dropped when the folder is next written to.
"""

import base64
import binascii
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeVar

from google.protobuf.message import DecodeError

from coalition.v1.envelope_pb2 import Envelope

T = TypeVar("T")

_STATEMENT = re.compile(
    r"statement-([1-9][0-9]{0,17})-([a-z][a-z0-9-]{1,31})(?:\.([1-9][0-9]{0,17}))?\.json"
)
_CHECKPOINT = re.compile(r"(0|[1-9][0-9]{0,18})(?:-[0-9a-f]{16})?\.txt")


class EvidenceError(Exception):
    """A folder of evidence, or a file in it, cannot be used; the message says where."""


@dataclass(frozen=True, slots=True)
class StatementFiles:
    """Where a statement is. There may be no table of it."""

    window: int
    participant: str
    json: Path
    csv: Path


@dataclass(frozen=True, slots=True)
class Folder:
    """The places in a folder of evidence."""

    path: Path

    @property
    def feed(self) -> Path:
        """Signed records of the feed."""
        return self.path / "feed.jsonl"

    @property
    def rates(self) -> Path:
        """The exported rate book."""
        return self.path / "rates.json"

    @property
    def inclusion(self) -> Path:
        """Proofs that records are in a tree."""
        return self.path / "inclusion.jsonl"

    @property
    def consistency(self) -> Path:
        """Proofs that trees extend each other."""
        return self.path / "consistency.jsonl"

    def checkpoint(self, size: int) -> Path:
        """The checkpoint of a tree of that size."""
        return self.path / "checkpoints" / f"{size}.txt"

    def checkpoints(self) -> list[Path]:
        """All of them, the smallest tree first."""
        found = (self.path / "checkpoints").glob("*.txt")
        named = [(match, path) for path in found if (match := _CHECKPOINT.fullmatch(path.name))]
        return [path for _, path in sorted(named, key=lambda pair: int(pair[0][1]))]

    def statement(self, window: int, participant: str, settlement: int = 0) -> StatementFiles:
        """Where the statement of a window is, or goes.

        `settlement` names one that took the place of another over the same window.
        """
        later = f".{settlement}" if settlement else ""
        stem = f"statement-{window}-{participant}{later}"
        places = (self.path / f"{stem}.{suffix}" for suffix in ("json", "csv"))
        return StatementFiles(window, participant, *places)

    def statements(self) -> list[StatementFiles]:
        """All of them, by window and settlement."""
        found = (_STATEMENT.fullmatch(path.name) for path in self.path.glob("statement-*.json"))
        named = sorted((int(match[1]), match[2], int(match[3] or 0)) for match in found if match)
        return [self.statement(*each) for each in named]


def read_lines(path: Path, read: Callable[[Mapping[str, object]], T]) -> Iterator[tuple[int, T]]:
    """What `read` makes of each line of JSON, with the line's number from 1.

    Raises EvidenceError, naming the line: where it is not whole, no JSON object, or where
    `read` raises ValueError or KeyError.
    """
    for number, _, line in lines_with_offsets(path):
        yield number, parse_line(path, number, line, read)


def lines_with_offsets(path: Path) -> Iterator[tuple[int, int, bytes]]:
    """Number, offset in bytes and content of each line. Raises EvidenceError."""
    offset = 0
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if not line.endswith(b"\n"):
                    message = f"{path.name} is cut off in line {number}"
                    raise EvidenceError(message)
                yield number, offset, line
                offset += len(line)
    except OSError as problem:
        message = f"cannot read {path}: {problem.strerror}"
        raise EvidenceError(message) from None


def parse_line(
    path: Path, number: int, line: bytes, read: Callable[[Mapping[str, object]], T]
) -> T:
    """What `read` makes of a line. Raises EvidenceError."""
    try:
        fields: object = json.loads(line)
        if not isinstance(fields, dict):
            message = "no JSON object"
            raise ValueError(message)  # noqa: TRY004, TRY301 - one place words them all
        return read(fields)
    except (ValueError, KeyError, DecodeError, RecursionError) as problem:
        what = f"{problem} is missing" if isinstance(problem, KeyError) else problem
        message = f"line {number} of {path.name} cannot be read: {what}"
        raise EvidenceError(message) from None


def envelope_of(fields: Mapping[str, object]) -> Envelope:
    """The envelope in a line of the feed. Raises ValueError, KeyError, DecodeError."""
    return Envelope.FromString(from_base64(fields["envelope"]))


def from_base64(value: object) -> bytes:
    """Bytes from their text in a line. Raises ValueError."""
    if not isinstance(value, str):
        message = f"{value!r:.40} is no text"
        raise ValueError(message)  # noqa: TRY004 - a broken file, not a broken caller
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error as problem:
        raise ValueError(str(problem)) from None


def to_base64(data: bytes) -> str:
    """Bytes as text for a line."""
    return base64.b64encode(data).decode("ascii")


class LineWriter:
    """Appends lines of JSON to a file; a torn last line is dropped first."""

    def __init__(self, path: Path) -> None:
        """Open or create. Raises EvidenceError."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(exist_ok=True)
            os.truncate(path, _whole_bytes(path))
            self._file = path.open("ab")
        except OSError as problem:
            message = f"cannot write {path}: {problem.strerror}"
            raise EvidenceError(message) from None

    def add(self, fields: Mapping[str, object]) -> None:
        """Append one line."""
        self._file.write(json.dumps(fields, sort_keys=True).encode() + b"\n")

    def close(self) -> None:
        """Everything is on disk when it returns."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def __enter__(self) -> Self:
        """Give the writer."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()


def last_line(path: Path) -> bytes | None:
    """The last whole line of a file, None where there is none."""
    if not path.exists():
        return None
    end = _whole_bytes(path)
    if end == 0:
        return None
    begin = _after_line_feed(path, end - 1)
    with path.open("rb") as file:
        file.seek(begin)
        return file.read(end - begin)


_BLOCK = 1 << 16


def _whole_bytes(path: Path) -> int:
    """How many bytes whole lines take up."""
    return _after_line_feed(path, path.stat().st_size)


def _after_line_feed(path: Path, end: int) -> int:
    """Where the last line feed before `end` ends; 0 where there is none."""
    with path.open("rb") as file:
        while end > 0:
            begin = max(0, end - _BLOCK)
            file.seek(begin)
            found = file.read(end - begin).rfind(b"\n")
            if found >= 0:
                return begin + found + 1
            end = begin
    return 0
