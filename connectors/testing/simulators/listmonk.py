"""listmonk in memory, after its source (knadh/listmonk @ 911e0b7) and a server built from it, asked on loopback on 2026-11-22.

There no page is capped, no search lags, and an address is stored in lower case. Stricter than the server: a query parameter that it
would pass over is 400.
"""

import re
from base64 import b64encode
from collections import Counter
from itertools import count
from typing import Any

import httpx

from connectors.testing.harness import SECRETS
from connectors.testing.simulator import Lagging, Person, Simulator, body_of, query_of, route

Row = dict[str, Any]
_STATUSES = ("enabled", "disabled", "blocklisted")


class ListmonkSimulator(Simulator):
    """Two mailing lists; one asks a subscriber to confirm. The API user is `api`."""

    base_path = "/api"

    def __init__(self) -> None:
        super().__init__()
        self._ids = count(1000)
        self.lists = {next(self._ids): {"optin": optin} for optin in ("single", "double")}
        self.subscribers: dict[int, Row] = {}
        self.members: dict[int, dict[int, str]] = {}  # by subscriber and list: how the membership stands
        self.mails = 0  # that ask somebody to confirm
        self.role: Row = {"id": 5, "name": "erasure", "permissions": ["subscribers:get_all", "subscribers:manage"]}
        self._ghosts = Lagging(self)

    def seed(self, person: Person) -> None:
        if not self._of(person):  # an address is there once
            self.add(person, dict.fromkeys(self.lists, "confirmed"))

    def add(self, person: Person, memberships: dict[int, str], status: str = "enabled") -> int:
        id = next(self._ids)
        attribs = {"number": person.customer_id, "phone": person.phone}
        self.subscribers[id] = {"id": id, "email": person.email, "name": person.name, "status": status, "attribs": attribs}
        self.members[id] = dict(memberships)
        return id

    def _of(self, person: Person) -> list[Row]:
        return [row for row in self.subscribers.values() if row["email"].lower() == person.email.lower()]

    def traces(self, person: Person) -> Counter[str]:
        return Counter(subscriber=len(self._of(person)))

    def restricted(self, person: Person) -> Counter[str]:
        return Counter(subscriber=sum(row["status"] == "blocklisted" for row in self._of(person)))

    def archive(self, person: Person) -> None:
        for row in self._of(person):
            self._block(row["id"])

    def signed_in(self, request: httpx.Request) -> bool:
        wanted = b64encode(f"api:{SECRETS['KIT_SECRET']}".encode()).decode()
        return bool(request.headers.get("authorization") == f"Basic {wanted}")

    def handle(self, request: httpx.Request) -> httpx.Response:
        answer = super().handle(request)
        return _error(403, "invalid API credentials") if answer.status_code == 401 else answer

    @route("GET", "/profile")
    def profile(self, request: httpx.Request) -> httpx.Response:
        return _told({"id": 7, "username": "api", "type": "api", "user_role": self.role})

    @route("GET", "/subscribers")
    def search(self, request: httpx.Request) -> httpx.Response:
        query = query_of(request)
        if {*query} - {"search", "page", "per_page", "order", "order_by", "list_id", "subscription_status"}:
            return _error(403 if "query" in query else 400, "permission denied: subscribers:sql_query")
        try:
            wanted = re.compile(query.get("search", "").strip(), re.IGNORECASE)
        except re.error:
            return _error(400, "invalid regular expression")
        rows = self._ghosts.shown(list(self.subscribers.values()))
        hits = [self._whole(row) for row in reversed(rows) if wanted.search(row["email"]) or wanted.search(row["name"])]
        page, size = int(query.get("page", 1)), min(int(query.get("per_page", 20)), self.largest_page)
        part, total = self.cut(hits, (page - 1) * size, size)
        return _told({"results": part, "total": total, "page": page, "per_page": size, "search": query.get("search", ""), "query": ""})

    @route("GET", "/subscribers/{id}")
    def show(self, request: httpx.Request, id: str) -> httpx.Response:
        return _told(self._whole(row)) if (row := self.subscribers.get(int(id))) else _error(400, "Subscriber not found")

    @route("PATCH", "/subscribers/{id}")
    def change(self, request: httpx.Request, id: str) -> httpx.Response:
        row, given = self.subscribers.get(int(id)), body_of(request)
        if row is None or given.get("status", "enabled") not in _STATUSES:
            return _error(400, "Subscriber not found")
        if not given.pop("preconfirm_subscriptions", False):
            self.mails += any(self.lists[at]["optin"] == "double" and how == "unconfirmed" for at, how in self.members[int(id)].items())
        row["attribs"] |= given.pop("attribs", {})  # keys that are not mentioned stay
        row |= given
        return _told(self._whole(row))

    @route("PUT", "/subscribers/lists")
    def change_memberships(self, request: httpx.Request) -> httpx.Response:
        given = body_of(request)
        if given["action"] != "add" or not {*given["target_list_ids"]} <= {*self.lists}:
            return _error(400, "Invalid action")
        for id in given["ids"]:
            self.members[id] |= dict.fromkeys(given["target_list_ids"], given.get("status") or "unconfirmed")
        return _told(True)

    @route("PUT", "/subscribers/{id}/blocklist")
    def blocklist(self, request: httpx.Request, id: str) -> httpx.Response:
        self._block(int(id))
        return _told(True)

    @route("DELETE", "/subscribers/{id}")
    def delete(self, request: httpx.Request, id: str) -> httpx.Response:
        if (row := self.subscribers.pop(int(id), None)) is not None:
            self._ghosts.deleted(row)
        return _told(True)  # of whoever was never there, too

    @route("POST", "/subscribers/query/delete")
    def delete_by_query(self, request: httpx.Request) -> httpx.Response:
        self.subscribers.clear()
        return _told(True)

    def _block(self, id: int) -> None:
        if id in self.subscribers:
            self.subscribers[id]["status"] = "blocklisted"
            self.members[id] = dict.fromkeys(self.members[id], "unsubscribed")

    def _whole(self, row: Row) -> Row:
        memberships = self.members[row["id"]].items()
        return row | {"lists": [{"id": at, "subscription_status": how, "optin": self.lists[at]["optin"]} for at, how in memberships]}


def _told(data: Any) -> httpx.Response:
    return httpx.Response(200, json={"data": data})


def _error(status: int, message: str) -> httpx.Response:
    return httpx.Response(status, json={"message": message})
