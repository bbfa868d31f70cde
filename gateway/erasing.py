"""Cuts what stored requests and answers hold of erased members, and nothing else.

Hash, signature and entry of a request stay: whoever shows the original bytes can still prove that
they were sent, and the same request sent again is told that it was erased.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from typing import Any

import structlog
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message
from sqlalchemy import Engine

from coalition.methods import METHODS, method
from coalition.v1 import accrual_pb2, common_pb2, envelope_pb2, errors_pb2
from gateway.translation.answers import BATCH_RECEIPT_TYPE, RECEIPT_TYPE, REFUSAL_TYPE
from gateway.translation.commands import require_no_unknown_fields
from gateway.translation.values import timestamp
from partners.erasing import (
    Erasure,
    Stored,
    finish,
    next_erasure,
    note_erased,
    replace_stored,
    requests_with,
)
from partners.refusals import Refused
from partners.requests import RequestKey
from settlement.ledger.entries import Coalition

_ERASE = method("Members.Erase").full_name
"""Its own answer names nobody: the programme's partner keeps it as proof."""

_log = structlog.get_logger(__name__)


def finish_erasures(
    engine: Engine,
    coalition: Coalition,
    now: datetime,
    *,
    goes_on: Callable[[], bool] = lambda: True,
    failed: set[int] | None = None,
) -> None:
    """Cut what is stored of members that were erased, each in a transaction of its own.

    One that cannot be cut is logged, added to `failed`, and keeps no other from its end. Cut short
    anywhere, it is done again from its beginning.
    """
    failed = set() if failed is None else failed
    while goes_on():
        erasure: Erasure | None = None
        try:
            with engine.begin() as connection:
                erasure = next_erasure(connection, without=failed)
                if erasure is None:
                    return
                cutter = _Cutter(erasure, coalition.coalition_id)
                for stored in requests_with(connection, erasure.member_number, erasure.erased_at):
                    left = cutter.cut(stored)
                    if left != stored:
                        replace_stored(connection, left)
                note_erased(connection, erasure, cutter.erased)
                finish(connection, erasure, now)
        except Exception as error:
            if erasure is None:
                raise
            failed.add(erasure.number)
            _log.error("cannot be erased", number=erasure.number, error=type(error).__name__)
        else:
            _log.info("erased", number=erasure.number, requests=len(cutter.erased))


