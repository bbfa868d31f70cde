"""The client: one request however often it is sent, and no answer believed unverified."""

import shutil
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, RetryInfo

from coalition import methods, signing, wire
from coalition.answers import Answer, BadAnswer
from coalition.client import Client
from coalition.errors import Refused, Unavailable
from coalition.receipt_file import ReceiptFile
from coalition.requests import Sent
from coalition.v1.accrual_pb2 import AccrualItem, AccrualResult, AccrueBatchRequest, AccrueRequest
from coalition.v1.envelope_pb2 import Header, Receipt
from coalition.v1.errors_pb2 import Reason
from coalition.v1.members_pb2 import Balances, GetBalancesRequest
from coalition.v1.settlement_pb2 import ListWindowsRequest, WindowList

from .book import COALITION
from .fake_gateway import (
    KEY,
    OTHER_KEY,
    PARTNER_KEY,
    PROFILE,
    SENDER,
    Act,
    FakeGateway,
    accept,
    answer,
    batch_of,
    fail,
    receipt_of,
    refusal_of,
    refuse,
    refuse_signed,
    signed,
)

NOW = datetime(2026, 1, 5, 12, 0, 0, 123_456, tzinfo=UTC)
REQUEST = AccrueRequest(accrual=AccrualItem())
UNAVAILABLE = grpc.StatusCode.UNAVAILABLE


@pytest.fixture
def gateway() -> Iterator[FakeGateway]:
    with FakeGateway() as served:
        yield served


@pytest.fixture
def receipts(tmp_path: Path) -> Iterator[ReceiptFile]:
    with ReceiptFile(tmp_path / "receipts.jsonl") as file:
        yield file


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def client(gateway: FakeGateway, receipts: ReceiptFile, pauses: list[float]) -> Iterator[Client]:
    ticks = iter(range(1000))
    with Client(
        gateway.target,
        PROFILE,
        SENDER,
        PARTNER_KEY,
        receipts=receipts,
        clock=lambda: NOW + timedelta(seconds=next(ticks)),
        timeout_seconds=5,
        max_wait_seconds=15,
        sleep=pauses.append,
    ) as made:
        yield made


def test_write(client: Client, gateway: FakeGateway, receipts: ReceiptFile) -> None:
    given = client.write("Accrual.Accrue", REQUEST, "stay-1")
    assert given.receipt.number == 123
    assert given.result_as(AccrualResult) == AccrualResult()
    assert given.record is not None
    assert given.record.entry.number == 123
    assert not REQUEST.HasField("header"), "the caller's message stays as it was"
    # What the gateway got is signed by the sender, and its header is whole.
    (envelope,) = gateway.seen
    (signature,) = envelope.signatures
    public = signing.public_bytes(PARTNER_KEY)
    assert signature.keyid == signing.key_id(public)
    assert envelope.payload_type == "application/vnd.coalition.v1.AccrueRequest"
    signing.verify(PARTNER_KEY.public_key(), envelope.payload_type, envelope.payload, signature.sig)
    assert AccrueRequest.FromString(envelope.payload).header == Header(
        method="/coalition.v1.Accrual/Accrue",
        audience=COALITION,
        sender=SENDER,
        request_id="stay-1",
        created=NOW,
        expires=NOW + timedelta(minutes=10),
    )
    # And both are kept.
    kept = receipts.find("stay-1")
    assert kept is not None
    assert (kept.payload, kept.envelope) == (envelope.payload, given.envelope)


def test_request_ids_are_random(client: Client) -> None:
    ids = {client.write("Accrual.Accrue", REQUEST).receipt.request_id for _ in range(3)}
    assert len(ids) == 3


def test_read(client: Client, gateway: FakeGateway, receipts: ReceiptFile) -> None:
    gateway.script.append(lambda *_: Balances(as_of_number=7))
    found = client.read("Members.GetBalances", GetBalancesRequest(), Balances)
    assert found.as_of_number == 7
    assert list(receipts) == []
    assert isinstance(client.call("Settlement.ListWindows", ListWindowsRequest()), WindowList)
    assert isinstance(client.call("Accrual.Accrue", REQUEST), Answer)


TRANSIENT: dict[str, Act] = {
    "unavailable": fail(UNAVAILABLE),
    "deadline": fail(grpc.StatusCode.DEADLINE_EXCEEDED),
    "exhausted": fail(grpc.StatusCode.RESOURCE_EXHAUSTED),
    "aborted": fail(grpc.StatusCode.ABORTED),
    "overloaded": refuse("OVERLOADED", grpc.StatusCode.RESOURCE_EXHAUSTED),
    "database down": refuse("UNAVAILABLE", UNAVAILABLE),
}


