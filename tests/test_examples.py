"""The five companies' example configurations: each loads, and names every system of its published statement."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from connectors.registry import Registry
from connectors.roster import roster, settings_of
from connectors.testing.harness import SECRETS
from tests.live.example import EXAMPLES, variables
from topics.configuration import load

SYSTEMS = {  # by hand, from the statements: what each names, and the connector that stands for it
    "de-kale-ict": {
        "managed_com": "manual", "smtp_com": "smtp_com", "gmail": "gmail", "mollie": "mollie", "moneybird": "moneybird",
        "factuursturen": "factuursturen", "exact_online": "exact_online", "google_analytics": "google_analytics",
    },
    "perfacilis": {
        "jira": "jira", "mailing_list": "mailman", "bookkeeping": "sql", "cms": "sql", "crm": "sql", "web_shop": "sql",
        "server_monitoring": "sql", "ing": "manual", "transip": "transip", "pyzor": "nothing_held", "razor": "nothing_held",
        "google_analytics": "google_analytics", "analytics_retention": "ages_out", "mail_quarantine": "ages_out",
        "backups": "ages_out", "visitor_logs": "ages_out",
    },
    "defero": {"newsletter": "laposta", "invoicing": "moneybird", "payments": "mollie", "mailbox": "imap"},
    "smart-fms": {
        "service_desk": "jira_service_management", "teamviewer": "teamviewer", "phone_recordings": "manual", "chat": "manual",
        "server_park": "manual", "financial_administration": "exact_online", "printer": "manual", "bkr": "nothing_held",
        "kvk": "nothing_held",
    },
    "directcode": {
        "accounting": "moneybird", "payments": "mollie", "own_database": "sql", "support": "jira", "mailing_list": "listmonk",
        "mailbox": "imap", "social_media": "manual", "cloudflare": "cloudflare", "cloudflare_logs": "ages_out",
        "server_logs": "ages_out",
    },
}  # fmt: skip
PROMISES = {"de-kale-ict": "30 days", "perfacilis": None, "defero": "4 weeks", "smart-fms": "4 weeks", "directcode": None}


def environ(text: str, folder: Path) -> dict[str, str]:
    """A value of the right form for every secret."""
    account = {"client_email": "bot@bureau.example", "private_key": SECRETS["TRANSIP_SECRET"]}
    given = {"TRANSIP_PRIVATE_KEY": SECRETS["TRANSIP_SECRET"], "GOOGLE_SERVICE_ACCOUNT": json.dumps(account)}
    return {name: given.get(name, f"sqlite:///{folder}/own.db" if name.endswith("_URL") else "dummy") for name in variables(text)}


def test_there_is_an_example_for_every_company() -> None:
    assert sorted(SYSTEMS) == sorted(path.stem for path in EXAMPLES.glob("*.toml"))


@pytest.mark.parametrize("name", SYSTEMS)
def test_an_example_loads_with_every_system_of_its_statement_and_its_promise(name: str, tmp_path: Path) -> None:
    text = (EXAMPLES / f"{name}.toml").read_text()
    (tmp_path / "erasure.toml").write_text(text)
    (tmp_path / "exact_online_token.json").write_text('{"refresh_token": "dummy"}')
    configuration = load(tmp_path / "erasure.toml", environ(text, tmp_path))
    entries = roster(configuration, Registry())
    assert SYSTEMS[name] == {entry.processor.name: entry.connector.spec.name for entry in entries}
    assert all(settings_of(configuration, entry) for entry in entries)
    promise = configuration.controller.promise
    assert PROMISES[name] == (promise and str(promise))


PROMISED = tomllib.loads((EXAMPLES.parent / "tests/live/controllers.toml").read_text())


def entries(promise: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: entry for name, entry in promise.items() if isinstance(entry, dict)}


def test_the_table_of_promises_has_every_processor_of_every_company_for_both_rights() -> None:
    told = {(company, right): entries(promise).keys() for company, rights in PROMISED.items() for right, promise in rights.items()}
    assert {(company, right): systems.keys() for company, systems in SYSTEMS.items() for right in ("erase", "restrict")} == told


def test_what_the_table_says_is_not_carried_out_yet_still_is_not() -> None:
    """Each such line is of a profile that is not stripped, or not of that: strike it from the table when its connector can."""
    erasures = [(SYSTEMS[company], entries(rights["erase"])) for company, rights in PROMISED.items()]
    waiting = {systems[name] for systems, erasure in erasures for name, entry in erasure.items() if "not_yet" in entry}
    assert {"moneybird", "exact_online"} == waiting
    stripped = {name: {field for kind in Registry().get(name).spec.kinds for field in kind.strips} for name in waiting}
    assert set() == stripped["exact_online"]
    assert set() == stripped["moneybird"] & {"firstname", "lastname", "email", "send_invoices_to_email"}
