"""From a delivery to a case: the person sealed, what makes it the same request, who is asked."""

import json
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.testing.harness import START
from orchestrator.case import Case
from orchestrator.intake import Expected, Intake
from orchestrator.sealed_requests import IntakeKeys
from tests.orchestrator.process_cases import NAMES, POLICY, delivery, request
from topics.bus import Delivery
from topics.envelope import Poison, Unreadable
from topics.events import Right, SubjectRequest
from topics.keyring import CONTROLLER_KEY, Keyring, case_key

ID = UUID("0198c7a2-6f0e-7c3e-9d1a-2f6f3f0c9a11")


@pytest.fixture
def keyring(tmp_path: Path) -> Any:
    keyring = Keyring.open(f"sqlite:///{tmp_path}/keyring.db")
    yield keyring
    keyring.close()


@pytest.fixture
def intake(keyring: Keyring, tmp_path: Path) -> Intake:
    return Intake(
        NAMES, keyring, IntakeKeys.open(tmp_path / "keys"), (Expected("a", "x", "other"), Expected("b", "y", "other")), POLICY, "NL"
    )


def case_of(intake: Intake, given: Delivery) -> Case:
    found = intake.read(given, START)
    assert isinstance(found.body, SubjectRequest)
    keys = intake.make_keys([found.request_id])
    return intake.case_for(intake.compared(found, keys), found.body, found.right or Right.ERASURE, keys[found.request_id], START)


def reason(intake: Intake, given: Delivery) -> Unreadable:
    with pytest.raises(Poison) as poison:
        intake.read(given, START)
    return poison.value.reason


def test_a_case_holds_the_person_only_sealed_under_a_key_of_its_own(intake: Intake, keyring: Keyring) -> None:
    case = case_of(intake, request(ID, verified_by="passport of Jan"))
    assert [] == [canary for canary in ("voorbeeld", "Jan") if canary in case.model_dump_json()]
    opened = keyring.get(case_key(ID)).open("subject", case.subject)
    assert {"email": ["jan@voorbeeld.nl"]} == json.loads(opened)


def test_a_pseudonym_is_the_same_for_a_person_and_the_content_is_not_for_two_requests(intake: Intake) -> None:
    one, other = case_of(intake, request()), case_of(intake, request(subject={"email": ["JAN@voorbeeld.nl"]}))
    assert (one.pseudonym, True) == (other.pseudonym, one.content != other.content)
    assert one.pseudonym != case_of(intake, request(subject={"email": ["jan+x@voorbeeld.nl"]})).pseudonym


def test_everybody_is_asked_unless_the_request_names_some(intake: Intake) -> None:
    assert (["a", "b"], ()) == ([p.name for p in case_of(intake, request()).processors], case_of(intake, request()).not_asked)
    narrowed = case_of(intake, request(processors=["b"]))
    assert (["b"], ("a",)) == ([p.name for p in narrowed.processors], narrowed.not_asked)


def test_the_end_of_the_contract_is_part_of_the_content_where_it_is_given(intake: Intake, keyring: Keyring) -> None:
    """Where it is not, the content is what it was before there was such a field: a request of last week is still the same."""
    case, other = case_of(intake, request(ID)), case_of(intake, request(ID, contract_ended_on="2026-03-31"))
    assert (None, date(2026, 3, 31)) == (case.contract_ended_on, other.contract_ended_on)
    assert case.content == case_of(intake, request(ID, contract_ended_on=None)).content != other.content
    before = json.dumps(["erasure", None, None, "execute", str(ID)])
    canonical = '{"email":["jan@voorbeeld.nl"]}'
    own, controller = (key.digest("content", before, canonical) for key in keyring.get_all(case_key(ID), CONTROLLER_KEY))
    assert own == case.content
    assert intake.compared(intake.read(request(ID), START), intake.make_keys([ID])).is_as(controller)  # of version 0.1.0


@pytest.mark.parametrize("day", [1774915200, "31-03-2026", "2026-03-31T00:00:00Z", "2026-02-30", "", True])
def test_the_end_of_the_contract_must_be_a_day(intake: Intake, day: Any) -> None:
    assert Unreadable.INVALID_CONTENT is reason(intake, request(contract_ended_on=day))


@pytest.mark.parametrize(
    ("type", "right"),
    [("erase", "erasure"), ("restrict", "restriction"), ("unrestrict", "lifting"), ("object", "objection")],
)
def test_every_type_has_its_right(intake: Intake, type: str, right: str) -> None:
    assert right == case_of(intake, request(type=f"subject.{type}")).right


def test_a_correlation_id_must_be_the_request_id(intake: Intake) -> None:
    whole = request(ID)
    with_id = [
        Delivery(whole.topic, 0, 0, None, whole.value, (*whole.headers, ("ce_correlationid", text))) for text in (str(ID).encode(), b"x")
    ]
    assert ID == intake.read(with_id[0], START).request_id
    assert Unreadable.INVALID_ENVELOPE is reason(intake, with_id[1])


def test_an_unknown_type_is_not_repeated(intake: Intake) -> None:
    with pytest.raises(Poison) as poison:
        intake.read(request(type="subject.JandeVries"), START)
    assert (Unreadable.UNKNOWN_TYPE, False) == (poison.value.reason, "Vries" in poison.value.detail)
    assert "subject.erase" in poison.value.detail


def test_a_report_on_the_intake_topic_and_a_request_among_the_reports_are_unknown(intake: Intake) -> None:
    assert Unreadable.UNKNOWN_TYPE is reason(intake, delivery(b"{}", "processor.answered"))
    assert Unreadable.UNKNOWN_TYPE is reason(intake, delivery(b"{}", "subject.erase", "processor.reports"))


def test_a_request_may_be_smaller_than_a_report(intake: Intake) -> None:
    large = json.dumps({"x": "y" * 300_000}).encode()
    assert Unreadable.TOO_LARGE is reason(intake, delivery(large, "subject.erase"))
    assert Unreadable.INVALID_CONTENT is reason(intake, delivery(large, "processor.answered", "processor.reports"))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["subject.erase", "case.retry", "processor.located", "processor.answered", "x"]), st.binary(max_size=80), st.booleans()
)
def test_any_bytes_of_any_type_are_poison_and_nothing_worse(intake: Intake, type: str, value: bytes, reports: bool) -> None:
    with pytest.raises(Poison):
        intake.read(delivery(value, type, "processor.reports" if reports else "subject.requests"), START)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.datetimes(), st.integers(-14, 14))
def test_any_receipt_gives_a_due_date_or_poison(intake: Intake, moment: Any, hours: int) -> None:
    written = f"{moment.isoformat()}{'-' if hours < 0 else '+'}{abs(hours):02}:00"
    try:
        assert case_of(intake, request(uuid4(), received_at=written)).due_by > moment.date()
    except Poison as poison:
        assert Unreadable.INVALID_CONTENT is poison.reason