@pytest.mark.parametrize("act", TRANSIENT.values(), ids=TRANSIENT.keys())
def test_write_is_tried_again_with_the_same_bytes(
    act: Act, client: Client, gateway: FakeGateway
) -> None:
    gateway.script = [act, act, act]
    assert client.write("Accrual.Accrue", REQUEST).receipt.number == 123
    assert len(gateway.seen) == 4
    assert len({envelope.SerializeToString() for envelope in gateway.seen}) == 1


def test_read_is_tried_again_with_a_fresh_header(client: Client, gateway: FakeGateway) -> None:
    gateway.script = [fail(UNAVAILABLE)] * 2
    client.read("Members.GetBalances", GetBalancesRequest(), Balances)
    headers = [GetBalancesRequest.FromString(seen.payload).header for seen in gateway.seen]
    created = [header.created.ToDatetime(UTC) for header in headers]
    assert created == [NOW + timedelta(seconds=n) for n in range(3)]
    assert all(h.expires.seconds - h.created.seconds == 60 for h in headers)


def test_retry_honours_the_delay_that_the_gateway_names(
    client: Client, gateway: FakeGateway, pauses: list[float]
) -> None:
    info = RetryInfo(retry_delay=Duration(seconds=3))
    gateway.script = [refuse("OVERLOADED", grpc.StatusCode.RESOURCE_EXHAUSTED, info)] * 2
    client.write("Accrual.Accrue", REQUEST)
    assert len(pauses) == 2
    assert all(3 <= pause <= 6 for pause in pauses)


def test_pauses_grow_to_a_limit() -> None:
    failed = wire.CallFailed(UNAVAILABLE, "later")
    for attempt, limit in ((1, 0.2), (3, 0.8), (20, 10), (10_000, 10)):
        assert all(0 <= wire.pause_seconds(attempt, failed) <= limit for _ in range(50))


def test_giving_up_keeps_the_request_for_later(
    client: Client, gateway: FakeGateway, receipts: ReceiptFile
) -> None:
    info = RetryInfo(retry_delay=Duration(seconds=100))
    gateway.script = [fail(UNAVAILABLE, "later", info)]
    with pytest.raises(Unavailable, match=r"UNAVAILABLE: later \(request stay-1; .*again") as error:
        client.write("Accrual.Accrue", REQUEST, "stay-1")
    assert error.value.request_id == "stay-1"
    assert receipts.pending() == ["stay-1"]
    assert client.resend("stay-1").receipt.number == 123
    assert receipts.pending() == []
    assert gateway.seen[0] == gateway.seen[1]
    assert client.resend("stay-1").receipt.number == 123
    assert len(gateway.seen) == 2, "a kept answer is not asked for again"


def test_request_survives_the_process(
    client: Client, gateway: FakeGateway, receipts: ReceiptFile, tmp_path: Path
) -> None:
    gateway.script = [fail(grpc.StatusCode.INTERNAL, "killed")]
    with pytest.raises(Unavailable, match="INTERNAL: killed"):
        client.write("Accrual.Accrue", REQUEST, "stay-1")
    shutil.copy(receipts.path, tmp_path / "later.jsonl")
    with (
        ReceiptFile(tmp_path / "later.jsonl") as again,
        Client(gateway.target, PROFILE, SENDER, OTHER_KEY, receipts=again) as later,
    ):
        assert later.resend("stay-1").receipt.request_id == "stay-1"
    first, second = gateway.seen
    assert first.payload == second.payload
    assert first.signatures != second.signatures, "the same request under a new key"


def test_the_same_id_asks_for_the_same_again(client: Client, gateway: FakeGateway) -> None:
    gateway.script = [fail(grpc.StatusCode.INTERNAL)]
    with pytest.raises(Unavailable):
        client.write("Accrual.Accrue", REQUEST, "stay-1")
    client.write("Accrual.Accrue", REQUEST, "stay-1")
    assert gateway.seen[0] == gateway.seen[1]
    other = AccrueRequest(accrual=AccrualItem(request_id="x"))
    with pytest.raises(ValueError, match="stay-1 was used for something else"):
        client.write("Accrual.Accrue", other, "stay-1")


def test_resend_of_an_unknown_request(client: Client) -> None:
    with pytest.raises(LookupError, match="no request stay-9 is kept"):
        client.resend("stay-9")


