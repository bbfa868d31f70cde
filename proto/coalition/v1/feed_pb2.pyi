from coalition.v1 import envelope_pb2 as _envelope_pb2
from coalition.v1 import options_pb2 as _options_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class FollowRequest(_message.Message):
    __slots__ = ("header", "after_number", "stop_at_end")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    AFTER_NUMBER_FIELD_NUMBER: _ClassVar[int]
    STOP_AT_END_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    after_number: int
    stop_at_end: bool
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., after_number: _Optional[int] = ..., stop_at_end: _Optional[bool] = ...) -> None: ...
