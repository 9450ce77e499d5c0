"""Yesterday's ledger beside today's Kafka: noticed, mended from the topics, and what cannot be known is said."""

import asyncio
import sqlite3
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from connectors.testing.simulator import Fault, Person
from orchestrator.case import Status
from orchestrator.certificate import fingerprint
from orchestrator.issued import Issued
from orchestrator.restored import Findings, Restoration
from orchestrator.sign import KeyFolderError, SigningKeys
from orchestrator.verify import verify
from tests.flow.company import CERTIFICATES, NAMES, REPORTS, REQUESTS, Company, MortalLedger, lines, seed
from topics.memory import Crash, MemoryLog, Moments
from topics.outcomes import Outcome

PEOPLE = [Person(f"p{n}@voorbeeld.nl", f"Piet {n}", f"P-{n}", f"+3130{n:07d}") for n in range(6)]


def back_up(company: Company) -> Path:
    """As docs/operate.md says."""
    copy = company.folder / "backup.db"
    copy.unlink(missing_ok=True)
    connection = sqlite3.connect(company.folder / "ledger.db")
    connection.execute(f"VACUUM INTO '{copy}'")
    connection.close()
    return copy


def put_back(company: Company, copy: Path | None) -> None:
    """The ledger as it was; None: an empty one."""
    company.ledger.close()
    for path in company.folder.glob("ledger.db*"):
        path.unlink()
    if copy is not None:
        (company.folder / "ledger.db").write_bytes(copy.read_bytes())
    company.ledger = MortalLedger.open(f"sqlite:///{company.folder}/ledger.db")
    company.ledger.moments = company.moments  # type: ignore[attr-defined]


def start(company: Company, keys: SigningKeys | None = None) -> Findings:
    """What `wiring.run` does before Kafka is read."""
    company._inbox.leave()
    company._start_orchestrator()
    process, jwks = company.handler._process, (keys or company.keys).jwks()
    check = Restoration(MemoryLog(company.broker), company.ledger, company.keyring, process, jwks, NAMES, "orchestrator")
    return asyncio.run(check.run(company.time.now))


def restore(company: Company, copy: Path | None) -> Findings:
    put_back(company, copy)
    return start(company)


def erase(company: Company, person: Person) -> UUID:
    vendor = company.vendors["moneybird"]
    vendor.add_invoice(seed(vendor, person), date(2015, 3, 1))
    request = company.ask(person.subject())
    company.settle()
    return request


def published(company: Company) -> list[str]:
    return list(dict.fromkeys((one.value or b"").decode() for one in company.broker.messages(CERTIFICATES)))


def assert_one_chain(company: Company) -> None:
    """Every certificate that was ever published stands in one chain; no number and no revision was issued twice."""
    found = [verify(token, company.keys.jwks()) for token in published(company)]
    assert list(range(1, len(found) + 1)) == [one.place.index for one in found]
    assert ["0" * 64, *map(fingerprint, published(company))][:-1] == [one.place.previous for one in found]
    assert len(found) == len({(one.request_id, one.revision) for one in found})


def register(company: Company) -> list[Issued]:
    with company.ledger.reading() as transaction:
        return transaction.register()


def test_a_ledger_that_knows_all_that_was_acknowledged_is_left_alone(company: Company) -> None:
    erase(company, PEOPLE[0])
    copy = back_up(company)
    assert "" == str(restore(company, copy))
    assert "" == str(start(company))


def test_an_older_ledger_learns_again_and_says_nothing_new(company: Company) -> None:
    first = erase(company, PEOPLE[0])
    copy = back_up(company)
    later = [erase(company, person) for person in PEOPLE[1:3]]
    before = published(company)
    cases = [company.case(request).model_copy(update={"opened_at": None}) for request in (first, *later)]
    commands = len(company.broker.messages(NAMES.commands("moneybird")))
    told = str(restore(company, copy))
    company.settle(minutes=20)
    assert "restored from a backup" in told and "2 certificates" in told
    assert before == published(company) == [one.jws for one in register(company)]
    assert commands == len(company.broker.messages(NAMES.commands("moneybird")))
    assert ["closed"] * 3 == [company.case(request).state for request in (first, *later)]
    assert [case.certificates for case in cases] == [company.case(case.request_id).certificates for case in cases]
    assert "" == str(start(company))


