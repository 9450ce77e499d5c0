"""MailerLite (the new one): subscribers, forgotten thirty days later. Facts and doubts: docs/vendors/mailerlite.md."""

import datetime as dt
from typing import Any, TypeVar

from connectors import contract
from connectors.auth import Bearer, By
from connectors.contract import Accepted, Call, Connector, Gone, Kind, Misread, NeedsPerson, Record, Shape, Spec, State, Subject


class Promise(Shape):
    id: str
    deleted_at: dt.datetime | None = None
    forget_at: dt.datetime | None = None

    @property
    def looked_for_again_on(self) -> dt.date:
        """The day after which it is forgotten; thirty days from now where MailerLite names none."""
        return ((self.forget_at or dt.datetime.now(dt.UTC) + dt.timedelta(30)) + dt.timedelta(1)).date()


class Subscriber(Promise):
    email: str
    status: str
    state = contract.RestrictedIf("status", "unsubscribed", "unconfirmed", "bounced", "junk")


P = TypeVar("P", bound=Promise)


class Mailerlite(Connector[contract.ApiKeySettings]):
    spec = Spec(
        name="mailerlite", kind="mailing_list", identifiers=("email", "mailerlite.subscriber_id"), calls_per_minute=120,
        kinds=(Kind("subscriber", at="/subscribers/{id}", hidden_days=30, how="unsubscribed",
                    restricts=Call("PUT", {"status": "unsubscribed"}), lifts=True),),
        docs="https://developers.mailerlite.com/docs/subscribers", checked=dt.date(2026, 11, 22),
        not_covered=("customers and orders of a connected shop",),
    )  # fmt: skip
    base_url = "https://connect.mailerlite.com/api"
    signs_in = By(Bearer, "api_key")

    def __init__(self, settings: contract.ApiKeySettings, door: Any) -> None:
        super().__init__(settings, door)
        self._promised: dict[str, dt.date] = {}  # what is to be forgotten, and may be hidden until then

    async def locate(self, subject: Subject) -> contract.Records:
        (await self.http.get("/subscribers", query={"limit": 10})).read(list[dict[str, Any]], "data")  # any account answers this
        for value in [*subject.values("email"), *subject.values("mailerlite.subscriber_id")]:
            row = await self._find(value)
            if row is None or not (subject.matches("email", row.email) or subject.matches("mailerlite.subscriber_id", row.id)):
                continue
            if row.forget_at:
                self._promised[row.id] = row.looked_for_again_on
            yield Record("subscriber", row.id, state=row.state)

    async def erase(self, record: Record) -> Accepted | None:
        if record.ref not in self._promised:
            try:
                done = _told(await self.http.post("/subscribers/{id}/forget", id=record.ref), Promise)
            except Gone:  # it was there a moment ago: we asked before, and the answer was lost
                done = Promise(id=record.ref)
            if done.forget_at and done.deleted_at and done.forget_at <= done.deleted_at:
                return None
            still = await self._find(record.ref)
            if still and not (still.forget_at or still.deleted_at):
                raise Misread("MailerLite said that the subscriber will be forgotten, and shows it as before.")
            self._promised[record.ref] = done.looked_for_again_on
        return Accepted(self._promised[record.ref])

    async def lift(self, record: Record) -> None:
        if _told(await self.on(record, self.http.get), Subscriber).status != "unsubscribed":
            raise NeedsPerson("The subscriber bounced, complained or never confirmed, so not we stopped the mail: a person must decide.")
        await self.on(record, self.http.put, json={"status": "active"})

    async def peek(self, record: Record) -> State | None:
        seen = await self._find(record.ref)
        hidden = record.ref in self._promised  # which is not forgotten yet
        return seen.state if seen else State.PRESENT if hidden else State.GONE

    async def _find(self, id: str) -> Subscriber | None:
        try:
            return _told(await self.http.get("/subscribers/{id}", id=id), Subscriber)
        except Gone:
            return None


def _told(answer: contract.Answer, shape: type[P]) -> P:
    """One subscriber: inside `data`, as the vendor's library has it, or bare."""
    return answer.read(shape, "data" if "data" in answer.read(dict[str, Any]) else "")
