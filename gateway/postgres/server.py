"""Is the server there, and how is it started and stopped? Call it under the start lock."""

import contextlib
import os
import re
import socket
import subprocess
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg.sql import SQL, Identifier

from gateway.postgres.account import Account, printed
from gateway.postgres.binaries import Programs
from gateway.postgres.cluster import SUPERUSER, write_settings
from gateway.postgres.errors import EmbeddedPostgresError, StillStartingError
from gateway.postgres.places import PORT, SOCKET_NAME, socket_directory
from gateway.postgres.waiting import Deadline

DATABASE = "coalition"

# A fast shutdown writes a checkpoint: at most shared_buffers, a matter of seconds.
STOP_TIMEOUT_SECONDS = 120
_CONNECT_TIMEOUT_SECONDS = 10
_STARTUP_LOG = "startup.log"
_LOG_TAIL_LINES = 12
# Lines of postmaster.pid, counted from 0 (src/include/utils/pidfile.h).
_PID_LINE = 0
_SOCKET_DIR_LINE = 4

# What pg_controldata says of a cluster whose server, primary or replica, ended in order.
_SHUT_DOWN = re.compile(r"^Database cluster state: +shut down( in recovery)?$", re.MULTILINE)

# Every process of a server works in the cluster's directory; its name alone (`postgres`) could be
# any server's, and a process id in a file may long be somebody else's. Asked as the server's
# account, which may look at its own processes even where root, in a container, may not.
_LIST_PROCESSES = """
for process in /proc/[0-9]*; do
    [ "$process/cwd" -ef "$1" ] || continue
    read -r name < "$process/comm" || continue
    [ "$name" = postgres ] && echo "${process#/proc/}"
done 2> /dev/null
exit 0
"""


