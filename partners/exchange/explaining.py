"""How a conversion's amounts came about, in words and numbers."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from partners.exchange.arithmetic import ConversionAmounts
from partners.exchange.book import Version
from partners.exchange.terms import PairTerms, RateTerms
from partners.programmes.money import decimal, exponent_of


@dataclass(frozen=True, slots=True)
class Unit:
    """What amounts are of, for people: a code and its decimals."""

    code: str
    exponent: int

    def of(self, minor: int) -> str:
        """An amount in major units with its code."""
        return f"{decimal(minor, self.exponent)} {self.code}"

    def rate(self, per_minor: Fraction, other: "Unit") -> str:
        """A rate in units of this for one of another, exactly."""
        return f"{per_minor * Fraction(10**other.exponent, 10**self.exponent)}"


@dataclass(frozen=True, slots=True)
class Units:
    """What the three amounts of a conversion are of."""

    source: Unit
    shared: Unit
    target: Unit


def explain(
    amounts: ConversionAmounts,
    units: Units,
    source: Version[RateTerms] | None,
    target: Version[RateTerms] | Version[PairTerms] | None,
) -> tuple[str, ...]:
    """The steps from what the member gives to what the member gets. None: the shared currency."""
    terms = None if target is None else target.terms
    worth = _worth(amounts, units, source)
    if target is not None and isinstance(terms, PairTerms):
        by_pair = _by_pair(amounts, units, terms, target.number)
        return (*by_pair, *worth, *_rest(amounts, units))
    return (*worth, *_by_rates(amounts, units, source, target))


def _worth(
    amounts: ConversionAmounts, units: Units, source: Version[RateTerms] | None
) -> Iterator[str]:
    """What the source's issuer owes for the points."""
    if source is None or source.terms.rate_in is None:
        return
    rate = units.shared.rate(source.terms.rate_in, units.source)
    yield (
        f"{units.source.of(amounts.source_minor)} at {rate} {units.shared.code} (rate "
        f"{source.number}) are {units.shared.of(amounts.shared_minor)}"
    )


def _by_rates(
    amounts: ConversionAmounts,
    units: Units,
    source: Version[RateTerms] | None,
    target: Version[RateTerms] | Version[PairTerms] | None,
) -> Iterator[str]:
    shared = units.shared
    if source is not None and (amounts.fee_minor or amounts.spread_minor):
        yield (
            f"less a fee of {_per_cent(source.terms.fee)}, {shared.of(amounts.fee_minor)}, and a "
            f"spread of {_per_cent(source.terms.spread)}, {shared.of(amounts.spread_minor)}"
        )
    left = shared.of(amounts.value_minor + amounts.rounding_minor)
    terms = None if target is None else target.terms
    if target is None or not isinstance(terms, RateTerms) or terms.cost_out is None:
        yield f"{left} are the member's"
        return
    cost = shared.rate(terms.cost_out, units.target)
    yield (
        f"{left} at {cost} {shared.code} for 1 {units.target.code} (rate {target.number}) give "
        f"{units.target.of(amounts.target_minor)}"
    )
    if amounts.remainder:
        yield _dropped(amounts, units)


def _by_pair(
    amounts: ConversionAmounts, units: Units, terms: PairTerms, number: int
) -> Iterator[str]:
    called = f"offer {terms.offer}, version {number}" if terms.offer else f"terms {number}"
    base = amounts.target_minor - sum(bonus.target_minor for bonus in amounts.bonuses)
    yield (
        f"{units.source.of(amounts.source_minor)} times "
        f"{units.target.rate(terms.ratio, units.source)} ({called}) give {units.target.of(base)}"
    )
    if amounts.remainder:
        yield _dropped(amounts, units)
    for bonus in amounts.bonuses:
        yield f"a bonus of {units.target.of(bonus.target_minor)} is paid for by {bonus.funder}"
    if amounts.money_fee is not None:
        money = Unit(amounts.money_fee.currency, exponent_of(amounts.money_fee.currency))
        yield (
            f"a fee of {money.of(amounts.money_fee.minor)} is charged besides, worth "
            f"{units.shared.of(amounts.money_fee.shared_minor)}"
        )


def _rest(amounts: ConversionAmounts, units: Units) -> Iterator[str]:
    """Where what the source's issuer owes goes."""
    shared = units.shared
    yield (
        f"of it {shared.of(amounts.value_minor - amounts.shortfall_minor)} are owed for the "
        f"{units.target.code}, and {shared.of(amounts.spread_minor + amounts.rounding_minor)} "
        "stay with the operator"
    )
    if amounts.shortfall_minor:
        yield f"{shared.of(amounts.shortfall_minor)} more for it are paid by its funder"


def _dropped(amounts: ConversionAmounts, units: Units) -> str:
    minor = "a unit" if not units.target.exponent else "its smallest unit"
    return (
        f"{amounts.remainder} of {minor} is dropped, worth "
        f"{units.shared.of(amounts.rounding_minor)}"
    )


def _per_cent(part: Fraction) -> str:
    return f"{part * 100} %"
