"""Pace: so many calls a minute to one vendor, shared by everything that calls it."""

from datetime import datetime, timedelta

from connectors.waiting import Sleep
from topics.model import Clock


class Pace:
    """A token bucket that holds one minute's calls: a short case runs at once, a long queue at the vendor's pace."""

    def __init__(self, calls_per_minute: int, clock: Clock, sleep: Sleep) -> None:
        self._capacity = float(calls_per_minute)
        self._tokens = self._capacity
        self._clock = clock
        self._sleep = sleep
        self._filled_at: datetime | None = None

    async def turn(self) -> None:
        """Return when the next call may start."""
        now = self._clock()
        elapsed = (now - self._filled_at) if self._filled_at else timedelta()
        self._filled_at = now
        self._tokens = min(self._capacity, self._tokens + elapsed.total_seconds() * self._capacity / 60)
        self._tokens -= 1  # taken before waiting, so that those who come later wait behind
        if self._tokens < 0:
            await self._sleep(-self._tokens * 60 / self._capacity)
