"""A reversal follows points that were converted since, as far as they are still there.

The standing example: 1,000 A (or T) were earned and converted. At 0.50 they are worth 500.00; the
fee is 10.00, the spread 5.00, and 485.00 buy 606 B of 0.80, worth 484.80, with 0.20 of rounding.
"""

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise

import pytest
from sqlalchemy import Connection, event, text

from partners.activities import ActivityKey
from partners.directory import Permission
from partners.exchange.terms import BonusStep, MoneyFee, MoneyValue, PairTerms
from partners.programmes.progress import EARNED
from partners.provenance import Origin, origins
from partners.state import MembershipKey, MembershipState
from partners.usecases.exchange import Convert
from partners.usecases.lives import MergeMembers, Unmerge
from partners.usecases.members import Enrol
from partners.usecases.reversal import Reverse
from settlement.windows import cut
from support.exchanges import COIN, OUTSIDE, A, B, Exchanges, G, T, exchanges, key_of, problems
from support.use_case_bench import Bench, Outcome, definition, quote, report, update

HALF, THIRD = Fraction(1, 2), Fraction(1, 3)


@pytest.fixture(scope="module")
def bench(module_database_url: str) -> Iterator[Bench]:
    with exchanges(module_database_url) as made:
        yield made


@pytest.fixture
def world(bench: Bench) -> Iterator[Exchanges]:
    """What happens in a test is checked, then undone."""
    with bench.undone() as connection:
        yield Exchanges(bench)
        assert problems(connection, bench) == []


def rows(world: Exchanges, query: str) -> list[tuple[object, ...]]:
    connection = world.world.connection
    assert connection is not None
    return [tuple(row) for row in connection.execute(text(query))]


def returned(world: Exchanges) -> list[tuple[int, int]]:
    """What came back of every conversion, by number."""
    query = "select returned_source_minor, returned_target_minor from conversion order by number"
    return [(int(str(s)), int(str(t))) for s, t in rows(world, query)]


def by_gamma(reference: str) -> ActivityKey:
    return ActivityKey("gamma", "GIFT", reference)


def followed(outcome: Outcome) -> list[tuple[str, str, int, int]]:
    """As the sender is told: programmes, and what came back of either side."""
    return [
        (f.source[1], f.target[1], f.source_minor, f.target_minor) for f in outcome.result.followed
    ]


# One conversion, in whole and in part -------------------------------------------------------

SPENT = {
    # whose points, B that were spent: what is left of the source and of B, and who is owed what
    ("A", 0): (0, 0, {}),
    ("A", 200): (-331, 0, {"alpha": -16_502, "beta": 16_000, "operator": 502}),
    ("A", 606): (-1_000, 0, {"alpha": -50_000, "beta": 48_480, "operator": 1_520}),
    ("T", 0): (0, 0, {}),
    ("T", 200): (0, 0, {"alpha": -16_502, "beta": 16_000, "operator": 502}),
    ("T", 606): (0, 0, {"alpha": -50_000, "beta": 48_480, "operator": 1_520}),
}
"""Of 406 B that are there a unit more than for 669 A is not to be had: 669 of 1,000 come back, and
406/606 of what is owed: 324.80 of 484.80, 6.70 of 10.00, 3.35 of 5.00, 0.13 of 0.20."""


@pytest.mark.parametrize(("whose", "spent"), SPENT)
def test_as_much_returns_as_is_still_there(world: Exchanges, whose: str, spent: int) -> None:
    member = {"A": A, "T": T}[whose]
    world.gave(member, "g", 1_000)
    world.converted(member, B, 1_000)
    if spent:
        world.spent(B, spent)
    taken = world.taken(member, "g")

    source, target, owed = SPENT[whose, spent]
    assert world.holds(member, B) == [source, target]
    assert world.positions() == owed
    recovered = {"A": 1_000, "T": {0: 1_000, 200: 669, 606: 0}[spent]}[whose]
    assert sum(leg.points_minor for leg in taken.result.legs) == recovered


