"""A database that goes away at any moment: UNAVAILABLE, and sent again it counts once."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import psycopg
import pytest
from sqlalchemy import Connection, make_url, text

from coalition.v1 import accrual_pb2, feed_pb2, members_pb2, receipts_pb2
from coalition.v1.envelope_pb2 import Receipt
from gateway.database import connect_engine
from gateway.postgres import embedded_postgres, reachable_data_dir
from gateway.self_check import check_book
from settlement.ledger import bulk
from settlement.ledger.book import load_coalition, read_head
from support.coalition_day import Day, coalition_day, membership, stay
from support.raw_calls import OK, Forge, Verdict, Wire, raw_wire

ACCRUE = "/coalition.v1.Accrual/Accrue"
TERMINATE = text(
    "select count(pg_terminate_backend(pid)) from pg_stat_activity "
    "where datname = current_database() and pid <> pg_backend_pid()"
)


@pytest.fixture(scope="module")
def day(module_database_url: str) -> Iterator[Day]:
    with coalition_day(module_database_url) as day:
        day.settled_world()
        yield day
        assert sound(day)


@pytest.fixture(scope="module")
def wire(day: Day) -> Iterator[Wire]:
    with raw_wire(day) as wire:
        yield wire


def sound(day: Day) -> bool:
    with day.engine.connect() as connection:
        coalition = load_coalition(connection)
    assert coalition is not None
    problems, _ = check_book(day.engine, coalition, lambda *_: None)
    assert problems == []
    return True


def accrual(wire: Wire, reference: str) -> Forge:
    request = accrual_pb2.AccrueRequest(accrual=stay("H1", reference, 1_000))
    return wire.forge("Accrual.Accrue", request).but(request_id=f"id-{reference}")


def look_up(wire: Wire) -> Forge:
    request = members_pb2.LookUpRequest(membership=membership("hotel", "H1"))
    return wire.forge("Members.LookUp", request)


def terminate_all(day: Day) -> None:
    """Every connection of the gateway breaks, by a connection that is not one of its pool."""
    url = day.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(str(TERMINATE))


def size(day: Day) -> int:
    for _ in range(20):
        try:
            with day.engine.connect() as connection:
                return read_head(connection).size
        except Exception:  # noqa: BLE001 - the pool still holds what was cut
            time.sleep(0.05)
    pytest.fail("no connection")


def retried(wire: Wire, forge: Forge) -> Verdict:
    """Sent until it is answered, as a client does."""
    data = forge.data()
    for _ in range(50):
        verdict = wire.call(forge.method.full_name, data)
        if verdict.code is not grpc.StatusCode.UNAVAILABLE:
            return verdict
        assert (verdict.reason, verdict.retry_seconds) == ("UNAVAILABLE", 1.0)
        assert verdict.signed is None
        time.sleep(0.05)
    return verdict


def test_connections_that_broke_while_idle(day: Day, wire: Wire) -> None:
    """A write notices and takes a new connection; of the others none is used again."""
    for index in range(3):
        reads = [look_up(wire).data() for _ in range(8)]
        wire.at_once("/coalition.v1.Members/LookUp", reads)
        before = size(day)
        terminate_all(day)
        assert wire.send(accrual(wire, f"idle-{index}")).reason == OK
        terminate_all(day)
        assert retried(wire, look_up(wire)).reason == OK
        assert size(day) == before + 1


def test_a_writer_that_is_cut_off_while_it_waits(day: Day, wire: Wire) -> None:
    """Its transaction is lost; it tries once more, and then says that it cannot tell."""
    before = size(day)
    data = accrual(wire, "waits").data()
    url = day.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    waiting = (
        "select pid from pg_stat_activity where datname = current_database() "
        "and wait_event_type = 'Lock'"
    )
    with psycopg.connect(url) as blocker, psycopg.connect(url, autocommit=True) as admin:
        blocker.execute("select * from ledger_head for update")
        call = wire.channel.unary_unary(ACCRUE).future(data, timeout=30)
        seen = set()
        for _ in range(400):
            for (pid,) in admin.execute(waiting).fetchall():
                seen.add(pid)
                admin.execute("select pg_terminate_backend(%s)", (pid,))
            if call.done():
                break
            time.sleep(0.02)
        assert call.code() is grpc.StatusCode.UNAVAILABLE
        assert len(seen) == 2
    assert size(day) == before
    assert retried(wire, accrual(wire, "waits")).reason == OK
    assert size(day) == before + 1


class Broken(psycopg.OperationalError):
    """As the driver says it when the server is gone."""


@contextmanager
def commits(day: Day, commit: Callable[[Callable[[Any], None], Any], None]) -> Iterator[None]:
    """What the writer's thread does instead of a commit."""
    dialect: Any = day.engine.dialect
    original = dialect.do_commit

    def do_commit(connection: Any) -> None:
        if threading.current_thread().name == "writer":
            commit(original, connection)
        else:
            original(connection)

    dialect.do_commit = do_commit
    try:
        yield
    finally:
        dialect.do_commit = original


