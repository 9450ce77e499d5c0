"""Moneybird: contacts, and the invoices that hang from them. Facts and doubts: docs/vendors/moneybird.md."""

import datetime as dt
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any, TypeVar

import httpx

from connectors.auth import Bearer
from connectors.contract import (
    MOST_PAGES, Connector, Gone, Kind, Misread, NeedsPerson, Record, Refused, Secret, Settings, Shape, Spec, State, Subject,
)  # fmt: skip

_EVER = "state:all,period:19700101..20991231"  # the default is this_year, which would hide every older one
_LISTS = (  # what hangs from a contact: path, kind, filter
    ("sales_invoices", "invoice", _EVER),
    ("sales_invoices", "invoice", "state:draft"),  # a draft without a date is surely listed only without a period
    ("external_sales_invoices", "invoice", _EVER),
    ("estimates", "estimate", _EVER),
    ("recurring_sales_invoices", "recurring_invoice", "state:active"),
    ("recurring_sales_invoices", "recurring_invoice", "state:inactive"),
)
_ARCHIVED = {"include_archived": "true"}


class MoneybirdSettings(Settings):
    administration_id: str
    token: Secret


class Row(Shape):
    id: str
    email: str | None = None
    archived: bool | None = None
    active: bool | None = None  # a recurring invoice


class Contact(Row):
    email: str | None
    customer_id: str | None
    send_invoices_to_email: str | None = None
    contact_people: list[Row] | None = None
    notes: list[Row] | None = None
    moneybird_payments_mandate: Any = None


class Hanging(Row):
    contact_id: str | None
    state: str | None = None
    invoice_date: dt.date | None = None
    date: dt.date | None = None  # of an external invoice
    estimate_date: dt.date | None = None


R = TypeVar("R", bound=Row)


class Moneybird(Connector[MoneybirdSettings]):
    spec = Spec(
        name="moneybird", kind="accounting", identifiers=("email", "customer_id", "moneybird.contact_id"), calls_per_minute=150,
        kinds=(
            *map(Kind, ("draft", "invoice", "estimate", "recurring_invoice", "note", "mandate", "contact_person")),
            Kind("contact", restricts=True),
        ),
        docs="https://developer.moneybird.com", checked=dt.date(2026, 11, 22),
    )  # fmt: skip
    settings_model = MoneybirdSettings
    base_url = "https://moneybird.com/api/v2"

    @classmethod
    def auth(cls, settings: MoneybirdSettings) -> httpx.Auth:
        return Bearer(settings.token)

    async def locate(self, subject: Subject) -> AsyncIterator[Record]:
        found: dict[str, Contact] = {}
        for text in [value for kind in self.spec.identifiers for value in subject.values(kind)]:
            query = {"query": text} | _ARCHIVED  # free text, so other people are found too
            found |= await self._list("contacts", list[Contact], query)
            with suppress(Gone):  # this one also looks at contact people
                found |= await self._list("contacts/filter", list[Contact], query | {"filter": "contact_type:all"})
        for id in subject.values("moneybird.contact_id"):
            with suppress(Gone):
                found[id] = (await self._get(f"contacts/{id}", Contact))
        for contact in found.values():
            async for record in self._of(contact, subject):
                yield record

    async def _of(self, contact: Contact, subject: Subject) -> AsyncIterator[Record]:
        own = Record("contact", f"contacts/{contact.id}", state=_state(contact))
        for person in contact.contact_people or ():
            if subject.matches("email", person.email):
                yield Record("contact_person", f"{own.ref}/contact_people/{person.id}")
        if not _is_of(contact, subject):
            return
        for note in contact.notes or ():
            yield Record("note", f"{own.ref}/notes/{note.id}")
        if contact.moneybird_payments_mandate:
            yield Record("mandate", f"{own.ref}/moneybird_payments_mandate")
        for path, kind, terms in _LISTS:
            try:
                rows = await self._list(path, list[Hanging], {"filter": f"contact_id:{contact.id},{terms}"})
            except Gone:
                if path == "sales_invoices":
                    raise
                continue
            for row in rows.values():
                kind = "draft" if row.state == "draft" and kind == "invoice" else kind
                since = row.invoice_date or row.date or row.estimate_date
                ...
