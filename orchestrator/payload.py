"""The payload of a certificate: its form, its bytes, and what must follow from its lines (no I/O, no clock)."""

import hashlib
import json
from collections.abc import Iterable
from datetime import date
from operator import not_
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints

from orchestrator.case import Decision, Status
from orchestrator.clock import Extension
from orchestrator.deadlines import Pause
from topics.events import Ground, Right, is_against_marketing
from topics.model import Moment, ProcessorName, RecordKind, Sentence, Wire, absent
from topics.outcomes import Evidence, Hold, Outcome

SUPPRESSION = "suppression"
"""The kind of the line that tells of tokens."""

NOTHING_BEFORE = "0" * 64
"""`register.previous` of the first certificate."""

RANK = {outcome: rank for rank, outcome in enumerate(Outcome)}
"""The place of an outcome from the least good to the best."""
UNCLAIMED = frozenset(outcome for outcome in Outcome if RANK[outcome] < RANK[Outcome.ACCEPTED])
"""Outcomes that claim nothing, so that there is no evidence."""
WITHOUT_RECORDS = UNCLAIMED | {Outcome.ACCEPTED, Outcome.NOTHING_FOUND, Outcome.NOT_APPLICABLE}
"""What can be said of a processor as a whole; any other outcome must be a line's."""

_LOOKED_AGAIN = {Outcome.ERASED, Outcome.ANONYMISED, Outcome.RESTRICTED, Outcome.HELD, Outcome.NOTHING_FOUND}
_DONE = {Outcome.ERASED, Outcome.ANONYMISED, Outcome.NOTHING_FOUND, Outcome.NOT_APPLICABLE}
_DONE_BESIDES = {Right.RESTRICTION: Outcome.RESTRICTED, Right.LIFTING: Outcome.LIFTED}

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Word = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:-]{1,128}$")]
"""No `@` and no blank: neither an address nor a person's name fits."""


class Controller(Wire):
    """Who is responsible (GDPR art. 4(7)), and where to ask."""

    name: str
    contact: str


class RecordLine(Wire):
    """`count` located records of one kind that fared alike. `until` is the whole of that day.

    `unconfirmed`: refused as it could not be lifted again, until the officer confirms it.
    """

    kind: RecordKind
    outcome: Outcome
    count: int
    evidence: Evidence | None
    hold: Hold | None = Field(default=None, exclude_if=absent)
    bound_to: RecordKind | None = Field(default=None, exclude_if=absent)
    until: date | None = Field(default=None, exclude_if=absent)
    reason: Sentence | None = Field(default=None, exclude_if=absent)
    unconfirmed: bool = Field(default=False, exclude_if=not_)


class ProcessorEntry(Wire):
    """One expected processor. `outcome` is the least good of its lines' and of its own answer."""

    name: ProcessorName
    connector: Word
    kind: Word
    answered_at: Moment | None
    outcome: Outcome
    reason: Sentence | None = Field(default=None, exclude_if=absent)
    records: tuple[RecordLine, ...]


KEY = "key"
"""The line on the key that opens the sealed copies of a request."""


class OwnLine(Wire):
    """What the orchestrator itself still holds, and until when; `until` is null where no day is known."""

    kind: RecordKind
    outcome: Outcome
    count: int
    until: date | None = Field(default=None, exclude_if=absent)
    reason: Sentence | None = Field(default=None, exclude_if=absent)


class Tokens(Wire):
    """Keyed tokens of the person's identifiers that stay, so that a re-import is noticed; on what ground, and until when."""

    count: int
    until: date
    ground: Ground


class Own(Wire):
    """The orchestrator as processor number zero; it does not enter into the status."""

    records: tuple[OwnLine, ...]


class Register(Wire):
    """The place in the register: `index` counts from 1; `previous` is the fingerprint of the certificate before."""

    index: int
    previous: Sha256


