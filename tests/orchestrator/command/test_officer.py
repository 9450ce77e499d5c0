"""What an officer orders: checked here as on arrival, and sent as one event."""

import hashlib
import json
from contextlib import closing
from datetime import date, timedelta
from uuid import UUID

import pytest

from tests.orchestrator.command.stage import Stage
from topics.bus import Message
from topics.envelope import write
from topics.keyring import Keyring, case_key
from topics.names import Topic
from topics.orders import Extend, Order, Pause, PlaceHold
from topics.outcomes import Outcome


def test_a_decision_is_sent_and_carried_out(live: Stage) -> None:
    opened = live.partial()
    result = live.erasure("refuse", str(opened.request_id), "--reason", "It was answered last month.")
    (sent,) = live.on_topic(Topic.REQUESTS)

    assert (0, b"case.refuse") == (result.exit_code, dict(sent.headers)["ce_type"])
    assert {"request_id": str(opened.request_id), "reason": "It was answered last month."} == json.loads(sent.value or b"")
    live.take(sent)
    assert "closed" == json.loads(live.erasure("status", str(opened.request_id), "--json").stdout)["state"]


def test_a_refusal_after_the_month_is_sent_and_called_too_late(live: Stage) -> None:
    opened = live.opened(received_at=(live.now - timedelta(days=40)).isoformat())
    result = live.erasure("refuse", str(opened.request_id), "--reason", "It was answered last month.")
    assert (0, True) == (result.exit_code, "too late: it had to be told by" in result.stderr)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("decide", "uphold", "--reason", "There is no objection."), "waits for no decision"),
        (("resume",), "not standing still"),
        (("task", "done", "--processor", "moneybird", "--proof", "erasure.toml"), "is settled"),
        (("task", "done", "--processor", "nowhere", "--proof", "erasure.toml"), "it asks: moneybird, jira"),
        (("task", "done", "--processor", "jira", "--on", "2100-01-01", "--proof", "erasure.toml"), "lies in the future"),
        (("hold", "place", "--reason", "A dispute.", "--until", "2020-01-01"), "lies in the past"),
        (("hold", "place", "--reason", "A dispute.", "--until", "2100-01-01", "--record", "x" * 22), "no record of that digest"),
        (("hold", "lift", "--record", "x" * 22), "no record of that digest"),
    ],
)
def test_an_order_that_does_not_fit_is_a_no_and_nothing_is_sent(stage: Stage, words: tuple[str, ...], said: str) -> None:
    id = str(stage.partial().request_id)
    at = 2 if words[0] in ("task", "hold") else 1
    given = [str(stage.config) if word == "erasure.toml" else word for word in words]
    result = stage.erasure(*given[:at], id, *given[at:])

    assert 1 == result.exit_code
    assert said in result.stderr


def test_a_claim_on_a_kind_that_no_connector_has_would_keep_nothing_and_is_refused(stage: Stage) -> None:
    claim = ("--reason", "A dispute.", "--until", "2100-01-01", "--kind", "invoices")
    result = stage.erasure("hold", "place", str(stage.partial().request_id), *claim)
    assert (2, True) == (result.exit_code, "declared are" in result.stderr and "invoice," in result.stderr)


def test_words_with_an_address_are_refused_before_anything_is_sent(stage: Stage) -> None:
    result = stage.erasure("refuse", str(stage.partial().request_id), "--reason", "Ask jan@voorbeeld.nl about it.")

    assert 2 == result.exit_code
    assert "must hold no e-mail address" in result.stderr and "jan@" not in result.stderr


def test_words_that_name_the_person_are_refused_before_anything_is_sent(stage: Stage) -> None:
    named = stage.opened(subject={"email": ["jan@voorbeeld.nl"], "name": ["Jan de Vries"]})
    for words in (("refuse", "--reason"), ("pause", "--ground"), ("hold", "place", "--until", "2031-01-01", "--reason")):
        at = 2 if words[0] == "hold" else 1
        result = stage.erasure(*words[:at], str(named.request_id), *words[at:], "Jan de Vries asked before.")
        assert 2 == result.exit_code
        assert "identifier of the person" in result.stderr and "Vries" not in result.stderr + result.stdout


