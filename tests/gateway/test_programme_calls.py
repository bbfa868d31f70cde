"""Tiers, awards, claims and the lives of programmes, through signed requests on a real gateway."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from coalition.answers import open_answer
from coalition.errors import Refused
from coalition.v1 import (
    accrual_pb2,
    awards_pb2,
    common_pb2,
    envelope_pb2,
    errors_pb2,
    members_pb2,
    partners_pb2,
)
from gateway.translation.programme_reads import exact
from support.coalition_day import (
    NOON,
    Day,
    activity_key,
    coalition_day,
    fraction,
    item,
    membership,
    stay,
)
from support.raw_calls import OK, Wire, raw_wire

CLUB = b"""
schema = 1
programme = "club"
name = "Club"
valid_from = 2000-01-01T00:00:00Z
custody = "gateway"
reversal = "negative-balance"

[currency]
code = "CLUB-POINTS"
exponent = 1

[joining]
ways = ["invitation", "purchase"]
price = "50 EUR"

[[tiers]]
name = "MEMBER"

[[tiers]]
name = "SILVER"
bonus = "50%"
reached = [{ nights = 4 }]

[[tiers]]
name = "GOLD"
bonus = "100%"
price = "80 EUR"
holds = "12 months"

[[counters]]
counter = "nights"
activity = "STAY"
per = "night"

[[counters]]
counter = "spend"
activity = "STAY"
per = "money"
currency = "EUR"

[[earn]]
rule = "room"
activity = "STAY"
per = "money"
category = "ROOM"
currency = "EUR"
points = "1"
tier_bonus = true

[[earn]]
rule = "garden"
activity = "STAY"
per = "activity"
points = "5"
reason = "PROMOTION"
registration = true
where = { property = ["garden"] }

[[earn]]
rule = "tour"
activity = "TOUR"
per = "activity"
points = "7"
available = "at-end"

[[awards]]
award = "night"
name = "A free night"
prices = [{ points = 100 }, { points = 50, money = "40 EUR" }]
stock = 3
voucher_holds = "12 months"
cancellable = "14 days"

[[awards]]
award = "suite"
name = "A suite"
prices = [{ points = 10 }]
tiers = ["GOLD"]

[buying]
at_most = "10%"
currency = "EUR"
price = "0.5"
"""

BENEFITS = b"""
schema = 1
programme = "benefits"
name = "Benefits alone"
valid_from = 2000-01-01T00:00:00Z
custody = "gateway"
reversal = "funder-bears"
"""

SUCCESSOR = b"""
schema = 1
programme = "new-club"
name = "New club"
valid_from = 2026-03-01T00:00:00Z
custody = "gateway"
reversal = "negative-balance"

[currency]
code = "NEW-POINTS"

[[tiers]]
name = "BLUE"

[[tiers]]
name = "RED"

