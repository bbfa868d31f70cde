"""Attempts to make points, vouchers and stock out of nothing within one programme."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from fractions import Fraction

import pytest
from sqlalchemy import Engine, text

from coalition.v1 import accrual_pb2, awards_pb2
from gateway.self_check import check_book
from partners.activities import ActivityKey
from partners.usecases.accrual import Accrue
from partners.usecases.awards import UseVoucher
from partners.usecases.reversal import Reverse
from settlement.ledger.book import load_coalition
from support.coalition_day import Day, activity_key, coalition_day, fraction, item, membership
from support.raw_calls import OK, Forge, Wire, raw_wire
from support.use_case_bench import Bench, MembershipState, bench, definition, enrol, report, update

RULES = """
[[earn]]
rule = "base"
activity = "STAY"
per = "activity"
points = "100"

[[earn]]
rule = "promotion"
activity = "STAY"
per = "night"
reason = "PROMOTION"
points = "70"
budget = "3333"
cap_per_member = "1000"
cap_per_day = "200"

[[tiers]]
name = "MEMBER"

[[tiers]]
name = "GOLD"
reached = [{ stays = 3 }]

[[counters]]
counter = "stays"
activity = "STAY"
per = "activity"

[[vouchers]]
voucher = "third-stay"
name = "A voucher for every three stays"
counter = "stays"
every = 3

