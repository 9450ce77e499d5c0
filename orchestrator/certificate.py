"""What a case lets us claim: its entries, its status, and the certificate made of them (no I/O, no clock)."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic_core import to_jsonable_python

from orchestrator.case import SETTLED, Case, ProcessorState, RecordState, Status
from orchestrator.in_time import InTime, in_time
from orchestrator.not_claimed import not_claimed
from orchestrator.own import own as own_lines
from orchestrator.payload import (
    RANK,
    UNCLAIMED,
    WITHOUT_RECORDS,
    Certificate,
    Controller,
    ProcessorEntry,
    RecordLine,
    Register,
    Sha256,
    Tokens,
    canonical,
    canonical_json,
    fingerprint,
    status_from,
    status_of_entry,
)
from topics.model import Moment, Wire
from topics.outcomes import Outcome, least_good

__all__ = ["Certificate", "Controller", "Facts", "ProcessorEntry", "RecordLine", "Register"]
__all__ += ["canonical", "certify", "claims_in", "entries", "finished", "fingerprint", "standing_of"]

_UNKNOWN = "It was located; what became of it is not known."
_NO_LAW = "It is kept, and no law was named."
_NO_DATE = "It is said to expire, and no date was named."
_NO_RECORDS = "The answer names no record of which it would be true."
_AWAITED = "It was ordered again, and has not answered that yet."


class Facts(Wire):
    """What a certificate needs besides the case: what comes from the clock, the configuration and the register.

    `zone` is the IANA name of the controller's time zone. `intake_retained_until` is the last day on which the request
    can still stand on the intake topic, `key_destroyed_on` the day on which the case's key was destroyed.
    `tokens`: what is kept to notice a re-import; None: nothing.
    """

    certificate_id: UUID
    issued_at: Moment
    controller: Controller
    zone: str
    revision: int
    supersedes: Sha256 | None
    place: Register
    intake_retained_until: date
    key_destroyed_on: date | None = None
    tokens: Tokens | None = None


def standing_of(case: Case, on: date | None = None, zone: ZoneInfo | None = None) -> tuple[Status, str]:
    """The status that a certificate issued `on` that local day of `zone` would have, and a SHA-256, hex, over what it would claim.

    Without a day, no hold counts as lapsed, and without both no last day as passed. The moments of answers are not part of
    what is claimed.
    """
    of, words = entries(case), (case.decision, case.extension, *case.pauses, *case.gaps)
    status = status_from(case.right, of, on, case.ground, case.decision)
    kept = in_time(case, zone, status, on) if on and zone else InTime(None, None)
    return status, _claims(of, status, case.received_at, case.due_by, words, kept)


def claims_in(certificate: Certificate) -> str:
    """The same digest over what an issued certificate claims; one that tells of a gap is like no other."""
    words = (certificate.decision, certificate.extension, *certificate.pauses)
    kept = InTime(certificate.deadline_met, certificate.promise_kept)
    return _claims(certificate.processors, certificate.status, certificate.received_at, certificate.due_by, words, kept)


def _claims(
    of: Iterable[ProcessorEntry], status: Status, received_at: datetime, due_by: date, words: Iterable[object | None], kept: InTime
) -> str:
    """A last day that passes is told by one more certificate; of what is complete nothing passes any more."""
    claims: dict[str, Any] = {
        "processors": [entry.model_dump(mode="json", exclude={"answered_at"}) for entry in sorted(of, key=lambda entry: entry.name)],
        "status": status.value,
        "received_at": received_at.astimezone(UTC).isoformat(),
        "due_by": due_by.isoformat(),
    }
    said = [{type(one).__name__: to_jsonable_python(one)} for one in words if one is not None]
    passed = [name for name, met in kept._asdict().items() if met is False and status is Status.PARTIAL]
    more = {name: value for name, value in {"words": said, "passed": passed}.items() if value}
    return hashlib.sha256(canonical_json(claims | more)).hexdigest()


def entries(case: Case) -> tuple[ProcessorEntry, ...]:
    """Every expected processor, in the case's order; `answered_at` stands in the offset in which it was noted."""
    return tuple(_unless_awaited(case, processor, _entry(processor)) for processor in case.processors)


def finished(case: Case, processor: ProcessorState, on: date) -> bool:
    """Whether nothing more is to be ordered there: its newest order is answered, and a certificate of that day could be complete."""
    if processor.awaited:
        return False
    if case.mode == "dry-run":
        return processor.outcome in SETTLED
    return status_of_entry(case.right, _entry(processor), on, case.ground, case.decision) is not Status.PARTIAL


def unfinished(case: Case, on: date) -> list[str]:
    """The processors from which something is still to be ordered."""
    return [processor.name for processor in case.processors if not finished(case, processor, on)]


