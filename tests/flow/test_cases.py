"""Whole cases, from the event to the certificate, without a network."""

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from itertools import count
from uuid import UUID, uuid4

import httpx
import pytest

from connectors.testing.simulator import Fault, Person
from connectors.testing.simulators.moneybird import MoneybirdSimulator
from orchestrator.case import Status
from orchestrator.certificate import Certificate
from orchestrator.letters.subject import to_subject
from orchestrator.letters.words import Language, Seat
from orchestrator.readable import as_text
from tests.canary.people import KNOWN, SUBJECT, VALUES, VERIFIED_BY
from tests.canary.search import Search
from tests.connectors.shoebox import Shoebox, ShoeboxSimulator
from tests.flow.company import AMSTERDAM, CERTIFICATES, DEAD_LETTERS, NAMES, POLICY, REPORTS, REQUESTS, Company, lines, seed
from topics.outcomes import Evidence, Outcome

JAN = Person("jan@voorbeeld.nl")
OLD = replace(JAN, since=date(2015, 6, 1))


def only_certificate(company: Company, request: UUID) -> Certificate:
    (certificate,) = company.certificates(request)
    return certificate


def test_a_person_without_held_records_is_gone_and_the_certificate_is_complete(company: Company) -> None:
    seed(company.vendors["moneybird"], OLD)
    request = company.ask(JAN.subject(), ground="17(1)(b)")
    company.settle()
    certificate = only_certificate(company, request)
    assert Status.COMPLETE is certificate.status
    assert {("contact", "erased"): 1, ("invoice", "erased"): 1, ("contact_person", "erased"): 1} == lines(certificate)
    assert {Evidence.VERIFIED} == {line.evidence for line in certificate.processors[0].records}
    assert 0 == company.vendors["moneybird"].traces(JAN).total()
    assert "closed" == company.case(request).state


def test_a_person_whom_nobody_knows_gets_a_complete_certificate_at_once(company: Company) -> None:
    request = company.ask(JAN.subject())
    company.settle()
    assert (Status.COMPLETE, Outcome.NOTHING_FOUND) == (
        only_certificate(company, request).status,
        only_certificate(company, request).processors[0].outcome,
    )


def test_a_held_invoice_stays_with_its_contact_restricted_until_the_same_day(company: Company) -> None:
    seed(company.vendors["moneybird"], JAN)
    request = company.ask(JAN.subject())
    company.settle()
    certificate = only_certificate(company, request)
    by_kind = {line.kind: line for line in certificate.processors[0].records}
    assert Status.COMPLETE_WITH_HOLDS is certificate.status
    assert (date(2032, 12, 31), "invoice") == (by_kind["contact"].until, by_kind["contact"].bound_to)
    assert by_kind["invoice"].hold and ("AWR art. 52(4)", date(2032, 12, 31)) == (
        by_kind["invoice"].hold.statute,
        by_kind["invoice"].hold.until,
    )
    assert {"contact": 1, "invoice": 1} == dict(+company.vendors["moneybird"].traces(JAN))


def test_a_neighbour_is_left_alone(company: Company) -> None:
    vendor = company.vendors["moneybird"]
    seed(vendor, OLD)
    neighbours = [
        replace(OLD, email=email, customer_id=id) for email, id in (("jan+x@voorbeeld.nl", "C-10011"), ("an@voorbeeld.nl", "C-100"))
    ]
    for one in neighbours:
        seed(vendor, one)
    before = [vendor.traces(one) for one in neighbours]
    company.ask(JAN.subject())
    company.settle()
    assert before == [vendor.traces(one) for one in neighbours]
    assert 0 == vendor.traces(JAN).total()


def test_a_dry_run_ends_in_a_plan_and_writes_nothing(company: Company) -> None:
    seed(company.vendors["moneybird"], JAN)
    request = company.ask(JAN.subject(), mode="dry-run")
    company.settle()
    company.settle(days=40)
    case = company.case(request)
    assert [] == company.broker.messages(CERTIFICATES)
    assert 0 == company.vendors["moneybird"].writing_calls
    assert "closed" == case.state
    assert [Outcome.ERASED, Outcome.HELD, Outcome.RESTRICTED] == sorted(r.outcome or "" for r in case.processors[0].records.values())


def test_the_same_person_can_be_erased_after_a_dry_run(company: Company) -> None:
    seed(company.vendors["moneybird"], OLD)
    plan = company.ask(JAN.subject(), mode="dry-run")
    company.settle()
    request = company.ask(JAN.subject())
    company.settle()
    assert plan != request
    assert Status.COMPLETE is only_certificate(company, request).status


