"""What peers without a key can do to a gateway's port, and those with one to its streams."""

import gzip
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager

from coalition.v1 import feed_pb2
from hostile.h2frames import (
    CONTINUATION,
    END_HEADERS,
    HEADERS,
    PING,
    PREFACE,
    SETTINGS,
    Peer,
    call_headers,
    frame,
    header_block,
    message,
)
from support.raw_calls import Wire

LOOK_UP = "/coalition.v1.Members/LookUp"
FOLLOW = "/coalition.v1.Feed/Follow"

Abuse = Callable[[str, Wire, ExitStack], None]
"""Done to a target; what it leaves open stays open until the stack is closed."""


def _peers(target: str, stack: ExitStack, count: int, **more: object) -> Iterator[Peer]:
    for _ in range(count):
        yield stack.enter_context(Peer(target, **more))  # type: ignore[arg-type]


def feeds_that_nobody_reads(target: str, wire: Wire, stack: ExitStack) -> None:
    """Opened by a partner whose window never opens: not a byte can be sent."""
    for peer in _peers(target, stack, 5, window=0):
        for _ in range(20):
            request = wire.forge("Feed.Follow", feed_pb2.FollowRequest())
            peer.say(peer.open_call(FOLLOW), message(request.data()))


def calls_that_say_nothing(target: str, _: Wire, stack: ExitStack) -> None:
    """Begun, and never ended."""
    for peer in _peers(target, stack, 2):
        for _ in range(1_000):
            peer.open_call(LOOK_UP)


def calls_taken_back_at_once(target: str, _: Wire, stack: ExitStack) -> None:
    """Rapid reset: a call costs its sender two frames."""
    for peer in _peers(target, stack, 2):
        for _ in range(5_000):
            if not peer.reset(peer.open_call(LOOK_UP)):
                break


def messages_that_unpack_to_large_ones(target: str, _: Wire, stack: ExitStack) -> None:
    """Half a megabyte of gzip in all is half a gigabyte of nothing."""
    bomb = gzip.compress(bytes(60_000_000))
    for peer in _peers(target, stack, 8):
        stream = peer.open_call(LOOK_UP, (b"grpc-encoding", b"gzip"))
        peer.say(stream, message(bomb, compressed=True))
    peer.hears(3)


def messages_that_are_not_packed_as_they_say(target: str, _: Wire, stack: ExitStack) -> None:
    """Another encoding, none at all, or broken."""
    for encoding, data in (
        (b"gzip", b"not gzip"),
        (b"gzip", gzip.compress(b"x" * 1_000)[:-9]),
        (b"deflate", os.urandom(100)),
        (b"identity", b"x"),
        (b"snappy", b"x"),
    ):
        for peer in _peers(target, stack, 1):
            stream = peer.open_call(LOOK_UP, (b"grpc-encoding", encoding))
            peer.say(stream, message(data, compressed=True))
            peer.hears(0.2)


def messages_that_are_too_large(target: str, wire: Wire, stack: ExitStack) -> None:
    """By their bytes, or by what they claim: then they never come."""
    for size in (5_000_000, 40_000_000):
        wire.call(LOOK_UP, bytes(size))
    for size in (2**22, 2**31 - 1, 2**32 - 1):
        for peer in _peers(target, stack, 50):
            peer.say(peer.open_call(LOOK_UP), message(b"x" * 100, size=size))


def deeply_nested_messages(_: str, wire: Wire, __: ExitStack) -> None:
    """Groups in groups, and lengths in lengths, to the limit of a message."""
    for data in (b"\x1b" * 4_000_000, b"\x1a\x7f" * 2_000_000):
        wire.call(LOOK_UP, data)


def floods_of_headers(target: str, _: Wire, stack: ExitStack) -> None:
    """Many, large, and such as never end."""
    for peer in _peers(target, stack, 1):
        for _ in range(20):
            peer.open_call(LOOK_UP, *((b"x-%d" % n, b"y" * 100) for n in range(500)))
    for peer in _peers(target, stack, 1):
        peer.open_call(LOOK_UP, (b"x", b"y" * 15_000))
    for peer in _peers(target, stack, 1):
        peer.send(frame(HEADERS, call_headers(LOOK_UP), stream=1))
        for _ in range(2_000):
            block = header_block([(b"x", b"y" * 1_000)])
            if not peer.send(frame(CONTINUATION, block, stream=1)):
                break


def floods_of_control_frames(target: str, _: Wire, stack: ExitStack) -> None:
    """Each of them asks for an answer that nobody reads."""
    for kind, payload in ((PING, bytes(8)), (SETTINGS, b"")):
        for peer in _peers(target, stack, 1):
            for _ in range(200):
                if not peer.send(frame(kind, payload) * 100):
                    break


def connections_that_say_nothing(target: str, _: Wire, stack: ExitStack) -> None:
    """Many, and some that stop in their first sentence."""
    for _ in _peers(target, stack, 150, hello=False):
        pass
    for peer in _peers(target, stack, 50, hello=False):
        peer.send(PREFACE[:10])


def what_is_no_http2(target: str, _: Wire, stack: ExitStack) -> None:
    """Random bytes, the web's language, the beginning of a handshake, broken frames."""
    for data in (
        *(os.urandom(4_000) for _ in range(20)),
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 100,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
        PREFACE + os.urandom(4_000),
        PREFACE + frame(99, b"x" * 100) * 100,
        PREFACE + b"\xff\xff\xff" + bytes(6),
        PREFACE + frame(HEADERS, os.urandom(500), flags=END_HEADERS, stream=1),
        PREFACE + frame(HEADERS, b"\x82" * 10_000, flags=END_HEADERS, stream=2),
    ):
        for peer in _peers(target, stack, 1, hello=False):
            peer.send(data)


ABUSES: Mapping[str, Abuse] = {
    abuse.__name__.replace("_", " "): abuse
    for abuse in (
        feeds_that_nobody_reads,
        calls_that_say_nothing,
        calls_taken_back_at_once,
        messages_that_unpack_to_large_ones,
        messages_that_are_not_packed_as_they_say,
        messages_that_are_too_large,
        deeply_nested_messages,
        floods_of_headers,
        floods_of_control_frames,
        connections_that_say_nothing,
        what_is_no_http2,
    )
}
"""By what is done."""


@contextmanager
def under(abuse: str, target: str, wire: Wire) -> Iterator[None]:
    """While what was done is held open."""
    with ExitStack() as stack:
        ABUSES[abuse](target, wire, stack)
        yield
