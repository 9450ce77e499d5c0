"""The connector for databases of one's own against a real MariaDB: the whole kit, and what MySQL does that the others do not."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from connectors.database import DatabaseAccount
from connectors.evidence import Evidence
from connectors.testing.harness import Bench
from connectors.testing.kit import ConformanceKit
from connectors.testing.kit.subject import JAN
from connectors.testing.simulators.sql import TABLES, SqlSimulator
from connectors.vendors.sql import Sql
from tests.live.conftest import or_left_out
from tests.live.servers.mariadb import MariaDb
from topics.outcomes import Outcome
from topics.sealing import Key

URL = "mysql://localhost/shop"
PEOPLE = {"table": "people", "kind": "contact", "keys": {"email": "email", "customer_id": "number"}}
MADE = (
    "create table people (id binary(16) primary key, email varchar(40) not null, number int)",
    "create table notes (id int auto_increment primary key, person binary(16),"
    " foreign key (person) references people (id) on delete cascade)",
    "insert into people values (x'00ff00ff00ff00ff00ff00ff00ff00ff', '\\tJan@Voorbeeld.nl', null), ('sixteen letters!', 'els@x.nl', 1001),"
    " ('another person 3', 'anna.jan@voorbeeld.nl', 10010)",
    "insert into notes (person) select id from people",
)


@pytest.fixture(scope="module")
def mariadb() -> Iterator[MariaDb]:
    with or_left_out(MariaDb) as server:
        yield server


@pytest.fixture(scope="module", autouse=True)
def server(mariadb: MariaDb) -> Iterator[None]:
    TestSqlOnMariaDb.simulator = staticmethod(lambda: SqlSimulator(mariadb.new_database()))
    yield


class TestSqlOnMariaDb(ConformanceKit):
    connector = Sql
    settings = {"url": URL, "tables": TABLES}
    dated = ("invoice", "order", "payment")


class Shop:
    """A database made by statements, and one case on it. `tables`: as configured."""

    def __init__(self, mariadb: MariaDb, *more: str, tables: list[dict[str, Any]] | None = None, made: tuple[str, ...] = MADE) -> None:
        self.server, self.simulator = mariadb, SqlSimulator(mariadb.new_database())
        self.owner = self.simulator.url
        self.name = self.owner.rpartition("/")[2]
        self.run(*made, *more)
        self.bench = Bench(Sql, self.simulator, {"url": URL, "tables": tables or [PEOPLE]}, "https://database.test")

    def run(self, *statements: str) -> list[tuple[Any, ...]]:
        engine = create_engine(self.owner)
        with engine.begin() as connection:
            answers = [connection.execute(text(statement)) for statement in statements]
            rows = [tuple(row) for row in answers[-1].all()] if answers and answers[-1].returns_rows else []
        engine.dispose()
        return rows

    def as_user(self, user: str, *grants: str, password: str = "") -> None:
        self.run(f"create or replace user {user}", *(grant.format(here=self.name, user=user) for grant in grants))
        self.simulator.url = self.owner.replace("root@", f"{user}{':' if password else ''}{password}@")

    def account(self) -> DatabaseAccount:
        return self.simulator.account(self.bench.time)


def outcomes(answer: Any) -> list[tuple[str, str]]:
    return sorted((record.kind, record.outcome.value) for record in answer.records)


NOTES = {"table": "notes", "kind": "comment", "parents": {"person": "people"}}


def test_keys_of_bytes_are_found_followed_and_erased(mariadb: MariaDb) -> None:
    shop = Shop(mariadb, tables=[PEOPLE, NOTES])
    answer = shop.bench.carry_out({"email": ["jan@voorbeeld.nl"], "customer_id": ["1001"]})
    assert [("comment", "erased")] * 2 + [("contact", "erased")] * 2 == outcomes(answer)
    assert [("anna.jan@voorbeeld.nl",)] == shop.run("select email from people")
    assert [(1,)] == shop.run("select count(*) from notes")


def test_a_row_that_would_be_deleted_along_keeps_its_parent(mariadb: MariaDb) -> None:
    shop = Shop(mariadb)
    answer = shop.bench.carry_out({"customer_id": ["1001"]})
    assert [("contact", "failed")] == outcomes(answer) and "notes" in (answer.records[0].reason or "")
    assert [(3,)] == shop.run("select count(*) from notes")


def test_a_row_of_another_database_that_would_be_deleted_along_is_seen(mariadb: MariaDb) -> None:
    shop = Shop(mariadb, "delete from notes")
    other = mariadb.new_database().rpartition("/")[2]
    reference = f"foreign key (person) references {shop.name}.people (id) on delete cascade"
    mariadb.run(f"create table {other}.calls (id int primary key, person binary(16), {reference})")
    mariadb.run(f"insert into {other}.calls values (1, 'sixteen letters!')")
    answer = shop.bench.carry_out({"customer_id": ["1001"]})
    assert [("contact", "failed")] == outcomes(answer) and f"{other}.calls" in (answer.records[0].reason or "")
    mariadb.run(f"drop database {other}")


HIDDEN = ("select, delete on {here}.people", "select on {here}.*", "select on *.*", "references on {here}.people")


@pytest.mark.parametrize("granted", HIDDEN)
def test_a_user_to_whom_foreign_keys_are_hidden_fails_before_anything_cascades(mariadb: MariaDb, granted: str) -> None:
    shop = Shop(mariadb)
    shop.as_user("clerk", "grant select, delete on {here}.people to {user}", f"grant {granted} to {{user}}")
    answer = shop.bench.carry_out({"customer_id": ["1001"]})
    assert (Outcome.FAILED, ()) == (answer.outcome, answer.records)
    assert "REFERENCES" in (answer.reason or "")
    assert [(3,)] == shop.run("select count(*) from notes")


@pytest.mark.parametrize("right", ["references", "insert", "update", "delete", "all privileges"])
def test_a_right_on_the_whole_database_shows_every_foreign_key(mariadb: MariaDb, right: str) -> None:
    shop = Shop(mariadb)
    shop.as_user(
        "clerk", "grant select on {here}.* to {user}", "grant delete on {here}.people to {user}", f"grant {right} on {{here}}.* to {{user}}"
    )
    answer = shop.bench.carry_out({"customer_id": ["1001"]})
    assert "notes would be deleted along" in (answer.records[0].reason or "")
    assert [(3,)] == shop.run("select count(*) from notes")


def test_foreign_keys_of_every_database_with_a_configured_table_must_be_shown(mariadb: MariaDb) -> None:
    shop, home = Shop(mariadb), mariadb.new_database()
    shop.bench.settings = {"url": URL, "tables": [{**PEOPLE, "table": f"{shop.name}.people"}]}
    shop.as_user("clerk", f"grant all on {home.rpartition('/')[2]}.* to {{user}}", "grant select, delete on {here}.people to {user}")
    shop.simulator.url = home.replace("root@", "clerk@")
    answer = shop.bench.carry_out({"customer_id": ["1001"]})
    assert (Outcome.FAILED, ()) == (answer.outcome, answer.records) and f"{shop.name} hides" in (answer.reason or "")
    assert [(3,)] == shop.run("select count(*) from notes")
    shop.simulator.url = mariadb.url("")  # none in the URL
    answer = shop.bench.carry_out({"customer_id": ["1001"]})
    assert "notes would be deleted along" in (answer.records[0].reason or "")


GRANTED: dict[str, tuple[str, ...]] = {
    "of the table": ("grant select, delete, update (email, number) on {here}.people to {user}", "grant references on {here}.* to {user}"),
    "of the database": ("grant select, delete, update on {here}.* to {user}",),
    "of a pattern": ("grant all privileges on `erasure\\_%`.* to {user}",),
    "of the server": ("grant select, delete, update on *.* to {user}",),
    "by a role": (
        "create or replace role eraser", "grant all on {here}.* to eraser", "grant eraser to {user}", "set default role eraser for {user}",
    ),
}  # fmt: skip


@pytest.mark.parametrize("how", GRANTED)
def test_the_rights_of_the_user_are_told_without_writing(mariadb: MariaDb, how: str) -> None:
    emptied = {**PEOPLE, "strip": ["email"]}
    shop = Shop(mariadb, tables=[emptied])
    shop.as_user("clerk", *GRANTED[how])
    assert [("DELETE on people", True), ("UPDATE (email) on people", True)] == [(one.name, one.held) for one in shop.bench.rights()]


@pytest.mark.parametrize(
    ("granted", "told"),
    [
        ("select, update (email)", [False, False]),
        ("select, delete, update (number)", [True, False]),
        ("select, delete history", [False, False]),
    ],
)
def test_a_right_that_is_lacking_is_told(mariadb: MariaDb, granted: str, told: list[bool]) -> None:
    shop = Shop(mariadb, tables=[{**PEOPLE, "strip": ["email", "number"]}])
    shop.as_user("clerk", f"grant {granted} on {{here}}.people to {{user}}", "grant references on {here}.* to {user}")
    assert told == [one.held for one in shop.bench.rights()]


def test_a_user_who_may_only_read_fails_and_everything_is_still_there(mariadb: MariaDb) -> None:
    shop = Shop(mariadb, "delete from notes")
    shop.as_user("clerk", "grant select, references on {here}.* to {user}")
    answer = shop.bench.carry_out(JAN.subject())
    assert {Outcome.FAILED} == {record.outcome for record in answer.records} and "lacks the right" in (answer.records[0].reason or "")
    assert [(3,)] == shop.run("select count(*) from people")


@pytest.mark.parametrize("given", ["clerk:wrong@", "nobody@"])
def test_a_credential_that_is_wrong_is_told_as_such(mariadb: MariaDb, given: str) -> None:
    shop = Shop(mariadb, "create or replace user clerk identified by 'right'")
    shop.simulator.url = shop.owner.replace("root@", given)
    answer = shop.bench.carry_out(JAN.subject())
    assert (Outcome.FAILED, ()) == (answer.outcome, answer.records)
    assert "lacks the right" in (answer.reason or "")


def test_a_value_that_does_not_fit_is_refused_and_not_cut_off(mariadb: MariaDb) -> None:
    """This server's own mode would cut it off."""
    shop = Shop(mariadb, tables=[{**PEOPLE, "anonymise": {"email": "x" * 41}, "clear": ["number"]}])
    answer = shop.bench.carry_out({"customer_id": ["1001"]})
    assert [("contact", "refused")] == outcomes(answer) and "does not fit" in (answer.records[0].reason or "")
    assert [("els@x.nl", 1001)] == shop.run("select email, number from people where number = 1001")


