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

class QuoteRequest(_message.Message):
    __slots__ = ("header", "source", "target", "amount_minor", "authorization", "min_out_minor", "offer")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_MINOR_FIELD_NUMBER: _ClassVar[int]
    AUTHORIZATION_FIELD_NUMBER: _ClassVar[int]
    MIN_OUT_MINOR_FIELD_NUMBER: _ClassVar[int]
    OFFER_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    source: _common_pb2.MembershipRef
    target: _common_pb2.MembershipRef
    amount_minor: int
    authorization: int
    min_out_minor: int
    offer: str
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., source: _Optional[_Union[_common_pb2.MembershipRef, _Mapping]] = ..., target: _Optional[_Union[_common_pb2.MembershipRef, _Mapping]] = ..., amount_minor: _Optional[int] = ..., authorization: _Optional[int] = ..., min_out_minor: _Optional[int] = ..., offer: _Optional[str] = ...) -> None: ...

class BonusPart(_message.Message):
    __slots__ = ("funder", "target_minor", "value_minor")
    FUNDER_FIELD_NUMBER: _ClassVar[int]
    TARGET_MINOR_FIELD_NUMBER: _ClassVar[int]
    VALUE_MINOR_FIELD_NUMBER: _ClassVar[int]
    funder: str
    target_minor: int
    value_minor: int
    def __init__(self, funder: _Optional[str] = ..., target_minor: _Optional[int] = ..., value_minor: _Optional[int] = ...) -> None: ...

class ConversionTerms(_message.Message):
    __slots__ = ("quote", "source", "target", "source_minor", "target_minor", "shared_minor", "fee_minor", "spread_minor", "value_minor", "rounding_minor", "source_rate", "target_rate", "expires_at", "offer", "bonuses", "shortfall_minor", "shortfall_funder", "money_fee", "money_fee_shared_minor", "remainder", "steps", "conversion", "delivery_deadline")
    QUOTE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    SOURCE_MINOR_FIELD_NUMBER: _ClassVar[int]
    TARGET_MINOR_FIELD_NUMBER: _ClassVar[int]
    SHARED_MINOR_FIELD_NUMBER: _ClassVar[int]
    FEE_MINOR_FIELD_NUMBER: _ClassVar[int]
    SPREAD_MINOR_FIELD_NUMBER: _ClassVar[int]
    VALUE_MINOR_FIELD_NUMBER: _ClassVar[int]
    ROUNDING_MINOR_FIELD_NUMBER: _ClassVar[int]
    SOURCE_RATE_FIELD_NUMBER: _ClassVar[int]
    TARGET_RATE_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    OFFER_FIELD_NUMBER: _ClassVar[int]
    BONUSES_FIELD_NUMBER: _ClassVar[int]
    SHORTFALL_MINOR_FIELD_NUMBER: _ClassVar[int]
    SHORTFALL_FUNDER_FIELD_NUMBER: _ClassVar[int]
    MONEY_FEE_FIELD_NUMBER: _ClassVar[int]
    MONEY_FEE_SHARED_MINOR_FIELD_NUMBER: _ClassVar[int]
    REMAINDER_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    CONVERSION_FIELD_NUMBER: _ClassVar[int]
    DELIVERY_DEADLINE_FIELD_NUMBER: _ClassVar[int]
    quote: int
    source: _common_pb2.MembershipRef
    target: _common_pb2.MembershipRef
    source_minor: int
    target_minor: int
    shared_minor: int
    fee_minor: int
    spread_minor: int
    value_minor: int
    rounding_minor: int
    source_rate: int
    target_rate: int
    expires_at: _timestamp_pb2.Timestamp
    offer: str
    bonuses: _containers.RepeatedCompositeFieldContainer[BonusPart]
    shortfall_minor: int
    shortfall_funder: str
    money_fee: _common_pb2.Amount
    money_fee_shared_minor: int
    remainder: _common_pb2.Fraction
    steps: _containers.RepeatedScalarFieldContainer[str]
    conversion: int
    delivery_deadline: _timestamp_pb2.Timestamp
    def __init__(self, quote: _Optional[int] = ..., source: _Optional[_Union[_common_pb2.MembershipRef, _Mapping]] = ..., target: _Optional[_Union[_common_pb2.MembershipRef, _Mapping]] = ..., source_minor: _Optional[int] = ..., target_minor: _Optional[int] = ..., shared_minor: _Optional[int] = ..., fee_minor: _Optional[int] = ..., spread_minor: _Optional[int] = ..., value_minor: _Optional[int] = ..., rounding_minor: _Optional[int] = ..., source_rate: _Optional[int] = ..., target_rate: _Optional[int] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., offer: _Optional[str] = ..., bonuses: _Optional[_Iterable[_Union[BonusPart, _Mapping]]] = ..., shortfall_minor: _Optional[int] = ..., shortfall_funder: _Optional[str] = ..., money_fee: _Optional[_Union[_common_pb2.Amount, _Mapping]] = ..., money_fee_shared_minor: _Optional[int] = ..., remainder: _Optional[_Union[_common_pb2.Fraction, _Mapping]] = ..., steps: _Optional[_Iterable[str]] = ..., conversion: _Optional[int] = ..., delivery_deadline: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ConvertRequest(_message.Message):
    __slots__ = ("header", "quote", "source_hold")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    QUOTE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_HOLD_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    quote: int
    source_hold: str
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., quote: _Optional[int] = ..., source_hold: _Optional[str] = ...) -> None: ...

class AuthorizeDebitRequest(_message.Message):
    __slots__ = ("header", "source", "grantee", "target", "amount_minor", "expires_at", "source_hold")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    GRANTEE_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_MINOR_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    SOURCE_HOLD_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    source: _common_pb2.MembershipRef
    grantee: str
    target: _common_pb2.MembershipRef
    amount_minor: int
    expires_at: _timestamp_pb2.Timestamp
    source_hold: str
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., source: _Optional[_Union[_common_pb2.MembershipRef, _Mapping]] = ..., grantee: _Optional[str] = ..., target: _Optional[_Union[_common_pb2.MembershipRef, _Mapping]] = ..., amount_minor: _Optional[int] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., source_hold: _Optional[str] = ...) -> None: ...

class AuthorizeDebitResult(_message.Message):
    __slots__ = ("authorization",)
    AUTHORIZATION_FIELD_NUMBER: _ClassVar[int]
    authorization: int
    def __init__(self, authorization: _Optional[int] = ...) -> None: ...

class BlockRequest(_message.Message):
    __slots__ = ("header", "membership", "participant", "blocked", "reason")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    MEMBERSHIP_FIELD_NUMBER: _ClassVar[int]
    PARTICIPANT_FIELD_NUMBER: _ClassVar[int]
    BLOCKED_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    membership: _common_pb2.MembershipRef
    participant: str
    blocked: bool
    reason: str
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., membership: _Optional[_Union[_common_pb2.MembershipRef, _Mapping]] = ..., participant: _Optional[str] = ..., blocked: _Optional[bool] = ..., reason: _Optional[str] = ...) -> None: ...

class BlockResult(_message.Message):
    __slots__ = ("number", "blocked")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    BLOCKED_FIELD_NUMBER: _ClassVar[int]
    number: int
    blocked: bool
    def __init__(self, number: _Optional[int] = ..., blocked: _Optional[bool] = ...) -> None: ...
