"""The reference of a unary accrual: the same signed answer, with no ledger behind it.

The same gRPC server with the same options and as many processes: it verifies the envelope, checks
the header as the gateway does, and answers with a signed receipt of the same size. It writes no
log, neither the ledger's nor a line for each call.
"""

import asyncio
import multiprocessing
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc

from coalition.methods import METHODS, Kind, Method
from gateway.authentication import authenticate
from gateway.bench.problems import BenchError
from gateway.database import connect_engine
from gateway.home import Home
from gateway.keyring import Keyring
from gateway.server import MAX_CONCURRENT_CALLS, OPTIONS
from gateway.translation.answers import RECEIPT_TYPE
from partners.directory import Directory
from partners.directory_store import load_directory
from partners.requests import Answer
from settlement.ledger.book import load_coalition

if TYPE_CHECKING:
    from gateway.service import Handler

START_SECONDS = 60.0

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class SignedAnswers:
    """What the reference knows: keys, who may sign, and how long a receipt is."""

    keyring: Keyring
    directory: Directory
    payload_bytes: int

    def handlers(self) -> grpc.GenericRpcHandler:
        """Every write of the Accrual service."""
        writes: dict[str, Handler] = {
            method.name: grpc.unary_unary_rpc_method_handler(partial(self._answer, method))
            for method in METHODS.values()
            if method.service == "Accrual" and method.kind is Kind.WRITE
        }
        return grpc.method_handlers_generic_handler("coalition.v1.Accrual", writes)

    async def _answer(self, method: Method, data: bytes, context: Any) -> bytes:  # noqa: ANN401
        del context  # what is not signed as it should be raises: the call fails
        request = authenticate(data, method, self.directory, datetime.now(UTC))
        payload = request.sha256 + bytes(self.payload_bytes - len(request.sha256))
        answer = Answer(RECEIPT_TYPE, payload, self.keyring.current)
        return self.keyring.seal(answer).SerializeToString()


@contextmanager
def signed_answers(
    url: str, home: Home, passphrase: bytes, *, payload_bytes: int, workers: int
) -> Iterator[str]:
    """The reference, in so many processes on one port; yields its target. Raises BenchError."""
    context = multiprocessing.get_context("spawn")
    with ExitStack() as stack:
        port = stack.enter_context(_reserved_port())
        started = []
        for _ in range(workers):
            here, there = context.Pipe(duplex=False)
            args = (url, home.path, passphrase, payload_bytes, port, there)
            process = context.Process(target=_serve, args=args, daemon=True, name="reference")
            process.start()
            stack.callback(process.join, START_SECONDS)
            stack.callback(process.terminate)
            there.close()
            started.append(here)
        for pipe in started:
            _await(pipe)
        yield f"{HOST}:{port}"


def _await(pipe: Pipe) -> None:
    try:
        if pipe.poll(START_SECONDS):
            pipe.recv()
            return
    except EOFError:
        pass
    message = "the reference server did not start; look above for what it said"
    raise BenchError(message)


@contextmanager
def _reserved_port() -> Iterator[int]:
    """A free port, kept for those who share it by SO_REUSEPORT: we are bound, but not listening."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.bind((HOST, 0))
        yield bound.getsockname()[1]


def _serve(
    url: str, home: Path, passphrase: bytes, payload_bytes: int, port: int, pipe: Pipe
) -> None:
    """A process of the reference."""
    engine = connect_engine(url)
    with engine.connect() as connection:
        coalition = load_coalition(connection)
        if coalition is None:
            message = "the database holds no coalition"
            raise BenchError(message)
        directory = load_directory(connection, coalition)
    engine.dispose()
    known = SignedAnswers(Home(home).keyring(passphrase), directory, payload_bytes)
    asyncio.run(_run(known, port, pipe))


async def _run(known: SignedAnswers, port: int, pipe: Pipe) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    options = [option for option in OPTIONS if option[0] != "grpc.so_reuseport"]
    server = grpc.aio.server(
        options=[*options, ("grpc.so_reuseport", 1)], maximum_concurrent_rpcs=MAX_CONCURRENT_CALLS
    )
    server.add_generic_rpc_handlers([known.handlers()])
    server.add_insecure_port(f"{HOST}:{port}")
    await server.start()
    pipe.send(port)
    await stop.wait()
    await server.stop(0)
