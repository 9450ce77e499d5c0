"""Gmail through the kit, and its own traps."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import SecretStr

from connectors.holds import HoldRule
from connectors.oauth import ServiceAccount
from connectors.testing.harness import Bench
from connectors.testing.kit import ConformanceKit
from connectors.testing.simulator import Fault, Person
from connectors.testing.simulators.gmail import MANY, OWNER, GmailSimulator
from connectors.vendors.gmail import Gmail, GmailSettings
from topics.outcomes import Outcome
from topics.reports import Answered

SETTINGS: dict[str, Any] = {"token": {"env": "KIT_SECRET"}}
JAN = Person("jan@voorbeeld.nl")
NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)


class TestGmail(ConformanceKit):
    optional = {"messages": "Google leaves out a list that is empty."}
    connector = Gmail
    simulator = GmailSimulator
    settings = SETTINGS
    dated = ("message", "circular")


def bench(simulator: GmailSimulator, *held: str, **settings: Any) -> Bench:
    rules = [HoldRule(frozenset(held), "AWR art. 52(4)", "GDPR art. 17(3)(b)", 7, "end_of_financial_year")] if held else []
    return Bench(Gmail, simulator, SETTINGS | settings, "https://vendor.test", rules)


def fates(answer: Answered) -> list[tuple[str, Outcome]]:
    assert answer.outcome is None, answer.reason
    return [(line.kind, line.outcome) for line in answer.records]


@pytest.mark.parametrize(
    "header",
    [
        "JAN@Voorbeeld.NL", '"Vries, Jan de" <jan@voorbeeld.nl>, piet@elders.nl', "Jan [werk] <jan@voorbeeld.nl>", "jan@voorbeeld.nl (Jan)",
        "Jan @ Home <jan@voorbeeld.nl>", "<jan@voorbeeld.nl", "piet@elders.nl;jan@voorbeeld.nl", "Team: piet@elders.nl, jan@voorbeeld.nl;",
        '"a \\" b" <piet@elders.nl>,\r\n Jan <jan@voorbeeld.nl>', 'piet@elders.nl, Jan d"V <jan@voorbeeld.nl>',
        "=?utf-8?Q?Ren=C3=A9?= <jan@voorbeeld.nl>",
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["From", "to", "CC", "Bcc"])
def test_a_message_is_found_by_an_address_however_its_header_is_written(name: str, header: str) -> None:
    simulator = GmailSimulator()
    simulator.add(NOON, ["INBOX"], **{name: header})
    assert [("message", Outcome.ERASED)] == fates(bench(simulator).carry_out(JAN.subject()))


@pytest.mark.parametrize(
    "header",
    [
        '"jan@voorbeeld.nl" <anna@elders.nl>', "jan@voorbeeld.nl <anna@elders.nl>", '"jan@voorbeeld.nl, x" <anna@elders.nl>',
        "anna@elders.nl (jan@voorbeeld.nl)", "=?utf-8?Q?jan=40voorbeeld=2Enl?= <anna@elders.nl>", '"jan@voorbeeld.nl"@elders.nl',
        "xjan@voorbeeld.nl", "jan@voorbeeld.nl.example", "jan+x@voorbeeld.nl", "<jan@voorbeeld.nl> <anna@elders.nl>",
        "Jan de Vries", "", "<>",
    ],
)  # fmt: skip
def test_an_address_in_a_name_or_a_longer_address_is_somebody_else(header: str) -> None:
    simulator = GmailSimulator()
    simulator.add(NOON, ["INBOX"], From=header, To=OWNER, **{"Reply-To": JAN.email})
    assert [] == fates(bench(simulator).carry_out(JAN.subject()))
    assert 1 == len(simulator.messages)


def test_a_message_to_many_people_is_left_and_told_and_one_that_the_person_wrote_is_erased() -> None:
    simulator = GmailSimulator()
    simulator.add(NOON, [], From="voorzitter@elders.nl", To=MANY, Bcc=JAN.email)
    simulator.add(NOON, ["SENT"], From=JAN.email, To=MANY)
    answer = bench(simulator).carry_out(JAN.subject())
    assert {("circular", Outcome.REFUSED), ("message", Outcome.ERASED)} == set(fates(answer))
    assert [f"To {MANY}"] == [f"To {row['headers'][1]['value']}" for row in simulator.messages.values()]
    assert "gmail.message_id" in next(line.reason or "" for line in answer.records if line.kind == "circular")


def test_how_many_are_many_is_a_setting() -> None:
    for most, told in ((21, ("message", Outcome.ERASED)), (20, ("circular", Outcome.REFUSED))):
        simulator = GmailSimulator()
        simulator.add(NOON, [], To=f"{MANY}, {JAN.email}")
        assert [told] == fates(bench(simulator, most_recipients=most).carry_out(JAN.subject()))


def test_a_person_may_name_a_message_and_the_case_that_left_it_ends() -> None:
    simulator = GmailSimulator()
    id = simulator.add(NOON, [], To=f"{MANY}, {JAN.email}")
    first = bench(simulator)
    assert [("circular", Outcome.REFUSED)] == fates(first.carry_out(JAN.subject()))
    assert [("message", Outcome.ERASED)] == fates(bench(simulator).carry_out({"gmail.message_id": [id]}))
    assert [("circular", Outcome.ERASED)] == fates(first.carry_out(JAN.subject()))


def test_restricted_mail_leaves_inbox_spam_and_trash_and_comes_back_where_it_was() -> None:
    simulator = GmailSimulator()
    simulator.labels["Label_99"] = "Klanten"
    ids = [simulator.add(NOON, labels, From=JAN.email) for labels in (["INBOX", "Label_99"], ["SPAM"], ["TRASH"], ["INBOX"], ["SENT"], [])]
    case = bench(simulator)
    assert {Outcome.RESTRICTED} == {fate for _, fate in fates(case.carry_out(JAN.subject(), "restrict"))}
    assert not any(simulator.messages[id]["labels"] & {"INBOX", "SPAM", "TRASH"} for id in ids)
    case.carry_out(JAN.subject(), "lift")
    assert [{"INBOX", "Label_99"}, {"SPAM"}, {"TRASH"}, {"INBOX"}, {"SENT"}, set()] == [simulator.messages[id]["labels"] for id in ids]


def test_each_label_is_made_once_for_all_restrictions() -> None:
    simulator = GmailSimulator()
    for person in (JAN, Person("piet@elders.nl")):
        simulator.seed(person)
        bench(simulator).carry_out(person.subject(), "restrict")
    made = [body["name"] for call in simulator.calls if "name" in (body := json.loads(call.request.content or "{}"))]
    assert {"GDPR restricted", "GDPR restricted INBOX", "GDPR restricted SPAM", "GDPR restricted TRASH"} == set(made)
    assert 4 == len(made)


def test_a_label_that_gmail_does_not_give_is_no_restriction() -> None:
    simulator = GmailSimulator()
    simulator.add(NOON, ["INBOX"], From=JAN.email)
    simulator.liar = True
    assert [("message", Outcome.FAILED)] == fates(bench(simulator).carry_out(JAN.subject(), "restrict"))


def test_the_persons_own_mailbox_is_left_to_a_person() -> None:
    simulator = GmailSimulator()
    simulator.seed(JAN)
    answer = bench(simulator, mailbox="Jan@Voorbeeld.nl").carry_out(JAN.subject())
    assert (Outcome.NEEDS_PERSON, 0) == (answer.outcome, simulator.writing_calls)


def test_a_message_without_a_date_waits_for_a_person_where_a_rule_holds_messages() -> None:
    class Dateless(GmailSimulator):
        def handle(self, request: httpx.Request) -> httpx.Response:
            answer = super().handle(request)
            body = json.loads(answer.content or "{}")
            body.pop("internalDate", None)
            return httpx.Response(answer.status_code, json=body)

    simulator = Dateless()
    simulator.add(NOON, [], From=JAN.email)
    assert [("message", Outcome.NEEDS_PERSON)] == fates(bench(simulator, "message").carry_out(JAN.subject()))
    assert 0 == simulator.writing_calls


@pytest.mark.parametrize("body", [{}, {"nextPageToken": "7"}, {"messages": [{}]}, {"messages": "none"}, {"error": {"code": 403}}])
def test_an_answer_that_is_no_list_of_messages_is_misread(body: dict[str, Any]) -> None:
    simulator = GmailSimulator()
    simulator.faults.append(Fault(httpx.Response(200, json=body)))
    assert Outcome.FAILED is bench(simulator).carry_out(JAN.subject()).outcome


@pytest.mark.parametrize("body", [{"resultSizeEstimate": 0}, {"messages": []}, {"messages": None, "nextPageToken": ""}])
def test_a_list_without_messages_is_nothing_found(body: dict[str, Any]) -> None:
    simulator = GmailSimulator()
    simulator.faults.append(Fault(httpx.Response(200, json=body), times=9))
    assert [] == fates(bench(simulator).carry_out(JAN.subject()))


@pytest.mark.parametrize("given", [{"headers": None}, {}, {"headers": [{"name": "From"}]}, {"headers": [{"name": "From", "value": None}]}])
def test_a_message_without_readable_headers_is_misread(given: dict[str, Any]) -> None:
    simulator = GmailSimulator()
    simulator.seed(JAN)
    simulator.faults.append(Fault(httpx.Response(200, json={"id": "1", "payload": given}), skip=2))
    assert Outcome.FAILED is bench(simulator).carry_out(JAN.subject()).outcome
    assert 0 == simulator.writing_calls


def test_a_list_that_never_ends_is_told() -> None:
    class Endless(GmailSimulator):
        def handle(self, request: httpx.Request) -> httpx.Response:
            return httpx.Response(200, json={"messages": [], "nextPageToken": str(int(request.url.params.get("pageToken", 0)) + 1)})

    assert "pages" in (bench(Endless()).carry_out(JAN.subject()).reason or "")


def test_a_thousand_messages_are_found_on_many_pages() -> None:
    simulator = GmailSimulator()
    for _ in range(1000):
        simulator.add(NOON, ["INBOX"], From=JAN.email, To=OWNER)
    simulator.largest_page = 90
    assert 1000 == len(fates(bench(simulator).carry_out(JAN.subject(), mode="dry-run")))


def test_a_mailbox_whose_labels_are_not_offered_is_searched_all_the_same() -> None:
    class Unlabelled(GmailSimulator):
        def handle(self, request: httpx.Request) -> httpx.Response:
            return httpx.Response(404) if request.url.path.endswith("/labels") else super().handle(request)

    simulator = Unlabelled()
    simulator.add(NOON, ["INBOX"], From=JAN.email)
    assert [("message", Outcome.ERASED)] == fates(bench(simulator).carry_out(JAN.subject()))


def test_404_is_never_a_message_that_is_gone_where_nothing_else_was_asked() -> None:
    simulator = GmailSimulator()
    simulator.faults.append(Fault(httpx.Response(404), times=99))
    assert Outcome.FAILED is bench(simulator).carry_out({"gmail.message_id": ["18f3a71"]}).outcome


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_that_ends_or_may_not_delete_leaves_what_is_left_told_as_failed(status: int) -> None:
    """403 is Google's word for "too fast" as well: where that does not pass within the command, it is told all the same."""
    simulator = GmailSimulator()
    for _ in range(3):
        simulator.add(NOON, ["INBOX"], From=JAN.email)
    body = {"error": {"code": status, "errors": [{"reason": "rateLimitExceeded"}]}}
    simulator.faults.append(Fault(httpx.Response(status, json=body), times=99, method="DELETE", skip=1))
    told = [fate for _, fate in fates(bench(simulator).carry_out(JAN.subject()))]
    assert (1, 2) == (told.count(Outcome.ERASED), told.count(Outcome.FAILED)) and 2 == len(simulator.messages)


