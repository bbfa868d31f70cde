"""Opens activity files: plain or gzip, from a path or a stream, and knows how far it got."""

import gzip
import io
import os
import re
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

_NAME = re.compile(r"[\x20-\x7e]{1,100}")
"""A reference is at most 128 printable ASCII characters, and may hold the name and a row."""

_GZIP_MAGIC = b"\x1f\x8b"


class ActivityFileError(Exception):
    """A file cannot be read as its mapping says; the message says what to do."""


class Damaged(Exception):
    """The file breaks off, or its compression is broken, from here on."""


@dataclass(slots=True)
class Source:
    """An open file. `name` is what it is known by: without folders, and without .gz.

    `size_bytes` is of the file as it lies there, None where it is not known.
    """

    name: str
    size_bytes: int | None
    _raw: BinaryIO
    _plain: BinaryIO

    @property
    def position_bytes(self) -> int:
        """How much of the file was read."""
        return self._raw.tell() if self._raw.seekable() else 0

    def line(self, limit: int) -> bytes:
        """The next line with its end, or its first `limit` bytes. Raises Damaged."""
        try:
            return self._plain.readline(limit)
        except (OSError, EOFError, zlib.error) as problem:
            raise Damaged(str(problem)) from None

    def read(self, size: int) -> bytes:
        """The next bytes, none at the end. Raises Damaged."""
        try:
            return self._plain.read(size)
        except (OSError, EOFError, zlib.error) as problem:
            raise Damaged(str(problem)) from None


@contextmanager
def open_source(file: Path | BinaryIO, name: str | None = None) -> Iterator[Source]:
    """Open a path, or take a stream, which stays open. A stream needs a name.

    Raises ActivityFileError.
    """
    if isinstance(file, Path):
        try:
            raw = file.open("rb")
        except OSError as problem:
            message = f"cannot read {file}: {problem.strerror}"
            raise ActivityFileError(message) from None
        with raw:
            yield _source(raw, name or file.name)
    elif name:
        yield _source(file, name)
    else:
        message = "a stream has no name, and activities are known by it: give --name"
        raise ActivityFileError(message)


def _source(raw: BinaryIO, name: str) -> Source:
    name = name.removesuffix(".gz")
    if _NAME.fullmatch(name) is None:
        message = f"the name {name!a:.120} is not 1 to 100 printable ASCII characters: give --name"
        raise ActivityFileError(message)
    buffered = raw if hasattr(raw, "peek") else _rewindable(raw)
    is_gzip = buffered.peek(2)[:2] == _GZIP_MAGIC  # type: ignore[attr-defined]
    plain = cast("BinaryIO", gzip.GzipFile(fileobj=buffered)) if is_gzip else buffered
    return Source(name, _size(raw), raw, plain)


def _rewindable(raw: BinaryIO) -> BinaryIO:
    return cast("BinaryIO", io.BufferedReader(cast("io.RawIOBase", raw)))


def _size(raw: BinaryIO) -> int | None:
    try:
        found = os.fstat(raw.fileno())
    except (OSError, ValueError):
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None
