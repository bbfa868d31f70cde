"""The gateway as an operator runs it: `coalition init`, then `coalition serve` in a process."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gateway.bench.problems import BenchError
from gateway.home import Home

HOST = "127.0.0.1"

START_SECONDS = 120.0
STOP_SECONDS = 60.0

_READY = re.compile(r"Serving on port (\d+)")
_COMMAND = (sys.executable, "-c", "from gateway.cli.main import main; main()")
_TOLD_LINES = 5
"""Of a log, where something went wrong."""


@dataclass(frozen=True, slots=True)
class Serving:
    """A gateway that serves: where, and its first process."""

    target: str
    pid: int

    def processes(self) -> list[int]:
        """Its processes: the first one, and those that it started, if any."""
        return [self.pid, *_children(self.pid)]


def make_coalition(folder: Path) -> Home:
    """A new coalition in a folder, by `coalition init`. Raises BenchError."""
    home = Home(folder)
    options = ["--passphrase-file", os.fspath(passphrase_file(home)), "--generate-passphrase"]
    done = subprocess.run(  # noqa: S603 - our own command
        [*_COMMAND, "init", "--data-dir", os.fspath(folder), *options],
        capture_output=True,
        text=True,
        check=False,
        timeout=START_SECONDS,
    )
    if done.returncode != 0:
        message = f"`coalition init` failed: {done.stderr.strip()}"
        raise BenchError(message)
    return home


def passphrase_file(home: Home) -> Path:
    """Holds the passphrase of every key of a measured coalition."""
    return home.path / "passphrase"


@contextmanager
def serving(home: Home, log: Path, options: Sequence[str] = ()) -> Iterator[Serving]:
    """`coalition serve` on a free port, logging into a file; drained at the end.

    Raises BenchError where it does not start, or ended by itself before it was asked to.
    """
    keys = ["--data-dir", os.fspath(home.path), "--passphrase-file"]
    command = [*_COMMAND, "serve", *keys, os.fspath(passphrase_file(home))]
    with running([*command, "--listen", f"{HOST}:0", *options], log) as found:
        yield found


@contextmanager
def running(command: Sequence[str], log: Path) -> Iterator[Serving]:
    """A command that says "Serving on port", until the body ends. Raises BenchError."""
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file)  # noqa: S603 - as above
    try:
        yield Serving(f"{HOST}:{_port(process, log)}", process.pid)
        if process.poll() is not None:
            raise _ended(process.returncode, log)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()


def _port(process: "subprocess.Popen[bytes]", log: Path) -> int:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        found = _READY.search(log.read_text(errors="replace"))
        if found is not None:
            return int(found[1])
        if process.poll() is not None:
            raise _ended(process.returncode, log)
        time.sleep(0.05)
    message = f"the gateway did not start within {START_SECONDS:.0f} seconds: {_last(log)}"
    raise BenchError(message)


def _ended(status: int, log: Path) -> BenchError:
    return BenchError(f"the gateway ended by itself, with status {status}: {_last(log)}")


def _last(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-_TOLD_LINES:])


def _children(pid: int) -> list[int]:
    """Processes whose parent it is, and theirs; from Linux's /proc."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue  # it has just ended
        if parent == pid:
            child = int(stat.parent.name)
            found += [child, *_children(child)]
    return found
