"""The form of a statement: from plain values to its exact bytes, as JSON and as CSV.

The bytes hold nothing that varies between honest runs: no times, no signatures. Every number
is a decimal string, as in all hashed bytes. The JSON is the statement; its SHA-256 names it,
and the next statement of the same participant repeats that hash.
"""

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from settlement.ledger.entries import Coalition, canonical
from settlement.netting import Payment
from settlement.obligations import Gross

STATEMENT_VERSION = "1"
FEE_KINDS = frozenset({"FEE", "SPREAD", "ROUNDING"})
"""Kinds of lines by which the operator earns; between others they are ordinary."""

CSV_COLUMNS = (
    "section",
    "name",
    "counterparty",
    "kind",
    "count",
    "owed_to_minor",
    "owed_by_minor",
    "net_minor",
    "value",
)


@dataclass(frozen=True, slots=True)
class Exchange:
    """What a participant and a counterparty owe each other by lines of one kind."""

    counterparty: str
    kind: str
    count: int
    owed_to: int
    owed_by: int

    @property
    def net(self) -> int:
        """Positive is to be received."""
        return self.owed_to - self.owed_by


@dataclass(frozen=True, slots=True)
class StatementData:
    """All that a statement says. Amounts in shared minor units; positive is to be received."""

    coalition: Coalition
    settlement_id: int
    window_id: int
    participant: str
    first_number: int
    last_number: int
    entries: int
    opening: int
    exchanges: tuple[Exchange, ...]
    payments: tuple[Payment, ...]
    previous_sha256: bytes | None
    supersedes: int | None = None
    """The aborted settlement of the same window, whose statement this one takes the place of."""
    apart: tuple[str, ...] = ()
    """Participants whose nets with each other one are payments of their own."""

    @property
    def net(self) -> int:
        """What the window changes."""
        return sum(exchange.net for exchange in self.exchanges)


def exchanges(participant: str, gross: Iterable[Gross]) -> tuple[Exchange, ...]:
    """A participant's side of gross sums, by counterparty and kind, sorted."""
    found: dict[tuple[str, str], Exchange] = {}
    for row in gross:
        if participant not in {row.debtor, row.creditor}:
            continue
        owes = row.debtor == participant
        other = row.creditor if owes else row.debtor
        so_far = found.get((other, row.kind), Exchange(other, row.kind, 0, 0, 0))
        found[other, row.kind] = Exchange(
            other,
            row.kind,
            so_far.count + row.lines,
            so_far.owed_to + (0 if owes else row.amount),
            so_far.owed_by + (row.amount if owes else 0),
        )
    return tuple(found[key] for key in sorted(found))


def _is_fee(data: StatementData, exchange: Exchange) -> bool:
    operator = data.coalition.operator
    return exchange.kind in FEE_KINDS and operator in {data.participant, exchange.counterparty}


def _amounts(parts: Iterable[Exchange]) -> dict[str, str]:
    listed = list(parts)
    return {
        "count": str(sum(part.count for part in listed)),
        "owed_to_minor": str(sum(part.owed_to for part in listed)),
        "owed_by_minor": str(sum(part.owed_by for part in listed)),
        "net_minor": str(sum(part.net for part in listed)),
    }


def _identity(data: StatementData) -> dict[str, str | None]:
    previous = data.previous_sha256
    return {
        "version": STATEMENT_VERSION,
        "coalition": data.coalition.coalition_id,
        "operator": data.coalition.operator,
        "settlement": str(data.settlement_id),
        "window": str(data.window_id),
        "participant": data.participant,
        "currency": data.coalition.currency,
        "exponent": str(data.coalition.exponent),
        "first_number": str(data.first_number),
        "last_number": str(data.last_number),
        "entries": str(data.entries),
        "previous_sha256": None if previous is None else previous.hex(),
        **_in_place_of(data),
    }


def _in_place_of(data: StatementData) -> dict[str, str | None]:
    """Which settlement of the same window was aborted, and who is settled apart since."""
    if data.supersedes is None:
        return {}
    return {"supersedes": str(data.supersedes), "apart": " ".join(data.apart) or None}


def _positions(data: StatementData) -> dict[str, str]:
    return {
        "opening_minor": str(data.opening),
        "net_minor": str(data.net),
        "closing_minor": str(data.opening + data.net),
    }


def _controls(data: StatementData) -> dict[str, str]:
    amounts = _amounts(data.exchanges)
    return {
        "lines": amounts["count"],
        "debits_minor": amounts["owed_by_minor"],
        "credits_minor": amounts["owed_to_minor"],
    }


def to_json(data: StatementData) -> bytes:
    """The statement: one JSON object in the encoding of hashed bytes, and a line feed."""
    fees = (exchange for exchange in data.exchanges if _is_fee(data, exchange))
    statement = {
        **_identity(data),
        **_positions(data),
        "obligations": [
            {"counterparty": part.counterparty, "kind": part.kind, **_amounts([part])}
            for part in data.exchanges
        ],
        "fees": _amounts(fees),
        "payments": [
            {"payer": due.payer, "payee": due.payee, "amount_minor": str(due.amount)}
            for due in data.payments
        ],
        "controls": _controls(data),
    }
    return canonical(statement) + b"\n"


def to_csv(data: StatementData, json_bytes: bytes) -> bytes:
    """The same as a table, a section per kind of row.

    The last row, CONTROL, holds how many rows stand before it (the header is none), the
    control totals and the hash of the JSON: a file without it, or with another count, is not
    whole.
    """
    rows = list(_rows(data))
    controls = _amounts(data.exchanges)
    digest = hashlib.sha256(json_bytes).hexdigest()
    rows.append({"section": "CONTROL", "name": str(len(rows)), **controls, "value": digest})
    out = io.StringIO()
    writer = csv.DictWriter(out, CSV_COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode("ascii")


def _rows(data: StatementData) -> Iterator[Mapping[str, str]]:
    for name, value in _identity(data).items():
        yield {"section": "STATEMENT", "name": name, "value": value or ""}
    for name, value in _positions(data).items():
        yield {"section": "POSITION", "name": name, "value": value}
    for part in data.exchanges:
        key = {"counterparty": part.counterparty, "kind": part.kind}
        yield {"section": "OBLIGATION", **key, **_amounts([part])}
    fees = (exchange for exchange in data.exchanges if _is_fee(data, exchange))
    yield {"section": "FEES", **_amounts(fees)}
    for due in data.payments:
        yield {
            "section": "PAYMENT",
            "name": "RECEIVE" if due.payee == data.participant else "PAY",
            "counterparty": due.payer if due.payee == data.participant else due.payee,
            "value": str(due.amount),
        }