[replaces]
programme = "old-club"
on = 2026-03-09T00:00:00Z
ratio = "2"
tiers = { GOLD = "RED" }
"""


@pytest.fixture(scope="module")
def day(module_database_url: str) -> Iterator[Day]:
    with coalition_day(module_database_url) as day:
        day.settled_world()
        for definition in (CLUB, BENEFITS):
            day.publish("hotel", definition)
        yield day


@pytest.fixture(scope="module")
def wire(day: Day) -> Iterator[Wire]:
    with raw_wire(day) as wire:
        yield wire


def euro(minor: int) -> common_pb2.Amount:
    return common_pb2.Amount(currency="EUR", minor=minor)


def write(day: Day, method: str, request: Any, sender: str = "hotel") -> Any:
    return day.client(sender).write(method, request).result


def join(day: Day, number: str, **more: Any) -> common_pb2.MembershipRef:
    """A member of the club who bought the membership."""
    day.enrol("club", number, sender="hotel", paid=euro(5_000), **more)
    return membership("club", number)


def club_stay(number: str, reference: str, minor: int = 10_000, **more: Any) -> Any:
    """A stay of two nights with its room revenue."""
    key = activity_key("hotel", "STAY", reference)
    more = {"quantities": {"NIGHT": 2}, **more}
    return item("club", number, key, spend={("ROOM", "EUR"): minor}, **more)


def earn(day: Day, number: str, reference: str, minor: int = 10_000, **more: Any) -> Any:
    answer = day.accrue(club_stay(number, reference, minor, **more))
    return answer.result_as(accrual_pb2.AccrualResult)


def balance(day: Day, member: common_pb2.MembershipRef) -> members_pb2.Balances:
    request = members_pb2.GetBalancesRequest(membership=member)
    return day.client("hotel").read("Members.GetBalances", request, members_pb2.Balances)


def points(day: Day, member: common_pb2.MembershipRef) -> int:
    return balance(day, member).balances[0].balance_minor


def tiers(day: Day, member: common_pb2.MembershipRef) -> members_pb2.TierHistory:
    request = members_pb2.ListTiersRequest(membership=member)
    return day.client("hotel").read("Members.ListTiers", request, members_pb2.TierHistory)


def sources(history: members_pb2.TierHistory) -> list[tuple[str, str]]:
    return [
        (term.tier, members_pb2.TierSource.Name(term.source).removeprefix("TIER_SOURCE_"))
        for term in history.terms
    ]


def claim(day: Day, reference: str, sender: str = "hotel") -> accrual_pb2.ClaimResult:
    request = accrual_pb2.ClaimRequest(activity=activity_key("hotel", "STAY", reference))
    return day.client(sender).read("Accrual.Claim", request, accrual_pb2.ClaimResult)


def simulate(
    day: Day, accrual: accrual_pb2.AccrualItem, sender: str = "hotel"
) -> accrual_pb2.SimulateResult:
    request = accrual_pb2.SimulateRequest(accrual=accrual)
    return day.client(sender).read("Accrual.Simulate", request, accrual_pb2.SimulateResult)


def test_an_invitation_is_accepted_once(day: Day) -> None:
    guest = membership("club", "INV")
    with pytest.raises(Refused, match="WRONG_PRICE"):
        day.enrol("club", "INV", sender="hotel")
    asked = members_pb2.InviteRequest(membership=guest, expires_on="2026-03-02")
    invitation = write(day, "Members.Invite", asked).invitation

    with pytest.raises(Refused, match="NOT_INVITED"):
        day.enrol("club", "OTHER", sender="hotel", invitation=invitation)
    day.enrol("club", "INV", sender="hotel", invitation=invitation)

    assert sources(tiers(day, guest)) == [("MEMBER", "INVITED")]
    with pytest.raises(Refused, match="NOT_INVITED"):
        day.enrol("club", "INV-2", sender="hotel", invitation=invitation)


def test_an_invitation_to_a_tier_is_listed_while_it_is_open(day: Day) -> None:
    member = join(day, "INV-T")
    asked = members_pb2.InviteRequest(membership=member, tier="SILVER")
    invitation = write(day, "Members.Invite", asked).invitation

    assert list(tiers(day, member).invitations) == [invitation]
    grant = members_pb2.GrantTierRequest(
        membership=member,
        tier="SILVER",
        way=members_pb2.TIER_WAY_INVITATION,
        invitation=invitation,
    )
    assert write(day, "Members.GrantTier", grant).membership.tier == "SILVER"
    assert list(tiers(day, member).invitations) == []


def test_a_tier_is_bought_at_its_price(day: Day) -> None:
    member = join(day, "BUYER")
    grant = members_pb2.GrantTierRequest(
        membership=member, tier="GOLD", way=members_pb2.TIER_WAY_PURCHASE, paid=euro(7_999)
    )
    with pytest.raises(Refused, match="WRONG_PRICE"):
        write(day, "Members.GrantTier", grant)
    grant.paid.minor = 8_000

    told = write(day, "Members.GrantTier", grant).membership

    term = (told.tier_term.since, told.tier_term.until, told.tier_term.source)
    assert (told.tier, term) == (
        "GOLD",
        ("2026-03-02", "2027-03-01", members_pb2.TIER_SOURCE_PURCHASED),
    )
    history = tiers(day, member)
    assert sources(history) == [("MEMBER", "JOINED"), ("GOLD", "PURCHASED")]
    looked_up = day.client("hotel").read(
        "Members.LookUp", members_pb2.LookUpRequest(membership=member), members_pb2.Membership
    )
    assert looked_up.tier_term == history.terms[-1]
    assert looked_up.tier_term.number > 0
    assert (looked_up.joined_on, looked_up.red_listed) == ("2026-03-02", False)


def test_nights_bring_a_tier_and_are_told(day: Day) -> None:
    """The tier holds from the next activity on; what is counted is told exactly."""
    member = join(day, "NIGHTS")
    assert not earn(day, "NIGHTS", "n-1", 12_345).tiers

    second = earn(day, "NIGHTS", "n-2", 10_005)

    assert [(t.tier, t.number > 0) for t in second.tiers] == [("SILVER", True)]
    assert [(leg.reason, leg.points_minor) for leg in second.legs] == [("BASE", 1_000)]
    history = tiers(day, member)
    assert sources(history) == [("MEMBER", "JOINED"), ("SILVER", "REACHED")]
    assert history.terms[-1] == second.tiers[0]
    assert [(c.counter, c.value) for c in history.counters] == [
        ("nights", "4"),
        ("spend", "223.50"),
    ]


def test_a_linked_partner_is_not_told_of_a_tiers_term(day: Day) -> None:
    def look_up(sender: str) -> members_pb2.Membership:
        request = members_pb2.LookUpRequest(membership=membership("hotel", "H1"))
        return day.client(sender).read("Members.LookUp", request, members_pb2.Membership)

    assert look_up("hotel").tier_term.tier == "GOLD"
    other = look_up("airline")
    assert (other.tier, other.HasField("tier_term"), list(other.linked)) == ("GOLD", False, [])


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (Fraction(27), 0, "27"),
        (Fraction(2469, 2), 2, "1234.50"),
        (Fraction(1, 8), 2, "0.125"),
        (Fraction(1, 3), 2, "1/3"),
        (Fraction(-1, 2), 0, "-0.5"),
        (Fraction(0), 2, "0.00"),
    ],
)
def test_values_of_counters_are_exact(value: Fraction, decimals: int, text: str) -> None:
    assert exact(value, decimals) == text


def test_attributes_and_registration_decide_what_is_earned(day: Day) -> None:
    member = join(day, "REG")
    garden = {"attributes": {"property": "garden"}, "quantities": {}}
    assert [leg.rule for leg in earn(day, "REG", "r-1", **garden).legs] == ["room"]
    asked = members_pb2.RegisterRequest(membership=member, rule="garden")
    assert write(day, "Members.Register", asked).registration > 0
    with pytest.raises(Refused, match="ALREADY_EXISTS"):
        write(day, "Members.Register", asked)
    with pytest.raises(Refused, match="UNKNOWN_RULE"):
        write(day, "Members.Register", members_pb2.RegisterRequest(membership=member, rule="room"))

    day.clock.forward(hours=1)
    now = {"started_at": day.clock.now}

    assert [leg.rule for leg in earn(day, "REG", "r-2", **garden, **now).legs] == [
        "room",
        "garden",
    ]
    assert [leg.rule for leg in earn(day, "REG", "r-3", quantities={}, **now).legs] == ["room"]


def test_points_of_a_tour_are_held_until_it_is_over(day: Day) -> None:
    member = join(day, "TOUR")
    tour = item("club", "TOUR", activity_key("hotel", "TOUR", "t-1"), started_at=day.clock.now)
    ended = day.clock.now + timedelta(days=3)
    tour.activity.ended_at.FromDatetime(ended)

    (leg,) = day.accrue(tour).result_as(accrual_pb2.AccrualResult).legs

    assert leg.available_at.ToDatetime(ended.tzinfo) == ended
    found = balance(day, member).balances[0]
    assert (found.balance_minor, found.held_minor) == (70, 70)
    redeem = awards_pb2.RedeemRequest(membership=member, award="night")
    with pytest.raises(Refused, match="INSUFFICIENT_BALANCE"):
        write(day, "Awards.Redeem", redeem)


def awards(day: Day, member: common_pb2.MembershipRef) -> list[awards_pb2.Award]:
    request = awards_pb2.ListAwardsRequest(membership=member)
    return list(day.client("hotel").read("Awards.ListAwards", request, awards_pb2.AwardList).awards)


def vouchers(day: Day, member: common_pb2.MembershipRef) -> list[awards_pb2.Voucher]:
    request = awards_pb2.ListVouchersRequest(membership=member)
    read = day.client("hotel").read("Awards.ListVouchers", request, awards_pb2.VoucherList)
    return list(read.vouchers)


def test_an_award_is_redeemed_cancelled_and_used(day: Day) -> None:
    member = join(day, "AWARD")
    earn(day, "AWARD", "a-1", 16_000)
    (night,) = awards(day, member)
    assert (night.award, night.left) == ("night", 3)
    assert [(p.points_minor, p.money.minor) for p in night.prices] == [(1_000, 0), (500, 4_000)]

    redeem = awards_pb2.RedeemRequest(membership=member, award="night", money=euro(4_000))
    first = write(day, "Awards.Redeem", redeem)
    assert (first.points_minor, list(first.money)) == (500, [euro(4_000)])
    assert (first.usable_until[:4], points(day, member)) == ("2027", 1_100)
    redeem.ClearField("money")
    second = write(day, "Awards.Redeem", redeem)
    assert points(day, member) == 100
    assert awards(day, member)[0].left == 1

    cancelled = write(
        day, "Awards.CancelVoucher", awards_pb2.CancelVoucherRequest(voucher=first.voucher)
    )
    assert (cancelled.state, points(day, member)) == (awards_pb2.VOUCHER_STATE_CANCELLED, 600)
    use = awards_pb2.UseVoucherRequest(voucher=second.voucher)
    assert write(day, "Awards.UseVoucher", use).state == awards_pb2.VOUCHER_STATE_USED
    with pytest.raises(Refused, match="VOUCHER_STATE"):
        write(day, "Awards.UseVoucher", use)
    with pytest.raises(Refused, match="UNKNOWN_VOUCHER"):
        write(day, "Awards.UseVoucher", use, sender="airline")
    assert [(v.voucher, v.state) for v in vouchers(day, member)] == [
        (first.voucher, awards_pb2.VOUCHER_STATE_CANCELLED),
        (second.voucher, awards_pb2.VOUCHER_STATE_USED),
    ]


@pytest.mark.parametrize(
    ("minor", "outcome"), [(9_000, (100, 5_000)), (8_990, "SHORTFALL_TOO_LARGE")]
)
def test_a_shortfall_of_a_tenth_can_be_bought(day: Day, minor: int, outcome: Any) -> None:
    """Of 100 points 10 are bought at 0.50 EUR each; 10.1 cannot be."""
    member = join(day, f"SHORT-{minor}")
    earn(day, f"SHORT-{minor}", f"short-{minor}", minor)
    redeem = awards_pb2.RedeemRequest(membership=member, award="night", buy_missing=True)
    if isinstance(outcome, str):
        with pytest.raises(Refused, match=outcome):
            write(day, "Awards.Redeem", redeem)
        return

    voucher = write(day, "Awards.Redeem", redeem)

    assert (voucher.bought_minor, list(voucher.money)) == (100, [euro(500)])
    assert points(day, member) == 0


def reverse(day: Day, reference: str, part: Fraction | str | None = None) -> Any:
    request = accrual_pb2.ReverseRequest(
        activity=activity_key("hotel", "STAY", reference), reason="a mistake"
    )
    if part is not None:
        request.part.CopyFrom(fraction(part))
    return write(day, "Accrual.Reverse", request)


def test_thirds_that_are_reversed_sum_to_the_whole(day: Day) -> None:
    member = join(day, "PARTS")
    earned = earn(day, "PARTS", "parts", 1_000)
    third = Fraction(1, 3)
    taken: list[int] = []
    for so_far in (third, 2 * third, 1):
        result = reverse(day, "parts", third)
        assert result.reversed == fraction(so_far)
        taken += [leg.points_minor for leg in result.legs]

    assert sum(taken) == sum(leg.points_minor for leg in earned.legs) == 100
    assert points(day, member) == 0
    with pytest.raises(Refused, match="ALREADY_REVERSED"):
        reverse(day, "parts", third)


def test_no_more_is_reversed_than_remains(day: Day) -> None:
    join(day, "REST")
    earn(day, "REST", "rest")
    reverse(day, "rest", "2/3")
    with pytest.raises(Refused, match="EXCEEDS_REMAINDER"):
        reverse(day, "rest", "1/2")
    assert reverse(day, "rest").reversed == fraction(1)


def test_a_tier_that_was_reached_falls_with_what_had_reached_it(day: Day) -> None:
    join(day, "FALL")
    for reference in ("fall-1", "fall-2"):
        earn(day, "FALL", reference)

    result = reverse(day, "fall-2", "1/2")

    assert [(t.tier, t.source) for t in result.tiers] == [
        ("MEMBER", members_pb2.TIER_SOURCE_TAKEN_BACK)
    ]


def test_a_simulation_says_why_and_books_nothing(day: Day) -> None:
    member = join(day, "TRY")
    accrual = club_stay("TRY", "try", 10_000, quantities={"NIGHT": 5})
    size = balance(day, member).as_of_number

    first, second = simulate(day, accrual), simulate(day, accrual)

    assert first == second
    (leg,) = first.result.legs
    assert (leg.points_minor, leg.rule, bool(leg.because)) == (1_000, "room", True)
    assert leg.version == leg.terms > 0
    assert [t.tier for t in first.result.tiers] == ["SILVER"]
    assert not first.reason
    assert (points(day, member), balance(day, member).as_of_number) == (0, size)
    booked = day.accrue(accrual).result_as(accrual_pb2.AccrualResult)
    assert [leg.because for leg in booked.legs] == [""]
    first.result.legs[0].because = ""
    assert booked == first.result


def test_a_simulation_of_what_would_be_refused(day: Day) -> None:
    join(day, "TRY-2")
    earn(day, "TRY-2", "try-2")
    again = simulate(day, club_stay("TRY-2", "try-2"))

    assert again.reason == errors_pb2.REASON_DUPLICATE_ACTIVITY
    assert "in the ledger already" in again.message
    assert not again.HasField("result")
    assert claim(day, "try-2").state == accrual_pb2.CLAIM_STATE_RECORDED


def test_a_stranger_simulates_nothing(day: Day) -> None:
    """The answer to what is another's is the same as to what is not there."""
    join(day, "TRY-3")
    told = [
        simulate(day, club_stay(number, "try-3"), sender="card") for number in ("TRY-3", "NOBODY")
    ]
    assert {t.reason for t in told} == {errors_pb2.REASON_UNKNOWN_MEMBERSHIP}


