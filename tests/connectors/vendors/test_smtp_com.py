"""SMTP.com through the kit, and its own traps."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from connectors.ageing import RetentionRule
from connectors.holds import HoldRule
from connectors.testing.harness import START, Bench, settings_of
from connectors.testing.kit import ConformanceKit
from connectors.testing.simulator import Fault, Person
from connectors.testing.simulators.smtp_com import SmtpComSimulator
from connectors.vendors.smtp_com import SmtpCom
from topics.outcomes import Outcome
from topics.reports import Answered

SETTINGS = {"api_key": {"env": "KIT_SECRET"}, "channels": ["shop", "invoices"]}
JAN = Person("jan@voorbeeld.nl")


class TestSmtpCom(ConformanceKit):
    connector = SmtpCom
    simulator = SmtpComSimulator
    settings = SETTINGS
    dated = ("message",)
    exempt = {
        "a_crash_at_any_writing_call_is_harmless": "SMTP.com offers no call that changes anything of a person, so none is ever made.",
        "a_late_effect_is_never_claimed_early": "Nothing is ever done, so that nothing can show late.",
        "the_end_of_a_hold_is_worked_off_and_proven_without_the_person": "Only SMTP.com can erase its log: a person is told to ask it.",
    }


def bench(simulator: SmtpComSimulator, *held: str, **settings: Any) -> Bench:
    rules = [HoldRule(frozenset(held), "AWR art. 52(4)", "GDPR art. 17(3)(b)", 7, "end_of_financial_year")] if held else []
    return Bench(SmtpCom, simulator, SETTINGS | settings, "https://vendor.test", rules)


def fates(answer: Answered) -> list[Outcome]:
    assert answer.outcome is None, answer.reason
    return [record.outcome for record in answer.records]


@pytest.mark.parametrize("action", ["erase", "restrict"])
def test_what_is_found_is_refused_with_whom_to_ask_and_nothing_is_called_but_the_log(action: Any) -> None:
    simulator = SmtpComSimulator()
    simulator.seed(JAN)
    answer = bench(simulator).carry_out(JAN.subject(), action)
    assert [Outcome.REFUSED] * 3 == fates(answer)
    assert all("SMTP.com" in (record.reason or "") or "smtp_com" in (record.reason or "") for record in answer.records)
    assert {("GET", "/v4/messages")} == {(call.request.method, call.request.url.path) for call in simulator.calls}


def test_what_was_never_restricted_is_lifted_since_the_log_still_shows_it() -> None:
    simulator = SmtpComSimulator()
    simulator.seed(JAN)
    assert [Outcome.LIFTED] * 3 == fates(bench(simulator).carry_out(JAN.subject(), "lift"))


def test_a_dry_run_promises_no_erasure() -> None:
    simulator = SmtpComSimulator()
    simulator.seed(JAN)
    assert [Outcome.REFUSED] * 3 == fates(bench(simulator).carry_out(JAN.subject(), mode="dry-run"))


def test_what_the_log_shows_no_more_is_never_told_as_gone() -> None:
    simulator = SmtpComSimulator()
    simulator.seed(JAN)
    case = bench(simulator)
    case.carry_out(JAN.subject())
    simulator.forget_before(2_000_000_000)
    answer = case.carry_out(JAN.subject())
    assert (Outcome.NEEDS_PERSON, ()) == (answer.outcome, answer.records)


def test_a_channel_that_is_taken_out_of_the_settings_makes_nothing_gone() -> None:
    simulator = SmtpComSimulator()
    simulator.seed(JAN)
    case = bench(simulator)
    case.carry_out(JAN.subject())
    case.settings = SETTINGS | {"channels": ["shop"]}
    assert Outcome.NEEDS_PERSON is case.carry_out(JAN.subject()).outcome


@pytest.mark.parametrize(
    "to", ["JAN@Voorbeeld.NL", "Jan <jan@voorbeeld.nl>", ["piet@elders.nl", "jan@voorbeeld.nl"], "a@b.nl, jan@voorbeeld.nl"]
)
def test_a_recipient_is_found_in_every_spelling(to: Any) -> None:
    simulator = SmtpComSimulator()
    simulator.add("shop", to)
    assert [Outcome.REFUSED] == fates(bench(simulator).carry_out(JAN.subject()))


@pytest.mark.parametrize("to", ["anna.jan@voorbeeld.nl", '"jan@voorbeeld.nl" <piet@elders.nl>', "jan@voorbeeld.nl.example"])
def test_an_address_inside_a_name_or_another_address_is_somebody_else(to: str) -> None:
    simulator = SmtpComSimulator()
    simulator.add("shop", to, msg_data={"rcpt_to": to, "from": "shop@winkel.example", "subject": JAN.email})
    assert [] == fates(bench(simulator).carry_out(JAN.subject()))


def test_mail_that_the_person_sent_is_found_too() -> None:
    simulator = SmtpComSimulator()
    simulator.add("invoices", "piet@elders.nl", sender=f"Jan <{JAN.email}>")
    assert [Outcome.REFUSED] == fates(bench(simulator).carry_out(JAN.subject()))


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_channel_that_cannot_be_read_fails_and_is_not_passed_over(status: int) -> None:
    simulator = SmtpComSimulator()
    simulator.add("shop", JAN.email)
    simulator.faults.append(Fault(httpx.Response(status, json={"status": "fail"}), times=1000, skip=2))
    answer = bench(simulator).carry_out(JAN.subject())
    assert (Outcome.FAILED, ()) == (answer.outcome, answer.records)


def test_an_unknown_channel_is_told() -> None:
    assert Outcome.FAILED is bench(SmtpComSimulator(), channels=["shpo"]).carry_out(JAN.subject()).outcome


def test_settings_without_a_channel_are_refused() -> None:
    with pytest.raises(ValidationError):
        settings_of(SmtpCom, SETTINGS | {"channels": []})


@pytest.mark.parametrize("data", [{}, {"rcpt_to": None}, {"to": JAN.email}])
def test_a_message_without_a_recipient_is_misread(data: dict[str, Any]) -> None:
    simulator = SmtpComSimulator()
    simulator.add("shop", "", msg_data=data)
    assert Outcome.FAILED is bench(simulator).carry_out(JAN.subject()).outcome


def test_a_log_of_a_thousand_is_read_to_its_end() -> None:
    simulator = SmtpComSimulator()
    simulator.add("shop", JAN.email, time=1_300_000_000)
    for number in range(1000):
        simulator.add("shop", f"p{number}@elders.nl")
    assert [Outcome.REFUSED] == fates(bench(simulator).carry_out(JAN.subject()))


def test_a_log_that_never_ends_is_misread() -> None:
    class Endless(SmtpComSimulator):
        def handle(self, request: httpx.Request) -> httpx.Response:
            row = {"msg_id": f"m{len(self.calls)}", "msg_data": {"rcpt_to": "piet@elders.nl"}}
            self.calls.append(None)  # type: ignore[arg-type]
            return httpx.Response(200, json={"status": "success", "data": {"items": [row]}})

    assert Outcome.FAILED is bench(Endless()).carry_out(JAN.subject()).outcome


def test_a_message_that_a_rule_keeps_is_held_from_the_day_it_was_sent() -> None:
    simulator = SmtpComSimulator()
    simulator.add("shop", JAN.email)
    answer = bench(simulator, "message").carry_out(JAN.subject())
    assert [Outcome.HELD] == fates(answer)
    assert answer.records[0].hold and "2032-12-31" == answer.records[0].hold.until.isoformat()


@pytest.mark.parametrize("forgotten", [False, True])
@pytest.mark.parametrize(("days", "outcome"), [(30, Outcome.EXPIRING), (31, Outcome.NOT_APPLICABLE)])
def test_where_a_rule_lets_messages_go_they_are_gone_by_rule_once_the_log_shows_them_no_more(
    days: int, outcome: Outcome, forgotten: bool
) -> None:
    simulator = SmtpComSimulator()
    simulator.seed(JAN)
    case = bench(simulator)
    case.retention = [RetentionRule(frozenset({"message"}), "log", "SMTP.com's answer of 2 November", days=30)]
    first = case.carry_out(JAN.subject()).records
    assert {Outcome.EXPIRING} == {line.outcome for line in first}
    simulator.forget_before(2_000_000_000)
    case.about = {"expiring": {line.digest: line.until for line in first}, "held": {line.digest: line.sealed for line in first}}
    case.forgotten, case.time.now = forgotten, START + timedelta(days=days)
    answer = case.carry_out(JAN.subject())
    assert [outcome] * 3 == fates(answer)
    assert {None} == {line.evidence for line in answer.records}
    assert all("By rule, not by looking" in (line.reason or "") for line in answer.records)
