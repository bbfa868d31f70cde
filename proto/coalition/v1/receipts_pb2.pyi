from coalition.v1 import envelope_pb2 as _envelope_pb2
from coalition.v1 import options_pb2 as _options_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetReceiptRequest(_message.Message):
    __slots__ = ("header", "request_id")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    request_id: str
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., request_id: _Optional[str] = ...) -> None: ...