def test_once_the_key_is_destroyed_only_a_fixed_reason_is_sent(stage: Stage) -> None:
    case = stage.opened(subject={"email": ["jan@voorbeeld.nl"], "name": ["Jan de Vries"]})
    with closing(Keyring.open(stage.configuration().keyring.url)) as keyring:
        keyring.destroy(case_key(case.request_id))
    result = stage.erasure("refuse", str(case.request_id), "--reason", "It is not Vries.")
    assert (2, True) == (result.exit_code, "Nothing was sent. The key of the case is destroyed" in result.stderr)
    assert "legal_claim, complex, identity_in_doubt" in result.stderr and "Vries" not in result.stderr


def test_a_pause_that_begins_after_the_last_day_lets_nobody_extend(stage: Stage) -> None:
    late = stage.opened(received_at=(stage.now - timedelta(days=40)).isoformat())
    stage.take(_order(stage, late.request_id, "case.pause", Pause(request_id=late.request_id, ground="A strange address.")))
    result = stage.erasure("extend", str(late.request_id), "--reason", "Many requests.")
    assert (1, True) == (result.exit_code, "The first month is over" in result.stderr)


def test_a_pause_that_began_in_time_stands_still_however_long_it_lasts_and_can_be_extended(stage: Stage) -> None:
    asked = stage.opened(received_at=(stage.now - timedelta(days=20)).isoformat())
    stage.take(_order(stage, asked.request_id, "case.pause", Pause(request_id=asked.request_id, ground="A strange address.")))
    stage.later(timedelta(days=60))
    stage.take(_order(stage, asked.request_id, "case.extend", Extend(request_id=asked.request_id, reason="Many requests.")))
    shown = stage.erasure("status", str(asked.request_id)).stdout
    assert "Extended" in shown and "LATE" not in shown and "at the earliest: the time stands still" in shown


def test_what_is_kept_is_listed_with_its_reason_and_a_claim_although_nothing_was_found_yet(stage: Stage) -> None:
    case = stage.opened()
    claim = PlaceHold(request_id=case.request_id, kind="contact", reason="A dispute.", until=date(2031, 1, 1))
    stage.take(_order(stage, case.request_id, "hold.place", claim))
    shown = stage.erasure("hold", "list", str(case.request_id)).stdout
    assert "claim on every contact at every processor  until 2031-01-01  A dispute." in shown
    (row,) = json.loads(stage.erasure("hold", "list", str(case.request_id), "--json").stdout)
    assert ("A dispute.", "GDPR art. 17(3)(e)", None) == (row["reason"], row["exception"], row["record"])


def _order(stage: Stage, id: UUID, type: str, order: Order) -> Message:
    return write(stage.names.of(Topic.REQUESTS), type, "/officer", id, order, stage.now)


def test_work_done_by_a_person_is_noted_by_the_digest_of_the_proof(live: Stage) -> None:
    opened = live.opened()
    live.answered(opened, "moneybird")
    live.answered(opened, "jira", Outcome.NEEDS_PERSON)
    proof = live.folder / "letter.txt"
    proof.write_bytes(b"They wrote back.")
    waiting = live.erasure("task", "list", str(opened.request_id)).stdout
    result = live.erasure("task", "done", str(opened.request_id), "--processor", "jira", "--proof", str(proof))
    (sent,) = live.on_topic(Topic.REQUESTS)
    live.take(sent)

    assert "jira  by " in waiting and 0 == result.exit_code
    assert hashlib.sha256(b"They wrote back.").hexdigest() == json.loads(sent.value or b"")["proof"]
    assert "complete" == json.loads(live.erasure("status", str(opened.request_id), "--json").stdout)["status"]


def test_nothing_held_is_said(stage: Stage) -> None:
    assert "Nothing is kept of this request.\n" == stage.erasure("hold", "list", str(stage.completed())).stdout


