"""Checks what the gateway answers against what was sent, and opens it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from google.protobuf.message import DecodeError, Message
from google.protobuf.timestamp_pb2 import Timestamp

from coalition import methods, signing
from coalition.errors import reason_name
from coalition.records import BadRecord, Record, open_record
from coalition.requests import Sent
from coalition.v1.envelope_pb2 import BatchReceipt, Envelope, Outcome, Receipt, Refusal

M = TypeVar("M", bound=Message)

Verdict = Receipt | Refusal | BatchReceipt
"""What an answer to a write can be."""


class BadAnswer(Exception):
    """An answer is not the gateway's, or not the answer to what was sent.

    Believe nothing of it, and keep the request: whether it counted is open.
    """


@dataclass(frozen=True, slots=True)
class Decision:
    """What became of one request or one item of a batch: a receipt or a refusal, checked.

    `result` and `record` belong to a receipt.
    """

    answer: Receipt | Refusal
    result: Message | None = None
    record: Record | None = None

    @property
    def accepted(self) -> bool:
        """Whether it counts."""
        return isinstance(self.answer, Receipt)

    @property
    def reason(self) -> str:
        """Why it was refused, such as INSUFFICIENT_BALANCE; empty where it was accepted."""
        return "" if isinstance(self.answer, Receipt) else reason_name(self.answer.reason)

    @property
    def receipt(self) -> Receipt:
        """The receipt. TypeError where it was refused."""
        if isinstance(self.answer, Receipt):
            return self.answer
        message = f"refused, {self.reason}: {self.answer.message}"
        raise TypeError(message)

    def result_as(self, kind: type[M]) -> M:
        """The result, typed. TypeError where it is of another type."""
        if isinstance(self.result, kind):
            return self.result
        message = f"the result is {_name(self.result)}, not {kind.DESCRIPTOR.name}"
        raise TypeError(message)


@dataclass(frozen=True, slots=True)
class Answer:
    """A checked answer with its signed evidence.

    Of one request, `outcomes` has one element, whose receipt, result and record this class
    gives directly. Of a batch, it has one for each item, in order.
    """

    envelope: Envelope
    message: Verdict
    outcomes: tuple[Decision, ...]

    @property
    def receipt(self) -> Receipt:
        """The receipt. TypeError for a refusal or a batch."""
        return self._only.receipt

    @property
    def result(self) -> Message | None:
        """What came of it: the message that the method's option names."""
        return self._only.result

    @property
    def record(self) -> Record | None:
        """What the ledger holds of it."""
        return self._only.record

    def result_as(self, kind: type[M]) -> M:
        """The result, typed. TypeError where it is of another type."""
        return self._only.result_as(kind)

    @property
    def _only(self) -> Decision:
        if isinstance(self.message, BatchReceipt):
            message = "this answers a batch: look at its outcomes"
            raise TypeError(message)
        return self.outcomes[0]


def open_answer(
    envelope: Envelope,
    gateway_keys: Mapping[str, bytes],
    *expected: type[M],
) -> M:
    """The message in an envelope that the gateway signed. Raises BadAnswer.

    `gateway_keys` are 32 raw bytes by key id, `expected` the messages that may be in it.
    """
    if len(envelope.signatures) != 1:
        message = f"the answer carries {len(envelope.signatures)} signatures, not one"
        raise BadAnswer(message)
    signature = envelope.signatures[0]
    public = gateway_keys.get(signature.keyid)
    if public is None:
        message = f"signed by {signature.keyid:.80}, which is no key of this gateway's profile"
        raise BadAnswer(message)
    try:
        key = Ed25519PublicKey.from_public_bytes(public)
        signing.verify(key, envelope.payload_type, envelope.payload, signature.sig)
    except signing.BadSignature:
        message = "the signature is not the gateway's over these bytes"
        raise BadAnswer(message) from None
    for kind in expected:
        if envelope.payload_type == methods.payload_type_of(kind):
            return _parse(kind, envelope.payload)
    names = " or ".join(kind.DESCRIPTOR.name for kind in expected)
    message = f"the answer is {envelope.payload_type!r:.80}, not {names}"
    raise BadAnswer(message)


def open_receipt(envelope: Envelope, gateway_keys: Mapping[str, bytes], sent: Sent) -> Answer:
    """The answer to a write that was sent: receipt, refusal or batch receipt.

    Raises BadAnswer unless the gateway signed it, it names exactly this request (method,
    audience, sender, request id, hash of the payload), and its records hold.
    """
    # 1. The gateway's signature.
    kind: type[Receipt | BatchReceipt] = Receipt if sent.items is None else BatchReceipt
    answer: Verdict = open_answer(envelope, gateway_keys, kind, Refusal)
    # 2. It is the answer to this request.
    _check_same(answer, sent)
    # 3. A batch: each item by itself, in order.
    if isinstance(answer, BatchReceipt):
        return Answer(envelope, answer, tuple(_open_outcomes(answer, sent.items or ())))
    # 4. One request: the record, and the result that the method promises.
    return Answer(envelope, answer, (_open_decision(answer, sent.method),))


