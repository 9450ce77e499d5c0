"""The dates of a case as its page and the API show them, and what they follow from; as `erasure status --json` says them."""

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict

from orchestrator.case import Case, Status
from orchestrator.clock import Clock, ClockState
from orchestrator.in_time import in_time, is_answered


class Pause(BaseModel):
    """Why the identity is in doubt, and since when."""

    model_config = ConfigDict(frozen=True)

    ground: str
    since: datetime


class Extension(BaseModel):
    """Until when the time was extended, why, and when that was told."""

    model_config = ConfigDict(frozen=True)

    until: date
    reason: str
    told_at: datetime


class Dates(BaseModel):
    """`clock`: where it stands, null once it is answered. `promise_kept`: null while that is open, or nothing was promised.

    `refuse_by`: where the time was extended, the day by which a refusal had to be told all the same.
    """

    model_config = ConfigDict(frozen=True)

    due_by: date
    clock: ClockState | None
    promised_by: date | None
    promise_kept: bool | None
    refuse_by: date | None
    pause: Pause | None
    extension: Extension | None


def dates_of(case: Case, clock: Clock, today: date) -> Dates:
    """The dates as they stand that day."""
    zone, told, asked = clock.zone, case.extension, case.pauses[-1] if case.paused else None
    status = case.certificates[-1].status if case.certificates else Status.PARTIAL
    return Dates(
        due_by=case.due_by,
        clock=None if is_answered(case, zone, today) else clock.state(today),
        promised_by=case.promised_by,
        promise_kept=in_time(case, zone, status, today).promise,
        refuse_by=case.refuse_by if told else None,
        pause=None if asked is None else Pause(ground=asked.ground, since=asked.began.astimezone(zone)),
        extension=None if told is None else Extension(until=case.due_by, reason=told.reason, told_at=told.told_at.astimezone(zone)),
    )