def test_the_entries_say_what_was_taken_back(world: Exchanges) -> None:
    """One entry for the conversion, after the reversal's; each issuer is told how much."""
    world.gave(A, "g", 1_000)
    conversion = world.converted(A, B, 1_000).number
    taken = world.taken(A, "g")
    found = rows(
        world,
        "select number, corrects, convert_from(facts, 'UTF8')::jsonb from entry "
        "where kind = 'CONVERSION_REVERSED'",
    )

    assert found == [
        (
            taken.number + 1,
            conversion,
            {
                "conversion": str(conversion),
                "because": str(taken.number),
                "source": ["alpha", "1000"],
                "target": ["beta", "606"],
            },
        )
    ]
    shown = rows(
        world,
        f"select participant, facts, lines from feed where number = {taken.number + 1} "
        "order by participant",
    )
    assert shown == [
        ("alpha", True, [0, 2, 3, 4, 5]),
        ("beta", True, [1, 2]),
        ("operator", False, [3, 4, 5]),
    ]
    assert followed(taken) == [("alpha", "beta", 1_000, 606)]
    assert returned(world) == [(1_000, 606)]


def test_parts_sum_to_the_whole(world: Exchanges) -> None:
    """A third, a third and a third; the second brings a unit more, which the third finds there."""
    world.gave(A, "g", 1_000)
    world.converted(A, B, 1_000)
    expected = [
        (333, 202, [0, 404], {"alpha": -33_333, "beta": 32_320, "operator": 1_013}),
        (668, 405, [1, 201], {"alpha": -16_585, "beta": 16_080, "operator": 505}),
        (1_000, 606, [0, 0], {}),
    ]
    for source, target, held, owed in expected:
        world.taken(A, "g", THIRD)

        assert returned(world) == [(source, target)]
        assert world.holds(A, B) == held
        assert world.positions() == owed


def test_only_what_is_missing_is_followed(world: Exchanges) -> None:
    """400 A are there: 600 of the 1,000 that were converted return, and 400 stay converted."""
    world.gave(A, "g", 1_000)
    world.gave(A, "more", 400)
    world.converted(A, B, 1_000)
    world.taken(A, "g")

    assert world.holds(A, B) == [0, 242]
    assert returned(world) == [(600, 364)]
    assert world.taken(A, "more").result.legs[0].points_minor == 400
    assert returned(world) == [(1_000, 606)]
    assert world.positions() == {}


def test_nothing_is_followed_while_the_points_are_there(world: Exchanges) -> None:
    world.gave(A, "g", 1_000)
    world.gave(A, "more", 1_000)
    world.converted(A, B, 1_000)
    taken = world.taken(A, "g")

    assert world.holds(A, B) == [0, 606]
    assert followed(taken) == []


def test_what_is_owed_is_taken_back_in_the_window_that_is_open_now(world: Exchanges) -> None:
    connection = world.world.connection
    assert connection is not None
    world.gave(A, "g", 1_000)
    world.converted(A, B, 1_000)
    cut(connection, world.world.coalition, world.world.now, lambda *_: {})
    world.taken(A, "g")
    accounts = world.world.accounts(connection)

    assert accounts["clearing/1/alpha:beta"] == -48_480
    assert accounts["clearing/2/alpha:beta"] == 48_480
    assert world.positions() == {}


# Several conversions ------------------------------------------------------------------------


def test_the_newest_conversion_is_followed_first(world: Exchanges) -> None:
    """Of 500 that are missing 400 come from 388 G, and 100 from 61 of 363 B."""
    world.gave(A, "g", 1_000)
    world.converted(A, B, 600)
    world.converted(A, G, 400)
    assert world.holds(B, G) == [363, 388]
    taken = world.taken(A, "g", HALF)

    assert world.holds(A, B, G) == [0, 302, 0]
    assert followed(taken) == [("alpha", "gamma", 400, 388), ("alpha", "beta", 100, 61)]


