"""MailerLite in memory, after developers.mailerlite.com and calls recorded in mailerlite/mailerlite-python, read on 2026-11-22.

Believed only: that a subscriber who is to be forgotten is hidden from then on (`hides`; False: shown with its `forget_at`), and
that the id stays unknown afterwards. `days`: how long forgetting takes, thirty at the vendor; with none the kit can see the end.
"""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import httpx

from connectors.testing.simulator import Lagging, Person, Simulator, body_of, query_of, route

Row = dict[str, Any]
_STATUSES = ("active", "unsubscribed", "unconfirmed", "bounced", "junk")


class MailerliteSimulator(Simulator):
    """One account."""

    base_path = "/api"

    def __init__(self, days: int = 30) -> None:
        super().__init__()
        self._ids = count(165968862226941797)
        self.days = days
        self.hides = True
        self.now = datetime.now(UTC).replace(microsecond=0)
        self.subscribers: dict[str, Row] = {}
        self._ghosts = Lagging(self)

    def seed(self, person: Person) -> None:
        if not any(self._is(row, person.email) for row in self.subscribers.values()):  # an address subscribes once
            self.add(person)

    def add(self, person: Person, **fields: Any) -> str:
        id, moment = str(next(self._ids)), "2025-06-01 10:00:00"
        self.subscribers[id] = {
            "id": id, "email": person.email, "status": "active", "source": "api", "sent": 3, "ip_address": "192.0.2.7",
            "subscribed_at": moment, "unsubscribed_at": None, "created_at": moment, "updated_at": moment,
            "fields": {"name": person.name, "phone": person.phone}, "groups": [], "opted_in_at": None, "optin_ip": None,
        } | fields  # fmt: skip
        return id

    def pass_days(self, days: int) -> None:
        """Let time pass: what was to be forgotten until then is."""
        self.now += timedelta(days=days)
        self.subscribers = {
            id: row for id, row in self.subscribers.items() if not row.get("forget_at") or row["forget_at"] > f"{self.now:%F %T}"
        }

    @staticmethod
    def _is(row: Row, email: str) -> bool:
        return str(row["email"]).lower() == email.lower()

    def traces(self, person: Person) -> Counter[str]:
        return Counter(subscriber=sum(self._is(row, person.email) for row in self.subscribers.values()))

    def restricted(self, person: Person) -> Counter[str]:
        mine = [row for row in self.subscribers.values() if self._is(row, person.email)]
        return Counter(subscriber=sum(row["status"] != "active" for row in mine))

    def archive(self, person: Person) -> None:
        for row in self.subscribers.values():
            row["status"] = "unsubscribed" if self._is(row, person.email) else row["status"]

    def signed_in(self, request: httpx.Request) -> bool:
        return bool(request.headers.get("authorization") == "Bearer kit-secret-9f3a71")

    def _shown(self) -> list[Row]:
        return [row for row in self.subscribers.values() if not (self.hides and row.get("deleted_at"))]

    @route("GET", "/subscribers")
    def list_all(self, request: httpx.Request) -> httpx.Response:
        limit = query_of(request).get("limit", "25")
        if {*query_of(request)} - {"limit", "cursor", "include", "filter[status]"} or not limit.isdecimal():
            return _error(422)
        meta = {"path": "https://connect.mailerlite.com/api/subscribers", "per_page": int(limit), "next_cursor": None, "prev_cursor": None}
        return httpx.Response(200, json={"data": self._shown()[: int(limit)], "meta": meta})

    @route("GET", "/subscribers/{key}")
    def show(self, request: httpx.Request, key: str) -> httpx.Response:
        for row in self._ghosts.shown(self._shown()):
            if key == row["id"] or self._is(row, key):
                return httpx.Response(200, json={"data": row})
        return _error(404)

    @route("PUT", "/subscribers/{id}")
    def change(self, request: httpx.Request, id: str) -> httpx.Response:
        row, change = self._find(id), body_of(request)
        if row is None or change.keys() != {"status"} or change["status"] not in _STATUSES:
            return _error(422 if row else 404)
        row |= change
        return httpx.Response(200, json={"data": row})

    @route("DELETE", "/subscribers/{id}")
    def hide(self, request: httpx.Request, id: str) -> httpx.Response:
        row = self._find(id)
        if row is None:
            return _error(404)
        row["deleted_at"] = f"{self.now:%F %T}"  # all of it is still there, should the person come back
        return httpx.Response(204)

    @route("POST", "/subscribers/{id}/forget")
    def forget(self, request: httpx.Request, id: str) -> httpx.Response:
        row = self._find(id)
        if row is None:
            return _error(404)
        row |= {"deleted_at": f"{self.now:%F %T}", "forget_at": f"{self.now + timedelta(days=self.days):%F %T}"}
        if self.days == 0:
            self._ghosts.deleted({name: value for name, value in row.items() if name not in ("deleted_at", "forget_at")})
        self.pass_days(0)
        return httpx.Response(200, json={"data": row, "message": "It will be forgotten."})

    def _find(self, id: str) -> Row | None:
        return next((row for row in self._shown() if row["id"] == id), None)


def _error(status: int) -> httpx.Response:
    return httpx.Response(
        status, json={"message": "It cannot be done."} | ({"errors": {"status": ["It is not valid."]}} if status == 422 else {})
    )
