"""Moneybird: contacts, and the invoices that hang from them. Facts and doubts: docs/vendors/moneybird.md."""

import datetime as dt
from collections.abc import AsyncIterator
from typing import TypeVar

import httpx

from connectors.auth import Bearer
from connectors.contract import Connector, Gone, Kind, Record, Secret, Settings, Shape, Spec, State, Subject, pages

T = TypeVar("T")

_EVER = "period:19700101..20991231"  # the default is this_year, which would hide every older invoice


class MoneybirdSettings(Settings):
    administration_id: str
    token: Secret


class Person(Shape):
    id: str
    email: str | None = None


class Contact(Shape):
    id: str
    email: str | None
    customer_id: str | None
    send_invoices_to_email: str | None = None
    archived: bool = False
    contact_people: list[Person] = []


class Invoice(Shape):
    id: str
    contact_id: str | None
    state: str
    invoice_date: dt.date | None = None  # a draft has none: it is not in the books yet
    date: dt.date | None = None  # of an external invoice


class Moneybird(Connector[MoneybirdSettings]):
    spec = Spec(
        name="moneybird",
        kind="accounting",
        kinds=(Kind("invoice"), Kind("contact_person"), Kind("contact", restricts=True)),
        identifiers=("email", "customer_id", "moneybird.contact_id"),
        calls_per_minute=150,
        docs="https://developer.moneybird.com",
        checked=dt.date(2026, 11, 22),
    )
    settings_model = MoneybirdSettings
    base_url = "https://moneybird.com/api/v2"

    @classmethod
    def auth(cls, settings: MoneybirdSettings) -> httpx.Auth:
        return Bearer(settings.token)

    async def locate(self, subject: Subject) -> AsyncIterator[Record]:
        contacts: dict[str, Contact] = {}
        for kind in self.spec.identifiers:
            for value in subject.values(kind):
                for contact in await self._search(value):
                    contacts[contact.id] = contact
        for contact in contacts.values():
            if _is_of(contact, subject):
                async for record in self._with_invoices(contact):
                    yield record
            else:
                for person in contact.contact_people:
                    if subject.matches("email", person.email):
                        yield Record("contact_person", f"{contact.id}/{person.id}")

    async def _search(self, text: str) -> list[Contact]:
        """A free-text search, so it finds other people too; the second path also covers contact people."""
        query = {"query": text, "include_archived": "true"}
        found = await self._list("contacts", list[Contact], query)
        try:
            return found + await self._list("contacts/filter", list[Contact], query | {"filter": "contact_type:all"})
        except Gone:
            return found

    async def _with_invoices(self, contact: Contact) -> AsyncIterator[Record]:
        for path in ("sales_invoices", "external_sales_invoices"):
            query = {"filter": f"contact_id:{contact.id},state:all,{_EVER}"}
            for invoice in await self._list(path, list[Invoice], query):
                if invoice.contact_id == contact.id:
                    yield Record("invoice", f"{path}/{invoice.id}", invoice.invoice_date or invoice.date, ("contact", contact.id))
        yield Record("contact", contact.id, state=State.RESTRICTED if contact.archived else State.PRESENT)

    async def _list(self, path: str, shape: type[list[T]], query: dict[str, str]) -> list[T]:
        found: list[T] = []
        template = f"/{{administration}}/{path}.json"
        async for answer in pages(self.http, template, query | {"per_page": "100"}, administration=self.settings.administration_id):
            found += answer.read(shape)
        return found

    async def erase(self, record: Record) -> None:
        await self.http.delete(f"/{{administration}}/{_PATH[record.kind]}.json", **self._values(record))

    async def restrict(self, record: Record) -> None:
        """Archiving. The API has no way back, so it is declared as not liftable."""
        await self.http.patch("/{administration}/contacts/{id}/archive.json", **self._values(record))

    async def peek(self, record: Record) -> State:
        if record.kind == "invoice":
            await self.http.get(f"/{{administration}}/{_PATH['invoice']}.json", **self._values(record))
            return State.PRESENT
        answer = await self.http.get("/{administration}/contacts/{id}.json", query={"include_archived": "true"}, **self._values(record))
        contact = answer.read(Contact)
        if record.kind == "contact_person":
            return State.PRESENT if record.ref in {f"{contact.id}/{p.id}" for p in contact.contact_people} else State.GONE
        return State.RESTRICTED if contact.archived else State.PRESENT

    def _values(self, record: Record) -> dict[str, str]:
        first, _, second = record.ref.partition("/")
        names = {"contact": ("id", ""), "contact_person": ("id", "person"), "invoice": ("list", "id")}[record.kind]
        return {"administration": self.settings.administration_id, names[0]: first} | ({names[1]: second} if second else {})


_PATH = {"contact": "contacts/{id}", "contact_person": "contacts/{id}/contact_people/{person}", "invoice": "{list}/{id}"}


def _is_of(contact: Contact, subject: Subject) -> bool:
    address = contact.email or contact.send_invoices_to_email
    return (
        subject.matches("email", address)
        or subject.matches("customer_id", contact.customer_id)
        or subject.matches("moneybird.contact_id", contact.id)
    )
