"""Settlements for people and machines: tables, files, one JSON object."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from rich.console import Console
from rich.table import Table

from gateway.documents.figures import in_units
from settlement.calendar import Days
from settlement.ledger.entries import Coalition
from settlement.netting import Method
from settlement.reports import SettlementReport


def show_settlement(console: Console, report: SettlementReport, coalition: Coalition) -> None:
    """Positions, payments and statements as tables."""
    if report.settlement is None or report.window is None:
        console.print("There is nothing to settle: the open window holds no business.")
        return
    for each in report.earlier:
        show_settlement(console, each, coalition)
    window = report.window
    last = "" if window.last_number is None else f" to {window.last_number}"
    console.print(
        f"Settlement {report.settlement.settlement_id} of window {window.window_id}, entries "
        f"{window.first_number}{last}: {report.settlement.stage}",
    )
    for line in (*_days(report.settlement.days), *_volume(report, coalition)):
        console.print(line, highlight=False)
    for table in (_positions(report, coalition), _payments(report, coalition), _statements(report)):
        console.print(table)


def _days(days: Days | None) -> Iterator[str]:
    if days is not None:
        yield (
            f"Business date {days.business_date}, advice on {days.advice_date}, "
            f"payment on {days.settlement_date}"
        )


def _volume(report: SettlementReport, coalition: Coalition) -> Iterator[str]:
    """What netting saved, once it is done."""
    volume, settlement = report.volume, report.settlement
    if settlement is None or settlement.method is None:
        return
    gross, net = (in_units(minor, coalition.exponent) for minor in (volume.gross, volume.net))
    ratio = f", {volume.ratio_words} of it" if volume.gross else ""
    fewest = "the fewest" if settlement.method is Method.EXACT else "perhaps not the fewest"
    yield f"Gross {gross} {coalition.currency}, net {net}{ratio}; {fewest} payments"


def _table(title: str, columns: Iterable[str]) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        right = column.startswith(("Amount", "Net"))
        table.add_column(column, justify="right" if right else "left", overflow="fold")
    return table


def _positions(report: SettlementReport, coalition: Coalition) -> Table:
    table = _table("Positions", ("Participant", f"Net ({coalition.currency})", ""))
    for participant, net in report.positions.items():
        does = "receives" if net > 0 else "pays" if net < 0 else ""
        table.add_row(participant, in_units(net, coalition.exponent), does)
    table.add_section()
    table.add_row("Sum", in_units(sum(report.positions.values()), coalition.exponent), "")
    return table


def _payments(report: SettlementReport, coalition: Coalition) -> Table:
    table = _table("Payments", ("Payer", "Payee", f"Amount ({coalition.currency})"))
    for payment in report.payments:
        amount = in_units(payment.amount, coalition.exponent)
        table.add_row(payment.payer, payment.payee, amount)
    return table


def _statements(report: SettlementReport) -> Table:
    table = _table("Statements", ("Participant", "SHA-256"))
    for participant, statement in report.statements.items():
        table.add_row(participant, statement.sha256.hex())
    return table


def statement_files(report: SettlementReport) -> dict[str, bytes]:
    """The statements as files: name to content."""
    return {
        f"statement-{statement.settlement_id:04}-{participant}.{kind}": data
        for each in (*report.earlier, report)
        for participant, statement in each.statements.items()
        for kind, data in (("json", statement.json), ("csv", statement.csv))
    }


def file_hashes(files: Mapping[str, bytes]) -> dict[str, str]:
    """SHA-256 of every file, in hex."""
    return {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}


def settlement_json(report: SettlementReport) -> dict[str, object]:
    """A settlement for machines; positions in shared minor units, positive receives."""
    settlement, window = report.settlement, report.window
    return {
        "settlement": None if settlement is None else settlement.settlement_id,
        "stage": None if settlement is None else settlement.stage,
        "window": None if window is None else window.window_id,
        "first_number": None if window is None else window.first_number,
        "last_number": None if window is None else window.last_number,
        **_days_json(None if settlement is None else settlement.days),
        "method": None if settlement is None else settlement.method,
        "gross": report.volume.gross,
        "net": report.volume.net,
        "ratio": None if report.volume.ratio is None else str(report.volume.ratio),
        "positions": dict(report.positions),
        "positions_sum": sum(report.positions.values()),
        "payments": [
            {"debtor": p.payer, "creditor": p.payee, "amount": p.amount} for p in report.payments
        ],
        "statements": file_hashes(statement_files(replace(report, earlier=()))),
        "earlier": [settlement_json(each) for each in report.earlier],
    }


def _days_json(days: Days | None) -> dict[str, str | None]:
    return {
        name: None if days is None else getattr(days, name).isoformat()
        for name in ("business_date", "advice_date", "settlement_date")
    }
