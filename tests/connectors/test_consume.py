"""Commands in, answers out: what is committed when, and what becomes of what cannot be read."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest

from connectors.consume import Consumer, Offsets
from connectors.http import Limits
from connectors.testing.harness import START, Time
from connectors.wiring import patience_of
from tests.connectors.shoebox import Shoebox
from topics.bus import BrokerGone, Delivery, Message
from topics.commands import COMMAND_TYPE, Command, command_id
from topics.dead_letters import DeadLetter
from topics.envelope import write
from topics.keyring import Keyring
from topics.memory import MemoryBroker, MemoryInbox
from topics.names import Names, Topic
from topics.parking import ParkedLately
from topics.reports import Answered, Located

COMMANDS, REPORTS, LETTERS = Names().commands("toy"), Names().of(Topic.REPORTS), Names().of(Topic.DEAD_LETTERS)
SEALED = "eyJh..AA.AA.AA"
PLACE = (COMMANDS, 0)


def command(request_id: UUID | None = None, round: int = 1, processor: str = "toy") -> Command:
    case = request_id or uuid4()
    return Command(
        command_id=command_id(case, processor, round),
        request_id=case,
        processor=processor,
        action="erase",
        mode="execute",
        round=round,
        subject=SEALED,
        due_by=date(2026, 12, 21),
    )


def message(given: Command, type: str = COMMAND_TYPE) -> Message:
    return write(COMMANDS, type, "/erasure/orchestrator", given.request_id, given, START)


class GatedWorker:
    """Begins each command and ends it when told to, by its place in the order of arrival; `fault`: raised instead."""

    def __init__(self, *, open: bool = False) -> None:
        self.begun: list[Command] = []
        self.gates: list[asyncio.Event] = []
        self.faults: list[Exception] = []
        self._open = open

    async def carry_out(self, given: Command, report: Callable[[Located], Awaitable[None]]) -> Answered:
        self.begun.append(given)
        gate = asyncio.Event()
        self.gates.append(gate)
        if self.faults:
            raise self.faults.pop(0)
        if not self._open:
            await gate.wait()
        return Answered(command_id=given.command_id, request_id=given.request_id, processor="toy", round=given.round, mode="execute")


@dataclass
class Bench:
    """A consumer on a broker in memory with one partition."""

    worker: GatedWorker = field(default_factory=GatedWorker)
    concurrency: int = 4
    most_parked: int = 100
    broker: MemoryBroker = field(default_factory=lambda: MemoryBroker(partitions=1))
    keyring: Keyring = field(default_factory=lambda: Keyring.open("sqlite://"))
    time: Time = field(default_factory=Time)
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    def send(self, *given: Command) -> None:
        for each in given:
            self.broker.append(message(each))

    @property
    def committed(self) -> int:
        return self.broker.groups["workers"].committed.get(PLACE, 0)

    @property
    def answers(self) -> list[UUID]:
        return [UUID(json.loads(delivery.value or b"")["command_id"]) for delivery in self.broker.messages(REPORTS)]

    @property
    def letters(self) -> list[DeadLetter]:
        return [DeadLetter.model_validate_json(delivery.value or b"") for delivery in self.broker.messages(LETTERS)]

    def consumer(self, kind: type[MemoryInbox] = MemoryInbox) -> Consumer:
        inbox, publisher = self.broker.inbox("workers", COMMANDS), self.broker.publisher()
        inbox.__class__ = kind  # what it does stands in for a broker that is away
        worker: Any = self.worker
        keyring, clock, often = self.keyring, self.time, timedelta(0)
        parked = ParkedLately(self.most_parked)
        return Consumer("toy", worker, inbox, publisher, keyring, Names(), self.concurrency, parked, clock, clock.sleep, often)

    @asynccontextmanager
    async def running(self, kind: type[MemoryInbox] = MemoryInbox) -> AsyncIterator["asyncio.Task[None]"]:
        task = asyncio.create_task(self.consumer(kind).run(self.stop))
        try:
            async with asyncio.timeout(5):  # a run that should have ended fails, and does not hang
                yield task
        finally:
            task.cancel()
            await asyncio.wait({task}, timeout=2)
            task.cancel()  # again, should it wait for what it has in hand
            await asyncio.gather(task, return_exceptions=True)


async def until(true: Callable[[], object]) -> None:
    while not true():
        await asyncio.sleep(0)


async def a_while() -> None:
    """Long enough for whatever would happen by itself."""
    for _ in range(200):
        await asyncio.sleep(0)


async def test_an_answer_is_published_before_its_command_is_committed() -> None:
    bench = Bench(GatedWorker(open=True))
    given = command()
    bench.send(given)
    async with bench.running():
        await until(lambda: bench.committed)
    assert [given.command_id] == bench.answers


async def test_what_ends_out_of_order_is_committed_only_up_to_the_first_that_is_open() -> None:
    bench = Bench()
    bench.send(*(command() for _ in range(3)))
    async with bench.running():
        await until(lambda: len(bench.worker.gates) == 3)
        bench.worker.gates[2].set()
        bench.worker.gates[1].set()
        await until(lambda: len(bench.answers) == 2)
        await a_while()
        assert 0 == bench.committed
        bench.worker.gates[0].set()
        await until(lambda: bench.committed)
        assert 3 == bench.committed


async def test_a_command_that_is_open_while_the_process_dies_comes_again() -> None:
    bench = Bench()
    bench.send(*(command() for _ in range(3)))
    async with bench.running():
        await until(lambda: len(bench.worker.gates) == 3)
        bench.worker.gates[0].set()
        bench.worker.gates[2].set()
        await until(lambda: bench.committed == 1)
    assert 2 == bench.broker.lag("workers", COMMANDS)


async def test_commands_of_one_case_run_one_after_the_other_in_order() -> None:
    bench = Bench()
    case = uuid4()
    bench.send(command(case, 1), command(case, 2), command())
    async with bench.running():
        await until(lambda: len(bench.worker.begun) == 2)
        await a_while()
        assert [(case, 1)] == [(begun.request_id, begun.round) for begun in bench.worker.begun if begun.request_id == case]
        assert 2 == len(bench.worker.begun), "another case need not wait"
        bench.worker.gates[0].set()
        await until(lambda: len(bench.worker.begun) == 3)
        assert (case, 2) == (bench.worker.begun[2].request_id, bench.worker.begun[2].round)


async def test_no_more_run_at_once_than_the_connector_allows() -> None:
    bench = Bench(concurrency=2)
    bench.send(*(command() for _ in range(5)))
    async with bench.running():
        await until(lambda: len(bench.worker.begun) == 2)
        await a_while()
        assert 2 == len(bench.worker.begun)
        bench.worker.gates[0].set()
        await until(lambda: len(bench.worker.begun) == 3)
        await a_while()
        assert 3 == len(bench.worker.begun)


async def test_told_to_stop_it_finishes_what_it_has_in_hand_and_takes_nothing_new() -> None:
    bench = Bench()
    bench.send(command(), command())
    async with bench.running() as run:
        await until(lambda: len(bench.worker.gates) == 2)
        bench.stop.set()
        await a_while()
        bench.send(command())
        await a_while()
        assert not run.done() and 2 == len(bench.worker.begun)
        for gate in bench.worker.gates:
            gate.set()
        await run
    assert (2, 2) == (bench.committed, len(bench.answers))


async def test_told_to_stop_it_ends_although_the_broker_does_not_answer_a_commit() -> None:
    """A commit looks for its broker for as long as it takes."""

    class Silent(MemoryInbox):
        async def commit(self, offsets: Mapping[tuple[str, int], int]) -> None:
            bench.stop.set()
            asked.append(dict(offsets))
            await asyncio.Event().wait() if len(asked) == 1 else None

    asked: list[dict[tuple[str, int], int]] = []
    bench = Bench(GatedWorker(open=True))
    bench.send(command())
    async with bench.running(Silent) as run:
        await run
    assert [{PLACE: 1}] * 2 == asked


async def test_a_broker_that_does_not_take_the_answer_ends_the_run_and_nothing_is_committed() -> None:
    bench = Bench()
    bench.send(command())
    async with bench.running() as run:
        await until(lambda: bench.worker.gates)
        bench.broker.away = True
        bench.worker.gates[0].set()
        with pytest.raises(BrokerGone):
            await run
    assert (0, []) == (bench.committed, bench.answers)


async def test_a_broker_that_goes_away_stops_what_runs_beside() -> None:
    """Else a command would go on in a process whose partition another has by now."""
    bench = Bench()
    bench.send(command(), command())
    async with bench.running() as run:
        await until(lambda: len(bench.worker.gates) == 2)
        bench.broker.away = True
        with pytest.raises(BrokerGone):
            await run
        bench.broker.away = False
        bench.worker.gates[0].set()
        await a_while()
    assert (0, []) == (bench.committed, bench.answers)


async def test_a_broker_that_does_not_take_what_was_located_ends_the_run() -> None:
    """It is no failure of the vendor: nothing was destroyed yet, and the command comes again."""
    bench = Bench(GatedWorker(open=True))
    bench.worker.faults = [BrokerGone("the report was not acknowledged")]
    bench.send(command())
    async with bench.running() as run:
        with pytest.raises(BrokerGone):
            await run
    assert (0, []) == (bench.committed, bench.answers)


def delivery(offset: int, partition: int = 0) -> Delivery:
    return Delivery("t", partition, offset, None, None, ())


def test_offsets_are_kept_per_partition() -> None:
    offsets = Offsets()
    for number, partition in ((0, 0), (5, 1), (1, 0)):
        offsets.taken(delivery(number, partition))
    offsets.done(delivery(0, 0))
    offsets.done(delivery(5, 1))
    assert {("t", 0): 1, ("t", 1): 6} == offsets.to_commit()


def test_what_is_committed_is_not_committed_again() -> None:
    offsets = Offsets()
    offsets.taken(delivery(7))
    offsets.committed(offsets.to_commit())
    assert {} == offsets.to_commit()
    offsets.done(delivery(7))
    assert {("t", 0): 8} == offsets.to_commit()


def test_what_comes_again_is_committed_again_since_the_broker_did_not_have_the_commit() -> None:
    """A commit that fails because we were thought dead is not repeated: whoever has the partition then reads from before."""
    offsets = Offsets()
    offsets.taken(delivery(7))
    offsets.done(delivery(7))
    offsets.committed(offsets.to_commit())
    offsets.taken(delivery(7))
    offsets.done(delivery(7))
    assert {("t", 0): 8} == offsets.to_commit()


def test_an_offset_that_comes_again_after_a_rebalance_is_open_again() -> None:
    offsets = Offsets()
    for number in (0, 1):
        offsets.taken(delivery(number))
        offsets.done(delivery(number))
    offsets.committed(offsets.to_commit())
    offsets.taken(delivery(0))
    assert {("t", 0): 0} == offsets.to_commit()


PATIENCE = timedelta(minutes=25)


class Standing(GatedWorker):
    """Says since when a command stands still."""

    since: datetime | None = None

    def stood_since(self) -> datetime | None:
        return self.since


def test_a_command_that_does_not_move_is_told_by_name_after_our_patience_and_not_before() -> None:
    bench = Bench(Standing())
    consumer = bench.consumer()
    bench.worker.since = START  # type: ignore[attr-defined]
    bench.time.now += PATIENCE
    assert consumer.hung(PATIENCE) is None
    bench.time.now += timedelta(seconds=1)
    assert "The worker of toy has a command in hand" in (consumer.hung(PATIENCE) or "")


async def test_a_loop_that_no_longer_asks_for_commands_is_told() -> None:
    bench = Bench(Standing())
    consumer = bench.consumer()
    task = asyncio.create_task(consumer.run(bench.stop))
    await a_while()
    bench.time.now += 2 * PATIENCE
    await a_while()
    assert consumer.hung(PATIENCE) is None, "it turns"
    bench.stop.set()
    await task
    bench.time.now += 2 * PATIENCE
    assert "has not asked for commands" in (consumer.hung(PATIENCE) or "")


@pytest.mark.parametrize(("pace", "least"), [(None, timedelta(minutes=20)), (1, timedelta(minutes=28))])
def test_our_patience_outlasts_an_outage_every_wait_and_the_slowest_pace(pace: int | None, least: timedelta) -> None:
    entry: Any = SimpleNamespace(connector=Shoebox, processor=SimpleNamespace(calls_per_minute=pace))
    patience = patience_of(entry, Limits(timeout=30.0, give_up_after=timedelta(minutes=10)))
    assert least < patience < least + timedelta(minutes=10)