def open_stored(
    envelope: Envelope,
    gateway_keys: Mapping[str, bytes],
    audience: str,
    sender: str,
    request_id: str,
) -> Answer:
    """An answer whose request is not at hand, as GetReceipt gives it. Raises BadAnswer.

    Checked like open_receipt, save the payload's hash. The outcomes of a batch are paired
    with its items by their order alone.
    """
    kinds: tuple[type[Verdict], ...] = (Receipt, Refusal, BatchReceipt)
    answer = open_answer(envelope, gateway_keys, *kinds)
    try:
        method = methods.method(answer.method)
    except methods.UnknownMethod as problem:
        raise BadAnswer(str(problem)) from None
    sent = Sent(method, audience, sender, request_id, answer.request_sha256)
    _check_same(answer, sent)
    if not isinstance(answer, BatchReceipt):
        return Answer(envelope, answer, (_open_decision(answer, method),))
    items = tuple(_named_by(outcome, sent) for outcome in answer.outcomes)
    return Answer(envelope, answer, tuple(_open_outcomes(answer, items)))


def _named_by(outcome: Outcome, batch: Sent) -> Sent:
    decision = _open_outcome(outcome)
    digest = decision.request_sha256
    return Sent(batch.method, batch.audience, batch.sender, decision.request_id, digest)


def _open_outcomes(batch: BatchReceipt, items: tuple[Sent, ...]) -> Iterator[Decision]:
    if len(batch.outcomes) != len(items):
        message = f"{len(batch.outcomes)} outcomes for {len(items)} items"
        raise BadAnswer(message)
    for index, (outcome, item) in enumerate(zip(batch.outcomes, items, strict=True)):
        try:
            decision = _open_outcome(outcome)
            _check_same(decision, _as_it_was_read(item, decision))
            yield _open_decision(decision, item.method)
        except BadAnswer as problem:
            message = f"item {index}: {problem}"
            raise BadAnswer(message) from None


def _as_it_was_read(item: Sent, decision: Receipt | Refusal) -> Sent:
    """The item; without its id where it was refused for its form and the id was not read."""
    unread = isinstance(decision, Refusal) and not decision.request_id
    return replace(item, request_id="") if unread else item


def _open_outcome(outcome: Outcome) -> Receipt | Refusal:
    which = outcome.WhichOneof("outcome")
    if which == "receipt":
        return _parse(Receipt, outcome.receipt)
    if which == "refusal":
        return _parse(Refusal, outcome.refusal)
    message = "neither a receipt nor a refusal"
    raise BadAnswer(message)


def _check_same(answer: Verdict, sent: Sent) -> None:
    """That the answer names the request that was sent, in every respect."""
    for what, found, expected in (
        ("coalition", answer.audience, sent.audience),
        ("method", answer.method, sent.method.full_name),
        ("sender", answer.sender, sent.sender),
        ("request id", answer.request_id, sent.request_id),
        ("payload with SHA-256", answer.request_sha256.hex(), sent.sha256.hex()),
    ):
        if found != expected:
            message = f"the answer is to {what} {found!r:.80}; what was sent has {expected!r}"
            raise BadAnswer(message)


def _open_decision(answer: Receipt | Refusal, method: methods.Method) -> Decision:
    if isinstance(answer, Refusal):
        return Decision(answer)
    return Decision(answer, _result(answer, method), _record(answer))


def _result(receipt: Receipt, method: methods.Method) -> Message | None:
    if method.result is None:
        return None
    result = method.result()
    try:
        if receipt.result.Unpack(result):
            return result
    except DecodeError:
        pass
    message = f"the receipt's result is not a {method.result.DESCRIPTOR.name}"
    raise BadAnswer(message)


def _record(receipt: Receipt) -> Record | None:
    """The receipt's record, which must speak of the same event as the receipt."""
    if not receipt.HasField("record"):
        return None
    try:
        record = open_record(receipt.record)
    except BadRecord as problem:
        message = f"the receipt's record does not hold: {problem}"
        raise BadAnswer(message) from None
    entry, accepted_at = record.entry, Timestamp()
    accepted_at.FromDatetime(record.entry.accepted_at)
    for what, found, expected in (
        ("number", entry.number, receipt.number),
        ("coalition", entry.coalition, receipt.audience),
        ("sender", entry.sender, receipt.sender),
        ("request", entry.request_sha256, receipt.request_sha256),
        ("accepted_at", accepted_at, receipt.accepted_at),
    ):
        if found != expected:
            message = f"the record's {what} is {found!r}, the receipt's {expected!r}"
            raise BadAnswer(message)
    return record


def _parse(kind: type[M], payload: bytes) -> M:
    try:
        return kind.FromString(payload)
    except DecodeError:
        message = f"cannot be parsed as {kind.DESCRIPTOR.name}"
        raise BadAnswer(message) from None


def _name(message: Message | None) -> str:
    return "absent" if message is None else message.DESCRIPTOR.name
