import datetime

from coalition.v1 import common_pb2 as _common_pb2
from coalition.v1 import envelope_pb2 as _envelope_pb2
from coalition.v1 import errors_pb2 as _errors_pb2
from coalition.v1 import options_pb2 as _options_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ProposalState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PROPOSAL_STATE_UNSPECIFIED: _ClassVar[ProposalState]
    PROPOSAL_STATE_PROPOSED: _ClassVar[ProposalState]
    PROPOSAL_STATE_APPROVED: _ClassVar[ProposalState]
    PROPOSAL_STATE_REJECTED: _ClassVar[ProposalState]
    PROPOSAL_STATE_WITHDRAWN: _ClassVar[ProposalState]
PROPOSAL_STATE_UNSPECIFIED: ProposalState
PROPOSAL_STATE_PROPOSED: ProposalState
PROPOSAL_STATE_APPROVED: ProposalState
PROPOSAL_STATE_REJECTED: ProposalState
PROPOSAL_STATE_WITHDRAWN: ProposalState

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

class BonusStep(_message.Message):
    __slots__ = ("every_source_minor", "bonus_target_minor", "funder")
    EVERY_SOURCE_MINOR_FIELD_NUMBER: _ClassVar[int]
    BONUS_TARGET_MINOR_FIELD_NUMBER: _ClassVar[int]
    FUNDER_FIELD_NUMBER: _ClassVar[int]
    every_source_minor: int
    bonus_target_minor: int
    funder: str
    def __init__(self, every_source_minor: _Optional[int] = ..., bonus_target_minor: _Optional[int] = ..., funder: _Optional[str] = ...) -> None: ...

class MoneyFee(_message.Message):
    __slots__ = ("currency", "per_source_minor", "cap_minor")
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    PER_SOURCE_MINOR_FIELD_NUMBER: _ClassVar[int]
    CAP_MINOR_FIELD_NUMBER: _ClassVar[int]
    currency: str
    per_source_minor: _common_pb2.Fraction
    cap_minor: int
    def __init__(self, currency: _Optional[str] = ..., per_source_minor: _Optional[_Union[_common_pb2.Fraction, _Mapping]] = ..., cap_minor: _Optional[int] = ...) -> None: ...

class ConversionCaps(_message.Message):
    __slots__ = ("member_daily_minor", "member_yearly_minor", "pair_daily_minor", "pair_yearly_minor")
    MEMBER_DAILY_MINOR_FIELD_NUMBER: _ClassVar[int]
    MEMBER_YEARLY_MINOR_FIELD_NUMBER: _ClassVar[int]
    PAIR_DAILY_MINOR_FIELD_NUMBER: _ClassVar[int]
    PAIR_YEARLY_MINOR_FIELD_NUMBER: _ClassVar[int]
    member_daily_minor: int
    member_yearly_minor: int
    pair_daily_minor: int
    pair_yearly_minor: int
    def __init__(self, member_daily_minor: _Optional[int] = ..., member_yearly_minor: _Optional[int] = ..., pair_daily_minor: _Optional[int] = ..., pair_yearly_minor: _Optional[int] = ...) -> None: ...

