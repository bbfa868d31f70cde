"""Partners' records of windows: what was declared of each, and how far its reconciliation is."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class PartnerRecord:
    """A partner's record of a window. Amounts in shared minor units; positive is received.

    `rows` and `total_minor` are control totals, declared before the first row. `gross_minor` sums
    the received amounts without their signs. Times and dates are of `time_zone`.
    """

    number: int
    participant: str
    window_id: int
    file_sha256: bytes
    rows: int
    total_minor: int
    amount_tolerance_minor: int
    day_tolerance: int
    time_zone: str
    received_chunks: int = 0
    received_rows: int = 0
    received_total_minor: int = 0
    received_gross_minor: int = 0
    concluded_number: int | None = None
    concluded_at: datetime | None = None
    superseded_number: int | None = None

    @property
    def is_complete(self) -> bool:
        """Whether all rows are here, by both control totals."""
        received = (self.received_rows, self.received_total_minor)
        return received == (self.rows, self.total_minor)


@dataclass(frozen=True, slots=True)
class MatchResult:
    """What matching found, in sum."""

    items: int
    items_total_minor: int
    counts: Mapping[str, int]
    findings: int
    digest: bytes


def record_of(row: Any) -> PartnerRecord:  # noqa: ANN401 - a row
    """A record from its row."""
    return PartnerRecord(
        number=row.number,
        participant=row.participant,
        window_id=row.window_id,
        file_sha256=bytes(row.file_sha256),
        rows=row.rows,
        total_minor=row.total,
        amount_tolerance_minor=row.amount_tolerance,
        day_tolerance=row.day_tolerance,
        time_zone=row.time_zone,
        received_chunks=row.received_chunks,
        received_rows=row.received_rows,
        received_total_minor=row.received_total,
        received_gross_minor=row.received_gross,
        concluded_number=row.concluded_number,
        concluded_at=row.concluded_at,
        superseded_number=row.superseded_number,
    )


def load_records(connection: Connection, numbers: Collection[int]) -> dict[int, PartnerRecord]:
    """Records by number."""
    rows = connection.execute(
        text("select * from reconciliation where number = any(:numbers)"),
        {"numbers": list(numbers)},
    )
    return {row.number: record_of(row) for row in rows}


def concluded_records(
    connection: Connection, participant: str, window_id: int
) -> list[PartnerRecord]:
    """The concluded records of a participant's window that none has superseded, by number."""
    rows = connection.execute(
        text(
            "select * from reconciliation where participant = :participant "
            "and window_id = :window and concluded_number is not null "
            "and superseded_number is null order by number"
        ),
        {"participant": participant, "window": window_id},
    )
    return [record_of(row) for row in rows]


def list_records(
    connection: Connection, participant: str | None, *, after: int, limit: int
) -> list[PartnerRecord]:
    """A participant's records (None: all) above a number."""
    rows = connection.execute(
        text(
            "select * from reconciliation where number > :after and "
            "(cast(:participant as text) is null or participant = :participant) "
            "order by number limit :limit"
        ),
        {"participant": participant, "after": after, "limit": limit},
    )
    return [record_of(row) for row in rows]


def load_result(connection: Connection, number: int) -> MatchResult | None:
    """What matching a record found; None while it is not matched."""
    row = connection.execute(
        text("select * from reconciliation_result where reconciliation = :number"),
        {"number": number},
    ).one_or_none()
    if row is None:
        return None
    return MatchResult(
        items=row.items,
        items_total_minor=int(row.items_total),
        counts=json.loads(row.counts),
        findings=row.findings,
        digest=bytes(row.digest),
    )
