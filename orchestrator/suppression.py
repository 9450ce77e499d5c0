"""Who was erased, as keyed tokens with an end: a store of its own, so that a re-import is noticed. Off unless configured (ADR 16)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import Column, Connection, Date, Engine, Index, Integer, MetaData, String, Table, Uuid, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from orchestrator.ledger import LedgerGone
from topics.configuration import SuppressionSettings
from topics.database import engine_for, leave_no_trace, make_private
from topics.sealing import Key
from topics.subject import SHARED, Subject, normalise

_metadata = MetaData()
_tokens = Table(
    "tokens",
    _metadata,
    Column("token", String(22), primary_key=True),  # HMAC-SHA-256 of kind and value, its first 128 bits
    Column("request_id", Uuid, primary_key=True),  # of the erasure
    Column("kind", String(63), nullable=False),
    Column("ground", String(100), nullable=False),
    Column("until", Date, nullable=False),
    Index("tokens_until", "until"),
    Index("tokens_request_id", "request_id"),
)
_marks = Table("mark", _metadata, Column("id", Integer, primary_key=True, autoincrement=False), Column("token", String(22), nullable=False))
"""One row, which only the right key can have made: with another one every check would find nobody."""

_AT_ONCE = 500
"""SQLite takes no more than 32,766 values in one statement, and an old one 999."""


class SuppressionGone(LedgerGone):
    """The store of tokens cannot be reached or written: nothing is certified until it can be again."""


@dataclass(frozen=True)
class Kept:
    """What stands in the store of one request: so many tokens, the last of them until the end of that day."""

    count: int
    until: date
    ground: str


@dataclass(frozen=True)
class Line:
    """So many tokens of a kind that end on one day."""

    kind: str
    until: date
    count: int


class Suppression:
    """The store, and the key under which its tokens are made. Values go in and never come out."""

    def __init__(self, engine: Engine, settings: SuppressionSettings) -> None:
        self._engine, self._ground, self._keep = engine, settings.ground, settings.keep
        self._key = Key("suppression", settings.key.get_secret_value().encode())

    @classmethod
    def open(cls, settings: SuppressionSettings) -> "Suppression":
        """The store at the URL of the settings, its table made if it is not there.

        Raises:
            SuppressionGone: it cannot be reached, or its tokens were made under another key.
        """
        make_private(settings.url)
        store = cls(engine_for(settings.url), settings)
        try:
            try:
                _metadata.create_all(store._engine)
            except SQLAlchemyError:
                _metadata.create_all(store._engine)  # another process may have made it at the same moment
        except SQLAlchemyError as error:
            store.close()
            raise _gone(error) from error
        try:
            store._check_key()
        except SuppressionGone:
            store.close()
            raise
        return store

    def _check_key(self) -> None:
        mark = self._key.digest("mark")
        with _transaction(self._engine) as connection:
            new = (postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert)(_marks)
            connection.execute(new.values(id=1, token=mark).on_conflict_do_nothing())
            if connection.scalar(select(_marks.c.token)) != mark:
                raise SuppressionGone("[suppression] key is not the one under which the tokens there were made: with it nobody is found.")

    def token(self, kind: str, value: str) -> str:
        """What stands for that identifier: the same whatever the letter case of an address, and for nobody else's."""
        return self._key.digest("suppression", kind, normalise(kind, value))

    def _of(self, subject: Subject) -> list[tuple[str, str]]:
        return [(kind, self.token(kind, value)) for kind in sorted(subject.kinds() - SHARED) for value in subject.values(kind)]

    def end(self, completed_on: date) -> date:
        """The last day of tokens of an erasure that was completed on that day."""
        return self._keep.end(completed_on)

    def note_tokens(self, request_id: UUID, subject: Subject, until: date) -> None:
        """Note every identifier that tells one person from others, until the end of that day; what is noted stays as it is."""
        more = {"request_id": request_id, "ground": self._ground, "until": until}
        rows = [{"token": token, "kind": kind, **more} for kind, token in self._of(subject)]
        if not rows:
            return
        with _transaction(self._engine) as connection:
            new = (postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert)(_tokens)
            connection.execute(new.on_conflict_do_nothing(), rows)

    def kept(self, request_id: UUID, today: date) -> Kept | None:
        """What is noted of a request and has not ended."""
        which = (_tokens.c.request_id == request_id, _tokens.c.until >= today)
        query = select(func.count(), func.max(_tokens.c.until), func.max(_tokens.c.ground)).where(*which)
        with _transaction(self._engine) as connection:
            count, until, ground = connection.execute(query).one()
        return Kept(count, until, ground) if count else None

    def request_of(self, subject: Subject, today: date) -> UUID | None:
        """The erasure of that person that was completed last; None: nobody with one of these identifiers is suppressed."""
        tokens = [token for _, token in self._of(subject)]
        query = select(_tokens.c.request_id).where(_tokens.c.token.in_(tokens), _tokens.c.until >= today)
        with _transaction(self._engine) as connection:
            found: UUID | None = connection.scalar(query.order_by(_tokens.c.until.desc(), _tokens.c.request_id).limit(1))
        return found

    def among(self, tokens: Sequence[str], today: date) -> set[str]:
        """Those of the tokens that stand in the store and have not ended."""
        found: set[str] = set()
        with _transaction(self._engine) as connection:
            for first in range(0, len(tokens), _AT_ONCE):
                wanted = _tokens.c.token.in_(tokens[first : first + _AT_ONCE])
                found.update(connection.scalars(select(_tokens.c.token).where(wanted, _tokens.c.until >= today)))
        return found

    def lines(self) -> list[Line]:
        """How many tokens there are, by kind and last day."""
        query = select(_tokens.c.kind, _tokens.c.until, func.count()).group_by(_tokens.c.kind, _tokens.c.until)
        with _transaction(self._engine) as connection:
            return [Line(*row) for row in connection.execute(query.order_by(_tokens.c.kind, _tokens.c.until))]

    def forget(self, today: date) -> None:
        """Drop the tokens whose last day is over."""
        with _transaction(self._engine) as connection:
            connection.execute(delete(_tokens).where(_tokens.c.until < today))
        self._leave_no_trace()

    def lift(self, subject: Subject) -> int:
        """Drop the tokens of that person, who came back of his own will; returns how many.

        Also those of what was not named, by the erasures that left the named ones: else the next identifier seen would erase a customer.
        """
        named = [token for _, token in self._of(subject)]
        erasures = select(_tokens.c.request_id).where(_tokens.c.token.in_(named))
        with _transaction(self._engine) as connection:
            tokens = set(connection.scalars(select(_tokens.c.token).where(_tokens.c.request_id.in_(erasures))))
            number = connection.execute(delete(_tokens).where(_tokens.c.token.in_(tokens))).rowcount
        self._leave_no_trace()
        return number

    def _leave_no_trace(self) -> None:
        """Where a reader still needs SQLite's log, the sweep of the next hour makes an end of it."""
        try:
            leave_no_trace(self._engine)
        except SQLAlchemyError as error:
            raise _gone(error) from error

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()


@contextmanager
def _transaction(engine: Engine) -> Iterator[Connection]:
    """A transaction on the store, whose failure is `SuppressionGone`."""
    try:
        with engine.begin() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise _gone(error) from error


def _gone(error: SQLAlchemyError) -> SuppressionGone:
    cause = type(getattr(error, "orig", None) or error).__name__
    return SuppressionGone(f"The suppression store failed ({cause}). Look at [suppression] url, and whether the server runs.")
