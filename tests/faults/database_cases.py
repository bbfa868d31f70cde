"""What can happen between gateway and database, and to a database that is restored or replaced."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from faults.database import (
    base_backup,
    copy_of,
    kill_all,
    new_server,
    own_directory,
    promote,
    sql,
    start,
)
from faults.disk_cases import LOAD, at_rest
from faults.programs import NoRecovery, wait_until
from faults.proxy import ANSWER_BYTES, proxied
from faults.scene import Figures, Scene, scene, work_directory
from gateway.postgres.places import PORT, SOCKET_NAME
from gateway.postgres.server import Server

REPLICA = "replica"
BETWEEN = 8
"""Entries between two cuts, at least."""


@contextmanager
def managed(home: Path) -> Iterator[list[Server]]:
    """Servers of the runner's own, the first of them running; none outlives it."""
    servers = [new_server(home / "primary")]
    try:
        yield servers
    finally:
        for server in servers:
            kill_all(server)


def url_of(*servers: Path, **more: str) -> str:
    """One address for all of them, by their sockets' directories."""
    hosts = ",".join(quote(str(server), safe="") for server in servers)
    ports = ",".join(str(PORT) for _ in servers)
    options = "".join(f"&{name}={value}" for name, value in more.items())
    return f"postgresql://coalition@/coalition?host={hosts}&port={ports}{options}"


def cut_commit() -> Figures:
    """The connection is cut at every byte of a commit's answer, and before the commit is sent."""
    with work_directory() as home, managed(home) as (primary,):
        front = home / "front"
        front.mkdir()
        with (
            proxied(primary.cluster / SOCKET_NAME, front / SOCKET_NAME) as cutter,
            scene(home, url_of(front), init_url=url_of(primary.cluster)) as found,
        ):
            found.send()
            for at in range(-1, ANSWER_BYTES):
                found.wait_for_more(BETWEEN)
                cutter.at = at
                wait_until("a commit is cut", lambda: cutter.at is None)
            figures = at_rest(found)
            if cutter.cuts != ANSWER_BYTES + 1:
                figures.problems.append(f"{cutter.cuts} commits were cut, not {ANSWER_BYTES + 1}")
            return figures


def failover() -> Figures:
    """The primary is killed; its synchronous replica takes over, and nothing acknowledged is lost.

    The gateway goes on by itself: its address names both, and it looks for the one that writes.
    """
    with work_directory() as home, managed(home) as servers:
        primary = servers[0]
        replica = _replica(primary, home, servers)
        sql(primary, f"alter system set synchronous_standby_names = '{REPLICA}'")
        sql(primary, "select pg_reload_conf()")
        both = url_of(primary.cluster, replica.cluster, target_session_attrs="read-write")
        with scene(home, both) as found:
            found.send()
            found.wait_for_more(LOAD)
            kill_all(primary)
            promote(replica)
            return at_rest(found)


def failover_to_one_that_lags() -> Figures:
    """A replica that has not everything takes over: the gateway writes nothing to it.

    The same gateway goes on as soon as the address leads to the primary again.
    """
    with work_directory() as home, managed(home) as servers:
        primary = servers[0]
        replica = _replica(primary, home, servers)
        both = url_of(primary.cluster, replica.cluster, target_session_attrs="read-write")
        with scene(home, both) as found:
            found.send()
            found.wait_for_more(LOAD)
            sql(primary, "select pg_terminate_backend(pid) from pg_stat_replication")
            sql(replica, "alter system set primary_conninfo = ''")
            sql(replica, "select pg_reload_conf()")
            found.wait_for_more(LOAD)
            kill_all(primary)
            promote(replica)
            behind = sql(replica, "select size from ledger_head")
            wait_until("it is refused", lambda: "DATABASE_BEHIND" in found.gateway.log.read_text())
            time.sleep(3.0)
            if sql(replica, "select size from ledger_head") != behind:
                message = "the gateway wrote to a replica that lags"
                raise NoRecovery(message)
            kill_all(replica)
            start(primary)
            return at_rest(found)


def point_in_time() -> Figures:
    """Backup, archive, restore: an earlier point is refused, the complete one is served."""
    with work_directory() as home, managed(home) as servers:
        primary = servers[0]
        archive = own_directory(home / "archive", primary.account)
        sql(primary, "alter system set archive_mode = on")
        sql(primary, f"alter system set archive_command = 'cp %p {archive}/%f'")
        primary.stop()
        start(primary)
        with scene(home, url_of(primary.cluster)) as found:
            backup = base_backup(primary, home / "backup")
            found.send()
            found.wait_for_more(LOAD)
            sql(primary, "select pg_create_restore_point('earlier')")
            found.wait_for_more(LOAD)
            found.quiet()
            found.gateway.kill()
            kill_all(primary)
            return _restored(found, home, servers, backup)


def _restored(found: Scene, home: Path, servers: list[Server], backup: Server) -> Figures:
    archive = home / "archive"
    _take_unarchived(servers[0], archive)
    earlier = copy_of(backup, home / "earlier")
    servers.append(earlier)
    _recover(earlier, archive, target="earlier")
    url = url_of(earlier.cluster)
    for command in ("serve", "settle", "review"):
        said = found.gateway.refused("--database-url", url, command=command)
        if "DATABASE_BEHIND" not in said:
            message = f"{command} should have been refused with DATABASE_BEHIND: {said}"
            raise NoRecovery(message)
    kill_all(earlier)
    complete = copy_of(backup, home / "complete")
    servers.append(complete)
    _recover(complete, archive)
    found.database_url = url_of(complete.cluster)
    found.gateway.options = ("--database-url", found.database_url)
    found.gateway.start()
    found.send()
    return at_rest(found)


def _recover(server: Server, archive: Path, target: str = "") -> None:
    """Start a restored backup, to its end or a restore point, until it may be written."""
    conf = server.cluster / "postgresql.auto.conf"
    point = f"recovery_target_name = '{target}'\n" if target else ""
    server.account.write_file(
        conf,
        f"archive_mode = off\nrestore_command = 'cp {archive}/%f %p'\n{point}"
        "recovery_target_action = 'promote'\n",
    )
    server.account.write_file(server.cluster / "recovery.signal", "")
    start(server)
    wait_until("recovery ends", lambda: sql(server, "select pg_is_in_recovery()") == "f")


def _take_unarchived(primary: Server, archive: Path) -> None:
    """The last segments of the log, which a killed server did not archive any more."""
    for segment in (primary.cluster / "pg_wal").glob("0*"):
        if segment.is_file() and not (archive / segment.name).exists():
            copied = archive / segment.name
            copied.write_bytes(segment.read_bytes())
            os.chown(copied, primary.account.uid, primary.account.gid)


def _replica(primary: Server, home: Path, servers: list[Server]) -> Server:
    """A streaming replica that is there in full."""
    conninfo = f"host={primary.cluster} port={PORT} user=coalition application_name={REPLICA}"
    replica = base_backup(primary, home / REPLICA, "-R", "-d", conninfo)
    servers.append(replica)
    start(replica)
    streaming = "select count(*) from pg_stat_replication where state = 'streaming'"
    wait_until("the replica streams", lambda: sql(primary, streaming) == "1")
    return replica
