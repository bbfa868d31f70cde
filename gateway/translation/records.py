"""What a participant is shown of an entry."""

from coalition.v1 import envelope_pb2
from settlement.ledger.entries import EVERYONE, Entry


def fill_record(record: envelope_pb2.EntryRecord, entry: Entry, participant: str) -> None:
    """Put into an empty record what a participant may see of an entry, by its parties."""
    draft = entry.draft
    record.entry = entry.entry_bytes
    record.digests.extend(entry.digests)
    if participant in draft.facts_parties or EVERYONE in draft.facts_parties:
        record.facts, record.facts_salt = entry.facts_bytes, entry.facts_salt
    salts, data = entry.salts, entry.line_bytes
    for index, line in enumerate(draft.lines):
        if participant in line.parties:
            record.lines.add(index=index, salt=salts[index], line=data[index])
