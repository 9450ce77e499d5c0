"""A case and all around it: vendors that hold records, workers that die, a network that repeats, loses and reorders, and time.

A world is frozen; `moves` lists what can happen next, and `after` makes the next world of one of them. Everything bad costs
budget, so that what can happen is finite; what is good (work, delivery) costs nothing.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from orchestrator.case import Case, CertificateRef
from orchestrator.certificate import Certificate, Controller, Facts, Register, canonical, certify
from orchestrator.messages import Certify, Effect, Message, Order, Reported, Requested, RequestedAgain, Retried, TimePassed
from orchestrator.payload import NOTHING_BEFORE, fingerprint
from tests.orchestrator.decide_cases import HOLD, OPENED, POLICY, answered, digest, line, located, opened, sealed
from topics.commands import Command
from topics.outcomes import Evidence, Outcome
from topics.reports import Answered, Located, RecordOutcome

Decide = Callable[[Case | None, Message, Any], tuple[Case, tuple[Effect, ...]]]
Move = tuple[str, int, Any]
"""What happens, at which processor (-1: at none), and with what."""

HELD = "y"
"""The record that the law keeps; every other one is to be erased."""
SHORTER = HOLD.model_copy(update={"until": date(2030, 12, 31)})
FAULTS = ("stubborn", "down", "asks to wait", "says later", "does not look again", "shortens the hold", "needs a person")


class Budget(NamedTuple):
    """How often each bad thing may happen in one history."""

    duplicates: int = 0
    losses: int = 0
    crashes: int = 0
    faults: int = 0
    restarts: int = 0
    waits: int = 0
    retries: int = 0
    requests: int = 0
    blind: int = 0

    def less(self, what: str) -> "Budget":
        """One of them spent."""
        return self._replace(**{what: getattr(self, what) - 1})


class Run(NamedTuple):
    """A worker with a command in hand: it has looked, and told what it found; it has not yet acted."""

    round: int
    known: frozenset[str]
    found: frozenset[str]


class Site(NamedTuple):
    """One processor: what its vendor holds, its commands, the workers on them, and the reports on their way.

    `told` and `heard` are kept for the invariants: every record that the orchestrator was told of, and the newest round
    whose answer it was told; `ordered` is the newest round that it ordered.
    """

    there: frozenset[str]
    commands: frozenset[tuple[int, frozenset[str]]] = frozenset()
    runs: tuple[Run, ...] = ()
    reports: tuple[Located | Answered, ...] = ()
    told: frozenset[str] = frozenset()
    ordered: int = 0
    heard: int = 0


class World(NamedTuple):
    """Everything. `resent` is what a restarted orchestrator would send once more: the orders of its last word."""

    case: Case
    now: datetime
    sites: tuple[Site, ...]
    budget: Budget
    resent: tuple[Command, ...] = ()
    certificates: tuple[Certificate, ...] = ()

    def key(self) -> Any:
        """The same for two worlds that differ only in the names of their processors, or in what can never matter again."""
        case = self.case
        last = {entry.name: entry for entry in self.certificates[-1].processors} if self.certificates else {}
        parts = []
        for site, known in zip(self.sites, case.processors, strict=True):
            runs = frozenset((run.round, run.known, run.found) for run in site.runs)
            certified = last.get(known.name)
            said = certified and (certified.outcome, certified.reason, frozenset(map(_line_key, certified.records)))
            reports = tuple(sorted(map(_report_key, site.reports)))
            again = tuple(sorted(c.round for c in self.resent if c.processor == known.name)) if self.budget.restarts else ()
            parts.append(
                hash((site.there, site.commands, runs, reports, site.told, site.ordered, site.heard, again, said, _known_key(known)))
            )
        whole = (self.now, self.budget, case.state, case.wake_at, case.settled_at, case.received_at, len(self.certificates))
        return hash((whole, tuple(sorted(parts))))


def _line_key(line: Any) -> Any:
    return (line.kind, line.outcome, line.count, line.evidence, line.hold and line.hold.until, line.until)


@cache
def _report_key(report: Located | Answered) -> str:
    return report.model_dump_json(exclude={"command_id", "processor"}).replace(f".{report.processor}-", ".-")


def _known_key(p: Any) -> Any:
    records = frozenset((d, r.outcome, r.evidence, r.hold and r.hold.until, r.until) for d, r in p.records.items())
    return (p.round, p.in_flight, p.ordered_at, p.answered_at, p.answer, p.again_at, records, len(p.known), p.told)


@dataclass(frozen=True)
class Step:
    """One word to the orchestrator, and what came of it. `decide`: who decided."""

    before: World | None
    message: Message
    after: World
    effects: tuple[Effect, ...]
    issued: tuple[Certificate, ...]
    decide: Decide


def start(processors: int, budget: Budget, records: str, decide: Decide) -> tuple[World, Step]:
    """A case that has just been opened; each vendor holds those records."""
    names = "abc"[:processors]
    case = opened(*names)
    empty = World(case, OPENED, tuple(Site(frozenset(records)) for _ in names), budget)
    return _say(None, empty, Requested(case, OPENED), decide)


def moves(world: World, bad: bool = True) -> Iterator[Move]:
    """Everything that can happen next; without `bad`, only what is good, and time."""
    left = world.budget if bad else Budget()
    for at, site in enumerate(world.sites):
        yield from _of_runs(at, site, left)
        yield from _of_commands(at, site, left)
        yield from _of_reports(at, site, left)
    if left.restarts and world.resent:
        yield ("restart", -1, None)
    if wakes(world) and (left.waits or not bad):
        yield ("wait", -1, None)
    if left.retries and not world.case.all_answered | (world.case.state == "closed"):
        yield ("retry", -1, None)
    if left.requests:
        yield ("ask again", -1, None)


def _of_runs(at: int, site: Site, left: Budget) -> Iterator[Move]:
    for number, run in enumerate(site.runs):
        yield ("finish", at, (number, "well"))
        if left.crashes:
            yield ("die before acting", at, number)
            yield ("die after acting", at, number)
        if left.faults:
            yield from (("finish", at, (number, fault)) for fault in FAULTS if _matters(fault, site, run))


def _of_commands(at: int, site: Site, left: Budget) -> Iterator[Move]:
    idle = not site.runs
    for command in sorted(site.commands, key=lambda one: (one[0], sorted(one[1]))):  # the same order in every process
        if idle or (left.crashes and len(site.runs) < 2):
            yield ("work", at, (command, True))
            if left.blind and site.there:
                yield ("work", at, (command, False))
        if left.losses and idle:
            yield ("lose the command", at, command)


def _of_reports(at: int, site: Site, left: Budget) -> Iterator[Move]:
    for report in dict.fromkeys(site.reports):
        yield ("deliver", at, report)
        if left.duplicates:
            yield ("deliver twice", at, report)
        if left.losses and isinstance(report, Answered):
            yield ("lose", at, report)


def wakes(world: World) -> bool:
    """Whether time alone will change something before the first hold ends: beyond that the model does not go."""
    return world.case.wake_at is not None and world.case.wake_at.date() <= SHORTER.until


def _matters(fault: str, site: Site, run: Run) -> bool:
    """Whether a fault shows on this run at all."""
    acted = run.found | (run.known & site.there)
    if fault == "shortens the hold":
        return HELD in acted
    if fault == "stubborn":
        return bool(acted)
    return fault in ("down", "asks to wait", "needs a person") or bool(acted - {HELD})


def after(world: World, move: Move, decide: Decide) -> tuple[World, Step | None]:
    """The world after a move; the step, if something was said to the orchestrator."""
    what, at, more = move
    match what:
        case "wait":
            assert world.case.wake_at is not None
            now = max(world.now, world.case.wake_at)
            return _say(world, world._replace(now=now, budget=world.budget.less("waits")), TimePassed(now), decide)
        case "retry":
            return _say(world, world._replace(budget=world.budget.less("retries")), Retried(None, world.now), decide)
        case "ask again":
            again = RequestedAgain(OPENED - timedelta(hours=3), world.now)
            return _say(world, world._replace(budget=world.budget.less("requests")), again, decide)
        case "restart":
            reread = Case.model_validate_json(world.case.model_dump_json())  # what a ledger keeps is all that is known
            sent = world._replace(case=reread, budget=world.budget.less("restarts"))
            return _ordered(sent, world.resent), None
    site = world.sites[at]
    match what:
        case "deliver" | "deliver twice":
            twice = what == "deliver twice"
            reports = site.reports if twice else _without(site.reports, more)
            heard = max(site.heard, more.round) if isinstance(more, Answered) else site.heard
            told = site.told | {record.digest[0] for record in more.records}
            budget = world.budget.less("duplicates") if twice else world.budget
            there = _at(world._replace(budget=budget), at, site._replace(reports=reports, heard=heard, told=told))
            return _say(world, there, Reported(more, world.now), decide)
        case "lose":
            return _at(_less(world, "losses"), at, site._replace(reports=_without(site.reports, more))), None
        case "lose the command":
            return _at(_less(world, "losses"), at, site._replace(commands=site.commands - {more})), None
        case "work":
            return _work(world, at, *more), None
        case "die before acting":
            return _at(_less(world, "crashes"), at, site._replace(runs=_drop(site.runs, more))), None
        case "die after acting":
            run = site.runs[more]
            there = site.there - ((run.found | run.known) - {HELD})
            return _at(_less(world, "crashes"), at, site._replace(runs=_drop(site.runs, more), there=there)), None
        case "finish":
            return _finish(world, at, *more), None
    raise AssertionError(what)


def _less(world: World, what: str) -> World:
    return world._replace(budget=world.budget.less(what))


def _at(world: World, at: int, site: Site) -> World:
    return world._replace(sites=(*world.sites[:at], site, *world.sites[at + 1 :]))


def _without(reports: tuple[Located | Answered, ...], one: Located | Answered) -> tuple[Located | Answered, ...]:
    at = reports.index(one)
    return reports[:at] + reports[at + 1 :]


def _drop(runs: tuple[Run, ...], number: int) -> tuple[Run, ...]:
    return runs[:number] + runs[number + 1 :]


def _work(world: World, at: int, command: tuple[int, frozenset[str]], sees: bool) -> World:
    """A worker takes a command, looks, and writes ahead what was not known; a blind search shows nothing."""
    site, (round, known) = world.sites[at], command
    if site.runs:
        world = _less(world, "crashes")  # two workers on one processor: the first was thought dead
    if not sees:
        world = _less(world, "blind")
    found = site.there if sees else frozenset[str]()
    new = found - known
    reports = (*site.reports, _located(_name(at), round, new, world.budget.crashes)) if new else site.reports
    return _at(world, at, site._replace(reports=reports, runs=(*site.runs, Run(round, known, found))))


def _finish(world: World, at: int, number: int, how: str) -> World:
    """The worker acts, looks again by reference and by search, and answers as a real one does."""
    site = world.sites[at]
    run = site.runs[number]
    if how != "well":
        world = _less(world, "faults")
    acted = run.found | run.known
    idle = how in ("stubborn", "down", "asks to wait", "says later", "does not look again", "needs a person")
    there = site.there if idle else site.there - (acted - {HELD})
    answer = _answer(_name(at), run.round, acted, site.there, how, world.now)
    commands = frozenset(command for command in site.commands if command[0] != run.round)
    return _at(world, at, site._replace(there=there, commands=commands, runs=_drop(site.runs, number), reports=(*site.reports, answer)))


@cache
def _answer(name: str, round: int, acted: frozenset[str], there: frozenset[str], how: str, now: datetime) -> Answered:
    if how == "down":
        return answered(name, round=round, outcome=Outcome.FAILED)
    if how == "asks to wait":
        return answered(name, round=round, outcome=Outcome.DEFERRED, again_at=now + timedelta(days=2))
    lines = [_line_of(record, record in there, how, now) for record in sorted(acted)]
    return answered(name, *lines, round=round)


def _line_of(record: str, there: bool, how: str, now: datetime) -> RecordOutcome:
    if record == HELD and how == "stubborn":
        return line(record, Outcome.FAILED, kind="invoice")
    if record == HELD:
        return line(record, Outcome.HELD, kind="invoice", hold=SHORTER if how == "shortens the hold" else HOLD)
    if there and how == "does not look again":
        return line(record, Outcome.ERASED, evidence=Evidence.EXECUTED)
    if there and how == "stubborn":
        return line(record, Outcome.FAILED)
    if there and how == "needs a person":
        return line(record, Outcome.NEEDS_PERSON)
    if there and how == "says later":
        return line(record, Outcome.ACCEPTED, evidence=Evidence.ACCEPTED, until=(now + timedelta(days=3)).date())
    return line(record, Outcome.ERASED)


@cache
def _located(name: str, round: int, records: frozenset[str], life: int) -> Located:
    """`life` tells the reports of two workers apart, which seal the same records under other tokens."""
    found = located(name, *sorted(records), round=round)
    kinds = tuple(r.model_copy(update={"kind": "invoice" if r.digest == digest(HELD) else "contact"}) for r in found.records)
    return found.model_copy(update={"records": kinds, "sealed": sealed(f"{name}-{round}_{life}-" + "-".join(sorted(records)))})


def _name(at: int) -> str:
    return "abc"[at]


def _say(before: World | None, world: World, message: Message, decide: Decide) -> tuple[World, Step]:
    """A word to the orchestrator: what it decides is certified and sent."""
    case, effects = decide(None if before is None else world.case, message, POLICY)
    issued = []
    for effect in effects:
        if isinstance(effect, Certify):
            case, certificate = _certified(world, case, effect, len(issued))
            issued.append(certificate)
    orders = tuple(effect.command for effect in effects if isinstance(effect, Order))
    said = world._replace(case=case, resent=orders or world.resent, certificates=(*world.certificates, *issued))
    new = _ordered(said, orders)
    return new, Step(before, message, new, effects, tuple(issued), decide)


def _certified(world: World, case: Case, effect: Certify, more: int) -> tuple[Case, Certificate]:
    """What the registrar does, without the signature: the bytes' own hash stands for the token's."""
    revision = len(world.certificates) + more + 1
    last = case.certificates[-1] if case.certificates else None
    facts = Facts(
        certificate_id=UUID(int=revision),
        issued_at=world.now,
        controller=Controller(name="Voorbeeld BV", contact="privacy@voorbeeld.example"),
        zone=POLICY.zone.key,
        revision=last.revision + 1 if last else 1,
        supersedes=last.sha256 if last else None,
        place=Register(index=revision, previous=last.sha256 if last else NOTHING_BEFORE),
        intake_retained_until=(world.case.opened_at + timedelta(days=8)).date(),
    )
    certificate = certify(case, facts)
    ref = CertificateRef(
        certificate_id=facts.certificate_id,
        revision=facts.revision,
        sha256=fingerprint(canonical(certificate).decode()),
        claims=effect.claims,
        status=certificate.status,
        issued_at=world.now,
    )
    return case.with_certificate(ref), certificate


def _ordered(world: World, orders: tuple[Command, ...]) -> World:
    """The commands stand on their topics. What they carry sealed is read as a worker would."""
    for command in orders:
        at = "abc".index(command.processor)
        site = world.sites[at]
        known = frozenset(name for token in command.known for name in _opened(token))
        commands = site.commands | {(command.round, known)}
        world = _at(world, at, site._replace(commands=commands, ordered=max(site.ordered, command.round)))
    return world


@cache
def _opened(token: str) -> frozenset[str]:
    return frozenset(token.split(".")[3].split("-")[2:])
