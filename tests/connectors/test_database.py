"""The door to a database of your own: what is found, and what can never happen to another row. On SQLite."""

import asyncio
import logging
import sqlite3
import weakref
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from threading import Thread
from typing import Any

import httpx
import pytest
from sqlalchemy import event

from connectors.contract import AnyDatabaseUrl, Connector, Kind, Record, Settings, Spec, State, Subject
from connectors.database import DatabaseAccount, DatabaseDoor
from connectors.dialects import engine_to
from connectors.errors import Gone, Misread, Refused, Transient
from connectors.evidence import Evidence
from connectors.http import Limits
from connectors.leave import READING, Leave
from connectors.pace import Pace
from connectors.ports import Reference
from connectors.testing.harness import Time
from connectors.testing.kit import ConformanceKit
from connectors.testing.simulator import Call, Person, Simulator
from connectors.worker import Account
from topics.sealing import Key

SHOP = """
create table users (id integer primary key, email text, number text, born date);
create table orders (id integer primary key, user integer not null references users(id));
create table loose (email text);
insert into users values (1, ' Jan@Voorbeeld.nl ', 'C-1', '1980-02-03');
insert into users values (2, 'xjan@voorbeeld.nl', 'C-2', null), (3, 'els@x.nl', 'C-3', null);
insert into orders values (10, 3);
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    file = tmp_path / "shop.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(SHOP)
    return file


class Shop:
    """A door on that file."""

    def __init__(self, file: Path, seconds: float = 30.0) -> None:
        time, self.file = Time(), file
        self.evidence = Evidence(Key("case/1", bytes(32)))
        engine = engine_to(f"sqlite:///{file}", seconds)
        self.account = DatabaseAccount("shop", engine, Pace(1_000_000, time, time.sleep), Limits(seconds, timedelta(minutes=1)), time)
        self.door = DatabaseDoor(self.account, self.evidence)

    def ids(self) -> set[int]:
        with closing(sqlite3.connect(self.file)) as connection:
            return {id for (id,) in connection.execute("select id from users")}


@pytest.fixture
def opened(shop: Path) -> Iterator[Shop]:
    box = Shop(shop)
    yield box
    box.account.close()


async def test_rows_are_found_by_any_of_several_columns_whatever_the_case_and_the_blanks(opened: Shop) -> None:
    rows = await opened.door.select("users", {"email": ["jan@voorbeeld.nl"], "number": ["c-3"]})
    assert {1: "1980-02-03", 3: None} == {row["id"]: row["born"] for row in rows}


async def test_a_table_that_another_case_is_just_reading_in_is_never_seen_half(opened: Shop) -> None:
    found, others = [], list[Thread]()

    def meanwhile(*_: Any) -> None:
        if not others:
            others.append(Thread(target=lambda: found.append(asyncio.run(opened.door.primary_key("users")))))
            others[0].start()
            others[0].join(0.5)  # it waits for us, or is done by then

    event.listen(opened.account.tables, "column_reflect", meanwhile)
    assert ("id",) == await opened.door.primary_key("users")
    others[0].join(30)
    assert [("id",)] == found


async def test_a_value_is_never_taken_for_sql(opened: Shop) -> None:
    assert [] == await opened.door.select("users", {"email": ["x') or ('1'='1"]})


async def test_exactly_one_row_is_deleted_and_a_second_time_it_is_gone(opened: Shop) -> None:
    await opened.door.delete("users", {"id": "1"})
    assert {2, 3} == opened.ids()
    with pytest.raises(Gone):
        await opened.door.delete("users", {"id": "1"})


async def test_exactly_one_row_is_changed(opened: Shop) -> None:
    await opened.door.update("users", {"id": 1}, {"email": None, "number": ""})
    row = await opened.door.row("users", {"id": 1})
    assert row and (None, "") == (row["email"], row["number"])
    assert await opened.door.row("users", {"id": 9}) is None


async def test_a_row_from_which_others_hang_is_refused_and_stays(opened: Shop) -> None:
    with pytest.raises(Refused, match="hangs from it"):
        await opened.door.delete("users", {"id": 3})
    assert {1, 2, 3} == opened.ids()


@pytest.mark.parametrize("key", [{}, {"email": "els@x.nl"}, {"id": 1, "email": "els@x.nl"}, {"id": "x"}])
async def test_nothing_is_deleted_by_anything_but_the_whole_primary_key(opened: Shop, key: dict[str, str]) -> None:
    with pytest.raises(Misread):
        await opened.door.delete("users", key)
    assert {1, 2, 3} == opened.ids()


async def test_a_table_or_column_that_is_not_there_is_misread_and_never_nothing_found(opened: Shop) -> None:
    for table, column in (("userz", "email"), ("users", "mail")):
        with pytest.raises(Misread, match=r"processors\.tables"):
            await opened.door.select(table, {column: ["jan@voorbeeld.nl"]})


async def test_every_foreign_key_is_told_with_what_it_would_take_along(opened: Shop) -> None:
    with closing(sqlite3.connect(opened.file)) as connection:
        connection.executescript("create table notes (id integer primary key, user int references Users on delete cascade)")
    orders, notes = Reference("orders", ("user",), "users", ("id",), False), Reference("notes", ("user",), "users", ("id",), True)
    assert {orders, notes} == set(await opened.door.references())
    assert ("id", "email", "number", "born") == await opened.door.columns("users")


async def test_a_row_is_not_deleted_while_another_would_go_along(opened: Shop) -> None:
    with closing(sqlite3.connect(opened.file)) as connection:
        connection.executescript("create table notes (user int references users on delete cascade); insert into notes values (1)")
    with pytest.raises(Refused, match="of notes would be deleted along"):
        await opened.door.delete("users", {"id": 1})
    assert {1, 2, 3} == opened.ids()


def run(file: Path, script: str) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(script)


async def test_a_foreign_key_to_what_is_not_there_hinders_nobody_else(opened: Shop) -> None:
    run(opened.file, "create table a (id integer primary key, u int references gone(id)); create table b (u int references loose(id));")
    assert ("id", "u") == await opened.door.columns("a")
    assert {"orders"} == {reference.table for reference in await opened.door.references()}
    await opened.door.delete("users", {"id": 1})


async def test_a_row_from_which_others_would_be_changed_along_is_not_changed(opened: Shop) -> None:
    """They may be held by law."""
    run(opened.file, "create unique index u on users(number); create table bills (c text references users(number) on update cascade);")
    run(opened.file, "insert into bills values ('C-1'), (null); update users set number = null where id = 2;")
    with pytest.raises(Refused, match="of bills would be changed along"):
        await opened.door.update("users", {"id": 1}, {"number": None})
    await opened.door.update("users", {"id": 1}, {"email": None})
    await opened.door.update("users", {"id": 2}, {"number": "C-9"})


async def test_a_computed_column_is_never_said_to_be_changed(opened: Shop) -> None:
    run(opened.file, "alter table users add column low text generated always as (lower(email))")
    with pytest.raises(Misread, match="computed"):
        await opened.door.update("users", {"id": 1}, {"low": None})


async def test_a_table_that_was_altered_meanwhile_is_told_and_read_anew(opened: Shop) -> None:
    await opened.door.row("users", {"id": 1})
    run(opened.file, "alter table users rename column born to birthday")
    with pytest.raises(Misread, match="not as it was"):
        await opened.door.row("users", {"id": 1})
    assert "birthday" in (await opened.door.row("users", {"id": 1}) or {})


async def test_a_table_without_a_primary_key_cannot_be_used(opened: Shop) -> None:
    assert ("id",) == await opened.door.primary_key("users")
    with pytest.raises(Misread, match="no primary key"):
        await opened.door.primary_key("loose")


async def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    box = Shop(tmp_path / "none.db")
    with pytest.raises(Transient):
        await box.door.select("users", {"email": ["x"]})
    assert not box.file.exists()


async def test_every_answer_of_a_database_moves_its_command(opened: Shop) -> None:
    """Else a long healthy case there would look stuck (`Consumer.hung`)."""
    moved: list[bool] = []
    door = opened.account.door(Evidence(Key("case/1", bytes(32)), lambda: moved.append(True)))
    await door.select("users", {"email": ["x"]})
    await door.row("users", {"id": 1})
    assert 2 == len(moved)


async def test_a_locked_database_is_told_in_time(shop: Path) -> None:
    with closing(sqlite3.connect(shop)) as other:
        other.execute("begin exclusive")
        with pytest.raises(Transient):
            await Shop(shop, 0.01).door.delete("users", {"id": 1})


async def test_calls_are_kept_as_evidence_and_no_value_is_logged(opened: Shop, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        await opened.door.select("users", {"email": ["jan@voorbeeld.nl"]})
    assert 1 == opened.evidence.calls().count
    assert "shop SELECT users 1" in caplog.text and "voorbeeld" not in caplog.text.lower()


class UserSettings(Settings):
    url: AnyDatabaseUrl


class Users(Connector[UserSettings]):
    spec = Spec("users", "database", (Kind("user"),), ("email",), 600, "https://shop.example", date(2026, 11, 22))
    settings_model = UserSettings
    opens = "database"

    async def locate(self, subject: Subject) -> AsyncIterator[Record]:
        for row in await self.database.select("users", {"email": subject.values("email")}):
            if subject.matches("email", row["email"]):
                yield Record("user", str(row["id"]))

    async def erase(self, record: Record) -> None:
        await self.database.delete("users", {"id": record.ref})

    async def peek(self, record: Record) -> State:
        return State.PRESENT if await self.database.row("users", {"id": record.ref}) else State.GONE


class ShopSimulator(Simulator):
    """The shop's file, seeded; and an account that counts what is written, or lies."""

    def __init__(self) -> None:
        super().__init__()
        folder = mkdtemp()
        weakref.finalize(self, rmtree, folder)
        self.file = Path(folder) / "shop.db"
        self._run("create table users (id integer primary key, email text)")

    def _run(self, sql: str, *values: str) -> list[Any]:
        with closing(sqlite3.connect(self.file)) as connection, connection:
            return connection.execute(sql, values).fetchall()

    def seed(self, person: Person) -> None:
        for _ in range(2):
            self._run("insert into users (email) values (?)", person.email)

    def traces(self, person: Person) -> Counter[str]:
        return Counter(user=self._run("select count(*) from users where lower(email) = lower(?)", person.email)[0][0])

    def account(self, time: Time) -> Account:
        return Watched(self)


class Watched(DatabaseAccount):
    def __init__(self, simulator: ShopSimulator) -> None:
        time, engine = Time(), engine_to(f"sqlite:///{simulator.file}", 30.0)
        super().__init__("users", engine, Pace(1_000_000, time, time.sleep), Limits(30.0, timedelta(minutes=1)), time)
        self.simulator = simulator

    def door(self, evidence: Evidence, leave: Leave = READING) -> DatabaseDoor:
        return WatchedDoor(self, evidence, leave)


class WatchedDoor(DatabaseDoor):
    async def delete(self, table: str, key: Mapping[str, Any]) -> None:
        assert isinstance(self._account, Watched)
        simulator = self._account.simulator
        simulator.calls.append(Call(httpx.Request("DELETE", "https://database.test/"), writing=True))
        if not simulator.liar:
            await super().delete(table, key)


class TestUsers(ConformanceKit):
    connector = Users
    simulator = ShopSimulator
    settings = {"url": "sqlite:///shop.db"}
