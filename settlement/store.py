"""Settlements as they are kept: how far each has come, and what it found."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, Table, func, insert, select, text, update

from settlement import tables
from settlement.calendar import Days
from settlement.ledger.accounts import settlement as settlement_account
from settlement.netting import Method, Payment
from settlement.obligations import Gross


class Stage(StrEnum):
    """How far a settlement has come, in order."""

    CUT = "CUT"
    NET = "NET"
    POST = "POST"
    STATE = "STATE"
    CLOSED = "CLOSED"


class SettlementMoved(Exception):
    """A settlement is not at the stage at which it was read; nothing is recorded."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """A run of the night. `stage` is the last one that is done.

    `days` are None where it was begun before there was a calendar; `method` tells how its
    payments were found, once they are.
    """

    settlement_id: int
    window_id: int
    stage: Stage
    participants: tuple[str, ...]
    post_number: int | None = None
    days: Days | None = None
    method: Method | None = None
    supersedes: int | None = None
    """The aborted settlement of the same window in whose place it is."""
    apart: tuple[str, ...] = ()
    """Participants whose bilateral nets are not netted with others'."""


@dataclass(frozen=True, slots=True)
class Position:
    """A net of a settlement and, once it is posted, what was open before.

    Shared minor units; positive receives. `entries` is how many of the window's span are in the
    participant's feed.
    """

    participant: str
    net_minor: int
    entries: int
    opening_minor: int | None


def begin(
    connection: Connection,
    window_id: int,
    participants: Iterable[str],
    days: Days | None,
    now: datetime,
    *,
    supersedes: int | None = None,
    apart: Iterable[str] = (),
) -> Settlement:
    """Record that a window is cut and its settlement begun."""
    table = tables.settlement
    last = connection.execute(select(func.max(table.c.settlement_id))).scalar_one()
    settlement = Settlement(
        settlement_id=(last or 0) + 1,
        window_id=window_id,
        stage=Stage.CUT,
        participants=tuple(sorted(set(participants))),
        days=days,
        supersedes=supersedes,
        apart=tuple(sorted(set(apart))),
    )
    connection.execute(
        insert(table).values(
            settlement_id=settlement.settlement_id,
            window_id=window_id,
            stage=settlement.stage,
            participants=list(settlement.participants),
            started_at=now,
            **({} if days is None else asdict(days)),
            supersedes=supersedes,
            apart=list(settlement.apart),
        ),
    )
    return settlement


def advance(
    connection: Connection,
    settlement: Settlement,
    stage: Stage,
    *,
    post_number: int | None = None,
    method: Method | None = None,
    closed_at: datetime | None = None,
) -> Settlement:
    """Record that a stage is done, in the transaction that did it.

    Raises SettlementMoved where the settlement is not at the stage that was read.
    """
    table = tables.settlement
    moved = replace(
        settlement,
        stage=stage,
        post_number=post_number or settlement.post_number,
        method=method or settlement.method,
    )
    result = connection.execute(
        update(table)
        .where(
            table.c.settlement_id == settlement.settlement_id,
            table.c.stage == settlement.stage,
        )
        .values(
            stage=stage,
            post_number=moved.post_number,
            method=moved.method,
            closed_at=closed_at,
        ),
    )
    if result.rowcount != 1:
        message = f"settlement {settlement.settlement_id} is not at {settlement.stage} any more"
        raise SettlementMoved(message)
    return moved


def _settlement(row: Row[Any]) -> Settlement:
    return Settlement(
        settlement_id=row.settlement_id,
        window_id=row.window_id,
        stage=Stage(row.stage),
        participants=tuple(row.participants),
        post_number=row.post_number,
        days=_days(row),
        method=None if row.method is None else Method(row.method),
        supersedes=row.supersedes,
        apart=tuple(row.apart),
    )


def _days(row: Row[Any]) -> Days | None:
    if row.business_date is None:
        return None
    return Days(row.business_date, row.advice_date, row.settlement_date)


def list_settlements(connection: Connection) -> list[Settlement]:
    """All settlements, oldest first."""
    table = tables.settlement
    rows = connection.execute(select(table).order_by(table.c.settlement_id))
    return [_settlement(row) for row in rows]


