"""Statements made by hand: three obligations and fees, netted into three payments."""

from datetime import date
from fractions import Fraction

from settlement.calendar import Days
from settlement.ledger.breaks import Break, Kind, Source
from settlement.ledger.entries import Coalition
from settlement.netting import Payment
from settlement.obligations import Gross
from settlement.statement_form import StatementData, exchanges
from settlement.statements import Statement, render
from settlement.store import Position
from support.handmade import COALITION, NOW

GROSS = (
    Gross("airline-m", "hotel-h", "PRINCIPAL", 2, 40_00),
    Gross("bank-c", "airline-m", "PRINCIPAL", 9, 1_00),
    Gross("hotel-h", "airline-m", "PRINCIPAL", 1, 240_01),
    Gross("hotel-h", "operator", "FEE", 1, 4_80),
    Gross("hotel-h", "operator", "ROUNDING", 3, 21),
)
NETS = {"airline-m": 201_01, "bank-c": -1_00, "hotel-h": -205_02, "operator": 5_01}
PAYMENTS = (
    Payment("bank-c", "airline-m", 1_00),
    Payment("hotel-h", "airline-m", 200_01),
    Payment("hotel-h", "operator", 5_01),
)
MONEY = {"USD": Fraction(1, 2)}
BREAKS = (
    Break(
        break_id=(7, 1),
        source=Source.RECONCILIATION,
        kind=Kind.AMOUNT_DIFFERS,
        owner="hotel-h",
        counterparty="airline-m",
        reference="folio 12",
        ledger_minor=-240_01,
        reported_minor=-240_00,
        opened_at=NOW,
    ),
)


def stated(
    name: str,
    previous: bytes | None = None,
    opening: int = 0,
    money: dict[str, Fraction] = MONEY,
    coalition: Coalition = COALITION,
) -> Statement:
    """A participant's statement of settlement 1; the operator's shows everybody."""
    whole = name == "operator"
    return render(
        StatementData(
            coalition=coalition,
            settlement_id=1,
            window_id=1,
            participant=name,
            first_number=0,
            last_number=9,
            entries=7,
            positions=tuple(
                Position(each, net, 7, opening)
                for each, net in NETS.items()
                if whole or each == name
            ),
            exchanges=exchanges(name, GROSS),
            payments=tuple(p for p in PAYMENTS if whole or name in {p.payer, p.payee}),
            previous_sha256=previous,
            money=money,
            breaks=tuple(each for each in BREAKS if whole or each.owner == name),
            days=Days(date(2026, 1, 5), date(2026, 1, 5), date(2026, 1, 6)),
        ),
    )
