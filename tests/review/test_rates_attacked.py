"""The rate book under attack: circles, closed pairs, what is told, and how long it takes."""

from collections.abc import Iterator
from datetime import timedelta
from fractions import Fraction

import pytest

from partners.activities import ActivityKey
from partners.directory import Role
from partners.exchange.book import RateBook, Version
from partners.exchange.proposals import Change
from partners.exchange.terms import (
    Caps,
    GuardRails,
    Limits,
    MoneyFee,
    MoneyValue,
    PairTerms,
    RateTerms,
)
from partners.exchange.ways import Convertible, Moment, quote_way
from partners.soundness import chain_with
from partners.usecases.exchange import AuthorizeDebit, Convert
from partners.usecases.rates import Approve, Propose
from support.coalition_day import NOON
from support.use_case_bench import Bench, bench, definition, quote, report

ALPHA, BETA, GAMMA = ("alpha", "1"), ("beta", "1"), ("gamma", "1")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def world(database_url: str) -> Iterator[Bench]:
    """Three programmes that pairs convert, and one person with a membership in each."""
    with bench(database_url) as made:
        made.admit("alpha", "beta", "gamma", "delta")
        for name, code in (("alpha", "AA"), ("beta", "BB"), ("gamma", "GG")):
            made.publish(name, definition(name, code))
            made.published(RateTerms(name, Fraction(50), None))
            made.enrol(name, "1")
        for one, other in ((ALPHA, BETA), (BETA, GAMMA), (GAMMA, ALPHA)):
            made.link(one, other)
        gift = ActivityKey("alpha", "GIFT", "1")
        made.ask("alpha", report(ALPHA, gift, [("alpha", "BASE", 10**6)]))
        yield made


def pair(source: str, target: str, ratio: str, **more: object) -> PairTerms:
    values = {"offer": "", "settlement_price": Fraction(1, 1000), **more}
    return PairTerms(source=source, target=target, ratio=Fraction(ratio), **values)  # type: ignore[arg-type]


def test_quotes_of_linked_memberships_do_not_outlive_terms_that_they_would_milk(
    world: Bench,
) -> None:
    world.published(
        pair("alpha", "beta", "1"), pair("beta", "gamma", "1"), pair("gamma", "alpha", "1")
    )
    at = world.now + 5 * MINUTE
    world.published(
        Change(pair("alpha", "beta", "1/2"), at),
        Change(pair("beta", "gamma", "1/2"), at),
        Change(pair("gamma", "alpha", "2"), at),
    )
    first = world.ask("alpha", quote(ALPHA, BETA, 1000)).result.quote
    second = world.ask("beta", quote(BETA, GAMMA, 1000)).result.quote
    assert first.expires_at > at
    assert second.expires_at < at


def test_a_quotes_fee_counts_where_a_book_is_judged(world: Bench) -> None:
    fee = MoneyFee("USD", Fraction(1), None)
    world.published(MoneyValue("USD", Fraction(1)))
    world.published(pair("alpha", "beta", "1", fee=fee), pair("beta", "alpha", "101/100"))
    assert not world.ask("alpha", quote(ALPHA, BETA, 1000)).reason
    assert not world.ask("admin-one", Propose((Change(Limits("delta", 5)),), "test")).reason


def test_terms_that_are_over_when_they_are_approved_close_nothing(world: Bench) -> None:
    world.published(pair("alpha", "beta", "1"))
    change = Change(pair("alpha", "beta", "1/2"), world.now + MINUTE, world.now + 5 * MINUTE)
    proposed = world.ask("admin-one", Propose((change,), "test")).result.proposal
    world.now += 10 * MINUTE
    assert world.ask("admin-two", Approve(proposed.number)).reason == "RETROACTIVE"
    assert not world.ask("alpha", quote(ALPHA, BETA, 1000)).reason


def test_terms_that_ended_set_no_price_free(world: Bench) -> None:
    hour = timedelta(hours=1)
    world.admit("admin-three", role=Role.RATE_ADMINISTRATOR)
    world.published(pair("alpha", "beta", "1"), GuardRails(Fraction(1, 10), 3600))
    at = world.now + 2 * hour
    world.published(Change(pair("alpha", "beta", "1"), at, at + MINUTE))
    again = Change(pair("alpha", "beta", "2"), at + hour)
    assert world.ask("admin-one", Propose((again,), "test")).result.needs.approvals == 2