def latest_settlement(
    connection: Connection, window_id: int | None = None, settlement_id: int | None = None
) -> Settlement | None:
    """The newest settlement of those that are meant; None where there is none.

    Of a window, and the one of that number, where these are given.
    """
    table = tables.settlement
    query = select(table).order_by(table.c.settlement_id.desc()).limit(1)
    if window_id is not None:
        query = query.where(table.c.window_id == window_id)
    if settlement_id is not None:
        query = query.where(table.c.settlement_id == settlement_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else _settlement(row)


_NOT_SUPERSEDED = text(
    "select s.* from settlement s join posted_settlement p using (settlement_id) "
    "where p.state = 'ABORTED' "
    "and not exists (select from settlement n where n.supersedes = s.settlement_id) "
    "order by s.settlement_id limit 1"
)


def aborted_settlement(connection: Connection) -> Settlement | None:
    """The oldest settlement that was aborted and not superseded yet; None where there is none."""
    row = connection.execute(_NOT_SUPERSEDED).one_or_none()
    return None if row is None else _settlement(row)


def save_net(
    connection: Connection,
    settlement: Settlement,
    gross: Sequence[Gross],
    positions: Mapping[str, int],
    entries: Mapping[str, int],
    payments: Sequence[Payment],
) -> None:
    """Keep what netting found, and how many entries are in each participant's feed."""
    netted = (
        {"participant": name, "net": net, "entries": entries[name]}
        for name, net in positions.items()
    )
    _insert(connection, settlement, tables.obligation, map(asdict, gross))
    _insert(connection, settlement, tables.position, netted)
    _insert(connection, settlement, tables.payment, map(asdict, payments))


def _insert(
    connection: Connection,
    settlement: Settlement,
    table: Table,
    rows: Iterable[dict[str, Any]],
) -> None:
    listed = [{"settlement_id": settlement.settlement_id, **row} for row in rows]
    if listed:
        connection.execute(insert(table), listed)


def open_balances(connection: Connection, participants: Iterable[str]) -> dict[str, int]:
    """What is still open from settlements, by participant; positive is to be received."""
    names = list(participants)
    codes = [settlement_account(name, "").code for name in names]
    rows = connection.execute(
        text("select code, credits - debits as balance from company_account where code = any(:c)"),
        {"c": codes},
    )
    balances = {row.code: row.balance for row in rows}
    return {name: balances.get(code, 0) for name, code in zip(names, codes, strict=True)}


def save_openings(
    connection: Connection,
    settlement: Settlement,
    openings: Mapping[str, int],
) -> None:
    """Keep what was open before a settlement was posted."""
    connection.execute(
        text(
            "update settlement_position p set opening = o.opening "
            "from unnest(cast(:names as text[]), cast(:openings as bigint[])) as o(name, opening) "
            "where p.settlement_id = :id and p.participant = o.name",
        ),
        {
            "id": settlement.settlement_id,
            "names": list(openings.keys()),
            "openings": list(openings.values()),
        },
    )


def load_gross(connection: Connection, settlement_id: int) -> tuple[Gross, ...]:
    """The gross sums of a settlement, sorted."""
    table = tables.obligation
    rows = connection.execute(select(table).where(table.c.settlement_id == settlement_id))
    return tuple(
        sorted(Gross(row.debtor, row.creditor, row.kind, row.lines, row.amount) for row in rows),
    )


def load_positions(connection: Connection, settlement_id: int) -> tuple[Position, ...]:
    """The positions of a settlement, by name."""
    table = tables.position
    rows = connection.execute(select(table).where(table.c.settlement_id == settlement_id))
    found = (Position(row.participant, row.net, row.entries, row.opening) for row in rows)
    return tuple(sorted(found, key=lambda position: position.participant))


def load_payments(connection: Connection, settlement_id: int) -> tuple[Payment, ...]:
    """The payments of a settlement, by payer and payee."""
    table = tables.payment
    rows = connection.execute(select(table).where(table.c.settlement_id == settlement_id))
    return tuple(sorted(Payment(row.payer, row.payee, row.amount) for row in rows))
