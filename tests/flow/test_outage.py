"""A vendor that is away for a day: every case waits, none is lost, and each is carried out once it is back."""

from uuid import UUID

import httpx

from connectors.testing.simulator import Fault, Person
from orchestrator.case import Status
from tests.flow.company import Company
from topics.outcomes import Outcome

PEOPLE = [Person(f"p{number}@voorbeeld.nl", f"Piet {number}", f"P-{number}", f"+3130{number:07d}") for number in range(40)]


def asked(company: Company, people: list[Person]) -> list[UUID]:
    for person in people:
        company.vendors["moneybird"].add_contact(person)
    return [company.ask(person.subject()) for person in people]


def outcomes(company: Company, requests: list[UUID]) -> set[Outcome | None]:
    return {company.case(request).processors[0].answer for request in requests}


def gone(company: Company) -> bool:
    return not any(company.vendors["moneybird"].traces(person).total() for person in PEOPLE)


def test_a_vendor_that_names_the_end_of_its_day_off_gets_every_case_again_then(company: Company) -> None:
    vendor = company.vendors["moneybird"]
    vendor.faults.append(Fault(httpx.Response(503, headers={"Retry-After": "86400"}), times=1_000_000))
    requests = asked(company, PEOPLE)
    company.settle()
    assert {Outcome.DEFERRED} == outcomes(company, requests)
    assert len(requests) == len(vendor.calls), "each was told once to wait, and nobody asked again"
    vendor.faults.clear()
    company.settle(hours=23)
    assert len(requests) == len(vendor.calls)
    company.settle(hours=2)
    company.settle(seconds=1)
    assert gone(company)
    assert {Status.COMPLETE} == {company.certificates(request)[-1].status for request in requests}
    assert [] == company.dead_letters()


def test_a_vendor_that_is_only_silent_is_told_as_failed_and_asked_again_the_next_day(company: Company) -> None:
    vendor = company.vendors["moneybird"]
    vendor.faults.append(Fault(None, times=1_000_000))
    requests = asked(company, PEOPLE[:3])
    company.settle()
    assert {Outcome.FAILED} == outcomes(company, requests)
    company.settle(minutes=16)
    assert {Status.PARTIAL} == {company.certificates(request)[-1].status for request in requests}
    vendor.faults.clear()
    company.settle(days=2)
    company.settle(seconds=1)
    assert gone(company)
    assert {Status.COMPLETE} == {company.certificates(request)[-1].status for request in requests}
