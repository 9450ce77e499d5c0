"""What the law keeps is shut off and stripped, what a claim holds stays, and what ages out is told with its day."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from connectors.ageing import RetentionRule
from connectors.contract import Kind, Outcome, Record, Refused
from connectors.holds import HoldRule
from connectors.testing.harness import START, Bench
from connectors.testing.simulator import Fault
from connectors.worker import WITHHELD
from tests.connectors.shoebox import Shoebox
from tests.connectors.strongbox import Strongbox, StrongboxSimulator
from tests.connectors.test_worker import ERASED, JAN, SEVEN, bench, told
from topics.commands import Claim
from topics.outcomes import Evidence

LITTLE = replace(SEVEN, fields=frozenset({"payer"}))
HELD = {(Outcome.HELD, Evidence.VERIFIED)}


def strongbox(connector: type[Shoebox] = Strongbox, rule: HoldRule = LITTLE) -> tuple[Bench, StrongboxSimulator]:
    simulator = StrongboxSimulator()
    return bench(connector, simulator, (rule,)), simulator


def test_a_held_record_is_shut_off_and_stripped_and_stays_held() -> None:
    box, vendor = strongbox()
    answer = box.carry_out(JAN.subject())
    assert HELD == told(answer, "invoice")
    assert ({"payer"}, 3) == (vendor.fields(JAN)["invoice"], vendor.restricted(JAN)["invoice"])
    assert {date(2032, 12, 31)} == {line.hold.until for line in answer.records if line.hold}


def test_what_a_held_record_hangs_from_is_stripped_and_then_restricted_and_no_more_in_the_next_round() -> None:
    box, vendor = strongbox()
    assert {(Outcome.RESTRICTED, Evidence.VERIFIED)} == told(box.carry_out(JAN.subject()), "customer")
    assert (set(), 1) == (vendor.fields(JAN)["customer"], vendor.restricted(JAN)["customer"])
    writing = vendor.writing_calls
    assert {(Outcome.RESTRICTED, Evidence.VERIFIED)} == told(box.carry_out(JAN.subject()), "customer")
    assert writing == vendor.writing_calls


def test_a_refusal_to_strip_what_a_held_record_hangs_from_is_told_and_it_is_restricted_all_the_same() -> None:
    class Refusing(Strongbox):
        async def strip(self, record: Record, keep: frozenset[str]) -> None:
            raise Refused("Not a phone.")

    box, vendor = strongbox(Refusing)
    answer = box.carry_out(JAN.subject())
    assert {(Outcome.RESTRICTED, Evidence.VERIFIED)} == told(answer, "customer") and vendor.restricted(JAN)["customer"]
    assert {"It is not stripped. Not a phone."} == {line.reason for line in answer.records if line.kind == "customer"}


def test_a_dry_run_neither_shuts_off_nor_strips() -> None:
    box, vendor = strongbox()
    box.carry_out(JAN.subject(), mode="dry-run")
    assert (0, 0) == (vendor.writing_calls, vendor.restricted(JAN)["invoice"])


@pytest.mark.parametrize("left_out", ["strip", "restrict"])
def test_what_the_vendor_refuses_to_do_to_a_held_record_is_told_and_the_record_stays_held(left_out: str) -> None:
    async def refusing(self: Any, record: Record, *_: Any) -> None:
        if record.kind != "invoice":
            return await super(Strongbox, self).restrict(record)
        raise Refused("Not a paid one.")

    box, vendor = strongbox(type("Refusing", (Strongbox,), {left_out: refusing}))
    answer = box.carry_out(JAN.subject())
    assert HELD == told(answer, "invoice")
    assert {"It is kept as it is. Not a paid one."} == {line.reason for line in answer.records if line.kind == "invoice"}
    other_was_done = {"restrict": vendor.fields(JAN)["invoice"] == {"payer"}, "strip": vendor.restricted(JAN)["invoice"] == 3}
    assert other_was_done[left_out]


def test_a_held_record_that_the_vendor_only_says_to_have_shut_off_is_no_success() -> None:
    box, vendor = strongbox()
    vendor.liar = True
    answer = box.carry_out(JAN.subject())
    assert {(Outcome.FAILED, None)} == told(answer, "invoice")
    assert {"The invoice is not restricted after it was to be at shoebox."} == {r.reason for r in answer.records if r.kind == "invoice"}


def test_a_held_record_that_an_outage_left_open_is_tried_again_and_not_told_as_done() -> None:
    box, vendor = strongbox()
    vendor.faults.append(Fault(httpx.Response(429, headers={"retry-after": "3600"}), writing=True, skip=3))
    answer = box.carry_out(JAN.subject())
    assert {(Outcome.DEFERRED, None)} == told(answer, "invoice") and answer.again_at
    box.time.now += timedelta(hours=2)
    assert HELD == told(box.carry_out(JAN.subject()), "invoice")


def test_a_held_record_that_vanishes_while_it_is_stripped_is_told() -> None:
    class Losing(Strongbox):
        async def strip(self, record: Record, keep: frozenset[str]) -> None:
            await self.erase(record)

        async def restrict(self, record: Record) -> None:
            if record.kind == "customer":
                await super().restrict(record)

    answer = strongbox(Losing)[0].carry_out(JAN.subject())
    assert {"The invoice must be kept, but it is no longer there."} == {r.reason for r in answer.records if r.kind == "invoice"}
    assert {(Outcome.FAILED, None)} == told(answer, "invoice")


def test_a_restricted_record_that_only_its_reference_finds_is_not_restricted_again() -> None:
    box, vendor = strongbox()
    box.carry_out(JAN.subject())
    (customer,) = vendor.boxes.values()
    customer.email, customer.number, customer.name = "new@voorbeeld.nl", "C-9", "New"
    writing = box.simulator.writing_calls
    answer = box.carry_out(JAN.subject())
    assert writing == box.simulator.writing_calls
    assert (Outcome.RESTRICTED, Evidence.VERIFIED) in told(answer, "customer")


@pytest.mark.parametrize(
    ("kind", "one_record", "held"), [(None, False, {"note", "invoice", "customer"}), ("note", False, {"note"}), ("note", True, {"note"})]
)
def test_a_claim_holds_a_whole_case_or_a_kind_or_one_record(kind: str | None, one_record: bool, held: set[str]) -> None:
    box = bench()
    plan = box.carry_out(JAN.subject(), mode="dry-run")
    digest = next(line.digest for line in plan.records if line.kind == "note") if one_record else None
    box.about = {"claims": [Claim(kind=kind, digest=digest, reason="Claim 12 of the court.", until=date(2027, 1, 1))]}
    answer = box.carry_out(JAN.subject())
    lines = [line for line in answer.records if line.outcome is Outcome.HELD]
    assert held == {line.kind for line in lines}
    assert (1 if one_record else {"note": 3}.get(kind or "", 7)) == len(lines)
    assert {("Legal claim", "Claim 12 of the court.")} == {(line.hold.statute, line.hold.reason) for line in lines if line.hold}


def test_an_officers_words_with_something_of_the_person_in_them_do_not_reach_the_answer() -> None:
    box = bench()
    box.about = {"claims": [Claim(reason="Summons of Jan de Vries.", until=date(2027, 1, 1))]}
    answer = box.carry_out(JAN.subject())
    assert {WITHHELD} == {line.hold.reason for line in answer.records if line.hold}
    assert "Vries" not in answer.model_dump_json()


def test_the_end_of_the_contract_comes_with_the_command() -> None:
    box = bench(rules=(replace(SEVEN, start="end_of_contract"),))
    assert {(Outcome.NEEDS_PERSON, None)} == told(box.carry_out(JAN.subject(), mode="dry-run"), "invoice")
    box.about = {"contract_ended_on": date(2026, 3, 31)}
    assert {date(2033, 3, 31)} == {line.hold.until for line in box.carry_out(JAN.subject()).records if line.hold}


def test_what_ages_out_is_told_with_its_day_and_once_gone_it_was_looked_for() -> None:
    kinds = (Kind("note", kept_because="Notes cannot be erased."), *Shoebox.spec.kinds[1:])
    box = bench(type("Keeping", (Shoebox,), {"spec": replace(Shoebox.spec, kinds=kinds)}))
    box.retention = [RetentionRule(frozenset({"note"}), "notes", "statement 1.1", days=100)]
    lines = [line for line in box.carry_out(JAN.subject()).records if line.kind == "note"]
    assert {(Outcome.EXPIRING, None, date(2027, 2, 28))} == {(line.outcome, line.evidence, line.until) for line in lines}
    box.about = {"expiring": {line.digest: line.until for line in lines}}
    box.time.now = START.replace(year=2027, month=3, day=1)
    box.simulator.boxes.clear()  # type: ignore[attr-defined]
    assert ERASED == told(box.carry_out(JAN.subject()), "note")


def test_a_refusal_that_may_pass_leaves_a_held_record_to_be_tried_again() -> None:
    class Locked(Strongbox):
        async def strip(self, record: Record, keep: frozenset[str]) -> None:
            raise Refused("It is locked just now.", passing=True)

    assert {(Outcome.FAILED, None)} == told(strongbox(Locked)[0].carry_out(JAN.subject()), "invoice")


def test_a_held_record_that_could_not_be_looked_at_again_is_not_told_as_shut_off() -> None:
    box, vendor = strongbox()
    counted = strongbox()
    counted[0].carry_out(JAN.subject())
    last_writing = max(nth for nth, call in enumerate(counted[1].calls) if call.writing)
    vendor.faults.append(Fault(httpx.Response(403), skip=last_writing + 1, times=1_000))
    assert {(Outcome.FAILED, None)} == told(box.carry_out(JAN.subject()), "invoice")
