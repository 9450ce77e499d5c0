"""Sentences of ours that stand on a certificate and are recognised there again: one definition for who writes and who reads them."""

import re
from datetime import date
from typing import NamedTuple

from topics.orders import Prove
from topics.outcomes import Outcome

DOUBTFUL = "the sender of the request said that it is in doubt (GDPR art. 12(6))."
"""The ground of a pause that no officer worded."""

LEFT_OUT = "The reason is left out: it was learnt again after the key of the case was destroyed, when nobody could check it any more."
"""Stands for an officer's words after a restore."""

_TOLD = re.compile(r"Told by letter on (\d{4}-\d\d-\d\d); proof: SHA-256 ([0-9a-f]{64})\.")


class Told(NamedTuple):
    """A recipient was told by letter (GDPR art. 19) on that day; `proof` is the SHA-256 of what proves it."""

    on: date
    proof: str


def done_by_a_person(task: Prove) -> str:
    """What a person did, when, and by what evidence."""
    done = "Told by letter" if task.outcome is Outcome.NOT_APPLICABLE else "Done by a person"
    return f"{done} on {task.on.isoformat()}; proof: SHA-256 {task.proof}."


def told_by_letter(outcome: Outcome, reason: str | None) -> Told | None:
    """What `done_by_a_person` wrote of a letter; None: it is another outcome or reason."""
    found = _TOLD.fullmatch(reason or "") if outcome is Outcome.NOT_APPLICABLE else None
    return Told(date.fromisoformat(found[1]), found[2]) if found else None
