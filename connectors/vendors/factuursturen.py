"""FactuurSturen.nl: clients, and the invoices that name them. Facts and doubts: docs/vendors/factuursturen.md."""

import datetime as dt
from contextlib import suppress

from connectors import contract
from connectors.auth import Basic, By
from connectors.contract import Call, Gone, Kind, Look, NeedsPerson, Record, Refused, Shape, Spec, State, Subject, by_offset, found, rows

_UNSURE = (Gone, Refused)  # how a number that is gone answers is not known, and one with a slash may be no path: the whole lists tell
_LOOK = Look(unsure=_UNSURE)
_STORED = {"draft": "/invoices_saved", "recurring_invoice": "/invoices_repeated"}


class FactuurSturenSettings(contract.Settings):
    user: str
    api_key: contract.Secret


class Client(Shape):
    clientnr: str
    email: str | None
    email_reminder: str | None = None
    active: str | bool | None = None  # truth values arrive as texts

    @property
    def state(self) -> State:
        return State.RESTRICTED if str(self.active).lower() in ("false", "0") else State.PRESENT

    def is_of(self, subject: Subject) -> bool:
        if subject.matches("factuursturen.client_id", self.clientnr):
            return True
        own = [subject.matches("email", each) for each in (self.email or "").replace(";", ",").split(",") if each.strip()]
        if own and all(own):
            return True
        numbered = subject.matches("customer_id", self.clientnr)
        if any(own) or subject.matches("email", self.email_reminder) or (own and numbered and subject.values("email")):
            raise NeedsPerson("A client with another's address has the person's number or address too: give its factuursturen.client_id.")
        return numbered


class Stored(Shape):
    id: str
    clientnr: str | None


class Invoice(Shape):
    invoicenr: str
    clientnr: str | None
    email: str | None = None  # its own copy, which stays when the client goes
    sent: str | None = None

    @property
    def since(self) -> dt.date | None:
        with suppress(ValueError):  # an empty text, or zeros
            return dt.date.fromisoformat((self.sent or "")[:10])
        return None


class FactuurSturen(contract.Connector[FactuurSturenSettings]):
    spec = Spec(
        name="factuursturen", kind="accounting", identifiers=("email", "customer_id", "factuursturen.client_id"), calls_per_minute=15,
        kinds=(
            Kind("draft", at="/invoices_saved/{id}", peeks=_LOOK), Kind("recurring_invoice", at="/invoices_repeated/{id}", peeks=_LOOK),
            Kind("invoice", at="/invoices/{id}", peeks=_LOOK),
            Kind("customer", at="/clients/{id}", peeks=Look(Client, "client", unsure=_UNSURE), how="set inactive",
                 strips=("phone", "mobile", "notes", "mailintro"),  # `email` stays: a later request is found by it
                 restricts=Call("PUT", {"active": "false"}), lifts=Call("PUT", {"active": "true"})),
        ),
        docs="https://www.factuursturen.nl/docs/developer/v1/", checked=dt.date(2026, 11, 22), facts="documentation in part",
        not_covered=("quotations", "people who are only named in the text of somebody else's invoice"),
    )  # fmt: skip
    base_url = "https://www.factuursturen.nl/api/v1"
    signs_in = By(Basic, "user", "api_key", headers={"Accept": "application/json"})  # else it is XML

    async def locate(self, subject: Subject) -> contract.Records:
        clients = (await self.http.get("/clients")).read(list[Client])  # whole, those that are not active too
        own = {client.clientnr: client for client in clients if client.is_of(subject)}
        for kind, path in _STORED.items():
            for stored in await found(self.http.get(path), list[Stored]) or []:
                if stored.clientnr in own:
                    yield Record(kind, stored.id)
        async for invoice in rows(self.http.get, "/invoices", Invoice, by_offset("start"), query={"count": 100}):
            if invoice.clientnr in own or subject.matches("email", invoice.email):
                yield Record("invoice", invoice.invoicenr, invoice.since, binds=("customer", invoice.clientnr or ""))
        for client in own.values():
            yield Record("customer", client.clientnr, state=client.state)

    async def still_listed(self, record: Record) -> bool:
        match record.kind:
            case "invoice":
                numbers = [
                    one.invoicenr async for one in rows(self.http.get, "/invoices", Invoice, by_offset("start"), query={"count": 100})
                ]
            case "customer":
                numbers = [one.clientnr for one in (await self.http.get("/clients")).read(list[Client])]
            case kind:
                numbers = [one.id for one in (await self.http.get(_STORED[kind])).read(list[Stored])]
        return record.ref in numbers

    async def strip(self, record: Record, keep: frozenset[str]) -> None:
        if filled := await self.filled(record, keep):
            await self.on(record, self.http.put, json=dict.fromkeys(filled, ""))
