"""What we order: one command per processor and round."""

from datetime import date
from typing import Literal
from uuid import NAMESPACE_URL, UUID, uuid5

from pydantic import Field

from topics.events import Mode
from topics.model import Digest, ProcessorName, RecordKind, Sealed, Sentence, Wire, absent

Action = Literal["erase", "restrict", "lift"]

COMMAND_TYPE = "processor.command"


LEGAL_CLAIM = "Legal claim"
"""The statute of a hold that a legal claim is the reason for."""


class Claim(Wire):
    """A legal claim (GDPR art. 17(3)(e)) that an officer placed: what fits both `kind` and `digest` is kept whole.

    None fits all. `until` is the day of review: past it nothing is erased either, but an officer must say.
    """

    kind: RecordKind | None = None
    digest: Digest | None = None
    reason: Sentence
    until: date


class Command(Wire):
    """Carry out `action` for a subject at one processor.

    `known` seals, per earlier `Located` report, the records found then: they are looked for again by reference, since
    what a crash or an earlier round left may no longer be found by the subject's identifiers. `contract_ended_on` is the
    day that the request gave. `expiring`: per record that an earlier answer said goes by itself, the last day it named.
    `accepted`: per record that the vendor only said yes to, the day until which it takes its time: hidden before it is not gone.
    `unanswered`: records that were located, and of which nothing is claimed: a worker died on them, or told that it failed; what was
    tried may have had its effect all the same.
    `gone`: records that an earlier round's look has shown gone; as long as the search does not show them either, they are not asked
    for one by one again: at a vendor that lets few calls through, nothing else would ever be done.
    `held`: the references of held records, each under the case's hold key, which outlives the key of the case; once that key is
    destroyed `subject` is null, and the records are worked off by these references alone.
    `irreversible`: an officer has confirmed that a restriction may be one that cannot be lifted over the vendor's API.
    """

    command_id: UUID
    request_id: UUID
    processor: ProcessorName
    action: Action
    mode: Mode
    round: int
    subject: Sealed | None = None
    known: tuple[Sealed, ...] = ()
    due_by: date
    contract_ended_on: date | None = None
    claims: tuple[Claim, ...] = ()
    expiring: dict[Digest, date] = {}
    accepted: dict[Digest, date] = {}
    unanswered: tuple[Digest, ...] = ()
    gone: tuple[Digest, ...] = Field(default=(), exclude_if=absent)
    held: dict[Digest, Sealed] = {}
    irreversible: bool = False


def command_id(request_id: UUID, processor: str, round: int) -> UUID:
    """The same id for the same case, processor and round, so that a repeated order is recognised."""
    return uuid5(NAMESPACE_URL, f"erasure:{request_id}/{processor}/{round}")
