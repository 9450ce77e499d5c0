"""What shredding, the register of handled requests and suppression mean for one another."""

import sqlite3
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
from pydantic import SecretStr
from sqlalchemy import event

from orchestrator.case import Status
from orchestrator.payload import SUPPRESSION, Certificate
from orchestrator.register import register_key
from orchestrator.suppression import Suppression
from orchestrator.upkeep import Upkeep
from tests.flow.company import AMSTERDAM, Company, seed
from tests.flow.test_cases import JAN, OLD
from tests.flow.test_restored import back_up, restore, start
from tests.flow.test_shredding import SHREDDING
from topics.calendar_settings import Keep
from topics.configuration import SuppressionSettings
from topics.events import Right
from topics.keyring import CONTROLLER_KEY, KeyDestroyed, Keyring, case_key, hold_key
from topics.memory import Moments
from topics.subject import Subject


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Suppression]:
    url = f"sqlite:///{tmp_path}/suppression.db"
    opened = Suppression.open(SuppressionSettings(url=url, key=SecretStr("k" * 32), ground="6(1)(f), 21(3)", keep=Keep(20, "y")))
    yield opened
    opened.close()


@pytest.fixture
def company(companies: Callable[..., Company], store: Suppression) -> Company:
    return companies(policy=SHREDDING, store=store)


def shredded(company: Company) -> UUID:
    """An erasure that is complete, and whose key is destroyed."""
    seed(company.vendors["moneybird"], OLD)
    request = company.ask(JAN.subject())
    company.settle()
    company.settle(days=1)
    assert company.case(request).subject is None
    return request


def tokens(certificate: Certificate) -> list[int]:
    return [line.count for line in certificate.orchestrator.records if line.kind == SUPPRESSION]


def forget(company: Company, before: date | None = None) -> None:
    upkeep = Upkeep(company.ledger, company.keyring, Keep(5, "y"), AMSTERDAM)
    if before:
        upkeep.forget_all(before, company.time.now)
    upkeep.run(company.time.now)
    company.settle()


def in_ledger(company: Company, id: UUID) -> bool:
    found = b"".join(path.read_bytes() for path in company.folder.glob("ledger.db*"))
    return str(id).encode() in found or id.hex.encode() in found


# Suppression


def test_who_is_seen_again_after_the_key_is_destroyed_is_erased_again_under_a_key_of_its_own(company: Company) -> None:
    earlier = shredded(company)
    company.vendors["moneybird"].add_contact(JAN)
    seen = company.ask(JAN.subject(), "subject.seen")
    company.settle()
    (certificate,) = company.certificates(seen)
    assert (Status.COMPLETE, earlier, {}) == (certificate.status, certificate.again_of, dict(+company.vendors["moneybird"].traces(JAN)))
    assert {seen} == company.keyring.cases()


def test_who_was_not_suppressed_when_seen_is_not_erased_when_the_ledger_learns_it_again(company: Company) -> None:
    """Today's store knows of an erasure that came later, and the person may be a customer again."""
    vendor = company.vendors["moneybird"]
    copy = back_up(company)
    seen = company.ask(JAN.subject(), "subject.seen")
    company.settle()
    vendor.add_contact(JAN)
    erased = company.ask(JAN.subject())
    company.settle()
    vendor.add_contact(JAN)
    restore(company, copy)
    company.settle(minutes=20)
    with company.ledger.reading() as transaction:
        assert (None, True) == (transaction.case(seen), transaction.was_not_suppressed(seen))
    assert (["not_suppressed"], 1) == (company.notices(seen), len(company.certificates(erased)))
    assert {"contact": 1} == dict(+vendor.traces(JAN))


