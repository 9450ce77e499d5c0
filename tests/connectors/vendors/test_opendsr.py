"""A processor that speaks OpenDSR through the kit, and what its signed word is worth."""

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.testing.harness import Bench, settings_of
from connectors.testing.kit import ConformanceKit
from connectors.testing.kit.subject import HOST, JAN
from connectors.testing.simulators.opendsr import DOMAIN, OpendsrSimulator, certificate
from connectors.vendors.opendsr import Opendsr
from topics.outcomes import Evidence, Outcome
from topics.reports import Answered

SETTINGS = {"processor_domain": DOMAIN, "certificate": {"file": str(certificate())}, "token": {"env": "KIT_SECRET"}}
UNSEARCHABLE = "The processor cannot be searched: what it is handed is one record, whether it knows the person or not."


class TestOpendsr(ConformanceKit):
    connector = Opendsr
    simulator = OpendsrSimulator
    settings = SETTINGS
    exempt = {"nothing_found_is_an_answer": UNSEARCHABLE, "a_list_without_end_is_told_and_never_nothing_found": UNSEARCHABLE}


def case() -> tuple[Bench, OpendsrSimulator]:
    simulator = OpendsrSimulator()
    simulator.seed(JAN)
    return Bench(Opendsr, simulator, SETTINGS, HOST + simulator.base_path), simulator


def told(answer: Answered) -> list[tuple[Outcome, Evidence | None]]:
    return [(record.outcome, record.evidence) for record in answer.records]


ACCEPTED, ERASED = (Outcome.ACCEPTED, Evidence.ACCEPTED), (Outcome.ERASED, Evidence.VERIFIED)


def test_a_request_is_accepted_until_its_status_says_completed_and_is_sent_once() -> None:
    bench, simulator = case()
    simulator.polls = 8
    answers = [bench.carry_out(JAN.subject()) for _ in range(3)]
    assert [[ACCEPTED], [ACCEPTED], [ERASED]] == [told(answer) for answer in answers]
    assert "2026-12-01" == str(answers[0].records[0].until)
    assert 1 == simulator.writing_calls == len(simulator.requests)


def test_another_case_of_the_same_person_is_another_request() -> None:
    bench, simulator = case()
    bench.carry_out(JAN.subject())
    simulator.seed(JAN)
    again = Bench(Opendsr, simulator, SETTINGS, bench.base_url)
    assert [ERASED] == told(again.carry_out(JAN.subject()))
    assert 2 == len(simulator.requests) and not simulator.people


def test_a_request_that_the_processor_knows_no_more_is_never_taken_for_done() -> None:
    bench, simulator = case()
    simulator.polls, simulator.forgetful = 100, True
    assert [ACCEPTED] == told(bench.carry_out(JAN.subject()))
    assert [(Outcome.REFUSED, None)] == told(bench.carry_out(JAN.subject()))


@pytest.mark.parametrize("change", [{"spoil": True}, {"domain": "elders.example"}])
def test_what_is_not_signed_by_the_processor_over_the_bytes_as_they_came_proves_nothing(change: dict[str, Any]) -> None:
    bench, simulator = case()
    bench.carry_out(JAN.subject())
    vars(simulator).update(change)
    answer = bench.carry_out(JAN.subject())
    assert Outcome.FAILED is answer.outcome and answer.records == ()


def test_an_answer_about_another_request_proves_nothing() -> None:
    bench, simulator = case()
    bench.carry_out(JAN.subject())
    simulator.speaks_of = "a7551968-d5d6-44b2-9831-815ac9017798"
    assert Outcome.FAILED is bench.carry_out(JAN.subject()).outcome


def test_a_request_that_the_processor_cancelled_is_refused() -> None:
    bench, simulator = case()
    simulator.polls = 100
    bench.carry_out(JAN.subject())
    next(iter(simulator.requests.values()))["status"] = "cancelled"
    assert [(Outcome.REFUSED, None)] == told(bench.carry_out(JAN.subject()))


def test_an_identity_that_is_only_taken_hashed_is_sent_so() -> None:
    bench, simulator = case()
    simulator.takes = [("email", "md5"), ("email", "sha256")]
    bench.carry_out({"email": ["Jan@Voorbeeld.nl"], "customer_id": ["C-1001"]})
    (request,) = simulator.requests.values()
    wanted = hashlib.sha256(b"jan@voorbeeld.nl").hexdigest()
    assert [{"identity_type": "email", "identity_format": "sha256", "identity_value": wanted}] == request["subject_identities"]


def test_an_identifier_that_the_processor_does_not_take_is_not_sent_and_those_it_takes_are_named() -> None:
    bench, simulator = case()
    simulator.takes = [("controller_customer_id", "raw")]
    answer = bench.carry_out({"email": [JAN.email]})
    assert Outcome.NEEDS_IDENTIFIER is answer.outcome and "customer_id" in (answer.reason or "")
    assert {} == simulator.requests


def test_a_processor_that_takes_no_erasure_waits_for_a_person() -> None:
    bench, simulator = case()
    simulator.types = ["access"]
    assert Outcome.NEEDS_PERSON is bench.carry_out(JAN.subject()).outcome


@pytest.mark.parametrize("takes", [[], [("email", "rot13")]])
def test_a_processor_that_takes_nothing_in_a_known_form_waits_for_a_person(takes: list[tuple[str, str]]) -> None:
    bench, simulator = case()
    simulator.takes = takes
    assert Outcome.NEEDS_PERSON is bench.carry_out(JAN.subject()).outcome


@pytest.mark.parametrize(("version", "asked"), [("2.0", 1), ("2", 1), ("20.0", 0), ("1.0", 0)])
def test_only_the_major_version_2_is_spoken(version: str, asked: int) -> None:
    bench, simulator = case()
    simulator.version = version
    bench.carry_out(JAN.subject())
    assert asked == len(simulator.requests)


@pytest.mark.parametrize(("expected", "days"), [(None, 1), ("2020-01-01T00:00:00Z", 1), ("9999-12-31T23:59:59Z", 31)])
def test_the_status_is_asked_again_within_a_month_whatever_is_expected(expected: str | None, days: int) -> None:
    bench, simulator = case()
    simulator.polls, simulator.expected = 8, expected
    answer = bench.carry_out(JAN.subject())
    assert ([ACCEPTED], datetime.now(UTC).date() + timedelta(days)) == (told(answer), answer.records[0].until)


def test_a_completed_request_needs_no_day_on_which_it_is_expected() -> None:
    bench, simulator = case()
    simulator.expected = None
    assert [ERASED] == told(bench.carry_out(JAN.subject()))


def test_the_echo_of_the_persons_data_is_nowhere_in_what_is_reported() -> None:
    bench, simulator = case()
    answer = bench.carry_out(JAN.subject())
    (request,) = simulator.requests.values()
    written = answer.model_dump_json() + "".join(report.model_dump_json() for report in bench.located)
    echo = base64.b64encode(json.dumps(request["subject_identities"]).encode()).decode()
    assert JAN.email not in written and echo[:40] not in written


def test_a_certificate_that_is_none_is_told_at_start() -> None:
    settings = settings_of(Opendsr, {**SETTINGS, "certificate": {"env": "KIT_SECRET"}})
    with pytest.raises(ValueError, match="not one in PEM"):
        Opendsr.auth(settings)
    assert Opendsr.auth(settings_of(Opendsr, {**SETTINGS, "certificate": str(certificate())}))
