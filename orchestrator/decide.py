"""What happens to a case when something is said to it. Pure: no clock, no I/O; every rule of contract.md, "The certificate", is here."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta

from orchestrator import planning
from orchestrator.case import SETTLED, Block, Case, Gap, PlacedClaim, ProcessorState, RecordState
from orchestrator.case import Decision as Word
from orchestrator.certificate import finished, unfinished
from orchestrator.clock import Extension
from orchestrator.deadlines import Pause
from orchestrator.guards import unplanned
from orchestrator.messages import (
    Approved,
    Blocked,
    CaughtUp,
    Claimed,
    Decided,
    Ended,
    Extended,
    KeyGone,
    Message,
    Met,
    Paused,
    Proven,
    Reported,
    Requested,
    RequestedAgain,
    Resumed,
    Retried,
    Tell,
    TimePassed,
    Unblocked,
)
from orchestrator.policy import Policy, day_of, start_of
from orchestrator.rounds import Decision, begin, conclude, is_due, next_end, notice, order, waiting, with_changes
from orchestrator.sentences import LEFT_OUT, done_by_a_person
from orchestrator.shredding import gone_elsewhere
from orchestrator.warnings import with_dates
from topics.commands import Claim
from topics.notices import About
from topics.orders import LiftHold, PlaceHold, Prove
from topics.outcomes import Evidence, Outcome
from topics.reports import Answered, Located, RecordOutcome

__all__ = ["Decision", "Policy", "decide"]

_LONGEST_WAIT = timedelta(days=31)
"""However long a vendor asks to wait: it is asked again once a month."""

_AFTER_A_HOLD = timedelta(days=31)

_NOTHING_CLAIMED = frozenset({Outcome.FAILED, Outcome.REFUSED, Outcome.NEEDS_PERSON, Outcome.NEEDS_IDENTIFIER, Outcome.DEFERRED})

_TRIED_AGAIN = frozenset({Outcome.FAILED, Outcome.DEFERRED, Outcome.ACCEPTED})
"""Outcomes that wait for a vendor or a date; what waits for a person is ordered again by a person."""

_THERE_AGAIN = "It was erased, and is there again: restored, or begun anew by the person. A retry erases it."
_THERE_SINCE = "It was not there when the rest was erased, and is now. A retry erases it."


def decide(case: Case | None, message: Message, policy: Policy) -> Decision:
    """The next state of a case, and what is to be done. `case` is None only for `Requested`."""
    if case is None:
        if not isinstance(message, Requested):
            raise ValueError("only a request opens a case")
        return _opened(message.case, message.at, policy)
    match message:
        case Requested():
            return case, ()
        case RequestedAgain():
            case = case.model_copy(update={"sent_at": message.at, "sent_sealed": case.sent_sealed and message.sealed})
            if message.received_at >= case.received_at:
                return case, ()
            earlier = case.model_copy(update={"received_at": message.received_at})
            return conclude(with_dates(earlier, message.at, policy), message.at, policy)
        case Reported(report):
            unawaited = _unawaited(case, message)
            case = case.model_copy(update={"late": case.late + 1}) if unawaited else case
            if isinstance(report, Answered):
                return _asking(case, _answered(case, report, unawaited, message.at, policy), message.at)
            return _located(case, report, message.at, policy)
        case Retried():
            again = [name for name in unfinished(case, day_of(message.at, policy)) if case.unapproved or message.only in (None, name)]
            return order(unplanned(case) if case.unapproved else case, again, message.at, policy)
        case CaughtUp(gap):
            case = _with_gap(case, gap) if gap else case
            return _order_due(case, {p.name for p in case.processors if p.in_flight}, message.at, policy)
        case KeyGone(at, promised, ended, decision):
            known = case.decision if case.decision and case.decision.reason != LEFT_OUT else decision or case.decision
            case = case.model_copy(update={"decision": known})
            case, effects = gone_elsewhere(case, at, promised, ended)
            return (case if case.state == "open" else case.model_copy(update={"wake_at": next_end(case, policy)})), effects
        case TimePassed():
            if planning.is_over(case, message.at, policy):
                return planning.ended(case, message.at, policy)
            return _order_due(case, frozenset(), message.at, policy)
    return _ordered_by_officer(case, message, policy)


def _opened(case: Case, at: datetime, policy: Policy) -> Decision:
    """A new case: its processors are ordered, or what stands against that is told."""
    case, effects = begin(with_dates(case, at, policy), [p.name for p in case.processors], at, policy)
    about = [About.PAUSED] if case.paused else [About.DECISION_NEEDED] if case.block or (case.examined and not case.stopped) else []
    return case, (*(Tell(notice(case, one, at)) for one in about), *effects)


def _order_due(case: Case, besides: Collection[str], at: datetime, policy: Policy) -> Decision:
    """What is due, and `besides`, is ordered. A later look of what is finished only looks: who came back of his own will stays."""
    later = case.look_at is not None and case.look_at <= at and not case.stopped
    due = {p.name for p in case.processors if p.name in besides or is_due(p, at, policy)}
    of_looks = [p for p in case.processors if (p.looks and p.name in due) or (later and not p.in_flight and _can_be_looked_at(p))]
    looks = {p.name for p in of_looks if finished(case, p, day_of(at, policy))}
    names = [p.name for p in case.processors if p.name in due | looks and not (case.stopped and p.name in looks)]
    ended = any(p.name in due and _outlived(p, day_of(at, policy)) for p in case.processors)
    told = [Tell(notice(case, About.HOLD_ENDED, at))] if ended else []
    case, effects = order(case.model_copy(update={"look_at": None}) if later else case, names, at, policy, looks)
    return case, (*told, *effects)


def _outlived(processor: ProcessorState, today: date) -> bool:
    """Whether a hold there has ended of which nothing is ordered yet."""
    held = (record.hold for record in processor.records.values() if record.outcome is Outcome.HELD)
    return not processor.in_flight and any(hold is not None and hold.until < today for hold in held)


def _can_be_looked_at(processor: ProcessorState) -> bool:
    """Whether a worker answered, with records that it located or with none; what a person did or declared, it cannot see."""
    return processor.answer is None and bool(processor.known or not processor.records)


def _with_gap(case: Case, gap: Gap) -> Case:
    """Nothing of a case can be lost from before its request was received."""
    since = gap.since or min(case.received_at, gap.until)
    return case.model_copy(update={"gaps": (*case.gaps, Gap(since=since, until=gap.until))})


def _ordered_by_officer(case: Case, message: Message, policy: Policy) -> Decision:
    """An officer's word, or what another request of the person means for this one."""
    match message:
        case Decided(decision, block, at):
            return _decided(case, decision, block, at, policy)
        case Extended(reason, at):
            case = with_dates(case.model_copy(update={"extension": Extension(at, reason)}), at, policy)
            return _and_tell(conclude(case, at, policy), About.EXTENDED, at)
        case Paused(ground, at):
            case = with_dates(case.model_copy(update={"pauses": (*case.pauses, Pause(at, None, ground))}), at, policy)
            return _and_tell(_stop(case, at, policy), About.PAUSED, at)
        case Resumed(at):
            pauses = (*case.pauses[:-1], replace(case.pauses[-1], ended=max(at, case.pauses[-1].began)))
            return _and_tell(_go_on(with_dates(case.model_copy(update={"pauses": pauses}), at, policy), at, policy), About.RESUMED, at)
        case Proven(task, at):
            return _proven(case, task, at, policy)
        case Approved():
            return planning.agreed(case, message, policy)
        case Claimed(claim, at, block):
            claimed = _claimed(case, claim, block, at, policy)
            return _and_tell(claimed, About.DECISION_NEEDED, at) if block else claimed
        case Met(Blocked(block), at):
            return _and_tell(_stop(case.model_copy(update={"block": block}), at, policy), About.DECISION_NEEDED, at)
        case Met(Unblocked(), at):
            return _go_on(case.model_copy(update={"block": None}), at, policy)
        case Met(Ended(by), at):
            return conclude(case.model_copy(update={"ended_by": by}), at, policy)
    raise ValueError(f"unknown to decide: {type(message).__name__}")


