"""A batch decides as if each of its requests had come by itself, one after the other."""

import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, text

from partners.activities import ActivityKey
from partners.context import Command
from partners.exchange.terms import Limits, Safeguards
from partners.state import MembershipState
from partners.usecases import exchange, links, reversal
from support.coalition_day import NOON
from support.net_debits import exposures
from support.use_case_bench import (
    Bench,
    Outcome,
    bench,
    definition,
    enrol,
    quote,
    report,
    sample,
    stay,
    update,
)

SEQUENCES = 30
LENGTH = 20

TABLES = (
    *("entry", "line", "feed", "member_entry", "company_account", "member_account", "exposure"),
    *("membership", "enrolment", "link", "link_code", "activity", "quote"),
    *("debit_authorization", "agreement_usage", "ledger_head"),
)
"""All that a request of a partner can change, but for the requests themselves."""


@pytest.fixture(scope="module")
def world(module_database_url: str) -> Iterator[Bench]:
    """H1 to H3 at the hotel, A1 to A3 at the airline; some linked, with points and quotes."""
    with bench(module_database_url) as made:
        made.admit("hotel", "airline")
        made.publish("hotel", sample("hotel"))
        bears = sample("airline").replace(b"negative-balance", b"funder-bears")
        made.publish("airline", bears)
        made.publish("hotel", definition("spa", "SPA-POINTS"))
        made.agree("airline", "hotel", cap=700)
        for programme in ("hotel", "airline", "spa"):
            made.rate(programme, 50, 60)
        for number in ("1", "2", "3"):
            made.enrol("hotel", f"H{number}", choice="points-and-miles", tier="GOLD")
            made.enrol("airline", f"A{number}")
        made.enrol("spa", "S1", sender="hotel", same=("hotel", "H1"))
        made.link(("hotel", "H1"), ("airline", "A1"))
        made.link(("hotel", "H2"), ("airline", "A2"))
        for number in ("H1", "H2"):
            assert not made.ask("hotel", stay(number, f"base-{number}", 10_000)).reason
        for target in (("airline", "A1"), ("spa", "S1")):
            assert not made.ask("hotel", quote(("hotel", "H1"), target, 700)).reason
        assert not made.ask("hotel", quote(("hotel", "H2"), ("airline", "A2"), 1_000)).reason
        yield made


QUOTES = (range(1, 100), "quote")


def existing(bench: Bench, query: str) -> list[Any]:
    with bench.engine.connect() as connection:
        return list(connection.execute(text(query)).scalars())


def codes(world: Bench) -> list[tuple[str, links.Link]]:
    """Codes for pairs that are linked and for pairs that are not, used or not by a sequence."""
    made = []
    for one, other in ((1, 1), (2, 2), (3, 3), (3, 1), (1, 1)):
        key, of = ("hotel", f"H{one}"), ("airline", f"A{other}")
        answer = world.ask("airline", links.CreateLinkCode(of, key))
        made.append(("hotel", links.Link(key, "airline", answer.result.code)))
    return made


