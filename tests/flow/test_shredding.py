"""After a case has ended its key is destroyed: nothing opens any more, and all that must go on does."""

import json
import re
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from orchestrator.case import Status
from orchestrator.not_claimed import SEALED
from orchestrator.register import register_key
from orchestrator.sentences import LEFT_OUT
from tests.flow.company import NAMES, POLICY, REPORTS, REQUESTS, Company, lines, seed
from tests.flow.test_cases import JAN, OLD
from tests.flow.test_restored import back_up, restore, start
from topics.bus import Delivery, Message
from topics.events import SubjectRequest
from topics.keyring import CONTROLLER_KEY, KeyDestroyed, Keyring, KeyringGone, case_key, hold_key
from topics.memory import Moments
from topics.orders import FIXED_REASONS
from topics.outcomes import Outcome
from topics.sealing import CannotOpen, Place
from topics.wrapping import KeyEncryptionKey

DAY = timedelta(days=1)
STAY = {CONTROLLER_KEY, register_key(2026)}
"""The keys under which pseudonyms, digests and tokens are made: they seal nothing."""
SHREDDING = replace(POLICY, look_after=DAY, shred_after=DAY)
_SEALED = re.compile(rb"eyJ[A-Za-z0-9_-]+\.\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]+")
PLACES: tuple[Place, ...] = ("subject", "verified_by", "located.records", "hold.record", "dead_letter", "ledger.original")


@pytest.fixture
def company(companies: Callable[..., Company]) -> Company:
    return companies(policy=SHREDDING)


def closed(company: Company, **fields: object) -> UUID:
    """An erasure of somebody of whom the law keeps nothing: complete, and its key still there."""
    seed(company.vendors["moneybird"], OLD)
    request = company.ask(JAN.subject(), **fields)
    company.settle()
    return request


def held_and_shredded(company: Company) -> UUID:
    vendor = company.vendors["moneybird"]
    vendor.add_invoice(vendor.add_contact(JAN), JAN.since)
    request = company.ask(JAN.subject())
    company.settle()
    company.settle(days=1)
    assert company.case(request).shredded_at
    return request


def shredded(company: Company) -> UUID:
    request = closed(company)
    company.settle(days=1)
    return request


def written(company: Company) -> bytes:
    """Every byte of ledger and keyring, their logs included."""
    return b"".join(path.read_bytes() for path in sorted(company.folder.iterdir()) if ".db" in path.name)


def opened(company: Company, tokens: bytes) -> list[bytes]:
    """What any key of the keyring opens of the sealed tokens in there."""
    found = []
    for token in {token.decode() for token in _SEALED.findall(tokens)}:
        for key in company.keyring.get_all(*sorted(company.keyring.names())):
            for place in PLACES:
                try:
                    found.append(key.open(place, token))
                except CannotOpen:
                    continue
    return found


def on_topics(company: Company) -> bytes:
    topics = [NAMES.commands("moneybird"), REPORTS]
    return b"\n".join(one.value or b"" for topic in topics for one in company.broker.messages(topic))


def test_nothing_in_ledger_keyring_or_on_the_sealed_topics_opens_the_person_any_more(company: Company) -> None:
    request = closed(company, verified_by="seen at the desk")
    (key,) = company.keyring.get_all(case_key(request))
    assert any(b"jan@voorbeeld.nl" in plain for plain in opened(company, written(company)))
    company.settle(days=1)
    assert [] == opened(company, written(company) + on_topics(company))
    assert key.secret not in written(company)
    assert b"jan@voorbeeld.nl" not in written(company)
    assert STAY == company.keyring.names()


def test_the_ledger_keeps_no_sealed_copy_so_that_an_old_copy_of_the_keyring_opens_nothing(company: Company) -> None:
    request = closed(company)
    (key,) = company.keyring.get_all(case_key(request))
    company.settle(days=1)
    tokens = {token.decode() for token in _SEALED.findall(written(company))}
    for token in tokens:
        with pytest.raises(CannotOpen):
            key.open("subject", token)
    assert (None, None) == (company.case(request).subject, company.case(request).verified_by)


