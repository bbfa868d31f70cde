"""The lives of members and programmes: merged, parted again, left, rejoined, carried over."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest

from partners.activities import ActivityKey
from partners.check import check_agreed
from partners.context import Command
from partners.programmes.forms import MoneyAmount
from partners.state import MembershipState
from partners.usecases.awards import CancelVoucher, Redeem
from partners.usecases.lives import CarryOver, MergeMembers, Unmerge
from partners.usecases.reversal import Reverse
from partners.usecases.tiers import GrantTier, TierWay
from settlement.ledger.check import check
from support.coalition_day import NOON
from support.standings import (
    events,
    hotel,
    on,
    points,
    rows,
    stay_on,
    terms,
    tier,
    told,
)
from support.use_case_bench import (
    Bench,
    bench,
    definition,
    enrol,
    report,
    update,
)

MILES = """
[[choices]]
id = "points"

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

[[earn]]
rule = "capped"
activity = "STAY"
per = "activity"
reason = "PROMOTION"
points = "10"
cap_per_member = "15"

[[awards]]
award = "night"
name = "A night"
prices = [{ points = 2000 }]
"""


@pytest.fixture(scope="module")
def hotels(module_database_url: str) -> Iterator[Bench]:
    with bench(module_database_url) as made:
        made.admit("hotel", "airline")
        made.publish("hotel", hotel(MILES))
        made.publish("airline", definition("airline", "MILES"))
        made.agree("airline", "hotel", price=100, fee=Fraction(0))
        for number in ("H1", "H2", "H3"):
            made.enrol("hotel", number)
        made.enrol("airline", "A2")
        made.link(("hotel", "H2"), ("airline", "A2"))
        yield made


@pytest.fixture
def world(hotels: Bench) -> Iterator[Bench]:
    with hotels.undone() as connection:
        yield hotels
        assert check(connection, hotels.coalition) == []
        assert list(check_agreed(connection)) == []
    hotels.now = NOON


def stays(world: Bench, number: str, *days: str, minor: int = 20_000) -> list[Any]:
    done = [world.ask("hotel", stay_on(number, f"{number}-{day}", day, minor)) for day in days]
    assert [outcome.reason for outcome in done] == [""] * len(days)
    return done


def back(world: Bench, reference: str, part: Fraction | None = None) -> Any:
    return world.ask("hotel", Reverse(ActivityKey("hotel", "STAY", reference), "test", part))


def merge(kept: str = "H1", merged: str = "H2") -> MergeMembers:
    return MergeMembers(("hotel", kept), ("hotel", merged))


def balance(world: Bench, number: str, programme: str = "hotel") -> int:
    found = rows(
        world,
        "select coalesce(sum(credits - debits), 0) from enrolment "
        "left join member_account using (member_id, programme) "
        "where programme = :p and member_number = :n",
        n=number,
        p=programme,
    )
    return int(found[0][0])


def balances(world: Bench, *numbers: str) -> list[int]:
    return [balance(world, number) for number in numbers]


LEAVES = update("hotel", "H1", state=MembershipState.CLOSED)


# Merge ------------------------------------------------------------------------------------


def test_a_merge_moves_the_points_and_says_so_to_the_partner_alone(world: Bench) -> None:
    stays(world, "H1", "2026-02-10")
    stays(world, "H2", "2026-02-11", minor=10_000)
    done = world.ask("hotel", merge())
    kept, merged = (
        rows(world, "select member_id from enrolment where member_number = :n", n=n)[0][0]
        for n in ("H1", "H2")
    )

    assert done.result.moved_minor == 1_010
    assert done.lines == [("MERGED", f"member/{merged}/hotel", f"member/{kept}/hotel", 1_010)]
    assert balances(world, "H1", "H2") == [3_020, 0]
    assert done.number in told(world, "hotel", done.number - 1)
    assert done.number not in told(world, "airline", done.number - 1)
    assert "H1" not in str(events(world, done.number - 1)[0].facts)


def test_counts_of_both_count_together(world: Bench) -> None:
    stays(world, "H1", "2026-02-10")
    stays(world, "H2", "2026-02-11")
    world.ask("hotel", merge())
    [third] = stays(world, "H1", "2026-02-12")

    assert points(third) == [("BASE", 2_000)]  # the cap of 15 is used up by both together
    assert tier(world, "H1") == "SILVER"
    assert terms(world, "H1")[-1] == ("SILVER", "2026-02-12", "2027-12-31", "REACHED")


def test_what_the_two_have_reached_together_earns_the_bonus_of_the_next_stay(world: Bench) -> None:
    stays(world, "H1", "2026-02-10", "2026-02-11")
    stays(world, "H2", "2026-02-12")
    world.ask("hotel", merge())
    [fourth] = stays(world, "H1", "2026-03-02")

    assert ("TIER_BONUS", 500) in points(fourth)


def test_what_is_reported_under_the_old_number_is_for_the_kept_one(world: Bench) -> None:
    world.ask("hotel", merge())
    [stayed] = stays(world, "H2", "2026-02-11")

    assert {leg.membership.member_number for leg in stayed.result.legs} == {"H1"}
    assert balances(world, "H1", "H2") == [2_010, 0]


def test_links_of_the_merged_one_are_the_kept_ones(world: Bench) -> None:
    world.ask("hotel", update("hotel", "H1", choice="points-and-miles"))
    world.ask("hotel", merge())
    world.now = on("2026-03-03")
    stays(world, "H1", "2026-03-03")

    assert balance(world, "A2", "airline") == 100


def test_a_merge_and_a_stay_in_one_batch(world: Bench) -> None:
    answers = world.batch(
        world.submission("hotel", stay_on("H2", "a", "2026-02-10")),
        world.submission("hotel", merge()),
        world.submission("hotel", stay_on("H2", "b", "2026-02-11")),
        world.submission("hotel", Reverse(ActivityKey("hotel", "STAY", "a"), "test")),
    )

    assert [answer.reason for answer in answers] == [""] * 4
    assert answers[1].result.moved_minor == 2_010
    assert balances(world, "H1", "H2") == [2_005, 0]


def test_a_debt_moves_as_well_and_comes_back(world: Bench) -> None:
    stays(world, "H1", "2026-02-10")
    stays(world, "H2", "2026-02-11")
    assert not world.ask("hotel", Redeem(("hotel", "H2"), "night", None, buy_missing=False)).reason
    back(world, "H2-2026-02-11")
    assert balances(world, "H1", "H2") == [2_010, -2_000]
    done = world.ask("hotel", merge())

    assert done.result.moved_minor == -2_000
    assert balances(world, "H1", "H2") == [10, 0]
    assert not world.ask("hotel", Unmerge(done.number)).reason
    assert balances(world, "H1", "H2") == [2_010, -2_000]


def test_a_reversal_after_the_merge_is_of_the_kept_one(world: Bench) -> None:
    stays(world, "H1", "2026-02-10", "2026-02-11")
    stays(world, "H2", "2026-02-12")
    world.ask("hotel", merge())
    stays(world, "H1", "2026-02-20")
    assert tier(world, "H1") == "SILVER"
    assert not back(world, "H1-2026-02-20").reason
    assert tier(world, "H1") == "SILVER"
    assert not back(world, "H2-2026-02-12").reason

    assert balances(world, "H1", "H2") == [4_015, 0]
    assert tier(world, "H1") == "MEMBER"


@pytest.mark.parametrize("spends", [False, True])
def test_where_the_funder_bears_what_is_spent_the_kept_one_gives_what_is_there(
    world: Bench,
    spends: bool,  # noqa: FBT001 - a parameter
) -> None:
    bears = hotel(MILES, reversal="funder-bears", valid_from=NOON)
    assert not world.publish("hotel", bears).reason
    stays(world, "H2", "2026-02-12")
    world.ask("hotel", merge())
    if spends:
        redeem = Redeem(("hotel", "H1"), "night", None, buy_missing=False)
        assert not world.ask("hotel", redeem).reason
    taken = back(world, "H2-2026-02-12")

    assert sum(leg.points_minor for leg in taken.result.legs) == (10 if spends else 2_010)
    assert balances(world, "H1", "H2") == [0, 0]


AT_END = """
[[earn]]
rule = "flight"
activity = "FLIGHT"
per = "activity"
points = "1000"
available = "at-end"
"""


def flown(number: str) -> Command:
    """A flight that begins now and is over in two days."""
    key = ActivityKey("hotel", "FLIGHT", number)
    ends = NOON + timedelta(days=2)
    return report(("hotel", number), key, started_at=NOON, ended_at=ends)


def test_points_that_are_held_back_are_so_after_the_merge(world: Bench) -> None:
    assert not world.publish("hotel", hotel(MILES + AT_END, valid_from=NOON)).reason
    assert not world.ask("hotel", flown("H2")).reason
    stays(world, "H1", "2026-02-10", minor=10_000)
    merged = world.ask("hotel", merge())
    redeem = Redeem(("hotel", "H1"), "night", None, buy_missing=False)

    assert balance(world, "H1") == 2_010
    assert world.ask("hotel", redeem, "early").reason == "INSUFFICIENT_BALANCE"
    undone = world.ask("hotel", Unmerge(merged.number))
    assert (undone.reason, balances(world, "H1", "H2")) == ("", [1_010, 1_000])
    assert not world.ask("hotel", merge(), "once more").reason
    world.now = NOON + timedelta(days=2)
    assert not world.ask("hotel", redeem, "then").reason


def test_points_that_were_held_back_do_not_bind_who_left_and_returned(world: Bench) -> None:
    assert not world.publish("hotel", hotel(MILES + AT_END, valid_from=NOON)).reason
    assert not world.ask("hotel", flown("H1")).reason
    world.ask("hotel", LEAVES)
    world.ask("hotel", enrol("hotel", "H1"))
    stays(world, "H1", "2026-03-02")
    redeem = Redeem(("hotel", "H1"), "night", None, buy_missing=False)

    assert not world.ask("hotel", redeem).reason


NOT_MERGED: dict[str, tuple[str, MergeMembers, str]] = {
    "with itself": ("hotel", merge("H1", "H1"), "INVALID_ARGUMENT"),
    "of two programmes": (
        "hotel",
        MergeMembers(("hotel", "H1"), ("airline", "A2")),
        "INVALID_ARGUMENT",
    ),
    "by another": ("airline", merge(), "NOT_AUTHORIZED"),
    "nobody": ("hotel", merge("H1", "H9"), "UNKNOWN_MEMBERSHIP"),
}


@pytest.mark.parametrize("name", NOT_MERGED)
def test_not_merged(world: Bench, name: str) -> None:
    sender, command, reason = NOT_MERGED[name]

    assert world.ask(sender, command).reason == reason


def test_who_is_merged_is_not_merged_again_and_does_nothing_by_itself(world: Bench) -> None:
    assert not world.ask("hotel", merge("H1", "H2")).reason
    for command in (
        merge("H3", "H2"),
        merge("H2", "H3"),
        Redeem(("hotel", "H2"), "night", None, buy_missing=False),
        update("hotel", "H2", tier="GOLD"),
        update("hotel", "H2", state=MembershipState.CLOSED),
    ):
        assert world.ask("hotel", command).reason == "MEMBERSHIP_NOT_ACTIVE"
    assert world.ask("hotel", enrol("hotel", "H2")).reason == "MEMBERSHIP_EXISTS"


@pytest.mark.parametrize("reported", ["H1", "H3"])
def test_a_chain_of_merges_counts_together_and_is_undone_from_its_end(
    world: Bench, reported: str
) -> None:
    for number in ("H1", "H2", "H3"):
        stays(world, number, "2026-02-10", minor=10_000)
    first = world.ask("hotel", merge("H2", "H1"))
    second = world.ask("hotel", merge("H3", "H2"))
    assert balances(world, "H1", "H2", "H3") == [0, 0, 3_030]
    [fourth] = stays(world, reported, "2026-03-02", minor=10_000)

    assert {leg.membership.member_number for leg in fourth.result.legs} == {"H3"}
    assert ("TIER_BONUS", 250) in points(fourth)
    assert tier(world, "H3") == "SILVER"
    assert world.ask("hotel", Unmerge(first.number)).reason == "INSUFFICIENT_BALANCE"
    assert not world.ask("hotel", Unmerge(second.number)).reason
    assert not world.ask("hotel", Unmerge(first.number), "once more").reason
    assert balances(world, "H1", "H2", "H3") == [1_010, 1_010, 2_260]


# Unmerge ----------------------------------------------------------------------------------


def test_an_unmerge_gives_everybody_their_own_again(world: Bench) -> None:
    stays(world, "H1", "2026-02-10")
    stays(world, "H2", "2026-02-11")
    before = world.accounts(world.connection)
    done = world.ask("hotel", merge())
    undone = world.ask("hotel", Unmerge(done.number))

    assert undone.accepted is not None
    assert undone.accepted.decision.corrects == done.number
    assert world.accounts(world.connection) == before
    [own] = stays(world, "H2", "2026-02-12")
    assert {leg.membership.member_number for leg in own.result.legs} == {"H2"}
    stays(world, "H2", "2026-02-13")
    assert (tier(world, "H1"), tier(world, "H2")) == ("MEMBER", "SILVER")


def test_points_that_are_spent_do_not_go_back(world: Bench) -> None:
    stays(world, "H2", "2026-02-11")
    done = world.ask("hotel", merge())
    world.ask("hotel", Redeem(("hotel", "H1"), "night", None, buy_missing=False))

    assert world.ask("hotel", Unmerge(done.number)).reason == "INSUFFICIENT_BALANCE"
    assert balances(world, "H1", "H2") == [10, 0]


def test_an_unmerge_is_the_partners_and_once(world: Bench) -> None:
    done = world.ask("hotel", merge())

    assert world.ask("airline", Unmerge(done.number)).reason == "UNKNOWN_MERGE"
    assert world.ask("hotel", Unmerge(done.number - 1)).reason == "UNKNOWN_MERGE"
    assert not world.ask("hotel", Unmerge(done.number), "one").reason
    assert world.ask("hotel", Unmerge(done.number), "two").reason == "UNKNOWN_MERGE"


# Leaving ----------------------------------------------------------------------------------


def test_who_leaves_forfeits_and_who_returns_begins_anew(world: Bench) -> None:
    stays(world, "H1", "2026-02-10", "2026-02-11")
    left = world.ask("hotel", LEAVES)
    assert [(kind, amount) for kind, _, _, amount in left.lines] == [("FORFEITED", 4_015)]
    assert world.ask("hotel", stay_on("H1", "gone", "2026-02-20")).reason == "MEMBERSHIP_NOT_ACTIVE"
    world.now = on("2026-03-10")
    again = world.ask("hotel", enrol("hotel", "H1"))

    assert again.result.member_id == left.result.membership.member_id
    assert [points(s) for s in stays(world, "H1", "2026-03-05", "2026-03-06")] == [
        [("BASE", 2_000)],  # the promotion was for 15 points in all, and they were given
        [("BASE", 2_000)],
    ]
    assert tier(world, "H1") == "MEMBER"
    stays(world, "H1", "2026-03-07")
    assert tier(world, "H1") == "SILVER"


def test_what_was_bought_before_leaving_is_not_had_again(world: Bench) -> None:
    paid = MoneyAmount("USD", 5_000)
    world.ask(
        "hotel", GrantTier(("hotel", "H1"), "SILVER", TierWay.PURCHASE, paid, None, None, None)
    )
    world.ask("hotel", LEAVES)
    world.now = on("2026-03-10")
    world.ask("hotel", enrol("hotel", "H1"))
    stays(world, "H1", "2026-03-03", "2026-03-04", "2026-03-05")
    assert tier(world, "H1") == "SILVER"
    back(world, "H1-2026-03-04")

    assert tier(world, "H1") == "MEMBER"


def test_a_reversal_of_what_was_before_leaving_takes_nothing_from_after(world: Bench) -> None:
    stays(world, "H1", "2026-02-10")
    world.ask("hotel", LEAVES)
    world.now = on("2026-03-10")
    world.ask("hotel", enrol("hotel", "H1"))
    stays(world, "H1", "2026-03-05", "2026-03-06")
    back(world, "H1-2026-02-10")
    stays(world, "H1", "2026-03-07")

    assert tier(world, "H1") == "SILVER"


def test_who_leaves_with_a_merged_membership_forgets_its_counts_too(world: Bench) -> None:
    stays(world, "H2", "2026-02-10", "2026-02-11")
    world.ask("hotel", merge())
    world.ask("hotel", LEAVES)
    world.now = on("2026-03-10")
    world.ask("hotel", enrol("hotel", "H1"))
    stays(world, "H1", "2026-03-05")

    assert tier(world, "H1") == "MEMBER"


# Carried over -----------------------------------------------------------------------------

OLD_TIERS = (
    '[[tiers]]\nname = "GUEST"\n[[tiers]]\nname = "FAVORITE"\nreached = [{ stays = 2 }]\n'
    '[[tiers]]\nname = "FRIEND"\nreached = [{ stays = 3 }]\n'
    '[[awards]]\naward = "night"\nname = "A night"\nprices = [{ points = 10 }]\n'
)
REPLACES = """
[replaces]
programme = "hotel"
on = 2026-04-01T00:00:00Z
ratio = "1/3"
tiers = { FAVORITE = "GOLD" }
"""
NEW_TIERS = '[[tiers]]\nname = "CLASSIC"\n[[tiers]]\nname = "GOLD"\nreached = [{ stays = 9 }]\n'


def old_and_new(world: Bench, *, exponent: int = 0) -> None:
    assert not world.publish("hotel", hotel(tiers=OLD_TIERS)).reason
    new = definition("new", "NEW", exponent=exponent, rest=NEW_TIERS + REPLACES)
    counter = '[[counters]]\ncounter = "stays"\nactivity = "STAY"\nper = "activity"\n'
    assert not world.publish("hotel", new + counter).reason


def carry(limit: int = 100) -> CarryOver:
    return CarryOver("new", "hotel", limit)


@pytest.fixture
def moving(database_url: str) -> Iterator[Bench]:
    """Six members of the old programme: H1 to H6 with 1,000, ... 6,000 points."""
    with bench(database_url) as made:
        made.admit("hotel", "airline")
        old_and_new(made)
        for n in range(1, 7):
            made.enrol("hotel", f"H{n}")
            stays(made, f"H{n}", "2026-02-10", minor=n * 10_000)
        stays(made, "H2", "2026-02-11", minor=100)  # a favourite, 2,010 points
        yield made
        with made.engine.connect() as connection:
            assert check(connection, made.coalition) == []
            assert list(check_agreed(connection)) == []


def test_carried_over_in_several_requests(moving: Bench) -> None:
    assert moving.ask("hotel", carry()).reason == "RETROACTIVE"
    moving.now = on("2026-04-01")
    steps = [moving.ask("hotel", carry(4), f"step-{n}") for n in range(3)]

    told_ = [step.result for step in steps]
    assert [(s.carried, s.remaining) for s in told_] == [(4, 2), (2, 0), (0, 0)]
    # a third of 1,000, 2,010, 3,000, 4,000, each rounded down; then of 5,000 and 6,000
    assert [(s.old_minor, s.new_minor) for s in told_] == [(10_010, 3_336), (11_000, 3_666), (0, 0)]
    assert [balance(moving, f"H{n}", "new") for n in range(1, 7)] == [
        333,
        670,
        1_000,
        1_333,
        1_666,
        2_000,
    ]
    assert balances(moving, *(f"H{n}" for n in range(1, 7))) == [0] * 6
    assert steps[1].number == steps[0].number + 5


def test_the_same_request_again_is_the_same_answer(moving: Bench) -> None:
    moving.now = on("2026-04-01")
    first = moving.ask("hotel", carry(4), "same")

    assert moving.ask("hotel", carry(4), "same") is first
    assert rows(moving, "select count(*) from membership where programme = 'new'") == [(4,)]


def test_tiers_are_mapped_and_hold_to_the_end_of_the_old_term(moving: Bench) -> None:
    moving.now = on("2026-04-01")
    moving.ask("hotel", update("hotel", "H3", tier="FRIEND"))
    moving.ask("hotel", carry())

    assert terms(moving, "H1", "new") == [("CLASSIC", "2026-04-01", "None", "JOINED")]
    assert terms(moving, "H2", "new") == [("GOLD", "2026-04-01", "2027-12-31", "CARRIED_OVER")]
    assert terms(moving, "H3", "new") == [("CLASSIC", "2026-04-01", "None", "JOINED")]


def test_blocked_and_red_listed_members_stay_so_and_who_left_is_not_carried(moving: Bench) -> None:
    moving.ask("hotel", update("hotel", "H1", state=MembershipState.BLOCKED))
    moving.ask("hotel", update("hotel", "H2", red_listed=True))
    moving.ask("hotel", update("hotel", "H3", state=MembershipState.CLOSED))
    moving.ask("hotel", merge("H5", "H4"))
    moving.now = on("2026-04-01")
    assert moving.ask("hotel", carry()).result.carried == 4

    found = rows(
        moving,
        "select member_number, state, red_listed from membership where programme = 'new' "
        "order by member_number",
    )
    assert found == [
        ("H1", "BLOCKED", False),
        ("H2", "ACTIVE", True),
        ("H5", "ACTIVE", False),
        ("H6", "ACTIVE", False),
    ]
    assert balance(moving, "H5", "new") == 3_000


def test_a_number_that_is_taken_there_is_given_another(moving: Bench) -> None:
    stranger = moving.enrol("new", "H1", sender="hotel")
    already = moving.enrol("new", "N2", sender="hotel", same=("hotel", "H2"))
    moving.now = on("2026-04-01")
    moving.ask("hotel", carry())

    found = rows(
        moving,
        "select member_number, member_id from enrolment where programme = 'new' order by member_id",
    )
    old = dict(
        rows(moving, "select member_number, member_id from enrolment where programme = 'hotel'")
    )
    assert ("H1", stranger) in found
    assert ("N2", already) in found
    assert already == old["H2"]
    assert (f"hotel:{old['H1']}", old["H1"]) in found
    assert len(found) == 7
    assert (balance(moving, "H1", "new"), balance(moving, "N2", "new")) == (0, 670)


def test_who_had_left_the_new_one_is_a_member_again(moving: Bench) -> None:
    moving.enrol("new", "N2", sender="hotel", same=("hotel", "H2"))
    moving.ask("hotel", update("new", "N2", state=MembershipState.CLOSED))
    moving.now = on("2026-04-01")
    moving.ask("hotel", carry())

    assert rows(moving, "select state, tier from membership where member_number = 'N2'") == [
        ("ACTIVE", "GOLD")
    ]
    assert balance(moving, "N2", "new") == 670


def test_who_was_merged_in_the_new_one_is_carried_to_the_kept_one(moving: Bench) -> None:
    moving.enrol("new", "N2", sender="hotel", same=("hotel", "H2"))
    moving.enrol("new", "N9", sender="hotel")
    assert not moving.ask("hotel", MergeMembers(("new", "N9"), ("new", "N2"))).reason
    moving.now = on("2026-04-01")
    moving.ask("hotel", carry())

    assert (balance(moving, "N2", "new"), balance(moving, "N9", "new")) == (0, 670)


def test_a_debt_goes_along(moving: Bench) -> None:
    """A third of a debt of 50 is 16.67: rounded down, as points are, it is 17."""
    for _ in range(5):
        moving.ask("hotel", Redeem(("hotel", "H1"), "night", None, buy_missing=False))
    back(moving, "H1-2026-02-10")
    assert balance(moving, "H1") == -50
    moving.now = on("2026-04-01")
    moving.ask("hotel", carry())

    assert (balance(moving, "H1"), balance(moving, "H1", "new")) == (0, -17)


def test_vouchers_of_the_old_programme_give_no_points_back(moving: Bench) -> None:
    voucher = moving.ask("hotel", Redeem(("hotel", "H1"), "night", None, buy_missing=False))
    moving.now = on("2026-04-01")
    moving.ask("hotel", carry())

    refused = moving.ask("hotel", CancelVoucher(voucher.number))
    assert refused.reason == "MEMBERSHIP_NOT_ACTIVE"


def test_the_replaced_programme_earns_no_more_and_names_its_successor(moving: Bench) -> None:
    moving.now = on("2026-04-01")
    before = moving.ask("hotel", stay_on("H1", "before", "2026-03-31"))
    after = moving.ask("hotel", stay_on("H1", "after", "2026-04-01"))
    new = moving.ask("hotel", enrol("hotel", "H9"))
    moving.ask("hotel", carry())

    assert before.reason == ""
    assert (after.reason, new.reason) == ("PROGRAMME_CLOSED", "PROGRAMME_CLOSED")
    assert dict(after.metadata) == {"programme": "hotel", "successor": "new"}
    assert "replaced by new" in after.message


def test_what_is_reported_late_or_taken_back_goes_along_with_the_next_run(moving: Bench) -> None:
    moving.now = on("2026-04-01")
    moving.ask("hotel", carry())
    there = balance(moving, "H1", "new")

    late = moving.ask("hotel", stay_on("H1", "late", "2026-03-31"))
    (points,) = [leg.points_minor for leg in late.result.legs]
    assert balance(moving, "H1") == points
    again = moving.ask("hotel", carry()).result
    assert (again.carried, again.remaining, again.old_minor) == (1, 0, points)
    assert (balance(moving, "H1"), balance(moving, "H1", "new")) == (0, there + points // 3)

    assert not moving.ask("hotel", Reverse(late_key(), "test")).reason
    assert balance(moving, "H1") == -points
    moving.ask("hotel", carry())
    assert (balance(moving, "H1"), balance(moving, "H1", "new")) == (
        0,
        there + points // 3 + -points // 3,
    )
    assert moving.ask("hotel", carry()).result.carried == 0


def late_key() -> ActivityKey:
    return stay_on("H1", "late", "2026-03-31").activity.key


NOT_CARRIED: dict[str, tuple[str, Sequence[str], str]] = {
    "by another": ("airline", ("new", "hotel"), "NOT_AUTHORIZED"),
    "the other way round": ("hotel", ("hotel", "new"), "RETROACTIVE"),
    "nothing of that name": ("hotel", ("new", "nothing"), "UNKNOWN_PROGRAMME"),
}


@pytest.mark.parametrize("name", NOT_CARRIED)
def test_not_carried(moving: Bench, name: str) -> None:
    sender, (new, old), reason = NOT_CARRIED[name]
    moving.now = on("2026-04-01")

    assert moving.ask(sender, CarryOver(new, old, 10)).reason == reason


@pytest.mark.parametrize(("exponent", "expected"), [(0, 333), (2, 33_333), (3, 333_333)])
def test_decimals_of_the_two_currencies(database_url: str, exponent: int, expected: int) -> None:
    """A third of 1,000 points."""
    with bench(database_url) as made:
        made.admit("hotel")
        old_and_new(made, exponent=exponent)
        made.enrol("hotel", "H1")
        stays(made, "H1", "2026-02-10", minor=10_000)
        made.now = on("2026-04-01")
        made.ask("hotel", carry())

        assert balance(made, "H1", "new") == expected


def test_each_member_is_an_entry_for_the_partner(moving: Bench) -> None:
    moving.now = on("2026-04-01")
    done = moving.ask("hotel", carry(2))
    entries = events(moving, done.number)

    assert [(e.kind, e.facts["because"]) for e in entries] == [
        ("CARRIED_OVER", str(done.number)),
        ("CARRIED_OVER", str(done.number)),
    ]
    assert told(moving, "hotel", done.number) == [done.number + 1, done.number + 2]
    assert told(moving, "airline", done.number) == []
    assert [e.facts["member"] for e in entries] == [
        str(member)
        for (member,) in rows(
            moving, "select member_id from membership where programme = 'new' order by 1"
        )
    ]
