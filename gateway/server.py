"""The server: composition root, limits, TLS, health, reflection, and a graceful end."""

import asyncio
import contextlib
import gc
import ipaddress
import signal
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import grpc
import structlog
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from sqlalchemy import Engine

from coalition.methods import METHODS
from coalition.signing import public_bytes
from gateway.authentication import MAX_ENVELOPE_BYTES
from gateway.checkpointing import Checkpoints, KeptCheckpoint
from gateway.directories import DirectoryCache
from gateway.keyring import Keyring
from gateway.logs import in_short
from gateway.service import MAX_CALLS, Service
from gateway.timekeeping import Timekeeper
from gateway.translation.answers import Answers
from gateway.writer import Delivery, Writer, deliver_here
from partners.directory import GATEWAY, Directory
from settlement.ledger.book import load_coalition
from settlement.ledger.entries import Coalition

MESSAGE_SLACK_BYTES = 64 * 1024
"""Above our own limit gRPC cuts a message off without a reason; a little over it, we say why."""

MAX_STREAMS_PER_CONNECTION = 1_024

MAX_CONNECTIONS = 1_024
"""A coalition has tens of partners with some connections each. Calls that were opened and say
nothing count as none of the calls in progress and keep nobody out; this bounds their memory."""

DRAIN_SECONDS = 20
"""How long calls in progress may take after SIGTERM: the longest unary deadline in use."""

COVER_SECONDS = 1.0
"""How often entries are covered by a checkpoint that nobody was told of yet: those of a
settlement run, and of what ends by itself."""

OPTIONS = (
    ("grpc.max_receive_message_length", MAX_ENVELOPE_BYTES + MESSAGE_SLACK_BYTES),
    ("grpc.max_send_message_length", 64 * 1024 * 1024),
    ("grpc.max_concurrent_streams", MAX_STREAMS_PER_CONNECTION),
    ("grpc.max_allowed_incoming_connections", MAX_CONNECTIONS),
    ("grpc.max_metadata_size", 16 * 1024),
    # By default gRPC drops calls as CANCELLED, at random, once a thousand were not picked up yet:
    # a burst. All that may be in progress can come at once, and what is more is told so.
    ("grpc.server.max_pending_requests", 4 * MAX_CALLS),
    ("grpc.server.max_pending_requests_hard_limit", 4 * MAX_CALLS),
    # A dead peer is noticed in 40 seconds; one that pings more often than that is cut off.
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    # A connection that nothing is done on for a quarter of an hour is given back.
    ("grpc.max_connection_idle_ms", 900_000),
)

_log = structlog.get_logger(__name__)


