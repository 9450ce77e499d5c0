"""Whatever the order of rights, orders, claims, answers and years: nothing is erased that the person asked to keep or that is
claimed, nothing is freed that an upheld objection or a restriction keeps, no date is shortened, nothing is refused without a reason.

What is allowed is told here a second time, from what was said and when, and not by asking `orchestrator.rights`.
"""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.case import Case
from orchestrator.intake import Expected
from orchestrator.jose import decode
from orchestrator.ledger import Ledger
from tests.orchestrator.process_cases import Installation, delivery, line, request
from topics.commands import Command, command_id
from topics.events import Right
from topics.outcomes import Outcome
from topics.reports import Answered

RIGHTS: list[tuple[str, dict[str, Any]]] = [
    ("subject.erase", {}), ("subject.erase", {"ground": "17(1)(c)"}), ("subject.erase", {"processors": ["a"]}),
    ("subject.erase", {"identity": "doubtful"}), ("subject.erase", {"role": "processor"}), ("subject.erase", {"mode": "dry-run"}),
    ("subject.restrict", {}), ("subject.restrict", {"ground": "18(1)(b)"}), ("subject.restrict", {"ground": "GDPR art. 18(1)(c)"}),
    ("subject.restrict", {"ground": "18(1)(c)", "processors": ["b"]}), ("subject.object", {"ground": "21(1)"}),
    ("subject.object", {"ground": "21(2)"}), ("subject.unrestrict", {}), ("subject.unrestrict", {"processors": ["b"]}),
    ("subject.withdraw", {}), ("contract.ended", {}), ("retention.ended", {}),
]  # fmt: skip
CLAIM = {"reason": "A dispute.", "until": "2061-01-01"}
ORDERS: list[tuple[str, dict[str, Any]]] = [
    ("case.decide", {"decision": "uphold", "reason": "Weighed."}), ("case.decide", {"decision": "reject", "reason": "Weighed."}),
    ("case.refuse", {"reason": "Unfounded."}), ("case.pause", {"ground": "Unknown address."}), ("case.resume", {}), ("case.retry", {}),
    ("case.extend", {"reason": "Many requests."}), ("hold.place", CLAIM), ("hold.place", {"processor": "a", **CLAIM}),
    ("hold.place", {"kind": "contact", **CLAIM}), ("hold.lift", {}), ("hold.lift", {"processor": "a"}),
    ("task.done", {"processor": "a", "outcome": "erased", "on": "2026-11-20", "proof": "ab" * 32}),
]  # fmt: skip
ANSWERS = ["done", "held", "held for less", "ages out", "refused", "failed", "nothing"]
DAY = 60 * 24
WAITS = [1, 60, DAY, 40 * DAY, 900 * DAY]


ERASE, BY_OBJECTION, RESTRICT, KEEP_IT, KEEP_IT_TOO = (RIGHTS[number] for number in (0, 1, 6, 7, 8))
OBJECT, MARKETING, LIFT, LIFT_ONE, WITHDRAW, RETAINED = (RIGHTS[number] for number in (10, 11, 12, 13, 14, 16))
UPHOLD, REJECT, REFUSE, CLAIMED, UNCLAIMED = (ORDERS[number] for number in (0, 1, 2, 7, 10))
MEETINGS = [
    ([ERASE, KEEP_IT, LIFT, LIFT_ONE], [UPHOLD, REJECT]), ([OBJECT, LIFT, RESTRICT], [UPHOLD, REJECT]),
    ([OBJECT, LIFT], [UPHOLD]), ([BY_OBJECTION, OBJECT], [UPHOLD, REJECT, REFUSE]), ([ERASE, KEEP_IT_TOO], [UPHOLD]),
    ([ERASE, RETAINED], [CLAIMED, UNCLAIMED, UPHOLD]), ([MARKETING, WITHDRAW, LIFT, KEEP_IT], [UPHOLD]),
]  # fmt: skip
"""Rights and orders whose rules are about each other."""


def some(of: list[Any], most: int) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(of), min_size=1, max_size=most, unique_by=repr)


@st.composite
def histories(draw: st.DrawFn, meeting: tuple[list[Any], list[Any]] | None) -> list[Any]:
    """A few kinds of steps, often repeated: rules meet in long histories of few words, and hardly ever in those of all words."""
    rights, orders = meeting or (draw(some(RIGHTS, 3)), draw(some(ORDERS, 3)))
    answers, waits = (
        draw(st.sampled_from([["done"], ["held"], ["done", "held"], ["held", "held for less", "failed"]]) | some(ANSWERS, 2)),
        draw(some(WAITS, 2)),
    )
    which = st.sampled_from([-1, -1, -2, 0, 1])  # of the requests, most often one of the last
    step = st.one_of(
        st.tuples(st.just("ask"), st.sampled_from(rights), st.just(0)),
        st.tuples(st.just("order"), st.sampled_from(orders), which),
        st.tuples(st.just("answer"), st.sampled_from(answers), st.integers(0, 9)),
        st.tuples(st.just("ask"), st.sampled_from(rights), st.just(0)),
        st.tuples(st.just("order"), st.sampled_from(orders), which),
        st.tuples(st.just("wait"), st.sampled_from(waits), st.just(0)),
    )
    return draw(st.lists(st.tuples(step, st.sampled_from([None, *answers])), min_size=7, max_size=16))


