"""What happens to a case while it is planned and approved. Pure; the rules are in `guards`."""

from datetime import datetime

from orchestrator.case import Case, ProcessorState
from orchestrator.certificate import unfinished
from orchestrator.guards import approved, concluded, ends_at, planned_by
from orchestrator.messages import Approved, Tell
from orchestrator.policy import Policy, day_of
from orchestrator.rounds import Decision, conclude, notice, order, with_changes
from topics.events import Right
from topics.notices import About
from topics.reports import Answered


def told(case: Case, processor: ProcessorState, report: Answered, at: datetime, policy: Policy) -> Decision:
    """A processor says what it would do; what answers an older question is not heard."""
    if not (processor.in_flight and processor.looks) or report.round != processor.round:
        return case, ()
    case = case.with_processor(with_changes(processor, in_flight=False, looks=False, again_at=None, plan=planned_by(report)))
    return ended(case, at, policy) if all(p.plan for p in case.processors) else conclude(case, at, policy)


def is_over(case: Case, at: datetime, policy: Policy) -> bool:
    """Whether somebody was silent for too long to be waited for."""
    ends = ends_at(case, policy)
    return ends is not None and ends <= at


def ended(case: Case, at: datetime, policy: Policy) -> Decision:
    """Everybody has said what they would do, or had the time to: it goes on, or the officer is asked."""
    guard = concluded(case, at, policy)
    case = case.model_copy(update={"guard": guard})
    case, effects = order(case, _names(case, at, policy), at, policy)
    asks = guard.state == "asked" and not case.refused
    return case, (*effects, *([Tell(notice(case, About.DECISION_NEEDED, at))] if asks else []))


def agreed(case: Case, message: Approved, policy: Policy) -> Decision:
    """Somebody approved the plan; with enough of them it is carried out."""
    if case.guard is None:
        return case, ()
    waited = case.unapproved
    case = case.model_copy(update={"guard": approved(case.guard, message.plan, message.by, message.at)})
    names = _names(case, message.at, policy) if waited and not case.unapproved else []
    return order(case, names, message.at, policy)


def _names(case: Case, at: datetime, policy: Policy) -> list[str]:
    """Whom it is ordered from; what an objection has shut off so far is ordered anew."""
    return [p.name for p in case.processors] if case.right is Right.OBJECTION else unfinished(case, day_of(at, policy))
