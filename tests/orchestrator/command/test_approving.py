"""Approving a plan by the command: what would be destroyed is shown first, and nobody approves what they have not seen."""

import json

import pytest

from tests.orchestrator.command.stage import Opened, Stage
from topics.names import Topic
from topics.outcomes import Outcome


def guarded(stage: Stage, setting: str) -> Stage:
    stage.config.write_text(stage.config.read_text().replace("[[processors]]", f"[guards]\n{setting}\n\n[[processors]]", 1))
    return stage


def planned(stage: Stage) -> Opened:
    """A case of which both processors have said what they would do."""
    opened = stage.opened()
    assert ["dry-run", "dry-run"] == [command.mode for command in opened.commands.values()]
    stage.answered(opened, "moneybird")
    stage.answered(opened, "jira", Outcome.NEEDS_PERSON)
    return opened


def test_a_plan_is_shown_with_why_it_waits_and_how_to_approve_it(stage: Stage) -> None:
    request = str(planned(guarded(stage, "plan_first = true")).request_id)
    shown = stage.erasure("plan", request)
    assert 0 == shown.exit_code
    assert "moneybird  1 contact  erased" in shown.stdout
    assert "jira  The vendor did not answer." in shown.stdout
    assert "Every plan is approved before anything is destroyed." in shown.stdout
    assert f"erasure approve {request} --plan " in shown.stdout
    assert "Two different persons" not in shown.stdout
    assert f"Its plan is to be approved: erasure plan {request}" in stage.erasure("status", request).stdout
    assert json.loads(stage.erasure("status", request, "--json").stdout)["approval_needed"]


def test_an_approved_plan_is_carried_out_and_the_event_names_nobody(live: Stage) -> None:
    request = str(planned(guarded(live, "plan_first = true")).request_id)
    plan = json.loads(live.erasure("plan", request, "--json").stdout)["plan"]
    result = live.erasure("approve", request, "--plan", plan, "--by", "Anna de Boer")
    (sent,) = live.on_topic(Topic.REQUESTS)
    assert (0, b"case.approve") == (result.exit_code, dict(sent.headers)["ce_type"])
    assert b"anna" not in (sent.value or b"").lower()
    assert {"moneybird", "jira"} == {message.topic.rpartition(".")[2] for message in live.take(sent) if ".commands." in message.topic}
    assert "This plan was approved on" in live.erasure("plan", request).stdout


def test_two_persons_are_asked_for_where_two_must_approve(live: Stage) -> None:
    request = str(planned(guarded(live, "cases_per_hour = 1\nplan_first = true")).request_id)
    assert "Two different persons" not in live.erasure("plan", request).stdout
    crowded = str(planned(live).request_id)
    assert "Two different persons must approve it." in live.erasure("plan", crowded).stdout
    plan = json.loads(live.erasure("plan", crowded, "--json").stdout)["plan"]
    live.erasure("approve", crowded, "--plan", plan, "--by", "Anna")
    live.take(*live.on_topic(Topic.REQUESTS))
    assert "Approved by one person on" in live.erasure("plan", crowded).stdout
    again = live.erasure("approve", crowded, "--plan", plan, "--by", "anna")
    assert (1, True) == (again.exit_code, "The same person approved it already" in again.stderr)


@pytest.mark.parametrize("plan", ["0" * 64, "x"])
def test_another_plan_than_the_one_that_stands_is_not_approved(stage: Stage, plan: str) -> None:
    request = str(planned(guarded(stage, "plan_first = true")).request_id)
    result = stage.erasure("approve", request, "--plan", plan, "--by", "Anna")
    assert (1 if len(plan) == 64 else 2) == result.exit_code
    assert ("made anew" if len(plan) == 64 else "plan") in result.stderr


def test_where_nothing_waits_for_an_approval_both_commands_say_so(stage: Stage) -> None:
    request = str(stage.opened().request_id)
    shown, approved = stage.erasure("plan", request), stage.erasure("approve", request, "--plan", "0" * 64, "--by", "Anna")
    assert (1, 1) == (shown.exit_code, approved.exit_code)
    assert "waits for no approval" in shown.stderr and "waits for no approval" in approved.stderr


@pytest.mark.parametrize("setting", ["records_per_case = 0", 'plan_first = "yes"', "cases_per_day = 3"])
def test_a_guard_that_cannot_be_meant_is_refused_with_its_place(stage: Stage, setting: str) -> None:
    result = guarded(stage, setting).erasure("status", "x")
    assert 2 == result.exit_code
    assert setting.split(maxsplit=1)[0] in result.stderr
