"""Programs that a fault happens to: the gateway and the commands beside it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

PASSPHRASE = "a passphrase of these faults"
REPOSITORY = Path(__file__).resolve().parents[2]
COALITION = (sys.executable, "-c", "from gateway.cli.main import main; main()")
COMMAND_SECONDS = 180
STARTING_SECONDS = 90


class NoRecovery(Exception):
    """Something did not come back; the message says what."""


def environment() -> dict[str, str]:
    """What every program of ours runs in."""
    path = os.pathsep.join(str(REPOSITORY / part) for part in ("", "proto", "tests"))
    return {**os.environ, "PYTHONPATH": path, "COALITION_PASSPHRASE": PASSPHRASE, "COLUMNS": "200"}


def coalition(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [*COALITION, *map(str, arguments)],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )


def wait_until(what: str, condition: Callable[[], bool], seconds: float = STARTING_SECONDS) -> None:
    """Wait for something. Raises NoRecovery."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            message = f"{what}: not within {seconds:g} seconds"
            raise NoRecovery(message)
        time.sleep(0.02)


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def children(pid: int) -> list[int]:
    """Processes whose parent this is, oldest first."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[1]) == pid and fields[0] != "Z":
                found.append(int(stat.parent.name))
    return sorted(found)


def kill(*pids: int) -> None:
    """SIGKILL to each that is there."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@dataclass
class GatewayProgram:
    """`coalition serve`, with every worker that it starts, on one port for all its lives."""

    home: Path
    options: tuple[str, ...] = ()
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def target(self) -> str:
        """Where partners call it."""
        return f"127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """What it said, in all its lives."""
        return self.home / "gateway.log"

    @property
    def pid(self) -> int:
        """The process that was started. Raises NoRecovery."""
        if self.process is None:
            message = "the gateway does not run"
            raise NoRecovery(message)
        return self.process.pid

    def workers(self) -> list[int]:
        """The processes that serve: its children where it has some, else itself."""
        found = [pid for pid in children(self.pid) if _serves(pid)]
        return found or [self.pid]

    def start(self) -> None:
        """Start it and wait until it serves. Raises NoRecovery, with what it said."""
        begin = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *COALITION,
                    *("serve", "--data-dir", str(self.home), "--listen", self.target),
                    *self.options,
                ],
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_until("the gateway serves", lambda: self._serves_since(begin))

    def _serves_since(self, begin: int) -> bool:
        said = self.log.read_bytes()[begin:]
        if self.process is not None and self.process.poll() is not None:
            message = f"the gateway does not start: {said.decode()[-2_000:]}"
            raise NoRecovery(message)
        return b"Serving on port" in said

    def refused(self, *options: str, command: str) -> str:
        """What a command says that has to fail. Raises NoRecovery where it does not."""
        listen = ("--listen", self.target) if command == "serve" else ()
        try:
            ended = coalition(command, "--data-dir", str(self.home), *listen, *options)
        except subprocess.TimeoutExpired:
            message = f"{command} goes on, and should have been refused"
            raise NoRecovery(message) from None
        if ended.returncode != 1:
            message = f"{command} should end with 1, not {ended.returncode}: {ended.stderr}"
            raise NoRecovery(message)
        return ended.stderr

    def kill(self) -> None:
        """SIGKILL to all its processes at once."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        if self.process is not None:
            self.process.wait()
        self.process = None

    def stop(self) -> None:
        """As an operator stops it. Raises NoRecovery where it does not end well."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.kill()
            code = -signal.SIGKILL
        self.process = None
        if code:
            message = f"the gateway stopped with {code}"
            raise NoRecovery(message)


def _serves(pid: int) -> bool:
    """A worker: a Python that is not the helper of multiprocessing."""
    with suppress(OSError):
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
        return b"python" in words and b"resource_tracker" not in words
    return False
