"""Exact Online in memory, after its REST reference page of accounts and the public client picqer/exact-php-client, read on 2026-11-22.

Documented: the calls on accounts, their fields, that only some fields may be filtered on. Told by users of the API: the other lists,
`d.results` and `__next`, GUID keys, `/Date(ms)/`, the rotating refresh token, Atom unless JSON is asked for. Believed only: 60 rows a
page, that a deletion answers 204, and that an account in the books is refused with 500. Stricter than known: only what is used here
may be asked for.
"""

import re
from collections import Counter
from datetime import UTC, date, datetime
from itertools import count
from typing import Any
from uuid import UUID

import httpx

from connectors.testing.simulator import Lagging, Person, Simulator, body_of, query_of, route

Row = dict[str, Any]
_FIELDS = {
    "crm/Accounts": "ID,Code,Name,Email,Blocked,Status,EndDate,IsAnonymised,Modified",
    "crm/Contacts": "ID,Account,Email,BusinessEmail,LastName",
    "salesinvoice/SalesInvoices": "InvoiceID,OrderedBy,InvoiceTo,InvoiceDate,Status",
    "financialtransaction/TransactionLines": "ID,Account,Date",
}
_FILTER = re.compile(r"(\w+) eq guid'([0-9a-fA-F-]{36})'")


