"""One Cloudflare account and zone in memory, after Cloudflare's OpenAPI document (cloudflare/api-schemas @ cca3064, August 2024,
BSD-3-Clause), read on 2026-11-22; no text of it is used.

Believed only: that a page beyond the last has an empty list, that the list of rules holds the catch-all rule too, that DELETE of a member
without a JSON body is refused, that unknown accounts, zones and parameters answer 404 and 400, and the numbers of errors.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

import httpx

from connectors.testing.harness import SECRETS
from connectors.testing.simulator import Lagging, Person, Simulator, body_of, query_of, route

ACCOUNT, ZONE = "a" * 32, "b" * 32
RIGHTS = ("Account Settings Write", "Email Routing Addresses Write", "Email Routing Rules Write")  # their names are believed only
_RULE_FIELDS = {"name", "enabled", "priority", "actions", "matchers"}
_LISTED = {"page", "per_page", "direction", "order"}

Row = dict[str, Any]


class CloudflareSimulator(Simulator):
    """Mail of `voorbeeld.nl` is routed; some people may log in."""

    base_path = "/client/v4"
    largest_page = 50

    def __init__(self) -> None:
        super().__init__()
        self._ids = count(0x9F3A71)
        self.members, self.access_users, self.addresses, self.rules = (dict[str, Row]() for _ in range(4))
        self._ghosts = Lagging(self)
        self.catch_all = self.add_rule([], type="drop", matchers=[{"type": "all"}])

    def _id(self) -> str:
        return f"{next(self._ids):032x}"

    def add_rule(self, to: list[str], literal: str = "", **more: Any) -> str:
        matchers = more.pop("matchers", [{"type": "literal", "field": "to", "value": literal}])
        action = {"type": more.pop("type", "forward"), "value": to}
        id = self._id()
        self.rules[id] = {"id": id, "tag": id, "enabled": True, "name": f"Rule {id[-2:]}", "priority": 0} | more
        self.rules[id] |= {"actions": [action], "matchers": matchers}
        return id

    def add_member(self, email: str, status: str = "accepted") -> None:
        id = self._id()
        self.members[id] = {"id": id, "status": status, "roles": [], "user": {"id": self._id(), "email": email, "first_name": None}}

    def add_address(self, email: str, verified: str | None = "2025-06-01T10:00:00Z") -> None:
        id = self._id()
        self.addresses[id] = {"id": id, "tag": id, "email": email, "verified": verified}

    def seed(self, person: Person) -> None:
        self.add_rule(["directie@elders.nl"], literal=person.email)
        self.add_rule([person.email], literal="verkoop@bureau.example", name=None)
        self.add_rule([person.email, "piet@elders.nl"], literal="info@bureau.example")
        self.add_address(person.email)
        self.add_address(person.email, verified=None)
        for status in ("accepted", "pending", "rejected"):
            self.add_member(person.email, status)
        id = self._id()
        self.access_users[id] = {"id": id, "email": person.email, "name": person.name, "access_seat": True}

    def _rules_of(self, person: Person) -> dict[str, list[Row]]:
        """By kind; `forward` is what names nobody else on one of its sides."""
        kinds: dict[str, list[Row]] = {"forward": [], "shared_forward": []}
        for row in self.rules.values():
            to = [one.lower() for action in row["actions"] for one in action["value"]]
            literals = [matcher.get("value", "*").lower() for matcher in row["matchers"]]
            if person.email.lower() in to + literals:
                alone = {person.email.lower()} in (set(to), set(literals)) and "*" not in literals
                kinds["forward" if alone else "shared_forward"].append(row)
        return kinds

    def traces(self, person: Person) -> Counter[str]:
        told = Counter({kind: len(rows) for kind, rows in self._rules_of(person).items()})
        told["address"] = sum(row["email"].lower() == person.email.lower() for row in self.addresses.values())
        told["user"] = sum(row["user"]["email"].lower() == person.email.lower() for row in self.members.values())
        told["access_user"] = sum(row["email"].lower() == person.email.lower() for row in self.access_users.values())
        return told

    def restricted(self, person: Person) -> Counter[str]:
        return Counter(forward=sum(not row["enabled"] for row in self._rules_of(person)["forward"]))

    def archive(self, person: Person) -> None:
        for row in self._rules_of(person)["forward"]:
            row["enabled"] = False

    def signed_in(self, request: httpx.Request) -> bool:
        return bool(request.headers.get("authorization") == f"Bearer {SECRETS['KIT_SECRET']}")

    @route("GET", "/user/tokens/{id}")
    def show_token(self, request: httpx.Request, id: str) -> httpx.Response:
        told: Row = {"id": "9f3a", "status": "active"}
        groups = [{"id": self._id(), "name": name} for name in RIGHTS]
        policy = {
            "id": self._id(),
            "effect": "allow",
            "permission_groups": groups,
            "resources": {f"com.cloudflare.api.account.{ACCOUNT}": "*"},
        }
        return _answer(told if id == "verify" else {**told, "name": "erasure", "policies": [policy]})

    @route("GET", "/accounts/{account}/members")
    def list_members(self, request: httpx.Request, account: str) -> httpx.Response:
        return self._page(request, account == ACCOUNT, self.members, status=lambda row: row["status"])

    @route("GET", "/accounts/{account}/access/users")
    def list_access_users(self, request: httpx.Request, account: str) -> httpx.Response:
        return self._page(request, account == ACCOUNT, self.access_users)

    @route("GET", "/accounts/{account}/email/routing/addresses")
    def list_addresses(self, request: httpx.Request, account: str) -> httpx.Response:
        return self._page(
            request, account == ACCOUNT, self.addresses, {"verified": "true"}, verified=lambda row: str(bool(row["verified"]))
        )

    @route("GET", "/zones/{zone}/email/routing/rules")
    def list_rules(self, request: httpx.Request, zone: str) -> httpx.Response:
        return self._page(request, zone == ZONE, self.rules, enabled=lambda row: str(row["enabled"]))

    @route("GET", "/zones/{zone}/email/routing/rules/{id}")
    def show_rule(self, request: httpx.Request, zone: str, id: str) -> httpx.Response:
        row = self.rules.get(self.catch_all if id == "catch_all" else id)
        return _answer(row) if row and zone == ZONE else _error(404)

    @route("PUT", "/zones/{zone}/email/routing/rules/{id}")
    def put_rule(self, request: httpx.Request, zone: str, id: str) -> httpx.Response:
        body = body_of(request)
        if id not in self.rules or zone != ZONE:
            return _error(404)
        if {*body} - _RULE_FIELDS or not {"actions", "matchers"} <= {*body} or len(body.get("name", "")) > 256 or id == self.catch_all:
            return _error(400)
        self.rules[id] |= body
        return _answer(self.rules[id])

    @route("DELETE", "/zones/{zone}/email/routing/rules/{id}")
    def delete_rule(self, request: httpx.Request, zone: str, id: str) -> httpx.Response:
        return _error(400) if id == self.catch_all else self._delete(zone == ZONE, self.rules, id)

    @route("DELETE", "/accounts/{account}/members/{id}")
    def delete_member(self, request: httpx.Request, account: str, id: str) -> httpx.Response:
        return self._delete(account == ACCOUNT, self.members, id) if request.content and body_of(request) == {} else _error(400)

    @route("DELETE", "/accounts/{account}/email/routing/addresses/{id}")
    def delete_address(self, request: httpx.Request, account: str, id: str) -> httpx.Response:
        return self._delete(account == ACCOUNT, self.addresses, id)

    def _delete(self, known: bool, rows: dict[str, Row], id: str) -> httpx.Response:
        if not known or id not in rows:
            return _error(404)
        self._ghosts.deleted((rows, rows.pop(id)))
        return _answer({"id": id})

    def _page(
        self, request: httpx.Request, known: bool, rows: Mapping[str, Row], asked: Mapping[str, str] = {}, **filters: Callable[[Row], str]
    ) -> httpx.Response:
        if not known:
            return _error(404)
        query = {**asked, **query_of(request)}
        size, number = int(query.get("per_page", 20)), int(query.get("page", 1))
        if {*query} - _LISTED - {*filters} or not 5 <= size <= 50 or number < 1:
            return _error(400)
        shown = [row for owner, row in self._ghosts.shown([(rows, row) for row in rows.values()]) if owner is rows]
        shown = [row for row in shown if all(value(row).lower() == query.get(name, value(row).lower()) for name, value in filters.items())]
        size = min(size, self.largest_page)
        page, total = self.cut(shown, (number - 1) * size, size)
        told = {"count": len(page), "page": number, "per_page": size, "total_count": max(total, len(rows))}  # without any search parameters
        return httpx.Response(200, json={"success": True, "errors": [], "messages": [], "result": page, "result_info": told})


def _answer(result: Any) -> httpx.Response:
    return httpx.Response(200, json={"success": True, "errors": [], "messages": [], "result": result})


def _error(status: int) -> httpx.Response:
    errors = [{"code": 7000 + status, "message": "It cannot be done."}]
    return httpx.Response(status, json={"success": False, "errors": errors, "messages": [], "result": None})