[[awards]]
award = "breakfast"
name = "Breakfast"
prices = [{ points = 50 }]
stock = 9
"""

DEFINITION = definition("hotel", "H-POINTS", rest=RULES)
MEMBERS = 10


def problems(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        coalition = load_coalition(connection)
    assert coalition is not None
    return [str(problem) for problem in check_book(engine, coalition, lambda *_: None)[0]]


@pytest.fixture
def day(database_url: str) -> Iterator[Day]:
    with coalition_day(database_url) as day:
        day.admit("hotel", "HOTEL")
        day.publish("hotel", DEFINITION.encode())
        for n in range(MEMBERS):
            day.enrol("hotel", f"H{n}")
        yield day
        assert problems(day.engine) == []


@pytest.fixture
def hotel(database_url: str) -> Iterator[Bench]:
    with bench(database_url) as made:
        made.admit("hotel")
        made.publish("hotel", DEFINITION)
        yield made
        assert problems(made.engine) == []


def a_stay(n: int, reference: str, days_ago: int, request_id: str = "") -> accrual_pb2.AccrualItem:
    made = item(
        "hotel",
        f"H{n}",
        activity_key("hotel", "STAY", reference),
        quantities={"NIGHT": 1},
        request_id=request_id,
    )
    started_at = made.activity.started_at.ToDatetime() - timedelta(days=days_ago)
    made.activity.started_at.FromDatetime(started_at)
    return made


def nights(number: str, reference: str, count: int, revision: int = 1) -> Accrue:
    key = ActivityKey("hotel", "STAY", reference, revision)
    return report(("hotel", number), key, quantities=[("NIGHT", count)])


def take_back(reference: str, part: Fraction | None = None, revision: int = 1) -> Reverse:
    return Reverse(ActivityKey("hotel", "STAY", reference, revision), "attack", part)


def require_limits_held(day: Day) -> None:
    """What the limited rule gave, added up from the lines, and what was handed out."""
    with day.engine.connect() as connection:
        given = connection.execute(
            text(
                "select sum(case when credit like 'member/%' then amount else -amount end) "
                "from line where rule = 'promotion'"
            )
        ).scalar_one()
        used = connection.execute(text("select used from rule_usage")).scalar_one()
        by_day = connection.execute(
            text(
                "select max(amount) as a_day, max(total) as in_all from progress join ("
                "  select member_id, sum(amount) as total from progress "
                "  where counter = '@rule/promotion' group by member_id"
                ") t using (member_id) where counter = '@rule/promotion'"
            )
        ).one()
        stock = connection.execute(text("select used from award_usage")).scalar() or 0
        redeemed = connection.execute(
            text("select count(*) from voucher where award = 'breakfast'")
        ).scalar_one()
        twice = connection.execute(
            text(
                "select 1 from voucher where earned_by is not null and state <> 'CANCELLED' "
                "group by member_id, award, multiple having count(*) > 1"
            )
        ).first()
    assert given == used <= 3333
    assert by_day.a_day <= 200
    assert by_day.in_all <= 1000
    assert stock == redeemed <= 9
    assert twice is None


def attack(wire: Wire, chance: random.Random, index: int) -> Forge:
    """A stay, a third of one taken back, or an award, of any member."""
    n, what = chance.randrange(MEMBERS), chance.random()
    if what < 0.7:
        made = a_stay(n, f"s{index}", chance.randrange(4))
        return wire.forge("Accrual.Accrue", accrual_pb2.AccrueRequest(accrual=made))
    if what < 0.85:
        key = activity_key("hotel", "STAY", f"s{chance.randrange(index + 1)}")
        back = accrual_pb2.ReverseRequest(activity=key, reason="attack", part=fraction("1/3"))
        return wire.forge("Accrual.Reverse", back)
    award = awards_pb2.RedeemRequest(membership=membership("hotel", f"H{n}"), award="breakfast")
    return wire.forge("Awards.Redeem", award)


def test_budget_caps_and_stock_hold_with_all_callers_at_once(day: Day) -> None:
    chance = random.Random(20260302)
    with raw_wire(day) as wire:
        forges = [attack(wire, chance, index) for index in range(300)]
        with ThreadPoolExecutor(100) as pool:
            verdicts = list(pool.map(wire.send, forges))
    allowed = {OK, "UNKNOWN_ACTIVITY", "AWARD_UNAVAILABLE", "INSUFFICIENT_BALANCE"}
    assert {verdict.reason for verdict in verdicts} <= allowed
    require_limits_held(day)


def test_budget_and_caps_hold_within_one_batch(day: Day) -> None:
    items = [a_stay(i % MEMBERS, f"b{i}", i % 30, f"in-batch-{i}") for i in range(300)]
    answer = day.client("hotel").write(
        "Accrual.AccrueBatch",
        accrual_pb2.AccrueBatchRequest(items=[one.SerializeToString() for one in items]),
    )
    assert len(answer.outcomes) == len(items)
    require_limits_held(day)


def test_who_leaves_and_joins_again_finds_the_limits_as_they_were(hotel: Bench) -> None:
    hotel.enrol("hotel", "H1")
    given = []
    for n in range(3):
        for k in range(6):
            stay = nights("H1", f"s{n}-{k}", 3)
            legs = hotel.ask("hotel", stay).result.legs
            given.append(sum(leg.points_minor for leg in legs if leg.rule == "promotion"))
        left = update("hotel", "H1", state=MembershipState.CLOSED)
        assert not hotel.ask("hotel", left).reason
        assert not hotel.ask("hotel", enrol("hotel", "H1")).reason
        hotel.now += timedelta(days=1)
    assert sum(given) == 200, "all stays are of one day, whose cap it is"


def test_a_stay_taken_back_and_reported_anew_brings_no_second_voucher(hotel: Bench) -> None:
    hotel.enrol("hotel", "H1")
    brought = [hotel.ask("hotel", nights("H1", f"s{n}", 1)).result.vouchers for n in range(3)]
    (voucher,) = brought[2]
    assert not hotel.ask("hotel", UseVoucher(voucher)).reason
    for revision in range(1, 5):
        assert not hotel.ask("hotel", take_back("s2", revision=revision)).reason
        again = hotel.ask("hotel", nights("H1", "s2", 1, revision + 1))
        assert again.result.vouchers == ()


def test_five_hundred_parts_in_one_batch_are_the_whole(hotel: Bench) -> None:
    member = hotel.enrol("hotel", "H1")
    hotel.ask("hotel", nights("H1", "s", 1))
    before = hotel.balance(member, "hotel")
    parts = [hotel.submission("hotel", take_back("s", Fraction(1, 500))) for _ in range(501)]

    outcomes = hotel.batch(*parts)

    assert before == 170
    assert [outcome.reason for outcome in outcomes] == [""] * 500 + ["ALREADY_REVERSED"]
    assert sum(amount for o in outcomes[:500] for *_, amount in o.lines) == before
    assert hotel.balance(member, "hotel") == 0


def test_a_reporter_is_not_told_what_follows_for_the_member(day: Day) -> None:
    """Tiers and vouchers of another's member are in no feed and no receipt of the reporter's."""
    day.admit("card", "CARD_ISSUER")
    day.agree("hotel", "card", permissions=("DOUBLE_DIP",))
    for n in range(3):
        key = activity_key("card", "STAY", f"c{n}")
        receipt = day.accrue(item("hotel", "H1", key), "card")
        result = receipt.result_as(accrual_pb2.AccrualResult)
        assert (list(result.tiers), list(result.vouchers), result.invitation) == ([], [], 0)
    seen = {sender: kinds_of(day, sender) for sender in ("card", "hotel")}
    assert seen["card"] & {"TIER", "VOUCHER", "INVITATION"} == set()
    assert {"TIER", "VOUCHER"} <= seen["hotel"]


def kinds_of(day: Day, sender: str) -> set[str]:
    return {found.record.entry.kind for found in day.client(sender).follow(-1, stop_at_end=True)}