def test_a_column_that_may_not_be_empty_is_not_emptied(mariadb: MariaDb) -> None:
    shop = Shop(mariadb, tables=[{**PEOPLE, "anonymise": {"number": 0}, "clear": ["email"]}])
    answer = shop.bench.carry_out({"customer_id": ["1001"]})
    assert [("contact", "failed")] == outcomes(answer) and "forbids" in (answer.records[0].reason or "")
    assert [("els@x.nl",)] == shop.run("select email from people where number = 1001")


def test_a_rule_of_the_table_is_told_as_such(mariadb: MariaDb) -> None:
    shop = Shop(mariadb, "alter table people add check (number > 5)", tables=[{**PEOPLE, "anonymise": {"email": "x-{id}", "number": 0}}])
    answer = shop.bench.carry_out({"customer_id": ["1001"]})
    assert "forbids" in (answer.records[0].reason or "")


async def test_a_moment_is_told_with_its_zone_and_a_date_without(mariadb: MariaDb) -> None:
    """New Year's Eve in Amsterdam: the year that a hold counts from hangs on it."""
    made = "create table bills (id int primary key, at timestamp null, wall datetime)"
    shop = Shop(
        mariadb, "set time_zone = '+01:00'", "insert into bills values (1, '2026-01-01 00:30:00', '2026-01-01 00:30:00')", made=(made,)
    )
    account = shop.account()
    row = await account.door(Evidence(Key("case/1", bytes(32)))).row("bills", {"id": "1"})
    assert row == {"id": 1, "at": datetime(2025, 12, 31, 23, 30, tzinfo=UTC), "wall": datetime.fromisoformat("2026-01-01 00:30")}


