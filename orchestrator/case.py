"""A case: everything known about one request. Frozen data; `decide` makes the next one."""

from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum
from operator import not_
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import Field

from orchestrator.clock import Extension
from orchestrator.deadlines import Pause
from topics.commands import Action, Claim
from topics.events import Mode, Right, is_against_marketing
from topics.model import Digest, Moment, ProcessorName, RecordKind, Sealed, Sentence, Wire, absent
from topics.outcomes import Evidence, Hold, Outcome, Status, least_good

__all__ = ["SETTLED", "UNAPPROVED", "Approval", "Block", "Case", "CertificateRef", "Decision", "Gap", "Guard", "PlacedClaim"]
__all__ += ["Plan", "PlanLine", "ProcessorState", "RecordState", "Status", "Why"]

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

_ACTION_OF: dict[Right, Action] = {
    Right.ERASURE: "erase",
    Right.RESTRICTION: "restrict",
    Right.LIFTING: "lift",
    Right.WITHDRAWAL: "erase",  # art. 17(1)(b): of what rested on consent
}


UNAPPROVED = "It waits until the plan of what would be erased is approved; nothing is destroyed before."


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
    unconfirmed: bool = Field(default=False, exclude_if=not_)


class PlanLine(Wire):
    """What would become of so many records of a kind. `open`: of how many the processor says that something is still to be settled."""

    kind: RecordKind
    outcome: Outcome
    count: int
    open: int = 0


class Plan(Wire):
    """What a processor would do, as it said before anything was destroyed. `answer`: it could not say, and why."""

    lines: tuple[PlanLine, ...] = ()
    answer: Outcome | None = None
    reason: Sentence | None = None


class ProcessorState(Wire):
    """One expected processor. `in_flight`: a command is out and not yet answered; `looks`: the newest only looks (ADR 12).

    `records` maps a keyed digest to what is known of that record; it only grows. `known` holds the sealed references of
    earlier rounds, of which the last command was told the first `told`. `person_told`: that a person must do something here,
    until that is settled.
    """

    name: str
    connector: str
    kind: str
    not_covered: tuple[str, ...] = ()
    round: int = 0
    in_flight: bool = False
    looks: bool = False
    ordered_at: Moment | None = None
    answered_at: Moment | None = None
    answer: Outcome | None = None  # of the processor as a whole, where its records give none
    reason: Sentence | None = None
    again_at: Moment | None = None
    records: dict[str, RecordState] = {}
    known: tuple[Sealed, ...] = ()
    told: int = 0
    plan: Plan | None = Field(default=None, exclude_if=absent)
    person_told: bool = Field(default=False, exclude_if=not_)

    @property
    def outcome(self) -> Outcome:
        """The least good of the records' outcomes and of the processor's own; `silent` before any answer."""
        if self.answered_at is None:
            return Outcome.SILENT
        own = [] if self.answer is None else [self.answer]
        return least_good([*own, *(record.outcome or Outcome.FAILED for record in self.records.values())])

    @property
    def awaited(self) -> bool:
        """Whether an answer is out without which nothing is done; a later look leaves standing what was answered."""
        return self.in_flight and not self.looks

    @property
    def expiring(self) -> dict[str, date]:
        """The last day of every record that was said to go by itself, by digest; past it, too, so that it is not set anew."""
        by_rule = {Outcome.EXPIRING, Outcome.NOT_APPLICABLE, Outcome.REFUSED}
        return {digest: record.until for digest, record in self.records.items() if record.until and record.outcome in by_rule}

    @property
    def keeps_something(self) -> bool:
        """Whether a record there is held, or shut off from use."""
        return any(record.outcome in (Outcome.HELD, Outcome.RESTRICTED) for record in self.records.values())

    @property
    def accepted(self) -> dict[str, date]:
        """The day until which a vendor takes its time, of every record that it only said yes to, by digest."""
        return {digest: r.until for digest, r in self.records.items() if r.until and r.outcome is Outcome.ACCEPTED}

    @property
    def gone(self) -> tuple[str, ...]:
        """The digests of records that a look has shown gone."""
        return tuple(d for d, r in self.records.items() if r.outcome is Outcome.ERASED and r.evidence is Evidence.VERIFIED)

    @property
    def settled(self) -> bool:
        """Whether nothing more is to be ordered here."""
        return not self.awaited and self.outcome in SETTLED