def test_two_hops(world: Exchanges) -> None:
    """606 B became 848 G: both conversions are taken back, the later one first."""
    world.gave(A, "g", 1_000)
    world.converted(A, B, 1_000)
    world.converted(B, G, 606)
    assert world.holds(A, B, G) == [0, 0, 848]
    taken = world.taken(A, "g")

    assert world.holds(A, B, G) == [0, 0, 0]
    assert world.positions() == {}
    assert taken.accepted is not None
    steps = [c.corrects or 0 for c in taken.accepted.decision.consequences]
    assert steps == sorted(steps, reverse=True)
    assert followed(taken) == [("alpha", "beta", 1_000, 606)]


def test_two_hops_of_which_something_was_spent(world: Exchanges) -> None:
    """748 of 848 G bring 534 of 606 B, and these 881 of 1,000 A."""
    world.gave(A, "g", 1_000)
    world.converted(A, B, 1_000)
    world.converted(B, G, 606)
    world.spent(G, 100)
    world.taken(A, "g")

    assert world.holds(A, B, G) == [-119, 0, 0]
    assert returned(world) == [(881, 534), (534, 748)]


def test_points_that_went_in_a_circle_are_not_taken_from_whom_they_are_missing(
    world: Exchanges,
) -> None:
    """A to COIN, to B, to COIN: nothing is taken from COIN in order to bring COIN."""
    world.gave(A, "g", 1_000)
    world.converted(A, COIN, 1_000)
    world.converted(COIN, B, 48_500)
    world.converted(B, COIN, 600)
    assert world.holds(A, B, COIN) == [0, 0, 42_000]
    world.taken(A, "g")

    assert world.holds(A, B, COIN) == [-135, 0, 47]
    assert returned(world) == [(865, 41_953), (0, 0), (0, 0)]


def test_five_hops_and_no_more(world: Exchanges) -> None:
    """A chain of programmes at one to one without fees: what is beyond the fifth stays there."""
    made = world.world
    names = [f"hop{n}" for n in range(7)]
    for name in names:
        made.publish("gamma", definition(name, name.upper()))
        made.rate(name, 1, 1)
        made.enrol(name, "1", sender="gamma")
    members: list[MembershipKey] = [(name, "1") for name in names]
    for one, other in pairwise(members):
        made.link(one, other, ("gamma", "gamma"))

    def moved(hops: int, reference: str, *, at_once: bool) -> list[int]:
        points = 90 - world.holds(members[0])[0]
        gift = report(members[0], by_gamma(reference), [(names[0], "BASE", points)])
        assert not made.ask("gamma", gift).reason
        quoted = [
            made.ask("gamma", quote(one, other, 90)).result.quote.number
            for one, other in pairwise(members[: hops + 1])
        ]
        sent = [made.submission("gamma", Convert(number)) for number in quoted]
        sent.append(made.submission("gamma", Reverse(by_gamma(reference), "test")))
        batches = [sent] if at_once else [[one] for one in sent]
        assert {o.reason for batch in batches for o in made.batch(*batch)} == {""}
        return world.holds(*members)

    assert moved(5, "five", at_once=False) == [0] * 7
    assert moved(5, "five at once", at_once=True) == [0] * 7
    assert moved(6, "six", at_once=False) == [-90, 0, 0, 0, 0, 0, 90]
    assert moved(6, "six at once", at_once=True) == [-180, 0, 0, 0, 0, 0, 180]