def test_the_ledger_says_when_the_key_was_destroyed(company: Company) -> None:
    request = shredded(company)
    with company.ledger.reading() as transaction:
        assert company.time.now == transaction.destroyed_keys.destroyed_at(case_key(request))
    with pytest.raises(KeyDestroyed):
        company.keyring.get(case_key(request))


def test_the_certificate_says_until_when_the_key_is_there_and_never_that_it_is_gone(company: Company) -> None:
    (certificate,) = company.certificates(closed(company))
    lines_of = {line.kind: (line.outcome, line.until) for line in certificate.orchestrator.records}
    assert (Outcome.EXPIRING, certificate.due_by + DAY) == lines_of["key"]
    assert any(f"destroyed later, on {certificate.due_by + DAY} at the latest" in said for said in certificate.not_claimed)
    assert SEALED not in certificate.not_claimed


def test_a_partial_certificate_says_that_the_key_stays(company: Company) -> None:
    company.stopped = {"moneybird"}
    request = closed(company)
    company.settle(days=40)
    (certificate,) = company.certificates(request)
    assert (Status.PARTIAL, True) == (certificate.status, SEALED in certificate.not_claimed)
    assert ["key"] != [line.kind for line in certificate.orchestrator.records]


def test_a_hold_that_ends_is_worked_off_by_reference_and_its_certificate_says_that_the_key_is_destroyed(company: Company) -> None:
    vendor = company.vendors["moneybird"]
    vendor.add_invoice(vendor.add_contact(JAN), JAN.since)
    request = company.ask(JAN.subject())
    company.settle()
    company.settle(days=1)
    day = company.time.now.date()
    assert STAY | {hold_key(request)} == company.keyring.names()
    (hold,) = {line.hold.until for line in company.certificates(request)[0].processors[0].records if line.hold}
    company.settle(days=(hold - company.time.now.date()).days + 1)
    last = company.certificates(request)[-1]
    assert (Status.COMPLETE, {("contact", "erased"): 1, ("invoice", "erased"): 1}) == (last.status, lines(last))
    assert {} == dict(+vendor.traces(JAN))
    assert f"The key that opened the sealed request was destroyed on {day}." in last.not_claimed
    company.settle(days=1)
    assert STAY == company.keyring.names()


def commands(company: Company) -> list[Delivery]:
    return company.broker.messages(NAMES.commands("moneybird"))


def test_a_command_of_a_shredded_case_that_is_replayed_does_nothing_and_says_so(company: Company, caplog: pytest.LogCaptureFixture) -> None:
    request = shredded(company)
    before, calls = company.case(request), len(company.moments.passed)
    for one in commands(company):
        company.broker.append(Message(one.topic, one.key, one.value, one.headers))
    company.settle()
    assert not [moment for moment in company.moments.passed[calls:] if "called" in moment]
    assert before.model_copy(update={"late": 2}) == company.case(request)
    assert [] == company.dead_letters()
    assert f"late: a command of request {request}, whose key is destroyed; nothing was done" in caplog.text
    assert f"late: a report on request {request} came after its key was destroyed" in caplog.text


def test_a_report_of_a_shredded_case_that_is_replayed_reopens_nothing(company: Company) -> None:
    request = shredded(company)
    reports = company.broker.messages(REPORTS)
    for number, one in enumerate(reports):  # under new ids, as a worker sends it that carried a command out twice
        headers = tuple((name, f"again-{number}".encode() if name == "ce_id" else value) for name, value in one.headers)
        company.broker.append(Message(REPORTS, one.key, one.value, headers))
    company.settle()
    assert ("closed", len(reports), 1) == (company.case(request).state, company.case(request).late, len(company.certificates(request)))
    assert [] == company.dead_letters()


