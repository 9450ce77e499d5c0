"""What went wrong in the field at other systems, each by name: a false "done", a lost case, a second copy, a wrong stop."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID, uuid4

import httpx
import pytest

from connectors.contract import Accepted, Record, Subject
from connectors.testing.simulator import Fault, Person
from orchestrator.case import Status
from orchestrator.certificate import Certificate, ProcessorEntry
from tests.connectors.shoebox import Shoebox, ShoeboxSimulator
from tests.flow.company import NAMES, REPORTS, Company, lines
from topics.outcomes import Evidence, Outcome
from topics.reports import LOCATED_TYPE

JAN = Person("jan@voorbeeld.nl", since=date(2015, 6, 1))
ALL = {("customer", "erased"): 1, ("invoice", "erased"): 3, ("note", "erased"): 3}
COMPLETE, PARTIAL = Status.COMPLETE, Status.PARTIAL

Companies = Callable[..., Company]


def company_of(companies: Companies, *names: str, connector: type[Shoebox] = Shoebox, **more: object) -> Company:
    """A company with a box of Jan's records at each of those processors."""
    vendors = {name: ShoeboxSimulator() for name in names or ("shoebox",)}
    for vendor in vendors.values():
        vendor.seed(JAN)
    return companies(vendors=vendors, connector=connector, settings={"token": {"env": "KIT_SECRET"}}, **more)


def entry(certificate: Certificate, name: str) -> ProcessorEntry:
    return next(one for one in certificate.processors if one.name == name)


def last(company: Company, request: UUID) -> Certificate:
    return company.certificates(request)[-1]


def test_a_refused_invoice_is_never_counted_as_deleted(companies: Companies) -> None:
    company = company_of(companies)
    vendor = company.vendors["shoebox"]
    vendor.faults.append(Fault(httpx.Response(422, json={"error": "sent invoices stay"}), times=10_000, method="DELETE", skip=3))
    request = company.ask(JAN.subject())
    company.settle()
    company.settle(minutes=15)
    counts, left = lines(last(company, request), "shoebox"), +vendor.traces(JAN)
    assert PARTIAL is last(company, request).status
    assert (3, 3) == (counts["note", "erased"], counts["invoice", "refused"])
    assert left == {kind: count for (kind, outcome), count in counts.items() if outcome != "erased"}


def test_a_connector_that_is_switched_off_is_silent_and_never_counted_as_done(companies: Companies) -> None:
    company = company_of(companies, "shoebox", "archive", stopped={"archive"})
    request = company.ask(JAN.subject())
    for _ in range(32):
        company.settle(days=1)
    certificate = last(company, request)
    assert (PARTIAL, Outcome.SILENT, None) == (
        certificate.status,
        entry(certificate, "archive").outcome,
        entry(certificate, "archive").answered_at,
    )
    assert ALL == lines(certificate, "shoebox")


def test_a_connector_whose_credential_was_taken_away_is_never_counted_as_done(companies: Companies) -> None:
    company = company_of(companies)
    company.vendors["shoebox"].signed_in = lambda request: False
    request = company.ask(JAN.subject())
    company.settle()
    company.settle(minutes=15)
    assert (PARTIAL, Outcome.FAILED) == (last(company, request).status, entry(last(company, request), "shoebox").outcome)


class SendsMail(Shoebox):
    """Asks somebody by mail to do it."""

    async def erase(self, record: Record) -> Accepted:
        await self.http.put("/touched")
        return Accepted(date(2026, 11, 25))


def test_a_mail_that_was_sent_is_never_counted_as_erased(companies: Companies) -> None:
    company = company_of(companies, connector=SendsMail)
    request = company.ask(JAN.subject())
    company.settle()
    for _ in range(40):
        company.settle(days=1)
    assert {PARTIAL} == {one.status for one in company.certificates(request)}
    assert {"accepted"} == {outcome for _, outcome in lines(last(company, request), "shoebox")}
    assert {Evidence.ACCEPTED} == {line.evidence for line in entry(last(company, request), "shoebox").records}
    company.vendors["shoebox"].boxes.clear()  # somebody did it at last
    company.retry(request)
    company.settle()
    assert (COMPLETE, ALL) == (last(company, request).status, lines(last(company, request), "shoebox"))


def test_the_deadline_makes_nothing_done_that_nobody_answered(companies: Companies) -> None:
    company = company_of(companies, stopped={"shoebox"})
    request = company.ask(JAN.subject())
    company.settle()
    company.settle(days=60)
    (certificate,) = company.certificates(request)
    assert (PARTIAL, False, Outcome.SILENT) == (certificate.status, certificate.deadline_met, certificate.processors[0].outcome)
    assert "open" == company.case(request).state
    company.stopped.clear()
    company.settle(hours=1)
    assert (COMPLETE, ALL) == (last(company, request).status, lines(last(company, request), "shoebox"))
    assert False is last(company, request).deadline_met


def test_what_was_located_is_no_mark_that_it_was_done(companies: Companies) -> None:
    """The first statement is a plan: a worker that dies after it, and stays away, leaves a case that is not done."""
    company = company_of(companies, stopped={"shoebox"})
    first = company_of(companies)
    request = uuid4()
    for one in (first, company):
        one.ask(JAN.subject(), request_id=request)
        one.settle()
    located = [d for d in first.broker.messages(REPORTS) if ("ce_type", LOCATED_TYPE.encode()) in d.headers]
    for report in located:
        company.broker.append(report)  # type: ignore[arg-type]
    company.settle()
    company.settle(days=60)
    certificate = last(company, request)
    assert (1, PARTIAL) == (len(located), certificate.status)
    assert {"failed"} == {outcome for _, outcome in lines(certificate, "shoebox")}, "what became of it is not known"
    assert "open" == company.case(request).state


