"""Leave to destroy: asked for again and again while a command destroys, since everything may be stopped, or it be recalled, meanwhile."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from connectors.errors import Deferred
from topics.keyring import KeyringGone
from topics.model import Clock, utc_now
from topics.stopping import Against

ASK_EVERY = timedelta(seconds=0.5)
"""Nothing is begun longer after a stop or a recall than this: asking before every call would cost a fast vendor's command its speed."""
_HELD_BACK_FOR = timedelta(minutes=10)
"""How long after a stop was met the orchestrator orders again."""
_UNREAD_FOR = timedelta(seconds=5)
"""The same where the keyring could not be read in passing: a server that was started again is back by then."""
_UNREAD = "The keyring cannot be read: nothing is destroyed here until it can be."
_REASONS = {
    Against.RECALLED: "It was recalled: something was said about the case since it was ordered.",
    Against.STOPPED: "Everything is stopped by an officer: nothing is destroyed meanwhile, and it goes on by itself once that is lifted.",
}

Ask = Callable[[], Awaitable[Against | None]]
"""What stands against a command now."""


class HeldBack(Deferred):
    """Something stands against the command: it destroys nothing more."""

    @property
    def reason(self) -> str:
        """Always its own sentence: no connector had a part in it."""
        return str(self)


def held_back(against: Against, now: datetime) -> HeldBack:
    """What is stopped is asked about again by itself; what is recalled goes on by what was said of its case."""
    return HeldBack(now + _HELD_BACK_FOR if against is Against.STOPPED else None, _REASONS[against])


class Leave:
    """Leave of one command to destroy. Once it was held back it stays so: the rest is for the next round."""

    def __init__(self, ask: Ask, clock: Clock) -> None:
        self._ask, self._clock = ask, clock
        self._destroying = False
        self._asked_at: datetime | None = None
        self._refused: HeldBack | None = None

    @contextmanager
    def destroying(self) -> Iterator[None]:
        """In here every call needs leave, those that only read too; elsewhere none does."""
        self._destroying = True
        try:
            yield
        finally:
            self._destroying = False

    async def wanted(self) -> None:
        """Returns if the next call may be made.

        Raises:
            HeldBack: it may not.
        """
        if not self._destroying:
            return
        now = self._clock()
        if self._refused is None and (self._asked_at is None or not timedelta(0) <= now - self._asked_at < ASK_EVERY):
            self._refused, self._asked_at = await self._answer(now), now
        if self._refused is not None:
            raise self._refused

    async def _answer(self, now: datetime) -> HeldBack | None:
        try:
            against = await self._ask()
        except (SQLAlchemyError, KeyringGone):
            return HeldBack(now + _UNREAD_FOR, _UNREAD)
        return None if against is None else held_back(against, now)


async def _nothing() -> None:
    return None


READING = Leave(_nothing, utc_now)
"""For who only reads."""
