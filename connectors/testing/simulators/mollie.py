"""Mollie in memory, after its OpenAPI document (mollie/openapi @ cfbba47, August 2026), read on 2026-11-22; no text of it is used.

Believed only: that a deleted id answers 410 from then on, that a revoked mandate is gone (`keeps_revoked`: shown as invalid), that a
cancelled subscription cannot be cancelled again (404), and that an unknown or a forbidden query parameter answers 400.
"""

from collections import Counter
from itertools import count
from typing import Any

import httpx

from connectors.testing.simulator import Lagging, Person, Simulator, body_of, query_of, route

_KINDS = {"customer": "customers", "payment": "payments", "invoice": "sales-invoices", "payment_link": "payment-links"}
_LISTS = {**_KINDS, "mandate": "mandates", "subscription": "subscriptions"}
_PREFIX = {
    "customers": "cst",
    "payments": "tr",
    "sales-invoices": "invoice",
    "payment-links": "pl",
    "mandates": "mdt",
    "subscriptions": "sub",
}
_TITLES = {400: "Bad Request", 401: "Unauthorized Request", 404: "Not Found", 410: "Gone", 422: "Unprocessable Entity"}

Row = dict[str, Any]


class MollieSimulator(Simulator):
    """One live profile. Lists run from the newest to the oldest."""

    keeps_revoked = False

    def __init__(self) -> None:
        super().__init__()
        self._ids = count(1000)
        self.rows: dict[str, dict[str, Row]] = {name: {} for name in _LISTS.values()}
        self.deleted: dict[str, Row] = {}
        self._ghosts = {name: Lagging(self) for name in _KINDS.values()}

    def seed(self, person: Person) -> None:
        customer = self.add_customer(person)
        paid = f"{person.since.isoformat()}T10:15:30+00:00"
        account = {"consumerName": person.name, "consumerAccount": "NL55INGB0000000000", "consumerBic": "INGBNL2A"}
        self.add("payments", customerId=customer, status="paid", createdAt=paid, paidAt=paid, details=account)
        self.add("payments", status="expired", createdAt=paid, billingAddress={"email": person.email, "familyName": person.name})
        mandate = self.add("mandates", customerId=customer, status="valid", method="directdebit", details=account)
        self.add("subscriptions", customerId=customer, mandateId=mandate, status="active", interval="1 month", metadata=None)
        recipient = {"type": "consumer", "email": person.email}
        self.add("sales-invoices", status="draft", recipient=recipient, issuedAt=None, paidAt=None)
        self.add("sales-invoices", status="paid", recipient=recipient, issuedAt=paid, paidAt=paid)
        self.add("payment-links", archived=False, billingAddress={"email": person.email}, customerId=None, paidAt=None)

    def add(self, which: str, **fields: Any) -> str:
        id = f"{_PREFIX[which]}_{next(self._ids)}"
        resource = which.removesuffix("s")
        self.rows[which][id] = {"resource": resource, "id": id, "mode": "live", "createdAt": "2025-06-01T10:00:00+00:00", **fields}
        return id

    def add_customer(self, person: Person) -> str:
        return self.add("customers", name=person.name, email=person.email, locale=None, metadata={"customer_id": person.customer_id})

    def traces(self, person: Person) -> Counter[str]:
        everyone = self.rows["customers"] | self.deleted
        mine = {id for id, row in everyone.items() if (row.get("email") or "").lower() == person.email.lower()}
        left: Counter[str] = Counter()
        for kind, which in _LISTS.items():
            for row in self.rows[which].values():
                told = "draft" if row.get("status") == "draft" else kind
                left[told] += row["id"] in mine or self._is_of(row, person, mine)
        return left

    def restricted(self, person: Person) -> Counter[str]:
        mine = {id for id, row in self.rows["customers"].items() if row["email"] == person.email}
        stopped = {"mandate": ("invalid",), "subscription": ("canceled", "completed")}
        return Counter(
            {
                kind: sum(row["customerId"] in mine and row["status"] in ends for row in self.rows[_LISTS[kind]].values())
                for kind, ends in stopped.items()
            }
        )

    @staticmethod
    def _is_of(row: Row, person: Person, customers: set[str]) -> bool:
        if row.get("customerId") in customers:
            return True
        addresses = [(row.get(field) or {}).get("email") for field in ("billingAddress", "recipient")]
        return person.email.lower() in [str(address).lower() for address in addresses]

    def signed_in(self, request: httpx.Request) -> bool:
        return bool(request.headers.get("authorization") == "Bearer kit-secret-9f3a71")

    @route("GET", "/v2/{which}")
    def list_all(self, request: httpx.Request, which: str) -> httpx.Response:
        if which not in _KINDS.values():
            return _error(404)
        return self._page(request, which, self._ghosts[which].shown(list(self.rows[which].values())))

    @route("GET", "/v2/{which}/{id}")
    def show(self, request: httpx.Request, which: str, id: str) -> httpx.Response:
        return self._one(which, id) if which in _KINDS.values() else _error(404)

    @route("GET", "/v2/customers/{customer}/{which}")
    def list_of_customer(self, request: httpx.Request, customer: str, which: str) -> httpx.Response:
        if customer not in self.rows["customers"] or which not in ("payments", "mandates", "subscriptions"):
            return self._one("customers", customer, wanted=False)
        return self._page(request, which, [row for row in self.rows[which].values() if row.get("customerId") == customer])

    @route("GET", "/v2/customers/{customer}/{which}/{id}")
    def show_of_customer(self, request: httpx.Request, customer: str, which: str, id: str) -> httpx.Response:
        if customer not in self.rows["customers"] or which not in ("mandates", "subscriptions"):
            return self._one("customers", customer, wanted=False)
        return self._one(which, id if self.rows[which].get(id, {}).get("customerId") == customer else "")

    @route("DELETE", "/v2/customers/{id}")
    def delete_customer(self, request: httpx.Request, id: str) -> httpx.Response:
        for which in ("mandates", "subscriptions"):
            self.rows[which] = {key: row for key, row in self.rows[which].items() if row["customerId"] != id}
        return self._delete(request, "customers", id)

    @route("DELETE", "/v2/customers/{customer}/mandates/{id}")
    def revoke_mandate(self, request: httpx.Request, customer: str, id: str) -> httpx.Response:
        if self.rows["mandates"].get(id, {}).get("customerId") != customer:
            return _error(404)
        for row in self.rows["subscriptions"].values():
            if row["mandateId"] == id:
                row["status"] = "canceled"
        if self.keeps_revoked:
            self.rows["mandates"][id]["status"] = "invalid"
            return httpx.Response(204)
        return self._delete(request, "mandates", id)

    @route("DELETE", "/v2/customers/{customer}/subscriptions/{id}")
    def cancel_subscription(self, request: httpx.Request, customer: str, id: str) -> httpx.Response:
        row = self.rows["subscriptions"].get(id)
        if row is None or row["customerId"] != customer or row["status"] == "canceled":
            return _error(404)
        row["status"] = "canceled"
        return _answer(200, row)

    @route("DELETE", "/v2/payments/{id}")
    def cancel_payment(self, request: httpx.Request, id: str) -> httpx.Response:
        row = self.rows["payments"].get(id)
        if row is None or not row.get("isCancelable"):
            return _error(422 if row else 404)
        row |= {"status": "canceled", "isCancelable": None}
        return _answer(200, row)

    @route("DELETE", "/v2/sales-invoices/{id}")
    def delete_invoice(self, request: httpx.Request, id: str) -> httpx.Response:
        issued = self.rows["sales-invoices"].get(id, {"status": "draft"})["status"] != "draft"
        return _error(422) if issued else self._delete(request, "sales-invoices", id)

    @route("DELETE", "/v2/payment-links/{id}")
    def delete_link(self, request: httpx.Request, id: str) -> httpx.Response:
        paid = self.rows["payment-links"].get(id, {}).get("paidAt")
        return _error(422) if paid else self._delete(request, "payment-links", id)

    def _delete(self, request: httpx.Request, which: str, id: str) -> httpx.Response:
        if request.content and "testmode" in body_of(request):
            return _error(400)
        if id not in self.rows[which]:
            return self._one(which, id)
        self.deleted[id] = self.rows[which].pop(id)
        if which in self._ghosts:
            self._ghosts[which].deleted(self.deleted[id])
        return httpx.Response(204)

    def _one(self, which: str, id: str, wanted: bool = True) -> httpx.Response:
        found = self.rows[which].get(id) if wanted else None
        return _answer(200, found) if found else _error(410 if id in self.deleted else 404)

    def _page(self, request: httpx.Request, which: str, rows: list[Row]) -> httpx.Response:
        query = query_of(request)
        limit, first = query.get("limit", "50"), query.get("from")
        ids = [row["id"] for row in reversed(rows)]
        if {*query} - {"from", "limit", "sort"} or not limit.isdecimal() or not 1 <= int(limit) <= 250 or (first and first not in ids):
            return _error(400)
        start = ids.index(first) if first else 0
        shown, total = self.cut(rows[::-1], start, int(limit))
        more = ids[(start + len(shown)) % len(ids)] if start + len(shown) < total else ""
        following = (
            {"href": str(request.url.copy_merge_params({"from": more, "limit": limit})), "type": "application/hal+json"} if more else None
        )
        links = {"self": {"href": str(request.url), "type": "application/hal+json"}, "previous": None, "next": following}
        return _answer(200, {"count": len(shown), "_embedded": {which.replace("-", "_"): shown}, "_links": links})


def _answer(status: int, body: Row) -> httpx.Response:
    return httpx.Response(status, json=body, headers={"content-type": "application/hal+json"})


def _error(status: int) -> httpx.Response:
    return _answer(status, {"status": status, "title": _TITLES[status], "detail": "It cannot be done.", "_links": {}})
