"""Brevo through the kit, and its own traps."""

from typing import Any

import httpx
import pytest

from connectors.holds import HoldRule
from connectors.testing.harness import Bench
from connectors.testing.kit import ConformanceKit
from connectors.testing.simulator import Fault, Person, route
from connectors.testing.simulators.brevo import BrevoSimulator
from connectors.vendors.brevo import Brevo
from topics.outcomes import Outcome
from topics.reports import Answered

SETTINGS = {"api_key": {"env": "KIT_SECRET"}, "log_days": 60}
JAN = Person("jan@voorbeeld.nl")


class TestBrevo(ConformanceKit):
    connector = Brevo
    simulator = BrevoSimulator
    settings = SETTINGS
    dated = ("block",)


def bench(simulator: BrevoSimulator, *held: str, **settings: Any) -> Bench:
    rules = [HoldRule(frozenset(held), "AWR art. 52(4)", "GDPR art. 17(3)(b)", 7, "end_of_financial_year")] if held else []
    return Bench(Brevo, simulator, SETTINGS | settings, "https://vendor.test/v3", rules)


def fates(answer: Answered) -> dict[str, list[Outcome]]:
    assert answer.outcome is None, answer.reason
    kinds = {record.kind for record in answer.records}
    return {kind: [record.outcome for record in answer.records if record.kind == kind] for kind in kinds}


def test_mail_of_two_years_is_found_though_brevo_shows_thirty_days_and_a_month_at_once() -> None:
    simulator = BrevoSimulator()
    for days in (0, 29, 30, 31, 53, 54, 55, 365, 700):
        simulator.add_mail(JAN.email, days)
    answer = bench(simulator, log_days=730).carry_out(JAN.subject())
    assert {"message": [Outcome.ERASED] * 9} == fates(answer)
    assert [] == simulator.mails


def test_a_log_that_is_searched_loosely_leaves_other_peoples_mail_alone() -> None:
    class Loose(BrevoSimulator):
        def _of_address(self, rows: list[dict[str, Any]], email: str) -> list[dict[str, Any]]:
            return rows

    simulator = Loose()
    simulator.add_mail(JAN.email, 3)
    for other in ("anna.jan@voorbeeld.nl", "jan+family@voorbeeld.nl"):
        simulator.add_mail(other, 3)
    assert {"message": [Outcome.ERASED]} == fates(bench(simulator).carry_out(JAN.subject()))
    assert ["anna.jan@voorbeeld.nl", "jan+family@voorbeeld.nl"] == [row["email"] for row in simulator.mails]


def test_what_is_older_than_the_search_goes_stands_on_the_certificate() -> None:
    simulator = BrevoSimulator()
    simulator.add_mail(JAN.email, 800)
    assert {} == fates(bench(simulator).carry_out(JAN.subject()))
    assert any("log_days" in phrase for phrase in Brevo.spec.not_covered)


def test_the_log_is_asked_even_where_log_days_is_nothing() -> None:
    simulator = BrevoSimulator()
    simulator.add_mail(JAN.email, 3)
    assert {"message": [Outcome.ERASED]} == fates(bench(simulator, log_days=0).carry_out(JAN.subject()))


def test_a_contact_found_by_its_id_brings_the_mail_and_the_block_of_its_address() -> None:
    simulator = BrevoSimulator()
    simulator.seed(JAN)
    (id,) = simulator.contacts
    answer = bench(simulator).carry_out({"brevo.contact_id": [id], "email": ["old@elders.nl"]})
    assert {"message": [Outcome.ERASED] * 2, "block": [Outcome.ERASED], "subscriber": [Outcome.ERASED]} == fates(answer)


def test_one_contact_named_by_address_and_by_id_counts_once() -> None:
    simulator = BrevoSimulator()
    id = simulator.add_contact(JAN)
    answer = bench(simulator).carry_out({"email": [JAN.email], "brevo.contact_id": [id]})
    assert {"subscriber": [Outcome.ERASED]} == fates(answer)


