"""SQLAlchemy engines set up for durability: SQLite with a write-ahead log and full sync, or PostgreSQL by psycopg."""

from collections.abc import Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import DateTime, Dialect, Engine, Select, TypeDecorator, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

_SQLITE_BUSY_SECONDS = 30
_TRACE_WAIT_MS = 1000


class UtcDateTime(TypeDecorator[datetime]):
    """A moment. Written in UTC and read back with its zone, which SQLite would drop."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def engine_for(url: str) -> Engine:
    """An engine for a `sqlite:///…` or `postgresql://…` URL. SQLite transactions begin `IMMEDIATE`: writers wait, never fail."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        return create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True, hide_parameters=True)
    if parsed.database in (None, "", ":memory:"):  # tests only: one connection, or each would see its own database
        engine = create_engine(parsed, poolclass=StaticPool, connect_args={"check_same_thread": False}, hide_parameters=True)
    else:
        engine = create_engine(parsed, connect_args={"timeout": _SQLITE_BUSY_SECONDS}, hide_parameters=True)
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_immediate)
    return engine


class Read:
    """A statement that is compiled once, for what is asked at every command: SQLAlchemy's own execution takes five times as long."""

    def __init__(self, engine: Engine, statement: Select[Any]) -> None:
        compiled = statement.compile(dialect=engine.dialect)
        self._engine, self._text = engine, str(compiled)
        self._positions: Sequence[str] | None = compiled.positiontup

    def rows(self, **asked: Any) -> list[tuple[Any, ...]]:
        """What it finds, as the driver gives it.

        Raises:
            SQLAlchemyError: the database cannot be reached, or does not answer.
        """
        try:
            with closing(self._engine.raw_connection()) as connection:
                cursor = connection.cursor()
                cursor.execute(self._text, asked if self._positions is None else [asked[name] for name in self._positions])
                return list(cursor.fetchall())
        except self._engine.dialect.loaded_dbapi.Error as error:
            raise DBAPIError(None, None, error, hide_parameters=True) from error


def leave_no_trace(engine: Engine) -> bool:
    """Make an end of SQLite's log, so that what was deleted stands in no file any more (`secure_delete` zeroes it in the database).

    False: a reader still needs the log. PostgreSQL's dead rows and log go in their own time (docs/keys.md).
    """
    if engine.dialect.name != "sqlite":
        return True
    with engine.connect().execution_options(one_read=True) as connection:
        connection.exec_driver_sql(f"PRAGMA busy_timeout={_TRACE_WAIT_MS}")
        busy: int = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0]
        connection.exec_driver_sql(f"PRAGMA busy_timeout={_SQLITE_BUSY_SECONDS * 1000}")
    return busy == 0


def make_private(url: str) -> None:
    """A new SQLite file, readable by its owner only. A folder that is not there is SQLite's to complain of."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database not in (None, "", ":memory:"):
        with suppress(OSError):
            Path(str(parsed.database)).touch(mode=0o600, exist_ok=False)


def _set_up_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we begin transactions ourselves, below
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_immediate(connection: Any) -> None:
    options = connection.get_execution_options()
    if not options.get("one_read", False):
        connection.exec_driver_sql("BEGIN" if options.get("read_only", False) else "BEGIN IMMEDIATE")
