"""Records: what holds is read, and any changed byte is found."""

import json
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coalition.records import BadRecord, open_record
from coalition.v1.envelope_pb2 import EntryRecord, LineRecord

from .book import ACCEPTED_AT, COALITION, FACTS, LINES, Entry, canonical, sha256

ENTRY = Entry()


def test_whole_record() -> None:
    opened = open_record(ENTRY.record())
    assert opened.leaf == ENTRY.leaf
    assert opened.facts == FACTS
    entry = opened.entry
    assert (entry.number, entry.line_count, entry.window, entry.corrects) == (123, 3, 3, None)
    assert (entry.coalition, entry.sender, entry.kind) == (COALITION, "hotel-h", "ACCRUAL")
    assert entry.accepted_at == ACCEPTED_AT
    assert entry.request_sha256 == bytes(32)
    assert [line.index for line in opened.lines] == [0, 1, 2]
    miles = opened.lines[1]
    assert (miles.amount, miles.currency, miles.price) == (200, "M-MILES", Fraction(120))
    assert (miles.debit, miles.credit) == ("issued/airline-m", "member/17/airline-m")
    assert (miles.kind, miles.funder, miles.rule, miles.terms) == (
        ("BASE", "hotel-h", "room-miles", 12)
    )
    assert (opened.lines[2].funder, opened.lines[2].price, opened.lines[2].rule) == (None,) * 3


def test_part_of_a_record_gives_the_same_leaf() -> None:
    opened = open_record(ENTRY.record([1, 2], facts=False))
    assert opened.leaf == ENTRY.leaf
    assert opened.facts is None
    assert [line.index for line in opened.lines] == [1, 2]


def test_entry_without_lines() -> None:
    opened = open_record(Entry(lines=(), request_sha256=None).record())
    assert opened.lines == ()
    assert opened.entry.request_sha256 is None


def test_the_ledger_writes_what_is_read_here() -> None:
    """The bytes of settlement.ledger, which knows nothing of this module."""
    entries = pytest.importorskip("settlement.ledger.entries")
    assert entries.canonical({"b": "ü", "a": None}) == canonical({"b": "ü", "a": None})
    for line, data in zip(LINES, ENTRY.line_bytes, strict=True):
        terms = line["terms"]
        fields = {**line, "amount": int(str(line["amount"])), "terms": terms and int(terms)}
        assert entries.line_bytes(**fields) == data
    assert entries.lines_root(ENTRY.digests).hex() == ENTRY.fields["lines_root"]


def changed(data: bytes, place: int, bit: int) -> bytes:
    place %= len(data)
    return data[:place] + bytes([data[place] ^ (1 << bit)]) + data[place + 1 :]


PARTS = ["entry", "facts", "facts_salt", "digest", "salt", "line"]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(PARTS), st.integers(0, 2), st.integers(0, 10_000), st.integers(0, 7))
def test_any_changed_bit_is_found(part: str, index: int, place: int, bit: int) -> None:
    """Within the record, or for the entry's own bytes by another leaf."""
    record = ENTRY.record()
    if part in ("entry", "facts", "facts_salt"):
        setattr(record, part, changed(getattr(record, part), place, bit))
    elif part == "digest":
        record.digests[index] = changed(record.digests[index], place, bit)
    else:
        shown = record.lines[index]
        setattr(shown, part, changed(getattr(shown, part), place, bit))
    try:
        opened = open_record(record)
    except BadRecord:
        return
    assert part == "entry"
    assert opened.leaf != ENTRY.leaf


@settings(max_examples=100, deadline=None)
@given(st.permutations([0, 1, 2]), st.sets(st.integers(0, 2)))
def test_lines_shown_in_any_number_and_order(order: list[int], left_out: set[int]) -> None:
    shown = [index for index in order if index not in left_out]
    opened = open_record(ENTRY.record(shown))
    assert [line.index for line in opened.lines] == shown
    assert opened.leaf == ENTRY.leaf


def tampered(**changes: object) -> EntryRecord:
    """An entry of which some fields say something else."""
    return Entry(changes=changes).record()


def with_line(line: LineRecord) -> EntryRecord:
    record = ENTRY.record([0])
    record.lines.append(line)
    return record


def resigned_line(data: bytes) -> EntryRecord:
    """An entry whose one line is of another form; all digests agree with it."""

    class Other(Entry):
        @property
        def line_bytes(self) -> list[bytes]:
            return [data]

    return Other(lines=LINES[:1]).record()


def without(record: EntryRecord, *fields: str) -> EntryRecord:
    for name in fields:
        record.ClearField(name)
    return record


def raw_entry(data: bytes) -> EntryRecord:
    record = ENTRY.record()
    record.entry = data
    return record


def moved_digests() -> EntryRecord:
    record = ENTRY.record([])
    first, second = record.digests[0], record.digests[1]
    record.digests[0], record.digests[1] = second, first
    return record


def one_digest_less() -> EntryRecord:
    record = ENTRY.record([])
    del record.digests[2]
    return record


def short_digest() -> EntryRecord:
    record = ENTRY.record([])
    record.digests[2] = record.digests[2][:31]
    return record