@pytest.mark.parametrize("subject", [{"brevo.contact_id": ["31201234567"]}, {"email": ["31201234567"]}, {"email": ["1000"]}])
def test_a_phone_number_or_an_id_in_the_wrong_place_finds_nobody(subject: dict[str, list[str]]) -> None:
    simulator = BrevoSimulator()
    assert "1000" == simulator.add_contact(JAN)
    assert {} == fates(bench(simulator).carry_out(subject))
    assert ["1000"] == list(simulator.contacts)


def test_a_contact_without_an_address_is_erased_by_its_id() -> None:
    simulator = BrevoSimulator()
    id = simulator.add_contact(JAN, email=None)
    assert {"subscriber": [Outcome.ERASED]} == fates(bench(simulator).carry_out({"brevo.contact_id": [id]}))


def test_an_unknown_id_at_a_wrong_base_url_is_not_nothing_found() -> None:
    simulator = BrevoSimulator()
    simulator.faults.append(Fault(httpx.Response(404), times=1000))
    assert Outcome.FAILED is bench(simulator).carry_out({"brevo.contact_id": ["7"]}).outcome


def test_an_empty_list_may_come_without_its_name() -> None:
    simulator = BrevoSimulator()
    simulator.bare = True
    assert {} == fates(bench(simulator).carry_out(JAN.subject()))


@pytest.mark.parametrize("body", [{"count": 3}, {"emails": []}, {"transactionalEmails": {}}])
def test_a_list_of_another_name_is_misread_and_not_empty(body: Any) -> None:
    simulator = BrevoSimulator()
    simulator.faults.append(Fault(httpx.Response(200, json=body), skip=1))
    assert Outcome.FAILED is bench(simulator).carry_out(JAN.subject()).outcome


def test_a_contact_that_brevo_will_not_delete_is_refused_and_the_rest_goes() -> None:
    simulator = BrevoSimulator()
    simulator.seed(JAN)
    next(iter(simulator.contacts.values()))["registered"] = True
    answer = fates(bench(simulator).carry_out(JAN.subject()))
    assert {"message": [Outcome.ERASED] * 2, "block": [Outcome.ERASED], "subscriber": [Outcome.REFUSED]} == answer


def test_a_contact_whose_mail_is_stopped_is_restricted_for_sms_too() -> None:
    simulator = BrevoSimulator()
    simulator.add_contact(JAN, emailBlacklisted=True)
    assert {"subscriber": [Outcome.RESTRICTED]} == fates(bench(simulator).carry_out(JAN.subject(), "restrict"))
    assert {"subscriber": 1} == simulator.restricted(JAN)


@pytest.mark.parametrize("told", [{"unsubscriptions": {"userUnsubscription": [{"campaignId": 3}]}}, {"complaints": [{"campaignId": 3}]}])
def test_lifting_never_mails_somebody_who_unsubscribed_or_complained(told: dict[str, Any]) -> None:
    simulator = BrevoSimulator()
    simulator.add_contact(JAN, emailBlacklisted=True, smsBlacklisted=True, statistics=told)
    assert {"subscriber": [Outcome.NEEDS_PERSON]} == fates(bench(simulator).carry_out(JAN.subject(), "lift"))
    assert 0 == simulator.writing_calls


def test_a_log_that_is_deleted_a_day_later_is_failed_until_it_is_gone() -> None:
    simulator = BrevoSimulator()
    simulator.add_mail(JAN.email, 3)
    simulator.lag = 18
    case = bench(simulator)
    assert {"message": [Outcome.FAILED]} == fates(case.carry_out(JAN.subject()))
    assert {"message": [Outcome.ERASED]} == fates(case.carry_out(JAN.subject()))


