"""The pages as a process serves them: by uvicorn, until told to stop."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from socket import socket

import uvicorn
from fastapi import FastAPI


class CannotListen(Exception):
    """The port is taken, or the host is none of this machine; the text says so."""


class _Server(uvicorn.Server):
    """Signals are the process's own; what is ready is told."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()


async def serve(site: FastAPI, host: str, port: int, stop: asyncio.Event, on_ready: Callable[[], None]) -> None:
    """Until `stop` is set. No access log: an address may hold the token of a link.

    Raises:
        CannotListen: nothing was served.
    """
    config = uvicorn.Config(site, host, port, log_config=None, access_log=False, server_header=False, proxy_headers=False, lifespan="off")
    server = _Server(config, on_ready)
    serving = asyncio.create_task(server.serve())
    told = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({serving, told}, return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = server.force_exit = True  # a stream of progress never ends by itself
        await serving
    except SystemExit:
        raise CannotListen(f"The pages cannot listen at {host} port {port}. Look at [web] host and port.") from None
    finally:
        told.cancel()
