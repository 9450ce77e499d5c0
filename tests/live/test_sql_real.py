"""The connector for databases of one's own against a real PostgreSQL: the whole kit, and what PostgreSQL does that SQLite does not."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from connectors.testing.harness import Bench
from connectors.testing.kit import ConformanceKit
from connectors.testing.kit.subject import JAN
from connectors.testing.simulators.sql import TABLES, SqlSimulator
from connectors.vendors.sql import Sql
from tests.live.servers.postgres import ASKED_FOR_A_PASSWORD, Postgres
from topics.outcomes import Outcome

PEOPLE = {"table": "crm.people", "kind": "contact", "keys": {"email": "email", "customer_id": "number"}}
MADE = (
    "create schema crm",
    "create table crm.people (id uuid primary key default gen_random_uuid(), email varchar(80), number char(12))",
    "create table crm.notes (id serial primary key, person uuid references crm.people on delete cascade)",
    "insert into crm.people (email, number) values (E'\\tJan@Voorbeeld.nl', null), ('els@x.nl', 'C-1001'), ('anna.jan@voorbeeld.nl', null)",
    "insert into crm.notes (person) select id from crm.people where number is not null",
)


@pytest.fixture(scope="module", autouse=True)
def server(postgres: Postgres) -> Iterator[None]:
    TestSqlOnPostgres.simulator = staticmethod(lambda: SqlSimulator(postgres.new_database()))
    yield


class TestSqlOnPostgres(ConformanceKit):
    connector = Sql
    settings = {"url": "postgresql://localhost/shop", "tables": TABLES}
    dated = ("invoice", "order", "payment")


def crm(postgres: Postgres, *more: str) -> tuple[Bench, SqlSimulator]:
    simulator = SqlSimulator(postgres.new_database())
    run(simulator.url, *MADE, *more)
    return Bench(Sql, simulator, {"url": "postgresql://localhost/shop", "tables": [PEOPLE]}, "https://database.test"), simulator


def run(url: str, *statements: str) -> list[Any]:
    engine = create_engine(url)
    with engine.begin() as connection:
        answers = [connection.execute(text(statement)) for statement in statements]
        rows = answers[-1].all() if answers and answers[-1].returns_rows else []
    engine.dispose()
    return rows


def test_a_table_of_another_schema_a_uuid_and_a_padded_column_are_found(postgres: Postgres) -> None:
    bench, simulator = crm(postgres, "delete from crm.notes")
    answer = bench.carry_out(JAN.subject())
    assert [Outcome.ERASED, Outcome.ERASED] == [record.outcome for record in answer.records]
    assert [("anna.jan@voorbeeld.nl",)] == run(simulator.url, "select email from crm.people")


def test_a_cascade_from_another_schema_is_seen(postgres: Postgres) -> None:
    bench, simulator = crm(postgres)
    answer = bench.carry_out({"customer_id": ["C-1001"]})
    assert [Outcome.FAILED] == [record.outcome for record in answer.records]
    assert "crm.notes" in (answer.records[0].reason or "")
    assert [(1,)] == run(simulator.url, "select count(*) from crm.notes")


RIGHTS = (
    "drop role if exists clerk",
    "create role clerk login",
    "grant usage on schema crm to clerk",
    "grant select on crm.people, crm.notes to clerk",
)


def test_the_rights_of_the_user_are_told_without_writing(postgres: Postgres) -> None:
    bench, simulator = crm(postgres, *RIGHTS, "grant delete, update (email) on crm.people to clerk")
    owner, simulator.url = simulator.url, simulator.url.replace("postgres@", "clerk@")
    bench.settings = {**bench.settings, "tables": [{**PEOPLE, "strip": ["email"]}]}
    assert [("DELETE on crm.people", True), ("UPDATE (email) on crm.people", True)] == [(one.name, one.held) for one in bench.rights()]
    bench.settings = {**bench.settings, "tables": [{**PEOPLE, "clear": ["email", "number"]}]}
    assert [("UPDATE (email, number) on crm.people", False)] == [(one.name, one.held) for one in bench.rights()]
    run(owner, "drop owned by clerk")


def test_a_user_who_may_only_read_fails_and_everything_is_still_there(postgres: Postgres) -> None:
    bench, simulator = crm(postgres, "delete from crm.notes", *RIGHTS)
    owner, simulator.url = simulator.url, simulator.url.replace("postgres@", "clerk@")
    assert {Outcome.FAILED} == {record.outcome for record in bench.carry_out(JAN.subject()).records}
    assert [(3,)] == run(owner, "select count(*) from crm.people")
    run(owner, "drop owned by clerk")


def test_rows_that_a_policy_hides_are_never_nothing_found(postgres: Postgres) -> None:
    bench, simulator = crm(postgres, *RIGHTS, "alter table crm.people enable row level security")
    owner, simulator.url = simulator.url, simulator.url.replace("postgres@", "clerk@")
    answer = bench.carry_out(JAN.subject())
    assert (Outcome.FAILED, ()) == (answer.outcome, answer.records)
    run(owner, "drop owned by clerk")


@pytest.mark.parametrize("given", ["", ":wrong"])
def test_a_credential_that_is_wrong_is_told_as_such(postgres: Postgres, given: str) -> None:
    bench, simulator = crm(
        postgres, f"drop role if exists {ASKED_FOR_A_PASSWORD}", f"create role {ASKED_FOR_A_PASSWORD} login password 'right'"
    )
    simulator.url = simulator.url.replace("postgres@", f"{ASKED_FOR_A_PASSWORD}{given}@")
    answer = bench.carry_out(JAN.subject())
    assert (Outcome.FAILED, ()) == (answer.outcome, answer.records)
    assert "lacks the right" in (answer.reason or "")


BYTES = (
    "create table people (id bytea primary key, email bytea, number text)",
    "create table calls (id serial primary key, person bytea references people)",
    "insert into people values ('\\x00ff', convert_to(E' J\u00d6RG@Voorbeeld.nl', 'UTF8'), null), ('abc', 'els@x.nl', '1')",
    "insert into calls (person) select id from people",
)


def test_columns_of_bytes_are_found_followed_and_erased(postgres: Postgres) -> None:
    simulator = SqlSimulator(postgres.new_database())
    run(simulator.url, *BYTES)
    tables = [{**PEOPLE, "table": "people"}, {"table": "calls", "kind": "visit", "parents": {"person": "people"}}]
    bench = Bench(Sql, simulator, {"url": "postgresql://localhost/shop", "tables": tables}, "https://database.test")
    assert {Outcome.ERASED} == {record.outcome for record in bench.carry_out({"email": ["j\u00f6rg@voorbeeld.nl"]}).records}
    assert [(b"abc",)] == run(simulator.url, "select person from calls") == run(simulator.url, "select id from people")


@pytest.mark.parametrize("name", ["public.people", "People"])
def test_a_table_is_called_as_the_database_calls_it(postgres: Postgres, name: str) -> None:
    """Else what hangs from it would not be seen."""
    simulator = SqlSimulator(postgres.new_database())
    run(simulator.url, "create table people (id int primary key, email text, number text)")
    bench = Bench(Sql, simulator, {"url": "postgresql://localhost/shop", "tables": [{**PEOPLE, "table": name}]}, "https://database.test")
    answer = bench.carry_out(JAN.subject())
    assert (Outcome.FAILED, ()) == (answer.outcome, answer.records) and "processors.tables" in (answer.reason or "")
