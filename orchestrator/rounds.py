"""When a processor is ordered, when a case is certified, and when it wakes. Pure; the clock of a case is `deadlines`."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from orchestrator.case import Case, ProcessorState, RecordState, Status
from orchestrator.certificate import standing_of
from orchestrator.guards import begun, ends_at
from orchestrator.in_time import is_answered
from orchestrator.messages import Certify, Effect, Order, Recall, Tell
from orchestrator.policy import Policy, day_of, start_of
from orchestrator.shredding import UNASKABLE, unaskable, with_shredding
from orchestrator.waiting import work
from orchestrator.warnings import told
from topics.commands import Command, command_id
from topics.events import Right
from topics.notices import About, Notice
from topics.outcomes import Outcome

Decision = tuple[Case, tuple[Effect, ...]]

_REORDER_SILENT = timedelta(days=6)
"""A command ages out of its topic after seven days: a processor that was away so long would never see it."""


_NEVER = date(9000, 1, 1)
"""A vendor's "for ever": no day comes after the last that a calendar has."""


def order(case: Case, names: Iterable[str], at: datetime, policy: Policy, looks: Collection[str] = ()) -> Decision:
    """Order the next round at those processors, unless something stands against it, and conclude; those in `looks` only look,
    and all do while it is planned.

    Either way what is out there already, and knows nothing of what was said since, is recalled.
    """
    names = list(names)
    orders: list[Effect] = [
        Recall(case.request_id, p.name, p.round) for p in case.processors if p.name in names and _can_be_recalled(case, p)
    ]
    if case.stopped:
        case, effects = conclude(waiting(case, names, case.stopped, at), at, policy)
        return case, (*orders, *effects)
    case = begun(case, at)
    for name in names:
        processor = case.processor(name)
        if processor is None:
            continue
        if unaskable(case, processor):
            case = case.with_processor(_cannot_be_asked(processor, at))
            continue
        told_of, only_looks = len(processor.known), case.planning or name in looks
        ordered = with_changes(
            processor, round=processor.round + 1, in_flight=True, ordered_at=at, again_at=None, told=told_of, looks=only_looks
        )
        case = case.with_processor(ordered)
        orders.append(Order(_command(case, ordered)))
    case, effects = conclude(case, at, policy)
    return case, (*orders, *effects)


def _can_be_recalled(case: Case, processor: ProcessorState) -> bool:
    """Whether a command is out that changes something."""
    return case.mode == "execute" and processor.in_flight and not processor.looks


def _cannot_be_asked(processor: ProcessorState, at: datetime) -> ProcessorState:
    """It waits for a person, and says so: nobody else knows who it is about."""
    answered_at = processor.answered_at or at
    return with_changes(processor, in_flight=False, answered_at=answered_at, again_at=None, answer=Outcome.NEEDS_PERSON, reason=UNASKABLE)


def _command(case: Case, processor: ProcessorState) -> Command:
    return Command(
        command_id=command_id(case.request_id, processor.name, processor.round),
        request_id=case.request_id,
        processor=processor.name,
        action=case.action,
        mode="dry-run" if processor.looks else case.mode,
        round=processor.round,
        subject=case.subject,
        known=processor.known,
        due_by=case.due_by,
        contract_ended_on=case.contract_ended_on,
        claims=tuple(placed.claim for placed in case.claims if placed.processor in (None, processor.name)),
        expiring=processor.expiring,
        accepted=processor.accepted,
        unanswered=tuple(digest for digest, record in processor.records.items() if record.evidence is None),
        gone=() if processor.looks else processor.gone,
        held={digest: record.sealed for digest, record in processor.records.items() if record.sealed},
        irreversible=case.right is Right.RESTRICTION and case.decision is not None and case.decision.decision == "uphold",
    )


