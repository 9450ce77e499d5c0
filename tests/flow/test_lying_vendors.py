"""Vendors that lie, fail, lag and change under our hands: every certificate is held against what the vendor really has."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from connectors.testing.simulator import Fault, Person
from orchestrator.case import Status
from orchestrator.certificate import Certificate
from tests.connectors.shoebox import Box, Shoebox, ShoeboxSimulator
from tests.flow.company import NAMES, POLICY, Company, lines
from topics.outcomes import Evidence, Outcome

JAN = Person("jan@voorbeeld.nl", since=date(2015, 6, 1))
ALL = {("customer", "erased"): 1, ("invoice", "erased"): 3, ("note", "erased"): 3}
COMPLETE, PARTIAL = Status.COMPLETE, Status.PARTIAL
LOGIN = httpx.Response(200, html="<html><title>Sign in</title></html>")
SORRY = httpx.Response(200, json={"error": "something went wrong"})

Companies = Callable[..., Company]


def at(companies: Companies, vendor: ShoeboxSimulator, *people: Person, by: str | None = None) -> tuple[Company, UUID]:
    """A company with that one vendor, which holds those people, asked to forget Jan (`by` one identifier); nothing has moved yet."""
    for person in people or (JAN,):
        vendor.seed(person)
    policy = replace(POLICY, look_after=timedelta(days=1))
    company = companies(vendors={"shoebox": vendor}, connector=Shoebox, settings={"token": {"env": "KIT_SECRET"}}, policy=policy)
    if isinstance(vendor, Later):
        vendor.clock = company.time
    return company, company.ask({kind: values for kind, values in JAN.subject().items() if by in (None, kind)})


def told(company: Company, request: UUID) -> list[tuple[Status, dict[tuple[str, str], int]]]:
    return [(one.status, lines(one, "shoebox")) for one in company.certificates(request)]


def assert_true(certificate: Certificate, left: Counter[str]) -> None:
    """What it calls gone was looked for again, and nothing is left that it does not tell."""
    (entry,) = certificate.processors
    open_ones = Counter[str]()
    for line in entry.records:
        gone = line.outcome in (Outcome.ERASED, Outcome.ANONYMISED)
        assert not gone or line.evidence is Evidence.VERIFIED
        open_ones[line.kind] += 0 if gone else line.count
    assert left <= open_ones or entry.outcome in (Outcome.FAILED, Outcome.DEFERRED, Outcome.SILENT)
    assert not left or certificate.status is PARTIAL


class Later(ShoeboxSimulator):
    """What is deleted goes `after` a while only."""

    def __init__(self, after: timedelta) -> None:
        super().__init__()
        self.after, self.clock = after, datetime.now
        self.due: list[tuple[datetime, httpx.Request]] = []

    def handle(self, request: httpx.Request) -> httpx.Response:
        ripe = [given for due, given in self.due if due <= self.clock()]
        self.due = [(due, given) for due, given in self.due if due > self.clock()]
        for given in ripe:
            super().handle(given)
        if request.method == "DELETE":
            self.due.append((self.clock() + self.after, request))
            return httpx.Response(202)
        return super().handle(request)


@pytest.mark.parametrize("yes", [httpx.Response(204), httpx.Response(202), httpx.Response(200, json={"deleted": True}), SORRY, LOGIN])
def test_a_yes_without_effect_is_never_a_complete_certificate_whatever_the_yes_looks_like(
    companies: Companies, yes: httpx.Response
) -> None:
    vendor = ShoeboxSimulator()
    company, request = at(companies, vendor)
    vendor.faults.append(Fault(yes, times=10_000, writing=True))
    for _ in range(3):
        company.settle(days=1)
        assert_true(company.certificates(request)[-1], +vendor.traces(JAN)) if company.certificates(request) else None
    company.settle(minutes=15)
    assert [(PARTIAL, {("customer", "failed"): 1, ("invoice", "failed"): 3, ("note", "failed"): 3})] == told(company, request)
    vendor.faults.clear()
    company.settle(days=1)
    assert (COMPLETE, ALL) == told(company, request)[-1]


@pytest.mark.parametrize("no", [httpx.Response(500), httpx.Response(403), httpx.Response(422), None, LOGIN])
def test_an_effect_without_a_yes_ends_in_a_complete_certificate_that_counts_all(companies: Companies, no: httpx.Response | None) -> None:
    vendor = ShoeboxSimulator()
    company, request = at(companies, vendor)
    vendor.faults.append(Fault(no, times=10_000, writing=True, after_effect=True))
    company.settle()
    for one in company.certificates(request):
        assert_true(one, +vendor.traces(JAN))
    for _ in range(9):
        company.settle(days=1)
    company.retry(request)  # a refusal is not taken for anything else until a person says so
    company.settle()
    assert 0 == vendor.traces(JAN).total()
    assert (COMPLETE, ALL) == told(company, request)[-1]


@pytest.mark.parametrize(("after", "rounds"), [(timedelta(seconds=12), 1), (timedelta(minutes=3), 2), (timedelta(minutes=50), 3)])
def test_a_late_effect_is_waited_for_and_called_gone_only_once_it_was_seen(companies: Companies, after: timedelta, rounds: int) -> None:
    company, request = at(companies, Later(after))
    company.settle()
    assert (after < timedelta(minutes=1)) is bool(company.certificates(request))
    company.settle(minutes=5)
    company.settle(hours=1)
    assert (COMPLETE, ALL) == told(company, request)[-1]
    assert {PARTIAL} >= {status for status, _ in told(company, request)[:-1]}
    assert rounds == len(company.broker.messages(NAMES.commands("shoebox")))


class ShowsLittle(ShoeboxSimulator):
    """A list shows its first `shown` rows, and says that there are no more; `honest` from then on."""

    shown, honest = 1, False

    def _page(self, request: httpx.Request, rows: list[Any]) -> httpx.Response:
        return super()._page(request, rows if self.honest else rows[: self.shown])


@pytest.mark.parametrize("shown", [0, 1, 2])
def test_pages_that_hide_the_rest_are_found_out_by_the_look_after_it(companies: Companies, shown: int) -> None:
    """Three rows of a kind: what the look shows is erased in further passes; a list that never ends is told as such."""
    vendor = ShowsLittle()
    vendor.shown = shown
    company, request = at(companies, vendor)
    company.settle()
    for one in company.certificates(request):
        if shown:  # what is hidden from every look cannot be known before the later one
            assert_true(one, +vendor.traces(JAN))
    vendor.honest = True
    company.settle(days=1)
    assert_true(company.certificates(request)[-1], +vendor.traces(JAN))
    company.retry(request)
    company.settle()
    assert (COMPLETE, 0) == (company.certificates(request)[-1].status, vendor.traces(JAN).total())


class Shifting(ShoeboxSimulator):
    """Each time the second page is asked for, somebody deletes a row of the first: all that follow move up by one."""

    largest_page = 2

    def _page(self, request: httpx.Request, rows: list[Any]) -> httpx.Response:
        if request.url.params.get("page") == "2" and request.url.path.endswith("/customers"):
            crowd = [id for id, box in self.boxes.items() if box.email.endswith("@elders.nl")]
            if crowd:
                del self.boxes[crowd[0]]
                rows = [row for row in rows if row["id"] != crowd[0]]
        return super()._page(request, rows)


def namesake(n: int, number: str) -> Person:
    """Somebody whom a search for Jan's number finds too."""
    return Person(f"p{n}@elders.nl", f"Piet {n}", f"{number}-{n}", since=date(2015, 6, 1))


