"""The form of a statement: from plain values to its exact bytes, as JSON and as CSV.

The bytes hold nothing that varies between honest runs: no times, no signatures. Every number
is a decimal string, as in all hashed bytes. The JSON is the statement; its SHA-256 names it,
and the next statement of the same participant repeats that hash.

A statement is what it is of, and a list of sections; each is a table with control totals. A
section of its own needs a function of the data and a place in `sections`: JSON and CSV follow.
"""

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from settlement.calendar import Days
from settlement.ledger.breaks import Break
from settlement.ledger.entries import Coalition, canonical, price_text
from settlement.netting import Payment
from settlement.obligations import Gross
from settlement.store import Position
from settlement.valuation import money_payments, money_positions

STATEMENT_VERSION = "2"
FEE_KINDS = frozenset({"FEE", "SPREAD", "ROUNDING"})
"""Kinds of lines by which the operator earns; between others they are ordinary."""

CSV_COLUMNS = (
    "section",
    "currency",
    "name",
    "participant",
    "counterparty",
    "kind",
    "payer",
    "payee",
    "money",
    "price",
    "count",
    "owed_to_minor",
    "owed_by_minor",
    "opening_minor",
    "net_minor",
    "closing_minor",
    "amount_minor",
    "payments_minor",
    "rounding_minor",
    "break",
    "source",
    "state",
    "ledger_minor",
    "reported_minor",
    "rows",
    "value",
)
"""Of all sections together; a section leaves empty what it does not have."""

_EXCHANGED = ("count", "owed_to_minor", "owed_by_minor", "net_minor")


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
    """All that a statement says. Amounts in shared minor units; positive is to be received.

    `positions`, `payments` and `breaks` are the participant's own; the operator's statement has
    those of everybody, its own among them. `money` is what the CUT pinned.
    """

    coalition: Coalition
    settlement_id: int
    window_id: int
    participant: str
    first_number: int
    last_number: int
    entries: int
    positions: tuple[Position, ...]
    exchanges: tuple[Exchange, ...]
    payments: tuple[Payment, ...]
    previous_sha256: bytes | None
    money: Mapping[str, Fraction] = field(default_factory=dict)
    breaks: tuple[Break, ...] = ()
    """Open as of the CUT, or resolved in the window."""
    days: Days | None = None
    supersedes: int | None = None
    """The aborted settlement of the same window, whose statement this one takes the place of."""
    apart: tuple[str, ...] = ()
    """Participants whose nets with each other one are payments of their own."""

    @property
    def is_operators(self) -> bool:
        """Whether it shows the whole coalition."""
        return self.participant == self.coalition.operator


@dataclass(frozen=True, slots=True)
class Section:
    """A table of a statement: its rows have the same columns, in texts.

    Amounts are minor units of `currency`. `summed` are the columns with a control total.
    """

    name: str
    currency: str
    summed: tuple[str, ...]
    rows: tuple[Mapping[str, str], ...]

    @property
    def totals(self) -> dict[str, str]:
        """The control totals, by column."""
        return {name: str(sum(int(row[name]) for row in self.rows)) for name in self.summed}


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


def sections(data: StatementData) -> tuple[Section, ...]:
    """What a statement shows, in order. Money has sections where a value is pinned."""
    fees = tuple(each for each in data.exchanges if _is_fee(data, each))
    others = tuple(each for each in data.exchanges if not _is_fee(data, each))
    return (
        _positions(data),
        _exchanged("OBLIGATIONS", data, others),
        _exchanged("FEES", data, fees),
        _paid("PAYMENTS", data.coalition.currency, data.payments),
        _breaks(data),
        _money_values(data),
        *(each for money, price in _values(data) for each in _in_money(data, money, price)),
    )


def _is_fee(data: StatementData, exchange: Exchange) -> bool:
    operator = data.coalition.operator
    return exchange.kind in FEE_KINDS and operator in {data.participant, exchange.counterparty}


def _positions(data: StatementData) -> Section:
    return Section(
        "POSITIONS",
        data.coalition.currency,
        ("opening_minor", "net_minor", "closing_minor"),
        tuple(
            {
                "participant": each.participant,
                "opening_minor": str(each.opening_minor or 0),
                "net_minor": str(each.net_minor),
                "closing_minor": str((each.opening_minor or 0) + each.net_minor),
            }
            for each in data.positions
        ),
    )


def _exchanged(name: str, data: StatementData, parts: Iterable[Exchange]) -> Section:
    return Section(
        name,
        data.coalition.currency,
        _EXCHANGED,
        tuple(
            {
                "counterparty": part.counterparty,
                "kind": part.kind,
                "count": str(part.count),
                "owed_to_minor": str(part.owed_to),
                "owed_by_minor": str(part.owed_by),
                "net_minor": str(part.net),
            }
            for part in parts
        ),
    )


