"""The rights of one person as one state machine: what an earlier request means for a later one, and the reverse. Pure.

A request keeps to itself until it meets another of the same person. Then the rules here say which waits for which; a
person's word or the end of the other request lets it go on.
"""

from collections.abc import Iterable, Iterator
from uuid import UUID

from orchestrator.case import Block, Case, PlacedClaim
from orchestrator.messages import Blocked, Ended, Unblocked
from orchestrator.sentences import Waits
from topics.events import Right, rests_on

_KEEP_THE_DATA = ("18(1)(b)", "18(1)(c)")
"""The person opposes the erasure, or needs the data for a legal claim."""

Word = tuple[UUID, Blocked | Unblocked | Ended]


def block_on(case: Case, others: Iterable[Case]) -> Block | None:
    """What stands against carrying out `case` now, among the person's other requests; None: nothing."""
    if case.mode == "dry-run":
        return None
    found = (_against(case, other) for other in others if other.request_id != case.request_id and other.mode == "execute")
    return next((block for block in found if block), None)


def _against(case: Case, other: Case) -> Block | None:
    """Whether `other` stands against `case`, and why, in words for the person and the officer."""
    reason = _against_erasing(case, other) if case.action == "erase" else _against_lifting(case, other) if case.action == "lift" else None
    return Block(by=other.request_id, reason=reason) if reason else None


def _against_erasing(case: Case, other: Case) -> str | None:
    if keeps(other):
        return Waits.KEEPS(other.ground)
    if not _claims_as_much(case, other):
        return Waits.CLAIM()
    if case.right is Right.ERASURE and rests_on(case.ground, "17(1)(c)"):
        if other.examined:
            return Waits.OBJECTION_EXAMINED()
        if other.right is Right.OBJECTION and other.decision and other.decision.decision == "reject":
            return Waits.OBJECTION_REJECTED()
    return None


def _against_lifting(case: Case, other: Case) -> str | None:
    if other.in_force and not _is_lifted_by(case, other):
        return Waits.RESTRICTION()
    if other.examined:
        return Waits.STILL_EXAMINED()
    if other.right is Right.OBJECTION and other.decision and other.decision.decision == "uphold":
        return Waits.OBJECTION_UPHELD()
    stops = other.against_marketing or other.right is Right.WITHDRAWAL
    if stops and other.state == "open" and other.stopped is None:
        return Waits.NOT_STOPPED()
    if keeps_for_law(other):
        return Waits.KEPT_FOR_LAW()
    return None


def _claims_as_much(case: Case, other: Case) -> bool:
    """Whether every legal claim that an officer placed on `other` is placed on `case` too, or a wider one."""
    return all(any(_covers(mine, theirs) for mine in case.claims) for theirs in other.claims)


def _covers(mine: PlacedClaim, theirs: PlacedClaim) -> bool:
    wide, narrow = ((one.processor, one.claim.kind, one.claim.digest) for one in (mine, theirs))
    return all(one in (None, other) for one, other in zip(wide, narrow, strict=True))


def keeps(case: Case) -> bool:
    """Whether it is a restriction in force with which the person asked to keep the data (GDPR art. 18(1)(b), (c))."""
    return case.in_force and rests_on(case.ground, *_KEEP_THE_DATA)


def _is_lifted_by(case: Case, restriction: Case) -> bool:
    """Whether a lifting is about that restriction, which was asked before it. That of a rejected objection is about none."""
    return case.right is Right.LIFTING and restriction.received_at <= case.received_at


def keeps_for_law(case: Case) -> bool:
    """Whether it is an erasure of which something stays, held or shut off, until a hold ends."""
    return case.action == "erase" and any(processor.keeps_something for processor in case.processors)


def concerns_others(before: Case | None, after: Case) -> bool:
    """Whether what has just happened to a case may change what others of the person wait for."""
    if after.mode != "execute":
        return False
    if before is None:
        return after.in_force or after.against_marketing or after.right is Right.WITHDRAWAL
    closed = before.state == "open" and after.state == "closed"
    decided = before.decision != after.decision and (after.right is Right.OBJECTION or after.refused)
    kept = keeps_for_law(after) and not keeps_for_law(before)
    return (closed and _frees(after)) or decided or kept or before.claims != after.claims


def _frees(closed: Case) -> bool:
    """Whether its end lets others go on: a lifting that was made, or what was to be stopped is."""
    return not closed.refused and (closed.right in (Right.LIFTING, Right.WITHDRAWAL) or closed.against_marketing)


def consequences(after: Case, others: Iterable[Case]) -> Iterator[Word]:
    """What the person's other requests are told once `concerns_others`.

    The officer's word on a request stands against what was known when it was spoken, and not against what came after it.
    """
    around = [other for other in others if other.request_id != after.request_id and other.mode == "execute"]
    if after.right is Right.LIFTING and after.state == "closed" and not after.refused:
        around = [_ended(other, after) if other.in_force and _ends(after, other) else other for other in around]
        yield from ((other.request_id, Ended(after.request_id)) for other in around if other.ended_by == after.request_id)
    for case in around:
        if case.refused:
            continue  # the officer has spoken
        heard = case.decision is not None and case.block is None
        block = block_on(case, [after] if heard else [after, *around])
        if block and case.block is None and does_more(case):
            yield case.request_id, Blocked(block)
        if case.block and block is None:
            yield case.request_id, Unblocked()


def does_more(case: Case) -> bool:
    """Whether something is still to be done for it: now, at a moment that is set (an announced lifting), or when a hold or a rule ends."""
    return case.state == "open" or any(p.keeps_something or p.expiring or p.again_at for p in case.processors)


def _ends(lifting: Case, restriction: Case) -> bool:
    """Whether a lifting ends a restriction: it was asked later, and wherever the restriction was; one that was narrowed ends none."""
    everywhere = not lifting.not_asked or {p.name for p in restriction.processors} <= {p.name for p in lifting.processors}
    return everywhere and _is_lifted_by(lifting, restriction)


def _ended(case: Case, by: Case) -> Case:
    return case.model_copy(update={"ended_by": by.request_id})
