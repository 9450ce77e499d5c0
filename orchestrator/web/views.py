"""What the pages and the API show, read out of the ledger. No personal data is in it."""

import hashlib
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, func, select

from orchestrator import approval
from orchestrator.approval import Approvable
from orchestrator.case import Case, ProcessorState
from orchestrator.certificate import entries
from orchestrator.clock import Clock
from orchestrator.ledger import Transaction
from orchestrator.payload import ProcessorEntry
from orchestrator.shredding import unaskable
from orchestrator.tables import cases, holds
from orchestrator.waiting import Waits, waiting, work
from orchestrator.web.dates import Dates, dates_of

MOST_OPEN = 200
_MOST_HOLDS = 500
_MOST_WAITING = 1_000
_SOON = timedelta(days=30)

Which = Literal["open", "overdue", "waiting"]


class View(BaseModel):
    """What is shown; frozen."""

    model_config = ConfigDict(frozen=True)


class OpenCase(View):
    """An open case in the overview. `waiting`: what the officer must do; `days_left` is negative when it is late, null while paused."""

    request_id: UUID
    right: str
    mode: str
    received_on: date
    due_by: date
    days_left: int | None
    status: str | None
    answered: int
    expected: int
    waiting: tuple[Waits, ...]


class CasePage(View):
    """Some open cases, the most urgent first. `number`: of all that are asked for; `next`: the number of the next page."""

    today: date
    number: int
    cases: tuple[OpenCase, ...]
    next: int | None


class Hold(View):
    """Records of one kind at one processor that are kept until the end of a day."""

    request_id: UUID
    processor: str
    kind: str
    count: int
    statute: str | None
    exception: str | None
    bound_to: str | None
    until: date


class Overview(View):
    """What an officer looks at first. `open_cases`: the most urgent; `waiting`: the first thousand. The numbers are of all."""

    today: date
    open: int
    overdue: int
    waits: int
    open_cases: tuple[OpenCase, ...]
    waiting: tuple[OpenCase, ...]
    holds_ending: tuple[Hold, ...]


class Task(View):
    """Work that a person does at a processor, with proof."""

    request_id: UUID
    processor: str
    instructions: str
    due_by: date


class Line(View):
    """Records of a kind that fared alike."""

    kind: str
    outcome: str
    count: int
    evidence: str | None
    reason: str | None
    statute: str | None
    exception: str | None
    bound_to: str | None
    until: date | None


class ProcessorView(View):
    """One processor of a case: from the order to the evidence. `standing`: its outcome, or `ordered` or `located` while under way."""

    name: str
    connector: str
    kind: str
    standing: str
    ordered_at: datetime | None
    answered_at: datetime | None
    reason: str | None
    records: tuple[Line, ...]


class IssuedView(View):
    """A certificate that was issued."""

    certificate_id: UUID
    revision: int
    status: str
    issued_at: datetime
    sha256: str


class ClaimView(View):
    """A legal claim that an officer placed, also where nothing was found yet; null: at all processors, of every kind."""

    processor: str | None
    kind: str | None
    until: date
    reason: str


class CaseView(Dates):
    """A case as its page shows it. `version` changes whenever anything of it does.

    `askable`: whether anything can still be ordered at a processor.
    """

    request_id: UUID
    right: str
    ground: str | None
    mode: str
    state: str
    status: str | None
    received_at: datetime
    days_left: int | None
    waits: str | None
    decision: str | None
    decision_reason: str | None
    waiting: tuple[Waits, ...]
    processors: tuple[ProcessorView, ...]
    claims: tuple[ClaimView, ...]
    certificates: tuple[IssuedView, ...]
    tasks: tuple[Task, ...]
    approval: Approvable | None
    askable: bool
    key_until: date | None
    shredded_at: datetime | None
    version: str


_OPEN = cases.c.state == "open"


def overview(transaction: Transaction, now: datetime, zone: ZoneInfo, most: int = MOST_OPEN) -> Overview:
    """The open cases, the most urgent first, and the holds that end within thirty days."""
    today = now.astimezone(zone).date()
    return Overview(
        today=today,
        open=_number(transaction, _OPEN),
        overdue=_number(transaction, *_which("overdue", today)),
        waits=_number(transaction, *_which("waiting", today)),
        open_cases=tuple(_open_case(case, today, zone) for case in _most_urgent(transaction, most, _OPEN)),
        waiting=tuple(_open_case(case, today, zone) for case in _most_urgent(transaction, _MOST_WAITING, *_which("waiting", today))),
        holds_ending=held(transaction, today + _SOON),
    )


def some_cases(transaction: Transaction, now: datetime, zone: ZoneInfo, which: Which, page: int, size: int) -> CasePage:
    """A page of the open cases, or of those that are overdue or wait for the officer, the most urgent first."""
    today, after = now.astimezone(zone).date(), (page - 1) * size
    conditions = _which(which, today)
    number = _number(transaction, *conditions)
    found = tuple(_open_case(case, today, zone) for case in _most_urgent(transaction, size, *conditions, after=after))
    return CasePage(today=today, number=number, cases=found, next=page + 1 if after + size < number else None)


def _which(which: Which, today: date) -> tuple[ColumnElement[bool], ...]:
    match which:
        case "open":
            return (_OPEN,)
        case "overdue":
            return _OPEN, cases.c.due_by < today
        case "waiting":
            return (cases.c.waits.is_not(None),)