def test_what_brings_not_even_a_unit_is_left_where_it_is(world: Exchanges) -> None:
    """A unit of the source is 50 B. 44 G would bring 31 B, and so nothing: they stay G."""
    made, coarse = world.world, ("coarse", "1")
    made.publish("alpha", definition("coarse", "CC"))
    made.rate("coarse", 4_000, 4_000)
    made.enrol("coarse", "1", sender="alpha")
    made.link(coarse, B, ("alpha", "beta"))
    gift = report(coarse, ActivityKey("alpha", "GIFT", "c"), [("coarse", "BASE", 10)])
    assert not made.ask("alpha", gift).reason
    quoted = made.ask("alpha", quote(coarse, B, 10)).result.quote.number
    assert not made.ask("alpha", Convert(quoted)).reason
    world.converted(B, G, 500)
    world.spent(G, 606)
    world.spent(G, 50)
    assert world.holds(coarse, B, G) == [0, 0, 44]
    assert not made.ask("alpha", Reverse(ActivityKey("alpha", "GIFT", "c"), "test")).reason

    assert world.holds(coarse, B, G) == [-10, 0, 44]
    assert returned(world) == [(0, 0), (0, 0)]


def test_a_conversion_before_the_points_were_earned_is_not_followed(world: Exchanges) -> None:
    world.gave(A, "old", 1_000)
    world.converted(A, B, 1_000)
    world.gave(A, "new", 500)
    world.spent(A, 500)
    world.taken(A, "new")
    assert world.holds(A, B) == [-500, 606]

    world.taken(A, "old")
    assert world.holds(A, B) == [-500, 0]


# Within one batch ---------------------------------------------------------------------------


def test_in_one_batch(world: Exchanges) -> None:
    """Conversion, and the reversals of two activities: each sees what the one before left."""
    made = world.world
    world.gave(A, "one", 1_000)
    world.gave(A, "two", 500)
    number = world.quoted(A, B, 1_500)
    outcomes = made.batch(
        made.submission("alpha", Convert(number)),
        made.submission("alpha", Reverse(key_of(A, "two"), "test", THIRD)),
        made.submission("alpha", Reverse(key_of(A, "one"), "test")),
        made.submission("alpha", Reverse(key_of(A, "two"), "test")),
    )

    assert [outcome.reason for outcome in outcomes] == ["", "", "", ""]
    assert world.holds(A, B) == [0, 0]
    assert returned(world) == [(1_500, 909)]
    assert world.positions() == {}


@pytest.mark.parametrize("earned_before", [False, True])
def test_converted_and_reversed_in_one_batch_by_a_member_who_owes_points(
    world: Exchanges,
    earned_before: bool,  # noqa: FBT001 - a case
) -> None:
    """50 of the 606 B that come make up for a debt: 556 are there, for 917 of 990 A."""
    made = world.world
    world.gave(A, "other", 10)
    world.gave(B, "spent", 50)
    world.spent(B, 50)
    world.taken(B, "spent")
    assert world.holds(A, B) == [10, -50]
    number = world.quoted(A, B, 1_000)
    gift = made.submission("alpha", report(A, key_of(A, "g"), [("alpha", "BASE", 1_000)]))
    rest = [
        made.submission("alpha", Convert(number)),
        made.submission("alpha", Reverse(key_of(A, "g"), "test")),
    ]
    if earned_before:
        assert not made.batch(gift)[0].reason
    outcomes = made.batch(*rest) if earned_before else made.batch(gift, *rest)

    assert {outcome.reason for outcome in outcomes} == {""}
    assert world.holds(A, B) == [-73, 0]
    assert returned(world) == [(917, 556)]


def test_what_one_reversal_may_follow_another_of_the_same_batch_may_not(world: Exchanges) -> None:
    """The conversion came after the old points, and before the new ones."""
    made = world.world
    world.gave(A, "old", 1_000)
    world.converted(A, B, 1_000)
    world.gave(A, "new", 500)
    world.spent(A, 500)
    outcomes = made.batch(
        made.submission("alpha", Reverse(key_of(A, "new"), "test")),
        made.submission("alpha", Reverse(key_of(A, "old"), "test", HALF)),
    )

    assert [followed(outcome) for outcome in outcomes] == [[], [("alpha", "beta", 500, 303)]]
    assert world.holds(A, B) == [-500, 303]


