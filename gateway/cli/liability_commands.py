"""`coalition liabilities`: roll-forward, points outstanding, breakage, float."""

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import click

from coalition.v1 import liabilities_pb2 as pb
from gateway.cli import output
from gateway.cli.failures import NotProven
from gateway.cli.liability_chart import Bars, draw
from gateway.cli.session import Session, signed_options
from gateway.cli.types import INSTANT, in_major
from gateway.cli.what_if_chart import require_drawable

F = TypeVar("F", bound=Callable[..., object])
Row = Sequence[output.Cell]

CONVERTED_IN = "(converted in)"
"""Stands for the funder of points that another programme's points became."""

_FILE = click.Path(dir_okay=False, path_type=Path)
_csv_option = click.option(
    "--csv", "csv_file", type=_FILE, help="Also write the figures into this file, in minor units."
)
_chart_option = click.option("--chart", type=_FILE, help="Also draw into this .svg or .png file.")
_programme_argument = click.argument("programme")


@click.group()
def liabilities() -> None:
    """What programmes owe their members in points, and the float of the shared currency."""


@liabilities.command(name="roll-forward")
@click.argument("programme", required=False, default="")
@click.option("--window", type=click.IntRange(min=1), help="The window, or the first of some.")
@click.option("--last-window", type=click.IntRange(min=1), help="The last window of some.")
@click.option("--first-number", type=click.IntRange(min=0), help="Number of the first entry.")
@click.option("--last-number", type=click.IntRange(min=1), help="Number of the last entry.")
@click.option("--since", type=INSTANT, help="From this instant on (ISO 8601, with its zone).")
@click.option("--until", type=INSTANT, help="Until before this instant.")
@_csv_option
@_chart_option
@signed_options
def roll_forward(  # noqa: PLR0913 - three ways to name a span
    session: Session,
    *,
    programme: str,
    window: int | None,
    last_window: int | None,
    first_number: int | None,
    last_number: int | None,
    since: datetime | None,
    until: datetime | None,
    csv_file: Path | None,
    chart: Path | None,
) -> None:
    """How points outstanding came from the opening to the closing of a span.

    Of PROGRAMME, or of all that you are told of; from the first entry on where no span is named.
    Ends with exit code 5 where lines and counters of the ledger do not agree.
    """
    _require_drawable(chart)
    span = pb.LedgerSpan(
        first_window=window or 0,
        last_window=last_window or 0,
        first_number=first_number or 0,
        last_number=last_number or 0,
    )
    for name, instant in (("since", since), ("until", until)):
        if instant is not None:
            getattr(span, name).FromDatetime(instant)
    request = pb.GetRollForwardRequest(programme=programme, span=span)
    found = session.read("Liabilities.GetRollForward", request, pb.RollForwardList)
    columns = ("programme", "currency", "what", "amount_minor")
    rows = [
        (rolled.programme, rolled.currency, what, amount)
        for rolled in found.programmes
        for what, amount in _steps(rolled)
    ]
    _write_csv(csv_file, columns, rows)
    if chart is not None:
        _draw_rolled(found, chart)
    if session.as_json:
        output.show_json(output.as_dict(found))
    else:
        _show_rolled(found)
    _require_agreeing(found)


def _steps(rolled: pb.RollForward) -> Iterable[tuple[str, int]]:
    yield "opening", rolled.opening_minor
    for moved in rolled.movements:
        yield _words(pb.PointsMovement.Name(moved.movement), "POINTS_MOVEMENT_"), moved.amount_minor
    yield "closing", rolled.closing_minor


def _words(name: str, prefix: str) -> str:
    return output.enum_name(name, prefix).lower().replace("_", " ")


def _show_rolled(found: pb.RollForwardList) -> None:
    output.note(f"Entries {found.first_number} to {found.last_number} of the ledger.")
    for rolled in found.programmes:
        rows = [(what, in_major(amount, rolled.exponent)) for what, amount in _steps(rolled)]
        output.show_table(f"{rolled.programme}, in {rolled.currency}", ("what", "points"), rows)
        _note_kept(rolled.programme, kept=rolled.kept_by_partner)


def _note_kept(programme: str, *, kept: bool) -> None:
    if kept:
        output.note(
            f"The partner keeps the balances of {programme} itself: the ledger knows what passed "
            "through it, and not what is used in the partner's own system."
        )