@pytest.mark.parametrize("ahead", range(5))
def test_rows_that_move_while_a_list_is_read_hide_nobody(companies: Companies, ahead: int) -> None:
    vendor = Shifting()
    crowd = [namesake(n, JAN.customer_id) for n in range(8)]
    company, request = at(companies, vendor, *crowd[:ahead], JAN, *crowd[ahead:], by="customer_id")
    company.settle()
    assert (COMPLETE, ALL) == told(company, request)[-1]
    assert 0 == vendor.traces(JAN).total()


@pytest.mark.parametrize("after", [timedelta(seconds=3), timedelta(hours=1), timedelta(hours=23)])
def test_a_record_that_comes_back_is_no_longer_called_gone(companies: Companies, after: timedelta) -> None:
    vendor = ShoeboxSimulator()
    company, request = at(companies, vendor)
    (before,) = (replace(box, invoices=dict(box.invoices), notes=set(box.notes)) for box in vendor.boxes.values())
    company.settle()
    company.settle(seconds=after.total_seconds())
    vendor.boxes[before.id] = before
    writing = vendor.writing_calls
    company.settle(days=1)
    assert [COMPLETE, PARTIAL] == [status for status, _ in told(company, request)]
    assert {outcome for _, outcome in told(company, request)[-1][1]} == {"needs_person"}
    assert writing == vendor.writing_calls, "nobody asked to erase what came back"
    company.retry(request)
    company.settle()
    assert (COMPLETE, ALL) == told(company, request)[-1]
    assert 0 == vendor.traces(JAN).total()


def test_a_person_who_becomes_a_customer_again_is_not_erased_by_the_old_request(companies: Companies) -> None:
    vendor = ShoeboxSimulator()
    company, request = at(companies, vendor)
    company.settle()
    company.settle(hours=3)
    vendor.seed(replace(JAN, since=date(2026, 11, 20)))
    anew = +vendor.traces(JAN)
    for _ in range(40):
        company.settle(days=1)
    assert anew == +vendor.traces(JAN)
    status, told_last = told(company, request)[-1]
    assert (PARTIAL, 3, 3) == (status, told_last["note", "erased"], told_last["note", "needs_person"])


def test_a_vendor_that_is_away_at_the_later_look_takes_nothing_back(companies: Companies) -> None:
    vendor = ShoeboxSimulator()
    company, request = at(companies, vendor)
    company.settle()
    vendor.faults.append(Fault(httpx.Response(503), times=100_000))
    for _ in range(3):
        company.settle(days=1)
    assert [(COMPLETE, ALL)] == told(company, request)


