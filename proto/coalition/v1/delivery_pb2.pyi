import datetime

from coalition.v1 import common_pb2 as _common_pb2
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

class ConversionState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CONVERSION_STATE_UNSPECIFIED: _ClassVar[ConversionState]
    CONVERSION_STATE_PENDING: _ClassVar[ConversionState]
    CONVERSION_STATE_COMPLETED: _ClassVar[ConversionState]
    CONVERSION_STATE_REFUSED: _ClassVar[ConversionState]
    CONVERSION_STATE_TIMED_OUT: _ClassVar[ConversionState]
CONVERSION_STATE_UNSPECIFIED: ConversionState
CONVERSION_STATE_PENDING: ConversionState
CONVERSION_STATE_COMPLETED: ConversionState
CONVERSION_STATE_REFUSED: ConversionState
CONVERSION_STATE_TIMED_OUT: ConversionState

class ConfirmDeliveryRequest(_message.Message):
    __slots__ = ("header", "conversion", "credited_minor", "reference")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    CONVERSION_FIELD_NUMBER: _ClassVar[int]
    CREDITED_MINOR_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    conversion: int
    credited_minor: int
    reference: str
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., conversion: _Optional[int] = ..., credited_minor: _Optional[int] = ..., reference: _Optional[str] = ...) -> None: ...

class RefuseDeliveryRequest(_message.Message):
    __slots__ = ("header", "conversion", "reason")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    CONVERSION_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    conversion: int
    reason: str
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., conversion: _Optional[int] = ..., reason: _Optional[str] = ...) -> None: ...

class Conversion(_message.Message):
    __slots__ = ("conversion", "quote", "source", "target", "source_minor", "target_minor", "state", "deadline", "accepted_at", "source_rate", "target_rate", "returned_source_minor", "returned_target_minor", "source_hold", "reference", "break_number")
    CONVERSION_FIELD_NUMBER: _ClassVar[int]
    QUOTE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    SOURCE_MINOR_FIELD_NUMBER: _ClassVar[int]
    TARGET_MINOR_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_AT_FIELD_NUMBER: _ClassVar[int]
    SOURCE_RATE_FIELD_NUMBER: _ClassVar[int]
    TARGET_RATE_FIELD_NUMBER: _ClassVar[int]
    RETURNED_SOURCE_MINOR_FIELD_NUMBER: _ClassVar[int]
    RETURNED_TARGET_MINOR_FIELD_NUMBER: _ClassVar[int]
    SOURCE_HOLD_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    BREAK_NUMBER_FIELD_NUMBER: _ClassVar[int]
    conversion: int
    quote: int
    source: _common_pb2.MembershipRef
    target: _common_pb2.MembershipRef
    source_minor: int
    target_minor: int
    state: ConversionState
    deadline: _timestamp_pb2.Timestamp
    accepted_at: _timestamp_pb2.Timestamp
    source_rate: int
    target_rate: int
    returned_source_minor: int
    returned_target_minor: int
    source_hold: str
    reference: str
    break_number: int
    def __init__(self, conversion: _Optional[int] = ..., quote: _Optional[int] = ..., source: _Optional[_Union[_common_pb2.MembershipRef, _Mapping]] = ..., target: _Optional[_Union[_common_pb2.MembershipRef, _Mapping]] = ..., source_minor: _Optional[int] = ..., target_minor: _Optional[int] = ..., state: _Optional[_Union[ConversionState, str]] = ..., deadline: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., accepted_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., source_rate: _Optional[int] = ..., target_rate: _Optional[int] = ..., returned_source_minor: _Optional[int] = ..., returned_target_minor: _Optional[int] = ..., source_hold: _Optional[str] = ..., reference: _Optional[str] = ..., break_number: _Optional[int] = ...) -> None: ...

class ListConversionsRequest(_message.Message):
    __slots__ = ("header", "open", "membership", "page_size", "after_conversion")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    OPEN_FIELD_NUMBER: _ClassVar[int]
    MEMBERSHIP_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    AFTER_CONVERSION_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    open: bool
    membership: _common_pb2.MembershipRef
    page_size: int
    after_conversion: int
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., open: _Optional[bool] = ..., membership: _Optional[_Union[_common_pb2.MembershipRef, _Mapping]] = ..., page_size: _Optional[int] = ..., after_conversion: _Optional[int] = ...) -> None: ...

class ConversionList(_message.Message):
    __slots__ = ("conversions",)
    CONVERSIONS_FIELD_NUMBER: _ClassVar[int]
    conversions: _containers.RepeatedCompositeFieldContainer[Conversion]
    def __init__(self, conversions: _Optional[_Iterable[_Union[Conversion, _Mapping]]] = ...) -> None: ...
