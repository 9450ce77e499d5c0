"""Moneybird: contacts, and the invoices that hang from them. Facts and doubts: docs/vendors/moneybird.md."""

import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any

import httpx

from connectors.auth import Bearer
from connectors.contract import (
    MOST_PAGES, Answer, Connector, Gone, Kind, Misread, NeedsPerson, Record, Refused, Secret, Settings, Shape, Spec, State, Subject,
)  # fmt: skip

_EVER = "state:all,period:19700101..20991231"  # the default is this_year, which would hide every older one
_LISTS = {"sales_invoices": "invoice", "external_sales_invoices": "invoice", "estimates": "estimate", "recurring_sales_invoices": "recurring"}
_ARCHIVED = {"include_archived": "true"}


class MoneybirdSettings(Settings):
    administration_id: str
    token: Secret


class Row(Shape):
    id: str
    email: str | None = None
    archived: bool | None = None

    def state_of_it(self) -> State:
        return State.RESTRICTED if self.archived else State.PRESENT


class Contact(Row):
    email: str | None
    customer_id: str | None
    contact_people: list[Row] | None = None

    def is_of(self, subject: Subject) -> bool:
        """Whether all of it is the subject's. Its address may be several, separated by commas."""
        if subject.matches("customer_id", self.customer_id) or subject.matches("moneybird.contact_id", self.id):
            return True
        own = [subject.matches("email", address) for address in (self.email or "").split(",")]
        if any(own) and not all([*own, *(subject.matches("email", p.email) for p in self.contact_people or () if p.email)]):
            raise NeedsPerson("The address is of a contact that others share: change it there, or name the contact by its id.")
        return all(own)


class Hanging(Row):
    contact_id: str | None
    state: str | None = None
    invoice_date: dt.date | None = None
    date: dt.date | None = None  # of an external invoice


class Moneybird(Connector[MoneybirdSettings]):
    spec = Spec(
        name="moneybird", kind="accounting", identifiers=("email", "customer_id", "moneybird.contact_id"), calls_per_minute=150,
        kinds=(*map(Kind, ("draft", "invoice", "estimate", "recurring_invoice", "contact_person")), Kind("contact", restricts=True)),
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
            found |= await self._list("contacts", Contact, _ARCHIVED | {"query": text})  # free text: finds others too
            found |= await self._list("contacts/filter", Contact, _ARCHIVED | {"query": text, "filter": "contact_type:all"})
        for id in subject.values("moneybird.contact_id"):
            with suppress(Gone):
                found[id] = (await self._do(self.http.get, f"contacts/{id}", _ARCHIVED)).read(Contact)