def _require_agreeing(found: pb.RollForwardList) -> None:
    wrong = [r for r in found.programmes if r.closing_minor != r.counted_minor]
    if wrong:
        message = "; ".join(
            f"{r.programme}: lines say {r.closing_minor}, counters {r.counted_minor} minor units"
            for r in wrong
        )
        raise NotProven(message)


def _draw_rolled(found: pb.RollForwardList, path: Path) -> None:
    """Of each programme its share of the opening, for programmes have units of their own."""
    rows = [
        (f"{rolled.programme} {what}", {"points": amount * 10 ** (6 - rolled.exponent)})
        for rolled in found.programmes
        for what, amount in _steps(rolled)
    ]
    span = f"Entries {found.first_number} to {found.last_number}"
    _drawn(Bars("Points outstanding, rolled forward", span, "points", 6, rows), path)


@liabilities.command()
@_programme_argument
@click.option("--window", type=click.IntRange(min=1), help="As of the end of this window.")
@_csv_option
@_chart_option
@signed_options
def outstanding(
    session: Session,
    *,
    programme: str,
    window: int | None,
    csv_file: Path | None,
    chart: Path | None,
) -> None:
    """Points outstanding of PROGRAMME by month of issue and funder; used are the oldest first."""
    _require_drawable(chart)
    request = pb.GetOutstandingRequest(programme=programme, window=window or 0)
    found = session.read("Liabilities.GetOutstanding", request, pb.OutstandingPoints)
    rest = [
        ("", what, amount)
        for what, amount in (
            ("(debts of members)", found.debts_minor),
            ("(unexplained)", found.unexplained_minor),
        )
        if amount
    ]
    rows = [(lot.month, lot.funder or CONVERTED_IN, lot.amount_minor) for lot in found.lots] + rest
    _write_csv(csv_file, ("month", "funder", "amount_minor"), rows)
    if chart is not None:
        title = f"{programme}: points outstanding by month of issue"
        subtitle = f"{in_major(found.outstanding_minor, found.exponent)} {found.currency} in all"
        by_month = _by_month((month or what, what, n) for month, what, n in rows)
        _drawn(Bars(title, subtitle, found.currency, found.exponent, by_month), chart)
    if session.as_json:
        output.show_json(output.as_dict(found))
        return
    shown = [(month, what, in_major(n, found.exponent)) for month, what, n in rows]
    total = ("in all", "", in_major(found.outstanding_minor, found.exponent))
    title = f"{programme}, in {found.currency}, up to entry {found.as_of_number}"
    output.show_table(title, ("month", "funder", "points"), [*shown, total])
    _note_kept(programme, kept=found.kept_by_partner)


def _by_month(rows: Iterable[tuple[str, str, int]]) -> list[tuple[str, Mapping[str, int]]]:
    found: dict[str, dict[str, int]] = {}
    for month, funder, amount in rows:
        found.setdefault(month, {})[funder] = amount
    return list(found.items())


_NO_ESTIMATE = {
    pb.BREAKAGE_STATE_KEPT_BY_PARTNER: (
        "the partner keeps the balances itself, so the ledger does not see what is used"
    ),
    pb.BREAKAGE_STATE_TOO_FEW_MONTHS: (
        "there is not enough data: it takes twelve whole months since the first issue, and there "
        "are {months}"
    ),
    pb.BREAKAGE_STATE_NOTHING_HAPPENED: (
        "there is not enough data: in {months} months no point was used and none lapsed"
    ),
}


@liabilities.command()
@_programme_argument
@_csv_option
@_chart_option
@signed_options
def breakage(
    session: Session, *, programme: str, csv_file: Path | None, chart: Path | None
) -> None:
    """Estimate how many points outstanding of PROGRAMME will never be used. Books nothing.

    As of the end of the last whole month. The method: docs/LIABILITIES.md.
    """
    _require_drawable(chart)
    request = pb.EstimateBreakageRequest(programme=programme)
    found = session.read("Liabilities.EstimateBreakage", request, pb.BreakageEstimate)
    columns = ("month", "issued_minor", "outstanding_minor", "breakage_minor")
    rows = [(c.month, c.issued_minor, c.outstanding_minor, c.breakage_minor) for c in found.cohorts]
    _write_csv(csv_file, columns, rows)
    if chart is not None:
        _draw_breakage(found, chart)
    if session.as_json:
        output.show_json(output.as_dict(found))
    elif found.state in _NO_ESTIMATE:
        why = _NO_ESTIMATE[found.state].format(months=found.months)
        output.note(f"No estimate for {programme}: {why}.")
    else:
        _show_breakage(found)


