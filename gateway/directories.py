"""The directory as this process knows it, and when it looks again."""

import threading
import time

from sqlalchemy import Connection, Engine

from partners.directory import Directory
from partners.directory_store import current_directory, load_directory
from settlement.ledger.entries import Coalition

LOOK_AGAIN_SECONDS = 0.25
"""At most this often is the database asked because of a key that is not known here: another
process may have admitted it, but unknown keys must not become a load."""


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
        self.known = current_directory(connection, self.coalition, self.known)
        return self.known

    def knowing(self, engine: Engine, keyid: str) -> Directory:
        """The directory, looked up again where the key is not in the one at hand."""
        if keyid in self.known.keys:
            return self.known
        with self._lock:
            if time.monotonic() - self._looked_at < LOOK_AGAIN_SECONDS:
                return self.known
            self._looked_at = time.monotonic()
        with engine.connect() as connection:
            return self.current(connection)
