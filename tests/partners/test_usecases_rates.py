"""The rate book and the people who administer it: proposals, signatures, stops, guard rails."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest
from sqlalchemy import text

from partners import queries
from partners.activities import ActivityKey
from partners.check import check_agreed
from partners.directory import Role
from partners.directory_store import load_directory
from partners.exchange.proposals import Change, RateRange
from partners.exchange.terms import (
    BonusStep,
    GuardRails,
    Limits,
    MoneyFee,
    MoneyValue,
    PairTerms,
    RateTerms,
    Resumption,
    Terms,
)
from partners.queries import Asker
from partners.usecases.agreements import Accept, Offer
from partners.usecases.exchange import Convert
from partners.usecases.rates import Approve, Consent, Propose, Reject, StopPair, Withdraw
from support.coalition_day import NOON
from support.use_case_bench import Bench, Outcome, bench, definition, quote, report, terms_of

A, B = ("alpha", "1"), ("beta", "1")
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def world(module_database_url: str) -> Iterator[Bench]:
    """A at 0.50 in and 0.60 out, B at 0.70 and 0.80; three rate administrators."""
    with bench(module_database_url) as made:
        made.admit("alpha", "beta", "gamma")
        made.admit("admin-three", role=Role.RATE_ADMINISTRATOR)
        for name, code in (("alpha", "AA"), ("beta", "BB"), ("gamma", "GG")):
            made.publish(name, definition(name, code))
        made.rate("alpha", 50, 60)
        made.rate("beta", 70, 80)
        for name in ("alpha", "beta"):
            made.enrol(name, "1")
        made.link(A, B)
        made.ask("alpha", report(A, ActivityKey("alpha", "GIFT", "1"), [("alpha", "BASE", 10**6)]))
        yield made


def rate(programme: str, rate_in: int | Fraction, cost_out: int | Fraction) -> RateTerms:
    return RateTerms(programme, Fraction(rate_in), Fraction(cost_out))


def pair(ratio: str, price: str, **more: object) -> PairTerms:
    values = {"source": "alpha", "target": "beta", "offer": "", **more}
    return PairTerms(ratio=Fraction(ratio), settlement_price=Fraction(price), **values)  # type: ignore[arg-type]


def proposed(world: Bench, *terms: Terms | Change, sender: str = "admin-one") -> Outcome:
    changes = tuple(t if isinstance(t, Change) else Change(t) for t in terms)
    return world.ask(sender, Propose(changes, "test"))


def test_what_one_proposes_another_approves(world: Bench) -> None:
    """The proposer cannot; nobody approves twice; each change becomes an entry of its own."""
    with world.undone() as connection:
        number = proposed(world, rate("alpha", 51, 60), rate("beta", 71, 80)).number
        assert world.ask("admin-one", Approve(number)).reason == "SAME_PERSON"
        done = world.ask("admin-two", Approve(number))
        assert done.result.versions == (done.number + 1, done.number + 2)
        assert world.ask("admin-three", Approve(number)).reason == "UNKNOWN_PROPOSAL"

        book = load_directory(connection, world.coalition).book
        in_force = [book.rate(name, world.now) for name in ("alpha", "beta")]
        assert [version and version.number for version in in_force] == list(done.result.versions)
        assert [version and version.terms.rate_in for version in in_force] == [51, 71]


ENDED: dict[str, list[tuple[str, str, str]]] = {
    "rejected by its proposer": [("admin-one", "reject", "SAME_PERSON")],
    "rejected": [("admin-two", "reject", ""), ("admin-three", "approve", "UNKNOWN_PROPOSAL")],
    "rejected twice": [("admin-two", "reject", ""), ("admin-three", "reject", "UNKNOWN_PROPOSAL")],
    "withdrawn by another": [("admin-two", "withdraw", "NOT_AUTHORIZED")],
    "withdrawn": [("admin-one", "withdraw", ""), ("admin-two", "approve", "UNKNOWN_PROPOSAL")],
    "withdrawn in force": [
        ("admin-two", "approve", ""),
        ("admin-one", "withdraw", "UNKNOWN_PROPOSAL"),
    ],
    "by a partner": [("alpha", "approve", "NOT_AUTHORIZED")],
    "consent that nobody asked for": [("alpha", "consent", "UNKNOWN_PROPOSAL")],
}


@pytest.mark.parametrize("name", ENDED)
def test_how_proposals_end(world: Bench, name: str) -> None:
    with world.undone():
        number = proposed(world, rate("alpha", 51, 60)).number
        commands: dict[str, Approve | Reject | Withdraw | Consent] = {
            "approve": Approve(number),
            "reject": Reject(number, "no"),
            "withdraw": Withdraw(number, "a slip"),
            "consent": Consent(number),
        }
        for sender, what, reason in ENDED[name]:
            assert world.ask(sender, commands[what]).reason == reason, (sender, what)


def test_what_is_scheduled_may_be_withdrawn_by_anybody_until_it_begins(world: Bench) -> None:
    with world.undone() as connection:
        later = Change(rate("alpha", 51, 60), NOON + HOUR)
        number = proposed(world, later).number
        (version,) = world.ask("admin-two", Approve(number)).result.versions
        assert world.ask("admin-three", Withdraw(number, "not now")).reason == ""
        book = load_directory(connection, world.coalition).book
        now = book.rate("alpha", NOON + 2 * HOUR)
        assert now is not None
        assert now.terms.rate_in == 50
        (withdrawn,) = (v for v in book.versions if v.number == version)
        assert withdrawn.withdrawn_number is not None


RAILS = GuardRails(Fraction(1, 10), 3_600)
GUARDED: dict[str, tuple[Change, int]] = {
    "a small change in time": (Change(rate("alpha", 52, 62), NOON + HOUR), 1),
    "exactly as much as allowed": (Change(rate("alpha", 55, 66), NOON + HOUR), 1),
    "a little more": (Change(rate("alpha", Fraction(551, 10), 66), NOON + HOUR), 2),
    "less by too much": (Change(rate("alpha", 44, 60), NOON + HOUR), 2),
    "a small change at once": (Change(rate("alpha", 52, 62)), 2),
    "a microsecond too soon": (
        Change(rate("alpha", 52, 62), NOON + HOUR - timedelta(microseconds=1)),
        2,
    ),
    "a way is closed": (Change(RateTerms("alpha", None, Fraction(60)), NOON + HOUR), 2),
    "a first rate": (Change(rate("gamma", 5, 6)), 1),
    "a fee that takes a fifth": (
        Change(RateTerms("alpha", Fraction(50), Fraction(60), Fraction(1, 5)), NOON + HOUR),
        2,
    ),
    "first terms of a pair, near the rates": (
        Change(pair("3/5", "80", shortfall_funder="alpha"), NOON + HOUR),
        1,
    ),
    "first terms of a pair, far from the rates": (Change(pair("1/2", "80"), NOON + HOUR), 2),
    "an offer far from the rates": (
        Change(pair("1/2", "80", offer="stingy"), NOON + HOUR),
        2,
    ),
    "an offer at once": (Change(pair("3/5", "80", offer="fair", shortfall_funder="alpha")), 2),
    "a bonus that gives too much": (
        Change(pair("3/5", "80", bonuses=(BonusStep(10, 2, "alpha"),)), NOON + HOUR),
        2,
    ),
    "first limits": (Change(Limits("alpha", 500)), 1),
    "the guard rails themselves": (Change(GuardRails(None, 0), NOON + HOUR), 2),
}


@pytest.mark.parametrize("name", GUARDED)
def test_guard_rails_ask_for_a_second_approval(world: Bench, name: str) -> None:
    change, approvals = GUARDED[name]
    with world.undone():
        world.published(RAILS)
        made = proposed(world, change)
        assert made.result.needs.approvals == approvals
        assert bool(made.result.needs.second) is (approvals > 1)
        for partner in made.result.needs.consents:
            assert world.ask(partner, Consent(made.number)).reason == ""
        first = world.ask("admin-two", Approve(made.number))
        assert bool(first.result.versions) is (approvals == 1)
        if approvals > 1:
            assert world.ask("admin-two", Approve(made.number)).reason == "SAME_PERSON"
            assert world.ask("admin-three", Approve(made.number)).result.versions


def agree_on_range(world: Bench, low: int, high: int) -> None:
    terms = terms_of("alpha", "operator")
    allowed = RateRange(Fraction(low), Fraction(high))
    offered = world.ask("alpha", Offer(replace(terms, rate_in_range=allowed)))
    assert world.ask("admin-one", Accept(offered.number)).reason == ""


def test_beyond_its_agreed_range_a_rate_needs_the_partners_signature(world: Bench) -> None:
    with world.undone():
        agree_on_range(world, 45, 55)
        within = proposed(world, rate("alpha", 55, 60))
        assert within.result.needs.consents == ()
        beyond = proposed(world, rate("alpha", 44, 60))
        assert beyond.result.needs.consents == ("alpha",)
        assert world.ask("beta", Consent(beyond.number)).reason == "UNKNOWN_PROPOSAL"
        assert world.ask("admin-two", Approve(beyond.number)).result.versions == ()
        signed = world.ask("alpha", Consent(beyond.number))
        assert signed.result.versions
        assert world.ask("alpha", Consent(beyond.number)).reason == "UNKNOWN_PROPOSAL"


SIGNED: dict[str, tuple[PairTerms, tuple[str, ...]]] = {
    "nobody pays more": (pair("1/2", "80"), ()),
    "a bonus": (pair("1/2", "80", bonuses=(BonusStep(9, 1, "gamma"),)), ("gamma",)),
    "a bonus of the operator": (pair("1/2", "80", bonuses=(BonusStep(9, 1, "operator"),)), ()),
    "a shortfall": (pair("2/3", "80", shortfall_funder="alpha"), ("alpha",)),
    "a price within the range": (pair("1/2", "85"), ()),
    "a price beyond the range": (pair("1/2", "79"), ("beta",)),
}


@pytest.mark.parametrize("name", SIGNED)
def test_who_would_pay_or_be_paid_otherwise_signs_a_pairs_terms(world: Bench, name: str) -> None:
    """Once; the same terms again ask nothing new of anybody."""
    terms, signers = SIGNED[name]
    with world.undone():
        sold = terms_of("beta", "operator")
        allowed = RateRange(Fraction(80), Fraction(90))
        offered = world.ask("beta", Offer(replace(sold, cost_out_range=allowed)))
        assert world.ask("admin-one", Accept(offered.number)).reason == ""
        made = proposed(world, terms)
        assert made.result.needs.consents == signers
        approved = world.ask("admin-two", Approve(made.number))
        assert bool(approved.result.versions) is (not signers)
        for partner in signers:
            assert world.ask(partner, Consent(made.number)).result.versions
        assert proposed(world, terms).result.needs.consents == ()


def test_limits_are_proposed_apart_from_what_a_partner_signs(world: Bench) -> None:
    with world.undone():
        agree_on_range(world, 45, 55)
        both = proposed(world, rate("alpha", 44, 60), Limits("beta", 500))
        assert both.reason == "INVALID_ARGUMENT"
        assert proposed(world, rate("alpha", 46, 60), Limits("beta", 500)).reason == ""


def test_many_steps_at_one_instant_are_one_large_step(world: Bench) -> None:
    """50, 54, 58: each is within 10 % of the one before, and the second not of what holds now."""
    with world.undone():
        world.published(RAILS)
        at = NOON + 2 * HOUR
        first = proposed(world, Change(rate("alpha", 54, 60), at))
        assert first.result.needs.approvals == 1
        assert world.ask("admin-two", Approve(first.number)).result.versions
        second = proposed(world, Change(rate("alpha", 58, 60), at))
        assert second.result.needs.approvals == 2


def test_the_partner_may_sign_first(world: Bench) -> None:
    with world.undone():
        agree_on_range(world, 45, 55)
        beyond = proposed(world, rate("alpha", 44, 60))
        assert world.ask("alpha", Consent(beyond.number)).result.versions == ()
        assert world.ask("alpha", Consent(beyond.number)).reason == "SAME_PERSON"
        assert world.ask("admin-two", Approve(beyond.number)).result.versions


def test_a_stop_voids_open_quotes_by_name(world: Bench) -> None:
    with world.undone():
        given = world.ask("alpha", quote(A, B, 1_000)).number
        stopped = world.ask("admin-one", StopPair("alpha", "beta", "a wrong rate"))
        assert stopped.result.voided == (given,)
        assert world.ask("alpha", Convert(given)).reason == "QUOTE_VOIDED"
        assert world.ask("alpha", quote(A, B, 1_000)).reason == "PAIR_STOPPED"
        assert world.ask("admin-one", StopPair("alpha", "beta", "again")).reason == "PAIR_STOPPED"
        told = stopped.accepted
        assert told is not None
        (consequence,) = told.decision.consequences
        assert consequence.facts == {"stop": str(stopped.number), "quotes": [str(given)]}
        assert consequence.facts_parties == {"alpha"}

        world.published(Resumption("alpha", "beta"))
        assert world.ask("alpha", quote(A, B, 1_000)).reason == ""


FORMS: dict[str, tuple[Change, str]] = {
    "a pair of no programme": (Change(pair("1", "1", target="nobody")), "UNKNOWN_PROGRAMME"),
    "a bonus that nobody pays": (
        Change(pair("1/2", "80", bonuses=(BonusStep(10, 1, "nobody"),))),
        "UNKNOWN_PARTICIPANT",
    ),
    "a shortfall that nobody pays": (
        Change(pair("1/2", "80", shortfall_funder="nobody")),
        "UNKNOWN_PARTICIPANT",
    ),
    "a fee in a money without a value": (
        Change(pair("1/2", "80", fee=MoneyFee("USD", Fraction(1, 10), None))),
        "NO_RATE",
    ),
    "a fee in no money": (
        Change(pair("1/2", "80", fee=MoneyFee("XYZ", Fraction(1, 10), None))),
        "INVALID_ARGUMENT",
    ),
    "the value of no money": (Change(MoneyValue("XYZ", Fraction(1))), "INVALID_ARGUMENT"),
    "limits of nobody": (Change(Limits("nobody", 5)), "UNKNOWN_PARTICIPANT"),
    "the end of no stop": (Change(Resumption("alpha", "beta")), "INVALID_ARGUMENT"),
    "the end of a rate": (
        Change(rate("alpha", 50, 60), None, NOON + HOUR),
        "INVALID_ARGUMENT",
    ),
    "terms that end before they begin": (
        Change(pair("1/2", "80"), NOON + HOUR, NOON + HOUR),
        "INVALID_ARGUMENT",
    ),
    "terms that began": (Change(pair("1/2", "80"), NOON - HOUR), "RETROACTIVE"),
    "the shared currency at another price": (
        Change(pair("1/2", "2", target="operator")),
        "INVALID_ARGUMENT",
    ),
    "a rate that is too fine": (
        Change(RateTerms("alpha", Fraction(1, 10**12 + 1), Fraction(60))),
        "INVALID_ARGUMENT",
    ),
    "a fee that is too fine": (
        Change(pair("1/2", "80", fee=MoneyFee("USD", Fraction(1, 10**12 + 1), None))),
        "INVALID_ARGUMENT",
    ),
    "what nobody funds": (Change(pair("1", "80")), "UNFUNDED"),
    "what alpha funds": (Change(pair("5/6", "80", shortfall_funder="alpha")), ""),
    "a machine": (Change(pair("1", "80", shortfall_funder="alpha")), "MONEY_MACHINE"),
}


@pytest.mark.parametrize("name", FORMS)
def test_what_may_be_proposed(world: Bench, name: str) -> None:
    change, reason = FORMS[name]
    with world.undone():
        assert proposed(world, change).reason == reason


def test_a_refusal_shows_a_chain_that_can_be_replayed(world: Bench) -> None:
    """1 A gives 1 B, and 1 B gives 70/60 A by rates: 6 B give 7 A."""
    with world.undone():
        refused = proposed(world, pair("1", "80", shortfall_funder="alpha"))
        chain = dict(refused.metadata)["chain"].split()
        amounts = [int(step.split(":")[1]) for step in chain]
        start, middle, end = amounts
        if chain[0].startswith("alpha"):
            assert (middle, end) == (start, middle * 70 // 60)
        else:
            assert (middle, end) == (start * 70 // 60, middle)
        assert end > start
        assert "are the changes proposed here" in refused.message


def test_a_machine_is_found_at_approval_too(world: Bench) -> None:
    """Two proposals, each sound by itself, are not sound together: 6 A, 5 B, 7 A."""
    with world.undone():
        cheap = proposed(world, rate("alpha", 50, 50))
        generous = proposed(world, pair("5/6", "80", shortfall_funder="alpha"))
        assert (cheap.reason, generous.reason) == ("", "")
        assert world.ask("admin-two", Approve(cheap.number)).reason == ""
        refused = world.ask("admin-two", Approve(generous.number))
        assert refused.reason == "MONEY_MACHINE"
        assert world.ask("admin-three", Reject(generous.number, "a machine")).reason == ""


def test_what_is_scheduled_is_judged_at_its_instant(world: Bench) -> None:
    """A fall of alpha's cost in an hour makes a machine of what is sound now."""
    with world.undone():
        assert proposed(world, Change(rate("alpha", 50, 49), NOON + HOUR)).reason == "MONEY_MACHINE"
        lower = Change(rate("alpha", 40, 45), NOON + HOUR)
        number = proposed(world, lower).number
        assert world.ask("admin-two", Approve(number)).reason == ""
        now = Change(pair("4/6", "70", shortfall_funder="alpha"))
        refused = proposed(world, now)
        assert refused.reason == "MONEY_MACHINE"
        assert dict(refused.metadata)["instant"] == "2026-03-02T13:00:00.000000Z"