def line_of(index: int, source: int, salt: bytes | None = None) -> LineRecord:
    line = ENTRY.line_bytes[source]
    return LineRecord(index=index, salt=ENTRY.salts[source] if salt is None else salt, line=line)


FIELDS = ENTRY.fields
LINE = dict(LINES[0])

BROKEN: dict[str, tuple[EntryRecord, str]] = {
    "nothing": (EntryRecord(), "entry: not JSON"),
    "not JSON": (raw_entry(b"{"), "entry: not JSON"),
    "not ASCII": (raw_entry('{"ü":1}'.encode()), "entry: not JSON"),
    "not an object": (raw_entry(b"[]"), "not a JSON object"),
    "deep nesting": (raw_entry(b"[" * 100_000), "entry: not JSON"),
    "no JSON constant": (raw_entry(b'{"version":NaN}'), "NaN is no JSON"),
    "key twice": (
        raw_entry(ENTRY.entry_bytes.replace(b'{"acc', b'{"number":"1","acc')),
        "twice",
    ),
    "white space": (raw_entry(json.dumps(FIELDS, sort_keys=True).encode()), "not the canonical"),
    "keys not sorted": (
        raw_entry(json.dumps(dict(reversed(FIELDS.items())), separators=(",", ":")).encode()),
        "not the canonical",
    ),
    "unknown version": (tampered(version="2"), "version '2'; this client reads '1'"),
    "unknown key": (tampered(colour="red"), r"unknown \['colour'\]"),
    "missing key": (
        raw_entry(canonical({k: v for k, v in FIELDS.items() if k != "kind"})),
        r"missing \['kind'\]",
    ),
    "number as a number": (tampered(number=123), "number is 123"),
    "leading zero": (tampered(number="0123"), "number is '0123'"),
    "negative": (tampered(number="-1"), "number is '-1'"),
    "other digits": (tampered(number="\u0661"), "number is"),
    "beyond int64": (tampered(number=str(2**63)), "number is"),
    "no such day": (tampered(accepted_at="2026-02-30T00:00:00.000000Z"), "accepted_at is"),
    "no microseconds": (tampered(accepted_at="2026-02-20T00:00:00Z"), "accepted_at is"),
    "short hash": (tampered(request="00"), "request is '00'"),
    "upper-case hash": (tampered(request="AA" * 32), "request is"),
    "empty text": (tampered(kind=""), "kind is ''"),
    "null where a text must be": (tampered(sender=None), "sender is None"),
    "line count": (tampered(lines="4"), "3 digests, and the entry has 4 lines"),
    "lines root": (tampered(lines_root="00" * 32), "do not hash to the entry's lines_root"),
    "digests moved": (moved_digests(), "do not hash to the entry's lines_root"),
    "digest left out": (one_digest_less(), "2 digests, and the entry has 3 lines"),
    "digest too short": (short_digest(), "digest 2 has 31 bytes"),
    "facts": (tampered(facts="00" * 32), "the facts are not those"),
    "salt without facts": (without(ENTRY.record(), "facts"), "facts that are not shown"),
    "facts without salt": (without(ENTRY.record(), "facts_salt"), "salt of the facts has 0"),
    "line index": (with_line(line_of(3, 1)), "line 3 is shown, and the entry has 3 lines"),
    "line twice": (with_line(line_of(0, 0)), "line 0 is shown twice"),
    "other line": (with_line(line_of(1, 2)), "line 1 is not the one that digest 1 commits to"),
    "line's salt": (with_line(line_of(1, 1, bytes(15))), "salt of line 1 has 15 bytes"),
    "line is no JSON": (resigned_line(b"x"), "line 0: not JSON"),
    "line has a key twice": (
        resigned_line(canonical(LINE).replace(b'{"amount', b'{"amount":"1","amount')),
        "line 0: .*twice",
    ),
    "line has another key": (resigned_line(canonical({**LINE, "x": "1"})), r"unknown \['x'\]"),
    "price not in lowest terms": (resigned_line(canonical({**LINE, "price": "2/4"})), "price is"),
    "price by nothing": (resigned_line(canonical({**LINE, "price": "2/0"})), "price is"),
    "price as decimal": (resigned_line(canonical({**LINE, "price": "1.2"})), "price is"),
    "amount of nothing": (resigned_line(canonical({**LINE, "amount": "0"})), "amount is '0'"),
}


@pytest.mark.parametrize(("record", "words"), BROKEN.values(), ids=BROKEN.keys())
def test_broken_record_is_refused_in_words(record: EntryRecord, words: str) -> None:
    with pytest.raises(BadRecord, match=words):
        open_record(record)


def test_facts_with_a_key_twice_are_refused() -> None:
    record = ENTRY.record()
    data, entry = b'{"a":"1","a":"2"}', dict(FIELDS)
    entry["facts"] = sha256(b"\x03", record.facts_salt, data).hex()
    record.facts, record.entry = data, canonical(entry)
    with pytest.raises(BadRecord, match=r"the facts: .*twice"):
        open_record(record)
