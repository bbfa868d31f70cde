"""Nights of which each is killed in one stage, then run again: `killed_nights.py URL STAGE TIMES`.

Each night is a process that a parent without threads forks, so that nothing has to be imported
again; it ends by SIGKILL, at another moment of the stage each time. With the stage "none" nothing
is killed. Prints, as JSON, how many died within the stage and the hashes of all statements.
"""

import json
import os
import signal
import sys
import time
from datetime import timedelta

from sqlalchemy import Engine

from gateway.database import report_engine
from settlement.ledger.book import read_head
from settlement.reports import SettlementReport
from settlement.run import Progress, SettlementUnderWay, ignore, settle
from support.handmade import COALITION, DAY, NOW, PARTICIPANTS, money_at, write

AT_FIRST = 0.004
"""Seconds from the beginning of a stage to the kill, for the last of the nights, at first."""


def night(engine: Engine, progress: Progress = ignore) -> SettlementReport:
    """Settle; the server gives the lock of a dead process back once it sees that it is dead."""
    for _ in range(200):
        try:
            return settle(
                engine,
                COALITION,
                PARTICIPANTS,
                lambda: NOW + timedelta(hours=12),
                money_at,
                progress,
            )
        except SettlementUnderWay:
            time.sleep(0.02)
    message = "the lock of a dead process was never given back"
    raise RuntimeError(message)


def killed(url: str, stage: str, seconds: float) -> bool:
    """A night that is killed so long after its stage began; whether the stage was under way."""
    told, tells = os.pipe()
    child = os.fork()
    if not child:
        _be_killed(url, stage, tells)
    os.close(tells)
    if not os.read(told, 1):
        message = f"the night ended before {stage} began"
        raise RuntimeError(message)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    survived = os.read(told, 1)
    os.close(told)
    return not survived


def _be_killed(url: str, stage: str, tells: int) -> None:
    """In the child: tell when the stage begins and when it is over, and wait for the end then."""
    began = False

    def progress(reached: str, done: int, _total: int) -> None:
        nonlocal began
        if began and reached != stage:
            wait()
        if reached == stage and not done:
            began = True
            os.write(tells, b"b")

    def wait() -> None:
        os.write(tells, b"e")
        while True:
            time.sleep(1)

    night(report_engine(url), progress)
    wait()


def main(url: str, stage: str, times: str) -> None:
    """All nights, one after the other."""
    within, seconds, hashes = 0, AT_FIRST, []
    for number in range(int(times)):
        engine = report_engine(url)
        with engine.begin() as connection:
            write(connection, *DAY, now=read_head(connection).accepted_at)
        engine.dispose()
        if stage != "none":
            died = killed(url, stage, seconds * (number % 5) / 4)
            within += died
            seconds *= 1.3 if died else 0.8
        engine = report_engine(url)
        report = night(engine)
        hashes.append({name: each.sha256.hex() for name, each in report.statements.items()})
        engine.dispose()
    sys.stdout.write(json.dumps({"within": within, "statements": hashes}))


if __name__ == "__main__":
    main(*sys.argv[1:])
