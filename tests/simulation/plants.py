"""Bugs that are put into the product, to see that the simulator finds them."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest import mock

from partners.member_changes import AgreementUsed
from partners.postings import Book
from settlement.ledger import book


def _limit() -> Any:
    """What a batch uses up of an agreement's cap does not count for the rest of the batch."""
    return mock.patch.object(AgreementUsed, "apply", lambda *_: None)


def _remainder() -> Any:
    """What is dropped of a point in a conversion is owed to nobody."""
    whole = Book.conversion

    def without(self: Book, quote: Any) -> Any:
        return tuple(line for line in whole(self, quote) if line.kind != "ROUNDING")

    return mock.patch.object(Book, "conversion", without)


def _window() -> Any:
    """The first entry of a batch is stamped with the window before, where there was one."""
    placed = book.place

    def early(coalition: Any, head: Any, draft: Any, *, number: int, now: Any) -> Any:
        entry = placed(coalition, head, draft, number=number, now=now)
        if entry.window is None or entry.window < 2 or number != head.size:
            return entry
        return replace(entry, window=entry.window - 1)

    return mock.patch("partners.desk.place", early)


PLANTS: Mapping[str, Callable[[], Any]] = {
    "limit": _limit,
    "remainder": _remainder,
    "window": _window,
}


@contextmanager
def planted(name: str | None) -> Iterator[None]:
    """The product with a bug in it, while this lasts; without a name as it is."""
    if name is None:
        yield
        return
    with PLANTS[name]():
        yield
