"""A gateway in a process of its own, so that its memory is its own and its end would be seen.

    PYTHONPATH=tests python -m hostile.apart DATABASE_URL

serves on a free port of loopback, which it prints, until its standard input ends.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gateway import logs
from gateway.database import connect_engine
from support.coalition_day import Clock, serving

TESTS = Path(__file__).parents[1]


@dataclass(frozen=True)
class Apart:
    """One that runs."""

    target: str
    process: subprocess.Popen[str]

    @property
    def alive(self) -> bool:
        """Still the process that was started."""
        return self.process.poll() is None

    @property
    def peak_bytes(self) -> int:
        """The most of the machine's memory that it ever held."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024


@contextmanager
def gateway_apart(database_url: str) -> Iterator[Apart]:
    """Serve a database from another process."""
    with subprocess.Popen(
        [sys.executable, "-m", "hostile.apart", database_url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(TESTS), "GRPC_VERBOSITY": "NONE"},
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        target = process.stdout.readline().strip()
        try:
            yield Apart(target, process)
        finally:
            process.stdin.close()
            process.wait(60)


def main() -> None:
    """Serve until nobody is there any more."""
    logs.configure("CRITICAL")
    engine = connect_engine(sys.argv[1])
    with serving(engine, Clock()) as target:
        print(target, flush=True)  # noqa: T201 - it is how it is found
        sys.stdin.read()
    engine.dispose()


if __name__ == "__main__":
    main()
