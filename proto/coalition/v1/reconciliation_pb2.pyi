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

class BreakKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BREAK_KIND_UNSPECIFIED: _ClassVar[BreakKind]
    BREAK_KIND_LATE_CONFIRMATION: _ClassVar[BreakKind]
    BREAK_KIND_CONFIRMED_AFTER_REFUSAL: _ClassVar[BreakKind]
    BREAK_KIND_REFUSED_AFTER_CONFIRMATION: _ClassVar[BreakKind]
    BREAK_KIND_AMOUNT_DIFFERS: _ClassVar[BreakKind]
    BREAK_KIND_CONFIRMED_TWICE: _ClassVar[BreakKind]
    BREAK_KIND_MISSING_AT_GATEWAY: _ClassVar[BreakKind]
    BREAK_KIND_MISSING_AT_PARTNER: _ClassVar[BreakKind]
    BREAK_KIND_DATE_DIFFERS: _ClassVar[BreakKind]
    BREAK_KIND_DUPLICATE: _ClassVar[BreakKind]

class BreakState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BREAK_STATE_UNSPECIFIED: _ClassVar[BreakState]
    BREAK_STATE_OPEN: _ClassVar[BreakState]
    BREAK_STATE_DISPUTED: _ClassVar[BreakState]
    BREAK_STATE_RESOLVED: _ClassVar[BreakState]

class BreakStepKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BREAK_STEP_KIND_UNSPECIFIED: _ClassVar[BreakStepKind]
    BREAK_STEP_KIND_DISPUTED: _ClassVar[BreakStepKind]
    BREAK_STEP_KIND_ADJUSTMENT_PROPOSED: _ClassVar[BreakStepKind]
    BREAK_STEP_KIND_WRITE_OFF_PROPOSED: _ClassVar[BreakStepKind]
    BREAK_STEP_KIND_ACCEPTED: _ClassVar[BreakStepKind]
    BREAK_STEP_KIND_CORRECTED: _ClassVar[BreakStepKind]
    BREAK_STEP_KIND_WRITTEN_OFF: _ClassVar[BreakStepKind]
    BREAK_STEP_KIND_SUPERSEDED: _ClassVar[BreakStepKind]
BREAK_KIND_UNSPECIFIED: BreakKind
BREAK_KIND_LATE_CONFIRMATION: BreakKind
BREAK_KIND_CONFIRMED_AFTER_REFUSAL: BreakKind
BREAK_KIND_REFUSED_AFTER_CONFIRMATION: BreakKind
BREAK_KIND_AMOUNT_DIFFERS: BreakKind
BREAK_KIND_CONFIRMED_TWICE: BreakKind
BREAK_KIND_MISSING_AT_GATEWAY: BreakKind
BREAK_KIND_MISSING_AT_PARTNER: BreakKind
BREAK_KIND_DATE_DIFFERS: BreakKind
BREAK_KIND_DUPLICATE: BreakKind
BREAK_STATE_UNSPECIFIED: BreakState
BREAK_STATE_OPEN: BreakState
BREAK_STATE_DISPUTED: BreakState
BREAK_STATE_RESOLVED: BreakState
BREAK_STEP_KIND_UNSPECIFIED: BreakStepKind
BREAK_STEP_KIND_DISPUTED: BreakStepKind
BREAK_STEP_KIND_ADJUSTMENT_PROPOSED: BreakStepKind
BREAK_STEP_KIND_WRITE_OFF_PROPOSED: BreakStepKind
BREAK_STEP_KIND_ACCEPTED: BreakStepKind
BREAK_STEP_KIND_CORRECTED: BreakStepKind
BREAK_STEP_KIND_WRITTEN_OFF: BreakStepKind
BREAK_STEP_KIND_SUPERSEDED: BreakStepKind

class OpenReconciliationRequest(_message.Message):
    __slots__ = ("header", "window", "file_sha256", "rows", "total_minor", "amount_tolerance_minor", "day_tolerance", "time_zone")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    FILE_SHA256_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_MINOR_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_TOLERANCE_MINOR_FIELD_NUMBER: _ClassVar[int]
    DAY_TOLERANCE_FIELD_NUMBER: _ClassVar[int]
    TIME_ZONE_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    window: int
    file_sha256: bytes
    rows: int
    total_minor: int
    amount_tolerance_minor: int
    day_tolerance: int
    time_zone: str
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., window: _Optional[int] = ..., file_sha256: _Optional[bytes] = ..., rows: _Optional[int] = ..., total_minor: _Optional[int] = ..., amount_tolerance_minor: _Optional[int] = ..., day_tolerance: _Optional[int] = ..., time_zone: _Optional[str] = ...) -> None: ...

