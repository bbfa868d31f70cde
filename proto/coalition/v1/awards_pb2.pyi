from coalition.v1 import common_pb2 as _common_pb2
from coalition.v1 import envelope_pb2 as _envelope_pb2
from coalition.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class VoucherState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VOUCHER_STATE_UNSPECIFIED: _ClassVar[VoucherState]
    VOUCHER_STATE_ISSUED: _ClassVar[VoucherState]
    VOUCHER_STATE_USED: _ClassVar[VoucherState]
    VOUCHER_STATE_CANCELLED: _ClassVar[VoucherState]
VOUCHER_STATE_UNSPECIFIED: VoucherState
VOUCHER_STATE_ISSUED: VoucherState
VOUCHER_STATE_USED: VoucherState
VOUCHER_STATE_CANCELLED: VoucherState

class RedeemRequest(_message.Message):
    __slots__ = ("header", "membership", "award", "money", "buy_missing")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    MEMBERSHIP_FIELD_NUMBER: _ClassVar[int]
    AWARD_FIELD_NUMBER: _ClassVar[int]
    MONEY_FIELD_NUMBER: _ClassVar[int]
    BUY_MISSING_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    membership: _common_pb2.MembershipRef
    award: str
    money: _common_pb2.Amount
    buy_missing: bool
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., membership: _Optional[_Union[_common_pb2.MembershipRef, _Mapping]] = ..., award: _Optional[str] = ..., money: _Optional[_Union[_common_pb2.Amount, _Mapping]] = ..., buy_missing: _Optional[bool] = ...) -> None: ...

class CancelVoucherRequest(_message.Message):
    __slots__ = ("header", "voucher")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    VOUCHER_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    voucher: int
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., voucher: _Optional[int] = ...) -> None: ...

class UseVoucherRequest(_message.Message):
    __slots__ = ("header", "voucher")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    VOUCHER_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    voucher: int
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., voucher: _Optional[int] = ...) -> None: ...

class Voucher(_message.Message):
    __slots__ = ("voucher", "membership", "award", "points_minor", "bought_minor", "money", "state", "usable_until", "cancellable_until")
    VOUCHER_FIELD_NUMBER: _ClassVar[int]
    MEMBERSHIP_FIELD_NUMBER: _ClassVar[int]
    AWARD_FIELD_NUMBER: _ClassVar[int]
    POINTS_MINOR_FIELD_NUMBER: _ClassVar[int]
    BOUGHT_MINOR_FIELD_NUMBER: _ClassVar[int]
    MONEY_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    USABLE_UNTIL_FIELD_NUMBER: _ClassVar[int]
    CANCELLABLE_UNTIL_FIELD_NUMBER: _ClassVar[int]
    voucher: int
    membership: _common_pb2.MembershipRef
    award: str
    points_minor: int
    bought_minor: int
    money: _containers.RepeatedCompositeFieldContainer[_common_pb2.Amount]
    state: VoucherState
    usable_until: str
    cancellable_until: str
    def __init__(self, voucher: _Optional[int] = ..., membership: _Optional[_Union[_common_pb2.MembershipRef, _Mapping]] = ..., award: _Optional[str] = ..., points_minor: _Optional[int] = ..., bought_minor: _Optional[int] = ..., money: _Optional[_Iterable[_Union[_common_pb2.Amount, _Mapping]]] = ..., state: _Optional[_Union[VoucherState, str]] = ..., usable_until: _Optional[str] = ..., cancellable_until: _Optional[str] = ...) -> None: ...

class ListAwardsRequest(_message.Message):
    __slots__ = ("header", "membership")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    MEMBERSHIP_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    membership: _common_pb2.MembershipRef
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., membership: _Optional[_Union[_common_pb2.MembershipRef, _Mapping]] = ...) -> None: ...

class AwardPrice(_message.Message):
    __slots__ = ("points_minor", "money")
    POINTS_MINOR_FIELD_NUMBER: _ClassVar[int]
    MONEY_FIELD_NUMBER: _ClassVar[int]
    points_minor: int
    money: _common_pb2.Amount
    def __init__(self, points_minor: _Optional[int] = ..., money: _Optional[_Union[_common_pb2.Amount, _Mapping]] = ...) -> None: ...

class Award(_message.Message):
    __slots__ = ("award", "name", "prices", "left")
    AWARD_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    PRICES_FIELD_NUMBER: _ClassVar[int]
    LEFT_FIELD_NUMBER: _ClassVar[int]
    award: str
    name: str
    prices: _containers.RepeatedCompositeFieldContainer[AwardPrice]
    left: int
    def __init__(self, award: _Optional[str] = ..., name: _Optional[str] = ..., prices: _Optional[_Iterable[_Union[AwardPrice, _Mapping]]] = ..., left: _Optional[int] = ...) -> None: ...

class AwardList(_message.Message):
    __slots__ = ("awards",)
    AWARDS_FIELD_NUMBER: _ClassVar[int]
    awards: _containers.RepeatedCompositeFieldContainer[Award]
    def __init__(self, awards: _Optional[_Iterable[_Union[Award, _Mapping]]] = ...) -> None: ...

class ListVouchersRequest(_message.Message):
    __slots__ = ("header", "membership")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    MEMBERSHIP_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    membership: _common_pb2.MembershipRef
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., membership: _Optional[_Union[_common_pb2.MembershipRef, _Mapping]] = ...) -> None: ...

class VoucherList(_message.Message):
    __slots__ = ("vouchers",)
    VOUCHERS_FIELD_NUMBER: _ClassVar[int]
    vouchers: _containers.RepeatedCompositeFieldContainer[Voucher]
    def __init__(self, vouchers: _Optional[_Iterable[_Union[Voucher, _Mapping]]] = ...) -> None: ...
