from google.protobuf import descriptor_pb2 as _descriptor_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class MethodKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    METHOD_KIND_UNSPECIFIED: _ClassVar[MethodKind]
    METHOD_KIND_WRITE: _ClassVar[MethodKind]
    METHOD_KIND_READ: _ClassVar[MethodKind]
METHOD_KIND_UNSPECIFIED: MethodKind
METHOD_KIND_WRITE: MethodKind
METHOD_KIND_READ: MethodKind
SIGNED_FIELD_NUMBER: _ClassVar[int]
signed: _descriptor.FieldDescriptor

class SignedMethod(_message.Message):
    __slots__ = ("payload", "kind", "lifetime_seconds", "result")
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    LIFETIME_SECONDS_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    payload: str
    kind: MethodKind
    lifetime_seconds: int
    result: str
    def __init__(self, payload: _Optional[str] = ..., kind: _Optional[_Union[MethodKind, str]] = ..., lifetime_seconds: _Optional[int] = ..., result: _Optional[str] = ...) -> None: ...
