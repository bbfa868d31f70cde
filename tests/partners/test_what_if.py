"""What if: conversions that happened, replayed under proposed rates, to the unit."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest
from sqlalchemy import Connection, text

from partners import what_if as asking
from partners.activities import ActivityKey
from partners.directory import Permission
from partners.directory_store import load_directory, money_at
from partners.exchange.crossing import Crossing
from partners.exchange.proposals import Change
from partners.exchange.terms import (
    BonusStep,
    Caps,
    GuardRails,
    Limits,
    MoneyFee,
    MoneyValue,
    PairTerms,
    RateTerms,
    Safeguards,
    Terms,
)
from partners.queries import Asker
from partners.refusals import Reason, Refused
from partners.state import MembershipKey
from partners.usecases.exchange import Convert, RequestQuote
from partners.usecases.rates import Propose
from partners.what_if import Span, WhatIf, WouldHaveBeen, what_if
from settlement.run import settle
from settlement.windows import cut, list_windows
from support.coalition_day import NOON
from support.use_case_bench import Bench, bench, definition, report

A, B, COIN = ("alpha", "1"), ("beta", "1"), ("operator", "1")
OWNER = {"alpha": "alpha", "beta": "beta", "operator": "admin-one"}
ALPHA = RateTerms("alpha", Fraction(50), Fraction(60), Fraction(1, 50), Fraction(1, 100))
BETA = RateTerms("beta", Fraction(70), Fraction(80))
LOWER = replace(ALPHA, rate_in=Fraction(40))
HIGHER = replace(ALPHA, rate_in=Fraction(55))


def furnish(made: Bench) -> None:
    """A at 0.50 in (fee 2 %, spread 1 %), B out at 1 per 0.80; a member with points of all."""
    made.admit("alpha", "beta")
    for name, code in (("alpha", "AA"), ("beta", "BB")):
        made.publish(name, definition(name, code))
    made.published(ALPHA, BETA)
    for programme, _ in (A, B, COIN):
        made.enrol(programme, "1", sender=OWNER[programme])
    for one, other in ((A, B), (A, COIN), (B, COIN)):
        made.link(one, other, (OWNER[one[0]], OWNER[other[0]]))
    for programme, _ in (A, B, COIN):
        key = ActivityKey("operator" if programme == "operator" else programme, "GIFT", "1")
        made.ask(OWNER[programme], report((programme, "1"), key, [(programme, "BASE", 10**6)]))
    made.agree("beta", "alpha", price=1, fee=Fraction(0), permissions=[Permission.STATE_POINTS])


@pytest.fixture(scope="module")
def world(module_database_url: str) -> Iterator[Bench]:
    with bench(module_database_url) as made:
        furnish(made)
        yield made


@pytest.fixture
def alone(database_url: str) -> Iterator[Bench]:
    """The same, for a test that commits."""
    with bench(database_url) as made:
        furnish(made)
        yield made


def convert(
    world: Bench, source: MembershipKey, target: MembershipKey, amount: int, offer: str = ""
) -> int:
    """A conversion; its number."""
    owner = OWNER[source[0]]
    quoted = world.ask(owner, RequestQuote(source, target, amount, None, offer=offer))
    return world.ask(owner, Convert(quoted.result.quote.number)).number


def buy(world: Bench, reference: str, points: int) -> None:
    """Business that is no conversion: alpha owes beta a shared minor unit for each point."""
    key = ActivityKey("alpha", "PURCHASE", reference)
    assert not world.ask("alpha", report(A, key, [("beta", "BASE", points)])).reason


@contextmanager
def connected(world: Bench) -> Iterator[Connection]:
    if world.connection is not None:
        yield world.connection
        return
    with world.engine.begin() as connection:
        yield connection


def asked(
    world: Bench,
    *changes: Terms | Change,
    windows: int = 0,
    proposal: int = 0,
    sender: str = "admin-one",
) -> WouldHaveBeen:
    made = tuple(c if isinstance(c, Change) else Change(c) for c in changes)
    with connected(world) as connection:
        asker = Asker(sender, load_directory(connection, world.coalition), world.now)
        found = reversed(list_windows(connection))
        spans = [Span(w.window_id, w.first_number, w.opened_at) for w in found]
        return what_if(connection, asker, WhatIf(proposal, made, windows), spans)


def figures(found: WouldHaveBeen) -> dict[str, list[tuple[str, int, int]]]:
    tally = found.tally
    return {
        "nets": tally.nets.rows(),
        "fees": tally.fees.rows(),
        "outstanding": tally.outstanding.rows(),
    }


def three(world: Bench) -> None:
    """The example of docs/WHAT_IF.md."""
    convert(world, A, B, 1_000)
    convert(world, A, COIN, 500)
    convert(world, COIN, B, 8_000)


def test_three_conversions_to_the_unit(world: Bench) -> None:
    """A goes in at 0.40 and not at 0.50; what does not begin with A stays as it was."""
    with world.undone():
        three(world)
        found = asked(world, LOWER)

    assert figures(found) == {
        "nets": [
            ("alpha", -75_000, -60_000),
            ("beta", 56_480, 46_800),
            ("operator", 18_520, 13_200),
        ],
        "fees": [("alpha", 2_270, 1_800)],
        "outstanding": [
            ("alpha", -1_500, -1_500),
            ("beta", 706, 585),
            ("operator", 16_250, 11_400),
        ],
    }
    assert (found.tally.conversions, dict(found.tally.refused)) == (3, {})
    assert (found.windows, found.crossings) == ((1,), ())


def test_before_is_what_was_booked(world: Bench) -> None:
    """The nets before are those of the clearing accounts, where there was no other business."""
    with world.undone():
        three(world)
        booked: dict[str, int] = {}
        for code, balance in world.accounts(world.connection).items():
            if code.startswith("clearing/"):
                owner = code.split("/")[2].split(":")[0]
                booked[owner] = booked.get(owner, 0) + balance
        found = asked(world, LOWER)

    assert {name: before for name, before, _ in found.tally.nets.rows()} == booked


def test_pages_are_read_in_order(world: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    with world.undone():
        changes = HIGHER, Limits("alpha", 47_500)
        for amount in (200, 300, 400, 500, 600, 700, 800):
            convert(world, A, B, amount)
            buy(world, f"p{amount}", 1_000)
        whole = asked(world, *changes)
        for page in (1, 2, 3, 7):
            monkeypatch.setattr(asking, "PAGE", page)
            paged = asked(world, *changes)
            assert (figures(paged), paged.crossings) == (figures(whole), whole.crossings)
    assert whole.tally.conversions == 7
    assert whole.crossings


USD = MoneyValue("USD", Fraction(1))
STANDING = PairTerms(
    "alpha",
    "beta",
    "",
    Fraction(1, 2),
    Fraction(80),
    bonuses=(BonusStep(1_000, 100, "alpha"), BonusStep(2_000, 50, "operator")),
    fee=MoneyFee("USD", Fraction(6, 100), 9_900),
)
ONCE = replace(
    STANDING,
    offer="welcome",
    ratio=Fraction(65, 100),
    settlement_price=Fraction(60),
    bonuses=(),
    fee=None,
    once_per_member=True,
)
SMALL = replace(STANDING, offer="small", ratio=Fraction(1, 4), bonuses=(), fee=None)
CAPPED = replace(ONCE, offer="capped", once_per_member=False, caps=Caps(member_daily_minor=2_500))


@pytest.mark.parametrize(
    "changes",
    [
        (ALPHA,),
        (BETA,),
        (STANDING,),
        (ONCE, SMALL),
        (USD,),
        (Safeguards("", minimum_minor=1),),
        (Limits("alpha", 10**9), GuardRails(None, 0)),
        (ALPHA, BETA, STANDING, ONCE, SMALL, CAPPED, USD, Safeguards("alpha")),
    ],
    ids=lambda changes: " ".join(f"{type(c).__name__}{c.subject}" for c in changes),
)
def test_no_effective_change_changes_nothing(world: Bench, changes: Sequence[Terms]) -> None:
    """Offers that are used up, capped, or were asked for by name are replayed as they were."""
    with world.undone():
        convert(world, B, A, 1_234)
        world.published(STANDING, ONCE, SMALL, CAPPED, USD)
        for amount in (2_345, 2_400, 2_499, 3_001, 999, 17):
            convert(world, A, B, amount)
        convert(world, A, B, 3_000, offer="small")
        convert(world, A, COIN, 777)
        convert(world, COIN, B, 81)
        found = asked(world, *changes)
        rows = [row for rows in figures(found).values() for row in rows]

    assert found.tally.conversions == 10
    assert not found.tally.refused
    assert [before for _, before, _ in rows] == [after for _, _, after in rows]


def test_a_proposal_is_replayed_by_its_number(world: Bench) -> None:
    """Its dates do not matter: what happened is asked about, not what will."""
    with world.undone():
        three(world)
        later = Change(LOWER, effective_from=NOON + timedelta(days=30))
        proposed = world.ask("admin-one", Propose((later,), "test")).number
        by_number, by_changes = asked(world, proposal=proposed), asked(world, LOWER)

    assert figures(by_number) == figures(by_changes)


def test_of_several_about_one_subject_the_last_counts(world: Bench) -> None:
    soon = Change(HIGHER, effective_from=NOON + timedelta(days=1))
    with world.undone():
        three(world)
        assert figures(asked(world, soon, Change(LOWER))) == figures(asked(world, HIGHER))


def test_the_terms_that_give_most_are_replayed(world: Bench) -> None:
    """An offer that nobody had then is chosen as quoting would choose it: where it gives more."""
    seven, price = Fraction(7, 10), Fraction(70)
    better = replace(SMALL, offer="new", ratio=seven, settlement_price=price, minimum_minor=500)
    with world.undone():
        convert(world, A, B, 1_000)
        convert(world, A, B, 400)
        found = asked(world, better)

    assert found.tally.outstanding.rows() == [
        ("alpha", -1_400, -1_400),
        ("beta", 606 + 242, 700 + 242),
    ]


REFUSED: dict[str, tuple[Terms, dict[Reason, int]]] = {
    "a way is closed": (replace(ALPHA, rate_in=None), {Reason.NO_RATE: 2}),
    "below the minimum": (Safeguards("alpha", minimum_minor=501), {Reason.BELOW_MINIMUM: 1}),
    "at the minimum": (Safeguards("alpha", minimum_minor=500), {}),
    "of all programmes": (Safeguards("", minimum_minor=8_001), {Reason.BELOW_MINIMUM: 3}),
    "above the ceiling": (Safeguards("alpha", ceiling_minor=999), {Reason.IMPLAUSIBLE: 1}),
    "at the ceiling": (Safeguards("alpha", ceiling_minor=1_000), {}),
    "no increment": (
        replace(SMALL, offer="", minimum_minor=300, increment_minor=300),
        {Reason.NOT_AN_INCREMENT: 1},
    ),
    "above a cap": (
        replace(SMALL, offer="", caps=Caps(pair_daily_minor=999)),
        {Reason.CONVERSION_CAP_EXCEEDED: 1},
    ),
    "a money without value": (
        replace(SMALL, offer="", fee=MoneyFee("USD", Fraction(1), None)),
        {Reason.NO_RATE: 1},
    ),
    "too small": (replace(ALPHA, rate_in=Fraction(1, 100)), {Reason.AMOUNT_TOO_SMALL: 1}),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_have_been_refused(world: Bench, name: str) -> None:
    """It counts by its reason, and contributes nothing after."""
    change, reasons = REFUSED[name]
    more = (USD,) if name == "a money without value" else ()
    with world.undone():
        three(world)
        if more:  # a value that holds from the next window on
            world.now = NOON + timedelta(hours=1)
            world.published(*more)
            world.now = NOON
        found = asked(world, change)

    assert dict(found.tally.refused) == reasons
    assert found.tally.conversions == 3
    if reasons == {Reason.NO_RATE: 2}:
        assert found.tally.nets.rows() == [
            ("alpha", -75_000, 0),
            ("beta", 56_480, 8_000),
            ("operator", 18_520, -8_000),
        ]


def test_what_came_back_does_not_count(world: Bench) -> None:
    """Taken back whole, or a quarter of it: the same part of what would have been came back."""
    with world.undone() as connection:
        refused, quarter = convert(world, A, B, 1_000), convert(world, A, B, 1_000)
        connection.execute(
            text("update conversion set state = 'REFUSED' where number = :n"), {"n": refused}
        )
        connection.execute(
            text(
                "update conversion set returned_source_minor = 250, returned_target_minor = 152 "
                "where number = :n"
            ),
            {"n": quarter},
        )
        found = asked(world, LOWER)

    assert figures(found) == {
        "nets": [
            ("alpha", -37_500, -30_000),
            ("beta", 36_360, 29_100),
            ("operator", 750 + 375 + 15, 600 + 300),
        ],
        "fees": [("alpha", 1_140, 900)],
        "outstanding": [("alpha", -750, -750), ("beta", 606 - 152, 485 - 122)],
    }


def test_windows(world: Bench) -> None:
    """So many back from the open one, of as many as there are."""
    with world.undone() as connection:
        for amount in (100, 200, 400):
            convert(world, A, B, amount)
            cut(connection, world.coalition, world.now, money_at)
        convert(world, A, B, 800)
        seen = {n: asked(world, LOWER, windows=n) for n in (1, 2, 3, 4, 7, 400, 0)}
        with pytest.raises(Refused, match="INVALID_ARGUMENT: windows: are 401"):
            asked(world, LOWER, windows=401)

    def gave(found: WouldHaveBeen) -> int:
        return -found.tally.outstanding.before["alpha"]

    assert {n: (found.windows, gave(found)) for n, found in seen.items()} == {
        1: ((4,), 800),
        2: ((3, 4), 1_200),
        3: ((2, 3, 4), 1_400),
        **dict.fromkeys((4, 7, 400, 0), ((1, 2, 3, 4), 1_500)),
    }


def test_windows_without_conversions(world: Bench) -> None:
    with world.undone():
        found = asked(world, LOWER, Limits("alpha", 0))

    assert figures(found) == {"nets": [], "fees": [], "outstanding": []}
    assert (found.tally.conversions, found.crossings) == (0, ())


@pytest.mark.parametrize(
    ("name", "most", "conversions"),
    [
        ("MOST_CONVERSIONS", 3, 3),
        ("MOST_CONVERSIONS", 2, 2),
        ("MOST_CONVERSIONS", 1, 1),
        ("MOST_ENTRIES", 5, 3),  # a quote and a conversion each: the first is the second of six
        ("MOST_ENTRIES", 4, 2),
        ("MOST_ENTRIES", 3, 2),
        ("MOST_ENTRIES", 2, 1),
    ],
)
def test_of_too_many_the_newest_are_replayed(
    world: Bench, monkeypatch: pytest.MonkeyPatch, name: str, most: int, conversions: int
) -> None:
    monkeypatch.setattr(asking, name, most)
    with world.undone():
        three(world)
        found = asked(world, LOWER, Limits("alpha", 10**9))

    assert (found.tally.conversions, found.left_out) == (conversions, 3 - conversions)
    assert (
        found.tally.nets.rows()[-1]
        == {
            3: ("operator", 18_520, 13_200),
            2: ("operator", 17_000, 12_000),
            1: ("operator", -8_000, -8_000),
        }[conversions]
    )


def test_sums_beyond_64_bits(world: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    with world.undone():
        three(world)
        monkeypatch.setattr(asking, "INT64_MAX", 75_000)
        asked(world, LOWER)
        monkeypatch.setattr(asking, "INT64_MAX", 74_999)
        with pytest.raises(Refused, match="OVERFLOW: the sums of alpha"):
            asked(world, LOWER)


@pytest.mark.parametrize(
    ("sender", "allowed"), [("admin-one", True), ("alpha", False), ("operator", False)]
)
def test_who_may_ask(world: Bench, sender: str, allowed: bool) -> None:  # noqa: FBT001
    with world.undone():
        if allowed:
            asked(world, LOWER, sender=sender)
            return
        with pytest.raises(Refused, match="NOT_AUTHORIZED"):
            asked(world, LOWER, sender=sender)


ASKED_WRONGLY: dict[str, tuple[dict[str, int], tuple[Terms, ...], str]] = {
    "nothing": ({}, (), "INVALID_ARGUMENT: proposal"),
    "both": ({"proposal": 7}, (LOWER,), "INVALID_ARGUMENT: proposal"),
    "no such proposal": ({"proposal": 7}, (), "UNKNOWN_PROPOSAL"),
    "no such programme": ({}, (replace(ALPHA, programme="gamma"),), "UNKNOWN_PROGRAMME"),
    "no such participant": ({}, (Limits("gamma", 1),), "UNKNOWN_PARTICIPANT"),
}


@pytest.mark.parametrize("name", ASKED_WRONGLY)
def test_asked_wrongly(world: Bench, name: str) -> None:
    more, changes, expected = ASKED_WRONGLY[name]
    with world.undone(), pytest.raises(Refused, match=expected):
        asked(world, *changes, **more)  # type: ignore[arg-type]


# Limits -----------------------------------------------------------------------------------


def owing(world: Bench, cap: int, prefunded: int = 0) -> list[int]:
    """Alpha owes 700 for business, then 500.00, then 300 more for business, then 100.00."""
    world.published(Limits("alpha", cap, prefunded))
    buy(world, "first", 700)
    numbers = [convert(world, A, B, 1_000)]
    buy(world, "second", 300)
    numbers.append(convert(world, A, B, 200))
    buy(world, "third", 5_000)
    return numbers


# At 0.55 in alpha would owe 700 + 550.00 = 55,700, then 300 + 110.00 more: 67,000.
@pytest.mark.parametrize(
    ("cap", "prefunded", "expected"),
    [
        (67_000, 0, None),
        (66_999, 0, (1, 67_000)),
        (60_000, 6_999, (1, 67_000)),
        (60_000, 7_000, None),
        (55_700, 0, (1, 67_000)),
        (55_699, 0, (0, 55_700)),
    ],
)
def test_a_limit_is_crossed_above_it(
    world: Bench, cap: int, prefunded: int, expected: tuple[int, int] | None
) -> None:
    with world.undone():
        numbers = owing(world, 10**9)
        found = asked(world, HIGHER, Limits("alpha", cap, prefunded))

    crossing = expected and Crossing("alpha", numbers[expected[0]], expected[1], cap + prefunded)
    assert list(found.crossings) == ([crossing] if crossing else [])


def test_a_limit_that_held_then_would_have_been_crossed(world: Bench) -> None:
    """At 0.50 in alpha owed 507.00, which was the limit; at 0.55 it would have been 557.00."""
    with world.undone():
        world.published(Limits("alpha", 50_700))
        buy(world, "first", 700)
        number = convert(world, A, B, 1_000)
        found = asked(world, HIGHER)

    assert found.crossings == (Crossing("alpha", number, 55_700, 50_700),)


def test_a_limit_that_was_crossed_anyway_is_no_news(world: Bench) -> None:
    """What members earn may go into the reserve; then alpha owes 10.00, which is above 7.00."""
    with world.undone():
        world.published(Limits("alpha", 700, reserve_minor=1_000))
        buy(world, "first", 700)
        buy(world, "second", 300)
        convert(world, B, A, 1)
        assert asked(world, HIGHER).crossings == ()
        assert [c.participant for c in asked(world, HIGHER, Limits("alpha", 0)).crossings] == []
        world.now = NOON + timedelta(hours=1)
        world.published(Limits("alpha", 10**6))
        number = convert(world, B, A, 1)
        found = asked(world, Limits("alpha", 700))
        world.now = NOON

    assert [c.number for c in found.crossings] == [number]


def test_what_was_settled_and_what_came_before_count(alone: Bench) -> None:
    """What is due stays owed until it is paid: also what was booked before the windows."""
    numbers = owing(alone, 10**9)
    settle(alone.engine, alone.coalition, ["alpha", "beta"], lambda: alone.now, money_at)
    numbers.append(convert(alone, A, B, 1_000))
    # 700 + 500.00 + 300 + 100.00 + 5,000 were owed before the second window.
    limit = 66_000 + 55_000
    for cap, expected in ((limit, []), (limit - 1, [numbers[2]])):
        found = asked(alone, HIGHER, Limits("alpha", cap), windows=1)
        assert [c.number for c in found.crossings] == expected
    found = asked(alone, HIGHER, Limits("alpha", limit + 5_999), windows=2)
    assert [(c.number, c.net_debit_minor) for c in found.crossings] == [(numbers[2], 127_000)]
