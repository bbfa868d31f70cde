"""A Unix socket between gateway and PostgreSQL that cuts a connection at a byte of a commit."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

COMMIT = b"Q\x00\x00\x00\x0bCOMMIT\x00"
"""A simple query, as the driver sends it (PostgreSQL's message formats, "Query")."""

ANSWER_BYTES = 18
"""CommandComplete with its tag COMMIT (12 bytes), and ReadyForQuery (6)."""

REMEMBERING = b"application/vnd.coalition.v1."
"""Goes to the database with every answer that is remembered, in whichever form: statements are
prepared, so their words need not."""

CHUNK_BYTES = 1 << 16


@dataclass
class Cutter:
    """Where to cut next: a commit of what was written, before it is sent or in its answer.

    `at` is how many bytes of the answer still come through; -1: the commit itself does not.
    """

    at: int | None = None
    cuts: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self) -> int | None:
        """Where to cut this commit, if it is to be cut; the next one comes through."""
        with self._lock:
            at, self.at = self.at, None
            self.cuts += at is not None
            return at


@dataclass
class _Connection:
    cutter: Cutter
    server: Path
    wrote: bool = False
    left: int | None = None
    """Bytes of the commit's answer that still come through."""

    async def run(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_unix_connection(str(self.server))
        ways = [self._forth(reader, to_server), self._back(from_server, writer)]
        tasks = [asyncio.create_task(way) for way in ways]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            for end in (writer, to_server):
                end.transport.abort()

    async def _forth(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(CHUNK_BYTES):
                self.wrote = self.wrote or REMEMBERING in data
                if data.endswith(COMMIT) and self.wrote:
                    self.wrote = False
                    self.left = self.cutter.take()
                    if self.left == -1:
                        return
                writer.write(data)
                await writer.drain()

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(CHUNK_BYTES):
                if self.left is not None:
                    writer.write(data[: self.left])
                    await writer.drain()
                    return
                writer.write(data)
                await writer.drain()


@contextmanager
def proxied(server: Path, front: Path) -> Iterator[Cutter]:
    """Listen on `front`, a socket's path, and pass everything on to the socket `server`."""
    cutter, loop = Cutter(), asyncio.new_event_loop()
    ready, stop = threading.Event(), asyncio.Event()

    async def body() -> None:
        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with suppress(OSError, asyncio.CancelledError):
                await _Connection(cutter, server).run(reader, writer)

        listening = await asyncio.start_unix_server(accept, str(front))
        ready.set()
        await stop.wait()
        listening.close()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await listening.wait_closed()

    thread = threading.Thread(target=loop.run_until_complete, args=(body(),), name="proxy")
    thread.start()
    ready.wait()
    try:
        yield cutter
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.run_until_complete(asyncio.sleep(0))  # what was aborted is closed in another turn
        loop.close()
