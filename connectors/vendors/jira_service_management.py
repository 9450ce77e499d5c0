"""Jira Service Management: customers, their requests, desks, organisations. Facts and doubts: docs/vendors/jira_service_management.md."""

import datetime as dt
from collections.abc import AsyncIterator
from json import dumps
from typing import Any

from connectors import contract
from connectors.auth import Basic, By
from connectors.contract import Gone, Kind, NeedsPerson, Record, Refused, Spec, State, Subject, by_offset, found, rows

Json = dict[str, Any]  # what is read by [] must be there: a missing key is told as `Misread`
_MEMBERS = {  # of what a customer is one, and where that is ended: no call ends it by a path of its own
    "desk_customer": "/rest/servicedeskapi/servicedesk/{id}/customer",
    "organization_member": "/rest/servicedeskapi/organization/{id}/user",
}


class JiraServiceManagement(contract.Connector[contract.SignInSettings]):
    spec = Spec(
        name="jira_service_management", kind="ticketing", identifiers=("email", "jira.account_id"), calls_per_minute=300,
        kinds=(Kind("ticket", at="/rest/api/3/issue/{id}"), Kind("user", at="/rest/api/3/user"), *map(Kind, _MEMBERS)),
        docs="https://developer.atlassian.com/cloud/jira/service-desk/rest/", checked=dt.date(2026, 11, 22), facts="client library",
        not_covered=("comments, attachments and taking part in other people's requests", "what others wrote that names the person"),
    )  # fmt: skip
    signs_in = By(Basic, "email", "api_token", headers={"X-ExperimentalApi": "opt-in"})  # else the customers of a desk are refused

    async def locate(self, subject: Subject) -> contract.Records:
        seen, given = [], subject.values("jira.account_id")
        users = {id: await self._user(id) for id in given}
        emails = {*subject.values("email"), *((user or {}).get("emailAddress") or None for user in users.values())}
        for desk in [str(row["id"]) async for row in self._list("servicedesk")]:  # first to its end, which may be missing
            for email in emails if None not in emails else {None}:  # for an account that shows no address every customer is looked at
                async for row in self._list("servicedesk/{id}/customer", id=desk, query=email):
                    seen.append((desk, row))
                    if email and not given and not row.get("emailAddress"):
                        raise NeedsPerson("A customer answers to the address, but does not show it: send its jira.account_id too.")
        everybody = rows(self.http.get, "/rest/api/3/users/search", Json, by_offset("startAt"), query={"maxResults": 1000}, absent=Gone)
        hits = [row for _, row in seen] + [row async for row in everybody]  # also who is customer of no desk, or inactive
        mine = {id for id, email in ((row["accountId"], row.get("emailAddress")) for row in hits) if subject.matches("email", email)}
        users |= {id: await self._user(id) for id in sorted(mine - users.keys())}
        if any(user and user["accountType"] == "app" for user in users.values()):
            raise NeedsPerson("This is an app's account: what it reported is other people's.")
        for id, user in users.items():
            async for ticket in self._tickets(id, user is not None):
                yield ticket
            if user is not None:
                yield Record("user", id)
                async for organization in self._of(id):
                    yield Record("organization_member", f"{organization['id']}/{id}")
        for desk_id, row in seen:
            if row["accountId"] in users:
                yield Record("desk_customer", f"{desk_id}/{row['accountId']}")

    async def _tickets(self, account: str, known: bool) -> contract.Records:
        body = {"jql": f"reporter = {dumps(account)}", "fields": ["id"], "maxResults": 100}
        try:
            ids = [str(row["id"]) async for row in rows(self.http.post, "/rest/api/3/search/jql", Json, _following, at="issues", json=body)]
        except Refused:
            if known:
                raise
            return  # JQL knows no account that is gone
        for id in dict.fromkeys(ids):
            if (issue := await self._issue(id)) is None:  # the search lags; but one slip must hide no ticket for good
                issue = await self._issue(id)
            if issue is not None and (issue["reporter"] or {}).get("accountId") == account:
                since = dt.datetime.fromisoformat(issue["created"]) if issue.get("created") else None
                yield Record("ticket", id, since, ("user", account))

    def _list(self, path: str, absent: Any = (), id: str = "-", **query: str | None) -> AsyncIterator[Json]:
        path, asked = f"/rest/servicedeskapi/{path}", {"limit": 50, **query}
        return rows(self.http.get, path, Json, by_offset("start"), at="values", query=asked, absent=absent, id=id)

    def _of(self, account: str) -> AsyncIterator[Json]:
        return self._list("organization", accountId=account, absent=Gone)

    async def _user(self, id: str) -> Json | None:
        return await found(self.http.get("/rest/api/3/user", query={"accountId": id}), Json)

    async def _issue(self, id: str) -> Json | None:
        return await found(self.http.get("/rest/api/3/issue/{id}", id=id, query={"fields": "reporter,created"}), Json, "fields")

    async def rights(self) -> list[contract.Right]:
        told = (await self.http.get("/rest/api/3/mypermissions", query={"permissions": "DELETE_ISSUES"})).read(dict, "permissions")
        untold = [contract.Right(name, "erase", None) for name in ("site administration", "administration of every service project")]
        return [contract.Right("Delete Issues in some project", "erase", told["DELETE_ISSUES"]["havePermission"]), *untold]

    async def erase(self, record: Record) -> None:
        id, _, account = record.ref.partition("/")
        if record.kind not in _MEMBERS:
            user = await self._user(id) if record.kind == "user" else None
            if user and user["accountType"] != "customer":
                raise NeedsPerson("It is no customer's account but a colleague's: remove it by hand.")
            await self.on(record, self.http.delete, query={"accountId": id} if record.kind == "user" else None)
            return
        try:
            await self.http.delete(_MEMBERS[record.kind], id=id, json={"accountIds": [account]})
        except Refused:
            if await self._user(account) is not None:
                raise  # else the account has taken it along, as the next look must say

    async def peek(self, record: Record) -> State | None:
        id, _, account = record.ref.partition("/")
        if record.kind == "organization_member":  # also of an account that is gone, which no address finds any more
            return State.PRESENT if id in [str(row["id"]) async for row in self._of(account)] else State.GONE
        if record.kind == "desk_customer":
            return None
        there = await (self._issue if record.kind == "ticket" else self._user)(record.ref)
        return State.GONE if there is None else State.PRESENT


def _following(turn: contract.Turn) -> Json | None:
    page = turn.answer.read(Json)
    return None if page.get("isLast", not page.get("nextPageToken")) else {"nextPageToken": page["nextPageToken"]}
