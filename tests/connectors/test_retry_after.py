"""When a busy vendor wants to be asked again."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from connectors.retry_after import not_before

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        "90",
        "90.0",
        " 90 ",
        "Fri, 20 Nov 2026 09:01:30 GMT",
        "2026-11-20T09:01:30Z",
        "2026-11-20T10:01:30+01:00",
        "2026-11-20T09:01:30",  # no offset: UTC
        str(int(NOW.timestamp()) + 90),
        str((int(NOW.timestamp()) + 90) * 1000),
    ],
)
def test_every_way_of_saying_in_ninety_seconds_is_read(value: str) -> None:
    assert NOW + timedelta(seconds=90) == not_before(httpx.Headers({"retry-after": value}), NOW)


@pytest.mark.parametrize("header", ["RateLimit-Reset", "X-RateLimit-Reset", "X-Rate-Limit-Reset", "x-sib-ratelimit-reset"])
def test_the_headers_of_rate_limits_are_read_too(header: str) -> None:
    assert NOW + timedelta(seconds=7) == not_before(httpx.Headers({header: "7"}), NOW)


def test_retry_after_wins_over_the_others() -> None:
    assert NOW + timedelta(seconds=5) == not_before(httpx.Headers({"x-ratelimit-reset": "600", "retry-after": "5"}), NOW)


def test_an_unreadable_header_leaves_the_word_to_the_next() -> None:
    assert NOW + timedelta(seconds=5) == not_before(httpx.Headers({"retry-after": "soon", "x-ratelimit-reset": "5"}), NOW)


@pytest.mark.parametrize("value", ["", "soon", "nan", "2026-99-99", "Someday, 20 Nov"])
def test_what_cannot_be_read_names_no_moment(value: str) -> None:
    assert not_before(httpx.Headers({"retry-after": value}), NOW) is None


def test_no_header_names_no_moment() -> None:
    assert not_before(httpx.Headers(), NOW) is None


@pytest.mark.parametrize("value", ["-5", "0", "Fri, 20 Nov 2020 09:00:00 GMT", "1500000000"])
def test_a_moment_in_the_past_is_now(value: str) -> None:
    assert NOW == not_before(httpx.Headers({"retry-after": value}), NOW)


@pytest.mark.parametrize("value", ["99999999", "Fri, 20 Nov 2099 09:00:00 GMT", "4000000000", "4000000000000"])
def test_no_vendor_puts_us_off_for_more_than_a_month(value: str) -> None:
    assert NOW + timedelta(days=31) == not_before(httpx.Headers({"retry-after": value}), NOW)


@pytest.mark.parametrize("value", ["1e300", "inf", "1e17"])
def test_a_number_beyond_all_dates_is_no_crash(value: str) -> None:
    moment = not_before(httpx.Headers({"retry-after": value}), NOW)
    assert moment is None or NOW <= moment <= NOW + timedelta(days=31)


IN_A_MINUTE = str((int(NOW.timestamp()) + 60) * 1000)
TOMORROW = str((int(NOW.timestamp()) + 86_400) * 1000)


def test_of_two_limits_the_one_that_is_used_up_is_waited_for() -> None:
    """Exact Online tells of the day and of the minute, in epoch milliseconds."""
    day, minute = {"X-RateLimit-Reset": TOMORROW, "X-RateLimit-Remaining": "4400"}, {"X-RateLimit-Minutely-Reset": IN_A_MINUTE}
    assert NOW + timedelta(seconds=60) == not_before(httpx.Headers({**day, **minute, "X-RateLimit-Minutely-Remaining": "0"}), NOW)
    spent = {"X-RateLimit-Reset": TOMORROW, "X-RateLimit-Remaining": "0", **minute, "X-RateLimit-Minutely-Remaining": "12"}
    assert NOW + timedelta(days=1) == not_before(httpx.Headers(spent), NOW)


def test_the_minute_alone_is_read() -> None:
    assert NOW + timedelta(seconds=60) == not_before(httpx.Headers({"X-RateLimit-Minutely-Reset": IN_A_MINUTE}), NOW)


def test_a_limit_that_is_not_used_up_names_no_moment() -> None:
    headers = {"x-sib-ratelimit-reset": "600", "x-sib-ratelimit-remaining": "12"}
    assert not_before(httpx.Headers(headers), NOW) is None


@pytest.mark.parametrize("skew", [timedelta(hours=-9), timedelta(seconds=-40), timedelta(minutes=3), timedelta(days=400)])
@pytest.mark.parametrize(
    "written", [lambda at: format_datetime(at, usegmt=True), lambda at: at.isoformat(), lambda at: str(int(at.timestamp()))]
)
def test_a_moment_is_counted_from_the_vendors_own_clock_where_it_tells_it(skew: timedelta, written: Callable[[datetime], str]) -> None:
    theirs = NOW + skew
    headers = httpx.Headers({"date": format_datetime(theirs, usegmt=True), "retry-after": written(theirs + timedelta(seconds=90))})
    assert NOW + timedelta(seconds=90) == not_before(headers, NOW)


@pytest.mark.parametrize("skew", [timedelta(hours=-9), timedelta(days=400)])
def test_a_span_is_a_span_whatever_the_vendors_clock_says(skew: timedelta) -> None:
    headers = httpx.Headers({"date": format_datetime(NOW + skew, usegmt=True), "retry-after": "90"})
    assert NOW + timedelta(seconds=90) == not_before(headers, NOW)
