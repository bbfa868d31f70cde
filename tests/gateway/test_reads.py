"""Reads: pages, histories, what is shown of whom."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from coalition.errors import Refused
from coalition.signing import key_id, public_bytes
from coalition.v1 import (
    accrual_pb2,
    members_pb2,
    partners_pb2,
    rates_pb2,
    receipts_pb2,
    settlement_pb2,
)
from support.coalition_day import Day, coalition_day, membership, private_key, stay
from support.raw_calls import OK, Wire, raw_wire


@pytest.fixture(scope="module")
def day(module_database_url: str) -> Iterator[Day]:
    with coalition_day(module_database_url) as day:
        day.settled_world()
        yield day


@pytest.fixture(scope="module")
def wire(day: Day) -> Iterator[Wire]:
    with raw_wire(day) as wire:
        yield wire


def history(day: Day, number: str, size: int) -> list[list[members_pb2.Movement]]:
    pages, token = [], ""
    while True:
        page = day.client("hotel").read(
            "Members.ListActivity",
            members_pb2.ListActivityRequest(
                membership=membership("hotel", number), page_size=size, page_token=token
            ),
            members_pb2.ActivityPage,
        )
        pages.append(list(page.movements))
        token = page.next_page_token
        if not token:
            return pages


@pytest.mark.parametrize("size", [1, 2, 3, 7, 500, 0])
def test_pages_of_a_history_are_the_same_whatever_their_size(day: Day, size: int) -> None:
    """Movements of one entry stand on one page: seven entries, ten movements."""
    number = f"P{size}"
    day.enrol("hotel", number, tier="GOLD")
    for index in range(3):
        day.accrue(stay(number, f"{number}-{index}", 1_000))
    for index in range(3, 6):
        day.accrue(stay(number, f"{number}-{index}", 30))
    reverse = accrual_pb2.ReverseRequest(
        activity=stay(number, f"{number}-0").activity.key, reason="a mistake"
    )
    day.client("hotel").write("Accrual.Reverse", reverse)

    pages = history(day, number, size)
    movements = [movement for page in pages for movement in page]

    assert [m.amount_minor for m in movements] == [100, 25] * 3 + [3] * 3 + [-100, -25]
    assert sum(m.amount_minor for m in movements) == day.balance("hotel", number)
    assert {m.activity.reference for m in movements[-2:]} == {f"{number}-0"}
    assert {m.entry_kind for m in movements} == {"ACCRUAL", "REVERSAL"}
    for page in pages:
        assert len({m.number for m in page}) <= (size or 50)


def test_a_history_of_nothing(day: Day) -> None:
    day.enrol("hotel", "NOTHING")

    assert history(day, "NOTHING", 10) == [[]]
    assert day.balance("hotel", "NOTHING") == 0


BAD_PAGES = [
    {"page_size": 501},
    {"page_size": 2**32 - 1},
    {"page_token": "x"},
    {"page_token": "-1"},
    {"page_token": "1" * 19},
    {"page_token": "\u0661"},
]


@pytest.mark.parametrize("changes", BAD_PAGES, ids=str)
def test_pages_that_are_not(wire: Wire, changes: dict[str, object]) -> None:
    request = members_pb2.ListActivityRequest(membership=membership("hotel", "H1"), **changes)  # type: ignore[arg-type]
    verdict = wire.send(wire.forge("Members.ListActivity", request))

    assert (verdict.reason, verdict.violations) == ("INVALID_ARGUMENT", tuple(changes))


def test_counters(day: Day) -> None:
    day.enrol("hotel", "COUNT", tier="GOLD")
    day.accrue(stay("COUNT", "count", 1_000))
    read = day.client("hotel").read(
        "Members.GetBalances",
        members_pb2.GetBalancesRequest(membership=membership("hotel", "COUNT")),
        members_pb2.Balances,
    )

    assert [(b.currency, b.balance_minor, b.held_minor) for b in read.balances] == [
        ("HOTEL-POINTS", 125, 0)
    ]
    assert (read.balances[0].credited_minor, read.balances[0].debited_minor) == (125, 0)
    assert read.as_of_number > 0


def key_use(day: Day, name: str, size: int, sender: str = "hotel", ago: float = 0.0) -> list[str]:
    keyid = key_id(public_bytes(private_key(name)))
    found, token = [], ""
    while True:
        request = partners_pb2.ListKeyUseRequest(keyid=keyid, page_size=size, page_token=token)
        request.since.FromDatetime(day.clock.now - timedelta(hours=ago))
        page = day.client(sender).read("Partners.ListKeyUse", request, partners_pb2.KeyUse)
        found += [used.request_id for used in page.requests]
        token = page.next_page_token
        if not token:
            return found


def test_what_a_stolen_key_signed(day: Day, wire: Wire) -> None:
    """Accepted and refused, alone and as items, by pages, since it was stolen."""
    name = "hotel-stolen"
    key = partners_pb2.RegisterKeyRequest(key=day.public_key(name, "hotel"))
    day.client("hotel").write("Partners.RegisterKey", key)
    day.approve_key(name)

    def sign(request_id: str, accrual: accrual_pb2.AccrualItem) -> str:
        request = accrual_pb2.AccrueRequest(accrual=accrual)
        return wire.send(
            wire.forge("Accrual.Accrue", request, key=name).but(request_id=request_id)
        ).reason

    assert sign("before", stay("H1", "before", 100)) == OK
    day.clock.forward(hours=2)
    assert sign("after", stay("H1", "after", 100)) == OK
    assert sign("refused", stay("nobody", "x", 100)) == "UNKNOWN_MEMBERSHIP"
    items = [
        stay("H1", f"use-{i}", 100, request_id=f"use-{i}").SerializeToString() for i in range(5)
    ]
    batch = wire.forge("Accrual.AccrueBatch", accrual_pb2.AccrueBatchRequest(items=items), key=name)
    assert wire.send(batch.but(request_id="use-batch")).reason == OK
    revoke = partners_pb2.RevokeKeyRequest(keyid=key_id(public_bytes(private_key(name))))
    revoke.compromised_since.FromDatetime(day.clock.now - timedelta(hours=1))
    day.client("admin-one").write("Partners.RevokeKey", revoke)

    since = ["after", "refused", *(f"use-{i}" for i in range(5)), "use-batch"]
    for size in (0, 1, 3, 8):
        assert key_use(day, name, size, ago=1) == since
        assert key_use(day, name, size, "admin-two", ago=1) == since
    assert key_use(day, name, 0, ago=3) == ["after", "before", *since[1:]]
    with pytest.raises(Refused, match="NOT_FOUND"):
        key_use(day, name, 0, "airline")


def test_keys_tell_their_state(day: Day) -> None:
    listed = day.client("hotel").read(
        "Partners.ListKeys", partners_pb2.ListKeysRequest(), partners_pb2.KeyList
    )
    own = next(k for k in listed.keys if k.ed25519 == public_bytes(private_key("hotel")))

    assert own.state == partners_pb2.KEY_STATE_APPROVED
    assert own.owner == "hotel"
    assert not own.HasField("revoked_at")


def test_partners_and_their_programmes(day: Day) -> None:
    listed = day.client("card").read(
        "Partners.ListPartners", partners_pb2.ListPartnersRequest(), partners_pb2.PartnerList
    )

    assert [(p.partner, [q.currency for q in p.programmes]) for p in listed.partners] == [
        ("airline", ["AIR-MILES"]),
        ("card", ["CARD-POINTS"]),
        ("hotel", ["HOTEL-POINTS"]),
        ("operator", ["COIN"]),
    ]


def test_the_rate_book_over_time(day: Day) -> None:
    def book(**asked: object) -> list[int]:
        request = rates_pb2.ListRatesRequest(programme="card")
        if asked:
            request.as_of.FromDatetime(day.clock.now - timedelta(**asked))  # type: ignore[arg-type]
        read = day.client("hotel").read("Rates.ListRates", request, rates_pb2.RateBook)
        return [found.version for found in read.versions]

    assert book() == []
    first = day.rate("card", 1, 1)
    day.clock.forward(hours=1)
    second = day.rate("card", 2, 2)

    assert (book(), book(hours=0), book(minutes=30), book(hours=2)) == (
        [first, second],
        [second],
        [first],
        [],
    )


def test_the_open_window(day: Day) -> None:
    listed = day.client("hotel").read(
        "Settlement.ListWindows", settlement_pb2.ListWindowsRequest(), settlement_pb2.WindowList
    )

    assert [(w.window, w.state, w.first_number, w.last_number) for w in listed.windows] == [
        (1, settlement_pb2.WINDOW_STATE_OPEN, 0, 0)
    ]


@pytest.mark.parametrize("request_id", ["x" * 65, "", "a b", "\u00e9"])
def test_receipts_of_no_request(wire: Wire, request_id: str) -> None:
    request = receipts_pb2.GetReceiptRequest(request_id=request_id)

    assert wire.send(wire.forge("Receipts.GetReceipt", request)).reason == "INVALID_ARGUMENT"
