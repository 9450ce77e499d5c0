"""Every rule of contract.md, "The certificate", by name."""

from datetime import UTC, date, datetime, timedelta

import pytest

from orchestrator.case import Case, PlacedClaim, Status
from orchestrator.decide import decide
from orchestrator.messages import Message, Paused, Recall, Requested, Retried, TimePassed
from tests.orchestrator.decide_cases import HOLD, OPENED, POLICY, Played, answered, digest, line, located, opened, rounds, sealed
from topics.commands import Claim
from topics.outcomes import Evidence, Hold, Outcome

COMPLETE, HOLDS, PARTIAL = Status.COMPLETE, Status.COMPLETE_WITH_HOLDS, Status.PARTIAL
DUE = datetime(2026, 12, 20, 23, 0, tzinfo=UTC)
"""The due date begins in Amsterdam."""


def failed(name: str = "a", round: int = 1) -> Played:
    """A case at one processor where a record failed."""
    return Played().open(name).hear(located(name, "x"), answered(name, line("x", Outcome.FAILED), round=round))


def test_a_request_orders_one_command_per_processor() -> None:
    played = Played().open("a", "b")
    assert [("a", 1), ("b", 1)] == rounds(played.orders)
    assert ["erase", "erase"] == [command.action for command in played.orders]


def test_only_a_request_opens_a_case() -> None:
    with pytest.raises(ValueError, match="only a request"):
        decide(None, TimePassed(OPENED), POLICY)


def test_a_complete_certificate_is_issued_at_once_and_closes_the_case() -> None:
    played = Played().open("a", "b").hear(located("a", "x"), answered("a", line("x")))
    assert [] == played.all_issued
    played.hear(answered("b"))
    assert ([COMPLETE], "closed", None) == (played.statuses, played.the.state, played.the.wake_at)


def test_holds_with_an_end_date_are_complete_with_holds_at_once() -> None:
    bound = line("c", Outcome.RESTRICTED, bound_to="invoice", until=HOLD.until)
    played = Played().open("a").hear(answered("a", line("i", Outcome.HELD, kind="invoice"), bound))
    assert ([HOLDS], "closed") == (played.statuses, played.the.state)


def test_when_all_answered_a_partial_one_waits_partial_after_and_no_longer() -> None:
    played = failed()
    assert [] == played.wait(minutes=14, seconds=59).all_issued
    assert [PARTIAL] == [ref.status for ref in played.wait(seconds=1).issued]
    assert "open" == played.the.state


def test_the_wait_begins_with_the_last_answer() -> None:
    played = Played().open("a", "b").hear(answered("a", line("x", Outcome.FAILED))).wait(hours=5)
    played.hear(answered("b"))
    assert [] == played.wait(minutes=14).all_issued
    assert [PARTIAL] == played.wait(minutes=1).statuses


def test_a_silent_processor_makes_it_partial_on_the_due_date_and_not_before() -> None:
    played = Played().open("a", "b").hear(answered("a"))
    played.wait(seconds=(DUE - played.now).total_seconds() - 1)
    assert [] == played.all_issued
    assert [PARTIAL] == played.wait(seconds=1).statuses
    assert "open" == played.the.state


def test_a_request_that_comes_after_its_due_date_still_gives_its_processors_a_while() -> None:
    played = Played().open("a", received_at=OPENED - timedelta(days=60), due_by=date(2026, 10, 21))
    assert [] == played.wait(minutes=14).all_issued
    assert [PARTIAL] == played.wait(minutes=1).statuses


def test_a_command_that_aged_out_is_ordered_again() -> None:
    played = Played().open("a")
    assert [] == played.wait(days=5, hours=23).orders
    assert [("a", 2)] == rounds(played.wait(hours=1).orders)