def test_a_claim_of_what_is_recorded(day: Day) -> None:
    """Its reporter gets the receipt; the issuer of miles that it earned its number alone."""
    answer = day.accrue(stay("H1", "claimed"))

    own = claim(day, "claimed")
    assert (own.state, own.number) == (accrual_pb2.CLAIM_STATE_RECORDED, answer.receipt.number)
    assert own.decided_at == answer.receipt.accepted_at
    assert own.answer == answer.envelope
    assert not own.HasField("reversed")
    other = claim(day, "claimed", "airline")
    assert (other.state, other.number) == (own.state, own.number)
    assert not other.HasField("answer")
    stranger = claim(day, "claimed", "card")
    assert stranger == accrual_pb2.ClaimResult(state=accrual_pb2.CLAIM_STATE_NEVER_RECEIVED)
    reverse(day, "claimed", "1/4")
    assert claim(day, "claimed").reversed == fraction("1/4")


def test_a_claim_of_an_item_of_a_batch(day: Day) -> None:
    items = [
        stay("H1", f"in-batch-{i}", request_id=f"in-batch-{i}").SerializeToString()
        for i in range(3)
    ]
    request = accrual_pb2.AccrueBatchRequest(items=items)
    sent = day.client("hotel").write("Accrual.AccrueBatch", request)

    found = claim(day, "in-batch-1")

    receipt = open_answer(found.answer, day.profile.keys, envelope_pb2.Receipt)
    assert receipt == sent.outcomes[1].receipt
    assert found.number == receipt.number


