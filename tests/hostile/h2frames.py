"""HTTP/2 frames made by hand (RFC 9113), for what no well-behaved client sends.

Header blocks are literals without indexing (RFC 7541, 6.2.2), so nothing has to be remembered.
"""

import socket
from collections.abc import Iterable
from itertools import count
from typing import Self

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = (
    *(0, 1, 3, 4, 6, 7),
    *(8, 9),
)
END_STREAM, ACK, END_HEADERS = 1, 1, 4

INITIAL_WINDOW_SIZE = 4
CANCEL = 8

_MOST_IN_A_PREFIX = 127


def frame(kind: int, payload: bytes = b"", *, flags: int = 0, stream: int = 0) -> bytes:
    """One frame."""
    head = len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big")
    return head + payload


def settings(**values: int) -> bytes:
    """A SETTINGS frame; `window` is the initial window of every stream."""
    codes = {"window": INITIAL_WINDOW_SIZE}
    pairs = (codes[k].to_bytes(2, "big") + v.to_bytes(4, "big") for k, v in values.items())
    return frame(SETTINGS, b"".join(pairs))


def _text(value: bytes) -> bytes:
    size = len(value)
    if size < _MOST_IN_A_PREFIX:
        return bytes([size]) + value
    rest, out = size - _MOST_IN_A_PREFIX, bytearray([_MOST_IN_A_PREFIX])
    while rest > _MOST_IN_A_PREFIX:
        out.append(rest & 0x7F | 0x80)
        rest >>= 7
    return bytes([*out, rest]) + value


def header_block(fields: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Header fields as literals."""
    return b"".join(b"\0" + _text(name) + _text(value) for name, value in fields)


def call_headers(path: str, *more: tuple[bytes, bytes]) -> bytes:
    """The header block of a gRPC call."""
    return header_block(
        [
            (b":method", b"POST"),
            (b":scheme", b"http"),
            (b":path", path.encode()),
            (b":authority", b"localhost"),
            (b"te", b"trailers"),
            (b"content-type", b"application/grpc"),
            *more,
        ]
    )


def message(data: bytes, *, compressed: bool = False, size: int | None = None) -> bytes:
    """A gRPC message with its five bytes before it; `size` is what it claims to have."""
    claimed = len(data) if size is None else size
    return bytes([compressed]) + claimed.to_bytes(4, "big") + data


class Peer:
    """One connection of somebody who keeps no rules."""

    def __init__(self, target: str, *, window: int | None = None, hello: bool = True) -> None:
        host, _, port = target.rpartition(":")
        self.socket = socket.create_connection((host, int(port)), timeout=20)
        self._streams = count(1, 2)
        if hello:
            first = settings() if window is None else settings(window=window)
            self.send(PREFACE + first)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> bool:
        """Whether the other side still takes it."""
        try:
            self.socket.sendall(data)
        except OSError:
            return False
        return True

    def open_call(self, path: str, *more: tuple[bytes, bytes]) -> int:
        """Begin a call and say nothing yet; its stream."""
        stream = next(self._streams)
        self.send(frame(HEADERS, call_headers(path, *more), flags=END_HEADERS, stream=stream))
        return stream

    def say(self, stream: int, data: bytes) -> bool:
        """All there is to say: less than 64 KiB, which is what may be said without being asked."""
        chunks = [data[i : i + 16_384] for i in range(0, len(data), 16_384)] or [b""]
        frames = [frame(DATA, chunk, stream=stream) for chunk in chunks[:-1]]
        frames.append(frame(DATA, chunks[-1], flags=END_STREAM, stream=stream))
        return self.send(b"".join(frames))

    def reset(self, stream: int) -> bool:
        """Never mind."""
        return self.send(frame(RST_STREAM, CANCEL.to_bytes(4, "big"), stream=stream))

    def hears(self, seconds: float = 1.0) -> bytes:
        """What the other side says next; nothing where it hung up, or is silent."""
        self.socket.settimeout(seconds)
        try:
            return self.socket.recv(65_536)
        except OSError:
            return b""
