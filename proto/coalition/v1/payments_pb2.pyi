import datetime

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

class PaymentState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PAYMENT_STATE_UNSPECIFIED: _ClassVar[PaymentState]
    PAYMENT_STATE_DUE: _ClassVar[PaymentState]
    PAYMENT_STATE_SENT: _ClassVar[PaymentState]
    PAYMENT_STATE_CONFIRMED: _ClassVar[PaymentState]
    PAYMENT_STATE_VOID: _ClassVar[PaymentState]

class AbortState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ABORT_STATE_UNSPECIFIED: _ClassVar[AbortState]
    ABORT_STATE_PROPOSED: _ClassVar[AbortState]
    ABORT_STATE_APPROVED: _ClassVar[AbortState]
    ABORT_STATE_WITHDRAWN: _ClassVar[AbortState]

class SettlementState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SETTLEMENT_STATE_UNSPECIFIED: _ClassVar[SettlementState]
    SETTLEMENT_STATE_CUT: _ClassVar[SettlementState]
    SETTLEMENT_STATE_NET: _ClassVar[SettlementState]
    SETTLEMENT_STATE_POST: _ClassVar[SettlementState]
    SETTLEMENT_STATE_STATE: _ClassVar[SettlementState]
    SETTLEMENT_STATE_CLOSED: _ClassVar[SettlementState]
    SETTLEMENT_STATE_SETTLED: _ClassVar[SettlementState]
    SETTLEMENT_STATE_ABORTED: _ClassVar[SettlementState]

class SettlementStep(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SETTLEMENT_STEP_UNSPECIFIED: _ClassVar[SettlementStep]
    SETTLEMENT_STEP_CUT: _ClassVar[SettlementStep]
    SETTLEMENT_STEP_NET: _ClassVar[SettlementStep]
    SETTLEMENT_STEP_POST: _ClassVar[SettlementStep]
    SETTLEMENT_STEP_STATE: _ClassVar[SettlementStep]
    SETTLEMENT_STEP_CLOSED: _ClassVar[SettlementStep]
    SETTLEMENT_STEP_SETTLED: _ClassVar[SettlementStep]
    SETTLEMENT_STEP_ABORT_PROPOSED: _ClassVar[SettlementStep]
    SETTLEMENT_STEP_ABORT_WITHDRAWN: _ClassVar[SettlementStep]
    SETTLEMENT_STEP_ABORTED: _ClassVar[SettlementStep]
    SETTLEMENT_STEP_DUE: _ClassVar[SettlementStep]
    SETTLEMENT_STEP_SENT: _ClassVar[SettlementStep]
    SETTLEMENT_STEP_DISPUTED: _ClassVar[SettlementStep]
    SETTLEMENT_STEP_CONFIRMED: _ClassVar[SettlementStep]
    SETTLEMENT_STEP_VOID: _ClassVar[SettlementStep]
PAYMENT_STATE_UNSPECIFIED: PaymentState
PAYMENT_STATE_DUE: PaymentState
PAYMENT_STATE_SENT: PaymentState
PAYMENT_STATE_CONFIRMED: PaymentState
PAYMENT_STATE_VOID: PaymentState
ABORT_STATE_UNSPECIFIED: AbortState
ABORT_STATE_PROPOSED: AbortState
ABORT_STATE_APPROVED: AbortState
ABORT_STATE_WITHDRAWN: AbortState
SETTLEMENT_STATE_UNSPECIFIED: SettlementState
SETTLEMENT_STATE_CUT: SettlementState
SETTLEMENT_STATE_NET: SettlementState
SETTLEMENT_STATE_POST: SettlementState
SETTLEMENT_STATE_STATE: SettlementState
SETTLEMENT_STATE_CLOSED: SettlementState
SETTLEMENT_STATE_SETTLED: SettlementState
SETTLEMENT_STATE_ABORTED: SettlementState
SETTLEMENT_STEP_UNSPECIFIED: SettlementStep
SETTLEMENT_STEP_CUT: SettlementStep
SETTLEMENT_STEP_NET: SettlementStep
SETTLEMENT_STEP_POST: SettlementStep
SETTLEMENT_STEP_STATE: SettlementStep
SETTLEMENT_STEP_CLOSED: SettlementStep
SETTLEMENT_STEP_SETTLED: SettlementStep
SETTLEMENT_STEP_ABORT_PROPOSED: SettlementStep
SETTLEMENT_STEP_ABORT_WITHDRAWN: SettlementStep
SETTLEMENT_STEP_ABORTED: SettlementStep
SETTLEMENT_STEP_DUE: SettlementStep
SETTLEMENT_STEP_SENT: SettlementStep
SETTLEMENT_STEP_DISPUTED: SettlementStep
SETTLEMENT_STEP_CONFIRMED: SettlementStep
SETTLEMENT_STEP_VOID: SettlementStep

class PaymentRef(_message.Message):
    __slots__ = ("settlement", "payer", "payee")
    SETTLEMENT_FIELD_NUMBER: _ClassVar[int]
    PAYER_FIELD_NUMBER: _ClassVar[int]
    PAYEE_FIELD_NUMBER: _ClassVar[int]
    settlement: int
    payer: str
    payee: str
    def __init__(self, settlement: _Optional[int] = ..., payer: _Optional[str] = ..., payee: _Optional[str] = ...) -> None: ...

class MarkSentRequest(_message.Message):
    __slots__ = ("header", "payment", "reference", "value_date")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    PAYMENT_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    VALUE_DATE_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    payment: PaymentRef
    reference: str
    value_date: str
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., payment: _Optional[_Union[PaymentRef, _Mapping]] = ..., reference: _Optional[str] = ..., value_date: _Optional[str] = ...) -> None: ...