def test_what_others_converted_is_told_to_the_source_alone(world: Bench) -> None:
    world.published(pair("alpha", "beta", "1", caps=Caps(pair_daily_minor=10_000)))
    done = world.ask("alpha", quote(ALPHA, BETA, 1234)).result.quote
    assert not world.ask("alpha", Convert(done.number)).reason
    ends = world.now + timedelta(hours=1)
    given = world.ask("alpha", AuthorizeDebit(ALPHA, BETA, "delta", 9000, ends)).result
    told = world.ask("delta", quote(ALPHA, BETA, 9000, given.authorization))
    assert told.reason == "CONVERSION_CAP_EXCEEDED"
    assert "8766" not in f"{told.message} {told.metadata}"
    assert "8766" in world.ask("alpha", quote(ALPHA, BETA, 9000)).message


def test_a_partner_that_publishes_is_told_nothing_of_others_quotes(world: Bench) -> None:
    world.publish("delta", definition("delta", "DD", rest="[conversion]\nout = false\n"))
    world.published(RateTerms("delta", Fraction(50), None))
    world.published(pair("alpha", "beta", "1"))
    assert not world.ask("alpha", quote(ALPHA, BETA, 777)).reason
    world.published(
        pair("alpha", "beta", "1/4"), pair("beta", "delta", "1"), pair("delta", "alpha", "2")
    )
    opened = definition("delta", "DD", valid_from=world.now, rest="[conversion]\nout = true\n")
    told = world.publish("delta", opened)
    assert told.reason == "MONEY_MACHINE"
    assert "777" not in f"{told.message} {told.metadata}"


def test_a_later_window_is_judged_from_its_beginning_on(world: Bench) -> None:
    fee, at = MoneyFee("USD", Fraction(6), None), world.now + timedelta(days=1)
    world.published(MoneyValue("USD", Fraction(1)))
    world.published(pair("alpha", "beta", "11/10", fee=fee), pair("beta", "alpha", "1"))
    both = (
        Change(MoneyValue("USD", Fraction(10)), at),
        Change(pair("alpha", "beta", "1", fee=fee), at),
    )
    assert not world.ask("admin-one", Propose(both, "test")).reason


@pytest.mark.parametrize("kind", ["money", "shortfall"])
def test_what_cannot_be_proven_ends_within_one_allowance(world: Bench, kind: str) -> None:
    """Both took minutes under the writer's lock: every window and every pair had its own."""
    fee = MoneyFee("USD", Fraction(6), None)
    world.published(MoneyValue("USD", Fraction(1)), pair("alpha", "beta", "1", fee=fee))
    seconds = (timedelta(seconds=i + 1) for i in range(500))
    moneys = [Change(MoneyValue("USD", Fraction(100)), world.now + after) for after in seconds]
    hard = pair("alpha", "beta", "312138412121/500000452", increment_minor=3)
    price = Fraction(53453681681, 79696374986)
    pairs = [
        Change(RateTerms("alpha", Fraction(26944136987, 64349978), None)),
        Change(
            PairTerms(**{f: getattr(hard, f) for f in hard.__slots__} | {"settlement_price": price})
        ),
    ]
    changes = moneys if kind == "money" else pairs
    assert world.ask("admin-one", Propose(tuple(changes), "test")).reason == "NOT_PROVEN"


def test_thousands_of_open_quotes_are_judged_together() -> None:
    names = [f"p{i:02}" for i in range(25)]

    def book(more: int) -> RateBook:
        terms = (
            RateTerms(name, Fraction(50 + i + more), Fraction(60 + i + more), Fraction(1, 50))
            for i, name in enumerate(names)
        )
        return RateBook(tuple(Version(i, 1, t, NOON, None, NOON) for i, t in enumerate(terms)))

    programmes = {name: Convertible(out=True, into=True, exponent=0) for name in names}
    before, after = (Moment(book(more), NOON, NOON, programmes, "coal") for more in (0, 1))
    ways = list(before.all_ways())
    quotes = [
        quote_way(way.source, way.target, amount, way.result(amount) or 1, i)
        for i, way in enumerate(ways * 3)
        for amount in [10_000 + 7 * i]
    ]
    assert chain_with(before, quotes) is None
    assert chain_with(after, quotes) is None
