"""All that the database holds of balances and counters, to compare before and after."""

from typing import Any

from sqlalchemy import Connection, text

from partners import tables  # noqa: F401 - they are of this metadata
from settlement.ledger.tables import metadata

QUERIES = {
    "company_account": "select code, credits - debits from company_account where credits <> debits",
    "member_account": (
        "select member_id, programme, credits - debits, debits_pending, credits_pending "
        "from member_account where credits <> debits or debits_pending + credits_pending <> 0"
    ),
    "progress": (
        "select member_id, programme, counter, day, number, amount from progress where amount <> 0"
    ),
    "rule_usage": "select programme, rule, used from rule_usage where used <> 0",
    "agreement_usage": "select agreement, used from agreement_usage where used <> 0",
    "award_usage": "select programme, award, used from award_usage where used <> 0",
    "held_points": (
        "select member_id, programme, number, amount, available_at from held_points "
        "where amount <> 0"
    ),
}
"""Balances and counters by table; what is zero is as good as not there."""

TABLES = {
    "tier_term": "member_id, programme, tier, since, until, source",
    "election": "member_id, programme, choice, chosen_programme, elected_at",
    "registration": "member_id, programme, rule, registered_at",
    "voucher": "member_id, programme, award, tier, points, state, usable_until",
    "membership": (
        "member_id, programme, member_number, tier, tier_since, tier_until, tier_source, choice, "
        "chosen_programme, state"
    ),
    "activity": (
        "supplier, kind, reference, revision, reporter, counted, reversed_numerator, "
        "reversed_denominator, recovered"
    ),
    "redemption_hold": (
        "member_id, programme, merchant, amount, captured, refunded, agreement, requester, "
        "captured_by, state, expires_at, reference"
    ),
    "quote": "source_member_id, source_programme, source_minor, target_minor, state",
}
"""What stands in other tables, apart from the numbers of entries."""

State = dict[str, list[tuple[Any, ...]]]


def balances_and_counters(connection: Connection) -> State:
    """Every balance and counter that is not zero."""
    return {name: _rows(connection, query) for name, query in QUERIES.items()}


def whole_state(connection: Connection) -> State:
    """Balances and counters, and what stands in the other tables that hold state."""
    rest = {
        name: _rows(connection, f"select {columns} from {name}") for name, columns in TABLES.items()
    }
    return balances_and_counters(connection) | rest


def _rows(connection: Connection, query: str) -> list[tuple[Any, ...]]:
    return sorted((tuple(row) for row in connection.execute(text(query))), key=repr)


def everything(connection: Connection) -> State:
    """Every row of every table, also entries with their bytes and numbers."""
    return {
        table.name: sorted((tuple(row) for row in connection.execute(table.select())), key=repr)
        for table in metadata.sorted_tables
    }