class ConfirmPaymentRequest(_message.Message):
    __slots__ = ("header", "payment", "amount_minor", "reference")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    PAYMENT_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_MINOR_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    payment: PaymentRef
    amount_minor: int
    reference: str
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., payment: _Optional[_Union[PaymentRef, _Mapping]] = ..., amount_minor: _Optional[int] = ..., reference: _Optional[str] = ...) -> None: ...

class DisputePaymentRequest(_message.Message):
    __slots__ = ("header", "payment", "reason")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    PAYMENT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    payment: PaymentRef
    reason: str
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., payment: _Optional[_Union[PaymentRef, _Mapping]] = ..., reason: _Optional[str] = ...) -> None: ...

class Payment(_message.Message):
    __slots__ = ("payment", "amount_minor", "state", "posted_at", "reference", "value_date", "disputed", "ended_at", "ended_number")
    PAYMENT_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_MINOR_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    POSTED_AT_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    VALUE_DATE_FIELD_NUMBER: _ClassVar[int]
    DISPUTED_FIELD_NUMBER: _ClassVar[int]
    ENDED_AT_FIELD_NUMBER: _ClassVar[int]
    ENDED_NUMBER_FIELD_NUMBER: _ClassVar[int]
    payment: PaymentRef
    amount_minor: int
    state: PaymentState
    posted_at: _timestamp_pb2.Timestamp
    reference: str
    value_date: str
    disputed: str
    ended_at: _timestamp_pb2.Timestamp
    ended_number: int
    def __init__(self, payment: _Optional[_Union[PaymentRef, _Mapping]] = ..., amount_minor: _Optional[int] = ..., state: _Optional[_Union[PaymentState, str]] = ..., posted_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reference: _Optional[str] = ..., value_date: _Optional[str] = ..., disputed: _Optional[str] = ..., ended_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., ended_number: _Optional[int] = ...) -> None: ...