def test_a_claim_of_what_was_refused(day: Day) -> None:
    with pytest.raises(Refused, match="UNKNOWN_MEMBERSHIP") as refused:
        day.accrue(stay("NOBODY", "refused"))

    own = claim(day, "refused")
    assert (own.state, own.reason) == (
        accrual_pb2.CLAIM_STATE_REFUSED,
        errors_pb2.REASON_UNKNOWN_MEMBERSHIP,
    )
    assert own.message == refused.value.message
    refusal = open_answer(own.answer, day.profile.keys, envelope_pb2.Refusal)
    assert (refusal.request_id, refusal.message) == (refused.value.request_id, own.message)
    for stranger in ("card", "airline"):
        assert claim(day, "refused", stranger).state == accrual_pb2.CLAIM_STATE_NEVER_RECEIVED
    day.enrol("hotel", "NOBODY")
    day.accrue(stay("NOBODY", "refused"))
    assert claim(day, "refused").state == accrual_pb2.CLAIM_STATE_RECORDED


def test_a_supplier_is_told_the_reason_of_anothers_report_and_not_its_words(day: Day) -> None:
    """Words can name the reporter's members and agreements."""
    with pytest.raises(Refused, match="UNKNOWN_MEMBERSHIP"):
        day.accrue(stay("NOBODY-2", "by-another"), sender="card")

    told = claim(day, "by-another")

    assert told.reason == errors_pb2.REASON_UNKNOWN_MEMBERSHIP
    assert (told.message, told.HasField("answer")) == ("", False)
    assert claim(day, "by-another", "card").message


