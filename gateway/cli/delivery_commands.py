"""`coalition conversions` and `deliver`: conversions that wait for a partner."""

from collections.abc import Sequence
from fractions import Fraction

import click
from google.protobuf.message import Message

from coalition.v1 import common_pb2, delivery_pb2
from gateway.cli import output
from gateway.cli.failures import BadUse, Disagreed
from gateway.cli.points import Decimals, decimals, read_with_decimals
from gateway.cli.session import Session, request_id_option, signed_options
from gateway.cli.types import EXACT, MEMBERSHIP, to_minor

LISTED = 500
"""Most that one answer holds; what is above is asked for with --after."""

_number = click.argument("number", type=click.IntRange(min=1))
_after = click.option(
    "--after", type=click.IntRange(min=0), default=0, help="Only those above this number."
)


@click.command()
@click.option("--open", "only_open", is_flag=True, help="Only those that wait for a partner.")
@click.option("--membership", type=MEMBERSHIP, help="Only into or out of this one, of yours.")
@_after
@signed_options
def conversions(
    session: Session,
    *,
    only_open: bool,
    membership: common_pb2.MembershipRef | None,
    after: int,
) -> None:
    """Conversions of your programmes, by number; at most 500 at once.

    Members of others are shown without their numbers.
    """
    request = delivery_pb2.ListConversionsRequest(
        open=only_open, membership=membership, page_size=LISTED, after_conversion=after
    )
    found, known = read_with_decimals(
        session, "Delivery.ListConversions", request, delivery_pb2.ConversionList
    )
    output.show_list(
        found,
        found.conversions,
        "Conversions",
        [
            ("conversion", lambda c: c.conversion),
            ("gives", lambda c: _membership(c.source)),
            ("points", lambda c: known.in_programme(c.source_minor, c.source.programme)),
            ("gets", lambda c: _membership(c.target)),
            ("points", lambda c: known.in_programme(c.target_minor, c.target.programme)),
            ("state", lambda c: _state(c.state)),
            ("deadline", lambda c: output.instant(c.deadline)),
            ("hold", lambda c: c.source_hold),
            ("credit", lambda c: c.reference),
            ("came back", lambda c: _came_back(c, known)),
        ],
        as_json=session.as_json,
    )


def _membership(ref: common_pb2.MembershipRef) -> str:
    return f"{ref.programme}/{ref.member_number}" if ref.member_number else ref.programme


def _state(value: delivery_pb2.ConversionState) -> str:
    return output.enum_name(delivery_pb2.ConversionState.Name(value), "CONVERSION_STATE_")


def _came_back(c: delivery_pb2.Conversion, known: Decimals) -> output.Cell:
    """Of the source's points; empty where nothing did."""
    if not c.returned_source_minor:
        return None
    return known.in_programme(c.returned_source_minor, c.source.programme)


@click.group()
def deliver() -> None:
    """Report conversions into a programme whose balances you keep yourself."""


@deliver.command()
@_number
@click.option("--credited", type=EXACT, required=True, help="Points that were credited.")
@click.option("--reference", required=True, help="Your own reference of the credit.")
@request_id_option
@signed_options
def confirm(
    session: Session, *, number: int, credited: Fraction, reference: str, request_id: str | None
) -> None:
    """Say that the points of the conversion of that NUMBER were credited."""
    programme = _target(session, number)
    request = delivery_pb2.ConfirmDeliveryRequest(
        conversion=number,
        credited_minor=to_minor(credited, decimals(session).exponent_of(programme, None)),
        reference=reference,
    )
    _require_agreed(session.write("Delivery.Confirm", request, request_id))


def _require_agreed(results: Sequence[Message]) -> None:
    """Say so where a report became a break: it was not taken as what it says."""
    for result in results:
        if isinstance(result, delivery_pb2.Conversion) and result.break_number:
            state = _state(result.state)
            message = (
                f"this disagrees with the ledger and is break {result.break_number} (coalition "
                f"breaks list); conversion {result.conversion} is {state}"
            )
            if result.state == delivery_pb2.CONVERSION_STATE_PENDING:
                message += (
                    f" and waits until {output.instant(result.deadline)} for {result.target_minor} "
                    "minor units to be confirmed"
                )
            raise Disagreed(message)


def _target(session: Session, number: int) -> str:
    """The programme into which a conversion goes. Raises BadUse where there is none of yours."""
    request = delivery_pb2.ListConversionsRequest(page_size=1, after_conversion=number - 1)
    with session.client() as client:
        found = client.read("Delivery.ListConversions", request, delivery_pb2.ConversionList)
    for one in found.conversions:
        if one.conversion == number:
            return one.target.programme
    message = f"there is no conversion {number} of yours; see `coalition conversions`"
    raise BadUse(message)


@deliver.command()
@_number
@click.option("--reason", required=True, help="Why, for the record; no personal data.")
@request_id_option
@signed_options
def refuse(session: Session, *, number: int, reason: str, request_id: str | None) -> None:
    """Say that the conversion of that NUMBER cannot be credited: it is taken back."""
    request = delivery_pb2.RefuseDeliveryRequest(conversion=number, reason=reason)
    _require_agreed(session.write("Delivery.Refuse", request, request_id))