class RecordRow(_message.Message):
    __slots__ = ("reference", "date", "amount_minor", "counterparty", "kind")
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    DATE_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_MINOR_FIELD_NUMBER: _ClassVar[int]
    COUNTERPARTY_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    reference: str
    date: str
    amount_minor: int
    counterparty: str
    kind: str
    def __init__(self, reference: _Optional[str] = ..., date: _Optional[str] = ..., amount_minor: _Optional[int] = ..., counterparty: _Optional[str] = ..., kind: _Optional[str] = ...) -> None: ...

class AddRowsRequest(_message.Message):
    __slots__ = ("header", "reconciliation", "chunk", "rows")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    RECONCILIATION_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    reconciliation: int
    chunk: int
    rows: _containers.RepeatedCompositeFieldContainer[RecordRow]
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., reconciliation: _Optional[int] = ..., chunk: _Optional[int] = ..., rows: _Optional[_Iterable[_Union[RecordRow, _Mapping]]] = ...) -> None: ...

class ConcludeRequest(_message.Message):
    __slots__ = ("header", "reconciliation")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    RECONCILIATION_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    reconciliation: int
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., reconciliation: _Optional[int] = ...) -> None: ...

class OutcomeCount(_message.Message):
    __slots__ = ("outcome", "count")
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    outcome: str
    count: int
    def __init__(self, outcome: _Optional[str] = ..., count: _Optional[int] = ...) -> None: ...

class ReconciliationState(_message.Message):
    __slots__ = ("reconciliation", "participant", "window", "file_sha256", "rows", "total_minor", "received_chunks", "received_rows", "received_total_minor", "concluded_number", "superseded_number", "items", "items_total_minor", "outcomes", "findings", "findings_sha256")
    RECONCILIATION_FIELD_NUMBER: _ClassVar[int]
    PARTICIPANT_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    FILE_SHA256_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_MINOR_FIELD_NUMBER: _ClassVar[int]
    RECEIVED_CHUNKS_FIELD_NUMBER: _ClassVar[int]
    RECEIVED_ROWS_FIELD_NUMBER: _ClassVar[int]
    RECEIVED_TOTAL_MINOR_FIELD_NUMBER: _ClassVar[int]
    CONCLUDED_NUMBER_FIELD_NUMBER: _ClassVar[int]
    SUPERSEDED_NUMBER_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    ITEMS_TOTAL_MINOR_FIELD_NUMBER: _ClassVar[int]
    OUTCOMES_FIELD_NUMBER: _ClassVar[int]
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    FINDINGS_SHA256_FIELD_NUMBER: _ClassVar[int]
    reconciliation: int
    participant: str
    window: int
    file_sha256: bytes
    rows: int
    total_minor: int
    received_chunks: int
    received_rows: int
    received_total_minor: int
    concluded_number: int
    superseded_number: int
    items: int
    items_total_minor: int
    outcomes: _containers.RepeatedCompositeFieldContainer[OutcomeCount]
    findings: int
    findings_sha256: bytes
    def __init__(self, reconciliation: _Optional[int] = ..., participant: _Optional[str] = ..., window: _Optional[int] = ..., file_sha256: _Optional[bytes] = ..., rows: _Optional[int] = ..., total_minor: _Optional[int] = ..., received_chunks: _Optional[int] = ..., received_rows: _Optional[int] = ..., received_total_minor: _Optional[int] = ..., concluded_number: _Optional[int] = ..., superseded_number: _Optional[int] = ..., items: _Optional[int] = ..., items_total_minor: _Optional[int] = ..., outcomes: _Optional[_Iterable[_Union[OutcomeCount, _Mapping]]] = ..., findings: _Optional[int] = ..., findings_sha256: _Optional[bytes] = ...) -> None: ...

class ListReconciliationsRequest(_message.Message):
    __slots__ = ("header", "page_size", "after_number")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    AFTER_NUMBER_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    page_size: int
    after_number: int
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., page_size: _Optional[int] = ..., after_number: _Optional[int] = ...) -> None: ...

