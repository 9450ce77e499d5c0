"""Whatever the order of rights, decisions and time: nothing is erased that the person asked to keep, nothing is freed after an
upheld objection, no date is shortened, and nothing is refused without a reason."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.case import Case
from orchestrator.ledger import Ledger
from orchestrator.rights import keeps
from tests.orchestrator.process_cases import Installation, delivery, line, request
from topics.commands import Command, command_id
from topics.events import Right
from topics.outcomes import Outcome
from topics.reports import Answered

RIGHTS = [
    ("subject.erase", None), ("subject.erase", "17(1)(c)"), ("subject.restrict", None), ("subject.restrict", "18(1)(b)"),
    ("subject.restrict", "18(1)(c)"), ("subject.object", "21(1)"), ("subject.unrestrict", None), ("contract.ended", None),
]  # fmt: skip
ORDERS = [
    ("case.decide", {"decision": "uphold", "reason": "Weighed."}), ("case.decide", {"decision": "reject", "reason": "Weighed."}),
    ("case.refuse", {"reason": "Unfounded."}), ("case.pause", {"ground": "Unknown address."}), ("case.resume", {}), ("case.retry", {}),
    ("case.extend", {"reason": "Many requests."}),
]  # fmt: skip
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.sampled_from(RIGHTS), st.just(0)),
        st.tuples(st.just("order"), st.sampled_from(ORDERS), st.integers(0, 5)),
        st.tuples(st.just("answer"), st.sampled_from(["done", "held", "failed"]), st.integers(0, 9)),
        st.tuples(st.just("answer"), st.just("done"), st.integers(0, 9)),
        st.tuples(st.just("wait"), st.sampled_from([1, 60, 60 * 24, 60 * 24 * 40]), st.just(0)),
    ),
    min_size=3,
    max_size=14,
)
DONE = {"erase": Outcome.ERASED, "restrict": Outcome.RESTRICTED, "lift": Outcome.LIFTED}
_people = count()


@dataclass
class Person:
    """One person's requests, and the commands that wait for an answer."""

    home: Installation
    email: str = field(default_factory=lambda: f"p{next(_people)}@voorbeeld.nl")
    asked: list[UUID] = field(default_factory=list)
    out: list[Command] = field(default_factory=list)

    def cases(self) -> dict[UUID, Case]:
        return {id: case for id in self.asked if (case := self.home.case(id))}

    def step(self, what: str, given: Any, which: int) -> None:
        before = self.cases()
        sent = self._say(what, given, which)
        after = self.cases()
        ordered = [Command.model_validate_json(m.value) for m in sent if m.topic.startswith("processor.commands")]
        ordered = [command for command in ordered if command.request_id in after]  # time passes for everybody
        for command in ordered:
            check_order(command, after)
        for id in before:
            check_case(before[id], after[id])
        self.out += ordered

    def _say(self, what: str, given: Any, which: int) -> list[Any]:
        if what == "ask":
            made = request(type=given[0], subject={"email": [self.email]}, **({"ground": given[1]} if given[1] else {}))
            self.asked.append(UUID(json.loads(made.value or b"")["request_id"]))
            return self.home.take(made)
        if what == "order" and self.asked:
            id = self.asked[which % len(self.asked)]
            return self.home.take(delivery(json.dumps({"request_id": str(id), **given[1]}).encode(), given[0], key=str(id).encode()))
        if what == "answer" and self.out:
            return self.home.take(answer_to(self.out.pop(which % len(self.out)), given))
        if what == "wait":
            self.home.time.now += timedelta(minutes=given)
            return [message for _, message in self.home.process.wake(self.home.time.now)]
        return []


def answer_to(command: Command, how: str) -> Any:
    outcome = {"done": DONE[command.action], "held": Outcome.HELD, "failed": Outcome.FAILED}[how]
    lines = [] if how == "failed" else [line(outcome, **({"hold": HELD} if outcome is Outcome.HELD else {}))]
    report = Answered(
        command_id=command_id(command.request_id, command.processor, command.round),
        request_id=command.request_id, processor=command.processor, round=command.round, mode="execute",
        records=tuple(lines), outcome=Outcome.FAILED if how == "failed" else None,
    )  # fmt: skip
    return delivery(report.model_dump_json().encode(), "processor.answered", "processor.reports", key=str(command.request_id).encode())


HELD = {"statute": "AWR art. 52(4)", "exception": "GDPR art. 17(3)(b)", "until": "2033-12-31"}


def check_order(command: Command, cases: dict[UUID, Case]) -> None:
    """What is ordered now was not asked to be kept, and was not settled for good by an objection."""
    case = cases[command.request_id]
    others = [other for id, other in cases.items() if id != command.request_id]
    upheld = case.decision is not None and case.decision.decision == "uphold"
    if command.action == "erase" and not (upheld and case.right is not Right.OBJECTION):
        assert not any(keeps(other) for other in others), "erased while the person asked to keep the data"
    if case.right is Right.LIFTING and not upheld:
        assert not any(o.right is Right.OBJECTION and o.decision and o.decision.decision == "uphold" for o in others), "freed again"
    assert case.stopped is None, "ordered although something stands against it"


def check_case(before: Case, after: Case) -> None:
    assert after.due_by >= before.due_by
    if after.refused:
        assert after.decision and after.decision.reason
    for processor in after.processors:
        if processor.answer in (Outcome.REFUSED, Outcome.NEEDS_PERSON):
            assert processor.reason, "refused, and nobody is told why"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder: Path = tmp_path_factory.mktemp("rights")
    ledger = Ledger.open(f"sqlite:///{folder}/ledger.db")
    yield Installation(ledger, folder)
    ledger.close()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_no_order_of_rights_decisions_and_time_breaks_a_promise(home: Installation, steps: list[Any]) -> None:
    person = Person(home)
    for step in steps:
        person.step(*step)
