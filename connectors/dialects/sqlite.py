"""SQLite: a file, in which any column may hold anything."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any
from urllib.parse import quote

from sqlalchemy import (
    Column,
    ColumnClause,
    ColumnElement,
    Connection,
    Engine,
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

from connectors.dialects.dialect import BLANKS, Dialect, reference
from connectors.ports import Reference


class Sqlite(Dialect):
    """A file, which is never made. A column may hold anything."""

    typed = False

    def engine(self, url: URL, timeout: float) -> Engine:
        file = URL.create("sqlite", database=f"file:{quote(url.database or '')}", query={"mode": "rw", "uri": "true"})
        engine = create_engine(file, connect_args={"timeout": timeout}, hide_parameters=True)
        event.listen(engine, "connect", _set_up)
        return engine

    def references(self, connection: Connection) -> Iterator[Reference]:
        """Asked of SQLite itself: SQLAlchemy does not see what is to cascade of a key that is declared beside its column."""
        told: list[ColumnClause[Any]] = [
            literal_column(name) for name in ("m.name", "f.id", 'f."from"', 'f."table"', 'f."to"', "f.on_delete")
        ]
        asked = select().add_columns(*told).select_from(text("sqlite_master m, pragma_foreign_key_list(m.name) f"))
        rows = connection.execute(asked.where(text("m.type = 'table'")).order_by(text("m.name, f.id, f.seq"))).all()
        inspector = inspect(connection)
        real = {name.lower(): name for name in inspector.get_table_names()}
        for (name, _), parts in groupby(rows, key=lambda row: (row[0], row[1])):
            keys = list(parts)
            if (target := real.get(keys[0][3].lower())) is None:
                continue  # nothing can hang from a table that is not there
            same = {column["name"].lower(): column["name"] for column in inspector.get_columns(target)}
            to = [same[key[4].lower()] for key in keys] if keys[0][4] else inspector.get_pk_constraint(target)["constrained_columns"]
            yield reference(name, [key[2] for key in keys], target, to, keys[0][5])

    def trimmed(self, column: Column[Any]) -> ColumnElement[str]:
        return func.trim(cast(column, String), BLANKS)


def _set_up(connection: Any, _record: object) -> None:
    """Of this connection only: children count, and what is erased is overwritten."""
    for pragma in ("foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")
