"""The search of every simple cycle within a band of worths, short ones first."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from partners.exchange.searching import Cycle, CycleSearch, Work
from partners.exchange.ways import ONE, SHIFT, Way


@dataclass(frozen=True, slots=True)
class Span:
    """A way within a band: the amounts it may be taken at, and at most what for one of them."""

    way: Way
    lowest: int
    highest: int
    bound: int


@dataclass(frozen=True, slots=True)
class Band:
    """Worths of starts, and every way that a gaining cycle from there may take."""

    lowest: int
    highest: int
    spans: tuple[Span, ...]


def best_of(spans: Collection[Span]) -> dict[tuple[str, str], int]:
    """The largest bound of each pair."""
    found: dict[tuple[str, str], int] = {}
    for span in spans:
        pair = span.way.source, span.way.target
        found[pair] = max(span.bound, found.get(pair, 0))
    return found


Row = dict[str, int]


@dataclass
class Walk:
    """Paths from each start, as long as bounds let them come back as more."""

    band: Band
    worth: Mapping[str, int]
    rate_in_of: Mapping[str, Fraction]
    work: Work
    required: Way | None = None
    _leaving: dict[str, list[Span]] = field(default_factory=dict)
    _coming: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    _start: str = ""
    _rows: list[Row] = field(default_factory=list)

    def find(self) -> tuple[Cycle, int] | None:
        """A cycle and an amount that gains, or None if none does. Raises OutOfWork."""
        for span in sorted(self.band.spans, key=lambda s: -s.bound):
            self._leaving.setdefault(span.way.source, []).append(span)
        for (source, target), bound in best_of(self.band.spans).items():
            self._coming.setdefault(target, []).append((source, bound))
        tables: dict[str, list[Row]] = {start: [{start: ONE}] for start in sorted(self._leaving)}
        for length in range(2, len(tables) + 1):
            for start, rows in tables.items():
                found = self._from(start, rows, length)
                if found is not None:
                    return found
        return None

    def _extend(self, rows: list[Row], start: str) -> None:
        """One row more: the largest product of bounds of walks of its length to the start."""
        row = Row()
        for target, onward in rows[-1].items():
            if target == start and len(rows) > 1:
                continue
            coming = self._coming.get(target, ())
            self.work.spend(1 + len(coming) // 16)
            for source, bound in coming:
                product = (bound * onward >> SHIFT) + 1
                if product > row.get(source, 0):
                    row[source] = product
        rows.append(row)

    def _from(self, start: str, rows: list[Row], length: int) -> tuple[Cycle, int] | None:
        """Cycles of a length from a start."""
        lowest = max(1, self.band.lowest // self.worth[start])
        highest = self.band.highest // self.worth[start]
        while len(rows) < length:
            self._extend(rows, start)
        if lowest > highest:
            return None
        self._start, self._rows = start, rows
        return self._onward((), (lowest, highest), (lowest, highest), ONE, length)

    def _onward(
        self,
        path: Cycle,
        starts: tuple[int, int],
        amounts: tuple[int, int],
        ratio: int,
        left: int,
    ) -> tuple[Cycle, int] | None:
        """Continue a path by each way that may still end well, with `left` steps to take."""
        here = path[-1].target if path else self._start
        if not left:
            return self._closed(path, starts)
        passed = {way.source for way in path}
        leaving = self._leaving.get(here, ())
        self.work.spend(1 + len(leaving) // 8)
        for span in leaving:
            target = span.way.target
            onward = self._rows[left - 1].get(target)
            if onward is None or (target in passed and left > 1):
                continue
            if not self._may_gain(ratio * span.bound >> SHIFT, onward, starts[1]):
                continue
            self.work.spend(1)
            low, high = span.way.snapped(
                max(amounts[0], span.lowest), min(amounts[1], span.highest)
            )
            if low > high:
                continue
            so_far = (ratio * span.way.bound(low, high) >> SHIFT) + 1
            given = max(1, span.way.low(low)), span.way.high(high)
            if not self._may_gain(so_far, onward, starts[1]):
                continue
            if given[1] * onward >> SHIFT <= starts[0]:
                continue
            found = self._onward((*path, span.way), starts, given, so_far, left - 1)
            if found is not None:
                return found
        return None

    def _may_gain(self, so_far: int, onward: int, highest: int) -> bool:
        """Whether a ratio may add a whole unit to the highest start."""
        return ((so_far + 1) * (onward + 1) >> SHIFT) - ONE >= ONE // (highest + 1)

    def _closed(self, path: Cycle, starts: tuple[int, int]) -> tuple[Cycle, int] | None:
        if self.required is not None and all(way is not self.required for way in path):
            return None
        self.work.suspect = path
        search = CycleSearch(path, self.rate_in_of.get(self._start), self.work)
        amount = search.first_gain(*starts)
        return None if amount is None else (path, amount)
