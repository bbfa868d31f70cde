"""Up to 1,000 activities in one envelope: each counts or is refused by itself."""

import itertools
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from coalition.answers import Answer
from coalition.v1 import accrual_pb2, agreements_pb2
from coalition.v1.envelope_pb2 import Receipt
from gateway.self_check import check_book
from settlement.ledger.book import load_coalition
from support.coalition_day import NOON, Day, activity_key, coalition_day, item, stay
from support.raw_calls import OK, Verdict, Wire, raw_wire

FULL = 1_000
BAD = 500


@pytest.fixture(scope="module")
def day(module_database_url: str) -> Iterator[Day]:
    with coalition_day(module_database_url) as day:
        day.settled_world()
        day.enrol("hotel", "B1")
        yield day
        with day.engine.connect() as connection:
            coalition = load_coalition(connection)
        assert coalition is not None
        assert check_book(day.engine, coalition, lambda *_: None)[0] == []


@pytest.fixture(scope="module")
def wire(day: Day) -> Iterator[Wire]:
    with raw_wire(day) as wire:
        yield wire


def send(
    day: Day, items: Sequence[bytes | accrual_pb2.AccrualItem], sender: str = "hotel"
) -> Answer:
    """By the real client, which checks every outcome against its item."""
    data = [i if isinstance(i, bytes) else i.SerializeToString() for i in items]
    request = accrual_pb2.AccrueBatchRequest(items=data)
    return day.client(sender).write("Accrual.AccrueBatch", request)


def good(name: str, count: int, **more: Any) -> list[accrual_pb2.AccrualItem]:
    return [
        stay("B1", f"{name}-{i}", 1_000, request_id=f"{name}-{i}", **more) for i in range(count)
    ]


def test_a_thousand_items_and_then_again(day: Day) -> None:
    """Again under other batch ids, mixed with new ones: nothing counts twice."""
    items = good("full", FULL)
    before = day.balance("hotel", "B1")
    first = send(day, items)
    second = send(day, [*items[:990], *good("fresh", 10)])
    third = send(day, list(reversed(items)))

    assert all(outcome.accepted for outcome in (*first.outcomes, *second.outcomes, *third.outcomes))
    numbers = [outcome.receipt.number for outcome in first.outcomes]
    assert numbers == list(range(numbers[0], numbers[0] + FULL))
    assert [outcome.receipt.number for outcome in second.outcomes][:990] == numbers[:990]
    assert [outcome.receipt.number for outcome in third.outcomes] == numbers[::-1]
    assert day.balance("hotel", "B1") == before + 100 * (FULL + 10)


_COUNT = itertools.count()


def damaged(**changes: Any) -> accrual_pb2.AccrualItem:
    name = f"damaged-{next(_COUNT)}"
    made = stay("B1", name, 1_000, request_id=name)
    for path, value in changes.items():
        part: Any = made
        *names, last = path.split("__")
        for name in names:
            part = part[int(name)] if name.isdigit() else getattr(part, name)
        if value is None:
            part.ClearField(last)
        else:
            setattr(part, last, value)
    return made


FUTURE = int((NOON + timedelta(days=1)).timestamp())

MANY_LEGS = {
    (programme, f"R_{'A' * i}"): 1 for programme in ("hotel", "airline") for i in range(1, 28)
}

