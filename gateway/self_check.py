"""The whole self-check: the book, its closing, and what partners agreed."""

from collections.abc import Callable
from functools import partial

from sqlalchemy import Engine

from partners.check import check_agreed
from settlement.check import check_settlements
from settlement.check_reconciliations import reconciliation_problems
from settlement.ledger.book import read_head
from settlement.ledger.check import check, snapshot
from settlement.ledger.entries import Coalition
from settlement.ledger.problems import Problem


def check_book(
    engine: Engine,
    coalition: Coalition,
    show: Callable[[str, int, int], None],
) -> tuple[list[Problem], int]:
    """Every problem that the self-checks find, and how many entries there are.

    All of it sees one state of the database, however much is written meanwhile.
    """
    with snapshot(engine) as connection:
        problems = check(connection, coalition, partial(show, "Book is checked"))
        problems += check_settlements(connection, coalition, partial(show, "Closing is checked"))
        problems += check_agreed(connection)
        problems += reconciliation_problems(connection)
        return problems, read_head(connection).size
