"""A command that is recalled in the middle of its records: what was done stays told, the rest is left, and what was said is carried out."""

import asyncio
from collections.abc import Callable
from threading import Thread
from uuid import UUID

import pytest

from orchestrator.case import Status
from tests.flow.company import Company, lines
from tests.flow.test_recall import STOPS, pause
from tests.flow.test_stopping import FOUR, in_hand, left

Say = Callable[[Company, UUID], None]


def heard(say: Say) -> Say:
    """It is said, and the orchestrator has heard it, while the worker waits for its vendor."""

    def said(company: Company, request: UUID) -> None:
        say(company, request)
        orchestrator = Thread(target=lambda: asyncio.run(company._orchestrate()))
        orchestrator.start()
        orchestrator.join()

    return said


@pytest.mark.parametrize(("say", "outcome"), STOPS)
def test_what_stops_a_case_stops_the_rest_of_its_records(companies: Callable[..., Company], say: Say, outcome: str) -> None:
    company, request = in_hand(companies, heard(say))
    assert FOUR - 2 == left(company)
    company.settle(minutes=20)
    last = company.certificates(request)[-1]
    assert (Status.PARTIAL, [outcome]) == (last.status, [entry.outcome for entry in last.processors])
    assert {("contact", "erased"): 2, ("contact", "deferred"): FOUR - 2} == lines(last)
    company.settle(days=10)
    assert FOUR - 2 == left(company)


def test_what_was_paused_in_hand_is_carried_out_when_it_goes_on(companies: Callable[..., Company]) -> None:
    company, request = in_hand(companies, heard(pause))
    company.order(request, "case.resume")
    company.settle()
    company.settle(minutes=20)
    last = company.certificates(request)[-1]
    assert (0, Status.COMPLETE, {("contact", "erased"): FOUR}) == (left(company), last.status, lines(last))


def claim(company: Company, request: UUID) -> None:
    company.order(request, "hold.place", processor="moneybird", kind="contact", reason="Summons of 3 March.", until="2027-06-30")


def test_a_legal_claim_keeps_what_is_not_gone_yet(companies: Callable[..., Company]) -> None:
    company, request = in_hand(companies, heard(claim))
    company.settle(minutes=20)
    assert FOUR - 2 == left(company)
    assert {("contact", "erased"): 2, ("contact", "held"): FOUR - 2} == lines(company.certificates(request)[-1])
