"""Who starts the server, and who stops it? The first of its users, and the last."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import NoReturn

from gateway.postgres.account import account_for
from gateway.postgres.binaries import find_programs
from gateway.postgres.cluster import create_cluster
from gateway.postgres.errors import EmbeddedPostgresError, StillStartingError
from gateway.postgres.keeping import kept_running
from gateway.postgres.locks import Users, exclusive
from gateway.postgres.places import prepare_data_dir
from gateway.postgres.server import STOP_TIMEOUT_SECONDS, Server
from gateway.postgres.waiting import Deadline

AGAIN_SECONDS = 120.0
"""How long one attempt to start a crashed server again may take, its recovery included."""

_START_LOCK = "start.lock"
_USERS_LOCK = "users.lock"
_TERMINATING = (signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def embedded_postgres(
    data_dir: Path, *, start_timeout_seconds: float = 120, durable: bool = True
) -> Iterator[str]:
    """A PostgreSQL server in ``data_dir``, for as long as the body runs; yields its URL.

    It is SQLAlchemy's: ``postgresql+psycopg://...``, with the database ``coalition``.

    Processes that use the same directory at the same time share one server: the first starts it,
    the last stops it. It does not end with a process that is killed, and the next one adopts it.
    When it is killed or crashes for good, one of its users starts it again.
    SIGTERM and SIGHUP raise SystemExit in the body where they would end the process at once, so
    that it leaves in order.

    ``data_dir`` and its parents are created if missing. As root the server runs as the user
    ``coalition``, who must be able to enter the directory: see ``reachable_data_dir``. With
    ``durable=False``, for tests, a crash of the server loses commits and a power failure may
    destroy everything.

    Raises:
        EmbeddedPostgresError: the server cannot be started or stopped; the message says why and
            what to do.

    """
    deadline = Deadline(start_timeout_seconds)
    _require_linux()
    with _termination_as_exit():
        data_dir = prepare_data_dir(data_dir)
        with _join(data_dir, deadline, durable=durable) as (users, server, url):
            try:
                with kept_running(server, _again(data_dir, users, server, durable=durable)):
                    yield url
            finally:
                _leave(data_dir, users, server)


def _require_linux() -> None:
    """Without /proc nobody can tell whether a server is alive, and a stale file is removed then."""
    if not Path("/proc/self/comm").exists():
        raise EmbeddedPostgresError(
            "The embedded PostgreSQL needs Linux and its /proc. Pass the URL of a database that "
            "runs already."
        )


@contextlib.contextmanager
def _join(
    data_dir: Path, deadline: Deadline, *, durable: bool
) -> Iterator[tuple[Users, Server, str]]:
    """Counts us among the users, of a server that runs. A failed start leaves none behind."""
    with contextlib.ExitStack() as counted:
        with exclusive(data_dir / _START_LOCK, deadline):
            users = counted.enter_context(Users(data_dir / _USERS_LOCK))
            server = _server(data_dir, durable=durable)
            try:
                _bring_up(server, users, deadline, durable=durable)
                url = server.url()
            except StillStartingError:
                raise
            except BaseException:
                _stop_if_last(users, server)
                raise
        yield users, server, url


def _server(data_dir: Path, *, durable: bool) -> Server:
    """Decided under the lock, by what is there then: another process may have just made it."""
    account = account_for(data_dir)
    programs = find_programs(account)
    cluster = create_cluster(data_dir, account, programs, durable=durable)
    return Server(cluster, account, programs)


def _bring_up(server: Server, users: Users, deadline: Deadline, *, durable: bool) -> None:
    """Adopts the server that runs, or else starts it; either way its database is there then."""
    running = server.adopt(deadline)
    if running and durable and not server.is_durable():
        if not users.alone():
            raise EmbeddedPostgresError(
                f"The PostgreSQL of {server.cluster} was started without durability, for tests, "
                "and is in use. End what uses it, or use another data directory."
            )
        server.stop()
        running = False
    if not running:
        server.start(deadline, durable=durable)
    server.ensure_database()


def _again(data_dir: Path, users: Users, server: Server, *, durable: bool) -> Callable[[], None]:
    """How a server that crashed comes back, whichever of its users sees it first."""

    def bring_up() -> None:
        deadline = Deadline(AGAIN_SECONDS)
        with exclusive(data_dir / _START_LOCK, deadline):
            if users.present():
                _bring_up(server, users, deadline, durable=durable)

    return bring_up


def _leave(data_dir: Path, users: Users, server: Server) -> None:
    """Stops the server if nobody else uses it, unless we do not count (any more) ourselves."""
    if users.present():
        with exclusive(data_dir / _START_LOCK, Deadline(STOP_TIMEOUT_SECONDS)):
            _stop_if_last(users, server)


def _stop_if_last(users: Users, server: Server) -> None:
    if users.present() and users.alone():
        server.stop()


@contextlib.contextmanager
def _termination_as_exit() -> Iterator[None]:
    """The signals that ask a process to end raise SystemExit, so that what is open is closed.

    Only where nobody else handles or ignores them, and only in the main thread, which alone may
    say so.
    """
    main = threading.current_thread() is threading.main_thread()
    replaced = [s for s in _TERMINATING if main and signal.getsignal(s) is signal.SIG_DFL]
    try:
        for number in replaced:
            signal.signal(number, _exit_by_signal)
        yield
    finally:
        for number in replaced:
            if signal.getsignal(number) is _exit_by_signal:
                signal.signal(number, signal.SIG_DFL)


def _exit_by_signal(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001
    # 128 + n is how a shell reports an end by signal n.
    raise SystemExit(128 + number)
