"""Officers are told by mail and by webhook: a real mail server and a real receiver on loopback, and time that is handed in."""

import asyncio
import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from connectors.testing.harness import Time
from orchestrator.letters.words import Language
from orchestrator.notifying.channels import Mail, Undelivered
from orchestrator.notifying.sent import Sent
from orchestrator.notifying.texts import TOLD, Open, Told, of_notice
from orchestrator.tongue import WORDS
from tests.flow.company import Company
from tests.notifying.desk import ID, NOTICES, SECRET, Desk, mail, webhook
from tests.notifying.post import Post
from tests.notifying.receiver import Receiver
from tests.web.conftest import JAN
from topics.broker import free_port
from topics.bus import Message
from topics.configuration import ConfigurationError, MailSettings, load
from topics.events import Right
from topics.notices import About, Notice

MONDAY = datetime(2026, 11, 30, 7, 30, tzinfo=UTC)  # half past eight in Amsterdam


def test_a_mail_names_the_request_the_matter_and_the_last_day_and_links_to_the_page(post: Post) -> None:
    desk = Desk(mail(post))
    desk.put(About.DECISION_NEEDED)
    assert 1 == desk.turn()
    (found,) = post.mails
    assert ("officer@example.nl", "Request 0198c7a2: a decision is needed") == (found["to"], found["subject"])
    assert f"https://e.example.nl/cases/{ID}" in found.get_content()
    assert "Last day: 27 November 2026. Days left: 7." in found.get_content()
    assert "auto-generated" == found["auto-submitted"]


def test_a_webhook_is_signed_as_standard_webhooks_says(receiver: Receiver) -> None:
    time = Time()
    desk = Desk(webhook(receiver, time))
    desk.put(About.DEADLINE_PASSED)
    desk.turn()
    ((headers, body),) = receiver.asked
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    wanted = base64.b64encode(hmac.new(SECRET.encode(), signed, hashlib.sha256).digest()).decode()
    assert f"v1,{wanted}" == headers["webhook-signature"]
    assert ("deadline_passed", ID) == (json.loads(body)["about"], json.loads(body)["request_id"])


def test_what_fails_in_passing_is_tried_again_under_the_same_id(receiver: Receiver) -> None:
    desk = Desk(webhook(receiver, Time()))
    receiver.answers = [503, 429]
    desk.put(About.DEADLINE_NEAR)
    desk.turn()
    assert 3 == len(receiver.asked)
    assert 1 == len({headers["webhook-id"] for headers, _ in receiver.asked})
    assert [1.0, 5.0] == desk.time.waits


def test_of_several_recipients_the_refused_are_counted_in_the_log(post: Post, caplog: pytest.LogCaptureFixture) -> None:
    post.unknown = "gone@example.nl"
    two = MailSettings(
        host="127.0.0.1", port=post.controller.port, tls="none", sender="e@example.nl", to=("officer@example.nl", "gone@example.nl")
    )
    desk = Desk(Mail(two))
    desk.put(About.DECISION_NEEDED)
    desk.turn()
    assert 1 == len(post.mails)
    assert "1 of 2 recipients were refused" in caplog.text and "gone@" not in caplog.text


@pytest.mark.parametrize("answer", ["550 no such user", "554 refused"])
def test_what_is_refused_for_good_is_told_in_the_log_without_an_address_and_the_next_goes_on(
    post: Post, answer: str, caplog: pytest.LogCaptureFixture
) -> None:
    desk = Desk(mail(post))
    post.answers = [answer]
    desk.put(About.DECISION_NEEDED)
    desk.put(About.HOLD_ENDED)
    assert 2 == desk.turn()
    assert 1 == len(post.mails)
    assert f"answered {answer[:3]}" in caplog.text
    assert "officer@" not in caplog.text and "e@example" not in caplog.text


def test_a_server_that_is_away_is_given_up_after_some_minutes_and_told_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    gone = Mail(MailSettings(host="127.0.0.1", port=free_port(), tls="none", sender="e@example.nl", to=("officer@example.nl",)))
    desk = Desk(gone)
    desk.put(About.DECISION_NEEDED)
    desk.turn()
    assert [1.0, 5.0, 30.0, 60.0] == desk.time.waits
    assert "was not told" in caplog.text and "officer@" not in caplog.text


def test_what_was_not_committed_is_told_again_under_the_same_id(post: Post) -> None:
    desk = Desk(mail(post))
    desk.put(About.DECISION_NEEDED)
    asyncio.run(desk.notifier._tell(desk.notifier._read(desk.broker.messages(NOTICES)[0])))  # type: ignore[arg-type]
    desk.start()  # killed before it committed
    desk.turn()
    first, second = post.mails
    assert first["message-id"] == second["message-id"]
    assert 0 == desk.turn()


