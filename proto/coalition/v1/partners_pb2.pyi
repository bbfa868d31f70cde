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

class PartnerKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PARTNER_KIND_UNSPECIFIED: _ClassVar[PartnerKind]
    PARTNER_KIND_HOTEL: _ClassVar[PartnerKind]
    PARTNER_KIND_AIRLINE: _ClassVar[PartnerKind]
    PARTNER_KIND_CARD_ISSUER: _ClassVar[PartnerKind]
    PARTNER_KIND_OTHER: _ClassVar[PartnerKind]
    PARTNER_KIND_OPERATOR: _ClassVar[PartnerKind]

class KeyState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    KEY_STATE_UNSPECIFIED: _ClassVar[KeyState]
    KEY_STATE_PENDING: _ClassVar[KeyState]
    KEY_STATE_APPROVED: _ClassVar[KeyState]
    KEY_STATE_REVOKED: _ClassVar[KeyState]
PARTNER_KIND_UNSPECIFIED: PartnerKind
PARTNER_KIND_HOTEL: PartnerKind
PARTNER_KIND_AIRLINE: PartnerKind
PARTNER_KIND_CARD_ISSUER: PartnerKind
PARTNER_KIND_OTHER: PartnerKind
PARTNER_KIND_OPERATOR: PartnerKind
KEY_STATE_UNSPECIFIED: KeyState
KEY_STATE_PENDING: KeyState
KEY_STATE_APPROVED: KeyState
KEY_STATE_REVOKED: KeyState

class PublicKey(_message.Message):
    __slots__ = ("ed25519", "proof", "valid_from", "valid_to")
    ED25519_FIELD_NUMBER: _ClassVar[int]
    PROOF_FIELD_NUMBER: _ClassVar[int]
    VALID_FROM_FIELD_NUMBER: _ClassVar[int]
    VALID_TO_FIELD_NUMBER: _ClassVar[int]
    ed25519: bytes
    proof: bytes
    valid_from: _timestamp_pb2.Timestamp
    valid_to: _timestamp_pb2.Timestamp
    def __init__(self, ed25519: _Optional[bytes] = ..., proof: _Optional[bytes] = ..., valid_from: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., valid_to: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class RegisterPartnerRequest(_message.Message):
    __slots__ = ("header", "partner", "kind", "name", "key")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    PARTNER_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    partner: str
    kind: PartnerKind
    name: str
    key: PublicKey
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., partner: _Optional[str] = ..., kind: _Optional[_Union[PartnerKind, str]] = ..., name: _Optional[str] = ..., key: _Optional[_Union[PublicKey, _Mapping]] = ...) -> None: ...

class RegisterKeyRequest(_message.Message):
    __slots__ = ("header", "key")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    key: PublicKey
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., key: _Optional[_Union[PublicKey, _Mapping]] = ...) -> None: ...

class ApproveKeyRequest(_message.Message):
    __slots__ = ("header", "keyid")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    KEYID_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    keyid: str
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., keyid: _Optional[str] = ...) -> None: ...

class RevokeKeyRequest(_message.Message):
    __slots__ = ("header", "keyid", "compromised_since")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    KEYID_FIELD_NUMBER: _ClassVar[int]
    COMPROMISED_SINCE_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    keyid: str
    compromised_since: _timestamp_pb2.Timestamp
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., keyid: _Optional[str] = ..., compromised_since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class PublishProgrammeRequest(_message.Message):
    __slots__ = ("header", "definition")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    DEFINITION_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    definition: bytes
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., definition: _Optional[bytes] = ...) -> None: ...

class Programme(_message.Message):
    __slots__ = ("programme", "partner", "currency", "version", "valid_from", "definition_sha256", "exponent", "earns_until", "points_until")
    PROGRAMME_FIELD_NUMBER: _ClassVar[int]
    PARTNER_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    VALID_FROM_FIELD_NUMBER: _ClassVar[int]
    DEFINITION_SHA256_FIELD_NUMBER: _ClassVar[int]
    EXPONENT_FIELD_NUMBER: _ClassVar[int]
    EARNS_UNTIL_FIELD_NUMBER: _ClassVar[int]
    POINTS_UNTIL_FIELD_NUMBER: _ClassVar[int]
    programme: str
    partner: str
    currency: str
    version: int
    valid_from: _timestamp_pb2.Timestamp
    definition_sha256: bytes
    exponent: int
    earns_until: _timestamp_pb2.Timestamp
    points_until: _timestamp_pb2.Timestamp
    def __init__(self, programme: _Optional[str] = ..., partner: _Optional[str] = ..., currency: _Optional[str] = ..., version: _Optional[int] = ..., valid_from: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., definition_sha256: _Optional[bytes] = ..., exponent: _Optional[int] = ..., earns_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., points_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListPartnersRequest(_message.Message):
    __slots__ = ("header",)
    HEADER_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ...) -> None: ...

