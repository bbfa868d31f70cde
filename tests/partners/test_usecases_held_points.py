"""Points held back until a stay is over: credited at once, spent not before."""

from collections.abc import Iterator
from datetime import timedelta
from fractions import Fraction

import pytest
from sqlalchemy import Connection, text

from partners.activities import ActivityKey
from partners.state import MembershipState
from partners.usecases.awards import Redeem
from partners.usecases.exchange import Convert
from partners.usecases.reversal import Reverse
from support.coalition_day import NOON
from support.use_case_bench import (
    Bench,
    Outcome,
    bench,
    definition,
    quote,
    report,
    sample,
    stay,
    update,
)
from support.whole_state import balances_and_counters

RULES = """
[[tiers]]
name = "MEMBER"
[[tiers]]
name = "GOLD"
bonus = "25%"
[[earn]]
rule = "base"
activity = "STAY"
per = "money"
currency = "EUR"
points = "10"
tier_bonus = true
available = "at-end"
[[earn]]
rule = "miles"
programme = "airline"
activity = "STAY"
per = "activity"
points = "100"
available = "at-end"
[[earn]]
rule = "banquet"
activity = "BANQUET"
per = "activity"
points = "500"
[[earn]]
rule = "cruise-held"
activity = "CRUISE"
per = "activity"
points = "500"
available = "at-end"
[[earn]]
rule = "cruise-at-once"
activity = "CRUISE"
per = "activity"
points = "100"
[[awards]]
award = "night"
name = "A night"
prices = [{ points = 1000 }]
[[awards]]
award = "dinner"
name = "A dinner"
prices = [{ points = 400 }]
[buying]
at_most = "100%"
currency = "EUR"
price = "1/100"
"""

HOTELS = {"hotel": "negative-balance", "borne": "funder-bears"}


@pytest.fixture(scope="module")
def world(module_database_url: str) -> Iterator[Bench]:
    """Two programmes of the hotel, by what happens to spent points, with a member each."""
    with bench(module_database_url) as made:
        made.admit("hotel", "airline")
        for name, policy in HOTELS.items():
            made.publish("hotel", definition(name, name.upper(), reversal=policy, rest=RULES))
        made.publish("airline", sample("airline"))
        made.agree("airline", "hotel", price=120, fee=Fraction(1, 50))
        for name in (*HOTELS, "airline"):
            made.rate(name, 1, 1)
        for name in HOTELS:
            made.enrol(name, "M", sender="hotel")
            made.enrol("airline", name)
            made.link((name, "M"), ("airline", name), ("hotel", "airline"))
        yield made


START = NOON - timedelta(days=1)
END = NOON + timedelta(days=2)
M = ("hotel", "M")


def early(world: Bench, reference: str = "s", programme: str = "hotel") -> Outcome:
    """A stay that is reported while it lasts: 1,000 points and 100 miles."""
    key = ActivityKey("hotel", "STAY", reference)
    spend = [("ROOM", "EUR", 10_000)]
    return world.ask(
        "hotel", report((programme, "M"), key, started_at=START, ended_at=END, spend=spend)
    )


def redeem(world: Bench, award: str = "night", programme: str = "hotel") -> str:
    return world.ask("hotel", Redeem((programme, "M"), award, None, buy_missing=False)).reason


def convert(world: Bench, amount: int) -> str:
    quoted = world.ask("hotel", quote(M, ("airline", "hotel"), amount))
    assert not quoted.reason
    return world.ask("hotel", Convert(quoted.result.quote.number)).reason


def held(connection: Connection) -> list[tuple[str, int]]:
    rows = connection.execute(
        text("select programme, amount from held_points where amount <> 0 order by programme")
    )
    return [(row.programme, row.amount) for row in rows]


def balance(world: Bench, programme: str = "hotel") -> int:
    balances = world.accounts(world.connection)
    return sum(
        n
        for code, n in balances.items()
        if code.startswith("member/") and code.endswith(f"/{programme}")
    )


