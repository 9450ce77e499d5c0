"""The network below the door: nothing of the environment, nothing of an earlier call."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from connectors.client import Client, transport

ANSWER = b"HTTP/1.1 200 OK\r\nSet-Cookie: session=of-another-case\r\nContent-Length: 2\r\n\r\n{}"


@asynccontextmanager
async def vendor(heads: list[bytes]) -> AsyncIterator[str]:
    """A server that notes the head of every request, and sets a cookie."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n") if not reader.at_eof() else b"":
            heads.append(head)
            writer.write(ANSWER)

    def forgiving(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> asyncio.Task[None]:
        task = asyncio.ensure_future(serve(reader, writer))
        task.add_done_callback(lambda done: (done.cancelled() or done.exception(), writer.close()))
        return task

    server = await asyncio.start_server(forgiving, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"


async def call(client: Client, path: str) -> int:
    response = await client.send(client.request("GET", path, {"q": "a b&c", "none": None}, None), None)
    await response.aread()
    await response.aclose()
    return response.status_code


async def test_the_environments_proxy_and_credentials_are_not_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login a password b\n")
    for name, value in {"HTTP_PROXY": "http://127.0.0.1:1", "ALL_PROXY": "http://127.0.0.1:1", "NETRC": str(tmp_path / "netrc")}.items():
        monkeypatch.setenv(name, value)
    heads = list[bytes]()
    async with vendor(heads) as base_url, Client(base_url, 5.0, transport()) as client:
        assert 200 == await call(client, "/things")
    assert heads[0].startswith(b"GET /v1/things?q=a+b%26c HTTP/1.1") and b"authorization" not in heads[0].lower()


async def test_a_cookie_of_one_call_does_not_go_with_the_next() -> None:
    heads = list[bytes]()
    async with vendor(heads) as base_url, Client(base_url, 5.0, transport()) as client:
        assert [200, 200] == [await call(client, "/one"), await call(client, "/two")]
    assert 2 == len(heads) and b"cookie" not in heads[1].lower()
