"""Who may see and do what: roles, one-time links, sessions, tokens, the audit. In a database of its own; no personal data of subjects."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Column, Engine, Integer, MetaData, String, Table, Uuid, delete, insert, select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from topics.database import UtcDateTime, engine_for, make_private
from topics.model import Clock

LINK_LASTS = timedelta(minutes=10)
SESSION_LASTS = timedelta(hours=10)
IDLE_LASTS = timedelta(hours=1)
_NOTED_EVERY = timedelta(minutes=1)

_metadata = MetaData()
_links = Table(
    "links",
    _metadata,
    Column("digest", String(64), primary_key=True),
    Column("account", String(200), nullable=False),
    Column("role", String(20), nullable=False),
    Column("until", UtcDateTime, nullable=False),
)
_sessions = Table(
    "sessions",
    _metadata,
    Column("digest", String(64), primary_key=True),
    Column("account", String(200), nullable=False),
    Column("role", String(20), nullable=False),
    Column("csrf", String(64), nullable=False),
    Column("began_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
)
_tokens = Table(
    "tokens",
    _metadata,
    Column("name", String(100), primary_key=True),
    Column("digest", String(64), nullable=False, unique=True),
    Column("role", String(20), nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("until", UtcDateTime, nullable=False),
)
_audit = Table(
    "audit",
    _metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("account", String(200), nullable=False),
    Column("role", String(20), nullable=False),
    Column("action", String(100), nullable=False),
    Column("request_id", Uuid),
    sqlite_autoincrement=True,
)
_TOKENS = select(*(_tokens.c[name] for name in ("name", "role", "made_at", "until")))


class Role(StrEnum):
    """An officer acts; a reader reads; an operator reads, and sees the audit."""

    OFFICER = "officer"
    READER = "reader"
    OPERATOR = "operator"


@dataclass(frozen=True)
class Session:
    """Somebody who is signed in. `csrf` stands in every form of theirs."""

    account: str
    role: Role
    csrf: str


@dataclass(frozen=True)
class Token:
    """That a program may read the API, by name; the token itself was shown once."""

    name: str
    role: str
    made_at: datetime
    until: datetime

    @property
    def bearer(self) -> Session:
        """As whom it reads. No form was ever shown to it, so that nothing can carry its `csrf`."""
        return Session(f"token {self.name}", Role(self.role), secrets.token_urlsafe(32))


@dataclass(frozen=True)
class Noted:
    """An entry of the audit: who did what, and about which request."""

    at: datetime
    account: str
    role: str
    action: str
    request_id: UUID | None


class AccessGone(Exception):
    """The store of sessions cannot be reached; nobody is let in until it can be again."""


def _digest(token: str) -> str:
    """What is stored of a token of 256 random bits: who reads the store cannot sign in with it."""
    return hashlib.sha256(token.encode()).hexdigest()


class Access:
    """The store. A session's token is in its cookie alone."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine, self._clock = engine, clock

    @classmethod
    def open(cls, url: str, clock: Clock) -> "Access":
        """The store at an SQLAlchemy URL, its tables made if they are not there.

        Raises:
            AccessGone: it cannot be reached.
        """
        make_private(url)
        found = cls(engine_for(url), clock)
        try:
            _metadata.create_all(found._engine)
        except SQLAlchemyError as error:
            found.close()
            raise AccessGone("The store of sessions cannot be opened. Look at [web] store.") from error
        return found

    def link(self, account: str, role: Role) -> str:
        """The token of a link that lets that account in, once, within ten minutes."""
        token = secrets.token_urlsafe(32)
        row = {"digest": _digest(token), "account": account, "role": role.value, "until": self._clock() + LINK_LASTS}
        with self._engine.begin() as connection:
            connection.execute(delete(_links).where(_links.c.until < self._clock()))
            connection.execute(insert(_links).values(row))
        return token

    def enter(self, link: str) -> str | None:
        """The session token that a link is good for; None: it was used, is too old, or never was."""
        with self._engine.begin() as connection:
            row = connection.execute(select(_links).where(_links.c.digest == _digest(link))).one_or_none()
            if row is None or not connection.execute(delete(_links).where(_links.c.digest == row.digest)).rowcount:
                return None
        return self.begin(row.account, Role(row.role)) if self._clock() <= row.until else None

    def begin(self, account: str, role: Role) -> str:
        """The token of a new session."""
        token, now = secrets.token_urlsafe(32), self._clock()
        row = {"digest": _digest(token), "account": account, "role": role.value, "csrf": secrets.token_urlsafe(32)}
        with self._engine.begin() as connection:
            connection.execute(delete(_sessions).where(_sessions.c.began_at < now - SESSION_LASTS))
            connection.execute(insert(_sessions).values(**row, began_at=now, seen_at=now))
        self.note(Session(account, role, row["csrf"]), "sign-in")
        return token

    def session(self, token: str | None) -> Session | None:
        """Who a session token belongs to; None: nobody, or its time is over."""
        if not token:
            return None
        now, digest = self._clock(), _digest(token)
        with self._engine.connect().execution_options(one_read=True) as connection:
            row = connection.execute(select(_sessions).where(_sessions.c.digest == digest)).one_or_none()
        if row is None or now > row.began_at + SESSION_LASTS or now > row.seen_at + IDLE_LASTS:
            return None
        if now >= row.seen_at + _NOTED_EVERY:
            with self._engine.begin() as connection:
                connection.execute(update(_sessions).where(_sessions.c.digest == digest).values(seen_at=now))
        return Session(row.account, Role(row.role), row.csrf)

    def end(self, token: str) -> None:
        """Sign out: the token is good for nothing any more."""
        with self._engine.begin() as connection:
            connection.execute(delete(_sessions).where(_sessions.c.digest == _digest(token)))

    def make_token(self, name: str, role: Role, lasts: timedelta) -> str | None:
        """A new token under a name; None: that name has one, and it must be revoked first."""
        secret, now = secrets.token_urlsafe(32), self._clock()
        token = Token(name, role.value, now, now + lasts)
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(_tokens).values(**vars(token), digest=_digest(secret)))
        except IntegrityError:
            return None
        self.note(token.bearer, "token made")
        return secret

    def bearer(self, secret: str) -> Session | None:
        """Who a token belongs to; None: nobody, it was revoked, or its time is over."""
        with self._engine.connect().execution_options(one_read=True) as connection:
            row = connection.execute(_TOKENS.where(_tokens.c.digest == _digest(secret))).one_or_none()
        return None if row is None or self._clock() > row.until else Token(*row).bearer

    def tokens(self) -> list[Token]:
        """Those that were made and not revoked, in the order of their names."""
        with self._engine.connect().execution_options(one_read=True) as connection:
            return [Token(*row) for row in connection.execute(_TOKENS.order_by(_tokens.c.name))]

    def revoke(self, name: str) -> bool:
        """From now on that token is good for nothing; whether there was one."""
        found = next((one for one in self.tokens() if one.name == name), None)
        if found is None:
            return False
        self.note(found.bearer, "token revoked")
        with self._engine.begin() as connection:
            connection.execute(delete(_tokens).where(_tokens.c.name == name))
        return True

    def note(self, who: Session, action: str, request_id: UUID | None = None) -> None:
        """An entry of the audit, before what it tells of is done."""
        row = {"at": self._clock(), "account": who.account, "role": who.role.value, "action": action, "request_id": request_id}
        with self._engine.begin() as connection:
            connection.execute(insert(_audit).values(row))

    def audit(self, most: int = 200) -> list[Noted]:
        """The newest entries, the newest first."""
        columns = [_audit.c[name] for name in ("at", "account", "role", "action", "request_id")]
        with self._engine.connect().execution_options(one_read=True) as connection:
            return [Noted(*row) for row in connection.execute(select(*columns).order_by(_audit.c.id.desc()).limit(most))]

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()
