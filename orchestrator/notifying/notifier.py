"""Reads notices and tells the officer of each by one channel. Every channel has a group of its own, and waits for no other."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from orchestrator.letters.words import Language
from orchestrator.notifying.channels import Channel, Undelivered
from orchestrator.notifying.sent import Sent
from orchestrator.notifying.texts import Open, Told, digest, digest_id, of_notice
from topics.bus import Delivery, Inbox
from topics.envelope import Poison, content, read
from topics.model import Clock
from topics.names import LARGEST_MESSAGE_BYTES
from topics.notices import NOTICE_TYPE, Notice

log = logging.getLogger(__name__)

_AT_ONCE = 1  # with every pause and time-out one takes four minutes, and after five the broker takes the partition away
_WAIT_SECONDS = 1.0
_PAUSES = (1.0, 5.0, 30.0, 60.0)
"""Seconds before each further try; after the last one it is logged, and stands on the topic for thirty days."""
_DIGEST_AT = time(8, 0)

Opened = Callable[[datetime], tuple[list[Open], int, int]]
"""The most urgent open requests now, how many there are, and how many of them are late. Blocking."""


class Notifier:
    """One channel's work. `sent`: what was told; `weekly`: whether there is a digest; `pages`: the address of the officer's pages."""

    def __init__(
        self,
        inbox: Inbox,
        channel: Channel,
        opened: Opened,
        sent: Sent,
        weekly: bool,
        language: Language,
        zone: ZoneInfo,
        pages: str | None,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._inbox, self._channel, self._opened, self._sent, self._weekly = inbox, channel, opened, sent, weekly
        self._language, self._zone, self._pages, self._clock, self._sleep = language, zone, pages, clock, sleep

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set.

        Raises:
            BrokerGone, Fenced, SentGone: the process must end; what is not committed is told again.
        """
        while not stop.is_set():
            await self.turn(_WAIT_SECONDS)

    async def turn(self, wait_seconds: float) -> int:
        """What has come, told and committed; the digest, if it is time. Returns how many messages there were."""
        found = await self._inbox.receive(_AT_ONCE, wait_seconds)
        for delivery in found:
            told = self._read(delivery)
            if told is not None and not await self._was_told(told.id) and await self._tell(told):
                await self._note(told.id)
            await self._inbox.commit({(delivery.topic, delivery.partition): delivery.offset + 1})
        await self._digest()
        return len(found)

    def _read(self, delivery: Delivery) -> Told | None:
        try:
            event = read(delivery, LARGEST_MESSAGE_BYTES)
            if event.type != NOTICE_TYPE:
                return None
            today = self._clock().astimezone(self._zone).date()
            return of_notice(content(event, Notice), event.id, self._language, self._pages, today)
        except Poison as poison:
            log.warning("a message on %s is no notice: partition %d offset %d: %s", *_place(delivery), poison.reason)
            return None

    async def _was_told(self, id: UUID) -> bool:
        return await asyncio.to_thread(self._sent.has, id, self._channel.name)

    async def _note(self, id: UUID) -> None:
        await asyncio.to_thread(self._sent.note, id, self._channel.name, self._clock())

    async def _tell(self, told: Told) -> bool:
        """Whether it got through."""
        channel = self._channel
        for pause in (*_PAUSES, None):
            try:
                await channel.tell(told)
                return True
            except Undelivered as error:
                if pause is None or not error.again:
                    log.error("%s: %s was not told. %s", channel.name, told.id, error)
                    return False
                log.warning("%s: %s Trying again.", channel.name, error)
                await self._sleep(pause)
        return False

    async def _digest(self) -> None:
        """On Monday at eight, or whenever it is noticed first in that week."""
        now = self._clock().astimezone(self._zone)
        if not self._weekly or (now.weekday() == 0 and now.time() < _DIGEST_AT):
            return
        week = "{}-W{:02}".format(*now.isocalendar()[:2])
        if await self._was_told(digest_id(week)):
            return
        found, total, overdue = await asyncio.to_thread(self._opened, now)
        if total:
            await self._tell(digest(week, found, total, overdue, self._language, self._pages))
        await self._note(digest_id(week))


def _place(delivery: Delivery) -> tuple[str, int, int]:
    return delivery.topic, delivery.partition, delivery.offset
