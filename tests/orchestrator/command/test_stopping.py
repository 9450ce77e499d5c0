"""`erasure stop`: pressing it, lifting it, and what is told."""

import json
from datetime import timedelta

import pytest

from tests.orchestrator.command.stage import Stage
from topics.outcomes import Outcome

BY = ("--by", "olga")


def test_it_is_pressed_told_and_lifted(stage: Stage) -> None:
    opened = stage.opened()
    pressed = stage.erasure("stop", "now", *BY, "--reason", "The shop erases every visitor.")
    told = json.loads(stage.erasure("stop", "status", "--json").stdout)
    lifted = stage.erasure("stop", "lift", *BY)

    assert (0, 0) == (pressed.exit_code, lifted.exit_code)
    assert "Stopped." in pressed.stdout and "2 more orders are out; nothing is known to have begun there." in pressed.stdout
    assert (True, [False, False]) == (told["stopped"], [one["begun"] for one in told["in_hand"]])
    assert ("olga", "The shop erases every visitor.", None) == tuple(told["stops"][0][key] for key in ("began_by", "reason", "lifted_at"))
    assert 1 == stage.erasure("stop", "lift", *BY).exit_code
    assert "Nothing is stopped." in stage.erasure("stop", "status").stdout
    assert {str(opened.request_id)} == {one["request_id"] for one in told["in_hand"]}


def test_what_has_told_what_it_found_and_has_not_answered_is_named(stage: Stage) -> None:
    opened = stage.opened()
    stage.located(opened, "moneybird")
    pressed = stage.erasure("stop", "now", *BY, "--reason", "Wrong company.")

    assert f"in hand: request {opened.request_id} at moneybird" in pressed.stdout
    assert "jira" not in pressed.stdout and "1 more orders are out" in pressed.stdout


def test_what_failed_and_is_out_again_is_named_although_it_tells_nothing_new_of_what_it_finds(stage: Stage) -> None:
    opened = stage.opened()
    stage.located(opened, "moneybird")
    stage.answered(opened, "moneybird", Outcome.FAILED)
    stage.later(timedelta(days=2))
    pressed = stage.erasure("stop", "now", *BY, "--reason", "Wrong company.")

    assert f"in hand: request {opened.request_id} at moneybird" in pressed.stdout


def test_with_no_order_out_that_is_said(stage: Stage) -> None:
    stage.completed()

    assert "No order is out." in stage.erasure("stop", "now", *BY, "--reason", "Wrong company.").stdout


@pytest.mark.parametrize(
    "words", [("now", *BY, "--reason", "x"), ("now", *BY, "--reason", "for jan@voorbeeld.nl"), ("now", "--by", " ", "--reason", "Wrong.")]
)
def test_what_is_not_in_the_right_form_stops_nothing(stage: Stage, words: tuple[str, ...]) -> None:
    stage.opened()
    refused = stage.erasure("stop", *words)

    assert 2 == refused.exit_code
    assert "jan@" not in refused.stderr
    assert "Nothing is stopped." in stage.erasure("stop", "status").stdout