def _decided(case: Case, decision: Word, block: Block | None, at: datetime, policy: Policy) -> Decision:
    """An objection is examined, or a request that waits for a word gets it."""
    examined = case.examined
    case = case.model_copy(update={"decision": decision, "block": block if examined else None})
    if case.refused:
        case = with_dates(case, at, policy)  # until when that could be told
    if case.stopped:
        return _and_tell(_stop(case, at, policy), About.DECIDED, at)
    names = [p.name for p in case.processors] if examined else unfinished(case, day_of(at, policy))
    return _and_tell(begin(case, names, at, policy), About.DECIDED, at)


def _proven(case: Case, task: Prove, at: datetime, policy: Policy) -> Decision:
    """What a person did stands as that processor's answer, with the day and the proof's digest as the reason.

    It says what became of the records that were located there and not settled; where none were, how many there were.
    """
    processor = case.processor(task.processor)
    if processor is None:
        return case, ()
    reason, told = done_by_a_person(task), task.outcome is Outcome.NOT_APPLICABLE
    done = RecordState(kind=task.kind, outcome=task.outcome, evidence=None if told else Evidence.VERIFIED, reason=reason)
    count = 0 if processor.records or task.outcome is Outcome.NOTHING_FOUND else task.count
    by_hand = {digest: done.model_copy(update={"kind": r.kind}) for digest, r in processor.records.items() if r.outcome not in SETTLED}
    counted = {f"{task.proof[:18]}{number:04}": done for number in range(count)}
    records = processor.records | by_hand | counted
    own, why = (None, None) if records else (task.outcome, reason)
    changed = with_changes(processor, answered_at=at, in_flight=False, looks=False, again_at=None, answer=own, reason=why, records=records)
    return conclude(case.with_processor(changed), at, policy)


