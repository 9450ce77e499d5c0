"""Jira Cloud through the kit, and its own traps."""

from datetime import date

import httpx
import pytest

from connectors.holds import HoldRule
from connectors.testing.harness import Bench
from connectors.testing.kit import ConformanceKit
from connectors.testing.kit.subject import HOST, JAN, assert_erased_and_verified, outcomes
from connectors.testing.simulator import Fault, body_of, route
from connectors.testing.simulators.jira import JiraSimulator
from connectors.vendors.jira import Jira
from topics.outcomes import Evidence, Outcome
from topics.reports import Answered

BY_EMAIL = {"email": [JAN.email]}
KINDS = {"attachment", "comment", "worklog", "ticket", "user"}


class TestJira(ConformanceKit):
    connector = Jira
    simulator = JiraSimulator
    settings = {"email": "bot@bureau.example", "api_token": {"env": "KIT_SECRET"}}
    dated = ("attachment", "comment", "worklog", "ticket")
    optional = {
        "attachment": "Jira leaves it out where attachments are switched off",
        "author": "Jira leaves it out of what an anonymous visitor wrote",
    }


def at(simulator: JiraSimulator) -> Bench:
    return Bench(Jira, simulator, TestJira.settings, HOST)


def fate(answer: Answered, kind: str) -> Outcome:
    """What came of the one record of a kind."""
    (outcome,) = [record.outcome for record in answer.records if record.kind == kind]
    return outcome


# Who it is


def test_an_inactive_account_is_found_which_the_user_search_hides() -> None:
    jira = JiraSimulator()
    account = jira.add_user(JAN.email, JAN.name, active=False)
    jira.add_issue(account, "Old question")
    answer = at(jira).carry_out(BY_EMAIL)
    assert_erased_and_verified(answer)
    assert {"ticket", "user"} == {record.kind for record in answer.records}
    assert not jira.traces(JAN).total()


def test_an_account_whose_name_begins_with_the_address_is_somebody_else() -> None:
    jira = JiraSimulator()
    jira.add_issue(jira.add_user("other@elders.nl", f"{JAN.email} (formerly)"), "Mine")
    assert (None, ()) == ((answer := at(jira).carry_out(BY_EMAIL)).outcome, answer.records)
    assert 0 == jira.writing_calls


def test_an_account_that_hides_its_address_needs_a_person_to_look_it_up() -> None:
    for shown_as in ("", None):
        jira = JiraSimulator()
        jira.add_issue(jira.add_user(JAN.email, JAN.name, emailAddress=shown_as), "Help")
        answer = at(jira).carry_out(BY_EMAIL)
        assert Outcome.NEEDS_PERSON is answer.outcome
        assert "jira.account_id" in str(answer.reason)
        assert 0 == jira.writing_calls


def test_an_account_that_hides_its_address_is_erased_by_its_id() -> None:
    for subject in ({}, BY_EMAIL):
        jira = JiraSimulator()
        account = jira.add_user(JAN.email, JAN.name, emailAddress="")
        jira.add_issue(account, "Help")
        answer = at(jira).carry_out({**subject, "jira.account_id": [account]})
        assert_erased_and_verified(answer)
        assert ["ticket", "user"] == sorted(record.kind for record in answer.records)
        assert not jira.traces(JAN).total()


def test_whoever_stands_behind_a_crowd_is_found_though_every_page_is_capped() -> None:
    jira = JiraSimulator()
    jira.largest_page = 7
    for number in range(20):
        jira.add_user(f"p{number}@elders.nl", f"Piet {number}")
    account = jira.add_user(JAN.email, JAN.name, active=False)
    issue = jira.add_issue(jira.colleague, "The printer is broken")
    for author in [jira.colleague] * 20 + [account]:
        jira.add_part(issue, "comment", author, body="Same here")
    for number in range(20):
        jira.add_issue(account, f"Question {number}")
    answer = at(jira).carry_out(BY_EMAIL)
    assert_erased_and_verified(answer)
    assert (22, 0) == (len(answer.records), jira.traces(JAN).total())


def test_a_list_of_users_that_takes_too_long_is_never_nothing_found() -> None:
    jira = JiraSimulator()
    jira.faults.append(Fault(httpx.Response(409, json={"errorMessages": ["took longer than 10 seconds"]}), times=1000))
    assert Outcome.FAILED is at(jira).carry_out(BY_EMAIL).outcome


