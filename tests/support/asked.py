"""What a command asked of the fake gateway."""

from typing import Any

from google.protobuf import json_format

from coalition import methods
from contract.fake_gateway import FakeGateway


def asked(gateway: FakeGateway, method: str) -> dict[str, Any]:
    """The last request of that method that the gateway got, without its header."""
    kind = methods.method(method).payload_type
    seen = [envelope for envelope in gateway.seen if envelope.payload_type == kind]
    request = methods.method(method).payload.FromString(seen[-1].payload)
    request.ClearField("header")
    found: dict[str, Any] = json_format.MessageToDict(request, preserving_proto_field_name=True)
    return found