@pytest.fixture(scope="module")
def requests(  # noqa: C901 - one small function for each kind of request
    world: Bench,
) -> list[Callable[[random.Random], tuple[str, Command]]]:
    open_codes = codes(world)
    quotes = existing(world, "select number from quote")

    def hotel(rng: random.Random) -> tuple[str, str]:
        return "hotel", rng.choice(["H1", "H1", "H2", "H3", "H4"])

    def airline(rng: random.Random) -> tuple[str, str]:
        return "airline", rng.choice(["A1", "A1", "A2", "A3"])

    def key(rng: random.Random) -> ActivityKey:
        reference = rng.choice(["base-H1", "base-H2", "x", "y"])
        return ActivityKey("hotel", "STAY", reference, rng.choice([1, 1, 1, 2]))

    def accrue(rng: random.Random) -> tuple[str, Command]:
        spend = [("ROOM", "EUR", rng.choice([0, 5_000, 20_000]))]
        return "hotel", report(hotel(rng), key(rng), spend=spend)

    def fly(rng: random.Random) -> tuple[str, Command]:
        flown = ActivityKey("airline", "FLIGHT", rng.choice(["f", "g"]))
        return "airline", report(airline(rng), flown, quantities=[("MILE", 100)])

    def change(rng: random.Random) -> tuple[str, Command]:
        state = rng.choice([None, MembershipState.ACTIVE, MembershipState.BLOCKED])
        programme, number = rng.choice([hotel, airline])(rng)
        return programme, update(programme, number, tier=rng.choice(["", "SILVER"]), state=state)

    def join(rng: random.Random) -> tuple[str, Command]:
        programme, number = rng.choice([("hotel", "H4"), ("spa", "S2"), ("spa", "S3")])
        same = hotel(rng) if programme == "spa" else None
        return "hotel", enrol(programme, number, same=same)

    def wrong_code(rng: random.Random) -> tuple[str, Command]:
        return "hotel", links.Link(hotel(rng), "airline", "A" * 10)

    def ask_quote(rng: random.Random) -> tuple[str, Command]:
        target = rng.choice([airline(rng), ("spa", "S1"), ("spa", "S2")])
        return "hotel", quote(hotel(rng), target, rng.choice([300, 600]))

    def authorize(rng: random.Random) -> tuple[str, Command]:
        expires_at = NOON + timedelta(hours=1)
        return "hotel", exchange.AuthorizeDebit(
            hotel(rng), airline(rng), "airline", 600, expires_at
        )

    return [
        accrue,
        accrue,
        fly,
        change,
        join,
        wrong_code,
        ask_quote,
        authorize,
        lambda rng: rng.choice(open_codes),
        lambda rng: rng.choice(open_codes),
        lambda rng: ("hotel", links.Unlink(hotel(rng), airline(rng))),
        lambda rng: ("airline", links.Unlink(airline(rng), hotel(rng))),
        lambda rng: ("hotel", exchange.Convert(rng.choice(quotes))),
        lambda rng: ("hotel", reversal.Reverse(key(rng), "test")),
        lambda rng: ("hotel", reversal.Reverse(key(rng), "test")),
        lambda rng: (
            "airline",
            reversal.Reverse(ActivityKey("airline", "FLIGHT", rng.choice(["f", "g"])), "test"),
        ),
    ]