def test_an_account_that_was_removed_before_is_no_record_though_it_is_listed() -> None:
    jira = JiraSimulator()
    account = jira.add_user(JAN.email, JAN.name, accountType="atlassian")
    first, writing = at(jira).carry_out(BY_EMAIL), jira.writing_calls
    assert_erased_and_verified(first)
    for subject in (BY_EMAIL, {"jira.account_id": [account]}):
        assert (None, ()) == ((again := at(jira).carry_out(subject)).outcome, again.records)
    assert writing == jira.writing_calls


def test_a_colleagues_account_is_left_to_a_person_and_what_they_wrote_is_erased() -> None:
    jira = JiraSimulator()
    jira.add_issue(jira.colleague, "Question of my own")
    answer = at(jira).carry_out({"email": ["anna@bureau.example"]})
    assert (Outcome.ERASED, Outcome.NEEDS_PERSON) == (fate(answer, "ticket"), fate(answer, "user"))
    assert jira.colleague in jira.users


def test_the_connectors_own_account_and_an_apps_are_not_touched() -> None:
    jira = JiraSimulator()
    app = jira.add_user("", "Mail to ticket", accountType="app")
    jira.add_issue(app, "Mail of a customer")
    for subject in ({"email": ["BOT@bureau.example"]}, {"jira.account_id": [app]}):
        assert Outcome.NEEDS_PERSON is at(jira).carry_out(subject).outcome
    assert 0 == jira.writing_calls


# What is theirs


def test_on_somebody_elses_issue_only_their_comment_worklog_and_attachment_go() -> None:
    jira = JiraSimulator()
    account = jira.add_user(JAN.email, JAN.name)
    issue = jira.add_issue(jira.colleague, "The printer is broken")
    kept = {jira.add_part(issue, kind, who, body="Noted") for who in (jira.colleague, None) for kind in ("comment", "worklog")}
    for kind in ("comment", "worklog", "attachment"):
        jira.add_part(issue, kind, account, body="Same here")  # not a watcher: found by what the account has updated
    answer = at(jira).carry_out(BY_EMAIL)
    assert_erased_and_verified(answer)
    assert dict.fromkeys(KINDS, 1) | {"ticket": 0} == {kind: sum(r.kind == kind for r in answer.records) for kind in KINDS}
    assert (kept, "The printer is broken") == (set(jira.parts), jira.issues[issue]["summary"])


def test_where_no_time_is_tracked_the_rest_is_found() -> None:
    bench = TestJira().bench(JAN)
    bench.simulator.tracks_time = False  # type: ignore[attr-defined]
    assert_erased_and_verified(bench.carry_out(BY_EMAIL))
    assert {"worklog": 1} == bench.simulator.traces(JAN)  # what was noted before: Jira shows it to nobody


def test_a_worklog_goes_without_a_mail_to_everybody_who_watches_and_is_held_from_the_day_of_the_work() -> None:
    jira = JiraSimulator()
    account = jira.add_user(JAN.email, JAN.name)
    issue = jira.add_issue(jira.colleague, "The printer is broken")
    works = [jira.add_part(issue, "worklog", account, started=f"{year}-12-31T12:00:00.000+0000") for year in (2018, 2019)]
    bench = at(jira)
    bench.rules = [HoldRule(frozenset({"worklog"}), "AWR art. 52(4)", "GDPR art. 17(3)(b)", 7, "end_of_financial_year")]
    answer = bench.carry_out(BY_EMAIL)
    assert {"erased", "held"} == set(outcomes(answer))
    assert (False, True, True) == (works[0] in jira.parts, works[1] in jira.parts, account in jira.users)
    assert ["notifyUsers=false"] == [call.request.url.query.decode() for call in jira.calls if call.writing]


def test_an_issue_that_only_names_the_address_is_not_theirs() -> None:
    jira = JiraSimulator()
    jira.add_user(JAN.email, JAN.name)
    issue = jira.add_issue(jira.colleague, f"Call {JAN.email} back")
    answer = at(jira).carry_out(BY_EMAIL)
    assert {"erased": 1} == outcomes(answer)
    assert issue in jira.issues


