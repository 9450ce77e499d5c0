"""A vendor in memory: stateful, and on order faulty, lying or lagging. The base of every simulator."""

import json
import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, ClassVar, TypeVar
from urllib.parse import unquote

import httpx

Handler = Callable[..., httpx.Response]
R = TypeVar("R")


@dataclass(frozen=True)
class Person:
    """Somebody whose records a simulator holds. `since`: the date of records that a legal hold counts from."""

    email: str
    name: str = "Jan de Vries"
    customer_id: str = "C-1001"
    phone: str = "+31201234567"
    since: date = date(2025, 6, 1)

    def subject(self) -> dict[str, list[str]]:
        """The person as a request's `subject`."""
        return {"email": [self.email], "name": [self.name], "customer_id": [self.customer_id], "phone": [self.phone]}


@dataclass
class Fault:
    """What a call gets in place of its answer. `answer` None: the line drops. `skip`: calls to let pass first."""

    answer: httpx.Response | None
    times: int = 1
    method: str | None = None
    writing: bool | None = None  # only writing calls (True), only reading ones (False), or both
    skip: int = 0
    after_effect: bool = False  # the vendor does it, and the answer is lost all the same


class EndlessCalls(BaseException):
    """The connector does not stop (no `Exception`, so that it cannot catch it)."""


@dataclass(frozen=True)
class Call:
    """A call as the vendor saw it. `writing`: it may change something."""

    request: httpx.Request = field(repr=False)
    writing: bool


def route(method: str, path: str, *, reads: bool = False) -> Callable[[Handler], Handler]:
    """Mark a method as the answer to `method` on `path` (`{name}` is one segment). `reads`: a POST that only searches."""

    def mark(handler: Handler) -> Handler:
        handler.route = (method, path, reads)  # type: ignore[attr-defined]
        return handler

    return mark


WITHOUT_END = 10**9
"""How many rows an endless list tells that it has."""


class Simulator(ABC):
    """Routes are methods marked with `route`: `(self, request, **segments) -> httpx.Response`."""

    base_path: ClassVar[str] = ""  # of the vendor's base_url: "/api/v2"
    largest_page: int = 100  # the vendor's cap on a page, lowered by the kit

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.faults: list[Fault] = []
        self.watch: Callable[[httpx.Request, httpx.Response], None] | None = None  # told of every answer that is no fault and no lie
        self.liar = False  # writing calls say yes and do nothing
        self.most_calls: int | None = None  # then the caller is told to stop, so that a check ends
        self.endless: str | None = None  # the path of a list that never ends
        self.paged = set[str]()  # the paths of the lists that were cut to pages
        self.lag = 0  # so many searches still show what was deleted
        self._routes = list(self._read_routes())

    @abstractmethod
    def seed(self, person: Person) -> None:
        """Put one record of every kind that the connector finds, and that hangs from this person, into the vendor."""

    @abstractmethod
    def traces(self, person: Person) -> Counter[str]:
        """What is left of exactly this person in the vendor's state, by record kind; held and restricted ones too."""

    def restricted(self, person: Person) -> Counter[str]:
        """What of this person is restricted (archived, blocked, ...), by record kind."""
        return Counter()

    def fields(self, person: Person) -> Mapping[str, set[str]]:
        """Which of the fields that can be stripped still hold something of this person, by record kind."""
        return {}

    def archive(self, person: Person) -> None:  # noqa: B027
        """Archive, close or deactivate this person's records, where the vendor's own screens can; override where it has such."""

    def signed_in(self, request: httpx.Request) -> bool:
        """Whether the call carries the credential; override where the vendor has one."""
        return True

    def account(self, time: Any) -> Any:
        """The account behind a connector that opens no HTTP: `door(evidence)` gives its stand-in for the door; `close`, if any, ends it."""
        raise NotImplementedError

    def handle(self, request: httpx.Request) -> httpx.Response:
        """The answer to one call. Raises `httpx.ReadError` where the line is to drop."""
        found = self._match(request)
        writing = found is not None and found[2]
        self.calls.append(Call(request, writing))
        if self.most_calls and len(self.calls) > self.most_calls:
            raise EndlessCalls(f"more than {self.most_calls} calls: the connector turns for ever")
        fault = self._fault(request, writing)
        if fault is not None and not fault.after_effect:
            return self._broken(fault)
        if not self.signed_in(request):
            return httpx.Response(401, json={"error": "unauthorized"})
        if found is None:
            return httpx.Response(404, json={"error": "no such path"})
        handler, segments, _ = found
        self._path = request.url.path
        if writing and self.liar:
            answer = self._lie()
        else:
            answer = handler(request, **segments)
            if self.watch:
                self.watch(request, answer)
        return self._broken(fault) if fault is not None else answer

    def cut(self, rows: Sequence[R], start: int, size: int) -> tuple[Sequence[R], int]:
        """One page of a list: `size` rows from `start` on, at most `largest_page`; and how many rows there are in all."""
        self.paged.add(self._path)
        end = start + min(size, self.largest_page)
        if self.endless != self._path or not rows:
            return rows[start:end], len(rows)
        return [rows[number % len(rows)] for number in range(start, end)], WITHOUT_END

    @property
    def writing_calls(self) -> int:
        """How many calls there were that may change something."""
        return sum(call.writing for call in self.calls)

    def _lie(self) -> httpx.Response:
        return httpx.Response(204)

    def _broken(self, fault: Fault) -> httpx.Response:
        if fault.answer is None:
            raise httpx.ReadError("the line dropped")
        given = fault.answer
        return httpx.Response(given.status_code, headers=dict(given.headers), content=given.content)

    def _fault(self, request: httpx.Request, writing: bool) -> Fault | None:
        for fault in self.faults:
            if fault.times <= 0 or (fault.method or request.method) != request.method or fault.writing not in (None, writing):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            fault.times -= 1
            return fault
        return None

    def _read_routes(self) -> Iterator[tuple[str, re.Pattern[str], Handler, bool]]:
        for name in dir(type(self)):
            handler = getattr(type(self), name)
            if hasattr(handler, "route"):
                method, path, reads = handler.route
                pattern = re.escape(self.base_path + path).replace(r"\{", "{").replace(r"\}", "}")
                matcher = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern))
                yield method, matcher, getattr(self, name), method not in ("GET", "HEAD") and not reads

    def _match(self, request: httpx.Request) -> tuple[Handler, dict[str, str], bool] | None:
        path = request.url.raw_path.decode().split("?")[0]
        for method, pattern, handler, writing in self._routes:
            match = pattern.fullmatch(path)
            if match and method == request.method:
                return handler, {name: unquote(value) for name, value in match.groupdict().items()}, writing
        return None


def query_of(request: httpx.Request) -> Mapping[str, str]:
    """The call's query parameters."""
    return request.url.params


def body_of(request: httpx.Request) -> Any:
    """The call's JSON body."""
    return json.loads(request.content)


class Lagging:
    """Rows of a list that a lagging search still shows for a while after they were deleted."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._ghosts: list[tuple[int, Any]] = []

    def deleted(self, row: Any) -> None:
        """Remember a deleted row, for as many searches as the simulator lags."""
        if self._simulator.lag:
            self._ghosts.append((self._simulator.lag, row))

    def shown(self, rows: list[Any]) -> list[Any]:
        """The rows and the ghosts; each call is one search."""
        ghosts = [row for _, row in self._ghosts]
        self._ghosts = [(left - 1, row) for left, row in self._ghosts if left > 1]
        return rows + ghosts