@pytest.mark.parametrize("stored", ["JÖRG@VOORBEELD.NL", "jo\u0308rg@voorbeeld.nl", "\r\n Jörg@Voorbeeld.nl \f"])
@pytest.mark.parametrize(
    "column", ["varchar(80) collate utf8mb4_bin", "varchar(80) collate utf8mb4_turkish_ci", "varbinary(80)", "text", "tinyblob"]
)
def test_an_address_is_found_in_a_column_of_whatever_kind(mariadb: MariaDb, column: str, stored: str) -> None:
    made = (
        f"create table people (id int primary key, email {column}, number int)",
        f"insert into people values (1, '{stored}', 1), (2, 'jarg@voorbeeld.nl', 2)",
    )
    shop = Shop(mariadb, made=made)
    assert [("contact", "erased")] == outcomes(shop.bench.carry_out({"email": ["jörg@voorbeeld.nl"]}))
    assert [(2,)] == shop.run("select id from people")


def test_a_table_of_another_letter_case_is_refused(mariadb: MariaDb) -> None:
    shop = Shop(mariadb, tables=[{**PEOPLE, "table": "People"}])
    answer = shop.bench.carry_out(JAN.subject())
    assert (Outcome.FAILED, ()) == (answer.outcome, answer.records)


def test_a_thousand_rows_are_followed_in_several_statements(mariadb: MariaDb) -> None:
    many = "insert into people select unhex(lpad(hex(seq), 32, '0')), 'many@x.nl', 7 from seq_1_to_1100"
    shop = Shop(mariadb, "delete from notes", many, "insert into notes (person) select id from people", tables=[PEOPLE, NOTES])
    answer = shop.bench.carry_out({"customer_id": ["7"]})
    assert {("comment", "erased"): 1100, ("contact", "erased"): 1100} == {one: outcomes(answer).count(one) for one in outcomes(answer)}


