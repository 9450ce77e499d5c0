"""Jira Cloud in memory, after Atlassian's OpenAPI document of the REST API v3 (September 2025), read on 2026-11-22.

Believed only: how JQL is written and what it refuses, and that a removed Atlassian account stays listed but is 404 by id.
"""

import base64
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import count
from typing import Any

import httpx

from connectors.testing.simulator import Lagging, Person, Simulator, body_of, query_of, route

Row = dict[str, Any]
_API, _BOT = "/rest/api/3", "bot@bureau.example"
_CLAUSE = re.compile(r'(reporter|creator|assignee|watcher) = "([^"\\]+)"|(text) ~ "\\"([^"\\]+)\\""|issue in (updatedBy)\("([^"\\]+)"\)')
_SEARCHED = {"jql", "nextPageToken", "maxResults", "fields", "reconcileIssues"}


class JiraSimulator(Simulator):
    """One site. Beside customers it has a colleague, who reports issues too, and the account that calls."""

    def __init__(self) -> None:
        super().__init__()
        self._ids, self._ghosts = map(str, count(10_001)), Lagging(self)
        self.users, self.former = dict[str, Row](), dict[str, Row]()
        self.issues, self.parts = dict[str, Row](), dict[str, Row]()  # parts: comments, worklogs and attachments
        self.withheld, self.tracks_time = set[str](), True  # permissions that the account that calls does not have
        self.colleague = self.add_user("anna@bureau.example", "Anna Bakker", accountType="atlassian", groups=2)
        self.add_user(_BOT, "Erasure bot", accountType="atlassian", groups=1)

    def seed(self, person: Person) -> None:
        account = self.add_user(person.email, person.name)
        own = self.add_issue(account, f"{person.name}, {person.phone}, asks for help", created=f"{person.since}T09:00:00.000+0000")
        for issue in (own, self.add_issue(self.colleague, "The printer is broken", watcher=_who(account))):
            self.add_part(issue, "comment", account, body=f"Greetings, {person.name}")
            self.add_part(issue, "comment", self.colleague, body="We look into it")
            self.add_part(issue, "worklog", account, started=f"{person.since}T09:00:00.000+0000")
            self.add_part(issue, "attachment", account, filename="debug.txt")

    def add_user(self, email: str, name: str, **more: Any) -> str:
        id = f"qm:{next(self._ids)}:5b10"
        self.users[id] = {"accountId": id, "accountType": "customer", "active": True, "emailAddress": email, "displayName": name}
        self.users[id] |= {"address": email, "groups": 0} | more
        return id

    def add_issue(self, reporter: str | None, summary: str, **more: Any) -> str:
        id, who = next(self._ids), _who(reporter)
        self.issues[id] = {"id": id, "summary": summary, "description": None, "created": "2025-06-01T09:00:00.000+0000", "parent": None}
        self.issues[id] |= {"reporter": who, "creator": who, "assignee": None, "watcher": None} | more
        return id

    def add_part(self, issue: str, kind: str, author: str | None, **more: Any) -> str:
        id = next(self._ids)
        self.parts[id] = {"id": id, "issue": issue, "kind": kind, "author": _who(author), "created": "2025-06-01T09:00:00.000+0000"} | more
        return id

    def traces(self, person: Person) -> Counter[str]:
        mine = [id for id, user in (self.former | self.users).items() if user["address"].lower() == person.email.lower()]
        left = Counter(part["kind"] for part in self.parts.values() if part["author"] in map(_who, mine))
        tickets = [issue for issue in self.issues.values() if issue["reporter"] in map(_who, mine)]
        return left + Counter(user=sum(id in self.users for id in mine), ticket=len(tickets))

    def archive(self, person: Person) -> None:
        for user in self.users.values():
            user["active"] &= user["address"].lower() != person.email.lower()

    def signed_in(self, request: httpx.Request) -> bool:
        return str(request.headers.get("authorization")) == "Basic " + base64.b64encode(f"{_BOT}:kit-secret-9f3a71".encode()).decode()

    @route("GET", f"{_API}/user/search")
    def search_users(self, request: httpx.Request) -> httpx.Response:
        wanted = query_of(request).get("query", "").lower()
        hits = [u for u in self.users.values() if u["active"] and any(u[n].lower().startswith(wanted) for n in ("address", "displayName"))]
        return self._page(request, hits[:1000]) if wanted else _error(400, "One of query, accountId or property is missing")

    @route("GET", f"{_API}/users/search")
    def all_users(self, request: httpx.Request) -> httpx.Response:
        return self._page(request, [*self.users.values(), *(user for user in self.former.values() if user["accountType"] != "customer")])

    @route("GET", f"{_API}/mypermissions")
    def my_permissions(self, request: httpx.Request) -> httpx.Response:
        asked = query_of(request)["permissions"].split(",")
        told = {key: {"id": "1", "key": key, "type": "PROJECT", "havePermission": key not in self.withheld} for key in asked}
        return httpx.Response(200, json={"permissions": {key: row | {"name": key.capitalize()} for key, row in told.items()}})

    def _page(self, request: httpx.Request, rows: Sequence[Row], field: str = "") -> httpx.Response:
        start, size = int(query_of(request).get("startAt", 0)), int(query_of(request).get("maxResults", 50))
        rows, total = self.cut(rows, start, size)
        page = [_shown(row) for row in rows]
        return httpx.Response(200, json={field: page, "startAt": start, "maxResults": size, "total": total} if field else page)

    @route("GET", f"{_API}/user")
    def show_user(self, request: httpx.Request) -> httpx.Response:
        user = self.users.get(query_of(request).get("accountId", ""))
        return httpx.Response(200, json=_shown(user) | {"groups": {"size": user["groups"]}}) if user else _error(404, "No such user")

    @route("DELETE", f"{_API}/user")
    def delete_user(self, request: httpx.Request) -> httpx.Response:
        id = query_of(request).get("accountId", "")
        self.former |= {id: self.users[id] | {"active": False}} if id in self.users else {}
        return httpx.Response(204) if self.users.pop(id, None) else _error(404, "No such user")

    @route("POST", f"{_API}/search/jql", reads=True)
    def search(self, request: httpx.Request) -> httpx.Response:
        body = body_of(request)
        clauses = [_CLAUSE.fullmatch(clause) for clause in body.get("jql", "").split(" OR ")]
        terms = [(match[1] or match[3] or match[5], match[2] or match[4] or match[6]) for match in clauses if match]
        if None in clauses or set(body) - _SEARCHED or any(field != "text" and value not in self.users for field, value in terms):
            return _error(400, "The query cannot be read, or a value in it does not exist")
        parts = defaultdict[str, list[Row]](list)
        for part in self.parts.values():
            parts[part["issue"]].append(part)
        shown = self._ghosts.shown(list(self.issues.values()))
        hits = [issue for issue in shown if any(self._fits(issue, parts[issue["id"]], *term) for term in terms)]
        start = int(body.get("nextPageToken") or 0)
        page, total = self.cut(hits, start, body.get("maxResults", 50))
        rows = [self._issue(issue, body.get("fields", ["id"])) for issue in page]
        more = {"isLast": False, "nextPageToken": str(start + len(page))} if start + len(page) < total else {"isLast": True}
        return httpx.Response(200, json={"issues": rows} | more)

    @staticmethod
    def _fits(issue: Row, parts: list[Row], field: str, value: str) -> bool:
        if field == "text":
            return value in f"{issue['summary']} {[part.get('body') for part in parts]}".lower()
        return _who(value) in ([issue["creator"], *(part["author"] for part in parts)] if field == "updatedBy" else [issue[field]])

    def _issue(self, issue: Row, asked: list[str]) -> Row:
        subtasks = [{"id": id, "key": f"HELP-{id}"} for id, other in self.issues.items() if other["parent"] == issue["id"]]
        fields = issue | {"subtasks": subtasks, "attachment": [_shown(p) for p in self._parts(issue=issue["id"], kind="attachment")]}
        type = self.users.get((issue["reporter"] or {}).get("accountId", ""), {}).get("accountType")
        fields |= {"reporter": issue["reporter"] and issue["reporter"] | ({"accountType": type} if type else {})}
        shown = {name: fields[name] for name in asked or fields if name in fields}
        return {"id": issue["id"]} | ({} if asked == ["id"] else {"key": f"HELP-{issue['id']}", "fields": shown})

    def _parts(self, **wanted: str) -> list[Row]:
        return [part for part in self.parts.values() if all(part[name] == value for name, value in wanted.items())]

    @route("GET", f"{_API}/issue/{{id}}")
    def show_issue(self, request: httpx.Request, id: str) -> httpx.Response:
        asked = [name for name in query_of(request).get("fields", "").split(",") if name]
        return httpx.Response(200, json=self._issue(self.issues[id], asked)) if id in self.issues else _error(404, "No such issue")

    @route("PUT", f"{_API}/issue/{{id}}")
    def edit_issue(self, request: httpx.Request, id: str) -> httpx.Response:
        changes = body_of(request).get("fields", {})
        if set(changes) - {"summary", "description"} or not changes.get("summary", "-"):
            return _error(400, "A field cannot be set")
        self.issues.get(id, {}).update(changes)
        return httpx.Response(204) if id in self.issues else _error(404, "No such issue")

    @route("DELETE", f"{_API}/issue/{{id}}")
    def delete_issue(self, request: httpx.Request, id: str) -> httpx.Response:
        subtasks = [other for other, issue in self.issues.items() if issue["parent"] == id]
        if id not in self.issues or (subtasks and query_of(request).get("deleteSubtasks") != "true"):
            return _error(400, "The issue has subtasks") if id in self.issues else _error(404, "No such issue")
        for gone in (id, *subtasks):
            self._ghosts.deleted(self.issues.pop(gone))
            self.parts = {part: row for part, row in self.parts.items() if row["issue"] != gone}
        return httpx.Response(204)

    @route("GET", f"{_API}/issue/{{id}}/{{kind}}")
    def list_parts(self, request: httpx.Request, id: str, kind: str) -> httpx.Response:
        there = id in self.issues and (kind == "comment" or (kind == "worklog" and self.tracks_time))
        found = self._parts(issue=id, kind=kind)
        return self._page(request, found, f"{kind}s") if there else _error(404, "No such issue, or no time is tracked")

    @route("GET", f"{_API}/attachment/{{id}}")
    def show_attachment(self, request: httpx.Request, id: str) -> httpx.Response:
        found = self._parts(id=id, kind="attachment")
        return httpx.Response(200, json=_shown(found[0]) | {"id": int(id)}) if found else _error(404, "No such attachment")

    @route("DELETE", f"{_API}/attachment/{{id}}")
    def delete_attachment(self, request: httpx.Request, id: str, kind: str = "attachment") -> httpx.Response:
        return httpx.Response(204) if self._parts(id=id, kind=kind) and self.parts.pop(id) else _error(404, f"No such {kind}")

    @route("DELETE", f"{_API}/issue/{{issue}}/{{kind}}/{{id}}")
    def delete_part(self, request: httpx.Request, id: str, issue: str, kind: str) -> httpx.Response:
        there = issue in self.issues and kind in ("comment", "worklog")
        return self.delete_attachment(request, id, kind) if there else _error(404, "No such issue")


def _shown(row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in ("address", "groups", "issue", "kind")}


def _who(id: str | None) -> Row | None:
    return {"accountId": id, "displayName": "Somebody", "active": True} if id else None


def _error(status: int, message: str) -> httpx.Response:
    return httpx.Response(status, json={"errorMessages": [message], "errors": {}, "status": status})
