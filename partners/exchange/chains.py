"""No money machine: no member may come back from a round of conversions with more than before.

A chain is a simple cycle of conversions of the whole amount, each within what its way allows.
The check is exact: it finds a chain if and only if there is one, or says that it was not proven.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from partners.exchange.book import Pair, RateBook
from partners.exchange.searching import Cycle, CycleSearch, OutOfWork, Work, gains
from partners.exchange.sweeping import Search
from partners.exchange.terms import PairTerms
from partners.exchange.ways import Convertible, Moment, PairWay, Way, best_below

BUDGET = 300_000
"""Evaluations of a way at an amount, or over a range: two or three seconds of work at the
most. A sound book of 40 programmes takes some 3,500; up to 100,000 where fees round to nothing."""

_SHORTFALL_WORK = 8
"""What judging a range for a shortfall costs beside a way's range: its fractions are longer."""

_POLISH = 20_000
"""Work for showing a found chain at its smallest amount."""

Points = Callable[[str, int], str]
"""Words for minor units of a programme."""


class NotProven(Exception):
    """The budget ended before a cycle was settled: neither a chain nor the absence of one."""

    def __init__(self, what: str) -> None:
        super().__init__(f"not proven within the work allowed: {what}")
        self.what = what


@dataclass(frozen=True, slots=True)
class ChainStep:
    """One conversion of a chain, in minor units of its programmes."""

    label: str
    source: str
    target: str
    source_minor: int
    target_minor: int
    money_fee_minor: int
    """What is charged in money, in shared minor units."""


def _minor_units(programme: str, minor: int) -> str:
    return f"{minor} minor units of {programme}"


@dataclass(frozen=True, slots=True)
class Chain:
    """Conversions that bring a member back to the first programme with more."""

    steps: tuple[ChainStep, ...]

    @property
    def gain(self) -> int:
        """How much more, in minor units of the first programme, before money fees."""
        return self.steps[-1].target_minor - self.steps[0].source_minor

    @property
    def money_fees_minor(self) -> int:
        """What is charged in money for it, in shared minor units."""
        return sum(step.money_fee_minor for step in self.steps)

    def __str__(self) -> str:
        """In minor units."""
        return self.words()

    def words(self, points: Points = _minor_units) -> str:
        """The chain for people, with every amount, so that it can be replayed."""
        first = self.steps[0]
        parts = [points(first.source, first.source_minor)]
        parts += [
            f"{points(step.target, step.target_minor)} by {step.label}" for step in self.steps
        ]
        fees = self.money_fees_minor
        charged = f", for money fees worth {fees} shared minor units" if fees else ""
        return f"{' -> '.join(parts)}: {points(first.source, self.gain)} more{charged}"

    def replay(self, ways: Collection[Way], rate_in: Fraction | None = None) -> bool:
        """Whether these ways give every amount of it, in a simple cycle that gains.

        `rate_in` is of the first programme, and only of use where money is charged.
        """
        follows = zip(self.steps, (*self.steps[1:], self.steps[0]), strict=True)
        if any(step.target != then.source for step, then in follows):
            return False
        amounts = [step.source_minor for step in self.steps[1:]]
        if amounts != [step.target_minor for step in self.steps[:-1]]:
            return False
        if len({step.source for step in self.steps}) < len(self.steps):
            return False
        start, final = self.steps[0].source_minor, self.steps[-1].target_minor
        return gains(start, final, self.money_fees_minor, rate_in) and all(
            any(step == _step(way, step.source_minor) for way in ways) for step in self.steps
        )


def _step(way: Way, source_minor: int) -> ChainStep | None:
    result = way.result(source_minor)
    if result is None:
        return None
    fee = way.money_fee(source_minor)
    return ChainStep(way.label, way.source, way.target, source_minor, result, fee)


def _chain(cycle: Cycle, start: int) -> Chain:
    steps: list[ChainStep] = []
    for way in cycle:
        step = _step(way, steps[-1].target_minor if steps else start)
        if step is None:
            message = f"{way.label} does not convert what the search found"
            raise AssertionError(message)
        steps.append(step)
    return Chain(tuple(steps))


def find_chain(
    ways: Collection[Way],
    rate_in_of: Mapping[str, Fraction],
    *,
    including: Collection[Way] = (),
    budget: int | Work = BUDGET,
) -> Chain | None:
    """A chain along these ways, or None if there is none.

    `rate_in_of` says what a minor unit of a programme is worth in shared minor units: a chain
    gains if what comes back more is worth more than the money fees, each rounded down. With
    `including` (open quotes of one member), only chains that take at least one of them count,
    along the others as they please. Raises NotProven.
    """
    work = budget if isinstance(budget, Work) else Work(budget)
    every = [*ways, *including]
    try:
        for required in including or (None,):
            found = Search(every, rate_in_of, work, required).find()
            if found is not None:
                cycle, start = found
                rate_in = rate_in_of.get(cycle[0].source)
                return _chain(cycle, _smallest(CycleSearch(cycle, rate_in, work), start))
    except OutOfWork:
        raise NotProven(_path(work.suspect)) from None
    return None


def _path(cycle: Cycle) -> str:
    if not cycle:
        return "the bounds of all cycles"
    return f"the cycle {' -> '.join([cycle[0].source, *(way.target for way in cycle)])}"


