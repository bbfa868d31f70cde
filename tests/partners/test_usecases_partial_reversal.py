"""Reversal in parts: they sum to the whole, and give back what the activity used and counted."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from partners.activities import ActivityKey
from partners.directory import Permission
from partners.directory_store import money_at
from partners.usecases.agreements import Suspend
from partners.usecases.awards import Redeem, UseVoucher
from partners.usecases.reversal import Reverse
from settlement.windows import cut
from support.coalition_day import NOON
from support.use_case_bench import Bench, Outcome, bench, definition, report, sample, stay, update
from support.whole_state import balances_and_counters

RULES = """
[[tiers]]
name = "MEMBER"
[[tiers]]
name = "GOLD"
bonus = "25%"
reached = [{ nights = 10 }]
[[counters]]
counter = "nights"
activity = "STAY"
per = "night"
[[counters]]
counter = "spend"
activity = "STAY"
per = "money"
currency = "EUR"
[[counters]]
counter = "stays"
activity = "STAY"
per = "activity"
[[counters]]
counter = "dearest"
activity = "STAY"
per = "money"
currency = "EUR"
keep = "largest"
[[choices]]
id = "points"
[[choices]]
id = "points-and-miles"
[[earn]]
rule = "room-base"
activity = "STAY"
per = "money"
category = "ROOM"
currency = "EUR"
points = "10"
tier_bonus = true
[[earn]]
rule = "stay-miles"
programme = "airline"
activity = "STAY"
per = "money"
category = "ROOM"
currency = "EUR"
points = "1"
choices = ["points-and-miles"]
[[earn]]
rule = "spring"
reason = "PROMOTION"
activity = "STAY"
per = "money"
category = "ROOM"
currency = "EUR"
points = "1"
budget = 1000
cap_per_member = 400
cap_per_day = 300
[[vouchers]]
voucher = "breakfast"
name = "Breakfast"
counter = "stays"
every = 2
[expiry]
by = "age"
after = "24 months"
"""

AWARDS = """
[[awards]]
award = "thing"
name = "A thing"
prices = [{ points = 700 }]
"""

POLICIES = {"below": "negative-balance", "borne": "funder-bears"}
THIRD = Fraction(1, 3)
HALF = Fraction(1, 2)


@pytest.fixture(scope="module")
def world(module_database_url: str) -> Iterator[Bench]:
    """The hotel buys miles; it may state points of the stranger's two programmes at 3 each."""
    with bench(module_database_url) as made:
        made.admit("hotel", "airline", "stranger")
        made.publish("hotel", definition("hotel", "HOTEL-POINTS", rest=RULES))
        made.publish("airline", sample("airline"))
        made.agree("airline", "hotel", price=120, fee=Fraction(1, 50))
        for name, policy in POLICIES.items():
            rules = definition(name, name.upper(), reversal=policy, rest=AWARDS)
            made.publish("stranger", rules)
            leave = [Permission.STATE_POINTS]
            made.agree(
                name, "hotel", issuer="stranger", price=3, fee=Fraction(1, 10), permissions=leave
            )
            made.enrol(name, "1", sender="stranger")
        made.enrol("hotel", "G", tier="GOLD", choice="points-and-miles")
        made.enrol("hotel", "M")
        made.enrol("hotel", "O")
        made.enrol("airline", "A")
        made.link(("hotel", "G"), ("airline", "A"))
        yield made


def stayed(reference: str) -> ActivityKey:
    return ActivityKey("hotel", "STAY", reference)


def take(reference: str, part: Fraction | None = None) -> Reverse:
    return Reverse(stayed(reference), "test", part)


def kinds(outcome: Outcome) -> list[tuple[str, int]]:
    return [(kind, amount) for kind, _, _, amount in outcome.lines]


def counters(connection: Connection, number: str) -> dict[str, int]:
    """What is counted of a member of the hotel, summed over days."""
    rows = connection.execute(
        text(
            "select counter, sum(amount) as n from progress p join enrolment e "
            "using (member_id, programme) where programme = 'hotel' and member_number = :m "
            "group by counter"
        ),
        {"m": number},
    )
    return {row.counter: int(row.n) for row in rows}


def used(connection: Connection, table: str) -> int:
    return int(connection.execute(text(f"select coalesce(sum(used), 0) from {table}")).scalar_one())


# Parts sum to the whole -------------------------------------------------------------------