@pytest.mark.parametrize("subject", [JAN.subject(), {"email": ["piet@voorbeeld.nl"]}], ids=["the same", "another person"])
@pytest.mark.parametrize("event_id", ["first", "another"])
def test_what_comes_under_the_id_of_a_shredded_case_is_no_silent_repetition(
    company: Company, subject: dict[str, list[str]], event_id: str
) -> None:
    """Nobody can tell whether it is the same request, and another one that is taken for it would never be done."""
    request = closed(company, event_id="first")
    company.settle(days=1)
    company.ask(subject, request_id=request, event_id=event_id)
    company.settle()
    (letter,) = company.dead_letters()
    assert ("conflicting_request", True) == (letter["reason"], "nobody can tell whether this is the same" in letter["detail"])
    case = company.case(request)
    assert (1, "closed", company.time.now) == (len(company.certificates(request)), case.state, case.sent_at)


def test_a_message_of_a_shredded_case_that_kafka_hands_out_again_is_known_by_its_place(company: Company) -> None:
    request = shredded(company)
    company.hand_out_again(REQUESTS)
    company.settle()
    assert ([], 1, "closed") == (company.dead_letters(), len(company.certificates(request)), company.case(request).state)


def test_who_holds_ledger_and_keyring_can_check_no_guess_of_what_a_shredded_case_said(company: Company) -> None:
    """Nor who kept a copy of either from before: the digest stands under the key that was destroyed."""
    request = closed(company)
    body = {"request_id": str(request), "received_at": company.case(request).received_at.isoformat(), "subject": JAN.subject()}
    guess = SubjectRequest.model_validate(body)
    rest = json.dumps(["erasure", None, None, "execute", str(request)])

    def confirmed() -> list[str]:
        keys = company.keyring.get_all(*company.keyring.names())
        digests = {key.kid: key.digest("content", rest, guess.subject.canonical().decode()).encode() for key in keys}
        return [kid for kid, digest in digests.items() if digest in before + written(company)]

    before = written(company)
    assert [case_key(request)] == confirmed()
    company.settle(days=1)
    assert ([], "") == (confirmed(), company.case(request).content)


def test_a_new_request_of_the_same_person_is_a_case_of_its_own_with_a_key_of_its_own(company: Company) -> None:
    old, new = shredded(company), closed(company)
    assert [Status.COMPLETE] == [one.status for one in company.certificates(new)]
    assert STAY | {case_key(new), hold_key(new)} == company.keyring.names()
    assert company.case(old).pseudonym == company.case(new).pseudonym


def test_an_officers_order_on_a_shredded_case_is_answered_with_a_sentence(company: Company) -> None:
    request = shredded(company)
    company.retry(request)
    company.settle()
    assert ["The case's key is destroyed"] == [letter["detail"].split(",")[0] for letter in company.dead_letters()]
    assert "closed" == company.case(request).state


@pytest.mark.parametrize("reason", ["Jan de Vries is at law with us.", "A dispute."])
def test_an_officers_own_words_are_not_taken_once_nobody_can_check_whom_they_name(company: Company, reason: str) -> None:
    request = held_and_shredded(company)
    company.order(request, "hold.place", reason=reason, until="2040-01-01")
    company.settle()
    (letter,) = company.dead_letters()
    assert ("invalid_content", True) == (letter["reason"], "instead: legal_claim, complex," in letter["detail"])
    assert "Vries" not in letter["detail"] and () == company.case(request).claims


@pytest.mark.parametrize("reason", ["legal_claim", FIXED_REASONS["legal_claim"]])
def test_a_fixed_reason_still_acts_on_a_shredded_case_and_stands_on_its_certificate_as_a_sentence(company: Company, reason: str) -> None:
    request = held_and_shredded(company)
    company.order(request, "hold.place", reason=reason, until="2040-01-01")
    company.settle()
    assert [] == company.dead_letters()
    assert [FIXED_REASONS["legal_claim"]] == [placed.claim.reason for placed in company.case(request).claims]


