"""Guards against the catastrophic click (ADR 21), with the real worker: nothing is destroyed before somebody has seen what would be."""

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest

from connectors.testing.simulator import Person
from orchestrator.case import Status
from orchestrator.ordering import approver
from orchestrator.policy import Guards
from tests.flow.company import POLICY, Company, seed
from tests.flow.test_cases import OLD
from tests.flow.test_restored import back_up, restore

Companies = Callable[..., Company]


def guarded(companies: Companies, **guards: int | bool) -> Company:
    return companies(policy=replace(POLICY, guards=Guards(**guards)))  # type: ignore[arg-type]


def left(company: Company, person: Person = OLD) -> int:
    return sum(company.vendors["moneybird"].traces(person).values())


def asked(company: Company, person: Person = OLD) -> UUID:
    """A person with a contact and an invoice nine years old, whose erasure is asked for."""
    seed(company.vendors["moneybird"], person)
    request = company.ask(person.subject())
    company.settle()
    return request


def approve(company: Company, request: UUID, name: str = "Anna") -> None:
    guard = company.case(request).guard
    assert guard is not None
    company.order(request, "case.approve", plan=guard.plan, by=approver(company.keyring, name))
    company.settle()


def test_with_plan_first_nothing_is_written_before_the_approval_and_everything_goes_after_it(companies: Companies) -> None:
    company = guarded(companies, plan_first=True)
    request = asked(company)
    assert (3, 0) == (left(company), company.vendors["moneybird"].writing_calls)
    assert ["decision_needed"] == company.notices(request)
    plan = company.case(request).processors[0].plan
    assert plan is not None
    assert [("contact", "erased", 1), ("contact_person", "erased", 1), ("invoice", "erased", 1)] == [
        (one.kind, one.outcome, one.count) for one in plan.lines
    ]
    approve(company, request)
    assert (0, Status.COMPLETE) == (left(company), company.certificates(request)[-1].status)


def test_many_records_need_two_persons_and_one_who_approves_twice_is_one(companies: Companies) -> None:
    company = guarded(companies, records_per_case=2)
    request = asked(company)
    approve(company, request, "Anna")
    approve(company, request, " anna ")
    assert (3, True) == (left(company), company.case(request).unapproved)
    assert "The same person approved it already: a second must." == company.dead_letters()[-1]["detail"]
    approve(company, request, "Bert")
    assert (0, "closed") == (left(company), company.case(request).state)


def test_few_records_go_by_themselves(companies: Companies) -> None:
    company = guarded(companies, records_per_case=3)
    request = asked(company)
    assert (0, Status.COMPLETE) == (left(company), company.certificates(request)[-1].status)


def test_a_burst_of_erasures_is_stopped_at_the_number_that_is_usual_and_an_hour_later_they_go_again(companies: Companies) -> None:
    company = guarded(companies, cases_per_hour=2)
    people = [Person(f"p{n}@voorbeeld.nl", f"Piet {n}", f"P-{n}", f"+3130{n:07d}", since=OLD.since) for n in range(4)]
    requests = [asked(company, person) for person in people[:3]]
    assert [0, 0, 3] == [left(company, person) for person in people[:3]]
    assert [False, False, True] == [company.case(request).unapproved for request in requests]
    company.settle(minutes=61)
    asked(company, people[3])
    assert 0 == left(company, people[3])


def test_a_burst_in_one_batch_is_stopped_too(companies: Companies) -> None:
    company = guarded(companies, cases_per_hour=2)
    people = [Person(f"p{n}@voorbeeld.nl", f"Piet {n}", f"P-{n}", f"+3130{n:07d}", since=OLD.since) for n in range(4)]
    for person in people:
        seed(company.vendors["moneybird"], person)
    requests = [company.ask(person.subject()) for person in people]
    company.settle()
    assert 2 == sum(company.case(request).unapproved for request in requests)