def test_quotes_that_are_open_are_taken_into_account(world: Bench) -> None:
    """1,000 A are quoted at 625 B; were A then as cheap as 40, 625 B would bring 1,093 A."""
    with world.undone():
        given = world.ask("alpha", quote(A, B, 1_000)).result.quote
        assert given.target_minor == 625
        cheaper = rate("alpha", 40, 40)
        refused = proposed(world, cheaper)
        assert refused.reason == "MONEY_MACHINE"
        assert f"quote {given.number}" in refused.message
        in_time = Change(cheaper, NOON + timedelta(minutes=10, microseconds=1))
        assert proposed(world, in_time).reason == ""
        assert proposed(world, Change(cheaper, NOON + timedelta(minutes=10))).reason == (
            "MONEY_MACHINE"
        )


def test_a_quote_ends_when_terms_begin_that_it_would_milk(world: Bench) -> None:
    with world.undone():
        begins = NOON + timedelta(minutes=4)
        number = proposed(world, Change(rate("alpha", 40, 40), begins)).number
        assert world.ask("admin-two", Approve(number)).reason == ""
        given = world.ask("alpha", quote(A, B, 1_000)).result.quote
        assert given.expires_at == begins - timedelta(microseconds=1)
        other = proposed(world, Change(rate("beta", 69, 80), NOON + timedelta(minutes=5)))
        assert other.reason == ""