LINES = ("BASE", "TIER_BONUS", "BASE", "PRINCIPAL", "FEE", "PROMOTION")
"""Of 100.01 EUR of a Gold member: 1,000 base, 250 bonus; 100 miles at 120 and 2 %; 100 more."""

THIRDS = [
    list(zip(LINES, amounts, strict=True))
    for amounts in (
        (333, 83, 33, 3_960, 79, 33),
        (334, 84, 34, 4_080, 82, 34),
        (333, 83, 33, 3_960, 79, 33),
    )
]

COUNTED_AFTER = [
    # what the stay leaves in each counter, after it and after each third
    {"nights": 3, "spend": 10_001, "dearest": 10_001, "stays": 1, "@earned": 1_350},
    {"nights": 2, "spend": 6_667, "dearest": 6_667, "stays": 1, "@earned": 901},
    {"nights": 1, "spend": 3_334, "dearest": 3_334, "stays": 0, "@earned": 449},
    {"nights": 0, "spend": 0, "dearest": 0, "stays": 0, "@earned": 0},
]
PROMOTED_AFTER = [100, 67, 33, 0]


def test_thirds_one_by_one_sum_to_the_whole_on_every_line(world: Bench) -> None:
    with world.undone() as connection:
        before = balances_and_counters(connection)
        world.ask("hotel", stay("G", "t", 10_001, quantities=[("NIGHT", 3)]))
        for done, expected in enumerate(THIRDS):
            promoted = PROMOTED_AFTER[done]
            left = COUNTED_AFTER[done] | {"@rule/spring": promoted}
            assert counters(connection, "G") == left
            assert used(connection, "rule_usage") == promoted
            assert used(connection, "agreement_usage") == promoted

            taken = world.ask("hotel", take("t", THIRD))
            assert kinds(taken) == expected
            assert taken.result.reversed == Fraction(done + 1, 3)

        assert balances_and_counters(connection) == before
        assert set(counters(connection, "G").values()) == {0}
        assert world.ask("hotel", take("t", THIRD)).reason == "ALREADY_REVERSED"


def test_the_receipt_of_a_part_says_what_is_no_longer_owed(world: Bench) -> None:
    with world.undone():
        world.ask("hotel", stay("G", "r", 10_001))
        legs = world.ask("hotel", take("r", THIRD)).result.legs

        assert [
            (leg.membership.programme, leg.reason, leg.points_minor, leg.owed_minor, leg.fee_minor)
            for leg in legs
        ] == [
            ("hotel", "BASE", 333, 0, 0),
            ("hotel", "TIER_BONUS", 83, 0, 0),
            ("airline", "BASE", 33, 3_960, 79),
            ("hotel", "PROMOTION", 33, 0, 0),
        ]


