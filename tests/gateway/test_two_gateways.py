"""Two gateways on one database: one log, one memory of requests, one directory."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace

import pytest
from sqlalchemy import Connection

from coalition.signing import key_id, public_bytes
from coalition.v1 import accrual_pb2, exchange_pb2, feed_pb2, partners_pb2
from coalition.v1.envelope_pb2 import Envelope, FeedRecord
from gateway.database import connect_engine
from gateway.directories import DirectoryCache
from gateway.self_check import check_book
from partners.directory import Directory
from settlement.ledger.book import load_coalition, read_head
from support.coalition_day import Day, coalition_day, executed, private_key, serving, stay
from support.raw_calls import OK, Wire, raw_wire

ACCRUE = "/coalition.v1.Accrual/Accrue"


@pytest.fixture(scope="module")
def pair(module_database_url: str) -> Iterator[tuple[Day, Day]]:
    with coalition_day(module_database_url) as first, ExitStack() as stack:
        first.settled_world()
        engine = connect_engine(module_database_url)
        stack.callback(engine.dispose)
        target = stack.enter_context(serving(engine, first.clock))
        second = Day(target, first.profile, first.clock, engine)
        stack.enter_context(second.stack)
        yield first, second
        with first.engine.connect() as connection:
            coalition = load_coalition(connection)
        assert coalition is not None
        assert check_book(first.engine, coalition, lambda *_: None)[0] == []


@pytest.fixture(scope="module")
def wires(pair: tuple[Day, Day]) -> Iterator[tuple[Wire, Wire]]:
    with raw_wire(pair[0]) as one, raw_wire(pair[1]) as other:
        yield one, other


def test_one_request_to_both_at_once(pair: tuple[Day, Day], wires: tuple[Wire, Wire]) -> None:
    """Forty requests, each sent to both: each counts once, and both give the same answer."""
    forges = [
        wires[0].forge(
            "Accrual.Accrue", accrual_pb2.AccrueRequest(accrual=stay("H1", f"both-{i}", 100))
        )
        for i in range(40)
    ]
    requests = [replace(forge, request_id=f"both-{i}").data() for i, forge in enumerate(forges)]
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda wire: wire.at_once(ACCRUE, requests), wires))
    numbers = [verdict.receipt.number for verdict in answers[0]]

    assert [verdict.answer for verdict in answers[0]] == [verdict.answer for verdict in answers[1]]
    assert len(set(numbers)) == len(requests)
    with pair[0].engine.connect() as connection:
        assert max(numbers) == read_head(connection).size - 1


def test_one_activity_to_both_at_once(wires: tuple[Wire, Wire]) -> None:
    def send(wire: Wire) -> list[str]:
        requests = []
        for index in range(40):
            request = accrual_pb2.AccrueRequest(accrual=stay("H1", "once", 100))
            forge = wire.forge("Accrual.Accrue", request)
            requests.append(forge.but(request_id=f"{id(wire)}-{index}").data())
        return [verdict.reason for verdict in wire.at_once(ACCRUE, requests)]

    with ThreadPoolExecutor(2) as pool:
        reasons = [reason for found in pool.map(send, wires) for reason in found]

    assert reasons.count(OK) == 1
    assert set(reasons) == {OK, "DUPLICATE_ACTIVITY"}


def test_a_quote_of_the_one_is_executed_by_the_other(pair: tuple[Day, Day]) -> None:
    first, second = pair
    first.accrue(stay("H1", "quoted"))
    quote = second.quote(("hotel", "H1"), ("airline", "A1"), 1_000)

    converted = first.convert(quote.quote).result_as(exchange_pb2.ConversionTerms)
    assert executed(converted) == executed(quote)


def test_keys_are_of_both(pair: tuple[Day, Day], wires: tuple[Wire, Wire]) -> None:
    """Admitted at the one, known to the other; revoked at the one, refused by the other."""
    first, _ = pair
    keyid = key_id(public_bytes(private_key("hotel-pair")))
    request = partners_pb2.RegisterKeyRequest(key=first.public_key("hotel-pair", "hotel"))
    first.client("hotel").write("Partners.RegisterKey", request)
    first.approve_key("hotel-pair")

    def accrue(reference: str) -> str:
        accrual = accrual_pb2.AccrueRequest(accrual=stay("H1", reference, 100))
        return wires[1].send(wires[1].forge("Accrual.Accrue", accrual, key="hotel-pair")).reason

    def read() -> str:
        listed = partners_pb2.ListKeysRequest()
        return wires[1].send(wires[1].forge("Partners.ListKeys", listed, key="hotel-pair")).reason

    assert (accrue("pair-1"), read()) == (OK, OK)
    first.client("hotel").write("Partners.RevokeKey", partners_pb2.RevokeKeyRequest(keyid=keyid))
    assert (accrue("pair-2"), read()) == ("KEY_REVOKED", "KEY_REVOKED")


def test_a_rate_of_the_one_holds_at_the_other(pair: tuple[Day, Day]) -> None:
    first, second = pair
    version = first.rate("hotel", 51, 61)

    assert second.quote(("hotel", "H1"), ("airline", "A1"), 1_000).source_rate == version


def test_a_feed_of_the_one_tells_what_the_other_wrote(
    pair: tuple[Day, Day], wires: tuple[Wire, Wire]
) -> None:
    first, _ = pair
    last = max(one.number for one in first.client("hotel").follow(stop_at_end=True))
    forge = wires[1].forge("Feed.Follow", feed_pb2.FollowRequest(after_number=last))
    answers = wires[1].channel.unary_stream(forge.method.full_name)(forge.data(), timeout=20)
    number = first.accrue(stay("H1", "told", 100)).receipt.number

    assert FeedRecord.FromString(Envelope.FromString(next(answers)).payload).number == number
    answers.cancel()


def test_a_key_is_known_at_once_however_lately_the_other_looked(
    pair: tuple[Day, Day], wires: tuple[Wire, Wire]
) -> None:
    """A request with an unknown key makes the other look; the next key is admitted after it."""
    first, _ = pair
    listed = partners_pb2.ListKeysRequest()
    for index in range(3):
        name = f"hotel-late-{index}"
        unknown = wires[1].send(wires[1].forge("Partners.ListKeys", listed, key=name))
        request = partners_pb2.RegisterKeyRequest(key=first.public_key(name, "hotel"))
        first.client("hotel").write("Partners.RegisterKey", request)
        first.approve_key(name)
        known = wires[1].send(wires[1].forge("Partners.ListKeys", listed, key=name))

        assert (unknown.reason, known.reason) == ("UNKNOWN_KEY", OK)


def test_unknown_keys_are_no_load(
    pair: tuple[Day, Day], wires: tuple[Wire, Wire], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hundred requests with as many unknown keys: the database is asked once or twice."""
    looks = []
    original = DirectoryCache.current

    def current(cache: DirectoryCache, connection: Connection) -> Directory:
        looks.append(connection)
        return original(cache, connection)

    listed = partners_pb2.ListKeysRequest()
    requests = [
        wires[0].forge("Partners.ListKeys", listed, key=f"unknown-{i}").data() for i in range(100)
    ]
    monkeypatch.setattr(DirectoryCache, "current", current)
    verdicts = wires[0].at_once("/coalition.v1.Partners/ListKeys", requests)

    assert {verdict.reason for verdict in verdicts} == {"UNKNOWN_KEY"}
    assert 0 < len(looks) < 10
    assert pair[0].target != pair[1].target
