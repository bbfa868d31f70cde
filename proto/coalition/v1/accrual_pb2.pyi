import datetime

from coalition.v1 import common_pb2 as _common_pb2
from coalition.v1 import envelope_pb2 as _envelope_pb2
from coalition.v1 import options_pb2 as _options_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AccrueRequest(_message.Message):
    __slots__ = ("header", "accrual")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    ACCRUAL_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    accrual: AccrualItem
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., accrual: _Optional[_Union[AccrualItem, _Mapping]] = ...) -> None: ...

class AccrueBatchRequest(_message.Message):
    __slots__ = ("header", "items")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    items: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., items: _Optional[_Iterable[bytes]] = ...) -> None: ...

class AccrualItem(_message.Message):
    __slots__ = ("request_id", "membership", "activity", "stated")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    MEMBERSHIP_FIELD_NUMBER: _ClassVar[int]
    ACTIVITY_FIELD_NUMBER: _ClassVar[int]
    STATED_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    membership: _common_pb2.MembershipRef
    activity: Activity
    stated: _containers.RepeatedCompositeFieldContainer[StatedLeg]
    def __init__(self, request_id: _Optional[str] = ..., membership: _Optional[_Union[_common_pb2.MembershipRef, _Mapping]] = ..., activity: _Optional[_Union[Activity, _Mapping]] = ..., stated: _Optional[_Iterable[_Union[StatedLeg, _Mapping]]] = ...) -> None: ...

class Activity(_message.Message):
    __slots__ = ("key", "started_at", "ended_at", "spend", "quantities")
    KEY_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    ENDED_AT_FIELD_NUMBER: _ClassVar[int]
    SPEND_FIELD_NUMBER: _ClassVar[int]
    QUANTITIES_FIELD_NUMBER: _ClassVar[int]
    key: _common_pb2.ActivityKey
    started_at: _timestamp_pb2.Timestamp
    ended_at: _timestamp_pb2.Timestamp
    spend: _containers.RepeatedCompositeFieldContainer[Spend]
    quantities: _containers.RepeatedCompositeFieldContainer[Quantity]
    def __init__(self, key: _Optional[_Union[_common_pb2.ActivityKey, _Mapping]] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., ended_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., spend: _Optional[_Iterable[_Union[Spend, _Mapping]]] = ..., quantities: _Optional[_Iterable[_Union[Quantity, _Mapping]]] = ...) -> None: ...

class Spend(_message.Message):
    __slots__ = ("category", "amount")
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    category: str
    amount: _common_pb2.Amount
    def __init__(self, category: _Optional[str] = ..., amount: _Optional[_Union[_common_pb2.Amount, _Mapping]] = ...) -> None: ...

class Quantity(_message.Message):
    __slots__ = ("unit", "count")
    UNIT_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    unit: str
    count: int
    def __init__(self, unit: _Optional[str] = ..., count: _Optional[int] = ...) -> None: ...

class StatedLeg(_message.Message):
    __slots__ = ("programme", "reason", "points_minor")
    PROGRAMME_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    POINTS_MINOR_FIELD_NUMBER: _ClassVar[int]
    programme: str
    reason: str
    points_minor: int
    def __init__(self, programme: _Optional[str] = ..., reason: _Optional[str] = ..., points_minor: _Optional[int] = ...) -> None: ...

class AccrualResult(_message.Message):
    __slots__ = ("legs", "skipped")
    LEGS_FIELD_NUMBER: _ClassVar[int]
    SKIPPED_FIELD_NUMBER: _ClassVar[int]
    legs: _containers.RepeatedCompositeFieldContainer[Leg]
    skipped: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, legs: _Optional[_Iterable[_Union[Leg, _Mapping]]] = ..., skipped: _Optional[_Iterable[str]] = ...) -> None: ...

class Leg(_message.Message):
    __slots__ = ("programme", "currency", "reason", "points_minor", "funder", "price", "owed_minor", "fee_minor", "rule", "terms")
    PROGRAMME_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    POINTS_MINOR_FIELD_NUMBER: _ClassVar[int]
    FUNDER_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    OWED_MINOR_FIELD_NUMBER: _ClassVar[int]
    FEE_MINOR_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    TERMS_FIELD_NUMBER: _ClassVar[int]
    programme: str
    currency: str
    reason: str
    points_minor: int
    funder: str
    price: _common_pb2.Fraction
    owed_minor: int
    fee_minor: int
    rule: str
    terms: int
    def __init__(self, programme: _Optional[str] = ..., currency: _Optional[str] = ..., reason: _Optional[str] = ..., points_minor: _Optional[int] = ..., funder: _Optional[str] = ..., price: _Optional[_Union[_common_pb2.Fraction, _Mapping]] = ..., owed_minor: _Optional[int] = ..., fee_minor: _Optional[int] = ..., rule: _Optional[str] = ..., terms: _Optional[int] = ...) -> None: ...

class ReverseRequest(_message.Message):
    __slots__ = ("header", "activity", "reason")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    ACTIVITY_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    activity: _common_pb2.ActivityKey
    reason: str
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., activity: _Optional[_Union[_common_pb2.ActivityKey, _Mapping]] = ..., reason: _Optional[str] = ...) -> None: ...

class ReversalResult(_message.Message):
    __slots__ = ("reversed_number", "legs")
    REVERSED_NUMBER_FIELD_NUMBER: _ClassVar[int]
    LEGS_FIELD_NUMBER: _ClassVar[int]
    reversed_number: int
    legs: _containers.RepeatedCompositeFieldContainer[Leg]
    def __init__(self, reversed_number: _Optional[int] = ..., legs: _Optional[_Iterable[_Union[Leg, _Mapping]]] = ...) -> None: ...
