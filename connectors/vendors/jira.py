"""Jira Cloud: what a person reported, wrote and attached, and the account itself. Facts and doubts: docs/vendors/jira.md."""
# ruff: noqa: N815 - the fields are named as Jira names them

import datetime as dt
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from json import dumps
from typing import Any, Literal, TypeVar

import httpx

from connectors.auth import Basic
from connectors.contract import MOST_PAGES, Answer, Connector, Gone, Kind, Misread, NeedsPerson, Outcome, Record, Refused
from connectors.contract import Secret, Settings, Shape, Spec, State, Subject, pages

T = TypeVar("T")
_NETS = ("reporter = {0} OR creator = {0}", "assignee = {0}", "watcher = {0}", "issue in updatedBy({0})")
_BLANK = "Erased"  # a summary may not be empty


class JiraSettings(Settings):
    email: str
    api_token: Secret


class Who(Shape):
    accountId: str


class User(Who):
    accountType: str
    active: bool
    emailAddress: str | None = None  # empty where the person's profile hides it
    groups: dict[str, Any] | None = None
    applicationRoles: dict[str, Any] | None = None


class Part(Shape):
    id: str
    author: Who | None = None
    created: str | None = None


class Fields(Shape):
    reporter: Who | None
    creator: Who | None = None
    created: str | None = None
    subtasks: list[Any] | None = None
    attachment: list[Part] | None = None
    summary: str | None = None
    description: Any = None


class Issue(Part):
    fields: Fields


class Page(Shape):
    issues: list[Part]
    nextPageToken: str | None = None
    isLast: bool | None = None


class Jira(Connector[JiraSettings]):
    spec = Spec(
        name="jira",
        kind="ticketing",
        kinds=(Kind("attachment"), Kind("comment"), Kind("ticket"), Kind("user")),
        identifiers=("email", "jira.account_id"),
        calls_per_minute=600,
        docs="https://developer.atlassian.com/cloud/jira/platform/rest/v3/",
        checked=dt.date(2026, 11, 22),
    )
    settings_model = JiraSettings

    @classmethod
    def auth(cls, settings: JiraSettings) -> httpx.Auth:
        return Basic(settings.email, settings.api_token)

    async def locate(self, subject: Subject) -> AsyncIterator[Record]:
        accounts = await self._accounts(subject)
        tickets: list[tuple[bool, Record]] = []
        async for issue in self._issues_near(accounts, subject.values("email")):
            fields, mine = issue.fields, ("ticket", issue.id)
            owner = next((w.accountId for w in (fields.reporter, fields.creator) if w and w.accountId in accounts), None)
            for kind, prefix, parts in ("attachment", "", fields.attachment or []), ("comment", f"{issue.id}/", await self._comments(issue.id)):
                for part in parts:
                    if part.author and part.author.accountId in accounts:
                        yield Record(kind, prefix + part.id, _day(part.created), mine if owner else ("user", part.author.accountId))
            if owner:
                tickets.append((bool(fields.subtasks), Record("ticket", issue.id, _day(fields.created), ("user", owner))))
        for _, ticket in sorted(tickets, key=lambda row: row[0]):  # sub-tasks before what they hang from
            yield ticket
        for account, user in accounts.items():
            if user:
                yield Record("user", account, state=State.PRESENT if user.active else State.RESTRICTED)

    async def _accounts(self, subject: Subject) -> dict[str, User | None]:
        """Each account of the person as the site knows it by id; None where it is gone, and its tickets may yet be there."""
        given, emails = subject.values("jira.account_id"), subject.values("email")
        listed = await self._listed("/users/search", _users, {"maxResults": 1000}) if emails else []
        for email in emails:
            hits = await self._listed("/user/search", _users, {"query": email})  # who hides the address is found only here
            if not given and any(not hit.emailAddress and hit.accountType != "app" for hit in hits):
                raise NeedsPerson("An account answers to the address, but hides its own: send its jira.account_id too.")
            listed += hits
        accounts: dict[str, User | None] = {}
        for account in dict.fromkeys([*given, *(u.accountId for u in listed if subject.matches("email", u.emailAddress))]):
            accounts[account] = user = await self._user(account)
            if user and (user.accountType == "app" or (user.emailAddress or "").lower() == self.settings.email.lower()):
                raise NeedsPerson("This is an app's account or the connector's own: what it reported is other people's.")
        return accounts

    async def _issues_near(self, accounts: dict[str, User | None], emails: tuple[str, ...]) -> AsyncIterator[Issue]:
        """Every issue that may be the person's or hold something of theirs, read by id: a search may lag, and reads only words."""
        queries = [(net.format(dumps(a)), net is _NETS[0] and u is not None) for a, u in accounts.items() for net in _NETS]
        found: dict[str, None] = {}
        for jql, needed in queries + [(f"text ~ {dumps(dumps(email))}", False) for email in emails if accounts]:
            try:
                found |= dict.fromkeys(await self._search(jql))
            except Refused:  # watching is switched off, or the account unknown there
                if needed:
                    raise
        for id in found:
            with suppress(Gone):
                yield await self._issue(id)
