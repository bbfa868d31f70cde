"""What a conversion gives, and where every minor unit of it goes."""

from dataclasses import dataclass
from fractions import Fraction

from settlement.ledger.amounts import floor_times, value_of

_WHOLE = Fraction(1)
_NOTHING = Fraction(0)


class BadRateTerms(ValueError):
    """Rate terms under which no conversion makes sense."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field} {problem}")
        self.field = field
        self.problem = problem


class ConvertsToNothing(ValueError):
    """The amount is too small to give a single minor unit of the target."""

    def __init__(self, source_minor: int) -> None:
        super().__init__(f"{source_minor} minor units convert to nothing; convert more at once")
        self.source_minor = source_minor


@dataclass(frozen=True, slots=True)
class RateTerms:
    """What a minor unit of a programme's points is worth in shared minor units.

    `rate_in` holds on the way into the shared currency and `cost_out` on the way out of it;
    `fee` and `spread` are the parts of the shared amount that the operator keeps when these
    points go in. Raises BadRateTerms unless both rates are positive, both parts are not
    negative, and the parts leave something over.
    """

    programme: str
    rate_in: Fraction
    cost_out: Fraction
    fee: Fraction
    spread: Fraction

    def __post_init__(self) -> None:
        for field in ("rate_in", "cost_out"):
            if getattr(self, field) <= 0:
                raise BadRateTerms(field, f"is {getattr(self, field)}; a rate is above zero")
        for field in ("fee", "spread"):
            if getattr(self, field) < 0:
                raise BadRateTerms(field, f"is {getattr(self, field)}; a part is zero or more")
        if self.fee + self.spread >= 1:
            raise BadRateTerms(
                field="fee",
                problem=f"is {self.fee} and spread {self.spread}; they leave nothing to convert",
            )


@dataclass(frozen=True, slots=True)
class ConversionAmounts:
    """A conversion in minor units. shared = fee + spread + value + rounding."""

    source_minor: int
    """What the member gives, of the source currency."""
    shared_minor: int
    """What that is worth in the shared currency."""
    fee_minor: int
    spread_minor: int
    """What the operator keeps, as parts of the shared amount."""
    value_minor: int
    """What the issuer of the target is owed for its points, in the shared currency."""
    rounding_minor: int
    """What is left of the shared amount. The operator keeps it."""
    target_minor: int
    """What the member gets, of the target currency."""


def convert(
    source_minor: int, source: RateTerms | None, target: RateTerms | None
) -> ConversionAmounts:
    """Convert through the shared currency; None stands for that currency itself.

    Every step rounds down: the shared amount (the source's issuer keeps the remainder), fee
    and spread (the member does), the points (what does not make one more of them is
    rounding), and their value. The shared currency converts at one to one, without fee or
    spread unless its own terms are given.

    Raises ConvertsToNothing; AmountOverflow; ValueError where the amount is not positive, or
    where source and target are the same.
    """
    _require_conversion(source_minor, source, target)
    shared_minor = floor_times(source_minor, source.rate_in if source else _WHOLE)
    fee_minor = floor_times(shared_minor, source.fee if source else _NOTHING)
    spread_minor = floor_times(shared_minor, source.spread if source else _NOTHING)
    left_minor = shared_minor - fee_minor - spread_minor
    cost_out = target.cost_out if target else _WHOLE
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
    )


def _require_conversion(
    source_minor: int, source: RateTerms | None, target: RateTerms | None
) -> None:
    if source_minor <= 0:
        message = f"a conversion is of a positive amount, not {source_minor}"
        raise ValueError(message)
    if (source.programme if source else None) == (target.programme if target else None):
        message = "a conversion is between two currencies, and these are the same"
        raise ValueError(message)
