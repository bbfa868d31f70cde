"""Quotes and conversions by the terms of a pair: bonus steps, fees, caps, offers, remainders."""

from collections.abc import Iterator
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest

from partners.activities import ActivityKey
from partners.exchange.arithmetic import Bonus, MoneyCharge
from partners.exchange.proposals import Change
from partners.exchange.terms import (
    BonusStep,
    Caps,
    MoneyFee,
    MoneyValue,
    PairTerms,
    RateTerms,
    Safeguards,
)
from partners.state import MembershipKey, Quote
from partners.usecases.exchange import Convert, RequestQuote
from support.coalition_day import NOON
from support.use_case_bench import Bench, Outcome, bench, definition, quote, report

H, F, Z = ("hotel", "1"), ("miles", "1"), ("dollars", "1")
HOUR = timedelta(hours=1)


def pair(ratio: str, price: str, target: str = "miles", **more: Any) -> PairTerms:
    return PairTerms(
        source="hotel",
        target=target,
        offer=more.pop("offer", ""),
        ratio=Fraction(ratio),
        settlement_price=Fraction(price),
        **more,
    )


SIXTY = BonusStep(60_000, 5_000, "miles")
TRANSFER = pair("1/3", "90", minimum_minor=3_000, increment_minor=3_000, bonuses=(SIXTY,))


@pytest.fixture(scope="module")
def world(module_database_url: str) -> Iterator[Bench]:
    """A hotel whose point is worth 0.30; miles and dollars that only terms of a pair give."""
    with bench(module_database_url) as made:
        made.admit("hotel", "miles", "dollars")
        for name, code in (("hotel", "HH"), ("miles", "MI"), ("dollars", "ZZ")):
            made.publish(name, definition(name, code))
        made.published(
            RateTerms("hotel", Fraction(30), None),
            MoneyValue("USD", Fraction(1)),
            TRANSFER,
        )
        made.enrol("hotel", "1")
        made.enrol("hotel", "2")
        for name in ("miles", "dollars"):
            made.enrol(name, "1")
            made.link(H, (name, "1"))
        made.enrol("miles", "2")
        made.link(("hotel", "2"), ("miles", "2"))
        for number in ("1", "2"):
            gift = ActivityKey("hotel", "GIFT", number)
            made.ask("hotel", report(("hotel", number), gift, [("hotel", "BASE", 10**6)]))
        yield made


def asked(world: Bench, amount: int, target: MembershipKey = F, **more: Any) -> Outcome:
    return world.ask("hotel", RequestQuote(H, target, amount, None, **more))


def quoted(world: Bench, amount: int, target: MembershipKey = F, **more: Any) -> Quote:
    found: Quote = asked(world, amount, target, **more).result.quote
    return found


def converted(world: Bench, amount: int, target: MembershipKey = F) -> Outcome:
    return world.ask("hotel", Convert(quoted(world, amount, target).number))


def owed(outcome: Outcome) -> dict[tuple[str, str, str], int]:
    """Kind, debtor, creditor and amount of every obligation."""
    found: dict[tuple[str, str, str], int] = {}
    for kind, debit, _, amount in outcome.lines:
        if debit.startswith("clearing/"):
            debtor, creditor = debit.rsplit("/", 1)[1].split(":")
            found[kind, debtor, creditor] = found.get((kind, debtor, creditor), 0) + amount
    return found


def test_sixty_thousand_at_once_give_more_than_twice_thirty(world: Bench) -> None:
    """60,000 give 20,000 and a bonus of 5,000; 30,000 give 10,000, twice 20,000."""
    with world.undone():
        whole = quoted(world, 60_000)
        assert whole.target_minor == 25_000
        assert whole.amounts.bonuses == (Bonus("miles", 5_000, 450_000),)
        halves = [converted(world, 30_000).result.quote.target_minor for _ in range(2)]
        assert sum(halves) == 20_000
        assert quoted(world, 120_000).target_minor == 50_000


