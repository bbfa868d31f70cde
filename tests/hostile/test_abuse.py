"""Whatever is done to the port, a partner's calls are answered, and memory stays bounded."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import grpc
import pytest

from coalition.v1 import accrual_pb2, members_pb2
from gateway.server import Listen
from hostile.abuses import ABUSES, under
from hostile.apart import Apart, gateway_apart
from hostile.h2frames import Peer
from hostile.world import World, hostile_world
from support.certificates import certificate_in
from support.coalition_day import membership, serving, stay
from support.raw_calls import OK, Forge, Wire

MOST_GROWTH_BYTES = 150 * 1024 * 1024
"""By all of it together. A peer that is not held back takes it within the first of them."""


@pytest.fixture(scope="module")
def world(module_database_url: str) -> Iterator[World]:
    with hostile_world(module_database_url) as world:
        yield world


@pytest.fixture(scope="module")
def apart(world: World) -> Iterator[Apart]:
    url = world.day.engine.url.render_as_string(hide_password=False)
    with gateway_apart(url) as apart:
        yield apart


@pytest.fixture(scope="module")
def wire(world: World, apart: Apart) -> Iterator[Wire]:
    """Another partner's connection, which was there before."""
    options = [("grpc.enable_http_proxy", 0)]
    with grpc.insecure_channel(apart.target, options=options) as channel:
        yield Wire(world.day, channel)


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


def test_handshakes_that_are_never_ended(world: World, tmp_path: Path) -> None:
    """TLS: many begin to say hello, and another partner's is answered."""
    certificate, key = certificate_in(tmp_path)
    listen = Listen("127.0.0.1:0", certificate, key)
    hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(40)
    with serving(world.day.engine, world.day.clock, listen=listen) as target, ExitStack() as stack:
        for began in [hello] * 100 + [hello[:3]] * 50 + [b"PRI * HTTP/2.0"] * 10:
            stack.enter_context(Peer(target, hello=False)).send(began)
        trusted = grpc.ssl_channel_credentials(certificate.read_bytes())
        with grpc.secure_channel(target, trusted) as channel:
            found = calls(Wire(world.day, channel), "by TLS")

    assert found == [OK, OK]
