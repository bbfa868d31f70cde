"""What waits for the writer: bounded, fair among senders, and taken in batches that adapt.

A sender's submissions keep their order. Among senders the turn goes round, and who sent a batch
of a thousand items waits until the others had as much: one partner's file does not starve another
one's single calls. Nobody has more than a share of the room, so a flood leaves space for others.
"""

import threading
import time
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Protocol

from coalition.v1 import envelope_pb2
from partners.batch import is_administrative
from partners.refusals import Reason, Refused
from partners.requests import Submission

QUEUE_ITEMS = 8_192
"""Requests and items of batches that may wait: some seconds of work. Whoever waits for longer
was told so too late."""

QUEUE_BYTES = 64 * 1024 * 1024
"""Envelopes that may wait, so that memory is bounded whatever is in them."""

SHARE = 2
"""A sender may fill one part in so many of the room."""

BATCH_ITEMS = 1_000
"""Items decided in one transaction at the most: one envelope has up to as many."""

SMALLEST_BATCH = 32
"""Items to which a batch may always grow: below it a transaction costs more than they do."""

BATCH_SECONDS = 0.3
"""How long a transaction should take at the most, which others wait for."""

MANY_IN_FLIGHT = 16
"""From how many in the last batch on it is worth gathering."""

GATHER_SECONDS = 0.002
"""While many are in flight, a batch is gathered as long as more came within this time."""

GATHER_MOST_SECONDS = 0.03
"""How long a batch is gathered at the most: about what a transaction costs without any item."""

QUANTUM_ITEMS = 32
"""Items that a sender may have decided when its turn comes, before others have theirs."""

SignedReply = envelope_pb2.Envelope | Refused
"""A signed answer, or a refusal that is not stored."""


class Answered(Protocol):
    """Where a reply is put: a future, of a thread's or of an event loop's."""

    def cancelled(self) -> bool:
        """Whether nobody waits for it any more."""

    def done(self) -> bool:
        """Whether it has its reply, or is cancelled."""

    def set_result(self, result: SignedReply, /) -> None:
        """Give the reply."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A submission and where its reply goes."""

    submission: Submission
    answered: Answered

    @property
    def size(self) -> int:
        """Items to be decided; a batch without any has to be told so as well."""
        return max(1, len(self.submission.requests))

    @property
    def bytes(self) -> int:
        """Bytes of its envelope."""
        return len(self.submission.envelope)


@dataclass(slots=True)
class _Line:
    """What one sender has waiting; `credit` is how many items it may have decided in its turn."""

    waiting: deque[Waiting] = field(default_factory=deque)
    items: int = 0
    bytes: int = 0
    credit: int = 0

    def add(self, waiting: Waiting) -> None:
        self.waiting.append(waiting)
        self.items += waiting.size
        self.bytes += waiting.bytes

    def take(self) -> Waiting:
        taken = self.waiting.popleft()
        self.items -= taken.size
        self.bytes -= taken.bytes
        return taken


@dataclass
class Pace:
    """How long work takes, as it was seen, and so how much to take at once."""

    seconds_per_item: float = 0.002

    def took(self, items: int, seconds: float) -> None:
        """Note what a transaction took. Recent ones count for more."""
        if items >= SMALLEST_BATCH:
            self.seconds_per_item += (seconds / items - self.seconds_per_item) / 8

    @property
    def batch_items(self) -> int:
        """How many items to decide together."""
        fit = int(BATCH_SECONDS / max(self.seconds_per_item, 1e-6))
        return max(SMALLEST_BATCH, min(BATCH_ITEMS, fit))


class WaitingRoom:
    """The bounded, fair queue between the handlers and the writer's thread."""

    def __init__(self) -> None:
        self.pace = Pace()
        self._lines: OrderedDict[str, _Line] = OrderedDict()
        self._items = 0
        self._bytes = 0
        self._last_size = 0
        self._closed = False
        self._idle = False
        self._changed = threading.Condition()

    def put(self, waiting: Waiting) -> None:
        """Let a submission wait.

        Raises Refused: OVERLOADED where there is no room for it, UNAVAILABLE once it is closed.
        """
        with self._changed:
            line = self._lines.get(waiting.submission.head.sender)
            self._require_room(waiting, line)
            if line is None:
                line = self._lines[waiting.submission.head.sender] = _Line()
            line.add(waiting)
            self._items += waiting.size
            self._bytes += waiting.bytes
            if self._idle:
                self._changed.notify()

    def close(self) -> None:
        """Take nothing in any more; what is there is still given."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def wait(self) -> bool:
        """Wait until something is there, and for more while many are in flight.

        False once it is closed and empty.
        """
        with self._changed:
            self._idle = True
            self._changed.wait_for(lambda: self._items or self._closed)
            self._idle = False
            if not self._items:
                return False
        self._gather()
        return True

    def next_batch(self) -> list[Waiting]:
        """What is to be decided together: in turns of the senders, an administrative one alone.

        Without those whose callers are gone, so there may be nothing.
        """
        with self._changed:
            batch = self._next_batch()
        self._last_size = len(batch)
        return batch

    def _require_room(self, waiting: Waiting, line: _Line | None) -> None:
        """Where nothing of a sender's waits it may send one request, if there is any room at all.

        Who is refused is told when to try again: when what waits is likely to be decided.
        """
        if self._closed:
            raise Refused(
                Reason.UNAVAILABLE,
                "the gateway is going down; try again with the same request id",
            )
        own_items, own_bytes = (0, 0) if line is None else (line.items, line.bytes)
        full = self._items >= QUEUE_ITEMS or self._bytes + waiting.bytes > QUEUE_BYTES
        too_much = own_items >= QUEUE_ITEMS // SHARE or (
            own_bytes and own_bytes + waiting.bytes > QUEUE_BYTES // SHARE
        )
        if full or too_much:
            whose = "of yours " if too_much and not full else ""
            seconds = 1 + int(self._items * self.pace.seconds_per_item)
            raise Refused(
                Reason.OVERLOADED,
                f"too many requests {whose}are waiting; try again in {seconds} s with the same "
                "request id",
                {"retry_seconds": str(seconds)},
            )

    def _gather(self) -> None:
        """Let more come while many are in flight: one transaction for all costs less than two."""
        if self._last_size < MANY_IN_FLIGHT:
            return
        deadline = time.monotonic() + GATHER_MOST_SECONDS
        before = -1
        while before < self._items < self.pace.batch_items and time.monotonic() < deadline:
            before = self._items
            time.sleep(GATHER_SECONDS)

    def _next_batch(self) -> list[Waiting]:
        batch: list[Waiting] = []
        room = self.pace.batch_items
        while self._lines and room > 0:
            sender, line = next(iter(self._lines.items()))
            if line.credit <= 0:
                line.credit += QUANTUM_ITEMS
            while line.waiting and line.credit > 0 and room > 0:
                waiting = line.waiting[0]
                if waiting.answered.cancelled():
                    self._leave(line)
                    continue
                alone = is_administrative(waiting.submission)
                if batch and (alone or waiting.size > room):
                    return batch
                batch.append(self._leave(line))
                line.credit -= waiting.size
                room -= waiting.size
                if alone:
                    room = 0
            self._turn(sender, line)
        return batch

    def _leave(self, line: _Line) -> Waiting:
        taken = line.take()
        self._items -= taken.size
        self._bytes -= taken.bytes
        return taken

    def _turn(self, sender: str, line: _Line) -> None:
        """The next sender's turn, if this one has used up its credit or has nothing waiting."""
        if not line.waiting:
            del self._lines[sender]
        elif line.credit <= 0:
            self._lines.move_to_end(sender)
