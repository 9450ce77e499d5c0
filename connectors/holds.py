"""Legal holds as data: which record the law keeps, and until which day. Pure."""

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from topics.configuration import HoldStart
from topics.outcomes import Hold


class HoldUnknown(Exception):
    """A rule applies, but the day it counts from is not known: a person must say."""


@dataclass(frozen=True)
class HoldRule:
    """One `[[holds]]` rule for one processor. `years` from the `start`; `financial_year_end` is (month, day)."""

    kinds: frozenset[str]
    statute: str
    exception: str
    years: int
    start: HoldStart
    financial_year_end: tuple[int, int] = (12, 31)

    def until(self, since: date | None) -> date:
        """The last day on which a record of that date is kept.

        Raises:
            HoldUnknown: the record has no date, or the contract's end is not known.
        """
        if since is None:
            raise HoldUnknown(f"{self.statute} applies, but the record has no date to count from.")
        if self.start == "end_of_contract":
            raise HoldUnknown(f"{self.statute} counts from the end of the contract, which is not known.")
        begins = since if self.start == "record_date" else self._year_end(since)
        return _last_valid(begins.year + self.years, begins.month, begins.day)

    def _year_end(self, since: date) -> date:
        """The end of the financial year in which `since` lies."""
        month, day = self.financial_year_end
        end = _last_valid(since.year, month, day)
        return end if since <= end else _last_valid(since.year + 1, month, day)


def _last_valid(year: int, month: int, day: int) -> date:
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))


def hold_on(kind: str, since: date | None, rules: Sequence[HoldRule], today: date) -> Hold | None:
    """The longest hold that is still running on a record; None where none is.

    Raises:
        HoldUnknown: a rule applies whose end cannot be told.
    """
    holds = [Hold(statute=r.statute, exception=r.exception, until=r.until(since)) for r in rules if kind in r.kinds]
    return max((hold for hold in holds if hold.until >= today), key=lambda hold: hold.until, default=None)
