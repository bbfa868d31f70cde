"""The feed: taken up again where it broke, every record verified, none twice."""

from collections.abc import Iterator
from datetime import UTC, datetime

import grpc
import pytest

from coalition.answers import BadAnswer
from coalition.client import Client
from coalition.errors import Unavailable
from coalition.v1.envelope_pb2 import FeedRecord
from coalition.v1.feed_pb2 import FollowRequest

from .book import COALITION, Entry
from .fake_gateway import OTHER_KEY, PARTNER_KEY, PROFILE, SENDER, FakeGateway, signed

BREAK = grpc.StatusCode.UNAVAILABLE


def record(number: int, participant: str = SENDER, audience: str = COALITION) -> FeedRecord:
    shown = Entry(number=number, sender="airline-m").record([1], facts=False)
    return FeedRecord(audience=audience, participant=participant, number=number, record=shown)


@pytest.fixture
def gateway() -> Iterator[FakeGateway]:
    with FakeGateway() as served:
        yield served


@pytest.fixture
def client(gateway: FakeGateway) -> Iterator[Client]:
    with Client(
        gateway.target,
        PROFILE,
        SENDER,
        PARTNER_KEY,
        clock=lambda: datetime(2026, 1, 5, 12, tzinfo=UTC),
        max_wait_seconds=30,
        sleep=lambda _: None,
    ) as made:
        yield made


def asked_after(gateway: FakeGateway) -> list[int]:
    return [FollowRequest.FromString(seen.payload).after_number for seen in gateway.seen]


def test_feed_to_its_end(client: Client, gateway: FakeGateway) -> None:
    gateway.feeds = [[record(4), record(9)]]
    items = list(client.follow(3, stop_at_end=True))
    assert [item.number for item in items] == [4, 9]
    assert items[0].record.entry.sender == "airline-m"
    assert [line.index for line in items[0].record.lines] == [1]
    assert items[0].record.leaf == Entry(number=4, sender="airline-m").leaf
    (request,) = gateway.seen
    assert FollowRequest.FromString(request.payload).stop_at_end


def test_broken_feed_is_taken_up_after_the_last_number(
    client: Client, gateway: FakeGateway
) -> None:
    gateway.feeds = [[record(4), BREAK], [BREAK], [record(9), record(11), BREAK], [record(12)]]
    numbers = [item.number for item in client.follow(stop_at_end=True)]
    assert numbers == [4, 9, 11, 12]
    assert asked_after(gateway) == [0, 4, 4, 11]


def test_live_feed_goes_on_when_a_stream_ends(client: Client, gateway: FakeGateway) -> None:
    """A gateway that drains ends its streams; only stop_at_end makes that the end."""
    gateway.feeds = [[record(4)], [], [record(9)]]
    feed = client.follow()
    assert [next(feed).number, next(feed).number] == [4, 9]
    client.close()
    assert list(feed) == []


def test_giving_up(gateway: FakeGateway) -> None:
    gateway.feeds = [[record(4), BREAK], [BREAK], [BREAK]]
    with Client(
        gateway.target, PROFILE, SENDER, PARTNER_KEY, max_wait_seconds=0, sleep=lambda _: None
    ) as client:
        feed = client.follow()
        assert next(feed).number == 4
        with pytest.raises(Unavailable, match="the stream broke"):
            next(feed)


def test_refused_feed_is_not_tried_again(client: Client, gateway: FakeGateway) -> None:
    gateway.feeds = [[grpc.StatusCode.PERMISSION_DENIED]] * 2
    with pytest.raises(Unavailable, match="the stream broke"):
        list(client.follow())
    assert len(gateway.seen) == 1


def of_another_number() -> FeedRecord:
    made = record(4)
    made.number = 5
    return made


def broken() -> FeedRecord:
    made = record(4)
    made.record.digests[0] = bytes(32)
    return made


@pytest.mark.parametrize(
    ("feed", "words"),
    [
        ([record(3)], "number 3 came after 3"),
        ([record(4), record(4)], "number 4 came after 4"),
        ([record(4, participant="hotel-i")], "the feed of 'hotel-i'"),
        ([record(4, audience="other")], "in 'other'"),
        ([of_another_number()], "feed says number 5, its record 4"),
        ([broken()], "number 4 of the feed does not hold: the digests"),
    ],
)
def test_tampered_feed_is_not_believed(
    feed: list[FeedRecord | grpc.StatusCode], words: str, client: Client, gateway: FakeGateway
) -> None:
    gateway.feeds = [feed]
    with pytest.raises(BadAnswer, match=words):
        list(client.follow(3))


def test_record_signed_by_another_is_not_believed(
    client: Client, gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{FakeGateway.__module__}.signed", lambda m: signed(m, OTHER_KEY))
    gateway.feeds = [[record(4)]]
    with pytest.raises(BadAnswer, match="no key of this gateway's profile"):
        list(client.follow())
