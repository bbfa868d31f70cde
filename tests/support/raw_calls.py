"""Envelopes made by hand and sent as bytes, and what the gateway's status says of them."""

import string
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import grpc
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from coalition.methods import Method, method
from coalition.signing import key_id, public_bytes, sign
from coalition.v1 import envelope_pb2
from support.coalition_day import Day, private_key

OK = "OK"


@dataclass(frozen=True)
class Verdict:
    """What one call came to. `reason` is OK for an answer, "" for a status without ErrorInfo."""

    code: grpc.StatusCode
    reason: str
    answer: bytes = b""
    message: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    violations: tuple[str, ...] = ()
    retry_seconds: float | None = None
    signed: envelope_pb2.Envelope | None = None
    domain: str = ""
    metadata_bytes: int = 0
    """What the status takes of gRPC's limit: the details, and the message in percent encoding."""

    @property
    def envelope(self) -> envelope_pb2.Envelope:
        return envelope_pb2.Envelope.FromString(self.answer)

    @property
    def refusal(self) -> envelope_pb2.Refusal:
        assert self.signed is not None, self
        return envelope_pb2.Refusal.FromString(self.signed.payload)

    @property
    def receipt(self) -> envelope_pb2.Receipt:
        return envelope_pb2.Receipt.FromString(self.envelope.payload)

    @property
    def batch(self) -> envelope_pb2.BatchReceipt:
        return envelope_pb2.BatchReceipt.FromString(self.envelope.payload)


def verdict_of(error: Any) -> Verdict:
    """The status of a failed call, with its details."""
    trailers = dict(error.trailing_metadata() or ())
    status = status_pb2.Status.FromString(trailers.get("grpc-status-details-bin", b""))
    message = error.details() or ""
    size = sum(map(len, trailers.values())) + len(quote(message, safe=string.printable))
    verdict = Verdict(error.code(), "", message=message, metadata_bytes=size)
    for packed in status.details:
        info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
        retry, envelope = error_details_pb2.RetryInfo(), envelope_pb2.Envelope()
        if packed.Unpack(info):
            verdict = replace(
                verdict, reason=info.reason, metadata=dict(info.metadata), domain=info.domain
            )
        elif packed.Unpack(bad):
            fields = tuple(found.field for found in bad.field_violations)
            verdict = replace(verdict, violations=fields)
        elif packed.Unpack(retry):
            seconds = retry.retry_delay.ToTimedelta().total_seconds()
            verdict = replace(verdict, retry_seconds=seconds)
        elif packed.Unpack(envelope):
            verdict = replace(verdict, signed=envelope)
    return verdict


@dataclass(frozen=True)
class Forge:
    """A request in the making. Every part can be what it should not be."""

    method: Method
    message: Message
    sender: str
    key: Ed25519PrivateKey
    audience: str
    created: datetime
    request_id: str
    lifetime: timedelta
    header: Mapping[str, Any] = field(default_factory=dict)
    payload_type: str | None = None
    payload: bytes | None = None

    def but(self, **changes: Any) -> "Forge":
        return replace(self, **changes)

    def but_header(self, **changes: Any) -> "Forge":
        return replace(self, header={**self.header, **changes})

    def payload_bytes(self) -> bytes:
        if self.payload is not None:
            return self.payload
        filled = type(self.message)()
        filled.CopyFrom(self.message)
        values: dict[str, Any] = {
            "method": self.method.full_name,
            "audience": self.audience,
            "sender": self.sender,
            "request_id": self.request_id,
            "created": self.created,
            "expires": self.created + self.lifetime,
            **self.header,
        }
        header = envelope_pb2.Header(**{k: v for k, v in values.items() if v is not None})
        filled.header.CopyFrom(header)  # type: ignore[attr-defined]
        return filled.SerializeToString()

    def envelope(self) -> envelope_pb2.Envelope:
        payload = self.payload_bytes()
        kind = self.payload_type or self.method.payload_type
        signature = envelope_pb2.Signature(
            sig=sign(self.key, kind, payload), keyid=key_id(public_bytes(self.key))
        )
        return envelope_pb2.Envelope(payload=payload, payload_type=kind, signatures=[signature])

    def data(self) -> bytes:
        return self.envelope().SerializeToString()


class Wire:
    """One raw channel to a gateway."""

    def __init__(self, day: Day, channel: grpc.Channel) -> None:
        self.day = day
        self.channel: Any = channel
        self._count = 0

    def forge(
        self, name: str, message: Message, sender: str = "hotel", key: str | None = None
    ) -> Forge:
        self._count += 1
        found = method(name)
        return Forge(
            method=found,
            message=message,
            sender=sender,
            key=private_key(key or sender),
            audience=self.day.profile.coalition,
            created=self.day.clock.now,
            request_id=f"raw-{self._count}",
            lifetime=found.lifetime,
        )

    def call(self, full_name: str, data: bytes) -> Verdict:
        remote = self.channel.unary_unary(full_name)
        try:
            return Verdict(grpc.StatusCode.OK, OK, remote(data, timeout=30))
        except grpc.RpcError as error:
            return verdict_of(error)

    def stream(self, full_name: str, data: bytes) -> Verdict:
        """The first answer of a stream, or how it ended."""
        answers = self.channel.unary_stream(full_name)(data, timeout=30)
        try:
            return Verdict(grpc.StatusCode.OK, OK, next(answers))
        except StopIteration:
            return Verdict(grpc.StatusCode.OK, OK)
        except grpc.RpcError as error:
            return verdict_of(error)
        finally:
            answers.cancel()

    def send(self, forge: Forge) -> Verdict:
        call = self.stream if forge.method.streaming else self.call
        return call(forge.method.full_name, forge.data())

    def at_once(self, full_name: str, requests: list[bytes]) -> list[Verdict]:
        """Start all calls before waiting for the first answer."""
        remote = self.channel.unary_unary(full_name)
        calls = [remote.future(data, timeout=60) for data in requests]
        verdicts = []
        for call in calls:
            try:
                verdicts.append(Verdict(grpc.StatusCode.OK, OK, call.result()))
            except grpc.RpcError:
                verdicts.append(verdict_of(call))
        return verdicts


@contextmanager
def raw_wire(day: Day) -> Iterator[Wire]:
    """A raw channel with limits wide enough that the gateway's own are what is met."""
    options = [
        ("grpc.max_receive_message_length", 64 * 1024 * 1024),
        ("grpc.max_metadata_size", 64 * 1024),
        ("grpc.enable_http_proxy", 0),
    ]
    with grpc.insecure_channel(day.target, options=options) as channel:
        yield Wire(day, channel)


def in_threads(work: Callable[[Any], Any], arguments: list[Any], threads: int = 16) -> list[Any]:
    """Results in order."""
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, arguments))
