"""Jira Cloud: what a person reported, wrote and attached, and the account itself. Facts and doubts: docs/vendors/jira.md."""

import datetime as dt
from collections.abc import AsyncIterator
from contextlib import suppress
from json import dumps
from typing import Any

from connectors import contract
from connectors.auth import Basic
from connectors.contract import Gone, Kind, Misread, NeedsPerson, Record, Refused, Spec, State, Subject

Json = dict[str, Any]  # what is read by [] must be there: a missing key is told as `Misread`
_ISSUE, _COMMENTS = "/rest/api/3/issue/{a}", "/rest/api/3/issue/{a}/comment"
_PATH = {"attachment": "/rest/api/3/attachment/{a}", "comment": _COMMENTS + "/{b}", "ticket": _ISSUE, "user": "/rest/api/3/user"}
_FIELDS = "reporter,creator,created,subtasks,attachment"
_NETS = ("reporter = {0} OR creator = {0}", "assignee = {0}", "watcher = {0}", "issue in updatedBy({0})")


class JiraSettings(contract.Settings):
    email: str
    api_token: contract.Secret


class Jira(contract.Connector[JiraSettings]):
    spec = Spec(
        name="jira", kind="ticketing", kinds=tuple(map(Kind, ("attachment", "comment", "ticket", "user"))), checked=dt.date(2026, 11, 22),
        identifiers=("email", "jira.account_id"), calls_per_minute=600, docs="https://developer.atlassian.com/cloud/jira/platform/rest/v3/",
        not_covered=("what others wrote that names the person", "worklogs, watches, votes and assignments on issues that stay"),
    )  # fmt: skip
    settings_model = JiraSettings

    @classmethod
    def auth(cls, settings: JiraSettings) -> Basic:
        return Basic(settings.email, settings.api_token)

    async def locate(self, subject: Subject) -> AsyncIterator[Record]:
        accounts = await self._accounts(subject)
        issues = await self._issues_near(accounts, subject.values("email"))
        for id, fields in sorted(issues.items(), key=lambda issue: bool(issue[1].get("subtasks"))):  # sub-tasks before their parents
            owner = (fields["reporter"] or fields.get("creator") or {"accountId": None})["accountId"]
            parts: list[tuple[str, str, Json]] = [("ticket", id, {"author": {"accountId": owner}, "created": fields.get("created")})]
            parts += [("attachment", str(row["id"]), row) for row in fields.get("attachment") or []]
            parts += [("comment", f"{id}/{row['id']}", row) for row in await self._rows(_COMMENTS, "comments", id)]
            for kind, ref, row in parts:
                if (author := row["author"]["accountId"] if row.get("author") else None) in accounts:
                    since = dt.datetime.fromisoformat(row["created"]) if row.get("created") else None
                    yield Record(kind, ref, since, ("ticket", id) if owner in accounts and kind != "ticket" else ("user", author))
        for account in (account for account, user in accounts.items() if user is not None):
            yield Record("user", account)

    async def _accounts(self, subject: Subject) -> dict[str, Json | None]:
        """The person's accounts, as the site knows them by id: None for one that is gone, whose tickets may yet be there."""
        given, emails, own = subject.values("jira.account_id"), subject.values("email"), self.settings.email.lower()
        rows = await self._rows("/rest/api/3/users/search", maxResults=1000) if emails else []
        for email in emails:  # this search hides who is inactive, but it alone knows an address that is not shown
            rows += (hits := await self._rows("/rest/api/3/user/search", query=email))
            if not given and any(not hit.get("emailAddress") and hit["accountType"] != "app" for hit in hits):
                raise NeedsPerson("An account answers to the address, but does not show it: send its jira.account_id too.")
        shown = {str(row["accountId"]): row.get("emailAddress") for row in rows}
        mine = [*given, *(id for id, email in shown.items() if subject.matches("email", email))]
        accounts = {id: await self._get("user", id) for id in mine}
        if any(u["accountType"] == "app" or (u.get("emailAddress") or "").lower() == own for u in accounts.values() if u is not None):
            raise NeedsPerson("This is an app's account or the connector's own: what it reported is other people's.")
        return accounts

    async def _issues_near(self, accounts: dict[str, Json | None], emails: tuple[str, ...]) -> dict[str, Json]:
        found: dict[str, None] = {}
        for id, user in accounts.items():
            refused = [net for net in _NETS if not await self._search(net.format(dumps(id)), found)]
            if user is not None and (len(refused) > 1 or refused in ([_NETS[0]], [_NETS[1]])):  # watching may be switched off there
                raise Refused("Jira refuses a search by which the person's tickets are found.")
        [await self._search(f"text ~ {dumps(dumps(email))}", found) for email in emails if accounts]
        return {id: issue["fields"] for id in found if (issue := await self._get("ticket", id)) is not None}

    async def _search(self, jql: str, found: dict[str, None]) -> bool:
        body: Json = {"jql": jql, "fields": ["id"], "maxResults": 100}
        for _ in range(contract.MOST_PAGES):
            try:
                page = (await self.http.post("/rest/api/3/search/jql", json=body)).read(Json)
            except Refused:
                return False
            found |= dict.fromkeys(str(row["id"]) for row in page["issues"])
            if page.get("isLast", not page.get("nextPageToken")):
                return True
            body["nextPageToken"] = page["nextPageToken"]
        raise Misread("The search does not end.")

    async def _rows(self, path: str, field: str = "", a: str = "-", **query: Any) -> list[Json]:
        rows: list[Json] = []  # to the first page with nothing new: a page may be capped below what is asked for
        for _ in range(contract.MOST_PAGES):
            page: Any = (await self.http.get(path, query=query | {"startAt": len(rows)}, a=a)).read(Json if field else list[Json])
            if not (new := [row for row in (page[field] if field else page) if row not in rows]):
                return rows
            rows += new
        raise Misread("The list does not end.")

    async def _get(self, kind: str, ref: str) -> Json | None:
        query = {"ticket": {"fields": _FIELDS}, "user": {"accountId": ref, "expand": "groups,applicationRoles"}}.get(kind)
        with suppress(Gone):
            return (await self.http.get(_PATH[kind], query=query, a=ref)).read(Json)
        return None

    async def erase(self, record: Record) -> None:
        a, _, b = record.ref.partition("/")
        seen = (await self._get(record.kind, a) if record.kind in ("ticket", "user") else None) or {}
        if any((seen.get(name) or {}).get("size") for name in ("groups", "applicationRoles")) and seen["accountType"] != "customer":
            raise NeedsPerson("The account is in a group or has access to a product, as a colleague's: remove it by hand.")
        tasks = [await self._get("ticket", str(row["id"])) or {"fields": {}} for row in seen.get("fields", {}).get("subtasks") or []]
        for who in [task["fields"].get("reporter") or {} for task in tasks]:
            known = who if "accountType" in who else await self._get("user", str(who.get("accountId", "-"))) or {}
            if known.get("accountType", "customer") == "customer" or who.get("accountId") == seen["fields"]["reporter"]["accountId"]:
                raise NeedsPerson("A sub-task that is held, or not surely a colleague's, hangs from it: move it, then retry.")
        query = {"accountId": a} if record.kind == "user" else {"deleteSubtasks": "true"} if tasks else None  # colleagues' go along
        await self.http.delete(_PATH[record.kind], query=query, a=a, b=b or a)

    async def peek(self, record: Record) -> State:
        a, _, b = record.ref.partition("/")
        there = b in [str(row["id"]) for row in await self._rows(_COMMENTS, "comments", a)] if b else await self._get(record.kind, a)
        return State.GONE if there in (None, False) else State.PRESENT
