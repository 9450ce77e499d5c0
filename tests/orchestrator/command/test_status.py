"""`erasure status`: where a case stands, for programs and for people."""

import json
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console

from orchestrator.case import Case
from orchestrator.clock import Extension
from orchestrator.command.view import as_json, as_table
from orchestrator.deadlines import Pause
from orchestrator.ledger import Ledger
from orchestrator.warnings import clock_of
from tests.orchestrator.certificate_cases import case, processor, record
from tests.orchestrator.command.stage import Stage
from topics.calendar_settings import Promise
from topics.outcomes import Outcome

ZONE = ZoneInfo("Europe/Amsterdam")


def test_the_json_has_exactly_the_fields_of_the_contract(stage: Stage) -> None:
    id = stage.completed()
    read = json.loads(stage.erasure("status", str(id), "--json").stdout)

    (certificate,) = read["certificates"]
    agreed = ["request_id", "right", "state", "status", "received_at", "due_by", "processors", "certificates", "plan"]
    assert [*agreed, "clock", "promised_by", "refuse_by", "pause", "extension"] == list(read)
    assert [None] * 4 == [read[name] for name in ("clock", "promised_by", "pause", "extension")]
    assert (str(id), "erasure", "closed", "complete", None) == tuple(read[k] for k in ("request_id", "right", "state", "status", "plan"))
    assert stage.now.astimezone(ZONE).isoformat() == read["received_at"]
    assert [{"name": "moneybird", "outcome": "erased"}, {"name": "jira", "outcome": "erased"}] == read["processors"]
    assert {"certificate_id", "revision", "sha256"} == set(certificate)
    assert 1 == certificate["revision"]


def test_under_way_a_processor_is_ordered_and_then_located(stage: Stage) -> None:
    opened = stage.opened()
    stage.located(opened, "moneybird")
    read = json.loads(stage.erasure("status", str(opened.request_id), "--json").stdout)

    assert [{"name": "moneybird", "outcome": "located"}, {"name": "jira", "outcome": "ordered"}] == read["processors"]
    assert (None, "open", []) == (read["status"], read["state"], read["certificates"])


def test_a_partial_certificate_leaves_the_case_open(stage: Stage) -> None:
    read = json.loads(stage.erasure("status", str(stage.partial().request_id), "--json").stdout)

    assert ("partial", "open", 1) == (read["status"], read["state"], len(read["certificates"]))
    assert "failed" == read["processors"][1]["outcome"]


def test_a_dry_run_ends_in_a_plan_in_the_shape_of_a_certificate(stage: Stage) -> None:
    opened = stage.opened(mode="dry-run")
    stage.answered(opened, "moneybird")
    early = json.loads(stage.erasure("status", str(opened.request_id), "--json").stdout)
    stage.answered(opened, "jira", Outcome.NOTHING_FOUND)
    read = json.loads(stage.erasure("status", str(opened.request_id), "--json").stdout)

    moneybird, jira = read["plan"]["processors"]
    assert early["plan"] is None
    assert {"name", "connector", "kind", "answered_at", "outcome", "records"} <= set(moneybird)
    assert [("contact", "erased", 1)] == [(line["kind"], line["outcome"], line["count"]) for line in moneybird["records"]]
    assert "nothing_found" == jira["outcome"]
    assert ([], None) == (read["certificates"], read["status"])


def test_the_table_for_people_says_what_stands_where_and_why(stage: Stage) -> None:
    result = stage.erasure("status", str(stage.partial().request_id))

    for said in (
        "Right       erasure",
        "Status      partial",
        "moneybird   erased",
        "1 contact",
        "did not answer",
        "days left",
        "revision 1",
    ):
        assert said in result.stdout


def text(of: Case, today: date) -> str:
    console = Console(width=100, record=True, quiet=False, file=None, force_terminal=False)
    with console.capture() as capture:
        console.print(as_table(of, clock_of(of, ZONE, "NL", None), today))
    return capture.get()


@pytest.mark.parametrize(
    ("today", "said"),
    [
        (date(2026, 12, 11), "2026-12-21, 10 days left"),
        (date(2026, 12, 20), ", 1 day left"),
        (date(2026, 12, 21), ", today is the last day"),
        (date(2026, 12, 22), ", 1 day LATE"),
        (date(2026, 12, 24), ", 3 days LATE"),
    ],
)
def test_the_days_left_are_counted(today: date, said: str) -> None:
    assert said in text(case(processor()), today)


FOUR_WEEKS, PAUSED_AT, EXTENDED_AT = Promise(4, "weeks"), datetime(2026, 12, 1, 9, tzinfo=UTC), datetime(2026, 12, 2, 9, tzinfo=UTC)
PROMISED: dict[str, Any] = {"promised_by": date(2026, 12, 18), "refuse_by": date(2026, 12, 21)}


