"""Shoebox, a toy vendor: customers, dated invoices that bind them, and notes. A simulator and a correct connector."""

import datetime as dt
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, TypeVar

import httpx

from connectors.auth import Bearer
from connectors.contract import Connector, Kind, Record, Secret, Settings, Shape, Spec, State, Subject, Turn, by_cursor, rows
from connectors.testing.simulator import Lagging, Person, Simulator, query_of, route


class ShoeboxSettings(Settings):
    token: Secret


class Row(Shape):
    id: str


class Customer(Row):
    email: str
    number: str
    name: str
    archived: bool


class Invoice(Row):
    dated: dt.date


R = TypeVar("R", bound=Row)


class Shoebox(Connector[ShoeboxSettings]):
    spec = Spec(
        name="shoebox",
        kind="other",
        kinds=(Kind("note"), Kind("invoice"), Kind("customer", restricts=True, lifts=True, how="archived")),
        identifiers=("email", "customer_id"),
        calls_per_minute=600,
        docs="https://shoebox.example/api",
        checked=dt.date(2026, 11, 22),
    )
    settings_model = ShoeboxSettings
    base_url = "https://shoebox.example/v1"

    @classmethod
    def auth(cls, settings: ShoeboxSettings) -> httpx.Auth:
        return Bearer(settings.token)

    async def locate(self, subject: Subject) -> AsyncIterator[Record]:
        for customer in await self.customers(subject):
            own = self.record("customer", customer, state=_state(customer))
            for note in await self.rows("/customers/{id}/notes", Row, id=customer.id):
                yield self.record("note", note)
            for invoice in await self.rows("/customers/{id}/invoices", Invoice, id=customer.id):
                yield self.record("invoice", invoice, since=invoice.dated, binds=own.key)
            yield own

    async def customers(self, subject: Subject) -> list[Customer]:
        """The search is a free-text one, so it finds other people too."""
        found: dict[str, Customer] = {}
        for kind in self.spec.identifiers:
            for value in subject.values(kind):
                rows = await self.rows("/customers", Customer, {"q": value, "show": "all"})
                found |= {row.id: row for row in rows if self.is_of(row, subject)}
        return list(found.values())

    def is_of(self, customer: Customer, subject: Subject) -> bool:
        return subject.matches("email", customer.email) or subject.matches("customer_id", customer.number)

    def record(self, kind: str, row: Row, **more: Any) -> Record:
        return Record(kind, row.id, **more)

    async def rows(self, path: str, shape: type[R], query: dict[str, Any] | None = None, **values: str) -> list[R]:
        return [row async for row in rows(self.http.get, path, shape, self.following, at="rows", query=query, **values)]

    def following(self, turn: Turn) -> Mapping[str, Any] | None:
        return by_cursor("page", "next")(turn)

    async def erase(self, record: Record) -> None:
        await self.http.delete(f"/{record.kind}s/{{id}}", id=record.ref)

    async def restrict(self, record: Record) -> None:
        await self.http.post("/customers/{id}/archive", id=record.ref)

    async def lift(self, record: Record) -> None:
        await self.http.post("/customers/{id}/unarchive", id=record.ref)

    async def peek(self, record: Record) -> State | None:
        if record.kind != "customer":
            return None
        return _state((await self.http.get("/customers/{id}", id=record.ref)).read(Customer))

    async def still_listed(self, record: Record) -> bool | None:
        everybodys = [
            await self.rows(f"/customers/{{id}}/{record.kind}s", Row, id=customer.id)
            for customer in await self.rows("/customers", Customer, {"show": "all"})
        ]
        return record.ref in {row.id for several in everybodys for row in several}


def _state(customer: Customer) -> State:
    return State.RESTRICTED if customer.archived else State.PRESENT


@dataclass
class Box:
    """One customer with all that hangs from it."""

    id: str
    email: str
    number: str
    name: str
    archived: bool = False
    invoices: dict[str, str] = field(default_factory=dict)  # id -> date
    notes: set[str] = field(default_factory=set)


