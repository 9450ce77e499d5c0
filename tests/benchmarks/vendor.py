"""The vendor of the benchmark: one record per address at each of five processors, kept in a set; and its connector.

`PUT /NAME/down` and `/up` take one of them away and bring it back; `GET /NAME/calls` counts the calls that it has seen.
"""

import sys
from collections import Counter
from collections.abc import AsyncIterator
from datetime import date

from aiohttp import web

from connectors.contract import Connector, Kind, NoSettings, Record, Shape, Spec, Subject

PROCESSORS = ("ticketing", "mailing", "accounting", "payments", "hosting")


class Row(Shape):
    id: str


class BenchConnector(Connector[NoSettings]):
    """Locate, delete, verify: three calls a case."""

    spec = Spec(
        name="bench",
        kind="other",
        kinds=(Kind("contact"),),
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
                yield Record("contact", row.id)

    async def erase(self, record: Record) -> None:
        await self.http.delete("/records/{id}", id=record.ref)


def app() -> web.Application:
    """Everybody is there until deleted."""
    gone: set[tuple[str, str]] = set()
    down: set[str] = set()
    seen: Counter[str] = Counter()

    def answers(request: web.Request) -> bool:
        seen[request.match_info["name"]] += 1
        return request.match_info["name"] not in down

    async def find(request: web.Request) -> web.Response:
        if not answers(request):
            return web.Response(status=503)
        email = request.query["email"]
        return web.json_response([] if (request.match_info["name"], email) in gone else [{"id": email}])

    async def delete(request: web.Request) -> web.Response:
        if not answers(request):
            return web.Response(status=503)
        gone.add((request.match_info["name"], request.match_info["id"]))
        return web.Response(status=204)

    async def switch(request: web.Request) -> web.Response:
        {"down": down.add, "up": down.discard}[request.match_info["to"]](request.match_info["name"])
        return web.Response(status=204)

    async def calls(request: web.Request) -> web.Response:
        return web.json_response(seen[request.match_info["name"]])

    application = web.Application()
    application.router.add_put("/{name}/{to:down|up}", switch)
    application.router.add_get("/{name}/calls", calls)
    application.router.add_get("/{name}/records", find)
    application.router.add_delete("/{name}/records/{id}", delete)
    return application


if __name__ == "__main__":
    web.run_app(app(), host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)
