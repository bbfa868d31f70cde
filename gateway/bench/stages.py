"""Where the time goes: what each stage of an accrual takes, per stay."""

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from gateway.bench.instrumented import COMMIT, STAGES
from gateway.bench.load import Job
from gateway.bench.operating import Serving, passphrase_file, running
from gateway.bench.problems import BenchError
from gateway.bench.stand import Stand

Show = Callable[[str, int, int], None]

REST = "gRPC and the rest"
TOLD_SECONDS = 30.0

_MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class Stage:
    """Microseconds per stay: by the clock, in which a thread also waits, and of the processor."""

    name: str
    wall: float
    processor: float


@dataclass(frozen=True, slots=True)
class Breakdown:
    """The stages of one way to send stays."""

    name: str
    per_second: float
    stages: Sequence[Stage]

    def to_json(self) -> dict[str, object]:
        """The breakdown for machines."""
        return {
            "name": self.name,
            "activities_per_second": round(self.per_second, 1),
            "microseconds_per_activity": {
                stage.name: {"wall": round(stage.wall, 1), "processor": round(stage.processor, 1)}
                for stage in self.stages
            },
        }


def breakdowns(stand: Stand, show: Show) -> list[Breakdown]:
    """Where the time goes for single accruals and for batches, in one process of the gateway."""
    folder = stand.home.path.parent
    sums = folder / "sums.json"
    found = []
    with _instrumented(stand, sums=sums, profile=None) as gateway:
        for name, job, activities in _jobs(stand):
            stand.booked(replace(job(), target=gateway.target), activities)  # warms up
            _told(gateway, sums)
            sent = stand.booked(replace(job(), target=gateway.target), activities)
            told = _told(gateway, sums)
            found.append(_breakdown(name, activities, activities / sent.seconds, told))
            show("Stages", len(found), 2)
    return found


def profile(stand: Stand, path: Path) -> None:
    """Write a profile of the event loop and of the writer's thread, for `python -m pstats`.

    Raises BenchError from Python 3.12 on, where a profiler watches all threads or none.
    """
    if sys.version_info >= (3, 12):
        message = "--profile needs Python 3.11: later ones do not profile two threads apart"
        raise BenchError(message)
    with _instrumented(stand, sums=None, profile=path.absolute()) as gateway:
        for _, job, activities in _jobs(stand):
            stand.booked(replace(job(), target=gateway.target), activities)


def _jobs(stand: Stand) -> Iterator[tuple[str, Callable[[], Job], int]]:
    sizes = stand.sizes

    def single() -> Job:
        return stand.accruals(stand.stays.single(sizes.calls), in_flight=sizes.in_flight)

    def batches() -> Job:
        return stand.batches(stand.stays.batches(sizes.batches, sizes.batch_items))

    yield "single", single, sizes.calls
    yield "batch", batches, sizes.batches * sizes.batch_items


@contextmanager
def _instrumented(stand: Stand, *, sums: Path | None, profile: Path | None) -> Iterator[Serving]:
    told = {
        "data_dir": os.fspath(stand.home.path.absolute()),
        "passphrase_file": os.fspath(passphrase_file(stand.home).absolute()),
        "sums": None if sums is None else os.fspath(sums),
        "profile": None if profile is None else os.fspath(profile),
    }
    command = [sys.executable, "-m", "gateway.bench.instrumented", json.dumps(told)]
    with running(command, stand.home.path.parent / "instrumented.log") as gateway:
        yield gateway


def _told(gateway: Serving, sums: Path) -> dict[str, object]:
    """The sums since the last time."""
    os.kill(gateway.pid, signal.SIGUSR1)
    deadline = time.monotonic() + TOLD_SECONDS
    while not sums.exists():
        if time.monotonic() > deadline:
            message = "the instrumented gateway does not tell its sums"
            raise BenchError(message)
        time.sleep(0.02)
    found: dict[str, object] = json.loads(sums.read_text(encoding="utf-8"))
    sums.unlink()
    return found


def _breakdown(name: str, activities: int, per_second: float, told: dict[str, object]) -> Breakdown:
    wall, processor, process = told["wall"], told["processor"], told["process"]
    if not (isinstance(wall, dict) and isinstance(processor, dict) and isinstance(process, float)):
        message = "the instrumented gateway tells no sums"
        raise BenchError(message)
    each = _MICROSECONDS / activities
    names = [*dict.fromkeys(stage for stage, _, _ in STAGES)]
    names.insert(names.index("checkpoint"), COMMIT)
    stages = [
        Stage(stage, wall.get(stage, 0.0) * each, processor.get(stage, 0.0) * each)
        for stage in names
    ]
    rest = max(0.0, process * each - sum(stage.processor for stage in stages))
    return Breakdown(name, per_second, [*stages, Stage(REST, rest, rest)])
