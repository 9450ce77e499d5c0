"""The dates of a case as its clock gives them, and what is told before and after a last day. Pure."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from orchestrator.case import Case
from orchestrator.clock import Clock
from orchestrator.policy import Policy, day_of, start_of
from topics.calendar_settings import Promise
from topics.notices import About


def with_dates(case: Case, at: datetime, policy: Policy) -> Case:
    """The case with its last days as receipt, pauses and extension give them, and the moment of its next warning."""
    clock = clock_of(case, policy.zone, policy.country, policy.promise)
    days = {"due_by": clock.due_by or clock.not_before, "promised_by": clock.promised_by, "refuse_by": clock.may_extend_until}
    overdue = clock.due_by is not None and day_of(at, policy) > clock.due_by
    return case.model_copy(update={**days, "tell_at": at if overdue else _next(clock, at, policy)})


def told(case: Case, at: datetime, policy: Policy) -> tuple[Case, list[About]]:
    """What is to be told now of the last days, and the case with the moment of the next warning."""
    if case.tell_at is None or case.tell_at > at:
        return case, []
    clock = clock_of(case, policy.zone, policy.country, policy.promise)
    today, since = day_of(at, policy), day_of(case.tell_at, policy)
    near = any(since <= day <= today for day in clock.warnings)
    passed = clock.due_by is not None and today > clock.due_by
    promise = clock.promised_by is not None and since <= clock.promised_by + timedelta(days=1) <= today
    about = [About.DEADLINE_PASSED] if passed else [About.PROMISE_PASSED] if promise else [About.DEADLINE_NEAR] if near else []
    return case.model_copy(update={"tell_at": _next(clock, at, policy)}), about


def clock_of(case: Case, zone: ZoneInfo, country: str, promise: Promise | None) -> Clock:
    """The clock of a request at a controller there, with that promise of its own."""
    return Clock(case.received_at, zone, country, case.pauses, case.extension, promise)


def _next(clock: Clock, at: datetime, policy: Policy) -> datetime | None:
    """The start of the next day on which something is to be told; nothing is, while the time stands still."""
    if clock.due_by is None:
        return None
    ends = [day + timedelta(days=1) for day in (clock.promised_by, clock.due_by) if day]
    moments = (start_of(day, policy) for day in (*clock.warnings, *ends))
    return min((moment for moment in moments if moment > at), default=None)
