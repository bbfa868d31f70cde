"""A partner's own evidence: what it asked for, and what the gateway signed in answer.

JSON lines, only ever appended, each on disk before the call that wrote it returns:

    {"method": M, "request": BASE64, "request_id": ID}    before a request is first sent
    {"answer": BASE64, "method": M, "request_id": ID}     the signed answer, an Envelope
    {"method": M, "refused": REASON, "request_id": ID}    refused and not stored: it is over

A request without one of the other two is pending: it may have counted, and can be sent
again as the same bytes. A last line that a crash tore was promised to nobody, and is dropped.
"""

import base64
import binascii
import json
import os
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from types import TracebackType
from typing import Self

from google.protobuf.message import DecodeError

from coalition.v1.envelope_pb2 import Envelope

if sys.platform != "win32":
    import fcntl


_LINE_START = b'{"'
"""What every line begins with, even a torn one."""


class ReceiptFileError(Exception):
    """A receipt file cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One request, and its answer where it has one. `refused`: a reason that was not stored."""

    request_id: str
    method: str
    payload: bytes
    envelope: Envelope | None = None
    refused: str = ""

    @property
    def pending(self) -> bool:
        """Whether it may have counted, for all that is known here."""
        return self.envelope is None and not self.refused


@dataclass(slots=True)
class _Place:
    """Offsets of a request's lines in the file."""

    request: int
    answer: int | None = None
    refused: str = ""


@dataclass(slots=True)
class _Index:
    """What a file holds, by request id, in the order of first sending."""

    places: dict[str, _Place] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    whole_bytes: int = 0


class ReceiptFile:
    """An open receipt file: one process writes it, from as many threads as it likes."""

    def __init__(self, path: Path) -> None:
        """Open or create. Raises ReceiptFileError, also where another process has it open."""
        self._path = path
        self._lock = threading.Lock()
        self._closed = False
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
            self._descriptor = os.open(path, flags, 0o600)
        except OSError as problem:
            message = f"cannot open the receipt file {path}: {problem.strerror}"
            raise ReceiptFileError(message) from None
        try:
            self._claim()
            self._index = _usable_index(path)
            os.ftruncate(self._descriptor, self._index.whole_bytes)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        """Give the open file."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Close, once and for all; what was written is on disk already."""
        with self._lock:
            if not self._closed:
                os.close(self._descriptor)
            self._closed = True

    @property
    def path(self) -> Path:
        """Where it is."""
        return self._path

    def add_request(self, request_id: str, method: str, payload: bytes) -> None:
        """Keep a request that is about to be sent for the first time.

        Raises ReceiptFileError where the id is taken or nothing can be written.
        """
        with self._lock:
            if request_id in self._index.places:
                message = f"{self._path} holds a request {request_id} already"
                raise ReceiptFileError(message)
            offset = self._append(request_id, method, "request", _base64(payload))
            self._index.places[request_id] = _Place(offset)
        os.fsync(self._descriptor)

    def add_answer(self, request_id: str, method: str, envelope: Envelope) -> None:
        """Keep the signed answer to a kept request. The first one stays; it is the same one.

        Raises ReceiptFileError where nothing can be written.
        """
        with self._lock:
            place = self._index.places[request_id]
            if place.answer is not None:
                return
            answer = _base64(envelope.SerializeToString())
            place.answer = self._append(request_id, method, "answer", answer)
        os.fsync(self._descriptor)

    def add_refused(self, request_id: str, method: str, reason: str) -> None:
        """Note that a kept request was refused without being stored, and never counted."""
        with self._lock:
            self._append(request_id, method, "refused", reason)
            self._index.places[request_id].refused = reason
        os.fsync(self._descriptor)

    def find(self, request_id: str) -> Kept | None:
        """What is kept of a request."""
        with self._lock:
            place = self._index.places.get(request_id)
        if place is None:
            return None
        with self._path.open("rb") as file:
            return _kept(file, place)

    def pending(self) -> list[str]:
        """Ids of requests that may have counted and have no answer, oldest first."""
        with self._lock:
            places = list(self._index.places.items())
        return [name for name, place in places if place.answer is None and not place.refused]

    def __iter__(self) -> Iterator[Kept]:
        """Everything that is kept, oldest request first."""
        with self._lock:
            places = list(self._index.places.values())
        with self._path.open("rb") as file:
            for place in places:
                yield _kept(file, place)

    def _claim(self) -> None:
        """Keep other processes from writing; released when the file is closed."""
        if sys.platform == "win32":
            return
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"{self._path} is in use by another process: give each its own file"
            raise ReceiptFileError(message) from None

    def _append(self, request_id: str, method: str, what: str, value: str) -> int:
        """Write one line at the end, whole or not at all; its offset."""
        fields = {"method": method, "request_id": request_id, what: value}
        line = json.dumps(fields, sort_keys=True).encode() + b"\n"
        offset = os.fstat(self._descriptor).st_size
        try:
            left = memoryview(line)
            while left:
                left = left[os.write(self._descriptor, left) :]
        except OSError as problem:
            os.ftruncate(self._descriptor, offset)
            message = f"cannot write {self._path}: {problem.strerror}"
            raise ReceiptFileError(message) from None
        return offset


