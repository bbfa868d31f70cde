"""`coalition breaks`: differences between records and the ledger, and what becomes of them."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from coalition.v1 import reconciliation_pb2 as pb
from gateway.cli import output
from gateway.cli.failures import BadUse
from gateway.cli.points import MINOR
from gateway.cli.session import Session, request_id_option, signed_options
from gateway.cli.types import EXACT, in_major, to_minor

LISTED = 500
"""Most that one answer holds; what is above is asked for with --after."""

F = TypeVar("F", bound=Callable[..., Any])


class BreakId(click.ParamType[pb.BreakRef]):
    """A break: 17, or 17.3 for the third of a reconciliation."""

    name = "break"

    def convert(
        self,
        value: Any,  # noqa: ANN401 - what click gives
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> pb.BreakRef:
        """A number, a point and an item."""
        if isinstance(value, pb.BreakRef):
            return value
        number, _, item = str(value).partition(".")
        digits = (number, item or "0")
        if not all(d.isascii() and d.isdecimal() and len(d) < 10 for d in digits):  # noqa: PLR2004 - fits
            self.fail("is the number of a break, such as 17 or 17.3", param, ctx)
        return pb.BreakRef(break_number=int(number), item=int(item or 0))


BREAK = BreakId()

_break = click.argument("break_ref", type=BREAK, metavar="BREAK")
_words = click.option("--words", required=True, help="Why, for the record; no personal data.")
_evidence = click.option(
    "--evidence",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    help="A document that you keep; its SHA-256 goes on record.",
)


def _step_options(function: F) -> F:
    """What every step of a break takes."""
    for option in (signed_options, request_id_option, _evidence, _words, _break):
        function = option(function)
    return function


@click.group()
def breaks() -> None:
    """Differences between records or reports and the ledger, and ending them."""


@breaks.command("list")
@click.option("--open", "only_open", is_flag=True, help="Only those that are not resolved.")
@click.option("--window", type=click.IntRange(min=1), help="Only those of records of a window.")
@click.option("--after", type=BREAK, default="0", help="Only those above this one.")
@signed_options
def list_command(
    session: Session, *, only_open: bool, window: int | None, after: pb.BreakRef
) -> None:
    """Breaks by number; at most 500 at once.

    Amounts are in the shared currency; of a delivery in minor units of the target.
    """
    exponent = session.profile.currency.exponent
    request = pb.ListBreaksRequest(
        page_size=LISTED,
        after_number=after.break_number,
        after_item=after.item,
        open=only_open,
        window=window or 0,
    )
    found = session.read("Breaks.ListBreaks", request, pb.BreakList)
    output.show_list(
        found,
        found.breaks,
        "Breaks",
        [
            ("break", _id),
            ("kind", lambda b: _kind(b.kind)),
            ("state", _state),
            ("owner", lambda b: b.owner),
            ("with", lambda b: b.counterparty),
            ("about", _about),
            ("ledger", lambda b: _amount(b, b.ledger_minor, exponent)),
            ("reported", lambda b: _amount(b, b.reported_minor, exponent)),
            ("reference", lambda b: b.reference),
            ("days", lambda b: b.age_days),
        ],
        as_json=session.as_json,
    )


@breaks.command()
@_break
@signed_options
def show(session: Session, *, break_ref: pb.BreakRef) -> None:
    """One break: what would end it, and what was done."""
    # Items count from 1, so what comes before an item is the item before it.
    before = (break_ref.break_number, break_ref.item - 1)
    if break_ref.item <= 1:
        before = (break_ref.break_number - 1, 0)
    request = pb.ListBreaksRequest(page_size=LISTED, after_number=before[0], after_item=before[1])
    page = session.read("Breaks.ListBreaks", request, pb.BreakList)
    wanted = (break_ref.break_number, break_ref.item)
    for found in page.breaks:
        if (found.break_number, found.item) == wanted:
            output.show_message(found, f"Break {_id(found)}", as_json=session.as_json)
            return
    message = f"there is no break {wanted[0]}.{wanted[1]} of yours; see `coalition breaks list`"
    raise BadUse(message)


@breaks.command()
@_step_options
def accept(
    session: Session,
    *,
    break_ref: pb.BreakRef,
    words: str,
    evidence: Path | None,
    request_id: str | None,
) -> None:
    """Say that the ledger is right: that resolves your BREAK."""
    request = pb.AcceptBreakRequest(
        break_ref=break_ref, words=words, evidence_sha256=_sha256(evidence)
    )
    session.write("Breaks.Accept", request, request_id, told=_told)


@breaks.command()
@_step_options
def dispute(
    session: Session,
    *,
    break_ref: pb.BreakRef,
    words: str,
    evidence: Path | None,
    request_id: str | None,
) -> None:
    """Say that the ledger is wrong about your BREAK."""
    request = pb.DisputeBreakRequest(
        break_ref=break_ref, words=words, evidence_sha256=_sha256(evidence)
    )
    session.write("Breaks.Dispute", request, request_id, told=_told)


@breaks.command()
@click.option("--entry", type=click.IntRange(min=1), help="The entry that corrected it.")
@click.option("--debtor", help="Of an adjustment: who is to owe.")
@click.option("--creditor", help="Of an adjustment: to whom.")
@click.option("--amount", type=EXACT, help="Of an adjustment, in the shared currency.")
@_step_options
def correct(  # noqa: PLR0913 - options, each by name
    session: Session,
    *,
    break_ref: pb.BreakRef,
    entry: int | None,
    debtor: str | None,
    creditor: str | None,
    amount: Any,  # noqa: ANN401 - a fraction or none
    words: str,
    evidence: Path | None,
    request_id: str | None,
) -> None:
    """Correct a BREAK: name the entry that did, or sign an adjustment.

    An adjustment is booked once both debtor and creditor have signed the same.
    """
    terms = (debtor, creditor, amount)
    sha256 = _sha256(evidence)
    if entry is not None and not any(terms):
        by_entry = pb.CorrectBreakRequest(
            break_ref=break_ref, entry=entry, words=words, evidence_sha256=sha256
        )
        session.write("Breaks.Correct", by_entry, request_id, told=_told)
    elif entry is None and all(terms):
        adjustment = pb.Adjustment(
            debtor=debtor,
            creditor=creditor,
            amount_minor=to_minor(amount, session.profile.currency.exponent),
        )
        signed = pb.AdjustBreakRequest(
            break_ref=break_ref, adjustment=adjustment, words=words, evidence_sha256=sha256
        )
        session.write("Breaks.Adjust", signed, request_id, told=_told)
    else:
        message = "give --entry, or --debtor, --creditor and --amount"
        raise click.UsageError(message)


@breaks.command("write-off")
@_step_options
def write_off(
    session: Session,
    *,
    break_ref: pb.BreakRef,
    words: str,
    evidence: Path | None,
    request_id: str | None,
) -> None:
    """Give a BREAK up: by two persons of the operator, one after the other. Books nothing."""
    request = pb.WriteOffBreakRequest(
        break_ref=break_ref, words=words, evidence_sha256=_sha256(evidence)
    )
    session.write("Breaks.WriteOff", request, request_id, told=_told)


def _sha256(evidence: Path | None) -> bytes:
    return b"" if evidence is None else hashlib.sha256(evidence.read_bytes()).digest()


def _told(_: Any, found: pb.Break) -> list[tuple[str, str]]:  # noqa: ANN401 - a client
    last = found.steps[-1]
    step = output.enum_name(pb.BreakStepKind.Name(last.kind), "BREAK_STEP_KIND_")
    return [("break", _id(found)), ("step", step), ("state", _state(found))]


def _id(b: pb.Break) -> str:
    return f"{b.break_number}.{b.item}" if b.item else str(b.break_number)


def _about(b: pb.Break) -> str:
    if b.conversion:
        return f"conversion {b.conversion}"
    return f"window {b.window}"


def _amount(b: pb.Break, minor: int, exponent: int) -> str:
    return f"{minor}{MINOR}" if b.conversion else in_major(minor, exponent)


def _state(b: pb.Break) -> str:
    if b.resolution:
        return output.enum_name(pb.BreakStepKind.Name(b.resolution), "BREAK_STEP_KIND_")
    return output.enum_name(pb.BreakState.Name(b.state), "BREAK_STATE_")


def _kind(value: pb.BreakKind) -> str:
    return output.enum_name(pb.BreakKind.Name(value), "BREAK_KIND_")
