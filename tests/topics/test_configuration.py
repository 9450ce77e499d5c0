"""The configuration file: what is read from it, and in which words and on which line it is refused."""

import re
import string
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, field_validator

from topics.configuration import Configuration, ConfigurationError, Secret, Wrong, load, resolve_secret

CONTRACT_EXAMPLE = """\
[controller]
name = "Perfacilis"
contact = "privacy@example.nl"

[kafka]
bootstrap_servers = "localhost:9092"     # or KAFKA_BOOTSTRAP_SERVERS

[ledger]
url = "sqlite:///erasure.db"             # or postgresql://…

[keyring]
url = "sqlite:///keyring.db"             # per-case keys; orchestrator and workers read it, workers need no ledger

[signing]
keys = "keys"                            # folder with the signing keys

[retry]
give_up_after = "10m"                    # then the worker reports `failed`
timeout = "30s"                          # for one call

[certificate]
partial_after = "15m"

[[processors]]
name = "moneybird"                       # also the command topic's suffix
connector = "moneybird"                  # entry point
base_url = "https://moneybird.com/api/v2"
calls_per_minute = 60                    # optional: overrides the connector's own pace
settings.administration_id = "123"       # identifiers: text or number
settings.token = {env = "MONEYBIRD_TOKEN"}   # or {file = "/run/secrets/…"}; never the secret itself

[[holds]]
kind = "invoice"                         # record kind, any processor, or processor = "moneybird"
statute = "AWR art. 52(4)"
exception = "GDPR art. 17(3)(b)"
years = 7
from = "end_of_financial_year"           # of the record's date; or "end_of_contract", "record_date"
"""
LEAST = """\
[controller]
name = "Perfacilis"
contact = "privacy@example.nl"
[kafka]
bootstrap_servers = "localhost:9092"
[[processors]]
name = "paper"
connector = "manual"
"""
TOKEN = "canary-3f8a91"
PEM = "-----BEGIN PRIVATE KEY-----\nMC4CAQ\n-----END PRIVATE KEY-----"

Write = Callable[[str], Path]


class Moneybird(BaseModel):
    """A connector's settings, as its author writes them."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)
    administration_id: str
    token: Secret


class Sql(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    tables: list[dict[str, str]]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(text: str) -> Path:
        path = tmp_path / "erasure.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def read(write: Write) -> Callable[..., Configuration]:
    return lambda text, **environ: load(write(text), environ)


@pytest.fixture
def refused(write: Write) -> Callable[..., str]:
    """What is said of a text, without the folder in front of the file's name."""

    def refused(text: str, **environ: str) -> str:
        path = write(text)
        with pytest.raises(ConfigurationError) as caught:
            load(path, environ)
        assert caught.value.__context__ is None
        return str(caught.value).replace(f"{path.parent}/", "")

    return refused


@pytest.mark.parametrize("written", ["4 weeks", "1 week", "30 days", "1 day", "20 working days", "1 working day"])
def test_a_promise_is_read_and_said_as_it_is_written(written: str, write: Write) -> None:
    configuration = load(write(with_line(f'promise = "{written}"', "contact")), {"MONEYBIRD_TOKEN": TOKEN})
    assert written == str(configuration.controller.promise)


def with_line(line: str, after: str) -> str:
    """The contract's example with one line more."""
    assert after in CONTRACT_EXAMPLE
    return re.sub(f"(?m)^({re.escape(after)}.*)$", lambda found: f"{found[1]}\n{line}", CONTRACT_EXAMPLE)


def with_value(key: str, value: str) -> str:
    """The contract's example with the last line of that key replaced."""
    lines = CONTRACT_EXAMPLE.split("\n")
    at = max(i for i, line in enumerate(lines) if line.startswith(f"{key} ="))
    lines[at] = f"{key} = {value}"
    return "\n".join(lines)