@pytest.mark.parametrize("shred", [False, True])
def test_who_was_suppressed_when_seen_is_a_case_also_when_the_store_has_forgotten_it_since(
    company: Company, store: Suppression, shred: bool
) -> None:
    earlier = shredded(company)
    copy = back_up(company)
    company.vendors["moneybird"].add_contact(JAN)
    seen = company.ask(JAN.subject(), "subject.seen")
    company.settle()
    company.settle(days=1 if shred else 0)
    store.lift(Subject.model_validate(JAN.subject()))
    restore(company, copy)
    company.settle(days=1)
    assert (earlier, Right.ERASURE, []) == (company.case(seen).again_of, company.case(seen).right, company.dead_letters())
    assert 1 == len(company.certificates(seen))


def test_who_is_said_to_be_seen_while_the_ledger_is_restored_is_erased(company: Company) -> None:
    """Nobody has answered that yet, so the store is asked."""
    earlier = shredded(company)
    copy = back_up(company)
    company.ask({"email": ["piet@voorbeeld.nl"]})
    company.settle()
    seen = company.ask(JAN.subject(), "subject.seen")
    restore(company, copy)
    company.settle(minutes=20)
    assert earlier == company.certificates(seen)[0].again_of


def test_a_certificate_after_the_key_is_destroyed_still_tells_the_tokens(company: Company, caplog: pytest.LogCaptureFixture) -> None:
    vendor = company.vendors["moneybird"]
    vendor.add_invoice(vendor.add_contact(JAN), JAN.since)
    request = company.ask(JAN.subject())
    company.settle()
    company.settle(days=1)
    (hold,) = {line.hold.until for line in company.certificates(request)[0].processors[0].records if line.hold}
    company.settle(days=(hold - company.time.now.date()).days + 1)
    first, *_, last = company.certificates(request)
    assert (Status.COMPLETE_WITH_HOLDS, Status.COMPLETE) == (first.status, last.status)
    assert [] != tokens(first) == tokens(last)
    assert "can no longer be opened" not in caplog.text


def test_a_crash_at_any_moment_leaves_the_tokens_before_the_key_goes(companies: Callable[..., Company], store: Suppression) -> None:
    whole = companies(policy=SHREDDING, store=store)
    shredded(whole)
    ours = [n for n, moment in enumerate(whole.moments.passed, 1) if "ledger" in moment or "certificates" in moment]
    for die_at in ours:
        company = companies(policy=SHREDDING, store=store, moments=Moments(die_at))
        request = shredded(company)
        company.settle(minutes=20)
        (certificate,) = company.certificates(request)
        kept = store.kept(request, company.time.now.date())
        assert kept is not None and [kept.count] == tokens(certificate), die_at
        assert case_key(request) not in company.keyring.names(), die_at


# The register


def test_of_a_shredded_request_that_is_forgotten_no_id_stays_in_the_ledger(company: Company) -> None:
    request = shredded(company)
    assert in_ledger(company, request)
    company.settle(days=366 * 6)
    forget(company)
    company.ledger.leave_no_trace()
    assert not in_ledger(company, request)
    assert {CONTROLLER_KEY} == company.keyring.names()


def test_a_shredded_request_of_which_something_is_held_is_not_forgotten(company: Company) -> None:
    vendor = company.vendors["moneybird"]
    vendor.add_invoice(vendor.add_contact(JAN), JAN.since)
    request = company.ask(JAN.subject())
    company.settle()
    company.settle(days=1)
    company.settle(days=366 * 6)
    forget(company)
    assert ("closed", None) == (company.case(request).state, company.case(request).subject)
    assert hold_key(request) in company.keyring.names()


def test_a_shredded_restriction_in_force_is_not_forgotten(company: Company) -> None:
    company.vendors["moneybird"].add_contact(JAN)
    request = company.ask(JAN.subject(), "subject.restrict", ground="18(1)(c)")
    company.settle()
    company.order(request, "case.decide", decision="uphold", reason="For good, since this vendor cannot lift it.")
    company.settle()
    company.settle(days=1)
    company.settle(days=366 * 6)
    forget(company)
    assert ("closed", None) == (company.case(request).state, company.case(request).subject)


def test_a_forgotten_request_is_not_begun_again_under_its_id_and_the_next_start_does_not_miss_it(company: Company) -> None:
    request = shredded(company)
    company.settle(days=366 * 6)
    forget(company)
    company.ask(JAN.subject(), request_id=request)
    company.settle()
    assert ["conflicting_request"] == [letter["reason"] for letter in company.dead_letters()]
    assert "" == str(start(company))


