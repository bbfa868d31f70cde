"""Follows a partner's feed through broken streams, and opens its records."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import grpc

from coalition import wire
from coalition.answers import BadAnswer, open_answer
from coalition.records import BadRecord, Record, open_record
from coalition.v1.envelope_pb2 import Envelope, FeedRecord


@dataclass(frozen=True, slots=True)
class FeedItem:
    """One entry of the feed, checked, with the signed evidence of it."""

    number: int
    record: Record
    envelope: Envelope


class Reader(Protocol):
    """Whose feed it is: coalition and sender. Whoever signs is one."""

    @property
    def audience(self) -> str:
        """The coalition."""

    @property
    def sender(self) -> str:
        """Who follows."""


def open_feed_item(
    envelope: Envelope,
    gateway_keys: Mapping[str, bytes],
    reader: Reader,
    after_number: int,
) -> FeedItem:
    """The entry in an envelope of the reader's feed.

    Raises BadAnswer unless the gateway signed it for this reader, it comes after the number
    given last, and its record holds and is of that number.
    """
    item = open_answer(envelope, gateway_keys, FeedRecord)
    if (item.audience, item.participant) != (reader.audience, reader.sender):
        message = f"a record of the feed of {item.participant!r:.80} in {item.audience!r:.80}"
        raise BadAnswer(message)
    if item.number <= after_number:
        message = f"number {item.number} came after {after_number}"
        raise BadAnswer(message)
    try:
        record = open_record(item.record)
    except BadRecord as problem:
        message = f"number {item.number} of the feed does not hold: {problem}"
        raise BadAnswer(message) from None
    if (record.entry.number, record.entry.coalition) != (item.number, item.audience):
        message = f"the feed says number {item.number}, its record {record.entry.number}"
        raise BadAnswer(message)
    return FeedItem(item.number, record, envelope)


@dataclass(slots=True)
class Follower:
    """Takes a feed up again where it broke, until nothing came of that for too long.

    `stream` opens one stream of envelopes after a number; `closed` says that the client is.
    """

    stream: Callable[[int], Iterator[Envelope]]
    gateway_keys: Mapping[str, bytes]
    reader: Reader
    patience: wire.Patience
    closed: Callable[[], bool]

    def follow(self, after_number: int, *, stop_at_end: bool) -> Iterator[FeedItem]:
        """Every entry once, in order. Raises BadAnswer, and CallFailed when it gives up."""
        last, failures, broken_since = after_number, 0, None
        while not self.closed():
            opened_at = time.monotonic()
            failed = wire.CallFailed(grpc.StatusCode.UNAVAILABLE, "the feed ended")
            try:
                for envelope in self.stream(last):
                    item = open_feed_item(envelope, self.gateway_keys, self.reader, last)
                    last, failures, broken_since = item.number, 0, None
                    yield item
                if stop_at_end:
                    return
            except wire.CallFailed as problem:
                failed = problem
            now = time.monotonic()
            # A stream that held for long, and had nothing to say, was no failure.
            if broken_since is None or now - opened_at > self.patience.timeout_seconds:
                failures, broken_since = 0, now
            failures += 1
            pause = wire.pause_seconds(failures, failed)
            if self.closed():
                return
            if not failed.transient or now + pause > broken_since + self.patience.max_wait_seconds:
                raise failed
            self.patience.sleep(pause)
