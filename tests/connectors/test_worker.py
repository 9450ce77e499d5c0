"""A command carried out: what is located, written ahead, done, looked at again and told."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Literal

import httpx
import pytest

from connectors.act import MOST_RECORDS, freeze, thaw
from connectors.contract import Accepted, Gone, Kind, NotApplicable, Outcome, Record, Refused, State, Subject
from connectors.holds import HoldRule
from connectors.testing.harness import START, Bench, Crash
from connectors.testing.simulator import Fault, Person
from connectors.worker import WITHHELD
from tests.connectors.shoebox import Box, Shoebox, ShoeboxSimulator
from topics.keyring import case_key, hold_key
from topics.outcomes import Evidence
from topics.reports import Located
from topics.sealing import CannotOpen

JAN = Person("jan@voorbeeld.nl")
SEVEN = HoldRule(frozenset({"invoice"}), "AWR art. 52(4)", "GDPR art. 17(3)(b)", 7, "end_of_financial_year")


def bench(connector: type[Shoebox] = Shoebox, simulator: ShoeboxSimulator | None = None, rules: tuple[HoldRule, ...] = ()) -> Bench:
    simulator = simulator or ShoeboxSimulator()
    simulator.seed(JAN)
    return Bench(connector, simulator, {"token": {"env": "KIT_SECRET"}}, "https://vendor.test/v1", rules)


def told(answer: Any, kind: str) -> set[tuple[Outcome, Evidence | None]]:
    return {(record.outcome, record.evidence) for record in answer.records if record.kind == kind}


ERASED = {(Outcome.ERASED, Evidence.VERIFIED)}


class NotesOfOthers(Shoebox):
    def left_to_a_person(self, record: Record) -> str | None:
        return None if record.kind == "customer" else "It is others' too."

    async def erase(self, record: Record) -> None:
        assert "customer" == record.kind, "it is never handed over"
        await super().erase(record)


@pytest.mark.parametrize("mode", ["dry-run", "execute"])
def test_what_is_left_to_a_person_is_told_so_in_a_plan_too_and_never_touched(mode: Literal["dry-run", "execute"]) -> None:
    box = bench(NotesOfOthers, rules=(SEVEN,))
    answer = box.carry_out(JAN.subject(), mode=mode)
    assert {(Outcome.NEEDS_PERSON, None)} == told(answer, "note")
    assert {"It is others' too."} == {record.reason for record in answer.records if record.kind == "note"}
    assert {Outcome.HELD} == {outcome for outcome, _ in told(answer, "invoice")}  # the law comes first


def test_a_known_record_that_the_search_no_longer_shows_is_still_erased_by_its_reference() -> None:
    """Somebody changed the address after the first round: by the subject nothing would be found."""
    box = bench()
    box.crash_after_report = True
    with pytest.raises(Crash):
        box.carry_out(JAN.subject())
    box.crash_after_report = False
    (customer,) = box.simulator.boxes.values()  # type: ignore[attr-defined]
    customer.email, customer.number, customer.name = "new@voorbeeld.nl", "C-9", "New"
    customer.invoices.clear()
    answer = box.carry_out(JAN.subject())
    assert ERASED == told(answer, "customer")
    assert {} == box.simulator.boxes  # type: ignore[attr-defined]


def test_a_known_record_that_is_gone_is_told_as_erased_so_that_counts_stay_right() -> None:
    box = bench()
    box.carry_out(JAN.subject())
    again = box.carry_out(JAN.subject())
    assert 7 == len(again.records)
    assert {(Outcome.ERASED, Evidence.VERIFIED)} == {(record.outcome, record.evidence) for record in again.records}


def test_a_known_record_that_a_look_has_shown_gone_is_told_so_and_not_asked_for_again() -> None:
    box = bench()
    first = box.carry_out(JAN.subject())
    asked = len(box.simulator.calls)
    box.about["gone"] = tuple(record.digest for record in first.records)
    again = box.carry_out(JAN.subject())
    assert first.records == again.records
    assert {"/v1/customers"} == {call.request.url.path for call in box.simulator.calls[asked:]}


def test_what_was_shown_gone_and_is_found_again_is_erased_again() -> None:
    box = bench()
    first = box.carry_out(JAN.subject())
    box.about["gone"] = tuple(record.digest for record in first.records)
    box.simulator.seed(JAN)
    assert {Outcome.ERASED} == {record.outcome for record in box.carry_out(JAN.subject()).records}
    assert {} == box.simulator.boxes  # type: ignore[attr-defined]


@pytest.mark.parametrize(("day", "outcome"), [(date(2026, 11, 27), Outcome.ACCEPTED), (START.date(), Outcome.ERASED)])
def test_what_a_vendor_hides_while_it_takes_its_time_is_not_told_as_gone_before_its_own_day(day: date, outcome: Outcome) -> None:
    box = bench()
    first = box.carry_out(JAN.subject())
    box.about["accepted"] = {record.digest: day for record in first.records if record.kind == "customer"}
    again = box.carry_out(JAN.subject())
    assert {outcome} == {record.outcome for record in again.records if record.kind == "customer"}
    assert {Outcome.ERASED} == {record.outcome for record in again.records if record.kind != "customer"}


class Hiding(Shoebox):
    spec = replace(
        Shoebox.spec, kinds=tuple(replace(kind, hidden_days=30 if kind.name == "customer" else 0) for kind in Shoebox.spec.kinds)
    )


def test_what_vanished_while_a_worker_died_may_only_be_hidden_as_long_as_the_vendor_hides_at_most() -> None:
    box = bench(Hiding)
    first = box.carry_out(JAN.subject())
    box.about["unanswered"] = tuple(record.digest for record in first.records)
    again = box.carry_out(JAN.subject())
    hidden = {(record.outcome, record.until) for record in again.records if record.kind == "customer"}
    assert {(Outcome.ACCEPTED, START.date() + timedelta(days=31))} == hidden
    assert {Outcome.ERASED} == {record.outcome for record in again.records if record.kind != "customer"}
    box.about["unanswered"] = ()
    assert {Outcome.ERASED} == {record.outcome for record in box.carry_out(JAN.subject()).records}


def test_a_known_record_that_cannot_be_asked_for_claims_nothing() -> None:
    box = bench()
    box.carry_out(JAN.subject())
    box.simulator.faults.append(Fault(httpx.Response(403), skip=2))  # after the two searches: the look by reference
    answer = box.carry_out(JAN.subject())
    assert (Outcome.FAILED, ()) == (answer.outcome, answer.records)


class Anonymising(Shoebox):
    async def erase(self, record: Record) -> Literal[Outcome.ANONYMISED] | None:
        if record.kind != "customer":
            return await super().erase(record)
        await self.http.put("/customers/{id}", id=record.ref)
        return Outcome.ANONYMISED

    async def peek(self, record: Record) -> State | None:
        state = await super().peek(record)
        blank = record.kind == "customer" and (await self.http.get("/customers/{id}", id=record.ref)).read(dict[str, Any])["email"] == ""
        return State.ANONYMISED if blank else state


class AnonymisingSimulator(ShoeboxSimulator):
    def handle(self, request: httpx.Request) -> httpx.Response:
        id = request.url.path.rpartition("/")[2]
        if request.method == "PUT" and id in self.boxes:
            self.boxes[id] = Box(id, "", "", "")
        return super().handle(request)

    def touch(self, request: httpx.Request, **_: str) -> httpx.Response:
        return httpx.Response(204)

    touch.route = ("PUT", "/customers/{id}", False)  # type: ignore[attr-defined]


def test_what_was_anonymised_in_an_earlier_round_is_told_so_and_not_touched_again() -> None:
    box = bench(Anonymising, AnonymisingSimulator())
    assert {(Outcome.ANONYMISED, Evidence.VERIFIED)} == told(box.carry_out(JAN.subject()), "customer")
    writing = box.simulator.writing_calls
    assert {(Outcome.ANONYMISED, Evidence.VERIFIED)} == told(box.carry_out(JAN.subject()), "customer")
    assert writing == box.simulator.writing_calls


@pytest.mark.parametrize("needle", [*(value for values in JAN.subject().values() for value in values), "JAN@VOORBEELD.NL"])
def test_a_reason_with_personal_data_in_it_is_left_out(needle: str) -> None:
    class Telling(Shoebox):
        async def erase(self, record: Record) -> None:
            raise Refused(f"Not for {needle}, says the vendor.")

    answer = bench(Telling).carry_out(JAN.subject())
    assert {WITHHELD} == {record.reason for record in answer.records}


@pytest.mark.parametrize(("reason", "withheld"), [("Ask Bo.", True), ("ask (bo)", True), ("Borrowed elsewhere.", False), ("A B C", False)])
def test_a_short_name_is_left_out_where_it_stands_as_a_word(reason: str, withheld: bool) -> None:
    class Telling(Shoebox):
        async def erase(self, record: Record) -> None:
            raise Refused(reason)

    answer = bench(Telling).carry_out(JAN.subject() | {"name": ["Bo"], "initial": ["B"]})
    assert {WITHHELD if withheld else reason} == {record.reason for record in answer.records}


def test_a_reason_with_a_records_own_reference_in_it_is_left_out() -> None:
    class Telling(Shoebox):
        async def locate(self, subject: Subject) -> AsyncIterator[Record]:
            yield Record("note", "old-address-of-jan")

        async def erase(self, record: Record) -> None:
            raise Refused(f"{record.ref} is locked.")

    (line,) = bench(Telling).carry_out(JAN.subject()).records
    assert WITHHELD == line.reason


def test_the_text_of_a_foreign_exception_is_never_told() -> None:
    class Failing(Shoebox):
        async def locate(self, subject: Subject) -> AsyncIterator[Record]:
            raise KeyError(*subject.values("email"))
            yield

    answer = bench(Failing).carry_out(JAN.subject())
    assert Outcome.FAILED is answer.outcome
    assert "The connector shoebox failed in locate (KeyError); its log says where." == answer.reason


def test_a_defect_in_erasing_one_record_does_not_stop_the_others() -> None:
    class Failing(Shoebox):
        async def erase(self, record: Record) -> None:
            if record.kind == "invoice":
                raise IndexError("jan@voorbeeld.nl")
            if record.kind == "note":
                await super().erase(record)

    answer = bench(Failing).carry_out(JAN.subject())
    assert ERASED == told(answer, "note") and {(Outcome.FAILED, None)} == told(answer, "invoice")


def test_a_search_that_the_vendor_answers_with_404_is_never_nothing_found() -> None:
    box = bench()
    box.simulator.faults.append(Fault(httpx.Response(404), times=99))
    answer = box.carry_out(JAN.subject())
    assert (Outcome.FAILED, ()) == (answer.outcome, answer.records)


async def test_nothing_is_destroyed_before_the_broker_has_what_was_located() -> None:
    box, before = bench(), list[int]()

    async def report(located: Located) -> None:
        await asyncio.sleep(0.05)  # the broker takes its time
        before.append(box.simulator.writing_calls)

    box._report = report  # type: ignore[method-assign]
    answer = await box._carry_out(JAN.subject(), "erase", "execute", True)
    assert ([0], ERASED) == (before, told(answer, "note"))


def test_a_subject_without_any_wanted_identifier_is_not_searched_for() -> None:
    box = bench()
    answer = box.carry_out({"phone": ["+31201234567"], "name": ["Jan de Vries"]})
    assert (Outcome.NEEDS_IDENTIFIER, "To search here it needs one of: email, customer_id.") == (answer.outcome, answer.reason)
    assert [] == box.simulator.calls


class Crowded(Shoebox):
    amount = MOST_RECORDS

    async def locate(self, subject: Subject) -> AsyncIterator[Record]:
        await self.http.get("/customers")
        for number in range(self.amount):
            yield Record("note", str(number))


def test_more_records_than_any_person_has_are_a_fault_and_none_is_touched() -> None:
    box = bench(type("TooMany", (Crowded,), {"amount": MOST_RECORDS + 1}))
    answer = box.carry_out(JAN.subject())
    assert Outcome.FAILED is answer.outcome and "More than 5000" in (answer.reason or "")
    assert 0 == box.simulator.writing_calls and [] == box.located


def test_as_many_records_as_are_allowed_fit_into_a_report() -> None:
    answer = bench(Crowded).carry_out(JAN.subject(), mode="dry-run")
    assert MOST_RECORDS == len(answer.records)


def test_a_kind_that_the_spec_does_not_declare_is_a_fault_of_the_connector() -> None:
    class Strange(Shoebox):
        async def locate(self, subject: Subject) -> AsyncIterator[Record]:
            yield Record("memo", "1")

    answer = bench(Strange).carry_out(JAN.subject())
    assert Outcome.FAILED is answer.outcome and "does not declare" in (answer.reason or "")


def test_a_long_wait_in_mid_case_defers_the_rest_and_tells_what_is_done() -> None:
    box = bench()
    box.simulator.faults.append(Fault(httpx.Response(429, headers={"retry-after": "3600"}), writing=True, skip=2))
    answer = box.carry_out(JAN.subject())
    notes = [record.outcome for record in answer.records if record.kind == "note"]
    assert [Outcome.ERASED, Outcome.ERASED, Outcome.DEFERRED] == notes
    assert {(Outcome.DEFERRED, None)} == told(answer, "invoice") == told(answer, "customer")
    assert answer.outcome is None and START + timedelta(hours=1) == answer.again_at


def test_a_long_wait_while_looking_again_claims_nothing_and_names_the_moment() -> None:
    box = bench()
    box.simulator.faults.append(Fault(httpx.Response(429, headers={"retry-after": "3600"}), skip=11, times=99))
    answer = box.carry_out(JAN.subject())
    assert {(Outcome.DEFERRED, None)} == {(record.outcome, record.evidence) for record in answer.records}
    assert answer.again_at


def test_a_held_records_reference_opens_with_the_hold_key_only() -> None:
    box = bench(rules=(SEVEN,))
    answer = box.carry_out(JAN.subject())
    held = [record for record in answer.records if record.sealed]
    assert {"invoice", "customer"} == {record.kind for record in held}
    hold, case = box.keyring.get(hold_key(box.request_id)), box.keyring.get(case_key(box.request_id))
    for record in held:
        (opened,) = thaw(hold.open("hold.record", record.sealed or ""))
        assert record.kind == opened.kind and record.digest == case.digest("shoebox", opened.kind, opened.ref)
        with pytest.raises(CannotOpen):
            case.open("hold.record", record.sealed or "")
        with pytest.raises(CannotOpen):
            hold.open("located.records", record.sealed or "")


def test_what_is_erased_leaves_no_reference_behind() -> None:
    answer = bench().carry_out(JAN.subject())
    assert {None} == {record.sealed for record in answer.records}


def test_what_the_vendor_erases_later_is_accepted_until_its_date_and_erased_once_it_is_gone() -> None:
    class Later(Shoebox):
        async def erase(self, record: Record) -> Accepted:
            return Accepted(date(2026, 11, 27))

    box = bench(Later)
    answer = box.carry_out(JAN.subject())
    assert {(Outcome.ACCEPTED, Evidence.ACCEPTED)} == told(answer, "customer")
    assert {date(2026, 11, 27)} == {record.until for record in answer.records}
    box.simulator.boxes.clear()  # type: ignore[attr-defined]
    assert ERASED == told(box.carry_out(JAN.subject()), "customer")


def test_a_record_that_was_gone_already_is_erased_all_the_same() -> None:
    class Late(Shoebox):
        async def erase(self, record: Record) -> None:
            await super().erase(record)
            raise Gone

    assert ERASED == told(bench(Late).carry_out(JAN.subject()), "note")


def test_a_record_is_counted_once_however_often_it_is_yielded() -> None:
    class Twice(Shoebox):
        async def locate(self, subject: Subject) -> AsyncIterator[Record]:
            async for record in super().locate(subject):
                yield record
                yield record

    assert 7 == len(bench(Twice).carry_out(JAN.subject()).records)


def test_what_cannot_be_erased_is_refused_with_its_reason_and_not_tried() -> None:
    kinds = (Kind("note", kept_because="Notes are kept by the vendor."), *Shoebox.spec.kinds[1:])
    box = bench(type("Keeping", (Shoebox,), {"spec": replace(Shoebox.spec, kinds=kinds)}))
    answer = box.carry_out(JAN.subject())
    assert {(Outcome.REFUSED, None)} == told(answer, "note")
    assert {"Notes are kept by the vendor."} == {record.reason for record in answer.records if record.kind == "note"}


def test_the_hold_counts_from_the_controllers_own_day() -> None:
    """Half past eleven in the evening of New Year's Eve in UTC is the new year in Amsterdam."""

    class Momentary(Shoebox):
        def record(self, kind: str, row: Any, **more: Any) -> Record:
            moment = START.replace(month=12, day=31, hour=23, minute=30)
            return super().record(kind, row, **more | ({"since": moment} if "since" in more else {}))

    answer = bench(Momentary, rules=(SEVEN,)).carry_out(JAN.subject())
    assert {date(2034, 12, 31)} == {record.hold.until for record in answer.records if record.hold}


