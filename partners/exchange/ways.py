"""Ways from one programme to another: what is in force for a pair, as functions of the amount.

One place says which terms convert a pair at an instant, for quotes and for the check that no
member comes back with more (`chains`). Amounts are minor units.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from functools import cached_property

from partners.exchange.arithmetic import ConvertsToNothing, convert, convert_by_pair
from partners.exchange.book import Pair, RateBook, Version
from partners.exchange.choosing import Into, Sight, candidates, priced, value_of_fee
from partners.exchange.terms import PairTerms, RateTerms
from partners.refusals import Refused
from settlement.ledger.amounts import AmountOverflow, floor_times

SHIFT = 128
ONE = 1 << SHIFT
"""Bounds are whole multiples of 1/ONE, rounded up: finer than any gain of one minor unit in an
amount of 64 bits, however many steps are multiplied."""


def scaled(numerator: int, denominator: int) -> int:
    """A ratio as a multiple of 1/ONE, rounded up."""
    return -((-numerator << SHIFT) // denominator)


def best_below(rate: Fraction, largest: int) -> tuple[int, int]:
    """The largest ratio up to `rate` with a denominator up to `largest`.

    It bounds floor(x * rate) / x for every x up to `largest`. By descent in the Stern-Brocot tree.
    """
    n, d = rate.numerator, rate.denominator
    if d <= largest:
        return n, d
    below, above = (n // d, 1), (1, 0)
    while True:
        up, down = n * below[1] - below[0] * d, above[0] * d - n * above[1]
        steps = up // down
        if above[1]:
            steps = min(steps, (largest - below[1]) // above[1])
        below = below[0] + steps * above[0], below[1] + steps * above[1]
        up = n * below[1] - below[0] * d
        more = min((down - 1) // up, (largest - above[1]) // below[1])
        above = above[0] + more * below[0], above[1] + more * below[1]
        if not steps and not more:
            return below


@dataclass(frozen=True)
class Way(ABC):
    """A conversion of amounts `smallest`, `smallest + step` and so on, up to `largest`."""

    source: str
    target: str
    label: str
    versions: tuple[int, ...]
    smallest: int
    step: int
    largest: int

    def result(self, source_minor: int) -> int | None:
        """What it gives, in minor units of the target; None where the amount does not fit."""
        if not self.fits(source_minor):
            return None
        try:
            return self._converted(source_minor)
        except (ConvertsToNothing, AmountOverflow):
            return None

    def fits(self, source_minor: int) -> bool:
        """Whether the amount is one of those it converts, unless to nothing."""
        more = source_minor - self.smallest
        return more >= 0 and more % self.step == 0 and source_minor <= self.largest

    def money_fee(self, source_minor: int) -> int:
        """What it charges in money, in minor units of the shared currency, rounded down."""
        del source_minor
        return 0

    @abstractmethod
    def _converted(self, source_minor: int) -> int:
        """As the arithmetic says. Raises ConvertsToNothing, AmountOverflow."""

    @abstractmethod
    def quick(self, source_minor: int) -> int:
        """`result` of any amount that fits, with 0 for nothing, and without overflow."""

    def low(self, source_minor: int) -> int:
        """A result that no amount from this one on is under."""
        return self.quick(source_minor)

    def high(self, source_minor: int) -> int:
        """A result that no amount up to this one is over."""
        return self.quick(source_minor)

    @abstractmethod
    def bound(self, lowest: int, highest: int) -> int:
        """A ratio, in 1/ONE, that no amount from lowest to highest is given more than."""

    def stride(self, every: int) -> int | None:
        """By how much the result grows whenever an amount grows by `every`; None: it varies."""
        del every
        return None

    def snapped(self, lowest: int, highest: int) -> tuple[int, int]:
        """The first and the last amount within bounds that fit; crossed if there is none."""
        first = max(0, -((self.smallest - lowest) // self.step)) if lowest > self.smallest else 0
        last = (min(highest, self.largest) - self.smallest) // self.step
        return self.smallest + first * self.step, self.smallest + last * self.step


@dataclass(frozen=True)
class RateWay(Way):
    """Through the shared currency; None stands for that currency itself."""

    source_terms: RateTerms | None
    target_terms: RateTerms | None

    def _converted(self, source_minor: int) -> int:
        return convert(source_minor, self.source_terms, self.target_terms).target_minor

    @cached_property
    def _in(self) -> tuple[Fraction, Fraction, Fraction]:
        terms = self.source_terms
        if terms is None or terms.rate_in is None:
            return Fraction(1), Fraction(0), Fraction(0)
        return terms.rate_in, terms.fee, terms.spread

    @cached_property
    def _out(self) -> Fraction:
        terms = self.target_terms
        return Fraction(1) if terms is None or terms.cost_out is None else 1 / terms.cost_out

    @cached_property
    def _whole(self) -> tuple[int, ...]:
        return tuple(part for rate in (*self._in, self._out) for part in rate.as_integer_ratio())

    @cached_property
    def _slack(self) -> int:
        """Fee and spread, both rounded down, may at one amount grow by two, and not later."""
        return 1 if self._in[1] and self._in[2] else 0

    @cached_property
    def _kept(self) -> tuple[int, int]:
        """What is left of the shared amount beside fee and spread, in 1/ONE and at most.

        That is the part left, what rounding them down may add to it, and the rate out.
        """
        _, fee, spread = self._in
        part = 1 - fee - spread
        dropped = sum((1 - Fraction(1, keep.denominator) for keep in (fee, spread)), Fraction(0))
        return scaled(*part.as_integer_ratio()), scaled(*dropped.as_integer_ratio())

    def quick(self, source_minor: int) -> int:
        """`result` without the checks."""
        return self._given(source_minor, 0)

    def low(self, source_minor: int) -> int:
        """See `Way`: the next amounts may be left with one shared minor unit less."""
        return self._given(source_minor, -self._slack)

    def high(self, source_minor: int) -> int:
        """See `Way`: an amount before may have been left with one shared minor unit more."""
        return self._given(source_minor, self._slack)

    def _given(self, source_minor: int, more: int) -> int:
        rate_n, rate_d, fee_n, fee_d, spread_n, spread_d, out_n, out_d = self._whole
        shared = source_minor * rate_n // rate_d
        left = shared - shared * fee_n // fee_d - shared * spread_n // spread_d
        return max(0, min(left + more, shared)) * out_n // out_d

    def bound(self, lowest: int, highest: int) -> int:
        """See `Way`: fee and spread take what they take of the least, or their parts of all."""
        rate_n, rate_d, fee_n, fee_d, spread_n, spread_d, out_n, out_d = self._whole
        rate = scaled(*best_below(self._in[0], highest))
        shared = lowest * rate_n // rate_d
        taken = shared * fee_n // fee_d + shared * spread_n // spread_d
        part, dropped = self._kept
        left = min(
            rate - (taken << SHIFT) // highest,
            (rate * part >> SHIFT) + 1 + dropped // lowest + 1,
        )
        return min(-(-left * out_n // out_d), scaled(self.high(highest), lowest))


@dataclass(frozen=True)
class PairWay(Way):
    """By the terms of a pair, standing or of an offer."""

    terms: PairTerms
    source_terms: RateTerms | None
    money_value: Fraction | None

    def _converted(self, source_minor: int) -> int:
        found = convert_by_pair(source_minor, self.source_terms, self.terms, self.money_value)
        return found.target_minor

    def money_fee(self, source_minor: int) -> int:
        """See `Way`."""
        if self.terms.fee is None or self.money_value is None:
            return 0
        return floor_times(self.terms.fee.charged(source_minor), 1 / self.money_value)

    @cached_property
    def _steps(self) -> tuple[tuple[int, int], ...]:
        return tuple((step.every_minor, step.bonus_minor) for step in self.terms.bonuses)

    def quick(self, source_minor: int) -> int:
        """`result` without the checks."""
        ratio = self.terms.ratio
        base = source_minor * ratio.numerator // ratio.denominator
        return base + sum(source_minor // every * bonus for every, bonus in self._steps)

    def bound(self, lowest: int, highest: int) -> int:
        """See `Way`: a bonus is worth most at the last multiple of its step."""
        ratio = scaled(*best_below(self.terms.ratio, highest))
        for every, bonus in self._steps:
            times = highest // every
            if times:
                ratio += scaled(times * bonus, max(lowest, times * every))
        return min(ratio, scaled(self.quick(highest), lowest))

    def stride(self, every: int) -> int | None:
        """See `Way`."""
        parts = (self.terms.ratio.denominator, *(step for step, _ in self._steps))
        return self.quick(every) if all(every % part == 0 for part in parts) else None


@dataclass(frozen=True)
class QuoteWay(Way):
    """A quote that is still open: one amount, as promised."""

    target_minor: int
    fee_minor: int

    def money_fee(self, source_minor: int) -> int:
        """See `Way`: what was promised, whatever money is worth by now."""
        del source_minor
        return self.fee_minor

    def _converted(self, source_minor: int) -> int:
        del source_minor
        return self.target_minor

    def quick(self, source_minor: int) -> int:
        """`result`, which is the one there is."""
        del source_minor
        return self.target_minor

    def bound(self, lowest: int, highest: int) -> int:
        """See `Way`."""
        del lowest, highest
        return scaled(self.target_minor, self.smallest)


def quote_way(
    source: str,
    target: str,
    source_minor: int,
    target_minor: int,
    number: int,
    fee_minor: int = 0,
) -> QuoteWay:
    """An open quote: one amount of the source for one of the target. Both are above zero.

    `fee_minor` is what it charges in money, in shared minor units.
    """
    label = f"quote {number}"
    return QuoteWay(
        source, target, label, (), source_minor, 1, source_minor, target_minor, fee_minor
    )


@dataclass(frozen=True, slots=True)
class Convertible:
    """What the definition of a programme allows of its points, and their decimals."""

    out: bool
    into: bool
    exponent: int


@dataclass(frozen=True)
class Moment:
    """The book at an instant, with what the programmes' definitions allow.

    `shared` is the programme whose points are the shared currency; money is worth what the
    window that opened at `window_opened_at` says.
    """

    book: RateBook
    now: datetime
    window_opened_at: datetime
    programmes: Mapping[str, Convertible]
    shared: str

    def is_open(self, pair: Pair) -> bool:
        """Whether definitions let points take this way, and nobody has stopped it."""
        source, target = (self.programmes.get(programme) for programme in pair)
        allowed = source is not None and source.out and target is not None and target.into
        return allowed and pair[0] != pair[1] and not self.book.is_stopped(pair, self.now)

    def rate_in(self, programme: str) -> Fraction | None:
        """What a minor unit is worth on the way in; None: that way is closed."""
        version = self.book.rate(programme, self.now)
        if version is not None:
            return version.terms.rate_in
        return Fraction(1) if programme == self.shared else None

    def cost_out(self, programme: str) -> Fraction | None:
        """What a minor unit costs on the way out; None: that way is closed."""
        version = self.book.rate(programme, self.now)
        if version is not None:
            return version.terms.cost_out
        return Fraction(1) if programme == self.shared else None

    @cached_property
    def sight(self) -> Sight:
        """The same, for the rules of quoting."""
        exponents = {name: found.exponent for name, found in self.programmes.items()}
        return Sight(self.book, self.now, self.window_opened_at, self.shared, exponents)

    def ways(self, pair: Pair) -> Iterator[Way]:
        """Every way from the one to the other that quoting would offer: by terms, or by rates."""
        if not self.is_open(pair):
            return
        for version in candidates(pair, "", self.sight):
            try:
                source, into = priced(pair, version, self.sight)
                money_value = None if version is None else value_of_fee(version.terms, self.sight)
            except Refused:
                continue
            terms = None if source is None else source.terms
            if version is not None:
                yield self._by_terms(pair, version, terms, money_value)
            else:
                yield self._by_rates(pair, source, into)

    def all_ways(self) -> Iterator[Way]:
        """Every way between two of the programmes, by their names."""
        names = sorted(self.programmes)
        for source in names:
            for target in names:
                yield from self.ways((source, target))

    def ceiling_minor(self, programme: str) -> int:
        """The largest amount of one conversion out of a programme."""
        exponent = self.programmes[programme].exponent
        return self.book.ceiling_minor(programme, exponent, self.now)

    def _by_terms(
        self,
        pair: Pair,
        version: Version[PairTerms],
        source: RateTerms | None,
        money_value: Fraction | None,
    ) -> PairWay:
        terms, ceiling = version.terms, self.ceiling_minor(pair[0])
        label = f"the terms of version {version.number}"
        if terms.offer:
            label = f"offer {terms.offer} (version {version.number})"
        return PairWay(
            *pair,
            label=label,
            versions=(version.number,),
            smallest=terms.minimum_minor,
            step=terms.increment_minor,
            largest=min(ceiling, terms.largest_minor or ceiling),
            terms=terms,
            source_terms=source,
            money_value=money_value,
        )

    def _by_rates(self, pair: Pair, source: Version[RateTerms] | None, into: Into) -> RateWay:
        numbers = tuple(version.number for version in (source, into) if version)
        noun = "version" if len(numbers) == 1 else "versions"
        target = None if into is None else into.terms
        return RateWay(
            *pair,
            label=f"the rates ({noun} {' and '.join(map(str, numbers))})",
            versions=numbers,
            smallest=self.book.safeguards(pair[0], self.now).minimum_minor,
            step=1,
            largest=self.ceiling_minor(pair[0]),
            source_terms=source.terms if source else None,
            target_terms=target if isinstance(target, RateTerms) else None,
        )


def ways_in_force(
    book: RateBook,
    now: datetime,
    window_opened_at: datetime,
    programmes: Mapping[str, Convertible],
    shared: str,
) -> list[Way]:
    """Every way between two of the programmes, by their names."""
    return list(Moment(book, now, window_opened_at, programmes, shared).all_ways())