# What is not there --------------------------------------------------------------------------


def test_points_kept_elsewhere_are_not_followed(world: Exchanges) -> None:
    """Neither into a programme that keeps its balances itself, nor out of one."""
    world.gave(A, "g", 1_000)
    world.converted(A, OUTSIDE, 1_000)
    world.taken(A, "g")
    assert world.holds(A) == [-1_000]

    world.gave(OUTSIDE, "g", 1_000)
    world.converted(OUTSIDE, B, 1_000)
    held = world.holds(B)
    world.taken(OUTSIDE, "g")
    assert world.holds(B) == held
    assert returned(world) == [(0, 0), (0, 0)]


def test_a_conversion_that_waits_for_the_other_side_is_not_followed(world: Exchanges) -> None:
    connection = world.world.connection
    assert connection is not None
    world.gave(A, "g", 1_000)
    world.converted(A, B, 1_000)
    connection.execute(text("update conversion set state = 'PENDING', deadline = accepted_at"))
    world.taken(A, "g")

    assert world.holds(A, B) == [-1_000, 606]


def test_who_left_has_nothing_there_also_if_they_came_again(world: Exchanges) -> None:
    made = world.world
    world.gave(A, "g", 1_000)
    world.converted(A, B, 1_000)
    assert not made.ask("beta", update("beta", "1", state=MembershipState.CLOSED)).reason
    again = made.ask("beta", Enrol(B, "", "", None))
    assert not again.reason, again
    world.gave(B, "new", 500)
    world.taken(A, "g")

    assert world.holds(A, B) == [-1_000, 500]


def test_points_that_are_promised_elsewhere_are_not_there(world: Exchanges) -> None:
    """206 of the 606 B are held back."""
    connection = world.world.connection
    assert connection is not None
    world.gave(A, "g", 1_000)
    world.converted(A, B, 1_000)
    connection.execute(
        text(
            "insert into held_points select member_id, programme, 1, 206, '2030-01-01Z' "
            "from member_account where programme = 'beta'"
        )
    )
    world.taken(A, "g")

    assert returned(world) == [(660, 400)]
    assert world.holds(A, B) == [-340, 206]


# Members who were merged --------------------------------------------------------------------


def test_members_merged_since(world: Exchanges) -> None:
    """Source and target stand for others now; parted again, nobody has lost what was another's."""
    made = world.world
    for programme in ("alpha", "beta"):
        made.enrol(programme, "2")
    world.gave(A, "g", 1_000)
    world.converted(A, B, 1_000)
    world.gave(("beta", "2"), "own", 100)
    merges = [made.ask(p, MergeMembers((p, "2"), (p, "1"))).result.merge for p in ("alpha", "beta")]
    assert world.holds(A, B, ("alpha", "2"), ("beta", "2")) == [0, 0, 0, 706]
    world.taken(A, "g", HALF)

    assert world.holds(A, B, ("alpha", "2"), ("beta", "2")) == [0, 0, 0, 403]
    for programme, merge in zip(("alpha", "beta"), merges, strict=True):
        assert not made.ask(programme, Unmerge(merge)).reason
    assert world.holds(A, B, ("alpha", "2"), ("beta", "2")) == [0, 303, 0, 100]
    world.taken(A, "g")
    assert world.holds(A, B, ("alpha", "2"), ("beta", "2")) == [0, 0, 0, 100]


def test_what_the_other_had_converted_before_the_merge_is_not_followed(world: Exchanges) -> None:
    made = world.world
    made.enrol("alpha", "2")
    made.link(("alpha", "2"), B, ("alpha", "beta"))
    world.gave(("alpha", "2"), "own", 1_000)
    world.gave(A, "g", 1_000)
    world.converted(("alpha", "2"), B, 1_000)
    assert not made.ask("alpha", MergeMembers(("alpha", "2"), A)).reason
    world.spent(("alpha", "2"), 500)
    world.taken(A, "g")
    assert world.holds(("alpha", "2"), B) == [-500, 606]


