"""Processes killed under load, at any moment and in the middle of a transaction."""

import random
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress

import psycopg
from sqlalchemy import make_url

from faults.database import kill_all, postmaster
from faults.programs import NoRecovery, children, kill, wait_until
from faults.scene import Scene

WRITER = (
    "select pid from pg_stat_activity "
    "where pg_backend_pid() = any(pg_blocking_pids(pid)) and query like '%\"request\"%'"
)
STUCK_SECONDS = 20.0


def kill_gateway(scene: Scene) -> None:
    """The whole of `coalition serve`; somebody starts it again."""
    scene.gateway.kill()
    scene.gateway.start()


def kill_worker(scene: Scene) -> None:
    """One worker; where there are several, `coalition serve` starts it again."""
    workers = scene.gateway.workers()
    end = random.choice(workers)
    if workers == [scene.gateway.pid]:
        kill_gateway(scene)
        return
    kill(end)
    wait_until("the worker is replaced", lambda: _all_there(scene, len(workers), without=end))


def _all_there(scene: Scene, count: int, without: int) -> bool:
    workers = scene.gateway.workers()
    return len(workers) == count and without not in workers


def kill_writer(scene: Scene) -> None:
    """Whoever holds the writer's lock, in mid-transaction: half of a batch is written by then."""
    with _in_mid_transaction(scene) as backend:
        owner = _client_of(scene, backend)
        before = scene.gateway.workers()
        kill(owner)
    if owner == scene.gateway.pid:
        scene.gateway.kill()
        scene.gateway.start()
        return
    wait_until("the worker is replaced", lambda: _all_there(scene, len(before), without=owner))


def kill_backend(scene: Scene) -> None:
    """The database's process behind the writer, in mid-transaction; its server recovers."""
    with _in_mid_transaction(scene) as backend:
        kill(backend)


def kill_postmaster(scene: Scene) -> None:
    """The server's first process alone; its others end when they notice."""
    kill(postmaster(scene.server()))
    _revive(scene)


def kill_database(scene: Scene) -> None:
    """Every process of the database at once."""
    kill_all(scene.server())
    _revive(scene)


def kill_everything(scene: Scene) -> None:
    """Gateway and database at once, as when a machine loses its power."""
    scene.gateway.kill()
    kill_all(scene.server())
    scene.gateway.start()


KILLS: Mapping[str, Callable[[Scene], None]] = {
    "gateway": kill_gateway,
    "worker": kill_worker,
    "writer": kill_writer,
    "backend": kill_backend,
    "postmaster": kill_postmaster,
    "database": kill_database,
    "everything": kill_everything,
}


def _revive(scene: Scene) -> None:
    """The embedded server comes back by itself."""
    wait_until("the database is back", lambda: bool(scene.server().processes()))


@contextmanager
def _in_mid_transaction(scene: Scene) -> Iterator[int]:
    """The writer's backend while it waits for us, with the end of the log locked.

    We lock a table that a batch copies its rows into after it has decided, and hold it.
    """
    url = make_url(scene.database_url or scene.server().url()).set(drivername="postgresql")
    connection = psycopg.connect(url.render_as_string(hide_password=False))
    with closing(connection):
        connection.execute("lock table request in share mode")
        end = time.monotonic() + STUCK_SECONDS
        while (row := connection.execute(WRITER).fetchone()) is None:
            if time.monotonic() > end:
                message = "no writer came"
                raise NoRecovery(message)
            time.sleep(0.005)
            connection.execute("select pg_stat_clear_snapshot()")
        yield row[0]
        with suppress(psycopg.OperationalError):  # our own session ended with the server's
            connection.rollback()


def _client_of(scene: Scene, backend: int) -> int:
    """The process at the other end of a backend's Unix socket."""
    listed = subprocess.run(["ss", "-xpnH"], capture_output=True, text=True, check=True).stdout
    ends: dict[str, tuple[str, set[int]]] = {}
    for line in listed.splitlines():
        words = line.split()
        pids = {int(pid) for pid in re.findall(r"pid=(\d+)", line)}
        ends[words[5]] = words[7], pids
    family = {scene.gateway.pid, *children(scene.gateway.pid)}
    for peer, pids in ends.values():
        if backend in pids and peer in ends:
            found = ends[peer][1] & family
            if found:
                return min(found)
    message = f"nobody of the gateway is at the other end of process {backend}"
    raise LookupError(message)
