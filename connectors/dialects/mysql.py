"""MySQL and MariaDB, by PyMySQL."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Column, Connection, Engine, Table, create_engine, literal, select
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, ProgrammingError, SQLAlchemyError
from sqlalchemy.types import TIMESTAMP

from connectors.dialects.dialect import Dialect, Meaning, Verb, plain, reference
from connectors.errors import Denied
from connectors.ports import Reference

_NAME = r"(\*|`(?:[^`]|``)+`)"
_GRANT = re.compile(rf"GRANT (.+?) ON (?:TABLE )?{_NAME}\.{_NAME} TO ")
_RIGHT = re.compile(r"([A-Z][A-Z ]+[A-Z])(?: \(([^)]*)\))?")
Rights = dict[str, frozenset[str]]
"""Rights by their names, and the columns that each is for: none where it is for whole rows."""


class Mysql(Dialect):
    """MySQL and MariaDB, by PyMySQL. What does not fit is an error, moments are UTC."""

    _DENIED = {1044, 1045, 1142, 1143, 1227, 1370, 1698}
    _CHECKED = {1644, 3819, 4025}  # by a trigger, by a CHECK
    _CHANGED = {1054}
    _SHOWING = {"REFERENCES", "INSERT", "UPDATE", "DELETE", "ALL PRIVILEGES"}

    def engine(self, url: URL, timeout: float) -> Engine:
        seconds = max(1, int(timeout))
        session = f"time_zone='+00:00', innodb_lock_wait_timeout={seconds}, sql_mode=CONCAT(@@sql_mode, ',STRICT_ALL_TABLES')"
        options = {"connect_timeout": seconds, "read_timeout": seconds, "write_timeout": seconds, "charset": "utf8mb4"}
        return create_engine(
            url, pool_pre_ping=True, connect_args={**options, "init_command": f"SET SESSION {session}"}, hide_parameters=True
        )

    def references(self, connection: Connection, schemas: Collection[str | None]) -> Iterator[Reference]:
        """Of tables that our user may read at most it shows none, and their rows would go along unseen."""
        for schema in schemas:
            if not any(table is None and rights.keys() & self._SHOWING for rights, table in _grants(connection, schema)):
                where = f"The database {schema}" if schema else "The database"
                raise Denied(f"{where} hides foreign keys from its user; grant it REFERENCES on the whole database.")
        told = "k.table_schema, k.table_name, k.column_name, k.referenced_table_schema, k.referenced_table_name, k.referenced_column_name"
        asked = (
            f"SELECT {told}, r.delete_rule, k.constraint_name FROM information_schema.key_column_usage k"
            " JOIN information_schema.referential_constraints r ON r.constraint_schema = k.constraint_schema"
            " AND r.table_name = k.table_name AND r.constraint_name = k.constraint_name"
            " WHERE k.referenced_table_name IS NOT NULL"
            " ORDER BY k.table_schema, k.table_name, k.constraint_name, k.ordinal_position"
        )
        for _, parts in groupby(connection.exec_driver_sql(asked), key=lambda row: (row[0], row[1], row[7])):
            keys = list(parts)
            schema, table, _, to_schema, to_table, _, rule, _ = keys[0]
            target = plain(connection, to_schema, to_table)
            yield reference(plain(connection, schema, table), [key[2] for key in keys], target, [key[5] for key in keys], rule)

    def may(self, connection: Connection, verb: Verb, table: Table, columns: Sequence[str]) -> bool | None:
        held = [rights for rights, name in _grants(connection, table.schema) if name in (None, table.name)]
        wide = any(name in rights and not rights[name] for rights in held for name in (verb, "ALL PRIVILEGES"))
        return wide or (bool(columns) and {*columns} <= {column for rights in held for column in rights.get(verb, ())})

    def meaning(self, error: SQLAlchemyError) -> Meaning | None:
        """PyMySQL calls most of these operational, as it does a server that is gone."""
        number = error.orig.args[0] if isinstance(error, DBAPIError) and error.orig and error.orig.args else None
        if number in self._DENIED:
            return "right"
        if isinstance(error, ProgrammingError) or number in self._CHANGED:
            return "table"
        return "rule" if number in self._CHECKED else super().meaning(error)

    def beside(self, connection: Connection, table: Table) -> Mapping[Column[Any], Any]:
        """Of a moment that is set ON UPDATE, which SQLAlchemy does not always see: a hold may count from it."""
        where = f"table_schema = {'database()' if table.schema is None else '%s'} AND table_name = %s AND extra LIKE '%%on update%%'"
        named = tuple(name for name in (table.schema, table.name) if name is not None)
        moved = connection.exec_driver_sql(f"SELECT column_name FROM information_schema.columns WHERE {where}", named).scalars()
        return {table.columns[name]: table.columns[name] for name in moved if name in table.columns}

    def shown(self, column: Column[Any], value: Any) -> Any:
        """A TIMESTAMP is a moment, though it comes without its zone (which is UTC in our sessions); a DATETIME is not."""
        moment = isinstance(column.type, TIMESTAMP) and isinstance(value, datetime)
        return value.replace(tzinfo=UTC) if moment else super().shown(column, value)


def _grants(connection: Connection, schema: str | None = None) -> Iterator[tuple[Rights, str | None]]:
    """What our user was granted in a database, and on which of its tables; None: on all."""
    database = schema or connection.dialect.default_schema_name
    for (line,) in connection.exec_driver_sql("SHOW GRANTS"):
        if not (found := _GRANT.match(line)) or found[1] == "USAGE":
            continue
        where, table = (None if name == "*" else name[1:-1].replace("``", "`") for name in (found[2], found[3]))
        pattern = "%" if where is None else where
        if connection.scalar(select(literal(database).like(pattern) if table is None else literal(database == where))):
            rights = {right: frozenset(re.findall(r"`(.+?)`", columns or "")) for right, columns in _RIGHT.findall(found[1])}
            yield rights, table
