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

class RateState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RATE_STATE_UNSPECIFIED: _ClassVar[RateState]
    RATE_STATE_PROPOSED: _ClassVar[RateState]
    RATE_STATE_APPROVED: _ClassVar[RateState]
RATE_STATE_UNSPECIFIED: RateState
RATE_STATE_PROPOSED: RateState
RATE_STATE_APPROVED: RateState

class RateTerms(_message.Message):
    __slots__ = ("programme", "rate_in", "cost_out", "fee", "spread")
    PROGRAMME_FIELD_NUMBER: _ClassVar[int]
    RATE_IN_FIELD_NUMBER: _ClassVar[int]
    COST_OUT_FIELD_NUMBER: _ClassVar[int]
    FEE_FIELD_NUMBER: _ClassVar[int]
    SPREAD_FIELD_NUMBER: _ClassVar[int]
    programme: str
    rate_in: _common_pb2.Fraction
    cost_out: _common_pb2.Fraction
    fee: _common_pb2.Fraction
    spread: _common_pb2.Fraction
    def __init__(self, programme: _Optional[str] = ..., rate_in: _Optional[_Union[_common_pb2.Fraction, _Mapping]] = ..., cost_out: _Optional[_Union[_common_pb2.Fraction, _Mapping]] = ..., fee: _Optional[_Union[_common_pb2.Fraction, _Mapping]] = ..., spread: _Optional[_Union[_common_pb2.Fraction, _Mapping]] = ...) -> None: ...

class ProposeRateRequest(_message.Message):
    __slots__ = ("header", "terms", "effective_from", "reason")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    TERMS_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_FROM_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    terms: RateTerms
    effective_from: _timestamp_pb2.Timestamp
    reason: str
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., terms: _Optional[_Union[RateTerms, _Mapping]] = ..., effective_from: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reason: _Optional[str] = ...) -> None: ...

class ApproveRateRequest(_message.Message):
    __slots__ = ("header", "proposal")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    PROPOSAL_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    proposal: int
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., proposal: _Optional[int] = ...) -> None: ...

class Rate(_message.Message):
    __slots__ = ("proposal", "version", "terms", "effective_from", "state", "proposed_by", "approved_by", "reason")
    PROPOSAL_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    TERMS_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_FROM_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    PROPOSED_BY_FIELD_NUMBER: _ClassVar[int]
    APPROVED_BY_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    proposal: int
    version: int
    terms: RateTerms
    effective_from: _timestamp_pb2.Timestamp
    state: RateState
    proposed_by: str
    approved_by: str
    reason: str
    def __init__(self, proposal: _Optional[int] = ..., version: _Optional[int] = ..., terms: _Optional[_Union[RateTerms, _Mapping]] = ..., effective_from: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., state: _Optional[_Union[RateState, str]] = ..., proposed_by: _Optional[str] = ..., approved_by: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class ListRatesRequest(_message.Message):
    __slots__ = ("header", "programme", "as_of")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    PROGRAMME_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    programme: str
    as_of: _timestamp_pb2.Timestamp
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., programme: _Optional[str] = ..., as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class RateBook(_message.Message):
    __slots__ = ("rates",)
    RATES_FIELD_NUMBER: _ClassVar[int]
    rates: _containers.RepeatedCompositeFieldContainer[Rate]
    def __init__(self, rates: _Optional[_Iterable[_Union[Rate, _Mapping]]] = ...) -> None: ...
