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
    MEMBERSHIP_STATE_MERGED: _ClassVar[MembershipState]
    MEMBERSHIP_STATE_CARRIED_OVER: _ClassVar[MembershipState]
    MEMBERSHIP_STATE_ERASED: _ClassVar[MembershipState]

class TierSource(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TIER_SOURCE_UNSPECIFIED: _ClassVar[TierSource]
    TIER_SOURCE_JOINED: _ClassVar[TierSource]
    TIER_SOURCE_DECIDED: _ClassVar[TierSource]
    TIER_SOURCE_REACHED: _ClassVar[TierSource]
    TIER_SOURCE_LIFETIME: _ClassVar[TierSource]
    TIER_SOURCE_PURCHASED: _ClassVar[TierSource]
    TIER_SOURCE_INVITED: _ClassVar[TierSource]
    TIER_SOURCE_MATCHED: _ClassVar[TierSource]
    TIER_SOURCE_CARRIED_OVER: _ClassVar[TierSource]
    TIER_SOURCE_LAPSED: _ClassVar[TierSource]
    TIER_SOURCE_RELEGATED: _ClassVar[TierSource]
    TIER_SOURCE_TAKEN_BACK: _ClassVar[TierSource]

class TierWay(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TIER_WAY_UNSPECIFIED: _ClassVar[TierWay]
    TIER_WAY_PURCHASE: _ClassVar[TierWay]
    TIER_WAY_INVITATION: _ClassVar[TierWay]
    TIER_WAY_MATCH: _ClassVar[TierWay]
    TIER_WAY_CARRIED_OVER: _ClassVar[TierWay]
MEMBERSHIP_STATE_UNSPECIFIED: MembershipState
MEMBERSHIP_STATE_ACTIVE: MembershipState
MEMBERSHIP_STATE_BLOCKED: MembershipState
MEMBERSHIP_STATE_CLOSED: MembershipState
MEMBERSHIP_STATE_MERGED: MembershipState
MEMBERSHIP_STATE_CARRIED_OVER: MembershipState
MEMBERSHIP_STATE_ERASED: MembershipState
TIER_SOURCE_UNSPECIFIED: TierSource
TIER_SOURCE_JOINED: TierSource
TIER_SOURCE_DECIDED: TierSource
TIER_SOURCE_REACHED: TierSource
TIER_SOURCE_LIFETIME: TierSource
TIER_SOURCE_PURCHASED: TierSource
TIER_SOURCE_INVITED: TierSource
TIER_SOURCE_MATCHED: TierSource
TIER_SOURCE_CARRIED_OVER: TierSource
TIER_SOURCE_LAPSED: TierSource
TIER_SOURCE_RELEGATED: TierSource
TIER_SOURCE_TAKEN_BACK: TierSource
TIER_WAY_UNSPECIFIED: TierWay
TIER_WAY_PURCHASE: TierWay
TIER_WAY_INVITATION: TierWay
TIER_WAY_MATCH: TierWay
TIER_WAY_CARRIED_OVER: TierWay

class TierTerm(_message.Message):
    __slots__ = ("tier", "since", "until", "source", "number")
    TIER_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    tier: str
    since: str
    until: str
    source: TierSource
    number: int
    def __init__(self, tier: _Optional[str] = ..., since: _Optional[str] = ..., until: _Optional[str] = ..., source: _Optional[_Union[TierSource, str]] = ..., number: _Optional[int] = ...) -> None: ...

class EnrolRequest(_message.Message):
    __slots__ = ("header", "membership", "tier", "choice", "same_member_as", "invitation", "paid")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    MEMBERSHIP_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    CHOICE_FIELD_NUMBER: _ClassVar[int]
    SAME_MEMBER_AS_FIELD_NUMBER: _ClassVar[int]
    INVITATION_FIELD_NUMBER: _ClassVar[int]
    PAID_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    membership: _common_pb2.MembershipRef
    tier: str
    choice: str
    same_member_as: _common_pb2.MembershipRef
    invitation: int
    paid: _common_pb2.Amount
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., membership: _Optional[_Union[_common_pb2.MembershipRef, _Mapping]] = ..., tier: _Optional[str] = ..., choice: _Optional[str] = ..., same_member_as: _Optional[_Union[_common_pb2.MembershipRef, _Mapping]] = ..., invitation: _Optional[int] = ..., paid: _Optional[_Union[_common_pb2.Amount, _Mapping]] = ...) -> None: ...

class EnrolResult(_message.Message):
    __slots__ = ("member_id",)
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    member_id: int
    def __init__(self, member_id: _Optional[int] = ...) -> None: ...

class UpdateMembershipRequest(_message.Message):
    __slots__ = ("header", "membership", "tier", "choice", "state", "chosen_programme", "red_listed")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    MEMBERSHIP_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    CHOICE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    CHOSEN_PROGRAMME_FIELD_NUMBER: _ClassVar[int]
    RED_LISTED_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    membership: _common_pb2.MembershipRef
    tier: str
    choice: str
    state: MembershipState
    chosen_programme: str
    red_listed: bool
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., membership: _Optional[_Union[_common_pb2.MembershipRef, _Mapping]] = ..., tier: _Optional[str] = ..., choice: _Optional[str] = ..., state: _Optional[_Union[MembershipState, str]] = ..., chosen_programme: _Optional[str] = ..., red_listed: _Optional[bool] = ...) -> None: ...

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
    __slots__ = ("membership", "member_id", "tier", "choice", "state", "linked", "tier_term", "chosen_programme", "joined_on", "red_listed", "merged_into", "blocked")
    MEMBERSHIP_FIELD_NUMBER: _ClassVar[int]
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    CHOICE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    LINKED_FIELD_NUMBER: _ClassVar[int]
    TIER_TERM_FIELD_NUMBER: _ClassVar[int]
    CHOSEN_PROGRAMME_FIELD_NUMBER: _ClassVar[int]
    JOINED_ON_FIELD_NUMBER: _ClassVar[int]
    RED_LISTED_FIELD_NUMBER: _ClassVar[int]
    MERGED_INTO_FIELD_NUMBER: _ClassVar[int]
    BLOCKED_FIELD_NUMBER: _ClassVar[int]
    membership: _common_pb2.MembershipRef
    member_id: int
    tier: str
    choice: str
    state: MembershipState
    linked: _containers.RepeatedCompositeFieldContainer[_common_pb2.MembershipRef]
    tier_term: TierTerm
    chosen_programme: str
    joined_on: str
    red_listed: bool
    merged_into: int
    blocked: bool
    def __init__(self, membership: _Optional[_Union[_common_pb2.MembershipRef, _Mapping]] = ..., member_id: _Optional[int] = ..., tier: _Optional[str] = ..., choice: _Optional[str] = ..., state: _Optional[_Union[MembershipState, str]] = ..., linked: _Optional[_Iterable[_Union[_common_pb2.MembershipRef, _Mapping]]] = ..., tier_term: _Optional[_Union[TierTerm, _Mapping]] = ..., chosen_programme: _Optional[str] = ..., joined_on: _Optional[str] = ..., red_listed: _Optional[bool] = ..., merged_into: _Optional[int] = ..., blocked: _Optional[bool] = ...) -> None: ...

