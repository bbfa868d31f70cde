"""The directory as this process knows it, and when it looks again."""

import threading
import time

from sqlalchemy import Connection, Engine

from partners.directory import Directory
from partners.directory_store import current_directory, load_directory
from settlement.ledger.book import read_head
from settlement.ledger.entries import Coalition

LOOK_AGAIN_SECONDS = 0.25
"""At most this often is the database asked because of keys that are not known here: another
process may have admitted them, but unknown keys must not become a load. Their requests wait."""


class DirectoryCache:
    """Keeps one version of the directory for all handlers of a process."""

    def __init__(self, connection: Connection, coalition: Coalition) -> None:
        """Read it for the first time."""
        self._lock = threading.Lock()
        self._looked_at = time.monotonic()
        self.coalition = coalition
        self.known = load_directory(connection, coalition)

    def current(self, connection: Connection) -> Directory:
        """The version that this transaction sees."""
        version = read_head(connection).directory_version
        self.known = current_directory(connection, self.coalition, self.known, version)
        return self.known

    @property
    def pause_seconds(self) -> float:
        """How long it is until the database may be asked again."""
        return max(0.0, self._looked_at + LOOK_AGAIN_SECONDS - time.monotonic())

    def looked_up_since(self, engine: Engine, asked_at: float) -> Directory:
        """The directory as the database has it at `asked_at` (monotonic seconds) or later.

        Of those who ask while somebody looks, or in the pause before, one look serves all.
        """
        with self._lock:
            if self._looked_at < asked_at:
                looked_at = time.monotonic()
                with engine.connect() as connection:
                    self.current(connection)
                self._looked_at = looked_at
            return self.known
