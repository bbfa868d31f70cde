"""PostgreSQL of the runner's own, by the product's life cycle: primary, replica, restored one."""

import os
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

from gateway.postgres.account import CLUSTER, Account, account_for
from gateway.postgres.binaries import find_programs
from gateway.postgres.cluster import SUPERUSER, create_cluster
from gateway.postgres.places import PORT, prepare_data_dir
from gateway.postgres.server import Server
from gateway.postgres.waiting import Deadline

STARTING_SECONDS = 120


def server_in(data_dir: Path) -> Server:
    """The server of a data directory whose cluster is there, or is about to be."""
    account = account_for(data_dir)
    return Server(data_dir / CLUSTER, account, find_programs(account))


def new_server(data_dir: Path) -> Server:
    """A new cluster, started, with an empty database."""
    data_dir = prepare_data_dir(data_dir)
    account = account_for(data_dir)
    programs = find_programs(account)
    server = Server(create_cluster(data_dir, account, programs, durable=True), account, programs)
    start(server)
    server.ensure_database()
    return server


def start(server: Server) -> None:
    """Start it, through recovery where it needs one."""
    deadline = Deadline(STARTING_SECONDS)
    if not server.adopt(deadline):
        server.start(deadline, durable=True)


def kill_all(server: Server) -> None:
    """Every process of it at once, as a power failure does."""
    while pids := server.processes():
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def postmaster(server: Server) -> int:
    """The process that the others are children of."""
    return int((server.cluster / "postmaster.pid").read_text().split("\n", 1)[0])


def sql(server: Server, statement: str, database: str = "coalition") -> str:
    """What psql prints for a statement, as the server's own account."""
    program = server.programs.path("psql")
    words = ("-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", statement)
    place = ("-h", server.cluster, "-p", str(PORT), "-U", SUPERUSER, "-d", database)
    return server.account.require([program, *place, *words]).strip()


def base_backup(server: Server, data_dir: Path, *options: str) -> Server:
    """A copy of a running server by pg_basebackup; not started."""
    data_dir = prepare_data_dir(data_dir)
    shutil.rmtree(data_dir / CLUSTER, ignore_errors=True)
    target = own_directory(data_dir / CLUSTER, server.account)
    program = server.programs.path("pg_basebackup")
    place = ("-h", server.cluster, "-p", str(PORT), "-U", SUPERUSER)
    server.account.require(
        [program, *place, "-D", target, "--checkpoint=fast", *options], timeout_seconds=300
    )
    return server_in(data_dir)


def own_directory(path: Path, account: Account) -> Path:
    """A directory of the server's account."""
    path.mkdir(mode=0o700)
    os.chown(path, account.uid, account.gid)
    return path


def promote(server: Server) -> None:
    """A replica becomes the primary."""
    program = server.programs.path("pg_ctl")
    server.account.require([program, "promote", "-D", server.cluster, "-w", "-t", "60"])


def copy_of(server: Server, data_dir: Path) -> Server:
    """A copy of a stopped cluster, file by file."""
    data_dir = prepare_data_dir(data_dir)
    subprocess.run(["cp", "-a", str(server.cluster), str(data_dir / CLUSTER)], check=True)
    for left in ("postmaster.pid", "postmaster.opts"):
        (data_dir / CLUSTER / left).unlink(missing_ok=True)
    return server_in(data_dir)
