"""`coalition agreements`: terms between the issuer of points and their buyer."""

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction

import click

from coalition.v1 import agreements_pb2
from gateway.cli import output
from gateway.cli.points import decimals, points_exponent_option
from gateway.cli.session import Session, request_id_option, signed_options
from gateway.cli.types import (
    EXACT,
    INSTANT,
    PART,
    RANGE,
    fraction,
    in_major,
    per_minor_unit,
    per_point,
    plain,
    to_minor,
)

_PERMISSIONS = {
    "double-dip": agreements_pb2.PERMISSION_DOUBLE_DIP,
    "state-points": agreements_pb2.PERMISSION_STATE_POINTS,
    "enrol": agreements_pb2.PERMISSION_ENROL,
    "report-activities": agreements_pb2.PERMISSION_REPORT_ACTIVITIES,
    "fund-promotions": agreements_pb2.PERMISSION_FUND_PROMOTIONS,
    "redeem": agreements_pb2.PERMISSION_REDEEM,
}

_number = click.argument("agreement", type=click.IntRange(min=1))


@click.group()
def agreements() -> None:
    """Terms between the issuer of points and their buyer, signed by both."""


@agreements.command(name="list")
@points_exponent_option
@signed_options
def list_agreements(session: Session, *, points_exponent: int | None) -> None:
    """Your agreements, in whole points; an administrator sees all."""
    request = agreements_pb2.ListAgreementsRequest()
    found = session.read("Agreements.ListAgreements", request, agreements_pb2.AgreementList)
    if session.as_json:
        output.show_json(output.as_dict(found))
        return
    shared, known = session.profile.currency, decimals(session)

    def exponent(agreement: agreements_pb2.Agreement) -> int:
        return known.exponent_of(agreement.terms.programme, points_exponent)

    output.show_list(
        found,
        found.agreements,
        f"Agreements, prices in {shared.code} per point, cap and used in points",
        [
            ("number", lambda a: a.agreement),
            ("programme", lambda a: a.terms.programme),
            ("buyer", lambda a: a.terms.buyer),
            ("price", lambda a: per_point(a.terms.price, shared.exponent, exponent(a))),
            ("fee", lambda a: _part(a.terms)),
            ("reimbursed", lambda a: _reimbursed(a.terms, shared.exponent, exponent(a))),
            ("rate in", lambda a: _range(a.terms, "rate_in", shared.exponent, exponent(a))),
            ("cost out", lambda a: _range(a.terms, "cost_out", shared.exponent, exponent(a))),
            ("cap", lambda a: in_major(a.terms.cap_minor, exponent(a))),
            ("used", lambda a: in_major(a.used_minor, exponent(a))),
            ("permissions", lambda a: _permissions(a.terms)),
            ("from", lambda a: output.instant(a.terms.valid_from)),
            ("to", lambda a: output.instant(a.terms.valid_to)),
            ("state", lambda a: _state(a.state)),
            ("offered by", lambda a: a.offered_by),
        ],
        as_json=False,
    )


