"""A ledger that dies under Faust, on real Kafka, with counts: what was not safe comes again, and nothing is skipped (ADR 3)."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer  # type: ignore[import-untyped]

from orchestrator import faust_app, serve
from orchestrator.standstill import Standstill
from tests.live.conftest import or_left_out
from tests.live.groups import Groups, until
from tests.live.servers.kafka import Kafka
from topics.bus import Delivery, Message
from topics.kafka import KafkaPublisher, find_cluster
from topics.reading import KafkaLog

EVENTS, DIES_AFTER = 300, 60


@pytest.fixture
async def kafka() -> AsyncIterator[Kafka]:
    with or_left_out(Kafka) as server:
        yield server


async def put(kafka: Kafka, topic: str) -> None:
    async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap_servers) as producer:
        for number in range(EVENTS):
            await producer.send(topic, str(number).encode())
        await producer.flush()


async def run(kafka: Kafka, groups: Groups, loop: str, dies_after: int) -> list[str]:
    """The events that the ledger took, from a start to its own end, or to the end of the topic."""
    command = [sys.executable, "-m", "tests.live.faust_loop", loop, kafka.bootstrap_servers, loop, f"group.{loop}", str(dies_after)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    async def ended() -> bool:
        return process.poll() is not None or await groups.committed(f"group.{loop}") == EVENTS

    try:
        await until(ended, f"{loop}: neither an end of the process nor of the topic")
        process.terminate()
        return process.communicate(timeout=60)[0].decode().split()
    finally:
        process.kill()


async def test_our_loop_loses_nothing_where_the_obvious_one_skips_every_event_after_the_ledgers_death(kafka: Kafka) -> None:
    everything = [str(number) for number in range(EVENTS)]
    async with Groups(kafka.bootstrap_servers) as groups:
        for loop in ("ours", "obvious"):
            await groups.create(loop)
            await put(kafka, loop)
        first = await run(kafka, groups, "ours", DIES_AFTER)
        assert (everything[:DIES_AFTER], DIES_AFTER) == (first, await groups.committed("group.ours"))
        assert everything[DIES_AFTER:] == await run(kafka, groups, "ours", EVENTS)
        assert everything[:DIES_AFTER] == await run(kafka, groups, "obvious", DIES_AFTER)
        assert EVENTS == await groups.committed("group.obvious"), "if this fails, Faust has changed: look at ADR 3 again"


async def test_messages_that_faust_does_not_hand_out_end_the_process_unacknowledged(bootstrap_servers: str) -> None:
    taken: list[Delivery] = []
    stopping: list[str] = []

    async def take(batch: Sequence[Delivery]) -> bool:
        taken.extend(batch)
        return True

    async def tick() -> None: ...

    topic = group = f"silent-{uuid4().hex[:8]}"
    cluster = await find_cluster(bootstrap_servers)
    async with Groups(bootstrap_servers) as groups, KafkaPublisher(cluster) as publisher:
        await groups.create(topic)
        ready = asyncio.Event()
        app = faust_app.build(cluster, group, f"{group}-1", [topic], take, tick, ready.set)
        running = asyncio.create_task(serve.run(app, asyncio.Event(), lambda: stopping[0] if stopping else None))
        await asyncio.wait_for(ready.wait(), 60)
        await publisher.publish([Message(topic, None, b"1", ())])
        await until(lambda: handed_out(taken, 1), "the first message")
        app.flow_control.suspend()  # as it stays after some rebalances
        app.consumer.stop_flow()
        await publisher.publish([Message(topic, None, b"2", ())])
        log, hours = KafkaLog(cluster), count()

        async def soon(_seconds: float) -> None:
            await asyncio.sleep(1.5)

        def clock() -> datetime:
            return datetime(2026, 11, 28, tzinfo=UTC) + timedelta(hours=next(hours))

        watch = serve.watch(app, lambda: log.standing(group, [topic]), stopping.append, clock, soon, Standstill())
        watching = asyncio.create_task(watch)
        with pytest.raises(serve.Broken, match=f"waited on {topic} 0"):
            await asyncio.wait_for(running, 60)
        watching.cancel()
        assert ([b"1"], 1) == ([one.value for one in taken], (await log.standing(group, [topic]))[topic, 0].committed)


async def handed_out(taken: Sequence[Delivery], most: int) -> bool:
    return len(taken) >= most
