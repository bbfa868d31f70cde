"""A partner's feed: what concerns it, in order, once, while it is written, and again later."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import grpc
import pytest

from coalition.answers import open_answer
from coalition.client import Client
from coalition.errors import Refused
from coalition.feed import FeedItem
from coalition.records import open_record
from coalition.signing import key_id, public_bytes
from coalition.v1 import accrual_pb2, feed_pb2, members_pb2, partners_pb2
from coalition.v1.envelope_pb2 import Envelope, FeedRecord
from gateway.database import connect_engine
from gateway.founding import found
from gateway.server import DRAIN_SECONDS
from settlement.ledger.book import read_head
from settlement.ledger.entries import EVERYONE
from support.coalition_day import (
    Clock,
    Day,
    activity_key,
    coalition_day,
    founding_of,
    item,
    membership,
    private_key,
    serving,
    stay,
)
from support.raw_calls import Verdict, Wire, raw_wire, verdict_of

LEAVES = "select number, leaf from entry"
FOLLOW = "/coalition.v1.Feed/Follow"


@pytest.fixture(scope="module")
def day(module_database_url: str) -> Iterator[Day]:
    with coalition_day(module_database_url) as day:
        day.settled_world()
        yield day


@pytest.fixture(scope="module")
def wire(day: Day) -> Iterator[Wire]:
    with raw_wire(day) as wire:
        yield wire


def followed(client: Client, after: int = 0) -> list[FeedItem]:
    """All there is; every record is checked by the client."""
    return list(client.follow(after, stop_at_end=True))


def test_each_partner_sees_what_concerns_it_and_the_same_leaf(day: Day) -> None:
    """Of a double dip the hotel sees every line, the airline its own, the card issuer nothing."""
    number = day.accrue(stay("H1", "feed-1")).receipt.number

    seen = {
        who: {one.number: one.record for one in followed(day.client(who))}
        for who in ("hotel", "airline", "card", "admin-one")
    }

    lines = {who: [line.index for line in seen[who][number].lines] for who in ("hotel", "airline")}
    assert lines == {"hotel": [0, 1, 2, 3, 4], "airline": [2, 3]}
    assert [line.index for line in seen["admin-one"][number].lines] == [4]
    assert number not in seen["card"]
    assert seen["hotel"][number].facts is not None
    assert seen["airline"][number].facts is None
    assert len({seen[who][number].leaf for who in ("hotel", "airline", "admin-one")}) == 1


def test_a_receipt_shows_what_the_feed_shows(day: Day) -> None:
    """Of a conversion not the points that the other programme issued, and the same leaf."""
    day.accrue(stay("H1", "converted"))
    quote = day.quote(("hotel", "H1"), ("airline", "A1"), 1_000)
    answer = day.convert(quote.quote)
    number = answer.receipt.number
    seen = {
        who: next(one.record for one in followed(day.client(who)) if one.number == number)
        for who in ("hotel", "airline")
    }

    assert answer.record is not None
    assert [line.index for line in answer.record.lines] == [0, 2, 3, 4, 5]
    assert answer.record.lines == seen["hotel"].lines
    assert [line.index for line in seen["airline"].lines] == [1, 2]
    assert answer.record.leaf == seen["hotel"].leaf == seen["airline"].leaf


def test_administration_is_everybodys(day: Day) -> None:
    """Rates, keys and programmes with all that is in them; agreements are of their parties."""
    version = day.rate("card", 3, 4)
    agreement = day.agree("airline", "card", price=7)

    def facts(who: str, number: int) -> object:
        return {one.number: one.record.facts for one in followed(day.client(who))}.get(number)

    for who in ("hotel", "airline", "card"):
        told = facts(who, version)
        assert isinstance(told, dict)
        assert (told["rate_in"], told["programme"]) == ("3/1", "card")
    assert isinstance(facts("airline", agreement), dict)
    assert facts("hotel", agreement) is None


def test_a_feed_holds_exactly_what_its_reader_was_shown(day: Day) -> None:
    """Against the ledger itself: no entry of a reader's is missing, none comes twice."""
    with day.engine.connect() as connection:
        size = read_head(connection).size
        rows = connection.exec_driver_sql("select participant, number from feed").all()
        leaves = {n: bytes(leaf) for n, leaf in connection.exec_driver_sql(LEAVES)}
    for who in ("hotel", "airline", "card"):
        expected = sorted({number for of, number in rows if of in {who, EVERYONE}} - {0})
        found = followed(day.client(who))
        assert [one.number for one in found] == expected
        assert all(one.record.leaf == leaves[one.number] for one in found)
        assert max(expected) < size