def test_an_issue_that_they_created_for_somebody_else_is_somebody_elses() -> None:
    jira = JiraSimulator()
    account = jira.add_user(JAN.email, JAN.name)
    them = jira.issues[jira.add_issue(account, "Question")]["creator"]
    issue = jira.add_issue(jira.colleague, "For a colleague", creator=them)
    nobodys = jira.add_issue(None, "Reporter was cleared", creator=them)
    assert_erased_and_verified(at(jira).carry_out(BY_EMAIL))
    assert (True, False) == (issue in jira.issues, nobodys in jira.issues)


def test_where_watching_is_switched_off_the_rest_is_still_searched() -> None:
    bench = TestJira().bench(JAN)
    refusal = httpx.Response(400, json={"errorMessages": ["Field 'watcher' does not exist"]})
    bench.simulator.faults.append(Fault(refusal, method="POST", skip=2))
    assert_erased_and_verified(bench.carry_out(BY_EMAIL))
    assert not bench.simulator.traces(JAN).total()


def test_a_refused_search_for_the_reporter_is_never_nothing_found() -> None:
    bench = TestJira().bench(JAN)
    bench.simulator.faults.append(Fault(httpx.Response(400, json={"errorMessages": ["no"]}), method="POST"))
    assert Outcome.FAILED is bench.carry_out(BY_EMAIL).outcome
    assert 0 == bench.simulator.writing_calls


def test_a_search_that_does_not_say_how_it_goes_on_is_never_nothing_found() -> None:
    bench = TestJira().bench(JAN)
    bench.simulator.faults.append(Fault(httpx.Response(200, json={"issues": [], "isLast": False}), method="POST"))
    assert Outcome.FAILED is bench.carry_out(BY_EMAIL).outcome


def test_every_search_names_its_fields_and_stays_within_the_accounts() -> None:
    bench = TestJira().bench(JAN)
    bench.carry_out(BY_EMAIL, mode="dry-run")
    bodies = [body_of(call.request) for call in bench.simulator.calls if call.request.method == "POST"]
    assert bodies and all(body["fields"] and '"' in body["jql"] for body in bodies)


def test_an_issue_that_only_the_lagging_search_shows_is_not_told() -> None:
    bench = TestJira().bench(JAN)
    bench.simulator.lag = 100_000
    assert_erased_and_verified(bench.carry_out(BY_EMAIL))
    account = next(iter(bench.simulator.former))  # type: ignore[attr-defined]
    assert () == bench.carry_out({"jira.account_id": [account]}, known=False).records


@pytest.mark.parametrize("skip", range(14))
def test_one_slip_of_a_404_hides_nothing_for_good(skip: int) -> None:
    bench = TestJira().bench(JAN)
    bench.simulator.faults.append(Fault(httpx.Response(404), method="GET", skip=skip))
    answer = bench.carry_out(BY_EMAIL)
    assert answer.outcome is Outcome.FAILED or not bench.simulator.traces(JAN).total()


def test_an_answer_without_anything_in_it_does_not_prove_that_a_record_is_gone() -> None:
    class Empty(JiraSimulator):
        @route("GET", "/rest/api/3/attachment/{id}")
        def show_attachment(self, request: httpx.Request, id: str) -> httpx.Response:
            return httpx.Response(200, json={})

    jira = Empty()
    jira.seed(JAN)
    answer = at(jira).carry_out(BY_EMAIL)
    assert {Outcome.FAILED} == {record.outcome for record in answer.records if record.kind == "attachment"}


# Sub-tasks


def test_their_own_subtasks_go_first_and_then_the_issue_without_the_flag() -> None:
    jira = JiraSimulator()
    account = jira.add_user(JAN.email, JAN.name)
    parent = jira.add_issue(account, "Move house")
    for name in ("Pack", "Drive"):
        jira.add_issue(account, name, parent=parent)
    answer = at(jira).carry_out(BY_EMAIL)
    assert_erased_and_verified(answer)
    assert {"erased": 4} == outcomes(answer)
    deleted = [call.request.url for call in jira.calls if call.request.method == "DELETE" and "/issue/" in call.request.url.path]
    assert f"/rest/api/3/issue/{parent}" == deleted[-1].path
    assert not any("deleteSubtasks" in url.params for url in deleted)