def test_no_gateway_at_all(pauses: list[float]) -> None:
    with (
        Client(
            "127.0.0.1:1", PROFILE, SENDER, PARTNER_KEY, max_wait_seconds=1, sleep=pauses.append
        ) as client,
        pytest.raises(Unavailable, match="UNAVAILABLE: "),
    ):
        client.write("Accrual.Accrue", REQUEST)


def test_signed_refusal(client: Client, gateway: FakeGateway, receipts: ReceiptFile) -> None:
    gateway.script = [refuse_signed(Reason.REASON_INSUFFICIENT_BALANCE)]
    with pytest.raises(Refused, match="refused, INSUFFICIENT_BALANCE: no") as error:
        client.write("Accrual.Accrue", REQUEST, "stay-1")
    assert error.value.reason == "INSUFFICIENT_BALANCE"
    assert error.value.metadata == {"available": "5"}
    assert (error.value.signed, error.value.request_id) == (True, "stay-1")
    assert receipts.pending() == []
    with pytest.raises(Refused) as again:
        client.resend("stay-1")
    assert (again.value.reason, again.value.signed) == ("INSUFFICIENT_BALANCE", True)
    assert len(gateway.seen) == 1


def test_unsigned_refusal(client: Client, gateway: FakeGateway, receipts: ReceiptFile) -> None:
    violation = BadRequest.FieldViolation(field="accrual.membership", description="is missing")
    bad = BadRequest(field_violations=[violation])
    gateway.script = [refuse("INVALID_ARGUMENT", grpc.StatusCode.INVALID_ARGUMENT, bad)]
    with pytest.raises(Refused, match=r"INVALID_ARGUMENT: .*membership: is missing") as error:
        client.write("Accrual.Accrue", REQUEST, "stay-1")
    assert error.value.violations == (("accrual.membership", "is missing"),)
    assert error.value.metadata == {"limit": "60"}
    assert not error.value.signed
    assert receipts.pending() == []
    kept = receipts.find("stay-1")
    assert kept is not None
    assert kept.refused == "INVALID_ARGUMENT"


def test_revoked_key_leaves_open_whether_it_counted(
    client: Client, gateway: FakeGateway, receipts: ReceiptFile
) -> None:
    gateway.script = [fail(UNAVAILABLE), refuse("KEY_REVOKED", grpc.StatusCode.UNAUTHENTICATED)]
    with pytest.raises(Refused, match="KEY_REVOKED"):
        client.write("Accrual.Accrue", REQUEST, "stay-1")
    assert receipts.pending() == ["stay-1"]


def test_too_large_a_message_is_not_tried_again(client: Client, gateway: FakeGateway) -> None:
    words = "Received message larger than max (5000000 vs. 4194304)"
    gateway.script = [fail(grpc.StatusCode.RESOURCE_EXHAUSTED, words)]
    with pytest.raises(Unavailable, match="larger than max"):
        client.write("Accrual.Accrue", REQUEST)
    assert len(gateway.seen) == 1


def test_refusal_of_a_read(client: Client, gateway: FakeGateway) -> None:
    gateway.script = [refuse("UNKNOWN_MEMBERSHIP", grpc.StatusCode.NOT_FOUND)]
    with pytest.raises(Refused, match="UNKNOWN_MEMBERSHIP"):
        client.read("Members.GetBalances", GetBalancesRequest(), Balances)


def changed(field: str, value: object) -> Callable[[Any], Message]:
    def make(sent: Any) -> Message:
        receipt = receipt_of(sent)
        setattr(receipt, field, value)
        return receipt

    return make


def record_of_another_number(sent: Any) -> Message:
    receipt = receipt_of(sent)
    receipt.record.CopyFrom(receipt_of(sent, 124).record)
    return receipt


def record_of_another_request(sent: Any) -> Message:
    receipt = receipt_of(sent)
    receipt.record.entry = receipt.record.entry.replace(sent.sha256.hex().encode(), b"00" * 32)
    return receipt


def broken_record(sent: Any) -> Message:
    receipt = receipt_of(sent)
    receipt.record.lines[0].line += b" "
    return receipt


def another_result(sent: Any) -> Message:
    receipt = receipt_of(sent)
    receipt.result.Pack(Balances())
    return receipt


def flipped(*args: Any) -> Message:
    envelope: Any = accept(*args)
    envelope.payload = envelope.payload[:-1] + bytes([envelope.payload[-1] ^ 1])
    return envelope  # type: ignore[no-any-return]


def signed_twice(*args: Any) -> Message:
    envelope: Any = accept(*args)
    envelope.signatures.append(envelope.signatures[0])
    return envelope  # type: ignore[no-any-return]


