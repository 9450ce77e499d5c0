"""Several rights of one person meet: what waits for what, and what the certificate and the vendor say afterwards."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from connectors.testing.simulator import Fault, Person
from connectors.testing.simulators.moneybird import MoneybirdSimulator
from orchestrator.case import Status
from tests.flow.company import Company, lines
from tests.flow.test_cases import JAN
from tests.orchestrator.decide_cases import Played, answered, line
from topics.events import Right
from topics.outcomes import Outcome

KEEP = "18(1)(c)"


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    made = Company(tmp_path, {"books": MoneybirdSimulator(), "list": MoneybirdSimulator()})
    for vendor in made.vendors.values():
        vendor.add_contact(JAN)
    yield made
    made.close()


def left(company: Company, person: Person = JAN) -> tuple[int, int]:
    """Contacts of the person in the books and on the list, archived ones too."""
    return tuple(sum(vendor.traces(person).values()) for vendor in company.vendors.values())  # type: ignore[return-value]


def after(company: Company, type: str, minutes: float = 20, **fields: Any) -> UUID:
    request = company.ask(JAN.subject(), type, **fields)
    company.settle()
    company.settle(minutes=minutes)
    return request


def decided(company: Company, request: UUID, decision: str) -> None:
    company.order(request, "case.decide", decision=decision, reason="Weighed on 1 December.")
    company.settle()
    company.settle(minutes=20)


def test_an_erasure_waits_while_a_restriction_keeps_the_data(company: Company) -> None:
    after(company, "subject.restrict", ground=KEEP)
    erasure = after(company, "subject.erase")
    assert (1, 1) == left(company)
    certificate = company.certificates(erasure)[-1]
    assert Status.PARTIAL is certificate.status
    assert {"needs_person"} == {entry.outcome for entry in certificate.processors}
    assert all(KEEP in (entry.reason or "") for entry in certificate.processors)
    assert ["decision_needed"] == company.notices(erasure)


@pytest.mark.parametrize("ground", [None, "18(1)(a)", "18(1)(d)"])
def test_a_restriction_on_another_ground_does_not_stand_against_an_erasure(company: Company, ground: str | None) -> None:
    after(company, "subject.restrict", **({"ground": ground} if ground else {}))
    after(company, "subject.erase")
    assert (0, 0) == left(company)


def test_a_blocked_erasure_goes_on_when_the_officer_upholds_it(company: Company) -> None:
    after(company, "subject.restrict", ground=KEEP)
    erasure = after(company, "subject.erase")
    decided(company, erasure, "uphold")
    assert (0, 0) == left(company)
    last = company.certificates(erasure)[-1]
    assert (Status.COMPLETE, "uphold") == (last.status, last.decision and last.decision.decision)


def test_a_rejected_request_is_closed_with_the_reason_and_nothing_is_erased(company: Company) -> None:
    after(company, "subject.restrict", ground=KEEP)
    erasure = after(company, "subject.erase")
    decided(company, erasure, "reject")
    last = company.certificates(erasure)[-1]
    assert (Status.PARTIAL, "Weighed on 1 December.") == (last.status, last.decision and last.decision.reason)
    assert {"refused"} == {entry.outcome for entry in last.processors}
    company.retry(erasure)
    company.settle()
    assert ("closed", (1, 1)) == (company.case(erasure).state, left(company))


def test_a_restriction_that_keeps_the_data_stops_an_erasure_under_way(company: Company) -> None:
    company.vendors["books"].faults.append(Fault(httpx.Response(403), times=100))
    erasure = after(company, "subject.erase")
    after(company, "subject.restrict", ground=KEEP)
    company.vendors["books"].faults.clear()
    company.retry(erasure)
    company.settle()
    company.settle(days=3)
    assert (1, 0) == left(company)
    assert company.case(erasure).block is not None


def test_an_objection_restricts_at_once_and_waits_for_the_decision(company: Company) -> None:
    played = Played().open("a", right=Right.OBJECTION, ground="21(1)")
    assert ["restrict"] == [command.action for command in played.orders]
    assert [Status.PARTIAL] == played.hear(answered("a", line("x", Outcome.RESTRICTED))).statuses
    assert (True, "open") == (played.the.examined, played.the.state)


def test_an_objection_takes_no_measure_that_cannot_be_undone_while_it_is_examined(company: Company) -> None:
    objection = after(company, "subject.object", ground="21(1)")
    (certificate,) = company.certificates(objection)
    assert (Status.PARTIAL, {("contact", "refused"): 1}) == (certificate.status, lines(certificate, "list"))
    assert "could not be lifted" in (certificate.processors[0].records[0].reason or "")


def test_an_upheld_objection_erases(company: Company) -> None:
    objection = after(company, "subject.object", ground="21(1)")
    decided(company, objection, "uphold")
    assert (0, 0) == left(company)
    last = company.certificates(objection)[-1]
    assert (Status.COMPLETE, {("contact", "erased"): 1}) == (last.status, lines(last, "list"))


def test_an_erasure_that_rests_on_an_objection_waits_until_that_is_upheld(company: Company) -> None:
    objection = after(company, "subject.object")
    erasure = after(company, "subject.erase", ground="17(1)(c)")
    assert (1, 1) == left(company)
    assert Status.PARTIAL is company.certificates(erasure)[-1].status
    decided(company, objection, "uphold")
    assert ((0, 0), Status.COMPLETE) == (left(company), company.certificates(erasure)[-1].status)


def test_an_erasure_that_rests_on_a_rejected_objection_waits_for_the_officer(company: Company) -> None:
    objection = after(company, "subject.object")
    decided(company, objection, "reject")
    erasure = after(company, "subject.erase", ground="17(1)(c)")
    assert ((1, 1), Status.PARTIAL) == (left(company), company.certificates(erasure)[-1].status)
    decided(company, erasure, "uphold")
    assert (0, 0) == left(company)


def test_a_rejected_objection_is_announced_before_it_is_lifted(company: Company) -> None:
    objection = after(company, "subject.object", ground="21(1)")
    company.order(objection, "case.decide", decision="reject", reason="Compelling grounds.")
    company.settle()
    assert ["decision_needed", "lifting_announced", "certificate_superseded", "decided"] == company.notices(objection)[:4]
    assert (1, 1) == left(company)


def test_after_an_upheld_objection_nothing_is_freed_without_the_officer(company: Company) -> None:
    objection = after(company, "subject.object", ground="21(1)")
    decided(company, objection, "uphold")
    lifting = after(company, "subject.unrestrict")
    assert company.case(lifting).block is not None
    assert {"needs_person"} == {entry.outcome for entry in company.certificates(lifting)[-1].processors}


def test_an_objection_to_marketing_needs_no_examination_and_erases_there(company: Company) -> None:
    objection = after(company, "subject.object", ground="21(2)")
    (certificate,) = company.certificates(objection)
    assert (1, 0) == left(company)
    assert (Status.COMPLETE, ["list"]) == (certificate.status, [entry.name for entry in certificate.processors])
    assert any("books" in sentence for sentence in certificate.not_claimed)


def test_a_withdrawal_stops_what_rested_on_consent_and_nothing_else(company: Company) -> None:
    withdrawal = after(company, "subject.withdraw")
    (certificate,) = company.certificates(withdrawal)
    assert ((1, 0), Status.COMPLETE) == (left(company), certificate.status)


def test_a_lifting_unblocks_the_erasure_that_waited_for_it(company: Company) -> None:
    for vendor in company.vendors.values():
        vendor.contacts.clear()  # nothing is there to lift, so that the lifting ends by itself
    restriction = after(company, "subject.restrict", ground=KEEP)
    erasure = after(company, "subject.erase")
    assert company.case(erasure).block is not None
    lifting = after(company, "subject.unrestrict")
    assert lifting == company.case(restriction).ended_by
    assert (None, "closed") == (company.case(erasure).block, company.case(erasure).state)


def test_a_doubtful_identity_stops_everything_until_it_is_proven(company: Company) -> None:
    erasure = after(company, "subject.erase", identity="doubtful")
    assert ((1, 1), ["paused"]) == (left(company), company.notices(erasure))
    company.order(erasure, "case.resume")
    company.settle()
    last = company.certificates(erasure)[-1]
    assert ((0, 0), Status.COMPLETE) == (left(company), last.status)
    assert 1 == len(last.pauses)


def test_what_is_held_as_a_processor_is_referred_and_not_carried_out(company: Company) -> None:
    referred = after(company, "subject.erase", role="processor")
    (certificate,) = company.certificates(referred)
    assert ((1, 1), "refer", Status.PARTIAL) == (left(company), certificate.decision and certificate.decision.decision, certificate.status)
    assert "closed" == company.case(referred).state


@pytest.mark.parametrize(
    ("type", "ground"),
    [("contract.ended", "17(1)(a)"), ("application.ended", "17(1)(a)"), ("retention.ended", "5(1)(e), 17(1)(a)")],
)
def test_what_ended_is_erased_on_its_own_ground(company: Company, type: str, ground: str) -> None:
    request = after(company, type)
    (certificate,) = company.certificates(request)
    assert ((0, 0), ground, "erasure") == (left(company), certificate.ground, certificate.right)


def test_when_the_own_period_has_ended_all_goes_but_what_the_law_keeps_longer(company: Company) -> None:
    books = company.vendors["books"]
    books.add_invoice(next(iter(books.contacts)), date(2025, 6, 1))
    request = after(company, "retention.ended")
    (certificate,) = company.certificates(request)
    assert Status.COMPLETE_WITH_HOLDS is certificate.status
    assert ({("contact", "restricted"): 1, ("invoice", "held"): 1}, {("contact", "erased"): 1}) == (
        lines(certificate, "books"),
        lines(certificate, "list"),
    )


def test_a_sweep_that_names_the_same_account_every_night_under_one_id_changes_nothing_more(company: Company) -> None:
    request = after(company, "retention.ended")
    calls = [len(vendor.calls) for vendor in company.vendors.values()]
    company.settle(days=1)
    after(company, "retention.ended", request_id=request)
    assert calls == [len(vendor.calls) for vendor in company.vendors.values()]
    assert (1, []) == (len(company.certificates(request)), company.dead_letters())


def test_what_the_person_asked_to_keep_outlives_the_own_period(company: Company) -> None:
    after(company, "subject.restrict", ground=KEEP)
    request = after(company, "retention.ended")
    assert ((1, 1), ["decision_needed"]) == (left(company), company.notices(request))


def test_an_extension_stands_on_the_certificate_and_is_told(company: Company) -> None:
    company.vendors["books"].faults.append(Fault(httpx.Response(403), times=100))
    erasure = after(company, "subject.erase")
    company.order(erasure, "case.extend", reason="Many requests at once.")
    company.settle()
    last = company.certificates(erasure)[-1]
    assert ("Many requests at once.", ["certificate_superseded", "extended"]) == (
        last.extension and last.extension.reason,
        company.notices(erasure),
    )


def test_a_persons_word_with_proof_stands_in_for_a_connector(company: Company) -> None:
    company.vendors["books"].faults.append(Fault(httpx.Response(403), times=100))
    erasure = after(company, "subject.erase")
    company.order(erasure, "task.done", processor="books", outcome="erased", kind="contact", on="2026-11-20", proof="ab" * 32)
    company.settle()
    last = company.certificates(erasure)[-1]
    (line,) = next(entry for entry in last.processors if entry.name == "books").records
    assert (Status.COMPLETE, "erased", 1) == (last.status, line.outcome, line.count)
    assert "proof: SHA-256 abab" in (line.reason or "")


@pytest.mark.parametrize(
    ("type", "fields"),
    [
        ("case.decide", {"decision": "uphold", "reason": "No objection is open."}),
        ("case.resume", {}),
        ("case.extend", {"reason": "It is done already."}),
        ("case.refuse", {"reason": "It is done already."}),
    ],
)
def test_an_order_that_does_not_fit_the_case_is_parked_with_the_reason(company: Company, type: str, fields: dict[str, Any]) -> None:
    erasure = after(company, "subject.erase")
    company.order(erasure, type, **fields)
    company.settle()
    assert ["invalid_content"] == [letter["reason"] for letter in company.dead_letters()]


def test_an_officers_words_with_the_persons_address_are_refused(company: Company) -> None:
    erasure = after(company, "subject.erase", identity="doubtful")
    company.order(erasure, "case.refuse", reason="We do not know Jan de Vries.")
    company.order(erasure, "case.refuse", reason="Nobody by the name of Vries is known.")
    company.settle()
    for letter in (letters := company.dead_letters()):
        assert "identifier of the person" in letter["detail"] and "Jan" not in letter["detail"] and "Vries" not in letter["detail"]
    assert 2 == len(letters)


def test_what_a_person_did_is_said_of_every_record_that_was_located_and_not_settled(company: Company) -> None:
    company.vendors["books"].faults.append(Fault(httpx.Response(403), times=100, method="DELETE"))
    erasure = after(company, "subject.erase")
    company.order(erasure, "task.done", processor="books", outcome="erased", on="2026-11-20", proof="cd" * 32, count=7)
    company.settle()
    assert {("contact", "erased"): 1} == lines(company.certificates(erasure)[-1], "books")


def test_what_was_told_by_letter_is_not_called_looked_for_again(company: Company) -> None:
    company.vendors["books"].faults.append(Fault(httpx.Response(403), times=100))
    erasure = after(company, "subject.erase")
    company.order(erasure, "task.done", processor="books", outcome="not_applicable", kind="contact", on="2026-11-20", proof="ab" * 32)
    company.settle()
    (told,) = next(entry for entry in company.certificates(erasure)[-1].processors if entry.name == "books").records
    assert (None, "not_applicable") == (told.evidence, told.outcome)


def test_what_ended_is_told_so_that_the_applicant_gets_a_confirmation(company: Company) -> None:
    request = after(company, "application.ended")
    assert ["confirmed"] == company.notices(request)
