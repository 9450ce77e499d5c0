"""Laposta in memory, after its API page (api.laposta.nl/doc) and its PHP client (laposta/laposta-api-php @ 822832e), read on 2026-11-22.

Believed only: that an unknown list or member is 400 with code 203 (the page says 404: `unknown`), and that a body may be JSON as
well as a form. Stricter than known: a parameter that is not documented is 400.
"""

from base64 import b64encode
from collections import Counter
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

import httpx

from connectors.testing.harness import SECRETS
from connectors.testing.simulator import Lagging, Person, Simulator, body_of, query_of, route

Row = dict[str, Any]
_STATES = ("active", "unsubscribed", "cleaned")


class LapostaSimulator(Simulator):
    """Two mailing lists. There are no pages; a member is told by its id or its address, within a list."""

    base_path = "/v2"

    def __init__(self) -> None:
        super().__init__()
        self._ids = count(1000)
        self.lists = [f"list{next(self._ids)}" for _ in range(2)]
        self.members: dict[str, Row] = {}
        self.unknown = 400
        self.hidden: tuple[str, ...] = ()  # states that a whole list leaves out
        self._ghosts = Lagging(self)

    def seed(self, person: Person) -> None:
        there = [member["list_id"] for member in self._of(person)]
        self.lists += [f"list{next(self._ids)}"] if len(there) == len(self.lists) else []
        self.add(next(at for at in self.lists if at not in there), person)

    def add(self, at: str, person: Person, state: str = "active") -> str:
        id = f"m{next(self._ids)}"
        custom = {"name": person.name, "number": person.customer_id, "phone": person.phone}
        dates = {"signup_date": "2025-06-01 10:00:00", "modified": None}
        self.members[id] = {"member_id": id, "list_id": at, "email": person.email, "state": state, "custom_fields": custom} | dates
        return id

    def _of(self, person: Person) -> list[Row]:
        return [row for row in self.members.values() if row["email"].lower() == person.email.lower()]

    def traces(self, person: Person) -> Counter[str]:
        return Counter(subscriber=len(self._of(person)))

    def restricted(self, person: Person) -> Counter[str]:
        return Counter(subscriber=sum(row["state"] == "unsubscribed" for row in self._of(person)))

    def archive(self, person: Person) -> None:
        for row in self._of(person):
            row["state"] = "cleaned"

    def signed_in(self, request: httpx.Request) -> bool:
        wanted = b64encode(f"{SECRETS['KIT_SECRET']}:".encode()).decode()
        return bool(request.headers.get("authorization") == f"Basic {wanted}")

    @route("GET", "/list")
    def all_lists(self, request: httpx.Request) -> httpx.Response:
        if query_of(request):
            return _error(400, 203)
        counted = [Counter(row["state"] for row in self.members.values() if row["list_id"] == at) for at in self.lists]
        shown = [
            {"list_id": at, "state": "active", "name": at, "members": dict(states)} for at, states in zip(self.lists, counted, strict=True)
        ]
        return httpx.Response(200, json={"data": [{"list": row} for row in shown]})

    @route("GET", "/member")
    def all_members(self, request: httpx.Request) -> httpx.Response:
        query = query_of(request)
        at, state = query.get("list_id"), query.get("state")
        if at not in self.lists or {*query} - {"list_id", "state"} or state not in (None, *_STATES):
            return self._no_such()
        rows = [row for row in self._ghosts.shown(list(self.members.values())) if row["list_id"] == at]
        wanted = [row for row in rows if (row["state"] == state if state else row["state"] not in self.hidden)]
        return httpx.Response(200, json={"data": [{"member": row} for row in wanted]})

    @route("GET", "/member/{id}")
    def show(self, request: httpx.Request, id: str) -> httpx.Response:
        return _told(row) if (row := self._member(id, query_of(request))) else self._no_such()

    @route("POST", "/member/{id}")
    def change(self, request: httpx.Request, id: str) -> httpx.Response:
        form = "form" in request.headers.get("content-type", "")
        given: Row = dict(parse_qsl(request.content.decode())) if form else body_of(request)
        row = self._member(id, {"list_id": given.pop("list_id", None)})
        if row is None:
            return self._no_such()
        if given.get("state", "active") not in _STATES[:2] or {*given} - {"state", "email", "custom_fields"}:
            return _error(400, 203)
        row |= given
        return _told(row)

    @route("DELETE", "/member/{id}")
    def delete(self, request: httpx.Request, id: str) -> httpx.Response:
        row = self._member(id, query_of(request))
        if row is None:
            return self._no_such()
        self._ghosts.deleted(self.members.pop(row["member_id"]))
        return _told(row | {"state": "deleted"})

    @route("DELETE", "/list/{at}/members")
    def purge(self, request: httpx.Request, at: str) -> httpx.Response:
        self.members = {id: row for id, row in self.members.items() if row["list_id"] != at}
        return httpx.Response(200, json={"list": {"list_id": at}})

    def _member(self, id: str, asked: Any) -> Row | None:
        told = unquote_plus(id).lower()  # an address is unescaped once more, so that a plus becomes a blank
        rows = [row for row in self.members.values() if row["list_id"] == asked.get("list_id")]
        return next((row for row in rows if row["member_id"] == id or row["email"].lower() == told), None)

    def _no_such(self) -> httpx.Response:
        return _error(self.unknown, 203)


def _told(row: Row) -> httpx.Response:
    return httpx.Response(200, json={"member": row})


def _error(status: int, code: int) -> httpx.Response:
    return httpx.Response(
        status, json={"error": {"type": "invalid_input", "message": "It is unknown.", "code": code, "parameter": "member_id"}}
    )
