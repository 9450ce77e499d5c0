"""Jira Service Management through the kit, and its own traps."""

from typing import Any

import httpx
import pytest

from connectors.testing.harness import Bench
from connectors.testing.kit import ConformanceKit
from connectors.testing.kit.subject import HOST, JAN
from connectors.testing.simulator import Fault, Person, body_of, query_of, route
from connectors.testing.simulators.jira_service_management import JiraServiceManagementSimulator
from connectors.vendors.jira_service_management import JiraServiceManagement
from topics.outcomes import Outcome
from topics.reports import Answered

SETTINGS = {"email": "bot@bureau.example", "api_token": {"env": "KIT_SECRET"}}
PIET = Person("piet@elders.nl", "Piet", "P-1", "+31300000001")
BY_EMAIL = {"email": [JAN.email]}
CUSTOMERS = "/rest/servicedeskapi/servicedesk/1/customer"


class TestJiraServiceManagement(ConformanceKit):
    connector = JiraServiceManagement
    simulator = JiraServiceManagementSimulator
    settings = SETTINGS
    dated = ("ticket",)


class Odd(JiraServiceManagementSimulator):
    """The same, but for some calls: another status in place of the answer."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: dict[tuple[str, str], int] = {}

    def handle(self, request: httpx.Request) -> httpx.Response:
        given = self.answers.get((request.method, request.url.path))
        return httpx.Response(given, json={"errorMessage": "Something"}) if given else super().handle(request)


@pytest.fixture
def desks() -> Odd:
    return Odd()


def at(simulator: Odd) -> Bench:
    return Bench(JiraServiceManagement, simulator, SETTINGS, HOST)


def fates(answer: Answered, kind: str) -> list[Outcome]:
    assert answer.outcome is None, answer.reason
    return sorted(record.outcome for record in answer.records if record.kind == kind)


@pytest.mark.parametrize("skip", range(14))
def test_one_slip_of_a_404_hides_nothing_for_good(skip: int) -> None:
    bench = TestJiraServiceManagement().bench(JAN)
    bench.simulator.faults.append(Fault(httpx.Response(404), method="GET", skip=skip))
    answer = bench.carry_out(BY_EMAIL)
    assert answer.outcome is Outcome.FAILED or not bench.simulator.traces(JAN).total()


def test_a_ticket_without_the_fields_that_were_asked_for_is_never_nothing_found() -> None:
    class Bare(Odd):
        @route("GET", "/rest/api/3/issue/{id}")
        def show_bare(self, request: httpx.Request, id: str) -> httpx.Response:
            return httpx.Response(200, json={"id": id, "fields": {}})

    bare = Bare()
    bare.seed(JAN)
    assert Outcome.FAILED is at(bare).carry_out(BY_EMAIL).outcome
    assert 0 == bare.writing_calls


def test_the_experimental_calls_are_opted_in_to(desks: Odd) -> None:
    desks.add_customer(JAN, "1")
    at(desks).carry_out(BY_EMAIL)
    assert {"opt-in"} == {call.request.headers["x-experimentalapi"] for call in desks.calls}


def test_a_customer_whom_jiras_own_list_does_not_know_is_found_by_the_desk(desks: Odd) -> None:
    desks.unlisted = True
    account = desks.add_customer(JAN, "2")
    desks.add_issue(account, "Help")
    answer = at(desks).carry_out(BY_EMAIL)
    assert [Outcome.ERASED] == fates(answer, "ticket") == fates(answer, "user") == fates(answer, "desk_customer")


@pytest.mark.parametrize("active", [True, False])
def test_a_customer_of_no_desk_is_found_by_jiras_own_list(desks: Odd, active: bool) -> None:
    desks.add_issue(desks.add_customer(JAN, active=active), "Help")
    assert [Outcome.ERASED] == fates(at(desks).carry_out(BY_EMAIL), "ticket")
    assert not desks.traces(JAN).total()


def test_a_customer_whose_name_begins_with_the_address_is_somebody_else(desks: Odd) -> None:
    desks.add_customer(Person(PIET.email, f"{JAN.email} (formerly)"), "1")
    assert () == at(desks).carry_out(BY_EMAIL).records and 0 == desks.writing_calls


@pytest.mark.parametrize("shown_as", ["", None])
def test_a_customer_who_hides_the_address_needs_a_person_or_an_id(desks: Odd, shown_as: str | None) -> None:
    account = desks.add_customer(JAN, "1", emailAddress=shown_as)
    desks.add_issue(account, "Help")
    answer = at(desks).carry_out(BY_EMAIL)
    assert Outcome.NEEDS_PERSON is answer.outcome and "jira.account_id" in str(answer.reason)
    answer = at(desks).carry_out(BY_EMAIL | {"jira.account_id": [account]})
    assert None in [query_of(call.request).get("query") for call in desks.calls if call.request.url.path == CUSTOMERS]
    assert [Outcome.ERASED] == fates(answer, "ticket") == fates(answer, "desk_customer")
    assert not desks.traces(JAN).total()


def test_a_request_that_is_somebody_elses_by_now_is_left(desks: Odd) -> None:
    issue = desks.add_issue(desks.add_customer(JAN, "1"), "Help")
    other = desks.add_customer(PIET, "1")
    desks.add_issue(other, "Mine")
    desks.issues[issue]["reporter"] = {"accountId": other}
    assert [] == fates(at(desks).carry_out(BY_EMAIL), "ticket")
    assert 2 == len(desks.issues)


def test_a_colleagues_account_is_left_to_a_person_and_an_apps_is_not_touched_at_all(desks: Odd) -> None:
    account = desks.add_customer(JAN, "1", accountType="atlassian")
    desks.add_issue(account, "Help")
    answer = at(desks).carry_out(BY_EMAIL)
    assert ([Outcome.ERASED], [Outcome.NEEDS_PERSON]) == (fates(answer, "ticket"), fates(answer, "user"))
    app = desks.add_customer(PIET, "1", accountType="app")
    assert Outcome.NEEDS_PERSON is at(desks).carry_out({"jira.account_id": [app]}).outcome


def test_where_accounts_cannot_be_removed_the_rest_is_erased_and_that_is_told(desks: Odd) -> None:
    desks.seed(JAN)
    desks.answers["DELETE", "/rest/api/3/user"] = 400
    answer = at(desks).carry_out(BY_EMAIL)
    assert ([Outcome.REFUSED], 2 * [Outcome.ERASED]) == (fates(answer, "user"), fates(answer, "desk_customer"))
    assert [Outcome.ERASED] == fates(answer, "organization_member") == fates(answer, "ticket")
    assert {"user": 1} == +desks.traces(JAN)


def test_a_desk_with_open_access_refuses_and_that_is_told(desks: Odd) -> None:
    desks.open_desks = {"1"}
    desks.answers["DELETE", "/rest/api/3/user"] = 403
    desks.add_customer(JAN, "1", "2")
    answer = at(desks).carry_out(BY_EMAIL)
    assert ([Outcome.FAILED], [Outcome.ERASED, Outcome.REFUSED]) == (fates(answer, "user"), fates(answer, "desk_customer"))


def test_a_membership_that_outlives_its_account_is_never_told_as_ended(desks: Odd) -> None:
    desks.keeps_memberships = True  # and refuses (400) to end that of an account that is gone
    desks.add_customer(JAN, "1")
    answer = at(desks).carry_out(BY_EMAIL)
    assert ([Outcome.ERASED], [Outcome.FAILED]) == (fates(answer, "user"), fates(answer, "desk_customer"))


def test_a_membership_of_an_organisation_that_outlives_its_account_is_never_told_as_ended(desks: Odd) -> None:
    desks.keeps_memberships = True
    desks.organizations["31"].append(desks.add_customer(JAN, "1"))
    answer = at(desks).carry_out(BY_EMAIL)
    assert ([Outcome.ERASED], [Outcome.FAILED]) == (fates(answer, "user"), fates(answer, "organization_member"))


def test_a_request_with_sub_tasks_is_refused_and_told(desks: Odd) -> None:
    issue = desks.add_issue(desks.add_customer(JAN, "1"), "Help")
    desks.add_issue(desks.colleague, "Look into it", parent=issue)
    assert [Outcome.REFUSED] == fates(at(desks).carry_out(BY_EMAIL), "ticket")
    assert 2 == len(desks.issues)


def test_a_held_request_keeps_its_account(desks: Odd) -> None:
    kit = TestJiraServiceManagement()
    bench = kit.bench(JAN, rules=[kit.hold("ticket")])
    answer = bench.carry_out(BY_EMAIL)
    assert [Outcome.HELD] == fates(answer, "ticket") == fates(answer, "user")
    assert [Outcome.ERASED] == fates(answer, "organization_member")


@pytest.mark.parametrize("path", ["/rest/servicedeskapi/organization", "/rest/api/3/users/search"])
def test_a_list_that_is_not_offered_is_passed_over_and_one_that_is_forbidden_is_told(desks: Odd, path: str) -> None:
    desks.add_customer(JAN, "1")
    desks.answers["GET", path] = 403
    assert Outcome.FAILED is at(desks).carry_out(BY_EMAIL).outcome and not desks.writing_calls
    desks.answers["GET", path] = 404
    assert [Outcome.ERASED] == fates(at(desks).carry_out(BY_EMAIL), "user")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 412])
@pytest.mark.parametrize("path", ["/rest/servicedeskapi/servicedesk", CUSTOMERS])
def test_without_the_desks_and_their_customers_nothing_is_known(desks: Odd, path: str, status: int) -> None:
    desks.add_customer(JAN, "2")
    desks.answers["GET", path] = status
    answer = at(desks).carry_out(BY_EMAIL)
    assert answer.outcome in (Outcome.FAILED, Outcome.REFUSED) and not desks.writing_calls


def test_a_refused_search_for_the_requests_of_a_known_account_is_told(desks: Odd) -> None:
    desks.add_customer(JAN, "1")
    desks.answers["POST", "/rest/api/3/search/jql"] = 400
    assert at(desks).carry_out(BY_EMAIL).outcome in (Outcome.FAILED, Outcome.REFUSED) and not desks.writing_calls


def test_an_account_that_is_gone_already_is_no_fault(desks: Odd) -> None:
    assert () == at(desks).carry_out({"jira.account_id": ["qm:gone"]}).records


def test_a_thousand_customers_are_searched_by_the_address(desks: Odd) -> None:
    for number in range(1000):
        desks.add_customer(Person(f"p{number}@elders.nl", f"P{number}"), "1")
    desks.add_customer(JAN, "1")
    assert 1 == len(fates(at(desks).carry_out(BY_EMAIL, mode="dry-run"), "user"))
    asked: list[Any] = [query_of(call.request).get("query") for call in desks.calls if call.request.url.path == CUSTOMERS]
    assert {JAN.email} == set(asked)


def test_only_this_account_is_taken_off_a_desk(desks: Odd) -> None:
    desks.answers["DELETE", "/rest/api/3/user"] = 403
    account, other = desks.add_customer(JAN, "1"), desks.add_customer(PIET, "1")
    at(desks).carry_out(BY_EMAIL)
    [call] = [call.request for call in desks.calls if call.request.url.path == CUSTOMERS and call.writing]
    assert ({"accountIds": [account]}, [other]) == (body_of(call), desks.desks["1"])


def test_a_pause_is_waited_for(desks: Odd) -> None:
    desks.add_customer(JAN, "1")
    bench = at(desks)
    desks.faults.append(Fault(httpx.Response(429, headers={"Retry-After": "7", "RateLimit-Reason": "jira-burst-based"})))
    assert [Outcome.ERASED] == fates(bench.carry_out(BY_EMAIL), "user")
    assert 7 in [round(wait) for wait in bench.time.waits]


@pytest.mark.parametrize("withheld", [set(), {"DELETE_ISSUES"}])
def test_the_right_that_jira_tells_is_told_and_the_others_are_named(desks: Odd, withheld: set[str]) -> None:
    desks.withheld = withheld
    held = [right.held for right in at(desks).rights()]
    assert [not withheld, None, None] == held and 0 == desks.writing_calls
