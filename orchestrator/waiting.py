"""For what of the officer a case waits. Pure; the ledger keeps it beside the case, so that it is found without reading all."""

from collections.abc import Callable, Mapping
from enum import StrEnum

from orchestrator.case import Case, ProcessorState
from topics.outcomes import Outcome


class Waits(StrEnum):
    """What an officer must do (closed set). None of the words is part of another."""

    DECISION = "decision"
    APPROVAL = "approval"
    IDENTITY = "identity"
    TASK = "task"


def waits_for_a_word(case: Case) -> bool:
    """Whether the officer has something to decide on: an objection, what stands against a request, a restriction for good."""
    return case.examined or case.block is not None or case.unconfirmed


def work(case: Case) -> list[ProcessorState]:
    """Where a person must do what no connector can."""
    return [] if case.stopped else [p for p in case.processors if p.outcome is Outcome.NEEDS_PERSON and not p.awaited]


_FOR: Mapping[Waits, Callable[[Case], bool]] = {
    Waits.DECISION: lambda case: not case.paused and waits_for_a_word(case),
    Waits.APPROVAL: lambda case: case.unapproved,
    Waits.IDENTITY: lambda case: case.paused,
    Waits.TASK: lambda case: bool(work(case)),
}
"""One line a word."""


def waiting(case: Case) -> tuple[Waits, ...]:
    """For what it waits; for nothing once it is closed."""
    return tuple(word for word, waits in _FOR.items() if waits(case)) if case.state == "open" else ()


def column(case: Case) -> str | None:
    """The same as it stands beside the case; null: it waits for nobody."""
    return " ".join(waiting(case)) or None
