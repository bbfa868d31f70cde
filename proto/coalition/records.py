"""Checks what the ledger shows of an entry, and reads it. The bytes are those of SIGNING.md."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from coalition import strict_json as form
from coalition.v1.envelope_pb2 import EntryRecord, LineRecord

ENTRY_VERSION = 1
"""The form of entry bytes that this module reads."""

SALT_BYTES = 16
DIGEST_BYTES = hashlib.sha256().digest_size

_LEAF, _LINE, _FACTS, _LINES_ROOT = b"\x00", b"\x02", b"\x03", b"\x04"

_ENTRY_KEYS = frozenset(
    {"accepted_at", "coalition", "corrects", "facts", "kind", "lines", "lines_root"}
    | {"number", "request", "sender", "version", "window"},
)
_LINE_KEYS = frozenset(
    {"amount", "credit", "currency", "debit", "funder", "kind", "price", "rule", "terms"},
)


class BadRecord(Exception):
    """The parts of a record contradict each other, or are not of their form."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One event in the ledger. `facts` and `lines_root` commit to what is not in it."""

    number: int
    accepted_at: datetime
    coalition: str
    kind: str
    sender: str
    request_sha256: bytes | None
    corrects: int | None
    window: int | None
    line_count: int
    facts: bytes
    lines_root: bytes


@dataclass(frozen=True, slots=True)
class Line:
    """One movement, `amount` minor units of `currency` from the debit to the credit account.

    `price` is in shared minor units per minor unit of points; `terms` is the number of the
    entry whose version priced it.
    """

    index: int
    amount: int
    currency: str
    debit: str
    credit: str
    kind: str
    funder: str | None
    price: Fraction | None
    rule: str | None
    terms: int | None


@dataclass(frozen=True, slots=True)
class Record:
    """A checked record: what its reader may see, and the leaf that all of it hashes to."""

    entry: Entry
    facts: Mapping[str, object] | None
    lines: tuple[Line, ...]
    leaf: bytes


def line_digest(salt: bytes, line: bytes) -> bytes:
    """The commitment to a line."""
    return hashlib.sha256(_LINE + salt + line).digest()


def facts_digest(salt: bytes, facts: bytes) -> bytes:
    """The commitment to the facts of an entry."""
    return hashlib.sha256(_FACTS + salt + facts).digest()


def lines_root(digests: Sequence[bytes]) -> bytes:
    """The commitment to all lines of an entry, in order."""
    return hashlib.sha256(_LINES_ROOT + b"".join(digests)).digest()


def leaf_hash(entry: bytes) -> bytes:
    """The entry's leaf of the hash tree, as in RFC 6962 section 2.1."""
    return hashlib.sha256(_LEAF + entry).digest()


def open_record(record: EntryRecord) -> Record:
    """The values in a record, after every digest in it was computed again.

    Raises BadRecord, saying what disagrees. A changed byte of the entry itself is no
    contradiction within the record: it gives another leaf, and what was signed around the
    record no longer holds.
    """
    # 1. The entry's own bytes.
    entry = open_entry(record.entry)
    # 2. All digests hash to the entry's root, so none is missing, added or moved.
    _check_digests(record.digests, entry)
    # 3. Each line shown is the one its digest commits to.
    lines = _open_lines(record.lines, record.digests)
    # 4. The facts, where they are shown.
    facts = _open_facts(record, entry)
    return Record(entry=entry, facts=facts, lines=lines, leaf=leaf_hash(record.entry))


def open_entry(data: bytes) -> Entry:
    """The values in the exact bytes of an entry. Raises BadRecord."""
    try:
        fields = form.parse_object(data)
        if fields.get("version") != str(ENTRY_VERSION):
            message = f"version {fields.get('version')!r}; this client reads '{ENTRY_VERSION}'"
            raise form.BadJson(message)  # noqa: TRY301 - one place turns it into BadRecord
        form.require_keys(fields, _ENTRY_KEYS)
        form.require_canonical(data, fields)
        return Entry(
            number=form.integer(fields, "number"),
            accepted_at=form.instant(fields, "accepted_at"),
            coalition=form.text(fields, "coalition"),
            kind=form.text(fields, "kind"),
            sender=form.text(fields, "sender"),
            request_sha256=form.optional_sha256(fields, "request"),
            corrects=form.optional_integer(fields, "corrects"),
            window=form.optional_integer(fields, "window"),
            line_count=form.integer(fields, "lines"),
            facts=form.sha256(fields, "facts"),
            lines_root=form.sha256(fields, "lines_root"),
        )
    except form.BadJson as problem:
        message = f"the entry: {problem}"
        raise BadRecord(message) from None


def open_line(index: int, data: bytes) -> Line:
    """The values in the exact bytes of a line. Raises BadRecord."""
    try:
        fields = form.parse_object(data)
        form.require_keys(fields, _LINE_KEYS)
        form.require_canonical(data, fields)
        return Line(
            index=index,
            amount=form.positive(fields, "amount"),
            currency=form.text(fields, "currency"),
            debit=form.text(fields, "debit"),
            credit=form.text(fields, "credit"),
            kind=form.text(fields, "kind"),
            funder=form.optional_text(fields, "funder"),
            price=form.optional_fraction(fields, "price"),
            rule=form.optional_text(fields, "rule"),
            terms=form.optional_integer(fields, "terms"),
        )
    except form.BadJson as problem:
        message = f"line {index}: {problem}"
        raise BadRecord(message) from None


def _check_digests(digests: Sequence[bytes], entry: Entry) -> None:
    if len(digests) != entry.line_count:
        message = f"{len(digests)} digests, and the entry has {entry.line_count} lines"
        raise BadRecord(message)
    for index, digest in enumerate(digests):
        if len(digest) != DIGEST_BYTES:
            message = f"digest {index} has {len(digest)} bytes, not {DIGEST_BYTES}"
            raise BadRecord(message)
    if lines_root(digests) != entry.lines_root:
        message = "the digests of the lines do not hash to the entry's lines_root"
        raise BadRecord(message)


def _open_lines(lines: Sequence[LineRecord], digests: Sequence[bytes]) -> tuple[Line, ...]:
    opened: dict[int, Line] = {}
    for shown in lines:
        index = shown.index
        if index >= len(digests):
            message = f"line {index} is shown, and the entry has {len(digests)} lines"
            raise BadRecord(message)
        if index in opened:
            message = f"line {index} is shown twice"
            raise BadRecord(message)
        _check_salt(f"line {index}", shown.salt)
        if line_digest(shown.salt, shown.line) != digests[index]:
            message = f"line {index} is not the one that digest {index} commits to"
            raise BadRecord(message)
        opened[index] = open_line(index, shown.line)
    return tuple(opened.values())


def _open_facts(record: EntryRecord, entry: Entry) -> Mapping[str, object] | None:
    if not record.facts:
        if record.facts_salt:
            message = "a salt of facts that are not shown"
            raise BadRecord(message)
        return None
    _check_salt("the facts", record.facts_salt)
    if facts_digest(record.facts_salt, record.facts) != entry.facts:
        message = "the facts are not those that the entry commits to"
        raise BadRecord(message)
    try:
        return form.parse_object(record.facts)
    except form.BadJson as problem:
        message = f"the facts: {problem}"
        raise BadRecord(message) from None


def _check_salt(what: str, salt: bytes) -> None:
    if len(salt) != SALT_BYTES:
        message = f"the salt of {what} has {len(salt)} bytes, not {SALT_BYTES}"
        raise BadRecord(message)
