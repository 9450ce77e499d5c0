"""What the Faust agent does with a batch, without a broker: acknowledged is only what is safe, and nothing after what is not."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP

from orchestrator.faust_app import build
from topics.bus import Delivery
from topics.kafka import Cluster


class Batches:
    """A stream, as an agent sees it: batches of one event. `acknowledged`: offsets, in order."""

    def __init__(self, count: int) -> None:
        self.enable_acks = True
        self.acknowledged: list[int] = []
        self._count = count

    async def noack_take(self, most: int, within: float) -> AsyncIterator[list[Any]]:
        for offset in range(self._count):
            message = SimpleNamespace(topic="subject.requests", partition=0, offset=offset, key=None, value=b"{}", headers=[])
            yield [SimpleNamespace(message=message, ack=lambda offset=offset: self.acknowledged.append(offset))]


async def work_off(stream: Batches, take: Any) -> None:
    """Run the agent over the stream, until it ends or waits for ever."""

    async def tick() -> None: ...

    app = build(Cluster("127.0.0.1:1", False, False), "group", "identity", ["subject.requests"], take, tick, lambda: None)
    agent = asyncio.create_task(app.agents["subject.requests"].fun(stream))
    await asyncio.wait([agent], timeout=0.2)
    if agent.done():
        agent.result()
    else:
        agent.cancel()
        await asyncio.gather(agent, return_exceptions=True)


async def test_a_batch_is_acknowledged_when_it_is_safe_and_not_before() -> None:
    stream, seen = Batches(3), list[list[int]]()

    async def take(_batch: Sequence[Delivery]) -> bool:
        seen.append(list(stream.acknowledged))
        return True

    await work_off(stream, take)
    assert [[], [0], [0, 1]] == seen
    assert ([0, 1, 2], False) == (stream.acknowledged, stream.enable_acks)


async def test_after_a_batch_that_is_not_safe_nothing_is_acknowledged_or_taken() -> None:
    stream, taken = Batches(3), list[int]()

    async def take(batch: Sequence[Delivery]) -> bool:
        taken.extend(one.offset for one in batch)
        return batch[0].offset < 1

    await work_off(stream, take)
    assert ([0], [0, 1]) == (stream.acknowledged, taken)


async def test_an_exception_that_nobody_expected_acknowledges_nothing() -> None:
    stream = Batches(2)

    async def take(_batch: Sequence[Delivery]) -> bool:
        raise RuntimeError("a defect")

    with pytest.raises(RuntimeError, match="a defect"):
        await work_off(stream, take)
    assert [] == stream.acknowledged


REQUESTS, REPORTS = TP("subject.requests", 0), TP("processor.reports", 0)


class Asked(Exception):
    """Where the real consumer would ask the broker; the text says how many seconds it would wait."""


@contextmanager
def consumer(*full: TP) -> Iterator[Any]:
    """Faust's consumer of both topics, as we build it; the streams of `full` have no room."""

    async def tick() -> None: ...

    async def ask(active_partitions: set[TP], timeout: float) -> Any:
        raise Asked(f"{timeout}")

    app = build(Cluster("127.0.0.1:1", False, False), "group", "identity", ["subject.requests"], tick, tick, lambda: None)  # type: ignore[arg-type]
    ours: Any = app.consumer
    ours._active_partitions, ours._getmany = {REQUESTS, REPORTS}, ask
    for partition in full:
        ours.on_buffer_full(partition)
    yield ours
    ours._thread.thread_loop.close()


async def test_the_broker_is_waited_for_a_second() -> None:
    with consumer() as ours, pytest.raises(Asked, match=r"^1\.0$"):
        await ours._wait_next_records(1.0)


async def test_while_one_stream_is_full_the_other_topics_are_not_waited_for_a_second() -> None:
    with consumer(REPORTS) as ours, pytest.raises(Asked, match=r"^0\.02$"):
        await ours._wait_next_records(1.0)


async def test_while_every_stream_is_full_it_is_looked_again_soon_and_not_after_a_second() -> None:
    slept: list[float] = []
    with consumer(REQUESTS, REPORTS) as ours, pytest.raises(Asked):

        async def sleep(seconds: float) -> None:
            slept.append(seconds)
            ours.on_buffer_drop(REQUESTS)

        ours.sleep = sleep
        await ours._wait_next_records(1.0)
    assert [0.02] == slept
