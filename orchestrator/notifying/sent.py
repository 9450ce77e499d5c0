"""What was told by which channel, so that nothing is told twice. A crash right after sending tells it again, under the same id."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Column, Engine, MetaData, String, Table, Uuid, delete, insert, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from topics.database import UtcDateTime, engine_for, make_private

_KEPT = timedelta(days=62)
"""Twice as long as a notice stands on its topic; a week's digest is past before that."""

_GONE = "The store of what was told cannot be reached. Look at [notifications] store."

_metadata = MetaData()
_told = Table(
    "told",
    _metadata,
    Column("id", Uuid, primary_key=True),
    Column("channel", String(20), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
)


class SentGone(Exception):
    """The store of what was told cannot be reached."""


class Sent:
    """Notices and digests by their ids, which are the same however often they come."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, url: str) -> "Sent":
        """The store at an SQLAlchemy URL, made if it is not there.

        Raises:
            SentGone: it cannot be reached.
        """
        make_private(url)
        found = cls(engine_for(url))
        try:
            _metadata.create_all(found._engine)
        except SQLAlchemyError:
            found.close()
            raise SentGone(_GONE) from None
        return found

    def has(self, id: UUID, channel: str) -> bool:
        """Whether it was told; raises SentGone."""
        query = select(_told).where(_told.c.id == id, _told.c.channel == channel)
        try:
            with self._engine.connect().execution_options(one_read=True) as connection:
                return connection.execute(query).one_or_none() is not None
        except SQLAlchemyError:
            raise SentGone(_GONE) from None

    def note(self, id: UUID, channel: str, now: datetime) -> None:
        """It is told now; raises SentGone."""
        try:
            with self._engine.begin() as connection:
                connection.execute(delete(_told).where(_told.c.at < now - _KEPT))
                connection.execute(insert(_told).values(id=id, channel=channel, at=now))
        except IntegrityError:
            pass  # another process told it at the same moment
        except SQLAlchemyError:
            raise SentGone(_GONE) from None

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()