def test_every_change_brings_a_new_revision() -> None:
    played = Played().open("a").hear(answered("a", line("x", Outcome.FAILED), line("y", Outcome.FAILED))).wait(minutes=15).wait(days=1)
    played.hear(answered("a", line("x"), line("y", Outcome.FAILED), round=2))
    played.wait(days=1).hear(answered("a", line("y"), round=3))
    assert [(1, PARTIAL), (2, PARTIAL), (3, COMPLETE)] == [(ref.revision, ref.status) for ref in played.all_issued]


def test_an_answer_that_changes_nothing_brings_no_new_revision() -> None:
    played = failed().wait(minutes=15)
    for round in range(2, 6):
        assert [("a", round)] == rounds(played.wait(days=1).orders)
        assert [] == played.hear(answered("a", line("x", Outcome.FAILED), round=round)).issued
    assert [PARTIAL] == played.statuses


def test_what_failed_is_tried_daily_until_the_due_date_and_then_by_a_person() -> None:
    played, tries = failed(), []
    while played.the.wake_at is not None:
        for command in played.wait(hours=1).orders:
            tries.append(command.round)
            played.hear(answered("a", line("x", Outcome.FAILED), round=command.round))
    assert list(range(2, 33)) == tries
    assert date(2026, 12, 21) == played.now.date()
    assert [("a", 33)] == rounds(played.wait(days=9).retry().orders)


def test_what_is_deferred_is_ordered_at_its_time_also_after_the_due_date() -> None:
    played = Played().open("a", due_by=date(2026, 11, 20))
    played.hear(answered("a", outcome=Outcome.DEFERRED, again_at=OPENED + timedelta(hours=5)))
    assert [] == played.wait(hours=4, minutes=59).orders
    assert [("a", 2)] == rounds(played.wait(minutes=1).orders)


def test_a_vendor_that_asks_to_wait_for_ever_is_asked_again_after_a_month() -> None:
    never = datetime(9999, 12, 31, 23, 59, tzinfo=UTC)
    played = Played().open("a").hear(answered("a", outcome=Outcome.DEFERRED, again_at=never))
    assert [("a", 2)] == rounds(played.wait(days=31).orders)


def test_what_was_accepted_is_looked_at_on_its_date() -> None:
    played = Played().open("a").hear(answered("a", line("x", Outcome.ACCEPTED, until=date(2026, 12, 1))))
    played.wait(minutes=15)
    assert ([PARTIAL], []) == (played.statuses, played.wait(days=10).orders)
    assert [("a", 2)] == rounds(played.wait(days=1).orders)


def test_what_was_accepted_beside_a_failure_is_still_looked_at_after_the_due_date() -> None:
    played = Played().open("a", due_by=date(2026, 11, 20))
    lines = line("x", Outcome.ACCEPTED, until=date(2026, 12, 1)), line("y", Outcome.FAILED)
    played.hear(answered("a", *lines))
    assert [("a", 2)] == rounds(played.wait(days=1).orders)


@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.NEEDS_PERSON, Outcome.NEEDS_IDENTIFIER])
def test_what_waits_for_a_person_is_not_ordered_by_itself(outcome: Outcome) -> None:
    played = Played().open("a").hear(answered("a", line("x", outcome)))
    assert ([], [PARTIAL, PARTIAL], None) == (played.wait(days=60).orders, played.statuses, played.the.wake_at)


def test_a_retry_orders_only_what_is_not_settled() -> None:
    played = Played().open("a", "b", "c").hear(answered("a"), answered("b", line("x", Outcome.FAILED)))
    assert [("b", 2), ("c", 2)] == rounds(played.retry().orders)
    assert [("b", 3)] == rounds(played.retry("b").orders)
    assert [] == played.retry("a").orders


def test_the_earliest_receipt_stands_and_moves_the_due_date() -> None:
    played = failed().wait(minutes=15)
    played.again(OPENED - timedelta(days=2))
    assert (OPENED - timedelta(days=2), date(2026, 12, 18)) == (played.the.received_at, played.the.due_by)
    assert [2] == [ref.revision for ref in played.issued]
    assert [] == played.again(OPENED).issued
    assert date(2026, 12, 18) == played.the.due_by


