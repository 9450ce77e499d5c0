"""Google Analytics through the kit, and its own traps."""

from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from connectors.testing.harness import Bench
from connectors.testing.kit import ConformanceKit
from connectors.testing.simulator import Fault, Person
from connectors.testing.simulators.google_analytics import GoogleAnalyticsSimulator
from connectors.vendors.google_analytics import GoogleAnalytics, GoogleAnalyticsSettings
from topics.outcomes import Evidence, Outcome
from topics.reports import Answered, RecordOutcome

SETTINGS: dict[str, Any] = {"token": {"env": "KIT_SECRET"}, "properties": ["1001", "properties/1002"]}
JAN = Person("jan@voorbeeld.nl")
NO_SEARCH = "Nobody can be looked up: there is no reading call."


class TestGoogleAnalytics(ConformanceKit):
    connector = GoogleAnalytics
    simulator = GoogleAnalyticsSimulator
    settings = SETTINGS
    accepted = ("visit",)
    exempt = {
        "nothing_found_is_an_answer": NO_SEARCH,
        "a_late_effect_is_never_claimed_early": NO_SEARCH,
        "a_second_delivery_makes_no_writing_call": "It is asked again, which does no harm: Google tells of no request that was made.",
        "a_look_again_that_fails_claims_nothing": NO_SEARCH,
        "a_vendor_that_knows_no_path_is_never_nothing_found": NO_SEARCH,
        "an_outage_ends_in_failed_after_the_cap": NO_SEARCH,
        "a_long_wait_is_deferred": NO_SEARCH,
        "a_refused_credential_is_not_tried_again": NO_SEARCH,
        "a_list_without_end_is_told_and_never_nothing_found": NO_SEARCH,
        "a_thousand_records_are_found_erased_and_looked_for_again": NO_SEARCH,
    }


def bench(simulator: GoogleAnalyticsSimulator, **settings: Any) -> Bench:
    return Bench(GoogleAnalytics, simulator, SETTINGS | settings, "https://vendor.test")


def lines(answer: Answered) -> list[RecordOutcome]:
    assert answer.outcome is None, answer.reason
    return list(answer.records)


def fates(answer: Answered) -> list[Outcome]:
    return [line.outcome for line in lines(answer)]


def asked(subject: dict[str, list[str]], **settings: Any) -> list[tuple[str, str, str]]:
    simulator = GoogleAnalyticsSimulator()
    bench(simulator, **settings).carry_out(subject)
    return simulator.asked


def test_each_identifier_is_sent_alone_to_each_property_in_the_field_that_it_belongs_to() -> None:
    own = {"google_analytics.user_id": ["u/1"], "google_analytics.client_id": ["7.8"], "google_analytics.app_instance_id": ["aPp"]}
    sent = {("userId", "u/1"), ("clientId", "7.8"), ("appInstanceId", "aPp"), ("userId", "C-1001")}
    sent |= {("userProvidedData", "jan@voorbeeld.nl"), ("userProvidedData", "+31201234567")}
    assert {(number, *what) for number in ("1001", "1002") for what in sent} == set(asked(JAN.subject() | own))
    assert 12 == len(asked(JAN.subject() | own))


@pytest.mark.parametrize(
    ("kind", "given", "sent"),
    [
        ("email", " Jan@Voorbeeld.NL ", "jan@voorbeeld.nl"), ("email", "j.a.n+x@gmail.com", "jan+x@gmail.com"),
        ("email", "J.an@GoogleMail.com", "jan@googlemail.com"), ("email", "j.an@gmail.com.example", "j.an@gmail.com.example"),
        ("email", "j.an@mail.gmail.com", "j.an@mail.gmail.com"), ("email", "jan de@voorbeeld.nl", "jande@voorbeeld.nl"),
        ("phone", "+31 20-123 45.67", "+31201234567"), ("phone", "0031 20 1234567", "+31201234567"),
        ("phone", "+31 (0)20 1234567", "+31201234567"), ("phone", "31201234567", "+31201234567"),
        ("customer_id", "J.an@gmail.com", "J.an@gmail.com"), ("google_analytics.client_id", "A b", "A b"),
    ],
)  # fmt: skip
def test_an_address_and_a_number_are_written_as_google_wants_them_and_an_id_as_it_was_sent(kind: str, given: str, sent: str) -> None:
    assert {sent} == {value for _, _, value in asked({kind: [given]})}


def test_two_spellings_of_one_address_are_one_request() -> None:
    assert [("1001", "userProvidedData", "jan@gmail.com")] == asked({"email": ["j.an@gmail.com", "JAN@gmail.com"]}, properties=["1001"])


