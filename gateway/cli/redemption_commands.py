"""`coalition redeem`: members spend the shared currency at a merchant."""

from datetime import datetime
from fractions import Fraction

import click

from coalition.v1 import common_pb2, redemption_pb2
from gateway.cli import output
from gateway.cli.session import Session, request_id_option, signed_options
from gateway.cli.types import EXACT, INSTANT, MEMBERSHIP, in_major, to_minor

_hold = click.argument("hold", type=click.IntRange(min=1))
_amount = click.argument("amount", type=EXACT)


@click.group()
def redeem() -> None:
    """Members spend the shared currency: it is held, then captured. Amounts are in whole units."""


@redeem.command()
@click.argument("membership", type=MEMBERSHIP)
@_amount
@click.option("--merchant", help="Where it is spent; by default at the sender.")
@click.option("--reference", required=True, help="The merchant's own; no personal data.")
@click.option("--expires-at", type=INSTANT, help="At most 31 days ahead; by default 7 days.")
@click.option(
    "--authorization",
    type=click.IntRange(min=1),
    help="Number of the operator's permission, where you are the merchant.",
)
@click.option("--capture", is_flag=True, help="Capture all of it at once.")
@request_id_option
@signed_options
def authorize(  # noqa: PLR0913 - one parameter per option
    session: Session,
    *,
    membership: common_pb2.MembershipRef,
    amount: Fraction,
    merchant: str | None,
    reference: str,
    expires_at: datetime | None,
    authorization: int | None,
    capture: bool,
    request_id: str | None,
) -> None:
    """Hold AMOUNT of a membership of the operator's programme, such as operator/C001."""
    request = redemption_pb2.AuthorizeRequest(
        membership=membership,
        merchant=merchant or session.sender,
        amount_minor=_minor(session, amount),
        expires_at=expires_at,
        authorization=authorization or 0,
        capture=capture,
        reference=reference,
    )
    session.write("Redemption.Authorize", request, request_id)


@redeem.command()
@_hold
@_amount
@request_id_option
@signed_options
def capture(session: Session, *, hold: int, amount: Fraction, request_id: str | None) -> None:
    """Take AMOUNT of the hold of that number, once; the rest is the member's again."""
    request = redemption_pb2.CaptureRequest(hold=hold, amount_minor=_minor(session, amount))
    session.write("Redemption.Capture", request, request_id)


@redeem.command()
@_hold
@request_id_option
@signed_options
def void(session: Session, *, hold: int, request_id: str | None) -> None:
    """Give up the hold of that number."""
    session.write("Redemption.Void", redemption_pb2.VoidRequest(hold=hold), request_id)


@redeem.command()
@_hold
@_amount
@request_id_option
@signed_options
def refund(session: Session, *, hold: int, amount: Fraction, request_id: str | None) -> None:
    """Give back AMOUNT of what was captured of the hold of that number."""
    request = redemption_pb2.RefundRequest(hold=hold, amount_minor=_minor(session, amount))
    session.write("Redemption.Refund", request, request_id)


def _minor(session: Session, amount: Fraction) -> int:
    return to_minor(amount, session.profile.currency.exponent)


@redeem.command(name="list")
@click.option("--open", "only_open", is_flag=True, help="Only those that are open.")
@click.option("--after", type=click.IntRange(min=0), default=0, help="Only above this number.")
@click.option("--limit", type=click.IntRange(1, 500), default=100, show_default=True)
@signed_options
def list_holds(session: Session, *, only_open: bool, after: int, limit: int) -> None:
    """Holds at you by number; an administrator sees all."""
    request = redemption_pb2.ListHoldsRequest(open=only_open, page_size=limit, after_hold=after)
    found = session.read("Redemption.ListHolds", request, redemption_pb2.HoldList)
    shared = session.profile.currency

    def whole(minor: int) -> str:
        return in_major(minor, shared.exponent)

    output.show_list(
        found,
        found.holds,
        f"Holds, in {shared.code}",
        [
            ("hold", lambda h: h.hold),
            ("member", lambda h: f"{h.membership.programme}/{h.membership.member_number}"),
            ("merchant", lambda h: h.merchant),
            ("held", lambda h: whole(h.amount_minor)),
            ("captured", lambda h: whole(h.captured_minor)),
            ("refunded", lambda h: whole(h.refunded_minor)),
            ("owed", lambda h: whole(h.reimbursement_minor)),
            ("state", lambda h: _state(h.state)),
            ("expires at", lambda h: output.instant(h.expires_at)),
            ("reference", lambda h: h.reference),
        ],
        as_json=session.as_json,
    )


def _state(value: redemption_pb2.HoldState) -> str:
    return output.enum_name(redemption_pb2.HoldState.Name(value), "HOLD_STATE_")
