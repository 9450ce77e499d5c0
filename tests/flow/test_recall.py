"""A command that is out and not yet carried out is recalled by what is said later: the case's key says so to the worker."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from connectors.testing.simulator import Person
from orchestrator.case import Status
from tests.flow.company import NAMES, REPORTS, REQUESTS, Company, lines
from tests.flow.test_cases import JAN
from tests.flow.test_restored import back_up, restore
from topics.memory import Moments

FIRM = Person("info@firm.example", "A firm", "B-1")


@pytest.fixture
def companies(tmp_path: Path) -> Iterator[Callable[..., Company]]:
    """Companies whose worker is not there: a contact, and the person as a contact person of a firm."""
    made: list[Company] = []

    def start(moments: Moments | None = None) -> Company:
        folder = tmp_path / str(len(made))
        folder.mkdir()
        made.append(Company(folder, stopped={"moneybird"}, moments=moments or Moments()))
        vendor = made[-1].vendors["moneybird"]
        vendor.add_contact(JAN)
        vendor.contacts[vendor.add_contact(FIRM)]["contact_people"].append({"id": "91", "email": JAN.email, "firstname": JAN.name})
        return made[-1]

    yield start
    for company in made:
        company.close()


@pytest.fixture
def company(companies: Callable[..., Company]) -> Company:
    return companies()


def ordered(company: Company) -> UUID:
    erasure = company.ask(JAN.subject())
    company.settle()
    return erasure


def worker_returns(company: Company) -> None:
    company.settle(days=2)
    company.stopped.clear()
    company.settle()
    company.settle(minutes=20)


def left(company: Company) -> int:
    return sum(company.vendors["moneybird"].traces(JAN).values())


def refuse(company: Company, erasure: UUID) -> None:
    company.order(erasure, "case.refuse", reason="Manifestly excessive.")


def pause(company: Company, erasure: UUID) -> None:
    company.order(erasure, "case.pause", ground="The address was hijacked.")


def restrict(company: Company, erasure: UUID) -> None:
    company.ask(JAN.subject(), "subject.restrict", ground="18(1)(c)")


STOPS = [(refuse, "refused"), (pause, "needs_person"), (restrict, "needs_person")]


@pytest.mark.parametrize(("said", "outcome"), STOPS)
def test_what_stops_a_case_recalls_what_is_out(company: Company, said: Callable[[Company, UUID], None], outcome: str) -> None:
    erasure, before = ordered(company), left(company)
    said(company, erasure)
    worker_returns(company)
    assert before == left(company)
    last = company.certificates(erasure)[-1]
    assert (Status.PARTIAL, [outcome]) == (last.status, [entry.outcome for entry in last.processors])


def test_a_legal_claim_keeps_what_it_names_and_the_rest_is_erased(company: Company) -> None:
    erasure = ordered(company)
    until = (company.time.now + timedelta(days=365)).date().isoformat()
    company.order(erasure, "hold.place", processor="moneybird", kind="contact", reason="Summons of 3 March.", until=until)
    worker_returns(company)
    assert {("contact", "held"): 1, ("contact_person", "erased"): 1} == lines(company.certificates(erasure)[-1])


def test_what_was_paused_is_carried_out_when_it_goes_on(company: Company) -> None:
    erasure = ordered(company)
    pause(company, erasure)
    worker_returns(company)
    company.order(erasure, "case.resume")
    company.settle()
    company.settle(minutes=20)
    assert (0, Status.COMPLETE) == (left(company), company.certificates(erasure)[-1].status)


def test_what_goes_on_before_the_worker_is_back_is_carried_out_once(company: Company) -> None:
    erasure = ordered(company)
    pause(company, erasure)
    company.settle()
    company.order(erasure, "case.resume")
    worker_returns(company)
    assert (0, Status.COMPLETE, 1) == (left(company), company.certificates(erasure)[-1].status, len(company.certificates(erasure)))


def test_wherever_a_process_dies_what_is_out_is_recalled(companies: Callable[..., Company]) -> None:
    company = companies()
    refused(company)
    for die_at in range(1, len(company.moments.passed) + 1):
        company = companies(Moments(die_at))
        assert (2, ["refused"]) == refused(company), company.moments.passed[die_at - 1]


def refused(company: Company) -> tuple[int, list[str]]:
    erasure = ordered(company)
    refuse(company, erasure)
    worker_returns(company)
    return left(company), [entry.outcome for entry in company.certificates(erasure)[-1].processors]


def test_what_was_recalled_and_forgotten_by_a_restored_ledger_does_not_put_off_what_is_ordered_next(company: Company) -> None:
    erasure, copy = ordered(company), back_up(company)
    for _ in range(2):
        pause(company, erasure)
        company.settle()
        company.order(erasure, "case.resume")
        company.settle()
    for topic in (REQUESTS, REPORTS, NAMES.commands("moneybird")):
        company.broker.age_out(topic)
    restore(company, copy)
    company.stopped.clear()
    company.settle()
    assert (0, Status.COMPLETE) == (left(company), company.certificates(erasure)[-1].status)