def test_a_letter_to_a_recipient_is_printed_and_what_to_do_next_is_said_beside_it(stage: Stage) -> None:
    id = str(stage.partial().request_id)
    result = stage.erasure("letter", id, "--to", "jira", "--language", "nl")

    assert 0 == result.exit_code
    assert f"Ons kenmerk: {id}" in result.stdout and "jira" not in result.stdout
    assert f"erasure task done {id} --processor jira --outcome not_applicable --proof FILE" in result.stderr


def test_no_recipient_is_told_of_what_is_not_carried_out(stage: Stage) -> None:
    doubtful, plan = stage.request(identity="doubtful"), stage.opened(mode="dry-run")
    stage.take(doubtful)
    unasked = stage.erasure("letter", str(plan.request_id), "--to", "ing")
    waiting = stage.erasure("letter", (doubtful.key or b"").decode(), "--to", "jira")
    dry = stage.erasure("letter", str(plan.request_id), "--to", "jira")

    assert [1, 1, 1] == [result.exit_code for result in (unasked, waiting, dry)]
    assert "it asks: moneybird, jira" in unasked.stderr
    assert "not carried out now. It waits until the identity is proven" in waiting.stderr
    assert "A dry run changes nothing" in dry.stderr
    assert "" == unasked.stdout + waiting.stdout + dry.stdout


def test_a_dry_run_ends_in_a_letter_that_tells_the_person_who_holds_what(stage: Stage) -> None:
    plan = stage.opened(mode="dry-run")
    early = stage.erasure("letter", str(plan.request_id), "--for", "subject")
    for name in plan.commands:
        stage.answered(plan, name)
    result = stage.erasure("letter", str(plan.request_id), "--for", "subject", "--language", "nl")

    assert (1, 0) == (early.exit_code, result.exit_code)
    assert "- moneybird (onze boekhouding): 1 contactgegeven." in result.stdout
    assert "Not every processor has answered" in early.stderr


def test_an_extension_has_its_letter_before_there_is_a_certificate(stage: Stage) -> None:
    asked = stage.opened()
    stage.take(_order(stage, asked.request_id, "case.extend", Extend(request_id=asked.request_id, reason="Many systems.")))
    early = stage.erasure("certificate", str(asked.request_id), "--for", "subject")
    result = stage.erasure("letter", str(asked.request_id), "--for", "subject", "--language", "en")

    assert (1, 0) == (early.exit_code, result.exit_code)
    assert f"erasure letter {asked.request_id} --for subject" in early.stderr
    assert "two further months (GDPR art. 12(3)). Our reason: “Many systems.”" in " ".join(result.stdout.split())


def test_the_letter_on_access_is_that_of_a_dry_run_whose_identity_is_proven(stage: Stage) -> None:
    doubtful = stage.request(identity="doubtful", mode="dry-run")
    stage.take(doubtful)
    results = [
        stage.erasure("letter", (doubtful.key or b"").decode(), "--for", "subject"),
        stage.erasure("letter", str(stage.partial().request_id), "--for", "subject"),  # nothing beyond its certificate
        stage.erasure("letter", str(stage.partial().request_id)),
    ]
    assert [1, 1, 2] == [result.exit_code for result in results]
    assert ["until the identity is proven", "erasure certificate", "--for subject"] == [
        words for words, result in zip(("until the identity is proven", "erasure certificate", "--for subject"), results, strict=True)
        if words in result.stderr
    ]  # fmt: skip
    assert "" == "".join(result.stdout for result in results)


def test_while_the_identity_is_in_doubt_the_status_shows_the_checklist_and_no_longer_than_that(stage: Stage) -> None:
    items = 'identity_checklist = ["Photo and BSN are blacked out.", "The answer goes to the known address."]'
    stage.config.write_text(stage.config.read_text().replace("[controller]", f"[controller]\n{items}"))
    doubtful = stage.request(identity="doubtful")
    stage.take(doubtful)
    shown = stage.erasure("status", (doubtful.key or b"").decode()).stdout
    proven = stage.erasure("status", str(stage.opened().request_id)).stdout

    assert "[ ] Photo and BSN are blacked out.\n[ ] The answer goes to the known address.\nOnce it is: erasure resume " in shown
    assert "[ ]" not in proven