class Answers:
    """A door at which every reading call is answered."""

    async def get(self, path: str, **given: Any) -> None:
        assert path.startswith("/gmail/v1/users/me/")


def test_the_scope_that_erasing_needs_is_named_and_known_of_a_service_account_whose_token_is_given_for_it() -> None:
    scope = "https://mail.google.com/"
    assert [(scope, "erase", None), (scope, "restrict", None)] == [(one.name, one.to, one.held) for one in bench(GmailSimulator()).rights()]
    settings = GmailSettings(service_account=SecretStr(service_account()), mailbox=OWNER)
    assert [True, True] == [right.held for right in asyncio.run(Gmail(settings, Answers()).rights())]


def service_account() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
    return json.dumps({"client_email": "bot@x.example", "private_key": pem})


def test_it_signs_in_with_a_token_or_for_a_mailbox_and_never_with_both_or_half() -> None:
    token, account = SecretStr("t"), SecretStr(service_account())
    assert isinstance(Gmail.auth(GmailSettings(service_account=account, mailbox=OWNER)), ServiceAccount)
    for settings in ({}, {"service_account": account}, {"mailbox": OWNER}, {"token": token, "service_account": account, "mailbox": OWNER}):
        with pytest.raises(ValueError, match="give either"):
            Gmail.auth(GmailSettings.model_validate(settings))