def _show_breakage(found: pb.BreakageEstimate) -> None:
    def points(minor: int) -> str:
        return in_major(minor, found.exponent)

    output.show_table(
        f"{found.programme}, in {found.currency}, at the end of {found.as_of_month}",
        ("what", "points"),
        [
            ("outstanding", points(found.outstanding_minor)),
            ("breakage, estimated", points(found.breakage_minor)),
            ("at the least", points(found.lowest_minor)),
            ("at the most", points(found.highest_minor)),
        ],
    )
    output.show_table(
        "By month of issue",
        ("month", "issued", "outstanding", "breakage"),
        [
            (c.month, *map(points, (c.issued_minor, c.outstanding_minor, c.breakage_minor)))
            for c in found.cohorts
        ],
    )
    output.show_table(
        "By age",
        ("months", "at risk", "used", "lapsed"),
        [
            (a.age_months, *map(points, (a.at_risk_minor, a.used_minor, a.lapsed_minor)))
            for a in found.ages
        ],
    )


def _draw_breakage(found: pb.BreakageEstimate, path: Path) -> None:
    rows = [
        (
            cohort.month,
            {
                "expected to be used": cohort.outstanding_minor - cohort.breakage_minor,
                "breakage, estimated": cohort.breakage_minor,
            },
        )
        for cohort in found.cohorts
    ]
    low, expected, high = (
        in_major(minor, found.exponent)
        for minor in (found.lowest_minor, found.breakage_minor, found.highest_minor)
    )
    subtitle = f"At the end of {found.as_of_month}: {expected}, between {low} and {high}"
    title = f"{found.programme}: breakage by month of issue"
    _drawn(Bars(title, subtitle, found.currency, found.exponent, rows), path)


_FLOAT_COLUMNS = (
    "window",
    "receipts, issued",
    "receipts, converted in",
    "reimbursed, spent",
    "reimbursed, converted out",
    "float",
    "outstanding",
)


@liabilities.command(name="float")
@click.option("--from-window", type=click.IntRange(min=1), help="The first window listed.")
@_csv_option
@_chart_option
@signed_options
def float_command(
    session: Session, *, from_window: int | None, csv_file: Path | None, chart: Path | None
) -> None:
    """What the operator was owed for the shared currency less what it owed for it, by window.

    Beside it what members hold. The float counts from the first window of all.
    """
    _require_drawable(chart)
    request = pb.GetFloatRequest(first_window=from_window or 0)
    found = session.read("Liabilities.GetFloat", request, pb.FloatReport)
    rows = [
        (
            w.window,
            w.issued_receipts_minor,
            w.converted_receipts_minor,
            w.redeemed_reimbursements_minor,
            w.converted_reimbursements_minor,
            w.float_minor,
            w.outstanding_minor,
        )
        for w in found.windows
    ]
    names = [name.replace(",", "").replace(" ", "_") for name in _FLOAT_COLUMNS]
    _write_csv(csv_file, [names[0], *(f"{name}_minor" for name in names[1:])], rows)
    if chart is not None:
        bars = [
            (f"window {w.window}", {"float": w.float_minor, "outstanding": w.outstanding_minor})
            for w in found.windows
        ]
        title = "Float of the shared currency, and what members hold of it"
        _drawn(Bars(title, "By window", found.currency, found.exponent, bars, beside=True), chart)
    if session.as_json:
        output.show_json(output.as_dict(found))
        return
    shown: list[Row] = [
        (window, *(in_major(minor, found.exponent) for minor in amounts))
        for window, *amounts in rows
    ]
    output.show_table(f"Float, in {found.currency}", _FLOAT_COLUMNS, shown)


def _require_drawable(path: Path | None) -> None:
    if path is not None:
        require_drawable(path)


def _drawn(chart: Bars, path: Path) -> None:
    draw(chart, path)
    output.note(f"The chart is in {path}.")


def _write_csv(path: Path | None, columns: Sequence[str], rows: Iterable[Row]) -> None:
    if path is None:
        return
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
    output.note(f"The figures are in {path}.")