def test_a_claim_of_what_never_came(day: Day) -> None:
    never = accrual_pb2.ClaimResult(state=accrual_pb2.CLAIM_STATE_NEVER_RECEIVED)
    assert claim(day, "never-came") == never


def test_two_members_become_one_and_two_again(day: Day) -> None:
    kept, merged = join(day, "KEPT"), join(day, "MERGED")
    earn(day, "KEPT", "m-1", 1_000)
    earn(day, "MERGED", "m-2", 2_000)
    request = members_pb2.MergeRequest(kept=kept, merged=merged)
    made = write(day, "Members.Merge", request)
    assert (made.moved_minor, points(day, kept), points(day, merged)) == (200, 300, 0)
    looked_up = day.client("hotel").read(
        "Members.LookUp", members_pb2.LookUpRequest(membership=merged), members_pb2.Membership
    )
    assert looked_up.state == members_pb2.MEMBERSHIP_STATE_MERGED
    assert looked_up.merged_into > 0
    assert tiers(day, kept).counters[0].value == "4"
    redeem = awards_pb2.RedeemRequest(membership=merged, award="night")
    with pytest.raises(Refused, match="MEMBERSHIP_NOT_ACTIVE"):
        write(day, "Awards.Redeem", redeem)
    assert awards(day, merged) == []
    earn(day, "MERGED", "m-3", 3_000)
    assert points(day, kept) >= 600

    undo = members_pb2.UnmergeRequest(merge=made.merge)
    assert write(day, "Members.Unmerge", undo).moved_minor == 200
    assert points(day, merged) == 200
    with pytest.raises(Refused, match="UNKNOWN_MERGE"):
        write(day, "Members.Unmerge", undo)


