"""The self-check of windows and settlements, beside that of the book."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from sqlalchemy import Connection

from settlement import store
from settlement.check_due_words import DUE_WORD_CHECKS
from settlement.check_dues import DUE_CHECKS
from settlement.check_settlements import (
    DAYS,
    OBLIGATIONS,
    SHOWN,
    check_openings,
    check_post,
    check_statements,
    settlement_problems,
)
from settlement.check_windows import WINDOW_CHECKS, check_windows
from settlement.ledger.check import guarded, query_check
from settlement.ledger.entries import Coalition
from settlement.ledger.problems import Findings, Problem, Progress, ignore
from settlement.store import Settlement

Check = Callable[[], Iterable[Problem]]


def check_settlements(
    connection: Connection,
    coalition: Coalition,
    progress: Progress = ignore,
) -> list[Problem]:
    """All differences in windows and settlements; empty where everything agrees.

    Takes the book for granted, which `settlement.ledger.check.check` checks. Bad data is
    reported, never raised. While others write, the connection is one of
    `settlement.ledger.check.snapshot`.
    """
    checks = _checks(connection, coalition)
    findings = Findings()
    for done, run in enumerate(checks, start=1):
        findings.add(run())
        progress(done, len(checks))
    return findings.report()


def _checks(connection: Connection, coalition: Coalition) -> Sequence[Check]:
    queries = {
        **WINDOW_CHECKS,
        "obligations": OBLIGATIONS,
        "entries-shown": SHOWN,
        "days": DAYS,
        **DUE_CHECKS,
        **DUE_WORD_CHECKS,
    }
    return (
        lambda: guarded(connection, "windows", lambda: check_windows(connection)),
        *(partial(query_check, connection, name, query) for name, query in queries.items()),
        lambda: guarded(connection, "settlements", lambda: _settlements(connection, coalition)),
    )


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
