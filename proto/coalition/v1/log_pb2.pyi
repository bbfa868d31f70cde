from coalition.v1 import envelope_pb2 as _envelope_pb2
from coalition.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetCheckpointRequest(_message.Message):
    __slots__ = ("header",)
    HEADER_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ...) -> None: ...

class Checkpoint(_message.Message):
    __slots__ = ("note",)
    NOTE_FIELD_NUMBER: _ClassVar[int]
    note: bytes
    def __init__(self, note: _Optional[bytes] = ...) -> None: ...

class GetInclusionProofsRequest(_message.Message):
    __slots__ = ("header", "tree_size", "numbers")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    TREE_SIZE_FIELD_NUMBER: _ClassVar[int]
    NUMBERS_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    tree_size: int
    numbers: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., tree_size: _Optional[int] = ..., numbers: _Optional[_Iterable[int]] = ...) -> None: ...

class InclusionProof(_message.Message):
    __slots__ = ("number", "hashes")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    HASHES_FIELD_NUMBER: _ClassVar[int]
    number: int
    hashes: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, number: _Optional[int] = ..., hashes: _Optional[_Iterable[bytes]] = ...) -> None: ...

class InclusionProofList(_message.Message):
    __slots__ = ("tree_size", "proofs")
    TREE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PROOFS_FIELD_NUMBER: _ClassVar[int]
    tree_size: int
    proofs: _containers.RepeatedCompositeFieldContainer[InclusionProof]
    def __init__(self, tree_size: _Optional[int] = ..., proofs: _Optional[_Iterable[_Union[InclusionProof, _Mapping]]] = ...) -> None: ...

class GetConsistencyProofRequest(_message.Message):
    __slots__ = ("header", "from_size", "to_size")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    FROM_SIZE_FIELD_NUMBER: _ClassVar[int]
    TO_SIZE_FIELD_NUMBER: _ClassVar[int]
    header: _envelope_pb2.Header
    from_size: int
    to_size: int
    def __init__(self, header: _Optional[_Union[_envelope_pb2.Header, _Mapping]] = ..., from_size: _Optional[int] = ..., to_size: _Optional[int] = ...) -> None: ...

class ConsistencyProof(_message.Message):
    __slots__ = ("from_size", "to_size", "hashes")
    FROM_SIZE_FIELD_NUMBER: _ClassVar[int]
    TO_SIZE_FIELD_NUMBER: _ClassVar[int]
    HASHES_FIELD_NUMBER: _ClassVar[int]
    from_size: int
    to_size: int
    hashes: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, from_size: _Optional[int] = ..., to_size: _Optional[int] = ..., hashes: _Optional[_Iterable[bytes]] = ...) -> None: ...