def test_a_narrowed_request_says_of_whom_nothing_is_known(companies: Callable[..., Company]) -> None:
    company = companies(vendors={"moneybird": MoneybirdSimulator(), "archive": MoneybirdSimulator()})
    for vendor in company.vendors.values():
        seed(vendor, OLD)
    request = company.ask(JAN.subject(), processors=["moneybird"])
    company.settle()
    certificate = only_certificate(company, request)
    assert ["moneybird"] == [entry.name for entry in certificate.processors]
    assert any("archive" in sentence for sentence in certificate.not_claimed)
    assert 0 == company.vendors["moneybird"].traces(JAN).total() < company.vendors["archive"].traces(JAN).total()
    assert [] == company.vendors["archive"].calls


def test_two_processors_are_certified_together_and_not_before(companies: Callable[..., Company]) -> None:
    company = companies(vendors={"moneybird": MoneybirdSimulator(), "archive": MoneybirdSimulator()})
    seed(company.vendors["archive"], JAN)
    seed(company.vendors["moneybird"], OLD)
    request = company.ask(JAN.subject())
    company.settle()
    certificate = only_certificate(company, request)
    assert {("contact", "restricted"): 1, ("invoice", "held"): 1, ("contact_person", "erased"): 1} == lines(certificate, "archive")
    assert {("contact", "erased"): 1, ("invoice", "erased"): 1, ("contact_person", "erased"): 1} == lines(certificate)


def test_a_vendor_that_says_yes_and_does_nothing_gets_no_complete_certificate_until_it_has(company: Company) -> None:
    vendor = company.vendors["moneybird"]
    seed(vendor, OLD)
    vendor.liar = True
    request = company.ask(JAN.subject())
    company.settle()
    assert [] == company.certificates(request)
    company.settle(minutes=15)
    partial = only_certificate(company, request)
    assert (Status.PARTIAL, {"failed"}) == (partial.status, {outcome for _, outcome in lines(partial)})
    vendor.liar = False
    company.settle(days=1)
    first, last = company.certificates(request)
    assert (Status.PARTIAL, Status.COMPLETE) == (first.status, last.status)
    assert {("contact", "erased"): 1, ("invoice", "erased"): 1, ("contact_person", "erased"): 1} == lines(last)


def test_an_officer_need_not_wait_a_day_for_the_next_try(company: Company) -> None:
    vendor = company.vendors["moneybird"]
    seed(vendor, OLD)
    vendor.liar = True
    request = company.ask(JAN.subject())
    company.settle()
    vendor.liar = False
    company.retry(request, only="moneybird")
    company.settle()
    assert Status.COMPLETE is only_certificate(company, request).status
    assert 0 == vendor.traces(JAN).total()


def test_a_retry_at_a_processor_that_was_not_asked_is_a_dead_letter(company: Company) -> None:
    request = company.ask(JAN.subject())
    company.retry(request, only="jira")
    company.settle()
    assert ["unknown_processor"] == [letter["reason"] for letter in company.dead_letters()]


def test_the_same_request_twice_is_one_case_and_one_certificate(company: Company) -> None:
    seed(company.vendors["moneybird"], OLD)
    request = uuid4()
    for event_id in ("one", "one", "two"):
        company.ask(JAN.subject(), request_id=request, event_id=event_id)
    company.settle()
    company.ask(JAN.subject(), request_id=request, event_id="three")
    company.settle()
    assert Status.COMPLETE is only_certificate(company, request).status
    assert 1 == len(company.broker.messages(NAMES.commands("moneybird")))
    assert [] == company.dead_letters()


def test_a_letter_case_of_the_address_and_an_order_of_values_are_the_same_content(company: Company) -> None:
    request = uuid4()
    company.ask({"email": ["jan@voorbeeld.nl", "j@x.nl"]}, request_id=request)
    company.ask({"email": ["J@x.nl", "Jan@Voorbeeld.NL"]}, request_id=request)
    company.settle()
    assert ([], 1) == (company.dead_letters(), len(company.certificates(request)))


def test_a_report_that_comes_twice_changes_nothing(company: Company) -> None:
    seed(company.vendors["moneybird"], JAN)
    request = company.ask(JAN.subject())
    company.settle()
    before = company.case(request)
    for report in company.broker.messages(REPORTS):
        company.broker.append(report)  # type: ignore[arg-type]  # a delivery has all that a message has
    company.settle()
    assert before == company.case(request)
    assert 1 == len(company.certificates(request))


def test_a_command_that_comes_twice_changes_nothing_at_the_vendor_and_nothing_on_the_certificate(company: Company) -> None:
    seed(company.vendors["moneybird"], JAN)
    request = company.ask(JAN.subject())
    company.settle()
    writing_calls = company.vendors["moneybird"].writing_calls
    (command,) = company.broker.messages(NAMES.commands("moneybird"))
    company.broker.append(command)  # type: ignore[arg-type]
    company.settle()
    assert writing_calls == company.vendors["moneybird"].writing_calls
    assert 1 == len(company.certificates(request))
    assert 2 == len(company.broker.messages(NAMES.commands("moneybird")))