BADNESS: dict[str, tuple[Any, str]] = {
    "garbage": (b"\xff\xff", "MALFORMED_PAYLOAD"),
    "empty": (b"", "INVALID_ARGUMENT"),
    "unknown field": (damaged().SerializeToString() + b"\xfa\x3f\x01x", "UNKNOWN_FIELDS"),
    "no request id": (damaged(request_id=""), "INVALID_ARGUMENT"),
    "bad request id": (damaged(request_id="a b"), "INVALID_ARGUMENT"),
    "no membership": (damaged(membership=None), "INVALID_ARGUMENT"),
    "no activity": (damaged(activity=None), "INVALID_ARGUMENT"),
    "no start": (damaged(activity__started_at=None), "INVALID_ARGUMENT"),
    "over-long reference": (damaged(activity__key__reference="x" * 129), "INVALID_ARGUMENT"),
    "line break in a reference": (damaged(activity__key__reference="a\nb"), "INVALID_ARGUMENT"),
    "negative amount": (damaged(activity__spend__0__amount__minor=-1), "INVALID_ARGUMENT"),
    "absurd amount": (damaged(activity__spend__0__amount__minor=2**62), "IMPLAUSIBLE"),
    "unknown money": (damaged(activity__spend__0__amount__currency="ZZZ"), "UNKNOWN_CURRENCY"),
    "money without a rule": (
        damaged(activity__spend__0__amount__currency="JPY"),
        "UNKNOWN_CURRENCY",
    ),
    "unknown member": (damaged(membership__member_number="nobody"), "UNKNOWN_MEMBERSHIP"),
    "unknown programme": (damaged(membership__programme="no-such"), "UNKNOWN_PROGRAMME"),
    "foreign member": (
        damaged(membership__programme="card", membership__member_number="C1"),
        "UNKNOWN_MEMBERSHIP",
    ),
    "unknown supplier": (damaged(activity__key__supplier="no-such"), "UNKNOWN_PARTICIPANT"),
    "supplier without an agreement": (damaged(activity__key__supplier="card"), "NO_AGREEMENT"),
    "in the future": (damaged(activity__started_at__seconds=FUTURE), "IMPLAUSIBLE"),
    "before the programme": (damaged(activity__started_at__seconds=0), "UNKNOWN_PROGRAMME"),
    "revision without the first": (damaged(activity__key__revision=2), "REVISION_OUT_OF_ORDER"),
    "revision too high": (damaged(activity__key__revision=1_001), "INVALID_ARGUMENT"),
    "too many nights": (damaged(activity__quantities__0__count=2**63 - 1), "IMPLAUSIBLE"),
    "too many parts": (
        stay("B1", "parts", request_id="parts", stated=MANY_LEGS),
        "INVALID_ARGUMENT",
    ),
}
"""Item 500, and why it is refused."""


@pytest.mark.parametrize("name", BADNESS)
def test_one_bad_item_and_the_others_count(day: Day, name: str) -> None:
    bad, reason = BADNESS[name]
    slug = name.replace(" ", "-")
    items: list[Any] = good(f"bad-{slug}", 6)
    items[3] = bad
    before = day.balance("hotel", "B1")

    outcomes = send(day, items).outcomes

    assert [outcome.reason for outcome in outcomes] == ["", "", "", reason, "", ""]
    assert day.balance("hotel", "B1") == before + 500


def test_item_500_of_1000_is_bad(day: Day) -> None:
    items = good("half", FULL)
    items[BAD].activity.spend[0].amount.minor = -1
    before = day.balance("hotel", "B1")

    outcomes = send(day, items).outcomes

    assert [i for i, outcome in enumerate(outcomes) if not outcome.accepted] == [BAD]
    refusal = outcomes[BAD].answer
    assert refusal.request_id == f"half-{BAD}"
    assert refusal.metadata["field"] == f"items[{BAD}].activity.spend[0].amount.minor"  # type: ignore[union-attr]
    assert day.balance("hotel", "B1") == before + 100 * (FULL - 1)


@pytest.mark.parametrize("count", [0, FULL + 1])
def test_too_few_and_too_many_items(wire: Wire, count: int) -> None:
    data = [i.SerializeToString() for i in good("count", count)]
    verdict = wire.send(
        wire.forge("Accrual.AccrueBatch", accrual_pb2.AccrueBatchRequest(items=data))
    )

    assert (verdict.reason, verdict.violations) == ("INVALID_ARGUMENT", ("items",))


def test_one_id_twice_in_a_batch(day: Day) -> None:
    """The same bytes have one outcome, other bytes are refused, both without a second effect."""
    twin = stay("B1", "twin", 1_000, request_id="twin")
    other = stay("B1", "twin-other", 1_000, request_id="twin")
    before = day.balance("hotel", "B1")

    outcomes = send(day, [twin, twin, other, twin]).outcomes

    assert [outcome.reason for outcome in outcomes] == ["", "", "REQUEST_ID_REUSED", ""]
    assert outcomes[0].answer == outcomes[1].answer == outcomes[3].answer
    assert day.balance("hotel", "B1") == before + 100


