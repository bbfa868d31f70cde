"""The whole self-check: the book, then windows and settlements."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from sqlalchemy import Connection

from settlement import store
from settlement.check_settlements import (
    OBLIGATIONS,
    check_openings,
    check_post,
    check_statements,
    settlement_problems,
)
from settlement.check_windows import WINDOW_CHECKS, check_windows
from settlement.ledger.check import check as check_ledger
from settlement.ledger.check import guarded, query_check
from settlement.ledger.entries import Coalition
from settlement.ledger.problems import Findings, Problem, Progress, ignore
from settlement.store import Settlement

Check = Callable[[], Iterable[Problem]]


def check(
    connection: Connection,
    coalition: Coalition,
    progress: Progress = ignore,
) -> list[Problem]:
    """All differences in book, windows and settlements; empty where everything agrees.

    Bad data is reported, never raised. While others write, the connection is one of
    `settlement.ledger.check.snapshot`.
    """
    checks = _checks(connection, coalition)
    reached = 0

    def of_ledger(done: int, total: int) -> None:
        nonlocal reached
        reached = total
        progress(done, total + len(checks))

    findings = Findings(check_ledger(connection, coalition, of_ledger))
    for done, run in enumerate(checks, start=reached + 1):
        findings.add(run())
        progress(done, reached + len(checks))
    return findings.report()


def _checks(connection: Connection, coalition: Coalition) -> Sequence[Check]:
    queries = {**WINDOW_CHECKS, "obligations": OBLIGATIONS}
    return (
        lambda: guarded(connection, "windows", lambda: check_windows(connection)),
        *(_query(connection, name, query) for name, query in queries.items()),
        lambda: guarded(connection, "settlements", lambda: _settlements(connection, coalition)),
    )


def _query(connection: Connection, name: str, query: str) -> Check:
    return lambda: query_check(connection, name, query)


def _settlements(connection: Connection, coalition: Coalition) -> Iterator[Problem]:
    settlements = store.list_settlements(connection)
    yield from guarded(connection, "openings", lambda: check_openings(connection, settlements))
    for settlement in settlements:
        for name, run in _of_settlement(connection, coalition, settlement).items():
            yield from guarded(connection, name, run)


def _of_settlement(
    connection: Connection,
    coalition: Coalition,
    settlement: Settlement,
) -> dict[str, Check]:
    return {
        "positions": lambda: settlement_problems(connection, settlement),
        "post": lambda: check_post(connection, coalition, settlement),
        "statements": lambda: check_statements(connection, coalition, settlement),
    }
