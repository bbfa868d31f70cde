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

class MembershipState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MEMBERSHIP_STATE_UNSPECIFIED: _ClassVar[MembershipState]
    MEMBERSHIP_STATE_ACTIVE: _ClassVar[MembershipState]
    MEMBERSHIP_STATE_BLOCKED: _ClassVar[MembershipState]
    MEMBERSHIP_STATE_CLOSED: _ClassVar[MembershipState]
MEMBERSHIP_STATE_UNSPECIFIED: MembershipState
MEMBERSHIP_STATE_ACTIVE: MembershipState
MEMBERSHIP_STATE_BLOCKED: MembershipState
MEMBERSHIP_STATE_CLOSED: MembershipState

class EnrolRequest(_message.Message):
    __slots__ = ("header", "membership", "tier", "choice", "same_member_as")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    MEMBERSHIP_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    CHOICE_FIELD_NUMBER: _ClassVar[int]
    SAME_MEMBER_AS_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    membership: _common_pb2.MembershipRef
    tier: str
    choice: str
    same_member_as: _common_pb2.MembershipRef
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., membership: _Optional[_Union[_common_pb2.MembershipRef, _Mapping]] = ..., tier: _Optional[str] = ..., choice: _Optional[str] = ..., same_member_as: _Optional[_Union[_common_pb2.MembershipRef, _Mapping]] = ...) -> None: ...

class EnrolResult(_message.Message):
    __slots__ = ("member_id",)
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    member_id: int
    def __init__(self, member_id: _Optional[int] = ...) -> None: ...

class UpdateMembershipRequest(_message.Message):
    __slots__ = ("header", "membership", "tier", "choice", "state")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    MEMBERSHIP_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    CHOICE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    membership: _common_pb2.MembershipRef
    tier: str
    choice: str
    state: MembershipState
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., membership: _Optional[_Union[_common_pb2.MembershipRef, _Mapping]] = ..., tier: _Optional[str] = ..., choice: _Optional[str] = ..., state: _Optional[_Union[MembershipState, str]] = ...) -> None: ...

class UpdateMembershipResult(_message.Message):
    __slots__ = ("membership",)
    MEMBERSHIP_FIELD_NUMBER: _ClassVar[int]
    membership: Membership
    def __init__(self, membership: _Optional[_Union[Membership, _Mapping]] = ...) -> None: ...

class CreateLinkCodeRequest(_message.Message):
    __slots__ = ("header", "membership", "other")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    MEMBERSHIP_FIELD_NUMBER: _ClassVar[int]
    OTHER_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    membership: _common_pb2.MembershipRef
    other: _common_pb2.MembershipRef
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., membership: _Optional[_Union[_common_pb2.MembershipRef, _Mapping]] = ..., other: _Optional[_Union[_common_pb2.MembershipRef, _Mapping]] = ...) -> None: ...

class CreateLinkCodeResult(_message.Message):
    __slots__ = ("code", "expires_at")
    CODE_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    code: str
    expires_at: _timestamp_pb2.Timestamp
    def __init__(self, code: _Optional[str] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class LinkRequest(_message.Message):
    __slots__ = ("header", "membership", "other_programme", "code")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    MEMBERSHIP_FIELD_NUMBER: _ClassVar[int]
    OTHER_PROGRAMME_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    membership: _common_pb2.MembershipRef
    other_programme: str
    code: str
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., membership: _Optional[_Union[_common_pb2.MembershipRef, _Mapping]] = ..., other_programme: _Optional[str] = ..., code: _Optional[str] = ...) -> None: ...

class LinkResult(_message.Message):
    __slots__ = ("membership", "other")
    MEMBERSHIP_FIELD_NUMBER: _ClassVar[int]
    OTHER_FIELD_NUMBER: _ClassVar[int]
    membership: _common_pb2.MembershipRef
    other: _common_pb2.MembershipRef
    def __init__(self, membership: _Optional[_Union[_common_pb2.MembershipRef, _Mapping]] = ..., other: _Optional[_Union[_common_pb2.MembershipRef, _Mapping]] = ...) -> None: ...

class UnlinkRequest(_message.Message):
    __slots__ = ("header", "membership", "other")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    MEMBERSHIP_FIELD_NUMBER: _ClassVar[int]
    OTHER_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    membership: _common_pb2.MembershipRef
    other: _common_pb2.MembershipRef
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., membership: _Optional[_Union[_common_pb2.MembershipRef, _Mapping]] = ..., other: _Optional[_Union[_common_pb2.MembershipRef, _Mapping]] = ...) -> None: ...

