"""A last day that passes is an event, a state and a line on the certificate; a refusal has a last day of its own."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any, Literal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from orchestrator.agreement import faults
from orchestrator.case import Case, CertificateRef, Decision, Status
from orchestrator.certificate import certify, claims_in, standing_of
from orchestrator.clock import Extension
from orchestrator.deadlines import Pause as Doubt
from orchestrator.messages import Decided, Extended, Paused
from orchestrator.officer import message_of, why_not
from orchestrator.policy import Policy, day_of
from tests.orchestrator.certificate_cases import case, facts, processor, record
from tests.orchestrator.decide_cases import ID, OPENED, POLICY, Played, answered, line
from tests.orchestrator.test_warnings import FOUR_WEEKS
from topics.events import Right
from topics.orders import Decide, Extend, Order, Pause, Refuse, Resume
from topics.outcomes import Outcome

DUE = date(2026, 12, 21)
MONTHS_LATER = date(2027, 2, 22)


def made(played: Played) -> tuple[bool | None, bool | None]:
    """What a certificate issued now says of the law's day and of the promised one; it agrees with itself."""
    before = played.the.model_copy(update={"certificates": played.the.certificates[:-1]})
    ref = played.the.certificates[-1]
    more = {"revision": ref.revision, "supersedes": "b" * 64 if ref.revision > 1 else None}
    certificate = certify(before, facts(issued_at=ref.issued_at, **more))
    assert [] == faults(certificate)
    assert ref.claims == claims_in(certificate)
    return certificate.deadline_met, certificate.promise_kept


def turned_down(played: Played, word: Literal["refuse", "reject"] = "refuse", **later: float) -> Played:
    played.wait(**later)
    return played.say(Decided(Decision(decision=word, reason="Manifestly excessive.", at=played.now), None, played.now))


# The passing of a last day


def test_the_day_that_passes_brings_one_more_revision_that_says_so_and_no_other() -> None:
    played = Played().open("a", "b").hear(answered("a", line("x")), answered("b", outcome=Outcome.NEEDS_PERSON))
    played.wait(minutes=20)
    assert ([Status.PARTIAL], (None, None)) == (played.statuses, made(played))
    played.wait(days=31)
    assert 1 == len(played.all_issued)
    played.wait(days=1)
    assert (2, False) == (len(played.all_issued), made(played)[0])
    assert date(2026, 12, 22) == day_of(played.all_issued[-1].issued_at, POLICY)
    played.wait(days=400)
    assert 2 == len(played.all_issued)


def test_the_passing_is_certified_of_a_silent_processor_and_of_a_request_that_waits_for_another_too() -> None:
    silent = Played().open("a").wait(days=32)
    assert ([Status.PARTIAL] * 2, False) == (silent.statuses, made(silent)[0])
    assert DUE == day_of(silent.all_issued[0].issued_at, POLICY)


def test_what_is_complete_in_time_has_nothing_that_passes() -> None:
    played = Played().open("a").hear(answered("a", line("x"))).wait(days=400)
    assert ([Status.COMPLETE], True) == (played.statuses, made(played)[0])


def test_what_was_complete_and_no_longer_is_on_the_last_day_is_late_and_stays_so_once_it_is_complete_again() -> None:
    played = Played().open("a").hear(answered("a", line("x"))).hear(answered("a", outcome=Outcome.NEEDS_PERSON))
    said = [made(played)[0], made(played.wait(days=40))[0], made(played.retry().hear(answered("a", line("x"), round=2)))[0]]
    assert ([None, False, False], Status.COMPLETE) == (said, played.statuses[-1])


def test_while_the_time_stands_still_nothing_passes() -> None:
    played = Played().open("a", pauses=(Doubt(OPENED, None, "A strange address."),)).wait(days=400)
    assert (1, None) == (len(played.all_issued), made(played)[0])


def test_what_a_worker_completes_while_the_time_stands_still_is_in_time_however_late() -> None:
    played = Played().open("a")
    played.say(Paused("A strange address.", played.now)).wait(days=70).hear(answered("a", line("x")))
    assert ([Status.PARTIAL, Status.COMPLETE], True) == (played.statuses, made(played)[0])


def test_an_extension_moves_the_day_that_passes() -> None:
    played = Played().open("a").hear(answered("a", outcome=Outcome.NEEDS_PERSON)).wait(days=3)
    played.say(Extended("Many systems.", played.now)).wait(days=93)
    assert False is made(played)[0]
    assert [None, None, MONTHS_LATER + timedelta(1)] == [
        None if number < 2 else day_of(ref.issued_at, POLICY) for number, ref in enumerate(played.all_issued)
    ]


