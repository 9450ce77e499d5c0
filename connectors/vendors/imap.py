"""Any mailbox over IMAP: messages from and to a person, in every folder. Facts and doubts: docs/vendors/imap.md."""

import datetime as dt
from typing import Any, Literal

from connectors import contract
from connectors.auth import By, Login
from connectors.contract import Connector, Gone, Kind, NeedsPerson, Record, Records, Settings, Spec, State, Subject
from connectors.mail import addresses, reference, since_of

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


class Imap(Connector[ImapSettings]):
    spec = Spec(
        name="imap", kind="mailbox", identifiers=("email",), calls_per_minute=6000, concurrency=1,
        kinds=(Kind("message", restricts=True, lifts=True, how="moved to a folder for what is restricted"),),
        not_covered=("messages that name the person outside their address fields; copies in other mailboxes, archives and backups",),
        docs="https://www.rfc-editor.org/rfc/rfc9051", checked=dt.date(2026, 11, 22), facts="specification",
    )  # fmt: skip
    opens = "mailbox"
    signs_in = By(Login, "user", "password")

    def __init__(self, settings: ImapSettings, door: Any) -> None:
        super().__init__(settings, door)
        self._found: dict[str, list[Place]] | None = None  # not searched yet

    async def locate(self, subject: Subject) -> Records:
        found, since = dict[str, list[Place]](), dict[str, dt.datetime | None]()
        own = {address.lower() for address in (self.settings.user, *self.settings.own)}
        for folder in await self.mailbox.folders():
            validity = await self.mailbox.validity(folder)
            for uid, raw in (await self._candidates(folder, subject)).items():
                header = raw.decode(errors="replace")
                by, to = addresses(header, _SENT_BY), addresses(header, _SENT_TO)
                if any(subject.matches("email", address) for address in by | to):  # the search finds parts of words too
                    others = {address for address in to if not subject.matches("email", address)} - own
                    shared = bool(others) and not any(subject.matches("email", address) for address in by)
                    ref = reference(raw, shared)
                    found.setdefault(ref, []).append((folder, validity, uid))
                    since[ref] = since_of(header)
        self._found = found
        for ref, places in found.items():
            yield Record("message", ref, since[ref], state=self._state(places))

    async def _candidates(self, folder: str, subject: Subject) -> dict[int, bytes]:
        headers: dict[int, bytes] = {}
        for address in subject.values("email"):
            criteria: list[str] = []
            for part in address.rsplit("@", 1):  # apart, since quotes, blanks or a line's end may stand between them
                criteria += ["OR"] * 5 + [word for name in (*_SENT_BY, *_SENT_TO) for word in ("HEADER", name, part)]
            headers |= await self._headers(folder, criteria)
        return headers

    async def _headers(self, folder: str, criteria: list[str]) -> dict[int, bytes]:
        uids, headers = await self.mailbox.search(folder, criteria), dict[int, bytes]()
        for first in range(0, len(uids), _AT_ONCE):
            headers |= await self.mailbox.headers(folder, uids[first : first + _AT_ONCE])
        return headers

    async def erase(self, record: Record) -> None:
        if self.planned_call(record):
            raise NeedsPerson(_SHARED)
        for folder, validity, uid in await self._places(record):
            await self.mailbox.expunge(folder, validity, [uid])

    async def restrict(self, record: Record) -> None:
        for folder, validity, uid in await self._places(record):
            if not self._origin(folder):
                await self.mailbox.move(folder, validity, [uid], f"{self.settings.restricted_folder} - {folder}")

    async def lift(self, record: Record) -> None:
        for folder, validity, uid in await self._places(record):
            if origin := self._origin(folder):
                await self.mailbox.move(folder, validity, [uid], origin)

    async def peek(self, record: Record) -> State | None:
        return None if self._found is not None else self._state(await self._places(record))  # after a search that is the better proof

    def planned_call(self, record: Record) -> str | None:
        return _SHARED if record.ref.split(" ")[1] == "shared" and self.settings.shared == "needs_person" else None

    async def _places(self, record: Record) -> list[Place]:
        if self._found is not None:
            places = self._found.get(record.ref, [])
        else:  # when a hold ends, nobody knows any more whose message it is: it is found by itself
            _, kind, id = record.ref.split(" ", 2)
            places = []
            for folder in await self.mailbox.folders():
                validity = await self.mailbox.validity(folder)
                headers = await self._headers(folder, ["HEADER", "Message-ID", id] if id else ["ALL"])
                places += [(folder, validity, uid) for uid, raw in headers.items() if reference(raw, kind == "shared") == record.ref]
        if not places:
            raise Gone("The message is in no folder any more.")
        return places

    def _state(self, places: list[Place]) -> State:
        return State.RESTRICTED if all(self._origin(folder) for folder, _, _ in places) else State.PRESENT

    def _origin(self, folder: str) -> str:  # where a restricted message came from
        prefix = f"{self.settings.restricted_folder} - "
        return folder.removeprefix(prefix) if folder.startswith(prefix) else ""
