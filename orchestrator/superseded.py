"""In what a certificate differs from the one that it replaces, and how that is told. Pure."""

from collections.abc import Callable, Iterator
from typing import Any

from orchestrator.payload import Certificate
from topics.notices import About, Changed, Notice


def notice_of(before: Certificate | None, after: Certificate) -> Notice:
    """What is told when `after` replaces `before`; None: that one is not there any more."""
    said, says = (_entries(before) if before else {}), _entries(after)
    return Notice(
        request_id=after.request_id,
        right=after.right,
        about=About.CERTIFICATE_SUPERSEDED,
        at=after.issued_at,
        due_by=after.due_by,
        processors=tuple(name for name in says if before and says[name] != said.get(name)),
        revision=after.revision,
        status=after.status,
        changed=tuple(_changes(before, after)) if before else (),
    )


def _changes(before: Certificate, after: Certificate) -> Iterator[Changed]:
    """As finely as what a certificate claims is told apart; where nothing else did, what it does not claim has changed."""
    parts: dict[Changed, Callable[[Certificate], object]] = {
        Changed.OUTCOMES: lambda one: (_entries(one), one.status),
        Changed.DECISION: lambda one: one.decision,
        Changed.EXTENSION: lambda one: one.extension,
        Changed.PAUSE: lambda one: one.pauses,
        Changed.DATES: lambda one: (one.received_at, one.due_by),
        Changed.DAY_PASSED: lambda one: (one.deadline_met is False, one.promise_kept is False),
    }
    found = [word for word, part in parts.items() if part(before) != part(after)]
    yield from found or [Changed.NOT_CLAIMED]


def _entries(certificate: Certificate) -> dict[str, Any]:
    return {entry.name: entry.model_dump(exclude={"answered_at"}) for entry in certificate.processors}
