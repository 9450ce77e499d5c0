"""Tables of a database of your own: what `[[processors.tables]]` says of one, a row that was found, and what hangs from what."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from pydantic import Field, model_validator

from connectors.contract import AnyDatabaseUrl, Database, Misread, NeedsIdentifier, Record, Reference, Refused, Row, Settings, State, Text
from topics.subject import Subject, normalise

KindName = Literal[
    "attachment", "comment", "contact", "customer", "forward", "invoice", "mailbox", "message", "order", "payment", "subscriber",
    "ticket", "user", "visit",
]  # fmt: skip
RowKey = tuple[str, ...]
"""A row among all that were found: its table, and the values of its primary key."""


class Table(Settings):
    """One table. `keys`: the columns that hold an identifier, by its kind; `parents`: those that hold the primary key of a parent's row.

    `strip`: the columns that no duty needs, emptied where the row is kept.
    """

    table: Text
    kind: KindName
    keys: dict[str, str | tuple[str, ...]] = {}
    parents: dict[str, str] = {}
    date_column: str | None = None
    anonymise: dict[str, Any] = {}
    clear: tuple[str, ...] = ()
    strip: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _can_be_told(self) -> "Table":
        if not self.keys and not self.parents:
            raise ValueError("needs keys or parents: without them no row can be told to be a person's")
        if "name" in self.keys:
            raise ValueError("must not be searched by name: namesakes would be erased")
        if self.stripped and not {*self.parents, *self.told_by} <= self.stripped:
            raise ValueError("must anonymise or clear every column under keys and parents: else the row still is the person's")
        if {*self.strip} & {*self.parents, self.date_column}:
            raise ValueError(
                "must not strip its date_column or a column under parents: what a row hangs from, and until when, must be seen"
            )
        return self

    @property
    def told_by(self) -> dict[str, tuple[str, ...]]:
        """Column → the kinds of identifier that it may hold."""
        told: dict[str, tuple[str, ...]] = {}
        for kind, given in self.keys.items():
            for column in [given] if isinstance(given, str) else given:
                told[column] = (*told.get(column, ()), kind)
        return told

    @property
    def stripped(self) -> set[str]:
        """The columns that are changed where a row is anonymised; none where it is deleted."""
        return {*self.anonymise, *self.clear}

    def change(self, key: Row) -> Row:
        """What an anonymised row holds: `{id}` in a text is filled from its primary key."""
        return {name: v.format_map(key) if isinstance(v, str) else v for name, v in self.anonymise.items()} | dict.fromkeys(self.clear)

    @property
    def needs(self) -> list[tuple[str, Literal["DELETE", "UPDATE"], list[str]]]:
        """What our user must be allowed here: a right by its name, its verb, and the columns that it is for (none: whole rows)."""
        changed = sorted(self.stripped | {*self.strip})
        needed: list[tuple[str, Literal["DELETE", "UPDATE"], list[str]]] = []
        if not self.stripped:
            needed.append((f"DELETE on {self.table}", "DELETE", []))
        if changed:
            needed.append((f"UPDATE ({', '.join(changed)}) on {self.table}", "UPDATE", changed))
        return needed

    def statement(self, key: Row) -> str:
        """What erasing a row comes to, without a value."""
        where = " AND ".join(f"{name} = ?" for name in key)
        change = ", ".join([*(f"{name} = ?" for name in self.anonymise), *(f"{name} = NULL" for name in self.clear)])
        return f"UPDATE {self.table} SET {change} WHERE {where}" if change else f"DELETE FROM {self.table} WHERE {where}"

    def lasting(self, row: Row, told: list[str]) -> str:
        """The column by which a later look sees that it is the same row: whatever told of it, one that is not stripped.

        A number before an address, which people change.
        """
        stay = [name for name in (*self.told_by, *self.parents) if name not in self.strip and row[name] is not None]
        return min(stay or told, key=lambda name: "email" in self.told_by.get(name, ()))

    def check(self, key: tuple[str, ...], columns: tuple[str, ...], is_parent: bool) -> None:
        """Hold what is configured against the table as it is.

        Raises:
            Misread: they do not fit.
        """
        missing = {*self.told_by, *self.parents, *self.stripped, *self.strip, *([self.date_column] if self.date_column else [])} - {
            *columns
        }
        if missing:
            raise Misread(f"The table {self.table} has no column {min(missing)}; look at [[processors.tables]].")
        if (self.stripped | {*self.strip}) & {*key} or (is_parent and len(key) != 1):
            raise Misread(f"The primary key of {self.table} must not be changed, and as a parent's it must be one column.")
        try:
            self.change(dict.fromkeys(key, ""))
        except (LookupError, ValueError):
            raise Misread(f"A text under anonymise of {self.table} names what is not in its primary key.") from None


class TableSettings(Settings):
    """The settings of a processor that is a database."""

    url: AnyDatabaseUrl = Field(repr=False)
    tables: tuple[Table, ...] = ()

    @model_validator(mode="after")
    def _each_once(self) -> "TableSettings":
        names = [table.table for table in self.tables]
        if not names:
            raise ValueError("needs at least one table under [[processors.tables]]")
        if len(set(names)) < len(names):
            raise ValueError("has a table twice under [[processors.tables]]; a row can have one fate only")
        if not {parent for table in self.tables for parent in table.parents.values()} <= set(names):
            raise ValueError("names under parents a table that is not under [[processors.tables]]")
        return self

    @property
    def strips(self) -> dict[str, frozenset[str]]:
        """By kind, the columns that no duty needs in any of its tables."""
        kinds = {table.kind for table in self.tables if table.strip}
        return {kind: frozenset(column for table in self.tables if table.kind == kind for column in table.strip) for kind in kinds}

    def place(self, record: Record) -> "Place":
        """Where the row stands that a record tells of.

        Raises:
            Misread: in a table that is no longer configured.
        """
        name, key, column, value = json.loads(record.ref)
        for table in self.tables:
            if table.table == name:
                return Place(table, key, column, value)
        raise Misread("A row was found in a table that is no longer under [[processors.tables]].")


def can_be_searched(tables: Mapping[str, Table], links: list[Reference], subject: Subject) -> None:
    """Whether every table can, by what was sent or by what hangs from what.

    Raises:
        NeedsIdentifier: one cannot.
    """
    searched = {name for name, table in tables.items() if subject.kinds() & table.keys.keys()}
    while more := {link.table for link in links if link.target in searched} - searched:
        searched |= more
    for name in sorted(tables.keys() - searched):
        raise NeedsIdentifier(f"To search the table {name} it needs one of: {', '.join(tables[name].keys) or 'those of its parents'}.")


@dataclass(frozen=True)
class Place:
    """Where a row stands, as `Record.ref` tells it: its table, its primary key, and the `value` in the `column` that told whose it is."""

    table: Table
    key: Row = field(repr=False)
    column: str
    value: str = field(repr=False)

    @property
    def ref(self) -> str:
        """As `TableSettings.place` reads it."""
        return json.dumps([self.table.table, self.key, self.column, self.value])

    def state(self, row: Row | None, located: Mapping[RowKey, str] | None) -> State:
        """How the row stands that has that key now. `located`: the subject's rows, and their `ref`; None: nobody was searched for.

        Raises:
            Misread: somebody else changed it, so that nobody knows whose it is.
        """
        if row is None:
            return State.GONE
        table = self.table
        if table.stripped and all(_same(row[name], wanted) for name, wanted in table.change(self.key).items()):
            return State.ANONYMISED
        key = (table.table, *map(str, self.key.values()))
        as_before = (located or {}).get(key, self.ref) == self.ref  # else it would be one row and two records
        if as_before and normalise("email", str(row[self.column])) == normalise("email", self.value):
            return State.PRESENT
        if located is None or table.stripped or not as_before:
            raise Misread(f"A row of {table.table} was changed by somebody else meanwhile, so it cannot be told whose it is.")
        return State.GONE  # its key was given to another row since


def _same(there: Any, wanted: Any) -> bool:
    """Whether a column holds what was wanted of it, as it tells it: 0 as 0.00, false as 0, a moment in another zone."""
    if isinstance(there, datetime) and isinstance(wanted, datetime) and None in (there.tzinfo, wanted.tzinfo):
        there, wanted = there.replace(tzinfo=None), wanted.replace(tzinfo=None)
    return bool(there == wanted) or str(there) == str(wanted)


async def empty(database: Database, at: Place, keep: frozenset[str]) -> None:
    """Empty in one row what its table strips, but for `keep` and that by which it is known again, and look whether it is empty.

    Writes nothing where it is already.

    Raises:
        Refused: it is not, and will not be by waiting.
    """
    table, columns = at.table.table, {*at.table.strip} - keep - {at.column}
    row = await database.row(table, at.key) or {}
    if full := {name: None for name in sorted(columns) if row.get(name) not in (None, "")}:
        try:
            await database.update(table, at.key, full)
        except Refused as error:
            raise Refused(error.reason) from None  # for good: no column becomes nullable by waiting
        row = await database.row(table, at.key) or {}
    if any(row.get(name) not in (None, "") for name in columns):
        raise Refused(f"Columns of {table} that were emptied are not empty.")


@dataclass(frozen=True)
class Hit:
    """A row of the subject; `column` holds what told so."""

    table: Table
    key: Row
    row: Row
    column: str

    @property
    def ref(self) -> str:
        """By which a later look asks for it: its key, and what tells that it is the same row.

        Raises:
            Misread: its primary key is empty.
        """
        if None in self.key.values():
            raise Misread(f"A row of {self.table.table} has nothing in its primary key, so it cannot be told from another.")
        return Place(self.table, {name: str(value) for name, value in self.key.items()}, self.column, str(self.row[self.column])).ref

    def record(self, above: Iterable["Hit"]) -> Record:
        """As the worker sees it.

        Raises:
            Misread: its primary key is empty, or no date can be read in its date column.
        """
        above = list(above)
        return Record(self.table.kind, self.ref, self._since(above), tuple((hit.table.kind, hit.ref) for hit in above) or None)

    def _since(self, above: list["Hit"]) -> date | datetime | None:
        """What a hold counts from. Without a column for it: that of the row of its kind that it hangs from, as a line has its bill's."""
        same = [hit for hit in above if hit.table.kind == self.table.kind]
        days = [
            _day(hit.row[hit.table.date_column], hit.table.table)
            for hit in ([self] if self.table.date_column else same)
            if hit.table.date_column
        ]
        return None if None in days else max(days, key=str, default=None)


