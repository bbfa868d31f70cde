"""Erasure: nothing names the member any more, and all that was booked can be proven as before."""

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from coalition.errors import Refused
from coalition.v1 import (
    accrual_pb2,
    exchange_pb2,
    members_pb2,
    receipts_pb2,
)
from gateway.self_check import check_book
from settlement.ledger.book import load_coalition
from support.coalition_day import Day, coalition_day, membership, stay
from support.evidence import fetch, settled_business, verified
from support.planted import places_of
from support.raw_calls import Forge, Verdict, Wire, raw_wire

GONE = "GONE-7731"
OTHER = "STAYS-4402"
MERGED = "MERGED-9915"
AIRLINE = "FLIES-5508"
WORDS = (GONE, MERGED)


@dataclass
class Life:
    """A coalition in which a member lived and was erased."""

    day: Day
    wire: Wire
    before: set[str] = field(default_factory=set)
    book: list[tuple[Any, ...]] = field(default_factory=list)
    sent: dict[str, tuple[Forge, Verdict]] = field(default_factory=dict)
    member_id: int = 0

    def send(self, name: str, method: str, message: Any, sender: str = "hotel") -> Verdict:
        """Send a request, and keep it to be sent again."""
        forge = self.wire.forge(method, message, sender).but(request_id=name)
        verdict = self.wire.send(forge)
        self.sent[name] = forge, verdict
        return verdict

    def again(self, name: str) -> Verdict:
        return self.wire.send(self.sent[name][0])

    def entries(self) -> list[tuple[Any, ...]]:
        with self.day.engine.connect() as connection:
            rows = connection.execute(text("select * from entry order by number"))
            return [tuple(row) for row in rows]


def wait(day: Day) -> None:
    """Until the gateway itself has cut what was stored."""
    deadline = time.monotonic() + 30
    with day.engine.connect() as connection:
        open_ = text("select count(*) from erasure where finished_at is null")
        while connection.execute(open_).scalar_one():
            connection.rollback()
            assert time.monotonic() < deadline, "the erasure is not finished"
            time.sleep(0.05)


def live(life: Life) -> None:
    """Everything that a member can be named in, accepted and refused."""
    day = life.day
    life.member_id = day.enrol("hotel", GONE, tier="SILVER", choice="points-and-miles")
    day.enrol("hotel", MERGED)
    day.enrol("hotel", OTHER)
    day.enrol("airline", AIRLINE)
    day.link(("hotel", GONE), ("airline", AIRLINE))
    gone, other = membership("hotel", GONE), membership("hotel", OTHER)
    for number in (GONE, MERGED):
        day.client("hotel").write(
            "Members.Invite",
            members_pb2.InviteRequest(membership=membership("hotel", number), tier="GOLD"),
        )
    day.client("airline").write(
        "Members.CreateLinkCode",
        members_pb2.CreateLinkCodeRequest(
            membership=membership("airline", AIRLINE), other=membership("hotel", MERGED)
        ),
    )
    life.send("stay", "Accrual.Accrue", accrual_pb2.AccrueRequest(accrual=stay(GONE, "f-1")))
    life.send("twice", "Accrual.Accrue", accrual_pb2.AccrueRequest(accrual=stay(GONE, "f-1")))
    life.send("others", "Accrual.Accrue", accrual_pb2.AccrueRequest(accrual=stay(OTHER, "f-2")))
    batch = [
        stay(OTHER, "f-3", request_id="item-0"),
        stay(GONE, "f-4", request_id="item-1"),
        stay(GONE, "f-1", request_id="item-2"),
        stay(OTHER, "f-1", request_id="item-3"),
    ]
    broken = stay(GONE, "f-5", request_id="item-4")
    broken.activity.key.kind = "not a kind"
    items = [item.SerializeToString() for item in (*batch, broken)]
    items.append(b"\xff" + GONE.encode())
    life.send("batch", "Accrual.AccrueBatch", accrual_pb2.AccrueBatchRequest(items=items))
    terms = day.quote(("hotel", GONE), ("airline", AIRLINE), 100)
    day.convert(terms.quote)
    life.send("quote-used", "Exchange.Convert", exchange_pb2.ConvertRequest(quote=terms.quote))
    day.client("hotel").write(
        "Members.Merge", members_pb2.MergeRequest(kept=gone, merged=membership("hotel", MERGED))
    )
    life.send(
        "update", "Members.UpdateMembership", members_pb2.UpdateMembershipRequest(membership=other)
    )
    life.send(
        "linked",
        "Members.UpdateMembership",
        members_pb2.UpdateMembershipRequest(membership=membership("airline", AIRLINE)),
        sender="airline",
    )