class PairTerms(_message.Message):
    __slots__ = ("source", "target", "offer", "ratio", "settlement_price", "minimum_minor", "increment_minor", "bonuses", "fee", "caps", "once_per_member", "shortfall_funder")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    OFFER_FIELD_NUMBER: _ClassVar[int]
    RATIO_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENT_PRICE_FIELD_NUMBER: _ClassVar[int]
    MINIMUM_MINOR_FIELD_NUMBER: _ClassVar[int]
    INCREMENT_MINOR_FIELD_NUMBER: _ClassVar[int]
    BONUSES_FIELD_NUMBER: _ClassVar[int]
    FEE_FIELD_NUMBER: _ClassVar[int]
    CAPS_FIELD_NUMBER: _ClassVar[int]
    ONCE_PER_MEMBER_FIELD_NUMBER: _ClassVar[int]
    SHORTFALL_FUNDER_FIELD_NUMBER: _ClassVar[int]
    source: str
    target: str
    offer: str
    ratio: _common_pb2.Fraction
    settlement_price: _common_pb2.Fraction
    minimum_minor: int
    increment_minor: int
    bonuses: _containers.RepeatedCompositeFieldContainer[BonusStep]
    fee: MoneyFee
    caps: ConversionCaps
    once_per_member: bool
    shortfall_funder: str
    def __init__(self, source: _Optional[str] = ..., target: _Optional[str] = ..., offer: _Optional[str] = ..., ratio: _Optional[_Union[_common_pb2.Fraction, _Mapping]] = ..., settlement_price: _Optional[_Union[_common_pb2.Fraction, _Mapping]] = ..., minimum_minor: _Optional[int] = ..., increment_minor: _Optional[int] = ..., bonuses: _Optional[_Iterable[_Union[BonusStep, _Mapping]]] = ..., fee: _Optional[_Union[MoneyFee, _Mapping]] = ..., caps: _Optional[_Union[ConversionCaps, _Mapping]] = ..., once_per_member: _Optional[bool] = ..., shortfall_funder: _Optional[str] = ...) -> None: ...

class MoneyValue(_message.Message):
    __slots__ = ("currency", "per_shared_minor")
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    PER_SHARED_MINOR_FIELD_NUMBER: _ClassVar[int]
    currency: str
    per_shared_minor: _common_pb2.Fraction
    def __init__(self, currency: _Optional[str] = ..., per_shared_minor: _Optional[_Union[_common_pb2.Fraction, _Mapping]] = ...) -> None: ...

class GuardRails(_message.Message):
    __slots__ = ("largest_change", "notice_seconds")
    LARGEST_CHANGE_FIELD_NUMBER: _ClassVar[int]
    NOTICE_SECONDS_FIELD_NUMBER: _ClassVar[int]
    largest_change: _common_pb2.Fraction
    notice_seconds: int
    def __init__(self, largest_change: _Optional[_Union[_common_pb2.Fraction, _Mapping]] = ..., notice_seconds: _Optional[int] = ...) -> None: ...

class Limits(_message.Message):
    __slots__ = ("participant", "net_debit_cap_minor", "prefunded_minor", "reserve_minor", "alert_percents")
    PARTICIPANT_FIELD_NUMBER: _ClassVar[int]
    NET_DEBIT_CAP_MINOR_FIELD_NUMBER: _ClassVar[int]
    PREFUNDED_MINOR_FIELD_NUMBER: _ClassVar[int]
    RESERVE_MINOR_FIELD_NUMBER: _ClassVar[int]
    ALERT_PERCENTS_FIELD_NUMBER: _ClassVar[int]
    participant: str
    net_debit_cap_minor: int
    prefunded_minor: int
    reserve_minor: int
    alert_percents: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, participant: _Optional[str] = ..., net_debit_cap_minor: _Optional[int] = ..., prefunded_minor: _Optional[int] = ..., reserve_minor: _Optional[int] = ..., alert_percents: _Optional[_Iterable[int]] = ...) -> None: ...

class Safeguards(_message.Message):
    __slots__ = ("programme", "ceiling_minor", "minimum_minor", "daily_count", "daily_minor", "link_cooling_seconds", "earned_cooling_seconds")
    PROGRAMME_FIELD_NUMBER: _ClassVar[int]
    CEILING_MINOR_FIELD_NUMBER: _ClassVar[int]
    MINIMUM_MINOR_FIELD_NUMBER: _ClassVar[int]
    DAILY_COUNT_FIELD_NUMBER: _ClassVar[int]
    DAILY_MINOR_FIELD_NUMBER: _ClassVar[int]
    LINK_COOLING_SECONDS_FIELD_NUMBER: _ClassVar[int]
    EARNED_COOLING_SECONDS_FIELD_NUMBER: _ClassVar[int]
    programme: str
    ceiling_minor: int
    minimum_minor: int
    daily_count: int
    daily_minor: int
    link_cooling_seconds: int
    earned_cooling_seconds: int
    def __init__(self, programme: _Optional[str] = ..., ceiling_minor: _Optional[int] = ..., minimum_minor: _Optional[int] = ..., daily_count: _Optional[int] = ..., daily_minor: _Optional[int] = ..., link_cooling_seconds: _Optional[int] = ..., earned_cooling_seconds: _Optional[int] = ...) -> None: ...

