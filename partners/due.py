"""What ends because its time is up, whatever anybody does: done under the writer's lock.

A kind of thing says which of them are due, and what ending one means. They are ended some
hundreds at a time, and what is ended is not met again, so that it can be run by several at once,
be cut short, and be run again.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from partners.context import Context, Decision
from partners.desk import Desk
from partners.directory_store import load_directory
from partners.hold_store import find_expired
from partners.limiting import load_owed, within_limits
from partners.querying import run
from partners.state import Needs
from partners.state_store import load
from partners.usecases.delivery import find_overdue, time_out
from partners.usecases.redemption import expire
from settlement.ledger.book import read_head
from settlement.ledger.entries import Coalition

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
    run(connection, load_owed(state, directory, needs))
    desk = Desk(directory, head, now, state)
    ended = [_end(kind, number, desk) for kind, number in found]
    if writes:
        desk.write(connection)
    return ended


def _end(kind: Kind, number: int, desk: Desk) -> Ended:
    """One of them, with what follows from it; limits stop no end, but may be reached by it."""
    context = desk.context()
    decision = within_limits(kind.end(number, context), context)
    desk.enter(decision)
    return Ended(decision.kind, number, kind.words.format(number))