def test_limits_are_seen_by_their_participant_and_administrators(world: Bench) -> None:
    with world.undone() as connection:
        (number,) = world.published(Limits("alpha", 500))
        directory = load_directory(connection, world.coalition)
        seen = {
            who: number in [v.number for v in queries.rates(Asker(who, directory, NOON), "", None)]
            for who in ("alpha", "beta", "admin-one", "admin-three")
        }
        assert seen == {"alpha": True, "beta": False, "admin-one": True, "admin-three": True}


def test_a_programme_that_opens_a_way_is_judged_as_well(world: Bench) -> None:
    """Gamma's points may not be converted out; a version that lets them would close a circle."""
    with world.undone():
        closed = "[conversion]\nout = false\ninto = true\n"
        first = definition("delta", "DD", rest=closed)
        world.admit("delta")
        assert world.publish("delta", first).reason == ""
        world.published(rate("delta", 90, 60))
        opened = definition(
            "delta", "DD", valid_from=NOON + HOUR, rest=closed.replace("false", "true")
        )
        assert world.publish("delta", opened).reason == "MONEY_MACHINE"


DAMAGES = {
    "update book_version set document = replace(convert_from(document, 'UTF8'), '50/1', "
    "'51/1')::bytea where number = (select min(number) from book_version)": {"book-version"},
    "delete from book_version": {"book-version"},
    "update proposal set state = 'REJECTED'": {"proposal"},
    "delete from proposal": {"proposal"},
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_book_that_was_altered_is_found(world: Bench, damage: str) -> None:
    with world.undone() as connection:
        assert list(check_agreed(connection)) == []
        assert connection.execute(text(damage)).rowcount > 0
        assert {problem.check for problem in check_agreed(connection)} == DAMAGES[damage]
