"""What can come of a record, and how well it is known: two closed sets (DESIGN.md, decisions 6 and 7)."""

from datetime import date
from enum import StrEnum

from pydantic import Field

from topics.model import Sentence, Wire, absent


class Outcome(StrEnum):
    """What became of a record, or of a processor as a whole. Listed from the least good to the best."""

    SILENT = "silent"  # only a processor: it has not answered
    FAILED = "failed"
    REFUSED = "refused"
    NEEDS_PERSON = "needs_person"
    NEEDS_IDENTIFIER = "needs_identifier"
    DEFERRED = "deferred"
    ACCEPTED = "accepted"
    EXPIRING = "expiring"
    HELD = "held"
    RESTRICTED = "restricted"
    LIFTED = "lifted"
    ANONYMISED = "anonymised"
    ERASED = "erased"
    NOT_APPLICABLE = "not_applicable"
    NOTHING_FOUND = "nothing_found"


def least_good(outcomes: list[Outcome]) -> Outcome:
    """The first of `outcomes` in the order of `Outcome`; `nothing_found` of none."""
    order = list(Outcome)
    return min(outcomes, key=order.index, default=Outcome.NOTHING_FOUND)


class Status(StrEnum):
    """What a certificate says of a case as a whole (contract.md, "Status")."""

    COMPLETE = "complete"
    COMPLETE_WITH_HOLDS = "complete_with_holds"
    PARTIAL = "partial"


class Evidence(StrEnum):
    """How well an outcome is known, from worst to best."""

    ACCEPTED = "accepted"  # the vendor said yes, and does it later
    EXECUTED = "executed"  # the call succeeded
    VERIFIED = "verified"  # looked again: gone, stripped, restricted, or still there where it must be


class Hold(Wire):
    """Why a record is kept, and until when (the whole of that day, in the controller's time zone).

    `reason`: why this class of records is kept, or what a legal claim is about; never personal data.
    """

    statute: Sentence
    exception: Sentence
    until: date
    reason: Sentence | None = Field(default=None, exclude_if=absent)
