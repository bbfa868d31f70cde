import datetime

from coalition.v1 import envelope_pb2 as _envelope_pb2
from coalition.v1 import options_pb2 as _options_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class WindowState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    WINDOW_STATE_UNSPECIFIED: _ClassVar[WindowState]
    WINDOW_STATE_OPEN: _ClassVar[WindowState]
    WINDOW_STATE_CUT: _ClassVar[WindowState]
    WINDOW_STATE_CLOSED: _ClassVar[WindowState]
WINDOW_STATE_UNSPECIFIED: WindowState
WINDOW_STATE_OPEN: WindowState
WINDOW_STATE_CUT: WindowState
WINDOW_STATE_CLOSED: WindowState

class ListWindowsRequest(_message.Message):
    __slots__ = ("header",)
    HEADER_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ...) -> None: ...

class Window(_message.Message):
    __slots__ = ("window", "state", "first_number", "last_number", "opened_at", "cut_at")
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    FIRST_NUMBER_FIELD_NUMBER: _ClassVar[int]
    LAST_NUMBER_FIELD_NUMBER: _ClassVar[int]
    OPENED_AT_FIELD_NUMBER: _ClassVar[int]
    CUT_AT_FIELD_NUMBER: _ClassVar[int]
    window: int
    state: WindowState
    first_number: int
    last_number: int
    opened_at: _timestamp_pb2.Timestamp
    cut_at: _timestamp_pb2.Timestamp
    def __init__(self, window: _Optional[int] = ..., state: _Optional[_Union[WindowState, str]] = ..., first_number: _Optional[int] = ..., last_number: _Optional[int] = ..., opened_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., cut_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class WindowList(_message.Message):
    __slots__ = ("windows",)
    WINDOWS_FIELD_NUMBER: _ClassVar[int]
    windows: _containers.RepeatedCompositeFieldContainer[Window]
    def __init__(self, windows: _Optional[_Iterable[_Union[Window, _Mapping]]] = ...) -> None: ...

class GetPositionsRequest(_message.Message):
    __slots__ = ("header", "window")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    window: int
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., window: _Optional[int] = ...) -> None: ...

class Position(_message.Message):
    __slots__ = ("participant", "net_minor")
    PARTICIPANT_FIELD_NUMBER: _ClassVar[int]
    NET_MINOR_FIELD_NUMBER: _ClassVar[int]
    participant: str
    net_minor: int
    def __init__(self, participant: _Optional[str] = ..., net_minor: _Optional[int] = ...) -> None: ...

class PositionList(_message.Message):
    __slots__ = ("currency", "positions")
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    POSITIONS_FIELD_NUMBER: _ClassVar[int]
    currency: str
    positions: _containers.RepeatedCompositeFieldContainer[Position]
    def __init__(self, currency: _Optional[str] = ..., positions: _Optional[_Iterable[_Union[Position, _Mapping]]] = ...) -> None: ...

class GetStatementRequest(_message.Message):
    __slots__ = ("header", "window", "participant", "settlement")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    PARTICIPANT_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENT_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    window: int
    participant: str
    settlement: int
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., window: _Optional[int] = ..., participant: _Optional[str] = ..., settlement: _Optional[int] = ...) -> None: ...

class Statement(_message.Message):
    __slots__ = ("json", "csv", "sha256", "checkpoint")
    JSON_FIELD_NUMBER: _ClassVar[int]
    CSV_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    json: bytes
    csv: bytes
    sha256: bytes
    checkpoint: bytes
    def __init__(self, json: _Optional[bytes] = ..., csv: _Optional[bytes] = ..., sha256: _Optional[bytes] = ..., checkpoint: _Optional[bytes] = ...) -> None: ...
