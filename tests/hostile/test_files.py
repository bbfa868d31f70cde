"""Whatever bytes somebody's file holds, they are read or named as a problem, in bounded time."""

import gzip
import signal
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hostile.file_targets import TARGETS, read

MOST_SECONDS = 20.0
"""Of this process's own time for one file, however busy the machine is. The largest takes one."""

TOKENS = [
    *(b"\0", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xc3\x28", b"\xf0\x9f\x98\x80"),
    *(b"\r", b"\n", b"\r\n", b"\x85", b"\x1c", b"\t", b" ", b"\xe2\x80\xa8", b"\xe2\x80\xae"),
    *(b'"', b"'", b'"""', b"'''", b",", b";", b"\\", b"#", b"=", b".", b"-", b":", b"/", b"%"),
    *(b"[", b"]", b"[[", b"]]", b"{", b"}", b"{{", b"{row}", b"{file}", b"()", b"*", b"+"),
    *(b"nan", b"inf", b"-inf", b"NaN", b"Infinity", b"1e400", b"-0", b"0x", b"1_0", b"0.1"),
    *(b"9" * 18, b"9" * 19, b"9" * 40, b"9" * 5_000, b"0x" + b"f" * 5_000, b"1e99999999999"),
    *(b"true", b"null", b'"\\ud800"', b'"\\u0000"', b"1979-05-27T07:32:00-25:00", b"0000-00-00"),
    *(b"9999-12-31", b"0001-01-01", b"24:00:00", b"2026-02-30", b"9999-12-31T23:59:59.9999999Z"),
    *(b"a" * 1_100, b"[" * 300, b"{a=" * 300, b'{"a":' * 300, b"a." * 300, b"-" * 300),
]
"""What parsers stumble over."""

EDITS = st.lists(
    st.tuples(
        st.floats(0, 1, allow_nan=False),
        st.integers(0, 12),
        st.one_of(st.sampled_from(TOKENS), st.binary(max_size=4)),
    ),
    max_size=4,
)
"""Where, how many bytes go, and what comes instead."""


@contextmanager
def bounded() -> Iterator[None]:
    """An end to what never ends: counted in this process's own time, not by the clock."""

    def ended(_: int, frame: FrameType | None) -> None:
        raise AssertionError(f"no end after {MOST_SECONDS} seconds: {frame}")

    before = signal.signal(signal.SIGVTALRM, ended)
    signal.setitimer(signal.ITIMER_VIRTUAL, MOST_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def edited(seed: bytes, edits: list[tuple[float, int, bytes]]) -> bytes:
    for where, gone, token in edits:
        place = round(where * len(seed))
        seed = seed[:place] + token + seed[place + gone :]
    return seed


@pytest.mark.parametrize("name", TARGETS)
def test_spoilt_files(name: str) -> None:
    @given(st.sampled_from(TARGETS[name].seeds), EDITS)
    @settings(max_examples=EXAMPLES)
    def spoilt(seed: bytes, edits: list[tuple[float, int, bytes]]) -> None:
        with bounded():
            read(name, edited(seed, edits))

    spoilt()


EXAMPLES = 15

DEPTHS = (120, 480, 975, 100_000)
BOMBS = {
    "nothing": b"",
    "a byte order mark alone": b"\xef\xbb\xbf",
    "two byte order marks": b"\xef\xbb\xbf\xef\xbb\xbf[]",
    "UTF-16": "a = 1\n".encode("utf-16"),
    "NUL": b"\0" * 1_000,
    "one long line": b"x" * 2_000_000,
    "a long comment": b"#" + b"x" * 900,
    "one long quote": b'"' + b"x" * 2_000_000,
    "only quotes": b'"' * 20_001,
    "only new lines": b"\n" * 20_000,
    "only commas": b"," * 100_000,
    "open quotes on many lines": b'a,"\n' * 20_000,
    "many keys": b"".join(b"k%d = 1\n" % n for n in range(4_000)),
    "many tables": b"".join(b"[t%d]\n" % n for n in range(4_000)),
    "many equal keys": b"k = 1\n" * 2_000,
    "a huge number": b"n = " + b"9" * 20_000,
    "a huge hexadecimal number": b"n = 0x" + b"f" * 20_000,
    "huge numbers on short lines": b"n = [\n" + b"0x" + b"f" * 900 + b"\n]",
    "JSON: a huge number": b'{"n":' + b"9" * 20_000 + b"}",
    "JSON: a huge exponent": b'[{"n":1e999999999999999999}]',
    "JSON: NaN": b'[{"n":NaN,"m":-Infinity}]',
    "JSON: half a surrogate": b'[{"n":"\\ud800"}]',
    "JSON: a key twice behind many": b"[{"
    + b",".join(b'"%d":0' % n for n in range(60_000))
    + b',"59999":0}]',
    "JSON: many keys on a line": b"{" + b",".join(b'"%d":0' % n for n in range(60_000)) + b"}",
    "JSON: many elements": b"[" + b",".join([b"[]"] * 50_000) + b"]",
    **{f"{depth} lists deep": b"[" * depth + b"]" * depth for depth in DEPTHS},
    **{f"{depth} lists in a row": b"[" + b"[" * depth + b"]" * depth + b"]" for depth in DEPTHS},
    **{f"{depth} tables deep": b"a = " + b"{a=" * depth + b"1" + b"}" * depth for depth in DEPTHS},
    **{f"{depth} objects deep": b'{"a":' * depth + b"1" + b"}" * depth for depth in DEPTHS},
    **{f"{depth} dotted": b".".join([b"a"] * depth) + b" = 1" for depth in DEPTHS[:2]},
    "gzip of nothing": gzip.compress(b""),
    "gzip cut off": gzip.compress(b"x" * 1_000)[:-9],
}


@pytest.mark.parametrize("name", TARGETS)
def test_files_made_to_break_their_readers(name: str) -> None:
    for what, data in BOMBS.items():
        for content in (data + b"\n", TARGETS[name].seeds[0] + data):
            with bounded():
                try:
                    read(name, content)
                except Exception as error:
                    error.add_note(what)
                    raise


@pytest.mark.parametrize("name", ["definitions", "rate books", "calendars"])
def test_what_is_nested_just_as_deep_as_can_be_parsed(name: str) -> None:
    """Looking for the line of a problem takes some more of the stack than parsing did."""
    for depth in range(400, 500):
        assert read(name, b"a = " + b"[" * depth + b"]" * depth) != "read"


def test_a_small_file_that_unpacks_to_a_large_one_takes_little_memory() -> None:
    """A mebibyte of what is on one line, at most, and its copies; never the whole."""
    packed = gzip.compress(b"0" * 100_000_000)
    for name in ("activities in CSV", "activities in JSON", "activities, one on each line"):
        tracemalloc.start()
        read(name, packed)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 16_000_000, name
