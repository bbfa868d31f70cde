"""The block list: who may put on it and take off it, and that nothing moves meanwhile."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Connection, text

from partners.activities import ActivityKey
from partners.directory import Role
from partners.state import MembershipKey
from partners.usecases.blocks import SetBlock
from partners.usecases.exchange import AuthorizeDebit, Convert
from partners.usecases.lives import MergeMembers
from support.coalition_day import NOON
from support.use_case_bench import Bench, Outcome, bench, definition, quote, report

A, B = ("alpha", "1"), ("beta", "1")


@pytest.fixture(scope="module")
def world(module_database_url: str) -> Iterator[Bench]:
    with bench(module_database_url) as made:
        made.admit("alpha", "beta", "gamma")
        made.admit("rates-only", role=Role.RATE_ADMINISTRATOR)
        for name in ("alpha", "beta"):
            made.publish(name, definition(name, name.upper()))
            made.rate(name, 1, 1)
            for number in ("1", "2"):
                made.enrol(name, number)
        made.enrol("operator", "1", sender="admin-one")
        made.link(A, B)
        for number in ("1", "2"):
            gift = report(
                ("alpha", number), ActivityKey("alpha", "GIFT", number), [("alpha", "BASE", 500)]
            )
            assert not made.ask("alpha", gift).reason
        yield made


def set_block(
    world: Bench, sender: str, what: MembershipKey | str, *, blocked: bool = True
) -> Outcome:
    membership, participant = (None, what) if isinstance(what, str) else (what, "")
    return world.ask(sender, SetBlock(membership, participant, blocked, "a test"))


def lift(world: Bench, sender: str, what: MembershipKey | str) -> Outcome:
    return set_block(world, sender, what, blocked=False)


def listed(connection: Connection) -> list[tuple[str, str, str]]:
    rows = connection.execute(
        text("select programme, member_number, blocked_by from exchange_block order by 1, 2")
    )
    return [tuple(row) for row in rows]


WHO: dict[str, tuple[str, MembershipKey | str, str]] = {
    "a programme's partner its member": ("alpha", A, ""),
    "an administrator any member": ("admin-one", A, ""),
    "an administrator a participant": ("admin-one", "alpha", ""),
    "an administrator the operator": ("admin-one", "operator", ""),
    "a partner another's member": ("beta", A, "NOT_AUTHORIZED"),
    "a partner another's that is not": ("beta", ("alpha", "9"), "NOT_AUTHORIZED"),
    "a partner a participant": ("alpha", "beta", "NOT_AUTHORIZED"),
    "a partner itself": ("alpha", "alpha", "NOT_AUTHORIZED"),
    "a partner a participant that is not": ("alpha", "nobody", "NOT_AUTHORIZED"),
    "a rate administrator": ("rates-only", A, "NOT_AUTHORIZED"),
    "a member that is not": ("alpha", ("alpha", "9"), "UNKNOWN_MEMBERSHIP"),
    "an administrator one that is not": ("admin-one", ("alpha", "9"), "UNKNOWN_MEMBERSHIP"),
    "of a programme that is not": ("alpha", ("nowhere", "1"), "UNKNOWN_PROGRAMME"),
    "a participant that is not": ("admin-one", "nobody", "UNKNOWN_PARTICIPANT"),
    "a person": ("admin-one", "admin-two", "UNKNOWN_PARTICIPANT"),
}


@pytest.mark.parametrize("name", WHO)
def test_who_may_block_what(world: Bench, name: str) -> None:
    sender, what, reason = WHO[name]
    with world.undone() as connection:
        assert set_block(world, sender, what).reason == reason
        target = ("", what) if isinstance(what, str) else what
        assert listed(connection) == ([] if reason else [(*target, sender)])


LIFTED: dict[str, tuple[str, str, MembershipKey | str, str]] = {
    "by the partner that put it on": ("alpha", "alpha", A, ""),
    "a partner's by an administrator": ("alpha", "admin-one", A, "NOT_AUTHORIZED"),
    "an administrator's by the partner": ("admin-one", "alpha", A, "NOT_AUTHORIZED"),
    "an administrator's by another administrator": ("admin-one", "admin-two", A, ""),
    "an administrator's by itself": ("admin-one", "admin-one", A, ""),
    "by another partner": ("alpha", "beta", A, "NOT_AUTHORIZED"),
    "a participant's by an administrator": ("admin-one", "admin-two", "alpha", ""),
    "a participant's by itself": ("admin-one", "alpha", "alpha", "NOT_AUTHORIZED"),
}


@pytest.mark.parametrize("name", LIFTED)
def test_who_may_lift_it(world: Bench, name: str) -> None:
    first, second, what, reason = LIFTED[name]
    with world.undone() as connection:
        assert not set_block(world, first, what).reason
        outcome = lift(world, second, what)
        assert outcome.reason == reason
        assert bool(listed(connection)) == bool(reason)
        if not reason:
            assert outcome.result.blocked is False
            assert not set_block(world, first, what).reason


def test_twice(world: Bench) -> None:
    with world.undone() as connection:
        first = set_block(world, "alpha", A)
        again = set_block(world, "alpha", A)
        assert (again.reason, again.metadata) == (
            "ALREADY_EXISTS",
            (("number", str(first.number)),),
        )
        assert not set_block(world, "admin-one", A).reason
        assert listed(connection) == [("alpha", "1", "admin-one")]
        assert set_block(world, "admin-two", A).reason == "ALREADY_EXISTS"
        assert set_block(world, "alpha", A).reason == "ALREADY_EXISTS"


@pytest.mark.parametrize(
    ("what", "reason"), [(A, "UNKNOWN_MEMBERSHIP"), ("alpha", "UNKNOWN_PARTICIPANT")]
)
def test_what_is_not_on_it_is_not_lifted(
    world: Bench, what: MembershipKey | str, reason: str
) -> None:
    with world.undone():
        refused = lift(world, "admin-one", what)
        assert refused.reason == reason
        assert "not on the block list" in refused.message


def blocked_everywhere(world: Bench, quoted: int) -> set[str]:
    """What becomes of all that could move points of A's member or into B's."""
    leave = AuthorizeDebit(A, B, "gamma", 5, NOON + timedelta(hours=1))
    return {
        world.ask("alpha", Convert(quoted)).reason,
        world.ask("alpha", quote(A, B, 5)).reason,
        world.ask("beta", quote(B, A, 5)).reason,
        world.ask("alpha", leave).reason,
    }


@pytest.mark.parametrize("what", [A, B, "alpha", "beta"])
def test_nothing_moves_in_or_out(world: Bench, what: MembershipKey | str) -> None:
    """Open quotes neither; until it is lifted."""
    with world.undone():
        quoted = world.ask("alpha", quote(A, B, 5)).result.quote.number
        sender = "admin-one" if isinstance(what, str) else what[0]
        assert not set_block(world, sender, what).reason
        assert blocked_everywhere(world, quoted) == {"BLOCKED"}
        assert not lift(world, sender, what).reason
        assert blocked_everywhere(world, quoted) == {""}


def test_spending_is_not_authorised_either(world: Bench) -> None:
    coin = ("operator", "1")
    with world.undone():
        leave = AuthorizeDebit(coin, None, "gamma", 5, NOON + timedelta(hours=1))
        assert world.ask("admin-one", leave).reason == ""
        assert not set_block(world, "admin-one", "operator").reason
        assert world.ask("admin-one", leave, "again").reason == "BLOCKED"


def test_others_and_earning_go_on(world: Bench) -> None:
    with world.undone():
        set_block(world, "alpha", ("alpha", "2"))
        set_block(world, "admin-one", "gamma")
        assert world.ask("alpha", quote(A, B, 5)).reason == ""
        earned = report(("alpha", "2"), ActivityKey("alpha", "GIFT", "x"), [("alpha", "BASE", 5)])
        assert world.ask("alpha", earned).reason == ""


def test_a_merger_does_not_take_points_off_it(world: Bench) -> None:
    with world.undone():
        quoted = world.ask("alpha", quote(A, B, 600)).result.quote.number
        set_block(world, "alpha", ("alpha", "2"))
        assert not world.ask("alpha", MergeMembers(A, ("alpha", "2"))).reason
        assert world.ask("alpha", Convert(quoted)).reason == "BLOCKED"
        assert world.ask("alpha", quote(A, B, 600)).reason == "BLOCKED"


def test_a_partner_learns_no_more_of_anothers_member_than_that(world: Bench) -> None:
    """Not who blocked it, nor why, nor whether the member or its partner."""
    told = []
    for sender, what in (("beta", B), ("admin-one", B), ("admin-one", "beta")):
        with world.undone():
            number = set_block(world, sender, what).number
            refused = world.ask("alpha", quote(A, B, 5))
            told.append((refused.message, refused.metadata))
            own = world.ask("beta", quote(B, A, 5))
            assert dict(own.metadata)["block"] == str(number)
    assert (
        told
        == [
            (
                "membership 1 of beta may not be used",
                (("member_number", "1"), ("programme", "beta")),
            )
        ]
        * 3
    )


def test_who_is_told(world: Bench) -> None:
    """The operator and the programme's partner; member numbers stand in no entry."""
    with world.undone() as connection:
        for sender, what, reader in (("admin-one", A, "alpha"), ("admin-one", "beta", "beta")):
            number = set_block(world, sender, what).number
            rows = connection.execute(
                text("select participant from feed where number = :n and facts"), {"n": number}
            )
            assert {row.participant for row in rows} == {"operator", reader}
        facts = connection.execute(
            text("select convert_from(facts, 'UTF8') from entry where kind = 'BLOCK'")
        ).scalars()
        assert all('"1"' not in found for found in facts)