def begin(case: Case, names: Sequence[str], at: datetime, policy: Policy) -> Decision:
    """Order those processors; a lifting is announced first, and ordered by the next tick at the earliest (GDPR art. 18(3))."""
    if case.action != "lift" or case.stopped:
        return order(case, names, at, policy)
    for processor in case.processors:
        if processor.name in names:
            case = case.with_processor(with_changes(processor, again_at=at + policy.lifting_notice))
    case, effects = conclude(case, at, policy)
    return case, (Tell(notice(case, About.LIFTING_ANNOUNCED, at)), *effects)


def notice(case: Case, about: About, at: datetime) -> Notice:
    """What the controller's services are told of a case."""
    return Notice(request_id=case.request_id, right=case.right, about=about, at=at, due_by=case.due_by)


def waiting(case: Case, names: Iterable[str], why: tuple[Outcome, str], at: datetime) -> Case:
    """Those processors as not asked, and why; what they answered before stays."""
    outcome, reason = why
    for processor in case.processors:
        if processor.name in names and not processor.in_flight:
            case = case.with_processor(with_changes(processor, answer=outcome, reason=reason, answered_at=at, again_at=None))
    return case


def is_due(processor: ProcessorState, at: datetime, policy: Policy) -> bool:
    """Whether it is time to order again: a wait or a hold is over, or a command has aged out unanswered."""
    moment = _again(processor, policy)
    return moment is not None and moment <= at


def _again(processor: ProcessorState, policy: Policy) -> datetime | None:
    if processor.in_flight and processor.ordered_at:
        return processor.ordered_at + _REORDER_SILENT
    if processor.again_at or not processor.settled or processor.answered_at is None:
        return processor.again_at
    ends = [end for record in processor.records.values() if (end := _kept_until(record)) and end < _NEVER]
    return max(start_of(min(ends) + timedelta(days=1), policy), processor.answered_at + policy.retry_every) if ends else None


def next_end(case: Case, policy: Policy) -> datetime | None:
    """When the first processor that can be asked is ordered again by itself."""
    return min((moment for p in case.processors if not unaskable(case, p) and (moment := _again(p, policy))), default=None)


def _kept_until(record: RecordState) -> date | None:
    """The last day of a hold, of a restriction because of one, or of what ages out: then the case wakes (DESIGN.md, decision 8)."""
    if record.outcome is Outcome.HELD and record.hold:
        return record.hold.until
    bound = record.outcome is Outcome.RESTRICTED and record.bound_to
    return record.until if bound or record.outcome is Outcome.EXPIRING else None


def conclude(case: Case, at: datetime, policy: Policy) -> Decision:
    """Certify what can be certified, close what is complete or refused, and say when to wake next."""
    if case.mode == "dry-run":
        state = "closed" if case.all_answered else "open"
        planned = case.model_copy(update={"state": state, "wake_at": next_end(case, policy)})
        return with_shredding((planned, ()), at, policy)
    case, tasks = _with_tasks_told(case, at)
    case, warnings = _warned(case, at, policy)
    return with_shredding(_certified(case, (*tasks, *warnings), at, policy), at, policy)


def _with_tasks_told(case: Case, at: datetime) -> Decision:
    """What a person must do is told when it comes up, and again only after it was settled; while the whole request waits, that is told."""
    new, waits = [], {p.name for p in work(case)}
    for p in case.processors:
        asked = p.name in waits
        if asked and not p.person_told:
            new.append(p.name)
        if (asked and not p.person_told) or (p.person_told and p.settled):
            case = case.with_processor(with_changes(p, person_told=asked))
    told_of = notice(case, About.TASK_WAITING, at).model_copy(update={"processors": tuple(new)})
    return case, (Tell(told_of),) if new else ()


def _warned(case: Case, at: datetime, policy: Policy) -> Decision:
    """What is to be told of the last days, while the request is not answered."""
    if case.state == "closed":
        return case, ()
    if is_answered(case, policy.zone, day_of(at, policy)):
        return case.model_copy(update={"tell_at": None}), ()
    case, about = told(case, at, policy)
    return case, tuple(Tell(notice(case, one, at)) for one in about)


