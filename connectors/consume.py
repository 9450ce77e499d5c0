"""Commands in, answers out: bounded work at once, offsets committed only up to the first command that is not done."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID
from weakref import WeakValueDictionary

from sqlalchemy.exc import SQLAlchemyError

from connectors.waiting import Sleep
from connectors.worker import Worker
from topics.bus import BrokerGone, Delivery, Inbox, Publisher
from topics.commands import COMMAND_TYPE, Command
from topics.dead_letters import dead_letter
from topics.envelope import Poison, Unreadable, content, read, write
from topics.keyring import KeyDestroyed, KeyMissing, Keyring, KeyringGone, dead_letters_key
from topics.model import Clock
from topics.names import LARGEST_MESSAGE_BYTES, Names, Topic
from topics.outcomes import Outcome
from topics.parking import ParkedLately, TooManyParked
from topics.reports import ANSWERED_TYPE, LOCATED_TYPE, Answered, Located
from topics.sealing import CannotOpen
from topics.steps import Step, passed

log = logging.getLogger(__name__)

_POLL_SECONDS = 0.2
_BUSY_POLL_SECONDS = 0.02
_MEMBERSHIP_SECONDS = 30.0
_COMMIT_EVERY = timedelta(seconds=0.5)
_LAST_COMMIT_SECONDS = 10.0
_SHREDDED = "The case's key is destroyed: nobody can read any more who this command is about, and nothing was done."
_KEYRING_PAUSES = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 20.0)


class Offsets:
    """Which commands of each partition are done: what may be committed is the first that is not."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, int], set[int]] = defaultdict(set)
        self._next: dict[tuple[str, int], int] = {}
        self._committed: dict[tuple[str, int], int] = {}

    def taken(self, delivery: Delivery) -> None:
        """A command was received."""
        place = (delivery.topic, delivery.partition)
        self._open[place].add(delivery.offset)
        self._next[place] = max(self._next.get(place, 0), delivery.offset + 1)
        if delivery.offset < self._committed.get(place, 0):  # it came again: the broker does not have that commit
            del self._committed[place]

    def done(self, delivery: Delivery) -> None:
        """A command was answered, and the broker has the answer."""
        self._open[delivery.topic, delivery.partition].discard(delivery.offset)

    def to_commit(self) -> dict[tuple[str, int], int]:
        """Per partition the next offset, where it has moved since `committed`."""
        first_open = {place: min(self._open[place], default=following) for place, following in self._next.items()}
        return {place: offset for place, offset in first_open.items() if self._committed.get(place) != offset}

    def committed(self, offsets: dict[tuple[str, int], int]) -> None:
        """The broker has these."""
        self._committed |= offsets


