"""Who may be erased, and what becomes of a membership that was."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from fractions import Fraction

import pytest
from sqlalchemy import text

from gateway.erasing import finish_erasures
from partners.activities import ActivityKey
from partners.check import check_agreed
from partners.state import MembershipState
from partners.usecases.blocks import SetBlock
from partners.usecases.delivery import Confirm
from partners.usecases.erasure import Erase
from partners.usecases.exchange import Convert
from partners.usecases.links import CreateLinkCode, Link
from partners.usecases.lives import MergeMembers, Unmerge
from partners.usecases.reversal import Reverse
from support.coalition_day import NOON
from support.holds import ADMIN, MEMBER, held, spending_bench
from support.use_case_bench import (
    Bench,
    Outcome,
    bench,
    definition,
    enrol,
    quote,
    report,
    update,
)

A, B, V = ("alpha", "1"), ("alpha", "2"), ("vault", "1")
GIFT = ActivityKey("alpha", "GIFT", "1")


@pytest.fixture(scope="module")
def world(module_database_url: str) -> Iterator[Bench]:
    """A member of alpha, linked to vault, which keeps its balances itself; and another of alpha."""
    with bench(module_database_url) as made:
        made.admit("alpha", "vault")
        made.publish("alpha", definition("alpha", "AA"))
        made.publish("vault", definition("vault", "VV", custody="partner"))
        made.rate("alpha", 50, 60, Fraction(1, 50), Fraction(1, 100))
        made.rate("vault", 70, 80)
        for programme, number in (A, B, V):
            made.enrol(programme, number)
        made.link(A, V)
        gift = report(A, GIFT, [("alpha", "BASE", 5_000)])
        assert not made.ask("alpha", gift).reason
        yield made


@pytest.fixture
def undone(world: Bench) -> Iterator[Bench]:
    """What a test does is rolled back, and the book was sound at its end."""
    with world.undone() as connection:
        yield world
        world.now = NOON
        assert list(check_agreed(connection)) == []


def erase(world: Bench, key: tuple[str, str], sender: str = "") -> Outcome:
    return world.ask(sender or key[0], Erase(key))


def closed(world: Bench, key: tuple[str, str] = A) -> None:
    assert not world.ask(key[0], update(*key, state=MembershipState.CLOSED)).reason


def reversed_since(world: Bench) -> None:
    closed(world)
    assert not world.ask("alpha", Reverse(GIFT, "mistake")).reason


def pending_since(world: Bench) -> None:
    number = world.ask("alpha", quote(A, V, 1_000)).result.quote.number
    assert not world.ask("alpha", Convert(number, "")).reason
    closed(world)
    closed(world, V)


def blocked_since(world: Bench) -> None:
    world.ask("alpha", SetBlock(A, "", blocked=True, reason="fraud"))
    closed(world)


def merged_since(world: Bench) -> None:
    assert not world.ask("alpha", MergeMembers(B, A)).reason


def nothing(_: Bench) -> None:
    """It is as it was."""


REFUSED: dict[str, tuple[Callable[[Bench], None], tuple[str, str], str, str, str]] = {
    "active": (nothing, A, "alpha", "NOT_ERASABLE", "is ACTIVE; close it first"),
    "another partner's": (closed, A, "vault", "NOT_AUTHORIZED", "not one of vault"),
    "nobody's": (nothing, ("alpha", "9"), "alpha", "UNKNOWN_MEMBERSHIP", "no membership 9"),
    "in debt": (reversed_since, A, "alpha", "NOT_ERASABLE", "owes 5000 points"),
    "blocked": (blocked_since, A, "alpha", "BLOCKED", "block list"),
    "part of another": (merged_since, A, "alpha", "NOT_ERASABLE", "erase that"),
    "gives what is pending": (pending_since, A, "alpha", "NOT_ERASABLE", "not delivered yet"),
    "gets what is pending": (pending_since, V, "vault", "NOT_ERASABLE", "not delivered yet"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_who_is_not_erased(undone: Bench, name: str) -> None:
    prepare, key, sender, reason, words = REFUSED[name]
    prepare(undone)
    refused = erase(undone, key, sender)

    assert refused.reason == reason
    assert words in refused.message


def test_points_that_are_held_are_given_up_first(database_url: str) -> None:
    with spending_bench(database_url) as world:
        held(world, 300)
        world.ask(ADMIN, update(*MEMBER, state=MembershipState.CLOSED))

        assert world.ask(ADMIN, Erase(MEMBER)).reason == "POINTS_HELD"


def test_an_erasure_moves_nothing_and_names_nobody(undone: Bench) -> None:
    closed(undone)
    before = undone.accounts(undone.connection)
    done = erase(undone, A)
    assert done.accepted is not None
    entry = done.accepted.entry

    assert (entry.draft.kind, done.lines) == ("ERASURE", [])
    assert set(entry.draft.facts) == {"members", "programme"}
    assert undone.accounts(undone.connection) == before
    assert [c.kind for c in done.accepted.decision.consequences] == ["UNLINK"]


def test_what_was_pending_is_delivered_and_then_it_can_be_erased(undone: Bench) -> None:
    number = undone.ask("alpha", quote(A, V, 1_000)).result.quote.number
    conversion = undone.ask("alpha", Convert(number, "")).result.conversion
    closed(undone)
    assert erase(undone, A).reason == "NOT_ERASABLE"
    assert not undone.ask("vault", Confirm(conversion.number, conversion.target_minor, "v")).reason

    assert not erase(undone, A).reason


def test_what_was_merged_into_it_is_erased_with_it(undone: Bench) -> None:
    merge = undone.ask("alpha", MergeMembers(B, A)).number
    closed(undone, B)
    done = erase(undone, B)

    assert len(done.result.member_ids) == 2
    assert erase(undone, A).reason == "UNKNOWN_MEMBERSHIP"
    assert undone.ask("alpha", Unmerge(merge)).reason == "MEMBERSHIP_NOT_ACTIVE"


def test_a_code_of_who_was_erased_links_nobody(undone: Bench) -> None:
    code = undone.ask("alpha", CreateLinkCode(A, ("vault", "2"))).result.code
    undone.enrol("vault", "2")
    closed(undone)
    assert not erase(undone, A).reason

    assert undone.ask("vault", Link(("vault", "2"), "alpha", code)).reason == "BAD_LINK_CODE"


def test_late_business_finds_nobody_and_corrections_find_the_account(undone: Bench) -> None:
    """What is reported late is refused; what is taken back is booked on the opaque account."""
    closed(undone)
    erase(undone, A)
    late = report(A, ActivityKey("alpha", "GIFT", "2"), [("alpha", "BASE", 1)])

    assert undone.ask("alpha", late).reason == "UNKNOWN_MEMBERSHIP"
    assert not undone.ask("alpha", Reverse(GIFT, "mistake")).reason


def test_the_number_is_free_and_the_person_is_not_the_same(undone: Bench) -> None:
    closed(undone)
    (before,) = erase(undone, A).result.member_ids
    after = undone.ask("alpha", enrol(*A)).result.member_id

    assert after != before
    assert undone.balance_of(*A) == 0
    closed(undone)
    assert erase(undone, A).result.member_ids == (after,)


def test_a_cut_that_fails_leaves_everything_and_is_tried_again(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with bench(database_url) as world:
        world.admit("alpha")
        world.publish("alpha", definition("alpha", "AA"))
        world.enrol(*A)
        closed(world)
        erase(world, A)
        open_ = text("select number from erasure where member_number = '1'")

        def fails(*_: object) -> None:
            raise RuntimeError

        failed: set[int] = set()
        with monkeypatch.context() as patch:
            patch.setattr("gateway.erasing.requests_with", fails)
            finish_erasures(world.engine, world.coalition, world.now, failed=failed)
        with world.engine.connect() as connection:
            assert failed == set(connection.execute(open_).scalars())
        monkeypatch.setattr("gateway.erasing.requests_with", lambda *_: iter(()))
        later = world.now + timedelta(seconds=1)
        finish_erasures(world.engine, world.coalition, later)
        with world.engine.connect() as connection:
            assert connection.execute(open_).all() == []


DAMAGES: dict[str, set[str]] = {
    "update membership set state = 'CLOSED' where state = 'ERASED'": {"erased-membership"},
    "update membership set member_number = '1' where state = 'ERASED'": {
        "erased-membership",
        "enrolment",
    },
    "update membership set state = 'ERASED' where state = 'ACTIVE'": {"erased-membership"},
    "delete from erasure": {"erasure-entry"},
    "update erasure set member_id = member_id + 1": {"erasure-entry"},
    "update erasure set member_number = null": {"erasure-finished"},
    "update erasure set finished_at = now()": {"erasure-finished"},
    "insert into erased_request values ('alpha', 'no request', 1)": {"erased-request"},
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage(world: Bench, damage: str) -> None:
    with world.undone() as connection:
        closed(world)
        erase(world, A)
        assert list(check_agreed(connection)) == []
        assert connection.execute(text(damage)).rowcount > 0

        assert {problem.check for problem in check_agreed(connection)} == DAMAGES[damage]
