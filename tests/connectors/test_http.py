"""The one door to a vendor: what every status, wait and strange answer becomes."""

import asyncio
import gzip
import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from connectors.client import LARGEST_BODY_BYTES, Client
from connectors.contract import Shape
from connectors.errors import Deferred, Denied, Gone, Misread, Refused, Transient, VendorError
from connectors.evidence import Evidence
from connectors.http import HttpDoor, Limits, Vendor
from connectors.pace import Pace
from connectors.testing.harness import START, Time
from topics.sealing import Key

KEY = Key("case/1", bytes(32))
Handler = Callable[[httpx.Request], httpx.Response]


class Thing(Shape):
    id: str


class Bench:
    """A door on a vendor that is a function."""

    def __init__(self, *answers: httpx.Response | Exception | Handler, base: str = "https://vendor.test/v1", timeout: float = 30.0) -> None:
        self._answers, self.requests, self.time, self.evidence = list(answers), list[httpx.Request](), Time(), Evidence(KEY)
        client = Client(base, timeout, httpx.MockTransport(self._answer))
        pace = Pace(1_000_000, self.time, self.time.sleep)
        self.vendor = Vendor("toy", client, None, pace, Limits(timeout, timedelta(minutes=10)), self.time, self.time.sleep)
        self.door = HttpDoor(self.vendor, self.evidence)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        """The next answer; the last one stands for all that follow."""
        self.requests.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)
        return answer(request)


def status(code: int, **headers: str) -> httpx.Response:
    return httpx.Response(code, headers={name.replace("_", "-"): value for name, value in headers.items()}, json={"id": "1"})


@pytest.mark.parametrize("code", [200, 201, 202, 203, 204])
async def test_a_2xx_is_an_answer(code: int) -> None:
    assert code == (await Bench(status(code)).door.get("/things")).status


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (401, Denied), (403, Denied), (404, Gone), (410, Gone), (400, Refused), (405, Refused), (409, Refused), (412, Refused),
        (422, Refused), (423, Refused), (418, Refused), (501, Refused),
        (206, Misread), (301, Misread), (302, Misread), (304, Misread), (308, Misread),
    ],
)  # fmt: skip
async def test_a_status_that_waiting_does_not_mend_is_told_at_once(code: int, error: type[VendorError]) -> None:
    bench = Bench(status(code))
    with pytest.raises(error, match=str(code)):
        await bench.door.get("/things")
    assert (1, []) == (len(bench.requests), bench.time.waits)


@pytest.mark.parametrize(("code", "passing"), [(409, True), (423, True), (422, False), (400, False)])
async def test_a_locked_record_is_a_refusal_that_may_pass(code: int, passing: bool) -> None:
    with pytest.raises(Refused) as refused:
        await Bench(status(code)).door.delete("/things/{id}", id="1")
    assert passing is refused.value.passing


@pytest.mark.parametrize("code", [408, 425, 429, 500, 502, 503, 504])
async def test_a_busy_vendor_is_asked_again(code: int) -> None:
    bench = Bench(status(code), status(code), status(200))
    await bench.door.get("/things")
    assert (3, 2) == (len(bench.requests), len(bench.time.waits))


@pytest.mark.parametrize("error", [httpx.ConnectError("x"), httpx.ReadError("x"), httpx.ReadTimeout("x"), httpx.RemoteProtocolError("x")])
async def test_a_line_that_drops_is_tried_again(error: Exception) -> None:
    bench = Bench(error, status(200))
    await bench.door.get("/things")
    assert 2 == len(bench.requests)


@pytest.mark.parametrize(
    "value",
    [
        "17",
        "Fri, 20 Nov 2026 09:00:17 GMT",
        "2026-11-20T09:00:17+00:00",
        str(int(START.timestamp()) + 17),
        str((int(START.timestamp()) + 17) * 1000),
    ],
)
async def test_the_vendors_own_wait_is_obeyed_however_it_is_written(value: str) -> None:
    bench = Bench(status(429, retry_after=value), status(200))
    await bench.door.get("/things")
    assert [17.0] == bench.time.waits


