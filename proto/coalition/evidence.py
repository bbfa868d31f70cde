"""Verifies a receipt file again, offline, with nothing but the coalition's profile."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from coalition import methods
from coalition.answers import Answer, BadAnswer, open_receipt
from coalition.profile import Profile
from coalition.receipt_file import Kept, read_file
from coalition.requests import sent_request
from coalition.v1.envelope_pb2 import BatchReceipt


@dataclass(slots=True)
class Verification:
    """What a receipt file holds. Items of batches are counted among receipts and refusals.

    `pending` requests have no answer yet, `dropped` ones were refused without being stored;
    `problems` say in words what does not hold. None: everything that is here is proven.
    """

    receipts: int = 0
    refusals: int = 0
    batches: int = 0
    pending: int = 0
    dropped: int = 0
    problems: list[str] = field(default_factory=list)


class Noted(NamedTuple):
    """What a receipt showed of an entry: its leaf, and which of its lines."""

    leaf: bytes
    lines: tuple[int, ...]


def verify_all(path: Path, profile: Profile, noted: dict[int, Noted] | None = None) -> Verification:
    """Verify every answer in a file against its request and the gateway's keys.

    `noted` is filled with what receipts showed of each entry, by number. Raises
    ReceiptFileError where the file cannot be read.
    """
    kept_requests, problems = read_file(path)
    found = Verification(problems=problems)
    noted = {} if noted is None else noted
    for kept in kept_requests:
        found.pending += kept.pending
        found.dropped += kept.envelope is None and bool(kept.refused)
        if kept.envelope is None:
            continue
        try:
            answer = open_kept(kept, profile)
        except BadAnswer as problem:
            found.problems.append(f"request {kept.request_id}: {problem}")
            continue
        _count(found, answer)
        found.problems.extend(_contradictions(answer, noted))
    return found


def open_kept(kept: Kept, profile: Profile) -> Answer:
    """The checked answer to a kept request. Raises BadAnswer."""
    if kept.envelope is None:
        message = "no answer is kept"
        raise BadAnswer(message)
    try:
        sent = sent_request(methods.method(kept.method), kept.payload)
    except (methods.UnknownMethod, ValueError) as problem:
        message = f"the kept request is broken: {problem}"
        raise BadAnswer(message) from None
    named = (sent.audience, sent.request_id)
    if named != (profile.coalition, kept.request_id):
        message = f"the kept request is {named[1]} to coalition {named[0]}"
        raise BadAnswer(message)
    return open_receipt(kept.envelope, profile.keys, sent)


def _count(found: Verification, answer: Answer) -> None:
    found.batches += isinstance(answer.message, BatchReceipt)
    accepted = sum(outcome.accepted for outcome in answer.outcomes)
    found.receipts += accepted
    found.refusals += len(answer.outcomes) - accepted


def _contradictions(answer: Answer, noted: dict[int, Noted]) -> Iterator[str]:
    """One number is one entry: a gateway that signs two is caught by whoever keeps both."""
    for record in (out.record for out in answer.outcomes):
        if record is None:
            continue
        number = record.entry.number
        shown = Noted(record.leaf, tuple(line.index for line in record.lines))
        if noted.setdefault(number, shown).leaf != record.leaf:
            yield f"number {number} was signed for two different entries"
