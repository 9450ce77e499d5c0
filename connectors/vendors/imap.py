"""Any mailbox over IMAP: messages from and to a person, in every folder. Facts and doubts: docs/vendors/imap.md."""

import datetime as dt
from collections.abc import Mapping
from typing import Literal

from connectors.auth import By, Login
from connectors.contract import Connector, Gone, Kind, NeedsPerson, Record, Records, Secret, Settings, Spec, State, Subject, Text
from connectors.mail import SENT_BY, SENT_TO, Place, addresses, copies, everywhere, naming, real, reference, since_of

_SHARED = "The person is one of several recipients of this message, so it is others' too: decide, or set settings.shared."


class ImapSettings(Settings):
    user: Text
    password: Secret
    restricted_folder: Text = "Restricted"
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
    _found: Mapping[str, list[Place]] | None = None  # not searched yet

    async def locate(self, subject: Subject) -> Records:
        found = dict[str, tuple[dt.datetime | None, list[Place]]]()
        own = {address.lower() for address in (self.settings.user, *self.settings.own)}
        if any(subject.matches("email", address) for address in own):
            raise NeedsPerson("It is this mailbox's own address: hand over what others need of it, then delete the account.")
        async for place, raw in everywhere(self.mailbox, *map(naming, subject.values("email"))):
            by, to = addresses(raw, SENT_BY), addresses(raw, SENT_TO)
            if theirs := {address for address in by | to if subject.matches("email", address)}:  # the search finds parts of words too
                ref = reference(raw, shared=bool(to - theirs - own) and not by & theirs)
                found.setdefault(ref, (since_of(raw), []))[1].append(place)
        self._found = {ref: places for ref, (_, places) in found.items()}
        for ref, (since, places) in found.items():
            yield Record("message", ref, since, state=self._state(places))

    async def erase(self, record: Record) -> None:
        for place in await self._places(record):
            await self.mailbox.expunge(place.folder, place.validity, [place.uid])

    async def restrict(self, record: Record) -> None:
        for place in real(await self._places(record)):
            if not self._origin(place.folder):
                await self.mailbox.move(place.folder, place.validity, [place.uid], f"{self.settings.restricted_folder} - {place.folder}")

    async def lift(self, record: Record) -> None:
        for place in await self._places(record):
            if origin := self._origin(place.folder):
                await self.mailbox.move(place.folder, place.validity, [place.uid], origin)

    async def peek(self, record: Record) -> State | None:
        return None if self._found is not None else self._state(await self._places(record))  # after a search that is the better proof

    def left_to_a_person(self, record: Record) -> str | None:
        return _SHARED if record.ref.split(" ")[1] == "shared" and self.settings.shared == "needs_person" else None

    async def _places(self, record: Record) -> list[Place]:
        # when a hold ends, nobody knows any more whose message it is: it is found by itself
        places = await copies(self.mailbox, record.ref) if self._found is None else self._found.get(record.ref, [])
        if not places:
            raise Gone("The message is in no folder any more.")
        return places

    def _state(self, places: list[Place]) -> State:
        aside = {bool(self._origin(place.folder)) for place in real(places)}
        return State.PARTLY if len(aside) > 1 else State.RESTRICTED if aside == {True} else State.PRESENT

    def _origin(self, folder: str) -> str:  # where a restricted message came from
        prefix = f"{self.settings.restricted_folder} - "
        return folder.removeprefix(prefix) if folder.startswith(prefix) else ""
