"""`coalition rates`: what points are worth in the shared currency."""

from datetime import datetime
from fractions import Fraction

import click

from coalition.v1 import rates_pb2
from gateway.cli import output
from gateway.cli.session import Session, request_id_option, signed_options
from gateway.cli.types import (
    EXACT,
    INSTANT,
    PART,
    fraction,
    per_minor_unit,
    per_point,
    plain,
    points_exponent_option,
)


@click.group()
def rates() -> None:
    """What points are worth in the shared currency."""


@rates.command(name="list")
@click.option("--programme", default="", help="One programme; by default all.")
@click.option("--as-of", type=INSTANT, help="As the book stood then; by default its history.")
@points_exponent_option
@signed_options
def list_rates(
    session: Session, *, programme: str, as_of: datetime | None, points_exponent: int
) -> None:
    """The rate book, in shared units per point."""
    request = rates_pb2.ListRatesRequest(programme=programme, as_of=as_of)
    book = session.read("Rates.ListRates", request, rates_pb2.RateBook)
    shared = session.profile.currency.exponent
    output.show_list(
        book,
        book.rates,
        f"Rates in {session.profile.currency.code} per point",
        [
            ("proposal", lambda r: r.proposal),
            ("version", lambda r: r.version or None),
            ("programme", lambda r: r.terms.programme),
            ("in", lambda r: per_point(r.terms.rate_in, shared, points_exponent)),
            ("out", lambda r: per_point(r.terms.cost_out, shared, points_exponent)),
            ("fee", lambda r: _part(r.terms.fee)),
            ("spread", lambda r: _part(r.terms.spread)),
            ("from", lambda r: output.instant(r.effective_from)),
            ("state", lambda r: _state(r.state)),
            ("proposed by", lambda r: r.proposed_by),
            ("approved by", lambda r: r.approved_by),
            ("reason", lambda r: r.reason),
        ],
        as_json=session.as_json,
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
    points_exponent: int,
    request_id: str | None,
) -> None:
    """Propose a rate for PROGRAMME. It takes effect when it is approved.

    Rates are whole shared units per whole point: --rate-in 0.50 says that a point is worth
    half a unit. Decimals and fractions (1/3) are kept exactly.
    """
    shared = session.profile.currency.exponent
    terms = rates_pb2.RateTerms(
        programme=programme,
        rate_in=per_minor_unit(rate_in, shared, points_exponent),
        cost_out=per_minor_unit(cost_out, shared, points_exponent),
        fee=fraction(fee),
        spread=fraction(spread),
    )
    request = rates_pb2.ProposeRateRequest(
        terms=terms, effective_from=effective_from, reason=reason
    )
    session.write("Rates.ProposeRate", request, request_id)


@rates.command()
@click.argument("proposal", type=click.IntRange(min=1))
@request_id_option
@signed_options
def approve(session: Session, *, proposal: int, request_id: str | None) -> None:
    """Approve the proposal of that number."""
    request = rates_pb2.ApproveRateRequest(proposal=proposal)
    session.write("Rates.ApproveRate", request, request_id)


def _part(value: object) -> str:
    numerator = getattr(value, "numerator", 0)
    denominator = getattr(value, "denominator", 0)
    return plain(Fraction(numerator, denominator)) if denominator else "0"


def _state(value: rates_pb2.RateState) -> str:
    return output.enum_name(rates_pb2.RateState.Name(value), "RATE_STATE_")
