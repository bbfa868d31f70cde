"""`coalition award`: what members redeem points for, and their vouchers."""

import click

from coalition.v1 import awards_pb2, common_pb2
from gateway.cli import output
from gateway.cli.points import read_with_decimals
from gateway.cli.session import Session, request_id_option, signed_options
from gateway.cli.types import MEMBERSHIP, MONEY

_membership = click.argument("membership", type=MEMBERSHIP)
_voucher = click.argument("voucher", type=click.IntRange(min=1))


@click.group()
def award() -> None:
    """What members redeem points for, and their vouchers.

    A membership is written PROGRAMME/NUMBER, such as hotel/H001.
    """


@award.command(name="list")
@_membership
@signed_options
def list_awards(session: Session, *, membership: common_pb2.MembershipRef) -> None:
    """The catalogue as a membership sees it: a row per price."""
    request = awards_pb2.ListAwardsRequest(membership=membership)
    found, known = read_with_decimals(session, "Awards.ListAwards", request, awards_pb2.AwardList)
    if session.as_json:
        output.show_json(output.as_dict(found))
        return
    output.show_table(
        "Awards",
        ("award", "name", "points", "money", "left"),
        [
            (
                offered.award,
                offered.name,
                known.in_programme(price.points_minor, membership.programme),
                output.money([price.money] if price.HasField("money") else []),
                offered.left if offered.HasField("left") else None,
            )
            for offered in found.awards
            for price in offered.prices
        ],
    )


@award.command()
@_membership
@click.argument("award_id", metavar="AWARD")
@click.option("--money", type=MONEY, help="What is paid besides, such as 50EUR; by default none.")
@click.option("--buy-missing", is_flag=True, help="Buy the missing points, where they are sold.")
@request_id_option
@signed_options
def redeem(
    session: Session,
    *,
    membership: common_pb2.MembershipRef,
    award_id: str,
    money: common_pb2.Amount | None,
    buy_missing: bool,
    request_id: str | None,
) -> None:
    """Give AWARD to a membership for its points."""
    request = awards_pb2.RedeemRequest(
        membership=membership, award=award_id, money=money, buy_missing=buy_missing
    )
    session.write("Awards.Redeem", request, request_id)


@award.command()
@_voucher
@request_id_option
@signed_options
def cancel(session: Session, *, voucher: int, request_id: str | None) -> None:
    """Take the unused voucher of that number back; its points return."""
    request = awards_pb2.CancelVoucherRequest(voucher=voucher)
    session.write("Awards.CancelVoucher", request, request_id)


@award.command()
@_voucher
@request_id_option
@signed_options
def use(session: Session, *, voucher: int, request_id: str | None) -> None:
    """Use the voucher of that number up."""
    session.write("Awards.UseVoucher", awards_pb2.UseVoucherRequest(voucher=voucher), request_id)


@award.command()
@_membership
@signed_options
def vouchers(session: Session, *, membership: common_pb2.MembershipRef) -> None:
    """The newest 500 vouchers of a membership."""
    request = awards_pb2.ListVouchersRequest(membership=membership)
    found, known = read_with_decimals(
        session, "Awards.ListVouchers", request, awards_pb2.VoucherList
    )
    output.show_list(
        found,
        found.vouchers,
        f"Vouchers of {membership.programme}/{membership.member_number}",
        [
            ("voucher", lambda v: v.voucher),
            ("award", lambda v: v.award),
            ("points", lambda v: known.in_programme(v.points_minor, membership.programme)),
            ("bought", lambda v: known.in_programme(v.bought_minor, membership.programme)),
            ("money", lambda v: output.money(v.money)),
            ("state", lambda v: _state(v.state)),
            ("usable until", lambda v: v.usable_until),
            ("cancellable until", lambda v: v.cancellable_until),
        ],
        as_json=session.as_json,
    )


def _state(value: awards_pb2.VoucherState) -> str:
    return output.enum_name(awards_pb2.VoucherState.Name(value), "VOUCHER_STATE_")
