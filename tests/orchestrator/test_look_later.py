"""The later look (ADR 12): what is gone is looked for once more, and nothing is touched by it."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from orchestrator.case import Status
from orchestrator.messages import CaughtUp, Claimed, Paused, Proven, Resumed
from tests.orchestrator.decide_cases import HOLD, ID, OPENED, POLICY, Played, answered, line, located
from topics.commands import Command
from topics.events import Right
from topics.orders import LiftHold, Prove
from topics.outcomes import Hold, Outcome
from topics.reports import Answered, RecordOutcome

COMPLETE, HOLDS, PARTIAL = Status.COMPLETE, Status.COMPLETE_WITH_HOLDS, Status.PARTIAL

LOOKING = replace(POLICY, look_after=timedelta(days=1))


def looked(*lines: RecordOutcome, round: int = 2, **more: Any) -> Answered:
    """The answer to a command that only looks."""
    return answered("a", *lines, round=round, **more).model_copy(update={"mode": "dry-run"})


def modes(orders: list[Command]) -> list[tuple[int, str]]:
    return [(command.round, command.mode) for command in orders]


def complete_and_looked_at() -> Played:
    """A day after x was erased, the command that only looks is out."""
    played = Played(policy=LOOKING).open("a").hear(located("a", "x"), answered("a", line("x")))
    return played.wait(days=1)


def test_a_day_after_a_complete_erasure_it_is_looked_once_more_without_touching_anything() -> None:
    played = complete_and_looked_at()
    assert [("a", 2, "dry-run", ())] == [(one.processor, one.round, one.mode, one.gone) for one in played.orders]
    assert ("closed", [COMPLETE]) == (played.the.state, played.statuses)


def test_a_later_look_that_finds_nothing_says_nothing_and_is_the_last() -> None:
    played = complete_and_looked_at().hear(looked())
    assert (1, "closed", None) == (len(played.all_issued), played.the.state, played.the.wake_at)


@pytest.mark.parametrize("there", ["x", "y"])
def test_what_a_later_look_finds_is_no_longer_called_gone_and_waits_for_a_person(there: str) -> None:
    """It is not erased by itself: the person may have become a customer again."""
    played = complete_and_looked_at().hear(looked(line(there, evidence=None)))
    assert ([COMPLETE, PARTIAL], "open", Outcome.NEEDS_PERSON) == (played.statuses, played.the.state, played.outcome("a", there))
    assert [] == played.wait(days=90).orders
    played.retry()
    assert [("a", 3, "execute")] == [(one.processor, one.round, one.mode) for one in played.orders]
    assert [COMPLETE, PARTIAL, PARTIAL, COMPLETE] == played.hear(answered("a", line("x"), line(there), round=3)).statuses


def test_a_later_look_that_fails_takes_nothing_back_and_is_made_again_until_the_due_date() -> None:
    played, looks = complete_and_looked_at(), [2]
    played.hear(looked(outcome=Outcome.FAILED))
    while played.the.wake_at is not None:
        for command in played.wait(hours=1).orders:
            looks.append(command.round)
            assert "dry-run" == command.mode
            played.hear(looked(outcome=Outcome.FAILED, round=command.round))
    assert (list(range(2, 33)), [COMPLETE], "closed") == (looks, played.statuses, played.the.state)


def test_a_later_look_that_nobody_answers_takes_nothing_back() -> None:
    played = complete_and_looked_at().wait(days=90)
    assert ([COMPLETE], "closed") == (played.statuses, played.the.state)
    assert {"dry-run"} == {command.mode for command in played.orders}


def test_a_later_look_leaves_what_the_law_keeps_and_is_told_so_once() -> None:
    kept = line("i", Outcome.HELD, kind="invoice"), line("c", Outcome.RESTRICTED, bound_to="invoice", until=HOLD.until)
    played = Played(policy=LOOKING).open("a").hear(answered("a", *kept)).wait(days=1)
    played.hear(looked(*kept))
    assert ([HOLDS], "closed") == (played.statuses, played.the.state)


def test_what_was_restricted_or_lifted_is_not_looked_at_later() -> None:
    """A newer request may have lifted or restricted it since."""
    for right, outcome in ((Right.RESTRICTION, Outcome.RESTRICTED), (Right.LIFTING, Outcome.LIFTED)):
        played = Played(policy=LOOKING).open("a", right=right).hear(answered("a", line("x", outcome)))
        assert (["complete"], None) == (played.statuses, played.the.wake_at)


def test_a_partial_certificate_starts_no_later_look() -> None:
    played = Played(policy=LOOKING).open("a").hear(answered("a", line("x", Outcome.REFUSED)))
    assert ([], [PARTIAL, PARTIAL]) == (played.wait(days=60).orders, played.statuses)


def test_a_case_that_is_paused_is_not_looked_at_until_the_identity_is_proven() -> None:
    played = Played(policy=LOOKING).open("a").hear(located("a", "x"), answered("a", line("x"))).say(Paused("Another passport.", OPENED))
    assert ([], COMPLETE) == (played.wait(days=5).orders, played.statuses[-1])
    played.say(Resumed(played.now)).wait(hours=1)
    assert ([(2, "dry-run")], [COMPLETE]) == (modes(played.orders), [ref.status for ref in played.the.certificates[:1]])


def test_a_pause_between_two_looks_takes_nothing_back() -> None:
    played = complete_and_looked_at().hear(looked(outcome=Outcome.FAILED)).say(Paused("Another passport.", OPENED))
    played.wait(days=3).say(CaughtUp(None, played.now))
    assert ([], {COMPLETE}) == (played.orders, set(played.statuses))


def test_what_turns_up_while_a_look_is_out_is_ordered_and_the_look_says_no_more() -> None:
    played = complete_and_looked_at().hear(located("a", "y"))
    assert ([(3, "execute")], [COMPLETE, PARTIAL]) == (modes(played.orders), played.statuses)
    played.hear(looked())
    assert [COMPLETE, PARTIAL] == played.statuses
    assert COMPLETE == played.hear(answered("a", line("x"), line("y"), round=3)).statuses[-1]


def test_a_hold_that_ends_while_a_look_is_out_is_carried_out_and_not_only_looked_at() -> None:
    hold = Hold(statute="s", exception="e", until=date(2026, 11, 25))
    played = Played(policy=LOOKING).open("a").hear(located("a", "i"), answered("a", line("i", Outcome.HELD, hold=hold)))
    assert [(2, "dry-run")] == modes(played.wait(days=1).orders)
    assert [(3, "execute")] == modes(played.wait(days=7).orders)


def test_a_claim_that_is_lifted_is_carried_out_though_a_look_is_out() -> None:
    played = Played(policy=LOOKING).open("a").hear(located("a", "i"), answered("a", line("i", Outcome.HELD))).wait(days=1)
    played.say(Claimed(LiftHold(request_id=ID), played.now))
    assert ([(3, "execute")], "open", None) == (modes(played.orders), played.the.state, played.the.look_at)


def test_a_retry_while_a_look_is_out_orders_nothing_anew() -> None:
    assert [] == complete_and_looked_at().retry().orders


def test_a_look_that_may_be_lost_after_a_restore_is_made_again_as_a_look() -> None:
    played = complete_and_looked_at()
    assert [(3, "dry-run")] == modes(played.say(CaughtUp(None, played.now)).orders)


@pytest.mark.parametrize("outcome", [Outcome.ERASED, Outcome.NOTHING_FOUND])
def test_what_a_person_did_or_declared_is_not_looked_at_since_no_worker_sees_it(outcome: Any) -> None:
    proof = Prove(request_id=ID, processor="a", outcome=outcome, on=date(2026, 11, 20), proof="0" * 64)
    played = Played(policy=LOOKING).open("a", "b", "c").hear(answered("a", outcome=Outcome.NEEDS_PERSON, reason="By hand."))
    played.say(Proven(proof, played.now)).hear(answered("b", outcome=Outcome.NOT_APPLICABLE, reason="Nothing is held."), answered("c"))
    assert ["c"] == [command.processor for command in played.wait(days=1).orders]


def test_a_look_is_made_anew_after_each_erasure_that_is_complete() -> None:
    played = complete_and_looked_at().hear(looked(line("x", evidence=None))).retry().hear(answered("a", line("x"), round=3))
    assert [(4, "dry-run")] == modes(played.wait(days=1).orders)
