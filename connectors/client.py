"""One vendor's account on the network: its base URL, time-outs and transport, and how a call is signed in.

In place of `httpx.AsyncClient`, which also keeps cookies, prepares redirects and merges URLs for every call: a fifth of a
worker's time, for what no call here may use.
"""

from collections.abc import Mapping
from typing import Any, Self

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from connectors.errors import Misread

LARGEST_BODY_BYTES = 16 * 1024 * 1024
_CONNECT_SECONDS = 10.0
_OF_THE_BODY = frozenset({"content-encoding", "content-length", "transfer-encoding"})
_HEADERS = {"Accept": "*/*", "Accept-Encoding": "gzip, deflate", "User-Agent": "gdpr-erasure-orchestrator"}


def transport() -> AiohttpTransport:
    """HTTP/1.1 by aiohttp. No cookies, for one case must not meet another's; no proxy or credential of the environment."""
    return AiohttpTransport(client=_session)


def _session() -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(ssl=httpx.create_ssl_context())
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False)


class Client:
    """Requests below one base URL, over one transport."""

    def __init__(self, base_url: str, timeout: float, transport: httpx.AsyncBaseTransport) -> None:
        """`timeout`: seconds that connecting, writing and each read may take."""
        self._base_url = base_url.rstrip("/")
        self._extensions = {"timeout": httpx.Timeout(timeout, connect=min(_CONNECT_SECONDS, timeout)).as_dict()}
        self._transport = transport

    async def __aenter__(self) -> Self:
        await self._transport.__aenter__()
        return self

    async def __aexit__(self, *error: Any) -> None:
        await self._transport.__aexit__(*error)

    def request(self, method: str, path: str, query: Mapping[str, Any] | None, json: Any) -> httpx.Request:
        """`path` starts with `/` and is escaped; parts of `query` that are None are left out."""
        given = {name: value for name, value in (query or {}).items() if value is not None}
        url = f"{self._base_url}{path}?{httpx.QueryParams(given)}" if given else f"{self._base_url}{path}"
        return httpx.Request(method, url, json=json, headers=_HEADERS, extensions=self._extensions)

    async def send(self, request: httpx.Request, auth: httpx.Auth | None) -> httpx.Response:
        """The answer, its body not yet read. Close it. What a sign-in is answered with is read within the same limit.

        Raises:
            httpx.TransportError: there is none.
            Misread: the answer to a sign-in is over the limit.
        """
        if auth is None:
            return await self._once(request)
        flow = auth.async_auth_flow(request)
        try:
            signed = await anext(flow)
            while True:
                response = await self._once(signed)
                if signed is not request:
                    response = await _whole(response)
                try:
                    signed = await flow.asend(response)
                except StopAsyncIteration:
                    return response
                except BaseException:
                    await response.aclose()
                    raise
                await body_of(response, "a call that is to be signed in anew")  # read, so that the line can be used again
        finally:
            await flow.aclose()

    async def _once(self, request: httpx.Request) -> httpx.Response:
        response = await self._transport.handle_async_request(request)
        response.request = request
        return response


async def body_of(response: httpx.Response, call: str) -> bytes:
    """The whole body, unfolded; the answer is closed.

    Raises:
        Misread: it is over the limit.
    """
    body = bytearray()
    try:
        chunks = response.aiter_bytes() if "content-encoding" in response.headers else response.stream  # most are sent as they are
        async for chunk in chunks:  # type: ignore[union-attr]
            body += chunk
            if len(body) > LARGEST_BODY_BYTES:
                raise Misread(f"The answer to {call} is over {LARGEST_BODY_BYTES // 1024**2} MB.")
    finally:
        await response.aclose()
    return bytes(body)


async def _whole(response: httpx.Response) -> httpx.Response:
    """The same answer, its body read."""
    body = await body_of(response, "the sign-in")
    headers = {name: value for name, value in response.headers.items() if name not in _OF_THE_BODY}
    return httpx.Response(response.status_code, headers=headers, content=body, request=response.request)