def test_the_contract_example_loads_as_it_is(read: Any, tmp_path: Path) -> None:
    configuration = read(CONTRACT_EXAMPLE, MONEYBIRD_TOKEN=TOKEN)
    (processor,), (hold,) = configuration.processors, configuration.holds
    assert (configuration.controller.name, configuration.controller.contact) == ("Perfacilis", "privacy@example.nl")
    assert configuration.controller.time_zone == ZoneInfo("Europe/Amsterdam")
    assert f"sqlite:///{tmp_path}/erasure.db" == configuration.ledger.url
    assert f"sqlite:///{tmp_path}/keyring.db" == configuration.keyring.url
    assert tmp_path / "keys" == configuration.signing.keys
    assert (timedelta(minutes=10), timedelta(seconds=30)) == (
        configuration.retry.give_up_after,
        configuration.retry.timeout,
    )
    assert (
        processor.name,
        processor.base_url,
        processor.calls_per_minute,
    ) == ("moneybird", "https://moneybird.com/api/v2", 60)
    assert (hold.kinds, hold.starts, hold.years, hold.processor) == (("invoice",), "end_of_financial_year", 7, None)
    token = configuration.settings_for(processor, Moneybird).token
    assert token.get_secret_value() == TOKEN
    assert TOKEN not in repr(configuration)


def test_a_controller_and_a_processor_are_enough(read: Any, tmp_path: Path) -> None:
    configuration = read(LEAST)
    assert f"sqlite:///{tmp_path}/erasure.db" == configuration.ledger.url
    assert f"sqlite:///{tmp_path}/keyring.db" == configuration.keyring.url
    assert tmp_path / "keys" == configuration.signing.keys
    assert timedelta(minutes=15) == configuration.certificate.partial_after
    assert timedelta(days=1) == configuration.certificate.retry_every
    assert (
        configuration.kafka.prefix,
        configuration.kafka.partitions,
        configuration.kafka.replication_factor,
        configuration.kafka.static_membership,
    ) == ("", 6, None, None)
    assert (configuration.controller.country, configuration.controller.financial_year_end) == ("NL", (12, 31))
    assert configuration.controller.promise is None
    assert configuration.holds == ()


def test_the_file_is_the_one_given_else_of_the_environment_else_of_the_folder(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(LEAST)
    monkeypatch.chdir(tmp_path)
    for chosen, environ in ((path, {"ERASURE_CONFIG": "/none"}), (None, {"ERASURE_CONFIG": str(path)}), (None, {})):
        assert f"sqlite:///{tmp_path}/erasure.db" == load(chosen, environ).ledger.url


def test_a_missing_file_is_answered_with_how_to_point_to_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no such file; give --config FILE, set ERASURE_CONFIG, or start in"):
        load(tmp_path / "erasure.toml", {})
    with pytest.raises(ConfigurationError, match=r"cannot be read \(Is a directory\)"):
        load(tmp_path, {})


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("[controller]\nname = \n", "line 2, column 8"),
        ("a = [1,\n2", "line 2, column 2"),
        ("a=1\na=2", "line 2, column"),
    ],
)
def test_what_is_not_toml_is_refused_with_line_and_column(refused: Any, text: str, position: str) -> None:
    assert refused(text).startswith(f"erasure.toml {position}")


def test_what_is_not_text_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "erasure.toml").write_bytes(b"a = 1\nb = '\xff'\n")
    with pytest.raises(ConfigurationError, match="line 2: is not text; save it in UTF-8"):
        load(tmp_path / "erasure.toml", {})


def test_numbers_and_nesting_beyond_reason_are_refused(refused: Any) -> None:
    for text in ("a = " + "1" * 5000, "a = " + "[" * 5000):
        assert "is not TOML" in refused(text) or "cannot be read as TOML" in refused(text)


