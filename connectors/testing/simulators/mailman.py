"""Mailman 3 core in memory, measured on Mailman 3.3.8 (Debian 12), REST 3.1, on 2026-11-22; tests/live/test_mailman_real.py compares.

Not as there: the server caps no page, and its search does not lag.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import count
from typing import Any
from urllib.parse import parse_qsl

import httpx

from connectors.testing.simulator import Lagging, Person, Simulator, query_of, route

_LISTS = ("acties.voorbeeld.nl", "nieuws.voorbeeld.nl")
_ACTIONS = ("hold", "reject", "discard", "accept", "defer")
_STATUSES = ("enabled", "by_user", "by_bounces", "by_moderator", "unknown")
_PREFERENCES = {"acknowledge_posts": False, "delivery_mode": "regular", "delivery_status": "enabled", "preferred_language": "en"}


class MailmanSimulator(Simulator):
    """Two mailing lists. Bodies may be JSON or forms; pages are read from the query."""

    base_path = "/3.1"

    def __init__(self) -> None:
        super().__init__()
        self._ids = count(0xA000)
        self.users: dict[str, str] = {}  # id → name
        self.addresses: dict[str, dict[str, Any]] = {}  # lower case → original, user id or None
        self.members: dict[str, dict[str, Any]] = {}
        self.bans: list[tuple[str, str]] = []  # list id or "", as typed
        self.held: dict[str, dict[str, Any]] = {}
        self.requests: dict[str, dict[str, Any]] = {}
        self.moderated: set[str] = set()  # lists that ask a moderator before a member leaves
        self._ghosts = Lagging(self)

    def seed(self, person: Person) -> None:
        email = person.email.lower()
        if email not in self.addresses:
            self.add_address(person.email, self.add_user(person.name))
        taken = {(m["list_id"], m["role"]) for m in self.members.values() if m["email"] == email}
        self.add_member(*next((where, role) for role in ("member", "owner") for where in _LISTS if (where, role) not in taken), email)
        self.bans.append((next((where for where in ("", *_LISTS) if (where, person.email) not in self.bans)), person.email))
        self.add_held(_LISTS[0], email)
        self.add_request(_LISTS[1], email)

    def add_user(self, name: str) -> str:
        self.users[id := self._id()] = name
        return id

    def add_address(self, email: str, user: str | None) -> None:
        self.addresses[email.lower()] = {"original_email": email, "user": user}

    def add_member(self, where: str, role: str, email: str) -> str:
        action = "accept" if role in ("owner", "moderator") else None
        self.members[id := self._id()] = {"list_id": where, "role": role, "email": email, "moderation_action": action, "preferences": {}}
        return id

    def add_held(self, where: str, sender: str) -> None:
        self.held[str(next(self._ids))] = {"list_id": where, "sender": sender, "subject": "hoi", "reason": "not from a list member"}

    def add_request(self, where: str, email: str, kind: str = "subscription") -> str:
        self.requests[token := self._id()] = {"list_id": where, "email": email, "type": kind, "token_owner": "subscriber"}
        return token

    def _id(self) -> str:
        return f"{next(self._ids):032x}"

    def traces(self, person: Person) -> Counter[str]:
        email = person.email.lower()
        return Counter({
            "message": sum(held["sender"] == email for held in self.held.values()),
            "subscription_request": sum(request["email"] == email for request in self.requests.values()),
            "ban": sum(ban.lower() == email for _, ban in self.bans),
            "user": int(email in self.addresses),
            "subscriber": sum(member["email"] == email for member in self.members.values()),
        })  # fmt: skip

    def restricted(self, person: Person) -> Counter[str]:
        mine = [member for member in self.members.values() if member["email"] == person.email.lower()]
        return Counter({"subscriber": sum(m["preferences"].get("delivery_status", "enabled") != "enabled" for m in mine)})

    def signed_in(self, request: httpx.Request) -> bool:
        return request.headers.get("authorization") == httpx.BasicAuth("restadmin", "kit-secret-9f3a71")._auth_header

    def handle(self, request: httpx.Request) -> httpx.Response:
        answer = super().handle(request)
        if answer.content == b'{"error":"unauthorized"}':
            return httpx.Response(401, json={"title": "401 Unauthorized", "description": "REST API authorization failed"})
        if answer.content != b'{"error":"no such path"}':
            return answer
        path = request.url.raw_path.decode().split("?")[0]
        status = "405 Method Not Allowed" if any(pattern.fullmatch(path) for _, pattern, _, _ in self._routes) else "404 Not Found"
        return httpx.Response(int(status[:3]), json={"title": status})
