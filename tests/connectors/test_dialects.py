"""Databases of whatever make: the whole kit on one that we know nothing of, and values that databases tell differently."""

import sqlite3
import weakref
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from connectors.contract import Misread
from connectors.database import DatabaseAccount, DatabaseDoor
from connectors.dialects import engine_to
from connectors.dialects.dialect import bytes_of, text_of
from connectors.evidence import Evidence
from connectors.http import Limits
from connectors.pace import Pace
from connectors.testing.harness import Time
from connectors.testing.kit import ConformanceKit
from connectors.testing.simulators.sql import TABLES, SqlSimulator
from connectors.vendors.sql import Sql
from topics.sealing import Key


class Unheard(SQLiteDialect_pysqlite):
    """A database of another name, so that nothing is known of it but what SQLAlchemy says."""

    name = "unheard"
    supports_statement_cache = True

    def get_schema_names(self, connection: Any, **options: Any) -> list[str]:
        raise NotImplementedError  # as that of Firebird


registry.register("unheard", __name__, "Unheard")


def new_database() -> SqlSimulator:
    folder = Path(mkdtemp())
    simulator = SqlSimulator(f"unheard:///{folder}/shop.db")
    weakref.finalize(simulator, rmtree, folder)
    return simulator


class TestSqlOnADatabaseThatWeKnowNothingOf(ConformanceKit):
    connector = Sql
    simulator = staticmethod(new_database)
    settings = {"url": "unheard:///shop.db", "tables": TABLES}
    dated = ("invoice", "order", "payment")


@given(st.binary(max_size=40) | st.text(max_size=20).map(str.encode) | st.binary().map(lambda some: f"0x{some.hex()}".encode()))
def test_every_bytes_value_has_a_text_of_its_own(value: bytes) -> None:
    assert value == bytes_of(text_of(value))


@pytest.fixture
def door(tmp_path: Path) -> Iterator[DatabaseDoor]:
    file, time = tmp_path / "shop.db", Time()
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(
            "create table people (id blob primary key, email text);"
            "insert into people values (x'00ff', cast('Jan@Voorbeeld.nl' as blob)), (x'616263', 'IAN@x.nl'), (x'4b', 'els@x.nl');"
            "create table loose (id blob primary key, email text); insert into loose values ('text', 'jan@voorbeeld.nl');"
            "create table logins (email text, at datetime, number real, seen date, primary key (email, at));"
            "insert into logins values ('jan@voorbeeld.nl', '2025-01-01 10:00:00', 1001, null), ('els@x.nl', '1', null, ''),"
            " ('els@x.nl', '2', null, 1748772000), ('els@x.nl', '3', null, '2025-01-01 10:00:00');"
            "insert into people values (x'6c', cast(x'6af6726740782e6e6c' as text));"
            "create table visits (id integer primary key, person);"
            "insert into visits select id, case when id % 2 then '7' else 7 end from"
            " (with recursive n(id) as (select 1 union all select id + 1 from n where id < 2500) select id from n)"
        )
    account = DatabaseAccount("shop", engine_to(f"sqlite:///{file}", 30.0), Pace(10**6, time, time.sleep), Limits(30.0, timedelta(1)), time)
    yield account.door(Evidence(Key("case/1", bytes(32))))
    account.close()


async def test_an_address_that_stands_there_as_bytes_is_told_as_text(door: DatabaseDoor) -> None:
    assert [{"id": "0x00ff", "email": "Jan@Voorbeeld.nl"}] == await door.select("people", {"email": ["jan@voorbeeld.nl"]})


async def test_a_row_with_a_key_of_bytes_is_deleted_and_no_other(door: DatabaseDoor) -> None:
    await door.delete("people", {"id": "0x00ff"})
    assert await door.row("people", {"id": "0x00ff"}) is None
    assert 2 == len(await door.select("people", {"email": ["els@x.nl", "ian@x.nl"]}))