def test_what_is_converted_after_a_merge_is_followed(world: Exchanges) -> None:
    made = world.world
    made.enrol("alpha", "2")
    made.link(("alpha", "2"), B, ("alpha", "beta"))
    world.gave(A, "g", 1_000)
    assert not made.ask("alpha", MergeMembers(("alpha", "2"), A)).reason
    world.converted(("alpha", "2"), B, 1_000)
    world.taken(A, "g")

    assert world.holds(("alpha", "2"), B) == [0, 0]


# Terms of pairs, and the shared currency ----------------------------------------------------


def test_bonus_and_a_capped_fee_in_money(world: Exchanges) -> None:
    """1,000 A for 500 B, and 100 B that gamma pays; 0.10 of a cent for each A, at most 75 cents.

    500.00 are given, 400.00 are owed for 500 B, the rest is spread; gamma owes 80.00 for its 100.
    """
    pair = PairTerms(
        "alpha",
        "beta",
        "",
        HALF,
        Fraction(80),
        bonuses=(BonusStep(500, 50, "gamma"),),
        fee=MoneyFee("USD", Fraction(1, 10), 75),
    )
    connection = world.world.connection
    assert connection is not None
    world.world.agree("beta", "gamma", permissions=[Permission.FUND_PROMOTIONS])
    world.world.published(MoneyValue("USD", Fraction(1)))
    cut(connection, world.world.coalition, world.world.now, lambda *_: {})
    world.world.published(pair)
    world.gave(A, "g", 1_000)
    done = world.converted(A, B, 1_000)
    assert [(kind, amount) for kind, _, _, amount in done.lines] == [
        ("CONVERSION", 1_000),
        ("CONVERSION", 500),
        ("BONUS", 100),
        ("PRINCIPAL", 40_000),
        ("PRINCIPAL", 8_000),
        ("FEE", 75),
        ("SPREAD", 10_000),
    ]
    world.taken(A, "g", HALF)

    assert world.holds(A, B) == [0, 300]
    assert world.positions() == {
        "alpha": -25_037,
        "beta": 24_000,
        "gamma": -4_000,
        "operator": 5_037,
    }
    world.taken(A, "g")
    assert (world.holds(A, B), world.positions()) == ([0, 0], {})


def test_out_of_the_shared_currency(world: Exchanges) -> None:
    """10.00 COIN for 12 B: a unit of B brings 0.83, so 4.90 that are missing cost 6 B, for 5.00.

    The member's points return split as they were given: value, fee and rounding.
    """
    world.gave(COIN, "g", 1_000)
    done = world.converted(COIN, B, 1_000)
    assert done.lines[:3] == [
        ("PRINCIPAL", *done.lines[0][1:3], 960),
        ("FEE", *done.lines[0][1:3], 10),
        ("ROUNDING", *done.lines[0][1:3], 30),
    ]
    taken = world.taken(COIN, "g", Fraction(49, 100))

    assert world.holds(COIN, B) == [10, 6]
    assert world.positions() == {"operator": -480, "beta": 480}
    assert taken.accepted is not None
    [entry] = taken.accepted.decision.consequences
    assert [line.amount for line in entry.lines] == [480, 5, 15, 6, 480]
    world.taken(COIN, "g")
    assert (world.holds(COIN, B), world.positions()) == ([0, 0], {})


# Who is told, and what else goes back -------------------------------------------------------