@agreements.command()
@click.argument("programme")
@click.option("--buyer", required=True, help="Participant that buys the programme's points.")
@click.option("--price", required=True, type=EXACT, help="Shared units for a point.")
@click.option(
    "--operator-fee",
    type=PART,
    default="0",
    show_default=True,
    help="Part of the price that the buyer owes the operator besides, such as 2%.",
)
@click.option("--cap", required=True, type=EXACT, help="Most points that may be issued under it.")
@click.option(
    "--permission",
    "permissions",
    multiple=True,
    type=click.Choice(list(_PERMISSIONS)),
    help="May be given several times.",
)
@click.option(
    "--reimbursement-price",
    type=EXACT,
    help="Shared units that you owe for a point of the shared currency spent at the buyer.",
)
@click.option(
    "--rate-in-range",
    type=RANGE,
    help="With the operator: within which the rate in is set without your consent.",
)
@click.option("--cost-out-range", type=RANGE, help="The same of the cost out.")
@click.option("--valid-from", type=INSTANT, help="By default when it is accepted.")
@click.option("--valid-to", type=INSTANT, help="By default until suspended or replaced.")
@points_exponent_option
@request_id_option
@signed_options
def offer(  # noqa: PLR0913 - one parameter per option
    session: Session,
    *,
    programme: str,
    buyer: str,
    price: Fraction,
    operator_fee: Fraction,
    cap: Fraction,
    permissions: Sequence[str],
    reimbursement_price: Fraction | None,
    rate_in_range: tuple[Fraction, Fraction] | None,
    cost_out_range: tuple[Fraction, Fraction] | None,
    valid_from: datetime | None,
    valid_to: datetime | None,
    points_exponent: int | None,
    request_id: str | None,
) -> None:
    """Offer terms for PROGRAMME's points. Prices and caps are in whole points."""
    shared = session.profile.currency.exponent
    exponent = decimals(session).exponent_of(programme, points_exponent)

    def ranged(given: tuple[Fraction, Fraction] | None) -> agreements_pb2.RateRange | None:
        if given is None:
            return None
        lowest, highest = (per_minor_unit(rate, shared, exponent) for rate in given)
        return agreements_pb2.RateRange(lowest=lowest, highest=highest)

    reimbursed = None
    if reimbursement_price is not None:
        reimbursed = per_minor_unit(reimbursement_price, shared, exponent)
    terms = agreements_pb2.AgreementTerms(
        programme=programme,
        buyer=buyer,
        price=per_minor_unit(price, shared, exponent),
        operator_fee=fraction(operator_fee),
        cap_minor=to_minor(cap, exponent),
        permissions=[_PERMISSIONS[name] for name in permissions],
        valid_from=valid_from,
        valid_to=valid_to,
        reimbursement_price=reimbursed,
        rate_in_range=ranged(rate_in_range),
        cost_out_range=ranged(cost_out_range),
    )
    session.write("Agreements.Offer", agreements_pb2.OfferRequest(terms=terms), request_id)


@agreements.command()
@_number
@request_id_option
@signed_options
def accept(session: Session, *, agreement: int, request_id: str | None) -> None:
    """Accept the other party's offer."""
    request = agreements_pb2.AcceptRequest(agreement=agreement)
    session.write("Agreements.Accept", request, request_id)


@agreements.command()
@_number
@request_id_option
@signed_options
def suspend(session: Session, *, agreement: int, request_id: str | None) -> None:
    """Suspend an agreement at once."""
    request = agreements_pb2.SuspendRequest(agreement=agreement, suspended=True)
    session.write("Agreements.Suspend", request, request_id)


@agreements.command()
@_number
@request_id_option
@signed_options
def resume(session: Session, *, agreement: int, request_id: str | None) -> None:
    """Let a suspended agreement hold again."""
    request = agreements_pb2.SuspendRequest(agreement=agreement, suspended=False)
    session.write("Agreements.Suspend", request, request_id)


def _part(terms: agreements_pb2.AgreementTerms) -> str:
    fee = terms.operator_fee
    return plain(Fraction(fee.numerator, fee.denominator)) if fee.denominator else "0"


def _reimbursed(terms: agreements_pb2.AgreementTerms, shared: int, points: int) -> str:
    has = terms.HasField("reimbursement_price") and terms.reimbursement_price.numerator
    return per_point(terms.reimbursement_price, shared, points) if has else ""


def _range(terms: agreements_pb2.AgreementTerms, name: str, shared: int, points: int) -> str:
    if not terms.HasField(f"{name}_range"):
        return ""
    allowed: agreements_pb2.RateRange = getattr(terms, f"{name}_range")
    ends = allowed.lowest, allowed.highest
    return " to ".join(per_point(rate, shared, points) for rate in ends)


def _permissions(terms: agreements_pb2.AgreementTerms) -> str:
    names = {number: name for name, number in _PERMISSIONS.items()}
    return ", ".join(names.get(number, str(number)) for number in terms.permissions)


def _state(value: agreements_pb2.AgreementState) -> str:
    return output.enum_name(agreements_pb2.AgreementState.Name(value), "AGREEMENT_STATE_")
