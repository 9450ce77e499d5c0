"""Which days of a country are working days, and about which the sources differ. Pure.

Working days are all but Saturdays, Sundays and public holidays: Regulation (EEC, Euratom) 1182/71, art. 2(2). Public
holidays are what the member state designates as such: art. 2(1). We take them from the library `holidays`, category `public`.

In the Netherlands the sources differ about two days. The Algemene termijnenwet names 5 May of every year (art. 3(1)) and
puts Good Friday on a level with the holidays that it names (art. 3(2)), but for periods in Dutch statutes (art. 1); collective
agreements keep 5 May only in every fifth year, and so does `holidays`; most give no Good Friday, which `holidays` has.
We follow whichever makes the date earlier: such a day does not move a due date, and is skipped when counting back to a warning.
Days put on a level by royal decree (art. 3(3)) are not in the library and do not move a date either.
"""

from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

import holidays

_SATURDAY = 5
_DAY = timedelta(days=1)


class _Source(NamedTuple):
    """What to ask the library for, and by what names it knows the days about which the sources differ."""

    doubtful: frozenset[str] = frozenset()
    categories: tuple[str, ...] = ("public",)
    language: str | None = None


_SOURCES = {"NL": _Source(frozenset({"Goede vrijdag", "Bevrijdingsdag"}), ("public", "optional"), "nl")}


class _Holidays(NamedTuple):
    certain: frozenset[date]
    doubtful: frozenset[date]


class WorkingDays(NamedTuple):
    """The working days of a country, ISO 3166-1. Every method raises ValueError if its holidays are not known."""

    country: str

    def on_or_after(self, day: date) -> date:
        """The day itself, or the next that is certain to be a working day or that only some sources call a holiday."""
        while self._rests(day):
            day += _DAY
        return day

    def after(self, day: date, count: int) -> date:
        """The `count`-th working day after `day`; one that only some sources call a holiday counts, so that the date is earlier."""
        for _ in range(count):
            day = self.on_or_after(day + _DAY)
        return day

    def before(self, day: date, count: int) -> date:
        """The `count`-th working day before `day`; one that only some sources call a holiday is skipped, so that the date is earlier."""
        for _ in range(count):
            day -= _DAY
            while self._rests(day) or day in _holidays(self.country, day.year).doubtful:
                day -= _DAY
        return day

    def _rests(self, day: date) -> bool:
        return day.weekday() >= _SATURDAY or day in _holidays(self.country, day.year).certain


@lru_cache(maxsize=256)
def _holidays(country: str, year: int) -> _Holidays:
    doubtful, categories, language = _SOURCES.get(country, _Source())
    try:
        kept = holidays.country_holidays(country, years=year, expand=False, categories=categories, language=language)
    except NotImplementedError as error:
        raise ValueError(f"The public holidays of {country} are not known; give an ISO 3166-1 code.") from error
    # A day with two names, such as Ascension Day on 5 May, is certain if either is.
    certain = frozenset(day for day in kept if set(kept.get_list(day)) - doubtful)
    return _Holidays(certain, frozenset(kept) - certain)
