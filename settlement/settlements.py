"""Settlements as they stand: the night's stages, then what became of their payments."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, text


class SettlementState(StrEnum):
    """How far a settlement is, in order. SETTLED and ABORTED are for ever."""

    CUT = "CUT"
    NET = "NET"
    POST = "POST"
    STATE = "STATE"
    CLOSED = "CLOSED"
    SETTLED = "SETTLED"
    ABORTED = "ABORTED"


@dataclass(frozen=True, slots=True)
class SettlementView:
    """A settlement as everybody may see it. Of the payments only how many there are."""

    settlement_id: int
    window_id: int
    state: SettlementState
    started_at: datetime
    closed_at: datetime | None
    post_number: int | None
    abort_number: int | None
    supersedes: int | None
    superseded_by: int | None
    apart: tuple[str, ...]
    payments: int
    confirmed: int


_VIEWS = """
    select s.*, p.abort_number, n.settlement_id as superseded_by,
        case when p.state in ('SETTLED', 'ABORTED') then p.state else s.stage end as state,
        d.payments, d.confirmed
    from settlement s
    left join posted_settlement p using (settlement_id)
    left join settlement n on n.supersedes = s.settlement_id
    cross join lateral (
        select count(*) as payments, count(*) filter (where state = 'CONFIRMED') as confirmed
        from due where due.settlement_id = s.settlement_id
    ) d
"""


def settlements_before(
    connection: Connection, before: int | None, limit: int
) -> list[SettlementView]:
    """The newest settlements below an id, or of all; newest first."""
    rows = connection.execute(
        text(
            f"{_VIEWS} where cast(:before as bigint) is null or s.settlement_id < :before "
            "order by s.settlement_id desc limit :limit"
        ),
        {"before": before, "limit": limit},
    )
    return [_view(row) for row in rows]


def settlement_view(connection: Connection, settlement_id: int) -> SettlementView | None:
    """One settlement, None where there is none of that id."""
    query = text(f"{_VIEWS} where s.settlement_id = :id")
    row = connection.execute(query, {"id": settlement_id}).one_or_none()
    return None if row is None else _view(row)


def _view(row: Row[Any]) -> SettlementView:
    return SettlementView(
        settlement_id=row.settlement_id,
        window_id=row.window_id,
        state=SettlementState(row.state),
        started_at=row.started_at,
        closed_at=row.closed_at,
        post_number=row.post_number,
        abort_number=row.abort_number,
        supersedes=row.supersedes,
        superseded_by=row.superseded_by,
        apart=tuple(row.apart),
        payments=row.payments,
        confirmed=row.confirmed,
    )
