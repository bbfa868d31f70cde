"""Decimals of points: as the gateway has them, to show points and to read what people write."""

from collections.abc import Mapping
from dataclasses import dataclass

import click
from google.protobuf.message import Message

from coalition.client import Client
from coalition.errors import Refused, Unavailable
from coalition.v1 import partners_pb2
from gateway.cli.failures import BadUse
from gateway.cli.output import Cell, M
from gateway.cli.session import Session
from gateway.cli.types import in_major

MINOR = " (minor units)"
"""Stands after points of a currency whose decimals are not known."""

points_exponent_option = click.option(
    "--points-exponent",
    type=click.IntRange(0, 6),
    help="Decimals of the programme's points; by default as the gateway has them.",
)


@dataclass(frozen=True, slots=True)
class Decimals:
    """Decimals of points by programme and by currency, as far as they are known."""

    by_programme: Mapping[str, int]
    by_currency: Mapping[str, int]

    @classmethod
    def of(cls, known: partners_pb2.PartnerList) -> "Decimals":
        """Of every programme that has points of its own."""
        versions = [p for partner in known.partners for p in partner.programmes if p.currency]
        return cls(
            {version.programme: version.exponent for version in versions},
            {version.currency: version.exponent for version in versions},
        )

    def exponent_of(self, programme: str, given: int | None) -> int:
        """Decimals of a programme's points.

        Raises BadUse where an option says another number, and where the gateway knows no points
        of such a programme.
        """
        known = self.by_programme.get(programme)
        if known is None:
            message = f"the coalition has no programme {programme!r} with points of its own"
            raise BadUse(message)
        if given not in (None, known):
            message = f"points of {programme} have {known} decimals, not {given}"
            raise BadUse(message)
        return known

    def in_programme(self, points_minor: int, programme: str) -> Cell:
        """Points of a programme, for people."""
        return _shown(points_minor, self.by_programme.get(programme))

    def in_currency(self, points_minor: int, currency: str) -> Cell:
        """Points of a currency, for people."""
        return _shown(points_minor, self.by_currency.get(currency))


UNKNOWN = Decimals({}, {})


def _shown(points_minor: int, exponent: int | None) -> Cell:
    if exponent is None:
        return f"{points_minor}{MINOR}"
    return in_major(points_minor, exponent) if exponent else points_minor


def decimals(session: Session) -> Decimals:
    """What the gateway says. Raises what a read raises."""
    with session.client() as client:
        return _asked(client)


def decimals_if_told(client: Client) -> Decimals:
    """The same, to show what is there already; unknown where the gateway does not answer."""
    try:
        return _asked(client)
    except (Refused, Unavailable):
        return UNKNOWN


def read_with_decimals(
    session: Session, method: str, message: Message, kind: type[M]
) -> tuple[M, Decimals]:
    """The answer to a read, and the decimals of the points in it: of no use where it is JSON."""
    with session.client() as client:
        found = client.read(method, message, kind)
        return found, UNKNOWN if session.as_json else decimals_if_told(client)


def _asked(client: Client) -> Decimals:
    request = partners_pb2.ListPartnersRequest()
    return Decimals.of(client.read("Partners.ListPartners", request, partners_pb2.PartnerList))
