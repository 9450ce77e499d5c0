"""Mailchimp Marketing in memory, after its API document 3.0.55 (as split in api-evangelist/mailchimp @ 649b1e6), read on 2026-11-22.

Believed only: that the search hides archived members and lags, that whoever was deleted for good is 404 from then on, that setting
somebody to subscribed is 400 in a compliance state, and the list of stores (the document at hand begins below one). Stricter than known: a
parameter that is not documented is 400.
"""

from base64 import b64encode
from collections import Counter
from hashlib import md5
from itertools import count
from typing import Any

import httpx

from connectors.testing.harness import SECRETS
from connectors.testing.simulator import Lagging, Person, Simulator, body_of, query_of, route

Row = dict[str, Any]
_SET = ("subscribed", "unsubscribed", "cleaned", "pending")
_TITLES = {400: "Invalid Resource", 401: "API Key Invalid", 404: "Resource Not Found"}


class MailchimpSimulator(Simulator):
    """Two audiences and two shops."""

    base_path = "/3.0"

    def __init__(self) -> None:
        super().__init__()
        self._ids = count(1000)
        self.lists = [f"a{next(self._ids)}" for _ in range(2)]
        self.stores = [f"s{next(self._ids)}" for _ in range(2)]
        self.members: dict[tuple[str, str], Row] = {}
        self.shop: dict[str, dict[tuple[str, str], Row]] = {"customers": {}, "orders": {}}
        self.forgotten: set[tuple[str, str]] = set()
        self._ghosts = Lagging(self)

    def seed(self, person: Person) -> None:
        there = [at for at, id in self.members if id == _hash(person.email)]
        if len(there) == len(self.lists):
            self.lists.append(f"a{next(self._ids)}")
            self.stores.append(f"s{next(self._ids)}")
        at = next(at for at in self.lists if at not in there)
        self.add_member(at, person)
        store = self.stores[self.lists.index(at)]
        self.add_order(store, self.add_customer(store, person), f"{person.since.isoformat()}T10:15:30+00:00")

    def add_member(self, at: str, person: Person, status: str = "subscribed") -> str:
        id = _hash(person.email)
        names = {"merge_fields": {"FNAME": person.name, "PHONE": person.phone}, "full_name": person.name}
        self.members[at, id] = {"id": id, "list_id": at, "email_address": person.email, "status": status} | names
        return id

    def add_customer(self, store: str, person: Person) -> str:
        id = f"{person.customer_id}/{next(self._ids)}"
        self.shop["customers"][store, id] = {"id": id, "email_address": person.email, "opt_in_status": True, "first_name": person.name}
        return id

    def add_order(self, store: str, customer: str, processed: str | None) -> str:
        id = f"{next(self._ids)}"
        who = self.shop["customers"].get((store, customer), {"id": customer})
        self.shop["orders"][store, id] = {"id": id, "store_id": store, "customer": who, "processed_at_foreign": processed, "lines": []}
        return id

    def _of(self, person: Person) -> list[Row]:
        return [row for (_, id), row in self.members.items() if id == _hash(person.email)]

    def traces(self, person: Person) -> Counter[str]:
        ids = [key for key, row in self.shop["customers"].items() if row["email_address"].lower() == person.email.lower()]
        mine = [row["customer"].get("email_address", "").lower() == person.email.lower() for row in self.shop["orders"].values()]
        return Counter(subscriber=len(self._of(person)), customer=len(ids), order=sum(mine))

    def restricted(self, person: Person) -> Counter[str]:
        return Counter(subscriber=sum(row["status"] == "unsubscribed" for row in self._of(person)))

    def archive(self, person: Person) -> None:
        for row in self._of(person):
            row["status"] = "archived"

    def signed_in(self, request: httpx.Request) -> bool:
        wanted = b64encode(f"key:{SECRETS['KIT_SECRET']}".encode()).decode()
        return bool(request.headers.get("authorization") == f"Basic {wanted}")

    @route("GET", "/search-members")
    def search(self, request: httpx.Request) -> httpx.Response:
        query = query_of(request)
        if {*query} - {"query", "list_id", "fields", "exclude_fields"} or not query.get("query"):
            return _error(400)
        text, rows = query["query"].lower(), [row for row in self.members.values() if row["status"] != "archived"]
        near = [row for row in self._ghosts.shown(rows) if text in f"{row['email_address']} {row['full_name']}".lower()]
        exact = [row for row in near if row["email_address"].lower() == text]
        found = {"exact_matches": exact, "full_search": [row for row in near if row not in exact]}
        return httpx.Response(200, json={part: {"members": some, "total_items": len(some)} for part, some in found.items()})

    @route("GET", "/lists")
    def all_lists(self, request: httpx.Request) -> httpx.Response:
        return self._page(request, "lists", [{"id": at, "name": at} for at in self.lists])

    @route("GET", "/lists/{at}/members/{id}")
    def show_member(self, request: httpx.Request, at: str, id: str) -> httpx.Response:
        return _told(self.members.get((at, id)))

    @route("PATCH", "/lists/{at}/members/{id}")
    def change_member(self, request: httpx.Request, at: str, id: str) -> httpx.Response:
        row, status = self.members.get((at, id)), body_of(request).get("status")
        if row and (status not in _SET or (status == "subscribed" and row["status"] in ("unsubscribed", "cleaned"))):
            return _error(400)
        row and row.update(status=status)
        return _told(row)

    @route("DELETE", "/lists/{at}/members/{id}")
    def archive_member(self, request: httpx.Request, at: str, id: str) -> httpx.Response:
        row = self.members.get((at, id))
        row and row.update(status="archived")
        return httpx.Response(204) if row else _error(404)

    @route("POST", "/lists/{at}/members/{id}/actions/delete-permanent")
    def forget(self, request: httpx.Request, at: str, id: str) -> httpx.Response:
        if (at, id) not in self.members:
            return _error(404)
        self._ghosts.deleted(self.members.pop((at, id)))
        self.forgotten.add((at, id))
        return httpx.Response(204)

    @route("GET", "/ecommerce/stores")
    def all_stores(self, request: httpx.Request) -> httpx.Response:
        return self._page(request, "stores", [{"id": store, "name": store} for store in self.stores])

    @route("GET", "/ecommerce/stores/{store}/{what}")
    def list_shop(self, request: httpx.Request, store: str, what: str) -> httpx.Response:
        if store not in self.stores or what not in self.shop:
            return _error(404)
        rows, customer = [row for (at, _), row in self.shop[what].items() if at == store], query_of(request).get("customer_id")
        return self._page(request, what, [row for row in rows if customer in (None, row.get("customer", {}).get("id"))])

    @route("GET", "/ecommerce/stores/{store}/{what}/{id}")
    def show_shop(self, request: httpx.Request, store: str, what: str, id: str) -> httpx.Response:
        return _told(self.shop.get(what, {}).get((store, id)))

    @route("DELETE", "/ecommerce/stores/{store}/{what}/{id}")
    def delete_shop(self, request: httpx.Request, store: str, what: str, id: str) -> httpx.Response:
        return httpx.Response(204) if self.shop.get(what, {}).pop((store, id), None) else _error(404)

    def _page(self, request: httpx.Request, what: str, rows: list[Row]) -> httpx.Response:
        query = query_of(request)
        asked, start = query.get("count", "10"), query.get("offset", "0")
        own = {"customer_id"} if what == "orders" else set[str]()
        if {*query} - {"count", "offset"} - own or not (asked + start).isdecimal() or int(asked) > 1000:
            return _error(400)
        shown, total = self.cut(rows, int(start), int(asked))
        return httpx.Response(200, json={what: shown, "total_items": total, "_links": []})


def _hash(address: str) -> str:
    return md5(address.lower().encode(), usedforsecurity=False).hexdigest()


def _told(row: Row | None) -> httpx.Response:
    return httpx.Response(200, json=row) if row else _error(404)


def _error(status: int) -> httpx.Response:
    body = {"type": "https://mailchimp.com/developer/marketing/docs/errors/", "title": _TITLES[status], "status": status, "detail": "No."}
    return httpx.Response(status, json=body | {"instance": "x"}, headers={"content-type": "application/problem+json"})
