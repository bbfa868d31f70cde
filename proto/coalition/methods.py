"""The contract as a table: every method with what its signed request must hold.

Read from the descriptors, where options.proto's SignedMethod says it once. Importing this
module loads every message of coalition.v1 into protobuf's default pool.
"""

import difflib
import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType, ModuleType

from google.protobuf import message_factory
from google.protobuf.descriptor import FileDescriptor, MethodDescriptor
from google.protobuf.message import Message

from coalition.signing import PAYLOAD_TYPE_PREFIX
from coalition.v1 import (
    accrual_pb2,
    agreements_pb2,
    awards_pb2,
    delivery_pb2,
    exchange_pb2,
    feed_pb2,
    log_pb2,
    members_pb2,
    options_pb2,
    partners_pb2,
    rates_pb2,
    receipts_pb2,
    redemption_pb2,
    settlement_pb2,
)

PACKAGE = "coalition.v1"

_SERVICE_MODULES: tuple[ModuleType, ...] = (
    accrual_pb2,
    agreements_pb2,
    awards_pb2,
    delivery_pb2,
    exchange_pb2,
    feed_pb2,
    log_pb2,
    members_pb2,
    partners_pb2,
    rates_pb2,
    receipts_pb2,
    redemption_pb2,
    settlement_pb2,
)


class Kind(enum.Enum):
    """How a method's request is judged; see MethodKind in options.proto."""

    WRITE = options_pb2.METHOD_KIND_WRITE
    READ = options_pb2.METHOD_KIND_READ


@dataclass(frozen=True, slots=True)
class Method:
    """One RPC. `result` is the message in a receipt of it, None for a read."""

    full_name: str
    service: str
    name: str
    payload: type[Message]
    payload_type: str
    kind: Kind
    lifetime: timedelta
    response: type[Message]
    streaming: bool
    result: type[Message] | None

    @property
    def short_name(self) -> str:
        """The name people write: "Accrual.Accrue"."""
        return f"{self.service}.{self.name}"


class UnknownMethod(LookupError):
    """The contract has no method of that name; the message names near ones."""


def payload_type_of(message: type[Message]) -> str:
    """The payload_type of an envelope that holds this message."""
    return PAYLOAD_TYPE_PREFIX + message.DESCRIPTOR.name


def method(name: str) -> Method:
    """The method called "/coalition.v1.Accrual/Accrue" or, for short, "Accrual.Accrue".

    Raises UnknownMethod.
    """
    found = METHODS.get(name) or _BY_SHORT_NAME.get(name)
    if found is None:
        known = [*_BY_SHORT_NAME, *METHODS]
        near = difflib.get_close_matches(name, known, cutoff=0.5) or sorted(_BY_SHORT_NAME)
        message = f"no method {name!r} in {PACKAGE}; near: {', '.join(near)}"
        raise UnknownMethod(message)
    return found


def _class_of(file: FileDescriptor, name: str) -> type[Message]:
    descriptor = file.pool.FindMessageTypeByName(f"{PACKAGE}.{name}")
    return message_factory.GetMessageClass(descriptor)


def _from_descriptor(descriptor: MethodDescriptor) -> Method:
    service, file = descriptor.containing_service, descriptor.containing_service.file
    # protoc's stub gives an extension no type of its own.
    extensions: Mapping[object, options_pb2.SignedMethod]
    extensions = descriptor.GetOptions().Extensions  # type: ignore[assignment]
    signed = extensions[options_pb2.signed]
    payload = _class_of(file, signed.payload)
    return Method(
        full_name=f"/{service.full_name}/{descriptor.name}",
        service=service.name,
        name=descriptor.name,
        payload=payload,
        payload_type=payload_type_of(payload),
        kind=Kind(signed.kind),
        lifetime=timedelta(seconds=signed.lifetime_seconds),
        response=message_factory.GetMessageClass(descriptor.output_type),
        streaming=descriptor.server_streaming,
        result=_class_of(file, signed.result) if signed.result else None,
    )


def _all_methods() -> Iterator[Method]:
    for module in _SERVICE_MODULES:
        for service in module.DESCRIPTOR.services_by_name.values():
            yield from map(_from_descriptor, service.methods)


METHODS: Mapping[str, Method] = MappingProxyType({m.full_name: m for m in _all_methods()})
"""Every method of the contract by full name."""

_BY_SHORT_NAME = {m.short_name: m for m in METHODS.values()}
