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

class PointsMovement(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    POINTS_MOVEMENT_UNSPECIFIED: _ClassVar[PointsMovement]
    POINTS_MOVEMENT_ISSUED: _ClassVar[PointsMovement]
    POINTS_MOVEMENT_PURCHASED: _ClassVar[PointsMovement]
    POINTS_MOVEMENT_CONVERTED_IN: _ClassVar[PointsMovement]
    POINTS_MOVEMENT_CARRIED_IN: _ClassVar[PointsMovement]
    POINTS_MOVEMENT_REVERSED: _ClassVar[PointsMovement]
    POINTS_MOVEMENT_CONVERTED_IN_UNDONE: _ClassVar[PointsMovement]
    POINTS_MOVEMENT_REDEEMED: _ClassVar[PointsMovement]
    POINTS_MOVEMENT_REFUNDED: _ClassVar[PointsMovement]
    POINTS_MOVEMENT_RESTORED: _ClassVar[PointsMovement]
    POINTS_MOVEMENT_CONVERTED_OUT: _ClassVar[PointsMovement]
    POINTS_MOVEMENT_CONVERTED_OUT_UNDONE: _ClassVar[PointsMovement]
    POINTS_MOVEMENT_EXPIRED: _ClassVar[PointsMovement]
    POINTS_MOVEMENT_WOUND_DOWN: _ClassVar[PointsMovement]
    POINTS_MOVEMENT_FORFEITED: _ClassVar[PointsMovement]
    POINTS_MOVEMENT_CARRIED_OUT: _ClassVar[PointsMovement]

class BreakageState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BREAKAGE_STATE_UNSPECIFIED: _ClassVar[BreakageState]
    BREAKAGE_STATE_ESTIMATED: _ClassVar[BreakageState]
    BREAKAGE_STATE_KEPT_BY_PARTNER: _ClassVar[BreakageState]
    BREAKAGE_STATE_TOO_FEW_MONTHS: _ClassVar[BreakageState]
    BREAKAGE_STATE_NOTHING_HAPPENED: _ClassVar[BreakageState]
POINTS_MOVEMENT_UNSPECIFIED: PointsMovement
POINTS_MOVEMENT_ISSUED: PointsMovement
POINTS_MOVEMENT_PURCHASED: PointsMovement
POINTS_MOVEMENT_CONVERTED_IN: PointsMovement
POINTS_MOVEMENT_CARRIED_IN: PointsMovement
POINTS_MOVEMENT_REVERSED: PointsMovement
POINTS_MOVEMENT_CONVERTED_IN_UNDONE: PointsMovement
POINTS_MOVEMENT_REDEEMED: PointsMovement
POINTS_MOVEMENT_REFUNDED: PointsMovement
POINTS_MOVEMENT_RESTORED: PointsMovement
POINTS_MOVEMENT_CONVERTED_OUT: PointsMovement
POINTS_MOVEMENT_CONVERTED_OUT_UNDONE: PointsMovement
POINTS_MOVEMENT_EXPIRED: PointsMovement
POINTS_MOVEMENT_WOUND_DOWN: PointsMovement
POINTS_MOVEMENT_FORFEITED: PointsMovement
POINTS_MOVEMENT_CARRIED_OUT: PointsMovement
BREAKAGE_STATE_UNSPECIFIED: BreakageState
BREAKAGE_STATE_ESTIMATED: BreakageState
BREAKAGE_STATE_KEPT_BY_PARTNER: BreakageState
BREAKAGE_STATE_TOO_FEW_MONTHS: BreakageState
BREAKAGE_STATE_NOTHING_HAPPENED: BreakageState

class LedgerSpan(_message.Message):
    __slots__ = ("first_window", "last_window", "first_number", "last_number", "since", "until")
    FIRST_WINDOW_FIELD_NUMBER: _ClassVar[int]
    LAST_WINDOW_FIELD_NUMBER: _ClassVar[int]
    FIRST_NUMBER_FIELD_NUMBER: _ClassVar[int]
    LAST_NUMBER_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    first_window: int
    last_window: int
    first_number: int
    last_number: int
    since: _timestamp_pb2.Timestamp
    until: _timestamp_pb2.Timestamp
    def __init__(self, first_window: _Optional[int] = ..., last_window: _Optional[int] = ..., first_number: _Optional[int] = ..., last_number: _Optional[int] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GetRollForwardRequest(_message.Message):
    __slots__ = ("header", "programme", "span")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    PROGRAMME_FIELD_NUMBER: _ClassVar[int]
    SPAN_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    programme: str
    span: LedgerSpan
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., programme: _Optional[str] = ..., span: _Optional[_Union[LedgerSpan, _Mapping]] = ...) -> None: ...

class PointsMoved(_message.Message):
    __slots__ = ("movement", "amount_minor")
    MOVEMENT_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_MINOR_FIELD_NUMBER: _ClassVar[int]
    movement: PointsMovement
    amount_minor: int
    def __init__(self, movement: _Optional[_Union[PointsMovement, str]] = ..., amount_minor: _Optional[int] = ...) -> None: ...

class RollForward(_message.Message):
    __slots__ = ("programme", "currency", "exponent", "opening_minor", "movements", "closing_minor", "counted_minor", "kept_by_partner")
    PROGRAMME_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    EXPONENT_FIELD_NUMBER: _ClassVar[int]
    OPENING_MINOR_FIELD_NUMBER: _ClassVar[int]
    MOVEMENTS_FIELD_NUMBER: _ClassVar[int]
    CLOSING_MINOR_FIELD_NUMBER: _ClassVar[int]
    COUNTED_MINOR_FIELD_NUMBER: _ClassVar[int]
    KEPT_BY_PARTNER_FIELD_NUMBER: _ClassVar[int]
    programme: str
    currency: str
    exponent: int
    opening_minor: int
    movements: _containers.RepeatedCompositeFieldContainer[PointsMoved]
    closing_minor: int
    counted_minor: int
    kept_by_partner: bool
    def __init__(self, programme: _Optional[str] = ..., currency: _Optional[str] = ..., exponent: _Optional[int] = ..., opening_minor: _Optional[int] = ..., movements: _Optional[_Iterable[_Union[PointsMoved, _Mapping]]] = ..., closing_minor: _Optional[int] = ..., counted_minor: _Optional[int] = ..., kept_by_partner: _Optional[bool] = ...) -> None: ...

class RollForwardList(_message.Message):
    __slots__ = ("programmes", "first_number", "last_number")
    PROGRAMMES_FIELD_NUMBER: _ClassVar[int]
    FIRST_NUMBER_FIELD_NUMBER: _ClassVar[int]
    LAST_NUMBER_FIELD_NUMBER: _ClassVar[int]
    programmes: _containers.RepeatedCompositeFieldContainer[RollForward]
    first_number: int
    last_number: int
    def __init__(self, programmes: _Optional[_Iterable[_Union[RollForward, _Mapping]]] = ..., first_number: _Optional[int] = ..., last_number: _Optional[int] = ...) -> None: ...

class GetOutstandingRequest(_message.Message):
    __slots__ = ("header", "programme", "window")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    PROGRAMME_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    programme: str
    window: int
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., programme: _Optional[str] = ..., window: _Optional[int] = ...) -> None: ...

