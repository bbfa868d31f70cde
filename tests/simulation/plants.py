"""Bugs that are put into the product, to see that the simulator finds them."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest import mock

from partners.member_changes import AgreementUsed
from partners.postings import Book
from partners.state import State
from settlement import windows
from settlement.ledger import book


def _limit() -> Any:
    """What a batch uses up of an agreement's cap does not count for the rest of the batch."""
    return mock.patch.object(AgreementUsed, "apply")


def _balance() -> Any:
    """What a batch moves on members' accounts does not count for the rest of the batch."""
    return mock.patch.object(State, "_move")


def _exposure() -> Any:
    """What somebody comes to owe by a batch's lines does not count for the rest of the batch."""

    def post(self: State, lines: Any) -> None:
        with mock.patch.object(self, "owed", {}):
            posted(self, lines)

    posted = State.post
    return mock.patch.object(State, "post", post)


def _remainder() -> Any:
    """What is dropped of a point in a conversion is owed to nobody."""
    whole = Book.conversion

    def without(self: Book, quote: Any) -> Any:
        return tuple(line for line in whole(self, quote) if line.kind != "ROUNDING")

    return mock.patch.object(Book, "conversion", without)


def _parts() -> Any:
    """Each part that is taken back of a debt is rounded by itself: there is a rest in the end."""

    def alone(self: Book, leg: Any, already: int, then: int) -> Any:
        yield from taken_back(self, leg, 0, then - already)

    taken_back = Book._taken_back
    return mock.patch.object(Book, "_taken_back", alone)


def _window() -> Any:
    """The first entry of a batch is stamped with the window before, where there was one."""

    def early(coalition: Any, head: Any, draft: Any, *, number: int, now: Any) -> Any:
        entry = placed(coalition, head, draft, number=number, now=now)
        if entry.window is None or entry.window < 2 or number != head.size:
            return entry
        return replace(entry, window=entry.window - 1)

    placed = book.place
    return mock.patch("partners.desk.place", early)


def _cut() -> Any:
    """The window after a cut begins with the cut."""

    def early(connection: Any, window: int, *, first_number: int, now: Any) -> None:
        opened(connection, window, first_number=first_number - 1, now=now)

    opened = windows._open
    return mock.patch.object(windows, "_open", early)


PLANTS: Mapping[str, Callable[[], Any]] = {
    "limit": _limit,
    "balance": _balance,
    "exposure": _exposure,
    "remainder": _remainder,
    "parts": _parts,
    "window": _window,
    "cut": _cut,
}


@contextmanager
def planted(name: str | None) -> Iterator[None]:
    """The product with a bug in it, while this lasts; without a name as it is."""
    if name is None:
        yield
        return
    with PLANTS[name]():
        yield
