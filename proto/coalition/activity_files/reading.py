"""Reads activities out of a partner's file, row by row, as a mapping says."""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Literal, Protocol

from coalition.activity_files.csv_rows import csv_records
from coalition.activity_files.json_rows import json_records, jsonl_records
from coalition.activity_files.mapping import CsvForm, FileMapping, HashedNumber
from coalition.activity_files.rows import BrokenRow
from coalition.activity_files.source import ActivityFileError, Damaged, Source, open_source
from coalition.activity_files.values import BadValue, Record, Template, instant, minor_units, shown
from coalition.v1.accrual_pb2 import AccrualItem, Activity, Attribute, Quantity, Spend, StatedLeg
from coalition.v1.common_pb2 import ActivityKey, Amount, MembershipRef

MAX_REVISION = 1_000
"""As the gateway accepts."""

MAX_SPAN_DAYS = 100_000
"""More days between start and end are a mistake, and would not fit into a date."""

_FORMS = {
    "supplier": re.compile(r"[a-z][a-z0-9-]{1,31}"),
    "kind": re.compile(r"[A-Z][A-Z_]{1,31}"),
    "attribute": re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,62}[\x21-\x7e])?"),
    "reference": re.compile(r"[\x20-\x7e]{1,128}"),
    "member number": re.compile(r"[A-Za-z0-9._:/-]{1,64}"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """An activity, ready to be sent but for its request id."""

    row: int
    line: int
    item: AccrualItem

    @property
    def reference(self) -> str:
        """The supplier's own reference, from the natural key."""
        return self.item.activity.key.reference


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A row that is none of the activities asked for."""

    row: int
    line: int
    reason: str


Found = Row | BrokenRow | PassedOver


class FileForm(Protocol):
    """What a mapping says of how a file is written, and of the columns that it takes."""

    @property
    def format(self) -> Literal["csv", "json", "jsonl"] | None:
        """None where the file's name tells it."""

    @property
    def csv(self) -> CsvForm:
        """How a CSV file is written."""

    def columns(self) -> Iterator[str]:
        """Every column that the mapping takes."""


def read_activities(
    file: Path | BinaryIO | Source, mapping: FileMapping, *, name: str | None = None
) -> Iterator[Found]:
    """Every row of a file, in order: an activity, broken, or passed over.

    Reads on behind a broken row, and holds one row in memory. `name` is what the file is
    known by, in references and request ids: by default its base name without .gz.
    Raises ActivityFileError where the file as a whole is not what the mapping says.
    """
    with _opened(file, name) as source:
        last = (0, 0)
        try:
            for record in records_in(source, mapping):
                last = (record.row, record.line)
                yield record if isinstance(record, BrokenRow) else _judged(record, mapping)
        except Damaged as damage:
            problem = f"is the last that can be read ({damage})"
            remedy = "get the whole file, and send it again under the same name"
            yield BrokenRow(*last, "", problem, remedy)


def members_in(file: Path, mapping: FileMapping, *, name: str | None = None) -> dict[str, int]:
    """Member numbers (of the mapping's programme) in the order of the file, with their rows."""
    members: dict[str, int] = {}
    for found in read_activities(file, mapping, name=name):
        if isinstance(found, Row):
            number = found.item.membership.member_number
            members[number] = members.get(number, 0) + 1
    return members


@contextmanager
def _opened(file: Path | BinaryIO | Source, name: str | None) -> Iterator[Source]:
    if isinstance(file, Source):
        yield file
    else:
        with open_source(file, name) as source:
            yield source


def records_in(source: Source, mapping: FileForm) -> Iterator[Record | BrokenRow]:
    """The rows of an open file, taken apart and not judged. Raises ActivityFileError, Damaged."""
    form = mapping.format or Path(source.name).suffix.removeprefix(".").lower()
    if form == "csv":
        return csv_records(source, mapping.csv, list(dict.fromkeys(mapping.columns())))
    if form == "json":
        return json_records(source)
    if form in {"jsonl", "ndjson"}:
        return jsonl_records(source)
    message = f'{source.name} does not tell its format: write format = "csv" into the mapping'
    raise ActivityFileError(message)


def _judged(record: Record, mapping: FileMapping) -> Found:
    try:
        for column, wanted in mapping.when.items():
            if (found := record.text(column)) not in wanted:
                return PassedOver(record.row, record.line, f"{column} is {shown(found)}")
        member = _member_number(record, mapping)
        if not member:
            return PassedOver(record.row, record.line, "no member number")
        return Row(record.row, record.line, _item(record, mapping, member))
    except BadValue as bad:
        return BrokenRow(record.row, record.line, bad.column, bad.problem, bad.remedy)


def _member_number(record: Record, mapping: FileMapping) -> str:
    number = mapping.member.number
    if isinstance(number, HashedNumber):
        return hashed_number(number, number.hash_of.of(record))
    found = number.of(record)
    return _of_form("member number", found, number) if found else ""


def hashed_number(form: HashedNumber, text: str) -> str:
    """The member number that a text is given: always the same one, all about equally often."""
    digest = hashlib.sha256(text.encode()).digest()
    place = int.from_bytes(digest[:8], "big") % form.members + 1
    return f"{form.prefix}{place:0{len(str(form.members))}d}"


def _item(record: Record, mapping: FileMapping, member: str) -> AccrualItem:
    programme = mapping.member.programme
    return AccrualItem(
        membership=MembershipRef(programme=programme, member_number=member),
        activity=_activity(record, mapping),
        stated=[
            StatedLeg(programme=part.programme, reason=part.reason, points_minor=points)
            for part in mapping.stated
            if (points := minor_units(part.points_minor, record, 0, part.rounding))
        ],
    )


def _activity(record: Record, mapping: FileMapping) -> Activity:
    started_at = instant(record, mapping.started_at.names, mapping.started_at.format)
    return Activity(
        key=_key(record, mapping),
        started_at=started_at,
        ended_at=_ended_at(record, mapping, started_at),
        spend=[
            Spend(
                category=part.category,
                amount=Amount(
                    currency=part.currency,
                    minor=minor_units(part.amount, record, part.decimals, part.rounding),
                ),
            )
            for part in mapping.spend
        ],
        quantities=[
            Quantity(unit=part.unit, count=minor_units(part.count, record, 0, part.rounding))
            for part in mapping.quantity
        ],
        attributes=[
            Attribute(name=part.name, value=_of_form("attribute", value, part.value))
            for part in mapping.attribute
            if (value := part.value.of(record))
        ],
    )


def _key(record: Record, mapping: FileMapping) -> ActivityKey:
    activity = mapping.activity
    revision = minor_units(activity.revision, record, 0, None)
    if not 0 < revision <= MAX_REVISION:
        column = next(activity.revision.columns(), "revision")
        raise BadValue(column, f"is {revision}", f"write 1 to {MAX_REVISION}")
    return ActivityKey(
        supplier=_of_form("supplier", activity.supplier.of(record), activity.supplier),
        kind=_of_form("kind", activity.kind.of(record), activity.kind),
        reference=_of_form("reference", activity.reference.of(record), activity.reference),
        revision=revision,
    )


def _of_form(what: str, value: str, template: Template) -> str:
    form = _FORMS[what]
    if form.fullmatch(value):
        return value
    column = ", ".join(template.columns())
    raise BadValue(column, f"makes the {what} {shown(value)}", f"it has to be {form.pattern}")


def _ended_at(record: Record, mapping: FileMapping, started_at: datetime) -> datetime | None:
    part = mapping.ended_at
    if part is None:
        return None
    if part.add_days is None:
        ended_at = instant(record, part.names, part.format)
    else:
        days = minor_units(part.add_days, record, 0, None)
        try:
            ended_at = started_at + timedelta(days=min(days, MAX_SPAN_DAYS))
        except OverflowError:
            ended_at = datetime.max.replace(tzinfo=started_at.tzinfo)
    if ended_at < started_at:
        column = ", ".join(part.names)
        raise BadValue(column, "is before the start", "correct the row")
    return ended_at
