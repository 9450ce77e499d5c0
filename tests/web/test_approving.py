"""Plans on the pages: an officer sees what would be destroyed, approves that, and nothing else."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest

from orchestrator.policy import Guards
from orchestrator.web.access import Role
from tests.flow.company import seed
from tests.web.conftest import JAN, Browser, Office, csrf

Offices = Callable[[Guards], Office]


@pytest.fixture
def offices(tmp_path: Path) -> Iterator[Offices]:
    made: list[Office] = []

    def make(guards: Guards) -> Office:
        made.append(Office(tmp_path, guards=guards))
        return made[-1]

    yield make
    for office in made:
        office.close()


def asked(office: Office) -> UUID:
    seed(office.company.vendors["moneybird"], JAN)
    request = office.company.ask(JAN.subject())
    office.company.settle()
    return request


def press(browser: Browser, request: UUID, plan: str | None = None) -> int:
    """The form as it stands on the page, or with another plan."""
    page = browser.get(f"/cases/{request}")
    shown = re.findall(r'name="plan" value="([0-9a-f]{64})"', page.text)
    given = {"csrf": csrf(page), "plan": plan or shown[0]}
    return browser.post(f"/cases/{request}/orders/approve", data=given).status_code


def another(office: Office, name: str) -> Browser:
    browser = office.stranger()
    browser.post("/sign-in/link", data={"link": office.access.link(name, Role.OFFICER)})
    return browser


def test_a_plan_stands_on_the_page_and_waits_in_the_overview_until_it_is_approved(offices: Offices) -> None:
    office = offices(Guards(plan_first=True))
    request, browser = asked(office), office.visitor()
    page = browser.get(f"/cases/{request}").text
    assert "Nothing is destroyed until this is approved." in page
    assert "Every plan is approved before anything is destroyed." in page
    assert re.search(r'<th scope="row">moneybird</th><td>invoice</td><td>1</td><td>kept by law</td>', page)
    assert "Plan to approve" in browser.get("/").text
    assert ["approval"] == browser.get(f"/api/cases/{request}").json()["waiting"]
    assert 303 == press(browser, request)
    office.company.settle()
    page = browser.get(f"/cases/{request}").text
    assert "This plan was approved on" in page and 'name="plan"' not in page
    assert "closed" == office.company.case(request).state
    assert "Nothing waits for you." in browser.get("/").text


def test_the_event_names_nobody_and_the_audit_says_who(offices: Offices) -> None:
    office = offices(Guards(plan_first=True))
    request = asked(office)
    press(office.visitor(), request)
    (message,) = office.sent
    said = json.loads(message.value or b"")
    assert ({"request_id", "plan", "by"}, 22) == (said.keys(), len(said["by"]))
    assert "olga" not in str(message)
    assert ("olga", "approve") in [(one.account, one.action) for one in office.access.audit()]


def test_where_two_must_the_second_person_is_another_account(offices: Offices) -> None:
    office = offices(Guards(records_per_case=1))
    request, olga = asked(office), office.visitor()
    assert "Two different persons must approve it." in olga.get(f"/cases/{request}").text
    assert 303 == press(olga, request)
    office.company.settle()
    assert "Approved by one person on" in olga.get(f"/cases/{request}").text
    assert 409 == press(olga, request)
    assert 303 == press(another(office, "bert"), request)
    office.company.settle()
    assert "closed" == office.company.case(request).state


def test_a_plan_that_is_not_the_one_that_stands_is_not_approved(offices: Offices) -> None:
    office = offices(Guards(plan_first=True))
    assert 409 == press(office.visitor(), asked(office), "0" * 64)
    assert [] == office.sent


def test_a_reader_sees_the_plan_and_cannot_approve_it(offices: Offices) -> None:
    office = offices(Guards(plan_first=True))
    request, reader = asked(office), office.visitor(Role.READER)
    page = reader.get(f"/cases/{request}")
    assert "Nothing is destroyed until this is approved." in page.text and 'name="plan"' not in page.text
    assert 403 == reader.post(f"/cases/{request}/orders/approve", data={"csrf": csrf(page), "plan": "0" * 64}).status_code


def test_the_plan_is_in_the_readers_language(offices: Offices) -> None:
    office = offices(Guards(plan_first=True))
    page = office.visitor().get(f"/cases/{asked(office)}?language=nl").text
    assert "Er wordt niets gewist tot dit is goedgekeurd." in page
