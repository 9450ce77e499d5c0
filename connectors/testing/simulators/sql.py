"""A web shop's own database, as real SQLite or PostgreSQL: one table of each kind, hanging from one another, some anonymised."""

import weakref
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

import httpx
from sqlalchemy import Column, Date, ForeignKey, Integer, MetaData, String, Table, create_engine, func, insert, select
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.event import listen

from connectors.database import DatabaseAccount, DatabaseDoor
from connectors.dialects import engine_to
from connectors.evidence import Evidence
from connectors.http import Limits
from connectors.leave import READING, Leave
from connectors.pace import Pace
from connectors.testing.simulator import Call, Person, Simulator

_shop = MetaData()


def _table(name: str, *columns: Column[Any]) -> Table:
    return Table(name, _shop, Column("id", Integer, primary_key=True), *columns)


_CHILDREN = {"forward": "forwards", "mailbox": "mailboxes", "message": "messages", "ticket": "tickets", "visit": "visits"}
_users = _table("users", Column("email", String(200)), Column("number", String(40)), Column("full_name", String(200)))
_customers = _table("customers", Column("number", String(40)), Column("email", String(200)), Column("user_id", ForeignKey("users.id")))
_orders = _table("orders", Column("customer_id", ForeignKey("customers.id"), nullable=False), Column("placed_on", Date))
_invoices = _table("invoices", Column("order_id", ForeignKey("orders.id"), nullable=False), Column("dated", Date))
_payments = _table("payments", Column("invoice_id", ForeignKey("invoices.id"), nullable=False), Column("paid_on", Date))
_contacts = _table("contacts", Column("email", String(200)), Column("number", String(40)))
_subscribers = _table("subscribers", Column("email", String(200)), Column("number", String(40)))
_comments = _table("comments", Column("author", String(200)), Column("author_name", String(200)), Column("text", String(200)))
_attachments = _table("attachments", Column("ticket_id", Integer), Column("file", String(200)))  # no foreign key is declared here
for _name in _CHILDREN.values():
    _table(_name, Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False))

TABLES: list[dict[str, Any]] = [
    {"table": "users", "kind": "user", "keys": {"email": "email", "customer_id": "number"}},
    {"table": "customers", "kind": "customer", "keys": {"email": "email", "customer_id": "number"}, "parents": {"user_id": "users"}},
    {"table": "orders", "kind": "order", "parents": {"customer_id": "customers"}, "date_column": "placed_on"},
    {"table": "invoices", "kind": "invoice", "parents": {"order_id": "orders"}, "date_column": "dated"},
    {"table": "payments", "kind": "payment", "parents": {"invoice_id": "invoices"}, "date_column": "paid_on"},
    {"table": "contacts", "kind": "contact", "keys": {"email": ["email"], "customer_id": "number"}},
    {"table": "subscribers", "kind": "subscriber", "keys": {"email": "email", "customer_id": "number"}},
    {
        "table": "comments",
        "kind": "comment",
        "keys": {"email": "author", "customer_id": "author"},
        "anonymise": {"author": "erased-{id}@invalid.example"},
        "clear": ["author_name"],
    },
    {"table": "attachments", "kind": "attachment", "parents": {"ticket_id": "tickets"}},
    *({"table": table, "kind": kind, "parents": {"user_id": "users"}} for kind, table in _CHILDREN.items()),
]
"""What `[[processors.tables]]` says of it."""


def _in_haste(engine: Engine) -> Engine:
    """A SQLite file that need not outlive the machine: nothing waits for the disk."""
    if engine.dialect.name == "sqlite":
        listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))
    return engine


