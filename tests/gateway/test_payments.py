"""Payments over the wire: confirmed, disputed, aborted, aged; each sees what is theirs."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from coalition.errors import Refused
from coalition.v1 import payments_pb2
from gateway.database import report_engine
from partners.directory_store import money_at
from settlement.check import check_settlements
from settlement.ledger.book import load_coalition
from settlement.ledger.check import check, snapshot
from settlement.run import settle
from support.coalition_day import NOON, Day, coalition_day, stay

HOTEL, AIRLINE, CARD, FEE = "hotel", "airline", "card", 600


@pytest.fixture
def day(database_url: str) -> Iterator[Day]:
    """The hotel owes the airline 300.00, and the operator 6.00; the card issuer has no part."""
    with coalition_day(database_url) as day:
        day.settled_world()
        day.accrue(stay("H1", "one"))
        settled(day)
        yield day


def settled(day: Day) -> None:
    engine = report_engine(day.engine.url.render_as_string(hide_password=False))
    with engine.connect() as connection:
        coalition = load_coalition(connection)
    assert coalition is not None
    settle(engine, coalition, [HOTEL, AIRLINE, CARD], day.clock, money_at)
    with snapshot(engine) as connection:
        assert check(connection, coalition) == []
        assert check_settlements(connection, coalition) == []
    engine.dispose()


def ref(payee: str, settlement: int = 1) -> payments_pb2.PaymentRef:
    return payments_pb2.PaymentRef(settlement=settlement, payer=HOTEL, payee=payee)


def confirm(
    day: Day, payee: str, amount: int, *, by: str | None = None, settlement: int = 1
) -> payments_pb2.Payment:
    request = payments_pb2.ConfirmPaymentRequest(
        payment=ref(payee, settlement), amount_minor=amount, reference="R-1"
    )
    return (
        day.client(by or payee).write("Payments.Confirm", request).result_as(payments_pb2.Payment)
    )


def listed(day: Day, who: str, **more: object) -> dict[tuple[int, str], tuple[int, str]]:
    request = payments_pb2.ListPaymentsRequest(**more)  # type: ignore[arg-type]
    found = day.client(who).read("Payments.ListPayments", request, payments_pb2.PaymentList)
    return {
        (p.payment.settlement, p.payment.payee): (
            p.amount_minor,
            payments_pb2.PaymentState.Name(p.state).removeprefix("PAYMENT_STATE_"),
        )
        for p in found.payments
    }


def history(day: Day, who: str, settlement: int = 1) -> payments_pb2.SettlementHistory:
    request = payments_pb2.GetSettlementRequest(settlement=settlement)
    return day.client(who).read("Payments.GetSettlement", request, payments_pb2.SettlementHistory)


def steps(found: payments_pb2.SettlementHistory) -> list[tuple[str, str, str]]:
    return [
        (
            payments_pb2.SettlementStep.Name(c.step).removeprefix("SETTLEMENT_STEP_"),
            c.payee,
            c.who,
        )
        for c in found.changes
    ]


def test_from_due_to_settled(day: Day) -> None:
    amounts = {key[1]: value[0] for key, value in listed(day, "admin-one").items()}
    assert set(amounts) == {AIRLINE, "operator"}
    sent = payments_pb2.MarkSentRequest(
        payment=ref(AIRLINE), reference="BANK-7", value_date="2026-01-07"
    )
    day.client(HOTEL).write("Payments.MarkSent", sent)
    wrong = payments_pb2.DisputePaymentRequest(payment=ref(AIRLINE), reason="nothing arrived")
    back = day.client(AIRLINE).write("Payments.Dispute", wrong).result_as(payments_pb2.Payment)
    assert (back.state, back.disputed) == (payments_pb2.PAYMENT_STATE_DUE, "nothing arrived")
    day.client(HOTEL).write("Payments.MarkSent", sent)
    assert listed(day, AIRLINE) == {(1, AIRLINE): (amounts[AIRLINE], "SENT")}
    paid = confirm(day, AIRLINE, amounts[AIRLINE])
    assert paid.state == payments_pb2.PAYMENT_STATE_CONFIRMED
    assert paid.ended_number > 0
    confirm(day, "operator", amounts["operator"], by="admin-one")
    found = history(day, "admin-one")
    assert found.settlement.state == payments_pb2.SETTLEMENT_STATE_SETTLED
    assert (found.settlement.payments, found.settlement.confirmed) == (2, 2)
    assert steps(found)[-6:] == [
        ("SENT", AIRLINE, HOTEL),
        ("DISPUTED", AIRLINE, AIRLINE),
        ("SENT", AIRLINE, HOTEL),
        ("CONFIRMED", AIRLINE, AIRLINE),
        ("CONFIRMED", "operator", "admin-one"),
        ("SETTLED", "", "admin-one"),
    ]
    assert all(change.HasField("at") for change in found.changes)
    assert listed(day, "admin-one", open=True) == {}


def test_each_sees_what_is_theirs(day: Day) -> None:
    assert set(listed(day, HOTEL)) == {(1, AIRLINE), (1, "operator")}
    assert set(listed(day, AIRLINE)) == {(1, AIRLINE)}
    assert listed(day, CARD) == {}
    for who, payees in ((HOTEL, {AIRLINE, "operator"}), (AIRLINE, {AIRLINE}), (CARD, set())):
        found = history(day, who)
        assert {p.payment.payee for p in found.payments} == payees
        assert {c.payee for c in found.changes} - {""} == payees
        assert steps(found)[-1] == ("CLOSED", "", "operator")


def test_pages(day: Day) -> None:
    client, found = day.client("admin-one"), []
    request = payments_pb2.ListPaymentsRequest(page_size=1)
    while True:
        page = client.read("Payments.ListPayments", request, payments_pb2.PaymentList)
        found += [p.payment.payee for p in page.payments]
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    assert found == [AIRLINE, "operator"]
    for token in ("1/hotel", "x/hotel/airline", "9" * 19 + "/hotel/airline", "1/hotel/Airline"):
        request.page_token = token
        with pytest.raises(Refused, match="page_token"):
            client.read("Payments.ListPayments", request, payments_pb2.PaymentList)


def propose(day: Day, *apart: str) -> int:
    request = payments_pb2.ProposeAbortRequest(
        settlement=1, reason="the hotel does not pay", apart=apart
    )
    answer = day.client("admin-one").write("Payments.ProposeAbort", request)
    return answer.result_as(payments_pb2.Abort).proposal


def test_abort_and_settle_anew(day: Day) -> None:
    number = propose(day, HOTEL)
    assert history(day, HOTEL).aborts == []
    assert steps(history(day, HOTEL))[-1][0] == "CLOSED"
    assert steps(history(day, "admin-two"))[-1] == ("ABORT_PROPOSED", "", "admin-one")
    approve = payments_pb2.ApproveAbortRequest(settlement=1, proposal=number)
    with pytest.raises(Refused, match="SAME_PERSON"):
        day.client("admin-one").write("Payments.ApproveAbort", approve)
    done = day.client("admin-two").write("Payments.ApproveAbort", approve)
    abort = done.result_as(payments_pb2.Abort)
    assert (abort.state, abort.ended_by) == (payments_pb2.ABORT_STATE_APPROVED, "admin-two")
    settled(day)
    request = payments_pb2.ListSettlementsRequest()
    found = day.client(CARD).read("Payments.ListSettlements", request, payments_pb2.SettlementList)
    second, first = found.settlements
    assert (first.state, first.superseded_by, first.abort_number) == (
        payments_pb2.SETTLEMENT_STATE_ABORTED,
        2,
        done.receipt.number,
    )
    assert (second.state, second.supersedes, list(second.apart)) == (
        payments_pb2.SETTLEMENT_STATE_CLOSED,
        1,
        [HOTEL],
    )
    assert steps(history(day, HOTEL))[-1] == ("ABORTED", "", "admin-two")
    states = {key: state for key, (_, state) in listed(day, HOTEL).items()}
    assert states == {
        (1, AIRLINE): "VOID",
        (1, "operator"): "VOID",
        (2, AIRLINE): "DUE",
        (2, "operator"): "DUE",
    }


def aged(day: Day, who: str, **more: object) -> list[tuple[str, int, int, int, int]]:
    request = payments_pb2.GetAgingRequest(**more)  # type: ignore[arg-type]
    found = day.client(who).read("Payments.GetAging", request, payments_pb2.Aging)
    return [
        (a.participant, a.from_days, a.to_days, a.pays_count, a.receives_count) for a in found.aged
    ]


def test_what_is_unpaid_ages_until_it_is_paid(day: Day) -> None:
    assert aged(day, HOTEL) == [(HOTEL, 0, 1, 2, 0)]
    assert aged(day, CARD) == []
    day.clock.now += timedelta(days=9)
    assert aged(day, "admin-one") == [
        (AIRLINE, 8, 30, 0, 1),
        (HOTEL, 8, 30, 2, 0),
        ("operator", 8, 30, 0, 1),
    ]
    confirm(day, AIRLINE, listed(day, AIRLINE)[1, AIRLINE][0])
    assert aged(day, HOTEL) == [(HOTEL, 8, 30, 1, 0)]
    before = Timestamp()
    before.FromDatetime(NOON + timedelta(days=8, hours=1))
    assert aged(day, HOTEL, as_of=before) == [(HOTEL, 8, 30, 2, 0)]
    before.FromDatetime(NOON - timedelta(days=8))
    assert aged(day, HOTEL, as_of=before) == []
    day.clock.now += timedelta(days=30)
    assert aged(day, HOTEL) == [(HOTEL, 31, -1, 1, 0)]
