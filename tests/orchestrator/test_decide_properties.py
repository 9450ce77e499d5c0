"""Whatever is lost, repeated, late or out of order: what a certificate says stays true."""

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.case import SETTLED, Case, Status
from orchestrator.decide import decide
from orchestrator.messages import Reported
from tests.orchestrator.decide_cases import POLICY, Played, answered, line, located
from topics.outcomes import Evidence, Hold, Outcome
from topics.reports import Answered, Located

NAMES = ("a", "b", "c")
GONE = {Outcome.ERASED, Outcome.ANONYMISED}
OUTCOMES = st.sampled_from(
    [Outcome.HELD, Outcome.ERASED, Outcome.HELD, Outcome.FAILED, Outcome.ACCEPTED, Outcome.DEFERRED, Outcome.REFUSED]
)
RECORDS = st.lists(st.sampled_from("xyz"), min_size=1, max_size=3, unique=True) | st.just([])


@st.composite
def reports(draw: st.DrawFn, names: tuple[str, ...]) -> Located | Answered:
    """Any report that any round of any worker could send."""
    name, round, records = draw(st.sampled_from(names)), draw(st.integers(1, 4)), draw(RECORDS)
    if draw(st.booleans()):
        return located(name, *records, round=round)
    if draw(st.integers(0, 4)) == 0:
        return answered(name, round=round, outcome=draw(st.sampled_from([Outcome.FAILED, Outcome.DEFERRED, Outcome.NEEDS_PERSON])))
    return answered(name, *[draw(lines(record)) for record in records], round=round)


@st.composite
def lines(draw: st.DrawFn, record: str) -> Any:
    outcome = draw(OUTCOMES)
    more: dict[str, Any] = {}
    if outcome is Outcome.HELD:
        more["hold"] = Hold(statute="s", exception="e", until=date(draw(st.integers(2027, 2035)), 12, 31))
    if outcome is Outcome.ERASED:
        more["evidence"] = draw(st.sampled_from([Evidence.VERIFIED, Evidence.VERIFIED, Evidence.EXECUTED]))
    return line(record, outcome, **more)


@st.composite
def stories(draw: st.DrawFn) -> tuple[tuple[str, ...], list[Any]]:
    """One to three processors, and what is said: reports (a list that repeats and skips), waits, retries."""
    names = NAMES[: draw(st.integers(1, 3))]
    said = draw(st.lists(reports(names), min_size=3, max_size=8))
    steps = st.sampled_from(said)
    others = st.sampled_from([timedelta(minutes=20), timedelta(days=1), timedelta(days=35), "retry"])
    return names, draw(st.lists(st.one_of(steps, steps, steps, others), min_size=4, max_size=16))


def play(names: tuple[str, ...], story: list[Any]) -> list[Case]:
    """The case after every step; the invariants of one step are checked on the way."""
    played, cases = Played().open(*names), []
    for step in story:
        before = played.the
        if isinstance(step, timedelta):
            played.wait(days=step.days, seconds=step.seconds)
        elif step == "retry":
            played.retry()
        else:
            played.hear(step)
        assert_step_is_sound(before, played)
        cases.append(played.the)
    assert [ref.revision for ref in played.all_issued] == list(range(1, len(played.all_issued) + 1))
    return cases


def assert_step_is_sound(before: Case, played: Played) -> None:
    for old, new in zip(before.processors, played.the.processors, strict=True):
        assert old.records.keys() <= new.records.keys(), "a count shrank"
        assert new.round >= old.round
        for key, record in old.records.items():
            later = new.records[key]
            if record.hold and later.hold:
                assert later.hold.until >= record.hold.until, "a hold got shorter"
            assert record.outcome is None or later.outcome is not None, "an outcome was forgotten"
    for ref in played.issued:
        assert_certificate_is_true(played.the, ref.status)
    claims = [ref.claims for ref in played.the.certificates]
    assert all(one != other for one, other in pairwise(claims)), "a revision that says nothing new"


def assert_certificate_is_true(case: Case, status: Status) -> None:
    if status is Status.PARTIAL:
        return
    for processor in case.processors:
        assert processor.answered_at is not None and not processor.in_flight, "complete, and one is silent"
        for record in processor.records.values():
            assert record.outcome in SETTLED
            assert record.outcome not in GONE or record.evidence is Evidence.VERIFIED, "gone, and nobody looked again"


@settings(max_examples=400, deadline=None)
@given(stories())
def test_no_story_makes_a_certificate_wrong(story: tuple[tuple[str, ...], list[Any]]) -> None:
    for case in play(*story):
        complete = bool(case.certificates) and case.certificates[-1].status is not Status.PARTIAL
        assert complete or case.state == "open", "closed without a complete certificate"


@settings(max_examples=200, deadline=None)
@given(stories())
def test_a_case_that_waits_for_a_worker_or_a_vendor_always_wakes_again(story: tuple[tuple[str, ...], list[Any]]) -> None:
    for case in play(*story):
        waiting = [p for p in case.processors if p.in_flight]
        assert not waiting or case.wake_at is not None or case.state == "closed"
        assert not waiting or case.state == "open"


@settings(max_examples=200, deadline=None)
@given(st.lists(st.none() | st.integers(2027, 2035), min_size=2, max_size=6))
def test_a_hold_is_as_long_as_the_longest_that_was_ever_said_whatever_failed_in_between(years: list[int | None]) -> None:
    played = Played().open("a")
    for round, year in enumerate(years, start=1):
        hold = Hold(statute="s", exception="e", until=date(year or 2027, 12, 31))
        played.hear(answered("a", line("x", Outcome.HELD, hold=hold) if year else line("x", Outcome.FAILED), round=round))
    (record,) = played.the.processors[0].records.values()
    longest = max((year for year in years if year), default=None)
    assert longest == (record.hold and record.hold.until.year)


@settings(max_examples=200, deadline=None)
@given(stories())
def test_a_report_that_is_told_twice_in_a_row_says_nothing_new(story: tuple[tuple[str, ...], list[Any]]) -> None:
    names, steps = story
    played = Played().open(*names)
    for step in [step for step in steps if isinstance(step, Located | Answered)]:
        played.hear(step)
        known = [(p.name, p.records, p.outcome) for p in played.the.processors]
        orders, played.orders = played.orders, []
        again, effects = decide(played.the, Reported(step, played.now), POLICY)
        assert known == [(p.name, p.records, p.outcome) for p in again.processors]
        assert not effects or orders, "the second time did what the first did not"
