"""`coalition payments`, and settlements with their history: what they ask, and what they show."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from google.protobuf.timestamp_pb2 import Timestamp

from coalition.v1 import payments_pb2
from contract.fake_gateway import SENDER, FakeGateway
from support.asked import asked

Run = Callable[..., Result]

AT = Timestamp(seconds=1_767_600_000)
SENT = payments_pb2.Payment(
    payment=payments_pb2.PaymentRef(settlement=12, payer="hotel", payee=SENDER),
    amount_minor=170_00,
    state=payments_pb2.PAYMENT_STATE_SENT,
    posted_at=AT,
    reference="BANK-7",
    value_date="2026-01-07",
)
VOID = payments_pb2.Payment(
    payment=payments_pb2.PaymentRef(settlement=11, payer=SENDER, payee="hotel"),
    amount_minor=5,
    state=payments_pb2.PAYMENT_STATE_VOID,
    ended_number=77,
)
ABORTED = payments_pb2.SettlementInfo(
    settlement=11,
    window=3,
    state=payments_pb2.SETTLEMENT_STATE_ABORTED,
    superseded_by=12,
    payments=1,
    apart=["hotel", "rail"],
)
HISTORY = payments_pb2.SettlementHistory(
    settlement=ABORTED,
    payments=[VOID],
    changes=[
        payments_pb2.SettlementChange(
            step=payments_pb2.SETTLEMENT_STEP_VOID,
            payer=SENDER,
            payee="hotel",
            who="two",
            at=AT,
            why="does not pay",
            number=77,
        )
    ],
    aborts=[
        payments_pb2.Abort(
            proposal=76,
            settlement=11,
            state=payments_pb2.ABORT_STATE_APPROVED,
            proposed_by="one",
            reason="does not pay",
            ended_by="two",
            ended_number=77,
        )
    ],
)
AGED = payments_pb2.Aging(
    currency="COIN",
    as_of=AT,
    aged=[
        payments_pb2.AgedPayments(
            participant="hotel", from_days=0, to_days=1, pays_minor=170_00, pays_count=1
        ),
        payments_pb2.AgedPayments(
            participant=SENDER, from_days=31, to_days=-1, receives_minor=5, receives_count=2
        ),
    ],
)


PAYS = {"settlement": "12", "payer": SENDER, "payee": "hotel"}
RECEIVES = {"settlement": "12", "payer": "hotel", "payee": SENDER}

REQUESTS: dict[str, tuple[str, dict[str, Any]]] = {
    "payments list": ("Payments.ListPayments", {"page_size": 500}),
    "payments list --open --settlement 12": (
        "Payments.ListPayments",
        {"open": True, "settlement": "12", "page_size": 500},
    ),
    "payments sent 12 hotel --reference BANK-7 --value-date 2026-01-07": (
        "Payments.MarkSent",
        {"payment": PAYS, "reference": "BANK-7", "value_date": "2026-01-07"},
    ),
    "payments confirm 12 hotel --amount 170.00 --reference S-1": (
        "Payments.Confirm",
        {"payment": RECEIVES, "amount_minor": "17000", "reference": "S-1"},
    ),
    "payments confirm 12 hotel --amount 5 --reference S-1 --participant operator": (
        "Payments.Confirm",
        {
            "payment": RECEIVES | {"payee": "operator"},
            "amount_minor": "500",
            "reference": "S-1",
        },
    ),
    "payments dispute 12 hotel --reason nothing": (
        "Payments.Dispute",
        {"payment": RECEIVES, "reason": "nothing"},
    ),
    "payments aging --as-of 2026-01-31T00:00:00Z": (
        "Payments.GetAging",
        {"as_of": "2026-01-31T00:00:00Z"},
    ),
    "settlement list --before 9": (
        "Payments.ListSettlements",
        {"page_size": 500, "before_settlement": "9"},
    ),
    "settlement show 11": ("Payments.GetSettlement", {"settlement": "11"}),
    "settlement propose-abort 12 --reason default --apart hotel --apart rail --despite-sent": (
        "Payments.ProposeAbort",
        {
            "settlement": "12",
            "reason": "default",
            "apart": ["hotel", "rail"],
            "despite_sent": True,
        },
    ),
    "settlement approve-abort 12 76": (
        "Payments.ApproveAbort",
        {"settlement": "12", "proposal": "76"},
    ),
    "settlement withdraw-abort 12 76 --reason paid": (
        "Payments.WithdrawAbort",
        {"settlement": "12", "proposal": "76", "reason": "paid"},
    ),
}


@pytest.mark.parametrize("command", REQUESTS)
def test_requests(command: str, partner: Run, gateway: FakeGateway) -> None:
    method, expected = REQUESTS[command]
    done = partner(*command.split())

    assert done.exit_code == 0, done.output
    assert asked(gateway, method) == expected


def test_payments_are_shown_page_by_page(partner: Run, gateway: FakeGateway) -> None:
    gateway.script = [
        lambda *_: payments_pb2.PaymentList(payments=[VOID], next_page_token="11/x/hotel"),
        lambda *_: payments_pb2.PaymentList(payments=[SENT]),
    ]
    words = partner("payments", "list").stdout.split()

    assert asked(gateway, "Payments.ListPayments")["page_token"] == "11/x/hotel"
    assert {"170.00", "SENT", "BANK-7", "2026-01-07", "0.05", "VOID", "77"} <= set(words)


def test_payments_for_machines(partner: Run, gateway: FakeGateway) -> None:
    gateway.script = [lambda *_: payments_pb2.PaymentList(payments=[SENT])]
    (shown,) = json.loads(partner("payments", "list", "--json").stdout)["payments"]

    assert (shown["amount_minor"], shown["state"]) == ("17000", "PAYMENT_STATE_SENT")


def test_settlements_are_shown(partner: Run, gateway: FakeGateway) -> None:
    gateway.script = [lambda *_: payments_pb2.SettlementList(settlements=[ABORTED])]
    words = partner("settlement", "list").stdout.split()

    assert {"11", "3", "ABORTED", "12", "hotel", "rail"} <= set(words)


def test_a_history_is_shown(partner: Run, gateway: FakeGateway) -> None:
    gateway.script = [lambda *_: HISTORY]
    shown = partner("settlement", "show", "11").stdout

    assert "Settlement 11 of window 3: ABORTED" in shown
    assert {"VOID", "two", "one", "76", "77", "APPROVED", "2026-01-05T08:00:00Z"} <= set(
        shown.split()
    )


def test_a_history_for_machines(partner: Run, gateway: FakeGateway) -> None:
    gateway.script = [lambda *_: HISTORY]
    shown = json.loads(partner("settlement", "show", "11", "--json").stdout)

    assert shown["changes"][0]["step"] == "SETTLEMENT_STEP_VOID"


def test_aging_is_shown_and_written(partner: Run, gateway: FakeGateway, home: Path) -> None:
    gateway.script = [lambda *_: AGED]
    shown = partner("payments", "aging", "--csv", "aging.csv").stdout

    assert "0 to 1" in shown
    assert "over 30" in shown
    assert (home / "aging.csv").read_text() == (
        "participant,from_days,to_days,pays_minor,pays_count,receives_minor,receives_count\n"
        "hotel,0,1,17000,1,0,0\n"
        f"{SENDER},31,,0,0,5,2\n"
        "CONTROL,2,,17000,1,5,2\n"
    )
