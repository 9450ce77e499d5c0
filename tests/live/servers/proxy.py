"""A TCP proxy on loopback that stalls, delays or cuts what passes: a broker or database that is slow or out of reach."""

import asyncio
import threading
from contextlib import suppress
from typing import Self

_CHUNK = 64 * 1024


class Proxy:
    """Passes bytes on to `target` until told otherwise; works in a thread of its own, so a test may block. Use as a context manager."""

    def __init__(self, port: int, target: int) -> None:
        self.port, self._target = port, target
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._flowing = asyncio.Event()
        self._delay, self._refusing = 0.0, False

    def __enter__(self) -> Self:
        self._thread.start()
        self._flowing.set()
        self._server = asyncio.run_coroutine_threadsafe(asyncio.start_server(self._serve, "127.0.0.1", self.port), self._loop).result(10)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def cut(self) -> None:
        """Drop every connection, and every new one at once."""
        self._loop.call_soon_threadsafe(self._cut)

    def stall(self) -> None:
        """Accept and keep connections, and pass nothing on: the other side is there and silent."""
        self._loop.call_soon_threadsafe(self._flowing.clear)

    def delay(self, seconds: float) -> None:
        """Hold every piece back for so long, in both directions."""
        self._loop.call_soon_threadsafe(setattr, self, "_delay", seconds)

    def restore(self) -> None:
        """All is well again; what was held back by a stall is passed on."""
        self._loop.call_soon_threadsafe(self._restore)

    def _cut(self) -> None:
        self._refusing = True
        for writer in self._open:
            writer.transport.abort()

    def _restore(self) -> None:
        self._refusing, self._delay = False, 0.0
        self._flowing.set()

    async def _end(self) -> None:
        self._cut()
        self._restore()
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._open.add(writer)
        with suppress(OSError, asyncio.CancelledError):
            if not self._refusing:
                await self._connect(reader, writer)
        writer.transport.abort()
        self._open.discard(writer)
        self._tasks.discard(task)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, onward = await asyncio.open_connection("127.0.0.1", self._target)
        self._open.add(onward)
        both = [asyncio.create_task(self._pass(reader, onward)), asyncio.create_task(self._pass(there, writer))]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)
            onward.transport.abort()
            self._open.discard(onward)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(_CHUNK):
            await asyncio.sleep(self._delay)
            await self._flowing.wait()
            writer.write(data)
            await writer.drain()