def with_claim(case: Case, given: PlaceHold | LiftHold) -> Case:
    """The case with that legal claim placed or lifted."""
    about = (given.processor, given.kind, given.record)
    claims = tuple(one for one in case.claims if (one.processor, one.claim.kind, one.claim.digest) != about)
    if isinstance(given, PlaceHold):
        claim = Claim(kind=given.kind, digest=given.record, reason=given.reason, until=given.until)
        claims = (*claims, PlacedClaim(processor=given.processor, claim=claim))
    return case.model_copy(update={"claims": claims})


def _claimed(case: Case, given: PlaceHold | LiftHold, block: Block | None, at: datetime, policy: Policy) -> Decision:
    """A legal claim is placed or lifted, and what it may concern is ordered again, so that the newest order knows it."""
    case = with_claim(case, given).model_copy(update={"block": case.block or block})
    concerned = [p for p in case.processors if given.processor in (None, p.name)]
    again = [p.name for p in concerned if not finished(case, p, day_of(at, policy)) or p.keeps_something]
    return order(case, again, at, policy)


def _and_tell(decision: Decision, about: About, at: datetime) -> Decision:
    case, effects = decision
    return case, (*effects, Tell(notice(case, about, at)))


def _stop(case: Case, at: datetime, policy: Policy) -> Decision:
    """Nothing more is ordered, and what is out is recalled; what a worker has destroyed by then is told by its answer."""
    return order(case, unfinished(case, day_of(at, policy)), at, policy)


def _go_on(case: Case, at: datetime, policy: Policy) -> Decision:
    """What was stopped is ordered, unless something else still stands against it."""
    return begin(case, unfinished(case, day_of(at, policy)), at, policy)


