"""The last days of a case: what moves them, and what is told before and after."""

from datetime import UTC, date, datetime, timedelta

import pytest

from orchestrator.decide import decide
from orchestrator.messages import Certify, Effect, Extended, Message, Paused, Requested, Resumed, Tell, TimePassed
from orchestrator.policy import Policy
from tests.orchestrator.decide_cases import OPENED, POLICY, Played, answered, line, opened
from topics.calendar_settings import Promise
from topics.notices import About

FOUR_WEEKS = Policy(POLICY.partial_after, POLICY.retry_every, POLICY.zone, promise=Promise(4, "weeks"))


def told(played: Played, message: Message, policy: Policy = POLICY) -> list[About]:
    """The notices that come of a message."""
    effects: tuple[Effect, ...]
    played.case, effects = decide(played.case, message, policy)
    return [effect.notice.about for effect in effects if isinstance(effect, Tell)]


def live(played: Played, days: int, policy: Policy = POLICY) -> list[tuple[date, About]]:
    """What is told in the days to come, with the day; the case is woken when it asked for it."""
    heard, until = [], OPENED + timedelta(days=days)
    while played.the.wake_at is not None and played.the.wake_at <= until:
        now = played.the.wake_at
        before = played.the
        heard += [(now.astimezone(policy.zone).date(), about) for about in told(played, TimePassed(now), policy)]
        assert before != played.the, "it would be woken for ever"
    return heard


def test_the_officer_is_warned_seven_three_and_one_working_days_before_and_told_when_it_has_passed() -> None:
    expected = [(date(2026, 12, 10), "deadline_near"), (date(2026, 12, 16), "deadline_near"), (date(2026, 12, 18), "deadline_near")]
    assert [*expected, (date(2026, 12, 22), "deadline_passed")] == live(Played().open("a"), 60)


def test_an_answered_case_is_warned_of_no_more() -> None:
    assert [] == live(Played().open("a").hear(answered("a", line("x"))), 400)


def test_a_promise_is_a_last_day_of_its_own() -> None:
    played = Played()
    assert [] == told(played, Requested(opened("a"), OPENED), FOUR_WEEKS)
    assert (date(2026, 12, 18), date(2026, 12, 21)) == (played.the.promised_by, played.the.due_by)
    heard = live(played, 60, FOUR_WEEKS)
    assert [(date(2026, 12, 19), "promise_passed"), (date(2026, 12, 22), "deadline_passed")] == [one for one in heard if "passed" in one[1]]


def test_an_extension_moves_the_last_day_by_two_months_and_is_told() -> None:
    played = Played().open("a")
    assert [About.EXTENDED] == told(played, Extended("Many requests.", OPENED + timedelta(days=20)))
    assert date(2027, 2, 22) == played.the.due_by
    assert (date(2027, 2, 23), "deadline_passed") == live(played, 120)[-1]


def test_while_the_identity_is_unproven_nothing_is_warned_of_and_the_days_are_added() -> None:
    played = Played().open("a")
    assert [About.PAUSED] == told(played, Paused("unknown address", OPENED + timedelta(days=1)))
    assert [] == [about for _, about in live(played, 20) if about is not About.DEADLINE_NEAR] and played.the.tell_at is None
    assert [About.RESUMED] == told(played, Resumed(OPENED + timedelta(days=11)))
    assert date(2026, 12, 30) == played.the.due_by


@pytest.mark.parametrize("late", [0, 1, 400])
def test_a_request_that_arrives_past_its_due_date_is_told_of_at_once(late: int) -> None:
    played = Played()
    assert [About.DEADLINE_PASSED] == told(played, Requested(opened("a"), datetime(2026, 12, 22, 9, tzinfo=UTC) + timedelta(days=late)))


def test_a_certificate_says_what_was_promised() -> None:
    case, effects = decide(None, Requested(opened(), OPENED), FOUR_WEEKS)
    assert case.promised_by == date(2026, 12, 18)
    assert not [effect for effect in effects if isinstance(effect, Certify)]
