"""`coalition rates`: what points are worth in the shared currency."""

from datetime import datetime
from fractions import Fraction

import click

from coalition.v1 import rates_pb2
from gateway.cli import output
from gateway.cli.points import decimals, points_exponent_option
from gateway.cli.session import Session, request_id_option, signed_options
from gateway.cli.types import (
    EXACT,
    INSTANT,
    PART,
    fraction,
    per_minor_unit,
    per_point,
    plain,
)
from gateway.cli.what_if_command import what_if


@click.group()
def rates() -> None:
    """What points are worth in the shared currency."""


@rates.command(name="list")
@click.option("--programme", default="", help="One programme; by default all.")
@click.option("--as-of", type=INSTANT, help="As the book stood then; by default its history.")
@points_exponent_option
@signed_options
def list_rates(
    session: Session, *, programme: str, as_of: datetime | None, points_exponent: int | None
) -> None:
    """The rate book, in shared units per point."""
    request = rates_pb2.ListRatesRequest(programme=programme, as_of=as_of)
    book = session.read("Rates.ListRates", request, rates_pb2.RateBook)
    if session.as_json:
        output.show_json(output.as_dict(book))
        return
    shared, known = session.profile.currency, decimals(session)
    priced = [v for v in book.versions if v.change.HasField("rate")]

    def whole(version: rates_pb2.BookVersion, name: str) -> str:
        terms = version.change.rate
        if not terms.HasField(name):
            return ""
        exponent = known.exponent_of(terms.programme, points_exponent)
        return per_point(getattr(terms, name), shared.exponent, exponent)

    output.show_list(
        book,
        priced,
        f"Rates in {shared.code} per point",
        [
            ("version", lambda v: v.version),
            ("proposal", lambda v: v.proposal),
            ("programme", lambda v: v.change.rate.programme),
            ("in", lambda v: whole(v, "rate_in")),
            ("out", lambda v: whole(v, "cost_out")),
            ("fee", lambda v: _part(v.change.rate.fee)),
            ("spread", lambda v: _part(v.change.rate.spread)),
            ("from", lambda v: output.instant(v.change.effective_from)),
        ],
        as_json=False,
    )


@rates.command()
@click.argument("programme")
@click.option("--rate-in", required=True, type=EXACT, help="Shared units for a point going in.")
@click.option("--cost-out", required=True, type=EXACT, help="Shared units for a point going out.")
@click.option("--fee", type=PART, default="0", show_default=True, help="Part kept on the way in.")
@click.option(
    "--spread", type=PART, default="0", show_default=True, help="Further part kept on the way in."
)
@click.option("--effective-from", type=INSTANT, help="By default when it is approved.")
@click.option("--reason", required=True, help="Why, for the record.")
@points_exponent_option
@request_id_option
@signed_options
def propose(  # noqa: PLR0913 - one parameter per option
    session: Session,
    *,
    programme: str,
    rate_in: Fraction,
    cost_out: Fraction,
    fee: Fraction,
    spread: Fraction,
    effective_from: datetime | None,
    reason: str,
    points_exponent: int | None,
    request_id: str | None,
) -> None:
    """Propose a rate for PROGRAMME. It takes effect when it is approved.

    Rates are whole shared units per whole point: --rate-in 0.50 says that a point is worth
    half a unit. Decimals and fractions (1/3) are kept exactly.
    """
    shared = session.profile.currency.exponent
    exponent = decimals(session).exponent_of(programme, points_exponent)
    terms = rates_pb2.RateTerms(
        programme=programme,
        rate_in=per_minor_unit(rate_in, shared, exponent),
        cost_out=per_minor_unit(cost_out, shared, exponent),
        fee=fraction(fee),
        spread=fraction(spread),
    )
    change = rates_pb2.BookChange(rate=terms, effective_from=effective_from)
    request = rates_pb2.ProposeRequest(changes=[change], reason=reason)
    session.write("Rates.Propose", request, request_id)


@rates.command()
@click.argument("proposal", type=click.IntRange(min=1))
@request_id_option
@signed_options
def approve(session: Session, *, proposal: int, request_id: str | None) -> None:
    """Approve the proposal of that number."""
    request = rates_pb2.ApproveRequest(proposal=proposal)
    session.write("Rates.Approve", request, request_id)


def _part(value: object) -> str:
    numerator = getattr(value, "numerator", 0)
    denominator = getattr(value, "denominator", 0)
    return plain(Fraction(numerator, denominator)) if denominator else "0"


rates.add_command(what_if)
