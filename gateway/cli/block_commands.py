"""`coalition member block` and `unblock`, and the same of `coalition partners`: the block list."""

import click

from coalition.v1 import common_pb2, exchange_pb2
from gateway.cli.session import Session, request_id_option, signed_options
from gateway.cli.types import MEMBERSHIP

_reason_option = click.option(
    "--reason", required=True, help="Why, for the record; no personal data."
)


@click.command(name="block")
@click.argument("what", metavar="MEMBERSHIP", type=MEMBERSHIP)
@_reason_option
@request_id_option
@signed_options
def block_member(
    session: Session, *, what: common_pb2.MembershipRef, reason: str, request_id: str | None
) -> None:
    """Put MEMBERSHIP on the block list: it neither converts nor redeems."""
    request = exchange_pb2.BlockRequest(membership=what, blocked=True, reason=reason)
    session.write("Exchange.Block", request, request_id)


@click.command(name="unblock")
@click.argument("what", metavar="MEMBERSHIP", type=MEMBERSHIP)
@_reason_option
@request_id_option
@signed_options
def unblock_member(
    session: Session, *, what: common_pb2.MembershipRef, reason: str, request_id: str | None
) -> None:
    """Take MEMBERSHIP off the block list; by whoever put it on, or an administrator its own."""
    request = exchange_pb2.BlockRequest(membership=what, reason=reason)
    session.write("Exchange.Block", request, request_id)


@click.command(name="block")
@click.argument("partner")
@_reason_option
@request_id_option
@signed_options
def block_partner(session: Session, *, partner: str, reason: str, request_id: str | None) -> None:
    """Put PARTNER on the block list: nothing of its programmes converts or is redeemed."""
    request = exchange_pb2.BlockRequest(participant=partner, blocked=True, reason=reason)
    session.write("Exchange.Block", request, request_id)


@click.command(name="unblock")
@click.argument("partner")
@_reason_option
@request_id_option
@signed_options
def unblock_partner(session: Session, *, partner: str, reason: str, request_id: str | None) -> None:
    """Take PARTNER off the block list."""
    request = exchange_pb2.BlockRequest(participant=partner, reason=reason)
    session.write("Exchange.Block", request, request_id)