def test_a_retry_never_reports_a_smaller_count_than_the_first_run(companies: Companies) -> None:
    """The first round erases four of seven; the next finds only three."""
    company = company_of(companies)
    fault = Fault(httpx.Response(503), times=10_000, method="DELETE", skip=4)
    company.vendors["shoebox"].faults.append(fault)
    request = company.ask(JAN.subject())
    company.settle()
    company.settle(minutes=15)
    assert 7 == sum(lines(last(company, request), "shoebox").values())
    fault.times = 0
    company.settle(days=1)
    assert (COMPLETE, ALL) == (last(company, request).status, lines(last(company, request), "shoebox"))


def test_identifiers_are_kept_until_the_last_processor_has_run(companies: Companies) -> None:
    company = company_of(companies, "shoebox", "archive", stopped={"archive"})
    request = company.ask(JAN.subject())
    for _ in range(40):
        company.settle(days=1)
    assert 0 == company.vendors["shoebox"].traces(JAN).total() < company.vendors["archive"].traces(JAN).total()
    company.stopped.clear()
    company.settle(days=1)
    assert (COMPLETE, ALL, ALL) == (
        last(company, request).status, lines(last(company, request), "shoebox"), lines(last(company, request), "archive"),
    )  # fmt: skip


class Unable(Shoebox):
    """Searches by an identifier that no request brings."""

    spec = replace(Shoebox.spec, identifiers=("badge",))


def test_one_processor_that_cannot_do_it_takes_nothing_from_the_others(companies: Companies) -> None:
    company = company_of(companies, "shoebox", "archive", "doors")
    company.connectors = {"doors": Unable}
    request = company.ask(JAN.subject())
    company.settle()
    company.settle(minutes=15)
    certificate = last(company, request)
    assert (PARTIAL, Outcome.NEEDS_IDENTIFIER) == (certificate.status, entry(certificate, "doors").outcome)
    assert [Outcome.ERASED] * 2 == [entry(certificate, name).outcome for name in ("shoebox", "archive")]
    assert (ALL, ALL) == (lines(certificate, "shoebox"), lines(certificate, "archive"))


class Huge(Shoebox):
    """Two thousand records of one person, one call each."""

    async def locate(self, subject: Subject) -> AsyncIterator[Record]:
        rest = await self.http.get("/customers", query={"show": "all"})
        assert rest.status == 200
        for nth in range(2_000 - self._erased):
            yield Record("note", str(nth + self._erased))

    _erased = 0

    async def erase(self, record: Record) -> None:
        await self.http.put("/touched")
        await self.http.get("/customers", query={"show": "all"})
        self._erased += 1


def test_a_long_and_healthy_case_is_not_cut_off_by_any_watch(companies: Companies) -> None:
    """Two thousand records at sixty calls a minute take more than an hour, six times the patience for retries."""
    company = company_of(companies, connector=Huge, calls_per_minute=60)
    request = company.ask(JAN.subject())
    began = company.time.now
    company.settle()
    assert timedelta(minutes=60) < company.time.now - began
    assert (COMPLETE, {("note", "erased"): 2_000}) == (last(company, request).status, lines(last(company, request), "shoebox"))


def test_a_case_is_carried_out_once_for_one_request_however_often_it_is_sent(companies: Companies) -> None:
    """No second case, no second command, no second certificate for one subject's one request."""
    company = company_of(companies)
    request = uuid4()
    for nth in range(5):
        company.ask(JAN.subject(), request_id=request, event_id=f"send {nth // 2}")
        if nth == 2:
            company.settle()
    company.settle()
    assert (1, 1) == (len(company.certificates(request)), len(company.broker.messages(NAMES.commands("shoebox"))))
    assert [] == company.dead_letters()


def test_restricting_again_and_again_makes_no_second_record_of_the_person(companies: Companies) -> None:
    company = company_of(companies)
    before = company.vendors["shoebox"].traces(JAN)
    for _ in range(3):
        company.ask(JAN.subject(), "subject.restrict")
        company.settle()
    assert before == company.vendors["shoebox"].traces(JAN)


@pytest.mark.parametrize("settled", [True, False])
def test_a_request_is_not_taken_for_a_duplicate_because_it_names_the_same_person(companies: Companies, settled: bool) -> None:
    company = company_of(companies)
    first = company.ask(JAN.subject())
    if settled:
        company.settle()
        company.vendors["shoebox"].seed(JAN)  # a customer again, who asks again
    second = company.ask(JAN.subject())
    company.settle()
    assert [COMPLETE, COMPLETE] == [last(company, request).status for request in (first, second)]
    assert 0 == company.vendors["shoebox"].traces(JAN).total()


def test_a_request_is_not_taken_for_a_duplicate_because_its_event_has_a_used_id(companies: Companies) -> None:
    """A sender that counts its events anew after a restart: nothing is lost silently."""
    company = company_of(companies)
    company.vendors["shoebox"].seed(replace(JAN, email="piet@voorbeeld.nl", customer_id="C-7"))
    company.ask(JAN.subject(), event_id="1")
    company.settle()
    company.ask({"email": ["piet@voorbeeld.nl"]}, event_id="1")
    company.settle()
    assert ["conflicting_event"] == [letter["reason"] for letter in company.dead_letters()]


def test_a_request_is_not_taken_for_a_duplicate_because_its_request_id_was_used(companies: Companies) -> None:
    company = company_of(companies)
    request = company.ask(JAN.subject())
    company.settle()
    company.ask({"email": ["piet@voorbeeld.nl"]}, request_id=request)
    company.settle()
    assert ["conflicting_request"] == [letter["reason"] for letter in company.dead_letters()]
