"""The statutory clock: until when a request must be answered. Pure: the moment of receipt is handed in."""

from calendar import monthrange
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

_SATURDAY = 5


def due_by(received_at: datetime, zone: ZoneInfo, country: str = "NL") -> date:
    """The last day for an answer, one calendar month after receipt; the whole of that day counts.

    One month: GDPR art. 12(3). The day of receipt is not counted: Regulation (EEC, Euratom) 1182/71, art. 3(1), second
    subparagraph. It ends on the day of the same date, or on the last day of a shorter month: art. 3(2)(c). A last day
    that is a Saturday, Sunday or public holiday moves to the next working day: art. 3(4), with art. 2.

    Args:
        received_at: when the request arrived, with an offset.
        zone: the controller's time zone; the day of receipt is the local day there.
        country: ISO 3166-1 code of the country whose public holidays count.

    Raises:
        ValueError: `received_at` has no offset, or the country's holidays are not known.
    """
    if received_at.tzinfo is None:
        raise ValueError("The moment of receipt needs an offset, or its day is not known.")
    last = _month_after(received_at.astimezone(zone).date())
    while last.weekday() >= _SATURDAY or last in _public_holidays(country, last.year):
        last += timedelta(days=1)
    return last


def _month_after(day: date) -> date:
    year, month = (day.year + 1, 1) if day.month == 12 else (day.year, day.month + 1)
    return date(year, month, min(day.day, monthrange(year, month)[1]))


@lru_cache(maxsize=64)
def _public_holidays(country: str, year: int) -> frozenset[date]:
    # Only the category `public`: a day that is doubtful must not lengthen the time.
    try:
        return frozenset(holidays.country_holidays(country, years=year, expand=False))
    except NotImplementedError as error:
        raise ValueError(f"The public holidays of {country} are not known; give an ISO 3166-1 code.") from error