def test_what_is_no_notice_is_left_out_and_the_rest_goes_on(post: Post, caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk(mail(post))
    desk.put(About.CONFIRMED)
    (good,) = desk.broker.messages(NOTICES)
    desk.broker.append(Message(NOTICES, good.key, b"{", good.headers))
    desk.turn()
    assert 1 == len(post.mails) and "is no notice" in caplog.text


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("about", About)
def test_every_matter_is_told_or_left_to_the_services_and_never_names_a_person(about: About, language: Language) -> None:
    notice = Notice(request_id=ID, right=Right.ERASURE, about=about, at=MONDAY, due_by=MONDAY.date())  # type: ignore[arg-type]
    told = of_notice(notice, "e", language, None, MONDAY.date())
    assert (about in TOLD) is (told is not None)
    assert told is None or (ID in told.body and "@" not in told.subject + told.body + json.dumps(told.payload))
    assert {About.DECISION_NEEDED, About.DEADLINE_NEAR, About.DEADLINE_PASSED, About.CONFIRMED} <= TOLD.keys()


def test_the_digest_comes_once_a_week_and_not_again_after_a_restart(post: Post, tmp_path: Path) -> None:
    sent = Sent.open(f"sqlite:///{tmp_path}/n.db")
    rows = [Open(UUID(ID), "erasure", MONDAY.date(), 0, ("decision",))]
    desk = Desk(mail(post), sent=sent, weekly=True, opened=(rows, 1, 0))
    desk.time.now = MONDAY - timedelta(hours=1)
    desk.turn()
    assert [] == post.mails
    desk.time.now = MONDAY
    desk.turn(), desk.turn()
    desk.start()
    desk.turn()
    (found,) = post.mails
    assert "The open requests this week (2026-W49)" == found["subject"]
    assert ID in found.get_content() and WORDS[Language.EN]["decision"] in found.get_content()
    desk.time.now = MONDAY + timedelta(days=7)
    desk.turn()
    assert 2 == len(post.mails)
    sent.close()


def test_with_nothing_open_there_is_no_digest(post: Post, tmp_path: Path) -> None:
    sent = Sent.open(f"sqlite:///{tmp_path}/n.db")
    desk = Desk(mail(post), sent=sent, weekly=True)
    desk.time.now = MONDAY
    desk.turn()
    assert [] == post.mails
    sent.close()


def test_what_a_case_says_reaches_the_officer(companies_folder: Path, post: Post) -> None:
    company = Company(companies_folder)
    request = company.ask(JAN.subject(), "subject.object", ground="21(1)")
    company.settle()
    Desk(mail(post), broker=company.broker).turn()
    assert any(str(request) in one.get_content() and "a decision is needed" in one["subject"] for one in post.mails)
    assert not any(JAN.email in one.as_string() for one in post.mails)
    company.close()


@pytest.fixture
def companies_folder(tmp_path: Path) -> Path:
    (tmp_path / "company").mkdir()
    return tmp_path / "company"


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ("weekly = true", "tells nobody"),
        ('mail.host = "smtp.example.nl"\nmail.tls = "none"\nmail.sender = "a@b.nl"\nmail.to = ["c@d.nl"]', "sends in the clear"),
        ('webhook.url = "http://hooks.example.nl"\nwebhook.secret = {env = "S"}', "loopback"),
        ('webhook.url = "https://hooks.example.nl"\nwebhook.secret = {env = "SHORT"}', "at least 32"),
        ('mail.host = "smtp.example.nl"\nmail.sender = "a@b.nl"\nmail.to = []', "mail"),
        ('mail.host = "smtp.example.nl"\nmail.sender = "a b"\nmail.to = ["c@d.nl"]', "sender"),
    ],
)
def test_a_configuration_that_would_not_be_safe_is_refused(tmp_path: Path, lines: str, sentence: str) -> None:
    file = tmp_path / "erasure.toml"
    file.write_text(f'[controller]\nname = "n"\ncontact = "c"\n[notifications]\n{lines}\n[[processors]]\nname = "x"\nconnector = "x"\n')
    with pytest.raises(ConfigurationError, match=sentence):
        load(file, {"KAFKA_BOOTSTRAP_SERVERS": "k", "S": SECRET, "SHORT": "x"})


def test_a_refusal_says_whether_trying_again_may_help(receiver: Receiver) -> None:
    told = Told(UUID(ID), "s", "b", {})
    for status, again in ((400, False), (410, False), (429, True), (500, True), (301, False)):
        receiver.answers = [status]
        with pytest.raises(Undelivered) as refused:
            asyncio.run(webhook(receiver, Time()).tell(told))
        assert again is refused.value.again