class LookUpRequest(_message.Message):
    __slots__ = ("header", "membership")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    MEMBERSHIP_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    membership: _common_pb2.MembershipRef
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., membership: _Optional[_Union[_common_pb2.MembershipRef, _Mapping]] = ...) -> None: ...

class Membership(_message.Message):
    __slots__ = ("membership", "member_id", "tier", "choice", "state", "linked")
    MEMBERSHIP_FIELD_NUMBER: _ClassVar[int]
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    CHOICE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    LINKED_FIELD_NUMBER: _ClassVar[int]
    membership: _common_pb2.MembershipRef
    member_id: int
    tier: str
    choice: str
    state: MembershipState
    linked: _containers.RepeatedCompositeFieldContainer[_common_pb2.MembershipRef]
    def __init__(self, membership: _Optional[_Union[_common_pb2.MembershipRef, _Mapping]] = ..., member_id: _Optional[int] = ..., tier: _Optional[str] = ..., choice: _Optional[str] = ..., state: _Optional[_Union[MembershipState, str]] = ..., linked: _Optional[_Iterable[_Union[_common_pb2.MembershipRef, _Mapping]]] = ...) -> None: ...

class GetBalancesRequest(_message.Message):
    __slots__ = ("header", "membership")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    MEMBERSHIP_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    membership: _common_pb2.MembershipRef
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., membership: _Optional[_Union[_common_pb2.MembershipRef, _Mapping]] = ...) -> None: ...

class Balances(_message.Message):
    __slots__ = ("balances", "as_of_number")
    BALANCES_FIELD_NUMBER: _ClassVar[int]
    AS_OF_NUMBER_FIELD_NUMBER: _ClassVar[int]
    balances: _containers.RepeatedCompositeFieldContainer[Balance]
    as_of_number: int
    def __init__(self, balances: _Optional[_Iterable[_Union[Balance, _Mapping]]] = ..., as_of_number: _Optional[int] = ...) -> None: ...

class Balance(_message.Message):
    __slots__ = ("currency", "balance_minor", "credited_minor", "debited_minor", "held_minor")
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    BALANCE_MINOR_FIELD_NUMBER: _ClassVar[int]
    CREDITED_MINOR_FIELD_NUMBER: _ClassVar[int]
    DEBITED_MINOR_FIELD_NUMBER: _ClassVar[int]
    HELD_MINOR_FIELD_NUMBER: _ClassVar[int]
    currency: str
    balance_minor: int
    credited_minor: int
    debited_minor: int
    held_minor: int
    def __init__(self, currency: _Optional[str] = ..., balance_minor: _Optional[int] = ..., credited_minor: _Optional[int] = ..., debited_minor: _Optional[int] = ..., held_minor: _Optional[int] = ...) -> None: ...

class ListActivityRequest(_message.Message):
    __slots__ = ("header", "membership", "page_size", "page_token")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    MEMBERSHIP_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    membership: _common_pb2.MembershipRef
    page_size: int
    page_token: str
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., membership: _Optional[_Union[_common_pb2.MembershipRef, _Mapping]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ActivityPage(_message.Message):
    __slots__ = ("movements", "next_page_token")
    MOVEMENTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    movements: _containers.RepeatedCompositeFieldContainer[Movement]
    next_page_token: str
    def __init__(self, movements: _Optional[_Iterable[_Union[Movement, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class Movement(_message.Message):
    __slots__ = ("number", "accepted_at", "entry_kind", "line_kind", "currency", "amount_minor", "funder", "rule", "activity")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_AT_FIELD_NUMBER: _ClassVar[int]
    ENTRY_KIND_FIELD_NUMBER: _ClassVar[int]
    LINE_KIND_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_MINOR_FIELD_NUMBER: _ClassVar[int]
    FUNDER_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    ACTIVITY_FIELD_NUMBER: _ClassVar[int]
    number: int
    accepted_at: _timestamp_pb2.Timestamp
    entry_kind: str
    line_kind: str
    currency: str
    amount_minor: int
    funder: str
    rule: str
    activity: _common_pb2.ActivityKey
    def __init__(self, number: _Optional[int] = ..., accepted_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., entry_kind: _Optional[str] = ..., line_kind: _Optional[str] = ..., currency: _Optional[str] = ..., amount_minor: _Optional[int] = ..., funder: _Optional[str] = ..., rule: _Optional[str] = ..., activity: _Optional[_Union[_common_pb2.ActivityKey, _Mapping]] = ...) -> None: ...