class ExactOnlineSimulator(Simulator):
    """One division, "123". Each refresh token works once."""

    largest_page = 60

    def __init__(self) -> None:
        super().__init__()
        self._ids = (str(UUID(int=number)) for number in count(0xE0000))
        self.lists: dict[str, dict[str, Row]] = {path: {} for path in _FIELDS}
        self._ghosts = {path: Lagging(self) for path in _FIELDS}
        self.filterable = {"OrderedBy", "InvoiceTo", "Account"}  # which really are is not known
        self.spent: list[str] = []
        self.good: set[str] = set()

    def seed(self, person: Person) -> None:
        account = self.add_account(person)
        self.add_contact(person, account)
        self.add_invoice(account, person.since)
        self.add_invoice(account, person.since, Status=20)
        self.add_booking(account, person.since)
        company = self.add_account(Person(f"info@{person.customer_id}.example".lower(), "A company", f"B{person.customer_id}"))
        self.add_contact(person, company, Email=None, BusinessEmail=person.email)

    def _add(self, path: str, key: str, **row: Any) -> str:
        id = next(self._ids)
        self.lists[path][id] = {key: id} | row
        return id

    def add_account(self, person: Person, **fields: Any) -> str:
        row = {"Code": f"{person.customer_id:>18}", "Name": person.name, "Email": person.email, "Blocked": False, "IsAnonymised": 0}
        return self._add("crm/Accounts", "ID", **(row | fields))

    def add_contact(self, person: Person, account: str, **fields: Any) -> str:
        return self._add("crm/Contacts", "ID", **({"Account": account, "Email": person.email, "BusinessEmail": None} | fields))

    def add_invoice(self, account: str, day: date | None, **fields: Any) -> str:
        row = {"OrderedBy": account, "InvoiceTo": account, "InvoiceDate": written(day), "Status": 50} | fields
        return self._add("salesinvoice/SalesInvoices", "InvoiceID", **row)

    def add_booking(self, account: str, day: date | None) -> str:
        return self._add("financialtransaction/TransactionLines", "ID", Account=account, Date=written(day))

    def _of(self, person: Person) -> list[Row]:
        return [row for row in self.lists["crm/Accounts"].values() if (row["Email"] or "").lower() == person.email.lower()]

    def traces(self, person: Person) -> Counter[str]:
        mine, address = {row["ID"] for row in self._of(person)}, person.email.lower()
        contacts = [
            row for row in self.lists["crm/Contacts"].values() if address in [str(row[name]).lower() for name in ("Email", "BusinessEmail")]
        ]
        invoices = [
            row["Status"] for row in self.lists["salesinvoice/SalesInvoices"].values() if mine & {row["OrderedBy"], row["InvoiceTo"]}
        ]
        lines = [row for row in self.lists["financialtransaction/TransactionLines"].values() if row["Account"] in mine]
        left = Counter("invoice" if status == 50 else "draft" for status in invoices)
        return left + Counter(customer=len(mine), contact=len(contacts), transaction=len(lines))

    def restricted(self, person: Person) -> Counter[str]:
        return Counter(customer=sum(row["Blocked"] for row in self._of(person)))

    def archive(self, person: Person) -> None:
        for row in self._of(person):
            row["Blocked"] = True

    def signed_in(self, request: httpx.Request) -> bool:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        return request.url.path == "/api/oauth2/token" or token in self.good

    def handle(self, request: httpx.Request) -> httpx.Response:
        answer = super().handle(request)
        json = request.headers.get("accept") == "application/json" or request.url.path == "/api/oauth2/token"
        return answer if json or answer.status_code != 200 else httpx.Response(200, text='<?xml version="1.0"?><feed/>')

    @route("POST", "/api/oauth2/token", reads=True)
    def renew(self, request: httpx.Request) -> httpx.Response:
        form = dict(httpx.QueryParams(request.content.decode()))
        token, login = form["refresh_token"], (form["grant_type"], form["client_id"], form["client_secret"])
        number = re.fullmatch(r"refresh-(\d+)", token)
        if login != ("refresh_token", "bureau", "kit-secret-9f3a71") or number is None or token in self.spent:
            return httpx.Response(400, json={"error": "invalid_grant"})
        self.spent.append(token)
        access, following = f"access-{int(number[1]) + 1}", f"refresh-{int(number[1]) + 1}"
        self.good = {access}
        return httpx.Response(200, json={"access_token": access, "refresh_token": following, "token_type": "bearer", "expires_in": "600"})

    @route("GET", "/api/v1/123/{module}/{name}")
    def list_or_show(self, request: httpx.Request, module: str, name: str) -> httpx.Response:
        path, _, key = f"{module}/{name}".partition("(")
        query = query_of(request)
        if path not in _FIELDS:
            return _error(404)
        fields = query.get("$select", _FIELDS[path]).split(",")
        if not {*fields} <= {*_FIELDS[path].split(",")} or not query.keys() <= {"$select", "$filter", "$skiptoken"}:
            return _error(400)
        if key:
            row = self.lists[path].get(_id(key))
            return httpx.Response(200, json={"d": row}) if row else _error(404)
        rows = self._ghosts[path].shown(list(self.lists[path].values()))
        if "$filter" in query:
            wanted = _FILTER.fullmatch(query["$filter"])
            if wanted is None or wanted[1] not in self.filterable:
                return _error(400)
            rows = [row for row in rows if row[wanted[1]] == wanted[2].lower()]
        start = int(query.get("$skiptoken", 0))
        page, total = self.cut(rows, start, 60)
        end = start + len(page)
        more = {"__next": str(request.url.copy_set_param("$skiptoken", end % len(rows)))} if total > end else {}
        shown = [{name: row.get(name) for name in fields} for row in page]
        return httpx.Response(200, json={"d": {"results": shown} | more})

    @route("PUT", "/api/v1/123/crm/{name}")
    def change(self, request: httpx.Request, name: str) -> httpx.Response:
        path, _, key = f"crm/{name}".partition("(")
        if _id(key) not in self.lists.get(path, {}):
            return _error(404)
        self.lists[path][_id(key)] |= body_of(request)
        return httpx.Response(204)

    @route("DELETE", "/api/v1/123/crm/{name}")
    def delete(self, request: httpx.Request, name: str) -> httpx.Response:
        path, _, key = f"crm/{name}".partition("(")
        id = _id(key)
        if id not in self.lists.get(path, {}):
            return _error(404)
        booked = [row for name, rows in self.lists.items() if not name.startswith("crm/") for row in rows.values()]
        if any(id in (row.get("OrderedBy"), row.get("InvoiceTo"), row.get("Account")) for row in booked):
            return _error(500)
        self._ghosts[path].deleted(self.lists[path].pop(id))
        return httpx.Response(204)


def written(day: date | None) -> str | None:
    """A day as Exact writes it."""
    return f"/Date({int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000})/" if day else None


def _id(key: str) -> str:
    found = re.fullmatch(r"guid'([0-9a-fA-F-]{36})'\)", key)
    return found[1].lower() if found else ""


def _error(status: int) -> httpx.Response:
    return httpx.Response(status, json={"error": {"code": "", "message": {"lang": "", "value": "Something"}}})
