"""Jira Service Management in memory, on top of the simulated Jira; after two public clients that were made from Atlassian's description.

Read on 2026-11-22. Told by users of the API: the paths, `start` and `limit`, `values`, the header `X-ExperimentalApi`, 204 for somebody
who is no customer of the desk. Believed only: that customers are in Jira's list of users and are removed by its call, that their
memberships go along (not with `keeps_memberships`), that a desk with open access refuses to remove one, and every status but 200
and 204.
"""

from collections import Counter
from typing import Any

import httpx

from connectors.testing.simulator import Person, body_of, query_of, route
from connectors.testing.simulators.jira import JiraSimulator

_DESK = "/rest/servicedeskapi"


class JiraServiceManagementSimulator(JiraSimulator):
    """Two desks and one organisation. `largest_page` caps every page."""

    def __init__(self) -> None:
        super().__init__()
        self.desks: dict[str, list[str]] = {"1": [], "2": []}
        self.organizations: dict[str, list[str]] = {"31": [], "32": []}
        self.open_desks: set[str] = set()
        self.keeps_memberships = False
        self.unlisted = False  # True: Jira's own list of users knows no customers

    def seed(self, person: Person) -> None:
        account = self.add_customer(person, "1", "2")
        self.organizations["31"].append(account)
        self.add_issue(account, f"{person.name} asks for help", created=f"{person.since}T09:00:00.000+0000")
        self.add_issue(self.colleague, "The printer is broken")

    def add_customer(self, person: Person, *desks: str, **more: Any) -> str:
        account = self.add_user(person.email, person.name, **more)
        for desk in desks:
            self.desks[desk].append(account)
        return account

    def traces(self, person: Person) -> Counter[str]:
        known = self.former | self.users
        mine = [id for id, user in known.items() if user["address"].lower() == person.email.lower()]
        members = Counter(desk_customer=sum(id in desk for desk in self.desks.values() for id in mine))
        members += Counter(organization_member=sum(id in each for each in self.organizations.values() for id in mine))
        return members + Counter({kind: n for kind, n in super().traces(person).items() if kind in ("ticket", "user")})

    @route("GET", "/rest/api/3/users/search")
    def all_users(self, request: httpx.Request) -> httpx.Response:
        if self.unlisted:
            return self._page(request, [user for user in self.users.values() if user["accountType"] != "customer"])
        return super().all_users(request)

    @route("DELETE", "/rest/api/3/user")
    def delete_user(self, request: httpx.Request) -> httpx.Response:
        answer = super().delete_user(request)
        if answer.status_code == 204 and not self.keeps_memberships:
            for each in (*self.desks.values(), *self.organizations.values()):
                each[:] = [id for id in each if id != query_of(request)["accountId"]]
        return answer

    @route("GET", f"{_DESK}/servicedesk")
    def list_desks(self, request: httpx.Request) -> httpx.Response:
        return self._values(request, [{"id": id, "projectId": f"1000{id}", "projectKey": f"HELP{id}"} for id in self.desks])

    @route("GET", f"{_DESK}/servicedesk/{{id}}/customer")
    def list_customers(self, request: httpx.Request, id: str) -> httpx.Response:
        if request.headers.get("x-experimentalapi") != "opt-in":
            return httpx.Response(412, json={"errorMessage": "This API is experimental"})
        wanted, known = query_of(request).get("query", "").lower(), self.users | self.former
        there = [known[account] for account in self.desks.get(id, [])]
        hits = [user for user in there if any(wanted in user[name].lower() for name in ("address", "displayName"))]
        shown = ("accountId", "emailAddress", "displayName", "active")
        return self._values(request, [{name: user[name] for name in shown if name in user} for user in hits])

    @route("DELETE", f"{_DESK}/servicedesk/{{id}}/customer")
    def remove_customers(self, request: httpx.Request, id: str) -> httpx.Response:
        if request.headers.get("x-experimentalapi") != "opt-in" or id in self.open_desks:
            return httpx.Response(400, json={"errorMessage": "The desk is open"})
        return self._removed(self.desks, id, body_of(request)["accountIds"])

    @route("GET", f"{_DESK}/organization")
    def list_organizations(self, request: httpx.Request) -> httpx.Response:
        wanted = query_of(request).get("accountId")
        return self._values(
            request, [{"id": id, "name": "A club"} for id, who in self.organizations.items() if wanted is None or wanted in who]
        )

    @route("DELETE", f"{_DESK}/organization/{{id}}/user")
    def remove_members(self, request: httpx.Request, id: str) -> httpx.Response:
        return self._removed(self.organizations, id, body_of(request)["accountIds"])

    def _removed(self, lists: dict[str, list[str]], id: str, accounts: list[str]) -> httpx.Response:
        if id not in lists or any(account not in self.users for account in accounts):
            return httpx.Response(404 if id not in lists else 400, json={"errorMessage": "No such desk, organisation or user"})
        lists[id][:] = [account for account in lists[id] if account not in accounts]
        return httpx.Response(204)

    def _values(self, request: httpx.Request, found: list[dict[str, Any]]) -> httpx.Response:
        start, limit = int(query_of(request).get("start", 0)), min(int(query_of(request).get("limit", 50)), self.largest_page)
        page, total = self.cut(found, start, limit)
        body = {"size": len(page), "start": start, "limit": limit, "isLastPage": start + limit >= total, "values": page}
        return httpx.Response(200, json=body)
