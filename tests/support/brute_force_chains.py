"""Every simple cycle, every choice of ways and every amount: what the search of chains must agree
with. Its arithmetic is its own, written from the rules and not from the product.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import permutations, product
from math import floor

from partners.exchange.terms import PairTerms, RateTerms
from partners.exchange.ways import PairWay, QuoteWay, RateWay, Way


@dataclass(frozen=True)
class Gain:
    """A chain as the brute force knows it."""

    labels: tuple[str, ...]
    amounts: tuple[int, ...]


def part(amount: int, rate: Fraction) -> int:
    """An amount times a rate, rounded down."""
    return amount * rate.numerator // rate.denominator


def by_rates(amount: int, source: RateTerms | None, target: RateTerms | None) -> int:
    shared = amount
    if source is not None and source.rate_in is not None:
        shared = part(amount, source.rate_in)
        shared -= part(shared, source.fee) + part(shared, source.spread)
    if target is not None and target.cost_out is not None:
        shared = shared * target.cost_out.denominator // target.cost_out.numerator
    return shared


def by_pair(amount: int, terms: PairTerms) -> int:
    bonuses = sum(amount // b.every_minor * b.bonus_minor for b in terms.bonuses)
    return part(amount, terms.ratio) + bonuses


def converted(way: Way, amount: int) -> int:
    """What a way gives, or 0."""
    if amount > way.largest:
        return 0
    match way:
        case RateWay():
            enough = amount >= way.smallest
            return by_rates(amount, way.source_terms, way.target_terms) if enough else 0
        case PairWay():
            terms = way.terms
            over = amount - terms.minimum_minor
            fits = over >= 0 and over % terms.increment_minor == 0
            return by_pair(amount, terms) if fits else 0
        case QuoteWay():
            return way.target_minor if amount == way.smallest else 0
    raise AssertionError(way)


def charged(way: Way, amount: int) -> int:
    """The money fee in shared minor units: half up in money, capped, then rounded down."""
    if not isinstance(way, PairWay) or way.terms.fee is None or way.money_value is None:
        return 0
    fee = floor(amount * way.terms.fee.per_source_minor + Fraction(1, 2))
    cap = way.terms.fee.cap_minor
    return floor((fee if cap is None else min(fee, cap)) / way.money_value)


@dataclass(frozen=True)
class Worked:
    """A way with all that it gives and charges, by amount."""

    way: Way
    results: list[int]
    fees: list[int]


def worked(way: Way) -> Worked:
    amounts = range(way.largest + 1)
    results = [converted(way, amount) for amount in amounts]
    return Worked(way, results, [charged(way, amount) for amount in amounts])


def cycles(ways: Sequence[Worked]) -> Iterator[tuple[Worked, ...]]:
    """Every simple cycle of programmes, from each of its programmes, by every choice of ways."""
    between: dict[tuple[str, str], list[Worked]] = {}
    for step in ways:
        between.setdefault((step.way.source, step.way.target), []).append(step)
    programmes = sorted({end for pair in between for end in pair})
    for length in range(2, len(programmes) + 1):
        for order in permutations(programmes, length):
            pairs = zip(order, (*order[1:], order[0]), strict=True)
            yield from product(*(between.get(pair, []) for pair in pairs))


def gain_of(
    cycle: tuple[Worked, ...], start: int, rate_in_of: Mapping[str, Fraction]
) -> Gain | None:
    amounts, fees = [start], 0
    for step in cycle:
        amount = amounts[-1]
        if amount >= len(step.results) or not step.results[amount]:
            return None
        fees += step.fees[amount]
        amounts.append(step.results[amount])
    first = cycle[0].way.source
    if amounts[-1] <= start or (amounts[-1] - start) * rate_in_of[first] <= fees:
        return None
    return Gain(tuple(step.way.label for step in cycle), tuple(amounts))


def brute_force(
    ways: Sequence[Way],
    rate_in_of: Mapping[str, Fraction],
    including: Sequence[Way] = (),
) -> Gain | None:
    """Some chain, or None: by trying everything."""
    for cycle in cycles([worked(way) for way in (*ways, *including)]):
        if including and not any(step.way in including for step in cycle):
            continue
        for start in range(1, len(cycle[0].results)):
            found = gain_of(cycle, start, rate_in_of)
            if found is not None:
                return found
    return None
