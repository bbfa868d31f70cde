"""What was agreed: terms that both signed, and the rate book."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction

import pytest

from partners import queries
from partners.activities import ActivityKey
from partners.context import Command
from partners.directory import Permission
from partners.directory_store import load_directory
from partners.exchange.proposals import Change, RateRange
from partners.exchange.terms import RateTerms
from partners.queries import Asker
from partners.usecases.agreements import Accept, Offer, Suspend
from partners.usecases.rates import Approve, Propose
from partners.usecases.reversal import Reverse
from support.coalition_day import NOON
from support.use_case_bench import (
    Bench,
    Outcome,
    linked_bench,
    report,
    stay,
    terms_of,
)

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def world(module_database_url: str) -> Iterator[Bench]:
    with linked_bench(module_database_url) as made:
        yield made


RANGE = RateRange(Fraction(40), Fraction(60))

OFFERS: dict[str, tuple[str, Command, str]] = {
    "by the issuer": ("airline", Offer(terms_of("airline", "hotel")), ""),
    "by the buyer": ("hotel", Offer(terms_of("airline", "hotel")), ""),
    "by somebody else": ("stranger", Offer(terms_of("airline", "hotel")), "NOT_AUTHORIZED"),
    "to nobody": ("airline", Offer(terms_of("airline", "no-such")), "UNKNOWN_PARTICIPANT"),
    "to a person": ("airline", Offer(terms_of("airline", "admin-one")), "UNKNOWN_PARTICIPANT"),
    "of no programme": ("airline", Offer(terms_of("no-such", "hotel")), "UNKNOWN_PROGRAMME"),
    "to itself": ("airline", Offer(terms_of("airline", "airline")), "INVALID_ARGUMENT"),
    "of the past": (
        "airline",
        Offer(terms_of("airline", "hotel", valid_from=NOON - DAY)),
        "RETROACTIVE",
    ),
    "ending before it begins": (
        "airline",
        Offer(terms_of("airline", "hotel", valid_from=NOON + DAY, valid_to=NOON + DAY)),
        "INVALID_ARGUMENT",
    ),
    "ended": ("airline", Offer(terms_of("airline", "hotel", valid_to=NOON)), "INVALID_ARGUMENT"),
    "a range of rates with the operator": (
        "airline",
        Offer(replace(terms_of("airline", "operator"), rate_in_range=RANGE)),
        "",
    ),
    "a range of rates with another": (
        "airline",
        Offer(replace(terms_of("airline", "hotel"), cost_out_range=RANGE)),
        "INVALID_ARGUMENT",
    ),
    "spending of points": (
        "airline",
        Offer(terms_of("airline", "hotel", permissions=[Permission.REDEEM])),
        "INVALID_ARGUMENT",
    ),
    "a price for what is not spent": (
        "airline",
        Offer(replace(terms_of("airline", "hotel"), reimbursement_price=Fraction(1))),
        "INVALID_ARGUMENT",
    ),
}


@pytest.mark.parametrize("name", OFFERS)
def test_offering(world: Bench, name: str) -> None:
    sender, command, reason = OFFERS[name]
    with world.undone():
        assert world.ask(sender, command).reason == reason


def test_an_agreement_takes_both(world: Bench) -> None:
    with world.undone():
        number = world.ask("airline", Offer(terms_of("airline", "hotel"))).result.agreement.number

        assert world.ask("hotel", stay("H1", "offered")).reason == "NO_AGREEMENT"
        assert world.ask("airline", Accept(number)).reason == "SAME_PERSON"
        assert world.ask("stranger", Accept(number)).reason == "UNKNOWN_AGREEMENT"
        assert world.ask("airline", Suspend(number, suspended=True)).reason == "AGREEMENT_STATE"
        assert world.ask("hotel", Accept(number)).reason == ""
        assert world.ask("hotel", Accept(number)).reason == "AGREEMENT_STATE"
        assert world.ask("hotel", stay("H1", "accepted")).reason == ""
        assert world.ask("hotel", Suspend(number, suspended=True)).reason == "NOT_AUTHORIZED"
        assert world.ask("airline", Suspend(number, suspended=True)).reason == ""
        assert world.ask("airline", Suspend(number, suspended=True)).reason == "AGREEMENT_STATE"
        assert world.ask("hotel", stay("H1", "suspended")).reason == "NO_AGREEMENT"
        assert world.ask("airline", Suspend(number, suspended=False)).reason == ""
        assert world.ask("hotel", stay("H1", "resumed")).reason == ""


def owed(outcome: Outcome) -> list[int]:
    return [leg.owed_minor for leg in outcome.result.legs if leg.price is not None]


def test_the_agreement_accepted_last_prices(world: Bench) -> None:
    """Until a later one is in force the earlier holds; suspending the last brings none back."""
    with world.undone():
        world.agree("airline", "hotel", price=100)
        assert owed(world.ask("hotel", stay("H1", "1", 1_000))) == [1_000]
        later = world.agree("airline", "hotel", price=200)
        assert owed(world.ask("hotel", stay("H1", "2", 1_000))) == [2_000]
        world.agree("airline", "hotel", price=300, valid_from=NOON + DAY)
        assert owed(world.ask("hotel", stay("H1", "3", 1_000))) == [2_000]
        world.ask("airline", Suspend(later, suspended=True))
        assert world.ask("hotel", stay("H1", "4", 1_000)).reason == "NO_AGREEMENT"
        world.now = NOON + DAY
        try:
            assert owed(world.ask("hotel", stay("H1", "5", 1_000))) == [3_000]
        finally:
            world.now = NOON


def test_an_agreement_ends(world: Bench) -> None:
    with world.undone():
        world.agree("airline", "hotel", valid_to=NOON + DAY)
        for instant, reason in (
            (NOON + DAY - timedelta(microseconds=1), ""),
            (NOON + DAY, "NO_AGREEMENT"),
        ):
            world.now = instant
            try:
                assert world.ask("hotel", stay("H1", str(instant))).reason == reason
            finally:
                world.now = NOON


def test_a_reversal_gives_the_cap_back(world: Bench) -> None:
    with world.undone():
        world.agree("airline", "hotel", cap=200)
        assert world.ask("hotel", stay("H1", "1")).reason == ""
        assert world.ask("hotel", stay("H1", "2", 1_00)).reason == "CAP_EXCEEDED"
        assert not world.ask("hotel", Reverse(ActivityKey("hotel", "STAY", "1"), "x")).reason
        assert world.ask("hotel", stay("H1", "3")).reason == ""


def test_a_buyer_credits_members_of_the_programme_it_buys(world: Bench) -> None:
    """Under STATE_POINTS without a link; without an agreement it cannot even tell who is there."""
    command = report(
        ("airline", "A1"), ActivityKey("stranger", "SALE", "1"), [("airline", "BASE", 5)]
    )
    with world.undone():
        assert world.ask("stranger", command).reason == "UNKNOWN_MEMBERSHIP"
        world.agree("airline", "stranger", permissions=[Permission.STATE_POINTS])
        assert world.ask("stranger", command).reason == ""


def propose(
    programme: str = "hotel", rate: int | Fraction = 50, effective: datetime | None = None
) -> Propose:
    terms = RateTerms(programme, Fraction(rate), Fraction(rate))
    return Propose((Change(terms, effective),), "test")


RATES: dict[str, tuple[Propose, str]] = {
    "now": (propose(), ""),
    "from tomorrow": (propose(effective=NOON + DAY), ""),
    "from the past": (propose(effective=NOON - timedelta(microseconds=1)), "RETROACTIVE"),
    "of no programme": (propose("no-such"), "UNKNOWN_PROGRAMME"),
    "of the shared currency, not one": (propose("operator", 2), "INVALID_ARGUMENT"),
    "of the shared currency": (propose("operator", 1), ""),
}


@pytest.mark.parametrize("name", RATES)
def test_proposing(world: Bench, name: str) -> None:
    command, reason = RATES[name]
    with world.undone():
        assert world.ask("admin-one", command).reason == reason


def test_the_rate_book_as_of_any_instant(world: Bench) -> None:
    """By when they took effect; proposals and what was approved later do not show."""
    with world.undone() as connection:
        world.ask("admin-one", propose(rate=99))
        first = world.rate("hotel", 10, 10)
        world.now = NOON + DAY
        try:
            later = world.ask("admin-one", propose(rate=30, effective=NOON + 3 * DAY)).number
            (version,) = world.ask("admin-two", Approve(later)).result.versions
            second = world.rate("hotel", 20, 20)
            again = world.ask("admin-two", Approve(later))
        finally:
            world.now = NOON
        asker = Asker("hotel", load_directory(connection, world.coalition), NOON)
        found = {
            days: [rate.number for rate in queries.rates(asker, "hotel", NOON + days * DAY)]
            for days in (-1, 0, 1, 2, 3, 1_000)
        }

        assert found == {
            -1: [],
            0: [first],
            1: [second],
            2: [second],
            3: [version],
            1_000: [version],
        }
        assert again.reason == "UNKNOWN_PROPOSAL"
        assert len(queries.rates(asker, "hotel", None)) == 3


def test_a_proposal_whose_instant_has_passed_takes_effect_when_approved(world: Bench) -> None:
    with world.undone() as connection:
        proposed = world.ask("admin-one", propose(effective=NOON + timedelta(hours=1)))
        world.now = NOON + DAY
        try:
            (number,) = world.ask("admin-two", Approve(proposed.number)).result.versions
        finally:
            world.now = NOON
        book = load_directory(connection, world.coalition).book

        (version,) = (v for v in book.versions if v.number == number)
        assert version.effective_from == NOON + DAY


def test_a_change_of_the_directory_holds_for_the_next_request(world: Bench) -> None:
    """The version of the directory grows with each; business leaves it as it is."""
    with world.undone() as connection:
        before = load_directory(connection, world.coalition).version
        world.ask("hotel", stay("H1", "business", spend=[]))
        assert load_directory(connection, world.coalition).version == before
        changed = world.ask("admin-one", propose())
        assert load_directory(connection, world.coalition).version == changed.number
