"""Takes batches and ticks: the ledger first, then the broker, and only then is anything acknowledged. Never raises."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import TypeVar

from orchestrator.ledger import LedgerGone
from orchestrator.process import Process, Sending
from orchestrator.upkeep import Upkeep
from topics.bus import BrokerGone, Delivery, Publisher
from topics.keyring import KeyringGone
from topics.model import Clock
from topics.parking import TooManyParked
from topics.steps import Step, passed

log = logging.getLogger(__name__)

T = TypeVar("T")
Sleep = Callable[[float], Awaitable[None]]

_PATIENCE = timedelta(seconds=60)
"""How long a dead ledger or broker is waited for before the process stops, with nothing acknowledged."""
_LONGEST_PAUSE = 5.0
_ABANDONED = timedelta(seconds=10)
"""Another orchestrator on the ledger strikes out what it sent within a second or two: what is older, it died on."""
_STANDSTILL = timedelta(minutes=10)
"""A tick comes every second, and neither a batch nor a dead ledger takes so long."""


class Handler:
    """What the Faust app calls. `stopping` is a sentence once it must stop, and None before."""

    def __init__(self, process: Process, publisher: Publisher, clock: Clock, sleep: Sleep, upkeep: Upkeep | None = None) -> None:
        self._process = process
        self._publisher = publisher
        self._clock = clock
        self._sleep = sleep
        self._upkeep = upkeep
        self._turn = asyncio.Lock()
        self._published: list[int] = []
        self._began = clock()
        self.stopping: str | None = None
        self._moved_at = clock()

    def hung(self) -> str | None:
        """A sentence when no batch and no tick has come to its end for ten minutes. May be asked by any thread."""
        if self._clock() - self._moved_at < _STANDSTILL:
            return None
        return f"The orchestrator has not moved for {_STANDSTILL.seconds // 60} minutes; the process ends, and nothing was acknowledged."

    def stop(self, sentence: str) -> None:
        """Take nothing more, and say why; what is in hand is finished."""
        self.stopping = self.stopping or sentence

    async def take(self, deliveries: Sequence[Delivery]) -> bool:
        """True when the batch is safe, and may be acknowledged."""
        async with self._turn:
            taken = await self._through(lambda: self._process.take(deliveries, self._clock()))
            self._moved_at = self._clock()
            return taken

    async def tick(self) -> bool:
        """Strike out what was sent, send what a crash left, wake who asked for it, destroy keys, drop what is kept no longer."""
        async with self._turn:
            done = tuple(self._published)
            self._moved_at = self._clock()
            return (
                await self._through(lambda: self._strike(done))
                and await self._through(lambda: self._process.unsent(max(self._began, self._clock() - _ABANDONED)))
                and await self._through(lambda: self._process.wake(self._clock()))
                and await self._through(self._shred)
                and await self._through(self._keep_up)
            )

    def _strike(self, done: tuple[int, ...]) -> Sending:
        if done:
            self._process.sent(done, self._clock())
            del self._published[: len(done)]
        return []

    def _shred(self) -> Sending:
        self._process.shredder.tick(self._clock())
        return []

    def _keep_up(self) -> Sending:
        if self._upkeep is not None:
            self._upkeep.run(self._clock())
        return []

    async def _through(self, step: Callable[[], Sending]) -> bool:
        """One step: the transaction, and then what it sends. What is left in the outbox by a crash is sent by the next tick."""
        if self.stopping:
            return False
        sending = await self._patiently(lambda: asyncio.to_thread(step))
        if sending is None:
            return False
        fresh = [(id, message) for id, message in sending if id not in self._published]
        return not fresh or await self._patiently(lambda: self._send(fresh)) is not None

    async def _send(self, sending: Sending) -> bool:
        passed(Step.PUBLISHING)
        await self._publisher.publish([message for _, message in sending])
        passed(Step.PUBLISHED)
        self._published += [id for id, _ in sending]
        return True

    async def _patiently(self, attempt: Callable[[], Awaitable[T]]) -> T | None:
        """The attempt's result; None when patience is at an end, and the process must stop."""
        give_up, pause = self._clock() + _PATIENCE, 0.1
        while True:
            try:
                return await attempt()
            except (LedgerGone, BrokerGone, KeyringGone) as error:
                log.warning("%s Trying again.", error)
                if self._clock() >= give_up:
                    self.stopping = f"{error} It did not come back within {_PATIENCE.seconds} seconds; nothing was acknowledged."
                    return None
            except TooManyParked as error:
                self.stopping = str(error)
                return None
            except Exception as error:
                log.error("defect: %s; stopping unacknowledged", type(error).__name__)
                self.stopping = f"A defect of the orchestrator ({type(error).__name__}); nothing was acknowledged."
                return None
            await self._sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