@pytest.mark.parametrize("phone", ["020 1234567", "00", "unknown", "+0201234567"])
def test_a_number_without_its_country_is_never_sent_and_told(phone: str) -> None:
    simulator = GoogleAnalyticsSimulator()
    answer = bench(simulator, properties=["1001"]).carry_out({"phone": [phone], "email": [JAN.email]})
    assert {Outcome.NEEDS_PERSON, Outcome.ACCEPTED} == set(fates(answer))
    assert [("1001", "userProvidedData", "jan@voorbeeld.nl")] == simulator.asked


def test_which_identifier_was_sent_as_user_id_is_a_setting() -> None:
    assert [("1001", "userId", "m7")] == asked(
        {"member": ["m7"], "customer_id": ["C"], "phone": []}, user_id_from="member", properties=[1001]
    )
    sent = asked({"email": ["j.an@gmail.com"]}, user_id_from="email", properties=[1001])
    assert [("1001", "userProvidedData", "jan@gmail.com"), ("1001", "userId", "j.an@gmail.com")] == sent


def test_it_is_accepted_and_never_more_however_often_it_is_looked() -> None:
    simulator = GoogleAnalyticsSimulator()
    simulator.seed(JAN)
    case = bench(simulator)
    for _ in range(3):
        told = {(line.outcome, line.evidence, str(line.until)) for line in lines(case.carry_out(JAN.subject()))}
        assert {(Outcome.ACCEPTED, Evidence.ACCEPTED, "2027-01-22")} == told


def test_a_property_that_is_taken_out_of_the_settings_is_not_thereby_erased() -> None:
    simulator = GoogleAnalyticsSimulator()
    case = bench(simulator)
    case.carry_out(JAN.subject())
    case.settings = SETTINGS | {"properties": ["1001"]}
    assert [Outcome.ACCEPTED] * 6 == fates(case.carry_out(JAN.subject()))


@pytest.mark.parametrize("number", ["9999", "properties/9999"])
def test_an_unknown_property_is_told_and_does_not_stop_the_others(number: str) -> None:
    answer = bench(GoogleAnalyticsSimulator(), properties=[number, 1001]).carry_out({"email": [JAN.email]})
    assert {Outcome.FAILED, Outcome.ACCEPTED} == set(fates(answer))
    assert not any(line.evidence for line in answer.records if line.outcome is Outcome.FAILED)
    assert ["look at `properties`."] == [line.reason[-21:] for line in answer.records if line.reason]


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_property_that_refuses_is_told_and_does_not_stop_the_others(status: int) -> None:
    simulator = GoogleAnalyticsSimulator()
    simulator.faults.append(Fault(httpx.Response(status, json={"error": {"code": status, "status": "PERMISSION_DENIED"}})))
    told = fates(bench(simulator).carry_out({"email": [JAN.email]}))
    assert [Outcome.REFUSED if status == 400 else Outcome.FAILED, Outcome.ACCEPTED] == told


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html></html>",
        b"{}",
        b"[]",
        b'{"deletionRequestTime": null}',
        b'{"deletionRequestTime": "soon"}',
        b'{"deletionRequestTime": 7}',
    ],
)
def test_an_answer_without_the_time_of_the_request_is_no_acceptance(body: bytes) -> None:
    simulator = GoogleAnalyticsSimulator()
    simulator.faults.append(Fault(httpx.Response(200, content=body), times=9))
    assert [Outcome.FAILED] * 2 == fates(bench(simulator).carry_out({"email": [JAN.email]}))


def test_an_outage_is_failed_and_a_long_wait_is_deferred() -> None:
    for fault, told in ((httpx.Response(503), Outcome.FAILED), (httpx.Response(429, headers={"retry-after": "3600"}), Outcome.DEFERRED)):
        simulator = GoogleAnalyticsSimulator()
        simulator.faults.append(Fault(fault, times=100_000))
        assert [told] * 2 == fates(bench(simulator).carry_out({"email": [JAN.email]}))


def test_an_identifier_that_cannot_be_sent_is_told_and_what_could_be_is_named() -> None:
    answer = bench(GoogleAnalyticsSimulator()).carry_out({"name": ["Jan de Vries"]})
    assert Outcome.NEEDS_IDENTIFIER is answer.outcome
    answer = bench(GoogleAnalyticsSimulator(), user_id_from="member").carry_out({"customer_id": ["C-1001"]})
    assert (Outcome.NEEDS_PERSON, True) == (answer.outcome, "member" in (answer.reason or ""))


@pytest.mark.parametrize(
    ("properties", "more"),
    [
        ([], {"token": "t"}),
        (["G-ABC123"], {"token": "t"}),
        (["UA-1-2"], {"token": "t"}),
        (["1001"], {}),
        (["1"], {"token": "t", "service_account": "{}"}),
    ],
)
def test_settings_that_cannot_be_meant_are_told_at_start(properties: list[str], more: dict[str, str]) -> None:
    secrets = {name: SecretStr(value) for name, value in more.items()}
    with pytest.raises(ValueError, match=r"properties|give either"):
        GoogleAnalytics.auth(GoogleAnalyticsSettings.model_validate({"properties": properties, **secrets}))
