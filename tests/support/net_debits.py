"""What participants owe on balance, as the ledger's sums have it."""

from collections.abc import Iterable

from sqlalchemy import Connection, text


def exposures(connection: Connection, participants: Iterable[str] | None = None) -> dict[str, int]:
    """The net debit of each participant that is named, or of all, in shared minor units.

    Positive: it owes; negative: it is owed. One that never owed nor was owed is left out.
    """
    rows = connection.execute(text("select participant, debits - credits as owed from exposure"))
    named = None if participants is None else set(participants)
    return {
        row.participant: int(row.owed) for row in rows if named is None or row.participant in named
    }