def _certified(case: Case, effects: tuple[Effect, ...], at: datetime, policy: Policy) -> Decision:
    case = case.model_copy(update={"settled_at": (case.settled_at or at) if case.all_answered else case.settled_at})
    untrue = _says_too_much(case)
    if not (untrue or case.all_answered or case.refused) and _first_partial_at(case, policy) > at:  # the usual way: nothing to certify yet
        case = case.model_copy(update={"state": "open", "look_at": None})
        return case.model_copy(update={"wake_at": _wake_at(case, policy)}), effects
    today = day_of(at, policy)
    status, claims = standing_of(case, today, policy.zone)
    final = case.all_answered and (status is not Status.PARTIAL or case.refused)
    changed = not case.certificates or case.certificates[-1].claims != claims
    restricted = case.examined and all(p.settled for p in case.processors)  # an objection: that is told at once
    settled = case.all_answered and (restricted or bool(case.certificates))
    due = final or untrue or case.refused or settled or _first_partial_at(case, policy) <= at
    issued: tuple[Effect, ...] = (Certify(status, claims),) if changed and due else ()
    if issued and final:
        issued = (*issued, Tell(notice(case, About.CONFIRMED, at)))
    look_at = _look_at(case, status, at, policy) if final else None
    case = case.model_copy(update={"look_at": look_at} | {"state": "closed" if final else "open"})
    wake_at = _wake_at(case, policy, certified=final or bool(issued))
    return case.model_copy(update={"wake_at": wake_at}), (*effects, *issued)


def _look_at(case: Case, status: Status, at: datetime, policy: Policy) -> datetime | None:
    """When what is gone is looked for once more: a while after an erasure has become complete (ADR 12)."""
    if case.state == "closed":
        return case.look_at
    if policy.look_after is None or status is Status.PARTIAL or case.right is not Right.ERASURE or case.shredded_at:
        return None
    return at + policy.look_after


def _says_too_much(case: Case) -> bool:
    """Whether the last certificate is complete, and more was located since: that one is superseded at once."""
    return _was_complete(case) and any(record.outcome is None for p in case.processors for record in p.records.values())


def _was_complete(case: Case) -> bool:
    return bool(case.certificates) and case.certificates[-1].status is not Status.PARTIAL


def _wake_at(case: Case, policy: Policy, certified: bool = False) -> datetime | None:
    """The next moment at which time alone changes something."""
    ends = [_again(p, policy) for p in case.processors]
    wakes = [case.look_at, *ends] if not case.stopped else ends if case.block and case.state == "closed" else []
    if (not case.certificates and not certified) or _reopened(case):
        wakes.append(_first_partial_at(case, policy))
    if case.state == "open":
        wakes += [case.tell_at, ends_at(case, policy)]
    return min((moment for moment in wakes if moment), default=None)


def _first_partial_at(case: Case, policy: Policy) -> datetime:
    """When an incomplete case gets its first certificate: a while after the last answer, at the latest on the due date.

    A request that arrives late, or past its due date, still gives its processors that while.
    """
    if _reopened(case):
        return max(p.ordered_at or case.opened_at for p in case.processors if p.awaited) + policy.partial_after
    on_due_date = max(start_of(case.due_by, policy), case.opened_at + policy.partial_after)
    if case.all_answered and case.settled_at is not None:
        return min(case.settled_at + policy.partial_after, on_due_date)
    return on_due_date


def _reopened(case: Case) -> bool:
    """Whether something is under way at a case that was complete: the end of a hold, of which a word may come at once."""
    return _was_complete(case) and any(p.awaited for p in case.processors)


def with_changes(processor: ProcessorState, **changes: Any) -> ProcessorState:
    return processor.model_copy(update=changes)
