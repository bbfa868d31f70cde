"""The client of a coalition's gateway: signs, sends, tries again safely, verifies, keeps."""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import TracebackType
from typing import Self, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from google.protobuf.message import Message

from coalition import methods, wire
from coalition.answers import Answer, BadAnswer, open_receipt, open_stored
from coalition.errors import Refused, Unavailable, reason_name
from coalition.evidence import open_kept
from coalition.feed import FeedItem, Follower
from coalition.methods import Kind, Method
from coalition.profile import Profile
from coalition.receipt_file import Kept, ReceiptFile
from coalition.requests import Sent, Signer, same_but_header, sent_request
from coalition.v1.envelope_pb2 import Envelope, Refusal
from coalition.v1.feed_pb2 import FollowRequest
from coalition.v1.receipts_pb2 import GetReceiptRequest

M = TypeVar("M", bound=Message)

_MAY_HAVE_COUNTED = frozenset({"KEY_REVOKED"})
"""Given before known request ids are looked up: an earlier attempt may have counted."""


def utc_now() -> datetime:
    """The clock of a client that is given none."""
    return datetime.now(UTC)


class Client:
    """Speaks for one sender with one key. May be used from several threads.

    Raises from every call: Refused (a verdict of the gateway), Unavailable (no answer in
    time; the same request can be sent again), BadAnswer (an answer that does not verify).
    """

    def __init__(  # noqa: PLR0913 - what a client depends on, each by name
        self,
        target: str,
        profile: Profile,
        sender: str,
        key: Ed25519PrivateKey,
        *,
        tls: bytes | None = None,
        receipts: ReceiptFile | None = None,
        clock: Callable[[], datetime] = utc_now,
        timeout_seconds: float = wire.TIMEOUT_SECONDS,
        max_wait_seconds: float = wire.MAX_WAIT_SECONDS,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Prepare to call `target`; nothing is sent yet.

        `tls` are root certificates in PEM; without them only this machine may be called,
        and ValueError is raised for another. `receipts` keeps every write and its answer.
        """
        self._profile = profile
        self._signer = Signer.of(profile.coalition, sender, key)
        self._receipts = receipts
        self._clock = clock
        self._patience = wire.Patience(timeout_seconds, max_wait_seconds, sleep)
        self._connection = wire.Connection(target, tls, self._patience)
        self._closed = threading.Event()

    def __enter__(self) -> Self:
        """Give the client."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Close the channel; calls and feeds under way end. The receipt file stays open."""
        self._closed.set()
        self._connection.close()

    def call(
        self, method: str, message: Message, request_id: str | None = None
    ) -> Answer | Message:
        """Call any method but Feed.Follow: an Answer for a write, for a read its message."""
        found = methods.method(method)
        if found.kind is Kind.WRITE:
            return self.write(method, message, request_id)
        return self.read(method, message, found.response)

    def write(self, method: str, message: Message, request_id: str | None = None) -> Answer:
        """Call a method that changes something; the verified answer, kept before it is given.

        The header is filled in on a copy of the message; without a request id a random one is
        taken. Every attempt sends the same bytes. A request id that the receipt file holds is
        sent as it was then, if it asked for the same; else ValueError is raised.
        """
        found = _of_kind(method, Kind.WRITE)
        request_id = uuid.uuid4().hex if request_id is None else request_id
        kept = self._find(request_id)
        if kept is not None:
            return self._write_again(kept, found, message)
        payload = self._signer.payload(found, message, request_id, self._clock())
        if self._receipts is not None:
            self._receipts.add_request(request_id, found.full_name, payload)
        return self._deliver(sent_request(found, payload), payload)

    def resend(self, request_id: str) -> Answer:
        """The answer to a kept request: the kept one, or else that of sending it again.

        Raises LookupError where the receipt file does not hold the request.
        """
        kept = self._find(request_id)
        if kept is None:
            message = f"no request {request_id} is kept: it cannot be sent again"
            raise LookupError(message)
        if kept.envelope is not None:
            return _accepted(open_kept(kept, self._profile), request_id)
        sent = sent_request(methods.method(kept.method), kept.payload)
        return self._deliver(sent, kept.payload)

    def read(self, method: str, message: Message, kind: type[M]) -> M:
        """Call a method that reads; `kind` is the message it answers with."""
        found = _of_kind(method, Kind.READ)
        if found.streaming or found.response is not kind:
            error = f"{found.short_name} does not answer with one {kind.DESCRIPTOR.name}"
            raise TypeError(error)
        request_id = uuid.uuid4().hex

        def fresh() -> Envelope:
            return self._read_envelope(found, message, request_id)

        try:
            return self._connection.unary(found.full_name, kind, fresh)
        except wire.CallFailed as failed:
            raise _error(failed, request_id) from None

    def get_receipt(self, request_id: str) -> Answer:
        """The verified answer to one of the sender's writes, whatever key signed it then.

        For a request, a batch or an item of a batch. Checked against the request where the
        receipt file holds it, and kept there. A stored refusal is given, not raised.
        """
        asked = GetReceiptRequest(request_id=request_id)
        envelope = self.read("Receipts.GetReceipt", asked, Envelope)
        kept = self._find(request_id)
        keys, signer = self._profile.keys, self._signer
        if kept is None:
            return open_stored(envelope, keys, signer.audience, signer.sender, request_id)
        sent = sent_request(methods.method(kept.method), kept.payload)
        answer = open_receipt(envelope, keys, sent)
        self._keep(sent, envelope)
        return answer

    def follow(self, after_number: int = 0, *, stop_at_end: bool = False) -> Iterator[FeedItem]:
        """The sender's entries after a number, verified and in order, as they are accepted.

        A broken stream is taken up again after the last number given; Unavailable is raised
        when `max_wait_seconds` of that brought nothing. Ends when the client is closed,
        and with `stop_at_end` when nothing more is there.
        """
        method = _of_kind("Feed.Follow", Kind.READ)
        request_id = uuid.uuid4().hex

        def stream(last: int) -> Iterator[Envelope]:
            request = FollowRequest(after_number=last, stop_at_end=stop_at_end)
            envelope = self._read_envelope(method, request, request_id)
            return self._connection.stream(method.full_name, envelope)

        follower = Follower(
            stream, self._profile.keys, self._signer, self._patience, self._closed.is_set
        )
        try:
            yield from follower.follow(after_number, stop_at_end=stop_at_end)
        except wire.CallFailed as failed:
            raise _error(failed, request_id) from None

    def _write_again(self, kept: Kept, method: Method, message: Message) -> Answer:
        if kept.method != method.full_name or not same_but_header(kept.payload, message):
            error = f"request id {kept.request_id} was used for something else: choose another"
            raise ValueError(error)
        return self.resend(kept.request_id)

    def _deliver(self, sent: Sent, payload: bytes) -> Answer:
        """Send a write until it is answered; verify and keep the answer, then give it."""
        envelope = self._signer.envelope(sent.method, payload)
        try:
            answer = self._connection.unary(sent.method.full_name, Envelope, lambda: envelope)
        except wire.CallFailed as failed:
            raise self._refused(failed, sent) from None
        opened = open_receipt(answer, self._profile.keys, sent)
        self._keep(sent, answer)
        return _accepted(opened, sent.request_id)

    def _refused(self, failed: wire.CallFailed, sent: Sent) -> Refused | Unavailable:
        """The error of a failed write, with its signed refusal verified and kept."""
        error = _error(failed, sent.request_id)
        if not isinstance(error, Refused):
            return error
        if failed.refusal is not None:
            answer = open_receipt(failed.refusal, self._profile.keys, sent)
            verdict = answer.outcomes[0]
            if verdict.reason != error.reason:
                message = f"the status says {error.reason!r}, the signed refusal {verdict.reason!r}"
                raise BadAnswer(message)
            self._keep(sent, failed.refusal)
            error.signed = True
        elif self._receipts is not None and error.reason not in _MAY_HAVE_COUNTED:
            self._receipts.add_refused(sent.request_id, sent.method.full_name, error.reason)
        return error

    def _find(self, request_id: str) -> Kept | None:
        return None if self._receipts is None else self._receipts.find(request_id)

    def _keep(self, sent: Sent, envelope: Envelope) -> None:
        if self._receipts is not None:
            self._receipts.add_answer(sent.request_id, sent.method.full_name, envelope)

    def _read_envelope(self, method: Method, message: Message, request_id: str) -> Envelope:
        """A read, made now: it lives too short to be sent twice."""
        payload = self._signer.payload(method, message, request_id, self._clock())
        return self._signer.envelope(method, payload)


def _of_kind(name: str, kind: Kind) -> Method:
    found = methods.method(name)
    if found.kind is not kind:
        message = f"{found.short_name} is a {found.kind.name.lower()}, not a {kind.name.lower()}"
        raise TypeError(message)
    return found


def _accepted(answer: Answer, request_id: str) -> Answer:
    """The answer, unless it is a refusal, which is raised."""
    verdict = answer.message
    if not isinstance(verdict, Refusal):
        return answer
    raise Refused(
        reason=reason_name(verdict.reason),
        message=verdict.message,
        request_id=request_id,
        metadata=dict(verdict.metadata),
        signed=True,
    )


def _error(failed: wire.CallFailed, request_id: str) -> Refused | Unavailable:
    if failed.reason and not failed.transient:
        return Refused(
            failed.reason, failed.message, request_id, failed.metadata, failed.violations
        )
    return Unavailable(f"{failed.code.name}: {failed.message}", request_id)
