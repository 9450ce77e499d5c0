"""The orchestrator as processor number zero: what it holds of a person itself, and until when (no I/O, no clock)."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from zoneinfo import ZoneInfo

from orchestrator.case import Case
from orchestrator.payload import KEY, SUPPRESSION, Own, OwnLine, Tokens
from topics.names import INTAKE_KEPT
from topics.outcomes import Outcome

_PLAIN = "As it was sent, readable, on the intake topic."
_SEALED = "On the intake topic, sealed by its sender to the orchestrator's key: nobody else reads it there."
_COMMANDS = "With the answers to them on their topics, sealed under the case's key; references of what is kept under the hold's key."
_COMMANDS_AFTER = (
    "With the answers to them on their topics: what was sent while the case had its key is sealed under that, "
    "references of what is kept, and all that was sent since, under the hold's key."
)
_LEDGER = "The person in the ledger, and any proof of work that is kept, sealed under the case's key, until that is destroyed."
_KEY = "The case's key: without it nobody reads what is sealed under it, here or on a topic."
_REFERENCES = "Of held records, in the ledger, sealed under the hold's key, to erase them when their hold has ended."
_LOGS = "Log lines hold no personal data, at any level."


def own(case: Case, intake_until: date, issued_at: datetime, zone: ZoneInfo, tokens: Tokens | None = None) -> Own:
    """The lines of a certificate issued then, in the controller's time zone. `intake_until`: the last day of the request on its topic."""
    return Own(records=(*_lines(case, intake_until, issued_at, zone), *_suppression(tokens)))


def _suppression(tokens: Tokens | None) -> Iterator[OwnLine]:
    if tokens:
        reason = f"Keyed tokens of identifiers, to notice a re-import (ground: {tokens.ground})."
        yield OwnLine(kind=SUPPRESSION, outcome=Outcome.EXPIRING, count=tokens.count, until=tokens.until, reason=reason)


def _lines(case: Case, intake_until: date, issued_at: datetime, zone: ZoneInfo) -> Iterator[OwnLine]:
    if intake_until >= issued_at.date():
        yield OwnLine(kind="request", outcome=Outcome.EXPIRING, count=1, until=intake_until, reason=_SEALED if case.sent_sealed else _PLAIN)
    commands = sum(processor.round for processor in case.processors)
    if commands:  # what was published until now is gone after that, however long ago it was ordered
        until = (issued_at + INTAKE_KEPT).date()
        reason = _COMMANDS if case.shredded_at is None else _COMMANDS_AFTER
        yield OwnLine(kind="command", outcome=Outcome.EXPIRING, count=commands, until=until, reason=reason)
    if case.shredded_at is None:
        yield OwnLine(kind="case", outcome=Outcome.RESTRICTED, count=1, reason=_LEDGER)
    key_until = case.key_until(zone)
    if key_until is not None and key_until >= issued_at.date():
        yield OwnLine(kind=KEY, outcome=Outcome.EXPIRING, count=1, until=key_until, reason=_KEY)
    references = sum(record.sealed is not None for processor in case.processors for record in processor.records.values())
    if references:
        yield OwnLine(kind="reference", outcome=Outcome.RESTRICTED, count=references, reason=_REFERENCES)
    yield OwnLine(kind="log", outcome=Outcome.NOT_APPLICABLE, count=1, reason=_LOGS)


def intake_line(of: Iterable[OwnLine]) -> OwnLine | None:
    """The line of the request on the intake topic, if it is still there."""
    return next((line for line in of if line.kind == "request"), None)


def readable_on_intake(line: OwnLine) -> bool:
    """Whether what stands there can be read by whoever reads the topic; a certificate of before sealing says nothing, and means yes."""
    return line.reason != _SEALED
