"""Whether a certificate agrees with itself: what can be wrong although it is well formed and truly signed."""

from collections.abc import Iterator
from datetime import date, timedelta

from orchestrator.case import Status
from orchestrator.payload import (
    NOTHING_BEFORE,
    RANK,
    UNCLAIMED,
    WITHOUT_RECORDS,
    Certificate,
    ProcessorEntry,
    RecordLine,
    deadline_met,
    status_from,
)
from topics.outcomes import Outcome, least_good

_ON_TOPICS = {"request", "command", "key"}
"""What the orchestrator holds there, it cannot erase; and a key outlives every certificate that names it."""
_OF_OURS = {Outcome.EXPIRING, Outcome.HELD, Outcome.RESTRICTED, Outcome.ANONYMISED, Outcome.ERASED, Outcome.NOT_APPLICABLE}
_SUMMER = timedelta(hours=1)
"""The word was spoken in another offset than that of the moment of issue, if one of the two was in summer."""
_CLOCKS_APART = timedelta(days=1)
"""The moment of receipt is the sender's clock, the others are ours: less than this proves nothing."""


def faults(certificate: Certificate) -> list[str]:
    """A sentence for each contradiction; none if the certificate agrees with itself."""
    return [
        *_place(certificate),
        *_times(certificate),
        *_own(certificate),
        *(fault for entry in certificate.processors for fault in _entry(entry)),
        *_whole(certificate),
    ]


def _place(certificate: Certificate) -> Iterator[str]:
    if certificate.revision < 1 or (certificate.revision == 1) != (certificate.supersedes is None):
        yield "Revision 1 supersedes nothing, and every later one names what it supersedes."
    if certificate.supersedes == NOTHING_BEFORE:
        yield "It supersedes a certificate that cannot be."
    index, first = certificate.place.index, certificate.place.previous == NOTHING_BEFORE
    if index < 1 or (index == 1) != first:
        yield "Its place in the register and the hash of the one before do not fit."
    if first and certificate.supersedes is not None:
        yield "It is the first of the register and supersedes another."


def _times(certificate: Certificate) -> Iterator[str]:
    issued = certificate.issued_at
    if certificate.received_at > issued + _CLOCKS_APART:
        yield "It was issued before the request was received."
    if certificate.due_by <= certificate.received_at.date():
        yield "It was due before the day after the request was received."
    for entry in certificate.processors:
        if entry.answered_at is not None and entry.answered_at > issued + _CLOCKS_APART:
            yield f"{entry.name} answered after the certificate was issued."


def _own(certificate: Certificate) -> Iterator[str]:
    for line in certificate.orchestrator.records:
        over = line.until is not None and line.until < _issue_day(certificate)
        if line.count < 1 or over or (line.outcome is Outcome.EXPIRING and line.until is None):
            yield "What the orchestrator itself holds is not stated with a count, and with a day that is not over where it expires."
        if line.outcome not in ({Outcome.EXPIRING} if line.kind in _ON_TOPICS else _OF_OURS):
            yield f"The orchestrator itself cannot have a {line.kind} that is {line.outcome.value}."


def _entry(entry: ProcessorEntry) -> Iterator[str]:
    if (entry.outcome is Outcome.SILENT) != (entry.answered_at is None):
        yield f"{entry.name} is silent exactly if it has not answered."
    least = least_good([line.outcome for line in entry.records])
    own = entry.outcome in WITHOUT_RECORDS and RANK[entry.outcome] <= RANK[least]
    if entry.outcome is not least and not own:
        yield f"The outcome of {entry.name} is not the least good of its records'."
    if any(line.outcome is Outcome.SILENT for line in entry.records):
        yield f"A record at {entry.name} is called silent; only a processor can be."
    alike = [line.model_copy(update={"count": 1}) for line in entry.records]
    if len(set(alike)) != len(alike):
        yield f"{entry.name} lists the same records twice."
    for line in entry.records:
        yield from (f"{entry.name}, {line.kind}: {fault}" for fault in _line(line))


def _line(line: RecordLine) -> Iterator[str]:
    if line.count < 1:
        yield "the count is not positive."
    if line.outcome in UNCLAIMED and line.evidence is not None:
        yield "evidence is given where nothing is claimed."
    if line.outcome is Outcome.HELD and line.hold is None:
        yield "it is held, and no law is named."
    if line.outcome in UNCLAIMED and line.hold is not None:
        yield "a law is named, and it is not held."
    if line.unconfirmed and line.outcome is not Outcome.REFUSED:
        yield "it waits for an officer's word, and is not refused."
    if line.outcome is Outcome.EXPIRING and line.until is None:
        yield "it expires, and no date is named."


def _whole(certificate: Certificate) -> Iterator[str]:
    names = [entry.name for entry in certificate.processors]
    if len(set(names)) != len(names):
        yield "A processor is listed twice."
    if not certificate.not_claimed or not all(sentence.strip() for sentence in certificate.not_claimed):
        yield "It does not say what it does not claim."
    day = _issue_day(certificate)
    if certificate.status is not status_from(certificate.right, certificate.processors, day, certificate.ground, certificate.decision):
        yield f"The status {certificate.status.value} does not follow from the outcomes listed."
    still = any(pause.ended is None for pause in certificate.pauses)
    said = {None} if still and certificate.status is Status.PARTIAL else set[bool | None]()
    if certificate.deadline_met not in said | _possible(certificate, certificate.due_by, certificate.refuse_by, still):
        yield "What it says of the deadline does not follow from its dates."
    promised = certificate.promised_by
    if certificate.promise_kept is not None and (
        promised is None or certificate.promise_kept not in _possible(certificate, promised, promised, still=False)
    ):
        yield "What it says of the controller's own promise does not follow from its dates."


def _possible(certificate: Certificate, last: date, tell_by: date | None, still: bool) -> set[bool | None]:
    """What can be said of a last day: as the day of issue says; kept by one before; or, of what was turned down, as the word's day says.

    `still`: there is no last day, so that what is done is in time.
    """
    day = _issue_day(certificate)
    possible = {deadline_met(certificate.status, last, day)}
    if still and certificate.status is not Status.PARTIAL:
        possible.add(True)
    if certificate.revision > 1 and (certificate.status is not Status.PARTIAL or day > last):
        possible.add(True)
    word = certificate.decision
    if word is not None and word.decision != "uphold":
        told = word.at.astimezone(certificate.issued_at.tzinfo)
        possible |= {(told + apart).date() <= (tell_by or last) for apart in (-_SUMMER, timedelta(0), _SUMMER)}
        possible |= {True} if still else set()
    return possible


def _issue_day(certificate: Certificate) -> date:
    """The day of issue in the controller's time zone, whose offset the moment carries."""
    return certificate.issued_at.date()
