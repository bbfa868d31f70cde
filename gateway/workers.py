"""Worker processes: several gateways on one port, started, watched and ended by one process.

Each is a whole gateway with a writer of its own; the lock on the end of the log orders them. They
are spawned, never forked: neither gRPC nor a database connection lives through a fork. The kernel
spreads connections, not calls, among them (SO_REUSEPORT).
"""

import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from multiprocessing.connection import Connection as Pipe
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from pathlib import Path

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway import logs
from gateway.checkpointing import CheckpointMismatch
from gateway.database import connect_engine
from gateway.home import Home
from gateway.keyring import Keyring
from gateway.server import DRAIN_SECONDS, Gateway, Listen, ServerError, run

SWITCH_SECONDS = 0.001
"""How long one of a worker's threads computes while another one waits. The writer waits for the
database a dozen times in a transaction, and each time for the event loop to let it go on;
with Python's five milliseconds that was most of what a transaction took under load."""

START_SECONDS = 60.0
"""How long a worker may take until it serves: a loaded machine imports for some seconds."""

END_SECONDS = DRAIN_SECONDS + 30.0
"""How long a worker may take to end after SIGTERM: calls in progress, then what is queued."""

AGAIN_SECONDS = (0.0, 1.0, 2.0, 5.0, 10.0, 30.0)
"""How long it is until a worker that ended by itself is started again: at once the first time,
then ever longer while it does not live."""

LIVES_SECONDS = 60.0
"""A worker that served for so long may end as if it were the first time."""

_CONTEXT = multiprocessing.get_context("spawn")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Work:
    """What a worker is given, over a pipe: nothing of it stands in a command line.

    `database_url` is None for the embedded database of the data directory; private keys are raw,
    by key id.
    """

    data_dir: Path
    database_url: str | None
    keys: Mapping[str, bytes]
    current_key: str
    clock: Callable[[], datetime]
    listen: Listen
    checkpoint_file: Path
    log_level: str

    def keyring(self) -> Keyring:
        """The gateway's keys."""
        load = Ed25519PrivateKey.from_private_bytes
        return Keyring({keyid: load(raw) for keyid, raw in self.keys.items()}, self.current_key)


def serve_by_workers(work: Work, count: int, ready: Callable[[int], None]) -> None:
    """Serve with `count` workers until SIGTERM or SIGINT, then drain. `ready` is told the port.

    A worker that ends by itself is started again. Raises ServerError where the port is taken or a
    worker cannot start, and CheckpointMismatch where the database went back.
    """
    with reserved(work.listen.address) as address, _woken() as waker:
        shared = replace(work.listen, address=address, shared=True)
        crew = _Crew(replace(work, listen=shared), waker)
        try:
            crew.start(count)
            ready(int(address.rpartition(":")[2]))
            crew.watch()
        finally:
            crew.end()


@contextmanager
def reserved(address: str) -> Iterator[str]:
    """The address with its port, 0 replaced by a free one, kept for our workers alone.

    It is bound without SO_REUSEPORT, so that another server there is noticed, and shared
    afterwards; a socket that does not listen is given no connections. Raises ServerError.
    """
    host, _, port = address.rpartition(":")
    with ExitStack() as stack:
        try:
            found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
            for family, kind, protocol, _, place in found:
                kept = stack.enter_context(closing(socket.socket(family, kind, protocol)))
                kept.bind((place[0], int(port), *place[2:]))
                kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
                port = str(kept.getsockname()[1])
        except (OSError, ValueError) as problem:
            message = f"cannot listen on {address}: is another gateway there? ({problem})"
            raise ServerError(message) from problem
        yield f"{host}:{port}"


@contextmanager
def _woken() -> Iterator[socket.socket]:
    """A socket that can be read once SIGTERM or SIGINT came."""
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)  # noqa: FBT003 - the library has no name for it
    numbers = (signal.SIGTERM, signal.SIGINT)
    with ours, theirs:
        before = {number: signal.signal(number, lambda *_: None) for number in numbers}
        wakeup = signal.set_wakeup_fd(theirs.fileno())
        try:
            yield ours
        finally:
            signal.set_wakeup_fd(wakeup)
            for number, handler in before.items():
                signal.signal(number, handler)