def half_up(amount: int, part: Fraction) -> int:
    """An independent rounding: decimals, not integers."""
    with localcontext(prec=60):
        exact = Decimal(amount) * part.numerator / part.denominator
        return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def owed_back(points: int, then: int) -> tuple[int, int]:
    """What is no longer owed at 3 each and a fee of a tenth, once so many points came back."""
    return 3 * then, half_up(3 * points // 10, Fraction(then, points))


def expected_lines(
    stated: Sequence[tuple[str, str, int]], before: Fraction, after: Fraction
) -> list[tuple[str, int]]:
    """Every line of a step, worked out from what was reversed in all before and after it."""
    lines = []
    for _, reason, points in stated:
        already, then = half_up(points, before), half_up(points, after)
        owed, was_owed = owed_back(points, then), owed_back(points, already)
        lines += [
            (reason, then - already),
            ("PRINCIPAL", owed[0] - was_owed[0]),
            ("FEE", owed[1] - was_owed[1]),
        ]
    return [(kind, amount) for kind, amount in lines if amount]


@settings(max_examples=40, deadline=None)
@given(
    programme=st.sampled_from(sorted(POLICIES)),
    points=st.lists(st.integers(min_value=1, max_value=10**8), min_size=1, max_size=4),
    weights=st.lists(st.integers(min_value=1, max_value=60), min_size=1, max_size=6),
)
def test_random_parts_of_random_legs_sum_to_the_whole(
    world: Bench, programme: str, points: list[int], weights: list[int]
) -> None:
    """Under both policies; nothing is spent, so the funder bears nothing."""
    stated = [(programme, "BASE", n) for n in points]
    with world.undone() as connection:
        before = balances_and_counters(connection)
        assert not world.ask("hotel", report((programme, "1"), stayed("x"), stated)).reason
        so_far = Fraction(0)
        for weight in weights:
            part = Fraction(weight, sum(weights))
            taken = world.ask("hotel", take("x", part))
            assert kinds(taken) == expected_lines(stated, so_far, so_far + part)
            so_far += part
        assert balances_and_counters(connection) == before


# Never more than remains ------------------------------------------------------------------

REMAINS = {
    # reversed before; then this part (None: all that remains): refused how, and what remains
    "the rest": ([HALF], HALF, "", ""),
    "all that remains": ([HALF], None, "", ""),
    "a hundredth more": ([HALF], Fraction(51, 100), "EXCEEDS_REMAINDER", "1/2"),
    "all of it again": ([THIRD], Fraction(1), "EXCEEDS_REMAINDER", "2/3"),
    "three halves": ([], Fraction(3, 2), "EXCEEDS_REMAINDER", "1"),
    "a hair more": ([Fraction(999, 1_000)], Fraction(2, 1_000), "EXCEEDS_REMAINDER", "1/1000"),
    "after the whole": ([Fraction(1)], Fraction(1, 100), "ALREADY_REVERSED", None),
    "the rest after the whole": ([Fraction(1)], None, "ALREADY_REVERSED", None),
    "nothing": ([], Fraction(0), "INVALID_ARGUMENT", None),
    "less than nothing": ([HALF], Fraction(-1, 4), "INVALID_ARGUMENT", None),
    "too fine a part": ([], Fraction(1, 1_000_000_007), "INVALID_ARGUMENT", None),
}


@pytest.mark.parametrize("name", REMAINS)
def test_never_more_than_remains(world: Bench, name: str) -> None:
    parts, then, reason, remains = REMAINS[name]
    with world.undone() as connection:
        world.ask("hotel", stay("G", "n", 10_001))
        for part in parts:
            assert not world.ask("hotel", take("n", part)).reason
        before = balances_and_counters(connection)
        refused = world.ask("hotel", take("n", then))

        assert refused.reason == reason
        if reason:
            assert balances_and_counters(connection) == before
            assert dict(refused.metadata).get("remains") == remains


def test_a_revision_waits_until_the_whole_is_reversed(world: Bench) -> None:
    def revised() -> str:
        return world.ask("hotel", stay("G", "v", revision=2)).reason

    with world.undone():
        world.ask("hotel", stay("G", "v"))
        for part in (THIRD, HALF, Fraction(1, 7)):
            assert not world.ask("hotel", take("v", part)).reason
            assert revised() == "REVISION_OUT_OF_ORDER"
        assert not world.ask("hotel", take("v")).reason
        assert revised() == ""


# Points that were spent -------------------------------------------------------------------

STEPS: dict[str, list[tuple[str, int | Fraction | None, int, int, int, int]]] = {
    # what happens, then: the member's balance; what the hotel owes for the points, and to the
    # operator; and what its agreement has used
    "below": [
        ("earn", None, 1_000, 3_000, 300, 1_000),
        ("spend", None, 300, 3_000, 300, 1_000),
        ("reverse", HALF, -200, 1_500, 150, 500),
        ("given", 150, -50, 1_500, 150, 500),
        ("reverse", THIRD, -383, 501, 50, 167),
        ("reverse", None, -550, 0, 0, 0),
    ],
    # Of 300 + 200 that are due 300 are there, all of the first leg: 900 + 90 of its 1,800 + 180.
    # Then 150 of the 200 + 133 due, again of the first leg: 450 + 45. The last step finds none.
    "borne": [
        ("earn", None, 1_000, 3_000, 300, 1_000),
        ("spend", None, 300, 3_000, 300, 1_000),
        ("reverse", HALF, 0, 2_100, 210, 700),
        ("given", 150, 150, 2_100, 210, 700),
        ("reverse", THIRD, 0, 1_650, 165, 550),
        ("reverse", None, 0, 1_650, 165, 550),
    ],
}


@pytest.mark.parametrize("policy", STEPS)
def test_points_that_were_spent_over_several_steps(world: Bench, policy: str) -> None:
    """600 and 400 points at 3 each and a fee of a tenth; 700 are spent."""
    member = (policy, "1")
    stated = [(policy, "BASE", 600), (policy, "PROMOTION", 400)]
    with world.undone() as connection:
        for count, (what, how_much, *expected) in enumerate(STEPS[policy]):
            if what == "earn":
                done = world.ask("hotel", report(member, stayed("s"), stated))
            elif what == "spend":
                done = world.ask("stranger", Redeem(member, "thing", None, buy_missing=False))
            elif what == "given":
                key = ActivityKey("stranger", "GIFT", f"{count}")
                gift = [(policy, "GOODWILL", int(how_much or 0))]
                done = world.ask("stranger", report(member, key, gift))
            else:
                part = how_much if isinstance(how_much, Fraction) else None
                done = world.ask("hotel", take("s", part))
            assert not done.reason, done
            balances = world.accounts(connection)
            held = sum(
                n
                for code, n in balances.items()
                if code.endswith(f"/{policy}") and code.startswith("member/")
            )
            assert [
                held,
                -balances.get("clearing/1/hotel:stranger", 0),
                -balances.get("clearing/1/hotel:operator", 0),
                used(connection, "agreement_usage"),
            ] == expected


def test_what_the_funder_bore_is_not_asked_for_again(world: Bench) -> None:
    """Once all is reversed it is over, also when the member earns later."""
    with world.undone() as connection:
        member = ("borne", "1")
        world.ask("hotel", report(member, stayed("s"), [("borne", "BASE", 700)]))
        world.ask("stranger", Redeem(member, "thing", None, buy_missing=False))
        taken = world.ask("hotel", take("s"))
        assert (taken.reason, taken.lines, taken.result.legs) == ("", [], ())
        gift = report(member, ActivityKey("stranger", "GIFT", "1"), [("borne", "GOODWILL", 50)])
        world.ask("stranger", gift)

        assert world.ask("hotel", take("s")).reason == "ALREADY_REVERSED"
        assert world.accounts(connection)["clearing/1/hotel:stranger"] == -2_100


def test_the_policy_is_the_one_in_force_not_one_to_come(world: Bench) -> None:
    with world.undone() as connection:
        later = definition(
            "below",
            "BELOW",
            reversal="funder-bears",
            rest=AWARDS,
            valid_from=NOON + timedelta(days=30),
        )
        assert not world.publish("stranger", later).reason
        member = ("below", "1")
        world.ask("hotel", report(member, stayed("s"), [("below", "BASE", 700)]))
        world.ask("stranger", Redeem(member, "thing", None, buy_missing=False))
        world.ask("hotel", take("s"))

        assert world.accounts(connection).get("clearing/1/hotel:stranger", 0) == 0


def test_a_debt_of_an_older_policy_is_not_made_larger(world: Bench) -> None:
    """700 were spent and taken back: 500 earned since leave -200, which the new policy keeps."""
    member = ("below", "1")
    rules = definition(
        "below", "BELOW", reversal="funder-bears", rest=AWARDS, valid_from=NOON + timedelta(hours=1)
    )
    with world.undone() as connection:
        world.ask("hotel", report(member, stayed("s"), [("below", "BASE", 700)]))
        world.ask("stranger", Redeem(member, "thing", None, buy_missing=False))
        world.ask("hotel", take("s"))
        world.ask("hotel", report(member, stayed("t"), [("below", "BASE", 500)]))
        world.publish("stranger", rules)
        try:
            world.now = NOON + timedelta(hours=2)
            taken = world.ask("hotel", take("t"))
        finally:
            world.now = NOON

        assert (taken.reason, taken.lines) == ("", [])
        assert world.accounts(connection)["clearing/1/hotel:stranger"] == -1_500


# What is given back besides points --------------------------------------------------------


def test_an_agreements_cap_is_given_back_in_proportion(world: Bench) -> None:
    """Of a cap of 100 miles 100 are used; half of them back leave room for 50."""
    with world.undone():
        number = world.agree("airline", "hotel", price=120, cap=100)
        assert not world.ask("hotel", stay("G", "c", 10_000)).reason
        assert world.ask("hotel", stay("G", "d", 100)).reason == "CAP_EXCEEDED"
        assert not world.ask("hotel", take("c", HALF)).reason
        refused = world.ask("hotel", stay("G", "e", 5_100))
        assert (refused.reason, dict(refused.metadata)["agreement"]) == (
            "CAP_EXCEEDED",
            f"{number}",
        )
        assert not world.ask("hotel", stay("G", "f", 5_000)).reason
        assert world.ask("hotel", stay("G", "g", 100)).reason == "CAP_EXCEEDED"


def promoted(outcome: Outcome) -> int:
    return sum(leg.points_minor for leg in outcome.result.legs if leg.rule == "spring")


def test_caps_of_a_promotion_are_given_back_in_proportion(world: Bench) -> None:
    """At most 300 a day, 400 a member and 1,000 in all."""
    yesterday, before = NOON - timedelta(days=1), NOON - timedelta(days=2)

    def earns(number: str, reference: str, euros: int, day: Any = yesterday) -> int:
        done = world.ask("hotel", stay(number, reference, 100 * euros, started_at=day))
        return promoted(done)

    with world.undone() as connection:
        assert earns("M", "a", 500) == 300  # the day's cap
        assert earns("M", "b", 500) == 0
        assert not world.ask("hotel", take("a", THIRD)).reason
        assert earns("M", "c", 500) == 100  # what came back for the day
        assert earns("M", "d", 500, before) == 100  # the member's 400
        assert earns("M", "e", 500, before) == 0
        assert not world.ask("hotel", take("d", HALF)).reason
        assert earns("M", "f", 500, before) == 50
        assert used(connection, "rule_usage") == 400
        assert earns("O", "g", 500) == 300
        assert earns("O", "h", 500, before) == 100
        assert earns("G", "i", 500) == 200  # the budget of 1,000
        assert earns("G", "j", 500, before) == 0
        assert not world.ask("hotel", take("g", HALF)).reason
        assert earns("G", "k", 500, before) == 150
        assert used(connection, "rule_usage") == 1_000


def tier_of(world: Bench, number: str) -> str:
    return str(world.ask("hotel", update("hotel", number)).result.membership.tier)


def test_a_tier_falls_with_the_part_that_had_reached_it(world: Bench) -> None:
    """The 10th night makes Gold; half of a stay of 3 leaves 7 + 3 - 2."""
    with world.undone():
        world.ask("hotel", stay("M", "a", quantities=[("NIGHT", 7)]))
        assert tier_of(world, "M") == "MEMBER"
        world.ask("hotel", stay("M", "b", quantities=[("NIGHT", 3)]))
        assert tier_of(world, "M") == "GOLD"
        taken = world.ask("hotel", take("b", HALF))

        assert [term.tier for term, _ in taken.result.terms] == ["MEMBER"]
        assert tier_of(world, "M") == "MEMBER"
        world.ask("hotel", stay("M", "c", quantities=[("NIGHT", 2)]))
        assert tier_of(world, "M") == "GOLD"


def vouchers(connection: Connection) -> list[str]:
    return [row.state for row in connection.execute(text("select state from voucher"))]


def test_vouchers_go_with_the_whole_of_what_brought_them(world: Bench) -> None:
    with world.undone() as connection:
        world.ask("hotel", stay("M", "a"))
        brought = world.ask("hotel", stay("M", "b"))
        assert len(brought.result.vouchers) == 1
        world.ask("hotel", take("b", HALF))
        assert vouchers(connection) == ["ISSUED"]
        world.ask("hotel", take("b"))
        assert vouchers(connection) == ["CANCELLED"]


def test_a_voucher_that_was_used_stays_used(world: Bench) -> None:
    with world.undone() as connection:
        world.ask("hotel", stay("M", "a"))
        brought = world.ask("hotel", stay("M", "b"))
        assert not world.ask("hotel", UseVoucher(brought.result.vouchers[0])).reason
        world.ask("hotel", take("b"))

        assert vouchers(connection) == ["USED"]
        assert world.ask("hotel", UseVoucher(brought.result.vouchers[0])).reason == "VOUCHER_STATE"


def test_a_multiple_brings_one_voucher_however_often_it_is_passed(world: Bench) -> None:
    """Another stay than the one that brought it is reversed, and a new one counted."""
    with world.undone() as connection:
        world.ask("hotel", stay("M", "a"))
        brought = world.ask("hotel", stay("M", "b"))
        assert not world.ask("hotel", UseVoucher(brought.result.vouchers[0])).reason
        world.ask("hotel", take("a"))
        in_a_batch = [stay("M", "c"), take("c"), stay("M", "d")]
        done = world.batch(*(world.submission("hotel", command) for command in in_a_batch))
        assert [outcome.reason for outcome in done] == ["", "", ""]
        assert vouchers(connection) == ["USED"]
        world.ask("hotel", stay("M", "e"))
        assert len(world.ask("hotel", stay("M", "f")).result.vouchers) == 1
        assert sorted(vouchers(connection)) == ["ISSUED", "USED"]


def test_a_voucher_goes_with_what_brought_it_in_the_same_batch(world: Bench) -> None:
    with world.undone() as connection:
        commands = [stay("M", "a"), stay("M", "b"), take("b")]
        done = world.batch(*(world.submission("hotel", command) for command in commands))

        assert [outcome.reason for outcome in done] == ["", "", ""]
        assert vouchers(connection) == ["CANCELLED"]


# Steps across batches and windows ---------------------------------------------------------


def test_steps_within_one_batch(world: Bench) -> None:
    with world.undone() as connection:
        before = balances_and_counters(connection)
        commands = [
            stay("G", "t", 10_001, quantities=[("NIGHT", 3)]),
            take("t", THIRD),
            take("t", THIRD),
            take("t", HALF),
            take("t", THIRD),
            take("t"),
            stay("G", "t", 10_001, revision=2),
            Reverse(stayed("t"), "test"),
            Reverse(ActivityKey("hotel", "STAY", "t", 2), "test", HALF),
            Reverse(ActivityKey("hotel", "STAY", "t", 2), "test"),
        ]
        done = world.batch(*(world.submission("hotel", command) for command in commands))

        assert [outcome.reason for outcome in done] == [
            *("", "", "", "EXCEEDS_REMAINDER", "", "ALREADY_REVERSED"),
            *("", "ALREADY_REVERSED", "", ""),
        ]
        assert [kinds(done[index]) for index in (1, 2, 4)] == THIRDS
        assert balances_and_counters(connection) == before


def test_the_policy_holds_on_running_balances_of_a_batch(world: Bench) -> None:
    """700 are earned, spent and half reversed in one batch: the funder bears 350."""
    member = ("borne", "1")
    with world.undone() as connection:
        done = world.batch(
            world.submission("hotel", report(member, stayed("s"), [("borne", "BASE", 900)])),
            world.submission("stranger", Redeem(member, "thing", None, buy_missing=False)),
            world.submission("hotel", take("s", HALF)),
            world.submission("hotel", take("s")),
        )
        assert [outcome.reason for outcome in done] == [""] * 4
        assert kinds(done[2]) == [("BASE", 200), ("PRINCIPAL", 600), ("FEE", 60)]
        assert kinds(done[3]) == []
        assert world.accounts(connection)["clearing/1/hotel:stranger"] == -2_100


def test_a_part_is_booked_in_the_window_that_is_open(world: Bench) -> None:
    with world.undone() as connection:
        world.ask("hotel", stay("G", "w", 10_001))
        world.ask("hotel", take("w", THIRD))
        cut(connection, world.coalition, world.now, money_at)
        world.ask("hotel", take("w", THIRD))
        cut(connection, world.coalition, world.now, money_at)
        world.ask("hotel", take("w"))

        balances = world.accounts(connection)
        owed = {
            code: n
            for code, n in balances.items()
            if code.startswith("clearing/") and ":hotel" in code
        }
        assert owed == {
            "clearing/1/airline:hotel": 12_000 - 3_960,
            "clearing/1/operator:hotel": 240 - 79,
            "clearing/2/airline:hotel": -4_080,
            "clearing/2/operator:hotel": -82,
            "clearing/3/airline:hotel": -3_960,
            "clearing/3/operator:hotel": -79,
        }


def test_a_suspended_agreement_is_given_back_at_its_own_price(world: Bench) -> None:
    """Parts after a new agreement, at another price, are still of the old one."""
    with world.undone() as connection:
        before = balances_and_counters(connection)
        old = next(iter(world.ask("hotel", stay("G", "o", 10_001)).result.legs[2:]))
        world.ask("hotel", take("o", THIRD))
        assert not world.ask("airline", Suspend(old.terms, suspended=True)).reason
        world.agree("airline", "hotel", price=500)
        assert kinds(world.ask("hotel", take("o", THIRD))) == THIRDS[1]
        assert kinds(world.ask("hotel", take("o"))) == THIRDS[2]
        assert balances_and_counters(connection) == before
