"""The directory: admission by two persons, keys, programmes, agreements, the rate book."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from fractions import Fraction

import pytest

from coalition.signing import prove_possession, public_bytes
from partners import queries
from partners.activities import ActivityKey
from partners.context import Command
from partners.directory import KeyState, Permission, PrincipalKind
from partners.directory_store import load_directory
from partners.exchange.arithmetic import RateTerms
from partners.programmes.definition import BadDefinition, parse_definition
from partners.queries import Asker
from partners.usecases.agreements import Accept, Offer, Suspend
from partners.usecases.directory import (
    ApproveKey,
    NewKey,
    PublishProgramme,
    RegisterKey,
    RegisterPartner,
    RevokeKey,
)
from partners.usecases.rates import ApproveRate, ProposeRate
from partners.usecases.reversal import Reverse
from support.coalition_day import NOON, private_key
from support.use_case_bench import (
    Bench,
    Outcome,
    bench,
    definition,
    keyid_of,
    report,
    sample,
    stay,
    terms_of,
)

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def world(module_database_url: str) -> Iterator[Bench]:
    with bench(module_database_url) as made:
        made.admit("hotel", "airline", "stranger")
        for partner in ("hotel", "airline"):
            made.publish(partner, sample(partner))
        made.enrol("hotel", "H1", choice="points-and-miles")
        made.enrol("airline", "A1")
        made.link(("hotel", "H1"), ("airline", "A1"))
        yield made


def new_key(
    name: str, owner: str, audience: str = "test-coalition", signer: str | None = None
) -> NewKey:
    proof = prove_possession(private_key(signer or name), audience, owner)
    return NewKey(public_bytes(private_key(name)), proof, None, None)


def register(partner: str = "card", key: NewKey | None = None) -> RegisterPartner:
    return RegisterPartner(
        partner, PrincipalKind.CARD_ISSUER, "Card", key or new_key(partner, partner)
    )


def test_two_persons_admit_a_partner(world: Bench) -> None:
    """Who registered the key does not approve it; until then it may not sign."""
    with world.undone():
        assert world.ask("admin-one", register()).result.state is KeyState.PENDING
        assert world.ask("card", Offer(terms_of("hotel", "card"))).reason == "KEY_NOT_ACTIVE"
        assert world.ask("admin-one", ApproveKey(keyid_of("card"))).reason == "SAME_PERSON"
        assert (
            world.ask("admin-two", ApproveKey(keyid_of("card"))).result.state is KeyState.APPROVED
        )
        assert world.ask("admin-one", ApproveKey(keyid_of("card"))).reason == "UNKNOWN_PROPOSAL"
        assert world.ask("card", Offer(terms_of("hotel", "card"))).reason == ""


REGISTRATIONS: dict[str, tuple[RegisterPartner, str]] = {
    "a participant's id": (register("hotel"), "ALREADY_EXISTS"),
    "a person's id": (register("admin-one"), "ALREADY_EXISTS"),
    "the operator's id": (register("operator"), "ALREADY_EXISTS"),
    "the gateway's id": (register("gateway"), "ALREADY_EXISTS"),
    "a key that is registered": (register(key=new_key("hotel", "card")), "ALREADY_EXISTS"),
    "proof for another owner": (register(key=new_key("card", "hotel")), "BAD_KEY"),
    "proof for another coalition": (register(key=new_key("card", "card", "other")), "BAD_KEY"),
    "proof by another key": (register(key=new_key("card", "card", signer="x")), "BAD_KEY"),
    "no proof": (
        register(key=NewKey(public_bytes(private_key("card")), b"", None, None)),
        "BAD_KEY",
    ),
    "no key": (register(key=NewKey(b"", b"", None, None)), "BAD_KEY"),
    "a key too long": (register(key=NewKey(bytes(33), bytes(64), None, None)), "BAD_KEY"),
}


@pytest.mark.parametrize("name", REGISTRATIONS)
def test_registrations_that_are_refused(world: Bench, name: str) -> None:
    command, reason = REGISTRATIONS[name]
    with world.undone():
        assert world.ask("admin-one", command).reason == reason


LOW_ORDER = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
]
"""All points of order 1, 2, 4 and 8 in their canonical encodings."""

NOT_CANONICAL = [
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
]


@pytest.mark.parametrize("public", [*LOW_ORDER, *NOT_CANONICAL])
def test_weak_keys_are_refused_whatever_their_proof(world: Bench, public: str) -> None:
    """Under such a key R = A and S = 0 would verify for many messages."""
    raw = bytes.fromhex(public)
    with world.undone():
        for proof in (raw + bytes(32), bytes.fromhex(LOW_ORDER[0]) + bytes(32), bytes(64)):
            key = NewKey(raw, proof, None, None)
            assert world.ask("admin-one", register(key=key)).reason == "BAD_KEY"
            assert world.ask("hotel", RegisterKey(key)).reason == "BAD_KEY"


def test_a_further_key(world: Bench) -> None:
    """Any one administrator approves a partner's; an administrator's own takes another."""
    with world.undone():
        assert not world.ask("hotel", RegisterKey(new_key("hotel-2", "hotel"))).reason
        assert world.ask("hotel", RegisterKey(new_key("x", "airline"))).reason == "BAD_KEY"
        assert not world.ask("admin-one", ApproveKey(keyid_of("hotel-2"))).reason
        assert not world.ask("admin-one", RegisterKey(new_key("one-2", "admin-one"))).reason
        assert world.ask("admin-one", ApproveKey(keyid_of("one-2"))).reason == "SAME_PERSON"
        assert not world.ask("admin-two", ApproveKey(keyid_of("one-2"))).reason


def test_a_key_begins_when_it_is_approved_and_ends_when_it_says(world: Bench) -> None:
    with world.undone():
        dated = new_key("hotel-2", "hotel")
        past = NewKey(dated.public, dated.proof, NOON - DAY, NOON + DAY)
        world.ask("hotel", RegisterKey(past))
        approved = world.ask("admin-one", ApproveKey(keyid_of("hotel-2"))).result

        assert (approved.valid_from, approved.valid_to) == (NOON, NOON + DAY)
        assert not approved.active(NOON - timedelta(microseconds=1))
        assert approved.active(NOON)
        assert not approved.active(NOON + DAY)


REVOKERS = {"hotel": "", "admin-two": "", "airline": "UNKNOWN_PROPOSAL"}


@pytest.mark.parametrize("sender", REVOKERS)
def test_who_revokes(world: Bench, sender: str) -> None:
    with world.undone():
        world.ask("hotel", RegisterKey(new_key("hotel-2", "hotel")))
        revoke = RevokeKey(keyid_of("hotel-2"), NOON - DAY)
        outcome = world.ask(sender, revoke)

        assert outcome.reason == REVOKERS[sender]
        if not outcome.reason:
            assert outcome.result.compromised_since == NOON - DAY
            assert world.ask(sender, revoke).reason == "UNKNOWN_PROPOSAL"
            assert world.ask("admin-one", ApproveKey(keyid_of("hotel-2"))).reason == (
                "UNKNOWN_PROPOSAL"
            )
            again = world.ask("hotel", RegisterKey(new_key("hotel-2", "hotel")))
            assert again.reason == "ALREADY_EXISTS"


def test_the_gateways_key_is_not_revoked_by_request(world: Bench) -> None:
    with world.undone():
        revoke = RevokeKey(keyid_of("gateway"), None)

        assert world.ask("admin-one", revoke).reason == "NOT_AUTHORIZED"
        assert world.ask("hotel", revoke).reason == "UNKNOWN_PROPOSAL"


def test_a_revoked_key_gets_no_answer_even_to_what_it_asked_before(world: Bench) -> None:
    with world.undone():
        sent = world.submission("hotel", stay("H1", "before", spend=[]))
        assert not world.batch(sent)[0].reason
        world.ask("admin-one", RevokeKey(keyid_of("hotel"), None))

        assert world.batch(sent)[0].reason == "KEY_REVOKED"
        assert world.ask("hotel", stay("H1", "after")).reason == "KEY_REVOKED"


def publish(programme: str, code: str, **more: object) -> Command:
    data = definition(programme, code, **more).encode()  # type: ignore[arg-type]
    return PublishProgramme(data, parse_definition(data))


def broken() -> Command:
    data = b"schema = 2"
    try:
        return PublishProgramme(data, parse_definition(data))
    except BadDefinition as bad:
        return PublishProgramme(data, bad)


PROGRAMMES: dict[str, tuple[str, Command, str]] = {
    "a second programme": ("hotel", publish("spa", "SPA"), ""),
    "one of its own id": ("stranger", publish("stranger", "STRANGE"), ""),
    "another's programme": ("airline", publish("hotel", "HOTEL-POINTS"), "NOT_AUTHORIZED"),
    "another's id": ("airline", publish("stranger", "STRANGE"), "ALREADY_EXISTS"),
    "a person's id": ("airline", publish("admin-one", "STRANGE"), "ALREADY_EXISTS"),
    "another's currency": ("airline", publish("spa", "HOTEL-POINTS"), "ALREADY_EXISTS"),
    "its own currency again": ("hotel", publish("spa", "HOTEL-POINTS"), "ALREADY_EXISTS"),
    "the shared currency": ("hotel", publish("spa", "COIN"), "ALREADY_EXISTS"),
    "broken": ("hotel", broken(), "BAD_DEFINITION"),
    "a version of the past": (
        "hotel",
        publish("hotel", "HOTEL-POINTS", valid_from=NOON - timedelta(seconds=1)),
        "RETROACTIVE",
    ),
    "a version from now on": ("hotel", publish("hotel", "HOTEL-POINTS", valid_from=NOON), ""),
    "another currency": ("hotel", publish("hotel", "OTHER", valid_from=NOON), "BAD_DEFINITION"),
    "another exponent": (
        "hotel",
        publish("hotel", "HOTEL-POINTS", valid_from=NOON, exponent=2),
        "BAD_DEFINITION",
    ),
    "another custody": (
        "hotel",
        publish("hotel", "HOTEL-POINTS", valid_from=NOON, custody="partner"),
        "BAD_DEFINITION",
    ),
}


@pytest.mark.parametrize("name", PROGRAMMES)
def test_publishing(world: Bench, name: str) -> None:
    sender, command, reason = PROGRAMMES[name]
    with world.undone():
        assert world.ask(sender, command).reason == reason


def test_a_programmes_id_is_nobody_elses(world: Bench) -> None:
    with world.undone():
        world.ask("hotel", publish("spa", "SPA"))

        assert world.ask("admin-one", register("spa")).reason == "ALREADY_EXISTS"


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
) -> ProposeRate:
    zero = Fraction(0)
    return ProposeRate(
        RateTerms(programme, Fraction(rate), Fraction(rate), zero, zero), effective, "test"
    )


RATES: dict[str, tuple[ProposeRate, str]] = {
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
            later = world.ask("admin-one", propose(rate=30, effective=NOON + 3 * DAY)).result
            version = world.ask("admin-two", ApproveRate(later.proposal)).result.version
            second = world.rate("hotel", 20, 20)
            again = world.ask("admin-two", ApproveRate(later.proposal))
        finally:
            world.now = NOON
        asker = Asker("hotel", load_directory(connection, world.coalition), NOON)
        found = {
            days: [rate.version for rate in queries.rates(asker, "hotel", NOON + days * DAY)]
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
        assert len(queries.rates(asker, "hotel", None)) == 4


def test_a_proposal_whose_instant_has_passed_takes_effect_when_approved(world: Bench) -> None:
    with world.undone():
        proposed = world.ask("admin-one", propose(effective=NOON + timedelta(hours=1))).result
        world.now = NOON + DAY
        try:
            approved = world.ask("admin-two", ApproveRate(proposed.proposal)).result
        finally:
            world.now = NOON

        assert approved.effective_from == NOON + DAY


def test_a_change_of_the_directory_holds_for_the_next_request(world: Bench) -> None:
    """The version of the directory grows with each; business leaves it as it is."""
    with world.undone() as connection:
        before = load_directory(connection, world.coalition).version
        world.ask("hotel", stay("H1", "business", spend=[]))
        assert load_directory(connection, world.coalition).version == before
        changed = world.ask("admin-one", propose())
        assert load_directory(connection, world.coalition).version == changed.number
