"""Tiers through the whole path: reached, bought, accepted, matched, decided, carried over."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from partners.activities import ActivityKey
from partners.check import check_agreed
from partners.context import Command
from partners.directory import Permission
from partners.programmes.forms import MoneyAmount
from partners.state import MembershipState
from partners.usecases.members import Enrol
from partners.usecases.reversal import Reverse
from partners.usecases.tiers import GrantTier, Invite, Register, TierWay
from support.coalition_day import NOON
from support.standings import (
    Event,
    events,
    hotel,
    on,
    points,
    rows,
    stay_on,
    terms,
    tier,
    tiered,
    told,
)
from support.use_case_bench import Bench, definition, update


@pytest.fixture(scope="module")
def hotels(module_database_url: str) -> Iterator[Bench]:
    with tiered(module_database_url) as made:
        leave = [Permission.REPORT_ACTIVITIES, Permission.DOUBLE_DIP]
        made.agree("hotel", "airline", permissions=leave)
        for number in ("H1", "H2"):
            made.enrol("hotel", number)
        made.enrol("airline", "A1", tier="TOP")
        made.link(("hotel", "H1"), ("airline", "A1"))
        yield made


@pytest.fixture
def world(hotels: Bench) -> Iterator[Bench]:
    """What a test does is undone, also to the clock."""
    with hotels.undone() as connection:
        yield hotels
        assert list(check_agreed(connection)) == []
    hotels.now = NOON


def stays(world: Bench, number: str, *days: str) -> list[list[tuple[str, int]]]:
    return [points(world.ask("hotel", stay_on(number, f"{number}-{day}", day))) for day in days]


def grant(
    tier: str, way: TierWay = TierWay.PURCHASE, number: str = "H1", **more: object
) -> GrantTier:
    values = {"paid": None, "invitation": None, "matched": None, "until": None, **more}
    return GrantTier(("hotel", number), tier, way, **values)  # type: ignore[arg-type]


PLAIN, SILVER, GOLD = (
    [("BASE", 2_000)],
    [("BASE", 2_000), ("TIER_BONUS", 500)],
    [("BASE", 2_000), ("TIER_BONUS", 1_000)],
)


def test_the_third_stay_raises_and_the_fourth_earns_the_bonus(world: Bench) -> None:
    days = ["2026-01-10", "2026-01-20", "2026-02-10", "2026-02-11", "2026-02-12", "2026-02-13"]

    assert stays(world, "H1", *days) == [PLAIN, PLAIN, PLAIN, SILVER, SILVER, GOLD]
    assert tier(world, "H1") == "GOLD"
    assert terms(world, "H1") == [
        ("MEMBER", "2026-03-02", "None", "JOINED"),
        ("SILVER", "2026-02-10", "2027-12-31", "REACHED"),
        ("GOLD", "2026-02-12", "2027-12-31", "REACHED"),
    ]


def test_the_same_in_one_batch(world: Bench) -> None:
    days = [f"2026-02-{day}" for day in range(10, 17)]
    answers = world.batch(
        *(world.submission("hotel", stay_on("H1", f"b-{day}", day)) for day in days)
    )

    assert [points(answer) for answer in answers] == [
        *(PLAIN, PLAIN, PLAIN, SILVER, SILVER, GOLD, GOLD)
    ]
    assert answers[2].result.terms[0][0].tier == "SILVER"
    assert answers[2].result.terms[0][1] == answers[2].number + 1 == answers[3].number - 1
    assert answers[6].result.invitation == answers[6].number + 1


def test_a_late_report_earns_by_the_tier_of_its_own_day(world: Bench) -> None:
    assert stays(world, "H1", "2026-02-10", "2026-02-20", "2026-02-22")[-1] == PLAIN
    silver = world.ask("hotel", stay_on("H1", "late-a", "2026-02-15"))
    gold = world.ask("hotel", stay_on("H1", "late-b", "2026-02-23"))

    assert (points(silver), points(gold)) == (PLAIN, SILVER)
    assert terms(world, "H1")[1:] == [
        ("SILVER", "2026-02-22", "2027-12-31", "REACHED"),
        ("GOLD", "2026-02-23", "2027-12-31", "REACHED"),
    ]


def test_a_late_report_completes_a_tier_on_the_day_on_which_it_was_complete(world: Bench) -> None:
    stays(world, "H1", "2026-02-10", "2026-02-20")

    assert stays(world, "H1", "2026-02-12") == [PLAIN]
    assert terms(world, "H1")[1:] == [("SILVER", "2026-02-20", "2027-12-31", "REACHED")]


def test_a_late_report_of_last_year_raises_for_last_year(world: Bench) -> None:
    stays(world, "H1", "2025-12-10", "2025-12-11", "2026-01-10")

    assert stays(world, "H1", "2025-12-12") == [PLAIN]
    assert terms(world, "H1")[1:] == [("SILVER", "2025-12-12", "2026-12-31", "REACHED")]


def test_a_new_tier_is_an_entry_directly_after_the_accrual_with_its_reason(world: Bench) -> None:
    stays(world, "H1", "2026-02-10", "2026-02-11")
    third = world.ask("hotel", stay_on("H1", "third", "2026-02-12"))
    member = third.result.legs[0].membership.member_id

    assert events(world, third.number) == [
        Event(
            third.number + 1,
            "TIER",
            {
                "member": str(member),
                "programme": "hotel",
                "tier": "SILVER",
                "since": "2026-02-12",
                "until": "2027-12-31",
                "source": "REACHED",
                "because": str(third.number),
            },
        )
    ]
    assert told(world, "hotel", third.number) == [third.number + 1]
    for other in ("airline", "stranger", "operator", "*"):
        assert third.number + 1 not in told(world, other, third.number)


def test_another_partner_who_reports_is_not_told_of_the_tier(world: Bench) -> None:
    stays(world, "H1", "2026-02-10", "2026-02-11")
    reported = world.ask("airline", stay_on("H1", "by-the-airline", "2026-02-12"))

    assert (reported.result.terms, reported.result.invitation) == ((), None)
    assert tier(world, "H1") == "SILVER"
    assert told(world, "airline", reported.number) == []
    assert told(world, "hotel", reported.number) == [reported.number + 1]


def test_the_first_stay_after_a_term_has_ended_earns_no_bonus_of_it(world: Bench) -> None:
    stays(world, "H1", "2026-02-10", "2026-02-11", "2026-02-12")
    world.now = on("2028-01-05")
    late = world.ask("hotel", stay_on("H1", "late", "2027-12-30"))
    new = world.ask("hotel", stay_on("H1", "new", "2028-01-04"))

    assert (points(late), points(new)) == (SILVER, PLAIN)
    assert terms(world, "H1")[2:] == [("MEMBER", "2028-01-01", "None", "LAPSED")]
    assert [e.facts["because"] for e in events(world, late.number, "TIER")] == [str(late.number)]


def test_seven_stays_bring_an_invitation_once_and_accepting_it_the_tier(world: Bench) -> None:
    outcomes = [
        world.ask("hotel", stay_on("H1", f"i-{day}", f"2026-02-{day}")) for day in range(10, 18)
    ]
    invitation = outcomes[6].result.invitation

    assert [o.result.invitation for o in outcomes[:6]] == [None] * 6
    assert outcomes[7].result.invitation is None
    assert tier(world, "H1") == "GOLD"
    assert [(e.number, e.facts) for e in events(world, 0, "INVITATION")] == [
        (
            invitation,
            {
                "programme": "hotel",
                "tier": "TOP",
                "expires_on": None,
                "because": str(outcomes[6].number),
            },
        )
    ]
    assert invitation in told(world, "hotel", outcomes[6].number)
    assert invitation not in told(world, "airline", outcomes[6].number)
    accepted = world.ask("hotel", grant("TOP", TierWay.INVITATION, invitation=invitation))
    assert accepted.result.membership.tier == "TOP"
    assert terms(world, "H1")[-1] == ("TOP", "2026-03-02", "2027-12-31", "INVITED")
    again = world.ask("hotel", grant("TOP", TierWay.INVITATION, invitation=invitation))
    assert again.reason == "NOT_INVITED"


def test_an_invitation_that_ran_out_is_given_again(world: Bench) -> None:
    made = world.ask("hotel", Invite(("hotel", "H1"), "TOP", on("2026-03-05").date()))
    outcomes = [
        world.ask("hotel", stay_on("H1", f"r-{day}", f"2026-02-{day}")) for day in range(10, 17)
    ]
    world.now = on("2026-03-06")
    later = world.ask("hotel", stay_on("H1", "later", "2026-03-06"))

    assert [o.result.invitation for o in outcomes] == [None] * 7
    accept = grant("TOP", TierWay.INVITATION, invitation=made.result.invitation)
    assert world.ask("hotel", accept).reason == "NOT_INVITED"
    assert later.result.invitation == later.number + 1


def test_a_reversal_takes_a_reached_tier_back_and_tells_the_partner(world: Bench) -> None:
    stays(world, "H1", "2026-02-10", "2026-02-11", "2026-02-12")
    back = world.ask("hotel", Reverse(ActivityKey("hotel", "STAY", "H1-2026-02-11"), "no show"))

    assert terms(world, "H1")[2:] == [("MEMBER", "2026-02-12", "None", "TAKEN_BACK")]
    assert [(e.number, e.facts["because"]) for e in events(world, back.number)] == [
        (back.number + 1, str(back.number))
    ]
    assert stays(world, "H1", "2026-02-20", "2026-02-21") == [PLAIN, SILVER]


def test_a_tier_falls_further_with_every_reversal(world: Bench) -> None:
    days = [f"2026-02-{day}" for day in range(10, 15)]
    stays(world, "H1", *days)
    found = []
    for day in days:
        world.ask("hotel", Reverse(ActivityKey("hotel", "STAY", f"H1-{day}"), "no show"))
        found.append(tier(world, "H1"))

    assert found == ["SILVER", "SILVER", "MEMBER", "MEMBER", "MEMBER"]
    assert rows(world, "select sum(amount) from progress") == [(0,)]


# Bought, matched, decided -----------------------------------------------------------------

USD_50 = MoneyAmount("USD", 5_000)

GRANTED: dict[str, tuple[GrantTier, tuple[str, str, str, str]]] = {
    "bought": (grant("SILVER", paid=USD_50), ("SILVER", "2026-03-02", "2027-12-31", "PURCHASED")),
    "matched with a linked membership": (
        grant("GOLD", TierWay.MATCH, matched=("airline", "TOP")),
        ("GOLD", "2026-03-02", "2026-09-01", "MATCHED"),
    ),
    "carried over, its last day today": (
        grant("TOP", TierWay.CARRIED_OVER, until=NOON.date()),
        ("TOP", "2026-03-02", "2026-03-02", "CARRIED_OVER"),
    ),
}


@pytest.mark.parametrize("name", GRANTED)
def test_granted(world: Bench, name: str) -> None:
    command, expected = GRANTED[name]
    made = world.ask("hotel", command)

    assert made.result.membership.tier == expected[0]
    assert terms(world, "H1")[1:] == [expected]
    assert [e.facts["source"] for e in events(world, made.number - 1)] == [expected[3]]
    assert points(world.ask("hotel", stay_on("H1", "after", "2026-03-02"))) != PLAIN
    assert points(world.ask("hotel", stay_on("H1", "before", "2026-03-01"))) == PLAIN


NOT_GRANTED: dict[str, tuple[str, GrantTier, str]] = {
    "bought for nothing": ("hotel", grant("SILVER"), "WRONG_PRICE"),
    "a cent less": ("hotel", grant("SILVER", paid=MoneyAmount("USD", 4_999)), "WRONG_PRICE"),
    "a cent more": ("hotel", grant("SILVER", paid=MoneyAmount("USD", 5_001)), "WRONG_PRICE"),
    "other money": ("hotel", grant("SILVER", paid=MoneyAmount("EUR", 5_000)), "WRONG_PRICE"),
    "not for sale": ("hotel", grant("GOLD", paid=USD_50), "WRONG_PRICE"),
    "not for sale, nothing paid": ("hotel", grant("GOLD"), "WRONG_PRICE"),
    "no such tier": ("hotel", grant("PLATINUM", paid=USD_50), "UNKNOWN_TIER"),
    "no invitation": ("hotel", grant("TOP", TierWay.INVITATION), "NOT_INVITED"),
    "a tier that the airline's is not matched with": (
        "hotel",
        grant("GOLD", TierWay.MATCH, matched=("airline", "MEMBER")),
        "NOT_MATCHED",
    ),
    "a tier that nothing is matched with": (
        "hotel",
        grant("SILVER", TierWay.MATCH, matched=("airline", "TOP")),
        "NOT_MATCHED",
    ),
    "matched without a link": (
        "hotel",
        grant("GOLD", TierWay.MATCH, "H2", matched=("airline", "TOP")),
        "NOT_MATCHED",
    ),
    "carried over without an end": (
        "hotel",
        grant("GOLD", TierWay.CARRIED_OVER),
        "INVALID_ARGUMENT",
    ),
    "carried over after its end": (
        "hotel",
        grant("GOLD", TierWay.CARRIED_OVER, until=NOON.date() - timedelta(days=1)),
        "INVALID_ARGUMENT",
    ),
    "nobody": ("hotel", grant("SILVER", number="H9", paid=USD_50), "UNKNOWN_MEMBERSHIP"),
    "by another": ("airline", grant("SILVER", paid=USD_50), "NOT_AUTHORIZED"),
}


@pytest.mark.parametrize("name", NOT_GRANTED)
def test_not_granted(world: Bench, name: str) -> None:
    sender, command, reason = NOT_GRANTED[name]

    assert world.ask(sender, command).reason == reason
    assert terms(world, "H1")[1:] == terms(world, "H2")[1:] == []


def test_the_match_is_with_the_tier_that_the_linked_membership_has_now(world: Bench) -> None:
    world.ask("airline", update("airline", "A1", tier="MEMBER"))
    match = grant("GOLD", TierWay.MATCH, matched=("airline", "TOP"))
    assert world.ask("hotel", match).reason == "NOT_MATCHED"

    world.ask("airline", update("airline", "A1", tier="TOP", state=MembershipState.BLOCKED))
    assert world.ask("hotel", match).reason == "MEMBERSHIP_NOT_ACTIVE"


WORSE: dict[str, tuple[GrantTier, str]] = {
    "bought below one that was matched": (grant("SILVER", paid=USD_50), "GOLD"),
    "matched again to the same day": (
        grant("GOLD", TierWay.MATCH, matched=("airline", "TOP")),
        "GOLD",
    ),
}


@pytest.mark.parametrize("name", WORSE)
def test_nobody_buys_less_than_they_have(world: Bench, name: str) -> None:
    command, kept = WORSE[name]
    world.ask("hotel", grant("GOLD", TierWay.MATCH, matched=("airline", "TOP")))

    assert world.ask("hotel", command).reason == "MEMBERSHIP_EXISTS"
    assert tier(world, "H1") == kept
    world.now = on("2026-09-02")
    assert not world.ask("hotel", command).reason


def test_what_was_bought_is_there_again_when_a_higher_tier_is_lost(world: Bench) -> None:
    world.ask("hotel", grant("SILVER", paid=USD_50))
    stays(world, "H1", *(f"2026-02-{day}" for day in range(10, 15)))
    assert tier(world, "H1") == "GOLD"
    world.ask("hotel", Reverse(ActivityKey("hotel", "STAY", "H1-2026-02-11"), "no show"))
    world.ask("hotel", Reverse(ActivityKey("hotel", "STAY", "H1-2026-02-12"), "no show"))
    world.ask("hotel", Reverse(ActivityKey("hotel", "STAY", "H1-2026-02-13"), "no show"))

    assert terms(world, "H1")[-1] == ("SILVER", "2026-02-14", "2027-12-31", "TAKEN_BACK")


def test_a_decided_tier_holds_below_one_that_is_reached_and_lapses(world: Bench) -> None:
    world.ask("hotel", update("hotel", "H1", tier="SILVER"))
    assert terms(world, "H1")[1:] == [("SILVER", "2026-03-02", "None", "DECIDED")]
    stays(world, "H1", *(f"2026-02-{day}" for day in range(10, 15)))
    world.now = on("2028-01-05")

    assert points(world.ask("hotel", stay_on("H1", "later", "2028-01-05"))) == SILVER
    assert terms(world, "H1")[2:] == [
        ("GOLD", "2026-02-14", "2027-12-31", "REACHED"),
        ("SILVER", "2028-01-01", "None", "LAPSED"),
    ]


def test_a_tier_that_is_carried_over_holds_to_its_end_and_is_then_rated(world: Bench) -> None:
    carried = grant("TOP", TierWay.CARRIED_OVER, until=on("2026-04-30").date())
    world.ask("hotel", carried)
    stays(world, "H1", "2026-02-10", "2026-02-11", "2026-02-12")
    assert tier(world, "H1") == "TOP"
    world.now = on("2026-05-02")
    after = world.ask("hotel", stay_on("H1", "may", "2026-05-01"))

    assert points(after) == SILVER
    assert terms(world, "H1")[-1] == ("SILVER", "2026-05-01", "2027-12-31", "LAPSED")


# Blocked, red-listed ----------------------------------------------------------------------

BLOCKED: dict[str, Command] = {
    "a stay": stay_on("H1", "blocked", "2026-03-01"),
    "a purchase": grant("SILVER", paid=USD_50),
    "an invitation": Invite(("hotel", "H1"), "TOP", None),
}


@pytest.mark.parametrize("name", BLOCKED)
def test_a_blocked_member_gets_nothing(world: Bench, name: str) -> None:
    world.ask("hotel", update("hotel", "H1", state=MembershipState.BLOCKED))
    assert world.ask("hotel", BLOCKED[name]).reason == "MEMBERSHIP_NOT_ACTIVE"
    world.ask("hotel", update("hotel", "H1", state=MembershipState.ACTIVE))
    again = world.ask("hotel", BLOCKED[name], "again")
    assert not again.reason


def test_the_red_list_is_a_mark_of_the_membership_and_in_the_log(world: Bench) -> None:
    marked = world.ask("hotel", update("hotel", "H1", red_listed=True))
    other = world.ask("hotel", update("hotel", "H1", tier="GOLD"))

    assert marked.result.membership.red_listed
    assert other.result.membership.red_listed
    assert events(world, marked.number - 1)[0].facts["red_listed"] == "yes"
    off = world.ask("hotel", update("hotel", "H1", red_listed=False))
    assert not off.result.membership.red_listed


def test_invited_by_hand(world: Bench) -> None:
    invite = Invite(("hotel", "H1"), "GOLD", on("2026-03-10").date())
    made = world.ask("hotel", invite)
    assert world.ask("airline", invite).reason == "NOT_AUTHORIZED"
    past = Invite(("hotel", "H1"), "GOLD", on("2026-03-01").date())
    assert world.ask("hotel", past).reason == "INVALID_ARGUMENT"
    assert world.ask("hotel", Invite(("hotel", "H1"), "", None)).reason == "MEMBERSHIP_EXISTS"

    for other in (grant("TOP", TierWay.INVITATION), grant("GOLD", TierWay.INVITATION, "H2")):
        wrong = GrantTier(
            *(other.membership, other.tier, other.way, None, made.result.invitation, None, None)
        )
        assert world.ask("hotel", wrong).reason == "NOT_INVITED"
    accept = grant("GOLD", TierWay.INVITATION, invitation=made.result.invitation)
    assert not world.ask("hotel", accept).reason
    assert rows(world, "select used from invitation where tier = 'GOLD'") == [(True,)]


# Versions ---------------------------------------------------------------------------------


def test_a_version_moves_thresholds_from_its_date_on(world: Bench) -> None:
    stays(world, "H1", "2026-02-10", "2026-02-11")
    moved = hotel(valid_from=on("2026-03-10")).replace("stays = 3", "stays = 2")
    assert not world.publish("hotel", moved).reason
    world.now = on("2026-03-09")
    assert stays(world, "H2", "2026-03-08", "2026-03-09") == [PLAIN, PLAIN]
    assert (tier(world, "H1"), tier(world, "H2")) == ("MEMBER", "MEMBER")
    world.now = on("2026-03-12")
    first = world.ask("hotel", stay_on("H1", "first-under-it", "2026-03-12"))

    assert points(first) == SILVER
    assert terms(world, "H1")[1:] == [("SILVER", "2026-03-12", "2027-12-31", "REACHED")]
    raised = world.ask("hotel", stay_on("H2", "late", "2026-03-01"))
    assert points(raised) == PLAIN
    assert tier(world, "H2") == "SILVER"


def test_a_tier_that_a_version_no_longer_has_is_the_entry_tier(world: Bench) -> None:
    stays(world, "H1", "2026-02-10", "2026-02-11", "2026-02-12")
    renamed = hotel(valid_from=on("2026-03-10")).replace('"SILVER"', '"ARGENT"')
    assert not world.publish("hotel", renamed.replace("stays = 3", "stays = 4")).reason
    world.now = on("2026-03-12")

    assert stays(world, "H1", "2026-03-11") == [PLAIN]
    assert tier(world, "H1") == "ARGENT"


# Registration -----------------------------------------------------------------------------

PROMOTION = """
[[earn]]
rule = "spring"
activity = "STAY"
per = "activity"
reason = "PROMOTION"
points = "100"
registration = true
"""


def test_a_promotion_counts_for_stays_that_begin_after_registering(world: Bench) -> None:
    assert not world.publish("hotel", hotel(valid_from=world.now) + PROMOTION).reason
    world.now = on("2026-03-04")
    made = world.ask("hotel", Register(("hotel", "H1"), "spring"))
    assert world.ask("hotel", Register(("hotel", "H1"), "spring")).reason == "ALREADY_EXISTS"
    assert world.ask("hotel", Register(("hotel", "H1"), "room")).reason == "UNKNOWN_RULE"
    assert world.ask("airline", Register(("hotel", "H2"), "spring")).reason == "NOT_AUTHORIZED"
    world.now = on("2026-03-05")

    assert stays(world, "H1", "2026-03-04", "2026-03-05") == [
        PLAIN,
        [("BASE", 2_000), ("PROMOTION", 100)],
    ]
    assert stays(world, "H2", "2026-03-05") == [PLAIN]
    assert events(world, made.number - 1)[0].kind == "REGISTRATION"


# Joining ----------------------------------------------------------------------------------


def joining(number: str, programme: str = "club", **more: object) -> Enrol:
    return Enrol((programme, number), "", "", None, **more)  # type: ignore[arg-type]


def test_membership_that_is_bought_or_by_invitation(world: Bench) -> None:
    sold = '[joining]\nways = ["purchase", "invitation"]\nprice = "10 USD"\n'
    assert not world.publish("hotel", definition("club", "CLUB", rest=sold)).reason
    invited = world.ask("hotel", Invite(("club", "C2"), "", None)).result.invitation

    for wrong in (joining("C1"), joining("C1", paid=MoneyAmount("USD", 999))):
        assert world.ask("hotel", wrong).reason == "WRONG_PRICE"
    assert world.ask("hotel", joining("C1", invitation=invited)).reason == "NOT_INVITED"
    assert not world.ask("hotel", joining("C1", paid=MoneyAmount("USD", 1_000))).reason
    assert not world.ask("hotel", joining("C2", invitation=invited)).reason
    assert [source for *_, source in terms(world, "C2", "club")] == ["INVITED"]


def test_an_activity_of_a_blocked_member_is_in_no_counter(world: Bench) -> None:
    world.ask("hotel", update("hotel", "H1", state=MembershipState.BLOCKED))
    world.ask("hotel", stay_on("H1", "b", "2026-03-01"))

    assert rows(world, "select * from progress") == []
