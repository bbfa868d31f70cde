"""The reference of a unary accrual: the same signed answer, with no ledger behind it.

The same service on the same gRPC server with the same options and as many processes: it verifies
the envelope, checks the header, reads the command and notes the call as the gateway does, and
answers with a signed receipt of the same size. Only the writer is another: it writes nothing.
"""

import asyncio
import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import TYPE_CHECKING, cast

import grpc
from sqlalchemy import Engine

from gateway import logs
from gateway.bench.operating import HOST, Serving
from gateway.bench.problems import BenchError
from gateway.checkpointing import Checkpoints
from gateway.database import connect_engine
from gateway.directories import DirectoryCache
from gateway.home import Home
from gateway.keyring import Keyring
from gateway.server import OPTIONS
from gateway.service import Service
from gateway.translation.answers import RECEIPT_TYPE, Answers
from gateway.waiting import Answered
from gateway.workers import SWITCH_SECONDS, reserved
from partners.requests import Answer, Submission
from settlement.ledger.book import load_coalition

if TYPE_CHECKING:
    from gateway.writer import Writer

START_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class NoLedger:
    """In the writer's place: signs an answer of a size at once."""

    keyring: Keyring
    payload_bytes: int

    def submit(self, submission: Submission, answered: Answered) -> None:
        """Answer as the writer would that has nothing to write."""
        sha256 = submission.head.sha256
        payload = sha256 + bytes(self.payload_bytes - len(sha256))
        answered.set_result(self.keyring.seal(Answer(RECEIPT_TYPE, payload, self.keyring.current)))


def _service(engine: Engine, keyring: Keyring, payload_bytes: int) -> Service:
    with engine.connect() as connection:
        coalition = load_coalition(connection)
        if coalition is None:
            message = "the database holds no coalition"
            raise BenchError(message)
        directories = DirectoryCache(connection, coalition)
    return Service(
        engine=engine,
        directories=directories,
        writer=cast("Writer", NoLedger(keyring, payload_bytes)),
        keyring=keyring,
        answers=Answers(coalition.coalition_id, keyring.current),
        checkpoints=Checkpoints(coalition.coalition_id, keyring, None),
        clock=partial(datetime.now, UTC),
    )


@contextmanager
def signed_answers(
    url: str, home: Home, passphrase: bytes, *, payload_bytes: int, workers: int
) -> Iterator[Serving]:
    """The reference, in so many processes on one port. Raises BenchError."""
    context = multiprocessing.get_context("spawn")
    with ExitStack() as stack:
        address = stack.enter_context(reserved(f"{HOST}:0"))
        started, pids = [], []
        for _ in range(workers):
            here, there = context.Pipe(duplex=False)
            args = (url, home.path, passphrase, payload_bytes, address, there)
            process = context.Process(target=_serve, args=args, daemon=True, name="reference")
            process.start()
            stack.callback(process.join, START_SECONDS)
            stack.callback(process.terminate)
            there.close()
            started.append(here)
            pids.append(process.pid or 0)
        for pipe in started:
            _await(pipe)
        yield Serving(address, tuple(pids))


def _await(pipe: Pipe) -> None:
    try:
        if pipe.poll(START_SECONDS):
            pipe.recv()
            return
    except EOFError:
        pass
    message = "the reference server did not start; look above for what it said"
    raise BenchError(message)


def _serve(
    url: str, home: Path, passphrase: bytes, payload_bytes: int, address: str, pipe: Pipe
) -> None:
    """A process of the reference. Its log goes where nobody reads it, as that of the gateway."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stderr(nowhere):
        logs.configure()
        sys.setswitchinterval(SWITCH_SECONDS)
        engine = connect_engine(url)
        service = _service(engine, Home(home).keyring(passphrase), payload_bytes)
        asyncio.run(_run(service, address, pipe))
        engine.dispose()


async def _run(service: Service, address: str, pipe: Pipe) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    server = grpc.aio.server(options=(*OPTIONS, ("grpc.so_reuseport", 1)))
    server.add_generic_rpc_handlers(service.handlers())
    port = server.add_insecure_port(address)
    await server.start()
    pipe.send(port)
    await stop.wait()
    await server.stop(0)
