"""Conversions and prices of legs: the worked examples, the edges, and what always holds."""

from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from partners.agreements.pricing import price_leg
from partners.exchange.arithmetic import (
    ConversionAmounts,
    ConvertsToNothing,
    convert,
)
from partners.exchange.terms import BadTerms, RateTerms
from settlement.ledger.amounts import INT64_MAX, AmountOverflow


def terms(
    programme: str,
    rate_in: Fraction | int = 1,
    cost_out: Fraction | int = 1,
    fee: Fraction | int = 0,
    spread: Fraction | int = 0,
) -> RateTerms:
    """Terms of which a test names what matters to it."""
    return RateTerms(
        programme, Fraction(rate_in), Fraction(cost_out), Fraction(fee), Fraction(spread)
    )


A = terms("a", rate_in=50, cost_out=60, fee=Fraction(2, 100), spread=Fraction(1, 100))
B = terms("b", rate_in=70, cost_out=80)

prices = st.fractions(Fraction(1, 1_000), 1_000, max_denominator=1_000)
parts = st.fractions(0, Fraction(49, 100), max_denominator=1_000)
sources = st.builds(RateTerms, st.just("a"), prices, prices, parts, parts)
targets = st.builds(RateTerms, st.just("b"), prices, prices, parts, parts)


def converted(amount: int, source: RateTerms | None, target: RateTerms | None) -> ConversionAmounts:
    """Convert, or skip the example where nothing comes of it."""
    try:
        return convert(amount, source, target)
    except ConvertsToNothing:
        assume(False)  # noqa: FBT003 - hypothesis' own signature
        raise


def test_the_worked_example() -> None:
    assert convert(1_000, A, B) == ConversionAmounts(
        source_minor=1_000,
        shared_minor=50_000,
        fee_minor=1_000,
        spread_minor=500,
        value_minor=48_480,
        rounding_minor=20,
        target_minor=606,
        remainder=Fraction(1, 4),
    )


@pytest.mark.parametrize(
    ("amount", "source", "target", "shared_fee_spread_value_rounding_got"),
    [
        pytest.param(1_000, None, B, (1_000, 0, 0, 960, 40, 12), id="from-the-shared-currency"),
        pytest.param(
            1_000,
            terms("operator", fee=Fraction(1, 100)),
            B,
            (1_000, 10, 0, 960, 30, 12),
            id="from-the-shared-currency-on-the-operators-terms",
        ),
        pytest.param(
            1_000,
            A,
            None,
            (50_000, 1_000, 500, 48_500, 0, 48_500),
            id="into-the-shared-currency",
        ),
        pytest.param(
            7,
            terms("a", rate_in=Fraction(1, 2)),
            terms("b", cost_out=Fraction(2, 3)),
            (3, 0, 0, 2, 1, 4),
            id="the-value-is-floored-too",
        ),
        pytest.param(
            99,
            terms("a", fee=Fraction(1, 50), spread=Fraction(1, 100)),
            terms("b"),
            (99, 1, 0, 98, 0, 98),
            id="fee-and-spread-are-floored-each",
        ),
    ],
)
def test_conversions(
    amount: int,
    source: RateTerms | None,
    target: RateTerms | None,
    shared_fee_spread_value_rounding_got: tuple[int, int, int, int, int, int],
) -> None:
    found = convert(amount, source, target)
    cost_out = target.cost_out if target and target.cost_out else 1
    expected = ConversionAmounts(
        amount, *shared_fee_spread_value_rounding_got, remainder=found.remainder
    )
    assert found == expected
    assert (found.target_minor + found.remainder) * cost_out == (
        found.value_minor + found.rounding_minor
    )


@pytest.mark.parametrize(
    ("amount", "source", "target"),
    [(1, A, B), (79, None, B), (1, terms("a", rate_in=Fraction(1, 2)), None)],
)
def test_too_little_converts_to_nothing(
    amount: int, source: RateTerms | None, target: RateTerms | None
) -> None:
    with pytest.raises(ConvertsToNothing, match="convert more"):
        convert(amount, source, target)


