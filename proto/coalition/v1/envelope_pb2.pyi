import datetime

from coalition.v1 import errors_pb2 as _errors_pb2
from google.protobuf import any_pb2 as _any_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Envelope(_message.Message):
    __slots__ = ("payload", "payload_type", "signatures")
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_TYPE_FIELD_NUMBER: _ClassVar[int]
    SIGNATURES_FIELD_NUMBER: _ClassVar[int]
    payload: bytes
    payload_type: str
    signatures: _containers.RepeatedCompositeFieldContainer[Signature]
    def __init__(self, payload: _Optional[bytes] = ..., payload_type: _Optional[str] = ..., signatures: _Optional[_Iterable[_Union[Signature, _Mapping]]] = ...) -> None: ...

class Signature(_message.Message):
    __slots__ = ("sig", "keyid")
    SIG_FIELD_NUMBER: _ClassVar[int]
    KEYID_FIELD_NUMBER: _ClassVar[int]
    sig: bytes
    keyid: str
    def __init__(self, sig: _Optional[bytes] = ..., keyid: _Optional[str] = ...) -> None: ...

class Header(_message.Message):
    __slots__ = ("method", "audience", "sender", "request_id", "created", "expires")
    METHOD_FIELD_NUMBER: _ClassVar[int]
    AUDIENCE_FIELD_NUMBER: _ClassVar[int]
    SENDER_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_FIELD_NUMBER: _ClassVar[int]
    method: str
    audience: str
    sender: str
    request_id: str
    created: _timestamp_pb2.Timestamp
    expires: _timestamp_pb2.Timestamp
    def __init__(self, method: _Optional[str] = ..., audience: _Optional[str] = ..., sender: _Optional[str] = ..., request_id: _Optional[str] = ..., created: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expires: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class EntryRecord(_message.Message):
    __slots__ = ("entry", "facts", "facts_salt", "digests", "lines")
    ENTRY_FIELD_NUMBER: _ClassVar[int]
    FACTS_FIELD_NUMBER: _ClassVar[int]
    FACTS_SALT_FIELD_NUMBER: _ClassVar[int]
    DIGESTS_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    entry: bytes
    facts: bytes
    facts_salt: bytes
    digests: _containers.RepeatedScalarFieldContainer[bytes]
    lines: _containers.RepeatedCompositeFieldContainer[LineRecord]
    def __init__(self, entry: _Optional[bytes] = ..., facts: _Optional[bytes] = ..., facts_salt: _Optional[bytes] = ..., digests: _Optional[_Iterable[bytes]] = ..., lines: _Optional[_Iterable[_Union[LineRecord, _Mapping]]] = ...) -> None: ...

class LineRecord(_message.Message):
    __slots__ = ("index", "salt", "line")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    SALT_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    index: int
    salt: bytes
    line: bytes
    def __init__(self, index: _Optional[int] = ..., salt: _Optional[bytes] = ..., line: _Optional[bytes] = ...) -> None: ...

class Receipt(_message.Message):
    __slots__ = ("audience", "method", "sender", "request_id", "request_sha256", "number", "accepted_at", "record", "result")
    AUDIENCE_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    SENDER_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_SHA256_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_AT_FIELD_NUMBER: _ClassVar[int]
    RECORD_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    audience: str
    method: str
    sender: str
    request_id: str
    request_sha256: bytes
    number: int
    accepted_at: _timestamp_pb2.Timestamp
    record: EntryRecord
    result: _any_pb2.Any
    def __init__(self, audience: _Optional[str] = ..., method: _Optional[str] = ..., sender: _Optional[str] = ..., request_id: _Optional[str] = ..., request_sha256: _Optional[bytes] = ..., number: _Optional[int] = ..., accepted_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., record: _Optional[_Union[EntryRecord, _Mapping]] = ..., result: _Optional[_Union[_any_pb2.Any, _Mapping]] = ...) -> None: ...

class Refusal(_message.Message):
    __slots__ = ("audience", "method", "sender", "request_id", "request_sha256", "reason", "message", "metadata", "refused_at")
    class MetadataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    AUDIENCE_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    SENDER_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_SHA256_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    REFUSED_AT_FIELD_NUMBER: _ClassVar[int]
    audience: str
    method: str
    sender: str
    request_id: str
    request_sha256: bytes
    reason: _errors_pb2.Reason
    message: str
    metadata: _containers.ScalarMap[str, str]
    refused_at: _timestamp_pb2.Timestamp
    def __init__(self, audience: _Optional[str] = ..., method: _Optional[str] = ..., sender: _Optional[str] = ..., request_id: _Optional[str] = ..., request_sha256: _Optional[bytes] = ..., reason: _Optional[_Union[_errors_pb2.Reason, str]] = ..., message: _Optional[str] = ..., metadata: _Optional[_Mapping[str, str]] = ..., refused_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class BatchReceipt(_message.Message):
    __slots__ = ("audience", "method", "sender", "request_id", "request_sha256", "outcomes")
    AUDIENCE_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    SENDER_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_SHA256_FIELD_NUMBER: _ClassVar[int]
    OUTCOMES_FIELD_NUMBER: _ClassVar[int]
    audience: str
    method: str
    sender: str
    request_id: str
    request_sha256: bytes
    outcomes: _containers.RepeatedCompositeFieldContainer[Outcome]
    def __init__(self, audience: _Optional[str] = ..., method: _Optional[str] = ..., sender: _Optional[str] = ..., request_id: _Optional[str] = ..., request_sha256: _Optional[bytes] = ..., outcomes: _Optional[_Iterable[_Union[Outcome, _Mapping]]] = ...) -> None: ...

class Outcome(_message.Message):
    __slots__ = ("receipt", "refusal")
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    receipt: bytes
    refusal: bytes
    def __init__(self, receipt: _Optional[bytes] = ..., refusal: _Optional[bytes] = ...) -> None: ...

class FeedRecord(_message.Message):
    __slots__ = ("audience", "participant", "number", "record")
    AUDIENCE_FIELD_NUMBER: _ClassVar[int]
    PARTICIPANT_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    RECORD_FIELD_NUMBER: _ClassVar[int]
    audience: str
    participant: str
    number: int
    record: EntryRecord
    def __init__(self, audience: _Optional[str] = ..., participant: _Optional[str] = ..., number: _Optional[int] = ..., record: _Optional[_Union[EntryRecord, _Mapping]] = ...) -> None: ...
