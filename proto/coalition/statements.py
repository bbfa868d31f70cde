"""Checks a statement offline: nothing but its own bytes is needed, and no server.

Whether its sums are those of the ledger is another question, answered by a partner's own
receipts and feed records.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

from coalition.statement_reading import (
    COLUMNS,
    Section,
    Statement,
    price_of,
    read_form,
)
from coalition.statement_tables import comparison_problems, table_problems
from coalition.strict_json import BadJson

FEE_KINDS = frozenset({"FEE", "SPREAD", "ROUNDING"})
"""Kinds of lines by which the operator earns."""

_SHARED = ("POSITIONS", "OBLIGATIONS", "FEES", "PAYMENTS", "BREAKS", "MONEY_VALUES")
_IN_MONEY = ("MONEY_POSITIONS", "MONEY_PAYMENTS")
_RESIDUAL = "MONEY_RESIDUAL"


class BadStatement(Exception):
    """A statement cannot be relied on; see `problems`."""

    def __init__(self, problems: Iterable[str]) -> None:
        """Keep the problems, and say the first ones."""
        self.problems = tuple(problems)
        super().__init__("the statement does not hold: " + "; ".join(self.problems[:5]))


def verify_statement(json_bytes: bytes, csv_bytes: bytes | None = None) -> list[str]:
    """What is wrong with a statement, in words; empty where all of it agrees.

    With `csv_bytes` also whether the table is whole and says the same. Never raises for bad
    data.
    """
    try:
        statement = read_form(json_bytes)
        problems = [problem for check in _CHECKS for problem in check(statement)]
    except BadJson as problem:
        return [f"the statement cannot be read: {problem}"]
    if csv_bytes is not None:
        problems += comparison_problems(statement, csv_bytes)
    return problems


def verify_table(csv_bytes: bytes) -> list[str]:
    """Why a statement's CSV, all that there is, is not whole. Never raises for bad data."""
    return table_problems(csv_bytes)


def read_statement(json_bytes: bytes) -> Statement:
    """A statement of which all agrees. Raises BadStatement."""
    if problems := verify_statement(json_bytes):
        raise BadStatement(problems)
    return read_form(json_bytes)


def _same(what: str, found: int, expected: int) -> Iterator[str]:
    if found != expected:
        yield f"{what} is {found}; it should be {expected}"


def _check_identity(statement: Statement) -> Iterator[str]:
    for key in ("settlement", "window", "exponent", "first_number", "last_number", "entries"):
        if getattr(statement, key) < 0:
            yield f"{key} is negative"
    if statement.first_number > statement.last_number:
        yield "its first number is after its last"
    if statement.supersedes is not None and not 0 < statement.supersedes < statement.settlement:
        yield "supersedes is not an earlier settlement"
    if statement.apart != tuple(sorted(set(statement.apart))):
        yield "the participants apart are not sorted, each once"


def _check_sections(statement: Statement) -> Iterator[str]:
    """Which sections there are, in which order; later ones that this client does not know pass."""
    moneys = statement.prices
    if list(moneys) != sorted(moneys) or len(moneys) != len(statement.section(_SHARED[-1]).rows):
        yield "the values in money are not sorted by currency, each once"
    in_money = (*_IN_MONEY, _RESIDUAL) if statement.is_operators else _IN_MONEY
    expected = [(name, statement.currency) for name in _SHARED]
    expected += [(name, money) for money in moneys for name in in_money]
    found = [(each.name, each.currency) for each in statement.sections]
    if found[: len(expected)] != expected:
        listed = ", ".join(f"{name} in {currency}" for name, currency in expected)
        yield f"its sections are not these, in this order: {listed}"
    if any(name in COLUMNS for name, _ in found[len(expected) :]) or len(set(found)) < len(found):
        yield "a section stands twice, or has no place in it"


def _check_totals(statement: Statement) -> Iterator[str]:
    for section in statement.sections:
        if section.row_count != len(section.rows):
            yield (
                f"{section.title} has {len(section.rows)} rows; its control total counts "
                f"{section.row_count}: rows are missing or added"
            )
        for column, total in section.totals.items():
            yield from _same(
                f"{section.title}: control total {column}", total, section.summed(column)
            )


def _check_positions(statement: Statement) -> Iterator[str]:
    section, me = statement.section("POSITIONS"), statement.participant
    names = [row["participant"] for row in section.rows]
    if statement.is_operators:
        if names != sorted(set(names)) or me not in names:
            yield "positions are not those of everybody, sorted by name, each once"
        yield from _same("the sum of all positions", section.summed("net_minor"), 0)
    elif names != [me]:
        yield "positions are not the participant's own, and nobody else's"
    for row in section.rows:
        opening, net = int(row["opening_minor"]), int(row["net_minor"])
        what = f"closing_minor of {row['participant']}"
        yield from _same(what, int(row["closing_minor"]), opening + net)
        if row["participant"] == me:
            parts = statement.section("OBLIGATIONS"), statement.section("FEES")
            summed = sum(part.summed("net_minor") for part in parts)
            yield from _same(f"net_minor of {me}", net, summed)


