"""Recorded cases, replayed through today's `decide`: what was ordered and certified then is ordered and certified now.

Each line of a history is a message as JSON, and what came of it. `python -m tests.orchestrator.test_histories` records anew,
which only a deliberate change of a rule may need.
"""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestrator.messages import Reported, Retried, TimePassed
from tests.orchestrator.decide_cases import HOLD, Played, answered, line, located, rounds
from topics.outcomes import Outcome
from topics.reports import Answered, Located

FOLDER = Path(__file__).parents[1] / "histories"
TOLD = ("clean", "crash", "partial_then_complete")


@pytest.mark.parametrize("name", TOLD)
def test_a_recorded_case_comes_out_as_it_did(name: str) -> None:
    recorded = [json.loads(text) for text in (FOLDER / f"{name}.jsonl").read_text().splitlines()]
    assert recorded == replay([entry["message"] for entry in recorded])


def test_every_recorded_history_is_replayed() -> None:
    assert set(TOLD) == {path.stem for path in FOLDER.glob("*.jsonl")}


def replay(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    played, entries = Played(), []
    for message in messages:
        played.now = datetime.fromisoformat(message["at"])
        say(played, message)
        told = {"state": played.the.state, "wake_at": played.the.wake_at and played.the.wake_at.isoformat()}
        came = {"orders": rounds(played.orders), "certified": [[ref.revision, ref.status, ref.claims] for ref in played.issued]}
        entries.append(json.loads(json.dumps({"message": message, **came, **told})))
    return entries


def say(played: Played, message: dict[str, Any]) -> None:
    match message["type"]:
        case "requested":
            played.open(*message["processors"])
        case "located":
            played.say(Reported(Located.model_validate_json(json.dumps(message["report"])), played.now))
        case "answered":
            played.say(Reported(Answered.model_validate_json(json.dumps(message["report"])), played.now))
        case "retried":
            played.say(Retried(message["only"], played.now))
        case "time_passed":
            played.say(TimePassed(played.now))


def _stories() -> dict[str, list[tuple[timedelta, str, Any]]]:
    minute, day = timedelta(minutes=1), timedelta(days=1)
    held = line("i", Outcome.HELD, kind="invoice")
    return {
        "clean": [
            (minute, "located", located("books", "c", "i")), (minute, "answered", answered("desk")),
            (2 * minute, "answered", answered("books", line("c", Outcome.RESTRICTED, bound_to="invoice", until=HOLD.until), held)),
        ],
        "crash": [
            (minute, "located", located("books", "c", "i")), (minute, "answered", answered("desk")),
            (5 * minute, "answered", answered("books")),
            (6 * minute, "answered", answered("books", line("c"), line("i", kind="invoice"), round=2)),
        ],
        "partial_then_complete": [
            (minute, "answered", answered("desk", line("t", Outcome.FAILED, kind="ticket"))),
            (2 * minute, "located", located("books", "c")),
            (3 * minute, "answered", answered("books", line("c"))), (18 * minute, "time_passed", None), (day + minute, "time_passed", None),
            (day + 2 * minute, "answered", answered("desk", outcome=Outcome.DEFERRED, round=2)), (day + 3 * minute, "retried", "desk"),
            (day + 4 * minute, "answered", answered("desk", line("t", kind="ticket"), round=3)),
        ],
    }  # fmt: skip


def _record() -> None:
    FOLDER.mkdir(exist_ok=True)
    start = Played().now
    for name, story in _stories().items():
        messages: list[dict[str, Any]] = [{"type": "requested", "at": start.isoformat(), "processors": ["books", "desk"]}]
        for after, type, body in story:
            message: dict[str, Any] = {"type": type, "at": (start + after).isoformat()}
            if type in ("located", "answered"):
                message["report"] = body.model_dump(mode="json", exclude_none=True)
            if type == "retried":
                message["only"] = body
            messages.append(message)
        text = "".join(json.dumps(entry) + "\n" for entry in replay(messages))
        (FOLDER / f"{name}.jsonl").write_text(text)


if __name__ == "__main__":
    _record()