class ReconciliationList(_message.Message):
    __slots__ = ("reconciliations",)
    RECONCILIATIONS_FIELD_NUMBER: _ClassVar[int]
    reconciliations: _containers.RepeatedCompositeFieldContainer[ReconciliationState]
    def __init__(self, reconciliations: _Optional[_Iterable[_Union[ReconciliationState, _Mapping]]] = ...) -> None: ...

class Finding(_message.Message):
    __slots__ = ("item", "outcome", "rule", "reference", "counterparty", "row", "rows", "entry", "entries", "ledger_minor", "reported_minor", "ledger_date", "reported_date")
    ITEM_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    COUNTERPARTY_FIELD_NUMBER: _ClassVar[int]
    ROW_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    ENTRY_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    LEDGER_MINOR_FIELD_NUMBER: _ClassVar[int]
    REPORTED_MINOR_FIELD_NUMBER: _ClassVar[int]
    LEDGER_DATE_FIELD_NUMBER: _ClassVar[int]
    REPORTED_DATE_FIELD_NUMBER: _ClassVar[int]
    item: int
    outcome: str
    rule: str
    reference: str
    counterparty: str
    row: int
    rows: int
    entry: int
    entries: int
    ledger_minor: int
    reported_minor: int
    ledger_date: str
    reported_date: str
    def __init__(self, item: _Optional[int] = ..., outcome: _Optional[str] = ..., rule: _Optional[str] = ..., reference: _Optional[str] = ..., counterparty: _Optional[str] = ..., row: _Optional[int] = ..., rows: _Optional[int] = ..., entry: _Optional[int] = ..., entries: _Optional[int] = ..., ledger_minor: _Optional[int] = ..., reported_minor: _Optional[int] = ..., ledger_date: _Optional[str] = ..., reported_date: _Optional[str] = ...) -> None: ...

class ListFindingsRequest(_message.Message):
    __slots__ = ("header", "reconciliation", "page_size", "after_item")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    RECONCILIATION_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    AFTER_ITEM_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    reconciliation: int
    page_size: int
    after_item: int
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., reconciliation: _Optional[int] = ..., page_size: _Optional[int] = ..., after_item: _Optional[int] = ...) -> None: ...

class FindingList(_message.Message):
    __slots__ = ("findings",)
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    findings: _containers.RepeatedCompositeFieldContainer[Finding]
    def __init__(self, findings: _Optional[_Iterable[_Union[Finding, _Mapping]]] = ...) -> None: ...

class ListItemsRequest(_message.Message):
    __slots__ = ("header", "window", "time_zone", "page_size", "after_number")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    TIME_ZONE_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    AFTER_NUMBER_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    window: int
    time_zone: str
    page_size: int
    after_number: int
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., window: _Optional[int] = ..., time_zone: _Optional[str] = ..., page_size: _Optional[int] = ..., after_number: _Optional[int] = ...) -> None: ...

class Item(_message.Message):
    __slots__ = ("number", "kind", "reference", "date", "amount_minor", "counterparty")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    DATE_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_MINOR_FIELD_NUMBER: _ClassVar[int]
    COUNTERPARTY_FIELD_NUMBER: _ClassVar[int]
    number: int
    kind: str
    reference: str
    date: str
    amount_minor: int
    counterparty: str
    def __init__(self, number: _Optional[int] = ..., kind: _Optional[str] = ..., reference: _Optional[str] = ..., date: _Optional[str] = ..., amount_minor: _Optional[int] = ..., counterparty: _Optional[str] = ...) -> None: ...

class ItemList(_message.Message):
    __slots__ = ("items", "more", "next_after_number")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    MORE_FIELD_NUMBER: _ClassVar[int]
    NEXT_AFTER_NUMBER_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[Item]
    more: bool
    next_after_number: int
    def __init__(self, items: _Optional[_Iterable[_Union[Item, _Mapping]]] = ..., more: _Optional[bool] = ..., next_after_number: _Optional[int] = ...) -> None: ...

class BreakRef(_message.Message):
    __slots__ = ("break_number", "item")
    BREAK_NUMBER_FIELD_NUMBER: _ClassVar[int]
    ITEM_FIELD_NUMBER: _ClassVar[int]
    break_number: int
    item: int
    def __init__(self, break_number: _Optional[int] = ..., item: _Optional[int] = ...) -> None: ...

