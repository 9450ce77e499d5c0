"""TransIP: forwards, mailboxes, mail-list entries and contacts, domain by domain. Facts and doubts: docs/vendors/transip.md."""
# ruff: noqa: N815 - the fields are named as TransIP names them

import datetime as dt
import json
from collections.abc import AsyncIterator, Iterator
from itertools import count
from typing import Any

import httpx

from connectors.auth import SignedLogin
from connectors.contract import Connector, Gone, Kind, Misread, NeedsPerson, Record, Secret, Settings, Shape, Spec, State, Subject, pages

_MAIL = {"mail-forwards", "mailboxes", "mail-lists"}
_LISTS = {  # path, name of the list, fields that every row must have
    "domains": ("/domains", "domains", {"name"}),
    "mail-forwards": ("/email/{domain}/mail-forwards", "forwards", {"id", "localPart", "forwardTo"}),
    "mailboxes": ("/email/{domain}/mailboxes", "mailboxes", {"identifier"}),
    "mail-lists": ("/email/{domain}/mail-lists", "mailLists", {"id", "name", "emailAddress", "entries"}),
    "whois": ("/domains/{domain}/contacts", "contacts", {"email"}),
    "defaults": ("/domain-defaults/contacts", "contacts", {"email"}),
    "monitoring": ("/monitoring-contacts", "contacts", {"id", "email"}),
}
_OTHER_NAMES = {"forwards": "mailForwards", "mailboxes": "Mailboxes", "mailLists": "lists"}  # TransIP's own libraries do not agree


class TransipSettings(Settings):
    login: str
    private_key: Secret


class Row(Shape):
    """A row of any list; `_LISTS` says what it must have."""

    id: str = ""
    identifier: str = ""
    name: str | None = None
    localPart: str | None = None  # of a forward, empty: it takes what no other address of the domain does
    forwardTo: str | None = None
    emailAddress: str | None = None
    entries: list[str] = []
    email: str | None = None
    type: str | None = None
    isDnsOnly: bool | None = None


class Page(Shape):
    model_config = {"alias_generator": lambda name: _OTHER_NAMES.get(name, name), "validate_by_name": True}
    domains: list[Row] | None = None
    forwards: list[Row] | None = None
    mailboxes: list[Row] | None = None
    mailLists: list[Row] | None = None
    contacts: list[Row] | None = None


class Transip(Connector[TransipSettings]):
    spec = Spec(
        name="transip",
        kind="hosting",
        kinds=(Kind("forward"), Kind("subscriber"), Kind("mailbox"), Kind("contact")),
        identifiers=("email",),
        calls_per_minute=60,
        docs="https://api.transip.nl/rest/docs.html",
        checked=dt.date(2026, 11, 22),
        settle_seconds=10.0,  # TransIP schedules what it is told to delete
    )
    settings_model = TransipSettings
    base_url = "https://api.transip.nl/v6"

    @classmethod
    def auth(cls, settings: TransipSettings) -> httpx.Auth:
        asked = {"login": settings.login, "read_only": False, "expiration_time": "1 day", "global_key": True}
        roots = ("domains", "domain-defaults", "email", "monitoring-contacts")
        return SignedLogin("/auth", roots, settings.private_key, lambda nonce: asked | {"nonce": nonce, "label": f"erasure-{nonce}"})

    async def locate(self, subject: Subject) -> AsyncIterator[Record]:
        for domain in await self._rows("domains", ""):
            lists = await self._lists_of(domain)
            for record in (record for place in lists for record in _records(subject, place, domain.name, lists[place])):
                yield record
        for place in ("defaults", "monitoring"):
            for record in _records(subject, place, "", await self._rows(place, "")):
                yield record

    async def _lists_of(self, domain: Row) -> dict[str, list[Row]]:
        """404 to all three lists of mail: the domain has no mail service. To some of them: what it has is not known."""
        found = {}
        for place in (*sorted(_MAIL), "whois"):
            try:
                found[place] = await self._rows(place, domain.name)
            except Gone:
                continue
        if found.keys() & _MAIL not in (set(), _MAIL) or ("whois" not in found and not domain.isDnsOnly):
            raise Misread("TransIP shows some lists of a domain and not others (404), so what the domain holds is not known.")
        return found

    async def _rows(self, place: str, domain: str) -> list[Row]:
        """All rows. No total is told, pages may be smaller than asked for, some lists do not page: on until nothing is new."""
        path, name, needed = _LISTS[place]
        rows: list[Row] = []
        new: list[Row] = []
        page, values = count(2), {"domain": domain} if domain else {}
        try:
            async for answer in pages(
                self.http, path, {"page": "1", "pageSize": "100"}, lambda _: {"page": f"{next(page)}"} if new else None, **values
            ):
                given: list[Row] | None = getattr(answer.read(Page), name)
                if given is None or not all(row.model_fields_set >= needed for row in given):
                    raise Misread(f"The answer to GET {path} has an unknown shape.")
                new[:] = [row for row in given if row not in rows]
                rows += new
        except Gone:
            if rows:
                raise Misread(f"TransIP answered 404 to a later page of {path}.") from None
            raise
        return rows

    async def peek(self, record: Record) -> State | None:
        place, domain, id, mine = json.loads(record.ref)
        try:
            rows = await self._rows(place, domain)
        except Gone:
            return None  # whether the domain or its mail service is gone, the search tells
        ...