def read_file(path: Path) -> tuple[Iterator[Kept], list[str]]:
    """Everything in a file, and problems in words: for a look at a file that may be in use.

    Raises ReceiptFileError where it cannot be read.
    """
    try:
        with path.open("rb") as file:
            index = _read_index(file)
    except OSError as problem:
        message = f"cannot read the receipt file {path}: {problem.strerror}"
        raise ReceiptFileError(message) from None
    return _read_all(path, index), index.problems


def _usable_index(path: Path) -> _Index:
    """The index of a file that may be written to: ours, and whole but for a torn last line."""
    with path.open("rb") as file:
        index = _read_index(file)
    if index.problems:
        message = f"{path} is no receipt file, or damaged; take another: {index.problems[0]}"
        raise ReceiptFileError(message)
    return index


def _read_all(path: Path, index: _Index) -> Iterator[Kept]:
    with path.open("rb") as file:
        for place in index.places.values():
            yield _kept(file, place)


def _read_index(file: BufferedReader) -> _Index:
    index = _Index()
    for number, line in enumerate(file, start=1):
        if not line.endswith(b"\n"):
            break
        problem = _index_line(index, line)
        if problem:
            index.problems.append(f"line {number}: {problem}")
        index.whole_bytes += len(line)
    file.seek(index.whole_bytes)
    if not _LINE_START.startswith(file.read(len(_LINE_START))):
        index.problems.append("the last line is none of a receipt file")
    return index


def _index_line(index: _Index, line: bytes) -> str:
    """Note where a line stands; what is wrong with it, or nothing."""
    try:
        fields = _read_line(line)
    except (ValueError, RecursionError) as problem:
        return str(problem)
    request_id = fields["request_id"]
    place = index.places.get(request_id)
    if "request" in fields:
        if place is not None:
            return f"a second request {request_id}"
        index.places[request_id] = _Place(index.whole_bytes)
    elif place is None:
        return f"an answer to a request {request_id} that is not in the file"
    elif "refused" in fields:
        place.refused = fields["refused"]
    elif place.answer is not None:
        return f"a second answer to {request_id}"
    else:
        place.answer = index.whole_bytes
    return ""


def _read_line(line: bytes) -> dict[str, str]:
    """The fields of a line; ValueError where it is no line of ours."""
    fields: object = json.loads(line)
    if not isinstance(fields, dict) or not all(isinstance(v, str) for v in fields.values()):
        message = "not an object of texts"
        raise ValueError(message)
    if fields.keys() - {"request", "answer", "refused"} != {"method", "request_id"}:
        message = "other fields than a request or an answer has"
        raise ValueError(message)
    for what in ("request", "answer"):
        try:
            payload = base64.b64decode(fields.get(what, ""), validate=True)
            if what == "answer":
                Envelope.FromString(payload)
        except (binascii.Error, DecodeError) as problem:
            message = f"a broken {what}: {problem}"
            raise ValueError(message) from None
    return fields


def _kept(file: BufferedReader, place: _Place) -> Kept:
    request = _line_at(file, place.request)
    envelope = None
    if place.answer is not None:
        answer = base64.b64decode(_line_at(file, place.answer)["answer"])
        envelope = Envelope.FromString(answer)
    return Kept(
        request_id=request["request_id"],
        method=request["method"],
        payload=base64.b64decode(request["request"]),
        envelope=envelope,
        refused=place.refused,
    )


def _line_at(file: BufferedReader, offset: int) -> dict[str, str]:
    file.seek(offset)
    fields: dict[str, str] = json.loads(file.readline())
    return fields


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
