"""The steps between any two effects, by name, so that a test can kill a process at each one (docs/reliability.md, "Crash steps").

An effect is what somebody else can see: a commit, a message, a call to a vendor, an acknowledgement. Outside of that test a step
costs one comparison.
"""

import os
import signal
from enum import StrEnum

VARIABLE = "ERASURE_CRASH_AT"
"""`STEP` or `STEP:N`: the process kills itself with SIGKILL when it passes the step for the N-th time. For tests only."""


class Step(StrEnum):
    """A moment at which a process may die. The first word is the side that passes it."""

    KEYS_READY = "orchestrator.keys-ready"
    BATCH_RECEIVED = "orchestrator.batch-received"
    CASE_KEYS_MADE = "orchestrator.case-keys-made"
    BATCH_WRITTEN = "orchestrator.batch-written"
    BATCH_COMMITTED = "orchestrator.batch-committed"
    PUBLISHING = "orchestrator.publishing"
    PUBLISHED = "orchestrator.published"
    ACKNOWLEDGED = "orchestrator.acknowledged"
    OFFSETS_COMMITTED = "orchestrator.offsets-committed"
    WOKEN_WRITTEN = "orchestrator.woken-written"
    WOKEN_COMMITTED = "orchestrator.woken-committed"
    OUTBOX_STRIKING = "orchestrator.outbox-striking"
    OUTBOX_STRUCK = "orchestrator.outbox-struck"
    KEYS_DESTROYING = "orchestrator.keys-destroying"
    KEYS_DESTROYED = "orchestrator.keys-destroyed"
    DESTRUCTION_NOTED = "orchestrator.destruction-noted"
    SUPPRESSED = "orchestrator.suppressed"
    FORGETTING = "orchestrator.forgetting"
    FORGOTTEN = "orchestrator.forgotten"

    COMMAND_RECEIVED = "workers.command-received"
    CALLING = "workers.calling"
    CALLED = "workers.called"
    REPORTING = "workers.reporting"
    REPORTED = "workers.reported"
    PARKING = "workers.parking"
    PARKED = "workers.parked"
    COMMANDS_COMMITTING = "workers.commands-committing"
    COMMANDS_COMMITTED = "workers.commands-committed"


class UnknownStep(Exception):
    """The variable names no step; the text says what to write instead."""


_deadly: dict[Step, int] = {}
"""The step at which this process dies, with the passes that are left until then. Empty but in crash tests."""


def arm(written: str) -> None:
    """Make one step deadly for this process; nothing when `written` is empty.

    Raises:
        UnknownStep: it is neither `STEP` nor `STEP:N`.
    """
    name, colon, number = written.partition(":")
    if not written:
        return
    if name not in list(Step) or not (number if colon else "1").isdecimal() or int(number or 1) == 0:
        raise UnknownStep(f"{VARIABLE} is for crash tests, and names no step: unset it, or write STEP:N with one of {', '.join(Step)}.")
    _deadly[Step(name)] = int(number or 1)


def passed(step: Step) -> None:
    """Say that a step is reached. A process that was told to die at it ends here, and nothing of it is cleaned up."""
    if _deadly and step in _deadly:
        _deadly[step] -= 1
        if _deadly[step] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
