"""Whether a request was answered by its last days: the law's, and the day that the controller promised. Pure."""

from datetime import date
from typing import NamedTuple
from zoneinfo import ZoneInfo

from orchestrator.case import Case, Status
from orchestrator.payload import deadline_met


class InTime(NamedTuple):
    """Of each last day whether it was kept; None: it is not over, the time stands still, or there is none."""

    deadline: bool | None
    promise: bool | None


def in_time(case: Case, zone: ZoneInfo, status: Status, on: date) -> InTime:
    """What a certificate of that status, issued `on` that local day, says of the last days."""
    promise = None if case.promised_by is None else _kept(case, zone, status, on, case.promised_by, case.promised_by)
    return InTime(_of_the_law(case, zone, status, on), promise)


def _of_the_law(case: Case, zone: ZoneInfo, status: Status, on: date) -> bool | None:
    """What is turned down must be told within the month, extended or not (GDPR art. 12(4)). While it stands still there is no last day."""
    tell_by = case.refuse_by or (None if case.paused else case.due_by)
    return _kept(case, zone, status, on, case.due_by, tell_by, case.stands_still(zone))


def _kept(case: Case, zone: ZoneInfo, status: Status, on: date, last: date, tell_by: date | None, still: bool = False) -> bool | None:
    told = _told_in_time(case, zone, last, tell_by)
    if told is not None and (case.refused or not told):
        return told
    if still:
        return None if status is Status.PARTIAL and not case.refused else True  # refused: after an answer in time
    if on > last and answered_by(case, zone, last):  # one that follows years later, when a hold ends, is not late
        return True
    return deadline_met(status, last, on)


def _told_in_time(case: Case, zone: ZoneInfo, last: date, tell_by: date | None) -> bool | None:
    """Whether the word that turned it down came in time; None: there is none, or it came years after an answer in time."""
    word = case.decision
    if word is None or word.decision == "uphold":
        return None
    day = word.at.astimezone(zone).date()
    if day > last and answered_by(case, zone, last):
        return None
    return tell_by is None or day <= tell_by


def is_answered(case: Case, zone: ZoneInfo, today: date) -> bool:
    """Whether no last day is waited for any more: it is closed or refused, or what is open again was answered in time."""
    return case.state == "closed" or case.refused or (today > case.due_by and answered_by(case, zone, case.due_by))


def answered_by(case: Case, zone: ZoneInfo, last: date) -> bool:
    """Whether the newest certificate of that day was complete: what comes later is no matter of that last day."""
    until_then = [c.status for c in case.certificates if c.issued_at.astimezone(zone).date() <= last]
    return bool(until_then) and until_then[-1] is not Status.PARTIAL
