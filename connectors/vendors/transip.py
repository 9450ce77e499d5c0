"""TransIP: forwards, mailboxes, mail-list entries and contacts, domain by domain. Facts and doubts: docs/vendors/transip.md."""

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date

from connectors import contract
from connectors.auth import By, SignedLogin
from connectors.contract import Connector, Gone, Kind, Misread, Record, Records, Secret, Spec, Subject

_FORWARDS, _BOXES, _MAIL_LISTS = (f"/email/{{domain}}/{name}" for name in ("mail-forwards", "mailboxes", "mail-lists"))
_WHOIS, _DEFAULTS, _MONITORING = "/domains/{domain}/contacts", "/domain-defaults/contacts", "/monitoring-contacts"
_LISTS = {  # how the list's name in the answer ends (TransIP's own libraries disagree), and the fields that every row must have
    "/domains": ("domains", {"name"}),
    _FORWARDS: ("forwards", {"id", "local_part", "forward_to"}),
    _BOXES: ("mailboxes", {"identifier"}),
    _MAIL_LISTS: ("lists", {"id", "name", "email_address", "entries"}),
    _WHOIS: ("contacts", {"email"}),
    _DEFAULTS: ("contacts", {"email"}),
    _MONITORING: ("contacts", {"id", "email"}),
}
_WHOLE = (_WHOIS, _DEFAULTS)  # three at most, and no pages are documented
_DELETED = {("forward", _FORWARDS), ("mailbox", _BOXES), ("contact", _MONITORING)}  # never a domain, a product or a list
_STAYS = "It is an address of a domain, a mailbox or a mail list that stays: replace it in TransIP's control panel."


def _signed(login: str, private_key: Secret) -> SignedLogin:
    asked = {"login": login, "read_only": False, "expiration_time": "1 day", "global_key": True}
    return SignedLogin("/auth", list(_LISTS), private_key, lambda nonce: asked | {"nonce": nonce, "label": f"erasure-{nonce}"})


class Row(contract.CamelShape):
    id: str = ""
    identifier: str = ""  # of a mailbox: its address
    name: str | None = None
    local_part: str | None = None
    forward_to: str | None = None
    email_address: str | None = None
    entries: list[str] = []
    email: str | None = None
    type: str | None = None  # tells two roles of one contact apart


class Transip(Connector[contract.SignInSettings]):
    spec = Spec(
        name="transip", kind="hosting", facts="specification", identifiers=("email",), calls_per_minute=600, checked=date(2026, 11, 22),
        kinds=(Kind("forward"), Kind("subscriber"), Kind("mailbox"), Kind("contact")), docs="https://api.transip.nl/rest/docs.html",
        not_covered=("what stands in mailboxes, servers, backups and online storage", "contacts with only a name or telephone, and DNS"),
        concurrency=1,  # a mail list is read and written back whole: two cases at once would undo each other
    )  # fmt: skip
    base_url = "https://api.transip.nl/v6"
    signs_in = By(_signed, "login", "private_key")

    async def locate(self, subject: Subject) -> Records:
        for domain in [row.name or "" for row in await self._rows("/domains")]:
            lists = await self._offered(domain, _WHOIS, _FORWARDS, _BOXES, _MAIL_LISTS)
            if len(lists.keys() - {_WHOIS}) in (1, 2):  # all three are missing where the domain has no mail service
                raise Misread("TransIP shows some of a domain's mail and answers 404 to the rest: what it holds is not known.")
            for record in _records(subject, domain, lists):
                yield record
        for record in _records(subject, "-", {_MONITORING: await self._rows(_MONITORING)} | await self._offered("-", _DEFAULTS)):
            yield record

    async def _offered(self, domain: str, *paths: str) -> dict[str, list[Row]]:
        lists = {}  # a domain without whois data or mail service answers 404
        for path in paths:
            with suppress(Gone):
                lists[path] = await self._rows(path, domain)
        return lists

    async def _rows(self, path: str, domain: str = "-") -> list[Row]:
        """All rows. No total is told, pages may be smaller than asked for, some lists do not page: on until nothing is new."""
        (ending, needed), rows = _LISTS[path], dict[str, Row]()
        for page in range(1, contract.MOST_PAGES):
            try:
                answer = await self.http.get(path, query=None if path in _WHOLE else {"page": page, "pageSize": 100}, domain=domain)
            except Gone as gone:
                raise gone if page == 1 else Misread(f"TransIP answered 404 to page {page} of {path}.") from None
            body = answer.read(dict[str, list[Row] | dict[str, object] | str | float | None])
            given = next((value for name, value in body.items() if name.lower().endswith(ending)), None)
            if not isinstance(given, list) or any(needed - row.model_fields_set for row in given):
                raise Misread(f"The answer to GET {path} has an unknown shape.")
            before = len(rows)
            rows |= {row.model_dump_json(): row for row in given}
            if before == len(rows) or path in _WHOLE:
                return [*rows.values()]
        raise Misread(f"The list {path} does not end.")

    def left_to_a_person(self, record: Record) -> str | None:
        path = json.loads(record.ref)[0]
        return None if record.kind == "subscriber" or (record.kind, path) in _DELETED else _STAYS

    async def erase(self, record: Record) -> None:
        path, domain, id, mine = json.loads(record.ref)
        if record.kind != "subscriber":
            await self.http.delete(f"{path}/{{id}}", domain=domain, id=id)
            return
        for row in await self._rows(_MAIL_LISTS, domain):
            if row.id == id and {*row.entries} & {*mine}:
                told = {"name": row.name, "emailAddress": row.email_address, "entries": [one for one in row.entries if one not in mine]}
                for body in ({"mailList": told, **told}, told, {"mailList": told}):  # TransIP's own libraries disagree
                    with suppress(*([contract.Refused] if body.keys() != {"mailList"} else [])):
                        await self.http.put(f"{_MAIL_LISTS}/{{id}}", json=body, domain=domain, id=id)
                        break


def _records(subject: Subject, domain: str, lists: dict[str, list[Row]]) -> Iterator[Record]:
    for path, row in ((path, row) for path, rows in lists.items() for row in rows):
        claims: dict[str, list[tuple[str, Sequence[str | None]]]] = {  # what it may be, and the addresses that make it a person's
            _FORWARDS: [("forward", [row.forward_to, f"{row.local_part or ''}@{domain}"])],
            _BOXES: [("mailbox" if subject.matches("email", row.identifier) else "forward", [row.identifier, row.forward_to])],
            _MAIL_LISTS: [("subscriber", row.entries), ("forward", [row.email_address])],
        }
        for kind, addresses in claims.get(path, [("contact", [row.email])]):
            mine = sorted({address for address in addresses if address and subject.matches("email", address)})
            if mine or (path == _MONITORING and subject.matches("transip.contact_id", row.id)):
                yield Record(kind, json.dumps([path, domain, row.identifier or row.id, mine]))
