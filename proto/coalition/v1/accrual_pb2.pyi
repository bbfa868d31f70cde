import datetime

from coalition.v1 import common_pb2 as _common_pb2
from coalition.v1 import envelope_pb2 as _envelope_pb2
from coalition.v1 import errors_pb2 as _errors_pb2
from coalition.v1 import members_pb2 as _members_pb2
from coalition.v1 import options_pb2 as _options_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ClaimState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CLAIM_STATE_UNSPECIFIED: _ClassVar[ClaimState]
    CLAIM_STATE_RECORDED: _ClassVar[ClaimState]
    CLAIM_STATE_REFUSED: _ClassVar[ClaimState]
    CLAIM_STATE_NEVER_RECEIVED: _ClassVar[ClaimState]
CLAIM_STATE_UNSPECIFIED: ClaimState
CLAIM_STATE_RECORDED: ClaimState
CLAIM_STATE_REFUSED: ClaimState
CLAIM_STATE_NEVER_RECEIVED: ClaimState

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
    __slots__ = ("key", "started_at", "ended_at", "spend", "quantities", "attributes")
    KEY_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    ENDED_AT_FIELD_NUMBER: _ClassVar[int]
    SPEND_FIELD_NUMBER: _ClassVar[int]
    QUANTITIES_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    key: _common_pb2.ActivityKey
    started_at: _timestamp_pb2.Timestamp
    ended_at: _timestamp_pb2.Timestamp
    spend: _containers.RepeatedCompositeFieldContainer[Spend]
    quantities: _containers.RepeatedCompositeFieldContainer[Quantity]
    attributes: _containers.RepeatedCompositeFieldContainer[Attribute]
    def __init__(self, key: _Optional[_Union[_common_pb2.ActivityKey, _Mapping]] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., ended_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., spend: _Optional[_Iterable[_Union[Spend, _Mapping]]] = ..., quantities: _Optional[_Iterable[_Union[Quantity, _Mapping]]] = ..., attributes: _Optional[_Iterable[_Union[Attribute, _Mapping]]] = ...) -> None: ...

class Attribute(_message.Message):
    __slots__ = ("name", "value")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: str
    def __init__(self, name: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...

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
    __slots__ = ("legs", "skipped", "tiers", "vouchers", "invitation")
    LEGS_FIELD_NUMBER: _ClassVar[int]
    SKIPPED_FIELD_NUMBER: _ClassVar[int]
    TIERS_FIELD_NUMBER: _ClassVar[int]
    VOUCHERS_FIELD_NUMBER: _ClassVar[int]
    INVITATION_FIELD_NUMBER: _ClassVar[int]
    legs: _containers.RepeatedCompositeFieldContainer[Leg]
    skipped: _containers.RepeatedScalarFieldContainer[str]
    tiers: _containers.RepeatedCompositeFieldContainer[_members_pb2.TierTerm]
    vouchers: _containers.RepeatedScalarFieldContainer[int]
    invitation: int
    def __init__(self, legs: _Optional[_Iterable[_Union[Leg, _Mapping]]] = ..., skipped: _Optional[_Iterable[str]] = ..., tiers: _Optional[_Iterable[_Union[_members_pb2.TierTerm, _Mapping]]] = ..., vouchers: _Optional[_Iterable[int]] = ..., invitation: _Optional[int] = ...) -> None: ...

class Leg(_message.Message):
    __slots__ = ("programme", "currency", "reason", "points_minor", "funder", "price", "owed_minor", "fee_minor", "rule", "terms", "available_at", "because", "version")
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
    AVAILABLE_AT_FIELD_NUMBER: _ClassVar[int]
    BECAUSE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
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
    available_at: _timestamp_pb2.Timestamp
    because: str
    version: int
    def __init__(self, programme: _Optional[str] = ..., currency: _Optional[str] = ..., reason: _Optional[str] = ..., points_minor: _Optional[int] = ..., funder: _Optional[str] = ..., price: _Optional[_Union[_common_pb2.Fraction, _Mapping]] = ..., owed_minor: _Optional[int] = ..., fee_minor: _Optional[int] = ..., rule: _Optional[str] = ..., terms: _Optional[int] = ..., available_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., because: _Optional[str] = ..., version: _Optional[int] = ...) -> None: ...

class ReverseRequest(_message.Message):
    __slots__ = ("header", "activity", "reason", "part")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    ACTIVITY_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    PART_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    activity: _common_pb2.ActivityKey
    reason: str
    part: _common_pb2.Fraction
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., activity: _Optional[_Union[_common_pb2.ActivityKey, _Mapping]] = ..., reason: _Optional[str] = ..., part: _Optional[_Union[_common_pb2.Fraction, _Mapping]] = ...) -> None: ...