def test_a_late_report_of_an_older_round_adds_what_it_found_and_overrides_nothing() -> None:
    played = Played().open("a").retry().hear(answered("a", line("x", Outcome.FAILED), round=2))
    played.hear(answered("a", line("x"), line("y", Outcome.FAILED)))
    assert (Outcome.FAILED, Outcome.FAILED) == (played.outcome("a", "x"), played.outcome("a", "y"))
    assert 2 == played.the.processors[0].round


def test_what_only_a_late_report_says_of_a_located_record_is_believed() -> None:
    played = Played().open("a").retry().hear(located("a", "x"), answered("a", line("x")))
    assert Outcome.ERASED is played.outcome("a", "x")
    assert ([], True) == (played.all_issued, played.the.processors[0].in_flight)


def test_a_late_report_that_reopens_a_closed_case_is_certified_and_tried_again() -> None:
    played = Played().open("a").retry().hear(answered("a", round=2))
    assert [COMPLETE] == played.statuses
    played.hear(answered("a", line("y", Outcome.FAILED)))
    assert ([COMPLETE, PARTIAL], "open") == (played.statuses, played.the.state)
    assert [("a", 3)] == rounds(played.wait(days=1).orders)


def test_a_crash_between_located_and_answered_leads_to_a_look_by_reference() -> None:
    played = Played().open("a").hear(located("a", "x"), answered("a"))
    assert [("a", 2)] == rounds(played.orders)
    assert [(sealed("a-1-x"),)] == [command.known for command in played.orders]
    assert [] == played.all_issued
    assert [COMPLETE] == played.hear(answered("a", line("x"), round=2)).statuses


def test_a_record_that_is_never_accounted_for_is_never_called_gone() -> None:
    played = Played().open("a").hear(located("a", "x"), answered("a"), answered("a", round=2))
    assert [PARTIAL] == played.wait(minutes=15).statuses
    assert [("a", 3)] == rounds(played.wait(days=1).orders)


def test_what_is_located_after_the_answer_is_looked_for_at_once_and_reopens_the_case() -> None:
    played = Played().open("a").hear(answered("a"))
    assert "closed" == played.the.state
    played.hear(located("a", "x"))
    assert ([("a", 2)], "open") == (rounds(played.orders), played.the.state)
    assert [COMPLETE, PARTIAL] == played.hear(answered("a", line("x"))).statuses, "the answer to the new order is awaited"
    played.hear(answered("a", line("x"), round=2))
    assert ([COMPLETE, PARTIAL, COMPLETE], "closed") == (played.statuses, played.the.state)


def test_what_is_located_again_counts_once_and_orders_nothing() -> None:
    played = Played().open("a").hear(located("a", "x"), answered("a", line("x", Outcome.HELD)))
    assert [] == played.hear(located("a", "x", round=1), located("a", "x", round=2)).orders
    assert (1, "closed") == (len(played.the.processors[0].records), played.the.state)


def test_counts_never_shrink() -> None:
    played = Played().open("a").hear(answered("a", line("x"), line("y", Outcome.FAILED))).wait(days=1)
    played.hear(answered("a", line("y"), round=2))
    assert {digest("x"), digest("y")} == set(played.the.processors[0].records)


def test_a_hold_never_gets_shorter_and_may_get_longer() -> None:
    shorter, longer = (Hold(statute="s", exception="e", until=date(year, 12, 31)) for year in (2030, 2036))
    played = Played().open("a").hear(answered("a", line("x", Outcome.HELD)))
    played.hear(answered("a", line("x", Outcome.HELD, hold=shorter), round=2))
    assert HOLD == played.the.processors[0].records[digest("x")].hold
    played.hear(answered("a", line("x", Outcome.HELD, hold=longer), round=3))
    assert longer == played.the.processors[0].records[digest("x")].hold