def test_a_membership_is_red_listed_and_leaves(day: Day) -> None:
    member = join(day, "CHANGE")
    earn(day, "CHANGE", "change")

    def update(**changes: Any) -> members_pb2.Membership:
        request = members_pb2.UpdateMembershipRequest(membership=member, **changes)
        return write(day, "Members.UpdateMembership", request).membership

    assert update(red_listed=True).red_listed
    assert update().red_listed
    assert not update(red_listed=False).red_listed
    with pytest.raises(Refused, match="UNKNOWN_TIER"):
        update(chosen_programme="airline")
    assert update(state="MEMBERSHIP_STATE_CLOSED").state == members_pb2.MEMBERSHIP_STATE_CLOSED
    assert points(day, member) == 0


def test_a_programme_without_points_has_no_balances(day: Day) -> None:
    day.enrol("benefits", "B1", sender="hotel")
    found = balance(day, membership("benefits", "B1"))
    assert (list(found.balances), found.as_of_number > 0) == ([], True)
    assert awards(day, membership("benefits", "B1")) == []


def test_a_definition_is_read_as_it_was_published(day: Day) -> None:
    def read(**asked: Any) -> partners_pb2.Definition:
        request = partners_pb2.GetDefinitionRequest(**asked)
        return day.client("card").read("Partners.GetDefinition", request, partners_pb2.Definition)

    found = read(programme="club")
    assert (found.definition, found.programme.partner) == (CLUB, "hotel")
    assert read(programme="club", version=found.programme.version) == found
    assert read(programme="benefits").programme.currency == ""
    for asked in ({"programme": "nowhere"}, {"programme": "club", "version": 1}):
        with pytest.raises(Refused, match="UNKNOWN_PROGRAMME"):
            read(**asked)