class ReversalResult(_message.Message):
    __slots__ = ("reversed_number", "legs", "reversed", "tiers", "followed")
    REVERSED_NUMBER_FIELD_NUMBER: _ClassVar[int]
    LEGS_FIELD_NUMBER: _ClassVar[int]
    REVERSED_FIELD_NUMBER: _ClassVar[int]
    TIERS_FIELD_NUMBER: _ClassVar[int]
    FOLLOWED_FIELD_NUMBER: _ClassVar[int]
    reversed_number: int
    legs: _containers.RepeatedCompositeFieldContainer[Leg]
    reversed: _common_pb2.Fraction
    tiers: _containers.RepeatedCompositeFieldContainer[_members_pb2.TierTerm]
    followed: _containers.RepeatedCompositeFieldContainer[FollowedConversion]
    def __init__(self, reversed_number: _Optional[int] = ..., legs: _Optional[_Iterable[_Union[Leg, _Mapping]]] = ..., reversed: _Optional[_Union[_common_pb2.Fraction, _Mapping]] = ..., tiers: _Optional[_Iterable[_Union[_members_pb2.TierTerm, _Mapping]]] = ..., followed: _Optional[_Iterable[_Union[FollowedConversion, _Mapping]]] = ...) -> None: ...

class FollowedConversion(_message.Message):
    __slots__ = ("conversion", "source_programme", "target_programme", "source_minor", "target_minor")
    CONVERSION_FIELD_NUMBER: _ClassVar[int]
    SOURCE_PROGRAMME_FIELD_NUMBER: _ClassVar[int]
    TARGET_PROGRAMME_FIELD_NUMBER: _ClassVar[int]
    SOURCE_MINOR_FIELD_NUMBER: _ClassVar[int]
    TARGET_MINOR_FIELD_NUMBER: _ClassVar[int]
    conversion: int
    source_programme: str
    target_programme: str
    source_minor: int
    target_minor: int
    def __init__(self, conversion: _Optional[int] = ..., source_programme: _Optional[str] = ..., target_programme: _Optional[str] = ..., source_minor: _Optional[int] = ..., target_minor: _Optional[int] = ...) -> None: ...

class SimulateRequest(_message.Message):
    __slots__ = ("header", "accrual")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    ACCRUAL_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    accrual: AccrualItem
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., accrual: _Optional[_Union[AccrualItem, _Mapping]] = ...) -> None: ...

class SimulateResult(_message.Message):
    __slots__ = ("result", "reason", "message", "passed_over")
    RESULT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    PASSED_OVER_FIELD_NUMBER: _ClassVar[int]
    result: AccrualResult
    reason: _errors_pb2.Reason
    message: str
    passed_over: _containers.RepeatedCompositeFieldContainer[PassedOver]
    def __init__(self, result: _Optional[_Union[AccrualResult, _Mapping]] = ..., reason: _Optional[_Union[_errors_pb2.Reason, str]] = ..., message: _Optional[str] = ..., passed_over: _Optional[_Iterable[_Union[PassedOver, _Mapping]]] = ...) -> None: ...

class PassedOver(_message.Message):
    __slots__ = ("rule", "because")
    RULE_FIELD_NUMBER: _ClassVar[int]
    BECAUSE_FIELD_NUMBER: _ClassVar[int]
    rule: str
    because: str
    def __init__(self, rule: _Optional[str] = ..., because: _Optional[str] = ...) -> None: ...

class ClaimRequest(_message.Message):
    __slots__ = ("header", "activity")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    ACTIVITY_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    activity: _common_pb2.ActivityKey
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., activity: _Optional[_Union[_common_pb2.ActivityKey, _Mapping]] = ...) -> None: ...

class ClaimResult(_message.Message):
    __slots__ = ("state", "number", "decided_at", "reversed", "answer", "reason", "message")
    STATE_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    DECIDED_AT_FIELD_NUMBER: _ClassVar[int]
    REVERSED_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    state: ClaimState
    number: int
    decided_at: _timestamp_pb2.Timestamp
    reversed: _common_pb2.Fraction
    answer: _envelope_pb2.Envelope
    reason: _errors_pb2.Reason
    message: str
    def __init__(self, state: _Optional[_Union[ClaimState, str]] = ..., number: _Optional[int] = ..., decided_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reversed: _Optional[_Union[_common_pb2.Fraction, _Mapping]] = ..., answer: _Optional[_Union[_envelope_pb2.Envelope, _Mapping]] = ..., reason: _Optional[_Union[_errors_pb2.Reason, str]] = ..., message: _Optional[str] = ...) -> None: ...