class Decision(Wire):
    """What the officer decided, in words for the person (GDPR art. 12(4)). It stands on every later certificate.

    `refer`: another controller must decide; we only process for it.
    """

    decision: Literal["uphold", "reject", "refuse", "refer"]
    reason: Sentence
    at: Moment


class Block(Wire):
    """Another request of the same person stands against this one, until it ends or the officer decides."""

    by: UUID
    reason: Sentence


class Why(StrEnum):
    """Why somebody must approve an erasure before it begins (closed set)."""

    PLAN_FIRST = "plan_first"
    MANY_RECORDS = "many_records"
    MANY_CASES = "many_cases"
    SOMETHING_OPEN = "something_open"
    NOT_LOOKED = "not_looked"


class Approval(Wire):
    """Who approved which plan, as keyed and plain digests, and when."""

    plan: str
    by: Digest
    at: Moment


class Guard(Wire):
    """What stands between a request and its first destructive order (ADR 21).

    `crowded`: it came when more erasures had come within an hour than is usual. `since`: when its plan was asked for. `why` it
    waits, and the digest of the `plan` that is to be approved.
    """

    state: Literal["unplanned", "planning", "asked", "passed"] = "unplanned"
    crowded: bool = False
    since: Moment | None = None
    why: tuple[Why, ...] = ()
    plan: str = ""
    approvals: tuple[Approval, ...] = ()


class PlacedClaim(Wire):
    """A legal claim, at one processor or (`processor` None) at all."""

    processor: ProcessorName | None = None
    claim: Claim


class CertificateRef(Wire):
    """A certificate that was issued for this case. `claims` is a digest of what it claimed."""

    certificate_id: UUID
    revision: int
    sha256: str
    claims: str
    status: Status
    issued_at: Moment


class Gap(Wire):
    """A time of which messages are lost: they aged out before the ledger held them. `since` None: nobody knows from when."""

    since: Moment | None
    until: Moment


