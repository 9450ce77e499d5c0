"""The door on real sockets: slow, cut, endless and misleading answers, which no mock transport can give."""

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import pytest

from connectors.client import LARGEST_BODY_BYTES, Client, transport
from connectors.contract import Shape
from connectors.errors import Misread, Transient, VendorError
from connectors.evidence import Evidence
from connectors.http import HttpDoor, Limits, Vendor
from connectors.pace import Pace
from topics.model import utc_now
from topics.sealing import Key

Talk = Callable[[asyncio.StreamWriter], Awaitable[None]]
SHORT = 0.3
BOUND = 20.0
"""However slow the machine is: a door that hangs is seen here."""


class Thing(Shape):
    id: str


@asynccontextmanager
async def vendor(talk: Talk) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server that reads a call's head and then says what `talk` says. Gives its address and the calls."""
    calls: list[bytes] = []
    lines: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        lines.add(task)  # type: ignore[arg-type]
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                calls.append(await reader.readuntil(b"\r\n\r\n"))
                await talk(writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", calls
    finally:
        server.close()
        for line in lines:
            line.cancel()
        await asyncio.gather(*lines, return_exceptions=True)
        await server.wait_closed()


@asynccontextmanager
async def door(base_url: str, timeout: float = SHORT, patience: timedelta = timedelta(0)) -> AsyncIterator[HttpDoor]:
    async with Client(base_url, timeout, transport()) as client:
        pace = Pace(1_000_000, utc_now, asyncio.sleep)
        account = Vendor("toy", client, None, pace, Limits(timeout, patience), utc_now, asyncio.sleep)
        async with asyncio.timeout(BOUND):
            yield HttpDoor(account, Evidence(Key("case/1", bytes(32))))


def saying(*parts: bytes, every: float = 0.0, end: bool = True) -> Talk:
    """Says the parts one by one, and hangs up (or, not `end`, says the last one again and again)."""

    async def talk(writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(every)
        while not end:
            writer.write(parts[-1])
            await writer.drain()
            await asyncio.sleep(every)
        writer.close()

    return talk


async def silence(writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
SLOW: dict[str, Talk] = {
    "a head that drips for ever": saying(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n", every=0.02, end=False),
    "a body that drips for ever": saying(OK + b"Content-Length: 100000\r\n\r\n", b"{", every=0.02, end=False),
    "chunks that drip for ever": saying(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n{\r\n", every=0.02, end=False),
    "no word at all": silence,
    "a refusal whose body drips for ever": saying(b"HTTP/1.1 404 Not Found\r\nContent-Length: 100000\r\n\r\n", b"x", every=0.02, end=False),
}


@pytest.mark.parametrize("talk", SLOW.values(), ids=SLOW.keys())
async def test_a_vendor_that_keeps_us_waiting_is_given_up_after_the_time_out_of_the_whole_call(talk: Talk) -> None:
    async with vendor(talk) as (url, _), door(url) as http:
        with pytest.raises(Transient, match="did not answer GET /things"):
            await http.get("/things")


async def test_a_vendor_that_takes_no_connection_is_given_up() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            with suppress(BlockingIOError):
                one.connect(full.getsockname())
        async with door(f"http://127.0.0.1:{full.getsockname()[1]}") as http:
            with pytest.raises(Transient):
                await http.get("/things")
        for one in waiting:
            one.close()


async def test_a_port_that_nobody_listens_on_is_a_passing_failure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    async with door(f"http://127.0.0.1:{port}") as http:
        with pytest.raises(Transient):
            await http.get("/things")


CUT: dict[str, bytes] = {
    "before a word": b"",
    "in its first line": b"HTTP/1.1 20",
    "in its head": OK + b"Content-Le",
    "in a body of known length": OK + b'Content-Length: 100\r\n\r\n{"id": "1"}',
    "in a chunk": OK + b'Transfer-Encoding: chunked\r\n\r\n20\r\n{"id": "1"}',
    "before the last chunk": OK + b'Transfer-Encoding: chunked\r\n\r\na\r\n{"id":"1"}\r\n',
    "in what is compressed": OK + b"Content-Encoding: gzip\r\nContent-Length: 99\r\n\r\n" + gzip.compress(b'{"id": "1"}')[:10],
    "no HTTP at all": b"SSH-2.0-OpenSSH_9.2\r\n",
}


@pytest.mark.parametrize("said", CUT.values(), ids=CUT.keys())
@pytest.mark.parametrize("method", ["get", "delete"])
async def test_an_answer_that_is_cut_off_is_no_answer(method: str, said: bytes) -> None:
    async with vendor(saying(said)) as (url, _), door(url) as http:
        with pytest.raises(Transient):
            await getattr(http, method)("/things")


async def test_what_is_compressed_and_cut_off_without_anybody_noticing_is_never_read_as_whole() -> None:
    """The length fits, and the stream inside ends too soon: whatever comes of it, it is not an answer that can be read."""
    cut = gzip.compress(b'{"id": "1", "rest": "' + bytes(range(32, 90)) * 9 + b'"}')[:-30]
    said = OK + f"Content-Encoding: gzip\r\nContent-Length: {len(cut)}\r\n\r\n".encode() + cut
    async with vendor(saying(said)) as (url, _), door(url) as http:
        with pytest.raises(VendorError):
            (await http.get("/things")).read(Thing)


async def test_an_answer_that_ends_with_the_line_and_not_with_its_text_is_misread() -> None:
    async with vendor(saying(OK + b'Connection: close\r\n\r\n{"id": "1", "mo')) as (url, _), door(url) as http:
        with pytest.raises(Misread):
            (await http.get("/things")).read(Thing)


async def test_a_dropped_line_is_tried_again_on_a_new_one() -> None:
    answers = [saying(b""), saying(OK + b'Content-Length: 100\r\n\r\n{"id"'), saying(OK + b'Content-Length: 10\r\n\r\n{"id":"1"}')]

    async def talk(writer: asyncio.StreamWriter) -> None:
        await answers.pop(0)(writer)

    async with vendor(talk) as (url, calls), door(url, timeout=10.0, patience=timedelta(seconds=60)) as http:
        assert "1" == (await http.get("/things")).read(Thing).id
    assert 3 == len(calls)


async def test_an_endless_body_is_refused_at_the_limit() -> None:
    block = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    async with vendor(saying(OK + b"Transfer-Encoding: chunked\r\n\r\n", block, end=False)) as (url, _), door(url, timeout=BOUND) as http:
        with pytest.raises(Misread, match="MB"):
            await http.get("/things")


async def test_a_small_answer_that_unfolds_into_a_huge_one_is_refused_at_the_limit() -> None:
    bomb = gzip.compress(bytes(4 * LARGEST_BODY_BYTES))
    said = OK + f"Content-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n".encode() + bomb
    async with vendor(saying(said)) as (url, _), door(url, timeout=BOUND) as http:
        with pytest.raises(Misread, match="MB"):
            await http.get("/things")


@pytest.mark.parametrize("head", [b"X-Long: " + b"x" * 200_000 + b"\r\n", b"X-A: b\r\n" * 100_000], ids=["long", "many"])
async def test_an_endless_head_is_refused(head: bytes) -> None:
    async with vendor(saying(OK + head + b"\r\n")) as (url, _), door(url, timeout=BOUND) as http:
        with pytest.raises(VendorError):
            await http.get("/things")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["get", "delete"])
async def test_a_redirect_to_another_host_is_never_followed_there(method: str, status: int) -> None:
    async with vendor(saying(OK + b"Content-Length: 2\r\n\r\n{}")) as (elsewhere, stolen):
        said = f"HTTP/1.1 {status} Moved\r\nLocation: {elsewhere}/things\r\nContent-Length: 0\r\n\r\n".encode()
        async with vendor(saying(said)) as (url, calls), door(url) as http:
            with pytest.raises(Misread, match="redirect"):
                await getattr(http, method)("/things")
        assert (1, 0) == (len(calls), len(stolen))


async def test_a_cookie_of_one_case_is_not_sent_with_the_next() -> None:
    said = OK + b"Set-Cookie: session=of-somebody\r\nContent-Length: 2\r\n\r\n{}"
    async with vendor(saying(said)) as (url, calls), door(url) as http:
        await http.get("/things")
        await http.get("/things")
    assert [False, False] == [b"of-somebody" in call for call in calls]