def test_a_promise_that_is_broken_is_certified_before_the_law_is() -> None:
    played = Played(policy=FOUR_WEEKS).open("a").hear(answered("a", outcome=Outcome.NEEDS_PERSON)).wait(days=29)
    assert (2, (None, False)) == (len(played.all_issued), made(played))
    played.wait(days=9)
    assert (3, (False, False)) == (len(played.all_issued), made(played))


def test_a_promise_that_is_kept_is_said_to_be() -> None:
    assert (True, True) == made(Played(policy=FOUR_WEEKS).open("a").hear(answered("a", line("x"))))
    late = Played(policy=FOUR_WEEKS).open("a").wait(days=29)
    assert (True, False) == made(late.hear(answered("a", line("x"), round=late.the.processors[0].round)))


# Refusals


@pytest.mark.parametrize(
    ("extended", "days", "met"),
    [(False, 30, True), (False, 31, True), (False, 32, False), (True, 30, True), (True, 31, True), (True, 32, False), (True, 60, False)],
)
def test_a_refusal_is_in_time_until_the_month_ends_extended_or_not(extended: bool, days: int, met: bool) -> None:
    """Received on 20 November 2026: the month ends on Monday 21 December, the extended time on 22 February 2027 (GDPR art. 12(4))."""
    played = Played().open("a").hear(answered("a", outcome=Outcome.NEEDS_PERSON))
    if extended:
        played.say(Extended("Many systems.", played.now))
    turned_down(played, days=days)
    assert ("closed", met) == (played.the.state, made(played)[0])
    played.wait(days=400)
    assert met is made(played)[0]


def test_the_day_of_the_officers_word_is_the_controllers() -> None:
    for moment, met in ((datetime(2026, 12, 21, 22, 59, tzinfo=UTC), True), (datetime(2026, 12, 21, 23, 0, tzinfo=UTC), False)):
        played = turned_down(
            Played().open("a").hear(answered("a", outcome=Outcome.NEEDS_PERSON)), seconds=(moment - OPENED).total_seconds()
        )
        assert met is made(played)[0]


def test_what_is_refused_while_the_time_stands_still_is_refused_in_time() -> None:
    played = Played().open("a").hear(answered("a", outcome=Outcome.NEEDS_PERSON)).wait(days=5)
    played.say(Paused("A strange address.", played.now))
    assert True is made(turned_down(played, days=200))[0]


def test_a_pause_that_began_after_the_month_brings_no_refusal_back_into_it() -> None:
    played = Played().open("a").hear(answered("a", outcome=Outcome.NEEDS_PERSON))
    played.say(Extended("Many systems.", played.now)).wait(days=40)
    played.say(Paused("A strange address.", played.now))
    assert False is made(turned_down(played, days=1))[0]


def test_an_objection_that_is_rejected_after_the_month_is_answered_late_although_it_was_extended() -> None:
    for days, met in ((20, True), (40, False)):
        played = Played().open("a", right=Right.OBJECTION, ground="21(1)").hear(answered("a", line("x", Outcome.RESTRICTED)))
        played.say(Extended("Many systems.", played.now))
        turned_down(played, "reject", days=days).wait(minutes=1)
        played.hear(answered("a", line("x", Outcome.LIFTED), round=2))
        assert (Status.COMPLETE, met) == (played.statuses[-1], made(played)[0])


def test_a_refusal_years_after_the_answer_does_not_make_the_answer_late() -> None:
    answer = CertificateRef(
        certificate_id=case().request_id, revision=1, sha256="b" * 64, claims="c" * 64, status=Status.COMPLETE_WITH_HOLDS, issued_at=OPENED
    )
    word = Decision(decision="refuse", reason="A restriction stands.", at=datetime(2034, 1, 2, tzinfo=UTC))
    of = case(processor(record(Outcome.REFUSED)), certificates=(answer,), decision=word)
    later = certify(of, facts(issued_at=word.at, revision=2, supersedes="b" * 64))
    assert ([], True) == (faults(later), later.deadline_met)


def test_what_is_refused_while_a_worker_is_silent_is_certified_at_once_and_again_when_that_answers() -> None:
    played = Played().open("a", "b").hear(answered("a", line("x")))
    turned_down(played, days=2)
    assert ([Status.PARTIAL], "open", (True, None)) == (played.statuses, played.the.state, made(played))
    played.wait(days=60)
    assert (1, None) == (len(played.all_issued), played.the.wake_at)
    played.hear(answered("b", line("y")))
    assert (2, "closed", True) == (len(played.all_issued), played.the.state, made(played)[0])