class Resumption(_message.Message):
    __slots__ = ("source", "target")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    source: str
    target: str
    def __init__(self, source: _Optional[str] = ..., target: _Optional[str] = ...) -> None: ...

class BookChange(_message.Message):
    __slots__ = ("rate", "pair", "money_value", "guard_rails", "limits", "safeguards", "resumption", "effective_from", "effective_to")
    RATE_FIELD_NUMBER: _ClassVar[int]
    PAIR_FIELD_NUMBER: _ClassVar[int]
    MONEY_VALUE_FIELD_NUMBER: _ClassVar[int]
    GUARD_RAILS_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    SAFEGUARDS_FIELD_NUMBER: _ClassVar[int]
    RESUMPTION_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_FROM_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_TO_FIELD_NUMBER: _ClassVar[int]
    rate: RateTerms
    pair: PairTerms
    money_value: MoneyValue
    guard_rails: GuardRails
    limits: Limits
    safeguards: Safeguards
    resumption: Resumption
    effective_from: _timestamp_pb2.Timestamp
    effective_to: _timestamp_pb2.Timestamp
    def __init__(self, rate: _Optional[_Union[RateTerms, _Mapping]] = ..., pair: _Optional[_Union[PairTerms, _Mapping]] = ..., money_value: _Optional[_Union[MoneyValue, _Mapping]] = ..., guard_rails: _Optional[_Union[GuardRails, _Mapping]] = ..., limits: _Optional[_Union[Limits, _Mapping]] = ..., safeguards: _Optional[_Union[Safeguards, _Mapping]] = ..., resumption: _Optional[_Union[Resumption, _Mapping]] = ..., effective_from: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., effective_to: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ProposeRequest(_message.Message):
    __slots__ = ("header", "changes", "reason")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    changes: _containers.RepeatedCompositeFieldContainer[BookChange]
    reason: str
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., changes: _Optional[_Iterable[_Union[BookChange, _Mapping]]] = ..., reason: _Optional[str] = ...) -> None: ...

class ApproveRequest(_message.Message):
    __slots__ = ("header", "proposal")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    PROPOSAL_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    proposal: int
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., proposal: _Optional[int] = ...) -> None: ...

class RejectRequest(_message.Message):
    __slots__ = ("header", "proposal", "reason")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    PROPOSAL_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    proposal: int
    reason: str
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., proposal: _Optional[int] = ..., reason: _Optional[str] = ...) -> None: ...

class WithdrawRequest(_message.Message):
    __slots__ = ("header", "proposal", "reason")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    PROPOSAL_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    proposal: int
    reason: str
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., proposal: _Optional[int] = ..., reason: _Optional[str] = ...) -> None: ...

class ConsentRequest(_message.Message):
    __slots__ = ("header", "proposal")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    PROPOSAL_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    proposal: int
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., proposal: _Optional[int] = ...) -> None: ...

class StopPairRequest(_message.Message):
    __slots__ = ("header", "source", "target", "reason")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    source: str
    target: str
    reason: str
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., source: _Optional[str] = ..., target: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class PairStop(_message.Message):
    __slots__ = ("stop", "source", "target", "stopped_by", "reason", "stopped_at", "lifted", "voided_quotes")
    STOP_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    STOPPED_BY_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    STOPPED_AT_FIELD_NUMBER: _ClassVar[int]
    LIFTED_FIELD_NUMBER: _ClassVar[int]
    VOIDED_QUOTES_FIELD_NUMBER: _ClassVar[int]
    stop: int
    source: str
    target: str
    stopped_by: str
    reason: str
    stopped_at: _timestamp_pb2.Timestamp
    lifted: int
    voided_quotes: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, stop: _Optional[int] = ..., source: _Optional[str] = ..., target: _Optional[str] = ..., stopped_by: _Optional[str] = ..., reason: _Optional[str] = ..., stopped_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., lifted: _Optional[int] = ..., voided_quotes: _Optional[_Iterable[int]] = ...) -> None: ...

