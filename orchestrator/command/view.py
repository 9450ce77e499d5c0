"""Where a case stands, for programs and for people. Reads a case and nothing else; no personal data is in it."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from orchestrator.case import SETTLED, Case, ProcessorState, Status
from orchestrator.certificate import entries
from orchestrator.clock import Clock
from orchestrator.in_time import is_answered
from orchestrator.waiting import waits_for_a_word


def as_json(case: Case, clock: Clock, today: date) -> dict[str, Any]:
    """The stable form of `erasure status --json` (contract.md, "Commands")."""
    zone = clock.zone
    return {
        "request_id": str(case.request_id),
        "right": case.right.value,
        "state": case.state,
        "status": status(case),
        "received_at": case.received_at.astimezone(zone).isoformat(),
        "due_by": case.due_by.isoformat(),
        "processors": [{"name": name, "outcome": outcome} for name, outcome in standing(case)],
        "certificates": [one.model_dump(mode="json", include={"certificate_id", "revision", "sha256"}) for one in case.certificates],
        "plan": plan(case, zone),
        **_dates(case, clock, today),
        **({"decision_needed": True} if waits_for_a_word(case) else {}),
        **({"approval_needed": True} if case.unapproved else {}),
        **({"shredded_at": case.shredded_at.astimezone(zone).isoformat(), "late": case.late} if case.shredded_at else {}),
    }


def _dates(case: Case, clock: Clock, today: date) -> dict[str, Any]:
    """Where the clock stands (null: it is answered), and what its dates follow from."""
    extension, pause = case.extension, case.pauses[-1] if case.paused else None
    told = None if extension is None else extension.told_at.astimezone(clock.zone).isoformat()
    return {
        "clock": None if is_answered(case, clock.zone, today) else clock.state(today).value,
        "promised_by": _iso(case.promised_by),
        "refuse_by": _iso(case.refuse_by),
        "pause": pause and {"ground": pause.ground, "since": pause.began.astimezone(clock.zone).isoformat()},
        "extension": extension and {"until": case.due_by.isoformat(), "reason": extension.reason, "told_at": told},
    }


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def status(case: Case) -> str | None:
    """What the newest certificate says; None before the first."""
    return case.certificates[-1].status.value if case.certificates else None


def standing(case: Case) -> list[tuple[str, str]]:
    """Each processor with its outcome, or with how far it is while a command is out."""
    return [(state.name, _standing(state, entry.outcome.value)) for state, entry in zip(case.processors, entries(case), strict=True)]


def _standing(state: ProcessorState, outcome: str) -> str:
    if not state.awaited:
        return outcome
    return "located" if state.records else "ordered"


def plan(case: Case, zone: ZoneInfo) -> dict[str, Any] | None:
    """What a dry run came to: the processors as on a certificate, with what would become of each record."""
    if case.mode != "dry-run" or not case.all_answered:
        return None
    moments = [None if entry.answered_at is None else entry.answered_at.astimezone(zone) for entry in entries(case)]
    dated = [entry.model_copy(update={"answered_at": moment}) for entry, moment in zip(entries(case), moments, strict=True)]
    return {"processors": [entry.model_dump(mode="json") for entry in dated]}


def ended(case: Case) -> bool:
    """Whether there is an answer: a certificate, or the plan of a dry run. What was ordered again is waited for."""
    if case.mode == "dry-run":
        return case.all_answered
    again = any(p.awaited and p.answered_at is not None for p in case.processors)
    return bool(case.certificates) and not (again and case.certificates[-1].status is Status.PARTIAL)


def as_table(case: Case, clock: Clock, today: date, checklist: Sequence[str] = ()) -> RenderableType:
    """The same for people. `checklist`: what the officer looks at while the identity is in doubt."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("Processor", "Stands at", "Records", "Why"):
        table.add_column(heading)
    for state, (name, outcome) in zip(case.processors, standing(case), strict=True):
        kinds = ", ".join(f"{count} {kind}" for kind, count in _kinds(state))
        table.add_row(*map(Text, (name, outcome.replace("_", " "), kinds, "" if state.awaited else _why(state))))
    return Group(
        *(Text(f"{name:<12}{value}") for name, value in _head(case, clock, today)), table, *_foot(case), *_for_the_officer(case, checklist)
    )


