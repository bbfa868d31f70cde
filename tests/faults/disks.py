"""Disks that are full, slow or broken: small file systems, delayed and failing calls."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from faults.programs import NoRecovery

CHUNKS = tuple(bytes(1 << bits) for bits in (20, 12))
"""What a ballast is made of: large pieces first, then the size of a page."""


@dataclass(frozen=True, slots=True)
class SmallDisk:
    """A file system of a few megabytes, mounted; a ballast file takes what room there is."""

    path: Path

    @property
    def ballast(self) -> Path:
        """What is taken away to make room."""
        return self.path / "ballast"

    def fill(self) -> None:
        """Take all room that is left, while others write as well."""
        with self.ballast.open("wb", buffering=0) as file:
            for chunk in CHUNKS:
                with suppress(OSError):
                    while True:
                        file.write(chunk)

    def make_room(self) -> None:
        """As an operator does."""
        self.ballast.unlink()


@contextmanager
def small_disk(path: Path, size: str) -> Iterator[SmallDisk]:
    """A tmpfs of this size. Raises NoRecovery where nothing may be mounted (root may)."""
    path.mkdir(exist_ok=True)
    words = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0711", "tmpfs", str(path)]
    mounted = subprocess.run(words, capture_output=True, text=True, check=False)
    if mounted.returncode:
        message = f"a small disk cannot be mounted: {mounted.stderr.strip()}"
        raise NoRecovery(message)
    try:
        yield SmallDisk(path)
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=False)


@contextmanager
def injected(pids: set[int], what: str) -> Iterator[None]:
    """Have system calls of processes, and of those they start, delayed or fail.

    By strace's injection. Raises NoRecovery where there is no strace.
    """
    program = shutil.which("strace")
    if program is None:
        message = "strace is not installed: no call can be delayed or made to fail"
        raise NoRecovery(message)
    calls = what.partition(":")[0]
    attach = [word for pid in pids for word in ("-p", str(pid))]
    process = subprocess.Popen(
        [
            *(program, "-f", "-qq", "-o", os.devnull),
            *("-e", f"trace={calls}", "-e", f"inject={what}", *attach),
        ]
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait()
