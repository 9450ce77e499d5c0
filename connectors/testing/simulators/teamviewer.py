"""TeamViewer in memory, after TeamViewerPS @ 0ef732f and the OpenAPI 3.0.3 document of its web API, read on 2026-11-22; no text is used.

Believed only: that a report survives its user, that `next_offset` is missing on the last page, that a closed service case stays
readable, the shape of an error, and that lists which are not paged hold everything. Stricter than known: an unknown parameter is 400.
"""

from collections import Counter
from itertools import count
from typing import Any

import httpx

from connectors.testing.simulator import Lagging, Person, Simulator, body_of, query_of, route

Row = dict[str, Any]
_ID = {"users": "id", "contacts": "contact_id", "records": "id", "sessions": "code"}
_FILTERS = {
    "users": {"email", "name", "permissions", "full_list"},
    "contacts": {"name", "groupid", "online_state"},
    "records": {
        "userid", "username", "devicename", "deviceid", "groupid", "from_date", "to_date", "has_code", "session_code", "offset_id",
    },
    "sessions": {"groupid", "assigned_userid", "state", "full_list", "offset"},
}  # fmt: skip


class TeamviewerSimulator(Simulator):
    """One company, with users, their contacts, reports of connections and service cases."""

    base_path = "/api/v1"

    def __init__(self) -> None:
        super().__init__()
        self._ids = count(1000)
        self.company_deleted = False
        self.rows: dict[str, list[Row]] = {name: [] for name in _ID}
        self.removed: list[Row] = []  # accounts that are no longer of the company, but live on
        self._ghosts = {name: Lagging(self) for name in _ID}

    def seed(self, person: Person) -> None:
        user = self.add("users", name=person.name, email=person.email, active=True, permissions="None")
        own = self.add("contacts", user_id=user, name=person.name, email=person.email, groupid="g7")
        met = f"{person.since.isoformat()}T10:00:00Z"
        self.add("records", userid=user, username=person.name, deviceid="d1", start_date=met, notes=None)
        self.add("records", userid="u1", username="Support", contact_id=own, start_date=met, end_date=met)
        customer = {"name": person.name, "email": person.email}
        self.add("records", userid="u1", username="Support", session_code="s1", start_date=met, end_customer=customer)
        self.add("sessions", state="Closed", groupid="g7", end_customer=customer, created_at=met)

    def add(self, which: str, **fields: Any) -> str:
        id = {"users": "u", "contacts": "c", "records": "", "sessions": "s"}[which] + str(next(self._ids))
        self.rows[which].append({_ID[which]: id, **fields})
        return id

    def traces(self, person: Person) -> Counter[str]:
        def named(row: Row | None) -> bool:
            return ((row or {}).get("email") or "").lower() == person.email.lower()

        users = {row["id"] for row in [*self.rows["users"], *self.removed] if named(row)}
        contacts = {row["contact_id"] for row in self.rows["contacts"] if named(row) or row.get("user_id") in users}
        reports = [
            row
            for row in self.rows["records"]
            if row.get("userid") in users or row.get("contact_id") in contacts or named(row.get("end_customer"))
        ]
        sessions = [row for row in self.rows["sessions"] if named(row["end_customer"])]
        return Counter(user=len(users), contact=len(contacts), connection_report=len(reports), session=len(sessions))

    def restricted(self, person: Person) -> Counter[str]:
        mine = [row for row in self.rows["users"] if row["email"].lower() == person.email.lower()]
        return Counter(user=sum(not row["active"] for row in mine))

    def archive(self, person: Person) -> None:
        for row in self.rows["users"]:
            row["active"] = row["active"] and row["email"].lower() != person.email.lower()

    def signed_in(self, request: httpx.Request) -> bool:
        return bool(request.headers.get("authorization") == "Bearer kit-secret-9f3a71")

    @route("GET", "/users")
    def list_users(self, request: httpx.Request) -> httpx.Response:
        wanted = query_of(request).get("email", "").lower().split(",")
        rows = [row for row in self._shown("users") if wanted == [""] or row["email"].lower() in wanted]
        if query_of(request).get("full_list") != "true":
            rows = [{name: row[name] for name in ("id", "name", "email")} for row in rows]
        return self._answer(request, "users", rows)

    @route("PUT", "/users/{id}")
    def change_user(self, request: httpx.Request, id: str) -> httpx.Response:
        row, change = self._find("users", id), body_of(request)
        if row is None or change.keys() != {"active"}:
            return _error(400 if row else 404)
        row |= change
        return httpx.Response(204)

    @route("DELETE", "/users/{id}")
    def delete_user(self, request: httpx.Request, id: str) -> httpx.Response:
        row = self._find("users", id)
        if row is not None and query_of(request).get("isPermanentDelete") != "true":
            self.removed.append(row)
        return self._delete("users", id)

    @route("DELETE", "/users")
    def delete_company(self, request: httpx.Request) -> httpx.Response:
        self.company_deleted = True
        return httpx.Response(204)

    @route("GET", "/contacts")
    def list_contacts(self, request: httpx.Request) -> httpx.Response:
        return self._answer(request, "contacts", self._shown("contacts"))

    @route("DELETE", "/contacts/{id}")
    def delete_contact(self, request: httpx.Request, id: str) -> httpx.Response:
        return self._delete("contacts", id)

    @route("GET", "/reports/connections")
    def list_reports(self, request: httpx.Request) -> httpx.Response:
        since = query_of(request).get(
            "from_date", "2026-10-23T00:00:00Z"
        )  # a list may start late unless told; nothing says that it does not
        rows = [row for row in self._shown("records") if row["start_date"] >= since]
        return self._answer(request, "records", rows, "offset_id")

    @route("DELETE", "/reports/connections/{id}")
    def delete_report(self, request: httpx.Request, id: str) -> httpx.Response:
        return self._delete("records", id)

    @route("GET", "/sessions")
    def list_sessions(self, request: httpx.Request) -> httpx.Response:
        states = query_of(request).get("state", "open").split(",")
        rows = [row for row in self._shown("sessions") if row["state"].lower() in states]
        return self._answer(request, "sessions", rows, "offset")

    @route("DELETE", "/sessions/{id}")
    def close_session(self, request: httpx.Request, id: str) -> httpx.Response:
        row = self._find("sessions", id) or {}
        row["state"] = "Closed"
        return httpx.Response(204 if "code" in row else 404)

    def _shown(self, which: str) -> list[Row]:
        return self._ghosts[which].shown(list(self.rows[which]))

    def _find(self, which: str, id: str) -> Row | None:
        return next((row for row in self.rows[which] if row[_ID[which]] == id), None)

    def _delete(self, which: str, id: str) -> httpx.Response:
        row = self._find(which, id)
        if row is None:
            return _error(404)
        self.rows[which].remove(row)
        self._ghosts[which].deleted(row)
        return httpx.Response(204)

    def _answer(self, request: httpx.Request, which: str, rows: list[Row], cursor: str = "") -> httpx.Response:
        query = query_of(request)
        ids = [row[_ID[which]] for row in rows]
        if {*query} - _FILTERS[which] or (query.get(cursor) and query[cursor] not in ids):
            return _error(400)
        start = ids.index(query[cursor]) if query.get(cursor) else 0
        shown, total = self.cut(rows, start, 1000) if cursor else (rows, len(rows))
        end = start + len(shown)
        return httpx.Response(200, json={which: shown, **({"next_offset": ids[end % len(ids)]} if end < total else {})})


def _error(status: int) -> httpx.Response:
    told = {"error": "invalid_request", "error_description": "It cannot be done.", "error_code": status}
    return httpx.Response(status, json=told)
