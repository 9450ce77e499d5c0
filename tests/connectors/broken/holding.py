"""Connectors that get what the law keeps wrong."""

from dataclasses import replace
from typing import Any

import httpx

from connectors.contract import (
    Record,
    State,
)
from tests.connectors import strongbox
from tests.connectors.shoebox import Row, Shoebox, ShoeboxSimulator


class Undated(Shoebox):
    def record(self, kind: str, row: Row, **more: Any) -> Record:
        return replace(super().record(kind, row, **more), since=None)


class Misdated(Shoebox):
    def record(self, kind: str, row: Row, **more: Any) -> Record:
        record = super().record(kind, row, **more)
        return replace(record, since=record.since.replace(year=record.since.year - 1)) if record.since else record


class BindsNothing(Shoebox):
    def record(self, kind: str, row: Row, **more: Any) -> Record:
        return replace(super().record(kind, row, **more), binds=None)


class CascadingSimulator(ShoeboxSimulator):
    """Deleting a customer takes its invoices along."""

    def delete_customer(self, request: httpx.Request, id: str) -> httpx.Response:
        if id in self.boxes:
            self.boxes[id].invoices.clear()
        return super().delete_customer(request, id)

    delete_customer.route = ShoeboxSimulator.delete_customer.route  # type: ignore[attr-defined]


class RestrictsEachTime(Shoebox):
    """`locate` does not tell that a record is restricted already."""

    def record(self, kind: str, row: Row, **more: Any) -> Record:
        return super().record(kind, row, **more | {"state": State.PRESENT})


class StripsNothing(strongbox.Strongbox):
    async def strip(self, record: Record, keep: frozenset[str]) -> None:
        """It says that it did."""


class StripsEverything(strongbox.Strongbox):
    """What the duty needs, too."""

    async def strip(self, record: Record, keep: frozenset[str]) -> None:
        await super().strip(record, frozenset())


class StripsByErasing(strongbox.Strongbox):
    async def strip(self, record: Record, keep: frozenset[str]) -> None:
        await self.erase(record)


class StripsEachTime(strongbox.Strongbox):
    async def strip(self, record: Record, keep: frozenset[str]) -> None:
        await super().strip(record, keep)
        await self.http.put("/touched")


class StripsTheAddress(strongbox.Strongbox):
    """By which it would be found again."""

    async def strip(self, record: Record, keep: frozenset[str]) -> None:
        await super().strip(record, keep)
        if record.kind == "customer":
            await self.http.patch("/customers/{id}", id=record.ref, json={"email": ""})


class StripsInTwoSteps(strongbox.Strongbox):
    """Where the first is done it takes the second for done, too."""

    async def strip(self, record: Record, keep: frozenset[str]) -> None:
        filled = await self.filled(record, keep)
        for name in filled if self.spec.kind_of(record).strips[0] in filled else ():
            await self.http.patch("/" + record.kind + "s/{id}", id=record.ref, json={name: ""})


class ShutsOffNothing(strongbox.Strongbox):
    async def restrict(self, record: Record) -> None:
        if record.kind != "invoice":
            await super().restrict(record)


class CannotTellWithoutThePerson(Shoebox):
    """When a hold ends nobody can be searched for, and it shows no invoice by its reference: what was erased is never proven."""

    async def still_listed(self, record: Record) -> bool | None:
        return None
