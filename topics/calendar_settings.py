"""How `erasure.toml` writes what dates follow from: time zone, country, the end of a year, a promise, and how long something is kept."""

import re
from datetime import date, timedelta
from typing import Literal, NamedTuple, cast
from zoneinfo import ZoneInfo

import holidays

from topics.toml_lines import Wrong

PromiseUnit = Literal["days", "weeks", "working days"]

# What is longer than any month can never count beside the law's month, so it is a mistake.
_LONGEST: dict[PromiseUnit, int] = {"days": 31, "weeks": 4, "working days": 23}
_KEEP = re.compile(r"(?:([1-9][0-9]{0,3})d|([1-9][0-9]?)y)")
_FORM = re.compile(r"([1-9][0-9]?) (day|week|working day)s?")


def read_time_zone(raw: object) -> ZoneInfo:
    """The zone of that IANA name, or `Wrong`."""
    try:
        return raw if isinstance(raw, ZoneInfo) else ZoneInfo(str(raw))
    except (KeyError, ValueError, OSError):
        pass
    raise Wrong('is not a known time zone; write its IANA name, such as "Europe/Amsterdam"')


def read_country(code: str) -> str:
    """The same code, or `Wrong` if nothing is known of its public holidays."""
    try:
        holidays.country_holidays(code)
    except NotImplementedError:
        raise Wrong('is not a country whose public holidays are known; write its ISO 3166-1 code, such as "NL"') from None
    return code


class Keep(NamedTuple):
    """How long something is kept: so many days or years."""

    number: int
    unit: Literal["d", "y"]

    def end(self, start: date) -> date:
        """The last day, when it begins on `start`; that of a 29 February is 28 February where there is none."""
        return self._moved(start, self.number)

    def before(self, today: date) -> date:
        """What began before this day is kept no longer."""
        return self._moved(today, -self.number)

    def _moved(self, day: date, number: int) -> date:
        if self.unit == "d":
            return day + timedelta(days=number)
        try:
            return day.replace(year=day.year + number)
        except ValueError:
            return day.replace(year=day.year + number, day=28)

    def __str__(self) -> str:
        return f"{self.number}{self.unit}"


def read_keep(raw: object) -> Keep:
    """The time that `"5y"` or `"90d"` writes, or `Wrong`."""
    found = _KEEP.fullmatch(raw) if isinstance(raw, str) else None
    if isinstance(raw, Keep):
        return raw
    if found is None:
        raise Wrong('must be a number of days or years, up to 9999 days or 99 years; write "90d" or "5y"')
    return Keep(int(found[1] or found[2]), "d" if found[1] else "y")


class MonthDay(NamedTuple):
    """A day of every year (so never 29 February)."""

    month: int
    day: int


def read_month_day(raw: object) -> MonthDay:
    """The day that `"12-31"` writes, or `Wrong`."""
    if isinstance(raw, MonthDay):
        return raw
    try:
        if isinstance(raw, str) and re.fullmatch("[0-9]{2}-[0-9]{2}", raw):
            return MonthDay(*date.fromisoformat(f"2001-{raw}").timetuple()[1:3])
    except ValueError:
        pass
    raise Wrong('must be a day of every year; write month and day: "12-31"')


class Promise(NamedTuple):
    """So many days, weeks or working days after the day of receipt."""

    number: int
    unit: PromiseUnit

    def __str__(self) -> str:
        return f"{self.number} {self.unit if self.number > 1 else self.unit.removesuffix('s')}"


def read_promise(raw: object) -> Promise:
    """The promise that a configuration writes.

    Raises:
        Wrong: it is written in another way, or is longer than the law's month.
    """
    if isinstance(raw, Promise):
        return raw
    found = _FORM.fullmatch(raw) if isinstance(raw, str) else None
    if found is None:
        raise Wrong('must be a number of days, weeks or working days; write "4 weeks", "30 days" or "20 working days"')
    promise = Promise(int(found[1]), cast(PromiseUnit, f"{found[2]}s"))
    if promise.number > _LONGEST[promise.unit]:
        longest = " or ".join(f'"{Promise(number, unit)}"' for unit, number in _LONGEST.items())
        raise Wrong(f"is longer than the month that the law gives; write at most {longest}, or leave it out")
    return promise
