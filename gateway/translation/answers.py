"""Receipts, refusals and batch receipts: the payloads that the gateway signs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from google.protobuf.message import Message

from coalition.methods import payload_type_of
from coalition.v1 import envelope_pb2, errors_pb2
from gateway.translation.records import fill_record
from gateway.translation.results import result_message
from gateway.translation.values import timestamp
from partners.directory import Directory
from partners.refusals import Reason, Refused
from partners.requests import Accepted, Answer, Request

RECEIPT_TYPE = payload_type_of(envelope_pb2.Receipt)
REFUSAL_TYPE = payload_type_of(envelope_pb2.Refusal)
BATCH_RECEIPT_TYPE = payload_type_of(envelope_pb2.BatchReceipt)
FEED_RECORD_TYPE = payload_type_of(envelope_pb2.FeedRecord)

_PARSED_BATCHES = 4
"""Receipts of batches, some megabytes each, whose items are asked for one after the other."""


def reason_of(number: errors_pb2.Reason) -> Reason:
    """The reason that a number of the wire stands for."""
    return Reason(errors_pb2.Reason.Name(number).removeprefix("REASON_"))


@dataclass(frozen=True, slots=True)
class Answers:
    """Writes what the gateway says under its current key."""

    audience: str
    keyid: str

    def accepted(self, request: Request, accepted: Accepted, directory: Directory) -> Answer:
        """The receipt of an accepted request."""
        entry = accepted.entry
        receipt = envelope_pb2.Receipt(
            audience=self.audience,
            method=request.method,
            sender=request.sender,
            request_id=request.request_id,
            request_sha256=request.sha256,
            number=entry.number,
            accepted_at=timestamp(entry.accepted_at),
        )
        # In place: a message that is handed over is copied, by way of its bytes.
        fill_record(receipt.record, entry, directory.acts_for(request.sender))
        result = result_message(accepted.decision.result, directory)
        receipt.result.Pack(result, deterministic=True)
        return self._answer(RECEIPT_TYPE, receipt)

    def refused(self, request: Request, refused: Refused, now: datetime) -> Answer:
        """The refusal of a request."""
        refusal = envelope_pb2.Refusal(
            audience=self.audience,
            method=request.method,
            sender=request.sender,
            request_id=request.request_id,
            request_sha256=request.sha256,
            reason=f"REASON_{refused.reason}",
            message=refused.message,
            metadata=refused.metadata,
            refused_at=timestamp(now),
        )
        return self._answer(REFUSAL_TYPE, refusal)

    def batch(self, head: Request, outcomes: Sequence[Answer]) -> Answer:
        """The receipt of a batch, with the outcome of every item."""
        receipt = envelope_pb2.BatchReceipt(
            audience=self.audience,
            method=head.method,
            sender=head.sender,
            request_id=head.request_id,
            request_sha256=head.sha256,
            outcomes=map(_outcome, outcomes),
        )
        return self._answer(BATCH_RECEIPT_TYPE, receipt)

    def item(self, batch: Answer, index: int) -> Answer:
        """The outcome of one item out of a batch's receipt."""
        outcome = _outcomes(batch.payload)[index]
        if outcome.HasField("receipt"):
            return Answer(RECEIPT_TYPE, outcome.receipt, batch.keyid)
        return Answer(REFUSAL_TYPE, outcome.refusal, batch.keyid)

    def _answer(self, answer_type: str, message: Message) -> Answer:
        return Answer(answer_type, message.SerializeToString(deterministic=True), self.keyid)


@lru_cache(maxsize=_PARSED_BATCHES)
def _outcomes(batch_receipt: bytes) -> Sequence[envelope_pb2.Outcome]:
    return envelope_pb2.BatchReceipt.FromString(batch_receipt).outcomes


def _outcome(answer: Answer) -> envelope_pb2.Outcome:
    if answer.answer_type == RECEIPT_TYPE:
        return envelope_pb2.Outcome(receipt=answer.payload)
    return envelope_pb2.Outcome(refusal=answer.payload)
