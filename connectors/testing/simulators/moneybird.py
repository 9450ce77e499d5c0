"""Moneybird in memory, after its OpenAPI document v2-20260821 (github.com/moneybird/openapi), read on 2026-11-22.

Believed only: that a contact with invoices answers 422 to DELETE (changelog of 2016; the document lists 204 and 404).
"""

from collections import Counter
from datetime import date
from itertools import count
from typing import Any

import httpx

from connectors.testing.simulator import Lagging, Person, Simulator, query_of, route

_LISTS = ("sales_invoices", "external_sales_invoices")


class MoneybirdSimulator(Simulator):
    """One administration, "123". Lists default to this year, contacts to those that are not archived."""

    base_path = "/api/v2"

    def __init__(self) -> None:
        super().__init__()
        self._ids = count(1000)
        self.today = date(2026, 11, 20)
        self.contacts: dict[str, dict[str, Any]] = {}
        self.invoices: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in _LISTS}
        self._ghosts = Lagging(self)

    def seed(self, person: Person) -> None:
        contact = self.add_contact(person)
        self.add_invoice(contact, person.since)
        company = self.add_contact(Person(f"info@{person.customer_id}.example", "A company", f"B-{person.customer_id}"))
        self.contacts[company]["contact_people"].append({"id": str(next(self._ids)), "email": person.email, "firstname": person.name})

    def add_contact(self, person: Person, archived: bool = False) -> str:
        id = str(next(self._ids))
        self.contacts[id] = {
            "id": id, "email": person.email, "customer_id": person.customer_id, "firstname": person.name, "phone": person.phone,
            "send_invoices_to_email": person.email, "archived": archived, "contact_people": [],
        }  # fmt: skip
        return id

    def add_invoice(self, contact: str, dated: date | None, which: str = "sales_invoices", state: str = "paid") -> str:
        id = str(next(self._ids))
        field = "invoice_date" if which == "sales_invoices" else "date"
        self.invoices[which][id] = {"id": id, "contact_id": contact, "state": state, field: dated.isoformat() if dated else None}
        return id

    def traces(self, person: Person) -> Counter[str]:
        left: Counter[str] = Counter()
        mine = {id for id, c in self.contacts.items() if c["email"].lower() == person.email.lower()}
        left["contact"] = len(mine)
        left["invoice"] = sum(i["contact_id"] in mine for rows in self.invoices.values() for i in rows.values())
        people = [p for c in self.contacts.values() for p in c["contact_people"]]
        left["contact_person"] = sum(p["email"].lower() == person.email.lower() for p in people)
        return left

    def restricted(self, person: Person) -> Counter[str]:
        mine = [c for c in self.contacts.values() if c["email"].lower() == person.email.lower()]
        return Counter({"contact": sum(c["archived"] for c in mine)})

    def signed_in(self, request: httpx.Request) -> bool:
        return request.headers.get("authorization") == "Bearer kit-secret-9f3a71"

    @route("GET", "/123/contacts.json")
    def list_contacts(self, request: httpx.Request) -> httpx.Response:
        return self._contacts(request, lambda c: [c["email"], c["customer_id"], c["firstname"], c["phone"]])

    @route("GET", "/123/contacts/filter.json")
    def filter_contacts(self, request: httpx.Request) -> httpx.Response:
        return self._contacts(request, lambda c: [c["email"], *(p["email"] for p in c["contact_people"])])

    def _contacts(self, request: httpx.Request, texts: Any) -> httpx.Response:
        wanted = query_of(request).get("query", "").lower()
        archived = query_of(request).get("include_archived") == "true"
        rows = self._ghosts.shown(list(self.contacts.values()))
        return self._page(request, [c for c in rows if (archived or not c["archived"]) and any(wanted in t.lower() for t in texts(c))])

    @route("GET", "/123/contacts/{id}.json")
    def show_contact(self, request: httpx.Request, id: str) -> httpx.Response:
        contact = self.contacts.get(id)
        hidden = contact and contact["archived"] and query_of(request).get("include_archived") != "true"
        return httpx.Response(200, json=contact) if contact and not hidden else _missing()

    @route("DELETE", "/123/contacts/{id}.json")
    def delete_contact(self, request: httpx.Request, id: str) -> httpx.Response:
        if id not in self.contacts:
            return _missing()
        if any(i["contact_id"] == id for rows in self.invoices.values() for i in rows.values()):
            return httpx.Response(422, json={"error": {"base": ["Contact is still used in the bookkeeping"]}})
        self._ghosts.deleted(self.contacts.pop(id))
        return httpx.Response(204)

    @route("PATCH", "/123/contacts/{id}/archive.json")
    def archive_contact(self, request: httpx.Request, id: str) -> httpx.Response:
        if id not in self.contacts:
            return _missing()
        self.contacts[id]["archived"] = True
        return httpx.Response(204)

    @route("DELETE", "/123/contacts/{id}/contact_people/{person}.json")
    def delete_person(self, request: httpx.Request, id: str, person: str) -> httpx.Response:
        people = self.contacts.get(id, {}).get("contact_people", [])
        left = [p for p in people if p["id"] != person]
        if len(left) == len(people):
            return _missing()
        self.contacts[id]["contact_people"] = left
        return httpx.Response(204)

    @route("GET", "/123/{which}.json")
    def list_invoices(self, request: httpx.Request, which: str) -> httpx.Response:
        if which not in self.invoices:
            return _missing()
        terms = dict(term.split(":", 1) for term in query_of(request).get("filter", "period:this_year").split(","))
        period = terms.get("period", "this_year")
        first, last = (f"{self.today.year}0101", f"{self.today.year}1231") if period == "this_year" else period.split("..")
        rows = [i for i in self.invoices[which].values() if terms.get("contact_id", i["contact_id"]) == i["contact_id"]]
        return self._page(request, [i for i in rows if first <= _day(i).replace("-", "") <= last])

    @route("GET", "/123/{which}/{id}.json")
    def show_invoice(self, request: httpx.Request, which: str, id: str) -> httpx.Response:
        invoice = self.invoices.get(which, {}).get(id)
        return httpx.Response(200, json=invoice) if invoice else _missing()

    @route("DELETE", "/123/{which}/{id}.json")
    def delete_invoice(self, request: httpx.Request, which: str, id: str) -> httpx.Response:
        return httpx.Response(204) if self.invoices.get(which, {}).pop(id, None) else _missing()

    def _page(self, request: httpx.Request, rows: list[Any]) -> httpx.Response:
        query = query_of(request)
        size, page = min(int(query.get("per_page", 50)), self.largest_page), int(query.get("page", 1))
        following = request.url.copy_set_param("page", page + 1)
        more = len(rows) > page * size
        headers = {"x-total-count": str(len(rows))} | ({"link": f'<{following}>; rel="next"'} if more else {})
        return httpx.Response(200, json=rows[(page - 1) * size : page * size], headers=headers)


def _day(invoice: dict[str, Any]) -> str:
    return invoice.get("invoice_date") or invoice.get("date") or "20260101"


def _missing() -> httpx.Response:
    return httpx.Response(404, json={"error": "record not found", "symbolic": {"id": "not_found"}})
