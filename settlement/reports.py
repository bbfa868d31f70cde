"""What a settlement comes to: positions, payments, statements."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from settlement.netting import NO_VOLUME, Payment, Volume, volume
from settlement.statements import Statement, statements_of
from settlement.store import (
    Settlement,
    latest_settlement,
    load_gross,
    load_payments,
    load_positions,
)
from settlement.windows import Window, get_window


@dataclass(frozen=True, slots=True)
class SettlementReport:
    """A closed settlement; the same however often, and in how many attempts, it was run.

    Amounts in shared minor units; a positive position receives.
    """

    settlement: Settlement | None = None
    window: Window | None = None
    positions: Mapping[str, int] = field(default_factory=dict)
    payments: tuple[Payment, ...] = ()
    volume: Volume = NO_VOLUME
    statements: Mapping[str, Statement] = field(default_factory=dict)
    earlier: tuple["SettlementReport", ...] = ()
    """Settlements that the same run closed before this one, oldest first."""

    @property
    def nothing_to_settle(self) -> bool:
        """Whether there was no business to settle, ever."""
        return self.settlement is None


def last_report(connection: Connection, closed: Collection[int] = ()) -> SettlementReport:
    """The report of the newest settlement; one of nothing where there is none.

    `closed` are the settlements that a run closed: those before the newest are in it as well.
    """
    newest = latest_settlement(connection)
    if newest is None:
        return SettlementReport()
    earlier = (
        latest_settlement(connection, settlement_id=each)
        for each in sorted(set(closed) - {newest.settlement_id})
    )
    return replace(
        _report(connection, newest),
        earlier=tuple(_report(connection, each) for each in earlier if each is not None),
    )


def _report(connection: Connection, settlement: Settlement) -> SettlementReport:
    settlement_id = settlement.settlement_id
    gross = (row.obligation for row in load_gross(connection, settlement_id))
    payments = load_payments(connection, settlement_id)
    return SettlementReport(
        settlement=settlement,
        window=get_window(connection, settlement.window_id),
        positions={
            position.participant: position.net_minor
            for position in load_positions(connection, settlement_id)
        },
        payments=payments,
        volume=volume(gross, payments),
        statements=statements_of(connection, settlement_id),
    )
