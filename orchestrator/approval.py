"""A plan that was or is to be approved, as commands, pages and the API show it. No personal data is in it."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from orchestrator.case import Case
from orchestrator.guards import persons_needed


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class PlannedLine(_View):
    """What would become of so many records. `open`: of how many something is still to be settled with the person."""

    processor: str
    kind: str
    outcome: str
    count: int
    open: int


class Unplanned(_View):
    """A processor that could not say what it would do, or has nothing to destroy, and why."""

    processor: str
    reason: str | None


class Approvable(_View):
    """`waits`: for an approval, now. `why` it was asked for; `plan`: the digest that an approval names; `approved_at`: one each."""

    waits: bool
    why: tuple[str, ...]
    plan: str
    persons_needed: int
    approved_at: tuple[datetime, ...]
    lines: tuple[PlannedLine, ...]
    unplanned: tuple[Unplanned, ...]


def of(case: Case) -> Approvable | None:
    """The plan of a case whose guard asked for an approval; None of every other."""
    guard = case.guard
    if guard is None or not guard.why:
        return None
    return Approvable(
        waits=case.unapproved,
        why=guard.why,
        plan=guard.plan,
        persons_needed=persons_needed(guard),
        approved_at=tuple(one.at for one in guard.approvals),
        lines=tuple(PlannedLine(processor=p.name, **line.model_dump()) for p in case.processors if p.plan for line in p.plan.lines),
        unplanned=tuple(
            Unplanned(processor=p.name, reason=p.plan.reason if p.plan else None)
            for p in case.processors
            if p.plan is None or p.plan.answer
        ),
    )