def test_a_failure_in_between_does_not_shorten_a_hold() -> None:
    shorter = Hold(statute="s", exception="e", until=date(2030, 12, 31))
    played = Played().open("a").hear(answered("a", line("x", Outcome.HELD)), answered("a", line("x", Outcome.FAILED), round=2))
    played.hear(answered("a", line("x", Outcome.HELD, hold=shorter), round=3))
    assert HOLD == played.the.processors[0].records[digest("x")].hold


def test_what_hangs_from_a_held_record_is_not_let_go_earlier_than_it_was_said() -> None:
    def bound(until: date, round: int) -> Played:
        return played.hear(answered("a", line("x", Outcome.RESTRICTED, bound_to="invoice", until=until), round=round))

    played = Played().open("a")
    bound(date(2033, 12, 31), 1)
    bound(date(2030, 12, 31), 2)
    assert date(2033, 12, 31) == played.the.processors[0].records[digest("x")].until


def test_a_dry_run_ends_in_a_plan_and_never_certifies() -> None:
    played = Played().open("a", "b", mode="dry-run").hear(answered("a", line("x", Outcome.ERASED, evidence=None)))
    played.hear(answered("b", outcome=Outcome.FAILED))
    assert ([], "closed", None) == (played.all_issued, played.the.state, played.the.wake_at)
    assert [] == played.wait(days=90).orders


def test_a_dry_run_whose_command_aged_out_is_ordered_again_and_still_never_certifies() -> None:
    played = Played().open("a", mode="dry-run")
    assert [("a", 2)] == rounds(played.wait(days=6).orders)
    assert [] == played.wait(days=60).all_issued


def test_a_processor_that_is_not_of_the_case_changes_nothing() -> None:
    played = Played().open("a")
    before = played.the
    assert before == played.hear(located("z", "x"), answered("z")).the


def test_a_request_that_is_told_twice_changes_nothing() -> None:
    played = Played().open("a").hear(answered("a"))
    before = played.the
    assert (before, []) == (played.say(Requested(opened("a"), OPENED)).the, played.issued)


def test_a_yes_without_a_second_look_is_not_complete() -> None:
    played = Played().open("a").hear(answered("a", line("x", Outcome.ERASED, evidence="executed")))
    assert [PARTIAL, PARTIAL] == played.wait(days=60).statuses


def test_what_is_called_erased_without_a_second_look_is_ordered_again_daily_and_by_a_person() -> None:
    played = Played().open("a").hear(answered("a", line("x", Outcome.ERASED, evidence="executed")))
    assert [("a", 2)] == rounds(played.retry().orders)
    played.hear(answered("a", line("x", Outcome.ERASED, evidence="executed"), round=2))
    assert [("a", 3)] == rounds(played.wait(days=1).orders)
    assert [Status.COMPLETE] == played.hear(answered("a", line("x"), round=3)).statuses[-1:]


def test_what_is_held_and_names_no_law_is_ordered_again() -> None:
    played = Played().open("a").hear(answered("a", line("x", Outcome.HELD, hold=None)))
    assert [("a", 2)] == rounds(played.retry().orders)


def test_no_certificate_is_complete_while_an_answer_to_the_newest_order_is_awaited() -> None:
    played = Played().open("a").hear(answered("a"), located("a", "x"))
    assert [("a", 2)] == rounds(played.orders)
    played.hear(answered("a", line("x")))  # of the first worker, which was thought dead
    assert PARTIAL == played.wait(days=32).statuses[-1]
    assert Status.COMPLETE == played.hear(answered("a", line("x"), round=played.the.processors[0].round)).statuses[-1]


def test_a_complete_certificate_that_is_no_longer_true_is_superseded_at_once() -> None:
    played = Played().open("a").hear(answered("a"))
    assert [Status.COMPLETE] == played.statuses
    assert [Status.COMPLETE, PARTIAL] == played.hear(located("a", "x")).statuses