def _day(value: Any, table: str) -> date | datetime | None:
    try:
        read = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        read = value
    if read is None or isinstance(read, date):
        return read
    if isinstance(read, str) and (not read.strip() or read.startswith("0000-00-00")):  # MySQL's way of saying that there is none
        return None
    raise Misread(f"A row of {table} holds no date in its date column.")


def above(hits: Mapping[RowKey, Hit], links: Iterable[Reference]) -> dict[RowKey, set[RowKey]]:
    """For each row those that it hangs from, and those that these hang from."""
    links = list(links)
    at = {
        (link.target, link.target_columns, _values(hit, link.target_columns)): key
        for link in links
        for key, hit in hits.items()
        if hit.table.table == link.target
    }
    found: dict[RowKey, set[RowKey]] = {key: set() for key in hits}
    for key in hits:
        todo = [key]
        while todo:
            hit = hits[todo.pop()]
            asked = [(link.target, link.target_columns, _values(hit, link.columns)) for link in links if link.table == hit.table.table]
            new = {at[one] for one in asked if None not in one[2] and one in at} - found[key] - {key}
            found[key] |= new
            todo += new
    return found


def _values(hit: Hit, columns: tuple[str, ...]) -> tuple[str | None, ...]:
    return tuple(None if (value := hit.row[column]) is None else str(value) for column in columns)