def test_whoever_issues_neither_side_is_not_told_of_the_conversion(world: Exchanges) -> None:
    """Gamma gave the points and takes them back; beta issues what they were turned into."""
    made = world.world
    stating = [Permission.STATE_POINTS]
    made.agree("alpha", "gamma", price=50, permissions=stating)
    made.agree("gamma", "alpha", permissions=stating)
    gift = report(A, by_gamma("g"), [("alpha", "BASE", 1_000)])
    assert not made.ask("gamma", gift).reason
    world.converted(A, B, 1_000)
    taken = made.ask("gamma", Reverse(by_gamma("g"), "test"))

    assert followed(taken) == []
    assert world.holds(A, B) == [0, 0]
    assert returned(world) == [(1_000, 606)]
    shown = rows(
        world,
        "select number from feed join entry using (number) "
        "where kind = 'CONVERSION_REVERSED' and participant = 'gamma'",
    )
    assert shown == []


def test_points_that_go_back_age_no_more(world: Exchanges) -> None:
    """B's points expire by their age: what was counted when they came is no longer."""

    def aging() -> list[tuple[object, ...]]:
        return rows(
            world,
            "select sum(amount)::int from progress where programme = 'beta' "
            f"and counter = '{EARNED}'",
        )

    world.gave(A, "g", 1_000)
    world.converted(A, B, 1_000)
    assert aging() == [(606,)]
    world.taken(A, "g", HALF)
    assert aging() == [(303,)]
    world.taken(A, "g")
    assert aging() == [(0,)]


def test_a_revision_begins_anew(world: Exchanges) -> None:
    world.gave(A, "g", 1_000)
    world.converted(A, B, 1_000)
    world.taken(A, "g")
    key = key_of(A, "g")
    second = type(key)(key.supplier, key.kind, key.reference, 2)
    made = world.world
    assert not made.ask("alpha", report(A, second, [("alpha", "BASE", 800)])).reason
    assert not made.ask("alpha", Reverse(second, "test")).reason

    assert world.holds(A, B) == [0, 0]
    assert returned(world) == [(1_000, 606)]


def test_where_points_came_from(world: Exchanges) -> None:
    """The target's partner is told the programme and the rates."""
    connection = world.world.connection
    assert connection is not None
    world.gave(A, "g", 1_000)
    done = world.converted(A, B, 1_000)
    quoted = done.result.quote
    origin = Origin(done.number, "alpha", quoted.source_rate, quoted.target_rate)

    assert origins(connection, B, [done.number, done.number - 1]) == {done.number: origin}
    assert origins(connection, A, [done.number]) == {}


# How it is loaded ---------------------------------------------------------------------------


def test_the_queries_of_a_batch_do_not_grow_with_what_it_reverses(world: Exchanges) -> None:
    """And a batch without reversals asks nothing of conversions."""
    made = world.world
    for n in range(6):
        world.gave(A, f"g{n}", 1_000)
    for _ in range(6):
        world.converted(A, B, 1_000)
    connection = made.connection
    assert connection is not None

    def asked(*numbers: int) -> int:
        seen: list[str] = []

        def note(_c: Connection, _x: object, statement: str, *_: object) -> None:
            seen.append(statement)

        event.listen(connection, "before_cursor_execute", note)
        try:
            sent = [made.submission("alpha", Reverse(key_of(A, f"g{n}"), "test")) for n in numbers]
            assert [o.reason for o in made.batch(*sent)] == [""] * len(sent)
        finally:
            event.remove(connection, "before_cursor_execute", note)
        return sum("select" in statement.lower() for statement in seen)

    assert asked(0) == asked(1, 2, 3, 4, 5)
    assert returned(world) == [(1_000, 606)] * 6


def test_the_check_finds_what_the_entries_do_not_say(world: Exchanges) -> None:
    connection = world.world.connection
    assert connection is not None
    world.gave(A, "g", 1_000)
    number = world.converted(A, B, 1_000).number
    world.taken(A, "g", HALF)
    with connection.begin_nested() as wrong:
        connection.execute(text("update conversion set returned_target_minor = 304"))
        found = problems(connection, world.world)
        wrong.rollback()

    assert found == [f"conversion-returned: conversion {number}: found 500 304, expected 500 303"]
