"""A case: everything known about one request. Frozen data; `decide` makes the next one."""

from datetime import date, datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from topics.commands import Action
from topics.events import Mode, Right
from topics.model import Moment, RecordKind, Sealed, Sentence, Wire
from topics.outcomes import Evidence, Hold, Outcome, least_good

SETTLED = frozenset(
    {
        Outcome.ERASED,
        Outcome.ANONYMISED,
        Outcome.RESTRICTED,
        Outcome.LIFTED,
        Outcome.HELD,
        Outcome.EXPIRING,
        Outcome.NOTHING_FOUND,
        Outcome.NOT_APPLICABLE,
    }
)
"""Outcomes that wait for nobody: of a record or a processor with one of these, nothing more is ordered."""

ACTION_OF: dict[Right, Action] = {
    Right.ERASURE: "erase",
    Right.RESTRICTION: "restrict",
    Right.LIFTING: "lift",
    Right.OBJECTION: "restrict",  # art. 18(1)(d): while it is examined
}


class Status(StrEnum):
    """What a certificate says of a case as a whole (contract.md, "Status")."""

    COMPLETE = "complete"
    COMPLETE_WITH_HOLDS = "complete_with_holds"
    PARTIAL = "partial"


class RecordState(Wire):
    """What is known of one located record. `outcome` is null between `Located` and `Answered`."""

    kind: RecordKind
    outcome: Outcome | None = None
    evidence: Evidence | None = None
    hold: Hold | None = None
    bound_to: RecordKind | None = None
    until: date | None = None
    reason: Sentence | None = None
    sealed: Sealed | None = None


class ProcessorState(Wire):
    """One expected processor. `in_flight`: a command is out and not yet answered.

    `records` maps a keyed digest to what is known of that record; it only grows. `known` holds the sealed references of
    earlier rounds, of which the last command was told the first `told`.
    """

    name: str
    connector: str
    kind: str
    not_covered: tuple[str, ...] = ()
    round: int = 0
    in_flight: bool = False
    ordered_at: Moment | None = None
    answered_at: Moment | None = None
    answer: Outcome | None = None  # of the processor as a whole, where its records give none
    reason: Sentence | None = None
    again_at: Moment | None = None
    records: dict[str, RecordState] = {}
    known: tuple[Sealed, ...] = ()
    told: int = 0

    @property
    def outcome(self) -> Outcome:
        """The least good of the records' outcomes and of the processor's own; `silent` before any answer."""
        if self.answered_at is None:
            return Outcome.SILENT
        own = [] if self.answer is None else [self.answer]
        return least_good([*own, *(record.outcome or Outcome.FAILED for record in self.records.values())])

    @property
    def settled(self) -> bool:
        """Whether nothing more is to be ordered here."""
        return not self.in_flight and self.outcome in SETTLED


class CertificateRef(Wire):
    """A certificate that was issued for this case. `claims` is a digest of what it claimed."""

    certificate_id: UUID
    revision: int
    sha256: str
    claims: str
    status: Status
    issued_at: Moment


class Case(Wire):
    """One request, from its receipt to its last certificate.

    `content` is a keyed digest of the request's content, `subject` the person sealed under the case's key, `pseudonym`
    a keyed digest of the person's identifiers. `settled_at` is when the last processor answered,
    `look_at` when what is gone is looked for once more.
    """

    request_id: UUID
    right: Right
    mode: Mode
    ground: str | None
    content: str
    subject: Sealed
    verified_by: Sealed | None = None
    pseudonym: str
    received_at: Moment
    opened_at: Moment
    due_by: date
    processors: tuple[ProcessorState, ...]
    not_asked: tuple[str, ...] = ()
    settled_at: Moment | None = None
    look_at: Moment | None = None
    certificates: tuple[CertificateRef, ...] = ()
    state: Literal["open", "closed"] = "open"
    wake_at: datetime | None = None

    @property
    def action(self) -> Action:
        """What the workers are ordered to do."""
        return ACTION_OF[self.right]

    def with_certificate(self, issued: CertificateRef) -> "Case":
        """The same case, with one more certificate."""
        return self.model_copy(update={"certificates": (*self.certificates, issued)})

    @property
    def all_answered(self) -> bool:
        """Whether every expected processor has answered and none has a command out."""
        return all(p.answered_at is not None and not p.in_flight for p in self.processors)

    def processor(self, name: str) -> ProcessorState | None:
        """The expected processor of that name."""
        return next((p for p in self.processors if p.name == name), None)

    def with_processor(self, changed: ProcessorState) -> "Case":
        """The same case with that processor replaced."""
        processors = tuple(changed if p.name == changed.name else p for p in self.processors)
        return self.model_copy(update={"processors": processors})