def test_the_founding_is_before_the_first(day: Day) -> None:
    first = followed(day.client("hotel"))[0]
    founding = followed(day.client("hotel"), after=-1)[0]

    assert (founding.number, first.number > 0) == (0, True)
    assert founding.record.entry.kind == "GENESIS"


@pytest.mark.parametrize("after", [2**63 - 1, 10**12])
def test_after_all_there_is(day: Day, after: int) -> None:
    assert followed(day.client("hotel"), after) == []


def test_pages_do_not_show(day: Day) -> None:
    """More entries than a page holds, some for the reader and for everyone at once."""
    items = [
        stay("H1", f"page-{i}", 100, request_id=f"page-{i}").SerializeToString() for i in range(450)
    ]
    batch = accrual_pb2.AccrueBatchRequest(items=items)
    outcomes = day.client("hotel").write("Accrual.AccrueBatch", batch).outcomes
    numbers = [outcome.receipt.number for outcome in outcomes]

    found = [one.number for one in followed(day.client("hotel"), numbers[0] - 1)]

    assert found[: len(numbers)] == numbers


def test_nothing_is_missed_or_doubled_while_writes_go_on(day: Day) -> None:
    """Three readers, one of which begins again after every tenth record."""
    day.enrol("hotel", "BUSY")
    day.enrol("airline", "BUSY-A")
    start = followed(day.client("hotel"))[-1].number
    done = threading.Event()
    expected: list[int] = []
    lock = threading.Lock()

    def write(worker: int) -> None:
        for index in range(25):
            if worker % 2:
                answer = day.accrue(stay("BUSY", f"busy-{worker}-{index}", 500))
            else:
                key = activity_key("airline", "FLIGHT", f"busy-{worker}-{index}")
                answer = day.accrue(
                    item("airline", "BUSY-A", key, quantities={"MILE": 1}), sender="airline"
                )
                continue
            with lock:
                expected.append(answer.receipt.number)

    def follow(again_after: int) -> list[int]:
        found: list[int] = []
        while True:
            taken = 0
            ended = done.is_set()
            last = found[-1] if found else start
            for one in day.client("hotel").follow(last, stop_at_end=True):
                found.append(one.number)
                taken += 1
                if taken == again_after:
                    break
            if ended and taken == 0:
                return found

    with ThreadPoolExecutor(8) as pool:
        readers = [pool.submit(follow, n) for n in (10, 10**9)]
        live = pool.submit(_live, day, start, 100)
        list(pool.map(write, range(4)))
        day.accrue(stay("BUSY", "busy-last", 500))
        done.set()
        found = [reader.result() for reader in readers]

    for numbers in found:
        assert numbers[:-1] == sorted(expected)
    assert live.result() == found[0]


def _live(day: Day, start: int, _: int) -> list[int]:
    """One stream that stays open until the last activity has come through it."""
    numbers = []
    for one in day.client("hotel").follow(start):
        numbers.append(one.number)
        facts = one.record.facts or {}
        activity = facts.get("activity")
        if isinstance(activity, dict) and activity["reference"] == "busy-last":
            return numbers
    return numbers


def test_news_come_to_an_open_feed(day: Day, wire: Wire) -> None:
    request = feed_pb2.FollowRequest(after_number=followed(day.client("hotel"))[-1].number)
    answers = wire.channel.unary_stream(FOLLOW)(wire.forge("Feed.Follow", request).data())
    time.sleep(0.1)
    number = day.accrue(stay("H1", "news", 100)).receipt.number
    record = FeedRecord.FromString(Envelope.FromString(next(answers)).payload)
    answers.cancel()

    assert record.number == number


def test_a_record_is_signed_for_its_reader(day: Day, wire: Wire) -> None:
    """What one partner was shown cannot pass for what another was."""
    verdict = wire.send(wire.forge("Feed.Follow", feed_pb2.FollowRequest()))
    record = open_answer(verdict.envelope, day.profile.keys, FeedRecord)

    assert (record.audience, record.participant) == (day.profile.coalition, "hotel")
    assert open_record(record.record).entry.number == record.number


def test_a_person_follows_the_operators_entries(day: Day) -> None:
    persons = [followed(day.client(person)) for person in ("admin-one", "admin-two")]

    assert [one.number for one in persons[0]] == [one.number for one in persons[1]]


