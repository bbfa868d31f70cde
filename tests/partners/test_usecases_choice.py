"""What a member elects to earn, as it stood when the activity started; and its tier of that day."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from partners.activities import ActivityKey
from partners.context import Command
from partners.directory import Permission
from support.coalition_day import NOON
from support.use_case_bench import Bench, Outcome, bench, definition, report, sample, stay, update

CHOICES = """
[[tiers]]
name = "MEMBER"
[[tiers]]
name = "GOLD"
bonus = "25%"
reached = [{ stays = 2 }]
[[counters]]
counter = "stays"
activity = "STAY"
per = "activity"
[qualification]
period = "calendar-year"
term = "period"
[[choices]]
id = "points"
[[choices]]
id = "more-points"
[[choices]]
id = "points-and-miles"
programmes = ["airline", "pacific"]
[[choices]]
id = "miles"
programmes = ["pacific", "airline"]
[[earn]]
rule = "base"
activity = "STAY"
per = "money"
category = "ROOM"
currency = "EUR"
points = "10"
tier_bonus = true
choices = ["points", "more-points", "points-and-miles"]
[[earn]]
rule = "more"
reason = "CHOICE_BONUS"
activity = "STAY"
per = "money"
category = "ROOM"
currency = "EUR"
points = "5"
choices = ["more-points"]
[[earn]]
rule = "airline-miles"
programme = "airline"
activity = "STAY"
per = "money"
category = "ROOM"
currency = "EUR"
points = "1"
choices = ["points-and-miles", "miles"]
[[earn]]
rule = "pacific-miles"
programme = "pacific"
activity = "STAY"
per = "activity"
points = "500"
choices = ["points-and-miles", "miles"]
"""

ALONE = """
[[earn]]
rule = "base"
activity = "STAY"
per = "night"
points = "100"
"""


@pytest.fixture(scope="module")
def world(module_database_url: str) -> Iterator[Bench]:
    """A hotel with every choice, two airlines, and an inn that goes with nobody."""
    with bench(module_database_url) as made:
        made.admit("hotel", "airline", "pacific", "inn")
        made.publish("hotel", definition("hotel", "HOTEL-POINTS", rest=CHOICES))
        made.publish("airline", sample("airline"))
        made.publish("pacific", definition("pacific", "PACIFIC-MILES"))
        inn = definition("inn", "INN-POINTS", rest=ALONE)
        made.publish("inn", inn.replace("\ncustody", "\nexclusive = true\ncustody"))
        both = [Permission.DOUBLE_DIP, Permission.STATE_POINTS]
        for programme in ("airline", "pacific"):
            made.agree(programme, "hotel", permissions=both)
            made.agree(programme, "inn", permissions=both)
        made.enrol("hotel", "H")
        made.enrol("inn", "I")
        for programme in ("airline", "pacific"):
            made.enrol(programme, "1")
            made.link(("hotel", "H"), (programme, "1"))
            made.enrol(programme, "2")
            made.link(("inn", "I"), (programme, "2"))
        yield made


def legs(outcome: Outcome) -> list[tuple[str, str, int]]:
    return [(leg.membership.programme, leg.reason, leg.points_minor) for leg in outcome.result.legs]


POINTS = ("hotel", "BASE", 2_000)
MORE = ("hotel", "CHOICE_BONUS", 1_000)
AIRLINE = ("airline", "BASE", 200)
PACIFIC = ("pacific", "BASE", 500)

ELECTED = {
    # choice, the programme that was named: what 200 EUR earn
    ("", ""): [POINTS],
    ("points", ""): [POINTS],
    ("more-points", ""): [POINTS, MORE],
    ("points-and-miles", ""): [POINTS, AIRLINE],
    ("points-and-miles", "airline"): [POINTS, AIRLINE],
    ("points-and-miles", "pacific"): [POINTS, PACIFIC],
    ("miles", ""): [PACIFIC],
    ("miles", "airline"): [AIRLINE],
    ("miles", "pacific"): [PACIFIC],
}


def elect(choice: str, chosen: str = "") -> Command:
    return update("hotel", "H", choice=choice, chosen_programme=chosen)


@pytest.mark.parametrize("elected", ELECTED)
def test_each_choice_earns_what_it_says(world: Bench, elected: tuple[str, str]) -> None:
    with world.undone():
        if elected[0]:
            assert not world.ask("hotel", elect(*elected)).reason
        world.now = NOON + timedelta(hours=2)
        done = world.ask("hotel", stay("H", "a", started_at=NOON + timedelta(hours=1)))
        world.now = NOON

        assert legs(done) == ELECTED[elected]


REFUSED_ELECTIONS = {
    "no such choice": elect("nothing"),
    "a programme that the choice does not have": elect("miles", "inn"),
    "a programme where the choice has none": elect("points", "airline"),
    "a programme for the choice as it is": elect("", "airline"),
}


@pytest.mark.parametrize("name", REFUSED_ELECTIONS)
def test_elections_of_what_there_is_not(world: Bench, name: str) -> None:
    with world.undone():
        assert world.ask("hotel", REFUSED_ELECTIONS[name]).reason == "UNKNOWN_TIER"


def test_another_choice_begins_with_its_first_programme(world: Bench) -> None:
    with world.undone():
        world.ask("hotel", elect("miles", "airline"))
        after = world.ask("hotel", elect("points-and-miles")).result.membership
        assert (after.choice, after.chosen_programme) == ("points-and-miles", "airline")
        after = world.ask("hotel", elect("miles")).result.membership
        assert (after.choice, after.chosen_programme) == ("miles", "pacific")
        after = world.ask("hotel", elect("points")).result.membership
        assert (after.choice, after.chosen_programme) == ("points", None)


FROZEN = {
    # start of the stay in hours after noon, when points give way to miles, and at 2 to both
    -24: [POINTS],
    -1: [POINTS],
    0: [PACIFIC],
    1: [PACIFIC],
    2: [POINTS, AIRLINE],
    3: [POINTS, AIRLINE],
}


@pytest.mark.parametrize("hours", FROZEN)
@pytest.mark.parametrize("together", [False, True])
def test_the_choice_is_frozen_when_the_activity_starts(
    world: Bench, hours: int, *, together: bool
) -> None:
    """However late it is reported, also in one batch with the next election."""
    start = NOON + timedelta(hours=hours)
    reported = stay("H", "f", started_at=start, ended_at=NOON + timedelta(hours=4))
    with world.undone():
        try:
            world.ask("hotel", elect("miles"))
            world.now = NOON + timedelta(hours=2)
            world.ask("hotel", elect("points-and-miles"))
            world.now = NOON + timedelta(hours=5)
            before: list[Command] = [elect("more-points")]
            asked = [world.submission("hotel", command) for command in (*before, reported)]
            done = world.batch(*asked) if together else [world.ask("hotel", reported)]
        finally:
            world.now = NOON

        assert legs(done[-1]) == FROZEN[hours]


def test_the_programme_that_is_named_is_frozen_as_well(world: Bench) -> None:
    """Once for each stay: the first named Pacific, the second the other airline."""
    with world.undone():
        try:
            world.ask("hotel", elect("miles", "pacific"))
            world.now = NOON + timedelta(hours=2)
            world.ask("hotel", update("hotel", "H", chosen_programme="airline"))
            world.now = NOON + timedelta(hours=3)
            hour = timedelta(hours=1)
            first = world.ask("hotel", stay("H", "a", started_at=NOON + hour))
            second = world.ask("hotel", stay("H", "b", started_at=NOON + 2 * hour))
        finally:
            world.now = NOON

        assert (legs(first), legs(second)) == ([PACIFIC], [AIRLINE])


def test_a_change_of_something_else_is_no_election(world: Bench) -> None:
    with world.undone():
        world.ask("hotel", elect("miles", "airline"))
        world.ask("hotel", update("hotel", "H", tier="GOLD"))
        try:
            world.now = NOON + timedelta(hours=2)
            done = world.ask("hotel", stay("H", "a", started_at=NOON + timedelta(hours=1)))
        finally:
            world.now = NOON

        assert legs(done) == [AIRLINE]


# One programme's points alone -------------------------------------------------------------

INN = ActivityKey("inn", "STAY", "i")
NIGHTS = [("NIGHT", 2)]

EXCLUSIVE: dict[str, tuple[list[tuple[str, str, int]], str]] = {
    "by its rules": ([], ""),
    "its own points, stated": ([("inn", "GOODWILL", 5)], ""),
    "another's points, stated": ([("airline", "BASE", 5)], "EXCLUSIVE"),
    "both": ([("inn", "GOODWILL", 5), ("pacific", "BASE", 5)], "EXCLUSIVE"),
    "more than it may and no members there": ([("hotel", "BASE", 5)], "EXCLUSIVE"),
}


@pytest.mark.parametrize("name", EXCLUSIVE)
def test_an_exclusive_programme_goes_with_no_other(world: Bench, name: str) -> None:
    stated, reason = EXCLUSIVE[name]
    with world.undone():
        done = world.ask("inn", report(("inn", "I"), INN, stated, quantities=NIGHTS))

        assert done.reason == reason
        if reason:
            assert dict(done.metadata) == {"programme": "inn"}


def test_what_an_exclusive_programme_refused_can_be_reported_as_it_should(world: Bench) -> None:
    with world.undone():
        wrong = [("inn", "BASE", 5), ("airline", "BASE", 5)]
        world.ask("inn", report(("inn", "I"), INN, wrong, quantities=NIGHTS))
        done = world.ask("inn", report(("inn", "I"), INN, quantities=NIGHTS))

        assert legs(done) == [("inn", "BASE", 200)]


# The tier of the activity's day -----------------------------------------------------------


def on(month: int, day: int, year: int = 2026) -> Any:
    return datetime(year, month, day, 10, tzinfo=UTC)


def bonus(outcome: Outcome) -> int:
    return sum(points for _, reason, points in legs(outcome) if reason == "TIER_BONUS")


def test_the_bonus_is_by_the_tier_of_the_activitys_day(world: Bench) -> None:
    """Gold from the second stay on, for what comes after it; to the end of its year."""
    with world.undone():
        try:
            world.now = on(6, 30)
            assert bonus(world.ask("hotel", stay("H", "a", started_at=on(3, 1)))) == 0
            assert bonus(world.ask("hotel", stay("H", "b", started_at=on(5, 1)))) == 0
            assert bonus(world.ask("hotel", stay("H", "c", started_at=on(6, 29)))) == 500
            assert bonus(world.ask("hotel", stay("H", "d", started_at=on(4, 29)))) == 0
        finally:
            world.now = NOON


def test_a_tier_that_has_ended_earns_no_bonus_before_any_nightly_job(world: Bench) -> None:
    """Time is looked at when it matters: with the next activity, for each by its own day."""
    with world.undone():
        try:
            world.now = on(6, 1)
            world.ask("hotel", stay("H", "a", started_at=on(5, 1)))
            world.ask("hotel", stay("H", "b", started_at=on(5, 2)))
            world.now = on(1, 20, 2027)
            new_year = world.ask("hotel", stay("H", "c", started_at=on(1, 19, 2027)))
            old_year = world.ask("hotel", stay("H", "d", started_at=on(12, 31)))
        finally:
            world.now = NOON

        assert (bonus(new_year), bonus(old_year)) == (0, 500)
        assert [term.tier for term, _ in new_year.result.terms] == ["MEMBER"]


def test_the_first_activity_after_the_end_can_be_of_before_it(world: Bench) -> None:
    with world.undone():
        try:
            world.now = on(6, 1)
            world.ask("hotel", stay("H", "a", started_at=on(5, 1)))
            world.ask("hotel", stay("H", "b", started_at=on(5, 2)))
            world.now = on(1, 20, 2027)
            old_year = world.ask("hotel", stay("H", "d", started_at=on(12, 31)))
        finally:
            world.now = NOON

        assert bonus(old_year) == 500
