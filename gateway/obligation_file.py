"""Reads who owes whom from CSV: debtor,creditor,amount, a row at a time.

A file of any length takes as much memory as it has pairs. A header may name the three columns,
in any order. Names are trimmed and brought to one form of Unicode (NFC), so that a name is the
same however its accents are typed.
"""

import csv
import io
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import IO
from unicodedata import normalize

from gateway.rate_files.problems import MAX_TOLD, BadFile, Problem
from settlement.netting import Obligation

COLUMNS = ("debtor", "creditor", "amount")

MAX_DIGITS = 1_000
"""Of an amount: no currency has as many, and longer numbers take quadratic time to print."""

_WHOLE = re.compile(r"[0-9]+")
_BLANK = " \t"
_REMEDY = "write a whole number of the minor unit, above zero, such as 1250"


_Row = tuple[int, list[str]]
"""The line that a row ends on, and its cells."""


class _BadRow(ValueError):
    """What is wrong with a row: the field, the problem, and how to mend it."""

    def __init__(self, field: str, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.field, self.problem, self.remedy = field, problem, remedy

    def on(self, line: int) -> Problem:
        """The same, with its line."""
        return Problem(line, self.field, self.problem, self.remedy)


def read_obligations(file: IO[bytes], name: str) -> tuple[Obligation, ...]:
    """What each debtor owes each creditor over all rows, sorted; none where a header is alone.

    Raises BadFile, which names the first problems with their lines, where a row is no
    obligation, and where there is not even a header.
    """
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    try:
        owed = _sums(_rows(text, name), name)
    finally:
        text.detach()
    return tuple(sorted(Obligation(*pair, amount) for pair, amount in owed.items()))


def _sums(rows: Iterator[_Row], name: str) -> Mapping[tuple[str, str], int]:
    """What is owed by pairs of debtor and creditor. Raises BadFile."""
    first = next(rows, None)
    if first is None:
        remedy = "a list of no debts is the header alone: " + ",".join(COLUMNS)
        raise BadFile(name, [Problem(None, "file", "is empty", remedy)])
    order = _header(first[1])
    if order is None:
        order, rows = (0, 1, 2), chain([first], rows)
    owed: defaultdict[tuple[str, str], int] = defaultdict(int)
    problems: list[Problem] = []
    for line, cells in rows:
        try:
            debtor, creditor, amount = _debt(cells, order)
        except _BadRow as bad:
            problems.append(bad.on(line))
            if len(problems) == MAX_TOLD:
                break
        else:
            owed[debtor, creditor] += amount
    if problems:
        raise BadFile(name, problems)
    return owed


def _rows(text: IO[str], name: str) -> Iterator[_Row]:
    """Each row that is not blank. Raises BadFile."""
    reader = csv.reader(text, skipinitialspace=True)
    try:
        for cells in reader:
            if cells and cells != [""]:
                yield reader.line_num, [cell.strip(_BLANK) for cell in cells]
    except UnicodeDecodeError:
        line, told, remedy = reader.line_num + 1, "is not UTF-8 text", "save it as UTF-8"
    except csv.Error as error:
        line, told, remedy = reader.line_num, f"is not CSV ({error})", "see RFC 4180"
    else:
        return
    raise BadFile(name, [Problem(line, "file", told, remedy)])


def _header(cells: Sequence[str]) -> tuple[int, ...] | None:
    """The places of the three columns, where a row names just these."""
    names = [cell.casefold() for cell in cells]
    return tuple(map(names.index, COLUMNS)) if sorted(names) == sorted(COLUMNS) else None


def _debt(cells: Sequence[str], order: Sequence[int]) -> tuple[str, str, int]:
    if len(cells) != len(COLUMNS):
        told = f"has {len(cells)} {'column' if len(cells) == 1 else 'columns'}"
        raise _BadRow("row", told, "write three, with commas between: " + ",".join(COLUMNS))
    debtor, creditor, amount = (cells[place] for place in order)
    debtor, creditor = _name(debtor, "debtor"), _name(creditor, "creditor")
    if debtor == creditor:
        raise _BadRow("creditor", f"is the debtor, {debtor!r}", "nobody owes itself: remove it")
    return debtor, creditor, _amount(amount)


def _name(text: str, field: str) -> str:
    if not text:
        raise _BadRow(field, "is empty", "name a participant")
    if not text.isprintable():
        raise _BadRow(field, f"is {text[:40]!r}", "remove what cannot be printed; close quotes")
    return normalize("NFC", text)


def _amount(text: str) -> int:
    if _WHOLE.fullmatch(text) is None:
        raise _BadRow("amount", f"is {text[:40]!r}" if text else "is missing", _REMEDY)
    if len(text) > MAX_DIGITS:
        raise _BadRow("amount", f"has {len(text)} digits", f"keep to {MAX_DIGITS}")
    if not (amount := int(text)):
        raise _BadRow("amount", "is 0", "leave out the row, or write what is owed")
    return amount