@pytest.mark.parametrize("end", ["revoked", "expired"])
def test_an_open_feed_ends_with_its_key(day: Day, wire: Wire, end: str) -> None:
    name = f"hotel-{end}"
    key = day.public_key(name, "hotel")
    if end == "expired":
        key.valid_to.FromDatetime(day.clock.now.replace(year=day.clock.now.year + 1))
    day.client("hotel").write("Partners.RegisterKey", partners_pb2.RegisterKeyRequest(key=key))
    day.approve_key(name)
    last = followed(day.client("hotel"))[-1].number
    forge = wire.forge("Feed.Follow", feed_pb2.FollowRequest(after_number=last), key=name)
    answers = wire.channel.unary_stream(FOLLOW)(forge.data(), timeout=20)
    before = day.accrue(stay("H1", f"before-{end}", 100)).receipt.number
    first = FeedRecord.FromString(Envelope.FromString(next(answers)).payload)
    assert first.number == before
    if end == "revoked":
        keyid = key_id(public_bytes(private_key(name)))
        day.client("hotel").write("Partners.RevokeKey", partners_pb2.RevokeKeyRequest(keyid=keyid))
        day.accrue(stay("H1", "after-revoked", 100))
    else:
        day.clock.forward(days=400)
    with pytest.raises(grpc.RpcError) as caught:
        list(answers)

    assert (
        verdict_of(caught.value).reason
        == {"revoked": "KEY_REVOKED", "expired": "KEY_NOT_ACTIVE"}[end]
    )


def test_a_feed_outlives_its_request(day: Day, wire: Wire) -> None:
    """Opened within a minute, followed for hours."""
    last = followed(day.client("hotel"))[-1].number
    forge = wire.forge("Feed.Follow", feed_pb2.FollowRequest(after_number=last))
    answers = wire.channel.unary_stream(FOLLOW)(forge.data(), timeout=20)
    day.accrue(stay("H1", "outlived-1", 100))
    next(answers)
    day.clock.forward(hours=5)
    number = day.accrue(stay("H1", "outlived-2", 100)).receipt.number

    assert FeedRecord.FromString(Envelope.FromString(next(answers)).payload).number == number
    answers.cancel()


def test_the_server_ends_at_once_and_the_feed_goes_on_with_the_next(database_url: str) -> None:
    """An open feed does not hold up the end; its follower goes on where it was."""
    engine, clock = connect_engine(database_url), Clock()
    founding = founding_of()
    found(engine, founding, clock.now)
    with ExitStack() as open_until_the_end:
        open_until_the_end.callback(engine.dispose)
        with serving(engine, clock) as target:
            day = Day(target, founding.profile, clock, engine)
            open_until_the_end.enter_context(day.stack)
            wire = open_until_the_end.enter_context(raw_wire(day))
            day.admit("hotel", "HOTEL")
            forge = wire.forge("Feed.Follow", feed_pb2.FollowRequest())
            answers = wire.channel.unary_stream(FOLLOW)(forge.data(), timeout=60)
            seen = FeedRecord.FromString(Envelope.FromString(next(answers)).payload).number
            started = time.monotonic()
        assert time.monotonic() - started < DRAIN_SECONDS / 2
        *records, ended = list(_caught(answers))
        assert isinstance(ended, Verdict)
        assert ended.code is grpc.StatusCode.UNAVAILABLE
        with serving(engine, clock) as target:
            later = Day(target, founding.profile, clock, engine)
            with later.stack:
                after = [one.number for one in followed(later.client("hotel"), seen)]
        assert len(after) >= len(records)
        assert after[0] > seen


def _caught(answers: Iterator[bytes]) -> Iterator[object]:
    try:
        yield from answers
    except grpc.RpcError as error:
        yield verdict_of(error)


def test_too_many_feeds_are_refused(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.service.MAX_FEEDS", 0)

    verdict = wire.send(wire.forge("Feed.Follow", feed_pb2.FollowRequest()))

    assert (verdict.reason, verdict.retry_seconds) == ("OVERLOADED", 1.0)
    assert verdict.code is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_what_is_refused_shows_in_nobodys_feed(day: Day) -> None:
    last = followed(day.client("hotel"))[-1].number
    with pytest.raises(Refused):
        day.accrue(stay("nobody", "refused"))
    day.client("hotel").read(
        "Members.LookUp",
        members_pb2.LookUpRequest(membership=membership("hotel", "H1")),
        members_pb2.Membership,
    )

    assert followed(day.client("hotel"), last) == []