def test_restrictions_and_dry_runs_are_not_counted_in_a_burst(companies: Companies) -> None:
    company = guarded(companies, cases_per_hour=1)
    for n in range(3):
        company.ask(Person(f"p{n}@voorbeeld.nl").subject(), "subject.restrict")
        company.ask(Person(f"q{n}@voorbeeld.nl").subject(), mode="dry-run")
    assert not company.case(asked(company)).unapproved


@pytest.mark.parametrize("state", ["open", "late", "reminded", "pending_payment"])
def test_somebody_with_an_unpaid_invoice_is_asked_about_first(companies: Companies, state: str) -> None:
    company = guarded(companies, ask_when_open=True)
    contact = seed(company.vendors["moneybird"], OLD)
    company.vendors["moneybird"].add_invoice(contact, company.time.now.date(), state=state)
    request = company.ask(OLD.subject())
    company.settle()
    plan = company.case(request).processors[0].plan
    assert plan is not None
    assert (True, 1) == (company.case(request).unapproved, sum(line.open for line in plan.lines))
    approve(company, request)
    assert Status.COMPLETE_WITH_HOLDS == company.certificates(request)[-1].status


def test_somebody_whose_recurring_invoice_runs_is_asked_about_first(companies: Companies) -> None:
    company = guarded(companies, ask_when_open=True)
    contact = seed(company.vendors["moneybird"], OLD)
    company.vendors["moneybird"].add_invoice(contact, None, "recurring_sales_invoices")
    request = company.ask(OLD.subject())
    company.settle()
    assert company.case(request).unapproved


def test_somebody_with_everything_paid_is_not_asked_about(companies: Companies) -> None:
    company = guarded(companies, ask_when_open=True)
    assert Status.COMPLETE == company.certificates(asked(company))[-1].status


def test_what_waits_for_approval_goes_on_waiting_when_the_guard_is_taken_out_of_the_configuration(companies: Companies) -> None:
    company = guarded(companies, plan_first=True)
    request = asked(company)
    company.policy = POLICY
    company.restart()
    company.settle(days=2)
    assert (3, True) == (left(company), company.case(request).unapproved)
    assert [Status.PARTIAL] == [one.status for one in company.certificates(request)]
    approve(company, request)
    assert 0 == left(company)


def test_a_worker_that_is_away_delays_the_question_and_no_longer_than_a_certificate(companies: Companies) -> None:
    company = guarded(companies, plan_first=True)
    company.stopped = {"moneybird"}
    request = asked(company)
    company.settle(minutes=15)
    assert ("asked", 3) == (company.case(request).guard.state, left(company))  # type: ignore[union-attr]
    approve(company, request)
    company.stopped = set()
    company.settle()
    assert 0 == left(company)


def test_a_ledger_that_is_restored_to_before_the_request_comes_to_the_same_end(companies: Companies) -> None:
    company = guarded(companies, plan_first=True)
    copy = back_up(company)
    request = asked(company)
    approve(company, request)
    before = company.certificates(request)
    restore(company, copy)
    company.settle(minutes=1)
    assert ("passed", before[-1].status) == (company.case(request).guard.state, company.certificates(request)[-1].status)  # type: ignore[union-attr]


def test_a_ledger_that_is_restored_to_before_the_approval_learns_it_again(companies: Companies) -> None:
    company = guarded(companies, plan_first=True)
    request = asked(company)
    copy = back_up(company)
    approve(company, request)
    restore(company, copy)
    company.settle(minutes=1)
    assert (0, False, "closed") == (left(company), company.case(request).unapproved, company.case(request).state)


def test_a_burst_that_is_learnt_again_after_a_restore_asks_nobody_a_second_time(companies: Companies) -> None:
    company = guarded(companies, cases_per_hour=2)
    copy = back_up(company)
    people = [Person(f"p{n}@voorbeeld.nl", f"Piet {n}", f"P-{n}", f"+3130{n:07d}", since=OLD.since) for n in range(3)]
    requests = []
    for person in people:
        requests.append(asked(company, person))
        company.settle(minutes=40)
    assert [0, 0, 0] == [left(company, person) for person in people]
    restore(company, copy)
    company.settle(minutes=1)
    assert ["closed"] * 3 == [company.case(request).state for request in requests]
