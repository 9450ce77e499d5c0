"""The one door to a vendor: host pinned, paced, timed out, bounded, retried; every status becomes a named error."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar
from urllib.parse import parse_qsl, quote, urlsplit

import aiohttp
import httpx
from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from connectors.client import Client, body_of
from connectors.errors import Denied, Gone, Misread, Refused, Transient
from connectors.evidence import Evidence
from connectors.leave import READING, Leave
from connectors.pace import Pace
from connectors.patience import Patience
from connectors.retry_after import TOO_FAST, not_before
from connectors.waiting import Sleep
from topics.model import Clock
from topics.steps import Step, passed

log = logging.getLogger(__name__)
logging.getLogger("httpx").disabled = True  # it prints whole URLs, at level info: a URL may hold an address

T = TypeVar("T")

_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
_FORBIDDEN = 403
_CONFLICT = frozenset({409, 423})
_NO_ANSWER = (TimeoutError, httpx.TransportError, httpx.DecodingError, aiohttp.ClientError)
"""The last, since the transport lets some through as they are: what is no HTTP, or a head without an end."""
_PART_OF_IT = 206


_adapters: dict[Any, TypeAdapter[Any]] = {}
"""Made once per shape: making one costs more than reading an answer."""


@dataclass(frozen=True)
class Reply:
    """A successful answer (`connectors.contract.Answer`)."""

    status: int
    call: str  # method and path template, for sentences
    headers: httpx.Headers
    body: bytes

    def header(self, name: str) -> str | None:
        """A header by its name, in whatever case; None where the vendor did not send it."""
        value: str | None = self.headers.get(name)
        return value

    def read(self, shape: type[T], at: str = "") -> T:
        """The JSON body as `shape`, or the part of it that stands `at` a path (`data/results`; a step ending in `?` may be missing).

        Raises:
            Misread: no JSON, another shape, or no such part.
        """
        if shape not in _adapters:
            _adapters[shape] = TypeAdapter(shape)
        try:
            read: T = _adapters[shape].validate_json(to_json(self._part(at)) if at else self.body)
            return read
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False, include_context=False)[0]
            what = "no JSON" if first["type"] == "json_invalid" else f"{len(error.errors())} unexpected field(s)"
            raise Misread(f"The answer to {self.call} has an unknown shape ({what}).") from None

    def _part(self, at: str) -> Any:
        here: Any = self.read(dict[str, Any])
        for step in at.split("/"):
            name = step.removesuffix("?")
            if here is None or (step != name and isinstance(here, dict) and name not in here):
                return None
            if not isinstance(here, dict) or name not in here:
                raise Misread(f"The answer to {self.call} has no {at} in it.")
            here = here[name]
        return here

    def next_query(self, href: str | None = None) -> dict[str, str] | None:
        """The query of the next page; only the query is used, so that no answer leads to another host."""
        link = href if href is not None else httpx.Response(200, headers=self.headers).links.get("next", {}).get("url")
        return dict(parse_qsl(urlsplit(link).query)) if link else None


@dataclass(frozen=True)
class Limits:
    """`timeout`: one call, in seconds, from connecting to the last byte. `give_up_after`: retries of one command."""

    timeout: float
    give_up_after: timedelta


class Vendor:
    """A vendor's account: one client, one pace, shared by all commands of a processor."""

    def __init__(
        self,
        name: str,
        client: Client,
        auth: httpx.Auth | None,
        pace: Pace,
        limits: Limits,
        clock: Clock,
        sleep: Sleep,
        bare_403_is_busy: bool = False,
    ) -> None:
        self.name = name
        self.bare_403_is_busy = bare_403_is_busy
        self.client = client
        self.auth = auth
        self.pace = pace
        self.limits = limits
        self.clock = clock
        self.sleep = sleep

    def door(self, evidence: Evidence, leave: Leave = READING) -> "HttpDoor":
        """The door for one command."""
        return HttpDoor(self, evidence, leave)


