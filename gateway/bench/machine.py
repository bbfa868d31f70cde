"""What the figures were measured on."""

import os
import platform
import re
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import Engine, text

_LIBRARIES = ("grpcio", "protobuf", "psycopg", "sqlalchemy", "cryptography")


def machine() -> Mapping[str, object]:
    """Processor, memory, Python, libraries, and how busy it is just now."""
    return {
        "cpu": _found(r"^model name\s*: (.+)$", "/proc/cpuinfo") or platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(int(_found(r"^MemTotal:\s*(\d+)", "/proc/meminfo") or 0) / 2**20, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        **{name: version(name) for name in _LIBRARIES},
        "load_average_before": [round(load, 2) for load in os.getloadavg()],
    }


def postgresql(engine: Engine) -> Mapping[str, object]:
    """The database's version, and whether its commits wait for the disk."""
    with engine.connect() as connection:
        told = connection.execute(
            text("select current_setting('server_version'), current_setting('synchronous_commit')")
        ).one()
    return {"postgresql": told[0], "synchronous_commit": told[1]}


def _found(pattern: str, path: str) -> str | None:
    try:
        match = re.search(pattern, Path(path).read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:
        return None
    return None if match is None else match[1]
