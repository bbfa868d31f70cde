"""Between whole units, in which people write, and minor units, in which the gateway reckons."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from partners.exchange.terms import BadTerms
from partners.programmes.money import exponent_of

INT64_MAX = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Scale:
    """Decimals of the shared currency, and of points by programme.

    Its methods raise BadTerms for the field that they are told: where a programme is not known,
    or an amount is finer than its minor unit.
    """

    shared: int
    programmes: Mapping[str, int]

    def exponent(self, field: str, programme: str) -> int:
        """Decimals of a programme's points."""
        known = self.programmes.get(programme)
        if known is None:
            raise BadTerms(field, f"is {programme}, and there is no such programme with points")
        return known

    def per_point(self, field: str, programme: str, rate: Fraction) -> Fraction:
        """Shared minor units for a minor unit of points, from whole units of both."""
        return rate * Fraction(10**self.shared, 10 ** self.exponent(field, programme))

    def ratio(self, source: str, target: str, ratio: Fraction) -> Fraction:
        """Minor units of the target for one of the source."""
        into, out_of = self.exponent("target", target), self.exponent("source", source)
        return ratio * Fraction(10**into, 10**out_of)

    def points(self, field: str, programme: str, amount: Fraction) -> int:
        """An amount of points in minor units. "" stands for every programme: minor units."""
        decimals = self.exponent(field, programme) if programme else 0
        return _minor(field, amount, decimals)

    def coins(self, field: str, amount: Fraction) -> int:
        """An amount of the shared currency in minor units."""
        return _minor(field, amount, self.shared)

    def money_value(self, currency: str, value: Fraction) -> Fraction:
        """Minor units of a money for a shared minor unit."""
        return value * Fraction(10 ** exponent_of(currency), 10**self.shared)

    def money_per_point(self, currency: str, programme: str, fee: Fraction) -> Fraction:
        """Minor units of a money for a minor unit of points."""
        decimals = self.exponent("source", programme)
        return fee * Fraction(10 ** exponent_of(currency), 10**decimals)


def money_minor(field: str, currency: str, amount: Fraction) -> int:
    """An amount of money in minor units. Raises BadTerms."""
    return _minor(field, amount, exponent_of(currency))


def _minor(field: str, amount: Fraction, exponent: int) -> int:
    scaled = amount * 10**exponent
    if scaled.denominator != 1 or scaled > INT64_MAX:
        raise BadTerms(field, f"is {amount}, which is no amount with {exponent} decimals")
    return int(scaled)
