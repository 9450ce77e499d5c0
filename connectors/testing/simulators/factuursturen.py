"""FactuurSturen.nl in memory, after its developer documentation v1 (www.factuursturen.nl/docs/developer/v1/), read in part on 2026-11-22.

Documented: the paths, the client's fields, the kinds of invoices. Told by users of the API: texts for numbers and truth values,
`{"client": …}` around one client, `start` and `count` of invoices, `X-RateLimit-Remaining`. Believed only: the statuses and texts of
errors, what else `PUT` changes (nothing), and that a client with invoices can be deleted; with `keeps_used` it is refused. Client
numbers are integers there, and any text here. Stricter than known: a parameter that is not documented is 400.
"""

import base64
from collections import Counter
from datetime import date
from itertools import count
from typing import Any

import httpx

from connectors.testing.simulator import Lagging, Person, Simulator, body_of, query_of, route

Row = dict[str, Any]
_LOGIN = "Basic " + base64.b64encode(b"bureau:kit-secret-9f3a71").decode()
_STRIPPABLE = ("phone", "mobile", "notes", "mailintro")
_PATHS = {"invoices_saved": "draft", "invoices_repeated": "recurring_invoice", "invoices": "invoice"}


class FactuurSturenSimulator(Simulator):
    """The account of one user, "bureau"."""

    base_path = "/api/v1"

    def __init__(self) -> None:
        super().__init__()
        self._ids = map(str, count(1000))
        self.clients: dict[str, Row] = {}
        self.bills: dict[str, dict[str, Row]] = {path: {} for path in _PATHS}
        self.keeps_used = False
        self.absent = 404  # what a number that is gone answers: not known
        self.calls_left = 1000
        self._ghosts = {path: Lagging(self) for path in ("clients", *_PATHS)}

    def seed(self, person: Person) -> None:
        number = self.add_client(person)
        self.add_bill("invoices", number, sent=person.since)
        self.add_bill("invoices_saved", number)
        self.add_bill("invoices_repeated", number)

    def add_client(self, person: Person, **fields: Any) -> str:
        number = person.customer_id if person.customer_id not in self.clients else next(self._ids)
        self.clients[number] = {
            "clientnr": number, "contact": person.name, "company": "", "address": "Kade 1", "zipcode": "1000 AA", "country": "146",
            "phone": person.phone, "mobile": person.phone, "email": person.email, "email_reminder": "", "bankcode": "",
            "notes": f"{person.name} called", "mailintro": f"Dear {person.name}",
            "active": "true", "lastinvoice": person.since.isoformat(), "timestamp": "2026-01-01 09:00:00",
        } | fields  # fmt: skip
        return number

    def add_bill(self, path: str, client: str, sent: date | None = None, **fields: Any) -> str:
        id, copied = next(self._ids), self.clients[client]
        row: Row = {"id": id, "clientnr": client, "totalintax": "121.00"}
        if path == "invoices":
            row |= {"invoicenr": f"F{id}", "sent": sent.isoformat() if sent else "", "open": "0", "paiddate": "", "uncollectible": ""}
            row |= {name: copied[name] for name in ("contact", "company", "email", "phone")}
        row |= fields
        key = str(row.get("invoicenr", id))
        self.bills[path][key] = row
        return key

    def _of(self, person: Person) -> list[Row]:
        return [row for row in self.clients.values() if row["email"].lower() == person.email.lower()]

    def traces(self, person: Person) -> Counter[str]:
        mine, address = {row["clientnr"] for row in self._of(person)}, person.email.lower()
        kinds = [(kind, row) for path, kind in _PATHS.items() for row in self.bills[path].values()]
        left = Counter(kind for kind, row in kinds if row["clientnr"] in mine or row.get("email", "").lower() == address)
        return left + Counter(customer=len(mine))

    def restricted(self, person: Person) -> Counter[str]:
        return Counter(customer=sum(row["active"] == "false" for row in self._of(person)))

    def fields(self, person: Person) -> dict[str, set[str]]:
        return {"customer": {name for row in self._of(person) for name in _STRIPPABLE if row[name]}}

    def archive(self, person: Person) -> None:
        for row in self._of(person):
            row["active"] = "false"

    def handle(self, request: httpx.Request) -> httpx.Response:
        answer = super().handle(request)
        self.calls_left -= 1
        answer.headers["X-RateLimit-Remaining"] = str(max(0, self.calls_left))
        if request.headers.get("accept") != "application/json" and answer.status_code == 200:
            return httpx.Response(200, text='<?xml version="1.0"?><clients/>', headers={"content-type": "text/xml"})
        return answer

    def signed_in(self, request: httpx.Request) -> bool:
        return bool(request.headers.get("authorization") == _LOGIN)

    @route("GET", "/clients")
    def list_clients(self, request: httpx.Request) -> httpx.Response:
        if query_of(request):
            return _refused("Unknown parameter")
        return httpx.Response(200, json=self._ghosts["clients"].shown(list(self.clients.values())))

    @route("GET", "/clients/{id}")
    def show_client(self, request: httpx.Request, id: str) -> httpx.Response:
        return httpx.Response(200, json={"client": self.clients[id]}) if id in self.clients else self._missing()

    @route("PUT", "/clients/{id}")
    def change_client(self, request: httpx.Request, id: str) -> httpx.Response:
        if id not in self.clients:
            return self._missing()
        if not body_of(request).keys() <= self.clients[id].keys():
            return _refused("Unknown attribute")
        self.clients[id] |= body_of(request)
        return httpx.Response(200, text=id)

    @route("DELETE", "/clients/{id}")
    def delete_client(self, request: httpx.Request, id: str) -> httpx.Response:
        if id not in self.clients:
            return self._missing()
        if self.keeps_used and any(row["clientnr"] == id for row in self.bills["invoices"].values()):
            return _refused("This client has invoices")
        self._ghosts["clients"].deleted(self.clients.pop(id))
        return httpx.Response(200)

    @route("GET", "/{path}")
    def list_invoices(self, request: httpx.Request, path: str) -> httpx.Response:
        if path not in self.bills:
            return httpx.Response(404, text="Not found")
        query, listed = query_of(request), list(self.bills[path].values())
        if not query.keys() <= ({"start", "count"} if path == "invoices" else set()):
            return _refused("Unknown parameter")
        if path == "invoices":
            listed = list(self.cut(listed, int(query.get("start", 0)), int(query.get("count", 100)))[0])
        return httpx.Response(200, json=self._ghosts[path].shown(listed))

    @route("GET", "/{path}/{id}")
    def show_invoice(self, request: httpx.Request, path: str, id: str) -> httpx.Response:
        row = self.bills.get(path, {}).get(id)
        return httpx.Response(200, json={path.removesuffix("s"): row}) if row else self._missing()

    @route("DELETE", "/{path}/{id}")
    def delete_invoice(self, request: httpx.Request, path: str, id: str) -> httpx.Response:
        row = self.bills.get(path, {}).pop(id, None)
        if row is None:
            return self._missing()
        self._ghosts[path].deleted(row)
        return httpx.Response(200)

    def _missing(self) -> httpx.Response:
        return httpx.Response(self.absent, text="Not found")


def _refused(why: str) -> httpx.Response:
    return httpx.Response(400, text=why)
