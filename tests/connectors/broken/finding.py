"""Connectors that find too little, too much, or otherwise than they say."""

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from itertools import count
from typing import Any

from pydantic import Field

from connectors.contract import (
    Denied,
    Gone,
    Kind,
    Misread,
    Record,
    Right,
    Shape,
    State,
    Subject,
    Turn,
    VendorError,
)
from tests.connectors.shoebox import Customer, Row, Shoebox


class FirstPageOnly(Shoebox):
    def following(self, turn: Turn) -> None:
        return None


class FirstPageOfInvoicesOnly(Shoebox):
    async def rows(self, path: str, shape: Any, query: Any = None, **values: str) -> list[Any]:
        if "invoices" in path:
            return (await self.http.get(path, **values)).read(list[shape], "rows")
        return await super().rows(path, shape, query, **values)


class EndlessPages(Shoebox):
    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._number = count(2)

    def following(self, turn: Turn) -> dict[str, Any]:
        return {"page": next(self._number)}


class EndlessLoop(Shoebox):
    async def customers(self, subject: Subject) -> list[Customer]:
        while True:
            await self.http.get("/customers", query={"show": "all"})


class ArchivedNotAsked(Shoebox):
    async def rows(self, path: str, shape: Any, query: Any = None, **values: str) -> list[Any]:
        return await super().rows(path, shape, query and {"q": query["q"]}, **values)


class MatchesByPrefix(Shoebox):
    def is_of(self, customer: Customer, subject: Subject) -> bool:
        return any(customer.email.lower().startswith(value) for value in subject.values("email")) or super().is_of(customer, subject)


class MatchesByPart(Shoebox):
    def is_of(self, customer: Customer, subject: Subject) -> bool:
        return any(value in customer.email.lower() for value in subject.values("email")) or super().is_of(customer, subject)


class MatchesByPartOfNumber(Shoebox):
    def is_of(self, customer: Customer, subject: Subject) -> bool:
        return any(value in customer.number for value in subject.values("customer_id")) or super().is_of(customer, subject)


class MatchesByName(Shoebox):
    def is_of(self, customer: Customer, subject: Subject) -> bool:
        return subject.matches("name", customer.name) or super().is_of(customer, subject)


class MatchesByDomain(Shoebox):
    def is_of(self, customer: Customer, subject: Subject) -> bool:
        ends = [value.partition("@")[2] for value in subject.values("email")]
        return any(customer.email.lower().endswith(end) for end in ends) or super().is_of(customer, subject)


class FoldsPlusAddresses(Shoebox):
    async def customers(self, subject: Subject) -> list[Customer]:
        rows = await self.rows("/customers", Customer, {"show": "all"})
        return [row for row in rows if self.is_of(row, subject)]

    def is_of(self, customer: Customer, subject: Subject) -> bool:
        local, _, domain = customer.email.partition("@")
        return subject.matches("email", f"{local.partition('+')[0]}@{domain}") or super().is_of(customer, subject)


class MatchesCase(Shoebox):
    def is_of(self, customer: Customer, subject: Subject) -> bool:
        return customer.email in subject.root.get("email", ()) or subject.matches("customer_id", customer.number)


class ForgetsAnIdentifier(Shoebox):
    async def customers(self, subject: Subject) -> list[Customer]:
        return await super().customers(Subject({"email": subject.values("email")})) if subject.values("email") else []


class SwallowsErrors(Shoebox):
    async def locate(self, subject: Subject) -> AsyncIterator[Record]:
        try:
            async for record in super().locate(subject):
                yield record
        except VendorError:
            return


class SwallowsRefusals(Shoebox):
    """Waits are let through, but a refused credential is an empty list."""

    async def rows(self, path: str, shape: Any, query: Any = None, **values: str) -> list[Any]:
        try:
            return await super().rows(path, shape, query, **values)
        except Denied:
            return []


class ReadsAnythingAsEmpty(Shoebox):
    async def rows(self, path: str, shape: Any, query: Any = None, **values: str) -> list[Any]:
        try:
            return await super().rows(path, shape, query, **values)
        except Misread:
            return []


class ReadsWithDefaults(Shoebox):
    class Loose(Shape):
        rows: list[Any] = []
        next: int | None = None

    async def rows(self, path: str, shape: Any, query: Any = None, **values: str) -> list[Any]:
        found: list[Any] = []
        page: int | None = 1
        while page is not None:
            answer = (await self.http.get(path, query={**(query or {}), "page": page}, **values)).read(self.Loose)
            found += [shape.model_validate(row) for row in answer.rows]
            page = answer.next
        return found


class Reachable(Row):
    reached_at: str = Field(alias="email")
    number: str
    archived: bool


class TakesANumberForAnAddress(Shoebox):
    def is_of(self, customer: Any, subject: Subject) -> bool:
        return subject.matches("email", customer.reached_at) or subject.matches("customer_id", customer.number)

    async def rows(self, path: str, shape: Any, query: Any = None, **values: str) -> list[Any]:
        return await super().rows(path, Reachable if shape is Customer else shape, query, **values)


class TakesMissingForNothing(Shoebox):
    async def rows(self, path: str, shape: Any, query: Any = None, **values: str) -> list[Any]:
        try:
            return await super().rows(path, shape, query, **values)
        except Gone:
            return []


class ErasesBlindly(Shoebox):
    """Nothing is located: a made-up reference is deleted, and 404 is success."""

    async def locate(self, subject: Subject) -> AsyncIterator[Record]:
        for value in subject.values("customer_id"):
            yield Record("customer", value)


class UndeclaredKind(Shoebox):
    def record(self, kind: str, row: Row, **more: Any) -> Record:
        return super().record("memo" if kind == "note" else kind, row, **more)


class DeclaresTooMuch(Shoebox):
    """A kind that is never found."""

    spec = replace(Shoebox.spec, kinds=(Kind("ticket"), *Shoebox.spec.kinds))


class NoDocs(Shoebox):
    spec = replace(Shoebox.spec, docs="")


class YieldsTwice(Shoebox):
    """The same record under two references: it would be counted twice."""

    async def locate(self, subject: Subject) -> AsyncIterator[Record]:
        async for record in super().locate(subject):
            yield record
            if record.kind == "note":
                yield replace(record, ref=f"0{record.ref}")


class YieldsTheSameTwice(Shoebox):
    """No fault: two searches may find the same record."""

    async def locate(self, subject: Subject) -> AsyncIterator[Record]:
        async for record in super().locate(subject):
            yield record
            yield record


class NamesAnewEachTime(Shoebox):
    """The reference of a record is another at every look of another process: counts grow from round to round."""

    _processes = count(1)

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._process = next(self._processes)

    def record(self, kind: str, row: Row, **more: Any) -> Record:
        record = super().record(kind, row, **more)
        return replace(record, ref=f"{row.id}.{self._process}") if kind == "note" else record

    async def erase(self, record: Record) -> None:
        await super().erase(replace(record, ref=record.ref.partition(".")[0]))


class TriesItsRights(Shoebox):
    """It archives somebody to see whether it may."""

    async def rights(self) -> list[Right]:
        with suppress(Gone):
            await self.http.post("/customers/{id}/archive", id="1")
        return [Right("archive", "restrict", True)]


class LacksARight(Shoebox):
    async def rights(self) -> list[Right]:
        return [Right("archive", "restrict", False)]


class SwallowsRefusalsOfTheLook(SwallowsRefusals):
    async def peek(self, record: Record) -> State | None:
        return None