def test_who_owes_what_for_a_conversion_with_a_bonus(world: Bench) -> None:
    """The hotel owes 0.30 for each point; miles cost 0.90; nobody owes themselves the bonus."""
    with world.undone():
        assert owed(converted(world, 60_000)) == {("PRINCIPAL", "hotel", "miles"): 1_800_000}
    with world.undone():
        world.published(
            pair(
                "1/3",
                "87",
                minimum_minor=3_000,
                increment_minor=3_000,
                bonuses=(BonusStep(60_000, 5_000, "dollars"), BonusStep(30_000, 100, "hotel")),
            )
        )
        done = converted(world, 60_000)
        assert owed(done) == {
            ("PRINCIPAL", "hotel", "miles"): 20_000 * 87 + 200 * 87,
            ("PRINCIPAL", "dollars", "miles"): 5_000 * 87,
            ("SPREAD", "hotel", "operator"): 20_000 * 3,
        }
        points = [(kind, amount) for kind, debit, _, amount in done.lines if "issued/m" in debit]
        assert points == [("CONVERSION", 20_000), ("BONUS", 5_000), ("BONUS", 200)]


AMOUNTS: dict[str, tuple[int, str]] = {
    "below the least": (2_999, "BELOW_MINIMUM"),
    "the least": (3_000, ""),
    "no increment": (3_001, "NOT_AN_INCREMENT"),
    "an increment more": (6_000, ""),
}


@pytest.mark.parametrize("name", AMOUNTS)
def test_minimum_and_increment(world: Bench, name: str) -> None:
    amount, reason = AMOUNTS[name]
    with world.undone():
        assert asked(world, amount).reason == reason


def test_what_is_dropped_is_visible(world: Bench) -> None:
    """At 200:1 an amount of 3,099 gives 15, and 99/200 of a unit remain."""
    with world.undone():
        world.published(pair("1/200", "5000", "dollars", minimum_minor=3_000))
        found = quoted(world, 3_099, Z)
        amounts = found.amounts
        assert (amounts.target_minor, amounts.remainder) == (15, Fraction(99, 200))
        assert amounts.shared_minor == 3_099 * 30
        assert amounts.value_minor == 15 * 5_000
        assert amounts.rounding_minor == 99 * 5_000 // 200
        assert amounts.spread_minor == 3_099 * 30 - 75_000 - 2_475
        steps = asked(world, 3_099, Z).result.steps
        assert any("99/200 of a unit is dropped" in step for step in steps)


FEES = {
    1_000: 60,
    100_000: 6_000,
    164_000: 9_840,
    165_000: 9_900,
    166_000: 9_900,
    900_000: 9_900,
}


@pytest.mark.parametrize("amount", FEES)
def test_a_fee_in_money_reaches_its_cap(world: Bench, amount: int) -> None:
    """0.0006 USD a point, 99.00 at most: from 165,000 points on."""
    with world.undone():
        fee = MoneyFee("USD", Fraction(6, 100), 9_900)
        world.published(pair("1", "30", minimum_minor=1_000, increment_minor=1_000, fee=fee))
        assert quoted(world, amount).amounts.money_fee == MoneyCharge(
            "USD", FEES[amount], FEES[amount]
        )
        done = converted(world, amount)
        assert owed(done) == {
            ("PRINCIPAL", "hotel", "miles"): amount * 30,
            ("FEE", "hotel", "operator"): FEES[amount],
        }


def test_a_shortfall_is_borne_by_its_funder(world: Bench) -> None:
    """A point is worth 30, the mile for it costs 40: dollars pay the 10."""
    with world.undone():
        world.published(pair("1", "40", shortfall_funder="dollars"))
        assert owed(converted(world, 1_000)) == {
            ("PRINCIPAL", "hotel", "miles"): 30_000,
            ("PRINCIPAL", "dollars", "miles"): 10_000,
        }


def test_the_least_that_is_asked_for(world: Bench) -> None:
    with world.undone():
        assert asked(world, 60_000, min_out_minor=25_000).reason == ""
        refused = asked(world, 60_000, min_out_minor=25_001)
        assert refused.reason == "MIN_OUT_NOT_MET"
        assert dict(refused.metadata)["target_minor"] == "25000"


