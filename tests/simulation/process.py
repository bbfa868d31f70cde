"""A gateway process without sockets, which can be cut off, killed, and overtaken.

What it is handed takes the way of a call: authenticated, turned into values, decided by the
writer. Which requests make a batch, and what befalls it, is said by the history.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from threading import Thread
from time import sleep
from typing import Any

import psycopg
from sqlalchemy import Connection, event, text

from coalition.methods import Method
from coalition.v1.envelope_pb2 import Envelope
from gateway.authentication import authenticate, submission_of
from gateway.checkpointing import Checkpoints
from gateway.database import connect_engine
from gateway.directories import DirectoryCache
from gateway.translation.answers import Answers
from gateway.waiting import Waiting
from gateway.writer import Writer, _Batch
from partners.refusals import Refused
from partners.requests import Submission
from settlement.ledger.book import load_coalition
from simulation.actions import Fault
from support.coalition_day import keyring

Reply = Envelope | Refused | None
"""A signed answer, a refusal that is not stored, or nothing, where nobody was left to answer."""

KILL = text("select pg_terminate_backend(:pid)")
ALIVE = text("select count(*) from pg_stat_get_activity(:pid)")
WAITING = text("select count(*) from pg_locks where not granted")


class Crash(BaseException):
    """The process is gone. Nothing of it may catch this."""


@dataclass(frozen=True)
class Parcel:
    """An envelope for a method, as it comes."""

    method: Method
    data: bytes


@dataclass
class Fate:
    """What is to befall the next transaction; `meanwhile` is what the other writer does."""

    fault: Fault = Fault.NONE
    at: int = 0
    meanwhile: Callable[[], None] = lambda: None
    seen: int = 0
    left: int = 0


@dataclass
class Process:
    """A gateway process on a database. `killer` is a connection from outside, in autocommit."""

    url: str
    clock: Callable[[], datetime]
    killer: Connection
    fate: Fate = field(default_factory=Fate)
    helper: Thread | None = None

    def __post_init__(self) -> None:
        self._start()

    def _start(self) -> None:
        self.engine = connect_engine(self.url)
        event.listen(self.engine, "before_cursor_execute", self._before_statement)
        event.listen(self.engine, "commit", self._before_commit)
        with self.engine.connect() as connection:
            coalition = load_coalition(connection)
            assert coalition is not None
            self.directories = DirectoryCache(connection, coalition)
            self.checkpoints = Checkpoints(coalition.coalition_id, keyring(), None)
            self.checkpoints.begin(connection)
        self.answers = Answers(coalition.coalition_id, keyring().current)

    def restart(self) -> None:
        """Forget everything, as after a crash."""
        self.stop()
        self._start()

    def stop(self) -> None:
        self.fate = Fate()
        self.engine.dispose()

    # Batches --------------------------------------------------------------------------------

    def batch(self, parcels: Sequence[Parcel], fate: Fate | None = None) -> list[Reply]:
        """Have these decided together, in order, as far as they are signed rightly."""
        replies: list[Reply] = [None] * len(parcels)
        waiting: list[tuple[int, Waiting, Future[Envelope | Refused]]] = []
        for place, parcel in enumerate(parcels):
            try:
                answered: Future[Envelope | Refused] = Future()
                waiting.append((place, Waiting(self._submission(parcel), answered), answered))
            except Refused as refused:
                replies[place] = refused
        self.fate = fate or Fate()
        self.fate.left = 2 if self.fate.fault is Fault.UNREACHABLE else 1
        try:
            self._writer()._write(_Batch.of(*(one for _, one, _ in waiting)))
        except Crash:
            self.restart()
            return replies
        finally:
            self._join()
        for place, _, answered in waiting:
            replies[place] = answered.result(timeout=0)
        return replies

    def _submission(self, parcel: Parcel) -> Submission:
        known = self.directories.known
        request = authenticate(parcel.data, parcel.method, known, self.clock())
        return submission_of(request, parcel.data)

    def _writer(self) -> Writer:
        return Writer(
            engine=self.engine,
            answers=self.answers,
            clock=self.clock,
            directories=self.directories,
            keyring=keyring(),
            checkpoints=self.checkpoints,
            on_commit=lambda: None,
        )

    # What befalls it ------------------------------------------------------------------------

    def _before_statement(self, connection: Connection, *_: object) -> None:
        fate = self.fate
        here = fate.fault is Fault.UNREACHABLE or (fate.fault is Fault.CUT and fate.seen == fate.at)
        fate.seen += 1
        if here and fate.left:
            fate.left -= 1
            self._cut_off(connection)

    def _before_commit(self, connection: Connection) -> None:
        fate = self.fate
        if not fate.left:
            return
        fate.left -= 1
        match fate.fault:
            case Fault.LOST_BEFORE_COMMIT:
                self._cut_off(connection)
            case Fault.LOST_AFTER_COMMIT:
                _driver(connection).commit()
                self._cut_off(connection)
                connection.exec_driver_sql("select 'the answer to this commit never came'")
            case Fault.CRASH_BEFORE_COMMIT:
                raise Crash
            case Fault.CRASH_AFTER_COMMIT:
                _driver(connection).commit()
                raise Crash
            case Fault.TAKEN_OVER:
                self._cut_off(connection)
                fate.meanwhile()
            case Fault.WAITED_FOR:
                self.helper = Thread(target=fate.meanwhile)
                self.helper.start()
                self._see_it_wait()

    def _cut_off(self, connection: Connection) -> None:
        pid = {"pid": _driver(connection).info.backend_pid}
        self.killer.execute(KILL, pid)
        while self.killer.execute(ALIVE, pid).scalar():
            sleep(0.001)

    def _see_it_wait(self) -> None:
        """The other writer waits for the lock that this one holds."""
        for _ in range(400):
            if self.killer.execute(WAITING).scalar():
                return
            sleep(0.005)

    def _join(self) -> None:
        if self.helper is not None:
            self.helper.join()
            self.helper = None


def _driver(connection: Connection) -> psycopg.Connection[Any]:
    driver = connection.connection.dbapi_connection
    assert isinstance(driver, psycopg.Connection)
    return driver
