"""Gmail: the messages from and to a person in one mailbox. Facts and doubts: docs/vendors/gmail.md."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from pydantic import AliasPath, Field

from connectors import contract
from connectors.auth import Bearer, SignIn
from connectors.contract import Connector, Gone, Kind, Misread, NeedsPerson, Record, Records, Secret, Shape, Spec, State, Subject, Turn
from connectors.mail import listed
from connectors.oauth import ServiceAccount

_LABELS, _MESSAGES = "/gmail/v1/users/me/labels", "/gmail/v1/users/me/messages"
_ONE, _MODIFY = f"{_MESSAGES}/{{id}}", f"{_MESSAGES}/batchModify"
_METADATA = {"format": "metadata"}
_SHARED = "It went to many people, and Gmail cannot take one of them out: delete it by hand, or ask again with its gmail.message_id."
_SCOPE = "https://mail.google.com/"
_MARK, _PLACES = "GDPR restricted", ("INBOX", "SPAM", "TRASH")  # `GDPR restricted INBOX`: lifting puts it back there


class GmailSettings(contract.Settings):
    token: Secret | None = None
    service_account: Secret | None = None
    mailbox: str | None = None
    most_recipients: int = 10


class Named(Shape):
    id: str
    name: str | None = None


class Message(contract.CamelShape):
    headers: list[dict[str, contract.Address]] = Field(validation_alias=AliasPath("payload", "headers"))
    label_ids: list[str] | None = None  # left out where it has none
    internal_date: int | None = None  # milliseconds

    def people(self, *headers: str) -> set[str]:
        return {address for one in self.headers if one["name"].lower() in headers for address in listed(one["value"])}

    def marks(self, labels: Mapping[str, str]) -> dict[str, str]:
        return {name: id for name, id in labels.items() if name.startswith(_MARK) and id in (self.label_ids or ())}


class Gmail(Connector[GmailSettings]):
    spec = Spec(
        name="gmail", kind="mailbox", identifiers=("email", "gmail.message_id"), calls_per_minute=1200,
        kinds=(Kind("message", at=_ONE, restricts=True, lifts=True, how="taken out of the inbox and marked"),
               Kind("circular", _SHARED, at=_ONE, restricts=True, lifts=True, how="taken out of the inbox and marked")),
        not_covered=("mail that names the person only in its text, its subject or another header", "filters, forwarding, delegates, Vault"),
        docs="https://developers.google.com/workspace/gmail/api", checked=dt.date(2026, 11, 22), facts="specification",
    )  # fmt: skip
    base_url = "https://gmail.googleapis.com"

    @classmethod
    def auth(cls, settings: GmailSettings) -> SignIn:
        if settings.token and not settings.service_account:
            return Bearer(settings.token)
        if settings.token or not (settings.service_account and settings.mailbox):
            raise ValueError("give either `token`, or `service_account` and `mailbox`.")
        return ServiceAccount(settings.service_account, _SCOPE, settings.mailbox)

    async def locate(self, subject: Subject) -> Records:
        if subject.matches("email", self.settings.mailbox):
            raise NeedsPerson("It is the person's own mailbox: delete the account, or hand over what others need of it first.")
        ids, everywhere = list(subject.values("gmail.message_id")), {"maxResults": 500, "includeSpamTrash": "true"}
        for email in subject.values("email"):  # finds parts of words, and other people
            asked = everywhere | {"q": " OR ".join(f"{field}:{email}" for field in ("from", "to", "cc", "bcc"))}
            ids += [row.id async for row in contract.rows(self.http.get, _MESSAGES, Named, _following, at="messages?", query=asked)]
        if not subject.values("email"):  # a wrong base_url answers 404 to a message too
            await self.http.get(_MESSAGES, query={"maxResults": 1})
        labels = await self._labels() if ids else {}
        for id in dict.fromkeys(ids):
            message = await contract.found(self.http.get(_ONE, query=_METADATA, id=id), Message)
            if message and (kind := self._kind(subject, id, message)):
                since = None if message.internal_date is None else dt.datetime.fromtimestamp(message.internal_date / 1000, dt.UTC)
                yield Record(kind, id, since, state=State.RESTRICTED if message.marks(labels) else State.PRESENT)

    def _kind(self, subject: Subject, id: str, message: Message) -> str | None:
        recipients = message.people("to", "cc", "bcc")
        sent, got = (any(subject.matches("email", one) for one in some) for some in (message.people("from"), recipients))
        if subject.matches("gmail.message_id", id) or sent or (got and len(recipients) <= self.settings.most_recipients):
            return "message"
        return "circular" if got else None

    async def rights(self) -> list[contract.Right]:
        await self.http.get(_MESSAGES, query={"maxResults": 1})
        held = True if self.settings.service_account else None  # its token is given for this very scope; Gmail tells none of another's
        return contract.for_both({_SCOPE: held})

    async def peek(self, record: Record) -> State:
        message, labels = (await self.on(record, self.http.get, query=_METADATA)).read(Message), await self._labels()
        return State.RESTRICTED if message.marks(labels) else State.PRESENT

    async def restrict(self, record: Record) -> None:
        message, labels = (await self.on(record, self.http.get, query=_METADATA)).read(Message), await self._labels()
        places = [place for place in _PLACES if place in (message.label_ids or ())]  # the trash would empty itself
        label = {"name": " ".join([_MARK, *places]), "labelListVisibility": "labelShow", "messageListVisibility": "show"}
        mark = labels.get(label["name"]) or (await self.http.post(_LABELS, json=label)).read(Named).id
        await self.http.post(_MODIFY, json={"ids": [record.ref], "addLabelIds": [mark], "removeLabelIds": places})

    async def lift(self, record: Record) -> None:
        message, labels = (await self.on(record, self.http.get, query=_METADATA)).read(Message), await self._labels()
        marks = message.marks(labels)
        places = [place for place in _PLACES if place in " ".join(marks).split()]
        await self.http.post(_MODIFY, json={"ids": [record.ref], "addLabelIds": places, "removeLabelIds": list(marks.values())})

    async def _labels(self) -> dict[str, str]:
        return {row.name or "": row.id async for row in contract.rows(self.http.get, _LABELS, Named, at="labels", absent=Gone)}


def _following(turn: Turn) -> Mapping[str, Any] | None:
    if not {"messages", "resultSizeEstimate"} & turn.answer.read(dict[str, Any]).keys():
        raise Misread("A page of messages tells neither messages nor how many there are.")
    return contract.by_cursor("pageToken", "nextPageToken?")(turn)
