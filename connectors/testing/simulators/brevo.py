"""Brevo in memory, after its Swagger document 3.0.0 (May 2024) and developers.brevo.com, read on 2026-11-22; no text of either is used.

Believed only: that `limit` and `offset` work on the log of transactional mail as on the other lists, that deleting by message id
takes the entries of all its recipients, and what an empty list looks like (`bare`: without its name). Stricter than known: an
unknown parameter is 400.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

import httpx

from connectors.testing.simulator import Lagging, Person, Simulator, body_of, query_of, route

Row = dict[str, Any]


class BrevoSimulator(Simulator):
    """One account. The log answers for the past 30 days unless told, and for a month at most."""

    base_path = "/v3"

    def __init__(self) -> None:
        super().__init__()
        self._ids = count(1000)
        self.today = datetime.now(UTC).date()
        self.bare = False
        self.contacts: dict[str, Row] = {}
        self.mails: list[Row] = []
        self.blocks: list[Row] = []
        self._ghosts = {"mails": Lagging(self), "blocks": Lagging(self)}

    def seed(self, person: Person) -> None:
        if not self._of(person, self.contacts.values()):  # an address has one contact
            self.add_contact(person)
        self.add_mail(person.email, 1)
        self.add_mail(person.email, 45)
        at = f"{person.since.isoformat()}T12:00:00.000Z"
        reason = {"code": "unsubscribedViaEmail", "message": "Unsubscribed"}
        if not self._of(person, self.blocks):  # and one block from one sender
            self.blocks.append({"email": person.email, "senderEmail": "shop@winkel.example", "reason": reason, "blockedAt": at})

    def add_contact(self, person: Person, **fields: Any) -> str:
        id = str(next(self._ids))
        moment = "2025-06-01T10:00:00.000+02:00"
        self.contacts[id] = {
            "id": int(id), "email": person.email, "emailBlacklisted": False, "smsBlacklisted": False, "createdAt": moment,
            "modifiedAt": moment, "listIds": [3], "attributes": {"FIRSTNAME": person.name, "SMS": person.phone.lstrip("+")},
            "statistics": {"unsubscriptions": {"userUnsubscription": [], "adminUnsubscription": []}},
        } | fields  # fmt: skip
        return id

    def add_mail(self, email: str, days_ago: int, id: str = "") -> str:
        id = id or f"<{next(self._ids)}.2026@smtp-relay.mailin.fr>"
        sent = f"{(self.today - timedelta(days=days_ago)).isoformat()}T09:30:00.000Z"
        row = {"email": email, "subject": "Your order", "messageId": id, "uuid": f"u-{next(self._ids)}", "date": sent, "tags": []}
        self.mails.append(row)
        return id

    def _of(self, person: Person, rows: Iterable[Row]) -> list[Row]:
        return [row for row in rows if (row["email"] or "").lower() == person.email.lower()]

    def traces(self, person: Person) -> Counter[str]:
        mails = {row["messageId"] for row in self._of(person, self.mails)}
        blocks, contacts = self._of(person, self.blocks), self._of(person, self.contacts.values())
        return Counter(message=len(mails), block=min(len(blocks), 1), subscriber=len(contacts))

    def restricted(self, person: Person) -> Counter[str]:
        mine = self._of(person, self.contacts.values())
        return Counter(subscriber=sum(row["emailBlacklisted"] and row["smsBlacklisted"] for row in mine))

    def archive(self, person: Person) -> None:
        for row in self._of(person, self.contacts.values()):
            row |= {"emailBlacklisted": True, "listIds": [], "listUnsubscribed": [3]}

    def signed_in(self, request: httpx.Request) -> bool:
        return bool(request.headers.get("api-key") == "kit-secret-9f3a71")

    def _contact(self, key: str) -> Row | None:
        """By address, id or phone number, as the path may hold any."""
        for row in self.contacts.values():
            if key in (str(row["id"]), row["attributes"].get("SMS")) or key.lower() == (row["email"] or "").lower():
                return row
        return None

    @route("GET", "/contacts/{key}")
    def show_contact(self, request: httpx.Request, key: str) -> httpx.Response:
        row = self._contact(key)
        return httpx.Response(200, json=row) if row else _error(404)

    @route("PUT", "/contacts/{key}")
    def change_contact(self, request: httpx.Request, key: str) -> httpx.Response:
        row, change = self._contact(key), body_of(request)
        if row is None:
            return _error(404)
        if not change.keys() <= {"emailBlacklisted", "smsBlacklisted"} or not all(type(value) is bool for value in change.values()):
            return _error(400)
        row |= change
        return httpx.Response(204)

    @route("DELETE", "/contacts/{key}")
    def delete_contact(self, request: httpx.Request, key: str) -> httpx.Response:
        row = self._contact(key)
        if row is None or row.get("registered"):
            return _error(405 if row else 404)
        del self.contacts[str(row["id"])]
        return httpx.Response(204)

    @route("GET", "/smtp/emails")
    def list_mails(self, request: httpx.Request) -> httpx.Response:
        query = query_of(request)
        start, end = query.get("startDate"), query.get("endDate")
        known = {"email", "messageId", "templateId", "startDate", "endDate", "limit", "offset", "sort"}
        if {*query} - known or not {*query} & {"email", "messageId", "templateId"} or (start is None) != (end is None):
            return _error(400)
        first = date.fromisoformat(start) if start else self.today - timedelta(days=30)
        last = date.fromisoformat(end) if end else self.today
        if last > self.today or not timedelta(0) <= last - first <= timedelta(days=30):
            return _error(400)
        rows = [row for row in self._ghosts["mails"].shown(self.mails) if first.isoformat() <= row["date"][:10] <= last.isoformat()]
        rows = self._of_address(rows, query["email"]) if "email" in query else rows
        rows = [row for row in rows if query.get("messageId", row["messageId"]) == row["messageId"]]
        return self._page(request, "transactionalEmails", rows, 500)

    def _of_address(self, rows: list[Row], email: str) -> list[Row]:
        return [row for row in rows if row["email"].lower() == email.lower()]

    @route("DELETE", "/smtp/log/{id}")
    def delete_log(self, request: httpx.Request, id: str) -> httpx.Response:
        gone = [row for row in self.mails if row["messageId"] == id]
        self.mails = [row for row in self.mails if row["messageId"] != id]
        return self._deleted("mails", gone)

    @route("GET", "/smtp/blockedContacts")
    def list_blocks(self, request: httpx.Request) -> httpx.Response:
        if {*query_of(request)} - {"limit", "offset", "sort"}:
            return _error(400)
        return self._page(request, "contacts", self._ghosts["blocks"].shown(self.blocks), 50, 100)

    @route("DELETE", "/smtp/blockedContacts/{email}")
    def unblock(self, request: httpx.Request, email: str) -> httpx.Response:
        gone = [row for row in self.blocks if row["email"].lower() == email.lower()]
        self.blocks = [row for row in self.blocks if row["email"].lower() != email.lower()]
        return self._deleted("blocks", gone)

    def _deleted(self, which: str, gone: list[Row]) -> httpx.Response:
        for row in gone:
            self._ghosts[which].deleted(row)
        return httpx.Response(204) if gone else _error(404)

    def _page(self, request: httpx.Request, name: str, rows: list[Row], size: int, most: int = 1000) -> httpx.Response:
        query = query_of(request)
        limit, offset = query.get("limit", str(size)), query.get("offset", "0")
        if not limit.isdecimal() or not offset.isdecimal() or not 1 <= int(limit) <= most:
            return _error(400)
        shown, total = self.cut(rows, int(offset), int(limit))
        body = {} if self.bare and not rows else {"count": total, name: shown}
        return httpx.Response(200, json=body)


def _error(status: int) -> httpx.Response:
    code = {400: "invalid_parameter", 404: "document_not_found", 405: "method_not_allowed"}[status]
    return httpx.Response(status, json={"code": code, "message": "It cannot be done."})
