"""A programme that is wound down: what it still takes, and until when."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from fractions import Fraction

import pytest

from gateway.reviewing import review
from partners.activities import ActivityKey
from partners.check import check_agreed
from partners.context import Command
from partners.directory import Role
from partners.usecases.awards import CancelVoucher, Redeem
from partners.usecases.exchange import Convert
from partners.usecases.programmes import WindDown
from partners.usecases.reversal import Reverse
from settlement.ledger.check import check
from support.coalition_day import NOON
from support.standings import hotel, on, rows, stay_on, told
from support.use_case_bench import Bench, bench, definition, enrol, quote, report

REST = """
[[choices]]
id = "points-and-miles"
programmes = ["airline"]

[[earn]]
rule = "miles"
programme = "airline"
activity = "STAY"
per = "activity"
points = "100"
choices = ["points-and-miles"]

[[awards]]
award = "small"
name = "Small"
prices = [{ points = 10 }]
"""
FLIGHTS = '[[earn]]\nrule = "flown"\nactivity = "FLIGHT"\nper = "mile"\npoints = "1"\n'

EARNS_UNTIL, POINTS_UNTIL = on("2026-04-01"), on("2026-05-01")
ENDS = WindDown("hotel", EARNS_UNTIL, POINTS_UNTIL)
SECOND = timedelta(seconds=1)


@pytest.fixture
def world(database_url: str) -> Iterator[Bench]:
    """H1 with 2,000 points and A1 with 5,000 miles, linked; rates are one to one."""
    with bench(database_url) as made:
        made.admit("hotel", "airline")
        made.admit("boss", role=Role.ADMINISTRATOR)
        made.publish("hotel", hotel(REST))
        made.publish("airline", definition("airline", "MILES", rest=FLIGHTS))
        made.agree("airline", "hotel", price=100, fee=Fraction(0))
        for programme in ("hotel", "airline"):
            made.rate(programme, 1, 1)
        made.enrol("hotel", "H1")
        made.enrol("airline", "A1")
        made.link(("hotel", "H1"), ("airline", "A1"))
        assert not made.ask("hotel", stay_on("H1", "first", "2026-03-02")).reason
        assert not made.ask("airline", flight("f")).reason
        yield made
        with made.engine.connect() as connection:
            assert check(connection, made.coalition) == []
            assert list(check_agreed(connection)) == []


def flight(reference: str, started_at: datetime = NOON) -> Command:
    key = ActivityKey("airline", "FLIGHT", reference)
    return report(("airline", "A1"), key, quantities=[("MILE", 5_000)], started_at=started_at)


def convert(world: Bench, source: str, target: str) -> str:
    """Why 100 points are not converted."""
    keys = {"hotel": ("hotel", "H1"), "airline": ("airline", "A1")}
    asked = world.ask(source, quote(keys[source], keys[target], 100))
    return asked.reason or world.ask(source, Convert(asked.number)).reason


def balance(world: Bench) -> int:
    return int(
        rows(world, "select credits - debits from member_account where programme = 'hotel'")[0][0]
    )


STAYS: dict[str, tuple[datetime, datetime, str]] = {
    # when it begins, when it is reported
    "before": (EARNS_UNTIL - SECOND, EARNS_UNTIL, ""),
    "before, and reported late": (EARNS_UNTIL - SECOND, POINTS_UNTIL - SECOND, ""),
    "before, and its points are gone": (EARNS_UNTIL - SECOND, POINTS_UNTIL, "PROGRAMME_CLOSED"),
    "at the very instant": (EARNS_UNTIL, EARNS_UNTIL, "PROGRAMME_CLOSED"),
    "after": (EARNS_UNTIL + timedelta(days=9), POINTS_UNTIL, "PROGRAMME_CLOSED"),
}


@pytest.mark.parametrize("name", STAYS)
def test_a_stay_earns_by_its_own_instant(world: Bench, name: str) -> None:
    begins, reported, reason = STAYS[name]
    assert not world.ask("hotel", ENDS).reason
    world.now = reported
    key = ActivityKey("hotel", "STAY", name.replace(" ", "-").replace(",", ""))
    spent = [("ROOM", "EUR", 100)]
    done = world.ask("hotel", report(("hotel", "H1"), key, started_at=begins, spend=spent))

    assert done.reason == reason
    if reason:
        assert dict(done.metadata)["programme"] == "hotel"


@pytest.mark.parametrize(("now", "reason"), [(EARNS_UNTIL - SECOND, ""), (EARNS_UNTIL, "closed")])
def test_enrolment_and_conversion_into_it(world: Bench, now: datetime, reason: str) -> None:
    assert not world.ask("hotel", ENDS).reason
    world.now = now
    expected = reason and "PROGRAMME_CLOSED"

    assert world.ask("hotel", enrol("hotel", "H9")).reason == expected
    assert convert(world, "airline", "hotel") == expected


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        (EARNS_UNTIL, ""),
        (POINTS_UNTIL - SECOND, ""),
        (POINTS_UNTIL, "PROGRAMME_CLOSED"),
        (POINTS_UNTIL + timedelta(days=1), "PROGRAMME_CLOSED"),
    ],
)
def test_points_are_good_to_the_end(world: Bench, now: datetime, reason: str) -> None:
    """Also where the night that takes them has not come yet."""
    voucher = world.ask("hotel", Redeem(("hotel", "H1"), "small", None, buy_missing=False))
    assert not world.ask("hotel", ENDS).reason
    world.now = now
    small = Redeem(("hotel", "H1"), "small", None, buy_missing=False)

    assert world.ask("hotel", small, "then").reason == reason
    assert convert(world, "hotel", "airline") == reason
    assert world.ask("hotel", CancelVoucher(voucher.number)).reason == reason


def test_a_quote_is_no_longer_good_when_the_points_are_not(world: Bench) -> None:
    assert not world.ask("hotel", ENDS).reason
    world.now = POINTS_UNTIL - SECOND
    asked = world.ask("hotel", quote(("hotel", "H1"), ("airline", "A1"), 100))
    world.now = POINTS_UNTIL

    assert world.ask("hotel", Convert(asked.number)).reason == "PROGRAMME_CLOSED"


def test_the_night_after_takes_what_is_left_and_a_reversal_still_comes_through(
    world: Bench,
) -> None:
    assert not world.ask("hotel", ENDS).reason
    found: list[object] = []
    for now, left in ((POINTS_UNTIL - SECOND, 2_000), (POINTS_UNTIL, 0)):
        world.now = now
        review(world.engine, world.coalition, now, writes=True, on_finding=found.append)
        assert balance(world) == left
    assert len(found) == 1

    back = world.ask("hotel", Reverse(ActivityKey("hotel", "STAY", "first"), "test"))
    assert not back.reason
    assert balance(world) == 0


def test_anothers_stay_gives_no_points_of_it(world: Bench) -> None:
    """The airline ends: the hotel's guest, who takes miles, gets the hotel's points alone."""
    assert not world.ask("airline", WindDown("airline", EARNS_UNTIL, POINTS_UNTIL)).reason
    world.now = EARNS_UNTIL + timedelta(days=1)
    before = world.ask("hotel", stay_on("H1", "before", "2026-04-01")).result
    after = world.ask("hotel", stay_on("H1", "after", "2026-04-02")).result

    earned = [{leg.membership.programme for leg in stayed.legs} for stayed in (before, after)]
    assert earned == [{"hotel", "airline"}, {"hotel"}]
    assert (before.skipped, after.skipped) == ((), ("airline",))


RETROACTIVE: dict[str, WindDown] = {
    "earning ended yesterday": WindDown("hotel", NOON - SECOND, POINTS_UNTIL),
    "points gone before the earning": WindDown("hotel", POINTS_UNTIL, EARNS_UNTIL),
}


@pytest.mark.parametrize("name", RETROACTIVE)
def test_retroactive(world: Bench, name: str) -> None:
    assert world.ask("hotel", RETROACTIVE[name]).reason == "RETROACTIVE"
    assert rows(world, "select * from programme_closing") == []


def test_it_can_be_moved_until_it_begins(world: Bench) -> None:
    assert not world.ask("hotel", ENDS, "first").reason
    later = WindDown("hotel", EARNS_UNTIL + timedelta(days=1), POINTS_UNTIL)
    world.now = EARNS_UNTIL - SECOND
    assert not world.ask("hotel", later, "second").reason
    world.now = EARNS_UNTIL
    assert world.ask("hotel", enrol("hotel", "H8")).reason == ""
    assert not world.ask("hotel", WindDown("hotel", world.now, world.now), "third").reason

    assert world.ask("hotel", ENDS, "fourth").reason == "RETROACTIVE"
    assert world.ask("hotel", later, "fifth").reason == "RETROACTIVE"


def test_who_may(world: Bench) -> None:
    """The partner of the programme, and an administrator for one that has left."""
    assert world.ask("airline", ENDS).reason == "NOT_AUTHORIZED"
    nothing = WindDown("nothing", EARNS_UNTIL, POINTS_UNTIL)
    assert world.ask("hotel", nothing).reason == "UNKNOWN_PROGRAMME"
    made = world.ask("boss", ENDS)
    assert not made.reason
    assert made.number in told(world, "airline", made.number - 1)