def test_of_the_terms_in_force_those_count_that_give_most(world: Bench) -> None:
    with world.undone():
        launch = pair("1/2", "60", offer="launch", minimum_minor=6_000)
        world.published(Change(launch, None, NOON + HOUR))
        assert (quoted(world, 6_000).offer, quoted(world, 6_000).target_minor) == ("launch", 3_000)
        assert quoted(world, 3_000).offer == ""
        assert quoted(world, 60_000).target_minor == 30_000
        assert asked(world, 3_000, offer="launch").reason == "BELOW_MINIMUM"
        assert asked(world, 6_000, offer="lunch").reason == "UNKNOWN_OFFER"
        world.now = NOON + HOUR
        try:
            assert quoted(world, 6_000).target_minor == 2_000
            assert asked(world, 6_000, offer="launch").reason == "UNKNOWN_OFFER"
        finally:
            world.now = NOON


def test_an_offer_that_is_for_once(world: Bench) -> None:
    """Used by converting, not by asking; the standing terms hold after it."""
    with world.undone():
        world.published(pair("1/2", "60", offer="welcome", once_per_member=True))
        assert quoted(world, 3_000).offer == "welcome"
        assert converted(world, 3_000).result.quote.offer == "welcome"
        assert quoted(world, 3_000).offer == ""
        assert asked(world, 3_000, offer="welcome").reason == "OFFER_USED"
        other = world.ask("hotel", quote(("hotel", "2"), ("miles", "2"), 3_000))
        assert other.result.quote.offer == "welcome"


def test_an_offer_for_once_in_one_batch(world: Bench) -> None:
    """Two quotes for two pairs cannot use it twice; two conversions of one quote neither."""
    with world.undone():
        world.published(pair("1/2", "60", offer="welcome", once_per_member=True))
        first = quoted(world, 3_000)
        convert = world.submission("hotel", Convert(first.number))
        again = world.submission("hotel", RequestQuote(H, F, 3_000, None, offer="welcome"))
        assert [o.reason for o in world.batch(convert, again)] == ["", "OFFER_USED"]


CAPS: dict[str, tuple[Caps, list[tuple[str, int, int, str]]]] = {
    "of a member in a day": (
        Caps(member_daily_minor=6_000),
        [
            ("1", 0, 3_000, ""),
            ("1", 0, 6_000, "CONVERSION_CAP_EXCEEDED"),
            ("1", 0, 3_000, ""),
            ("1", 0, 3_000, "CONVERSION_CAP_EXCEEDED"),
            ("2", 0, 6_000, ""),
            ("1", 11, 3_000, "CONVERSION_CAP_EXCEEDED"),
            ("1", 12, 6_000, ""),
        ],
    ),
    "of a member in a year": (
        Caps(member_yearly_minor=6_000),
        [
            ("1", 0, 6_000, ""),
            ("1", 24 * 304, 3_000, "CONVERSION_CAP_EXCEEDED"),
            ("1", 24 * 305, 3_000, ""),
        ],
    ),
    "of all in a day": (
        Caps(pair_daily_minor=9_000),
        [("1", 0, 6_000, ""), ("2", 0, 6_000, "CONVERSION_CAP_EXCEEDED"), ("2", 0, 3_000, "")],
    ),
    "of all in a year": (
        Caps(pair_yearly_minor=9_000),
        [("1", 0, 6_000, ""), ("2", 48, 6_000, "CONVERSION_CAP_EXCEEDED"), ("2", 48, 3_000, "")],
    ),
}


@pytest.mark.parametrize("name", CAPS)
def test_caps(world: Bench, name: str) -> None:
    """2026-03-02 12:00 is the start: 12 hours later it is another day, 305 days another year."""
    caps, conversions = CAPS[name]
    with world.undone():
        world.published(pair("1/3", "90", minimum_minor=3_000, increment_minor=3_000, caps=caps))
        try:
            for member, hours, amount, reason in conversions:
                world.now = NOON + hours * HOUR
                made = world.ask("hotel", quote(("hotel", member), ("miles", member), amount))
                assert made.reason == reason, (member, hours, amount)
                if not reason:
                    done = world.ask("hotel", Convert(made.number))
                    assert done.reason == ""
        finally:
            world.now = NOON


