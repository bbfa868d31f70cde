"""The services on the wire: from the bytes of a call to the bytes of its answer."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import grpc
from sqlalchemy import Engine

from coalition.methods import METHODS, Kind, Method
from coalition.v1 import envelope_pb2, feed_pb2
from gateway.authentication import Authenticated, authenticate, submission_of
from gateway.calls import Call
from gateway.checkpointing import Checkpoints
from gateway.directories import DirectoryCache
from gateway.keyring import Keyring
from gateway.preparing import PREPARATIONS
from gateway.translation.answers import REFUSAL_TYPE, Answers, reason_of
from gateway.translation.reads import Reading, read
from gateway.translation.shown import feed_answer
from gateway.writer import Writer
from partners.directory import Directory
from partners.queries import Asker
from partners.refusals import Reason, Refused
from partners.validity import require_alive, require_not_revoked
from settlement.ledger.reading import Shown, feed_page

if TYPE_CHECKING:
    from gateway.waiting import SignedReply

READERS = 8
"""Threads that read; with the writer and a feed or two they fill the pool of connections."""

FEED_PAGE = 200
FEED_POLL_SECONDS = 1.0
"""How long a feed waits before it looks by itself: other processes write as well."""

MAX_FEEDS = 200
"""Feeds that may be followed at once; a coalition has tens of partners."""

LARGE_BYTES = 16 * 1024
"""Larger requests are decoded in a thread: a batch or a definition must not hold up others."""

T = TypeVar("T")
Handler: TypeAlias = "grpc.RpcMethodHandler[bytes, bytes]"


@dataclass
class Service:
    """Answers every method of the contract."""

    engine: Engine
    directories: DirectoryCache
    writer: Writer
    keyring: Keyring
    answers: Answers
    checkpoints: Checkpoints
    clock: Callable[[], datetime]
    _feeds: int = 0
    _draining: bool = False
    _readers: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(READERS, thread_name_prefix="reader"),
    )
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def handlers(self) -> list[grpc.GenericRpcHandler]:
        """One generic handler per service, built from the table of methods."""
        by_service: dict[str, dict[str, Handler]] = {}
        for method in METHODS.values():
            service = method.full_name.split("/")[1]
            by_service.setdefault(service, {})[method.name] = self._handler(method)
        return [
            grpc.method_handlers_generic_handler(service, handlers)
            for service, handlers in by_service.items()
        ]

    def close(self) -> None:
        """End the readers."""
        self._readers.shutdown(wait=True, cancel_futures=True)

    def drain(self) -> None:
        """End the feeds, which would go on for ever. Called on the event loop."""
        self._draining = True
        self.announce()

    def cover(self) -> None:
        """Keep a checkpoint of all that is committed. Raises Refused, and what the driver does."""
        with self.engine.connect() as connection:
            self.checkpoints.covering(connection)

    def announce(self) -> None:
        """Wake the feeds: something was written. Called on the event loop."""
        news, self._news = self._news, asyncio.Event()
        news.set()

    def _handler(self, method: Method) -> Handler:
        if method.streaming:
            return grpc.unary_stream_rpc_method_handler(partial(self._follow, method))
        answer = self._write if method.kind is Kind.WRITE else self._read
        return grpc.unary_unary_rpc_method_handler(partial(self._answer, method, answer))

    async def _answer(
        self,
        method: Method,
        answer: Callable[[Call], Awaitable[bytes]],
        data: bytes,
        context: Any,  # noqa: ANN401 - grpc.aio's context has no public type that fits
    ) -> bytes:
        call = Call(method, data, context)
        try:
            answered = await answer(call)
        except _SignedRefusal as refusal:
            await call.refuse(refusal.refused, refusal.envelope)
        except Refused as refused:
            await call.refuse(refused)
        except Exception as error:  # noqa: BLE001 - gRPC would tell its text, which may quote data
            await call.refuse_without_database(error)
        call.log("OK")
        return answered

    async def _write(self, call: Call) -> bytes:
        request = await self._authenticated(call)
        if len(call.data) < LARGE_BYTES:
            submission = submission_of(request, call.data)
        else:
            submission = await self._in_thread(partial(submission_of, request, call.data))
        prepare = PREPARATIONS.get(type(request.payload))
        if prepare is not None:
            known = self.directories.known
            work = partial(prepare, self.engine, known, request.sender, request.payload)
            await self._in_thread(work)
        answered: asyncio.Future[SignedReply] = asyncio.get_running_loop().create_future()
        self.writer.submit(submission, answered)
        reply = await answered
        if isinstance(reply, Refused):
            raise reply
        if reply.payload_type == REFUSAL_TYPE:
            raise _SignedRefusal(reply)
        return reply.SerializeToString()

    async def _authenticated(self, call: Call) -> Authenticated:
        """The request; where its key is unknown here, another process may have admitted it."""
        now, known = self.clock(), self.directories.known
        check = partial(authenticate, call.data, call.method, now=now)
        try:
            call.request = check(directory=known)
        except Refused as refused:
            if refused.reason is not Reason.UNKNOWN_KEY:
                raise
            call.request = check(directory=await self._looked_up())
        return call.request

    async def _looked_up(self) -> Directory:
        asked_at = time.monotonic()
        await asyncio.sleep(self.directories.pause_seconds)
        look = partial(self.directories.looked_up_since, self.engine, asked_at)
        return await self._in_thread(look)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._readers, work)

    async def _read(self, call: Call) -> bytes:
        request = await self._authenticated(call)
        return await self._in_thread(partial(self._read_now, request))

    def _read_now(self, request: Authenticated) -> bytes:
        with self.engine.begin() as connection:
            directory = self.directories.current(connection)
            require_alive(directory.keys[request.keyid], request)
            reading = Reading(
                connection=connection,
                asker=Asker(request.sender, directory, request.received_at),
                keyring=self.keyring,
                answers=self.answers,
                checkpoints=self.checkpoints,
            )
            return read(request.payload, reading).SerializeToString()

    async def _follow(
        self,
        method: Method,
        data: bytes,
        context: Any,  # noqa: ANN401 - as above
    ) -> AsyncIterator[bytes]:
        """A partner's feed: pages while there are any, then as news come."""
        call = Call(method, data, context)
        if self._feeds >= MAX_FEEDS:
            await call.refuse(_too_many_feeds())
        self._feeds += 1
        try:
            async for record in self._records(call):
                yield record
        except Refused as refused:
            await call.refuse(refused)
        except Exception as error:  # noqa: BLE001 - gRPC would tell its text, which may quote data
            await call.refuse_without_database(error)
        finally:
            self._feeds -= 1
        call.log("OK")

    async def _records(self, call: Call) -> AsyncIterator[bytes]:
        request = await self._authenticated(call)
        if not isinstance(request.payload, feed_pb2.FollowRequest):
            message = f"{call.method.full_name} is not a feed"
            raise TypeError(message)
        after = request.payload.after_number
        first = True
        while not self._draining:
            news = self._news
            page = await self._in_thread(partial(self._page, request, after, first=first))
            first = False
            for number, record in page:
                after = number
                yield record
            if page:
                continue
            if request.payload.stop_at_end:
                return
            await _wait(news)
        raise _going_down()

    def _page(self, request: Authenticated, after: int, *, first: bool) -> list[tuple[int, bytes]]:
        """The next records. A stream outlives its request, but not its key."""
        with self.engine.begin() as connection:
            directory = self.directories.current(connection)
            asker = Asker(request.sender, directory, self.clock())
            _require_may_follow(request, asker, first=first)
            shown = feed_page(
                connection,
                directory.coalition,
                asker.participant,
                after=after,
                limit=FEED_PAGE,
            )
            if shown:
                self.checkpoints.cover(connection, shown[-1].number)
        return [(entry.number, self._record(entry, request.sender)) for entry in shown]

    def _record(self, entry: Shown, reader: str) -> bytes:
        answer = feed_answer(entry, reader, self.answers)
        return self.keyring.seal(answer).SerializeToString()


def _require_may_follow(request: Authenticated, asker: Asker, *, first: bool) -> None:
    key = asker.directory.keys[request.keyid]
    if first:
        require_alive(key, request)
    require_not_revoked(key)
    if not first and not key.active(asker.now):
        raise Refused(
            Reason.KEY_NOT_ACTIVE,
            "the key that opened this feed is no longer active; open it again with another",
            {"keyid": key.keyid},
        )


async def _wait(news: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(news.wait(), FEED_POLL_SECONDS)
    except TimeoutError:
        return


class _SignedRefusal(Exception):
    """A refusal that was stored and signed."""

    def __init__(self, envelope: envelope_pb2.Envelope) -> None:
        super().__init__()
        self.envelope = envelope
        refusal = envelope_pb2.Refusal.FromString(envelope.payload)
        self.refused = Refused(
            reason_of(refusal.reason),
            refusal.message,
            dict(refusal.metadata),
        )


def _going_down() -> Refused:
    return Refused(
        Reason.UNAVAILABLE,
        "the gateway is going down; follow the feed from the last number on when it is back",
    )


def _too_many_feeds() -> Refused:
    return Refused(
        Reason.OVERLOADED,
        f"{MAX_FEEDS} feeds are open; close one, or try again later",
    )
