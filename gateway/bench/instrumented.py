"""The gateway with a clock at each stage: `python -m gateway.bench.instrumented CONFIGURATION`.

For finding out where the time goes; the figures of the other rows come from the gateway as it is.
SIGUSR1 writes the sums since the last one into a file and begins anew.
"""

import cProfile
import functools
import importlib
import json
import pstats
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from coalition.keyfiles import passphrase as read_passphrase
from gateway import logs
from gateway.bench.operating import HOST
from gateway.cli.database import utc_now
from gateway.database import connect_engine
from gateway.home import Home
from gateway.server import Gateway, Listen, run
from gateway.writer import Writer

STAGES = (
    ("verify", "gateway.service", "authenticate"),
    ("decode", "gateway.service", "submission_of"),
    ("load", "gateway.writer", "read_head"),
    ("load", "partners.batch", "current_directory"),
    ("load", "partners.batch", "run"),
    ("decide", "partners.batch", "_Judge.judge"),
    ("write", "partners.desk", "Desk.write"),
    ("checkpoint", "gateway.checkpointing", "Checkpoints.keep"),
    ("sign", "gateway.keyring", "Keyring.seal"),
    ("log", "gateway.calls", "Call.log"),
)
"""Functions by stage. None of them calls another, or its time would count twice."""

COMMIT = "commit"


@dataclass
class Sums:
    """Seconds by stage: by the clock, and of the processor. Each thread adds to its own stages."""

    wall: dict[str, float] = field(default_factory=dict)
    processor: dict[str, float] = field(default_factory=dict)
    began: float = field(default_factory=time.process_time)

    def timed(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, which adds its time to a stage."""

        @functools.wraps(function)
        def call(*args: Any, **more: Any) -> Any:  # noqa: ANN401 - whatever it takes and gives
            wall, processor = time.perf_counter(), time.thread_time()
            try:
                return function(*args, **more)
            finally:
                self._add(stage, time.perf_counter() - wall, time.thread_time() - processor)

        return call

    def _add(self, stage: str, wall: float, processor: float) -> None:
        self.wall[stage] = self.wall.get(stage, 0.0) + wall
        self.processor[stage] = self.processor.get(stage, 0.0) + processor

    def told(self) -> dict[str, object]:
        """What came together, with all the processor's time of the process; begins anew."""
        used = time.process_time()
        found = {
            "wall": dict(self.wall),
            "processor": dict(self.processor),
            "process": used - self.began,
        }
        self.wall.clear()
        self.processor.clear()
        self.began = used
        return found


def instrument(sums: Sums, engine: Engine) -> None:
    """Put a clock at every stage. Raises AttributeError where one is no longer where it was."""
    for stage, module, name in STAGES:
        owner: Any = importlib.import_module(module)
        *classes, attribute = name.split(".")
        for each in classes:
            owner = getattr(owner, each)
        setattr(owner, attribute, sums.timed(stage, getattr(owner, attribute)))
    dialect: Any = engine.dialect
    dialect.do_commit = sums.timed(COMMIT, dialect.do_commit)


@contextmanager
def profiled(path: Path) -> Iterator[None]:
    """Profile this thread, which holds the event loop, and the writer's; write both at the end."""
    loop, writer = cProfile.Profile(), cProfile.Profile()
    write = Writer._run  # noqa: SLF001 - the thread's own function

    def profiled_write(self: Writer) -> None:
        writer.runcall(write, self)

    Writer._run = profiled_write  # type: ignore[method-assign]  # noqa: SLF001
    try:
        loop.enable()
        yield
    finally:
        loop.disable()
        stats = pstats.Stats(loop)
        stats.add(writer)
        stats.dump_stats(path)


def main() -> None:
    """Serve until SIGTERM, as `coalition serve` does."""
    told = json.loads(sys.argv[1])
    logs.configure()
    home = Home(Path(told["data_dir"]))
    secret = read_passphrase(Path(told["passphrase_file"]))
    with home.database(None) as url:
        engine = connect_engine(url)
        listen = Listen(f"{HOST}:0")
        gateway = Gateway(engine, home.keyring(secret), utc_now, listen, home.checkpoint_path)
        if told["profile"] is not None:
            with profiled(Path(told["profile"])):
                run(gateway, _say_ready)
        else:
            sums, folder = Sums(), Path(told["sums"])
            instrument(sums, engine)
            signal.signal(signal.SIGUSR1, lambda *_: _write(folder, sums.told()))
            run(gateway, _say_ready)
        engine.dispose()


def _say_ready(port: int) -> None:
    sys.stderr.write(f"Serving on port {port}.\n")
    sys.stderr.flush()


def _write(path: Path, told: dict[str, object]) -> None:
    """A whole file at once: somebody waits for it."""
    unfinished = path.with_suffix(".new")
    unfinished.write_text(json.dumps(told), encoding="utf-8")
    unfinished.rename(path)


if __name__ == "__main__":
    main()
