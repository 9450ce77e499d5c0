"""Mollie: customers, what hangs from them, and payments, which Mollie never lets go. Facts and doubts: docs/vendors/mollie.md."""

import datetime as dt
import json
from collections.abc import AsyncIterator, Collection
from typing import Any, Generic, TypeVar
from zoneinfo import ZoneInfo

import httpx

from connectors.auth import Bearer
from connectors.contract import Answer, Connector, Gone, Kind, Misread, Record, Refused, Secret, Settings, Shape, Spec, State, Subject, pages

_KEPT = "Mollie offers no way to delete a payment; its DELETE only cancels an open one."
_ONLY = {"invoice": "Only a draft invoice can be deleted there.", "payment_link": "A link that was paid on cannot be deleted there."}
_ZONE = ZoneInfo("Europe/Amsterdam")  # Mollie writes UTC: a payment in the last hour of a year belongs to the next one here
_PATH = {
    "payment": "/v2/payments/{id}",
    "invoice": "/v2/sales-invoices/{id}",
    "payment_link": "/v2/payment-links/{id}",
    "customer": "/v2/customers/{id}",
    "mandate": "/v2/customers/{customer}/mandates/{id}",
    "subscription": "/v2/customers/{customer}/subscriptions/{id}",
}


class MollieSettings(Settings):
    api_key: Secret


def _name(field: str) -> str:
    """Mollie's name of a field: `customer_id` is `customerId` there, `links` is `_links`."""
    head, *tail = field.split("_")
    return ("_" if field in ("embedded", "links") else "") + head + "".join(map(str.title, tail))


class Row(Shape):
    model_config = {"alias_generator": _name}
    id: str


class Customer(Row):
    email: str | None
    metadata: Any


class Party(Shape):
    email: str | None = None


class Account(Shape):
    model_config = {"alias_generator": _name}
    consumer_account: str | None = None


class Payment(Row):
    created_at: dt.datetime
    paid_at: dt.datetime | None = None
    customer_id: str | None = None
    billing_address: Party | None = None
    shipping_address: Party | None = None
    details: Account | None = None
    metadata: Any = None


class Link(Row):
    customer_id: str | None = None
    billing_address: Party | None = None


class Invoice(Row):
    customer_id: str | None = None
    recipient: Party | None = None
    recipient_identifier: str | None = None
    issued_at: dt.datetime | None = None  # a draft has none
    paid_at: dt.datetime | None = None
    metadata: Any = None


class Href(Shape):
    href: str


class Next(Shape):
    next: Href | None  # null on the last page, never absent


T = TypeVar("T")


class Turn(Shape):
    model_config = {"alias_generator": _name}
    links: Next


class Page(Turn, Generic[T]):
    count: int
    embedded: dict[str, list[T]]


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
