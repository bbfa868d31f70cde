"""`coalition redeem`: each command is one signed request, in whole units of the shared currency."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result
from google.protobuf import json_format

from coalition import methods
from coalition.v1.common_pb2 import MembershipRef
from coalition.v1.redemption_pb2 import HOLD_STATE_CAPTURED, Hold, HoldList
from contract.fake_gateway import SENDER, FakeGateway

Run = Callable[..., Result]

CALLS: dict[str, tuple[str, dict[str, object]]] = {
    "redeem authorize operator/1 12.34 --reference order-7": (
        "Redemption.Authorize",
        {
            "membership": {"programme": "operator", "member_number": "1"},
            "merchant": SENDER,
            "amount_minor": "1234",
            "reference": "order-7",
        },
    ),
    "redeem authorize operator/1 5 --merchant shop --reference o --expires-at 2026-01-31 "
    "--authorization 7 --capture": (
        "Redemption.Authorize",
        {
            "membership": {"programme": "operator", "member_number": "1"},
            "merchant": "shop",
            "amount_minor": "500",
            "expires_at": "2026-01-31T00:00:00Z",
            "authorization": "7",
            "capture": True,
            "reference": "o",
        },
    ),
    "redeem capture 9 0.05": ("Redemption.Capture", {"hold": "9", "amount_minor": "5"}),
    "redeem capture 9 0": ("Redemption.Capture", {"hold": "9"}),
    "redeem void 9": ("Redemption.Void", {"hold": "9"}),
    "redeem refund 9 1": ("Redemption.Refund", {"hold": "9", "amount_minor": "100"}),
    "redeem list": ("Redemption.ListHolds", {"page_size": 100}),
    "redeem list --open --after 7 --limit 2": (
        "Redemption.ListHolds",
        {"open": True, "page_size": 2, "after_hold": "7"},
    ),
    "agreements offer fine --buyer shop --price 1 --cap 1 --permission redeem "
    "--reimbursement-price 0.9": (
        "Agreements.Offer",
        {
            "terms": {
                "programme": "fine",
                "buyer": "shop",
                "price": {"numerator": "1", "denominator": "1"},
                "operator_fee": {"denominator": "1"},
                "cap_minor": "100",
                "permissions": ["PERMISSION_REDEEM"],
                "reimbursement_price": {"numerator": "9", "denominator": "10"},
            }
        },
    ),
}


@pytest.mark.parametrize("command", CALLS)
def test_a_command_is_one_signed_request(command: str, partner: Run, gateway: FakeGateway) -> None:
    method, fields = CALLS[command]
    for option in ((), ("--json",)):
        done = partner(*command.split(), *option)
        assert done.exit_code == 0, done.output
        request: Any = methods.method(method).payload.FromString(gateway.seen[-1].payload)
        assert request.header.method == methods.method(method).full_name
        request.ClearField("header")
        assert json_format.MessageToDict(request, preserving_proto_field_name=True) == fields
        if option:
            assert isinstance(json.loads(done.stdout), dict)


WRONG = {
    "redeem capture 9 0.005": "0.005 is no amount with 2 decimals",
    "redeem capture 9": "Missing argument 'AMOUNT'",
    "redeem refund 0 1": "0 is not in the range x>=1",
    "redeem authorize operator/1 5": "Missing option '--reference'",
    "redeem authorize operator 5 --reference x": "'operator' is no membership such as",
    "redeem list --limit 501": "501 is not in the range 1<=x<=500",
}


@pytest.mark.parametrize("command", WRONG)
def test_wrong_use_says_what_to_do(command: str, partner: Run, gateway: FakeGateway) -> None:
    done = partner(*command.split())
    assert done.exit_code == 2, done.output
    assert WRONG[command] in done.stderr
    assert gateway.seen == []


def test_holds_are_shown_in_whole_units(partner: Run, gateway: FakeGateway) -> None:
    hold = Hold(
        hold=7,
        membership=MembershipRef(programme="operator", member_number="C1"),
        amount_minor=1999,
        captured_minor=1234,
        refunded_minor=34,
        reimbursement_minor=1080,
        state=HOLD_STATE_CAPTURED,
    )
    gateway.script = [lambda *_: HoldList(holds=[hold])]
    shown = partner("redeem", "list").stdout
    assert "Holds, in COIN" in shown
    assert {"operator/C1", "19.99", "12.34", "0.34", "10.80", "CAPTURED"} <= set(shown.split())
