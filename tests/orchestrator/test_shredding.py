"""A case that ended loses its key; what must go on without it does, and what comes late is counted."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from orchestrator.case import Decision, Status
from orchestrator.messages import Claimed, Decided, Ended, KeyGone, Met, Proven, Retried
from orchestrator.officer import why_not
from tests.orchestrator.decide_cases import ID, OPENED, POLICY, Played, answered, line, located, sealed
from tests.orchestrator.test_look_later import looked
from topics.events import Right
from topics.keyring import case_key, hold_key
from topics.orders import LiftHold, PlaceHold, Prove, Retry
from topics.outcomes import Hold, Outcome

DAY = timedelta(days=1)
SHREDDING = replace(POLICY, look_after=DAY, shred_after=DAY)
CASE, HOLD_KEY = case_key(ID), hold_key(ID)
HELD = line("i", Outcome.HELD, kind="invoice", sealed=sealed("ref"), hold=Hold(statute="s", exception="e", until=date(2027, 3, 1)))


def erased() -> Played:
    """Complete, looked at once more a day later, and so shredded."""
    played = Played(policy=SHREDDING).open("a").hear(located("a", "x"), answered("a", line("x"))).wait(days=1)
    return played.hear(looked())


def kept() -> Played:
    """Shredded too, with an invoice that is held."""
    played = Played(policy=SHREDDING).open("a").hear(located("a", "x", "i"), answered("a", line("x"), HELD)).wait(days=1)
    return played.hear(looked(HELD))


def ended() -> Played:
    """The hold is over, and what was held was erased by its reference."""
    played = kept().wait(days=101)
    return played.hear(answered("a", line("i", kind="invoice"), round=played.orders[-1].round))


def test_a_day_after_it_ended_and_was_looked_at_a_case_is_without_the_person() -> None:
    played = erased()
    assert ([CASE, HOLD_KEY], None, "closed") == (played.destroyed, played.the.subject, played.the.state)
    assert () == played.the.processors[0].known
    assert (played.now, played.now, None) == (played.the.shredded_at, played.the.forgotten_at, played.the.wake_at)


def test_the_key_stays_until_the_later_look_is_answered_and_no_longer_than_the_day_on_the_certificate() -> None:
    played = Played(policy=SHREDDING).open("a").hear(located("a", "x"), answered("a", line("x")))
    promised = played.the.key_until(POLICY.zone)
    played.wait(days=20)
    assert ([], date(2026, 12, 22)) == (played.destroyed, promised)
    played.wait(days=11, hours=14, minutes=46)  # the last minute before that day
    assert [] == played.destroyed
    assert [CASE, HOLD_KEY] == played.wait(minutes=1).destroyed
    assert promised == played.now.astimezone(POLICY.zone).date()


def test_a_partial_case_keeps_its_key() -> None:
    played = Played(policy=SHREDDING).open("a", "b").hear(answered("a", line("x", Outcome.FAILED)), answered("b", line("y")))
    assert ([], None) == (played.wait(days=400).destroyed, played.the.key_until(POLICY.zone))


@pytest.mark.parametrize("word", ["refuse", "refer"])
def test_what_is_refused_or_referred_is_shredded_too(word: str) -> None:
    decision = Decision(decision=word, reason="No.", at=OPENED)
    played = Played(policy=SHREDDING).open("a").hear(answered("a", outcome=Outcome.FAILED)).say(Decided(decision, None, OPENED))
    assert [CASE, HOLD_KEY] == played.wait(days=1).destroyed


def test_a_dry_run_is_shredded_a_day_after_its_plan() -> None:
    played = Played(policy=SHREDDING).open("a", mode="dry-run").hear(answered("a", line("x")).model_copy(update={"mode": "dry-run"}))
    assert [] == played.wait(hours=23).destroyed
    assert [CASE, HOLD_KEY] == played.wait(hours=1).destroyed
    assert ([], None) == (played.wait(days=4000).orders, played.the.wake_at)


def test_a_withdrawal_of_consent_is_shredded_without_a_later_look() -> None:
    played = Played(policy=SHREDDING).open("a", right=Right.WITHDRAWAL).hear(answered("a", line("x")))
    assert [CASE, HOLD_KEY] == played.wait(days=1).destroyed


def test_what_the_law_keeps_is_erased_by_its_reference_when_the_person_is_long_forgotten() -> None:
    played = kept()
    assert ([CASE], None) == (played.destroyed, played.the.forgotten_at)
    played.wait(days=101)
    (command,) = played.orders
    assert (None, (), {"i".ljust(22, "_"): sealed("ref")}) == (command.subject, command.known, command.held)


def test_the_hold_key_goes_a_day_after_the_last_record_that_was_held() -> None:
    played = ended()
    assert ([Status.COMPLETE_WITH_HOLDS, Status.PARTIAL, Status.COMPLETE], [CASE]) == (played.statuses, played.destroyed)
    assert ([CASE, HOLD_KEY], []) == (played.wait(days=1).destroyed, played.orders)
    assert None is played.the.wake_at


def test_what_could_not_be_erased_at_the_end_of_a_hold_keeps_its_reference_and_is_tried_again() -> None:
    played = kept().wait(days=101)
    for outcome in (Outcome.FAILED, Outcome.ACCEPTED):
        round = played.orders[-1].round
        played.hear(answered("a", line("i", outcome, kind="invoice", evidence=None), round=round)).wait(days=1)
        assert sealed("ref") in played.orders[-1].held.values()
    assert [CASE] == played.destroyed


def test_a_processor_without_references_is_not_asked_when_a_hold_of_another_ends() -> None:
    played = Played(policy=SHREDDING).open("a", "b").hear(answered("a", HELD), answered("b", line("x"))).wait(days=1)
    played.hear(looked(HELD), looked().model_copy(update={"processor": "b"}))
    assert {"a"} == {command.processor for command in played.wait(days=101).orders}


def test_a_record_that_goes_by_itself_and_cannot_be_found_without_the_person_keeps_the_key_until_then() -> None:
    gone_by = line("v", Outcome.EXPIRING, kind="visit", until=date(2027, 2, 1), evidence=None)
    played = Played(policy=SHREDDING).open("a").hear(answered("a", gone_by)).wait(days=1).hear(looked(gone_by)).wait(days=60)
    assert ([], date(2027, 2, 4)) == (played.destroyed, played.the.key_until(POLICY.zone))


def test_a_late_report_that_says_nothing_new_changes_nothing_but_the_count() -> None:
    played, issued = erased(), 1
    before = played.the
    played.hear(located("a", "x"), answered("a", line("x")), answered("a", outcome=Outcome.NEEDS_PERSON, round=2), looked())
    assert before.model_copy(update={"late": 4}) == played.the
    assert issued == len(played.all_issued)


def test_a_record_that_is_only_heard_of_late_is_said_on_a_new_certificate_and_waits_for_a_person() -> None:
    """The certificate that was complete says too much: that is never left standing, and never silently mended."""
    played = erased().hear(located("a", "y"))
    assert ([Status.COMPLETE, Status.PARTIAL], 1, []) == (played.statuses, played.the.late, played.orders)
    assert [] == played.wait(days=90).orders
    task = Prove(request_id=ID, processor="a", outcome=Outcome.ERASED, on=date(2026, 12, 1), proof="0" * 64)
    assert Status.COMPLETE is played.say(Proven(task, played.now)).statuses[-1]


def test_a_retry_of_a_shredded_case_orders_nothing() -> None:
    played = erased().say(Retried(None, OPENED + 5 * DAY))
    assert ([], [Status.COMPLETE]) == (played.orders, played.statuses)


ORDERS = [Retry(request_id=ID), LiftHold(request_id=ID), PlaceHold(request_id=ID, reason="A claim.", until=date(2030, 1, 1))]


@pytest.mark.parametrize("order", ORDERS)
def test_an_officer_is_told_that_nobody_can_be_asked_about_the_person_any_more(order: Retry) -> None:
    assert "key is destroyed" in (why_not(order, erased().the, OPENED + 9 * DAY) or "")
    assert None is why_not(order, kept().the, OPENED + 9 * DAY)


def test_a_restriction_in_force_outlives_its_key_until_it_is_lifted() -> None:
    played = (
        Played(policy=SHREDDING).open("a", right=Right.RESTRICTION, ground="18(1)(b)").hear(answered("a", line("x", Outcome.RESTRICTED)))
    )
    played.wait(days=400)
    assert ([CASE], None, True) == (played.destroyed, played.the.forgotten_at, played.the.protects)
    played.say(Met(Ended(by=ID), played.now))
    assert ([CASE, HOLD_KEY], played.now) == (played.destroyed, played.the.forgotten_at)


@pytest.mark.parametrize(("word", "protects"), [("uphold", True), ("reject", True), ("refuse", False)])
def test_an_objection_that_was_decided_outlives_its_key(word: str, protects: bool) -> None:
    played = Played(policy=SHREDDING).open("a", right=Right.OBJECTION).hear(answered("a", line("x", Outcome.RESTRICTED)))
    played.say(Decided(Decision(decision=word, reason="So.", at=OPENED), None, OPENED)).wait(hours=1)
    if played.the.state == "open":
        outcome = Outcome.ERASED if word == "uphold" else Outcome.LIFTED
        played.hear(answered("a", line("x", outcome), round=2))
    assert protects == (None is played.wait(days=2).the.forgotten_at)
    assert CASE in played.destroyed


def test_a_case_with_a_legal_claim_outlives_its_key_as_long_as_the_claim_stands() -> None:
    claim = PlaceHold(request_id=ID, reason="A claim.", until=date(2030, 1, 1))
    played = Played(policy=SHREDDING).open("a").hear(located("a", "x"), answered("a", line("x"))).say(Claimed(claim, OPENED))
    played.wait(days=2).hear(looked())
    assert ([CASE], True) == (played.destroyed, played.the.protects)
    played.say(Claimed(LiftHold(request_id=ID), played.now))
    assert [CASE, HOLD_KEY] == played.wait(days=2).destroyed


def test_a_restored_ledger_learns_from_the_keyring_that_a_case_is_closed() -> None:
    played = Played(policy=SHREDDING).open("a").hear(located("a", "x", "i"), answered("a", line("x"), HELD)).wait(days=1)
    played.say(KeyGone(played.now))
    assert ("closed", [CASE], None, False) == (played.the.state, played.destroyed, played.the.subject, played.the.processors[0].in_flight)
    assert 1 == len(played.wait(days=101).orders)


def test_without_a_rule_nothing_is_destroyed() -> None:
    assert [] == Played().open("a").hear(answered("a", line("x"))).wait(days=400).destroyed