class InviteRequest(_message.Message):
    __slots__ = ("header", "membership", "tier", "expires_on")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    MEMBERSHIP_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_ON_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    membership: _common_pb2.MembershipRef
    tier: str
    expires_on: str
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., membership: _Optional[_Union[_common_pb2.MembershipRef, _Mapping]] = ..., tier: _Optional[str] = ..., expires_on: _Optional[str] = ...) -> None: ...

class InviteResult(_message.Message):
    __slots__ = ("invitation",)
    INVITATION_FIELD_NUMBER: _ClassVar[int]
    invitation: int
    def __init__(self, invitation: _Optional[int] = ...) -> None: ...

class GrantTierRequest(_message.Message):
    __slots__ = ("header", "membership", "tier", "way", "paid", "invitation", "matched_programme", "matched_tier", "until")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    MEMBERSHIP_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    WAY_FIELD_NUMBER: _ClassVar[int]
    PAID_FIELD_NUMBER: _ClassVar[int]
    INVITATION_FIELD_NUMBER: _ClassVar[int]
    MATCHED_PROGRAMME_FIELD_NUMBER: _ClassVar[int]
    MATCHED_TIER_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    membership: _common_pb2.MembershipRef
    tier: str
    way: TierWay
    paid: _common_pb2.Amount
    invitation: int
    matched_programme: str
    matched_tier: str
    until: str
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., membership: _Optional[_Union[_common_pb2.MembershipRef, _Mapping]] = ..., tier: _Optional[str] = ..., way: _Optional[_Union[TierWay, str]] = ..., paid: _Optional[_Union[_common_pb2.Amount, _Mapping]] = ..., invitation: _Optional[int] = ..., matched_programme: _Optional[str] = ..., matched_tier: _Optional[str] = ..., until: _Optional[str] = ...) -> None: ...

class RegisterRequest(_message.Message):
    __slots__ = ("header", "membership", "rule")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    MEMBERSHIP_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    membership: _common_pb2.MembershipRef
    rule: str
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., membership: _Optional[_Union[_common_pb2.MembershipRef, _Mapping]] = ..., rule: _Optional[str] = ...) -> None: ...

class RegisterResult(_message.Message):
    __slots__ = ("registration",)
    REGISTRATION_FIELD_NUMBER: _ClassVar[int]
    registration: int
    def __init__(self, registration: _Optional[int] = ...) -> None: ...

class MergeRequest(_message.Message):
    __slots__ = ("header", "kept", "merged")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    KEPT_FIELD_NUMBER: _ClassVar[int]
    MERGED_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    kept: _common_pb2.MembershipRef
    merged: _common_pb2.MembershipRef
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., kept: _Optional[_Union[_common_pb2.MembershipRef, _Mapping]] = ..., merged: _Optional[_Union[_common_pb2.MembershipRef, _Mapping]] = ...) -> None: ...