def _smallest(search: CycleSearch, start: int) -> int:
    """The smallest start that gains, as far as little work shows: it is easiest to follow."""
    search.work = Work(_POLISH)
    least = 1
    with suppress(OutOfWork):
        while least < start:
            middle = (least + start) // 2
            found = search.first_gain(least, middle)
            if found is None:
                least = middle + 1
            else:
                start = found
    return start


def first_shortfall(
    pair: PairTerms, rate_in: Fraction, largest: int, budget: int | Work = BUDGET
) -> int | None:
    """An amount that fits, up to `largest`, for which the source's issuer owes less than the value.

    It owes floor(x * rate_in); the target's issuer is owed floor(floor(x * ratio) * price). None:
    there is no such amount. Raises NotProven.
    """
    # With ratio * price <= rate_in there is none: floor(floor(x * ratio) * price) is at most
    # floor(x * ratio * price), and that at most floor(x * rate_in).
    if pair.ratio * pair.settlement_price <= rate_in:
        return None
    work = budget if isinstance(budget, Work) else Work(budget)
    short = _Shortfall(pair, rate_in, work)
    low, high = 0, (largest - pair.minimum_minor) // pair.increment_minor
    try:
        found = short.some(low, high)
        while found is not None and low < found:
            middle = (low + found) // 2
            less = short.some(low, middle)
            low, found = (middle + 1, found) if less is None else (low, less)
    except OutOfWork:
        raise NotProven(f"whether {pair.source} -> {pair.target} is always funded") from None
    return None if found is None else short.amount(found)


@dataclass(frozen=True, slots=True)
class _Shortfall:
    """Amounts by their number of increments above the minimum."""

    pair: PairTerms
    rate_in: Fraction
    work: Work

    def amount(self, increments: int) -> int:
        return self.pair.minimum_minor + increments * self.pair.increment_minor

    def some(self, lowest: int, highest: int) -> int | None:
        """A number from lowest to highest at which it falls short. Raises OutOfWork."""
        pending = [(lowest, highest)]
        while pending:
            low, high = pending.pop()
            if low > high or not self._may(self.amount(low), self.amount(high)):
                continue
            if self._value(self.amount(high)) > self.amount(high) * self.rate_in:
                return high
            middle = (low + high) // 2
            pending += [(low, min(middle, high - 1)), (middle + 1, high - 1)]
        return None

    def _value(self, source_minor: int) -> int:
        ratio, price = self.pair.ratio, self.pair.settlement_price
        points = source_minor * ratio.numerator // ratio.denominator
        return points * price.numerator // price.denominator

    def _may(self, lowest: int, highest: int) -> bool:
        self.work.spend(_SHORTFALL_WORK)
        # A value is a whole number, over x * rate_in and at most x * ratio * price. So value / x is
        # a fraction between the two, and its denominator is no larger than the highest x.
        if self._value(highest) <= lowest * self.rate_in:
            return False
        best = best_below(self.pair.ratio * self.pair.settlement_price, highest)
        return Fraction(*best) > self.rate_in


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a book, and from when: a chain, or terms that nobody funds."""

    instant: datetime
    chain: Chain | None = None
    pair: Pair | None = None
    version: int | None = None
    source_minor: int | None = None
    """An amount at which the terms of `version` fall short."""


def check_book(
    book: RateBook,
    since: datetime,
    programmes: Mapping[str, Convertible],
    shared: str,
    window_opened_at: datetime,
    *,
    budget: int | Work = BUDGET,
) -> Finding | None:
    """The first thing wrong at an instant or at any later one of the book; None: it is sound.

    Money is worth what the window that opened at `window_opened_at` says. The budget is for all
    instants together; those at which no way changes take little. Raises NotProven.
    """
    work = budget if isinstance(budget, Work) else Work(budget)
    before: Sequence[Way] = ()
    for instant in (since, *book.instants(since)):
        moment = Moment(book, instant, window_opened_at, programmes, shared)
        ways = list(moment.all_ways())
        require_work(work, 10 + len(ways) // 2 + len(book.standing_versions) // 16)
        if ways != before:
            finding = next(_findings(moment, ways, work), None)
            if finding is not None:
                return finding
        before = ways
    return None


def require_work(work: Work, amount: int) -> None:
    """Do so much of the work allowed for several instants, or raise NotProven."""
    try:
        work.spend(amount)
    except OutOfWork:
        raise NotProven("every instant at which something takes effect") from None


def _findings(moment: Moment, ways: Sequence[Way], work: Work) -> Iterator[Finding]:
    for way in ways:
        if isinstance(way, PairWay) and not way.terms.shortfall_funder:
            rate_in = moment.rate_in(way.source) or Fraction(0)
            short = first_shortfall(way.terms, rate_in, way.largest, work)
            if short is not None:
                pair = way.source, way.target
                yield Finding(moment.now, None, pair, way.versions[0], short)
    rates = {name: moment.rate_in(name) for name in moment.programmes}
    rate_in_of = {name: rate for name, rate in rates.items() if rate is not None}
    chain = find_chain(ways, rate_in_of, budget=work)
    if chain is not None:
        yield Finding(moment.now, chain)
