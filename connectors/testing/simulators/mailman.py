"""Mailman 3 core as measured on 3.3.8 (Debian 12), 2026-11-22: tests/live/test_mailman_real.py. There no page is capped, no search lags."""

import json
import re
from collections import Counter
from itertools import count, product
from typing import Any

import httpx

from connectors.testing.simulator import Lagging, Person, Simulator, query_of, route

Row = dict[str, Any]
_ACCOUNT = "http://localhost:8001/3.1/users/"
_ETAG = {"http_etag": '"0"'}
_KINDS = ("subscription", "unsubscription")
_LISTS = ("acties.voorbeeld.nl", "nieuws.voorbeeld.nl")


class _Refusal(Exception):
    def __init__(self, title: str = "404 Not Found", description: str | None = None) -> None:
        self.answer = httpx.Response(int(title[:3]), json={"title": title} | ({"description": description} if description else {}))


class MailmanSimulator(Simulator):
    """Two mailing lists. A page is asked for in the query, whatever the body says. Forms are read there too, and not here."""

    base_path = "/3.1"

    def __init__(self) -> None:
        super().__init__()
        self._ids = count(0xA000)
        self._rows: dict[str, dict[str, Row]] = {"users": {}, "addresses": {}, "members": {}}
        self.users, self.addresses, self.members = self._rows.values()
        self.delivery: dict[str, str] = {}  # delivery_status by member
        self.kept: dict[str, dict[str, Row]] = {"bans": {}, "held": {}, "requests": {}}  # by list (or "") and id
        self.moderated: set[str] = set()  # lists that ask a moderator before a member leaves
        self._ghosts = Lagging(self)

    def seed(self, person: Person) -> None:
        email = person.email.lower()
        if email not in self.addresses:
            self.add_address(person.email, self.add_user(person.name))
        taken = {(member["role"], member["list_id"]) for member in self.members.values() if member["email"] == email}
        for role, where in [place for place in product(("member", "owner"), _LISTS) if place not in taken][:1]:  # four at most
            self.add_member(where, email, role)
            self.add_ban("" if not taken else where, person.email)
        self.add_held(_LISTS[0], email)
        self.add_request(_LISTS[1], email)

    def add_user(self, name: str) -> str:
        id = f"{next(self._ids):032x}"
        self.users[id] = {"user_id": id, "display_name": name}
        return id

    def add_address(self, email: str, user: str | None = None) -> None:
        self.addresses[email.lower()] = {"email": email.lower(), "original_email": email} | ({"user": _ACCOUNT + user} if user else {})

    def add_member(self, where: str, email: str, role: str = "member") -> str:
        id = f"{next(self._ids):032x}"
        self.members[id] = {"member_id": id, "list_id": where, "email": email, "role": role, "user": self.addresses[email].get("user")}
        self.delivery[id] = "enabled"
        return id

    def add_ban(self, where: str, email: str) -> None:
        self.kept["bans"][f"{where}/{email}"] = {"email": email} | ({"list_id": where} if where else {})

    def add_held(self, where: str, sender: str) -> str:
        id = next(self._ids)
        self.kept["held"][f"{where}/{id}"] = {"request_id": id, "sender": sender, "subject": "hoi"}
        return str(id)

    def add_request(self, where: str, email: str, kind: str = _KINDS[0]) -> str:
        token = f"{next(self._ids):040x}"
        self.kept["requests"][f"{where}/{token}"] = {"list_id": where, "token": token, "email": email, "type": kind}
        return token

    def traces(self, person: Person) -> Counter[str]:
        email = person.email.lower()
        kept = {"message": ("held", "sender"), "subscription_request": ("requests", "email"), "ban": ("bans", "email")}
        left = {kind: sum(row[name].lower() == email for row in self.kept[part].values()) for kind, (part, name) in kept.items()}
        return Counter(left | {"user": int(email in self.addresses), "subscriber": len(self._members_of(email))})

    def restricted(self, person: Person) -> Counter[str]:
        return Counter({"subscriber": sum(self.delivery[id] == "by_moderator" for id in self._members_of(person.email.lower()))})

    def _members_of(self, email: str) -> list[str]:
        return [id for id, member in self.members.items() if member["email"] == email]

    def signed_in(self, request: httpx.Request) -> bool:
        if request.headers.get("authorization") != "Basic cmVzdGFkbWluOmtpdC1zZWNyZXQtOWYzYTcx":  # restadmin, the kit's secret
            raise _Refusal("401 Unauthorized", "REST API authorization failed")
        return True

    def handle(self, request: httpx.Request) -> httpx.Response:
        try:
            return super().handle(request)
        except _Refusal as refusal:
            return refusal.answer

    @route("GET", "/{what}")
    def list_site(self, request: httpx.Request, what: str) -> httpx.Response:
        bans = [row for key, row in self.kept["bans"].items() if key.startswith("/")]
        return self._page(request, _found({"lists": [{"list_id": where} for where in _LISTS], "bans": bans}, what, None))

    @route("GET", "/{what}/{id}")
    def show(self, request: httpx.Request, what: str, id: str) -> httpx.Response:
        return _told(self._rows[what][self._key(what, id)])

    @route("DELETE", "/{what}/{id}")
    def delete(self, request: httpx.Request, what: str, id: str) -> httpx.Response:
        if what == "bans":
            return self.lift_ban(request, "", id)
        row = self._rows[what][key := self._key(what, id)]
        if what == "members" and row["role"] == "member" and row["list_id"] in self.moderated:
            token = self.add_request(row["list_id"], row["email"], _KINDS[1])
            return httpx.Response(202, json={"token": token, "token_owner": "moderator"} | _ETAG)
        del self._rows[what][key]
        for email in [email for email, address in self.addresses.items() if address.get("user") == _ACCOUNT + key]:
            self.delete(request, "addresses", email)
        ended = [self.members.pop(member) for member in self._members_of(key)] if what == "addresses" else [row] * (what == "members")
        for member in ended:
            self._ghosts.deleted(member)
        return httpx.Response(204)

    def _key(self, what: str, id: str, description: str | None = "404 Not Found") -> str:
        if what == "users":
            id = self.addresses.get(id.lower(), {}).get("user", "").rpartition("/")[2] if "@" in id else id.replace("-", "")
        _found(_found(self._rows, what, None), id.lower(), description)
        return id.lower()

    @route("POST", "/members/find", reads=True)
    def find_members(self, request: httpx.Request) -> httpx.Response:
        wanted = re.escape(_given(request, "subscriber", "page", "count").get("subscriber", "").lower())
        wanted = wanted.replace(r"\*", ".*").replace("_", ".") if r"\*" in wanted else wanted
        return self._page(request, self._ghosts.shown([row for row in self.members.values() if re.fullmatch(wanted, row["email"])]))

    @route("GET", "/members/{id}/all/preferences")
    def show_preferences(self, request: httpx.Request, id: str) -> httpx.Response:
        return _told({"delivery_status": self.delivery[_found(self.members, id, None)["member_id"]]})

    @route("PATCH", "/members/{id}/preferences")
    def change_preferences(self, request: httpx.Request, id: str) -> httpx.Response:
        statuses = ("enabled", "by_user", "by_bounces", "by_moderator", "unknown")
        self.delivery[_found(self.members, id, None)["member_id"]] = _given(request, delivery_status=statuses)["delivery_status"]
        return httpx.Response(204)

    @route("GET", "/{what}/{where}/{part}")
    def list_part(self, request: httpx.Request, what: str, where: str, part: str) -> httpx.Response:
        if (what, part) == ("users", "addresses"):
            user = _ACCOUNT + self._key("users", where, None)
            return self._page(request, [row for row in self.addresses.values() if row.get("user") == user])
        rows = _found(self.kept if where in _LISTS else {}, part, None).items()
        kind = part == "requests" and _given(request, "page", "count", request_type=_KINDS).get("request_type", _KINDS[0])
        return self._page(request, [row for key, row in rows if key.startswith(f"{where}/") and kind in (False, row.get("type"))])

    @route("GET", "/lists/{where}/{part}/{id}")
    def show_kept(self, request: httpx.Request, where: str, part: str, id: str) -> httpx.Response:
        return _told(_found(_found(self.kept, part, None), f"{where}/{id}"))

    @route("POST", "/lists/{where}/{part}/{id}")
    def decide(self, request: httpx.Request, where: str, part: str, id: str) -> httpx.Response:
        _found(self.kept[part], f"{where}/{id}")
        if _given(request, action=("hold", "reject", "discard", "accept", "defer"))["action"] not in ("hold", "defer"):
            del self.kept[part][f"{where}/{id}"]
        return httpx.Response(204)

    @route("DELETE", "/lists/{where}/bans/{email}")
    def lift_ban(self, request: httpx.Request, where: str, email: str) -> httpx.Response:
        fits = [row["email"] for row in self.kept["bans"].values() if row.get("list_id", where) == where]
        if email not in fits and not any(fit[0] == "^" and re.match(fit, email, re.IGNORECASE) for fit in fits):
            raise _Refusal(description=f"Email is not banned: {email}")
        self.kept["bans"].pop(f"{where}/{email}", None)  # yes, too, where a pattern or the whole site bans it
        return httpx.Response(204)

    def _page(self, request: httpx.Request, rows: list[Row]) -> httpx.Response:
        query = query_of(request)
        size = min(int(query.get("count", len(rows))), self.largest_page)
        shown, total = self.cut(rows, start := (int(query.get("page", 1)) - 1) * size, size)
        part = [{name: value for name, value in row.items() if value not in ("", None)} | _ETAG for row in shown]
        return _told({"start": start, "total_size": total} | ({"entries": part} if part else {}))


def _given(request: httpx.Request, *names: str, **choices: tuple[str, ...]) -> Row:
    given: Row = json.loads(request.content) if request.content else dict(query_of(request))
    if unknown := given.keys() - {*names, *choices}:
        raise _Refusal("400 Bad Request", f"Unexpected parameters: {', '.join(sorted(unknown))}")
    for name in (name for name in choices.keys() & given.keys() if given[name] not in choices[name]):
        raise _Refusal("400 Bad Request", f'Invalid Parameter "{name}": Accepted Values are: {", ".join(choices[name])}.')
    return given


def _found(rows: Row, id: str, description: str | None = "404 Not Found") -> Any:
    if id not in rows:
        raise _Refusal(description=description)
    return rows[id]


def _told(body: Row) -> httpx.Response:
    return httpx.Response(200, json={name: value for name, value in body.items() if value not in ("", None)} | _ETAG)
