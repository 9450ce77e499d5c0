"""Tables of your own: CMS, CRM, web shop, log-in data, monitoring contacts. Facts and doubts: docs/vendors/sql.md."""

import datetime as dt
import json
from collections.abc import Callable, Mapping
from typing import Any, Literal, get_args

from connectors import contract
from connectors.contract import Connector, Kind, Misread, Outcome, Record, Records, Reference, Row, State, Subject
from connectors.tables import Hit, KindName, RowKey, Table, TableSettings, above, can_be_searched, empty


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
        can_be_searched(tables, links, subject)

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

    @property
    def strips(self) -> Mapping[str, frozenset[str]]:
        return self.settings.strips

    async def erase(self, record: Record) -> Literal[Outcome.ANONYMISED] | None:
        table, key, _, _ = self._place(record)
        if not table.stripped:
            await self.database.delete(table.table, key)
            return None
        await self.database.update(table.table, key, table.change(key))
        return Outcome.ANONYMISED

    async def strip(self, record: Record, keep: frozenset[str]) -> None:
        table, key, column, _ = self._place(record)
        await empty(self.database, table.table, key, {*table.strip} - keep - {column})  # but for that by which it is known again

    async def peek(self, record: Record) -> State | None:
        table, key, column, value = self._place(record)
        if (row := await self.database.row(table.table, key)) is None:
            return State.GONE
        if table.stripped and all(str(row[name]) == str(wanted) for name, wanted in table.change(key).items()):
            return State.ANONYMISED
        if str(row[column]) != value and table.stripped:
            raise Misread(f"A row of {table.table} was changed by somebody else meanwhile, so it cannot be told whose it is.")
        return State.PRESENT if str(row[column]) == value else State.GONE  # its key was given to another row since

    async def rights(self) -> list[contract.Right]:
        needed = [(table.table, *need) for table in self.settings.tables for need in table.needs]
        return [contract.Right(name, "erase", await self.database.may(verb, table, columns)) for table, name, verb, columns in needed]

    def planned_call(self, record: Record) -> str:
        return (place := self._place(record))[0].statement(place[1])

    def _place(self, record: Record) -> tuple[Table, Row, str, str]:
        name, key, column, value = json.loads(record.ref)
        for table in self.settings.tables:
            if table.table == name:
                return table, key, column, value
        raise Misread("A row was found in a table that is no longer under [[processors.tables]].")