DONE = {"erase": Outcome.ERASED, "restrict": Outcome.RESTRICTED, "lift": Outcome.LIFTED}
KEEP = ("18(1)(b)", "18(1)(c)")


@dataclass
class Person:
    """One person's requests, the commands that wait for an answer, and when what was said: by the number of the step."""

    home: Installation
    asked: list[UUID] = field(default_factory=list)
    out: list[Command] = field(default_factory=list)
    now: int = 0
    opened: dict[UUID, int] = field(default_factory=dict)
    overrode: dict[UUID, int] = field(default_factory=dict)
    upheld: dict[UUID, int] = field(default_factory=dict)
    claimed: dict[UUID, int] = field(default_factory=dict)
    lifted: set[UUID] = field(default_factory=set)

    def cases(self) -> dict[UUID, Case]:
        return {id: case for id in self.asked if (case := self.home.case(id))}

    def step(self, what: str, given: Any, which: int) -> None:
        self.now += 1
        before = self.cases()
        sent = self._say(what, given, which)
        after = self.cases()
        for id, case in after.items():
            self._note(before.get(id), case, after)
        ordered = [Command.model_validate_json(m.value) for m in sent if m.topic.startswith("processor.commands")]
        for command in ordered:
            self._check_order(command, after)
        notices = [(n["request_id"], n["about"]) for n in (json.loads(m.value) for m in sent if m.topic == "subject.notices")]
        for id, case in after.items():
            check_case(before.get(id), case, [about for of, about in notices if of == str(id)])
        for message in sent:
            check_words(message)
        self.out += ordered

    def _note(self, before: Case | None, after: Case, cases: dict[UUID, Case]) -> None:
        """What was said at this step, as the cases show it."""
        id = after.request_id
        self.opened.setdefault(id, self.now)
        word = after.decision if before is None or before.decision != after.decision else None
        if word and before and before.block:
            self.overrode[id] = self.now
        if word and word.decision == "uphold" and after.right is Right.OBJECTION:
            self.upheld[id] = self.now
        if len(after.claims) > len(before.claims if before else ()):
            self.claimed[id] = self.now
        closed = before is not None and before.state == "open" and after.state == "closed"
        if after.right is Right.LIFTING and closed and not after.refused and after.mode == "execute":
            names = {p.name for p in after.processors}
            older = [
                one
                for one in cases.values()
                if one.right is Right.RESTRICTION and self.opened.get(one.request_id, self.now) < self.opened[id]
            ]
            self.lifted |= {one.request_id for one in older if {p.name for p in one.processors} <= names}

    def _say(self, what: str, given: Any, which: int) -> list[Any]:
        if what == "ask":
            self.home.time.now += timedelta(seconds=1)
            made = request(type=given[0], **{"received_at": self.home.time.now.isoformat()} | given[1])
            self.asked.append(UUID(json.loads(made.value or b"")["request_id"]))
            return self.home.take(made)
        if what == "order" and self.asked:
            id = self.asked[which % len(self.asked)]
            return self.home.take(delivery(json.dumps({"request_id": str(id), **given[1]}).encode(), given[0], key=str(id).encode()))
        if what == "answer" and self.out:
            return self.home.take(self._answer_to(self.out.pop(which % len(self.out)), given))
        if what == "answer all":
            out, self.out = self.out, []
            return [message for command in out for message in self.home.take(self._answer_to(command, given))]
        if what == "wait":
            self.home.time.now += timedelta(minutes=given)
            return [message for _, message in self.home.process.wake(self.home.time.now)]
        return []

    def _answer_to(self, command: Command, how: str) -> Any:
        """An answer as a worker gives one; what a hold keeps or a rule ages out, until a day two years from now."""
        days = 700 if how != "held for less" else 400
        until = (self.home.time.now + timedelta(days=days)).date().isoformat()
        how = "held" if how == "held for less" else how
        hold = {"statute": "AWR art. 52(4)", "exception": "GDPR art. 17(3)(b)", "until": until}
        records = {
            "done": [line(DONE[command.action])],
            "held": [line(Outcome.HELD, hold=hold), line(Outcome.RESTRICTED, "y", bound_to="contact", until=until)],
            "ages out": [line(Outcome.EXPIRING, until=until)],
            "refused": [line(Outcome.REFUSED, reason="The vendor does not allow it.")],
        }.get(how, [])
        own = {"failed": Outcome.FAILED, "nothing": Outcome.NOTHING_FOUND}.get(how)
        report = Answered(
            command_id=command_id(command.request_id, command.processor, command.round), request_id=command.request_id,
            processor=command.processor, round=command.round, mode=command.mode, records=tuple(records), outcome=own,
            reason="The vendor is down." if how == "failed" else None,
        )  # fmt: skip
        return delivery(report.model_dump_json().encode(), "processor.answered", "processor.reports", key=str(command.request_id).encode())

    def _check_order(self, command: Command, cases: dict[UUID, Case]) -> None:
        case = cases[command.request_id]
        assert case.stopped is None, "ordered although something stands against it"
        if command.mode == "dry-run":
            return
        allowed = self.overrode.get(case.request_id, 0)
        for id, other in cases.items():
            if id == case.request_id or other.mode == "dry-run":
                continue
            if command.action == "erase":
                kept = other.right is Right.RESTRICTION and any(ground in (other.ground or "") for ground in KEEP)
                assert not (kept and self._stands(other) and self.opened[id] > allowed), "erased while the person asked to keep the data"
                new = other.claims and self.claimed[id] > allowed
                assert not new or set(abouts(other)) <= set(abouts(case)) or (None, None, None) in abouts(case), "erased under a claim"
            if command.action == "lift":
                assert self.upheld.get(id, -1) <= allowed or other.refused, "freed again after an upheld objection"
                newer = case.right is not Right.LIFTING or self.opened[id] > self.opened[case.request_id]
                stands = other.right is Right.RESTRICTION and self._stands(other) and newer
                assert not (stands and self.opened[id] > allowed), "freed although the person asked to restrict it"

    def _stands(self, restriction: Case) -> bool:
        return restriction.request_id not in self.lifted and not restriction.refused


