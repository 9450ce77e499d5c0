"""A restriction that nobody can lift again waits for the officer: who is told so, what the person reads, and what is done then."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
from rich.console import Console

from connectors.testing.simulators.mollie import MollieSimulator
from connectors.testing.simulators.moneybird import MoneybirdSimulator
from connectors.vendors.mollie import Mollie
from orchestrator.case import Status
from orchestrator.command.view import as_json, as_table
from orchestrator.letters import Language, Seat, to_subject
from orchestrator.warnings import clock_of
from tests.connectors.shoebox import Shoebox, ShoeboxSimulator
from tests.flow.company import AMSTERDAM, Company, lines
from tests.flow.test_cases import JAN
from tests.flow.test_rights import after, decided
from tests.orchestrator.test_letters import INTERNAL

TO_DECIDE = "What we still have to decide"


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    made = Company(tmp_path, {"books": MoneybirdSimulator(), "shop": MoneybirdSimulator()})
    for vendor in made.vendors.values():
        vendor.add_contact(JAN)
    yield made
    made.close()


def restricted(company: Company) -> list[dict[str, int]]:
    return [dict(+vendor.restricted(JAN)) for vendor in company.vendors.values()]


def letter(company: Company, request: UUID, language: Language = Language.EN) -> str:
    """The letter to the person on the newest certificate, without its line breaks."""
    return " ".join(to_subject(company.certificates(request)[-1], language, Seat(AMSTERDAM)).split())


def shown(company: Company, request: UUID) -> str:
    """What `erasure status` shows."""
    console = Console(width=200)
    case = company.case(request)
    with console.capture() as captured:
        console.print(as_table(case, clock_of(case, AMSTERDAM, "NL", None), date(2026, 11, 20)))
    return captured.get()


def test_what_cannot_be_undone_is_put_to_the_officer_once_with_what_to_type(company: Company) -> None:
    request = after(company, "subject.restrict", ground="18(1)(a)")
    assert ["decision_needed"] == company.notices(request)
    assert f"erasure decide {request} uphold --reason" in shown(company, request)
    case = company.case(request)
    assert as_json(case, clock_of(case, AMSTERDAM, "NL", None), date(2026, 11, 20))["decision_needed"]
    assert [{}, {}] == restricted(company)


@pytest.mark.parametrize(("language", "heading"), [(Language.EN, TO_DECIDE), (Language.NL, "Wat wij nog moeten beslissen")])
def test_the_person_reads_that_it_is_being_decided_and_not_that_a_supplier_does_not_allow_it(
    company: Company, language: Language, heading: str
) -> None:
    request = after(company, "subject.restrict", ground="18(1)(a)")
    text = letter(company, request, language)
    assert heading in text
    assert "does not allow" not in text and "laat niet toe" not in text
    assert [] == INTERNAL.findall(text)


def test_once_confirmed_it_is_carried_out_and_says_how_and_that_it_cannot_be_lifted(company: Company) -> None:
    request = after(company, "subject.restrict", ground="18(1)(a)")
    decided(company, request, "uphold")
    last = company.certificates(request)[-1]
    assert (Status.COMPLETE, {("contact", "restricted"): 1}) == (last.status, lines(last, "books"))
    assert [{"contact": 1}, {"contact": 1}] == restricted(company)
    assert "Archived; moneybird offers no way to lift that over its API." == last.processors[0].records[0].reason
    assert ["decision_needed", "decided", "certificate_superseded", "confirmed"] == company.notices(request)
    assert TO_DECIDE not in letter(company, request) and "erasure decide" not in shown(company, request)


def test_while_a_vendor_is_away_after_the_word_it_is_not_told_as_still_being_decided(company: Company) -> None:
    request = after(company, "subject.restrict", ground="18(1)(a)")
    company.vendors["books"].signed_in = lambda asked: False
    decided(company, request, "uphold")
    text = letter(company, request)
    assert "What is not finished yet" in text
    assert TO_DECIDE not in text and "does not allow" not in text


def test_once_turned_down_it_is_refused_with_the_reason_and_nothing_is_changed(company: Company) -> None:
    request = after(company, "subject.restrict", ground="18(1)(a)")
    decided(company, request, "reject")
    last = company.certificates(request)[-1]
    assert ("closed", [{}, {}]) == (company.case(request).state, restricted(company))
    assert {("refused", "Weighed on 1 December.")} == {(entry.outcome, entry.reason) for entry in last.processors}
    text = letter(company, request)
    assert "We do not carry this out. Our reason: “Weighed on 1 December.”" in text
    assert TO_DECIDE not in text and "does not allow" not in text


def test_a_plan_of_what_cannot_be_undone_asks_nobody(company: Company) -> None:
    request = after(company, "subject.restrict", mode="dry-run")
    assert ([], "closed") == (company.notices(request), company.case(request).state)
    assert "erasure decide" not in shown(company, request)


def test_what_no_vendor_can_restrict_waits_for_nobody(company: Company) -> None:
    company.connector, company.settings = Shoebox, {"token": {"env": "KIT_SECRET"}}
    company.vendors = {"box": ShoeboxSimulator()}
    company.vendors["box"].seed(JAN)
    company.restart()
    request = after(company, "subject.restrict")
    assert {("customer", "restricted"): 1, ("invoice", "refused"): 3, ("note", "refused"): 3} == lines(
        company.certificates(request)[-1], "box"
    )
    assert [] == company.notices(request)
    company.order(request, "case.decide", decision="uphold", reason="Nothing is to be decided.")
    company.settle()
    assert ["invalid_content"] == [parked["reason"] for parked in company.dead_letters()]
    assert "does not allow" in letter(company, request) and TO_DECIDE not in letter(company, request)


def test_mandates_and_subscriptions_are_ended_only_on_the_officers_word(company: Company) -> None:
    vendor = MollieSimulator()
    vendor.keeps_revoked = True
    customer = vendor.add_customer(JAN)
    mandate = vendor.add("mandates", customerId=customer, status="valid", details={})
    vendor.add("subscriptions", customerId=customer, mandateId=mandate, status="active")
    company.connector, company.settings, company.vendors = Mollie, {"api_key": {"env": "KIT_SECRET"}}, {"payments": vendor}
    company.restart()
    request = after(company, "subject.restrict")
    assert (["decision_needed"], 0) == (company.notices(request), vendor.writing_calls)
    decided(company, request, "uphold")
    told = lines(company.certificates(request)[-1], "payments")
    assert {("customer", "refused"): 1, ("mandate", "restricted"): 1, ("subscription", "restricted"): 1} == told
    assert {"mandate": 1, "subscription": 1} == dict(vendor.restricted(JAN))


class ForGood(Shoebox):
    """What it archives, nobody brings back."""

    spec = replace(Shoebox.spec, kinds=tuple(replace(kind, lifts=False) for kind in Shoebox.spec.kinds))


@pytest.mark.parametrize("order", [{"type": "case.decide", "decision": "reject"}, {"type": "case.refuse"}])
def test_what_was_shut_off_before_the_rest_was_turned_down_still_stands_against_an_erasure(company: Company, order: dict[str, str]) -> None:
    company.connector, company.settings, company.connectors = Shoebox, {"token": {"env": "KIT_SECRET"}}, {"shop": ForGood}
    company.vendors = {"list": ShoeboxSimulator(), "shop": ShoeboxSimulator()}
    for vendor in company.vendors.values():
        vendor.seed(replace(JAN, since=date(2015, 6, 1)))  # no law keeps anything
    company.restart()
    request = after(company, "subject.restrict", ground="18(1)(b)")
    company.order(request, **order, reason="Not what cannot be undone.")
    company.settle()
    assert [{"customer": 1}, {}] == restricted(company)
    assert "You can ask us to end the restriction." in letter(company, request)
    erasure = after(company, "subject.erase")
    assert {"needs_person"} == {entry.outcome for entry in company.certificates(erasure)[-1].processors}
    after(company, "subject.unrestrict")
    company.settle(days=1)
    assert (Status.COMPLETE, {}) == (company.certificates(erasure)[-1].status, dict(+company.vendors["list"].traces(JAN)))
