"""One soak from its seed to its table: load and faults, then peace, then judgement."""

import asyncio
import logging
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

from rich.table import Table

from tests.soak.company import Backend, Broker, Company, Ledger
from tests.soak.judge import Judged, chain, judge, revisions
from tests.soak.plan import MESSAGES, PROCESSES, Asked, Fault, Plan, plan

_MOST_OPEN = 150
_RECOVERY_BOUND_SECONDS = 180.0
_PEACE_BOUND_SECONDS = 300.0
"""Without one more complete certificate for so long, what is left is lost."""
_SEEDED_AT_ONCE = 2_000


@dataclass(frozen=True)
class Asking:
    """What to run."""

    cases: int
    faults: int
    seed: int
    broker: Broker = "kafka"
    ledger: Ledger = "postgres"

    @property
    def processes(self) -> tuple[str, ...]:
        """The faults of processes and servers that these servers can have."""
        kinds = PROCESSES if self.broker == "kafka" else tuple(kind for kind in PROCESSES if not kind.startswith("broker"))
        return kinds if self.ledger == "postgres" else tuple(kind for kind in kinds if not kind.startswith("database"))


@dataclass
class Outcome:
    """What came of it."""

    asking: Asking
    judged: Judged = field(default_factory=Judged)
    injected: Counter[str] = field(default_factory=Counter)
    recovered: list[float] = field(default_factory=list)
    restarted: int = 0
    revisions: int = 0
    letters: int = 0
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        return not self.judged.wrong and not self.judged.lost

    def table(self) -> Table:
        asking = self.asking
        table = Table(title=f"soak: seed {asking.seed}, {asking.broker}, {asking.ledger}, {self.seconds:.0f} s", show_header=False)
        table.add_row("cases", str(asking.cases))
        table.add_row("faults injected", str(self.injected.total()), style="bold")
        for kind, count in sorted(self.injected.items(), key=lambda pair: -pair[1]):
            table.add_row(f"  {kind}", str(count))
        table.add_row("parts that ended by themselves, started again", str(self.restarted))
        table.add_row("certificates compared with vendor state", str(self.judged.compared))
        table.add_row("dead letters", str(self.letters))
        table.add_row("wrong", str(len(self.judged.wrong)), style="bold")
        table.add_row("lost", str(len(self.judged.lost)), style="bold")
        table.add_row("recovery seconds p50", f"{median(self.recovered):.1f}" if self.recovered else "-")
        worst = quantiles(self.recovered, n=100, method="inclusive")[98] if len(self.recovered) > 1 else max(self.recovered, default=0)
        table.add_row("recovery seconds p99", f"{worst:.1f}")
        return table