def test_the_register_goes_on_after_what_the_restored_ledger_did_not_know(company: Company) -> None:
    erase(company, PEOPLE[0])
    copy = back_up(company)
    erase(company, PEOPLE[1])
    restore(company, copy)
    erase(company, PEOPLE[2])
    assert 3 == len(published(company))
    assert_one_chain(company)


def test_a_lost_ledger_is_learnt_again_whole(company: Company) -> None:
    requests = [erase(company, person) for person in PEOPLE[:3]]
    assert "restored" in str(restore(company, None))
    company.settle(minutes=20)
    assert ["closed"] * 3 == [company.case(request).state for request in requests]
    assert_one_chain(company)
    assert 3 == len(register(company))


def test_a_certificate_that_time_alone_brought_is_noticed_too(company: Company) -> None:
    company.vendors, vendors = {}, company.vendors
    request = company.ask(PEOPLE[0].subject())
    company.settle()
    copy = back_up(company)
    company.settle(days=31)  # the due date: a partial certificate, and nothing was acknowledged
    assert 1 == len(published(company))
    assert "1 certificates" in str(restore(company, copy))
    company.vendors = vendors
    company.settle(hours=1)
    assert [1, 2] == [one.revision for one in company.certificates(request)]
    assert_one_chain(company)


def test_an_old_certificate_in_the_restored_outbox_is_not_sent_after_a_newer_one(company: Company) -> None:
    vendor = company.vendors["moneybird"]
    vendor.faults.append(Fault(httpx.Response(403), times=1000))
    request = erase(company, PEOPLE[0])
    company.handler._process.wake(company.time.now + timedelta(minutes=15))  # issued, and the process dies before it is sent
    with company.ledger.reading() as transaction:
        assert 1 == len(transaction.unsent())
    copy = back_up(company)
    company.settle(minutes=16)
    vendor.faults.clear()
    company.settle(days=1)
    assert [1, 2] == [one.revision for one in company.certificates(request)]
    restore(company, copy)
    company.settle(minutes=1)
    assert [1, 2] == [one.revision for one in company.certificates(request)]
    assert published(company)[-1] == (company.broker.messages(CERTIFICATES)[-1].value or b"").decode()


def test_what_was_under_way_at_the_restore_still_ends_in_the_truth(company: Company) -> None:
    copy, vendor = back_up(company), company.vendors["moneybird"]
    seed(vendor, PEOPLE[0])
    request = company.ask(PEOPLE[0].subject())
    asyncio.run(company._orchestrate())  # ordered, and acknowledged
    restore(company, copy)
    company.settle()
    (certificate,) = company.certificates(request)
    assert {("contact", "restricted"): 1, ("invoice", "held"): 1, ("contact_person", "erased"): 1} == lines(certificate)


@pytest.mark.parametrize("gone", [(REPORTS,), (REQUESTS, REPORTS)])
def test_what_has_aged_out_is_said_on_the_certificate_and_asked_again(company: Company, gone: tuple[str, ...]) -> None:
    company.vendors, vendors = {}, company.vendors
    waiting = company.ask(PEOPLE[0].subject())
    company.settle()
    copy = back_up(company)
    company.vendors = vendors
    seed(vendors["moneybird"], PEOPLE[0])
    company.settle(hours=2)
    for topic in gone:
        company.broker.age_out(topic)
    assert "have aged out" in str(restore(company, copy))
    company.settle()
    first, second = company.certificates(waiting)
    assert {("contact", "restricted"): 1, ("invoice", "held"): 1, ("contact_person", "erased"): 1} == lines(first)
    assert not any("aged out" in sentence for sentence in first.not_claimed)
    assert "Messages that came between 2026-11-20 09:00 UTC and 2026-11-20 11:00 UTC had aged out" in second.not_claimed[0]
    assert (Status.COMPLETE_WITH_HOLDS, 2) == (second.status, second.revision)
    assert {"contact": 1, "invoice": 1} == dict(+vendors["moneybird"].traces(PEOPLE[0]))
    assert_one_chain(company)
    assert "" == str(start(company))


