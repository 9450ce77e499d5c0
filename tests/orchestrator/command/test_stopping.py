"""`erasure stop`: pressing it, lifting it, and what is told."""

import json

import pytest

from tests.orchestrator.command.stage import Stage

BY = ("--by", "olga")


def test_it_is_pressed_told_and_lifted(stage: Stage) -> None:
    opened = stage.opened()
    pressed = stage.erasure("stop", "now", *BY, "--reason", "The shop erases every visitor.")
    told = json.loads(stage.erasure("stop", "status", "--json").stdout)
    lifted = stage.erasure("stop", "lift", *BY)

    assert (0, 0) == (pressed.exit_code, lifted.exit_code)
    assert "Stopped." in pressed.stdout and "Nothing is in hand." in pressed.stdout
    assert (True, []) == (told["stopped"], told["in_hand"])
    assert ("olga", "The shop erases every visitor.", None) == tuple(told["stops"][0][key] for key in ("began_by", "reason", "lifted_at"))
    assert 1 == stage.erasure("stop", "lift", *BY).exit_code
    assert "Nothing is stopped." in stage.erasure("stop", "status").stdout
    assert opened.request_id


def test_what_has_told_what_it_found_and_has_not_answered_is_named(stage: Stage) -> None:
    opened = stage.opened()
    stage.located(opened, "moneybird")
    pressed = stage.erasure("stop", "now", *BY, "--reason", "Wrong company.")

    assert f"in hand: request {opened.request_id} at moneybird" in pressed.stdout
    assert "jira" not in pressed.stdout


@pytest.mark.parametrize(
    "words", [("now", *BY, "--reason", "x"), ("now", *BY, "--reason", "for jan@voorbeeld.nl"), ("now", "--by", " ", "--reason", "Wrong.")]
)
def test_what_is_not_in_the_right_form_stops_nothing(stage: Stage, words: tuple[str, ...]) -> None:
    stage.opened()
    refused = stage.erasure("stop", *words)

    assert 2 == refused.exit_code
    assert "jan@" not in refused.stderr
    assert "Nothing is stopped." in stage.erasure("stop", "status").stdout
