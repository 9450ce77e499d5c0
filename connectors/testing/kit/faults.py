"""Checks of faults: a passing one is waited out, a lasting one is told, and neither is taken for success."""

import httpx

from connectors.testing.kit.subject import JAN, KitSubject, assert_erased_and_verified, assert_failed_openly, check
from connectors.testing.simulator import Fault
from topics.outcomes import Outcome


class FaultChecks(KitSubject):
    """Nothing to write in a connector but to let errors through."""

    @check
    def test_a_busy_vendor_is_asked_again_when_it_says(self) -> None:
        """429 with Retry-After in seconds."""
        bench = self.bench(JAN)
        bench.simulator.faults.append(Fault(httpx.Response(429, headers={"retry-after": "17"})))
        assert_erased_and_verified(bench.carry_out(JAN.subject()), self.undeletable)
        assert any(17 <= wait < 19 for wait in bench.time.waits)

    @check
    def test_a_long_wait_is_deferred(self) -> None:
        """More than two minutes is not slept: the orchestrator orders it again."""
        bench = self.bench(JAN)
        bench.simulator.faults.append(Fault(httpx.Response(429, headers={"retry-after": "3600"})))
        answer = bench.carry_out(JAN.subject())
        assert Outcome.DEFERRED is answer.outcome and answer.again_at
        assert 3590 <= (answer.again_at - bench.time.now).total_seconds() <= 3600

    @check
    def test_a_dropped_line_is_tried_again(self) -> None:
        """Before the vendor did it, and after."""
        for writing in (False, True):
            for after_effect in (False, True):
                bench = self.bench(JAN)
                bench.simulator.faults.append(Fault(None, writing=writing, after_effect=after_effect))
                assert_erased_and_verified(bench.carry_out(JAN.subject()), self.undeletable)
                assert not self.left_of(bench, JAN)

    @check
    def test_an_outage_ends_in_failed_after_the_cap(self) -> None:
        """Ten minutes of 503 here; then it is told, and not tried for ever."""
        bench = self.bench(JAN)
        bench.simulator.faults.append(Fault(httpx.Response(503), times=100_000))
        answer = bench.carry_out(JAN.subject())
        assert Outcome.FAILED is answer.outcome
        assert 599 <= sum(bench.time.waits) <= 700

    @check
    def test_an_outage_in_mid_case_is_told(self) -> None:
        """The vendor goes away at its first writing call and stays away: nothing is claimed."""
        bench = self.bench(JAN)
        bench.simulator.faults.append(Fault(httpx.Response(503), times=100_000, writing=True))
        answer = bench.carry_out(JAN.subject())
        assert_failed_openly(answer)
        assert not any(record.outcome in (Outcome.ERASED, Outcome.ANONYMISED) for record in answer.records)

    @check
    def test_a_refused_credential_is_not_tried_again(self) -> None:
        """401 and 403 are told at once: waiting does not mend them."""
        for status in (401, 403):
            bench = self.bench(JAN)
            bench.simulator.faults.append(Fault(httpx.Response(status, json={"error": "no"}), times=100_000))
            assert Outcome.FAILED is bench.carry_out(JAN.subject()).outcome
            assert len(bench.simulator.calls) <= 3 and not bench.time.waits

    @check
    def test_a_credential_without_the_right_to_delete_is_told(self) -> None:
        """Reading works and every writing call is 403: each record is `failed`, and all is still there."""
        bench = self.bench(JAN)
        before = bench.simulator.traces(JAN)
        bench.simulator.faults.append(Fault(httpx.Response(403, json={"error": "no"}), times=100_000, writing=True))
        answer = bench.carry_out(JAN.subject())
        assert before == bench.simulator.traces(JAN)
        assert {Outcome.FAILED, Outcome.REFUSED} >= {record.outcome for record in answer.records} and answer.records
        for record in answer.records:
            assert record.reason and "is still there after" not in record.reason, f"{record.kind}: the 403 was swallowed: {record.reason}"

    @check
    def test_a_look_again_that_fails_claims_nothing(self) -> None:
        """Erased, and then the vendor cannot be asked any more: not told as erased."""
        clean = self.bench(JAN)
        clean.carry_out(JAN.subject())
        last_writing = max((n for n, call in enumerate(clean.simulator.calls) if call.writing), default=-1)
        bench = self.bench(JAN)
        bench.simulator.faults.append(Fault(httpx.Response(403), times=100_000, skip=last_writing + 1))
        answer = bench.carry_out(JAN.subject())
        assert_failed_openly(answer)
        assert not any(record.outcome in (Outcome.ERASED, Outcome.ANONYMISED) for record in answer.records)