def test_on_the_last_day_of_a_hold_the_controllers_clock_counts() -> None:
    """Half past eleven in the evening in UTC on that day is the day after in Amsterdam: free to go."""
    box = bench(rules=(SEVEN,))
    box.time.now = START.replace(year=2032, month=12, day=31, hour=22, minute=30)
    assert {Outcome.HELD} == {outcome for outcome, _ in told(box.carry_out(JAN.subject(), mode="dry-run"), "invoice")}
    box.time.now += timedelta(hours=1)
    assert ERASED == told(box.carry_out(JAN.subject()), "invoice")


def test_evidence_counts_the_calls() -> None:
    box = bench()
    answer = box.carry_out(JAN.subject())
    assert answer.calls and len(box.simulator.calls) == answer.calls.count


@pytest.mark.parametrize("binds", [None, ("contact", "c1"), (("contact", "c1"), ("user", "u1"))])
def test_a_sealed_reference_keeps_all_that_it_is_bound_to(binds: Any) -> None:
    record = Record("invoice", "i1", date(2025, 6, 1), binds)
    [thawed] = thaw(freeze([record]))
    assert (record.key, record.since, record.bound) == (thawed.key, thawed.since, thawed.bound)


def test_a_reference_that_version_0_1_sealed_can_still_be_read() -> None:
    """A held record's reference stays sealed for years."""
    [bound, free] = thaw(b'[["invoice", "i1", "2025-06-01", ["contact", "c1"]], ["contact", "c1", null, null]]')
    assert ((("contact", "c1"),), ()) == (bound.bound, free.bound)


class DeclaresNothing(Shoebox):
    async def locate(self, subject: Subject) -> AsyncIterator[Record]:
        raise NotApplicable("Nothing here.")
        yield


def test_a_connector_that_calls_a_vendor_cannot_declare_that_nothing_is_held() -> None:
    """Else a vendor's bad day could close a case."""
    answer = bench(DeclaresNothing).carry_out(JAN.subject())
    assert Outcome.FAILED is answer.outcome and "cannot declare" in (answer.reason or "")
