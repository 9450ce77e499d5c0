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
    """What is turned down must be told within the month, extended or not (GDPR art. 12(4)); while it stands still, it is."""
    tell_by = case.refuse_by or (None if case.paused else case.due_by)
    still = status is Status.PARTIAL and not case.refused and case.stands_still(zone)
    return None if still else _kept(case, zone, status, on, case.due_by, tell_by)


def _kept(case: Case, zone: ZoneInfo, status: Status, on: date, last: date, tell_by: date | None) -> bool | None:
    told = _told_in_time(case, zone, tell_by)
    if told is not None and (case.refused or not told):
        return told
    return _answered_before(case, zone, status, on, last) or deadline_met(status, last, on)


def _told_in_time(case: Case, zone: ZoneInfo, tell_by: date | None) -> bool | None:
    """Whether the word that turned it down came in time; None: there is none, or it came after the answer."""
    word = case.decision
    if word is None or word.decision == "uphold":
        return None
    if any(one.status is not Status.PARTIAL and one.issued_at < word.at for one in case.certificates):
        return None
    return tell_by is None or word.at.astimezone(zone).date() <= tell_by


def _answered_before(case: Case, zone: ZoneInfo, status: Status, on: date, last: date) -> bool:
    """Whether an earlier certificate kept that day: one that follows years later, when a hold ends, is not late."""
    if status is Status.PARTIAL:
        return on > last and answered_by(case, zone, last)
    return any(c.status is not Status.PARTIAL and c.issued_at.astimezone(zone).date() <= last for c in case.certificates)


def is_answered(case: Case, zone: ZoneInfo, today: date) -> bool:
    """Whether no last day is waited for any more: it is closed or refused, or what is open again was answered in time."""
    return case.state == "closed" or case.refused or (today > case.due_by and answered_by(case, zone, case.due_by))


def answered_by(case: Case, zone: ZoneInfo, last: date) -> bool:
    """Whether the newest certificate of that day was complete: what comes later is no matter of that last day."""
    until_then = [c.status for c in case.certificates if c.issued_at.astimezone(zone).date() <= last]
    return bool(until_then) and until_then[-1] is not Status.PARTIAL
