"""Shows messages: tables for people, JSON for machines. Data goes to standard output."""

import json
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import click
from google.protobuf import json_format
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from coalition.answers import Decision
from coalition.v1 import common_pb2, members_pb2
from coalition.v1.envelope_pb2 import Refusal
from partners.programmes.money import in_words

M = TypeVar("M", bound=Message)

PIPED_WIDTH = 500
"""A table in a pipe is not cut."""

Cell = str | int | None

_DECIMAL = re.compile(r"-?\d+\.\d+", re.ASCII)


def note(text: str) -> None:
    """Tell a person something that is no data."""
    click.echo(text, err=True)


def as_dict(message: Message) -> dict[str, object]:
    """A message as JSON, by the protobuf mapping; fields named as in the contract."""
    found: dict[str, object] = json_format.MessageToDict(message, preserving_proto_field_name=True)
    return found


def show_json(value: object) -> None:
    """One JSON document on one line."""
    click.echo(json.dumps(value, ensure_ascii=False))


def show_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """A table; numbers, whole or with decimals, stand to the right."""
    listed = [["" if cell is None else cell for cell in row] for row in rows]
    table = Table()
    for index, column in enumerate(columns):
        is_number = bool(listed) and all(_is_number(row[index]) for row in listed)
        table.add_column(column, justify="right" if is_number else "left", overflow="fold")
    for row in listed:
        table.add_row(*(escape(str(cell)) for cell in row))
    shown = console()
    if title:
        shown.print(escape(title), style="bold", highlight=False)
    shown.print(table)


def _is_number(cell: str | int) -> bool:
    return isinstance(cell, int) or _DECIMAL.fullmatch(cell) is not None


def console(*, error: bool = False) -> Console:
    """A console on standard output (or error), never too narrow where no person looks."""
    stream = sys.stderr if error else sys.stdout
    return Console(file=stream, width=None if stream.isatty() else PIPED_WIDTH)


def show_list(
    message: Message,
    items: Iterable[M],
    title: str,
    columns: Sequence[tuple[str, Callable[[M], Cell]]],
    *,
    as_json: bool,
) -> None:
    """A message that holds a list: whole as JSON, or its items as a table."""
    if as_json:
        show_json(as_dict(message))
        return
    names = [name for name, _ in columns]
    show_table(title, names, ([value(item) for _, value in columns] for item in items))


def show_message(message: Message, title: str, *, as_json: bool) -> None:
    """Any message, its fields below each other."""
    found = as_dict(message)
    if as_json:
        show_json(found)
        return
    show_table(title, ("field", "value"), _flat(found))


def show_outcome(
    outcome: Decision, *, as_json: bool, rows: Iterable[tuple[str, str]] | None = None
) -> None:
    """What came of one request, or of one item of a batch; `rows` in place of its result."""
    decided = outcome.answer
    if isinstance(decided, Refusal):
        show_message(decided, "Refused", as_json=as_json)
        return
    result = {} if outcome.result is None else as_dict(outcome.result)
    at = instant(decided.accepted_at)
    head = {"request_id": decided.request_id, "number": decided.number, "accepted_at": at}
    if as_json:
        show_json({**head, "result": result})
        return
    show_table("Accepted", ("field", "value"), [*_flat(head), *(rows or _flat(result))])


def _flat(value: object, name: str = "") -> Iterable[tuple[str, str]]:
    """Fields of nested values, as a.b[0]."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _flat(inner, f"{name}[{index}]")
    else:
        yield name, str(value)


def term_row(term: members_pb2.TierTerm) -> tuple[Cell, ...]:
    """A tier with its time, as a row under TERM_COLUMNS."""
    source = enum_name(members_pb2.TierSource.Name(term.source), "TIER_SOURCE_")
    return term.tier, term.since, term.until, source, term.number or None


TERM_COLUMNS = ("tier", "since", "until", "by", "number")


def money(values: Iterable[common_pb2.Amount]) -> str:
    """Amounts as people write them: 12.34 EUR."""
    return " + ".join(in_words(value.minor, value.currency) for value in values)


def instant(value: Timestamp) -> str:
    """An instant as ISO 8601 writes it, in UTC; empty where there is none."""
    if not value.seconds and not value.nanos:
        return ""
    return value.ToJsonString()


def enum_name(value: str, prefix: str) -> str:
    """A name of an enum for people."""
    return value.removeprefix(prefix)
