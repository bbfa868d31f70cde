"""What of conversions returns when the points are taken back that were converted."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from fractions import Fraction

from simulation.oracle.books import Event, Holder, down
from simulation.oracle.exchanging import Conversion, Exchange, source_back

MOST_HOPS = 5
MOST_CONVERSIONS = 100


def follow(exchange: Exchange, number: int, due: dict[Holder, int], now: datetime) -> "Trail":
    """Bring back of conversions what is due of an entry's points and no longer there."""
    trail = Trail(exchange, now)
    for holder, points in due.items():
        left = max(0, exchange.posted(holder)) - points
        trail.there[holder] = max(0, min(exchange.available(holder, now), left))
    for holder, points in due.items():
        missing = points - max(0, exchange.posted(holder))
        if missing > 0:
            trail.bring_back(holder, number, missing, (holder,))
    return trail


def target_for(of: Conversion, wanted: int) -> int:
    """The fewest units of the target that bring so many of the source."""
    return -down(-of.got, Fraction(wanted, of.given))


@dataclass
class Trail:
    """What a reversal takes back of conversions, before it is booked."""

    exchange: Exchange
    now: datetime
    there: dict[Holder, int] = field(default_factory=dict)
    touched: dict[int, Conversion] = field(default_factory=dict)
    looked: int = 0

    def bring_back(self, holder: Holder, since: int, wanted: int, path: tuple[Holder, ...]) -> int:
        """Of conversions out of a holding since an entry, the newest first; how much came."""
        came = 0
        if len(path) > MOST_HOPS:
            return came
        mine = (c for c in self.exchange.conversions.values() if c.source == holder)
        for number in sorted((c.number for c in mine if c.number > since), reverse=True):
            if came >= wanted or self.looked >= MOST_CONVERSIONS:
                break
            self.looked += 1
            came += self._of(self._now(number), wanted - came, path)
        return came

    def _now(self, number: int) -> Conversion:
        return self.touched.get(number, self.exchange.conversions[number])

    def _of(self, of: Conversion, wanted: int, path: tuple[Holder, ...]) -> int:
        """As much of one conversion as is wanted, and as is still there on its other side."""
        outside = self.exchange.world.programmes[of.target[1]].outside
        if of.state != "COMPLETED" or of.returned >= of.given or outside or of.target in path:
            return 0
        before = dict(self.there), dict(self.touched)
        aim = min(of.given, of.returned + wanted)
        missing = target_for(of, aim) - of.taken - self._there(of.target)
        if missing > 0:
            self.there[of.target] += self.bring_back(
                of.target, of.number, missing, (*path, of.target)
            )
        reach = min(of.got, of.taken + self._there(of.target))
        aim = min(aim, source_back(of, reach))
        if aim <= of.returned:
            self.there, self.touched = before
            return 0
        taken = target_for(of, aim)
        self.there[of.target] -= taken - of.taken
        self.touched[of.number] = replace(of, returned=source_back(of, taken), taken=taken)
        return self.touched[of.number].returned - of.returned

    def _there(self, holder: Holder) -> int:
        if holder not in self.there:
            self.there[holder] = max(0, self.exchange.available(holder, self.now))
        return self.there[holder]

    @property
    def net(self) -> dict[Holder, int]:
        """What each has more or less by it."""
        sums: defaultdict[Holder, int] = defaultdict(int)
        for before, after in self._pairs():
            sums[after.source] += after.returned - before.returned
            sums[after.target] -= after.taken - before.taken
        return sums

    def _pairs(self) -> Iterator[tuple[Conversion, Conversion]]:
        for number, after in sorted(self.touched.items(), reverse=True):
            yield self.exchange.conversions[number], after

    def events(self) -> Iterator[Event]:
        for before, after in self._pairs():
            lines = tuple(self.exchange.undone(before, before.taken, after.taken))
            yield Event("CONVERSION_REVERSED", lines, after.number)

    def returned(self) -> Iterator[tuple[int, str, str, int, int]]:
        for before, after in self._pairs():
            yield (
                after.number,
                after.source[1],
                after.target[1],
                after.returned - before.returned,
                after.taken - before.taken,
            )

    def keep(self) -> None:
        """It is booked."""
        self.exchange.conversions.update(self.touched)
