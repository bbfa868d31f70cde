"""Members: who enrols, sees, links and unlinks whom."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import text

from partners import queries
from partners.context import Command
from partners.directory import Permission
from partners.directory_store import load_directory
from partners.queries import Asker
from partners.refusals import Refused
from partners.state import MembershipKey, MembershipState
from partners.usecases.links import CreateLinkCode, Link, Unlink
from settlement.ledger.reading import member_movements
from support.use_case_bench import Bench, bench, definition, enrol, sample, stay, update

WRONG = "A" * 10


@pytest.fixture(scope="module")
def world(module_database_url: str) -> Iterator[Bench]:
    """Hotel and airline with programmes; an agency that may enrol for the hotel; a stranger."""
    with bench(module_database_url) as made:
        made.admit("hotel", "airline", "agency", "stranger")
        for partner in ("hotel", "airline"):
            made.publish(partner, sample(partner))
        made.publish("stranger", definition("stranger", "STRANGE"))
        made.agree("hotel", "agency", permissions=[Permission.ENROL])
        for number in ("H1", "H2", "H3"):
            made.enrol("hotel", number)
        for number in ("A1", "A2", "A3"):
            made.enrol("airline", number)
        made.link(("hotel", "H1"), ("airline", "A1"))
        made.enrol("stranger", "X1")
        yield made


H1, A1 = ("hotel", "H1"), ("airline", "A1")
H2, A2 = ("hotel", "H2"), ("airline", "A2")

ENROLMENTS: dict[str, tuple[str, Command, str]] = {
    "its own": ("hotel", enrol("hotel", "E1"), ""),
    "with tier and choice": (
        "hotel",
        enrol("hotel", "E2", tier="GOLD", choice="points-and-miles"),
        "",
    ),
    "under an agreement": ("agency", enrol("hotel", "E3"), ""),
    "without one": ("airline", enrol("hotel", "E4"), "NO_AGREEMENT"),
    "the agreement is the other way": ("agency", enrol("airline", "E5"), "NO_AGREEMENT"),
    "a programme that is not": ("hotel", enrol("no-such", "E6"), "UNKNOWN_PROGRAMME"),
    "a number that is taken": ("hotel", enrol("hotel", "H1"), "MEMBERSHIP_EXISTS"),
    "a tier that is not": ("hotel", enrol("hotel", "E7", tier="DIAMOND"), "UNKNOWN_TIER"),
    "a choice that is not": ("hotel", enrol("hotel", "E8", choice="cash"), "UNKNOWN_TIER"),
    "tiers have their case": ("hotel", enrol("hotel", "E9", tier="Gold"), "UNKNOWN_TIER"),
    "the same person, linked only": (
        "airline",
        enrol("airline", "E10", same=H1),
        "NOT_AUTHORIZED",
    ),
    "the same person, not to be seen": (
        "stranger",
        enrol("stranger", "E11", same=H1),
        "NOT_AUTHORIZED",
    ),
    "the same person, who is not": (
        "hotel",
        enrol("hotel", "E12", same=("hotel", "nobody")),
        "UNKNOWN_MEMBERSHIP",
    ),
    "a second number of the same person": (
        "hotel",
        enrol("hotel", "E13", same=H1),
        "MEMBERSHIP_EXISTS",
    ),
    "of two reasons the first": (
        "hotel",
        enrol("hotel", "H1", same=("hotel", "nobody"), tier="NONE"),
        "UNKNOWN_MEMBERSHIP",
    ),
}


@pytest.mark.parametrize("name", ENROLMENTS)
def test_enrolling(world: Bench, name: str) -> None:
    sender, command, reason = ENROLMENTS[name]

    with world.undone():
        assert world.ask(sender, command).reason == reason


def test_the_same_person_in_another_programme(world: Bench) -> None:
    """Who may enrol there names a member of its own; a link does not make two one person."""
    with world.undone():
        world.agree("airline", "hotel", permissions=[Permission.ENROL])
        first = world.ask("hotel", enrol("airline", "SAME", same=H2))
        again = world.ask("hotel", enrol("airline", "SAME-2", same=H2))
        seen = world.ask("hotel", update("hotel", H2[1]))

        assert first.result.member_id == seen.result.membership.member_id
        assert again.reason == "MEMBERSHIP_EXISTS"


def test_a_new_member_has_the_number_of_the_entry(world: Bench) -> None:
    with world.undone():
        enrolled = world.ask("hotel", enrol("hotel", "NEW"))

        assert enrolled.result.member_id == enrolled.number


CHANGES: list[tuple[str, dict[str, object], str]] = [
    ("hotel", {"tier": "GOLD"}, ""),
    ("hotel", {"choice": "points-and-miles"}, ""),
    ("hotel", {"tier": "NONE"}, "UNKNOWN_TIER"),
    ("hotel", {"choice": "none"}, "UNKNOWN_TIER"),
    ("hotel", {"state": MembershipState.BLOCKED}, ""),
    ("airline", {"tier": "GOLD"}, "NOT_AUTHORIZED"),
    ("agency", {"tier": "GOLD"}, "NOT_AUTHORIZED"),
]


@pytest.mark.parametrize(("sender", "changes", "reason"), CHANGES)
def test_changing(world: Bench, sender: str, changes: dict[str, object], reason: str) -> None:
    with world.undone():
        outcome = world.ask(sender, update("hotel", "H1", **changes))

        assert outcome.reason == reason
        if not reason:
            assert {k: getattr(outcome.result.membership, k) for k in changes} == changes


def test_states(world: Bench) -> None:
    """Blocked earns nothing until it is active again; closed is over, and may be joined anew."""

    def state(to: MembershipState) -> str:
        return world.ask("hotel", update("hotel", "H2", state=to)).reason

    with world.undone():
        assert state(MembershipState.BLOCKED) == ""
        assert world.ask("hotel", stay("H2", "blocked")).reason == "MEMBERSHIP_NOT_ACTIVE"
        assert state(MembershipState.ACTIVE) == ""
        assert world.ask("hotel", stay("H2", "active")).reason == ""
        assert state(MembershipState.CLOSED) == ""
        assert world.ask("hotel", stay("H2", "closed")).reason == "MEMBERSHIP_NOT_ACTIVE"
        assert state(MembershipState.ACTIVE) == "MEMBERSHIP_NOT_ACTIVE"
        assert world.ask("hotel", enrol("hotel", "H2")).reason == ""
        assert world.ask("hotel", enrol("hotel", "H2")).reason == "MEMBERSHIP_EXISTS"
        assert world.ask("hotel", stay("H2", "anew")).reason == ""


def test_a_second_currency_passes_over_who_is_blocked(world: Bench) -> None:
    with world.undone():
        world.agree("airline", "hotel")
        world.ask("hotel", update("hotel", "H1", choice="points-and-miles"))
        world.ask("airline", update("airline", "A1", state=MembershipState.BLOCKED))
        earned = world.ask("hotel", stay("H1", "skipped", started_at=world.now))

        assert [leg.membership.programme for leg in earned.result.legs] == ["hotel"]
        assert earned.result.skipped == ("airline",)


def code(world: Bench, of: MembershipKey, other: MembershipKey) -> str:
    made = world.ask(of[0], CreateLinkCode(of, other))
    text_of_code: str = made.result.code
    return text_of_code


def test_linking_and_unlinking(world: Bench) -> None:
    with world.undone():
        right = code(world, A2, H2)

        assert world.ask("hotel", Link(H2, "airline", right)).reason == ""
        assert world.ask("hotel", Link(H2, "airline", right)).reason == "BAD_LINK_CODE"
        again = code(world, H2, A2)
        assert world.ask("airline", Link(A2, "hotel", again)).reason == "LINK_EXISTS"
        assert world.ask("airline", Unlink(A2, H2)).reason == ""
        assert world.ask("hotel", Unlink(H2, A2)).reason == "NOT_LINKED"
        third = code(world, A2, H2)
        assert world.ask("hotel", Link(H2, "airline", third)).reason == ""
        assert world.ask("hotel", Unlink(H2, A2)).reason == ""


BAD_CODES: dict[str, Callable[[Bench, str], tuple[str, Command]]] = {
    "wrong": lambda _, __: ("hotel", Link(H2, "airline", WRONG)),
    "for another membership": lambda _, c: ("hotel", Link(("hotel", "H3"), "airline", c)),
    "of another programme": lambda _, c: ("hotel", Link(H2, "stranger", c)),
    "of a programme that is not": lambda _, c: ("hotel", Link(H2, "no-such", c)),
    "used by the one who made it": lambda _, c: ("airline", Link(A2, "hotel", c)),
}


@pytest.mark.parametrize("name", BAD_CODES)
def test_codes_that_do_not_link(world: Bench, name: str) -> None:
    with world.undone():
        sender, command = BAD_CODES[name](world, code(world, A2, H2))

        assert world.ask(sender, command).reason == "BAD_LINK_CODE"


def test_a_code_lives_ten_minutes(world: Bench) -> None:
    for after, reason in (
        (timedelta(minutes=10), ""),
        (timedelta(minutes=10, microseconds=1), "BAD_LINK_CODE"),
    ):
        before = world.now
        with world.undone():
            right = code(world, A2, H2)
            world.now += after
            try:
                assert world.ask("hotel", Link(H2, "airline", right)).reason == reason
            finally:
                world.now = before


@pytest.mark.parametrize("together", [False, True])
def test_a_code_lives_five_tries(world: Bench, *, together: bool) -> None:
    """One by one or in one batch; what is tried is counted for every open code of the pair."""

    def tried(wrong: int) -> list[str]:
        with world.undone():
            codes = [code(world, A2, H2), code(world, A2, H2)]
            tries = [Link(H2, "airline", WRONG)] * wrong
            sent = [world.submission("hotel", c) for c in (*tries, Link(H2, "airline", codes[1]))]
            if together:
                return [outcome.reason for outcome in world.batch(*sent)]
            return [world.batch(one)[0].reason for one in sent]

    assert tried(4) == ["BAD_LINK_CODE"] * 4 + [""]
    assert tried(5) == ["BAD_LINK_CODE"] * 6


def test_a_code_is_made_whether_or_not_the_other_exists(world: Bench) -> None:
    with world.undone():
        real = world.ask("airline", CreateLinkCode(A2, H2))
        unreal = world.ask("airline", CreateLinkCode(A2, ("hotel", "nobody")))

        assert (real.reason, unreal.reason) == ("", "")
        assert real.result.code != unreal.result.code


def test_codes_say_nothing_in_the_log(world: Bench) -> None:
    with world.undone() as connection:
        made = world.ask("airline", CreateLinkCode(A2, H2))
        facts = connection.execute(
            text("select facts from entry where number = :n"), {"n": made.number}
        ).scalar_one()

        assert made.result.code.encode() not in bytes(facts)
        assert b"H2" not in bytes(facts)


SAME_PROGRAMME = CreateLinkCode(H1, H2)


def test_a_link_is_between_two_programmes(world: Bench) -> None:
    with world.undone():
        assert world.ask("hotel", SAME_PROGRAMME).reason == "LINK_EXISTS"
        world.agree("airline", "hotel", permissions=[Permission.ENROL])
        world.ask("hotel", enrol("airline", "SAME", same=H2))
        made = world.ask("airline", CreateLinkCode(("airline", "SAME"), H2))
        linked = world.ask("hotel", Link(H2, "airline", made.result.code))
        assert linked.reason == "LINK_EXISTS"


def seen(world: Bench, who: str, key: MembershipKey) -> object:
    assert world.connection is not None
    asker = Asker(who, load_directory(world.connection, world.coalition), world.now)
    try:
        membership, linked = queries.look_up(world.connection, asker, key)
    except Refused as refused:
        return str(refused.reason)
    return membership.member_number, [other.member_number for other in linked]


def test_who_sees_whom(world: Bench) -> None:
    """The partner, and partners of linked memberships; a stranger cannot tell there is one."""
    with world.undone():
        assert seen(world, "hotel", H1) == ("H1", ["A1"])
        assert seen(world, "airline", H1) == ("H1", [])
        assert seen(world, "airline", H2) == "UNKNOWN_MEMBERSHIP"
        assert seen(world, "stranger", H1) == "UNKNOWN_MEMBERSHIP"
        assert seen(world, "stranger", ("hotel", "nobody")) == "UNKNOWN_MEMBERSHIP"
        assert seen(world, "agency", H1) == "UNKNOWN_MEMBERSHIP"
        assert seen(world, "stranger", ("no-such", "1")) == "UNKNOWN_PROGRAMME"
        world.ask("hotel", Unlink(H1, A1))
        assert seen(world, "airline", H1) == "UNKNOWN_MEMBERSHIP"


def test_pages_of_a_history(world: Bench) -> None:
    with world.undone() as connection:
        for index in range(5):
            assert not world.ask("hotel", stay("H2", f"page-{index}", 1_000)).reason
        member_id = world.ask("hotel", update("hotel", "H2")).result.membership.member_id
        numbers: list[int] = []
        after = -1
        for size in (2, 2, 2):
            page = list(member_movements(connection, member_id, "hotel", after=after, entries=size))
            numbers += [movement.number for movement in page]
            after = page[-1].number

        assert len(numbers) == 5
        assert numbers == sorted(set(numbers))
