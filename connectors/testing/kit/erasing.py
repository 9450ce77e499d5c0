"""Checks of erasing and restricting: what is claimed is so, however often and wherever it is interrupted."""

import re

import httpx
import pytest

from connectors.act import LOOK_AGAIN_SECONDS
from connectors.testing.harness import Bench, Crash
from connectors.testing.kit.subject import JAN, LOOK_ALIKES, KitSubject, assert_erased_and_verified, check
from connectors.testing.simulator import Fault, Simulator
from topics.outcomes import Evidence, Outcome
from topics.reports import Answered

_PLAIN = re.compile(r"[a-z](?:[a-z,' -]|[A-Z]{2,}){3,99}")  # no name of a field, no sentence


class ErasingChecks(KitSubject):
    """What `erase`, `restrict` and `lift` must do."""

    @check
    def test_everything_is_erased_and_verified(self) -> None:
        """Nothing of the person is left, and each record is told as erased and looked for again."""
        bench = self.bench(JAN)
        answer = bench.carry_out(JAN.subject())
        assert answer.records
        assert_erased_and_verified(answer, self.undeletable)
        assert not self.left_of(bench, JAN)

    @check
    def test_a_second_delivery_makes_no_writing_call(self) -> None:
        """The same command again touches nothing, whether it knows what was there or not: nothing is left, or what cannot go."""
        bench = self.bench(JAN)
        bench.carry_out(JAN.subject())
        writing = bench.simulator.writing_calls
        bench.carry_out(JAN.subject(), known=False)
        bench.carry_out(JAN.subject(), known=True)
        assert writing == bench.simulator.writing_calls

    @check
    def test_a_dry_run_writes_nothing(self) -> None:
        """It tells what would come of each record, and claims nothing."""
        bench = self.bench(JAN)
        answer = bench.carry_out(JAN.subject(), mode="dry-run")
        assert bench.simulator.writing_calls == 0
        assert answer.records and all(record.evidence is None for record in answer.records)

    @check
    def test_what_is_located_is_reported_before_the_first_writing_call(self) -> None:
        """So that a crash loses no count."""
        bench = self.bench(JAN)
        bench.crash_after_report = True
        with pytest.raises(Crash):
            bench.carry_out(JAN.subject())
        assert bench.simulator.writing_calls == 0
        assert {record.kind for record in bench.located[0].records} == {kind.name for kind in self.connector.spec.kinds}

    @check
    def test_a_crash_at_any_writing_call_is_harmless(self) -> None:
        """The worker dies at the nth writing call, before or after its effect; the next round ends right and counts all."""
        for after_effect in (False, True):
            nth = 0
            while self._crash_at(nth, after_effect):
                nth += 1
            assert nth, "no writing call was ever made"

    def _crash_at(self, nth: int, after_effect: bool) -> bool:
        """Die at writing call `nth` and start again; False when there are not so many."""
        bench = self.bench(JAN)
        bench.simulator = Dying(bench.simulator, nth, after_effect)  # type: ignore[assignment]
        try:
            bench.carry_out(JAN.subject())
            return False
        except Crash:
            pass
        answer = bench.carry_out(JAN.subject())
        assert_erased_and_verified(answer, self.undeletable)
        assert not self.left_of(bench, JAN)
        reported = {record.digest for located in bench.located for record in located.records}
        assert reported == {record.digest for record in answer.records}, "a located record is not accounted for"
        return True

    @check
    def test_a_lagging_search_is_waited_for(self) -> None:
        """The vendor's search shows deleted records for a while: looked at again, then told as erased."""
        bench = self.bench(JAN)
        bench.simulator.lag = 2
        assert_erased_and_verified(bench.carry_out(JAN.subject()), self.undeletable)

    @check
    def test_one_refusal_does_not_hide_the_rest(self) -> None:
        """The vendor refuses one writing call: both parts are told, and every located record is in one of them."""
        bench = self.bench(JAN)
        bench.simulator.faults.append(Fault(httpx.Response(422, json={"error": "refused"}), writing=True))
        answer = bench.carry_out(JAN.subject())
        left = self.left_of(bench, JAN).total()
        not_erased = [r for r in answer.records if r.outcome not in (Outcome.ERASED, Outcome.ANONYMISED) and r.kind not in self.undeletable]
        assert left <= len(not_erased), f"{left} records are left, {len(not_erased)} are told"
        assert all(record.reason for record in not_erased)
        located = {record.digest for report in bench.located for record in report.records}
        assert located == {record.digest for record in answer.records}, "a located record is not accounted for"

    @check
    def test_a_look_that_fails_is_no_proof(self) -> None:
        """The vendor lies, and a call of the look after it is refused or unreadable: still nothing is claimed."""
        lie = self.bench(JAN)
        lie.simulator.liar = True
        lie.carry_out(JAN.subject())
        first = max((nth for nth, call in enumerate(lie.simulator.calls) if call.writing), default=len(lie.simulator.calls)) + 1
        one_look = (len(lie.simulator.calls) - first) // len(LOOK_AGAIN_SECONDS) + 1
        for nth in range(first, first + one_look):
            for given in (httpx.Response(403, json={"error": "no"}), httpx.Response(200, html="<html></html>")):
                bench = self.bench(JAN)
                bench.simulator.liar = True
                bench.simulator.faults.append(Fault(given, times=100_000, skip=nth))
                claimed = [r.kind for r in bench.carry_out(JAN.subject()).records if r.outcome in (Outcome.ERASED, Outcome.ANONYMISED)]
                assert claimed == [], f"claimed although call {nth} was answered {given.status_code}"

    @check
    def test_restricting_is_verified_and_lifted_where_declared(self) -> None:
        """Each kind that restricts ends restricted, each other is refused with a reason; where it lifts, it is as before."""
        kinds = {kind.name: kind for kind in self.connector.spec.kinds}
        bench = self.bench(JAN, *LOOK_ALIKES)
        before = bench.simulator.traces(JAN)
        answer = bench.carry_out(JAN.subject(), "restrict")
        assert before == bench.simulator.traces(JAN), "a restriction erased something"
        self._assert_each(answer, {name: Outcome.RESTRICTED if kind.restricts else Outcome.REFUSED for name, kind in kinds.items()})
        restricted = {name for name, kind in kinds.items() if kind.restricts}
        assert restricted == {kind for kind, count in bench.simulator.restricted(JAN).items() if count}
        assert not any(bench.simulator.restricted(person).total() for person in LOOK_ALIKES)
        writing = bench.simulator.writing_calls
        bench.carry_out(JAN.subject(), "restrict")
        assert writing == bench.simulator.writing_calls, "what is restricted is restricted again"
        if any(kind.lifts for kind in kinds.values()):
            self._lifted(bench)

    @check
    def test_a_restriction_says_what_is_done_and_whether_it_can_be_lifted(self) -> None:
        """In plain words, `how`, which stand on the certificate. What cannot be lifted is not done before an officer confirms it."""
        kinds = {kind.name: kind for kind in self.connector.spec.kinds if kind.restricts}
        unsaid = [kind.name for kind in kinds.values() if not _PLAIN.fullmatch(kind.how)]
        assert unsaid == [], f"`how` must say in a few plain words what a restriction does to: {', '.join(unsaid)}"
        bench = self.bench(JAN)
        for confirmed in (False, True) if kinds else ():
            bench.about = {"irreversible": confirmed}
            done = {name for name, kind in kinds.items() if kind.lifts or confirmed}
            for record in bench.carry_out(JAN.subject(), "restrict").records:
                told = (record.kind, record.outcome.value, record.reason)
                if record.kind in kinds:
                    assert record.unconfirmed == (record.kind not in done), told
                    assert record.outcome is (Outcome.RESTRICTED if record.kind in done else Outcome.REFUSED), told
                    assert kinds[record.kind].how.lower() in (record.reason or "").lower() and "lift" in (record.reason or ""), told
            assert done == {name for name, count in bench.simulator.restricted(JAN).items() if count}

    def _lifted(self, bench: Bench) -> None:
        kinds = self.connector.spec.kinds
        answer = bench.carry_out(JAN.subject(), "lift")
        wanted = {k.name: Outcome.NEEDS_PERSON if k.restricts and not k.lifts else Outcome.LIFTED for k in kinds}
        self._assert_each(answer, wanted)
        assert not any(bench.simulator.restricted(JAN)[kind.name] for kind in kinds if kind.lifts)

    @staticmethod
    def _assert_each(answer: Answered, wanted: dict[str, Outcome]) -> None:
        assert answer.records and answer.outcome is None, answer.reason
        for record in answer.records:
            told = (record.kind, record.outcome.value, record.reason)
            assert wanted[record.kind] is record.outcome, told
            claimed = record.outcome in (Outcome.RESTRICTED, Outcome.LIFTED)
            assert record.evidence is (Evidence.VERIFIED if claimed else None), told


class Dying:
    """The same simulator, whose caller dies at the nth writing call; once."""

    def __init__(self, simulator: Simulator, nth: int, after_effect: bool) -> None:
        self._simulator, self._left, self._after_effect = simulator, nth, after_effect

    def handle(self, request: httpx.Request) -> httpx.Response:
        found = self._simulator._match(request)
        writing = found is not None and found[2]
        if writing and self._left == 0:
            self._left = -1
            if self._after_effect:
                self._simulator.handle(request)
            raise Crash
        if writing and self._left > 0:
            self._left -= 1
        return self._simulator.handle(request)

    def __getattr__(self, name: str) -> object:
        return getattr(self._simulator, name)
