"""What an officer orders: checked here as on arrival, and sent as one event."""

import hashlib
import json

import pytest

from tests.orchestrator.command.stage import Stage
from topics.names import Topic
from topics.outcomes import Outcome


def test_a_decision_is_sent_and_carried_out(live: Stage) -> None:
    opened = live.partial()
    result = live.erasure("refuse", str(opened.request_id), "--reason", "It was answered last month.")
    (sent,) = live.on_topic(Topic.REQUESTS)

    assert (0, b"case.refuse") == (result.exit_code, dict(sent.headers)["ce_type"])
    assert {"request_id": str(opened.request_id), "reason": "It was answered last month."} == json.loads(sent.value or b"")
    live.take(sent)
    assert "closed" == json.loads(live.erasure("status", str(opened.request_id), "--json").stdout)["state"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("decide", "uphold", "--reason", "There is no objection."), "waits for no decision"),
        (("resume",), "not standing still"),
        (("task", "done", "--processor", "moneybird", "--proof", "erasure.toml"), "is settled"),
        (("task", "done", "--processor", "nowhere", "--proof", "erasure.toml"), "it asks: moneybird, jira"),
    ],
)
def test_an_order_that_does_not_fit_is_a_no_and_nothing_is_sent(stage: Stage, words: tuple[str, ...], said: str) -> None:
    id = str(stage.partial().request_id)
    at = 2 if words[0] == "task" else 1
    given = [str(stage.config) if word == "erasure.toml" else word for word in words]
    result = stage.erasure(*given[:at], id, *given[at:])

    assert 1 == result.exit_code
    assert said in result.stderr


def test_words_with_an_address_are_refused_before_anything_is_sent(stage: Stage) -> None:
    result = stage.erasure("refuse", str(stage.partial().request_id), "--reason", "Ask jan@voorbeeld.nl about it.")

    assert 2 == result.exit_code
    assert "must hold no e-mail address" in result.stderr and "jan@" not in result.stderr


def test_work_done_by_a_person_is_noted_by_the_digest_of_the_proof(live: Stage) -> None:
    opened = live.opened()
    live.answered(opened, "moneybird")
    live.answered(opened, "jira", Outcome.NEEDS_PERSON)
    proof = live.folder / "letter.txt"
    proof.write_bytes(b"They wrote back.")
    waiting = live.erasure("task", "list", str(opened.request_id)).stdout
    result = live.erasure("task", "done", str(opened.request_id), "--processor", "jira", "--proof", str(proof))
    (sent,) = live.on_topic(Topic.REQUESTS)
    live.take(sent)

    assert "jira  by " in waiting and 0 == result.exit_code
    assert hashlib.sha256(b"They wrote back.").hexdigest() == json.loads(sent.value or b"")["proof"]
    assert "complete" == json.loads(live.erasure("status", str(opened.request_id), "--json").stdout)["status"]


def test_nothing_held_is_said(stage: Stage) -> None:
    assert "Nothing is kept of this request.\n" == stage.erasure("hold", "list", str(stage.completed())).stdout
