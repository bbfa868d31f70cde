"""Self-check of findings: they are those whose hash the log holds."""

from collections.abc import Iterator

from sqlalchemy import Connection, text

from settlement.ledger.problems import Problem
from settlement.reconciliation import findings
from settlement.reconciliation_outcomes import digest_of


def reconciliation_problems(connection: Connection) -> Iterator[Problem]:
    """Records whose findings are not those that matching found."""
    rows = connection.execute(
        text("select reconciliation, digest from reconciliation_result order by reconciliation")
    ).all()
    for row in rows:
        found = digest_of(each for _, each in findings(connection, row.reconciliation))
        if found != bytes(row.digest):
            where = f"record {row.reconciliation}"
            yield Problem("record-findings", where, found.hex(), bytes(row.digest).hex())
