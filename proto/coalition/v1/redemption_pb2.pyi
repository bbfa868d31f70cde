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

class HoldState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    HOLD_STATE_UNSPECIFIED: _ClassVar[HoldState]
    HOLD_STATE_OPEN: _ClassVar[HoldState]
    HOLD_STATE_CAPTURED: _ClassVar[HoldState]
    HOLD_STATE_VOIDED: _ClassVar[HoldState]
    HOLD_STATE_EXPIRED: _ClassVar[HoldState]
HOLD_STATE_UNSPECIFIED: HoldState
HOLD_STATE_OPEN: HoldState
HOLD_STATE_CAPTURED: HoldState
HOLD_STATE_VOIDED: HoldState
HOLD_STATE_EXPIRED: HoldState

class AuthorizeRequest(_message.Message):
    __slots__ = ("header", "membership", "merchant", "amount_minor", "expires_at", "authorization", "capture", "reference")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    MEMBERSHIP_FIELD_NUMBER: _ClassVar[int]
    MERCHANT_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_MINOR_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    AUTHORIZATION_FIELD_NUMBER: _ClassVar[int]
    CAPTURE_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    membership: _common_pb2.MembershipRef
    merchant: str
    amount_minor: int
    expires_at: _timestamp_pb2.Timestamp
    authorization: int
    capture: bool
    reference: str
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., membership: _Optional[_Union[_common_pb2.MembershipRef, _Mapping]] = ..., merchant: _Optional[str] = ..., amount_minor: _Optional[int] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., authorization: _Optional[int] = ..., capture: _Optional[bool] = ..., reference: _Optional[str] = ...) -> None: ...

class CaptureRequest(_message.Message):
    __slots__ = ("header", "hold", "amount_minor")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    HOLD_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_MINOR_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    hold: int
    amount_minor: int
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., hold: _Optional[int] = ..., amount_minor: _Optional[int] = ...) -> None: ...

class VoidRequest(_message.Message):
    __slots__ = ("header", "hold")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    HOLD_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    hold: int
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., hold: _Optional[int] = ...) -> None: ...

class RefundRequest(_message.Message):
    __slots__ = ("header", "hold", "amount_minor")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    HOLD_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_MINOR_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    hold: int
    amount_minor: int
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., hold: _Optional[int] = ..., amount_minor: _Optional[int] = ...) -> None: ...

class Hold(_message.Message):
    __slots__ = ("hold", "membership", "merchant", "amount_minor", "captured_minor", "refunded_minor", "reimbursement_minor", "state", "expires_at", "reference", "agreement")
    HOLD_FIELD_NUMBER: _ClassVar[int]
    MEMBERSHIP_FIELD_NUMBER: _ClassVar[int]
    MERCHANT_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_MINOR_FIELD_NUMBER: _ClassVar[int]
    CAPTURED_MINOR_FIELD_NUMBER: _ClassVar[int]
    REFUNDED_MINOR_FIELD_NUMBER: _ClassVar[int]
    REIMBURSEMENT_MINOR_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_FIELD_NUMBER: _ClassVar[int]
    hold: int
    membership: _common_pb2.MembershipRef
    merchant: str
    amount_minor: int
    captured_minor: int
    refunded_minor: int
    reimbursement_minor: int
    state: HoldState
    expires_at: _timestamp_pb2.Timestamp
    reference: str
    agreement: int
    def __init__(self, hold: _Optional[int] = ..., membership: _Optional[_Union[_common_pb2.MembershipRef, _Mapping]] = ..., merchant: _Optional[str] = ..., amount_minor: _Optional[int] = ..., captured_minor: _Optional[int] = ..., refunded_minor: _Optional[int] = ..., reimbursement_minor: _Optional[int] = ..., state: _Optional[_Union[HoldState, str]] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reference: _Optional[str] = ..., agreement: _Optional[int] = ...) -> None: ...

class ListHoldsRequest(_message.Message):
    __slots__ = ("header", "open", "page_size", "after_hold")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    OPEN_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    AFTER_HOLD_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    open: bool
    page_size: int
    after_hold: int
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., open: _Optional[bool] = ..., page_size: _Optional[int] = ..., after_hold: _Optional[int] = ...) -> None: ...

class HoldList(_message.Message):
    __slots__ = ("holds",)
    HOLDS_FIELD_NUMBER: _ClassVar[int]
    holds: _containers.RepeatedCompositeFieldContainer[Hold]
    def __init__(self, holds: _Optional[_Iterable[_Union[Hold, _Mapping]]] = ...) -> None: ...
