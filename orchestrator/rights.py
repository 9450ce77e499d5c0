"""The rights of one person as one state machine: what an earlier request means for a later one, and the reverse. Pure.

A request keeps to itself until it meets another of the same person. Then the rules here say which waits for which; a
person's word or the end of the other request lets it go on.
"""

from collections.abc import Iterable, Iterator
from uuid import UUID

from orchestrator.case import Block, Case
from orchestrator.messages import Blocked, Ended, Unblocked
from topics.events import Right

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
    reason = _against_erasing(case, other) if case.action == "erase" else _against_lifting(other) if case.action == "lift" else None
    return Block(by=other.request_id, reason=reason) if reason else None


def _against_erasing(case: Case, other: Case) -> str | None:
    if keeps(other):
        return (
            f"A restriction under GDPR art. {other.ground} is in force: the person asked that the data be kept. "
            "It is erased when the restriction is lifted, or when the officer decides so."
        )
    if case.right is Right.ERASURE and (case.ground or "").startswith("17(1)(c)"):
        if other.examined:
            return "An objection of the person is being examined (GDPR art. 17(1)(c), 21(1)); it is erased when that is upheld."
        if other.right is Right.OBJECTION and other.decision and other.decision.decision == "reject":
            return "The objection on which it rests was rejected (GDPR art. 17(1)(c), 21(1)); the officer decides."
    return None


def _against_lifting(other: Case) -> str | None:
    if other.examined:
        return "An objection of the person is still being examined (GDPR art. 18(1)(d)); the officer decides."
    if other.right is Right.OBJECTION and other.decision and other.decision.decision == "uphold":
        return "An objection of the person was upheld (GDPR art. 21(1)): nothing may be processed again; the officer decides."
    if other.action == "erase" and any(processor.keeps_something for processor in other.processors):
        return "An erasure keeps records restricted until a hold ends (GDPR art. 17(3)); lifting would free them; the officer decides."
    return None


def keeps(case: Case) -> bool:
    """Whether it is a restriction in force with which the person asked to keep the data (GDPR art. 18(1)(b), (c))."""
    return in_force(case) and (case.ground or "").startswith(_KEEP_THE_DATA)


def in_force(case: Case) -> bool:
    """Whether it is a restriction that was neither refused nor lifted."""
    return case.right is Right.RESTRICTION and case.mode == "execute" and case.ended_by is None and not case.refused


def concerns_others(before: Case | None, after: Case) -> bool:
    """Whether what has just happened to a case may change what others of the person wait for."""
    opened, decided = before is None, before is not None and before.decision != after.decision
    closed = before is not None and before.state == "open" and after.state == "closed"
    return after.mode == "execute" and (
        (opened and keeps(after))
        or (closed and after.right is Right.LIFTING and not after.refused)
        or (decided and (after.right is Right.OBJECTION or after.refused))
    )


def consequences(after: Case, others: Iterable[Case]) -> Iterator[Word]:
    """What the person's other requests are told once `concerns_others`."""
    around = [other for other in others if other.request_id != after.request_id and other.mode == "execute"]
    if after.right is Right.LIFTING and after.state == "closed" and not after.refused:
        around = [_ended(other, after) if in_force(other) else other for other in around]
        yield from ((other.request_id, Ended(after.request_id)) for other in around if other.ended_by == after.request_id)
    for case in around:
        if case.refused or (case.decision and case.right is not Right.OBJECTION):
            continue  # the officer has spoken
        block = block_on(case, [after, *around])
        if block and case.state == "open" and case.block is None:
            yield case.request_id, Blocked(block)
        if case.block and block is None:
            yield case.request_id, Unblocked()


def _ended(case: Case, by: Case) -> Case:
    return case.model_copy(update={"ended_by": by.request_id})
