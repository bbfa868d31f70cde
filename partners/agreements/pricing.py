"""What a leg of points costs its funder under an agreement."""

from fractions import Fraction
from typing import NamedTuple

from settlement.ledger.amounts import floor_times, value_of


class LegPrice(NamedTuple):
    """What the funder owes for one leg, in shared minor units."""

    owed_minor: int
    """To the issuer of the points."""
    fee_minor: int
    """To the operator, besides."""


def price_leg(points_minor: int, price: Fraction, operator_fee: Fraction) -> LegPrice:
    """Price a leg: points times price, and the operator's part of that, each rounded down.

    `price` is in shared minor units per minor unit of points; `operator_fee` is a part of what
    is owed. The funder keeps both remainders: it never owes more than it agreed to.
    Raises ValueError where an argument is negative, and AmountOverflow.
    """
    if operator_fee.numerator < 0:
        message = f"the operator's fee is a part of the price, not {operator_fee}"
        raise ValueError(message)
    owed_minor = value_of(points_minor, price)
    return LegPrice(owed_minor, floor_times(owed_minor, operator_fee))