class Renamed(ShoeboxSimulator):
    """From now on a field has another name."""

    field: str | None = None

    def handle(self, request: httpx.Request) -> httpx.Response:
        answer = super().handle(request)
        if self.field is None or not answer.content:
            return answer
        return httpx.Response(answer.status_code, content=answer.content.replace(f'"{self.field}"'.encode(), b'"renamed"'))


@pytest.mark.parametrize("field", ["rows", "next", "id", "email", "number", "archived", "dated"])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_an_api_that_changes_before_or_in_mid_case_is_told_and_never_nothing_found(companies: Companies, field: str, method: str) -> None:
    vendor = Renamed()
    company, request = at(companies, vendor)

    def change(given: httpx.Request) -> None:
        vendor.field = field if given.method == method else vendor.field

    watched(vendor, change)
    company.settle()
    company.settle(minutes=15)
    assert_true(company.certificates(request)[-1], +vendor.traces(JAN))
    assert "DELETE" == method or PARTIAL is company.certificates(request)[-1].status
    del vendor.handle
    vendor.field = None
    company.settle(days=1)
    assert (COMPLETE, ALL) == told(company, request)[-1]


def watched(vendor: ShoeboxSimulator, before: Callable[[httpx.Request], None]) -> None:
    handle = vendor.handle

    def seen(request: httpx.Request) -> httpx.Response:
        before(request)
        return handle(request)

    vendor.handle = seen  # type: ignore[method-assign]


@pytest.mark.parametrize("answer", [LOGIN, SORRY, httpx.Response(200), httpx.Response(206, json={"rows": [], "next": None})])
def test_a_session_that_ends_in_mid_case_is_no_proof_of_anything(companies: Companies, answer: httpx.Response) -> None:
    """From the nth call on, whichever that is, every call gets 200 and a login page, an error, nothing, or a part."""
    clean = ShoeboxSimulator()
    company, _ = at(companies, clean)
    company.settle()
    for nth in range(0, len(clean.calls), 3):
        vendor = ShoeboxSimulator()
        company, request = at(companies, vendor)
        vendor.faults.append(Fault(answer, times=10_000, skip=nth))
        company.settle()
        company.settle(minutes=15)
        assert_true(company.certificates(request)[-1], +vendor.traces(JAN))
        assert PARTIAL is company.certificates(request)[-1].status
        vendor.faults.clear()
        company.settle(days=1)
        assert (COMPLETE, ALL) == told(company, request)[-1]


@pytest.mark.parametrize("skew", [timedelta(days=-400), timedelta(hours=-1), timedelta(hours=1), timedelta(days=400)])
def test_a_vendor_whose_clock_is_wrong_is_asked_again_when_it_means(companies: Companies, skew: timedelta) -> None:
    vendor = ShoeboxSimulator()
    company, request = at(companies, vendor)
    theirs = company.time.now + skew
    stamps = {"date": f"{theirs:%a, %d %b %Y %H:%M:%S} GMT", "retry-after": f"{theirs + timedelta(seconds=50):%a, %d %b %Y %H:%M:%S} GMT"}
    vendor.faults.append(Fault(httpx.Response(429, headers=stamps)))
    company.settle()
    assert [50.0] == [wait for wait in company.time.waits if wait > 30]
    assert [(COMPLETE, ALL)] == told(company, request)


@pytest.mark.parametrize("wait", ["0", "60", "3600", "99999999", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_vendor_that_asks_to_wait_for_ever_is_told_on_the_due_date_and_never_called_done(companies: Companies, wait: str) -> None:
    vendor = ShoeboxSimulator()
    company, request = at(companies, vendor)
    vendor.faults.append(Fault(httpx.Response(429, headers={"retry-after": wait}), times=1_000_000))
    for _ in range(33 * 4):
        company.settle(hours=6)
    certificates = company.certificates(request)
    assert [(PARTIAL, None), (PARTIAL, False)] == [(one.status, one.deadline_met) for one in certificates], "a moment that moves is no news"
    assert len(vendor.calls) < 33 * 100, "it was stormed"
    vendor.faults.clear()
    company.retry(request)
    company.settle()
    assert (COMPLETE, ALL) == told(company, request)[-1]


def test_every_kind_of_trouble_in_turn_ends_in_one_true_certificate(companies: Companies) -> None:
    vendor = ShoeboxSimulator()
    company, request = at(companies, vendor)
    troubles: Iterable[httpx.Response | None] = (None, LOGIN, SORRY, httpx.Response(302), httpx.Response(401), httpx.Response(503))
    for nth, trouble in enumerate(troubles):
        vendor.faults[:] = [Fault(trouble, times=1000, skip=nth)]
        company.settle(days=1)
        for one in company.certificates(request)[-1:]:
            assert_true(one, +vendor.traces(JAN))
    vendor.faults.clear()
    company.settle(days=1)
    assert (COMPLETE, ALL) == told(company, request)[-1]
    assert isinstance(next(iter(vendor.boxes.values()), None), Box | None)
