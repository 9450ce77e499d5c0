"""Mailman 3 core: accounts, memberships, bans, held messages, requests to join or leave.

Archives (HyperKitty, Pipermail) are outside core and not covered. Facts and doubts: docs/vendors/mailman.md.
"""

import datetime as dt
from collections.abc import AsyncIterator, Mapping
from typing import Any, Generic, TypeVar

import httpx

from connectors.auth import Basic
from connectors.contract import (
    MOST_PAGES, Connector, Gone, Kind, Misread, NeedsPerson, Record, Refused, Secret, Settings, Shape, Spec, State, Subject,
)  # fmt: skip

T = TypeVar("T")


class MailmanSettings(Settings):
    user: str
    password: Secret


class Page(Shape, Generic[T]):
    total_size: int
    start: int | None = None
    entries: list[T] = []  # absent when empty


class MailingList(Shape):
    list_id: str


class User(Shape):
    user_id: str


class Address(Shape):
    email: str


class Member(Shape):
    member_id: str
    email: str
    user: str | None = None  # absent where the address has no account
    moderation_action: str | None = None  # absent: as the list has it


class Preferences(Shape):
    delivery_status: str


class Held(Shape):
    request_id: str
    sender: str | None


class Request(Shape):
    token: str
    email: str


class Mailman(Connector[MailmanSettings]):
    spec = Spec(
        name="mailman",
        kind="mailing_list",
        # The account goes before its memberships: they end with it, without a farewell mail and without asking a moderator.
        kinds=(Kind("message"), Kind("subscription_request"), Kind("ban"), Kind("user"), Kind("subscriber", restricts=True, lifts=True)),
        identifiers=("email", "mailman.user_id"),
        calls_per_minute=600,
        docs="https://docs.mailman3.org/projects/mailman/en/latest/src/mailman/rest/docs/rest.html",
        checked=dt.date(2026, 11, 22),
    )
    settings_model = MailmanSettings
    base_url = "http://localhost:8001/3.1"

    @classmethod
    def auth(cls, settings: MailmanSettings) -> httpx.Auth:
        return Basic(settings.user, settings.password)

    async def locate(self, subject: Subject) -> AsyncIterator[Record]:
        emails, owners = subject.values("email"), dict[str, str]()  # owners: address → the record that its memberships end with
        if any("/" in email for email in emails):
            raise NeedsPerson("Mailman cannot be asked over its API about an address with a slash; look for it by hand.")
        for value in emails + subject.values("mailman.user_id"):
            members = await self._members(value)  # 200 for everybody, so that a wrong base_url is never "nothing found"
            if user := await self._one("/users/{id}", User, id=value):
                mine = [address.email.lower() for address in await self._all("/users/{id}/addresses", Page[Address], id=user.user_id)]
                if value not in mine and value.replace("-", "").lower() != user.user_id.lower():
                    raise Misread("Mailman gave the account of somebody else.")
                owners |= dict.fromkeys(mine, f"users/{user.user_id}")
                yield Record("user", f"users/{user.user_id}")
            elif value in emails and (any(not m.user for m in members) or await self._one("/addresses/{id}", Address, id=value)):
                owners[value] = f"addresses/{value}"
                yield Record("user", owners[value])
        for address in dict.fromkeys([*emails, *owners]):
            binds = ("user", owners[address]) if address in owners else None
            for member in await self._members(address):
                yield Record("subscriber", f"members/{member.member_id}", binds=binds, state=await self._state(member))
        for where in ["", *(found.list_id for found in await self._offered("/lists", Page[MailingList]))]:
            for kind, id, address in await self._kept_at(where):
                if address.lower() in owners or subject.matches("email", address):
                    yield Record(kind, f"{where}/{id}")

    async def _members(self, address: str) -> list[Member]:
        found = await self._all("/members/find", Page[Member], json={"subscriber": address})
        return [member for member in found if member.email.lower() == address]  # `*` in an address is a wildcard there

    async def _kept_at(self, where: str) -> list[tuple[str, str, str]]:
        """Kind, id and address of what a mailing list keeps besides members; the site, named "", keeps bans only."""
        root, at = ("/lists/{where}", {"where": where}) if where else ("", {})
        found = [("ban", ban.email, ban.email) for ban in await self._offered(f"{root}/bans", Page[Address], **at)]
        if where:
            few = {"count": 10}  # whole messages come along
            found += [
                ("message", held.request_id, held.sender or "") for held in await self._offered(f"{root}/held", Page[Held], few, **at)
            ]
            for query in ({}, {"request_type": "unsubscription"}):
                requests = await self._offered(f"{root}/requests", Page[Request], query, **at)
                found += [("subscription_request", request.token, request.email) for request in requests]
        return found

    async def _one(self, path: str, shape: type[T], **values: str) -> T | None:
        try:
            return (await self.http.get(path, **values)).read(shape)
        except Gone:
            return None

    async def _offered(self, path: str, shape: type[Page[T]], query: Mapping[str, Any] = {}, **values: str) -> list[T]:
        """A list that is not everywhere; an older Mailman refuses `request_type`."""
        try:
            return await self._all(path, shape, query, **values)
        except (Gone, Refused) if "request_type" in query else Gone:
            return []

    async def _all(self, path: str, shape: type[Page[T]], query: Mapping[str, Any] = {}, json: Any = None, **values: str) -> list[T]:
        found: list[T] = []
        total = 0
        for number in range(1, MOST_PAGES + 1):
            turn = {"count": 100, "page": number, **query}
            if json:  # the server reads the turn from the query, its documentation has it in the body
                answer = await self.http.post(path, query=turn, json=json | turn, **values)
            else:
                answer = await self.http.get(path, query=turn, **values)
            page = answer.read(shape)
            if page.start not in (None, len(found)) or page.total_size < total:
                break
            found, total = found + page.entries, page.total_size
            if len(found) >= total:
                return found
        raise Misread(f"The list {path} does not end, or changed while it was read.")

    async def erase(self, record: Record) -> None:
        path, values = _place(record)
        if record.kind in ("message", "subscription_request"):
            await self.http.post(path, json={"action": "discard"}, **values)
        elif (await self.http.delete(path, **values)).status == 202:
            raise NeedsPerson("The mailing list asks its moderator before a member leaves; answer that request there.")

    async def restrict(self, record: Record) -> None:
        await self._switch(record, "by_moderator", "discard")

    async def lift(self, record: Record) -> None:
        await self._switch(record, "enabled", "defer")

    async def _switch(self, record: Record, delivery: str, posts: str) -> None:
        """Whether mail goes out to a member; where preferences are not offered, whether theirs goes through."""
        path, values = _place(record)
        told = await self._one(f"{path}/all/preferences", Preferences, **values)
        if told and delivery == "enabled" and told.delivery_status != "by_moderator":
            raise NeedsPerson("Mail was stopped by the member or after bounces, not by us: only they can start it again.")
        if told:
            await self.http.patch(f"{path}/preferences", json={"delivery_status": delivery}, **values)
        else:
            await self.http.patch(path, json={"moderation_action": posts}, **values)

    async def _state(self, member: Member) -> State:
        told = await self._one("/members/{id}/all/preferences", Preferences, id=member.member_id)
        stopped = told.delivery_status != "enabled" if told else member.moderation_action == "discard"
        return State.RESTRICTED if stopped else State.PRESENT

    async def peek(self, record: Record) -> State | None:
        path, values = _place(record)
        if record.kind == "ban":  # asked for one, Mailman also says yes for a pattern that it fits, and for a ban of the whole site
            there = ("ban", values["id"], values["id"]) in await self._kept_at(values.get("where", ""))
            return State.PRESENT if there else State.GONE
        found = await self._one(path, Member if record.kind == "subscriber" else Shape, **values)
        return await self._state(found) if isinstance(found, Member) else State.PRESENT if found else None


def _place(record: Record) -> tuple[str, dict[str, str]]:
    where, _, id = record.ref.partition("/")
    part = {"ban": "bans", "message": "held", "subscription_request": "requests"}.get(record.kind)
    if part and where:
        return f"/lists/{{where}}/{part}/{{id}}", {"where": where, "id": id}
    return f"/{part or where}/{{id}}", {"id": id}