def abouts(case: Case) -> list[tuple[str | None, str | None, str | None]]:
    return [(one.processor, one.claim.kind, one.claim.digest) for one in case.claims]


def check_case(before: Case | None, after: Case, told: list[str]) -> None:
    if after.block and (before is None or before.block is None) and not after.paused:
        assert {"decision_needed", "decided"} & set(told), "it waits for the officer, who is not told"
    if before is None:
        return
    assert after.due_by >= before.due_by
    for old, new in zip(before.processors, after.processors, strict=True):
        for digest, record in old.records.items():
            now = new.records[digest]
            if record.hold and now.outcome is Outcome.HELD:
                assert now.hold and now.hold.until >= record.hold.until, "a hold was shortened"
            if record.until and now.outcome is record.outcome:
                assert now.until and now.until >= record.until, "a day came nearer"


def check_words(message: Any) -> None:
    """Nothing is refused, kept or left waiting without a reason."""
    if message.topic == "dead-letters":
        assert json.loads(message.value)["detail"]
    if message.topic != "subject.certificates":
        return
    made = json.loads(decode(message.value.decode().split(".")[1]))
    assert made.get("decision") is None or made["decision"]["reason"]
    for entry in made["processors"]:
        for one in (entry, *entry["records"]):
            if one["outcome"] in ("refused", "needs_person", "failed"):
                assert one.get("reason") or entry.get("reason") or any(r.get("reason") for r in entry["records"]), entry
            if one["outcome"] == "held":
                assert one is entry or all(one["hold"].values()) or one["hold"]["reason"] is None


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of an installation that has no case yet."""
    folder: Path = tmp_path_factory.mktemp("rights")
    with installed(folder):
        return folder


@contextmanager
def installed(folder: Path) -> Iterator[Installation]:
    ledger = Ledger.open(f"sqlite:///{folder}/ledger.db")
    home = Installation(ledger, folder, (Expected("a", "a", "other"), Expected("b", "b", "other", consent=True, marketing=True)))
    try:
        yield home
    finally:
        ledger.close()
        home.keyring.close()


@pytest.mark.parametrize("meeting", [None, *MEETINGS])
@settings(max_examples=30, deadline=None, derandomize="CI" in os.environ)  # what lands is no matter of luck; every other run is new
@given(data=st.data())
def test_no_order_of_rights_decisions_and_time_breaks_a_promise(template: Path, meeting: Any, data: st.DataObject) -> None:
    steps = data.draw(histories(meeting))
    with TemporaryDirectory() as folder, installed(Path(shutil.copytree(template, Path(folder) / "it"))) as home:
        person = Person(home)
        for step, then in steps:
            person.step(*step)
            if then:  # and all is worked off before the next
                for more in (("answer all", then, 0), ("wait", 60, 0), ("answer all", then, 0)):
                    person.step(*more)


@pytest.mark.parametrize(
    "later", [("order", ("case.decide", {"decision": "uphold", "reason": "Weighed."}), -1), ("ask", ("subject.restrict", {}), 0)]
)
def test_a_lifting_that_is_announced_and_not_ordered_yet_hears_of_what_is_said_meanwhile(
    template: Path, tmp_path: Path, later: Any
) -> None:
    objection: Any = ("ask", ("subject.object", {"ground": "21(1)"}), 0)
    reject = ("order", ("case.decide", {"decision": "reject", "reason": "Weighed."}), -1)
    with installed(Path(shutil.copytree(template, tmp_path / "it"))) as home:
        person = Person(home)
        for step in (objection, ("answer all", "nothing", 0), reject, objection, later, ("wait", 1, 0)):
            person.step(*step)
        first = person.cases()[person.asked[0]]
        assert (True, True) == (first.block is not None, all(not processor.in_flight for processor in first.processors))
