"""The batch writer: one thread that takes what is waiting, decides it and commits once.

Handlers hand over submissions and await their replies; nothing is answered before its commit.
Several gateway processes may run a writer each: the lock on the end of the log orders them.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

import psycopg
import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from gateway.checkpointing import Checkpoints
from gateway.directories import DirectoryCache
from gateway.keyring import Keyring
from gateway.logs import in_short
from gateway.waiting import Answered, SignedReply, Waiting, WaitingRoom
from partners.batch import AnswerWriter, Decisions, Reply, is_administrative, run_batch
from partners.refusals import Reason, Refused
from partners.requests import Submission
from settlement.ledger.book import Head, read_head

_log = structlog.get_logger(__name__)


Delivery = tuple[Answered, SignedReply]


def deliver_here(deliveries: Sequence[Delivery]) -> None:
    """Give replies to those who still wait for them."""
    for answered, reply in deliveries:
        if not answered.done():
            answered.set_result(reply)


@dataclass
class Writer:
    """Writes submissions in batches, and signs what came of them."""

    engine: Engine
    answers: AnswerWriter
    clock: Callable[[], datetime]
    directories: DirectoryCache
    keyring: Keyring
    checkpoints: Checkpoints
    on_commit: Callable[[], None]
    deliver: Callable[[Sequence[Delivery]], None] = deliver_here
    """Puts replies where they are awaited; the server has its event loop do it, once per batch."""
    _room: WaitingRoom = field(default_factory=WaitingRoom)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to write."""
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write what is waiting, then end."""
        self._room.close()
        if self._thread is not None:
            self._thread.join()

    def submit(self, submission: Submission, answered: Answered) -> None:
        """Hand over a submission; `answered` is given the reply, unless it is cancelled before.

        Raises Refused (OVERLOADED) where too much is waiting. What is cancelled before its turn is
        not decided; afterwards it is, whoever waits.
        """
        self._room.put(Waiting(submission, answered))

    def _run(self) -> None:
        while self._room.wait():
            began = time.monotonic()
            batch = _Batch(self._room.next_batch)
            self._write(batch)
            self._room.pace.took(sum(w.size for w in batch.taken), time.monotonic() - began)

    def _write(self, batch: "_Batch") -> None:
        """Write a batch; where something in it is at fault, its submissions one by one, in order.

        The thread lives on whatever happens: every caller is told.
        """
        try:
            decisions = self._attempt(batch)
        except _Undecided:
            self._reply_all(batch.take(), _unavailable("the ledger is out of reach"))
        except Exception as error:  # noqa: BLE001 - one bad request must not take others along
            taken = batch.take()
            if len(taken) == 1:
                request_id = taken[0].submission.head.request_id
                _log.exception("submission cannot be written", request_id=request_id)
                self._reply_all(taken, _unwritable(error))
                return
            _log.warning("batch tried one by one", submissions=len(taken), error=in_short(error))
            for waiting in taken:
                self._write(_Batch.of(waiting))
        else:
            self._answer(batch.taken, decisions.replies, decisions.head)

    def _answer(self, batch: Sequence[Waiting], replies: Sequence[Reply], head: Head) -> None:
        """Answer what is committed, once a checkpoint that covers it is kept."""
        try:
            self.checkpoints.keep(head)
        except Refused as refused:
            self._reply_all(batch, refused)
            return
        finally:
            self.on_commit()
        self.deliver(
            [(w.answered, self._signed(reply)) for w, reply in zip(batch, replies, strict=True)]
        )

    def _reply_all(self, batch: Sequence[Waiting], reply: Refused) -> None:
        self.deliver([(waiting.answered, reply) for waiting in batch])

    def _signed(self, reply: Reply) -> SignedReply:
        """Sign an answer: the lock is released by now, and the next batch is gathering."""
        return reply if isinstance(reply, Refused) else self.keyring.seal(reply)

    def _attempt(self, batch: "_Batch") -> Decisions:
        """One transaction; a second try where the connection was lost.

        After a lost connection nobody knows whether the commit came through. The second try
        takes the writer's lock, so the first has ended, and finds what it wrote by request id.
        """
        for last in (False, True):
            try:
                with self.engine.begin() as connection:
                    decisions = self._decide(connection, batch)
                self.directories.known = decisions.directory
                self._refresh(batch.taken)
            except (SQLAlchemyError, psycopg.Error) as error:
                if not out_of_reach(error):
                    raise
                _log.warning("database out of reach", error=in_short(error))
                if last:
                    raise _Undecided from error
            else:
                return decisions
        raise _Undecided

    def _refresh(self, batch: Sequence[Waiting]) -> None:
        """What an administrative submission changed holds for the next request."""
        if any(is_administrative(waiting.submission) for waiting in batch):
            with self.engine.connect() as connection:
                self.directories.current(connection)

    def _decide(self, connection: Connection, batch: "_Batch") -> Decisions:
        """Take the lock, then what waits by then: who comes while another writes comes along."""
        head = read_head(connection, lock=True)
        return run_batch(
            connection,
            head,
            self.directories.coalition,
            self.directories.known,
            [waiting.submission for waiting in batch.take()],
            now=self.clock(),
            writer=self.answers,
        )


@dataclass
class _Batch:
    """What is decided together: taken once, and the same at every try."""

    source: Callable[[], Sequence[Waiting]]
    taken: Sequence[Waiting] = ()

    @classmethod
    def of(cls, *waiting: Waiting) -> Self:
        """These, in this order."""
        return cls(lambda: waiting)

    def take(self) -> Sequence[Waiting]:
        """Take it, unless it was."""
        self.taken = self.taken or self.source()
        return self.taken


class _Undecided(Exception):
    """The database went away; what was sent may or may not have been written."""


def out_of_reach(error: Exception) -> bool:
    """Whether the database could not be reached, as against refusing what it was sent."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    return isinstance(error, OperationalError | PoolTimeout | psycopg.OperationalError)


def _unwritable(error: Exception) -> Refused:
    """A submission that the database refuses by itself: a counter that does not fit, or a bug."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, psycopg.errors.NumericValueOutOfRange):
        return Refused(Reason.OVERFLOW, "an account would not fit into 64 bits any more")
    if _constraint_of(cause) == "company_account_clearing_check":
        return Refused(Reason.OVERFLOW, "two participants would owe each other too much")
    return _unavailable("it could not be written, and the operator finds out why in the log")


def _constraint_of(error: BaseException | None) -> str | None:
    return error.diag.constraint_name if isinstance(error, psycopg.Error) else None


def _unavailable(problem: str) -> Refused:
    return Refused(
        Reason.UNAVAILABLE,
        f"{problem}; try again with the same request id",
    )
