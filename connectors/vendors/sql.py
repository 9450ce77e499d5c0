"""Tables of your own: CMS, CRM, web shop, log-in data, monitoring contacts. Facts and doubts: docs/vendors/sql.md."""

import datetime as dt
import json
from collections.abc import Callable, Mapping
from typing import Any, Literal, get_args

from connectors import contract
from connectors.contract import Connector, Kind, Misread, NeedsIdentifier, Outcome, Record, Records, Reference, Refused, Row, State, Subject
from connectors.tables import Hit, KindName, RowKey, Table, TableSettings, above


class Sql(Connector[TableSettings]):
    spec = contract.Spec(
        name="sql", kind="database", kinds=tuple(Kind(name) for name in get_args(KindName)), identifiers=("email", "customer_id"),
        not_covered=("tables and columns that are not configured, files beside the database, replicas, dumps and backups",),
        calls_per_minute=6000, docs="https://docs.sqlalchemy.org", checked=dt.date(2026, 11, 22), erased_as_located=True,
    )  # fmt: skip
    opens = "database"

    @property
    def identifiers(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(kind for table in self.settings.tables for kind in table.keys))

    async def locate(self, subject: Subject) -> Records:
        tables, hits = {table.table: table for table in self.settings.tables}, dict[RowKey, Hit]()
        keys = {name: await self.database.primary_key(name) for name in tables}
        links = [Reference(name, (column,), of, keys[of], False) for name, table in tables.items() for column, of in table.parents.items()]
        for name, table in tables.items():
            table.check(keys[name], await self.database.columns(name), any(link.target == name for link in links))
        self._can_be_searched(tables, links, subject)

        async def look(table: Table, where: dict[str, Any], fits: Callable[[str, Any], bool]) -> None:
            for row in await self.database.select(table.table, where) if where else []:
                if told := [column for column in where if fits(column, row[column])]:
                    hit = Hit(table, {name: row[name] for name in keys[table.table]}, row, table.lasting(row, told))
                    hits.setdefault((table.table, *map(str, hit.key.values())), hit)

        for table in tables.values():
            kinds = table.told_by
            where = {column: [value for kind in some for value in subject.values(kind)] for column, some in kinds.items()}
            await look(table, where, lambda column, value, kinds=kinds: any(subject.matches(kind, value) for kind in kinds[column]))  # type: ignore[misc]
        known = -1
        while known < len(hits):  # what hangs from a row, and what hangs from that
            known = len(hits)
            for link in links:
                if ids := {key[1] for key in hits if key[0] == link.target}:
                    await look(tables[link.table], {link.columns[0]: sorted(ids)}, lambda _, value, ids=ids: str(value) in ids)  # type: ignore[misc]
        higher = above(hits, [*links, *await self.database.references()])
        for one in sorted(hits, key=lambda one: -len(higher[one])):  # what hangs from a row goes before it
            yield hits[one].record(hits[other] for other in sorted(higher[one]))

    @staticmethod
    def _can_be_searched(tables: dict[str, Table], links: list[Reference], subject: Subject) -> None:
        searched = {name for name, table in tables.items() if subject.kinds() & table.keys.keys()}
        while more := {link.table for link in links if link.target in searched} - searched:
            searched |= more
        for name in sorted(tables.keys() - searched):
            raise NeedsIdentifier(f"To search the table {name} it needs one of: {', '.join(tables[name].keys) or 'those of its parents'}.")

    @property
    def strips(self) -> Mapping[str, frozenset[str]]:
        named = [(table.kind, frozenset(table.strip)) for table in self.settings.tables if table.strip]
        return {kind: frozenset[str]().union(*(columns for of, columns in named if of == kind)) for kind, _ in named}

    async def erase(self, record: Record) -> Literal[Outcome.ANONYMISED] | None:
        table, key, _, _ = self._place(record)
        if not table.stripped:
            await self.database.delete(table.table, key)
            return None
        await self.database.update(table.table, key, table.change(key))
        return Outcome.ANONYMISED

    async def strip(self, record: Record, keep: frozenset[str]) -> None:
        table, key, column, _ = self._place(record)
        goes = [name for name in table.strip if name not in keep and name != column]  # by which it is known again
        row = await self.database.row(table.table, key) or {}
        if full := {name: None for name in goes if row.get(name) not in (None, "")}:
            try:
                await self.database.update(table.table, key, full)
            except Refused as error:  # no column becomes empty by waiting
                raise Refused(error.reason) from None
            row = await self.database.row(table.table, key) or {}
        if any(row.get(name) not in (None, "") for name in goes):
            raise Refused(f"Columns of {table.table} that were emptied are not empty.")

    async def peek(self, record: Record) -> State | None:
        table, key, column, value = self._place(record)
        row = await self.database.row(table.table, key)
        if row is None:
            return State.GONE
        if table.stripped and all(str(row[name]) == str(wanted) for name, wanted in table.change(key).items()):
            return State.ANONYMISED
        if str(row[column]) != value and table.stripped:
            raise Misread(f"A row of {table.table} was changed by somebody else meanwhile, so it cannot be told whose it is.")
        return State.PRESENT if str(row[column]) == value else State.GONE  # its key was given to another row since

    async def rights(self) -> list[contract.Right]:
        told = []
        for table in self.settings.tables:
            if not table.stripped:
                told.append(contract.Right(f"DELETE on {table.table}", "erase", await self.database.may("DELETE", table.table)))
            if columns := sorted({*table.stripped, *table.strip}):
                held = await self.database.may("UPDATE", table.table, columns)
                told.append(contract.Right(f"UPDATE ({', '.join(columns)}) on {table.table}", "erase", held))
        return told

    def planned_call(self, record: Record) -> str:
        table, key, _, _ = self._place(record)
        where = " AND ".join(f"{name} = ?" for name in key)
        change = ", ".join([*(f"{name} = ?" for name in table.anonymise), *(f"{name} = NULL" for name in table.clear)])
        return f"UPDATE {table.table} SET {change} WHERE {where}" if change else f"DELETE FROM {table.table} WHERE {where}"

    def _place(self, record: Record) -> tuple[Table, Row, str, str]:
        name, key, column, value = json.loads(record.ref)
        for table in self.settings.tables:
            if table.table == name:
                return table, key, column, value
        raise Misread("A row was found in a table that is no longer under [[processors.tables]].")
