"""Rounding and its bounds, against the decimal module as an independent oracle."""

from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.ledger.amounts import (
    INT64_MAX,
    INT64_MIN,
    AmountOverflow,
    checked,
    floor_times,
    prorate,
    value_of,
)

amounts = st.integers(0, INT64_MAX)
# Denominators of twos and fives, so that the decimal oracle divides exactly.
decimal_rates = st.builds(
    lambda n, twos, fives: Fraction(n, 2**twos * 5**fives),
    st.integers(0, 10**6),
    st.integers(0, 12),
    st.integers(0, 12),
)


def oracle(total: int, rate: Fraction, rounding: str) -> int:
    """Round total times rate by the decimal module."""
    with localcontext() as context:
        context.prec = 100
        exact = Decimal(total) * Decimal(rate.numerator) / Decimal(rate.denominator)
        return int(exact.to_integral_value(rounding=rounding))


@pytest.mark.parametrize("n", [0, 1, -1, INT64_MAX, INT64_MIN])
def test_checked_gives_back_what_fits(n: int) -> None:
    assert checked(n) == n


@pytest.mark.parametrize("n", [INT64_MAX + 1, INT64_MIN - 1, 2**40_000], ids=int.bit_length)
def test_checked_refuses_what_does_not_fit(n: int) -> None:
    with pytest.raises(AmountOverflow, match="does not fit into 64 bits"):
        checked(n)


@pytest.mark.parametrize(
    ("n", "rate", "expected"),
    [
        (20_000, Fraction(1, 10), 2_000),
        (199, Fraction(1, 100), 1),
        (-1, Fraction(1, 3), -1),
        (0, Fraction(7, 3), 0),
        (INT64_MAX, Fraction(1), INT64_MAX),
        (10**18, Fraction(3, 10**17), 30),
    ],
)
def test_floor_times(n: int, rate: Fraction, expected: int) -> None:
    assert floor_times(n, rate) == expected


def test_floor_times_overflows_loudly() -> None:
    with pytest.raises(AmountOverflow):
        floor_times(INT64_MAX, Fraction(1_000_001, 1_000_000))


@given(st.integers(0, 10**12), decimal_rates)
def test_floor_times_agrees_with_decimal(n: int, rate: Fraction) -> None:
    assert floor_times(n, rate) == oracle(n, rate, ROUND_FLOOR)


@given(st.integers(0, 10**12), decimal_rates)
def test_value_never_exceeds_the_price(units: int, price: Fraction) -> None:
    assert 0 <= units * price - value_of(units, price) < 1


@pytest.mark.parametrize(("units", "price"), [(-1, Fraction(1)), (1, Fraction(-1))])
def test_nothing_is_worth_a_negative_amount(units: int, price: Fraction) -> None:
    with pytest.raises(ValueError, match="negative"):
        value_of(units, price)


@pytest.mark.parametrize(
    ("total", "numerator", "denominator", "expected"),
    [
        (100, 1, 3, 33),
        (100, 2, 3, 67),
        (1, 1, 2, 1),
        (3, 1, 2, 2),
        (5, 1, 10, 1),
        (4, 1, 10, 0),
        (0, 1, 2, 0),
        (7, 0, 9, 0),
        (INT64_MAX, 1, 1, INT64_MAX),
    ],
)
def test_prorate(total: int, numerator: int, denominator: int, expected: int) -> None:
    assert prorate(total, numerator, denominator) == expected


@pytest.mark.parametrize("part", [(-1, 1, 1), (1, 2, 1), (1, -1, 1), (1, 0, 0), (1, 1, -1)])
def test_prorate_refuses_what_is_no_part(part: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="not a part"):
        prorate(*part)


@given(amounts, st.integers(0, 12), st.integers(0, 12), st.data())
def test_prorate_agrees_with_decimal(
    total: int, twos: int, fives: int, data: st.DataObject
) -> None:
    denominator = 2**twos * 5**fives
    numerator = data.draw(st.integers(0, denominator))
    expected = oracle(total, Fraction(numerator, denominator), ROUND_HALF_UP)
    assert prorate(total, numerator, denominator) == expected


@given(amounts, st.lists(st.integers(1, 1_000), min_size=1, max_size=20))
def test_parts_taken_back_one_by_one_sum_to_the_whole(total: int, shares: list[int]) -> None:
    whole, cumulative, taken = sum(shares), 0, 0
    for share in shares:
        cumulative += share
        part = prorate(total, cumulative, whole) - taken
        assert part >= 0
        assert abs(part - Fraction(total * share, whole)) <= 1
        taken += part
    assert taken == total