def test_kafka_servers_of_the_environment_win_and_stand_in(read: Any) -> None:
    without = CONTRACT_EXAMPLE.replace("[kafka]\nbootstrap_servers", "[kafka]\n# bootstrap_servers")
    for text in (CONTRACT_EXAMPLE, without, without.replace("[kafka]", "")):
        assert read(text, KAFKA_BOOTSTRAP_SERVERS="a:1, [::1]:2,c").kafka.bootstrap_servers == "a:1,[::1]:2,c:9092"
    assert read(CONTRACT_EXAMPLE, KAFKA_BOOTSTRAP_SERVERS="").kafka.bootstrap_servers == "localhost:9092"


def test_kafka_servers_must_be_somewhere_and_in_form(refused: Any) -> None:
    assert 'is missing; write "HOST:PORT" or set KAFKA_BOOTSTRAP_SERVERS' in refused(
        LEAST.replace("bootstrap_servers", "# bootstrap_servers")
    )
    said = refused(LEAST, KAFKA_BOOTSTRAP_SERVERS=f"{TOKEN}:99999")
    assert "line 5: kafka.bootstrap_servers: KAFKA_BOOTSTRAP_SERVERS in the environment, which wins, must name" in said
    assert TOKEN not in said


@pytest.mark.parametrize(
    ("line", "after", "said"),
    [
        ('time_zone = "Europe/Nowhere"', "contact", "line 4: controller.time_zone: is not a known time zone; write"),
        ('time_zone = "Europe"', "contact", "line 4: controller.time_zone: is not a known time zone"),
        ("time_zone = 1", "contact", "line 4: controller.time_zone: is not a known time zone"),
        ('country = "nl"', "contact", "line 4: controller.country: has a character"),
        ('country = "XX"', "contact", "line 4: controller.country: is not a country whose public holidays are known; write its ISO"),
        ('promise = "a month"', "contact", "line 4: controller.promise: must be a number of days, weeks or working days; write"),
        ('promise = "0 weeks"', "contact", "line 4: controller.promise: must be a number of days"),
        ('promise = "4 weken"', "contact", "line 4: controller.promise: must be a number of days"),
        ("promise = 28", "contact", "line 4: controller.promise: must be a number of days"),
        (
            'promise = "5 weeks"',
            "contact",
            'line 4: controller.promise: is longer than the month that the law gives; write at most "31 days"',
        ),
        ('promise = "32 days"', "contact", "line 4: controller.promise: is longer than the month"),
        ('promise = "24 working days"', "contact", "line 4: controller.promise: is longer than the month"),
        ('financial_year_end = "02-29"', "contact", "line 4: controller.financial_year_end: must be a day of every"),
        ("financial_year_end = 12", "contact", "line 4: controller.financial_year_end: must be a day of every"),
        ('prefix = "a b"', "bootstrap_servers", "line 7: kafka.prefix: has a character that is not allowed here"),
        ("partitions = 0", "bootstrap_servers", "line 7: kafka.partitions: must be greater than or equal to 1"),
        ("partitions = 101", "bootstrap_servers", "line 7: kafka.partitions: must be less than or equal to 100"),
        ('partitions = "6"', "bootstrap_servers", "line 7: kafka.partitions: must be a whole number; write it without"),
        ("replication_factor = 0", "bootstrap_servers", "line 7: kafka.replication_factor: must be greater than 0"),
        ('static_membership = "no"', "bootstrap_servers", "line 7: kafka.static_membership: must be true or false"),
        ('retry_every = "1.5h"', "partial_after", "line 23: certificate.retry_every: must be a duration above zero"),
        ('retry_every = "0s"', "partial_after", "line 23: certificate.retry_every: must be a duration above zero"),
        ('retry_every = "367d"', "partial_after", 'up to "366d"; write "500ms", "30s", "10m", "2h" or "1d"'),
        ("retry_every = 3", "partial_after", "line 23: certificate.retry_every: must be a duration above zero"),
        ('kind = "crm"', "connector", "line 27: processors[0].kind: must be one of 'ticketing', 'mailing_list'"),
        ('base_ulr = "x"', "connector", "processors[0].base_ulr: is not a known key; did you mean base_url?"),
        ('zzz = "x"', "connector", "processors[0].zzz: is not a known key; choose from: base_url, calls_per_minute"),
        (
            'processor = "moneybrid"',
            "kind",
            "holds[0].processor: is not the name of a processor; did you mean moneybird?",
        ),
        ("[processors.setings]", "settings.token", "processors[0].setings: is not a known key; did you mean settings?"),
        ('"odd key" = 1', "years", 'holds[0]."odd key": is not a known key'),
        ("[retries]", "partial_after", "line 23: retries: is not a known key; did you mean retry?"),
    ],
)
def test_a_wrong_line_is_refused_where_it_stands(refused: Any, line: str, after: str, said: str) -> None:
    assert said in refused(with_line(line, after=after))


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("contact", '""', "line 3: controller.contact: must not be empty"),
        ("contact", "3", "line 3: controller.contact: must be text; write it in quotes"),
        ("keys", '""', "line 15: signing.keys: must be a path"),
        ("name", '"Money Bird"', "line 25: processors[0].name: has a character that is not allowed here"),
        ("calls_per_minute", "0", "line 28: processors[0].calls_per_minute: must be greater than 0"),
        ("calls_per_minute", "1.5", "line 28: processors[0].calls_per_minute: must be a whole number"),
        ("years", "0", "line 36: holds[0].years: must be greater than or equal to 1"),
        ("from", '"now"', "line 37: holds[0].from: must be one of 'end_of_financial_year', 'end_of_year'"),
        ("kind", "[]", "line 33: holds[0].kind: must not be empty; add at least one"),
        ("kind", '["invoice", "In Voice"]', "line 33: holds[0].kind[1]: has a character that is not allowed here"),
    ],
)
def test_a_wrong_value_is_refused_where_it_stands(refused: Any, key: str, value: str, said: str) -> None:
    assert said in refused(with_value(key, value))