class Proposal(_message.Message):
    __slots__ = ("proposal", "changes", "state", "proposed_by", "approved_by", "consents", "ended_by", "reason", "end_reason", "needs", "needed_consents", "needed_approvals", "versions")
    PROPOSAL_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    PROPOSED_BY_FIELD_NUMBER: _ClassVar[int]
    APPROVED_BY_FIELD_NUMBER: _ClassVar[int]
    CONSENTS_FIELD_NUMBER: _ClassVar[int]
    ENDED_BY_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    END_REASON_FIELD_NUMBER: _ClassVar[int]
    NEEDS_FIELD_NUMBER: _ClassVar[int]
    NEEDED_CONSENTS_FIELD_NUMBER: _ClassVar[int]
    NEEDED_APPROVALS_FIELD_NUMBER: _ClassVar[int]
    VERSIONS_FIELD_NUMBER: _ClassVar[int]
    proposal: int
    changes: _containers.RepeatedCompositeFieldContainer[BookChange]
    state: ProposalState
    proposed_by: str
    approved_by: _containers.RepeatedScalarFieldContainer[str]
    consents: _containers.RepeatedScalarFieldContainer[str]
    ended_by: str
    reason: str
    end_reason: str
    needs: _containers.RepeatedScalarFieldContainer[str]
    needed_consents: _containers.RepeatedScalarFieldContainer[str]
    needed_approvals: int
    versions: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, proposal: _Optional[int] = ..., changes: _Optional[_Iterable[_Union[BookChange, _Mapping]]] = ..., state: _Optional[_Union[ProposalState, str]] = ..., proposed_by: _Optional[str] = ..., approved_by: _Optional[_Iterable[str]] = ..., consents: _Optional[_Iterable[str]] = ..., ended_by: _Optional[str] = ..., reason: _Optional[str] = ..., end_reason: _Optional[str] = ..., needs: _Optional[_Iterable[str]] = ..., needed_consents: _Optional[_Iterable[str]] = ..., needed_approvals: _Optional[int] = ..., versions: _Optional[_Iterable[int]] = ...) -> None: ...

class ListRatesRequest(_message.Message):
    __slots__ = ("header", "programme", "as_of")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    PROGRAMME_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    programme: str
    as_of: _timestamp_pb2.Timestamp
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., programme: _Optional[str] = ..., as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class BookVersion(_message.Message):
    __slots__ = ("version", "proposal", "change", "approved_at", "withdrawn")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    PROPOSAL_FIELD_NUMBER: _ClassVar[int]
    CHANGE_FIELD_NUMBER: _ClassVar[int]
    APPROVED_AT_FIELD_NUMBER: _ClassVar[int]
    WITHDRAWN_FIELD_NUMBER: _ClassVar[int]
    version: int
    proposal: int
    change: BookChange
    approved_at: _timestamp_pb2.Timestamp
    withdrawn: int
    def __init__(self, version: _Optional[int] = ..., proposal: _Optional[int] = ..., change: _Optional[_Union[BookChange, _Mapping]] = ..., approved_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., withdrawn: _Optional[int] = ...) -> None: ...

class RateBook(_message.Message):
    __slots__ = ("versions", "stops")
    VERSIONS_FIELD_NUMBER: _ClassVar[int]
    STOPS_FIELD_NUMBER: _ClassVar[int]
    versions: _containers.RepeatedCompositeFieldContainer[BookVersion]
    stops: _containers.RepeatedCompositeFieldContainer[PairStop]
    def __init__(self, versions: _Optional[_Iterable[_Union[BookVersion, _Mapping]]] = ..., stops: _Optional[_Iterable[_Union[PairStop, _Mapping]]] = ...) -> None: ...

class ListProposalsRequest(_message.Message):
    __slots__ = ("header", "open")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    OPEN_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    open: bool
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., open: _Optional[bool] = ...) -> None: ...

class ProposalList(_message.Message):
    __slots__ = ("proposals",)
    PROPOSALS_FIELD_NUMBER: _ClassVar[int]
    proposals: _containers.RepeatedCompositeFieldContainer[Proposal]
    def __init__(self, proposals: _Optional[_Iterable[_Union[Proposal, _Mapping]]] = ...) -> None: ...

