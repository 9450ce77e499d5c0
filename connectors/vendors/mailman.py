"""Mailman 3 core; archives (HyperKitty, Pipermail) are outside core and not covered. Facts and doubts: docs/vendors/mailman.md."""

import datetime as dt
from collections.abc import AsyncIterator
from typing import Any

import httpx

from connectors.auth import Basic
from connectors.contract import Connector, Gone, Kind, Misread, NeedsPerson, Record, Refused, Secret, Settings, Shape, Spec, State, Subject

Json = dict[str, Any]  # what is read by [] must be there: a missing key is told as `Misread`


class MailmanSettings(Settings):
    user: str
    password: Secret


class Page(Shape):
    total_size: int
    start: int | None = None
    entries: list[Json] = []  # absent when empty


class Mailman(Connector[MailmanSettings]):
    # An account goes before its memberships: they end with it, without a farewell mail and without asking a moderator.
    spec = Spec(
        name="mailman", kind="mailing_list",
        kinds=(Kind("message"), Kind("subscription_request"), Kind("ban"), Kind("user"), Kind("subscriber", restricts=True, lifts=True)),
        identifiers=("email", "mailman.user_id"), calls_per_minute=600,
        docs="https://docs.mailman3.org/projects/mailman/en/latest/src/mailman/rest/docs/rest.html", checked=dt.date(2026, 11, 22),
    )  # fmt: skip
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
            found = await self._members(value)  # 200 for everybody, so that a wrong base_url is never "nothing found"
            unowned = any(not row.get("user") for row in found)
            if user := await self._told("user_id", "/users/{id}", id=value):
                mine = [str(row["email"]).lower() for row in await self._all("/users/{id}/addresses", id=user)]
                if not (value in mine if value in emails else value.replace("-", "").lower() == user.lower()):
                    raise Misread("Mailman gave the account of somebody else.")
                owners |= dict.fromkeys(mine, f"users/{user}")
                yield Record("user", f"users/{user}")
            elif value in emails and (unowned or await self._told("email", "/addresses/{id}", id=value)):
                owners[value] = f"addresses/{value}"
                yield Record("user", owners[value])
        for address in dict.fromkeys([*emails, *owners]):
            binds = ("user", owners[address]) if address in owners else None
            for row in await self._members(address):
                yield Record("subscriber", f"members/{row['member_id']}", binds=binds, state=await self._state(row))
        for where in ["", *(str(row["list_id"]) for row in await self._all("/lists", optional=Gone))]:
            for kind, id, address in await self._kept_at(where):
                if address.lower() in owners or subject.matches("email", address):
                    yield Record(kind, f"{where}/{id}")

    async def _members(self, address: str) -> list[Json]:
        rows = await self._all("/members/find", json={"subscriber": address})
        return [row for row in rows if str(row["email"]).lower() == address]  # `*` in an address is a wildcard there

    async def _kept_at(self, where: str) -> list[tuple[str, str, str]]:
        """Kind, id and address of what a mailing list keeps besides members; the site, named "", keeps bans only."""
        if not where:
            return [("ban", row["email"], row["email"]) for row in await self._all("/bans", optional=Gone)]
        kept = [("ban", row["email"], row["email"]) for row in await self._all("/lists/{where}/bans", optional=Gone, where=where)]
        for row in await self._all("/lists/{where}/held", {"count": 10}, optional=Gone, where=where):  # whole messages come along
            kept.append(("message", str(row["request_id"]), row["sender"] or ""))
        for query, tolerated in (({}, Gone), ({"request_type": "unsubscription"}, (Gone, Refused))):  # an older Mailman refuses this
            rows = await self._all("/lists/{where}/requests", query, optional=tolerated, where=where)
            kept += [("subscription_request", row["token"], row["email"]) for row in rows]
        return kept

    async def _told(self, what: str, path: str, **values: Any) -> str | None:
        """One field of one record; None where there is no such record."""
        try:
            return str((await self.http.get(path, **values)).read(Json)[what])
        except Gone:
            return None

    async def _all(self, path: str, query: Any = None, json: Any = None, optional: Any = (), **values: Any) -> list[Json]:
        """Every row. `optional`: errors that mean an empty list, on the first page only."""
        rows, total = list[Json](), 0
        for number in range(1, 2_001):
            turn = {"count": 100, "page": number} | (query or {})  # the server reads it in the query; its docs have it in the body
            call = self.http.post(path, query=turn, json=json | turn, **values) if json else self.http.get(path, query=turn, **values)
            try:
                page = (await call).read(Page)
            except optional:
                if rows:
                    raise
                return []
            if page.start not in (None, len(rows)) or page.total_size < total:
                break
            rows, total = rows + page.entries, page.total_size
            if len(rows) >= total:
                return rows
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
        """Their mail; where preferences are not offered, what they post."""
        path, values = _place(record)
        now = await self._told("delivery_status", f"{path}/all/preferences", **values)
        if now and delivery == "enabled" and now != "by_moderator":
            raise NeedsPerson("Mail was stopped by the member or after bounces, not by us: a person must decide.")
        part, change = ("/preferences", {"delivery_status": delivery}) if now else ("", {"moderation_action": posts})
        await self.http.patch(path + part, json=change, **values)

    async def _state(self, member: Json) -> State:
        now = await self._told("delivery_status", "/members/{id}/all/preferences", id=str(member["member_id"]))
        stopped = now != "enabled" if now else member.get("moderation_action") == "discard"
        return State.RESTRICTED if stopped else State.PRESENT

    async def peek(self, record: Record) -> State | None:
        path, values = _place(record)
        if record.kind == "ban":  # not asked for alone: Mailman also says yes for a pattern that fits it
            return State.PRESENT if ("ban", values["id"], values["id"]) in await self._kept_at(values.get("where", "")) else State.GONE
        try:
            found = (await self.http.get(path, **values)).read(Json)
        except Gone:
            return None  # the search decides
        return await self._state(found) if record.kind == "subscriber" else State.PRESENT


def _place(record: Record) -> tuple[str, dict[str, Any]]:
    where, _, id = record.ref.partition("/")
    part = {"ban": "bans", "message": "held", "subscription_request": "requests"}.get(record.kind)
    if part and where:
        return f"/lists/{{where}}/{part}/{{id}}", {"where": where, "id": id}
    return f"/{part or where}/{{id}}", {"id": id}
