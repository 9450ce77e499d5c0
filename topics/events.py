"""What the world says: a request of a person, and what an officer orders."""

import re
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BeforeValidator, Field, StringConstraints

from topics.model import ProcessorName, Wire
from topics.subject import Subject


class EventType(StrEnum):
    """The CloudEvents types that may stand on `subject.requests`; any other goes to dead letters."""

    ERASE = "subject.erase"
    RESTRICT = "subject.restrict"
    UNRESTRICT = "subject.unrestrict"
    OBJECT = "subject.object"
    WITHDRAW = "subject.withdraw"
    CONTRACT_ENDED = "contract.ended"  # an erasure, as if asked for
    APPLICATION_ENDED = "application.ended"
    RETENTION_ENDED = "retention.ended"  # the controller's own period: nobody asks, and it is erased
    SEEN = "subject.seen"  # who was erased shows up again: erased again, if suppressed (docs/suppression.md)
    RETRY = "case.retry"  # this and the following are an officer's (`topics.orders`)
    DECIDE = "case.decide"
    REFUSE = "case.refuse"
    EXTEND = "case.extend"
    PAUSE = "case.pause"
    RESUME = "case.resume"
    APPROVE = "case.approve"
    HOLD = "hold.place"
    UNHOLD = "hold.lift"
    PROVE = "task.done"
    STOP = "stop.ordered"  # these two are about no case
    LIFT_STOP = "stop.lifted"


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
    EventType.CONTRACT_ENDED: Right.ERASURE,
    EventType.APPLICATION_ENDED: Right.ERASURE,
    EventType.RETENTION_ENDED: Right.ERASURE,
    EventType.SEEN: Right.ERASURE,
}

ENDED = {
    EventType.CONTRACT_ENDED: "17(1)(a)",
    EventType.APPLICATION_ENDED: "17(1)(a)",
    EventType.RETENTION_ENDED: "5(1)(e), 17(1)(a)",
}
"""What ends by itself, and the ground on which it is erased: it is no longer needed, or was kept as long as was promised."""

Mode = Literal["execute", "dry-run"]

Ground = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_().,;:\- ]{1,80}$")]
"""It stands on the certificate as given, so no `@`: an address must not slip through it."""


def rests_on(ground: str | None, *articles: str) -> bool:
    """Whether a ground names one of those articles, whatever stands around it: `18(1)(c)`, `GDPR art. 18 (1)(a), (18(1)(c))`."""
    given = (ground or "").replace(" ", "")
    return any(article in given for article in articles)


def is_against_marketing(right: Right, ground: str | None) -> bool:
    """An objection to direct marketing alone is absolute (GDPR art. 21(2), (3)); what rests on 21(1) too is examined."""
    return right is Right.OBJECTION and rests_on(ground, "21(2)", "21(3)") and not rests_on(ground, "21(1)")


_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d.*")


def _written_out(given: object) -> object:
    """pydantic would also take a number for seconds since 1970; the contract's times are RFC 3339."""
    if not isinstance(given, datetime) and not (isinstance(given, str) and _RFC_3339.fullmatch(given)):
        raise ValueError("must be a time as RFC 3339 writes it, with an offset")
    return given


ReceivedAt = Annotated[AwareDatetime, BeforeValidator(_written_out)]


def _a_day(given: object) -> object:
    """pydantic would also take a number for seconds since 1970, or a moment for its day in no known time zone."""
    if given is not None and not (isinstance(given, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", given)) and type(given) is not date:
        raise ValueError("must be a day as RFC 3339 writes it: 2026-11-20")
    return given


Day = Annotated[date, BeforeValidator(_a_day)]


class SubjectRequest(Wire):
    """What a backend service sends (GDPR art. 12 to 21). `request_id` is the sender's, and makes it idempotent.

    `identity`: doubtful ones wait for proof (art. 12(6)). `role`: what is held as another's processor is referred to that
    controller (art. 28(3)(e)), recorded, and not carried out.
    `contract_ended_on`: the last day of the person's contract; holds that run from the end of the contract need it.
    """

    request_id: UUID
    received_at: ReceivedAt
    subject: Subject
    ground: Ground | None = None
    verified_by: str | None = Field(None, repr=False)
    processors: tuple[ProcessorName, ...] | None = None
    mode: Mode = "execute"
    identity: Literal["proven", "doubtful"] = "proven"
    role: Literal["controller", "processor"] = "controller"
    contract_ended_on: Day | None = None