class HttpDoor:
    """The door for one command: its retries end together, and its evidence is gathered in one place."""

    def __init__(self, vendor: Vendor, evidence: Evidence, leave: Leave = READING) -> None:
        self._vendor = vendor
        self._evidence = evidence
        self._leave = leave
        self._patience = Patience(vendor.name, vendor.clock() + vendor.limits.give_up_after, vendor.clock, vendor.sleep)

    async def get(self, path: str, *, query: Mapping[str, Any] | None = None, **values: str) -> Reply:
        return await self._call("GET", path, query, None, values)

    async def post(self, path: str, *, query: Mapping[str, Any] | None = None, json: Any = None, **values: str) -> Reply:
        return await self._call("POST", path, query, json, values)

    async def put(self, path: str, *, query: Mapping[str, Any] | None = None, json: Any = None, **values: str) -> Reply:
        return await self._call("PUT", path, query, json, values)

    async def patch(self, path: str, *, query: Mapping[str, Any] | None = None, json: Any = None, **values: str) -> Reply:
        return await self._call("PATCH", path, query, json, values)

    async def delete(self, path: str, *, query: Mapping[str, Any] | None = None, json: Any = None, **values: str) -> Reply:
        return await self._call("DELETE", path, query, json, values)

    async def _call(self, method: str, path: str, query: Mapping[str, Any] | None, json: Any, values: Mapping[str, str]) -> Reply:
        """One call, tried again while it fails in passing and time is left."""
        if not path.startswith("/") or "://" in path or "?" in path or "#" in path:  # httpx would follow an absolute one to another host
            raise Misread("A path starts with / below base_url, and its query stands apart.")
        if not all(value.strip(". ") for value in values.values()):
            raise Misread(f"A part of {method} {path} is empty: the call would mean something else.")
        url = path.format(**{name: quote(value, safe="") for name, value in values.items()})
        return await self._patience(lambda: self._once(method, path, url, query, json))

    async def _once(self, method: str, path: str, url: str, query: Mapping[str, Any] | None, json: Any) -> Reply:
        vendor, call = self._vendor, f"{method} {path}"
        await vendor.pace.turn()
        await self._leave.wanted()  # after every wait: for its turn, and before it is tried again
        request = vendor.client.request(method, url, query, json)
        started = vendor.clock()
        try:
            async with asyncio.timeout(vendor.limits.timeout):
                reply = await self._send(request, call)
        except _NO_ANSWER as error:
            log.info("%s %s: %s", vendor.name, call, type(error).__name__)
            raise Transient(f"{vendor.name} did not answer {call} ({type(error).__name__}).") from None
        self._evidence.add(call, reply.status, started, reply.body, request)
        log.info("%s %s %d", vendor.name, call, reply.status)
        self._judge(reply)
        return reply

    async def _send(self, request: httpx.Request, call: str) -> Reply:
        passed(Step.CALLING)
        response = await self._vendor.client.send(request, self._vendor.auth)
        passed(Step.CALLED)
        return Reply(response.status_code, call, response.headers, await body_of(response, call))

    def _judge(self, reply: Reply) -> None:
        """A status that is no success, as the error that says what happens next."""
        name, status, call = self._vendor.name, reply.status, reply.call
        if status == _PART_OF_IT:
            raise Misread(f"{name} answered {call} with a part only ({status}), which was not asked for.")
        if 200 <= status < 300:
            return
        if status in _BUSY or (status == _FORBIDDEN and self._too_fast(reply.body)):
            raise Transient(f"{name} answered {status} to {call}.", not_before(reply.headers, self._vendor.clock()))
        if 300 <= status < 400 or status < 200:
            raise Misread(f"{name} answered {call} with a redirect ({status}), which is not followed; look at base_url.")
        if status in (401, 403):
            raise Denied(f"{name} answered {status} to {call}: the credential is not accepted or lacks the right.")
        if status in (404, 410):
            raise Gone(f"{name} answered {status} to {call}.")
        raise Refused(f"{name} refused {call} ({status}).", passing=status in _CONFLICT)

    def _too_fast(self, body: bytes) -> bool:
        """Whether a 403 means too many calls, as its reason, or at some vendors the lack of one, tells."""
        return any(word in body for word in TOO_FAST) or (self._vendor.bare_403_is_busy and not body.lstrip().startswith(b"{"))