def unknown_key(*args: Any) -> Message:
    envelope: Any = accept(*args)
    envelope.signatures[0].keyid = signing.key_id(signing.public_bytes(OTHER_KEY))
    return envelope  # type: ignore[no-any-return]


TAMPERED: dict[str, tuple[Act, str]] = {
    "a byte": (flipped, "signature is not the gateway's"),
    "signed by another": (answer(receipt_of, OTHER_KEY), "no key of this gateway's profile"),
    "key id of another": (unknown_key, "no key of this gateway's profile"),
    "two signatures": (signed_twice, "2 signatures, not one"),
    "another type": (answer(lambda _: Balances()), "not Receipt or Refusal"),
    "coalition": (answer(changed("audience", "other")), "to coalition 'other'"),
    "method": (answer(changed("method", "/x")), "to method '/x'"),
    "sender": (answer(changed("sender", "hotel-i")), "to sender 'hotel-i'"),
    "request id": (answer(changed("request_id", "stay-2")), "to request id 'stay-2'"),
    "payload": (answer(changed("request_sha256", bytes(32))), "to payload with SHA-256 '00"),
    "number": (answer(changed("number", 124)), "record's number is 123, the receipt's 124"),
    "record's number": (answer(record_of_another_number), "record's number is 124"),
    "record's request": (answer(record_of_another_request), "record's request is"),
    "record": (answer(broken_record), "record does not hold: line 0"),
    "result": (answer(another_result), "result is not a AccrualResult"),
    "refusal by another": (
        refuse_signed(Reason.REASON_NO_AGREEMENT, OTHER_KEY),
        "no key of this gateway's profile",
    ),
}


@pytest.mark.parametrize(("act", "words"), TAMPERED.values(), ids=TAMPERED.keys())
def test_tampered_answer_is_not_believed(
    act: Act, words: str, client: Client, gateway: FakeGateway, receipts: ReceiptFile
) -> None:
    gateway.script = [act]
    with pytest.raises(BadAnswer, match=words):
        client.write("Accrual.Accrue", REQUEST, "stay-1")
    assert receipts.pending() == ["stay-1"]
    assert client.resend("stay-1").receipt.number == 123


def batch(*ids: str) -> AccrueBatchRequest:
    items = [AccrualItem(request_id=name).SerializeToString() for name in ids]
    return AccrueBatchRequest(items=items)


def test_batch(client: Client, gateway: FakeGateway) -> None:
    gateway.script = [answer(lambda sent: batch_of(sent, refused=(1,)))]
    given = client.write("Accrual.AccrueBatch", batch("a", "b", "c"))
    first, second, third = given.outcomes
    assert (first.accepted, second.accepted, third.accepted) == (True, False, True)
    assert second.reason == "DUPLICATE_ACTIVITY"
    assert third.receipt.request_id == "c"
    assert third.result_as(AccrualResult) == AccrualResult()
    assert third.record is not None
    assert third.record.entry.number == 202
    with pytest.raises(TypeError, match="look at its outcomes"):
        _ = given.receipt
    with pytest.raises(TypeError, match="refused, DUPLICATE_ACTIVITY: no"):
        _ = second.receipt


def swapped(sent: Any) -> Message:
    made = batch_of(sent)
    outcomes = [made.outcomes[1], made.outcomes[0]]
    del made.outcomes[:]
    made.outcomes.extend(outcomes)
    return made


def one_less(sent: Any) -> Message:
    made = batch_of(sent)
    del made.outcomes[-1]
    return made


def empty_outcome(sent: Any) -> Message:
    made = batch_of(sent)
    made.outcomes[1].Clear()
    return made


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (swapped, "item 0: the answer is to request id 'b'"),
        (one_less, "1 outcomes for 2 items"),
        (empty_outcome, "item 1: neither a receipt nor a refusal"),
        (receipt_of, "not BatchReceipt or Refusal"),
    ],
)
def test_tampered_batch_is_not_believed(
    make: Callable[[Any], Message], words: str, client: Client, gateway: FakeGateway
) -> None:
    gateway.script = [answer(make)]
    with pytest.raises(BadAnswer, match=words):
        client.write("Accrual.AccrueBatch", batch("a", "b"))


