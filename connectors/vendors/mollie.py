"""Mollie: customers, what hangs from them, and payments, which Mollie never lets go. Facts and doubts: docs/vendors/mollie.md."""

import datetime as dt
from collections.abc import AsyncIterator
from typing import Any, Generic, TypeVar
from zoneinfo import ZoneInfo

import httpx

from connectors.auth import Bearer
from connectors.contract import Answer, Connector, Gone, Kind, Misread, Record, Secret, Settings, Shape, Spec, State, Subject, pages

T = TypeVar("T")

_KEPT = "Mollie offers no way to delete a payment, and keeps it as a controller of its own."  # its DELETE only cancels an open one
_ZONE = ZoneInfo("Europe/Amsterdam")  # Mollie writes UTC: in the first hour of our year it is still the old year there
_LISTS = {"payment": "/v2/payments", "invoice": "/v2/sales-invoices", "payment_link": "/v2/payment-links", "customer": "/v2/customers"}


class MollieSettings(Settings):
    api_key: Secret


class Body(Shape):
    """`customer_id` is `customerId` at Mollie, and `links` is `_links`."""

    model_config = {"alias_generator": lambda name: "_" * (name in ("links", "embedded")) + name[0] + name.title().replace("_", "")[1:]}


class Who(Body):
    email: str | None = None
    consumer_account: str | None = None  # an IBAN; of PayPal an e-mail address


class Entry(Who):
    """Any record, and all in it that may name a person."""

    id: str
    customer_id: str | None = None
    recipient_identifier: str | None = None
    recipient: Who | None = None
    billing_address: Who | None = None
    shipping_address: Who | None = None
    details: Who | None = None
    metadata: Any = None
    issued_at: dt.datetime | None = None
    paid_at: dt.datetime | None = None
    created_at: dt.datetime | None = None


class Customer(Entry):
    email: str | None
    metadata: Any


class Links(Body):
    next: dict[str, Any] | None  # null on the last page, never absent


class Page(Body, Generic[T]):
    embedded: dict[str, list[T]]
    links: Links


class Mollie(Connector[MollieSettings]):
    # The customer goes before what hangs from it: it takes that along, while a cancelled subscription stays readable.
    spec = Spec(
        name="mollie",
        kind="payments",
        kinds=(Kind("payment", _KEPT), *map(Kind, ("invoice", "payment_link", "customer", "mandate", "subscription"))),
        identifiers=("email", "customer_id", "iban", "mollie.customer_id", "mollie.payment_id"),
        calls_per_minute=300,
        docs="https://docs.mollie.com",
        checked=dt.date(2026, 11, 22),
    )
    settings_model = MollieSettings
    base_url = "https://api.mollie.com"

    @classmethod
    def auth(cls, settings: MollieSettings) -> httpx.Auth:
        return Bearer(settings.api_key)

    async def locate(self, subject: Subject) -> AsyncIterator[Record]:
        customers = [c.id async for c in self._list(_LISTS["customer"], Page[Customer]) if _names(c, subject)]
        for kind in ("payment", "invoice", "payment_link"):  # everybody's, since many have no customer
            async for entry in self._list(_LISTS[kind], Page[Entry], optional=kind != "payment"):
                if entry.customer_id in customers or _names(entry, subject):
                    yield _record(kind, entry)
        for customer in customers:
            yield Record("customer", customer)
            for kind in ("payment", "mandate", "subscription"):
                async for entry in self._list(f"/v2/customers/{{id}}/{kind}s", Page[Entry], optional=True, id=customer):
                    yield _record(kind, entry) if kind == "payment" else Record(kind, f"{customer}/{entry.id}")

    async def _list(self, path: str, shape: type[Page[T]], *, optional: bool = False, **values: str) -> AsyncIterator[T]:
        """Every row. `optional`: a 404 to the first page means that there is no such list; amid the pages it is an error."""
        begun = False
        try:
            async for answer in pages(self.http, path, {"limit": "250"}, _next, **values):
                begun, page = True, answer.read(shape)
                if not page.embedded:
                    raise Misread(f"The answer to GET {path} holds no list.")
                for row in (row for rows in page.embedded.values() for row in rows):
                    yield row
        except Gone:
            if begun or not optional:
                raise

    async def erase(self, record: Record) -> None:
        path, values = _address(record)
        if "customer" in values:
            await self.http.get("/v2/customers/{customer}", customer=values["customer"])  # `Gone`: this went along
        await self.http.delete(path, query=None, json=None, **values)

    async def peek(self, record: Record) -> State | None:
        """There, in whatever status. That it is not there is only of a customer told without another search."""
        path, values = _address(record)
        try:
            (await self.http.get(path, query=None, **values)).read(Entry)
        except Gone:
            return State.GONE if record.kind == "customer" else None
        return State.PRESENT


def _next(answer: Answer) -> dict[str, str] | None:
    link = answer.read(Page[Any]).links.next
    return answer.next_query(link["href"]) if link else None


def _address(record: Record) -> tuple[str, dict[str, str]]:
    customer, _, id = record.ref.rpartition("/")
    path = _LISTS.get(record.kind, f"/v2/customers/{{customer}}/{record.kind}s")
    return path + "/{id}", {"id": id} | ({"customer": customer} if customer else {})


def _record(kind: str, entry: Entry) -> Record:
    moment = entry.issued_at or entry.paid_at or (entry.created_at if kind == "payment" else None)  # of a draft none
    return Record(kind, entry.id, moment and (moment.astimezone(_ZONE) if moment.tzinfo else moment).date())


def _names(entry: Entry, subject: Subject) -> bool:
    note = entry.metadata if isinstance(entry.metadata, dict) else {}
    people = [who for who in (entry, entry.recipient, entry.billing_address, entry.shipping_address, entry.details) if who]
    accounts = [who.consumer_account for who in people if who.consumer_account]
    told = [("email", value) for value in (entry.email or note.get("email"), *accounts, *(who.email for who in people))]
    told += [("customer_id", note.get("customer_id")), ("customer_id", entry.recipient_identifier)]
    told += [("mollie.customer_id", value) for value in (entry.id, entry.customer_id)] + [("mollie.payment_id", entry.id)]
    ibans = {_plain(iban) for iban in subject.values("iban")}
    return any(subject.matches(*pair) for pair in told) or any(_plain(account) in ibans for account in accounts)


def _plain(iban: str) -> str:
    return "".join(iban.split()).upper()
