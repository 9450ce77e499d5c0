"""The door to a database of your own, by SQLAlchemy in threads: every value bound, every change of exactly one row."""

import asyncio
import json
import logging
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from contextlib import suppress
from datetime import date, datetime, time
from decimal import Decimal
from itertools import islice
from threading import Lock
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Engine,
    MetaData,
    String,
    Table,
    and_,
    cast,
    delete,
    event,
    false,
    func,
    inspect,
    literal,
    not_,
    or_,
    select,
    type_coerce,
    update,
)
from sqlalchemy.exc import NoSuchTableError, SQLAlchemyError
from sqlalchemy.types import NullType

from connectors.dialects import dialect_of
from connectors.dialects.dialect import Dialect, Verb, bytes_of, plain
from connectors.errors import Denied, Gone, Misread, Refused, Transient, VendorError
from connectors.evidence import Evidence
from connectors.http import Limits
from connectors.leave import READING, Leave
from connectors.pace import Pace
from connectors.ports import Reference, Row
from topics.model import Clock
from topics.steps import Step, passed

log = logging.getLogger(__name__)

T = TypeVar("T")

_MOST_VALUES = 1000  # in one statement: no database takes any number
_LARGEST = 2**64
"""No column holds a whole number as large; what is larger cannot be asked for everywhere."""
_SAME_AS_TEXT = (int, str, bytes, UUID)
"""Types of which a value is found again by its text, in every database."""
_EXACT = (bool, int, float, Decimal, UUID, date, datetime, time)
"""Types whose values are told alike by us and by a database that keeps to its columns' types."""
_FOLDED_ELSEWHERE = re.compile(r"[^!-hj-~]|k")
"""Letters that a database may fold in another way than we do: those beyond ASCII, and the i of Turkish and the k of Kelvin; and blanks."""


