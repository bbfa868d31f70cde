"""Spending at a partner over the wire, to the statement of the night; and 500 at once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from coalition.answers import Answer
from coalition.errors import Refused
from coalition.v1 import exchange_pb2, members_pb2, redemption_pb2, settlement_pb2
from gateway.self_check import check_book
from partners.directory_store import money_at
from settlement.ledger.book import load_coalition
from settlement.run import ignore, settle
from support.coalition_day import Day, activity_key, coalition_day, item, membership
from support.raw_calls import OK, raw_wire

MEMBER = membership("operator", "C1")
ADMIN = "admin-one"


@pytest.fixture
def day(database_url: str) -> Iterator[Day]:
    """A hotel where 90.00 is owed for 100.00 that are spent, a café, and a member with 1,000.00."""
    with coalition_day(database_url) as day:
        for merchant in ("hotel", "cafe"):
            day.admit(merchant, "OTHER")
            day.agree(
                "operator",
                merchant,
                issuer=ADMIN,
                permissions=("REDEEM",),
                reimbursement="9/10",
            )
        day.enrol("operator", "C1", sender=ADMIN)
        key = activity_key("operator", "GIFT", "1")
        day.accrue(item("operator", "C1", key, stated={("operator", "BASE"): 100_000}), ADMIN)
        yield day


def authorize(day: Day, amount: int, sender: str = ADMIN, **more: object) -> redemption_pb2.Hold:
    values = {"merchant": "hotel", "reference": "folio-1", **more}
    request = redemption_pb2.AuthorizeRequest(membership=MEMBER, amount_minor=amount, **values)  # type: ignore[arg-type]
    return hold_of(day.client(sender).write("Redemption.Authorize", request))


def hold_of(answer: Answer) -> redemption_pb2.Hold:
    return answer.result_as(redemption_pb2.Hold)


def held(day: Day) -> tuple[int, int]:
    """The member's balance, and what of it is held."""
    read = day.client(ADMIN).read(
        "Members.GetBalances",
        members_pb2.GetBalancesRequest(membership=MEMBER),
        members_pb2.Balances,
    )
    return read.balances[0].balance_minor, read.balances[0].held_minor


def listed(day: Day, sender: str, **asked: object) -> list[redemption_pb2.Hold]:
    request = redemption_pb2.ListHoldsRequest(**asked)  # type: ignore[arg-type]
    found = day.client(sender).read("Redemption.ListHolds", request, redemption_pb2.HoldList)
    return list(found.holds)


def test_a_stay_is_paid_with_coins(day: Day) -> None:
    """Leave, hold, capture in part, refund in part, statement: each by whose business it is."""
    until = Timestamp()
    until.FromDatetime(day.clock.now + timedelta(hours=1))
    leave = day.client(ADMIN).write(
        "Exchange.AuthorizeDebit",
        exchange_pb2.AuthorizeDebitRequest(
            source=MEMBER, grantee="hotel", amount_minor=30_000, expires_at=until
        ),
    )
    number = leave.result_as(exchange_pb2.AuthorizeDebitResult).authorization
    made = authorize(day, 25_000, "hotel", authorization=number)
    assert made.state == redemption_pb2.HOLD_STATE_OPEN
    assert made.expires_at.ToDatetime(tzinfo=day.clock.now.tzinfo) - day.clock.now == timedelta(7)
    assert held(day) == (100_000, 25_000)
    hotel = day.client("hotel")
    taken = hold_of(
        hotel.write(
            "Redemption.Capture",
            redemption_pb2.CaptureRequest(hold=made.hold, amount_minor=20_005),
        )
    )
    assert (taken.captured_minor, taken.reimbursement_minor) == (20_005, 18_004)
    assert held(day) == (79_995, 0)
    given = hold_of(
        hotel.write(
            "Redemption.Refund", redemption_pb2.RefundRequest(hold=made.hold, amount_minor=5)
        )
    )
    assert (given.refunded_minor, given.reimbursement_minor) == (5, 18_000)
    assert given.membership == MEMBER
    assert listed(day, "hotel") == listed(day, ADMIN) == [given]
    assert listed(day, "cafe") == listed(day, "hotel", open=True) == []

    assert settled(day, "hotel", ADMIN) == ["18000", "-18000"]
    assert problems(day) == []


