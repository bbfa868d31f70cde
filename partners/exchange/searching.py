"""The search for an amount that comes back as more along one cycle of ways.

It bounds from above until only exact amounts are left, so it misses nothing.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import gcd

from partners.exchange.ways import ONE, SHIFT, Way

Cycle = tuple[Way, ...]


class OutOfWork(Exception):
    """An allowance of work is used up."""


@dataclass
class Work:
    """Work done, in evaluations of a way at an amount or over a range, and how much is allowed."""

    allowed: int
    spent: int = 0
    suspect: Cycle = ()
    """The cycle that was looked at last."""

    def spend(self, amount: int) -> None:
        """Raises OutOfWork."""
        self.spent += amount
        if self.spent > self.allowed:
            raise OutOfWork


def gains(start: int, final: int, money_fees: int, rate_in: Fraction | None) -> bool:
    """Whether a member who comes back with `final` has more, money fees taken off.

    Without a rate for the start, its points have no worth to set against fees, which are ignored.
    """
    if not money_fees or rate_in is None:
        return final > start
    return (final - start) * rate_in > money_fees


@dataclass
class CycleSearch:
    """The search of one cycle, from the source of its first way."""

    ways: Cycle
    rate_in: Fraction | None
    work: Work

    def first_gain(self, lowest: int, highest: int) -> int | None:
        """An amount from lowest to highest that gains, or None if there is none.

        Intervals with the largest possible gain first. Raises OutOfWork.
        """
        grid = self._grid()
        if grid is None:
            return None
        heap: list[tuple[int, int, int]] = []
        self._push(heap, grid, lowest, highest)
        while heap:
            _, low, high = heapq.heappop(heap)
            found = next((x for x in {high, low} if self._is_gain(x)), None)
            if found is not None:
                return found
            inner_low, inner_high = low + grid[1], high - grid[1]
            middle = (inner_low + inner_high) // 2
            self._push(heap, grid, middle + 1, inner_high)
            self._push(heap, grid, inner_low, middle)
        return None

    def _push(
        self, heap: list[tuple[int, int, int]], grid: tuple[int, int], low: int, high: int
    ) -> None:
        offset, step = grid
        low, high = low + (offset - low) % step, high - (high - offset) % step
        if low <= high:
            gain = self._most(low, high)
            if gain > 0:
                heapq.heappush(heap, (-gain, low, high))

    def _grid(self) -> tuple[int, int] | None:
        """The first and the distance of starts that fit all steps, as far as ways are linear.

        None: no start does. Where a way is not linear, what follows it is only judged in itself.
        """
        offset, step, rooted = self.ways[0].smallest, self.ways[0].step, True
        at, stride = offset, step
        for way in self.ways:
            shared = gcd(stride, way.step)
            if (way.smallest - at) % shared:
                return None
            times = way.step // shared
            turns = (way.smallest - at) // shared * pow(stride // shared, -1, times) % times
            if rooted:
                offset, step = offset + step * turns, step * times
            at, stride = at + stride * turns, stride * times
            grown = way.stride(stride)
            if grown is None:
                at, stride, rooted = 0, 1, False
            else:
                at, stride = way.quick(at), grown
        return offset, step

    def _most(self, low: int, high: int) -> int:
        """At least the largest gain of starts from low to high; 0 if none can gain."""
        self.work.spend(len(self.ways))
        ratio, fees, first, last = ONE, 0, low, high
        for way in self.ways:
            first, last = way.snapped(first, last)
            if first > last:
                return 0
            ratio = (ratio * way.bound(first, last) >> SHIFT) + 1
            fees += way.money_fee(first)
            first, last = max(1, way.low(first)), way.high(last)
        most = min(last - low, (ratio - ONE) * high >> SHIFT)
        return most if most > 0 and gains(0, most, fees, self.rate_in) else 0

    def _is_gain(self, start: int) -> bool:
        self.work.spend(len(self.ways))
        amount, fees = start, 0
        for way in self.ways:
            if not way.fits(amount):
                return False
            fees += way.money_fee(amount)
            amount = way.quick(amount)
        # The quick results leave out what overflows: the arithmetic itself has the last word.
        return gains(start, amount, fees, self.rate_in) and exactly(self.ways, start) == amount


def exactly(ways: Sequence[Way], start: int) -> int | None:
    """What a start comes to along the ways; None where it does not fit."""
    amount: int | None = start
    for way in ways:
        amount = None if amount is None else way.result(amount)
    return amount
