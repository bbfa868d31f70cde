"""The directory: admission by two persons, keys, programmes."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from coalition.signing import prove_possession, public_bytes
from partners.context import Command
from partners.directory import KeyState, PrincipalKind
from partners.programmes.definition import BadDefinition, parse_definition
from partners.usecases.agreements import Offer
from partners.usecases.directory import (
    ApproveKey,
    NewKey,
    RegisterKey,
    RegisterPartner,
    RevokeKey,
)
from partners.usecases.programmes import PublishProgramme
from support.coalition_day import NOON, private_key
from support.use_case_bench import (
    Bench,
    definition,
    keyid_of,
    linked_bench,
    stay,
    terms_of,
)

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def world(module_database_url: str) -> Iterator[Bench]:
    with linked_bench(module_database_url) as made:
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