@pytest.mark.parametrize("stored", ["\u0131an@x.nl", "IAN@X.NL", "\u0130an@x.nl", "\u212aian@x.nl"])
async def test_letters_that_some_databases_fold_otherwise_hide_no_row(door: DatabaseDoor, stored: str) -> None:
    """Turkish has an i without a dot; the sign of Kelvin is a K."""
    await door.update("people", {"id": "abc"}, {"email": stored})
    assert stored in [row["email"] for row in await door.select("people", {"email": ["ian@x.nl", "kian@x.nl"]})]


async def test_what_refers_to_more_keys_than_fit_a_statement_is_found(door: DatabaseDoor) -> None:
    assert 2500 == len(await door.referring("visits", "person", ["7"]))
    assert 2500 == len(await door.referring("visits", "id", [str(number) for number in range(5000)]))


@pytest.mark.parametrize("name", ["main.people", "People", "peoplez"])
async def test_a_table_is_called_as_the_database_calls_it(door: DatabaseDoor, name: str) -> None:
    """Else what hangs from it would not be seen."""
    with pytest.raises(Misread, match=r"processors\.tables"):
        await door.columns(name)


async def test_a_row_whose_key_would_not_be_found_again_is_never_told(door: DatabaseDoor) -> None:
    """SQLite keeps a text in a column of bytes; to look for those bytes would find nothing, as if the row were gone."""
    with pytest.raises(Misread, match="primary key"):
        await door.select("loose", {"email": ["jan@voorbeeld.nl"]})


async def test_a_row_whose_key_is_a_moment_is_found_again(door: DatabaseDoor) -> None:
    """SQLAlchemy would write it in another way than CURRENT_TIMESTAMP does."""
    (row,) = await door.select("logins", {"email": ["jan@voorbeeld.nl"]})
    await door.delete("logins", {"email": row["email"], "at": row["at"]})
    assert [] == await door.select("logins", {"email": ["jan@voorbeeld.nl"]})


@pytest.mark.parametrize("asked", [["1001"], ["1001", "123456789012345678901234567890", "nan", "1e999"]])
async def test_a_number_is_found_however_the_database_keeps_it_and_whatever_else_is_asked_for(door: DatabaseDoor, asked: list[str]) -> None:
    """Imports make numbers with a point of those that may be empty."""
    assert [1001] == [row["number"] for row in await door.select("logins", {"number": asked})]
    assert [1001] == [row["number"] for row in await door.referring("logins", "number", ["1001"])]


async def test_what_a_column_of_dates_holds_is_read_whatever_it_is(door: DatabaseDoor) -> None:
    assert ["", 1748772000, "2025-01-01 10:00:00"] == [row["seen"] for row in await door.select("logins", {"email": ["els@x.nl"]})]


async def test_a_blank_that_does_not_break_a_line_hides_no_row(door: DatabaseDoor) -> None:
    await door.update("people", {"id": "abc"}, {"email": "\u00a0Jan@x.nl \u00a0"})
    assert ["abc"] == [row["id"] for row in await door.select("people", {"email": ["jan@x.nl"]})]


async def test_text_that_is_no_utf8_is_read_as_old_programs_wrote_it(door: DatabaseDoor) -> None:
    assert ["j\u00f6rg@x.nl"] == [row["email"] for row in await door.select("people", {"email": ["j\u00f6rg@x.nl"]})]


async def test_a_key_in_other_letters_is_not_taken_for_the_same(tmp_path: Path) -> None:
    """The database takes them for one; whether they are nobody knows."""
    file, time = tmp_path / "shop.db", Time()
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript("create table o (id integer primary key, p text collate nocase); insert into o values (1, 'abc');")
    account = DatabaseAccount("shop", engine_to(f"sqlite:///{file}", 30.0), Pace(10**6, time, time.sleep), Limits(30.0, timedelta(1)), time)
    with pytest.raises(Misread, match="other letters"):
        await account.door(Evidence(Key("case/1", bytes(32)))).referring("o", "p", ["ABC"])
    account.close()
