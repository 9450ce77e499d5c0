"""On the day after a hold ends the case wakes by itself, erases by the sealed reference, and a new certificate supersedes the old."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from connectors.declared import Record
from connectors.errors import Refused
from connectors.testing.simulator import Fault
from connectors.testing.simulators.moneybird import MoneybirdSimulator
from connectors.vendors.moneybird import Moneybird
from orchestrator.case import Status
from orchestrator.certificate import fingerprint
from tests.flow.company import POLICY, Company, lines
from tests.flow.test_cases import JAN
from topics.outcomes import Evidence

SHREDDING = replace(POLICY, look_after=timedelta(days=1), shred_after=timedelta(days=1))


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    made = Company(tmp_path)
    yield made
    made.close()


def held(company: Company, since: date = date(2025, 6, 1)) -> tuple[UUID, date]:
    """An erasure that the law kept an invoice of that day of, and the last day of its hold."""
    vendor = company.vendors["moneybird"]
    vendor.add_invoice(vendor.add_contact(JAN), since)
    request = company.ask(JAN.subject())
    company.settle()
    (certificate,) = company.certificates(request)
    assert Status.COMPLETE_WITH_HOLDS is certificate.status
    (hold,) = [line.hold for line in certificate.processors[0].records if line.hold]
    return request, hold.until


def the_day_after(company: Company, last: date) -> None:
    company.settle(days=(last - company.time.now.date()).days)
    company.settle(days=1)


@pytest.mark.parametrize("shredded", [False, True])
def test_when_a_hold_ends_the_rest_is_erased_verified_and_certified(companies: Callable[..., Company], shredded: bool) -> None:
    company = companies(policy=SHREDDING if shredded else POLICY)
    request, last = held(company)
    if shredded:
        company.settle(days=2)
        assert None is company.case(request).subject
    the_day_after(company, last)
    first, second = company.certificates(request)
    assert {} == dict(+company.vendors["moneybird"].traces(JAN))
    assert (Status.COMPLETE, {("contact", "erased"): 1, ("invoice", "erased"): 1}) == (second.status, lines(second))
    assert {Evidence.VERIFIED} == {line.evidence for line in second.processors[0].records}
    assert (2, True) == (second.revision, second.deadline_met) and first.revision == 1


def test_on_the_last_day_of_a_hold_everything_is_still_there(company: Company) -> None:
    request, last = held(company)
    company.settle(days=(last - company.time.now.date()).days)
    assert {"contact": 1, "invoice": 1} == dict(+company.vendors["moneybird"].traces(JAN))
    assert 1 == len(company.certificates(request))


def test_a_vendor_that_is_down_when_a_hold_ends_is_asked_again_the_next_day(company: Company) -> None:
    request, last = held(company)
    company.vendors["moneybird"].faults.append(Fault(httpx.Response(403), times=3))
    the_day_after(company, last)
    assert Status.PARTIAL is company.certificates(request)[-1].status
    company.vendors["moneybird"].faults.clear()
    company.settle(days=1)
    assert Status.COMPLETE is company.certificates(request)[-1].status
    assert timedelta(0) < company.time.now.date() - last < timedelta(days=4)


def test_when_nobody_is_known_any_more_a_refusal_is_told_in_closed_words(companies: Callable[..., Company]) -> None:
    class Telling(Moneybird):
        async def erase(self, record: Record) -> None:
            raise Refused("Jan de Vries (jan@voorbeeld.nl) has a contract still.")

    company = companies(policy=SHREDDING, connector=Telling)
    request, last = held(company)
    company.settle(days=2)
    the_day_after(company, last)
    told = company.certificates(request)[-1]
    assert {Refused().reason} == {line.reason for line in told.processors[0].records}
    assert "voorbeeld.nl" not in told.model_dump_json() and Status.PARTIAL is told.status


def test_the_follow_up_names_the_certificate_before_it_by_hash(company: Company) -> None:
    request, last = held(company)
    the_day_after(company, last)
    with company.ledger.reading() as transaction:
        one, two = transaction.certificates_of(request)
    assert fingerprint(one.jws) == company.certificates(request)[1].supersedes
    assert two.revision == 2


class Rotating(MoneybirdSimulator):
    """A vendor that takes one token, and refuses every other."""

    token = "mb-2026-first"

    def signed_in(self, request: httpx.Request) -> bool:
        return request.headers.get("authorization") == f"Bearer {self.token}"


@pytest.fixture
def rotating(tmp_path: Path) -> Iterator[Company]:
    """Its worker reads the vendor's token from a file, at its start."""
    (tmp_path / "token").write_text(Rotating.token)
    settings = {"administration_id": 123, "token": {"file": str(tmp_path / "token")}}
    made = Company(tmp_path, {"moneybird": Rotating()}, settings=settings)
    yield made
    made.close()


@pytest.mark.parametrize("shredded", [False, True])
def test_seven_years_later_restarted_and_with_a_rotated_token_the_rest_goes_and_a_certificate_supersedes(
    rotating: Company, shredded: bool
) -> None:
    asked = rotating.time.now.date()
    if shredded:
        rotating.policy = SHREDDING
        rotating.restart()
    request, last = held(rotating, since=asked)
    vendor = rotating.vendors["moneybird"]
    if shredded:
        rotating.settle(days=2)
        assert None is rotating.case(request).subject

    vendor.token = "mb-2031-second"  # the first is refused from now on
    (rotating.folder / "token").write_text(vendor.token)
    rotating.restart()
    company, before = rotating, len(vendor.calls)
    the_day_after(company, last)
    assert asked.replace(year=asked.year + 7) < company.time.now.date() == date(2034, 1, 1)

    first, second = company.certificates(request)  # verified, each naming the one before by hash
    with company.ledger.reading() as transaction:
        assert second.supersedes == fingerprint(transaction.certificates_of(request)[0].jws)
    assert (Status.COMPLETE_WITH_HOLDS, Status.COMPLETE) == (first.status, second.status)
    assert {("contact", "erased"): 1, ("invoice", "erased"): 1} == lines(second)
    assert ({}, {"Bearer mb-2031-second"}) == (
        dict(+vendor.traces(JAN)),
        {call.request.headers["authorization"] for call in vendor.calls[before:]},
    )


def test_a_worker_that_still_has_the_old_token_erases_nothing_says_so_and_is_mended_by_a_restart(rotating: Company) -> None:
    request, last = held(rotating)
    vendor = rotating.vendors["moneybird"]
    vendor.token = "mb-2031-second"
    the_day_after(rotating, last)
    rotating.settle(minutes=20)
    assert {"contact": 1, "invoice": 1} == dict(+vendor.traces(JAN))
    refused = rotating.certificates(request)[-1]
    assert (Status.PARTIAL, True, "failed") == (refused.status, refused.deadline_met, refused.processors[0].outcome)

    (rotating.folder / "token").write_text(vendor.token)
    rotating.restart()
    rotating.settle(days=1)
    last_word = rotating.certificates(request)[-1]
    assert ({}, Status.COMPLETE, 3) == (dict(+vendor.traces(JAN)), last_word.status, last_word.revision)