def test_what_is_missing_is_named_at_its_table(refused: Any) -> None:
    assert "line 1: controller: is missing; write [controller]." in refused(LEAST.replace("[controller]", "[retry]"))
    assert "line 1: processors: is missing; write [[processors]]." in refused(LEAST.split("[[", maxsplit=1)[0])
    assert "line 6: processors[0].name: is missing; write name = …" in refused(LEAST.replace('name = "paper"', ""))
    assert "processors: must not be empty" in refused("processors = []\n" + LEAST.split("[[", maxsplit=1)[0])


def test_tables_in_the_wrong_shape_are_refused(refused: Any) -> None:
    assert "line 6: processors: must be a list; write […], or a [[header]]" in refused(LEAST.replace("[[", "[", 1).replace("]]", "]"))
    assert "line 1: ledger: must be a table" in refused("ledger = 1\n" + LEAST)
    assert "processors[0]: must be a table" in refused("processors = [1]\nholds = 3\n" + LEAST.split("[[", maxsplit=1)[0])


def test_processor_names_are_unique(refused: Any) -> None:
    twice = LEAST + '[[processors]]\nname = "paper"\nconnector = "jira"\n'
    assert refused(twice) == "erasure.toml line 10: processors[1].name: stands at an earlier processor too; write another name."


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("http://localhost:8001/3.1/", "http://localhost:8001/3.1"),
        ("http://127.8.9.1:1", "http://127.8.9.1:1"),
        ("http://[::1]:80/", "http://[::1]:80"),
        ("imap://localhost:143", "imap://localhost:143"),
        ("imaps://mail.example.nl", "imaps://mail.example.nl"),
        ("https://example.nl/api//", "https://example.nl/api"),
    ],
)
def test_a_base_url_is_accepted_without_its_last_slash(read: Any, given: str, kept: str) -> None:
    assert kept == read(with_value("base_url", f'"{given}"')).processors[0].base_url


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("http://example.nl", "http:// is accepted for loopback addresses only; write https://…"),
        ("http://localhost.example.nl", "http:// is accepted for loopback addresses only"),
        ("http://127.0.0.1.example.nl", "http:// is accepted for loopback addresses only"),
        ("http://0.0.0.0", "http:// is accepted for loopback addresses only"),
        ("http://[::ffff:127.0.0.1]", "http:// is accepted for loopback addresses only"),
        ("imap://example.nl", "imap:// is accepted for loopback addresses only; write imaps://…"),
        ("https://user:word@example.nl", "must not hold a user or password; write them under settings"),
        ("http://127.0.0.1@example.nl", "must not hold a user or password"),
        ("https://example.nl/?key=1", 'must not have a query ("?") or fragment ("#")'),
        ("https://example.nl/#", "must not have a query"),
        ("ftp://example.nl", "must be an address"),
        ("example.nl", "must be an address"),
        ("https://", "must be an address"),
        ("https://[::1", "must be an address"),
        ("https://example.nl:99999", "must be an address"),
        ("https://exam ple.nl", "must be an address"),
        ("http://127.0.0.1\\\\@example.nl", "must be an address"),
    ],
)
def test_a_base_url_is_refused_without_being_repeated(refused: Any, given: str, said: str) -> None:
    told = refused(with_value("base_url", f'"{given}"'))
    assert told.startswith(f"erasure.toml line 27: processors[0].base_url: {said}")
    assert "example.nl" not in told


