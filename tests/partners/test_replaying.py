"""Replaying as arithmetic: what is not changed stays, and nothing appears or disappears."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from partners.exchange.arithmetic import ConversionAmounts
from partners.exchange.book import RateBook, Version
from partners.exchange.choosing import Sight, amounts_of, candidates, priced, require_fits
from partners.exchange.proposals import Change
from partners.exchange.replaying import Past, Programmes, Replay, Tally
from partners.exchange.terms import (
    BonusStep,
    Caps,
    MoneyFee,
    MoneyValue,
    PairTerms,
    RateTerms,
    Safeguards,
    Terms,
)
from partners.refusals import Refused
from partners.state import Quote, QuoteState

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = ("alpha", "beta", "coin")
WORLD = Programmes(
    issuers={"alpha": "a-inc", "beta": "b-inc", "coin": "operator"},
    exponents=dict.fromkeys(NAMES, 0),
    shared="coin",
    operator="operator",
)

rates = st.fractions(min_value=Fraction(1, 100), max_value=100, max_denominator=100)
parts = st.fractions(min_value=0, max_value=Fraction(1, 4), max_denominator=50)
PAIRS = [(s, t) for s in NAMES for t in NAMES if s != t]
FUNDERS = st.sampled_from(["a-inc", "b-inc", "operator"])


def rate_terms(programme: str) -> st.SearchStrategy[RateTerms]:
    return st.builds(RateTerms, st.just(programme), rates, rates, parts, parts)


@st.composite
def pair_terms(draw: st.DrawFn, offer: str) -> PairTerms:
    source, target = draw(st.sampled_from(PAIRS))
    steps = st.builds(BonusStep, st.integers(1, 500), st.integers(1, 20), FUNDERS)
    fees = st.builds(MoneyFee, st.just("USD"), rates, st.none() | st.integers(1, 500))
    return PairTerms(
        source,
        target,
        offer,
        ratio=draw(rates),
        settlement_price=draw(rates),
        minimum_minor=draw(st.integers(1, 300)),
        increment_minor=draw(st.integers(1, 3)),
        bonuses=tuple(draw(st.lists(steps, max_size=2))),
        fee=draw(st.none() | fees),
        caps=Caps(member_daily_minor=draw(st.none() | st.integers(500, 2_000))),
        shortfall_funder=draw(FUNDERS),
    )


@st.composite
def histories(draw: st.DrawFn) -> tuple[RateBook, list[Past]]:
    """A book whose terms began one after the other, and conversions by terms that fitted then.

    Not always by those that gave most: these may have been used up, or others asked for by name.
    """
    terms: list[Terms] = [draw(rate_terms("alpha")), draw(rate_terms("beta"))]
    terms.append(MoneyValue("USD", draw(rates)))
    terms += draw(st.lists(pair_terms(""), max_size=2))
    terms += draw(st.lists(st.sampled_from(["one", "two"]).flatmap(pair_terms), max_size=4))
    terms += draw(st.lists(rate_terms("alpha"), max_size=1))
    book = RateBook(
        tuple(
            Version(number, 0, t, at, None, at)
            for number, t in enumerate(terms, start=1)
            for at in [BEGAN + timedelta(hours=max(0, number - 3))]
        )
    )
    asked = st.tuples(st.sampled_from(PAIRS), st.integers(1, 3_000), st.integers(0, 12))
    pasts = []
    for place, (pair, amount, hours) in enumerate(draw(st.lists(asked, min_size=1, max_size=5))):
        at = BEGAN + timedelta(hours=hours)
        fitting = quotes(book, pair, amount, at)
        if not fitting:
            continue
        quote = draw(st.sampled_from(fitting))
        parts_back = st.integers(0, quote.source_minor), st.integers(0, quote.target_minor)
        returned = draw(st.just((0, 0)) | st.tuples(*parts_back))
        pasts.append(Past(1_000 + place, quote, at, at, BEGAN, *returned))
    return book, pasts


def quotes(book: RateBook, pair: tuple[str, str], amount: int, at: datetime) -> list[Quote]:
    """By each of the terms that fit."""
    sight, found = Sight(book, at, BEGAN, "coin", WORLD.exponents), []
    for terms in candidates(pair, "", sight):
        try:
            source, into = priced(pair, terms, sight)
            require_fits(amount, pair[0], terms, sight)
            amounts = amounts_of(amount, source, into, sight)
        except Refused:
            continue
        if terms is None or amount <= (terms.terms.largest_minor or amount):
            found.append(quoted(pair, terms, amounts, into.number if into else 0))
    return found


def quoted(
    pair: tuple[str, str],
    terms: Version[PairTerms] | None,
    amounts: ConversionAmounts,
    target_rate: int,
) -> Quote:
    return Quote(
        number=1,
        requester="a-inc",
        source=(1, pair[0]),
        target=(2, pair[1]),
        amounts=amounts,
        source_rate=0,
        target_rate=target_rate,
        authorization=None,
        expires_at=BEGAN,
        offer=terms.terms.offer if terms else "",
        shortfall_funder=terms.terms.shortfall_funder if terms else "",
        state=QuoteState.USED,
    )


def replayed(book: RateBook, pasts: Sequence[Past], *changes: Terms) -> Tally:
    replay, tally = Replay.of(WORLD, book, map(Change, changes)), Tally()
    for past in pasts:
        tally.add(replay.replayed(past))
    return tally


@given(histories(), st.data())
def test_what_is_in_force_already_changes_nothing(
    history: tuple[RateBook, list[Past]], data: st.DataObject
) -> None:
    """Proposed are terms that have been in force for their subject ever since the first quote."""
    book, pasts = history
    first = min((past.quoted_at for past in pasts), default=BEGAN)
    last = max((past.quoted_at for past in pasts), default=BEGAN)
    constant = [v.terms for v in book.all_in_force(first) if v in book.all_in_force(last)]
    changes = data.draw(st.lists(st.sampled_from([*constant, Safeguards("")]), min_size=1))
    tally = replayed(book, pasts, *changes)

    assert not tally.refused
    for sums in (tally.nets, tally.fees, tally.outstanding):
        assert all(before == after for _, before, after in sums.rows())


@settings(max_examples=50)
@given(histories(), rate_terms("alpha"), st.lists(pair_terms("two"), max_size=2))
def test_nets_sum_to_zero_whatever_is_changed(
    history: tuple[RateBook, list[Past]], rate: RateTerms, pairs: list[PairTerms]
) -> None:
    tally = replayed(*history, rate, *pairs)

    assert tally.conversions == len(history[1])
    assert sum(tally.nets.before.values()) == sum(tally.nets.after.values()) == 0
    assert all(row[1] >= 0 and row[2] >= 0 for row in tally.fees.rows())


@settings(max_examples=30)
@given(histories())
def test_a_way_that_is_closed_refuses_all_that_took_it(
    history: tuple[RateBook, list[Past]],
) -> None:
    book, pasts = history
    out_of_alpha = sum(past.quote.pair[0] == "alpha" for past in pasts)
    assume(out_of_alpha)
    tally = replayed(book, pasts, RateTerms("alpha", None, Fraction(1)))

    assert sum(tally.refused.values()) == out_of_alpha


@settings(max_examples=30)
@given(histories(), st.integers(2, 9))
def test_an_offer_that_gives_more_is_taken(
    history: tuple[RateBook, list[Past]], times: int
) -> None:
    """By everybody whose pair has it: nobody gets less, and points are outstanding as it says."""
    book, pasts = history
    assume(pasts)
    pair = pasts[0].quote.pair
    best = Fraction(1_000_000 * times)
    offer = PairTerms(*pair, "new", best, Fraction(1, 10**6), shortfall_funder="operator")
    kept = [replace(p, returned_source_minor=0, returned_target_minor=0) for p in pasts]
    kept = [p for p in kept if p.quote.pair == pair]
    tally = replayed(book, kept, offer)

    given_out = sum(p.quote.source_minor for p in kept)
    assert tally.outstanding.after[pair[1]] == given_out * best
