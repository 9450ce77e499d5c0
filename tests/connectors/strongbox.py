"""Strongbox, a toy vendor: a shoebox whose invoices can be locked and emptied of payer and memo, and customers of phone and remark."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace

import httpx

from connectors.contract import Kind, Record, State, Subject
from connectors.testing.simulator import Person, body_of, route
from tests.connectors.shoebox import Invoice, Shoebox, ShoeboxSimulator


class Paper(Invoice):
    payer: str
    memo: str
    locked: bool

    @property
    def state(self) -> State:
        return State.RESTRICTED if self.locked else State.PRESENT


class Strongbox(Shoebox):
    spec = replace(
        Shoebox.spec,
        kinds=(
            Kind("note"),
            Kind("invoice", at="/invoices/{id}", restricts=True, lifts=True, how="locked", strips=("payer", "memo")),
            Kind("customer", at="/customers/{id}", restricts=True, lifts=True, how="archived", strips=("phone", "remark")),
        ),
    )

    async def locate(self, subject: Subject) -> AsyncIterator[Record]:
        async for record in super().locate(subject):
            yield replace(record, state=(await self.paper(record)).state) if record.kind == "invoice" else record

    async def paper(self, record: Record) -> Paper:
        return (await self.http.get("/invoices/{id}", id=record.ref)).read(Paper)

    async def restrict(self, record: Record) -> None:
        await self.http.post("/" + record.kind + "s/{id}/archive", id=record.ref)

    async def lift(self, record: Record) -> None:
        await self.http.post("/" + record.kind + "s/{id}/unarchive", id=record.ref)

    async def strip(self, record: Record, keep: frozenset[str]) -> None:
        if filled := await self.filled(record, keep):
            await self.on(record, self.http.patch, json=dict.fromkeys(filled, ""))

    async def peek(self, record: Record) -> State | None:
        return (await self.paper(record)).state if record.kind == "invoice" else await super().peek(record)


@dataclass
class Sheet:
    payer: str
    memo: str
    locked: bool = False


class StrongboxSimulator(ShoeboxSimulator):
    """A locked invoice cannot be emptied, but erased."""

    def __init__(self) -> None:
        super().__init__()
        self.sheets: dict[str, Sheet] = {}
        self.cards: dict[str, dict[str, str]] = {}

    def seed(self, person: Person) -> None:
        super().seed(person)
        for box in self._of(person):
            self.cards.setdefault(box.id, {"phone": person.phone, "remark": "pays late"})
            self.sheets |= {id: Sheet(person.name, "for the garden") for id in box.invoices if id not in self.sheets}

    def restricted(self, person: Person) -> Counter[str]:
        return super().restricted(person) + Counter(invoice=sum(self.sheets[id].locked for id in self._invoices_of(person)))

    def fields(self, person: Person) -> Mapping[str, set[str]]:
        papers = [vars(self.sheets[id]) for id in self._invoices_of(person)]
        filled = {name for box in self._of(person) for name, value in self.cards[box.id].items() if value}
        return {"invoice": {name for name in ("payer", "memo") for paper in papers if paper[name]}, "customer": filled}

    def _invoices_of(self, person: Person) -> list[str]:
        return [id for box in self._of(person) for id in box.invoices]

    def _dated(self, id: str) -> str | None:
        return next((box.invoices[id] for box in self.boxes.values() if id in box.invoices), None)

    @route("GET", "/invoices/{id}")
    def paper(self, request: httpx.Request, id: str) -> httpx.Response:
        dated = self._dated(id)
        return httpx.Response(200, json={"id": id, "dated": dated, **vars(self.sheets[id])}) if dated else httpx.Response(404)

    @route("PATCH", "/invoices/{id}")
    def change(self, request: httpx.Request, id: str) -> httpx.Response:
        if self._dated(id) is None or self.sheets[id].locked:
            return httpx.Response(422 if self._dated(id) else 404)
        self.sheets[id] = replace(self.sheets[id], **body_of(request))
        return httpx.Response(204)

    @route("GET", "/customers/{id}")
    def show(self, request: httpx.Request, id: str) -> httpx.Response:
        shown = super().show(request, id)
        return httpx.Response(200, json=shown.json() | self.cards[id]) if shown.status_code == 200 else shown

    @route("PATCH", "/customers/{id}")
    def empty(self, request: httpx.Request, id: str) -> httpx.Response:
        if id not in self.boxes or self.boxes[id].archived:
            return httpx.Response(422 if id in self.boxes else 404)
        given = body_of(request)
        self.boxes[id].email = given.pop("email", self.boxes[id].email)
        self.cards[id] |= given
        return httpx.Response(204)

    @route("POST", "/invoices/{id}/archive")
    def lock(self, request: httpx.Request, id: str) -> httpx.Response:
        self.sheets[id].locked = True
        return httpx.Response(204)

    @route("POST", "/invoices/{id}/unarchive")
    def unlock(self, request: httpx.Request, id: str) -> httpx.Response:
        self.sheets[id].locked = False
        return httpx.Response(204)