def _why(state: ProcessorState) -> str:
    """The processor's reason, else each one that its records give once, where something is left to do or to know."""
    of_records = (r.reason for r in state.records.values() if r.reason and state.outcome not in SETTLED and r.outcome not in SETTLED)
    return state.reason or " ".join(dict.fromkeys(of_records))


def _kinds(state: ProcessorState) -> list[tuple[str, int]]:
    kinds = [record.kind for record in state.records.values()]
    return [(kind, kinds.count(kind)) for kind in sorted(set(kinds))]


def _head(case: Case, clock: Clock, today: date) -> Iterable[tuple[str, str]]:
    zone = clock.zone
    yield "Request", str(case.request_id)
    yield "Right", case.right.value + (", dry run" if case.mode == "dry-run" else "")
    yield "State", case.state
    yield "Status", (status(case) or ("no certificate yet" if case.mode == "execute" else "a dry run has none")).replace("_", " ")
    yield "Received", f"{case.received_at.astimezone(zone):%Y-%m-%d %H:%M}"
    yield from _last_days(case, clock, today)
    if case.shredded_at is not None:
        late = f"; {case.late} reports came after that, and are only counted" if case.late else ""
        yield "Key", f"destroyed {case.shredded_at.astimezone(zone):%Y-%m-%d %H:%M}{late}"
    elif until := case.key_until(zone):
        yield "Key", f"destroyed at the latest on {until.isoformat()}"
    if case.block is not None:
        yield "Waits", f"{case.block.reason} (request {case.block.by})"
    if case.decision is not None:
        yield "Decision", f"{case.decision.decision}: {case.decision.reason}"


def _last_days(case: Case, clock: Clock, today: date) -> Iterable[tuple[str, str]]:
    answered, still = is_answered(case, clock.zone, today), case.stands_still(clock.zone)
    if not answered:
        yield "Clock", clock.state(today).value.replace("_", " ")
    yield (
        "Due by",
        f"{case.due_by.isoformat()}{' at the earliest: the time stands still' if still else '' if answered else _days(case, today)}",
    )
    if case.promised_by is not None:
        yield (
            "Promised by",
            f"{case.promised_by.isoformat()}{', and that day has PASSED' if not answered and today > case.promised_by else ''}",
        )
    if case.extension is not None:
        yield "Extended", f"until {case.due_by.isoformat()}: {case.extension.reason}"
        if not answered and case.refuse_by is not None:
            yield "Refuse by", f"{case.refuse_by.isoformat()}, extended or not (GDPR art. 12(4))"
    if case.paused:
        yield "Paused", f"since {case.pauses[-1].began.astimezone(clock.zone):%Y-%m-%d}: {case.pauses[-1].ground}"


def _days(case: Case, today: date) -> str:
    left = (case.due_by - today).days
    if left < 0:
        return f", {-left} {_plural(-left)} LATE"
    return ", today is the last day" if left == 0 else f", {left} {_plural(left)} left"


def _plural(days: int) -> str:
    return "day" if days == 1 else "days"


def _foot(case: Case) -> Iterable[Text]:
    for one in case.certificates:
        yield Text(f"Certificate {one.certificate_id}, revision {one.revision}: {one.status.value.replace('_', ' ')}")
    if case.mode == "dry-run" and case.all_answered:
        yield Text("This is a plan: nothing was written anywhere. `erasure status REQUEST --json` shows every line of it.")


def _for_the_officer(case: Case, checklist: Sequence[str]) -> Iterable[Text]:
    if waits_for_a_word(case):
        yield Text(f'It waits for your word: erasure decide {case.request_id} uphold --reason "…", or reject.')
    if case.unapproved:
        yield Text(f"Its plan is to be approved: erasure plan {case.request_id}")
    if case.paused:
        yield from (Text(f"[ ] {item}") for item in checklist)
        yield Text(f"Once it is: erasure resume {case.request_id}")
