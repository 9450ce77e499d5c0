"""What an officer orders about a case. Orders travel on `subject.requests`, so that they and the requests have one order."""

import re
from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from topics.events import EventType
from topics.model import Digest, ProcessorName, RecordKind, Sentence, Wire
from topics.outcomes import Outcome


def _names_nobody(text: str) -> str:
    """An address would be copied onto every certificate."""
    if re.search(r"\S@\S", text):
        raise ValueError("must hold no e-mail address: it stands on the certificate")
    return text


Reason = Annotated[Sentence, StringConstraints(min_length=3, strip_whitespace=True), AfterValidator(_names_nobody)]
"""An officer's words; they stand on the certificate, and in the letter to the person."""

FIXED_REASONS = {
    "legal_claim": "It is needed for the establishment, exercise or defence of a legal claim (GDPR art. 17(3)(e)).",
    "complex": "The request is complex, or there are many at once (GDPR art. 12(3)).",
    "identity_in_doubt": "There are reasonable doubts about the identity of who asks (GDPR art. 12(6)).",
    "unfounded": "The request is manifestly unfounded (GDPR art. 12(5)).",
    "excessive": "The request is manifestly excessive, in particular because it repeats an earlier one (GDPR art. 12(5)).",
    "justified": "The interests of the person outweigh ours (GDPR art. 21(1)).",
    "outweighed": "Compelling legitimate grounds outweigh the interests of the person (GDPR art. 21(1)).",
    "no_longer_opposed": "What stood against the request does so no longer.",
    "for_good": "The restriction is wanted although it cannot be lifted again.",
}
"""Reasons that name nobody, by the word that may be ordered in place of the sentence. Once nobody can check any more whether an
officer's own words name the person, only these are taken."""


def worded(reason: str) -> str:
    """The sentence that a reason stands for: its own, unless it is the word of a fixed one."""
    return FIXED_REASONS.get(reason, reason)


Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Order(Wire):
    """An order about the case of a request."""

    request_id: UUID


class Retry(Order):
    """What is not settled is ordered again, at all processors or at `only`."""

    only: ProcessorName | None = None


class Decide(Order):
    """An objection, or a request that waits for a word: uphold it or reject it (GDPR art. 21(1), 12(4))."""

    decision: Literal["uphold", "reject"]
    reason: Reason


class Refuse(Order):
    """The request is not carried out, or no further (GDPR art. 12(4), 12(5)(b))."""

    reason: Reason


class Extend(Order):
    """Two further months, told to the person within the first (GDPR art. 12(3))."""

    reason: Reason


class Pause(Order):
    """The identity is in doubt: nothing is done, and the time stands still (GDPR art. 12(2), 12(6))."""

    ground: Reason


class Resume(Order):
    """The identity is proven: the case goes on."""


class Approve(Order):
    """What an erasure would destroy may be destroyed. `plan`: the digest of the plan that was looked at; `by`: a keyed digest of who."""

    plan: Sha256
    by: Digest


class PlaceHold(Order):
    """A legal claim (GDPR art. 17(3)(e)): at one processor or all, of one kind or all, or one record by its digest."""

    processor: ProcessorName | None = None
    kind: RecordKind | None = None
    record: Digest | None = None
    reason: Reason
    until: date


class LiftHold(Order):
    """The claims placed with the same processor, kind and record hold no longer."""

    processor: ProcessorName | None = None
    kind: RecordKind | None = None
    record: Digest | None = None


class Prove(Order):
    """A person did what no connector can, and keeps the proof, whose SHA-256 this is. `count` records of `kind`."""

    processor: ProcessorName
    outcome: Literal[Outcome.ERASED, Outcome.ANONYMISED, Outcome.RESTRICTED, Outcome.LIFTED, Outcome.NOTHING_FOUND, Outcome.NOT_APPLICABLE]
    kind: RecordKind = "record"
    count: Annotated[int, Field(ge=1, le=10_000)] = 1
    on: date
    proof: Sha256


class StopOrder(Wire):
    """An order about no case: `request_id` names the order itself, and makes it idempotent. `by`: the account of who gives it."""

    request_id: UUID
    by: Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]


class StopEverything(StopOrder):
    """Nothing is destroyed anywhere until it is lifted."""

    reason: Reason


class LiftStop(StopOrder):
    """What was stopped by such orders, up to the `last` stop that was seen, goes on. What was stopped at the command is lifted there."""

    last: Annotated[int, Field(ge=1)]


ORDERS: dict[EventType, type[Order]] = {
    EventType.RETRY: Retry,
    EventType.DECIDE: Decide,
    EventType.REFUSE: Refuse,
    EventType.EXTEND: Extend,
    EventType.PAUSE: Pause,
    EventType.RESUME: Resume,
    EventType.APPROVE: Approve,
    EventType.HOLD: PlaceHold,
    EventType.UNHOLD: LiftHold,
    EventType.PROVE: Prove,
}
"""By the `ce_type` under which each travels."""

STOP_ORDERS: dict[EventType, type[StopOrder]] = {EventType.STOP: StopEverything, EventType.LIFT_STOP: LiftStop}
"""The same of those about no case."""
