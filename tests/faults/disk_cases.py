"""What a disk can do: be full, be slow, stand still, fail."""

import shutil
import subprocess
import time
from pathlib import Path

from faults.disks import SmallDisk, injected, small_disk
from faults.programs import NoRecovery, wait_until
from faults.scene import Figures, Scene, pause_all, resume_all, scene, work_directory

LOAD = 60
"""Entries that are acknowledged before a fault, and after it."""

FULL_SECONDS = 5.0
SLOW_SECONDS = 8.0
STILL_SECONDS = 7.0
"""Longer than partners wait for an answer, so that they send again what is under way."""


def at_rest(found: Scene) -> Figures:
    """After the fault: partners are answered again, and everything is compared."""
    found.wait_for_more(LOAD)
    found.quiet()
    figures = found.look(everything=True)
    found.gateway.stop()
    return figures


def checkpoint_disk_full() -> Figures:
    """The checkpoint cannot be kept: nothing is answered, and after it all of it is."""
    with work_directory() as home, small_disk(home / "elsewhere", "256k") as disk:
        file = disk.path / "checkpoint"
        with scene(home, None, "--checkpoint-file", str(file)) as found:
            found.checkpoint_file = file
            found.send()
            found.wait_for_more(LOAD)
            disk.fill()
            time.sleep(1.0)  # what was kept just before is answered
            before = found.acknowledged()
            time.sleep(FULL_SECONDS)
            if found.acknowledged() != before:
                message = "answers were given whose checkpoint cannot be kept"
                raise NoRecovery(message)
            _require_said(found, "checkpoint cannot be kept")
            disk.make_room()
            return at_rest(found)


def log_disk_full() -> Figures:
    """No room for PostgreSQL's log: it panics and cannot recover until there is room."""
    with (
        work_directory() as home,
        small_disk(home / "postgres", "360m") as disk,
        scene(home) as found,
    ):
        found.send()
        return _filled(found, home, disk)


def data_disk_full() -> Figures:
    """No room for tables, while the log has some: statements fail, and the server lives on."""
    with (
        work_directory() as home,
        small_disk(home / "postgres", "360m") as disk,
        scene(home) as found,
    ):
        _move_log(found, home / "wal")
        found.send()
        return _filled(found, home, disk)


def _filled(found: Scene, home: Path, disk: SmallDisk) -> Figures:
    """The database's disk is full under load, for some seconds."""
    found.wait_for_more(LOAD)
    disk.fill()
    wait_until("the disk is full", lambda: _says(found, home, "No space left on device"))
    time.sleep(FULL_SECONDS)
    disk.make_room()
    return at_rest(found)


def slow_disk() -> Figures:
    """Every flush of the database takes 0.2 s longer."""
    with work_directory() as home, scene(home) as found:
        found.send()
        found.wait_for_more(LOAD)
        with injected(found.server().processes(), "fdatasync,fsync:delay_enter=200000"):
            time.sleep(SLOW_SECONDS)
        return at_rest(found)


def failing_disk() -> Figures:
    """A flush fails with an I/O error: the server panics, since it cannot know what was kept."""
    with work_directory() as home, scene(home) as found:
        found.send()
        found.wait_for_more(LOAD)
        processes = found.server().processes()
        with injected(processes, "fdatasync:error=EIO"):
            wait_until("it panics", lambda: _says(found, home, "PANIC"))
        return at_rest(found)


def disk_that_stands_still() -> Figures:
    """All of the database's processes are stopped for a while, then go on."""
    with work_directory() as home, scene(home) as found:
        found.send()
        found.wait_for_more(LOAD)
        processes = sorted(found.server().processes())
        pause_all(processes)
        time.sleep(STILL_SECONDS)
        resume_all(processes)
        return at_rest(found)


def _says(found: Scene, home: Path, words: str) -> bool:
    logs = [*found.server().cluster.glob("log/*.log"), found.server().cluster / "startup.log"]
    texts = [
        log.read_text(errors="replace") for log in (*logs, home / "gateway.log") if log.exists()
    ]
    return any(words in text for text in texts)


def _require_said(found: Scene, words: str) -> None:
    if words not in found.gateway.log.read_text():
        message = f"the gateway's log does not say {words!r}"
        raise NoRecovery(message)


def _move_log(found: Scene, to: Path) -> None:
    """PostgreSQL's log on a disk of its own, as by `initdb --waldir`."""
    found.gateway.stop()
    cluster = found.server().cluster
    subprocess.run(["cp", "-a", str(cluster / "pg_wal"), str(to)], check=True)
    shutil.rmtree(cluster / "pg_wal")
    (cluster / "pg_wal").symlink_to(to)
    found.gateway.start()
