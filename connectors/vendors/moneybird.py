"""Moneybird: contacts, and the invoices that hang from them. Facts and doubts: docs/vendors/moneybird.md."""

import datetime as dt
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

from connectors.auth import Bearer
from connectors.contract import Connector, Gone, Kind, NeedsPerson, Record, Refused, Secret, Settings, Shape, Spec, State, Subject, pages

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
        kinds=(*map(Kind, ("draft", "invoice", "estimate", "recurring_invoice", "contact_person")), Kind("contact", restricts=True)),
        docs="https://developer.moneybird.com", checked=dt.date(2026, 11, 22), not_covered=("subscriptions, purchases, time entries",),
    )  # fmt: skip
    settings_model = MoneybirdSettings
    base_url = "https://moneybird.com/api/v2"

    @classmethod
    def auth(cls, settings: MoneybirdSettings) -> Bearer:
        return Bearer(settings.token)

    async def locate(self, subject: Subject) -> AsyncIterator[Record]:
        found: dict[str, Contact] = {}
        for text in [value for kind in self.spec.identifiers for value in subject.values(kind)]:
            found |= await self._list("contacts", Contact, _ARCHIVED | {"query": text})  # free text: other people too
            found |= await self._list("contacts/filter", Contact, _ARCHIVED | {"query": text, "filter": "contact_type:all"})
        for id in subject.values("moneybird.contact_id"):
            with suppress(Gone):
                found[id] = (await self._do(self.http.get, f"contacts/{id}", _ARCHIVED)).read(Contact)
        for id, contact in found.items():
            own = Record("contact", f"contacts/{id}", state=State.RESTRICTED if contact.archived else State.PRESENT)
            for person in contact.contact_people or ():
                if subject.matches("email", person.email):
                    yield Record("contact_person", f"{own.ref}/contact_people/{person.id}")
            if not contact.is_of(subject):
                continue
            for path, kind, terms in _HANGING:
                for row in (await self._list(path, Hanging, {"filter": f"contact_id:{id},{terms}"})).values():
                    if row.contact_id == id:
                        yield Record("draft" if row.state == "draft" else kind, f"{path}/{row.id}", row.invoice_date or row.date, own.key)
            yield own

    async def _list(self, path: str, shape: Any, query: dict[str, str]) -> dict[str, Any]:
        def more(answer: Any) -> dict[str, str] | None:
            """The Link header leads on; where there is none, the next number, until a page brings nothing new."""
            sizes.append(len(found))
            return answer.next_query() or ({"page": str(len(sizes))} if sizes[-1] - sizes[-2] > 1 else None)

        found, sizes = dict[str, Any](), [0]
        values = {"administration": self.settings.administration_id}
        with suppress(*(() if path in ("contacts", "sales_invoices") else (Gone,))):  # these two are always there
            async for answer in pages(self.http, f"/{{administration}}/{path}.json", query | {"per_page": "100"}, more, **values):
                found |= {row.id: row for row in answer.read(list[shape])}
        return found

    async def _do(self, call: Callable[..., Any], ref: str, query: dict[str, str] | None = None) -> Any:
        ids = {f"id{n}": part for n, part in enumerate(ref.split("/")) if n % 2}  # never in the template, which is logged
        path = "/".join(f"{{id{n}}}" if n % 2 else part for n, part in enumerate(ref.split("/")))
        return await call(f"/{{administration}}/{path}.json", query=query, administration=self.settings.administration_id, **ids)

    async def erase(self, record: Record) -> None:
        if record.kind == "draft" and (await self._do(self.http.get, record.ref)).read(Hanging).state != "draft":
            raise Refused("It is no draft any more, so it may be in the books by now.")
        await self._do(self.http.delete, record.ref)

    async def restrict(self, record: Record) -> None:
        try:
            await self._do(self.http.patch, f"{record.ref}/archive")
        except Refused:  # its answer, too, when the contact is archived already
            if await self.peek(record) is not State.RESTRICTED:
                raise

    async def peek(self, record: Record) -> State | None:
        if record.kind == "contact_person":
            return None
        answer = await self._do(self.http.get, record.ref, _ARCHIVED if record.kind == "contact" else None)
        return State.RESTRICTED if answer.read(Row).archived else State.PRESENT
