"""Jira Cloud: what a person reported, wrote and attached, and the account itself. Facts and doubts: docs/vendors/jira.md."""

import datetime as dt
from collections.abc import AsyncIterator
from contextlib import suppress
from json import dumps
from typing import Any, Literal

import httpx

from connectors.auth import Basic
from connectors.contract import (
    MOST_PAGES, Connector, Gone, Kind, Misread, NeedsPerson, Outcome, Record, Refused, Secret, Settings, Spec, State, Subject, pages,
)  # fmt: skip

Json = dict[str, Any]  # what is read by [] must be there: a missing key is told as `Misread`
_API = "/rest/api/3"
_PATH = {"attachment": f"{_API}/attachment/{{a}}", "comment": f"{_API}/issue/{{a}}/comment/{{b}}", "ticket": f"{_API}/issue/{{a}}"}
_FIELDS = "reporter,creator,created,subtasks,attachment,summary,description"
_NETS = ("reporter = {0} OR creator = {0}", "assignee = {0}", "watcher = {0}", "issue in updatedBy({0})")
_BLANK = "Erased"  # a summary may not be empty


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
        tickets: list[tuple[bool, Record]] = []
        for issue in await self._near(accounts, subject.values("email")):
            with suppress(Gone):  # the search lags
                fields = await self._fields(issue)
                owner = next((_id(fields.get(role)) for role in ("reporter", "creator") if _id(fields.get(role)) in accounts), None)
                parts = [("attachment", str(part["id"]), part) for part in fields.get("attachment") or []]
                parts += [("comment", f"{issue}/{part['id']}", part) for part in await self._comments(issue)]
                for kind, ref, part in parts:
                    if (author := _id(part.get("author"))) in accounts:
                        yield Record(kind, ref, _day(part), ("ticket", issue) if owner else ("user", author))
                if owner:
                    tickets.append((bool(fields.get("subtasks")), Record("ticket", issue, _day(fields), ("user", owner))))
        for _, ticket in sorted(tickets, key=lambda row: row[0]):  # sub-tasks before what they hang from
            yield ticket
        for account, user in accounts.items():
            if user:
                yield Record("user", account, state=State.PRESENT if user["active"] else State.RESTRICTED)

    async def _accounts(self, subject: Subject) -> dict[str, Json | None]:
        """The person's accounts, as the site knows them by id: None for one that is gone, whose tickets may yet be there."""
        given, emails = subject.values("jira.account_id"), subject.values("email")
        listed = await self._listed(f"{_API}/users/search", maxResults=1000) if emails else []
        for email in emails:  # this search hides who is inactive, but it alone knows an address that is not shown
            hits = await self._listed(f"{_API}/user/search", query=email)
            if not given and any(not hit.get("emailAddress") and hit["accountType"] != "app" for hit in hits):
                raise NeedsPerson("An account answers to the address, but does not show it: send its jira.account_id too.")
            listed += hits
        shown = {_id(user): user.get("emailAddress") for user in listed}
        accounts: dict[str, Json | None] = {}
        for account in dict.fromkeys([*given, *(id for id, email in shown.items() if subject.matches("email", email))]):
            accounts[account] = None
            with suppress(Gone):
                accounts[account] = user = await self._user(account)
                if user["accountType"] == "app" or (user.get("emailAddress") or "").lower() == self.settings.email.lower():
                    raise NeedsPerson("This is an app's account or the connector's own: what it reported is other people's.")
        return accounts

    async def _near(self, accounts: dict[str, Json | None], emails: tuple[str, ...]) -> list[str]:
        """The ids of all issues that may hold something of the person. A search lags and is loose: each is then read by id."""
        nets = [(net.format(dumps(account)), net is _NETS[0] and user) for account, user in accounts.items() for net in _NETS]
        found: dict[str, None] = {}
        for jql, needed in nets + [(f"text ~ {dumps(dumps(email))}", None) for email in emails if accounts]:
            body: Json = {"jql": jql, "fields": ["id"], "maxResults": 100}
            for _ in range(MOST_PAGES):
                try:
                    page = (await self.http.post(f"{_API}/search/jql", json=body)).read(Json)
                except Refused:  # watching is switched off, or the site does not know the account
                    if needed:
                        raise
                    break
                found |= {str(issue["id"]): None for issue in page["issues"]}
                if page.get("isLast", not page.get("nextPageToken")):
                    break
                body["nextPageToken"] = page["nextPageToken"]
            else:
                raise Misread("The search does not end.")
        return list(found)

    async def _listed(self, path: str, **query: Any) -> list[Json]:
        """A list of users, to its first empty page: the vendor may cap a page below what was asked for."""

    async def erase(self, record: Record) -> Literal[Outcome.ANONYMISED] | None:
        """An issue with other people's sub-tasks is emptied; Jira's history still shows its old text, and then a person must act."""
        a, _, b = record.ref.partition("/")
        if record.kind == "user":
            user = await self._user(a)
            if user["accountType"] not in ("customer", "atlassian") or any(_size(user, of) for of in ("groups", "applicationRoles")):
                raise NeedsPerson("The account is in a group or has access to a product, as a colleague's: remove it by hand.")
            await self.http.delete(f"{_API}/user", query={"accountId": a})
            return None
        if record.kind == "ticket":
            fields = await self._fields(a)
            if record.binds and _id(fields["reporter"]) not in (None, record.binds[1]):
                raise NeedsPerson("The person created it, but somebody else is its reporter: decide on it by hand.")
            if fields.get("subtasks"):
                return await self._blank(a)
        await self.http.delete(_PATH[record.kind], **({"a": a, "b": b} if b else {"a": a}))
        return None
