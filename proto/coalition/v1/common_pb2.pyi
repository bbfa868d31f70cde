from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class Fraction(_message.Message):
    __slots__ = ("numerator", "denominator")
    NUMERATOR_FIELD_NUMBER: _ClassVar[int]
    DENOMINATOR_FIELD_NUMBER: _ClassVar[int]
    numerator: int
    denominator: int
    def __init__(self, numerator: _Optional[int] = ..., denominator: _Optional[int] = ...) -> None: ...

class Amount(_message.Message):
    __slots__ = ("currency", "minor")
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    MINOR_FIELD_NUMBER: _ClassVar[int]
    currency: str
    minor: int
    def __init__(self, currency: _Optional[str] = ..., minor: _Optional[int] = ...) -> None: ...

class MembershipRef(_message.Message):
    __slots__ = ("programme", "member_number")
    PROGRAMME_FIELD_NUMBER: _ClassVar[int]
    MEMBER_NUMBER_FIELD_NUMBER: _ClassVar[int]
    programme: str
    member_number: str
    def __init__(self, programme: _Optional[str] = ..., member_number: _Optional[str] = ...) -> None: ...

class ActivityKey(_message.Message):
    __slots__ = ("supplier", "kind", "reference", "revision")
    SUPPLIER_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    supplier: str
    kind: str
    reference: str
    revision: int
    def __init__(self, supplier: _Optional[str] = ..., kind: _Optional[str] = ..., reference: _Optional[str] = ..., revision: _Optional[int] = ...) -> None: ...
