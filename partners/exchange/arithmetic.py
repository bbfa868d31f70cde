"""What a conversion gives, and where every minor unit of it goes."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from partners.exchange.terms import PairTerms, RateTerms
from settlement.ledger.amounts import checked, floor_times, value_of

_WHOLE = Fraction(1)
_NOTHING = Fraction(0)


class ConvertsToNothing(ValueError):
    """The amount is too small to give a single minor unit of the target."""

    def __init__(self, source_minor: int) -> None:
        super().__init__(f"{source_minor} minor units convert to nothing; convert more at once")
        self.source_minor = source_minor


@dataclass(frozen=True, slots=True)
class Bonus:
    """Points of the target that `funder` pays its issuer for."""

    funder: str
    target_minor: int
    value_minor: int
    """What the funder owes, in shared minor units, floored."""


@dataclass(frozen=True, slots=True)
class MoneyCharge:
    """Money that the source's partner charges, and what it owes the operator for it."""

    currency: str
    minor: int
    shared_minor: int


@dataclass(frozen=True, slots=True)
class ConversionAmounts:
    """A conversion in minor units. shared + shortfall = fee + spread + value + rounding."""

    source_minor: int
    """What the member gives, of the source currency."""
    shared_minor: int
    """What the source's issuer owes for it, in the shared currency."""
    fee_minor: int
    spread_minor: int
    """What the operator keeps, as parts of the shared amount."""
    value_minor: int
    """What the issuer of the target is owed for its points but bonuses, in the shared currency."""
    rounding_minor: int
    """What the dropped part of a point is worth. The operator keeps it."""
    target_minor: int
    """What the member gets, of the target currency, with bonuses."""
    remainder: Fraction
    """The part of a minor unit of the target that was dropped."""
    bonuses: tuple[Bonus, ...] = ()
    shortfall_minor: int = 0
    """What of value the source's issuer does not owe; the pair's terms name who does."""
    money_fee: MoneyCharge | None = None


def convert(
    source_minor: int, source: RateTerms | None, target: RateTerms | None
) -> ConversionAmounts:
    """Convert through the shared currency; None stands for that currency itself.

    Every step rounds down: the shared amount (the source's issuer keeps the remainder), fee
    and spread (the member does), the points (what does not make one more of them is
    rounding), and their value. The shared currency converts at one to one, without fee or
    spread unless its own terms are given.

    Raises ConvertsToNothing; AmountOverflow; ValueError where the amount is not positive, where
    source and target are the same, or where that way is closed.
    """
    _require_conversion(source_minor, source, target)
    shared_minor = floor_times(source_minor, _open(source.rate_in) if source else _WHOLE)
    fee_minor = floor_times(shared_minor, source.fee if source else _NOTHING)
    spread_minor = floor_times(shared_minor, source.spread if source else _NOTHING)
    left_minor = shared_minor - fee_minor - spread_minor
    cost_out = _open(target.cost_out) if target else _WHOLE
    target_minor = floor_times(left_minor, 1 / cost_out)
    if target_minor == 0:
        raise ConvertsToNothing(source_minor)
    value_minor = value_of(target_minor, cost_out)
    return ConversionAmounts(
        source_minor=source_minor,
        shared_minor=shared_minor,
        fee_minor=fee_minor,
        spread_minor=spread_minor,
        value_minor=value_minor,
        rounding_minor=left_minor - value_minor,
        target_minor=target_minor,
        remainder=left_minor / cost_out - target_minor,
    )


def convert_by_pair(
    source_minor: int,
    source: RateTerms | None,
    pair: PairTerms,
    money_value: Fraction | None = None,
) -> ConversionAmounts:
    """Convert by the terms of a pair; `source` as in `convert`, for what its issuer owes.

    The points and their value round down. What the dropped part of a point is worth is rounding,
    as far as anything is left; the rest of what the source's issuer owes is spread. Where that is
    too little for the value, it is the shortfall. `money_value` is what a shared minor unit is
    worth in minor units of the fee's money. Minimum and increment are the caller's to judge.

    Raises ConvertsToNothing; AmountOverflow; ValueError where the amount is not positive, or the
    source's way is closed, or a fee has no money value.
    """
    if source_minor <= 0:
        message = f"a conversion is of a positive amount, not {source_minor}"
        raise ValueError(message)
    shared_minor = floor_times(source_minor, _open(source.rate_in) if source else _WHOLE)
    base_minor = floor_times(source_minor, pair.ratio)
    remainder = source_minor * pair.ratio - base_minor
    bonuses = tuple(_bonuses(source_minor, pair))
    target_minor = checked(base_minor + sum(bonus.target_minor for bonus in bonuses))
    if target_minor == 0:
        raise ConvertsToNothing(source_minor)
    value_minor = value_of(base_minor, pair.settlement_price)
    rest_minor = max(0, shared_minor - value_minor)
    dropped = remainder * pair.settlement_price
    rounding_minor = min(rest_minor, dropped.numerator // dropped.denominator)
    return ConversionAmounts(
        source_minor=source_minor,
        shared_minor=shared_minor,
        fee_minor=0,
        spread_minor=rest_minor - rounding_minor,
        value_minor=value_minor,
        rounding_minor=rounding_minor,
        target_minor=target_minor,
        remainder=remainder,
        bonuses=bonuses,
        shortfall_minor=max(0, value_minor - shared_minor),
        money_fee=_money_fee(source_minor, pair, money_value),
    )


def _bonuses(source_minor: int, pair: PairTerms) -> Iterable[Bonus]:
    for step in pair.bonuses:
        points = checked(source_minor // step.every_minor * step.bonus_minor)
        if points:
            yield Bonus(step.funder, points, value_of(points, pair.settlement_price))


def _money_fee(
    source_minor: int, pair: PairTerms, money_value: Fraction | None
) -> MoneyCharge | None:
    if pair.fee is None:
        return None
    if money_value is None:
        message = f"the shared currency has no value in {pair.fee.currency}"
        raise ValueError(message)
    minor = checked(pair.fee.charged(source_minor))
    return MoneyCharge(pair.fee.currency, minor, floor_times(minor, 1 / money_value))


def _open(rate: Fraction | None) -> Fraction:
    if rate is None:
        message = "this way is closed: the book has no rate for it"
        raise ValueError(message)
    return rate


def _require_conversion(
    source_minor: int, source: RateTerms | None, target: RateTerms | None
) -> None:
    if source_minor <= 0:
        message = f"a conversion is of a positive amount, not {source_minor}"
        raise ValueError(message)
    if (source.programme if source else None) == (target.programme if target else None):
        message = "a conversion is between two currencies, and these are the same"
        raise ValueError(message)