def _paid(name: str, currency: str, payments: Iterable[Payment]) -> Section:
    return Section(
        name,
        currency,
        ("amount_minor",),
        tuple(
            {"payer": due.payer, "payee": due.payee, "amount_minor": str(due.amount)}
            for due in payments
        ),
    )


def _breaks(data: StatementData) -> Section:
    """Each with its resolution in place of its state, where it has one."""
    return Section(
        "BREAKS",
        data.coalition.currency,
        ("ledger_minor", "reported_minor"),
        tuple(
            {
                "break": ".".join(map(str, each.break_id)),
                "source": each.source,
                "kind": each.kind,
                "participant": each.owner,
                "state": each.resolution or each.state,
                "ledger_minor": str(each.ledger_minor),
                "reported_minor": str(each.reported_minor),
            }
            for each in data.breaks
        ),
    )


def _money_values(data: StatementData) -> Section:
    return Section(
        "MONEY_VALUES",
        data.coalition.currency,
        (),
        tuple({"money": money, "price": price_text(price)} for money, price in _values(data)),
    )


def _values(data: StatementData) -> list[tuple[str, Fraction]]:
    return sorted(data.money.items())


def _in_money(data: StatementData, money: str, price: Fraction) -> Iterator[Section]:
    nets = {each.participant: each.net_minor for each in data.positions}
    positions = money_positions(nets, data.payments, price)
    yield Section(
        "MONEY_POSITIONS",
        money,
        ("net_minor", "payments_minor", "rounding_minor"),
        tuple(
            {
                "participant": each.participant,
                "net_minor": str(each.net),
                "payments_minor": str(each.payments),
                "rounding_minor": str(each.rounding),
            }
            for each in positions
        ),
    )
    yield _paid("MONEY_PAYMENTS", money, money_payments(data.payments, price))
    if data.is_operators:
        residual = {
            "participant": data.participant,
            "amount_minor": str(-sum(each.net for each in positions)),
        }
        yield Section("MONEY_RESIDUAL", money, ("amount_minor",), (residual,))


def _identity(data: StatementData) -> dict[str, str | None]:
    previous, days = data.previous_sha256, data.days
    return {
        "version": STATEMENT_VERSION,
        "coalition": data.coalition.coalition_id,
        "operator": data.coalition.operator,
        "settlement": str(data.settlement_id),
        "window": str(data.window_id),
        "business_date": None if days is None else days.business_date.isoformat(),
        "advice_date": None if days is None else days.advice_date.isoformat(),
        "settlement_date": None if days is None else days.settlement_date.isoformat(),
        "supersedes": None if data.supersedes is None else str(data.supersedes),
        "apart": " ".join(data.apart) or None,
        "participant": data.participant,
        "currency": data.coalition.currency,
        "exponent": str(data.coalition.exponent),
        "first_number": str(data.first_number),
        "last_number": str(data.last_number),
        "entries": str(data.entries),
        "previous_sha256": None if previous is None else previous.hex(),
    }


def to_json(data: StatementData) -> bytes:
    """The statement: one JSON object in the encoding of hashed bytes, and a line feed."""
    statement = {
        **_identity(data),
        "sections": [
            {
                "name": section.name,
                "currency": section.currency,
                "row_count": str(len(section.rows)),
                "totals": section.totals,
                "rows": section.rows,
            }
            for section in sections(data)
        ],
    }
    return canonical(statement) + b"\n"


def to_csv(data: StatementData, json_bytes: bytes) -> bytes:
    """The same as one table: every section's rows, and a TOTAL row after them.

    The last row, CONTROL, holds how many rows stand before it (the header is none) and the hash
    of the JSON: a file without it, or with another count, is not whole.
    """
    rows = list(_rows(data))
    digest = hashlib.sha256(json_bytes).hexdigest()
    rows.append({"section": "CONTROL", "rows": str(len(rows)), "value": digest})
    out = io.StringIO()
    writer = csv.DictWriter(out, CSV_COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode("ascii")


def _rows(data: StatementData) -> Iterator[Mapping[str, str]]:
    for name, value in _identity(data).items():
        yield {"section": "STATEMENT", "name": name, "value": value or ""}
    for section in sections(data):
        for row in section.rows:
            yield {"section": section.name, "currency": section.currency, **row}
        yield {
            "section": "TOTAL",
            "name": section.name,
            "currency": section.currency,
            "rows": str(len(section.rows)),
            **section.totals,
        }
