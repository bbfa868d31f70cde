"""Reads a partner's record of a window out of a file, row by row, as a mapping says."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from coalition.activity_files.reading import records_in
from coalition.activity_files.rows import BrokenRow
from coalition.activity_files.source import Damaged, open_source
from coalition.activity_files.values import BadValue, Number, Record, instant, minor_units, shown
from coalition.record_files.mapping import RecordMapping
from coalition.v1.reconciliation_pb2 import RecordRow

MAX_BROKEN = 100
"""Broken rows that are told; a file with more is another file."""

_FORMS = {
    "reference": re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,126}[\x21-\x7e])?"),
    "counterparty": re.compile(r"[a-z][a-z0-9-]{1,31}"),
    "kind": re.compile(r"[A-Z][A-Z_]{1,31}"),
}


class BadRecord(Exception):
    """A record that cannot be sent as it is: nothing of it is."""

    def __init__(self, message: str, broken: tuple[BrokenRow, ...] = ()) -> None:
        super().__init__(message)
        self.broken = broken


@dataclass(frozen=True, slots=True)
class Controls:
    """What a record comes to: its control totals, and what it is known by.

    `sha256` is of the file's bytes, `rows_sha256` of what the mapping makes of them.
    """

    sha256: bytes
    rows_sha256: bytes
    rows: int
    total_minor: int
    passed_over: int


@dataclass(frozen=True, slots=True)
class _Magnitude:
    """A number without its sign."""

    number: Number

    def of(self, record: Record) -> Decimal:
        """From zero on."""
        return abs(self.number.of(record))

    def columns(self) -> Iterator[str]:
        """Those of the number."""
        return self.number.columns()


def read_record(file: Path, mapping: RecordMapping) -> Iterator[RecordRow | BrokenRow | None]:
    """Every row of a file, in order; broken, or None for one that is none of the record.

    Raises ActivityFileError where the file as a whole is not what the mapping says.
    """
    with open_source(file) as source:
        last = (0, 0)
        try:
            for record in records_in(source, mapping):
                last = (record.row, record.line)
                yield record if isinstance(record, BrokenRow) else _judged(record, mapping)
        except Damaged as damage:
            problem = f"is the last that can be read ({damage})"
            yield BrokenRow(*last, "", problem, "get the whole file")


def survey(file: Path, mapping: RecordMapping) -> Controls:
    """Read a whole record for what it comes to. Raises BadRecord for broken rows."""
    rows, total, passed, broken = 0, 0, 0, []
    digest = hashlib.sha256()
    for row in read_record(file, mapping):
        if row is None:
            passed += 1
        elif isinstance(row, BrokenRow):
            broken.append(row)
            if len(broken) == MAX_BROKEN:
                break
        else:
            rows, total = rows + 1, total + row.amount_minor
            data = row.SerializeToString(deterministic=True)
            digest.update(len(data).to_bytes(4, "big") + data)
    if broken:
        many = f"{MAX_BROKEN} or more" if len(broken) == MAX_BROKEN else str(len(broken))
        message = f"{file.name}: {many} rows cannot be read, and nothing was sent: {broken[0]}"
        raise BadRecord(message, tuple(broken))
    with file.open("rb") as data_of:
        sha256 = hashlib.file_digest(data_of, "sha256").digest()
    return Controls(sha256, digest.digest(), rows, total, passed)


def _judged(record: Record, mapping: RecordMapping) -> RecordRow | BrokenRow | None:
    try:
        if any(record.text(column) not in wanted for column, wanted in mapping.when.items()):
            return None
        amount = _amount(record, mapping)
        if not amount:
            return None
        return RecordRow(
            reference=_text("reference", record, mapping),
            date=instant(record, mapping.date.names, mapping.date.format).date().isoformat(),
            amount_minor=amount,
            counterparty=_text("counterparty", record, mapping),
            kind=_text("kind", record, mapping),
        )
    except BadValue as bad:
        return BrokenRow(record.row, record.line, bad.column, bad.problem, bad.remedy)


def _amount(record: Record, mapping: RecordMapping) -> int:
    if mapping.amount is not None:
        return _signed(mapping.amount, record, mapping.exponent)
    received, owed = (
        0
        if number is None or _is_empty(number, record)
        else _signed(number, record, mapping.exponent)
        for number in (mapping.receives, mapping.owes)
    )
    return received - owed


def _is_empty(number: Number, record: Record) -> bool:
    return all(not record.text(column) for column in number.columns())


def _signed(number: Number, record: Record, exponent: int) -> int:
    size = minor_units(_Magnitude(number), record, exponent, None)
    return -size if number.of(record) < 0 else size


def _text(what: str, record: Record, mapping: RecordMapping) -> str:
    """A text of its form. A column of that name is taken where the mapping names none for it."""
    template = getattr(mapping, what)
    if template is None:
        value = record.text(what) if what in record.values else ""
    else:
        value = template.of(record)
    if value and _FORMS[what].fullmatch(value) is None:
        problem = f"makes the {what} {shown(value)}"
        raise BadValue(what, problem, f"it has to be {_FORMS[what].pattern}")
    return str(value)