class UnmergeRequest(_message.Message):
    __slots__ = ("header", "merge")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    MERGE_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    merge: int
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., merge: _Optional[int] = ...) -> None: ...

class MergeResult(_message.Message):
    __slots__ = ("merge", "moved_minor")
    MERGE_FIELD_NUMBER: _ClassVar[int]
    MOVED_MINOR_FIELD_NUMBER: _ClassVar[int]
    merge: int
    moved_minor: int
    def __init__(self, merge: _Optional[int] = ..., moved_minor: _Optional[int] = ...) -> None: ...

class EraseRequest(_message.Message):
    __slots__ = ("header", "membership")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    MEMBERSHIP_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    membership: _common_pb2.MembershipRef
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., membership: _Optional[_Union[_common_pb2.MembershipRef, _Mapping]] = ...) -> None: ...

class EraseResult(_message.Message):
    __slots__ = ("member_ids",)
    MEMBER_IDS_FIELD_NUMBER: _ClassVar[int]
    member_ids: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, member_ids: _Optional[_Iterable[int]] = ...) -> None: ...

class CarryOverRequest(_message.Message):
    __slots__ = ("header", "programme", "replaced", "limit")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    PROGRAMME_FIELD_NUMBER: _ClassVar[int]
    REPLACED_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    programme: str
    replaced: str
    limit: int
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., programme: _Optional[str] = ..., replaced: _Optional[str] = ..., limit: _Optional[int] = ...) -> None: ...

class CarryOverResult(_message.Message):
    __slots__ = ("carried", "remaining", "old_minor", "new_minor")
    CARRIED_FIELD_NUMBER: _ClassVar[int]
    REMAINING_FIELD_NUMBER: _ClassVar[int]
    OLD_MINOR_FIELD_NUMBER: _ClassVar[int]
    NEW_MINOR_FIELD_NUMBER: _ClassVar[int]
    carried: int
    remaining: int
    old_minor: int
    new_minor: int
    def __init__(self, carried: _Optional[int] = ..., remaining: _Optional[int] = ..., old_minor: _Optional[int] = ..., new_minor: _Optional[int] = ...) -> None: ...

class ListTiersRequest(_message.Message):
    __slots__ = ("header", "membership")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    MEMBERSHIP_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    membership: _common_pb2.MembershipRef
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., membership: _Optional[_Union[_common_pb2.MembershipRef, _Mapping]] = ...) -> None: ...

class CounterValue(_message.Message):
    __slots__ = ("counter", "value")
    COUNTER_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    counter: str
    value: str
    def __init__(self, counter: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...

class TierHistory(_message.Message):
    __slots__ = ("terms", "counters", "invitations")
    TERMS_FIELD_NUMBER: _ClassVar[int]
    COUNTERS_FIELD_NUMBER: _ClassVar[int]
    INVITATIONS_FIELD_NUMBER: _ClassVar[int]
    terms: _containers.RepeatedCompositeFieldContainer[TierTerm]
    counters: _containers.RepeatedCompositeFieldContainer[CounterValue]
    invitations: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, terms: _Optional[_Iterable[_Union[TierTerm, _Mapping]]] = ..., counters: _Optional[_Iterable[_Union[CounterValue, _Mapping]]] = ..., invitations: _Optional[_Iterable[int]] = ...) -> None: ...

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
    __slots__ = ("number", "accepted_at", "entry_kind", "line_kind", "currency", "amount_minor", "funder", "rule", "activity", "from_programme", "source_rate", "target_rate")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_AT_FIELD_NUMBER: _ClassVar[int]
    ENTRY_KIND_FIELD_NUMBER: _ClassVar[int]
    LINE_KIND_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_MINOR_FIELD_NUMBER: _ClassVar[int]
    FUNDER_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    ACTIVITY_FIELD_NUMBER: _ClassVar[int]
    FROM_PROGRAMME_FIELD_NUMBER: _ClassVar[int]
    SOURCE_RATE_FIELD_NUMBER: _ClassVar[int]
    TARGET_RATE_FIELD_NUMBER: _ClassVar[int]
    number: int
    accepted_at: _timestamp_pb2.Timestamp
    entry_kind: str
    line_kind: str
    currency: str
    amount_minor: int
    funder: str
    rule: str
    activity: _common_pb2.ActivityKey
    from_programme: str
    source_rate: int
    target_rate: int
    def __init__(self, number: _Optional[int] = ..., accepted_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., entry_kind: _Optional[str] = ..., line_kind: _Optional[str] = ..., currency: _Optional[str] = ..., amount_minor: _Optional[int] = ..., funder: _Optional[str] = ..., rule: _Optional[str] = ..., activity: _Optional[_Union[_common_pb2.ActivityKey, _Mapping]] = ..., from_programme: _Optional[str] = ..., source_rate: _Optional[int] = ..., target_rate: _Optional[int] = ...) -> None: ...
