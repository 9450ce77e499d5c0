"""How long one command goes on trying what fails in passing, and how long it waits between two tries."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type
from tenacity.wait import wait_exponential_jitter

from connectors.errors import Deferred, Transient
from connectors.waiting import Sleep
from topics.model import Clock

T = TypeVar("T")

LONGEST_SLEEP = timedelta(minutes=2)
_backoff = wait_exponential_jitter(multiplier=0.5, max=30.0)


class Patience:
    """That of one command with one vendor: all its retries end together, at `give_up_at`."""

    def __init__(self, name: str, give_up_at: datetime, clock: Clock, sleep: Sleep) -> None:
        self._name, self._give_up_at, self._clock, self._sleep = name, give_up_at, clock, sleep

    async def __call__(self, call: Callable[[], Awaitable[T]]) -> T:
        """`call`, and again as long as it fails in passing and time is left.

        Raises:
            Deferred: the vendor named a longer wait than is slept through.
        """
        try:
            return await call()
        except Transient as error:  # only now: to set up retrying costs as much as a call
            return await self._again(error, call)

    async def _again(self, first: Transient, call: Callable[[], Awaitable[T]]) -> T:
        failed = [first]

        async def attempt() -> T:
            if failed:
                raise failed.pop()
            return await call()

        retrying = AsyncRetrying(
            retry=retry_if_exception_type(Transient), stop=self._out_of_time, wait=self._wait, sleep=self._sleep, reraise=True
        )
        return await retrying(attempt)

    def _out_of_time(self, _state: RetryCallState) -> bool:
        return self._clock() >= self._give_up_at

    def _wait(self, state: RetryCallState) -> float:
        """The vendor's own wait where it named one, else exponential with jitter; never past the end of our patience."""
        error = state.outcome.exception() if state.outcome else None
        now = self._clock()
        named = error.not_before if isinstance(error, Transient) else None
        wait = max(_backoff(state), (named - now).total_seconds() if named else 0.0)  # a moment that has passed is no leave to storm
        if named and wait > LONGEST_SLEEP.total_seconds():
            raise Deferred(named, f"{self._name} asks to wait for more than two minutes; it is asked again then.") from None
        return max(0.0, min(wait, (self._give_up_at - now).total_seconds()))
