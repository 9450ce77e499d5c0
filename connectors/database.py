"""The door to a database of your own, by SQLAlchemy in threads: every value bound, every change of exactly one row."""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote

from sqlalchemy import Column, Connection, Engine, MetaData, String, Table, cast, create_engine, delete, event, func, or_, select, update
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import IntegrityError, NoSuchTableError, ProgrammingError, SQLAlchemyError

from connectors.errors import Denied, Gone, Misread, Refused, Transient
from connectors.evidence import Evidence
from connectors.http import Limits
from connectors.pace import Pace
from connectors.ports import Row
from topics.model import Clock
from topics.steps import Step, passed

log = logging.getLogger(__name__)

T = TypeVar("T")


class DatabaseAccount:
    """One database, shared by all commands of a processor."""

    def __init__(self, name: str, engine: Engine, pace: Pace, limits: Limits, clock: Clock) -> None:
        self.name = name
        self.engine = engine
        self.pace = pace
        self.limits = limits
        self.clock = clock
        self.tables = MetaData()

    def door(self, evidence: Evidence) -> "DatabaseDoor":
        """The door for one command."""
        return DatabaseDoor(self, evidence)

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


class DatabaseDoor:
    """The door for one command (`connectors.ports.Database`). What fails is not tried again here: the orchestrator orders it again."""

    def __init__(self, account: DatabaseAccount, evidence: Evidence) -> None:
        self._account = account
        self._evidence = evidence

    async def primary_key(self, table: str) -> tuple[str, ...]:
        key = await self._do(f"DESCRIBE {table}", lambda connection: self._key(connection, table))
        return tuple(column.name for column in key)

    async def select(self, table: str, where: Mapping[str, Sequence[str]]) -> list[Row]:
        def read(connection: Connection) -> list[Row]:
            columns = self._table(connection, table).columns
            given = {name: [value.strip().lower() for value in values] for name, values in where.items()}
            alike = [func.lower(func.trim(cast(_named(columns, name), String))).in_(values) for name, values in given.items()]
            return [dict(row) for row in connection.execute(select(*columns).where(or_(*alike))).mappings()]

        return await self._do(f"SELECT {table}", read)

    async def row(self, table: str, key: Mapping[str, Any]) -> Row | None:
        def read(connection: Connection) -> Row | None:
            found = connection.execute(select(self._table(connection, table)).where(*self._one(connection, table, key))).mappings().first()
            return dict(found) if found else None

        return await self._do(f"SELECT {table}", read)

    async def delete(self, table: str, key: Mapping[str, Any]) -> None:
        def write(connection: Connection) -> int:
            statement = delete(self._table(connection, table)).where(*self._one(connection, table, key))
            return _exactly_one(connection.execute(statement).rowcount, table)

        await self._do(f"DELETE {table}", write)

    async def update(self, table: str, key: Mapping[str, Any], change: Mapping[str, Any]) -> None:
        def write(connection: Connection) -> int:
            here = self._table(connection, table)
            values = {_named(here.columns, name): value for name, value in change.items()}
            return _exactly_one(connection.execute(update(here).where(*self._one(connection, table, key)).values(values)).rowcount, table)

        await self._do(f"UPDATE {table}", write)

    async def _do(self, call: str, work: Callable[[Connection], T]) -> T:
        """One transaction in a thread, as a vendor's call is: paced, timed out, logged, and kept as evidence."""
        account = self._account
        await account.pace.turn()
        started = account.clock()
        try:
            async with asyncio.timeout(account.limits.timeout):
                passed(Step.CALLING)
                done = await asyncio.to_thread(self._transaction, work)
                passed(Step.CALLED)
        except IntegrityError:
            raise Refused(f"{account.name} refused {call}: a row of another table hangs from it.") from None
        except NoSuchTableError:
            raise Misread(f"{account.name} has no table for {call}; look at [[processors.tables]].") from None
        except ProgrammingError:
            raise Denied(f"{account.name} does not allow {call}: its user lacks the right.") from None
        except (TimeoutError, SQLAlchemyError) as error:
            raise Transient(f"{account.name} did not answer {call} ({type(error).__name__}).") from None
        self._keep(call, started, done)
        return done

    def _transaction(self, work: Callable[[Connection], T]) -> T:
        with self._account.engine.begin() as connection:
            return work(connection)

    def _keep(self, call: str, started: datetime, done: object) -> None:
        count = len(done) if isinstance(done, list | tuple) else int(done is not None)
        log.info("%s %s %d", self._account.name, call, count)
        self._evidence.add(call, count, started, json.dumps(done, default=str).encode())

    def _table(self, connection: Connection, name: str) -> Table:
        return Table(name, self._account.tables, autoload_with=connection)

    def _key(self, connection: Connection, table: str) -> list[Column[Any]]:
        key = list(self._table(connection, table).primary_key.columns)
        if not key:
            raise Misread(f"The table {table} has no primary key, so one of its rows cannot be told from another.")
        return key

    def _one(self, connection: Connection, table: str, key: Mapping[str, Any]) -> list[Any]:
        """The condition that is true of one row only."""
        columns = self._key(connection, table)
        if {column.name for column in columns} != set(key):
            raise Misread(f"A row of {table} is told by its whole primary key.")
        return [column == _typed(column, key[column.name]) for column in columns]


def _named(columns: Any, name: str) -> Column[Any]:
    if name not in columns:
        raise Misread("A configured column is not there; look at [[processors.tables]].")
    column: Column[Any] = columns[name]
    return column


def _typed(column: Column[Any], value: Any) -> Any:
    """A key that came back from a reference is text; the database wants its own type."""
    wanted = column.type.python_type
    try:
        return value if isinstance(value, wanted) else wanted(value)
    except (TypeError, ValueError):
        raise Misread("A reference does not fit the table's primary key.") from None


def _exactly_one(count: int, table: str) -> int:
    """Raised inside the transaction, so that nothing stays changed."""
    if count == 0:
        raise Gone(f"The row of {table} is not there.")
    if count != 1:
        raise Misread(f"More than one row of {table} would have changed, so none was.")
    return count


def engine_to(url: str, timeout: float) -> Engine:
    """An engine for somebody else's database: nothing of its setup is changed, and a SQLite file is never created. `timeout` in seconds."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        options = {"connect_timeout": max(2, int(timeout)), "options": f"-c statement_timeout={int(timeout * 1000)}"}
        return create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True, connect_args=options)
    file = URL.create("sqlite", database=f"file:{quote(parsed.database or '')}", query={"mode": "rw", "uri": "true"})
    engine = create_engine(file, connect_args={"timeout": timeout})
    event.listen(engine, "connect", _set_up_sqlite)
    return engine


def _set_up_sqlite(connection: Any, _record: object) -> None:
    for pragma in (
        "foreign_keys=ON",
        "secure_delete=ON",
    ):  # children count; what is erased is overwritten
        connection.execute(f"PRAGMA {pragma}")  # of this connection only