def test_nobody_is_warned_of_a_last_day_once_a_request_is_refused() -> None:
    played = turned_down(Played().open("a"), days=2)
    assert None is played.the.tell_at


# What a certificate may say


def refused_on(day: datetime, **more: Any) -> Case:
    return case(processor(answer=Outcome.REFUSED), decision=Decision(decision="refuse", reason="No.", at=day), **more)


def test_a_certificate_that_says_a_late_refusal_was_in_time_does_not_agree_with_itself() -> None:
    late = datetime(2026, 12, 23, 9, tzinfo=UTC)
    made = certify(refused_on(late), facts(issued_at=late))
    assert (False, []) == (made.deadline_met, faults(made))
    for lie in ({"deadline_met": True}, {"promise_kept": True}, {"promised_by": date(2026, 12, 18), "promise_kept": True}):
        assert [] != faults(made.model_copy(update=lie))
    extension = Extension(told_at=datetime(2026, 12, 1, tzinfo=UTC), reason="Many systems.")
    extended = certify(refused_on(late, extension=extension, due_by=MONTHS_LATER, refuse_by=DUE), facts(issued_at=late))
    assert (DUE, False, []) == (extended.refuse_by, extended.deadline_met, faults(extended))
    assert [] != faults(extended.model_copy(update={"deadline_met": True}))


def test_what_was_certified_of_a_refusal_before_it_had_a_day_of_its_own_still_agrees_with_itself() -> None:
    at = datetime(2026, 12, 1, 9, tzinfo=UTC)
    before = certify(refused_on(at), facts(issued_at=at)).model_copy(update={"deadline_met": None})
    assert [] == faults(before)


def test_a_last_day_that_has_not_passed_leaves_the_digest_of_what_is_claimed_as_it_always_was() -> None:
    of = case(processor(answer=Outcome.FAILED))
    assert standing_of(of) == standing_of(of, DUE, POLICY.zone) != standing_of(of, DUE + timedelta(1), POLICY.zone)


# Whatever is ordered, and whenever


ORDERS: dict[str, Order] = {
    "extend": Extend(request_id=ID, reason="Many systems."),
    "pause": Pause(request_id=ID, ground="A strange address."),
    "resume": Resume(request_id=ID),
    "refuse": Refuse(request_id=ID, reason="Unfounded."),
    "reject": Decide(request_id=ID, decision="reject", reason="Weighed."),
    "uphold": Decide(request_id=ID, decision="uphold", reason="Weighed."),
}
STEPS = st.sampled_from([*ORDERS, "done", "needs a person", 1, 9, 31, 70])


@settings(max_examples=400, deadline=None)
@example(Right.ERASURE, POLICY, ["pause", "done", 1, 31, "needs a person", "refuse"])  # answered while the time stood still, refused later
@given(st.sampled_from([Right.ERASURE, Right.OBJECTION]), st.sampled_from([POLICY, FOUR_WEEKS]), st.lists(STEPS, max_size=12))
def test_no_order_of_orders_and_days_makes_what_is_said_of_the_last_days_wrong(
    right: Right, policy: Policy, steps: list[str | int]
) -> None:
    played, said = Played(policy=policy).open("a", right=right, ground="21(1)"), list[tuple[bool | None, bool | None]]()
    for step in steps:
        issued = len(played.all_issued)
        _take(played, step)
        if len(played.all_issued) > issued:
            said.append(made(played))
    claims = [ref.claims for ref in played.all_issued]
    assert all(one != other for one, other in pairwise(claims)), "a revision that says nothing new"
    assert not played.the.refused or said[-1][0] is not None, "a refusal is never open"
    for of in zip(*said, strict=True):
        assert False not in of or {False} == set(of[of.index(False) :]), "what was late is not made in time"


def _take(played: Played, step: str | int) -> None:
    """What a day, an answer or an officer does; an order that does not fit is not followed."""
    now = played.now.astimezone(POLICY.zone)
    if isinstance(step, int):
        played.wait(days=step)
    elif step not in ORDERS:
        outcomes = {"erase": Outcome.ERASED, "restrict": Outcome.RESTRICTED, "lift": Outcome.LIFTED}
        outcome = outcomes[played.the.action] if step == "done" else Outcome.NEEDS_PERSON
        played.hear(answered("a", line("x", outcome), round=max(1, played.the.processors[0].round)))
    elif why_not(ORDERS[step], played.the, now) is None:
        played.say(message_of(ORDERS[step], played.the, (), now))
