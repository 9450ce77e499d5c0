"""Moneybird: contacts, and the invoices that hang from them. Facts and doubts: docs/vendors/moneybird.md."""

import datetime as dt
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import Any

from connectors import contract
from connectors.auth import Bearer
from connectors.contract import Connector, Gone, Kind, NeedsPerson, Record, Refused, Secret, Settings, Shape, Spec, State, Subject

_ONE = "/{administration_id}/{list}/{id}.json"  # so a reference starts with the list's name: `contacts/12`
_ARCHIVED = {"include_archived": "true"}
_EVER = "state:all,period:19700101..20991231"  # the default is this_year, which would hide every older one
_HANGING = (  # lists of what hangs from a contact
    ("sales_invoices", "invoice", _EVER), ("external_sales_invoices", "invoice", _EVER), ("estimates", "estimate", _EVER),
    ("recurring_sales_invoices", "recurring_invoice", "state:active"), ("recurring_sales_invoices", "recurring_invoice", "state:inactive"),
)  # fmt: skip


class MoneybirdSettings(Settings):
    administration_id: str
    token: Secret


class Row(Shape):
    id: str
    email: str | None = None
    archived: bool | None = None


class Contact(Row):
    email: str | None
    customer_id: str | None = None
    contact_people: list[Row] | None

    def is_of(self, subject: Subject) -> bool:
        named = subject.matches("customer_id", self.customer_id) or subject.matches("moneybird.contact_id", self.id)
        own = [subject.matches("email", address) for address in (self.email or "").split(",")]  # it may hold several
        people = [subject.matches("email", person.email) for person in self.contact_people or () if person.email]
        if any(own) and not all(own + people) and not named:
            raise NeedsPerson("The address is of a contact that others share: change it there, or give its moneybird.contact_id.")
        return named or all(own)


class Hanging(Row):
    contact_id: str | None
    state: str | None = None
    invoice_date: dt.date | None = None
    date: dt.date | None = None  # of an external invoice


class Moneybird(Connector[MoneybirdSettings]):
    spec = Spec(
        name="moneybird", kind="accounting", identifiers=("email", "customer_id", "moneybird.contact_id"), calls_per_minute=150,
        kinds=(
            Kind("draft", at=_ONE), Kind("invoice", at=_ONE), Kind("estimate", at=_ONE), Kind("recurring_invoice", at=_ONE),
            Kind("contact_person", at="/{administration_id}/{list}/{contact}/{part}/{id}.json"),
            Kind("contact", at=_ONE, restricts=True, how="archived"),
        ), facts="specification",
        docs="https://developer.moneybird.com", checked=dt.date(2026, 11, 22), not_covered=("subscriptions, purchases, time entries",),
    )  # fmt: skip
    settings_model = MoneybirdSettings
    base_url = "https://moneybird.com/api/v2"

    @classmethod
    def auth(cls, settings: MoneybirdSettings) -> Bearer:
        return Bearer(settings.token)

    async def locate(self, subject: Subject) -> AsyncIterator[Record]:
        found: dict[str, Contact] = {}
        for text in [value for kind in self.spec.identifiers for value in subject.values(kind)]:  # free text: other people too
            found |= {row.id: row async for row in self._list("contacts", Contact, _ARCHIVED | {"query": text})}
            everyone = _ARCHIVED | {"query": text, "filter": "contact_type:all"}
            found |= {row.id: row async for row in self._list("contacts/filter", Contact, everyone)}
        for id in subject.values("moneybird.contact_id"):
            with suppress(Gone):
                found[id] = (await self.on(Record("contact", f"contacts/{id}"), self.http.get, query=_ARCHIVED)).read(Contact)
        for id, contact in found.items():
            own = Record("contact", f"contacts/{id}", state=State.RESTRICTED if contact.archived else State.PRESENT)
            for person in contact.contact_people or ():
                if subject.matches("email", person.email):
                    yield Record("contact_person", f"{own.ref}/contact_people/{person.id}")
            if not contact.is_of(subject):
                continue
            for path, kind, terms in _HANGING:
                async for row in self._list(path, Hanging, {"filter": f"contact_id:{id},{terms}"}):
                    if row.contact_id == id:
                        yield Record("draft" if row.state == "draft" else kind, f"{path}/{row.id}", row.invoice_date or row.date, own.key)
            yield own

    def _list(self, path: str, shape: type[Any], query: dict[str, str]) -> AsyncIterator[Any]:
        absent = () if path in ("contacts", "sales_invoices") else Gone  # these two are always there
        path, query, administration = f"/{{administration}}/{path}.json", query | {"per_page": "100"}, self.settings.administration_id
        return contract.rows(self.http.get, path, shape, _following, query=query, absent=absent, administration=administration)

    async def erase(self, record: Record) -> None:
        if record.kind == "draft" and (await self.on(record, self.http.get)).read(Hanging).state != "draft":
            raise Refused("It is no draft any more, so it may be in the books by now.")
        if (await self.on(record, self.http.delete)).header("x-kept-as"):  # a yes all the same
            raise Refused(f"Moneybird keeps the {record.kind}, archived or inactive, since others need it.")

    async def restrict(self, record: Record) -> None:
        id, administration = record.ref.partition("/")[2], self.settings.administration_id
        try:
            await self.http.patch("/{administration}/contacts/{id}/archive.json", administration=administration, id=id)
        except Refused:  # its answer, too, when the contact is archived already
            if await self.peek(record) is not State.RESTRICTED:
                raise

    async def peek(self, record: Record) -> State | None:
        if record.kind == "contact_person":
            return None
        answer = await self.on(record, self.http.get, query=_ARCHIVED if record.kind == "contact" else None)
        return State.RESTRICTED if answer.read(Row).archived else State.PRESENT


def _following(turn: contract.Turn) -> Mapping[str, str | int] | None:
    """The Link header leads on; where there is none, the next number, until a page brings nothing more."""
    return turn.answer.next_query() or ({"page": turn.pages + 1} if turn.new > 1 else None)
