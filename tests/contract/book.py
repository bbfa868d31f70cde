"""Entries and their hashes for tests, made from json and hashlib alone.

Independent of `coalition` and of `settlement` on purpose: it judges both.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from coalition.v1.envelope_pb2 import EntryRecord, LineRecord

COALITION = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
ACCEPTED_AT = datetime(2026, 1, 5, 12, 0, 1, 250_000, tzinfo=UTC)

LINES: tuple[dict[str, str | None], ...] = (
    {
        "amount": "2000",
        "credit": "member/17/hotel-h",
        "currency": "H-POINTS",
        "debit": "issued/hotel-h",
        "funder": "hotel-h",
        "kind": "BASE",
        "price": None,
        "rule": "room-base",
        "terms": "9",
    },
    {
        "amount": "200",
        "credit": "member/17/airline-m",
        "currency": "M-MILES",
        "debit": "issued/airline-m",
        "funder": "hotel-h",
        "kind": "BASE",
        "price": "120/1",
        "rule": "room-miles",
        "terms": "12",
    },
    {
        "amount": "24000",
        "credit": "clearing/3/airline-m:hotel-h",
        "currency": "COIN",
        "debit": "clearing/3/hotel-h:airline-m",
        "funder": None,
        "kind": "PRINCIPAL",
        "price": None,
        "rule": None,
        "terms": "12",
    },
)
FACTS: Mapping[str, object] = {
    "activity": {"kind": "STAY", "reference": "H1/4711/1", "revision": "1", "supplier": "hotel-h"},
    "member": "17",
}


def canonical(value: Mapping[str, object]) -> bytes:
    """The one encoding of hashed JSON."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")


def sha256(*parts: bytes) -> bytes:
    """SHA-256 of the parts, one after the other."""
    return hashlib.sha256(b"".join(parts)).digest()


def salt(number: int, tag: int) -> bytes:
    """Sixteen bytes that differ from line to line; a ledger's cannot be guessed."""
    return sha256(b"test salt", number.to_bytes(8), tag.to_bytes(4))[:16]


@dataclass(frozen=True)
class Entry:
    """An entry, its lines, and the bytes and digests that follow from them."""

    number: int = 123
    sender: str = "hotel-h"
    request_sha256: bytes | None = bytes(32)
    kind: str = "ACCRUAL"
    lines: Sequence[Mapping[str, object]] = LINES
    facts: Mapping[str, object] = field(default_factory=lambda: FACTS)
    accepted_at: datetime = ACCEPTED_AT
    changes: Mapping[str, object] = field(default_factory=dict)

    @property
    def line_bytes(self) -> list[bytes]:
        """The exact bytes of every line."""
        return [canonical(line) for line in self.lines]

    @property
    def salts(self) -> list[bytes]:
        """The salt of every line."""
        return [salt(self.number, index) for index in range(len(self.lines))]

    @property
    def digests(self) -> list[bytes]:
        """The digest of every line."""
        pairs = zip(self.salts, self.line_bytes, strict=True)
        return [sha256(b"\x02", salt_, line) for salt_, line in pairs]

    @property
    def facts_salt(self) -> bytes:
        """The salt of the facts."""
        return salt(self.number, 0xFFFFFFFF)

    @property
    def fields(self) -> dict[str, object]:
        """The entry as JSON has it."""
        return {
            "accepted_at": self.accepted_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "coalition": COALITION,
            "corrects": None,
            "facts": sha256(b"\x03", self.facts_salt, canonical(self.facts)).hex(),
            "kind": self.kind,
            "lines": str(len(self.lines)),
            "lines_root": sha256(b"\x04", *self.digests).hex(),
            "number": str(self.number),
            "request": None if self.request_sha256 is None else self.request_sha256.hex(),
            "sender": self.sender,
            "version": "1",
            "window": "3",
            **self.changes,
        }

    @property
    def entry_bytes(self) -> bytes:
        """The exact bytes of the entry."""
        return canonical(self.fields)

    @property
    def leaf(self) -> bytes:
        """The leaf of the hash tree."""
        return sha256(b"\x00", self.entry_bytes)

    def record(self, shown: Sequence[int] | None = None, *, facts: bool = True) -> EntryRecord:
        """What a reader is given who may see these lines (all of them unless told)."""
        indexes = range(len(self.lines)) if shown is None else shown
        return EntryRecord(
            entry=self.entry_bytes,
            facts=canonical(self.facts) if facts else b"",
            facts_salt=self.facts_salt if facts else b"",
            digests=self.digests,
            lines=[
                LineRecord(index=index, salt=self.salts[index], line=self.line_bytes[index])
                for index in indexes
            ],
        )