def test_members_are_carried_over_step_by_step(day: Day) -> None:
    old = CLUB.replace(b'"club"', b'"old-club"').replace(b"CLUB-POINTS", b"OLD-POINTS")
    day.publish("hotel", old)
    day.publish("hotel", SUCCESSOR)
    numbers = ["O1", "O2", "O3"]
    for number in numbers:
        day.enrol("old-club", number, sender="hotel", paid=euro(5_000), tier="GOLD")
    carried = item(
        "old-club", "O1", activity_key("hotel", "STAY", "old"), spend={("ROOM", "EUR"): 1_050}
    )
    day.accrue(carried)
    request = members_pb2.CarryOverRequest(programme="new-club", replaced="old-club", limit=2)
    with pytest.raises(Refused, match="RETROACTIVE"):
        write(day, "Members.CarryOver", request)
    day.clock.now = datetime(2026, 3, 9, tzinfo=UTC)

    steps = [write(day, "Members.CarryOver", request) for _ in range(3)]

    assert [(s.carried, s.remaining) for s in steps] == [(2, 1), (1, 0), (0, 0)]
    assert [(s.old_minor, s.new_minor) for s in steps[:1]] == [(210, 42)]
    there = day.client("hotel").read(
        "Members.LookUp",
        members_pb2.LookUpRequest(membership=membership("new-club", "O1")),
        members_pb2.Membership,
    )
    assert (there.tier, points(day, membership("new-club", "O1"))) == ("RED", 42)
    with pytest.raises(Refused, match="PROGRAMME_CLOSED"):
        day.enrol("old-club", "O4", sender="hotel", paid=euro(5_000))


def test_a_programme_is_wound_down(day: Day) -> None:
    day.publish("card", BENEFITS.replace(b'"benefits"', b'"card-club"'))
    soon, later = (day.clock.now + timedelta(hours=hours) for hours in (1, 2))
    request = partners_pb2.WindDownRequest(
        programme="card-club", earns_until=soon, points_until=later
    )
    with pytest.raises(Refused, match="NOT_AUTHORIZED"):
        write(day, "Partners.WindDown", request)

    told = write(day, "Partners.WindDown", request, sender="card")

    assert told == partners_pb2.WindDownResult(
        programme="card-club", earns_until=soon, points_until=later
    )
    day.enrol("card-club", "C1", sender="card")
    day.clock.forward(hours=1)
    with pytest.raises(Refused, match="PROGRAMME_CLOSED"):
        day.enrol("card-club", "C2", sender="card")


MEMBER = membership("club", "FORMS")
SOON = Timestamp(seconds=int(NOON.timestamp()))
PURCHASE = members_pb2.TIER_WAY_PURCHASE
CARRIED_OVER = members_pb2.TIER_WAY_CARRIED_OVER


def with_attributes(*pairs: tuple[str, str]) -> accrual_pb2.AccrueRequest:
    accrual = club_stay("FORMS", "forms")
    for name, value in pairs:
        accrual.activity.attributes.add(name=name, value=value)
    return accrual_pb2.AccrueRequest(accrual=accrual)


def reversal(numerator: int, denominator: int) -> accrual_pb2.ReverseRequest:
    return accrual_pb2.ReverseRequest(
        activity=activity_key("hotel", "STAY", "forms"),
        reason="x",
        part=common_pb2.Fraction(numerator=numerator, denominator=denominator),
    )