def _check_exchanged(statement: Statement) -> Iterator[str]:
    for name in ("OBLIGATIONS", "FEES"):
        rows = statement.section(name).rows
        keys = [(row["counterparty"], row["kind"]) for row in rows]
        if keys != sorted(set(keys)):
            yield f"{name} are not sorted by counterparty and kind, each once"
        for row in rows:
            what = f"{name} with {row['counterparty']}, {row['kind']}"
            if row["counterparty"] == statement.participant:
                yield f"{what}: nobody owes themselves"
            if _is_fee(statement, row) is not (name == "FEES"):
                yield f"{what}: stands in the wrong section"
            to, by = int(row["owed_to_minor"]), int(row["owed_by_minor"])
            if min(to, by) < 0 or max(to, by) == 0 or int(row["count"]) < 1:
                yield f"{what}: counts and gross amounts are positive"
            yield from _same(f"{what}: net", int(row["net_minor"]), to - by)


def _is_fee(statement: Statement, row: Mapping[str, str]) -> bool:
    pair = statement.participant, row["counterparty"]
    return row["kind"] in FEE_KINDS and statement.operator in pair


def _check_payments(statement: Statement) -> Iterator[str]:
    rows, me = statement.section("PAYMENTS").rows, statement.participant
    pairs = [(row["payer"], row["payee"]) for row in rows]
    if pairs != sorted(set(pairs)):
        yield "payments are not sorted by payer and payee, each once"
    for (payer, payee), row in zip(pairs, rows, strict=True):
        if payer == payee or not (statement.is_operators or me in {payer, payee}):
            yield f"a payment from {payer} to {payee} is not of this participant"
        if int(row["amount_minor"]) <= 0:
            yield f"the payment from {payer} to {payee} is not positive"
    apart = frozenset(statement.apart)
    netted = [pair for pair in pairs if apart.isdisjoint(pair)]
    for name in sorted({payer for payer, _ in netted} & {payee for _, payee in netted}):
        yield f"{name} both pays and receives"
    yield from _check_apart(statement)
    paid = _received(statement.section("PAYMENTS"))
    nets = {r["participant"]: int(r["net_minor"]) for r in statement.section("POSITIONS").rows}
    for name, net in nets.items():
        yield from _same(f"payments received by {name} minus paid", paid.get(name, 0), net)


def _check_apart(statement: Statement) -> Iterator[str]:
    """What is between a participant apart and another is one payment of their own net."""
    me = statement.participant
    paid: dict[str, int] = {}
    for row in statement.section("PAYMENTS").rows:
        if me in {row["payer"], row["payee"]}:
            other, sign = (row["payer"], 1) if row["payee"] == me else (row["payee"], -1)
            paid[other] = paid.get(other, 0) + sign * int(row["amount_minor"])
    owed: dict[str, int] = {}
    for name in ("OBLIGATIONS", "FEES"):
        for row in statement.section(name).rows:
            other = row["counterparty"]
            owed[other] = owed.get(other, 0) + int(row["net_minor"])
    for other in sorted(owed if me in statement.apart else owed.keys() & set(statement.apart)):
        yield from _same(f"payments with {other}, settled apart", paid.get(other, 0), owed[other])


def _check_breaks(statement: Statement) -> Iterator[str]:
    rows, me = statement.section("BREAKS").rows, statement.participant
    names = [row["break"] for row in rows]
    if len(set(names)) < len(names):
        yield "a break stands twice"
    for row in rows:
        if not statement.is_operators and row["participant"] != me:
            yield f"break {row['break']} is not of this participant"


def _received(payments: Section) -> dict[str, int]:
    """What everybody receives minus what they pay, by name."""
    found: dict[str, int] = {}
    for row in payments.rows:
        for name, sign in ((row["payee"], 1), (row["payer"], -1)):
            found[name] = found.get(name, 0) + sign * int(row["amount_minor"])
    return found


def _check_money(statement: Statement) -> Iterator[str]:
    """Every payment and position is valued for itself, half to even; the operator has the rest."""
    for row in statement.section("MONEY_VALUES").rows:
        money, price = row["money"], price_of(row)
        paid = [
            {**due, "amount_minor": str(round(int(due["amount_minor"]) * price))}
            for due in statement.section("PAYMENTS").rows
        ]
        payments = statement.section("MONEY_PAYMENTS", money)
        if list(payments.rows) != paid:
            yield f"payments in {money} are not those of the shared currency at {row['price']}"
        received = _received(payments)
        nets = {
            each["participant"]: round(int(each["net_minor"]) * price)
            for each in statement.section("POSITIONS").rows
        }
        positions = [_money_row(name, net, received.get(name, 0)) for name, net in nets.items()]
        if list(statement.section("MONEY_POSITIONS", money).rows) != positions:
            yield f"positions in {money} are not those of the shared currency at {row['price']}"
        residual = {"participant": statement.operator, "amount_minor": str(-sum(nets.values()))}
        if statement.is_operators and list(statement.section(_RESIDUAL, money).rows) != [residual]:
            yield f"the rounding residual in {money} is not what positions leave"


def _money_row(participant: str, net: int, payments: int) -> dict[str, str]:
    return {
        "participant": participant,
        "net_minor": str(net),
        "payments_minor": str(payments),
        "rounding_minor": str(net - payments),
    }


_CHECKS: tuple[Callable[[Statement], Iterator[str]], ...] = (
    _check_identity,
    _check_sections,
    _check_totals,
    _check_positions,
    _check_exchanged,
    _check_payments,
    _check_breaks,
    _check_money,
)
