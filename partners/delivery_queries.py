"""Reads of conversions."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from partners.deliveries import ConversionSeen, Sides, seen_by
from partners.exchange_store import conversion_of
from partners.queries import Asker
from partners.state import MembershipKey, Needs, State
from partners.state_store import load

_CONVERSIONS = """
select c.*, q.requester, s.member_number as source_number, t.member_number as target_number
from conversion c
join quote q on q.number = c.quote
join membership s on s.member_id = c.source_member_id and s.programme = c.source_programme
join membership t on t.member_id = c.target_member_id and t.programme = c.target_programme
where c.number > :after
  and (not :only_open or c.state = 'PENDING')
  and (:sees_all or q.requester = :asker
       or c.source_programme = any(:own) or c.target_programme = any(:own))
  and (:programme = ''
       or c.source_programme = :programme and c.source_member_id = any(:members)
       or c.target_programme = :programme and c.target_member_id = any(:members))
order by c.number limit :limit
"""


@dataclass(frozen=True, slots=True)
class Page:
    """So many of a list, above a number."""

    after: int
    limit: int


def conversions(
    connection: Connection,
    asker: Asker,
    page: Page,
    *,
    only_open: bool = False,
    membership: MembershipKey | None = None,
) -> list[ConversionSeen]:
    """Conversions of the asker's programmes or that it asked for; an administrator's are all.

    Of a membership: the asker's own, with those that were merged into it.
    """
    members = [] if membership is None else _members(connection, asker, membership)
    rows = connection.execute(
        text(_CONVERSIONS),
        {
            "after": page.after,
            "limit": page.limit,
            "only_open": only_open,
            "sees_all": asker.is_administrator,
            "asker": asker.participant,
            "own": [
                name
                for name, programme in asker.directory.programmes.items()
                if programme.partner == asker.participant
            ],
            "programme": "" if membership is None else membership[0],
            "members": members,
        },
    )
    return [_seen(row, asker) for row in rows]


def _members(connection: Connection, asker: Asker, key: MembershipKey) -> list[int]:
    state = load(connection, Needs(memberships={key}))
    context = asker.context(state)
    if asker.is_administrator:
        context.programme(key[0])
        membership = context.known_membership(key)
    else:
        membership = context.own_membership(key)
    return [side.member_id for side in (membership, *state.merged_into(membership))]


def _seen(row: Any, asker: Asker) -> ConversionSeen:  # noqa: ANN401 - a row
    sides = Sides(row.source_number, row.target_number, row.requester)
    return seen_by(
        asker.participant,
        conversion_of(row),
        sides,
        asker.context(State()),
        sees_all=asker.is_administrator,
    )
