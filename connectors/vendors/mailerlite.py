"""MailerLite (the new one): subscribers, forgotten thirty days later. Facts and doubts: docs/vendors/mailerlite.md."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from pydantic import model_validator

from connectors import contract
from connectors.auth import Bearer, By
from connectors.contract import Accepted, Call, Connector, Kind, Misread, NeedsPerson, Record, Shape, Spec, State, Subject, found


class Promise(Shape):
    id: str
    deleted_at: dt.datetime | None = None
    forget_at: dt.datetime | None = None

    @model_validator(mode="before")
    @classmethod
    def _unwrapped(cls, told: Any) -> Any:  # one subscriber stands inside `data`, as the vendor's library has it, or bare
        return told.get("data", told) if isinstance(told, dict) else told

    @property
    def looked_for_again_on(self) -> dt.date:
        """The day after which it is forgotten; thirty days from now where MailerLite names none."""
        return ((self.forget_at or dt.datetime.now(dt.UTC) + dt.timedelta(30)) + dt.timedelta(1)).date()


class Subscriber(Promise):
    email: str
    status: str
    state = contract.RestrictedIf("status", "unsubscribed", "unconfirmed", "bounced", "junk")


class Mailerlite(Connector[contract.ApiKeySettings]):
    spec = Spec(
        name="mailerlite", kind="mailing_list", identifiers=("email", "mailerlite.subscriber_id"), calls_per_minute=120,
        kinds=(Kind("subscriber", at="/subscribers/{id}", hidden_days=30, how="unsubscribed",
                    restricts=Call("PUT", {"status": "unsubscribed"}), lifts=True),),
        docs="https://developers.mailerlite.com/docs/subscribers", checked=dt.date(2026, 11, 22),
        not_covered=("customers and orders of a connected shop", "whom MailerLite hides: deleted, not forgotten (yet)"),
    )  # fmt: skip
    base_url = "https://connect.mailerlite.com/api"
    signs_in = By(Bearer, "api_key")
    _promised: Mapping[str, dt.date] = {}  # what is to be forgotten, and may be hidden until then

    async def locate(self, subject: Subject) -> contract.Records:
        (await self.http.get("/subscribers", query={"limit": 10})).read(list[dict[str, Any]], "data")  # any account answers this
        for value in [*subject.values("email"), *subject.values("mailerlite.subscriber_id")]:
            row = await self._find(value)
            if row and (subject.matches("email", row.email) or subject.matches("mailerlite.subscriber_id", row.id)):
                self._promised = {**self._promised, **({row.id: row.looked_for_again_on} if row.forget_at else {})}
                yield Record("subscriber", row.id, state=row.state)
            elif row and "@" in value and value in subject.values("email"):
                raise Misread("MailerLite shows somebody else than was asked for.")

    async def erase(self, record: Record) -> Accepted | None:
        if record.ref not in self._promised:
            asked = await found(self.http.post("/subscribers/{id}/forget", id=record.ref), Promise)
            done = asked or Promise(id=record.ref)  # it was there a moment ago: we asked before, and the answer was lost
            if done.forget_at and done.deleted_at and done.forget_at <= done.deleted_at:
                return None
            still = await self._find(record.ref)
            if still and not (still.forget_at or still.deleted_at):
                raise Misread("MailerLite said that the subscriber will be forgotten, and shows it as before.")
            self._promised = {**self._promised, record.ref: done.looked_for_again_on}
        return Accepted(self._promised[record.ref])

    async def lift(self, record: Record) -> None:
        if (await self.shown_as(record, Subscriber)).status != "unsubscribed":
            raise NeedsPerson("The subscriber bounced, complained or never confirmed, so not we stopped the mail: a person must decide.")
        await self.on(record, self.http.put, json={"status": "active"})

    async def peek(self, record: Record) -> State | None:
        seen = await self._find(record.ref)
        return seen.state if seen else State.PRESENT if record.ref in self._promised else State.GONE  # hidden is not forgotten yet

    async def _find(self, id: str) -> Subscriber | None:
        return await found(self.http.get("/subscribers/{id}", id=id), Subscriber)