class DatabaseAccount:
    """One database, shared by all commands of a processor."""

    def __init__(self, name: str, engine: Engine, pace: Pace, limits: Limits, clock: Clock) -> None:
        self.name = name
        self.engine = engine
        self.dialect = dialect_of(engine.dialect.name)
        self.pace = pace
        self.limits = limits
        self.clock = clock
        self.tables = MetaData()
        event.listen(self.tables, "column_reflect", lambda _inspector, _table, column: self.dialect.reflected(column))
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
        self._beside: dict[str, Mapping[Column[Any], Any]] = {}

    async def columns(self, table: str) -> tuple[str, ...]:
        def read(connection: Connection) -> tuple[str, ...]:
            here = self._table(connection, table)
            if table != (real := plain(connection, here.schema, here.name)):
                raise Misread(f"The table {table} is in the default schema; call it {real} under [[processors.tables]].")
            if here.name not in inspect(connection).get_table_names(schema=here.schema):
                raise NoSuchTableError(table)  # of another letter case, or no table
            return tuple(here.columns.keys())

        return await self._do(f"DESCRIBE {table}", read)

    async def references(self) -> tuple[Reference, ...]:
        return await self._do("DESCRIBE foreign keys", self._read_references)

    async def primary_key(self, table: str) -> tuple[str, ...]:
        key = await self._do(f"DESCRIBE {table}", lambda connection: self._key(connection, table))
        return tuple(column.name for column in key)

    async def select(self, table: str, where: Mapping[str, Sequence[str]]) -> list[Row]:
        dialect = self._account.dialect

        def read(connection: Connection) -> list[Row]:
            here = self._table(connection, table)
            alike = [_alike(dialect, _named(here.columns, name), values) for name, values in where.items()]
            return self._rows(connection, here, or_(*alike))

        return await self._do(f"SELECT {table}", read)

    async def referring(self, table: str, column: str, keys: Sequence[str]) -> list[Row]:
        def read(connection: Connection) -> list[Row]:
            here, todo = self._table(connection, table), iter(keys)
            told = _named(here.columns, column)
            parts = iter(lambda: list(islice(todo, _MOST_VALUES)), [])
            rows = [row for part in parts for row in self._rows(connection, here, _one_of(self._account.dialect, told, part))]
            if {str(row[column]) for row in rows} - {*keys}:
                raise Misread(f"A row of {table} names its parent in other letters or blanks, so it cannot be told whose it is.")
            return rows

        return await self._do(f"SELECT {table}", read)

    def _rows(self, connection: Connection, table: Table, where: ColumnElement[bool]) -> list[Row]:
        shown, keys = self._account.dialect.shown, table.primary_key.columns
        by_text = all(_type_of(column) in _SAME_AS_TEXT for column in keys)
        rows = []
        for row in connection.execute(select(table).where(where)).mappings().all():
            told = {column.name: shown(column, row[column]) for column in table.columns}
            rows.append(told)
            key = {column.name: str(told[column.name]) for column in keys if row[column] is not None}
            if len(key) < len(keys):
                continue
            if by_text:
                again = all(_typed(column, key[column.name]) in (row[column], told[column.name]) for column in keys)
            else:
                again = connection.scalar(select(literal(1)).select_from(table).where(*_is(keys, key))) == 1
            if not again:
                raise Misread(f"A row of {table.name} would not be found again by its primary key; look at the types of its columns.")
        return rows

    async def row(self, table: str, key: Mapping[str, Any]) -> Row | None:
        def read(connection: Connection) -> Row | None:
            found = self._rows(connection, self._table(connection, table), and_(*self._one(connection, table, key)))
            return found[0] if found else None

        return await self._do(f"SELECT {table}", read)

    async def may(self, verb: Verb, table: str, columns: Sequence[str] = ()) -> bool | None:
        def read(connection: Connection) -> bool | None:
            here = self._table(connection, table)
            return self._account.dialect.may(connection, verb, here, [_named(here.columns, column).name for column in columns])

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
            values = {_named(here.columns, name): _bindable(here.columns[name], value) for name, value in change.items()}
            if any(column.computed is not None for column in values):
                raise Misread(f"A column of {table} is computed and cannot be changed; look at [[processors.tables]].")
            self._nothing_goes_along(connection, table, key, frozenset(change))
            if table not in self._beside:
                self._beside[table] = self._account.dialect.beside(connection, here)
            every = {**self._beside[table], **values}
            return _exactly_one(connection.execute(update(here).where(*self._one(connection, table, key)).values(every)).rowcount, table)

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
        except TimeoutError:
            raise Transient(f"{account.name} did not answer {call} in time.") from None
        except SQLAlchemyError as error:
            if account.dialect.meaning(error) == "table":
                account.tables.clear()  # to be read in anew
                self._beside.clear()
            raise _fault(account.name, call, error, account.dialect) from None
        self._keep(call, started, done)
        return done

    def _transaction(self, work: Callable[[Connection], T]) -> T:
        try:
            connection = self._account.engine.connect()
        except (OSError, TypeError, ValueError):  # from the driver's own checks; what it says may hold the URL's
            raise Misread(
                f"{self._account.name} cannot be connected to as its url says; look at what stands after its question mark."
            ) from None
        with connection, connection.begin():
            return work(connection)

    def _keep(self, call: str, started: datetime, done: object) -> None:
        count = len(done) if isinstance(done, list | tuple) else int(done is not None)
        log.info("%s %s %d", self._account.name, call, count)
        self._evidence.add(call, count, started, json.dumps(done, default=str).encode())

    def _table(self, connection: Connection, name: str) -> Table:
        schema, _, table = name.rpartition(".")
        with self._account.reading_tables:  # a table that is being read in is seen by other threads before its columns are there
            return Table(table, self._account.tables, schema=schema or None, autoload_with=connection, resolve_fks=False)

    def _read_references(self, connection: Connection) -> tuple[Reference, ...]:
        if self._references is None:
            schemas = {table.schema for table in list(self._account.tables.tables.values())}
            self._references = tuple(dict.fromkeys(self._account.dialect.references(connection, schemas)))
        return self._references

    def _nothing_goes_along(self, connection: Connection, table: str, key: Mapping[str, Any], changed: Set[str] | None = None) -> None:
        """A row takes no other along: what cascades may be held by law, or be another person's. `changed`: columns; None: it is deleted.

        Raises:
            Gone, Refused
        """
        hanging = [
            one
            for one in self._read_references(connection)
            if one.target == table and (one.cascades if changed is None else changed & {*one.target_columns})
        ]
        if not hanging:
            return
        here, itself = self._table(connection, table), and_(*self._one(connection, table, key))
        row = connection.execute(select(here).where(itself)).mappings().first()
        if row is None:
            raise Gone(f"The row of {table} is not there.")
        for reference in hanging:
            other = self._table(connection, reference.table)
            values = [row[name] for name in reference.target_columns]
            hangs = [
                false() if value is None else other.columns[name] == value for name, value in zip(reference.columns, values, strict=True)
            ]
            others = [not_(itself)] if other is here else []
            if connection.execute(select(literal(1)).select_from(other).where(*hangs, *others).limit(1)).first():
                along = "deleted" if changed is None else "changed"
                raise Refused(
                    f"A row of {reference.table} would be {along} along with the one of {table};"
                    f" give {reference.table} under [[processors.tables]], or unhook it.",
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
        return _is(columns, key)


def _named(columns: Any, name: str) -> Column[Any]:
    if name not in columns:
        raise Misread("A configured column is not there; look at [[processors.tables]].")
    column: Column[Any] = columns[name]
    return column


def _is(columns: Iterable[Column[Any]], key: Mapping[str, Any]) -> list[Any]:
    return [column == _typed(column, key[column.name]) for column in columns]


def _bindable(column: Column[Any], value: Any) -> Any:
    """Where nothing is known of a column's type, a moment is written as text."""
    return str(value) if isinstance(column.type, NullType) and isinstance(value, date | time) else value


def _fault(name: str, call: str, error: SQLAlchemyError, dialect: Dialect) -> VendorError:
    if isinstance(error, NoSuchTableError):
        return Misread(f"{name} has no table for {call}; look at [[processors.tables]].")
    match dialect.meaning(error):
        case "rule":
            why = "a row of another table hangs from it" if call.startswith("DELETE") else "a rule of the table forbids the new values"
            return Refused(f"{name} refused {call}: {why}, or a trigger refuses it.", passing=True)
        case "table":
            return Misread(f"{name} cannot carry out {call}: the table is not as it was, or as [[processors.tables]] says.")
        case "value":
            return Refused(f"{name} refused {call}: a value does not fit its column.")
        case "right":
            return Denied(f"{name} does not allow {call}: its user lacks the right.")
    return Transient(f"{name} did not answer {call} ({type(error).__name__}).")


def _alike(dialect: Dialect, column: Column[Any], values: Sequence[str]) -> ColumnElement[bool]:
    """True at least of every row that holds one of the values. Databases differ in how they fold letters: any fits here."""
    if dialect.typed and _type_of(column) in _EXACT:
        return _one_of(dialect, column, values)
    text = func.lower(dialect.trimmed(column))
    lower = [value.strip().lower() for value in values]
    same = [value for value in lower if not _FOLDED_ELSEWHERE.search(value)]
    patterns = [_FOLDED_ELSEWHERE.sub("%", re.sub(r"[/%_]", r"/\g<0>", value)) for value in lower if value not in same]
    numbers = [] if dialect.typed else [type_coerce(column, String).in_(values)]  # 7 where 7.0 stands
    return or_(text.in_(same), *numbers, *(text.like(f"%{pattern}%", escape="/") for pattern in patterns))


def _one_of(dialect: Dialect, column: Column[Any], keys: Sequence[str]) -> ColumnElement[bool]:
    """True at least of every row that holds exactly one of the keys."""
    if not dialect.typed:
        return or_(cast(column, String).in_(keys), type_coerce(column, String).in_(keys))
    if _type_of(column) not in (*_EXACT, str, bytes):
        return cast(column, String).in_(keys)
    typed = []
    for key in keys:
        with suppress(Misread):  # what is no value of its type stands in no row
            value = _typed(column, key)
            typed.append(literal(value, BigInteger) if type(value) is int else value)  # it may be too large for the column
    return column.in_(typed) if typed else false()


def _type_of(column: Column[Any]) -> type[Any] | None:
    try:
        return column.type.python_type
    except NotImplementedError:
        return None


def _typed(column: Column[Any], value: Any) -> Any:
    """A key that came back from a reference is text; the database wants its own type."""
    wanted = _type_of(column)
    try:
        if wanted is None:
            return value
        if wanted is bytes:
            return bytes_of(value)
        if isinstance(value, wanted):
            return value
        if wanted is bool:
            return {"True": True, "False": False}[value]
        typed = wanted.fromisoformat(value) if issubclass(wanted, date | time) else wanted(value)
        if isinstance(typed, int | float | Decimal) and not (math.isfinite(typed) and -_LARGEST < typed < _LARGEST):
            raise ValueError
    except (TypeError, ValueError, KeyError, ArithmeticError):
        raise Misread("A reference does not fit the table's primary key.") from None
    return typed


def _exactly_one(count: int, table: str) -> int:
    """Raised inside the transaction, so that nothing stays changed."""
    if count == 0:
        raise Gone(f"The row of {table} is not there.")
    if count != 1:
        raise Misread(f"More than one row of {table} would have changed, so none was.")
    return count
