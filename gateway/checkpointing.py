"""The checkpoint that is kept outside the database, so that the database cannot go back unseen.

No answer is given that names an entry's number before a checkpoint that covers it is kept. A
database that was restored to an earlier state, or a replica that lags, is behind what was kept,
and the gateway does not start on it: it would sign the same numbers a second time.
"""

import fcntl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import psycopg
import structlog
from sqlalchemy import Connection, Engine, event

from coalition.checkpoints import (
    BadCheckpoint,
    Checkpoint,
    read_checkpoint,
    sign_checkpoint,
    write_checkpoint,
)
from gateway.keyring import Keyring
from gateway.logs import in_short
from partners.refusals import Reason, Refused
from settlement.ledger.book import Head, LedgerInconsistency, read_head
from settlement.ledger.proving import root_at
from settlement.ledger.tree import root

_WHAT_TO_DO = (
    "Restore a newer state of the database, or promote a replica that has everything. Where the "
    "rest is lost for good this is another ledger than the one that was signed: found a new "
    "coalition with `coalition init`, which gives it an id of its own"
)

_ASKED = "coalition.checkpoint"
"""Marks a connection whose database was seen to have what was kept."""

_log = structlog.get_logger(__name__)


class CheckpointMismatch(Exception):
    """Database and kept checkpoint do not belong together; the message says what to do."""


@dataclass(frozen=True, slots=True)
class KeptCheckpoint:
    """The file in which a coalition's newest checkpoint is kept.

    `keys` are the gateway's public keys, raw, by key id.
    """

    path: Path
    coalition: str
    keys: Mapping[str, bytes]

    def read(self) -> Checkpoint | None:
        """The checkpoint; None where none was kept yet. Raises CheckpointMismatch."""
        try:
            return read_checkpoint(self.path, self.coalition, self.keys)
        except (BadCheckpoint, OSError) as problem:
            message = (
                f"CHECKPOINT_UNUSABLE: {problem}. It is what tells whether the database went "
                f"back. Put the right {self.path.name} in its place, with all keys of the gateway "
                "in the profile; remove it only where you know that the database lost nothing"
            )
            raise CheckpointMismatch(message) from None

    def require_extended(self, connection: Connection) -> None:
        """Raise CheckpointMismatch unless the database has all that was kept, unchanged.

        Takes stored hashes for granted, which `coalition check` recomputes.
        """
        kept = self.read()
        if kept is None:
            return
        size = read_head(connection).size  # after the file: gateways beside us write both
        if size < kept.size:
            message = (
                f"DATABASE_BEHIND: the database holds {size} entries, and {kept.size} were signed "
                f"when {self.path} was written: it is an earlier state, and would give out "
                f"the numbers from {size} on a second time. {_WHAT_TO_DO}"
            )
            raise CheckpointMismatch(message)
        problem = difference(connection, kept)
        if problem is not None:
            message = (
                f"DATABASE_DIFFERS: {problem}, as {self.path} has it: the database went back "
                f"and on from there, or was rewritten. {_WHAT_TO_DO}"
            )
            raise CheckpointMismatch(message)

    def replace(self, checkpoint: Checkpoint) -> None:
        """Keep a checkpoint on the disk, unless a later one is there. Raises OSError.

        Gateways beside each other on one log may share the file.
        """
        with self._locked():
            if self._size() < checkpoint.size:
                write_checkpoint(self.path, checkpoint)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self.path.with_name(f"{self.path.name}.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _size(self) -> int:
        """The size in the file as it stands, -1 for none: it was verified at the start."""
        try:
            return int(self.path.read_bytes().split(b"\n")[1])
        except (FileNotFoundError, IndexError, ValueError):
            return -1


def difference(connection: Connection, kept: Checkpoint) -> str | None:
    """How the first entries of the log differ from a checkpoint, in words; None where they agree.

    The log has at least so many.
    """
    try:
        found = root_at(connection, kept.size)
    except LedgerInconsistency as problem:
        return str(problem)
    if found == kept.root:
        return None
    return (
        f"the first {kept.size} entries have the root {found.hex()}, and had {kept.root.hex()} "
        "when they were signed"
    )


def _require_extended(file: KeptCheckpoint, connection: Connection) -> None:
    """Of a connection of the pool's that is used for the first time. Raises OperationalError."""
    if connection.info.get(_ASKED):
        return
    try:
        file.require_extended(connection)
        connection.rollback()
    except BaseException as problem:
        connection.invalidate()
        connection.close()
        if isinstance(problem, CheckpointMismatch):
            raise psycopg.OperationalError(str(problem)) from None
        raise
    connection.info[_ASKED] = True


@dataclass
class Checkpoints:
    """Signs checkpoints of what is committed. Without a file the newest is kept in memory alone."""

    coalition: str
    keyring: Keyring
    file: KeptCheckpoint | None
    _newest: Checkpoint | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, connection: Connection) -> None:
        """See that the database has what was kept, then keep what it has.

        Raises CheckpointMismatch.
        """
        if self.file is not None:
            self.file.require_extended(connection)
            if not self.file.path.exists():
                _log.warning("no checkpoint was kept yet", path=str(self.file.path))
        try:
            self.covering(connection)
        except Refused as refused:
            message = f"CHECKPOINT_UNUSABLE: {refused.message}"
            raise CheckpointMismatch(message) from None

    def guard(self, engine: Engine) -> None:
        """From now on, use no new connection to a database that has not all that was kept.

        A running gateway may be led to another server, by an address that stands for several or
        a replica that took over: it is asked what a start is asked. What it raises then counts as
        a database that is out of reach.
        """
        if self.file is not None:
            event.listen(engine, "engine_connect", partial(_require_extended, self.file))

    def keep(self, head: Head) -> Checkpoint:
        """A checkpoint that covers a committed end of the log; kept when this returns.

        Raises Refused (UNAVAILABLE) where it cannot be kept: then nothing may be told of what
        it would cover.
        """
        with self._lock:
            if self._newest is None or self._newest.size < head.size:
                private = self.keyring.keys[self.keyring.current]
                made = sign_checkpoint(private, self.coalition, head.size, root(head.frontier))
                self._write(made)
                self._newest = made
            return self._newest

    def covering(self, connection: Connection) -> Checkpoint:
        """A checkpoint that covers all that this transaction sees. Raises Refused."""
        return self.keep(read_head(connection))

    def cover(self, connection: Connection, number: int) -> None:
        """See that an entry is covered before it is told. Raises Refused."""
        newest = self._newest
        if newest is None or newest.size <= number:
            self.covering(connection)

    def _write(self, checkpoint: Checkpoint) -> None:
        if self.file is None:
            return
        try:
            self.file.replace(checkpoint)
        except OSError as problem:
            _log.error("checkpoint cannot be kept", error=in_short(problem))
            raise Refused(
                Reason.UNAVAILABLE,
                "the checkpoint of the ledger cannot be kept outside the database, so nothing is "
                "answered; its operator finds out why in the log. Try again with the same "
                "request id",
            ) from None
