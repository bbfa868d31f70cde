"""Which limits of participants a replay would have crossed, walking along with it."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from partners.exchange.book import RateBook
from partners.exchange.replaying import Past, Replayed
from partners.exchange.terms import Limits


@dataclass(frozen=True, slots=True)
class Crossing:
    """A limit that would have been crossed and was not, in shared minor units."""

    participant: str
    number: int
    """The first replayed conversion after which the net debit would have been above it."""
    net_debit_minor: int
    limit_minor: int


def limited(book: RateBook, proposed: RateBook) -> frozenset[str]:
    """Participants that ever have limits, in one of two books."""
    versions = (*book.standing_versions, *proposed.standing_versions)
    return frozenset(v.terms.participant for v in versions if isinstance(v.terms, Limits))


class Walk:
    """Net debits after each replayed conversion: as they were, and with what would have changed.

    A limit is crossed by a net debit above cap and cover. It is reported once, at the first
    conversion after which it would have been crossed and was not.
    """

    def __init__(self, book: RateBook, proposed: RateBook, net_debits: Mapping[str, int]) -> None:
        """Begin with the net debits of limited participants before the first conversion."""
        self.crossings: dict[str, Crossing] = {}
        self._book = book
        self._proposed = proposed
        self._net_debits = dict.fromkeys(limited(book, proposed), 0) | dict(net_debits)
        self._more: defaultdict[str, int] = defaultdict(int)
        self._instants = sorted(
            {v.effective_from for v in book.standing_versions if isinstance(v.terms, Limits)}
        )
        self._era = -1
        self._limits: dict[str, tuple[int | None, int | None]] = {}

    def step(self, past: Past, replayed: Replayed, moved: Mapping[str, int]) -> None:
        """Go on to a conversion. `moved` is by how much net debits grew since the one before.

        It holds this conversion and everything that was booked between the two.
        """
        touched = {*moved, *replayed.before.nets, *replayed.after.nets}
        for participant in touched & self._net_debits.keys():
            self._net_debits[participant] += moved.get(participant, 0)
            before = replayed.before.nets.get(participant, 0)
            self._more[participant] += before - replayed.after.nets.get(participant, 0)
        if self._renew(past.accepted_at):
            touched = set(self._net_debits)
        self._judge(past.number, touched & (self._net_debits.keys() - self.crossings.keys()))

    def _renew(self, at: datetime) -> bool:
        """Look the limits up where others have taken effect since."""
        era = bisect_right(self._instants, at)
        if era == self._era:
            return False
        self._era = era
        self._limits = {
            name: (_covered(self._book, name, at), _covered(self._proposed, name, at))
            for name in self._net_debits
        }
        return True

    def _judge(self, number: int, participants: Iterable[str]) -> None:
        for name in participants:
            limit_then, limit = self._limits[name]
            actual = self._net_debits[name]
            net_debit = actual + self._more[name]
            crossed_then = limit_then is not None and actual > limit_then
            if limit is not None and net_debit > limit and not crossed_then:
                self.crossings[name] = Crossing(name, number, net_debit, limit)


def _covered(book: RateBook, participant: str, at: datetime) -> int | None:
    limits = book.limits(participant, at)
    return None if limits is None else limits.covered_minor