def test_an_item_may_not_have_its_batchs_id(wire: Wire) -> None:
    request = accrual_pb2.AccrueBatchRequest(
        items=[stay("B1", "own-id", request_id="own-id").SerializeToString()]
    )
    verdict = wire.send(wire.forge("Accrual.AccrueBatch", request).but(request_id="own-id"))

    assert verdict.batch.outcomes[0].HasField("refusal")


def test_one_activity_twice_in_a_batch(day: Day) -> None:
    items = [stay("B1", "once", 1_000, request_id=f"once-{i}") for i in range(3)]

    outcomes = send(day, items).outcomes

    assert [outcome.reason for outcome in outcomes] == ["", *["DUPLICATE_ACTIVITY"] * 2]
    first = str(outcomes[0].receipt.number)
    assert outcomes[2].answer.metadata == {"first_number": first}  # type: ignore[union-attr]


def test_a_cap_is_crossed_in_the_middle(day: Day) -> None:
    """What would cross it is refused; what is small enough afterwards still fits."""
    day.admit("shop", "OTHER")
    number = day.agree("airline", "shop", cap=1_000, permissions=("STATE_POINTS",), price=10, fee=0)
    points = [400, 500, 200, 100, 1]
    items = [
        item(
            "airline",
            "A1",
            activity_key("shop", "PURCHASE", f"cap-{i}"),
            stated={("airline", "BASE"): n},
            request_id=f"cap-{i}",
        )
        for i, n in enumerate(points)
    ]

    outcomes = send(day, items, sender="shop").outcomes

    assert [outcome.reason for outcome in outcomes] == ["", "", "CAP_EXCEEDED", "", "CAP_EXCEEDED"]
    assert _used(day, number) == 1_000


def _used(day: Day, number: int) -> int:
    listed = day.client("airline").read(
        "Agreements.ListAgreements",
        agreements_pb2.ListAgreementsRequest(),
        agreements_pb2.AgreementList,
    )
    return next(a.used_minor for a in listed.agreements if a.agreement == number)


def test_revisions_in_one_batch_wait_for_a_reversal(day: Day) -> None:
    items = good("revised", 1)
    second = stay("B1", "revised-0", 2_000, request_id="revised-2")
    second.activity.key.revision = 2
    before = day.balance("hotel", "B1")

    assert [o.reason for o in send(day, [items[0], second]).outcomes] == [
        "",
        "REVISION_OUT_OF_ORDER",
    ]
    day.client("hotel").write(
        "Accrual.Reverse",
        accrual_pb2.ReverseRequest(activity=items[0].activity.key, reason="a mistake"),
    )
    second.request_id = "revised-3"
    assert send(day, [second]).outcomes[0].accepted
    assert day.balance("hotel", "B1") == before + 200


def test_batches_may_live_for_three_days(wire: Wire) -> None:
    request = accrual_pb2.AccrueBatchRequest(items=[good("old", 1)[0].SerializeToString()])
    forge = wire.forge("Accrual.AccrueBatch", request)
    old = forge.but(created=forge.created - timedelta(hours=71))
    too_old = forge.but(created=forge.created - timedelta(hours=72))

    assert wire.send(too_old).reason == "EXPIRED"
    assert wire.send(old).reason == OK


def test_a_batch_writes_no_entry_of_its_own(day: Day, wire: Wire) -> None:
    request = accrual_pb2.AccrueBatchRequest(items=[good("solo", 1)[0].SerializeToString()])
    forge = wire.forge("Accrual.AccrueBatch", request)
    verdict: Verdict = wire.send(forge)
    number = Receipt.FromString(verdict.batch.outcomes[0].receipt).number

    with day.engine.connect() as connection:
        rows = connection.execute(
            text("select number, envelope is not null from request where request_id in (:a, :b)"),
            {"a": forge.request_id, "b": "solo-0"},
        ).all()
    assert sorted(rows, key=str) == sorted([(None, True), (number, False)], key=str)
