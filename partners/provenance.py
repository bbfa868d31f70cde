"""Where points came from: conversions into a membership, as its own partner sees them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from partners.queries import Asker
from partners.querying import query
from partners.state import MembershipKey, Needs
from partners.state_store import load

LISTED_CONVERSIONS = 500
"""A conversion a day and more for a year; a member makes some a month at the most."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What a conversion brought: from which programme, by which versions, and what went back.

    Rates are versions of the book, 0 for the shared currency without one; `target_rate` is of the
    pair's terms where those gave it. Whose the source was is the other partner's business.
    """

    conversion: int
    accepted_at: datetime
    from_programme: str
    source_minor: int
    target_minor: int
    source_rate: int
    target_rate: int
    returned_source_minor: int
    returned_target_minor: int


def provenance(connection: Connection, asker: Asker, key: MembershipKey) -> list[Origin]:
    """The newest conversions into a membership of the asker's programme, by number.

    Those into memberships that were merged into it are its own.
    """
    state = load(connection, Needs(memberships={key}))
    membership = asker.context(state).own_membership(key)
    sides = state.sides(membership.account)
    rows = connection.execute(
        text(
            "select * from conversion where target_member_id = any(:members) "
            "and target_programme = :programme order by number desc limit :limit"
        ),
        {
            "members": [member_id for member_id, _ in sides],
            "programme": membership.programme,
            "limit": LISTED_CONVERSIONS,
        },
    ).all()
    return [_origin(row) for row in reversed(rows)]


def origins(
    connection: Connection, key: MembershipKey, numbers: Iterable[int]
) -> Mapping[int, Origin]:
    """Of entries those that were conversions into a membership, by number.

    The caller has made sure that the asker may know of the membership.
    """
    rows = query(
        connection,
        "select c.* from {batch} join conversion c using (number) "
        "join enrolment e on e.programme = c.target_programme and e.member_id = c.target_member_id "
        "where e.programme = :programme and e.member_number = :member_number",
        {"number": "bigint"},
        ((number,) for number in numbers),
        programme=key[0],
        member_number=key[1],
    )
    return {row.number: _origin(row) for row in rows}


def _origin(row: Any) -> Origin:  # noqa: ANN401 - a row
    return Origin(
        conversion=row.number,
        accepted_at=row.accepted_at,
        from_programme=row.source_programme,
        source_minor=row.source_minor,
        target_minor=row.target_minor,
        source_rate=row.source_rate,
        target_rate=row.target_rate,
        returned_source_minor=row.returned_source_minor,
        returned_target_minor=row.returned_target_minor,
    )
