"""`coalition quote`, `convert` and `reverse`."""

from fractions import Fraction

import click

from coalition.v1 import accrual_pb2, common_pb2, exchange_pb2
from gateway.cli.conversion_tables import told_with
from gateway.cli.points import decimals, points_exponent_option
from gateway.cli.session import Session, request_id_option, signed_options
from gateway.cli.types import (
    EXACT,
    MEMBERSHIP,
    PART,
    fraction,
    to_minor,
)


@click.command()
@click.argument("giving", metavar="SOURCE", type=MEMBERSHIP)
@click.argument("getting", metavar="TARGET", type=MEMBERSHIP)
@click.argument("amount", type=EXACT)
@points_exponent_option
@click.option(
    "--authorization",
    type=click.IntRange(min=1),
    help="Number of the other partner's permission, where SOURCE is none of your programme.",
)
@click.option(
    "--min-out", type=EXACT, help="Least points of TARGET to get; by default whatever it is."
)
@click.option("--offer", help="Name of an offer; by default what gives most.")
@request_id_option
@signed_options
def quote(  # noqa: PLR0913 - one parameter per option
    session: Session,
    *,
    giving: common_pb2.MembershipRef,
    getting: common_pb2.MembershipRef,
    amount: Fraction,
    points_exponent: int | None,
    authorization: int | None,
    min_out: Fraction | None,
    offer: str | None,
    request_id: str | None,
) -> None:
    """Ask what AMOUNT points of SOURCE come to at TARGET. The answer binds until it expires.

    SOURCE and TARGET are written PROGRAMME/NUMBER.
    """
    known = decimals(session)
    exponent = known.exponent_of(giving.programme, points_exponent)
    least = 0
    if min_out is not None:
        least = to_minor(min_out, known.exponent_of(getting.programme, None))
    request = exchange_pb2.QuoteRequest(
        source=giving,
        target=getting,
        amount_minor=to_minor(amount, exponent),
        authorization=authorization or 0,
        min_out_minor=least,
        offer=offer or "",
    )
    told = told_with(session.profile.currency)
    session.write("Exchange.Quote", request, request_id, told=told)


@click.command()
@click.argument("number", type=click.IntRange(min=1))
@click.option(
    "--source-hold",
    help="Where your programme keeps its balances itself: your reference of the hold.",
)
@request_id_option
@signed_options
def convert(
    session: Session, *, number: int, source_hold: str | None, request_id: str | None
) -> None:
    """Execute the quote of that number: exactly its amounts, or a refusal."""
    request = exchange_pb2.ConvertRequest(quote=number, source_hold=source_hold or "")
    told = told_with(session.profile.currency)
    session.write("Exchange.Convert", request, request_id, told=told)


@click.command()
@click.argument("kind")
@click.argument("reference")
@click.option("--supplier", help="Who delivered it; by default the sender.")
@click.option("--revision", type=click.IntRange(1, 1000), default=1, show_default=True)
@click.option("--reason", required=True, help="Why, for the record; no personal data.")
@click.option("--part", type=PART, help="Such as 1/3 of the whole; by default all that remains.")
@request_id_option
@signed_options
def reverse(
    session: Session,
    *,
    kind: str,
    reference: str,
    supplier: str | None,
    revision: int,
    reason: str,
    part: Fraction | None,
    request_id: str | None,
) -> None:
    """Take back the activity of that KIND and REFERENCE, with what it earned: all, or a part."""
    key = common_pb2.ActivityKey(
        supplier=supplier or session.sender, kind=kind, reference=reference, revision=revision
    )
    request = accrual_pb2.ReverseRequest(
        activity=key, reason=reason, part=None if part is None else fraction(part)
    )
    session.write("Accrual.Reverse", request, request_id)
