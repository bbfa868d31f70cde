"""What tests read of a page: its sections, the code in them, and their tables."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

_FENCE = re.compile(r"^```(?P<info>[^\n`]+)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
_SECTION = re.compile(r"^#{2,3} (?P<title>.+)$", re.MULTILINE)

Row = dict[str, str]


@dataclass(frozen=True)
class Section:
    """A part of a page under one heading of the second or third level."""

    title: str
    text: str

    def code(self, info: str) -> list[str]:
        """The blocks of code with exactly that info string."""
        return [found["code"] for found in _FENCE.finditer(self.text) if found["info"] == info]

    def tables(self) -> Iterator[list[Row]]:
        """The tables, each as rows by the names of its columns."""
        text = _FENCE.sub("", self.text)
        for block in re.findall(r"(?:^\|.*\|$\n?)+", text, re.MULTILINE):
            head, _, *rows = (_cells(line) for line in block.splitlines())
            yield [dict(zip(head, row, strict=True)) for row in rows]

    def table(self, column: str) -> list[Row]:
        """The one table that has that column; no rows where there is none."""
        found = [rows for rows in self.tables() if column in rows[0]]
        assert len(found) <= 1, f"{self.title}: {len(found)} tables with {column}"
        return found[0] if found else []


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def page(name: str) -> str:
    """The text of a page of the repository."""
    return (ROOT / name).read_text(encoding="utf-8")


def sections(text: str) -> list[Section]:
    """The sections of a page, in order."""
    parts = _SECTION.split(text)
    return [Section(t, body) for t, body in zip(parts[1::2], parts[2::2], strict=True)]