@pytest.mark.parametrize(
    ("amount", "source", "target", "problem"),
    [(0, A, B, "positive"), (-5, A, B, "positive"), (1, A, A, "same"), (1, None, None, "same")],
)
def test_no_conversion(
    amount: int, source: RateTerms | None, target: RateTerms | None, problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        convert(amount, source, target)


@pytest.mark.parametrize(
    ("source", "target"), [(A, B), (None, terms("b", cost_out=Fraction(1, 10)))]
)
def test_a_conversion_overflows_loudly(source: RateTerms | None, target: RateTerms) -> None:
    with pytest.raises(AmountOverflow):
        convert(INT64_MAX, source, target)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("rate_in", {"rate_in": 0}),
        ("cost_out", {"cost_out": -1}),
        ("fee", {"fee": Fraction(-1, 100)}),
        ("spread", {"spread": Fraction(-1, 100)}),
        ("fee", {"fee": 1}),
        ("fee", {"fee": Fraction(1, 2), "spread": Fraction(1, 2)}),
    ],
)
def test_bad_terms_name_the_field(field: str, values: dict[str, Fraction | int]) -> None:
    with pytest.raises(BadTerms) as refused:
        terms("a", **values)
    assert refused.value.field == field


@given(st.integers(1, 10**9), sources, targets)
def test_every_minor_unit_has_a_place(amount: int, source: RateTerms, target: RateTerms) -> None:
    got = converted(amount, source, target)
    places = (got.fee_minor, got.spread_minor, got.value_minor, got.rounding_minor)
    assert sum(places) == got.shared_minor
    assert all(place >= 0 for place in places)
    left = got.shared_minor - got.fee_minor - got.spread_minor
    # One more point could not be paid for, and no point is given below its cost.
    assert got.target_minor * target.cost_out <= left < (got.target_minor + 1) * target.cost_out
    assert got.rounding_minor < target.cost_out + 1


@given(st.integers(1, 10**6), st.integers(0, 10**6), sources, targets)
def test_giving_more_gives_more(
    amount: int, more: int, source: RateTerms, target: RateTerms
) -> None:
    """Up to one shared minor unit: fee and spread are floored each, and may step together."""
    less, greater = converted(amount, source, target), converted(amount + more, source, target)
    left = [c.shared_minor - c.fee_minor - c.spread_minor for c in (less, greater)]
    assert left[1] >= left[0] - 1
    assert greater.target_minor + 1 / target.cost_out > less.target_minor - 1


@given(st.integers(1, 10**6), st.integers(0, 10**6), prices, targets, parts)
def test_giving_more_never_gives_less_where_the_operator_takes_one_part(
    amount: int, more: int, rate_in: Fraction, target: RateTerms, fee: Fraction
) -> None:
    source = terms("a", rate_in=rate_in, fee=fee)
    less, greater = converted(amount, source, target), converted(amount + more, source, target)
    assert greater.target_minor >= less.target_minor


@pytest.mark.parametrize(
    ("points", "price", "fee", "expected"),
    [
        (200, Fraction(120), Fraction(2, 100), (24_000, 480)),
        (1, Fraction(1, 3), Fraction(1, 2), (0, 0)),
        (10, Fraction(33, 10), Fraction(1, 10), (33, 3)),
        (0, Fraction(120), Fraction(2, 100), (0, 0)),
        (5, Fraction(0), Fraction(2, 100), (0, 0)),
    ],
)
def test_price_of_a_leg(
    points: int, price: Fraction, fee: Fraction, expected: tuple[int, int]
) -> None:
    assert price_leg(points, price, fee) == expected


@pytest.mark.parametrize(
    ("points", "price", "fee"), [(-1, 1, 0), (1, -1, 0), (1, 1, Fraction(-1, 100))]
)
def test_no_price_is_negative(points: int, price: int, fee: Fraction | int) -> None:
    with pytest.raises(ValueError, match=r"negative|part"):
        price_leg(points, Fraction(price), Fraction(fee))


def test_a_price_overflows_loudly() -> None:
    with pytest.raises(AmountOverflow):
        price_leg(INT64_MAX, Fraction(2), Fraction(0))