def test_after_shredding_a_person_can_stand_in_no_kind_of_records_either(company: Company) -> None:
    request = held_and_restored_without_references(company)
    company.settle(days=1)
    task = {"processor": "moneybird", "outcome": "erased", "on": "2026-11-21", "proof": "a" * 64}
    company.order(request, "task.done", **task, kind="jan_de_vries")
    company.settle()
    assert ["invalid_content"] == [letter["reason"] for letter in company.dead_letters()]


def test_what_an_officer_ordered_is_learnt_again_without_words_that_nobody_can_check(company: Company) -> None:
    vendor = company.vendors["moneybird"]
    vendor.add_invoice(vendor.add_contact(JAN), JAN.since)
    request = company.ask(JAN.subject())
    company.settle()
    copy = back_up(company)
    company.order(request, "hold.place", reason="A dispute over the delivery.", until="2040-01-01", kind="payment")
    company.settle()
    company.settle(days=1)
    company.settle(days=1)
    restore(company, copy)
    assert [("payment", LEFT_OUT)] == [(placed.claim.kind, placed.claim.reason) for placed in company.case(request).claims]


def test_a_decision_that_is_learnt_again_without_words_has_those_of_its_certificate(company: Company) -> None:
    company.vendors["moneybird"].add_contact(JAN)
    request = company.ask(JAN.subject(), "subject.object")
    company.settle()
    copy = back_up(company)
    company.order(request, "case.decide", decision="uphold", reason="It is upheld.")
    company.settle()
    company.settle(days=1)
    company.settle(days=1)
    restore(company, copy)
    decision = company.case(request).decision
    assert decision is not None and "It is upheld." == decision.reason


def test_a_restriction_still_protects_the_person_after_its_key_is_destroyed(company: Company) -> None:
    company.vendors["moneybird"].add_contact(JAN)
    restriction = company.ask(JAN.subject(), "subject.restrict", ground="18(1)(c)")
    company.settle()
    company.order(restriction, "case.decide", decision="uphold", reason="For good, since this vendor cannot lift it.")
    company.settle()
    company.settle(days=1)
    assert (True, None) == (company.case(restriction).shredded_at is not None, company.case(restriction).forgotten_at)
    erasure = company.ask(JAN.subject())
    company.settle()
    block = company.case(erasure).block
    assert block is not None and restriction == block.by


def test_whose_requests_belong_together_is_forgotten_with_the_last_key(company: Company) -> None:
    request = shredded(company)
    with company.ledger.reading() as transaction:
        assert {request: {request}} == transaction.relatives([request])
    identifiers = sqlite3.connect(company.folder / "ledger.db").execute("SELECT count(*) FROM identifiers").fetchone()
    assert (0,) == identifiers


def test_yesterdays_ledger_learns_that_a_case_is_closed_and_shredded(company: Company) -> None:
    request = closed(company)
    copy = back_up(company)
    company.settle(days=1)
    told = str(restore(company, copy))
    assert "Of 1 cases the ledger did not know that their key is destroyed" in told
    case = company.case(request)
    assert ("closed", None, True) == (case.state, case.subject, case.shredded_at is not None)
    company.settle(days=10)
    assert (1, "closed", []) == (len(company.certificates(request)), company.case(request).state, company.dead_letters())
    assert "" == str(start(company))


def held_and_restored_without_references(company: Company) -> UUID:
    """An older ledger that never held the references of what the law keeps, and can learn them no more."""
    vendor = company.vendors["moneybird"]
    vendor.add_invoice(vendor.add_contact(JAN), JAN.since)
    company.stopped = {"moneybird"}
    request = company.ask(JAN.subject())
    company.settle()
    copy = back_up(company)
    company.stopped = set()
    company.settle()
    company.settle(days=1)
    for topic in (REQUESTS, REPORTS):
        company.broker.age_out(topic)
    restore(company, copy)
    return request