class Partner(_message.Message):
    __slots__ = ("partner", "kind", "name", "programmes", "blocked")
    PARTNER_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    PROGRAMMES_FIELD_NUMBER: _ClassVar[int]
    BLOCKED_FIELD_NUMBER: _ClassVar[int]
    partner: str
    kind: PartnerKind
    name: str
    programmes: _containers.RepeatedCompositeFieldContainer[Programme]
    blocked: bool
    def __init__(self, partner: _Optional[str] = ..., kind: _Optional[_Union[PartnerKind, str]] = ..., name: _Optional[str] = ..., programmes: _Optional[_Iterable[_Union[Programme, _Mapping]]] = ..., blocked: _Optional[bool] = ...) -> None: ...

class PartnerList(_message.Message):
    __slots__ = ("partners",)
    PARTNERS_FIELD_NUMBER: _ClassVar[int]
    partners: _containers.RepeatedCompositeFieldContainer[Partner]
    def __init__(self, partners: _Optional[_Iterable[_Union[Partner, _Mapping]]] = ...) -> None: ...

class Key(_message.Message):
    __slots__ = ("keyid", "owner", "ed25519", "state", "valid_from", "valid_to", "revoked_at", "compromised_since")
    KEYID_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    ED25519_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    VALID_FROM_FIELD_NUMBER: _ClassVar[int]
    VALID_TO_FIELD_NUMBER: _ClassVar[int]
    REVOKED_AT_FIELD_NUMBER: _ClassVar[int]
    COMPROMISED_SINCE_FIELD_NUMBER: _ClassVar[int]
    keyid: str
    owner: str
    ed25519: bytes
    state: KeyState
    valid_from: _timestamp_pb2.Timestamp
    valid_to: _timestamp_pb2.Timestamp
    revoked_at: _timestamp_pb2.Timestamp
    compromised_since: _timestamp_pb2.Timestamp
    def __init__(self, keyid: _Optional[str] = ..., owner: _Optional[str] = ..., ed25519: _Optional[bytes] = ..., state: _Optional[_Union[KeyState, str]] = ..., valid_from: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., valid_to: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., revoked_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., compromised_since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListKeysRequest(_message.Message):
    __slots__ = ("header",)
    HEADER_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ...) -> None: ...

class KeyList(_message.Message):
    __slots__ = ("keys",)
    KEYS_FIELD_NUMBER: _ClassVar[int]
    keys: _containers.RepeatedCompositeFieldContainer[Key]
    def __init__(self, keys: _Optional[_Iterable[_Union[Key, _Mapping]]] = ...) -> None: ...

class ListKeyUseRequest(_message.Message):
    __slots__ = ("header", "keyid", "since", "page_size", "page_token")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    KEYID_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    keyid: str
    since: _timestamp_pb2.Timestamp
    page_size: int
    page_token: str
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., keyid: _Optional[str] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class KeyUse(_message.Message):
    __slots__ = ("requests", "next_page_token")
    REQUESTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    requests: _containers.RepeatedCompositeFieldContainer[UsedRequest]
    next_page_token: str
    def __init__(self, requests: _Optional[_Iterable[_Union[UsedRequest, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class UsedRequest(_message.Message):
    __slots__ = ("sender", "request_id", "method", "decided_at", "number")
    SENDER_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    DECIDED_AT_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    sender: str
    request_id: str
    method: str
    decided_at: _timestamp_pb2.Timestamp
    number: int
    def __init__(self, sender: _Optional[str] = ..., request_id: _Optional[str] = ..., method: _Optional[str] = ..., decided_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., number: _Optional[int] = ...) -> None: ...

class WindDownRequest(_message.Message):
    __slots__ = ("header", "programme", "earns_until", "points_until")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    PROGRAMME_FIELD_NUMBER: _ClassVar[int]
    EARNS_UNTIL_FIELD_NUMBER: _ClassVar[int]
    POINTS_UNTIL_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    programme: str
    earns_until: _timestamp_pb2.Timestamp
    points_until: _timestamp_pb2.Timestamp
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., programme: _Optional[str] = ..., earns_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., points_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class WindDownResult(_message.Message):
    __slots__ = ("programme", "earns_until", "points_until")
    PROGRAMME_FIELD_NUMBER: _ClassVar[int]
    EARNS_UNTIL_FIELD_NUMBER: _ClassVar[int]
    POINTS_UNTIL_FIELD_NUMBER: _ClassVar[int]
    programme: str
    earns_until: _timestamp_pb2.Timestamp
    points_until: _timestamp_pb2.Timestamp
    def __init__(self, programme: _Optional[str] = ..., earns_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., points_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GetDefinitionRequest(_message.Message):
    __slots__ = ("header", "programme", "version")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    PROGRAMME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    programme: str
    version: int
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., programme: _Optional[str] = ..., version: _Optional[int] = ...) -> None: ...

class Definition(_message.Message):
    __slots__ = ("programme", "definition")
    PROGRAMME_FIELD_NUMBER: _ClassVar[int]
    DEFINITION_FIELD_NUMBER: _ClassVar[int]
    programme: Programme
    definition: bytes
    def __init__(self, programme: _Optional[_Union[Programme, _Mapping]] = ..., definition: _Optional[bytes] = ...) -> None: ...