def test_an_account_without_a_list_of_blocks_is_searched_all_the_same() -> None:
    simulator = BrevoSimulator()
    simulator.add_mail(JAN.email, 3)
    real = simulator.handle
    simulator.handle = lambda request: httpx.Response(404) if "blocked" in request.url.path else real(request)  # type: ignore[method-assign]
    assert {"message": [Outcome.ERASED]} == fates(bench(simulator).carry_out(JAN.subject()))


@pytest.mark.parametrize(("reset", "outcome"), [("31", None), ("3000", Outcome.DEFERRED)])
def test_a_busy_brevo_tells_its_reset_in_seconds_and_never_retry_after(reset: str, outcome: Outcome | None) -> None:
    simulator = BrevoSimulator()
    headers = {"x-sib-ratelimit-limit": "300", "x-sib-ratelimit-remaining": "0", "x-sib-ratelimit-reset": reset}
    simulator.faults.append(Fault(httpx.Response(429, headers=headers, json={"code": "too_many_requests"})))
    case = bench(simulator)
    assert outcome is case.carry_out(JAN.subject()).outcome
    assert case.time.waits[:1] == ([31.0] if outcome is None else [])


def test_a_key_that_is_withdrawn_in_mid_case_claims_nothing_after_it() -> None:
    simulator = BrevoSimulator()
    simulator.seed(JAN)
    simulator.faults.append(Fault(httpx.Response(401, json={"code": "unauthorized"}), times=1000, writing=True, skip=1))
    simulator.faults.append(Fault(httpx.Response(401, json={"code": "unauthorized"}), times=1000, writing=False, skip=8))
    told = fates(bench(simulator).carry_out(JAN.subject()))
    assert {Outcome.FAILED} == {outcome for outcomes in told.values() for outcome in outcomes}


def test_a_thousand_mails_are_erased() -> None:
    simulator = BrevoSimulator()
    for number in range(1000):
        simulator.add_mail(JAN.email, number % 50)
    answer = bench(simulator).carry_out(JAN.subject())
    assert {"message": [Outcome.ERASED] * 1000} == fates(answer)


class AsDescribed(BrevoSimulator):
    """The log as the saved document has it: no pages and no count. `most`: how many it shows nevertheless."""

    most = 10_000

    @route("GET", "/smtp/emails")
    def list_mails(self, request: httpx.Request) -> httpx.Response:
        if {"limit", "offset"} & {*request.url.params}:
            return httpx.Response(400, json={"code": "invalid_parameter", "message": "It cannot be done."})
        return httpx.Response(200, json={"transactionalEmails": super().list_mails(request).json()["transactionalEmails"][: self.most]})


@pytest.mark.parametrize("number", [3, 500])
def test_a_log_without_pages_is_read_by_the_calls_of_the_document(number: int) -> None:
    simulator = AsDescribed()
    simulator.largest_page = number
    for _ in range(number):
        simulator.add_mail(JAN.email, 3)
    assert {"message": [Outcome.ERASED] * number} == fates(bench(simulator).carry_out(JAN.subject()))


def test_a_log_that_is_cut_and_does_not_say_so_is_erased_to_its_end() -> None:
    simulator = AsDescribed()
    simulator.most = 2
    for days in (1, 2, 3, 4, 5, 40):
        simulator.add_mail(JAN.email, days)
    assert {"message": [Outcome.ERASED] * 6} == fates(bench(simulator).carry_out(JAN.subject()))
    assert [] == simulator.mails


def test_blocks_of_everybody_are_read_and_those_of_others_stay() -> None:
    simulator = BrevoSimulator()
    simulator.seed(JAN)
    for number in range(250):
        simulator.blocks.insert(0, simulator.blocks[-1] | {"email": f"p{number}.{JAN.email}"})
    assert [Outcome.ERASED] == fates(bench(simulator).carry_out(JAN.subject()))["block"]
    assert 250 == len(simulator.blocks)