def test_points_are_credited_at_once_and_held_to_the_end(world: Bench) -> None:
    with world.undone() as connection:
        done = early(world)

        legs = [
            (leg.membership.programme, leg.points_minor, leg.available_at)
            for leg in done.result.legs
        ]
        assert legs == [("hotel", 1_000, END), ("airline", 100, END)]
        assert held(connection) == [("airline", 100), ("hotel", 1_000)]
        assert balance(world) == 1_000


SPENT = {
    # seconds from the end of the stay
    -3_600: "INSUFFICIENT_BALANCE",
    -1: "INSUFFICIENT_BALANCE",
    0: "",
    1: "",
}


@pytest.mark.parametrize("seconds", SPENT)
@pytest.mark.parametrize("way", ["redeem", "convert"])
def test_they_cannot_be_spent_before(world: Bench, seconds: int, way: str) -> None:
    with world.undone():
        early(world)
        world.now = END + timedelta(seconds=seconds)
        try:
            done = redeem(world) if way == "redeem" else convert(world, 1_000)
        finally:
            world.now = NOON

        assert done == SPENT[seconds]


def test_other_points_can(world: Bench) -> None:
    """500 of a banquet are there; the 1,000 of the stay are not."""
    with world.undone():
        early(world)
        world.ask("hotel", report(M, ActivityKey("hotel", "BANQUET", "b")))
        assert convert(world, 501) == "INSUFFICIENT_BALANCE"
        assert redeem(world, "dinner") == ""
        assert convert(world, 101) == "INSUFFICIENT_BALANCE"
        assert convert(world, 100) == ""
        assert redeem(world, "dinner") == "INSUFFICIENT_BALANCE"
        assert balance(world) == 1_000


def test_held_points_are_missing_points_to_a_buyer(world: Bench) -> None:
    """Of the 400 for a dinner all are bought; the held 1,000 are untouched."""
    with world.undone():
        early(world)
        bought = world.ask("hotel", Redeem(M, "dinner", None, buy_missing=True))

        assert bought.result.voucher.bought_minor == 400
        assert balance(world) == 1_000


def test_within_one_batch(world: Bench) -> None:
    with world.undone():
        key = ActivityKey("hotel", "STAY", "s")
        spend = [("ROOM", "EUR", 10_000)]
        reported = report(M, key, started_at=START, ended_at=END, spend=spend)
        done = world.batch(
            world.submission("hotel", reported),
            world.submission("hotel", Redeem(M, "night", None, buy_missing=False)),
            world.submission("hotel", report(M, ActivityKey("hotel", "BANQUET", "b"))),
            world.submission("hotel", Redeem(M, "dinner", None, buy_missing=False)),
        )
        assert [o.reason for o in done] == ["", "INSUFFICIENT_BALANCE", "", ""]


# When what may be reported ----------------------------------------------------------------

EARLY = {
    # kind, hours from now to the start and to the end: refused how
    ("STAY", -24, 48): "",
    ("STAY", 0, 48): "",
    ("STAY", 24, 48): "IMPLAUSIBLE",
    ("BANQUET", -24, 48): "IMPLAUSIBLE",
    ("BANQUET", -24, -1): "",
    # one of its rules gives points at once
    ("CRUISE", -24, 48): "IMPLAUSIBLE",
    ("CRUISE", -24, -1): "",
    # no rule holds anything back
    ("CONFERENCE", -24, 48): "IMPLAUSIBLE",
}


@pytest.mark.parametrize("case", EARLY)
def test_what_may_be_reported_before_its_end(world: Bench, case: tuple[str, int, int]) -> None:
    kind, start, end = case
    with world.undone():
        done = world.ask(
            "hotel",
            report(
                M,
                ActivityKey("hotel", kind, "k"),
                started_at=NOON + timedelta(hours=start),
                ended_at=NOON + timedelta(hours=end),
            ),
        )
        assert done.reason == EARLY[case]


