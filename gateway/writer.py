"""The batch writer: one thread that takes what is waiting, decides it and commits once.

Handlers hand over submissions and await their replies; nothing is answered before its commit.
Several gateway processes may run a writer each: the lock on the end of the log orders them.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime

import psycopg
import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from coalition.v1 import envelope_pb2
from gateway.checkpointing import Checkpoints
from gateway.directories import DirectoryCache
from gateway.keyring import Keyring
from gateway.logs import in_short
from partners.batch import AnswerWriter, Reply, is_administrative, run_batch
from partners.refusals import Reason, Refused
from partners.requests import Submission
from settlement.ledger.book import Head, read_head

QUEUE_LIMIT = 4_096
"""Submissions that may wait. At a few thousand per second that is about a second."""

BATCH_ITEMS = 1_000
"""Items decided in one transaction: beyond it, latency grows and throughput hardly."""

GATHER_SECONDS = 0.003
"""How long to wait for more while many are in flight: far less than the commit it saves."""

MANY_IN_FLIGHT = 16
"""From how many in the last batch on it is worth gathering."""

SignedReply = envelope_pb2.Envelope | Refused
"""A signed answer, or a refusal that is not stored."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Waiting:
    submission: Submission
    done: "Future[SignedReply]" = field(default_factory=Future)

    @property
    def size(self) -> int:
        return len(self.submission.requests)


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
    _queue: "queue.Queue[_Waiting | None]" = field(
        default_factory=lambda: queue.Queue(QUEUE_LIMIT),
    )
    _thread: threading.Thread | None = None
    _held_back: _Waiting | None = None
    _last_size: int = 0
    _stopping: bool = False

    def start(self) -> None:
        """Begin to write."""
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write what is waiting, then end."""
        self._queue.put(None)
        if self._thread is not None:
            self._thread.join()

    def submit(self, submission: Submission) -> "Future[SignedReply]":
        """Hand over a submission. Raises Refused (OVERLOADED) where too much is waiting.

        It is decided even if its caller goes away: who gives up cannot cancel the future.
        """
        waiting = _Waiting(submission)
        waiting.done.set_running_or_notify_cancel()
        try:
            self._queue.put_nowait(waiting)
        except queue.Full:
            raise Refused(
                Reason.OVERLOADED,
                f"{QUEUE_LIMIT} requests are waiting; try again with the same request id",
                {"queue_limit": str(QUEUE_LIMIT)},
            ) from None
        return waiting.done

    def _run(self) -> None:
        while batch := self._gather():
            self._last_size = len(batch)
            self._write(batch)
        _reply_all(list(self._drain()), _unavailable("the gateway is shutting down"))

    def _drain(self) -> Iterator[_Waiting]:
        while True:
            try:
                waiting = self._queue.get_nowait()
            except queue.Empty:
                return
            if waiting is not None:
                yield waiting

    def _gather(self) -> list[_Waiting]:
        """What is decided together: in order, an administrative submission by itself."""
        first = self._held_back or self._first()
        self._held_back = None
        if first is None:
            return []
        batch, items = [first], first.size
        deadline = time.monotonic() + GATHER_SECONDS
        while items < BATCH_ITEMS and not is_administrative(batch[-1].submission):
            waiting = self._next(deadline)
            if waiting is None:
                break
            if items + waiting.size > BATCH_ITEMS or is_administrative(waiting.submission):
                self._held_back = waiting
                break
            batch.append(waiting)
            items += waiting.size
        return batch

    def _first(self) -> _Waiting | None:
        """The next submission, however long it takes; None when there will be no more."""
        waiting = None if self._stopping and self._queue.empty() else self._queue.get()
        if waiting is None and not self._stopping:
            self._stopping = True
            return self._first()
        return waiting

    def _next(self, deadline: float) -> _Waiting | None:
        """A submission that is there, or comes before the deadline while many are in flight."""
        try:
            if self._last_size >= MANY_IN_FLIGHT:
                waiting = self._queue.get(timeout=max(0.0, deadline - time.monotonic()))
            else:
                waiting = self._queue.get_nowait()
        except queue.Empty:
            return None
        self._stopping = self._stopping or waiting is None
        return waiting

    def _write(self, batch: list[_Waiting]) -> None:
        """Write a batch; where something in it is at fault, its submissions one by one, in order.

        The thread lives on whatever happens: every caller is told.
        """
        try:
            replies, head = self._attempt([waiting.submission for waiting in batch])
        except _Undecided:
            _reply_all(batch, _unavailable("the ledger is out of reach"))
        except Exception as error:  # noqa: BLE001 - one bad request must not take others along
            if len(batch) == 1:
                request_id = batch[0].submission.head.request_id
                _log.exception("submission cannot be written", request_id=request_id)
                _reply_all(batch, _unwritable(error))
                return
            _log.warning("batch tried one by one", submissions=len(batch), error=in_short(error))
            for waiting in batch:
                self._write([waiting])
        else:
            self._answer(batch, replies, head)

    def _answer(self, batch: Sequence[_Waiting], replies: Sequence[Reply], head: Head) -> None:
        """Answer what is committed, once a checkpoint that covers it is kept."""
        try:
            self.checkpoints.keep(head)
        except Refused as refused:
            _reply_all(batch, refused)
            return
        finally:
            self.on_commit()
        for waiting, reply in zip(batch, replies, strict=True):
            waiting.done.set_result(self._signed(reply))

    def _signed(self, reply: Reply) -> SignedReply:
        """Sign an answer: the lock is released by now, and the next batch is gathering."""
        return reply if isinstance(reply, Refused) else self.keyring.seal(reply)

    def _attempt(self, submissions: Sequence[Submission]) -> tuple[list[Reply], Head]:
        """One transaction, and the log's end in it; a second try where the connection was lost.

        After a lost connection nobody knows whether the commit came through. The second try
        takes the writer's lock, so the first has ended, and finds what it wrote by request id.
        """
        for last in (False, True):
            try:
                with self.engine.begin() as connection:
                    replies = self._decide(connection, submissions)
                    head = read_head(connection)
                self._refresh(submissions)
            except (SQLAlchemyError, psycopg.Error) as error:
                if not out_of_reach(error):
                    raise
                _log.warning("database out of reach", error=in_short(error))
                if last:
                    raise _Undecided from error
            else:
                return replies, head
        raise _Undecided

    def _refresh(self, submissions: Sequence[Submission]) -> None:
        """What an administrative submission changed holds for the next request."""
        if any(map(is_administrative, submissions)):
            with self.engine.connect() as connection:
                self.directories.current(connection)

    def _decide(self, connection: Connection, submissions: Sequence[Submission]) -> list[Reply]:
        replies, directory = run_batch(
            connection,
            self.directories.coalition,
            self.directories.known,
            submissions,
            now=self.clock(),
            writer=self.answers,
        )
        self.directories.known = directory
        return replies


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


def _reply_all(batch: Sequence[_Waiting], reply: Refused) -> None:
    for waiting in batch:
        if not waiting.done.done():
            waiting.done.set_result(reply)