def _number(transaction: Transaction, *conditions: ColumnElement[bool]) -> int:
    return transaction.connection.scalar(select(func.count()).select_from(cases).where(*conditions)) or 0


def _most_urgent(transaction: Transaction, most: int, *conditions: ColumnElement[bool], after: int = 0) -> Iterator[Case]:
    query = (
        select(cases.c.body).where(*conditions).order_by(cases.c.due_by, cases.c.received_at, cases.c.request_id).offset(after).limit(most)
    )
    yield from map(Case.model_validate_json, transaction.connection.scalars(query))


def held(transaction: Transaction, until: date | None = None) -> tuple[Hold, ...]:
    """What is kept, the soonest to end first: until that day, or all (the first 500)."""
    same = [holds.c[name] for name in ("request_id", "processor", "kind", "statute", "exception", "bound_to", "until")]
    query = select(*same, func.count().label("count")).group_by(*same).order_by(holds.c.until).limit(_MOST_HOLDS)
    query = query if until is None else query.where(holds.c.until <= until)
    return tuple(Hold.model_validate(dict(row._mapping)) for row in transaction.connection.execute(query))


def tasks(transaction: Transaction) -> tuple[Task, ...]:
    """What waits for a person, the most urgent first (of a thousand cases)."""
    work = (cases.c.waits.is_not(None), cases.c.waits.contains(Waits.TASK.value))
    return tuple(task for case in _most_urgent(transaction, _MOST_WAITING, *work) for task in tasks_of(case))


def tasks_of(case: Case) -> tuple[Task, ...]:
    """What waits for a person at a case."""
    return tuple(Task(request_id=case.request_id, processor=p.name, instructions=p.reason or "", due_by=case.due_by) for p in work(case))


def _open_case(case: Case, today: date, zone: ZoneInfo) -> OpenCase:
    return OpenCase(
        request_id=case.request_id,
        right=case.right.value,
        mode=case.mode,
        received_on=case.received_at.astimezone(zone).date(),
        due_by=case.due_by,
        days_left=_days_left(case, today, zone),
        status=_status(case),
        answered=sum(p.answered_at is not None and not p.awaited for p in case.processors),
        expected=len(case.processors),
        waiting=waiting(case),
    )


def case_view(case: Case, now: datetime, clock: Clock) -> CaseView:
    """A case in full."""
    decision, zone = case.decision, clock.zone
    today = now.astimezone(zone).date()
    return CaseView(
        **dict(dates_of(case, clock, today)),
        request_id=case.request_id,
        right=case.right.value,
        ground=case.ground,
        mode=case.mode,
        state=case.state,
        status=_status(case),
        received_at=case.received_at.astimezone(zone),
        days_left=_days_left(case, today, zone),
        waits=case.block.reason if case.block else None,
        decision=decision.decision if decision else None,
        decision_reason=decision.reason if decision else None,
        waiting=waiting(case),
        processors=tuple(_processor(state, entry, zone) for state, entry in zip(case.processors, entries(case), strict=True)),
        claims=tuple(
            ClaimView(processor=placed.processor, **placed.claim.model_dump(include={"kind", "until", "reason"})) for placed in case.claims
        ),
        certificates=tuple(
            IssuedView(**one.model_dump(include={"certificate_id", "revision", "sha256"}), status=one.status.value, issued_at=one.issued_at)
            for one in case.certificates
        ),
        tasks=tasks_of(case),
        approval=approval.of(case),
        askable=not all(unaskable(case, processor) for processor in case.processors),
        key_until=case.key_until(zone),
        shredded_at=case.shredded_at,
        version=version_of(case),
    )


def version_of(case: Case) -> str:
    """What changes whenever anything of the case does."""
    return hashlib.sha256(case.model_dump_json().encode()).hexdigest()[:16]


def _days_left(case: Case, today: date, zone: ZoneInfo) -> int | None:
    return None if case.state == "closed" or case.stands_still(zone) else (case.due_by - today).days


def _status(case: Case) -> str | None:
    return case.certificates[-1].status.value if case.certificates else None


def _processor(state: ProcessorState, entry: ProcessorEntry, zone: ZoneInfo) -> ProcessorView:
    return ProcessorView(
        name=state.name,
        connector=state.connector,
        kind=state.kind,
        standing=("located" if state.records else "ordered") if state.awaited else entry.outcome.value,
        ordered_at=_local(state.ordered_at, zone),
        answered_at=_local(state.answered_at, zone),
        reason=entry.reason,
        records=() if state.answered_at is None else lines(entry),
    )


def _local(moment: datetime | None, zone: ZoneInfo) -> datetime | None:
    return None if moment is None else moment.astimezone(zone)


def lines(entry: ProcessorEntry) -> tuple[Line, ...]:
    """The lines of a processor as they stand on a certificate."""
    return tuple(
        Line(
            kind=line.kind,
            outcome=line.outcome.value,
            count=line.count,
            evidence=line.evidence.value if line.evidence else None,
            reason=line.reason or (line.hold.reason if line.hold else None),
            statute=line.hold.statute if line.hold else None,
            exception=line.hold.exception if line.hold else None,
            bound_to=line.bound_to,
            until=line.hold.until if line.hold else line.until,
        )
        for line in entry.records
    )
