"""The same request again, however it comes: one effect, one answer, byte for byte."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import grpc
import pytest
from sqlalchemy import text

from coalition.errors import Refused
from coalition.signing import key_id, public_bytes
from coalition.v1 import accrual_pb2, exchange_pb2, members_pb2, partners_pb2, receipts_pb2
from coalition.v1.envelope_pb2 import BatchReceipt, Envelope, Outcome, Receipt, Refusal
from settlement.ledger.book import read_head
from support.coalition_day import Day, coalition_day, membership, private_key, stay
from support.raw_calls import OK, Forge, Verdict, Wire, raw_wire

ACCRUE = "/coalition.v1.Accrual/Accrue"


@pytest.fixture(scope="module")
def day(module_database_url: str) -> Iterator[Day]:
    with coalition_day(module_database_url) as day:
        day.settled_world()
        yield day


@pytest.fixture(scope="module")
def wire(day: Day) -> Iterator[Wire]:
    with raw_wire(day) as wire:
        yield wire


def accrual(wire: Wire, reference: str, minor: int = 1_000) -> Forge:
    request = accrual_pb2.AccrueRequest(accrual=stay("H1", reference, minor))
    return wire.forge("Accrual.Accrue", request).but(request_id=f"id-{reference}")


def batch(wire: Wire, request_id: str, *items: accrual_pb2.AccrualItem) -> Forge:
    data = [item.SerializeToString() for item in items]
    request = accrual_pb2.AccrueBatchRequest(items=data)
    return wire.forge("Accrual.AccrueBatch", request).but(request_id=request_id)


def get_receipt(wire: Wire, request_id: str, key: str = "hotel") -> Verdict:
    request = receipts_pb2.GetReceiptRequest(request_id=request_id)
    return wire.send(wire.forge("Receipts.GetReceipt", request, key=key))


def entries(day: Day) -> int:
    with day.engine.connect() as connection:
        return read_head(connection).size


@contextmanager
def writer_waits(day: Day, wire: Wire) -> Iterator[None]:
    """The writer has taken a batch of one and waits: what comes now is one batch afterwards."""
    with day.engine.connect() as connection:
        read_head(connection, lock=True)
        touch = members_pb2.UpdateMembershipRequest(membership=membership("hotel", "H1"))
        name = "/coalition.v1.Members/UpdateMembership"
        first = wire.channel.unary_unary(name).future(
            wire.forge("Members.UpdateMembership", touch).data(), timeout=30
        )
        _until_somebody_waits(day)
        yield
        time.sleep(0.1)
        connection.rollback()
    first.result()


def _until_somebody_waits(day: Day) -> None:
    query = text(
        "select 1 from pg_stat_activity where wait_event_type = 'Lock' "
        "and datname = current_database()"
    )
    for _ in range(200):
        with day.engine.connect() as connection:
            if connection.execute(query).first():
                return
        time.sleep(0.01)
    pytest.fail("the writer does not wait")


def test_the_same_bytes_again(day: Day, wire: Wire) -> None:
    data = accrual(wire, "again").data()
    first = wire.call(ACCRUE, data)
    size, balance = entries(day), day.balance("hotel", "H1")

    assert first.reason == OK
    assert [wire.call(ACCRUE, data).answer for _ in range(3)] == [first.answer] * 3
    assert (entries(day), day.balance("hotel", "H1")) == (size, balance)
    assert get_receipt(wire, "id-again").answer == first.answer


def test_the_same_bytes_fifty_times_at_once(day: Day, wire: Wire) -> None:
    data = accrual(wire, "at-once").data()
    size = entries(day)

    verdicts = wire.at_once(ACCRUE, [data] * 50)

    assert {verdict.answer for verdict in verdicts} == {verdicts[0].answer}
    assert verdicts[0].reason == OK
    assert entries(day) == size + 1


def test_the_same_bytes_in_one_batch_of_the_writer(day: Day, wire: Wire) -> None:
    data = accrual(wire, "one-batch").data()
    other = accrual(wire, "one-batch", minor=2_000).data()
    size = entries(day)
    remote = wire.channel.unary_unary(ACCRUE)

    with writer_waits(day, wire):
        same = [remote.future(data, timeout=30) for _ in range(4)]
        reused = remote.future(other, timeout=30)

    answers = {call.result() for call in same}
    assert len(answers) == 1
    assert reused.code() is grpc.StatusCode.ALREADY_EXISTS
    assert entries(day) == size + 2


def test_a_stored_refusal_stays_when_its_cause_is_gone(day: Day, wire: Wire) -> None:
    forge = wire.forge("Accrual.Accrue", accrual_pb2.AccrueRequest(accrual=stay("LATE", "late")))
    refused = wire.send(forge)
    day.enrol("hotel", "LATE")
    again = wire.send(forge)

    assert (refused.reason, again.reason) == ("UNKNOWN_MEMBERSHIP", "UNKNOWN_MEMBERSHIP")
    assert refused.signed == again.signed
    assert get_receipt(wire, forge.request_id).envelope == refused.signed
    assert wire.send(forge.but(request_id="late-attempt-2")).reason == OK


def test_a_refusal_that_is_not_stored_does_not_stick(wire: Wire) -> None:
    """Not authorised under one programme, then its own; a field out of range, then mended."""
    name = "Members.UpdateMembership"
    foreign = members_pb2.UpdateMembershipRequest(membership=membership("airline", "A1"))
    forge = wire.forge(name, foreign)
    broken = members_pb2.UpdateMembershipRequest(membership=membership("hotel", ""))
    mended = members_pb2.UpdateMembershipRequest(membership=membership("hotel", "H1"))

    assert wire.send(forge).reason == "NOT_AUTHORIZED"
    assert wire.send(forge.but(message=broken)).reason == "INVALID_ARGUMENT"
    assert get_receipt(wire, forge.request_id).reason == "NOT_FOUND"
    assert wire.send(forge.but(message=mended)).reason == OK


def test_a_wrong_link_code_sent_again_uses_up_no_try(day: Day, wire: Wire) -> None:
    day.enrol("hotel", "TRY")
    day.enrol("airline", "TRY-A")
    code = day.client("airline").write(
        "Members.CreateLinkCode",
        members_pb2.CreateLinkCodeRequest(
            membership=membership("airline", "TRY-A"), other=membership("hotel", "TRY")
        ),
    )
    link = members_pb2.LinkRequest(
        membership=membership("hotel", "TRY"), other_programme="airline", code="A" * 10
    )
    forge = wire.forge("Members.Link", link)
    for _ in range(10):
        refused = wire.send(forge)
        assert (refused.reason, refused.metadata) == ("BAD_LINK_CODE", {})
    link.code = code.result_as(members_pb2.CreateLinkCodeResult).code
    assert wire.send(forge.but(message=link, request_id="right-code")).reason == OK


def outcomes(verdict: Verdict) -> list[bytes]:
    return [outcome.receipt or outcome.refusal for outcome in verdict.batch.outcomes]


def test_an_item_again_in_another_batch(wire: Wire) -> None:
    """Its outcome is the same bytes, wherever it stands and under whatever batch."""
    items = [stay("H1", f"item-{i}", 1_000, request_id=f"item-{i}") for i in range(4)]
    first = wire.send(batch(wire, "batch-1", *items[:3]))
    second = wire.send(batch(wire, "batch-2", items[3], items[2], items[0]))
    again = wire.send(batch(wire, "batch-2", items[3], items[2], items[0]))

    assert outcomes(second)[1:] == [outcomes(first)[2], outcomes(first)[0]]
    assert again.answer == second.answer
    for index in range(3):
        got = get_receipt(wire, f"item-{index}").envelope
        assert got.payload == outcomes(first)[index]
        assert got.payload_type.endswith(".Receipt")
    assert get_receipt(wire, "batch-1").answer == first.answer
    assert get_receipt(wire, "batch-2").answer == second.answer


def test_an_item_and_a_request_share_ids(wire: Wire) -> None:
    item = stay("H1", "shared-id", 1_000, request_id="shared-id")
    assert wire.send(batch(wire, "batch-3", item)).reason == OK
    alone = wire.forge(
        "Accrual.Accrue", accrual_pb2.AccrueRequest(accrual=stay("H1", "shared-id", 1_000))
    )
    verdict = wire.send(batch(wire, "batch-4", stay("H1", "other", request_id="batch-3")))
    as_batch = wire.send(batch(wire, "shared-id", stay("H1", "other", request_id="other")))

    assert wire.send(alone.but(request_id="shared-id")).reason == "REQUEST_ID_REUSED"
    refusal = Refusal.FromString(verdict.batch.outcomes[0].refusal)
    assert refusal.reason == 13
    assert as_batch.reason == "REQUEST_ID_REUSED"


def test_a_receipt_under_another_key_of_the_sender(day: Day, wire: Wire) -> None:
    """A rotation loses none: the new key gets what the old one signed for."""
    first = wire.send(accrual(wire, "rotated"))
    day.client("hotel").write(
        "Partners.RegisterKey",
        partners_pb2.RegisterKeyRequest(key=day.public_key("hotel-new", "hotel")),
    )
    assert get_receipt(wire, "id-rotated", key="hotel-new").reason == "KEY_NOT_ACTIVE"
    day.approve_key("hotel-new")
    keyid = key_id(public_bytes(private_key("hotel-new")))

    assert get_receipt(wire, "id-rotated", key="hotel-new").answer == first.answer
    again = accrual(wire, "rotated").but(key=private_key("hotel-new"))
    assert wire.send(again.but(payload=again.payload_bytes())).answer == first.answer
    day.client("hotel").write("Partners.RevokeKey", partners_pb2.RevokeKeyRequest(keyid=keyid))
    assert get_receipt(wire, "id-rotated", key="hotel-new").reason == "KEY_REVOKED"


def test_one_who_gives_up_does_not_disturb_the_others(day: Day, wire: Wire) -> None:
    """A call that is cancelled before its turn is not decided; the others are answered."""
    remote = wire.channel.unary_unary(ACCRUE)
    size = entries(day)
    with writer_waits(day, wire):
        calls = [remote.future(accrual(wire, f"c-{i}").data(), timeout=30) for i in range(5)]
        time.sleep(0.1)
        calls[0].cancel()
        calls[2].cancel()
        time.sleep(0.1)

    for index in (1, 3, 4):
        receipt = Receipt.FromString(Envelope.FromString(calls[index].result()).payload)
        assert receipt.request_id == f"id-c-{index}"
    assert entries(day) == size + 4
    assert wire.send(accrual(wire, "c-0")).reason == OK
    assert entries(day) == size + 5


def test_five_hundred_reports_of_one_activity_under_as_many_ids(day: Day, wire: Wire) -> None:
    day.enrol("hotel", "MANY", tier="GOLD")
    requests = []
    for index in range(500):
        request = accrual_pb2.AccrueRequest(accrual=stay("MANY", "many", 10_000))
        forge = wire.forge("Accrual.Accrue", request).but(request_id=f"many-{index}")
        requests.append(forge.data())

    reasons = [verdict.reason for verdict in wire.at_once(ACCRUE, requests)]

    assert reasons.count(OK) == 1
    assert reasons.count("DUPLICATE_ACTIVITY") == 499
    assert day.balance("hotel", "MANY") == 1_250


def test_five_hundred_conversions_of_a_balance_that_covers_one(day: Day, wire: Wire) -> None:
    """Two open quotes, one for each pair; the points suffice for either, not for both."""
    day.enrol("hotel", "SPEND", tier="GOLD")
    day.enrol("airline", "SPEND-A")
    day.enrol("card", "SPEND-C")
    day.link(("hotel", "SPEND"), ("airline", "SPEND-A"))
    day.link(("hotel", "SPEND"), ("card", "SPEND-C"))
    day.rate("card", 50, 60)
    day.accrue(stay("SPEND", "spend", 8_000))
    quotes = [
        day.quote(("hotel", "SPEND"), target, 1_000).quote
        for target in (("airline", "SPEND-A"), ("card", "SPEND-C"))
    ]
    requests = []
    for index in range(500):
        convert = exchange_pb2.ConvertRequest(quote=quotes[index % 2])
        forge = wire.forge("Exchange.Convert", convert).but(request_id=f"convert-{index}")
        requests.append(forge.data())

    reasons = [v.reason for v in wire.at_once("/coalition.v1.Exchange/Convert", requests)]

    assert reasons.count(OK) == 1
    assert set(reasons) == {OK, "QUOTE_USED", "INSUFFICIENT_BALANCE"}
    assert day.balance("hotel", "SPEND") == 0


def test_the_client_gets_the_stored_answer(day: Day) -> None:
    first = day.client("hotel").write(
        "Accrual.Accrue", accrual_pb2.AccrueRequest(accrual=stay("H1", "client")), "client-1"
    )
    with pytest.raises(Refused) as caught:
        day.client("hotel").write(
            "Accrual.Accrue", accrual_pb2.AccrueRequest(accrual=stay("H1", "client")), "client-2"
        )

    assert caught.value.reason == "DUPLICATE_ACTIVITY"
    assert caught.value.signed
    assert day.client("hotel").get_receipt("client-1").envelope == first.envelope
    assert day.client("hotel").get_receipt("client-2").outcomes[0].reason == "DUPLICATE_ACTIVITY"


def test_nobody_gets_anothers_receipt(wire: Wire) -> None:
    """Request ids are of their sender: the same id of another is another request."""
    assert wire.send(accrual(wire, "mine")).reason == OK
    request = receipts_pb2.GetReceiptRequest(request_id="id-mine")

    verdict = wire.send(wire.forge("Receipts.GetReceipt", request, sender="airline"))

    assert verdict.reason == "NOT_FOUND"


def test_a_malformed_item_is_told_and_not_remembered(wire: Wire) -> None:
    """The batch is remembered as a whole; the id of its bad item is still free."""
    bad = stay("H1", "mended", -5, request_id="mended")
    verdict = wire.send(batch(wire, "batch-5", bad))
    refusal = Refusal.FromString(verdict.batch.outcomes[0].refusal)

    assert refusal.metadata["field"] == "items[0].activity.spend[0].amount.minor"
    assert get_receipt(wire, "mended").reason == "NOT_FOUND"
    assert wire.send(batch(wire, "batch-5", bad)).answer == verdict.answer
    mended = stay("H1", "mended", 5, request_id="mended")
    again = wire.send(batch(wire, "batch-6", mended))
    assert isinstance(again.batch, BatchReceipt)
    assert Outcome.HasField(again.batch.outcomes[0], "receipt")


def test_expired_yesterday_and_known(wire: Wire, day: Day) -> None:
    forge = accrual(wire, "yesterday")
    data = forge.data()
    first = wire.call(ACCRUE, data)
    day.clock.forward(days=1)
    unknown = accrual(wire, "unknown").but(created=forge.created)

    assert wire.call(ACCRUE, data).answer == first.answer
    assert wire.send(unknown).reason == "EXPIRED"
    assert wire.send(unknown.but(created=day.clock.now - timedelta(minutes=1))).reason == OK