def test_databases_are_sqlite_files_or_postgresql(read: Any, refused: Any) -> None:
    def text(url: str) -> str:
        return CONTRACT_EXAMPLE.replace('"sqlite:///erasure.db"', url)

    assert read(text('"sqlite:////srv/erasure.db"')).ledger.url == "sqlite:////srv/erasure.db"
    for url in (
        "postgresql://db.example.nl/erasure",
        "postgresql://me:word@localhost/erasure",
        "postgresql:///x?host=/run",
    ):
        assert url == read(text(f'"{url}"')).ledger.url
    assert "ledger.url: names no database that is supported" in refused(text('"mysql://host/name"'))
    assert "ledger.url: names no database that is supported" in refused(text("3"))
    for url in ("sqlite://", "sqlite:///:memory:", "sqlite:///a.db?mode=ro", "sqlite://host/a.db"):
        assert "line 9: ledger.url: must name a file" in refused(text(f'"{url}"'))


def test_a_database_password_stands_elsewhere(read: Any, refused: Any) -> None:
    url = f"postgresql://me:{TOKEN}@db.example.nl/erasure"
    for form in (url, f"postgresql://db.example.nl/erasure?password={TOKEN}"):
        said = refused(CONTRACT_EXAMPLE.replace("sqlite:///erasure.db", form))
        assert "ledger.url: holds a password; put the whole URL elsewhere" in said
        assert TOKEN not in said
    configuration = read(CONTRACT_EXAMPLE.replace('"sqlite:///erasure.db"', '{env = "LEDGER_URL"}'), LEDGER_URL=url)
    assert url == configuration.ledger.url
    assert TOKEN not in repr(configuration)


@pytest.mark.parametrize(
    ("ledger", "keyring"),
    [
        ("sqlite:///a/../erasure.db", "sqlite:///erasure.db"),
        ("postgresql://u@localhost/x", "postgresql+psycopg://v:w@127.0.0.1:5432/x"),
    ],
)
def test_ledger_and_keyring_are_different_databases(refused: Any, ledger: str, keyring: str) -> None:
    text = CONTRACT_EXAMPLE.replace("sqlite:///erasure.db", ledger).replace("sqlite:///keyring.db", keyring)
    assert "line 11: keyring: must not be the ledger's database" in refused(text)
    assert "keyring: must not be" in refused(LEAST + '[ledger]\nurl = "sqlite:///keyring.db"')


