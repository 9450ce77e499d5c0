"""What the controller's services are told while a case runs, so that they can tell the person or the officer. No personal data."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from pydantic import Field

from topics.events import Right
from topics.model import Moment, ProcessorName, Wire, absent
from topics.outcomes import Status

NOTICE_TYPE = "case.notice"


class About(StrEnum):
    """What a notice is about (closed set)."""

    LIFTING_ANNOUNCED = "lifting_announced"  # tell the person now: GDPR art. 18(3)
    DECISION_NEEDED = "decision_needed"
    DECIDED = "decided"  # tell the person, with the reason and the remedies: art. 12(4)
    EXTENDED = "extended"  # tell the person, with the reason: art. 12(3)
    PAUSED = "paused"  # ask the person for proof of identity: art. 12(6)
    RESUMED = "resumed"
    DEADLINE_NEAR = "deadline_near"
    PROMISE_PASSED = "promise_passed"  # the controller's own, shorter one
    DEADLINE_PASSED = "deadline_passed"
    HOLD_ENDED = "hold_ended"
    NOT_SUPPRESSED = "not_suppressed"  # who was seen was not erased here, or longer ago than tokens are kept: nothing was ordered
    CONFIRMED = "confirmed"  # a certificate is there: tell the person (art. 12(3))
    TASK_WAITING = "task_waiting"  # a person must do something at a processor; told once, until that is settled
    CERTIFICATE_SUPERSEDED = "certificate_superseded"  # a newer revision replaces the certificate


class Changed(StrEnum):
    """In what a certificate differs from the one that it replaces (closed set)."""

    OUTCOMES = "outcomes"  # what became of the records, or who answered
    DECISION = "decision"
    EXTENSION = "extension"
    PAUSE = "pause"
    DATES = "dates"  # when the request was received, and its last day
    DAY_PASSED = "day_passed"  # the law's last day, or the promised one, was not kept
    NOT_CLAIMED = "not_claimed"  # what it does not claim, such as where messages were lost


class Notice(Wire):
    """One notice. `due_by` is the last day for an answer as it stands now.

    `processors`: where a person must do something, or of which a replaced certificate said something else. Of a certificate that
    replaces another: its `revision`, its `status`, and what `changed`.
    """

    request_id: UUID
    right: Right
    about: About
    at: Moment
    due_by: date
    processors: tuple[ProcessorName, ...] = Field(default=(), exclude_if=absent)
    revision: int | None = Field(default=None, exclude_if=absent)
    status: Status | None = Field(default=None, exclude_if=absent)
    changed: tuple[Changed, ...] = Field(default=(), exclude_if=absent)
