"""A process dies at every moment at which it can, and is started again: in the end there is one truth."""

from collections.abc import Callable
from datetime import date
from uuid import UUID

import pytest

from connectors.testing.simulator import Person
from orchestrator.case import Status
from tests.flow.company import Company, lines, seed
from topics.memory import Moments

JAN = Person("jan@voorbeeld.nl")
SHARES = 4
"""The moments are shared out over so many tests, so that each is short."""


def with_records(company: Company) -> None:
    """A contact with an invoice that the law keeps and one that it no longer does, and a contact person elsewhere."""
    vendor = company.vendors["moneybird"]
    vendor.add_invoice(seed(vendor, JAN), date(2015, 3, 1))


def ask_and_settle(company: Company, type: str) -> UUID:
    request = company.ask(JAN.subject(), type)
    company.settle()
    company.settle(minutes=20)
    return request


def assert_that_vendor_and_certificate_agree(company: Company, request: UUID) -> None:
    last, vendor = company.certificates(request)[-1], company.vendors["moneybird"]
    left = +vendor.traces(JAN)
    assert Status.COMPLETE_WITH_HOLDS is last.status
    assert {
        ("contact", "restricted"): 1,
        ("invoice", "held"): 1,
        ("invoice", "erased"): 1,
        ("contact_person", "erased"): 1,
    } == lines(last)
    assert {"contact": 1, "invoice": 1} == dict(left)
    assert {"contact": 1} == dict(+vendor.restricted(JAN))


def number_of_moments(companies: Callable[..., Company], type: str) -> int:
    company = companies()
    with_records(company)
    ask_and_settle(company, type)
    return len(company.moments.passed)


@pytest.mark.parametrize("share", range(SHARES))
def test_a_crash_at_any_moment_ends_in_the_same_certificate_and_leaves_the_vendor_as_it_says(
    companies: Callable[..., Company], share: int
) -> None:
    moments = number_of_moments(companies, "subject.erase")
    assert 80 < moments
    for die_at in range(1 + share, moments + 1, SHARES):
        company = companies(moments=Moments(die_at))
        with_records(company)
        request = ask_and_settle(company, "subject.erase")
        assert die_at <= len(company.moments.passed), "it never died"
        assert_that_vendor_and_certificate_agree(company, request)
        assert [] == company.dead_letters(), company.moments.passed[die_at - 1]


@pytest.mark.parametrize("share", range(SHARES))
def test_a_second_crash_soon_after_the_first_changes_nothing_either(companies: Callable[..., Company], share: int) -> None:
    for die_at in range(1 + 5 * share, 95, 5 * SHARES):
        for later in (1, 7, 23):
            company = companies(moments=TwiceMortal(die_at, then=die_at + later))
            with_records(company)
            request = ask_and_settle(company, "subject.erase")
            assert_that_vendor_and_certificate_agree(company, request)


def test_a_crash_while_restricting_never_erases_and_ends_in_the_same_certificate(companies: Callable[..., Company]) -> None:
    for die_at in range(1, number_of_moments(companies, "subject.restrict") + 1, 3):
        company = companies(moments=Moments(die_at))
        with_records(company)
        request = ask_and_settle(company, "subject.restrict")
        company.order(request, "case.decide", decision="uphold", reason="It may be archived for good.")
        company.settle()
        last = company.certificates(request)[-1]
        assert {("contact", "restricted"): 1, ("contact_person", "refused"): 1, ("invoice", "refused"): 2} == lines(last)
        assert {"contact": 1, "invoice": 2, "contact_person": 1} == dict(+company.vendors["moneybird"].traces(JAN))


class TwiceMortal(Moments):
    """Dies at two moments."""

    def __init__(self, die_at: int, then: int) -> None:
        super().__init__(die_at)
        self._then = then

    def reach(self, moment: str) -> None:
        if len(self.passed) + 1 > (self.die_at or 0):
            self.die_at = self._then
        super().reach(moment)
