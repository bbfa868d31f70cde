"""Whatever is done to the port, a partner's calls are answered, and memory stays bounded."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path

import grpc
import pytest

from coalition.v1 import accrual_pb2, members_pb2
from gateway.server import Listen
from hostile.abuses import ABUSES, under
from hostile.apart import Apart, gateway_apart
from hostile.h2frames import Peer
from hostile.world import require_sound
from support.certificates import certificate_in
from support.coalition_day import Day, coalition_day, membership, serving, stay
from support.raw_calls import OK, Forge, Wire

MOST_GROWTH_BYTES = 150 * 1024 * 1024
"""By all of it together. A peer that is not held back takes it within the first of them."""


@pytest.fixture(scope="module")
def day(module_database_url: str) -> Iterator[Day]:
    with coalition_day(module_database_url) as day:
        day.settled_world()
        yield day
        require_sound(day)


@pytest.fixture(scope="module")
def apart(day: Day) -> Iterator[Apart]:
    with gateway_apart(day.engine.url.render_as_string(hide_password=False)) as apart:
        yield apart


@pytest.fixture(scope="module")
def wire(day: Day, apart: Apart) -> Iterator[Wire]:
    """Another partner's connection, which was there before."""
    options = [("grpc.enable_http_proxy", 0)]
    with grpc.insecure_channel(apart.target, options=options) as channel:
        yield Wire(day, channel)


BURST = 2_500
"""Calls at once. gRPC's own limit is somewhere between one and three thousand."""

TRIES = 50
PAUSE_SECONDS = 0.2


def answered(wire: Wire, forge: Forge) -> str:
    """As clients do: what is refused because of too much going on is sent again."""
    for _ in range(TRIES):
        verdict = wire.send(forge)
        if verdict.code is not grpc.StatusCode.RESOURCE_EXHAUSTED:
            break
        time.sleep(PAUSE_SECONDS)
    return verdict.reason or f"{verdict.code}: {verdict.message}"


def calls(wire: Wire, name: str) -> list[str]:
    """A read and a write."""
    look_up = members_pb2.LookUpRequest(membership=membership("hotel", "H1"))
    accrual = accrual_pb2.AccrueRequest(accrual=stay("H1", name))
    write = wire.forge("Accrual.Accrue", accrual).but(request_id=name.replace(" ", "-"))
    return [answered(wire, wire.forge("Members.LookUp", look_up)), answered(wire, write)]


def test_others_are_answered_meanwhile(wire: Wire, apart: Apart) -> None:
    assert calls(wire, "before") == [OK, OK]
    at_rest = apart.peak_bytes
    grown = {}
    for abuse in ABUSES:
        with under(abuse, apart.target, wire):
            assert calls(wire, abuse) == [OK, OK], abuse
            with grpc.insecure_channel(apart.target) as channel:
                assert calls(Wire(wire.day, channel), f"{abuse} again") == [OK, OK], abuse
            grown[abuse] = (apart.peak_bytes - at_rest) // 1024 // 1024

    assert apart.alive
    assert apart.peak_bytes - at_rest < MOST_GROWTH_BYTES, grown


def test_handshakes_that_are_never_ended(day: Day, tmp_path: Path) -> None:
    """TLS: many begin to say hello, and another partner's is answered."""
    certificate, key = certificate_in(tmp_path)
    listen = Listen("127.0.0.1:0", certificate, key)
    hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(40)
    with serving(day.engine, day.clock, listen=listen) as target, ExitStack() as stack:
        for began in [hello] * 100 + [hello[:3]] * 50 + [b"PRI * HTTP/2.0"] * 10:
            stack.enter_context(Peer(target, hello=False)).send(began)
        trusted = grpc.ssl_channel_credentials(certificate.read_bytes())
        with grpc.secure_channel(target, trusted) as channel:
            found = calls(Wire(day, channel), "by TLS")

    assert found == [OK, OK]


def test_a_burst_is_answered_whole(day: Day, apart: Apart) -> None:
    """More at once than gRPC by itself keeps waiting before it drops some."""
    with ExitStack() as stack:
        # Each connection has its own: by default equal channels share one.
        options = [("grpc.use_local_subchannel_pool", 1)]
        wires = [
            Wire(day, stack.enter_context(grpc.insecure_channel(apart.target, options=options)))
            for _ in range(BURST // 900 + 1)
        ]
        request = members_pb2.LookUpRequest(membership=membership("hotel", "H1"))
        data = wires[0].forge("Members.LookUp", request).data()
        calls = [
            wire.channel.unary_unary("/coalition.v1.Members/LookUp").future(data, timeout=60)
            for wire, _ in zip(cycle(wires), range(BURST), strict=False)
        ]
        codes = Counter(call.code() for call in calls)

    assert codes == {grpc.StatusCode.OK: BURST}
