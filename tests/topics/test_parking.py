"""How much may be parked in a minute before the process must stop."""

from datetime import UTC, datetime, timedelta

import pytest

from topics.envelope import Unreadable
from topics.parking import ParkedLately, TooManyParked

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
BAD = ("subject.requests", Unreadable.INVALID_CONTENT)
WORSE = ("subject.requests", Unreadable.UNREADABLE)
OTHER = ("processor.reports", Unreadable.INVALID_CONTENT)


def test_as_many_as_allowed_may_be_parked_in_a_minute_and_one_more_may_not() -> None:
    full = ParkedLately(3).and_now([BAD, BAD, BAD], NOW)
    with pytest.raises(TooManyParked):
        full.and_now([BAD], NOW + timedelta(seconds=59))


def test_what_was_parked_a_minute_ago_no_longer_counts_and_is_forgotten() -> None:
    later = ParkedLately(3).and_now([BAD, BAD, BAD], NOW).and_now([BAD], NOW + timedelta(seconds=60))
    assert [BAD] == [parked for _, parked in later.recent]


def test_each_topic_is_counted_by_itself() -> None:
    assert 6 == len(ParkedLately(3).and_now([BAD, BAD, BAD], NOW).and_now([OTHER, OTHER, OTHER], NOW).recent)


def test_the_sentence_names_the_topic_the_count_and_the_most_frequent_reason_of_that_topic() -> None:
    with pytest.raises(TooManyParked, match=r"^4 messages of subject\.requests .*, 3 of them for the reason invalid_content:"):
        ParkedLately(3).and_now([OTHER, OTHER, OTHER, WORSE, BAD, BAD, BAD], NOW)


def test_what_was_refused_is_not_counted_so_that_a_bound_cannot_stay_passed() -> None:
    before = ParkedLately(3).and_now([BAD], NOW)
    with pytest.raises(TooManyParked):
        before.and_now([BAD] * 3, NOW)
    assert 3 == len(before.and_now([BAD] * 2, NOW).recent)
