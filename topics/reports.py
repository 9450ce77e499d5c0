"""What a worker reports: what it located before it destroys anything, and what came of it."""

from datetime import date
from operator import not_
from typing import Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from topics.model import Digest, Moment, ProcessorName, RecordKind, Sealed, Sentence, Wire
from topics.outcomes import Evidence, Hold, Outcome

LOCATED_TYPE = "processor.located"
ANSWERED_TYPE = "processor.answered"


WITHOUT_RECORDS = frozenset(
    {
        None,
        Outcome.FAILED,
        Outcome.REFUSED,
        Outcome.NEEDS_PERSON,
        Outcome.NEEDS_IDENTIFIER,
        Outcome.DEFERRED,
        Outcome.NOT_APPLICABLE,
        Outcome.NOTHING_FOUND,
    }
)
"""What a processor may answer as a whole, without naming records."""


class LocatedRecord(Wire):
    """A record that was found: its kind, and a keyed digest of its reference."""

    digest: Digest
    kind: RecordKind


class Located(Wire):
    """Written ahead of destruction: the records found in this run that the command did not know yet.

    `sealed` holds their references in the same order, under the case's key.
    """

    command_id: UUID
    request_id: UUID
    processor: ProcessorName
    round: int
    records: tuple[LocatedRecord, ...]
    sealed: Sealed


class RecordOutcome(LocatedRecord):
    """What came of one record.

    `evidence` is null where nothing is claimed. `bound_to` is the kind of the held record it hangs from. `until` is the
    date of an `accepted` (look again), `expiring` or bound record. `sealed` is a held record's own reference, under the
    case's hold key, since it is needed again when the hold ends. `unconfirmed`: it is refused because it could not be lifted
    again over the vendor's API, and no officer has confirmed that yet. `open`: only in a dry run: something is still to be settled with the
    person, such as an unpaid invoice or a running contract.
    """

    outcome: Outcome
    evidence: Evidence | None = None
    hold: Hold | None = None
    bound_to: RecordKind | None = None
    until: date | None = None
    reason: Sentence | None = None
    sealed: Sealed | None = None
    unconfirmed: bool = Field(default=False, exclude_if=not_)
    open: bool = Field(default=False, exclude_if=not_)


class Calls(Wire):
    """Evidence of the calls behind an answer: how many, and a keyed digest over method, path, status, time and body."""

    count: int
    digest: Digest


class Answered(Wire):
    """A processor's answer to a command: every record it located or was told of, each once.

    `outcome` is given where the processor as a whole has none from its records (`failed`, `deferred`,
    `needs_identifier`, ...); then nothing more is known of its records than before. `again_at` is the moment from which
    another try is worth it: the vendor asked to wait, or said yes and it cannot be seen yet.
    """

    command_id: UUID
    request_id: UUID
    processor: ProcessorName
    round: int
    mode: Literal["execute", "dry-run"]
    records: tuple[RecordOutcome, ...] = ()
    outcome: Outcome | None = None
    reason: Sentence | None = None
    again_at: Moment | None = None
    calls: Calls | None = None

    @model_validator(mode="after")
    def _claims_nothing_as_a_whole(self) -> Self:
        """A processor as a whole can only say that it did not, or that it has nothing to do with it."""
        if self.outcome not in WITHOUT_RECORDS or any(record.outcome is Outcome.SILENT for record in self.records):
            raise ValueError("an outcome of the whole processor must name what it waits for, and no record is silent")
        return self
