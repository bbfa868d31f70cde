"""What files are taken apart into: lines, rows, and findings about broken ones."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from coalition.activity_files.source import Source

MAX_LINE_BYTES = 1024 * 1024
"""A line or a JSON object; what is larger is no row of anything, and memory is finite."""


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """A row that cannot be sent. `column` is empty where it is the row as a whole."""

    row: int
    line: int
    column: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        """For people, on one line."""
        column = f"{self.column} " if self.column else ""
        return f"line {self.line}: {column}{self.problem}: {self.remedy}"


@dataclass(eq=False)
class BadRow(Exception):
    """A row cannot be taken apart."""

    problem: str
    remedy: str


@dataclass
class Lines:
    """Lines with their numbers, from 1; some can be put back."""

    source: Source
    number: int = 0
    _back: deque[tuple[int, bytes]] = field(default_factory=deque)

    def next(self) -> tuple[int, bytes] | None:
        """The next line with its number, None at the end; too long, it is cut and longer yet."""
        if self._back:
            return self._back.popleft()
        line = self.source.line(MAX_LINE_BYTES)
        if not line:
            return None
        self.number += 1
        rest = line
        while not rest.endswith(b"\n") and rest:  # a line that is too long is read past
            rest = self.source.line(MAX_LINE_BYTES)
            line = line if not rest else line[:MAX_LINE_BYTES] + b"..."
        return self.number, line

    def put_back(self, lines: Sequence[tuple[int, bytes]]) -> None:
        """Give these again, in order, before what follows them."""
        self._back.extendleft(reversed(lines))


def decoded(line: bytes, encoding: str) -> str:
    """The text of a line. Raises BadRow."""
    if len(line) > MAX_LINE_BYTES:
        told = "is longer than a mebibyte"
        raise BadRow(told, "break it into rows")
    try:
        return line.decode(encoding)
    except UnicodeDecodeError as problem:
        found = f"{line[problem.start]:#04x}"
        told = f"holds the byte {found}, which is not {encoding} text"
        raise BadRow(
            told, "correct it, or name the file's encoding under [csv] in the mapping"
        ) from None
