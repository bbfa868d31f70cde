"""The ledger compared with what partners were answered."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol

import grpc
from sqlalchemy import Engine, text

from coalition.methods import method
from coalition.requests import Signer
from coalition.v1.envelope_pb2 import Envelope
from faults.receipts import Acknowledged, Receipts
from support.coalition_day import private_key
from support.raw_calls import verdict_of

ENTRIES = text(
    "select number, sender, request_sha256, sha256(entry_bytes) as bytes_sha256 from entry "
    "order by number"
)
SENDERS = 8
AGAIN_SECONDS = 20.0


class Kept(Protocol):
    """What is asked of a partner's receipts here."""

    accepted: list[Acknowledged]
    asked: set[bytes]


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One entry as the database holds it."""

    number: int
    sender: str
    request_sha256: bytes | None
    bytes_sha256: bytes


def entries_of(engine: Engine) -> list[LedgerEntry]:
    """All entries, in the order of their numbers."""
    with engine.connect() as connection:
        return [
            LedgerEntry(
                row.number,
                row.sender,
                None if row.request_sha256 is None else bytes(row.request_sha256),
                bytes(row.bytes_sha256),
            )
            for row in connection.execute(ENTRIES)
        ]


@dataclass
class Comparison:
    """What does not agree, in words; none: all that was acknowledged is there, once."""

    problems: list[str] = field(default_factory=list)
    acknowledged: int = 0

    def compare(self, entries: Sequence[LedgerEntry], partners: dict[str, Kept]) -> None:
        """Every acknowledged entry is in the ledger, once and byte for byte, and nothing else is.

        What is in the ledger beyond that was sent by its partner, once, and waits for its answer.
        """
        by_number = {entry.number: entry for entry in entries}
        if list(by_number) != list(range(len(entries))):
            self.problems.append("the numbers of the ledger have gaps")
        for name, receipts in partners.items():
            self._acknowledged(by_number, receipts.accepted)
            self._asked([e for e in entries if e.sender == name], receipts.asked)
        self._twice(one for receipts in partners.values() for one in receipts.accepted)

    def complete(self, entries: Sequence[LedgerEntry], partners: dict[str, Kept]) -> None:
        """At rest, every entry of what partners asked for is one that they have a receipt of."""
        known = {one.number for receipts in partners.values() for one in receipts.accepted}
        asked = {digest for receipts in partners.values() for digest in receipts.asked}
        for entry in entries:
            if entry.request_sha256 in asked and entry.number not in known:
                self.problems.append(f"entry {entry.number} was never acknowledged")

    def _acknowledged(
        self, by_number: dict[int, LedgerEntry], accepted: Iterable[Acknowledged]
    ) -> None:
        for one in accepted:
            self.acknowledged += 1
            entry = by_number.get(one.number)
            if entry is None:
                self.problems.append(f"lost: {one.sender} {one.request_id}, entry {one.number}")
            elif (entry.sender, entry.request_sha256) != (one.sender, one.request_sha256):
                self.problems.append(f"entry {one.number} is another than {one.request_id}'s")
            elif entry.bytes_sha256 != one.entry_sha256:
                self.problems.append(f"entry {one.number} is not what {one.request_id} was shown")

    def _asked(self, entries: Sequence[LedgerEntry], asked: set[bytes]) -> None:
        seen: set[bytes] = set()
        for entry in entries:
            digest = entry.request_sha256
            if digest is None or digest not in asked:
                continue
            if digest in seen:
                self.problems.append(f"doubled: entry {entry.number} is of a request with another")
            seen.add(digest)

    def _twice(self, accepted: Iterable[Acknowledged]) -> None:
        numbers: dict[int, Acknowledged] = {}
        for one in accepted:
            other = numbers.setdefault(one.number, one)
            if other != one:
                self.problems.append(f"{other} and {one} were given one number")


@dataclass
class Again:
    """Requests that were answered, sent again: the same answer, to the byte."""

    target: str
    coalition: str

    def problems(self, partners: dict[str, Receipts], most: int | None = None) -> list[str]:
        """Of every partner at most so many, the newest first."""
        with grpc.insecure_channel(self.target) as channel, ThreadPoolExecutor(SENDERS) as pool:
            work = [
                (channel, name, receipts, request_id)
                for name, receipts in partners.items()
                for request_id in list(receipts.answers)[::-1][:most]
            ]
            return [found for found in pool.map(lambda one: self._one(*one), work) if found]

    def _one(self, channel: Any, name: str, receipts: Receipts, request_id: str) -> str:
        called, payload = receipts.payloads[request_id]
        signer = Signer.of(self.coalition, name, private_key(name))
        envelope = signer.envelope(method(called), payload).SerializeToString()
        remote = channel.unary_unary(called)
        try:
            data = remote(envelope, timeout=AGAIN_SECONDS, wait_for_ready=True)
        except grpc.RpcError as error:
            data = _refusal_in(error)
        given = receipts.answers[request_id]
        same = data is not None and Envelope.FromString(data) == Envelope.FromString(given)
        return "" if same else f"{name} {request_id} is answered otherwise when sent again"


def _refusal_in(error: Any) -> bytes | None:
    """The signed refusal in a status."""

    signed = verdict_of(error).signed
    return None if signed is None else signed.SerializeToString()
