"""Checks of legal holds: what the law keeps stays, with its rule and date, until the day it ends; shut off and stripped where it can be."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from connectors.testing.harness import Crash
from connectors.testing.kit.erasing import Dying
from connectors.testing.kit.subject import JAN, LOOK_ALIKES, KitSubject, assert_erased_and_verified, check
from topics.outcomes import Evidence, Outcome


class HoldingChecks(KitSubject):
    """Nothing to write in a connector but a record's `since` and `binds`."""

    @check
    def test_held_records_are_left_whole_with_rule_and_date(self) -> None:
        """Each dated kind is kept and counted; the rest goes, or is restricted because a kept record hangs from it."""
        if not self.dated:
            return
        bench = self.bench(JAN, rules=[self.hold(*self.dated)])
        before = bench.simulator.traces(JAN)
        answer = bench.carry_out(JAN.subject())
        after = bench.simulator.traces(JAN)
        for kind in self.dated:
            lines = [record for record in answer.records if record.kind == kind]
            assert lines and before[kind] == after[kind] == len(lines), f"{kind}: {before[kind]} before, {after[kind]} after"
            restricts = any(known.shuts for known in self.connector.spec.kinds if known.name == kind)
            assert bench.simulator.restricted(JAN)[kind] == restricts * len(lines), f"{kind}: not shut off, or without being declared"
            for line in lines:
                assert (line.outcome, line.evidence) == (Outcome.HELD, Evidence.VERIFIED), line.reason
                assert line.hold and date(2032, 12, 31) == line.hold.until and "AWR" in line.hold.statute
                assert line.sealed, "the reference of a held record is not kept"
        for record in answer.records:
            if record.kind not in self.dated and record.outcome not in (Outcome.ERASED, Outcome.ANONYMISED):
                fate = (record.kind, record.outcome.value, record.reason)
                assert record.bound_to in self.dated or record.kind in self.undeletable, fate
                assert record.evidence is Evidence.VERIFIED or record.kind in self.undeletable, fate

    @check
    def test_held_records_are_stripped_of_what_the_duty_does_not_need(self) -> None:
        """Where a kind strips: each field goes or stays as the rule says, the record stays; a second time nothing is written."""
        for kind in self.connector.spec.kinds:
            for needed in ("nothing_of_it", *kind.strips) if kind.name in self.dated and kind.strips else ():
                rule = replace(self.hold(kind.name), fields=frozenset({needed}))
                bench = self.bench(JAN, *LOOK_ALIKES, rules=[rule])
                before, others = bench.simulator.traces(JAN)[kind.name], [bench.simulator.fields(person) for person in LOOK_ALIKES]
                assert set(kind.strips) == bench.simulator.fields(JAN)[kind.name], "the simulator seeds no such field"
                lines = [record for record in bench.carry_out(JAN.subject()).records if record.kind == kind.name]
                assert before == bench.simulator.traces(JAN)[kind.name] == len(lines), f"{kind.name}: {before} before"
                told = {(line.outcome, line.evidence) for line in lines}
                assert told == {(Outcome.HELD, Evidence.VERIFIED)}, {line.reason for line in lines}
                assert {needed} & set(kind.strips) == bench.simulator.fields(JAN)[kind.name], f"{kind.name}: to keep was {needed}"
                assert others == [bench.simulator.fields(person) for person in LOOK_ALIKES]
                writing = bench.simulator.writing_calls
                again = [record.outcome for record in bench.carry_out(JAN.subject()).records if record.kind == kind.name]
                assert writing == bench.simulator.writing_calls, "what is stripped is written again"
                assert [Outcome.HELD] * before == again, "what is stripped is not found again"

    @check
    def test_what_a_held_record_hangs_from_is_stripped(self) -> None:
        """Of all that a kind `strips`, or all but what the rule names; the record stays, and a second time nothing is written."""
        for kind in [kind for kind in self.connector.spec.kinds if self.dated and kind.name not in self.dated]:
            for needed in (None, *kind.strips) if kind.strips else ():
                rule = replace(self.hold(*self.dated), fields=frozenset({needed}) if needed else None)
                bench = self.bench(JAN, *LOOK_ALIKES, rules=[rule])
                others = [bench.simulator.fields(person) for person in LOOK_ALIKES]
                assert set(kind.strips) == bench.simulator.fields(JAN)[kind.name], "the simulator seeds no such field"
                first, writing = bench.carry_out(JAN.subject()), bench.simulator.writing_calls
                again = bench.carry_out(JAN.subject())
                assert writing == bench.simulator.writing_calls, "what is stripped is written again"
                assert {needed} & set(kind.strips) == bench.simulator.fields(JAN)[kind.name], f"{kind.name}: to keep was {needed}"
                assert others == [bench.simulator.fields(person) for person in LOOK_ALIKES]
                for answer in (first, again):
                    told = [(line.bound_to, line.evidence, line.reason) for line in answer.records if line.kind == kind.name]
                    bound = [line for line in told if line[0] in self.dated]
                    assert len(bound) == bench.simulator.traces(JAN)[kind.name] and {line[1:] for line in bound} == {
                        (Evidence.VERIFIED, None)
                    }, told

    @check
    def test_a_second_delivery_leaves_held_records_alone(self) -> None:
        """Held and bound records are there for years: a repeated command touches none."""
        if not self.dated:
            return
        bench = self.bench(JAN, rules=[self.hold(*self.dated)])
        bench.carry_out(JAN.subject())
        writing = bench.simulator.writing_calls
        again = bench.carry_out(JAN.subject())
        assert writing == bench.simulator.writing_calls
        assert set(self.dated) <= {record.kind for record in again.records if record.outcome is Outcome.HELD}

    @check
    def test_a_crash_while_held_records_are_shut_off_and_stripped_is_harmless(self) -> None:
        """The worker dies at the nth writing call; the next round ends as if it had not, and the one after that writes nothing."""
        if not self.dated or self.connector.opens != "http":
            return
        whole = self.bench(JAN, rules=[self.hold(*self.dated)])
        whole.carry_out(JAN.subject())
        for nth in range(whole.simulator.writing_calls):
            for after_effect in (False, True):
                bench = self.bench(JAN, rules=[self.hold(*self.dated)])
                vendor, bench.simulator = bench.simulator, Dying(bench.simulator, nth, after_effect)  # type: ignore[assignment]
                with pytest.raises(Crash):
                    bench.carry_out(JAN.subject())
                told = {line.kind: (line.outcome, line.evidence) for line in bench.carry_out(JAN.subject()).records}
                assert all(told[kind] == (Outcome.HELD, Evidence.VERIFIED) for kind in self.dated), told
                for look in ("traces", "restricted", "fields"):
                    assert getattr(whole.simulator, look)(JAN) == getattr(vendor, look)(JAN), f"{look} after a crash at call {nth}"
                writing = vendor.writing_calls
                bench.carry_out(JAN.subject())
                assert writing == vendor.writing_calls

    @check
    def test_a_record_past_its_hold_is_erased(self) -> None:
        """On the day after the last day of the hold it is as any other record."""
        if not self.dated:
            return
        bench = self.bench(JAN, rules=[self.hold(*self.dated)])
        bench.carry_out(JAN.subject())
        bench.time.now = datetime(2033, 1, 1, 9, 0, tzinfo=UTC)
        assert_erased_and_verified(bench.carry_out(JAN.subject()), self.undeletable)
        assert not self.left_of(bench, JAN)

    @check
    def test_the_end_of_a_hold_is_worked_off_and_proven_without_the_person(self) -> None:
        """The case's key was destroyed years ago: each record is erased, and looked for again, by its sealed reference alone."""
        if not self.dated:
            return
        bench = self.bench(JAN, rules=[self.hold(*self.dated)])
        kept = bench.carry_out(JAN.subject()).records
        bench.about = {"held": {record.digest: record.sealed for record in kept if record.sealed}}
        bench.forgotten, bench.time.now = True, datetime(2033, 1, 1, 9, 0, tzinfo=UTC)
        assert_erased_and_verified(bench.carry_out(JAN.subject()), self.undeletable)
        assert not self.left_of(bench, JAN)