class Case(Wire):
    """One request, from its receipt to its last certificate.

    `subject` is the person sealed under the case's key, `content` a digest of the request's content under it, both empty without it;
    `pseudonym` is a keyed digest of the person's identifiers. `settled_at` is when the last processor answered,
    `look_at` when what is gone is looked for once more, `shred_at` when its key goes at the earliest, `shredded_at` when it went: then
    `subject` is null, and of what came `late`, it is only counted how often. `forgotten_at`: nothing is kept or protected any more.
    `sent_at`: when the request, or the same once more, was last taken from the intake topic; `sent_sealed`: each time sealed by its sender.
    `due_by` is the law's last day as it stands (while paused: the earliest that it can become), `promised_by` the controller's own;
    `refuse_by` is the last day to tell a refusal, None while paused in that time;
    `tell_at` is when the next warning of either is to be told. `again_of`: the erasure after which the person was seen again.
    `trace`: the W3C trace context of its request, which goes on with all that is sent, as long as its key is there.
    """

    request_id: UUID
    right: Right
    mode: Mode
    ground: str | None
    content: str
    subject: Sealed | None
    verified_by: Sealed | None = None
    pseudonym: str
    received_at: Moment
    opened_at: Moment
    sent_at: Moment | None = None
    sent_sealed: bool = False
    due_by: date
    promised_by: date | None = None
    refuse_by: date | None = None
    tell_at: Moment | None = None
    processors: tuple[ProcessorState, ...]
    not_asked: tuple[str, ...] = ()
    settled_at: Moment | None = None
    look_at: Moment | None = None
    certificates: tuple[CertificateRef, ...] = ()
    decision: Decision | None = None
    extension: Extension | None = None
    pauses: tuple[Pause, ...] = ()
    block: Block | None = None
    ended_by: UUID | None = None  # a restriction, by the request that lifted it
    gaps: tuple[Gap, ...] = ()
    shred_at: Moment | None = None
    shredded_at: Moment | None = None
    forgotten_at: Moment | None = None
    late: int = 0
    state: Literal["open", "closed"] = "open"
    wake_at: datetime | None = None
    contract_ended_on: date | None = None
    claims: tuple[PlacedClaim, ...] = ()
    again_of: UUID | None = None
    trace: str | None = None
    guard: Guard | None = Field(default=None, exclude_if=absent)

    @property
    def action(self) -> Action:
        """What the workers are ordered to do."""
        if self.right is not Right.OBJECTION:
            return _ACTION_OF[self.right]
        if self.against_marketing:
            return "erase"  # art. 21(3) and 17(1)(c): nothing may be processed there any more
        if self.decision is None:
            return "restrict"  # art. 18(1)(d): while it is examined
        return "erase" if self.decision.decision == "uphold" else "lift"

    @property
    def against_marketing(self) -> bool:
        """An objection to direct marketing is absolute: nobody examines it (GDPR art. 21(2), (3))."""
        return is_against_marketing(self.right, self.ground)

    @property
    def examined(self) -> bool:
        """Whether it is an objection that still waits for the officer's decision."""
        return self.right is Right.OBJECTION and not self.against_marketing and self.decision is None

    @property
    def unconfirmed(self) -> bool:
        """Whether a vendor could restrict only in a way that cannot be lifted, and no officer has decided on that."""
        undecided = self.right is Right.RESTRICTION and self.mode == "execute" and self.decision is None
        return undecided and any(record.unconfirmed for processor in self.processors for record in processor.records.values())

    @property
    def refused(self) -> bool:
        """Whether it is not carried out, or no further, by the officer's word."""
        if self.decision is None or self.decision.decision == "uphold":
            return False
        return not (self.right is Right.OBJECTION and self.decision.decision == "reject")

    @property
    def in_force(self) -> bool:
        """Whether it is a restriction that was not lifted, nor refused before anything was shut off: that stays so until it is lifted."""
        stands = self.right is Right.RESTRICTION and self.mode == "execute" and self.ended_by is None
        return stands and (not self.refused or any(processor.keeps_something for processor in self.processors))

    @property
    def protects(self) -> bool:
        """Whether it still means something for later requests of the person: a restriction in force, a decided objection, a legal claim."""
        decided = self.decision is not None and self.decision.decision in ("uphold", "reject")
        objection = self.right is Right.OBJECTION and decided
        return self.in_force or (self.mode == "execute" and (objection or bool(self.claims)))

    def key_until(self, zone: ZoneInfo) -> date | None:
        """The last day of its key, as certificates say it; None: it has not ended, or the key is destroyed.

        A later look that nobody answers keeps the key until the due date, and no longer.
        """
        if self.shred_at is None or self.shredded_at is not None:
            return None
        return max(self.due_by, self.shred_at.astimezone(zone).date()) + timedelta(days=1)

    @property
    def paused(self) -> bool:
        """Whether the identity is in doubt right now."""
        return bool(self.pauses) and self.pauses[-1].ended is None

    def stands_still(self, zone: tzinfo | None) -> bool:
        """Whether the time stands still: the identity was doubted on the last day or before; what has passed is not brought back."""
        return self.paused and self.pauses[-1].began.astimezone(zone).date() <= self.due_by

    @property
    def stopped(self) -> tuple[Outcome, str] | None:
        """Why nothing may be ordered now, as the answer of a processor that was not asked; None: it may."""
        if self.refused and self.decision:
            return Outcome.REFUSED, self.decision.reason
        if self.paused:
            return Outcome.NEEDS_PERSON, f"It waits until the identity is proven: {self.pauses[-1].ground}"[:500]
        if self.block:
            return Outcome.NEEDS_PERSON, self.block.reason
        if self.unapproved:
            return Outcome.NEEDS_PERSON, UNAPPROVED
        return None

    @property
    def planning(self) -> bool:
        """Whether what it would destroy is only looked for now, since somebody may have to approve it first."""
        return self._guarded in ("unplanned", "planning")

    @property
    def unapproved(self) -> bool:
        """Whether its plan waits for somebody who approves it."""
        return self._guarded == "asked"

    @property
    def _guarded(self) -> str | None:
        """How far its guard is; None where none stands before what is ordered."""
        return self.guard.state if self.guard is not None and self.action == "erase" else None

    def with_certificate(self, *issued: CertificateRef) -> "Case":
        """The same case, with more certificates."""
        return self.model_copy(update={"certificates": (*self.certificates, *issued)})

    @property
    def all_answered(self) -> bool:
        """Whether every expected processor has answered and is not awaited."""
        return all(p.answered_at is not None and not p.awaited for p in self.processors)

    def processor(self, name: str) -> ProcessorState | None:
        """The expected processor of that name."""
        return next((p for p in self.processors if p.name == name), None)

    def with_processor(self, changed: ProcessorState) -> "Case":
        """The same case with that processor replaced."""
        processors = tuple(changed if p.name == changed.name else p for p in self.processors)
        return self.model_copy(update={"processors": processors})
