"""Work that waits for a person, and a certificate that was replaced, are told to the officer: once, by a real mail server and a webhook."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from connectors.testing.harness import Time
from orchestrator.letters.words import Language
from orchestrator.notifying.sent import Sent
from orchestrator.notifying.texts import CHANGED
from orchestrator.policy import Guards
from orchestrator.superseded import notice_of
from tests.flow.company import POLICY, Company
from tests.notifying.desk import NOTICES, Desk, mail, webhook
from tests.notifying.post import Post
from tests.notifying.receiver import Receiver
from tests.web.conftest import JAN, Office
from topics.bus import Message
from topics.notices import Changed

INSTRUCTIONS = "Ask the printer."
DONE = {"processor": "printer", "outcome": "erased", "kind": "customer", "count": 1, "proof": "a" * 64}


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    (tmp_path / "office").mkdir()
    made = Office(tmp_path / "office", by_hand=INSTRUCTIONS)
    yield made
    made.close()


def told(office: Office, request: UUID, about: str) -> int:
    return office.company.notices(request).count(about)


def done(office: Office, request: UUID) -> None:
    office.company.order(request, "task.done", **DONE, on=office.company.time().date().isoformat())
    office.company.settle()


@pytest.mark.parametrize(
    ("language", "subject", "where"),
    [(Language.EN, "work waits for a person", "Where: printer."), (Language.NL, "er wacht werk dat een mens doet", "Waar: printer.")],
)
def test_work_that_a_person_must_do_is_mailed_with_where_and_a_link(
    office: Office, post: Post, language: Language, subject: str, where: str
) -> None:
    request = office.erased()
    Desk(mail(post), broker=office.company.broker, language=language).turn()
    (found,) = post.mails
    assert found["subject"].endswith(subject)
    assert where in found.get_content()
    assert f"https://e.example.nl/cases/{request}" == found.get_content().split()[-1]
    assert JAN.email not in found.as_string() and INSTRUCTIONS not in found.as_string()


def test_a_task_is_told_once_however_often_it_is_ordered_and_certified(office: Office) -> None:
    request = office.erased()
    office.company.settle(minutes=20)
    for _ in range(3):
        office.company.retry(request)
        office.company.settle(days=1)
    assert 1 == told(office, request, "task_waiting")
    assert 1 <= len(office.company.certificates(request))


def test_while_the_whole_request_waits_that_is_told_and_no_task(office: Office) -> None:
    request = office.company.ask(JAN.subject(), identity="doubtful")
    office.company.settle(days=1)
    assert ["paused"] == office.company.notices(request)
    office.company.order(request, "case.resume")
    office.company.settle()
    assert ["paused", "resumed", "task_waiting"] == office.company.notices(request)


def test_a_pause_does_not_tell_the_same_task_again(office: Office) -> None:
    request = office.erased()
    office.company.order(request, "case.pause", ground="A strange address.")
    office.company.settle()
    office.company.order(request, "case.resume")
    office.company.settle()
    assert 1 == told(office, request, "task_waiting")


def test_a_plan_tells_no_task(office: Office) -> None:
    request = office.company.ask(JAN.subject(), mode="dry-run")
    office.company.settle()
    assert 0 == told(office, request, "task_waiting")


def test_a_plan_that_waits_for_approval_is_no_task_and_its_task_is_told_once_it_is_approved(tmp_path: Path) -> None:
    office = Office(tmp_path, by_hand=INSTRUCTIONS, guards=Guards(plan_first=True))
    request = office.erased()
    assert ["decision_needed"] == office.company.notices(request)
    plan = office.company.case(request).guard
    assert plan
    office.company.order(request, "case.approve", plan=plan.plan, by="o" * 22)
    office.company.settle()
    assert ["decision_needed", "task_waiting"] == office.company.notices(request)
    office.close()


def test_what_is_there_again_after_an_erasure_is_a_task_and_replaces_the_certificate(tmp_path: Path) -> None:
    company = Company(tmp_path, policy=replace(POLICY, look_after=timedelta(days=1)))
    company.vendors["moneybird"].add_contact(JAN)
    request = company.ask(JAN.subject())
    company.settle()
    assert ["confirmed"] == company.notices(request)
    company.vendors["moneybird"].add_contact(JAN)
    company.settle(days=2)
    assert ["task_waiting", "certificate_superseded"] == company.notices(request)[1:3]
    company.retry(request)
    company.settle()
    company.vendors["moneybird"].add_contact(JAN)
    company.settle(days=2)
    assert 2 == company.notices(request).count("task_waiting")  # settled in between: it is another task
    company.close()


def test_a_duplicate_on_the_topic_and_lost_offsets_tell_nothing_twice(office: Office, post: Post, tmp_path: Path) -> None:
    office.erased()
    (notice,) = office.company.broker.messages(NOTICES)
    office.company.broker.append(Message(NOTICES, notice.key, notice.value, notice.headers))
    sent = Sent.open(f"sqlite:///{tmp_path}/n.db")
    desk = Desk(mail(post), sent, broker=office.company.broker)
    assert (2, 1) == (desk.turn(), len(post.mails))
    again = Sent.open(f"sqlite:///{tmp_path}/n.db")
    restarted = Desk(mail(post), again, broker=office.company.broker)
    restarted.start("another group")
    assert (2, 1) == (restarted.turn(), len(post.mails))
    sent.close(), again.close()


def test_what_was_not_delivered_is_not_taken_for_told(office: Office, post: Post) -> None:
    office.erased()
    post.answers = ["554 refused"]
    desk = Desk(mail(post), broker=office.company.broker)
    desk.turn()
    desk.start("another group")
    desk.turn()
    assert 1 == len(post.mails)


def test_a_certificate_that_replaces_another_is_mailed_with_its_revision_and_what_changed(office: Office, post: Post) -> None:
    request = office.erased()
    office.company.settle(minutes=20)
    assert 0 == told(office, request, "certificate_superseded")
    done(office, request)
    assert 1 == told(office, request, "certificate_superseded")
    english, dutch = (mails_of(office, post, language) for language in (Language.EN, Language.NL))
    assert "Revision 2 replaces revision 1, and says: complete, with holds. Changed: what became of the data." in english
    assert "Revisie 2 vervangt revisie 1, en zegt: volledig, met bewaarplicht. Veranderd: wat er van de gegevens is geworden." in dutch
    assert "Where: printer." in english and english.rstrip().endswith(f"/cases/{request}/certificate")
    assert JAN.email not in english + dutch


def mails_of(office: Office, post: Post, language: Language) -> str:
    """What was mailed of a certificate that was replaced."""
    post.mails.clear()
    desk = Desk(mail(post), broker=office.company.broker, language=language)
    desk.start(f"in {language}")
    desk.turn()
    (found,) = [one for one in post.mails if one["subject"].endswith(("was replaced", "is vervangen"))]
    return str(found.get_content())


def test_a_webhook_gets_it_in_closed_words(office: Office, receiver: Receiver) -> None:
    request = office.erased()
    office.company.settle(minutes=20)
    done(office, request)
    Desk(webhook(receiver, Time()), broker=office.company.broker).turn()
    bodies = {body["about"]: body for body in (json.loads(body) for _, body in receiver.asked)}
    told_of = bodies["certificate_superseded"]
    assert (2, "complete_with_holds", ["outcomes"], ["printer"]) == tuple(
        told_of[name] for name in ("revision", "status", "changed", "processors")
    )
    assert ["printer"] == bodies["task_waiting"]["processors"] and "revision" not in bodies["task_waiting"]
    assert bodies["task_waiting"]["page"].endswith(f"/cases/{request}")


@pytest.mark.parametrize(
    ("order", "given", "changed"),
    [
        ("case.extend", {"reason": "Many systems."}, ["extension", "dates"]),
        ("case.pause", {"ground": "A strange address."}, ["outcomes", "pause"]),
        ("case.refuse", {"reason": "Asked last month."}, ["outcomes", "decision"]),
    ],
)
def test_an_officers_word_is_named_as_what_changed(office: Office, order: str, given: dict[str, str], changed: list[str]) -> None:
    request = office.erased()
    office.company.settle(minutes=20)
    office.company.order(request, order, **given)
    office.company.settle()
    assert changed == last(office)["changed"]


def test_a_last_day_that_passes_is_named_as_what_changed(office: Office) -> None:
    request = office.erased()
    office.company.settle(minutes=20)
    office.company.settle(days=60)
    assert (1, ["day_passed"], "processors" in last(office)) == (
        told(office, request, "certificate_superseded"), last(office)["changed"], False
    )  # fmt: skip


def test_two_revisions_in_one_batch_are_each_held_against_the_one_before(office: Office) -> None:
    request = office.erased()
    office.company.settle(minutes=20)
    office.company.order(request, "case.extend", reason="Many systems.")
    office.company.order(request, "case.pause", ground="A strange address.")
    office.company.settle()
    assert [(2, ["extension", "dates"]), (3, ["outcomes", "pause"])] == [(one["revision"], one["changed"]) for one in replaced(office)]


def test_what_differs_in_nothing_else_differs_in_what_it_does_not_claim(office: Office) -> None:
    request = office.erased()
    office.company.settle(minutes=20)
    (certificate,) = office.company.certificates(request)
    assert ((Changed.NOT_CLAIMED,), ()) == (notice_of(certificate, certificate).changed, notice_of(None, certificate).changed)


def last(office: Office) -> dict[str, object]:
    return replaced(office)[-1]


def replaced(office: Office) -> list[dict[str, object]]:
    """The notices that a certificate was replaced, in order."""
    found = [json.loads(one.value or b"") for one in office.company.broker.messages(NOTICES)]
    return [one for one in found if one["about"] == "certificate_superseded"]


def test_every_word_for_what_changed_is_spoken_in_both_languages() -> None:
    assert {word: set(Language) for word in Changed} == {word: set(spoken) for word, spoken in CHANGED.items()}
