"""Settle in a process of its own that ends by SIGKILL in a stage: `killed_night.py URL STAGE`."""

import os
import signal
import sys

from gateway.database import report_engine
from settlement.run import settle
from support.handmade import COALITION, NOW, PARTICIPANTS, money_at


def main(url: str, last_stage: str) -> None:
    def progress(stage: str, done: int, _total: int) -> None:
        if stage == last_stage and done:
            os.kill(os.getpid(), signal.SIGKILL)

    settle(report_engine(url), COALITION, PARTICIPANTS, lambda: NOW, money_at, progress)


if __name__ == "__main__":
    main(*sys.argv[1:])