def run(asking: Asking, tell: bool = True) -> Outcome:
    """One soak. Its files are removed; what it found is in the outcome."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # brokers that come and go are the point here
    made = plan(asking.cases, asking.faults, asking.seed, asking.processes)
    outcome, started = Outcome(asking), time.monotonic()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="erasure-soak-")))
        company = Company.start(folder, stack, asking.broker, asking.ledger)
        asyncio.run(_soak(company, made, outcome, tell))
        outcome.restarted = len(company.ended)
    outcome.seconds = time.monotonic() - started
    return outcome


async def _soak(company: Company, made: Plan, outcome: Outcome, tell: bool) -> None:
    async with Backend(company) as backend:
        for first in range(0, len(made.rows), _SEEDED_AT_ONCE):
            await backend.steer("seed", made.rows[first : first + _SEEDED_AT_ONCE])
        watching = asyncio.create_task(company.watch())
        try:
            await _load(company, backend, made, outcome, tell)
            await backend.steer("heal")
            await _peace(backend, made.asked, tell)
        finally:
            watching.cancel()
        await _judge(backend, made.asked, outcome)


async def _load(company: Company, backend: Backend, made: Plan, outcome: Outcome, tell: bool) -> None:
    """Every request in turn, each fault before its case; never more than so many cases open."""
    faults = list(made.faults)
    broken: list[tuple[float, int]] = []  # when, and the first case that was asked after it
    for asked in made.asked:
        await backend.until(lambda n=asked.number: n - len(backend.complete) < _MOST_OPEN, _RECOVERY_BOUND_SECONDS)  # type: ignore[misc]
        while faults and faults[0].before <= asked.number:
            fault = faults.pop(0)
            if fault.kind in PROCESSES:
                broken.append((time.monotonic(), asked.number))
                await company.suffer(fault.kind)
                outcome.injected[fault.kind] += 1
            else:
                await _minor(backend, fault, made.asked[max(0, asked.number - 1)], outcome)
        await backend.ask(asked)
        if (broken and asked.number >= broken[-1][1] + 5) or asked is made.asked[-1]:
            await _recovered(backend, made, broken, outcome)
        if tell and asked.number % 100 == 99:
            print(
                f"asked {asked.number + 1}, complete {len(backend.complete)}, faults {outcome.injected.total()} and the vendors'",
                flush=True,
            )


async def _recovered(backend: Backend, made: Plan, broken: list[tuple[float, int]], outcome: Outcome) -> None:
    """Wait until one of the cases that were asked after the last break has a certificate."""
    while broken:
        moment, first = broken.pop()
        after = [asked.request_id for asked in made.asked[first : first + 6]]
        await backend.until(lambda after=after: any(one in backend.first_at for one in after), _RECOVERY_BOUND_SECONDS)  # type: ignore[misc]
        came = [backend.first_at[one] for one in after if one in backend.first_at]
        outcome.recovered.append((min(came) if came else time.monotonic()) - moment)


async def _minor(backend: Backend, fault: Fault, before: Asked, outcome: Outcome) -> None:
    """A fault of a vendor, counted when it is served; or a message that repeats, or that nobody can read."""
    if fault.kind not in MESSAGES:
        await backend.steer("fault", [fault.at, fault.kind])
        return
    outcome.injected[fault.kind] += 1
    event = f"{fault.kind} {fault.before}"
    match fault.kind:
        case "the same event again":
            await backend.ask(before)
        case "the same request as another event":
            await backend.ask(before, event=f"again-{outcome.injected.total()}")
        case "poison among requests":
            await backend.put("subject.requests", b"\xff no json", before.request_id, "subject.erase", event)
        case "poison among reports":
            await backend.put("processor.reports", b'{"records": 1}', before.request_id, "processor.answered", event)
        case "poison among commands":
            await backend.put(f"processor.commands.{fault.at}", b"{}", before.request_id, "processor.command", event)


async def _peace(backend: Backend, asked: tuple[Asked, ...], tell: bool) -> None:
    """All faults are over: wait until every case is complete, or nothing moves any more."""
    while len(backend.complete) < len(asked):
        before = len(backend.complete)
        if not await backend.until(lambda before=before: len(backend.complete) != before, _PEACE_BOUND_SECONDS):  # type: ignore[misc]
            return
        if tell and len(backend.complete) % 50 == 0:
            print(f"complete {len(backend.complete)} of {len(asked)}", flush=True)


async def _judge(backend: Backend, asked: tuple[Asked, ...], outcome: Outcome) -> None:
    state = await backend.steer("state")
    outcome.injected.update(state["served"])
    opened = backend.opened()
    outcome.judged = judge(asked, {request: [one for one, _ in found] for request, found in opened.items()}, state["rows"])
    everyone = [pair for found in opened.values() for pair in found]
    outcome.judged.wrong += chain([one for one, _ in everyone], [hash for _, hash in everyone])
    for found in opened.values():
        outcome.judged.wrong += revisions([one for one, _ in found], [hash for _, hash in found])
    outcome.revisions, outcome.letters = len(everyone), backend.letters