def test_an_answer_that_is_told_again_later_does_not_even_move_the_next_try() -> None:
    played = Played().open("a", "b").hear(answered("a", line("x", Outcome.FAILED)))
    before = played.the
    played.wait(hours=1)
    assert before == played.hear(answered("a", line("x", Outcome.FAILED))).the


def claims(*processors: str | None) -> tuple[PlacedClaim, ...]:
    return tuple(PlacedClaim(processor=name, claim=Claim(reason=f"claim {name}", until=date(2027, 1, 1))) for name in processors)


def test_a_command_brings_the_claims_that_are_on_its_processor_and_the_end_of_the_contract() -> None:
    played = Played().open("a", "b", claims=claims(None, "a", "b"), contract_ended_on=date(2026, 3, 31))
    told = {order.processor: ([claim.reason for claim in order.claims], order.contract_ended_on) for order in played.orders}
    assert {"a": (["claim None", "claim a"], date(2026, 3, 31)), "b": (["claim None", "claim b"], date(2026, 3, 31))} == told


@pytest.mark.parametrize("outcome", [Outcome.EXPIRING, Outcome.NOT_APPLICABLE, Outcome.REFUSED])
def test_a_command_brings_the_days_on_which_something_was_said_to_be_gone(outcome: Outcome) -> None:
    """So that the worker never names an earlier one, knows when one has passed, and does not set it anew then."""
    lines = (line("x", outcome, until=date(2026, 11, 27)), line("y", Outcome.FAILED), line("z", Outcome.ACCEPTED, until=date(2026, 11, 28)))
    played = Played().open("a").hear(answered("a", *lines)).retry()
    (order,) = played.orders
    assert {digest("x"): date(2026, 11, 27)} == order.expiring


def test_a_command_names_what_was_located_and_of_which_nothing_is_claimed_since_a_worker_died_on_it_or_failed() -> None:
    """What was tried may have had its effect all the same."""
    played = Played().open("a").hear(located("a", "x", "y")).hear(answered("a", line("y")))
    (order,) = played.orders
    assert (digest("x"),) == order.unanswered
    (again,) = played.hear(answered("a", line("x", Outcome.FAILED), round=2)).retry().orders
    assert (digest("x"),) == again.unanswered


def test_a_command_names_what_a_look_has_shown_gone_and_nothing_else() -> None:
    lines = (line("x"), line("y", Outcome.FAILED), line("z", evidence=Evidence.EXECUTED), line("h", Outcome.HELD))
    (order,) = Played().open("a").hear(answered("a", *lines)).retry().orders
    assert (digest("x"),) == order.gone


PAUSE = Paused("The address was hijacked.", OPENED)


def recalled(case: Case, message: Message) -> list[tuple[str, int]]:
    _, effects = decide(case, message, POLICY)
    return [(effect.processor, effect.round) for effect in effects if isinstance(effect, Recall)]


def test_what_stops_a_case_or_is_ordered_anew_recalls_what_is_out_and_nothing_else() -> None:
    played = Played().open("a", "b").hear(answered("a", line("x")))
    assert [("b", 1)] == recalled(played.the, PAUSE)
    assert [("b", 1)] == recalled(played.the, Retried(None, OPENED))
    assert [] == recalled(Played().open("a", mode="dry-run").the, PAUSE)


def test_a_recalled_command_of_a_case_that_is_stopped_says_why_it_waits() -> None:
    played = Played().open("a").say(PAUSE).hear(answered("a", outcome=Outcome.DEFERRED, reason="It was recalled."))
    (processor,) = played.the.processors
    assert (False, Outcome.NEEDS_PERSON, None) == (processor.in_flight, processor.answer, processor.again_at)
    assert "It waits until the identity is proven: The address was hijacked." == processor.reason


def test_a_recalled_command_of_a_case_that_goes_on_is_ordered_again() -> None:
    played = Played().open("a").hear(answered("a", outcome=Outcome.DEFERRED, reason="It was recalled."))
    assert [2] == [command.round for command in played.wait(days=1).orders]
