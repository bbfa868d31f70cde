"""A participant's window with items, and partners' records of it, for tests of matching."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Connection

from settlement import windows
from settlement.ledger.break_tables import reconciliation, reconciliation_row
from settlement.ledger.bulk import copy_rows
from settlement.ledger.entries import Draft
from settlement.ledger.partner_records import PartnerRecord
from settlement.reconciliation import findings, match
from settlement.reconciliation_outcomes import Finding, Rules
from settlement.windows import Window
from support.handmade import COALITION, NOW, money_at, owes, write

DAY = date(2026, 1, 5)
PARTNER = "hotel-h"
OTHER = "airline-m"


@dataclass(frozen=True)
class Item:
    """What the ledger holds: an activity of that reference; positive is received by the hotel."""

    reference: str
    amount: int
    day: int = 0

    @property
    def date(self) -> date:
        return DAY + timedelta(days=self.day)

    def draft(self, window: int) -> Draft:
        debtor, creditor = (OTHER, PARTNER) if self.amount > 0 else (PARTNER, OTHER)
        return Draft(
            kind="ACCRUAL",
            sender=PARTNER,
            facts={
                "activity": {
                    "supplier": PARTNER,
                    "kind": "STAY",
                    "reference": self.reference,
                    "revision": "1",
                },
                "started_at": f"{self.date.isoformat()}T12:00:00.000000Z",
            },
            facts_parties=frozenset({PARTNER}),
            lines=(owes(window, "PRINCIPAL", debtor, creditor, abs(self.amount)),),
            business=True,
        )


@dataclass(frozen=True)
class Row:
    """What a partner's record says."""

    reference: str
    amount: int
    day: int = 0
    counterparty: str = ""

    @property
    def date(self) -> date:
        return DAY + timedelta(days=self.day)


def happened(connection: Connection, items: Iterable[Item]) -> Window:
    """Write items into the open window and cut it off."""
    business: list[Callable[[int], Draft]] = [item.draft for item in items]
    if not business:
        business = [lambda window: Item("of-others", 1).draft(window)]
    write(connection, *business)
    cut = windows.cut(connection, COALITION, NOW + timedelta(hours=1), money_at)
    assert cut is not None
    return cut.window


def recorded(
    connection: Connection,
    window: Window,
    rows: Sequence[Row],
    rules: Rules = Rules(),  # noqa: B008 - a value
    *,
    number: int = 1_000,
    participant: str = PARTNER,
) -> PartnerRecord:
    """Keep a record with its rows, as if it had come whole."""
    total = sum(row.amount for row in rows)
    gross = sum(abs(row.amount) for row in rows)
    record = PartnerRecord(
        number=number,
        participant=participant,
        window_id=window.window_id,
        file_sha256=bytes(32),
        rows=len(rows),
        total_minor=total,
        amount_tolerance_minor=rules.amount_tolerance_minor,
        day_tolerance=rules.day_tolerance,
        time_zone=rules.time_zone,
        received_rows=len(rows),
        received_total_minor=total,
        received_gross_minor=gross,
    )
    values = (record.number, participant, window.window_id, record.file_sha256)
    declared = (record.rows, total, rules.amount_tolerance_minor, rules.day_tolerance)
    received = (rules.time_zone, 1, record.rows, total, gross, None, None, None)
    copy_rows(connection, reconciliation, [(*values, *declared, *received)])
    copy_rows(
        connection,
        reconciliation_row,
        (
            (number, place, row.reference, row.date, row.amount, row.counterparty, "")
            for place, row in enumerate(rows, start=1)
        ),
    )
    return record


def matched(
    connection: Connection, window: Window, record: PartnerRecord
) -> tuple[dict[str, int], list[Finding]]:
    """Match a record: the counts, and all findings."""
    result = match(connection, COALITION, record, window)
    return dict(result.counts), [each for _, each in findings(connection, record.number)]


def at(hour: int) -> datetime:
    """An instant of the day."""
    return datetime(2026, 1, 5, hour, tzinfo=UTC)
