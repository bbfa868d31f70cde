"""Ways in force for a pair: which there are, what they give, and bounds that hold."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partners.exchange.book import RateBook, Stop, Version
from partners.exchange.terms import (
    BonusStep,
    Caps,
    MoneyFee,
    MoneyValue,
    PairTerms,
    RateTerms,
    Resumption,
    Safeguards,
    Terms,
)
from partners.exchange.ways import (
    ONE,
    Convertible,
    Moment,
    PairWay,
    RateWay,
    Way,
    best_below,
    quote_way,
    ways_in_force,
)
from settlement.ledger.amounts import INT64_MAX

DAY = datetime(2024, 1, 1, tzinfo=UTC)
F = Fraction
BOTH = Convertible(out=True, into=True, exponent=2)
PROGRAMMES = {"a": BOTH, "b": BOTH, "hub": BOTH}

A = RateTerms("a", F(2), F(3), F(1, 10), F(1, 20))
B = RateTerms("b", F(5), F(6))
TERMS = PairTerms("a", "b", "", F(1, 3), F(5), 30, 3, (BonusStep(60, 5, "a"),))
OFFER = PairTerms("a", "b", "spring", F(1, 2), F(5), caps=Caps(member_yearly_minor=90))
DEAR = PairTerms("a", "b", "dear", F(1), F(1), fee=MoneyFee("USD", F(1, 10), 7))
STOP = Stop(50, "a", "b", "x", "", DAY)


def book_of(*terms: Terms, stops: tuple[Stop, ...] = ()) -> RateBook:
    versions = (Version(n, 1, t, DAY, None, DAY) for n, t in enumerate(terms, start=1))
    return RateBook(tuple(versions), stops)


def resumed(number: int, since: datetime) -> RateBook:
    """A book with the stop of the pair, and its end."""
    end: Version[Terms] = Version(number, 1, Resumption("a", "b"), since, None, DAY)
    return book_of(A, B, stops=(STOP,)).with_versions([end])


def a_to_b(book: RateBook, now: datetime = DAY, **programmes: Convertible) -> list[str]:
    moment = Moment(book, now, DAY, PROGRAMMES | programmes, "hub")
    return [way.label for way in moment.ways(("a", "b"))]


RATES = "the rates (versions 1 and 2)"

LABELS: dict[str, tuple[RateBook, list[str]]] = {
    "no rates": (book_of(), []),
    "rates of both": (book_of(A, B), [RATES]),
    "no rate out of the source": (book_of(RateTerms("a", None, F(3)), B), []),
    "no rate into the target": (book_of(A, RateTerms("b", F(5), None)), []),
    "standing terms instead of rates": (book_of(A, B, TERMS), ["the terms of version 3"]),
    "terms without a rate of the source": (book_of(B, TERMS), []),
    "terms without a rate of the target": (book_of(A, TERMS), ["the terms of version 2"]),
    "an offer beside rates": (book_of(A, B, OFFER), [RATES, "offer spring (version 3)"]),
    "an offer beside terms": (
        book_of(A, OFFER, TERMS),
        ["the terms of version 3", "offer spring (version 2)"],
    ),
    "a fee in a money without value": (book_of(A, DEAR), []),
    "a fee in a money with one": (
        book_of(A, DEAR, MoneyValue("USD", F(2))),
        ["offer dear (version 2)"],
    ),
    "a stopped pair": (book_of(A, B, TERMS, stops=(STOP,)), []),
    "a stop that was lifted": (resumed(51, DAY), [RATES]),
    "a stop after the resumption": (resumed(49, DAY), []),
    "a stop whose end is to come": (resumed(51, DAY + timedelta(days=1)), []),
}


@pytest.mark.parametrize(("book", "labels"), LABELS.values(), ids=LABELS)
def test_ways_in_force(book: RateBook, labels: list[str]) -> None:
    assert a_to_b(book) == labels


def test_terms_that_are_over_leave_no_way_by_rates() -> None:
    end = DAY + timedelta(days=1)
    over: Version[Terms] = Version(9, 1, TERMS, DAY, end, DAY)
    book = book_of(A, B).with_versions([over])
    assert a_to_b(book) == ["the terms of version 9"]
    assert a_to_b(book, end) == []


def test_definitions_close_a_way() -> None:
    assert a_to_b(book_of(A, B), a=Convertible(out=False, into=True, exponent=2)) == []
    assert a_to_b(book_of(A, B), b=Convertible(out=True, into=False, exponent=2)) == []


def test_the_shared_currency_needs_no_rate() -> None:
    ways = ways_in_force(book_of(A), DAY, DAY, PROGRAMMES, "hub")
    assert [(way.source, way.target, way.result(100)) for way in ways] == [
        ("a", "hub", 170),
        ("hub", "a", 33),
    ]
    assert {way.label for way in ways} == {"the rates (version 1)"}


def test_limits_are_of_terms_safeguards_and_the_ceiling() -> None:
    guards = Safeguards("a", ceiling_minor=1_000, minimum_minor=20)
    moment = Moment(book_of(A, B, OFFER, guards), DAY, DAY, PROGRAMMES, "hub")
    rates, offer = moment.ways(("a", "b"))
    assert (offer.smallest, offer.step, offer.largest) == (1, 1, 90)
    assert (rates.smallest, rates.step, rates.largest) == (20, 1, 1_000)
    (back,) = moment.ways(("b", "a"))
    assert back.largest == 10**9 * 100


def only(book: RateBook) -> Way:
    (way,) = Moment(book, DAY, DAY, PROGRAMMES, "hub").ways(("a", "b"))
    return way


@pytest.mark.parametrize(
    ("amount", "result"), [(27, None), (30, 10), (31, None), (57, 19), (60, 25), (120, 50)]
)
def test_terms_convert_the_amounts_that_fit(amount: int, result: int | None) -> None:
    assert only(book_of(A, TERMS)).result(amount) == result


def test_what_converts_to_nothing_or_overflows_does_not_fit() -> None:
    high = Safeguards("", ceiling_minor=INT64_MAX)
    assert only(book_of(A, RateTerms("b", None, F(1_000)), high)).result(1) is None
    assert only(book_of(A, B, high)).result(INT64_MAX) is None


def test_a_money_fee_is_in_shared_minor_units_rounded_down() -> None:
    way = only(book_of(A, DEAR, MoneyValue("USD", F(2))))
    assert [way.money_fee(x) for x in (4, 5, 34, 35, 70, 10**6)] == [0, 0, 1, 2, 3, 3]
    assert only(book_of(A, B)).money_fee(1_000) == 0


def test_a_quote_is_one_amount() -> None:
    way = quote_way("a", "b", 100, 60, 9)
    assert [way.result(x) for x in (99, 100, 101)] == [None, 60, None]
    assert way.bound(100, 100) == -(-60 * ONE // 100)
    assert (way.label, way.versions) == ("quote 9", ())


rates = st.fractions(F(1, 50), 50, max_denominator=200)
parts = st.one_of(st.just(F(0)), st.fractions(0, F(49, 100), max_denominator=200))
small = st.integers(1, 200)


def rate_way(rate_in: Fraction, fee: Fraction, spread: Fraction, cost: Fraction) -> Way:
    source = RateTerms("a", rate_in, None, fee, spread)
    return RateWay("a", "b", "", (), 1, 1, INT64_MAX, source, RateTerms("b", None, cost))


def pair_way(ratio: Fraction, minimum: int, step: int, bonuses: list[BonusStep]) -> Way:
    terms = PairTerms("a", "b", "", ratio, F(1), minimum, step, tuple(bonuses))
    return PairWay("a", "b", "", (), minimum, step, INT64_MAX, terms, A, None)


ways = st.one_of(
    st.builds(rate_way, rates, parts, parts, rates),
    st.builds(
        pair_way,
        rates,
        small,
        small,
        st.lists(st.builds(BonusStep, small, small, st.just("x")), max_size=2),
    ),
)


@given(ways, st.integers(1, 10**12))
def test_the_quick_result_is_that_of_the_arithmetic(way: Way, amount: int) -> None:
    fitting, _ = way.snapped(amount, INT64_MAX)
    assert (way.result(fitting) or 0) == way.quick(fitting)


@given(ways, st.integers(1, 10_000), st.integers(0, 300), st.data())
def test_bounds_hold_for_every_amount_between(
    way: Way, lowest: int, wide: int, data: st.DataObject
) -> None:
    highest = lowest + wide
    amount = data.draw(st.integers(lowest, highest))
    given_minor = way.quick(amount)
    assert way.low(lowest) <= given_minor <= way.high(highest)
    assert given_minor * ONE <= amount * way.bound(lowest, highest)


@given(ways, small, st.integers(1, 10**6))
def test_a_stride_holds_from_every_amount(way: Way, every: int, amount: int) -> None:
    grown = way.stride(every)
    assert grown is None or way.quick(amount + every) == way.quick(amount) + grown


@given(ways, st.integers(1, 2_000), st.integers(1, 2_000))
def test_snapping_leaves_out_no_amount_that_fits(way: Way, lowest: int, highest: int) -> None:
    fitting = [x for x in range(lowest, highest + 1) if way.fits(x)]
    first, last = way.snapped(lowest, highest)
    assert (first, last) == (fitting[0], fitting[-1]) if fitting else first > last


@given(st.fractions(F(1, 300), 5, max_denominator=300), st.integers(1, 60))
def test_the_best_ratio_below_a_rate_is_the_best(rate: Fraction, largest: int) -> None:
    best = max(F(x * rate.numerator // rate.denominator, x) for x in range(1, largest + 1))
    assert F(*best_below(rate, largest)) == best
