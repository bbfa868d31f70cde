"""Records of a feed, from entries as they are shown to one participant."""

from coalition.v1 import envelope_pb2
from gateway.translation.answers import FEED_RECORD_TYPE, Answers
from partners.requests import Answer
from settlement.ledger.reading import Shown


def feed_answer(entry: Shown, reader: str, answers: Answers) -> Answer:
    """The payload of a feed record, to be signed by the current key."""
    record = envelope_pb2.EntryRecord(
        entry=entry.entry_bytes,
        facts=entry.facts or b"",
        facts_salt=entry.facts_salt or b"",
        digests=entry.digests,
        lines=[
            envelope_pb2.LineRecord(index=index, salt=salt, line=line)
            for index, salt, line in entry.lines
        ],
    )
    message = envelope_pb2.FeedRecord(
        audience=answers.audience,
        participant=reader,
        number=entry.number,
        record=record,
    )
    payload = message.SerializeToString(deterministic=True)
    return Answer(FEED_RECORD_TYPE, payload, answers.keyid)