def clock(of: Case, today: date) -> dict[str, Any]:
    read = as_json(of, clock_of(of, ZONE, "NL", FOUR_WEEKS), today)
    return {name: read[name] for name in ("clock", "promised_by", "refuse_by", "pause", "extension")}


@pytest.mark.parametrize(
    ("today", "state"),
    [
        (date(2026, 12, 1), "running"), (date(2026, 12, 15), "near"), (date(2026, 12, 18), "near"),
        (date(2026, 12, 19), "promise_passed"), (date(2026, 12, 22), "overdue"),
    ],
)  # fmt: skip
def test_the_state_of_the_clock_is_told_with_both_last_days(today: date, state: str) -> None:
    asked = case(processor(answered=False), **PROMISED)
    dates = {"promised_by": "2026-12-18", "refuse_by": "2026-12-21", "pause": None, "extension": None}
    assert {"clock": state, **dates} == clock(asked, today)
    shown = text(asked, today)
    assert ("that day has PASSED" in shown) == (state in ("promise_passed", "overdue"))
    assert None is clock(asked.model_copy(update={"state": "closed"}), today)["clock"]


def test_a_pause_is_told_with_its_ground_and_since_when() -> None:
    doubtful = case(processor(answered=False), pauses=(Pause(PAUSED_AT, None, "A strange address."),))
    told = clock(doubtful, date(2027, 6, 1))
    assert ("paused", {"ground": "A strange address.", "since": "2026-12-01T10:00:00+01:00"}) == (told["clock"], told["pause"])
    assert "since 2026-12-01: A strange address." in text(doubtful, date(2027, 6, 1))


def test_an_extension_is_told_with_its_last_day_its_reason_and_that_of_a_refusal() -> None:
    longer = case(processor(answered=False), due_by=date(2027, 2, 22), extension=Extension(EXTENDED_AT, "Many systems."), **PROMISED)
    told = clock(longer, date(2027, 1, 4))
    assert {"until": "2027-02-22", "reason": "Many systems.", "told_at": "2026-12-02T10:00:00+01:00"} == told["extension"]
    shown = text(longer, date(2026, 12, 4))
    assert "until 2027-02-22: Many systems." in shown and "2026-12-21, extended or not (GDPR art. 12(4))" in shown


def test_a_closed_case_has_no_days_left() -> None:
    assert "2026-12-21\n" in text(case(processor(record(Outcome.ERASED)), state="closed"), date(2026, 12, 1))


def test_what_is_ordered_again_is_under_way_again() -> None:
    again = processor(record(Outcome.ERASED), answer=Outcome.FAILED, in_flight=True, round=2)

    assert "located" == as_json(case(again), clock_of(case(again), ZONE, "NL", None), date(2026, 12, 1))["processors"][0]["outcome"]


def test_no_such_request_is_a_no(stage: Stage) -> None:
    stage.completed()
    result = stage.erasure("status", str(uuid4()))

    assert 1 == result.exit_code
    assert "There is no request" in result.stderr


def test_before_there_is_a_ledger_no_request_is_there_and_none_is_made(stage: Stage) -> None:
    result = stage.erasure("status", str(uuid4()), "--json")

    assert 1 == result.exit_code
    assert "There is no ledger at" in result.stderr
    assert ["erasure.toml"] == [path.name for path in stage.folder.iterdir()]


def test_what_is_no_id_is_wrong_use_and_is_not_repeated(stage: Stage) -> None:
    result = stage.erasure("status", "jan@voorbeeld.nl")

    assert 2 == result.exit_code
    assert "REQUEST must be a request id" in result.stderr
    assert "jan@" not in result.output


def test_a_ledger_that_is_none_is_told(stage: Stage) -> None:
    (stage.folder / "erasure.db").write_text("this is no database, and long enough to be looked at as one" * 20)
    result = stage.erasure("status", str(uuid4()))

    assert 2 == result.exit_code
    assert "The ledger cannot be read" in result.stderr


def test_reading_waits_for_no_writer(stage: Stage) -> None:
    id = stage.completed()
    ledger = Ledger.open(stage.configuration().ledger.url)
    with ledger.transaction():
        result = stage.erasure("status", str(id))
    ledger.close()

    assert 0 == result.exit_code


def test_why_something_is_left_is_shown_where_only_its_records_say_it(stage: Stage) -> None:
    case = stage.opened()
    stage.answered(case, "jira")
    stage.refused(case, "moneybird", "An officer must confirm it first.")
    shown = " ".join(stage.erasure("status", str(case.request_id)).stdout.split())
    assert "An officer must" in shown and "confirm it first." in shown
