"""What happens to a case when something is said to it. Pure: no clock, no I/O; every rule of contract.md, "The certificate", is here."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from orchestrator.case import SETTLED, Case, ProcessorState, RecordState, Status
from orchestrator.certificate import claims_of, status_of
from orchestrator.messages import Certify, Effect, Message, Order, Reported, Requested, RequestedAgain, Retried, TimePassed
from topics.commands import Command, command_id
from topics.events import Right
from topics.outcomes import Outcome
from topics.reports import Answered, Located, RecordOutcome

Decision = tuple[Case, tuple[Effect, ...]]

_REORDER_SILENT = timedelta(days=6)
"""A command ages out of its topic after seven days: a processor that was away so long would never see it."""

_LONGEST_WAIT = timedelta(days=31)
"""However long a vendor asks to wait: it is asked again once a month."""

_NOTHING_CLAIMED = frozenset({Outcome.FAILED, Outcome.REFUSED, Outcome.NEEDS_PERSON, Outcome.NEEDS_IDENTIFIER, Outcome.DEFERRED})

_TRIED_AGAIN = frozenset({Outcome.FAILED, Outcome.DEFERRED, Outcome.ACCEPTED})
"""Outcomes that wait for a vendor or a date; what waits for a person is ordered again by a person."""

_THERE_AGAIN = "It was erased, and is there again: restored, or begun anew by the person. A retry erases it."
_THERE_SINCE = "It was not there when the rest was erased, and is now. A retry erases it."


@dataclass(frozen=True)
class Policy:
    """`partial_after`: how long an incomplete case waits before its first certificate. `zone`: whose days count.

    `look_after`: how long after a complete erasure it is looked once more (ADR 10); None: never.
    """

    partial_after: timedelta
    retry_every: timedelta
    zone: ZoneInfo
    look_after: timedelta | None = None


def decide(case: Case | None, message: Message, policy: Policy) -> Decision:
    """The next state of a case, and what is to be done. `case` is None only for `Requested`."""
    if case is None:
        if not isinstance(message, Requested):
            raise ValueError("only a request opens a case")
        return _order(message.case, [p.name for p in message.case.processors], message.at, policy)
    match message:
        case Requested():
            return case, ()
        case RequestedAgain():
            if message.received_at < case.received_at:
                case = case.model_copy(update={"received_at": message.received_at, "due_by": message.due_by})
            return _conclude(case, message.at, policy)
        case Reported(report):
            if isinstance(report, Answered):
                return _answered(case, report, message.at, policy)
            return _located(case, report, message.at, policy)
        case Retried():
            again = [p.name for p in case.processors if not p.settled and message.only in (None, p.name)]
            return _order(case, again, message.at, policy)
        case TimePassed():
            if case.look_at is not None and case.look_at <= message.at:
                return _order(case.model_copy(update={"look_at": None}), [p.name for p in case.processors], message.at, policy)
            return _order(case, [p.name for p in case.processors if _is_due(p, message.at)], message.at, policy)


def _is_due(processor: ProcessorState, at: datetime) -> bool:
    """Whether it is time to order again: a wait is over, or a command has aged out unanswered."""
    moment = _again(processor)
    return moment is not None and moment <= at


def _again(processor: ProcessorState) -> datetime | None:
    if processor.in_flight and processor.ordered_at:
        return processor.ordered_at + _REORDER_SILENT
    return processor.again_at


def _order(case: Case, names: Iterable[str], at: datetime, policy: Policy) -> Decision:
    """Order the next round at those processors, and conclude."""
    orders: list[Effect] = []
    for name in names:
        processor = case.processor(name)
        if processor is None:
            continue
        changed = _changed(processor, round=processor.round + 1, in_flight=True, ordered_at=at, again_at=None, told=len(processor.known))
        case = case.with_processor(changed)
        orders.append(Order(_command(case, changed)))
    case, effects = _conclude(case, at, policy)
    return case, (*orders, *effects)


def _command(case: Case, processor: ProcessorState) -> Command:
    """What is settled is only looked at: who came back of his own will is not erased by an old request."""
    return Command(
        command_id=command_id(case.request_id, processor.name, processor.round),
        request_id=case.request_id,
        processor=processor.name,
        action=case.action,
        mode="dry-run" if processor.outcome in SETTLED else case.mode,
        round=processor.round,
        subject=case.subject,
        known=processor.known,
        due_by=case.due_by,
    )


def _located(case: Case, report: Located, at: datetime, policy: Policy) -> Decision:
    """Written down before anything is destroyed; a record once counted stays counted.

    What turns up when no answer is awaited (a command was carried out twice) is looked for by reference at once.
    """
    processor = case.processor(report.processor)
    if processor is None or report.sealed in processor.known:
        return case, ()
    new = {r.digest: RecordState(kind=r.kind) for r in report.records if r.digest not in processor.records}
    changed = _changed(processor, records=processor.records | new, known=(*processor.known, report.sealed))
    case = case.with_processor(changed).model_copy(update={"state": "open"} if new else {})
    return _order(case, [changed.name], at, policy) if new and not processor.in_flight else (case, ())


def _answered(case: Case, report: Answered, at: datetime, policy: Policy) -> Decision:
    processor = case.processor(report.processor)
    if processor is None:
        return case, ()
    if report.mode == "dry-run" and case.mode == "execute":
        return _looked(case, processor, report, at, policy)
    changed = _late(processor, report) if report.round < processor.round else _in_time(processor, report, at)
    if changed.in_flight:
        return _conclude(case.with_processor(changed), at, policy)
    if report.round >= processor.round or changed.again_at is None:
        changed = _changed(changed, again_at=_when_again(case, changed, report, at, policy))
    case = case.with_processor(changed)
    if _must_look_for_known(case, changed):
        return _order(case, [changed.name], at, policy)
    return _conclude(case, at, policy)


def _looked(case: Case, processor: ProcessorState, report: Answered, at: datetime, policy: Policy) -> Decision:
    """The answer to a later look: what is there again waits for a person; a look that failed is made again until the due date."""
    if not processor.in_flight or report.round < processor.round:
        return case, ()
    if report.outcome is not None:
        again = at + policy.retry_every
        again_at = again if again.astimezone(policy.zone).date() <= case.due_by else None
        return _conclude(case.with_processor(_changed(processor, in_flight=False, again_at=again_at)), at, policy)
    gone = {digest for digest, record in processor.records.items() if record.outcome in (Outcome.ERASED, Outcome.ANONYMISED)}
    there = {
        line.digest: RecordState(kind=line.kind, outcome=Outcome.NEEDS_PERSON, reason=_THERE_AGAIN if line.digest in gone else _THERE_SINCE)
        for line in report.records
        if line.digest in gone or line.digest not in processor.records
    }
    return _conclude(case.with_processor(_changed(processor, in_flight=False, records=processor.records | there)), at, policy)


def _late(processor: ProcessorState, report: Answered) -> ProcessorState:
    """An answer of an earlier round: what it knows more is counted, but the newer round has the last word."""
    of = processor.records
    more = [line for line in report.records if line.digest not in of or of[line.digest].outcome is None]
    return _changed(processor, records=_merged(of, more))


def _in_time(processor: ProcessorState, report: Answered, at: datetime) -> ProcessorState:
    return _changed(
        processor,
        round=report.round,
        in_flight=False,
        answered_at=at,
        answer=report.outcome,
        reason=report.reason,
        records=_merged(processor.records, report.records),
    )


def _merged(records: dict[str, RecordState], lines: Iterable[RecordOutcome]) -> dict[str, RecordState]:
    """The newer line stands; only a hold never gets shorter."""
    merged = dict(records)
    for line in lines:
        state = RecordState.model_validate(line.model_dump(exclude={"digest"}))
        before = merged.get(line.digest)
        merged[line.digest] = _as_long_held(before, state) if before else state
    return merged


def _as_long_held(before: RecordState, state: RecordState) -> RecordState:
    """The new state with the longer hold of the two; a round that failed in between does not make it forgotten."""
    bound = Outcome.RESTRICTED is before.outcome is state.outcome
    if bound and before.until and state.until and state.until < before.until:
        state = state.model_copy(update={"until": before.until})
    if before.hold is None or state.outcome not in {Outcome.HELD, *_NOTHING_CLAIMED}:
        return state
    if state.hold and state.hold.until >= before.hold.until:
        return state
    return state.model_copy(update={"hold": before.hold})


def _must_look_for_known(case: Case, processor: ProcessorState) -> bool:
    """A record was located, the worker died, and its second run did not see it: gone, or hidden? Look by reference."""
    unaccounted = any(record.outcome is None for record in processor.records.values())
    return unaccounted and case.mode == "execute" and processor.answer is None and len(processor.known) > processor.told


def _when_again(case: Case, processor: ProcessorState, report: Answered, at: datetime, policy: Policy) -> datetime | None:
    """When this processor is ordered again by itself; None: never, or only by a person."""
    outcomes = {processor.answer, *(record.outcome or Outcome.FAILED for record in processor.records.values())} & _TRIED_AGAIN
    if not outcomes or case.mode == "dry-run":
        return None
    if report.again_at is not None:
        return min(max(report.again_at, at), at + _LONGEST_WAIT)
    dates = [record.until for record in processor.records.values() if record.outcome is Outcome.ACCEPTED and record.until]
    if dates and outcomes == {Outcome.ACCEPTED}:
        return max(_start_of(min(dates), policy), at + policy.retry_every)
    again = at + policy.retry_every
    return again if again.astimezone(policy.zone).date() <= case.due_by or outcomes != {Outcome.FAILED} else None


def _conclude(case: Case, at: datetime, policy: Policy) -> Decision:
    """Certify what can be certified, close what is complete, and say when to wake next."""
    if case.mode == "dry-run":
        wake_at = min((moment for p in case.processors if (moment := _again(p))), default=None)
        return case.model_copy(update={"state": "closed" if case.all_answered else "open", "wake_at": wake_at}), ()
    settled_at = (case.settled_at or at) if case.all_answered else case.settled_at
    case = case.model_copy(update={"settled_at": settled_at})
    if not case.all_answered and _first_partial_at(case, policy) > at:  # the usual way: nothing to certify before the last answer
        return case.model_copy(update={"wake_at": _wake_at(case, policy)}), ()
    today = at.astimezone(policy.zone).date()
    status, claims = status_of(case, today), claims_of(case, today)
    complete = case.all_answered and status is not Status.PARTIAL
    changed = not case.certificates or case.certificates[-1].claims != claims
    due = complete or (case.all_answered and bool(case.certificates)) or _first_partial_at(case, policy) <= at
    effects: tuple[Effect, ...] = (Certify(status, claims),) if changed and due else ()
    closed = complete or (case.state == "closed" and not changed)
    look_at = at + policy.look_after if complete and effects and policy.look_after and case.right is Right.ERASURE else case.look_at
    case = case.model_copy(update={"state": "closed" if closed else "open", "look_at": look_at if closed else None})
    return case.model_copy(update={"wake_at": _wake_at(case, policy, certified=bool(effects))}), effects


def _wake_at(case: Case, policy: Policy, certified: bool = False) -> datetime | None:
    """The next moment at which time alone changes something."""
    wakes = [case.look_at, *(_again(p) for p in case.processors)]
    if not case.certificates and not certified:
        wakes.append(_first_partial_at(case, policy))
    return min((moment for moment in wakes if moment), default=None)


def _first_partial_at(case: Case, policy: Policy) -> datetime:
    """When an incomplete case gets its first certificate: a while after the last answer, at the latest on the due date.

    A request that arrives late, or past its due date, still gives its processors that while.
    """
    on_due_date = max(_start_of(case.due_by, policy), case.opened_at + policy.partial_after)
    if case.all_answered and case.settled_at is not None:
        return min(case.settled_at + policy.partial_after, on_due_date)
    return on_due_date


def _start_of(day: Any, policy: Policy) -> datetime:
    return datetime.combine(day, time(), policy.zone)


def _changed(processor: ProcessorState, **changes: Any) -> ProcessorState:
    return processor.model_copy(update=changes)