def dump(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
    found = {}
    for table in TABLES:
        rows = [tuple(map(_comparable, row)) for row in connection.execute(text(f"table {table}"))]
        found[table] = sorted(rows, key=repr)
    return found


def _comparable(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else value


def said(outcomes: list[Outcome]) -> list[object]:
    return [
        (o.reason, o.metadata) if o.accepted is None else (o.number, o.lines, repr(o.result))
        for o in outcomes
    ]


@pytest.mark.parametrize("seed", range(SEQUENCES))
def test_a_batch_is_like_its_requests_one_by_one(
    world: Bench, requests: list[Callable[[random.Random], tuple[str, Command]]], seed: int
) -> None:
    rng = random.Random(seed)
    asked = [rng.choice(requests)(rng) for _ in range(LENGTH)]
    sent = [world.submission(sender, command) for sender, command in asked]
    with world.undone() as connection:
        one_by_one = [world.batch(submission)[0] for submission in sent]
        expected = said(one_by_one), dump(connection)
    with world.undone() as connection:
        together = world.batch(*sent)
        found = said(together), dump(connection)

    assert found[0] == expected[0]
    for table in TABLES:
        assert found[1][table] == expected[1][table], table


GUARDED = (
    Limits("hotel", 20_000, 1_000, 5_000, (50, 80)),
    Limits("airline", 10_000, 0, 0, (50,)),
    Safeguards("", None, 1, 1, 900, 60, 60),
)


@pytest.mark.parametrize("seed", range(SEQUENCES))
def test_so_it_is_with_limits_and_safeguards(
    world: Bench, requests: list[Callable[[random.Random], tuple[str, Command]]], seed: int
) -> None:
    """Two minutes after the world was made, so that what it has is old enough and the rest new."""
    rng = random.Random(1_000 + seed)
    asked = [rng.choice(requests)(rng) for _ in range(LENGTH)]
    world.now = NOON + timedelta(minutes=2)
    sent = [world.submission(sender, command) for sender, command in asked]
    try:
        with world.undone() as connection:
            world.published(*GUARDED)
            with connection.begin_nested() as first:
                one_by_one = [world.batch(submission)[0] for submission in sent]
                expected = said(one_by_one), dump(connection)
                first.rollback()
            found = said(world.batch(*sent)), dump(connection)
            owed = exposures(connection)
    finally:
        world.now = NOON

    assert found[0] == expected[0]
    for table in TABLES:
        assert found[1][table] == expected[1][table], table
    assert owed.get("hotel", 0) <= 26_000


def test_a_neighbour_in_the_batch_does_not_hide_a_link(world: Bench) -> None:
    """A flight of A1 brings H1 along, its linked membership; H1's own links hold all the same."""
    flown = ActivityKey("airline", "FLIGHT", "neighbour")
    with world.undone():
        asked = world.ask("hotel", quote(("hotel", "H1"), ("airline", "A1"), 500))
        outcomes = world.batch(
            world.submission("airline", report(("airline", "A1"), flown)),
            world.submission("hotel", exchange.Convert(asked.result.quote.number)),
        )

        assert [outcome.reason for outcome in outcomes] == ["", ""]


def test_what_is_accrued_and_reversed_in_one_batch_leaves_nothing(world: Bench) -> None:
    """Every leg and every obligation, as if a night had passed in between."""
    with world.undone() as connection:
        before = world.accounts(connection)
        outcomes = world.batch(
            world.submission("hotel", stay("H1", "brief")),
            world.submission(
                "hotel", reversal.Reverse(ActivityKey("hotel", "STAY", "brief"), "test")
            ),
            world.submission("hotel", stay("H1", "brief", revision=2)),
            world.submission(
                "hotel", reversal.Reverse(ActivityKey("hotel", "STAY", "brief", 2), "test")
            ),
        )

        assert [outcome.reason for outcome in outcomes] == ["", "", "", ""]
        assert len(outcomes[1].lines) == len(outcomes[0].lines) == 5
        assert world.accounts(connection) == before


def test_a_reversal_in_the_batch_of_its_accrual_knows_the_balance(world: Bench) -> None:
    """The member is below zero already, and the funder bears: nothing is recovered."""
    flown = ActivityKey("airline", "FLIGHT", "below")
    with world.undone() as connection:
        member = world.ask("airline", update("airline", "A3")).result.membership.member_id
        connection.execute(
            text("insert into member_account values (:m, 'airline', 'AIR-MILES', 500, 0)"),
            {"m": member},
        )
        outcomes = world.batch(
            world.submission("airline", report(("airline", "A3"), flown, quantities=[("MILE", 9)])),
            world.submission("airline", reversal.Reverse(flown, "test")),
        )

        assert (outcomes[1].reason, outcomes[1].lines) == ("", [])


def test_unlinked_linked_and_unlinked_again_in_one_batch(world: Bench) -> None:
    h1, a1 = ("hotel", "H1"), ("airline", "A1")
    with world.undone() as connection:
        made = world.ask("airline", links.CreateLinkCode(a1, h1))
        outcomes = world.batch(
            world.submission("hotel", links.Unlink(h1, a1)),
            world.submission("hotel", links.Link(h1, "airline", made.result.code)),
            world.submission("airline", links.Unlink(a1, h1)),
        )
        left = connection.execute(
            text("select count(*) from link l join membership m using (member_id, programme) "
                 "where m.member_number = 'H1'")
        ).scalar()  # fmt: skip

        assert [outcome.reason for outcome in outcomes] == ["", "", ""]
        assert left == 0
