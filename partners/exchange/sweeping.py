"""The search of every cycle: by bands of worth, in most of which a table proves that none gains.

Amounts of different programmes are compared by worth, a whole number that is only a yardstick:
whatever yardstick is taken, no step of a gaining cycle strays from the worth at its start by
more than the product of what single steps may add to it. So worths are looked at in bands. In
most of them no cycle of bounds exceeds one, which a table by programme proves in a few rounds.
In the others cycles are walked (`walking`), and a band in which that takes long is cut in two.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import isqrt

from partners.exchange.searching import Cycle, OutOfWork, Work
from partners.exchange.walking import Band, Span, Walk, best_of
from partners.exchange.ways import ONE, SHIFT, Way

_ROUNDS = 12
"""Rounds of the table before a band counts as not proven. Real books need two to four."""

_CLIPPINGS = 4
"""Times that ranges are clipped by each other: it could go on unit by unit round a cycle."""

_FIRST_TRY = 8_000
"""Work on the cycles of a band before it is cut in two instead."""

_NARROW = Fraction(65, 64)
"""A band of worths from one to this is not cut again."""

_EPSILON = 1 << 32
"""What a table may creep by rounding up, of ONE. Along 50 steps far less than one unit in 2**63."""

_YARDSTICK = 1 << 64


@dataclass
class Search:
    """The search of all simple cycles; of those with one way, if it is `required`."""

    ways: Collection[Way]
    rate_in_of: Mapping[str, Fraction]
    work: Work
    required: Way | None = None
    worth: dict[str, int] = field(default_factory=dict)

    def find(self) -> tuple[Cycle, int] | None:
        """A cycle and the amount at its start that gains, or None. Raises OutOfWork."""
        for way in self.ways:
            for programme in (way.source, way.target):
                rate = self.rate_in_of.get(programme, Fraction(1))
                self.worth[programme] = -(-_YARDSTICK * rate.numerator // rate.denominator)
        pending, deferred = [self._whole()], list[Band]()
        while pending or deferred:
            # What takes long comes last: a chain elsewhere makes it needless.
            band, limit = (pending.pop(), _FIRST_TRY) if pending else (deferred.pop(), None)
            try:
                found = None if self._is_sound(band) else self._walk_band(band, limit)
            except OutOfWork:
                if limit is None or self.work.spent > self.work.allowed:
                    raise
                if band.highest * _NARROW.denominator <= band.lowest * _NARROW.numerator:
                    deferred.append(band)
                else:
                    pending += self._halves(band)
                continue
            if found is not None:
                return found
        return None

    def _whole(self) -> Band:
        spans = self._clipped((way, 1, way.largest) for way in self.ways)
        worths = [self.worth[s.way.source] * x for s in spans for x in (s.lowest, s.highest)]
        if self.required is not None:
            at = self.worth[self.required.source]
            reach = reach_of(spans, self.worth)
            required = self.required
            low = required.smallest * at * ONE // reach
            return self._band(low, -(-required.largest * at * reach >> SHIFT), spans)
        return Band(min(worths, default=1), max(worths, default=1), spans)

    def _halves(self, band: Band) -> Iterator[Band]:
        middle = isqrt(band.lowest * band.highest)
        yield self._band(band.lowest, middle, band.spans)
        yield self._band(middle + 1, band.highest, band.spans)

    def _band(self, lowest: int, highest: int, spans: tuple[Span, ...]) -> Band:
        reach = reach_of(spans, self.worth)
        least, most = lowest * ONE // reach, -(-highest * reach >> SHIFT)
        ranges = (
            (
                s.way,
                max(s.lowest, least // self.worth[s.way.source]),
                min(s.highest, most // self.worth[s.way.source]),
            )
            for s in spans
        )
        return Band(lowest, highest, self._clipped(ranges))

    def _clipped(self, ranges: Iterator[tuple[Way, int, int]]) -> tuple[Span, ...]:
        """Ways with amounts that another way can bring and whose results another can take.

        That a result goes on, or is more than the start, is why both hold for a first and a
        last step too.
        """
        found = [(way, *way.snapped(max(1, low), high)) for way, low, high in ranges]
        for _ in range(_CLIPPINGS):
            least: dict[str, int] = {}
            most: dict[str, int] = {}
            kept = [entry for entry in found if entry[1] <= entry[2]]
            for way, low, high in kept:
                least[way.source] = min(low, least.get(way.source, low))
                most[way.target] = max(way.high(high), most.get(way.target, 0))
            narrowed = [
                (way, *way.snapped(low, min(high, most.get(way.source, 0))))
                for way, low, high in kept
                if way.target in least and way.high(high) >= least[way.target]
            ]
            self.work.spend(1 + len(found) // 2)
            if narrowed == found:
                break
            found = narrowed
        return tuple(
            Span(way, low, high, way.bound(low, high)) for way, low, high in found if low <= high
        )

    def _is_sound(self, band: Band) -> bool:
        """Whether no cycle of bounds exceeds one, so that none gains."""
        if self.required is not None and all(s.way is not self.required for s in band.spans):
            return True
        edges = [(u, v, bound) for (u, v), bound in best_of(band.spans).items()]
        reached = {name: ONE * _YARDSTICK // worth for name, worth in self.worth.items()}
        for _ in range(_ROUNDS):
            self.work.spend(1 + len(edges) // 16)
            changed = False
            for source, target, bound in edges:
                came = reached[source] * bound >> SHIFT
                if came > reached[target] + (reached[target] * _EPSILON >> SHIFT) + 1:
                    reached[target] = came
                    changed = True
            if not changed:
                return True
        return False

    def _walk_band(self, band: Band, allowance: int | None) -> tuple[Cycle, int] | None:
        total = self.work.allowed
        if allowance is not None:
            self.work.allowed = min(total, self.work.spent + allowance)
        try:
            return Walk(band, self.worth, self.rate_in_of, self.work, self.required).find()
        finally:
            self.work.allowed = total


def reach_of(spans: Collection[Span], worth: Mapping[str, int]) -> int:
    """The most, in 1/ONE, by which a simple path may change a worth if it is to gain at last."""
    added: dict[str, int] = {}
    for span in spans:
        source, target = span.way.source, span.way.target
        ratio = -(-span.bound * worth[target] // worth[source])
        added[source] = max(ratio, added.get(source, ONE))
    reach = ONE
    for ratio in added.values():
        reach = (reach * ratio >> SHIFT) + 1
    return reach