def test_a_case_that_is_lost_whole_is_named_and_goes_on_when_it_is_sent_again(company: Company, caplog: pytest.LogCaptureFixture) -> None:
    copy = back_up(company)
    request = erase(company, PEOPLE[0])
    for topic in (REQUESTS, REPORTS):
        company.broker.age_out(topic)
    restore(company, copy)
    assert f"have them sent again. {request}" in caplog.text
    assert [request] == [one.request_id for one in register(company)]
    company.ask(PEOPLE[0].subject(), request_id=request)
    company.settle()
    assert [1, 2] == [one.revision for one in company.certificates(request)]
    assert_one_chain(company)


def test_an_orchestrator_that_was_away_longer_than_the_topics_keep_says_so(company: Company) -> None:
    company.vendors, vendors = {}, company.vendors
    request = company.ask(PEOPLE[0].subject())
    company.settle()
    company.vendors = vendors
    asyncio.run(company._work("moneybird"))
    company.time.now += timedelta(days=8)
    company.broker.age_out(REPORTS)
    found = start(company)
    assert ("restored" in str(found), "aged out" in str(found)) == (False, True)
    company.settle()
    (certificate,) = company.certificates(request)
    assert "2026-11-28" in certificate.not_claimed[0]
    assert (Status.COMPLETE, Outcome.NOTHING_FOUND) == (certificate.status, certificate.processors[0].outcome)


def test_without_the_signing_keys_it_does_not_go_on(company: Company, tmp_path: Path) -> None:
    copy = back_up(company)
    erase(company, PEOPLE[0])
    put_back(company, copy)
    other = SigningKeys.open(tmp_path / "other", company.time)
    other.ensure()
    with pytest.raises(KeyFolderError, match="Restore that folder too"):
        start(company, other)
    assert [] == register(company)


@pytest.mark.parametrize("aged_out", [False, True])
def test_a_crash_at_any_moment_of_a_restoration_changes_nothing(companies: Callable[..., Company], aged_out: bool) -> None:
    for die_at in range(1, 20):
        company = companies()
        erase(company, PEOPLE[0])
        copy = back_up(company)
        request = erase(company, PEOPLE[1])
        if aged_out:
            company.broker.age_out(REPORTS)
        put_back(company, copy)
        company.moments = company.ledger.moments = Moments(die_at)  # type: ignore[attr-defined]
        try:
            start(company)
            died = False
        except Crash:
            died = True
            start(company)
        company.settle()
        company.settle(minutes=20)
        last = company.certificates(request)[-1]
        assert aged_out == any("aged out" in sentence for sentence in last.not_claimed)
        assert (2 if aged_out else 1, "closed") == (last.revision, company.case(request).state)
        assert_one_chain(company)
        if not died:
            assert 5 < die_at
            return
    pytest.fail("a restoration has no end")


def test_topics_that_were_made_anew_are_read_from_their_start(company: Company) -> None:
    erase(company, PEOPLE[0])
    for topic in (REQUESTS, REPORTS):
        for place in [place for place in company.broker.logs if place[0] == topic]:
            company.broker.logs[place].clear()
    company.broker.groups["orchestrator"].committed.clear()
    assert "" == str(start(company))
    erase(company, PEOPLE[1])
    copy = back_up(company)
    erase(company, PEOPLE[2])
    assert "restored" in str(restore(company, copy))
