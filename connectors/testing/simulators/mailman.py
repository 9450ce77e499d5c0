"""Mailman 3 core in memory, after Mailman 3.3.8 (Debian 12) as measured on 2026-11-22; tests/live/test_mailman_real.py compares them.

Not so there: no page is capped, no search lags, and more parameters are known than those that are known here.
"""

import json
import re
from collections import Counter
from itertools import count, product
from typing import Any
from urllib.parse import parse_qsl

import httpx

from connectors.testing.simulator import Lagging, Person, Simulator, query_of, route

Row = dict[str, Any]

_LISTS = ("acties.voorbeeld.nl", "nieuws.voorbeeld.nl")
_ACTIONS = ("hold", "reject", "discard", "accept", "defer")
_STATUSES = ("enabled", "by_user", "by_bounces", "by_moderator", "unknown")
_ETAG = {"http_etag": '"0"'}


class _Refusal(Exception):
    """Answered with this status, title and, where there is one, description."""

    def __init__(self, title: str, description: str | None = None) -> None:
        body = {"title": title} | ({"description": description} if description else {})
        self.answer = httpx.Response(int(title[:3]), json=body)


class MailmanSimulator(Simulator):
    """Two mailing lists. Bodies may be JSON or forms; a page is asked for in the query."""

    base_path = "/3.1"

    def __init__(self) -> None:
        super().__init__()
        self._ids = count(0xA000)
        self.users: dict[str, str] = {}  # id → name
        self.addresses: dict[str, Row] = {}  # by lower case
        self.members: dict[str, Row] = {}
        self.delivery: dict[str, str] = {}  # delivery_status by member
        self.kept: dict[str, dict[str, Row]] = {"bans": {}, "held": {}, "requests": {}}
        self.moderated: set[str] = set()  # lists that ask a moderator before a member leaves
        self._ghosts = Lagging(self)

    def seed(self, person: Person) -> None:
        email = person.email.lower()
        if email not in self.addresses:
            self.add_address(person.email, self.add_user(person.name))
        taken = {(member["role"], member["list_id"]) for member in self.members.values() if member["email"] == email}
        role, where = next(place for place in product(("member", "owner"), _LISTS) if place not in taken)
        self.add_member(where, email, role)
        self.add_ban("" if not taken else where, person.email)
        self.add_held(_LISTS[0], email)
        self.add_request(_LISTS[1], email)

    def add_user(self, name: str) -> str:
        self.users[id := f"{next(self._ids):032x}"] = name
        return id

    def add_address(self, email: str, user: str | None = None) -> None:
        link = {"user": _link("users", user)} if user else {}
        self.addresses[email.lower()] = {"email": email.lower(), "original_email": email} | link

    def add_member(self, where: str, email: str, role: str = "member") -> str:
        id, user = f"{next(self._ids):032x}", {name: link for name, link in self.addresses[email].items() if name == "user"}
        action = {"moderation_action": "accept"} if role in ("owner", "moderator") else {}
        self.members[id] = {"member_id": id, "list_id": where, "email": email, "role": role} | user | action
        self.delivery[id] = "enabled"
        return id

    def add_ban(self, where: str, email: str) -> None:
        self.kept["bans"][f"{where}/{email}"] = {"list_id": where, "email": email}

    def add_held(self, where: str, sender: str) -> None:
        id = next(self._ids)
        self.kept["held"][f"{where}/{id}"] = {"list_id": where, "request_id": id, "sender": sender}

    def add_request(self, where: str, email: str, kind: str = "subscription") -> str:
        token = f"{next(self._ids):040x}"
        self.kept["requests"][f"{where}/{token}"] = {"list_id": where, "token": token, "email": email, "type": kind}
        return token

    def traces(self, person: Person) -> Counter[str]:
        email = person.email.lower()
        kept = {"message": ("held", "sender"), "subscription_request": ("requests", "email"), "ban": ("bans", "email")}
        left = {kind: sum(row[field].lower() == email for row in self.kept[part].values()) for kind, (part, field) in kept.items()}
        members = sum(member["email"] == email for member in self.members.values())
        return Counter(left | {"user": int(email in self.addresses), "subscriber": members})

    def restricted(self, person: Person) -> Counter[str]:
        mine = [id for id, member in self.members.items() if member["email"] == person.email.lower()]
        return Counter({"subscriber": sum(self.delivery[id] == "by_moderator" for id in mine)})

    def signed_in(self, request: httpx.Request) -> bool:
        return bool(request.headers.get("authorization") == "Basic cmVzdGFkbWluOmtpdC1zZWNyZXQtOWYzYTcx")  # restadmin, the kit's secret

    def handle(self, request: httpx.Request) -> httpx.Response:
        try:
            answer = super().handle(request)
            if answer.content == b'{"error":"unauthorized"}':
                raise _Refusal("401 Unauthorized", "REST API authorization failed")
            if answer.content == b'{"error":"no such path"}':
                path = request.url.raw_path.decode().split("?")[0]
                known = any(pattern.fullmatch(path) for _, pattern, _, _ in self._routes)
                raise _Refusal("405 Method Not Allowed" if known else "404 Not Found")
        except _Refusal as refusal:
            return refusal.answer
        return answer

    @route("GET", "/users/{id}")
    def show_user(self, request: httpx.Request, id: str) -> httpx.Response:
        user = self._user(id)
        return _told({"user_id": user} | ({"display_name": self.users[user]} if self.users[user] else {}))

    @route("DELETE", "/users/{id}")
    def delete_user(self, request: httpx.Request, id: str) -> httpx.Response:
        user = self._user(id)
        for email in [email for email, row in self.addresses.items() if row.get("user") == _link("users", user)]:
            self.delete_address(request, email)
        del self.users[user]
        return httpx.Response(204)

    @route("GET", "/users/{id}/addresses")
    def list_addresses(self, request: httpx.Request, id: str) -> httpx.Response:
        user = _link("users", self._user(id, None))
        return self._page(request, [row for row in self.addresses.values() if row.get("user") == user])

    def _user(self, id: str, description: str | None = "404 Not Found") -> str:
        user = self.addresses.get(id.lower(), {}).get("user", "").rpartition("/")[2] if "@" in id else id.replace("-", "").lower()
        if user not in self.users:
            raise _Refusal("404 Not Found", description)
        return str(user)

    @route("GET", "/addresses/{email}")
    def show_address(self, request: httpx.Request, email: str) -> httpx.Response:
        return _told(_found(self.addresses, email.lower()))

    @route("DELETE", "/addresses/{email}")
    def delete_address(self, request: httpx.Request, email: str) -> httpx.Response:
        _found(self.addresses, email.lower())
        for id in [id for id, member in self.members.items() if member["email"] == email.lower()]:
            self._ghosts.deleted(self.members.pop(id))
        del self.addresses[email.lower()]
        return httpx.Response(204)

    @route("POST", "/members/find", reads=True)
    def find_members(self, request: httpx.Request) -> httpx.Response:
        given = _given(request, "list_id", "subscriber", "role", "page", "count")
        wanted = re.escape(given.get("subscriber", "").lower())
        wanted = wanted.replace(r"\*", ".*").replace("_", ".") if r"\*" in wanted else wanted
        rows = self._ghosts.shown([row for row in self.members.values() if re.fullmatch(wanted, row["email"])])
        return self._page(request, sorted(rows, key=lambda row: (row["list_id"], row["email"])))

    @route("GET", "/members/{id}")
    def show_member(self, request: httpx.Request, id: str) -> httpx.Response:
        return _told(_found(self.members, id))

    @route("PATCH", "/members/{id}")
    def change_member(self, request: httpx.Request, id: str) -> httpx.Response:
        changed = _found(self.members, id) | _given(request, moderation_action=(*_ACTIONS, "", None))
        self.members[id] = {name: value for name, value in changed.items() if name != "moderation_action" or value}
        return httpx.Response(204)

    @route("DELETE", "/members/{id}")
    def delete_member(self, request: httpx.Request, id: str) -> httpx.Response:
        member = _found(self.members, id)
        if member["role"] == "member" and member["list_id"] in self.moderated:
            token = self.add_request(member["list_id"], member["email"], "unsubscription")
            return httpx.Response(202, json={"token": token, "token_owner": "moderator"} | _ETAG)
        self._ghosts.deleted(self.members.pop(id))
        return httpx.Response(204)

    @route("GET", "/members/{id}/all/preferences")
    def show_preferences(self, request: httpx.Request, id: str) -> httpx.Response:
        _found(self.members, id, None)
        return _told({"delivery_status": self.delivery[id]})

    @route("PATCH", "/members/{id}/preferences")
    def change_preferences(self, request: httpx.Request, id: str) -> httpx.Response:
        _found(self.members, id, None)
        self.delivery[id] = _given(request, delivery_status=_STATUSES).get("delivery_status", self.delivery[id])
        return httpx.Response(204)

    @route("GET", "/lists")
    def show_lists(self, request: httpx.Request) -> httpx.Response:
        return self._page(request, [{"list_id": where} for where in _LISTS])

    @route("GET", "/bans")
    def list_bans(self, request: httpx.Request) -> httpx.Response:
        return self._page(request, [row for row in self.kept["bans"].values() if not row["list_id"]])

    @route("GET", "/lists/{where}/{part}")
    def list_kept(self, request: httpx.Request, where: str, part: str) -> httpx.Response:
        rows = _found(self.kept if where in _LISTS else {}, part, None).values()
        kinds = ("subscription", "unsubscription")
        kind = part == "requests" and _given(request, "page", "count", request_type=kinds).get("request_type", kinds[0])
        return self._page(request, [row for row in rows if row["list_id"] == where and kind in (False, row.get("type"))])

    @route("GET", "/lists/{where}/{part}/{id}")
    def show_kept(self, request: httpx.Request, where: str, part: str, id: str) -> httpx.Response:
        return _told(_found(_found(self.kept, part, None), f"{where}/{id}"))

    @route("POST", "/lists/{where}/{part}/{id}")
    def decide(self, request: httpx.Request, where: str, part: str, id: str) -> httpx.Response:
        action = _found(_given(request, "reason", "comment", action=_ACTIONS), "action")
        _found(self.kept[part] if part != "bans" else {}, f"{where}/{id}")
        if action not in ("hold", "defer"):
            del self.kept[part][f"{where}/{id}"]
        return httpx.Response(204)

    @route("DELETE", "/bans/{email}")
    def lift_ban(self, request: httpx.Request, email: str) -> httpx.Response:
        return self.lift_list_ban(request, "", email)

    @route("DELETE", "/lists/{where}/bans/{email}")
    def lift_list_ban(self, request: httpx.Request, where: str, email: str) -> httpx.Response:
        fits = [row["email"] for row in self.kept["bans"].values() if row["list_id"] in ("", where)]
        if email not in fits and not any(fit[0] == "^" and re.match(fit, email, re.IGNORECASE) for fit in fits):
            raise _Refusal("404 Not Found", f"Email is not banned: {email}")
        self.kept["bans"].pop(f"{where}/{email}", None)  # yes, too, where a pattern or the whole site bans it
        return httpx.Response(204)

    def _page(self, request: httpx.Request, rows: list[Row]) -> httpx.Response:
        query = query_of(request)
        if ("count" in query) != ("page" in query):
            raise _Refusal("500 Internal Server Error")
        size = min(int(query.get("count", len(rows))), self.largest_page)
        start = (int(query.get("page", 1)) - 1) * size
        part = [{name: value for name, value in row.items() if value != ""} | _ETAG for row in rows[start : start + size]]
        return _told({"start": start, "total_size": len(rows)} | ({"entries": part} if part else {}))


def _given(request: httpx.Request, *names: str, **choices: tuple[str | None, ...]) -> Row:
    """The parameters: of a JSON body, else of the query and a form. `choices`: the values that one may have."""
    if request.headers.get("content-type", "").startswith("application/json"):
        given = json.loads(request.content)
    else:
        given = dict(query_of(request)) | dict(parse_qsl(request.content.decode(), keep_blank_values=True))
    if unknown := given.keys() - {*names, *choices}:
        raise _Refusal("400 Bad Request", f"Unexpected parameters: {', '.join(sorted(unknown))}")
    for name in choices.keys() & given.keys():
        if given[name] not in choices[name]:
            values = ", ".join(filter(None, choices[name]))
            raise _Refusal("400 Bad Request", f'Invalid Parameter "{name}": Accepted Values are: {values}.')
    return dict(given)


def _found(rows: Row, id: str, description: str | None = "404 Not Found") -> Any:
    if id not in rows:
        raise _Refusal("404 Not Found", description)
    return rows[id]


def _told(body: Row) -> httpx.Response:
    return httpx.Response(200, json=body | _ETAG)


def _link(kind: str, id: str | None) -> str:
    return f"http://localhost:8001/3.1/{kind}/{id}"
