"""PostgreSQL, by psycopg."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Engine, LargeBinary, String, Table, cast, create_engine, func, select
from sqlalchemy.dialects.postgresql import DOMAIN
from sqlalchemy.engine import URL
from sqlalchemy.exc import ProgrammingError, SQLAlchemyError

from connectors.dialects.dialect import BLANKS, Dialect, Meaning, Verb


class Postgresql(Dialect):
    """By psycopg. Rows that a policy would hide are an error."""

    def engine(self, url: URL, timeout: float) -> Engine:
        given = url.normalized_query.get("options", ())
        options = " ".join([*given, f"-c statement_timeout={int(timeout * 1000)} -c row_security=off"])
        settings = {"connect_timeout": max(2, int(timeout)), "options": options}
        return create_engine(url, pool_pre_ping=True, connect_args=settings, hide_parameters=True)

    def reflected(self, column: dict[str, Any]) -> None:
        """A domain is compared as what it is made of."""
        if isinstance(column["type"], DOMAIN):
            column["type"] = column["type"].data_type

    def may(self, connection: Connection, verb: Verb, table: Table, columns: Sequence[str]) -> bool | None:
        name = connection.dialect.identifier_preparer.format_table(table)
        asked = [func.has_column_privilege(name, column, verb) for column in columns]
        return all(connection.execute(select(*(asked or [func.has_table_privilege(name, verb)]))).one())

    def meaning(self, error: SQLAlchemyError) -> Meaning | None:
        """libpq gives a sign-in that failed no code; that a password was asked for says so. P0001 is what a trigger raises."""
        code = getattr(getattr(error, "orig", None), "sqlstate", None)
        if code in ("42501", "P0001"):
            return "right" if code == "42501" else "rule"
        if isinstance(error, ProgrammingError):
            return "table"
        failed = getattr(getattr(error, "orig", None), "pgconn", None)
        if failed is not None and (failed.needs_password or failed.used_password):
            return "right"
        return super().meaning(error)

    def trimmed(self, column: Column[Any]) -> ColumnElement[str]:
        text = func.encode(column, "escape") if isinstance(column.type, LargeBinary) else cast(column, String)
        return func.trim(text, BLANKS)
