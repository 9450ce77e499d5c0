"""Brevo: contacts, transactional mail in its log, and blocks. Facts and doubts: docs/vendors/brevo.md."""

import datetime as dt
from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import Any

from connectors import contract
from connectors.auth import By, Header
from connectors.contract import Call, Connector, Gone, Key, Kind, Look, Misread, NeedsPerson, Record, Records, Spec, State, Subject

_STEP = 27  # days: at most a month of the log can be asked for at once, and the months overlap
_BLOCK = Call("PUT", {"emailBlacklisted": True, "smsBlacklisted": True})


class BrevoSettings(contract.ApiKeySettings):
    log_days: int = 730  # how far back the log is searched, month by month; Brevo keeps it for ever unless told otherwise


class Row(contract.CamelShape):
    email: str
    blocked_at: dt.datetime | None = None  # of a block


class Mail(Row):
    message_id: str
    date: dt.datetime | None = None


class Contact(Row):
    id: str
    email: str | None = None  # type: ignore[assignment]  # one may have a phone number only
    email_blacklisted: bool
    sms_blacklisted: bool | None = None
    statistics: dict[str, Any] | None = None

    @property
    def state(self) -> State:
        return State.RESTRICTED if self.email_blacklisted and self.sms_blacklisted is not False else State.PRESENT


class Brevo(Connector[BrevoSettings]):
    spec = Spec(
        name="brevo", kind="mailing_list", identifiers=("email", "brevo.contact_id"), calls_per_minute=100,
        kinds=(
            Kind("message", at="/smtp/log/{id}"), Kind("block", at="/smtp/blockedContacts/{email}"),
            Kind("subscriber", at="/contacts/{id}", peeks=Look(Contact), restricts=_BLOCK, lifts=True, how="blocked for mail and SMS"),
        ),
        docs="https://developers.brevo.com/reference", checked=dt.date(2026, 11, 22), facts="specification",
        not_covered=("transactional mail older than settings.log_days", "event statistics, SMS logs, conversations, deals and notes"),
    )  # fmt: skip
    base_url = "https://api.brevo.com/v3"
    signs_in = By(partial(Header, "api-key"), "api_key")
    _spelled: tuple[str, ...] = ()  # addresses of earlier looks too: the log and the blocks outlive the contact that tells its own
    _shown = frozenset[Key]()  # what such a search has shown, and would show again

    async def locate(self, subject: Subject) -> Records:
        contacts, spelled = dict[str, Record](), list(dict.fromkeys([*subject.values("email"), *self._spelled]))
        for value in [*subject.values("email"), *subject.values("brevo.contact_id")]:
            contact = await contract.found(self.http.get("/contacts/{id}", id=value), Contact)  # it looks for ids and phone numbers too
            if contact and (subject.matches("email", contact.email) or subject.matches("brevo.contact_id", contact.id)):
                contacts.setdefault(contact.id, Record("subscriber", value, state=contact.state))
                spelled += [contact.email] if contact.email and contact.email not in spelled else []
            elif contact and "@" in value:  # of a number it may be somebody's telephone
                raise Misread("Brevo shows somebody else than was asked for.")
        self._spelled, own = tuple(spelled), {address.lower() for address in spelled}
        for address in spelled:
            for dates in self._months():
                async for mail in self._list("/smtp/emails", "transactionalEmails", Mail, {"email": address, **dates}):
                    if mail.email.lower() in own:
                        self._shown |= {("message", mail.message_id)}
                        yield Record("message", mail.message_id, mail.date)
        known = own <= {*subject.values("email")}  # else the contact would go, and nobody finds its blocks any more
        absent = Gone if spelled and known else ()  # then the log, which every account has, has answered
        async for block in self._list("/smtp/blockedContacts", "contacts", Row, {"limit": 100}, absent):
            if block.email.lower() in own:
                self._shown |= {("block", block.email)}
                yield Record("block", block.email, block.blocked_at)
        for record in contacts.values():
            yield record

    def _months(self) -> list[dict[str, str]]:
        today = dt.datetime.now(dt.UTC).date()
        ends = [today - dt.timedelta(days) for days in range(_STEP, self.settings.log_days, _STEP)]
        return [{}, *({"startDate": f"{end - dt.timedelta(_STEP)}", "endDate": f"{end}"} for end in ends)]  # {}: the past 30 days

    def _list(self, path: str, name: str, shape: type[Any], query: Mapping[str, Any], absent: Any = ()) -> AsyncIterator[Any]:
        def following(turn: contract.Turn) -> Mapping[str, Any] | None:
            body = turn.answer.read(dict[str, Any])
            if name not in body and body not in ({}, {"count": 0}):  # an empty list may come without its name
                raise Misread(f"The answer to GET {path} has no {name} in it.")
            paged = "count" in body or "limit" in query  # the document knows no pages of the log; a later look brings what was cut
            return contract.by_offset(total="count" if "count" in body else "")(turn) if paged else None

        return contract.rows(self.http.get, path, shape, following, at=f"{name}?", query=query, absent=absent)

    async def peek(self, record: Record) -> State | None:
        if record.kind == "subscriber" or record.key in self._shown:
            return await super().peek(record)
        return State.PRESENT if await self.still_listed(record) else State.GONE  # without the contact its address may be unknown

    async def still_listed(self, record: Record) -> bool:
        if record.kind == "message":
            day = record.since.isoformat()[:10] if record.since else ""
            for dates in self._months():
                if not day or not dates or dates["startDate"] <= day <= dates["endDate"]:
                    async for _ in self._list("/smtp/emails", "transactionalEmails", Mail, {"messageId": record.ref, **dates}):
                        return True
            return False
        blocks = self._list("/smtp/blockedContacts", "contacts", Row, {"limit": 100})
        return record.ref.lower() in [block.email.lower() async for block in blocks]

    async def lift(self, record: Record) -> None:
        told = (await self.shown_as(record, Contact)).statistics or {}
        if (told.get("unsubscriptions") or {}).get("userUnsubscription") or told.get("complaints"):
            raise NeedsPerson("The contact unsubscribed or complained, so not only we stopped the mail: a person must decide.")
        await self.on(record, self.http.put, json={"emailBlacklisted": False, "smsBlacklisted": False})
