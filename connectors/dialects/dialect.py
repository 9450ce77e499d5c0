"""Any database that SQLAlchemy speaks to: what is common to all, and what each of those beside this file does in its own way."""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy import CHAR, Column, ColumnElement, Connection, Engine, String, Table, cast, create_engine, func, inspect
from sqlalchemy.engine import URL, Inspector
from sqlalchemy.exc import ArgumentError, CompileError, DataError, IntegrityError, InvalidRequestError, ProgrammingError, SQLAlchemyError

from connectors.ports import Reference

Verb = Literal["DELETE", "UPDATE"]
Meaning = Literal["right", "rule", "value", "table"]
"""Why a database refused: our user lacks the right, a rule forbids it, a value does not fit, or the table is not as it was."""

BLANKS = " \t\n\r\f\v\xa0"


class Dialect:
    """Any database that SQLAlchemy speaks to: what is common to all. `typed`: a column holds values of its type only."""

    typed = True

    def engine(self, url: URL, timeout: float) -> Engine:
        """An engine that changes nothing of the database's setup. `timeout` in seconds, where the driver can be told."""
        return create_engine(url, pool_pre_ping=True, hide_parameters=True)

    def reflected(self, column: dict[str, Any]) -> None:
        """What SQLAlchemy reads of a column, to be put right."""

    def references(self, connection: Connection, schemas: Collection[str | None]) -> Iterator[Reference]:
        """Every foreign key that the database declares, in whatever schema. `schemas`: those of our tables; None: the default one.

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
        if isinstance(error, ArgumentError | CompileError | InvalidRequestError):  # what is there is beyond SQLAlchemy
            return "table"
        return "right" if isinstance(error, ProgrammingError) else None

    def trimmed(self, column: Column[Any]) -> ColumnElement[str]:
        """The text of a column without outer blanks."""
        text: ColumnElement[str] = cast(column, String)
        for blank in BLANKS[1:]:
            text = func.replace(text, blank, " ")
        return func.trim(text)

    def shown(self, column: Column[Any], value: Any) -> Any:
        """A value as it is told, alike by columns of whatever type: bytes by `text_of`, 7.00 as 7, text that is padded without that."""
        if isinstance(value, bytes | memoryview):
            return text_of(bytes(value))
        if isinstance(value, float | Decimal) and math.isfinite(value) and value == int(value):
            return int(value)
        return value.rstrip(" ") if isinstance(value, str) and isinstance(column.type, CHAR) else value

    def beside(self, connection: Connection, table: Table) -> Mapping[Column[Any], Any]:
        """What a change must set besides, so that the database changes no other column of its own accord."""
        return {}


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
