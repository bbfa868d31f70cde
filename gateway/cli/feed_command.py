"""`coalition feed`: the ledger's entries that concern the sender, verified."""

from collections.abc import Iterable, Mapping

import click
from rich.markup import escape
from rich.table import Table

from coalition.feed import FeedItem
from coalition.records import Line
from gateway.cli import output
from gateway.cli.session import Session, signed_options
from partners.refusals import shortened

FACTS_SHOWN = 160
"""Characters of an entry's facts in a table; --json has them whole."""


@click.command()
@click.option(
    "--after",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Entries with a greater number than this.",
)
@click.option("--follow", is_flag=True, help="Wait for more instead of ending.")
@signed_options
def feed(session: Session, *, after: int, follow: bool) -> None:
    """Show entries with the lines that concern you; with --json as JSON lines.

    Ended and started again --after the last number, it misses nothing.
    """
    with session.client() as client:
        items = client.follow(after, stop_at_end=not follow)
        if session.as_json:
            for item in items:
                output.show_json(_as_dict(item))
        else:
            _show(items, live=follow)


def _show(items: Iterable[FeedItem], *, live: bool) -> None:
    if live:
        for item in items:
            for row in _rows(item):
                click.echo("  ".join(row))
        return
    columns = ("number", "accepted", "entry", "line", "amount", "currency", "debit", "credit")
    table = Table(*columns)
    for item in items:
        for row in _rows(item):
            table.add_row(*map(escape, row))
    output.console().print(table)


def _rows(item: FeedItem) -> Iterable[tuple[str, ...]]:
    entry = item.record.entry
    head = (str(item.number), entry.accepted_at.isoformat(), entry.kind)
    if not item.record.lines:
        yield (*head, _facts(item.record.facts), "", "", "", "")
    for line in item.record.lines:
        yield (*head, line.kind, str(line.amount), line.currency, line.debit, line.credit)


def _facts(facts: Mapping[str, object] | None) -> str:
    """What an entry without lines says, on one line; nothing where it is not the reader's."""
    told = (f"{name} {value}" for name, value in (facts or {}).items() if value not in ("", None))
    return shortened(", ".join(told), FACTS_SHOWN)


def _as_dict(item: FeedItem) -> dict[str, object]:
    entry = item.record.entry
    return {
        "number": item.number,
        "accepted_at": entry.accepted_at.isoformat(),
        "kind": entry.kind,
        "sender": entry.sender,
        "window": entry.window,
        "corrects": entry.corrects,
        "facts": item.record.facts,
        "lines": [_line(line) for line in item.record.lines],
        "leaf": item.record.leaf.hex(),
    }


def _line(line: Line) -> dict[str, object]:
    return {
        "index": line.index,
        "kind": line.kind,
        "amount": line.amount,
        "currency": line.currency,
        "debit": line.debit,
        "credit": line.credit,
        "funder": line.funder,
        "price": None if line.price is None else str(line.price),
        "rule": line.rule,
        "terms": line.terms,
    }
