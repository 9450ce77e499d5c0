"""Any database that SQLAlchemy speaks to: what is common to all, and what each of those beside this file does in its own way."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, Literal

from sqlalchemy import Column, ColumnElement, Connection, Engine, String, Table, cast, create_engine, func, inspect
from sqlalchemy.engine import URL, Inspector
from sqlalchemy.exc import DataError, IntegrityError, ProgrammingError, SQLAlchemyError

from connectors.ports import Reference

Verb = Literal["DELETE", "UPDATE"]
Meaning = Literal["right", "rule", "value"]
"""Why a database refused: our user lacks the right, a rule of the table forbids it, or a value does not fit its column."""

BLANKS = " \t\n\r\f\v"


class Dialect:
    """Any database that SQLAlchemy speaks to: what is common to all. `typed`: a column holds values of its type only."""

    typed = True

    def engine(self, url: URL, timeout: float) -> Engine:
        """An engine that changes nothing of the database's setup. `timeout` in seconds, where the driver can be told."""
        return create_engine(url, pool_pre_ping=True, hide_parameters=True)

    def references(self, connection: Connection) -> Iterator[Reference]:
        """Every foreign key that the database declares, in whatever schema.

        Raises:
            Denied: it does not show them all to our user.
        """
        inspector = inspect(connection)
        for schema in [None, *_schemas(inspector)]:
            for (_, table), keys in inspector.get_multi_foreign_keys(schema=schema).items():
                for key in keys:
                    rule = str(key.get("options", {}).get("ondelete", ""))
                    target = plain(connection, key["referred_schema"], key["referred_table"])
                    yield reference(plain(connection, schema, table), key["constrained_columns"], target, key["referred_columns"], rule)

    def may(self, connection: Connection, verb: Verb, table: Table, columns: Sequence[str]) -> bool | None:
        """Whether our user has that right on a table, or on all those columns of it; None where the database does not tell."""
        return None

    def meaning(self, error: SQLAlchemyError) -> Meaning | None:
        """Why the database refused; None where it was out of reach, or busy."""
        if isinstance(error, IntegrityError):
            return "rule"
        if isinstance(error, DataError):
            return "value"
        return "right" if isinstance(error, ProgrammingError) else None

    def trimmed(self, column: Column[Any]) -> ColumnElement[str]:
        """The text of a column without outer blanks."""
        text: ColumnElement[str] = cast(column, String)
        for blank in BLANKS[1:]:
            text = func.replace(text, blank, " ")
        return func.trim(text)

    def shown(self, column: Column[Any], value: Any) -> Any:
        """A value as it is told: bytes by `text_of`."""
        return text_of(bytes(value)) if isinstance(value, bytes | memoryview) else value


def _schemas(inspector: Inspector) -> list[str]:
    try:
        return inspector.get_schema_names()
    except NotImplementedError:  # a database may have none
        return []


def plain(connection: Connection, schema: str | None, table: str) -> str:
    """A table as `[[processors.tables]]` names it: one of the default schema by its name alone."""
    default = connection.dialect.default_schema_name
    return table if schema in (None, default) else f"{schema}.{table}"


def reference(table: str, columns: Sequence[str], target: str, target_columns: Sequence[str], on_delete: str) -> Reference:
    """A foreign key, as a connector sees it."""
    return Reference(table, tuple(columns), target, tuple(target_columns), on_delete.upper() == "CASCADE")


def text_of(value: bytes) -> str:
    """The text that the bytes are, or `0x` and their hexadecimal digits where they are none."""
    with suppress(UnicodeDecodeError):
        text = value.decode()
        if not text.startswith("0x") and all(letter.isprintable() or letter in BLANKS for letter in text):
            return text
    return f"0x{value.hex()}"


def bytes_of(text: str) -> bytes:
    """The bytes that `text_of` told.

    Raises:
        ValueError: it did not.
    """
    return bytes.fromhex(text[2:]) if text.startswith("0x") else text.encode()
