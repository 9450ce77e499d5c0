"""Run the Faust app inside our own loop: until told to stop, or until it broke in a way that nobody else reports."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

from orchestrator.standstill import Standstill
from topics.bus import BrokerGone, Place, Standing
from topics.model import Clock

_LOOK_SECONDS = 0.25
_ASK_SECONDS = 30.0
_DRAIN_SECONDS = 30.0
_STOP_SECONDS = 5.0
_FENCED = "Another process runs as {!r}: give every orchestrator a slot of its own."


class Broken(Exception):
    """The app can no longer work; the text says why."""


async def run(app: Any, stop: asyncio.Event, stopping: Callable[[], str | None]) -> None:
    """Work until `stop` is set, finish the batch in hand, commit what was acknowledged.

    Raises:
        Broken: it had to stop by itself; nothing was acknowledged that was not safe.
    """
    starting = asyncio.create_task(app.start())
    joined: deque[tuple[str, float]] = deque(maxlen=4)
    try:
        while not stop.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _LOOK_SECONDS)
            if reason := stopping():
                raise Broken(reason)
            if starting.done():
                _tell(starting.exception())
            _check(app, joined)
    finally:
        with suppress(TimeoutError):
            async with asyncio.timeout(_DRAIN_SECONDS), app.turn:
                pass
        with suppress(TimeoutError):
            await asyncio.wait_for(app.stop(), _STOP_SECONDS)
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)


async def watch(
    app: Any,
    standing: Callable[[], Awaitable[Mapping[Place, Standing]]],
    stop: Callable[[str], None],
    clock: Clock,
    sleep: Callable[[float], Awaitable[None]],
    standstill: Standstill,
) -> None:
    """Ask the broker twice a minute whether messages wait for us that Faust does not hand out; then `stop` is told why. Until cancelled."""
    while True:
        await sleep(_ASK_SECONDS)
        try:
            sentence = standstill.look(await standing(), _ours(app), clock())
        except BrokerGone:
            standstill.forget()
            continue
        if sentence:
            stop(sentence)


def _ours(app: Any) -> set[Place]:
    """The partitions that we were given; none before the consumer's thread has connected."""
    consumer = getattr(getattr(app.consumer, "_thread", None), "_consumer", None)
    return {(place.topic, place.partition) for place in consumer.assignment()} if consumer else set()


def _tell(error: BaseException | None) -> None:
    if error is not None:
        raise Broken(f"The Kafka consumer failed ({type(error).__name__}).") from error


def _check(app: Any, joined: deque[tuple[str, float]]) -> None:
    """Raise what ended our membership: Faust and aiokafka then fall silent and stay up."""
    _tell(app.crash_reason)
    consumer = getattr(getattr(app.consumer, "_thread", None), "_consumer", None)
    if (group := getattr(consumer, "_coordinator", None)) is None:
        return  # its thread has not connected yet
    _tell(group._pending_exception)
    if group._coordination_task.done() and not group._coordination_task.cancelled():
        _tell(group._coordination_task.exception())
    if (member := group.member_id) and (not joined or joined[-1][0] != member):
        joined.append((member, asyncio.get_running_loop().time()))
        if len(joined) == joined.maxlen and joined[-1][1] - joined[0][1] < 60 and app.conf.consumer_group_instance_id:
            raise Broken(_FENCED.format(app.conf.consumer_group_instance_id))
