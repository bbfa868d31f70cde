"""Who else is here? Two lock files, held with ``flock``, so that the kernel frees a dead process's.

``start.lock`` is held exclusively by whoever starts, adopts or stops the server; ``users.lock`` is
held shared by every process that uses it, and whoever could have it exclusively is the last.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from gateway.postgres.errors import EmbeddedPostgresError
from gateway.postgres.waiting import Deadline

_FLAGS = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
_MODE = 0o600


@contextlib.contextmanager
def exclusive(path: Path, deadline: Deadline) -> Iterator[None]:
    """Holds the lock file alone, once nobody else does.

    Raises:
        EmbeddedPostgresError: the deadline passed first, or the file is not ours to open.

    """
    descriptor = _take_exclusively(path, deadline)
    try:
        yield
    finally:
        _release(descriptor)


class Users:
    """One of the users of a server, who counts until it leaves or its process ends.

    Make, ask and leave it while holding the start lock: ``flock`` changes from shared to exclusive
    and back in two steps.
    """

    def __init__(self, path: Path) -> None:
        """Raises EmbeddedPostgresError if the file is not ours to open."""
        self._path = path
        self._pid = os.getpid()
        self._descriptor = _open(path)
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.leave()

    def alone(self) -> bool:
        """Whether no other process uses the server."""
        alone = _try(self._descriptor)
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)
        return alone

    def present(self) -> bool:
        """Whether we still count.

        Not in a forked child: its parent is the user. Not after the data directory was removed:
        somebody else's may stand in its place.
        """
        return os.getpid() == self._pid and _is_file(self._descriptor, self._path)

    def leave(self) -> None:
        """Counts no longer. A forked child only closes its copy: the lock is its parent's."""
        if os.getpid() == self._pid:
            _release(self._descriptor)
        else:
            os.close(self._descriptor)


def _take_exclusively(path: Path, deadline: Deadline) -> int:
    """The descriptor of the locked file; one that was replaced while we waited is let go."""
    while True:
        descriptor = _open(path)
        try:
            locked = _try(descriptor)
            while not locked and deadline.pause():
                locked = _try(descriptor)
            if locked and _is_file(descriptor, path):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
        if not locked:
            raise EmbeddedPostgresError(
                f"Another process has been starting or stopping the PostgreSQL of {path.parent} "
                f"for {deadline.seconds:g} s. Wait for it and try again, or find it with: "
                f"fuser {path}"
            )


def _open(path: Path) -> int:
    """Opens the lock file, made if missing, owned like the directory it is in.

    Only a file that was made right here is given away, and no link is followed: the directory may
    belong to another user than root, who runs this.
    """
    try:
        with contextlib.suppress(FileExistsError):
            descriptor = os.open(path, _FLAGS | os.O_CREAT | os.O_EXCL, _MODE)
            owner = path.parent.stat()
            if os.geteuid() == 0 and owner.st_uid != 0:
                os.fchown(descriptor, owner.st_uid, owner.st_gid)
            return descriptor
        return os.open(path, _FLAGS)
    except OSError as error:
        raise EmbeddedPostgresError(
            f"The lock file {path} cannot be opened: {error.strerror}. The data directory "
            f"{path.parent} is another user's: run as that user, or use a data directory of "
            "your own."
        ) from error


def _try(descriptor: int) -> bool:
    """Takes the exclusive lock if it is free."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise EmbeddedPostgresError(
            f"The file system of the data directory has no file locks: {error.strerror}. Put the "
            "data directory on a local disk."
        ) from error
    return True


def _is_file(descriptor: int, path: Path) -> bool:
    """Whether the path still leads to the file that the descriptor has open."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except OSError:
        return False


def _release(descriptor: int) -> None:
    """Unlocks before closing: a forked child's copy of the descriptor would keep the lock."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
    finally:
        os.close(descriptor)
