"""Moneybird in memory, after its OpenAPI document v2-20260821 (github.com/moneybird/openapi), read on 2026-11-22.

Believed only: that a contact in use answers 422 to DELETE (changelog of 2016-07-28; the document lists 204 and 404), and what
counts as use; with `keeps_used` it answers 204 and archives instead, as `x-kept-as` (changelog of 2026-11-10) lets one suppose; and
that an archived contact can be changed: without `changes_archived` it answers 404. Stricter than known: a parameter, a filter or a
field of a contact that is not documented is 400.
"""

from collections import Counter
from datetime import date
from itertools import count
from typing import Any

import httpx

from connectors.testing.simulator import Lagging, Person, Simulator, body_of, query_of, route

Row = dict[str, Any]
_DATE = {"sales_invoices": "invoice_date", "external_sales_invoices": "date", "estimates": "estimate_date"}
_KIND = dict(zip((*_DATE, "recurring_sales_invoices"), ("invoice", "invoice", "estimate", "recurring_invoice"), strict=True))
_TEXTS = ("company_name", "firstname", "email", "phone", "customer_id")
_STRIPPABLE = ("phone", "send_estimates_to_attention", "send_estimates_to_email")


class MoneybirdSimulator(Simulator):
    """One administration, "123". Lists default to this year, contacts to those that are not archived."""

    base_path = "/api/v2"

    def __init__(self) -> None:
        super().__init__()
        self._ids = count(1000)
        self.today = date(2026, 11, 20)
        self.links = True  # False: `x-total-count` is all that tells of more pages
        self.tells_kept = True  # False: no `x-kept-as`, which was not always there
        self.keeps_used, self.changes_archived = False, True
        self.scopes = {"sales_invoices", "estimates"}
        self.contacts: dict[str, Row] = {}
        self.hanging: dict[str, dict[str, Row]] = {path: {} for path in _KIND}
        self._ghosts = Lagging(self)

    def seed(self, person: Person) -> None:
        contact = self.add_contact(person)
        self.add_invoice(contact, person.since)
        self.add_invoice(contact, None, state="draft")
        self.add_invoice(contact, person.since, "estimates", "open")
        self.add_invoice(contact, None, "recurring_sales_invoices")
        company = self.add_contact(Person(f"info@{person.customer_id}.example", "", f"B-{person.customer_id}"), company_name="A company")
        self.contacts[company]["contact_people"].append({"id": str(next(self._ids)), "email": person.email, "firstname": person.name})

    def add_contact(self, person: Person, **fields: Any) -> str:
        id = str(next(self._ids))
        self.contacts[id] = {
            "id": id, "email": person.email, "customer_id": person.customer_id, "company_name": None, "firstname": person.name,
            "phone": person.phone, "send_invoices_to_email": person.email, "archived": False, "contact_people": [],
            "moneybird_payments_mandate": True, "notes": [{"id": str(next(self._ids)), "note": f"{person.name} called"}],
            "send_estimates_to_attention": person.name, "send_estimates_to_email": person.email,
            "custom_fields": [{"id": str(next(self._ids)), "name": "Birthday", "value": "1 April"}],
        } | fields  # fmt: skip
        return id

    def add_invoice(self, contact: str, dated: date | None, path: str = "sales_invoices", state: str = "paid", **fields: Any) -> str:
        id = str(next(self._ids))
        own = {"state": state, _DATE[path]: dated.isoformat() if dated else None} if path in _DATE else {"active": True}
        self.hanging[path][id] = {"id": id, "contact_id": contact} | own | fields
        return id

    def _of(self, person: Person) -> list[Row]:
        return [c for c in self.contacts.values() if c["email"].lower() == person.email.lower()]

    def traces(self, person: Person) -> Counter[str]:
        mine = {contact["id"] for contact in self._of(person)}
        rows = [(path, row) for path, rows in self.hanging.items() for row in rows.values() if row["contact_id"] in mine]
        left = Counter("draft" if row.get("state") == "draft" else _KIND[path] for path, row in rows)
        people = [(p.get("email") or "").lower() for c in self.contacts.values() for p in c["contact_people"]]
        return left + Counter(contact=len(mine), contact_person=people.count(person.email.lower()))

    def restricted(self, person: Person) -> Counter[str]:
        return Counter(contact=sum(contact["archived"] for contact in self._of(person)))

    def fields(self, person: Person) -> dict[str, set[str]]:
        filled = {name for contact in self._of(person) for name in (*_STRIPPABLE, "notes") if contact[name]}
        custom = {"custom_fields" for contact in self._of(person) for field in contact["custom_fields"] if field["value"]}
        return {"contact": filled | custom}

    def archive(self, person: Person) -> None:
        for contact in self._of(person):
            contact["archived"] = True

    def signed_in(self, request: httpx.Request) -> bool:
        return bool(request.headers.get("authorization") == "Bearer kit-secret-9f3a71")

    @route("GET", "/123/contacts.json")
    def list_contacts(self, request: httpx.Request) -> httpx.Response:
        return self._search(request, lambda c: [c[name] for name in _TEXTS])

    @route("GET", "/123/contacts/filter.json")
    def filter_contacts(self, request: httpx.Request) -> httpx.Response:
        return self._search(request, lambda c: [*(c[name] for name in _TEXTS), *(p.get("email") for p in c["contact_people"])])

    def _search(self, request: httpx.Request, texts: Any) -> httpx.Response:
        wanted, archived = query_of(request).get("query", "").lower(), query_of(request).get("include_archived") == "true"
        rows = [c for c in self._ghosts.shown(list(self.contacts.values())) if archived or not c["archived"]]
        return self._page(request, [c for c in rows if any(wanted in (text or "").lower() for text in texts(c))])

    @route("GET", "/123/contacts/{id}.json")
    def show_contact(self, request: httpx.Request, id: str) -> httpx.Response:
        contact = self.contacts.get(id)
        hidden = contact and contact["archived"] and query_of(request).get("include_archived") != "true"
        return httpx.Response(200, json=contact) if contact and not hidden else _refused()

    @route("DELETE", "/123/contacts/{id}.json")
    def delete_contact(self, request: httpx.Request, id: str) -> httpx.Response:
        if id not in self.contacts:
            return _refused()
        if any(row["contact_id"] == id for rows in self.hanging.values() for row in rows.values()):
            if not self.keeps_used:
                return httpx.Response(422, json={"error": {"base": ["Contact is still used in the bookkeeping"]}})
            self.contacts[id]["archived"] = True
            return httpx.Response(204, headers={"x-kept-as": "archived"})
        self._ghosts.deleted(self.contacts.pop(id))
        return httpx.Response(204)

    @route("PATCH", "/123/contacts/{id}.json")
    def change_contact(self, request: httpx.Request, id: str) -> httpx.Response:
        contact, changes = self.contacts.get(id), body_of(request)["contact"]
        if contact is None or (contact["archived"] and not self.changes_archived):
            return _refused()
        if not changes.keys() <= {*_STRIPPABLE, "custom_fields_attributes"}:
            return _refused(400, "an attribute is not known")
        values = {str(field["id"]): field["value"] for field in changes.pop("custom_fields_attributes", [])}
        contact |= changes
        contact["custom_fields"] = [field | {"value": values.get(field["id"], field["value"])} for field in contact["custom_fields"]]
        return httpx.Response(200, json=contact)

    @route("DELETE", "/123/contacts/{id}/notes/{note}.json")
    def delete_note(self, request: httpx.Request, id: str, note: str) -> httpx.Response:
        there = self.contacts.get(id, {}).get("notes", [])
        gone = [there.pop(at) for at, one in enumerate(list(there)) if one["id"] == note]
        return httpx.Response(204) if gone else _refused(400, "note not found")

    @route("PATCH", "/123/contacts/{id}/archive.json")
    def archive_contact(self, request: httpx.Request, id: str) -> httpx.Response:
        if id not in self.contacts or self.contacts[id]["archived"]:
            return _refused(400, "Contact can not be archived", "can_not_be_archived") if id in self.contacts else _refused()
        self.contacts[id]["archived"] = True
        return httpx.Response(204)

    @route("DELETE", "/123/contacts/{id}/contact_people/{person}.json")
    def delete_person(self, request: httpx.Request, id: str, person: str) -> httpx.Response:
        people = self.contacts.get(id, {}).get("contact_people", [])
        gone = [p for p in people if str(p["id"]) == person]
        people[:] = [p for p in people if p not in gone]
        return httpx.Response(204) if gone else _refused()

    @route("GET", "/123/{path}.json")
    def list_hanging(self, request: httpx.Request, path: str) -> httpx.Response:
        if path not in self.hanging:
            return _refused()
        if (path if path == "estimates" else "sales_invoices") not in self.scopes:
            return _refused(403, "insufficient scope")
        terms = dict(t.partition(":")[::2] for t in query_of(request).get("filter", "period:this_year").split(","))
        if not terms.keys() <= {"contact_id", "state", *(("period",) if path in _DATE else ())}:
            return _refused(400, "filter does not have a valid value")
        rows = [row for row in self.hanging[path].values() if terms.get("contact_id", row["contact_id"]) == row["contact_id"]]
        return self._page(request, [row for row in rows if self._fits(row, terms)])

    def _fits(self, row: Row, terms: dict[str, str]) -> bool:
        """A draft without a date fits when the period holds today."""
        if "active" in row:
            return bool(row["active"] is (terms.get("state", "active") == "active"))
        first, last = terms.get("period", "0..9").replace("this_year", f"{self.today.year}0101..{self.today.year}1231").split("..")
        day = next((row[name] for name in _DATE.values() if row.get(name)), self.today.isoformat())
        return first <= day.replace("-", "") <= last and str(terms.get("state", "all")) in ("all", row["state"])

    @route("GET", "/123/{path}/{id}.json")
    def show_hanging(self, request: httpx.Request, path: str, id: str) -> httpx.Response:
        row = self.hanging.get(path, {}).get(id)
        return httpx.Response(200, json=row) if row else _refused()

    @route("DELETE", "/123/{path}/{id}.json")
    def delete_hanging(self, request: httpx.Request, path: str, id: str) -> httpx.Response:
        if any(invoice.get("recurring_sales_invoice_id") == id for invoice in self.hanging["sales_invoices"].values()):
            self.hanging[path][id]["active"] = False
            return httpx.Response(204, headers={"x-kept-as": "inactive"} if self.tells_kept else {})
        return httpx.Response(204) if self.hanging.get(path, {}).pop(id, None) else _refused()

    def _page(self, request: httpx.Request, rows: list[Row]) -> httpx.Response:
        query = query_of(request)
        asked, page = int(query.get("per_page", 50)), int(query.get("page", 1))
        if not query.keys() <= {"query", "filter", "include_archived", "page", "per_page"} or not 1 <= asked <= 100:
            return _refused(400, "per_page does not have a valid value")
        shown, total = self.cut(rows, (page - 1) * (size := min(asked, self.largest_page)), size)
        more = f'<{request.url.copy_set_param("page", page % (-(-len(rows) // size) or 1) + 1)}>; rel="next"'  # back, where it has no end
        told = {"x-total-count": str(total)} | ({"link": more} if self.links and total > page * size else {})
        return httpx.Response(200, json=shown, headers=told)


def _refused(status: int = 404, error: str = "record not found", symbol: str = "not_found") -> httpx.Response:
    return httpx.Response(status, json={"error": error, "symbolic": {"id": symbol}})
