"""Which weeks' digests were sent by which channel. A crash right after sending sends it again, under the same id."""

from sqlalchemy import Column, Engine, MetaData, String, Table, insert, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from topics.database import engine_for, make_private

_metadata = MetaData()
_sent = Table("digests", _metadata, Column("week", String(8), primary_key=True), Column("channel", String(20), primary_key=True))


class DigestsGone(Exception):
    """The store of sent digests cannot be reached."""


class Digests:
    """The weeks, as ISO 8601 writes them (`2026-W48`)."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, url: str) -> "Digests":
        """The store at an SQLAlchemy URL, made if it is not there.

        Raises:
            DigestsGone: it cannot be reached.
        """
        make_private(url)
        found = cls(engine_for(url))
        try:
            _metadata.create_all(found._engine)
        except SQLAlchemyError:
            found.close()
            raise DigestsGone("The store of sent digests cannot be opened. Look at [notifications] store.") from None
        return found

    def sent(self, week: str, channel: str) -> bool:
        with self._engine.connect().execution_options(one_read=True) as connection:
            return connection.execute(select(_sent).where(_sent.c.week == week, _sent.c.channel == channel)).one_or_none() is not None

    def note(self, week: str, channel: str) -> None:
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(_sent).values(week=week, channel=channel))
        except IntegrityError:
            pass  # another process sent it at the same moment

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()