def test_what_cannot_be_read_stands_between_good_messages_and_stops_none(company: Company) -> None:
    first = company.ask(JAN.subject())
    for value in (b"\xff\xfe", b"{", b"[]", b'{"request_id": "jan@voorbeeld.nl"}', b"[" * 100_000):
        company.put(REQUESTS, value, "subject.erase")
    company.put(REPORTS, b'{"request_id": 1}', "processor.answered")
    company.put(NAMES.commands("moneybird"), b"[" * 5_000, "processor.command")
    company.put(NAMES.commands("moneybird"), b"\xff", "processor.command")
    second = company.ask({"email": ["piet@voorbeeld.nl"]})
    company.settle()
    assert 8 == len(company.dead_letters())
    assert [1, 1] == [len(company.certificates(request)) for request in (first, second)]
    assert "voorbeeld" not in json.dumps(company.dead_letters())


def test_a_dead_letters_original_opens_with_the_keyring(company: Company) -> None:
    company.put(REQUESTS, b'{"email": "jan@voorbeeld.nl"}', "subject.erase", key=b"jan@voorbeeld.nl")
    company.settle()
    (letter,) = company.dead_letters()
    key = company.keyring.get(f"dead-letters/{company.time.now:%Y-%m}")
    assert b"voorbeeld" not in b"".join(d.value or b"" for d in company.broker.messages("dead-letters"))
    assert "amFuQHZvb3JiZWVsZC5ubA==" == json.loads(key.open("dead_letter", letter["sealed"]))["key"]


def test_a_vendor_that_is_down_is_tried_daily_until_it_answers(company: Company) -> None:
    vendor = company.vendors["moneybird"]
    seed(vendor, OLD)
    vendor.signed_in = lambda request: False  # type: ignore[method-assign]  # the token was revoked
    request = company.ask(JAN.subject())
    company.settle()
    for _ in range(3):
        company.settle(days=1)
    assert [Status.PARTIAL] == [c.status for c in company.certificates(request)]
    del vendor.signed_in
    company.settle(days=1)
    assert [Status.PARTIAL, Status.COMPLETE] == [c.status for c in company.certificates(request)]
    assert 5 == len(company.broker.messages(NAMES.commands("moneybird")))


def test_a_restriction_that_cannot_be_lifted_is_refused_until_the_officer_confirms_it(company: Company) -> None:
    vendor = company.vendors["moneybird"]
    vendor.add_contact(JAN)
    request = company.ask(JAN.subject(), "subject.restrict", ground="18(1)(a)")
    company.settle()
    company.settle(minutes=15)
    assert {("contact", "refused"): 1} == lines(only_certificate(company, request))
    assert {} == dict(+vendor.restricted(JAN))
    company.order(request, "case.decide", decision="uphold", reason="Archive it; a person will lift it by hand.")
    company.settle()
    last = company.certificates(request)[-1]
    assert (Status.COMPLETE, {("contact", "restricted"): 1}) == (last.status, lines(last))
    assert "offers no way to lift that" in (last.processors[0].records[0].reason or "")
    assert {"contact": 1} == dict(+vendor.restricted(JAN))


def test_lifting_what_the_vendor_cannot_lift_waits_for_a_person_and_is_never_called_done(company: Company) -> None:
    vendor = company.vendors["moneybird"]
    vendor.add_contact(JAN, archived=True)
    request = company.ask(JAN.subject(), "subject.unrestrict")
    company.settle()
    company.settle(minutes=15)
    certificate = only_certificate(company, request)
    assert (Status.PARTIAL, {("contact", "needs_person"): 1}) == (certificate.status, lines(certificate))
    assert {"contact": 1} == dict(+vendor.restricted(JAN))


def test_every_certificate_is_a_link_of_one_chain(company: Company) -> None:
    requests = [company.ask({"email": [f"{n}@voorbeeld.nl"]}) for n in range(5)]
    company.settle()
    company.ask({"email": ["6@voorbeeld.nl"]})
    company.settle()
    with company.ledger.reading() as transaction:
        register = transaction.register()
    assert list(range(1, 7)) == [one.register_index for one in register]
    assert ["0" * 64, *(one.sha256 for one in register[:-1])] == [one.previous for one in register]
    assert {1} == {only_certificate(company, request).revision for request in requests}


REFERENCES = [f"{KNOWN.email}.{number}" for number in range(100, 106)]


class NamedAfterTheirOwner(ShoeboxSimulator):
    """Its records are called by the address of who they are about."""

    def __init__(self) -> None:
        super().__init__()
        self._ids = (f"{KNOWN.email}.{number}" for number in count(100))  # type: ignore[assignment]


