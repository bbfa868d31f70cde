"""`coalition conversions` and `deliver`: what they ask, and what they show."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result

from coalition.v1.common_pb2 import MembershipRef
from coalition.v1.delivery_pb2 import (
    CONVERSION_STATE_PENDING,
    CONVERSION_STATE_TIMED_OUT,
    Conversion,
    ConversionList,
)
from contract.fake_gateway import FakeGateway
from support.asked import asked

Run = Callable[..., Result]

WAITS = Conversion(
    conversion=7,
    source=MembershipRef(programme="hotel"),
    target=MembershipRef(programme="fine", member_number="F1"),
    source_minor=1000,
    target_minor=60650,
    state=CONVERSION_STATE_PENDING,
)
BACK = Conversion(
    conversion=8,
    source=MembershipRef(programme="airline", member_number="A1"),
    target=MembershipRef(programme="hotel"),
    source_minor=1005,
    target_minor=60,
    state=CONVERSION_STATE_TIMED_OUT,
    returned_source_minor=1005,
    returned_target_minor=60,
    source_hold="hold-1",
)
LISTED = ConversionList(conversions=[WAITS, BACK])


REQUESTS: dict[str, tuple[str, dict[str, Any]]] = {
    "conversions": ("Delivery.ListConversions", {"page_size": 500}),
    "conversions --open": ("Delivery.ListConversions", {"open": True, "page_size": 500}),
    "conversions --membership fine/F1 --after 5": (
        "Delivery.ListConversions",
        {
            "membership": {"programme": "fine", "member_number": "F1"},
            "page_size": 500,
            "after_conversion": "5",
        },
    ),
    "deliver confirm 7 --credited 606.5 --reference c-1": (
        "Delivery.Confirm",
        {"conversion": "7", "credited_minor": "60650", "reference": "c-1"},
    ),
    "deliver refuse 7 --reason closed": (
        "Delivery.Refuse",
        {"conversion": "7", "reason": "closed"},
    ),
}


@pytest.mark.parametrize("command", REQUESTS)
def test_requests(command: str, partner: Run, gateway: FakeGateway) -> None:
    method, expected = REQUESTS[command]
    if command.startswith("deliver confirm"):
        gateway.script = [lambda *_: LISTED]
    done = partner(*command.split())

    assert done.exit_code == 0, done.output
    assert asked(gateway, method) == expected


def test_conversions_are_shown_in_whole_points(partner: Run, gateway: FakeGateway) -> None:
    gateway.script = [lambda *_: LISTED]
    words = partner("conversions").stdout.split()

    assert {"hotel", "fine/F1", "airline/A1", "606.50", "100.5", "PENDING", "TIMED_OUT"} <= set(
        words
    )
    assert "hold-1" in words


def test_conversions_for_machines(partner: Run, gateway: FakeGateway) -> None:
    gateway.script = [lambda *_: LISTED]
    shown = json.loads(partner("conversions", "--json").stdout)

    assert [c["conversion"] for c in shown["conversions"]] == ["7", "8"]


def test_what_is_not_there_is_not_confirmed(partner: Run, gateway: FakeGateway) -> None:
    gateway.script = [lambda *_: ConversionList(conversions=[BACK])]
    done = partner("deliver", "confirm", "7", "--credited", "1", "--reference", "c")

    assert done.exit_code == 2
    assert "no conversion 7 of yours" in done.stderr
    assert len(gateway.seen) == 1


def test_points_finer_than_they_can_be_are_not_confirmed(
    partner: Run, gateway: FakeGateway
) -> None:
    gateway.script = [lambda *_: LISTED]
    done = partner("deliver", "confirm", "7", "--credited", "0.001", "--reference", "c")

    assert done.exit_code == 2
    assert "2 decimals" in done.stderr
