"""Mollie: customers, what hangs from them, and payments, which Mollie never lets go. Facts and doubts: docs/vendors/mollie.md."""

import datetime as dt
from collections.abc import AsyncIterator
from typing import Any

from connectors.auth import Bearer
from connectors.contract import Connector, Gone, Kind, Misread, Record, Secret, Settings, Shape, Spec, State, Subject, pages

_KEPT = "Mollie offers no way to delete a payment, and keeps it as a controller of its own."  # its DELETE only cancels an open one
_GO = ("draft", "payment_link", "customer", "mandate", "subscription")  # a draft of an invoice is not in the books yet
_KINDS = (Kind("payment", _KEPT), Kind("invoice", "Mollie deletes drafts of invoices only."), *map(Kind, _GO))
_LISTS = {"payment": "/v2/payments", "invoice": "/v2/sales-invoices", "payment_link": "/v2/payment-links", "customer": "/v2/customers"}


class MollieSettings(Settings):
    api_key: Secret


class Entry(Shape):
    model_config = {"alias_generator": lambda name: name[0] + name.title().replace("_", "")[1:]}  # customerId
    id: str
    status: str | None = None
    email: str | None = None
    customer_id: str | None = None
    recipient_identifier: str | None = None
    recipient: dict[str, Any] | None = None
    billing_address: dict[str, Any] | None = None
    shipping_address: dict[str, Any] | None = None
    details: dict[str, Any] | None = None
    metadata: Any = None
    issued_at: dt.datetime | None = None
    paid_at: dt.datetime | None = None
    created_at: dt.datetime | None = None

    def names(self, subject: Subject) -> bool:
        note = self.metadata if isinstance(self.metadata, dict) else {}
        people = [who for who in (self.recipient, self.billing_address, self.shipping_address, self.details) if who]
        accounts = [who["consumerAccount"] for who in people if who.get("consumerAccount")]  # an IBAN; of PayPal an e-mail address
        told = [("email", value) for value in (self.email or note.get("email"), *accounts, *(who.get("email") for who in people))]
        told += [("customer_id", note.get("customer_id")), ("customer_id", self.recipient_identifier)]
        told += [("mollie.customer_id", self.id), ("mollie.customer_id", self.customer_id), ("mollie.payment_id", self.id)]
        ibans, paid_from = ({"".join(str(iban).split()).upper() for iban in some} for some in (subject.values("iban"), accounts))
        return bool(ibans & paid_from) or any(subject.matches(*pair) for pair in told)

    def record(self, kind: str) -> Record:
        moment = self.issued_at or self.paid_at or (self.created_at if kind == "payment" else None)  # of a draft none
        return Record("draft" if kind == "invoice" and self.status == "draft" else kind, self.id, moment)


class Page(Shape):
    model_config = {"alias_generator": "_{}".format}
    embedded: dict[str, list[Entry]]
    links: dict[str, dict[str, Any] | None]

    def next(self) -> Any:
        return (self.links.get("next") or {"href": ""})["href"] or ""  # null on the last page


class Mollie(Connector[MollieSettings]):
    spec = Spec(  # the customer goes before what hangs from it, and takes it along: a cancelled subscription stays readable
        name="mollie", kind="payments", kinds=_KINDS,
        not_covered=("refunds, chargebacks, numbers in other metadata than customer_id, mandates that only an IBAN names",),
        identifiers=("email", "customer_id", "iban", "mollie.customer_id", "mollie.payment_id"),
        docs="https://docs.mollie.com", checked=dt.date(2026, 11, 22), calls_per_minute=300,
    )  # fmt: skip
    settings_model = MollieSettings
    base_url = "https://api.mollie.com"

    @classmethod
    def auth(cls, settings: MollieSettings) -> Bearer:
        return Bearer(settings.api_key)

    async def locate(self, subject: Subject) -> AsyncIterator[Record]:
        customers = [c.id async for c in self._list(_LISTS["customer"]) if c.names(subject)]
        for kind in ("payment", "invoice", "payment_link"):  # everybody's, since many have no customer
            async for entry in self._list(_LISTS[kind], optional=kind != "payment"):
                if entry.customer_id in customers or entry.names(subject):
                    yield entry.record(kind)
        for customer in customers:
            yield Record("customer", customer)
            for kind in ("payment", "mandate", "subscription"):
                async for entry in self._list(f"/v2/customers/{{id}}/{kind}s", optional=True, id=customer):
                    yield entry.record(kind) if kind == "payment" else Record(kind, f"{customer}/{entry.id}")

    async def _list(self, path: str, *, optional: bool = False, **values: str) -> AsyncIterator[Entry]:
        begun = False  # 404 to the first page: the account has no such list; to a later one: an error
        try:
            async for answer in pages(self.http, path, {"limit": "250"}, lambda a: a.next_query(a.read(Page).next()), **values):
                begun, found = True, list(answer.read(Page).embedded.values())
                if len(found) != 1 or (
                    found[0] and path == _LISTS["customer"] and not any("email" in r.model_fields_set for r in found[0])
                ):
                    raise Misread(f"The list {path} lacks its rows, or what they are searched by.")
                for row in found[0]:
                    yield row
        except Gone:
            if begun or not optional:
                raise

    async def erase(self, record: Record) -> None:
        path, values = self._address(record)
        if "customer" in values:  # `Gone` here: this went along
            await self.http.get("/v2/customers/{customer}", customer=values["customer"])
        await self.http.delete(path, query=None, json=None, **values)

    async def peek(self, record: Record) -> State | None:
        path, values = self._address(record)
        try:
            (await self.http.get(path, query=None, **values)).read(Entry)
            return State.PRESENT  # in whatever status: cancelled is not erased
        except Gone:
            return State.GONE if record.kind == "customer" else None  # of others the search must say so too

    def _address(self, record: Record) -> tuple[str, dict[str, str]]:
        customer, _, id = record.ref.rpartition("/")
        path = _LISTS.get(record.kind.replace("draft", "invoice"), f"/v2/customers/{{customer}}/{record.kind}s")
        return path + "/{id}", {"id": id} | ({"customer": customer} if customer else {})
