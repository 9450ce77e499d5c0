"""The statutory month, by dates that were computed by hand with a calendar."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from orchestrator.deadlines import due_by

AMSTERDAM = ZoneInfo("Europe/Amsterdam")

BY_HAND = [
    # received, due, why
    ("2026-06-15T10:00+02:00", "2026-07-15", "a plain Wednesday"),
    ("2026-11-20T09:12+01:00", "2026-12-21", "20 December is a Sunday"),
    ("2026-01-31T10:00+01:00", "2026-03-02", "February has no 31st, and its last day is a Saturday"),
    ("2025-01-31T10:00+01:00", "2025-02-28", "February has no 31st; its last day is a Friday"),
    ("2024-01-31T10:00+01:00", "2024-02-29", "leap year, 31st"),
    ("2024-01-30T10:00+01:00", "2024-02-29", "leap year, 30th"),
    ("2024-01-29T10:00+01:00", "2024-02-29", "leap year, 29th"),
    ("2028-01-31T10:00+01:00", "2028-02-29", "the next leap year"),
    ("2024-02-29T10:00+01:00", "2024-04-02", "Good Friday to Easter Monday"),
    ("2026-03-03T10:00+01:00", "2026-04-07", "Good Friday to Easter Monday"),
    ("2026-03-06T10:00+01:00", "2026-04-07", "Easter Monday"),
    ("2026-03-27T10:00+01:00", "2026-04-28", "King's Day is a Monday"),
    ("2025-03-26T10:00+01:00", "2025-04-28", "King's Day is kept on Saturday the 26th"),
    ("2025-03-27T10:00+01:00", "2025-04-28", "a Sunday, King's Day being kept the day before"),
    ("2025-04-05T10:00+02:00", "2025-05-06", "Liberation Day, a public holiday every fifth year"),
    ("2026-04-05T10:00+02:00", "2026-05-05", "Liberation Day in another year is a working day"),
    ("2026-04-14T10:00+02:00", "2026-05-15", "Ascension Day is a Thursday"),
    ("2026-04-24T10:00+02:00", "2026-05-26", "Whit Sunday, then Whit Monday"),
    ("2026-04-25T10:00+02:00", "2026-05-26", "Whit Monday"),
    ("2026-11-25T10:00+01:00", "2026-12-28", "Christmas on a Friday, then the weekend"),
    ("2026-11-26T10:00+01:00", "2026-12-28", "the second day of Christmas on a Saturday"),
    ("2025-11-25T10:00+01:00", "2025-12-29", "Christmas on Thursday and Friday, then the weekend"),
    ("2025-12-01T10:00+01:00", "2026-01-02", "New Year's Day is a Thursday"),
    ("2026-12-01T10:00+01:00", "2027-01-04", "New Year's Day is a Friday"),
    ("2025-12-31T10:00+01:00", "2026-02-02", "over the year's end, to a Saturday"),
    ("2026-12-31T10:00+01:00", "2027-02-01", "over the year's end, to a Sunday"),
    ("2026-08-31T10:00+02:00", "2026-09-30", "September has no 31st"),
    ("2026-03-31T10:00+02:00", "2026-04-30", "April has no 31st"),
    ("2026-05-31T10:00+02:00", "2026-06-30", "June has no 31st"),
    ("2026-02-28T10:00+01:00", "2026-03-30", "the last of February is no month's end elsewhere; a Saturday"),
    ("2026-03-28T23:30+01:00", "2026-04-28", "the evening before the clock goes forward"),
    ("2026-03-29T00:30+00:00", "2026-04-29", "half an hour before the clock goes forward"),
    ("2026-10-24T22:30+00:00", "2026-11-25", "already the 25th here, in summer time"),
    ("2026-10-25T22:30+00:00", "2026-11-25", "still the 25th here, in winter time"),
    ("2026-10-25T23:30+00:00", "2026-11-26", "already the 26th here, in winter time"),
    ("2026-11-19T23:30+00:00", "2026-12-21", "23:30 UTC is the next day here"),
    ("2026-07-14T21:59+00:00", "2026-08-14", "a minute before midnight here"),
    ("2026-07-14T22:00+00:00", "2026-08-17", "midnight here; 15 August is a Saturday"),
    ("2026-11-20T01:00+09:00", "2026-12-21", "still the 19th here; 19 December is a Saturday"),
]


@pytest.mark.parametrize(("received", "due", "why"), BY_HAND)
def test_the_last_day_is_the_one_computed_by_hand(received: str, due: str, why: str) -> None:
    assert date.fromisoformat(due) == due_by(datetime.fromisoformat(received), AMSTERDAM), why


def test_another_country_has_other_holidays() -> None:
    received = datetime.fromisoformat("2026-10-11T10:00+02:00")

    assert date(2026, 11, 11) == due_by(received, AMSTERDAM)
    assert date(2026, 11, 12) == due_by(received, ZoneInfo("Europe/Brussels"), "BE")


def test_the_day_of_receipt_is_the_local_day_of_the_zone_given() -> None:
    received = datetime.fromisoformat("2026-06-15T23:30+00:00")

    assert date(2026, 7, 15) == due_by(received, ZoneInfo("Etc/UTC"))
    assert date(2026, 7, 16) == due_by(received, AMSTERDAM)


def test_a_moment_without_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        due_by(datetime.fromisoformat("2026-01-01T10:00"), AMSTERDAM)


def test_a_country_without_known_holidays_is_refused() -> None:
    with pytest.raises(ValueError, match="XX"):
        due_by(datetime.fromisoformat("2026-06-15T10:00+02:00"), AMSTERDAM, "XX")
