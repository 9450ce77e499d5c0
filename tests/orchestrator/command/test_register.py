"""`erasure register`: the register of handled requests, counts for the authority, and a CSV that a spreadsheet opens safely."""

import csv
import io
import json
from datetime import timedelta
from typing import Any

import pytest

from orchestrator.ledger import Ledger
from orchestrator.register import Tally, rows
from tests.orchestrator.command.stage import VALUES, Stage
from topics.keyring import KeyMissing, Keyring


def listed(stage: Stage, *options: str) -> list[dict[str, Any]]:
    done = stage.erasure("register", *options, "--json")
    assert 0 == done.exit_code, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_an_entry_says_who_by_pseudonym_what_when_and_how_and_nothing_else(stage: Stage) -> None:
    stage.completed(ground="17(1)(b)")
    (entry,) = listed(stage)
    assert [
        "pseudonym", "right", "ground", "received", "due", "answered", "status", "deadline_met", "outcomes", "certificates",
    ] == list(entry)  # fmt: skip
    assert ("erasure", "17(1)(b)", "complete", True, {"erased": 2}) == tuple(
        entry[name] for name in ("right", "ground", "status", "deadline_met", "outcomes")
    )
    assert [{"certificate_id", "revision", "sha256"}] == [set(one) for one in entry["certificates"]]


@pytest.mark.parametrize("format", ["text", "json", "csv"])
def test_no_identity_and_no_request_id_stands_in_it_before_and_after_the_case_is_closed(stage: Stage, format: str) -> None:
    open_one, closed = stage.opened().request_id, stage.completed()
    done = stage.erasure("register", "--format", format)
    assert 0 == done.exit_code
    assert [] == [word for word in (*VALUES, str(open_one), str(closed)) if word in done.output]


def test_open_partial_and_complete_ones_are_told_apart_and_a_dry_run_is_no_entry(stage: Stage) -> None:
    stage.opened(mode="dry-run")
    stage.opened()
    stage.partial()
    stage.completed()
    assert ["partial", "complete", "open"] == [entry["status"] for entry in listed(stage)]
    for status in ("open", "partial", "complete"):
        assert [status] == [entry["status"] for entry in listed(stage, "--status", status)]


def test_a_request_that_was_completed_after_a_partial_certificate_shows_both(stage: Stage) -> None:
    case = stage.partial()
    stage.answered(case, "jira")
    (entry,) = listed(stage)
    assert ("complete", [1, 2]) == (entry["status"], [one["revision"] for one in entry["certificates"]])


def test_the_filters_are_by_day_of_receipt_right_and_status(stage: Stage) -> None:
    stage.completed()
    day = stage.now.astimezone().date()
    assert 1 == len(listed(stage, "--from", str(day - timedelta(days=1)), "--to", str(day + timedelta(days=1))))
    assert [] == listed(stage, "--from", str(day + timedelta(days=2)))
    assert [] == listed(stage, "--to", str(day - timedelta(days=2)))
    assert [] == listed(stage, "--right", "objection")


@pytest.mark.parametrize("wrong", [["--right", "x"], ["--status", "x"], ["--from", "20-11-2026"], ["--format", "pdf"]])
def test_a_filter_that_cannot_be_is_wrong_use(stage: Stage, wrong: list[str]) -> None:
    stage.completed()
    assert 2 == stage.erasure("register", *wrong).exit_code


@pytest.mark.parametrize(("separator", "between"), [("comma", ","), ("semicolon", ";")])
def test_the_csv_has_a_row_an_entry_and_no_cell_that_a_spreadsheet_would_calculate(stage: Stage, separator: str, between: str) -> None:
    stage.completed(ground="-2 (3)")
    out = stage.folder / "register.csv"
    assert 0 == stage.erasure("register", "--csv", str(out), "--separator", separator).exit_code
    head, row = csv.reader(io.StringIO(out.read_text()), delimiter=between)
    told = dict(zip(head, row, strict=True))
    assert ("'-2 (3)", "yes", "2 erased") == (told["ground"], told["deadline_met"], told["outcomes"])
    assert [] == [cell for cell in row if cell.startswith(("=", "+", "-", "@"))]


def test_the_counts_are_by_period_and_right(stage: Stage) -> None:
    stage.completed()
    stage.partial()
    stage.opened()
    (row,) = json.loads(stage.erasure("register", "counts", "--json").stdout)
    assert (3, 1, 1, 1, 1) == tuple(row[name] for name in ("received", "complete", "partial", "open", "in_time"))
    assert ("erasure", 0) == (row["right"], row["late"])
    assert "erasure" in stage.erasure("register", "counts").stdout
    assert stage.erasure("register", "counts", "--format", "csv").stdout.startswith("period,right,received")


def test_months_make_quarters_and_years() -> None:
    counts = {Tally("2026-03", "erasure", "complete", True): 2, Tally("2026-04", "erasure", "refused", False): 1}
    assert ["2026-03", "2026-04"] == [row.period for row in rows(counts, "month")]
    assert ["2026-Q1", "2026-Q2"] == [row.period for row in rows(counts, "quarter")]
    (year,) = rows(counts, "year")
    assert ("2026", 3, 2, 1, 2, 1) == (year.period, year.received, year.complete, year.refused, year.in_time, year.late)


def test_to_forget_leaves_the_counts_and_nothing_else(stage: Stage) -> None:
    stage.now -= timedelta(days=400)
    id = stage.completed()
    stage.now += timedelta(days=400)
    stage.completed()
    kept = listed(stage)[1]
    counted = stage.erasure("register", "counts", "--by", "month", "--json").stdout
    day = (stage.now - timedelta(days=100)).date()
    assert "Forgotten: 1" in stage.erasure("register", "forget", "--before", str(day), "--yes").stdout
    assert [kept] == listed(stage)
    assert counted == stage.erasure("register", "counts", "--by", "month", "--json").stdout
    assert 1 == stage.erasure("status", str(id)).exit_code == stage.erasure("certificate", str(id)).exit_code
    keyring = Keyring.open(stage.configuration().keyring.url)
    with pytest.raises(KeyMissing):
        keyring.get(f"case/{id}")
    keyring.close()
    ledger = Ledger.open(stage.configuration().ledger.url)
    with ledger.reading() as transaction:
        assert [(1, "", True), (2, transaction.register()[1].jws, True)] == [
            (one.register_index, one.jws, one.request_id != id) for one in transaction.register()
        ]
    ledger.close()


@pytest.mark.parametrize("day", ["9999-01-01", "yesterday"])
def test_what_is_not_answered_yet_cannot_be_forgotten(stage: Stage, day: str) -> None:
    stage.completed()
    assert 2 == stage.erasure("register", "forget", "--before", day, "--yes").exit_code


def test_without_yes_it_asks_first(stage: Stage) -> None:
    stage.completed()
    assert 1 == stage.erasure("register", "forget", "--before", "2020-01-01").exit_code
