"""Any mailbox over IMAP: messages from and to a person, in every folder. Facts and doubts: docs/vendors/imap.md."""

import datetime as dt
import hashlib
from collections.abc import AsyncIterator
from contextlib import suppress
from email import message_from_string, policy
from email.errors import HeaderParseError
from email.utils import getaddresses, parsedate_to_datetime
from typing import Any, Literal

from connectors import contract
from connectors.auth import Login
from connectors.contract import Connector, Gone, Kind, NeedsPerson, Record, Settings, Spec, State, Subject

_SENT_BY, _SENT_TO = ("From", "Sender", "Reply-To"), ("To", "Cc", "Bcc")
Place = tuple[str, int, int]  # folder, its UIDVALIDITY, and a UID there
_AT_ONCE = 200  # headers asked for in one command: servers limit its length
_SHARED = "The person is one of several recipients of this message, so it is others' too: decide, or set settings.shared."


class ImapSettings(Settings):
    user: contract.Text
    password: contract.Secret
    restricted_folder: contract.Text = "Restricted"
    shared: Literal["needs_person", "erase"] = "needs_person"
    own: tuple[str, ...] = ()


def _addresses(header: str, names: tuple[str, ...]) -> set[str]:
    """By the grammar of the header, never what stands in a name; and as lenient programs read a list that breaks it."""
    strict, plain = message_from_string(header, policy=policy.default), message_from_string(header)
    found = {address for _, address in getaddresses([str(value) for name in names for value in plain.get_all(name, [])])}
    with suppress(HeaderParseError, IndexError, ValueError, AttributeError):  # some junk overwhelms the stricter one
        found |= {address.addr_spec for name in names for value in strict.get_all(name, []) for address in value.addresses}
    return {address.lower() for address in found if "@" in address}


def _since(header: str) -> dt.datetime | None:
    with suppress(ValueError):
        return parsedate_to_datetime(str(message_from_string(header)["Date"]))
    return None


class Imap(Connector[ImapSettings]):
    spec = Spec(
        name="imap", kind="mailbox", kinds=(Kind("message", restricts=True, lifts=True),), identifiers=("email",), calls_per_minute=6000,
        not_covered=("messages that name the person outside their address fields; copies in other mailboxes, archives and backups",),
        docs="https://www.rfc-editor.org/rfc/rfc9051", checked=dt.date(2026, 11, 22), concurrency=1,
    )  # fmt: skip
    settings_model = ImapSettings
    opens = "mailbox"

    def __init__(self, settings: ImapSettings, door: Any) -> None:
        super().__init__(settings, door)
        self._found: dict[str, list[Place]] = {}
        self._shared: set[str] = set()

    @classmethod
    def auth(cls, settings: ImapSettings) -> Login:
        return Login(settings.user, settings.password)

    async def locate(self, subject: Subject) -> AsyncIterator[Record]:
        found, since = dict[str, list[Place]](), dict[str, dt.datetime | None]()
        own = {address.lower() for address in (self.settings.user, *self.settings.own)}
        for folder in await self.mailbox.folders():
            validity = await self.mailbox.validity(folder)
            for uid, raw in (await self._candidates(folder, subject)).items():
                header, ref = raw.decode(errors="replace"), hashlib.sha256(raw).hexdigest()  # the same wherever copies of it stand
                by, to = _addresses(header, _SENT_BY), _addresses(header, _SENT_TO)
                if any(subject.matches("email", address) for address in by | to):  # the search finds parts of words too
                    found.setdefault(ref, []).append((folder, validity, uid))
                    since[ref] = _since(header)
                    others = {address for address in to if not subject.matches("email", address)} - own
                    if others and not any(subject.matches("email", address) for address in by):
                        self._shared.add(ref)
        self._found = found
        for ref, places in found.items():
            shut = all(self._origin(folder) for folder, _, _ in places)
            yield Record("message", ref, since[ref], state=State.RESTRICTED if shut else State.PRESENT)

    async def _candidates(self, folder: str, subject: Subject) -> dict[int, bytes]:
        headers: dict[int, bytes] = {}
        for address in subject.values("email"):
            criteria: list[str] = []
            for part in address.rsplit("@", 1):  # apart, since quotes, blanks or a line's end may stand between them
                criteria += ["OR"] * 5 + [word for name in (*_SENT_BY, *_SENT_TO) for word in ("HEADER", name, part)]
            uids = await self.mailbox.search(folder, criteria)
            for first in range(0, len(uids), _AT_ONCE):
                headers |= await self.mailbox.headers(folder, uids[first : first + _AT_ONCE])
        return headers

    async def erase(self, record: Record) -> None:
        if self.planned_call(record):
            raise NeedsPerson(_SHARED)
        for folder, validity, uid in self._places(record):
            await self.mailbox.expunge(folder, validity, [uid])

    async def restrict(self, record: Record) -> None:
        for folder, validity, uid in self._places(record):
            if not self._origin(folder):
                await self.mailbox.move(folder, validity, [uid], f"{self.settings.restricted_folder} - {folder}")

    async def lift(self, record: Record) -> None:
        for folder, validity, uid in self._places(record):
            if origin := self._origin(folder):
                await self.mailbox.move(folder, validity, [uid], origin)

    def planned_call(self, record: Record) -> str | None:
        return _SHARED if record.ref in self._shared and self.settings.shared == "needs_person" else None

    def _places(self, record: Record) -> list[Place]:
        if record.ref not in self._found:
            raise Gone("The message is in no folder any more.")
        return self._found[record.ref]

    def _origin(self, folder: str) -> str:  # where a restricted message came from
        prefix = f"{self.settings.restricted_folder} - "
        return folder.removeprefix(prefix) if folder.startswith(prefix) else ""
