"""What users of gRPC expect of any server: TLS, health, reflection, limits, a graceful end."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

from coalition.client import Client
from coalition.errors import Unavailable
from coalition.methods import METHODS
from coalition.v1 import accrual_pb2, partners_pb2
from gateway.database import connect_engine
from gateway.founding import found
from gateway.server import Gateway, Listen, ServerError
from support.certificates import certificate_in
from support.coalition_day import (
    Clock,
    Day,
    coalition_day,
    founding_of,
    keyring,
    private_key,
    serving,
    stay,
)


@pytest.fixture(scope="module")
def day(module_database_url: str) -> Iterator[Day]:
    with coalition_day(module_database_url) as day:
        day.settled_world()
        yield day


def test_health_says_serving(day: Day) -> None:
    with grpc.insecure_channel(day.target) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        for service in ("", "coalition.v1.Accrual", "coalition.v1.Feed"):
            answer = health.Check(health_pb2.HealthCheckRequest(service=service), timeout=10)
            assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_reflection_tells_every_service(day: Day) -> None:
    with grpc.insecure_channel(day.target) as channel:
        told = ProtoReflectionDescriptorDatabase(channel).get_services()
    assert {method.full_name.split("/")[1] for method in METHODS.values()} <= set(told)


def test_a_message_far_too_large_is_cut_off(day: Day) -> None:
    with grpc.insecure_channel(day.target) as channel:
        call = channel.unary_unary("/coalition.v1.Accrual/Accrue")
        with pytest.raises(grpc.RpcError) as refused:
            call(bytes(8 * 1024 * 1024), timeout=10)
    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "listen",
    [
        Listen("0.0.0.0:0"),
        Listen("192.0.2.1:7466"),
        Listen("gateway.example:7466"),
        Listen("127.0.0.1:0", certificate=Path("only-half")),
    ],
)
def test_plain_text_is_served_on_loopback_only(day: Day, listen: Listen) -> None:
    gateway = Gateway(day.engine, keyring(), day.clock, listen)
    with pytest.raises(ServerError, match="tls"):
        asyncio.run(gateway.serve(lambda _: None, asyncio.Event()))


def test_tls_by_two_files(database_url: str, tmp_path: Path) -> None:
    certificate, key = certificate_in(tmp_path)
    engine, clock = connect_engine(database_url), Clock()
    founding = founding_of()
    found(engine, founding, clock.now)
    gateway = Gateway(engine, keyring(), clock, Listen("127.0.0.1:0", certificate, key))
    ports: list[int] = []
    started = threading.Event()
    stopping: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def serve() -> None:
        stop = asyncio.Event()
        stopping.append((asyncio.get_running_loop(), stop))
        await gateway.serve(lambda port: (ports.append(port), started.set())[1], stop)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    assert started.wait(30)
    day = Day(f"127.0.0.1:{ports[0]}", founding.profile, clock, engine)
    try:
        with Client(
            day.target,
            founding.profile,
            "admin-one",
            private_key("admin-one"),
            tls=certificate.read_bytes(),
            clock=clock,
        ) as client:
            listed = client.read(
                "Partners.ListPartners",
                partners_pb2.ListPartnersRequest(),
                partners_pb2.PartnerList,
            )
        assert [partner.partner for partner in listed.partners] == ["operator"]
    finally:
        loop, stop = stopping[0]
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        engine.dispose()


def test_calls_in_progress_are_answered_when_the_server_ends(database_url: str) -> None:
    answers: list[bool] = []
    engine, clock = connect_engine(database_url), Clock()
    founding = founding_of()
    found(engine, founding, clock.now)

    def report(client: Client, number: int) -> None:
        try:
            accrual = stay("H1", f"drain-{number}")
            client.write("Accrual.Accrue", accrual_pb2.AccrueRequest(accrual=accrual))
        except Unavailable:
            answers.append(False)
        else:
            answers.append(True)

    with ExitStack() as stack:
        with serving(engine, clock) as target:
            Day(target, founding.profile, clock, engine, stack).settled_world()
            client = stack.enter_context(
                Client(
                    target,
                    founding.profile,
                    "hotel",
                    private_key("hotel"),
                    clock=clock,
                    max_wait_seconds=0.2,
                )
            )
            calls = [threading.Thread(target=report, args=(client, i)) for i in range(50)]
            for call in calls:
                call.start()
            while not answers:
                time.sleep(0.001)
        for call in calls:
            call.join()
    with engine.connect() as connection:
        counted = connection.exec_driver_sql(
            "select count(*) from activity where reference like 'drain-%%'"
        ).scalar_one()
    engine.dispose()
    assert counted == sum(answers)
