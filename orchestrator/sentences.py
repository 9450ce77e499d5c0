"""Sentences of ours that stand on a certificate and are recognised there again: one definition for who writes and who reads them."""

import re
from datetime import date
from enum import Enum
from typing import NamedTuple

from topics.orders import Prove
from topics.outcomes import Outcome

DOUBTFUL = "the sender of the request said that it is in doubt (GDPR art. 12(6))."
"""The ground of a pause that no officer worded."""

LEFT_OUT = "The reason is left out: it was learnt again after the key of the case was destroyed, when nobody could check it any more."
"""Stands for an officer's words after a restore."""


class Waits(Enum):
    """For what of the same person a request waits: the sentence for the officer, which the letter knows again. `{}`: a ground."""

    KEEPS = (
        "A restriction under GDPR art. {} is in force: the person asked that the data be kept. "
        "It is erased when the restriction is lifted, or when the officer decides so."
    )
    CLAIM = (
        "A legal claim stands on data of the person, placed on another request (GDPR art. 17(3)(e)); "
        "it goes on when that is lifted, or when the officer decides so."
    )
    OBJECTION_EXAMINED = "An objection of the person is being examined (GDPR art. 17(1)(c), 21(1)); it is erased when that is upheld."
    OBJECTION_REJECTED = "The objection on which it rests was rejected (GDPR art. 17(1)(c), 21(1)); the officer decides."
    RESTRICTION = "The person asked that the processing be restricted (GDPR art. 18), and not that this be lifted; the officer decides."
    STILL_EXAMINED = "An objection of the person is still being examined (GDPR art. 18(1)(d)); the officer decides."
    OBJECTION_UPHELD = "An objection of the person was upheld (GDPR art. 21(1)): nothing may be processed again; the officer decides."
    NOT_STOPPED = "What the person objected to or withdrew is not stopped everywhere yet (GDPR art. 7(3), 21(3)); the officer decides."
    KEPT_FOR_LAW = "An erasure keeps records restricted until a hold ends (GDPR art. 17(3)); lifting would free them; the officer decides."

    def __call__(self, ground: str | None = None) -> str:
        """The sentence, with that ground."""
        return self.value.format(ground)


def waits_for(reason: str | None) -> Waits | None:
    """For what a request waits that gives that reason; None: for nothing of the person's other requests."""
    return next((one for one in Waits if _fits(one.value, reason or "")), None)


def _fits(sentence: str, reason: str) -> bool:
    before, _, after = sentence.partition("{}")
    return reason.startswith(before) and reason.endswith(after) and len(reason) >= len(before) + len(after)


_TOLD = re.compile(r"Told by letter on (\d{4}-\d\d-\d\d); proof: SHA-256 ([0-9a-f]{64})\.")


_BY_RULE = re.compile(r"By rule, not by looking: [^()]* \((?P<source>(?:[^()]|\([^()]*\))+)\)\. ")
"""What a worker says of what goes by itself (`connectors.plan`); the source is the controller's own words."""


def ruled_by(reason: str | None) -> str | None:
    """Where the rule stands by which something goes by itself; None: it does not say so."""
    found = _BY_RULE.search(reason or "")
    return found["source"] if found else None


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
