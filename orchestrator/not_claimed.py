"""What a certificate does not claim, in sentences for a privacy officer (no I/O, no clock, no personal data)."""

from collections.abc import Iterable
from datetime import UTC, date, datetime

from orchestrator.case import Case, Gap
from orchestrator.own import intake_line, readable_on_intake
from orchestrator.payload import KEY, Own, ProcessorEntry, Tokens
from topics.events import Right
from topics.outcomes import Outcome

_ALWAYS = (
    "Nothing is claimed of systems that are not listed here, nor of records that cannot be found by the identifiers given in the request.",
    "Copies in a processor's own backups, logs and caches are not covered, except where a line says until when they last.",
)
_OF_ERASURE = "It is not claimed that the disk blocks on which deleted data stood have been overwritten."
_KEPT = "The orchestrator keeps this certificate and the certificates before it, with a keyed pseudonym in place of the person."
SEALED = "The orchestrator keeps the request sealed, and the key that opens it until the request has ended."
_SEALED_UNTIL = "The orchestrator keeps the request sealed; the key that opens it is destroyed later, on {day} at the latest."
_SHREDDED = "The key that opened the sealed request was destroyed on {day}."
_GOING = "The key that opens the sealed request is being destroyed; that it is destroyed is not claimed yet."
_PARKED = (
    "A message that could not be processed is kept sealed among the dead letters for a month; "
    "whether one of them is about this person cannot be told from outside."
)
_COPIES = (
    "It is not claimed that your own backups and mirrors of the orchestrator's topics, databases and keys hold no copy, nor that the disks "
    "of broker and databases bear no trace of what was deleted there."
)
_HELD = "Of each held record the orchestrator keeps the reference, sealed, to erase it when its hold has ended."


def not_claimed(
    case: Case, processors: tuple[ProcessorEntry, ...], own: Own, destroyed_on: date | None = None, tokens: Tokens | None = None
) -> tuple[str, ...]:
    """The sentences for a case with these entries: first what is particular to it, then what is true of every one."""
    return (
        *map(_lost, case.gaps),
        *_not_asked(case.not_asked),
        *_not_proven(processors),
        *(f"Not searched at {one.name}: {'; '.join(one.not_covered)}." for one in case.processors if one.not_covered),
        *_ALWAYS,
        *([_OF_ERASURE] if case.right in {Right.ERASURE, Right.WITHDRAWAL} else []),
        *_own_stores(case, processors, own, destroyed_on),
        *_suppressed(tokens),
    )


def _lost(gap: Gap) -> str:
    since = "an unknown time" if gap.since is None else _minute(gap.since)
    return (
        f"Messages that came between {since} and {_minute(gap.until)} had aged out before the ledger held them, because it was restored "
        "from a backup or nothing ran: what was asked and answered in that time is not known, except as far as a certificate before "
        "this one says it."
    )


def _minute(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def _not_asked(names: Iterable[str]) -> Iterable[str]:
    listed = ", ".join(sorted(names))
    return [f"Not asked, so that nothing is known of them: {listed}."] if listed else []


def _not_proven(processors: Iterable[ProcessorEntry]) -> Iterable[str]:
    """One sentence for all processors that only said that they would do it."""
    names = [entry.name for entry in processors if Outcome.ACCEPTED in {entry.outcome, *_outcomes(entry)}]
    if not names:
        return []
    listed = ", ".join(sorted(names))
    return [f"Accepted but not proven: {listed} said yes and does it later; that it was completed is not claimed."]


def _own_stores(case: Case, processors: Iterable[ProcessorEntry], own: Own, destroyed_on: date | None) -> Iterable[str]:
    yield _KEPT
    yield from _of_the_key(case, own, destroyed_on)
    if (line := intake_line(own.records)) is not None and line.until is not None:
        how = "as it was sent" if readable_on_intake(line) else "sealed by its sender"
        yield f"The request itself stays on the intake topic, {how}, until {line.until.isoformat()}; longer if it is sent again."
    yield _PARKED
    yield _COPIES
    if any(Outcome.HELD in _outcomes(entry) for entry in processors):
        yield _HELD


def _of_the_key(case: Case, own: Own, destroyed_on: date | None) -> Iterable[str]:
    until = next((line.until for line in own.records if line.kind == KEY), None)
    if destroyed_on is not None:
        return (_SHREDDED.format(day=destroyed_on.isoformat()),)
    if case.shredded_at is not None:
        return (_GOING,)
    return (SEALED,) if until is None else (_SEALED_UNTIL.format(day=until.isoformat()),)


def _suppressed(tokens: Tokens | None) -> Iterable[str]:
    if tokens:
        yield (
            f"Keyed tokens of {tokens.count} of the person's identifiers stay until {tokens.until.isoformat()}, only so that a re-import "
            f"or a restored backup is noticed (ground: {tokens.ground}). They cannot be read; who has their key can test an identifier "
            "against them."
        )


def _outcomes(entry: ProcessorEntry) -> set[Outcome]:
    return {line.outcome for line in entry.records}
