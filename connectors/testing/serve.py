"""A simulator as an HTTP server on loopback: for the demo, the compose profile and live tests."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from aiohttp import web

from connectors.testing.simulator import Simulator


@asynccontextmanager
async def serving(simulator: Simulator, port: int = 0, host: str = "127.0.0.1") -> AsyncIterator[str]:
    """Serve until left; yields the `base_url` that a connector is configured with."""

    async def answer(request: web.Request) -> web.StreamResponse:
        url = httpx.URL(str(request.url)).copy_with(raw_path=request.raw_path.encode())
        call = httpx.Request(request.method, url, headers=list(request.headers.items()), content=await request.read())
        try:
            response = simulator.handle(call)
        except httpx.ReadError:
            if request.transport is not None:
                request.transport.close()
            raise asyncio.CancelledError from None
        headers = {name: value for name, value in response.headers.items() if name.lower() not in ("content-length", "transfer-encoding")}
        return web.Response(status=response.status_code, body=response.content, headers=headers)

    app = web.Application(client_max_size=16 * 1024**2)
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, handle_signals=False)
    await runner.setup()
    site = web.TCPSite(runner, host, port)
    await site.start()
    try:
        bound = runner.addresses[0][1]
        yield f"http://{host}:{bound}{simulator.base_path}"
    finally:
        await runner.cleanup()