def settled(day: Day, *senders: str) -> list[str]:
    """Nets of the window that is closed now, as the statements of these say."""
    with day.engine.connect() as connection:
        coalition = load_coalition(connection)
    assert coalition is not None
    settle(day.engine, coalition, ["operator", "hotel", "cafe"], day.clock, money_at, ignore)
    nets = []
    for sender in senders:
        request = settlement_pb2.GetPositionsRequest(window=1)
        found = day.client(sender).read(
            "Settlement.GetPositions", request, settlement_pb2.PositionList
        )
        whose = "operator" if sender == ADMIN else sender
        nets += [str(p.net_minor) for p in found.positions if p.participant == whose]
    return nets


def problems(day: Day) -> list[str]:
    with day.engine.connect() as connection:
        coalition = load_coalition(connection)
    assert coalition is not None
    return [str(problem) for problem in check_book(day.engine, coalition, ignore)[0]]


def test_the_merchant_follows_its_holds(day: Day) -> None:
    """It is shown what becomes of a hold and what it is owed; of the member's points, nothing."""
    made = authorize(day, 1_000)
    client = day.client("hotel")
    client.write(
        "Redemption.Capture", redemption_pb2.CaptureRequest(hold=made.hold, amount_minor=1_000)
    )
    seen = {
        found.record.entry.kind: [line.debit for line in found.record.lines]
        for found in client.follow(-1, stop_at_end=True)
    }
    others = {found.record.entry.kind for found in day.client("cafe").follow(-1, stop_at_end=True)}

    assert (seen["HOLD"], seen["CAPTURE"]) == ([], ["clearing/1/operator:hotel"])
    assert not {"HOLD", "CAPTURE"} & others


def test_a_hold_ends_by_time(day: Day) -> None:
    made = authorize(day, 1_000)
    day.clock.forward(days=7, seconds=1)

    assert [h.state for h in listed(day, "hotel")] == [redemption_pb2.HOLD_STATE_EXPIRED]
    assert held(day) == (100_000, 0)
    with pytest.raises(Refused, match="HOLD_EXPIRED"):
        day.client("hotel").write(
            "Redemption.Capture", redemption_pb2.CaptureRequest(hold=made.hold, amount_minor=1)
        )


WRONG = {
    "amount_minor": redemption_pb2.AuthorizeRequest(
        membership=MEMBER, merchant="hotel", reference="x"
    ),
    "reference": redemption_pb2.AuthorizeRequest(
        membership=MEMBER, merchant="hotel", amount_minor=1
    ),
    "merchant": redemption_pb2.AuthorizeRequest(membership=MEMBER, amount_minor=1, reference="x"),
    "membership.programme": redemption_pb2.AuthorizeRequest(
        merchant="hotel", amount_minor=1, reference="x"
    ),
}


def test_forms(day: Day) -> None:
    with raw_wire(day) as wire:
        for field, message in WRONG.items():
            verdict = wire.send(wire.forge("Redemption.Authorize", message, sender="hotel"))
            assert (verdict.reason, verdict.violations) == ("INVALID_ARGUMENT", (field,))
        for page, reason in ((500, OK), (501, "INVALID_ARGUMENT")):
            asked = redemption_pb2.ListHoldsRequest(page_size=page)
            verdict = wire.send(wire.forge("Redemption.ListHolds", asked, sender="hotel"))
            assert verdict.reason == reason
        capture = redemption_pb2.CaptureRequest(hold=1, amount_minor=-1)
        verdict = wire.send(wire.forge("Redemption.Capture", capture, sender="hotel"))
        assert verdict.violations == ("amount_minor",)


def test_500_at_once_on_a_balance_for_one(day: Day) -> None:
    def asks(_: int) -> str:
        try:
            authorize(day, 50_001)
        except Refused as refused:
            return refused.reason
        return "held"

    day.client(ADMIN)
    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(asks, range(500)))

    assert sorted(answers) == [*["INSUFFICIENT_BALANCE"] * 499, "held"]
    assert held(day) == (100_000, 50_001)