def test_a_held_mail_is_kept_whole_and_binds_nothing() -> None:
    simulator = BrevoSimulator()
    simulator.seed(JAN)
    told = fates(bench(simulator, "message").carry_out(JAN.subject()))
    assert {"message": [Outcome.HELD] * 2, "block": [Outcome.ERASED], "subscriber": [Outcome.ERASED]} == told
    assert 2 == len(simulator.mails)


@pytest.mark.parametrize("shown", [{"email": None}, {"email": "anna.jan@voorbeeld.nl"}, {}])
def test_somebody_else_in_answer_to_an_address_is_told_and_never_nothing_found(shown: dict[str, Any]) -> None:
    class Other(BrevoSimulator):
        def handle(self, request: httpx.Request) -> httpx.Response:
            answer = super().handle(request)
            if "/contacts/" not in request.url.path or answer.status_code != 200:
                return answer
            return httpx.Response(200, json={name: value for name, value in answer.json().items() if name != "email"} | shown)

    simulator = Other()
    simulator.seed(JAN)
    answer = bench(simulator).carry_out(JAN.subject())
    assert (Outcome.FAILED, ()) == (answer.outcome, answer.records)
    assert 0 == simulator.writing_calls


@pytest.mark.parametrize(("kind", "part"), [("message", "/log/"), ("block", "/blockedContacts/")])
def test_what_leads_back_to_a_contact_by_its_address_is_not_called_gone_because_the_contact_is(kind: str, part: str) -> None:
    """Asked by the number of the contact alone, nobody knows its address any more once it is deleted."""

    class Idle(BrevoSimulator):
        idle = True

        def handle(self, request: httpx.Request) -> httpx.Response:
            if self.idle and request.method == "DELETE" and part in request.url.path:
                return httpx.Response(204)
            return super().handle(request)

    simulator = Idle()
    simulator.seed(JAN)
    subject, case = {"brevo.contact_id": list(simulator.contacts)}, bench(simulator)
    for _ in range(2):
        told = fates(case.carry_out(subject))
        assert {Outcome.FAILED} == {*told[kind]} and [Outcome.ERASED] == told["subscriber"]
    simulator.idle = False
    assert {Outcome.ERASED} == {*fates(case.carry_out(subject))[kind]}
    assert not +simulator.traces(JAN)


def test_blocks_that_are_missing_are_not_passed_over_where_only_the_contact_tells_its_address() -> None:
    simulator = BrevoSimulator()
    simulator.seed(JAN)
    before, subject, case = +simulator.traces(JAN), {"brevo.contact_id": list(simulator.contacts)}, bench(simulator)
    simulator.faults.append(Fault(httpx.Response(404), skip=4))
    answer = case.carry_out(subject)
    assert "/smtp/blockedContacts" == simulator.calls[4].request.url.path.removeprefix("/v3")
    assert (Outcome.FAILED, before) == (answer.outcome, +simulator.traces(JAN))


def test_mail_under_the_contacts_own_spelling_is_not_called_gone_because_the_contact_that_tells_it_is() -> None:
    """The log may compare addresses exactly; a key that may not erase it is mended a day later."""

    class Exact(BrevoSimulator):
        def _of_address(self, rows: list[dict[str, Any]], email: str) -> list[dict[str, Any]]:
            return [row for row in rows if row["email"] == email]

    simulator = Exact()
    simulator.add_contact(Person("Jan@Voorbeeld.nl"))
    simulator.add_mail("Jan@Voorbeeld.nl", 3)
    simulator.faults.append(Fault(httpx.Response(403), times=1, writing=True))
    case = bench(simulator)
    assert {"message": [Outcome.FAILED], "subscriber": [Outcome.ERASED]} == fates(case.carry_out(JAN.subject()))
    assert {"message": [Outcome.ERASED], "subscriber": [Outcome.ERASED]} == fates(case.carry_out(JAN.subject()))
    assert [] == simulator.mails