def test_stated_points_wait_for_the_end_of_the_activity(world: Bench) -> None:
    """No rule holds them back, so they are told of when it is over."""
    with world.undone():
        stated = [("hotel", "BASE", 5)]
        refused = world.ask("hotel", stay("M", "s", ended_at=END, stated=stated))
        assert refused.reason == "IMPLAUSIBLE"


def test_nothing_is_held_of_what_is_over(world: Bench) -> None:
    with world.undone() as connection:
        world.ask("hotel", stay("M", "s", 10_000, ended_at=NOON - timedelta(hours=1)))
        world.ask("hotel", stay("M", "t", 10_000))
        assert held(connection) == []
        assert redeem(world) == ""
        assert redeem(world) == ""


# Taken back -------------------------------------------------------------------------------


def take(reference: str = "s", part: Fraction | None = None) -> Reverse:
    return Reverse(ActivityKey("hotel", "STAY", reference), "test", part)


@pytest.mark.parametrize("programme", HOTELS)
@pytest.mark.parametrize("over", [False, True])
def test_held_points_can_be_taken_back(world: Bench, programme: str, *, over: bool) -> None:
    """Under both policies; they are there, though nobody could have spent them."""
    with world.undone() as connection:
        before = balances_and_counters(connection)
        early(world, programme=programme)
        world.now = END + timedelta(days=1) if over else NOON
        try:
            taken = world.ask("hotel", take())
        finally:
            world.now = NOON

        assert [leg.points_minor for leg in taken.result.legs] == [1_000, 100]
        assert balances_and_counters(connection) == before


def test_thirds_of_held_points(world: Bench) -> None:
    """What is left is held to the last, and nothing besides."""
    with world.undone() as connection:
        early(world)
        world.ask("hotel", report(M, ActivityKey("hotel", "BANQUET", "b")))
        for miles, points in ((67, 667), (33, 333)):
            world.ask("hotel", take("s", Fraction(1, 3)))
            assert held(connection) == [("airline", miles), ("hotel", points)]
            assert balance(world) == points + 500
            assert convert(world, 501) == "INSUFFICIENT_BALANCE"
        world.ask("hotel", take("s", Fraction(1, 3)))
        assert held(connection) == []
        assert convert(world, 500) == ""
        assert balance(world) == 0


@pytest.mark.parametrize("programme", HOTELS)
def test_one_stay_is_taken_back_and_another_stays_held(world: Bench, programme: str) -> None:
    """And within one batch as well."""
    with world.undone() as connection:
        early(world, "s", programme)
        early(world, "t", programme)
        done = world.batch(
            world.submission("hotel", take("s", Fraction(1, 2))),
            world.submission("hotel", take("s")),
            world.submission("hotel", Redeem((programme, "M"), "dinner", None, buy_missing=False)),
        )
        assert [o.reason for o in done] == ["", "", "INSUFFICIENT_BALANCE"]
        assert held(connection) == sorted([("airline", 100), (programme, 1_000)])
        assert balance(world, programme) == 1_000


def test_a_debt_is_not_paid_with_points_that_are_held(world: Bench) -> None:
    """500 spent of a banquet that is then taken back; the stay's 1,000 come free at its end."""
    with world.undone():
        world.ask("hotel", report(M, ActivityKey("hotel", "BANQUET", "b")))
        assert convert(world, 500) == ""
        early(world)
        world.ask("hotel", Reverse(ActivityKey("hotel", "BANQUET", "b"), "test"))
        assert balance(world) == 500
        assert redeem(world, "dinner") == "INSUFFICIENT_BALANCE"
        try:
            world.now = END
            assert redeem(world) == "INSUFFICIENT_BALANCE"
            assert redeem(world, "dinner") == ""
        finally:
            world.now = NOON


def test_who_leaves_gives_up_held_points_too(world: Bench) -> None:
    with world.undone():
        early(world)
        world.ask("hotel", update("hotel", "M", state=MembershipState.CLOSED))
        assert balance(world) == 0
