"""A database of your own, on real SQLite: the kit, and what can never happen to another row."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from connectors.tables import TableSettings
from connectors.testing.harness import Bench, Crash, settings_of
from connectors.testing.kit import ConformanceKit
from connectors.testing.kit.subject import JAN
from connectors.testing.simulators.sql import TABLES, SqlSimulator
from connectors.vendors.sql import Sql
from topics.commands import Claim
from topics.configuration import load
from topics.outcomes import Evidence, Outcome
from topics.reports import Answered

URL = "sqlite:///shop.db"
EMAIL = {"email": ["jan@voorbeeld.nl"]}
PEOPLE = {"table": "people", "kind": "user", "keys": {"email": "email"}}


class TestSql(ConformanceKit):
    connector = Sql
    simulator = SqlSimulator
    settings = {"url": URL, "tables": TABLES}
    dated = ("invoice", "order", "payment")


class Shop:
    """A database made by `script`, its tables as configured, and one case on it."""

    def __init__(self, script: str, *tables: dict[str, Any]) -> None:
        self.simulator = SqlSimulator()
        self.before: Answered
        self.run(script)
        self.bench = Bench(Sql, self.simulator, {"url": URL, "tables": list(tables)}, "https://database.test")

    def run(self, script: str) -> None:
        with self.simulator.engine.begin() as connection:
            for statement in script.split(";"):
                connection.execute(text(statement))

    def rows(self, table: str) -> list[tuple[Any, ...]]:
        with self.simulator.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(f"select * from {table} order by 1"))]

    def erase(self, subject: Any = None, **how: Any) -> Answered:
        return self.bench.carry_out(subject or EMAIL, **how)


def outcomes(answer: Answered) -> list[tuple[str, str]]:
    return sorted((record.kind, record.outcome.value) for record in answer.records)


MADE = "create table people (id integer primary key, email text, name text);insert into people values (1, 'jan@voorbeeld.nl', 'Jan')"


def test_a_dry_run_shows_each_statement_and_no_value() -> None:
    bench = Bench(Sql, simulator := SqlSimulator(), {"url": URL, "tables": TABLES}, "https://database.test")
    simulator.seed(JAN)
    told = {record.kind: record.reason for record in bench.carry_out(JAN.subject(), mode="dry-run").records}
    assert "DELETE FROM users WHERE id = ?" == told["user"]
    assert "UPDATE comments SET author = ?, author_name = NULL WHERE id = ?" == told["comment"]


def test_an_identifier_is_a_bound_parameter_in_every_statement() -> None:
    shop, seen = Shop(MADE, PEOPLE), list[str]()
    account = shop.simulator.account(shop.bench.time)
    shop.simulator.account = lambda time: account  # type: ignore[method-assign]
    event.listen(account.engine, "before_cursor_execute", lambda _c, _cursor, statement, *_: seen.append(statement))
    shop.erase({"email": ["x@y.nl' or '1'='1", "jan@voorbeeld.nl"]})
    assert [] == shop.rows("people")
    assert len(seen) > 5 and not [statement for statement in seen if "voorbeeld" in statement or "'1'='1" in statement]


@pytest.mark.parametrize("stored", ["\tJAN@voorbeeld.nl \n", "jan@voorbeeld.nl"])
def test_blanks_and_letter_case_around_an_address_do_not_hide_a_row(stored: str) -> None:
    shop = Shop(MADE, PEOPLE)
    shop.run(f"update people set email = '{stored}'")
    assert [("user", "erased")] == outcomes(shop.erase())


@pytest.mark.parametrize("stored", ["JÖRG@VOORBEELD.NL", "jo\u0308rg@voorbeeld.nl", "Jörg@Voorbeeld.nl"])
def test_letters_beyond_ascii_are_compared_here_since_databases_fold_them_differently(stored: str) -> None:
    shop = Shop(MADE, PEOPLE)
    shop.run(f"insert into people values (2, '{stored}', 'J'), (3, 'jarg@voorbeeld.nl', 'J')")
    assert [("user", "erased")] == outcomes(shop.erase({"email": ["jörg@voorbeeld.nl"]}))
    assert [1, 3] == [row[0] for row in shop.rows("people")]


CASCADE = MADE + (
    ";create table notes (id integer primary key, person integer references people(id) on delete cascade, email text)"
    ";insert into notes values (7, 1, 'els@x.nl')"
)


def test_a_row_that_the_database_would_delete_along_keeps_its_parent_and_is_named() -> None:
    shop = Shop(CASCADE, PEOPLE)
    answer = shop.erase()
    assert [("user", "failed")] == outcomes(answer)
    assert "notes" in (answer.records[0].reason or "")
    assert 1 == len(shop.rows("people")) and 1 == len(shop.rows("notes"))


def test_what_hangs_from_a_row_goes_before_it_whatever_the_kinds() -> None:
    notes = {"table": "notes", "kind": "visit", "parents": {"person": "people"}}
    shop = Shop(CASCADE, {**PEOPLE, "kind": "attachment"}, notes)
    assert [("attachment", "erased"), ("visit", "erased")] == outcomes(shop.erase())


def test_a_key_that_another_person_got_since_is_not_erased_again() -> None:
    shop = Shop(MADE, PEOPLE)
    assert [("user", "erased")] == outcomes(shop.erase())
    shop.run("insert into people values (1, 'els@x.nl', 'Els')")
    assert [("user", "erased")] == outcomes(shop.erase())
    assert [(1, "els@x.nl", "Els")] == shop.rows("people")


STRIPPED = {**PEOPLE, "anonymise": {"email": "erased-{id}@invalid.example"}, "clear": ["name"]}


def test_an_anonymised_row_is_told_so_and_left_alone_after() -> None:
    shop = Shop(MADE, STRIPPED)
    for _ in range(2):
        assert [("user", "anonymised")] == outcomes(shop.erase())
    assert [(1, "erased-1@invalid.example", None)] == shop.rows("people")
    assert 1 == shop.simulator.writing_calls


WRITTEN = {"numeric(9,2)": 0, "real": 0.5, "boolean": False, "date": date(1900, 1, 1), "datetime": datetime.fromisoformat("1900-01-01")}


@pytest.mark.parametrize(("column", "value"), WRITTEN.items())
def test_a_value_is_known_again_however_the_database_writes_it(column: str, value: Any) -> None:
    made = MADE.replace("name text", f"name {column}").replace("'Jan'", "1")
    shop = Shop(made, {**PEOPLE, "anonymise": {"email": "x", "name": value}})
    for _ in range(2):
        assert [("user", "anonymised")] == outcomes(shop.erase())
    assert 1 == shop.simulator.writing_calls


def test_a_row_to_anonymise_that_somebody_else_changed_meanwhile_is_not_claimed() -> None:
    shop = Shop(MADE, STRIPPED)
    shop.bench.crash_after_report = True
    with pytest.raises(Crash):
        shop.erase()
    shop.bench.crash_after_report = False
    shop.run("update people set email = 'els@x.nl'")
    answer = shop.erase()
    assert (Outcome.FAILED, ()) == (answer.outcome, answer.records)
    assert [(1, "els@x.nl", "Jan")] == shop.rows("people")


def test_a_table_that_cannot_be_searched_by_what_was_sent_is_named() -> None:
    orders = {"table": "orders", "kind": "order", "keys": {"customer_id": "customer_id"}}
    answer = Shop(MADE, PEOPLE, orders).erase()
    assert Outcome.NEEDS_IDENTIFIER is answer.outcome
    assert "orders" in (answer.reason or "") and "customer_id" in (answer.reason or "")


@pytest.mark.parametrize(
    "table",
    [
        {**PEOPLE, "keys": {"email": "mail"}},
        {**PEOPLE, "table": "persons"},
        {**PEOPLE, "date_column": "born"},
        {**PEOPLE, "anonymise": {"email": "{nr}@invalid.example"}},
        {**PEOPLE, "anonymise": {"email": ""}, "clear": ["id"]},
        {**PEOPLE, "strip": ["phone"]},
        {**PEOPLE, "strip": ["id"]},
    ],
)
def test_what_does_not_fit_the_database_fails_and_is_never_nothing_found(table: dict[str, Any]) -> None:
    shop = Shop(MADE, table)
    answer = shop.erase({"email": ["nobody@x.nl"]})
    assert Outcome.FAILED is answer.outcome and answer.reason


@pytest.mark.parametrize(
    ("stored", "told"), [("2025-06-01", "held"), ("2025-06-01 23:30:00", "held"), ("", "needs_person"), ("0000-00-00", "needs_person")]
)
def test_a_date_may_be_text_and_one_that_is_missing_waits_for_a_person(stored: str, told: str) -> None:
    shop = Shop(MADE, {**PEOPLE, "kind": "invoice", "date_column": "name"})
    shop.run(f"update people set name = nullif('{stored}', '')")
    shop.bench.rules = [TestSql().hold("invoice")]
    assert [("invoice", told)] == outcomes(shop.erase())


BILLED = (
    "create table people (id integer primary key, number text, email text, phone text, memo text);"
    "insert into people values (1, 'C-1', 'jan@voorbeeld.nl', '06', 'likes tea'), (2, 'C-2', 'els@x.nl', '07', '');"
    "create table bills (id integer primary key, person integer references people(id), day text, total text, payer text);"
    "insert into bills values (10, 1, '2025-06-01', '9.95', 'Jan'), (20, 2, '2025-06-01', '5', 'Els')"
)
BUYERS = {**PEOPLE, "kind": "customer", "keys": {"email": "email", "customer_id": "number"}, "strip": ["email", "phone", "memo"]}
BILLS = {"table": "bills", "kind": "invoice", "parents": {"person": "people"}, "date_column": "day", "strip": ["payer"]}


def test_a_kept_row_and_what_it_hangs_from_lose_the_columns_that_no_duty_needs_and_are_still_found() -> None:
    shop = Shop(BILLED, BUYERS, BILLS)
    shop.bench.rules = [TestSql().hold("invoice")]
    for _ in range(2):  # the address is gone by the second: found again by its key, and nothing is written
        answer = shop.erase()
        assert [("customer", "held"), ("invoice", "held")] == outcomes(answer)
        assert {Evidence.VERIFIED} == {record.evidence for record in answer.records}
        assert [(1, "C-1", None, None, None), (2, "C-2", "els@x.nl", "07", "")] == shop.rows("people")
        assert [(10, 1, "2025-06-01", "9.95", None), (20, 2, "2025-06-01", "5", "Els")] == shop.rows("bills")
        assert 2 == shop.simulator.writing_calls
    shop.bench.time.now = datetime(2033, 1, 1, 12, tzinfo=UTC)
    assert [("customer", "erased"), ("invoice", "erased")] == outcomes(shop.erase())
    assert [2, 20] == [row[0] for name in ("people", "bills") for row in shop.rows(name)]


def held(*tables: dict[str, Any], made: str = BILLED) -> Shop:
    """A shop after the first round of a case that the law keeps the bill of."""
    shop = Shop(made, *tables)
    shop.bench.rules = [TestSql().hold("invoice")]
    shop.before = shop.erase()
    assert [("customer", "held"), ("invoice", "held")] == outcomes(shop.before)
    return shop


def released(shop: Shop) -> Answered:
    """The end of the hold, when nobody knows the person; what hangs from others comes last in the command."""
    lines = sorted(shop.before.records, key=lambda record: record.kind)
    shop.bench.about = {"held": {record.digest: record.sealed for record in lines if record.sealed}}
    shop.bench.forgotten, shop.bench.time.now = True, datetime(2033, 1, 1, 12, tzinfo=UTC)
    return shop.bench.carry_out(EMAIL, known=False)


KNOWN = {**PEOPLE, "kind": "customer"}
KEYED_BILLS = {"table": "bills", "kind": "invoice", "keys": {"email": "payer"}, "date_column": "day"}


def test_at_the_end_of_a_hold_what_hangs_from_a_row_goes_before_it() -> None:
    shop = held(KNOWN, BILLS)
    assert [("customer", "erased"), ("invoice", "erased")] == outcomes(released(shop))
    assert [2, 20] == [row[0] for name in ("people", "bills") for row in shop.rows(name)]


def test_an_address_that_is_written_in_other_letters_since_is_the_same() -> None:
    shop = held(KNOWN, BILLS)
    shop.run("update people set email = ' JAN@voorbeeld.nl' where id = 1")
    assert [("customer", "erased"), ("invoice", "erased")] == outcomes(released(shop))
    assert [2] == [row[0] for row in shop.rows("people")]


def test_a_kept_row_whose_address_was_changed_since_is_never_said_to_be_gone() -> None:
    shop = held(KNOWN, BILLS)
    shop.run("update people set email = 'jan@new.nl' where id = 1")
    answer = released(shop)
    assert (Outcome.FAILED, (), 2) == (answer.outcome, answer.records, len(shop.rows("people")))


LOOSE = BILLED.replace("references people(id)", "")  # no foreign key would keep the customer


@pytest.mark.parametrize("changed", ["email = 'jan@new.nl'", "memo = ''"])
def test_a_row_of_which_a_number_tells_stays_one_record_when_its_address_changes(changed: str) -> None:
    shop = held({**KNOWN, "keys": {"email": "email", "customer_id": "number"}}, BILLS, made=LOOSE)
    shop.run(f"update people set {changed} where id = 1")
    answer = shop.erase({**EMAIL, "customer_id": ["C-1"]})
    assert [("customer", "held"), ("invoice", "held")] == outcomes(answer)
    assert {record.digest for record in shop.before.records} == {record.digest for record in answer.records}


@pytest.mark.parametrize("changed", ["the row", "the settings"])
def test_a_row_that_would_be_two_records_of_which_one_is_not_held_is_left_alone(changed: str) -> None:
    both = {**KNOWN, "keys": {"email": "email", "customer_id": "number"}}
    shop = held(both if changed == "the row" else KNOWN, BILLS, made=LOOSE)
    if changed == "the row":
        shop.run("update people set number = 'C-9' where id = 1")
    shop.bench.settings = {**shop.bench.settings, "tables": [both, BILLS]}
    answer = shop.erase()
    assert (Outcome.FAILED, ()) == (answer.outcome, answer.records)
    assert 2 == len(shop.rows("people"))


def test_a_line_of_a_kept_bill_is_kept_with_it_by_the_date_of_the_bill() -> None:
    lines = "create table lines (id integer primary key, bill integer, what text);insert into lines values (1, 10, 'tea'), (2, 20, 'tea')"
    shop = Shop(f"{BILLED};{lines}", KNOWN, BILLS, {"table": "lines", "kind": "invoice", "parents": {"bill": "bills"}})
    shop.bench.rules = [TestSql().hold("invoice")]
    answer = shop.erase()
    assert [("customer", "held"), ("invoice", "held"), ("invoice", "held")] == outcomes(answer)
    assert 1 == len({record.hold for record in answer.records})
    shop.bench.time.now = datetime(2033, 1, 1, 12, tzinfo=UTC)
    assert {"erased"} == {outcome for _, outcome in outcomes(shop.erase())} and [(2, 20, "tea")] == shop.rows("lines")


def test_rows_that_have_nothing_in_a_column_do_not_hang_from_one_another_by_it() -> None:
    made = (
        LOOSE.replace("number text", "number text unique")
        .replace("'C-1'", "null")
        .replace("create table bills (", "create table bills (nr text references people(number), ")
    )
    shop = Shop(made.replace("bills values (10,", "bills values (null, 10,").replace("(20, 2", "(null, 20, 2"), PEOPLE, KEYED_BILLS)
    shop.run("update bills set payer = 'jan@voorbeeld.nl' where id = 10")
    shop.bench.rules = [TestSql().hold("invoice")]
    assert [("invoice", "held"), ("user", "erased")] == outcomes(shop.erase())


def test_a_dry_run_tells_what_would_be_stripped_and_strips_nothing() -> None:
    shop = Shop(BILLED, BUYERS, {**BILLS, "strip": []})
    shop.bench.rules = [TestSql().hold("invoice")]
    before = shop.rows("people")
    told = {record.kind: record.reason for record in shop.erase(mode="dry-run").records}
    assert {"customer": "It stays, stripped of what no duty needs.", "invoice": None} == told
    assert before == shop.rows("people") and 0 == shop.simulator.writing_calls


def test_a_row_that_is_known_by_nothing_but_what_is_to_be_stripped_keeps_that_column() -> None:
    shop = Shop(BILLED, {**BUYERS, "keys": {"email": "email"}}, BILLS)
    shop.bench.rules = [TestSql().hold("invoice")]
    for _ in range(2):
        assert [("customer", "held"), ("invoice", "held")] == outcomes(shop.erase())
        assert (1, "C-1", "jan@voorbeeld.nl", None, None) == shop.rows("people")[0]


def test_what_the_rule_names_or_a_claim_is_on_is_not_stripped() -> None:
    shop = Shop(BILLED, BUYERS, BILLS)
    shop.bench.rules = [replace(TestSql().hold("invoice"), fields=frozenset({"payer"}))]
    assert [("customer", "held"), ("invoice", "held")] == outcomes(shop.erase())
    assert "Jan" == shop.rows("bills")[0][4]
    claimed = Shop(BILLED, BUYERS, BILLS)
    claimed.bench.about = {"claims": [Claim(kind="invoice", reason="a dispute", until=date(2027, 1, 1))]}
    before = claimed.rows("people"), claimed.rows("bills")
    assert [("customer", "held"), ("invoice", "held")] == outcomes(claimed.erase())
    assert before == (claimed.rows("people"), claimed.rows("bills"))


BACK = "create trigger back after update on people begin update people set phone = '06' where id = new.id; end"


@pytest.mark.parametrize(("made", "trigger"), [(BILLED.replace("phone text", "phone text not null"), ""), (BILLED, BACK)])
def test_a_column_that_cannot_be_emptied_leaves_the_row_held_and_that_is_told(made: str, trigger: str) -> None:
    shop = Shop(made, BUYERS, BILLS)
    with shop.simulator.engine.begin() as connection:
        connection.execute(text(trigger or "select 1"))
    shop.bench.rules = [TestSql().hold("invoice")]
    (customer,) = [record for record in shop.erase().records if record.kind == "customer"]
    assert (Outcome.HELD, True) == (customer.outcome, (customer.reason or "").startswith("It is kept as it is."))


def test_the_rights_that_it_needs_are_named_and_sqlite_does_not_tell_whether_they_are_there() -> None:
    told = Shop(BILLED, {**BUYERS, "clear": ["email", "number"], "strip": ["phone"]}, BILLS).bench.rights()
    needed = ["UPDATE (email, number, phone) on people", "DELETE on bills", "UPDATE (payer) on bills"]
    assert [(name, "erase", None) for name in needed] == [(right.name, right.to, right.held) for right in told]


def test_a_date_that_cannot_be_read_is_not_guessed() -> None:
    shop = Shop(MADE, {**PEOPLE, "date_column": "name"})
    assert Outcome.FAILED is shop.erase().outcome
    assert 1 == len(shop.rows("people"))


def test_a_thousand_rows_are_found_each_once() -> None:
    shop = Shop(MADE, PEOPLE)
    shop.run(
        "with recursive n(i) as (select 2 union all select i + 1 from n where i < 1000)"
        " insert into people select i, 'jan@voorbeeld.nl', '' from n"
    )
    answer = shop.erase(mode="dry-run")
    assert 1000 == len({record.digest for record in answer.records})


REFUSED = [
    ([], "at least one table"),
    ([{"table": "people", "kind": "user"}], "needs keys or parents"),
    ([{**PEOPLE, "keys": {"name": "name"}}], "searched by name"),
    ([{**PEOPLE, "clear": ["name"]}], "every column under keys"),
    ([PEOPLE, PEOPLE], "a table twice"),
    ([{**PEOPLE, "parents": {"boss": "bosses"}}], "under parents"),
    ([{**PEOPLE, "kind": "shoe"}], "'user'"),
    ([{**PEOPLE, "date_column": "born", "strip": ["born"]}], "must not strip its date_column"),
    ([{**PEOPLE, "parents": {"boss": "people"}, "strip": ["boss"]}], "must not strip"),
]


@pytest.mark.parametrize(("tables", "told"), REFUSED)
def test_tables_that_could_not_be_erased_rightly_are_refused_at_start(tables: list[dict[str, Any]], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        settings_of(Sql, {"url": URL, "tables": tables})


def test_the_settings_on_the_page_are_read_from_the_file_as_they_stand(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs/vendors/sql.md").read_text()
    file = tmp_path / "erasure.toml"
    controller = '[controller]\nname = "V"\ncontact = "c@x.nl"\n[kafka]\nbootstrap_servers = "localhost:9092"\n'
    file.write_text(controller + page.split("```toml\n")[1].split("```")[0])
    configuration = load(file, {"WEBSHOP_DATABASE_URL": "sqlite:///shop.db"})
    settings = configuration.settings_for(configuration.processors[0], TableSettings)
    assert ["customers", "orders", "comments"] == [table.table for table in settings.tables]
    assert f"sqlite:///{tmp_path / 'shop.db'}" == settings.url and "shop.db" not in repr(settings)
