"""What stands between a request and its first destructive order (ADR 21): what is asked, of whom, and what nothing gets past."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.case import UNAPPROVED, Case, Decision, Status, Why
from orchestrator.messages import Approved, Decided, Paused, Proven, Requested, Resumed
from orchestrator.officer import why_not
from orchestrator.policy import Guards
from tests.orchestrator.decide_cases import ID, OPENED, POLICY, Played, answered, line, located, opened, rounds
from topics.events import Right
from topics.notices import About
from topics.orders import Approve, Prove
from topics.outcomes import Outcome
from topics.reports import Answered

ANNA, BERT = "a" * 22, "b" * 22


def guarded(*names: str, crowded: bool = False, case: dict[str, Any] | None = None, **guards: Any) -> Played:
    """A case that was opened where that is guarded."""
    from orchestrator.guards import at_opening

    policy = Guards(**guards)
    new = opened(*names, **(case or {}))
    guard = at_opening(new, policy, lambda: 10**6 if crowded else 0)
    played = Played(policy=POLICY.__class__(**{**POLICY.__dict__, "guards": policy}))
    return played.say(Requested(new.model_copy(update={"guard": guard}), OPENED))


def planned(name: str, *lines: Any, round: int = 1, **more: Any) -> Answered:
    return answered(name, *lines, round=round, **more).model_copy(update={"mode": "dry-run"})


def modes(played: Played) -> list[tuple[str, str]]:
    return [(command.processor, command.mode) for command in played.orders]


def why(case: Case) -> tuple[Why, ...]:
    assert case.guard is not None
    return case.guard.why


def approve(played: Played, by: str = ANNA) -> Played:
    """As it would be checked on arrival."""
    assert played.the.guard is not None
    order = Approve(request_id=ID, plan=played.the.guard.plan, by=by)
    assert why_not(order, played.the, OPENED) is None
    return played.say(Approved(played.the.guard.plan, by, played.now))


def test_without_a_guard_everything_is_ordered_at_once() -> None:
    assert [("a", "execute")] == modes(guarded("a"))


@pytest.mark.parametrize(("right", "mode"), [(Right.RESTRICTION, "execute"), (Right.LIFTING, "execute"), (Right.ERASURE, "dry-run")])
def test_what_destroys_nothing_is_not_planned(right: Right, mode: str) -> None:
    assert guarded("a", case={"right": right, "mode": mode}, plan_first=True).the.guard is None


def test_with_plan_first_every_processor_only_looks_and_the_officer_is_asked_once_all_have() -> None:
    played = guarded("a", "b", plan_first=True)
    assert [("a", "dry-run"), ("b", "dry-run")] == modes(played)
    played.hear(planned("a", line("x"), line("i", Outcome.HELD, kind="invoice")))
    assert (False, []) == (played.the.unapproved, played.orders)
    played.hear(planned("b"))
    assert (True, [], (Why.PLAN_FIRST,)) == (played.the.unapproved, played.orders, why(played.the))
    assert {UNAPPROVED} == {processor.reason for processor in played.the.processors}


def test_the_officer_is_told_that_a_decision_is_needed() -> None:
    from orchestrator.decide import decide
    from orchestrator.messages import Reported, Tell

    played = guarded("a", plan_first=True)
    _, effects = decide(played.the, Reported(planned("a"), OPENED), played.policy)
    assert [About.DECISION_NEEDED] == [effect.notice.about for effect in effects if isinstance(effect, Tell)]


def test_an_approved_plan_is_carried_out() -> None:
    played = approve(guarded("a", "b", plan_first=True).hear(planned("a", line("x")), planned("b")))
    assert ([("a", "execute"), ("b", "execute")], [("a", 2), ("b", 2)]) == (modes(played), rounds(played.orders))
    played.hear(located("a", "x", round=2), answered("a", line("x"), round=2), answered("b", round=2))
    assert ([Status.COMPLETE], "closed") == (played.statuses, played.the.state)


def test_what_was_planned_is_on_the_case_and_counts_as_no_record() -> None:
    played = guarded("a", plan_first=True).hear(planned("a", line("x"), line("y"), line("i", Outcome.HELD, kind="invoice")))
    (processor,) = played.the.processors
    assert processor.plan is not None
    assert [("contact", "erased", 2), ("invoice", "held", 1)] == [(one.kind, one.outcome, one.count) for one in processor.plan.lines]
    assert {} == processor.records


def test_a_few_records_pass_by_themselves_and_one_more_than_allowed_needs_two_persons() -> None:
    few = guarded("a", records_per_case=2).hear(planned("a", line("x"), line("y")))
    assert [("a", "execute")] == modes(few)
    many = guarded("a", "b", records_per_case=2).hear(planned("a", line("x"), line("y")), planned("b", line("z")))
    assert ((Why.MANY_RECORDS,), []) == (why(many.the), many.orders)
    assert [] == approve(many).orders
    assert [("a", "execute"), ("b", "execute")] == modes(approve(many, BERT))


def test_the_same_person_is_no_second_person() -> None:
    many = approve(guarded("a", records_per_case=1).hear(planned("a", line("x"), line("y"))))
    assert many.the.guard is not None
    again = Approve(request_id=ID, plan=many.the.guard.plan, by=ANNA)
    assert "The same person approved it already: a second must." == why_not(again, many.the, OPENED)
    assert [] == many.say(Approved(many.the.guard.plan, ANNA, OPENED)).orders, "nor where the message slips through"


def test_more_cases_within_an_hour_than_allowed_need_two_persons() -> None:
    assert [("a", "execute")] == modes(guarded("a", cases_per_hour=5))
    played = guarded("a", cases_per_hour=5, crowded=True).hear(planned("a", line("x")))
    assert ((Why.MANY_CASES,), []) == (why(played.the), approve(played).orders)
    assert [("a", "execute")] == modes(approve(played, BERT))


def test_an_unpaid_invoice_or_a_running_contract_asks_first() -> None:
    settled = guarded("a", ask_when_open=True).hear(planned("a", line("i", Outcome.HELD, kind="invoice")))
    unpaid = guarded("a", ask_when_open=True).hear(planned("a", line("i", Outcome.HELD, kind="invoice", open=True)))
    running = guarded("a", case={"contract_ended_on": date(2026, 11, 20)}, ask_when_open=True).hear(planned("a"))
    over = guarded("a", case={"contract_ended_on": date(2026, 11, 19)}, ask_when_open=True).hear(planned("a"))
    assert [("a", "execute")] == modes(settled) == modes(over)
    assert ((Why.SOMETHING_OPEN,), (Why.SOMETHING_OPEN,)) == (why(unpaid.the), why(running.the))
    assert [("a", "execute")] == modes(approve(unpaid))


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.DEFERRED, Outcome.REFUSED])
def test_who_could_not_look_may_hold_anything_and_is_asked_about(outcome: Outcome) -> None:
    played = guarded("a", records_per_case=9).hear(planned("a", outcome=outcome, reason="The vendor is away."))
    assert ((Why.NOT_LOOKED,), True) == (why(played.the), played.the.unapproved)


@pytest.mark.parametrize("outcome", [Outcome.NEEDS_PERSON, Outcome.NEEDS_IDENTIFIER, Outcome.NOT_APPLICABLE])
def test_where_a_person_does_it_or_nothing_is_held_nothing_is_asked(outcome: Outcome) -> None:
    assert [("a", "execute")] == modes(guarded("a", records_per_case=9).hear(planned("a", outcome=outcome, reason="By hand.")))


def test_a_silent_processor_is_waited_for_as_long_as_a_certificate_and_then_the_officer_is_asked() -> None:
    played = guarded("a", "b", records_per_case=9).hear(planned("a", line("x"))).wait(minutes=14, seconds=59)
    assert not played.the.unapproved
    played.wait(seconds=1)
    assert ((Why.NOT_LOOKED,), []) == (why(played.the), played.orders)
    assert [("a", "execute"), ("b", "execute")] == modes(approve(played))


def test_what_a_silent_processor_plans_after_the_approval_is_not_heard() -> None:
    played = approve(guarded("a", "b", plan_first=True).hear(planned("a")).wait(minutes=15))
    before = played.the
    assert before == played.hear(planned("b", line("x"))).the


def test_a_plan_that_was_made_anew_cannot_be_approved_by_who_saw_the_old_one() -> None:
    played = guarded("a", plan_first=True).hear(planned("a", line("x")))
    assert played.the.guard is not None
    seen = Approve(request_id=ID, plan=played.the.guard.plan, by=ANNA)
    played.retry()
    assert ([("a", "dry-run")], "The request waits for no approval.") == (modes(played), why_not(seen, played.the, OPENED))
    played.hear(planned("a", line("x"), line("y"), round=2))
    assert "The plan was made anew since it was looked at: look again, and approve that." == why_not(seen, played.the, OPENED)


def test_a_retry_of_one_processor_makes_the_whole_plan_anew() -> None:
    played = guarded("a", "b", plan_first=True).hear(planned("a"), planned("b")).retry("a")
    assert [("a", "dry-run"), ("b", "dry-run")] == modes(played)


def test_an_unapproved_plan_gets_a_partial_certificate_and_a_refusal_ends_it() -> None:
    played = guarded("a", plan_first=True).hear(planned("a", line("x"))).wait(minutes=20)
    assert ([Status.PARTIAL], Outcome.NEEDS_PERSON) == (played.statuses, played.the.processors[0].outcome)
    played.say(Decided(Decision(decision="refuse", reason="Unfounded.", at=played.now), None, played.now))
    assert ("closed", []) == (played.the.state, played.orders)


def test_what_waits_for_proof_of_identity_is_planned_after_it_and_asked_after_that() -> None:
    played = guarded("a", plan_first=True)
    played.say(Paused("The address was hijacked.", OPENED)).hear(planned("a", line("x")))
    assert ("asked", []) == (played.the.guard and played.the.guard.state, played.orders)
    assert "It waits until the identity is proven: The address was hijacked." == played.the.processors[0].reason
    assert UNAPPROVED == played.say(Resumed(OPENED)).the.processors[0].reason
    assert [("a", "execute")] == modes(approve(played))


def test_what_a_person_did_meanwhile_is_not_ordered_again() -> None:
    played = guarded("a", "b", plan_first=True).hear(planned("a"), planned("b", outcome=Outcome.NEEDS_PERSON, reason="By hand."))
    played.say(Proven(Prove(request_id=ID, processor="b", outcome=Outcome.ERASED, on=OPENED.date(), proof="0" * 64), OPENED))
    assert [("a", "execute")] == modes(approve(played))


def test_an_objection_restricts_at_once_and_is_planned_when_it_is_upheld() -> None:
    played = guarded("a", case={"right": Right.OBJECTION}, plan_first=True)
    assert [("restrict", "execute")] == [(command.action, command.mode) for command in played.orders]
    played.hear(located("a", "x"), answered("a", line("x", Outcome.RESTRICTED)))
    played.say(Decided(Decision(decision="uphold", reason="It outweighs.", at=played.now), None, played.now))
    assert [("erase", "dry-run")] == [(command.action, command.mode) for command in played.orders]
    played.hear(planned("a", line("x"), round=2))
    assert [("erase", "execute")] == [(command.action, command.mode) for command in approve(played).orders]


def test_what_was_approved_once_is_not_asked_again_when_a_hold_ends() -> None:
    played = approve(guarded("a", plan_first=True).hear(planned("a", line("i", Outcome.HELD, kind="invoice"))))
    played.hear(answered("a", line("i", Outcome.HELD, kind="invoice", sealed="e30..AAAA.AAAA.AAAA"), round=2))
    assert ("execute", 3) == next((one.mode, one.round) for one in played.wait(days=366 * 8).orders if one.mode == "execute")


STEPS = st.lists(
    st.sampled_from(["a", "b", "a fails", "anna", "bert", "retry", "20 minutes", "8 days", "pause", "resume", "erased"]), max_size=14
)


@given(STEPS, st.booleans(), st.booleans())
def test_nothing_destructive_is_ever_ordered_before_the_guard_is_passed(story: list[str], plan_first: bool, crowded: bool) -> None:
    played = guarded("a", "b", plan_first=plan_first, records_per_case=1, cases_per_hour=1, crowded=crowded)
    persons: set[str] = set()
    for step in story:
        guard = played.the.guard
        assert guard is not None
        round = {p.name: p.round for p in played.the.processors}
        match step:
            case "a" | "b":
                played.hear(planned(step, line("x"), line("y"), round=round[step]))
            case "a fails":
                played.hear(planned("a", outcome=Outcome.FAILED, reason="Away.", round=round["a"]))
            case "erased":
                played.hear(answered("a", line("x"), round=round["a"]))
            case "anna" | "bert":
                by = {"anna": ANNA, "bert": BERT}[step]
                if why_not(Approve(request_id=ID, plan=guard.plan or "0" * 64, by=by), played.the, OPENED) is None:
                    persons.add(by)
                    played.say(Approved(played.the.guard.plan, by, played.now))
            case "retry":
                persons = set() if played.the.unapproved else persons
                played.retry()
            case "pause" if not played.the.paused:
                played.say(Paused("Doubt.", played.now))
            case "resume" if played.the.paused:
                played.say(Resumed(played.now))
            case "20 minutes":
                played.wait(minutes=20)
            case "8 days":
                played.wait(days=8)
        if any(command.mode == "execute" for command in played.orders):
            assert played.the.guard is not None
            assert played.the.guard.state == "passed"
            needed = 2 if {Why.MANY_RECORDS, Why.MANY_CASES} & set(why(played.the)) else 1 if why(played.the) else 0
            assert len(persons) >= needed
