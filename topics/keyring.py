"""The keyring: the one place where the keys of cases live, in a database of its own (DESIGN.md, decision 10).

Destroying a case's key shreds every sealed copy of the person, backups of other stores included.
"""

import asyncio
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Column, Engine, LargeBinary, MetaData, String, Table, bindparam, delete, insert, select
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError, SQLAlchemyError

from topics.database import UtcDateTime, engine_for, make_private
from topics.sealing import Key

_metadata = MetaData()
_keys = Table(
    "keys",
    _metadata,
    Column("kid", String(100), primary_key=True),
    Column("secret", LargeBinary, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)
_READ = select(_keys.c.kid, _keys.c.secret).where(_keys.c.kid.in_(bindparam("kids", expanding=True)))


def case_key(request_id: UUID) -> str:
    """The name of the key that seals a case's subject and record references, until the case is closed."""
    return f"case/{request_id}"


def hold_key(request_id: UUID) -> str:
    """The name of the key that seals the references of a case's held records, as long as a hold lasts."""
    return f"hold/{request_id}"


CONTROLLER_KEY = "controller"
"""Keyed pseudonyms and content digests, for as long as the register is kept."""


def dead_letters_key(now: datetime) -> str:
    """The name of the key that seals what is parked in this month."""
    return f"dead-letters/{now.astimezone(UTC):%Y-%m}"


class KeyMissing(Exception):
    """The keyring has no such key: never made, or destroyed."""


class KeyringGone(Exception):
    """The keyring cannot be reached."""


class Keyring:
    """Keys by name. Blocking calls of a millisecond or less: call them from a thread where that matters."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reading = engine.execution_options(one_read=True)

    @classmethod
    def open(cls, url: str) -> "Keyring":
        """The keyring at an SQLAlchemy URL, its table made if it is not there.

        Raises:
            KeyringGone: it cannot be reached.
        """
        make_private(url)
        keyring = cls(engine_for(url))
        try:
            try:
                _metadata.create_all(keyring._engine)
            except (OperationalError, ProgrammingError, IntegrityError):
                _metadata.create_all(keyring._engine)  # another process made it at the same moment
        except SQLAlchemyError as error:
            cause = type(getattr(error, "orig", None) or error).__name__
            raise KeyringGone(f"The keyring cannot be opened ({cause}). Look at [keyring] url, and whether the server runs.") from error
        return keyring

    def get(self, kid: str) -> Key:
        """The key of that name; raises as `get_all`."""
        return self.get_all(kid)[0]

    async def fetch(self, *kids: str) -> list[Key]:
        """`get_all` from an event loop. SQLite answers in less time than a thread takes to be scheduled."""
        if self._engine.dialect.name == "sqlite":
            return self.get_all(*kids)
        return await asyncio.to_thread(self.get_all, *kids)

    def get_all(self, *kids: str) -> list[Key]:
        """The keys of those names, in that order.

        Raises:
            KeyMissing: there is none of one of them.
        """
        found = self._read(kids)
        missing = [kid for kid in kids if kid not in found]
        if missing:
            raise KeyMissing(missing[0])
        return [found[kid] for kid in kids]

    def ensure(self, *kids: str) -> list[Key]:
        """The keys of those names, each made if it is not there; all in one transaction."""
        found = self._read(kids)
        missing = [kid for kid in dict.fromkeys(kids) if kid not in found]
        rows = [{"kid": kid, "secret": secrets.token_bytes(32), "created_at": datetime.now(UTC)} for kid in missing]
        if not rows:
            return self.get_all(*kids)
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(_keys), rows)
        except IntegrityError:  # another process made one at the same moment: theirs stands
            for kid in missing if len(missing) > 1 else ():
                self.ensure(kid)
        return self.get_all(*kids)

    def cases(self) -> set[UUID]:
        """The requests whose case has a key here."""
        prefix = case_key(UUID(int=0)).split("/")[0] + "/"
        with self._engine.connect().execution_options(one_read=True) as connection:
            return {UUID(kid.removeprefix(prefix)) for kid in connection.scalars(select(_keys.c.kid).where(_keys.c.kid.startswith(prefix)))}

    def _read(self, kids: Sequence[str]) -> dict[str, Key]:
        with self._reading.connect() as connection:
            return {kid: Key(kid, secret) for kid, secret in connection.execute(_READ, {"kids": kids})}

    def destroy(self, kid: str) -> None:
        """Destroy the key of that name, if it is there: what it sealed can no longer be read by anybody."""
        with self._engine.begin() as connection:
            connection.execute(delete(_keys).where(_keys.c.kid == kid))

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()
