"""Takes a CSV file apart, and goes on behind what is broken.

A row's number is the line that it begins on, counted from the line after the header: mending
a row in its place leaves the numbers of all others, and so their references, as they are.
"""

import codecs
import csv
from collections.abc import Iterator, Sequence

from coalition.activity_files.mapping import CsvForm
from coalition.activity_files.rows import BadRow, BrokenRow, Lines, decoded
from coalition.activity_files.source import ActivityFileError, Source
from coalition.activity_files.values import Record

MAX_RECORD_LINES = 64
"""Lines that a quoted field may run over; beyond it a quote was forgotten."""


def csv_records(
    source: Source, form: CsvForm, needed: Sequence[str]
) -> Iterator[Record | BrokenRow]:
    """The rows of a CSV file whose first line names the columns (RFC 4180).

    Raises ActivityFileError where the header cannot be read or lacks a column.
    """
    lines = Lines(source)
    header, below = _header(lines, form, source.name, needed)
    while (first := lines.next()) is not None:
        number = first[0]
        if not first[1].strip():
            continue
        try:
            fields = _fields(first, lines, form, len(header))
        except BadRow as broken:
            yield BrokenRow(number - below, number, "", broken.problem, broken.remedy)
            continue
        values: dict[str, object] = dict(zip(header, fields, strict=True))
        yield Record(source.name, number - below, number, values, form.decimal)


def _header(lines: Lines, form: CsvForm, name: str, needed: Sequence[str]) -> tuple[list[str], int]:
    """The names of the columns, and the number of the header's last line."""
    first = lines.next()
    if first is None:
        message = f"{name} is empty: its first line should name the columns"
        raise ActivityFileError(message)
    try:
        header = _fields((first[0], first[1].removeprefix(codecs.BOM_UTF8)), lines, form, None)
    except BadRow as broken:
        message = f"the first line of {name}, which should name the columns, {broken.problem}"
        raise ActivityFileError(message) from None
    header = [column.strip() for column in header]
    for column in needed:
        if header.count(column) != 1:
            many = "has no column" if column not in header else "has more than one column"
            known = ", ".join(header)
            message = f"{name} {many} {column!r}, which the mapping takes; it has {known:.500}"
            raise ActivityFileError(message)
    return header, lines.number


def _fields(first: tuple[int, bytes], lines: Lines, form: CsvForm, width: int | None) -> list[str]:
    """The fields of the row that begins on this line; takes more lines where a quote is open."""
    alone = decoded(first[1], form.encoding)
    taken: list[tuple[int, bytes]] = []
    if alone.count('"') % 2:
        try:
            return _joined(alone, taken, lines, form, width)
        except BadRow:
            # A quote that was forgotten must not swallow the rows below.
            lines.put_back(taken)
    return _parsed(alone, form, width)


def _joined(
    text: str, taken: list[tuple[int, bytes]], lines: Lines, form: CsvForm, width: int | None
) -> list[str]:
    while text.count('"') % 2 and len(taken) < MAX_RECORD_LINES:
        following = lines.next()
        if following is None:
            break
        taken.append(following)
        text += decoded(following[1], form.encoding)
    return _parsed(text, form, width)


def _parsed(text: str, form: CsvForm, width: int | None) -> list[str]:
    try:
        rows = list(csv.reader([text.rstrip("\r\n")], delimiter=form.delimiter, strict=True))
    except csv.Error as problem:
        remedy = "close the quotes, and double those inside a field"
        told = f"is not CSV ({problem})"
        raise BadRow(told, remedy) from None
    fields = rows[0] if rows else []
    if width is not None and len(fields) != width:
        remedy = "correct the row; quote fields that hold the delimiter"
        told = f"has {len(fields)} fields where the header has {width}"
        raise BadRow(told, remedy)
    return fields