def test_further_tables_are_kept_for_the_connector(read: Any) -> None:
    text = LEAST + '[[processors.tables]]\ntable = "orders"\n[[processors.tables]]\ntable = "users"\n'
    configuration = read(text)
    assert configuration.processors[0].options == {"tables": [{"table": "orders"}, {"table": "users"}]}
    assert configuration.settings_for(configuration.processors[0], Sql).tables == [{"table": "orders"}, {"table": "users"}]


def test_a_fault_in_a_further_table_is_told_at_its_line(read: Any) -> None:
    configuration = read(LEAST + '[[processors.tables]]\ntable = "orders"\n[[processors.tables]]\n\n# why\ntable = 3\n')
    with pytest.raises(ConfigurationError, match=r"line 14: processors\[0\]\.tables\[1\]\.table: must be text"):
        configuration.settings_for(configuration.processors[0], Sql)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('{env = "MONEYBIRD_TOKEN"}', f'"{TOKEN}"', 'write {env = "NAME"} or {file = "path"}, never the secret itself'),
        ('{env = "MONEYBIRD_TOKEN"}', "12345", 'write {env = "NAME"} or {file = "path"}, never the secret itself'),
        ("{env", '{file = "x", env', 'write {env = "NAME"} or {file = "path"}, never the secret itself'),
        ("{env", "{evn", 'write {env = "NAME"} or {file = "path"}, never the secret itself'),
        ("settings.token", "settings.tokn", "is not a known key; did you mean token?"),
        ("MONEYBIRD", "MONEY_BIRD", "the environment variable MONEY_BIRD_TOKEN is not set or is empty; set it"),
        ("MONEYBIRD_TOKEN", TOKEN, "the environment variable is not set or is empty; set it"),
        ('env = "MONEYBIRD_TOKEN"', 'file = "none"', "the file that it names does not exist; a relative path starts"),
        ('env = "MONEYBIRD_TOKEN"', 'file = "."', "the file that it names cannot be read (Is a directory)"),
    ],
)
def test_a_secret_is_refused_at_its_line(read: Any, old: str, new: str, said: str) -> None:
    configuration = read(CONTRACT_EXAMPLE.replace(old, new), MONEYBIRD_TOKEN=TOKEN)
    with pytest.raises(ConfigurationError) as caught:
        configuration.settings_for(configuration.processors[0], Moneybird)
    assert "line 30: processors[0].settings.tok" in str(caught.value)
    assert said in str(caught.value)
    assert TOKEN not in str(caught.value)
    assert caught.value.__context__ is None


def test_a_secret_comes_from_a_file_or_a_variable(tmp_path: Path) -> None:
    (tmp_path / "pem").write_bytes(PEM.encode() + b"\n")
    (tmp_path / "crlf").write_bytes(b"word\r\n")
    (tmp_path / "two").write_bytes(b"word\n\n")
    environ = {"PEM": PEM.replace("\n", "\\n"), "LINES": PEM, "PLAIN": "a\\nb"}
    assert resolve_secret({"file": "pem"}, tmp_path, {}) == PEM
    assert resolve_secret({"file": str(tmp_path / "pem")}, Path("/none"), {}) == PEM
    assert resolve_secret({"file": "crlf"}, tmp_path, {}) == "word"
    assert resolve_secret({"file": "two"}, tmp_path, {}) == "word\n"
    assert resolve_secret({"env": "PEM"}, tmp_path, environ) == PEM
    assert resolve_secret({"env": "LINES"}, tmp_path, environ) == PEM
    assert resolve_secret({"env": "PLAIN"}, tmp_path, environ) == "a\\nb"


def test_a_secret_that_is_empty_or_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"\n")
    (tmp_path / "binary").write_bytes(b"\xff")
    with pytest.raises(Wrong, match="the file that it names is empty"):
        resolve_secret({"file": "empty"}, tmp_path, {})
    with pytest.raises(Wrong, match="the file that it names is not text"):
        resolve_secret({"file": "binary"}, tmp_path, {})
    with pytest.raises(Wrong, match="MY_TOKEN is not set or is empty"):
        resolve_secret({"env": "MY_TOKEN"}, tmp_path, {"MY_TOKEN": " "})


