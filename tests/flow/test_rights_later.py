"""What a person or an officer says after an answer still counts: on the day on which a hold ends, and for what is open meanwhile."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from connectors.testing.simulator import Fault
from connectors.testing.simulators.moneybird import MoneybirdSimulator
from orchestrator.case import Status
from tests.flow.company import Company, lines
from tests.flow.test_cases import JAN
from tests.flow.test_hold_ends import held, the_day_after
from tests.flow.test_rights import KEEP, after, decided, left

CLAIM = {"reason": "A dispute over the delivery.", "until": "2060-06-30"}


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    made = Company(tmp_path)
    yield made
    made.close()


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Company]:
    made = Company(tmp_path, {"books": MoneybirdSimulator(), "list": MoneybirdSimulator()})
    for vendor in made.vendors.values():
        vendor.add_contact(JAN)
    yield made
    made.close()


def kept(company: Company) -> dict[str, int]:
    return dict(+company.vendors["moneybird"].traces(JAN))


def claimed(company: Company, request: UUID, **on: str) -> None:
    company.order(request, "hold.place", **CLAIM, **on)
    company.settle()


def test_what_the_person_asked_to_keep_meanwhile_outlives_the_end_of_a_hold(company: Company) -> None:
    erasure, last = held(company)
    restriction = after(company, "subject.restrict", ground=KEEP)
    the_day_after(company, last)
    assert {"contact": 1, "invoice": 1} == kept(company)
    newest = company.certificates(erasure)[-1]
    assert (Status.PARTIAL, restriction) == (newest.status, (block := company.case(erasure).block) and block.by)
    assert KEEP in (newest.processors[0].reason or "")
    decided(company, erasure, "uphold")
    assert ({}, Status.COMPLETE) == (kept(company), company.certificates(erasure)[-1].status)


def test_the_end_of_a_hold_waits_for_a_claim_that_another_request_got_meanwhile(company: Company) -> None:
    erasure, last = held(company)
    claimed(company, after(company, "subject.erase"))
    the_day_after(company, last)
    assert {"contact": 1, "invoice": 1} == kept(company)
    assert Status.PARTIAL is company.certificates(erasure)[-1].status


def test_a_claim_on_one_request_stands_against_another_of_the_person_until_it_is_lifted(two: Company) -> None:
    first = after(two, "subject.erase", identity="doubtful")
    claimed(two, first)
    second = after(two, "subject.erase")
    assert ((1, 1), ["decision_needed"]) == (left(two), two.notices(second))
    assert "legal claim" in (two.certificates(second)[-1].processors[0].reason or "")
    two.order(first, "hold.lift")
    two.settle()
    assert ((0, 0), Status.COMPLETE) == (left(two), two.certificates(second)[-1].status)


def test_a_claim_that_is_placed_on_both_requests_keeps_what_it_is_about_once_the_officer_lets_the_rest_go(two: Company) -> None:
    first = after(two, "subject.erase", identity="doubtful")
    claimed(two, first, processor="books")
    second = after(two, "subject.erase")
    claimed(two, second, processor="books")
    decided(two, second, "uphold")
    assert (1, 0) == left(two)


def test_a_claim_that_is_lifted_from_one_request_leaves_it_waiting_for_the_one_on_another(two: Company) -> None:
    first = after(two, "subject.erase", identity="doubtful")
    second = after(two, "subject.erase", identity="doubtful")
    claimed(two, second)
    claimed(two, first)
    two.order(second, "case.resume")
    two.order(second, "hold.lift")
    two.settle()
    assert (1, 1) == left(two)
    two.order(first, "hold.lift")
    two.settle()
    assert ((0, 0), Status.COMPLETE) == (left(two), two.certificates(second)[-1].status)


def test_a_wider_claim_on_one_request_stands_against_another_that_only_had_the_narrow_one(two: Company) -> None:
    first = after(two, "subject.erase", identity="doubtful")
    second = after(two, "subject.erase", identity="doubtful")
    for request in (second, first):
        claimed(two, request, processor="books")
    claimed(two, first)
    two.order(second, "case.resume")
    two.settle()
    assert (1, 1) == left(two)


@pytest.mark.parametrize("ground", ["GDPR art. 18(1)(c)", "18(1)(a), 18(1)(c)", "18 (1) (b)"])
def test_however_the_ground_is_written_the_data_are_kept(two: Company, ground: str) -> None:
    after(two, "subject.restrict", ground=ground)
    after(two, "subject.erase")
    assert (1, 1) == left(two)


def test_an_objection_to_marketing_however_it_is_written_is_absolute_and_with_another_it_is_examined(two: Company) -> None:
    both = after(two, "subject.object", ground="21(1), 21(2)")
    assert (True, (1, 1)) == (two.case(both).examined, left(two))
    after(two, "subject.object", ground="GDPR art. 21(2)")
    assert (1, 0) == left(two)


def test_a_lifting_that_was_narrowed_does_not_end_the_rest_of_a_restriction(two: Company) -> None:
    restriction = after(two, "subject.restrict", ground=KEEP)
    two.vendors["list"].contacts.clear()  # nothing is there to lift, so that the lifting ends by itself
    after(two, "subject.unrestrict", processors=["list"])
    erasure = after(two, "subject.erase")
    assert (None, (1, 0)) == (two.case(restriction).ended_by, left(two))
    assert two.case(erasure).block is not None


def test_a_word_of_the_officer_is_about_what_was_known_then_and_a_later_restriction_counts_again(two: Company) -> None:
    after(two, "subject.restrict", ground="18(1)(b)")
    two.vendors["books"].faults.append(Fault(httpx.Response(403), times=100))
    erasure = after(two, "subject.erase")
    decided(two, erasure, "uphold")
    assert (1, 0) == left(two)
    after(two, "subject.restrict", ground=KEEP)
    two.vendors["books"].faults.clear()
    two.settle(days=3)
    assert (1, 0) == left(two)


def test_what_an_erasure_begins_to_keep_is_not_freed_by_a_lifting_that_was_announced_before(two: Company) -> None:
    two.vendors["books"].add_invoice(next(iter(two.vendors["books"].contacts)), date(2025, 6, 1))
    after(two, "subject.restrict")
    two.stopped.add("list")  # so that the lifting has not ended
    two.vendors["books"].faults.append(Fault(httpx.Response(403), times=100))
    lifting = after(two, "subject.unrestrict")
    two.vendors["books"].faults.clear()
    after(two, "subject.erase")
    assert two.case(lifting).block is not None


def test_a_restriction_that_was_asked_after_a_lifting_is_not_undone_by_it(two: Company) -> None:
    two.stopped |= {"books", "list"}
    lifting = after(two, "subject.unrestrict")
    restriction = after(two, "subject.restrict", ground=KEEP)
    two.stopped.clear()
    two.settle(days=1)
    assert ((1, 1), None) == (left(two), two.case(restriction).ended_by)
    assert two.case(lifting).block is not None


def test_what_a_restriction_in_force_shuts_off_is_not_freed_by_a_rejected_objection(two: Company) -> None:
    restriction = after(two, "subject.restrict", ground="18(1)(a)")
    objection = after(two, "subject.object", ground="21(1)")
    decided(two, objection, "reject")
    assert (restriction, "open") == ((block := two.case(objection).block) and block.by, two.case(objection).state)
    two.vendors["books"].contacts.clear()  # nothing is there to lift, so that the lifting ends by itself
    two.vendors["list"].contacts.clear()
    after(two, "subject.unrestrict")
    assert (None, "closed") == (two.case(objection).block, two.case(objection).state)


def test_an_objection_to_marketing_that_is_not_carried_out_everywhere_yet_is_not_undone_by_a_lifting(two: Company) -> None:
    two.vendors["list"].faults.append(Fault(httpx.Response(403), times=100))
    objection = after(two, "subject.object", ground="21(2)")
    lifting = after(two, "subject.unrestrict")
    assert two.case(lifting).block is not None
    two.vendors["list"].faults.clear()
    two.retry(objection)
    two.settle()
    assert ("closed", None) == (two.case(objection).state, two.case(lifting).block)


def test_the_officer_is_told_of_an_objection_that_is_to_be_examined(two: Company) -> None:
    assert ["decision_needed"] == two.notices(after(two, "subject.object", ground="21(1)"))
    assert "decision_needed" not in two.notices(after(two, "subject.object", ground="21(2)"))


def test_the_officer_is_told_that_a_hold_has_ended_and_of_no_deadline(company: Company) -> None:
    erasure, last = held(company)
    company.settle(days=(last - company.time.now.date()).days)
    before = len(company.notices(erasure))
    company.settle(days=1)
    assert ["hold_ended", "certificate_superseded", "confirmed"] == company.notices(erasure)[before:]
    assert {("contact", "erased"): 1, ("invoice", "erased"): 1} == lines(company.certificates(erasure)[-1])
