"""Settle the coalition of a database and end by SIGKILL in a stage: `killed_again.py URL STAGE`."""

import os
import signal
import sys

from gateway.database import report_engine
from settlement.ledger.book import load_coalition
from settlement.run import settle
from support.coalition_day import NOON
from support.handmade import money_at
from support.settled_world import COMPANIES


def main(url: str, last_stage: str) -> None:
    def progress(stage: str, done: int, _total: int) -> None:
        if stage == last_stage and done:
            os.kill(os.getpid(), signal.SIGKILL)

    engine = report_engine(url)
    with engine.connect() as connection:
        coalition = load_coalition(connection)
    assert coalition is not None
    settle(engine, coalition, COMPANIES, lambda: NOON, money_at, progress)


if __name__ == "__main__":
    main(*sys.argv[1:])