class ServerError(Exception):
    """The server cannot start; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Listen:
    """Where to listen: plain on loopback, or TLS with certificate and key (PEM files).

    A `shared` port is one that other workers listen on as well.
    """

    address: str
    certificate: Path | None = None
    private_key: Path | None = None
    shared: bool = False


@dataclass
class Gateway:
    """A gateway on one database, from start to stop.

    `checkpoint_file` keeps the newest checkpoint outside the database; without one a database
    that went back is not noticed.
    """

    engine: Engine
    keyring: Keyring
    clock: Callable[[], datetime]
    listen: Listen
    checkpoint_file: Path | None = None

    async def serve(self, ready: Callable[[int], None], stop: asyncio.Event) -> None:
        """Serve until `stop` is set, then drain. `ready` is told the port."""
        service = self._service()
        loop = asyncio.get_running_loop()

        def on_commit() -> None:
            loop.call_soon_threadsafe(service.announce)

        def deliver(deliveries: Sequence[Delivery]) -> None:
            loop.call_soon_threadsafe(deliver_here, deliveries)

        service.writer.on_commit = on_commit
        service.writer.deliver = deliver
        service.writer.start()
        timekeeper = Timekeeper(self.engine, service.directories.coalition, self.clock, on_commit)
        timekeeper.start()
        server = grpc.aio.server(
            options=(*OPTIONS, ("grpc.so_reuseport", int(self.listen.shared))),
        )
        server.add_generic_rpc_handlers(service.handlers())
        healthy = _add_furniture(server)
        port = _bind(server, self.listen)
        await server.start()
        covering = asyncio.create_task(_cover(service, stop))
        await healthy(health_pb2.HealthCheckResponse.SERVING)
        _log.info("serving", address=self.listen.address, port=port)
        ready(port)
        await stop.wait()
        _log.info("draining", seconds=DRAIN_SECONDS)
        await healthy(health_pb2.HealthCheckResponse.NOT_SERVING)
        service.drain()
        await server.stop(DRAIN_SECONDS)
        await covering
        await asyncio.to_thread(timekeeper.stop)
        await asyncio.to_thread(service.writer.stop)
        await asyncio.to_thread(service.close)
        _log.info("stopped")

    def _service(self) -> Service:
        with self.engine.connect() as connection:
            coalition = load_coalition(connection)
            if coalition is None:
                message = "the database holds no coalition; make one with `coalition init`"
                raise ServerError(message)
            directories = DirectoryCache(connection, coalition)
            if self.keyring.current not in directories.known.keys:
                message = "the gateway's key is not one of this coalition; check the data directory"
                raise ServerError(message)
            checkpoints = self._checkpoints(coalition, directories.known)
            checkpoints.begin(connection)
        checkpoints.guard(self.engine)
        answers = Answers(coalition.coalition_id, self.keyring.current)
        writer = Writer(
            engine=self.engine,
            answers=answers,
            clock=self.clock,
            directories=directories,
            keyring=self.keyring,
            checkpoints=checkpoints,
            on_commit=lambda: None,
        )
        return Service(
            engine=self.engine,
            directories=directories,
            writer=writer,
            keyring=self.keyring,
            answers=answers,
            checkpoints=checkpoints,
            clock=self.clock,
        )

    def _checkpoints(self, coalition: Coalition, directory: Directory) -> Checkpoints:
        """What was kept may be signed by any key that the gateway ever had."""
        own = {keyid: public_bytes(key) for keyid, key in self.keyring.keys.items()}
        registered = {
            key.keyid: key.public for key in directory.keys.values() if key.owner == GATEWAY
        }
        file = None
        if self.checkpoint_file is not None:
            known = registered | own
            file = KeptCheckpoint(self.checkpoint_file, coalition.coalition_id, known)
        return Checkpoints(coalition.coalition_id, self.keyring, file)


async def _cover(service: Service, stop: asyncio.Event) -> None:
    """Keep checkpoints of what this process did not write. A failure is tried again."""
    while not stop.is_set():
        try:
            await asyncio.to_thread(service.cover)
        except Exception as error:  # noqa: BLE001 - whatever it was, the next look may succeed
            _log.warning("entries could not be covered", error=in_short(error))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), COVER_SECONDS)


def _add_furniture(
    server: grpc.aio.Server,
) -> Callable[[int], Awaitable[None]]:
    """Health and reflection; returns how to say how we are."""
    names = {method.full_name.split("/")[1] for method in METHODS.values()}
    servicer = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    shown = (*sorted(names), health.SERVICE_NAME, reflection.SERVICE_NAME)
    reflection.enable_server_reflection(shown, server)

    async def say(status: int) -> None:
        for name in ("", *names):
            await servicer.set(name, status)

    return say


def _bind(server: grpc.aio.Server, listen: Listen) -> int:
    try:
        if listen.certificate is None or listen.private_key is None:
            _require_loopback(listen)
            return server.add_insecure_port(listen.address)
        credentials = grpc.ssl_server_credentials(
            [(listen.private_key.read_bytes(), listen.certificate.read_bytes())],
        )
        return server.add_secure_port(listen.address, credentials)
    except RuntimeError as error:
        message = f"cannot listen on {listen.address}: is another gateway there? ({error})"
        raise ServerError(message) from error
    except OSError as error:
        message = f"cannot read {error.filename}: {error.strerror}"
        raise ServerError(message) from error


def _require_loopback(listen: Listen) -> None:
    """Without TLS nobody but this machine may call."""
    if (listen.certificate is None) != (listen.private_key is None):
        message = "TLS needs both --tls-certificate and --tls-key"
        raise ServerError(message)
    host = listen.address.rpartition(":")[0].strip("[]")
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        message = (
            f"{listen.address} is not on loopback, and plain text is served there only; "
            "give --tls-certificate and --tls-key"
        )
        raise ServerError(message)


def run(gateway: Gateway, ready: Callable[[int], None]) -> None:
    """Serve until SIGTERM or SIGINT."""

    async def main() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        await gateway.serve(begun, stop)

    def begun(port: int) -> None:
        _keep_from_collection()
        ready(port)

    asyncio.run(main())


def _keep_from_collection() -> None:
    """What is there once a gateway serves stays: modules, the directory, statements.

    A full collection that looks at all of it again stops every thread for a tenth of a second.
    """
    gc.collect()
    gc.freeze()
