"""Shoebox connectors that are broken on purpose: what an author may get wrong, one fault each."""

import logging
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from itertools import count
from typing import Any, Literal

import httpx

from connectors.auth import Bearer, By
from connectors.contract import (
    Call,
    Connector,
    Denied,
    Gone,
    Kind,
    Look,
    Misread,
    NeedsPerson,
    Outcome,
    Record,
    Refused,
    RestrictedIf,
    Right,
    Shape,
    State,
    Subject,
    Turn,
    VendorError,
)
from connectors.testing.simulator import Person
from tests.connectors import strongbox
from tests.connectors.shoebox import Box, Customer, Row, Shoebox, ShoeboxSettings, ShoeboxSimulator

log = logging.getLogger(__name__)


class Shown(Customer):
    state = RestrictedIf("archived", True)


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


class TakesMissingForNothing(Shoebox):
    async def rows(self, path: str, shape: Any, query: Any = None, **values: str) -> list[Any]:
        try:
            return await super().rows(path, shape, query, **values)
        except Gone:
            return []


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


class ErasesBlindly(Shoebox):
    """Nothing is located: a made-up reference is deleted, and 404 is success."""

    async def locate(self, subject: Subject) -> AsyncIterator[Record]:
        for value in subject.values("customer_id"):
            yield Record("customer", value)


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


class RestrictsEachTime(Shoebox):
    """`locate` does not tell that a record is restricted already."""

    def record(self, kind: str, row: Row, **more: Any) -> Record:
        return super().record(kind, row, **more | {"state": State.PRESENT})


class LogsTheAddress(Shoebox):
    async def customers(self, subject: Subject) -> list[Customer]:
        found = await super().customers(subject)
        log.debug("%d customers of %s", len(found), subject.values("email"))
        return found


class PrintsTheAddress(Shoebox):
    async def customers(self, subject: Subject) -> list[Customer]:
        print("searching for", *subject.values("email"))
        return await super().customers(subject)


class LogsTheSecret(Shoebox):
    @classmethod
    def auth(cls, settings: ShoeboxSettings) -> httpx.Auth:
        log.debug("signing in with %s", settings.token.get_secret_value())
        return Shoebox.auth(settings)


class RaisesWithTheAddress(Shoebox):
    """In the text of an exception while locating."""

    async def rows(self, path: str, shape: Any, query: Any = None, **values: str) -> list[Any]:
        try:
            return await super().rows(path, shape, query, **values)
        except VendorError as error:
            raise Misread(f"{error.reason} ({query})") from error


class ReasonsWithTheName(Shoebox):
    """In the reason why one record cannot be erased."""

    async def locate(self, subject: Subject) -> AsyncIterator[Record]:
        self._name = subject.values("name")
        async for record in super().locate(subject):
            yield record

    async def erase(self, record: Record) -> None:
        try:
            await super().erase(record)
        except Refused as error:
            raise NeedsPerson(f"Ask {self._name} about it.") from error


class ReasonsWithTheSecret(Shoebox):
    async def erase(self, record: Record) -> None:
        try:
            await super().erase(record)
        except VendorError as error:
            raise Refused(f"Not with {self.settings.token.get_secret_value()}.") from error


class CallsAnotherHost(Shoebox):
    """Through the door, with a whole URL for a path."""

    async def customers(self, subject: Subject) -> list[Customer]:
        await self.http.get("https://elsewhere.test/v1/customers")
        return await super().customers(subject)


class HasItsOwnClient(Shoebox):
    """Past the door: another host, no time-out, no pace, and failures that nobody hears of."""

    async def customers(self, subject: Subject) -> list[Customer]:
        try:
            async with httpx.AsyncClient(timeout=None, trust_env=False) as client:
                await client.get("https://elsewhere.test/seen")
        except httpx.HTTPError:
            pass
        return await super().customers(subject)


class UndeclaredKind(Shoebox):
    def record(self, kind: str, row: Row, **more: Any) -> Record:
        return super().record("memo" if kind == "note" else kind, row, **more)


class DeclaresTooMuch(Shoebox):
    """A kind that is never found."""

    spec = replace(Shoebox.spec, kinds=(Kind("ticket"), *Shoebox.spec.kinds))


class NoDocs(Shoebox):
    spec = replace(Shoebox.spec, docs="")


class RestrictsNothing(Shoebox):
    async def restrict(self, record: Record) -> None:
        return None


class RestrictsByErasing(Shoebox):
    async def restrict(self, record: Record) -> None:
        await self.http.delete("/customers/{id}", id=record.ref)


class LiftsNothing(Shoebox):
    async def lift(self, record: Record) -> None:
        return None


class Says(Shoebox):
    """No fault: its customers are restricted, lifted and shown as their kind says, by no method of its own."""

    restrict, lift, peek = Connector.restrict, Connector.lift, Connector.peek  # type: ignore[assignment]
    auth = Connector.__dict__["auth"]
    signs_in = By(Bearer, "token")
    customer = Kind(
        "customer",
        at="/customers/{id}",
        peeks=Look(Shown),
        restricts=Call("POST", at="/customers/{id}/archive"),
        lifts=Call("POST", at="/customers/{id}/unarchive"),
    )
    spec = replace(Shoebox.spec, kinds=(*Shoebox.spec.kinds[:2], customer))


def _saying(**changes: Any) -> Any:
    return replace(Says.spec, kinds=(*Says.spec.kinds[:2], replace(Says.customer, **changes)))


class SaysTheWrongCall(Says):
    spec = _saying(restricts=Call("POST", at="/customers/{id}/unarchive"))


class SaysNoCall(Says):
    """It declares that it restricts, and not how."""

    spec = _saying(restricts=True)


class SaysNoPath(Says):
    spec = _saying(at=None, peeks=False, restricts=Call("POST"))


class ShowsNoState(Says):
    """Its look tells only that the record is there: what is restricted is shown as present."""

    spec = _saying(peeks=True)


class SignsInByNoSetting(Says):
    signs_in = By(Bearer, "api_key")


class YieldsTwice(Shoebox):
    """The same record under two references: it would be counted twice."""

    async def locate(self, subject: Subject) -> AsyncIterator[Record]:
        async for record in super().locate(subject):
            yield record
            if record.kind == "note":
                yield replace(record, ref=f"0{record.ref}")


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


class SwallowsRefusalsOfTheLook(SwallowsRefusals):
    async def peek(self, record: Record) -> State | None:
        return None


class TakesGoneForAnError(Shoebox):
    async def erase(self, record: Record) -> None:
        try:
            await super().erase(record)
        except Gone as error:
            raise Misread("It is not there.") from error


class YieldsTheSameTwice(Shoebox):
    """No fault: two searches may find the same record."""

    async def locate(self, subject: Subject) -> AsyncIterator[Record]:
        async for record in super().locate(subject):
            yield record
            yield record


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
