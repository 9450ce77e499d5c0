"""Vendors for many people at once: records per person, a history of each record, faults on order; and the connector for them.

`python -m tests.soak.vendor PORT` serves all processors from one process: `/{processor}/records…` is the vendor's API, and
`/soak/…` what the soak itself uses: `seed`, `fault`, `heal`, `state`.
"""

import asyncio
import sys
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from aiohttp import web

from connectors.contract import Connector, Kind, NoSettings, Record, Shape, Spec, State, Subject

PROCESSORS = ("ticketing", "mailing", "accounting", "payments", "hosting")
SLOW_SECONDS = 3.0
"""Longer than the configured time-out of a call."""
READING = ("500", "429 with Retry-After", "time-out", "line dropped", "401", "not JSON")
WRITING = ("a lie", "answer lost after the effect", "record comes back", "search lags")


class Row(Shape):
    id: str
    kind: str
    email: str
    since: date
    contact: str | None
    archived: bool


class SoakConnector(Connector[NoSettings]):
    """Tickets and invoices hang from a contact; the search is loose, so that somebody with a similar address is found too."""

    spec = Spec(
        name="soak",
        kind="other",
        kinds=(Kind("ticket"), Kind("invoice"), Kind("contact", restricts=True)),
        identifiers=("email",),
        calls_per_minute=10_000_000,
        docs="https://example.invalid",
        checked=date(2026, 11, 22),
        concurrency=16,
    )
    settings_model = NoSettings

    async def locate(self, subject: Subject) -> AsyncIterator[Record]:
        for email in subject.values("email"):
            for row in (await self.http.get("/records", query={"email": email})).read(list[Row]):
                if subject.matches("email", row.email):
                    state = State.RESTRICTED if row.archived else State.PRESENT
                    yield Record(row.kind, row.id, row.since, ("contact", row.contact) if row.contact else None, state)

    async def erase(self, record: Record) -> None:
        await self.http.delete("/records/{id}", id=record.ref)

    async def restrict(self, record: Record) -> None:
        await self.http.patch("/records/{id}/archive", id=record.ref)

    async def peek(self, record: Record) -> State | None:
        row = (await self.http.get("/records/{id}", id=record.ref)).read(Row)
        return State.RESTRICTED if row.archived else State.PRESENT


@dataclass
class Kept:
    """A record, there or gone. `history`: the moments (Unix) at which it went, came back, went, ..."""

    id: str
    kind: str
    email: str
    since: str
    group: int
    contact: str | None = None
    archived: bool = False
    there: bool = True
    history: list[float] = field(default_factory=list)

    def turn(self, there: bool) -> None:
        if self.there != there:
            self.there = there
            self.history.append(time.time())


class Vendor:
    """One processor's vendor. A group is a person and those whose addresses look like theirs."""

    def __init__(self) -> None:
        self.rows: dict[str, Kept] = {}
        self.groups: dict[int, list[str]] = defaultdict(list)
        self.of: dict[str, int] = {}
        self.faults: list[str] = []
        self.served: Counter[str] = Counter()
        self.ghosts: Counter[str] = Counter()  # how many searches still show a deleted record
        self.back: set[str] = set()  # deleted, and there again when next looked for

    def add(self, row: dict[str, Any]) -> None:
        kept = Kept(**row)
        self.rows[kept.id] = kept
        self.groups[kept.group].append(kept.id)
        self.of[kept.email] = kept.group

    def fault(self, kinds: tuple[str, ...]) -> str | None:
        """The next fault of one of these kinds, used up and counted."""
        found = next((kind for kind in self.faults if kind in kinds), None)
        if found:
            self.faults.remove(found)
            self.served[found] += 1
        return found

    def search(self, email: str) -> list[dict[str, Any]]:
        ids = self.groups[self.of[email.lower()]] if email.lower() in self.of else []
        for id in self.back & set(ids):
            self.back.discard(id)
            self.rows[id].turn(True)
        shown = [id for id in ids if self.rows[id].there or self.ghosts[id] > 0]
        self.ghosts -= Counter(ids)
        return [self.shown(self.rows[id]) for id in shown]

    @staticmethod
    def shown(row: Kept) -> dict[str, Any]:
        return {"id": row.id, "kind": row.kind, "email": row.email, "since": row.since, "contact": row.contact, "archived": row.archived}

    def delete(self, row: Kept) -> web.Response:
        fault = self.fault(WRITING)
        if fault == "a lie":
            return web.Response(status=204)
        if any(other.there and other.contact == row.id for other in map(self.rows.__getitem__, self.groups[row.group])):
            return web.json_response({"error": "something hangs from it"}, status=409)
        row.turn(False)
        if fault == "search lags":
            self.ghosts[row.id] = 2
        if fault == "record comes back":
            self.back.add(row.id)
        if fault == "answer lost after the effect":
            raise ConnectionResetError
        return web.Response(status=204)


class Vendors:
    """All of them, as one application."""

    def __init__(self) -> None:
        self.by_name = {name: Vendor() for name in PROCESSORS}

    def app(self) -> web.Application:
        application = web.Application(client_max_size=64 * 1024**2)
        application.router.add_post("/soak/{what}", self.steer)
        application.router.add_route("*", "/{name}/records", self.answer)
        application.router.add_route("*", "/{name}/records/{id}", self.answer)
        application.router.add_route("*", "/{name}/records/{id}/archive", self.answer)
        return application

    async def steer(self, request: web.Request) -> web.Response:
        match request.match_info["what"], await request.json():
            case "seed", rows:
                for name, row in rows:
                    self.by_name[name].add(row)
            case "fault", (name, kind):
                self.by_name[name].faults.append(kind)
            case "heal", _:
                for vendor in self.by_name.values():
                    vendor.faults.clear()
            case "state", _:
                rows = {name: [asdict(row) for row in vendor.rows.values()] for name, vendor in self.by_name.items()}
                served = sum((vendor.served for vendor in self.by_name.values()), Counter[str]())
                return web.json_response({"rows": rows, "served": served})
        return web.json_response({})

    async def answer(self, request: web.Request) -> web.StreamResponse:
        vendor = self.by_name[request.match_info["name"]]
        try:
            return await _broken(vendor.fault(READING)) or _carried_out(vendor, request)
        except ConnectionResetError:
            if request.transport is not None:
                request.transport.close()
            raise asyncio.CancelledError from None


async def _broken(fault: str | None) -> web.Response | None:
    match fault:
        case "500":
            return web.Response(status=500)
        case "429 with Retry-After":
            return web.Response(status=429, headers={"Retry-After": "1"})
        case "time-out":
            await asyncio.sleep(SLOW_SECONDS)
            return web.Response(status=504)
        case "line dropped":
            raise ConnectionResetError
        case "401":
            return web.Response(status=401)
        case "not JSON":
            return web.Response(text="<html>maintenance</html>", content_type="text/html")
    return None


def _carried_out(vendor: Vendor, request: web.Request) -> web.Response:
    id = request.match_info.get("id")
    if id is None:
        return web.json_response(vendor.search(request.query["email"]))
    row = vendor.rows.get(id)
    if row is None or not row.there:
        return web.Response(status=404)
    if request.method == "DELETE":
        return vendor.delete(row)
    if request.method == "PATCH":
        row.archived = True
    return web.json_response(vendor.shown(row))


if __name__ == "__main__":
    web.run_app(Vendors().app(), host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)
