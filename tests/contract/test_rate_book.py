"""The partner's own arithmetic of conversions, held against the gateway's."""

import json
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coalition.rate_book import BadBook, RateBook, Version, converted, read_book
from partners.exchange.arithmetic import ConvertsToNothing, convert, convert_by_pair
from partners.exchange.documents import to_document
from partners.exchange.terms import BonusStep, MoneyFee, PairTerms, RateTerms

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
rates = st.fractions(min_value=Fraction(1, 100), max_value=100, max_denominator=100)
parts = st.fractions(min_value=0, max_value=Fraction(2, 5), max_denominator=100)
amounts = st.integers(min_value=1, max_value=10**9)


def version(terms: Any, number: int = 1, **more: Any) -> Version:
    facts = {"version": str(number), "proposal": "1", **to_document(terms)}
    dates = {
        "effective_from": NOON,
        "effective_to": None,
        "approved_at": NOON,
        "withdrawn": None,
    } | more
    return Version(number, facts, **dates)


@st.composite
def sides(draw: st.DrawFn) -> tuple[RateTerms, RateTerms]:
    source = RateTerms("hotel", draw(rates), None, draw(parts), draw(parts))
    return source, RateTerms("airline", None, draw(rates))


@given(amounts, sides())
def test_by_rates(amount: int, terms: tuple[RateTerms, RateTerms]) -> None:
    source, target = terms
    mine = converted(amount, version(source), version(target))
    try:
        theirs = convert(amount, source, target)
    except ConvertsToNothing:
        assert mine.points == 0
        return
    assert (mine.shared, mine.fee, mine.spread, mine.value, mine.rounding, mine.points) == (
        theirs.shared_minor,
        theirs.fee_minor,
        theirs.spread_minor,
        theirs.value_minor,
        theirs.rounding_minor,
        theirs.target_minor,
    )


@given(amounts, rates, rates, rates, st.integers(1, 50), st.integers(1, 50), st.integers(0, 1))
def test_by_the_terms_of_a_pair(
    amount: int, rate: Fraction, ratio: Fraction, price: Fraction, every: int, bonus: int, fee: int
) -> None:
    source = RateTerms("hotel", rate, None)
    pair = PairTerms(
        "hotel",
        "airline",
        "",
        ratio,
        price,
        bonuses=(BonusStep(every, bonus, "hotel"), BonusStep(every + 1, bonus, "airline")),
        fee=MoneyFee("USD", Fraction(3, 50), 99_00) if fee else None,
        shortfall_funder="operator",
    )
    mine = converted(amount, version(source), version(pair))
    try:
        theirs = convert_by_pair(amount, source, pair, Fraction(1))
    except ConvertsToNothing:
        assert mine.points + sum(each.points for each in mine.bonuses) == 0
        return
    assert [(b.funder, b.points, b.value) for b in mine.bonuses] == [
        (b.funder, b.target_minor, b.value_minor) for b in theirs.bonuses
    ]
    assert mine.points == theirs.target_minor - sum(b.target_minor for b in theirs.bonuses)
    charged = theirs.money_fee
    assert mine.money_fee == (None if charged is None else (charged.currency, charged.minor))
    assert (mine.shared, mine.spread, mine.value, mine.rounding, mine.shortfall) == (
        theirs.shared_minor,
        theirs.spread_minor,
        theirs.value_minor,
        theirs.rounding_minor,
        theirs.shortfall_minor,
    )


def test_the_shared_currency_needs_no_terms() -> None:
    source = RateTerms("hotel", Fraction(50), None, Fraction(1, 50), Fraction(1, 100))
    made = converted(1_000, version(source), None)
    assert (made.shared, made.fee, made.spread, made.points, made.rounding) == (
        50_000,
        1_000,
        500,
        48_500,
        0,
    )


def test_a_closed_way() -> None:
    with pytest.raises(BadBook, match="version 1 has no rate_in"):
        converted(5, version(RateTerms("hotel", None, Fraction(1))), None)


def hours(count: int) -> datetime:
    return NOON + timedelta(hours=count)


FIRST = RateTerms("hotel", Fraction(1), None)
IN_FORCE: dict[str, tuple[dict[int, Version], int, int, str]] = {
    "from its instant on": ({1: version(FIRST)}, 0, 5, ""),
    "not before": (
        {1: version(FIRST, effective_from=hours(2))},
        0,
        1,
        "it takes effect at 2026-03-02T14:00:00Z",
    ),
    "not before it was approved": (
        {1: version(FIRST, approved_at=hours(2))},
        0,
        1,
        "it takes effect at 2026-03-02T14:00:00Z",
    ),
    "not after its end": (
        {1: version(FIRST, effective_to=hours(2))},
        2,
        3,
        "it ended at 2026-03-02T14:00:00Z",
    ),
    "when a quote was made before its end": ({1: version(FIRST, effective_to=hours(2))}, 1, 3, ""),
    "not once another took its place": (
        {1: version(FIRST), 2: version(FIRST, 2, effective_from=hours(1))},
        1,
        3,
        "version 2 had taken its place at 2026-03-02T13:00:00Z",
    ),
    "not when it was withdrawn": (
        {1: version(FIRST, withdrawn=7)},
        1,
        3,
        "it was withdrawn by entry 7",
    ),
    "whatever is of something else": (
        {1: version(FIRST), 2: version(RateTerms("card", Fraction(1), None), 2)},
        1,
        3,
        "",
    ),
}


@pytest.mark.parametrize("case", IN_FORCE.values(), ids=IN_FORCE.keys())
def test_in_force(case: tuple[dict[int, Version], int, int, str]) -> None:
    versions, since, until, reason = case
    book = RateBook("c", versions)
    assert book.out_of_force(1, hours(since), hours(until)) == reason


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[]", "is no exported rate book of version 1"),
        ('{"version": "9"}', "is no exported rate book of version 1"),
        ('{"version": "1", "coalition": "c"}', "is damaged: 'versions'"),
        ('{"version": "1", "coalition": "c", "versions": [{"effective_to": 1}]}', "is damaged"),
    ],
)
def test_a_book_that_cannot_be_used(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "rates.json"
    path.write_text(content)
    with pytest.raises(BadBook, match=words):
        read_book(path)


def test_a_version_twice(tmp_path: Path) -> None:
    terms = {
        **version(FIRST).facts,
        "effective_from": "2026-03-02T12:00:00.000000Z",
        "effective_to": None,
        "approved_at": "2026-03-02T12:00:00.000000Z",
        "withdrawn": None,
    }
    path = tmp_path / "rates.json"
    path.write_text(json.dumps({"version": "1", "coalition": "c", "versions": [terms, terms]}))
    with pytest.raises(BadBook, match="holds a version twice"):
        read_book(path)