def test_a_start_does_not_ask_the_ledger_for_all_that_the_register_has_forgotten(company: Company) -> None:
    company.keyring.destroy(*(case_key(UUID(int=number)) for number in range(1000)))
    engine = company.ledger._engine
    event.listen(engine, "connect", lambda connection, _: connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 600))
    engine.dispose()
    assert "" == str(start(company))


def test_what_was_received_in_a_year_whose_key_is_destroyed_is_handled_like_any_other(company: Company) -> None:
    forget(company)
    with pytest.raises(KeyDestroyed):
        company.keyring.get(register_key(2019))
    requests = [company.ask(JAN.subject(), received_at="2019-06-01T12:00:00+02:00") for _ in range(2)]
    company.settle()
    one, other = [company.certificates(request)[-1] for request in requests]
    assert (Status.COMPLETE, one.subject, []) == (one.status, other.subject, company.dead_letters())


def copied(company: Company, to: Path) -> Path:
    """A backup of the keyring."""
    copy = to / "keyring-backup.db"
    sqlite3.connect(company.folder / "keyring.db").execute(f"VACUUM INTO '{copy}'")
    return copy


def put_keyring_back(company: Company, copy: Path) -> None:
    company.keyring.close()
    for path in company.folder.glob("keyring.db*"):
        path.unlink()
    (company.folder / "keyring.db").write_bytes(copy.read_bytes())
    company.keyring = Keyring.open(f"sqlite:///{company.folder}/keyring.db")


def test_a_restored_keyring_loses_the_keys_of_years_again(company: Company, tmp_path: Path) -> None:
    shredded(company)
    copy = copied(company, tmp_path)
    company.settle(days=60)
    forget(company, date(2027, 1, 1))
    put_keyring_back(company, copy)
    assert company.keyring.get(register_key(2026))
    start(company)
    company.handler._process.shredder.tick(company.time.now)
    with pytest.raises(KeyDestroyed):
        company.keyring.get(register_key(2026))


def test_a_restored_keyring_loses_the_keys_of_forgotten_requests_again(company: Company, tmp_path: Path) -> None:
    seed(company.vendors["moneybird"], OLD)
    request = company.ask(JAN.subject())
    company.settle()
    copy = copied(company, tmp_path)
    company.settle(days=1)
    forget(company, company.time.now.date())
    put_keyring_back(company, copy)
    assert {case_key(request), hold_key(request)} <= company.keyring.names()
    start(company)
    company.handler._process.shredder.tick(company.time.now)
    assert set() == {case_key(request), hold_key(request)} & company.keyring.names()
    assert not in_ledger(company, request)


def test_what_was_forgotten_on_order_stays_so_when_an_older_ledger_is_restored(company: Company) -> None:
    request = shredded(company)
    copy = back_up(company)
    company.settle(days=1)
    forget(company, company.time.now.date())
    assert not in_ledger(company, request)
    restore(company, copy)
    assert in_ledger(company, request)
    forget(company)
    company.ledger.leave_no_trace()
    assert not in_ledger(company, request)


def test_what_was_forgotten_on_order_stays_so_when_keyring_and_ledger_are_restored_one_after_the_other(
    company: Company, tmp_path: Path
) -> None:
    request, ring, copy = shredded(company), copied(company, tmp_path), back_up(company)
    company.settle(days=1)
    forget(company, company.time.now.date())
    put_keyring_back(company, ring)
    forget(company)
    restore(company, copy)
    forget(company)
    company.ledger.leave_no_trace()
    assert not in_ledger(company, request)


def test_what_came_after_the_day_that_was_ordered_is_not_forgotten_by_it(company: Company) -> None:
    company.settle(days=1)
    forget(company, company.time.now.date())
    request = shredded(company)
    company.settle(days=30)
    forget(company)
    assert in_ledger(company, request)