def everything_happens(company: Company, sealed: bool) -> UUID:
    """An erasure with something erased, something held, a vendor that fails and repeats who it is about, and dead letters."""
    vendor, company.sealed = company.vendors["box"], sealed
    vendor.seed(KNOWN)
    vendor.seed(replace(KNOWN, since=date(2015, 6, 1)))
    echo = json.dumps(SUBJECT)
    vendor.faults += [Fault(httpx.Response(500, text=echo)), Fault(httpx.Response(422, text=echo), writing=True), Fault(None)]
    request = company.ask(SUBJECT, verified_by=VERIFIED_BY)
    company.settle()
    company.ask(SUBJECT, request_id=request, mode="dry-run")
    company.ask(SUBJECT, type="subject.forget")
    company.ask(SUBJECT, padding="x" * 2_000_000)
    company.order(request, "case.extend", reason=f"a long story of {KNOWN.email}")
    company.ask(SUBJECT, **{KNOWN.email: 1})  # type: ignore[arg-type]
    company.settle(minutes=15)
    company.settle(days=1)
    company.settle(days=2)
    return request


def written(company: Company, request: UUID, logged: str) -> dict[str, bytes]:
    """Every byte, by where it stands: topics, files, and what is shown to people."""
    by_topic: dict[str, bytes] = {"log": logged.encode()}
    for (topic, _), log in company.broker.logs.items():
        by_topic[topic] = by_topic.get(topic, b"") + b"".join(repr((d.key, d.headers)).encode() + (d.value or b"") for d in log)
    files = {str(path.relative_to(company.folder)): path.read_bytes() for path in company.folder.rglob("*") if path.is_file()}
    shown = {f"certificate {one.revision}": as_text(one).encode() for one in company.certificates(request)}
    letters = {f"letter in {one}": to_subject(company.certificates(request)[-1], one, Seat(AMSTERDAM)).encode() for one in Language}
    return by_topic | files | shown | letters


@pytest.mark.parametrize("sealed", [False, True], ids=["plain", "sealed"])
def test_nothing_of_the_person_is_written_anywhere_but_on_the_intake_topic(
    companies: Callable[..., Company], caplog: pytest.LogCaptureFixture, sealed: bool
) -> None:
    company = companies(vendors={"box": NamedAfterTheirOwner()}, connector=Shoebox, settings={"token": {"env": "KIT_SECRET"}})
    caplog.set_level(logging.DEBUG)
    request = everything_happens(company, sealed)
    everywhere = written(company, request, caplog.text)
    assert {"conflicting_request", "unknown_type", "invalid_content", "too_large"} == {
        letter["reason"] for letter in company.dead_letters()
    }
    assert {"held", "erased"} <= {line.outcome.value for line in company.certificates(request)[-1].processors[0].records}
    assert {"ledger.db", "ledger.db-wal", "keyring.db", REQUESTS, REPORTS, DEAD_LETTERS, CERTIFICATES} <= everywhere.keys()
    found = Search((*VALUES, *REFERENCES)).in_all(everywhere)
    assert ([] if sealed else [REQUESTS]) == sorted(found), found


def test_a_silent_worker_gives_a_partial_certificate_on_the_due_date_and_not_before(company: Company) -> None:
    company.vendors, vendors = {}, company.vendors  # no worker runs
    request = company.ask(JAN.subject())
    company.settle(days=28)
    assert (date(2026, 12, 21), []) == (company.case(request).due_by, company.certificates(request))
    company.settle(days=3)
    partial = only_certificate(company, request)
    assert (Status.PARTIAL, Outcome.SILENT) == (partial.status, partial.processors[0].outcome)
    company.vendors = vendors
    company.settle(hours=1)
    assert [Status.PARTIAL, Status.COMPLETE] == [c.status for c in company.certificates(request)]
    assert timedelta(days=30) < company.certificates(request)[-1].issued_at - company.certificates(request)[-1].received_at


@pytest.mark.parametrize("sealed", [False, True], ids=["plain", "sealed"])
def test_the_trace_of_a_request_travels_with_all_that_follows_from_it_until_its_key_goes(
    companies: Callable[..., Company], sealed: bool
) -> None:
    trace = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    company = companies(policy=replace(POLICY, look_after=timedelta(days=1), shred_after=timedelta(days=1)))
    company.sealed = sealed
    seed(company.vendors["moneybird"], JAN)
    request = company.ask(JAN.subject(), headers=[("traceparent", trace)])
    company.settle()
    for topic in (NAMES.commands("moneybird"), REPORTS, CERTIFICATES):
        assert {trace} == {dict(sent.headers)["ce_traceparent"] for sent in company.broker.messages(topic)}, topic
    company.settle(days=1)
    assert (None, True) == (company.case(request).trace, company.case(request).shredded_at is not None)