class Adjustment(_message.Message):
    __slots__ = ("debtor", "creditor", "amount_minor")
    DEBTOR_FIELD_NUMBER: _ClassVar[int]
    CREDITOR_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_MINOR_FIELD_NUMBER: _ClassVar[int]
    debtor: str
    creditor: str
    amount_minor: int
    def __init__(self, debtor: _Optional[str] = ..., creditor: _Optional[str] = ..., amount_minor: _Optional[int] = ...) -> None: ...

class BreakStep(_message.Message):
    __slots__ = ("number", "kind", "participant", "sender", "words", "evidence_sha256", "entry", "adjustment", "taken_at")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    PARTICIPANT_FIELD_NUMBER: _ClassVar[int]
    SENDER_FIELD_NUMBER: _ClassVar[int]
    WORDS_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_SHA256_FIELD_NUMBER: _ClassVar[int]
    ENTRY_FIELD_NUMBER: _ClassVar[int]
    ADJUSTMENT_FIELD_NUMBER: _ClassVar[int]
    TAKEN_AT_FIELD_NUMBER: _ClassVar[int]
    number: int
    kind: BreakStepKind
    participant: str
    sender: str
    words: str
    evidence_sha256: bytes
    entry: int
    adjustment: Adjustment
    taken_at: _timestamp_pb2.Timestamp
    def __init__(self, number: _Optional[int] = ..., kind: _Optional[_Union[BreakStepKind, str]] = ..., participant: _Optional[str] = ..., sender: _Optional[str] = ..., words: _Optional[str] = ..., evidence_sha256: _Optional[bytes] = ..., entry: _Optional[int] = ..., adjustment: _Optional[_Union[Adjustment, _Mapping]] = ..., taken_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ProposedCorrection(_message.Message):
    __slots__ = ("remedy", "words", "amount_minor")
    REMEDY_FIELD_NUMBER: _ClassVar[int]
    WORDS_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_MINOR_FIELD_NUMBER: _ClassVar[int]
    remedy: str
    words: str
    amount_minor: int
    def __init__(self, remedy: _Optional[str] = ..., words: _Optional[str] = ..., amount_minor: _Optional[int] = ...) -> None: ...

class Break(_message.Message):
    __slots__ = ("break_number", "kind", "conversion", "owner", "ledger_minor", "reported_minor", "reference", "recorded_at", "item", "counterparty", "window", "entry", "row", "rows", "ledger_date", "reported_date", "state", "resolution", "resolved_number", "age_days", "proposed", "steps")
    BREAK_NUMBER_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    CONVERSION_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    LEDGER_MINOR_FIELD_NUMBER: _ClassVar[int]
    REPORTED_MINOR_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    RECORDED_AT_FIELD_NUMBER: _ClassVar[int]
    ITEM_FIELD_NUMBER: _ClassVar[int]
    COUNTERPARTY_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    ENTRY_FIELD_NUMBER: _ClassVar[int]
    ROW_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    LEDGER_DATE_FIELD_NUMBER: _ClassVar[int]
    REPORTED_DATE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    RESOLUTION_FIELD_NUMBER: _ClassVar[int]
    RESOLVED_NUMBER_FIELD_NUMBER: _ClassVar[int]
    AGE_DAYS_FIELD_NUMBER: _ClassVar[int]
    PROPOSED_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    break_number: int
    kind: BreakKind
    conversion: int
    owner: str
    ledger_minor: int
    reported_minor: int
    reference: str
    recorded_at: _timestamp_pb2.Timestamp
    item: int
    counterparty: str
    window: int
    entry: int
    row: int
    rows: int
    ledger_date: str
    reported_date: str
    state: BreakState
    resolution: BreakStepKind
    resolved_number: int
    age_days: int
    proposed: ProposedCorrection
    steps: _containers.RepeatedCompositeFieldContainer[BreakStep]
    def __init__(self, break_number: _Optional[int] = ..., kind: _Optional[_Union[BreakKind, str]] = ..., conversion: _Optional[int] = ..., owner: _Optional[str] = ..., ledger_minor: _Optional[int] = ..., reported_minor: _Optional[int] = ..., reference: _Optional[str] = ..., recorded_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., item: _Optional[int] = ..., counterparty: _Optional[str] = ..., window: _Optional[int] = ..., entry: _Optional[int] = ..., row: _Optional[int] = ..., rows: _Optional[int] = ..., ledger_date: _Optional[str] = ..., reported_date: _Optional[str] = ..., state: _Optional[_Union[BreakState, str]] = ..., resolution: _Optional[_Union[BreakStepKind, str]] = ..., resolved_number: _Optional[int] = ..., age_days: _Optional[int] = ..., proposed: _Optional[_Union[ProposedCorrection, _Mapping]] = ..., steps: _Optional[_Iterable[_Union[BreakStep, _Mapping]]] = ...) -> None: ...

class ListBreaksRequest(_message.Message):
    __slots__ = ("header", "page_size", "after_number", "after_item", "open", "window")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    AFTER_NUMBER_FIELD_NUMBER: _ClassVar[int]
    AFTER_ITEM_FIELD_NUMBER: _ClassVar[int]
    OPEN_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    page_size: int
    after_number: int
    after_item: int
    open: bool
    window: int
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., page_size: _Optional[int] = ..., after_number: _Optional[int] = ..., after_item: _Optional[int] = ..., open: _Optional[bool] = ..., window: _Optional[int] = ...) -> None: ...

