"""The stop button on the pages: who may press it, what it shows, and what only the command can do."""

from dataclasses import replace
from typing import Any

import pytest
from httpx import Response

from orchestrator.web.access import Role
from tests.flow.company import seed
from tests.flow.test_stopping import press
from tests.web.conftest import JAN, Browser, Office, csrf
from topics.bus import BrokerGone

REASON = "The shop erases every visitor."


def say(browser: Browser, path: str, **given: Any) -> Response:
    """Fill in a form of the page and send it."""
    page = browser.get("/stop")
    last = [part.split('"')[0] for part in page.text.split('name="last" value="')[1:]]
    form = {"csrf": csrf(page), "sure": "yes"} | ({"last": last[0]} if last else {}) | given
    return browser.post(path, data=form)


@pytest.mark.parametrize("role", [Role.OFFICER, Role.OPERATOR])
def test_it_is_pressed_and_lifted_by_the_pages(office: Office, role: Role) -> None:
    company, browser = office.company, office.visitor(role)
    seed(company.vendors["moneybird"], JAN)
    assert '<a href="/stop">' in browser.get("/").text
    assert "/stop?said=true" == say(browser, "/stop", reason=REASON).headers["location"]
    company.ask(JAN.subject())
    company.settle()
    before = sum(company.vendors["moneybird"].traces(JAN).values())
    assert before and not company.vendors["moneybird"].writing_calls
    assert [f"olga: {REASON}" in browser.get(path).text for path in ("/", "/stop")] == [True, True]
    assert 303 == say(browser, "/stop/lift").status_code
    company.settle()
    company.settle(minutes=11)
    assert "Nothing is stopped." in browser.get("/stop").text
    assert before > sum(company.vendors["moneybird"].traces(JAN).values())
    assert ["stop.lifted", "stop.ordered"] == [one.action for one in office.access.audit() if one.action.startswith("stop.")]


def test_a_reader_sees_it_and_has_no_button(office: Office) -> None:
    browser = office.visitor(Role.READER)
    office.company.keyring.stops.press("rik", REASON)
    page = browser.get("/stop").text
    assert f"rik: {REASON}" in page
    assert "/stop/lift" not in page and 'action="/stop"' not in page and '<a href="/stop">Stop' not in browser.get("/").text


@pytest.mark.parametrize(
    "given",
    [{"reason": REASON, "sure": ""}, {"reason": "x"}, {"reason": f"For {JAN.email}"}, {}],
    ids=["unsure", "short", "mail", "none"],
)
def test_what_is_not_meant_or_not_in_the_right_form_stops_nothing_and_says_so(office: Office, given: dict[str, str]) -> None:
    answer = say(office.visitor(), "/stop", **given)
    assert (422, []) == (answer.status_code, office.sent)
    assert "This did not work" in answer.text and JAN.email not in answer.text


def test_what_was_stopped_at_the_command_is_lifted_there_only(office: Office) -> None:
    browser, stops = office.visitor(), office.company.keyring.stops
    stops.press("rik", REASON)
    page = browser.get("/stop").text
    assert "erasure stop lift" in page and 'action="/stop/lift"' not in page
    assert 303 == say(browser, "/stop/lift", last="1").status_code
    office.company.settle()
    assert "rik" == stops.now().began_by  # type: ignore[union-attr]


@pytest.mark.parametrize("last", ["", "x", "0", "-1", "9" * 30])
def test_a_lift_that_names_no_stop_is_not_sent(office: Office, last: str) -> None:
    assert (422, []) == (say(office.visitor(), "/stop/lift", last=last).status_code, office.sent)


def test_while_kafka_is_away_the_page_names_the_command(office: Office) -> None:
    async def away(_messages: Any) -> None:
        raise BrokerGone("away")

    office.site.state.ports = replace(office.ports, publish=away)
    answer = say(office.visitor(), "/stop", reason=REASON)
    assert 503 == answer.status_code and "erasure stop now" in answer.text


def test_the_page_says_what_to_type_when_the_orchestrator_does_not_hear_it(office: Office) -> None:
    page = office.visitor().get("/stop").text
    assert "within a minute" in page and "erasure stop now" in page


def test_it_names_what_is_in_hand(office: Office) -> None:
    company = office.company
    company.stopped = {"moneybird"}
    request = company.ask(JAN.subject())
    company.settle()
    press(company, request)
    page = office.visitor().get("/stop").text
    assert "nothing is known to have begun there: 1" in page