def _unless_awaited(case: Case, processor: ProcessorState, entry: ProcessorEntry) -> ProcessorEntry:
    """The entry; silent where an answer is awaited and nothing else would say so: a late answer to an older order is not the last word."""
    if not processor.awaited or status_of_entry(case.right, entry, None, case.ground, case.decision) is Status.PARTIAL:
        return entry
    return entry.model_copy(update={"answered_at": None, "outcome": Outcome.SILENT, "reason": _AWAITED})


def _entry(processor: ProcessorState) -> ProcessorEntry:
    ends = _hold_ends(processor)
    counts = Counter(_line(record, ends) for record in processor.records.values())
    lines = [line if count == 1 else line.model_copy(update={"count": count}) for line, count in counts.items()]
    outcome, reason = _outcome(processor, [line.outcome for line in lines])
    return ProcessorEntry(
        name=processor.name,
        connector=processor.connector,
        kind=processor.kind,
        answered_at=processor.answered_at,
        outcome=outcome,
        reason=reason,
        records=tuple(sorted(lines, key=_place) if len(lines) > 1 else lines),
    )


def _place(line: RecordLine) -> tuple[str, int, str]:
    """What is left comes before what is gone; the JSON makes the order of the rest certain."""
    return line.kind, RANK[line.outcome], line.model_dump_json()


def _outcome(processor: ProcessorState, of_lines: list[Outcome]) -> tuple[Outcome, str | None]:
    own = processor.answer
    if processor.answered_at is None:
        return Outcome.SILENT, processor.reason
    if own is None:
        return least_good(of_lines), processor.reason
    if own is Outcome.SILENT or (own not in WITHOUT_RECORDS and own not in of_lines):
        return Outcome.FAILED, _NO_RECORDS
    return least_good([own, *of_lines]), processor.reason


def _hold_ends(processor: ProcessorState) -> dict[str, date]:
    """The last day of the longest hold, per kind of held record."""
    ends: dict[str, date] = {}
    for record in processor.records.values():
        if record.outcome is Outcome.HELD and record.hold is not None:
            ends[record.kind] = max(ends.get(record.kind, record.hold.until), record.hold.until)
    return ends


def _line(record: RecordState, ends: dict[str, date]) -> RecordLine:
    """The line of one record. What would claim more than was reported becomes `failed`, and says why."""
    outcome, reason = record.outcome, record.reason
    if outcome is None or outcome is Outcome.SILENT:
        outcome, reason = Outcome.FAILED, reason or _UNKNOWN
    elif outcome is Outcome.HELD and record.hold is None:
        outcome, reason = Outcome.FAILED, _NO_LAW
    elif outcome is Outcome.EXPIRING and record.until is None:
        outcome, reason = Outcome.FAILED, _NO_DATE
    until = record.until
    if outcome is Outcome.RESTRICTED and record.bound_to is not None and until is None:
        until = ends.get(record.bound_to)
    claimed = outcome not in UNCLAIMED
    return RecordLine(
        kind=record.kind,
        outcome=outcome,
        count=1,
        evidence=record.evidence if claimed else None,
        hold=record.hold if claimed else None,
        bound_to=record.bound_to,
        until=until,
        reason=reason,
        unconfirmed=record.unconfirmed,
    )


def certify(case: Case, facts: Facts) -> Certificate:
    """The certificate of a case as it stands.

    Raises:
        ValueError: the case is a dry run, which ends in a plan and never in a certificate.
        zoneinfo.ZoneInfoNotFoundError: there is no such time zone.
    """
    if case.mode == "dry-run":
        raise ValueError("A dry run ends in a plan, not in a certificate.")
    zone = ZoneInfo(facts.zone)
    issued_at = facts.issued_at.astimezone(zone)
    processors = tuple(_in_zone(entry, zone) for entry in entries(case))
    status = status_from(case.right, processors, issued_at.date(), case.ground, case.decision)
    kept = in_time(case, zone, status, issued_at.date())
    own = own_lines(case, facts.intake_retained_until, issued_at, zone, facts.tokens)
    return Certificate(
        certificate_id=facts.certificate_id,
        revision=facts.revision,
        supersedes=facts.supersedes,
        request_id=case.request_id,
        right=case.right,
        ground=case.ground,
        controller=facts.controller,
        subject=case.pseudonym,
        received_at=case.received_at.astimezone(zone),
        due_by=case.due_by,
        promised_by=case.promised_by,
        promise_kept=kept.promise,
        refuse_by=case.refuse_by if case.extension else None,
        issued_at=issued_at,
        status=status,
        deadline_met=kept.deadline,
        processors=processors,
        orchestrator=own,
        not_claimed=not_claimed(case, processors, own, facts.key_destroyed_on, facts.tokens),
        decision=case.decision,
        extension=case.extension,
        pauses=case.pauses,
        again_of=case.again_of,
        register=facts.place,
    )


def _in_zone(entry: ProcessorEntry, zone: ZoneInfo) -> ProcessorEntry:
    moment: datetime | None = entry.answered_at
    return entry.model_copy(update={"answered_at": None if moment is None else moment.astimezone(zone)})