FORMS: dict[str, tuple[str, Any, str]] = {
    "attribute twice": (
        "Accrual.Accrue",
        with_attributes(("property", "a"), ("property", "b")),
        "accrual.activity.attributes[1].name",
    ),
    "21 attributes": (
        "Accrual.Accrue",
        with_attributes(*((f"name-{i}", "x") for i in range(21))),
        "accrual.activity.attributes",
    ),
    "attribute with outer space": (
        "Accrual.Accrue",
        with_attributes(("property", " a")),
        "accrual.activity.attributes[0].value",
    ),
    "attribute that is too long": (
        "Accrual.Accrue",
        with_attributes(("property", "x" * 65)),
        "accrual.activity.attributes[0].value",
    ),
    "attribute in capitals": (
        "Accrual.Accrue",
        with_attributes(("Property", "x")),
        "accrual.activity.attributes[0].name",
    ),
    "part of nothing": ("Accrual.Reverse", reversal(0, 1), "part"),
    "part above the whole": ("Accrual.Reverse", reversal(4, 3), "part"),
    "part that is too fine": ("Accrual.Reverse", reversal(1, 10_001), "part"),
    "part without denominator": ("Accrual.Reverse", reversal(1, 0), "part"),
    "paid in points": (
        "Members.Enrol",
        members_pb2.EnrolRequest(
            membership=MEMBER, paid=common_pb2.Amount(currency="CLUB-POINTS", minor=1)
        ),
        "paid.currency",
    ),
    "paid less than nothing": (
        "Members.Enrol",
        members_pb2.EnrolRequest(membership=MEMBER, paid=euro(-1)),
        "paid.minor",
    ),
    "state that is set by Merge": (
        "Members.UpdateMembership",
        members_pb2.UpdateMembershipRequest(
            membership=MEMBER, state=members_pb2.MEMBERSHIP_STATE_MERGED
        ),
        "state",
    ),
    "state that is set by CarryOver": (
        "Members.UpdateMembership",
        members_pb2.UpdateMembershipRequest(
            membership=MEMBER, state=members_pb2.MEMBERSHIP_STATE_CARRIED_OVER
        ),
        "state",
    ),
    "day in another form": (
        "Members.Invite",
        members_pb2.InviteRequest(membership=MEMBER, expires_on="20260302"),
        "expires_on",
    ),
    "day that is none": (
        "Members.Invite",
        members_pb2.InviteRequest(membership=MEMBER, expires_on="2026-02-29"),
        "expires_on",
    ),
    "day of a year that is cut": (
        "Members.Invite",
        members_pb2.InviteRequest(membership=MEMBER, expires_on="0026-03-02"),
        "expires_on",
    ),
    "no way": (
        "Members.GrantTier",
        members_pb2.GrantTierRequest(membership=MEMBER, tier="GOLD"),
        "way",
    ),
    "purchase with an invitation": (
        "Members.GrantTier",
        members_pb2.GrantTierRequest(membership=MEMBER, tier="GOLD", way=PURCHASE, invitation=7),
        "invitation",
    ),
    "carried over until nobody knows": (
        "Members.GrantTier",
        members_pb2.GrantTierRequest(membership=MEMBER, tier="GOLD", way=CARRIED_OVER),
        "until",
    ),
    "more than 500 at once": (
        "Members.CarryOver",
        members_pb2.CarryOverRequest(programme="new-club", replaced="club", limit=501),
        "limit",
    ),
    "no award": ("Awards.Redeem", awards_pb2.RedeemRequest(membership=MEMBER), "award"),
    "no voucher": ("Awards.UseVoucher", awards_pb2.UseVoucherRequest(), "voucher"),
    "no end of points": (
        "Partners.WindDown",
        partners_pb2.WindDownRequest(programme="club", earns_until=SOON),
        "points_until",
    ),
}


@pytest.mark.parametrize("name", FORMS)
def test_fields_that_are_not_of_their_form(wire: Wire, name: str) -> None:
    method, request, field = FORMS[name]
    verdict = wire.send(wire.forge(method, request))

    assert (verdict.reason, verdict.violations) == ("INVALID_ARGUMENT", (field,))
    assert verdict.reason != OK
