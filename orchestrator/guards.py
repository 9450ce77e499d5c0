"""What stands between a request and its first destructive order: a plan, and who approves it (ADR 21). Pure."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime

from orchestrator.case import Approval, Case, Guard, Plan, PlanLine, Why
from orchestrator.policy import Guards, Policy, day_of
from topics.events import Right
from topics.outcomes import Outcome
from topics.reports import Answered

_DESTROYS = (Right.ERASURE, Right.WITHDRAWAL, Right.OBJECTION)

_TWO_PERSONS = frozenset({Why.MANY_RECORDS, Why.MANY_CASES})

_SAYS_ENOUGH = (None, Outcome.NEEDS_PERSON, Outcome.NEEDS_IDENTIFIER, Outcome.NOT_APPLICABLE, Outcome.NOTHING_FOUND)
"""What a processor as a whole can answer to a plan: nothing is destroyed there, or a person does it."""


def at_opening(case: Case, guards: Guards, lately: Callable[[], int]) -> Guard | None:
    """The guard of a new case, which stays its own however erasure.toml changes; None: nothing is asked.

    `lately` tells how many erasures were opened in the hour before; it is asked where that is guarded.
    """
    if not guards.any or case.right not in _DESTROYS or case.mode == "dry-run":
        return None
    crowded = guards.cases_per_hour is not None and lately() >= guards.cases_per_hour
    always = guards.plan_first or guards.records_per_case is not None or guards.ask_when_open
    return Guard(crowded=crowded) if crowded or always else None


def begun(case: Case, at: datetime) -> Case:
    """The case, its plan asked for: from then on it is waited for."""
    if not case.planning or case.guard is None or case.guard.state == "planning":
        return case
    return case.model_copy(update={"guard": case.guard.model_copy(update={"state": "planning", "since": at})})


def ends_at(case: Case, policy: Policy) -> datetime | None:
    """When a plan is waited for no longer: a silent processor must not keep the officer from what the others said."""
    return case.guard.since + policy.partial_after if case.planning and case.guard and case.guard.since else None


def planned_by(report: Answered) -> Plan:
    """What a processor said that it would do."""
    counts = Counter((line.kind, line.outcome) for line in report.records)
    still = Counter((line.kind, line.outcome) for line in report.records if line.open)
    lines = (PlanLine(kind=k, outcome=o, count=n, open=still[k, o]) for (k, o), n in sorted(counts.items()))
    return Plan(lines=tuple(lines), answer=report.outcome, reason=report.reason)


def concluded(case: Case, at: datetime, policy: Policy) -> Guard:
    """The guard once everybody has planned, or has had the time to: passed, or asked with why."""
    why = tuple(_reasons(case, at, policy))
    plan, before = digest_of(case), case.guard or Guard()
    approvals = tuple(one for one in before.approvals if one.plan == plan)  # there before it only where a ledger learns again
    asked = before.model_copy(update={"state": "asked" if why else "passed", "why": why, "plan": plan, "approvals": approvals})
    return _passed_if_enough(asked)


def _reasons(case: Case, at: datetime, policy: Policy) -> Iterator[Why]:
    guards, plans = policy.guards, [p.plan for p in case.processors]
    lines = [line for plan in plans if plan for line in plan.lines]
    if guards.plan_first:
        yield Why.PLAN_FIRST
    if guards.records_per_case is not None and sum(line.count for line in lines) > guards.records_per_case:
        yield Why.MANY_RECORDS
    if case.guard and case.guard.crowded:
        yield Why.MANY_CASES
    if guards.ask_when_open and (any(line.open for line in lines) or _contract_runs(case, at, policy)):
        yield Why.SOMETHING_OPEN
    if any(plan is None or plan.answer not in _SAYS_ENOUGH for plan in plans):
        yield Why.NOT_LOOKED


def _contract_runs(case: Case, at: datetime, policy: Policy) -> bool:
    return case.contract_ended_on is not None and case.contract_ended_on >= day_of(at, policy)


def digest_of(case: Case) -> str:
    """The SHA-256 of what is to be approved, so that nobody approves what they have not seen."""
    said = "\n".join(f"{p.name} {p.plan.model_dump_json() if p.plan else ''}" for p in case.processors)
    return hashlib.sha256(f"{case.request_id}\n{said}".encode()).hexdigest()


def persons_needed(guard: Guard) -> int:
    """How many different persons must approve it."""
    return 2 if _TWO_PERSONS & set(guard.why) else 1


def approved(guard: Guard, plan: str, by: str, at: datetime) -> Guard:
    """With one approval more; passed once there are enough."""
    return _passed_if_enough(guard.model_copy(update={"approvals": (*guard.approvals, Approval(plan=plan, by=by, at=at))}))


def _passed_if_enough(guard: Guard) -> Guard:
    persons = {one.by for one in guard.approvals if one.plan == guard.plan}
    enough = guard.state == "asked" and len(persons) >= persons_needed(guard)
    return guard.model_copy(update={"state": "passed"}) if enough else guard


def unplanned(case: Case) -> Case:
    """The case as before its plan, which is made anew."""
    anew = Guard(crowded=case.guard is not None and case.guard.crowded)
    processors = tuple(p.model_copy(update={"plan": None}) for p in case.processors)
    return case.model_copy(update={"guard": anew, "processors": processors})
