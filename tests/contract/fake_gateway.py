"""A gateway in the test's own process: signs what it is told to, remembers what it saw.

It has no rules and no ledger. Each call of a method takes the next act from its script and,
when the script is done, accepts.
"""

import hashlib
from collections.abc import Callable, Iterator
from concurrent import futures
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import grpc
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from google.protobuf.any_pb2 import Any
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status

from coalition import signing
from coalition.methods import METHODS, Kind, Method, payload_type_of
from coalition.profile import Currency, Profile, gateway_key
from coalition.requests import Sent, sent_request
from coalition.v1.envelope_pb2 import (
    BatchReceipt,
    Envelope,
    FeedRecord,
    Outcome,
    Receipt,
    Refusal,
    Signature,
)
from coalition.v1.errors_pb2 import Reason

from .book import ACCEPTED_AT, COALITION, Entry

KEY = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"test gateway").digest())
PARTNER_KEY = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"test partner").digest())
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"nobody").digest())
SENDER = "hotel-h"

PROFILE = Profile(
    coalition=COALITION,
    operator="operator",
    currency=Currency(code="COIN", exponent=2),
    gateway_keys=(gateway_key(signing.public_bytes(KEY)),),
)

Act = Callable[["FakeGateway", Method, Envelope, grpc.ServicerContext], Message]


def signed(message: Message, key: Ed25519PrivateKey = KEY) -> Envelope:
    """A message in an envelope of this key."""
    payload, payload_type = message.SerializeToString(), payload_type_of(type(message))
    keyid = signing.key_id(signing.public_bytes(key))
    sig = signing.sign(key, payload_type, payload)
    return Envelope(
        payload=payload, payload_type=payload_type, signatures=[Signature(sig=sig, keyid=keyid)]
    )


def receipt_of(sent: Sent, number: int = 123) -> Receipt:
    """The receipt of a request that is accepted as this number."""
    receipt = Receipt(
        audience=sent.audience,
        method=sent.method.full_name,
        sender=sent.sender,
        request_id=sent.request_id,
        request_sha256=sent.sha256,
        number=number,
        accepted_at=ACCEPTED_AT,
        record=Entry(number=number, sender=sent.sender, request_sha256=sent.sha256).record(),
    )
    if sent.method.result is not None:
        receipt.result.Pack(sent.method.result())
    return receipt


def refusal_of(sent: Sent, reason: "Reason", message: str = "no") -> Refusal:
    """The refusal of a request by a rule."""
    return Refusal(
        audience=sent.audience,
        method=sent.method.full_name,
        sender=sent.sender,
        request_id=sent.request_id,
        request_sha256=sent.sha256,
        reason=reason,
        message=message,
        metadata={"available": "5"},
        refused_at=ACCEPTED_AT,
    )


def batch_of(sent: Sent, refused: tuple[int, ...] = (), number: int = 200) -> BatchReceipt:
    """The answer to a batch of which the items at these indexes are refused."""
    outcomes = []
    for index, item in enumerate(sent.items or ()):
        if index in refused:
            refusal = refusal_of(item, Reason.REASON_DUPLICATE_ACTIVITY)
            outcomes.append(Outcome(refusal=refusal.SerializeToString()))
        else:
            receipt = receipt_of(item, number + index)
            outcomes.append(Outcome(receipt=receipt.SerializeToString()))
    return BatchReceipt(
        audience=sent.audience,
        method=sent.method.full_name,
        sender=sent.sender,
        request_id=sent.request_id,
        request_sha256=sent.sha256,
        outcomes=outcomes,
    )


def accept(gateway: "FakeGateway", method: Method, envelope: Envelope, _: object) -> Message:
    """Answer as the method does when all is well."""
    if method.kind is Kind.READ:
        return method.response()
    sent = sent_request(method, envelope.payload)
    if sent.items is not None:
        return signed(batch_of(sent))
    return signed(receipt_of(sent, gateway.numbers[sent.request_id]))