class Certificate(Wire):
    """The payload, field by field as in contract.md. `place` is called `register` on the wire.

    `deadline_met` is null while it is open, `promise_kept` left out. `subject` is a keyed pseudonym. `refuse_by`, of a request that
    was extended: the end of the month, by which a refusal had to be told all the same (GDPR art. 12(4)).
    """

    model_config = ConfigDict(serialize_by_alias=True)

    certificate_id: UUID
    revision: int
    supersedes: Sha256 | None
    request_id: UUID
    right: Right
    ground: Ground | None
    controller: Controller
    subject: Word
    received_at: Moment
    due_by: date
    promised_by: date | None = Field(default=None, exclude_if=absent)
    promise_kept: bool | None = Field(default=None, exclude_if=absent)
    refuse_by: date | None = Field(default=None, exclude_if=absent)
    issued_at: Moment
    status: Status
    deadline_met: bool | None
    processors: tuple[ProcessorEntry, ...]
    orchestrator: Own
    not_claimed: tuple[str, ...]
    decision: Decision | None = Field(default=None, exclude_if=absent)
    extension: Extension | None = Field(default=None, exclude_if=absent)
    pauses: tuple[Pause, ...] = Field(default=(), exclude_if=absent)
    again_of: UUID | None = Field(default=None, exclude_if=absent)  # the erasure after which the person was seen again
    place: Register = Field(alias="register")  # pydantic's metaclass has a `register` of its own


def canonical(certificate: Certificate) -> bytes:
    """The bytes to sign: UTF-8 JSON, keys sorted, no blanks."""
    return canonical_json(certificate.model_dump(mode="json"))


def canonical_json(plain: dict[str, Any]) -> bytes:
    """UTF-8 JSON, keys sorted, no blanks: the same bytes for the same content."""
    return json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def fingerprint(jws: str) -> str:
    """SHA-256 over the bytes of a compact JWS, lower-case hex: what `supersedes` and `register.previous` hold."""
    return hashlib.sha256(jws.encode()).hexdigest()


def status_from(
    right: Right, processors: Iterable[ProcessorEntry], on: date | None = None, ground: str | None = None, decision: Decision | None = None
) -> Status:
    """The status that follows from the processors' entries (contract.md, "Status"); of no processor, `partial`.

    `on` is the local day of issue: what is held until a day before it is held no longer. None leaves that out. An
    objection that waits for its decision is `partial`, however well it is restricted meanwhile.
    """
    if right is Right.OBJECTION and decision is None and not is_against_marketing(right, ground):
        return Status.PARTIAL
    grades = [status_of_entry(right, entry, on, ground, decision) for entry in processors]
    return _worst(grades) if grades else Status.PARTIAL


def status_of_entry(
    right: Right, entry: ProcessorEntry, on: date | None = None, ground: str | None = None, decision: Decision | None = None
) -> Status:
    """The status of one processor by itself: whether what was ordered there is done."""
    besides = _DONE_BESIDES.get(right)
    if right is Right.OBJECTION and not is_against_marketing(right, ground):
        word = decision.decision if decision else None
        besides = {None: Outcome.RESTRICTED, "reject": Outcome.LIFTED}.get(word)
    return _of_processor(besides, entry, on)


def _of_processor(besides: Outcome | None, entry: ProcessorEntry, on: date | None) -> Status:
    open_ended = UNCLAIMED | {Outcome.ACCEPTED}
    if entry.answered_at is None or entry.outcome in open_ended:
        return Status.PARTIAL
    if not entry.records:
        return Status.COMPLETE if entry.outcome in WITHOUT_RECORDS else Status.PARTIAL
    held = {line.kind for line in entry.records if line.outcome is Outcome.HELD}
    return _worst([_of_line(besides, line, held, on) for line in entry.records])


def _of_line(besides: Outcome | None, line: RecordLine, held: set[str], on: date | None) -> Status:
    if line.outcome in _LOOKED_AGAIN and line.evidence is not Evidence.VERIFIED:
        return Status.PARTIAL
    if line.outcome in _DONE or line.outcome is besides:
        return Status.COMPLETE
    if line.outcome is Outcome.EXPIRING:  # a past day does not count here: nothing is ordered when it comes
        return Status.PARTIAL if line.until is None else Status.COMPLETE_WITH_HOLDS
    end = None
    if line.outcome is Outcome.HELD and line.hold is not None:
        end = line.hold.until
    elif line.outcome is Outcome.RESTRICTED and line.bound_to in held:
        end = line.until
    lapsed = end is None or (on is not None and end < on)
    return Status.PARTIAL if lapsed else Status.COMPLETE_WITH_HOLDS


def _worst(grades: Iterable[Status]) -> Status:
    return max(grades, key=list(Status).index)


def deadline_met(status: Status, due_by: date, on: date) -> bool | None:
    """Whether a first certificate issued `on` that day is in time: false if late, null if partial and there is time."""
    if status is Status.PARTIAL:
        return None if on <= due_by else False
    return on <= due_by