class WhatIfRequest(_message.Message):
    __slots__ = ("header", "proposal", "changes", "windows")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    PROPOSAL_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    WINDOWS_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    proposal: int
    changes: _containers.RepeatedCompositeFieldContainer[BookChange]
    windows: int
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., proposal: _Optional[int] = ..., changes: _Optional[_Iterable[_Union[BookChange, _Mapping]]] = ..., windows: _Optional[int] = ...) -> None: ...

class WhatIfRow(_message.Message):
    __slots__ = ("name", "before_minor", "after_minor")
    NAME_FIELD_NUMBER: _ClassVar[int]
    BEFORE_MINOR_FIELD_NUMBER: _ClassVar[int]
    AFTER_MINOR_FIELD_NUMBER: _ClassVar[int]
    name: str
    before_minor: int
    after_minor: int
    def __init__(self, name: _Optional[str] = ..., before_minor: _Optional[int] = ..., after_minor: _Optional[int] = ...) -> None: ...

class WhatIfCrossing(_message.Message):
    __slots__ = ("participant", "number", "net_debit_minor", "limit_minor")
    PARTICIPANT_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    NET_DEBIT_MINOR_FIELD_NUMBER: _ClassVar[int]
    LIMIT_MINOR_FIELD_NUMBER: _ClassVar[int]
    participant: str
    number: int
    net_debit_minor: int
    limit_minor: int
    def __init__(self, participant: _Optional[str] = ..., number: _Optional[int] = ..., net_debit_minor: _Optional[int] = ..., limit_minor: _Optional[int] = ...) -> None: ...

class WhatIfRefused(_message.Message):
    __slots__ = ("reason", "conversions")
    REASON_FIELD_NUMBER: _ClassVar[int]
    CONVERSIONS_FIELD_NUMBER: _ClassVar[int]
    reason: _errors_pb2.Reason
    conversions: int
    def __init__(self, reason: _Optional[_Union[_errors_pb2.Reason, str]] = ..., conversions: _Optional[int] = ...) -> None: ...

class WhatIfResult(_message.Message):
    __slots__ = ("windows", "conversions", "refused", "nets", "fees", "outstanding", "crossings", "refused_by", "left_out")
    WINDOWS_FIELD_NUMBER: _ClassVar[int]
    CONVERSIONS_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    NETS_FIELD_NUMBER: _ClassVar[int]
    FEES_FIELD_NUMBER: _ClassVar[int]
    OUTSTANDING_FIELD_NUMBER: _ClassVar[int]
    CROSSINGS_FIELD_NUMBER: _ClassVar[int]
    REFUSED_BY_FIELD_NUMBER: _ClassVar[int]
    LEFT_OUT_FIELD_NUMBER: _ClassVar[int]
    windows: _containers.RepeatedScalarFieldContainer[int]
    conversions: int
    refused: int
    nets: _containers.RepeatedCompositeFieldContainer[WhatIfRow]
    fees: _containers.RepeatedCompositeFieldContainer[WhatIfRow]
    outstanding: _containers.RepeatedCompositeFieldContainer[WhatIfRow]
    crossings: _containers.RepeatedCompositeFieldContainer[WhatIfCrossing]
    refused_by: _containers.RepeatedCompositeFieldContainer[WhatIfRefused]
    left_out: int
    def __init__(self, windows: _Optional[_Iterable[int]] = ..., conversions: _Optional[int] = ..., refused: _Optional[int] = ..., nets: _Optional[_Iterable[_Union[WhatIfRow, _Mapping]]] = ..., fees: _Optional[_Iterable[_Union[WhatIfRow, _Mapping]]] = ..., outstanding: _Optional[_Iterable[_Union[WhatIfRow, _Mapping]]] = ..., crossings: _Optional[_Iterable[_Union[WhatIfCrossing, _Mapping]]] = ..., refused_by: _Optional[_Iterable[_Union[WhatIfRefused, _Mapping]]] = ..., left_out: _Optional[int] = ...) -> None: ...
