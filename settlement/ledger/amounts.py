"""Integer amounts in minor units, and the only ways in which the product rounds them.

Amounts are `int`, rates are `fractions.Fraction`; there is no float. A result that the
wire and the database cannot hold (int64) is refused, never wrapped.
"""

from fractions import Fraction

INT64_MAX = 2**63 - 1
"""Largest amount: protobuf's `int64` and PostgreSQL's `bigint`."""

INT64_MIN = -(2**63)


class AmountOverflow(ValueError):
    """A result does not fit into 64 bits."""


def checked(n: int) -> int:
    """Give `n` back if it fits into 64 bits.

    Raises AmountOverflow otherwise.
    """
    if INT64_MIN <= n <= INT64_MAX:
        return n
    # By its size and not its digits: there is no bound on how many it has.
    message = f"a result of {n.bit_length()} bits and a sign does not fit into 64 bits"
    raise AmountOverflow(message)


def floor_times(n: int, rate: Fraction) -> int:
    """Give n times rate, rounded down (towards minus infinity).

    The fraction of a minor unit that is dropped stays with whoever gives.
    Raises AmountOverflow.
    """
    numerator, denominator = rate.as_integer_ratio()
    return checked(n * numerator // denominator)


def value_of(units_minor: int, price: Fraction) -> int:
    """Give what an amount is worth at a price per minor unit, rounded down.

    Raises ValueError where the amount or the price is negative, and AmountOverflow.
    """
    if units_minor < 0 or price.numerator < 0:
        message = f"nothing is worth a negative amount: {units_minor} at {price}"
        raise ValueError(message)
    return floor_times(units_minor, price)


def prorate(total: int, numerator: int, denominator: int) -> int:
    """Give total times numerator / denominator, rounded half up.

    For taking an amount back in parts: the part due is the prorate of the fraction reversed
    so far in all, minus what was taken back before. The parts then sum to the whole, each
    within one minor unit of its share, in whatever steps the fraction grows to 1.

    Raises ValueError unless total >= 0 and 0 <= numerator <= denominator, denominator > 0,
    and AmountOverflow.
    """
    if total < 0 or denominator <= 0 or not 0 <= numerator <= denominator:
        message = f"not a part of an amount: {numerator}/{denominator} of {total}"
        raise ValueError(message)
    return checked((2 * total * numerator + denominator) // (2 * denominator))