class OutstandingLot(_message.Message):
    __slots__ = ("month", "funder", "amount_minor")
    MONTH_FIELD_NUMBER: _ClassVar[int]
    FUNDER_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_MINOR_FIELD_NUMBER: _ClassVar[int]
    month: str
    funder: str
    amount_minor: int
    def __init__(self, month: _Optional[str] = ..., funder: _Optional[str] = ..., amount_minor: _Optional[int] = ...) -> None: ...

class OutstandingPoints(_message.Message):
    __slots__ = ("programme", "currency", "exponent", "lots", "debts_minor", "unexplained_minor", "outstanding_minor", "as_of_number", "kept_by_partner")
    PROGRAMME_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    EXPONENT_FIELD_NUMBER: _ClassVar[int]
    LOTS_FIELD_NUMBER: _ClassVar[int]
    DEBTS_MINOR_FIELD_NUMBER: _ClassVar[int]
    UNEXPLAINED_MINOR_FIELD_NUMBER: _ClassVar[int]
    OUTSTANDING_MINOR_FIELD_NUMBER: _ClassVar[int]
    AS_OF_NUMBER_FIELD_NUMBER: _ClassVar[int]
    KEPT_BY_PARTNER_FIELD_NUMBER: _ClassVar[int]
    programme: str
    currency: str
    exponent: int
    lots: _containers.RepeatedCompositeFieldContainer[OutstandingLot]
    debts_minor: int
    unexplained_minor: int
    outstanding_minor: int
    as_of_number: int
    kept_by_partner: bool
    def __init__(self, programme: _Optional[str] = ..., currency: _Optional[str] = ..., exponent: _Optional[int] = ..., lots: _Optional[_Iterable[_Union[OutstandingLot, _Mapping]]] = ..., debts_minor: _Optional[int] = ..., unexplained_minor: _Optional[int] = ..., outstanding_minor: _Optional[int] = ..., as_of_number: _Optional[int] = ..., kept_by_partner: _Optional[bool] = ...) -> None: ...

class EstimateBreakageRequest(_message.Message):
    __slots__ = ("header", "programme")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    PROGRAMME_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    programme: str
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., programme: _Optional[str] = ...) -> None: ...

class BreakageAge(_message.Message):
    __slots__ = ("age_months", "at_risk_minor", "used_minor", "lapsed_minor")
    AGE_MONTHS_FIELD_NUMBER: _ClassVar[int]
    AT_RISK_MINOR_FIELD_NUMBER: _ClassVar[int]
    USED_MINOR_FIELD_NUMBER: _ClassVar[int]
    LAPSED_MINOR_FIELD_NUMBER: _ClassVar[int]
    age_months: int
    at_risk_minor: int
    used_minor: int
    lapsed_minor: int
    def __init__(self, age_months: _Optional[int] = ..., at_risk_minor: _Optional[int] = ..., used_minor: _Optional[int] = ..., lapsed_minor: _Optional[int] = ...) -> None: ...

