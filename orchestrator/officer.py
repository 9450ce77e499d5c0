"""An officer's order as what `decide` is told, and why an order does not fit a case. Pure."""

from collections.abc import Sequence
from datetime import datetime

from orchestrator.case import Block, Case, Decision, Guard, Status
from orchestrator.certificate import finished
from orchestrator.decide import with_claim
from orchestrator.messages import Approved, Claimed, Decided, Extended, Message, Paused, Proven, Resumed, Retried
from orchestrator.rights import block_on, does_more
from orchestrator.shredding import UNASKABLE, unaskable
from orchestrator.waiting import waits_for_a_word
from topics.orders import Approve, Decide, Extend, LiftHold, Order, Pause, PlaceHold, Prove, Refuse, Resume, Retry, worded


def why_not(order: Order, case: Case, now: datetime) -> str | None:
    """Why the order cannot be followed as the case stands, in a sentence; None: it can. `now` in the controller's time zone."""
    today = now.date()
    match order:
        case Decide() if not waits_for_a_word(case):
            return "The request waits for no decision."
        case Refuse() if case.refused or case.state == "closed":
            return "The request is answered already; it can no longer be refused."
        case Extend() if case.extension or case.refused or case.state == "closed":
            return "The time was extended before, or the request is answered already (GDPR art. 12(3))."
        case Extend() if today > case.due_by and not case.stands_still(now.tzinfo):
            return "The first month is over: an extension had to be told within it (GDPR art. 12(3))."
        case Pause() if case.paused or case.refused or case.state == "closed":
            return "The time stands still already, or the request is answered."
        case Resume() if not case.paused:
            return "The time is not standing still."
        case Approve():
            return _why_not_approved(order, case.guard if case.unapproved else None)
        case PlaceHold(until=until) if until < today:
            return "The day of review lies in the past: nothing would be erased, and nothing said to be kept."
        case PlaceHold(record=digest) | LiftHold(record=digest) if digest is not None and digest not in _digests(case):
            return "This request knows no record of that digest."
        case Prove(on=on) if on > today:
            return "The day on which it was done lies in the future."
        case Prove(processor=name) if (asked := case.processor(name)) and finished(case, asked, today):
            return "That processor is settled: nothing waits for a person there."
        case Retry(only=name) | PlaceHold(processor=name) | LiftHold(processor=name) if _nobody_can_be_asked(case, name):
            return UNASKABLE
    return None


def _why_not_approved(order: Approve, guard: Guard | None) -> str | None:
    if guard is None:
        return "The request waits for no approval."
    if order.plan != guard.plan:
        return "The plan was made anew since it was looked at: look again, and approve that."
    return "The same person approved it already: a second must." if order.by in {one.by for one in guard.approvals} else None


def told_late(case: Case, now: datetime) -> str | None:
    """What the officer is to know of a refusal, or a rejection, that comes after the month; None: it comes in time."""
    tell_by = case.refuse_by or (None if case.paused else case.due_by)
    answered = any(one.status is not Status.PARTIAL for one in case.certificates)
    if answered or tell_by is None or now.date() <= tell_by:
        return None
    return (
        f"This comes too late: it had to be told by {tell_by.isoformat()}, extended or not (GDPR art. 12(4)). "
        "The certificate and the letter say so."
    )


def _digests(case: Case) -> set[str]:
    return {digest for processor in case.processors for digest in processor.records}


def _nobody_can_be_asked(case: Case, name: str | None) -> bool:
    return all(unaskable(case, processor) for processor in case.processors if name in (None, processor.name))


def message_of(order: Order, case: Case, others: Sequence[Case], now: datetime) -> Message:
    """What `decide` is told of an order. `others`: the person's other requests, one of which may stand against it."""
    match order:
        case Retry(only=only):
            return Retried(only, now)
        case Decide(decision=word, reason=reason):
            decided = Decision(decision=word, reason=worded(reason), at=now)
            return Decided(decided, block_on(case.model_copy(update={"decision": decided}), others), now)
        case Refuse(reason=reason):
            return Decided(Decision(decision="refuse", reason=worded(reason), at=now), None, now)
        case Extend(reason=reason):
            return Extended(worded(reason), now)
        case Pause(ground=ground):
            return Paused(worded(ground), now)
        case Resume():
            return Resumed(now)
        case Approve(plan=plan, by=by):
            return Approved(plan, by, now)
        case Prove() as task:
            return Proven(task, now)
        case PlaceHold() as claim:
            return Claimed(claim.model_copy(update={"reason": worded(claim.reason)}), now)
        case LiftHold() as claim:
            return Claimed(claim, now, _block_without(claim, case, others))
    raise ValueError(f"unknown order: {type(order).__name__}")


def _block_without(claim: LiftHold, case: Case, others: Sequence[Case]) -> Block | None:
    """The claim on another request that this one covered stands against the case now; unless the officer has spoken, or all is done."""
    if case.decision or case.block or not does_more(case):
        return None
    return block_on(with_claim(case, claim), others)