def test_get_receipt_of_a_kept_request(
    client: Client, gateway: FakeGateway, receipts: ReceiptFile
) -> None:
    gateway.script = [fail(grpc.StatusCode.INTERNAL)]
    with pytest.raises(Unavailable):
        client.write("Accrual.Accrue", REQUEST, "stay-1")
    stored = accept(gateway, methods.method("Accrual.Accrue"), gateway.seen[0], None)
    gateway.script = [lambda *_: stored]
    assert client.get_receipt("stay-1").receipt.number == 123
    assert receipts.pending() == []
    gateway.script = [lambda *_: signed(changed_id(stored))]
    with pytest.raises(BadAnswer, match="request id 'stay-2'"):
        client.get_receipt("stay-1")


def changed_id(stored: Any) -> Receipt:
    receipt = Receipt.FromString(stored.payload)
    receipt.request_id = "stay-2"
    return receipt


def test_get_receipt_of_a_request_that_is_not_kept(gateway: FakeGateway) -> None:
    with Client(gateway.target, PROFILE, SENDER, PARTNER_KEY) as client:
        method = methods.method("Accrual.AccrueBatch")
        given = client.write(method.short_name, batch("a", "b"), "batch-1")
        stored = given.envelope
        gateway.script = [lambda *_: stored]
        assert [one.accepted for one in client.get_receipt("batch-1").outcomes] == [True, True]
        item = given.outcomes[1].receipt
        gateway.script = [lambda *_: signed(item)]
        assert client.get_receipt("b").receipt.number == 201
        sent = Sent(method, COALITION, SENDER, "b", item.request_sha256)
        refusal = refusal_of(sent, Reason.REASON_NO_AGREEMENT)
        gateway.script = [lambda *_: signed(refusal)]
        assert client.get_receipt("b").outcomes[0].reason == "NO_AGREEMENT"
        gateway.script = [lambda *_: signed(item)]
        with pytest.raises(BadAnswer, match="request id 'b'"):
            client.get_receipt("a")


def test_mistakes_of_the_caller_send_nothing(client: Client, gateway: FakeGateway) -> None:
    with pytest.raises(TypeError, match=r"Accrual.Accrue takes a AccrueRequest, not a"):
        client.write("Accrual.Accrue", GetBalancesRequest())
    with pytest.raises(TypeError, match=r"Members.GetBalances is a read, not a write"):
        client.write("Members.GetBalances", GetBalancesRequest())
    with pytest.raises(TypeError, match="does not answer with one Balances"):
        client.read("Settlement.ListWindows", ListWindowsRequest(), Balances)
    with pytest.raises(TypeError, match="does not answer with one"):
        client.call("Feed.Follow", ListWindowsRequest())
    for wrong in ("", "x" * 65, "späte", "a b"):
        with pytest.raises(ValueError, match="is not 1 to 64 of"):
            client.write("Accrual.Accrue", REQUEST, wrong)
    assert gateway.seen == []


def test_clock_without_zone_is_refused(gateway: FakeGateway) -> None:
    naive = NOW.replace(tzinfo=None)
    with (
        Client(gateway.target, PROFILE, SENDER, PARTNER_KEY, clock=lambda: naive) as client,
        pytest.raises(ValueError, match="zone"),
    ):
        client.write("Accrual.Accrue", REQUEST)


@pytest.mark.parametrize(
    ("target", "loopback"),
    [
        ("127.0.0.1:50051", True),
        ("127.8.9.1:50051", True),
        ("localhost:50051", True),
        ("[::1]:50051", True),
        ("dns:///localhost:50051", True),
        ("ipv4:127.0.0.1:50051", True),
        ("ipv6:[::1]:50051", True),
        ("unix:/run/gateway.sock", True),
        ("gateway.example:50051", False),
        ("localhost.example:50051", False),
        ("10.0.0.1:50051", False),
        ("ipv4:127.0.0.1:1,10.0.0.1:2", False),
        ("dns://8.8.8.8/localhost:1", False),
        ("[2001:db8::1]:50051", False),
        ("", False),
    ],
)
def test_plain_text_stays_on_this_machine(target: str, loopback: bool) -> None:  # noqa: FBT001
    assert wire.is_loopback(target) is loopback
    if not loopback:
        with pytest.raises(ValueError, match="root certificates for TLS"):
            Client(target, PROFILE, SENDER, PARTNER_KEY)


def test_many_threads(client: Client, receipts: ReceiptFile) -> None:
    numbers: list[int] = []

    def work() -> None:
        numbers.extend(client.write("Accrual.Accrue", REQUEST).receipt.number for _ in range(5))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(numbers) == 40
    assert len(list(receipts)) == 40
    assert receipts.pending() == []


def test_gateway_key_of_the_profile_is_the_test_gateways() -> None:
    assert PROFILE.keys == {signing.key_id(signing.public_bytes(KEY)): signing.public_bytes(KEY)}
