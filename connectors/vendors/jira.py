"""Jira Cloud: what a person reported, wrote and attached, and the account itself. Facts and doubts: docs/vendors/jira.md."""

import datetime as dt
from collections.abc import AsyncIterator
from json import dumps
from typing import Any

from connectors import contract
from connectors.auth import Basic, By
from connectors.contract import Gone, Kind, NeedsPerson, Record, Refused, Spec, State, Subject, by_offset, found, rows

Json = dict[str, Any]  # what is read by [] must be there: a missing key is told as `Misread`
_FIELDS = "reporter,creator,created,subtasks,attachment"
_ON = "/rest/api/3/issue/{issue}"
_NETS = ("reporter = {0} OR creator = {0}", "assignee = {0}", "watcher = {0}", "issue in updatedBy({0})")


class JiraSettings(contract.Settings):
    email: str
    api_token: contract.Secret


class Jira(contract.Connector[JiraSettings]):
    spec = Spec(
        name="jira", kind="ticketing", facts="specification", checked=dt.date(2026, 11, 22),
        kinds=(Kind("attachment", at="/rest/api/3/attachment/{id}"), Kind("comment", at=_ON + "/comment/{id}"),
               Kind("worklog", at=_ON + "/worklog/{id}"), Kind("ticket", at="/rest/api/3/issue/{id}"), Kind("user", at="/rest/api/3/user")),
        identifiers=("email", "jira.account_id"), calls_per_minute=600, docs="https://developer.atlassian.com/cloud/jira/platform/rest/v3/",
        not_covered=("what others wrote that names the person", "watches, votes and assignments on issues that stay"),
    )  # fmt: skip
    signs_in = By(Basic, "email", "api_token")

    async def locate(self, subject: Subject) -> contract.Records:
        accounts = await self._accounts(subject)
        issues = await self._issues_near(accounts, subject.values("email"))
        for id, fields in sorted(issues.items(), key=lambda issue: bool(issue[1].get("subtasks"))):  # sub-tasks before their parents
            owner = (fields["reporter"] or fields.get("creator") or {"accountId": None})["accountId"]
            parts: list[tuple[str, str, Json]] = [("ticket", id, {"author": {"accountId": owner}, "created": fields.get("created")})]
            parts += [("attachment", str(row["id"]), row) for row in fields.get("attachment") or []]
            parts += [(kind, f"{id}/{row['id']}", row) for kind in ("comment", "worklog") async for row in self._written(kind, id)]
            for kind, ref, row in parts:
                if (author := row["author"]["accountId"] if row.get("author") else None) in accounts:
                    since = (told := row.get("started") or row.get("created")) and dt.datetime.fromisoformat(told)  # a worklog has both
                    yield Record(kind, ref, since, ("ticket", id) if owner in accounts and kind != "ticket" else ("user", author))
        for account in (account for account, user in accounts.items() if user is not None):
            yield Record("user", account)

    async def _accounts(self, subject: Subject) -> dict[str, Json | None]:
        """The person's accounts, as the site knows them by id: None for one that is gone, whose tickets may yet be there."""
        given, emails, own = subject.values("jira.account_id"), subject.values("email"), self.settings.email.lower()
        users = [row async for row in self._users("/rest/api/3/users/search", maxResults=1000)] if emails else []
        for email in emails:  # this search hides who is inactive, but it alone knows an address that is not shown
            users += (hits := [row async for row in self._users("/rest/api/3/user/search", query=email)])
            if not given and any(not hit.get("emailAddress") and hit["accountType"] != "app" for hit in hits):
                raise NeedsPerson("An account answers to the address, but does not show it: send its jira.account_id too.")
        shown = {str(row["accountId"]): row.get("emailAddress") for row in users}
        mine = [*given, *(id for id, email in shown.items() if subject.matches("email", email))]
        accounts = {id: await self._get("user", id) for id in mine}
        if any(u["accountType"] == "app" or (u.get("emailAddress") or "").lower() == own for u in accounts.values() if u is not None):
            raise NeedsPerson("This is an app's account or the connector's own: what it reported is other people's.")
        return accounts

    async def _issues_near(self, accounts: dict[str, Json | None], emails: tuple[str, ...]) -> dict[str, Json]:
        near: dict[str, None] = {}
        for id, user in accounts.items():
            refused = [net for net in _NETS if not await self._search(net.format(dumps(id)), near)]
            if user is not None and (len(refused) > 1 or refused in ([_NETS[0]], [_NETS[1]])):  # watching may be switched off there
                raise Refused("Jira refuses a search by which the person's tickets are found.")
        [await self._search(f"text ~ {dumps(dumps(email))}", near) for email in emails if accounts]
        return {id: issue["fields"] for id in near if (issue := await self._get("ticket", id, twice=True)) is not None}

    async def _search(self, jql: str, near: dict[str, None]) -> bool:
        """Add what a search finds; whether Jira allows it."""
        body: Json = {"jql": jql, "fields": ["id"], "maxResults": 100}
        try:
            async for row in rows(self.http.post, "/rest/api/3/search/jql", Json, _following, at="issues", json=body):
                near[str(row["id"])] = None
        except Refused:
            return False
        return True

    def _users(self, path: str, **query: Any) -> AsyncIterator[Json]:
        return rows(self.http.get, path, Json, by_offset("startAt"), query=query | {"startAt": 0})

    def _written(self, kind: str, issue: str) -> AsyncIterator[Json]:
        off = Gone if kind == "worklog" else ()  # where no time is tracked
        return rows(self.http.get, f"{_ON}/{kind}", Json, by_offset("startAt"), at=f"{kind}s", absent=off, issue=issue)

    async def _get(self, kind: str, ref: str, twice: bool = False) -> Json | None:
        query = {"ticket": {"fields": _FIELDS}, "user": {"accountId": ref, "expand": "groups,applicationRoles"}}.get(kind)
        shown = await found(self.on(Record(kind, ref), self.http.get, query=query), Json)
        return await self._get(kind, ref) if shown is None and twice else shown  # one slip must hide no ticket for good

    async def rights(self) -> list[contract.Right]:
        asked = ("DELETE_ISSUES", "DELETE_ALL_COMMENTS", "DELETE_ALL_WORKLOGS", "DELETE_ALL_ATTACHMENTS")
        told = (await self.http.get("/rest/api/3/mypermissions", query={"permissions": ",".join(asked)})).read(dict, "permissions")
        return [contract.Right(f"{told[key].get('name', key)} in some project", "erase", told[key]["havePermission"]) for key in asked]

    async def erase(self, record: Record) -> None:
        seen = (await self._get(record.kind, record.ref) if record.kind in ("ticket", "user") else None) or {}
        if any((seen.get(name) or {}).get("size") for name in ("groups", "applicationRoles")) and seen["accountType"] != "customer":
            raise NeedsPerson("The account is in a group or has access to a product, as a colleague's: remove it by hand.")
        tasks = [await self._get("ticket", str(row["id"])) or {"fields": {}} for row in seen.get("fields", {}).get("subtasks") or []]
        for who in [task["fields"].get("reporter") or {} for task in tasks]:
            known = who if "accountType" in who else await self._get("user", str(who.get("accountId", "-"))) or {}
            if known.get("accountType", "customer") == "customer" or who.get("accountId") == seen["fields"]["reporter"]["accountId"]:
                raise NeedsPerson("A sub-task that is held, or not surely a colleague's, hangs from it: move it, then retry.")
        query = {"accountId": record.ref} if record.kind == "user" else {"deleteSubtasks": "true"} if tasks else None  # colleagues' go too
        await self.on(record, self.http.delete, query={"notifyUsers": "false"} if record.kind == "worklog" else query)

    async def peek(self, record: Record) -> State:
        issue, _, part = record.ref.partition("/")
        if part:
            return State.PRESENT if part in [str(row["id"]) async for row in self._written(record.kind, issue)] else State.GONE
        return State.GONE if await self._get(record.kind, record.ref) is None else State.PRESENT


def _following(turn: contract.Turn) -> Json | None:
    return None if (top := turn.answer.read(Json)).get("isLast", not top.get("nextPageToken")) else {"nextPageToken": top["nextPageToken"]}
