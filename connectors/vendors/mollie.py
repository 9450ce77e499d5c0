"""Mollie: customers, what hangs from them, and payments, which Mollie never lets go. Facts and doubts: docs/vendors/mollie.md."""

import datetime as dt
from typing import Any

from connectors import contract
from connectors.auth import Bearer, By
from connectors.contract import ApiKeySettings, CamelShape, Connector, Gone, Kind, Listed, Lists, Look, Record, Records, Spec, Subject

_KEPT = "Mollie offers no way to delete a payment, and keeps it as a controller of its own."  # its DELETE only cancels an open one
_OPEN = ("open", "pending", "authorized", "issued", "active")  # of a payment, a sales invoice, a subscription
_LOOK = Look(unsure=Gone)  # in whatever status it is there: cancelled is not erased


class Entry(CamelShape):
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
    since = contract.Dated("issued_at", "paid_at")
    state = contract.RestrictedIf("status", "invalid", "canceled", "completed")  # of a mandate or a subscription: nothing is charged by it

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
        moment = self.since or (self.created_at if kind == "payment" else None)  # of a draft none
        told = "draft" if kind == "invoice" and self.status == "draft" else kind
        return Record(told, self.id, moment, open=self.status in _OPEN)


class Customer(Entry):
    email: str | None  # what customers are searched by: without it there is no knowing


_STOPPED = Look(Entry, unsure=Gone)
_END = contract.Call("DELETE")  # no call brings either back; what is cancelled stays readable, and of what is revoked that is not known
_KINDS = (  # the customer goes before what hangs from it, and takes it along
    Kind("payment", _KEPT, at="/v2/payments/{id}", peeks=_LOOK, listed=Listed(Entry, at="_embedded/payments")),
    Kind("invoice", "Mollie deletes drafts of invoices only.", at="/v2/sales-invoices/{id}", peeks=_LOOK,
         listed=Listed(Entry, at="_embedded/sales_invoices")),
    Kind("draft", at="/v2/sales-invoices/{id}", peeks=_LOOK),  # a draft of an invoice is not in the books yet
    Kind("payment_link", at="/v2/payment-links/{id}", peeks=_LOOK, listed=Listed(Entry, at="_embedded/payment_links")),
    Kind("customer", at="/v2/customers/{id}", peeks=True, listed=Listed(Customer, at="_embedded/customers")),
    Kind("subscription", at="/v2/customers/{customer}/subscriptions/{id}", peeks=_STOPPED, restricts=_END, how="cancelled"),
    Kind("mandate", at="/v2/customers/{customer}/mandates/{id}", peeks=_STOPPED, restricts=_END, how="revoked for good"),
)  # fmt: skip


class Mollie(Connector[ApiKeySettings]):
    spec = Spec(
        name="mollie", kind="payments", kinds=_KINDS,
        not_covered=("refunds, chargebacks, numbers in other metadata than customer_id, mandates that only an IBAN names",),
        identifiers=("email", "customer_id", "iban", "mollie.customer_id", "mollie.payment_id"),
        docs="https://docs.mollie.com", facts="specification", checked=dt.date(2026, 11, 22), calls_per_minute=300,
    )  # fmt: skip
    base_url = "https://api.mollie.com"
    signs_in = By(Bearer, "api_key")
    lists = Lists(contract.by_href("_links/next/href"), {"limit": 250}, always=("/v2/customers", "/v2/payments"))

    async def locate(self, subject: Subject) -> Records:
        customers = [customer.id async for customer in self.everyone("customer") if customer.names(subject)]
        for kind in ("payment", "invoice", "payment_link"):
            async for entry in self.everyone(kind):  # since many have no customer
                if entry.customer_id in customers or entry.names(subject):
                    yield entry.record(kind)
        for customer in customers:
            yield Record("customer", customer)
            for kind in ("payment", "mandate", "subscription"):
                async for entry in self.each(f"/v2/customers/{{customer}}/{kind}s", Entry, at=f"_embedded/{kind}s", customer=customer):
                    hangs = Record(kind, f"{customer}/{entry.id}", state=entry.state, open=entry.status in _OPEN)
                    yield entry.record(kind) if kind == "payment" else hangs

    async def rights(self) -> list[contract.Right]:
        whole = self.settings.api_key.get_secret_value().startswith(("live_", "test_"))  # such a key carries every right of its profile
        return contract.for_both({"all of one website profile": True} if whole else {"customers.write and the like": None})

    async def erase(self, record: Record) -> None:
        if record.kind in ("mandate", "subscription"):  # `Gone` here: this went along
            await self.http.get("/v2/customers/{customer}", customer=record.ref.partition("/")[0])
        await self.on(record, self.http.delete)
