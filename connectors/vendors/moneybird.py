"""Moneybird: contacts, and the invoices that hang from them. Facts and doubts: docs/vendors/moneybird.md."""

import datetime as dt
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import suppress
from typing import Any, TypeVar

import httpx

from connectors.auth import Bearer
from connectors.contract import Answer, Connector, Gone, Kind, NeedsPerson, Record, Refused, Secret, Settings, Shape, Spec, State, Subject, pages

_EVER = "state:all,period:19700101..20991231"  # the default is this_year, which would hide every older one
_LISTS = (  # what hangs from a contact: path, kind, filter
    ("sales_invoices", "invoice", _EVER),
    ("sales_invoices", "invoice", "state:draft"),  # a draft without a date is surely shown only without a period
    ("external_sales_invoices", "invoice", _EVER),
    ("estimates", "estimate", _EVER),
    ("recurring_sales_invoices", "recurring_invoice", "state:active"),
    ("recurring_sales_invoices", "recurring_invoice", "state:inactive"),
)


class MoneybirdSettings(Settings):
    administration_id: str
    token: Secret


class Row(Shape):
    id: str
    email: str | None = None  # of a contact person


class Contact(Row):
    email: str | None
    customer_id: str | None
    company_name: str | None = None
    send_invoices_to_email: str | None = None
    send_estimates_to_email: str | None = None
    archived: bool | None = None
    moneybird_payments_mandate: Any = None
    contact_people: list[Row] | None = None
    notes: list[Row] | None = None


class Hanging(Row):
    contact_id: str | None
    state: str | None = None
    invoice_date: dt.date | None = None
    date: dt.date | None = None  # of an external invoice
    estimate_date: dt.date | None = None
    active: bool | None = None  # of a recurring invoice


R = TypeVar("R", bound=Row)


class Moneybird(Connector[MoneybirdSettings]):
    spec = Spec(
        name="moneybird",
        kind="accounting",
        kinds=(
            *map(Kind, ("draft", "invoice", "estimate", "recurring_invoice", "note", "mandate", "contact_person")),
            Kind("contact", restricts=True),
        ),
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
                contacts |= {contact.id: contact for contact in await self._search(kind, value)}
        for contact in contacts.values():
            theirs = _is_of(contact, subject)
            for kind, ref, email in _parts(contact):
                if theirs if kind != "contact_person" else subject.matches("email", email):
                    yield Record(kind, ref)
            if theirs:
                async for record in self._whole(contact):
                    yield record

    async def _search(self, kind: str, value: str) -> list[Contact]:
        """A free-text search, so it finds other people too; the second path also covers contact people."""
        query = {"query": value, "include_archived": "true"}
        found = await self._list("contacts", list[Contact], query)
        with suppress(Gone):
            found += await self._list("contacts/filter", list[Contact], query | {"filter": "contact_type:all"})
        if kind == "moneybird.contact_id":
            with suppress(Gone):
                found.append(await self._contact(value))
        return found

    async def _whole(self, contact: Contact) -> AsyncIterator[Record]:
        """A contact, and what hangs from it. A draft is not in the books yet: a kind of its own, for which no hold is meant."""
        own = Record("contact", f"contacts/{contact.id}", state=State.RESTRICTED if contact.archived else State.PRESENT)
        for path, kind, terms in _LISTS:
            try:
                rows = await self._list(path, list[Hanging], {"filter": f"contact_id:{contact.id},{terms}"})
            except Gone:
                if path == "sales_invoices":
                    raise
                continue
            for row in rows:
                if row.contact_id == contact.id:
                    since = None if kind == "recurring_invoice" else row.invoice_date or row.date or row.estimate_date
                    state = State.RESTRICTED if row.active is False else State.PRESENT
                    yield Record("draft" if row.state == "draft" and kind == "invoice" else kind, f"{path}/{row.id}", since, own.key, state)
        yield own

    async def _list(self, path: str, shape: type[list[R]], query: Mapping[str, str]) -> list[R]:
        """Every page: by the Link header, and where there is none until a page brings nothing new."""
        found: dict[str, R] = {}
        links: list[dict[str, str] | None] = []
        new = 0

        def more(answer: Answer) -> dict[str, str] | None:
            links.append(answer.next_query())
            return links[-1] if any(links) or new < 2 else {"page": str(len(links) + 1)}

        address = self._at(path)
        async for answer in pages(self.http, address[0], {**query, "per_page": "100"}, more, **address[1]):
            rows = {row.id: row for row in answer.read(shape)}
            new = len(rows.keys() - found.keys())
            found |= rows
        return list(found.values())
