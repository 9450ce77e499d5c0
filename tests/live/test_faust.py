"""A ledger that dies under Faust, on real Kafka, with counts: what was not safe comes again, and nothing is skipped (ADR 3)."""

import subprocess
import sys
from collections.abc import AsyncIterator

import pytest
from aiokafka import AIOKafkaProducer  # type: ignore[import-untyped]

from tests.live.conftest import or_left_out
from tests.live.groups import Groups, until
from tests.live.servers.kafka import Kafka

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
