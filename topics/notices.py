"""What the controller's services are told while a case runs, so that they can tell the person or the officer. No personal data."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from topics.events import Right
from topics.model import Moment, Wire

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


class Notice(Wire):
    """One notice. `due_by` is the last day for an answer as it stands now."""

    request_id: UUID
    right: Right
    about: About
    at: Moment
    due_by: date