def test_a_row_that_would_not_be_found_again_by_its_key_is_never_told(mariadb: MariaDb) -> None:
    made = ("create table people (id float primary key, email text, number int)", "insert into people values (0.1, 'els@x.nl', 1001)")
    answer = Shop(mariadb, made=made).bench.carry_out({"customer_id": ["1001"]})
    assert (Outcome.FAILED, ()) == (answer.outcome, answer.records) and "found again" in (answer.reason or "")


REFUSES = (
    "create trigger refuse before delete on people for each row begin if old.number = 1001 then signal sqlstate '45000'; end if; end",
    "delete from notes",
)


def test_what_a_trigger_refuses_is_told_so_and_the_rest_goes_on(mariadb: MariaDb) -> None:
    shop = Shop(mariadb, *REFUSES)
    answer = shop.bench.carry_out({"email": ["jan@voorbeeld.nl"], "customer_id": ["1001", "nan", "123456789012345678901234567890"]})
    assert [("contact", "erased"), ("contact", "failed")] == outcomes(answer)
    assert "a trigger refuses it" in "".join(record.reason or "" for record in answer.records)


def test_the_date_of_a_kept_row_is_not_moved_by_stripping_it(mariadb: MariaDb) -> None:
    made = (
        "create table people (id int primary key, email varchar(40), number int, memo text,"
        " at timestamp default '2025-06-01' on update current_timestamp)",
        "insert into people (id, email, number, memo) values (1, 'els@x.nl', 1001, 'tea')",
    )
    shop = Shop(mariadb, tables=[{**PEOPLE, "kind": "invoice", "date_column": "at", "strip": ["memo"]}], made=made)
    shop.bench.rules = [TestSqlOnMariaDb().hold("invoice")]
    assert [("invoice", "held")] == outcomes(shop.bench.carry_out({"customer_id": ["1001"]}))
    assert [(None, datetime.fromisoformat("2025-06-01"))] == shop.run("select memo, at from people")


def test_what_has_no_date_in_the_way_of_mysql_waits_for_a_person(mariadb: MariaDb) -> None:
    made = ("create table people (id int primary key, email text, number int, at datetime)", "insert into people values (1, '', 7, 0)")
    shop = Shop(mariadb, tables=[{**PEOPLE, "kind": "invoice", "date_column": "at"}], made=made)
    shop.bench.rules = [TestSqlOnMariaDb().hold("invoice")]
    assert [("invoice", "needs_person")] == outcomes(shop.bench.carry_out({"customer_id": ["7"]}))


def test_a_url_that_cannot_be_used_fails_before_anything(mariadb: MariaDb) -> None:
    shop = Shop(mariadb)
    for query in ("ssl_ca=/nowhere.pem", "ssl_mode=REQUIRED"):
        shop.simulator.url = f"{shop.owner}?{query}"
        answer = shop.bench.carry_out(JAN.subject())
        assert (Outcome.FAILED, ()) == (answer.outcome, answer.records) and "as its url says" in (answer.reason or "")