def breaking(times: int, *, before: bool) -> Callable[[Callable[[Any], None], Any], None]:
    """The connection breaks so many times, before the commit came through or after."""
    left = [times]

    def commit(original: Callable[[Any], None], connection: Any) -> None:
        if left[0] == 0:
            original(connection)
            return
        left[0] -= 1
        if not before:
            original(connection)
        connection.driver_connection.close()
        message = "server closed the connection unexpectedly"
        raise Broken(message)

    return commit


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("times", [1, 2])
def test_a_commit_whose_outcome_is_unknown(
    day: Day, wire: Wire, times: int, *, before: bool
) -> None:
    """Looked up by request id: written if it was not, and answered as it was if it was."""
    name = f"unknown-{times}-{before}"
    forge, size_before = accrual(wire, name), size(day)
    with commits(day, breaking(times, before=before)):
        verdict = wire.call(ACCRUE, forge.data())
    again = retried(wire, forge)
    assert verdict.reason == (OK if times == 1 else "UNAVAILABLE")
    assert again.reason == OK
    assert verdict.answer in (b"", again.answer)
    assert size(day) == size_before + 1
    number = Receipt.FromString(again.envelope.payload).number
    assert number == size_before


def test_a_connection_that_breaks_in_the_driver(
    day: Day, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside SQLAlchemy: it is noticed all the same, and tried once more."""
    broken: list[Connection] = []

    def write(connection: Connection, writings: Iterable[bulk.Writing]) -> None:
        if not broken:
            broken.append(connection)
            terminate_all(day)
        bulk.write(connection, writings)

    monkeypatch.setattr("partners.desk.write", write)
    before = size(day)

    assert wire.send(accrual(wire, "written")).reason == OK
    assert (size(day), len(broken)) == (before + 1, 1)


def test_a_change_of_the_directory_whose_outcome_is_unknown(day: Day) -> None:
    """A rate is published once, and holds for the next request."""
    with commits(day, breaking(1, before=False)):
        version = day.rate("card", 11, 12)

    before = size(day)
    assert day.rate("card", 12, 13) == before + 2, "a proposal, an approval, its version"
    assert version < before


def test_one_that_cannot_be_written_does_not_hold_up_the_others(day: Day, wire: Wire) -> None:
    """A member's account of the wrong currency: a bug's work. Its batch is tried one by one."""
    day.enrol("hotel", "WRONG")
    member = day.enrol("hotel", "WRONG-2")
    with day.engine.begin() as connection:
        connection.execute(
            text("insert into member_account values (:m, 'hotel', 'WRONG', 0, 0)"), {"m": member}
        )
    bad = accrual_pb2.AccrueRequest(accrual=stay("WRONG-2", "wrong", 1_000))
    requests = [accrual(wire, f"beside-{i}").data() for i in range(8)]
    requests.insert(4, wire.forge("Accrual.Accrue", bad).data())
    before = size(day)

    reasons = [verdict.reason for verdict in wire.at_once(ACCRUE, requests)]

    assert reasons == [*[OK] * 4, "UNAVAILABLE", *[OK] * 4]
    assert size(day) == before + 8
    with day.engine.begin() as connection:
        connection.execute(text("delete from member_account where member_id = :m"), {"m": member})


def test_a_counter_that_is_full(day: Day, wire: Wire) -> None:
    """An account that would not fit into 64 bits any more: OVERFLOW, and nothing is written."""
    fill = text("update company_account set debits = debits + :n where code = 'issued/hotel'")
    assert wire.send(accrual(wire, "not-full")).reason == OK
    with day.engine.begin() as connection:
        connection.execute(fill, {"n": 2**63 - 10**6})
    before = size(day)
    try:
        requests = [accrual(wire, f"full-{i}").data() for i in range(3)]
        huge = accrual_pb2.AccrueRequest(
            accrual=stay("H1", "full", stated={("hotel", "BASE"): 10**8})
        )
        reasons = [v.reason for v in wire.at_once(ACCRUE, requests)]
        full = wire.send(wire.forge("Accrual.Accrue", huge))
    finally:
        with day.engine.begin() as connection:
            connection.execute(fill, {"n": 10**6 - 2**63})

    assert reasons == [OK] * 3
    assert (full.reason, full.code) == ("OVERFLOW", grpc.StatusCode.OUT_OF_RANGE)
    assert size(day) == before + 3


@contextmanager
def own_server(folder: Path) -> Iterator[tuple[str, Callable[[], None], Callable[[], Any]]]:
    """A PostgreSQL of the test's own, with how to stop it and how to bring it back."""
    data_dir = reachable_data_dir(folder / "postgres")

    def stop() -> None:
        (pid_file,) = data_dir.rglob("postmaster.pid")
        os.kill(int(pid_file.read_text().split("\n", 1)[0]), signal.SIGINT)
        for _ in range(600):
            if not pid_file.exists():
                return
            time.sleep(0.02)
        pytest.fail("PostgreSQL did not stop")

    with embedded_postgres(data_dir, durable=False) as url:
        yield url, stop, lambda: embedded_postgres(data_dir, durable=False)


def test_a_database_that_is_down_and_comes_back(tmp_path: Path) -> None:
    """Writes, reads and feeds are UNAVAILABLE; then the same bytes count once."""
    with own_server(tmp_path) as (url, stop, start), coalition_day(url) as day:
        day.admit("hotel", "HOTEL")
        day.publish("hotel")
        day.enrol("hotel", "H1")
        with raw_wire(day) as wire:
            follow = wire.forge("Feed.Follow", feed_pb2.FollowRequest())
            feed = wire.channel.unary_stream(follow.method.full_name)(follow.data(), timeout=60)
            next(feed)
            forge, before = accrual(wire, "down"), size(day)
            stop()
            verdicts = [
                wire.send(forge),
                wire.send(look_up(wire)),
                wire.send(follow),
                wire.send(wire.forge("Accrual.Accrue", accrual_pb2.AccrueRequest(), key="nobody")),
            ]
            with pytest.raises(grpc.RpcError) as ended:
                list(feed)
            for verdict in verdicts:
                assert verdict.code is grpc.StatusCode.UNAVAILABLE
                assert (verdict.reason, verdict.retry_seconds) == ("UNAVAILABLE", 1.0)
            assert ended.value.code() is grpc.StatusCode.UNAVAILABLE
            patient = threading.Thread(target=day.accrue, args=(stay("H1", "patient", 1_000),))
            patient.start()
            with start():
                assert retried(wire, forge).reason == OK
                assert retried(wire, look_up(wire)).reason == OK
                patient.join(30)
                receipt = receipts_pb2.GetReceiptRequest(request_id=forge.request_id)
                assert retried(wire, wire.forge("Receipts.GetReceipt", receipt)).reason == OK
                assert size(day) == before + 2
                assert day.balance("hotel", "H1") == 200
                assert sound(day)


@pytest.mark.parametrize(("asked", "seconds"), [({}, 25), ({"keepalives_idle": "60"}, 75)])
def test_a_server_that_is_gone_without_a_word_is_noticed(
    database_url: str, asked: dict[str, str], seconds: int
) -> None:
    engine = connect_engine(
        make_url(database_url).update_query_dict(asked).render_as_string(hide_password=False)
    )
    with engine.connect() as connection, bulk.driver_of(connection) as driver:
        is_set = driver.info.get_parameters()
    engine.dispose()
    idle, interval, count = (
        int(is_set[f"keepalives_{name}"]) for name in ("idle", "interval", "count")
    )
    assert idle + interval * count == seconds
    assert int(is_set["tcp_user_timeout"]) == 25_000
