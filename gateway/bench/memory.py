"""The row of memory: what a worker of the gateway holds after minutes of load."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from gateway.bench.problems import BenchError
from gateway.bench.rows import Goal, Row, compared
from gateway.bench.stand import Stand

Show = Callable[[str, int, int], None]

MEMORY_GOAL = Goal(1.1, 1.02, less=True)

FIRST_SECONDS = 60
_MIB_KIB = 1_024


def memory_row(stand: Stand, minutes: int, show: Show) -> Row:
    """Keep the gateway busy, with single accruals and batches, and see how its memory grows.

    Of its processes the one that grew most is told.
    """
    began = time.monotonic()
    _load_until(stand, began + FIRST_SECONDS, began, show)
    before = _resident(stand)
    _load_until(stand, began + minutes * FIRST_SECONDS, began, show)
    after = _resident(stand)
    if not before.keys() <= after.keys():
        message = "a process of the gateway ended under load; look into its log"
        raise BenchError(message)
    most = max(before, key=lambda pid: after[pid] / before[pid])
    return compared(
        f"resident memory of a worker after {minutes} minutes of load",
        [(after[most] / _MIB_KIB, before[most] / _MIB_KIB)],
        unit="MiB",
        against="after the first minute",
        goal=MEMORY_GOAL,
    )


def _load_until(stand: Stand, until: float, began: float, show: Show) -> None:
    sizes = stand.sizes
    while time.monotonic() < until:
        requests = stand.stays.single(sizes.calls)
        stand.booked(stand.accruals(requests, in_flight=sizes.in_flight), len(requests))
        batch = stand.batches(stand.stays.batches(1, sizes.batch_items))
        stand.booked(batch, sizes.batch_items)
        show("Memory: seconds of load", int(time.monotonic() - began), int(until - began))


def _resident(stand: Stand) -> Mapping[int, int]:
    """KiB that each process of the gateway holds (Linux: VmRSS)."""
    found = {}
    for pid in stand.gateway.processes():
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
        fields = dict(line.split(":", 1) for line in status.splitlines())
        found[pid] = int(fields["VmRSS"].split()[0])
    return found