def test_an_older_ledger_keeps_the_key_of_a_living_hold_and_waits_for_a_person(company: Company, caplog: pytest.LogCaptureFixture) -> None:
    request = held_and_restored_without_references(company)
    company.settle(days=10)
    assert hold_key(request) in company.keyring.names()
    assert f"the references to what is held for request {request}" in caplog.text
    before, last = company.certificates(request)
    assert (Status.COMPLETE_WITH_HOLDS, Status.PARTIAL) == (before.status, last.status)
    assert {("contact", "needs_person"): 1, ("invoice", "needs_person"): 1} == lines(last)
    assert "aged out" in last.not_claimed[0]
    assert "" == str(start(company))


def test_a_hold_whose_references_were_lost_ends_when_a_person_has_done_it(company: Company) -> None:
    request = held_and_restored_without_references(company)
    company.settle(days=1)
    proof = "a" * 64
    company.order(request, "task.done", processor="moneybird", outcome="erased", on="2026-11-21", proof=proof)
    company.settle()
    company.settle(days=40)
    assert [] == company.dead_letters()
    assert Status.COMPLETE == company.certificates(request)[-1].status
    assert hold_key(request) not in company.keyring.names()


def test_a_lost_ledger_names_the_request_of_which_only_the_hold_key_is_left(company: Company, caplog: pytest.LogCaptureFixture) -> None:
    vendor = company.vendors["moneybird"]
    vendor.add_invoice(vendor.add_contact(JAN), JAN.since)
    request = company.ask(JAN.subject())
    company.settle()
    company.settle(days=1)
    for topic in (REQUESTS, REPORTS):
        company.broker.age_out(topic)
    restore(company, None)
    assert request not in company.keyring.cases()
    assert f"have them sent again, each under a new id. {request}" in caplog.text


def test_an_older_ledger_keeps_the_protection_of_an_upheld_objection_that_its_certificate_says(company: Company) -> None:
    company.vendors["moneybird"].add_contact(JAN)
    request = company.ask(JAN.subject(), "subject.object")
    company.settle()
    copy = back_up(company)
    company.order(request, "case.decide", decision="uphold", reason="It is upheld.")
    company.settle()
    company.settle(days=1)
    company.settle(days=1)
    for topic in (REQUESTS, REPORTS):
        company.broker.age_out(topic)
    restore(company, copy)
    company.settle(days=1)
    case = company.case(request)
    assert (True, None, True) == (case.protects, case.forgotten_at, case.shredded_at is not None)


@pytest.mark.parametrize("aged_out", [False, True])
def test_yesterdays_ledger_learns_again_that_a_hold_has_ended(company: Company, aged_out: bool) -> None:
    vendor = company.vendors["moneybird"]
    vendor.add_invoice(vendor.add_contact(JAN), JAN.since)
    request = company.ask(JAN.subject())
    company.settle()
    company.settle(days=1)
    company.settle(days=(date(2032, 12, 31) - company.time.now.date()).days)
    copy = back_up(company)
    company.settle(days=2)
    company.settle(days=1)
    assert hold_key(request) not in company.keyring.names()
    for topic in (REQUESTS, REPORTS) if aged_out else ():
        company.broker.age_out(topic)
    before = [Status.COMPLETE_WITH_HOLDS, Status.COMPLETE]
    assert before == [one.status for one in company.certificates(request)]
    restore(company, copy)
    company.settle(minutes=20)
    company.settle(days=40)
    case = company.case(request)
    assert ("closed", 0, True) == (case.state, case.late, case.forgotten_at is not None)
    assert before == [one.status for one in company.certificates(request)]


def test_a_lost_ledger_learns_shredded_cases_again_without_the_person(company: Company) -> None:
    request = shredded(company)
    restore(company, None)
    company.settle(days=10)
    case = company.case(request)
    assert ("closed", None, 1) == (case.state, case.subject, len(company.certificates(request)))
    assert [] == company.dead_letters()


def test_a_request_whose_case_is_lost_and_whose_key_is_destroyed_is_not_begun_again_under_its_id(company: Company) -> None:
    request = shredded(company)
    for topic in (REQUESTS, REPORTS):
        company.broker.age_out(topic)
    restore(company, None)
    company.ask(JAN.subject(), request_id=request)
    company.settle()
    assert ["conflicting_request"] == [letter["reason"] for letter in company.dead_letters()]


