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

class Permission(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PERMISSION_UNSPECIFIED: _ClassVar[Permission]
    PERMISSION_DOUBLE_DIP: _ClassVar[Permission]
    PERMISSION_STATE_POINTS: _ClassVar[Permission]
    PERMISSION_ENROL: _ClassVar[Permission]
    PERMISSION_REPORT_ACTIVITIES: _ClassVar[Permission]
    PERMISSION_FUND_PROMOTIONS: _ClassVar[Permission]
    PERMISSION_REDEEM: _ClassVar[Permission]

class AgreementState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    AGREEMENT_STATE_UNSPECIFIED: _ClassVar[AgreementState]
    AGREEMENT_STATE_OFFERED: _ClassVar[AgreementState]
    AGREEMENT_STATE_ACCEPTED: _ClassVar[AgreementState]
    AGREEMENT_STATE_SUSPENDED: _ClassVar[AgreementState]
PERMISSION_UNSPECIFIED: Permission
PERMISSION_DOUBLE_DIP: Permission
PERMISSION_STATE_POINTS: Permission
PERMISSION_ENROL: Permission
PERMISSION_REPORT_ACTIVITIES: Permission
PERMISSION_FUND_PROMOTIONS: Permission
PERMISSION_REDEEM: Permission
AGREEMENT_STATE_UNSPECIFIED: AgreementState
AGREEMENT_STATE_OFFERED: AgreementState
AGREEMENT_STATE_ACCEPTED: AgreementState
AGREEMENT_STATE_SUSPENDED: AgreementState

class RateRange(_message.Message):
    __slots__ = ("lowest", "highest")
    LOWEST_FIELD_NUMBER: _ClassVar[int]
    HIGHEST_FIELD_NUMBER: _ClassVar[int]
    lowest: _common_pb2.Fraction
    highest: _common_pb2.Fraction
    def __init__(self, lowest: _Optional[_Union[_common_pb2.Fraction, _Mapping]] = ..., highest: _Optional[_Union[_common_pb2.Fraction, _Mapping]] = ...) -> None: ...

class AgreementTerms(_message.Message):
    __slots__ = ("programme", "buyer", "price", "operator_fee", "cap_minor", "permissions", "valid_from", "valid_to", "reimbursement_price", "rate_in_range", "cost_out_range")
    PROGRAMME_FIELD_NUMBER: _ClassVar[int]
    BUYER_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FEE_FIELD_NUMBER: _ClassVar[int]
    CAP_MINOR_FIELD_NUMBER: _ClassVar[int]
    PERMISSIONS_FIELD_NUMBER: _ClassVar[int]
    VALID_FROM_FIELD_NUMBER: _ClassVar[int]
    VALID_TO_FIELD_NUMBER: _ClassVar[int]
    REIMBURSEMENT_PRICE_FIELD_NUMBER: _ClassVar[int]
    RATE_IN_RANGE_FIELD_NUMBER: _ClassVar[int]
    COST_OUT_RANGE_FIELD_NUMBER: _ClassVar[int]
    programme: str
    buyer: str
    price: _common_pb2.Fraction
    operator_fee: _common_pb2.Fraction
    cap_minor: int
    permissions: _containers.RepeatedScalarFieldContainer[Permission]
    valid_from: _timestamp_pb2.Timestamp
    valid_to: _timestamp_pb2.Timestamp
    reimbursement_price: _common_pb2.Fraction
    rate_in_range: RateRange
    cost_out_range: RateRange
    def __init__(self, programme: _Optional[str] = ..., buyer: _Optional[str] = ..., price: _Optional[_Union[_common_pb2.Fraction, _Mapping]] = ..., operator_fee: _Optional[_Union[_common_pb2.Fraction, _Mapping]] = ..., cap_minor: _Optional[int] = ..., permissions: _Optional[_Iterable[_Union[Permission, str]]] = ..., valid_from: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., valid_to: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reimbursement_price: _Optional[_Union[_common_pb2.Fraction, _Mapping]] = ..., rate_in_range: _Optional[_Union[RateRange, _Mapping]] = ..., cost_out_range: _Optional[_Union[RateRange, _Mapping]] = ...) -> None: ...

class OfferRequest(_message.Message):
    __slots__ = ("header", "terms")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    TERMS_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    terms: AgreementTerms
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., terms: _Optional[_Union[AgreementTerms, _Mapping]] = ...) -> None: ...

class AcceptRequest(_message.Message):
    __slots__ = ("header", "agreement")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    agreement: int
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., agreement: _Optional[int] = ...) -> None: ...

class SuspendRequest(_message.Message):
    __slots__ = ("header", "agreement", "suspended")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_FIELD_NUMBER: _ClassVar[int]
    SUSPENDED_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    agreement: int
    suspended: bool
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., agreement: _Optional[int] = ..., suspended: _Optional[bool] = ...) -> None: ...

class Agreement(_message.Message):
    __slots__ = ("agreement", "terms", "state", "offered_by", "used_minor")
    AGREEMENT_FIELD_NUMBER: _ClassVar[int]
    TERMS_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    OFFERED_BY_FIELD_NUMBER: _ClassVar[int]
    USED_MINOR_FIELD_NUMBER: _ClassVar[int]
    agreement: int
    terms: AgreementTerms
    state: AgreementState
    offered_by: str
    used_minor: int
    def __init__(self, agreement: _Optional[int] = ..., terms: _Optional[_Union[AgreementTerms, _Mapping]] = ..., state: _Optional[_Union[AgreementState, str]] = ..., offered_by: _Optional[str] = ..., used_minor: _Optional[int] = ...) -> None: ...

class ListAgreementsRequest(_message.Message):
    __slots__ = ("header",)
    HEADER_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ...) -> None: ...

class AgreementList(_message.Message):
    __slots__ = ("agreements",)
    AGREEMENTS_FIELD_NUMBER: _ClassVar[int]
    agreements: _containers.RepeatedCompositeFieldContainer[Agreement]
    def __init__(self, agreements: _Optional[_Iterable[_Union[Agreement, _Mapping]]] = ...) -> None: ...
