"""Moneybird: contacts, and the invoices that hang from them. Facts and doubts: docs/vendors/moneybird.md."""

import datetime as dt
from collections.abc import Mapping

from connectors import contract
from connectors.auth import Bearer, By
from connectors.contract import Call, Connector, Kind, Look, NeedsPerson, Record, Refused, RestrictedIf, Shape, Spec, Subject

_ONE = "/{administration_id}/{list}/{id}.json"  # so a reference starts with the list's name: `contacts/12`
_LIST = "/{{administration_id}}/{}.json"
_ARCHIVED = {"include_archived": "true"}
_EVER = "state:all,period:19700101..20991231"  # the default is this_year, which would hide every older one
_HANGING = (  # lists of what hangs from a contact
    ("sales_invoices", "invoice", _EVER), ("external_sales_invoices", "invoice", _EVER), ("estimates", "estimate", _EVER),
    ("recurring_sales_invoices", "recurring_invoice", "state:active"), ("recurring_sales_invoices", "recurring_invoice", "state:inactive"),
)  # fmt: skip
_UNPAID = ("open", "pending_payment", "reminded", "late")
_STRIPS = ("phone", "send_estimates_to_attention", "send_estimates_to_email", "custom_fields", "notes")  # not what it is found by again


class MoneybirdSettings(contract.TokenSettings):
    administration_id: str


class Row(Shape):
    id: str
    email: str | None = None
    archived: bool | None = None
    state = RestrictedIf("archived", True)


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


class Hanging(Shape):
    id: str
    contact_id: str | None
    state: str | None = None
    active: bool | None = None  # of a recurring one
    invoice_date: dt.date | None = None
    date: dt.date | None = None  # of an external invoice


def _following(turn: contract.Turn) -> Mapping[str, str | int] | None:
    """The Link header leads on; where there is none, the next number, until a page brings nothing more."""
    return turn.answer.next_query() or ({"page": turn.pages + 1} if turn.new > 1 else None)


class Moneybird(Connector[MoneybirdSettings]):
    spec = Spec(
        name="moneybird", kind="accounting", identifiers=("email", "customer_id", "moneybird.contact_id"), calls_per_minute=150,
        kinds=(
            *(Kind(name, at=_ONE, peeks=Look(Row)) for name in ("draft", "invoice", "estimate", "recurring_invoice")),
            Kind("contact_person", at="/{administration_id}/{list}/{contact}/{part}/{id}.json"),
            Kind("contact", at=_ONE, peeks=Look(Row, query=_ARCHIVED), how="archived", strips=_STRIPS,
                 restricts=Call("PATCH", at="/{administration_id}/{list}/{id}/archive.json")),
        ), facts="specification",
        docs="https://developer.moneybird.com", checked=dt.date(2026, 11, 22), not_covered=("subscriptions, purchases, time entries",),
    )  # fmt: skip
    base_url = "https://moneybird.com/api/v2"
    signs_in = By(Bearer, "token")
    lists = contract.Lists(_following, {"per_page": "100"}, always=tuple(_LIST.format(name) for name in ("contacts", "sales_invoices")))

    async def locate(self, subject: Subject) -> contract.Records:
        found: dict[str, Contact] = {}
        for text in [value for kind in self.spec.identifiers for value in subject.values(kind)]:  # free text: other people too
            for path, more in (("contacts", {}), ("contacts/filter", {"filter": "contact_type:all"})):  # the second: also their people
                found |= {row.id: row async for row in self.each(_LIST.format(path), Contact, _ARCHIVED | more | {"query": text})}
        for id in filter(str.isdecimal, subject.values("moneybird.contact_id")):  # there is no other
            named = await contract.found(self.on(Record("contact", f"contacts/{id}"), self.http.get, query=_ARCHIVED), Contact)
            found |= {id: named} if named else {}
        for id, contact in found.items():
            own = Record("contact", f"contacts/{id}", state=contact.state)
            for person in contact.contact_people or ():
                if subject.matches("email", person.email):
                    yield Record("contact_person", f"{own.ref}/contact_people/{person.id}")
            if not contact.is_of(subject):
                continue
            for path, kind, terms in _HANGING:
                async for row in self.each(_LIST.format(path), Hanging, {"filter": f"contact_id:{id},{terms}"}):
                    if row.contact_id == id:
                        told, still = "draft" if row.state == "draft" else kind, row.active or (kind == "invoice" and row.state in _UNPAID)
                        yield Record(told, f"{path}/{row.id}", row.invoice_date or row.date, own.key, open=bool(still))
            yield own

    async def erase(self, record: Record) -> None:
        if record.kind == "draft" and (await self.on(record, self.http.get)).read(Hanging).state != "draft":
            raise Refused("It is no draft any more, so it may be in the books by now.")
        answer = await self.on(record, self.http.delete)
        left = await contract.found(self.on(record, self.http.get), Hanging) if record.kind == "recurring_invoice" else None
        if answer.header("x-kept-as") or (left and left.active is False):  # a yes all the same, with or without that header
            raise Refused(f"Moneybird keeps the {record.kind}, archived or inactive, since others need it.")

    async def strip(self, record: Record, keep: frozenset[str]) -> None:
        filled = await self.filled(record, keep)
        notes, custom = (filled.pop(name, []) for name in ("notes", "custom_fields"))
        custom = [{"id": field["id"], "value": ""} for field in custom if field["value"]]
        if emptied := dict.fromkeys(filled, "") | ({"custom_fields_attributes": custom} if custom else {}):
            await self.on(record, self.http.patch, json={"contact": emptied})
        [await self.on(Record("contact_person", f"{record.ref}/notes/{note['id']}"), self.http.delete) for note in notes]

    async def rights(self) -> list[contract.Right]:
        told = contract.for_both({"a user who may edit and delete": None})
        for scope in ("sales_invoices", "estimates"):  # the scope that reads a list is the one that deletes from it
            may = await contract.allowed(self.http.get(f"/{{of}}/{scope}.json", query={"per_page": 1}, of=self.settings.administration_id))
            told.append(contract.Right(f"the scope {scope}", "erase", may))
        return told