@dataclass(frozen=True)
class Server:
    """The server of one cluster, whoever started it."""

    cluster: Path
    account: Account
    programs: Programs

    def url(self) -> str:
        """Where SQLAlchemy finds the database of the running server."""
        host = quote(os.fspath(self._require_socket_dir()), safe="")
        return f"postgresql+psycopg://{SUPERUSER}@/{DATABASE}?host={host}&port={PORT}"

    def adopt(self, deadline: Deadline) -> bool:
        """True once a running server answers; False if there is none, or none any more.

        One that still starts or recovers is waited for, and so is one that still shuts down, and
        what outlives a killed postmaster.

        Raises:
            StillStartingError: it neither answers nor ends before the deadline.

        """
        while not self._answers():
            processes = self.processes()
            if not processes and not self._listens():
                return False
            if not deadline.pause():
                raise StillStartingError(self._busy(processes, deadline.seconds))
        return True

    def start(self, deadline: Deadline, *, durable: bool) -> None:
        """Starts the server, which outlives this process, and waits until it answers.

        Requires that ``adopt`` said there is none: what a crashed one left behind is removed, even
        when its process id belongs to another process by now.

        Raises:
            StillStartingError: the time is up and it is still at it, in crash recovery.
            EmbeddedPostgresError: it does not start.

        """
        socket_dir = socket_directory(self.cluster, self.account)
        self._clear_leftovers(socket_dir)
        write_settings(
            self.cluster, self.account, self.programs, socket_dir=socket_dir, durable=durable
        )
        result = self._control(
            "start", "-l", self.cluster / _STARTUP_LOG, timeout_seconds=deadline.remaining_seconds()
        )
        alive = result.returncode == 0 or self._pid() in self.processes()
        if not alive or not self.adopt(deadline):
            raise EmbeddedPostgresError(
                f"PostgreSQL does not start in {self.cluster}: {printed(result)}\n"
                f"Remove the cause that its log names, and start again.\n{self._log_tail()}"
            )

    def stop(self) -> None:
        """Ends all sessions and shuts the server down; nothing if none runs.

        Raises:
            EmbeddedPostgresError: it has not ended in time; it goes on shutting down.

        """
        pid, socket_dir = self._pid(), self._socket_dir()
        if pid not in self.processes():
            return
        result = self._control("stop", "-m", "fast", timeout_seconds=STOP_TIMEOUT_SECONDS)
        deadline = Deadline(STOP_TIMEOUT_SECONDS if result.returncode == 0 else 0)
        while self.processes():
            if not deadline.pause():
                raise EmbeddedPostgresError(
                    f"The PostgreSQL of {self.cluster} (process {pid}) does not end: "
                    f"{printed(result)}\nNo data is at risk; the next start waits for it.\n"
                    f"{self._log_tail()}"
                )
        if socket_dir not in (None, self.cluster):
            with contextlib.suppress(OSError):
                Path(socket_dir).rmdir()

    def ensure_database(self) -> None:
        """Creates the database if it is missing."""
        with self._session("postgres") as connection:
            known = "select 1 from pg_database where datname = %s"
            if connection.execute(known, [DATABASE]).fetchone() is None:
                connection.execute(SQL("create database {}").format(Identifier(DATABASE)))
        with self._session(DATABASE):
            pass

    def is_durable(self) -> bool:
        """Whether a commit of the running server survives whatever ends it."""
        with self._session("postgres") as connection:
            row = connection.execute("select current_setting('fsync')").fetchone()
        return row == ("on",)

    def runs(self) -> bool:
        """Whether its first process is there; asks no other program, so it can be asked often."""
        try:
            return Path(f"/proc/{self._pid()}/comm").read_text().strip() == "postgres"
        except OSError:
            return False

    def was_shut_down(self) -> bool:
        """Whether it ended in order; not after a crash, nor where its recovery failed.

        Raises:
            EmbeddedPostgresError: the cluster does not say.

        """
        told = self.account.require([self.programs.path("pg_controldata"), self.cluster])
        return _SHUT_DOWN.search(told) is not None

    def processes(self) -> set[int]:
        """All processes of a server of this cluster, also those that outlive their postmaster."""
        listed = self.account.require(["/bin/sh", "-c", _LIST_PROCESSES, "sh", self.cluster])
        return {int(pid) for pid in listed.split()}

    def _control(
        self, action: str, *options: str | Path, timeout_seconds: int
    ) -> subprocess.CompletedProcess[str]:
        """Runs pg_ctl, which waits as long as that by itself and reports what came of it."""
        program = self.programs.path("pg_ctl")
        waiting = ["-w", "-t", str(timeout_seconds)]
        return self.account.run(
            [program, action, "-D", self.cluster, *options, *waiting],
            timeout_seconds=timeout_seconds + STOP_TIMEOUT_SECONDS,
        )

    def _answers(self) -> bool:
        if not self._listens():
            return False
        try:
            self._connect("postgres").close()
        except psycopg.OperationalError:
            return False
        return True

    def _listens(self) -> bool:
        """Whether some process has the socket open, perhaps one of another container."""
        socket_dir = self._socket_dir()
        if socket_dir is None:
            return False
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(_CONNECT_TIMEOUT_SECONDS)
            try:
                probe.connect(os.fspath(socket_dir / SOCKET_NAME))
            except OSError:
                return False
        return True

    @contextlib.contextmanager
    def _session(self, database: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
        try:
            with self._connect(database) as connection:
                yield connection
        except psycopg.Error as error:
            raise EmbeddedPostgresError(
                f"The PostgreSQL of {self.cluster} runs, but its database {database!r} cannot be "
                f"used: {error}\nRemove the cause that the log names, and start again.\n"
                f"{self._log_tail()}"
            ) from error

    def _connect(self, database: str) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host=os.fspath(self._require_socket_dir()),
            port=PORT,
            user=SUPERUSER,
            dbname=database,
            connect_timeout=_CONNECT_TIMEOUT_SECONDS,
            application_name="coalition life cycle",
            autocommit=True,
        )

    def _require_socket_dir(self) -> Path:
        socket_dir = self._socket_dir()
        if socket_dir is None:
            raise EmbeddedPostgresError(
                f"The PostgreSQL of {self.cluster} has just ended. Start again.\n{self._log_tail()}"
            )
        return socket_dir

    def _pid(self) -> int | None:
        line = self._pid_file_line(_PID_LINE)
        return int(line) if line.isdecimal() else None

    def _socket_dir(self) -> Path | None:
        line = self._pid_file_line(_SOCKET_DIR_LINE)
        return Path(line) if line else None

    def _pid_file_line(self, number: int) -> str:
        """A line of what the postmaster tells about itself; empty if it does not (yet)."""
        try:
            lines = (self.cluster / "postmaster.pid").read_text(errors="replace").splitlines()
        except FileNotFoundError:
            return ""
        return lines[number].strip() if len(lines) > number else ""

    def _clear_leftovers(self, socket_dir: Path) -> None:
        """PostgreSQL trusts a lock file whose process id is alive, whosever it is by now."""
        for path in (
            self.cluster / "postmaster.pid",
            self.cluster / _STARTUP_LOG,
            socket_dir / SOCKET_NAME,
            socket_dir / f"{SOCKET_NAME}.lock",
        ):
            path.unlink(missing_ok=True)

    def _busy(self, processes: set[int], seconds: float) -> str:
        pids = ", ".join(map(str, sorted(processes))) or "unknown"
        return (
            f"The PostgreSQL of {self.cluster} runs but does not answer after {seconds:g} s "
            f"(processes {pids}). It is left alone, since after a crash it recovers first: try "
            f"again later.\n{self._log_tail()}"
        )

    def _log_tail(self) -> str:
        """The last lines of the logs, of what was said before logging began and since."""
        logs = sorted((self.cluster / "log").glob("*.log"), key=lambda log: log.stat().st_mtime)
        tails = [_tail(log) for log in [self.cluster / _STARTUP_LOG, *logs[-1:]]]
        return "\n".join(tail for tail in tails if tail)


def _tail(log: Path) -> str:
    try:
        descriptor = os.open(log, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return ""
    with os.fdopen(descriptor, errors="replace") as lines:
        last = "".join(deque(lines, maxlen=_LOG_TAIL_LINES)).rstrip()
    return f"--- {log}\n{last}" if last else ""
