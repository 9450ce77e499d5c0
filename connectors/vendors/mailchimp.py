"""Mailchimp: the members of every audience, and the customers and orders of its shops. Facts and doubts: docs/vendors/mailchimp.md."""

import datetime as dt
from hashlib import md5
from typing import Literal

from connectors import contract
from connectors.auth import Basic
from connectors.contract import Call, Connector, Kind, Lists, Look, Record, Records, RestrictedIf, Shape, Spec, Subject, by_offset, found

_MEMBER = "/lists/{list}/members/{id}"
_CUSTOMERS, _ORDERS = "/ecommerce/stores/{store}/customers", "/ecommerce/stores/{store}/orders"  # not every account has shops
_LEAVE = Call("PATCH", {"status": "unsubscribed"})
_FOR_GOOD = Call("POST", at=f"{_MEMBER}/actions/delete-permanent")  # DELETE would only archive


class Row(Shape):
    id: str


class Person(Row):
    email_address: str | None
    status: str | None = None  # customers have none
    state = RestrictedIf("status", "unsubscribed", "cleaned", "archived")  # nothing is sent to whoever stands so


class Hit(Person):
    list_id: str


class Order(Row):
    customer: Row
    processed_at_foreign: dt.datetime | Literal[""] | None = None  # of absent moments Mailchimp writes an empty text
    since = contract.Dated("processed_at_foreign")


class Mailchimp(Connector[contract.ApiKeySettings]):
    spec = Spec(  # no `lifts`: only the person may subscribe again
        name="mailchimp", kind="mailing_list", identifiers=("email", "mailchimp.customer_id"), calls_per_minute=300, concurrency=4,
        kinds=(
            Kind("order", at=f"{_ORDERS}/{{id}}", peeks=True),
            Kind("customer", at=f"{_CUSTOMERS}/{{id}}", peeks=True),
            Kind("subscriber", at=_MEMBER, peeks=Look(Person), how="unsubscribed", restricts=_LEAVE, erases=_FOR_GOOD),
        ),
        not_covered=("carts that were abandoned, other people's fields, reports of campaigns, conversations, surveys",),
        docs="https://mailchimp.com/developer/marketing/api/", checked=dt.date(2026, 11, 22), facts="specification", bare_403_is_busy=True,
    )  # fmt: skip
    lists = Lists(by_offset(total="total_items"), {"count": 1000, "offset": 0}, always=("/lists", _CUSTOMERS, _ORDERS))

    @classmethod
    def auth(cls, settings: contract.ApiKeySettings) -> Basic:
        return Basic("key", settings.api_key)  # any user name will do

    async def locate(self, subject: Subject) -> Records:
        for address in subject.values("email"):
            answer = await self.http.get("/search-members", query={"query": address})  # it may hide archived ones
            for hit in answer.read(list[Hit], "exact_matches/members") + answer.read(list[Hit], "full_search/members"):
                if subject.matches("email", hit.email_address):
                    yield Record("subscriber", f"{hit.list_id}/{hit.id}", state=hit.state)
        audiences = [row async for row in self.each("/lists", Row, at="lists")]  # like the shops first to its end, which may be missing
        for audience in audiences:
            for address in subject.values("email"):
                own = Record("subscriber", f"{audience.id}/{md5(address.encode(), usedforsecurity=False).hexdigest()}")
                member = await found(self.on(own, self.http.get), Person)
                if member is not None:
                    if not subject.matches("email", member.email_address):
                        raise contract.Misread("Mailchimp shows somebody else than was asked for.")
                    yield Record("subscriber", f"{audience.id}/{member.id}", state=member.state)
        for store in [row async for row in self.each("/ecommerce/stores", Row, at="stores")]:
            async for customer in self.each(_CUSTOMERS, Person, at="customers", store=store.id):
                own = Record("customer", f"{store.id}/{customer.id}")  # two shops may give the same number to two people
                if subject.matches("email", customer.email_address) or subject.matches("mailchimp.customer_id", own.ref):
                    its = {"customer_id": customer.id}
                    async for order in self.each(_ORDERS, Order, its, at="orders", store=store.id):
                        if order.customer.id == customer.id:
                            yield Record("order", f"{store.id}/{order.id}", order.since, own.key)
                    yield own
