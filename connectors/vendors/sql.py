"""Tables of your own: CMS, CRM, web shop, log-in data, monitoring contacts. Facts and doubts: docs/vendors/sql.md."""

import datetime as dt
from collections.abc import Mapping
from typing import Literal, get_args

from connectors import contract
from connectors.contract import Connector, Kind, Outcome, Record, Records, Reference, Row, State, Subject
from connectors.tables import Hit, KindName, RowKey, Table, TableSettings, above, can_be_searched, empty


class Sql(Connector[TableSettings]):
    spec = contract.Spec(
        name="sql", kind="database", kinds=tuple(Kind(name) for name in get_args(KindName)), identifiers=("email", "customer_id"),
        not_covered=("tables and columns that are not configured, files beside it, earlier versions of rows, replicas, dumps and backups",),
        calls_per_minute=6000, docs="https://docs.sqlalchemy.org", checked=dt.date(2026, 11, 28), erased_as_located=True,
    )  # fmt: skip
    opens = "database"
    located: Mapping[RowKey, str] | None = None

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

        def keep(table: Table, row: Row, told: list[str]) -> None:
            hit = Hit(table, {name: row[name] for name in keys[table.table]}, row, table.lasting(row, told))
            hits.setdefault((table.table, *map(str, hit.key.values())), hit)

        for table in tables.values():
            kinds = table.told_by
            where = {column: [value for kind in some for value in subject.values(kind)] for column, some in kinds.items()}
            for row in await self.database.select(table.table, where) if where else []:
                if told := [column for column in where if any(subject.matches(kind, row[column]) for kind in kinds[column])]:
                    keep(table, row, told)
        known = -1
        while known < len(hits):  # what hangs from a row, and what hangs from that
            known = len(hits)
            for link in links:
                if ids := {key[1] for key in hits if key[0] == link.target}:
                    for row in await self.database.referring(link.table, link.columns[0], sorted(ids)):
                        keep(tables[link.table], row, [*link.columns])
        self.located = {one: hit.ref for one, hit in hits.items()}
        higher = above(hits, [*links, *await self.database.references()])
        for one in sorted(hits, key=lambda one: -len(higher[one])):  # what hangs from a row goes before it
            yield hits[one].record(hits[other] for other in sorted(higher[one]))

    @property
    def strips(self) -> Mapping[str, frozenset[str]]:
        return self.settings.strips

    async def erase(self, record: Record) -> Literal[Outcome.ANONYMISED] | None:
        at = self.settings.place(record)
        if not at.table.stripped:
            await self.database.delete(at.table.table, at.key)
            return None
        await self.database.update(at.table.table, at.key, at.table.change(at.key))
        return Outcome.ANONYMISED

    async def strip(self, record: Record, keep: frozenset[str]) -> None:
        await empty(self.database, self.settings.place(record), keep)

    async def peek(self, record: Record) -> State:
        at = self.settings.place(record)
        return at.state(await self.database.row(at.table.table, at.key), self.located)

    async def rights(self) -> list[contract.Right]:
        needed = [(table.table, need) for table in self.settings.tables for need in table.needs]
        return [contract.Right(name, "erase", await self.database.may(verb, table, of)) for table, (name, verb, of) in needed]

    def planned_call(self, record: Record) -> str:
        return (at := self.settings.place(record)).table.statement(at.key)