def test_a_restored_keyring_loses_again_what_the_ledger_says_is_destroyed(company: Company, tmp_path: Path) -> None:
    request = closed(company)
    (key,) = company.keyring.get_all(case_key(request))
    copy = tmp_path / "keyring-backup.db"
    sqlite3.connect(company.folder / "keyring.db").execute(f"VACUUM INTO '{copy}'")
    company.settle(days=1)
    company.keyring.close()
    for path in company.folder.glob("keyring.db*"):
        path.unlink()
    (company.folder / "keyring.db").write_bytes(copy.read_bytes())
    company.keyring = Keyring.open(f"sqlite:///{company.folder}/keyring.db")
    assert key == company.keyring.get(case_key(request))
    start(company)
    company.handler._process.shredder.tick(company.time.now)
    with pytest.raises(KeyDestroyed):
        company.keyring.get(case_key(request))
    assert key.secret not in written(company)


def test_a_crash_at_any_moment_of_the_shredding_leaves_a_case_that_is_shredded(companies: Callable[..., Company]) -> None:
    whole = companies(policy=SHREDDING)
    request = closed(whole)
    before = len(whole.moments.passed)
    whole.settle(days=1)
    for die_at in range(before + 1, len(whole.moments.passed) + 1):
        company = companies(policy=SHREDDING, moments=Moments(die_at))
        request = closed(company)
        company.settle(days=1)
        company.settle(minutes=20)
        with company.ledger.reading() as transaction:
            assert None is not transaction.destroyed_keys.destroyed_at(case_key(request)), die_at
        assert STAY == company.keyring.names(), die_at
        assert (1, "closed", []) == (len(company.certificates(request)), company.case(request).state, company.dead_letters()), die_at


def test_the_keys_of_dead_letters_go_when_their_topic_has_let_the_last_of_them_go(company: Company) -> None:
    company.put(REQUESTS, b"no json", "subject.erase")
    company.settle()
    assert {CONTROLLER_KEY, "dead-letters/2026-11"} == company.keyring.names()
    company.settle(days=40)  # 30 December
    assert {CONTROLLER_KEY, "dead-letters/2026-11"} == company.keyring.names()
    company.settle(days=1, hours=2)
    assert {CONTROLLER_KEY} == company.keyring.names()


def test_who_lost_the_key_encryption_key_opens_nothing(company: Company) -> None:
    closed(company)
    url = f"sqlite:///{company.folder}/keyring.db"
    wrapped = Keyring.open(url, [KeyEncryptionKey(b"k" * 32)])
    secrets = [key.secret for key in wrapped.get_all(*sorted(wrapped.names()))]
    assert len(secrets) == wrapped.rewrap()
    wrapped.close()
    company.keyring.close()
    assert [] == [secret for secret in secrets if secret in written(company)]
    for others in ([], [KeyEncryptionKey(b"x" * 32)]):
        with pytest.raises(KeyringGone, match="wrapped by a key-encryption key that this process does not have"):
            Keyring.open(url, others)
    company.keyring = Keyring.open(url, [KeyEncryptionKey(b"k" * 32)])


def test_a_case_that_was_closed_by_an_older_version_is_shredded_too(companies: Callable[..., Company]) -> None:
    company = companies()  # no rule: as before
    request = closed(company)
    company.settle(days=3)
    company.policy = SHREDDING
    company._inbox.leave()
    company._start_orchestrator()
    connection = sqlite3.connect(company.folder / "ledger.db")
    connection.execute("UPDATE cases SET wake_at = '1970-01-01 00:00:00.000000' WHERE state = 'closed'")  # as migration 0005 does
    connection.commit()
    company.settle()
    company.settle(days=1)
    assert None is not company.case(request).shredded_at
    assert 1 == len(company.certificates(request))