class BreakList(_message.Message):
    __slots__ = ("breaks",)
    BREAKS_FIELD_NUMBER: _ClassVar[int]
    breaks: _containers.RepeatedCompositeFieldContainer[Break]
    def __init__(self, breaks: _Optional[_Iterable[_Union[Break, _Mapping]]] = ...) -> None: ...

class AcceptBreakRequest(_message.Message):
    __slots__ = ("header", "break_ref", "words", "evidence_sha256")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    BREAK_REF_FIELD_NUMBER: _ClassVar[int]
    WORDS_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_SHA256_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    break_ref: BreakRef
    words: str
    evidence_sha256: bytes
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., break_ref: _Optional[_Union[BreakRef, _Mapping]] = ..., words: _Optional[str] = ..., evidence_sha256: _Optional[bytes] = ...) -> None: ...

class DisputeBreakRequest(_message.Message):
    __slots__ = ("header", "break_ref", "words", "evidence_sha256")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    BREAK_REF_FIELD_NUMBER: _ClassVar[int]
    WORDS_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_SHA256_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    break_ref: BreakRef
    words: str
    evidence_sha256: bytes
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., break_ref: _Optional[_Union[BreakRef, _Mapping]] = ..., words: _Optional[str] = ..., evidence_sha256: _Optional[bytes] = ...) -> None: ...

class CorrectBreakRequest(_message.Message):
    __slots__ = ("header", "break_ref", "entry", "words", "evidence_sha256")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    BREAK_REF_FIELD_NUMBER: _ClassVar[int]
    ENTRY_FIELD_NUMBER: _ClassVar[int]
    WORDS_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_SHA256_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    break_ref: BreakRef
    entry: int
    words: str
    evidence_sha256: bytes
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., break_ref: _Optional[_Union[BreakRef, _Mapping]] = ..., entry: _Optional[int] = ..., words: _Optional[str] = ..., evidence_sha256: _Optional[bytes] = ...) -> None: ...

class AdjustBreakRequest(_message.Message):
    __slots__ = ("header", "break_ref", "adjustment", "words", "evidence_sha256")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    BREAK_REF_FIELD_NUMBER: _ClassVar[int]
    ADJUSTMENT_FIELD_NUMBER: _ClassVar[int]
    WORDS_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_SHA256_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    break_ref: BreakRef
    adjustment: Adjustment
    words: str
    evidence_sha256: bytes
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., break_ref: _Optional[_Union[BreakRef, _Mapping]] = ..., adjustment: _Optional[_Union[Adjustment, _Mapping]] = ..., words: _Optional[str] = ..., evidence_sha256: _Optional[bytes] = ...) -> None: ...

class WriteOffBreakRequest(_message.Message):
    __slots__ = ("header", "break_ref", "words", "evidence_sha256")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    BREAK_REF_FIELD_NUMBER: _ClassVar[int]
    WORDS_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_SHA256_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    break_ref: BreakRef
    words: str
    evidence_sha256: bytes
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., break_ref: _Optional[_Union[BreakRef, _Mapping]] = ..., words: _Optional[str] = ..., evidence_sha256: _Optional[bytes] = ...) -> None: ...
