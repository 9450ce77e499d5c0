"""FactuurSturen.nl: clients, and the invoices that name them. Facts and doubts: docs/vendors/factuursturen.md."""

import datetime as dt

from connectors import contract
from connectors.auth import Basic, By
from connectors.contract import Call, Dated, Gone, Kind, Listed, Look, NeedsPerson, Record, Refused, RestrictedIf, Shape, Spec, Subject

_UNSURE = (Gone, Refused)  # how a number that is gone answers is not known, and one with a slash may be no path: the whole lists tell
_LOOK = Look(unsure=_UNSURE)


class Client(Shape):
    clientnr: str
    email: str | None
    email_reminder: str | None = None
    active: str | bool | None = None  # truth values arrive as texts
    state = RestrictedIf("active", False, "false", "False", "FALSE", "0")

    def is_of(self, subject: Subject) -> bool:
        own = [subject.matches("email", each) for each in (self.email or "").replace(";", ",").split(",") if each.strip()]
        if subject.matches("factuursturen.client_id", self.clientnr) or (own and all(own)):
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
    sent: str | None = None  # may be an empty text, or zeros
    since = Dated("sent")
    open: str | None = None  # what is still to be paid, as a text


class FactuurSturen(contract.Connector[contract.SignInSettings]):
    spec = Spec(
        name="factuursturen", kind="accounting", identifiers=("email", "customer_id", "factuursturen.client_id"), calls_per_minute=15,
        kinds=(
            Kind("draft", at="/invoices_saved/{id}", peeks=_LOOK, listed=Listed(Stored)),
            Kind("recurring_invoice", at="/invoices_repeated/{id}", peeks=_LOOK, listed=Listed(Stored)),
            Kind("invoice", at="/invoices/{id}", peeks=_LOOK,
                 listed=Listed(Invoice, "invoicenr", query={"count": 100}, paging=contract.by_offset("start"))),
            Kind("customer", at="/clients/{id}", peeks=Look(Client, "client", unsure=_UNSURE), how="set inactive",
                 listed=Listed(Client, "clientnr"),  # whole, those that are not active too
                 strips=("phone", "mobile", "notes", "mailintro"),  # `email` stays: a later request is found by it
                 restricts=Call("PUT", {"active": "false"}), lifts=Call("PUT", {"active": "true"})),
        ),
        docs="https://www.factuursturen.nl/docs/developer/v1/", checked=dt.date(2026, 11, 22), facts="documentation in part",
        not_covered=("quotations", "people who are only named in the text of somebody else's invoice"),
    )  # fmt: skip
    base_url = "https://www.factuursturen.nl/api/v1"
    signs_in = By(Basic, "user", "api_key", headers={"Accept": "application/json"})  # else it is XML
    lists = contract.Lists(always=("/clients", "/invoices"))

    async def locate(self, subject: Subject) -> contract.Records:
        own = {client.clientnr: client async for client in self.everyone("customer") if client.is_of(subject)}
        for kind in ("draft", "recurring_invoice"):
            async for stored in self.everyone(kind):
                if stored.clientnr in own:
                    yield Record(kind, stored.id)
        async for invoice in self.everyone("invoice"):
            if invoice.clientnr in own or subject.matches("email", invoice.email):
                still = bool((invoice.open or "").strip("0.,"))
                yield Record("invoice", invoice.invoicenr, invoice.since, ("customer", invoice.clientnr or ""), open=still)
        for client in own.values():
            yield Record("customer", client.clientnr, state=client.state)

    async def strip(self, record: Record, keep: frozenset[str]) -> None:
        if filled := await self.filled(record, keep):
            await self.on(record, self.http.put, json=dict.fromkeys(filled, ""))
