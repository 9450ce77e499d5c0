"""SQLite: a file, in which any column may hold anything."""

from collections.abc import Collection, Iterator
from itertools import groupby
from typing import Any
from urllib.parse import quote

from sqlalchemy import (
    Column,
    ColumnClause,
    ColumnElement,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    String,
    cast,
    create_engine,
    event,
    func,
    inspect,
    literal_column,
    select,
    text,
)
from sqlalchemy.engine import URL
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.types import NullType

from connectors.dialects.dialect import BLANKS, Dialect, Meaning, reference
from connectors.ports import Reference


class Sqlite(Dialect):
    """A file, which is never made. A column may hold anything."""

    typed = False

    def engine(self, url: URL, timeout: float) -> Engine:
        file = URL.create("sqlite", database=f"file:{quote(url.database or '')}", query={"mode": "rw", "uri": "true"})
        engine = create_engine(file, connect_args={"timeout": timeout}, hide_parameters=True)
        event.listen(engine, "connect", _set_up)
        return engine

    def reflected(self, column: dict[str, Any]) -> None:
        """The type of a column says nothing of what it holds: a date may be any text, or a number."""
        if not isinstance(column["type"], Integer | LargeBinary):
            column["type"] = NullType()

    def references(self, connection: Connection, schemas: Collection[str | None]) -> Iterator[Reference]:
        """Asked of SQLite itself: SQLAlchemy does not see what is to cascade of a key that is declared beside its column."""
        wanted: list[ColumnClause[Any]] = [
            literal_column(name) for name in ("m.name", "f.id", 'f."from"', 'f."table"', 'f."to"', "f.on_delete")
        ]
        asked = select().add_columns(*wanted).select_from(text("sqlite_master m, pragma_foreign_key_list(m.name) f"))
        rows = connection.execute(asked.where(text("m.type = 'table'")).order_by(text("m.name, f.id, f.seq"))).all()
        inspector = inspect(connection)
        real = {name.lower(): name for name in inspector.get_table_names()}
        for (name, _), parts in groupby(rows, key=lambda row: (row[0], row[1])):
            keys = list(parts)
            if (target := real.get(keys[0][3].lower())) is None:
                continue  # nothing can hang from a table that is not there
            same = {column["name"].lower(): column["name"] for column in inspector.get_columns(target)}
            key_of = inspector.get_pk_constraint(target)["constrained_columns"]
            told = [name.lower() for name in ([key[4] for key in keys] if keys[0][4] else key_of)]
            if len(told) == len(keys) and {*told} <= same.keys():  # else SQLite refuses every change of the target
                yield reference(name, [key[2] for key in keys], target, [same[one] for one in told], keys[0][5])

    def meaning(self, error: SQLAlchemyError) -> Meaning | None:
        """By its words: it has one code for whatever it cannot carry out."""
        amiss = isinstance(error, OperationalError) and str(error.orig).startswith(("no such", "foreign key mismatch"))
        return "table" if amiss else super().meaning(error)

    def trimmed(self, column: Column[Any]) -> ColumnElement[str]:
        return func.trim(cast(column, String), BLANKS)


def _set_up(connection: Any, _record: object) -> None:
    """Of this connection only: children count, what is erased is overwritten, and text that an old program wrote is read as its own."""
    connection.text_factory = _text
    for pragma in ("foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")
