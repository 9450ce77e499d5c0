"""Jira Cloud: what a person reported, wrote and attached, and the account itself. Facts and doubts: docs/vendors/jira.md."""

import datetime as dt
from collections.abc import AsyncIterator
from contextlib import suppress
from json import dumps
from typing import Any

import httpx

from connectors.auth import Basic
from connectors.contract import (
    MOST_PAGES,
    Connector,
    Gone,
    Kind,
    Misread,
    NeedsPerson,
    Record,
    Refused,
    Secret,
    Settings,
    Spec,
    State,
    Subject,
)

Json = dict[str, Any]  # what is read by [] must be there: a missing key is told as `Misread`

_ISSUE = "/rest/api/3/issue/{a}"
_PATH = {"attachment": "/rest/api/3/attachment/{a}", "comment": f"{_ISSUE}/comment/{{b}}", "ticket": _ISSUE, "user": "/rest/api/3/user"}
_FIELDS = "reporter,creator,created,subtasks,attachment,summary,description"
_NETS = ("reporter = {0} OR creator = {0}", "assignee = {0}", "watcher = {0}", "issue in updatedBy({0})")
_EMPTY = {"summary": "Erased", "description": None}  # a summary may not be empty


class JiraSettings(Settings):
    email: str
    api_token: Secret


class Jira(Connector[JiraSettings]):
    spec = Spec(
        name="jira", kind="ticketing", kinds=(Kind("attachment"), Kind("comment"), Kind("ticket"), Kind("user")),
        identifiers=("email", "jira.account_id"), calls_per_minute=600,
        docs="https://developer.atlassian.com/cloud/jira/platform/rest/v3/", checked=dt.date(2026, 11, 22),
    )  # fmt: skip
    settings_model = JiraSettings

    @classmethod
    def auth(cls, settings: JiraSettings) -> httpx.Auth:
        return Basic(settings.email, settings.api_token)

    async def locate(self, subject: Subject) -> AsyncIterator[Record]:
        accounts = await self._accounts(subject)
        issues = await self._issues_near(accounts, subject.values("email"))
        for id, fields in sorted(issues.items(), key=lambda issue: bool(issue[1].get("subtasks"))):  # sub-tasks before their parents
            owner = _id(fields["reporter"] or fields.get("creator"))
            for kind, rows in (
                ("attachment", fields.get("attachment") or []),
                ("comment", await self._rows(_ISSUE + "/comment", "comments", id)),
            ):
                for row in rows:
                    ref = f"{id}/{row['id']}" if kind == "comment" else str(row["id"])
                    if (author := _id(row.get("author"))) in accounts:
                        yield Record(kind, ref, _day(row), ("ticket", id) if owner in accounts else ("user", author))
            if owner in accounts:
                yield Record("ticket", id, _day(fields), ("user", owner))
        for account in filter(accounts.get, accounts):
            yield Record("user", account)

    async def _accounts(self, subject: Subject) -> dict[str, Json | None]:
        """The person's accounts, as the site knows them by id: None for one that is gone, whose tickets may yet be there."""
        given, emails = subject.values("jira.account_id"), subject.values("email")
        rows = await self._rows("/rest/api/3/users/search", maxResults=1000) if emails else []
        for email in emails:  # this search hides who is inactive, but it alone knows an address that is not shown
            hits = await self._rows("/rest/api/3/user/search", query=email)
            if not given and any(not hit.get("emailAddress") and hit["accountType"] != "app" for hit in hits):
                raise NeedsPerson("An account answers to the address, but does not show it: send its jira.account_id too.")
            rows += hits
        shown = [(_id(row), row.get("emailAddress")) for row in rows]
        accounts: dict[str, Json | None] = dict.fromkeys([*given, *(id for id, email in shown if subject.matches("email", email))])
        for account in accounts:
            with suppress(Gone):
                accounts[account] = user = await self._get("user", account)
                if user["accountType"] == "app" or (user.get("emailAddress") or "").lower() == self.settings.email.lower():
                    raise NeedsPerson("This is an app's account or the connector's own: what it reported is other people's.")
        return accounts

    async def _issues_near(self, accounts: dict[str, Json | None], emails: tuple[str, ...]) -> dict[str, Json]:
        """The fields of all issues that may hold something of the person, read by id: the search lags, and is loose."""
        nets = [(net.format(dumps(id)), user and net is _NETS[0]) for id, user in accounts.items() for net in _NETS]
        issues: dict[str, Json] = {}
        for jql, needed in nets + [(f"text ~ {dumps(dumps(email))}", None) for email in emails if accounts]:
            with suppress(*() if needed else (Refused,)):  # watching may be switched off there, or the account unknown
                for row in await self._rows("/rest/api/3/search/jql", "issues", jql=jql):
                    with suppress(Gone):
                        issues[id] = issues.get(id := str(row["id"])) or (await self._get("ticket", id))["fields"]
        return issues

    async def _rows(self, path: str, field: str = "", a: str = "-", **query: Any) -> list[Json]:
        """A whole list: JQL's by token, others by offset to an empty page, since a page may be capped below what is asked for."""
        rows: list[Json] = []
        for _ in range(MOST_PAGES):
            if "jql" in query:
                page = (await self.http.post(path, json={"fields": ["id"], "maxResults": 100} | query)).read(Json)
                query["nextPageToken"] = page.get("nextPageToken")
                last = page.get("isLast", not query["nextPageToken"])
            else:
                answer = await self.http.get(path, query=query | {"startAt": len(rows)}, a=a)
                page = answer.read(Json) if field else {"": answer.read(list[Json])}
                last = not page[field]
            rows += page[field]
            if last:
                return rows
        raise Misread("A list does not end.")

    async def _get(self, kind: str, ref: str) -> Json:
        query = {"ticket": {"fields": _FIELDS}, "user": {"accountId": ref, "expand": "groups,applicationRoles"}}.get(kind)
        return (await self.http.get(_PATH[kind], query=query, a=ref)).read(Json)

    async def erase(self, record: Record) -> None:
        a, _, b = record.ref.partition("/")
        seen = await self._get(record.kind, a) if record.kind in ("ticket", "user") else {}
        if any((seen.get(access) or {}).get("size") for access in ("groups", "applicationRoles")):
            raise NeedsPerson("The account is in a group or has access to a product, as a colleague's: remove it by hand.")
        if seen.get("fields", {}).get("subtasks"):
            if seen["fields"] != seen["fields"] | _EMPTY:
                await self.http.put(_ISSUE, query={"notifyUsers": "false"}, json={"fields": _EMPTY}, a=a)
            raise NeedsPerson("Sub-tasks of others hang from it, so it is not deleted, and its history tells an emptied text: move them.")
        await self.http.delete(_PATH[record.kind], query={"accountId": a} if record.kind == "user" else None, **{"a": a, "b": b or a})

    async def peek(self, record: Record) -> State:
        if record.kind != "comment":
            return State.PRESENT if await self._get(record.kind, record.ref) else State.GONE
        issue, _, id = record.ref.partition("/")
        return State.PRESENT if id in [str(row["id"]) for row in await self._rows(_ISSUE + "/comment", "comments", issue)] else State.GONE


def _id(who: Json | None) -> str:
    return str(who["accountId"]) if who else ""


def _day(row: Json) -> dt.date | None:
    return dt.date.fromisoformat(row["created"][:10]) if row.get("created") else None
