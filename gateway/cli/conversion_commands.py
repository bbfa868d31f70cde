"""`coalition rates load`, `check` and `convert`: published conversions (CSV) as a rate book.

Nothing but `load` speaks to a gateway.
"""

import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import click

from gateway.cli import output
from gateway.cli.failures import ROWS_REFUSED, BadUse
from gateway.cli.rate_proposals import propose_changes, scale_of
from gateway.cli.session import Session, request_id_option, signed_options
from gateway.cli.types import EXACT, INSTANT, in_major, plain, to_minor
from gateway.rate_files import conversions
from gateway.rate_files.checking import Fault, Step, Verdict, judge
from gateway.rate_files.conversions import Conversions, converted, names_in, timing
from gateway.rate_files.declarations import Declaration
from gateway.rate_files.documents import Document, read_document
from gateway.rate_files.replaying import Given, NothingGiven, given
from gateway.rate_files.rows import Row, read_rows
from partners.programmes.money import in_words

_PATH = click.Path(dir_okay=False, path_type=Path)
_file = click.argument("file", metavar="FILE", type=_PATH)
_declare = click.option(
    "--declare",
    required=True,
    type=_PATH,
    help="TOML with what the file leaves open: worths, prices, who pays for bonuses.",
)
_json = click.option("--json", "as_json", is_flag=True, help="JSON instead of tables.")


def _read(file: Path, declare: Path) -> tuple[tuple[Row, ...], Document[Declaration]]:
    rows, declared = read_rows(file), read_document(declare, Declaration)
    unused = conversions.unused(rows, declared.content)
    if unused:
        output.note(f"Declared, and in no row: {', '.join(unused)}.")
    return rows, declared


@click.command()
@_file
@_declare
@click.option("--reason", required=True, help="Why, for the record.")
@click.option(
    "--effective-now",
    is_flag=True,
    help="Rows that are in force already begin when they are approved.",
)
@request_id_option
@signed_options
def load(
    session: Session,
    *,
    file: Path,
    declare: Path,
    reason: str,
    effective_now: bool,
    request_id: str | None,
) -> None:
    """Propose all conversions of FILE (CSV) as one proposal. Rows that are over are left out."""
    rows, declared = _read(file, declare)
    now = datetime.now(UTC)
    when = timing(rows, now)
    if when.running and not effective_now:
        listed = "\n".join(f"  {row}" for row in when.running)
        message = (
            "these rows are in force already, and nothing begins in the past; say "
            f"--effective-now to let them begin when they are approved:\n{listed}"
        )
        raise BadUse(message)
    for row in when.past:
        output.note(f"Over, and left out: {row}.")
    kept = [row for row in rows if row not in when.past]
    if not kept:
        raise BadUse(f"every row of {file} is over")
    gateway = scale_of(session)
    scale = conversions.scale_of(kept, declared, gateway.programmes, gateway.shared)
    found = conversions.begun(converted(kept, declared, scale, rows), now)
    propose_changes(session, [change for change, _ in found.changes], reason, request_id)


@click.command()
@_file
@_declare
@_json
def check(*, file: Path, declare: Path, as_json: bool) -> None:
    """Check the conversions of FILE at every instant, without a gateway.

    A member who could come back with more than before is shown with every amount, and the row to
    blame: an offer before standing terms, then the row that begins last. It is left out and the
    others are checked again, so that all others pass together. Exit code 4 where some do not.
    """
    rows, declared = _read(file, declare)
    found = converted(rows, declared, conversions.scale_of(rows, declared))
    verdict = judge(found)
    if as_json:
        output.show_json(_verdict_json(verdict, found))
    else:
        _show_verdict(verdict, found)
    if verdict.faults or verdict.not_proven:
        sys.exit(ROWS_REFUSED)


def _units(found: Conversions, step: Step) -> tuple[str, str]:
    """What a step gives and gets, in whole points."""
    return (
        _points(found, step.source_minor, step.row.columns.source),
        _points(found, step.target_minor, step.row.columns.target),
    )


def _points(found: Conversions, minor: int, name: str) -> str:
    return in_major(minor, found.scale.programmes[found.ids[name]])


def _show_verdict(verdict: Verdict, found: Conversions) -> None:
    rows = [*verdict.passed, *(fault.row for fault in verdict.faults)]
    output.show_table(
        "Instants at which something begins or ends",
        ("instant", "begin", "end", "found"),
        (
            (
                instant.isoformat(),
                _numbers(row for row in rows if row.begins == instant),
                _numbers(row for row in rows if row.ends == instant),
                _found_at(instant, verdict, found),
            )
            for instant in verdict.instants
        ),
    )
    for fault in verdict.faults:
        _show_fault(fault, found)
    if verdict.not_proven:
        click.echo(f"Not proven: {verdict.not_proven}.")
        return
    total = len(verdict.passed) + len(verdict.faults)
    click.echo(f"{len(verdict.passed)} of {total} rows pass together: {_numbers(verdict.passed)}.")


