"""What the person is told while a request waits, is late or is refused: through real orchestrator and workers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.testing.simulators.moneybird import MoneybirdSimulator
from orchestrator.case import Status
from orchestrator.letters import Language, Seat, to_subject, while_under_way
from orchestrator.letters.tongues import WORDS
from orchestrator.payload import Certificate, Controller
from orchestrator.sentences import Waits
from tests.flow.company import AMSTERDAM, Company
from tests.flow.test_cases import JAN
from tests.flow.test_rights import KEEP, after
from tests.flow.test_rights_later import CLAIM

SEAT, US = Seat(AMSTERDAM), Controller(name="Perfacilis", contact="privacy@example.nl")


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    made = Company(tmp_path, {"books": MoneybirdSimulator(), "list": MoneybirdSimulator()})
    for vendor in made.vendors.values():
        vendor.add_contact(JAN)
    yield made
    made.close()


def read(certificate: Certificate, language: Language = Language.EN) -> str:
    return " ".join(to_subject(certificate, language, SEAT).split())


def told(company: Company, request: Any, language: Language = Language.EN) -> str:
    """The letter before there is an answer."""
    letter = while_under_way(company.case(request), US, language, SEAT, company.time.now.astimezone(AMSTERDAM).date())
    return " ".join((letter or "").split())


def test_a_last_day_that_passes_is_told_once_and_superseded_by_hash(company: Company) -> None:
    company.stopped.add("list")
    request = company.ask(JAN.subject())
    for _ in range(60):
        company.settle(days=1)
    assert [None, False] == [one.deadline_met for one in company.certificates(request)]
    assert 1 == company.notices(request).count("deadline_passed")
    assert "We should have finished by" in read(company.certificates(request)[-1])


def test_a_refusal_while_a_worker_is_silent_brings_a_certificate_and_a_letter_at_once(company: Company) -> None:
    company.stopped.add("list")
    request = company.ask(JAN.subject())
    company.settle(days=2)
    company.order(request, "case.refuse", reason="You asked the same last month.")
    company.settle()
    (certificate,) = company.certificates(request)
    assert (Status.PARTIAL, True, "silent") == (certificate.status, certificate.deadline_met, certificate.processors[1].outcome)
    text = read(certificate)
    assert "Our reason: “You asked the same last month.”" in text and "GDPR art. 77" in text and "GDPR art. 79" in text
    company.settle(days=60)
    assert 1 == len(company.certificates(request)) and "deadline_passed" not in company.notices(request)
    company.stopped.clear()
    company.settle(days=1)
    assert ("closed", [True, True]) == (company.case(request).state, [one.deadline_met for one in company.certificates(request)])


@pytest.mark.parametrize(
    ("type", "fields"), [("case.extend", {"reason": "Many systems."}), ("case.pause", {"ground": "A strange address."})]
)
def test_what_is_refused_is_neither_extended_nor_paused_although_a_worker_is_silent(company: Company, type: str, fields: Any) -> None:
    company.stopped.add("list")
    request = company.ask(JAN.subject())
    company.settle(days=2)
    company.order(request, "case.refuse", reason="You asked the same last month.")
    company.settle()
    company.order(request, type, **fields)
    company.settle()
    assert (None, ()) == (company.case(request).extension, company.case(request).pauses)


@pytest.mark.parametrize("language", Language)
def test_an_erasure_that_waits_for_the_persons_own_restriction_says_so_before_and_on_its_certificate(
    company: Company, language: Language
) -> None:
    after(company, "subject.restrict", ground=KEEP)
    erasure = company.ask(JAN.subject())
    company.settle()
    said = WORDS[language].waits[Waits.KEEPS]
    assert [] == company.certificates(erasure) and said in told(company, erasure, language)
    company.settle(minutes=20)
    assert said in read(company.certificates(erasure)[-1], language)


def test_an_erasure_that_waits_for_a_claim_on_another_request_says_so(company: Company) -> None:
    first = company.ask(JAN.subject())
    company.order(first, "hold.place", **CLAIM)
    company.settle()
    erasure = after(company, "subject.erase")
    said = WORDS[Language.EN].waits[Waits.CLAIM]
    assert said in told(company, erasure) and said in read(company.certificates(erasure)[-1])


def test_an_extension_is_told_while_there_is_no_certificate(company: Company) -> None:
    company.stopped.add("list")
    request = company.ask(JAN.subject())
    company.settle(days=2)
    company.order(request, "case.extend", reason="Your data stand in fourteen systems.")
    company.settle()
    assert ([], ["extended"]) == (company.certificates(request), company.notices(request))
    assert "Our reason: “Your data stand in fourteen systems.” The law gives us the time until the end of" in told(company, request)
