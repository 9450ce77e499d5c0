"""`erasure rules`: no date is computed, and nothing is kept, by a rule whose source is not printed."""

import json
from pathlib import Path

from orchestrator.clock_rules import RULES
from tests.orchestrator.command.stage import Stage

MORE = """
[[holds]]
kind = ["invoice", "payment"]
statute = "AWR art. 52(4)"
exception = "GDPR art. 17(3)(b)"
years = 7
from = "end_of_financial_year"
reason = "Invoices belong to the books."

[[retention]]
kind = "*"
processor = "jira"
name = "everything else"
source = "Smart FMS privacy statement"
years = 2

[[processors]]
name = "backups"
connector = "ages_out"
settings.kind = "backup"
settings.reason = "Perfacilis privacy statement 1.1"
settings.days = 7
"""


def told(stage: Stage) -> Path:
    stage.config.write_text(stage.config.read_text() + MORE)
    return stage.config


def test_every_rule_of_clock_holds_and_retention_is_printed_with_its_source(stage: Stage) -> None:
    told(stage)
    rows = json.loads(stage.erasure("rules", "--json").stdout)
    assert ["about", "name", "where", "says", "source", "reason"] == list(rows[0])
    assert [(rule.name, rule.source) for rule in RULES] == [(row["name"], row["source"]) for row in rows if row["about"] == "clock"]
    assert all(row["source"].strip() and row["says"].strip() for row in rows)
    held, claim = [row for row in rows if row["about"] == "hold"]
    assert ("invoice, payment: 7 years, from the end of the record's financial year.", "AWR art. 52(4); GDPR art. 17(3)(b)") == (
        held["says"], held["source"],
    )  # fmt: skip
    assert ("Invoices belong to the books.", "GDPR art. 17(3)(e)") == (held["reason"], claim["source"])
    ages = [(row["name"], row["where"], row["says"], row["source"]) for row in rows if row["about"] == "retention"]
    assert [
        ("everything else", "jira", "every other kind: 2 years.", "Smart FMS privacy statement"),
        ("backup", "backups", "backup: 7 days.", "Perfacilis privacy statement 1.1"),
    ] == ages


def test_the_table_for_people_says_the_same(stage: Stage) -> None:
    told(stage)
    shown = stage.erasure("rules", COLUMNS="250")
    assert 0 == shown.exit_code
    for said in ("one_month", "GDPR art. 12(4)", "AWR art. 52(4)", "Perfacilis privacy statement 1.1", "Invoices belong to the books."):
        assert said in shown.stdout


def test_the_controllers_own_promise_is_named_in_its_rule(stage: Stage) -> None:
    stage.config.write_text(
        stage.config.read_text().replace('contact = "privacy@example.nl"', 'contact = "privacy@example.nl"\npromise = "30 days"')
    )
    (promise,) = [row for row in json.loads(stage.erasure("rules", "--json").stdout) if row["name"] == "promise"]
    assert promise["says"].endswith("Here: 30 days.")