def _found_at(instant: datetime, verdict: Verdict, found: Conversions) -> str:
    faults = [fault for fault in verdict.faults if fault.instant == instant]
    if faults:
        return "; ".join(_why(fault, found) for fault in faults)
    return "" if verdict.not_proven else "sound"


def _why(fault: Fault, found: Conversions) -> str:
    source = fault.row.columns.source
    if not fault.chain:
        amount = _points(found, fault.unfunded_minor or 0, source)
        return f"row {fault.row.number}: {amount} {source} are not paid for"
    first = fault.chain[0].row.columns.source
    gain = _points(found, fault.gain_minor, first)
    return f"row {fault.row.number}: a member gains {gain} {first}"


def _show_fault(fault: Fault, found: Conversions) -> None:
    click.echo(f"Does not pass: {fault.row}.")
    if not fault.chain:
        click.echo(f"  {_why(fault, found)}; declare a shortfall_funder, or another price.")
        return
    first = fault.chain[0].row.columns.source
    path = [f"{_units(found, fault.chain[0])[0]} {first}"]
    for step in fault.chain:
        by = f"row {step.row.number}" + (f", offer {step.offer}" if step.offer else "")
        path.append(f"{_units(found, step)[1]} {step.row.columns.target} (by {by})")
    click.echo(f"  {' -> '.join(path)}: {_points(found, fault.gain_minor, first)} {first} more.")
    fees = sum(step.money_fee_minor for step in fault.chain)
    if fees:
        click.echo(f"  For fees in money worth {in_major(fees, found.scale.shared)} shared units.")


def _numbers(rows: Iterable[Row]) -> str:
    """Numbers of rows, those in a row as a range: 1-38, 40."""
    ranges: list[list[int]] = []
    for number in sorted(row.number for row in rows):
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ", ".join(f"{a}-{b}" if a != b else str(a) for a, b in ranges)


def _verdict_json(verdict: Verdict, found: Conversions) -> dict[str, object]:
    return {
        "instants": [instant.isoformat() for instant in verdict.instants],
        "passed": [row.number for row in verdict.passed],
        "faults": [_fault_json(fault, found) for fault in verdict.faults],
        "not_proven": verdict.not_proven,
    }


def _fault_json(fault: Fault, found: Conversions) -> dict[str, object]:
    return {
        "instant": fault.instant.isoformat(),
        "row": fault.row.number,
        "line": fault.row.line,
        "why": _why(fault, found),
        "chain": [
            {
                "row": step.row.number,
                "offer": step.offer,
                "source": step.row.columns.source,
                "target": step.row.columns.target,
                "gives": _units(found, step)[0],
                "gets": _units(found, step)[1],
            }
            for step in fault.chain
        ],
    }


@click.command()
@_file
@click.argument("source")
@click.argument("target")
@click.argument("amount", type=EXACT)
@_declare
@click.option("--at", required=True, type=INSTANT, help="At which instant.")
@_json
def convert(
    *,
    file: Path,
    source: str,
    target: str,
    amount: Fraction,
    declare: Path,
    at: datetime,
    as_json: bool,
) -> None:
    """What AMOUNT points of SOURCE would give of TARGET by FILE, without a gateway.

    SOURCE and TARGET are as FILE names them. Nothing is converted.
    """
    rows, declared = _read(file, declare)
    for name in (source, target):
        if name not in names_in(rows):
            message = f"no row names {name!r}; there are {', '.join(names_in(rows))}"
            raise BadUse(message)
    found = converted(rows, declared, conversions.scale_of(rows, declared))
    pair = found.ids[source], found.ids[target]
    amount_minor = to_minor(amount, found.scale.programmes[pair[0]])
    try:
        answer = given(found, pair, amount_minor, at)
    except NothingGiven as problem:
        raise BadUse(f"nothing is converted at {at.isoformat()}: {problem}") from None
    fields = _answer(answer, found)
    if as_json:
        output.show_json({**dict(fields), "steps": list(answer.steps)})
        return
    steps = [(f"step {place}", step) for place, step in enumerate(answer.steps, start=1)]
    output.show_table("It would be", ("field", "value"), [*fields, *steps])


def _answer(answer: Given, found: Conversions) -> Sequence[tuple[str, str]]:
    amounts, columns = answer.amounts, answer.row.columns
    rows = [
        ("gives", f"{_points(found, amounts.source_minor, columns.source)} {columns.source}"),
        ("gets", f"{_points(found, amounts.target_minor, columns.target)} {columns.target}"),
        ("remainder", str(amounts.remainder)),
    ]
    for bonus in amounts.bonuses:
        points = _points(found, bonus.target_minor, columns.target)
        rows.append(("bonus", f"{points} {columns.target}, paid for by {bonus.funder}"))
    if amounts.money_fee is not None:
        rows.append(("money fee", in_words(amounts.money_fee.minor, amounts.money_fee.currency)))
    if answer.offer:
        rows.append(("offer", answer.offer))
    rows += [("row", str(answer.row.number)), ("ratio", plain(answer.row.ratio))]
    return rows