def _unawaited(case: Case, message: Reported) -> bool:
    """After the case's key is gone nobody waits for a report but on what the law kept: what comes all the same is counted.

    What is learnt again was awaited, if it answers an order that only the newer ledger knew.
    """
    processor = case.processor(message.report.processor)
    if case.shredded_at is None or processor is None or processor.in_flight:
        return False
    return not (message.again and message.report.round > processor.round)


def _located(case: Case, report: Located, at: datetime, policy: Policy) -> Decision:
    """Written down before anything is destroyed; a record once counted stays counted.

    What turns up when no answer is awaited (a command was carried out twice) is looked for by reference at once.
    """
    processor = case.processor(report.processor)
    if processor is None or report.sealed in processor.known:
        return case, ()
    shredded = case.shredded_at is not None  # its references open nowhere any more
    new = {r.digest: RecordState(kind=r.kind) for r in report.records if r.digest not in processor.records}
    changed = with_changes(processor, records=processor.records | new, known=() if shredded else (*processor.known, report.sealed))
    case = case.with_processor(changed)
    return order(case, [changed.name], at, policy) if new and not processor.awaited else (case, ())


def _asking(before: Case, decision: Decision, at: datetime) -> Decision:
    """The officer is told once: with the first answer that something could not be lifted, which nobody has confirmed."""
    return _and_tell(decision, About.DECISION_NEEDED, at) if decision[0].unconfirmed and not before.unconfirmed else decision


def _answered(case: Case, report: Answered, unawaited: bool, at: datetime, policy: Policy) -> Decision:
    processor = case.processor(report.processor)
    if processor is None:
        return case, ()
    if report.mode == "dry-run" and case.planning:
        return planning.told(case, processor, report, at, policy)
    if report.mode == "dry-run" and case.mode == "execute":
        return _looked(case, processor, report, unawaited, at, policy)
    late = report.round < processor.round or unawaited
    changed = _late(processor, report) if late else _in_time(processor, report, at)
    if with_changes(changed, answered_at=processor.answered_at) == processor:
        return case, ()  # told twice: not even the moment of the next try moves
    if changed.in_flight:
        return conclude(case.with_processor(changed), at, policy)
    if report.round >= processor.round or changed.again_at is None:
        changed = with_changes(changed, again_at=_when_again(case, changed, report, at, policy))
    case = case.with_processor(changed)
    if case.stopped and _said(changed) & {Outcome.FAILED, Outcome.DEFERRED}:  # recalled, or in vain: it is not tried again now
        return conclude(waiting(case, [changed.name], case.stopped, at), at, policy)
    if _must_look_for_known(case, changed):
        return order(case, [changed.name], at, policy)
    return conclude(case, at, policy)


def _looked(case: Case, processor: ProcessorState, report: Answered, late: bool, at: datetime, policy: Policy) -> Decision:
    """The answer to a later look: what is there again waits for a person; a look that failed is made again until the due date."""
    if not (late or (processor.in_flight and processor.looks)) or report.round < processor.round or (late and report.outcome):
        return case, ()
    if report.outcome is not None:
        again = at + policy.retry_every
        again_at = again if day_of(again, policy) <= case.due_by else None
        return conclude(
            case.with_processor(with_changes(processor, in_flight=False, looks=again_at is not None, again_at=again_at)), at, policy
        )
    gone = {digest for digest, record in processor.records.items() if record.outcome in (Outcome.ERASED, Outcome.ANONYMISED)}
    there = {
        line.digest: RecordState(kind=line.kind, outcome=Outcome.NEEDS_PERSON, reason=_THERE_AGAIN if line.digest in gone else _THERE_SINCE)
        for line in report.records
        if line.digest in gone or line.digest not in processor.records
    }
    looked = with_changes(processor, in_flight=False, looks=False, records=processor.records | there)
    return conclude(case.with_processor(looked), at, policy)


