"""The keyring: the one place where the keys of cases live, in a database of its own (DESIGN.md, decision 10; ADR 17).

Destroying a case's key shreds every sealed copy of the person, backups of other stores included. That it was destroyed stays
known by its name, so that nobody makes it again or takes it for lost.
"""

import asyncio
import secrets
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Column, Engine, Integer, LargeBinary, MetaData, Select, String, Table, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError, SQLAlchemyError

from topics import stopping
from topics.database import Read, UtcDateTime, engine_for, leave_no_trace, make_private
from topics.sealing import Key
from topics.stopping import PRESSED, Against, Stops
from topics.wrapping import Wrapper, unwrapped, wrapped, wrapper_id

T = TypeVar("T")

_metadata = MetaData()
_keys = Table(
    "keys",
    _metadata,
    Column("kid", String(100), primary_key=True),
    Column("secret", LargeBinary, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)
_destroyed = Table(
    "destroyed",
    _metadata,
    Column("kid", String(100), primary_key=True),
    Column("destroyed_at", UtcDateTime, nullable=False),
)
_recalled = Table(
    "recalled",
    _metadata,
    Column("kid", String(100), primary_key=True),
    Column("processor", String(100), primary_key=True),
    Column("round", Integer, nullable=False),
)
_READ = select(_keys.c.kid, _keys.c.secret).where(_keys.c.kid.in_(bindparam("kids", expanding=True)))
_RECALLED = select(_recalled.c.round).where(_recalled.c.kid == bindparam("hold"), _recalled.c.processor == bindparam("processor"))
_AGAINST = (_RECALLED.scalar_subquery(), PRESSED.scalar_subquery())
_FOR_A_COMMAND = select(_keys.c.kid, _keys.c.secret, *_AGAINST).where(_keys.c.kid.in_([bindparam("first"), bindparam("last")]))
_AT_ONCE = 500
_CASE = "case/"
_HOLD = "hold/"


def case_key(request_id: UUID) -> str:
    """The name of the key that seals a case's subject and record references, until the case is closed."""
    return f"{_CASE}{request_id}"


def hold_key(request_id: UUID) -> str:
    """The name of the key that seals the references of a case's held records, as long as a hold lasts."""
    return f"{_HOLD}{request_id}"


CONTROLLER_KEY = "controller"
"""Keyed pseudonyms and content digests, for as long as the register is kept. What wraps it wraps every new key."""

DEAD_LETTERS = "dead-letters/"


def dead_letters_key(now: datetime) -> str:
    """The name of the key that seals what is parked in this month."""
    return f"{DEAD_LETTERS}{now.astimezone(UTC):%Y-%m}"


class KeyMissing(Exception):
    """The keyring has no such key: never made, or destroyed."""


class KeyDestroyed(KeyMissing):
    """There was such a key, and it was destroyed: what it sealed is gone for good, as it must be."""


class KeyringGone(Exception):
    """The keyring cannot be reached, or not be read with the key-encryption keys that this process has."""


def _create(engine: Engine) -> None:
    for metadata in (_metadata, stopping.metadata):
        metadata.create_all(engine)


def _standing(recalled: int | None, stops: int, round: int) -> Against | None:
    if recalled is not None and recalled >= round:
        return Against.RECALLED
    return Against.STOPPED if stops else None


class Keyring:
    """Keys by name. Blocking calls of a millisecond or less: call them from a thread where that matters.

    `wrappers`: what may be around the keys; a new keyring is wrapped by the first.
    """

    def __init__(self, engine: Engine, wrappers: Sequence[Wrapper] = ()) -> None:
        self._engine = engine
        self._reading = engine.execution_options(one_read=True)
        self._of_a_command, self._against = Read(engine, _FOR_A_COMMAND), Read(engine, select(*_AGAINST))
        self.stops = Stops(engine)
        self._wrappers = {one.id: one for one in wrappers}

    @classmethod
    def open(cls, url: str, wrappers: Sequence[Wrapper] = ()) -> "Keyring":
        """The keyring at an SQLAlchemy URL, its tables made if they are not there.

        Raises:
            KeyringGone: it cannot be reached, or not be read.
        """
        make_private(url)
        keyring = cls(engine_for(url), wrappers)
        try:
            try:
                _create(keyring._engine)
            except (OperationalError, ProgrammingError, IntegrityError):
                _create(keyring._engine)  # another process made it at the same moment
            keyring._current()
        except KeyringGone:
            keyring.close()
            raise
        except SQLAlchemyError as error:
            keyring.close()
            cause = type(getattr(error, "orig", None) or error).__name__
            raise KeyringGone(f"The keyring cannot be opened ({cause}). Look at [keyring] url, and whether the server runs.") from error
        return keyring

    def get(self, kid: str) -> Key:
        """The key of that name; raises as `get_all`."""
        return self.get_all(kid)[0]

    async def for_command(self, request_id: UUID, processor: str, round: int, *kids: str) -> tuple[list[Key], Against | None]:
        """One or two keys, in that order, and what stands against the command: one read, from an event loop. Raises as `get_all`."""
        return await self._off_the_loop(lambda: self._for_command(request_id, processor, round, kids))

    def _for_command(self, request_id: UUID, processor: str, round: int, kids: Sequence[str]) -> tuple[list[Key], Against | None]:
        rows = self._of_a_command.rows(first=kids[0], last=kids[-1], hold=hold_key(request_id), processor=processor)
        found = {kid: Key(kid, self._open(kid, kept)) for kid, kept, *_ in rows}
        if any(kid not in found for kid in kids):
            return self.get_all(*kids), None
        _, _, recalled, stops = rows[0]
        return [found[kid] for kid in kids], _standing(recalled, stops, round)

    async def _off_the_loop(self, read: Callable[[], T]) -> T:
        """SQLite answers in less time than a thread takes to be scheduled."""
        return read() if self._engine.dialect.name == "sqlite" else await asyncio.to_thread(read)

    def get_all(self, *kids: str) -> list[Key]:
        """The keys of those names, in that order.

        Raises:
            KeyMissing: there is none of one of them; `KeyDestroyed`: no longer.
            KeyringGone: one is wrapped by what this process does not have.
        """
        found = self._read(kids)
        missing = [kid for kid in kids if kid not in found]
        if missing and (gone := self.destroyed(missing)):
            raise KeyDestroyed(min(gone))
        if missing:
            raise KeyMissing(missing[0])
        return [found[kid] for kid in kids]

    def ensure(self, *kids: str) -> list[Key]:
        """The keys of those names, each made if it is not there; all in one transaction. Raises as `get_all`: none is made twice."""
        found = self._read(kids)
        missing = [kid for kid in dict.fromkeys(kids) if kid not in found]
        if not missing or self.destroyed(missing):
            return self.get_all(*kids)
        around, now = self._current(), datetime.now(UTC)
        rows = [{"kid": kid, "secret": wrapped(around, kid, secrets.token_bytes(32)), "created_at": now} for kid in missing]
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(_keys), rows)
        except IntegrityError:  # another process made one at the same moment: theirs stands
            for kid in missing if len(missing) > 1 else ():
                self.ensure(kid)
        return self.get_all(*kids)

    def cases(self) -> set[UUID]:
        """The requests whose case has a key here."""
        return {UUID(kid.removeprefix(_CASE)) for kid in self.names(_CASE)}

    def holds(self) -> set[UUID]:
        """The requests of which something is held whose references have a key here."""
        return {UUID(kid.removeprefix(_HOLD)) for kid in self.names(_HOLD)}

    def shredded(self) -> set[UUID]:
        """The requests whose case's key was here, and was destroyed."""
        return self._gone(_CASE)

    def ended_holds(self) -> set[UUID]:
        """The requests whose hold key was destroyed: nothing is held of them any more."""
        return self._gone(_HOLD)

    def _gone(self, prefix: str) -> set[UUID]:
        return {UUID(kid.removeprefix(prefix)) for kid in self.names_of_destroyed(prefix)}

    def names_of_destroyed(self, prefix: str) -> set[str]:
        """The names that begin so, of keys that were destroyed."""
        return set(self._column(select(_destroyed.c.kid).where(_destroyed.c.kid.startswith(prefix))))

    def names(self, prefix: str = "") -> set[str]:
        """The names of the keys that are here."""
        return set(self._column(select(_keys.c.kid).where(_keys.c.kid.startswith(prefix))))

    def destroyed(self, among: Iterable[str]) -> set[str]:
        """Those of the names whose key was here, and was destroyed."""
        names = sorted(among)
        parts = [names[first : first + _AT_ONCE] for first in range(0, len(names), _AT_ONCE)]
        return {kid for part in parts for kid in self._column(select(_destroyed.c.kid).where(_destroyed.c.kid.in_(part)))}

    def destroy(self, *kids: str) -> bool:
        """Destroy the keys of those names, as far as they are there: what they sealed can no longer be read by anybody.

        False: on SQLite a reader still needs the log in which they stand; they are not readable any more, but call it again.
        """
        already = self.destroyed(kids)
        rows = [{"kid": kid, "destroyed_at": datetime.now(UTC)} for kid in dict.fromkeys(kids) if kid not in already]
        try:
            with self._engine.begin() as connection:
                connection.execute(delete(_keys).where(_keys.c.kid.in_(kids)))
                connection.execute(delete(_recalled).where(_recalled.c.kid.in_(kids)))
                if rows:
                    connection.execute(insert(_destroyed), rows)
        except IntegrityError:  # another process destroys the same ones
            return False
        return leave_no_trace(self._engine)

    def recall(self, request_id: UUID, processor: str, round: int) -> None:
        """Let no command of that case be begun any more at that processor, up to that round. It stays known as long as the hold key may."""
        row = {"kid": hold_key(request_id), "processor": processor}
        here = (_recalled.c.kid == row["kid"], _recalled.c.processor == processor)
        with self._engine.begin() as connection:
            known = connection.scalar(select(_recalled.c.round).where(*here))
            if known is None:
                connection.execute(insert(_recalled).values(**row, round=round))
            elif known < round:
                connection.execute(update(_recalled).where(*here).values(round=round))

    async def against(self, request_id: UUID, processor: str, round: int) -> Against | None:
        """What stands against a command of that round now: it was recalled, or everything is stopped. None: nothing."""
        ((recalled, stops),) = await self._off_the_loop(lambda: self._against.rows(hold=hold_key(request_id), processor=processor))
        return _standing(recalled, stops, round)

    def is_wrapped(self) -> bool:
        """Whether new keys are wrapped: a bare keyring stays as it is until `rewrap`."""
        return self._current() is not None

    def rewrap(self) -> int:
        """Wrap every key by the first wrapper, in one transaction; returns how many were not. What was around those is not needed any more.

        Raises:
            KeyringGone: one is wrapped by what this process does not have.
        """
        first = next(iter(self._wrappers.values()), None)
        with self._engine.begin() as connection:
            rows = connection.execute(select(_keys.c.kid, _keys.c.secret).with_for_update()).all()
            old = [(kid, kept) for kid, kept in rows if wrapper_id(kept) != (first and first.id)]
            changed = [{"known": kid, "kept": wrapped(first, kid, self._open(kid, kept))} for kid, kept in old]
            if changed:
                connection.execute(update(_keys).where(_keys.c.kid == bindparam("known")).values(secret=bindparam("kept")), changed)
        leave_no_trace(self._engine)
        return len(changed)

    def _current(self) -> Wrapper | None:
        """What new keys are wrapped by: what is around the controller's key, so that all processes change over in one moment."""
        kept = self._column(select(_keys.c.secret).where(_keys.c.kid == CONTROLLER_KEY))
        return self._wrapper(kept[0]) if kept else next(iter(self._wrappers.values()), None)

    def _wrapper(self, kept: bytes) -> Wrapper | None:
        id = wrapper_id(kept)
        if id is not None and id not in self._wrappers:
            have = "another one" if self._wrappers else "none"
            raise KeyringGone(
                f"The keyring is wrapped by a key-encryption key that this process does not have (it has {have}): set [keyring] "
                "key_encryption_key, or previous_key_encryption_key, to the one that it was wrapped by, and start this process again."
            )
        return None if id is None else self._wrappers[id]

    def _open(self, kid: str, kept: bytes) -> bytes:
        try:
            return unwrapped(self._wrapper(kept), kid, kept)
        except ValueError:
            raise KeyringGone("A key in the keyring was changed or stands under another's name: restore the keyring.") from None

    def _read(self, kids: Sequence[str]) -> dict[str, Key]:
        with self._reading.connect() as connection:
            rows = connection.execute(_READ, {"kids": kids}).all()
        return {kid: Key(kid, self._open(kid, kept)) for kid, kept in rows}

    def _column(self, query: "Select[tuple[bytes]] | Select[tuple[str]]") -> list:  # type: ignore[type-arg]
        with self._reading.connect() as connection:
            return list(connection.scalars(query))

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()
