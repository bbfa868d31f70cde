"""A server that ends otherwise than in order is started again by whoever still uses it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from gateway.postgres.errors import EmbeddedPostgresError
from gateway.postgres.server import Server

LOOK_SECONDS = 0.5
"""How often it is looked for: far less than partners' systems take to try again."""

LONGEST_PAUSE_SECONDS = 30.0
"""Between attempts that fail, as on a full disk, at most."""

_log = structlog.get_logger(__name__)


@contextmanager
def kept_running(server: Server, bring_up: Callable[[], None]) -> Iterator[None]:
    """Starts the server again, while the body runs, when it was killed or crashed for good.

    A server that was shut down in order stays down: somebody wanted that. `bring_up` adopts one
    that runs by now, or else starts it, and raises EmbeddedPostgresError.
    """
    stopping = threading.Event()
    thread = threading.Thread(
        target=_keep, args=(server, bring_up, stopping), name="postgres", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


def _keep(server: Server, bring_up: Callable[[], None], stopping: threading.Event) -> None:
    pause = LOOK_SECONDS
    while not stopping.wait(pause):
        pause = (
            LOOK_SECONDS if _seen_to(server, bring_up) else min(2 * pause, LONGEST_PAUSE_SECONDS)
        )


def _seen_to(server: Server, bring_up: Callable[[], None]) -> bool:
    """False where it should run and cannot be brought to."""
    if server.runs():
        return True
    try:
        if server.was_shut_down():
            return True
        _log.error("the database ended and is started again", cluster=str(server.cluster))
        bring_up()
    except (EmbeddedPostgresError, OSError) as problem:
        _log.error("the database cannot be started again", error=str(problem))
        return False
    return True
