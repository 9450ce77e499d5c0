"""Mailchimp: the members of every audience, and the customers and orders of its shops. Facts and doubts: docs/vendors/mailchimp.md."""

import datetime as dt
from collections.abc import AsyncIterator
from hashlib import md5
from typing import Any

from connectors.auth import Basic
from connectors.contract import Connector, Gone, Kind, Record, Secret, Settings, Shape, Spec, State, Subject, by_offset, found, rows

_SILENT = ("unsubscribed", "cleaned", "archived")  # nothing is sent to whoever stands so


class MailchimpSettings(Settings):
    api_key: Secret


class Row(Shape):
    id: str


class Person(Row):
    email_address: str | None
    status: str | None = None  # customers have none

    @property
    def state(self) -> State:
        return State.RESTRICTED if self.status in _SILENT else State.PRESENT


class Hit(Person):
    list_id: str


class Order(Row):
    customer: Row
    processed_at_foreign: str | None = None  # of absent moments Mailchimp writes an empty text

    @property
    def since(self) -> dt.datetime | None:
        return dt.datetime.fromisoformat(self.processed_at_foreign) if self.processed_at_foreign else None


class Mailchimp(Connector[MailchimpSettings]):
    spec = Spec(  # no `lifts`: only the person may subscribe again
        name="mailchimp", kind="mailing_list", identifiers=("email", "mailchimp.customer_id"), calls_per_minute=300, concurrency=4,
        kinds=(
            Kind("order", at="/ecommerce/stores/{store}/orders/{id}", peeks=True),
            Kind("customer", at="/ecommerce/stores/{store}/customers/{id}", peeks=True),
            Kind("subscriber", at="/lists/{list}/members/{id}", peeks=True, restricts=True),
        ),
        not_covered=("carts that were abandoned, other people's fields, reports of campaigns, conversations, surveys",),
        docs="https://mailchimp.com/developer/marketing/api/", checked=dt.date(2026, 11, 22),
    )  # fmt: skip
    settings_model = MailchimpSettings

    @classmethod
    def auth(cls, settings: MailchimpSettings) -> Basic:
        return Basic("key", settings.api_key)  # any user name will do

    async def locate(self, subject: Subject) -> AsyncIterator[Record]:
        for address in subject.values("email"):
            answer = await self.http.get("/search-members", query={"query": address})  # it may hide archived ones
            for hit in answer.read(list[Hit], "exact_matches/members") + answer.read(list[Hit], "full_search/members"):
                if subject.matches("email", hit.email_address):
                    yield Record("subscriber", f"{hit.list_id}/{hit.id}", state=hit.state)
        async for audience in self._list("/lists", "lists", Row):
            for address in subject.values("email"):
                own = Record("subscriber", f"{audience.id}/{md5(address.encode(), usedforsecurity=False).hexdigest()}")
                member = await found(self.on(own, self.http.get), Person)
                if member is not None and subject.matches("email", member.email_address):
                    yield Record("subscriber", f"{audience.id}/{member.id}", state=member.state)
        async for store in self._list("/ecommerce/stores", "stores", Row):
            async for customer in self._list("/ecommerce/stores/{store}/customers", "customers", Person, store=store.id):
                own = Record("customer", f"{store.id}/{customer.id}")  # two shops may give the same number to two people
                if subject.matches("email", customer.email_address) or subject.matches("mailchimp.customer_id", own.ref):
                    its = {"customer_id": customer.id}
                    async for order in self._list("/ecommerce/stores/{store}/orders", "orders", Order, its, store=store.id):
                        if order.customer.id == customer.id:
                            yield Record("order", f"{store.id}/{order.id}", order.since, own.key)
                    yield own

    def _list(self, path: str, at: str, shape: Any, query: dict[str, str] | None = None, **values: Any) -> AsyncIterator[Any]:
        absent = () if path == "/lists" else Gone  # every account has audiences, not every one has shops
        asked = {"count": 1000, "offset": 0} | (query or {})
        return rows(self.http.get, path, shape, by_offset(total="total_items"), at=at, query=asked, absent=absent, **values)

    async def erase(self, record: Record) -> None:
        if record.kind != "subscriber":
            await self.on(record, self.http.delete)
            return
        audience, id = record.ref.split("/")  # DELETE would only archive
        await self.http.post("/lists/{list}/members/{id}/actions/delete-permanent", list=audience, id=id)

    async def restrict(self, record: Record) -> None:
        await self.on(record, self.http.patch, json={"status": "unsubscribed"})

    def state_of(self, record: Record, answer: Any) -> State:
        return answer.read(Person).state if record.kind == "subscriber" else super().state_of(record, answer)