def close(day: Day, number: str) -> None:
    day.client("hotel").write(
        "Members.UpdateMembership",
        members_pb2.UpdateMembershipRequest(
            membership=membership("hotel", number), state=members_pb2.MEMBERSHIP_STATE_CLOSED
        ),
    )


def erasing(number: str) -> members_pb2.EraseRequest:
    return members_pb2.EraseRequest(membership=membership("hotel", number))


@pytest.fixture(scope="module")
def life(module_database_url: str) -> Iterator[Life]:
    with coalition_day(module_database_url) as day:
        day.settled_world()
        with raw_wire(day) as wire:
            life = Life(day, wire)
            live(life)
            close(day, GONE)
            life.before, life.book = places_of(day.engine, WORDS), life.entries()
            day.clock.forward(seconds=1)
            life.send("erase", "Members.Erase", erasing(GONE))
            wait(day)
            yield life


def test_the_search_finds_where_a_number_stood(life: Life) -> None:
    """Every column that holds a member's number, before: no hashed byte is among them."""
    assert life.before == {
        "enrolment.member_number",
        "invitation.member_number",
        "link_code.other_number",
        "membership.member_number",
        "request.answer",
        "request.envelope",
    }


def test_no_byte_names_the_member_any_more(life: Life) -> None:
    assert places_of(life.day.engine, WORDS) == set()
    assert "request.envelope" in places_of(life.day.engine, [OTHER])


def test_the_ledger_is_as_it_was_and_sound(life: Life) -> None:
    entries = life.entries()
    assert entries[: len(life.book)] == life.book
    assert [entry[1] for entry in entries[len(life.book) :]][:2] == ["ERASURE", "UNLINK"]
    with life.day.engine.connect() as connection:
        coalition = load_coalition(connection)
    assert coalition is not None
    problems, _ = check_book(life.day.engine, coalition, lambda *_: None)
    assert problems == []


def receipt_of(life: Life, request_id: str) -> bytes:
    read = life.wire.forge(
        "Receipts.GetReceipt", receipts_pb2.GetReceiptRequest(request_id=request_id)
    )
    return life.wire.send(read).envelope.payload


@pytest.mark.parametrize("name", ["stay", "twice"])
def test_a_request_sent_again_is_told_that_it_was_erased(life: Life, name: str) -> None:
    """Accepted or refused, and always with the same signed bytes."""
    forge, first = life.sent[name]
    again = life.again(name)

    assert (again.reason, life.again(name)) == ("ERASED", again)
    assert (
        again.refusal.request_sha256
        == (first.receipt if first.answer else first.refusal).request_sha256
    )
    number = str(first.receipt.number) if first.answer else None
    assert again.metadata.get("number") == number
    other = forge.but(message=accrual_pb2.AccrueRequest(accrual=stay(OTHER, "f-9")))
    assert life.wire.send(other).reason == "REQUEST_ID_REUSED"


@pytest.mark.parametrize("name", ["others", "update", "erase", "quote-used"])
def test_what_named_others_is_answered_as_before(life: Life, name: str) -> None:
    first = life.sent[name][1]
    assert (first.reason, life.again(name)) == (life.again(name).reason, first)


def test_an_answer_that_named_the_member_is_erased_where_the_request_did_not(life: Life) -> None:
    """The airline changed its own membership, and was told of the one that was linked to it."""
    assert life.sent["linked"][1].reason == "OK"
    assert life.again("linked").reason == "ERASED"