def test_a_cap_is_judged_again_when_a_quote_is_executed(world: Bench) -> None:
    """Also within one batch: both were quoted, and the cap is of all."""
    with world.undone():
        caps = Caps(pair_daily_minor=6_000)
        world.published(pair("1/3", "90", minimum_minor=3_000, increment_minor=3_000, caps=caps))
        made = [
            world.ask("hotel", quote(("hotel", n), ("miles", n), 6_000)).number for n in ("1", "2")
        ]
        done = world.batch(*(world.submission("hotel", Convert(number)) for number in made))
        assert [outcome.reason for outcome in done] == ["", "CONVERSION_CAP_EXCEEDED"]


def test_dated_terms_take_effect_at_their_instants(world: Bench) -> None:
    """A pair that had terms of its own is not converted by rates when they end."""
    with world.undone():
        begins, ends = NOON + HOUR, NOON + 2 * HOUR
        world.published(RateTerms("miles", None, Fraction(90)))
        world.published(Change(pair("1/5", "90"), begins, ends))
        tick = timedelta(microseconds=1)
        found = {}
        try:
            for name, instant in (
                ("before", begins - tick),
                ("at", begins),
                ("last", ends - tick),
                ("after", ends),
            ):
                world.now = instant
                outcome = asked(world, 3_000)
                found[name] = outcome.reason or outcome.result.quote.target_minor
        finally:
            world.now = NOON
        assert found == {"before": 1_000, "at": 600, "last": 600, "after": "NOT_CONVERTIBLE"}


def test_rates_alone_have_a_minimum_of_their_own(world: Bench) -> None:
    with world.undone():
        world.published(
            RateTerms("dollars", None, Fraction(100)), Safeguards("hotel", minimum_minor=500)
        )
        assert asked(world, 499, Z).reason == "BELOW_MINIMUM"
        assert asked(world, 500, Z).result.quote.target_minor == 150


def test_nothing_goes_in_where_there_is_no_rate_in(world: Bench) -> None:
    with world.undone():
        gift = ActivityKey("miles", "GIFT", "1")
        world.ask("miles", report(F, gift, [("miles", "BASE", 1_000)]))
        world.published(RateTerms("miles", None, Fraction(90)), RateTerms("hotel", 30, 40))  # type: ignore[arg-type]
        assert world.ask("miles", quote(F, H, 1_000)).reason == "NO_RATE"


def test_a_quote_says_in_words_and_numbers_how_it_came_about(world: Bench) -> None:
    with world.undone():
        steps = asked(world, 60_000).result.steps
        assert steps[0].startswith("60000 HH times 1/3 (terms ")
        assert steps[0].endswith(") give 20000 MI")
        assert steps[1] == "a bonus of 5000 MI is paid for by miles"
        assert "are 18000.00 COIN" in steps[2]
        assert steps[3] == (
            "of it 18000.00 COIN are owed for the MI, and 0.00 COIN stay with the operator"
        )


def test_the_first_value_in_a_money_holds_at_once_and_the_next_with_a_window(world: Bench) -> None:
    """A money without a value when the window opened has the first one since; then no other."""
    fee = MoneyFee("EUR", Fraction(6, 100), None)
    with world.undone():
        world.now = NOON + HOUR
        try:
            world.published(MoneyValue("EUR", Fraction(2)))
            world.published(pair("1", "30", fee=fee))
            assert quoted(world, 1_000).amounts.money_fee == MoneyCharge("EUR", 60, 30)
            world.now = NOON + 2 * HOUR
            world.published(MoneyValue("EUR", Fraction(3)))
            assert quoted(world, 1_000).amounts.money_fee == MoneyCharge("EUR", 60, 30)
        finally:
            world.now = NOON
