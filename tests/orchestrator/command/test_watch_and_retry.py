"""`erasure watch` and `retry`: waiting for an answer, and ordering again what failed."""

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

from rich.console import Console

from orchestrator.case import Case
from orchestrator.command.view import ended
from orchestrator.command.watching import Lines, Terminal, follow
from orchestrator.ledger import LedgerGone
from tests.orchestrator.certificate_cases import case, processor, record
from tests.orchestrator.command.stage import Stage
from topics.names import Topic
from topics.outcomes import Outcome


class Time:
    """A clock that stands still, except for what is slept."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def looks(*seen: Case | LedgerGone | None) -> Callable[[], Case | None]:
    """What the ledger shows, look by look; the last for ever."""
    left = list(seen)

    def look() -> Case | None:
        one = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(one, LedgerGone):
            raise one
        return one

    return look


UNDER_WAY = case(processor(answered=False, in_flight=True), mode="dry-run")
ENDED = case(processor(record(Outcome.ERASED)), mode="dry-run")


def test_each_change_is_a_line_and_nothing_is_said_twice() -> None:
    said: list[str] = []
    time = Time()
    last = follow(looks(None, None, UNDER_WAY, UNDER_WAY, ENDED), Lines(said.append), 60, time, time.sleep)

    id = ENDED.request_id
    assert ENDED is last
    assert ["The request is not taken in yet.", f"{id}: erasure, under way", "moneybird: ordered", "moneybird: erased"] == said
    assert 0.8 == time.now


def test_when_the_time_is_over_what_was_seen_last_is_the_answer() -> None:
    time = Time()

    assert UNDER_WAY is follow(looks(UNDER_WAY), Lines(lambda _: None), 10, time, time.sleep)
    assert follow(looks(None), Lines(lambda _: None), 10, time, time.sleep) is None
    assert 20 <= time.now < 21


def test_a_ledger_that_is_away_is_told_once_and_waited_for() -> None:
    said: list[str] = []
    time, gone = Time(), LedgerGone("The ledger cannot be read (OperationalError).")

    assert ENDED is follow(looks(gone, gone, ENDED), Lines(said.append), 60, time, time.sleep)
    assert 1 == said.count("The ledger cannot be read (OperationalError). Trying again.")


def test_on_a_terminal_all_is_repainted_in_place() -> None:
    out, time = io.StringIO(), Time()
    with Terminal(Console(file=out, force_terminal=True, width=80)) as screen:
        screen.tell("The ledger cannot be read. Trying again.")
        follow(looks(None, UNDER_WAY, ENDED), screen, 60, time, time.sleep)

    assert "moneybird: ordered" in out.getvalue()
    assert "moneybird: erased" in out.getvalue()
    assert "Trying again." in out.getvalue()


def test_what_is_ordered_again_after_a_partial_certificate_is_waited_for(stage: Stage) -> None:
    stage.partial()
    id = stage.partial().request_id
    before = json.loads(stage.erasure("status", str(id), "--json").stdout)
    stage.later(timedelta(days=1, minutes=1))  # what failed is tried again daily
    result = stage.erasure("watch", str(id), "--timeout", "1ms")

    assert "partial" == before["status"]
    assert "There is no answer after 1ms." in result.stderr
    assert not ended(UNDER_WAY)


def test_complete_is_yes(stage: Stage) -> None:
    id = stage.completed()
    result = stage.erasure("watch", str(id))

    assert 0 == result.exit_code
    assert "certificate revision 1: complete" in result.stdout
    assert f"erasure certificate {id}" in result.stdout


def test_partial_is_no(stage: Stage) -> None:
    result = stage.erasure("watch", str(stage.partial().request_id))

    assert 1 == result.exit_code
    assert "The certificate is partial" in result.stderr


def test_a_dry_run_ends_with_its_plan(stage: Stage) -> None:
    id = stage.completed(mode="dry-run")
    result = stage.erasure("watch", str(id))

    assert 0 == result.exit_code
    assert f"The plan is there: erasure status {id} --json" in result.stdout


def test_at_the_time_out_it_says_what_to_do(stage: Stage) -> None:
    opened = stage.opened()
    waiting, missing = (
        stage.erasure("watch", str(opened.request_id), "--timeout", "1ms"),
        stage.erasure("watch", str(uuid4()), "--timeout", "1ms"),
    )

    assert (1, 1) == (waiting.exit_code, missing.exit_code)
    assert "There is no answer after 1ms. The case goes on" in waiting.stderr
    assert "There is no request" in missing.stderr


def test_before_there_is_a_ledger_it_waits_and_makes_none(stage: Stage) -> None:
    result = stage.erasure("watch", str(uuid4()), "--timeout", "1ms")

    assert 1 == result.exit_code
    assert "The request is not taken in yet." in result.stdout
    assert ["erasure.toml"] == [path.name for path in stage.folder.iterdir()]


def test_a_time_out_that_is_no_duration_is_refused(stage: Stage) -> None:
    result = stage.erasure("watch", str(uuid4()), "--timeout", "soon")

    assert 2 == result.exit_code
    assert "--timeout must be a duration" in result.stderr


def test_ctrl_c_ends_it_quietly(stage: Stage) -> None:
    command = [sys.executable, "-m", "orchestrator.command", "watch", str(uuid4()), "--config", str(stage.config)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ)) as running:
        assert running.stdout and running.stderr
        first = running.stdout.readline()
        running.send_signal(signal.SIGINT)
        rest = running.stdout.read() + running.stderr.read()

    assert ("The request is not taken in yet.\n", "", 130) == (first, rest, running.returncode)


def test_retry_orders_what_is_not_settled(live: Stage) -> None:
    partial = live.partial()
    result = live.erasure("retry", str(partial.request_id))

    (sent,) = live.on_topic(Topic.REQUESTS)
    assert 0 == result.exit_code
    assert "Ordered again: jira (failed).\n" == result.stdout
    assert b"case.retry" == dict(sent.headers)["ce_type"]
    assert str(partial.request_id).encode() == sent.key
    assert {"request_id": str(partial.request_id)} == json.loads(sent.value or b"")
    assert [live.names.commands("jira")] == [message.topic for message in live.take(sent)]


def test_retry_can_be_for_one_processor_only(live: Stage) -> None:
    opened = live.opened()
    result = live.erasure("retry", str(opened.request_id), "--only", "jira")

    (sent,) = live.on_topic(Topic.REQUESTS)
    assert "Ordered again: jira (under way).\n" == result.stdout
    assert "jira" == json.loads(sent.value or b"")["only"]


def test_retry_says_when_there_is_nothing_to_retry_and_sends_nothing(live: Stage) -> None:
    id, partial = str(live.completed()), str(live.partial().request_id)

    assert "There is nothing to retry: every processor is settled.\n" == live.erasure("retry", id).stdout
    assert "There is nothing to retry: moneybird is settled.\n" == live.erasure("retry", partial, "--only", "moneybird").stdout
    assert [] == live.on_topic(Topic.REQUESTS)


def test_retry_of_no_such_request_or_processor_is_a_no(stage: Stage) -> None:
    id = str(stage.partial().request_id)
    missing, unknown = stage.erasure("retry", str(uuid4())), stage.erasure("retry", id, "--only", "nowhere")

    assert (1, 1) == (missing.exit_code, unknown.exit_code)
    assert "There is no request" in missing.stderr
    assert "it asks: moneybird, jira." in unknown.stderr
