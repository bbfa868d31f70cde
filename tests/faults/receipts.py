"""What partners were answered, read from their receipt files as these grow."""

import base64
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

from coalition.methods import method
from coalition.requests import Sent, sent_request
from coalition.v1.envelope_pb2 import BatchReceipt, Envelope, Receipt

BATCH = "application/vnd.coalition.v1.BatchReceipt"
RECEIPT = "application/vnd.coalition.v1.Receipt"


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """An accepted request as its sender knows it: which entry it is, and that entry's bytes."""

    sender: str
    request_id: str
    number: int
    request_sha256: bytes
    entry_sha256: bytes


@dataclass
class Receipts:
    """All that is in one partner's file so far."""

    path: Path
    payloads: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    """Method and payload of every request, by its id."""
    asked: set[bytes] = field(default_factory=set)
    """Hashes of all requests and items that were ever sent."""
    answers: dict[str, bytes] = field(default_factory=dict)
    """The signed answer, to the byte, by the id of its request."""
    accepted: list[Acknowledged] = field(default_factory=list)
    refusals: int = 0
    dropped: list[str] = field(default_factory=list)
    _offset: int = 0

    def read_on(self) -> None:
        """Read what was written since; a line that is being written is left for the next time."""
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            file.seek(self._offset)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                self._offset += len(line)
                self._take(json.loads(line))

    @property
    def pending(self) -> set[str]:
        """Requests that may have counted, for all that their sender knows."""
        return self.payloads.keys() - self.answers.keys() - set(self.dropped)

    def _take(self, line: dict[str, str]) -> None:
        request_id = line["request_id"]
        if "request" in line:
            payload = base64.b64decode(line["request"])
            self.payloads[request_id] = line["method"], payload
            self.asked |= {each.sha256 for each in _decided(self._sent(request_id))}
        elif "answer" in line:
            data = base64.b64decode(line["answer"])
            self.answers[request_id] = data
            self._open(Envelope.FromString(data))
        else:
            self.dropped.append(request_id)

    def _sent(self, request_id: str) -> Sent:
        name, payload = self.payloads[request_id]
        return sent_request(method(name), payload)

    def _open(self, envelope: Envelope) -> None:
        if envelope.payload_type == BATCH:
            outcomes = BatchReceipt.FromString(envelope.payload).outcomes
            parts = [outcome.receipt for outcome in outcomes if outcome.receipt]
            self.refusals += len(outcomes) - len(parts)
        else:
            parts = [envelope.payload] if envelope.payload_type == RECEIPT else []
            self.refusals += not parts
        for receipt in map(Receipt.FromString, parts):
            self.accepted.append(
                Acknowledged(
                    receipt.sender,
                    receipt.request_id,
                    receipt.number,
                    receipt.request_sha256,
                    hashlib.sha256(receipt.record.entry).digest(),
                )
            )


def _decided(sent: Sent) -> tuple[Sent, ...]:
    return (sent,) if sent.items is None else sent.items
