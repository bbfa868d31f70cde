"""What ends because its time is up, whatever anybody does: done under the writer's lock.

A kind of thing says which of them are due, and what ending one means. They are ended some
hundreds at a time, and what is ended is not met again, so that it can be run by several at once,
be cut short, and be run again.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection

from partners.changes import Change, write_all
from partners.context import Context, Decision
from partners.directory import Directory
from partners.directory_store import load_directory
from partners.hold_store import find_expired
from partners.limiting import load_owed, within_limits
from partners.state import Needs, State
from partners.state_store import load
from partners.usecases.delivery import find_overdue, time_out
from partners.usecases.redemption import expire
from settlement.ledger.book import Head, append, place, read_head
from settlement.ledger.entries import Coalition, Entry

AT_ONCE = 250
"""Of each kind ended in one transaction, while all other writes wait."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Things that end by time. `needs` is the attribute of Needs that takes their numbers."""

    find: Callable[[Connection, datetime, int, Collection[int]], set[int]]
    needs: str
    end: Callable[[int, Context], Decision]
    words: str
    """What has happened, for people; with the number in braces."""


KINDS = (
    Kind(find_overdue, "conversions", time_out, "conversion {} was not confirmed in time"),
    Kind(find_expired, "holds", expire, "hold {} expired"),
)


@dataclass(frozen=True, slots=True)
class Ended:
    """Something that ended, or would; `kind` is of its entry."""

    kind: str
    number: int
    what: str


def due(
    connection: Connection,
    now: datetime,
    limit: int = AT_ONCE,
    *,
    without: Collection[int] = (),
) -> list[tuple[Kind, int]]:
    """What is due, so many of each kind: a cheap look, by partial indexes and without a lock.

    What cannot be ended is left out by its number: else enough of it would hide all the rest.
    """
    return [
        (kind, number)
        for kind in KINDS
        for number in sorted(kind.find(connection, now, limit, without))
    ]


def end_due(
    connection: Connection,
    coalition: Coalition,
    now: datetime,
    *,
    writes: bool = True,
    only: Collection[int] | None = None,
    without: Collection[int] = (),
    limit: int = AT_ONCE,
) -> list[Ended]:
    """End what is due, the next so many of each kind, in the caller's transaction.

    With `writes` the caller commits; without, nothing is changed. `only` leaves out all but
    these numbers, `without` these. Gives what ended; nothing where nothing was due any more.
    """
    head = read_head(connection, lock=writes)
    now = max(now, head.accepted_at) if writes else now
    found = [
        (kind, number)
        for kind, number in due(connection, now, limit, without=without)
        if only is None or number in only
    ]
    if not found:
        return []
    directory = load_directory(connection, coalition)
    needs = Needs(now=now)
    for kind, number in found:
        getattr(needs, kind.needs).add(number)
    state = load(connection, needs)
    load_owed(connection, state, directory, needs)
    desk = _Desk(directory, head, now, state)
    ended = [desk.end(kind, number) for kind, number in found]
    if writes:
        append(connection, head, desk.entries)
        write_all(connection, desk.changes)
    return ended


@dataclass
class _Desk:
    """Ends one thing after the other, and keeps what is to be written."""

    directory: Directory
    head: Head
    now: datetime
    state: State
    entries: list[Entry] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)

    def end(self, kind: Kind, number: int) -> Ended:
        """One of them, with what follows from it; limits stop no end, but may be reached by it."""
        context = self._context()
        decision = within_limits(kind.end(number, context), context)
        steps: Sequence[Decision] = (replace(decision, consequences=()), *decision.consequences)
        for step in steps:
            self._enter(step)
        return Ended(decision.kind, number, kind.words.format(number))

    def _context(self) -> Context:
        """As a request's of the operator's, without a request."""
        return Context(
            number=self.head.size + len(self.entries),
            now=self.now,
            window=self.head.open_window,
            sender=self.directory.coalition.operator,
            request_id="",
            directory=self.directory,
            state=self.state,
            window_opened_at=self.head.window_opened_at,
        )

    def _enter(self, decision: Decision) -> None:
        coalition = self.directory.coalition
        number = self.head.size + len(self.entries)
        draft = decision.draft(coalition.operator)
        self.entries.append(place(coalition, self.head, draft, number=number, now=self.now))
        self.state.post(decision.lines)
        for change in decision.changes:
            change.apply(self.state)
            self.changes.append(change)
