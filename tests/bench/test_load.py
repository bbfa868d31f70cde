"""The load generator sends what it is told, when it is told, and lets no failure pass."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import pytest

from gateway.bench.load import Job, Sent, send
from gateway.bench.problems import BenchError

METHOD = "/bench.Test/Call"

Handler = Callable[[bytes, Any], Awaitable[bytes]]


def sent_to(handler: Handler, requests: int, **more: Any) -> Sent:
    """What a job comes to at a server that answers by this function."""

    async def run() -> Sent:
        server = grpc.aio.server()
        calls = {"Call": grpc.unary_unary_rpc_method_handler(handler)}
        server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("bench.Test", calls)])
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        numbered = [str(number).encode() for number in range(requests)]
        try:
            job = Job(f"127.0.0.1:{port}", METHOD, numbered, **more)
            return await asyncio.wait_for(send(job), 60)
        finally:
            await server.stop(0)

    return asyncio.run(run())


def test_so_many_are_under_way_and_no_more() -> None:
    under_way, most = 0, 0
    all_here = asyncio.Event()

    async def handler(data: bytes, _: Any) -> bytes:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        if under_way == 7:  # time for one too many, if there is one
            asyncio.get_running_loop().call_later(0.2, all_here.set)
        await all_here.wait()
        await asyncio.sleep(0)
        under_way -= 1
        return data

    sent = sent_to(handler, 50, in_flight=7, keep_answers=True)
    assert most == 7
    assert sent.answers == [str(number).encode() for number in range(50)]
    assert len(sent.latencies) == 50


def test_at_a_rate_nobody_waits_for_the_answers_before() -> None:
    """The server answers none until all are there: who waited for one would wait for ever."""
    seen = 0
    all_here = asyncio.Event()

    async def handler(data: bytes, _: Any) -> bytes:
        nonlocal seen
        seen += 1
        if seen == 20:
            all_here.set()
        await all_here.wait()
        return data

    sent = sent_to(handler, 20, in_flight=1, rate=1_000.0)
    assert len(sent.latencies) == 20


def test_who_could_not_be_sent_in_time_was_late() -> None:
    """The first answer stops everything for half a second, in which all others are due."""

    async def handler(data: bytes, _: Any) -> bytes:
        if data == b"0":
            time.sleep(0.5)  # noqa: ASYNC251 - nothing shall go on
        return data

    sent = sent_to(handler, 20, rate=200.0)
    assert min(sent.latencies) >= 0.5 - 19 / 200.0


def test_a_failure_is_no_measurement() -> None:
    async def handler(data: bytes, context: Any) -> bytes:
        if data == b"3":
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "too much is waiting")
        return data

    sent = sent_to(handler, 5, in_flight=2)
    with pytest.raises(BenchError, match=r"1 of 5 calls.*RESOURCE_EXHAUSTED: too much is waiting"):
        sent.require_all()


def test_only_this_machine_is_called() -> None:
    with pytest.raises(ValueError, match="not this machine"):
        asyncio.run(send(Job("192.0.2.1:7466", METHOD, [b""])))


@pytest.mark.parametrize(("part", "expected"), [(0.5, 6.0), (0.99, 10.0), (1.0, 10.0)])
def test_the_latency_that_a_part_kept(part: float, expected: float) -> None:
    assert Sent(latencies=[float(n) for n in range(10, 0, -1)]).latency(part) == expected
