"""The clock of one request: what is due when, and where it stands on a day. Pure: the day is handed in."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property
from zoneinfo import ZoneInfo

from orchestrator.deadlines import Pause, extended_by, local_day, month_ends, promise_ends
from orchestrator.working_days import WorkingDays
from topics.calendar_settings import Promise

_WARNED_BEFORE = (7, 3, 1)  # working days


class ClockState(StrEnum):
    """Where a request that is not answered stands on a day; of several that apply the last."""

    RUNNING = "running"
    NEAR = "near"
    PROMISE_PASSED = "promise_passed"
    OVERDUE = "overdue"
    PAUSED = "paused"


@dataclass(frozen=True)
class Extension:
    """The person was told at `told_at` that the answer takes two months longer, and why: GDPR art. 12(3).

    Raises:
        ValueError: the moment has no offset, or no reason is given.
    """

    told_at: datetime
    reason: str

    def __post_init__(self) -> None:
        if self.told_at.tzinfo is None:
            raise ValueError("The moment at which an extension was told needs an offset, or its day is not known.")
        if not self.reason.strip():
            raise ValueError("An extension needs a reason: say why the answer takes longer (GDPR art. 12(3)).")


@dataclass(frozen=True)
class Clock:
    """All that the dates of one request follow from; the dates are whole days in `zone`.

    Raises:
        ValueError: a moment has no offset, or the country's holidays are not known.
    """

    received_at: datetime
    zone: ZoneInfo
    country: str = "NL"
    pauses: tuple[Pause, ...] = ()
    extension: Extension | None = None
    promise: Promise | None = None

    def __post_init__(self) -> None:
        month_ends(self.received_at, self.zone, self.country)

    @cached_property
    def may_extend_until(self) -> date | None:
        """The last day to tell an extension (GDPR art. 12(3)), and to tell a refusal (12(4)); None while paused."""
        return month_ends(self.received_at, self.zone, self.country, self.pauses)

    @cached_property
    def extended(self) -> bool:
        """Whether an extension was told, and in time: one told too late changes nothing."""
        if self.extension is None:
            return False
        return self.may_extend_until is None or local_day(self.extension.told_at, self.zone) <= self.may_extend_until

    @cached_property
    def due_by(self) -> date | None:
        """The last day that the law gives; None while paused."""
        return self._law_ends(self.pauses)

    @cached_property
    def not_before(self) -> date:
        """`due_by`, or while paused the earliest that it can still become: as if the person had answered when asked."""
        due = self._law_ends(tuple(replace(pause, ended=pause.ended or pause.began) for pause in self.pauses))
        assert due is not None  # no pause is open
        return due

    @cached_property
    def promised_by(self) -> date | None:
        """The last day of the controller's own promise, never after the law's month; None without one, or while paused.

        An extension does not move it: it lengthens what the law gives, not what was promised.
        """
        if self.promise is None:
            return None
        promised = promise_ends(self.promise, self.received_at, self.zone, self.country, self.pauses)
        return min((day for day in (promised, self.may_extend_until) if day), default=None)

    @cached_property
    def warnings(self) -> tuple[date, ...]:
        """The working days 7, 3 and 1 before the promised day, and before the law's as far as they come after it; in order."""
        received, promised = local_day(self.received_at, self.zone), self.promised_by or date.min
        before_promise = [day for day in self._warned_before(self.promised_by) if day > received]
        before_due = [day for day in self._warned_before(self.due_by) if day > max(received, promised)]
        return (*before_promise, *before_due)

    def state(self, on: date) -> ClockState:
        """Where the request stands on that day, if it is not answered."""
        if self.due_by is None:
            return ClockState.PAUSED
        if on > self.due_by:
            return ClockState.OVERDUE
        if self.promised_by is not None and on > self.promised_by:
            return ClockState.PROMISE_PASSED
        first, *_ = self._warned_before(self.promised_by or self.due_by)
        return ClockState.NEAR if on >= first else ClockState.RUNNING

    def _law_ends(self, pauses: tuple[Pause, ...]) -> date | None:
        return (extended_by if self.extended else month_ends)(self.received_at, self.zone, self.country, pauses)

    def _warned_before(self, last: date | None) -> tuple[date, ...]:
        working_days = WorkingDays(self.country)
        return tuple(working_days.before(last, count) for count in _WARNED_BEFORE) if last else ()
