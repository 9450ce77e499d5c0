"""Mailman 3 core; archives (HyperKitty, Pipermail) are outside core and not covered. Facts and doubts: docs/vendors/mailman.md."""

import datetime as dt
from typing import Any

from connectors import contract
from connectors.auth import Basic, By
from connectors.contract import Connector, Gone, Kind, NeedsPerson, Record, Records, Refused, Spec, State, Subject, by_page, found, rows

Json = dict[str, Any]  # what is read by [] must be there: a missing key is told as `Misread`
_SUBSCRIBER = Kind("subscriber", restricts=True, lifts=True, how="cut off from mail")


class Addressed(contract.Shape):
    email: str
    user: str | None = None


class Member(Addressed):
    member_id: str
    moderation_action: str | None = None


class Mailman(Connector[contract.SignInSettings]):
    spec = Spec(  # an account goes before its memberships: they end with it, without a farewell mail and without asking a moderator
        name="mailman", kind="mailing_list", checked=dt.date(2026, 11, 22), not_covered=("archives of the lists (HyperKitty, Pipermail)",),
        kinds=(Kind("message"), Kind("subscription_request"), Kind("ban"), Kind("user"), _SUBSCRIBER),
        identifiers=("email", "mailman.user_id"), calls_per_minute=600, facts="source code", docs="https://docs.mailman3.org/projects/mailman/",
    )  # fmt: skip
    base_url = "http://localhost:8001/3.1"
    signs_in = By(Basic, "user", "password")
    lists = contract.Lists(by_page(total="total_size"), {"count": 100, "page": 1}, at="entries?")
    _found = frozenset[str]()  # addresses of an account that an earlier look showed: what waits under them may outlive it

    async def locate(self, subject: Subject) -> Records:
        emails = (*dict.fromkeys([*subject.values("email"), *sorted(self._found)]),)
        owners = dict[str, tuple[str, str]]()  # address → the record that its memberships end with
        if any("/" in email for email in emails):
            raise NeedsPerson("Mailman cannot be asked over its API about an address with a slash; look for it by hand.")
        for value in emails + subject.values("mailman.user_id"):
            members = await self._members(value)  # answers 200 for everybody, so that a wrong base_url is never "nothing found"
            if ("@" in value) == (value in emails) and (user := await self._row("/users/{id}", id=value)) is not None:
                id = str(user["user_id"])  # what Mailman looks for, an address or an id, hangs on the @ alone
                addresses = self.each("/users/{id}/addresses", Addressed, id=id)
                owners |= {row.email.lower(): ("user", f"users/{id}") async for row in addresses}
                yield Record("user", f"users/{id}")
            elif value in emails and ((own := await self._row("/addresses/{id}", id=value)) or not all(row.user for row in members)):
                if own and own.get("user"):  # without its account the address must stay: else nobody finds the rest
                    raise contract.Misread("Mailman does not show the account that an address of the person belongs to.")
                owners[value] = ("user", f"addresses/{value}")
                yield Record("user", f"addresses/{value}")
        for address in dict.fromkeys([*emails, *owners]):
            for row in await self._members(address):
                yield Record("subscriber", f"members/{row.member_id}", binds=owners.get(address), state=await self._state(row))
        self._found |= {address for address in owners if "/" not in address}
        absent = () if self._found - {*subject.values("email")} else (Gone,)  # else the account would go, and nobody finds them any more
        for where in ["", *[str(row["list_id"]) async for row in self.each("/lists", Json, absent=absent)]]:
            for kind, id, address in await self._kept_at(where, absent):
                if address.lower() in {*emails, *owners} or subject.matches("email", address):
                    yield Record(kind, f"{where}/{id}")

    async def _members(self, address: str) -> list[Member]:  # compared, since `*` in an address is a wildcard there
        asked = {"subscriber": address, "count": 100, "page": 1}
        everyone = rows(self._find, "/members/find", Member, by_page(total="total_size"), at="entries?", json=asked)
        return [row async for row in everyone if row.email.lower() == address]

    async def _kept_at(self, where: str, absent: Any = Gone) -> list[tuple[str, str, str]]:  # kind, id, address; "": the site, bans only
        root, at = ("/lists/{where}", {"where": where}) if where else ("", Json())
        kept = [("ban", row["email"], row["email"]) async for row in self.each(f"{root}/bans", Json, absent=Gone, **at)]
        if where:
            few = self.each(f"{root}/held", Json, {"count": 10}, absent=absent, **at)  # whole messages
            kept += [("message", str(row["request_id"]), row["sender"] or "") async for row in few]
        for query in ({}, {"request_type": "unsubscription"}) if where else ():  # an older Mailman refuses the second
            asked = self.each(f"{root}/requests", Json, query, absent=(Gone, Refused) if query else absent, **at)
            kept += [("subscription_request", row["token"], row["email"]) async for row in asked]
        return kept

    async def _row(self, path: str, **values: Any) -> Json | None:
        return await found(self.http.get(path, **values), Json)

    async def _find(self, path: str, *, json: Json, query: Any = None) -> contract.Answer:
        """The documentation has the page in the body, where the server does not look: without one in the query it shows all."""
        return await self.http.post(path, query={"count": json["count"], "page": json["page"]} if json["page"] > 1 else None, json=json)

    async def erase(self, record: Record) -> None:
        (path, values), discard = self._place(record), record.kind in ("message", "subscription_request")
        answer = await (self.http.post(path, json={"action": "discard"}, **values) if discard else self.http.delete(path, **values))
        if answer.status == 202:
            raise NeedsPerson("The mailing list asks its moderator before a member leaves; answer that request there.")

    async def restrict(self, record: Record, mail: str = "by_moderator", posts: str = "discard") -> None:
        path, values = self._place(record)
        row = await self._row(f"{path}/all/preferences", **values)  # where there are none, what they post is stopped instead
        if row and mail == "enabled" and row["delivery_status"] != "by_moderator":
            raise NeedsPerson("Mail was stopped by the member or after bounces, not by us: a person must decide.")
        path, change = (f"{path}/preferences", {"delivery_status": mail}) if row else (path, {"moderation_action": posts})
        await self.http.patch(path, json=change, **values)

    async def lift(self, record: Record) -> None:
        await self.restrict(record, "enabled", "defer")

    async def _state(self, member: Member) -> State:
        row = await self._row("/members/{id}/all/preferences", id=member.member_id)
        going = row["delivery_status"] == "enabled" if row is not None else member.moderation_action != "discard"
        return State.PRESENT if going else State.RESTRICTED

    async def peek(self, record: Record) -> State | None:
        path, values = self._place(record)
        if record.kind == "ban":  # not asked for alone: Mailman also says yes for a pattern that fits it
            return State.PRESENT if ("ban", values["id"], values["id"]) in await self._kept_at(values.get("where", "")) else State.GONE
        if record.kind == "subscriber":
            return await self._state(member) if (member := await found(self.http.get(path, **values), Member)) else None
        return State.PRESENT if await self._row(path, **values) is not None else None  # where there is none, the search decides

    def _place(self, record: Record) -> tuple[str, Json]:
        where, _, id = record.ref.partition("/")
        part = {"ban": "bans", "message": "held", "subscription_request": "requests"}.get(record.kind, where)
        path = f"/lists/{{where}}/{part}/{{id}}" if where not in ("", part) else f"/{part}/{{id}}"
        return path, {"id": id} | ({"where": where} if where else {})
