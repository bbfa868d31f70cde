"""The load generator: a process of its own, which sends what was signed before the clock runs.

Bytes in, bytes out, over several connections. It knows nothing of what it sends, so it costs both
sides of a comparison the same. It speaks to this machine only.
"""

import asyncio
import gc
import multiprocessing
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection as Pipe

import grpc

from coalition.wire import MAX_ANSWER_BYTES
from gateway.bench.problems import BenchError

CHANNELS = 16
"""Connections: with a few more than workers, the workers get about as many each."""

DEADLINE_SECONDS = 60.0
"""Of one call; longer than any answer should take, and then it is a failure."""

START_SECONDS = 60.0

_OPTIONS = (
    # Or all channels of a process to one target share a connection.
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.max_receive_message_length", MAX_ANSWER_BYTES),
)


@dataclass(frozen=True, slots=True)
class Job:
    """Requests for one method of a server on this machine.

    With a `rate` per second they are sent at their times, whatever became of the ones before,
    and a latency counts from the time at which its request was due. Without one, `in_flight` of
    them are under way at any time.
    """

    target: str
    method: str
    requests: Sequence[bytes]
    in_flight: int = 256
    rate: float | None = None
    keep_answers: bool = False


@dataclass(slots=True)
class Sent:
    """What became of a job: latencies in seconds, and failures by what the server said."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    answers: list[bytes] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds

    def latency(self, part: float) -> float:
        """The latency that this part of the calls kept, such as 0.99."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(part * len(ordered)))]

    def require_all(self) -> "Sent":
        """Itself, if every answer was OK. Raises BenchError."""
        if self.failures:
            message = (
                f"{len(self.failures)} of {len(self.failures) + len(self.latencies)} calls "
                f"failed, so nothing was measured; the first: {self.failures[0]}"
            )
            raise BenchError(message)
        return self


class Sender:
    """A load generator at work in its process."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe

    def send(self, job: Job) -> Sent:
        """Send a job's requests. Raises BenchError where any answer is not OK."""
        self._pipe.send(job)
        try:
            sent: Sent = self._pipe.recv()
        except EOFError:
            message = "the load generator ended by itself; look above for what it said"
            raise BenchError(message) from None
        return sent.require_all()


@contextmanager
def sender() -> Iterator[Sender]:
    """A load generator, for as long as the body runs."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there,), daemon=True, name="load")
    process.start()
    there.close()
    try:
        yield Sender(here)
    finally:
        here.close()
        process.join(START_SECONDS)
        process.kill()


def _serve(pipe: Pipe) -> None:
    """The load generator's process: job by job, until nobody asks any more."""
    while True:
        try:
            job = pipe.recv()
        except EOFError:
            return
        pipe.send(asyncio.run(send(job)))


async def send(job: Job) -> Sent:
    """Send a job's requests and wait for every answer."""
    if not job.target.startswith("127.0.0.1:"):
        message = f"{job.target} is not this machine"
        raise ValueError(message)
    channels = [grpc.aio.insecure_channel(job.target, options=_OPTIONS) for _ in range(CHANNELS)]
    run = _Run(job, [channel.unary_unary(job.method) for channel in channels])
    try:
        await asyncio.gather(*(channel.channel_ready() for channel in channels))
        gc.collect()
        gc.disable()
        began = time.perf_counter()
        await (run.keep_in_flight() if job.rate is None else run.keep_rate(job.rate, began))
        run.sent.seconds = time.perf_counter() - began
    finally:
        gc.enable()
        await asyncio.gather(*(channel.close() for channel in channels))
    run.sent.answers = [run.kept[index] for index in sorted(run.kept)]
    return run.sent


@dataclass
class _Run:
    """A job under way."""

    job: Job
    calls: "list[grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]]"
    sent: Sent = field(default_factory=Sent)
    kept: dict[int, bytes] = field(default_factory=dict)

    async def keep_in_flight(self) -> None:
        """As many under way as asked for, each slot on its own connection."""
        left = iter(enumerate(self.job.requests))

        async def slot(number: int) -> None:
            for index, _ in left:
                await self._call(index, number, time.perf_counter())

        slots = min(self.job.in_flight, len(self.job.requests))
        await asyncio.gather(*(slot(number) for number in range(slots)))

    async def keep_rate(self, rate: float, began: float) -> None:
        """Each at its time; one that is late is sent at once, and its lateness counts."""
        tasks = []
        for index in range(len(self.job.requests)):
            due = began + index / rate
            wait = due - time.perf_counter()
            if wait > 0:
                await asyncio.sleep(wait)
            tasks.append(asyncio.create_task(self._call(index, index, due)))
        await asyncio.gather(*tasks)

    async def _call(self, index: int, connection: int, since: float) -> None:
        call = self.calls[connection % len(self.calls)]
        try:
            answer = await call(self.job.requests[index], timeout=DEADLINE_SECONDS)
        except grpc.aio.AioRpcError as error:
            self.sent.failures.append(f"{error.code().name}: {error.details()}")
            return
        self.sent.latencies.append(time.perf_counter() - since)
        if self.job.keep_answers:
            self.kept[index] = answer
