"""What a participant is shown of an entry."""

from collections.abc import Iterable

from coalition.v1 import envelope_pb2
from settlement.ledger.entries import EVERYONE, Entry


def entry_record(entry: Entry, *, facts: bool, lines: Iterable[int]) -> envelope_pb2.EntryRecord:
    """The record of an entry that discloses its facts, or not, and these of its lines."""
    record = envelope_pb2.EntryRecord(entry=entry.entry_bytes, digests=entry.digests)
    if facts:
        record.facts, record.facts_salt = entry.facts_bytes, entry.facts_salt
    for index in lines:
        record.lines.add(index=index, salt=entry.salts[index], line=entry.line_bytes[index])
    return record


def record_for(entry: Entry, participant: str) -> envelope_pb2.EntryRecord:
    """The record that a participant may see, by the parties of the entry."""
    draft = entry.draft
    return entry_record(
        entry,
        facts=not draft.facts_parties.isdisjoint({participant, EVERYONE}),
        lines=(i for i, line in enumerate(draft.lines) if participant in line.parties),
    )
