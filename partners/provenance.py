"""Where points came from: conversions into a membership, as its own partner sees them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from partners.querying import NUMBER, query, run
from partners.state import MembershipKey


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the points of a conversion came from: which programme, by which versions.

    Rates are versions of the book, 0 for the shared currency without one; `target_rate` is of the
    pair's terms where those gave it. Whose the source was is the other partner's business.
    """

    conversion: int
    from_programme: str
    source_rate: int
    target_rate: int


def origins(
    connection: Connection, key: MembershipKey, numbers: Iterable[int]
) -> Mapping[int, Origin]:
    """Of entries those that were conversions into a membership, by number.

    The caller has made sure that the asker may know of the membership.
    """
    asked = query(
        "select c.* from {batch} join conversion c using (number) "
        "join enrolment e on e.programme = c.target_programme and e.member_id = c.target_member_id "
        "where e.programme = :programme and e.member_number = :member_number",
        NUMBER,
        ((number,) for number in numbers),
        programme=key[0],
        member_number=key[1],
    )
    return {row.number: _origin(row) for row in run(connection, asked)}


def _origin(row: Any) -> Origin:  # noqa: ANN401 - a row
    return Origin(
        conversion=row.number,
        from_programme=row.source_programme,
        source_rate=row.source_rate,
        target_rate=row.target_rate,
    )