async def test_a_wait_of_two_minutes_is_slept_and_a_longer_one_is_deferred() -> None:
    bench = Bench(status(429, retry_after="120"), status(429, retry_after="121"))
    with pytest.raises(Deferred) as deferred:
        await bench.door.get("/things")
    assert [120.0] == bench.time.waits
    assert START + timedelta(seconds=120 + 121) == deferred.value.until


@pytest.mark.parametrize("value", ["0", "-5", "Fri, 20 Nov 2026 08:00:00 GMT", "Thu, 01 Jan 1970 00:00:00 GMT"])
async def test_a_wait_that_is_over_already_is_no_leave_to_storm_the_vendor(value: str) -> None:
    """A clock that is behind names moments that have passed: then we wait as if it had named none."""
    bench = Bench(status(429, retry_after=value))
    with pytest.raises(Transient):
        await bench.door.get("/things")
    assert 600.0 == pytest.approx(sum(bench.time.waits)) and len(bench.requests) < 60


async def test_a_named_wait_never_outlasts_our_patience() -> None:
    bench = Bench(status(429, retry_after="110"))
    with pytest.raises(Transient):
        await bench.door.get("/things")
    assert 600.0 == sum(bench.time.waits) and 50.0 == bench.time.waits[-1]


async def test_patience_is_for_all_calls_of_a_command_together() -> None:
    bench = Bench(status(503))
    for _ in range(3):
        with pytest.raises(Transient):
            await bench.door.get("/things")
    assert 600.0 == pytest.approx(sum(bench.time.waits))
    assert len(bench.requests) < 60


async def test_waits_grow_and_differ_within_bounds() -> None:
    """Else all workers would come back at the same moment."""
    runs = []
    for _ in range(3):
        bench = Bench(status(503))
        with pytest.raises(Transient):
            await bench.door.get("/things")
        runs.append(bench.time.waits)
    assert all(0.5 <= waits[0] <= 1.5 for waits in runs)
    assert all(0 < wait <= 30.0 for waits in runs for wait in waits)
    assert all(waits[0] < waits[3] < waits[6] for waits in runs)
    assert 3 == len({waits[0] for waits in runs})


async def test_a_redirect_is_not_followed() -> None:
    bench = Bench(status(302, location="https://elsewhere.test/"), status(200))
    with pytest.raises(Misread, match="redirect"):
        await bench.door.get("/things")
    assert ["vendor.test"] == [request.url.host for request in bench.requests]


@pytest.mark.parametrize("path", ["https://elsewhere.test/things", "things", "", "/things?id=1", "/things#1", "/go/https://elsewhere.test"])
async def test_a_path_that_could_lead_elsewhere_is_refused(path: str) -> None:
    bench = Bench(status(200))
    with pytest.raises(Misread):
        await bench.door.get(path)
    assert [] == bench.requests


@pytest.mark.parametrize("value", ["", " ", ".", "..", ". .", "..."])
async def test_a_part_of_a_path_that_is_empty_is_refused(value: str) -> None:
    """DELETE /things/ would mean all of them."""
    bench = Bench(status(204))
    with pytest.raises(Misread, match="empty"):
        await bench.door.delete("/things/{id}", id=value)
    assert [] == bench.requests


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ("a/b", "a%2Fb"),
        ("jan@voorbeeld.nl", "jan%40voorbeeld.nl"),
        ("../../users", "..%2F..%2Fusers"),
        ("a?b=c#d", "a%3Fb%3Dc%23d"),
        ("%2e%2e", "%252e%252e"),
        ("jan+x", "jan%2Bx"),
        ("{id}", "%7Bid%7D"),
        ("é", "%C3%A9"),
    ],
)
async def test_a_value_stays_one_part_of_the_path(value: str, sent: str) -> None:
    bench = Bench(status(200))
    await bench.door.get("/things/{id}/parts", id=value)
    assert f"/v1/things/{sent}/parts" == bench.requests[0].url.raw_path.decode()


