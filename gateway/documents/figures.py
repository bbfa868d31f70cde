"""Amounts as people and banks write them."""

from decimal import Decimal
from fractions import Fraction


def in_units(minor: int, exponent: int) -> str:
    """An amount of minor units as people write it, with thousands apart."""
    digits = f"{abs(minor):0{exponent + 1}}"
    whole, part = digits[: len(digits) - exponent], digits[len(digits) - exponent :]
    return ("-" if minor < 0 else "") + f"{int(whole):,}" + (f".{part}" if exponent else "")


def as_decimal(minor: int, exponent: int) -> Decimal:
    """An amount of minor units in major ones, exactly, with all its decimals."""
    return Decimal((minor < 0, tuple(map(int, str(abs(minor)))), -exponent))


def price_in_words(price: Fraction, exponent: int, money_exponent: int) -> str:
    """What a major unit costs in major units: a decimal where it is one, else a fraction."""
    major = price * Fraction(10**exponent, 10**money_exponent)
    for places in range(13):
        scaled = major * 10**places
        if scaled.denominator == 1:
            return str(as_decimal(scaled.numerator, places))
    return f"{major.numerator}/{major.denominator}"
