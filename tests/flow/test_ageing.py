"""What goes by itself: the certificate names the day, and once it has passed a second one says that it is gone, and how that is known."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from connectors.ageing import RetentionRule
from connectors.contract import Connector, Kind, Record, Records, Subject
from connectors.testing.simulator import Person
from connectors.vendors.ages_out import AgesOut
from orchestrator.case import Status
from orchestrator.certificate import Certificate, RecordLine, fingerprint
from orchestrator.letters import Language, Seat, to_subject
from orchestrator.readable import as_text
from tests.connectors.shoebox import Shoebox, ShoeboxSimulator
from tests.connectors.vendors.test_nothing_held import NoVendor
from tests.flow.company import AMSTERDAM, POLICY, Company, lines
from tests.flow.test_hold_ends import SHREDDING
from topics.outcomes import Evidence, Outcome

Companies = Callable[..., Company]
JAN = Person("jan@voorbeeld.nl", since=date(2015, 6, 1))
REASON = "privacy statement 1.1"
RULE = RetentionRule(frozenset({"note"}), "notes", REASON, days=100)


class Keeping(Shoebox):
    """It finds notes, which cannot be erased and go by themselves."""

    spec = replace(Shoebox.spec, kinds=(Kind("note", kept_because="Notes cannot be erased."),))

    async def locate(self, subject: Subject) -> Records:
        async for record in super().locate(subject):
            if record.kind == "note":
                yield record


class Blind(Keeping):
    """Nobody can tell of a note whether it is still there, once nobody can be searched for."""

    async def still_listed(self, record: Record) -> bool | None:
        return None


def ageing(companies: Companies, kind: str, period: dict[str, int], **more: Any) -> Company:
    settings = {"kind": kind, "reason": REASON, **period}
    return companies(vendors={"kept": NoVendor.__new__(NoVendor)}, connector=AgesOut, settings=settings, **more)


def notes(companies: Companies, connector: type[Connector[Any]], **more: Any) -> Company:
    vendor = ShoeboxSimulator()
    vendor.seed(JAN)
    return companies(vendors={"kept": vendor}, connector=connector, settings={"token": {"env": "KIT_SECRET"}}, retention=[RULE], **more)


def after_the_day(company: Company, until: date, gone: bool = False) -> tuple[UUID, Certificate, Certificate]:
    """The request, and both its certificates: that of the answer, and that of the day after the last. `gone`: nothing is there then."""
    request = company.ask(JAN.subject())
    company.settle()
    (first,) = company.certificates(request)
    assert Status.COMPLETE_WITH_HOLDS is first.status
    company.settle(days=2)
    company.restart()
    company.settle(days=(until - company.time.now.date()).days)
    assert [first] == company.certificates(request)
    if gone:
        company.vendors["kept"].boxes.clear()
    company.settle(days=1)
    _, second = company.certificates(request)
    return request, first, second


def of(certificate: Certificate, kind: str) -> RecordLine:
    return next(line for line in certificate.processors[0].records if line.kind == kind)


@pytest.mark.parametrize("policy", [POLICY, SHREDDING])
@pytest.mark.parametrize(
    ("kind", "period", "until"),
    [
        ("quarantined_message", {"days": 100}, date(2027, 2, 28)),
        ("backup", {"days": 7}, date(2026, 11, 27)),
        ("log", {"days": 10}, date(2026, 11, 30)),
        ("visit", {"months": 26}, date(2029, 1, 20)),
    ],
)
def test_once_its_day_has_passed_a_second_certificate_says_that_it_is_gone_by_rule_and_not_by_looking(
    companies: Companies, kind: str, period: dict[str, int], until: date, policy: Any
) -> None:
    company = ageing(companies, kind, period, policy=policy)
    request, first, second = after_the_day(company, until)
    assert (Outcome.EXPIRING, until) == (of(first, kind).outcome, of(first, kind).until)
    assert (Status.COMPLETE, Outcome.NOT_APPLICABLE, until, None) == (
        second.status, of(second, kind).outcome, of(second, kind).until, of(second, kind).evidence,
    )  # fmt: skip
    assert f"By rule, not by looking: {kind} ({REASON}). It was gone after {until}; nobody looked." == of(second, kind).reason
    assert (2, True, "closed") == (second.revision, second.deadline_met, company.case(request).state)


def test_it_names_the_certificate_before_it_by_hash_and_is_the_last(companies: Companies) -> None:
    company = ageing(companies, "backup", {"days": 7}, policy=SHREDDING)
    request, _, second = after_the_day(company, date(2026, 11, 27))
    with company.ledger.reading() as transaction:
        issued = [one.jws for one in transaction.certificates_of(request)]
    assert [None, fingerprint(issued[0])] == [None, second.supersedes]
    company.settle(days=400)
    assert (2, None) == (len(company.certificates(request)), company.case(request).wake_at)


def test_the_person_and_the_officer_read_that_nobody_looked(companies: Companies) -> None:
    _, _, second = after_the_day(ageing(companies, "backup", {"days": 7}), date(2026, 11, 27))
    letter = " ".join(to_subject(second, Language.EN, Seat(AMSTERDAM)).split())
    assert "What must have gone by itself This follows from a fixed rule. We have not looked ourselves." in letter
    assert "nobody looked" in " ".join(as_text(second).split())


@pytest.mark.parametrize("policy", [POLICY, SHREDDING])
def test_what_a_connector_finds_is_looked_for_when_its_day_has_passed(companies: Companies, policy: Any) -> None:
    _, first, second = after_the_day(notes(companies, Keeping, policy=policy), date(2027, 2, 28), gone=True)
    assert {("note", "expiring"): 3} == lines(first, "kept")
    assert (Status.COMPLETE, {("note", "erased"): 3}) == (second.status, lines(second, "kept"))
    assert (Evidence.VERIFIED, None) == (of(second, "note").evidence, of(second, "note").until)


@pytest.mark.parametrize("policy", [POLICY, SHREDDING])
def test_what_is_still_there_after_its_day_breaks_the_rule_and_is_said(companies: Companies, policy: Any) -> None:
    _, _, second = after_the_day(notes(companies, Keeping, policy=policy), date(2027, 2, 28))
    assert (Status.PARTIAL, 3) == (second.status, lines(second, "kept")["note", "refused"])
    assert "still there" in (of(second, "note").reason or "")


def test_what_nobody_can_look_for_any_more_is_gone_by_rule_and_never_said_to_be_still_there(companies: Companies) -> None:
    _, _, second = after_the_day(notes(companies, Blind, policy=SHREDDING), date(2027, 2, 28))
    assert (Status.COMPLETE, 3) == (second.status, lines(second, "kept")["note", "not_applicable"])
    assert "By rule, not by looking" in (of(second, "note").reason or "")