class ListPaymentsRequest(_message.Message):
    __slots__ = ("header", "open", "settlement", "page_size", "page_token")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    OPEN_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENT_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    open: bool
    settlement: int
    page_size: int
    page_token: str
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., open: _Optional[bool] = ..., settlement: _Optional[int] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class PaymentList(_message.Message):
    __slots__ = ("payments", "next_page_token")
    PAYMENTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    payments: _containers.RepeatedCompositeFieldContainer[Payment]
    next_page_token: str
    def __init__(self, payments: _Optional[_Iterable[_Union[Payment, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ProposeAbortRequest(_message.Message):
    __slots__ = ("header", "settlement", "reason", "apart", "despite_sent")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    APART_FIELD_NUMBER: _ClassVar[int]
    DESPITE_SENT_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    settlement: int
    reason: str
    apart: _containers.RepeatedScalarFieldContainer[str]
    despite_sent: bool
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., settlement: _Optional[int] = ..., reason: _Optional[str] = ..., apart: _Optional[_Iterable[str]] = ..., despite_sent: _Optional[bool] = ...) -> None: ...

class ApproveAbortRequest(_message.Message):
    __slots__ = ("header", "settlement", "proposal")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENT_FIELD_NUMBER: _ClassVar[int]
    PROPOSAL_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    settlement: int
    proposal: int
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., settlement: _Optional[int] = ..., proposal: _Optional[int] = ...) -> None: ...

class WithdrawAbortRequest(_message.Message):
    __slots__ = ("header", "settlement", "proposal", "reason")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENT_FIELD_NUMBER: _ClassVar[int]
    PROPOSAL_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    settlement: int
    proposal: int
    reason: str
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., settlement: _Optional[int] = ..., proposal: _Optional[int] = ..., reason: _Optional[str] = ...) -> None: ...

class Abort(_message.Message):
    __slots__ = ("proposal", "settlement", "state", "proposed_by", "proposed_at", "reason", "apart", "despite_sent", "ended_by", "ended_number")
    PROPOSAL_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENT_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    PROPOSED_BY_FIELD_NUMBER: _ClassVar[int]
    PROPOSED_AT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    APART_FIELD_NUMBER: _ClassVar[int]
    DESPITE_SENT_FIELD_NUMBER: _ClassVar[int]
    ENDED_BY_FIELD_NUMBER: _ClassVar[int]
    ENDED_NUMBER_FIELD_NUMBER: _ClassVar[int]
    proposal: int
    settlement: int
    state: AbortState
    proposed_by: str
    proposed_at: _timestamp_pb2.Timestamp
    reason: str
    apart: _containers.RepeatedScalarFieldContainer[str]
    despite_sent: bool
    ended_by: str
    ended_number: int
    def __init__(self, proposal: _Optional[int] = ..., settlement: _Optional[int] = ..., state: _Optional[_Union[AbortState, str]] = ..., proposed_by: _Optional[str] = ..., proposed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reason: _Optional[str] = ..., apart: _Optional[_Iterable[str]] = ..., despite_sent: _Optional[bool] = ..., ended_by: _Optional[str] = ..., ended_number: _Optional[int] = ...) -> None: ...

class SettlementInfo(_message.Message):
    __slots__ = ("settlement", "window", "state", "started_at", "closed_at", "post_number", "abort_number", "supersedes", "superseded_by", "apart", "payments", "confirmed")
    SETTLEMENT_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    CLOSED_AT_FIELD_NUMBER: _ClassVar[int]
    POST_NUMBER_FIELD_NUMBER: _ClassVar[int]
    ABORT_NUMBER_FIELD_NUMBER: _ClassVar[int]
    SUPERSEDES_FIELD_NUMBER: _ClassVar[int]
    SUPERSEDED_BY_FIELD_NUMBER: _ClassVar[int]
    APART_FIELD_NUMBER: _ClassVar[int]
    PAYMENTS_FIELD_NUMBER: _ClassVar[int]
    CONFIRMED_FIELD_NUMBER: _ClassVar[int]
    settlement: int
    window: int
    state: SettlementState
    started_at: _timestamp_pb2.Timestamp
    closed_at: _timestamp_pb2.Timestamp
    post_number: int
    abort_number: int
    supersedes: int
    superseded_by: int
    apart: _containers.RepeatedScalarFieldContainer[str]
    payments: int
    confirmed: int
    def __init__(self, settlement: _Optional[int] = ..., window: _Optional[int] = ..., state: _Optional[_Union[SettlementState, str]] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., closed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., post_number: _Optional[int] = ..., abort_number: _Optional[int] = ..., supersedes: _Optional[int] = ..., superseded_by: _Optional[int] = ..., apart: _Optional[_Iterable[str]] = ..., payments: _Optional[int] = ..., confirmed: _Optional[int] = ...) -> None: ...

class ListSettlementsRequest(_message.Message):
    __slots__ = ("header", "page_size", "before_settlement")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    BEFORE_SETTLEMENT_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    page_size: int
    before_settlement: int
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., page_size: _Optional[int] = ..., before_settlement: _Optional[int] = ...) -> None: ...

