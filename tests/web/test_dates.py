"""The dates of a case, and what is offered once nobody can check any more whom an officer's words name."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from orchestrator.web.access import Role
from tests.flow.company import Company
from tests.flow.test_shredding import SHREDDING
from tests.web.conftest import JAN, Office, act
from topics.calendar_settings import Promise
from topics.orders import FIXED_REASONS

PROMISE = Promise(10, "days")
ENGLISH, DUTCH = {"accept-language": "en"}, {"accept-language": "nl"}


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path)
    promised(made)
    yield made
    made.close()


def promised(office: Office) -> None:
    """A controller that answers within ten days."""
    office.company.policy = replace(SHREDDING, promise=PROMISE)
    office.company.restart()
    object.__setattr__(office.ports, "promise", PROMISE)


def waiting(office: Office) -> UUID:
    office.company.stopped = {"moneybird"}
    request = office.company.ask(JAN.subject())
    office.company.settle()
    return request


def test_the_page_and_the_api_say_where_the_clock_stands_and_whether_the_promise_was_kept(office: Office) -> None:
    request, browser = waiting(office), office.visitor()
    found = browser.get(f"/api/cases/{request}").json()
    assert ("near", "2026-11-30", None) == (found["clock"], found["promised_by"], found["promise_kept"])
    assert "30 November 2026: <strong>not over yet" in browser.get(f"/cases/{request}", headers=ENGLISH).text
    office.company.settle(days=11)
    browser = office.visitor()
    found = browser.get(f"/api/cases/{request}").json()
    assert ("promise_passed", False) == (found["clock"], found["promise_kept"])
    assert "30 november 2026: <strong>NIET GEHAALD" in browser.get(f"/cases/{request}", headers=DUTCH).text
    assert "de dag van uw eigen toezegging is voorbij" in browser.get(f"/cases/{request}", headers=DUTCH).text


@pytest.mark.parametrize("days", [0, 11, 200])
def test_the_promise_stands_as_the_newest_certificate_says_it_however_late_it_is_looked_at(office: Office, days: int) -> None:
    request = office.erased()
    office.company.settle(days=days)
    said = office.company.certificates(request)[-1].promise_kept
    found = office.visitor().get(f"/api/cases/{request}").json()
    assert (True, True, None) == (said, found["promise_kept"], found["clock"])


def test_a_pause_and_an_extension_say_since_and_until_when_and_why(office: Office) -> None:
    request, browser = waiting(office), office.visitor()
    act(browser, request, "extend", reason="complex")
    office.company.settle()
    act(browser, request, "pause", ground="The address is new.")
    office.company.settle()
    found = browser.get(f"/api/cases/{request}").json()
    pause, extension = found["pause"], found["extension"]
    assert ("paused", "The address is new.", "2026-11-20") == (found["clock"], pause["ground"], pause["since"][:10])
    assert (found["due_by"], FIXED_REASONS["complex"], "2026-11-20") == (
        extension["until"],
        extension["reason"],
        extension["told_at"][:10],
    )
    page = browser.get(f"/cases/{request}", headers=DUTCH).text
    assert "sinds 20 nov 2026" in page and "tot en met 22 februari 2027, meegedeeld 20 nov 2026" in page
    assert "staat stil" in page and FIXED_REASONS["complex"] not in page
    act(browser, request, "resume")
    office.company.settle()
    found = browser.get(f"/api/cases/{request}").json()
    assert "2026-12-21" == found["refuse_by"] and found["pause"] is None
    page = browser.get(f"/cases/{request}", headers=ENGLISH).text
    assert "Last day for a refusal</dt><dd>21 December 2026" in page and FIXED_REASONS["complex"] in page


def shredded(office: Office) -> UUID:
    request = office.erased()
    office.company.settle(days=3)
    office.company.settle(days=3)
    assert office.company.case(request).shredded_at is not None
    return request


def reopened(office: Office) -> UUID:
    """What the law kept is to be erased, years after the key went; and the processor is silent."""
    request = shredded(office)
    company = office.company
    (last,) = {r.hold.until for p in company.case(request).processors for r in p.records.values() if r.hold}
    company.stopped = {"moneybird"}
    company.settle(days=(last - company.time.now.date()).days + 1)
    assert "open" == company.case(request).state
    return request


def test_once_the_key_is_destroyed_a_reason_is_chosen_and_no_longer_written(office: Office) -> None:
    request, browser = reopened(office), office.visitor()
    for headers, sentence in ((ENGLISH, FIXED_REASONS["legal_claim"]), (DUTCH, "juridisch geschil")):
        page = browser.get(f"/cases/{request}", headers=headers).text
        assert "<textarea" not in page and sentence in page
    offered = re.findall(r'<select name="(\w+)" required>(.*?)</select>', page)
    assert {"reason", "ground"} == {name for name, _ in offered}
    assert all(list(FIXED_REASONS) == re.findall(r'value="(\w+)"', options) for _, options in offered)
    assert 422 == act(browser, request, "refuse", reason="They asked again and again.").status_code
    assert 303 == act(browser, request, "refuse", reason="excessive").status_code


def test_a_claim_on_what_the_law_keeps_is_placed_after_the_key_is_destroyed_too(office: Office) -> None:
    request, browser = shredded(office), office.visitor()
    page = browser.get(f"/cases/{request}").text
    assert "/orders/hold" in page and "<textarea" not in page
    assert 303 == act(browser, request, "hold", reason="legal_claim", until="2040-06-30").status_code
    office.company.settle()
    assert [FIXED_REASONS["legal_claim"]] == [placed.claim.reason for placed in office.company.case(request).claims]


def test_where_nothing_can_be_ordered_any_more_no_claim_is_offered(office: Office) -> None:
    company: Company = office.company
    company.vendors["moneybird"].add_contact(JAN)
    request = company.ask(JAN.subject())
    for days in (0, 3, 3):
        company.settle(days=days)
    assert company.case(request).shredded_at is not None
    assert "/orders/hold" not in office.visitor(Role.OFFICER).get(f"/cases/{request}").text
