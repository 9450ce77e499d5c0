"""The clock on every day of 2024 to 2032, against a calendar of its own: no library, no arithmetic shared with the code."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.clock import Clock, ClockState, Extension
from orchestrator.deadlines import Pause, due_by, extended_by, month_ends
from topics.calendar_settings import Promise

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
DAY = timedelta(days=1)
EASTERS = [date(2024, 3, 31), date(2025, 4, 20), date(2026, 4, 5), date(2027, 3, 28), date(2028, 4, 16)]
EASTERS += [date(2029, 4, 1), date(2030, 4, 21), date(2031, 4, 13), date(2032, 3, 28), date(2033, 4, 17)]
FIXED = {(1, 1), (4, 27), (12, 25), (12, 26)}  # King's Day on a Sunday is kept on the Saturday before: no working day either way
PROMISES = [Promise(4, "weeks"), Promise(30, "days"), Promise(20, "working days"), Promise(3, "days")]


@cache
def certain_holiday(day: date) -> bool:
    after_easter = [(day - easter).days for easter in EASTERS]
    return (day.month, day.day) in FIXED or bool({0, 1, 39, 49, 50} & set(after_easter))


@cache
def working(day: date) -> bool:
    return day.strftime("%a") not in ("Sat", "Sun") and not certain_holiday(day)


@cache
def working_for_all(day: date) -> bool:
    return working(day) and (day.month, day.day) != (5, 5) and day + 2 * DAY not in EASTERS


def same_date(received: date, months: int) -> date:
    """From day to day, until the date comes again in the right month or that month is over."""
    day, passed = received, 0
    while passed < months or (day.day != received.day and (day + DAY).day != 1):
        day += DAY
        passed += day.day == 1
    return day


def next_working(day: date) -> date:
    while not working(day):
        day += DAY
    return day


def at(day: date, hour: int = 12) -> datetime:
    return datetime.combine(day, time(hour), AMSTERDAM)


DAYS = [date(2024, 1, 1) + DAY * number for number in range((date(2033, 1, 1) - date(2024, 1, 1)).days)]
DUE = {day: due_by(at(day), AMSTERDAM) for day in DAYS}
EXTENDED = {day: extended_by(at(day), AMSTERDAM) or date.max for day in DAYS}


def wrong(holds: Iterator[tuple[date, bool]]) -> list[str]:
    return [day.isoformat() for day, kept in holds if not kept]


def test_the_last_day_is_found_by_walking_too() -> None:
    assert 9 * 365 + 3 == len(DAYS)
    assert [] == wrong((day, DUE[day] == next_working(same_date(day, 1))) for day in DAYS)
    assert [] == wrong((day, EXTENDED[day] == next_working(same_date(day, 3))) for day in DAYS)
    assert [] == wrong((day, DUE[day] == month_ends(at(day), AMSTERDAM)) for day in DAYS)


def test_what_comes_later_is_never_due_earlier() -> None:
    assert [] == wrong((day, DUE[day] <= DUE[then] and EXTENDED[day] <= EXTENDED[then]) for day, then in pairwise(DAYS))


def test_no_last_day_is_a_weekend_or_a_certain_holiday() -> None:
    assert [] == wrong((day, working(DUE[day]) and working(EXTENDED[day])) for day in DAYS)


def test_a_last_day_is_28_to_34_days_after_receipt_and_an_extension_later() -> None:
    lengths = {(DUE[day] - day).days for day in DAYS}
    assert (28, 34) == (min(lengths), max(lengths))
    assert [] == wrong((day, 56 <= (EXTENDED[day] - DUE[day]).days <= 66) for day in DAYS)


def test_no_last_day_is_more_than_four_days_after_the_same_day_of_the_next_month() -> None:
    def same_or_month_end(day: date, last: date) -> bool:
        return last.day == day.day or (last.day < day.day and (last + DAY).day == 1)

    assert [] == wrong((day, any(same_or_month_end(day, DUE[day] - DAY * days) for days in range(5))) for day in DAYS)


@pytest.mark.parametrize("hour", [0, 23])
def test_the_hour_of_the_day_moves_nothing(hour: int) -> None:
    assert [] == wrong((day, DUE[day] == due_by(at(day, hour).astimezone(UTC), AMSTERDAM)) for day in DAYS)


@pytest.mark.parametrize("promise", PROMISES, ids=str)
def test_a_promise_is_kept_within_the_month(promise: Promise) -> None:
    clocks = {day: Clock(at(day), AMSTERDAM, promise=promise) for day in DAYS}
    promised = {day: clock.promised_by or date.max for day, clock in clocks.items()}
    assert [] == wrong((day, day < promised[day] <= DUE[day]) for day in DAYS)
    assert [] == wrong((day, promised[day] <= promised[then]) for day, then in pairwise(DAYS))
    if promise.unit != "working days":
        length = promise.number * (7 if promise.unit == "weeks" else 1) * DAY
        assert [] == wrong((day, promised[day] == min(day + length, DUE[day])) for day in DAYS)


@pytest.mark.parametrize("promise", [None, *PROMISES], ids=str)
def test_warnings_are_in_order_on_working_days_after_receipt_and_before_a_last_day(promise: Promise | None) -> None:
    for day in DAYS:
        clock = Clock(at(day), AMSTERDAM, promise=promise)
        warned = clock.warnings
        assert warned == tuple(sorted(set(warned)))
        assert all(day < one < DUE[day] and working_for_all(one) for one in warned), day
        first = clock.promised_by or DUE[day]
        back = [one for one in (first - DAY * days for days in range(1, 30)) if working_for_all(one)]
        assert [one for one in (back[6], back[2], back[0]) if one > day] == [one for one in warned if one < first], day


def test_the_states_follow_one_another_and_end_overdue() -> None:
    order = [ClockState.RUNNING, ClockState.NEAR, ClockState.PROMISE_PASSED, ClockState.OVERDUE]
    for day in DAYS[::5]:
        clock = Clock(at(day), AMSTERDAM, promise=Promise(4, "weeks"))
        seen = [clock.state(day + DAY * days) for days in range(40)]
        assert seen == sorted(seen, key=order.index)
        assert [DUE[day] + DAY] == [day + DAY * days for days in range(1, 40) if seen[days - 1] != seen[days] == ClockState.OVERDUE]


FIRST = datetime(2024, 1, 1, tzinfo=AMSTERDAM)
MOMENTS = st.integers(0, 180 * 24).map(lambda hours: FIRST + timedelta(hours=hours))
LENGTHS = st.integers(0, 40 * 24).map(lambda hours: timedelta(hours=hours))
PAUSES = st.lists(st.builds(lambda began, length: Pause(began, began + length, "doubt"), MOMENTS, LENGTHS), max_size=4)


def ticked(received: date, pauses: list[Pause], months: int) -> date:
    """Day by day: a day on which it stands still adds one; a pause that begins after the last day is not looked at."""
    last, still = same_date(received, months), set[date]()
    for pause in sorted(pauses, key=lambda pause: pause.began):
        day, ended = pause.began.date(), (pause.ended or pause.began).astimezone(AMSTERDAM).date()
        if day > next_working(last):
            break
        last = next_working(last) if day > last else last
        while day < ended:
            day += DAY
            if day > received and day not in still:
                still.add(day)
                last += DAY
    return next_working(last)


@given(MOMENTS, PAUSES)
def test_pauses_add_the_days_on_which_it_stood_still(received: datetime, pauses: list[Pause]) -> None:
    due = month_ends(received, AMSTERDAM, "NL", pauses)
    assert ticked(received.date(), pauses, 1) == due
    assert ticked(received.date(), pauses, 3) == extended_by(received, AMSTERDAM, "NL", pauses)


@given(MOMENTS, PAUSES, MOMENTS)
def test_a_pause_never_shortens_and_leaves_a_day_to_answer(received: datetime, pauses: list[Pause], asked: datetime) -> None:
    def clock(*more: Pause) -> Clock:
        return Clock(received, AMSTERDAM, pauses=(*pauses, *more))

    answer = asked + timedelta(days=9)
    waiting, answered = clock(Pause(asked, None, "doubt")), clock(Pause(asked, answer, "doubt")).due_by
    before = clock().due_by
    assert answered is not None
    assert before is not None
    assert due_by(received, AMSTERDAM) <= before <= answered
    assert waiting.not_before <= answered
    if waiting.due_by is None:
        assert answer.date() <= answered
    else:
        assert before == waiting.due_by == answered


@given(MOMENTS, PAUSES, MOMENTS, st.sampled_from([None, *PROMISES]))
def test_an_extension_moves_the_law_alone_and_only_if_told_in_time(
    received: datetime, pauses: list[Pause], told: datetime, promise: Promise | None
) -> None:
    plain_clock = Clock(received, AMSTERDAM, pauses=tuple(pauses), promise=promise)
    clock = Clock(received, AMSTERDAM, pauses=tuple(pauses), promise=promise, extension=Extension(told, "many systems"))
    until, due, extended = plain_clock.due_by, clock.due_by, extended_by(received, AMSTERDAM, "NL", pauses)
    assert until is not None
    assert until == clock.may_extend_until
    assert (extended if told.date() <= until else until) == due
    assert plain_clock.promised_by == clock.promised_by