class ShoeboxSimulator(Simulator):
    """Searches hide what is archived, unless asked with `show=all`; a customer with invoices cannot be deleted."""

    base_path = "/v1"

    def __init__(self) -> None:
        super().__init__()
        self._ids = count(100)
        self.boxes: dict[str, Box] = {}
        self._ghosts = Lagging(self)

    def seed(self, person: Person) -> None:
        id = str(next(self._ids))
        box = self.boxes[id] = Box(id, person.email, person.customer_id, person.name)
        box.invoices |= {str(next(self._ids)): person.since.isoformat() for _ in range(3)}
        box.notes |= {str(next(self._ids)) for _ in range(3)}

    def archive(self, person: Person) -> None:
        for box in self._of(person):
            box.archived = True

    def traces(self, person: Person) -> Counter[str]:
        mine = self._of(person)
        return Counter(customer=len(mine), invoice=sum(len(box.invoices) for box in mine), note=sum(len(box.notes) for box in mine))

    def restricted(self, person: Person) -> Counter[str]:
        return Counter(customer=sum(box.archived for box in self._of(person)))

    def _of(self, person: Person) -> list[Box]:
        return [box for box in self.boxes.values() if box.email.lower() == person.email.lower()]

    def signed_in(self, request: httpx.Request) -> bool:
        return request.headers.get("authorization") == "Bearer kit-secret-9f3a71"

    @route("GET", "/customers")
    def search(self, request: httpx.Request) -> httpx.Response:
        wanted, everything = query_of(request).get("q", "").lower(), query_of(request).get("show") == "all"
        rows = self._ghosts.shown([box for box in self.boxes.values() if everything or not box.archived])
        return self._page(request, [_shown(box) for box in rows if wanted in _text(box)])

    @route("GET", "/customers/{id}")
    def show(self, request: httpx.Request, id: str) -> httpx.Response:
        box = self.boxes.get(id)
        return httpx.Response(200, json=_shown(box)) if box else _missing()

    @route("DELETE", "/customers/{id}")
    def delete_customer(self, request: httpx.Request, id: str) -> httpx.Response:
        if id in self.boxes and self.boxes[id].invoices:
            return httpx.Response(422, json={"error": "has invoices"})
        if id not in self.boxes:
            return _missing()
        self._ghosts.deleted(self.boxes.pop(id))
        return httpx.Response(204)

    @route("POST", "/customers/{id}/archive")
    def archive_customer(self, request: httpx.Request, id: str) -> httpx.Response:
        return self._set(id, True)

    @route("POST", "/customers/{id}/unarchive")
    def unarchive_customer(self, request: httpx.Request, id: str) -> httpx.Response:
        return self._set(id, False)

    def _set(self, id: str, archived: bool) -> httpx.Response:
        if id not in self.boxes:
            return _missing()
        self.boxes[id].archived = archived
        return httpx.Response(204)

    @route("GET", "/customers/{id}/invoices")
    def invoices(self, request: httpx.Request, id: str) -> httpx.Response:
        rows = self.boxes[id].invoices if id in self.boxes else {}
        return self._page(request, [{"id": ref, "dated": dated} for ref, dated in rows.items()])

    @route("GET", "/customers/{id}/notes")
    def notes(self, request: httpx.Request, id: str) -> httpx.Response:
        rows = sorted(self.boxes[id].notes) if id in self.boxes else []
        return self._page(request, [{"id": ref} for ref in rows])

    @route("DELETE", "/invoices/{id}")
    def delete_invoice(self, request: httpx.Request, id: str) -> httpx.Response:
        gone = [box.invoices.pop(id) for box in self.boxes.values() if id in box.invoices]
        return httpx.Response(204) if gone else _missing()

    @route("DELETE", "/notes/{id}")
    def delete_note(self, request: httpx.Request, id: str) -> httpx.Response:
        gone = [box.notes.remove(id) for box in self.boxes.values() if id in box.notes]
        return httpx.Response(204) if gone else _missing()

    @route("PUT", "/touched")
    def touch(self, request: httpx.Request) -> httpx.Response:
        """Changes nothing that can be seen, but it is a writing call."""
        return httpx.Response(204)

    def _page(self, request: httpx.Request, rows: list[Any]) -> httpx.Response:
        size, page = min(100, self.largest_page), int(query_of(request).get("page", 1))
        shown, total = self.cut(rows, (page - 1) * size, size)
        return httpx.Response(200, json={"rows": shown, "next": page + 1 if total > page * size else None})


def _shown(box: Box) -> dict[str, Any]:
    return {name: value for name, value in vars(box).items() if name not in ("invoices", "notes")}


def _text(box: Box) -> str:
    return f"{box.email} {box.number} {box.name}".lower()


def _missing() -> httpx.Response:
    return httpx.Response(404, json={"error": "no such record"})
