"""A mailbox in memory: what the door to a real server offers (RFC 9051, read on 2026-11-22), with its folders, UIDs and loose search.

Held against a real Dovecot in tests/live/test_imap_real.py.
"""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import count
from typing import Any

import httpx

from connectors.errors import Gone
from connectors.evidence import Evidence
from connectors.leave import READING, Leave
from connectors.testing.simulator import Call, Person, Simulator

RESTRICTED = "Restricted - "


class ImapSimulator(Simulator):
    """`folders`: the header of each message, by folder and UID; `flags`, a folder's own. Every folder's UIDVALIDITY is `validity`."""

    def __init__(self) -> None:
        super().__init__()
        self.ids = count(1)
        self.validity = 42
        self.flags: dict[str, tuple[str, ...]] = {}
        self.folders: dict[str, dict[int, bytes]] = {name: {} for name in ("INBOX", "Sent", "Archive/2025", "Junk", "Trash")}

    def put(self, folder: str, **header: str) -> int:
        """One message; `reply_to` is the header Reply-To."""
        uid = next(self.ids)
        given = {"message_id": f"<{uid}@voorbeeld.example>", "date": "Sun, 01 Jun 2025 10:00:00 +0200", **header}
        lines = [f"{name.replace('_', '-').title()}: {value}\r\n" for name, value in given.items()]
        self.folders[folder][uid] = "".join([*lines, "\r\n"]).encode()
        return uid

    def seed(self, person: Person) -> None:
        told = f'"{person.name}" <{person.email}>'
        self.put("INBOX", **{"from": told, "to": "info@voorbeeld.example"})
        self.put("Sent", **{"from": "info@voorbeeld.example", "to": told})
        self.put("Archive/2025", **{"from": "info@voorbeeld.example", "cc": person.email})
        self.put("Junk", **{"from": "els@x.nl", "reply_to": person.email, "to": "info@voorbeeld.example"})
        self.put("Trash", **{"from": "info@voorbeeld.example", "bcc": f"<{person.email}>"})

    def archive(self, person: Person) -> None:
        for uid in self._of(person, "INBOX"):
            self.folders["Archive/2025"][uid] = self.folders["INBOX"].pop(uid)

    def traces(self, person: Person) -> Counter[str]:
        return Counter(message=sum(len(self._of(person, folder)) for folder in self.folders))

    def restricted(self, person: Person) -> Counter[str]:
        return Counter(message=sum(len(self._of(person, folder)) for folder in self.folders if folder.startswith(RESTRICTED)))

    def _of(self, person: Person, folder: str) -> list[int]:
        headers = {uid: re.split(r"[\s<>,;]+", header.decode().lower()) for uid, header in self.folders[folder].items()}
        return [uid for uid, words in headers.items() if person.email.lower() in words]

    def account(self, time: Any) -> "ImapSimulator":
        return self

    def door(self, evidence: Evidence, leave: Leave = READING) -> "_Box":
        return _Box(self)


class _Box:
    """`connectors.ports.Mailbox`."""

    def __init__(self, server: ImapSimulator) -> None:
        self._server = server

    async def folders(self) -> dict[str, tuple[str, ...]]:
        return dict.fromkeys(self._server.folders, ()) | self._server.flags

    async def validity(self, folder: str) -> int:
        self._opened(folder)
        return self._server.validity

    async def search(self, folder: str, criteria: Sequence[str]) -> list[int]:
        """Any of several HEADER criteria (`OR`), and any of several others: a part of the field's text will do, in whatever case."""
        if list(criteria) == ["ALL"]:
            return list(self._opened(folder))
        given, every = list(criteria), []
        while given:
            ors = next(at for at, word in enumerate(given) if word != "OR")
            asked, given = given[ors : ors + 3 * (ors + 1)], given[ors + 3 * (ors + 1) :]
            assert ["HEADER"] * (ors + 1) == asked[::3], "no such search"
            every.append([(name.lower(), text.lower()) for name, text in zip(asked[1::3], asked[2::3], strict=True)])
        found = []
        for uid, header in self._opened(folder).items():
            fields = [line.lower().partition(": ") for line in header.decode().splitlines()]
            if all(any(name == field and text in value for field, _, value in fields for name, text in some) for some in every):
                found.append(uid)
        return found

    async def headers(self, folder: str, uids: Sequence[int]) -> dict[int, bytes]:
        here = self._opened(folder)
        return {uid: here[uid] for uid in uids if uid in here}

    async def expunge(self, folder: str, validity: int, uids: Sequence[int]) -> None:
        if self._told_to_write(folder, validity):
            for uid in uids:
                self._opened(folder).pop(uid, None)

    async def move(self, folder: str, validity: int, uids: Sequence[int], target: str) -> None:
        if self._told_to_write(folder, validity):
            there, here = self._server.folders.setdefault(target, {}), self._opened(folder)
            there |= {next(self._server.ids): here.pop(uid) for uid in uids if uid in here}

    def _opened(self, folder: str) -> dict[int, bytes]:
        if folder not in self._server.folders:
            raise Gone("The folder is not there.")
        return self._server.folders[folder]

    def _told_to_write(self, folder: str, validity: int) -> bool:
        server = self._server
        server.calls.append(Call(httpx.Request("POST", "https://mailbox.test/"), writing=True))
        if validity != server.validity or folder not in server.folders:
            raise Gone("The folder is another one now.")
        return not server.liar