class SqlSimulator(Simulator):
    """`url`: an empty database; a SQLite file of its own unless given."""

    def __init__(self, url: str | None = None) -> None:
        super().__init__()
        if url is None:
            folder = mkdtemp()
            weakref.finalize(self, rmtree, folder)
            url = f"sqlite:///{Path(folder) / 'shop.db'}"
        self.url = url
        self.engine = _in_haste(create_engine(make_url(url)))
        weakref.finalize(self, self.engine.dispose)
        _shop.create_all(self.engine)

    def _put(self, table: Table, **values: Any) -> int:
        with self.engine.begin() as connection:
            key = connection.execute(insert(table).values(**values)).inserted_primary_key
        assert key
        return int(key[0])

    def seed(self, person: Person) -> None:
        user = self._put(_users, email=person.email, number=person.customer_id, full_name=person.name)
        customer = self._put(_customers, number=person.customer_id, email=f" {person.email.title()}", user_id=user)
        for _ in range(2):
            order = self._put(_orders, customer_id=customer, placed_on=person.since)
            self._put(_payments, invoice_id=self._put(_invoices, order_id=order, dated=person.since), paid_on=person.since)
        self._put(_contacts, email=person.email, number=person.customer_id)
        self._put(_subscribers, email=person.email.upper(), number=person.customer_id)
        self._put(_comments, author=person.email, author_name=person.name, text="Mooi!")
        ids = {name: self._put(_shop.tables[name], user_id=user) for name in _CHILDREN.values()}
        self._put(_attachments, ticket_id=ids["tickets"], file="scan.pdf")

    def traces(self, person: Person) -> Counter[str]:
        address = person.email.lower()
        with self.engine.connect() as connection:

            def ids(table: Table, column: str, of: set[Any]) -> set[int]:
                here = table.columns[column]
                text = func.lower(func.trim(here)) if isinstance(here.type, String) else here
                return set(connection.scalars(select(table.columns["id"]).where(text.in_(of))))

            users, customers = ids(_users, "email", {address}), ids(_customers, "email", {address})
            orders = ids(_orders, "customer_id", customers)
            invoices = ids(_invoices, "order_id", orders)
            tickets = ids(_shop.tables["tickets"], "user_id", users)
            found = {kind: ids(_shop.tables[name], "user_id", users) for kind, name in _CHILDREN.items()}
            found |= {"user": users, "customer": customers, "order": orders, "invoice": invoices}
            found |= {"payment": ids(_payments, "invoice_id", invoices), "attachment": ids(_attachments, "ticket_id", tickets)}
            by_address = {"contact": (_contacts, "email"), "subscriber": (_subscribers, "email"), "comment": (_comments, "author")}
            found |= {kind: ids(table, column, {address}) for kind, (table, column) in by_address.items()}
            return Counter({kind: len(some) for kind, some in found.items()})

    def account(self, time: Any) -> DatabaseAccount:
        return _Watched(self, time)


class _Watched(DatabaseAccount):
    """The real account; what is written is counted, and on order not done."""

    def __init__(self, simulator: SqlSimulator, time: Any) -> None:
        engine = _in_haste(engine_to(simulator.url, 30.0))
        super().__init__("sql", engine, Pace(1_000_000, time, time.sleep), Limits(30.0, timedelta(minutes=1)), time)
        self.simulator = simulator

    def door(self, evidence: Evidence, leave: Leave = READING) -> DatabaseDoor:
        return _WatchedDoor(self, evidence, leave, self.simulator)


class _WatchedDoor(DatabaseDoor):
    def __init__(self, account: DatabaseAccount, evidence: Evidence, leave: Leave, simulator: SqlSimulator) -> None:
        super().__init__(account, evidence, leave)
        self._simulator = simulator

    async def delete(self, table: str, key: Mapping[str, Any]) -> None:
        if self._told_to_write("DELETE"):
            await super().delete(table, key)

    async def update(self, table: str, key: Mapping[str, Any], change: Mapping[str, Any]) -> None:
        if self._told_to_write("PATCH"):
            await super().update(table, key, change)

    def _told_to_write(self, method: str) -> bool:
        self._simulator.calls.append(Call(httpx.Request(method, "https://database.test/"), writing=True))
        return not self._simulator.liar
