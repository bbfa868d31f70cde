"""Ceiling, velocity and cooling-off: to the unit and the second, also within one batch."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from fractions import Fraction

import pytest
from sqlalchemy import Connection, event, text

from partners.activities import ActivityKey
from partners.directory import Permission
from partners.exchange.book import DEFAULT_CEILING
from partners.exchange.terms import Limits, Safeguards
from partners.usecases.accrual import Accrue
from partners.usecases.exchange import AuthorizeDebit, Convert
from partners.usecases.links import CreateLinkCode, Link, Unlink
from partners.usecases.lives import MergeMembers
from partners.usecases.reversal import Reverse
from settlement.ledger.entries import timestamp
from settlement.ledger.reading import first_after
from support.coalition_day import NOON
from support.use_case_bench import Bench, Outcome, bench, definition, quote, report

A, B, OLD = ("alpha", "1"), ("beta", "1"), 1_000
HOUR = timedelta(hours=1)
LATER = NOON + timedelta(days=2)
"""Two days after the members were linked and given their points."""


@pytest.fixture(scope="module")
def world(module_database_url: str) -> Iterator[Bench]:
    """A member with 1,000 points of A, linked to one of B; one to one, without fees."""
    with bench(module_database_url) as made:
        made.admit("alpha", "beta", "gamma")
        for name in ("alpha", "beta"):
            decimals = int(name == "beta")
            made.publish(name, definition(name, name.upper(), exponent=decimals))
            made.rate(name, 1, 1)
        for programme in ("alpha", "beta"):
            for number in ("1", "2", "3"):
                made.enrol(programme, number)
        made.enrol("operator", "1", sender="admin-one")
        made.link(A, B)
        made.link(("alpha", "2"), ("beta", "2"))
        made.link(A, ("operator", "1"), ("alpha", "admin-one"))
        earn(made, OLD, "old")
        yield made


@contextmanager
def guarded(
    world: Bench, *figures: Safeguards | Limits, now: datetime = LATER
) -> Iterator[Connection]:
    """The world later on, with these figures in force, rolled back in the end."""
    with world.undone() as connection:
        world.now = now
        try:
            if figures:
                world.published(*figures)
            yield connection
        finally:
            world.now = NOON


def gift(amount: int, reference: str, number: str = "1") -> Accrue:
    key = ActivityKey("alpha", "GIFT", reference)
    return report(("alpha", number), key, [("alpha", "BASE", amount)])


def earn(world: Bench, amount: int, reference: str, number: str = "1") -> None:
    assert not world.ask("alpha", gift(amount, reference, number)).reason


def asked(world: Bench, amount: int, target: tuple[str, str] = B) -> Outcome:
    return world.ask("alpha", quote(A, target, amount))


def converted(world: Bench, amount: int, target: tuple[str, str] = B) -> Outcome:
    """Quoted and converted; the outcome of whatever is refused first."""
    quoted = asked(world, amount, target)
    if quoted.reason:
        return quoted
    return world.ask("alpha", Convert(quoted.result.quote.number))


def at(outcome: Outcome) -> str:
    return dict(outcome.metadata)["again_at"]


# The ceiling -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ceiling", "amount", "reason"),
    [
        (None, DEFAULT_CEILING, ""),
        (None, DEFAULT_CEILING + 1, "IMPLAUSIBLE"),
        (500, 500, ""),
        (500, 501, "IMPLAUSIBLE"),
    ],
)
def test_a_ceiling(world: Bench, ceiling: int | None, amount: int, reason: str) -> None:
    with guarded(world, Safeguards("alpha", ceiling)):
        assert asked(world, amount).reason == reason


def test_the_products_own_ceiling_is_of_whole_points(world: Bench) -> None:
    """B counts tenths of points."""
    with guarded(world):
        for amount, reason in (
            (10 * DEFAULT_CEILING, ""),
            (10 * DEFAULT_CEILING + 1, "IMPLAUSIBLE"),
        ):
            assert world.ask("beta", quote(B, A, amount)).reason == reason


def test_a_programmes_own_figures_are_instead_of_those_of_all(world: Bench) -> None:
    with guarded(world, Safeguards("", 100), Safeguards("alpha", 500)):
        assert asked(world, 500).reason == ""
        assert world.ask("beta", quote(B, A, 101)).reason == "IMPLAUSIBLE"


def test_a_ceiling_that_came_down_holds_for_quotes_that_are_open(world: Bench) -> None:
    with guarded(world):
        number = asked(world, 501).result.quote.number
        world.published(Safeguards("alpha", 500))
        refused = world.ask("alpha", Convert(number))
        assert (refused.reason, refused.metadata) == (
            "IMPLAUSIBLE",
            (("allowed", "500"), ("asked", "501")),
        )


# Velocity --------------------------------------------------------------------------------


def test_so_many_conversions_in_24_hours(world: Bench) -> None:
    """Rolling: the first is forgotten 24 hours after it, to the microsecond."""
    with guarded(world, Safeguards("alpha", daily_count=2)):
        assert converted(world, 10).reason == ""
        world.now = LATER + HOUR
        assert converted(world, 10).reason == ""
        refused = asked(world, 10)
        assert refused.reason == "VELOCITY_EXCEEDED"
        assert at(refused) == timestamp(LATER + timedelta(hours=24))
        world.now = LATER + timedelta(hours=24) - timedelta(microseconds=1)
        assert asked(world, 10).reason == "VELOCITY_EXCEEDED"
        world.now = LATER + timedelta(hours=24)
        assert converted(world, 10).reason == ""
        assert asked(world, 10).reason == "VELOCITY_EXCEEDED"


def test_so_many_points_in_24_hours(world: Bench) -> None:
    with guarded(world, Safeguards("alpha", daily_minor=100)):
        assert converted(world, 101).reason == "VELOCITY_EXCEEDED"
        assert converted(world, 60).reason == ""
        refused = asked(world, 41)
        assert dict(refused.metadata) == {
            "allowed": "100",
            "used": "60",
            "again_at": timestamp(LATER + timedelta(hours=24)),
        }
        assert converted(world, 40).reason == ""
        assert asked(world, 1).reason == "VELOCITY_EXCEEDED"


def test_more_than_may_ever_be_converted_in_a_day(world: Bench) -> None:
    with guarded(world, Safeguards("alpha", daily_minor=100)):
        refused = asked(world, 101)
        assert dict(refused.metadata) == {"allowed": "100", "used": "0"}
        assert "send less" in refused.message


def test_velocity_is_of_a_member_and_a_programme(world: Bench) -> None:
    """Whatever it is converted into; others and other programmes are not counted."""
    with guarded(world, Safeguards("", daily_count=1)):
        earn(world, 50, "two", "2")
        assert converted(world, 10).reason == ""
        assert converted(world, 10, ("operator", "1")).reason == "VELOCITY_EXCEEDED"
        assert world.ask("beta", quote(B, A, 5)).reason == ""
        assert world.ask("alpha", quote(("alpha", "2"), ("beta", "2"), 5)).reason == ""


def test_what_was_quoted_before_is_judged_again(world: Bench) -> None:
    with guarded(world):
        first = asked(world, 60).result.quote.number
        second = asked(world, 60, ("operator", "1")).result.quote.number
        world.published(Safeguards("alpha", daily_minor=100))
        sent = [world.submission("alpha", Convert(number)) for number in (first, second)]
        assert [o.reason for o in world.batch(*sent)] == ["", "VELOCITY_EXCEEDED"]


def test_conversions_that_were_taken_back_do_not_count(world: Bench) -> None:
    with guarded(world, Safeguards("alpha", daily_count=1)) as connection:
        assert converted(world, 10).reason == ""
        connection.execute(text("update conversion set state = 'REFUSED'"))
        assert converted(world, 10).reason == ""
        assert converted(world, 10).reason == "VELOCITY_EXCEEDED"


def test_a_merger_does_not_begin_a_new_day(world: Bench) -> None:
    with guarded(world, Safeguards("alpha", daily_count=1)):
        earn(world, 50, "two", "2")
        two = world.ask("alpha", quote(("alpha", "2"), ("beta", "2"), 5)).result.quote.number
        assert world.ask("alpha", Convert(two)).reason == ""
        one = asked(world, 10).result.quote.number
        merged = MergeMembers(A, ("alpha", "2"))
        outcomes = world.batch(
            world.submission("alpha", merged), world.submission("alpha", Convert(one))
        )
        assert [o.reason for o in outcomes] == ["", "VELOCITY_EXCEEDED"]
        assert asked(world, 10).reason == "VELOCITY_EXCEEDED"


# Links -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("age", "reason"),
    [
        (timedelta(), "COOLING_OFF"),
        (HOUR - timedelta(microseconds=1), "COOLING_OFF"),
        (HOUR, ""),
    ],
)
def test_a_link_has_to_be_so_old(world: Bench, age: timedelta, reason: str) -> None:
    new = ("beta", "3")
    with guarded(world, Safeguards("alpha", link_cooling_seconds=3_600)):
        world.link(A, new)
        world.now = LATER + age
        outcome = converted(world, 10, new)
        assert outcome.reason == reason
        if reason:
            assert at(outcome) == timestamp(LATER + HOUR)
        assert converted(world, 10).reason == ""


def test_a_link_that_was_made_anew_is_new(world: Bench) -> None:
    """Also in the batch of the conversion."""
    with guarded(world, Safeguards("alpha", link_cooling_seconds=3_600)):
        number = asked(world, 10).result.quote.number
        code = world.ask("beta", CreateLinkCode(B, A)).result.code
        outcomes = world.batch(
            world.submission("alpha", Unlink(A, B)),
            world.submission("alpha", Link(A, "beta", code)),
            world.submission("alpha", Convert(number)),
            world.submission("alpha", quote(A, B, 10)),
        )
        assert [o.reason for o in outcomes] == ["", "", "COOLING_OFF", "COOLING_OFF"]
        assert asked(world, 10).reason == "COOLING_OFF"


def test_a_persons_own_memberships_need_no_link(world: Bench) -> None:
    with guarded(world, Safeguards("alpha", link_cooling_seconds=3_600)):
        world.agree("beta", "alpha", permissions=[Permission.ENROL])
        world.enrol("beta", "same", sender="alpha", same=A)
        assert converted(world, 10, ("beta", "same")).reason == ""


# Points just earned ----------------------------------------------------------------------

EARNED = Safeguards("alpha", earned_cooling_seconds=3_600)


@pytest.mark.parametrize(
    ("age", "amount", "reason"),
    [
        (timedelta(), OLD, ""),
        (timedelta(), OLD + 1, "COOLING_OFF"),
        (HOUR - timedelta(microseconds=1), OLD + 500, "COOLING_OFF"),
        (HOUR, OLD + 500, ""),
        (timedelta(), OLD + 501, "INSUFFICIENT_BALANCE"),
        (HOUR, OLD + 501, "INSUFFICIENT_BALANCE"),
    ],
)
def test_points_have_to_be_so_old(world: Bench, age: timedelta, amount: int, reason: str) -> None:
    with guarded(world, EARNED):
        earn(world, 500, "new")
        world.now = LATER + age
        assert converted(world, amount).reason == reason


def test_every_programme_has_its_own_period(world: Bench) -> None:
    """Also where a batch asks for points of two, one of which looks back further."""
    with guarded(world, EARNED, Safeguards("beta", earned_cooling_seconds=7_200)):
        earn(world, 500, "new")
        key = ActivityKey("beta", "GIFT", "new")
        assert not world.ask("beta", report(B, key, [("beta", "BASE", 500)])).reason
        world.now = LATER + HOUR
        outcomes = world.batch(
            world.submission("alpha", quote(A, B, OLD + 500)),
            world.submission("beta", quote(B, A, 500)),
        )
        assert [o.reason for o in outcomes] == ["", "COOLING_OFF"]
        assert at(outcomes[1]) == timestamp(LATER + 2 * HOUR)


def test_it_says_when_enough_will_be_old_enough(world: Bench) -> None:
    with guarded(world, EARNED):
        earn(world, 100, "first")
        world.now = LATER + timedelta(minutes=10)
        earn(world, 100, "second")
        for amount, minutes in ((OLD + 1, 60), (OLD + 100, 60), (OLD + 101, 70), (OLD + 200, 70)):
            refused = asked(world, amount)
            assert dict(refused.metadata) == {
                "asked": str(amount),
                "available": str(OLD),
                "again_at": timestamp(LATER + timedelta(minutes=minutes)),
            }


def test_what_was_taken_back_of_new_points_is_not_taken_off_the_old(world: Bench) -> None:
    with guarded(world, EARNED):
        earn(world, 500, "new")
        key = ActivityKey("alpha", "GIFT", "new")
        assert not world.ask("alpha", Reverse(key, "test", Fraction(3, 5))).reason
        assert asked(world, OLD + 1).reason == "COOLING_OFF"
        assert converted(world, OLD).reason == ""
        world.now = LATER + HOUR
        assert converted(world, 200).reason == ""


def test_what_was_taken_back_of_old_points_makes_no_new_ones_old(world: Bench) -> None:
    with guarded(world, EARNED):
        earn(world, 500, "new")
        assert not world.ask("alpha", Reverse(ActivityKey("alpha", "GIFT", "old"), "test")).reason
        refused = asked(world, 1)
        assert (refused.reason, dict(refused.metadata)["available"]) == ("COOLING_OFF", "0")


def test_what_was_converted_is_taken_off_the_old_points(world: Bench) -> None:
    with guarded(world, EARNED):
        earn(world, 500, "new")
        assert converted(world, 600).reason == ""
        assert asked(world, 401).reason == "COOLING_OFF"
        assert converted(world, 400).reason == ""


def test_points_of_the_same_batch_are_brand_new(world: Bench) -> None:
    with guarded(world, EARNED):
        number = asked(world, OLD).result.quote.number
        more = asked(world, OLD + 50, ("operator", "1")).result.quote.number
        outcomes = world.batch(
            world.submission("alpha", gift(300, "same")),
            world.submission("alpha", Convert(more)),
            world.submission("alpha", quote(A, B, OLD + 300)),
            world.submission(
                "alpha", Reverse(ActivityKey("alpha", "GIFT", "same"), "test", Fraction(1, 3))
            ),
            world.submission("alpha", quote(A, B, OLD + 200)),
            world.submission("alpha", Convert(number)),
        )
        assert [o.reason for o in outcomes] == [
            "",
            "COOLING_OFF",
            "COOLING_OFF",
            "",
            "COOLING_OFF",
            "",
        ]


def test_a_merger_does_not_make_points_old(world: Bench) -> None:
    """Neither before nor in the batch of the conversion; what comes back is of the merged one."""
    merged = MergeMembers(A, ("alpha", "2"))
    with guarded(world, EARNED):
        earn(world, 500, "two", "2")
        number = asked(world, OLD + 1).result.quote.number
        outcomes = world.batch(
            world.submission("alpha", merged), world.submission("alpha", Convert(number))
        )
        assert [o.reason for o in outcomes] == ["", "COOLING_OFF"]
        assert asked(world, OLD + 1).reason == "COOLING_OFF"
        half = Reverse(ActivityKey("alpha", "GIFT", "two"), "test", Fraction(1, 2))
        assert not world.ask("alpha", half).reason
        assert asked(world, OLD + 1).reason == "COOLING_OFF"
        assert converted(world, OLD).reason == ""
        world.now = LATER + HOUR
        assert converted(world, 250).reason == ""


def test_it_is_not_told_to_others_what_a_member_did(world: Bench) -> None:
    """Gamma converts by leave; when the member earned or converted is between it and A."""
    for figures, amount in ((EARNED, OLD + 1), (Safeguards("alpha", daily_count=1), 5)):
        with guarded(world, figures):
            earn(world, 500, "new")
            assert converted(world, 10, ("operator", "1")).reason == ""
            leave = AuthorizeDebit(A, B, "gamma", amount, world.now + HOUR)
            given = world.ask("alpha", leave).result.authorization
            refused = world.ask("gamma", quote(A, B, amount, given))
            assert refused.reason in {"COOLING_OFF", "VELOCITY_EXCEEDED"}
            assert refused.metadata == ()
            assert not any(character.isdigit() for character in refused.message)


# How it is looked up ---------------------------------------------------------------------


def test_the_first_entry_after_an_instant(world: Bench) -> None:
    """Found by halving, the same as by looking at all."""
    with guarded(world) as connection:
        for minutes in (1, 1, 5, 9):
            world.now += timedelta(minutes=minutes)
            earn(world, 1, f"{world.now}")
        rows = connection.execute(
            text("select number, accepted_at from entry order by number")
        ).all()
        instants = {row.accepted_at for row in rows}
        edges = instants | {i - timedelta(microseconds=1) for i in instants} | {NOON - HOUR}
        for instant in sorted(edges):
            expected = next((r.number for r in rows if r.accepted_at > instant), len(rows))
            assert first_after(connection, instant) == expected


def test_accruals_ask_for_nothing_more(world: Bench) -> None:
    """Whatever figures are in force; and quotes ask the same for one as for many."""
    asked_for: list[str] = []

    def note(*given: object) -> None:
        asked_for.append(str(given[2]))

    figures = Safeguards("", 500, 1, 5, 500, 60, 60)
    with guarded(world) as connection:
        earn(world, 1, "warm", "2")
        event.listen(connection, "before_cursor_execute", note)
        earn(world, 1, "without")
        without = list(asked_for)
        world.published(figures)
        earn(world, 1, "reads the directory")
        asked_for.clear()
        earn(world, 1, "with")
        assert asked_for == without
        members = [(("alpha", n), ("beta", n)) for n in ("1", "2")]
        counts = []
        for quoted in (members, members[:1], members):
            asked_for.clear()
            world.now += timedelta(minutes=2)
            world.batch(*(world.submission("alpha", quote(*pair, 5)) for pair in quoted))
            counts.append(len(asked_for))
        assert counts[1] == counts[2]
        event.remove(connection, "before_cursor_execute", note)


def test_limits_and_safeguards_together(world: Bench) -> None:
    """The list of reasons says which comes first."""
    with guarded(world, EARNED, Safeguards("beta"), Limits("alpha", 0)):
        earn(world, 500, "new")
        assert converted(world, OLD + 1).reason == "COOLING_OFF"
        assert converted(world, OLD + 501).reason == "INSUFFICIENT_BALANCE"
        assert converted(world, OLD).reason == "LIMIT_EXCEEDED"