@dataclass
class _Cutter:
    """Tells which requests and answers name an erased member, and what is left of them."""

    erasure: Erasure
    audience: str
    erased: set[RequestKey] = field(default_factory=set)
    """Requests and items of which something was taken away."""

    def cut(self, stored: Stored) -> Stored:
        """What is left of a request and its answer; the same where they name somebody else."""
        envelope = envelope_pb2.Envelope.FromString(stored.envelope)
        payload = METHODS[stored.method].payload.FromString(envelope.payload)
        if isinstance(payload, accrual_pb2.AccrueBatchRequest):
            return self._cut_batch(stored, envelope, payload)
        asked, answered = self._names(payload), self._answer_names(stored)
        if self._is_later(stored.number) or not (asked or answered):
            return stored
        self.erased.add(stored.key)
        if asked:
            envelope.payload = _header_alone(payload)
        left = replace(stored, envelope=envelope.SerializeToString(deterministic=True))
        if stored.method == _ERASE and stored.answer_type == RECEIPT_TYPE:
            return left
        notice = self._notice(stored, stored.key, stored.sha256, stored.number)
        return replace(left, answer_type=REFUSAL_TYPE, answer=notice)

    def _cut_batch(
        self,
        stored: Stored,
        envelope: envelope_pb2.Envelope,
        payload: accrual_pb2.AccrueBatchRequest,
    ) -> Stored:
        """Item by item: what the others asked, and were told, stays as it is."""
        receipt = envelope_pb2.BatchReceipt.FromString(stored.answer)
        found = False
        for index, content in enumerate(payload.items):
            outcome = receipt.outcomes[index]
            number = _number_of(outcome)
            if self._is_later(number) or not self._item_names(content, outcome):
                continue
            request_id = _request_id_of(content)
            key = stored.key[0], request_id
            notice = self._notice(stored, key, sha256(content).digest(), number)
            outcome.refusal = notice
            payload.items[index] = accrual_pb2.AccrualItem(
                request_id=request_id
            ).SerializeToString()
            found = True
            if request_id:
                self.erased.add(key)
        if not found:
            return stored
        envelope.payload = payload.SerializeToString(deterministic=True)
        return replace(
            stored,
            envelope=envelope.SerializeToString(deterministic=True),
            answer=receipt.SerializeToString(deterministic=True),
        )

    def _is_later(self, number: int | None) -> bool:
        """Of somebody who got the number anew."""
        return number is not None and number > self.erasure.number

    def _answer_names(self, stored: Stored) -> bool:
        if stored.answer_type == RECEIPT_TYPE:
            return self._names(envelope_pb2.Receipt.FromString(stored.answer))
        if stored.answer_type == REFUSAL_TYPE:
            return self._refusal_names(envelope_pb2.Refusal.FromString(stored.answer))
        message = f"no request alone is answered with {stored.answer_type}: {BATCH_RECEIPT_TYPE}?"
        raise ValueError(message)

    def _item_names(self, content: bytes, outcome: envelope_pb2.Outcome) -> bool:
        """An item of which not all can be read names whoever's number is in its bytes."""
        if outcome.HasField("refusal"):
            refusal = envelope_pb2.Refusal.FromString(outcome.refusal)
            if self._refusal_names(refusal):
                return True
        try:
            item = accrual_pb2.AccrualItem.FromString(content)
            require_no_unknown_fields(item)
        except (DecodeError, Refused):
            return self.erasure.member_number.encode() in content
        return self._names(item)

    def _refusal_names(self, refusal: envelope_pb2.Refusal) -> bool:
        told = " ".join((refusal.message, *refusal.metadata.values()))
        return self._number.search(told) is not None and self._programme.search(told) is not None

    def _names(self, message: Message) -> bool:
        if isinstance(message, common_pb2.MembershipRef):
            named = message.programme, message.member_number
            return named == (self.erasure.programme, self.erasure.member_number)
        return any(map(self._names, _parts(message)))

    @cached_property
    def _number(self) -> re.Pattern[str]:
        return _alone(self.erasure.member_number)

    @cached_property
    def _programme(self) -> re.Pattern[str]:
        return _alone(self.erasure.programme)

    def _notice(
        self, stored: Stored, key: RequestKey, request_sha256: bytes, number: int | None
    ) -> bytes:
        """The answer from now on. Made of what stays, so that it is always the same bytes."""
        became = "refused" if number is None else f"accepted as entry {number}"
        accepted = {} if number is None else {"number": str(number)}
        return envelope_pb2.Refusal(
            audience=self.audience,
            method=stored.method,
            sender=key[0],
            request_id=key[1],
            request_sha256=request_sha256,
            reason=errors_pb2.REASON_ERASED,
            message=f"this was {became}, and what it held of a member was erased by entry "
            f"{self.erasure.number}; it is not decided again",
            metadata={"erasure": str(self.erasure.number), **accepted},
            refused_at=timestamp(self.erasure.erased_at),
        ).SerializeToString(deterministic=True)


def _alone(word: str) -> re.Pattern[str]:
    """A number or id that is no part of a longer one; a sentence may end after it."""
    return re.compile(rf"(?<![\w.:/-]){re.escape(word)}(?![\w/-]|[.:][\w])")


def _parts(message: Message) -> Iterator[Message]:
    """Messages right inside a message, also the one that a receipt carries packed."""
    for descriptor, value in message.ListFields():
        if not _holds_messages(descriptor):
            continue
        for part in value if descriptor.is_repeated else (value,):
            yield _unpacked(part)


def _holds_messages(descriptor: FieldDescriptor) -> bool:
    kind = descriptor.message_type
    return kind is not None and not kind.GetOptions().map_entry


def _unpacked(part: Any) -> Message:  # noqa: ANN401 - protobuf gives what a field holds
    message: Message = part
    if not isinstance(message, AnyMessage):
        return message
    name = message.TypeName().rpartition(".")[2]
    found = next(
        m.result for m in METHODS.values() if m.result and m.result.DESCRIPTOR.name == name
    )
    return found.FromString(message.value)


def _header_alone(payload: Any) -> bytes:  # noqa: ANN401 - every payload has a header
    left: Message = type(payload)(header=payload.header)
    return left.SerializeToString(deterministic=True)


def _number_of(outcome: envelope_pb2.Outcome) -> int | None:
    if outcome.HasField("receipt"):
        return envelope_pb2.Receipt.FromString(outcome.receipt).number
    return None


def _request_id_of(content: bytes) -> str:
    try:
        return accrual_pb2.AccrualItem.FromString(content).request_id
    except DecodeError:
        return ""
