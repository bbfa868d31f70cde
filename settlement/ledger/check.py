"""The self-check of the book: every balance and every hash again, from the lines.

Bad data is reported, never raised. One pass over the log in order, in constant memory, then
checks that PostgreSQL does on whole tables.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DataError

from settlement.ledger.check_log import check_log, entries_in
from settlement.ledger.check_sums import SUM_CHECKS
from settlement.ledger.entries import Coalition
from settlement.ledger.problems import PROBLEMS_PER_CHECK, Findings, Problem, Progress, ignore


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """A connection that sees one state of the book and writes nothing, for a check."""
    with engine.connect() as connection:
        connection.execution_options(
            isolation_level="REPEATABLE READ",
            postgresql_readonly=True,
        )
        with connection.begin():
            yield connection


def check(
    connection: Connection,
    coalition: Coalition,
    progress: Progress = ignore,
) -> list[Problem]:
    """All differences of the book, each with the check that found it; empty where it is sound.

    `progress` counts entries, then one for each check on whole tables. While others write,
    the connection is one of `snapshot`. Of one check at most PROBLEMS_PER_CHECK problems are
    given, then how many more there are.
    """
    findings = Findings()
    entries = entries_in(connection)
    total = entries + len(SUM_CHECKS)
    findings.add(
        guarded(
            connection,
            "log",
            lambda: check_log(connection, coalition, lambda done: progress(done, total)),
        ),
    )
    for done, (name, query) in enumerate(SUM_CHECKS.items(), start=entries + 1):
        findings.add(query_check(connection, name, query))
        progress(done, total)
    return findings.report()


def guarded(
    connection: Connection,
    name: str,
    run: Callable[[], Iterable[Problem]],
) -> Iterator[Problem]:
    """The problems of a check, and that it could not go on where data cannot even be read."""
    try:
        with connection.begin_nested():
            yield from run()
    except (ValueError, LookupError, ArithmeticError, DataError) as error:
        yield Problem(name, "the check could not go on", str(error), "data that can be read")


def query_check(connection: Connection, name: str, query: str) -> Iterator[Problem]:
    """Run a query that gives a row (where, found, expected) for each problem."""
    bounded = f"select * from ({query}) as problem limit {PROBLEMS_PER_CHECK + 1}"  # noqa: S608 - queries of this room

    def run() -> Iterator[Problem]:
        for where, found, expected in connection.execute(text(bounded)):
            yield Problem(name, where, found, expected)

    return guarded(connection, name, run)
