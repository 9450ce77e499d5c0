"""When the keys of a case are destroyed, what is kept of it after that, and what is forgotten last (ADR 17). Pure.

A case that ended keeps its key for a while, so that what is gone can be looked for once more. Then the key goes, and with it the
person. References to what the law keeps stand under a key of their own, which goes with the last of them; the keyed tokens by which
a person's requests find one another go when nothing of the case protects the person any more.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from orchestrator.case import Case, ProcessorState, RecordState
from orchestrator.messages import Destroy, Effect
from orchestrator.payload import ProcessorEntry, RecordLine
from orchestrator.policy import Policy, start_of
from topics.keyring import case_key, hold_key
from topics.outcomes import Outcome

UNASKABLE = "The case's key is destroyed, so that nobody can be asked about the person: send a new request where more is to be done."

_REFERENCE_LOST = (
    "It was kept until a day, and by which reference it is found again was lost when the orchestrator's ledger was restored: "
    "a person must look for it."
)

_WAITED_FOR = {Outcome.HELD, Outcome.RESTRICTED, Outcome.EXPIRING}

Decision = tuple[Case, tuple[Effect, ...]]


def with_shredding(decision: Decision, at: datetime, policy: Policy) -> Decision:
    """What was concluded, and besides: when its key goes, or that it goes now."""
    case, effects = decision
    if policy.shred_after is None or case.forgotten_at is not None:
        return decision
    if case.state == "open":
        return (case.model_copy(update={"shred_at": None}), effects) if case.shred_at else decision
    if case.shred_at is None:
        case = case.model_copy(update={"shred_at": max(at + policy.shred_after, _unsealed_until(case, policy))})
    moment = _moment(case, policy)
    if moment > at:
        return case.model_copy(update={"wake_at": min(moment, case.wake_at or moment)}), effects
    case, destroyed = shred(case, at)
    return case, (*effects, *destroyed)


def _moment(case: Case, policy: Policy) -> datetime:
    """When the case's key is to be destroyed as it stands: while a later look is due, at the latest on the day that was promised."""
    looking = case.look_at is not None or any(processor.looks for processor in case.processors)
    last = case.key_until(policy.zone) if looking else None
    assert case.shred_at is not None
    return start_of(last, policy) if last else case.shred_at


def _unsealed_until(case: Case, policy: Policy) -> datetime:
    """The end of what is waited for and can only be found again with the case's key: a worker of an older version reported it."""
    if case.mode == "dry-run":
        return case.opened_at
    records = [record for processor in case.processors for record in processor.records.values()]
    bare = [record for record in records if record.outcome in _WAITED_FOR and record.sealed is None]
    ends = [end for record in bare if (end := record.hold.until if record.hold else record.until) and end < date(9000, 1, 1)]
    return start_of(max(ends) + timedelta(days=2), policy) if ends else case.opened_at


def shred(case: Case, at: datetime) -> Decision:
    """The case without the person. Nothing is left under the hold key where nothing is kept, so that goes too."""
    over = not any(has_references(one) or _lacks_references(one) for one in case.processors) and not case.protects
    keys = (*([case_key(case.request_id)] if case.shredded_at is None else []), *([hold_key(case.request_id)] if over else []))
    if not keys:
        return case, ()
    changed = case.model_copy(
        update={
            "subject": None,
            "verified_by": None,
            "content": "",
            "trace": None,
            "look_at": None,
            "shredded_at": case.shredded_at or at,
            "forgotten_at": at if over else None,
            "processors": tuple(map(_without_the_person, case.processors)),
        }
    )
    return changed, (Destroy(case.request_id, keys, over),)


def _without_the_person(processor: ProcessorState) -> ProcessorState:
    at_rest = {"in_flight": False, "looks": False, "again_at": None} if processor.looks or not has_references(processor) else {}
    return processor.model_copy(update={"known": (), "told": 0, **at_rest})


def has_references(processor: ProcessorState) -> bool:
    """Whether records are known there under the hold key: they can be found again without the person."""
    return any(record.sealed for record in processor.records.values())


def unaskable(case: Case, processor: ProcessorState) -> bool:
    """Whether nothing can be ordered there any more."""
    return case.shredded_at is not None and not has_references(processor)


def _lacks_references(processor: ProcessorState) -> bool:
    """Whether something is kept there of which the reference was lost: until a person has done it, the hold key stays."""
    return any(record.reason == _REFERENCE_LOST for record in processor.records.values())


def gone_elsewhere(case: Case, at: datetime, promised: Iterable[ProcessorEntry] = (), ended: bool = False) -> Decision:
    """The keyring says that the key was destroyed, and this ledger is an older one: the case is closed, and waits for its holds only.

    `promised`: what the newest certificate says, if the hold key is there. What that keeps and this ledger cannot find waits for a person.
    `ended`: the key of what was held is destroyed too, so that this was worked off.
    """
    at_rest = {"in_flight": False, "looks": False, "again_at": None}
    case = _without_references(case) if ended else case
    of = {entry.name: entry for entry in promised}
    resting = [processor.model_copy(update=at_rest) for processor in case.processors]
    processors = tuple(_with_lost(one, of[one.name], at) if one.name in of else one for one in resting)
    waits = any(map(_lacks_references, processors))
    state, wake_at = ("open", at) if waits else ("closed", None)
    shred_at = None if waits else at
    return shred(case.model_copy(update={"state": state, "shred_at": shred_at, "wake_at": wake_at, "processors": processors}), at)


def keeps_something(entry: ProcessorEntry) -> bool:
    """Whether a certificate says that something is kept there until a day."""
    return any(map(_is_kept, entry.records))


def _is_kept(line: RecordLine) -> bool:
    return line.outcome in _WAITED_FOR and (line.outcome is not Outcome.RESTRICTED or line.bound_to is not None)


def _without_references(case: Case) -> Case:
    for processor in case.processors:
        records = {digest: record.model_copy(update={"sealed": None}) for digest, record in processor.records.items()}
        case = case.with_processor(processor.model_copy(update={"records": records}))
    return case


def _with_lost(processor: ProcessorState, entry: ProcessorEntry, at: datetime) -> ProcessorState:
    """With a record for everything that the certificate keeps there and the ledger does not know of."""
    kept = list(filter(_is_kept, entry.records))
    lacking = Counter({line.kind: 0 for line in kept})
    for line in kept:
        lacking[line.kind] += line.count
    lacking.subtract(record.kind for record in processor.records.values() if record.outcome in _WAITED_FOR)
    lost: dict[str, RecordState] = {}
    for kind, count in lacking.items():
        located = [digest for digest, record in processor.records.items() if record.kind == kind and record.outcome is None]
        digests = [*located, *(f"lost/{kind}/{number}" for number in range(count))][: max(count, 0)]
        lost |= dict.fromkeys(digests, RecordState(kind=kind, outcome=Outcome.NEEDS_PERSON, reason=_REFERENCE_LOST))
    if not lost:
        return processor
    return processor.model_copy(update={"records": processor.records | lost, "answered_at": processor.answered_at or at})
