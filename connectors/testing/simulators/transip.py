"""TransIP in memory, after its OpenAPI document 6.53 and its own PHP library (transip-api-php @ 19d26ea), read on 2026-11-22.

Believed only: that every list pages and ends in an empty page; the statuses of a refused login; that a domain without mail
service answers 404 to all its mail lists; that a mail list may become empty. A deletion takes effect at once, or lags.
"""

import base64
import re
from collections import Counter, defaultdict
from itertools import count
from typing import Any

import httpx
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from connectors.testing.harness import SECRETS
from connectors.testing.simulator import Lagging, Person, Simulator, body_of, query_of, route

LOGIN = "example"
_NAMES = {"mail-forwards": "forwards", "mailboxes": "mailboxes", "mail-lists": "mailLists"}
_LOGIN_FIELDS = {"login", "nonce", "read_only", "expiration_time", "label", "global_key"}


_KEY = rsa.generate_private_key(65537, 2048)
_HOW = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
SECRETS["TRANSIP_SECRET"] = _KEY.private_bytes(*_HOW).decode()  # made afresh in each process: for tests and the demo


class TransipSimulator(Simulator):
    """One account. Mail hangs from domains; `calls_per_token` lets a token run out, `pages` False makes lists ignore pages."""

    base_path = "/v6"

    def __init__(self, public_key: rsa.RSAPublicKey | None = None) -> None:
        super().__init__()
        self._public = public_key or _KEY.public_key()
        self._ids = count(20143)
        self._tokens: dict[str, int] = {}
        self.nonces: list[str] = []
        self.calls_per_token = 1_000_000
        self.pages = True
        self.mail: dict[str, dict[str, dict[str, dict[str, Any]]]] = defaultdict(lambda: {which: {} for which in _NAMES})  # by domain
        self.no_mail: set[tuple[str, str]] = set()  # (domain, list) that is 404
        self.locked: set[str] = set()  # ids that are being modified
        self.whois: dict[str, list[dict[str, Any]]] = defaultdict(list)  # of a domain; of the account under ""
        self.contacts: dict[str, dict[str, Any]] = {}
        self._ghosts: dict[tuple[str, str], Lagging] = defaultdict(lambda: Lagging(self))

    def seed(self, person: Person) -> None:
        self.add_forward("perfacilis.nl", f"klant{next(self._ids)}", person.email)
        local, _, domain = person.email.partition("@")
        self.add_mailbox(domain.lower(), local, person.email)
        self.add_list("perfacilis.nl", f"nieuws{next(self._ids)}", [f"lid{next(self._ids)}@elders.nl", person.email])
        self.add_contact(person)

    def add_forward(self, domain: str, local: str, to: str) -> str:
        return self._add(domain, "mail-forwards", {"localPart": local, "domain": domain, "forwardTo": to, "status": "created"})

    def add_mailbox(self, domain: str, local: str, address: str, to: str = "") -> str:
        row = {"identifier": address, "localPart": local, "forwardTo": to, "status": "created", "isLocked": False, "usedDiskSpace": 12.5}
        return self._add(domain, "mailboxes", row, address)

    def add_list(self, domain: str, name: str, entries: list[str], address: str = "") -> str:
        return self._add(domain, "mail-lists", {"name": name, "emailAddress": address or f"{name}@{domain}", "entries": entries})

    def _add(self, domain: str, which: str, row: dict[str, Any], address: str = "") -> str:
        id = address or str(next(self._ids))
        self.mail[domain][which][id] = row if address else {"id": id} | row
        return id

    def add_contact(self, person: Person) -> None:
        id = next(self._ids)
        self.contacts[str(id)] = {"id": id, "name": person.name, "telephone": person.phone, "email": person.email}

    def rows(self, which: str) -> list[dict[str, Any]]:
        return [row for lists in self.mail.values() for row in lists[which].values()]

    def traces(self, person: Person) -> Counter[str]:
        contacts = [*self.contacts.values(), *(contact for several in self.whois.values() for contact in several)]
        addresses = {
            "forward": [{row["forwardTo"], f"{row['localPart']}@{row['domain']}"} for row in self.rows("mail-forwards")],
            "subscriber": [{entry} for row in self.rows("mail-lists") for entry in row["entries"]],
            "mailbox": [{row["identifier"]} for row in self.rows("mailboxes")],
            "contact": [{contact["email"]} for contact in contacts],
        }
        return Counter(kind for kind, all in addresses.items() for some in all if person.email.lower() in {a.lower() for a in some})

    def signed_in(self, request: httpx.Request) -> bool:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        self._tokens[token] = self._tokens.get(token, 0) - 1
        return self._tokens[token] >= 0 or request.url.path == f"{self.base_path}/auth"

    @route("POST", "/auth", reads=True)
    def log_in(self, request: httpx.Request) -> httpx.Response:
        """The signature must be of exactly these bytes, and a nonce is good for one login."""
        try:
            signature = base64.b64decode(request.headers.get("signature", ""), validate=True)
            self._public.verify(signature, request.content, padding.PKCS1v15(), hashes.SHA512())
        except (ValueError, InvalidSignature):
            return _error(401, "Signature could not be verified")
        given = body_of(request)
        nonce, token = given.get("nonce", ""), f"token-{len(self.nonces)}"
        if given.keys() != _LOGIN_FIELDS or given["login"] != LOGIN or not re.fullmatch("[0-9a-f]{32}", nonce) or nonce in self.nonces:
            return _error(401, "The login is not known, or the nonce was used before")
        self.nonces.append(nonce)
        self._tokens[token] = self.calls_per_token
        return httpx.Response(201, json={"token": token})

    @route("GET", "/domains")
    def list_domains(self, request: httpx.Request) -> httpx.Response:
        return self._page(request, "domains", [{"name": name, "isDnsOnly": False, "status": "registered"} for name in self.mail])

    @route("GET", "/domains/{domain}/contacts")
    def list_whois(self, request: httpx.Request, domain: str) -> httpx.Response:
        if domain not in self.mail:
            return _error(404, "Domain not found")
        return httpx.Response(200, json={"contacts": self.whois[domain]})  # three roles at most: not paged

    @route("GET", "/domain-defaults/contacts")
    def list_defaults(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"contacts": self.whois[""]})

    @route("GET", "/monitoring-contacts")
    def list_contacts(self, request: httpx.Request) -> httpx.Response:
        return self._page(request, "contacts", self._ghosts["", ""].shown(list(self.contacts.values())))

    @route("DELETE", "/monitoring-contacts/{id}")
    def delete_contact(self, request: httpx.Request, id: str) -> httpx.Response:
        return self._gone("", "", self.contacts.pop(id, None))

    @route("GET", "/email/{domain}/{which}")
    def list_mail(self, request: httpx.Request, domain: str, which: str) -> httpx.Response:
        if which not in _NAMES or domain not in self.mail or (domain, which) in self.no_mail:
            return _error(404, "Not found")
        return self._page(request, _NAMES[which], self._ghosts[domain, which].shown(list(self.mail[domain][which].values())))

    @route("DELETE", "/email/{domain}/{which}/{id}")
    def delete_mail(self, request: httpx.Request, domain: str, which: str, id: str) -> httpx.Response:
        if id in self.locked:
            return _error(409, "Locked, modification not allowed")
        return self._gone(domain, which, self.mail.get(domain, {}).get(which, {}).pop(id, None))

    @route("PUT", "/email/{domain}/mail-lists/{id}")
    def change_list(self, request: httpx.Request, domain: str, id: str) -> httpx.Response:
        row = self.mail.get(domain, {}).get("mail-lists", {}).get(id)
        told = body_of(request).get("mailList", {})
        if row is None or id in self.locked:
            return _error(409, "Mail list Locked, modification not allowed") if row else _error(404, "Mail list not found")
        if not {"name", "emailAddress", "entries"} <= told.keys():
            return _error(406, "Name, address and entries are needed")
        row |= {"name": told["name"], "entries": told["entries"]}
        return httpx.Response(204)

    def _gone(self, domain: str, which: str, row: dict[str, Any] | None) -> httpx.Response:
        if row is None:
            return _error(404, "Not found")
        self._ghosts[domain, which].deleted(row)
        return httpx.Response(204)

    def _page(self, request: httpx.Request, name: str, rows: list[Any]) -> httpx.Response:
        asked = query_of(request)
        if not all(asked.get(field, "1").isdigit() and int(asked.get(field, "1")) for field in ("page", "pageSize")):
            return _error(406, "page and pageSize are numbers from 1")
        size = min(int(asked.get("pageSize", 100)), self.largest_page)
        page, _ = self.cut(rows, (int(asked.get("page", 1)) - 1) * size, size) if self.pages else (rows, 0)
        return httpx.Response(200, json={name: page})


def _error(status: int, text: str) -> httpx.Response:
    return httpx.Response(status, json={"error": text})