class Consumer:
    """Works off the commands of one processor, `concurrency` cases at once, each case by itself in order."""

    def __init__(
        self,
        name: str,
        worker: Worker,
        inbox: Inbox,
        publisher: Publisher,
        keyring: Keyring,
        names: Names,
        concurrency: int,
        parked: ParkedLately,
        clock: Clock,
        sleep: Sleep,
        commit_every: timedelta = _COMMIT_EVERY,
    ) -> None:
        self._name, self._worker, self._inbox, self._publisher = name, worker, inbox, publisher
        self._keyring, self._names, self._concurrency, self._clock, self._sleep = keyring, names, concurrency, clock, sleep
        self._source = f"/erasure/processor/{name}"
        self._offsets, self._parked = Offsets(), parked
        self._commit_at, self._commit_every = clock(), commit_every
        self._cases: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()
        self._turned_at = clock()

    def hung(self, patience: timedelta) -> str | None:
        """A sentence when this part has stood still for longer than `patience`. A slow vendor is no reason: every answer of it moves.

        May be asked by any thread.
        """
        minutes, too_long_ago = patience.total_seconds() / 60, self._clock() - patience
        stood_since = self._worker.stood_since()
        if stood_since is not None and stood_since < too_long_ago:
            return f"The worker of {self._name} has a command in hand that has not moved for {minutes:.0f} minutes; the process ends."
        if self._turned_at < too_long_ago:
            return f"The worker of {self._name} has not asked for commands for {minutes:.0f} minutes; the process ends."
        return None

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set; then what is in hand is finished and committed.

        Raises:
            BrokerGone, Fenced, TooManyParked: the process must end, and what is not committed comes again.
        """
        tasks: set[asyncio.Task[None]] = set()
        try:
            while not stop.is_set():
                self._turned_at = self._clock()
                for delivery in await self._receive(tasks):
                    passed(Step.COMMAND_RECEIVED)
                    self._offsets.taken(delivery)
                    tasks.add(asyncio.create_task(self._one(delivery)))
                tasks = _still_running(tasks)
                if self._clock() >= self._commit_at:
                    await _unless_told(stop, self._commit())
            while tasks:
                self._turned_at = self._clock()
                await asyncio.wait(tasks, timeout=_MEMBERSHIP_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                tasks = _still_running(tasks)
            await self._last_commit()
        except TooManyParked:
            await self._last_commit()  # else what was parked would be parked again, and the next start get no further
            raise
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _receive(self, tasks: set[asyncio.Task[None]]) -> list[Delivery]:
        """As many commands as there is room for; with none, wait for room, and keep up the membership."""
        room = self._concurrency - len(_still_running(tasks))  # raises what failed, before anything more is taken
        if room == 0:
            await asyncio.wait(tasks, timeout=_MEMBERSHIP_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            room = self._concurrency - len(_still_running(tasks))
        return await self._inbox.receive(room, _BUSY_POLL_SECONDS if tasks else _POLL_SECONDS)

    async def _commit(self) -> None:
        """Twice a second at the most: a commit costs the broker as much as a message, and repeated work does no harm."""
        offsets = self._offsets.to_commit()
        if offsets:
            passed(Step.COMMANDS_COMMITTING)
            await self._inbox.commit(offsets)
            passed(Step.COMMANDS_COMMITTED)
            self._offsets.committed(offsets)
        self._commit_at = self._clock() + self._commit_every

    async def _last_commit(self) -> None:
        """Not waited for without end: a broker that is away would keep the process from ending."""
        try:
            await asyncio.wait_for(self._commit(), _LAST_COMMIT_SECONDS)
        except TimeoutError:
            log.warning("%s: the broker did not take the last commit; what was done since the one before comes again", self._name)

    async def _one(self, delivery: Delivery) -> None:
        try:
            command, trace = self._command(delivery)
            async with self._alone(command.request_id):
                answer = await self._answer(command, trace)
            await self._publish(ANSWERED_TYPE, answer, trace)
        except Poison as poison:
            await self._park(delivery, poison)
        self._offsets.done(delivery)

    def _command(self, delivery: Delivery) -> tuple[Command, str | None]:
        """The command, and the trace context that it travels under."""
        event = read(delivery, LARGEST_MESSAGE_BYTES)
        if event.type != COMMAND_TYPE:
            raise Poison(Unreadable.UNKNOWN_TYPE, f"Only {COMMAND_TYPE} stands on a command topic.")
        command = content(event, Command)
        if command.processor != self._name:
            raise Poison(Unreadable.UNKNOWN_PROCESSOR, "The command is for another processor than its topic.")
        return command, event.trace

    async def _answer(self, command: Command, trace: str | None) -> Answered:
        """The worker's answer. The keyring may be away for a while; a defect of ours is told, and tried again by the orchestrator."""
        for pause in (*_KEYRING_PAUSES, None):
            try:
                return await self._worker.carry_out(command, lambda located: self._publish(LOCATED_TYPE, located, trace))
            except KeyDestroyed:
                log.warning("%s: late: a command of request %s, whose key is destroyed; nothing was done", self._name, command.request_id)
                return _as_a_whole(command, Outcome.NEEDS_PERSON, _SHREDDED)
            except (KeyMissing, CannotOpen):
                raise Poison(Unreadable.SEALED, "The case's key is not in the keyring: closed and shredded, or another keyring.") from None
            except (SQLAlchemyError, KeyringGone) as error:
                log.warning("%s: the keyring cannot be read (%s)", self._name, type(error).__name__)
                if pause is None:
                    raise
                await self._sleep(pause)
            except BrokerGone:
                raise
            except Exception as error:  # else one such command would be taken, and end the process, for ever
                log.error("%s: defect of the worker: %s", self._name, type(error).__name__)
                reason = f"A defect of the worker or the connector ({type(error).__name__}); its log says more."
                return _as_a_whole(command, Outcome.FAILED, reason)
        raise AssertionError("the last pause raises")  # pragma: no cover

    async def _publish(self, type: str, report: Located | Answered, trace: str | None) -> None:
        message = write(self._names.of(Topic.REPORTS), type, self._source, report.request_id, report, self._clock(), trace=trace)
        passed(Step.REPORTING)
        await self._publisher.publish([message])
        passed(Step.REPORTED)

    async def _park(self, delivery: Delivery, poison: Poison) -> None:
        now = self._clock()
        self._parked = self._parked.and_now([(delivery.topic, poison.reason)], now)
        log.warning("%s: dead letter: partition %d offset %d: %s", self._name, delivery.partition, delivery.offset, poison.reason)
        (key,) = await asyncio.to_thread(self._keyring.ensure, dead_letters_key(now))
        letter = dead_letter(self._names.of(Topic.DEAD_LETTERS), delivery, poison, key, self._source, now, whole=True)
        passed(Step.PARKING)
        await self._publisher.publish([letter])
        passed(Step.PARKED)

    @asynccontextmanager
    async def _alone(self, request_id: UUID) -> AsyncIterator[None]:
        """One command of a case at a time: two rounds at once would each see half of what the other does."""
        lock = self._cases.setdefault(request_id, asyncio.Lock())
        async with lock:
            yield


async def _unless_told(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> None:
    """Until the work is done, however long its broker is away, or until told to stop."""
    working, told = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({working, told}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            working.result()
    finally:
        working.cancel()
        told.cancel()
        await asyncio.gather(working, told, return_exceptions=True)


def _still_running(tasks: set[asyncio.Task[None]]) -> set[asyncio.Task[None]]:
    """The tasks that still run; one that failed raises here, and ends the consumer."""
    for task in tasks:
        if task.done():
            task.result()
    return {task for task in tasks if not task.done()}


def _as_a_whole(command: Command, outcome: Outcome, reason: str) -> Answered:
    """Nothing was done, and nothing is claimed of any record."""
    return Answered(
        command_id=command.command_id,
        request_id=command.request_id,
        processor=command.processor,
        round=command.round,
        mode=command.mode,
        outcome=outcome,
        reason=reason,
    )