def _late(processor: ProcessorState, report: Answered) -> ProcessorState:
    """An answer of an earlier round: what it knows more is counted, but the newer round has the last word."""
    of = processor.records
    more = [line for line in report.records if line.digest not in of or of[line.digest].outcome is None]
    return with_changes(processor, records=_merged(of, more))


def _in_time(processor: ProcessorState, report: Answered, at: datetime) -> ProcessorState:
    return with_changes(
        processor,
        round=report.round,
        in_flight=False,
        looks=False,
        answered_at=at,
        answer=report.outcome,
        reason=report.reason,
        records=_merged(processor.records, report.records),
    )


def _merged(records: dict[str, RecordState], lines: Iterable[RecordOutcome]) -> dict[str, RecordState]:
    """The newer line stands; only a hold never gets shorter."""
    merged = dict(records)
    for line in lines:
        state = RecordState.model_validate(line.model_dump(exclude={"digest", "open"}))
        before = merged.get(line.digest)
        merged[line.digest] = _as_long_held(before, state) if before else state
    return merged


def _as_long_held(before: RecordState, state: RecordState) -> RecordState:
    """The new state with the longer hold of the two; a round that failed in between does not make it forgotten."""
    bound = Outcome.RESTRICTED is before.outcome is state.outcome
    if bound and before.until and state.until and state.until < before.until:
        state = state.model_copy(update={"until": before.until})
    if state.outcome not in SETTLED and before.sealed and not state.sealed:
        state = state.model_copy(update={"sealed": before.sealed})  # else nobody could find it again once the case's key is gone
    if before.hold is None or state.outcome not in {Outcome.HELD, *_NOTHING_CLAIMED}:
        return state
    if state.hold and state.hold.until >= before.hold.until:
        return state
    return state.model_copy(update={"hold": before.hold})


def _must_look_for_known(case: Case, processor: ProcessorState) -> bool:
    """A record was located, the worker died, and its second run did not see it: gone, or hidden? Look by reference."""
    unaccounted = any(record.outcome is None for record in processor.records.values())
    return unaccounted and case.mode == "execute" and processor.answer is None and len(processor.known) > processor.told


def _said(processor: ProcessorState) -> set[Outcome]:
    """Every outcome there, its own and those of its records."""
    own = set() if processor.answer is None else {processor.answer}
    return own | {record.outcome or Outcome.FAILED for record in processor.records.values()}


def _when_again(case: Case, processor: ProcessorState, report: Answered, at: datetime, policy: Policy) -> datetime | None:
    """When this processor is ordered again by itself; None: never, or only by a person."""
    said = _said(processor)
    outcomes = said & _TRIED_AGAIN
    if said <= SETTLED and not finished(case, processor, day_of(at, policy)):
        outcomes = {Outcome.FAILED}  # it sounds well, but not looked for again, or without a law or a date
    if not outcomes or case.mode == "dry-run":
        return None
    if report.again_at is not None:
        longest = _LONGEST_WAIT if Outcome.DEFERRED in outcomes else policy.retry_every  # a vendor's own wait, or ours
        return min(max(report.again_at, at), at + longest)
    dates = [record.until for record in processor.records.values() if record.outcome is Outcome.ACCEPTED and record.until]
    if dates and outcomes == {Outcome.ACCEPTED}:
        return max(start_of(min(dates), policy), at + policy.retry_every)
    again = at + policy.retry_every
    tried_until = _tried_until(case, processor, day_of(at, policy))
    return again if day_of(again, policy) <= tried_until or outcomes != {Outcome.FAILED} else None


def _tried_until(case: Case, processor: ProcessorState, today: date) -> date:
    """What failed is tried again until the due date; after a hold has ended, for a month."""
    ends = [end for record in processor.records.values() if (end := record.hold.until if record.hold else record.until) and end < today]
    return max([case.due_by, *(end + _AFTER_A_HOLD for end in ends)])