def test_of_a_batch_only_the_items_of_the_member_are_erased(life: Life) -> None:
    first, again = life.sent["batch"][1].batch.outcomes, life.again("batch").batch.outcomes

    assert [index for index, outcome in enumerate(first) if again[index] == outcome] == [0, 3]
    assert len(again) == len(first)
    assert receipt_of(life, "item-0") == first[0].receipt
    assert receipt_of(life, "item-1") == again[1].refusal
    with life.day.engine.connect() as connection:
        stored = connection.execute(
            text("select envelope from request where request_id = 'batch'")
        ).scalar_one()
    payload = life.sent["batch"][0].but(payload=None)
    kept = accrual_pb2.AccrueBatchRequest.FromString(
        type(payload.envelope()).FromString(bytes(stored)).payload
    )
    sent = accrual_pb2.AccrueBatchRequest.FromString(payload.payload_bytes())
    assert (kept.header, kept.items[0], kept.items[3]) == (
        sent.header,
        sent.items[0],
        sent.items[3],
    )
    assert [accrual_pb2.AccrualItem.FromString(kept.items[i]).request_id for i in (1, 2, 4)] == [
        "item-1",
        "item-2",
        "item-4",
    ]


def test_the_signature_of_a_cut_request_is_kept(life: Life) -> None:
    """Whoever shows the bytes that were sent proves with it that they were."""
    forge = life.sent["stay"][0]
    with life.day.engine.connect() as connection:
        row = connection.execute(
            text("select envelope, sha256 from request where request_id = 'stay'")
        ).one()
    kept = type(forge.envelope()).FromString(bytes(row.envelope))
    assert kept.signatures == forge.envelope().signatures
    assert accrual_pb2.AccrueRequest.FromString(kept.payload).WhichOneof is not None
    assert not accrual_pb2.AccrueRequest.FromString(kept.payload).HasField("accrual")


def test_the_other_partner_is_told_that_its_link_ended(life: Life) -> None:
    linked = life.day.client("airline").read(
        "Members.LookUp",
        members_pb2.LookUpRequest(membership=membership("airline", AIRLINE)),
        members_pb2.Membership,
    )
    kinds = [f.record.entry.kind for f in life.day.client("airline").follow(-1, stop_at_end=True)]

    assert list(linked.linked) == []
    assert kinds[-1] == "UNLINK"


def test_the_number_is_somebody_new(life: Life) -> None:
    day = life.day
    found = day.client("hotel")
    with pytest.raises(Refused, match="UNKNOWN_MEMBERSHIP"):
        found.write("Members.Erase", erasing(GONE))
    new = day.enrol("hotel", GONE)

    assert new != life.member_id
    assert day.balance("hotel", GONE) == 0
    day.accrue(stay(GONE, "f-8"))
    wait(day)
    assert day.balance("hotel", GONE) > 0


def erased_member(day: Day) -> str:
    """The first member of the hotel who neither owes points nor waits for any, erased."""
    for number in ("hotel-0", "hotel-1", "hotel-2"):
        close(day, number)
        with suppress(Refused):
            day.client("hotel").write("Members.Erase", erasing(number))
            return number
    message = "nobody could be erased"
    raise AssertionError(message)


def test_statements_and_their_proof_are_as_before(database_url: str, tmp_path: Path) -> None:
    """A partner proves its statements of before with what it fetches after."""
    stored = text("select * from settlement_statement order by 1, 2")
    with settled_business(database_url, windows=1) as (day, world):
        with day.engine.connect() as connection:
            before = connection.execute(stored).all()
        number = erased_member(day)
        wait(day)
        world.settle()
        with day.engine.connect() as connection:
            after = connection.execute(stored).all()
        report = verified(day, fetch(day, "hotel", tmp_path))

    assert {*before} <= {*after}
    assert len(before) == 4
    assert report.problems == []
    assert number.startswith("hotel-")
