"""What the world says: a request of a person, and what an officer orders."""

from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from topics.model import Moment, ProcessorName, Wire
from topics.subject import Subject


class EventType(StrEnum):
    """The CloudEvents types that may stand on `subject.requests`; any other goes to dead letters."""

    ERASE = "subject.erase"
    RESTRICT = "subject.restrict"
    UNRESTRICT = "subject.unrestrict"
    OBJECT = "subject.object"
    WITHDRAW = "subject.withdraw"
    RETRY = "case.retry"  # written by `erasure retry`


class Right(StrEnum):
    """The right that a request exercises, as the certificate names it."""

    ERASURE = "erasure"
    RESTRICTION = "restriction"
    LIFTING = "lifting"
    OBJECTION = "objection"
    WITHDRAWAL = "withdrawal"


RIGHT_OF = {
    EventType.ERASE: Right.ERASURE,
    EventType.RESTRICT: Right.RESTRICTION,
    EventType.UNRESTRICT: Right.LIFTING,
    EventType.OBJECT: Right.OBJECTION,
    EventType.WITHDRAW: Right.WITHDRAWAL,
}

Mode = Literal["execute", "dry-run"]

Ground = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_().,;:\- ]{1,80}$")]
"""It stands on the certificate as given, so no `@`: an address must not slip through it."""


class SubjectRequest(Wire):
    """What a backend service sends (GDPR art. 12 to 21). `request_id` is the sender's, and makes it idempotent."""

    request_id: UUID
    received_at: Moment
    subject: Subject
    ground: Ground | None = None
    verified_by: str | None = Field(None, repr=False)
    processors: tuple[ProcessorName, ...] | None = None
    mode: Mode = "execute"


class RetryOrder(Wire):
    """An officer or operator orders what failed again, at all processors or at `only`."""

    request_id: UUID
    only: ProcessorName | None = None
