"""Where decisions become entries: one after the other, each on the state that the others left."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from partners.changes import Change, writings
from partners.context import Context, Decision
from partners.directory import Directory
from partners.safeguarding import note_earned
from partners.state import State
from settlement.ledger.book import Head, appended, place
from settlement.ledger.bulk import Writing, write
from settlement.ledger.entries import Entry


@dataclass
class Desk:
    """What was decided so far in one transaction, and what it leaves to be written."""

    directory: Directory
    head: Head
    now: datetime
    state: State
    entries: list[Entry] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)

    @property
    def next_number(self) -> int:
        """The number of the next entry."""
        return self.head.size + len(self.entries)

    def context(self, sender: str | None = None, request_id: str = "") -> Context:
        """What the next decision is made on; the operator's, without a request, by default."""
        return Context(
            number=self.next_number,
            now=self.now,
            window=self.head.open_window,
            sender=self.directory.coalition.operator if sender is None else sender,
            request_id=request_id,
            directory=self.directory,
            state=self.state,
            window_opened_at=self.head.window_opened_at,
        )

    def enter(
        self, decision: Decision, sender: str | None = None, request_sha256: bytes | None = None
    ) -> Entry:
        """The entry of a decision; those of what follows from it come directly after it."""
        sender = self.directory.coalition.operator if sender is None else sender
        entry = self._enter(decision, sender, request_sha256)
        for consequence in decision.consequences:
            self._enter(consequence, sender)
        return entry

    def _enter(self, decision: Decision, sender: str, request_sha256: bytes | None = None) -> Entry:
        draft = decision.draft(sender, request_sha256)
        coalition, number = self.directory.coalition, self.next_number
        entry = place(coalition, self.head, draft, number=number, now=self.now)
        self.entries.append(entry)
        self.state.lines[entry.number] = decision.lines
        self.state.post(decision.lines)
        note_earned(decision, entry, self.state)
        self.apply(decision.changes)
        return entry

    def apply(self, changes: Iterable[Change]) -> None:
        """Let changes count for what is decided next, and keep them to be written."""
        for change in changes:
            change.apply(self.state)
            self.changes.append(change)

    def write(self, connection: Connection, *more: Writing) -> Head:
        """Write it all, and `more` with it; gives the log's new end.

        The caller holds the writer's lock since the head was read, and commits.
        """
        grown, entered = appended(self.head, self.entries)
        write(connection, [*entered, *writings(self.changes), *more])
        return grown
