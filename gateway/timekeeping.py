"""The timekeeper: a thread of the server that ends what is due, whatever partners do.

It looks by itself every second. Several gateways may have one each: the lock on the end of the
log orders them, and what one has ended the other does not find.
"""

import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from sqlalchemy import Engine

from gateway.erasing import finish_erasures
from gateway.logs import in_short
from gateway.writer import out_of_reach
from partners.due import Ended, due, end_due
from settlement.ledger.entries import Coalition

LOOK_SECONDS = 1.0
"""How long it waits between two looks: what ends has minutes at the least."""

AGAIN_SECONDS = 600.0
"""How long it leaves alone what could not be ended: each try takes the writer's lock."""

JOIN_SECONDS = 10.0
"""How long the server waits, when it stops, for a step that is being written."""

_log = structlog.get_logger(__name__)


def end_all_due(
    engine: Engine,
    coalition: Coalition,
    now: datetime,
    *,
    on_step: Callable[[list[Ended]], None],
    goes_on: Callable[[], bool] = lambda: True,
    failed: set[int] | None = None,
) -> None:
    """End all that is due, step by step, each committed by itself and then told to `on_step`.

    Where a step cannot be written its parts are tried one by one: one that fails is logged, added
    to `failed`, and does not keep the others from their end. What is in `failed` is left alone.
    Raises only where the database is out of reach.
    """
    failed = set() if failed is None else failed
    while goes_on():
        with engine.connect() as connection:
            found = {number for _, number in due(connection, now, without=failed)}
        if not found:
            return
        step = _Step(engine, coalition, now, on_step)
        left_alone = frozenset(failed)
        if step.end(found, left_alone):
            continue
        for number in sorted(found):
            if not goes_on():
                return
            if not step.end({number}, left_alone):
                failed.add(number)


@dataclass(frozen=True, slots=True)
class _Step:
    """Ends some of what is due in one transaction."""

    engine: Engine
    coalition: Coalition
    now: datetime
    on_step: Callable[[list[Ended]], None]

    def end(self, numbers: Collection[int], without: Collection[int]) -> bool:
        """Whether it could be written."""
        try:
            with self.engine.begin() as connection:
                ended = end_due(connection, self.coalition, self.now, only=numbers, without=without)
        except Exception as error:
            if out_of_reach(error):
                raise
            _log.exception("cannot be ended", count=len(numbers), first=min(numbers))
            return False
        self.on_step(ended)
        return True


@dataclass
class Timekeeper:
    """Looks again and again for what is due, from start to stop, by the server's clock."""

    engine: Engine
    coalition: Coalition
    clock: Callable[[], datetime]
    on_commit: Callable[[], None]
    _stopping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _failed: set[int] = field(default_factory=set)
    """What could not be ended, and is left alone for a while."""
    _again_at: float = 0.0

    def start(self) -> None:
        """Begin to look, at once."""
        self._thread = threading.Thread(target=self._run, name="timekeeper", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after the step that is being written; what is left is found at the next start."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(JOIN_SECONDS)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._look()
            self._stopping.wait(LOOK_SECONDS)

    def _look(self) -> None:
        """The thread lives on whatever happens: the next look may succeed."""
        if time.monotonic() >= self._again_at:
            self._failed.clear()
            self._again_at = time.monotonic() + AGAIN_SECONDS
        try:
            end_all_due(
                self.engine,
                self.coalition,
                self.clock(),
                on_step=self._tell,
                goes_on=lambda: not self._stopping.is_set(),
                failed=self._failed,
            )
            finish_erasures(
                self.engine,
                self.coalition,
                self.clock(),
                goes_on=lambda: not self._stopping.is_set(),
                failed=self._failed,
            )
        except Exception as error:  # noqa: BLE001 - a timekeeper that died would end nothing
            _log.warning("could not look for what is due", error=in_short(error))

    def _tell(self, ended: list[Ended]) -> None:
        for one in ended:
            _log.info("ended", kind=one.kind, number=one.number, what=one.what)
        self.on_commit()
