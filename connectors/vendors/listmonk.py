"""listmonk: its subscribers, whatever lists they are on. Facts and doubts: docs/vendors/listmonk.md."""

import datetime as dt
import re
from contextlib import suppress
from typing import Any

from connectors import contract
from connectors.auth import Basic, By
from connectors.contract import Connector, Gone, Kind, Look, Record, Records, Refused, RestrictedIf, Shape, Spec, Subject, by_page, rows

_BEFORE = "before_restriction"
"""The attribute of a blocklisted subscriber that tells what a lifting must put back: blocklisting ends every membership."""

_SUPER_ADMIN = 1  # the role that is never asked for a permission


class Membership(Shape):
    id: int
    subscription_status: str | None = None


class Subscriber(Shape):
    id: str
    email: str
    status: str | None = None
    attribs: dict[str, Any] | None = None
    lists: list[Membership] | None = None
    state = RestrictedIf("status", "blocklisted")


_LOOK = Look(Subscriber, "data", unsure=(Gone, Refused))  # of a missing one it says 400, as of much else


class Listmonk(Connector[contract.SignInSettings]):
    spec = Spec(
        name="listmonk", kind="mailing_list", identifiers=("email",), calls_per_minute=300,
        kinds=(Kind("subscriber", at="/subscribers/{id}", peeks=_LOOK, restricts=True, lifts=True, how="blocked on all lists"),),
        not_covered=("subscribers on lists that the API user may not see, logs of the mail server",),
        docs="https://listmonk.app/docs/apis/subscribers/", checked=dt.date(2026, 11, 22), facts="source code",
    )  # fmt: skip
    signs_in = By(Basic, "user", "token")

    async def locate(self, subject: Subject) -> Records:
        for address in subject.values("email"):
            text = max(re.split(r"[^\w.@-]", address), key=len)  # listmonk reads a regular expression: a plus would not find itself
            query = {"search": text, "page": 1, "per_page": 100}
            async for row in rows(self.http.get, "/subscribers", Subscriber, by_page(total="data/total"), at="data/results", query=query):
                if subject.matches("email", row.email):
                    yield Record("subscriber", row.id, state=row.state)

    async def rights(self) -> list[contract.Right]:
        role = (await self.http.get("/profile")).read(dict[str, Any], "data/user_role")
        wanted = ("subscribers:get_all", "subscribers:manage")
        return contract.for_both({name: role["id"] == _SUPER_ADMIN or name in role["permissions"] for name in wanted})

    async def restrict(self, record: Record) -> None:
        seen = await self.shown_as(record, Subscriber)
        before = {"status": seen.status, "lists": {str(membership.id): membership.subscription_status for membership in seen.lists or ()}}
        with suppress(Gone, Refused):  # an older listmonk knows no PATCH, and must block all the same
            await self._change(record, attribs=(seen.attribs or {}) | {_BEFORE: before})
        await self.http.put("/subscribers/{id}/blocklist", id=record.ref)

    async def lift(self, record: Record) -> None:
        seen = await self.shown_as(record, Subscriber)
        attribs = seen.attribs or {}
        before = attribs.get(_BEFORE) or {}
        for status in ("confirmed", "unconfirmed"):
            lists = [membership.id for membership in seen.lists or () if before.get("lists", {}).get(str(membership.id)) == status]
            if lists:  # while it is blocklisted still, so that a crash in between is made good
                change = {"ids": [int(record.ref)], "action": "add", "target_list_ids": lists, "status": status}
                await self.http.put("/subscribers/lists", json=change)
        await self._change(record, status=before.get("status") or "enabled", attribs=attribs | ({_BEFORE: None} if before else {}))

    async def _change(self, record: Record, **fields: Any) -> None:
        await self.on(record, self.http.patch, json=fields | {"preconfirm_subscriptions": True})  # else it may mail the person to confirm