def test_a_validator_that_repeats_the_value_is_not_quoted(read: Any) -> None:
    class Careless(Moneybird):
        @field_validator("administration_id")
        @classmethod
        def _number(cls, value: str) -> str:
            return str(int(value))

    configuration = read(with_value("settings.administration_id", f'"{TOKEN}"'), MONEYBIRD_TOKEN=TOKEN)
    with pytest.raises(ConfigurationError) as caught:
        configuration.settings_for(configuration.processors[0], Careless)
    assert "line 29: processors[0].settings.administration_id: is not valid; see" in str(caught.value)
    assert TOKEN not in str(caught.value)


def test_those_who_know_more_report_in_the_same_way(read: Any) -> None:
    error = read(CONTRACT_EXAMPLE).error((("holds", 0, "kind"), "is declared by no connector"))
    assert str(error).endswith("erasure.toml line 33: holds[0].kind: is declared by no connector.")


def test_all_faults_are_told_together_in_the_order_of_their_lines(refused: Any) -> None:
    text = LEAST.replace('"privacy@example.nl"', "1") + 'base_url = "http://example.nl"\n[[processors]]\nname = "paper"\n'
    assert refused(text).split("\n") == [
        'erasure.toml line 3: controller.contact: must be text; write it in quotes: "…".',
        "erasure.toml line 9: processors[0].base_url: http:// is accepted for loopback addresses only; write https://…",
        "erasure.toml line 10: processors[1].connector: is missing; write connector = …",
        "erasure.toml line 11: processors[1].name: stands at an earlier processor too; write another name.",
    ]


def test_at_most_ten_faults_are_told(refused: Any) -> None:
    said = refused(LEAST + "".join(f"x{i} = {i}\n" for i in range(13))).split("\n")
    assert len(said) == 11
    assert said[-1] == "There are 3 more."


@pytest.mark.parametrize(
    "text",
    [
        'controller = {name = "a", contact = "b"}\nprocessors = [\n  {name = "a", connector = "b"},\n  {name = 1}]\n',
        'controller = {name = "a", contact = "b"}\nprocessors = [ # [[processors]]\n\n {connector = "b", name = 1}]\n',
    ],
)
def test_a_key_inside_one_value_is_told_at_the_line_where_the_value_begins(refused: Any, text: str) -> None:
    line = 1 + text.count("\n", 0, text.index("processors ="))
    assert f"line {line}: processors[" in refused(text, KAFKA_BOOTSTRAP_SERVERS="a:1")


def test_text_over_several_lines_does_not_mislead_the_line_finder(refused: Any) -> None:
    text = LEAST + "settings.instructions = '''\n[[processors]]\nname = 3\n'''\r\n\r\n# name\r\n'calls_per_minute' = 0\n"
    assert refused(text).startswith("erasure.toml line 15: processors[0].calls_per_minute: must be greater")


_FRAGMENTS = st.sampled_from(
    ["", "1", "-1", "1.5", "true", '""', "[]", "{}", "[[1]]", "1979-05-27", '"\\u0000"', "[controller]",
     "[[processors]]", "[processors]", "kafka", "[holds]", "=", "\\", '"""']
)  # fmt: skip
_CANARIES = st.sampled_from([f'"{TOKEN}"', f"['{TOKEN}']", f'{{file = "{TOKEN}"}}', f'"sqlite:///{TOKEN}\\u0000"', f'"http://{TOKEN}"'])


