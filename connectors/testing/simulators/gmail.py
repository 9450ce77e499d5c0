"""One Gmail mailbox in memory, after Google's discovery document of Gmail v1 (July 2026), read on 2026-11-22; no text of it is used.

Believed only: that an empty list leaves `messages` out, that the search finds parts of words and leaves out the letter case, that
`batchModify` and `batchDelete` answer 204 and pass over unknown ids, that a second label of a name answers 409, that SENT and DRAFT
cannot be taken off (400), and the shape of errors.
"""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parseaddr
from itertools import count
from typing import Any

import httpx

from connectors.testing.harness import SECRETS
from connectors.testing.simulator import Lagging, Person, Simulator, body_of, query_of, route

_SYSTEM = ("INBOX", "SPAM", "TRASH", "SENT", "DRAFT", "UNREAD", "STARRED", "IMPORTANT")
_FIXED = {"SENT", "DRAFT"}
_TERM = re.compile(r"(from|to|cc|bcc):(\S+)")
_LISTED = {"q", "maxResults", "pageToken", "includeSpamTrash", "labelIds"}
OWNER = "info@bureau.example"
MANY = ", ".join(f"lid{n}@elders.nl" for n in range(20))

Row = dict[str, Any]


class GmailSimulator(Simulator):
    """`info@bureau.example`, from the newest message to the oldest."""

    largest_page = 500

    def __init__(self) -> None:
        super().__init__()
        self._ids = count(0x18F3A71)
        self.messages: dict[str, Row] = {}
        self.labels = {name: name for name in _SYSTEM}  # id → name
        self._ghosts = Lagging(self)

    def seed(self, person: Person) -> None:
        who = f'"{person.name}" <{person.email}>'
        since = datetime(person.since.year, person.since.month, person.since.day, 12, tzinfo=UTC)
        self.add(since, ["INBOX", "UNREAD"], From=who, To=OWNER)
        self.add(since, ["SENT"], From=OWNER, To=f"{OWNER}, {who}")
        self.add(since, ["SPAM"], From=who, To=OWNER)
        self.add(since, ["TRASH"], From=OWNER, CC=who)
        self.add(since, ["DRAFT"], From=OWNER, Bcc=person.email)
        self.add(since, [], From="voorzitter@elders.nl", To=f"{MANY}, {who}")

    def add(self, when: datetime, labels: Sequence[str], **headers: str) -> str:
        """A message; its headers may be given in any letter case."""
        id = f"{next(self._ids):016x}"
        told = [{"name": name, "value": value} for name, value in {**headers, "Subject": "Offerte", "Date": when.isoformat()}.items()]
        self.messages[id] = {"id": id, "threadId": id, "labels": set(labels), "when": when, "headers": told}
        return id

    def _of(self, person: Person) -> list[Row]:
        """By another way of reading headers than the connector's."""
        return [row for row in self.messages.values() if person.email.lower() in self._people(row, "from", "to", "cc", "bcc")]

    @staticmethod
    def _people(row: Row, *names: str) -> list[str]:
        values = [one["value"] for one in row["headers"] if one["name"].lower() in names]
        return [parseaddr(part)[1].lower() for value in values for part in value.split(",")]

    def _kind(self, row: Row, person: Person) -> str:
        sent = person.email.lower() in self._people(row, "from")
        return "circular" if not sent and len(self._people(row, "to", "cc", "bcc")) > 10 else "message"

    def traces(self, person: Person) -> Counter[str]:
        return Counter(self._kind(row, person) for row in self._of(person))

    def restricted(self, person: Person) -> Counter[str]:
        """Marked by a label of the mailbox's own, and in none of the places where mail is worked on or thrown away."""
        own = set(self.labels) - set(_SYSTEM)
        marked = [row for row in self._of(person) if row["labels"] & own and not row["labels"] & {"INBOX", "SPAM", "TRASH"}]
        return Counter(self._kind(row, person) for row in marked)

    def signed_in(self, request: httpx.Request) -> bool:
        return bool(request.headers.get("authorization") == f"Bearer {SECRETS['KIT_SECRET']}")

    @route("GET", "/gmail/v1/users/me/messages")
    def list_messages(self, request: httpx.Request) -> httpx.Response:
        query = query_of(request)
        most, start = int(query.get("maxResults", 100)), query.get("pageToken", "0")
        if {*query} - _LISTED or not 1 <= most <= 500 or not start.isdecimal():
            return _error(400, "invalidArgument")
        hidden = set() if query.get("includeSpamTrash") == "true" else {"SPAM", "TRASH"}
        rows = [row for row in self._ghosts.shown(list(self.messages.values())) if not row["labels"] & hidden]
        rows = [row for row in rows if self._fits(row, query.get("q", ""))][::-1]
        hits, total = self.cut(rows, int(start), most)
        page = [{"id": row["id"], "threadId": row["threadId"]} for row in hits]
        more = {"nextPageToken": str(int(start) + len(page))} if total > int(start) + len(page) else {}
        return httpx.Response(200, json={**({"messages": page} if page else {}), **more, "resultSizeEstimate": len(rows)})

    @staticmethod
    def _fits(row: Row, query: str) -> bool:
        terms = _TERM.findall(query)
        headers = [(one["name"].lower(), one["value"].lower()) for one in row["headers"]]
        return not terms or any(field == name and text.lower() in value for field, text in terms for name, value in headers)

    @route("GET", "/gmail/v1/users/me/messages/{id}")
    def show(self, request: httpx.Request, id: str) -> httpx.Response:
        if query_of(request).get("format", "full") not in ("minimal", "full", "raw", "metadata"):
            return _error(400, "invalidArgument")
        row = self.messages.get(id)
        return httpx.Response(200, json=_told(row)) if row else _error(404, "notFound")

    @route("DELETE", "/gmail/v1/users/me/messages/{id}")
    def delete(self, request: httpx.Request, id: str) -> httpx.Response:
        if id not in self.messages:
            return _error(404, "notFound")
        self._ghosts.deleted(self.messages.pop(id))
        return httpx.Response(204)

    @route("POST", "/gmail/v1/users/me/messages/batchDelete")
    def batch_delete(self, request: httpx.Request) -> httpx.Response:
        for id in body_of(request)["ids"]:
            if id in self.messages:
                self._ghosts.deleted(self.messages.pop(id))
        return httpx.Response(204)

    @route("POST", "/gmail/v1/users/me/messages/batchModify")
    def batch_modify(self, request: httpx.Request) -> httpx.Response:
        body = body_of(request)
        add, remove = set(body.get("addLabelIds", [])), set(body.get("removeLabelIds", []))
        unknown = {*body} - {"ids", "addLabelIds", "removeLabelIds"} or (add | remove) - {*self.labels} or (add | remove) & _FIXED
        if unknown or not 1 <= len(body["ids"]) <= 1000 or not add | remove:
            return _error(400, "invalidArgument")
        for id in body["ids"]:
            if id in self.messages:
                self.messages[id]["labels"] = self.messages[id]["labels"] - remove | add
        return httpx.Response(204)

    @route("GET", "/gmail/v1/users/me/labels")
    def list_labels(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"labels": [self._label(id) for id in self.labels]})

    @route("POST", "/gmail/v1/users/me/labels")
    def create_label(self, request: httpx.Request) -> httpx.Response:
        name = body_of(request)["name"]
        if name in self.labels.values():
            return _error(409, "aborted")
        id = f"Label_{len(self.labels)}"
        self.labels[id] = name
        return httpx.Response(200, json=self._label(id))

    def _label(self, id: str) -> Row:
        return {"id": id, "name": self.labels[id], "type": "system" if id in _SYSTEM else "user"}


def _told(row: Row) -> Row:
    labels = {"labelIds": sorted(row["labels"])} if row["labels"] else {}
    when = str(int(row["when"].timestamp() * 1000))
    payload = {"mimeType": "text/plain", "headers": row["headers"]}
    return {"id": row["id"], "threadId": row["threadId"], **labels, "internalDate": when, "historyId": "7", "payload": payload}


def _error(status: int, reason: str) -> httpx.Response:
    errors = [{"message": "It cannot be done.", "domain": "global", "reason": reason}]
    return httpx.Response(status, json={"error": {"code": status, "message": "It cannot be done.", "errors": errors}})