class SettlementList(_message.Message):
    __slots__ = ("settlements",)
    SETTLEMENTS_FIELD_NUMBER: _ClassVar[int]
    settlements: _containers.RepeatedCompositeFieldContainer[SettlementInfo]
    def __init__(self, settlements: _Optional[_Iterable[_Union[SettlementInfo, _Mapping]]] = ...) -> None: ...

class GetSettlementRequest(_message.Message):
    __slots__ = ("header", "settlement")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENT_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    settlement: int
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., settlement: _Optional[int] = ...) -> None: ...

class SettlementChange(_message.Message):
    __slots__ = ("step", "payer", "payee", "who", "at", "why", "number")
    STEP_FIELD_NUMBER: _ClassVar[int]
    PAYER_FIELD_NUMBER: _ClassVar[int]
    PAYEE_FIELD_NUMBER: _ClassVar[int]
    WHO_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    WHY_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    step: SettlementStep
    payer: str
    payee: str
    who: str
    at: _timestamp_pb2.Timestamp
    why: str
    number: int
    def __init__(self, step: _Optional[_Union[SettlementStep, str]] = ..., payer: _Optional[str] = ..., payee: _Optional[str] = ..., who: _Optional[str] = ..., at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., why: _Optional[str] = ..., number: _Optional[int] = ...) -> None: ...

class SettlementHistory(_message.Message):
    __slots__ = ("settlement", "payments", "changes", "aborts")
    SETTLEMENT_FIELD_NUMBER: _ClassVar[int]
    PAYMENTS_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    ABORTS_FIELD_NUMBER: _ClassVar[int]
    settlement: SettlementInfo
    payments: _containers.RepeatedCompositeFieldContainer[Payment]
    changes: _containers.RepeatedCompositeFieldContainer[SettlementChange]
    aborts: _containers.RepeatedCompositeFieldContainer[Abort]
    def __init__(self, settlement: _Optional[_Union[SettlementInfo, _Mapping]] = ..., payments: _Optional[_Iterable[_Union[Payment, _Mapping]]] = ..., changes: _Optional[_Iterable[_Union[SettlementChange, _Mapping]]] = ..., aborts: _Optional[_Iterable[_Union[Abort, _Mapping]]] = ...) -> None: ...

class GetAgingRequest(_message.Message):
    __slots__ = ("header", "as_of")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    as_of: _timestamp_pb2.Timestamp
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class AgedPayments(_message.Message):
    __slots__ = ("participant", "from_days", "to_days", "pays_minor", "pays_count", "receives_minor", "receives_count")
    PARTICIPANT_FIELD_NUMBER: _ClassVar[int]
    FROM_DAYS_FIELD_NUMBER: _ClassVar[int]
    TO_DAYS_FIELD_NUMBER: _ClassVar[int]
    PAYS_MINOR_FIELD_NUMBER: _ClassVar[int]
    PAYS_COUNT_FIELD_NUMBER: _ClassVar[int]
    RECEIVES_MINOR_FIELD_NUMBER: _ClassVar[int]
    RECEIVES_COUNT_FIELD_NUMBER: _ClassVar[int]
    participant: str
    from_days: int
    to_days: int
    pays_minor: int
    pays_count: int
    receives_minor: int
    receives_count: int
    def __init__(self, participant: _Optional[str] = ..., from_days: _Optional[int] = ..., to_days: _Optional[int] = ..., pays_minor: _Optional[int] = ..., pays_count: _Optional[int] = ..., receives_minor: _Optional[int] = ..., receives_count: _Optional[int] = ...) -> None: ...

class Aging(_message.Message):
    __slots__ = ("currency", "as_of", "aged")
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    AGED_FIELD_NUMBER: _ClassVar[int]
    currency: str
    as_of: _timestamp_pb2.Timestamp
    aged: _containers.RepeatedCompositeFieldContainer[AgedPayments]
    def __init__(self, currency: _Optional[str] = ..., as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., aged: _Optional[_Iterable[_Union[AgedPayments, _Mapping]]] = ...) -> None: ...