async def test_a_query_value_of_none_is_left_out_and_the_rest_is_escaped() -> None:
    bench = Bench(status(200))
    await bench.door.get("/things", query={"q": "a&b=c+d", "page": None, "size": 2})
    assert {"q": "a&b=c+d", "size": "2"} == dict(bench.requests[0].url.params)


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
async def test_each_method_sends_its_body(method: str) -> None:
    bench = Bench(status(200))
    await getattr(bench.door, method)("/things", json={"a": 1})
    assert (method.upper(), {"a": 1}) == (bench.requests[0].method, json.loads(bench.requests[0].content))


class Huge(httpx.AsyncByteStream):
    """A body well over the limit; `pause`: awaited before each part."""

    def __init__(self, pause: Callable[[], Any]) -> None:
        self.closed, self.parts, self._pause = False, 0, pause

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(2 * LARGEST_BODY_BYTES // 1024**2):
            await self._pause()
            self.parts += 1
            yield b"x" * 1024**2

    async def aclose(self) -> None:
        self.closed = True


async def test_a_body_over_the_limit_is_not_read_to_its_end() -> None:
    body = Huge(lambda: asyncio.sleep(0))
    with pytest.raises(Misread, match=f"over {LARGEST_BODY_BYTES // 1024**2} MB"):
        await Bench(lambda _: httpx.Response(200, stream=body)).door.get("/things")
    assert body.closed and LARGEST_BODY_BYTES // 1024**2 + 1 == body.parts


class SignsIn(httpx.Auth):
    """Asks for a token before each call, and reads what it is given."""

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        given = yield httpx.Request("POST", "https://vendor.test/token", extensions=dict(request.extensions))
        request.headers["authorization"] = (await given.aread()).decode()
        yield request


async def test_the_answer_to_a_sign_in_is_not_read_beyond_the_limit_either() -> None:
    body = Huge(lambda: asyncio.sleep(0))
    bench = Bench(lambda _: httpx.Response(200, stream=body), status(200))
    bench.vendor.auth = SignsIn()
    with pytest.raises(Misread, match=f"The answer to the sign-in is over {LARGEST_BODY_BYTES // 1024**2} MB"):
        await bench.door.get("/things")
    assert body.closed and LARGEST_BODY_BYTES // 1024**2 + 1 == body.parts


async def test_a_compressed_answer_to_a_sign_in_is_read_unfolded() -> None:
    packed = httpx.Response(200, headers={"content-encoding": "gzip"}, content=gzip.compress(b"Bearer t1"))
    bench = Bench(lambda _: httpx.Response(200, headers=packed.headers, stream=packed.stream), status(200))
    bench.vendor.auth = SignsIn()
    assert 200 == (await bench.door.get("/things")).status
    assert "Bearer t1" == bench.requests[1].headers["authorization"]


async def test_an_answer_whose_body_never_comes_ends_with_the_time_out() -> None:
    never = Huge(asyncio.Event().wait)
    bench = Bench(lambda _: httpx.Response(200, stream=never), status(200), timeout=0.01)
    async with asyncio.timeout(5):
        await bench.door.get("/things")
    assert never.closed and 2 == len(bench.requests)


class Silent(httpx.AsyncBaseTransport):
    """A vendor that takes the call and never answers."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError("never")


async def test_a_vendor_that_never_answers_is_given_up() -> None:
    bench = Bench(status(200), timeout=0.001)
    bench.vendor.client = Client("https://vendor.test", 0.001, Silent())
    async with asyncio.timeout(5):
        with pytest.raises(Transient, match="did not answer GET /things"):
            await bench.door.get("/things")


async def test_every_call_carries_its_time_outs_and_a_connection_at_most_ten_seconds() -> None:
    bench = Bench(status(200))
    await bench.door.get("/things")
    assert {"connect": 10.0, "read": 30.0, "write": 30.0, "pool": 30.0} == bench.requests[0].extensions["timeout"]


@pytest.mark.parametrize(
    "body", [b"", b"<html>Sign in</html>", b'{"id": null}', b'{"other": "1"}', b"[]", b"null", b"\xff\xfe", b'{"id": "1"']
)
async def test_a_body_of_another_shape_is_misread(body: bytes) -> None:
    answer = await Bench(httpx.Response(200, content=body)).door.get("/things")
    with pytest.raises(Misread, match="unknown shape"):
        answer.read(Thing)


async def test_a_body_that_does_not_decode_is_tried_again_and_then_told() -> None:
    with pytest.raises(Transient):
        await Bench(lambda _: httpx.Response(200, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(b"no gzip"))).door.get(
            "/things"
        )


async def test_no_error_tells_what_the_vendor_or_the_person_said(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for code in (302, 403, 404, 422, 500):
        answer = httpx.Response(code, headers={"location": "https://x/?q=jan@voorbeeld.nl"}, json={"error": "jan@voorbeeld.nl"})
        with pytest.raises(VendorError) as error:
            await Bench(answer).door.get("/things/{id}", query={"q": "jan@voorbeeld.nl"}, id="jan@voorbeeld.nl")
        assert "GET /things/{id}" in error.value.reason and "jan" not in error.value.reason
        assert error.value.__cause__ is None
    answer = httpx.Response(200, json={"id": {"jan": "jan@voorbeeld.nl"}})
    with pytest.raises(Misread) as misread:
        (await Bench(answer).door.get("/things")).read(Thing)
    assert "jan" not in misread.value.reason + caplog.text


async def test_evidence_counts_each_answered_call_and_holds_no_body() -> None:
    bench = Bench(httpx.ReadError("x"), httpx.Response(503, content=b"jan@voorbeeld.nl"), httpx.Response(200, content=b"jan@voorbeeld.nl"))
    await bench.door.get("/things/{id}", id="jan@voorbeeld.nl")
    assert 2 == bench.evidence.calls().count
    assert all("jan" not in str(held) for held in vars(bench.evidence).values())


async def test_only_the_query_of_a_next_link_is_used() -> None:
    bench = Bench(status(200, link='<https://elsewhere.test/steal?page=2&size=1>; rel="next"'))
    answer = await bench.door.get("/things")
    assert {"page": "2", "size": "1"} == answer.next_query()
    assert {"cursor": "a b"} == answer.next_query("https://elsewhere.test/x?cursor=a%20b")


async def test_without_a_next_link_there_is_no_next_page() -> None:
    answer = await Bench(status(200, link='<https://vendor.test/things?page=1>; rel="prev"')).door.get("/things")
    assert answer.next_query() is None


async def test_a_header_is_read_by_its_name_in_whatever_case() -> None:
    answer = await Bench(status(200, x_kept_as="inactive")).door.get("/things")
    assert ("inactive", None) == (answer.header("X-Kept-As"), answer.header("x-other"))


@pytest.mark.parametrize(("at", "value"), [("a/b", 1), ("a/c?", None), ("x?/y", None), ("n/x", None), ("a/n", None)])
async def test_a_part_of_an_answer_is_read_by_its_path(at: str, value: int | None) -> None:
    answer = await Bench(httpx.Response(200, json={"a": {"b": 1, "n": None}, "n": None})).door.get("/things")
    assert value == answer.read(int | None, at)  # type: ignore[arg-type]


@pytest.mark.parametrize("at", ["a/c", "x", "a/b/c", "l/0"])
async def test_a_part_that_is_not_there_is_misread(at: str) -> None:
    answer = await Bench(httpx.Response(200, json={"a": {"b": 1}, "l": [1]})).door.get("/things")
    with pytest.raises(Misread):
        answer.read(int, at)


@pytest.mark.parametrize(("reason", "calls"), [("rateLimitExceeded", 2), ("userRateLimitExceeded", 2), ("insufficientPermissions", 1)])
async def test_googles_403_for_too_many_calls_is_waited_out_and_a_missing_right_is_not(reason: str, calls: int) -> None:
    refused = httpx.Response(403, json={"error": {"errors": [{"reason": reason}], "code": 403}})
    bench = Bench(refused, status(200))
    if calls == 1:
        with pytest.raises(Denied):
            await bench.door.get("/things")
    else:
        assert 200 == (await bench.door.get("/things")).status
    assert calls == len(bench.requests)