def answer(make: Callable[[Sent], Message], key: Ed25519PrivateKey = KEY) -> Act:
    """An act: sign what `make` makes of the request."""

    def act(_: "FakeGateway", method: Method, envelope: Envelope, __: object) -> Message:
        return signed(make(sent_request(method, envelope.payload)), key)

    return act


def fail(code: grpc.StatusCode, message: str = "later", *details: Message) -> Act:
    """An act: end with a status, and its details in a google.rpc.Status."""

    def act(_: object, __: object, ___: object, context: grpc.ServicerContext) -> Message:
        status = Status(code=code.value[0], message=message)
        for detail in details:
            packed = Any()
            packed.Pack(detail)
            status.details.append(packed)
        if details:
            trailer = ("grpc-status-details-bin", status.SerializeToString())
            context.set_trailing_metadata((trailer,))
        context.abort(code, message)
        raise AssertionError

    return act


def refuse(reason: str, code: grpc.StatusCode, *details: Message) -> Act:
    """An act: refuse without a signature, as the checks before the rules do."""
    info = ErrorInfo(reason=reason, domain="coalition", metadata={"limit": "60"})
    return fail(code, f"refused for {reason}", info, *details)


def refuse_signed(reason: "Reason", key: Ed25519PrivateKey = KEY) -> Act:
    """An act: refuse by a rule, with the signed refusal in the status."""

    def act(
        gateway: "FakeGateway", method: Method, envelope: Envelope, context: grpc.ServicerContext
    ) -> Message:
        sent = sent_request(method, envelope.payload)
        name = Reason.Name(reason).removeprefix("REASON_")
        info = ErrorInfo(reason=name, domain="coalition", metadata={"available": "5"})
        refusal = signed(refusal_of(sent, reason), key)
        code = grpc.StatusCode.FAILED_PRECONDITION
        return fail(code, "no", info, refusal)(gateway, method, envelope, context)

    return act


@dataclass
class FakeGateway(grpc.GenericRpcHandler):
    """Serves every method of the contract on a loopback port of its own."""

    script: list[Act] = field(default_factory=list)
    feeds: list[list[FeedRecord | grpc.StatusCode]] = field(default_factory=list)
    seen: list[Envelope] = field(default_factory=list)

    def __enter__(self) -> Self:
        """Start."""
        self.numbers: dict[str, int] = _Numbers()
        self.server = grpc.server(futures.ThreadPoolExecutor(8))
        self.server.add_generic_rpc_handlers((self,))
        self.port = self.server.add_insecure_port("127.0.0.1:0")
        self.server.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop at once."""
        self.server.stop(None).wait()

    @property
    def target(self) -> str:
        """Where it is called."""
        return f"127.0.0.1:{self.port}"

    def service(
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> "grpc.RpcMethodHandler[Envelope, Message] | None":
        """The handler of any method of the contract."""
        method = METHODS.get(handler_call_details.method)
        if method is None:
            return None
        parse, write = Envelope.FromString, type(method.response()).SerializeToString
        if method.streaming:
            return grpc.unary_stream_rpc_method_handler(self._feed, parse, write)

        def call(envelope: Envelope, context: grpc.ServicerContext) -> Message:
            self.seen.append(envelope)
            act = self.script.pop(0) if self.script else accept
            return act(self, method, envelope, context)

        return grpc.unary_unary_rpc_method_handler(call, parse, write)

    def _feed(self, envelope: Envelope, context: grpc.ServicerContext) -> Iterator[Envelope]:
        self.seen.append(envelope)
        for item in self.feeds.pop(0) if self.feeds else ():
            if isinstance(item, grpc.StatusCode):
                context.abort(item, "the stream broke")
            else:
                yield signed(item)


class _Numbers(dict[str, int]):
    """Sequence numbers by request id: the same id gets the same number again."""

    def __missing__(self, request_id: str) -> int:
        self[request_id] = 123 + len(self)
        return self[request_id]
