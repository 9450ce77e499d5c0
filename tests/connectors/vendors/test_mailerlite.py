"""MailerLite through the kit, and its own traps."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from connectors.testing.harness import Bench
from connectors.testing.kit import ConformanceKit
from connectors.testing.simulator import Fault, Person
from connectors.testing.simulators.mailerlite import MailerliteSimulator
from connectors.vendors.mailerlite import Mailerlite
from topics.outcomes import Evidence, Outcome
from topics.reports import Answered, RecordOutcome

SETTINGS = {"api_key": {"env": "KIT_SECRET"}}
JAN = Person("jan@voorbeeld.nl")


class TestMailerlite(ConformanceKit):
    """With a MailerLite that forgets at once, so that the kit sees the end; the thirty days have their own tests below."""

    connector = Mailerlite
    simulator = staticmethod(lambda: MailerliteSimulator(days=0))
    settings = SETTINGS
    exempt = {
        "a_dropped_line_is_tried_again": "An answer that is lost after its effect hides a subscriber whom nobody has seen forgotten.",
        "a_list_without_end_is_told_and_never_nothing_found": "No list is read: a subscriber is asked for by address or id.",
    }


def bench(simulator: MailerliteSimulator) -> Bench:
    return Bench(Mailerlite, simulator, SETTINGS, "https://vendor.test/api")


def the_one(answer: Answered) -> RecordOutcome:
    assert answer.outcome is None, answer.reason
    (record,) = answer.records
    return record


@pytest.mark.parametrize("hides", [True, False])
def test_forgetting_is_accepted_until_the_day_after_and_erased_only_then(hides: bool) -> None:
    simulator = MailerliteSimulator()
    simulator.hides = hides
    simulator.add(JAN)
    case = bench(simulator)
    told = the_one(case.carry_out(JAN.subject()))
    assert (Outcome.ACCEPTED, Evidence.ACCEPTED) == (told.outcome, told.evidence)
    assert (simulator.now + timedelta(days=31)).date() == told.until
    simulator.pass_days(31)
    told = the_one(case.carry_out(JAN.subject()))
    assert (Outcome.ERASED, Evidence.VERIFIED) == (told.outcome, told.evidence)


def test_who_is_to_be_forgotten_already_is_not_asked_for_again() -> None:
    simulator = MailerliteSimulator()
    simulator.hides = False
    simulator.add(JAN)
    case = bench(simulator)
    first = the_one(case.carry_out(JAN.subject())).until
    simulator.now += timedelta(days=5)
    assert first == the_one(case.carry_out(JAN.subject())).until
    assert 1 == simulator.writing_calls


def test_the_delete_that_only_hides_is_never_called() -> None:
    simulator = MailerliteSimulator()
    simulator.add(JAN)
    bench(simulator).carry_out(JAN.subject())
    assert [("POST", "forget")] == [
        (call.request.method, call.request.url.path.rpartition("/")[2]) for call in simulator.calls if call.writing
    ]


def test_a_promise_that_changes_nothing_is_failed() -> None:
    class Promising(MailerliteSimulator):
        def _lie(self) -> httpx.Response:
            (row,) = self.subscribers.values()
            dates = {"deleted_at": "2026-11-22 10:00:00", "forget_at": "2026-12-22 10:00:00"}
            return httpx.Response(200, json={"data": row | dates, "message": "It will be forgotten."})

    simulator = Promising()
    simulator.add(JAN)
    simulator.liar = True
    assert Outcome.FAILED is the_one(bench(simulator).carry_out(JAN.subject())).outcome


def test_a_promise_without_a_date_is_looked_for_again_in_a_month() -> None:
    class Dateless(MailerliteSimulator):
        def handle(self, request: httpx.Request) -> httpx.Response:
            answer = super().handle(request)
            if request.method != "POST":
                return answer
            return httpx.Response(200, json={"data": {"id": answer.json()["data"]["id"]}})

    simulator = Dateless()
    simulator.add(JAN)
    told = the_one(bench(simulator).carry_out(JAN.subject()))
    assert Outcome.ACCEPTED is told.outcome
    assert told.until and 30 <= (told.until - simulator.now.date()).days <= 32


@pytest.mark.parametrize("status", ["active", "unsubscribed", "unconfirmed", "bounced", "junk"])
def test_a_subscriber_is_found_and_forgotten_in_every_status(status: str) -> None:
    simulator = MailerliteSimulator(days=0)
    simulator.add(JAN, status=status)
    assert Outcome.ERASED is the_one(bench(simulator).carry_out(JAN.subject())).outcome


@pytest.mark.parametrize("status", ["unconfirmed", "bounced", "junk"])
def test_lifting_never_activates_who_bounced_complained_or_never_confirmed(status: str) -> None:
    simulator = MailerliteSimulator()
    id = simulator.add(JAN, status=status)
    assert Outcome.RESTRICTED is the_one(bench(simulator).carry_out(JAN.subject(), "restrict")).outcome
    assert Outcome.NEEDS_PERSON is the_one(bench(simulator).carry_out(JAN.subject(), "lift")).outcome
    assert status == simulator.subscribers[id]["status"]


def test_an_unknown_status_is_not_taken_for_restricted() -> None:
    simulator = MailerliteSimulator()
    id = simulator.add(JAN, status="vip")
    assert Outcome.RESTRICTED is the_one(bench(simulator).carry_out(JAN.subject(), "restrict")).outcome
    assert "unsubscribed" == simulator.subscribers[id]["status"]


def test_one_subscriber_named_by_address_and_by_id_counts_once() -> None:
    simulator = MailerliteSimulator(days=0)
    id = simulator.add(JAN)
    subject = {"email": [JAN.email.upper()], "mailerlite.subscriber_id": [id]}
    assert Outcome.ERASED is the_one(bench(simulator).carry_out(subject)).outcome


@pytest.mark.parametrize("swapped", ["email", "mailerlite.subscriber_id"])
def test_an_id_in_place_of_an_address_finds_nobody(swapped: str) -> None:
    simulator = MailerliteSimulator()
    id = simulator.add(JAN)
    answer = bench(simulator).carry_out({swapped: [id if swapped == "email" else JAN.email]})
    assert (None, ()) == (answer.outcome, answer.records)


class Bare(MailerliteSimulator):
    """One subscriber is told as it is, not inside `data`."""

    def handle(self, request: httpx.Request) -> httpx.Response:
        answer = super().handle(request)
        told = answer.json().get("data") if answer.content else None
        return httpx.Response(answer.status_code, json=told) if isinstance(told, dict) else answer


def test_a_subscriber_that_is_told_without_a_wrapping_is_found_forgotten_restricted_and_freed() -> None:
    simulator = Bare()
    id = simulator.add(JAN)
    case = bench(simulator)
    assert Outcome.RESTRICTED is the_one(case.carry_out(JAN.subject(), "restrict")).outcome
    assert Outcome.LIFTED is the_one(case.carry_out(JAN.subject(), "lift")).outcome
    assert "active" == simulator.subscribers[id]["status"]
    told = the_one(bench(simulator).carry_out(JAN.subject()))
    assert (Outcome.ACCEPTED, (simulator.now + timedelta(days=31)).date()) == (told.outcome, told.until)


@pytest.mark.parametrize("answer", [None, httpx.Response(500)])
@pytest.mark.parametrize("writing", [False, True])
@pytest.mark.parametrize("after_effect", [False, True])
def test_a_lost_answer_is_asked_for_again_and_a_lost_forgetting_is_accepted_and_not_erased(
    answer: httpx.Response | None, writing: bool, after_effect: bool
) -> None:
    simulator = MailerliteSimulator()
    simulator.add(JAN)
    simulator.faults.append(Fault(answer, writing=writing, after_effect=after_effect))
    told = the_one(bench(simulator).carry_out(JAN.subject()))
    assert (Outcome.ACCEPTED, (simulator.now + timedelta(days=31)).date()) == (told.outcome, told.until)


@pytest.mark.parametrize("body", [{"forget_at": "2026-12-22 10:00:00"}, {"message": "It will be forgotten."}, {"data": None}])
def test_a_promise_about_nobody_is_misread(body: dict[str, Any]) -> None:
    class Vague(MailerliteSimulator):
        def handle(self, request: httpx.Request) -> httpx.Response:
            answer = super().handle(request)
            return httpx.Response(200, json=body) if request.method == "POST" else answer

    simulator = Vague()
    simulator.add(JAN)
    assert Outcome.FAILED is the_one(bench(simulator).carry_out(JAN.subject())).outcome


@pytest.mark.parametrize("body", [{"data": {"id": "1", "email": JAN.email}}, {"data": []}, {"subscriber": {}}, {}])
def test_a_subscriber_of_another_shape_is_misread(body: dict[str, Any]) -> None:
    simulator = MailerliteSimulator()
    simulator.add(JAN)
    simulator.faults.append(Fault(httpx.Response(200, json=body), skip=1))
    assert Outcome.FAILED is bench(simulator).carry_out(JAN.subject()).outcome


def test_a_key_that_dies_in_mid_case_claims_nothing() -> None:
    simulator = MailerliteSimulator()
    simulator.add(JAN)
    simulator.faults.append(Fault(httpx.Response(401, json={"message": "Unauthenticated."}), times=1000, skip=2))
    assert Outcome.FAILED is the_one(bench(simulator).carry_out(JAN.subject())).outcome


def test_too_many_attempts_are_waited_out_in_seconds() -> None:
    simulator = MailerliteSimulator(days=0)
    simulator.add(JAN)
    headers = {"x-ratelimit-limit": "120", "x-ratelimit-remaining": "0", "retry-after": "37"}
    simulator.faults.append(Fault(httpx.Response(429, headers=headers, json={"message": "Too Many Attempts."})))
    case = bench(simulator)
    assert Outcome.ERASED is the_one(case.carry_out(JAN.subject())).outcome
    assert [37.0] == case.time.waits[:1]


def test_all_two_hundred_addresses_of_a_request_are_searched() -> None:
    simulator = MailerliteSimulator(days=0)
    people = [Person(f"jan{number}@voorbeeld.nl") for number in range(200)]
    for person in people:
        simulator.add(person)
    answer = bench(simulator).carry_out({"email": [person.email for person in people]})
    assert [Outcome.ERASED] * 200 == [record.outcome for record in answer.records]


def test_somebody_else_in_answer_to_an_address_is_told_and_never_nothing_found() -> None:
    class Other(MailerliteSimulator):
        def handle(self, request: httpx.Request) -> httpx.Response:
            answer = super().handle(request)
            return httpx.Response(answer.status_code, content=answer.content.replace(JAN.email.encode(), b"anna.jan@voorbeeld.nl"))

    simulator = Other()
    simulator.add(JAN)
    answer = bench(simulator).carry_out(JAN.subject())
    assert (Outcome.FAILED, ()) == (answer.outcome, answer.records)
    assert 0 == simulator.writing_calls


def test_whom_mailerlite_hides_stands_on_the_certificate_as_not_claimed() -> None:
    """A second request within the thirty days finds nobody, and neither does one for whoever was only deleted there."""
    simulator = MailerliteSimulator()
    simulator.add(JAN)
    bench(simulator).carry_out(JAN.subject())
    again = bench(simulator).carry_out(JAN.subject())
    assert (None, ()) == (again.outcome, again.records)
    assert any("hides" in phrase for phrase in Mailerlite.spec.not_covered)
