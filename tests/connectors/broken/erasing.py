"""Connectors that erase otherwise than they say, or take no proof for one."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, Literal

import httpx

from connectors.contract import (
    Denied,
    Gone,
    Misread,
    Outcome,
    Record,
    Refused,
    State,
    Subject,
    VendorError,
)
from connectors.testing.simulator import Person
from tests.connectors.shoebox import Box, Customer, Row, Shoebox, ShoeboxSimulator


class ErasesNothing(Shoebox):
    async def erase(self, record: Record) -> None:
        return None


class ErasesAllButOneKind(Shoebox):
    async def erase(self, record: Record) -> None:
        if record.kind != "invoice":
            await super().erase(record)


class BelievesItself(Shoebox):
    """A 2xx is taken for proof: what was erased is told as gone without asking."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._erased: set[tuple[str, str]] = set()

    async def erase(self, record: Record) -> None:
        await super().erase(record)
        self._erased.add(record.key)

    async def peek(self, record: Record) -> State | None:
        return State.GONE if record.key in self._erased else await super().peek(record)


class PeeksGone(Shoebox):
    async def peek(self, record: Record) -> State | None:
        return State.GONE


class PeeksPresent(Shoebox):
    async def peek(self, record: Record) -> State | None:
        return State.PRESENT


class PeeksGoneOnErrors(Shoebox):
    async def peek(self, record: Record) -> State | None:
        try:
            return await super().peek(record)
        except VendorError:
            return State.GONE


class WritesInPeek(Shoebox):
    async def peek(self, record: Record) -> State | None:
        await self.http.put("/touched")
        return await super().peek(record)


class WritesInLocate(Shoebox):
    async def customers(self, subject: Subject) -> list[Customer]:
        await self.http.put("/touched")
        return await super().customers(subject)


class ErasesInLocate(Shoebox):
    """A dry run that writes."""

    async def locate(self, subject: Subject) -> AsyncIterator[Record]:
        records = [record async for record in super().locate(subject)]
        for record in records:
            if record.kind == "note":
                await self.erase(record)
            yield record


class WritesEachTime(Shoebox):
    """What it has erased is yielded again, and erased again at every delivery."""

    async def locate(self, subject: Subject) -> AsyncIterator[Record]:
        yield Record("note", "log")
        async for record in super().locate(subject):
            yield record

    async def erase(self, record: Record) -> Literal[Outcome.ANONYMISED] | None:
        if record.ref == "log":
            await self.http.put("/touched")
            return Outcome.ANONYMISED
        return await super().erase(record)

    async def peek(self, record: Record) -> State | None:
        return State.ANONYMISED if record.ref == "log" else await super().peek(record)


class ErasesTheNeighbour(Shoebox):
    """Erasing one customer takes the next one along."""

    async def erase(self, record: Record) -> None:
        await super().erase(record)
        if record.kind == "customer":
            rows = await self.rows("/customers", Customer, {"show": "all"})
            following = [row for row in rows if int(row.id) > int(record.ref)][:1]
            for row in following:
                for invoice in await self.rows("/customers/{id}/invoices", Row, id=row.id):
                    await self.http.delete("/invoices/{id}", id=invoice.id)
                await self.http.delete("/customers/{id}", id=row.id)


class SwallowsDenied(Shoebox):
    async def erase(self, record: Record) -> None:
        try:
            await super().erase(record)
        except Denied:
            return


class ErasesTheTrunkFirst(Shoebox):
    """The customer goes before what hangs from it: after a crash between the two the rest is found no more."""

    spec = replace(Shoebox.spec, kinds=(Shoebox.spec.kinds[2], *Shoebox.spec.kinds[:2]))


class OrphaningSimulator(ShoeboxSimulator):
    """Deleting a customer leaves its notes and invoices behind, where no search finds them."""

    def __init__(self) -> None:
        super().__init__()
        self.orphans: dict[str, Box] = {}

    def traces(self, person: Person) -> Counter[str]:
        orphans = [box for box in self.orphans.values() if box.email == person.email]
        left = Counter(invoice=sum(len(box.invoices) for box in orphans), note=sum(len(box.notes) for box in orphans))
        return super().traces(person) + left

    def delete_customer(self, request: httpx.Request, id: str) -> httpx.Response:
        if id not in self.boxes:
            return httpx.Response(404, json={"error": "no such record"})
        self.orphans[id] = self.boxes.pop(id)
        return httpx.Response(204)

    def delete_invoice(self, request: httpx.Request, id: str) -> httpx.Response:
        return self._delete(super().delete_invoice(request, id), id)

    def delete_note(self, request: httpx.Request, id: str) -> httpx.Response:
        return self._delete(super().delete_note(request, id), id)

    def _delete(self, answer: httpx.Response, id: str) -> httpx.Response:
        for box in self.orphans.values():
            if id in box.notes or box.invoices.pop(id, None):
                box.notes.discard(id)
                return httpx.Response(204)
        return answer

    for _name in ("delete_customer", "delete_invoice", "delete_note"):
        locals()[_name].route = getattr(ShoeboxSimulator, _name).route


class HidesRefusals(Shoebox):
    """What the vendor refused is remembered, and left out of every later look."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._refused: set[tuple[str, str]] = set()

    async def locate(self, subject: Subject) -> AsyncIterator[Record]:
        async for record in super().locate(subject):
            if record.key not in self._refused:
                yield record

    async def erase(self, record: Record) -> None:
        try:
            await super().erase(record)
        except Refused:
            self._refused.add(record.key)


class SwallowsOutages(BelievesItself):
    """Whatever comes of it, it was erased."""

    async def erase(self, record: Record) -> None:
        try:
            await super().erase(record)
        except VendorError:
            self._erased.add(record.key)


class TakesGoneForAnError(Shoebox):
    async def erase(self, record: Record) -> None:
        try:
            await super().erase(record)
        except Gone as error:
            raise Misread("It is not there.") from error
