"""What processes have used of the processor: it says more than time where others work as well."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")

# Fields of /proc/PID/stat after the name, which may hold blanks (proc(5)).
_PARENT, _USED, _USED_BY_ENDED = 1, slice(11, 13), slice(13, 15)


def family(pids: Iterable[int]) -> list[int]:
    """Processes, those that they started, and so on."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        fields = _fields(stat)
        if fields:
            children.setdefault(int(fields[_PARENT]), []).append(int(stat.parent.name))
    found = list(pids)
    for pid in found:  # grows while it is gone through
        found += children.get(pid, [])
    return found


def seconds_used(pids: Iterable[int]) -> float:
    """Seconds of the processor that processes used, and those of their children that ended."""
    ticks = 0
    for pid in pids:
        fields = _fields(Path(f"/proc/{pid}/stat"))
        ticks += sum(map(int, [*fields[_USED], *fields[_USED_BY_ENDED]]))
    return ticks / _TICKS_PER_SECOND


def used_since(before: Mapping[str, float], now: Mapping[str, float]) -> dict[str, float]:
    """Seconds by name, of two looks."""
    return {name: now[name] - before[name] for name in before}


def _fields(stat: Path) -> list[str]:
    """The numbers about a process; none where it has ended."""
    try:
        return stat.read_text().rpartition(")")[2].split()
    except OSError:
        return []
