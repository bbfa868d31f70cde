"""`coalition rates what-if`: what the last conversions would have come to under proposed rates."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import click

from coalition.v1 import errors_pb2, rates_pb2
from gateway.cli import output
from gateway.cli.failures import BadUse
from gateway.cli.points import Decimals, read_with_decimals
from gateway.cli.rate_proposals import scale_of
from gateway.cli.session import Session, signed_options
from gateway.cli.types import in_major
from gateway.cli.what_if_chart import Bars, Chart, draw, require_drawable
from gateway.rate_files.book_files import RateBookFile, changes_of
from gateway.rate_files.documents import read_document
from gateway.translation.rate_terms import change_message

BAR_WIDTH = 20
"""Blocks of the longest bar in a table."""

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command(name="what-if")
@click.argument("proposal", type=click.IntRange(min=1), required=False)
@click.option(
    "--file",
    "file",
    type=_FILE,
    help="Changes that nobody proposed yet, in a file as `propose-file` takes it (TOML).",
)
@click.option(
    "--windows",
    type=click.IntRange(1, 400),
    default=7,
    show_default=True,
    help="How many windows back, from the open one.",
)
@click.option("--chart", type=_FILE, help="Also draw nets and fees into this .svg or .png file.")
@signed_options
def what_if(
    session: Session, *, proposal: int | None, file: Path | None, windows: int, chart: Path | None
) -> None:
    """Replay the conversions of the last windows as if PROPOSAL had been in force.

    Shows what it would have changed: each participant's net, its fees, points outstanding, and
    limits that would have been crossed. Nothing is written.
    """
    if chart is not None:
        require_drawable(chart)
    request = _request(session, proposal, file, windows)
    result, known = read_with_decimals(session, "Rates.WhatIf", request, rates_pb2.WhatIfResult)
    if chart is not None:
        subject = f"proposal {proposal}" if proposal else f"the changes of {file}"
        _draw(result, subject, session, chart)
    if session.as_json:
        output.show_json(output.as_dict(result))
    else:
        _show(result, session, known)


def _request(
    session: Session, proposal: int | None, file: Path | None, windows: int
) -> rates_pb2.WhatIfRequest:
    """About a proposal, or about the changes of a file. Raises BadUse, BadFile."""
    if (proposal is None) == (file is None):
        message = "name a proposal by its number, or changes with --file: one of them"
        raise BadUse(message)
    if file is None:
        return rates_pb2.WhatIfRequest(proposal=proposal, windows=windows)
    changes = changes_of(read_document(file, RateBookFile), scale_of(session))
    return rates_pb2.WhatIfRequest(changes=map(change_message, changes), windows=windows)


def _show(result: rates_pb2.WhatIfResult, session: Session, known: Decimals) -> None:
    currency = session.profile.currency

    def money(minor: int) -> str:
        return in_major(minor, currency.exponent)

    rows: list[Sequence[output.Cell]] = [
        ("windows", span(result.windows)),
        ("conversions", result.conversions),
    ]
    if result.left_out:
        rows.append(("older ones, left out", result.left_out))
    rows += [
        (f"would have been refused: {_reason(refused.reason)}", refused.conversions)
        for refused in result.refused_by
    ]
    output.show_table("What if", ("replayed", "count"), rows)
    _show_rows(f"Nets in {currency.code}", "participant", result.nets, lambda _, n: money(n))
    _show_rows(
        f"Owed to the operator in fees, in {currency.code}",
        "participant",
        result.fees,
        lambda _, n: money(n),
    )
    _show_rows(
        "Outstanding points, change",
        "programme",
        result.outstanding,
        lambda name, n: str(known.in_programme(n, name)),
    )
    if not result.crossings:
        output.note("No limit would have been crossed that was not.")
        return
    output.show_table(
        f"Limits that would have been crossed, in {currency.code}",
        ("participant", "by conversion", "net debit", "limit"),
        [
            (c.participant, c.number, money(c.net_debit_minor), money(c.limit_minor))
            for c in result.crossings
        ],
    )


def _show_rows(
    title: str,
    what: str,
    rows: Iterable[rates_pb2.WhatIfRow],
    words: Callable[[str, int], str],
) -> None:
    """Before, after and the change, with a bar as long as the change is large."""
    listed = list(rows)
    changes = [row.after_minor - row.before_minor for row in listed]
    output.show_table(
        title,
        (what, "before", "after", "change", ""),
        [
            (
                row.name,
                words(row.name, row.before_minor),
                words(row.name, row.after_minor),
                words(row.name, change),
                bar(change, max(map(abs, changes))),
            )
            for row, change in zip(listed, changes, strict=True)
        ],
    )


def bar(change: int, largest: int) -> str:
    """A bar with its sign, in proportion to the largest change; none for no change."""
    if not change:
        return ""
    blocks = max(1, abs(change) * BAR_WIDTH // largest)
    return f"{'+' if change > 0 else '-'} {'█' * blocks}"


def span(windows: Sequence[int]) -> str:
    """The windows in words: 4, or 3 to 9."""
    first, last = windows[0], windows[-1]
    return str(first) if first == last else f"{first} to {last}"


def _reason(reason: errors_pb2.Reason) -> str:
    return output.enum_name(errors_pb2.Reason.Name(reason), "REASON_")


def _draw(result: rates_pb2.WhatIfResult, subject: str, session: Session, path: Path) -> None:
    currency = session.profile.currency
    refused = f", of which {result.refused} would have been refused" if result.refused else ""
    windows = f"window{'' if len(result.windows) == 1 else 's'} {span(result.windows)}"
    draw(
        Chart(
            title=f"What if {subject} had been in force",
            subtitle=f"{result.conversions} conversions of {windows}{refused}",
            currency=currency.code,
            exponent=currency.exponent,
            panels=(
                ("Net of each participant", _bars(result.nets)),
                ("Owed to the operator in fees, spread and rounding", _bars(result.fees)),
            ),
        ),
        path,
    )
    output.note(f"The chart is in {path}.")


def _bars(rows: Iterable[rates_pb2.WhatIfRow]) -> list[Bars]:
    return [Bars(row.name, row.before_minor, row.after_minor) for row in rows]