class BreakageCohort(_message.Message):
    __slots__ = ("month", "issued_minor", "outstanding_minor", "breakage_minor")
    MONTH_FIELD_NUMBER: _ClassVar[int]
    ISSUED_MINOR_FIELD_NUMBER: _ClassVar[int]
    OUTSTANDING_MINOR_FIELD_NUMBER: _ClassVar[int]
    BREAKAGE_MINOR_FIELD_NUMBER: _ClassVar[int]
    month: str
    issued_minor: int
    outstanding_minor: int
    breakage_minor: int
    def __init__(self, month: _Optional[str] = ..., issued_minor: _Optional[int] = ..., outstanding_minor: _Optional[int] = ..., breakage_minor: _Optional[int] = ...) -> None: ...

class BreakageEstimate(_message.Message):
    __slots__ = ("programme", "currency", "exponent", "state", "months", "as_of_month", "outstanding_minor", "breakage_minor", "lowest_minor", "highest_minor", "cohorts", "ages")
    PROGRAMME_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    EXPONENT_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    MONTHS_FIELD_NUMBER: _ClassVar[int]
    AS_OF_MONTH_FIELD_NUMBER: _ClassVar[int]
    OUTSTANDING_MINOR_FIELD_NUMBER: _ClassVar[int]
    BREAKAGE_MINOR_FIELD_NUMBER: _ClassVar[int]
    LOWEST_MINOR_FIELD_NUMBER: _ClassVar[int]
    HIGHEST_MINOR_FIELD_NUMBER: _ClassVar[int]
    COHORTS_FIELD_NUMBER: _ClassVar[int]
    AGES_FIELD_NUMBER: _ClassVar[int]
    programme: str
    currency: str
    exponent: int
    state: BreakageState
    months: int
    as_of_month: str
    outstanding_minor: int
    breakage_minor: int
    lowest_minor: int
    highest_minor: int
    cohorts: _containers.RepeatedCompositeFieldContainer[BreakageCohort]
    ages: _containers.RepeatedCompositeFieldContainer[BreakageAge]
    def __init__(self, programme: _Optional[str] = ..., currency: _Optional[str] = ..., exponent: _Optional[int] = ..., state: _Optional[_Union[BreakageState, str]] = ..., months: _Optional[int] = ..., as_of_month: _Optional[str] = ..., outstanding_minor: _Optional[int] = ..., breakage_minor: _Optional[int] = ..., lowest_minor: _Optional[int] = ..., highest_minor: _Optional[int] = ..., cohorts: _Optional[_Iterable[_Union[BreakageCohort, _Mapping]]] = ..., ages: _Optional[_Iterable[_Union[BreakageAge, _Mapping]]] = ...) -> None: ...

class GetFloatRequest(_message.Message):
    __slots__ = ("header", "first_window")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    FIRST_WINDOW_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    first_window: int
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., first_window: _Optional[int] = ...) -> None: ...

class FloatWindow(_message.Message):
    __slots__ = ("window", "issued_receipts_minor", "converted_receipts_minor", "redeemed_reimbursements_minor", "converted_reimbursements_minor", "float_minor", "outstanding_minor")
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    ISSUED_RECEIPTS_MINOR_FIELD_NUMBER: _ClassVar[int]
    CONVERTED_RECEIPTS_MINOR_FIELD_NUMBER: _ClassVar[int]
    REDEEMED_REIMBURSEMENTS_MINOR_FIELD_NUMBER: _ClassVar[int]
    CONVERTED_REIMBURSEMENTS_MINOR_FIELD_NUMBER: _ClassVar[int]
    FLOAT_MINOR_FIELD_NUMBER: _ClassVar[int]
    OUTSTANDING_MINOR_FIELD_NUMBER: _ClassVar[int]
    window: int
    issued_receipts_minor: int
    converted_receipts_minor: int
    redeemed_reimbursements_minor: int
    converted_reimbursements_minor: int
    float_minor: int
    outstanding_minor: int
    def __init__(self, window: _Optional[int] = ..., issued_receipts_minor: _Optional[int] = ..., converted_receipts_minor: _Optional[int] = ..., redeemed_reimbursements_minor: _Optional[int] = ..., converted_reimbursements_minor: _Optional[int] = ..., float_minor: _Optional[int] = ..., outstanding_minor: _Optional[int] = ...) -> None: ...

class FloatReport(_message.Message):
    __slots__ = ("currency", "exponent", "windows")
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    EXPONENT_FIELD_NUMBER: _ClassVar[int]
    WINDOWS_FIELD_NUMBER: _ClassVar[int]
    currency: str
    exponent: int
    windows: _containers.RepeatedCompositeFieldContainer[FloatWindow]
    def __init__(self, currency: _Optional[str] = ..., exponent: _Optional[int] = ..., windows: _Optional[_Iterable[_Union[FloatWindow, _Mapping]]] = ...) -> None: ...
