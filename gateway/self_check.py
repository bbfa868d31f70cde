"""The whole self-check: the book, its closing, and what partners agreed."""

from collections.abc import Callable
from functools import partial

from sqlalchemy import Connection, Engine

from coalition.checkpoints import Checkpoint
from gateway.checkpointing import difference
from partners.check import check_agreed
from settlement.check import check_settlements
from settlement.ledger.book import read_head
from settlement.ledger.check import check, snapshot
from settlement.ledger.entries import Coalition
from settlement.ledger.problems import Problem


def check_book(
    engine: Engine,
    coalition: Coalition,
    show: Callable[[str, int, int], None],
    checkpoint: Checkpoint | None = None,
) -> tuple[list[Problem], int]:
    """Every problem that the self-checks find, and how many entries there are.

    All of it sees one state of the database, however much is written meanwhile. `checkpoint`
    is one that was kept outside it before this was called.
    """
    with snapshot(engine) as connection:
        problems = check(connection, coalition, partial(show, "Book is checked"))
        problems += check_settlements(connection, coalition, partial(show, "Closing is checked"))
        problems += check_agreed(connection)
        problems += _against(connection, checkpoint)
        return problems, read_head(connection).size


def _against(connection: Connection, checkpoint: Checkpoint | None) -> list[Problem]:
    """Whether the log begins with what was signed.

    What is rewritten with all its hashes made anew agrees with itself, and only this tells.
    """
    if checkpoint is None:
        return []
    where = f"the first {checkpoint.size} entries"
    size = read_head(connection).size
    if size < checkpoint.size:
        return [Problem("checkpoint", where, f"{size} entries", f"{checkpoint.size} or more")]
    found = difference(connection, checkpoint)
    signed = f"the root that was signed, {checkpoint.root.hex()}"
    return [] if found is None else [Problem("checkpoint", where, found, signed)]