def test_a_colleagues_subtask_is_part_of_the_ticket_and_goes_along() -> None:
    jira = JiraSimulator()
    parent = jira.add_issue(jira.add_user(JAN.email, JAN.name), "Move house")
    jira.add_issue(jira.colleague, "Find the file", parent=parent)
    answer = at(jira).carry_out(BY_EMAIL)
    assert_erased_and_verified(answer)
    assert {"erased": 2} == outcomes(answer) and parent not in jira.issues


def test_a_held_subtask_of_their_own_is_never_taken_along() -> None:
    jira = JiraSimulator()
    account = jira.add_user(JAN.email, JAN.name)
    parent = jira.add_issue(account, "Move house", created="2010-01-05T10:00:00.000+0100")
    subtask = jira.add_issue(account, "Pack", parent=parent, created="2025-06-01T10:00:00.000+0200")
    bench = at(jira)
    bench.rules = [TestJira().hold("ticket")]
    assert {"held", "needs_person"} == set(outcomes(bench.carry_out(BY_EMAIL)))
    assert subtask in jira.issues and parent in jira.issues


def test_a_subtask_that_is_not_surely_a_colleagues_is_kept_with_its_issue_and_left_to_a_person() -> None:
    jira = JiraSimulator()
    account = jira.add_user(JAN.email, JAN.name)
    parent = jira.add_issue(account, f"Call {JAN.phone}")
    subtask = jira.add_issue(jira.add_user("piet@elders.nl", "Piet"), "Find the file", parent=parent)
    bench = at(jira)
    answer = bench.carry_out(BY_EMAIL)
    assert (Outcome.NEEDS_PERSON, Outcome.ERASED) == (fate(answer, "ticket"), fate(answer, "user"))
    assert {parent, subtask} <= jira.issues.keys()

    jira.issues[subtask]["parent"] = None
    assert_erased_and_verified(bench.carry_out(BY_EMAIL))
    assert (False, True) == (parent in jira.issues, subtask in jira.issues)


def test_two_refused_searches_are_never_nothing_found() -> None:
    bench = TestJira().bench(JAN)
    refusal = httpx.Response(400, json={"errorMessages": ["Field 'watcher' does not exist"]})
    bench.simulator.faults.append(Fault(refusal, method="POST", skip=2, times=2))
    answer = bench.carry_out(BY_EMAIL)
    assert Outcome.FAILED is answer.outcome and 0 == bench.simulator.writing_calls


# Holds


def test_an_account_stays_while_a_ticket_of_it_is_held() -> None:
    bench = TestJira().bench(JAN, rules=[TestJira().hold("ticket")])
    answer = bench.carry_out(BY_EMAIL)
    (user,) = [record for record in answer.records if record.kind == "user"]
    assert (Outcome.HELD, Evidence.VERIFIED, "ticket") == (user.outcome, user.evidence, user.bound_to)
    assert (1, 1, 0) == tuple(bench.simulator.traces(JAN)[kind] for kind in ("user", "ticket", "comment"))


def test_a_ticket_stays_while_a_comment_on_it_is_held() -> None:
    bench = TestJira().bench(JAN, rules=[TestJira().hold("comment")])
    answer = bench.carry_out(BY_EMAIL)
    assert Outcome.HELD is fate(answer, "ticket")
    assert (1, 2, 0) == tuple(bench.simulator.traces(JAN)[kind] for kind in ("ticket", "comment", "attachment"))


def test_a_moment_counts_as_the_day_that_it_was_for_the_controller() -> None:
    jira = JiraSimulator()
    account = jira.add_user(JAN.email, JAN.name)
    jira.add_issue(account, "New year's eve", created="2025-12-31T23:30:00.000+0000")
    answer = Bench(Jira, jira, TestJira.settings, HOST, [TestJira().hold("ticket")]).carry_out(BY_EMAIL)
    (ticket,) = [record for record in answer.records if record.kind == "ticket"]
    assert ticket.hold and date(2033, 12, 31) == ticket.hold.until


# What the credential may


def test_a_right_that_jira_does_not_put_into_words_is_told_by_its_key() -> None:
    class Terse(JiraSimulator):
        @route("GET", "/rest/api/3/mypermissions")
        def my_permissions(self, request: httpx.Request) -> httpx.Response:
            told = super().my_permissions(request).json()["permissions"]
            return httpx.Response(200, json={"permissions": {key: {"havePermission": row["havePermission"]} for key, row in told.items()}})

    assert ("DELETE_ISSUES in some project", True) in [(right.name, right.held) for right in at(Terse()).rights()]