@st.composite
def _mutated(draw: st.DrawFn) -> str:
    """The contract's example with lines dropped, values and keys exchanged, and pieces cut out."""
    lines = CONTRACT_EXAMPLE.split("\n")
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(lines) - 1))
        key, _, value = lines[at].partition("=")
        start, end = sorted((draw(st.integers(0, len(lines[at]))), draw(st.integers(0, len(lines[at])))))
        other = draw(_FRAGMENTS | st.text(string.printable, max_size=5))
        changes = [
            "",
            f"{key}= {other}",
            f"{key}= {draw(_CANARIES)}",
            f"{other} ={value}",
            lines[at][:start] + other + lines[at][end:],
            other,
        ]
        lines[at] = draw(st.sampled_from(changes))
    return "\n".join(lines)


@given(text=_mutated())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_change_of_the_example_either_loads_or_is_refused_in_sentences(text: str, write: Write) -> None:
    path = write(text)
    try:
        configuration = load(path, {"MONEYBIRD_TOKEN": TOKEN})
        for processor in configuration.processors:
            configuration.settings_for(processor, Moneybird)
    except ConfigurationError as error:
        for sentence in str(error).split("\n"):
            assert re.match(rf"{re.escape(str(path))} line \d+(, column \d+)?: |There are \d+ more\.", sentence)
        assert TOKEN not in str(error)


RETENTION = """
[[retention]]
kind = "*"
name = "everything else"
source = "statement of 16 May 2018"
years = 2
"""


def test_a_duty_may_need_none_of_the_fields_that_can_be_stripped(read: Any) -> None:
    (hold,) = read(with_value("years", "7\nfields = []")).holds
    assert () == hold.fields


def test_a_hold_may_name_fields_a_reason_and_every_other_kind(read: Any) -> None:
    text = with_value("kind", '"*"').replace("years = 7", 'days = 90\nfields = ["company", "iban"]\nreason = "For the books."')
    (hold,) = read(text, MONEYBIRD_TOKEN=TOKEN).holds
    assert (("*",), None, 90, ("company", "iban"), "For the books.") == (hold.kinds, hold.years, hold.days, hold.fields, hold.reason)


def test_what_ages_out_is_a_rule_of_its_own(read: Any) -> None:
    (rule,) = read(LEAST + RETENTION).retention
    assert ("everything else", ("*",), 2, None, None) == (rule.name, rule.kinds, rule.years, rule.processor, rule.months)


@pytest.mark.parametrize("period", ["", "years = 2\nmonths = 1", "days = 1\nmonths = 1", "years = 1\nmonths = 1\ndays = 1"])
def test_a_rule_without_one_period_is_refused(refused: Any, period: str) -> None:
    """Two periods could mean their sum or the longer of them."""
    assert "holds[0]: needs a period in one unit; write years, months or days" in refused(
        CONTRACT_EXAMPLE.replace("years = 7", period), MONEYBIRD_TOKEN=TOKEN
    )
    assert "retention[0]: needs a period in one unit" in refused(LEAST + RETENTION.replace("years = 2", period))


def test_every_other_kind_beside_a_kind_is_refused(refused: Any) -> None:
    said = refused(with_value("kind", '["*", "invoice"]'), MONEYBIRD_TOKEN=TOKEN)
    assert 'has "*" beside other kinds; write kind = "*" alone' in said


def test_a_retention_rule_for_a_processor_that_is_not_there_is_refused(refused: Any) -> None:
    said = refused(LEAST + RETENTION + 'processor = "papers"')
    assert "retention[0].processor: is not the name of a processor; did you mean paper?" in said


@pytest.mark.parametrize(("key", "value"), [("name", '""'), ("source", '"' + "x" * 151 + '"'), ("statute", '"AWR"')])
def test_a_retention_rule_says_in_few_words_what_goes_and_where_that_stands(refused: Any, key: str, value: str) -> None:
    lines = [line for line in RETENTION.splitlines() if not line.startswith(f"{key} ")]
    assert f"retention[0].{key}: " in refused(LEAST + "\n".join([*lines, f"{key} = {value}"]))
