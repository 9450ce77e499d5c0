"""The door to a database of your own, by SQLAlchemy in threads: every value bound, every change of exactly one row."""

import asyncio
import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from itertools import groupby
from threading import Lock
from typing import Any, Literal, TypeVar
from urllib.parse import quote

from sqlalchemy import (
    Column,
    ColumnClause,
    Connection,
    Engine,
    MetaData,
    String,
    Table,
    and_,
    cast,
    create_engine,
    delete,
    event,
    func,
    inspect,
    literal,
    literal_column,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy import text as sql_text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DataError, IntegrityError, NoSuchTableError, ProgrammingError, SQLAlchemyError

from connectors.errors import Denied, Gone, Misread, Refused, Transient
from connectors.evidence import Evidence
from connectors.http import Limits
from connectors.leave import READING, Leave
from connectors.pace import Pace
from connectors.ports import Reference, Row
from topics.model import Clock
from topics.steps import Step, passed

log = logging.getLogger(__name__)

T = TypeVar("T")

_BLANKS = " \t\n\r\f\v"


class DatabaseAccount:
    """One database, shared by all commands of a processor."""

    def __init__(self, name: str, engine: Engine, pace: Pace, limits: Limits, clock: Clock) -> None:
        self.name = name
        self.engine = engine
        self.pace = pace
        self.limits = limits
        self.clock = clock
        self.tables = MetaData()
        self.reading_tables = Lock()

    def door(self, evidence: Evidence, leave: Leave = READING) -> "DatabaseDoor":
        """The door for one command."""
        return DatabaseDoor(self, evidence, leave)

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


class DatabaseDoor:
    """The door for one command (`connectors.ports.Database`). What fails is not tried again here: the orchestrator orders it again."""

    def __init__(self, account: DatabaseAccount, evidence: Evidence, leave: Leave = READING) -> None:
        self._account = account
        self._evidence = evidence
        self._leave = leave
        self._references: tuple[Reference, ...] | None = None

    async def columns(self, table: str) -> tuple[str, ...]:
        return await self._do(f"DESCRIBE {table}", lambda connection: tuple(self._table(connection, table).columns.keys()))

    async def references(self) -> tuple[Reference, ...]:
        return await self._do("DESCRIBE foreign keys", self._read_references)

    async def primary_key(self, table: str) -> tuple[str, ...]:
        key = await self._do(f"DESCRIBE {table}", lambda connection: self._key(connection, table))
        return tuple(column.name for column in key)

    async def select(self, table: str, where: Mapping[str, Sequence[str]]) -> list[Row]:
        def read(connection: Connection) -> list[Row]:
            columns = self._table(connection, table).columns
            alike = [_alike(_named(columns, name), values) for name, values in where.items()]
            return [dict(row) for row in connection.execute(select(*columns).where(or_(*alike))).mappings()]

        return await self._do(f"SELECT {table}", read)

    async def row(self, table: str, key: Mapping[str, Any]) -> Row | None:
        def read(connection: Connection) -> Row | None:
            found = connection.execute(select(self._table(connection, table)).where(*self._one(connection, table, key))).mappings().first()
            return dict(found) if found else None

        return await self._do(f"SELECT {table}", read)

    async def may(self, verb: Literal["DELETE", "UPDATE"], table: str, columns: Sequence[str] = ()) -> bool | None:
        def read(connection: Connection) -> bool | None:
            here = self._table(connection, table)
            if connection.dialect.name != "postgresql":
                return None
            name = connection.dialect.identifier_preparer.format_table(here)
            asked = [func.has_column_privilege(name, _named(here.columns, column).name, verb) for column in columns]
            return all(connection.execute(select(*(asked or [func.has_table_privilege(name, verb)]))).one())

        return await self._do(f"ASK {verb} {table}", read)

    async def delete(self, table: str, key: Mapping[str, Any]) -> None:
        def write(connection: Connection) -> int:
            self._nothing_goes_along(connection, table, key)
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
        await self._leave.wanted()
        started = account.clock()
        try:
            async with asyncio.timeout(account.limits.timeout):
                passed(Step.CALLING)
                done = await asyncio.to_thread(self._transaction, work)
                passed(Step.CALLED)
        except IntegrityError:
            why = "a row of another table hangs from it" if call.startswith("DELETE") else "a rule of the table forbids the new values"
            raise Refused(f"{account.name} refused {call}: {why}.", passing=True) from None
        except DataError:
            raise Refused(f"{account.name} refused {call}: a value does not fit its column.") from None
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
        schema, _, table = name.rpartition(".")
        with self._account.reading_tables:  # a table that is being read in is seen by other threads before its columns are there
            return Table(table, self._account.tables, schema=schema or None, autoload_with=connection)

    def _read_references(self, connection: Connection) -> tuple[Reference, ...]:
        if self._references is None:
            read = _of_postgresql if connection.dialect.name == "postgresql" else self._of_sqlite
            self._references = tuple(dict.fromkeys(read(connection)))
        return self._references

    def _of_sqlite(self, connection: Connection) -> Iterator[Reference]:
        """Asked of SQLite itself: SQLAlchemy does not see what is to cascade of a key that is declared beside its column."""
        told: list[ColumnClause[Any]] = [
            literal_column(name) for name in ("m.name", "f.id", 'f."from"', 'f."table"', 'f."to"', "f.on_delete")
        ]
        asked = select().add_columns(*told).select_from(sql_text("sqlite_master m, pragma_foreign_key_list(m.name) f"))
        rows = connection.execute(asked.where(sql_text("m.type = 'table'")).order_by(sql_text("m.name, f.id, f.seq"))).all()
        real = {name.lower(): name for name in inspect(connection).get_table_names()}
        for (name, _), parts in groupby(rows, key=lambda row: (row[0], row[1])):
            keys = list(parts)
            if (target := real.get(keys[0][3].lower())) is None:
                continue  # nothing can hang from a table that is not there
            columns = self._table(connection, target).columns
            same = {column.lower(): column for column in (one.name for one in columns)}
            to = [same[key[4].lower()] for key in keys] if keys[0][4] else [column.name for column in self._key(connection, target)]
            yield Reference(name, tuple(key[2] for key in keys), target, tuple(to), keys[0][5].upper() == "CASCADE")

    def _nothing_goes_along(self, connection: Connection, table: str, key: Mapping[str, Any]) -> None:
        """A row takes no other along: what cascades may be held by law, or be another person's.

        Raises:
            Gone, Refused
        """
        here = self._table(connection, table)
        row = connection.execute(select(here).where(*self._one(connection, table, key))).mappings().first()
        if row is None:
            raise Gone(f"The row of {table} is not there.")
        for reference in self._read_references(connection):
            if not reference.cascades or reference.target != _plain(table, inspect(connection).default_schema_name):
                continue
            other = self._table(connection, reference.table)
            hangs = [other.columns[name] == row[of] for name, of in zip(reference.columns, reference.target_columns, strict=True)]
            itself = [not_(and_(*self._one(connection, table, key)))] if other is here else []
            if connection.execute(select(literal(1)).select_from(other).where(*hangs, *itself).limit(1)).first():
                raise Refused(
                    f"A row of {reference.table} would be deleted along with the one of {table}; give {reference.table} under"
                    " [[processors.tables]], or unhook it.",
                    passing=True,
                )

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


def _alike(column: Column[Any], values: Sequence[str]) -> Any:
    """True at least of every row that holds one of the values. Databases differ in how they fold letters beyond ASCII: any fits here."""
    text = func.lower(func.trim(cast(column, String), _BLANKS))
    plain = [value.strip().lower() for value in values if value.isascii()]
    others = [value.strip().lower() for value in values if not value.isascii()]
    patterns = ["".join(_any_beyond_ascii(letter) for letter in value) for value in others]
    return or_(text.in_(plain), *(text.like(f"%{pattern}%", escape="\\") for pattern in patterns))


def _any_beyond_ascii(letter: str) -> str:
    if not letter.isascii():
        return "%"
    return f"\\{letter}" if letter in "\\%_" else letter


def _of_postgresql(connection: Connection) -> Iterator[Reference]:
    inspector = inspect(connection)
    for schema in [None, *inspector.get_schema_names()]:
        for name, keys in inspector.get_multi_foreign_keys(schema=schema).items():
            for key in keys:
                yield _reference(name, key, inspector.default_schema_name)


def _reference(name: tuple[str | None, str], key: Any, default: str | None) -> Reference:
    cascades = str(key.get("options", {}).get("ondelete", "")).upper() == "CASCADE"
    target = _plain(f"{key['referred_schema'] or default}.{key['referred_table']}", default)
    return Reference(
        _plain(f"{name[0] or default}.{name[1]}", default),
        tuple(key["constrained_columns"]),
        target,
        tuple(key["referred_columns"]),
        cascades,
    )


def _plain(table: str, default: str | None) -> str:
    """A table of the default schema by its name alone."""
    return table.removeprefix(f"{default}.")


def _typed(column: Column[Any], value: Any) -> Any:
    """A key that came back from a reference is text; the database wants its own type."""
    try:
        wanted = column.type.python_type
        if isinstance(value, wanted):
            return value
        if wanted is bool:
            return {"True": True, "False": False}[value]
        return wanted.fromisoformat(value) if issubclass(wanted, date | time) else wanted(value)
    except (TypeError, ValueError, KeyError, ArithmeticError, NotImplementedError):
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
        options = {"connect_timeout": max(2, int(timeout)), "options": f"-c statement_timeout={int(timeout * 1000)} -c row_security=off"}
        return create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True, connect_args=options, hide_parameters=True)
    file = URL.create("sqlite", database=f"file:{quote(parsed.database or '')}", query={"mode": "rw", "uri": "true"})
    engine = create_engine(file, connect_args={"timeout": timeout}, hide_parameters=True)
    event.listen(engine, "connect", _set_up_sqlite)
    return engine


def _set_up_sqlite(connection: Any, _record: object) -> None:
    for pragma in (
        "foreign_keys=ON",
        "secure_delete=ON",
    ):  # children count; what is erased is overwritten
        connection.execute(f"PRAGMA {pragma}")  # of this connection only