@dataclass
class _Place:
    """One of the workers: its process, or when it is started again."""

    index: int
    process: SpawnProcess | None = None
    pipe: Pipe | None = None
    started_at: float = 0.0
    failures: int = 0
    due_at: float = 0.0

    def start(self, work: Work) -> None:
        """Begin; `pipe` will have the port, or why it cannot."""
        self.pipe, theirs = _CONTEXT.Pipe(duplex=False)
        name = f"worker-{self.index}"
        self.process = _CONTEXT.Process(target=_serve, args=(work, theirs), name=name)
        self.process.start()
        theirs.close()
        self.started_at = time.monotonic()
        _log.info("worker started", worker=self.index, pid=self.process.pid)

    def require_serving(self) -> None:
        """Wait until it serves. Raises what kept it from it."""
        assert self.pipe is not None  # noqa: S101 - it was started
        said: object = None
        with suppress(EOFError):
            said = self.pipe.recv() if self.pipe.poll(START_SECONDS) else None
        if isinstance(said, Exception):
            raise said
        if said is None:
            message = f"worker {self.index} did not start; its log says why"
            raise ServerError(message)

    def refused(self) -> Exception | None:
        """Why it will not start however often it is tried, if it said so."""
        with suppress(EOFError, OSError):
            if self.pipe is not None and self.pipe.poll():
                said = self.pipe.recv()
                return said if isinstance(said, ServerError | CheckpointMismatch) else None
        return None

    def ended(self) -> None:
        """Note that it ended by itself, and when to start it again."""
        assert self.process is not None  # noqa: S101 - it was started
        code = self.process.exitcode
        if time.monotonic() - self.started_at > LIVES_SECONDS:
            self.failures = 0
        pause = AGAIN_SECONDS[min(self.failures, len(AGAIN_SECONDS) - 1)]
        self.failures += 1
        self.due_at = time.monotonic() + pause
        _log.error("worker ended", worker=self.index, exit_code=code, again_in_seconds=pause)
        self.process.close()
        self.process = None


@dataclass
class _Crew:
    work: Work
    waker: socket.socket
    places: list[_Place] = field(default_factory=list)

    def start(self, count: int) -> None:
        """Start all, and wait until they serve."""
        for index in range(count):
            self.places.append(_Place(index))
            self.places[-1].start(self.work)
        for place in self.places:
            place.require_serving()

    def watch(self) -> None:
        """Start again what ends, until a signal comes. Raises what makes going on pointless."""
        while not self._signalled():
            for place in self.places:
                if place.process is not None and place.process.exitcode is not None:
                    refusal = place.refused()
                    place.ended()
                    if refusal is not None:
                        raise refusal
                if place.process is None and place.due_at <= time.monotonic():
                    place.start(self.work)

    def _signalled(self) -> bool:
        """Whether a signal came; returns when something happened or is due."""
        now = time.monotonic()
        living = [p.process.sentinel for p in self.places if p.process is not None]
        due = [max(0.0, p.due_at - now) for p in self.places if p.process is None]
        happened = wait([self.waker, *living], timeout=min(due, default=None))
        return self.waker in happened

    def end(self) -> None:
        """Let all drain; what does not end is killed."""
        running = [place.process for place in self.places if place.process is not None]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + END_SECONDS
        for process in running:
            process.join(max(0.0, deadline - time.monotonic()))
            if process.exitcode is None:
                _log.error("worker killed: it did not drain", pid=process.pid)
                process.kill()
                process.join()


def _serve(work: Work, pipe: Pipe) -> None:
    """A worker's process. It says its port, or why it cannot serve, and never outlives its crew."""
    logs.configure(work.log_level)
    sys.setswitchinterval(SWITCH_SECONDS)
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    try:
        with Home(work.data_dir).database(work.database_url) as url:
            engine = connect_engine(url)
            gateway = Gateway(engine, work.keyring(), work.clock, work.listen, work.checkpoint_file)
            try:
                run(gateway, pipe.send)
            finally:
                engine.dispose()
    except (ServerError, CheckpointMismatch) as refusal:
        pipe.send(refusal)


def _end_with_parent() -> None:
    """Where the crew's process was killed nobody would end us, and nobody else get the port."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGKILL)
