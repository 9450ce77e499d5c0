"""The connector for databases of one's own against a real PostgreSQL: the whole kit, and what PostgreSQL does that SQLite does not."""

from collections.abc import Iterator
from datetime import UTC, datetime
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


SHOP = (
    "create domain nr as int",
    "create table people (id nr primary key, email varchar(80), number int, padded char(9), due numeric(9,2), at timestamptz)",
    "create table purchases (id int primary key, person numeric(9,2), placed date)",
    "insert into people values (1, U&'\\00a0Jan@Voorbeeld.nl', 1001, 'J', 5, now()), (2, 'anna.jan@voorbeeld.nl', 10010, 'J', 5, now())",
    "insert into purchases values (10, 1, '2025-06-01'), (20, 2, '2025-06-01')",
)
PURCHASES = {"table": "purchases", "kind": "order", "parents": {"person": "people"}, "date_column": "placed"}
BUYERS = {**PEOPLE, "table": "people"}


def shop(postgres: Postgres, *tables: dict[str, Any], made: tuple[str, ...] = SHOP) -> tuple[Bench, SqlSimulator]:
    simulator = SqlSimulator(postgres.new_database())
    run(simulator.url, *made)
    return Bench(Sql, simulator, {"url": "postgresql://localhost/shop", "tables": list(tables)}, "https://database.test"), simulator


def test_a_number_of_another_type_links_and_one_too_large_for_its_column_finds_nothing(postgres: Postgres) -> None:
    bench, simulator = shop(postgres, BUYERS, PURCHASES)
    bench.rules = [TestSqlOnPostgres().hold("order")]
    answer = bench.carry_out({**JAN.subject(), "customer_id": ["12345678901", "123456789012345678901234567890"]})
    assert [("order", "held"), ("contact", "held")] == [(record.kind, record.outcome.value) for record in answer.records]
    assert [(2,), (2,)] == run(simulator.url, "select count(*) from people union all select count(*) from purchases")


def test_values_are_known_again_however_the_database_writes_them(postgres: Postgres) -> None:
    change = {"email": "x", "number": 0, "padded": "x", "due": 0, "at": datetime(1990, 1, 1, tzinfo=UTC)}
    bench, _ = shop(postgres, {**BUYERS, "anonymise": change})
    for _ in range(2):
        assert ["anonymised"] == [record.outcome.value for record in bench.carry_out({"email": [JAN.email]}).records]


def test_a_row_that_would_not_be_found_again_by_its_key_is_never_told(postgres: Postgres) -> None:
    made = ("create table people (id real primary key, email text, number int)", "insert into people values (0.1, 'jan@voorbeeld.nl', 1)")
    bench, _ = shop(postgres, BUYERS, made=made)
    answer = bench.carry_out({"email": [JAN.email]})
    assert (Outcome.FAILED, ()) == (answer.outcome, answer.records) and "found again" in (answer.reason or "")


REFUSES = (
    "create function refuse() returns trigger language plpgsql as"
    " $$begin if old.id = 1 then raise exception 'no'; end if; return old; end$$",
    "create trigger refuse before delete on people for each row execute function refuse()",
    "update people set email = 'jan@voorbeeld.nl'",
)


def test_what_a_trigger_refuses_is_told_so_and_the_rest_goes_on(postgres: Postgres) -> None:
    bench, simulator = shop(postgres, BUYERS, made=(*SHOP, *REFUSES))
    answer = bench.carry_out({"email": [JAN.email]})
    assert ["erased", "failed"] == sorted(record.outcome.value for record in answer.records)
    assert "a trigger refuses it" in "".join(record.reason or "" for record in answer.records)
    assert [(1,)] == run(simulator.url, "select id from people")


def test_options_in_the_url_are_kept(postgres: Postgres) -> None:
    bench, simulator = crm(postgres)
    bench.settings = {**bench.settings, "tables": [{**PEOPLE, "table": "people"}]}
    simulator.url += "?options=-csearch_path%3Dcrm"
    answer = bench.carry_out({"customer_id": ["C-1001"]})
    assert "notes would be deleted along" in (answer.records[0].reason or "")


@pytest.mark.parametrize("query", ["sslrootcert=/nowhere.pem&sslmode=verify-full", "ssl_mode=x"])
def test_a_url_that_cannot_be_used_fails_before_anything(postgres: Postgres, query: str) -> None:
    bench, simulator = shop(postgres, BUYERS)
    simulator.url += f"?{query}"
    assert (Outcome.FAILED, ()) == ((answer := bench.carry_out(JAN.subject())).outcome, answer.records)
