"""Statements: computed for all participants at once, kept as exact bytes, and fetched."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, insert, select, text

from settlement import tables
from settlement.ledger.breaks import breaks_between
from settlement.ledger.entries import Coalition
from settlement.netting import positions as net_positions
from settlement.obligations import counted
from settlement.statement_form import StatementData, exchanges, to_csv, to_json
from settlement.store import (
    Position,
    Settlement,
    latest_settlement,
    load_gross,
    load_payments,
    load_positions,
)
from settlement.valuation import pinned_money
from settlement.windows import Window


@dataclass(frozen=True, slots=True)
class Statement:
    """What a participant is told of a settlement, as the exact bytes."""

    settlement_id: int
    participant: str
    json: bytes
    csv: bytes
    sha256: bytes
    """Of `json`."""
    previous_sha256: bytes | None


def positions(connection: Connection, window_id: int) -> dict[str, int]:
    """Nets of a window by participant, in shared minor units; positive receives.

    As settled where the window is netted; as they stand now where it is not.
    """
    settlement = latest_settlement(connection, window_id)
    if settlement is not None:
        stored = load_positions(connection, settlement.settlement_id)
        if stored:
            return {position.participant: position.net_minor for position in stored}
    return net_positions(counted(connection, window_id))


def statement(connection: Connection, settlement_id: int, participant: str) -> Statement | None:
    """A participant's statement, None where there is none (yet)."""
    table = tables.statement
    row = connection.execute(
        select(table).where(
            table.c.settlement_id == settlement_id,
            table.c.participant == participant,
        ),
    ).one_or_none()
    return None if row is None else _statement(row)


def statements_of(connection: Connection, settlement_id: int) -> dict[str, Statement]:
    """All statements of a settlement by participant, in the order of their names."""
    table = tables.statement
    rows = connection.execute(select(table).where(table.c.settlement_id == settlement_id)).all()
    found = (_statement(row) for row in sorted(rows, key=lambda row: str(row.participant)))
    return {each.participant: each for each in found}


def _statement(row: Row[Any]) -> Statement:
    previous = row.previous_sha256
    return Statement(
        settlement_id=row.settlement_id,
        participant=row.participant,
        json=bytes(row.json),
        csv=bytes(row.csv),
        sha256=bytes(row.sha256),
        previous_sha256=None if previous is None else bytes(previous),
    )


def render(data: StatementData) -> Statement:
    """The bytes that follow from what a statement says."""
    json_bytes = to_json(data)
    return Statement(
        settlement_id=data.settlement_id,
        participant=data.participant,
        json=json_bytes,
        csv=to_csv(data, json_bytes),
        sha256=hashlib.sha256(json_bytes).digest(),
        previous_sha256=data.previous_sha256,
    )


def compose(
    connection: Connection,
    coalition: Coalition,
    settlement: Settlement,
    window: Window,
) -> list[Statement]:
    """The statements of a posted settlement, by name of the participant; nothing is written.

    From what netting stored of the window, so it takes no longer for more entries.
    """
    gross = load_gross(connection, settlement.settlement_id)
    payments = load_payments(connection, settlement.settlement_id)
    positions_ = load_positions(connection, settlement.settlement_id)
    previous = _previous_hashes(connection, settlement.settlement_id)
    last = window.first_number if window.last_number is None else window.last_number
    money = pinned_money(connection, last)
    breaks = breaks_between(connection, window.first_number - 1, last)

    def data_of(position: Position) -> StatementData:
        name = position.participant
        whole = name == coalition.operator
        return StatementData(
            coalition=coalition,
            settlement_id=settlement.settlement_id,
            window_id=window.window_id,
            participant=name,
            first_number=window.first_number,
            last_number=last,
            entries=position.entries,
            positions=tuple(each for each in positions_ if whole or each.participant == name),
            exchanges=exchanges(name, gross),
            payments=tuple(due for due in payments if whole or name in {due.payer, due.payee}),
            previous_sha256=previous.get(name),
            money=money,
            breaks=tuple(each for each in breaks if whole or each.owner == name),
            days=settlement.days,
            supersedes=settlement.supersedes,
            apart=settlement.apart,
        )

    return [render(data_of(position)) for position in positions_]


_PREVIOUS = text(
    "select distinct on (participant) participant, sha256 from settlement_statement "
    "where settlement_id < :id order by participant, settlement_id desc",
)


def _previous_hashes(connection: Connection, settlement_id: int) -> Mapping[str, bytes]:
    rows = connection.execute(_PREVIOUS, {"id": settlement_id})
    return {row.participant: bytes(row.sha256) for row in rows}


def save(connection: Connection, statements: Iterable[Statement]) -> None:
    """Keep statements."""
    rows = [
        {
            "settlement_id": each.settlement_id,
            "participant": each.participant,
            "json": each.json,
            "csv": each.csv,
            "sha256": each.sha256,
            "previous_sha256": each.previous_sha256,
        }
        for each in statements
    ]
    if rows:
        connection.execute(insert(tables.statement), rows)
